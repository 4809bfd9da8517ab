//! How a monitor is set up: flags, then the environment, then a file.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ledger_core::language::Language;
use zeroize::Zeroizing;

use super::super::audit;
use super::super::help::Text;
use super::super::settings::{self, settings};
use crate::monitor::target::{self, RobotFormat, SecretUrl, Target};
use crate::monitor::{Asked, Rules};
use crate::source_arg;
use crate::terminal::Terminal;

/// How often to look, in seconds.
const EVERY: u32 = 60;

/// How long to bear with those who are behind, in seconds.
const GRACE: u32 = 600;

// In the order of the help.
settings! {
    Settings;
    #[arg(value_delimiter = ',')]
    source: Vec<String> = "SANZI_MONITOR_SOURCE", "URL,...";
    data: PathBuf = "SANZI_MONITOR_DATA", "DIR";
    #[arg(value_delimiter = ',')]
    pins: Vec<PathBuf> = "SANZI_MONITOR_PINS", "FILE,...";
    #[arg(value_delimiter = ',')]
    witness: Vec<String> = "SANZI_MONITOR_WITNESS", "URL,...";
    listen: SocketAddr = "SANZI_MONITOR_LISTEN", "ADDR:PORT";
    #[arg(value_delimiter = ',')]
    policy: Vec<PathBuf> = "SANZI_MONITOR_POLICY", "FILE,...";
    every: NonZeroU32 = "SANZI_MONITOR_EVERY", "SECONDS";
    grace: u32 = "SANZI_MONITOR_GRACE", "SECONDS";
    silent_after: NonZeroU32 = "SANZI_MONITOR_SILENT_AFTER", "SECONDS";
    webhook: String = "SANZI_MONITOR_WEBHOOK", "SECRET-URL";
    webhook_file: PathBuf = "SANZI_MONITOR_WEBHOOK_FILE", "FILE";
    webhook_secret_file: PathBuf = "SANZI_MONITOR_WEBHOOK_SECRET_FILE", "FILE";
    wecom: String = "SANZI_MONITOR_WECOM", "SECRET-URL";
    wecom_file: PathBuf = "SANZI_MONITOR_WECOM_FILE", "FILE";
    #[arg(value_enum)]
    wecom_format: RobotFormat = "SANZI_MONITOR_WECOM_FORMAT", "markdown|text";
}

macro_rules! texts {
    ($($name:literal: $zh:literal, $en:literal;)*) => {
        /// Help of every setting of `sanzi monitor`.
        pub(in crate::command) const TEXTS: &[Text] = &[
            $(Text { of: concat!("monitor.", $name), zh: $zh, en: $en },)*
        ];
    };
}

texts! {
    "source": "要监督的账本，与直接写在命令后面一样", "Ledgers to watch, as if named without a flag";
    "data": "监督程序自己的文件夹：核对过的副本、证据、发件箱；不要删", "The monitor's own folder: checked copies, evidence, outbox; keep it";
    "pins": "信任锚文件；给了就只认这些账本，不给就以第一次看到的为准", "Pins: these ledgers only; without them, what is seen first counts";
    "witness": "另外要比对的见证方网址", "Further witnesses to compare with, by URL";
    "listen": "在这个地址开监督页：所有账本的按时率、逾期、意见、提示排在一起，只用这里核对过的记录", "Serve the supervisors' page at this address: all ledgers side by side, from what was checked here only";
    "policy": "见证规则文件（tlog-policy）：检查点须满足，其中写了网址的见证方也一并比对", "A tlog-policy that checkpoints must satisfy; witnesses with a URL in it are compared, too";
    "every": "每隔多少秒看一遍；默认 60", "How many seconds between two looks; by default 60";
    "grace": "来源落后、见证未到、连不上，容忍多少秒再报；默认 600", "How many seconds a source may be behind, uncosigned or unreachable before it is told; by default 600";
    "silent_after": "多少秒没有新记录就提醒（2592000 为 30 天）；默认不提醒", "Tell if nothing was added for so many seconds (2592000 are 30 days); by default never";
    "webhook": "把发现以 JSON 发到这个网址（写法照 Standard Webhooks）；网址会出现在进程列表里，宜用下一项", "Send findings to this URL as JSON (Standard Webhooks); shown in process lists, so rather use the next";
    "webhook_file": "同上，网址写在这个文件的第一行", "The same, with the URL in the first line of a file";
    "webhook_secret_file": "给 JSON 消息签名（HMAC-SHA256）的密钥文件：whsec_ 加 base64，或 16 字节以上的文字", "File with the secret that signs the messages (HMAC-SHA256): whsec_ and base64, or 16 bytes of text or more";
    "wecom": "把发现发到这个企业微信群机器人（Webhook 地址）；宜用下一项", "Send findings to this WeCom group robot; rather use the next";
    "wecom_file": "同上，地址写在这个文件的第一行", "The same, with the URL in the first line of a file";
    "wecom_format": "机器人消息的格式：markdown，或 text（微信里也能看）；默认 markdown", "Form of the robot's messages: markdown, or text (readable in WeChat, too); by default markdown";
}

