//! Rules of the sixteen steps and of postings: order, gates, documents, votes, disclosures.

use std::collections::BTreeSet;

use super::{Case, calendar_missing, limits};
use crate::charter::{Charter, Denominator, VotingBody};
use crate::disclosure::Disclosure;
use crate::event::{Event, StepView};
use crate::hash::Digest;
use crate::name::Label;
use crate::record::{ChannelPosted, ContractSigning, DocumentRef, MemberVote, Publication};
use crate::refusal::Refusal;
use crate::step::{PublicationPoint, Step};
use crate::transaction::{Phase, Transaction};

impl Case<'_> {
    /// Rules of a step: order, gate, documents, and what its record must satisfy.
    pub(super) fn step(
        &self,
        transaction: Option<&Transaction>,
        view: StepView<'_>,
    ) -> Result<(), Refusal> {
        let (charter, event) = (self.charter(), &self.statement.event);
        self.check_turn(transaction, view.step)?;
        if let (Some(point), Some(publication)) =
            (view.step.publication_point(), event.publication())
        {
            check_channels(charter, publication)?;
            self.check_disclosure(transaction, point, publication)?;
        }
        self.check_step_record(charter, transaction, view, event)?;
        if let (Some(transaction), Step::PlanDrafting) = (transaction, view.step) {
            self.check_plan(transaction)?;
        }
        self.check_vouchers(transaction, event)
    }

    /// What the record of a step must satisfy, whenever it is made or corrected, under the charter that
    /// governed it when it was made.
    pub(super) fn check_step_record(
        &self,
        charter: &Charter,
        transaction: Option<&Transaction>,
        view: StepView<'_>,
        event: &Event,
    ) -> Result<(), Refusal> {
        let documents = view.record.documents().iter();
        let attached: BTreeSet<&Label> = documents.map(DocumentRef::kind).collect();
        let rules = charter.steps.of(view.step).documents.iter();
        let missing: Vec<Label> = rules
            .filter(|document| document.required && !attached.contains(&document.kind))
            .map(|document| document.kind.clone())
            .collect();
        if !missing.is_empty() {
            return Err(Refusal::DocumentMissing { missing });
        }
        self.check_record(view.record)?;
        match event {
            Event::MemberVote(vote) => check_vote(charter, &Votes::from(vote))?,
            Event::ContractSigning(contract) => check_term(transaction, contract)?,
            _ => {}
        }
        limits::check(charter, transaction, event)
    }

    /// Rule 1: a step only after the one before it, and after its publication's window.
    pub(super) fn check_turn(
        &self,
        transaction: Option<&Transaction>,
        step: Step,
    ) -> Result<(), Refusal> {
        let Some(transaction) = transaction else {
            if step == Step::AssetVerification {
                return Ok(());
            }
            return Err(Refusal::OutOfOrder {
                expected: Step::AssetVerification,
                found: step,
            });
        };
        let awaiting = match &transaction.phase {
            Phase::Awaiting(awaiting) => awaiting,
            Phase::Completed(_) => return Err(Refusal::TransactionCompleted),
            Phase::TakenOver { .. } => {
                return Err(Refusal::NoSteps {
                    taken_over_by: transaction.begun_at,
                });
            }
            Phase::Terminated { .. } => return Err(Refusal::TransactionTerminated),
            Phase::BiddingFailed { .. } => return Err(Refusal::BiddingFailed),
            Phase::Publishing(publishing) => {
                let published = publishing.point().step();
                let turn_of_another = published.next().is_some_and(|next| step != next);
                if turn_of_another && step != published {
                    return Err(Refusal::OutOfOrder {
                        expected: published,
                        found: step,
                    });
                }
                let missing = publishing.outstanding().iter().cloned().collect();
                return Err(Refusal::ChannelMissing {
                    point: publishing.point(),
                    missing,
                });
            }
        };
        if awaiting.step != step {
            return Err(Refusal::OutOfOrder {
                expected: awaiting.step,
                found: step,
            });
        }
        self.check_findings(transaction)?;
        let calendar = self.ledger.calendar_at(self.position);
        let (opens_at, window_of) = awaiting.gate.opens_at(calendar).map_err(calendar_missing)?;
        match window_of {
            Some(step) if self.received_at < opens_at => Err(Refusal::WindowOpen {
                step,
                acceptable_from: opens_at,
            }),
            _ => self.check_concerns(transaction, step),
        }
    }

    /// A posting on a channel that the publication named, once, of what was published.
    pub(super) fn posting(
        &self,
        transaction: Option<&Transaction>,
        posted: &ChannelPosted,
    ) -> Result<(), Refusal> {
        let Some(transaction) = transaction else {
            return Err(Refusal::NothingToPost);
        };
        let publishing = match &transaction.phase {
            Phase::Publishing(publishing) => publishing,
            Phase::Terminated { .. } => return Err(Refusal::TransactionTerminated),
            _ => return Err(Refusal::NothingToPost),
        };
        let (found, expected) = (&posted.channel, publishing.disclosure());
        let missing = || publishing.outstanding().iter().cloned().collect();
        if transaction
            .postings_of(publishing.point())
            .contains_key(found)
        {
            return Err(Refusal::AlreadyPosted {
                found: found.clone(),
                missing: missing(),
            });
        }
        if !publishing.outstanding().contains(found) {
            return Err(Refusal::UnknownChannel {
                expected: missing(),
                found: found.clone(),
            });
        }
        if posted.disclosure != *expected {
            return Err(Refusal::DisclosureMismatch {
                expected: *expected,
                found: posted.disclosure,
            });
        }
        Ok(())
    }

    /// What is published must be what the record says.
    fn check_disclosure(
        &self,
        transaction: Option<&Transaction>,
        point: PublicationPoint,
        publication: &Publication,
    ) -> Result<(), Refusal> {
        // A publication is never a first step: its turn has been checked.
        let Some(transaction) = transaction else {
            return Err(Refusal::OutOfOrder {
                expected: Step::AssetVerification,
                found: point.step(),
            });
        };
        let charter = self.charter();
        let composed = Disclosure::compose(self.ledger, charter, transaction, point, publication);
        let found = publication.disclosure;
        match composed.digest() {
            Ok(expected) if expected == found => Ok(()),
            Ok(expected) => Err(Refusal::DisclosureMismatch { expected, found }),
            // What cannot be encoded has no digest, and matches none, not even this one.
            Err(_) => Err(Refusal::DisclosureMismatch {
                expected: Digest::from_bytes([0; 32]),
                found,
            }),
        }
    }
}

