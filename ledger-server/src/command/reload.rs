//! What is read again while a service runs, so that nobody has to be cut off: certificates, witness
//! policies. (不停机更新)
//!
//! On SIGHUP, and whenever a file is seen to have changed. What is no good is refused with the reason,
//! once for each reason, and what was in force stays.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use ledger_core::language::Language;
use ledger_server::{Metrics, Served, Tls, TlsFiles};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use super::data;
use crate::fault;

/// How often files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How often it is said that a certificate is about to end, in seconds.
const REMIND_EVERY: i64 = 86_400;

/// Everything that a service reads again.
#[derive(Default)]
pub(super) struct Reloads {
    /// Its certificate.
    pub(super) certificate: Option<Certificate>,
    /// The witness policies of its ledgers.
    pub(super) policies: Vec<PolicyFile>,
}

/// A certificate that is in force.
pub(super) struct Certificate {
    language: Language,
    metrics: Option<Arc<Metrics>>,
    refused: Refused,
    reminded: i64,
    tls: Arc<Tls>,
}

/// The witness policy of a ledger, and where it comes from.
pub(super) struct PolicyFile {
    folder: PathBuf,
    language: Language,
    ledger: Arc<Served>,
    refused: Refused,
}

/// Why something was refused last, so that it is not said every time.
#[derive(Default)]
struct Refused(Option<String>);

impl Refused {
    /// The reason, if it is to be said.
    fn news(&mut self, error: &anyhow::Error, asked: bool, language: Language) -> Option<String> {
        let reason = fault::told(error, language);
        let is_new = self.0.as_ref() != Some(&reason);
        self.0 = Some(reason.clone());
        (asked || is_new).then_some(reason)
    }
}

impl Reloads {
    /// Looks at everything from now on. Needs a tokio runtime.
    pub(super) fn start(mut self) -> io::Result<()> {
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            loop {
                let asked = tokio::select! {
                    _ = hangup.recv() => true,
                    () = sleep(LOOK_EVERY) => false,
                };
                let looked = tokio::task::spawn_blocking(move || {
                    self.look(asked);
                    self
                });
                match looked.await {
                    Ok(reloads) => self = reloads,
                    // The service is stopping.
                    Err(_) => return,
                }
            }
        });
        Ok(())
    }

    fn look(&mut self, asked: bool) {
        if asked {
            tracing::info!("SIGHUP: certificate and witness policies are read again");
        }
        if let Some(certificate) = &mut self.certificate {
            certificate.look(asked);
        }
        for policy in &mut self.policies {
            policy.look(asked);
        }
    }
}

impl Certificate {
    /// Says at once what is to be said of the one in force.
    pub(super) fn new(tls: Arc<Tls>, metrics: Option<Arc<Metrics>>, language: Language) -> Self {
        let mut certificate = Self {
            language,
            metrics,
            refused: Refused::default(),
            reminded: i64::MIN,
            tls,
        };
        certificate.remark_on_key();
        certificate.remind(now());
        certificate.count();
        certificate
    }

    fn look(&mut self, asked: bool) {
        let now = now();
        let file = self.tls.files().cert.display().to_string();
        match self.tls.reload(now, asked) {
            Ok(true) => {
                let valid_until = self.tls.ends();
                tracing::info!(file, valid_until, "certificate in force");
                self.refused = Refused::default();
                self.reminded = i64::MIN;
                self.remark_on_key();
            }
            Ok(false) => {}
            Err(error) => {
                let error = anyhow::Error::new(error);
                if let Some(reason) = self.refused.news(&error, asked, self.language) {
                    tracing::error!(
                        file,
                        reason,
                        "certificate refused; the old one stays in force"
                    );
                }
            }
        }
        self.remind(now);
        self.count();
    }

    fn remark_on_key(&self) {
        if self.tls.key_is_open_to_others() {
            let file = self.tls.files().key.display().to_string();
            let advice = self.language.pick(
                "私钥文件对其他用户开放；请用 chmod o-rwx 收紧权限",
                "other users of this machine have access to the private key; take it away with chmod o-rwx",
            );
            tracing::warn!(file, advice, "key file is open to others");
        }
    }

