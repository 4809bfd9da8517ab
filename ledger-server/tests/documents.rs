//! Documents by the real binary's server: handed in, fetched, refused, erased.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod office;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ledger_core::canonical;
use ledger_core::commitment::Salt;
use ledger_core::event::Statement;
use ledger_core::hash::{Commitment, Digest};
use ledger_core::{SigningKey, keyfile};
use ledger_server::{SignedParts, content_digest, sign_request};
use office::{Office, Outcome, Service, TRANSACTION, copy, steps};
use serde_json::{Value, json};

const SECRET: &[u8] = b"who signed the attendance list";

fn says(outcome: &Outcome, code: i32, parts: &[&str]) {
    assert_eq!(outcome.code, code, "{outcome:?}");
    for part in parts {
        let said = outcome.out.contains(part) || outcome.err.contains(part);
        assert!(said, "{part}: {outcome:?}");
    }
}

fn key_of(office: &Office, member: &str) -> SigningKey {
    let file = office.path(&office.key(member));
    let public = fs::read_to_string(format!("{}.pub", file.display())).unwrap();
    let public = public.trim().parse().unwrap();
    let pem = fs::read_to_string(file).unwrap();
    let seed = keyfile::open_for(&pem, "correct horse battery", &public).unwrap();
    SigningKey::from_seed(public.name(), &seed).unwrap()
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

fn nonce() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("n{:015}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// A request as it is sent; a test changes what it likes before it is.
struct Ask {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn problem(&self) -> String {
        let value: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        value["type"].as_str().unwrap_or_default().to_owned()
    }
}

/// The server's address, and the path of its ledger.
fn place(url: &str) -> (&str, &str) {
    let rest = url.strip_prefix("http://").unwrap();
    rest.split_at(rest.find('/').unwrap())
}

/// A request signed at that time.
fn signed_at(
    url: &str,
    (key, created, nonce): (&SigningKey, u64, &str),
    (method, name, body): (&'static str, &str, &[u8]),
) -> Ask {
    let (authority, slug) = place(url);
    let path = format!("{slug}/{name}");
    let digest = (method == "PUT").then(|| content_digest(Digest::of(body).as_bytes()));
    let (only_path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path.as_str(), None),
    };
    let parts = SignedParts {
        method,
        authority,
        path: only_path,
        query,
        content_digest: digest.as_deref(),
    };
    let (input, signature) = sign_request(&parts, key, created, nonce).unwrap();
    let mut headers = vec![
        ("host".to_owned(), authority.to_owned()),
        ("signature-input".to_owned(), input),
        ("signature".to_owned(), signature),
    ];
    headers.extend(digest.map(|digest| ("content-digest".to_owned(), digest)));
    Ask {
        method,
        path,
        headers,
        body: body.to_vec(),
    }
}

fn signed(url: &str, key: &SigningKey, method: &'static str, name: &str, body: &[u8]) -> Ask {
    signed_at(url, (key, now(), &nonce()), (method, name, body))
}

impl Ask {
    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| header != name);
        self
    }

    fn head(&self, length: usize) -> String {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nconnection: close\r\n",
            self.method, self.path
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.method == "PUT" {
            head.push_str(&format!("content-length: {length}\r\n"));
        }
        head + "\r\n"
    }

    fn send(&self, url: &str) -> Answer {
        let mut stream = TcpStream::connect(place(url).0).unwrap();
        stream
            .write_all(self.head(self.body.len()).as_bytes())
            .unwrap();
        // A server that refuses does not read all of it.
        let _ = stream.write_all(&self.body);
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        let end = all.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("{} {}: no answer", self.method, self.path));
        let head = String::from_utf8(all[..end].to_vec()).unwrap();
        Answer {
            status: head[9..12].parse().unwrap(),
            head: head.to_lowercase(),
            body: all[end + 4..].to_vec(),
        }
    }
}

/// Whatever lies in the folder of what waits, by name, in no order.
fn waiting(office: &Office) -> Vec<String> {
    let mut names = Vec::new();
    let Ok(members) = fs::read_dir(office.path("data/donglang/uploads")) else {
        return names;
    };
    for member in members {
        for file in fs::read_dir(member.unwrap().path()).unwrap() {
            names.push(file.unwrap().file_name().into_string().unwrap());
        }
    }
    names
}

