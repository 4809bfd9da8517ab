//! A founded ledger in memory behind a router without a socket, and signed events to submit to it.
//!
//! Deterministic but for the order of what runs at once: keys follow from seeds, the clock stands still.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod folder;
pub(crate) mod office;
pub(crate) mod running;
pub(crate) mod sitter;
mod store;

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use ledger_core::charter::Charter;
use ledger_core::checkpoint::SignedCheckpoint;
use ledger_core::event::{Event, Statement};
use ledger_core::hash::Hash;
use ledger_core::key::SigningKey;
use ledger_core::ledger::Ledger;
use ledger_core::name::StreamId;
use ledger_core::policy::Policy;
use ledger_core::store::Store;
use ledger_core::time::{LogTime, StatedTime};
use ledger_server::{Hosting, Ledgers, Options, Writer, app};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

pub(crate) use store::SharedMemory;

/// The name of the log.
pub(crate) const ORIGIN: &str = "sanzi.example.org/donglang";

/// 2018-03-26T01:00:00Z, a Monday morning in Beijing.
pub(crate) const NOW: i64 = 1_522_026_000;

/// The founders and their roles: those who verify assets, and those who change roster and charter.
const FOUNDERS: [(&str, &str); 4] = [
    ("chen", "chair"),
    ("deng", "asset_manager"),
    ("he", "accountant"),
    ("huang", "supervisor"),
];

/// Who signs step 1.
pub(crate) const VERIFIERS: [&str; 3] = ["deng", "he", "huang"];

/// A key, named after the log and, if it is a member's, the member.
pub(crate) fn key(member: Option<&str>) -> SigningKey {
    let mut seed = [7; 32];
    let name = match member {
        Some(member) => {
            seed[..member.len()].copy_from_slice(member.as_bytes());
            format!("{ORIGIN}/{member}")
        }
        None => ORIGIN.to_owned(),
    };
    SigningKey::from_seed(&name, &seed).unwrap()
}

pub(crate) fn at(seconds: i64) -> LogTime {
    LogTime::from_unix(seconds).unwrap()
}

/// An event on a stream, said to have happened at that time, signed by these members.
pub(crate) fn signed(
    stream: &str,
    prev: Hash,
    when: LogTime,
    event: Value,
    signers: &[&str],
) -> Vec<u8> {
    let stream: StreamId = stream.parse().unwrap();
    let when = StatedTime::new(when, 480).unwrap();
    let event = Event::from_value(event).unwrap();
    let keys: Vec<SigningKey> = signers.iter().map(|member| key(Some(member))).collect();
    Statement::new(stream, prev, when, event)
        .sign(&keys)
        .unwrap()
}

/// Entry 0 of the training ledger.
pub(crate) fn founding() -> Vec<u8> {
    let charter = Charter::parse(Charter::default_text()).unwrap();
    let members: Vec<Value> = FOUNDERS
        .iter()
        .map(|(member, role)| {
            let key = key(Some(member)).verifier().to_string();
            json!({"key": key, "member": member, "name": member, "roles": [role]})
        })
        .collect();
    let event = json!({
        "kind": "ledger_opened",
        "charter": charter,
        "collective": {
            "credit_code": "N1440606766567748T",
            "name": "东塱<经济>联社",
            "region": "广东省广州市荔湾区",
            "reports_to": "街道纪检办公室",
        },
        "members": members,
        "origin": ORIGIN,
        "training": true,
    });
    let signers = FOUNDERS.map(|(member, _)| member);
    signed("ledger", Hash::ZERO, at(NOW), event, &signers)
}

/// The body of step 1.
pub(crate) fn verification() -> Value {
    let document = |kind: &str| {
        json!({
            "access": "public", "kind": kind, "sha256": "5f".repeat(32), "size_bytes": 20_480,
            "title": "材料",
        })
    };
    json!({
        "kind": "asset_verification",
        "asset": {
            "area": {"unit": "mu", "value": "3.5"}, "book_value_fen": 250_000_000,
            "current_use": "仓库", "kind": "asset", "location": "东塱村东街 12 号",
            "name": "东街仓库", "ownership": "经济联社集体所有",
        },
        "documents": [document("asset_register"), document("ownership")],
        "summary": "已核实。",
    })
}

