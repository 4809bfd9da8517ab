//! Totals against a naive sum over the same record, and where they end.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ledger_core::contract::{Contract, SetAside, Standing};
use ledger_core::event::Event;
use ledger_core::record::{Category, Method};
use ledger_core::recorded::{Noted, Recorded};
use ledger_core::state::LedgerState;
use ledger_core::time::{LogTime, StatedTime};
use ledger_core::totals::{Amounts, By, Flow, Group, Side, TotalsError, items, totals};
use ledger_core::transaction::{Phase, Transaction};
use ledger_core::{Language, Step};
use proptest::prelude::*;
use scene::Scene;
use serde_json::{Value, json};

fn completed() -> &'static (LedgerState, Transaction) {
    static DONE: LazyLock<(LedgerState, Transaction)> = LazyLock::new(|| {
        let scene = Scene::completed();
        let ledger = scene.state.ledger().unwrap().clone();
        (ledger, scene.state.transactions().next().unwrap().clone())
    });
    &DONE
}

fn edit(transaction: &mut Transaction, step: Step, change: impl FnOnce(&mut Value)) {
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
fn bind(transaction: &mut Transaction, life: &[Value]) {
    let at: StatedTime = "2018-06-01T09:00:00+08:00".parse().unwrap();
    let standing = |(place, event): (usize, &Value)| Standing {
        corrected_by: Vec::new(),
        noted: Noted {
            event: scene::event(event.clone()),
            recorded: Recorded {
                at,
                index: 900 + place as u64,
                received_at: at.instant(),
                recorded_late: false,
                signers: Vec::new(),
            },
        },
        received_on: "2030-01-01".parse().unwrap(),
    };
    let life: Vec<Standing> = life.iter().enumerate().map(standing).collect();
    let passed = transaction.record(Step::ContractSigning).unwrap();
    let Event::ContractSigning(signing) = &passed.event else {
        panic!("{passed:?}");
    };
    let contract = Contract::fold((signing, passed.recorded.index), None, &life).unwrap();
    transaction.contract = Some(contract);
}

/// What a dealing of the random record is made of.
#[derive(Debug, Clone)]
struct Deal {
    amount: u64,
    signed_on: String,
    received: Vec<(u64, String)>,
    refunded: u64,
    /// Whether it came in, how much, and when.
    payments: Vec<(bool, u64, String)>,
    handed_over_on: String,
    category: usize,
    method: usize,
    winner: &'static str,
    ended: bool,
}

fn day() -> impl Strategy<Value = String> {
    (2017..2020_u16, 1..=12_u8, 1..=28_u8).prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}"))
}

fn deal() -> impl Strategy<Value = Deal> {
    let money = || 0..1_000_000_000_u64;
    let winner = prop_oneof![Just("张*"), Just("甲公司"), Just("乙公司")];
    let kinds = (0..Category::ALL.len(), 0..Method::ALL.len(), winner);
    let received = prop::collection::vec((money(), day()), 0..4);
    let payments = prop::collection::vec((any::<bool>(), 1..1_000_000_u64, day()), 0..4);
    let moved = (received, payments);
    let days = (day(), day());
    (
        money(),
        moved,
        money(),
        days,
        kinds,
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |(amount, (received, payments), refunded, days, (category, method, winner), ended)| {
                Deal {
                    amount,
                    signed_on: days.0,
                    received,
                    refunded,
                    payments,
                    handed_over_on: days.1,
                    category,
                    method,
                    winner,
                    ended,
                }
            },
        )
}

