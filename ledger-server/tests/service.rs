//! `sanzi serve` as an operator sets it up: a file, the environment and flags; the log; the private listener.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use ledger_core::store::Store as _;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use scene::folder::{DataFolder, PASSPHRASE, ledger_of};
use scene::running::{Service, sanzi};
use scene::{NOW, VERIFIERS, at, signed, verification};

fn get(url: &str) -> (u16, String) {
    let agent = ureq::Agent::config_builder().http_status_as_error(false);
    let agent: ureq::Agent = agent.build().into();
    let mut answer = agent.get(url).call().unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), text)
}

#[test]
fn flags_come_before_the_environment_and_that_before_the_file() {
    let data = DataFolder::new();
    let text = format!(
        "data = {:?}\nlisten = \"127.0.0.1:1\"\nmetrics-listen = \"127.0.0.1:0\"\nlog-format = \"text\"\nleast-free-mib = 4000000000\nrequests-per-second = 2\nburst = 4\n",
        data.path()
    );
    let file = data.file("sanzi.toml", &text);
    let file = file.to_str().unwrap();
    let checked = sanzi(&["config", "check", file]).output().unwrap();
    assert_eq!(checked.status.code(), Some(0));

    let mut command = sanzi(&["serve", "--config", file, "--log-format", "json"]);
    command
        .env("SANZI_LISTEN", "127.0.0.1:0")
        .env("SANZI_LOG_FORMAT", "text")
        .env("SANZI_BURST", "3")
        .env("RUST_LOG", "ledger_server=debug")
        .env("SANZI_LOG_PASSPHRASE", PASSPHRASE);
    let service = Service::start(command);
    // Of the file: so much room no disk has.
    let (status, text) = get(&format!("{}readyz", service.url));
    assert!(status == 503 && text.contains("disk_nearly_full"), "{text}");
    // Of the environment: three at once, of which one was the question above.
    let statuses: Vec<u16> = (0..3).map(|_| get(&service.url).0).collect();
    assert_eq!(statuses, [200, 200, 429]);
    let said = service.stop();
    // Of the flags: the log is JSON, with the request's id and what was asked.
    let answered = said.lines().filter(|line| line.starts_with('{'));
    let answered: Vec<serde_json::Value> = answered
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &serde_json::Value| line["message"] == "answered")
        .collect();
    assert_eq!(answered.len(), 4, "{said}");
    assert_eq!(answered[0]["span"]["path"], "/readyz");
    assert_eq!(answered[0]["status"], 503);
    assert_eq!(answered[3]["status"], 429);
    assert_eq!(answered[0]["span"]["id"].as_str().unwrap().len(), 32);
    assert!(said.contains("metrics: http://127.0.0.1:"), "{said}");
}

#[test]
fn metrics_are_on_their_own_listener_only() {
    let data = DataFolder::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let private = free.local_addr().unwrap().to_string();
    drop(free);
    let mut command = sanzi(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--metrics-listen",
        &private,
    ]);
    command.arg("--data").arg(data.path());
    command.env("SANZI_LOG_PASSPHRASE", PASSPHRASE);
    let service = Service::start(command);
    assert_eq!(get(&format!("{}metrics", service.url)).0, 404);
    let (status, text) = get(&format!("http://{private}/metrics"));
    assert_eq!(status, 200);
    assert!(
        text.contains("sanzi_ledger_entries{slug=\"donglang\"} 1"),
        "{text}"
    );
    service.stop();
    // The listener holds no ledger open.
    let (ledger, indexed) = ledger_of(&data.open());
    assert_eq!((ledger.size(), indexed), (1, 0));
}

#[test]
fn no_secret_is_logged_however_much_is() {
    let data = DataFolder::new();
    let ledger_id = {
        let folder = data.open();
        let (ledger, _) = ledger_of(&folder);
        let id = ledger.state().unwrap().ledger_id;
        ledger.into_store().close().unwrap();
        folder.close().unwrap();
        id
    };
    let mut command = sanzi(&["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]);
    command.arg("--data").arg(data.path());
    command
        .env("SANZI_LOG_PASSPHRASE", PASSPHRASE)
        .env("RUST_LOG", "trace");
    let service = Service::start(command);
    let note = signed(
        "transaction/2018-1",
        ledger_id,
        at(NOW),
        verification(),
        &VERIFIERS,
    );
    let url = format!("{}donglang/events?token=query-secret", service.url);
    let sent = ureq::post(&url)
        .header("content-type", "text/plain; charset=utf-8")
        .header("authorization", "Bearer header-secret")
        .header("cookie", "session=cookie-secret")
        .send(&note[..]);
    assert_eq!(sent.unwrap().status().as_u16(), 201);
    let said = service.stop();
    assert!(said.contains("\"message\":\"answered\""), "{said}");
    let seed = [7_u8; 32];
    let secrets = [
        PASSPHRASE.to_owned(),
        "query-secret".to_owned(),
        "header-secret".to_owned(),
        "cookie-secret".to_owned(),
        data_encoding::HEXLOWER.encode(&seed),
        data_encoding::BASE64.encode(&seed),
        format!("{seed:?}"),
    ];
    for secret in secrets {
        let found = said.lines().find(|line| line.contains(&secret));
        assert_eq!(found, None, "{secret}");
    }
}

#[test]
fn a_mistake_in_the_settings_is_told_with_its_place() {
    let data = DataFolder::new();
    let file = data.file("sanzi.toml", "data = \"x\"\n\nlisten = 8080\n");
    let path = file.to_str().unwrap();
    let starts: [&[&str]; 2] = [&["config", "check", path], &["serve", "--config", path]];
    for arguments in starts {
        for language in ["zh", "en"] {
            let mut command = sanzi(arguments);
            let output = command.args(["--lang", language]).output().unwrap();
            assert_eq!(output.status.code(), Some(2));
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(said.contains(&format!("{path}:3")), "{said}");
            assert!(
                said.contains("ADDR:PORT") && said.contains("8080"),
                "{said}"
            );
        }
    }
    let output = sanzi(&["serve"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("--data") && said.contains("SANZI_DATA"),
        "{said}"
    );
    let example = sanzi(&["config", "example"]).output().unwrap().stdout;
    let file = data.file("example.toml", std::str::from_utf8(&example).unwrap());
    let mut command = sanzi(&["config", "check"]);
    assert_eq!(command.arg(file).output().unwrap().status.code(), Some(0));
}

#[test]
fn a_hangup_reads_files_again_and_stops_only_with_its_terminal() {
    let data = DataFolder::new();
    let command = || {
        let mut command = sanzi(&["serve", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(data.path());
        command.env("SANZI_LOG_PASSPHRASE", PASSPHRASE);
        command
    };
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let name = std::path::PathBuf::from(name.into_string().unwrap());
    let terminal = std::fs::File::options().read(true).open(name).unwrap();
    let service = Service::start_at(command(), terminal.into());
    service.signal("-HUP");
    service.wait_for(1, "SIGHUP");
    assert_eq!(get(&format!("{}healthz", service.url)).0, 200);
    drop(master);
    service.signal("-HUP");
    assert!(service.ended().contains("stopping"));
    // Without a terminal it has none to lose.
    let service = Service::start(command());
    service.signal("-HUP");
    service.wait_for(1, "SIGHUP");
    assert_eq!(get(&format!("{}healthz", service.url)).0, 200);
    service.stop();
}
