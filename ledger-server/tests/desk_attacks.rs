//! The staff desk under attack, and under what happens between a signature and the entry: keys that are
//! exchanged or stolen, offices that end, requests from elsewhere, texts that are not what they seem.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, ORIGIN as FROM};
use axum::http::{HeaderName, HeaderValue, Request};
use ledger_core::SigningKey;
use ledger_core::event::{Event, Statement};
use ledger_core::hash::{Digest, Hash};
use ledger_core::ledger::Ledger;
use ledger_core::time::StatedTime;
use ledger_server::{DESK_FOLDER, Hosting, Ledgers, Options, Writer, app};
use scene::office::{
    Office, begun, granting, line, listed, note, opening, opening_with, put, rehearsed, shown,
    sign, stands,
};
use scene::sitter::{DESK_HOST, Sitter, from_desk};
use scene::{Answer, NOW, ORIGIN, SharedMemory, answer, at, key, signed};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Changes the roster by the log's own door; the drafts of transactions know nothing of it.
fn changed(office: &Office, event: Value) {
    let ledger = office.ledgers.by_slug("donglang").unwrap();
    let head = ledger.snapshot().state.head;
    let entered = office.submit(signed("ledger", head, at(NOW), event, &["chen", "huang"]));
    assert_eq!(entered.status.as_u16(), 201, "{}", entered.text());
}

fn raw(office: &Office, index: u64) -> String {
    let request = Request::get(format!("/donglang/e/{index}/raw"));
    let request = request.body(Body::empty()).unwrap();
    let answer = office
        .runtime
        .block_on(answer(office.router.clone(), request));
    answer.text().to_owned()
}

/// Whose signatures count below a draft by now.
fn has_signed(sitter: &Sitter<'_>, id: &str) -> Vec<String> {
    let shown = shown(sitter, id);
    let note = shown["note"].as_str().unwrap_or_default();
    let lines = note.lines().filter_map(|line| line.strip_prefix("— "));
    let names = lines.filter_map(|line| line.split(' ').next()?.rsplit('/').next());
    names.map(str::to_owned).collect()
}

fn fresh_key(member: &str) -> SigningKey {
    SigningKey::from_seed(&format!("{ORIGIN}/{member}"), &[9; 32]).unwrap()
}

#[test]
fn a_signature_counts_only_as_long_as_its_key_is_in_use() {
    let office = Office::new();
    let (deng, he, huang) = (
        office.sitter("deng"),
        office.sitter("he"),
        office.sitter("huang"),
    );
    let text = rehearsed(&deng, &opening("2018-001"));
    let id = begun(&deng, &note(&text, &["deng"]));
    assert_eq!(stands(&sign(&he, &id, &text, "he"))["state"], "waiting");
    let new = fresh_key("deng");
    changed(
        &office,
        json!({"kind": "key_rotated", "member": "deng", "key": new.verifier()}),
    );
    // Nothing has entered the transaction: the draft says what it said, but one has to sign it again.
    assert_eq!(has_signed(&huang, &id), ["he"]);
    assert_eq!(
        stands(&sign(&huang, &id, &text, "huang"))["state"],
        "waiting"
    );
    assert_eq!(office.size(), 2);
    let mut again = Sitter::nobody(&office.runtime, &office.router);
    assert_eq!(again.sign_in(&new).status.as_u16(), 204);
    assert_eq!(shown(&again, &id)["mine"], true);
    let own = json!({ "line": new.sign_note_text(&text).to_string() });
    let entered = again.post(&format!("/drafts/{id}/signatures"), &own);
    assert_eq!(stands(&entered)["index"], 2);
    let raw = raw(&office, 2);
    assert_eq!(raw.matches("\n— ").count(), 3, "{raw}");
    assert!(raw.contains(own["line"].as_str().unwrap()), "{raw}");
}

