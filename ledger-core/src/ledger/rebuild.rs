//! Builds a ledger's store again from its entries: what an import and a restored mirror do. (重建)
//!
//! Every entry goes through the same functions as in an audit, and nothing is published before the
//! signed checkpoint has been found to be of exactly these entries. Signs nothing: it has no key. But where
//! entries are gone for good, what could be saved goes on as another log, with a key of its own, and the
//! first thing that this one signs is the declaration of the loss.

use crate::admit::{self, Entry};
use crate::audit::{self, Fault, FaultKind, Pins, Replay};
use crate::authenticate::authenticate;
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::event::{Event, SignedEvent};
use crate::hash::Hash;
use crate::key::SigningKey;
use crate::refusal::Refusal;
use crate::state::State;
use crate::store::{Batch, DocumentChanges, Store, StoreError};
use crate::time::LogTime;
use crate::tree::Frontier;

use super::{AppendError, CHUNK, LedgerError, documents, sign, touches_of};

/// A ledger could not be built again. (重建未成)
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RebuildError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An entry, or the checkpoint, does not hold.
    #[error("{}", .0.kind)]
    Fault(Fault),
    /// The store holds something already.
    #[error(
        "要写入的存储不是空的，已有 {found} 条 (the store must be empty, and holds {found} entries)"
    )]
    NotEmpty {
        /// How many entries it has.
        found: u64,
    },
    /// There are more or fewer entries than the checkpoint says.
    #[error(
        "检查点说有 {expected} 条，实有 {found} 条 (the checkpoint is of {expected} entries, found {found})"
    )]
    Size {
        /// What the checkpoint says.
        expected: u64,
        /// How many there were.
        found: u64,
    },
    /// The entries do not make up the tree that was signed.
    #[error(
        "检查点签署的树根是 {expected}，这些条目的树根是 {found} (the signed root is {expected}, that of the entries {found})"
    )]
    Root {
        /// The root that was signed.
        expected: Hash,
        /// The root of the entries.
        found: Hash,
    },
}

/// A store that is being filled, entry by entry, and not yet published. (重建中的账本)
#[derive(Debug)]
pub struct Rebuild<'a, S> {
    batch: Batch,
    changes: DocumentChanges,
    /// What the entries are to come to; not known where they are only being saved.
    checkpoint: Option<SignedCheckpoint>,
    frontier: Frontier,
    pins: &'a Pins,
    replay: Replay,
    store: S,
}

impl<'a, S: Store> Rebuild<'a, S> {
    /// Begins with an empty store and the checkpoint that the entries are to come to.
    ///
    /// # Errors
    /// [`RebuildError::NotEmpty`]; [`RebuildError::Fault`] if the pinned key did not sign the checkpoint.
    pub fn new(store: S, pins: &'a Pins, checkpoint: &[u8]) -> Result<Self, RebuildError> {
        let checkpoint = SignedCheckpoint::open(checkpoint, &pins.log_key)
            .map_err(|error| fault(None, error.into()))?;
        let found = checkpoint.checkpoint().origin();
        if found != pins.origin.as_str() {
            let (expected, found) = (pins.origin.to_string(), found.to_owned());
            return Err(fault(None, FaultKind::Origin { expected, found }));
        }
        Self::begin(store, pins, Some(checkpoint))
    }

    /// Begins with an empty store, to save what entries there are: as far as they hold, under no
    /// checkpoint. Only [`Rebuild::succeed`] can end it.
    ///
    /// # Errors
    /// [`RebuildError::NotEmpty`].
    pub fn saving(store: S, pins: &'a Pins) -> Result<Self, RebuildError> {
        Self::begin(store, pins, None)
    }

    fn begin(
        store: S,
        pins: &'a Pins,
        checkpoint: Option<SignedCheckpoint>,
    ) -> Result<Self, RebuildError> {
        if store.size() > 0 {
            let found = store.size();
            return Err(RebuildError::NotEmpty { found });
        }
        Ok(Self {
            batch: Batch::default(),
            changes: DocumentChanges::default(),
            checkpoint,
            frontier: Frontier::new(),
            pins,
            replay: Replay::new(),
            store,
        })
    }

