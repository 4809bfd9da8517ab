//! One transaction on its way through the sixteen steps. (一笔交易的状态)
//!
//! Each phase holds exactly the data of that phase. Nothing follows a publication without the
//! [`Disclosed`] token, which only the last posting makes. Knows nothing of signers or charters:
//! what is written here has been admitted.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::calendar::{Calendar, CalendarError, Span};
use crate::category::{Category, Method};
use crate::concern::Concerns;
use crate::contract::{Contract, SetAside, Stage, Standing};
use crate::event::Event;
use crate::hash::{Digest, Hash};
use crate::money::Price;
use crate::name::{Label, TransactionId};
use crate::papers::Papers;
use crate::record::{BiddingOutcome, ContractTakenOver};
use crate::recorded::{Noted, Recorded};
use crate::step::{PublicationPoint, Step};
use crate::text::Line;
use crate::time::{Date, LogTime};

mod bound;
mod detour;

/// A step that stands. (已办环节)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// The step.
    pub step: Step,
    /// What was recorded, as corrected since; a waiver, if the step was left out.
    pub event: Event,
    /// The entries that corrected it.
    pub corrected_by: Vec<u64>,
    /// When, where and by whom.
    #[serde(flatten)]
    pub recorded: Recorded,
}

impl Passed {
    /// Whether the step was left out. (已豁免)
    #[must_use]
    pub fn is_waived(&self) -> bool {
        matches!(self.event, Event::StepWaived(_))
    }
}

/// A step that stood once, and was set aside. (已作废环节)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Superseded {
    /// The entry that set it aside: a return, or a correction that calls for a new publication.
    pub by: u64,
    /// What stood.
    #[serde(flatten)]
    pub passed: Passed,
}

/// A disclosure on one channel. (张贴记录)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Posting {
    /// The channel.
    pub channel: Label,
    /// Where exactly.
    pub location: Line,
    /// Which publication.
    pub point: PublicationPoint,
    /// The entry of that publication: it may have been made more than once.
    pub publication: u64,
    /// When, where in the log, and by whom.
    #[serde(flatten)]
    pub recorded: Recorded,
}

/// Proof that a publication has been posted on every channel it named. (已公开凭证)
///
/// Only the last posting makes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disclosed {
    disclosure: Digest,
    open_for: Option<Span>,
    point: PublicationPoint,
    posted_at: LogTime,
}

impl Disclosed {
    /// Which publication.
    #[must_use]
    pub fn point(&self) -> PublicationPoint {
        self.point
    }

    /// The digest of what was published.
    #[must_use]
    pub fn disclosure(&self) -> &Digest {
        &self.disclosure
    }

    /// When the log received the last posting: the window runs from here.
    #[must_use]
    pub fn posted_at(&self) -> LogTime {
        self.posted_at
    }
}

/// What must have run before the next step. (前置条件)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "gate", rename_all = "snake_case")]
pub enum Gate {
    /// Nothing. The step can be done since then.
    Ready {
        /// Since when.
        since: LogTime,
    },
    /// The window of a step that is no publication.
    Window {
        /// The step.
        step: Step,
        /// From when it runs.
        since: LogTime,
        /// How long.
        span: Span,
    },
    /// The window of a publication that has been posted everywhere.
    Disclosed(Disclosed),
    /// Several windows: of what was made again or corrected, and of what came before that.
    All {
        /// Windows, at most one for each step.
        gates: Vec<Gate>,
        /// Since when nothing else stands in the way.
        since: LogTime,
    },
}

impl Gate {
    /// From when the next step is admitted, and the step whose window it waits for.
    ///
    /// # Errors
    /// If the window reaches a year whose working days the calendar does not know.
    pub fn opens_at(&self, calendar: &Calendar) -> Result<(LogTime, Option<Step>), CalendarError> {
        match self {
            Self::Ready { since } => Ok((*since, None)),
            Self::Window { step, since, span } => {
                Ok((calendar.end_of(*since, *span)?, Some(*step)))
            }
            Self::Disclosed(disclosed) => match disclosed.open_for {
                Some(span) => Ok((
                    calendar.end_of(disclosed.posted_at, span)?,
                    Some(disclosed.point.step()),
                )),
                None => Ok((disclosed.posted_at, None)),
            },
            Self::All { gates, since } => gates.iter().try_fold((*since, None), |latest, gate| {
                let opens = gate.opens_at(calendar)?;
                Ok(if opens.0 > latest.0 { opens } else { latest })
            }),
        }
    }

    /// The step whose window it is, if it is one.
    fn window_of(&self) -> Option<Step> {
        match self {
            Self::Window { step, .. } => Some(*step),
            Self::Disclosed(disclosed) => Some(disclosed.point.step()),
            Self::Ready { .. } | Self::All { .. } => None,
        }
    }