/// Draws up and signs the first step, with a private document for chair and supervisor; does not submit.
fn drafted(office: &Office, ledger: &str) -> Commitment {
    fs::write(office.path("secret.bin"), SECRET).unwrap();
    let mut deed = steps().remove(0);
    deed.documents = &["asset_register"];
    let mut arguments = office.record(ledger, &deed, "one.draft");
    arguments.extend(["--private-document", "ownership=secret.bin"].map(str::to_owned));
    arguments.extend(["--readers", "supervisor,chair"].map(str::to_owned));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    office.ok(&arguments);
    for signer in ["he", "liang"] {
        cosign(office, ledger, signer, "one.draft");
    }
    let mut files = fs::read_dir(office.path("one.draft.private")).unwrap();
    let file = files.next().unwrap().unwrap().file_name();
    file.to_str().unwrap().parse().unwrap()
}

fn cosign(office: &Office, ledger: &str, signer: &str, draft: &str) {
    let key = office.key(signer);
    let cosign = ["cosign", draft, "--key", &key, "--ledger", ledger];
    office.ok(&[&cosign[..], &["--passphrase-file", "pass", "--yes"]].concat());
}

fn get(office: &Office, url: &str, name: &str, reader: &str, out: &str) -> Outcome {
    let key = office.key(reader);
    let get = ["document", "get", name, "--from", url, "--out", out];
    office.run(&[&get[..], &["--key", &key, "--passphrase-file", "pass"]].concat())
}

#[test]
fn documents_are_there_before_their_entry_and_private_ones_are_for_their_readers() {
    let office = Office::opened();
    let (service, url) = office.serve();
    let commitment = drafted(&office, &url);
    let sent = office.submit(&url, "he", "one.draft");
    says(
        &sent,
        0,
        &["材料 2 份已存入账本", "副本已删除", "已登记，第 1 条"],
    );
    assert!(!office.path("one.draft.private").exists());
    assert_eq!(waiting(&office), [""; 0]);

    // By the command line: a reader, one who is none, and anybody for what is public.
    let name = commitment.to_string();
    says(
        &get(&office, &url, &name[..8], "liang", "copy.bin"),
        0,
        &["相符"],
    );
    assert_eq!(fs::read(office.path("copy.bin")).unwrap(), SECRET);
    says(
        &get(&office, &url, &name, "he", "no.bin"),
        1,
        &["监事、理事长"],
    );
    assert!(!office.path("no.bin").exists());
    let public = Digest::of("台账\n".as_bytes()).to_string();
    office.ok(&[
        "document",
        "get",
        &public,
        "--from",
        &url,
        "--out",
        "register.txt",
    ]);
    assert_eq!(
        fs::read_to_string(office.path("register.txt")).unwrap(),
        "台账\n"
    );

    // By hand: who may not read it learns no more than of what is not there.
    let (liang, he) = (key_of(&office, "liang"), key_of(&office, "he"));
    let there = format!("private/{name}?entry=1");
    let given = signed(&url, &liang, "GET", &there, b"").send(&url);
    assert_eq!(given.status, 200, "{given:?}");
    assert!(
        given.head.contains("cache-control: private, no-store"),
        "{given:?}"
    );
    assert!(
        given.head.contains("content-disposition: attachment"),
        "{given:?}"
    );
    let (salt, document) = given.body.split_first_chunk::<32>().unwrap();
    assert_eq!(document, SECRET);
    assert_eq!(commitment.open(&Salt::from_bytes(*salt), document), Ok(()));
    let nowhere = format!("private/{}?entry=1", "7".repeat(64));
    let told = |name: &str, key: &SigningKey| {
        let answer = signed(&url, key, "GET", name, b"").send(&url);
        let mut value: Value = serde_json::from_slice(&answer.body).unwrap();
        value["request_id"] = Value::Null;
        (answer.status, value)
    };
    let nothing = told(&nowhere, &liang);
    assert_eq!(nothing.0, 404);
    for (name, key) in [
        (there.as_str(), &he),
        (&there.replace("entry=1", "entry=0"), &liang),
        (&there.replace("entry=1", "entry=99"), &liang),
        (there.split('?').next().unwrap(), &liang),
        (&nowhere, &he),
    ] {
        assert_eq!(told(name, key), nothing, "{name}");
    }
    let bare = signed(&url, &liang, "GET", &there, b"");
    let bare = bare
        .without("signature")
        .without("signature-input")
        .send(&url);
    assert_eq!(
        (bare.status, bare.problem().as_str()),
        (401, "urn:sanzi:signature_required")
    );
    let hidden = signed(&url, &liang, "GET", &format!("documents/{name}"), b"").send(&url);
    assert_eq!(hidden.status, 404);
    service.stop();
    let listed = office.ok(&["document", "list", "data", "--json"]).json();
    assert_eq!(listed["private"][0]["status"], "kept");
    office.ok(&["fsck", "data"]);
}

