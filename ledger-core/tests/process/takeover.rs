//! Contracts that were in force before the ledger: they are told, marked late, and live on.

use ledger_core::contract::Stage;
use ledger_core::event::Event;
use ledger_core::money::Fen;
use ledger_core::record::Category;
use ledger_core::refusal::Refusal;
use ledger_core::role::Role;
use ledger_core::step::Step;
use ledger_core::totals::{By, totals};
use ledger_core::transaction::Phase;
use serde_json::{Value, json};

use crate::Row;
use crate::scene::takeover::{OLD, ON_OLD, TAKERS, body};
use crate::scene::{DEAL, ON, Scene, erasure, event, private_document, signers_of, time};

fn taken() -> Scene {
    let mut scene = Scene::founded();
    scene.take_over(|_| {}).unwrap();
    scene
}

fn founded(change: impl FnOnce(&mut Value)) -> Result<ledger_core::admit::Entry, Refusal> {
    Scene::founded().take_over(change)
}

fn correction(entry: u64, field: &str, value: Value) -> Event {
    event(json!({
        "kind": "corrected", "documents": [], "entry": entry, "field": field, "reason": "原件如此",
        "value": value,
    }))
}

pub(crate) fn rows() -> Vec<Row> {
    let day = |text: &str| text.parse().unwrap();
    let no_steps = |scene: &Scene| Refusal::NoSteps {
        taken_over_by: scene.transaction(OLD).unwrap().begun_at,
    };
    let mut again = taken();
    let exists = Refusal::TransactionExists {
        found: OLD.parse().unwrap(),
    };
    let mut stepping = taken();
    let verified = stepping.event_of(DEAL, Step::AssetVerification);
    let signers = signers_of(Step::AssetVerification);
    let mut begun = Scene::before(Step::ProposalInitiation);
    let other = Refusal::TransactionExists {
        found: DEAL.parse().unwrap(),
    };
    let mut back = taken();
    let returned = event(json!({
        "kind": "returned", "documents": [], "reason": "重办", "to": "asset_verification",
    }));
    let mut waiving = taken();
    let waived = event(json!({
        "kind": "step_waived", "basis": "小额", "documents": [], "from": "street_review",
        "through": "bidding",
    }));
    let mut corrected = taken();
    let entry = corrected.transaction(OLD).unwrap().begun_at;
    let later = correction(entry, "/signed_on", json!("2018-03-27"));
    corrected.wait(10 * 86_400);
    let mut alone = Scene::founded();
    let mut unsigned = |signers: &[&str]| alone.put(ON_OLD, event(body()), signers);
    let under = |found: &str| Refusal::SignedUnderLedger {
        expected: day("2018-03-26"),
        found: day(found),
    };
    let mut after = Scene::founded();
    after.wait(30 * 86_400);
    let fault = |field: &'static str, expected: &str, found: &str| Refusal::Inconsistent {
        field,
        expected: expected.to_owned(),
        found: found.to_owned(),
    };
    vec![
        (
            "a contract taken over twice",
            again.take_over(|_| {}),
            exists,
        ),
        (
            "a contract in a transaction that has begun",
            begun.put(ON, event(body()), TAKERS),
            other,
        ),
        (
            "a step of a contract taken over",
            stepping.put(ON_OLD, verified, signers),
            no_steps(&stepping),
        ),
        (
            "a return of a contract taken over",
            back.put(ON_OLD, returned, &["chen", "huang"]),
            no_steps(&back),
        ),
        (
            "a waiver of a contract taken over",
            waiving.put(ON_OLD, waived, &["chen", "huang"]),
            no_steps(&waiving),
        ),
        (
            "a contract of after the opening",
            after.take_over(|v| v["signed_on"] = json!("2018-03-27")),
            under("2018-03-27"),
        ),
        (
            "a contract corrected to after the opening",
            corrected.put(ON_OLD, later, TAKERS),
            under("2018-03-27"),
        ),
        (
            "a contract that has not begun",
            founded(|v| v["term_start"] = json!("2018-03-27")),
            Refusal::FutureDate {
                field: "term_start",
                expected: day("2018-03-26"),
                found: day("2018-03-27"),
            },
        ),
        (
            "a contract signed tomorrow",
            founded(|v| v["signed_on"] = json!("2018-03-27")),
            Refusal::FutureDate {
                field: "signed_on",
                expected: day("2018-03-26"),
                found: day("2018-03-27"),
            },
        ),
        (
            "a contract with one party",
            founded(|v| v["parties"] = json!(["李*"])),
            fault("parties", "至少两方 (at least two)", "1"),
        ),
        (
            "a term that ends before it begins",
            founded(|v| v["term_end"] = json!("2015-06-30")),
            fault("term_end", "≥ 2015-07-01", "2015-06-30"),
        ),
        (
            "a contract signed by the accountant alone",
            unsigned(&["he"]),
            Refusal::MissingRoles {
                missing_roles: vec![Role::Chair, Role::Supervisor],
            },
        ),
    ]
}

