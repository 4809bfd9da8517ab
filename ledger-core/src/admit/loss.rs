//! Rules of a declared loss: only what was signed can have been lost, and no log is signed twice.

use super::Case;
use crate::event::{Event, LossDeclared};
use crate::hash::Hash;
use crate::key::Algorithm;
use crate::name::Origin;
use crate::refusal::Refusal;

impl Case<'_> {
    /// The declaration is the first entry after those that were saved; the log that they were of has signed
    /// more; and what goes on is another log, by name and by key.
    pub(super) fn loss_declared(&self, declared: &LossDeclared) -> Result<(), Refusal> {
        let (lost, saved) = (&declared.lost, &declared.saved);
        if saved.size != self.position {
            return Err(Refusal::LossMisplaced {
                expected: self.position.to_string(),
                found: saved.size.to_string(),
            });
        }
        if lost.size <= saved.size {
            return Err(Refusal::NothingLost {
                expected: saved.size + 1,
                found: lost.size,
            });
        }
        let unproven = |found| Refusal::LossUnproven {
            expected: self.ledger.log_origin.to_string(),
            found,
        };
        if lost.log_key.name() != self.ledger.log_origin.as_str() {
            return Err(unproven(lost.log_key.name().to_owned()));
        }
        if let Err(error) = lost.checkpoint() {
            return Err(unproven(error.to_string()));
        }
        self.check_new_log(declared)
    }

    fn check_new_log(&self, declared: &LossDeclared) -> Result<(), Refusal> {
        let (new, ledger) = (&declared.log_key, self.ledger);
        let earlier = ledger.losses.iter().map(|loss| &loss.declared.lost.log_key);
        let mut logs = earlier.chain([&declared.lost.log_key]);
        let used = logs.any(|log| log.name() == new.name() || log.public_key() == new.public_key());
        let is_name = new.name().parse::<Origin>().is_ok();
        let by_log = new.algorithm() == Algorithm::Ed25519;
        if used || !is_name || !by_log || ledger.roster.owner_of(new).is_some() {
            return Err(Refusal::LogNotNew {
                found: new.to_string(),
            });
        }
        Ok(())
    }
}

/// The one rule that needs the tree: what is declared as saved is what stands before the declaration.
/// `root` is that of the entries before this event.
pub(crate) fn check_saved(event: &Event, root: impl FnOnce() -> Hash) -> Result<(), Refusal> {
    let Event::LossDeclared(declared) = event else {
        return Ok(());
    };
    let (expected, found) = (root(), declared.saved.root);
    if expected == found {
        return Ok(());
    }
    Err(Refusal::LossMisplaced {
        expected: expected.to_string(),
        found: found.to_string(),
    })
}
