//! A served data folder with a desk, and what members do at it; also at that of a real server.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::header::COOKIE;
use ledger_core::event::Statement;
use ledger_core::hash::Hash;
use ledger_core::store::local::LocalFolder;
use ledger_server::{DESK_FOLDER, Hosting, Ledgers, Options, Writer, app};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::folder::{DataFolder, hosting, ledger_of};
use super::sitter::{Sitter, from_desk};
use super::{Answer, NOW, answer, at, key, submission, verification};

/// A served data folder whose clock the test turns.
pub(crate) struct Office {
    pub(crate) data: DataFolder,
    pub(crate) open: Option<(Writer, LocalFolder)>,
    pub(crate) ledgers: Ledgers,
    pub(crate) router: Router,
    pub(crate) runtime: Runtime,
    pub(crate) clock: Arc<AtomicI64>,
}

pub(crate) fn served(
    data: &DataFolder,
    clock: &Arc<AtomicI64>,
) -> (Ledgers, (Writer, LocalFolder)) {
    let local = data.open();
    let hosting = Hosting {
        desk: Some(data.path().join("donglang").join(DESK_FOLDER)),
        ..hosting(ledger_of(&local).0)
    };
    let clock = Arc::clone(clock);
    let options = Options {
        clock: Arc::new(move || at(clock.load(Ordering::SeqCst))),
        ..Options::default()
    };
    let (ledgers, writer) = Writer::start(vec![hosting], options).unwrap();
    (ledgers, (writer, local))
}

impl Office {
    pub(crate) fn new() -> Self {
        let (data, clock) = (DataFolder::new(), Arc::new(AtomicI64::new(NOW)));
        let (ledgers, open) = served(&data, &clock);
        Self {
            data,
            open: Some(open),
            router: app(ledgers.clone()),
            ledgers,
            runtime: Runtime::new().unwrap(),
            clock,
        }
    }

    /// Stops, and starts again on what is on the disk.
    pub(crate) fn restart(&mut self) {
        let (writer, local) = self.open.take().unwrap();
        self.router = Router::new();
        self.runtime.block_on(writer.stop()).unwrap();
        local.close().unwrap();
        let (ledgers, open) = served(&self.data, &self.clock);
        (self.router, self.open) = (app(ledgers.clone()), Some(open));
        self.ledgers = ledgers;
    }

    pub(crate) fn sitter(&self, member: &str) -> Sitter<'_> {
        Sitter::member(&self.runtime, &self.router, member)
    }

    pub(crate) fn submit(&self, note: Vec<u8>) -> Answer {
        self.runtime
            .block_on(answer(self.router.clone(), submission(note)))
    }

    pub(crate) fn size(&self) -> u64 {
        self.ledgers.by_slug("donglang").unwrap().snapshot().size()
    }

    pub(crate) fn ledger_id(&self) -> Hash {
        self.ledgers
            .by_slug("donglang")
            .unwrap()
            .snapshot()
            .state
            .ledger_id
    }

    pub(crate) fn tend(&self) {
        let ledger = self.ledgers.by_slug("donglang").unwrap();
        self.runtime.block_on(ledger.tend_desk());
    }
}

/// Says in the data folder which ledger it holds, as `sanzi init` does.
pub(crate) fn pin(data: &DataFolder, ledger_id: Hash) {
    let pins = json!({
        "ledger_id": ledger_id, "log_key": key(None).verifier(), "origin": super::ORIGIN,
    });
    std::fs::write(data.path().join("donglang/pins.json"), pins.to_string()).unwrap();
}

/// What a rehearsal says is to be signed.
pub(crate) fn rehearsed(sitter: &Sitter<'_>, body: &Value) -> String {
    let answer = sitter.post("/rehearse", body);
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
    answer.json()["statement"].as_str().unwrap().to_owned()
}

/// Step 1 of a transaction.
pub(crate) fn opening(id: &str) -> Value {
    let mut body = verification();
    body.as_object_mut().unwrap().remove("kind");
    json!({"kind": "asset_verification", "transaction": id, "body": body})
}

pub(crate) fn granting(member: &str, role: &str) -> Value {
    json!({"kind": "role_granted", "body": {"member": member, "role": role}})
}

pub(crate) fn note(text: &str, signers: &[&str]) -> Value {
    let keys: Vec<_> = signers.iter().map(|member| key(Some(member))).collect();
    let note = Statement::parse(text).unwrap().sign(&keys).unwrap();
    json!({ "note": String::from_utf8(note).unwrap() })
}

pub(crate) fn line(text: &str, signer: &str) -> Value {
    json!({ "line": key(Some(signer)).sign_note_text(text).to_string() })
}

/// Begins a draft that waits, and gives its name.
pub(crate) fn begun(sitter: &Sitter<'_>, given: &Value) -> String {
    let answer = sitter.post("/drafts", given);
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    let stands = answer.json();
    assert_eq!(stands["state"], "waiting", "{stands}");
    stands["id"].as_str().unwrap().to_owned()
}

