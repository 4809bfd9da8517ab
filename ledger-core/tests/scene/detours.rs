//! Ways off the straight way: waivers, returns, corrections, the end, a bidding that fails.

use ledger_core::admit::Entry;
use ledger_core::event::Event;
use ledger_core::refusal::Refusal;
use ledger_core::step::Step;
use serde_json::{Value, json};

use super::{Scene, event, signers_of};

impl Scene {
    /// The entry of a step that stands.
    pub(crate) fn entry_of(&self, id: &str, step: Step) -> u64 {
        let transaction = self.transaction(id).unwrap();
        transaction.record(step).unwrap().recorded.index
    }

    /// Leaves steps out, now.
    pub(crate) fn waive(&mut self, id: &str, from: Step, through: Step) -> Result<Entry, Refusal> {
        self.detour(
            id,
            json!({"kind": "step_waived", "basis": "章程豁免条款", "from": from, "through": through}),
        )
    }

    /// Goes back to a step, now.
    pub(crate) fn go_back(&mut self, id: &str, to: Step) -> Result<Entry, Refusal> {
        self.detour(
            id,
            json!({"kind": "returned", "reason": "须重新办理", "to": to}),
        )
    }

    /// Breaks a transaction off, now.
    pub(crate) fn terminate(&mut self, id: &str) -> Result<Entry, Refusal> {
        self.detour(id, json!({"kind": "terminated", "reason": "不再办理"}))
    }

    fn detour(&mut self, id: &str, mut value: Value) -> Result<Entry, Refusal> {
        value["documents"] = json!([]);
        self.put(
            &format!("transaction/{id}"),
            event(value),
            &["chen", "huang"],
        )
    }

    /// Corrects a field of a step that stands, signed as that step, now.
    pub(crate) fn correct(
        &mut self,
        id: &str,
        step: Step,
        field: &str,
        value: Value,
    ) -> Result<Entry, Refusal> {
        let correction = correction(self.entry_of(id, step), field, Some(value));
        self.put(&format!("transaction/{id}"), correction, signers_of(step))
    }

    /// Waits for a step's turn and records it after a change of its JSON; a publication is posted.
    pub(crate) fn pass_with(&mut self, id: &str, step: Step, change: impl FnOnce(&mut Value)) {
        self.clock = self.clock.max(self.opens_at(id).unwrap_or(self.clock));
        let mut body = self.body_of(id, step);
        change(&mut body);
        let event = self.composed(id, step, body);
        self.put(&format!("transaction/{id}"), event, signers_of(step))
            .unwrap();
        self.wait(3_600);
    }

    /// The bidding, with no bids.
    pub(crate) fn fail(&mut self, id: &str) {
        self.pass_with(id, Step::Bidding, |value| {
            value["bids"] = json!(0);
            value["outcome"] = json!({"reason": "无人出价", "result": "failed"});
        });
    }

    /// Passes whatever step's turn it is, until it is the turn of `step`.
    pub(crate) fn go_on_to(&mut self, id: &str, step: Step) {
        while let Some(turn) = self.transaction(id).unwrap().current_step() {
            if turn == step {
                break;
            }
            self.pass(id, turn);
        }
        assert_eq!(self.transaction(id).unwrap().current_step(), Some(step));
        self.clock = self.clock.max(self.opens_at(id).unwrap_or(self.clock));
    }

    /// [`super::DEAL`] as a small one, when it is the turn of `step`.
    pub(crate) fn small(step: Step) -> Self {
        Self::small_at(json!({"basis": "per_month", "fen": 80_000}), step)
    }

    /// As [`Scene::small`], at this price.
    pub(crate) fn small_at(price: Value, step: Step) -> Self {
        let mut scene = Self::before(Step::ProposalInitiation);
        let id = super::DEAL;
        scene.pass_with(id, Step::ProposalInitiation, |value| {
            value["method"] = json!("small_value");
        });
        for earlier in [
            Step::PartyReview,
            Step::PublishPrePlan,
            Step::FeedbackAndValuation,
        ] {
            scene.pass(id, earlier);
        }
        scene.pass_with(id, Step::PlanDrafting, |value| {
            value["method"] = json!("small_value");
            value["reserve_price"] = price;
        });
        scene.go_on_to(id, step);
        scene
    }
}

/// The event that corrects a field of an entry, or takes it away.
pub(crate) fn correction(entry: u64, field: &str, value: Option<Value>) -> Event {
    let mut said = json!({
        "kind": "corrected", "documents": [], "entry": entry, "field": field, "reason": "录入有误",
    });
    if let Some(value) = value {
        said["value"] = value;
    }
    event(said)
}
