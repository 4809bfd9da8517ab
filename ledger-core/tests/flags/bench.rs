//! A record to write anything into: what the rows and the random tests look at.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use ledger_core::contract::{Contract, Standing};
use ledger_core::event::Event;
use ledger_core::flags::{self, Flag};
use ledger_core::recorded::{Noted, Recorded};
use ledger_core::state::{AdoptedCharter, LedgerState};
use ledger_core::time::{Date, LogTime};
use ledger_core::transaction::{Superseded, Transaction};
use ledger_core::{Language, Step};
use serde_json::{Value, json};

use crate::scene::Scene;

/// What the rules look at: the record of a ledger, and a moment.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) ledger: LedgerState,
    pub(crate) transactions: Vec<Transaction>,
    pub(crate) now: LogTime,
}

impl Bench {
    pub(crate) fn of(scene: &Scene) -> Self {
        Self {
            ledger: scene.state.ledger().unwrap().clone(),
            transactions: scene.state.transactions().cloned().collect(),
            now: scene.clock,
        }
    }

    /// One transaction, completed, with nothing to look at.
    pub(crate) fn clean() -> Self {
        static CLEAN: LazyLock<Bench> = LazyLock::new(|| {
            let mut bench = Bench::of(&Scene::completed());
            bench.edit(Step::MemberVote, |value| {
                value["notified_on"] = json!("2018-03-20");
            });
            bench
        });
        CLEAN.clone()
    }

    pub(crate) fn flags(&self) -> Vec<Flag> {
        flags::of_ledger(&self.ledger, &self.transactions, self.now)
    }

    pub(crate) fn rules(&self) -> BTreeSet<&'static str> {
        self.flags().iter().map(|flag| flag.rule.id()).collect()
    }

    pub(crate) fn deal(&mut self) -> &mut Transaction {
        &mut self.transactions[0]
    }

    /// Writes something else into the record of a step.
    pub(crate) fn edit(&mut self, step: Step, change: impl FnOnce(&mut Value)) -> &mut Self {
        edit(self.deal(), step, change);
        self
    }

    /// A second transaction like the first, on another asset, recorded after it.
    pub(crate) fn second(&mut self) -> &mut Transaction {
        let mut other = self.transactions[0].clone();
        other.id = format!("2018-{}", 100 + self.transactions.len())
            .parse()
            .unwrap();
        let place = self.transactions.len();
        shift(&mut other, 1_000 * place as u64);
        edit(&mut other, Step::AssetVerification, |value| {
            value["asset"]["name"] = json!(format!("另一处 {place}"));
        });
        self.transactions.push(other);
        self.transactions.last_mut().unwrap()
    }

    pub(crate) fn note(&mut self, event: Value) -> Noted {
        let at = self.now;
        Noted {
            event: crate::scene::event(event),
            recorded: Recorded {
                at: at.into(),
                index: 9_000,
                received_at: at,
                recorded_late: false,
                signers: Vec::new(),
            },
        }
    }
}

pub(crate) fn edit(transaction: &mut Transaction, step: Step, change: impl FnOnce(&mut Value)) {
    let passed = transaction
        .passed
        .iter_mut()
        .find(|passed| passed.step == step);
    let event = &mut passed.unwrap().event;
    let mut value = serde_json::to_value(&*event).unwrap();
    change(&mut value);
    *event = Event::from_value(value).unwrap();
    bind(transaction, &[]);
}

/// Makes the contract anew from what step 14 says now, with these events of its life.
pub(crate) fn bind(transaction: &mut Transaction, life: &[Standing]) {
    transaction.contract = transaction
        .record(Step::ContractSigning)
        .and_then(|passed| {
            let Event::ContractSigning(signing) = &passed.event else {
                return None;
            };
            Some(Contract::fold((signing, passed.recorded.index), None, life).unwrap())
        });
}

/// Events of the contract's life, one entry each.
pub(crate) fn live(bench: &mut Bench, events: &[Value]) {
    let life: Vec<Standing> = events
        .iter()
        .enumerate()
        .map(|(place, event)| {
            let mut noted = bench.note(event.clone());
            noted.recorded.index += place as u64;
            Standing {
                corrected_by: Vec::new(),
                received_on: bench.now.date_at(480),
                noted,
            }
        })
        .collect();
    bind(bench.deal(), &life);
}

