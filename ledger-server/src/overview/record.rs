//! What is kept of a log for supervisors, entry by entry. (监督数字的积累)

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use ledger_core::admit::Entry;
use ledger_core::event::{Event, Statement};
use ledger_core::language::Language;
use ledger_core::name::{ConcernId, StreamId};
use ledger_core::state::{State, touches};
use ledger_core::time::StatedTime;
use ledger_core::transaction::Phase;
use ledger_core::{LogTime, Step, TransactionId};
use serde::Serialize;

use super::{AsOf, Counts, Month, Overview, Period, Timed, flags_at, is_over};
use crate::agenda;
use crate::timeline;

/// How many late entries of a kind are kept to be listed, the newest; all of them are counted.
const LISTED: usize = 2_000;

/// How many months without an entry are kept between two entries.
const QUIET_MONTHS: usize = 240;

/// A step that was recorded past its time. (超时办理的环节)
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LateStep {
    pub(crate) entry: u64,
    pub(crate) transaction: TransactionId,
    pub(crate) step: Step,
    pub(crate) deadline: LogTime,
    pub(crate) received_at: LogTime,
    #[serde(skip)]
    month: Month,
}

/// A concern that was answered past its time. (超时答复的意见)
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LateAnswer {
    /// The entry that answered it.
    pub(crate) entry: u64,
    pub(crate) concern: ConcernId,
    pub(crate) transaction: TransactionId,
    pub(crate) deadline: LogTime,
    pub(crate) received_at: LogTime,
    #[serde(skip)]
    month: Month,
}

/// An entry that came long after what it records. (补录)
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entered {
    pub(crate) entry: u64,
    pub(crate) stream: StreamId,
    /// What it records, in Chinese and English.
    #[serde(skip)]
    what: (&'static str, &'static str),
    /// When it happened, as the signers say.
    pub(crate) at: StatedTime,
    pub(crate) received_at: LogTime,
    #[serde(skip)]
    month: Month,
}

impl Entered {
    /// What it records.
    pub(crate) fn what(&self, l: Language) -> &'static str {
        l.pick(self.what.0, self.what.1)
    }
}

/// What was late in a period, the newest first. (期间内超时的)
#[derive(Debug, Default, Serialize)]
pub(crate) struct Lists {
    pub(crate) steps: Vec<LateStep>,
    pub(crate) answers: Vec<LateAnswer>,
    pub(crate) entries: Vec<Entered>,
}

/// For how long present flags are kept if nothing is recorded, in seconds. Days begin with such a span, so
/// that what turns with a day is never late.
const FLAGS_SECONDS: i64 = 600;

/// What is kept of a log. (监督记录)
#[derive(Debug, Default)]
pub(crate) struct Record {
    months: BTreeMap<Month, Counts>,
    /// How things stood when months ended that were followed by an entry: that does not change any more.
    ended: BTreeMap<Month, Arc<AsOf>>,
    /// How they stood when later months ended, up to now.
    quiet: BTreeMap<Month, Arc<AsOf>>,
    now: Option<Arc<AsOf>>,
    last: Option<Month>,
    /// A transaction that is disclosed again after a correction is completed again, and counts once.
    completed: BTreeSet<TransactionId>,
    steps: VecDeque<LateStep>,
    answers: VecDeque<LateAnswer>,
    entries: VecDeque<Entered>,
}

/// What is to be known before an entry takes effect.
pub(crate) struct Before {
    ended: Vec<(Month, Arc<AsOf>)>,
    step: Option<(Step, Option<(LogTime, bool)>)>,
    was_over: bool,
    unanswered: Vec<ConcernId>,
}

impl Record {
    /// To be asked before an entry takes effect; `whole` says whether all transactions are in `state`.
    pub(crate) fn before(
        &self,
        state: &State,
        whole: bool,
        statement: &Statement,
        received_at: LogTime,
    ) -> Before {
        let transaction = state.transaction_of(&statement.stream);
        let due = || {
            let (ledger, transaction) = (state.ledger()?, transaction?);
            let task = agenda::task(ledger, state.size(), transaction, received_at);
            Some((task.deadline?.at, task.overdue))
        };
        let streams = touches(statement).into_iter();
        let concerns = streams.filter_map(|stream| match stream {
            StreamId::Concern(id) => Some(id),
            StreamId::Ledger | StreamId::Transaction(_) => None,
        });
        let waits = |id: &ConcernId| {
            let concern = state.concern(id);
            concern.is_some_and(|concern| concern.answered().is_none())
        };
        Before {
            ended: self.ended_by(state, whole, received_at),
            step: statement.event.step().map(|view| (view.step, due())),
            was_over: transaction.is_some_and(is_over),
            unanswered: concerns.filter(waits).collect(),
        }
    }

