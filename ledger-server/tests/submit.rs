//! What submitting answers: every status of the wire contract, through the router.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE};
use ledger_core::hash::Hash;
use ledger_core::note::Note;
use ledger_core::proof::Proof;
use ledger_server::Options;
use scene::{NOW, Site, VERIFIERS, answer, at, key, signed, submission, verification};
use serde_json::json;

/// The leaf hash of the entry that this note became.
fn leaf(site: &Site, index: u64) -> Hash {
    use ledger_core::store::Store as _;
    Hash::leaf(&site.store.entry(index).unwrap())
}

#[test]
fn a_new_event_is_answered_with_201_and_its_receipt() {
    let site = Site::new();
    let note = site.opening("2018-001");
    let answer = site.submit(note.clone());
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    assert_eq!(answer.header("location"), "/donglang/proof/1");
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(
        answer.header("access-control-expose-headers"),
        "location,retry-after,x-request-id"
    );
    let proof = Proof::parse(&answer.body).unwrap();
    let under = proof.verify(&leaf(&site, 1), key(None).verifier()).unwrap();
    assert_eq!(under.checkpoint(), site.checkpoint().checkpoint());
    // Located by `Location`, and the same as there.
    assert_eq!(site.get(answer.header("location")).body, answer.body);

    let again = site.submit(note);
    assert_eq!(again.status.as_u16(), 200);
    assert_eq!(again.body, answer.body);
    assert_eq!(again.header("location"), "/donglang/proof/1");
    assert_eq!(site.entries(), 2);
}

#[test]
fn the_same_statement_with_other_signatures_is_the_same() {
    let site = Site::new();
    let note = site.opening("2018-001");
    assert_eq!(site.submit(note.clone()).status.as_u16(), 201);
    let text = Note::parse(&note).unwrap().text().to_owned();
    let line = key(Some("deng")).sign_note_text(&text);
    let fewer = Note::new(text, vec![line]).unwrap().to_bytes();
    assert_eq!(site.submit(fewer).status.as_u16(), 200);
    assert_eq!(site.entries(), 2);
}

#[test]
fn bytes_that_are_no_canonical_note_are_400() {
    let site = Site::new();
    let good = String::from_utf8(site.opening("2018-001")).unwrap();
    let resigned = |text: &str| {
        let line = key(Some("deng")).sign_note_text(text);
        Note::new(text.to_owned(), vec![line]).unwrap().to_bytes()
    };
    let (text, _) = good.split_once("\n\n").unwrap();
    let cases: [(Vec<u8>, &str); 9] = [
        (b"".to_vec(), "malformed_note"),
        (b"\xff\xfe\n\n".to_vec(), "malformed_note"),
        (good.replace("\n\n", "\n").into_bytes(), "malformed_note"),
        (format!("{good}more").into_bytes(), "malformed_note"),
        (resigned("{}\n"), "malformed_event"),
        (
            resigned(
                &(text.replace("\"kind\":\"asset_verification\"", "\"kind\":\"nothing\"") + "\n"),
            ),
            "malformed_event",
        ),
        (
            resigned(&(text.replace("{\"at\"", "{ \"at\"") + "\n")),
            "not_canonical",
        ),
        (
            resigned(&(text.replace("\"v\":1", "\"v\":2") + "\n")),
            "unknown_version",
        ),
        (
            resigned(&(text.replace("已核实", "已\u{202e}核实") + "\n")),
            "forbidden_content",
        ),
    ];
    for (bytes, rule) in cases {
        let answer = site.submit(bytes.clone());
        answer.problem(400, rule);
    }
    let (text, lines) = good.split_once("\n\n").unwrap();
    let mut lines: Vec<&str> = lines.lines().collect();
    lines.reverse();
    let reversed = format!("{text}\n\n{}\n", lines.join("\n"));
    site.submit(reversed).problem(400, "signature_order");
    assert_eq!(site.entries(), 1);
}

#[test]
fn who_may_not_sign_is_403() {
    let site = Site::new();
    let good = String::from_utf8(site.opening("2018-001")).unwrap();
    let altered = good.replace("已核实", "已核查");
    site.submit(altered).problem(403, "invalid_signature");

    let note = Note::parse(good.as_bytes()).unwrap();
    let stranger = key(Some("nobody")).sign_note_text(note.text());
    let unknown = Note::new(note.text().to_owned(), vec![stranger]).unwrap();
    let problem = site.submit(unknown.to_bytes()).problem(403, "unknown_key");
    assert_eq!(problem["found"], "sanzi.example.org/donglang/nobody");

    let event = verification();
    let signers = ["chen", "deng", "he", "huang"];
    let note = signed(
        "transaction/2018-001",
        site.ledger_id,
        at(NOW),
        event,
        &signers,
    );
    let problem = site.submit(note).problem(403, "signer_without_role");
    assert_eq!(problem["member"], "chen");
    assert_eq!(
        problem["expected"],
        json!(["asset_manager", "accountant", "supervisor"])
    );
    assert_eq!(site.entries(), 1);
}

