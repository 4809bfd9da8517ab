//! How the service is set up: flags, then the environment, then a file, then what is built in.
//!
//! One struct has all settings, so that they have the same name everywhere: `--listen`, `SANZI_LISTEN`
//! and `listen = "…"`. A mistake in the file is told with file and line, and what was expected.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use ipnet::IpNet;
use ledger_core::language::Language;
use ledger_server::{
    Connections, FrontOptions, Options, Proxies, ProxyHeader, Rate, ReadyLimits, TlsFiles,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::help::Text;
use super::reload;

/// Requests per second of one address: an audit over the network is slower, a flood is not.
const PER_SECOND: u32 = 1000;

/// How many seconds' worth of requests may come at once after a pause.
const BURST_SECONDS: NonZeroU32 = NonZeroU32::new(4).unwrap();

/// What the value of a setting is called that nobody may see.
pub(super) const SECRET: &str = "SECRET";

/// In which form the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    /// JSON, a line for each.
    Json,
    /// For people.
    #[default]
    Text,
}

/// In which header a proxy names the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum HeaderName {
    XForwardedFor,
    Forwarded,
}

/// Makes a struct of settings, and the table of what is expected of each.
macro_rules! settings {
    ($of:ident; $($(#[$attribute:meta])* $name:ident: $kind:ty = $variable:literal, $value:literal;)*) => {
        /// All settings, each as far as it is given.
        #[derive(Debug, Default, clap::Args, serde::Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub(crate) struct $of {
            $(
                $(#[$attribute])*
                #[arg(long, env = $variable, hide_env_values = true, value_name = $value)]
                pub(crate) $name: Option<$kind>,
            )*
        }

        impl $of {
            /// These, and where they say nothing, the others.
            fn or(self, other: Self) -> Self {
                Self { $($name: self.$name.or(other.$name),)* }
            }
        }

        /// What is expected of each setting, by its name in a file.
        const EXPECTED: &[(&str, &str)] = &[$((stringify!($name), $value)),*];
    };
}

pub(super) use settings;

// In the order of the help.
settings! {
    Settings;
    data: PathBuf = "SANZI_DATA", "DIR";
    listen: SocketAddr = "SANZI_LISTEN", "ADDR:PORT";
    anchor: PathBuf = "SANZI_ANCHOR", "DIR";
    log_passphrase_file: PathBuf = "SANZI_LOG_PASSPHRASE_FILE", "FILE";
    tls_cert: PathBuf = "SANZI_TLS_CERT", "FILE";
    tls_key: PathBuf = "SANZI_TLS_KEY", "FILE";
    queue: NonZeroU32 = "SANZI_QUEUE", "N";
    connections: NonZeroU32 = "SANZI_CONNECTIONS", "N";
    connections_per_address: NonZeroU32 = "SANZI_CONNECTIONS_PER_ADDRESS", "N";
    requests_per_second: u32 = "SANZI_REQUESTS_PER_SECOND", "N";
    burst: NonZeroU32 = "SANZI_BURST", "N";
    #[arg(value_delimiter = ',')]
    trusted_proxies: Vec<IpNet> = "SANZI_TRUSTED_PROXIES", "ADDR/BITS,...";
    #[arg(value_enum)]
    proxy_header: HeaderName = "SANZI_PROXY_HEADER", "x-forwarded-for|forwarded";
    #[arg(value_delimiter = ',')]
    site_names: Vec<String> = "SANZI_SITE_NAMES", "HOST,...";
    document_mib: NonZeroU32 = "SANZI_DOCUMENT_MIB", "N";
    waiting_mib: NonZeroU32 = "SANZI_WAITING_MIB", "N";
    waiting_mib_per_member: NonZeroU32 = "SANZI_WAITING_MIB_PER_MEMBER", "N";
    waiting_hours: NonZeroU32 = "SANZI_WAITING_HOURS", "N";
    metrics_listen: SocketAddr = "SANZI_METRICS_LISTEN", "ADDR:PORT";
    longest_wait_seconds: NonZeroU32 = "SANZI_LONGEST_WAIT_SECONDS", "N";
    least_free_mib: u32 = "SANZI_LEAST_FREE_MIB", "N";
    #[arg(value_enum)]
    log_format: LogFormat = "SANZI_LOG_FORMAT", "json|text";
}

macro_rules! texts {
    ($($name:literal: $zh:literal, $en:literal;)*) => {
        /// Help of every setting of `sanzi serve`.
        pub(crate) const TEXTS: &[Text] = &[
            $(Text { of: concat!("serve.", $name), zh: $zh, en: $en },)*
        ];
    };
}

texts! {
    "data": "数据文件夹", "The data folder";
    "listen": "监听的地址和端口；默认 127.0.0.1:8080", "Address and port to listen on; by default 127.0.0.1:8080";
    "anchor": "锚点文件夹，应在另一块盘上、不随数据一起备份；默认在数据文件夹旁边", "Folder of the anchors: on another disk, not backed up with the data; by default beside the data folder";
    "log_passphrase_file": "存有日志钥匙口令的文件；也可用环境变量 SANZI_LOG_PASSPHRASE", "File with the passphrase of the log keys; or set SANZI_LOG_PASSPHRASE";
    "tls_cert": "TLS 证书链（PEM，本机证书在前）；换了文件自动生效；不给就不加密，由前面的代理加密", "Certificate chain for TLS (PEM, the server's own first), taken up again when it changes; without it a proxy has to encrypt";
    "tls_key": "TLS 私钥（PEM，未加密）", "Private key for TLS (PEM, not encrypted)";
    "queue": "最多有多少份提交排队等候；默认 4096", "How many submissions may wait; by default 4096";
    "connections": "最多同时有多少个连接；默认 768", "How many connections there may be at once; by default 768";
    "connections_per_address": "同一地址最多有多少个连接，受信代理除外；默认 256", "How many of one address, unless it is a trusted proxy; by default 256";
    "requests_per_second": "同一地址每秒最多多少次请求；默认 1000，0 为不限", "Requests a second of one address; by default 1000, 0 for no limit";
    "burst": "停顿之后同一地址可一次发多少请求；默认为每秒限数的 4 倍", "Requests at once of one address after a pause; by default four seconds' worth";
    "trusted_proxies": "受信代理的网段，用逗号分开；只有它们报的来访地址才算数", "Networks of trusted proxies: only their word on a client's address counts";
    "proxy_header": "受信代理用哪个请求头报来访地址；默认 x-forwarded-for", "The header in which they name it; by default x-forwarded-for";
    "site_names": "本站的域名，用逗号分开，不带端口；签名请求只认本站的。账本名里的域名、连接所到的本机地址不必写", "This site's host names, without ports: signed requests have to be for one of them. The domain in a ledger's origin and the address a connection arrives at go without saying";
    "document_mib": "一份材料最多多少 MiB；默认 64", "The largest document, in MiB; by default 64";
    "waiting_mib": "已上传而还没有条目登记的材料合计最多多少 MiB；默认 1024", "Documents that wait for their entries, together, in MiB; by default 1024";
    "waiting_mib_per_member": "同一成员这样的材料最多多少 MiB；默认 256", "Those of one member, in MiB; by default 256";
    "waiting_hours": "这样的材料多少小时后清除；默认 72", "After how many hours they are dropped; by default 72";
    "metrics_listen": "另开一个内部地址供 Prometheus 取 /metrics，切勿对外", "A private address for Prometheus to fetch /metrics from; keep it from the public";
    "longest_wait_seconds": "提交等候超过多少秒仍无新检查点，/readyz 就报不宜；默认 5", "How long a submission may wait for a checkpoint before /readyz fails; by default 5";
    "least_free_mib": "磁盘剩余低于多少 MiB，/readyz 就报不宜；默认 256", "Room on the disk below which /readyz fails; by default 256";
    "log_format": "日志格式：json 或 text；默认 text", "Form of the log, json or text; by default text";
}

impl Settings {
    /// Reads a file.
    pub(crate) fn read(path: &Path, language: Language) -> anyhow::Result<Self> {
        read(path, EXPECTED, language)
    }

    /// These, completed from a file.
    pub(crate) fn with_file(self, path: Option<&Path>, language: Language) -> anyhow::Result<Self> {
        Ok(match path {
            Some(path) => self.or(Self::read(path, language)?),
            None => self,
        })
    }

    /// The folder to serve, which must be given somewhere.
    pub(crate) fn data(&self, language: Language) -> anyhow::Result<PathBuf> {
        let data = self.data.clone();
        data.with_context(|| {
            language.pick(
                "没有说明数据文件夹：用 --data、环境变量 SANZI_DATA，或在设置文件里写 data = \"…\"",
                "the data folder is not given: use --data, SANZI_DATA, or data = \"...\" in the settings",
            )
        })
    }

    /// How the writer works: one address may fill a quarter of the queue.
    pub(crate) fn writer(&self) -> Options {
        let mut options = Options::default();
        if let Some(queue) = self.queue {
            options.queue = queue.get() as usize;
            options.queue_per_address = (options.queue / 4).max(1);
        }
        if let Some(names) = &self.site_names {
            options.site_names = names.clone().into();
        }
        let (limits, mib) = (&mut options.documents, |n: NonZeroU32| {
            u64::from(n.get()) << 20
        });
        limits.document_bytes = self.document_mib.map_or(limits.document_bytes, mib);
        limits.waiting = self.waiting_mib.map_or(limits.waiting, mib);
        let own = self.waiting_mib_per_member;
        limits.waiting_per_member = own.map_or(limits.waiting_per_member, mib);
        if let Some(hours) = self.waiting_hours {
            limits.waiting_for = Duration::from_secs(u64::from(hours.get()) * 3600);
        }
        options
    }

    /// Where to listen.
    pub(crate) fn listen(&self) -> SocketAddr {
        self.listen
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)))
    }

    fn proxies(&self) -> Proxies {
        Proxies {
            trusted: self.trusted_proxies.clone().unwrap_or_default(),
            header: match self.proxy_header {
                Some(HeaderName::Forwarded) => ProxyHeader::Forwarded,
                _ => ProxyHeader::XForwardedFor,
            },
        }
    }

    /// What all requests pass.
    pub(crate) fn front(&self) -> FrontOptions {
        let mut front = FrontOptions {
            proxies: self.proxies(),
            ..FrontOptions::default()
        };
        let per_second = self.requests_per_second.unwrap_or(PER_SECOND);
        front.rate = NonZeroU32::new(per_second).map(|per_second| Rate {
            per_second,
            burst: (self.burst).unwrap_or(per_second.saturating_mul(BURST_SECONDS)),
        });
        front
    }

    /// How many connections are taken.
    pub(crate) fn connections(&self) -> Connections {
        let mut connections = Connections {
            proxies: self.proxies(),
            ..Connections::default()
        };
        if let Some(total) = self.connections {
            connections.total = total.get() as usize;
        }
        if let Some(limit) = self.connections_per_address {
            connections.per_address = limit.get() as usize;
        }
        connections
    }

    /// Where the certificate is under which all is encrypted; `None` if nothing is.
    pub(crate) fn tls_files(&self, language: Language) -> anyhow::Result<Option<TlsFiles>> {
        reload::tls_files(self.tls_cert.clone(), self.tls_key.clone(), language)
    }

    /// From when on the service is not ready.
    pub(crate) fn ready(&self) -> ReadyLimits {
        let mut limits = ReadyLimits::default();
        limits.folder.clone_from(&self.data);
        if let Some(seconds) = self.longest_wait_seconds {
            limits.longest_wait = Duration::from_secs(seconds.get().into());
        }
        if let Some(mib) = self.least_free_mib {
            limits.free_bytes = u64::from(mib) << 20;
        }
        limits
    }
}

