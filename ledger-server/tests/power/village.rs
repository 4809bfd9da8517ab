//! A data folder with a founded ledger, what is submitted to it, and the service that serves it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use data_encoding::BASE64;
use ledger_core::commitment::Salt;
use ledger_core::event::Statement;
use ledger_core::hash::{Commitment, Digest, Hash};
use ledger_core::store::Store as _;
use ledger_core::store::local::DocumentName;
use ledger_server::{SignedParts, content_digest, sign_request};
use serde_json::{Value, json};

use crate::scene::folder::{DataFolder, PASSPHRASE, ledger_of};
use crate::scene::{NOW, ORIGIN, VERIFIERS, at, key, signed, verification};

/// The name under which clients ask.
const HOST: &str = "sanzi.example.org";

/// How long a start may take, with the opening of the log's key; a machine may be busy.
const START: Duration = Duration::from_secs(30);

/// A founded ledger that nobody serves yet.
pub(crate) struct Village {
    pub(crate) data: DataFolder,
    pub(crate) id: Hash,
    /// Signing takes its time.
    signed: Mutex<BTreeMap<usize, Vec<u8>>>,
}

impl Village {
    pub(crate) fn new() -> Self {
        let data = DataFolder::new();
        let id = {
            let folder = data.open();
            let (ledger, _) = ledger_of(&folder);
            let id = ledger.state().unwrap().ledger_id;
            ledger.into_store().close().unwrap();
            folder.close().unwrap();
            id
        };
        let pins = json!({ "ledger_id": id, "log_key": key(None).verifier(), "origin": ORIGIN });
        std::fs::write(data.path().join("donglang/pins.json"), pins.to_string()).unwrap();
        let signed = Mutex::default();
        Self { data, id, signed }
    }

    /// The folder in which data and anchors are.
    pub(crate) fn home(&self) -> PathBuf {
        self.data.path().parent().unwrap().to_owned()
    }

    /// The event that opens the transaction of this number, naming its two documents.
    pub(crate) fn note(&self, number: usize) -> Vec<u8> {
        if let Some(note) = self.signed.lock().unwrap().get(&number) {
            return note.clone();
        }
        let stream = format!("transaction/2018-{number}");
        let note = signed(&stream, self.id, at(NOW), body(number), &VERIFIERS);
        self.signed.lock().unwrap().insert(number, note.clone());
        note
    }
}

/// A public and a private document in turn.
pub(crate) fn name_of(number: usize) -> DocumentName {
    match number % 2 {
        0 => DocumentName::Public(Digest::of(&document(number))),
        _ => DocumentName::Private(Commitment::to(&salt(number), &document(number))),
    }
}

pub(crate) fn document(number: usize) -> Vec<u8> {
    let seed = Digest::of(number.to_string().as_bytes());
    seed.as_bytes().iter().copied().cycle().take(5000).collect()
}

fn salt(number: usize) -> Salt {
    Salt::from_bytes([u8::try_from(number % 251).unwrap(); 32])
}

fn body(number: usize) -> Value {
    let mut body = verification();
    body["documents"][0] = match name_of(number) {
        DocumentName::Public(digest) => json!({
            "access": "public", "kind": "asset_register", "sha256": digest, "size_bytes": 5000, "title": "台账",
        }),
        DocumentName::Private(commitment) => json!({
            "access": "private", "kind": "asset_register", "commitment": commitment, "readers": ["chair"], "title": "台账",
        }),
    };
    body
}

/// `sanzi`, or the program that `SANZI_PROGRAM` names, such as one from which a sync was taken out.
pub(crate) fn program() -> PathBuf {
    let built = env!("CARGO_BIN_EXE_sanzi").into();
    std::env::var_os("SANZI_PROGRAM").map_or(built, PathBuf::from)
}

/// A running service, killed when dropped.
pub(crate) struct Service {
    pub(crate) child: Child,
    pub(crate) address: String,
    /// How long it took from its start until it served.
    pub(crate) took: Duration,
    said: tempfile::NamedTempFile,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a service is started with, after the program's name.
pub(crate) fn serving(data: &Path) -> Vec<String> {
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--least-free-mib",
        "1",
        "--requests-per-second",
        "0",
        "--data",
    ];
    let data = data.to_str().unwrap().to_owned();
    let arguments = arguments.map(str::to_owned);
    arguments.into_iter().chain([data]).collect()
}

/// Lets a command say what it says in English, and open the log's key.
pub(crate) fn dressed(command: &mut Command) -> &mut Command {
    command
        .env("SANZI_LOG_PASSPHRASE", PASSPHRASE)
        .env("LANG", "en_US.UTF-8")
        .env("RUST_LOG", "warn")
        .env_remove("SANZI_ANCHOR")
        .env_remove("NOTIFY_SOCKET")
}

impl Service {
    /// Starts it by a whole command; what it said instead, if it does not come to serve.
    pub(crate) fn start(mut command: Command) -> Result<Self, String> {
        let begun = Instant::now();
        dressed(&mut command);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let said = tempfile::NamedTempFile::new().unwrap();
        command.stderr(said.reopen().unwrap());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut serving = lines.by_ref().map_while(Result::ok);
        let Some(line) = serving.find(|line| line.starts_with("Serving: ")) else {
            let status = child.wait().unwrap();
            let said = std::fs::read_to_string(said.path()).unwrap_or_default();
            return Err(format!("{status}: {said}"));
        };
        let took = begun.elapsed();
        assert!(took < START, "{took:?}");
        let url = line.split(' ').nth(1).unwrap();
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        std::thread::spawn(move || lines.count());
        Ok(Self {
            address: address.to_owned(),
            child,
            said,
            took,
        })
    }

