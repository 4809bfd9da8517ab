//! The one thread that owns the ledgers and writes.
//!
//! Handlers put submissions into a bounded queue. The thread takes all that wait, appends them ledger
//! by ledger with one durable commit each, publishes a snapshot, and answers. Where many come at a time,
//! it waits a moment until they have come again: a commit costs the same for one as for many. A ledger
//! whose store has failed is opened again when somebody writes to it or asks whether it is well, not before
//! a second has passed: opening is the way back. Knows nothing of HTTP, and of rules only that the ledger
//! has them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use ledger_core::key::SigningKey;
use ledger_core::ledger::{AppendError, Ledger, LedgerError, Receipt, Submission};
use ledger_core::policy::{Policy, PolicyError};
use ledger_core::store::StoreError;
use ledger_core::time::LogTime;
use tokio::sync::{mpsc, oneshot, watch};

use crate::desk::{Desk, DeskError};
use crate::documents::{Counter, DocumentLimits};
use crate::intake::Intake;
use crate::queue::{Answer, Cosignature, Job, Queue, SubmitError};
use crate::served::{Failing, Ledgers, Served, ServedStore, Snapshot};
use crate::share::Shares;
use crate::stop::SigningStop;

/// How long a ledger that failed is left alone before it is opened again.
const REOPEN_AFTER: Duration = Duration::from_secs(1);

/// How long the writer waits at most for more submissions than the first.
const GATHERING: Duration = Duration::from_millis(2);

/// How long it sleeps before it looks again.
const GLANCE: Duration = Duration::from_micros(250);

/// Opens a ledger again after its store has failed; the failed one has been dropped by then.
pub type Reopen<S> = Box<dyn FnMut() -> Result<Ledger<S>, LedgerError> + Send>;

/// A ledger given to a writer.
pub struct Hosting<S> {
    /// The folder in which its desk keeps drafts; by default none, and none are taken. (工作台)
    pub desk: Option<PathBuf>,
    /// The key that signs what residents say; by default none, and nothing is taken in. (意见受理钥匙)
    pub intake: Option<SigningKey>,
    /// The ledger.
    pub ledger: Ledger<S>,
    /// Which witnesses its checkpoints should have; by default none.
    pub policy: Option<Policy>,
    /// Opens it again after a failure.
    pub reopen: Reopen<S>,
    /// Whether it may sign.
    pub stop: Arc<SigningStop>,
}

/// How a writer works.
#[derive(Clone)]
pub struct Options {
    /// How many submissions may wait; what comes beyond is told to come again.
    pub queue: usize,
    /// How many of them one address may have waiting.
    pub queue_per_address: usize,
    /// How many submissions are taken at a time.
    pub batch: usize,
    /// What documents are held to.
    pub documents: DocumentLimits,
    /// Under which names the site is reached, besides the domain of each ledger's origin.
    pub site_names: Arc<[String]>,
    /// The log's clock.
    pub clock: Arc<dyn Fn() -> LogTime + Send + Sync>,
}

impl Default for Options {
    /// 4,096 waiting, 1,024 of them by one address, 1,024 taken at a time, by the system's clock.
    fn default() -> Self {
        Self {
            queue: 4096,
            queue_per_address: 1024,
            batch: 1024,
            documents: DocumentLimits::default(),
            site_names: Arc::default(),
            clock: Arc::new(system_time),
        }
    }
}

/// The system's clock. Before 1970 it counts as 1970: a log's time never goes back anyway.
fn system_time() -> LogTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs());
    LogTime::MIN
        .checked_plus_seconds(seconds)
        .unwrap_or(LogTime::MAX)
}

