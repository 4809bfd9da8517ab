//! What is past its time, as the agenda has it, one condition for each. (逾期)

use ledger_core::LogTime;
use ledger_core::state::State;
use serde_json::json;

use super::finding::{Condition, Kind, Scope};
use super::watch::condition;
use crate::agenda::{self, Task, What};
use crate::moment;
use crate::terminal::Terminal;
use crate::words::Words;

/// Everything that is overdue at that moment.
pub(super) fn conditions(terminal: Terminal, state: &State, now: LogTime) -> Vec<Condition> {
    let words = Words::of_ledger(terminal.language, state);
    let tasks = agenda::tasks(state, now);
    let overdue = tasks.iter().filter(|task| task.overdue);
    overdue
        .map(|task| of_task(terminal, &words, task))
        .collect()
}

fn of_task(terminal: Terminal, words: &Words<'_>, task: &Task) -> Condition {
    let (id, number) = (&task.transaction, task.step.number());
    let name = terminal.pick(task.step.zh(), task.step.en());
    let late: Vec<String> = match &task.what {
        What::AnswerConcerns(waiting) => (waiting.iter())
            .filter(|concern| concern.overdue)
            .map(|concern| concern.id.to_string())
            .collect(),
        _ => Vec::new(),
    };
    let what = if late.is_empty() {
        terminal.pick(
            format!("第 {number} 环节“{name}”"),
            format!("step {number}, {name},"),
        )
    } else {
        terminal.pick(
            format!("群众意见（{}）的答复", late.join("、")),
            format!("the answer to concerns {}", late.join(", ")),
        )
    };
    let offset = words.utc_offset_minutes();
    let by = (task.deadline).map(|deadline| moment::logged(deadline.at.minus_seconds(1), offset));
    let by = by.unwrap_or_default();
    let who = who(terminal, words, task);
    let message = terminal.pick(
        format!("交易 {id}：{what}逾期，最迟应在 {by} 办好。{who}"),
        format!("transaction {id}: {what} is overdue; it was due by {by}. {who}"),
    );
    let details = json!({
        "transaction": id, "step": task.step, "number": number, "concerns": late,
        "deadline": task.deadline.map(|deadline| deadline.at),
    });
    let mut condition = condition(Kind::Overdue, Scope::Record, message, details);
    condition.subject = match late.as_slice() {
        [] => format!("{id} {}", task.step.id()),
        // A further concern that runs late is told, too.
        late => format!("{id} concerns {}", late.join(",")),
    };
    condition
}

/// Who must act: the role that answers for it, and who holds it.
fn who(terminal: Terminal, words: &Words<'_>, task: &Task) -> String {
    let Some((role, members)) = task.roles.first() else {
        return String::new();
    };
    let names: Vec<String> = members.iter().map(|id| words.member(id)).collect();
    let role = words.role(*role);
    match names.is_empty() {
        true => terminal.pick(
            format!("经办 {role}：无人任职。"),
            format!("To act: {role} (nobody)."),
        ),
        false => terminal.pick(
            format!("经办 {role}：{}。", names.join("、")),
            format!("To act: {role} {}.", names.join(", ")),
        ),
    }
}
