//! Drafts at the staff desk, over HTTP: begun, signed, moved on, taken back, lost by nobody.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::header::COOKIE;
use ledger_core::event::Statement;
use ledger_server::DESK_FOLDER;
use scene::folder::DataFolder;
use scene::office::{
    Browser, Office, begun, granting, line, listed, note, opening, opening_with, pin, put,
    rehearsed, shown, sign, stands,
};
use scene::sitter::{Sitter, from_desk};
use scene::{Answer, NOW, answer, at, signed, verification};
use serde_json::{Value, json};

#[test]
fn a_draft_waits_until_all_have_signed_and_enters_by_itself() {
    let office = Office::new();
    let (deng, he, huang) = (
        office.sitter("deng"),
        office.sitter("he"),
        office.sitter("huang"),
    );
    let text = rehearsed(&deng, &opening("2018-001"));
    let given = note(&text, &["deng"]);
    let id = begun(&deng, &given);
    let mine = |sitter| listed(sitter)[0]["mine"] == true;
    assert!(!mine(&deng) && mine(&he) && mine(&huang) && !mine(&office.sitter("chen")));
    let waits = shown(&he, &id);
    assert_eq!(waits["statement"], text);
    assert_eq!(waits["author"], json!({"member": "deng", "name": "deng"}));
    assert_eq!(waits["missing_documents"], json!(["材料", "材料"]));
    let seats: Vec<_> = waits["seats"]
        .as_array()
        .unwrap()
        .iter()
        .map(|seat| {
            (
                seat["member"].as_str().unwrap(),
                seat["signed"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(seats, [("deng", true), ("he", false), ("huang", false)]);
    // The same again is the same draft, and the same signature the same signature.
    let again = deng.post("/drafts", &given);
    assert_eq!(
        (again.status.as_u16(), again.json()["id"].clone()),
        (200, json!(id))
    );
    assert_eq!(stands(&sign(&he, &id, &text, "he"))["state"], "waiting");
    assert_eq!(stands(&sign(&he, &id, &text, "he"))["state"], "waiting");
    assert_eq!(office.size(), 1);
    let entered = stands(&sign(&huang, &id, &text, "huang"));
    assert_eq!(
        (entered["state"].clone(), entered["index"].clone()),
        (json!("entered"), json!(1))
    );
    let entry = office.runtime.block_on(answer(
        office.router.clone(),
        axum::http::Request::get("/donglang/e/1/raw")
            .body(Body::empty())
            .unwrap(),
    ));
    for member in ["deng", "he", "huang"] {
        assert!(
            entry
                .text()
                .contains(&format!("— {}/{member} ", scene::ORIGIN))
        );
    }
    assert!(entry.text().contains(&text));
    // Whoever comes too late is told that it stands.
    assert_eq!(stands(&sign(&huang, &id, &text, "huang"))["index"], 1);
    assert_eq!(stands(&deng.post("/drafts", &given))["state"], "entered");
    deng.send("DELETE", &format!("/drafts/{id}"), &json!({}))
        .problem(410, "draft_entered");
    let over = shown(&deng, &id);
    assert_eq!(
        (over["state"].clone(), over["mine"].clone()),
        (json!("entered"), json!(false))
    );
    assert_eq!(office.size(), 2);
}

#[test]
fn who_alone_has_to_sign_needs_no_inbox() {
    let office = Office::new();
    let deng = office.sitter("deng");
    let text = rehearsed(&deng, &opening("2018-001"));
    let answer = deng.post("/drafts", &note(&text, &["deng", "he", "huang"]));
    assert_eq!(answer.status.as_u16(), 201);
    assert_eq!(answer.json()["state"], "entered");
    assert_eq!(office.size(), 2);
}

#[test]
fn every_role_is_refused_what_it_must_not() {
    let office = Office::new();
    let members = ["chen", "deng", "he", "huang"];
    let sitters = members.map(|member| (member, office.sitter(member)));
    let of = |member: &str| &sitters.iter().find(|(name, _)| *name == member).unwrap().1;
    let text = rehearsed(of("deng"), &opening("2018-001"));
    // Nobody begins a draft with somebody else's signature, or with their own where they have no role.
    for (member, sitter) in &sitters {
        if *member != "deng" {
            sitter
                .post("/drafts", &note(&text, &["deng"]))
                .problem(403, "not_own_signature");
        }
    }
    let own = of("chen").post("/drafts", &note(&text, &["chen"]));
    own.problem(403, "signer_without_role");
    let id = begun(of("deng"), &note(&text, &["deng"]));
    // Nobody signs for another.
    for (member, sitter) in &sitters {
        for other in members.iter().filter(|other| *other != member) {
            sign(sitter, &id, &text, other).problem(403, "not_own_signature");
        }
    }
    // The chair has no role in this step, and takes nothing back that is not the chair's.
    sign(of("chen"), &id, &text, "chen").problem(403, "signer_without_role");
    let back = of("chen").send("DELETE", &format!("/drafts/{id}"), &json!({}));
    back.problem(403, "not_your_draft");
    // Not over another text, not in another form, not below another draft.
    let other = rehearsed(of("deng"), &opening("2018-002"));
    sign(of("he"), &id, &other, "he").problem(409, "signature_of_another");
    let path = format!("/drafts/{id}/signatures");
    of("he")
        .post(&path, &json!({"line": "he was here"}))
        .problem(400, "malformed_signature");
    let unknown = "0".repeat(32);
    sign(of("he"), &unknown, &text, "he").problem(404, "no_draft");
    for id in ["..", "x", "%2e%2e%2fpins", &"g".repeat(32)] {
        assert_eq!(sign(of("he"), id, &text, "he").status.as_u16(), 404, "{id}");
    }
    // What is not recorded at the desk.
    let founding = String::from_utf8(scene::founding()).unwrap();
    of("chen")
        .post("/drafts", &json!({ "note": founding }))
        .problem(403, "not_at_the_desk");
    for malformed in [
        json!({}),
        json!({"note": "x", "statement": "y"}),
        json!({"note": 1}),
    ] {
        of("chen")
            .post("/drafts", &malformed)
            .problem(400, "malformed_json");
    }
    of("chen")
        .post("/drafts", &json!({"note": "x"}))
        .problem(400, "malformed_note");
    // Without a session there is nothing to see, and nothing to do.
    let nobody = Sitter::nobody(&office.runtime, &office.router);
    for path in ["/drafts".to_owned(), format!("/drafts/{id}/json")] {
        nobody.get(&path).problem(401, "signed_out");
    }
    for (method, path) in [
        ("POST", "/drafts".to_owned()),
        ("POST", format!("/drafts/{id}/signatures")),
        ("POST", format!("/drafts/{id}/rebase")),
        ("DELETE", format!("/drafts/{id}")),
    ] {
        nobody
            .send(method, &path, &json!({}))
            .problem(401, "signed_out");
        // Nor for another site, whatever cookie it has.
        let mut request = from_desk(method, &path).header(COOKIE, &of("he").cookie);
        let evil = "https://evil.example".parse().unwrap();
        request.headers_mut().unwrap().insert("origin", evil);
        let answer = nobody.ask(request.body(Body::from("{}")).unwrap());
        answer.problem(403, "another_site");
    }
    assert_eq!(office.size(), 1);
    assert_eq!(listed(of("chen")).len(), 1);
    // Who signs it may take it back, and everybody is told.
    let back = of("he").send(
        "DELETE",
        &format!("/drafts/{id}"),
        &json!({"reason": " 面积写错 "}),
    );
    assert_eq!(back.status.as_u16(), 204);
    let gone = shown(of("deng"), &id);
    assert_eq!(gone["state"], "withdrawn");
    assert_eq!(gone["withdrawn_by"]["member"], "he");
    assert_eq!(gone["reason"], "面积写错");
    sign(of("huang"), &id, &text, "huang").problem(410, "draft_withdrawn");
    // The very same can be begun again.
    assert_eq!(begun(of("deng"), &note(&text, &["deng"])), id);
    assert_eq!(shown(of("he"), &id)["mine"], true);
}

#[test]
fn a_statement_is_prepared_by_whom_it_needs_not() {
    let office = Office::new();
    let (deng, chen, huang) = (
        office.sitter("deng"),
        office.sitter("chen"),
        office.sitter("huang"),
    );
    let text = rehearsed(&deng, &granting("deng", "cashier"));
    let id = begun(&deng, &json!({ "statement": text }));
    assert_eq!(shown(&chen, &id)["note"], Value::Null);
    assert_eq!(stands(&sign(&chen, &id, &text, "chen"))["state"], "waiting");
    assert_eq!(
        stands(&sign(&huang, &id, &text, "huang"))["state"],
        "entered"
    );
    let me = stands(&deng.get("/me"));
    assert_eq!(me["roles"], json!(["asset_manager", "cashier"]));
}

#[test]
fn two_who_sign_at_once_make_one_entry() {
    let office = Office::new();
    let (deng, he, huang) = (
        office.sitter("deng"),
        office.sitter("he"),
        office.sitter("huang"),
    );
    for round in 0..8 {
        let text = rehearsed(&deng, &opening(&format!("2018-{round}")));
        let id = begun(&deng, &note(&text, &["deng"]));
        let asked = |sitter: &Sitter<'_>, signer: &str| {
            let path = format!("/drafts/{id}/signatures");
            let request = from_desk("POST", &path).header(COOKIE, &sitter.cookie);
            let body = line(&text, signer).to_string();
            answer(
                office.router.clone(),
                request.body(Body::from(body)).unwrap(),
            )
        };
        // Each of them twice, as an impatient finger does.
        let all = [
            asked(&he, "he"),
            asked(&huang, "huang"),
            asked(&he, "he"),
            asked(&huang, "huang"),
        ];
        let answers: Vec<Answer> = office.runtime.block_on(async {
            let tasks: Vec<_> = all.into_iter().map(tokio::spawn).collect();
            let mut answers = Vec::new();
            for task in tasks {
                answers.push(task.await.unwrap());
            }
            answers
        });
        let states: Vec<Value> = answers
            .iter()
            .map(|answer| stands(answer)["state"].clone())
            .collect();
        assert!(states.contains(&json!("entered")), "{states:?}");
        assert!(
            states
                .iter()
                .all(|state| *state == "entered" || *state == "waiting")
        );
        assert_eq!(office.size(), round + 2);
        assert_eq!(shown(&deng, &id)["index"], round + 1);
    }
}

#[test]
fn what_comes_first_moves_a_draft_on_and_everybody_signs_anew() {
    let office = Office::new();
    let (chen, huang) = (office.sitter("chen"), office.sitter("huang"));
    let text = rehearsed(&chen, &granting("he", "attestor"));
    let refused = chen.post("/rehearse", &granting("huang", "cashier"));
    assert_eq!(refused.status.as_u16(), 422, "{}", refused.text());
    let id = begun(&chen, &note(&text, &["chen"]));
    // Something else enters the ledger's own stream.
    let granted = json!({"kind": "role_granted", "member": "deng", "role": "cashier"});
    let first = signed(
        "ledger",
        office.ledger_id(),
        at(NOW),
        granted,
        &["chen", "huang"],
    );
    let first = office.submit(first);
    assert_eq!(first.status.as_u16(), 201, "{}", first.text());
    assert_eq!(listed(&huang)[0]["stale"], true);
    sign(&huang, &id, &text, "huang").problem(409, "draft_moved");
    let moved = shown(&huang, &id);
    assert_eq!(moved["stale"], false);
    assert_eq!(moved["mine"], true);
    assert_eq!(moved["rebased"]["asked_again"], json!(["chen"]));
    assert_eq!(moved["changed"][0]["entry"], 1);
    let words = moved["changed"][0]["lines"].to_string();
    assert!(words.contains("deng"), "{words}");
    assert_eq!(moved["note"], Value::Null);
    let anew = moved["statement"].as_str().unwrap();
    assert_ne!(anew, text);
    // What was signed before does not count any more.
    sign(&chen, &id, &text, "chen").problem(409, "signature_of_another");
    assert_eq!(
        stands(&sign(&huang, &id, anew, "huang"))["state"],
        "waiting"
    );
    assert_eq!(stands(&sign(&chen, &id, anew, "chen"))["index"], 2);
    assert_eq!(
        stands(&office.sitter("he").get("/me"))["roles"],
        json!(["accountant", "attestor"])
    );
    // A draft that no longer fits stays, and says why.
    let (deng, he) = (office.sitter("deng"), office.sitter("he"));
    let mine = rehearsed(&deng, &opening("2018-001"));
    let id = begun(&deng, &note(&mine, &["deng"]));
    let other = signed(
        "transaction/2018-001",
        office.ledger_id(),
        at(NOW - 60),
        verification(),
        &["deng", "he", "huang"],
    );
    assert_eq!(office.submit(other).status.as_u16(), 201);
    sign(&he, &id, &mine, "he").problem(422, "out_of_order");
    deng.post(&format!("/drafts/{id}/rebase"), &json!({}))
        .problem(422, "out_of_order");
    let stuck = listed(&deng)
        .into_iter()
        .find(|draft| draft["id"] == id.as_str())
        .unwrap();
    assert_eq!(
        (stuck["state"].clone(), stuck["stale"].clone()),
        (json!("waiting"), json!(true))
    );
    assert_eq!(
        deng.send("DELETE", &format!("/drafts/{id}"), &json!({}))
            .status
            .as_u16(),
        204
    );
    assert_eq!(office.size(), 4);
}

#[test]
fn a_draft_that_entered_by_other_means_is_found_in_the_log() {
    let office = Office::new();
    let (deng, he) = (office.sitter("deng"), office.sitter("he"));
    let text = rehearsed(&deng, &opening("2018-001"));
    let id = begun(&deng, &note(&text, &["deng"]));
    let whole = note(&text, &["deng", "he", "huang"]);
    let whole = whole["note"].as_str().unwrap().as_bytes().to_vec();
    assert_eq!(office.submit(whole).status.as_u16(), 201);
    let entered = stands(&sign(&he, &id, &text, "he"));
    assert_eq!(
        (entered["state"].clone(), entered["index"].clone()),
        (json!("entered"), json!(1))
    );
    assert_eq!(office.size(), 2);
}

#[test]
fn drafts_outlive_the_server_and_not_their_time() {
    let mut office = Office::new();
    let text = rehearsed(&office.sitter("deng"), &opening("2018-001"));
    let id = begun(&office.sitter("deng"), &note(&text, &["deng"]));
    assert_eq!(
        stands(&sign(&office.sitter("he"), &id, &text, "he"))["state"],
        "waiting"
    );
    let cookie = office.sitter("deng").cookie.clone();
    let desk = office.data.path().join("donglang").join(DESK_FOLDER);
    // What a crash left half written, and what is no draft, harms nothing.
    std::fs::write(desk.join(".new-abc"), "{").unwrap();
    std::fs::write(desk.join(format!("{}.json", "a".repeat(32))), "{").unwrap();
    office.restart();
    assert!(!desk.join(".new-abc").exists());
    pin(&office.data, office.ledger_id());
    let fsck = scene::running::sanzi(&["fsck", "--json"])
        .arg(office.data.path())
        .output();
    let said = String::from_utf8(fsck.unwrap().stdout).unwrap();
    let bad: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    let bad = bad["ledgers"][0]["bad"].as_array().unwrap().clone();
    assert_eq!(bad.len(), 1, "{said}");
    assert_eq!(bad[0]["place"], format!("desk/{}.json", "a".repeat(32)));
    let mut stale = office.sitter("deng");
    assert_eq!(listed(&stale).len(), 1);
    stale.cookie = cookie;
    stale.get("/drafts").problem(401, "signed_out");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode =
            |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&desk), 0o700);
        assert_eq!(mode(&desk.join(format!("{id}.json"))), 0o600);
    }
    assert_eq!(
        stands(&sign(&office.sitter("huang"), &id, &text, "huang"))["index"],
        1
    );
    let late = rehearsed(&office.sitter("deng"), &opening("2018-002"));
    let late_id = begun(&office.sitter("deng"), &note(&late, &["deng"]));
    office.clock.fetch_add(14 * 86_400 - 1, Ordering::SeqCst);
    office.tend();
    assert_eq!(shown(&office.sitter("deng"), &late_id)["state"], "waiting");
    office.clock.fetch_add(1, Ordering::SeqCst);
    office.tend();
    assert_eq!(shown(&office.sitter("deng"), &late_id)["state"], "expired");
    sign(&office.sitter("he"), &late_id, &late, "he").problem(410, "draft_expired");
    assert_eq!(office.size(), 2);
}