#[test]
fn what_was_signed_with_a_stolen_key_and_waits_does_not_count() {
    let office = Office::new();
    let (deng, huang) = (office.sitter("deng"), office.sitter("huang"));
    let text = rehearsed(&deng, &opening("2018-001"));
    let id = begun(&deng, &note(&text, &["deng", "he"]));
    // Whether it was signed before or after the theft, nobody can tell of what has no place in the log.
    let key = key(Some("deng")).verifier().to_string();
    changed(
        &office,
        json!({"kind": "key_compromised", "key": key, "member": "deng", "reason": "遗失", "since": at(NOW)}),
    );
    deng.get("/me").problem(401, "signed_out");
    assert_eq!(has_signed(&huang, &id), ["he"]);
    // Nobody can stand in for the asset manager now: that is said, and the draft waits.
    let refused = sign(&huang, &id, &text, "huang").problem(422, "missing_roles");
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("asset manager"),
        "{refused}"
    );
    office.tend();
    assert_eq!(office.size(), 2);
    let new = fresh_key("deng");
    changed(
        &office,
        json!({"kind": "key_rotated", "member": "deng", "key": new.verifier()}),
    );
    assert_eq!(
        stands(&sign(&huang, &id, &text, "huang"))["state"],
        "waiting"
    );
    let mut again = Sitter::nobody(&office.runtime, &office.router);
    assert_eq!(again.sign_in(&new).status.as_u16(), 204);
    let own = json!({ "line": new.sign_note_text(&text).to_string() });
    let entered = again.post(&format!("/drafts/{id}/signatures"), &own);
    assert_eq!(stands(&entered)["index"], 3);
}

#[test]
fn who_alone_holds_an_office_reports_a_stolen_key_after_replacing_it() {
    let office = Office::new();
    let (chen, huang) = (office.sitter("chen"), office.sitter("huang"));
    let old = key(Some("chen")).verifier().to_string();
    let stolen = json!({"kind": "key_compromised", "body": {"key": old, "member": "chen", "reason": "被盗", "since": at(NOW)}});
    let refused = chen.post("/rehearse", &stolen).problem(422, "unstaffed");
    let says = refused["detail"].as_str().unwrap();
    assert!(says.contains("record its replacement first"), "{says}");
    // And that is a way out.
    let new = fresh_key("chen");
    let rotation =
        json!({"kind": "key_rotated", "body": {"member": "chen", "key": new.verifier()}});
    let text = rehearsed(&chen, &rotation);
    let id = begun(&chen, &note(&text, &["chen"]));
    assert_eq!(
        stands(&sign(&huang, &id, &text, "huang"))["state"],
        "entered"
    );
    let mut again = Sitter::nobody(&office.runtime, &office.router);
    assert_eq!(again.sign_in(&new).status.as_u16(), 204);
    let text = rehearsed(&again, &stolen);
    let own = Statement::parse(&text).unwrap().sign(&[new]).unwrap();
    let id = begun(&again, &json!({ "note": String::from_utf8(own).unwrap() }));
    assert_eq!(
        stands(&sign(&huang, &id, &text, "huang"))["state"],
        "entered"
    );
}

#[test]
fn who_has_left_an_office_has_signed_nothing_that_still_waits() {
    let office = Office::new();
    let (deng, he, huang) = (
        office.sitter("deng"),
        office.sitter("he"),
        office.sitter("huang"),
    );
    let wei = fresh_key("wei");
    changed(
        &office,
        json!({"kind": "member_enrolled", "enrolment": {"key": wei.verifier(), "member": "wei", "name": "wei", "roles": []}}),
    );
    let text = rehearsed(&deng, &opening("2018-001"));
    let id = begun(&deng, &note(&text, &["deng"]));
    assert_eq!(stands(&sign(&he, &id, &text, "he"))["state"], "waiting");
    changed(
        &office,
        json!({"kind": "role_ended", "member": "he", "role": "accountant", "reason": "调离"}),
    );
    changed(
        &office,
        json!({"kind": "role_granted", "member": "wei", "role": "accountant"}),
    );
    assert_eq!(has_signed(&huang, &id), ["deng"]);
    assert_eq!(
        stands(&sign(&huang, &id, &text, "huang"))["state"],
        "waiting"
    );
    let mut sitter = Sitter::nobody(&office.runtime, &office.router);
    assert_eq!(sitter.sign_in(&wei).status.as_u16(), 204);
    let own = json!({ "line": wei.sign_note_text(&text).to_string() });
    let entered = sitter.post(&format!("/drafts/{id}/signatures"), &own);
    let entered = stands(&entered);
    assert_eq!(entered["state"], "entered", "{entered}");
    assert!(!raw(&office, 4).contains("/he "));
}

