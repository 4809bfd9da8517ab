//! A resident's concern, from being raised to being settled, and what its transaction keeps of it.
//! (群众意见)
//!
//! A concern stands in a stream of its own, so that however many are raised, what the signers of the
//! transaction have signed stays valid. Its transaction's *state* knows of it: a concern that was raised
//! inside the window of its subject holds up what comes after, until it is answered. Knows nothing of
//! who may raise or answer one: what is written here has been admitted.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::calendar::{Calendar, Deadline, Span};
use crate::hash::Hash;
use crate::name::{ConcernId, TransactionId};
use crate::papers::Papers;
use crate::record::{
    ConcernClosed, ConcernHidden, ConcernRaised, ConcernRated, ConcernSubject, DocumentRef, Outcome,
};
use crate::recorded::Recorded;
use crate::step::Step;
use crate::text::Paragraph;
use crate::time::LogTime;

/// What was answered; many concerns may share it. (答复内容)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The answer.
    pub answer: Paragraph,
    /// The documents that go with it.
    pub documents: Vec<DocumentRef>,
    /// In which concern's stream it stands.
    pub of: ConcernId,
    /// What came of it.
    pub outcome: Outcome,
}

/// A concern's answer: what it says, and when, where and by whom. (答复)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answered {
    /// What it says.
    #[serde(flatten)]
    pub answer: Arc<Answer>,
    /// When, where in the log, and by whom.
    #[serde(flatten)]
    pub recorded: Recorded,
}

/// How a concern was settled. (办结)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Closed {
    /// What was recorded.
    #[serde(flatten)]
    pub record: ConcernClosed,
    /// When, where in the log, and by whom.
    #[serde(flatten)]
    pub recorded: Recorded,
}

/// That its words are no longer shown to everybody. (屏蔽)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hidden {
    /// What was recorded.
    #[serde(flatten)]
    pub record: ConcernHidden,
    /// When, where in the log, and by whom.
    #[serde(flatten)]
    pub recorded: Recorded,
}

/// What the resident thinks of the answer. (评价)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rated {
    /// What was recorded.
    #[serde(flatten)]
    pub record: ConcernRated,
    /// When, where in the log, and by whom.
    #[serde(flatten)]
    pub recorded: Recorded,
}

/// How far a concern has come. (办理阶段)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum ConcernPhase {
    /// It waits for an answer. (待答复)
    Raised,
    /// It was answered. (已答复)
    Answered {
        /// How.
        answered: Answered,
    },
    /// It was answered and is settled. (已办结)
    Closed {
        /// How it was answered.
        answered: Answered,
        /// How it was settled.
        closed: Closed,
    },
}

/// One concern. (一条群众意见)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Concern {
    /// Its id.
    pub id: ConcernId,
    /// Within how long it is to be answered, by the charter under which it was raised.
    pub answer_within: Span,
    /// When its private documents were erased, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub erasures: Vec<Recorded>,
    /// The leaf hash of the last entry of its own stream.
    pub head: Hash,
    /// Why its words are no longer shown to everybody, if they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Hidden>,
    /// The private documents that its own stream names.
    #[serde(skip_serializing_if = "Papers::is_empty")]
    pub papers: Papers,
    /// How far it has come.
    pub phase: ConcernPhase,
    /// What was raised.
    pub raised: ConcernRaised,
    /// What the resident thinks of the answer, once that was recorded.
    pub rated: Option<Rated>,
    /// When it was raised, where in the log, and who signed: its entry decides which charter governs it.
    pub recorded: Recorded,
}

impl Concern {
    /// About which transaction.
    #[must_use]
    pub fn transaction(&self) -> &TransactionId {
        &self.raised.transaction
    }

    /// The answer, if there is one.
    #[must_use]
    pub fn answered(&self) -> Option<&Answered> {
        match &self.phase {
            ConcernPhase::Raised => None,
            ConcernPhase::Answered { answered } | ConcernPhase::Closed { answered, .. } => {
                Some(answered)
            }
        }
    }

    /// How it was settled, if it was.
    #[must_use]
    pub fn closed(&self) -> Option<&Closed> {
        match &self.phase {
            ConcernPhase::Closed { closed, .. } => Some(closed),
            _ => None,
        }
    }

