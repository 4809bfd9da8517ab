//! `sanzi witness`: cosigns the checkpoints of other people's logs.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use ledger_core::Language;
use ledger_core::policy::Policy;
use ledger_core::store::StoreError;
use ledger_core::store::local::WitnessFolder;
use ledger_server::{Connections, Options, Tls, WitnessService, witness_app};
use sd_notify::NotifyState;
use tokio::net::TcpListener;

use super::help::Text;
use super::reload::{self, Certificate, Reloads};
use super::serve::{start_logging, tell_manager, told_to_stop, unbound};
use super::settings::LogFormat;
use super::{audit, complain, say};
use crate::key_file;
use crate::terminal::Terminal;

/// Witnesses the logs of a policy.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi key new --witness jiedao.example.org --out witness.key\n  $ sanzi witness --data witness --key witness.key --policy logs.policy --listen 127.0.0.1:8090"
)]
pub(crate) struct Witness {
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[arg(long, value_name = "FILE", visible_alias = "logs")]
    policy: PathBuf,
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[arg(
        long,
        env = "SANZI_TLS_CERT",
        hide_env_values = true,
        value_name = "FILE"
    )]
    tls_cert: Option<PathBuf>,
    #[arg(
        long,
        env = "SANZI_TLS_KEY",
        hide_env_values = true,
        value_name = "FILE"
    )]
    tls_key: Option<PathBuf>,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "witness",
        zh: "为别人的账本作见证：核对它只续写、没改旧账，再签名（街道、区、居民委员会可用）",
        en: "Witness other people's logs: cosign a checkpoint once it is known to continue the one before",
    },
    Text {
        of: "witness.data",
        zh: "见证记录的文件夹；绝不能恢复成旧备份，丢了就换新钥匙",
        en: "Folder of what was cosigned; never restore it from a backup: if it is lost, take a new key",
    },
    Text {
        of: "witness.key",
        zh: "见证钥匙文件，旁边要有 .pub（用 sanzi key new --witness 做）",
        en: "The witness's key file, with its .pub beside it (sanzi key new --witness)",
    },
    Text {
        of: "witness.policy",
        zh: "所见证的账本：tlog-policy 文件，每个日志公钥一行 log，末行 quorum none",
        en: "The logs to witness: a tlog-policy file with a line `log` for each key, and `quorum none`",
    },
    Text {
        of: "witness.listen",
        zh: "监听的地址和端口",
        en: "Address and port to listen on",
    },
    Text {
        of: "witness.passphrase_file",
        zh: "口令写在这个文件的第一行；不给就当面问",
        en: "A file whose first line is the passphrase; asked for without it",
    },
    Text {
        of: "witness.tls_cert",
        zh: "TLS 证书链（PEM，本机证书在前）；换了文件自动生效",
        en: "Certificate chain for TLS (PEM, the server's own first), taken up again when it changes",
    },
    Text {
        of: "witness.tls_key",
        zh: "TLS 私钥（PEM，未加密）",
        en: "Private key for TLS (PEM, not encrypted)",
    },
];

impl Witness {
    /// Witnesses until told to stop.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        start_logging(LogFormat::default());
        let terminal = Terminal::new(language);
        let files = reload::tls_files(self.tls_cert.clone(), self.tls_key.clone(), language)?;
        let tls = reload::opened(files, language)?;
        let policy = audit::read_policy(terminal, &self.policy)?;
        if policy.logs().is_empty() {
            bail!(language.pick(
                format!(
                    "{} 里没有 log 行，没有账本可见证；日志公钥见账本的 ledger.json",
                    self.policy.display()
                ),
                format!(
                    "{} has no line `log`, so there is nothing to witness; a ledger's key is in its ledger.json",
                    self.policy.display()
                ),
            ));
        }
        let folder = self.folder(language)?;
        let key = key_file::unlock_cosigner(terminal, &self.key, self.passphrase_file.as_deref())?;
        let service = WitnessService::new(key, &policy, folder, Options::default().clock)
            .with_context(|| {
                language.pick(
                    format!("见证文件夹 {} 用不了", self.data.display()),
                    format!(
                        "the witness's folder {} cannot be used",
                        self.data.display()
                    ),
                )
            })?;
        witness(Arc::new(service), &policy, self.listen, tls, language)
    }

    fn folder(&self, language: Language) -> anyhow::Result<WitnessFolder> {
        WitnessFolder::open(&self.data).map_err(|error| {
            let advice = match &error {
                StoreError::Locked { .. } => language.pick(
                    "已有另一个见证服务在用这个文件夹；同一把钥匙只能有一个在运行，请先停掉它",
                    "another witness is using this folder; one key must not witness twice, stop that one first",
                ),
                StoreError::Format { .. } => language.pick(
                    "这不是见证文件夹；请给一个空文件夹或新名字",
                    "this is no witness's folder; give an empty one, or a new name",
                ),
                _ => language.pick("见证文件夹打不开", "the witness's folder cannot be opened"),
            };
            anyhow::Error::new(error).context(format!("{advice} ({})", self.data.display()))
        })
    }
}

fn witness(
    service: Arc<WitnessService>,
    policy: &Policy,
    listen: SocketAddr,
    tls: Option<Arc<Tls>>,
    language: Language,
) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(listen).await;
        let listener = listener.map_err(|error| unbound(error, listen, language))?;
        let stop = told_to_stop()?;
        let certificate = |tls: &Arc<Tls>| Certificate::new(Arc::clone(tls), None, language);
        let reloads = Reloads {
            certificate: tls.as_ref().map(certificate),
            policies: Vec::new(),
        };
        reloads.start()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let site = format!("{scheme}://{}", listener.local_addr()?);
        announce(&service, policy, &site, language)?;
        tell_manager(NotifyState::Ready);
        let stop = async {
            stop.await;
            tell_manager(NotifyState::Stopping);
            complain(language.pick("正在停止……", "stopping ..."));
        };
        let connections = Connections {
            tls,
            ..Connections::default()
        };
        let router = witness_app(service);
        connections.serve_router(listener, router, stop).await;
        anyhow::Ok(())
    })?;
    // A client that was left behind may still wait for its answer.
    runtime.shutdown_timeout(Duration::from_secs(2));
    say(language.pick("已停止。", "Stopped."));
    Ok(ExitCode::SUCCESS)
}

/// Says which logs are witnessed, and what their operators need to know.
fn announce(
    service: &WitnessService,
    policy: &Policy,
    site: &str,
    language: Language,
) -> anyhow::Result<()> {
    for (origin, size) in service.logs()? {
        let keys = policy
            .logs()
            .iter()
            .filter(|log| log.key().name() == origin);
        let keys = keys.count();
        say(&match size {
            Some(size) => language.pick(
                format!("{origin}：已见证到 {size} 条（公钥 {keys} 把）"),
                format!("{origin}: witnessed up to {size} entries ({keys} key(s))"),
            ),
            None => language.pick(
                format!("{origin}：尚未见证（公钥 {keys} 把）"),
                format!("{origin}: not yet witnessed ({keys} key(s))"),
            ),
        });
    }
    let key = service.verifier();
    say(&language.pick(
        format!("账本一方在 policy 文件里写这一行（名字可改，网址写对外的）：witness {} {key} {site}", key.name()),
        format!("Line for the ledgers' policy files (with your public address): witness {} {key} {site}", key.name()),
    ));
    say(&language.pick(
        format!("正在见证：{site}/ （按 Ctrl-C 停止）"),
        format!("Witnessing: {site}/ (Ctrl-C to stop)"),
    ));
    Ok(())
}
