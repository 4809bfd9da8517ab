//! A supervising office: servers to watch, a monitor to run, receivers that write down what they get.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::house::House;
use crate::scene::folder::PASSPHRASE;

/// `sanzi` in the house, without what the environment would add.
pub(crate) fn sanzi(house: &House, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sanzi"));
    command.current_dir(house.home()).args(arguments);
    for variable in ["LANG", "LC_ALL", "LC_MESSAGES", "RUST_LOG"] {
        command.env_remove(variable);
    }
    command
}

/// What `sanzi monitor --once --json` found, and its exit code.
pub(crate) fn once(house: &House, arguments: &[&str]) -> (i32, Vec<Value>) {
    let mut all = vec!["monitor", "--data", "watch", "--once", "--json"];
    all.extend(arguments);
    let output = sanzi(house, &all).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    let findings = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line} {err}")));
    let findings: Vec<Value> = findings.collect();
    (
        output.status.code().unwrap_or_else(|| panic!("{err}")),
        findings,
    )
}

/// Kinds and standings, as in `overdue found`.
pub(crate) fn kinds(findings: &[Value]) -> Vec<String> {
    let kind = |finding: &Value| {
        let (kind, state) = (finding["type"].as_str(), finding["state"].as_str());
        format!("{} {}", kind.unwrap(), state.unwrap())
    };
    findings.iter().map(kind).collect()
}

/// A process that is killed when dropped.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Starts a monitor that goes on until it is stopped, or killed when this is dropped.
    pub(crate) fn monitor(house: &House, arguments: &[&str]) -> Self {
        let mut all = vec!["monitor", "--data", "watch", "--every", "1", "--json"];
        all.extend(arguments);
        let mut command = sanzi(house, &all);
        Self(
            command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        )
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(sent.success());
    }
}

/// `sanzi serve` on a folder, at an address; returns when it serves.
pub(crate) fn serve(house: &House, data: &str, listen: &str) -> Running {
    let mut command = sanzi(house, &["serve", "--listen", listen, "--data", data]);
    command.env("SANZI_LOG_PASSPHRASE", PASSPHRASE);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("正在服务")));
    Running(child)
}

/// An address on which nobody listens.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// A request that a receiver got.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) path: String,
    /// Lower-case names and their values.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) at: Instant,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What is answered: nothing is never an answer.
pub(crate) type Answer = Option<(u16, String)>;

/// A receiver of HTTP requests, one thread for each.
pub(crate) struct Receiver {
    pub(crate) address: String,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Receiver {
    /// Listens at an address and answers each request by its number and path.
    pub(crate) fn at(
        address: &str,
        answer: impl Fn(usize, &Got) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (got, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let all = Arc::clone(&got);
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let (all, answer) = (Arc::clone(&all), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let mut socket = socket.unwrap();
                    let Some(request) = read(&socket) else { return };
                    let number = {
                        let mut all = all.lock().unwrap();
                        all.push(request.clone());
                        all.len()
                    };
                    match answer(number, &request) {
                        Some((status, body)) => {
                            let length = body.len();
                            let head = format!(
                                "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\nlocation: http://127.0.0.1:1/\r\n\r\n"
                            );
                            let _ = socket.write_all(format!("{head}{body}").as_bytes());
                        }
                        None => std::thread::sleep(Duration::from_secs(600)),
                    }
                });
            }
        });
        Self { address, got }
    }

    pub(crate) fn new(answer: impl Fn(usize, &Got) -> Answer + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0", answer)
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

fn read(socket: &TcpStream) -> Option<Got> {
    let mut lines = BufReader::new(socket.try_clone().ok()?);
    let mut line = String::new();
    lines.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let (mut headers, mut length) = (Vec::new(), 0);
    loop {
        line.clear();
        if lines.read_line(&mut line).ok()? <= 2 {
            break;
        }
        let (name, value) = line.split_once(':')?;
        let (name, value) = (name.to_lowercase(), value.trim().to_owned());
        if name == "content-length" {
            length = value.parse().ok()?;
        }
        headers.push((name, value));
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    Some(Got {
        path,
        headers,
        body: String::from_utf8(body).ok()?,
        at: Instant::now(),
    })
}

/// Waits until something is so.
pub(crate) fn wait_until(what: &str, mut so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !so() {
        assert!(started.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
