//! The documents of an event: which are private unless somebody says otherwise, and who may read those.

use std::collections::BTreeSet;

use ledger_core::charter::SigningRule;
use ledger_core::event::Event;
use ledger_core::event::Family;
use ledger_core::{Role, Step};

use super::Drafting;

/// Documents that hold what members and bidders gave of themselves, by step.
const PERSONAL: [(Step, &str); 6] = [
    (Step::MemberVote, "attendance"),
    (Step::BidderQualification, "qualification"),
    (Step::BidderQualification, "deposits"),
    (Step::ContractSigning, "contract"),
    (Step::HandoverAndReceipt, "vouchers"),
    (Step::HandoverAndReceipt, "deposit_refunds"),
];

/// Whether a step's document usually holds personal data.
pub(crate) fn is_personal(step: Step, kind: &str) -> bool {
    PERSONAL.contains(&(step, kind))
}

impl Drafting<'_> {
    /// Who signs events of this kind; `None` for what its member signs alone, and for a correction, which
    /// is signed as what it corrects.
    pub(crate) fn signing(&self) -> Option<&SigningRule> {
        let charter = self.charter;
        match self.kind {
            "relative_declared" | "corrected" => None,
            "charter_adopted" => Some(&charter.charter_changes),
            kind => match (Event::family_of(kind), kind.parse::<Step>()) {
                (_, Ok(step)) => Some(&charter.steps.of(step).signing),
                (Some(Family::Ledger), _) => Some(&charter.roster_changes),
                (Some(Family::Posting), _) => Some(&charter.postings),
                _ => charter.signing.of(kind),
            },
        }
    }

    /// Who may usually read private documents: those that sign the event, and the supervisors.
    pub(crate) fn usual_readers(&self) -> BTreeSet<Role> {
        let rule = self.signing().unwrap_or(&self.charter.postings);
        let cosigners = rule.cosigns.iter().map(|cosigner| cosigner.role);
        cosigners.chain([rule.answers, Role::Supervisor]).collect()
    }
}