impl Settings {
    /// These, completed from a file.
    pub(super) fn with_file(self, file: Option<&Path>, language: Language) -> anyhow::Result<Self> {
        Ok(match file {
            Some(file) => self.or(settings::read(file, EXPECTED, language)?),
            None => self,
        })
    }

    pub(super) fn every_seconds(&self) -> u64 {
        self.every.map_or(EVERY, NonZeroU32::get).into()
    }

    pub(super) fn data(&self, terminal: Terminal) -> anyhow::Result<PathBuf> {
        self.data.clone().with_context(|| {
            terminal.pick(
                "没有说明监督程序把副本和证据放在哪里：用 --data 文件夹",
                "where the monitor keeps copies and evidence is not given: use --data DIR",
            )
        })
    }

    /// Whom to ask. The sources that are named on the command line come first.
    pub(super) fn asked(&self, terminal: Terminal, named: &[String]) -> anyhow::Result<Asked> {
        let mut sources = Vec::new();
        for place in named.iter().chain(self.source.iter().flatten()) {
            let place = place.trim_end_matches('/');
            // Who cannot be reached is a finding, not a reason not to begin.
            let ledgers = match source_arg::is_url(place) {
                true => vec![place.to_owned()],
                false => source_arg::each(terminal, place, None)?,
            };
            for ledger in ledgers {
                if !sources.contains(&ledger) {
                    sources.push(ledger);
                }
            }
        }
        if sources.is_empty() {
            bail!(terminal.pick(
                "没有说明监督哪个账本：请写上账本网址，如 https://sanzi.example.org/donglang",
                "no ledger is named: give its URL, as in https://sanzi.example.org/donglang",
            ));
        }
        let pins = self.pins.iter().flatten();
        Ok(Asked {
            sources,
            witnesses: self.witness.clone().unwrap_or_default(),
            pins: pins
                .map(|file| source_arg::read_pins(terminal, file))
                .collect::<anyhow::Result<_>>()?,
        })
    }

    pub(super) fn rules(&self, terminal: Terminal, once: bool) -> anyhow::Result<Rules> {
        let policies = self.policy.iter().flatten();
        Ok(Rules {
            policies: policies
                .map(|file| audit::read_policy(terminal, file))
                .collect::<anyhow::Result<_>>()?,
            grace_seconds: self.grace.unwrap_or(GRACE).into(),
            silent_after_seconds: self.silent_after.map(|seconds| seconds.get().into()),
            once,
            supervised: self.listen.is_some() && !once,
        })
    }

    /// Who is told.
    pub(super) fn targets(&self, terminal: Terminal) -> anyhow::Result<Vec<Target>> {
        let url = |given: &Option<String>, file: &Option<PathBuf>| match (given, file) {
            (Some(text), _) => SecretUrl::parse(terminal, text).map(Some),
            (None, Some(file)) => SecretUrl::read(terminal, file).map(Some),
            (None, None) => Ok(None),
        };
        let secret = self.webhook_secret_file.as_ref();
        let secret: Option<Zeroizing<Vec<u8>>> = secret
            .map(|file| target::read_secret(terminal, file))
            .transpose()?;
        let mut targets = Vec::new();
        if let Some(url) = url(&self.webhook, &self.webhook_file)? {
            targets.push(Target::generic(terminal, url, secret));
        }
        if let Some(url) = url(&self.wecom, &self.wecom_file)? {
            let format = self.wecom_format.unwrap_or_default();
            targets.push(Target::wecom(terminal, url, format));
        }
        Ok(targets)
    }
}
