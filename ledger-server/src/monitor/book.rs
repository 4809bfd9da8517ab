//! A ledger's copy as it was replayed, with what supervisors ask of it: shared with who shows it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use ledger_core::LogTime;
use ledger_core::admit::Entry;
use ledger_core::audit::{FaultKind, Replay};
use ledger_core::event::LoggedEntry;
use ledger_core::state::State;

use crate::overview::{Lists, Overview, Period, Record};

/// What was replayed. (核对过的账本)
pub(crate) struct Book {
    replay: Replay,
    /// Kept where somebody asks for it.
    record: Option<Record>,
}

/// A reader that broke off has altered nothing.
pub(crate) fn locked(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Book {
    pub(super) fn new(supervised: bool) -> Self {
        Self {
            replay: Replay::new(),
            record: supervised.then(Record::default),
        }
    }

    pub(crate) fn state(&self) -> &State {
        self.replay.state()
    }

    /// Replays the next entry.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<Entry, FaultKind> {
        let Some(record) = &mut self.record else {
            return self.replay.feed(bytes);
        };
        let logged = LoggedEntry::parse(bytes)?;
        let statement = logged.signed.statement();
        let state = self.replay.state();
        let before = record.before(state, true, statement, logged.received_at);
        let entry = self.replay.feed(bytes)?;
        record.take(before, &entry, self.replay.state());
        Ok(entry)
    }

    /// What supervisors ask of a period; none if nothing is kept for them.
    pub(crate) fn overview(&mut self, period: Period, now: LogTime) -> Option<Overview> {
        let record = self.record.as_mut()?;
        Some(record.overview(period, self.replay.state(), true, now))
    }

    /// What was late in a period.
    pub(crate) fn late_in(&self, period: Period) -> Lists {
        let record = self.record.as_ref();
        record
            .map(|record| record.lists(period))
            .unwrap_or_default()
    }
}