fn check_channels(charter: &Charter, publication: &Publication) -> Result<(), Refusal> {
    if let Some(found) = publication
        .channels
        .iter()
        .find(|id| charter.channel(id).is_none())
    {
        let expected = charter
            .channels
            .iter()
            .map(|channel| channel.id.clone())
            .collect();
        return Err(Refusal::UnknownChannel {
            expected,
            found: found.clone(),
        });
    }
    let missing: Vec<Label> = charter
        .required_channels()
        .filter(|id| !publication.channels.contains(id))
        .cloned()
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Refusal::ChannelsIncomplete { missing })
    }
}

/// The votes of a body, counted.
pub(super) struct Votes {
    pub(super) body: VotingBody,
    pub(super) eligible: u32,
    pub(super) in_favour: u32,
    pub(super) members: u32,
    pub(super) present: u32,
}

impl From<&MemberVote> for Votes {
    fn from(vote: &MemberVote) -> Self {
        Self {
            body: vote.body,
            eligible: vote.eligible,
            in_favour: vote.r#for,
            members: vote.members,
            present: vote.present,
        }
    }
}

/// A contract runs no longer than the plan that was voted on, where the plan has a term.
fn check_term(
    transaction: Option<&Transaction>,
    contract: &ContractSigning,
) -> Result<(), Refusal> {
    let plan = transaction.and_then(|transaction| transaction.record(Step::PlanDrafting));
    let Some(Event::PlanDrafting(plan)) = plan.map(|passed| &passed.event) else {
        return Ok(());
    };
    let Some(expected_months) = plan.term_months else {
        return Ok(());
    };
    let term = contract.term_start.zip(contract.term_end);
    let fits = term.is_some_and(|(start, end)| {
        let after = start.plus_months(expected_months);
        after.is_none_or(|after| end < after)
    });
    if fits {
        return Ok(());
    }
    Err(Refusal::TermExceedsPlan {
        expected_months,
        found: contract.term_end,
    })
}

/// Rule 3, for a body that must be one of those that may decide a plan.
fn check_vote(charter: &Charter, votes: &Votes) -> Result<(), Refusal> {
    let may = charter
        .voting
        .iter()
        .filter(|(_, rule)| rule.may_decide_plan);
    let bodies: Vec<VotingBody> = may.map(|(body, _)| *body).collect();
    check_votes(charter, &bodies, votes)
}

/// Rule 3. Source: 农村集体经济组织法, articles 27, 28 and 31, as the charter's denominators say.
pub(super) fn check_votes(
    charter: &Charter,
    bodies: &[VotingBody],
    votes: &Votes,
) -> Result<(), Refusal> {
    let rule = charter.voting.get(&votes.body);
    let Some(rule) = rule.filter(|_| bodies.contains(&votes.body)) else {
        return Err(Refusal::WrongBody {
            expected: bodies.to_vec(),
            found: votes.body,
        });
    };
    let whole = |of| match of {
        Denominator::Members => votes.members,
        Denominator::Eligible => votes.eligible,
        Denominator::Present => votes.present,
    };
    let base = whole(rule.participation.of);
    if !rule.participation.is_met(votes.present, base) {
        return Err(Refusal::QuorumNotReached {
            expected: rule.participation.least(base),
            found: votes.present,
        });
    }
    let base = whole(rule.approval.of);
    if base == 0 || !rule.approval.is_met(votes.in_favour, base) {
        return Err(Refusal::VoteNotPassed {
            expected: rule.approval.least(base),
            found: votes.in_favour,
        });
    }
    Ok(())
}
