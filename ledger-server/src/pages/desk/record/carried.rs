//! What a form already knows: values carried over from earlier steps, to be checked rather than copied.
//!
//! Each says which entry it comes from. Counts of a vote, offers and days are never carried over: they are
//! of the day on which they were made.

use std::collections::BTreeMap;

use ledger_core::dealing::{Dealing, Held};
use ledger_core::money::{Fen, PriceBasis};
use ledger_core::record::{Applicant, Direction};
use ledger_core::transaction::Transaction;
use ledger_core::{Language, Step};
use serde_json::{Value, json};

use crate::drafting::Drafting;
use crate::shape::{self, Shape};

/// Values for fields, by path, and where each comes from.
#[derive(Default)]
pub(super) struct Carried(BTreeMap<String, (Value, String)>);

/// What is asked anew each time.
const OF_THE_DAY: [&str; 4] = ["present", "for", "against", "abstain"];

impl Carried {
    /// What was carried over for a path, and from where.
    pub(super) fn at(&self, path: &str) -> Option<(&Value, &str)> {
        self.0.get(path).map(|(value, from)| (value, from.as_str()))
    }

    /// What is settled by a correction: the value that stands.
    pub(super) fn of_value(value: Option<Value>, from: String) -> Self {
        let mut carried = Self::default();
        carried.put("value", value, from);
        carried
    }

    /// A charter to be changed, as rows.
    pub(super) fn of_charter(rows: Value) -> Self {
        let mut carried = Self::default();
        carried.put("charter", Some(rows), "");
        carried
    }

    /// What the transaction, and the ledger, have for this form.
    pub(super) fn of(drafting: &Drafting<'_>) -> Self {
        let mut carried = Self::default();
        let l = drafting.language;
        carried.of_signer(drafting);
        let Some(transaction) = drafting.state.transaction_of(&drafting.stream) else {
            return carried;
        };
        carried.of_before(l, drafting.kind, transaction);
        let dealing = Dealing::of(transaction);
        match drafting.kind {
            "feedback_and_valuation" => {
                let opinions = transaction.concerns.raised().len();
                let answered = opinions.saturating_sub(transaction.concerns.unanswered().len());
                let from = l.pick(
                    "按账本里登记的群众意见；另有书面意见的请加上",
                    "the concerns in the ledger; add those that came on paper",
                );
                carried.put("opinions_received", Some(json!(opinions)), from);
                carried.put("opinions_answered", Some(json!(answered)), from);
            }
            "plan_drafting" => carried.plan(l, &dealing),
            "bidder_qualification" => {
                if let Some(plan) = &dealing.plan {
                    let from = of(l, Step::PlanDrafting, plan.recorded.index);
                    let deposit = json!({ "deposit_fen": plan.record.deposit_fen });
                    carried.put("applicants[]", Some(deposit), from);
                }
            }
            "bidding" => carried.bidding(l, transaction, &dealing),
            "contract_signing" => carried.contract(l, drafting, &dealing),
            "handover_and_receipt" => carried.handover(l, &dealing),
            "payment_received" | "payment_made" => carried.payment(l, drafting, &dealing),
            _ => {}
        }
        carried.publication(l, drafting.kind, transaction);
        carried
    }