pub(crate) fn sign(sitter: &Sitter<'_>, id: &str, text: &str, signer: &str) -> Answer {
    sitter.post(&format!("/drafts/{id}/signatures"), &line(text, signer))
}

pub(crate) fn stands(answer: &Answer) -> Value {
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
    answer.json()
}

pub(crate) fn listed(sitter: &Sitter<'_>) -> Vec<Value> {
    stands(&sitter.get("/drafts")).as_array().unwrap().clone()
}

pub(crate) fn shown(sitter: &Sitter<'_>, id: &str) -> Value {
    stands(&sitter.get(&format!("/drafts/{id}/json")))
}

/// Hands in a document, as a page of the desk does.
pub(crate) fn put(sitter: &Sitter<'_>, path: &str, body: Vec<u8>) -> Answer {
    let request = from_desk("PUT", path)
        .header(COOKIE, &sitter.cookie)
        .header("content-length", body.len());
    sitter.ask(request.body(Body::from(body)).unwrap())
}

/// Step 1 with these documents.
pub(crate) fn opening_with(id: &str, documents: &[Value]) -> Value {
    let mut opening = opening(id);
    opening["body"]["documents"] = json!(documents);
    opening
}

/// A browser at the desk of a real server.
pub(crate) struct Browser {
    pub(crate) agent: ureq::Agent,
    pub(crate) cookie: String,
    pub(crate) origin: String,
}

impl Browser {
    pub(crate) fn at(url: &str, member: &str) -> Self {
        // The server may give up a connection that is not used.
        let config = ureq::Agent::config_builder().max_idle_connections(0);
        let config = config.http_status_as_error(false);
        let mut browser = Self {
            agent: config.build().into(),
            cookie: String::new(),
            origin: url.trim_end_matches('/').to_owned(),
        };
        let (_, challenged) = browser.post("/challenge", &json!({}));
        let challenge = challenged["challenge"].as_str().unwrap();
        let key = key(Some(member));
        let signature = data_encoding::BASE64.encode(&key.sign_request(challenge));
        let given = json!({
            "key": key.verifier().to_string(), "challenge": challenge, "signature": signature,
        });
        let answer = browser.request("/session").send(given.to_string()).unwrap();
        assert_eq!(answer.status().as_u16(), 204);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(!cookie.contains("Secure"), "{cookie}");
        browser.cookie = cookie.split(';').next().unwrap().to_owned();
        browser
    }

    pub(crate) fn request(&self, path: &str) -> ureq::RequestBuilder<ureq::typestate::WithBody> {
        let url = format!("{}/donglang/desk{path}", self.origin);
        let request = self.agent.post(url).header("origin", &self.origin);
        let request = request.header("content-type", "application/json");
        request.header("cookie", &self.cookie)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let mut answer = self.request(path).send(body.to_string()).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        (
            answer.status().as_u16(),
            serde_json::from_str(&text).unwrap_or_default(),
        )
    }

    /// As [`Browser::post`]; nothing if the connection is lost.
    pub(crate) fn tried(&self, path: &str, body: &Value) -> Option<Value> {
        let mut answer = self.request(path).send(body.to_string()).ok()?;
        let text = answer.body_mut().read_to_string().ok()?;
        serde_json::from_str(&text).ok()
    }

    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        self.send("GET", path, b"")
    }

    /// A request with any method and body.
    pub(crate) fn send(&self, method: &str, path: &str, body: &[u8]) -> (u16, Value) {
        self.stream(method, path, body.len() as u64, body).unwrap()
    }

    /// By hand, so that a body may be said to be longer than it is: the answer is read whatever was sent; with
    /// a body that fails, nothing.
    pub(crate) fn stream(
        &self,
        method: &str,
        path: &str,
        length: u64,
        mut body: impl std::io::Read,
    ) -> Option<(u16, Value)> {
        use std::io::{Read as _, Write as _};
        let address = self.origin.split_once("://")?.1;
        let mut stream = std::net::TcpStream::connect(address).ok()?;
        let timeout = Some(std::time::Duration::from_secs(60));
        stream.set_read_timeout(timeout).ok()?;
        let head = format!(
            "{method} /donglang/desk{path} HTTP/1.1\r\nhost: {address}\r\norigin: {}\r\ncookie: {}\r\n\
             content-type: application/json\r\naccept: application/json\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n",
            self.origin, self.cookie
        );
        stream.write_all(head.as_bytes()).ok()?;
        let mut block = vec![0; 1 << 16];
        loop {
            let count = body.read(&mut block).ok()?;
            if count == 0 || stream.write_all(&block[..count]).is_err() {
                break;
            }
        }
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        let body = answer.split_once("\r\n\r\n")?.1;
        Some((status, serde_json::from_str(body).unwrap_or_default()))
    }
}
