//! A disk that fails: each call of a run in turn answered with an error, and files that may not grow beyond each
//! length in turn, where a write takes a part and the next one nothing.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::Value;

use crate::calls::strace_works;
use crate::disk::{Disk, Fate};
use crate::held;
use crate::session::{Run, Session, is_long, one_by_one};
use crate::told::Debt;
use crate::trace::Act;
use crate::village::{Answer, Service, Village, program, serving};

/// The calls that a disk can fail, and how.
const FAULTS: [(&str, &[&str]); 14] = [
    ("pwrite64", &["error=EIO", "error=ENOSPC"]),
    ("write", &["error=EIO", "error=ENOSPC"]),
    ("fdatasync", &["error=EIO", "error=ENOSPC"]),
    ("fsync", &["error=EIO", "error=ENOSPC"]),
    ("rename", &["error=EIO", "error=ENOSPC"]),
    ("openat", &["error=EIO", "error=ENOSPC"]),
    ("ftruncate", &["error=EIO"]),
    ("mkdir", &["error=EIO", "error=ENOSPC"]),
    ("unlink", &["error=EIO"]),
    ("pread64", &["error=EIO"]),
    ("read", &["error=EIO"]),
    ("statx", &["error=EIO"]),
    ("getdents64", &["error=EIO"]),
    ("lseek", &["error=EIO"]),
];

/// What is tried in the short form. strace counts the calls of each thread by itself: the small numbers are those
/// of the opening, of the thread that writes and of those that take documents and drafts.
const SHORT: [(&str, &str, usize); 12] = [
    ("pwrite64", "error=EIO", 2),
    ("pwrite64", "error=EIO", 6),
    ("pwrite64", "error=ENOSPC", 9),
    ("write", "error=ENOSPC", 2),
    ("write", "error=EIO", 4),
    ("fdatasync", "error=EIO", 2),
    ("fdatasync", "error=EIO", 3),
    ("fdatasync", "error=EIO", 4),
    ("fsync", "error=EIO", 1),
    ("fsync", "error=EIO", 4),
    ("rename", "error=EIO", 2),
    ("mkdir", "error=ENOSPC", 1),
];

/// What one fault came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// There is no such call any more: the run was over.
    Past,
    /// It met something else than a file of the ledger.
    Elsewhere,
    /// The service said why, and ended.
    Ended,
    /// It refused something, in words.
    Refused,
    /// Nobody noticed.
    Unnoticed,
}

fn tried(call: &str, how: &str, when: usize) -> Outcome {
    let fault = format!("{call}:{how}:when={when}");
    let mut run = Run::new();
    let session = run.session(Some(&fault), one_by_one);
    let place = run.village.home();
    let hex = place.to_str().unwrap().bytes();
    let hex: String = hex.map(|byte| format!("\\x{byte:02x}")).collect();
    if session.faults.is_empty() {
        return Outcome::Past;
    }
    if !session.faults.iter().all(|line| line.contains(&hex)) {
        return Outcome::Elsewhere;
    }
    let wrong = wrong(&mut run, &session, call);
    assert!(
        wrong.is_ok(),
        "{fault}: {}\n{:?}\n{}",
        wrong.unwrap_err(),
        session.faults,
        session.said
    );
    match (session.served, session.refused.is_empty()) {
        (false, _) => Outcome::Ended,
        (true, false) => Outcome::Refused,
        (true, true) => Outcome::Unnoticed,
    }
}

/// What is not as it should be after a fault.
fn wrong(run: &mut Run, session: &Session, call: &str) -> Result<(), String> {
    if panicked(&session.said) {
        return Err("it panicked".to_owned());
    }
    if !session.served && session.said.trim().is_empty() {
        return Err("it ended without a word".to_owned());
    }
    for answer in &session.refused {
        in_words(answer)?;
    }
    run.is_followed();
    let debts: Vec<Debt> = run.debts.iter().map(|(_, debt)| debt.clone()).collect();
    if call.ends_with("sync") {
        final_for_that_opening(run)?;
    }
    held::check(&run.village, &run.village.home(), &debts, true)?;
    // A service opens it, too, and what was refused may be sent again.
    if is_long() {
        let again = run.session(None, one_by_one);
        if let Some(answer) = again.refused.first() {
            return Err(format!("afterwards: {}", answer.text()));
        }
    }
    Ok(())
}

/// Whether the program panicked. The index's own panics are caught and told as its failure.
fn panicked(said: &str) -> bool {
    let mut panics = said.lines().filter(|line| line.contains("panicked at"));
    panics.any(|line| !line.contains("/sled-0.34"))
}

/// Whether a refusal says what it is.
fn in_words(answer: &Answer) -> Result<(), String> {
    let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let says = |member: &str| {
        problem[member]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    };
    let named = problem["type"]
        .as_str()
        .unwrap_or_default()
        .starts_with("urn:sanzi:");
    if named && says("title") && says("detail") {
        return Ok(());
    }
    Err(format!("refused without words: {}", answer.text()))
}

