//! What supervisors ask of a ledger: what was done in a period, in time or not, and how things stood at
//! its end. (监督概览)
//!
//! A [`Record`] is fed every entry by whoever reads a log anyway, and keeps counts by month and how
//! things stood when each month ended, so that a look costs as much in a long log as in a short one, and
//! a month that is over looks the same whenever it is looked at. Deadlines are the
//! [agenda's](crate::agenda), flags and lateness the core's: nothing is decided here.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger_core::concern::Unanswered;
use ledger_core::flags::{self, Flag, Severity};
use ledger_core::name::ConcernId;
use ledger_core::record::ConcernSubject;
use ledger_core::state::{LedgerState, State};
use ledger_core::transaction::{Phase, Transaction};
use ledger_core::{LogTime, MemberId, Role, Step, TransactionId};
use serde::Serialize;

use crate::agenda::{self, Task, What};

pub(crate) mod period;
mod record;

pub(crate) use period::{Month, Period};
pub(crate) use record::{Lists, Record};

/// Steps that were recorded. (已办环节)
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Timed {
    pub(crate) in_time: u32,
    pub(crate) late: u32,
    /// For which the charter sets no time.
    pub(crate) untimed: u32,
}

impl Timed {
    fn add(&mut self, other: Self) {
        self.in_time += other.in_time;
        self.late += other.late;
        self.untimed += other.untimed;
    }

    /// How many had a time set.
    pub(crate) fn timed(self) -> u32 {
        self.in_time + self.late
    }

    /// In time, per thousand; none if none had a time set.
    pub(crate) fn per_mille(self) -> Option<u32> {
        (u64::from(self.in_time) * 1000)
            .checked_div(u64::from(self.timed()))
            .and_then(|rate| u32::try_from(rate).ok())
    }
}

/// What was done. (期间数字)
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    pub(crate) begun: u32,
    pub(crate) completed: u32,
    pub(crate) terminated: u32,
    pub(crate) steps: BTreeMap<Step, Timed>,
    pub(crate) concerns_raised: u32,
    pub(crate) concerns_answered_in_time: u32,
    pub(crate) concerns_answered_late: u32,
    pub(crate) recorded_late: u32,
    pub(crate) entries: u32,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.begun += other.begun;
        self.completed += other.completed;
        self.terminated += other.terminated;
        for (step, timed) in &other.steps {
            self.steps.entry(*step).or_default().add(*timed);
        }
        self.concerns_raised += other.concerns_raised;
        self.concerns_answered_in_time += other.concerns_answered_in_time;
        self.concerns_answered_late += other.concerns_answered_late;
        self.recorded_late += other.recorded_late;
        self.entries += other.entries;
    }

    /// All steps together.
    pub(crate) fn steps(&self) -> Timed {
        let mut all = Timed::default();
        self.steps.values().for_each(|timed| all.add(*timed));
        all
    }
}

/// A step that is past its time. (逾期环节)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Overdue {
    pub(crate) transaction: TransactionId,
    /// The asset's name; empty before step 1 has said it.
    pub(crate) asset: String,
    pub(crate) step: Step,
    pub(crate) role: Option<Role>,
    /// Those who hold that role.
    pub(crate) who: Vec<String>,
    pub(crate) deadline: LogTime,
    /// The newest entry of the transaction.
    pub(crate) entry: u64,
}

/// A concern that waits for its answer. (待答复意见)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Open {
    pub(crate) id: ConcernId,
    pub(crate) transaction: TransactionId,
    pub(crate) subject: ConcernSubject,
    /// The entry that raised it.
    pub(crate) entry: u64,
    pub(crate) deadline: LogTime,
    pub(crate) overdue: bool,
    pub(crate) role: Option<Role>,
    /// Those who hold that role.
    pub(crate) who: Vec<String>,
}

/// How things stood at a moment. (时点情况)
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct AsOf {
    /// The moment; none before anything was recorded.
    pub(crate) at: Option<LogTime>,
    /// How many entries there were.
    pub(crate) size: u64,
    pub(crate) last_at: Option<LogTime>,
    pub(crate) under_way: usize,
    pub(crate) overdue: Vec<Overdue>,
    pub(crate) concerns: Vec<Open>,
    /// None where not all transactions are held: flags look at all of them together.
    pub(crate) flags: Option<Vec<Arc<Flag>>>,
}