#[test]
fn a_stale_prev_is_409_and_the_body_says_the_head() {
    let site = Site::new();
    assert_eq!(site.submit(site.opening("2018-001")).status.as_u16(), 201);
    let late = at(NOW - 60);
    let note = signed(
        "transaction/2018-001",
        site.ledger_id,
        late,
        verification(),
        &VERIFIERS,
    );
    let problem = site.submit(note).problem(409, "stale_prev");
    assert_eq!(problem["expected"], leaf(&site, 1).to_string());
    assert_eq!(problem["found"], site.ledger_id.to_string());
}

#[test]
fn what_is_too_long_is_413_and_says_the_limit() {
    let site = Site::new();
    let mut event = verification();
    event["summary"] = json!("长".repeat(17_000));
    let text = {
        let small = site.opening("2018-001");
        let text = Note::parse(&small).unwrap().text().to_owned();
        text.replace("已核实。", &"长".repeat(17_000))
    };
    let line = key(Some("deng")).sign_note_text(&text);
    let long = Note::new(text, vec![line]).unwrap().to_bytes();
    let found = Note::parse(&long).unwrap().text().len();
    let problem = site.submit(long).problem(413, "too_large");
    assert_eq!(
        (&problem["expected"], &problem["found"]),
        (&json!(49_152), &json!(found))
    );

    let problem = site.submit(vec![b'x'; 65_515]).problem(413, "too_large");
    assert_eq!(problem["expected"], 65_514);
    // One byte less is read, and found to be no note.
    site.submit(vec![b'x'; 65_514])
        .problem(400, "malformed_note");
}

#[test]
fn only_plain_text_in_utf_8_is_taken() {
    let site = Site::new();
    let typed = |kind: Option<&str>| {
        let mut request = Request::post("/donglang/events");
        if let Some(kind) = kind {
            request = request.header(CONTENT_TYPE, kind);
        }
        site.ask(request.body(Body::from(site.opening("2018-001"))).unwrap())
    };
    for wrong in [
        None,
        Some(""),
        Some("application/json"),
        Some("text/html"),
        Some("text/plain; charset=gb18030"),
        Some("text/plainer"),
    ] {
        let problem = typed(wrong).problem(415, "wrong_content_type");
        assert_eq!(problem["expected"], "text/plain; charset=utf-8");
        assert_eq!(problem["found"], wrong.unwrap_or_default());
    }
    assert_eq!(site.entries(), 1);
    assert_eq!(
        typed(Some("Text/Plain;Charset=\"UTF-8\"")).status.as_u16(),
        201
    );
    assert_eq!(typed(Some("text/plain")).status.as_u16(), 200);
}

#[test]
fn what_a_rule_refuses_is_422_with_the_rules_own_members() {
    let site = Site::new();
    let stream = "transaction/2018-001";
    let note = signed(stream, site.ledger_id, at(NOW), verification(), &["deng"]);
    let problem = site.submit(note).problem(422, "missing_roles");
    assert_eq!(
        problem["missing_roles"],
        json!(["accountant", "supervisor"])
    );
    assert!(problem.get("rule").is_none());

    let hour = at(NOW + 3600);
    let note = signed(stream, site.ledger_id, hour, verification(), &VERIFIERS);
    let problem = site.submit(note.clone()).problem(422, "future_time");
    let acceptable = problem["acceptable_from"].as_str().unwrap().to_owned();
    site.clock.store(NOW + 3600, Ordering::SeqCst);
    assert!(acceptable > at(NOW).to_string() && acceptable <= hour.to_string());
    assert_eq!(site.submit(note).status.as_u16(), 201);
}

#[test]
fn problems_are_chinese_unless_english_is_asked_for() {
    let site = Site::new();
    let note = signed(
        "transaction/1",
        site.ledger_id,
        at(NOW),
        verification(),
        &["deng"],
    );
    let chinese = site.submit(note.clone()).problem(422, "missing_roles");
    assert_eq!(chinese["title"], "缺少签署");
    let mut request = submission(note);
    request
        .headers_mut()
        .insert(ACCEPT_LANGUAGE, "en-GB,zh;q=0.5".parse().unwrap());
    let answer = site.ask(request);
    let english = answer.problem(422, "missing_roles");
    assert_eq!(english["title"], "signatures missing");
    assert!(
        english["detail"]
            .as_str()
            .unwrap()
            .contains("Still to sign")
    );
    assert!(answer.header("vary").contains("accept-language"));
}

/// Sends a submission from an address in the background.
fn send(site: &Site, id: &str, from: [u8; 4]) -> tokio::task::JoinHandle<scene::Answer> {
    let mut request = submission(site.opening(id));
    request
        .extensions_mut()
        .insert(ConnectInfo(SocketAddr::from((from, 1000))));
    site.runtime.spawn(answer(site.router.clone(), request))
}

