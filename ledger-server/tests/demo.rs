//! The demonstration year, as anyone finds it: its totals, its steps, its determinism.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use ledger_core::audit::{Expected, Pins, Report, audit};
use ledger_core::concern::Concern;
use ledger_core::event::{Event, LoggedEntry};
use ledger_core::flags;
use ledger_core::name::StreamId;
use ledger_core::oversight::findings;
use ledger_core::record::{
    AccountKind, Bidding, BiddingOutcome, Category, Direction, DocumentRef, Method,
};
use ledger_core::source::StoreSource;
use ledger_core::store::Store as _;
use ledger_core::time::Date;
use ledger_core::transaction::{Phase, Transaction};
use ledger_core::{Ledger, MemoryStore, PublicationPoint, Step, TransactionId};
use ledger_server::demo::{DEFAULT_SEED, YEAR_TOTAL_FEN, build_practice, build_year, sights};

/// The root of the demonstration with the default seed. It may change only together with what the
/// demonstration says, or with the format.
const ROOT: &str = "e9ce84de19f0cc9b9c5559fe580e53985850cc2d73258c324fb83e0cea38e190";

fn build(seed: u64) -> Ledger<MemoryStore> {
    build_year(MemoryStore::new(), seed, &mut |_, _| {}).unwrap()
}

fn year() -> &'static Ledger<MemoryStore> {
    static YEAR: OnceLock<Ledger<MemoryStore>> = OnceLock::new();
    YEAR.get_or_init(|| build(DEFAULT_SEED))
}

fn report() -> &'static Report {
    static REPORT: OnceLock<Report> = OnceLock::new();
    REPORT.get_or_init(|| audited(year()))
}

fn audited(ledger: &Ledger<MemoryStore>) -> Report {
    let state = ledger.state().unwrap();
    let pins = Pins {
        ledger_id: state.ledger_id,
        log_key: ledger.log_key().clone(),
        origin: state.origin.clone(),
    };
    let expected = Expected {
        pins: &pins,
        policy: None,
    };
    audit(&StoreSource(ledger.store()), expected, &mut |_, _, _| {}).unwrap()
}

fn completed() -> impl Iterator<Item = &'static Transaction> {
    let all = report().state.transactions();
    all.filter(|transaction| matches!(transaction.phase, Phase::Completed(_)))
}

fn entries(ledger: &Ledger<MemoryStore>) -> Vec<Vec<u8>> {
    let count = usize::try_from(ledger.size()).unwrap();
    ledger.store().entries(0, count).unwrap()
}

#[test]
fn fifty_are_completed_and_worth_exactly_the_year_s_total() {
    let amount = |transaction: &Transaction| match transaction.record(Step::ContractSigning) {
        Some(passed) => match &passed.event {
            Event::ContractSigning(contract) => contract.amount_fen.get(),
            other => panic!("{other:?}"),
        },
        None => panic!("{} has no contract", transaction.id),
    };
    assert_eq!(completed().count(), 50);
    assert_eq!(completed().map(amount).sum::<u64>(), 130_000_000);
    assert_eq!(YEAR_TOTAL_FEN, 130_000_000);
}

#[test]
fn three_are_under_way() {
    let open = report().state.transactions();
    let ended = |phase: &Phase| matches!(phase, Phase::Completed(_) | Phase::Terminated { .. });
    let mut steps: Vec<(u8, usize)> = open
        .filter(|transaction| !ended(&transaction.phase))
        .map(|transaction| {
            let outstanding = match &transaction.phase {
                Phase::Publishing(publishing) => publishing.outstanding().len(),
                _ => 0,
            };
            (transaction.current_step().unwrap().number(), outstanding)
        })
        .collect();
    steps.sort_unstable();
    assert_eq!(steps, [(3, 0), (8, 2), (12, 0)]);
}

#[test]
fn an_outsider_s_audit_holds() {
    let report = report();
    assert!(report.holds(), "{:?}", report.fault);
    assert_eq!(report.checked, year().size());
    assert!(report.state.ledger().unwrap().training);
    let practice = build_practice(MemoryStore::new(), DEFAULT_SEED).unwrap();
    let practised = audited(&practice);
    assert!(practised.holds() && practised.state.ledger().unwrap().training);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let (again, other) = (build(DEFAULT_SEED), build(7));
    assert_eq!(entries(year()), entries(&again));
    assert_eq!(
        year().checkpoint().to_bytes(),
        again.checkpoint().to_bytes()
    );
    assert_eq!(report().root.to_string(), ROOT);
    assert_ne!(audited(&other).root, report().root);
    assert_eq!(audited(&other).completed(), 50);
}

