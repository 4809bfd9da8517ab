//! One transaction on its way through the sixteen steps. (一笔交易的状态)
//!
//! Each phase holds exactly the data of that phase. Nothing follows a publication without the
//! [`Disclosed`] token, which only the last posting makes. Knows nothing of signers or charters:
//! what is written here has been admitted.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::calendar::{Calendar, CalendarError, Span};
use crate::event::Event;
use crate::hash::{Digest, Hash};
use crate::name::{Label, MemberId, TransactionId};
use crate::step::{PublicationPoint, Step};
use crate::text::Line;
use crate::time::{LogTime, StatedTime};

/// What every admitted event leaves behind: where it stands, when it was, who signed. (登记)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// When it happened, as the signers say.
    pub at: StatedTime,
    /// Its place in the log.
    pub index: u64,
    /// When the log received it.
    pub received_at: LogTime,
    /// Whether it was received long after it happened. (补录)
    pub recorded_late: bool,
    /// Who signed, in the order of their ids.
    pub signers: Vec<MemberId>,
}

/// A step that stands. (已办环节)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// The step.
    pub step: Step,
    /// What was recorded.
    pub event: Event,
    /// When, where and by whom.
    #[serde(flatten)]
    pub recorded: Recorded,
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
        /// When the log received that.
        since: LogTime,
    },
    /// All sixteen steps are done and published. (已完成)
    Completed(Disclosed),
}

/// One transaction. (交易)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transaction {
    /// Its id.
    pub id: TransactionId,
    /// The entry that began it: decides which charter governs it.
    pub begun_at: u64,
    /// The leaf hash of its last entry.
    pub head: Hash,
    /// The steps that stand, in order.
    pub passed: Vec<Passed>,
    /// Where it stands.
    pub phase: Phase,
    /// All postings, in order.
    pub postings: Vec<Posting>,
}

impl Transaction {
    /// The record of a step, if it stands.
    #[must_use]
    pub fn record(&self, step: Step) -> Option<&Passed> {
        self.passed.iter().rev().find(|passed| passed.step == step)
    }

    /// The postings of a publication, by channel.
    #[must_use]
    pub fn postings_of(&self, point: PublicationPoint) -> BTreeMap<&Label, &Posting> {
        self.postings
            .iter()
            .filter(|posting| posting.point == point)
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
            Phase::Completed(_) => None,
        }
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
        self.phase = match publishing.clone().post(channel, received_at) {
            Err(publishing) => Phase::Publishing(publishing),
            Ok(disclosed) => match disclosed.point.step().next() {
                Some(step) => Phase::Awaiting(Awaiting {
                    gate: Gate::Disclosed(disclosed),
                    step,
                }),
                None => Phase::Completed(disclosed),
            },
        };
    }
}