    /// Says once a day that the certificate is about to end, or has.
    fn remind(&mut self, now: i64) {
        if now.saturating_sub(self.reminded) < REMIND_EVERY {
            return;
        }
        let valid_until = self.tls.ends();
        let file = self.tls.files().cert.display().to_string();
        if !self.tls.is_valid(now) {
            let advice = self.language.pick(
                "证书不在有效期内，来访者的程序会拒绝连接；请更换证书，或核对本机时钟",
                "the certificate is not valid now and clients will refuse it; replace it, or check this machine's clock",
            );
            tracing::error!(file, valid_until, advice, "certificate not valid");
        } else if self.tls.ends_soon(now) {
            let advice = self.language.pick(
                "证书快到期了；请续期，换好文件后自动生效",
                "the certificate is about to end; renew it, and the new files are taken up by themselves",
            );
            tracing::warn!(file, valid_until, advice, "certificate ends soon");
        } else {
            return;
        }
        self.reminded = now;
    }

    fn count(&self) {
        if let Some(metrics) = &self.metrics {
            metrics.has_certificate(&self.tls);
        }
    }
}

impl PolicyFile {
    /// The policy file in a ledger's own folder.
    pub(super) fn new(folder: PathBuf, ledger: Arc<Served>, language: Language) -> Self {
        Self {
            folder,
            language,
            ledger,
            refused: Refused::default(),
        }
    }

    fn look(&mut self, asked: bool) {
        let slug = self.ledger.slug();
        match self.changed() {
            Ok(changed) => {
                self.refused = Refused::default();
                if changed {
                    tracing::info!(slug, "witness policy in force");
                }
            }
            Err(error) => {
                if let Some(reason) = self.refused.news(&error, asked, self.language) {
                    tracing::error!(
                        slug,
                        reason,
                        "witness policy refused; the old one stays in force"
                    );
                }
            }
        }
    }

    /// Puts the file's policy in force if it is another one than that of the ledger: whether it is.
    fn changed(&self) -> anyhow::Result<bool> {
        let (ledger, language) = (&self.ledger, self.language);
        let policy = data::policy_in(&self.folder, ledger.log_key(), language)?;
        let Some(policy) = policy else {
            if ledger.policy().witnesses().is_empty() {
                return Ok(false);
            }
            // It may have been moved away only to be replaced.
            return Err(anyhow::Error::msg(language.pick(
                "见证规则文件 policy 不见了；若不再要见证，请放一个只有 quorum none 一行的文件",
                "the file policy of the witnesses is gone; if none are wanted any more, put one there with the line quorum none",
            )));
        };
        if *ledger.policy() == policy {
            return Ok(false);
        }
        data::note_unasked(&policy, &self.folder, language);
        ledger.set_policy(policy);
        Ok(true)
    }
}

/// The system's clock in Unix seconds. Before 1970 it counts as 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

/// Where a certificate and key are, by two settings of which both must be given or neither.
pub(super) fn tls_files(
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    language: Language,
) -> anyhow::Result<Option<TlsFiles>> {
    let (given, missing) = match (cert, key) {
        (None, None) => return Ok(None),
        (Some(cert), Some(key)) => return Ok(Some(TlsFiles { cert, key })),
        (Some(_), None) => ("tls-cert", "tls-key"),
        (None, Some(_)) => ("tls-key", "tls-cert"),
    };
    bail!(language.pick(
        format!("给了 --{given} 就要同时给 --{missing}（设置文件里写 {missing} = \"…\"）"),
        format!(
            "--{given} needs --{missing} beside it (in a file of settings: {missing} = \"...\")"
        ),
    ))
}

/// The certificate and key of these files. May wait for a disk.
pub(super) fn opened(
    files: Option<TlsFiles>,
    language: Language,
) -> anyhow::Result<Option<Arc<Tls>>> {
    let Some(files) = files else { return Ok(None) };
    let tls = Tls::open(files);
    let tls = tls.context(language.pick("加密连接用不了", "TLS cannot be set up"))?;
    Ok(Some(Arc::new(tls)))
}
