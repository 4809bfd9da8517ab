//! In which stream an event belongs, by what was said of it.

use ledger_core::TransactionId;
use ledger_core::event::{Event, Home};
use ledger_core::name::{ConcernId, StreamId};

/// The event that begins a concern: it names its transaction, and may leave the id to be made up.
const RAISED: &str = "concern_raised";

/// What was said of the place of an event is not what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misplaced {
    /// It belongs to a concern, and none is named.
    NoConcern,
    /// It belongs to a transaction, and none is named.
    NoTransaction,
    /// A concern is named, and it does not belong to one.
    ConcernNamed,
    /// A transaction is named, and it belongs to the ledger itself.
    TransactionNamed,
}

/// Whether it was said in which stream an event of this kind belongs.
pub(crate) fn check_place(
    kind: &str,
    transaction: Option<&TransactionId>,
    concern: Option<&ConcernId>,
) -> Result<(), Misplaced> {
    let home = Event::home_of(kind).unwrap_or(Home::Ledger);
    let of_concern = home == Home::Concern;
    if of_concern && kind != RAISED {
        return concern.map(|_| ()).ok_or(Misplaced::NoConcern);
    }
    if concern.is_some() && home == Home::Any {
        return Ok(());
    }
    if concern.is_some() && !of_concern {
        return Err(Misplaced::ConcernNamed);
    }
    let named = transaction.cloned().map(StreamId::Transaction);
    let stream = named.unwrap_or(StreamId::Ledger);
    if home.takes(&stream) || of_concern && transaction.is_some() {
        return Ok(());
    }
    Err(match transaction {
        None => Misplaced::NoTransaction,
        Some(_) => Misplaced::TransactionNamed,
    })
}

/// The stream that the event belongs in. A new concern that has no id yet gets one by its transaction, of
/// which so many were `raised`: the next number that is not taken.
pub(crate) fn stream_of(
    kind: &str,
    transaction: Option<&TransactionId>,
    concern: Option<&ConcernId>,
    raised: impl Fn(&TransactionId) -> usize,
    is_taken: impl Fn(&ConcernId) -> bool,
) -> Result<StreamId, Misplaced> {
    check_place(kind, transaction, concern)?;
    if let Some(id) = concern {
        return Ok(StreamId::Concern(id.clone()));
    }
    if Event::home_of(kind) != Some(Home::Concern) {
        let named = transaction.cloned().map(StreamId::Transaction);
        return Ok(named.unwrap_or(StreamId::Ledger));
    }
    let transaction = transaction.ok_or(Misplaced::NoConcern)?;
    let first = raised(transaction) + 1;
    let mut ids = (first..).map(|number| format!("{transaction}-y{number}").parse::<ConcernId>());
    let free = ids.find(|id| !id.as_ref().is_ok_and(&is_taken));
    match free {
        Some(Ok(id)) => Ok(StreamId::Concern(id)),
        _ => Err(Misplaced::NoConcern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_asked_for_where_it_is_missing_and_refused_where_it_is_too_much() {
        let transaction: TransactionId = "2026-001".parse().unwrap();
        let concern: ConcernId = "2026-001-y1".parse().unwrap();
        let (t, c) = (Some(&transaction), Some(&concern));
        for (kind, transaction, concern, expected) in [
            ("member_vote", None, None, Err(Misplaced::NoTransaction)),
            ("member_vote", t, None, Ok("transaction/2026-001")),
            ("member_vote", t, c, Err(Misplaced::ConcernNamed)),
            ("role_granted", None, None, Ok("ledger")),
            ("role_granted", t, None, Err(Misplaced::TransactionNamed)),
            ("concern_answered", t, None, Err(Misplaced::NoConcern)),
            ("concern_answered", None, c, Ok("concern/2026-001-y1")),
            ("concern_raised", None, None, Err(Misplaced::NoTransaction)),
            ("concern_raised", t, None, Ok("concern/2026-001-y3")),
            ("concern_raised", t, c, Ok("concern/2026-001-y1")),
            ("document_erased", None, c, Ok("concern/2026-001-y1")),
        ] {
            let taken = |id: &ConcernId| id.as_str() == "2026-001-y2";
            let found = stream_of(kind, transaction, concern, |_| 1, taken);
            let expected = expected.map(|stream: &str| stream.parse().unwrap());
            assert_eq!(found, expected, "{kind}");
        }
    }
}