/// Submits a note, and none of the documents that it names.
fn post(url: &str, body: Vec<u8>) {
    let headers = [
        ("host", place(url).0.to_owned()),
        ("content-type", "text/plain".to_owned()),
        ("content-length", body.len().to_string()),
    ];
    let sent = Ask {
        method: "POST",
        path: format!("{}/events", place(url).1),
        headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
        body,
    };
    let sent = sent.send(url);
    assert_eq!(sent.status, 201, "{sent:?}");
}

#[test]
fn a_request_that_was_signed_for_another_site_is_not_answered_here() {
    let office = Office::opened();
    let (service, url) = office.serve();
    let commitment = drafted(&office, &url);
    office.submit(&url, "he", "one.draft");
    let liang = key_of(&office, "liang");
    let name = format!("private/{commitment}?entry=1");
    // What another site was sent, it sends on, host and all.
    let elsewhere = "http://mirror.example.net/donglang";
    let relayed = signed(elsewhere, &liang, "GET", &name, b"").send(&url);
    assert_eq!(
        (relayed.status, relayed.problem().as_str()),
        (401, "urn:sanzi:signature_elsewhere"),
        "{relayed:?}"
    );
    let at_home = signed(
        "http://sanzi.example.org/donglang",
        &liang,
        "GET",
        &name,
        b"",
    );
    assert_eq!(at_home.send(&url).status, 200);
    service.stop();
    let (_service, url) = office.serve_with(&["--site-names", "Mirror.Example.Net,other.example"]);
    let named = signed(elsewhere, &liang, "GET", &name, b"").send(&url);
    assert_eq!(named.status, 200, "{named:?}");
}

#[test]
fn what_is_still_on_its_way_when_its_entry_is_admitted_gets_into_its_place() {
    let office = Office::opened();
    let (_service, url) = office.serve();
    drafted(&office, &url);
    let (document, he) = ("台账\n".as_bytes(), key_of(&office, "he"));
    let name = format!("documents/{}", Digest::of(document));
    let put = signed(&url, &he, "PUT", &name, document);
    let mut stream = TcpStream::connect(place(&url).0).unwrap();
    let head = put.head(document.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&document[..3]).unwrap();
    until("the upload has begun", || !waiting(&office).is_empty());
    post(&url, fs::read(office.path("one.draft")).unwrap());
    stream.write_all(&document[3..]).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(waiting(&office), [""; 0]);
    let given = signed(&url, &he, "GET", &name, b"").send(&url);
    assert_eq!((given.status, given.body.as_slice()), (200, document));
}

