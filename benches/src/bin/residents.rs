//! How long the residents' pages take on a large ledger; and such a ledger, served for a browser to check.
//!
//! `cargo run --release -p benches --bin residents [ENTRIES]` prints the median of each page's answers.
//! `… residents ENTRIES --serve` then serves the ledger at `/ledger/` until it is ended.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot run should stop, and prints its figures"
)]

use std::future::pending;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use benches::{log_key, median, now, verify_strict, workload};
use ledger_core::ledger::{Ledger, LedgerError};
use ledger_core::store::local::{LocalFolder, LocalOptions, LocalStore};
use ledger_server::{Hosting, Options, Writer, app, serve};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// What a page may take.
const LIMIT: Duration = Duration::from_millis(20);

/// How often each page is asked for.
const TIMES: usize = 25;

/// How many entries are committed at once.
const BATCH: usize = 1_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let entries = arguments.first().map_or(100_000, |n| n.parse().unwrap());
    let serving = arguments.get(1).is_some_and(|word| word == "--serve");
    let scratch = tempfile::tempdir().unwrap();
    let (_folder, hosting) = filled(&scratch.path().join("data"), entries);
    let options = Options {
        clock: Arc::new(now),
        ..Options::default()
    };
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let (ledgers, writer) = Writer::start(vec![hosting], options).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        if serving {
            println!("http://{at}/ledger/");
            serve(listener, app(ledgers), writer, pending())
                .await
                .unwrap();
        } else {
            tokio::spawn(serve(listener, app(ledgers), writer, pending()));
            tokio::task::spawn_blocking(move || measure(at, entries))
                .await
                .unwrap();
        }
    });
}

/// A ledger of this many entries: the founding, and first steps of as many transactions.
fn filled(data: &Path, entries: usize) -> (LocalFolder, Hosting<LocalStore>) {
    let work = workload(entries - 1);
    let folder = LocalFolder::open(data, LocalOptions::default()).unwrap();
    let store = folder.ledger("ledger").unwrap();
    let (mut ledger, _) = Ledger::create(store, log_key(), &work.founding, now()).unwrap();
    for batch in work.steps.chunks(BATCH) {
        for appended in ledger.append_many(batch, now()).unwrap() {
            appended.unwrap();
        }
    }
    let hosting = Hosting {
        desk: None,
        intake: None,
        ledger,
        policy: None,
        reopen: Box::new(|| Err(LedgerError::Failed)),
        stop: Arc::default(),
    };
    (folder, hosting)
}

/// One answer, with its head.
fn answer(at: SocketAddr, path: &str) -> Vec<u8> {
    let mut socket = TcpStream::connect(at).unwrap();
    write!(
        socket,
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut bytes = Vec::new();
    let _ = socket.read_to_end(&mut bytes).unwrap();
    bytes
}

fn measure(at: SocketAddr, entries: usize) {
    let verified = verify_strict();
    println!("{entries} entries; verify_strict {verified:?}");
    let half = entries / 2;
    let paths = [
        "/".to_owned(),
        "/ledger/".to_owned(),
        "/ledger/?page=50".to_owned(),
        "/ledger/?q=99999".to_owned(),
        format!("/ledger/t/bench-{half}"),
        format!("/ledger/e/{half}"),
        "/ledger/roster".to_owned(),
        "/ledger/charter".to_owned(),
        "/ledger/charts".to_owned(),
        "/ledger/concerns".to_owned(),
        "/ledger/feed.atom".to_owned(),
    ];
    // What the pages are made from is read once, in the background.
    let begun = Instant::now();
    while !answer(at, "/ledger/").starts_with(b"HTTP/1.1 200") {
        std::thread::sleep(Duration::from_millis(50));
    }
    println!("{:>9.1?} until the first page", begun.elapsed());
    for path in &paths {
        let took = median(TIMES, || {
            let begun = Instant::now();
            let answer = answer(at, path);
            assert!(answer.starts_with(b"HTTP/1.1 200"), "{path}");
            begun.elapsed()
        });
        let word = if took <= LIMIT { "" } else { "  over 20 ms" };
        println!("{took:>9.1?} {path}{word}");
    }
}
