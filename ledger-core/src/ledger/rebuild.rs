//! Builds a ledger's store again from its entries: what an import and a restored mirror do. (重建)
//!
//! Every entry goes through the same functions as in an audit, and nothing is published before the
//! signed checkpoint has been found to be of exactly these entries. Signs nothing: it has no key.

use crate::admit::Entry;
use crate::audit::{Fault, FaultKind, Pins, Replay};
use crate::checkpoint::SignedCheckpoint;
use crate::event::Event;
use crate::hash::Hash;
use crate::state::State;
use crate::store::{Batch, DocumentChanges, Store, StoreError};
use crate::tree::Frontier;

use super::{CHUNK, documents, touches_of};

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
    checkpoint: SignedCheckpoint,
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
        if store.size() > 0 {
            let found = store.size();
            return Err(RebuildError::NotEmpty { found });
        }
        let checkpoint = SignedCheckpoint::open(checkpoint, &pins.log_key)
            .map_err(|error| fault(None, error.into()))?;
        let found = checkpoint.checkpoint().origin();
        if found != pins.origin.as_str() {
            let (expected, found) = (pins.origin.to_string(), found.to_owned());
            return Err(fault(None, FaultKind::Origin { expected, found }));
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
        let expected = self.checkpoint.checkpoint().size();
        if index >= expected {
            let found = index + 1;
            return Err(RebuildError::Size { expected, found });
        }
        let entry = self
            .replay
            .feed(bytes)
            .map_err(|kind| fault(Some(index), kind))?;
        if index == 0 {
            check_first(self.pins, &entry).map_err(|kind| fault(Some(0), kind))?;
        }
        let (at, signed) = (entry.received_at(), entry.signed());
        let origin = &self.pins.origin;
        documents::note(&mut self.changes, origin, index, at, signed);
        // A new store has nothing that was handed in ahead of its entry.
        self.changes.public.clear();
        self.changes.private.clear();
        self.batch.nodes.extend(self.frontier.push(entry.leaf()));
        self.batch.entries.push(entry.bytes().to_vec());
        self.batch.touches.push(touches_of(entry.statement()));
        if self.batch.entries.len() >= CHUNK {
            self.flush()?;
        }
        Ok(entry)
    }

    /// Publishes the checkpoint, if these are its entries, and gives the store back.
    ///
    /// # Errors
    /// [`RebuildError::Size`], [`RebuildError::Root`], [`RebuildError::Store`]; an empty log is a
    /// [`RebuildError::Fault`].
    pub fn finish(mut self) -> Result<S, RebuildError> {
        let stated = self.checkpoint.checkpoint();
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
        self.flush()?;
        self.store.publish(found, &self.checkpoint.to_bytes())?;
        self.store.settle_documents(found, &self.changes)?;
        Ok(self.store)
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let batch = std::mem::take(&mut self.batch);
        self.store.append(self.store.size(), &batch)
    }
}

fn check_first(pins: &Pins, entry: &Entry) -> Result<(), FaultKind> {
    if entry.leaf() != pins.ledger_id {
        let (expected, found) = (pins.ledger_id, entry.leaf());
        return Err(FaultKind::LedgerId { expected, found });
    }
    match &entry.statement().event {
        Event::LedgerOpened(opened) if opened.origin == pins.origin => Ok(()),
        other => {
            let found = match other {
                Event::LedgerOpened(opened) => opened.origin.to_string(),
                other => other.kind().to_owned(),
            };
            let expected = pins.origin.to_string();
            Err(FaultKind::Origin { expected, found })
        }
    }
}

fn fault(index: Option<u64>, kind: FaultKind) -> RebuildError {
    RebuildError::Fault(Fault { index, kind })
}
