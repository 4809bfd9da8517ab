//! Concerns that wait for an answer: one task for each transaction, however many there are.

use ledger_core::calendar::Deadline;
use ledger_core::concern::Unanswered;
use ledger_core::name::ConcernId;
use ledger_core::record::ConcernSubject;
use ledger_core::state::LedgerState;
use ledger_core::transaction::Transaction;
use ledger_core::{LogTime, Step};

use super::{Task, What, seats, time_left};

/// A concern that waits for an answer.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) id: ConcernId,
    pub(crate) subject: ConcernSubject,
    pub(crate) deadline: Deadline,
    pub(crate) overdue: bool,
    /// Whether nothing goes on before it is answered.
    pub(crate) holds: bool,
}

/// The answers that a transaction's concerns wait for, the most urgent first; `None` if there are none.
pub(super) fn task(
    ledger: &LedgerState,
    position: u64,
    transaction: &Transaction,
    now: LogTime,
) -> Option<Task> {
    let calendar = ledger.calendar_at(position);
    let unanswered = transaction.concerns.unanswered();
    let mut waiting: Vec<(Waiting, &Unanswered)> = unanswered
        .iter()
        .map(|(id, concern)| {
            let deadline = concern.deadline(calendar);
            let waiting = Waiting {
                id: id.clone(),
                subject: concern.subject,
                deadline,
                overdue: deadline.at <= now,
                holds: concern.holds,
            };
            (waiting, concern)
        })
        .collect();
    waiting.sort_by_key(|(waiting, concern)| (waiting.deadline.at, concern.index));
    let (first, urgent) = waiting.first()?;
    let (deadline, overdue) = (first.deadline, first.overdue);
    let charter = ledger.charter_of(urgent.index, position);
    let left = time_left(calendar, deadline, urgent.answer_within, now);
    let rule = charter.signing.of("concern_answered");
    Some(Task {
        transaction: transaction.id.clone(),
        step: transaction
            .current_step()
            .unwrap_or(Step::PublishCompletion),
        roles: rule.map_or_else(Vec::new, |rule| seats(ledger, rule, position)),
        what: What::AnswerConcerns(waiting.into_iter().map(|(waiting, _)| waiting).collect()),
        deadline: Some(deadline),
        left,
        overdue,
        again: false,
        published_at: None,
    })
}
