//! The desk's forms in a real browser: every kind of event from an example, and a clerk's two forms with the
//! keyboard alone, up to the log.
//!
//! The paths are in `web/tests`: `forms.mjs`, `clerk.mjs`. Without Chromium or what `npm ci` installs in `web`
//! this says so and passes, unless `CI` is set.
#![cfg(feature = "pages")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it leaves out"
)]

mod forms;
mod office;
mod year;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use ledger_core::Event;
use office::{Office, steps};
use serde_json::{Value, json};

/// One browser at a time: two at once are slower than either's patience.
static ONE: Mutex<()> = Mutex::new(());

struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn missing() -> Option<&'static str> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/node_modules/playwright-core");
    let chromium = std::env::var_os("CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into());
    if !Path::new(&chromium).exists() {
        return Some("Chromium: install it, or name it in CHROMIUM");
    }
    (!web.exists()).then_some("playwright-core: run npm ci in ledger-server/web")
}

/// Whether there is a browser; where there must be one, there is.
fn ready() -> bool {
    let missing = missing();
    if let Some(missing) = missing {
        assert!(std::env::var_os("CI").is_none(), "missing: {missing}");
        eprintln!("SKIPPED: {missing}");
    }
    missing.is_none()
}

/// Runs one of `web/tests`, which has to succeed.
fn drive(script: &str, arguments: &[&str]) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/tests");
    let mut node = Command::new("node");
    let status = node.arg(tests.join(script)).args(arguments).status();
    assert!(status.unwrap().success(), "{script}: see above");
}

/// Serves the folder's ledgers; gives the site's address.
fn serve(folder: &Path) -> (Service, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sanzi"));
    let listen = ["serve", "--data", "data", "--listen", "127.0.0.1:0"];
    command
        .current_dir(folder)
        .args(listen)
        .args(["--lang", "en"]);
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

/// Records an event of the demonstration's own stream, and submits it.
fn put(folder: &Path, kind: &str, body: &Value, more: &[&str], signers: &[&str]) {
    let (from, draft) = (format!("{kind}.json"), format!("{kind}.draft"));
    std::fs::write(folder.join(&from), body.to_string()).unwrap();
    let pass = ["--passphrase-file", "data/keys/passphrase.txt"];
    let ledger = ["--ledger", "data#donglang"];
    for (place, signer) in signers.iter().enumerate() {
        let key = format!("data/keys/{signer}.key");
        let key = ["--key", &key];
        let act: &[&str] = match place {
            0 => &["record", kind, "--from", &from, "--out", &draft],
            _ => &["cosign", &draft, "--yes"],
        };
        let more = if place == 0 { more } else { &[] };
        year::ok(folder, &[act, &ledger, &key, &pass, more].concat());
    }
    year::ok(folder, &["submit", &draft, "--to", "data#donglang"]);
}

#[test]
fn every_kind_of_event_has_a_form_that_collects_its_body() {
    let examples = forms::examples();
    let shown: BTreeSet<&str> = examples
        .iter()
        .map(|form| form["event"]["kind"].as_str().unwrap())
        .collect();
    let wanted = Event::KINDS.iter().copied();
    let wanted: BTreeSet<&str> = wanted
        .filter(|kind| !["ledger_opened", "loss_declared"].contains(kind))
        .collect();
    assert_eq!(shown, wanted, "an example for each kind");
    if !ready() {
        return;
    }
    let _alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = year::year("desk_forms");
    let finding =
        json!({"answer_by": "2028-12-31", "documents": [], "finding": "台账不全", "stops": false});
    put(folder, "finding_raised", &finding, &[], &["zhou"]);
    std::fs::write(folder.join("talk.txt"), "笔录").unwrap();
    let meeting = json!({
        "attendance": {"called": 3, "present": 3}, "body": "谈话", "held_on": "2026-01-05", "summary": "笔录不公开",
    });
    let private = ["--private-document", "minutes=talk.txt"];
    put(folder, "meeting_held", &meeting, &private, &["chen"]);
    std::fs::write(folder.join("forms.json"), json!(examples).to_string()).unwrap();
    let (service, site) = serve(folder);
    drive("forms.mjs", &[&site, folder.to_str().unwrap()]);
    drop(service);
    // What the browser collected is what the command line makes of the same content.
    let bodies = std::fs::read_to_string(folder.join("bodies.json")).unwrap();
    let bodies: Value = serde_json::from_str(&bodies).unwrap();
    let mut drafted = Vec::new();
    for (name, body) in bodies.as_object().unwrap() {
        let (kind, query) = name.split_once('?').unwrap_or((name, ""));
        let mut event = body.clone();
        event["kind"] = json!(kind);
        for (field, value) in forms::given(kind) {
            event[field] = value;
        }
        Event::from_value(event.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        if forms::POSSIBLE.contains(&kind) {
            assert_eq!(draft(folder, kind, query, body), event, "{name}");
            drafted.push(kind.to_owned());
        }
    }
    drafted.sort_unstable();
    assert_eq!(drafted, forms::POSSIBLE);
}

/// The event that the command line drafts with this content.
fn draft(folder: &Path, kind: &str, query: &str, body: &Value) -> Value {
    let (from, out) = (format!("{kind}.body"), format!("{kind}.made"));
    std::fs::write(folder.join(&from), body.to_string()).unwrap();
    let pass = ["--passphrase-file", "data/keys/passphrase.txt"];
    let ledger = ["--ledger", "data#donglang", "--key", "data/keys/chen.key"];
    let of = query
        .split('&')
        .next()
        .and_then(|first| first.split_once('='));
    let of = of.map(|(what, id)| [format!("--{what}"), id.to_owned()]);
    let of: Vec<&str> = of.iter().flatten().map(String::as_str).collect();
    let record = ["record", kind, "--from", &from, "--out", &out];
    year::ok(folder, &[&record, &ledger[..], &pass, &of].concat());
    let note = std::fs::read_to_string(folder.join(out)).unwrap();
    let statement: Value = serde_json::from_str(note.lines().next().unwrap()).unwrap();
    statement["event"].clone()
}

#[test]
fn a_clerk_fills_in_two_forms_with_the_keyboard_alone() {
    if !ready() {
        return;
    }
    let _alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let office = Office::opened_with_windows(1);
    let (_service, ledger) = office.serve();
    let site = ledger.strip_suffix("/donglang").unwrap();
    let folder = office.path("");
    let folder = folder.to_str().unwrap();
    drive("clerk.mjs", &[site, folder, "asset_verification"]);
    for deed in &steps()[1..5] {
        office.carry_out(&ledger, deed, &office.fresh_draft());
        if deed.kind == "publish_pre_plan" {
            office.post_everywhere(&ledger, &[]);
            office.wait_for_window();
        }
    }
    drive("clerk.mjs", &[site, folder, "plan_drafting"]);
    office.ok(&["audit", &ledger, "--pins", "data/donglang/pins.json"]);
}
