//! Sixty-four impatient clients, a service that is stopped and started under them, and in the end exactly
//! one entry for each statement.
//!
//! Of what they submit, 30 % is sent more than once; of that, a third by a client that leaves before it has
//! read the answer, and a third by two at the same time. `SANZI_STORM` says how many statements each client
//! submits; 1,000 make the test that the figures are quoted from. `SANZI_PROGRAM` names another program to
//! put to the test, such as one that is built for release.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says how fast it was"
)]

mod scene;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ledger_core::event::{LoggedEntry, SignedEvent};
use ledger_core::hash::Hash;
use ledger_core::proof::Proof;
use ledger_core::store::Store as _;
use ledger_core::store::local::{LocalFolder, LocalOptions};
use scene::folder::{DataFolder, PASSPHRASE, ledger_of};
use scene::{NOW, ORIGIN, VERIFIERS, at, key, signed, verification};
use serde_json::{Value, json};

const CLIENTS: usize = 64;

/// How often the service is stopped and started meanwhile.
const RESTARTS: usize = 3;

/// How long a client goes on trying.
const PATIENCE: Duration = Duration::from_secs(60);

fn statements_of_each() -> usize {
    std::env::var("SANZI_STORM").map_or(40, |number| number.parse().unwrap())
}

fn program() -> Command {
    let built = env!("CARGO_BIN_EXE_sanzi").into();
    Command::new(std::env::var_os("SANZI_PROGRAM").unwrap_or(built))
}

/// How a statement is submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Once,
    Twice,
    Together,
    /// First by somebody who does not wait for the answer.
    Deserted,
}

/// 70 % once, 10 % in each other manner, mixed.
fn manner(client: usize, number: usize) -> Manner {
    match (client * 7 + number * 3) % 10 {
        0 => Manner::Twice,
        1 => Manner::Together,
        2 => Manner::Deserted,
        _ => Manner::Once,
    }
}

/// A running service, killed when dropped.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(data: &Path, listen: SocketAddr) -> Service {
    let mut child = program()
        .args(["serve", "--requests-per-second", "0", "--listen"])
        .arg(listen.to_string())
        .arg("--data")
        .arg(data)
        .env("SANZI_LOG_PASSPHRASE", PASSPHRASE)
        .env("LANG", "en_US.UTF-8")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let up = lines.any(|line| line.unwrap().starts_with("Serving: "));
    assert!(up, "{:?}", child.wait());
    thread::spawn(move || lines.count());
    Service(child)
}

/// Sends SIGTERM; it ends cleanly, and soon.
fn stop(service: &mut Service) -> Duration {
    let child = &mut service.0;
    let told = Instant::now();
    let id = child.id().to_string();
    assert!(Command::new("kill").arg(&id).status().unwrap().success());
    let ended = child.wait().unwrap();
    let took = told.elapsed();
    assert_eq!(ended.code(), Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
    took
}

/// A client that keeps its connection as long as it can.
struct Client {
    agent: ureq::Agent,
    at: SocketAddr,
}

impl Client {
    fn new(at: SocketAddr) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .proxy(None);
        let agent = config.build().into();
        Self { agent, at }
    }

    /// Submits until there is a receipt: whether the entry was new, and the receipt.
    fn insist(&self, note: &[u8]) -> (bool, Vec<u8>) {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < PATIENCE);
            let url = format!("http://{}/donglang/events", self.at);
            let post = self.agent.post(&url);
            let sent = post
                .header("content-type", "text/plain; charset=utf-8")
                .send(note);
            if let Ok(mut answer) = sent
                && let Ok(body) = answer.body_mut().read_to_vec()
            {
                match answer.status().as_u16() {
                    201 => return (true, body),
                    200 => return (false, body),
                    503 => assert!(answer.headers().contains_key("retry-after")),
                    other => panic!("{other}: {}", String::from_utf8_lossy(&body)),
                }
            }
            // It is being started again.
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends all of a submission, and leaves.
    fn desert(&self, note: &[u8]) {
        if let Ok(mut socket) = TcpStream::connect(self.at) {
            let head = format!(
                "POST /donglang/events HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\r\n",
                note.len()
            );
            let _ = socket.write_all(head.as_bytes());
            let _ = socket.write_all(note);
        }
    }

    fn submit(&self, note: &[u8], manner: Manner) -> Vec<(bool, Vec<u8>)> {
        match manner {
            Manner::Once => vec![self.insist(note)],
            Manner::Twice => vec![self.insist(note), self.insist(note)],
            Manner::Together => {
                let other = Self::new(self.at);
                thread::scope(|scope| {
                    let second = scope.spawn(|| other.insist(note));
                    vec![self.insist(note), second.join().unwrap()]
                })
            }
            Manner::Deserted => {
                self.desert(note);
                vec![self.insist(note), self.insist(note)]
            }
        }
    }
}