/// After a sync that failed, what it was for never reaches the disk by itself. Whatever is acknowledged
/// afterwards has to stand on a disk where all that is lost.
fn final_for_that_opening(run: &Run) -> Result<(), String> {
    let mut disk = Disk::holding(&run.before);
    let mut failed = false;
    let mut debts = run.debts.iter().peekable();
    let mut told = Vec::new();
    for (place, call) in run.calls.iter().enumerate() {
        disk.take(call.begun, call.done, &call.act);
        let before = told.len();
        while let Some((_, debt)) = debts.next_if(|(time, _)| *time <= call.done) {
            told.push(debt.clone());
        }
        failed |= matches!(call.act, Act::SyncFailed { .. });
        let is_last = place + 1 == run.calls.len();
        if failed && (told.len() > before || is_last) {
            let files = disk.after(|_, _| Fate::Lost);
            let held = held::check_copy(&run.village, &files, &told, false);
            held.map_err(|wrong| format!("power lost after call {place}: {wrong}"))?;
        }
    }
    Ok(())
}

#[test]
fn a_disk_that_fails_once_costs_nothing_that_was_acknowledged() {
    if !strace_works() {
        return;
    }
    let begun = Instant::now();
    let outcomes: Mutex<BTreeMap<(String, Outcome), usize>> = Mutex::default();
    let count = |call: &str, how: &str, outcome: Outcome| {
        let mut outcomes = outcomes.lock().unwrap();
        *outcomes
            .entry((format!("{call}:{how}"), outcome))
            .or_default() += 1;
    };
    let in_turn: Vec<(&str, &str)> = FAULTS
        .iter()
        .flat_map(|(call, hows)| hows.iter().map(|how| (*call, *how)))
        .collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let next = next.fetch_add(1, Ordering::Relaxed);
                    if !is_long() {
                        let Some((call, how, when)) = SHORT.get(next) else {
                            return;
                        };
                        count(call, how, tried(call, how, *when));
                        continue;
                    }
                    let Some((call, how)) = in_turn.get(next) else {
                        return;
                    };
                    let outcomes = (1..).map(|when| tried(call, how, when));
                    for outcome in outcomes.take_while(|outcome| *outcome != Outcome::Past) {
                        count(call, how, outcome);
                    }
                    eprintln!("{call}:{how} is through, after {:?}", begun.elapsed());
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    for ((fault, outcome), count) in &outcomes {
        eprintln!("{fault}: {outcome:?} {count}");
    }
    eprintln!("in {:?}", begun.elapsed());
    let met = outcomes
        .iter()
        .filter(|((_, outcome), _)| *outcome > Outcome::Elsewhere);
    assert!(met.map(|(_, count)| count).sum::<usize>() >= SHORT.len() / 2);
}

/// Serves a new ledger by a program whose files may not become longer than `limit`, and holds what it has
/// acknowledged against what is there afterwards; says whether it refused anything.
fn limited(limit: usize) -> bool {
    let village = Village::new();
    let mut command = Command::new("sh");
    // The signal would end the process before the error is told.
    let script = format!("trap '' XFSZ; exec prlimit --fsize={limit} \"$@\"");
    command.args(["-c", &script, "sh"]).arg(program());
    command.args(serving(&village.data.path()));
    let told = Mutex::new(Vec::new());
    let refused = match Service::start(command) {
        Ok(service) => {
            let refused = told_by(&village, &service, &told);
            let said = service.terminate();
            assert!(!panicked(&said), "{limit}: {said}");
            refused
        }
        Err(said) => {
            assert!(said.contains(": ") && !panicked(&said), "{limit}: {said}");
            true
        }
    };
    let told = told.into_inner().unwrap();
    let held = held::check(&village, &village.home(), &told, true);
    assert!(held.is_ok(), "{limit}: {held:?}");
    refused
}

/// Hands in and submits three times; keeps what was acknowledged, and says whether anything was refused.
fn told_by(village: &Village, service: &Service, told: &Mutex<Vec<Debt>>) -> bool {
    let client = service.client();
    let mut refused = false;
    for number in 0..3 {
        let handed = client.hand_in(number).unwrap();
        let submitted = client.submit(number, &village.note(number)).unwrap();
        for answer in [&handed, &submitted] {
            let worded = in_words(answer);
            assert!(answer.status < 300 || worded.is_ok(), "{worded:?}");
            refused |= answer.status >= 300;
        }
        let mut told = told.lock().unwrap();
        if handed.status < 300 {
            told.push(Debt::Document { number });
        }
        if submitted.status < 300 {
            told.push(Debt::receipt(number, &submitted));
        }
    }
    refused
}

#[test]
fn files_that_may_not_grow_at_any_length_cost_nothing_that_was_acknowledged() {
    let begun = Instant::now();
    // The files of the ledger are short at first; an anchor has 128 KiB, the index half a megabyte.
    let limits: Vec<usize> = match is_long() {
        true => (1..20_000)
            .step_by(61)
            .chain((20_000..600_000).step_by(2039))
            .collect(),
        false => vec![1, 700, 4000, 5100, 8200, 65_600, 70_000, 300_000],
    };
    let (next, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(limit) = limits.get(next.fetch_add(1, Ordering::Relaxed)) {
                    refused.fetch_add(usize::from(limited(*limit)), Ordering::Relaxed);
                }
            });
        }
    });
    let refused = refused.into_inner();
    eprintln!(
        "{} lengths, {refused} refused something, in {:?}",
        limits.len(),
        begun.elapsed()
    );
    assert!(refused >= 2);
}
