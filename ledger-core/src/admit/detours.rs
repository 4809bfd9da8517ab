//! Rules 4 to 7: waivers, returns, corrections, the end.

use super::{Case, limits};
use crate::charter::Waiver;
use crate::event::{Event, StepView};
use crate::record::{BiddingOutcome, Corrected, Returned, StepWaived};
use crate::refusal::Refusal;
use crate::step::Step;
use crate::transaction::{Phase, Transaction};

impl Case<'_> {
    /// Rule 4: steps are left out where the charter allows it, when it is their turn.
    pub(super) fn waived(
        &self,
        transaction: &Transaction,
        waived: &StepWaived,
    ) -> Result<(), Refusal> {
        self.check_turn(Some(transaction), waived.from)?;
        let fitting = |waiver: &&Waiver| fits(waiver, transaction);
        let rules: Vec<&Waiver> = self.charter().waivers.iter().filter(fitting).collect();
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

    /// Rule 5: back to a step that stands, or one before it; after a failed bidding to the listing, or
    /// to the plan and so to a new vote.
    pub(super) fn returned(
        &self,
        transaction: &Transaction,
        returned: &Returned,
    ) -> Result<(), Refusal> {
        if matches!(transaction.phase, Phase::Completed(_)) {
            return Err(Refusal::TransactionCompleted);
        }
        let latest = transaction.passed.last().map(|passed| passed.step);
        if latest.is_none_or(|latest| returned.to > latest) {
            return Err(Refusal::ReturnNotBack {
                expected: latest,
                found: returned.to,
            });
        }
        let again = returned.to == Step::ListingNotice || returned.to <= Step::PlanDrafting;
        if transaction.bidding_failed() && !again {
            return Err(Refusal::ReturnAfterFailure { found: returned.to });
        }
        self.check_undoing(transaction, Some(returned.to))
    }

    /// Rule 6: a field of a step that stands, to a value with which the step would be admitted.
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
        let event = original
            .corrected(corrected)
            .map_err(|fault| Refusal::CorrectionUnfit {
                field: fault.path,
                found: fault.fault,
            })?;
        if won(original) != won(&event) {
            return Err(Refusal::CorrectionUnfit {
                field: "event.outcome.result".to_owned(),
                found: "成交与否不能更正，请退回重办 (whether somebody won cannot be corrected: go back)"
                    .to_owned(),
            });
        }
        match event.step() {
            Some(view) => self.check_corrected_step(transaction, corrected.entry, view, &event)?,
            None => self.check_corrected_life(transaction, &event)?,
        }
        self.check_refold(transaction, corrected.entry, &event)
    }

    /// A step as corrected, and what was measured by it since.
    fn check_corrected_step(
        &self,
        transaction: &Transaction,
        entry: u64,
        view: StepView<'_>,
        event: &Event,
    ) -> Result<(), Refusal> {
        self.check_step_record(Some(transaction), view, event)?;
        // What was measured by the field that is corrected is measured again.
        let mut after = transaction.clone();
        for passed in &mut after.passed {
            if passed.recorded.index == entry {
                passed.event = event.clone();
            }
        }
        let later = after.passed.iter().filter(|passed| passed.step > view.step);
        for passed in later {
            limits::check(self.charter(), Some(&after), &passed.event)?;
        }
        Ok(())
    }

    /// Rule 7: from any step, until all are done.
    pub(super) fn terminated(&self, transaction: &Transaction) -> Result<(), Refusal> {
        match transaction.phase {
            Phase::Completed(_) => Err(Refusal::TransactionCompleted),
            _ => self.check_undoing(transaction, None),
        }
    }
}

/// Whether a waiver of the charter is for a dealing like this one, as far as it is known.
fn fits(waiver: &Waiver, transaction: &Transaction) -> bool {
    let category = transaction.category();
    let method = transaction.method();
    let price = transaction.reserve_price();
    (waiver.categories.is_empty() || category.is_some_and(|c| waiver.categories.contains(&c)))
        && (waiver.methods.is_empty() || method.is_some_and(|m| waiver.methods.contains(&m)))
        && waiver
            .at_most_fen
            .is_none_or(|most| price.is_some_and(|price| price.fen <= most))
}

fn won(event: &Event) -> Option<bool> {
    match event {
        Event::Bidding(bidding) => Some(matches!(bidding.outcome, BiddingOutcome::Won { .. })),
        _ => None,
    }
}
