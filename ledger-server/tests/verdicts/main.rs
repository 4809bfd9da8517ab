//! Two verifiers that share no code: the Rust auditor and the one that runs in browsers. They are given
//! the same logs, events, signatures and proofs — true ones, and tampered in every way — and must agree.
//!
//! The second one runs under Node.js here. Without it these tests say so and pass, unless `CI` is set.
#![cfg(feature = "pages")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it leaves out"
)]

mod events;
mod logs;
mod mutations;
mod primitives;
#[path = "../../../ledger-core/tests/scene/mod.rs"]
mod scene;

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Runs the second verifier: its answers, one for each question. `None` if there is no Node.js here.
fn ask<I: AsRef<OsStr>>(mode: &str, arguments: &[I], input: &Value) -> Option<Vec<Value>> {
    let tool = Path::new(env!("SANZI_WEB_TOOLS")).join("verdict.mjs");
    let mut command = Command::new("node");
    command.arg(tool).arg(mode).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if std::env::var_os("CI").is_none() => {
            eprintln!("SKIPPED: the second verifier needs Node.js: {error}");
            return None;
        }
        Err(error) => panic!("node: {error}"),
    };
    let mut stdin = child.stdin.take().unwrap();
    let text = input.to_string();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the second verifier broke off");
    let lines = String::from_utf8(output.stdout).unwrap();
    let answers = lines.lines().map(serde_json::from_str);
    Some(answers.collect::<Result<_, _>>().unwrap())
}