    fn put(&mut self, path: &str, value: Option<Value>, from: impl Into<String>) {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            self.0.insert(path.to_owned(), (value, from.into()));
        }
    }

    /// Who declares a relative, declares their own.
    fn of_signer(&mut self, drafting: &Drafting<'_>) {
        if ["relative_declared", "key_rotated", "key_compromised"].contains(&drafting.kind) {
            let from = drafting.language.pick("就是您", "that is you");
            self.put("member", Some(json!(drafting.signer)), from);
        }
    }

    /// A step that is done again begins with what it said before.
    fn of_before(&mut self, l: Language, kind: &str, transaction: &Transaction) {
        let Ok(step) = kind.parse::<Step>() else {
            return;
        };
        let again = [Step::Bidding, Step::BidderQualification];
        let mut gone = transaction.superseded.iter().rev();
        let before = gone.find(|gone| gone.passed.step == step && !gone.passed.is_waived());
        let (Some(before), false) = (before, again.contains(&step)) else {
            return;
        };
        let (Some(Shape::Object(fields)), Ok(value)) = (
            shape::known(kind),
            serde_json::to_value(&before.passed.event),
        ) else {
            return;
        };
        let entry = before.passed.recorded.index;
        let from = l.pick(
            format!("从上一次登记（第 {entry} 条，已作废）带来，请核对"),
            format!("as recorded before in entry {entry}, which no longer stands: check it"),
        );
        for field in fields {
            let of_a_day =
                matches!(&field.shape, Shape::Text(kind) if kind == "Date" || kind == "StatedTime");
            let fixed = ["documents", "disclosure"].contains(&field.name.as_str());
            if !of_a_day && !fixed && !OF_THE_DAY.contains(&field.name.as_str()) {
                self.put(&field.name, value.get(&field.name).cloned(), from.clone());
            }
        }
    }

    fn plan(&mut self, l: Language, dealing: &Dealing<'_>) {
        if let Some(proposal) = &dealing.proposal {
            let from = of(l, Step::ProposalInitiation, proposal.recorded.index);
            let term = proposal.record.expected_term_months;
            self.put("method", Some(json!(proposal.record.method)), from.clone());
            self.put("term_months", term.map(|term| json!(term)), from);
        }
        if let Some(valued) = &dealing.valuation {
            let from = of(l, Step::FeedbackAndValuation, valued.recorded.index);
            let price = json!(valued.record.reserve_price);
            self.put("reserve_price", Some(price), from);
        }
    }

    fn bidding(&mut self, l: Language, transaction: &Transaction, dealing: &Dealing<'_>) {
        let held = |gone: &&ledger_core::transaction::Superseded| {
            gone.passed.step == Step::Bidding && !gone.passed.is_waived()
        };
        let before = transaction.superseded.iter().filter(held).count();
        let from = l.pick("按账本里已有的竞价轮次", "by the rounds in the ledger");
        self.put("round", Some(json!(before + 1)), from);
        if let Some(of_applicants) = &dealing.applicants {
            let from = of(l, Step::BidderQualification, of_applicants.recorded.index);
            let admitted = of_applicants.record.applicants.iter();
            let admitted = admitted.filter(|applicant| applicant.admitted).count();
            self.put("bidders", Some(json!(admitted)), from);
        }
        if let Some(plan) = &dealing.plan {
            let from = of(l, Step::PlanDrafting, plan.recorded.index);
            let basis = json!(plan.record.reserve_price.basis);
            self.put("outcome.price.basis", Some(basis), from);
        }
    }

    fn contract(&mut self, l: Language, drafting: &Drafting<'_>, dealing: &Dealing<'_>) {
        let ours = &drafting.ledger.collective.name;
        let Some((price, winner)) = dealing.won() else {
            return;
        };
        let entry = dealing
            .bidding
            .as_ref()
            .map_or(0, |held| held.recorded.index);
        let from = of(l, Step::Bidding, entry);
        self.put("parties", Some(json!([ours, winner])), from.clone());
        if price.basis == PriceBasis::Total {
            self.put("amount_fen", Some(json!(price.fen)), from);
        }
    }

    fn handover(&mut self, l: Language, dealing: &Dealing<'_>) {
        let Some(of_applicants) = &dealing.applicants else {
            return;
        };
        let winner = dealing.won().map(|(_, winner)| winner);
        let others = of_applicants.record.applicants.iter();
        let others = others.filter(|applicant| Some(&applicant.name) != winner);
        let add = |sum: Fen, applicant: &Applicant| sum.checked_add(applicant.deposit_fen);
        let mut others = others;
        let sum = others.try_fold(Fen::ZERO, add);
        let from = of(l, Step::BidderQualification, of_applicants.recorded.index);
        self.put("deposits_refunded_fen", sum.map(|sum| json!(sum)), from);
    }

    /// The first due that is open, and who pays it.
    fn payment(&mut self, l: Language, drafting: &Drafting<'_>, dealing: &Dealing<'_>) {
        let (direction, party) = match drafting.kind {
            "payment_received" => (Direction::Incoming, "payer"),
            _ => (Direction::Outgoing, "payee"),
        };
        let contract = drafting.state.transaction_of(&drafting.stream);
        let Some(contract) = contract.and_then(|transaction| transaction.contract.as_ref()) else {
            return;
        };
        let mut open = contract.dues_by_day(direction).into_iter();
        let first = open.find(|due| due.outstanding_fen() > Fen::ZERO);
        if let Some(due) = first {
            let from = l.pick(
                format!("最早一笔未结的款项（第 {} 条）", due.entry),
                format!("the earliest due that is open (entry {})", due.entry),
            );
            self.put("dues", Some(json!([due.due.id])), from.clone());
            self.put("amount_fen", Some(json!(due.outstanding_fen())), from);
        }
        let ours = &drafting.ledger.collective.name;
        if let (Some(Held { recorded, .. }), Some(other)) =
            (&dealing.contract, dealing.counterparty(ours))
        {
            let from = of(l, Step::ContractSigning, recorded.index);
            self.put(party, Some(json!(other)), from);
        }
    }

    /// Where comments go was said in the publication before.
    fn publication(&mut self, l: Language, kind: &str, transaction: &Transaction) {
        let publishes = kind.starts_with("publish_");
        let mut before = transaction.passed.iter().rev();
        let before = before.find_map(|passed| Some((passed, passed.event.publication()?)));
        if let (true, Some((passed, publication))) = (publishes, before) {
            let from = of(l, passed.step, passed.recorded.index);
            self.put("comments_to", Some(json!(publication.comments_to)), from);
        }
        let objected = kind == "result_and_objection";
        if let (true, Some((passed, publication))) = (objected, before) {
            let from = of(l, passed.step, passed.recorded.index);
            self.put("objections_to", Some(json!(publication.comments_to)), from);
        }
    }

    /// Fills in what the drafting presets: channels, the first step that is left out.
    pub(super) fn preset(mut self, drafting: &Drafting<'_>) -> Self {
        let mut body = serde_json::Map::new();
        drafting.preset(&mut body);
        for (name, value) in body {
            let settled = ["documents", "disclosure", "transaction"].contains(&name.as_str());
            if !settled {
                self.0.entry(name).or_insert((value, String::new()));
            }
        }
        self
    }
}

/// From which step, and which entry.
fn of(l: Language, step: Step, entry: u64) -> String {
    let number = step.number();
    l.pick(
        format!(
            "从第 {number} 环节「{}」（第 {entry} 条）带来，请核对",
            step.zh()
        ),
        format!(
            "from step {number}, {} (entry {entry}): check it",
            step.en()
        ),
    )
}
