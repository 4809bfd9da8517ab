//! What of a draft still holds by the newest entry: whether it stands, and whose signatures count.
//!
//! Time passes between a signature and the entry: keys are exchanged, offices end, the server dies between
//! the log and the inbox. What is kept is never changed by looking at it, but for its end.

use ledger_core::signing::roles_of;

use super::{NotDone, Table};
use crate::catalogue::{NoView, read};
use crate::desk::draft::{Draft, Ended};

impl Table<'_> {
    /// A draft with those signatures that count at the newest entry: by the key in use, of somebody who
    /// holds a role that signs it. The others are asked for again. May wait for a disk.
    pub(crate) fn counting(&self, draft: Draft) -> Result<Draft, NotDone> {
        if draft.ended.is_some() || draft.signatures.is_empty() {
            return Ok(draft);
        }
        let (roster, position) = (&self.snapshot.state.roster, self.snapshot.size());
        let rule = self.rule(&draft)?;
        let roles = rule.map(|rule| roles_of(&rule, roster, position));
        let mut draft = draft;
        draft.signatures.retain(|(member, line)| {
            let Some(held) = roster.member(member) else {
                return false;
            };
            let is_in_use = held
                .key_at(position)
                .is_some_and(|key| key.is_named_by(line));
            let has_role = roles.as_ref().is_none_or(|(required, optional)| {
                let mut roles = required.iter().chain(optional);
                roles.any(|role| held.holds(*role, position))
            });
            is_in_use && has_role
        });
        Ok(draft)
    }

    /// The entry of a draft's statement, whoever brought it in and however it is signed there. May wait for
    /// a disk.
    pub(super) fn entry_of(&self, draft: &Draft) -> Result<Option<u64>, NotDone> {
        if !self.is_stale(draft)? {
            return Ok(None);
        }
        let entries = self
            .ledger
            .catalogue
            .entries(&self.snapshot, &draft.statement.stream)?;
        let newer: Vec<u64> = entries
            .into_iter()
            .filter(|index| *index >= draft.size)
            .collect();
        let read = read(&self.snapshot, &newer).map_err(NoView::from)?;
        let own = read
            .iter()
            .find(|(_, entry)| *entry.signed.statement() == draft.statement);
        Ok(own.map(|(index, _)| *index))
    }

    /// As [`Table::entry_of`]; what stands in the log is waited for no longer.
    pub(super) fn found_in_log(&self, draft: &Draft) -> Result<Option<u64>, NotDone> {
        let found = self.entry_of(draft)?;
        if let Some(index) = found {
            // One whose end cannot be kept is found again by the next look.
            if let Err(error) = self.end(&draft.id, Ended::Entered { index }) {
                tracing::warn!(?error, "a draft's end could not be kept");
            }
        }
        Ok(found)
    }
}