    /// How things stood at the ends of the months that are over with an entry received then.
    fn ended_by(
        &self,
        state: &State,
        whole: bool,
        received_at: LogTime,
    ) -> Vec<(Month, Arc<AsOf>)> {
        let (Some(ledger), Some(last)) = (state.ledger(), self.last) else {
            return Vec::new();
        };
        let calendar = ledger.calendar_at(state.size());
        let month = Month::of(calendar.date_of(received_at));
        let mut before = self.ended.values().next_back().cloned();
        let mut ended = Vec::new();
        let months = std::iter::successors(Some(last), |month| month.next());
        for month in months.take_while(|ended| *ended < month).take(QUIET_MONTHS) {
            let Some(at) = month.end(calendar.utc_offset_minutes()) else {
                break;
            };
            let flags = flags_at(state, whole, at, before.as_deref());
            let as_of = Arc::new(AsOf::of(state, flags, at));
            before = Some(Arc::clone(&as_of));
            ended.push((month, as_of));
        }
        ended
    }

    /// Takes an entry in, with the state after it.
    pub(crate) fn take(&mut self, before: Before, entry: &Entry, state: &State) {
        let Some(ledger) = state.ledger() else {
            return;
        };
        let Before {
            ended,
            step,
            was_over,
            unanswered,
        } = before;
        self.ended.extend(ended);
        self.quiet.clear();
        self.now = None;
        let received_at = entry.received_at();
        let calendar = ledger.calendar_at(entry.index());
        let month = Month::of(calendar.date_of(received_at));
        self.last = self.last.max(Some(month));
        let statement = entry.statement();
        let mut counts = Counts {
            entries: 1,
            ..Counts::default()
        };
        if let Some((step, due)) = step {
            let timed = self.take_step(entry, step, due, month);
            counts.steps.insert(step, timed);
        }
        if let Some(transaction) = state.transaction_of(&statement.stream) {
            counts.begun = u32::from(transaction.begun_at == entry.index());
            let terminated = matches!(transaction.phase, Phase::Terminated { .. });
            counts.terminated = u32::from(terminated && !was_over);
            let completed = matches!(transaction.phase, Phase::Completed(_)) && !was_over;
            let first = completed && self.completed.insert(transaction.id.clone());
            counts.completed = u32::from(first);
        }
        counts.concerns_raised = u32::from(matches!(statement.event, Event::ConcernRaised(_)));
        for id in unanswered {
            match self.take_answer(entry, state, &id, month) {
                Some(true) => counts.concerns_answered_late += 1,
                Some(false) => counts.concerns_answered_in_time += 1,
                None => {}
            }
        }
        if timeline::late(entry, state) {
            counts.recorded_late = 1;
            let entered = Entered {
                entry: entry.index(),
                stream: statement.stream.clone(),
                what: (statement.event.zh(), statement.event.en()),
                at: statement.at,
                received_at,
                month,
            };
            keep(&mut self.entries, entered);
        }
        self.months.entry(month).or_default().add(&counts);
    }

    fn take_step(
        &mut self,
        entry: &Entry,
        step: Step,
        due: Option<(LogTime, bool)>,
        month: Month,
    ) -> Timed {
        let mut timed = Timed::default();
        let StreamId::Transaction(transaction) = &entry.statement().stream else {
            return timed;
        };
        match due {
            None => timed.untimed = 1,
            Some((_, false)) => timed.in_time = 1,
            Some((deadline, true)) => {
                timed.late = 1;
                let late = LateStep {
                    entry: entry.index(),
                    transaction: transaction.clone(),
                    step,
                    deadline,
                    received_at: entry.received_at(),
                    month,
                };
                keep(&mut self.steps, late);
            }
        }
        timed
    }