fn transaction(place: usize, deal: &Deal) -> Transaction {
    let mut transaction = completed().1.clone();
    transaction.id = format!("2018-{place}").parse().unwrap();
    edit(&mut transaction, Step::ProposalInitiation, |value| {
        value["category"] = json!(Category::ALL[deal.category]);
    });
    edit(&mut transaction, Step::PlanDrafting, |value| {
        value["method"] = json!(Method::ALL[deal.method]);
    });
    edit(&mut transaction, Step::Bidding, |value| {
        value["outcome"]["winner"] = json!(deal.winner);
    });
    edit(&mut transaction, Step::ContractSigning, |value| {
        value["amount_fen"] = json!(deal.amount);
        value["signed_on"] = json!(deal.signed_on);
    });
    edit(&mut transaction, Step::HandoverAndReceipt, |value| {
        value["deposits_refunded_fen"] = json!(deal.refunded);
        value["handed_over_on"] = json!(deal.handed_over_on);
        let voucher = |(place, (fen, on)): (usize, &(u64, String))| json!({"amount_fen": fen, "received_on": on, "voucher": format!("票 {place}")});
        value["received"] = deal.received.iter().enumerate().map(voucher).collect();
    });
    let due = |id: &str, direction: &str, fen: u64| json!({"amount_fen": fen, "direction": direction, "due_on": "2018-07-01", "id": id, "purpose": "款"});
    let mut life = Vec::new();
    for (place, (incoming, fen, on)) in deal.payments.iter().enumerate() {
        let (id, voucher) = (format!("due_{place}"), format!("凭 {place}"));
        let direction = if *incoming { "incoming" } else { "outgoing" };
        life.push(json!({
            "kind": "payment_due", "summary": "登记", "documents": [], "dues": [due(&id, direction, *fen)],
        }));
        let mut paid = json!({
            "kind": "payment_received", "amount_fen": fen, "documents": [], "dues": [id],
            "payer": "丙公司", "received_on": on, "summary": "收款", "voucher": voucher,
        });
        if !incoming {
            paid = json!({
                "kind": "payment_made", "account": "corporate", "amount_fen": fen, "documents": [],
                "dues": [id], "payee": "丙公司", "paid_on": on, "summary": "付款", "voucher": voucher,
            });
        }
        life.push(paid);
    }
    bind(&mut transaction, &life);
    if deal.ended {
        let contract = transaction.contract.take().unwrap();
        transaction
            .contracts_set_aside
            .push(SetAside { by: 1, contract });
        transaction.phase = Phase::Terminated {
            since: LogTime::MIN,
        };
    }
    transaction
}

/// Contracts, contracted, received, refunded and paid, by side and group: added up without thought.
type Naive = BTreeMap<(bool, String), [u64; 5]>;

fn naive(deals: &[Deal], by: By) -> Naive {
    let mut sums = Naive::new();
    for deal in deals {
        let category = Category::ALL[deal.category];
        let key = |day: &str, party: &str| match by {
            By::Month => day[..7].to_owned(),
            By::Category => category.zh().to_owned(),
            By::Method => Method::ALL[deal.method].zh().to_owned(),
            By::Counterparty => party.to_owned(),
        };
        let mut add = |key: String, column: usize, fen: u64| {
            sums.entry((category.is_spending(), key)).or_default()[column] += fen;
        };
        if !deal.ended {
            add(key(&deal.signed_on, deal.winner), 0, 1);
            add(key(&deal.signed_on, deal.winner), 1, deal.amount);
        }
        for (fen, on) in &deal.received {
            add(key(on, deal.winner), 2, *fen);
        }
        for (incoming, fen, on) in &deal.payments {
            add(key(on, "丙公司"), if *incoming { 2 } else { 4 }, *fen);
        }
        if deal.refunded > 0 {
            add(key(&deal.handed_over_on, "未登记"), 3, deal.refunded);
        }
    }
    sums
}

