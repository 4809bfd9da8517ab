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
use ledger_core::ledger::Submission;
use ledger_core::time::{LogTime, StatedTime};
use ledger_core::{AppendError, Entry, Ledger, MemoryStore, Receipt, SigningKey, Store};
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

/// What a ledger answers, but for the proof, which is under the newest checkpoint.
fn told(answer: Result<Receipt, AppendError>) -> String {
    match answer {
        Ok(receipt) => format!("{} {} {}", receipt.added, receipt.index, receipt.leaf),
        Err(error) => format!("{error:?}"),
    }
}

/// A ledger with these entries.
fn ledger_of(entries: &[Entry]) -> Ledger<MemoryStore> {
    let log_key = SigningKey::from_seed(scene::ORIGIN, &[99; 32]).unwrap();
    let note = |entry: &Entry| entry.signed().note().to_bytes();
    let (first, rest) = entries.split_first().unwrap();
    let (store, received) = (MemoryStore::new(), first.received_at());
    let (mut ledger, _) = Ledger::create(store, log_key, &note(first), received).unwrap();
    for entry in rest {
        assert!(
            ledger
                .append(&note(entry), entry.received_at())
                .unwrap()
                .added
        );
    }
    ledger
}

/// Batches in which keys, roles and charters change, and what is wrong, stale or there already: the
/// ledger says of each note, and ends with, what it does one by one, also where every other note was
/// looked at long before.
fn batches_end_as_one_by_one(start: usize, mut moves: Vec<Move>, lengths: &[usize]) {
    let mut lengths = lengths.iter().cycle();
    let mut left = 0;
    for attempt in &mut moves {
        // In a batch no time passes.
        match left {
            0 => left = *lengths.next().unwrap(),
            _ => attempt.wait = Wait::Seconds(0),
        }
        left -= 1;
    }
    let before = World::at(start).scene.entries;
    let (mut single, mut many) = (ledger_of(&before), ledger_of(&before));
    let mut ahead = ledger_of(&before);
    let (long_before, size) = (single.state().unwrap().clone(), single.size());
    let world = run(start, &moves, &mut BTreeMap::new());
    for batch in world.tried.chunk_by(|(_, one), (_, other)| one == other) {
        let clock = batch[0].1;
        let notes: Vec<&[u8]> = batch.iter().map(|(note, _)| note.as_slice()).collect();
        let answers = many.append_many(&notes, clock).unwrap();
        let answers: Vec<String> = answers.into_iter().map(told).collect();
        let one_by_one = notes.iter().map(|note| told(single.append(note, clock)));
        assert_eq!(answers, one_by_one.collect::<Vec<_>>());
        let submissions = (0..).zip(&notes).map(|(number, note)| {
            let submission = Submission::new(*note);
            match number % 2 {
                0 => submission.looked_at(&long_before, size),
                _ => submission,
            }
        });
        let answers_ahead = ahead.append_submissions(submissions.collect(), clock);
        let answers_ahead = answers_ahead.unwrap().into_iter().map(told);
        assert_eq!(answers, answers_ahead.collect::<Vec<_>>());
    }
    let size = usize::try_from(single.size()).unwrap();
    let entries = single.store().entries(0, size).unwrap();
    assert_eq!(many.store().entries(0, size).unwrap(), entries);
    assert_eq!(ahead.store().entries(0, size).unwrap(), entries);
    assert_eq!(many.checkpoint(), single.checkpoint());
    let admitted: Vec<&[u8]> = world.scene.entries.iter().map(Entry::bytes).collect();
    assert_eq!(entries, admitted);
}

proptest! {
    #![proptest_config(Config::with_cases(48))]

    #[test]
    fn a_batch_is_what_its_notes_are_one_by_one(
        (start, moves) in moves::sequence(),
        lengths in prop::collection::vec(1_usize..32, 1..4),
    ) {
        batches_end_as_one_by_one(start, moves, &lengths);
    }
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
