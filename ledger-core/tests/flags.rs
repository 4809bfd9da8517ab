//! The red flags: a row for every rule, with what raises it and what just does not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "flags/any.rs"]
mod any;
#[path = "flags/bench.rs"]
mod bench;
mod scene;

use std::collections::BTreeSet;
use std::sync::Arc;

use bench::*;
use ledger_core::flags::{Flag, FlagRule, RiskGrade, Severity, grade};
use ledger_core::state::AdoptedCharter;
use ledger_core::transaction::Phase;
use ledger_core::{Language, Step};
use serde_json::{Value, json};

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
    (FlagRule::AmountOffPrice,
        |b| { b.edit(Step::ContractSigning, |v| v["amount_fen"] = json!(729_833_332)); },
        |b| { b.edit(Step::ContractSigning, |v| v["amount_fen"] = json!(729_833_333)); }),
    (FlagRule::TermTooLong,
        |b| { b.edit(Step::ContractSigning, |v| v["term_end"] = json!("2028-07-01")); },
        |b| { b.edit(Step::ContractSigning, |v| v["term_end"] = json!("2028-06-30")); }),
    (FlagRule::Splitting, |b| two_contracts(b, 2_500_000, 180), |b| two_contracts(b, 2_500_000, 181)),
    (FlagRule::WinnerShare, |b| five_contracts(b, 64_285_715), |b| five_contracts(b, 64_000_000)),
    (FlagRule::RecordedLate,
        |b| b.deal().passed[2].recorded.recorded_late = true,
        |b| b.deal().passed[2].recorded.recorded_late = false),
    (FlagRule::ProcessUnproven, |b| taken(b, false), |b| taken(b, true)),
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
    (FlagRule::ConcernOverdue, |b| concern(b, false), |b| concern(b, true)),
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
