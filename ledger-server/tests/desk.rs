//! The staff desk over HTTP: signing in, and rehearsing drafts.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use axum::body::Body;
use axum::http::header::{COOKIE, HOST, ORIGIN as FROM};
use ledger_core::event::Statement;
use scene::sitter::{Sitter, from_desk};
use scene::{NOW, Site, at, key, signed, verification};
use serde_json::{Value, json};

fn sitter<'a>(site: &'a Site, member: &str) -> Sitter<'a> {
    Sitter::member(&site.runtime, &site.router, member)
}

/// Step 1 without what the desk fills in.
fn body() -> Value {
    let mut body = verification();
    body.as_object_mut().unwrap().remove("kind");
    body
}

fn rehearsal(body: &Value) -> Value {
    json!({"kind": "asset_verification", "transaction": "2018-001", "body": body})
}

#[test]
fn what_was_rehearsed_and_signed_is_what_the_log_admits() {
    let site = Site::new();
    let deng = sitter(&site, "deng");
    let answer = deng.post("/rehearse", &rehearsal(&body()));
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
    let rehearsed = answer.json();
    let text = rehearsed["statement"].as_str().unwrap();
    let statement = Statement::parse(text).unwrap();
    assert_eq!(statement.prev, site.ledger_id);
    let seats: Vec<[&str; 2]> = rehearsed["seats"]
        .as_array()
        .unwrap()
        .iter()
        .map(|seat| {
            [
                seat["role"].as_str().unwrap(),
                seat["member"].as_str().unwrap(),
            ]
        })
        .collect();
    let expected = [
        ["asset_manager", "deng"],
        ["accountant", "he"],
        ["supervisor", "huang"],
    ];
    assert_eq!(seats, expected);
    assert_eq!(rehearsed["mine"], true);
    let lines = rehearsed["lines"].as_array().unwrap();
    let says = |what: &str| {
        lines
            .iter()
            .any(|line| line.as_str().unwrap().contains(what))
    };
    assert!(
        says("transaction 2018-001") && says("东街仓库") && says("3.5"),
        "{lines:?}"
    );
    // Nothing was kept, and the same bytes with the signatures are taken.
    assert_eq!(site.entries(), 1);
    let note = statement.sign(&[key(Some("deng")), key(Some("he")), key(Some("huang"))]);
    assert_eq!(site.submit(note.unwrap()).status.as_u16(), 201);
    // Who has no seat can rehearse, too, and is told so.
    let chen = sitter(&site, "chen");
    let answer = chen.post(
        "/rehearse",
        &json!({
            "kind": "asset_verification", "transaction": "2018-002", "body": body(),
        }),
    );
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
    assert_eq!(answer.json()["mine"], false);
    // And by now it is another step's turn.
    let answer = deng.post("/rehearse", &rehearsal(&body()));
    let problem = answer.problem(422, "out_of_order");
    assert_eq!(problem["expected"], "proposal_initiation");
}

