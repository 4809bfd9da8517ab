//! Asks the witnesses of a ledger's policy to cosign its checkpoints, in the background.
//!
//! One task for each ledger and witness: it sends the newest checkpoint, verifies what comes back, hands
//! it to the writer and waits for the next checkpoint. No submitter waits for it. A witness that holds
//! more than the ledger, or does not find its proof good, ends the signing: one of the two histories
//! was signed and is not this one. Follows the client's part of C2SP tlog-witness.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use ledger_core::checkpoint::SignedCheckpoint;
use ledger_core::hash::Digest;
use ledger_core::key::VerifierKey;
use ledger_core::note::SignatureLine;
use ledger_core::policy::{Policy, Witness};
use ledger_core::store::StoreError;
use ledger_core::tree::{self, TreeError};
use ledger_core::witness::{AddCheckpoint, AnswerError, RequestError, read_answer, read_held_size};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};
use ureq::Agent;

use crate::served::{Ledgers, Served, Snapshot};

/// The most that an answer may hold, in bytes.
const ANSWER_BYTES: u64 = 64 * 1024;

/// How long a connection may take to be made.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// How long an exchange may take in all.
const EXCHANGE_TIME: Duration = Duration::from_secs(10);

/// How many exchanges may run at once, so that slow witnesses leave threads to readers.
const EXCHANGES: usize = 64;

/// The shortest wait after a failure, without its jitter; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest wait after a failure, without its jitter.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// How often in a row a witness may name another size before it is left alone for a while.
const SIZES_IN_A_ROW: u32 = 3;

/// The tasks that ask; they end when this is dropped.
#[derive(Debug)]
pub struct Asking {
    first: Vec<oneshot::Receiver<()>>,
    _tasks: JoinSet<()>,
}

impl Asking {
    /// Waits until every witness was asked once, or for this long: a ledger that was put back to an
    /// older state should hear of it before it signs anything.
    pub async fn asked_once(&mut self, limit: Duration) {
        let first = std::mem::take(&mut self.first);
        let _ = timeout(limit, async {
            for one in first {
                // A task that ended has asked.
                let _ = one.await;
            }
        })
        .await;
    }
}

/// Starts asking the witnesses of each ledger's policy that have a URL, whatever policy it has by then.
/// Needs a tokio runtime.
#[must_use]
pub fn ask_witnesses(ledgers: &Ledgers) -> Asking {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(CONNECT_TIME))
        .timeout_global(Some(EXCHANGE_TIME))
        .user_agent(concat!("sanzi/", env!("CARGO_PKG_VERSION")))
        .build();
    let agent = config.new_agent();
    let permits = Arc::new(Semaphore::new(EXCHANGES));
    let mut tasks = JoinSet::new();
    let mut first = Vec::new();
    for ledger in ledgers.iter() {
        let mut askers = Askers {
            agent: agent.clone(),
            ledger: Arc::clone(ledger),
            permits: Arc::clone(&permits),
            running: Vec::new(),
            tasks: JoinSet::new(),
        };
        let mut policies = ledger.policies();
        let policy = Arc::clone(&policies.borrow_and_update());
        first.extend(askers.follow(&policy));
        tasks.spawn(async move {
            while policies.changed().await.is_ok() {
                let policy = Arc::clone(&policies.borrow_and_update());
                // Nobody waits for those who came later.
                askers.follow(&policy);
            }
        });
    }
    Asking {
        first,
        _tasks: tasks,
    }
}

/// Those who ask for one ledger: one for each witness of its policy that has a URL.
struct Askers {
    agent: Agent,
    ledger: Arc<Served>,
    permits: Arc<Semaphore>,
    running: Vec<(Witness, AbortHandle)>,
    tasks: JoinSet<()>,
}

impl Askers {
    /// Ends asking those who are not of this policy, and starts asking those who are new; each of these
    /// tells when it was asked once.
    fn follow(&mut self, policy: &Policy) -> Vec<oneshot::Receiver<()>> {
        let wanted: Vec<&Witness> = policy.witnesses().iter().collect();
        self.running.retain(|(witness, task)| {
            let stays = wanted.contains(&witness);
            if !stays {
                task.abort();
            }
            stays
        });
        while self.tasks.try_join_next().is_some() {}
        let mut first = Vec::new();
        for witness in wanted {
            let Some(url) = witness.url() else { continue };
            if self.running.iter().any(|(running, _)| running == witness) {
                continue;
            }
            let line = Line {
                agent: self.agent.clone(),
                url: url.trim_end_matches('/').to_owned(),
                witness: witness.clone(),
            };
            let (tell, told) = oneshot::channel();
            first.push(told);
            let asker = Asker {
                ledger: Arc::clone(&self.ledger),
                line: Arc::new(line),
                permits: Arc::clone(&self.permits),
            };
            let task = self.tasks.spawn(asker.run(tell));
            self.running.push((witness.clone(), task));
        }
        first
    }
}