#[test]
fn a_commitment_that_is_copied_into_another_entry_opens_nothing() {
    let office = Office::opened();
    let (_service, url) = office.serve();
    let commitment = drafted(&office, &url);
    office.submit(&url, "he", "one.draft");
    // Zhao is no reader; he names the document in an entry of his own, for himself.
    let mut deed = steps().remove(0);
    deed.documents = &["asset_register"];
    let mut arguments = office.record(&url, &deed, "two.draft");
    let transaction = arguments.iter().position(|one| one == TRANSACTION).unwrap();
    arguments[transaction] = "2026-002".to_owned();
    arguments.extend(["--private-document", "ownership=secret.bin"].map(str::to_owned));
    arguments.extend(["--readers", "asset_manager"].map(str::to_owned));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    office.ok(&arguments);
    let draft = fs::read_to_string(office.path("two.draft")).unwrap();
    let mut statement: Value = serde_json::from_str(draft.lines().next().unwrap()).unwrap();
    let documents = statement["event"]["documents"].as_array_mut().unwrap();
    let private = documents.iter_mut().find(|one| one["access"] == "private");
    private.unwrap()["commitment"] = json!(commitment);
    let text = canonical::to_vec(&statement).unwrap();
    let text = String::from_utf8(text).unwrap() + "\n";
    let keys = ["zhao", "he", "liang"].map(|member| key_of(&office, member));
    let note = Statement::parse(&text).unwrap().sign(&keys).unwrap();
    post(&url, note);
    let zhao = &keys[0];
    for entry in [1, 2] {
        let name = format!("private/{commitment}?entry={entry}");
        let given = signed(&url, zhao, "GET", &name, b"").send(&url);
        assert_eq!(given.status, 404, "entry {entry}: {given:?}");
    }
    let name = format!("private/{commitment}?entry=1");
    let given = signed(&url, &keys[2], "GET", &name, b"").send(&url);
    assert_eq!(given.status, 200, "{given:?}");
}

/// Requests that are refused, each with what is wrong, its status and its rule.
fn refusals(office: &Office, url: &str) -> Vec<(&'static str, Ask, u16, &'static str)> {
    let he = key_of(office, "he");
    let stranger = SigningKey::from_seed(he.name(), &[9; 32]).unwrap();
    let foreign = SigningKey::from_seed("other.example/donglang/he", &[9; 32]).unwrap();
    let body = b"a document";
    let name = format!("documents/{}", Digest::of(body));
    let put = |key: &SigningKey| signed(url, key, "PUT", &name, body);
    let at = |created| signed_at(url, (&he, created, &nonce()), ("PUT", &name, body));
    let other = format!("documents/{}", Digest::of(b"another"));
    let mut tampered = put(&he);
    tampered.path = tampered.path.replace(&name, &other);
    let mut queried = put(&he);
    queried.path.push_str("?entry=1");
    let mut swapped = put(&he);
    swapped.body = b"b document".to_vec();
    let mut deleted = put(&he);
    deleted.method = "GET";
    deleted.path = deleted.path.replace("documents", "private");
    let mut reordered = put(&he);
    for (name, value) in &mut reordered.headers {
        if name == "signature-input" {
            *value = value.replace(";alg=\"ed25519\"", "") + ";alg=\"ed25519\"";
        }
    }
    let mut garbled = put(&he);
    garbled.headers[1].1 = "sig=(\"@method\"".to_owned();
    let mut twice = put(&he);
    twice.headers.extend(put(&he).headers.into_iter().skip(1));
    let large = vec![0; (1 << 20) + 1];
    let climbing = "documents/..%2F..%2F..%2Fescaped";
    vec![
        (
            "no signature",
            put(&he).without("signature"),
            401,
            "signature_required",
        ),
        ("another's key", put(&stranger), 401, "signature_untrue"),
        (
            "another ledger's key",
            put(&foreign),
            401,
            "signature_untrue",
        ),
        ("expired", at(now() - 301), 401, "signature_time"),
        ("not yet good", at(now() + 120), 401, "signature_time"),
        ("another path", tampered, 401, "signature_untrue"),
        ("a query more", queried, 401, "signature_untrue"),
        ("another method", deleted, 400, "signature_malformed"),
        ("another body", swapped, 422, "wrong_document"),
        (
            "parameters in another order",
            reordered,
            400,
            "signature_malformed",
        ),
        ("half a header", garbled, 400, "signature_malformed"),
        ("two signatures", twice, 400, "signature_malformed"),
        (
            "no digest",
            put(&he).without("content-digest"),
            400,
            "signature_malformed",
        ),
        (
            "no host",
            put(&he).without("host"),
            400,
            "signature_malformed",
        ),
        (
            "another document",
            signed(url, &he, "PUT", &other, body),
            422,
            "wrong_document",
        ),
        (
            "an entry that does not name it",
            signed(url, &he, "PUT", &format!("{name}?entry=0"), body),
            422,
            "document_not_named",
        ),
        (
            "too large",
            signed(
                url,
                &he,
                "PUT",
                &format!("documents/{}", Digest::of(&large)),
                &large,
            ),
            413,
            "document_too_large",
        ),
        (
            "a way out",
            signed(url, &he, "PUT", climbing, body),
            404,
            "not_found",
        ),
        (
            "a private one without salt",
            signed(
                url,
                &he,
                "PUT",
                &format!("private/{}", "0".repeat(64)),
                body,
            ),
            422,
            "wrong_document",
        ),
    ]
}