/// A rent that fell due, and how much of it came.
pub(crate) fn rent(bench: &mut Bench, due_on: &str, received: u64) {
    bench.now = crate::scene::time("2018-09-10T01:00:00Z");
    let due = json!({
        "kind": "payment_due", "summary": "合同第三条", "documents": [],
        "dues": [{"amount_fen": 1_000, "direction": "incoming", "due_on": due_on, "id": "rent_1", "purpose": "九月租金"}],
    });
    let paid = json!({
        "kind": "payment_received", "amount_fen": received, "documents": [], "dues": ["rent_1"],
        "payer": "张*", "received_on": "2018-09-01", "summary": "收款", "voucher": "票 1",
    });
    live(bench, &[due, paid]);
}

pub(crate) fn returned(bench: &mut Bench) {
    let event = json!({
        "kind": "asset_returned", "condition": "完好", "documents": [],
        "performance_bond_refunded_fen": 0, "returned_on": "2023-07-01",
    });
    bench.now = crate::scene::time("2024-01-01T00:00:00Z");
    live(bench, &[event]);
}

pub(crate) fn shift(transaction: &mut Transaction, by: u64) {
    transaction.begun_at += by;
    if let Some(contract) = &mut transaction.contract {
        contract.entry += by;
    }
    for passed in &mut transaction.passed {
        passed.recorded.index += by;
    }
    for posting in &mut transaction.postings {
        posting.recorded.index += by;
        posting.publication += by;
    }
}

pub(crate) fn index_of(transaction: &Transaction, step: Step) -> u64 {
    transaction.record(step).unwrap().recorded.index
}

