//! What a resident sees in a real browser: the verdict on true pages, and on every lie of a server; every
//! kind of page, with what helps people to read it; hostile texts; and the notice that is printed.
//!
//! The paths are in `web/tests`: `verdict.mjs`, `pages.mjs`, `hostile.mjs`. Without Chromium or what `npm ci` installs in `web` this
//! says so and passes, unless `CI` is set.
#![cfg(feature = "pages")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it leaves out"
)]

mod browser;
mod office;
mod paper;
mod year;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use browser::{drive, ready};
use ledger_core::SigningKey;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::hash::Hash;
use ledger_core::tree::Frontier;
use office::{Office, TRANSACTION, answers, steps};
use serde_json::json;

/// How many entries the ledger had when the older checkpoint was signed.
const OLDER: usize = 1_500;

/// One service at a time reads the folder.
static ONE: Mutex<()> = Mutex::new(());

struct Service(
    Child,
    #[expect(dead_code, reason = "held until the service is gone")] MutexGuard<'static, ()>,
);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves the folder's ledgers; gives the site's address.
fn serve(folder: &Path) -> (Service, String) {
    let alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
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
    (Service(child, alone), site.unwrap())
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

#[test]
fn a_residents_telephone_tells_truth_from_lies() {
    if !ready() {
        return;
    }
    let folder = year::year("verdict_page");
    let ledger = folder.join("data/donglang");
    std::fs::copy(ledger.join("entries"), folder.join("entries")).unwrap();
    std::fs::write(folder.join("older-checkpoint"), older_checkpoint(&ledger)).unwrap();
    let (_service, site) = serve(folder);
    drive("verdict.mjs", &[&site], folder);
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

#[test]
fn everybody_can_read_every_kind_of_page_and_the_printed_notice() {
    if !ready() {
        return;
    }
    let folder = year::year("verdict_page");
    let (_service, site) = serve(folder);
    drive("pages.mjs", &[&site], folder);
    if let Some(missing) = paper::missing() {
        assert!(std::env::var_os("CI").is_none(), "missing: {missing}");
        eprintln!("SKIPPED: {missing}");
        return;
    }
    for (point, sheets) in [("pre_plan", 1), ("plan", 1), ("completion", 1)] {
        let notice = paper::Notice::of(&folder.join(format!("notice-{point}.pdf")));
        assert_eq!(notice.sheets(), sheets, "{point}");
        let text = notice.text();
        for said in ["荷花塘", "2018-014", "监督举报", "扫码核对"] {
            assert!(text.contains(said), "{point}: {said}: {text}");
        }
        let drawn = notice.drawn();
        let code = drawn.code().unwrap();
        let here = format!("https://sanzi.example.org/donglang/d/2018-014/{point}#");
        assert!(
            code.starts_with(&here) && code.len() == here.len() + 43,
            "{code}"
        );
        let worn = [
            ("small", drawn.smaller()),
            ("askew", drawn.turned(2.0)),
            ("noisy", drawn.noisy()),
        ];
        for (how, worn) in worn {
            assert_eq!(worn.code().as_ref(), Some(&code), "{point}, {how}");
        }
    }
}

#[test]
fn hostile_texts_do_nothing_in_a_browser() {
    if !ready() {
        return;
    }
    // Letters that run from right to left, and what a browser might obey.
    const HOSTILE: &str =
        "שלום\"><script>alert(1)</script><img src=x onerror=alert(2)>' onclick='alert(3)";
    let office = Office::new();
    let mut answers = answers();
    answers["collective"]["name"] = json!(HOSTILE);
    answers["collective"]["region"] = json!(HOSTILE);
    answers["collective"]["reports_to"] = json!(HOSTILE);
    for member in answers["members"].as_array_mut().unwrap() {
        member["name"] = json!(format!("{HOSTILE}*"));
    }
    office.write("answers.json", &answers.to_string());
    let charter = office.ok(&["charter", "--training"]).out;
    office.write("charter.json", &charter);
    let init = [
        "init",
        "data",
        "--from",
        "answers.json",
        "--charter",
        "charter.json",
    ];
    office.ok(&[&init[..], &["--passphrase-file", "pass", "--yes"]].concat());
    let mut deed = steps().remove(0);
    for field in ["current_use", "location", "name", "ownership"] {
        deed.body["asset"][field] = json!(HOSTILE);
    }
    deed.body["summary"] = json!(HOSTILE);
    office.carry_out("data", &deed, "0.draft");
    let (_service, ledger) = office.serve();
    let site = ledger.strip_suffix("/donglang").unwrap();
    drive("hostile.mjs", &[site], Path::new(TRANSACTION));
}
