//! Rules of those who look on: findings and their answers, declarations, and the vote on a charter.

use super::Case;
use super::steps::{Votes, check_votes};
use crate::charter::Charter;
use crate::event::{Ballot, CharterAdopted, Event};
use crate::oversight::findings;
use crate::record::{DocumentErased, FindingAnswered, FindingRaised, RelativeDeclared, tally};
use crate::recorded::Noted;
use crate::refusal::Refusal;
use crate::role::Role;
use crate::transaction::Transaction;

impl Case<'_> {
    /// Rules of what is noted in a stream beside its own course. `notes` are those of the same stream.
    pub(super) fn noted(&self, notes: &[Noted]) -> Result<(), Refusal> {
        match &self.statement.event {
            Event::FindingRaised(raised) => self.finding_raised(raised),
            Event::FindingAnswered(answered) => finding_answered(notes, answered),
            Event::RelativeDeclared(declared) => self.relative_declared(declared),
            Event::DocumentErased(erased) => self.document_erased(erased),
            _ => Ok(()),
        }
    }

    fn finding_raised(&self, raised: &FindingRaised) -> Result<(), Refusal> {
        let today = self.today();
        if raised.answer_by < today {
            return Err(Refusal::Inconsistent {
                field: "answer_by",
                expected: format!("≥ {today}"),
                found: raised.answer_by.to_string(),
            });
        }
        if raised.stops && self.state.transaction_of(&self.statement.stream).is_none() {
            return Err(Refusal::Inconsistent {
                field: "stops",
                expected: "false：不针对某笔交易的问题没有可暂停的环节 (no transaction to stop)"
                    .to_owned(),
                found: "true".to_owned(),
            });
        }
        Ok(())
    }

    /// Who declares signs, alone, and holds a role; the intake key signs nothing but concerns.
    fn relative_declared(&self, declared: &RelativeDeclared) -> Result<(), Refusal> {
        let member = &declared.member;
        if self.signers != std::slice::from_ref(member) {
            return Err(Refusal::NotForSelf {
                expected: member.clone(),
                found: self.signers.to_vec(),
            });
        }
        // Who signs nothing else has nothing to declare, and could move the stream on for ever.
        let held = self.ledger.roster.member(member);
        let mut roles = held
            .into_iter()
            .flat_map(|held| held.roles_at(self.position));
        if !roles.any(|role| role != Role::Intake) {
            return Err(Refusal::SignerWithoutRole {
                member: member.clone(),
                expected: Vec::new(),
            });
        }
        Ok(())
    }

    /// A private document that an entry of this very stream names, and that still stands.
    pub(super) fn document_erased(&self, erased: &DocumentErased) -> Result<(), Refusal> {
        let found = erased.commitment;
        let papers = self.state.papers(&self.statement.stream);
        match papers.and_then(|papers| papers.of(&found)) {
            None => Err(Refusal::UnknownDocument { found }),
            Some(paper) => match paper.erased_by {
                Some(erased_by) => Err(Refusal::DocumentErasedBefore { found, erased_by }),
                None => Ok(()),
            },
        }
    }

    /// Nothing goes on while a finding that stops it is unanswered.
    pub(super) fn check_findings(&self, transaction: &Transaction) -> Result<(), Refusal> {
        let open = findings(&transaction.notes)
            .filter(|finding| finding.raised.stops && finding.answered.is_none())
            .map(|finding| finding.recorded.index);
        let found: Vec<u64> = open.collect();
        if found.is_empty() {
            return Ok(());
        }
        Err(Refusal::FindingOpen { found })
    }

    /// A new charter is voted on as the charter in force says.
    pub(super) fn check_adoption(
        &self,
        charter: &Charter,
        adopted: &CharterAdopted,
    ) -> Result<(), Refusal> {
        let bodies = &charter.adoption.bodies;
        let Some(ballot) = &adopted.vote else {
            return if bodies.is_empty() {
                Ok(())
            } else {
                Err(Refusal::AdoptionUnvoted {
                    expected: bodies.clone(),
                })
            };
        };
        if let Some(fault) = tally(
            [ballot.r#for, ballot.against, ballot.abstain],
            ballot.present,
            ballot.eligible,
            ballot.members,
        ) {
            return Err(fault.into());
        }
        self.check_days(vec![("vote.held_on", ballot.held_on)])?;
        if bodies.is_empty() {
            return Ok(());
        }
        check_votes(charter, bodies, &Votes::from(ballot))
    }
}

fn finding_answered(notes: &[Noted], answered: &FindingAnswered) -> Result<(), Refusal> {
    let found = answered.entry;
    let finding = findings(notes).find(|finding| finding.recorded.index == found);
    match finding {
        None => Err(Refusal::UnknownFinding { found }),
        Some(finding) => match finding.answered {
            Some(before) => Err(Refusal::FindingSettled {
                found,
                settled_by: before.index,
            }),
            None => Ok(()),
        },
    }
}

impl From<&Ballot> for Votes {
    fn from(ballot: &Ballot) -> Self {
        Self {
            body: ballot.body,
            eligible: ballot.eligible,
            in_favour: ballot.r#for,
            members: ballot.members,
            present: ballot.present,
        }
    }
}
