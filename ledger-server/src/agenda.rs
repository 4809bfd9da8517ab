//! Who must do what by when: the work that open transactions wait for. (待办)
//!
//! Follows from the state and the charter alone, for a moment that is given; decides nothing.

use ledger_core::calendar::{Calendar, Deadline, Span, SpanUnit, TimeLeft};
use ledger_core::charter::{Charter, SigningRule};
use ledger_core::name::Label;
use ledger_core::oversight::findings;
use ledger_core::signing::roles_of;
use ledger_core::state::{LedgerState, State};
use ledger_core::transaction::{Phase, Transaction};
use ledger_core::{LogTime, MemberId, Role, Step, TransactionId};

mod concerns;

pub(crate) use concerns::Waiting;

/// What an open transaction waits for.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) transaction: TransactionId,
    pub(crate) step: Step,
    pub(crate) what: What,
    /// Who must sign: the role that answers first, each with those who hold it.
    pub(crate) roles: Vec<(Role, Vec<MemberId>)>,
    pub(crate) deadline: Option<Deadline>,
    /// What is left until the deadline; `None` if it has passed, or there is none.
    pub(crate) left: Option<TimeLeft>,
    pub(crate) overdue: bool,
    /// Whether it is a publication that is made again, after a correction.
    pub(crate) again: bool,
    /// When what is still to be posted was published.
    pub(crate) published_at: Option<LogTime>,
}

/// What is to be done.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// Record the step; possible from then on.
    Record {
        possible_from: LogTime,
        waiting: bool,
    },
    /// Wait, but nobody can say how long: the calendar lacks a year.
    CalendarMissing(String),
    /// Post the publication on these channels.
    Post(Vec<Label>),
    /// The bidding failed: go back to the listing or the plan.
    Return,
    /// Wait until so many concerns about what was published are answered.
    Held(usize),
    /// Answer these concerns, the most urgent first.
    AnswerConcerns(Vec<Waiting>),
    /// Answer these findings of the street office first.
    Answer(Vec<u64>),
    /// Nothing: all sixteen steps are done.
    Nothing,
}

/// The work of all open transactions, overdue first, then by deadline.
pub(crate) fn tasks(state: &State, now: LogTime) -> Vec<Task> {
    let Some(ledger) = state.ledger() else {
        return Vec::new();
    };
    let mut tasks: Vec<Task> = state
        .transactions()
        .flat_map(|transaction| {
            let task = task(ledger, state.size(), transaction, now);
            let concerns = concerns::task(ledger, state.size(), transaction, now);
            std::iter::once(task).chain(concerns)
        })
        .filter(|task| !matches!(task.what, What::Nothing))
        .collect();
    tasks.sort_by_key(|task| (!task.overdue, task.deadline.map_or(LogTime::MAX, |d| d.at)));
    tasks
}

/// The work of one transaction.
pub(crate) fn task(
    ledger: &LedgerState,
    position: u64,
    transaction: &Transaction,
    now: LogTime,
) -> Task {
    let charter = ledger.charter_of(transaction.begun_at, position);
    let calendar = ledger.calendar_at(position);
    let step = transaction
        .current_step()
        .unwrap_or(Step::PublishCompletion);
    let rule = &charter.steps.of(step);
    let mut task = Task {
        transaction: transaction.id.clone(),
        step,
        what: What::Nothing,
        roles: Vec::new(),
        deadline: None,
        left: None,
        overdue: false,
        again: transaction.redo.is_some(),
        published_at: None,
    };
    let mut signing = &rule.signing;
    match &transaction.phase {
        Phase::Completed(_) | Phase::TakenOver { .. } | Phase::Terminated { .. } => return task,
        Phase::BiddingFailed { .. } => {
            task.what = What::Return;
            signing = charter.signing.of("returned").unwrap_or(signing);
        }
        Phase::Publishing(publishing) => {
            signing = &charter.postings;
            task.published_at = Some(publishing.published_at());
            task.what = What::Post(publishing.outstanding().iter().cloned().collect());
        }
        Phase::Awaiting(_) if !stopping(transaction).is_empty() => {
            task.what = What::Answer(stopping(transaction));
            signing = charter.signing.of("finding_answered").unwrap_or(signing);
        }
        Phase::Awaiting(awaiting) => match awaiting.gate.opens_at(calendar) {
            Ok((possible_from, _)) => {
                task.what = What::Record {
                    possible_from,
                    waiting: possible_from > now,
                };
                set_deadline(&mut task, charter, calendar, possible_from, now);
                let holding = transaction.concerns.holding_up(awaiting.step);
                if let (true, Some((_, concerns))) = (possible_from <= now, holding) {
                    task.what = What::Held(concerns.len());
                }
            }
            Err(error) => task.what = What::CalendarMissing(error.to_string()),
        },
    }
    task.roles = seats(ledger, signing, position);
    task
}

/// The roles that must sign, each with those who hold it.
fn seats(ledger: &LedgerState, rule: &SigningRule, position: u64) -> Vec<(Role, Vec<MemberId>)> {
    let (required, _) = roles_of(rule, &ledger.roster, position);
    let holders = |role| ledger.roster.holders(role, position).cloned().collect();
    required
        .into_iter()
        .map(|role| (role, holders(role)))
        .collect()
}

/// The findings that stop a transaction until they are answered.
fn stopping(transaction: &Transaction) -> Vec<u64> {
    findings(&transaction.notes)
        .filter(|finding| finding.raised.stops && finding.answered.is_none())
        .map(|finding| finding.recorded.index)
        .collect()
}

fn set_deadline(
    task: &mut Task,
    charter: &Charter,
    calendar: &Calendar,
    from: LogTime,
    now: LogTime,
) {
    let Some(within) = &charter.steps.of(task.step).within else {
        return;
    };
    let deadline = calendar.deadline(from, within.span);
    task.left = time_left(calendar, deadline, within.span, now);
    task.overdue = task.left.is_none();
    task.deadline = Some(deadline);
}

/// What is left until a deadline, in days or in minutes.
fn time_left(
    calendar: &Calendar,
    deadline: Deadline,
    span: Span,
    now: LogTime,
) -> Option<TimeLeft> {
    let unit = match span.unit() {
        SpanUnit::Seconds | SpanUnit::Minutes | SpanUnit::Hours => SpanUnit::Minutes,
        days => days,
    };
    calendar.time_left(now, deadline.at, unit)
}
