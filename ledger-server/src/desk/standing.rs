//! The part of a ledger that a draft touches, as it stands in the newest snapshot.
//!
//! Read back from the entries of the streams concerned, so that a draft costs as much in a log of ten
//! million entries as in one of ten.

use std::sync::Arc;

use ledger_core::event::Statement;
use ledger_core::name::{ConcernId, StreamId};
use ledger_core::state::{State, touches};
use ledger_core::{LogTime, TransactionId};

use crate::catalogue::{Catalogue, NoView, read};
use crate::drafting::{self, Misplaced};
use crate::served::{Served, Snapshot};

/// What is known of the streams that a draft touches.
pub(crate) struct Standing {
    pub(crate) state: State,
    /// The log's clock: what an entry that came now would be stamped with.
    pub(crate) now: LogTime,
}

impl Standing {
    /// Of these streams, in a snapshot. May wait for a disk.
    pub(crate) fn of(
        ledger: &Served,
        snapshot: &Arc<Snapshot>,
        streams: &[StreamId],
    ) -> Result<Self, NoView> {
        let state = ledger.catalogue.standing(snapshot, streams)?;
        let last = snapshot.size().checked_sub(1);
        let last = last.map(|last| read(snapshot, &[last])).transpose()?;
        let last = last.and_then(|read| read.first().map(|(_, entry)| entry.received_at));
        let now = (ledger.clock)();
        Ok(Self {
            state,
            now: last.map_or(now, |last| last.max(now)),
        })
    }

    /// Of all that a statement touches.
    pub(crate) fn under(
        ledger: &Served,
        snapshot: &Arc<Snapshot>,
        statement: &Statement,
    ) -> Result<Self, NoView> {
        Self::of(ledger, snapshot, &touches(statement))
    }
}

/// What a draft is about, as somebody at the desk says it.
pub(crate) struct About<'a> {
    pub(crate) kind: &'a str,
    pub(crate) transaction: Option<&'a TransactionId>,
    pub(crate) concern: Option<&'a ConcernId>,
}

impl About<'_> {
    /// The streams that were named.
    pub(crate) fn streams(&self) -> Vec<StreamId> {
        let transaction = self.transaction.cloned().map(StreamId::Transaction);
        let concern = self.concern.cloned().map(StreamId::Concern);
        transaction.into_iter().chain(concern).collect()
    }

    /// The stream that the event belongs in.
    pub(crate) fn stream(
        &self,
        catalogue: &Catalogue,
        state: &State,
    ) -> Result<StreamId, Misplaced> {
        let raised = |id: &TransactionId| {
            let transaction = state.transaction(id);
            transaction.map_or(0, |transaction| transaction.concerns.raised().len())
        };
        let taken = |id: &ConcernId| catalogue.knows(&StreamId::Concern(id.clone()));
        drafting::stream_of(self.kind, self.transaction, self.concern, raised, taken)
    }
}