    pub(crate) fn client(&self) -> Client {
        Client {
            address: self.address.clone(),
        }
    }

    /// Sends SIGTERM to the program, also below strace, and waits until all of it has ended; what it said.
    pub(crate) fn terminate(mut self) -> String {
        let id = self.child.id();
        let below = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let below = below.unwrap_or_default();
        let told = below
            .split_whitespace()
            .next()
            .map_or(id.to_string(), str::to_owned);
        // It may have ended by itself.
        let _ = Command::new("kill")
            .arg(told)
            .stderr(Stdio::null())
            .status();
        self.child.wait().unwrap();
        std::fs::read_to_string(self.said.path()).unwrap_or_default()
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// What was answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Reads an answer as it came; `None` if not even its head is whole.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
        Some(Self {
            status: head.get(9..12)?.parse().ok()?,
            head,
            body: bytes[end + 4..].to_vec(),
        })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(found, _)| *found == name)
            .map(|(_, value)| value)
            .next()
    }

    pub(crate) fn text(&self) -> String {
        format!("{}\n{}", self.head, String::from_utf8_lossy(&self.body))
    }
}

/// Who asks; each request has a connection of its own, and says in `x-request-id` what it is about.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) address: String,
}

impl Client {
    /// `None` if the server went away before it had answered.
    fn ask(&self, line: &str, id: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(START)).ok()?;
        let mut head = format!(
            "{line} HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\naccept-language: en\r\nx-request-id: {id}\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).ok()?;
        let _ = stream.write_all(body);
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        let answer = Answer::parse(&all)?;
        let length: Option<usize> = answer.header("content-length").and_then(|l| l.parse().ok());
        length
            .is_none_or(|length| length == answer.body.len())
            .then_some(answer)
    }

    pub(crate) fn get(&self, path: &str) -> Option<Answer> {
        self.ask(&format!("GET /{path}"), "g", &[], b"")
    }

    /// Asks whether all is well; the answer is taken for told if `told`.
    pub(crate) fn health(&self, told: bool) -> Option<Answer> {
        self.ask("GET /healthz", if told { "s" } else { "h" }, &[], b"")
    }

    pub(crate) fn submit(&self, number: usize, note: &[u8]) -> Option<Answer> {
        let kind = ("content-type", "text/plain; charset=utf-8");
        let id = format!("e{number}");
        self.ask("POST /donglang/events", &id, &[kind], note)
    }

    /// Hands in the document of this number.
    pub(crate) fn hand_in(&self, number: usize) -> Option<Answer> {
        let (path, body) = match name_of(number) {
            DocumentName::Public(digest) => {
                (format!("/donglang/documents/{digest}"), document(number))
            }
            DocumentName::Private(commitment) => {
                let body = [&salt(number).as_bytes()[..], &document(number)].concat();
                (format!("/donglang/private/{commitment}"), body)
            }
        };
        let digest = content_digest(Digest::of(&body).as_bytes());
        let parts = SignedParts {
            method: "PUT",
            authority: HOST,
            path: &path,
            query: None,
            content_digest: Some(&digest),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let nonce = format!("nonce-{:020}", now.as_nanos());
        let signer = key(Some("deng"));
        let (input, signature) = sign_request(&parts, &signer, now.as_secs(), &nonce).unwrap();
        let headers = [
            ("content-digest", digest.as_str()),
            ("signature-input", input.as_str()),
            ("signature", signature.as_str()),
        ];
        self.ask(
            &format!("PUT {path}"),
            &format!("p{number}"),
            &headers,
            &body,
        )
    }

    fn desk(&self, path: &str, id: &str, cookie: &str, given: &Value) -> Option<Answer> {
        let origin = format!("https://{HOST}");
        let headers = [
            ("origin", origin.as_str()),
            ("content-type", "application/json"),
            ("cookie", cookie),
        ];
        let line = format!("POST /donglang/desk{path}");
        self.ask(&line, id, &headers, given.to_string().as_bytes())
    }

    /// Signs in at the desk; gives the cookie.
    pub(crate) fn sign_in(&self, member: &str) -> Option<String> {
        let answer = self.desk("/challenge", "g", "", &json!({}))?;
        let given: Value = serde_json::from_slice(&answer.body).ok()?;
        let challenge = given["challenge"].as_str()?;
        let key = key(Some(member));
        let signature = BASE64.encode(&key.sign_request(challenge));
        let given = json!({ "key": key.verifier().to_string(), "challenge": challenge, "signature": signature });
        let answer = self.desk("/session", "g", "", &given)?;
        Some(answer.header("set-cookie")?.split(';').next()?.to_owned())
    }

    /// Begins a draft that waits for others, which opens the transaction of this number.
    pub(crate) fn draft(&self, village: &Village, cookie: &str, number: usize) -> Option<Answer> {
        let note = village.note(number);
        let text = String::from_utf8(note).unwrap();
        let text = text.split_once("\n\n").unwrap().0.to_owned() + "\n";
        let note = Statement::parse(&text)
            .unwrap()
            .sign(&[key(Some("deng"))])
            .unwrap();
        let given = json!({ "note": String::from_utf8(note).unwrap() });
        self.desk("/drafts", &format!("d{number}"), cookie, &given)
    }
}
