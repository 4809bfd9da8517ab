//! The documents that go with an event: those that the charter lists for the step, and others.

use ledger_core::{Role, Step};

use crate::drafting::{Drafting, is_personal};
use crate::shape::{self, Shape};

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
    rules
        .map(|rule| Slot {
            kind: rule.kind.to_string(),
            title: rule.title.to_string(),
            required: rule.required,
            private: is_personal(step, rule.kind.as_str()),
        })
        .collect()
}

/// All roles that could read a private document; those that sign, and the supervisors, usually do.
pub(super) fn readers(drafting: &Drafting<'_>) -> Vec<Reader> {
    let usual = drafting.usual_readers();
    let roles = Role::ALL.iter().filter(|role| **role != Role::Intake);
    roles
        .map(|role| Reader {
            role: *role,
            name: drafting.language.pick(role.zh(), role.en()),
            usual: usual.contains(role),
        })
        .collect()
}
