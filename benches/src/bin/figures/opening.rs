//! What it takes to open a ledger, by a process of its own, and how fast a page is then.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use benches::log_key;
use ledger_core::store::local::{LocalFolder, LocalOptions};
use ledger_core::{Ledger, Store as _};
use serde::{Deserialize, Serialize};

use crate::report::{Bound, Report, Times};

/// How often a ledger is opened.
const TIMES: usize = 5;

/// How much it may have in memory, in MiB.
const MEMORY: f64 = 150.0;

/// What one opening took.
#[derive(Serialize, Deserialize)]
struct Opened {
    took: Duration,
    /// The most that the process had in memory, in MiB.
    memory: f64,
}

/// The process of its own.
pub(crate) fn open(data: &Path) {
    let begun = Instant::now();
    let folder = LocalFolder::open(data, LocalOptions::default()).unwrap();
    let store = folder.ledger("ledger").unwrap();
    let ledger = Ledger::open(store, log_key(), &mut |_, _| {}).unwrap();
    let opened = Opened {
        took: begun.elapsed(),
        memory: benches::peak_mib(std::process::id()),
    };
    ledger.into_store().close().unwrap();
    folder.close().unwrap();
    println!("{}", serde_json::to_string(&opened).unwrap());
}

fn opened(data: &Path) -> Opened {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let said = command.arg("open").arg(data).output().unwrap();
    serde_json::from_slice(&said.stdout).unwrap()
}

/// After a clean stop.
pub(crate) fn reopened(data: &Path, size: usize, report: &mut Report) {
    let all: Vec<Opened> = (0..TIMES).map(|_| opened(data)).collect();
    let memory = all.iter().map(|opened| opened.memory).fold(0.0, f64::max);
    let times = Times::of(all.iter().map(|opened| opened.took).collect());
    let limit = Bound::at_most("300 ms", Duration::from_millis(300), 1.0);
    report.add(size, "opening after a clean stop", times, limit);
    report.add_share(size, "memory to open", memory / MEMORY, 1.0);
}

/// After the index was lost.
pub(crate) fn lost_index(data: &Path, size: usize, report: &mut Report) {
    std::fs::remove_dir_all(data.join("index")).unwrap();
    let times = Times::of(vec![opened(data).took]);
    let limit = Bound::at_most("10 s", Duration::from_secs(10), 1.0);
    report.add(size, "opening with the index lost", times, limit);
}
