//! One transaction from step 1 to 16 at the desk, in real browsers: six members, five browser profiles, a server
//! that is killed on the way; and what comes of it holds for everybody else.
//!
//! Five people need only as many computers: the two of the street office share one. The chair and the supervisor
//! found the ledger at the command line, the others make their keys in their browsers and are enrolled by code.
//! The path is in `web/tests/sixteen.mjs` and its parts in `web/tests/sixteen`. Without Chromium or what `npm ci`
//! installs in `web` this says so and passes, unless `CI` is set.
#![cfg(feature = "pages")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it leaves out"
)]

mod office;

use std::path::Path;
use std::process::Command;

use office::Office;
use serde_json::json;

/// How many seconds the charter's windows are open.
const WINDOW_SECONDS: u64 = 3;

/// The passphrase of the keys that are made in the browsers.
const SECRET: &str = "荷花塘 三把锁 1987";

fn missing() -> Option<&'static str> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/node_modules/playwright-core");
    let chromium = std::env::var_os("CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into());
    if !Path::new(&chromium).exists() {
        return Some("Chromium: install it, or name it in CHROMIUM");
    }
    (!web.exists()).then_some("playwright-core: run npm ci in ledger-server/web")
}

/// A training ledger that its chair and its supervisor have founded.
fn founded() -> Office {
    let office = Office::new();
    let charter = office.ok(&["charter", "--training"]).out;
    let short = format!("\"length\": {WINDOW_SECONDS}, \"unit\": \"seconds\"");
    let charter = charter.replace(r#""length": 10, "unit": "seconds""#, &short);
    office.write("charter.json", &charter);
    let answers = json!({
        "origin": "sanzi.example.org/donglang", "training": true,
        "collective": { "name": "东塱经济联社", "credit_code": "N1440606766567748T",
                        "region": "广东省广州市荔湾区", "reports_to": "街道三资办，荔湾区某路 1 号" },
        "members": [
            { "member": "chen", "name": "陈*", "roles": ["chair", "legal_counsel", "assembly_chair"] },
            { "member": "liang", "name": "梁*", "roles": ["supervisor"] },
        ],
    });
    office.write("answers.json", &answers.to_string());
    let asked = ["init", "data", "--from", "answers.json", "--yes"];
    let files = ["--charter", "charter.json", "--passphrase-file", "pass"];
    office.ok(&[&asked[..], &files].concat());
    office
}

/// A key file that a browser made opens for everybody else, and is the one that the roster has.
fn opens_elsewhere(office: &Office, member: &str) {
    let file = format!("{member}.key");
    let shown = office.ok(&["key", "show", &file, "--passphrase-file", "secret"]);
    let public = std::fs::read_to_string(office.path(&format!("{file}.pub"))).unwrap();
    assert!(shown.out.contains(public.trim()), "{}", shown.out);
    let mut openssl = Command::new("openssl");
    openssl.current_dir(office.folder.path());
    openssl.args(["pkey", "-in", &file, "-noout", "-text", "-passin"]);
    let Ok(output) = openssl.arg(format!("pass:{SECRET}")).output() else {
        assert!(std::env::var_os("CI").is_none(), "missing: openssl");
        eprintln!("SKIPPED: openssl");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("ED25519"),
        "{said}"
    );
}

#[test]
fn a_transaction_is_taken_from_step_1_to_16_in_browsers() {
    if let Some(missing) = missing() {
        assert!(std::env::var_os("CI").is_none(), "missing: {missing}");
        eprintln!("SKIPPED: {missing}");
        return;
    }
    let office = founded();
    office.write("secret", &format!("{SECRET}\n"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/tests/sixteen.mjs");
    let mut node = Command::new("node");
    node.arg(script).arg(env!("CARGO_BIN_EXE_sanzi"));
    node.arg(office.folder.path())
        .arg(WINDOW_SECONDS.to_string());
    assert!(node.status().unwrap().success(), "sixteen.mjs: see above");
    let pins = ["--pins", "data/donglang/pins.json", "--lang", "en"];
    let audited = office.ok(&[&["audit", "data"], &pins[..]].concat());
    for said in [
        "1 transactions, 1 of them complete",
        // Nothing is there twice, nothing is left out.
        "all 48 entries and 91 signatures",
    ] {
        assert!(audited.out.contains(said), "{said}: {}", audited.out);
    }
    office.ok(&["fsck", "data"]);
    for member in ["zhao", "he", "jie", "qian"] {
        opens_elsewhere(&office, member);
    }
}
