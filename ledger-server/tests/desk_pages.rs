//! The staff desk's own pages over HTTP: my desk, the inbox, publishing.
#![cfg(feature = "pages")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it measured"
)]

mod scene;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::header::{ACCEPT, COOKIE};
use ledger_core::event::Statement;
use ledger_core::hash::Hash;
use scene::sitter::{Sitter, from_desk};
use scene::{Answer, NOW, Site, at, key, signed, verification};
use serde_json::{Value, json};

/// Asks as a browser does that opens a page.
fn page(sitter: &Sitter<'_>, path: &str) -> Answer {
    let request = from_desk("GET", path).header(COOKIE, &sitter.cookie);
    let request = request.header(ACCEPT, "text/html,application/xhtml+xml");
    let request = request.header("accept-language", "zh-CN");
    sitter.ask(request.body(Body::empty()).unwrap())
}

fn shown(sitter: &Sitter<'_>, path: &str) -> String {
    let mut request = from_desk("GET", path).header(COOKIE, &sitter.cookie);
    let headers = request.headers_mut().unwrap();
    headers.insert(ACCEPT, "text/html".parse().unwrap());
    headers.insert("accept-language", "zh-CN".parse().unwrap());
    let answer = sitter.ask(request.body(Body::empty()).unwrap());
    assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(
        answer
            .header("content-security-policy")
            .contains("trusted-types")
    );
    answer.text().to_owned()
}

fn sitter<'a>(site: &'a Site, member: &str) -> Sitter<'a> {
    Sitter::member(&site.runtime, &site.router, member)
}

/// The hash of the newest entry.
fn head(site: &Site) -> Hash {
    let newest = site.entries() - 1;
    Hash::leaf(&site.get(&format!("/donglang/e/{newest}/raw")).body)
}

fn admitted(site: &Site, note: Vec<u8>) {
    let answer = site.submit(note);
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
}

/// Carries 2018-001 to the step whose publication is next: the asset manager holds more roles then.
fn ready_to_publish(site: &Site) {
    let mut before = site.ledger_id;
    for role in ["council_member", "party_secretary", "disclosure_officer"] {
        let event = json!({"kind": "role_granted", "member": "deng", "role": role});
        admitted(
            site,
            signed("ledger", before, at(NOW), event, &["chen", "huang"]),
        );
        before = head(site);
    }
    admitted(site, site.opening("2018-001"));
    let document = |kind: &str| json!({"access": "public", "kind": kind, "sha256": "5f".repeat(32), "size_bytes": 20_480, "title": "材料"});
    let proposal = json!({
        "kind": "proposal_initiation", "category": "lease", "method": "open_bidding", "reason": "<b>到期</b>重新出租",
        "expected_term_months": 36, "summary": "拟出租。",
        "documents": [document("proposal_form"), document("council_minutes")],
    });
    let review = json!({
        "kind": "party_review", "met_on": "2018-03-25", "conclusion": {"verdict": "agreed"}, "summary": "同意。",
        "documents": [document("party_minutes")],
    });
    for (event, signers) in [(proposal, &["chen", "deng"][..]), (review, &["deng"][..])] {
        let prev = head(site);
        admitted(
            site,
            signed("transaction/2018-001", prev, at(NOW), event, signers),
        );
    }
}

#[test]
fn nobody_sees_a_page_of_the_desk_who_has_not_signed_in() {
    let site = Site::new();
    admitted(&site, site.opening("2018-001"));
    let nobody = Sitter::nobody(&site.runtime, &site.router);
    let id = "0".repeat(32);
    for path in [
        "",
        "/drafts",
        &format!("/drafts/{id}"),
        "/publish",
        "/publish?transaction=2018-001",
    ] {
        let answer = page(&nobody, path);
        assert_eq!(answer.status.as_u16(), 401, "{path}");
        assert!(answer.text().contains("data-desk=\"sign_in\""), "{path}");
        assert!(!answer.text().contains("东街仓库"), "{path}");
    }
    // Scripts are told so in their own way, at the same address.
    nobody.get("/drafts").problem(401, "signed_out");
    let deng = sitter(&site, "deng");
    let answer = page(&deng, "/publish?transaction=2018-999");
    assert_eq!(answer.status.as_u16(), 404);
    let answer = page(&deng, "/publish?transaction=../x");
    assert_eq!(answer.status.as_u16(), 404);
}

