//! The description for programs against a real service, by a program that makes up requests from it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says why it was skipped"
)]

mod scene;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use ledger_core::hash::Digest;
use ledger_core::store::Store as _;
use scene::folder::{DataFolder, PASSPHRASE, ledger_of};
use scene::running::{Service, sanzi};
use scene::{NOW, VERIFIERS, at, signed, verification};
use serde_json::{Value, json};

/// Names a Python that has the program; `.ci/run` sets it.
const VARIABLE: &str = "SANZI_SCHEMATHESIS_PYTHON";

/// What each answer is held against.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,negative_data_rejection,\
    unsupported_method,allow_header_conformance";

/// How the program is called, if this machine has it.
fn program() -> Option<impl Fn() -> Command> {
    let named = std::env::var(VARIABLE).ok().filter(|name| !name.is_empty());
    let python = named.unwrap_or_else(|| "python3".to_owned());
    let program = move || {
        let mut command = Command::new(&python);
        command.args(["-m", "schemathesis.cli"]);
        command
    };
    let found = program().arg("--version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(program);
    }
    let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(
        !is_ci,
        "no schemathesis: name a Python that has it in {VARIABLE}"
    );
    eprintln!("skipped: no schemathesis; pip install it, and name that Python in {VARIABLE}");
    None
}

/// A ledger of enough entries for a full tile, and a document that it keeps.
fn filled() -> (DataFolder, Digest) {
    let data = DataFolder::new();
    let folder = data.open();
    let (mut ledger, _) = ledger_of(&folder);
    let id = ledger.state().unwrap().ledger_id;
    let notes: Vec<Vec<u8>> = (0..260)
        .map(|number| {
            let stream = format!("transaction/2018-{number}");
            signed(&stream, id, at(NOW), verification(), &VERIFIERS)
        })
        .collect();
    for receipt in ledger.append_many(&notes, at(NOW)).unwrap() {
        receipt.unwrap();
    }
    let mut store = ledger.into_store();
    let digest = store.put_document(b"<script>alert(1)</script>").unwrap();
    store.close().unwrap();
    folder.close().unwrap();
    (data, digest)
}

/// Whether what answers at this address is as described; what the program says of it.
fn conforms(
    program: &impl Fn() -> Command,
    data: &DataFolder,
    document: &Value,
    config: &Path,
    url: &str,
) -> (bool, String) {
    // Given as a file, it names itself, too.
    let document = data.file("openapi.json", &document.to_string());
    let run = program()
        .arg("--config-file")
        .arg(config)
        .arg("run")
        .arg(&document)
        .args(["--url", url, "--checks", CHECKS])
        .args(["--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", "20", "--seed", "2018"])
        .args(["--continue-on-failure", "--no-color"])
        .current_dir(config.parent().unwrap())
        .output()
        .unwrap();
    let said = [run.stdout, run.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (run.status.success(), said)
}

#[test]
fn the_service_does_what_its_description_says() {
    let Some(program) = program() else { return };
    let (data, digest) = filled();
    let mut command = sanzi(&["serve", "--listen", "127.0.0.1:0"]);
    command.args(["--requests-per-second", "0", "--data"]);
    command.arg(data.path());
    command.env("SANZI_LOG_PASSPHRASE", PASSPHRASE);
    let service = Service::start(command);
    // What is there, so that not every answer is 404.
    let config =
        format!("[parameters]\n\"path.slug\" = \"donglang\"\n\"path.sha256\" = \"{digest}\"\n");
    let config = data.file("schemathesis.toml", &config);
    let url = service.url.trim_end_matches('/');
    let mut answer = ureq::get(format!("{url}/openapi.json")).call().unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().keys());
    let count = operations.filter(|key| *key != "parameters").count();
    let begun = Instant::now();
    let (good, said) = conforms(&program, &data, &document, &config, url);
    let took = begun.elapsed();
    assert!(good, "{said}");
    assert!(said.contains(&format!("Tested: {count}\n")), "{said}");
    assert!(took < Duration::from_secs(60), "{took:?}");

    // It sees what is not so.
    let health = &mut document["paths"]["/healthz"]["get"];
    health["responses"]["200"]["content"] = json!({ "application/json": {} });
    let only = json!({ "/healthz": { "get": health.take() } });
    document["paths"] = only;
    let (good, said) = conforms(&program, &data, &document, &config, url);
    assert!(
        !good && said.contains("Undocumented Content-Type"),
        "{said}"
    );

    let said = service.stop();
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(ledger_of(&data.open()).0.size(), 261);
}