#[test]
fn a_clock_that_ran_ahead_ends_no_draft_for_good() {
    let mut office = Office::new();
    let text = rehearsed(&office.sitter("deng"), &opening("2018-001"));
    let id = begun(&office.sitter("deng"), &note(&text, &["deng"]));
    const TEN_YEARS: i64 = 3650 * 86_400;
    office.clock.fetch_add(TEN_YEARS, Ordering::SeqCst);
    office.tend();
    assert_eq!(shown(&office.sitter("deng"), &id)["state"], "expired");
    // Set right, with the server started again or not: nothing has to be written or signed anew.
    office.clock.fetch_sub(TEN_YEARS, Ordering::SeqCst);
    office.restart();
    office.tend();
    let draft = shown(&office.sitter("deng"), &id);
    assert_eq!(draft["state"], "waiting", "{draft}");
    sign(&office.sitter("he"), &id, &text, "he");
    assert_eq!(
        stands(&sign(&office.sitter("huang"), &id, &text, "huang"))["index"],
        1
    );
}

#[test]
fn what_cannot_be_kept_is_said_and_leaves_nothing_behind() {
    let office = Office::new();
    let (deng, he) = (office.sitter("deng"), office.sitter("he"));
    let text = rehearsed(&deng, &opening("2018-001"));
    let given = note(&text, &["deng"]);
    // Where the drafts are to be kept is something else.
    let desk = office.data.path().join("donglang").join(DESK_FOLDER);
    std::fs::write(&desk, "").unwrap();
    let refused = deng.post("/drafts", &given);
    refused.problem(503, "cannot_write");
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(listed(&deng).len(), 0);
    std::fs::remove_file(&desk).unwrap();
    let id = begun(&deng, &given);
    // A signature that cannot be kept does not count.
    std::fs::rename(&desk, desk.with_extension("away")).unwrap();
    std::fs::write(&desk, "").unwrap();
    sign(&he, &id, &text, "he").problem(503, "cannot_write");
    assert_eq!(shown(&deng, &id)["seats"][1]["signed"], false);
    std::fs::remove_file(&desk).unwrap();
    std::fs::rename(desk.with_extension("away"), &desk).unwrap();
    assert_eq!(stands(&sign(&he, &id, &text, "he"))["state"], "waiting");
    assert_eq!(shown(&deng, &id)["seats"][1]["signed"], true);
}