#[test]
fn the_desk_says_whose_turn_it_is_and_leads_to_the_form() {
    let site = Site::new();
    ready_to_publish(&site);
    let deng = shown(&sitter(&site, "deng"), "");
    let form = "/donglang/desk/publish?transaction=2018-001";
    let due = deng.split("id=\"h-due\"").nth(2).unwrap_or(&deng);
    assert!(due.contains(form) && due.contains("第 4 环节"), "{deng}");
    assert!(deng.contains("还剩 "), "{deng}");
    // The chair signs after the officer, and waits for them until then.
    let chen = shown(&sitter(&site, "chen"), "");
    let waits = chen.split("id=\"h-waits\"").nth(1).unwrap();
    assert!(waits.contains("信息公开员 deng"), "{chen}");
    // The accountant has no part in it.
    let he = shown(&sitter(&site, "he"), "");
    assert!(!he.contains("第 4 环节"), "{he}");
    let english = shown(&sitter(&site, "deng"), "?lang=en");
    assert!(
        english.contains("Step 4: Publication before the plan"),
        "{english}"
    );
    assert!(
        english.contains("publish?transaction=2018-001&#38;lang=en"),
        "{english}"
    );
    // Days later it is overdue, and says so.
    site.clock.store(NOW + 10 * 86_400, Ordering::SeqCst);
    let late = shown(&sitter(&site, "deng"), "");
    assert!(
        late.contains("card task overdue") && late.contains("逾期 "),
        "{late}"
    );
}

/// An attribute of a page.
fn attribute<'a>(html: &'a str, name: &str) -> &'a str {
    let start = html.split(&format!(" {name}=\"")).nth(1);
    start
        .unwrap_or_else(|| panic!("{name}: {html}"))
        .split('"')
        .next()
        .unwrap()
}

#[test]
fn what_is_shown_ahead_is_what_would_be_signed() {
    let site = Site::new();
    ready_to_publish(&site);
    let deng = sitter(&site, "deng");
    let path = "/publish?transaction=2018-001";
    let empty = shown(&deng, path);
    assert!(
        empty.contains("东街仓库") && !empty.contains("data-publish"),
        "{empty}"
    );
    let asked = serde_urlencoded::to_string([
        ("summary", "现公开<i>东街仓库</i>的情况。"),
        ("comments_to", "村委会意见箱"),
    ]);
    let html = shown(&deng, &format!("{path}&{}", asked.unwrap()));
    for text in [
        "群众将看到的",
        "村委会意见箱",
        "&#60;i&#62;东街仓库",
        "&#60;b&#62;到期",
    ] {
        assert!(html.contains(text), "{text}: {html}");
    }
    let body = attribute(&html, "data-body").replace("&#34;", "\"");
    let body = body.replace("&#60;", "<").replace("&#62;", ">");
    let body: Value = serde_json::from_str(&body).unwrap();
    let rehearsal = json!({"kind": "publish_pre_plan", "transaction": "2018-001", "body": body});
    let rehearsed = deng.post("/rehearse", &rehearsal).json();
    assert_eq!(
        rehearsed["disclosure_sha256"],
        attribute(&html, "data-sha256"),
        "{rehearsed}"
    );
    assert_eq!(attribute(&html, "data-mine"), "true");
    // The chair has a part in it; the accountant can only ask the others.
    let html = shown(&sitter(&site, "he"), &format!("{path}&comments_to=x"));
    assert_eq!(attribute(&html, "data-mine"), "false");
    // What the rules refuse is said before anybody signs.
    let asked = serde_urlencoded::to_string([("comments_to", "请打 13800138000 提意见")]);
    let html = shown(&deng, &format!("{path}&{}", asked.unwrap()));
    assert!(
        html.contains("现在还不能签") && !html.contains("data-publish"),
        "{html}"
    );
}