#[test]
fn what_is_not_signed_whole_and_the_document_named_is_not_kept() {
    let office = Office::opened();
    let limits = ["--document-mib", "1", "--waiting-mib-per-member", "2"];
    let (service, url) = office.serve_with(&limits);
    // What was signed before the server began is not known to be new.
    std::thread::sleep(Duration::from_millis(1100));
    for (what, ask, status, rule) in refusals(&office, &url) {
        let answer = ask.send(&url);
        let found = (answer.status, answer.problem());
        assert_eq!(
            found,
            (status, format!("urn:sanzi:{rule}")),
            "{what}: {answer:?}"
        );
        assert_eq!(waiting(&office), [""; 0], "{what}");
    }
    let he = key_of(&office, "he");
    let name = format!("documents/{}", Digest::of(b"a document"));
    let once = signed(&url, &he, "PUT", &name, b"a document");
    assert_eq!(once.send(&url).status, 202);
    let again = once.send(&url);
    let found = (again.status, again.problem());
    assert_eq!(found, (401, "urn:sanzi:signature_replayed".to_owned()));
    assert_eq!(
        signed(&url, &he, "PUT", &name, b"a document")
            .send(&url)
            .status,
        202
    );
    assert_eq!(waiting(&office).len(), 1);
    // It waits for an entry, and until then nobody gets it.
    let answer = ureq::get(format!("{url}/{name}")).call();
    assert!(
        matches!(answer, Err(ureq::Error::StatusCode(404))),
        "{answer:?}"
    );

    // One member cannot fill the disk with what no entry names; another still can hand in.
    let filling = |key: &SigningKey, byte: u8| {
        let body = vec![byte; 900 << 10];
        let name = format!("documents/{}", Digest::of(&body));
        signed(&url, key, "PUT", &name, &body).send(&url)
    };
    assert_eq!((filling(&he, 1).status, filling(&he, 2).status), (202, 202));
    let full = filling(&he, 3);
    let found = (full.status, full.problem());
    assert_eq!(
        found,
        (429, "urn:sanzi:too_much_waiting".to_owned()),
        "{full:?}"
    );
    assert_eq!(filling(&key_of(&office, "chen"), 3).status, 202);
    service.stop();
}

/// Waits until something holds.
fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing() {
    let office = Office::opened();
    let (service, url) = office.serve();
    let he = key_of(&office, "he");
    let body = vec![5; 3 << 20];
    let name = format!("documents/{}", Digest::of(&body));
    let ask = signed(&url, &he, "PUT", &name, &body);
    let mut stream = TcpStream::connect(place(&url).0).unwrap();
    stream.write_all(ask.head(body.len()).as_bytes()).unwrap();
    stream.write_all(&body[..1 << 20]).unwrap();
    until("it begins", || waiting(&office).len() == 1);
    drop(stream);
    until("it is gone", || waiting(&office).is_empty());

    // Nor does one that is under way when the server is killed.
    let ask = signed(&url, &he, "PUT", &name, &body);
    let mut stream = TcpStream::connect(place(&url).0).unwrap();
    stream.write_all(ask.head(body.len()).as_bytes()).unwrap();
    stream.write_all(&body[..1 << 20]).unwrap();
    until("it begins again", || waiting(&office).len() == 1);
    drop(service);
    assert_eq!(waiting(&office).len(), 1);
    let (service, url) = office.serve();
    assert_eq!(waiting(&office), [""; 0]);
    let answer = signed(&url, &he, "PUT", &name, &body).send(&url);
    assert_eq!(answer.status, 202, "{answer:?}");
    service.stop();
}

fn high_water_kib(service: &Service) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", service.id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The processor time that a service has used, in the system's ticks.
fn ticks(service: &Service) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", service.id())).unwrap();
    let fields = stat.rsplit_once(") ").unwrap().1.split(' ');
    let times = fields.skip(11).take(2);
    times.map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

