//! Clients that are slow by the hundred, on real sockets: others do not wait for them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use ledger_server::{Connections, Options, Writer, app};
use scene::folder::{DataFolder, hosting, ledger_of};
use scene::{NOW, VERIFIERS, at, signed, verification};
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// How many of each kind.
const SLOW: usize = 200;

/// A socket from another address of this machine.
fn connected(runtime: &Runtime, from: &str, to: SocketAddr) -> TcpStream {
    let socket = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    socket.set_nonblocking(false).unwrap();
    socket
}

/// Sends a request on a new connection; status line, and how long it took.
fn ask(runtime: &Runtime, to: SocketAddr, request: &[u8]) -> (String, Duration) {
    let begun = Instant::now();
    let mut socket = connected(runtime, "127.0.0.9", to);
    socket.write_all(request).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.lines().next().unwrap_or_default().to_owned();
    (status, begun.elapsed())
}

#[test]
fn slow_heads_and_bodies_by_the_hundred_delay_nobody_and_are_let_go() {
    let data = DataFolder::new();
    let folder = data.open();
    let (ledger, _) = ledger_of(&folder);
    let options = Options {
        clock: std::sync::Arc::new(|| at(NOW)),
        ..Options::default()
    };
    let (ledgers, writer) = Writer::start(vec![hosting(ledger)], options).unwrap();
    let ledger_id = ledgers
        .by_slug("donglang")
        .unwrap()
        .snapshot()
        .state
        .ledger_id;
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let (to, router) = (listener.local_addr().unwrap(), app(ledgers));
    let (stop, stopped) = oneshot::channel::<()>();
    let mut connections = Connections::default();
    connections.total = 2 * SLOW + 8;
    let ended = thread::spawn(move || {
        let runtime = Runtime::new().unwrap();
        let told = async { stopped.await.unwrap_or_default() };
        runtime.block_on(connections.serve(listener, router, writer, told))
    });

    let begun = Instant::now();
    let heads = b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-".as_slice();
    let bodies = b"POST /donglang/events HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 900\r\n\r\n{".as_slice();
    let mut slow = Vec::new();
    for (from, sent) in [("127.0.0.2", heads), ("127.0.0.3", bodies)] {
        for _ in 0..SLOW {
            let mut socket = connected(&runtime, from, to);
            socket.write_all(sent).unwrap();
            slow.push(socket);
        }
    }
    let held = begun.elapsed();
    assert!(
        held < Duration::from_secs(8),
        "they were not all slow at once: {held:?}"
    );
    let health = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut longest = Duration::ZERO;
    for number in 0..5 {
        let stream = format!("transaction/2018-{number}");
        let note = signed(&stream, ledger_id, at(NOW), verification(), &VERIFIERS);
        let mut request = format!("POST /donglang/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n", note.len()).into_bytes();
        request.extend(&note);
        let (status, took) = ask(&runtime, to, &request);
        assert_eq!(status, "HTTP/1.1 201 Created");
        longest = longest.max(took);
        let (status, took) = ask(&runtime, to, health);
        assert_eq!(status, "HTTP/1.1 200 OK");
        longest = longest.max(took);
    }
    assert!(longest < Duration::from_secs(1), "{longest:?}");
    // More than the cap are turned away, not kept waiting.
    let more: Vec<_> = (0..9)
        .map(|_| connected(&runtime, "127.0.0.4", to))
        .collect();
    let turned_away = Instant::now();
    assert!(matches!((&more[8]).read(&mut [0; 1]), Ok(0) | Err(_)));
    assert!(turned_away.elapsed() < Duration::from_secs(3));

    // A byte now and then does not buy more time.
    for socket in &slow {
        let _ = (&*socket).write_all(b"a");
    }
    let mut told = 0;
    for mut socket in slow {
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        told += usize::from(answer.starts_with(b"HTTP/1.1 408"));
    }
    let waited = begun.elapsed();
    assert!(waited < Duration::from_secs(25), "{waited:?}");
    // At least those whose heads arrived are told why.
    assert!(told >= SLOW, "{told}");
    stop.send(()).unwrap();
    let stopping = Instant::now();
    ended.join().unwrap().unwrap();
    assert!(stopping.elapsed() < Duration::from_secs(5));
}
