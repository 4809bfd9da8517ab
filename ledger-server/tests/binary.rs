//! `sanzi serve` as it is run: what it prints, how it ends, and what it says when it cannot.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use ledger_core::store::Store as _;
use scene::folder::{DataFolder, PASSPHRASE, ledger_of};
use scene::{NOW, VERIFIERS, at, signed, verification};

fn sanzi(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sanzi"));
    command.args(arguments);
    for variable in [
        "LANG",
        "LC_ALL",
        "LC_MESSAGES",
        "SANZI_LOG_PASSPHRASE",
        "RUST_LOG",
    ] {
        command.env_remove(variable);
    }
    command
}

fn serve(data: &DataFolder, more: &[&str]) -> Command {
    let mut command = sanzi(&["serve", "--listen", "127.0.0.1:0", "--data"]);
    command.arg(data.path()).args(more);
    command
}

/// Runs to the end, which must come by itself, and gives code and complaints.
fn fails(mut command: Command) -> (Option<i32>, String) {
    let output: Output = command.output().unwrap();
    let complaints = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), complaints)
}

fn signal(child: &Child, signal: &str) {
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[test]
fn it_serves_until_it_is_told_to_stop() {
    let data = DataFolder::new();
    for stop in ["-TERM", "-INT"] {
        let mut command = serve(&data, &[]);
        command
            .env("SANZI_LOG_PASSPHRASE", PASSPHRASE)
            .stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ledger = lines.next().unwrap().unwrap();
        assert!(
            ledger.contains("东塱") && ledger.contains("演示账本") && ledger.contains("1 条"),
            "{ledger}"
        );
        let url = ledger.split('，').next_back().unwrap().to_owned();
        let serving = lines.next().unwrap().unwrap();
        assert!(
            serving.starts_with("正在服务：http://127.0.0.1:"),
            "{serving}"
        );
        let answer = ureq::get(&url)
            .call()
            .unwrap()
            .body_mut()
            .read_to_string()
            .unwrap();
        assert!(answer.contains("sanzi.example.org/donglang+"), "{answer}");

        let told = Instant::now();
        signal(&child, stop);
        let code = child.wait().unwrap().code();
        assert!(told.elapsed() < Duration::from_secs(5));
        assert_eq!(code, Some(0));
        let last = lines.map(Result::unwrap).last().unwrap();
        assert!(last.starts_with("已停止"), "{last}");
    }
    let (ledger, indexed) = ledger_of(&data.open());
    assert_eq!((ledger.size(), indexed), (1, 0));
}

#[test]
fn the_passphrase_may_come_from_a_file_or_lie_beside_the_key() {
    let data = DataFolder::new();
    let stops = |mut command: Command| {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next();
        assert!(first.is_some_and(|line| line.unwrap().contains("training ledger")));
        lines.next().unwrap().unwrap();
        signal(&child, "-TERM");
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stderr).unwrap()
    };
    let file = data.file("passphrase", &format!("{PASSPHRASE}\n"));
    let file = file.to_str().unwrap();
    stops(serve(
        &data,
        &["--lang", "en", "--log-passphrase-file", file],
    ));

    let beside = data.path().join("donglang/log.passphrase");
    std::fs::write(beside, PASSPHRASE).unwrap();
    let said = stops(serve(&data, &["--lang=en"]));
    assert!(said.contains("lies beside the key"), "{said}");
}