#[test]
#[cfg(target_os = "linux")]
fn a_document_is_not_read_through_for_everybody_who_asks() {
    let office = Office::opened();
    let document = vec![b'a'; 40 << 20];
    let digest = Digest::of(&document);
    // As if an entry had named it.
    fs::write(
        office.path(&format!("data/donglang/documents/{digest}")),
        &document,
    )
    .unwrap();
    let (service, url) = office.serve();
    let he = key_of(&office, "he");
    let ask = || {
        let mut ask = signed(&url, &he, "GET", &format!("documents/{digest}"), b"");
        ask.headers
            .push(("range".to_owned(), "bytes=0-0".to_owned()));
        let before = ticks(&service);
        let answer = ask.send(&url);
        assert_eq!((answer.status, answer.body.as_slice()), (206, &b"a"[..]));
        ticks(&service) - before
    };
    let first = ask();
    let further: u64 = (0..20).map(|_| ask()).sum();
    assert!(
        further <= first.max(4),
        "{first} ticks, then {further} for 20"
    );
}

#[test]
fn two_hundred_megabytes_go_through_in_little_memory() {
    const LENGTH: u64 = 200 << 20;
    let office = Office::opened();
    let mut big = fs::File::create(office.path("big.bin")).unwrap();
    big.set_len(LENGTH).unwrap();
    big.write_all(b"not only zeros").unwrap();
    drop(big);
    let digest = Digest::of(&fs::read(office.path("big.bin")).unwrap());
    let (service, url) = office.serve_with(&["--document-mib", "256"]);
    let mut deed = steps().remove(0);
    let document = |kind: &str| {
        json!({ "access": "public", "kind": kind, "sha256": digest, "size_bytes": LENGTH,
                "title": "扫描件" })
    };
    deed.documents = &[];
    deed.body["documents"] = json!([document("asset_register"), document("ownership")]);
    office.carry_out(&url, &deed, "one.draft");
    let key = office.key("he");
    let put = ["document", "put", "big.bin", "--to", &url, "--key", &key];
    let before = high_water_kib(&service);
    says(
        &office.ok(&[&put[..], &["--passphrase-file", "pass"]].concat()),
        0,
        &["已存入材料 1 份"],
    );
    let name = digest.to_string();
    office.ok(&[
        "document", "get", &name, "--from", &url, "--out", "back.bin",
    ]);
    let back = fs::read(office.path("back.bin")).unwrap();
    assert!(back.len() as u64 == LENGTH && Digest::of(&back) == digest);
    let after = high_water_kib(&service);
    assert!(after < before + 48 * 1024, "{before} KiB, then {after} KiB");

    // A part of it, and with what a browser must not guess or keep from others.
    let request = ureq::get(format!("{url}/documents/{name}")).header("range", "bytes=0-7");
    let mut part = request.call().unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.body_mut().read_to_vec().unwrap(), b"not only");
    let header = |name: &str| part.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/octet-stream");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("access-control-allow-origin"), "*");
    assert!(header("cache-control").contains("immutable"));
    assert!(header("content-disposition").starts_with("attachment"));
    service.stop();
}

#[test]
fn a_full_disk_keeps_nothing_and_goes_on_when_there_is_room() {
    let office = Office::opened();
    let folder = office.path("data/donglang/uploads/he");
    fs::create_dir_all(&folder).unwrap();
    let mount = ["-t", "tmpfs", "-o", "size=1m", "tmpfs"];
    let mounted = Command::new("mount").args(mount).arg(&folder).output();
    if !mounted.is_ok_and(|mounted| mounted.status.success()) {
        assert!(
            std::env::var_os("CI").is_none(),
            "no small disk can be mounted"
        );
        eprintln!("skipped: a small disk cannot be mounted here; run this as root");
        return;
    }
    let (service, url) = office.serve();
    let he = key_of(&office, "he");
    let put = |length: usize| {
        let body = vec![1; length];
        let name = format!("documents/{}", Digest::of(&body));
        signed(&url, &he, "PUT", &name, &body).send(&url)
    };
    let full = put(2 << 20);
    let (after, small) = (waiting(&office), put(1000));
    let public = ureq::get(format!("{url}/ledger.json")).call();
    service.stop();
    let unmounted = Command::new("umount").arg(&folder).status();
    assert!(unmounted.unwrap().success());
    let found = (full.status, full.problem());
    assert_eq!(found, (503, "urn:sanzi:disk_full".to_owned()), "{full:?}");
    assert!(full.head.contains("retry-after"), "{full:?}");
    assert_eq!(after, [""; 0]);
    assert_eq!(small.status, 202, "{small:?}");
    assert_eq!(public.unwrap().status(), 200);
}

