//! The charter's sheet in a real browser: changed by keyboard alone, compared, previewed, signed by two, in
//! force.
//!
//! The path is in `web/tests/charter.mjs`. Without Chromium or what `npm ci` installs in `web` this says so and
//! passes, unless `CI` is set.
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

fn missing() -> Option<&'static str> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/node_modules/playwright-core");
    let chromium = std::env::var_os("CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into());
    if !Path::new(&chromium).exists() {
        return Some("Chromium: install it, or name it in CHROMIUM");
    }
    (!web.exists()).then_some("playwright-core: run npm ci in ledger-server/web")
}

#[test]
fn a_charter_is_amended_by_keyboard_and_in_force_once_both_have_signed() {
    if let Some(missing) = missing() {
        assert!(std::env::var_os("CI").is_none(), "missing: {missing}");
        eprintln!("SKIPPED: {missing}");
        return;
    }
    let office = Office::opened_with_windows(600);
    let (service, url) = office.serve();
    let site = url.split("/donglang").next().unwrap();
    let mut node = Command::new("node");
    node.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("web/tests/charter.mjs"));
    node.arg(site.trim_end_matches('/')).arg(office.path(""));
    assert!(node.status().unwrap().success(), "charter.mjs: see above");
    // What the browser saved is a charter to the command line, and no other than the one in force now.
    let saved = office.ok(&["charter", "check", "saved.json", "--training"]);
    assert!(saved.out.contains("第 2 版"), "{}", saved.out);
    let same = office.ok(&["charter", "diff", "saved.json", "--of", &url]);
    assert!(same.out.contains("没有改动"), "{}", same.out);
    drop(service);
    let audited = office.ok(&["audit", "data"]);
    assert!(audited.out.contains('2'), "{}", audited.out);
    let before = office.ok(&["charter", "diff", "saved.json", "charter.json", "--json"]);
    let changes = before.json()["changes"].as_array().unwrap().len();
    assert_eq!(changes, 3, "{}", before.out);
}

#[test]
fn charters_are_compared_on_the_command_line() {
    let office = Office::opened_with_windows(600);
    let charter = std::fs::read_to_string(office.path("charter.json")).unwrap();
    office.write(
        "new.json",
        &charter.replace("\"length\": 600", "\"length\": 900"),
    );
    let of = office.ok(&["charter", "diff", "new.json", "--of", "data"]);
    let with = office.ok(&["charter", "diff", "new.json", "charter.json"]);
    assert_eq!(of.out, with.out);
    assert!(of.out.contains("第 4 环节"), "{}", of.out);
    assert!(of.out.contains("600 秒 → 900 秒"), "{}", of.out);
    office.fails(
        &[
            "charter",
            "diff",
            "new.json",
            "charter.json",
            "--of",
            "data",
        ],
        2,
        "--of",
    );
    office.write(
        "broken.json",
        &charter.replace("\"answers\": \"chair\"", "\"answers\": \"chef\""),
    );
    office.fails(
        &["charter", "diff", "broken.json"],
        1,
        "charter_changes.answers",
    );
}