/// The day on which the contract of the clean record was signed.
pub(crate) fn signed_on(bench: &Bench) -> Date {
    match &bench.transactions[0]
        .record(Step::ContractSigning)
        .unwrap()
        .event
    {
        Event::ContractSigning(contract) => contract.signed_on,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn price(fen: u64) -> Value {
    json!({"basis": "per_year", "fen": fen})
}

pub(crate) fn win(bench: &mut Bench, fen: u64, bidders: u32) {
    bench.edit(Step::Bidding, |value| {
        value["outcome"]["price"] = price(fen);
        value["bidders"] = json!(bidders);
    });
}

pub(crate) fn drop_step(bench: &mut Bench, step: Step) {
    bench.deal().passed.retain(|passed| passed.step != step);
}

pub(crate) fn waive(bench: &mut Bench, step: Step) {
    let waiver = json!({
        "kind": "step_waived", "basis": "章程", "documents": [],
        "from": step.id(), "through": step.id(),
    });
    for passed in &mut bench.deal().passed {
        if passed.step == step {
            passed.event = crate::scene::event(waiver.clone());
        }
    }
}

/// Two contracts of that worth with the same party, so many days apart.
pub(crate) fn two_contracts(bench: &mut Bench, fen: u64, days: u32) {
    let later = signed_on(bench).plus_days(days).unwrap();
    bench.edit(Step::ContractSigning, |value| {
        value["amount_fen"] = json!(fen)
    });
    edit(bench.second(), Step::ContractSigning, |value| {
        value["signed_on"] = json!(later);
    });
}

/// Five contracts in the year: two with one party, three with others.
pub(crate) fn five_contracts(bench: &mut Bench, fen: u64) {
    bench.edit(Step::ContractSigning, |value| {
        value["amount_fen"] = json!(fen)
    });
    bench.second();
    for name in ["甲公司", "乙公司", "丙公司"] {
        let other = bench.second();
        edit(other, Step::ContractSigning, |value| {
            value["amount_fen"] = json!(100_000_000);
            value["parties"][1] = json!(name);
        });
        edit(other, Step::Bidding, |value| {
            value["outcome"]["winner"] = json!(name)
        });
    }
}

/// The same asset again, won for that much.
pub(crate) fn again(bench: &mut Bench, fen: u64) {
    let name = json!("东街仓库");
    let other = bench.second();
    edit(other, Step::AssetVerification, |value| {
        value["asset"]["name"] = name
    });
    edit(other, Step::Bidding, |value| {
        value["outcome"]["price"] = price(fen)
    });
}

pub(crate) fn relative(bench: &mut Bench, member: &str) {
    let note = bench.note(json!({
        "kind": "relative_declared", "member": member, "name": "张*", "relation": "兄弟",
        "summary": "申报", "documents": [],
    }));
    bench.ledger.notes.push(note);
}

pub(crate) fn finding(bench: &mut Bench, answer_by: &str) {
    let note = bench.note(json!({
        "kind": "finding_raised", "answer_by": answer_by, "finding": "材料不全", "stops": false,
        "documents": [],
    }));
    bench.deal().notes.push(note);
}

/// The result was published anew, and all channels but one were posted again.
pub(crate) fn published_again(bench: &mut Bench, posted: usize) {
    let deal = bench.deal();
    let mut old = deal.record(Step::PublishPlan).unwrap().clone();
    let by = 500;
    for passed in &mut deal.passed {
        if passed.step == Step::PublishPlan {
            passed.recorded.index = 501;
        }
    }
    let publication = old.recorded.index;
    let renewed: Vec<_> = deal
        .postings
        .iter()
        .filter(|posting| posting.publication == publication)
        .take(posted)
        .cloned()
        .collect();
    for (place, mut posting) in renewed.into_iter().enumerate() {
        posting.publication = 501;
        posting.recorded.index = 502 + place as u64;
        deal.postings.push(posting);
    }
    old.recorded.recorded_late = false;
    deal.superseded.push(Superseded { by, passed: old });
    let mut note = bench.note(json!({
        "kind": "returned", "reason": "更正", "to": "publish_plan", "documents": [],
    }));
    note.recorded.index = by;
    bench.deal().detours.push(note);
    bench.now = bench.now.plus_seconds(30 * 86_400);
}

pub(crate) fn adopt(bench: &mut Bench, from: u64, applies_to_open: bool) {
    let charter = Arc::new(crate::scene::second_charter(|_| {}));
    bench.ledger.charters.push(AdoptedCharter {
        applies_to_open,
        charter,
        from,
    });
}

pub(crate) fn compromise(bench: &mut Bench, from_step: Step, before: bool) {
    let deal = &bench.transactions[0];
    let received = deal.record(from_step).unwrap().recorded.received_at;
    let since = if before { received } else { bench.now };
    let mut scene = Scene::completed();
    scene
        .change(crate::scene::compromised("jiedao-2", since))
        .unwrap();
    bench.ledger = scene.state.ledger().unwrap().clone();
}

/// A resident raised a concern when all was done, and ten days went by; it was answered, or not.
pub(crate) fn concern(bench: &mut Bench, is_answered: bool) {
    let mut scene = Scene::completed();
    let raised = crate::scene::concerns::raised(crate::scene::DEAL, "general");
    scene.put("concern/y1", raised, &["intake"]).unwrap();
    if is_answered {
        let answered = crate::scene::concerns::answered(crate::scene::DEAL, &[]);
        scene
            .put("concern/y1", answered, crate::scene::concerns::ANSWER)
            .unwrap();
    }
    bench.deal().concerns = Bench::of(&scene).transactions[0].concerns.clone();
    bench.now = bench.now.plus_seconds(10 * 86_400);
}

/// A flag names what there is, and says in both languages what is to be checked.
pub(crate) fn check(bench: &Bench, flag: &Flag) {
    let mut known: BTreeSet<u64> = BTreeSet::new();
    for transaction in &bench.transactions {
        known.extend(transaction.recordings().map(|recorded| recorded.index));
        let waived = transaction.passed.iter();
        known.extend(waived.map(|passed| passed.recorded.index));
        let waiting = transaction.concerns.unanswered().values();
        known.extend(waiting.map(|concern| concern.index));
        known.insert(transaction.begun_at);
    }
    known.extend(bench.ledger.notes.iter().map(|noted| noted.recorded.index));
    known.extend(bench.ledger.charters.iter().map(|adopted| adopted.from));
    assert!(!flag.events.is_empty() && !flag.transactions.is_empty());
    assert!(flag.events.is_sorted());
    for event in &flag.events {
        assert!(known.contains(event), "{flag:?}");
    }
    let ids: BTreeSet<_> = bench.transactions.iter().map(|t| &t.id).collect();
    assert!(flag.transactions.iter().all(|id| ids.contains(id)));
    let (zh, en) = (flag.sentence(Language::Zh), flag.sentence(Language::En));
    assert!(zh.contains("请") && !flag.source.is_empty(), "{zh}");
    assert!(en.to_lowercase().contains("please"), "{en}");
}

/// A contract that was made before the ledger, and perhaps broken off since.
pub(crate) fn taken(bench: &mut Bench, broken_off: bool) {
    let mut scene = Scene::founded();
    scene.take_over(|_| {}).unwrap();
    if broken_off {
        let end = json!({"kind": "terminated", "documents": [], "reason": "重复登记"});
        let end = crate::scene::event(end);
        let on = crate::scene::takeover::ON_OLD;
        scene.put(on, end, &["chen", "huang"]).unwrap();
    }
    bench
        .transactions
        .extend(scene.state.transactions().cloned());
}
