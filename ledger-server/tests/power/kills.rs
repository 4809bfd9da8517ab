//! SIGKILL under load, again and again: what the system has been given stays, and nothing else is needed.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::held;
use crate::session::{files_in, is_long};
use crate::told::Debt;
use crate::village::{Client, Service, Village, program, serving};

/// How many clients submit at once.
const CLIENTS: usize = 4;

/// After so many kills the next ledger is founded: what is checked after each grows with the ledger.
const EACH_LEDGER: usize = 10;

/// How long a kill waits for answers at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// Kills in all.
fn kills() -> usize {
    if is_long() { 2000 } else { 100 }
}

fn start(data: &Path) -> Service {
    let mut command = Command::new(program());
    command.args(serving(data));
    Service::start(command).unwrap()
}

/// A client that hands in and submits until the server is gone; keeps what it is told.
fn work(village: &Village, client: &Client, next: &AtomicUsize, told: &Mutex<Vec<Debt>>) {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number.is_multiple_of(3) {
            let Some(answer) = client.hand_in(number) else {
                return;
            };
            assert!(answer.status < 300, "{}", answer.text());
            told.lock().unwrap().push(Debt::Document { number });
        }
        let Some(answer) = client.submit(number, &village.note(number)) else {
            return;
        };
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
        told.lock().unwrap().push(Debt::receipt(number, &answer));
    }
}

/// What several kills came to.
#[derive(Default)]
struct Tally {
    kills: usize,
    receipts: usize,
    slowest_opening: Duration,
    starts: Vec<Duration>,
}

/// Kills the servers of one ledger, one after the other.
fn one_ledger(seed: u64, tally: &Mutex<Tally>) {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let village = Village::new();
    let (told, mut tried) = (Mutex::new(Vec::new()), 0);
    let next = AtomicUsize::new(0);
    for _ in 0..EACH_LEDGER {
        let service = start(&village.data.path());
        let took = service.took;
        let client = service.client();
        // The one that was under way when the server died is sent again: it must not stand twice.
        next.store(tried, Ordering::Relaxed);
        // After so many more answers, and a moment: now and then at once.
        let answers = told.lock().unwrap().len() + dice.next_u32() as usize % 10;
        let moment = Duration::from_micros(u64::from(dice.next_u32() % 20_000));
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| work(&village, &client, &next, &told));
            }
            let begun = Instant::now();
            while told.lock().unwrap().len() < answers && begun.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(moment);
            service.kill();
        });
        tried = next.load(Ordering::Relaxed).saturating_sub(CLIENTS);
        let told = told.lock().unwrap();
        let opening = held::check_copy(&village, &files_in(&village.home()), &told, false);
        let opening = opening
            .unwrap_or_else(|wrong| panic!("seed {seed}, {answers} answers, {moment:?}: {wrong}"));
        let mut tally = tally.lock().unwrap();
        tally.kills += 1;
        tally.slowest_opening = tally.slowest_opening.max(opening);
        tally.starts.push(took);
    }
    let told = told.lock().unwrap();
    let receipts = told
        .iter()
        .filter(|debt| matches!(debt, Debt::Receipt { .. }));
    tally.lock().unwrap().receipts += receipts.count();
}

#[test]
fn kills_under_load_cost_nothing_that_was_acknowledged() {
    let begun = Instant::now();
    let tally = Mutex::<Tally>::default();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let ledger = next.fetch_add(1, Ordering::Relaxed);
                    if ledger >= kills() / EACH_LEDGER {
                        return;
                    }
                    one_ledger(ledger as u64, &tally);
                }
            });
        }
    });
    let mut tally = tally.into_inner().unwrap();
    tally.starts.sort();
    let start = tally.starts[tally.starts.len() / 2];
    eprintln!(
        "{} kills, {} receipts, slowest opening {:?}, starts {start:?} in the median, in {:?}",
        tally.kills,
        tally.receipts,
        tally.slowest_opening,
        begun.elapsed(),
    );
    assert_eq!(tally.kills, kills());
    assert!(
        tally.receipts > kills(),
        "hardly anything was acknowledged: {}",
        tally.receipts
    );
}