/// What one client sent, and what it got for it.
struct Course {
    notes: Vec<Vec<u8>>,
    receipts: Vec<Vec<(bool, Vec<u8>)>>,
}

/// The statement's text in an entry or a note.
fn text_of(signed: &SignedEvent) -> String {
    signed.note().text().to_owned()
}

/// Checks a client's receipts against the entries as they stand in the end.
fn check(course: &Course, entries: &[Vec<u8>], place: &BTreeMap<String, usize>) {
    for (note, receipts) in course.notes.iter().zip(&course.receipts) {
        let text = text_of(&SignedEvent::parse(note).unwrap());
        let index = place[&text];
        let leaf = Hash::leaf(&entries[index]);
        for (_, receipt) in receipts {
            let proof = Proof::parse(receipt).unwrap();
            assert_eq!(proof.index(), index as u64);
            proof.verify(&leaf, key(None).verifier()).unwrap();
        }
        let new = receipts.iter().filter(|(new, _)| *new).count();
        assert!(new <= 1);
    }
}

fn founded(data: &DataFolder) -> Hash {
    let folder = data.open();
    let (ledger, _) = ledger_of(&folder);
    let id = ledger.state().unwrap().ledger_id;
    ledger.into_store().close().unwrap();
    folder.close().unwrap();
    let pins = json!({ "ledger_id": id, "log_key": key(None).verifier(), "origin": ORIGIN });
    data.file("pins.json", &pins.to_string());
    id
}

fn notes_of(client: usize, each: usize, id: Hash) -> Vec<Vec<u8>> {
    let note = |number: usize| {
        let stream = format!("transaction/{client}-{number}");
        signed(&stream, id, at(NOW), verification(), &VERIFIERS)
    };
    (0..each).map(note).collect()
}

fn audit(data: &DataFolder) -> Value {
    let mut command = program();
    command.arg("audit").arg(data.path()).arg("--json");
    command.arg("--pins");
    let command = command.arg(data.path().with_file_name("pins.json"));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(text.trim_end().lines().last().unwrap()).unwrap()
}

#[test]
fn retries_lost_answers_and_restarts_leave_one_entry_for_each_statement() {
    let data = DataFolder::new();
    let id = founded(&data);
    let each = statements_of_each();
    let all_notes: Vec<Vec<Vec<u8>>> = thread::scope(|scope| {
        let signing: Vec<_> = (0..CLIENTS)
            .map(|client| scope.spawn(move || notes_of(client, each, id)))
            .collect();
        signing.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = free.local_addr().unwrap();
    drop(free);

    let begun = Instant::now();
    let mut service = start(&data.path(), listen);
    let done = AtomicUsize::new(0);
    let total = CLIENTS * each;
    let mut stops = Vec::new();
    let courses: Vec<Course> = thread::scope(|scope| {
        let clients: Vec<_> = (0..)
            .zip(all_notes)
            .map(|(number, notes)| {
                let done = &done;
                scope.spawn(move || {
                    let client = Client::new(listen);
                    let mut receipts = Vec::with_capacity(notes.len());
                    for (place, note) in notes.iter().enumerate() {
                        receipts.push(client.submit(note, manner(number, place)));
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                    Course { notes, receipts }
                })
            })
            .collect();
        for round in 1..=RESTARTS {
            while done.load(Ordering::Relaxed) < round * total / (RESTARTS + 1) {
                thread::sleep(Duration::from_millis(5));
            }
            stops.push(stop(&mut service));
            service = start(&data.path(), listen);
        }
        clients.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let took = begun.elapsed();
    stop(&mut service);

    let options = LocalOptions {
        read_only: true,
        ..LocalOptions::default()
    };
    let folder = LocalFolder::open(data.path(), options).unwrap();
    let store = folder.ledger("donglang").unwrap();
    assert_eq!(store.size(), 1 + total as u64);
    let entries = store.entries(0, 1 + total).unwrap();
    let mut place = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let text = text_of(&LoggedEntry::parse(entry).unwrap().signed);
        assert_eq!(
            place.insert(text, index),
            None,
            "entry {index} stands twice"
        );
    }
    thread::scope(|scope| {
        for course in &courses {
            scope.spawn(|| check(course, &entries, &place));
        }
    });
    assert_eq!(audit(&data)["size"], 1 + total as u64);
    let sent: usize = courses
        .iter()
        .flat_map(|one| &one.receipts)
        .map(Vec::len)
        .sum();
    eprintln!(
        "{total} statements, {sent} receipts, {RESTARTS} restarts (stopped in {stops:?}) in {took:?}: {:.0} receipts a second",
        sent as f64 / took.as_secs_f64()
    );
}