/// The writing thread, to be stopped.
pub struct Writer {
    closed: oneshot::Receiver<Result<(), StoreError>>,
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    /// Starts the thread, and gives what readers need.
    ///
    /// # Errors
    /// [`LedgerError`] if a ledger's state cannot be read; or if its log key cannot stand in a policy.
    pub fn start<S: ServedStore>(
        ledgers: Vec<Hosting<S>>,
        options: Options,
    ) -> Result<(Ledgers, Self), StartError> {
        let (jobs, queue) = mpsc::channel(options.queue.max(1));
        let shares = Shares::new(options.queue_per_address.max(1));
        let mut served = BTreeMap::new();
        let mut hosted = Vec::with_capacity(ledgers.len());
        for (number, hosting) in ledgers.into_iter().enumerate() {
            let first = snapshot_of(&hosting.ledger, None)?;
            let log_key = hosting.ledger.log_key().clone();
            let policy = match hosting.policy {
                Some(policy) => policy,
                None => format!("log {log_key}\nquorum none\n").parse()?,
            };
            let slug = first.state.log_origin.slug().to_owned();
            let (publish, snapshot) = watch::channel(Arc::new(first));
            let failing = Arc::<Failing>::default();
            hosted.push(Hosted {
                failed: None,
                failing: Arc::clone(&failing),
                ledger: Some(hosting.ledger),
                publish,
                reopen: hosting.reopen,
                stop: Arc::clone(&hosting.stop),
            });
            let one = Served {
                catalogue: Arc::default(),
                clock: Arc::clone(&options.clock),
                desk: Desk::open(hosting.desk)?,
                counter: Counter::new(options.documents, Arc::clone(&options.site_names)),
                failing,
                intake: hosting.intake.map(Intake::new).transpose()?,
                log_key,
                policy: watch::Sender::new(Arc::new(policy)),
                queue: Queue::new(jobs.clone(), number, Arc::clone(&shares)),
                slug: slug.clone(),
                snapshot,
                stop: hosting.stop,
            };
            if served.insert(slug.clone(), Arc::new(one)).is_some() {
                return Err(StartError::SameSlug { slug });
            }
        }
        let (tell, closed) = oneshot::channel();
        let worker = Worker {
            hosted,
            options,
            queue,
        };
        std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || tell.send(worker.run()))?;
        Ok((Ledgers(Arc::new(served)), Self { closed, jobs }))
    }

    /// Carries out what waits, takes nothing more, and closes the stores.
    ///
    /// # Errors
    /// [`StoreError`] if a store could not be closed cleanly; nothing acknowledged is lost by that.
    pub async fn stop(self) -> Result<(), StoreError> {
        // If the thread has ended, there is nobody to tell.
        let _ = self.jobs.send(Job::Stop).await;
        self.closed.await.unwrap_or_else(|_| {
            Err(StoreError::Failed {
                reason: "写入线程中断 (the writing thread broke off)".to_owned(),
            })
        })
    }
}