    /// Until when it is to be answered: from when the log received it. (答复期限)
    #[must_use]
    pub fn deadline(&self, calendar: &Calendar) -> Deadline {
        calendar.deadline(self.recorded.received_at, self.answer_within)
    }

    /// Whether the answer came after the deadline, or at `now` has not come and the deadline has. (超期)
    #[must_use]
    pub fn is_overdue(&self, calendar: &Calendar, now: LogTime) -> bool {
        let answered_at = self
            .answered()
            .map(|answered| answered.recorded.received_at);
        answered_at.unwrap_or(now) >= self.deadline(calendar).at
    }

    /// What an entry left behind in it, if it did.
    #[must_use]
    pub fn recorded(&self, entry: u64) -> Option<&Recorded> {
        let answered = self.answered().map(|answered| &answered.recorded);
        let closed = self.closed().map(|closed| &closed.recorded);
        let hidden = self.hidden.as_ref().map(|hidden| &hidden.recorded);
        let rated = self.rated.as_ref().map(|rated| &rated.recorded);
        let mut all = std::iter::once(&self.recorded)
            .chain(answered)
            .chain(closed)
            .chain(hidden)
            .chain(rated)
            .chain(&self.erasures);
        all.find(|recorded| recorded.index == entry)
    }

    pub(crate) fn answer(&mut self, answered: Answered) {
        self.phase = ConcernPhase::Answered { answered };
    }

    pub(crate) fn close(&mut self, closed: Closed) {
        if let Some(answered) = self.answered().cloned() {
            self.phase = ConcernPhase::Closed { answered, closed };
        }
    }
}

/// A concern that waits for an answer, as its transaction keeps it. (待答复意见)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unanswered {
    /// Within how long it is to be answered.
    pub answer_within: Span,
    /// Whether it was raised inside the window of its subject, and so holds up what comes after.
    pub holds: bool,
    /// The entry that raised it.
    pub index: u64,
    /// When the log received it.
    pub received_at: LogTime,
    /// What it is about.
    pub subject: ConcernSubject,
}

impl Unanswered {
    /// Until when it is to be answered. (答复期限)
    #[must_use]
    pub fn deadline(&self, calendar: &Calendar) -> Deadline {
        calendar.deadline(self.received_at, self.answer_within)
    }
}

/// What a transaction keeps of the concerns about it. (交易的群众意见)
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Concerns {
    /// Those that hold up what comes after this step, in the order of being raised.
    holding: BTreeMap<Step, BTreeMap<u64, ConcernId>>,
    raised: Vec<ConcernId>,
    unanswered: BTreeMap<ConcernId, Unanswered>,
}

impl Concerns {
    /// All concerns about the transaction, in the order of being raised.
    #[must_use]
    pub fn raised(&self) -> &[ConcernId] {
        &self.raised
    }

    /// Those that wait for an answer.
    #[must_use]
    pub fn unanswered(&self) -> &BTreeMap<ConcernId, Unanswered> {
        &self.unanswered
    }

    /// What holds up `step`: the first step before it with unanswered concerns that were raised inside
    /// its window, and these concerns, by the entries that raised them.
    #[must_use]
    pub fn holding_up(&self, step: Step) -> Option<(Step, &BTreeMap<u64, ConcernId>)> {
        let mut before = self.holding.range(..step);
        before.next().map(|(step, concerns)| (*step, concerns))
    }

    pub(crate) fn raise(&mut self, id: &ConcernId, concern: Unanswered) {
        if let (true, Some(step)) = (concern.holds, concern.subject.step()) {
            let holding = self.holding.entry(step).or_default();
            holding.insert(concern.index, id.clone());
        }
        self.raised.push(id.clone());
        self.unanswered.insert(id.clone(), concern);
    }

    pub(crate) fn answer(&mut self, id: &ConcernId) {
        let Some(concern) = self.unanswered.remove(id) else {
            return;
        };
        let Some(step) = concern.subject.step() else {
            return;
        };
        if let Some(holding) = self.holding.get_mut(&step) {
            holding.remove(&concern.index);
            if holding.is_empty() {
                self.holding.remove(&step);
            }
        }
    }
}
