//! Streams as their entries left them, read back from a store of one's own. (重读)
//!
//! For reading only: what is fed here was admitted before, by the same program, and has been checked
//! against its leaf hash; it is neither authenticated nor judged again. Who reads somebody else's log
//! uses [`mod@crate::audit`]. Knows no store: the caller brings the entries, in the order of the log.

use crate::admit::Entry;
use crate::event::LoggedEntry;
use crate::evolve::evolve;
use crate::name::StreamId;
use crate::state::{LedgerState, State};

/// A working set that is being read back. (重读的工作集)
#[derive(Debug, Clone, Default)]
pub struct Reread {
    state: State,
}

impl Reread {
    /// Before entry 0: to be fed every entry of the log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Under the ledger's own state as it stands: to be fed entries of other streams only.
    #[must_use]
    pub fn under(ledger: &LedgerState) -> Self {
        Self {
            state: State {
                ledger: Some(ledger.clone()),
                ..State::new()
            },
        }
    }

    /// Takes the next of the entries. Each is to be fed once to what it bears on.
    pub fn feed(&mut self, index: u64, logged: LoggedEntry) -> Entry {
        let entry = Entry::reread(self.state.ledger(), index, logged);
        evolve(&mut self.state, &entry);
        entry
    }

    /// Takes in the transactions and concerns that another working set has read back.
    pub fn take_in(&mut self, other: Self) {
        self.state.transactions.extend(other.state.transactions);
        self.state.concerns.extend(other.state.concerns);
    }

    /// Drops a transaction or a concern from the working set; it is there again once it was
    /// read back elsewhere and [taken in](Self::take_in).
    pub fn forget(&mut self, stream: &StreamId) {
        match stream {
            StreamId::Ledger => {}
            StreamId::Transaction(id) => {
                self.state.transactions.remove(id);
            }
            StreamId::Concern(id) => {
                self.state.concerns.remove(id);
            }
        }
    }

    /// The state after the entries so far.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The state, as it stands in a log of `size` entries: those that were not fed bear on nothing here.
    #[must_use]
    pub fn into_state(mut self, size: u64) -> State {
        self.state.size = self.state.size.max(size);
        self.state
    }
}
