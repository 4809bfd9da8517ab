//! Whatever stands in the record, a flag names transactions and entries that there are.

use ledger_core::Step;
use ledger_core::event::Event;
use ledger_core::flags;
use ledger_core::record::{Category, Method};
use ledger_core::time::LogTime;
use ledger_core::transaction::{Superseded, Transaction};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::bench::{Bench, adopt, bind, check, waive};

/// A field of the record and how to write a number into it.
const FIELDS: &[(Step, &str)] = &[
    (Step::FeedbackAndValuation, "/reserve_price/fen"),
    (Step::PlanDrafting, "/reserve_price/fen"),
    (Step::PlanDrafting, "/term_months"),
    (Step::BidderQualification, "/applicants/0/deposit_fen"),
    (Step::BidderQualification, "/applicants/1/deposit_fen"),
    (Step::Bidding, "/bidders"),
    (Step::Bidding, "/round"),
    (Step::Bidding, "/outcome/price/fen"),
    (Step::ContractSigning, "/amount_fen"),
    (Step::HandoverAndReceipt, "/deposits_refunded_fen"),
];

const DAYS: &[(Step, &str)] = &[
    (Step::MemberVote, "/held_on"),
    (Step::MemberVote, "/notified_on"),
    (Step::ContractSigning, "/signed_on"),
    (Step::ContractSigning, "/term_start"),
    (Step::ContractSigning, "/term_end"),
    (Step::HandoverAndReceipt, "/handed_over_on"),
];

const BASES: &[&str] = &[
    "total",
    "per_month",
    "per_year",
    "per_mu",
    "per_sqm_month",
    "per_mu_year",
];

fn any_day() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("1970-01-01".to_owned()),
        Just("9999-12-31".to_owned()),
        (2000..2040_u16, 1..=12_u8, 1..=28_u8).prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}")),
    ]
}

#[derive(Debug, Clone)]
enum Spoil {
    Number(usize, u64),
    Day(usize, String),
    Basis(Step, usize),
    Category(usize),
    Method(usize),
    Drop(usize),
    DropPosting(usize),
    Waive(usize),
    Late(usize),
    Aside(usize),
    Winner(bool),
}

fn any_spoil() -> impl Strategy<Value = Spoil> {
    let number = prop_oneof![Just(0), 1..10_u64, 0..200_000_000_u64, Just((1 << 53) - 1)];
    prop_oneof![
        4 => (0..FIELDS.len(), number).prop_map(|(field, number)| Spoil::Number(field, number)),
        3 => (0..DAYS.len(), any_day()).prop_map(|(field, day)| Spoil::Day(field, day)),
        1 => (0..BASES.len(), any::<bool>()).prop_map(|(basis, plan)| {
            Spoil::Basis(if plan { Step::PlanDrafting } else { Step::FeedbackAndValuation }, basis)
        }),
        1 => (0..Category::ALL.len()).prop_map(Spoil::Category),
        1 => (0..Method::ALL.len()).prop_map(Spoil::Method),
        1 => (0..16_usize).prop_map(Spoil::Drop),
        1 => (0..12_usize).prop_map(Spoil::DropPosting),
        1 => (0..16_usize).prop_map(Spoil::Waive),
        1 => (0..16_usize).prop_map(Spoil::Late),
        1 => (0..16_usize).prop_map(Spoil::Aside),
        1 => any::<bool>().prop_map(Spoil::Winner),
    ]
}

/// Puts a value into a record, if the record is still there and takes it.
fn put(transaction: &mut Transaction, step: Step, pointer: &str, new: Value) {
    let found = transaction
        .passed
        .iter_mut()
        .find(|passed| passed.step == step);
    let Some(passed) = found else { return };
    let mut value = serde_json::to_value(&passed.event).unwrap();
    let Some(place) = value.pointer_mut(pointer) else {
        return;
    };
    *place = new;
    if let Ok(event) = Event::from_value(value) {
        passed.event = event;
    }
    bind(transaction, &[]);
}

fn spoil(bench: &mut Bench, which: usize, spoil: &Spoil) {
    let place = which % bench.transactions.len();
    let step_of = |place: usize| Step::ALL[place];
    if let Spoil::Waive(step) = spoil {
        bench.transactions.swap(0, place);
        waive(bench, step_of(*step));
        bench.transactions.swap(0, place);
        return;
    }
    let deal = &mut bench.transactions[place];
    match spoil {
        Spoil::Number(field, number) => {
            put(deal, FIELDS[*field].0, FIELDS[*field].1, json!(number))
        }
        Spoil::Day(field, day) => put(deal, DAYS[*field].0, DAYS[*field].1, json!(day)),
        Spoil::Basis(step, basis) => put(deal, *step, "/reserve_price/basis", json!(BASES[*basis])),
        Spoil::Category(place) => {
            let category = Category::ALL[*place];
            put(deal, Step::ProposalInitiation, "/category", json!(category));
        }
        Spoil::Method(place) => {
            let method = Method::ALL[*place];
            put(deal, Step::PlanDrafting, "/method", json!(method));
        }
        Spoil::Drop(step) => {
            deal.passed.retain(|passed| passed.step != step_of(*step));
            bind(deal, &[]);
        }
        Spoil::DropPosting(place) if *place < deal.postings.len() => {
            drop(deal.postings.remove(*place))
        }
        Spoil::Late(place) => {
            if let Some(passed) = deal.passed.get_mut(*place) {
                passed.recorded.recorded_late = true;
            }
        }
        Spoil::Aside(place) if *place < deal.passed.len() => {
            let passed = deal.passed.remove(*place);
            deal.superseded.push(Superseded { by: 1, passed });
        }
        Spoil::Winner(same) => {
            let name = if *same { "张*" } else { "甲公司" };
            put(deal, Step::Bidding, "/outcome/winner", json!(name));
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_stands_in_the_record_flags_name_what_there_is(
        others in 0..6_usize,
        spoils in prop::collection::vec((0..7_usize, any_spoil()), 0..40),
        now in 0..253_402_300_799_i64,
        charters in 0..3_u64,
    ) {
        let mut bench = Bench::clean();
        for _ in 0..others {
            bench.second();
        }
        for (which, change) in &spoils {
            spoil(&mut bench, *which, change);
        }
        for charter in 0..charters {
            adopt(&mut bench, 20 + 17 * charter, charter % 2 == 0);
        }
        bench.now = LogTime::from_unix(now).unwrap();
        let flags = bench.flags();
        for flag in &flags {
            check(&bench, flag);
        }
        // What one transaction shows alone is among what all show together.
        for transaction in &bench.transactions {
            for flag in flags::of_transaction(&bench.ledger, transaction, bench.now) {
                prop_assert!(flags.contains(&flag));
            }
        }
    }
}
