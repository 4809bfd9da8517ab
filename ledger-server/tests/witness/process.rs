//! `sanzi` as a process, a witness's folder, and plain HTTP.

use std::io::{BufRead as _, BufReader, Lines};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use ledger_core::cosignature::Cosigner;
use ledger_core::key::VerifierKey;
use ledger_core::keyfile;

use crate::scene::folder::{DataFolder, PASSPHRASE};

/// `sanzi` with these arguments, without what the environment would add.
pub(crate) fn sanzi(arguments: &[&str]) -> Command {
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

/// Exit code and everything that was said.
pub(crate) fn said(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// A process that serves; killed when dropped.
pub(crate) struct Process {
    child: Child,
    /// Where it serves, without a slash at the end.
    pub(crate) url: String,
    _lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts it, and waits until it says where it serves.
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines
            .by_ref()
            .map(Result::unwrap)
            .find(|line| line.starts_with("正在"))
            .and_then(|line| {
                let url = line.split_once("http")?.1.split_once("/ ")?.0.to_owned();
                Some(format!("http{url}"))
            });
        Self {
            child,
            url: url.unwrap(),
            _lines: lines,
        }
    }

    /// Stops it as an operator would; its exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A witness's folder, key and policy; gone when dropped.
pub(crate) struct WitnessSite {
    kept: tempfile::TempDir,
    key: Cosigner,
    listen: String,
}

impl WitnessSite {
    /// A witness of these logs, on a port of its own.
    pub(crate) fn new(name: &str, logs: &[&VerifierKey]) -> Self {
        let kept = tempfile::tempdir().unwrap();
        let mut seed = [5; 32];
        seed[..name.len()].copy_from_slice(name.as_bytes());
        let key = Cosigner::from_seed(name, &seed).unwrap();
        let file = |name: &str, text: &str| std::fs::write(kept.path().join(name), text).unwrap();
        file("key", &keyfile::seal(&seed, PASSPHRASE).unwrap());
        file("key.pub", &format!("{}\n", key.verifier()));
        file("passphrase", PASSPHRASE);
        let logs: String = logs.iter().map(|key| format!("log {key}\n")).collect();
        file("policy", &format!("# 所见证的账本\n{logs}quorum none\n"));
        Self {
            kept,
            key,
            listen: free_address(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.kept.path().join(name)
    }

    pub(crate) fn key(&self) -> &VerifierKey {
        self.key.verifier()
    }

    /// Its line in a policy, under that name.
    pub(crate) fn line(&self, name: &str) -> String {
        format!("witness {name} {} http://{}\n", self.key(), self.listen)
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = sanzi(&["witness", "--listen", &self.listen]);
        for (option, name) in [
            ("--data", "data"),
            ("--key", "key"),
            ("--logs", "policy"),
            ("--passphrase-file", "passphrase"),
        ] {
            command.arg(option).arg(self.path(name));
        }
        command
    }

    pub(crate) fn start(&self) -> Process {
        Process::start(self.command())
    }
}

/// An address on which nobody listens.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// `sanzi serve` on this folder.
pub(crate) fn serve(data: &DataFolder) -> Process {
    let mut command = sanzi(&["serve", "--listen", "127.0.0.1:0", "--data"]);
    command
        .arg(data.path())
        .env("SANZI_LOG_PASSPHRASE", PASSPHRASE);
    Process::start(command)
}

/// What was answered: status, content type, body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) body: String,
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)));
    config.build().into()
}

fn read(mut answer: ureq::http::Response<ureq::Body>) -> Answer {
    let kind = answer.headers().get("content-type");
    Answer {
        status: answer.status().as_u16(),
        kind: kind.map_or(String::new(), |kind| kind.to_str().unwrap().to_owned()),
        body: answer.body_mut().read_to_string().unwrap(),
    }
}

pub(crate) fn get(url: &str) -> Answer {
    read(agent().get(url).call().unwrap())
}

pub(crate) fn post(url: &str, body: &[u8]) -> Answer {
    let request = agent().post(url).header("content-type", "text/plain");
    read(request.send(body).unwrap())
}

/// Waits until something is so.
pub(crate) fn wait_until(what: &str, mut so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !so() {
        assert!(started.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
