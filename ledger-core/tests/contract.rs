//! A contract of twenty years by the month, through the ledger's own door and an outsider's audit.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use ledger_core::contract::{RentSchedule, Stage};
use ledger_core::event::{LoggedEntry, STATEMENT_LIMIT};
use ledger_core::money::Fen;
use ledger_core::record::{Direction, Due, Escalation};
use ledger_core::source::StoreSource;
use ledger_core::time::Date;
use ledger_core::{Expected, Ledger, MemoryStore, Pins, Refusal, SigningKey, Step, audit};
use scene::{DEAL, ON, ORIGIN, Scene, event, signers_of, time};
use serde_json::{Value, json};

fn log_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[99; 32]).unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// Twenty years by the month, five per cent more every three years.
fn schedule() -> Vec<Due> {
    let schedule = RentSchedule {
        amount_fen: Fen::new(12_583_333).unwrap(),
        count: 240,
        escalation: Some(Escalation {
            every_months: 36,
            rate_basis_points: 500,
        }),
        every_months: 1,
        first_due: day("2018-07-01"),
        rent_free_months: 0,
    };
    schedule.dues().unwrap()
}

/// A deal of twenty years, complete, on the day on which its schedule is registered.
fn leased() -> Scene {
    let mut scene = Scene::before(Step::PlanDrafting);
    scene.pass_with(DEAL, Step::PlanDrafting, |plan| {
        plan["term_months"] = json!(240);
    });
    scene.go_on_to(DEAL, Step::ContractSigning);
    let mut signing = serde_json::to_value(scene.event_of(DEAL, Step::ContractSigning)).unwrap();
    signing["term_end"] = json!("2038-06-30");
    let signing = event(signing);
    scene
        .put(ON, signing, signers_of(Step::ContractSigning))
        .unwrap();
    scene.wait(3_600);
    scene.pass(DEAL, Step::HandoverAndReceipt);
    scene.pass(DEAL, Step::PublishCompletion);
    scene
}

fn register(scene: &mut Scene, dues: &[Due]) {
    let due =
        json!({"kind": "payment_due", "documents": [], "dues": dues, "summary": "合同第四条"});
    let statement = scene.statement(ON, event(due));
    let length = statement.to_text().unwrap().len();
    assert!(length < STATEMENT_LIMIT * 3 / 4, "{length}");
    scene.present(&statement, &["he", "huang"]).unwrap();
}

fn receipt(dues: &[&Due], voucher: usize, on: &str) -> Value {
    let amount: u64 = dues.iter().map(|due| due.amount_fen.get()).sum();
    let names: Vec<_> = dues.iter().map(|due| &due.id).collect();
    json!({
        "kind": "payment_received", "amount_fen": amount, "documents": [], "dues": names,
        "payer": "张*", "received_on": on, "summary": "收租金", "voucher": format!("粤财 {voucher:05}"),
    })
}

#[test]
fn twenty_years_by_the_month_are_registered_at_once_and_paid_by_the_quarter() {
    let (mut scene, dues) = (leased(), schedule());
    register(&mut scene, &dues);
    // The rents of nineteen years and nine months, each quarter with one voucher.
    for (number, quarter) in dues.chunks(3).take(79).enumerate() {
        let on = quarter[0].due_on.to_string();
        scene.clock = scene.clock.max(time(&format!("{on}T02:00:00Z")));
        let today = scene.clock.date_at(480).to_string();
        let dues: Vec<&Due> = quarter.iter().collect();
        let paid = receipt(&dues, number + 100, &today);
        scene.put(ON, event(paid), &["he", "lin"]).unwrap();
    }
    let contract = scene.transaction(DEAL).unwrap().contract.clone().unwrap();
    let sum = |dues: &[Due]| dues.iter().map(|due| due.amount_fen.get()).sum::<u64>();
    assert_eq!(
        contract.paid_fen(Direction::Incoming).get(),
        sum(&dues[..237])
    );
    assert_eq!(
        contract.outstanding_fen(Direction::Incoming).get(),
        sum(&dues[237..])
    );
    // 12,583,333 fen, risen six times by five per cent, each time to a whole fen.
    assert_eq!(dues[239].amount_fen.get(), 16_862_870);
    let next = contract
        .next_due(Direction::Incoming, day("2038-04-01"))
        .unwrap();
    assert_eq!(next.due.id.as_str(), "rent_2038_04");
    let late = contract.overdue(Direction::Incoming, day("2038-06-02"));
    assert_eq!(late.len(), 3);
    assert_eq!(
        contract.stage(day("2038-07-01")),
        Stage::Expired {
            since: day("2038-06-30")
        }
    );

    // A voucher again, after twenty years.
    let again = receipt(&[&dues[237]], 100, "2018-10-01");
    let again = scene.put(ON, event(again), &["he", "lin"]).unwrap_err();
    assert!(matches!(again, Refusal::VoucherUsed { .. }));

    // The same notes through the shell, and an outsider's replay, come to the same contract.
    let note = |bytes: &[u8]| LoggedEntry::parse(bytes).unwrap().signed.note().to_bytes();
    let (first, rest) = scene.entries.split_first().unwrap();
    let (mut ledger, _) = Ledger::create(
        MemoryStore::new(),
        log_key(),
        &note(first.bytes()),
        first.received_at(),
    )
    .unwrap();
    for entry in rest {
        assert!(
            ledger
                .append(&note(entry.bytes()), entry.received_at())
                .unwrap()
                .added
        );
    }
    let id = DEAL.parse().unwrap();
    let store = ledger.store().clone();
    let reopened = Ledger::open(store.clone(), log_key(), &mut |_, _| {}).unwrap();
    for ledger in [&ledger, &reopened] {
        let found = ledger.transaction(&id).unwrap().unwrap().contract;
        assert_eq!(found.as_ref(), Some(&contract));
    }
    let pins = Pins {
        ledger_id: first.leaf(),
        log_key: log_key().verifier().clone(),
        origin: ORIGIN.parse().unwrap(),
    };
    let expected = Expected {
        pins: &pins,
        policy: None,
    };
    let report = audit(&StoreSource(&store), expected, &mut |_, _, _| {}).unwrap();
    assert_eq!(report.fault, None);
    let found = report.state.transaction(&id).unwrap();
    assert_eq!(found.contract, Some(contract));
}
