//! What a resident sees in a real browser: the verdict on true pages, and on every lie of a server.
//!
//! The paths are in `web/tests/verdict.mjs`. Without Chromium or what `npm ci` installs in `web` this
//! says so and passes, unless `CI` is set.
#![cfg(feature = "pages")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it leaves out"
)]

mod year;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ledger_core::SigningKey;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::hash::Hash;
use ledger_core::tree::Frontier;

/// How many entries the ledger had when the older checkpoint was signed.
const OLDER: usize = 1_500;

struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves the folder's ledgers; gives the site's address.
fn serve(folder: &Path) -> (Service, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sanzi"));
    command.current_dir(folder);
    command.args([
        "serve",
        "--data",
        "data",
        "--listen",
        "127.0.0.1:0",
        "--lang",
        "en",
    ]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let site = lines.find_map(|line| {
        let line = line.unwrap();
        let from = line.find("http://127.0.0.1:")?;
        let until = line[from..].find("/donglang/")?;
        Some(line[from..from + until].to_owned())
    });
    // What it still says has somebody to read it.
    std::thread::spawn(move || lines.for_each(drop));
    (Service(child), site.unwrap())
}

/// A checkpoint of the ledger's first entries, signed by its own key: what it may have shown once.
fn older_checkpoint(ledger: &Path) -> Vec<u8> {
    let raw = std::fs::read(ledger.join("entries")).unwrap();
    let (mut frontier, mut rest) = (Frontier::new(), raw.as_slice());
    for _ in 0..OLDER {
        let (length, more) = rest.split_first_chunk().unwrap();
        let (entry, more) = more.split_at(usize::from(u16::from_be_bytes(*length)));
        let _ = frontier.push(Hash::leaf(entry));
        rest = more;
    }
    let read = |name: &str| std::fs::read_to_string(ledger.join(name)).unwrap();
    let passphrase = read("log.passphrase");
    let seed = ledger_core::keyfile::open(&read("log.key"), passphrase.trim_end()).unwrap();
    let key = SigningKey::from_seed("sanzi.example.org/donglang", &seed).unwrap();
    let head = Checkpoint::new(key.name(), frontier.size(), frontier.root()).unwrap();
    head.sign(&key).unwrap().to_bytes()
}

fn missing() -> Option<&'static str> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/node_modules/playwright-core");
    let chromium = std::env::var_os("CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into());
    if !Path::new(&chromium).exists() {
        return Some("Chromium: install it, or name it in CHROMIUM");
    }
    (!web.exists()).then_some("playwright-core: run npm ci in ledger-server/web")
}

#[test]
fn a_residents_telephone_tells_truth_from_lies() {
    if let Some(missing) = missing() {
        assert!(std::env::var_os("CI").is_none(), "missing: {missing}");
        eprintln!("SKIPPED: {missing}");
        return;
    }
    let folder = year::year("verdict_page");
    let ledger = folder.join("data/donglang");
    std::fs::copy(ledger.join("entries"), folder.join("entries")).unwrap();
    std::fs::write(folder.join("older-checkpoint"), older_checkpoint(&ledger)).unwrap();
    let (_service, site) = serve(folder);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/tests/verdict.mjs");
    let mut node = Command::new("node");
    let status = node.arg(script).arg(&site).arg(folder).status().unwrap();
    assert!(status.success(), "see above");
    // What the telephone kept, somebody else checks offline.
    let arguments = [
        "verify",
        "--proof",
        "kept.tlog-proof",
        "--entry",
        "kept.entry",
    ];
    let pins = ["--pins", "kept.json", "--lang", "en"];
    year::ok(folder, &[&arguments[..], &pins].concat());
}