#[test]
fn a_refusal_names_the_field_as_the_form_does() {
    let site = Site::new();
    let deng = sitter(&site, "deng");
    let refused = |change: fn(&mut Value), status, rule| {
        let mut body = body();
        change(&mut body);
        let answer = deng.post("/rehearse", &rehearsal(&body));
        answer.problem(status, rule)
    };
    let missing = refused(
        |body| {
            body["asset"].as_object_mut().unwrap().remove("location");
        },
        422,
        "malformed_event",
    );
    assert_eq!(missing["field"], "asset.location");
    assert_eq!(missing["field_name"], "asset·location");
    let number = refused(
        |body| body["asset"]["area"]["value"] = json!("3,5"),
        422,
        "malformed_event",
    );
    assert_eq!(number["field"], "asset.area.value");
    let private = refused(
        |body| body["asset"]["location"] = json!("东街 13800138000"),
        422,
        "private_data",
    );
    assert_eq!(private["field"], "asset.location");
    let documents = refused(
        |body| body["documents"] = json!([]),
        422,
        "document_missing",
    );
    assert!(documents["field"].is_null());
    let place = deng.post("/rehearse", &json!({"kind": "member_vote", "body": {}}));
    assert_eq!(place.problem(422, "misplaced")["field"], "transaction");
    let time = json!({
        "kind": "asset_verification", "transaction": "2018-001", "body": body(), "at": "yesterday",
    });
    let time = deng.post("/rehearse", &time).problem(422, "malformed_time");
    assert_eq!(time["field"], "at");
    let kind = deng.post("/rehearse", &json!({"kind": "feast", "body": {}}));
    assert_eq!(kind.problem(422, "malformed_event")["status"], 422);
    let ledger = json!({"kind": "role_granted", "body": {"member": "deng", "role": "cashier"}});
    assert_eq!(deng.post("/rehearse", &ledger).status.as_u16(), 200);
    for (body, path) in [
        (json!({"kind": "member_vote"}), "."),
        (
            json!({"kind": "member_vote", "transaction": "../x", "body": {}}),
            "transaction",
        ),
        (json!({"kind": "member_vote", "body": {}, "now": 1}), "now"),
    ] {
        let problem = deng.post("/rehearse", &body).problem(400, "malformed_json");
        assert_eq!(problem["path"], path, "{problem}");
    }
    assert_eq!(site.entries(), 1);
}