/// A writer could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A ledger's state cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The log key cannot stand in a policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The system gives no random numbers.
    #[error("没有随机数 (no randomness): {0}")]
    Random(#[from] getrandom::Error),
    /// A desk's drafts cannot be read.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// Two ledgers have the same slug.
    #[error("两个账本同名：{slug} (two ledgers are called {slug})")]
    SameSlug {
        /// Their slug.
        slug: String,
    },
    /// The thread could not be started.
    #[error("写入线程无法启动 (the writing thread could not be started)")]
    Thread(#[from] std::io::Error),
}

/// Takes a snapshot of a ledger, sharing what has not changed since the one before.
fn snapshot_of<S: ServedStore>(
    ledger: &Ledger<S>,
    before: Option<&Snapshot>,
) -> Result<Snapshot, LedgerError> {
    let state = ledger.state()?;
    let same = before.filter(|before| before.state.head == state.head);
    Ok(Snapshot {
        checkpoint: Arc::new(ledger.checkpoint().clone()),
        state: same.map_or_else(|| Arc::new(state.clone()), |same| Arc::clone(&same.state)),
        reader: before.map_or_else(|| ledger.store().reader(), |b| Arc::clone(&b.reader)),
    })
}

/// A ledger in the hands of the writing thread.
struct Hosted<S> {
    /// Why, and when, it last failed.
    failed: Option<(Instant, Arc<LedgerError>)>,
    failing: Arc<Failing>,
    /// `None` after a failure.
    ledger: Option<Ledger<S>>,
    publish: watch::Sender<Arc<Snapshot>>,
    reopen: Reopen<S>,
    stop: Arc<SigningStop>,
}

struct Worker<S> {
    hosted: Vec<Hosted<S>>,
    options: Options,
    queue: mpsc::Receiver<Job>,
}

/// What waits for one ledger.
#[derive(Default)]
struct Group {
    submissions: Vec<Submission<'static>>,
    answers: Vec<oneshot::Sender<Answer>>,
    cosignatures: Vec<Cosignature>,
}

impl<S: ServedStore> Worker<S> {
    /// Waits a moment until so many have come.
    fn gather(&mut self, waiting: &mut Vec<Job>, enough: usize) {
        let until = Instant::now() + GATHERING;
        while waiting.len() < enough && Instant::now() < until {
            std::thread::sleep(GLANCE);
            waiting.extend(std::iter::from_fn(|| self.queue.try_recv().ok()).take(enough));
        }
    }

    fn run(mut self) -> Result<(), StoreError> {
        let limit = self.options.batch.max(1);
        let mut waiting = Vec::new();
        // How many came at a time lately.
        let mut crowd = 0;
        while self.queue.blocking_recv_many(&mut waiting, limit) > 0 {
            self.gather(&mut waiting, (crowd / 2).min(limit));
            crowd = waiting.len().max(crowd - crowd.div_ceil(8));
            let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
            for job in waiting.drain(..) {
                match job {
                    Job::Stop => self.queue.close(),
                    Job::Mend { ledger } => {
                        groups.entry(ledger).or_default();
                    }
                    Job::Submit {
                        ledger,
                        submission,
                        answer,
                    } => {
                        let group = groups.entry(ledger).or_default();
                        group.submissions.push(submission);
                        group.answers.push(answer);
                    }
                    Job::Cosign {
                        ledger,
                        cosignature,
                    } => {
                        let group = groups.entry(ledger).or_default();
                        group.cosignatures.push(*cosignature);
                    }
                }
            }
            for (number, group) in groups {
                if let Some(hosted) = self.hosted.get_mut(number) {
                    hosted.carry_out(group, (self.options.clock)());
                }
            }
        }
        let mut closed = Ok(());
        for ledger in self.hosted.into_iter().filter_map(|hosted| hosted.ledger) {
            closed = ledger.into_store().close().and(closed);
        }
        closed
    }
}

impl<S: ServedStore> Hosted<S> {
    fn carry_out(&mut self, group: Group, now: LogTime) {
        if self.ledger.is_none() && self.stop.reason().is_none() {
            // If it cannot be, whoever wants to write is told.
            let _ = self.open();
        }
        if !group.submissions.is_empty() {
            self.admit(group.submissions, group.answers, now);
        }
        if !group.cosignatures.is_empty() {
            self.cosign(group.cosignatures);
        }
    }

    fn admit(
        &mut self,
        submissions: Vec<Submission<'static>>,
        to: Vec<oneshot::Sender<Answer>>,
        now: LogTime,
    ) {
        if let Some(reason) = self.stop.reason() {
            for to in to {
                let _ = to.send(Err(SubmitError::Stopped(Arc::clone(reason))));
            }
            return;
        }
        match self.append(submissions, now) {
            Ok(answers) => {
                for (to, answer) in to.into_iter().zip(answers) {
                    // Who no longer waits gets no answer; the entry stands all the same.
                    let _ = to.send(answer.map_err(|e| SubmitError::Rejected(Arc::new(e))));
                }
            }
            Err(error) => {
                for to in to {
                    let _ = to.send(Err(SubmitError::Unavailable(Arc::clone(&error))));
                }
            }
        }
    }

    /// Publishes the newest checkpoint anew if witnesses have cosigned it. What came too late is left out.
    fn cosign(&mut self, cosignatures: Vec<Cosignature>) {
        // Opening may sign what a crash left behind.
        if self.stop.reason().is_some() || self.open().is_err() {
            return;
        }
        let before = Arc::clone(&self.publish.borrow());
        let Some(ledger) = &mut self.ledger else {
            return;
        };
        let lines = cosignatures
            .iter()
            .map(|one| (one.witness.clone(), one.line.clone()));
        let done = ledger
            .add_cosignatures(lines)
            .and_then(|_| snapshot_of(ledger, Some(&before)));
        match done {
            Ok(snapshot) => {
                let newest = Arc::clone(&snapshot.checkpoint);
                self.publish.send_replace(Arc::new(snapshot));
                for one in cosignatures {
                    let stands = newest.note().signatures().contains(&one.line);
                    let _ = one.answer.send(stands);
                }
            }
            Err(error) => {
                self.fail(error);
            }
        }
    }

    fn append(
        &mut self,
        submissions: Vec<Submission<'static>>,
        now: LogTime,
    ) -> Result<Vec<Result<Receipt, AppendError>>, Arc<LedgerError>> {
        self.open()?;
        let before = Arc::clone(&self.publish.borrow());
        let Some(ledger) = &mut self.ledger else {
            return Err(Arc::new(LedgerError::Failed));
        };
        let done = ledger
            .append_submissions(submissions, now)
            .and_then(|answers| {
                let changed = ledger.size() > before.size();
                let snapshot = changed.then(|| snapshot_of(ledger, Some(&before)));
                Ok((answers, snapshot.transpose()?))
            });
        match done {
            Ok((answers, snapshot)) => {
                if let Some(snapshot) = snapshot {
                    self.publish.send_replace(Arc::new(snapshot));
                }
                Ok(answers)
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Opens the ledger again if it had failed.
    fn open(&mut self) -> Result<(), Arc<LedgerError>> {
        if self.ledger.is_some() {
            return Ok(());
        }
        if let Some((at, why)) = &self.failed
            && at.elapsed() < REOPEN_AFTER
        {
            return Err(Arc::clone(why));
        }
        let opened = (self.reopen)().and_then(|ledger| Ok((snapshot_of(&ledger, None)?, ledger)));
        let (snapshot, ledger) = opened.map_err(|error| self.fail(error))?;
        tracing::info!(
            slug = snapshot.state.log_origin.slug(),
            "ledger opened again"
        );
        self.publish.send_replace(Arc::new(snapshot));
        self.ledger = Some(ledger);
        self.failed = None;
        self.failing.set(None);
        Ok(())
    }

    /// Gives the ledger up until it is opened again.
    fn fail(&mut self, error: LedgerError) -> Arc<LedgerError> {
        let slug = self.publish.borrow().state.log_origin.slug().to_owned();
        tracing::error!(slug, %error, "ledger cannot be written");
        let error = Arc::new(error);
        self.ledger = None;
        self.failed = Some((Instant::now(), Arc::clone(&error)));
        self.failing.set(Some(Arc::clone(&error)));
        error
    }
}
