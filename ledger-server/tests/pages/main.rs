//! The pages for people, as a browser is given them: complete, bound to the entries, and harmless.
#![cfg(feature = "pages")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bound;
#[path = "../code/mod.rs"]
mod code;
mod overview;
mod reader;
mod record;
#[path = "../scene/mod.rs"]
mod scene;

use std::sync::OnceLock;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use ledger_core::PublicationPoint;
use ledger_core::audit::Replay;
use ledger_core::state::State;
use ledger_core::store::Store as _;
use ledger_server::demo::{DEFAULT_SEED, build_year};
use ledger_server::{Hosting, Options, Writer, app};
use scene::{Answer, SharedMemory, answer};
use tokio::runtime::Runtime;

/// The demonstration year behind a router.
struct Year {
    entries: Vec<Vec<u8>>,
    router: Router,
    runtime: Runtime,
    state: State,
    _writer: Writer,
}

fn year() -> &'static Year {
    static YEAR: OnceLock<Year> = OnceLock::new();
    YEAR.get_or_init(|| {
        let store = SharedMemory::default();
        let ledger = build_year(store.clone(), DEFAULT_SEED, &mut |_, _| {}).unwrap();
        let count = usize::try_from(store.size()).unwrap();
        let entries = store.entries(0, count).unwrap();
        let mut replay = Replay::new();
        for bytes in &entries {
            replay.feed(bytes).unwrap();
        }
        let hosting = Hosting {
            desk: None,
            intake: None,
            ledger,
            policy: None,
            reopen: Box::new(|| Err(ledger_core::ledger::LedgerError::Failed)),
            stop: std::sync::Arc::default(),
        };
        let (ledgers, writer) = Writer::start(vec![hosting], Options::default()).unwrap();
        Year {
            entries,
            router: app(ledgers),
            runtime: Runtime::new().unwrap(),
            state: replay.state().clone(),
            _writer: writer,
        }
    })
}

impl Year {
    fn ask(&self, request: Request<Body>) -> Answer {
        self.runtime.block_on(answer(self.router.clone(), request))
    }

    fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).unwrap())
    }

    fn page(&self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text());
        answer.text().to_owned()
    }
}

/// The values of an attribute, as they are meant.
fn values(html: &str, attribute: &str) -> Vec<String> {
    let start = format!(" {attribute}=\"");
    let parts = html.split(&start).skip(1);
    parts
        .map(|rest| plain(rest.split('"').next().unwrap()))
        .collect()
}

/// Text as it is read.
fn plain(html: &str) -> String {
    html.replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
}

/// The paths to every page worth looking at: those of the ledger, and of each transaction.
fn all_pages() -> Vec<String> {
    let year = year();
    let mut paths: Vec<String> = [
        "",
        "/charter",
        "/roster",
        "/charts",
        "/concerns",
        "/e/0",
        "/e/1",
    ]
    .into_iter()
    .map(|path| format!("/donglang{path}"))
    .collect();
    for (place, transaction) in year.state.transactions().enumerate() {
        let id = &transaction.id;
        // All that went another way than straight on, and some of the others.
        let straight = transaction.detours.is_empty() && transaction.notes.is_empty();
        if straight && place % 6 > 0 {
            continue;
        }
        paths.push(format!("/donglang/t/{id}"));
        for point in PublicationPoint::ALL {
            if transaction.record(point.step()).is_some() {
                paths.push(format!("/donglang/d/{id}/{point}"));
            }
        }
    }
    let concerns = year.state.concerns();
    paths.extend(concerns.map(|concern| format!("/donglang/c/{}", concern.id)));
    let events = year.entries.len();
    paths.extend(
        (0..events)
            .step_by(90)
            .map(|index| format!("/donglang/e/{index}")),
    );
    paths
}