/// What a site answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// A header as text; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Checks that this is a problem with that status and rule, and returns its members.
    pub(crate) fn problem(&self, status: u16, rule: &str) -> Value {
        let text = self.text();
        assert_eq!(self.status.as_u16(), status, "{text}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.header("access-control-allow-origin"), "*");
        let body = self.json();
        assert_eq!(body["type"], format!("urn:sanzi:{rule}"), "{text}");
        assert_eq!(body["status"], status);
        for member in ["title", "detail"] {
            assert!(
                body[member].as_str().is_some_and(|text| !text.is_empty()),
                "{text}"
            );
        }
        body
    }
}

/// A site with one ledger in memory.
pub(crate) struct Site {
    pub(crate) runtime: Runtime,
    pub(crate) router: Router,
    pub(crate) ledgers: Ledgers,
    pub(crate) writer: Option<Writer>,
    pub(crate) store: SharedMemory,
    pub(crate) ledger_id: Hash,
    pub(crate) clock: Arc<AtomicI64>,
    /// While this is locked, the writer stands still.
    pub(crate) gate: Arc<Mutex<()>>,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Self {
        Self::governed(options, None, None)
    }

    /// With a desk that keeps its drafts in this folder.
    pub(crate) fn with_desk(folder: PathBuf) -> Self {
        Self::governed(Options::default(), None, Some(folder))
    }

    /// With a ledger that has these witnesses.
    pub(crate) fn witnessed(policy: &str) -> Self {
        Self::governed(Options::default(), Some(policy.parse().unwrap()), None)
    }

    fn governed(options: Options, policy: Option<Policy>, desk: Option<PathBuf>) -> Self {
        let store = SharedMemory::default();
        let opened = Ledger::create(store.clone(), key(None), &founding(), at(NOW));
        let (ledger, receipt) = opened.unwrap();
        let again = store.clone();
        let hosting = Hosting {
            desk,
            intake: None,
            ledger,
            policy,
            reopen: Box::new(move || Ledger::open(again.clone(), key(None), &mut |_, _| {})),
            stop: Arc::default(),
        };
        let (clock, gate) = (Arc::new(AtomicI64::new(NOW)), Arc::new(Mutex::new(())));
        let options = Options {
            clock: {
                let (clock, gate) = (Arc::clone(&clock), Arc::clone(&gate));
                Arc::new(move || {
                    let _open = gate.lock().unwrap();
                    at(clock.load(Ordering::SeqCst))
                })
            },
            ..options
        };
        let (ledgers, writer) = Writer::start(vec![hosting], options).unwrap();
        Self {
            runtime: Runtime::new().unwrap(),
            router: app(ledgers.clone()),
            ledgers,
            writer: Some(writer),
            store,
            ledger_id: receipt.leaf,
            clock,
            gate,
        }
    }

    pub(crate) fn ask(&self, request: Request<Body>) -> Answer {
        self.runtime.block_on(answer(self.router.clone(), request))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).unwrap())
    }

    /// Submits as programs should.
    pub(crate) fn submit(&self, note: impl Into<Body>) -> Answer {
        self.ask(submission(note))
    }

    /// Asset verification opening the transaction with that id.
    pub(crate) fn opening(&self, id: &str) -> Vec<u8> {
        let stream = format!("transaction/{id}");
        signed(&stream, self.ledger_id, at(NOW), verification(), &VERIFIERS)
    }

    pub(crate) fn checkpoint(&self) -> SignedCheckpoint {
        let answer = self.get("/donglang/checkpoint");
        SignedCheckpoint::open(&answer.body, key(None).verifier()).unwrap()
    }

    pub(crate) fn entries(&self) -> u64 {
        self.store.size()
    }

    pub(crate) fn stop(&mut self) {
        let writer = self.writer.take().unwrap();
        self.runtime.block_on(writer.stop()).unwrap();
    }
}

/// A submission as programs should make it.
pub(crate) fn submission(note: impl Into<Body>) -> Request<Body> {
    Request::post("/donglang/events")
        .header(CONTENT_TYPE, "text/plain; charset=utf-8")
        .body(note.into())
        .unwrap()
}

pub(crate) async fn answer(router: Router, request: Request<Body>) -> Answer {
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}