#[test]
fn a_note_of_what_waits_already_loses_no_signature() {
    let office = Office::new();
    let (deng, he, huang) = (
        office.sitter("deng"),
        office.sitter("he"),
        office.sitter("huang"),
    );
    let text = rehearsed(&huang, &opening("2018-001"));
    let id = begun(&deng, &json!({ "statement": text }));
    let joined = |sitter: &Sitter<'_>, signers: &[&str]| {
        let answer = sitter.post("/drafts", &note(&text, signers));
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
        let stands = answer.json();
        assert_eq!(stands["id"], id.as_str());
        stands["state"].clone()
    };
    assert_eq!(joined(&deng, &["deng"]), "waiting");
    assert_eq!(has_signed(&he, &id), ["deng"]);
    // Not another's alone, and not one that the charter does not take.
    he.post("/drafts", &note(&text, &["deng"]))
        .problem(403, "not_own_signature");
    let chen = office.sitter("chen");
    chen.post("/drafts", &note(&text, &["chen"]))
        .problem(403, "signer_without_role");
    assert_eq!(joined(&he, &["deng", "he"]), "waiting");
    assert_eq!(has_signed(&deng, &id), ["deng", "he"]);
    assert_eq!(joined(&huang, &["huang"]), "entered");
    assert_eq!(joined(&huang, &["huang"]), "entered");
    assert_eq!(office.size(), 2);
}

#[test]
fn what_stands_in_the_log_is_neither_taken_back_nor_expired_nor_said_twice() {
    let office = Office::new();
    let (deng, he) = (office.sitter("deng"), office.sitter("he"));
    let mut waiting = Vec::new();
    for number in 1..=3 {
        let text = rehearsed(&deng, &opening(&format!("2018-00{number}")));
        // Even if nobody has signed it here.
        let given = if number == 3 {
            json!({ "statement": text })
        } else {
            note(&text, &["deng"])
        };
        waiting.push((begun(&deng, &given), text));
    }
    // As after a crash between the log and the inbox, or by the command line.
    for (_, text) in &waiting {
        let whole = note(text, &["deng", "he", "huang"]);
        let whole = whole["note"].as_str().unwrap().as_bytes().to_vec();
        assert_eq!(office.submit(whole).status.as_u16(), 201);
    }
    let late = stands(&sign(&he, &waiting[2].0, &waiting[2].1, "he"));
    assert_eq!(
        (&late["state"], &late["index"]),
        (&json!("entered"), &json!(3))
    );
    let back = deng.send("DELETE", &format!("/drafts/{}", waiting[0].0), &json!({}));
    assert_eq!(back.problem(410, "draft_entered")["index"], 1);
    assert_eq!(shown(&deng, &waiting[0].0)["state"], "entered");
    office.clock.fetch_add(15 * 86_400, Ordering::SeqCst);
    office.tend();
    // So long after, it is only not told any more.
    assert!(
        listed(&office.sitter("deng"))
            .iter()
            .all(|draft| draft["state"] != "expired")
    );
    assert_eq!(office.size(), 4);
}

#[test]
fn nobody_takes_away_the_documents_of_another() {
    let office = Office::new();
    let (deng, he) = (office.sitter("deng"), office.sitter("he"));
    let register = b"register".to_vec();
    let digest = Digest::of(&register);
    let path = format!("/documents/{digest}");
    assert_eq!(put(&deng, &path, register.clone()).status.as_u16(), 202);
    // Somebody else begins a draft that names it, and takes that back.
    let document = |kind: &str| json!({"access": "public", "kind": kind, "sha256": digest, "size_bytes": 8, "title": "台账"});
    let documents = [document("asset_register"), document("ownership")];
    let text = rehearsed(&he, &opening_with("2018-001", &documents));
    let id = begun(&he, &note(&text, &["he"]));
    assert_eq!(shown(&he, &id)["missing_documents"], json!([]));
    let back = he.send("DELETE", &format!("/drafts/{id}"), &json!({}));
    assert_eq!(back.status.as_u16(), 204);
    let waits = office
        .data
        .path()
        .join(format!("donglang/uploads/deng/{digest}"));
    let uploads = office.data.path().join("donglang/uploads/deng");
    let left = std::fs::read_dir(&uploads).unwrap().count();
    assert!(waits.is_file() || left == 1, "{}", uploads.display());
}

