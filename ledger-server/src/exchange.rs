//! The ledger in other programs' forms: raw entries, sheets for offices, OCDS. (导出格式)
//!
//! Each form is written from entries that the audit has admitted, one by one; nothing here decides
//! whether an entry holds, and nothing here chooses where a file goes.

use ledger_core::admit::Entry;
use ledger_core::state::State;

pub(crate) mod lines;
pub(crate) mod ocds;
pub(crate) mod sheet;

/// What a training ledger's exports say of themselves.
pub(crate) const TRAINING: &str = "【演示账本】";

/// A form that is being written.
pub(crate) trait Form {
    /// Takes an entry that holds, with the state after it.
    fn entry(&mut self, entry: &Entry, state: &State) -> anyhow::Result<()>;

    /// Writes what comes last, with the state after the last entry.
    fn finish(self: Box<Self>, state: &State) -> anyhow::Result<()>;
}