/// A witness was asked and gave nothing of use.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error("连不上见证方 (the witness cannot be reached): {0}")]
    Http(#[from] ureq::Error),
    #[error("见证方的回答读不全 (the answer could not be read): {0}")]
    Read(#[from] std::io::Error),
    #[error(
        "见证方的回答超过 {ANSWER_BYTES} 字节 (the answer is longer than {ANSWER_BYTES} bytes)"
    )]
    TooLong,
    #[error(
        "见证方回答 {0}：404 是它没有登记本账本，403 是它登记的公钥不对 (the witness answered {0}; 404: it does not know this log, 403: it knows another key)"
    )]
    Status(u16),
    #[error("见证方在 409 里没有说出可用的大小 (409 without a size that is of use)")]
    Size,
    #[error(transparent)]
    Answer(#[from] AnswerError),
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Tree(#[from] TreeError<StoreError>),
    #[error("询问中断 (asking broke off)")]
    Broken,
    #[error("见证签名没能存下 (the cosignature could not be kept)")]
    NotKept,
}

/// What a witness answered.
enum Reply {
    /// It cosigned; the line was verified.
    Cosigned(SignatureLine),
    /// It holds another size.
    Holds(u64),
    /// It does not find the ledger's proof good.
    Disagrees,
}

/// The way to one witness.
struct Line {
    agent: Agent,
    url: String,
    witness: Witness,
}

impl Line {
    /// Asks for a cosignature of a snapshot's checkpoint, proving it from `known`.
    fn exchange(&self, known: u64, snapshot: &Snapshot) -> Result<Reply, AskError> {
        let hashes = tree::prove_consistency(&&*snapshot.reader, known, snapshot.size())?;
        let request = AddCheckpoint::new(known, hashes, &snapshot.checkpoint)?;
        let url = format!("{}/add-checkpoint", self.url);
        let post = self.agent.post(&url);
        let answer = post
            .header("Content-Type", "text/plain; charset=utf-8")
            .send(&request.to_bytes()[..])?;
        let (status, body) = read(answer)?;
        match status {
            200 => {
                let checkpoint = snapshot.checkpoint.checkpoint();
                let line = read_answer(&body, self.witness.key(), checkpoint)?;
                Ok(Reply::Cosigned(line))
            }
            409 => read_held_size(&body)
                .filter(|size| *size != known)
                .map(Reply::Holds)
                .ok_or(AskError::Size),
            422 => Ok(Reply::Disagrees),
            status => Err(AskError::Status(status)),
        }
    }

    /// What the witness shows of a log, if it shows a checkpoint that the log's own key signed.
    fn shown(&self, log_key: &VerifierKey) -> Option<SignedCheckpoint> {
        let name = Digest::of(log_key.name().as_bytes());
        let answer = self
            .agent
            .get(format!("{}/{name}/checkpoint", self.url))
            .call();
        let (_, body) = read(answer.ok()?).ok()?;
        SignedCheckpoint::open(&body, log_key).ok()
    }
}

fn read(mut answer: ureq::http::Response<ureq::Body>) -> Result<(u16, Vec<u8>), AskError> {
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    // The client's own limit counts what came over the wire: a little of it can unpack to a lot.
    let reader = answer.body_mut().with_config().limit(ANSWER_BYTES).reader();
    reader.take(ANSWER_BYTES + 1).read_to_end(&mut body)?;
    if body.len() as u64 > ANSWER_BYTES {
        return Err(AskError::TooLong);
    }
    Ok((status, body))
}

/// Asks one witness for the cosignatures of one ledger.
struct Asker {
    ledger: Arc<Served>,
    line: Arc<Line>,
    permits: Arc<Semaphore>,
}

impl Asker {
    /// Asks until the ledger is closed or must not sign any more.
    async fn run(self, first: oneshot::Sender<()>) {
        let mut first = Some(first);
        let mut snapshots = self.ledger.snapshots();
        let newest = Arc::clone(&snapshots.borrow_and_update());
        // What it cosigned last, if that is known here.
        let mut known = match self.has_cosigned(&newest) {
            true => newest.size(),
            false => 0,
        };
        let (mut failures, mut sizes) = (0, 0);
        while self.ledger.stopped().is_none() {
            let snapshot = Arc::clone(&snapshots.borrow_and_update());
            let asked = self.ask(known, Arc::clone(&snapshot)).await;
            if let Ok(Reply::Holds(size)) = asked
                && size <= self.ledger.snapshot().size()
                && sizes < SIZES_IN_A_ROW
            {
                (known, sizes) = (size, sizes + 1);
                continue;
            }
            sizes = 0;
            let settled = self.settle(asked, &snapshot).await;
            if let Some(first) = first.take() {
                // Nobody may be waiting.
                let _ = first.send(());
            }
            match settled {
                Ok(()) => {
                    (known, failures) = (snapshot.size(), 0);
                    let news = snapshots.wait_for(|newer| !self.has_cosigned(newer)).await;
                    if news.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    let pause = pause_after(failures);
                    failures += 1;
                    self.warn(&error, pause);
                    sleep(pause).await;
                }
            }
        }
    }

    fn has_cosigned(&self, snapshot: &Snapshot) -> bool {
        let mut lines = snapshot.checkpoint.note().signatures().iter();
        lines.any(|line| self.line.witness.key().is_named_by(line))
    }

    async fn ask(&self, known: u64, snapshot: Arc<Snapshot>) -> Result<Reply, AskError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let line = Arc::clone(&self.line);
        let asked = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            // The witness may hold more than this snapshot, but not more than the ledger.
            let known = known.min(snapshot.size());
            line.exchange(known, &snapshot)
        });
        asked.await.map_err(|_| AskError::Broken)?
    }

    /// Does what an answer calls for; nothing more is to be done with this snapshot if that succeeds.
    async fn settle(
        &self,
        asked: Result<Reply, AskError>,
        snapshot: &Snapshot,
    ) -> Result<(), AskError> {
        match asked? {
            Reply::Cosigned(line) => {
                let key = self.line.witness.key().clone();
                let stands = self.ledger.add_cosignature(key, line).await;
                // If it does not stand, it came too late, and a newer checkpoint waits to be asked about.
                let superseded = self.ledger.snapshot().size() > snapshot.size();
                match stands {
                    Some(stands) if stands || superseded => Ok(()),
                    _ => Err(AskError::NotKept),
                }
            }
            Reply::Holds(size) if size > self.ledger.snapshot().size() => {
                self.stop(Some(size), snapshot.size()).await;
                Ok(())
            }
            Reply::Holds(_) => Err(AskError::Size),
            Reply::Disagrees => {
                self.stop(None, snapshot.size()).await;
                Ok(())
            }
        }
    }

    /// Ends the signing of the ledger, with what the witness shows as evidence.
    async fn stop(&self, held: Option<u64>, own: u64) {
        let (ledger, line) = (Arc::clone(&self.ledger), Arc::clone(&self.line));
        let stopped = tokio::task::spawn_blocking(move || {
            let shown = line.shown(ledger.log_key());
            ledger.stop_signing(&reason(&line.witness, held, own, shown.as_ref()));
        });
        // A stop that broke off is made up for by the next answer.
        let _ = stopped.await;
    }

    fn warn(&self, error: &AskError, pause: Duration) {
        let (slug, witness) = (self.ledger.slug(), self.line.witness.name());
        let again_in_seconds = pause.as_secs_f32();
        tracing::warn!(slug, witness, %error, again_in_seconds, "no cosignature");
    }
}