/// A request to the desk with these headers in place of those that a page sends.
fn bare(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("/donglang/desk{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

#[test]
fn a_page_of_another_site_changes_nothing_by_whatever_it_can_send() {
    let office = Office::new();
    let deng = office.sitter("deng");
    let text = rehearsed(&deng, &opening("2018-001"));
    let given = json!({ "statement": text }).to_string();
    let own = format!("https://{DESK_HOST}");
    let ask = |headers: &[(&str, &str)]| {
        let with = [
            &[("cookie", deng.cookie.as_str()), ("host", DESK_HOST)][..],
            headers,
        ]
        .concat();
        deng.ask(bare("POST", "/drafts", &with, &given))
    };
    let json = ("content-type", "application/json");
    for from in [
        "null",
        "https://sanzi.example.org:444",
        "https://sanzi.example.org.evil.example",
        "https://evil.example/sanzi.example.org",
        "https://x@sanzi.example.org",
        "https://SANZI.example.org.",
        "sanzi.example.org",
        "://sanzi.example.org",
        "",
    ] {
        // An empty header is none that a browser sends; and what it says of itself does not outweigh it.
        for fetched in ["", "cross-site", "same-site", "none", "same-origin"] {
            let mut headers = vec![json, ("origin", from)];
            if !fetched.is_empty() {
                headers.push(("sec-fetch-site", fetched));
            }
            let answer = ask(&headers);
            let status = answer.status.as_u16();
            assert!(status == 403, "{from} {fetched}: {status}");
            answer.problem(403, "another_site");
        }
    }
    for fetched in [
        "cross-site",
        "same-site",
        "none",
        "Same-Origin",
        "same-origin, cross-site",
    ] {
        ask(&[json, ("origin", &own), ("sec-fetch-site", fetched)]).problem(403, "another_site");
    }
    ask(&[json]).problem(403, "another_site");
    // Who is asked is told by `Host` alone, and whose site it is by no header that a client can add.
    for (name, value) in [
        ("x-forwarded-host", DESK_HOST),
        ("forwarded", "host=sanzi.example.org;proto=https"),
        ("x-original-host", DESK_HOST),
        ("x-forwarded-proto", "https"),
    ] {
        let headers = [json, ("origin", "https://evil.example"), (name, value)];
        ask(&headers).problem(403, "another_site");
        let headers = [
            ("host", "evil.example"),
            ("origin", "https://evil.example"),
            json,
            (name, value),
        ];
        let answer = deng.ask(bare("POST", "/challenge", &headers, "{}"));
        answer.problem(403, "unknown_host");
    }
    // What a form can send is no JSON.
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; application/json",
        "",
    ] {
        ask(&[("content-type", kind), ("origin", &own)]).problem(415, "wrong_content_type");
    }
    assert_eq!(listed(&deng).len(), 0);
    assert_eq!(ask(&[json, ("origin", &own)]).status.as_u16(), 201);
}

#[test]
fn a_cookie_or_a_challenge_is_worth_nothing_elsewhere_or_again() {
    let (one, two) = (Office::new(), Office::new());
    let deng = one.sitter("deng");
    // Two servers on one host, which browsers give each other's cookies.
    let mut there = Sitter::nobody(&two.runtime, &two.router);
    there.cookie.clone_from(&deng.cookie);
    there.get("/me").problem(401, "signed_out");
    // What one of them has given to sign opens nothing at the other.
    let challenge = deng.challenge();
    let key = key(Some("deng"));
    let signature = key.sign_request(&challenge);
    there
        .present(&key, &challenge, &signature)
        .problem(403, "challenge_stale");
    // A cookie that was planted beside the own, or that is none of this server's making.
    for planted in [
        format!("{}; {}", deng.cookie, deng.cookie),
        format!("sanzi_desk_donglang=; {}", deng.cookie),
        "sanzi_desk_donglang=".to_owned(),
        format!("sanzi_desk_donglang={}", "A".repeat(43)),
        format!("sanzi_desk_donglang={}", "A".repeat(8000)),
        deng.cookie.replace("donglang", "Donglang"),
        deng.cookie.to_uppercase(),
    ] {
        let mut other = Sitter::nobody(&one.runtime, &one.router);
        other.cookie = planted;
        other.get("/me").problem(401, "signed_out");
    }
    // A token given before signing in is not the one after it.
    let mut fixed = Sitter::nobody(&one.runtime, &one.router);
    fixed.cookie = format!("sanzi_desk_donglang={}", "B".repeat(43));
    let before = fixed.cookie.clone();
    assert_eq!(fixed.sign_in(&key).status.as_u16(), 204);
    assert_ne!(fixed.cookie, before);
    // Signed out, the token is dead, wherever a copy of it is.
    let copy = fixed.cookie.clone();
    assert_eq!(
        fixed.send("DELETE", "/session", &json!({})).status.as_u16(),
        204
    );
    fixed.cookie = copy;
    fixed.get("/drafts").problem(401, "signed_out");
    assert_eq!(deng.get("/me").status.as_u16(), 200);
}

/// Two ledgers on one server, of which the second has another name and other people.
struct Two {
    router: Router,
    runtime: Runtime,
    _folder: tempfile::TempDir,
    _kept: (Ledgers, Writer),
}

const OTHER: &str = "sanzi.example.org/xilang";

fn other_key(member: Option<&str>) -> SigningKey {
    let name = member.map_or_else(|| OTHER.to_owned(), |member| format!("{OTHER}/{member}"));
    let mut seed = [3; 32];
    let member = member.unwrap_or_default().as_bytes();
    seed[..member.len()].copy_from_slice(member);
    SigningKey::from_seed(&name, &seed).unwrap()
}

/// The founding of `donglang` as that of `xilang`.
fn other_founding() -> Vec<u8> {
    let text = String::from_utf8(scene::founding()).unwrap();
    let text = text.split_once("\n\n").unwrap().0.to_owned() + "\n";
    let founding = Statement::parse(&text).unwrap();
    let mut event = serde_json::to_value(&founding.event).unwrap();
    event["origin"] = json!(OTHER);
    let mut keys = Vec::new();
    for member in event["members"].as_array_mut().unwrap() {
        let key = other_key(member["member"].as_str());
        member["key"] = json!(key.verifier());
        keys.push(key);
    }
    let at = StatedTime::new(at(NOW), 480).unwrap();
    let event = Event::from_value(event).unwrap();
    let stream = "ledger".parse().unwrap();
    Statement::new(stream, Hash::ZERO, at, event)
        .sign(&keys)
        .unwrap()
}

fn two_ledgers() -> Two {
    let folder = tempfile::tempdir().unwrap();
    let host = |slug: &str, log: fn() -> SigningKey, founding: Vec<u8>| {
        let store = SharedMemory::default();
        let (ledger, _) = Ledger::create(store.clone(), log(), &founding, at(NOW)).unwrap();
        Hosting {
            desk: Some(folder.path().join(slug).join(DESK_FOLDER)),
            intake: None,
            ledger,
            policy: None,
            reopen: Box::new(move || Ledger::open(store.clone(), log(), &mut |_, _| {})),
            stop: Arc::default(),
        }
    };
    let hosted = vec![
        host("donglang", || key(None), scene::founding()),
        host("xilang", || other_key(None), other_founding()),
    ];
    let options = Options {
        clock: Arc::new(|| at(NOW)),
        ..Options::default()
    };
    let (ledgers, writer) = Writer::start(hosted, options).unwrap();
    Two {
        router: app(ledgers.clone()),
        runtime: Runtime::new().unwrap(),
        _folder: folder,
        _kept: (ledgers, writer),
    }
}

#[test]
fn members_of_one_ledger_are_nobody_at_the_desk_of_another_on_the_same_server() {
    let two = two_ledgers();
    let deng = Sitter::member(&two.runtime, &two.router, "deng");
    let text = rehearsed(&deng, &opening("2018-001"));
    let id = begun(&deng, &note(&text, &["deng"]));
    let token = deng.cookie.split_once('=').unwrap().1.to_owned();
    let ask = |method: &str, path: &str, cookie: &str, body: &str| {
        let mut request = from_desk(method, "").header(COOKIE, cookie);
        *request.headers_mut().unwrap() = request.headers_ref().unwrap().clone();
        let request = request.uri(format!("/xilang/desk{path}"));
        let request = request.body(Body::from(body.to_owned())).unwrap();
        two.runtime.block_on(answer(two.router.clone(), request))
    };
    // The cookie as it is, and the same token under the other's name.
    for cookie in [&deng.cookie, &format!("sanzi_desk_xilang={token}")] {
        for path in ["/me", "/drafts", &format!("/drafts/{id}/json")] {
            ask("GET", path, cookie, "").problem(401, "signed_out");
        }
        let own = line(&text, "deng").to_string();
        let path = format!("/drafts/{id}/signatures");
        ask("POST", &path, cookie, &own).problem(401, "signed_out");
        ask("DELETE", &format!("/drafts/{id}"), cookie, "{}").problem(401, "signed_out");
    }
    // A challenge of one is none of the other, and so is a member.
    let challenge = deng.challenge();
    let present = |key: &SigningKey, challenge: &str| {
        let signature = data_encoding::BASE64.encode(&key.sign_request(challenge));
        let given = json!({"key": key.verifier(), "challenge": challenge, "signature": signature});
        ask("POST", "/session", "", &given.to_string())
    };
    present(&other_key(Some("deng")), &challenge).problem(403, "challenge_stale");
    let there = ask("POST", "/challenge", "", "{}").json();
    let there = there["challenge"].as_str().unwrap();
    present(&key(Some("deng")), there).problem(403, "not_let_in");
    let entered = present(&other_key(Some("deng")), there);
    assert_eq!(entered.status.as_u16(), 204, "{}", entered.text());
    let cookie = entered
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    // Signed in there, the drafts of here are unknown, and what is signed here says nothing there.
    ask("GET", &format!("/drafts/{id}/json"), &cookie, "").problem(404, "no_draft");
    assert_eq!(ask("GET", "/drafts", &cookie, "").json(), json!([]));
    let given = json!({ "statement": text }).to_string();
    let status = ask("POST", "/drafts", &cookie, &given).status.as_u16();
    assert_eq!(status, 409);
}

#[test]
fn an_address_of_a_draft_or_a_code_is_one_or_none() {
    let office = Office::new();
    let chen = office.sitter("chen");
    let secret = office.data.path().join("donglang/desk").join("x.json");
    for name in [
        "%ff",
        "%00",
        "..%2f..%2fpins",
        "%2e%2e",
        "....//",
        &"g".repeat(32),
        &"A".repeat(32),
        &"a".repeat(31),
        &"a".repeat(33),
        &format!("{}%0a", "a".repeat(32)),
        "pins.json",
    ] {
        for (method, path) in [
            ("GET", format!("/drafts/{name}/json")),
            ("POST", format!("/drafts/{name}/signatures")),
            ("POST", format!("/drafts/{name}/rebase")),
            ("DELETE", format!("/drafts/{name}")),
            ("GET", format!("/enrolments/{name}")),
            ("PUT", format!("/documents/{name}")),
            ("PUT", format!("/private/{name}")),
        ] {
            let body = if path.ends_with("signatures") {
                json!({"line": "x"})
            } else {
                json!({})
            };
            let answer = chen.send(method, &path, &body);
            let status = answer.status.as_u16();
            assert!(
                status == 404 || (method == "PUT" && status == 400),
                "{method} {path}: {status}"
            );
            assert_eq!(
                answer.header("content-type"),
                "application/problem+json",
                "{path}"
            );
        }
        for path in [format!("/drafts/{name}"), format!("/record/{name}")] {
            let request = from_desk("GET", &path).header(COOKIE, &chen.cookie);
            let request = request
                .header("accept", "text/html")
                .body(Body::empty())
                .unwrap();
            let status = chen.ask(request).status.as_u16();
            assert!(status == 404, "{path}: {status}");
        }
    }
    assert!(!secret.exists());
}

/// A statement's text after a change that a reader may overlook.
fn bent(text: &str) -> Vec<(&'static str, String)> {
    let twice = |member: &str| text.replacen(member, &format!("{member}{member}"), 1);
    vec![
        ("a field said twice", twice("\"name\":\"东街仓库\",")),
        ("another order", text.replacen("{\"at\":", "{ \"at\":", 1)),
        (
            "a text that runs backwards",
            text.replacen("东街仓库", "东街\u{202E}仓库", 1),
        ),
        (
            "an isolate",
            text.replacen("东街仓库", "\u{2067}东街仓库\u{2069}", 1),
        ),
        ("a byte order mark", format!("\u{FEFF}{text}")),
        ("a tab", text.replacen("东街仓库", "东街\t仓库", 1)),
        (
            "an escape for a letter",
            text.replacen("东街仓库", "\\u4e1c街仓库", 1),
        ),
        ("half a letter", text.replacen("东街仓库", "\\ud83d仓库", 1)),
        ("two lines", format!("{text}{text}")),
        ("no line", text.trim_end().to_owned()),
        ("a carriage return", text.replace('\n', "\r\n")),
        (
            "more than can be counted",
            text.replacen("250000000", "9007199254740993", 1),
        ),
        ("a power of ten", text.replacen("250000000", "25e7", 1)),
        ("a fraction", text.replacen("250000000", "250000000.0", 1)),
        (
            "less than nothing",
            text.replacen("250000000", "-250000000", 1),
        ),
        ("a zero before", text.replacen("250000000", "0250000000", 1)),
        (
            "a field that nobody knows",
            text.replacen("\"name\":", "\"nama\":\"x\",\"name\":", 1),
        ),
        (
            "nothing for something",
            text.replacen("\"仓库\"", "null", 1),
        ),
    ]
}

#[test]
fn a_text_that_seems_to_say_something_else_is_no_statement() {
    let office = Office::new();
    let deng = office.sitter("deng");
    let text = rehearsed(&deng, &opening("2018-001"));
    for (what, bent) in bent(&text) {
        assert_ne!(bent, text, "{what}");
        let line = key(Some("deng")).sign_note_text(&bent).to_string();
        let whole = format!("{bent}\n{line}\n");
        for given in [json!({ "statement": bent }), json!({ "note": whole })] {
            let answer = deng.post("/drafts", &given);
            let status = answer.status.as_u16();
            assert!(
                status == 400 || status == 422,
                "{what}: {status} {}",
                answer.text()
            );
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
    }
    assert_eq!(listed(&deng).len(), 0);
    // And of two drafts that look alike neither is the other: a Cyrillic letter is another text.
    let first = text.replacen("2018-001", "A-1", 1);
    let second = text.replacen("2018-001", "\u{0410}-1", 1);
    assert_eq!(
        deng.post("/drafts", &json!({ "statement": first }))
            .status
            .as_u16(),
        201
    );
    assert_eq!(
        deng.post("/drafts", &json!({ "statement": second }))
            .status
            .as_u16(),
        400
    );
}

/// What takes no room is no secret: whoever signs reads that it is there.
#[cfg(feature = "pages")]
#[test]
fn what_cannot_be_seen_is_said_before_it_is_signed() {
    let mut office = Office::new();
    let deng = office.sitter("deng");
    let mut asked = opening("2018-001");
    asked["body"]["summary"] = json!("不\u{200B}同意\u{AD}出租\u{2064}，葛\u{FE00}先生。");
    let text = rehearsed(&deng, &asked);
    let whole = deng.post("/drafts", &note(&text, &["deng", "he", "huang"]));
    assert_eq!(whole.json()["state"], "entered", "{}", whole.text());
    office.restart();
    let tool = std::path::Path::new(env!("SANZI_WEB_TOOLS")).join("words.mjs");
    let entries = office.data.path().join("donglang/entries");
    let mut node = std::process::Command::new("node");
    let said = match node.arg(tool).arg(entries).arg("zh-CN").output() {
        Ok(output) => String::from_utf8(output.stdout).unwrap(),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "node: {error}");
            return;
        }
    };
    let shown = "不[U+200B]同意[U+00AD]出租[U+2064]，葛\u{FE00}先生。";
    assert!(said.contains(shown), "{said}");
}