/// Reads a file of settings, of which so much is expected.
pub(super) fn read<T: DeserializeOwned>(
    path: &Path,
    expected: &[(&str, &str)],
    language: Language,
) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| {
        let path = path.display();
        language.pick(
            format!("读不到设置文件 {path}"),
            format!("cannot read the settings in {path}"),
        )
    })?;
    parse(&text, path, expected, language)
}

fn parse<T: DeserializeOwned>(
    text: &str,
    path: &Path,
    expected: &[(&str, &str)],
    language: Language,
) -> anyhow::Result<T> {
    let error = match toml::from_str::<T>(text) {
        Ok(settings) => return Ok(settings),
        Err(error) => error,
    };
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or(text);
    let number = before.matches('\n').count() + 1;
    let line = text.lines().nth(number - 1).unwrap_or_default();
    let key = line.split('=').next().unwrap_or_default().trim();
    let is_meant = |name: &str| name.replace('_', "-") == key;
    let expected = expected.iter().find(|(name, _)| is_meant(name));
    let place = format!("{}:{number}", path.display());
    let message = error.message().replace('\n', " ");
    match expected {
        // What is secret is not shown where it is wrong, either.
        Some((_, value)) if value.contains(SECRET) => bail!(language.pick(
            format!("{place}：{key} 应为带引号的文字；为保密，不显示所写内容"),
            format!(
                "{place}: {key} should be text in quotes; what stands there is secret and not shown"
            ),
        )),
        Some((_, value)) => bail!(language.pick(
            format!(
                "{place}：{key} 应为 {value}，实为 {}（{message}）",
                after_equals(line)
            ),
            format!(
                "{place}: {key} should be {value}, found {} ({message})",
                after_equals(line)
            ),
        )),
        None => bail!(language.pick(
            format!("{place}：设置文件写法不对：{message}"),
            format!("{place}: the settings are malformed: {message}"),
        )),
    }
}