    /// The windows that it waits for.
    fn windows(&self) -> Vec<Self> {
        match self {
            Self::Ready { .. } => Vec::new(),
            Self::All { gates, .. } => gates.clone(),
            window => vec![window.clone()],
        }
    }

    /// Nothing since then, but these windows.
    fn of_windows(mut gates: Vec<Self>, since: LogTime) -> Self {
        match (gates.pop(), gates.is_empty()) {
            (None, _) => Self::Ready { since },
            (Some(Self::Disclosed(only)), true) if only.posted_at == since => Self::Disclosed(only),
            (Some(last), _) => {
                gates.push(last);
                Self::All { gates, since }
            }
        }
    }
}

/// The next step can be recorded once its gate opens. (待办)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Awaiting {
    /// What must have run before.
    pub gate: Gate,
    /// Whose turn it is.
    pub step: Step,
}

/// A publication has been made and is not posted everywhere yet. (待张贴)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Publishing {
    disclosure: Digest,
    open_for: Option<Span>,
    outstanding: BTreeSet<Label>,
    point: PublicationPoint,
    published_at: LogTime,
}

impl Publishing {
    /// Which publication.
    #[must_use]
    pub fn point(&self) -> PublicationPoint {
        self.point
    }

    /// The digest of what is to be posted.
    #[must_use]
    pub fn disclosure(&self) -> &Digest {
        &self.disclosure
    }

    /// Where it must still be posted.
    #[must_use]
    pub fn outstanding(&self) -> &BTreeSet<Label> {
        &self.outstanding
    }

    /// When the log received the publication.
    #[must_use]
    pub fn published_at(&self) -> LogTime {
        self.published_at
    }

    /// Takes note of a posting; gives the token when it was the last.
    fn post(mut self, channel: &Label, received_at: LogTime) -> Result<Disclosed, Self> {
        self.outstanding.remove(channel);
        if self.outstanding.is_empty() {
            let Self {
                disclosure,
                open_for,
                point,
                ..
            } = self;
            return Ok(Disclosed {
                disclosure,
                open_for,
                point,
                posted_at: received_at,
            });
        }
        Err(self)
    }
}

/// Where a transaction stands. (阶段)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// The next step can be recorded once its gate opens.
    Awaiting(Awaiting),
    /// A publication waits for its postings.
    Publishing(Publishing),
    /// The bidding failed: only a return can follow. (流拍)
    BiddingFailed {
        /// The windows that still run of publications made again since.
        gates: Vec<Gate>,
        /// When the log received that.
        since: LogTime,
    },
    /// All sixteen steps are done and published. (已完成)
    Completed(Disclosed),
    /// Its contract was made before the ledger: there are no steps to take. (存量合同)
    TakenOver {
        /// When the log received that.
        since: LogTime,
    },
    /// Broken off for good. (已终止)
    Terminated {
        /// When the log received that.
        since: LogTime,
    },
}

/// Publications that must be made again, because something in them was corrected. (须重新公开)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Redo {
    /// Whether all sixteen steps had been done: then nothing is undone any more.
    completed: bool,
    /// The windows that must have run before the steps after them.
    gates: Vec<Gate>,
    /// Which.
    stale: BTreeSet<PublicationPoint>,
}

impl Redo {
    /// The publications that are still to be made again.
    #[must_use]
    pub fn stale(&self) -> &BTreeSet<PublicationPoint> {
        &self.stale
    }
}

/// One transaction. (交易)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transaction {
    /// Its id.
    pub id: TransactionId,
    /// The entry that began it: decides which charter governs it.
    pub begun_at: u64,
    /// The concerns about it. (群众意见)
    pub concerns: Concerns,
    /// Its contract, once that was signed, and what became of it. (合同)
    pub contract: Option<Contract>,
    /// Contracts that were set aside, in the order of being set aside.
    pub contracts_set_aside: Vec<SetAside>,
    /// Waivers, returns, corrections and the end, in order.
    pub detours: Vec<Noted>,
    /// The leaf hash of its last entry.
    pub head: Hash,
    /// Opinions, agreements, meetings, findings and their answers, in order.
    pub notes: Vec<Noted>,
    /// The private documents that its entries name.
    #[serde(skip_serializing_if = "Papers::is_empty")]
    pub papers: Papers,
    /// The steps that stand, in order.
    pub passed: Vec<Passed>,
    /// Where it stands.
    pub phase: Phase,
    /// All postings, in order.
    pub postings: Vec<Posting>,
    /// The publications that must be made again, if something in them was corrected.
    pub redo: Option<Redo>,
    /// What stood once and was set aside, in the order of being set aside.
    pub superseded: Vec<Superseded>,
    /// How it began, if its contract was made before the ledger. (存量合同登记)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub takeover: Option<Standing>,
}

