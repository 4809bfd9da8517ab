//! Concerns as people read them: what each is about, how far it has come, and by when.

use ledger_core::concern::{Concern, ConcernPhase};
use ledger_core::record::{ConcernSubject, Outcome};
use ledger_core::state::State;
use ledger_core::transaction::Transaction;
use ledger_core::{Language, LogTime};
use serde_json::{Value, json};

use crate::agenda::Waiting;
use crate::moment;

/// How many of those that wait are listed.
const LISTED: usize = 8;

/// The concerns that wait for an answer, the most urgent first, one line each.
pub(crate) fn waiting(language: Language, waiting: &[Waiting], offset: i32) -> Vec<String> {
    let line = |one: &Waiting| {
        let (id, about) = (&one.id, subject(language, one.subject));
        let last = moment::logged(one.deadline.at.minus_seconds(1), offset);
        let (late, holds) = (overdue(language, one.overdue), holding(language, one.holds));
        language.pick(
            format!("  {late}意见 {id}（{about}）最迟 {last} 答复{holds}"),
            format!("  {late}concern {id} ({about}), to be answered by {last}{holds}"),
        )
    };
    let mut lines: Vec<String> = waiting.iter().take(LISTED).map(line).collect();
    let more = waiting.len().saturating_sub(LISTED);
    if more > 0 {
        lines.push(language.pick(format!("  另有 {more} 条"), format!("  and {more} more")));
    }
    lines
}

/// The same as JSON, all of them.
pub(crate) fn waiting_json(waiting: &[Waiting]) -> Value {
    let one = |one: &Waiting| {
        json!({
            "concern": one.id, "subject": one.subject, "deadline": one.deadline.at,
            "provisional": one.deadline.provisional, "overdue": one.overdue, "holds": one.holds,
        })
    };
    waiting.iter().map(one).collect()
}

/// All concerns about a transaction, in the order of being raised.
pub(crate) fn about<'a>(state: &'a State, transaction: &'a Transaction) -> Vec<&'a Concern> {
    let raised = transaction.concerns.raised().iter();
    raised.filter_map(|id| state.concern(id)).collect()
}

/// These concerns about a transaction with their states and deadlines, one line each after a heading.
pub(crate) fn lines(
    language: Language,
    state: &State,
    transaction: &Transaction,
    concerns: &[&Concern],
    now: LogTime,
) -> Vec<String> {
    let open = concerns.iter().filter(|c| c.answered().is_none()).count();
    let all = concerns.len();
    if all == 0 {
        return Vec::new();
    }
    let heading = language.pick(
        format!("群众意见 {all} 条，其中待答复 {open} 条："),
        format!("{all} concerns, {open} of them unanswered:"),
    );
    let line = |concern: &&Concern| {
        let (id, about) = (&concern.id, subject(language, concern.raised.subject));
        let course = course(language, state, transaction, concern, now);
        language.pick(
            format!("  意见 {id}（{about}）：{course}"),
            format!("  concern {id} ({about}): {course}"),
        )
    };
    std::iter::once(heading)
        .chain(concerns.iter().map(line))
        .collect()
}

/// A concern as JSON: its state, deadline, and what came of it.
pub(crate) fn to_json(
    state: &State,
    transaction: &Transaction,
    concern: &Concern,
    now: LogTime,
) -> Value {
    let phase = match concern.phase {
        ConcernPhase::Raised => "raised",
        ConcernPhase::Answered { .. } => "answered",
        ConcernPhase::Closed { .. } => "closed",
    };
    let mut value = json!({
        "concern": concern.id, "subject": concern.raised.subject, "state": phase,
        "raised_in": concern.recorded.index,
    });
    if let Some(ledger) = state.ledger() {
        let calendar = ledger.calendar_at(state.size());
        let deadline = concern.deadline(calendar);
        value["deadline"] = json!(deadline.at);
        value["provisional"] = json!(deadline.provisional);
        value["overdue"] = json!(concern.is_overdue(calendar, now));
    }
    if let Some(waiting) = transaction.concerns.unanswered().get(&concern.id) {
        value["holds"] = json!(waiting.holds);
    }
    if let Some(answered) = concern.answered() {
        value["answered_in"] = json!(answered.recorded.index);
        value["outcome"] = json!(answered.answer.outcome);
    }
    if let Some(closed) = concern.closed() {
        value["closed_in"] = json!(closed.recorded.index);
    }
    if let Some(rated) = &concern.rated {
        value["stars"] = json!(rated.record.stars);
    }
    value
}

fn course(
    language: Language,
    state: &State,
    transaction: &Transaction,
    concern: &Concern,
    now: LogTime,
) -> String {
    let mut parts = Vec::new();
    if let Some(ledger) = state.ledger() {
        let calendar = ledger.calendar_at(state.size());
        let offset = calendar.utc_offset_minutes();
        let last = concern.deadline(calendar).at.minus_seconds(1);
        let late = overdue(language, concern.is_overdue(calendar, now));
        let last = moment::logged(last, offset);
        parts.push(match concern.answered() {
            None => language.pick(
                format!("{late}待答复，最迟 {last}"),
                format!("{late}unanswered, due by {last}"),
            ),
            Some(answered) => {
                let (entry, outcome) = (answered.recorded.index, answered.answer.outcome);
                let outcome = said(language, outcome);
                language.pick(
                    format!("{late}已在第 {entry} 条答复（{outcome}），期限 {last}"),
                    format!("{late}answered in entry {entry} ({outcome}), due by {last}"),
                )
            }
        });
    }
    let waiting = transaction.concerns.unanswered().get(&concern.id);
    if let Some(waiting) = waiting {
        parts.push(holding(language, waiting.holds).to_owned());
    }
    if let Some(closed) = concern.closed() {
        let entry = closed.recorded.index;
        parts.push(language.pick(
            format!("；已在第 {entry} 条办结"),
            format!("; settled in entry {entry}"),
        ));
    }
    if let Some(rated) = &concern.rated {
        let stars = rated.record.stars;
        parts.push(language.pick(
            format!("；满意度 {stars}/5"),
            format!("; rated {stars} of 5"),
        ));
    }
    parts.concat()
}

fn subject(language: Language, subject: ConcernSubject) -> &'static str {
    language.pick(subject.zh(), subject.id())
}

fn said(language: Language, outcome: Outcome) -> &'static str {
    language.pick(outcome.zh(), outcome.id())
}

fn overdue(language: Language, overdue: bool) -> &'static str {
    if overdue {
        language.pick("【逾期】", "[OVERDUE] ")
    } else {
        ""
    }
}

fn holding(language: Language, holds: bool) -> &'static str {
    if holds {
        language.pick("，答复前不得办理下一环节", "; nothing goes on before that")
    } else {
        ""
    }
}