#[test]
fn sixty_four_who_sign_one_draft_at_once_make_one_entry() {
    let office = Office::new();
    let sitters = ["deng", "he", "huang", "chen"].map(|member| (member, office.sitter(member)));
    let text = rehearsed(&sitters[0].1, &opening("2018-001"));
    let id = begun(&sitters[0].1, &note(&text, &["deng"]));
    let path = format!("/drafts/{id}/signatures");
    let (mut entered, mut tasks) = (0, Vec::new());
    for number in 0..64 {
        let (member, sitter) = &sitters[number % 4];
        let request = from_desk("POST", &path).header(COOKIE, &sitter.cookie);
        let body = Body::from(line(&text, member).to_string());
        tasks.push((
            *member,
            answer(office.router.clone(), request.body(body).unwrap()),
        ));
    }
    let answers = office.runtime.block_on(async {
        let tasks = tasks
            .into_iter()
            .map(|(member, asked)| (member, tokio::spawn(asked)));
        let mut answers = Vec::new();
        for (member, task) in tasks.collect::<Vec<_>>() {
            answers.push((member, task.await.unwrap()));
        }
        answers
    });
    for (member, answer) in answers {
        let status = answer.status.as_u16();
        // The chair has no role in it, before or, as everybody is told, after.
        assert!(
            status == 200 || (member == "chen" && status == 403),
            "{member}: {}",
            answer.text()
        );
        entered += usize::from(status == 200 && answer.json()["state"] == "entered");
    }
    assert!(entered > 0);
    assert_eq!(office.size(), 2);
    assert_eq!(raw(&office, 1).matches("\n— ").count(), 3);
}

