//! Why a draft is not taken, as a client is told it: with the field at fault, if it is one.

use axum::http::StatusCode;
use ledger_core::Language;
use ledger_core::refusal::Class;

use crate::drafting::{Fault, Misplaced};
use crate::problem::Problem;
use crate::shape;

/// A draft that is at fault, or that a rule refuses: 422, or 403 where it is for others to sign.
pub(super) fn refused(fault: &Fault, kind: &str, language: Language) -> Problem {
    let mut problem = match fault {
        Fault::Refused(refusal) => {
            let status = match refusal.class() {
                Class::Authority => StatusCode::FORBIDDEN,
                Class::Conflict | Class::Rule => StatusCode::UNPROCESSABLE_ENTITY,
            };
            Problem::of_refusal(refusal, language).restated(status, fault.detail(kind, language))
        }
        _ => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            fault.rule(),
            fault.title(language),
            fault.detail(kind, language),
        ),
    };
    if let Some(field) = fault.field() {
        if let Some(name) = shape::name_of(kind, &field, language) {
            problem = problem.with("field_name", name);
        }
        problem = problem.with("field", field);
    }
    problem
}

/// It was not said, or said wrongly, where the event belongs.
pub(super) fn misplaced(place: Misplaced, language: Language) -> Problem {
    let (field, zh, en) = match place {
        Misplaced::NoConcern => (
            "concern",
            "这一项属于某条群众意见，请先选是哪一条。",
            "This belongs to a concern: choose which.",
        ),
        Misplaced::NoTransaction => (
            "transaction",
            "这一项属于某笔交易，请先选交易，或给新交易一个编号（如 2026-001）。",
            "This belongs to a transaction: choose one, or give a new one an id, as in 2026-001.",
        ),
        Misplaced::ConcernNamed => (
            "concern",
            "这一项不是群众意见的事项，请不要选意见。",
            "This is no event of a concern: name none.",
        ),
        Misplaced::TransactionNamed => (
            "transaction",
            "这一项是账本本身的事项，不属于任何交易，请不要选交易。",
            "This belongs to the ledger itself: name no transaction.",
        ),
    };
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "misplaced",
        language.pick("归属不对", "in the wrong place"),
        language.pick(zh, en),
    )
    .with("field", field)
}