#[test]
fn every_category_and_method_appears_among_the_completed() {
    let proposals = completed().map(|transaction| {
        match &transaction.record(Step::ProposalInitiation).unwrap().event {
            Event::ProposalInitiation(proposal) => (proposal.category, proposal.method),
            other => panic!("{other:?}"),
        }
    });
    let (categories, methods): (BTreeSet<_>, BTreeSet<_>) = proposals.unzip();
    assert_eq!(categories.len(), Category::ALL.len());
    assert_eq!(methods.len(), Method::ALL.len());
}

#[test]
fn transactions_overlap_and_a_few_steps_are_recorded_late() {
    let late = report()
        .state
        .transactions()
        .flat_map(|transaction| &transaction.passed);
    let late = late.filter(|passed| passed.recorded.recorded_late).count();
    assert!((3..40).contains(&late), "{late}");
    let span = |transaction: &'static Transaction| {
        let last = transaction.passed.last().unwrap().recorded.received_at;
        (transaction.passed[0].recorded.received_at, last)
    };
    let spans: Vec<_> = completed().map(span).collect();
    let midsummer = "2018-06-20T00:00:00Z".parse().unwrap();
    let running = spans
        .iter()
        .filter(|(from, to)| *from < midsummer && midsummer < *to);
    assert!(running.count() >= 10);
}

#[test]
fn every_document_that_an_event_names_can_be_opened_and_says_what_it_is() {
    let mut named = BTreeSet::new();
    for entry in entries(year()) {
        let entry = LoggedEntry::parse(&entry).unwrap();
        for document in entry.signed.statement().event.documents() {
            let DocumentRef::Public {
                sha256, size_bytes, ..
            } = document
            else {
                panic!("the demonstration has no private documents");
            };
            named.insert((*sha256, *size_bytes));
        }
    }
    assert!(named.len() > 80, "{}", named.len());
    for (digest, size_bytes) in named {
        let document = year().store().document(&digest).unwrap().unwrap();
        assert_eq!(document.len(), size_bytes as usize);
        assert!(String::from_utf8(document).unwrap().starts_with("演示材料"));
    }
}

#[test]
fn the_roster_changes_during_the_year() {
    let own = year().stream(&StreamId::Ledger).unwrap();
    let kinds: Vec<&str> = own
        .iter()
        .map(|index| {
            year()
                .entry(*index)
                .unwrap()
                .signed
                .statement()
                .event
                .kind()
        })
        .collect();
    let expected = [
        "ledger_opened",
        "meeting_held",
        "relative_declared",
        "period_attested",
        "member_enrolled",
        "charter_adopted",
        "period_attested",
        "key_rotated",
        "period_attested",
        "period_attested",
    ];
    assert_eq!(kinds, expected);
}

/// The transactions that the guide names for a sight.
fn shown(zh: &str) -> Vec<&'static Transaction> {
    let sights = sights(DEFAULT_SEED).unwrap();
    let sight = sights.iter().find(|sight| sight.zh.contains(zh)).unwrap();
    let transaction = |stream: &StreamId| match stream {
        StreamId::Transaction(id) => report().state.transaction(id),
        _ => None,
    };
    sight.streams.iter().filter_map(transaction).collect()
}

/// The only transaction that the guide names for a sight.
fn the(zh: &str) -> &'static Transaction {
    let shown = shown(zh);
    assert_eq!(shown.len(), 1, "{zh}");
    shown[0]
}

fn is_completed(transaction: &Transaction) -> bool {
    matches!(transaction.phase, Phase::Completed(_))
}

fn kinds(noted: &[ledger_core::recorded::Noted]) -> Vec<&str> {
    noted.iter().map(|noted| noted.event.kind()).collect()
}

fn bidding(transaction: &Transaction) -> &Bidding {
    match &transaction.record(Step::Bidding).unwrap().event {
        Event::Bidding(bidding) => bidding,
        other => panic!("{other:?}"),
    }
}