#[test]
fn who_signs_in_without_end_keeps_nobody_else_from_it() {
    let office = Office::new();
    let mut deng = Sitter::nobody(&office.runtime, &office.router);
    let mut last = None;
    for _ in 0..300 {
        let answer = deng.sign_in(&key(Some("deng")));
        if answer.status.as_u16() != 204 {
            last = Some(answer);
            break;
        }
    }
    let busy = last.unwrap();
    busy.problem(503, "busy");
    assert_eq!(busy.header("retry-after"), "120");
    let he = office.sitter("he");
    assert_eq!(he.get("/me").status.as_u16(), 200);
    office.clock.fetch_add(121, Ordering::SeqCst);
    assert_eq!(deng.sign_in(&key(Some("deng"))).status.as_u16(), 204);
}

#[test]
fn a_wrong_clock_is_told_and_loses_nothing() {
    let office = Office::new();
    let (deng, he, huang) = (
        office.sitter("deng"),
        office.sitter("he"),
        office.sitter("huang"),
    );
    // Somebody's own clock, a day ahead and a day behind.
    let mut asked = opening("2018-001");
    asked["at"] = json!("2018-03-27 09:00");
    let ahead = deng.post("/rehearse", &asked).problem(422, "future_time");
    assert!(ahead["detail"].as_str().unwrap().len() > 20, "{ahead}");
    asked["at"] = json!("2018-03-25 09:00");
    let behind = rehearsed(&deng, &asked);
    let id = begun(&deng, &note(&behind, &["deng"]));
    // The server's, an hour back: what was signed is signed, and who sits there goes on.
    office.clock.fetch_sub(3600, Ordering::SeqCst);
    assert_eq!(stands(&sign(&he, &id, &behind, "he"))["state"], "waiting");
    let text = rehearsed(&deng, &granting("deng", "cashier"));
    let granted = begun(&office.sitter("chen"), &note(&text, &["chen"]));
    assert_eq!(
        stands(&sign(&huang, &granted, &text, "huang"))["state"],
        "entered"
    );
    // And right again.
    office.clock.fetch_add(3600, Ordering::SeqCst);
    office.tend();
    assert_eq!(stands(&sign(&huang, &id, &behind, "huang"))["index"], 2);
}