#[test]
fn so_many_drafts_wait_and_no_more() {
    let office = Office::new();
    let deng = office.sitter("deng");
    let text = rehearsed(&deng, &opening("2018-000"));
    // Under its own name each is another statement, and needs no rehearsal.
    let given = |number: usize| {
        let text = text.replace("2018-000", &format!("2018-{number:03}"));
        json!({ "statement": text })
    };
    for number in 0..100 {
        begun(&deng, &given(number));
    }
    let problem = deng
        .post("/drafts", &given(100))
        .problem(429, "too_many_drafts");
    assert_eq!(problem["expected"], 100);
    let first = listed(&deng)[0]["id"].as_str().unwrap().to_owned();
    let back = deng.send("DELETE", &format!("/drafts/{first}"), &json!({}));
    assert_eq!(back.status.as_u16(), 204);
    begun(&deng, &given(100));
}

#[test]
fn documents_wait_for_their_draft_and_go_with_it() {
    let office = Office::new();
    let (deng, he, huang) = (
        office.sitter("deng"),
        office.sitter("he"),
        office.sitter("huang"),
    );
    let (register, ownership) = (b"register".to_vec(), b"deed".to_vec());
    let digest = |bytes: &[u8]| ledger_core::hash::Digest::of(bytes);
    let salt = ledger_core::commitment::Salt::from_bytes([7; 32]);
    let commitment = ledger_core::hash::Commitment::to(&salt, &ownership);
    let documents = [
        json!({"access": "public", "kind": "asset_register", "sha256": digest(&register), "size_bytes": 8, "title": "台账"}),
        json!({"access": "private", "kind": "ownership", "commitment": commitment, "readers": ["supervisor"], "title": "权属"}),
    ];
    let salted = [&[7; 32], &ownership[..]].concat();
    let public = format!("/documents/{}", digest(&register));
    let private = format!("/private/{commitment}");
    // Not without a session, not from elsewhere, not another than is named.
    let nobody = Sitter::nobody(&office.runtime, &office.router);
    put(&nobody, &public, register.clone()).problem(401, "signed_out");
    put(&deng, &public, b"another".to_vec()).problem(422, "wrong_document");
    put(&deng, &private, ownership.clone()).problem(422, "wrong_document");
    let mut request = from_desk("PUT", &public).header(COOKIE, &deng.cookie);
    request
        .headers_mut()
        .unwrap()
        .insert("origin", "https://evil.example".parse().unwrap());
    let answer = deng.ask(request.body(Body::from(register.clone())).unwrap());
    answer.problem(403, "another_site");

    let text = rehearsed(&deng, &opening_with("2018-001", &documents));
    let id = begun(&deng, &note(&text, &["deng"]));
    assert_eq!(
        shown(&he, &id)["missing_documents"],
        json!(["台账", "权属"])
    );
    assert_eq!(put(&deng, &public, register.clone()).status.as_u16(), 202);
    assert_eq!(put(&deng, &private, salted.clone()).status.as_u16(), 202);
    assert_eq!(shown(&he, &id)["missing_documents"], json!([]));
    // They wait as long as the draft does, however long ago they came.
    let uploads = office.data.path().join("donglang/uploads/deng");
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    for file in std::fs::read_dir(&uploads).unwrap() {
        let file = std::fs::File::options()
            .write(true)
            .open(file.unwrap().path())
            .unwrap();
        file.set_modified(long_ago).unwrap();
    }
    let ledger = office.ledgers.by_slug("donglang").unwrap();
    assert_eq!(ledger.expire_documents().unwrap(), 0);
    assert_eq!(stands(&sign(&he, &id, &text, "he"))["state"], "waiting");
    assert_eq!(
        stands(&sign(&huang, &id, &text, "huang"))["state"],
        "entered"
    );
    let kept = office.data.path().join("donglang");
    assert_eq!(std::fs::read(kept.join(&public[1..])).unwrap(), register);
    assert!(kept.join(&private[1..]).is_file());
    assert_eq!(std::fs::read_dir(&uploads).unwrap().count(), 0);

    // Taken back, a draft leaves none of its documents behind.
    let other = b"other".to_vec();
    let mut second = documents.clone();
    second[0]["sha256"] = json!(digest(&other));
    let commitment = ledger_core::hash::Commitment::to(&salt, b"deed 2");
    second[1]["commitment"] = json!(commitment);
    let path = format!("/documents/{}", digest(&other));
    assert_eq!(put(&deng, &path, other.clone()).status.as_u16(), 202);
    let one = rehearsed(&deng, &opening_with("2018-002", &second));
    let one = begun(&deng, &note(&one, &["deng"]));
    assert_eq!(
        deng.send("DELETE", &format!("/drafts/{one}"), &json!({}))
            .status
            .as_u16(),
        204
    );
    assert_eq!(std::fs::read_dir(&uploads).unwrap().count(), 0);
}

