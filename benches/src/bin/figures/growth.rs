//! A ledger that grows from one size to the next, and what it costs there.

use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use benches::{Village, log_key, now};
use ledger_core::audit::{Expected, Pins, audit};
use ledger_core::source::StoreSource;
use ledger_core::store::local::{LocalFolder, LocalOptions, LocalStore};
use ledger_core::{Ledger, Store as _};

use crate::limits::{IN_FLIGHT, Limits};
use crate::report::{Bound, Report, Times};

/// How many batches, single appends and proofs are measured.
const TIMES: usize = 101;

/// How many steps are signed before they are appended, so that they need not all be in memory.
const SIGNED: usize = 128 * IN_FLIGHT;

/// Up to which size the whole ledger is audited: it takes half an hour for ten million.
const AUDITED: usize = 1_000_000;

/// Grows the ledger in `data` by these first steps, and measures it at the end.
pub(crate) fn grow(
    data: &Path,
    village: &Village,
    range: Range<usize>,
    limits: &Limits,
    report: &mut Report,
) {
    let folder = LocalFolder::open(data, LocalOptions::default()).unwrap();
    let store = folder.ledger("ledger").unwrap();
    let mut ledger = match range.start {
        0 => {
            Ledger::create(store, log_key(), &village.founding, now())
                .unwrap()
                .0
        }
        _ => Ledger::open(store, log_key(), &mut |_, _| {}).unwrap(),
    };
    let size = range.end;
    let singles = size - TIMES..size;
    let mut batches = Vec::new();
    // What stands after the last run, minus the founding: numbers are never used twice.
    let mut from = range.start;
    while from < singles.start {
        let until = (from + SIGNED).min(singles.start);
        for batch in village.steps(from..until).chunks(IN_FLIGHT) {
            let took = append(&mut ledger, batch);
            if batch.len() == IN_FLIGHT {
                batches.push(took / u32::try_from(IN_FLIGHT).unwrap());
            }
        }
        eprint!("\r{until} of {size} entries");
        from = until;
    }
    eprint!("\r{:40}\r", "");
    let last = batches.len().saturating_sub(TIMES);
    report.add(
        size,
        "append, 1,024 in flight, each",
        Times::of(batches.split_off(last)),
        Bound::rate(limits.l(), 0.8),
    );
    let one = village
        .steps(singles)
        .iter()
        .map(|step| append(&mut ledger, std::slice::from_ref(step)))
        .collect();
    let bound = limits.fsync * 2 + Duration::from_micros(300);
    report.add(
        size,
        "append, one at a time",
        Times::of(one),
        Bound::at_most("2 fsync + 0.3 ms", bound, 1.0),
    );
    report.add(
        size,
        "proof for a random entry",
        Times::of(proofs(&ledger)),
        Bound::at_most("100 µs", Duration::from_micros(100), 1.0),
    );
    if size <= AUDITED {
        let each = Times::of(vec![audited(&ledger)]);
        report.add(
            size,
            "whole audit, per entry",
            each,
            Bound::rate(limits.l(), 2.0),
        );
    }
    ledger.into_store().close().unwrap();
    folder.close().unwrap();
    disk(data, size, report);
}

fn append(ledger: &mut Ledger<LocalStore>, steps: &[Vec<u8>]) -> Duration {
    let begun = Instant::now();
    let answers = ledger.append_many(steps, now()).unwrap();
    let took = begun.elapsed();
    for answer in answers {
        assert!(answer.unwrap().added);
    }
    took
}

fn proofs(ledger: &Ledger<LocalStore>) -> Vec<Duration> {
    // A walk over the whole length that comes back to no entry: the step has no divisor in common with it.
    let (size, step) = (ledger.size(), 6_700_417);
    let proof = |number: u64| {
        let index = number * step % size;
        let begun = Instant::now();
        let receipt = ledger.receipt(index).unwrap();
        let took = begun.elapsed();
        assert_eq!(receipt.index, index);
        took
    };
    (0..10 * TIMES as u64).map(proof).collect()
}

fn audited(ledger: &Ledger<LocalStore>) -> Duration {
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
    let begun = Instant::now();
    let report = audit(&StoreSource(ledger.store()), expected, &mut |_, _, _| {}).unwrap();
    assert!(report.holds());
    begun.elapsed().div_f64(ledger.size() as f64)
}

/// How much the ledger takes on the disk, beside its entries.
fn disk(data: &Path, size: usize, report: &mut Report) {
    let entries = bytes(&data.join("ledger/entries"));
    let log = bytes(&data.join("ledger"));
    let all = bytes(data);
    report.add_share(
        size,
        "log files beside the entries' bytes",
        log as f64 / entries as f64,
        1.1,
    );
    report.add_share(
        size,
        "log files and index, of the entries' bytes",
        all as f64 / entries as f64,
        1.5,
    );
}

/// The bytes of a file, or of all files in a folder.
pub(crate) fn bytes(path: &Path) -> u64 {
    if !path.is_dir() {
        return path.metadata().unwrap().len();
    }
    let inner = std::fs::read_dir(path).unwrap();
    inner.map(|inner| bytes(&inner.unwrap().path())).sum()
}