fn reserve_and_price(transaction: &Transaction) -> (u64, u64) {
    match &bidding(transaction).outcome {
        BiddingOutcome::Won { price, .. } => {
            let reserve = transaction.reserve_price().unwrap();
            (reserve.fen.get(), price.fen.get())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_seed_shows_every_sight() {
    for seed in (0..40).chain([DEFAULT_SEED, u64::MAX]) {
        let sights = sights(seed).unwrap();
        assert_eq!(sights.len(), 22, "{seed}");
    }
}

#[test]
fn a_failed_bidding_is_listed_again_and_won() {
    let relisted = the("流拍");
    assert!(is_completed(relisted));
    assert_eq!(kinds(&relisted.detours), ["returned"]);
    let aside: Vec<Step> = relisted
        .superseded
        .iter()
        .map(|old| old.passed.step)
        .collect();
    assert_eq!(
        aside,
        [
            Step::ListingNotice,
            Step::BidderQualification,
            Step::Bidding
        ]
    );
    assert_eq!(bidding(relisted).round, 2);
}

#[test]
fn a_small_value_goes_without_four_steps() {
    let waived = the("小额交易");
    let steps: Vec<u8> = waived
        .passed
        .iter()
        .filter(|passed| passed.is_waived())
        .map(|passed| passed.step.number())
        .collect();
    assert!(is_completed(waived));
    assert_eq!(steps, [9, 10, 11, 12]);
}

#[test]
fn a_plan_that_was_voted_down_is_voted_again() {
    let returned = the("表决未通过");
    assert!(is_completed(returned));
    assert_eq!(kinds(&returned.notes)[0], "meeting_held");
    assert_eq!(kinds(&returned.detours), ["returned"]);
    let free = |event: &Event| match event {
        Event::PlanDrafting(plan) => plan.rent_free_months,
        other => panic!("{other:?}"),
    };
    assert_eq!(free(&returned.superseded[0].passed.event), 3);
    assert_eq!(free(&returned.record(Step::PlanDrafting).unwrap().event), 0);
    match &returned.notes[0].event {
        Event::MeetingHeld(meeting) => assert!(meeting.attendance.present > 0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_published_wrong_is_published_again() {
    let corrected = the("面积有误");
    assert!(is_completed(corrected));
    assert_eq!(
        kinds(&corrected.notes),
        ["finding_raised", "finding_answered"]
    );
    assert_eq!(kinds(&corrected.detours), ["corrected"]);
    let again: Vec<u8> = corrected
        .superseded
        .iter()
        .map(|old| old.passed.step.number())
        .collect();
    assert_eq!(again, [4, 8]);
    let verified = corrected.record(Step::AssetVerification).unwrap();
    match &verified.event {
        Event::AssetVerification(record) => {
            let area = record.asset.area.as_ref().unwrap();
            assert_eq!(area.value.to_string(), "286");
        }
        other => panic!("{other:?}"),
    }
    // Both publications of it stand on all channels once more.
    for point in [PublicationPoint::PrePlan, PublicationPoint::Plan] {
        assert_eq!(corrected.postings_of(point).len(), 4);
    }
    let open = findings(&corrected.notes).filter(|finding| finding.answered.is_none());
    assert_eq!(open.count(), 0);
}

#[test]
fn what_was_broken_off_is_not_among_the_completed() {
    let ended = the("终止");
    assert!(matches!(ended.phase, Phase::Terminated { .. }));
    assert_eq!(kinds(&ended.detours), ["terminated"]);
}

#[test]
fn third_parties_and_other_parties_have_their_say() {
    assert_eq!(kinds(&the("第三方").notes), ["opinion_given"]);
    for transaction in completed() {
        let agreed = kinds(&transaction.notes).contains(&"integrity_agreed");
        let wanted = matches!(
            transaction.category(),
            Some(Category::Works | Category::Procurement)
        );
        assert_eq!(agreed, wanted, "{}", transaction.id);
    }
    let late = shown("补录")
        .into_iter()
        .flat_map(|transaction| &transaction.passed);
    assert!(late.filter(|passed| passed.recorded.recorded_late).count() >= 3);
}

#[test]
fn what_had_begun_finishes_under_the_charter_it_began_with() {
    let ledger = report().state.ledger().unwrap();
    let [_, amended] = &ledger.charters[..] else {
        panic!("{}", ledger.charters.len());
    };
    assert!(!amended.applies_to_open);
    let governs = |transaction: &Transaction| {
        let charter = ledger.charter_of(transaction.begun_at, u64::MAX);
        let published = transaction.record(Step::PublishPlan).unwrap();
        assert!(published.recorded.index > amended.from);
        charter.version
    };
    assert!(
        shown("旧章程")
            .into_iter()
            .all(|t| governs(t) == 1 && is_completed(t))
    );
    assert!(
        shown("新章程")
            .into_iter()
            .all(|t| governs(t) == 2 && is_completed(t))
    );
}

#[test]
fn a_reader_can_find_three_red_flags() {
    let alone = the("只有一人");
    let (reserve, price) = reserve_and_price(alone);
    assert_eq!((bidding(alone).bidders, reserve), (1, price));
    assert_eq!(alone.method(), Some(Method::OpenBidding));

    let close = the("贴近底价");
    let (reserve, price) = reserve_and_price(close);
    assert!(bidding(close).bidders >= 5);
    assert!(price > reserve && (price - reserve) * 50 < reserve);

    let signed: Vec<_> = shown("同一方")
        .into_iter()
        .map(|t| match &t.record(Step::ContractSigning).unwrap().event {
            Event::ContractSigning(c) => (c.parties[1].clone(), c.amount_fen.get(), c.signed_on),
            other => panic!("{other:?}"),
        })
        .collect();
    let [(one, first, on), (other, second, later)] = &signed[..] else {
        panic!("{signed:?}");
    };
    assert_eq!(one, other);
    assert!(*first < 5_000_000 && *second < 5_000_000 && first + second >= 5_000_000);
    assert!(on.days_until(*later).abs() < 70, "{on} {later}");
}

#[test]
fn a_declared_relative_is_not_admitted() {
    let recused = the("亲属");
    let ledger = report().state.ledger().unwrap();
    let declared = ledger.notes.iter().find_map(|noted| match &noted.event {
        Event::RelativeDeclared(declared) => Some(&declared.name),
        _ => None,
    });
    match &recused.record(Step::BidderQualification).unwrap().event {
        Event::BidderQualification(record) => {
            let mut applicants = record.applicants.iter();
            let relative = applicants.find(|one| Some(&one.name) == declared).unwrap();
            assert!(!relative.admitted);
        }
        other => panic!("{other:?}"),
    }
}

/// The end of the year.
fn new_year_s_eve() -> Date {
    "2018-12-31".parse().unwrap()
}

#[test]
fn a_rent_is_owed_and_nobody_else_owes_anything() {
    let owes = |transaction: &Transaction| {
        let contract = transaction.contract.as_ref();
        let mut dues = contract
            .into_iter()
            .flat_map(|contract| contract.dues.values());
        dues.any(|due| due.is_overdue(new_year_s_eve()))
    };
    let owing = report().state.transactions().filter(|t| owes(t));
    let owing: Vec<&TransactionId> = owing.map(|transaction| &transaction.id).collect();
    assert_eq!(owing, [&the("租金到期未收").id]);
}

#[test]
fn rents_come_in_and_spending_is_paid_to_organisations() {
    let (mut received, mut made) = (0, 0);
    for transaction in completed() {
        let contract = transaction.contract.as_ref().unwrap();
        for payment in &contract.payments {
            match payment.direction {
                Direction::Incoming => received += 1,
                Direction::Outgoing => {
                    made += 1;
                    assert_eq!(payment.account, Some(AccountKind::Corporate));
                }
            }
        }
    }
    assert!(received >= 8 && made >= 8, "{received} {made}");
}

#[test]
fn one_concern_is_answered_and_rated_and_one_is_overdue() {
    let state = &report().state;
    let concerns: Vec<&Concern> = state.concerns().collect();
    let [answered, overdue] = concerns[..] else {
        panic!("{}", concerns.len());
    };
    let calendar = state.ledger().unwrap().calendar_at(u64::MAX);
    let now = new_year_s_eve().at_midnight(480);
    assert!(answered.closed().is_some() && answered.rated.is_some());
    assert!(!answered.is_overdue(calendar, now));
    assert!(overdue.answered().is_none() && overdue.is_overdue(calendar, now));
    assert_eq!(*overdue.transaction(), the("租金到期未收").id);
    let published = state.transaction(answered.transaction()).unwrap();
    assert!(published.concerns.unanswered().is_empty());
}

#[test]
fn the_flags_are_those_that_are_meant() {
    let state = &report().state;
    let now = new_year_s_eve().at_midnight(480);
    let flags = flags::of_ledger(state.ledger().unwrap(), state.transactions(), now);
    let mut found: BTreeMap<&str, Vec<TransactionId>> = BTreeMap::new();
    for flag in flags {
        let mut transactions = flag.transactions;
        transactions.sort();
        found
            .entry(flag.rule.id())
            .or_default()
            .extend(transactions);
    }
    let of = |zh: &str| -> Vec<TransactionId> {
        let shown = shown(zh).into_iter();
        shown.map(|transaction| transaction.id.clone()).collect()
    };
    assert!(found.remove("recorded_late").is_some());
    let expected = BTreeMap::from([
        ("step_waived", of("小额交易")),
        ("close_to_reserve", of("贴近底价")),
        ("few_bidders", of("只有一人")),
        ("splitting", of("同一方")),
        ("rent_overdue", of("租金到期未收")),
        ("concern_overdue", of("问欠租")),
        ("channel_missing", of("还有渠道没有张贴")),
        ("repeated_rounds", of("流拍")),
    ]);
    assert_eq!(found, expected);
}
