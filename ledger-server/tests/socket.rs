//! The service on a real socket and a real folder: many clients at once, and stopping.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use ledger_core::checkpoint::SignedCheckpoint;
use ledger_core::hash::Hash;
use ledger_core::proof::Proof;
use ledger_server::{Ledgers, ServeError, Writer, app, serve};
use scene::folder::{DataFolder, hosting, ledger_of};
use scene::{NOW, VERIFIERS, at, key, signed, verification};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// Status, `Location` and receipt of a submission.
type Answer = (u16, String, Vec<u8>);

/// A running service.
struct Running {
    at: SocketAddr,
    ledgers: Ledgers,
    stop: oneshot::Sender<()>,
    ended: thread::JoinHandle<Result<(), ServeError>>,
}

fn run(folder: &ledger_core::store::local::LocalFolder) -> Running {
    let (ledger, _) = ledger_of(folder);
    let options = ledger_server::Options {
        clock: std::sync::Arc::new(|| at(NOW)),
        ..ledger_server::Options::default()
    };
    let (ledgers, writer) = Writer::start(vec![hosting(ledger)], options).unwrap();
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let (stop, stopped) = oneshot::channel();
    let (at, router) = (listener.local_addr().unwrap(), app(ledgers.clone()));
    let ended = thread::spawn(move || {
        let told = async {
            let _ = stopped.await;
        };
        runtime.block_on(serve(listener, router, writer, told))
    });
    Running {
        at,
        ledgers,
        stop,
        ended,
    }
}

impl Running {
    /// Submits a note; the status, `Location` and the receipt.
    fn submit(&self, note: &[u8]) -> Answer {
        let url = format!("http://{}/donglang/events", self.at);
        let sent = ureq::post(&url)
            .header("content-type", "text/plain; charset=utf-8")
            .send(note);
        let mut response = sent.unwrap();
        let location = response
            .headers()
            .get("location")
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let body = response.body_mut().read_to_vec().unwrap();
        (response.status().as_u16(), location, body)
    }

    fn get(&self, path: &str) -> Vec<u8> {
        let mut response = ureq::get(format!("http://{}{path}", self.at))
            .call()
            .unwrap();
        response.body_mut().read_to_vec().unwrap()
    }
}

#[test]
fn of_many_submissions_at_once_each_statement_is_entered_once() {
    let data = DataFolder::new();
    let folder = data.open();
    let running = run(&folder);
    let ledger_id = running
        .ledgers
        .by_slug("donglang")
        .unwrap()
        .snapshot()
        .state
        .ledger_id;
    let opening = |id: usize| {
        let stream = format!("transaction/2018-{id}");
        signed(&stream, ledger_id, at(NOW), verification(), &VERIFIERS)
    };
    // 64 clients, two or three for each of 24 statements.
    let notes: Vec<Vec<u8>> = (0..24).map(opening).collect();
    let answers: Vec<(usize, Answer)> = thread::scope(|scope| {
        let clients: Vec<_> = (0..64)
            .map(|client| {
                let (running, note) = (&running, &notes[client % 24]);
                scope.spawn(move || (client % 24, running.submit(note)))
            })
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    });

    let mut of_statement: BTreeMap<usize, Vec<Answer>> = BTreeMap::new();
    for (statement, answer) in answers {
        of_statement.entry(statement).or_default().push(answer);
    }
    let mut places = Vec::new();
    let reader = running
        .ledgers
        .by_slug("donglang")
        .unwrap()
        .snapshot()
        .reader
        .clone();
    for answers in of_statement.values() {
        let admitted = answers
            .iter()
            .filter(|(status, _, _)| *status == 201)
            .count();
        assert_eq!(admitted, 1);
        let place = &answers[0].1;
        let index: u64 = place.rsplit('/').next().unwrap().parse().unwrap();
        let leaf = Hash::leaf(&reader.entries(index, 1).unwrap()[0]);
        for (status, location, receipt) in answers {
            assert!([200, 201].contains(status));
            assert_eq!(location, place);
            let proof = Proof::parse(receipt).unwrap();
            assert_eq!(proof.index(), index);
            proof.verify(&leaf, key(None).verifier()).unwrap();
        }
        places.push(index);
    }
    places.sort_unstable();
    assert_eq!(places, (1..=24).collect::<Vec<u64>>());
    // Once no more is entered, receipts are equal to the byte.
    let again: Vec<_> = (0..3).map(|_| running.submit(&notes[5])).collect();
    assert_eq!(again[0], again[1]);
    assert_eq!(again[1], again[2]);
    let checkpoint = running.get("/donglang/checkpoint");
    let checkpoint = SignedCheckpoint::open(&checkpoint, key(None).verifier()).unwrap();
    assert_eq!(checkpoint.checkpoint().size(), 25);

    running.stop.send(()).unwrap();
    running.ended.join().unwrap().unwrap();
    folder.close().unwrap();
    // It was closed cleanly: nothing has to be indexed again.
    let folder = data.open();
    let (ledger, indexed) = ledger_of(&folder);
    assert_eq!((ledger.size(), indexed), (25, 0));
}

#[test]
fn idle_and_stalled_clients_do_not_keep_it_from_stopping() {
    let data = DataFolder::new();
    let folder = data.open();
    let running = run(&folder);
    let _idle = TcpStream::connect(running.at).unwrap();
    let mut kept_alive = TcpStream::connect(running.at).unwrap();
    kept_alive
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    let mut first = [0; 12];
    kept_alive.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let mut stalled = TcpStream::connect(running.at).unwrap();
    let head = b"POST /donglang/events HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\n";
    stalled.write_all(head).unwrap();
    thread::sleep(Duration::from_millis(100));

    let told = Instant::now();
    running.stop.send(()).unwrap();
    running.ended.join().unwrap().unwrap();
    assert!(
        told.elapsed() < Duration::from_secs(5),
        "{:?}",
        told.elapsed()
    );
    // Readers that are left behind do not hold the folder.
    let still = running.ledgers.by_slug("donglang").unwrap().snapshot();
    folder.close().unwrap();
    assert_eq!(still.size(), 1);
    let (_, indexed) = ledger_of(&data.open());
    assert_eq!(indexed, 0);
}

#[test]
fn one_address_that_stalls_keeps_no_other_from_being_answered() {
    let data = DataFolder::new();
    let folder = data.open();
    let running = run(&folder);
    let stalled: Vec<TcpStream> = (0..257)
        .map(|_| {
            let mut socket = TcpStream::connect(running.at).unwrap();
            // The last is turned away.
            let _ = socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-");
            socket
        })
        .collect();
    let begun = Instant::now();
    let mut turned_away = &stalled[256];
    assert!(matches!(turned_away.read(&mut [0; 1]), Ok(0) | Err(_)));
    assert!(begun.elapsed() < Duration::from_secs(5));

    // Another address of this machine.
    let runtime = Runtime::new().unwrap();
    let other = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        socket
            .connect(running.at)
            .await
            .unwrap()
            .into_std()
            .unwrap()
    });
    other.set_nonblocking(false).unwrap();
    let mut first = [0; 12];
    (&other)
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    (&other).read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");

    // Who never finishes a head is let go, and the address may come again.
    let mut rest = Vec::new();
    let _ = (&stalled[0]).read_to_end(&mut rest);
    assert!(begun.elapsed() < Duration::from_secs(20));
    thread::sleep(Duration::from_millis(500));
    assert_eq!(running.get("/healthz"), b"ok\n");
    running.stop.send(()).unwrap();
    running.ended.join().unwrap().unwrap();
}
