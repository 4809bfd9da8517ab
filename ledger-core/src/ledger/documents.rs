//! What entries say of documents, told to the store: which are named, and which are erased.

use super::{CHUNK, LedgerError};
use crate::authenticate::member_in_name;
use crate::event::{Event, LoggedEntry, SignedEvent};
use crate::name::Origin;
use crate::record::DocumentRef;
use crate::store::{DocumentChanges, Erasure, Store};
use crate::time::LogTime;

/// Adds what one entry says.
pub(super) fn note(
    changes: &mut DocumentChanges,
    origin: &Origin,
    index: u64,
    received_at: LogTime,
    signed: &SignedEvent,
) {
    let event = &signed.statement().event;
    for document in event.documents() {
        match document {
            DocumentRef::Public { sha256, .. } => changes.public.push(*sha256),
            DocumentRef::Private { commitment, .. } => changes.private.push(*commitment),
        }
    }
    if let Some(publication) = event.publication() {
        changes.public.push(publication.disclosure);
    }
    if let Event::DocumentErased(erased) = event {
        let lines = signed.note().signatures().iter();
        let erasure = Erasure {
            at: received_at,
            by: lines
                .filter_map(|line| member_in_name(origin, line.name()))
                .collect(),
            entry: index,
            reason: erased.reason.clone(),
        };
        changes.erased.push((erased.commitment, erasure));
    }
}

/// Tells a store what it has not been told yet of its entries below `size`.
pub(super) fn catch_up<S: Store>(
    store: &mut S,
    origin: &Origin,
    size: u64,
) -> Result<(), LedgerError> {
    while store.documents_settled() < size {
        let from = store.documents_settled();
        let count = usize::try_from(size - from).unwrap_or(CHUNK).min(CHUNK);
        let mut changes = DocumentChanges::default();
        for (index, bytes) in (from..).zip(store.entries(from, count)?) {
            let entry = LoggedEntry::parse(&bytes).map_err(|fault| LedgerError::Entry {
                index,
                fault: fault.to_string(),
            })?;
            note(
                &mut changes,
                origin,
                index,
                entry.received_at,
                &entry.signed,
            );
        }
        store.settle_documents(from + count as u64, &changes)?;
    }
    Ok(())
}
