//! Rules 4 to 7: waivers, returns, corrections, the end.

use super::{Case, limits};
use crate::category::Category;
use crate::charter::{Charter, Waiver};
use crate::event::Event;
use crate::money::Fen;
use crate::record::{BiddingOutcome, Corrected, Returned, StepWaived};
use crate::refusal::Refusal;
use crate::step::Step;
use crate::transaction::Transaction;

impl Case<'_> {
    /// Where the transaction must stand: looked at before what the event says.
    pub(super) fn check_detour(
        &self,
        transaction: &Transaction,
        event: &Event,
    ) -> Result<(), Refusal> {
        match event {
            Event::StepWaived(waived) => self.check_turn(Some(transaction), waived.from),
            Event::Returned(_) if transaction.takeover.is_some() => Err(Refusal::NoSteps {
                taken_over_by: transaction.begun_at,
            }),
            // What is done is done, also while a correction of it is being published.
            Event::Returned(_) | Event::Terminated(_) if transaction.was_completed() => {
                Err(Refusal::TransactionCompleted)
            }
            _ => Ok(()),
        }
    }

    /// Rule 5: back to a step that stands, or one before it; after a failed bidding to the listing, or
    /// to the plan and so to a new vote.
    pub(super) fn returned(
        &self,
        transaction: &Transaction,
        returned: &Returned,
    ) -> Result<(), Refusal> {
        let latest = transaction.passed.last().map(|passed| passed.step);
        if latest.is_none_or(|latest| returned.to > latest) {
            return Err(Refusal::ReturnNotBack {
                expected: latest,
                found: returned.to,
            });
        }
        if !transaction.can_return_to(returned.to) {
            return Err(Refusal::ReturnAfterFailure { found: returned.to });
        }
        self.check_undoing(transaction, Some(returned.to))
    }

    /// Rule 6: a field of a step that stands, to a value with which the step would have been admitted,
    /// and what came after it too.
    pub(super) fn corrected(
        &self,
        transaction: &Transaction,
        corrected: &Corrected,
    ) -> Result<(), Refusal> {
        let Some(original) = transaction.correctable(corrected.entry) else {
            return Err(Refusal::NothingToCorrect {
                found: corrected.entry,
            });
        };
        let unfit = |field: String, found: &str| Refusal::CorrectionUnfit {
            field,
            found: found.to_owned(),
        };
        let event = original
            .corrected(corrected)
            .map_err(|fault| unfit(fault.path, &fault.fault))?;
        let after = transaction.as_corrected(corrected);
        match event.step() {
            Some(view) => {
                self.check_step_record(
                    self.ledger
                        .charter_of(transaction.begun_at, corrected.entry),
                    Some(transaction),
                    view,
                    &event,
                )?;
                self.check_later(&after, view.step)?;
            }
            None => self.check_corrected_life(transaction, corrected.entry, &event)?,
        }
        let field = || format!("event{}", corrected.field.as_str().replace('/', "."));
        if won(original) != won(&event) {
            let found =
                "成交与否不能更正，请退回重办 (whether somebody won cannot be corrected: go back)";
            return Err(unfit(field(), found));
        }
        let voted = transaction.record(Step::MemberVote);
        let voted = voted.is_some_and(|passed| !passed.is_waived());
        if voted && !transaction.was_completed() && category(original) != category(&event) {
            let found = "已经表决的是另一类交易，类别不能更正；请退回第 2 环节重新提出 (members voted on another kind of dealing: go back to step 2 and propose this one)";
            return Err(unfit(field(), found));
        }
        if voted && !transaction.was_completed() && is_another_plan(original, &event) {
            let found = "方案已经表决，除摘要外不能更正；请退回第 6 环节重新编制，再行表决 (the plan has been voted on, and all but its summary stands: go back to step 6 and vote again)";
            return Err(unfit(field(), found));
        }
        if self.check_waivers(&after).is_err() {
            let found = "更正后不再符合已作的豁免；请先退回到被豁免的环节 (a waiver that stands would not be allowed: go back to the step that was left out)";
            return Err(unfit(field(), found));
        }
        self.check_refold(transaction, corrected.entry, &event)
    }

    /// What was measured by a step that is corrected: by the charters that governed it.
    fn check_later(&self, after: &Transaction, corrected: Step) -> Result<(), Refusal> {
        let later = after.passed.iter().filter(|passed| passed.step > corrected);
        for passed in later {
            let charter = self
                .ledger
                .charter_of(after.begun_at, passed.recorded.index);
            limits::check(charter, Some(after), &passed.event)?;
        }
        Ok(())
    }

    /// A plan must not take away the ground from a waiver that came before it.
    pub(super) fn check_plan(&self, transaction: &Transaction) -> Result<(), Refusal> {
        self.check_waivers(&transaction.as_planned(&self.statement.event))
    }

    /// Every waiver that stands is allowed in such a dealing, by the charter under which it was made.
    fn check_waivers(&self, transaction: &Transaction) -> Result<(), Refusal> {
        transaction.passed.iter().try_for_each(|passed| {
            let Event::StepWaived(waived) = &passed.event else {
                return Ok(());
            };
            let made = passed.recorded.index;
            let charter = self.ledger.charter_of(transaction.begun_at, made);
            check_waiver(charter, transaction, waived)
        })
    }
}

