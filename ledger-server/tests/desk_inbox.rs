//! The desk's inbox and publishing in real browsers, each person with one of their own: one drafts, the others
//! sign, the entry stands; and what goes wrong between them.
//!
//! The path is in `web/tests/inbox.mjs`. Without Chromium or what `npm ci` installs in `web` this says so and
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

use office::{Office, steps};
use serde_json::json;

fn missing() -> Option<&'static str> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/node_modules/playwright-core");
    let chromium = std::env::var_os("CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into());
    if !Path::new(&chromium).exists() {
        return Some("Chromium: install it, or name it in CHROMIUM");
    }
    (!web.exists()).then_some("playwright-core: run npm ci in ledger-server/web")
}

/// Drafts that a member becomes an attestor, signed by these.
fn grant(office: &Office, member: &str, signers: &[&str], draft: &str) {
    let body = json!({ "member": member, "role": "attestor" });
    office.write("body.json", &body.to_string());
    let key = office.key(signers[0]);
    let pass = ["--passphrase-file", "pass"];
    let record = ["record", "role_granted", "--ledger", "data", "--key", &key];
    let files = ["--from", "body.json", "--out", draft];
    office.ok(&[&record[..], &files, &pass].concat());
    for signer in &signers[1..] {
        let key = office.key(signer);
        let cosign = ["cosign", draft, "--ledger", "data", "--yes", "--key", &key];
        office.ok(&[&cosign[..], &pass].concat());
    }
}

#[test]
fn one_drafts_the_others_sign_and_the_entry_stands() {
    if let Some(missing) = missing() {
        assert!(std::env::var_os("CI").is_none(), "missing: {missing}");
        eprintln!("SKIPPED: {missing}");
        return;
    }
    let office = Office::opened_with_windows(600);
    for step in &steps()[..3] {
        office.carry_out("data", step, &office.fresh_draft());
    }
    grant(&office, "qian", &["chen"], "late.draft");
    grant(&office, "jie", &["chen", "liang"], "first.draft");
    let (service, url) = office.serve();
    let site = url.split("/donglang").next().unwrap();
    let mut node = Command::new("node");
    node.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("web/tests/inbox.mjs"));
    node.arg(site.trim_end_matches('/')).arg(office.path(""));
    assert!(node.status().unwrap().success(), "inbox.mjs: see above");
    drop(service);
    // The founding, three steps, the publication, a posting and two grants: nothing twice.
    let audited = office.ok(&["audit", "data"]);
    assert!(audited.out.contains('8'), "{}", audited.out);
}