#[test]
fn a_newcomer_is_known_by_a_code_that_the_server_cannot_bend() {
    let office = Office::new();
    let nobody = Sitter::nobody(&office.runtime, &office.router);
    let name = format!("{}/wang", scene::ORIGIN);
    let key = ledger_core::SigningKey::from_seed(&name, &[3; 32]).unwrap();
    let vkey = key.verifier().to_string();
    let text = format!(
        "sanzi-desk-enrolment-v1\n{}\nwang\n王会计\n{vkey}\n",
        scene::ORIGIN
    );
    let proof = data_encoding::BASE64.encode(&key.sign_request(&text));
    let asked = json!({"name": "王会计", "member": "wang", "public_key": vkey, "proof": proof});
    let answer = nobody.post("/enrolments", &asked);
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    let code = answer.json()["code"].as_str().unwrap().to_owned();
    let digest = ledger_core::hash::Digest::of(text.as_bytes());
    let mut number = digest.as_bytes()[..10]
        .iter()
        .fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
    let mut expected = String::new();
    for place in 0..16 {
        if place > 0 && place % 4 == 0 {
            expected.insert(0, '-');
        }
        let digit = (number & 31) as usize;
        expected.insert(0, char::from(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"[digit]));
        number >>= 5;
    }
    assert_eq!(code, expected);
    // The same again is the same code; who is no member does not learn what it stands for.
    assert_eq!(
        nobody.post("/enrolments", &asked).json()["code"],
        json!(code)
    );
    nobody
        .get(&format!("/enrolments/{code}"))
        .problem(401, "signed_out");
    let chen = office.sitter("chen");
    assert_eq!(
        stands(&chen.get(&format!("/enrolments/{}", code.to_lowercase()))),
        asked
    );
    chen.get("/enrolments/AAAA-AAAA-AAAA-AAAA")
        .problem(404, "no_enrolment");
    for (member, value, rule) in [
        ("name", json!("李会计"), "enrolment_proof"),
        ("member", json!("li"), "enrolment_key"),
        ("public_key", json!("x"), "enrolment_key"),
        ("proof", json!(""), "enrolment_proof"),
    ] {
        let mut bent = asked.clone();
        bent[member] = value;
        nobody.post("/enrolments", &bent).problem(422, rule);
    }
    // Two founders make a member of it.
    let enrolment = json!({"key": vkey, "member": "wang", "name": "王会计", "roles": ["cashier"]});
    let body = json!({"kind": "member_enrolled", "body": {"enrolment": enrolment}});
    let text = rehearsed(&chen, &body);
    let id = begun(&chen, &note(&text, &["chen"]));
    let huang = office.sitter("huang");
    assert_eq!(
        stands(&sign(&huang, &id, &text, "huang"))["state"],
        "entered"
    );
    let mut wang = Sitter::nobody(&office.runtime, &office.router);
    assert_eq!(wang.sign_in(&key).status.as_u16(), 204);
    assert_eq!(stands(&wang.get("/me"))["name"], "王会计");
}

#[test]
fn a_signed_draft_survives_the_death_of_the_server_and_a_backup_holds_it() {
    use scene::folder::PASSPHRASE;
    use scene::running::{Service, sanzi};

    let data = DataFolder::new();
    let serve = |folder: &std::path::Path| {
        let mut command = sanzi(&["serve", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(folder).env("SANZI_LOG_PASSPHRASE", PASSPHRASE);
        Service::start(command)
    };
    let service = serve(&data.path());
    let deng = Browser::at(&service.url, "deng");
    let (status, rehearsed) = deng.post("/rehearse", &opening("2026-001"));
    assert_eq!(status, 200, "{rehearsed}");
    let text = rehearsed["statement"].as_str().unwrap().to_owned();
    let statement = Statement::parse(&text).unwrap();
    let (status, begun) = deng.post("/drafts", &note(&text, &["deng"]));
    assert_eq!(status, 201, "{begun}");
    let path = format!("/drafts/{}/signatures", begun["id"].as_str().unwrap());
    let (_, waits) = Browser::at(&service.url, "he").post(&path, &line(&text, "he"));
    assert_eq!(waits["state"], "waiting");
    // Nobody is asked before the server dies.
    service.signal("-KILL");
    drop(service);
    let backup = data.path().with_file_name("backup");
    pin(&data, statement.prev);
    let kept = sanzi(&["backup", "--json", "--data"])
        .arg(data.path())
        .arg("--to")
        .arg(&backup)
        .output()
        .unwrap();
    let said = String::from_utf8(kept.stdout).unwrap();
    let errors = String::from_utf8_lossy(&kept.stderr);
    assert!(
        kept.status.success() && said.contains("\"drafts\":1"),
        "{said}{errors}"
    );
    let service = serve(&data.path());
    let huang = Browser::at(&service.url, "huang");
    let (status, entered) = huang.post(&path, &line(&text, "huang"));
    assert_eq!(
        (status, &entered["state"], &entered["index"]),
        (200, &json!("entered"), &json!(1))
    );
    let entry = ureq::get(format!("{}donglang/e/1/raw", service.url))
        .call()
        .unwrap();
    let entry = entry.into_body().read_to_string().unwrap();
    assert!(
        ["deng", "he", "huang"]
            .iter()
            .all(|member| entry.contains(&format!("/{member} ")))
    );
    service.stop();
    let ended = std::fs::read_to_string(
        data.path()
            .join("donglang/desk")
            .join(format!("{}.json", begun["id"].as_str().unwrap())),
    );
    assert!(ended.unwrap().contains("\"entered\""));
    let copy = backup
        .join("donglang/desk")
        .join(format!("{}.json", begun["id"].as_str().unwrap()));
    assert!(
        !std::fs::read_to_string(copy)
            .unwrap()
            .contains("\"entered\"")
    );
}