#[test]
fn only_the_key_in_use_of_somebody_in_office_signs_in_and_only_once_per_challenge() {
    let site = Site::new();
    let mut nobody = Sitter::nobody(&site.runtime, &site.router);
    for path in ["/me", "/drafts"] {
        let answer = nobody.get(path);
        assert!(matches!(answer.status.as_u16(), 401 | 404), "{path}");
    }
    nobody
        .post("/rehearse", &rehearsal(&body()))
        .problem(401, "signed_out");
    let (deng, he) = (key(Some("deng")), key(Some("he")));
    let challenge = nobody.challenge();
    let expected = "sanzi-desk-sign-in-v1\nsanzi.example.org/donglang\nsanzi.example.org\n";
    assert!(challenge.starts_with(expected), "{challenge}");
    // Somebody else's signature, one over another text, none.
    let of_he = he.sign_request(&challenge);
    nobody
        .present(&deng, &challenge, &of_he)
        .problem(403, "not_let_in");
    let of_another = deng.sign_request(&nobody.challenge());
    nobody
        .present(&deng, &challenge, &of_another)
        .problem(403, "not_let_in");
    nobody
        .present(&deng, &challenge, b"")
        .problem(403, "not_let_in");
    // A key that nobody has, and the log's own.
    for stranger in [
        ledger_core::SigningKey::from_seed(&format!("{}/deng", scene::ORIGIN), &[1; 32]).unwrap(),
        ledger_core::SigningKey::from_seed(&format!("{}/wang", scene::ORIGIN), &[1; 32]).unwrap(),
        key(None),
    ] {
        let signature = stranger.sign_request(&challenge);
        nobody
            .present(&stranger, &challenge, &signature)
            .problem(403, "not_let_in");
    }
    // A text of one's own making.
    let own = challenge.replace("sanzi.example.org\n", "evil.example\n");
    let signature = deng.sign_request(&own);
    nobody
        .present(&deng, &own, &signature)
        .problem(403, "challenge_stale");
    let signature = deng.sign_request(&challenge);
    let answer = nobody.present(&deng, &challenge, &signature);
    assert_eq!(answer.status.as_u16(), 204, "{}", answer.text());
    let cookie = answer.header("set-cookie");
    for part in [
        "; HttpOnly",
        "; SameSite=Strict",
        "; Secure",
        "; Path=/donglang/desk;",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let me = nobody.get("/me").json();
    assert_eq!(me["member"], "deng");
    assert_eq!(me["roles"], json!(["asset_manager"]));
    assert_eq!(me["origin"], scene::ORIGIN);
    assert_eq!(me["training"], true);
    nobody
        .present(&deng, &challenge, &signature)
        .problem(403, "challenge_used");
    // Two minutes are over.
    let late = nobody.challenge();
    site.clock
        .store(NOW + 121, std::sync::atomic::Ordering::SeqCst);
    let signature = deng.sign_request(&late);
    nobody
        .present(&deng, &late, &signature)
        .problem(403, "challenge_stale");
    // Signed out, the cookie is worth nothing.
    assert_eq!(
        nobody
            .send("DELETE", "/session", &json!({}))
            .status
            .as_u16(),
        204
    );
    nobody.get("/me").problem(401, "signed_out");
    for path in ["/charter/sheet", "/charter/proposed"] {
        let answer = nobody.post(path, &json!("default"));
        answer.problem(401, "signed_out");
    }
}

#[test]
fn a_session_ends_with_the_entry_that_takes_the_role_or_the_key() {
    let site = Site::new();
    let (he, deng) = (sitter(&site, "he"), sitter(&site, "deng"));
    assert_eq!(he.get("/me").status.as_u16(), 200);
    let ended =
        json!({"kind": "role_ended", "member": "he", "role": "accountant", "reason": "调离"});
    let note = signed("ledger", site.ledger_id, at(NOW), ended, &["chen", "huang"]);
    let answer = site.submit(note.clone());
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    he.get("/me").problem(401, "signed_out");
    he.post("/rehearse", &rehearsal(&body()))
        .problem(401, "signed_out");
    let mut again = Sitter::nobody(&site.runtime, &site.router);
    again.sign_in(&key(Some("he"))).problem(403, "not_let_in");
    assert_eq!(deng.get("/me").status.as_u16(), 200);
    // The asset manager's key is exchanged.
    let head = ledger_core::hash::Hash::leaf(&site.get("/donglang/e/1/raw").body);
    let new =
        ledger_core::SigningKey::from_seed(&format!("{}/deng", scene::ORIGIN), &[9; 32]).unwrap();
    let rotated =
        json!({"kind": "key_rotated", "member": "deng", "key": new.verifier().to_string()});
    let note = signed("ledger", head, at(NOW), rotated, &["chen", "huang"]);
    let answer = site.submit(note);
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    deng.get("/me").problem(401, "signed_out");
    let mut again = Sitter::nobody(&site.runtime, &site.router);
    again.sign_in(&key(Some("deng"))).problem(403, "not_let_in");
    assert_eq!(again.sign_in(&new).status.as_u16(), 204);
}

#[test]
fn what_another_site_sends_changes_nothing() {
    let site = Site::new();
    let deng = sitter(&site, "deng");
    let with = |name: &str, value: &str, method: &str, path: &str| {
        let mut request = from_desk(method, path).header(COOKIE, &deng.cookie);
        let headers = request.headers_mut().unwrap();
        headers.remove(FROM);
        if !value.is_empty() {
            let name: axum::http::HeaderName = name.parse().unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        deng.ask(request.body(Body::from("{}")).unwrap())
    };
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", ""),
    ] {
        for (method, path) in [
            ("POST", "/rehearse"),
            ("POST", "/charter/sheet"),
            ("POST", "/charter/proposed"),
            ("POST", "/challenge"),
            ("POST", "/session"),
            ("DELETE", "/session"),
        ] {
            with(name, value, method, path).problem(403, "another_site");
        }
    }
    assert_eq!(deng.get("/me").status.as_u16(), 200);
    // A form of another site cannot say that it is JSON.
    let mut request = from_desk("POST", "/rehearse").header(COOKIE, &deng.cookie);
    request
        .headers_mut()
        .unwrap()
        .insert("content-type", "text/plain".parse().unwrap());
    let answer = deng.ask(request.body(Body::from("{}")).unwrap());
    answer.problem(415, "wrong_content_type");
    // By a name that is not this site's, no challenge is given.
    let mut request = from_desk("POST", "/challenge");
    let headers = request.headers_mut().unwrap();
    headers.insert(HOST, "evil.example".parse().unwrap());
    headers.insert(FROM, "https://evil.example".parse().unwrap());
    let answer = deng.ask(request.body(Body::from("{}")).unwrap());
    answer.problem(403, "unknown_host");
}