/// Rule 4: steps are left out where the charter allows it.
pub(super) fn check_waiver(
    charter: &Charter,
    transaction: &Transaction,
    waived: &StepWaived,
) -> Result<(), Refusal> {
    let fitting = |waiver: &&Waiver| fits(waiver, transaction);
    let rules: Vec<&Waiver> = charter.waivers.iter().filter(fitting).collect();
    let covers = |waiver: &&Waiver| {
        Step::ALL
            .iter()
            .filter(|step| (waived.from..=waived.through).contains(step))
            .all(|step| waiver.steps.contains(step))
    };
    if rules.iter().any(covers) {
        return Ok(());
    }
    let mut allowed: Vec<Step> = rules.iter().flat_map(|w| w.steps.iter().copied()).collect();
    allowed.sort_unstable();
    allowed.dedup();
    Err(Refusal::WaiverNotAllowed {
        expected: allowed,
        found: vec![waived.from, waived.through],
    })
}

/// Whether a waiver of the charter is for a dealing like this one, as far as it is known.
fn fits(waiver: &Waiver, transaction: &Transaction) -> bool {
    let category = transaction.category();
    let method = transaction.method();
    (waiver.categories.is_empty() || category.is_some_and(|c| waiver.categories.contains(&c)))
        && (waiver.methods.is_empty() || method.is_some_and(|m| waiver.methods.contains(&m)))
        && waiver
            .at_most_fen
            .is_none_or(|most| worth(transaction).is_some_and(|fen| fen <= most))
}

/// What a dealing is worth in all at its reserve price; `None` where the record does not say.
fn worth(transaction: &Transaction) -> Option<Fen> {
    let asset = transaction.record(Step::AssetVerification);
    let area = match asset.map(|passed| &passed.event) {
        Some(Event::AssetVerification(verified)) => verified.asset.area.as_ref(),
        _ => None,
    };
    let price = transaction.reserve_price()?;
    price.total(area, transaction.term_months())
}

fn won(event: &Event) -> Option<bool> {
    match event {
        Event::Bidding(bidding) => Some(matches!(bidding.outcome, BiddingOutcome::Won { .. })),
        _ => None,
    }
}

fn category(event: &Event) -> Option<Category> {
    match event {
        Event::ProposalInitiation(proposal) => Some(proposal.category),
        _ => None,
    }
}

/// Whether two records of a plan differ in more than their summary.
fn is_another_plan(one: &Event, other: &Event) -> bool {
    let (Event::PlanDrafting(one), Event::PlanDrafting(other)) = (one, other) else {
        return false;
    };
    let mut other = other.clone();
    other.summary = one.summary.clone();
    *one != other
}