    /// How many entries have been taken.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The root of the entries so far.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The state after the entries so far.
    #[must_use]
    pub fn state(&self) -> &State {
        self.replay.state()
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// [`RebuildError::Fault`] if it does not hold here; [`RebuildError::Size`] if it is one more than
    /// the checkpoint says; [`RebuildError::Store`].
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Entry, RebuildError> {
        let index = self.frontier.size();
        let stated = self.checkpoint.as_ref().map(SignedCheckpoint::checkpoint);
        if let Some(expected) = stated.map(Checkpoint::size).filter(|size| index >= *size) {
            let found = index + 1;
            return Err(RebuildError::Size { expected, found });
        }
        let entry = self
            .replay
            .feed(bytes)
            .map_err(|kind| fault(Some(index), kind))?;
        if index == 0 && entry.leaf() != self.pins.ledger_id {
            let (expected, found) = (self.pins.ledger_id, entry.leaf());
            return Err(fault(Some(0), FaultKind::LedgerId { expected, found }));
        }
        self.take(&entry)?;
        Ok(entry)
    }

    fn take(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let (at, signed) = (entry.received_at(), entry.signed());
        if let Some(ledger) = self.replay.state().ledger() {
            // Members' keys are named after the founding log, also where a new one goes on.
            documents::note(&mut self.changes, &ledger.origin, entry.index(), at, signed);
        }
        // A new store has nothing that was handed in ahead of its entry.
        self.changes.public.clear();
        self.changes.private.clear();
        self.batch.nodes.extend(self.frontier.push(entry.leaf()));
        self.batch.entries.push(entry.bytes().to_vec());
        self.batch.touches.push(touches_of(entry.statement()));
        if self.batch.entries.len() >= CHUNK {
            self.flush()?;
        }
        Ok(())
    }

    /// Publishes the checkpoint, if these are its entries, and gives the store back.
    ///
    /// # Errors
    /// [`RebuildError::Size`], [`RebuildError::Root`], [`RebuildError::Store`]; an empty log is a
    /// [`RebuildError::Fault`].
    pub fn finish(mut self) -> Result<S, RebuildError> {
        let Some(checkpoint) = self.checkpoint.take() else {
            return Err(fault(None, FaultKind::Empty));
        };
        let stated = checkpoint.checkpoint();
        let (expected, found) = (stated.size(), self.frontier.size());
        if expected != found {
            return Err(RebuildError::Size { expected, found });
        }
        if found == 0 {
            return Err(fault(None, FaultKind::Empty));
        }
        let (expected, root) = (*stated.root(), self.frontier.root());
        if expected != root {
            let found = root;
            return Err(RebuildError::Root { expected, found });
        }
        audit::check_log(self.replay.state(), self.pins).map_err(|kind| fault(None, kind))?;
        self.flush()?;
        self.store.publish(found, &checkpoint.to_bytes())?;
        self.store.settle_documents(found, &self.changes)?;
        Ok(self.store)
    }

    /// Declares the loss of all that did not come: puts the signed declaration behind the entries, as the
    /// first entry that the new log's key signs for, publishes that, and gives the store back.
    ///
    /// # Errors
    /// [`AppendError::Parse`] or [`AppendError::Refused`] if it is no declaration of this loss;
    /// [`LedgerError::WrongKey`] if it names another key than this.
    pub fn succeed(
        mut self,
        log_key: &SigningKey,
        declaration: &[u8],
        now: LogTime,
    ) -> Result<S, AppendError> {
        let entry = self.declare(log_key, declaration, now)?;
        let store = |error: StoreError| LedgerError::from(error);
        self.take(&entry).map_err(store)?;
        self.flush().map_err(store)?;
        let (size, root) = (self.frontier.size(), self.frontier.root());
        let checkpoint = sign(log_key, size, root).map_err(LedgerError::from)?;
        let published = self.store.publish(size, &checkpoint.to_bytes());
        published.map_err(store)?;
        let settled = self.store.settle_documents(size, &self.changes);
        settled.map_err(store)?;
        Ok(self.store)
    }

    /// Whether a declaration could stand behind the entries so far: what [`Rebuild::succeed`] asks, and
    /// nothing is changed.
    ///
    /// # Errors
    /// As [`Rebuild::succeed`].
    pub fn declare(
        &self,
        log_key: &SigningKey,
        declaration: &[u8],
        now: LogTime,
    ) -> Result<Entry, AppendError> {
        let signed = SignedEvent::parse(declaration)?;
        let named = match &signed.statement().event {
            Event::LossDeclared(declared) => declared.log_key.clone(),
            _ => return Err(Refusal::NotOpened.into()),
        };
        if named != *log_key.verifier() {
            return Err(AppendError::Ledger(LedgerError::WrongKey {
                expected: named.to_string(),
                found: log_key.verifier().to_string(),
            }));
        }
        let state = self.replay.state();
        let authentic = authenticate(state, signed)?;
        let entry = admit::admit(state, authentic, now)?;
        admit::check_saved(&entry.statement().event, || self.frontier.root())?;
        Ok(entry)
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let batch = std::mem::take(&mut self.batch);
        self.store.append(self.store.size(), &batch)
    }
}

fn fault(index: Option<u64>, kind: FaultKind) -> RebuildError {
    RebuildError::Fault(Fault { index, kind })
}
