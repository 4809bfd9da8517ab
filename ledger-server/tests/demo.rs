//! The demonstration year, as anyone finds it: its totals, its steps, its determinism.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::sync::OnceLock;

use ledger_core::audit::{Expected, Pins, Report, audit};
use ledger_core::event::{Event, LoggedEntry};
use ledger_core::name::StreamId;
use ledger_core::record::{Category, DocumentRef, Method};
use ledger_core::source::StoreSource;
use ledger_core::store::Store as _;
use ledger_core::transaction::{Phase, Transaction};
use ledger_core::{Ledger, MemoryStore, Step};
use ledger_server::demo::{DEFAULT_SEED, YEAR_TOTAL_FEN, build_practice, build_year};

/// The root of the demonstration with the default seed. It may change only together with what the
/// demonstration says, or with the format.
const ROOT: &str = "c9b538e18fd25220188fc14efb3c08f31388b1b658c3c9172111b89d5c5aa13f";

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
    let mut steps: Vec<(u8, usize)> = open
        .filter(|transaction| !matches!(transaction.phase, Phase::Completed(_)))
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
    assert_eq!(kinds, ["ledger_opened", "member_enrolled", "key_rotated"]);
}