impl Transaction {
    /// The record of a step, if it stands.
    #[must_use]
    pub fn record(&self, step: Step) -> Option<&Passed> {
        self.passed.iter().find(|passed| passed.step == step)
    }

    /// Whether a step was ever done, though it may have been set aside since: not if it was left out.
    #[must_use]
    pub fn was_done(&self, step: Step) -> bool {
        let aside = self.superseded.iter().map(|superseded| &superseded.passed);
        let mut all = self.passed.iter().chain(aside);
        all.any(|passed| passed.step == step && !passed.is_waived())
    }

    /// What an entry of this transaction recorded, as it stands, if a correction may name it: a step
    /// that is no publication and was not left out, a contract taken over, or an event of its life.
    #[must_use]
    pub fn correctable(&self, entry: u64) -> Option<&Event> {
        let fits = |passed: &&Passed| {
            let publishes = passed.step.publication_point().is_some();
            passed.recorded.index == entry && !publishes && !passed.is_waived()
        };
        let step = self.passed.iter().find(fits).map(|passed| &passed.event);
        // What was broken off has no contract any more.
        let standing = self.takeover.iter().filter(|_| self.contract.is_some());
        let taken = standing.map(|standing| &standing.noted);
        let mut taken = taken.filter(|noted| noted.recorded.index == entry);
        step.or_else(|| taken.next().map(|noted| &noted.event))
            .or_else(|| self.contract.as_ref()?.event(entry))
    }

    /// The entries that a correction may name, with what they recorded, as it stands.
    pub fn correctables(&self) -> impl Iterator<Item = (u64, &Event)> {
        let steps = self.passed.iter().map(|passed| passed.recorded.index);
        let life = self.contract.iter().flat_map(Contract::entries);
        let taken = self.takeover.iter().map(|taken| taken.noted.recorded.index);
        steps
            .chain(taken)
            .chain(life)
            .filter_map(|entry| Some((entry, self.correctable(entry)?)))
    }

    /// What was recorded of its contract, if that was made before the ledger. (存量合同)
    #[must_use]
    pub fn taken_over(&self) -> Option<&ContractTakenOver> {
        match &self.takeover.as_ref()?.noted.event {
            Event::ContractTakenOver(taken) => Some(taken),
            _ => None,
        }
    }

    /// What kind of dealing it is, once that was proposed, or of a contract that was taken over. (类别)
    #[must_use]
    pub fn category(&self) -> Option<Category> {
        if let Some(taken) = self.taken_over() {
            return Some(taken.category);
        }
        match &self.record(Step::ProposalInitiation)?.event {
            Event::ProposalInitiation(proposal) => Some(proposal.category),
            _ => None,
        }
    }

    /// Since when the contract is over with neither a renewal nor a return of the asset, if that is one
    /// that comes back. (到期未续未收)
    #[must_use]
    pub fn expired(&self, on: Date) -> Option<Date> {
        let gives_back = self.category().is_none_or(Category::gives_back);
        match self.contract.as_ref()?.stage(on) {
            Stage::Expired { since } if gives_back => Some(since),
            _ => None,
        }
    }

    /// How the other party is found: as planned, or as proposed before there is a plan. (方式)
    #[must_use]
    pub fn method(&self) -> Option<Method> {
        if let Some(taken) = self.taken_over() {
            return taken.method;
        }
        let planned = self.record(Step::PlanDrafting);
        match &planned.or(self.record(Step::ProposalInitiation))?.event {
            Event::PlanDrafting(plan) => Some(plan.method),
            Event::ProposalInitiation(proposal) => Some(proposal.method),
            _ => None,
        }
    }

    /// The reserve price: the plan's, or that of the valuation before there is a plan. (底价)
    #[must_use]
    pub fn reserve_price(&self) -> Option<&Price> {
        let planned = self.record(Step::PlanDrafting);
        match &planned.or(self.record(Step::FeedbackAndValuation))?.event {
            Event::PlanDrafting(plan) => Some(&plan.reserve_price),
            Event::FeedbackAndValuation(valued) => Some(&valued.reserve_price),
            _ => None,
        }
    }

    /// The term in months: the plan's, or the one expected before there is a plan. (期限)
    #[must_use]
    pub fn term_months(&self) -> Option<u32> {
        let planned = self.record(Step::PlanDrafting);
        match &planned.or(self.record(Step::ProposalInitiation))?.event {
            Event::PlanDrafting(plan) => plan.term_months,
            Event::ProposalInitiation(proposal) => proposal.expected_term_months,
            _ => None,
        }
    }