#[test]
fn a_contract_taken_over_is_late_for_good_and_counts_no_step() {
    let scene = taken();
    let deal = scene.transaction(OLD).unwrap();
    let recorded = deal.recorded(deal.begun_at).unwrap();
    // Recorded in the very minute in which it was signed, and late all the same.
    assert_eq!(recorded.at.instant(), recorded.received_at);
    assert!(recorded.recorded_late);
    assert!(matches!(deal.phase, Phase::TakenOver { since } if since == recorded.received_at));
    assert_eq!(deal.current_step(), None);
    assert!(deal.passed.is_empty() && !deal.was_completed());
    assert_eq!(deal.category(), Some(Category::Lease));
    let contract = deal.contract.as_ref().unwrap();
    assert_eq!(contract.entry, deal.begun_at);
    assert_eq!(contract.number.as_str(), "东塱租 2015-03");
    let until = Some("2025-06-30".parse().unwrap());
    assert_eq!(
        contract.stage("2018-03-26".parse().unwrap()),
        Stage::Running { until }
    );
    let json = serde_json::to_value(deal).unwrap();
    assert_eq!(json["phase"]["phase"], "taken_over");
    assert_eq!(json["takeover"]["recorded_late"], true);
}

/// A day on which it was signed that the opening itself is: the last that will do.
#[test]
fn the_day_of_the_opening_is_still_before_the_ledger() {
    founded(|v| {
        v["signed_on"] = json!("2018-03-26");
        v["term_start"] = json!("2018-03-26");
    })
    .unwrap();
}

/// The negative list bounds what is dealt now: a lease of thirty years that is in force is recorded.
#[test]
fn a_contract_beyond_the_negative_list_is_recorded_as_it_is() {
    let mut scene = Scene::founded();
    scene
        .take_over(|v| v["term_end"] = json!("2045-06-30"))
        .unwrap();
    let ledger = scene.state.ledger().unwrap();
    let deal = scene.transaction(OLD).unwrap();
    let flags = ledger_core::flags::of_transaction(ledger, deal, scene.clock);
    let rules: Vec<&str> = flags.iter().map(|flag| flag.rule.id()).collect();
    assert_eq!(rules, ["process_unproven", "term_too_long"]);
}

#[test]
fn its_life_goes_on_as_any_contracts() {
    let mut scene = taken();
    let due = json!({
        "kind": "payment_due", "documents": [private_document("7a")], "summary": "按合同第三条", "dues": [
            {"amount_fen": 6_000_000, "direction": "incoming", "due_on": "2018-01-01", "id": "rent_1", "purpose": "上半年租金"},
        ],
    });
    scene.put(ON_OLD, event(due), &["he", "huang"]).unwrap();
    let received = json!({
        "kind": "payment_received", "amount_fen": 2_000_000, "documents": [], "dues": ["rent_1"], "payer": "李*",
        "received_on": "2018-03-26", "summary": "部分租金", "voucher": "粤财 009",
    });
    scene.put(ON_OLD, event(received), &["he", "lin"]).unwrap();
    scene
        .put(ON_OLD, event(erasure("7a")), &["chen", "huang"])
        .unwrap();
    let entry = scene.transaction(OLD).unwrap().begun_at;
    let number = correction(entry, "/contract_number", json!("东塱租 2015-03-1"));
    scene.put(ON_OLD, number, TAKERS).unwrap();
    let deal = scene.transaction(OLD).unwrap();
    let contract = deal.contract.as_ref().unwrap();
    assert_eq!(contract.number.as_str(), "东塱租 2015-03-1");
    assert_eq!(contract.payments.len(), 1);
    assert_eq!(deal.takeover.as_ref().unwrap().corrected_by.len(), 1);
    assert!(deal.recorded(entry).unwrap().recorded_late);
    let ledger = scene.state.ledger().unwrap();
    let flags = ledger_core::flags::of_transaction(ledger, deal, scene.clock);
    let rules: Vec<&str> = flags.iter().map(|flag| flag.rule.id()).collect();
    assert_eq!(rules, ["process_unproven", "rent_overdue"]);
    let sums = totals(ledger, [deal], By::Category).unwrap();
    assert_eq!(sums.income.total.contracts, 1);
    assert_eq!(
        sums.income.total.contracted_fen,
        Fen::new(120_000_000).unwrap()
    );
    assert_eq!(sums.income.total.received_fen, Fen::new(2_000_000).unwrap());
    let concern = crate::scene::concerns::raised(OLD, "general");
    scene.put("concern/y1", concern, &["intake"]).unwrap();
    assert_eq!(
        scene.transaction(OLD).unwrap().concerns.unanswered().len(),
        1
    );
    scene.clock = time("2025-07-01T02:00:00Z");
    let back = json!({
        "kind": "asset_returned", "condition": "完好", "documents": [], "performance_bond_refunded_fen": 0,
        "returned_on": "2025-07-01",
    });
    scene
        .put(ON_OLD, event(back), &["deng", "he", "huang"])
        .unwrap();
    let deal = scene.transaction(OLD).unwrap();
    let stage = deal
        .contract
        .as_ref()
        .unwrap()
        .stage("2025-07-02".parse().unwrap());
    assert!(matches!(stage, Stage::Returned { .. }));
}

/// One that was recorded by mistake is broken off, as long as nothing was paid.
#[test]
fn one_recorded_by_mistake_is_broken_off() {
    let mut scene = taken();
    let end = event(json!({"kind": "terminated", "documents": [], "reason": "重复登记"}));
    scene.put(ON_OLD, end, &["chen", "huang"]).unwrap();
    let deal = scene.transaction(OLD).unwrap();
    assert!(matches!(deal.phase, Phase::Terminated { .. }));
    assert!(deal.contract.is_none());
    assert!(deal.recorded(deal.begun_at).unwrap().recorded_late);
    let ledger = scene.state.ledger().unwrap();
    let sums = totals(ledger, [deal], By::Month).unwrap();
    assert_eq!(sums.income.total.contracts, 0);
}