/// Waits until a task has ended.
fn ended(site: &Site, task: tokio::task::JoinHandle<scene::Answer>) -> scene::Answer {
    let limited = async { tokio::time::timeout(Duration::from_secs(20), task).await };
    site.runtime.block_on(limited).unwrap().unwrap()
}

#[test]
fn one_address_cannot_take_the_whole_queue() {
    let options = Options {
        queue_per_address: 1,
        ..Options::default()
    };
    let site = Site::with(options);
    let closed = site.gate.lock().unwrap();
    let first = send(&site, "2018-001", [192, 0, 2, 1]);
    let started = Instant::now();
    let refused = loop {
        // Until the first has taken its place, the second takes it: try with the same statement.
        let second = send(&site, "2018-001", [192, 0, 2, 1]);
        std::thread::sleep(Duration::from_millis(20));
        if second.is_finished() {
            break ended(&site, second);
        }
        assert!(started.elapsed() < Duration::from_secs(20));
    };
    let problem = refused.problem(429, "too_many");
    assert_eq!(problem["expected"], 1);
    assert_eq!(refused.header("retry-after"), "1");
    let other = send(&site, "2018-002", [192, 0, 2, 2]);
    drop(closed);
    assert!(matches!(
        ended(&site, first).status.as_u16(),
        200 | 201 | 429
    ));
    assert_eq!(ended(&site, other).status.as_u16(), 201);
}

#[test]
fn a_full_queue_is_503_and_says_when_to_come_again() {
    let options = Options {
        queue: 1,
        batch: 1,
        ..Options::default()
    };
    let site = Site::with(options);
    let closed = site.gate.lock().unwrap();
    let started = Instant::now();
    let mut waiting = Vec::new();
    // One is in the writer's hands and one in the queue, sooner or later; the next is turned away.
    let full = loop {
        let task = send(&site, &format!("2018-{}", waiting.len()), [192, 0, 2, 1]);
        std::thread::sleep(Duration::from_millis(50));
        if task.is_finished() {
            break ended(&site, task);
        }
        waiting.push(task);
        assert!(started.elapsed() < Duration::from_secs(20));
    };
    full.problem(503, "queue_full");
    assert_eq!(full.header("retry-after"), "1");
    assert_eq!(waiting.len(), 2);
    drop(closed);
    for task in waiting {
        assert_eq!(ended(&site, task).status.as_u16(), 201);
    }
    assert_eq!(site.entries(), 3);
}

#[test]
fn a_full_disk_is_503_until_there_is_room_again() {
    let site = Site::new();
    assert_eq!(site.get("/healthz").text(), "ok\n");
    let note = site.opening("2018-001");
    site.store.full.store(true, Ordering::SeqCst);
    let answer = site.submit(note.clone());
    answer.problem(503, "disk_full");
    assert_eq!(answer.header("retry-after"), "60");
    assert!(!answer.text().contains("secret"), "{}", answer.text());
    let health = site.get("/healthz").problem(503, "disk_full");
    assert_eq!(health["failing"], json!(["donglang"]));
    // Reading goes on.
    assert_eq!(site.checkpoint().checkpoint().size(), 1);
    assert_eq!(site.entries(), 1);

    site.store.full.store(false, Ordering::SeqCst);
    let started = Instant::now();
    let admitted = loop {
        let answer = site.submit(note.clone());
        if answer.status.as_u16() != 503 {
            break answer;
        }
        assert!(started.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(admitted.status.as_u16(), 201);
    assert_eq!(site.get("/healthz").text(), "ok\n");
    assert_eq!(site.checkpoint().checkpoint().size(), 2);
}

#[test]
fn a_stopped_writer_is_503_and_reading_goes_on() {
    let mut site = Site::new();
    let note = site.opening("2018-001");
    let waiting = send(&site, "2018-002", [192, 0, 2, 1]);
    let started = Instant::now();
    while site.entries() < 2 {
        assert!(started.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
    site.stop();
    assert_eq!(ended(&site, waiting).status.as_u16(), 201);
    let answer = site.submit(note);
    answer.problem(503, "closing");
    assert_eq!(answer.header("retry-after"), "10");
    site.get("/healthz").problem(503, "cannot_write");
    assert_eq!(site.checkpoint().checkpoint().size(), 2);
}

#[test]
fn what_was_accepted_before_stopping_is_carried_out() {
    let mut site = Site::new();
    let gate = std::sync::Arc::clone(&site.gate);
    let closed = gate.lock().unwrap();
    let waiting: Vec<_> = (0..5)
        .map(|n| send(&site, &format!("2018-{n}"), [192, 0, 2, 1]))
        .collect();
    std::thread::sleep(Duration::from_millis(200));
    assert!(waiting.iter().all(|task| !task.is_finished()));
    std::thread::scope(|scope| {
        let stopping = scope.spawn(|| site.stop());
        std::thread::sleep(Duration::from_millis(50));
        drop(closed);
        stopping.join().unwrap();
    });
    for task in waiting {
        assert_eq!(ended(&site, task).status.as_u16(), 201);
    }
    assert_eq!(site.entries(), 6);
}
