//! Real Chromium, driven by the scripts of `web/tests`; without it, or without what `npm ci` installs in `web`,
//! tests say so and pass, unless `CI` is set.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it leaves out"
)]

use std::path::Path;
use std::process::Command;

fn missing() -> Option<&'static str> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/node_modules/playwright-core");
    let chromium = std::env::var_os("CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into());
    if !Path::new(&chromium).exists() {
        return Some("Chromium: install it, or name it in CHROMIUM");
    }
    (!web.exists()).then_some("playwright-core: run npm ci in ledger-server/web")
}

/// Whether there is a browser; where there must be one, there is.
pub(crate) fn ready() -> bool {
    let missing = missing();
    if let Some(missing) = missing {
        assert!(std::env::var_os("CI").is_none(), "missing: {missing}");
        eprintln!("SKIPPED: {missing}");
    }
    missing.is_none()
}

/// Runs one of `web/tests`, which has to succeed.
pub(crate) fn drive(script: &str, arguments: &[&str], folder: &Path) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/tests");
    let mut node = Command::new("node");
    let status = node
        .arg(tests.join(script))
        .args(arguments)
        .arg(folder)
        .status();
    assert!(status.unwrap().success(), "{script}: see above");
}