    /// Whether a concern was answered late; none if this is no answer to it.
    fn take_answer(
        &mut self,
        entry: &Entry,
        state: &State,
        id: &ConcernId,
        month: Month,
    ) -> Option<bool> {
        let (ledger, concern) = (state.ledger()?, state.concern(id)?);
        concern.answered()?;
        let calendar = ledger.calendar_at(entry.index());
        let deadline = concern.deadline(calendar).at;
        let late = concern.is_overdue(calendar, entry.received_at());
        if late {
            let answer = LateAnswer {
                entry: entry.index(),
                concern: id.clone(),
                transaction: concern.transaction().clone(),
                deadline,
                received_at: entry.received_at(),
                month,
            };
            keep(&mut self.answers, answer);
        }
        Some(late)
    }

    /// Publications by step and month: how many came in time, and how many late.
    pub(crate) fn punctual(&self) -> BTreeMap<(Step, String), (u32, u32)> {
        let steps = self.months.iter().flat_map(|(month, counts)| {
            let steps = counts.steps.iter();
            steps.map(move |(step, timed)| ((*step, month.to_string()), *timed))
        });
        steps
            .filter(|((step, _), timed)| step.publication_point().is_some() && timed.timed() > 0)
            .map(|(key, timed)| (key, (timed.in_time, timed.late)))
            .collect()
    }

    /// A period, as it was when it was over, or is now; `state` is that after the last entry.
    pub(crate) fn overview(
        &mut self,
        period: Period,
        state: &State,
        whole: bool,
        now: LogTime,
    ) -> Overview {
        let mut counts = Counts::default();
        let within = self
            .months
            .iter()
            .filter(|(month, _)| period.holds(**month));
        within.for_each(|(_, month)| counts.add(month));
        let as_of = self.as_of(period.months().1, state, whole, now);
        Overview { counts, as_of }
    }

    fn as_of(
        &mut self,
        month: Option<Month>,
        state: &State,
        whole: bool,
        now: LogTime,
    ) -> Arc<AsOf> {
        let (Some(ledger), Some(last)) = (state.ledger(), self.last) else {
            return Arc::default();
        };
        let calendar = ledger.calendar_at(state.size());
        let end = month.and_then(|month| month.end(calendar.utc_offset_minutes()));
        match (month, end.filter(|end| *end < now)) {
            (Some(month), Some(_)) if month < last => {
                let known = self.ended.range(..=month).next_back();
                known
                    .map(|(_, as_of)| Arc::clone(as_of))
                    .unwrap_or_default()
            }
            (Some(month), Some(end)) => {
                let before = self.ended.values().next_back().map(AsRef::as_ref);
                let made = || {
                    let flags = flags_at(state, whole, end, before);
                    Arc::new(AsOf::of(state, flags, end))
                };
                Arc::clone(self.quiet.entry(month).or_insert_with(made))
            }
            _ => self.at_present(state, whole, now),
        }
    }

    /// How things stand to the minute, with flags that are at most [`FLAGS_SECONDS`] old.
    fn at_present(&mut self, state: &State, whole: bool, now: LogTime) -> Arc<AsOf> {
        let known = self.now.as_ref();
        let same = |seconds: i64| {
            let fits =
                |at: LogTime| at.unix().div_euclid(seconds) == now.unix().div_euclid(seconds);
            known.filter(|known| known.at.is_some_and(fits))
        };
        if let Some(known) = same(60) {
            return Arc::clone(known);
        }
        let flags = match same(FLAGS_SECONDS) {
            Some(known) => known.flags.clone(),
            None => {
                let before = known.or(self.ended.values().next_back());
                flags_at(state, whole, now, before.map(AsRef::as_ref))
            }
        };
        let made = Arc::new(AsOf::of(state, flags, now));
        self.now = Some(Arc::clone(&made));
        made
    }

    /// What was late in a period.
    pub(crate) fn lists(&self, period: Period) -> Lists {
        let holds = |month: Month| period.holds(month);
        Lists {
            steps: newest(&self.steps, |late| holds(late.month)),
            answers: newest(&self.answers, |late| holds(late.month)),
            entries: newest(&self.entries, |late| holds(late.month)),
        }
    }
}

fn newest<T: Clone>(kept: &VecDeque<T>, takes: impl Fn(&T) -> bool) -> Vec<T> {
    kept.iter()
        .rev()
        .filter(|one| takes(one))
        .cloned()
        .collect()
}

fn keep<T>(kept: &mut VecDeque<T>, one: T) {
    if kept.len() == LISTED {
        kept.pop_front();
    }
    kept.push_back(one);
}
