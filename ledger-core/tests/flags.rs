//! The red flags: a row for every rule, with what raises it and what just does not; and that whatever
//! stands in the record, a flag names transactions and entries that there are.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use ledger_core::contract::{Contract, Standing};
use ledger_core::event::Event;
use ledger_core::flags::{self, Flag, FlagRule, RiskGrade, Severity, grade};
use ledger_core::recorded::{Noted, Recorded};
use ledger_core::state::{AdoptedCharter, LedgerState};
use ledger_core::time::LogTime;
use ledger_core::transaction::{Phase, Superseded, Transaction};
use ledger_core::{Language, Step};
use proptest::prelude::*;
use scene::Scene;
use serde_json::{Value, json};

/// What the rules look at: the record of a ledger, and a moment.
#[derive(Clone)]
struct Bench {
    ledger: LedgerState,
    transactions: Vec<Transaction>,
    now: LogTime,
}

impl Bench {
    fn of(scene: &Scene) -> Self {
        Self {
            ledger: scene.state.ledger().unwrap().clone(),
            transactions: scene.state.transactions().cloned().collect(),
            now: scene.clock,
        }
    }

    /// One transaction, completed, with nothing to look at.
    fn clean() -> Self {
        static CLEAN: LazyLock<Bench> = LazyLock::new(|| {
            let mut bench = Bench::of(&Scene::completed());
            bench.edit(Step::MemberVote, |value| {
                value["notified_on"] = json!("2018-03-20");
            });
            bench
        });
        CLEAN.clone()
    }

    fn flags(&self) -> Vec<Flag> {
        flags::of_ledger(&self.ledger, &self.transactions, self.now)
    }

