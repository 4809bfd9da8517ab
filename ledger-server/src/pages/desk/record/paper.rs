//! The documents that go with an event: those that the charter lists for the step, and others.

use std::collections::BTreeSet;

use ledger_core::Role;
use ledger_core::Step;

use crate::drafting::Drafting;
use crate::shape::{self, Shape};

/// Documents that hold what members and bidders gave of themselves, by step: private unless somebody
/// says otherwise.
const PERSONAL: [(Step, &str); 6] = [
    (Step::MemberVote, "attendance"),
    (Step::BidderQualification, "qualification"),
    (Step::BidderQualification, "deposits"),
    (Step::ContractSigning, "contract"),
    (Step::HandoverAndReceipt, "vouchers"),
    (Step::HandoverAndReceipt, "deposit_refunds"),
];

/// A document that the charter lists.
pub(super) struct Slot {
    pub(super) kind: String,
    pub(super) title: String,
    pub(super) required: bool,
    pub(super) private: bool,
}

/// Who may read a private document.
pub(super) struct Reader {
    pub(super) role: Role,
    pub(super) name: &'static str,
    pub(super) usual: bool,
}

/// Whether events of this kind name documents.
pub(super) fn are_taken(kind: &str) -> bool {
    let Some(Shape::Object(fields)) = shape::known(kind) else {
        return false;
    };
    fields.iter().any(|field| field.name == "documents")
}

/// The documents that the charter lists for a kind of event.
pub(super) fn slots(drafting: &Drafting<'_>) -> Vec<Slot> {
    let Ok(step) = drafting.kind.parse::<Step>() else {
        return Vec::new();
    };
    let rules = drafting.charter.steps.of(step).documents.iter();
    let is_personal = |kind: &str| PERSONAL.iter().any(|(of, known)| *of == step && *known == kind);
    rules
        .map(|rule| Slot {
            kind: rule.kind.to_string(),
            title: rule.title.to_string(),
            required: rule.required,
            private: is_personal(rule.kind.as_str()),
        })
        .collect()
}

/// All roles that could read a private document; those that sign, and the supervisors, usually do.
pub(super) fn readers(drafting: &Drafting<'_>) -> Vec<Reader> {
    let charter = drafting.charter;
    let rule = match drafting.kind.parse::<Step>() {
        Ok(step) => &charter.steps.of(step).signing,
        Err(_) => charter
            .signing
            .of(drafting.kind)
            .unwrap_or(&charter.postings),
    };
    let cosigners = rule.cosigns.iter().map(|cosigner| cosigner.role);
    let usual: BTreeSet<Role> = cosigners.chain([rule.answers, Role::Supervisor]).collect();
    let read = Role::ALL.iter().filter(|role| **role != Role::Intake);
    read.map(|role| Reader {
        role: *role,
        name: drafting.language.pick(role.zh(), role.en()),
        usual: usual.contains(role),
    })
    .collect()
}
