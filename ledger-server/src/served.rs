//! The ledgers as readers see them: what is published, and where to send what is to be written.
//!
//! The writer's thread publishes an immutable [`Snapshot`] after each commit. A read takes the newest
//! one and reads what it needs through the store's own concurrent reader; it waits for no write. Knows
//! nothing of HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::body::Bytes;
use ledger_core::LogTime;
use ledger_core::checkpoint::SignedCheckpoint;
use ledger_core::hash::Digest;
use ledger_core::key::VerifierKey;
use ledger_core::ledger::{LedgerError, Receipt, Submission};
use ledger_core::note::SignatureLine;
use ledger_core::policy::Policy;
use ledger_core::proof::Proof;
use ledger_core::state::LedgerState;
use ledger_core::store::local::{LocalDocuments, LocalReader, LocalStore};
use ledger_core::store::{Store, StoreError};
use ledger_core::tree::{self, HashReader};
use tokio::sync::watch;

use crate::catalogue::Catalogue;
use crate::desk::Desk;
use crate::documents::Counter;
use crate::intake::Intake;
use crate::queue::{Queue, SubmitError};
use crate::stop::SigningStop;

/// How long a note may be, in bytes, to be read and verified where it arrives, while the writer is at work
/// on others. A longer one waits as it came: what was read takes several times as much memory.
const LOOKED_AT: usize = 8 * 1024;

/// Reads what is published of one ledger while another thread appends.
///
/// What is published can always be read: a reader is never behind the newest [`Snapshot`].
pub trait PublishedReader: HashReader<Error = StoreError> + Send + Sync {
    /// Reads exactly `count` entries, each checked against its leaf hash.
    ///
    /// # Errors
    /// [`StoreError::OutOfRange`] if not all of them are published, or as the store fails.
    fn entries(&self, start: u64, count: usize) -> Result<Vec<Vec<u8>>, StoreError>;

    /// Reads a document, checked against its digest; `None` if it is not kept.
    ///
    /// # Errors
    /// If it is damaged or cannot be read.
    fn document(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError>;

    /// Documents to be read and handed in by parts; `None` if the store has none such.
    fn documents(&self) -> Option<LocalDocuments> {
        None
    }
}

/// A store whose published part other threads can read.
pub trait ServedStore: Store + Send + 'static {
    /// A handle for readers.
    fn reader(&self) -> Arc<dyn PublishedReader>;
}

/// What one commit published. (已公布的账本状态)
#[derive(Clone)]
pub struct Snapshot {
    /// The newest checkpoint.
    pub checkpoint: Arc<SignedCheckpoint>,
    /// Collective, roster and charters under it.
    pub state: Arc<LedgerState>,
    /// Reads the entries, hashes and documents.
    pub reader: Arc<dyn PublishedReader>,
}

impl Snapshot {
    /// How many entries are published.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.checkpoint.checkpoint().size()
    }

    /// The receipt of an entry under this snapshot's checkpoint. Reads hashes, so it may block.
    ///
    /// # Errors
    /// [`LedgerError::NoEntry`] if it is not published.
    pub fn proof(&self, index: u64) -> Result<Proof, LedgerError> {
        let size = self.size();
        if index >= size {
            return Err(LedgerError::NoEntry { index, size });
        }
        let hashes = tree::prove_inclusion(&&*self.reader, index, size)?;
        Ok(Proof::new(index, hashes, &self.checkpoint)?)
    }
}

/// Why a ledger cannot be written.
#[derive(Default)]
pub(crate) struct Failing(RwLock<Option<Arc<LedgerError>>>);

impl Failing {
    pub(crate) fn set(&self, why: Option<Arc<LedgerError>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = why;
    }
}

/// A clock that any thread can read.
pub(crate) type Clock = Arc<dyn Fn() -> LogTime + Send + Sync>;