#[test]
fn a_body_that_is_too_long_or_never_ends_is_refused_in_words() {
    let office = Office::new();
    let deng = office.sitter("deng");
    let long = json!({ "statement": "a".repeat(300 * 1024) });
    for path in ["/drafts", "/rehearse", "/typed"] {
        deng.post(path, &long).problem(413, "too_large");
    }
    let signed_in = json!({"key": "a".repeat(300 * 1024), "challenge": "", "signature": ""});
    deng.post("/session", &signed_in).problem(413, "too_large");
    let deep = "[".repeat(100_000);
    let request = from_desk("POST", "/rehearse").header(COOKIE, &deng.cookie);
    let answer: Answer = deng.ask(request.body(Body::from(deep)).unwrap());
    answer.problem(400, "malformed_json");
    let mut request = from_desk("POST", "/rehearse").header(COOKIE, &deng.cookie);
    let headers = request.headers_mut().unwrap();
    headers.insert(
        HeaderName::from_static("content-encoding"),
        HeaderValue::from_static("gzip"),
    );
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let answer = deng.ask(request.body(Body::from("\u{1f}")).unwrap());
    assert!(answer.status.is_client_error(), "{}", answer.status);
    let mut two = from_desk("POST", "/rehearse").header(COOKIE, &deng.cookie);
    two.headers_mut()
        .unwrap()
        .append(FROM, HeaderValue::from_static("https://evil.example"));
    two.headers_mut()
        .unwrap()
        .append(HOST, HeaderValue::from_static("evil.example"));
    let answer = deng.ask(two.body(Body::from("{}")).unwrap());
    assert!(answer.status.is_client_error(), "{}", answer.status);
}
