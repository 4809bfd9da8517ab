//! Rules of concerns: about what and when one is raised, that it is answered once, and what waits for
//! the answer.

use super::Case;
use crate::concern::Concern;
use crate::event::Event;
use crate::name::ConcernId;
use crate::record::{ConcernAnswered, ConcernRaised};
use crate::refusal::Refusal;
use crate::signing;
use crate::step::Step;
use crate::transaction::Transaction;

/// How many concerns a refusal names; it counts all of them.
const NAMED: usize = 8;

impl Case<'_> {
    /// Rules of an event in a concern's stream.
    pub(super) fn concern_event(&self, id: &ConcernId) -> Result<(), Refusal> {
        let event = &self.statement.event;
        match event {
            Event::ConcernRaised(raised) => self.concern_raised(id, raised)?,
            Event::ConcernAnswered(answered) => self.concern_answered(id, answered)?,
            Event::ConcernClosed(_) => {
                let concern = self.answered_concern(id)?;
                if let Some(closed) = concern.closed() {
                    return Err(Refusal::ConcernClosedBefore {
                        found: id.clone(),
                        closed_by: closed.recorded.index,
                    });
                }
            }
            Event::ConcernHidden(_) => {
                let concern = self.known_concern(id)?;
                let found = id.clone();
                if let Some(hidden) = &concern.hidden {
                    let hidden_by = hidden.recorded.index;
                    return Err(Refusal::ConcernHiddenBefore { found, hidden_by });
                }
                if concern.raised.words().is_none() {
                    return Err(Refusal::ConcernNotHideable { found });
                }
            }
            Event::ConcernRated(_) => {
                let concern = self.answered_concern(id)?;
                if let Some(rated) = &concern.rated {
                    return Err(Refusal::ConcernRatedBefore {
                        found: id.clone(),
                        rated_by: rated.recorded.index,
                    });
                }
            }
            Event::DocumentErased(erased) => {
                self.known_concern(id)?;
                self.document_erased(erased)?;
            }
            // Others belong elsewhere, which has been checked.
            _ => return Err(Refusal::AlreadyOpened),
        }
        match event.record() {
            Some(record) => self.check_record(record),
            None => Ok(()),
        }
    }

    /// About a transaction that has begun, and of it what has been done; the id is a new one.
    fn concern_raised(&self, id: &ConcernId, raised: &ConcernRaised) -> Result<(), Refusal> {
        if self.state.concern(id).is_some() {
            return Err(Refusal::ConcernExists { found: id.clone() });
        }
        let Some(transaction) = self.state.transaction(&raised.transaction) else {
            return Err(Refusal::NotBegun {
                found: raised.transaction.clone(),
            });
        };
        match raised.subject.step() {
            Some(step) if !transaction.was_done(step) => Err(Refusal::ConcernTooEarly {
                expected: step,
                found: raised.subject,
            }),
            _ => Ok(()),
        }
    }

    /// One answer for any number of concerns about one transaction, each of which has none yet.
    fn concern_answered(&self, id: &ConcernId, answered: &ConcernAnswered) -> Result<(), Refusal> {
        for one in std::iter::once(id).chain(&answered.also) {
            let concern = self.known_concern(one)?;
            if *concern.transaction() != answered.transaction {
                return Err(Refusal::ConcernOfAnother {
                    concern: one.clone(),
                    expected: concern.transaction().clone(),
                    found: answered.transaction.clone(),
                });
            }
            if let Some(before) = concern.answered() {
                return Err(Refusal::ConcernAnsweredBefore {
                    found: one.clone(),
                    answered_by: before.recorded.index,
                });
            }
        }
        if answered.also.contains(id) {
            return Err(Refusal::Inconsistent {
                field: "also",
                expected: "其他意见 (other concerns)".to_owned(),
                found: id.to_string(),
            });
        }
        Ok(())
    }

    fn known_concern(&self, id: &ConcernId) -> Result<&Concern, Refusal> {
        let unknown = || Refusal::ConcernUnknown { found: id.clone() };
        self.state.concern(id).ok_or_else(unknown)
    }

    fn answered_concern(&self, id: &ConcernId) -> Result<&Concern, Refusal> {
        let concern = self.known_concern(id)?;
        match concern.answered() {
            Some(_) => Ok(concern),
            None => Err(Refusal::ConcernUnanswered { found: id.clone() }),
        }
    }

    /// Rule 1: nothing follows while a concern that was raised in time is unanswered.
    pub(super) fn check_concerns(
        &self,
        transaction: &Transaction,
        step: Step,
    ) -> Result<(), Refusal> {
        let Some((of, holding)) = transaction.concerns.holding_up(step) else {
            return Ok(());
        };
        // Who answers a concern is said by the charter under which it was raised.
        let raised_at = holding.keys().next().copied().unwrap_or(self.position);
        let charter = self.ledger.charter_of(raised_at, self.position);
        let rule = charter.signing.of("concern_answered");
        let roles = rule.map(|rule| signing::roles_of(rule, &self.ledger.roster, self.position).0);
        Err(Refusal::ConcernOpen {
            step: of,
            found: holding.values().take(NAMED).cloned().collect(),
            count: holding.len() as u64,
            answered_by: roles.unwrap_or_default(),
        })
    }
}
