//! Append, proof and audit, beside this machine's limits.
//!
//! `cargo bench -p benches`. The limits are measured first, in the same run; compare ratios, not
//! seconds: machines are shared and noisy.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot run should stop, and prints"
)]

use std::time::{Duration, Instant};

use benches::{fsync, log_key, median, now, verify_strict, workload};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ledger_core::audit::Replay;
use ledger_core::store::local::{LocalFolder, LocalOptions, LocalStore};
use ledger_core::{Ledger, Store};
use tempfile::TempDir;

const ENTRIES: usize = 16_384;

fn local(temp: &TempDir) -> (LocalFolder, LocalStore) {
    let folder = LocalFolder::open(temp.path().join("data"), LocalOptions::default()).unwrap();
    let store = folder.ledger("bench").unwrap();
    (folder, store)
}

fn appending(criterion: &mut Criterion) {
    let work = workload(ENTRIES);
    let temp = TempDir::new().unwrap();
    let (verify, sync) = (verify_strict(), fsync(temp.path()));
    println!("limits: verify_strict {verify:?}, append 4 KiB with sync {sync:?}, one core");
    let (_folder, store) = local(&temp);
    let (mut ledger, _) = Ledger::create(store, log_key(), &work.founding, now()).unwrap();
    let mut rest = work.steps.as_slice();
    for many in [1, 256] {
        let mut append = || {
            let (batch, later) = rest.split_at(many);
            rest = later;
            let begun = Instant::now();
            let answers = ledger.append_many(batch, now()).unwrap();
            assert!(answers.iter().all(Result::is_ok));
            begun.elapsed()
        };
        let commit = median(15, &mut append);
        let each = commit / u32::try_from(many).unwrap();
        println!(
            "append {many} in a commit: {commit:?}, {each:?} each = {:.2} × verify_strict; commit − verifying = {:.2} × sync",
            ratio(each, verify),
            ratio(
                commit.saturating_sub(verify * u32::try_from(many).unwrap()),
                sync
            ),
        );
        let mut group = criterion.benchmark_group("append");
        group
            .throughput(Throughput::Elements(many as u64))
            .sample_size(10);
        group
            .measurement_time(Duration::from_millis(500))
            .warm_up_time(Duration::from_millis(100));
        group.bench_function(format!("{many} in a commit"), |bencher| {
            bencher.iter_custom(|times| {
                // Each event can be appended once: where they run out, the last measurement stands for the rest.
                let mut spent = Duration::ZERO;
                for done in 0..times {
                    if rest.len() < many {
                        return spent / u32::try_from(done.max(1)).unwrap()
                            * u32::try_from(times).unwrap();
                    }
                    let (batch, later) = rest.split_at(many);
                    rest = later;
                    let begun = Instant::now();
                    ledger.append_many(batch, now()).unwrap();
                    spent += begun.elapsed();
                }
                spent
            });
        });
        group.finish();
    }
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

fn reading(criterion: &mut Criterion) {
    let work = workload(4_096);
    let temp = TempDir::new().unwrap();
    let (_folder, store) = local(&temp);
    let (mut ledger, _) = Ledger::create(store, log_key(), &work.founding, now()).unwrap();
    ledger.append_many(&work.steps, now()).unwrap();
    let mut index = 0;
    let mut group = criterion.benchmark_group("read");
    group.sample_size(20);
    group.bench_function("proof", |bencher| {
        bencher.iter(|| {
            index = (index * 5 + 1) % ledger.size();
            ledger.receipt(index).unwrap()
        });
    });
    let entries = ledger.store().entries(0, 513).unwrap();
    let audit = || {
        let mut replay = Replay::new();
        for entry in &entries {
            replay.feed(entry).unwrap();
        }
        replay
    };
    let each = median(9, || {
        let begun = Instant::now();
        audit();
        begun.elapsed() / 513
    });
    println!(
        "audit per event: {each:?} = {:.2} × verify_strict",
        ratio(each, verify_strict())
    );
    group.throughput(Throughput::Elements(entries.len() as u64));
    group.bench_function("audit of 513 events", |bencher| {
        bencher.iter_batched(|| (), |()| audit(), BatchSize::SmallInput)
    });
    group.finish();
}

criterion_group!(benches, appending, reading);
criterion_main!(benches);