impl AsOf {
    /// At a moment that is not before the last entry, with the flags that there were then.
    fn of(state: &State, flags: Option<Vec<Arc<Flag>>>, now: LogTime) -> Self {
        let Some(ledger) = state.ledger() else {
            return Self::default();
        };
        let tasks = agenda::tasks(state, now);
        let late = tasks.iter().filter(|task| task.overdue);
        let overdue = late.filter_map(|task| Overdue::of(ledger, state, task));
        let concerns = tasks.iter().flat_map(|task| Open::of(ledger, state, task));
        Self {
            at: Some(now),
            size: state.size(),
            last_at: state.last_received_at(),
            under_way: state.transactions().filter(|one| !is_over(one)).count(),
            overdue: overdue.collect(),
            concerns: concerns.collect(),
            flags,
        }
    }

    pub(crate) fn overdue_concerns(&self) -> usize {
        self.concerns.iter().filter(|one| one.overdue).count()
    }

    /// How many flags weigh so much; none if they are not known.
    pub(crate) fn flags_of(&self, severity: Severity) -> Option<usize> {
        let flags = self.flags.as_ref()?.iter();
        Some(flags.filter(|flag| flag.severity == severity).count())
    }

    /// How many flags weigh so much, those that weigh most first; none if they are not known.
    pub(crate) fn flags_by_severity(&self) -> Option<BTreeMap<&'static str, usize>> {
        let names = [
            ("high", Severity::High),
            ("medium", Severity::Medium),
            ("low", Severity::Low),
        ];
        let counted = names.map(|(name, severity)| Some((name, self.flags_of(severity)?)));
        counted.into_iter().collect()
    }
}

/// The flags at a moment, where all transactions are held. What `before` has the same is kept once.
fn flags_at(
    state: &State,
    whole: bool,
    now: LogTime,
    before: Option<&AsOf>,
) -> Option<Vec<Arc<Flag>>> {
    let ledger = state.ledger().filter(|_| whole)?;
    let before = before.and_then(|before| before.flags.as_deref());
    let key = |flag: &Flag| (flag.rule, flag.events.clone());
    let before = before.unwrap_or_default().iter();
    let before: BTreeMap<_, _> = before.map(|flag| (key(flag), flag)).collect();
    let kept = |flag: Flag| match before.get(&key(&flag)) {
        Some(same) if ***same == flag => Arc::clone(same),
        _ => Arc::new(flag),
    };
    let flags = flags::of_ledger(ledger, state.transactions(), now);
    Some(flags.into_iter().map(kept).collect())
}

fn is_over(transaction: &Transaction) -> bool {
    matches!(
        transaction.phase,
        Phase::Completed(_) | Phase::Terminated { .. }
    )
}

/// The role that answers for a task, and the names of those who hold it.
fn who(ledger: &LedgerState, task: &Task) -> (Option<Role>, Vec<String>) {
    let Some((role, members)) = task.roles.first() else {
        return (None, Vec::new());
    };
    let name = |id: &MemberId| {
        let member = ledger.roster.member(id);
        member.map_or_else(|| id.to_string(), |member| member.name.to_string())
    };
    (Some(*role), members.iter().map(name).collect())
}

impl Overdue {
    fn of(ledger: &LedgerState, state: &State, task: &Task) -> Option<Self> {
        if matches!(task.what, What::AnswerConcerns(_)) {
            return None;
        }
        let transaction = state.transaction(&task.transaction)?;
        let asset = ledger_core::dealing::Dealing::of(transaction).thing();
        let entries = transaction.recordings().map(|recorded| recorded.index);
        let (role, who) = who(ledger, task);
        Some(Self {
            transaction: task.transaction.clone(),
            asset: asset.map_or_else(String::new, |asset| asset.name.to_string()),
            step: task.step,
            role,
            who,
            deadline: task.deadline?.at,
            entry: entries.max().unwrap_or(transaction.begun_at),
        })
    }
}

impl Open {
    fn of(ledger: &LedgerState, state: &State, task: &Task) -> Vec<Self> {
        let (What::AnswerConcerns(waiting), Some(transaction)) =
            (&task.what, state.transaction(&task.transaction))
        else {
            return Vec::new();
        };
        let entry = |id: &ConcernId| {
            let raised: Option<&Unanswered> = transaction.concerns.unanswered().get(id);
            raised.map_or(transaction.begun_at, |raised| raised.index)
        };
        let (role, who) = who(ledger, task);
        let open = waiting.iter().map(|waiting| Self {
            id: waiting.id.clone(),
            transaction: task.transaction.clone(),
            subject: waiting.subject,
            entry: entry(&waiting.id),
            deadline: waiting.deadline.at,
            overdue: waiting.overdue,
            role,
            who: who.clone(),
        });
        open.collect()
    }
}

/// A ledger in a period. (一本账的监督数字)
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Overview {
    /// What was done in it.
    pub(crate) counts: Counts,
    /// How things stood at its end, or stand now if it is not over.
    pub(crate) as_of: Arc<AsOf>,
}
