//! Witnesses that lie, stall or babble: nothing of theirs is served, and nobody waits for them.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ledger_core::checkpoint::Checkpoint;
use ledger_core::cosignature::Cosigner;
use ledger_core::hash::{Digest, Hash};
use ledger_core::note::SignatureLine;
use ledger_server::ask_witnesses;

use crate::process::{WitnessSite, wait_until};
use crate::scene::{ORIGIN, Site, key};

/// A key by the name of what its witness does wrong.
fn liar_key(name: &str) -> Cosigner {
    let seed = Digest::of(name.as_bytes());
    Cosigner::from_seed(name, seed.as_bytes()).unwrap()
}

/// Reads a request to its end; its body.
fn request(socket: &mut TcpStream) -> String {
    let (mut bytes, mut more) = (Vec::new(), [0; 4096]);
    loop {
        let count = socket.read(&mut more).unwrap_or(0);
        bytes.extend_from_slice(&more[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let length = text
            .to_ascii_lowercase()
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.split("\r\n").next()?.parse::<usize>().ok());
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && bytes.len() >= head.len() + 4 + length.unwrap_or(0)
        {
            return body.to_owned();
        }
        if count == 0 {
            return String::new();
        }
    }
}

/// A server that answers each request by writing what it likes; its line in a policy, and how often it was asked.
fn liar(
    name: &str,
    answer: impl Fn(&mut TcpStream, String) + Send + 'static,
) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let body = request(&mut socket);
            count.fetch_add(1, Ordering::SeqCst);
            answer(&mut socket, body);
        }
    });
    let line = format!("witness {name} {} http://{at}\n", liar_key(name).verifier());
    (line, asked)
}

fn send(socket: &mut TcpStream, status: u16, body: &str) {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    // Who does not want to hear more is right.
    let _ = socket.write_all(format!("{head}{body}").as_bytes());
}

/// The checkpoint in a request.
fn asked_about(body: &str) -> Checkpoint {
    let note = body.split_once("\n\n").unwrap().1;
    let text = note.split_once("\n\n").unwrap().0;
    format!("{text}\n").parse().unwrap()
}

#[test]
fn nothing_of_a_liar_is_served_and_nobody_waits_for_one() {
    let truthful = WitnessSite::new("truthful.example", &[key(None).verifier()]);
    let _process = truthful.start();
    let liars = [
        liar("wrong-key", |socket, body| {
            let other = Cosigner::from_seed("wrong-key", &[200; 32]).unwrap();
            let line = other.cosign(&asked_about(&body), 5).unwrap();
            send(socket, 200, &format!("{line}\n"));
        }),
        liar("forged-line", |socket, _| {
            let key = liar_key("forged-line");
            let id = key.verifier().id();
            let line = SignatureLine::new("forged-line", id, vec![1; 72]).unwrap();
            send(socket, 200, &format!("{line}\n"));
        }),
        liar("other-root", |socket, body| {
            let size = asked_about(&body).size();
            let other = Checkpoint::new(ORIGIN, size, Hash::ZERO).unwrap();
            let line = liar_key("other-root").cosign(&other, 5).unwrap();
            send(socket, 200, &format!("{line}\n"));
        }),
        liar("html", |socket, _| send(socket, 200, "<html>欢迎</html>")),
        liar("no-http", |socket, _| {
            let _ = socket.write_all(b"\x00\xffSSH-2.0\r\n\r\n");
        }),
        liar("huge-answer", |socket, _| {
            send(socket, 200, &"a".repeat(30 << 20));
        }),
        liar("silent", |_, _| std::thread::sleep(Duration::from_secs(60))),
        liar("redirects", |socket, _| {
            let head = "HTTP/1.1 307 X\r\nlocation: /again\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = socket.write_all(head.as_bytes());
        }),
        liar("no-size-in-409", |socket, _| send(socket, 409, "many\n")),
        liar("same-size", |socket, _| send(socket, 409, "0\n")),
        liar("unknown-log", |socket, _| send(socket, 404, "")),
        liar("out-of-order", |socket, _| send(socket, 500, "")),
        liar("hangs-up", |_, _| {}),
    ];
    // What a witness may answer, and is no reason to stop: it is asked again later.
    let statuses = [400, 403, 413, 429, 503].map(|status| {
        let name = format!("status-{status}");
        liar(&name, move |socket, _| send(socket, status, ""))
    });
    let liars: Vec<_> = liars.into_iter().chain(statuses).collect();
    let seen = AtomicUsize::new(0);
    let (fickle, fickle_asked) = liar("fickle", move |socket, _| {
        let answer = ["1\n", "0\n"][seen.fetch_add(1, Ordering::SeqCst) % 2];
        send(socket, 409, answer);
    });
    let mut policy: String = liars.iter().map(|(line, _)| line.as_str()).collect();
    policy += &format!("{fickle}{}quorum truthful\n", truthful.line("truthful"));
    let site = Site::witnessed(&policy);

    let asking = {
        let _runtime = site.runtime.enter();
        ask_witnesses(&site.ledgers)
    };
    let lines = |site: &Site| {
        let checkpoint = site.checkpoint();
        let lines = checkpoint.note().signatures().iter();
        lines.map(|line| line.name().to_owned()).collect::<Vec<_>>()
    };
    let expected = [ORIGIN, "truthful.example"];
    wait_until("the truthful one cosigns", || lines(&site).len() > 1);
    assert_eq!(lines(&site), expected);
    for number in 1..=5 {
        let started = Instant::now();
        let answer = site.submit(site.opening(&format!("2018-00{number}")));
        assert_eq!(answer.status.as_u16(), 201);
        assert!(started.elapsed() < Duration::from_secs(1));
    }
    wait_until("and goes on", || lines(&site).len() > 1);
    wait_until("all were asked", || {
        liars
            .iter()
            .all(|(_, asked)| asked.load(Ordering::SeqCst) > 0)
    });
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(lines(&site), expected);
    assert_eq!(site.get("/healthz").text(), "ok\n");
    // However it is answered, no witness is pestered.
    let pestered = fickle_asked.load(Ordering::SeqCst);
    assert!(pestered < 40, "{pestered}");
    for (line, asked) in &liars {
        let asked = asked.load(Ordering::SeqCst);
        assert!(asked < 20, "{asked}: {line}");
    }
    drop(asking);
}

#[test]
fn who_claims_to_have_seen_more_or_other_stops_the_signing() {
    for (status, body, words) in [(409, "99\n", "见过 99 条"), (422, "", "不是同一部历史")]
    {
        let (line, asked) = liar("claims", move |socket, _| send(socket, status, body));
        let site = Site::witnessed(&format!("{line}quorum none\n"));
        let before = site.checkpoint();
        let mut asking = {
            let _runtime = site.runtime.enter();
            ask_witnesses(&site.ledgers)
        };
        let told = asking.asked_once(Duration::from_secs(20));
        site.runtime.block_on(told);
        let problem = site.get("/healthz").problem(503, "signing_stopped");
        let reason = problem["stopped"][0]["reason"].as_str().unwrap();
        assert_eq!(problem["stopped"][0]["slug"], "donglang");
        assert!(
            reason.contains(words) && reason.contains("claims"),
            "{reason}"
        );
        let answer = site.submit(site.opening("2018-001"));
        answer.problem(503, "signing_stopped");
        assert_eq!(answer.header("retry-after"), "3600");
        assert_eq!((site.entries(), site.checkpoint()), (1, before));
        // It was asked, and asked to show what it has; then no more.
        let times = asked.load(Ordering::SeqCst);
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!((times, asked.load(Ordering::SeqCst)), (2, 2));
    }
}