/// Records what a rehearsal says, signed by these.
fn record(site: &Site, sitter: &Sitter<'_>, rehearsal: &Value, signers: &[&str]) {
    let rehearsed = sitter.post("/rehearse", rehearsal);
    assert_eq!(rehearsed.status.as_u16(), 200, "{}", rehearsed.text());
    let rehearsed = rehearsed.json();
    let statement = Statement::parse(rehearsed["statement"].as_str().unwrap()).unwrap();
    let keys: Vec<_> = signers.iter().map(|member| key(Some(member))).collect();
    admitted(site, statement.sign(&keys).unwrap());
}

#[test]
fn after_the_publication_comes_the_checklist_and_then_the_window() {
    let site = Site::new();
    ready_to_publish(&site);
    let deng = sitter(&site, "deng");
    let about =
        |kind: &str, body: Value| json!({"kind": kind, "transaction": "2018-001", "body": body});
    let body = json!({"summary": "公开。", "comments_to": "村委会意见箱"});
    let publication = about("publish_pre_plan", body);
    record(&site, &deng, &publication, &["chen", "deng", "huang"]);
    let path = "/publish?transaction=2018-001";
    let post = |channel: &str| {
        let body = json!({"channel": channel, "location": "村口公示栏"});
        record(&site, &deng, &about("channel_posted", body), &["deng"]);
    };
    post("notice_board");
    let html = shown(&deng, path);
    assert_eq!(html.matches("data-channel=").count(), 3, "{html}");
    for text in [
        "村口公示栏",
        "data-channel=\"wechat\"",
        "/d/2018-001/pre_plan/print",
        "id=\"newsletter\"",
    ] {
        assert!(html.contains(text), "{text}: {html}");
    }
    // Posted on Monday the 26th, it is open for the four days that follow and the next Monday.
    assert!(html.contains("公开期到 <strong>2018-04-02 23:59"), "{html}");
    let due = shown(&deng, "");
    assert!(
        due.contains("张贴并登记") && !due.contains("没有张贴齐，"),
        "{due}"
    );
    // Two days later the step's time is nearly over, and after that it is over.
    site.clock.store(NOW + 2 * 86_400, Ordering::SeqCst);
    let due = shown(&deng, "");
    assert!(due.contains("已 2 天没有张贴齐"), "{due}");
    assert!(shown(&deng, path).contains("◆ 快到时限"));
    site.clock.store(NOW + 3 * 86_400, Ordering::SeqCst);
    assert!(shown(&deng, path).contains("▲ 已过本环节时限"));
    for channel in ["platform", "newsletter", "wechat"] {
        post(channel);
    }
    let html = shown(&deng, "");
    let windows = html.split("id=\"h-windows\"").nth(1).unwrap();
    assert!(
        windows.contains("公开至 2018-0") && windows.contains("第 5 环节"),
        "{html}"
    );
    let html = shown(&deng, path);
    assert!(
        html.contains("现在没有要公开或张贴的") && !html.contains("data-channel"),
        "{html}"
    );
    // Its disclosure is where the public finds it.
    assert_eq!(
        site.get("/donglang/d/2018-001/pre_plan").status.as_u16(),
        200
    );
}

/// So many open transactions, each with one step done.
fn with_open(site: Site, count: usize) -> Site {
    for number in 0..count {
        admitted(&site, site.opening(&format!("2018-{number:04}")));
    }
    site
}

#[test]
fn a_desk_of_500_open_transactions_reads_nothing_of_the_log() {
    let site = with_open(Site::new(), 500);
    let chen = sitter(&site, "chen");
    let html = shown(&chen, "?all=1");
    assert_eq!(
        html.matches("proposal_initiation?transaction=").count(),
        500
    );
    let before = site.store.entries_read.load(Ordering::SeqCst);
    let mut best = Duration::MAX;
    for _ in 0..10 {
        let begun = Instant::now();
        let html = shown(&chen, "");
        best = best.min(begun.elapsed());
        assert!(html.contains("proposal_initiation?transaction="), "{html}");
    }
    let read = site.store.entries_read.load(Ordering::SeqCst) - before;
    assert_eq!(read, 0, "entries read for a page that lists");
    println!("a desk of 500 open transactions: {best:?} at best of 10, unoptimized");
    assert!(best < Duration::from_millis(100), "{best:?}");
    // Another entry costs reading that entry, and no others.
    admitted(&site, site.opening("2018-9999"));
    let before = site.store.entries_read.load(Ordering::SeqCst);
    shown(&chen, "");
    let read = site.store.entries_read.load(Ordering::SeqCst) - before;
    assert!(read <= 2, "{read} entries read after one came");
}