    /// Whether all sixteen steps were done, even if something in them is being published again. (已完成)
    #[must_use]
    pub fn was_completed(&self) -> bool {
        matches!(self.phase, Phase::Completed(_))
            || self.redo.as_ref().is_some_and(|redo| redo.completed)
    }

    /// Whether it may go back to a step that was done: after a failed bidding only to the listing, or to
    /// the plan or before, and so to a new vote. (规则 5)
    #[must_use]
    pub fn can_return_to(&self, step: Step) -> bool {
        !self.bidding_failed() || step == Step::ListingNotice || step <= Step::PlanDrafting
    }

    /// Whether the bidding that stands ended without a winner. (流拍)
    #[must_use]
    pub fn bidding_failed(&self) -> bool {
        matches!(
            self.record(Step::Bidding).map(|passed| &passed.event),
            Some(Event::Bidding(bidding)) if matches!(bidding.outcome, BiddingOutcome::Failed { .. })
        )
    }

    /// When, where and by whom an entry of this transaction was recorded, whether it stands or not.
    #[must_use]
    pub fn recorded(&self, entry: u64) -> Option<&Recorded> {
        self.recordings().find(|recorded| recorded.index == entry)
    }

    /// When, where and by whom each entry of this transaction was recorded, whether it stands or not;
    /// each once, in no order.
    pub fn recordings(&self) -> impl Iterator<Item = &Recorded> {
        let gone = self.superseded.iter().map(|gone| &gone.passed);
        // A waiver stands for several steps, and is a detour too.
        let steps = self.passed.iter().chain(gone);
        let steps = steps.filter(|passed| !passed.is_waived());
        let postings = self.postings.iter().map(|posting| &posting.recorded);
        let aside = self.contracts_set_aside.iter().map(|aside| &aside.contract);
        let lives = self.contract.iter().chain(aside).flat_map(|c| &c.events);
        let noted = self.detours.iter().chain(&self.notes);
        let noted = noted.chain(lives.chain(&self.takeover).map(|standing| &standing.noted));
        steps
            .map(|passed| &passed.recorded)
            .chain(postings)
            .chain(noted.map(|noted| &noted.recorded))
    }

    /// The postings of a publication as it stands, by channel.
    #[must_use]
    pub fn postings_of(&self, point: PublicationPoint) -> BTreeMap<&Label, &Posting> {
        let made = self
            .record(point.step())
            .map(|passed| passed.recorded.index);
        self.postings
            .iter()
            .filter(|posting| Some(posting.publication) == made)
            .map(|p| (&p.channel, p))
            .collect()
    }

    /// The step whose turn it is; for a publication that waits for postings, that publication.
    #[must_use]
    pub fn current_step(&self) -> Option<Step> {
        match &self.phase {
            Phase::Awaiting(awaiting) => Some(awaiting.step),
            Phase::Publishing(publishing) => Some(publishing.point.step()),
            Phase::BiddingFailed { .. } => Some(Step::Bidding),
            Phase::Completed(_) | Phase::TakenOver { .. } | Phase::Terminated { .. } => None,
        }
    }

    /// Takes note of a step, in its place among those that stand.
    pub(crate) fn pass(&mut self, passed: Passed, phase: Phase) {
        let place = self.passed.partition_point(|p| p.step < passed.step);
        if let Some(redo) = &mut self.redo {
            // Its turn came after theirs: they have run.
            redo.gates
                .retain(|gate| gate.window_of() > Some(passed.step));
        }
        self.passed.insert(place, passed);
        self.phase = phase;
    }

    /// The phase after a step that is no publication.
    pub(crate) fn phase_after(step: Step, received_at: LogTime, window: Option<Span>) -> Phase {
        // Only the last publication has no next step, and it does not come here.
        let next = step.next().unwrap_or(step);
        let gate = match window {
            Some(span) => Gate::Window {
                step,
                since: received_at,
                span,
            },
            None => Gate::Ready { since: received_at },
        };
        Phase::Awaiting(Awaiting { gate, step: next })
    }

    /// The phase after a publication.
    pub(crate) fn phase_published(
        point: PublicationPoint,
        disclosure: Digest,
        channels: impl IntoIterator<Item = Label>,
        published_at: LogTime,
        open_for: Option<Span>,
    ) -> Phase {
        let outstanding = channels.into_iter().collect();
        Phase::Publishing(Publishing {
            disclosure,
            open_for,
            outstanding,
            point,
            published_at,
        })
    }

    /// Moves on after a posting.
    pub(crate) fn post(&mut self, channel: &Label, received_at: LogTime) {
        let Phase::Publishing(publishing) = &self.phase else {
            return;
        };
        match publishing.clone().post(channel, received_at) {
            Err(publishing) => self.phase = Phase::Publishing(publishing),
            Ok(disclosed) => self.disclosed(disclosed),
        }
    }
}
