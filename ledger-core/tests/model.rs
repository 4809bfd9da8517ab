//! The rules against a deliberately naive model: whatever is tried, in whatever order, both agree.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "model/course.rs"]
mod course;
#[path = "model/days.rs"]
mod days;
#[path = "model/detours.rs"]
mod detours;
#[path = "model/moves.rs"]
mod moves;
#[path = "model/records.rs"]
mod records;
#[path = "model/rules.rs"]
mod rules;
mod scene;
#[path = "model/spoils.rs"]
mod spoils;
#[path = "model/world.rs"]
mod world;

use std::collections::BTreeMap;

use ledger_core::calendar::{CalendarError, Span, SpanUnit};
use ledger_core::time::{LogTime, StatedTime};
use moves::{Act, Move, Wait};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;
use world::World;

fn run(start: usize, moves: &[Move], met: &mut BTreeMap<&'static str, u32>) -> World {
    let mut world = World::at(start);
    for attempt in moves {
        *met.entry(world.try_move(attempt)).or_default() += 1;
    }
    world.check_roster();
    world.check_doubts();
    world
}

fn is_completed(world: &World) -> bool {
    let transaction = world.scene.transaction(scene::DEAL);
    transaction.is_some_and(|transaction| transaction.current_step().is_none())
}

fn is_same(found: &Result<LogTime, CalendarError>, expected: &Result<i64, String>) -> bool {
    match (found, expected) {
        (Ok(found), Ok(expected)) => found.unix() == *expected,
        (Err(CalendarError::YearMissing { year }), Err(expected)) => year.to_string() == *expected,
        _ => false,
    }
}

/// Where a notice names days of the year before, and where there is none: every window of December.
#[test]
fn calendar_and_days_agree_at_the_turn_of_the_year() {
    let calendar = scene::default_charter().calendar.clone();
    let json = json!(calendar);
    let (mut known, mut unknown) = (0, 0);
    for year in [2017, 2018, 2019, 2024, 2025, 2026] {
        let begin = days::seconds(&format!("{year}-12-15T12:00:00+08:00"));
        for (day, length) in (0..20).flat_map(|day| (1..15).map(move |length| (day, length))) {
            let start = begin + day * 86_400;
            let span = Span::new(length, SpanUnit::WorkingDays).unwrap();
            let found = calendar.end_of(LogTime::from_unix(start).unwrap(), span);
            let expected = days::end_of(&json, start, &json!(span));
            assert!(
                is_same(&found, &expected),
                "{year} {day} {length}: {found:?} {expected:?}"
            );
            *(if found.is_ok() {
                &mut known
            } else {
                &mut unknown
            }) += 1;
        }
    }
    assert!(known > 500 && unknown > 500, "{known} {unknown}");
}

proptest! {
    #![proptest_config(Config::default())]

    #[test]
    fn library_and_model_agree((start, moves) in moves::sequence()) {
        run(start, &moves, &mut BTreeMap::new());
    }

    #[test]
    fn calendar_and_days_agree(
        start in 1_500_000_000_i64..1_800_000_000,
        length in 0_u32..400,
        unit in 0_usize..5,
        offset in prop::sample::select(vec![480, 0, -300, 840, -840, 345]),
    ) {
        let units = [
            SpanUnit::WorkingDays, SpanUnit::Days, SpanUnit::Hours, SpanUnit::Minutes, SpanUnit::Seconds,
        ];
        let span = Span::new(length, units[unit]).unwrap();
        let mut calendar = json!(scene::default_charter().calendar);
        calendar["utc_offset_minutes"] = json!(offset);
        let library: ledger_core::calendar::Calendar = serde_json::from_value(calendar.clone()).unwrap();
        let found = library.end_of(LogTime::from_unix(start).unwrap(), span);
        let expected = if length == 0 { Ok(start) } else { days::end_of(&calendar, start, &json!(span)) };
        prop_assert!(is_same(&found, &expected), "{:?} {:?}", found, expected);
    }

    #[test]
    fn moments_and_days_agree(moment in 0_i64..4_000_000_000, offset in -1_439_i32..1_440) {
        let time = LogTime::from_unix(moment).unwrap();
        prop_assert_eq!(days::text(moment), time.to_string());
        prop_assert_eq!(days::seconds(&time.to_string()), moment);
        if moment > 86_400 {
            let stated = StatedTime::new(time, offset).unwrap();
            prop_assert_eq!(days::seconds(&stated.to_string()), moment);
        }
    }
}

/// The right thing, again and again, comes to the end: the model would not notice a generator that
/// never gets anywhere.
#[test]
fn a_sequence_without_faults_completes() {
    for (start, moves) in [(0, 28), (1, 28), (16, 5)] {
        let next = Move {
            act: Act::Next(0),
            wait: Wait::Gate(0),
            spoil: None,
        };
        let mut met = BTreeMap::new();
        let world = run(start, &vec![next; moves], &mut met);
        assert!(is_completed(&world));
        assert_eq!(
            met,
            BTreeMap::from([("admitted", u32::try_from(moves).unwrap())])
        );
    }
}

/// The same sequences every time: how many rules they meet, and how many transactions they complete.
#[test]
fn random_sequences_reach_far() {
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let (mut met, mut completed) = (BTreeMap::new(), 0);
    for _ in 0..64 {
        let (start, moves) = moves::sequence().new_tree(&mut runner).unwrap().current();
        let under_way = start != 17;
        completed += u32::from(is_completed(&run(start, &moves, &mut met)) && under_way);
    }
    let refusals = met.keys().filter(|rule| **rule != "admitted").count();
    assert!(refusals >= 25, "{met:?}");
    assert!(completed >= 12, "{completed}");
    assert!(met["admitted"] > 1_000, "{met:?}");
}
