//! Workloads and limits for the benchmarks: signed events ready to submit, and what this machine can
//! do at best, measured in the same run.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a benchmark that cannot run should stop"
)]

use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use ed25519_dalek::Signer as _;
use ledger_core::hash::Hash;
use ledger_core::{Charter, Event, LogTime, SigningKey, Statement, StreamId};
use serde_json::{Value, json};

/// The name of the benchmark's log.
pub const ORIGIN: &str = "bench.example.org/ledger";

/// When everything happens.
pub const NOW: &str = "2018-03-26T01:00:00Z";

/// The same moment, as signers say it.
const AT: &str = "2018-03-26T09:00:00+08:00";

/// Founding and first steps of many transactions, signed.
#[derive(Debug)]
pub struct Workload {
    /// The founding event.
    pub founding: Vec<u8>,
    /// First steps of as many transactions, each signed by one member.
    pub steps: Vec<Vec<u8>>,
}

/// Who founded the ledger, and records first steps.
#[derive(Debug)]
pub struct Village {
    /// The founding event, signed.
    pub founding: Vec<u8>,
    ledger_id: Hash,
    manager: SigningKey,
    verified: Event,
}

/// The log's key.
#[must_use]
pub fn log_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[9; 32]).unwrap()
}

/// The log's time.
#[must_use]
pub fn now() -> LogTime {
    NOW.parse().unwrap()
}

/// A charter under which the first step needs one signature, so that figures are per signature.
fn charter() -> Charter {
    let mut value: Value = serde_json::from_str(Charter::default_text()).unwrap();
    value["steps"]["asset_verification"]["signing"]["cosigns"] = json!([]);
    Charter::parse(&value.to_string()).unwrap()
}

impl Village {
    /// Founds the ledger.
    #[must_use]
    pub fn found() -> Self {
        let key = |member: &str, seed| {
            SigningKey::from_seed(&format!("{ORIGIN}/{member}"), &[seed; 32]).unwrap()
        };
        let (chair, supervisor, manager) =
            (key("chair", 1), key("supervisor", 2), key("manager", 3));
        let member = |key: &SigningKey, id: &str, role: &str| json!({ "key": key.verifier(), "member": id, "name": "某*", "roles": [role] });
        let opened = Event::from_value(json!({
            "kind": "ledger_opened", "origin": ORIGIN, "training": true, "charter": charter(),
            "collective": { "credit_code": "N1440606766567748T", "name": "量度经济联社", "region": "广东省", "reports_to": "街道办" },
            "members": [member(&chair, "chair", "chair"), member(&supervisor, "supervisor", "supervisor"), member(&manager, "manager", "asset_manager")],
        }))
        .unwrap();
        let at = AT.parse().unwrap();
        let founding = Statement::new(StreamId::Ledger, Hash::ZERO, at, opened)
            .sign([&chair, &supervisor, &manager])
            .unwrap();
        let ledger_id = {
            let signed = ledger_core::SignedEvent::parse(&founding).unwrap();
            Hash::leaf(&ledger_core::event::entry_bytes(now(), &signed))
        };
        let document = |kind: &str| json!({ "access": "public", "kind": kind, "sha256": "5a".repeat(32), "size_bytes": 20480, "title": "材料" });
        let verified = Event::from_value(json!({
            "kind": "asset_verification", "summary": "核对台账、权属和面积，与原合同一致。",
            "documents": [document("asset_register"), document("ownership")],
            "asset": { "area": { "unit": "square_metre", "value": "86.5" }, "book_value_fen": 32_000_000, "current_use": "空置",
                       "kind": "asset", "location": "东塱大街 12 号", "name": "东塱大街 12 号商铺", "ownership": "集体所有，证号 0012" },
        }))
        .unwrap();
        Self {
            founding,
            ledger_id,
            manager,
            verified,
        }
    }

    /// The first step of a transaction, about 1 KB, signed by one member.
    #[must_use]
    pub fn step(&self, number: usize) -> Vec<u8> {
        let stream = StreamId::Transaction(format!("bench-{number}").parse().unwrap());
        let at = AT.parse().unwrap();
        let step = Statement::new(stream, self.ledger_id, at, self.verified.clone());
        step.sign([&self.manager]).unwrap()
    }

    /// The first steps of these transactions, signed on all cores.
    #[must_use]
    pub fn steps(&self, numbers: Range<usize>) -> Vec<Vec<u8>> {
        let each = numbers.len().div_ceil(cores()).max(1);
        thread::scope(|scope| {
            let parts: Vec<_> = numbers
                .clone()
                .step_by(each)
                .map(|from| {
                    let part = from..(from + each).min(numbers.end);
                    scope.spawn(move || part.map(|number| self.step(number)).collect::<Vec<_>>())
                })
                .collect();
            parts
                .into_iter()
                .flat_map(|part| part.join().unwrap())
                .collect()
        })
    }
}

/// Signs the founding and `count` first steps.
#[must_use]
pub fn workload(count: usize) -> Workload {
    let village = Village::found();
    let steps = village.steps(0..count);
    Workload {
        founding: village.founding,
        steps,
    }
}

/// How many threads can run at a time.
#[must_use]
pub fn cores() -> usize {
    thread::available_parallelism().unwrap().get()
}

/// How long ed25519-dalek's own `verify_strict` of a 128-byte message takes on one core: the median of
/// several runs. A [`VerifierKey`](ledger_core::VerifierKey) that verifies as often is faster.
#[must_use]
pub fn verify_strict() -> Duration {
    let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let message = [b'x'; 128];
    let signature = key.sign(&message);
    let public = key.verifying_key();
    median(9, || {
        let begun = Instant::now();
        for _ in 0..500 {
            public.verify_strict(&message, &signature).unwrap();
        }
        begun.elapsed() / 500
    })
}

/// How long one append of 4 KiB with a sync takes in this folder: the median of several.
#[must_use]
pub fn fsync(folder: &Path) -> Duration {
    let mut file = File::create(folder.join("fsync")).unwrap();
    median(101, || {
        let begun = Instant::now();
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
        begun.elapsed()
    })
}

/// The median of `runs` measurements.
pub fn median(runs: usize, mut measure: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..runs).map(|_| measure()).collect();
    times.sort_unstable();
    times[runs / 2]
}

/// The most that a process has had in memory, in MiB.
#[must_use]
pub fn peak_mib(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.unwrap().trim().trim_end_matches(" kB");
    peak.parse::<f64>().unwrap() / 1024.0
}