#[test]
fn what_keeps_it_from_serving_is_said_in_both_languages() {
    let data = DataFolder::new();
    let wrong = data.file("wrong", "wrong");
    let right = data.file("right", PASSPHRASE);
    let (wrong, right) = (wrong.to_str().unwrap(), right.to_str().unwrap());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let nowhere = data.path().join("nowhere");
    let nowhere = nowhere.to_str().unwrap();
    let path = data.path();
    let path = path.to_str().unwrap();
    let cases: [(&[&str], &str, &str); 5] = [
        (
            &["--data", path],
            "需要日志钥匙的口令",
            "passphrase is needed",
        ),
        (
            &["--data", path, "--log-passphrase-file", wrong],
            "口令不对",
            "passphrase of the log key is wrong",
        ),
        (
            &["--data", path, "--log-passphrase-file", nowhere],
            "读不到",
            "cannot read",
        ),
        (
            &[
                "--data",
                path,
                "--log-passphrase-file",
                right,
                "--listen",
                &taken,
            ],
            "端口已被占用",
            "port in use",
        ),
        (&["--data", nowhere], "里没有账本", "there is no ledger"),
    ];
    for (arguments, zh, en) in cases {
        for (language, text) in [("zh", zh), ("en", en)] {
            let mut command = sanzi(&["serve", "--lang", language]);
            command.args(arguments);
            let (code, said) = fails(command);
            assert_eq!(code, Some(2), "{said}");
            assert!(said.contains(text), "{said}");
        }
    }
    assert!(!std::path::Path::new(nowhere).exists());
    // An empty folder is left empty.
    let empty = tempfile::tempdir().unwrap();
    let (code, said) = fails(sanzi(&["serve", "--data", empty.path().to_str().unwrap()]));
    assert_eq!(code, Some(2));
    assert!(said.contains("里没有账本"), "{said}");
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_in_use_is_not_opened_twice() {
    let data = DataFolder::new();
    let held = data.open();
    let right = data.file("right", PASSPHRASE);
    let arguments = ["--log-passphrase-file", right.to_str().unwrap()];
    let (code, said) = fails(serve(&data, &arguments));
    assert_eq!(code, Some(2));
    assert!(said.contains("已有另一个 sanzi 在用"), "{said}");
    held.close().unwrap();
}

#[test]
fn usage_is_explained_in_the_language_asked_for() {
    for (arguments, zh, en) in [
        (
            &["witness"][..],
            "缺少参数 --data <DIR>",
            "required arguments",
        ),
        (
            &["serve", "--nonsense"],
            "不认识的参数 --nonsense",
            "unexpected argument",
        ),
        (
            &["nonsense"],
            "没有命令 nonsense",
            "unrecognized subcommand",
        ),
        (
            &["serve", "--data", "x", "--listen", "here"],
            "不能取 \"here\"",
            "invalid value 'here'",
        ),
        (
            &["serve", "--data"],
            "--data <DIR> 缺少取值",
            "value is required",
        ),
    ] {
        let (code, said) = fails(sanzi(arguments));
        assert_eq!(code, Some(2));
        assert!(said.contains(zh), "{said}");
        let mut command = sanzi(arguments);
        command.env("LC_ALL", "en_GB.UTF-8");
        let (code, said) = fails(command);
        assert_eq!(code, Some(2));
        assert!(said.contains(en), "{said}");
    }
    let output = sanzi(&["--help"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let help = String::from_utf8(output.stdout).unwrap();
    for said in ["对外提供", "退出码：0 "] {
        assert!(help.contains(said), "{said}: {help}");
    }
    let output = sanzi(&["notice", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let place = |argument: &str| help.find(argument).unwrap();
    assert!(
        place("\n  <SOURCE>") < place("\n  <TRANSACTION>")
            && place("\n  <TRANSACTION>") < place("\n  <POINT>"),
        "{help}"
    );
}

#[test]
fn a_write_that_fails_is_made_good_without_a_restart() {
    let data = DataFolder::new();
    let (ledger_id, entries) = {
        let folder = data.open();
        let (ledger, _) = ledger_of(&folder);
        let id = ledger.state().unwrap().ledger_id;
        ledger.into_store().close().unwrap();
        folder.close().unwrap();
        let file = data.path().join("donglang/entries");
        (id, std::fs::metadata(file).unwrap().len())
    };
    // As on a full disk, but for this process only: no file may grow beyond the limit.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    let served = serve(&data, &[]);
    command.arg(served.get_program()).args(served.get_args());
    command.env("SANZI_LOG_PASSPHRASE", PASSPHRASE);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let (_, rest) = first.split_once("http").unwrap();
    let base = format!("http{}", rest.strip_suffix("/ledger.json").unwrap());
    let limit = |bytes: &str| {
        let pid = child.id().to_string();
        let arguments = ["--pid", &pid, &format!("--fsize={bytes}:")];
        let set = Command::new("prlimit").args(arguments).status();
        assert!(set.unwrap().success());
    };
    let submit = |id: &str| {
        let stream = format!("transaction/{id}");
        let note = signed(&stream, ledger_id, at(NOW), verification(), &VERIFIERS);
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let sent = agent
            .post(format!("{base}/events"))
            .header("content-type", "text/plain");
        let mut answer = sent.send(&note[..]).unwrap();
        let body = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), body)
    };
    assert_eq!(submit("2018-001").0, 201);
    limit(&(entries + 100).to_string());
    let (status, said) = submit("2018-002");
    assert_eq!(status, 503, "{said}");
    assert!(said.contains("urn:sanzi:cannot_write"), "{said}");
    assert_eq!(submit("2018-003").0, 503);
    let proof = ureq::get(format!("{base}/proof/1")).call().unwrap();
    assert_eq!(proof.status().as_u16(), 200);

    limit("unlimited");
    let started = Instant::now();
    while submit("2018-002").0 == 503 {
        assert!(started.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(submit("2018-002").0, 200);
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let folder = data.open();
    assert_eq!(ledger_of(&folder).0.size(), 3);
}