fn columns(amounts: &Amounts) -> [u64; 5] {
    [
        amounts.contracts,
        amounts.contracted_fen.get(),
        amounts.received_fen.get(),
        amounts.refunded_fen.get(),
        amounts.paid_fen.get(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn totals_are_what_adding_up_gives(deals in prop::collection::vec(deal(), 0..12)) {
        let ledger = &completed().0;
        let transactions: Vec<Transaction> =
            deals.iter().enumerate().map(|(place, deal)| transaction(place, deal)).collect();
        for by in By::ALL {
            let found = totals(ledger, &transactions, by).unwrap();
            let mut rows = Naive::new();
            for (spending, side) in [(false, &found.income), (true, &found.spending)] {
                let mut all = [0; 5];
                for row in &side.rows {
                    let columns = columns(&row.amounts);
                    all.iter_mut().zip(columns).for_each(|(all, one)| *all += one);
                    rows.insert((spending, row.group.label(Language::Zh)), columns);
                }
                prop_assert_eq!(columns(&side.total), all);
                prop_assert!(side.rows.is_sorted_by(|one, other| one.group < other.group));
            }
            prop_assert_eq!(rows, naive(&deals, by));
        }
        let items = items(ledger, &transactions);
        let handed: u64 = deals.iter().flat_map(|d| &d.received).map(|(fen, _)| fen).sum();
        let paid = |wanted: bool| -> u64 {
            let payments = deals.iter().flat_map(|deal| &deal.payments);
            payments.filter(|(incoming, ..)| *incoming == wanted).map(|(_, fen, _)| fen).sum()
        };
        let moved = |flow: Flow| -> u64 {
            items.iter().filter(|item| item.flow == flow).map(|item| item.amount_fen.get()).sum()
        };
        prop_assert_eq!(moved(Flow::Received), handed + paid(true));
        prop_assert_eq!(moved(Flow::Paid), paid(false));
        prop_assert_eq!(moved(Flow::Refunded), deals.iter().map(|deal| deal.refunded).sum::<u64>());
        prop_assert!(items.is_sorted_by_key(|item| item.on));
    }
}

#[test]
fn an_item_says_when_how_much_for_what_and_with_whom() {
    let (ledger, done) = completed();
    let found = items(ledger, [done]);
    let handover = done
        .record(Step::HandoverAndReceipt)
        .unwrap()
        .recorded
        .index;
    let value = serde_json::to_value(&found).unwrap();
    assert_eq!(
        value[0],
        json!({
            "on": value[0]["on"], "flow": "received", "amount_fen": 151_000_000, "voucher": "粤财 001",
            "transaction": "2018-017", "counterparty": "张*", "category": "lease", "event": handover,
        })
    );
    assert_eq!(value[1]["flow"], "refunded");
    assert_eq!(value[1].get("counterparty"), None);
    assert_eq!(found.len(), 2);
}

#[test]
fn a_renewal_is_a_contract_of_its_day_and_an_amendment_changes_what_it_amends() {
    let (ledger, done) = completed();
    let mut transaction = done.clone();
    edit(&mut transaction, Step::ContractSigning, |value| {
        value["amount_fen"] = json!(100);
        value["signed_on"] = json!("2018-06-01");
    });
    let amended = |amount: u64| {
        json!({
            "kind": "contract_amended", "amount_fen": amount, "cancels": [], "documents": [],
            "reason": "减免", "signed_on": "2018-08-01",
        })
    };
    let renewed = json!({
        "kind": "contract_renewed", "amount_fen": 500, "contract_number": "续 1", "documents": [],
        "reason": "续签", "signed_on": "2023-06-01", "term_start": "2023-07-01", "term_end": "2024-06-30",
    });
    let returned = json!({
        "kind": "asset_returned", "condition": "完好", "documents": [],
        "performance_bond_refunded_fen": 7, "returned_on": "2024-07-01",
    });
    bind(
        &mut transaction,
        &[amended(80), renewed, amended(450), returned],
    );
    let found = totals(ledger, [&transaction], By::Month).unwrap().income;
    let month = |wanted: &str| {
        let group = Group::Month(wanted.to_owned());
        let row = found.rows.iter().find(|row| row.group == group);
        row.map_or([0; 5], |row| columns(&row.amounts))
    };
    assert_eq!(month("2018-06")[..2], [1, 80]);
    assert_eq!(month("2018-08"), [0; 5]);
    assert_eq!(month("2023-06")[..2], [1, 450]);
    assert_eq!(month("2024-07"), [0, 0, 0, 7, 0]);
}

#[test]
fn a_sum_that_cannot_be_written_is_an_error_that_names_its_transaction() {
    let (ledger, done) = completed();
    let with = |id: &str, amount: u64| {
        let mut transaction = done.clone();
        transaction.id = id.parse().unwrap();
        edit(&mut transaction, Step::ContractSigning, |value| {
            value["amount_fen"] = json!(amount);
        });
        transaction
    };
    let most = (1 << 53) - 1;
    let fits = [with("a", most - 7), with("b", 7)];
    let sum = totals(ledger, &fits, By::Month).unwrap();
    assert_eq!(sum.income.total.contracted_fen.get(), most);
    let too_large = [with("a", most - 7), with("b", 8)];
    let error = totals(ledger, &too_large, By::Category).unwrap_err();
    let TotalsError::TooLarge { found, transaction } = &error else {
        panic!("{error:?}");
    };
    assert_eq!((found.get(), transaction.as_str()), (8, "b"));
}

#[test]
fn nothing_gives_nothing_and_what_is_not_known_is_said_to_be() {
    let (ledger, done) = completed();
    let none = totals(ledger, [], By::Month).unwrap();
    assert_eq!(
        (none.income, none.spending),
        (Side::default(), Side::default())
    );
    let mut bare = done.clone();
    bare.passed
        .retain(|passed| passed.step == Step::HandoverAndReceipt);
    for (by, expected) in [
        (By::Category, Group::Unknown),
        (By::Method, Group::Unknown),
        (By::Counterparty, Group::Unknown),
    ] {
        let found = totals(ledger, [&bare], by).unwrap();
        assert_eq!(found.income.rows.len(), 1);
        assert_eq!(found.income.rows[0].group, expected);
    }
}
