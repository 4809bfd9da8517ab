//! What a hostile server can do to who reads it or submits to it: nothing but be found out.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod office;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;

use flate2::Compression;
use flate2::write::GzEncoder;
use office::{Office, steps};

/// A server that answers every request with the same bytes; gives its ledger's address.
fn server(answer: Vec<u8>) -> String {
    server_with(answer.clone(), answer)
}

/// Another, which answers what is submitted in its own way.
fn server_with(answer: Vec<u8>, to_posts: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut lines = BufReader::new(socket.try_clone().unwrap());
            let (mut line, mut length, mut is_post) = (String::new(), 0, false);
            while lines.read_line(&mut line).is_ok_and(|read| read > 2) {
                is_post |= line.starts_with("POST ");
                if let Some(stated) = line.to_lowercase().strip_prefix("content-length:") {
                    length = stated.trim().parse().unwrap();
                }
                line.clear();
            }
            lines.read_exact(&mut vec![0; length]).unwrap();
            // Who has heard enough hangs up.
            let _ = socket.write_all(if is_post { &to_posts } else { &answer });
        }
    });
    format!("http://{at}/donglang")
}

fn response(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

#[test]
fn a_little_that_unpacks_to_a_lot_is_not_unpacked() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..64 {
        packed.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let packed = packed.finish().unwrap();
    let url = server(response("200 OK", "Content-Encoding: gzip\r\n", &packed));
    let office = Office::new();
    let outcome = office.fails(&["audit", &url], 2, "没有核对成");
    assert!(outcome.err.contains("超过"), "{outcome:?}");
}

#[test]
fn what_a_server_says_does_not_command_the_terminal() {
    let office = Office::opened();
    office.draft("data", &steps()[0], "1.draft");
    let problem = r#"{"title":"T\u001b]0;x\u0007\u009b2J","detail":"D\u202e\r已登记"}"#;
    let nothing = response("200 OK", "", b"{}");
    let url = server_with(nothing, response("422 No", "", problem.as_bytes()));
    let pins = "data/donglang/pins.json";
    let outcome = office.fails(
        &[
            "submit",
            "1.draft",
            "--to",
            &url,
            "--pins",
            pins,
            "--without-documents",
        ],
        1,
        "没有登记",
    );
    let hidden = |c: char| c != '\n' && ledger_core::canonical::hides(c);
    assert!(!outcome.err.contains(hidden), "{outcome:?}");
    assert!(outcome.err.contains("\\u{1b}]0;x"), "{outcome:?}");

    std::fs::create_dir(office.path("hostile")).unwrap();
    office.write("hostile/FORMAT", "x\u{1b}[2J\n");
    let outcome = office.run(&["audit", "hostile"]);
    assert_eq!(outcome.code, 2);
    assert!(!outcome.err.contains(hidden), "{outcome:?}");
}
