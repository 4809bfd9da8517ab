//! The way from the handlers to the writing thread: a bounded queue, and the answer to each submission.
//!
//! Knows nothing of what is submitted, nor of what becomes of it.

use std::sync::Arc;

use ledger_core::key::VerifierKey;
use ledger_core::ledger::{AppendError, LedgerError, Receipt, Submission};
use ledger_core::note::SignatureLine;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::share::Shares;
use crate::waiting::Waiting;

/// What becomes of a submission.
pub(crate) type Answer = Result<Receipt, SubmitError>;

/// A submission was not admitted.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The event is malformed, or a rule refuses it; or the ledger failed over it.
    #[error(transparent)]
    Rejected(Arc<AppendError>),
    /// The ledger cannot be written now.
    #[error(transparent)]
    Unavailable(Arc<LedgerError>),
    /// Too many submissions wait.
    #[error("排队已满，请稍后再试 (the queue is full; try again later)")]
    QueueFull,
    /// The ledger does not sign any more, until somebody has looked.
    #[error("{0}")]
    Stopped(Arc<str>),
    /// The server is stopping.
    #[error("服务正在停止 (the server is stopping)")]
    Closing,
}

/// A witness's line over a checkpoint, and who waits to hear whether it was of use.
pub(crate) struct Cosignature {
    pub(crate) witness: VerifierKey,
    pub(crate) line: SignatureLine,
    pub(crate) answer: oneshot::Sender<bool>,
}

/// Something for the writer to do.
pub(crate) enum Job {
    /// Append an event to the ledger with this number.
    Submit {
        ledger: usize,
        submission: Submission<'static>,
        answer: oneshot::Sender<Answer>,
    },
    /// Put a witness's line below the newest checkpoint of the ledger with this number.
    Cosign {
        ledger: usize,
        cosignature: Box<Cosignature>,
    },
    /// Open the ledger with this number again, if it has failed and can be.
    Mend { ledger: usize },
    /// Finish what waits, and close.
    Stop,
}

/// One ledger's end of the queue.
pub(crate) struct Queue {
    jobs: mpsc::Sender<Job>,
    ledger: usize,
    shares: Arc<Shares>,
    waiting: Arc<Waiting>,
}

impl Queue {
    /// The end of the ledger with this number.
    pub(crate) fn new(jobs: mpsc::Sender<Job>, ledger: usize, shares: Arc<Shares>) -> Self {
        Self {
            jobs,
            ledger,
            shares,
            waiting: Arc::default(),
        }
    }

    /// What one address may have waiting, in all ledgers together.
    pub(crate) fn shares(&self) -> &Arc<Shares> {
        &self.shares
    }

    /// Who waits for this ledger.
    pub(crate) fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    /// Whether the writer has stopped.
    pub(crate) fn is_closed(&self) -> bool {
        self.jobs.is_closed()
    }

    /// Puts a submission in, made once there is a place for it, and waits for its answer.
    pub(crate) async fn submit(&self, made: impl FnOnce() -> Submission<'static>) -> Answer {
        let place = self.jobs.try_reserve().map_err(|error| match error {
            TrySendError::Full(()) => SubmitError::QueueFull,
            TrySendError::Closed(()) => SubmitError::Closing,
        })?;
        let (answer, answered) = oneshot::channel();
        place.send(Job::Submit {
            ledger: self.ledger,
            submission: made(),
            answer,
        });
        let _ticket = self.waiting.enter();
        answered.await.unwrap_or(Err(SubmitError::Closing))
    }

    /// Asks for a ledger that has failed to be opened again. A full queue does so anyway.
    pub(crate) fn mend(&self) {
        let ledger = self.ledger;
        let _ = self.jobs.try_send(Job::Mend { ledger });
    }

    /// Puts a witness's line in, and waits: whether it stands below the newest checkpoint now; `None`
    /// if the ledger cannot be written.
    pub(crate) async fn cosign(&self, witness: VerifierKey, line: SignatureLine) -> Option<bool> {
        let (answer, answered) = oneshot::channel();
        let job = Job::Cosign {
            ledger: self.ledger,
            cosignature: Box::new(Cosignature {
                witness,
                line,
                answer,
            }),
        };
        self.jobs.send(job).await.ok()?;
        answered.await.ok()
    }
}
