//! The contract's life: dues, payments, changes, its end, and what it forbids elsewhere.

use ledger_core::admit::Entry;
use ledger_core::contract::{Contract, Stage};
use ledger_core::money::Fen;
use ledger_core::record::Direction;
use ledger_core::refusal::Refusal;
use ledger_core::step::Step;
use ledger_core::time::Date;
use ledger_core::transaction::Phase;
use serde_json::{Value, json};

use crate::scene::{DEAL, ON, Scene, adoption, event, second_charter, signers_of, time};
use crate::{Row, changed, labels};

/// A deal whose contract lives.
struct Life(Scene);

fn signers(kind: &str) -> &'static [&'static str] {
    match kind {
        "payment_due" => &["he", "huang"],
        "payment_received" => &["he", "lin"],
        "payment_made" => &["lin", "he", "chen", "huang"],
        "asset_returned" => &["deng", "he", "huang"],
        "returned" | "terminated" => &["chen", "huang"],
        _ => &["chen", "huang", "jiedao"],
    }
}

fn due(id: &str, direction: &str, due_on: &str, fen: u64) -> Value {
    json!({"amount_fen": fen, "direction": direction, "due_on": due_on, "id": id, "purpose": "租金"})
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn fen(fen: u64) -> Fen {
    Fen::new(fen).unwrap()
}

impl Life {
    /// All sixteen steps are done; step 15 used the voucher 粤财 001.
    fn completed() -> Self {
        Self(Scene::completed())
    }

    /// Three quarters' rents and one amount to pay; the first rent is paid, the third cancelled.
    fn settled() -> Self {
        let mut life = Self::completed();
        let dues = json!([
            due("rent_1", "incoming", "2018-10-01", 1_000),
            due("rent_2", "incoming", "2019-01-01", 1_000),
            due("rent_3", "incoming", "2019-04-01", 1_000),
            due("repair", "outgoing", "2018-12-01", 300),
        ]);
        life.on("2018-09-20");
        life.put("payment_due", json!({"dues": dues, "summary": "租金计划"}))
            .unwrap();
        life.on("2018-10-10");
        life.receive(&["rent_1"], 1_000, "粤财 002").unwrap();
        life.amend(json!({"cancels": ["rent_3"], "signed_on": "2018-10-10"}))
            .unwrap();
        life
    }

    fn on(&mut self, day: &str) {
        self.0.clock = time(&format!("{day}T02:00:00Z"));
    }

    fn put(&mut self, kind: &str, mut body: Value) -> Result<Entry, Refusal> {
        body["kind"] = json!(kind);
        body["documents"] = json!([]);
        self.0.put(ON, event(body), signers(kind))
    }

    fn today(&self) -> String {
        self.0.clock.date_at(480).to_string()
    }

    fn due(&mut self, id: &str, due_on: &str, amount: u64) -> Result<Entry, Refusal> {
        let dues = json!([due(id, "incoming", due_on, amount)]);
        self.put("payment_due", json!({"dues": dues, "summary": "租金"}))
    }

    fn receive(&mut self, dues: &[&str], amount: u64, voucher: &str) -> Result<Entry, Refusal> {
        let body = json!({
            "amount_fen": amount, "dues": dues, "payer": "张*", "received_on": self.today(),
            "summary": "收租金", "voucher": voucher,
        });
        self.put("payment_received", body)
    }

    fn pay(&mut self, dues: &[&str], amount: u64, voucher: &str) -> Result<Entry, Refusal> {
        let body = json!({
            "account": "corporate", "amount_fen": amount, "dues": dues, "paid_on": self.today(),
            "payee": "某维修公司", "summary": "付维修款", "voucher": voucher,
        });
        self.put("payment_made", body)
    }

    fn amend(&mut self, mut body: Value) -> Result<Entry, Refusal> {
        body["reason"] = json!("双方协商一致");
        if body.get("cancels").is_none() {
            body["cancels"] = json!([]);
        }
        self.put("contract_amended", body)
    }

    fn renew(&mut self, start: &str, signed_on: &str) -> Result<Entry, Refusal> {
        let body = json!({
            "amount_fen": 800_000_000, "contract_number": "东塱租 2023-09", "reason": "成员代表大会同意续租",
            "signed_on": signed_on, "term_end": "2028-06-30", "term_start": start,
        });
        self.put("contract_renewed", body)
    }

    fn end(&mut self, ended_on: &str, cancels: &[&str]) -> Result<Entry, Refusal> {
        let body = json!({"cancels": cancels, "ended_on": ended_on, "reason": "承租人退租"});
        self.put("contract_terminated", body)
    }

    fn hand_back(&mut self, returned_on: &str) -> Result<Entry, Refusal> {
        let body = json!({
            "condition": "完好，水电结清", "performance_bond_refunded_fen": 37_750_000,
            "returned_on": returned_on,
        });
        self.put("asset_returned", body)
    }

    fn correct(
        &mut self,
        entry: u64,
        field: &str,
        value: Value,
        signers: &[&str],
    ) -> Result<Entry, Refusal> {
        let body = json!({
            "kind": "corrected", "documents": [], "entry": entry, "field": field,
            "reason": "登记时抄错", "value": value,
        });
        self.0.put(ON, event(body), signers)
    }

    fn contract(&self) -> &Contract {
        self.0.transaction(DEAL).unwrap().contract.as_ref().unwrap()
    }

    /// The entry of the n-th event of the contract's life.
    fn entry(&self, place: usize) -> u64 {
        self.contract().events[place].noted.recorded.index
    }
}

pub(crate) fn payment_rows() -> Vec<Row> {
    let mut unsigned = Life(Scene::before(Step::ContractSigning));
    let mut life = Life::settled();
    let (first, cancelled) = (life.entry(1), life.entry(2));
    let handover = life.0.transaction(DEAL).unwrap();
    let handover = handover
        .record(Step::HandoverAndReceipt)
        .unwrap()
        .recorded
        .index;
    let voucher = |entry, found: &str| Refusal::VoucherUsed {
        entry,
        found: found.parse().unwrap(),
    };
    let label = |text: &str| text.parse().unwrap();
    let exceeds = |expected, found| Refusal::PaymentExceedsDue {
        dues: labels(&["rent_2"]),
        expected: fen(expected),
        found: fen(found),
    };
    let twice = json!([
        due("rent_9", "incoming", "2020-01-01", 1),
        due("rent_9", "incoming", "2020-04-01", 1),
    ]);
    let huge = Refusal::Inconsistent {
        field: "dues.amount_fen",
        expected: format!("合计 (in all) ≤ {}", Fen::MAX),
        found: format!("> {}", Fen::MAX),
    };
    vec![
        (
            "a due before there is a contract",
            unsigned.due("rent_1", "2018-10-01", 1_000),
            Refusal::NoContract,
        ),
        (
            "a due's name again",
            life.due("rent_1", "2020-10-01", 1_000),
            Refusal::DueExists {
                found: label("rent_1"),
            },
        ),
        (
            "a due's name twice in one event",
            life.put("payment_due", json!({"dues": twice, "summary": "租金"})),
            Refusal::DueExists {
                found: label("rent_9"),
            },
        ),
        (
            "dues of more than can be said",
            life.due("rent_9", "2020-10-01", Fen::MAX.get()),
            huge,
        ),
        (
            "a payment for a due that nobody registered",
            life.receive(&["rent_8"], 1_000, "粤财 003"),
            Refusal::UnknownDue {
                expected: labels(&["repair", "rent_2"]),
                found: label("rent_8"),
            },
        ),
        (
            "a payment for a cancelled due",
            life.receive(&["rent_2", "rent_3"], 2_000, "粤财 003"),
            Refusal::DueCancelled {
                entry: cancelled,
                found: label("rent_3"),
            },
        ),
        (
            "money in for what goes out",
            life.receive(&["repair"], 300, "粤财 003"),
            Refusal::WrongDirection {
                due: label("repair"),
                expected: Direction::Outgoing,
                found: Direction::Incoming,
            },
        ),
        (
            "money out for what comes in",
            life.pay(&["rent_2"], 1_000, "付 001"),
            Refusal::WrongDirection {
                due: label("rent_2"),
                expected: Direction::Incoming,
                found: Direction::Outgoing,
            },
        ),
        (
            "a payment twice",
            life.receive(&["rent_2"], 1_000, "粤财 002"),
            voucher(first, "粤财 002"),
        ),
        (
            "a payment twice, its voucher written closer",
            life.receive(&["rent_2"], 1_000, "粤财002"),
            voucher(first, "粤财002"),
        ),
        (
            "a voucher of step 15",
            life.receive(&["rent_2"], 1_000, "粤财 001"),
            voucher(handover, "粤财 001"),
        ),
        (
            "one fen more than is due",
            life.receive(&["rent_2"], 1_001, "粤财 003"),
            exceeds(1_000, 1_001),
        ),
        (
            "a due that the money does not reach",
            life.receive(&["rent_2", "rent_1"], 1_000, "粤财 003"),
            Refusal::PaymentFallsShort {
                found: label("rent_1"),
            },
        ),
    ]
}

pub(crate) fn contract_rows() -> Vec<Row> {
    let mut life = Life::settled();
    let label = |text: &str| text.parse().unwrap();
    let outside =
        |field, from: &str, until: Option<&str>, found: &str| Refusal::DateOutsideContract {
            field,
            from: day(from),
            until: until.map(day),
            found: day(found),
        };
    let short = |expected: &str, found: &str| Refusal::TermTooShort {
        expected: day(expected),
        found: day(found),
    };
    let signed = life.contract().signed_on.to_string();
    life.receive(&["rent_2"], 400, "粤财 003").unwrap();
    let mut ended = Life::settled();
    let end = ended.end("2018-10-09", &["rent_2"]).unwrap().index();
    let ended_by = Refusal::ContractEnded {
        entry: end,
        on: day("2018-10-09"),
    };
    let mut back = Life::settled();
    back.on("2023-06-30");
    let returned = back.hand_back("2023-06-27").unwrap().index();
    let returned_by = Refusal::ContractEnded {
        entry: returned,
        on: day("2023-06-27"),
    };
    let mut expired = Life::settled();
    expired.on("2023-07-01");
    let mut sold = Life(without_term());
    vec![
        (
            "a due that was paid is cancelled",
            life.amend(json!({"cancels": ["rent_1"], "signed_on": "2018-10-10"})),
            Refusal::NothingToCancel {
                found: label("rent_1"),
                paid_fen: fen(1_000),
            },
        ),
        (
            "a due is cancelled twice",
            life.amend(json!({"cancels": ["rent_2", "rent_2"], "signed_on": "2018-10-10"})),
            Refusal::NothingToCancel {
                found: label("rent_2"),
                paid_fen: fen(400),
            },
        ),
        (
            "a due that nobody registered is cancelled",
            life.end("2018-10-10", &["rent_8"]),
            Refusal::UnknownDue {
                expected: labels(&["repair", "rent_2"]),
                found: label("rent_8"),
            },
        ),
        (
            "an amendment before the contract",
            life.amend(json!({"signed_on": "2018-01-01"})),
            outside("signed_on", &signed, None, "2018-01-01"),
        ),
        (
            "an amendment to a day in the past",
            life.amend(json!({"signed_on": "2018-10-10", "term_end": "2018-10-09"})),
            short("2019-01-01", "2018-10-09"),
        ),
        (
            "an amendment to the day before a due that was paid",
            life.amend(json!({"signed_on": "2018-10-10", "term_end": "2018-12-31"})),
            short("2019-01-01", "2018-12-31"),
        ),
        (
            "a term that is over gets more time",
            expired.amend(json!({"signed_on": "2023-07-01", "term_end": "2024-06-30"})),
            Refusal::NoTermToAmend {
                expected: Some(day("2023-06-30")),
                found: day("2023-07-01"),
            },
        ),
        (
            "a contract without a term gets an end",
            sold.amend(json!({"signed_on": sold.today(), "term_end": "2024-06-30"})),
            Refusal::NoTermToAmend {
                expected: None,
                found: day(&sold.today()),
            },
        ),
        (
            "a renewal from the last day on",
            life.renew("2023-06-30", "2018-10-10"),
            Refusal::RenewalOverlaps {
                expected: day("2023-07-01"),
                found: day("2023-06-30"),
            },
        ),
        (
            "an end before the contract",
            life.end("2018-01-01", &[]),
            outside("ended_on", &signed, Some("2023-06-30"), "2018-01-01"),
        ),
        (
            "an early end after the term",
            expired.end("2023-07-01", &[]),
            outside("ended_on", &signed, Some("2023-06-30"), "2023-07-01"),
        ),
        (
            "a new due after the end",
            ended.due("rent_9", "2018-12-01", 1),
            ended_by.clone(),
        ),
        (
            "an amendment after the end",
            ended.amend(json!({"signed_on": "2018-10-10"})),
            ended_by.clone(),
        ),
        (
            "a renewal after the end",
            ended.renew("2023-07-01", "2018-10-10"),
            ended_by.clone(),
        ),
        ("a second end", ended.end("2018-10-09", &[]), ended_by),
        (
            "an amendment after the asset is back",
            back.amend(json!({"signed_on": "2023-06-30"})),
            returned_by,
        ),
        (
            "the asset comes back twice",
            back.hand_back("2023-06-30"),
            Refusal::AssetAlreadyReturned { entry: returned },
        ),
        (
            "the asset comes back while the contract runs",
            life.hand_back("2018-10-10"),
            Refusal::ContractRunning {
                acceptable_from: Some(day("2023-06-30")),
            },
        ),
        (
            "the asset of a contract without a term comes back",
            sold.hand_back(&sold.today()),
            Refusal::ContractRunning {
                acceptable_from: None,
            },
        ),
        (
            "the asset came back before the contract",
            expired.hand_back("2018-01-01"),
            outside("returned_on", &signed, None, "2018-01-01"),
        ),
        (
            "a return dated tomorrow",
            expired.hand_back("2023-07-02"),
            Refusal::FutureDate {
                field: "returned_on",
                expected: day("2023-07-01"),
                found: day("2023-07-02"),
            },
        ),
    ]
}

/// A deal whose contract has no term, after its signing.
fn without_term() -> Scene {
    let mut scene = Scene::before(Step::PlanDrafting);
    scene.pass_with(DEAL, Step::PlanDrafting, |value| {
        value.as_object_mut().unwrap().remove("term_months");
    });
    scene.go_on_to(DEAL, Step::ContractSigning);
    let signing = changed(&scene, Step::ContractSigning, |value| {
        let fields = value.as_object_mut().unwrap();
        fields.remove("term_start");
        fields.remove("term_end");
    });
    scene
        .put(ON, signing, signers_of(Step::ContractSigning))
        .unwrap();
    scene
}

/// A deal between its contract and its handover, with one rent paid.
fn paid_before_handover() -> Life {
    let mut life = Life(Scene::before(Step::HandoverAndReceipt));
    life.due("rent_1", "2018-10-01", 1_000).unwrap();
    life.receive(&["rent_1"], 600, "粤财 001").unwrap();
    life
}

fn go_back(life: &mut Life, to: &str) -> Result<Entry, Refusal> {
    life.put("returned", json!({"reason": "条款有误", "to": to}))
}

pub(crate) fn undoing_rows() -> Vec<Row> {
    let mut paid = paid_before_handover();
    let (registered, received) = (paid.entry(0), paid.entry(1));
    let stand = Refusal::PaymentsStand { found: 1 };
    let mut life = Life::settled();
    let payment = life.entry(1);
    let handover = life.0.transaction(DEAL).unwrap();
    let handover = handover.record(Step::HandoverAndReceipt).unwrap();
    let handover = handover.recorded.index;
    let signing = life.contract().entry;
    let chair = ["chen", "huang", "jiedao"];
    let mut renewed = Life::settled();
    let renewal = renewed.renew("2023-07-01", "2018-10-10").unwrap().index();
    // As long as planned, but a day later.
    let signed = renewed.0.transaction(DEAL).unwrap().correctable(signing);
    let mut a_day_later = serde_json::to_value(signed.unwrap()).unwrap();
    a_day_later.as_object_mut().unwrap().remove("kind");
    a_day_later["term_start"] = json!("2018-07-02");
    a_day_later["term_end"] = json!("2023-07-01");
    vec![
        (
            "back to the signing of a contract that was paid on",
            go_back(&mut paid, "contract_signing"),
            stand.clone(),
        ),
        (
            "back beyond it",
            go_back(&mut paid, "plan_drafting"),
            stand.clone(),
        ),
        (
            "a transaction whose contract was paid on is broken off",
            paid.put("terminated", json!({"reason": "不办了"})),
            stand,
        ),
        (
            "step 15 with a payment's voucher",
            paid.0.step(DEAL, Step::HandoverAndReceipt),
            Refusal::VoucherUsed {
                entry: received,
                found: "粤财 001".parse().unwrap(),
            },
        ),
        (
            "a due corrected to less than was paid of it",
            paid.correct(
                registered,
                "/dues/0/amount_fen",
                json!(599),
                &["he", "huang"],
            ),
            Refusal::CorrectionBreaks {
                entry: received,
                broken: "payment_exceeds_due",
            },
        ),
        (
            "a payment corrected to more than is due",
            paid.correct(received, "/amount_fen", json!(1_001), &["he", "lin"]),
            Refusal::PaymentExceedsDue {
                dues: labels(&["rent_1"]),
                expected: fen(1_000),
                found: fen(1_001),
            },
        ),
        (
            "a payment corrected to another's voucher",
            life.correct(payment, "/voucher", json!("粤财 001"), &["he", "lin"]),
            Refusal::VoucherUsed {
                entry: handover,
                found: "粤财 001".parse().unwrap(),
            },
        ),
        (
            "step 15 corrected to a payment's voucher",
            life.correct(
                handover,
                "/received/0/voucher",
                json!("粤财 002"),
                &["he", "lin", "huang"],
            ),
            Refusal::CorrectionBreaks {
                entry: payment,
                broken: "voucher_used",
            },
        ),
        (
            "a payment corrected to a day to come",
            life.correct(payment, "/received_on", json!("2018-10-11"), &["he", "lin"]),
            Refusal::FutureDate {
                field: "received_on",
                expected: day("2018-10-10"),
                found: day("2018-10-11"),
            },
        ),
        (
            "a contract corrected to a term that its renewal overlaps",
            renewed.correct(signing, "", a_day_later, &chair),
            Refusal::CorrectionBreaks {
                entry: renewal,
                broken: "renewal_overlaps",
            },
        ),
    ]
}

#[test]
fn a_contract_lives_from_its_first_due_to_the_asset_s_return() {
    let mut life = Life::settled();
    let contract = life.contract();
    assert_eq!(contract.outstanding_fen(Direction::Incoming), fen(1_000));
    assert_eq!(contract.outstanding_fen(Direction::Outgoing), fen(300));
    assert_eq!(
        contract.arrears_fen(Direction::Incoming, day("2019-01-01")),
        Fen::ZERO
    );
    assert_eq!(
        contract.arrears_fen(Direction::Incoming, day("2019-01-02")),
        fen(1_000)
    );
    let next = contract
        .next_due(Direction::Incoming, day("2019-01-01"))
        .unwrap();
    assert_eq!(next.due.id.as_str(), "rent_2");
    assert!(
        contract
            .next_due(Direction::Incoming, day("2019-01-02"))
            .is_none()
    );
    life.pay(&["repair"], 300, "付 001").unwrap();
    life.amend(json!({"signed_on": "2018-10-10", "term_end": "2022-06-30"}))
        .unwrap();
    life.renew("2022-07-01", "2018-10-10").unwrap();
    let contract = life.contract();
    assert_eq!(contract.expiry(), Some(day("2028-06-30")));
    assert_eq!(contract.terms.len(), 2);
    assert_eq!(contract.number.as_str(), "东塱租 2023-09");
    life.on("2028-07-05");
    assert_eq!(
        life.contract().stage(day("2028-06-30")),
        Stage::Running {
            until: Some(day("2028-06-30"))
        }
    );
    let deal = life.0.transaction(DEAL).unwrap();
    assert_eq!(deal.expired(day("2028-06-30")), None);
    assert_eq!(deal.expired(day("2028-07-01")), Some(day("2028-06-30")));
    assert_eq!(
        life.contract().stage(day("2028-07-01")),
        Stage::Expired {
            since: day("2028-06-30")
        }
    );
    life.due("stay_2028_07", "2028-07-05", 500).unwrap();
    life.hand_back("2028-06-28").unwrap();
    assert_eq!(
        life.contract().stage(day("2028-07-05")),
        Stage::Returned {
            on: day("2028-06-28")
        }
    );
    // Arrears are paid after the end, two dues with one voucher; and a mistake is corrected.
    let paid = life
        .receive(&["rent_2", "stay_2028_07"], 1_400, "粤财 900")
        .unwrap()
        .index();
    assert_eq!(
        life.contract().outstanding_fen(Direction::Incoming),
        fen(100)
    );
    life.correct(paid, "/amount_fen", json!(1_500), &["he", "lin"])
        .unwrap();
    let contract = life.contract();
    assert_eq!(contract.outstanding_fen(Direction::Incoming), Fen::ZERO);
    assert_eq!(contract.paid_fen(Direction::Incoming), fen(2_500));
    assert_eq!(contract.events.last().unwrap().corrected_by.len(), 1);
    let settles: Vec<u64> = contract
        .payments
        .last()
        .unwrap()
        .settles
        .iter()
        .map(|(_, part)| part.get())
        .collect();
    assert_eq!(settles, [1_000, 500]);
}

#[test]
fn a_payment_that_never_was_is_corrected_to_nothing_and_stays_in_sight() {
    let mut life = paid_before_handover();
    let received = life.entry(1);
    life.correct(received, "/amount_fen", json!(0), &["he", "lin"])
        .unwrap();
    let contract = life.contract();
    assert!(contract.payments[0].is_void() && !contract.has_payments());
    assert_eq!(contract.outstanding_fen(Direction::Incoming), fen(1_000));
    // Its voucher is free, and nothing stands in the way of going back.
    life.0.step(DEAL, Step::HandoverAndReceipt).unwrap();
    let first = life.contract().clone();
    go_back(&mut life, "contract_signing").unwrap();
    let transaction = life.0.transaction(DEAL).unwrap();
    assert!(transaction.contract.is_none());
    assert_eq!(transaction.contracts_set_aside.len(), 1);
    assert_eq!(transaction.contracts_set_aside[0].contract, first);
    life.0.step(DEAL, Step::ContractSigning).unwrap();
    assert!(life.contract().dues.is_empty());
    life.due("rent_1", "2018-10-01", 1_000).unwrap();
}

#[test]
fn a_return_to_step_15_keeps_the_contract_and_frees_its_vouchers() {
    let mut life = Life(Scene::before(Step::PublishCompletion));
    life.due("rent_1", "2018-10-01", 1_000).unwrap();
    assert_eq!(
        life.receive(&["rent_1"], 1, "粤财 001").unwrap_err().rule(),
        "voucher_used"
    );
    go_back(&mut life, "handover_and_receipt").unwrap();
    life.receive(&["rent_1"], 1, "粤财 001").unwrap();
    assert_eq!(life.contract().paid_fen(Direction::Incoming), fen(1));
}

#[test]
fn a_contract_without_payments_goes_with_its_transaction() {
    let mut life = Life(Scene::before(Step::HandoverAndReceipt));
    life.due("rent_1", "2018-10-01", 1_000).unwrap();
    life.put("terminated", json!({"reason": "承租人反悔"}))
        .unwrap();
    let transaction = life.0.transaction(DEAL).unwrap();
    assert!(matches!(transaction.phase, Phase::Terminated { .. }));
    assert!(transaction.contract.is_none());
    assert_eq!(transaction.contracts_set_aside[0].contract.dues.len(), 1);
}

#[test]
fn a_correction_of_the_signing_is_felt_by_the_contract() {
    let mut life = Life(Scene::before(Step::PublishCompletion));
    let signing = life.contract().entry;
    life.due("rent_1", "2018-10-01", 1_000).unwrap();
    life.correct(
        signing,
        "/term_end",
        json!("2022-06-30"),
        &["chen", "huang", "jiedao"],
    )
    .unwrap();
    assert_eq!(life.contract().expiry(), Some(day("2022-06-30")));
    assert_eq!(life.contract().dues.len(), 1);
}

#[test]
fn limits_of_the_charter_hold_for_what_is_paid_and_for_each_term() {
    let mut life = Life::settled();
    let cap = life.amend(json!({"signed_on": "2018-10-10", "term_end": "2038-07-01"}));
    assert_eq!(cap.unwrap_err().rule(), "negative_list");
    life.renew("2023-07-01", "2018-10-10").unwrap();
    life.amend(json!({"signed_on": "2018-10-10", "term_end": "2038-07-01"}))
        .unwrap();
    let cap = life.amend(json!({"signed_on": "2018-10-10", "term_end": "2043-07-01"}));
    assert_eq!(cap.unwrap_err().rule(), "negative_list");
}

/// A payment is judged by the charter under which it was made, also when it is corrected.
#[test]
fn a_stricter_charter_does_not_stand_in_the_way_of_correcting_a_payment() {
    let mut life = Life::settled();
    let body = json!({
        "account": "cash", "amount_fen": 300, "dues": ["repair"], "paid_on": life.today(),
        "payee": "某维修公司", "summary": "付维修款", "voucher": "付 001",
    });
    let paid = life.put("payment_made", body).unwrap().index();
    let stricter = second_charter(|value| {
        for limit in value["limits"].as_array_mut().unwrap() {
            if limit["id"] == "corporate_account" {
                limit["rule"]["categories"] = json!([]);
            }
        }
    });
    life.0.change(adoption(&stricter, true)).unwrap();
    let signers = signers("payment_made");
    life.correct(paid, "/summary", json!("付屋顶维修款"), signers)
        .unwrap();
}