    fn rules(&self) -> BTreeSet<&'static str> {
        self.flags().iter().map(|flag| flag.rule.id()).collect()
    }

    fn deal(&mut self) -> &mut Transaction {
        &mut self.transactions[0]
    }

    /// Writes something else into the record of a step.
    fn edit(&mut self, step: Step, change: impl FnOnce(&mut Value)) -> &mut Self {
        edit(self.deal(), step, change);
        self
    }

    /// A second transaction like the first, on another asset, recorded after it.
    fn second(&mut self) -> &mut Transaction {
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

    fn note(&mut self, event: Value) -> Noted {
        let at = self.now;
        Noted {
            event: scene::event(event),
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
fn bind(transaction: &mut Transaction, life: &[Standing]) {
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
fn live(bench: &mut Bench, events: &[Value]) {
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
fn rent(bench: &mut Bench, due_on: &str, received: u64) {
    bench.now = scene::time("2018-09-10T01:00:00Z");
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

fn returned(bench: &mut Bench) {
    let event = json!({
        "kind": "asset_returned", "condition": "完好", "documents": [],
        "performance_bond_refunded_fen": 0, "returned_on": "2023-07-01",
    });
    bench.now = scene::time("2024-01-01T00:00:00Z");
    live(bench, &[event]);
}

fn shift(transaction: &mut Transaction, by: u64) {
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

fn index_of(transaction: &Transaction, step: Step) -> u64 {
    transaction.record(step).unwrap().recorded.index
}

/// The day on which the contract of the clean record was signed.
fn signed_on(bench: &Bench) -> ledger_core::time::Date {
    match &bench.transactions[0]
        .record(Step::ContractSigning)
        .unwrap()
        .event
    {
        Event::ContractSigning(contract) => contract.signed_on,
        other => panic!("{other:?}"),
    }
}

fn price(fen: u64) -> Value {
    json!({"basis": "per_year", "fen": fen})
}

fn win(bench: &mut Bench, fen: u64, bidders: u32) {
    bench.edit(Step::Bidding, |value| {
        value["outcome"]["price"] = price(fen);
        value["bidders"] = json!(bidders);
    });
}

fn drop_step(bench: &mut Bench, step: Step) {
    bench.deal().passed.retain(|passed| passed.step != step);
}

fn waive(bench: &mut Bench, step: Step) {
    let waiver = json!({
        "kind": "step_waived", "basis": "章程", "documents": [],
        "from": step.id(), "through": step.id(),
    });
    for passed in &mut bench.deal().passed {
        if passed.step == step {
            passed.event = scene::event(waiver.clone());
        }
    }
}

/// Two contracts of that worth with the same party, so many days apart.
fn two_contracts(bench: &mut Bench, fen: u64, days: u32) {
    let later = signed_on(bench).plus_days(days).unwrap();
    bench.edit(Step::ContractSigning, |value| {
        value["amount_fen"] = json!(fen)
    });
    edit(bench.second(), Step::ContractSigning, |value| {
        value["signed_on"] = json!(later);
    });
}

/// Five contracts in the year: two with one party, three with others.
fn five_contracts(bench: &mut Bench, fen: u64) {
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
fn again(bench: &mut Bench, fen: u64) {
    let name = json!("东街仓库");
    let other = bench.second();
    edit(other, Step::AssetVerification, |value| {
        value["asset"]["name"] = name
    });
    edit(other, Step::Bidding, |value| {
        value["outcome"]["price"] = price(fen)
    });
}

fn relative(bench: &mut Bench, member: &str) {
    let note = bench.note(json!({
        "kind": "relative_declared", "member": member, "name": "张*", "relation": "兄弟",
        "summary": "申报", "documents": [],
    }));
    bench.ledger.notes.push(note);
}

fn finding(bench: &mut Bench, answer_by: &str) {
    let note = bench.note(json!({
        "kind": "finding_raised", "answer_by": answer_by, "finding": "材料不全", "stops": false,
        "documents": [],
    }));
    bench.deal().notes.push(note);
}

/// The result was published anew, and all channels but one were posted again.
fn published_again(bench: &mut Bench, posted: usize) {
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

fn adopt(bench: &mut Bench, from: u64, applies_to_open: bool) {
    let charter = Arc::new(scene::second_charter(|_| {}));
    bench.ledger.charters.push(AdoptedCharter {
        applies_to_open,
        charter,
        from,
    });
}

fn compromise(bench: &mut Bench, from_step: Step, before: bool) {
    let deal = &bench.transactions[0];
    let received = deal.record(from_step).unwrap().recorded.received_at;
    let since = if before { received } else { bench.now };
    let mut scene = Scene::completed();
    scene.change(scene::compromised("jiedao-2", since)).unwrap();
    bench.ledger = scene.state.ledger().unwrap().clone();
}

type Change = fn(&mut Bench);

/// For each rule: what raises it, and what just does not.
#[rustfmt::skip]
const ROWS: &[(FlagRule, Change, Change)] = &[
    (FlagRule::StepMissing, |b| drop_step(b, Step::StreetReview), |b| waive(b, Step::StreetReview)),
    (FlagRule::VoteMissing, |b| drop_step(b, Step::MemberVote), |b| drop_step(b, Step::PartyReview)),
    (FlagRule::StepWaived, |b| waive(b, Step::Bidding), |b| waive(b, Step::MemberVote)),
    (FlagRule::NoticeShort,
        |b| { b.edit(Step::MemberVote, |v| { v["notified_on"] = json!("2018-04-01"); v["held_on"] = json!("2018-04-10") }); },
        |b| { b.edit(Step::MemberVote, |v| { v["notified_on"] = json!("2018-04-01"); v["held_on"] = json!("2018-04-11") }); }),
    (FlagRule::PriceBelowValuation, |b| win(b, 129_999_999, 3), |b| win(b, 130_000_000, 3)),
    (FlagRule::PriceBelowPrevious, |b| again(b, 150_999_999), |b| again(b, 151_000_000)),
    (FlagRule::CloseToReserve, |b| win(b, 132_600_000, 5), |b| win(b, 132_600_001, 5)),
    (FlagRule::FewBidders, |b| win(b, 151_000_000, 1), |b| win(b, 151_000_000, 2)),
    (FlagRule::WinnerNotInContract,
        |b| { b.edit(Step::ContractSigning, |v| v["parties"][1] = json!("李*")); },
        |b| { b.edit(Step::ContractSigning, |v| v["parties"] = json!(["东塱经济联社（测试）", "李*", "张*"])); }),
    (FlagRule::TermTooLong,
        |b| { b.edit(Step::ContractSigning, |v| v["term_end"] = json!("2028-07-01")); },
        |b| { b.edit(Step::ContractSigning, |v| v["term_end"] = json!("2028-06-30")); }),
    (FlagRule::Splitting, |b| two_contracts(b, 2_500_000, 180), |b| two_contracts(b, 2_500_000, 181)),
    (FlagRule::WinnerShare, |b| five_contracts(b, 64_285_715), |b| five_contracts(b, 64_000_000)),
    (FlagRule::RecordedLate,
        |b| b.deal().passed[2].recorded.recorded_late = true,
        |b| b.deal().passed[2].recorded.recorded_late = false),
    (FlagRule::ContractTooEarly,
        |b| { let day = signed_on(b).minus_days(30).unwrap(); b.edit(Step::ContractSigning, |v| v["signed_on"] = json!(day)); },
        |b| { let day = signed_on(b); b.edit(Step::ContractSigning, |v| v["signed_on"] = json!(day)); }),
    (FlagRule::Expired,
        |b| b.now = scene::time("2023-07-30T16:00:00Z"),
        |b| b.now = scene::time("2023-07-30T15:59:59Z")),
    (FlagRule::RentOverdue, |b| rent(b, "2018-08-31", 999), |b| rent(b, "2018-08-31", 1_000)),
    (FlagRule::DepositKept,
        |b| { b.edit(Step::BidderQualification, |v| v["applicants"][1]["deposit_fen"] = json!(20_000_001)); b.now = b.now.plus_seconds(10 * 86_400); },
        |b| { b.edit(Step::BidderQualification, |v| v["applicants"][1]["deposit_fen"] = json!(20_000_000)); b.now = b.now.plus_seconds(10 * 86_400); }),
    (FlagRule::ChannelMissing,
        |b| { b.deal().postings.pop(); b.now = b.now.plus_seconds(10 * 86_400); },
        |b| { b.deal().postings.pop(); }),
    (FlagRule::ChannelsDiffer, |b| published_again(b, 3), |b| published_again(b, 4)),
    (FlagRule::RepeatedRounds,
        |b| { b.edit(Step::Bidding, |v| v["round"] = json!(2)); },
        |b| { b.edit(Step::Bidding, |v| v["round"] = json!(1)); }),
    (FlagRule::RelativeParty, |b| relative(b, "huang"), |b| relative(b, "su")),
    (FlagRule::FindingOverdue, |b| { finding(b, "2018-04-01"); }, |b| { finding(b, "2030-01-01"); }),
    (FlagRule::KeyInDoubt, |b| compromise(b, Step::StreetReview, true), |b| compromise(b, Step::StreetReview, false)),
    (FlagRule::RulesChanged, |b| adopt(b, 12, true), |b| adopt(b, 12, false)),
];

#[test]
fn a_transaction_that_kept_to_everything_has_no_flags() {
    let clean = Bench::clean();
    assert_eq!(clean.flags(), []);
    assert!(matches!(clean.transactions[0].phase, Phase::Completed(_)));
    assert_eq!(grade(&clean.flags()), RiskGrade::Low);
}

#[test]
fn every_rule_is_raised_by_its_row_and_not_by_its_near_miss() {
    for (rule, raises, does_not) in ROWS {
        let mut bench = Bench::clean();
        raises(&mut bench);
        let flags = bench.flags();
        let raised: Vec<&Flag> = flags.iter().filter(|flag| flag.rule == *rule).collect();
        assert_eq!(raised.len(), 1, "{}: {:?}", rule.id(), bench.rules());
        check(&bench, raised[0]);

        let mut bench = Bench::clean();
        does_not(&mut bench);
        let rules = bench.rules();
        assert!(!rules.contains(rule.id()), "{}: {rules:?}", rule.id());
    }
}

#[test]
fn every_rule_has_a_row() {
    let rows: BTreeSet<FlagRule> = ROWS.iter().map(|(rule, ..)| *rule).collect();
    let all: BTreeSet<FlagRule> = FlagRule::ALL.iter().copied().collect();
    assert_eq!(rows, all);
    assert_eq!(rows.len(), ROWS.len());
}

/// A flag names what there is, and says in both languages what is to be checked.
fn check(bench: &Bench, flag: &Flag) {
    let mut known: BTreeSet<u64> = BTreeSet::new();
    for transaction in &bench.transactions {
        let Transaction {
            passed,
            postings,
            superseded,
            detours,
            notes,
            ..
        } = transaction;
        known.extend(passed.iter().map(|passed| passed.recorded.index));
        known.extend(superseded.iter().map(|old| old.passed.recorded.index));
        known.extend(postings.iter().map(|posting| posting.recorded.index));
        known.extend(
            detours
                .iter()
                .chain(notes)
                .map(|noted| noted.recorded.index),
        );
        let lives = transaction.contract.iter().flat_map(Contract::entries);
        known.extend(lives);
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

#[test]
fn where_money_is_spent_the_reserve_is_a_ceiling() {
    let spend = |fen: u64, bidders: u32| {
        let mut bench = Bench::clean();
        bench.edit(Step::ProposalInitiation, |value| {
            value["category"] = json!("works")
        });
        win(&mut bench, fen, bidders);
        bench.rules()
    };
    assert!(spend(130_000_001, 3).contains("price_below_valuation"));
    assert!(!spend(100_000_000, 3).contains("price_below_valuation"));
    assert!(spend(127_400_000, 5).contains("close_to_reserve"));
    assert!(!spend(127_399_999, 5).contains("close_to_reserve"));
    assert!(!spend(130_000_001, 5).contains("close_to_reserve"));
}

#[test]
fn prices_of_different_bases_compare_by_their_totals_or_are_shown() {
    let flag = |basis: &str, fen: u64, term: Value| {
        let mut bench = Bench::clean();
        bench.edit(Step::PlanDrafting, |value| {
            value["term_months"] = term.clone()
        });
        bench.edit(Step::Bidding, |value| {
            value["outcome"]["price"] = json!({"basis": basis, "fen": fen});
        });
        let flags = bench.flags().into_iter();
        let mut flags = flags.filter(|flag| flag.rule == FlagRule::PriceBelowValuation);
        flags.next().map(|flag| flag.severity)
    };
    // 1,300,000 yuan a year for 60 months are 6,500,000 yuan.
    assert_eq!(flag("total", 650_000_000, json!(60)), None);
    assert_eq!(flag("total", 649_999_999, json!(60)), Some(Severity::High));
    assert_eq!(
        flag("per_month", 10_833_333, json!(60)),
        Some(Severity::High)
    );
    assert_eq!(flag("per_square_metre", 1, json!(7)), Some(Severity::Low));
}

#[test]
fn a_lease_of_more_than_twenty_years_weighs_most() {
    let severity = |category: &str, end: &str| {
        let mut bench = Bench::clean();
        bench.edit(Step::ProposalInitiation, |value| {
            value["category"] = json!(category)
        });
        bench.edit(Step::ContractSigning, |value| {
            value["term_end"] = json!(end)
        });
        let flags = bench.flags();
        let found = flags.iter().find(|flag| flag.rule == FlagRule::TermTooLong);
        found.map(|flag| flag.severity)
    };
    assert_eq!(severity("lease", "2038-07-01"), Some(Severity::High));
    assert_eq!(severity("lease", "2038-06-30"), Some(Severity::Medium));
    assert_eq!(
        severity("contracting", "2038-07-01"),
        Some(Severity::Medium)
    );
    assert_eq!(severity("lease", "2028-06-30"), None);
}

#[test]
fn a_tender_wants_three() {
    for (bidders, expected) in [(2, true), (3, false)] {
        let mut bench = Bench::clean();
        bench.edit(Step::PlanDrafting, |value| {
            value["method"] = json!("tender")
        });
        win(&mut bench, 151_000_000, bidders);
        assert_eq!(bench.rules().contains("few_bidders"), expected, "{bidders}");
    }
}

#[test]
fn what_follows_in_the_same_asset_ends_the_question_of_its_expiry() {
    let mut bench = Bench::clean();
    again(&mut bench, 151_000_000);
    bench.now = scene::time("2024-01-01T00:00:00Z");
    let flags = bench.flags();
    let expired: Vec<_> = flags
        .iter()
        .filter(|flag| flag.rule == FlagRule::Expired)
        .collect();
    // Only the second one, whose term has also run out.
    assert_eq!(expired.len(), 1);
    assert_eq!(expired[0].transactions, [bench.transactions[1].id.clone()]);
}

#[test]
fn a_rent_may_stay_unrecorded_for_the_days_that_the_charter_gives_it() {
    // Five working days after 3 September 2018, a Monday, end with the 10th.
    for (now, expected) in [
        ("2018-09-10T15:59:59Z", false),
        ("2018-09-10T16:00:00Z", true),
    ] {
        let mut bench = Bench::clean();
        rent(&mut bench, "2018-09-03", 999);
        bench.now = scene::time(now);
        assert_eq!(bench.rules().contains("rent_overdue"), expected, "{now}");
    }
}

#[test]
fn what_was_returned_has_not_expired_and_what_was_ended_has() {
    let mut bench = Bench::clean();
    returned(&mut bench);
    assert!(!bench.rules().contains("expired"), "{:?}", bench.rules());

    let ended = json!({
        "kind": "contract_terminated", "cancels": [], "documents": [], "ended_on": "2019-01-31",
        "reason": "退租",
    });
    let mut bench = Bench::clean();
    live(&mut bench, &[ended]);
    bench.now = scene::time("2019-04-01T00:00:00Z");
    let flags = bench.flags();
    let flag = flags.iter().find(|flag| flag.rule == FlagRule::Expired);
    assert!(
        flag.unwrap()
            .sentence(Language::Zh)
            .contains("2019-01-31 提前终止")
    );
    check(&bench, flag.unwrap());
}

#[test]
fn a_calendar_that_moves_a_window_is_told_with_both_days() {
    let mut bench = Bench::clean();
    let deal = &bench.transactions[0];
    let published = index_of(deal, Step::PublishPlan);
    let posted = deal.postings.iter().filter(|p| p.publication == published);
    let from = posted.map(|p| p.recorded.index).max().unwrap();
    let start = deal
        .postings
        .iter()
        .find(|p| p.recorded.index == from)
        .unwrap();
    let day = start
        .recorded
        .received_at
        .date_at(480)
        .plus_days(1)
        .unwrap();
    // Room for an entry between the last posting and the next step.
    for passed in &mut bench.deal().passed {
        if passed.recorded.index > from {
            passed.recorded.index += 1;
        }
    }
    let mut changed = false;
    let charter = scene::second_charter(|value| {
        let days = &mut value["calendar"]["years"]["2018"]["off"];
        let mut off: Vec<String> = serde_json::from_value(days.clone()).unwrap();
        changed = !off.contains(&day.to_string());
        off.push(day.to_string());
        off.sort();
        *days = json!(off);
    });
    assert!(changed && !day.weekday().is_weekend(), "{day}");
    bench.ledger.charters.push(AdoptedCharter {
        applies_to_open: false,
        charter: Arc::new(charter),
        from: from + 1,
    });
    let flags = bench.flags();
    let flag = flags
        .iter()
        .find(|flag| flag.rule == FlagRule::RulesChanged)
        .unwrap();
    assert!(flag.events.contains(&from) && flag.events.contains(&(from + 1)));
    assert!(flag.sentence(Language::Zh).contains("截止日由"), "{flag:?}");
}

#[test]
fn a_masked_name_is_said_to_be_one() {
    let sentence = |name: &str| {
        let mut bench = Bench::clean();
        bench.edit(Step::Bidding, |value| {
            value["outcome"]["winner"] = json!(name)
        });
        bench.edit(Step::ContractSigning, |value| {
            value["parties"][1] = json!(name)
        });
        two_contracts(&mut bench, 2_500_000, 1);
        let flags = bench.flags();
        let found = flags.iter().find(|flag| flag.rule == FlagRule::Splitting);
        found.unwrap().sentence(Language::Zh).to_owned()
    };
    assert!(sentence("张*").contains("打码"));
    assert!(!sentence("广州某某公司").contains("打码"));
}

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
        1 => (0..ledger_core::record::Category::ALL.len()).prop_map(Spoil::Category),
        1 => (0..ledger_core::record::Method::ALL.len()).prop_map(Spoil::Method),
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
            let category = ledger_core::record::Category::ALL[*place];
            put(deal, Step::ProposalInitiation, "/category", json!(category));
        }
        Spoil::Method(place) => {
            let method = ledger_core::record::Method::ALL[*place];
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