/// The value at a path of what was typed, as in `channels[0].id`.
fn typed_at<'a>(typed: &'a mut Value, path: &str) -> &'a mut Value {
    let pointer: String = path
        .split(['.', '['])
        .map(|name| format!("/{}", name.trim_end_matches(']')))
        .collect();
    let found = typed.pointer_mut(&pointer);
    found.unwrap_or_else(|| panic!("{path}"))
}

#[test]
fn a_charters_sheet_is_judged_by_the_core_at_its_fields() {
    let site = Site::new();
    let chen = sitter(&site, "chen");
    let page = page(&chen, "/record/charter_adopted");
    assert_eq!(page.status.as_u16(), 303);
    assert_eq!(page.header("location"), "/donglang/desk/charter");
    let sheet = chen.post("/charter/sheet", &json!("in_force")).json()["typed"].clone();
    let read = |typed: &Value| {
        let form = json!({"kind": "charter_adopted", "typed": {"charter": typed}});
        chen.post("/typed", &form).json()
    };
    // As it stands it is the charter in force, under the next version.
    let answer = read(&sheet);
    assert_eq!(answer["faults"], json!([]), "{answer}");
    let mut charter = answer["body"]["charter"].clone();
    assert_eq!(charter["version"], 2);
    charter["version"] = json!(1);
    let in_force = site.get("/donglang/e/0/raw").text().to_owned();
    let entry: Value = serde_json::from_str(in_force.lines().nth(1).unwrap()).unwrap();
    assert_eq!(charter, entry["event"]["charter"]);
    for (path, typed, at, said) in [
        ("version", json!("-1"), "charter.version", "whole number"),
        ("version", json!("0"), "charter.version", "count from 1"),
        (
            "channels[1].id",
            json!("Radio"),
            "charter.channels[1].id",
            "a-z",
        ),
        (
            "channels[1].id",
            sheet["channels"][0]["id"].clone(),
            "charter.channels[1].id",
            "listed twice",
        ),
        (
            "steps.party_review.content",
            json!("电话13812345678"),
            "charter.steps.party_review.content",
            "mobile",
        ),
        (
            "steps.bidding.within.span.length",
            json!("九"),
            "charter.steps.bidding.within.span.length",
            "whole number",
        ),
        (
            "voting.council.approval.numerator",
            json!("9"),
            "charter.voting.council.approval",
            "share",
        ),
        (
            "waivers[0].steps",
            json!(["party_review"]),
            "charter.waivers[0].steps",
            "cannot be waived",
        ),
        (
            "waivers[0].at_most_fen",
            json!("五万"),
            "charter.waivers[0].at_most_fen",
            "yuan",
        ),
        (
            "calendar.years[1].year",
            sheet["calendar"]["years"][0]["year"].clone(),
            "charter.calendar.years[1].year",
            "already",
        ),
        (
            "calendar.years[1].off",
            json!("2019-02-30"),
            "charter.calendar.years[1]",
            "2019-02-30",
        ),
        (
            "flags.winner_share.basis_points",
            json!("200"),
            "charter.flags.winner_share.basis_points",
            "100",
        ),
        (
            "steps.publish_plan.open_for",
            json!(""),
            "charter.steps.publish_plan.open_for",
            "stay open",
        ),
    ] {
        let mut wrong = sheet.clone();
        *typed_at(&mut wrong, path) = typed;
        let answer = read(&wrong);
        let fault = &answer["faults"][0];
        assert!(
            fault["field"].as_str().unwrap_or_default().starts_with(at),
            "{path}: {answer}"
        );
        assert!(
            fault["detail"].as_str().unwrap().contains(said),
            "{path}: {fault}"
        );
        assert!(answer["body"].get("charter").is_none(), "{path}");
    }
    let mut empty = sheet.clone();
    *typed_at(&mut empty, "steps.bidding.content") = json!("");
    let missing = read(&empty)["missing"].clone();
    let named = missing.as_array().unwrap().iter();
    let mut named = named.filter(|one| one["field"] == "charter.steps.bidding.content");
    let one = named.next().unwrap_or_else(|| panic!("{missing}"));
    assert!(one["name"].as_str().unwrap().contains("bidding"), "{one}");
}