/// What is told of a stop: what was seen, what it can mean, and the way out.
fn reason(
    witness: &Witness,
    held: Option<u64>,
    own: u64,
    shown: Option<&SignedCheckpoint>,
) -> String {
    let name = witness.name();
    let mut text = match held {
        Some(held) => format!(
            "已停止签署：见证方 {name} 见过 {held} 条，本账本只有 {own} 条，可能恢复了旧备份 \
             (signing stopped: the witness {name} has seen {held} entries, this ledger has {own}; it may have been restored from an old backup)。"
        ),
        None => format!(
            "已停止签署：见证方 {name} 见过的账本与本账本（{own} 条）不是同一部历史 \
             (signing stopped: what the witness {name} has seen is another history than this ledger's {own} entries)。"
        ),
    };
    text.push_str(
        "不要再登记；用更新的备份或镜像补齐条目（sanzi recover）。确认是见证方出错时，把它从 policy 文件里去掉，删除 signing-stopped 文件，再启动 \
         (Restore the missing entries from a newer backup or a mirror with sanzi recover. Only if the witness is at fault: take it out of the policy file, delete the file signing-stopped, and start again)。",
    );
    if let Some(shown) = shown {
        text.push_str(
            "见证方出示了本账本日志钥匙签过的检查点 (the witness shows a checkpoint that this ledger's own key signed):\n",
        );
        text.push_str(&shown.note().to_string());
    }
    text
}

/// The wait after so many failures before: half of it certain, half by chance, so that not all ask at once.
fn pause_after(failures: u32) -> Duration {
    let longest = FIRST_PAUSE
        .saturating_mul(1 << failures.min(20))
        .min(LONGEST_PAUSE);
    // Without chance the full wait is right, too.
    let chance = getrandom::u32().unwrap_or(u32::MAX);
    longest / 2 + (longest / 2).mul_f64(f64::from(chance) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_limit() {
        for failures in 0..40 {
            let longest = FIRST_PAUSE * 2_u32.pow(failures.min(20));
            let longest = longest.min(LONGEST_PAUSE);
            let pause = pause_after(failures);
            assert!(pause >= longest / 2 && pause <= longest, "{failures}");
        }
        let pauses: std::collections::BTreeSet<_> = (0..8).map(|_| pause_after(5)).collect();
        assert!(pauses.len() > 1);
    }
}