/// One ledger as it is served. (对外的账本)
pub struct Served {
    pub(crate) catalogue: Arc<Catalogue>,
    /// The log's clock, as the writer reads it.
    pub(crate) clock: Clock,
    pub(crate) counter: Counter,
    pub(crate) desk: Desk,
    pub(crate) failing: Arc<Failing>,
    pub(crate) intake: Option<Intake>,
    pub(crate) log_key: VerifierKey,
    pub(crate) policy: watch::Sender<Arc<Policy>>,
    pub(crate) queue: Queue,
    pub(crate) slug: String,
    pub(crate) snapshot: watch::Receiver<Arc<Snapshot>>,
    pub(crate) stop: Arc<SigningStop>,
}

impl Served {
    /// The path under which it is served.
    #[must_use]
    pub fn slug(&self) -> &str {
        &self.slug
    }

    /// The key that verifies its checkpoints.
    #[must_use]
    pub fn log_key(&self) -> &VerifierKey {
        &self.log_key
    }

    /// Which witnesses its checkpoints should have. (见证规则)
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy.borrow())
    }

    /// From now on its checkpoints should have these witnesses. Those that are new are asked.
    pub fn set_policy(&self, policy: Policy) {
        self.policy.send_replace(Arc::new(policy));
    }

    /// Tells of every later policy.
    pub(crate) fn policies(&self) -> watch::Receiver<Arc<Policy>> {
        self.policy.subscribe()
    }

    /// What is published now.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.borrow())
    }

    /// Submits a signed event and waits for its receipt. Once sent, it is carried out even if the
    /// caller no longer waits.
    ///
    /// # Errors
    /// [`SubmitError`]: there is no receipt.
    pub async fn submit(&self, note: Bytes) -> Result<Receipt, SubmitError> {
        let submission = || {
            let is_small = note.len() <= LOOKED_AT;
            let submission = Submission::new(Vec::from(note));
            if !is_small {
                return submission;
            }
            let snapshot = self.snapshot();
            submission.looked_at(&snapshot.state, snapshot.size())
        };
        self.queue.submit(submission).await
    }

    /// Tells of every later snapshot, the newest only if there were several.
    #[must_use]
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshot.clone()
    }

    /// Puts a witness's line below the newest checkpoint: whether it stands there now, which it does not
    /// if it is over an older one; `None` if the ledger cannot be written.
    pub async fn add_cosignature(&self, witness: VerifierKey, line: SignatureLine) -> Option<bool> {
        self.queue.cosign(witness, line).await
    }

    /// Why it does not sign any more; `None` while it does. (停签原因)
    #[must_use]
    pub fn stopped(&self) -> Option<&Arc<str>> {
        self.stop.reason()
    }

    /// Ends the signing. May wait for a disk.
    pub(crate) fn stop_signing(&self, reason: &str) {
        self.stop.stop(&self.slug, reason);
    }

    /// Whether it can be written now: not after a failed write, until it could be opened again, and not
    /// after the signing was stopped.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        let failing = self.failing().is_some() || self.queue.is_closed();
        !failing && self.stopped().is_none()
    }

    /// Why it could not be written when that was last tried; `None` if it could.
    pub(crate) fn failing(&self) -> Option<Arc<LedgerError>> {
        let why = self.failing.0.read();
        why.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// All ledgers of a server, by slug. Cheap to clone.
#[derive(Clone)]
pub struct Ledgers(pub(crate) Arc<BTreeMap<String, Arc<Served>>>);

impl Ledgers {
    /// The ledgers, in the order of their slugs.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Served>> {
        self.0.values()
    }

    /// A ledger by its slug.
    #[must_use]
    pub fn by_slug(&self, slug: &str) -> Option<&Arc<Served>> {
        self.0.get(slug)
    }
}

impl PublishedReader for LocalReader {
    fn entries(&self, start: u64, count: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        Self::entries(self, start, count)
    }

    fn document(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        Self::document(self, digest)
    }

    fn documents(&self) -> Option<LocalDocuments> {
        Some(Self::documents(self))
    }
}

impl ServedStore for LocalStore {
    fn reader(&self) -> Arc<dyn PublishedReader> {
        Arc::new(Self::reader(self))
    }
}