#[test]
fn a_charters_file_is_put_into_the_sheet_or_refused_whole() {
    let site = Site::new();
    let chen = sitter(&site, "chen");
    let default = ledger_core::charter::Charter::default_text();
    let from_file = chen
        .post("/charter/sheet", &json!({"file": default}))
        .json();
    let mut from_default = chen.post("/charter/sheet", &json!("default")).json();
    from_default["typed"]["version"] = from_file["typed"]["version"].clone();
    assert_eq!(from_file, from_default);
    assert_eq!(from_file["typed"]["waivers"][0]["at_most_fen"], "50,000.00");
    let broken = default.replacen("\"answers\": \"chair\"", "\"answers\": \"chef\"", 1);
    let answer = chen.post("/charter/sheet", &json!({"file": broken}));
    let problem = answer.problem(422, "malformed_charter");
    assert!(
        problem["field"].as_str().unwrap().ends_with(".answers"),
        "{problem}"
    );
    for body in [json!({"file": 1}), json!("mine"), json!({})] {
        chen.post("/charter/sheet", &body)
            .problem(400, "malformed_json");
    }
    // What it changes is told of a charter only.
    let proposed = chen.post("/charter/proposed", &json!({"charter": {"title": "x"}}));
    proposed.problem(422, "malformed_charter");
    let charter: Value = serde_json::from_str(default).unwrap();
    let seen = chen.post(
        "/charter/proposed",
        &json!({"charter": charter, "applies_to_open": true}),
    );
    let page = seen.json()["page"].as_str().unwrap().to_owned();
    assert!(page.contains("Draft, not in force"), "{page}");
    assert!(page.contains("they, too, go by the new charter"));
}

#[test]
fn an_inbox_of_400_drafts_beside_500_open_transactions_reads_nothing_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let site = with_open(Site::with_desk(folder.path().join("desk")), 500);
    let sitters = ["chen", "deng", "he", "huang"].map(|member| sitter(&site, member));
    let mut asked = verification();
    asked.as_object_mut().unwrap().remove("kind");
    let asked = json!({"kind": "asset_verification", "transaction": "2019-0000", "body": asked});
    let text = sitters[1].post("/rehearse", &asked).json()["statement"].clone();
    let statement = Statement::parse(text.as_str().unwrap()).unwrap();
    for number in 0..400 {
        let text = text.as_str().unwrap();
        let text = text.replace("2019-0000", &format!("2019-{number:04}"));
        let mut given = json!({ "statement": text });
        if number % 4 > 0 {
            // Those of who may sign, with a signature.
            let member = ["deng", "he", "huang"][number % 4 - 1];
            let statement = Statement::parse(&text).unwrap();
            let note = statement.sign(&[key(Some(member))]).unwrap();
            given = json!({ "note": String::from_utf8(note).unwrap() });
        }
        let begun = sitters[number % 4].post("/drafts", &given);
        assert_eq!(begun.status.as_u16(), 201, "{}", begun.text());
    }
    assert_eq!(statement.event.kind(), "asset_verification");
    let deng = &sitters[1];
    let before = site.store.entries_read.load(Ordering::SeqCst);
    let timed = |what: &str, ask: &dyn Fn() -> usize, expected: usize| {
        let best = (0..10).map(|_| {
            let begun = Instant::now();
            assert_eq!(ask(), expected, "{what}");
            begun.elapsed()
        });
        println!(
            "{what}: {:?} at best of 10, unoptimized",
            best.min().unwrap()
        );
    };
    let json = || deng.get("/drafts").json().as_array().unwrap().len();
    timed("400 drafts as JSON", &json, 400);
    let cards = || shown(deng, "/drafts").matches("/desk/drafts/").count();
    timed("400 drafts as a page", &cards, cards());
    // Whom the chair waits for: 500 proposals, and the drafts that the chair has begun.
    let desk = || usize::from(shown(&sitters[0], "").contains("还有 570 项"));
    timed("a desk of 500 open transactions and 400 drafts", &desk, 1);
    let read = site.store.entries_read.load(Ordering::SeqCst) - before;
    assert_eq!(read, 0, "entries read for pages that list");
}