/// Whether any file below the folder holds the secret.
fn holds_secret(folder: &std::path::Path) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds_secret(&path);
        }
        let bytes = fs::read(&path).unwrap();
        bytes.windows(SECRET.len()).any(|part| part == SECRET)
    })
}

#[test]
fn what_is_erased_is_gone_for_readers_and_does_not_come_back() {
    let office = Office::opened();
    let (service, url) = office.serve();
    let commitment = drafted(&office, &url).to_string();
    copy(&office.path("one.draft.private"), &office.path("kept-copy"));
    office.submit(&url, "he", "one.draft");
    service.stop();
    office.ok(&["backup", "--data", "data", "--to", "kept", "--keys"]);
    copy(&office.path("data"), &office.path("old"));
    let (service, url) = office.serve();
    let key = office.key("chen");
    let erase = [
        "document",
        "erase",
        &commitment[..10],
        "--ledger",
        &url,
        "--key",
        &key,
    ];
    let more = [
        "--reason",
        "保管期满",
        "--out",
        "erase.draft",
        "--passphrase-file",
        "pass",
    ];
    says(
        &office.ok(&[&erase[..], &more].concat()),
        0,
        &["监事", "sanzi cosign"],
    );
    cosign(&office, &url, "liang", "erase.draft");
    office.ok(&["submit", "erase.draft", "--to", &url]);
    assert!(!holds_secret(&office.path("data")));

    let liang = key_of(&office, "liang");
    let name = format!("private/{commitment}?entry=1");
    let gone = signed(&url, &liang, "GET", &name, b"").send(&url);
    let found = (gone.status, gone.problem());
    assert_eq!(
        found,
        (410, "urn:sanzi:document_erased".to_owned()),
        "{gone:?}"
    );
    let he = key_of(&office, "he");
    assert_eq!(signed(&url, &he, "GET", &name, b"").send(&url).status, 404);
    let asked = get(&office, &url, &commitment, "liang", "no.bin");
    says(&asked, 1, &["第 2 条销毁"]);
    let list = office.ok(&["document", "list", &url]);
    says(&list, 0, &["已销毁 承诺仍然有效；由第 2 条销毁"]);
    // Whoever still has it cannot hand it in again.
    copy(&office.path("kept-copy"), &office.path("one.draft.private"));
    let put = ["document", "put", "one.draft", "--to", &url, "--key", &key];
    says(
        &office.run(&[&put[..], &["--passphrase-file", "pass"]].concat()),
        1,
        &["已销毁"],
    );
    office.ok(&["mirror", &url, "--to", "mirror"]);
    let held = office.ok(&["audit", &url]);
    assert!(held.last().starts_with("核对通过：3 条记录"), "{held:?}");
    service.stop();
    office.ok(&["fsck", "data"]);

    // An older backup, and an older copy of the whole folder, completed with what others hold.
    fs::remove_dir_all(office.path("one.draft.private")).unwrap();
    for from in ["backup", "copy"] {
        fs::rename(office.path("data"), office.path(&format!("before-{from}"))).unwrap();
        if from == "backup" {
            let restore = ["restore", "kept", "--data", "data", "--anchor", "elsewhere"];
            office.ok(&[&restore[..], &["--adopt-checkpoint"]].concat());
        } else {
            copy(&office.path("old"), &office.path("data"));
        }
        assert!(holds_secret(&office.path("data")), "{from}");
        office.ok(&["recover", "--data", "data", "--from", "mirror"]);
        assert!(!holds_secret(&office.path("data")), "{from}");
        assert_eq!(
            office.ok(&["document", "list", "data", "--json"]).json()["private"][0]["status"],
            "erased"
        );
    }
    // The next backup into the old folder forgets it, too.
    office.ok(&["backup", "--data", "data", "--to", "kept"]);
    assert!(!holds_secret(&office.path("kept")));
}