fn after_equals(line: &str) -> &str {
    line.split_once('=').map_or("", |(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        let parsed = parse::<Settings>(text, Path::new("sanzi.toml"), EXPECTED, Language::En);
        format!("{:#}", parsed.unwrap_err())
    }

    #[test]
    fn the_example_is_what_is_read_and_names_every_setting() {
        let text = super::super::config::EXAMPLE;
        let live: String = text.replace("\n# ", "\n").replace("\n#\n", "\n");
        for (name, _) in EXPECTED {
            let key = format!("\n{} = ", name.replace('_', "-"));
            assert!(live.contains(&key), "{key}");
        }
        parse::<Settings>(text, Path::new("example"), EXPECTED, Language::Zh).unwrap();
        let values: String = text
            .lines()
            .filter_map(|line| line.strip_prefix("# ").or(Some(line)))
            .filter(|line| line.contains(" = "))
            .fold(String::new(), |all, line| all + line + "\n");
        let all: Settings = parse(&values, Path::new("example"), EXPECTED, Language::Zh).unwrap();
        assert!(all.trusted_proxies.is_some() && all.log_format.is_some());
    }

    #[test]
    fn a_mistake_is_told_with_file_line_and_what_was_expected() {
        let of = fault("data = \"d\"\n\nlisten = \"here\"\n");
        assert!(
            of.starts_with("sanzi.toml:3: listen should be ADDR:PORT, found \"here\""),
            "{of}"
        );
        let of = fault("queue = 0\n");
        assert!(
            of.starts_with("sanzi.toml:1: queue should be N, found 0"),
            "{of}"
        );
        let of = fault("# x\nlog-format = \"xml\"\n");
        assert!(
            of.starts_with("sanzi.toml:2: log-format should be json|text"),
            "{of}"
        );
        let of = fault("data = \"d\"\nlisten-at = \"x\"\n");
        assert!(
            of.starts_with("sanzi.toml:2: ") && of.contains("unknown field"),
            "{of}"
        );
        let of = fault("trusted-proxies = [\n  \"10.0.0.0/8\",\n  \"x\",\n]\n");
        assert!(of.starts_with("sanzi.toml:"), "{of}");
        let of = fault("data = \"d\nlisten = 1\n");
        assert!(of.starts_with("sanzi.toml:1: "), "{of}");
    }

    #[test]
    fn what_is_given_first_counts() {
        let first = Settings {
            queue: NonZeroU32::new(7),
            ..Settings::default()
        };
        let text = "queue = 9\nburst = 3\nrequests-per-second = 0\n";
        let file: Settings = parse(text, Path::new("x"), EXPECTED, Language::En).unwrap();
        let all = first.or(file);
        assert_eq!(all.writer().queue, 7);
        assert_eq!(all.burst, NonZeroU32::new(3));
        assert_eq!(all.front().rate, None);
        let rate = Settings::default().front().rate.unwrap();
        assert_eq!((rate.per_second.get(), rate.burst.get()), (1000, 4000));
    }
}
