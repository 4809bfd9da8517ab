//! Residents raise concerns on the pages, over real HTTP to the real binary: filed once, signed by the
//! intake, proven by the receipt, answered, rated by whoever holds the code, hidden and still audited.
#![cfg(feature = "pages")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod browser;
mod office;

use std::time::{Duration, Instant};

use data_encoding::BASE64;
use ledger_core::commitment::Salt;
use ledger_core::event::{Event, LoggedEntry};
use ledger_core::hash::Commitment;
use office::{Office, TRANSACTION, steps};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const SAID: &str = "塘埂谁来修？\n<script>alert(1)</script> \"'&";

/// An answer to a request.
#[derive(Debug)]
struct Got {
    status: u16,
    body: Vec<u8>,
    retry_after: Option<String>,
    location: Option<String>,
}

impl Got {
    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder();
    let config = config.http_status_as_error(false).max_redirects(0);
    config.build().new_agent()
}

fn taken(response: ureq::http::Response<ureq::Body>) -> Got {
    let header = |name: &str| {
        let value = response.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    Got {
        status: response.status().as_u16(),
        retry_after: header("retry-after"),
        location: header("location"),
        body: response.into_body().read_to_vec().unwrap(),
    }
}

fn get(url: &str) -> Got {
    taken(agent().get(url).call().unwrap())
}

fn post(url: &str, fields: &[(&str, String)], headers: &[(&str, &str)]) -> Got {
    let mut request = agent().post(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let fields = fields.iter().map(|(name, value)| (*name, value.as_str()));
    taken(request.send_form(fields).unwrap())
}

/// A form as the page gave it.
#[derive(Clone)]
struct Form {
    url: String,
    code: String,
    issued: String,
    seal: String,
    work: String,
    given: Instant,
}

fn hidden(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let rest = page.split(&start).nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

impl Form {
    fn open(ledger: &str) -> Self {
        let url = format!("{ledger}/t/{TRANSACTION}/ask");
        let page = get(&url);
        assert_eq!(page.status, 200);
        let page = page.text();
        Self {
            url,
            code: hidden(&page, "code"),
            issued: hidden(&page, "issued"),
            seal: hidden(&page, "seal"),
            work: String::new(),
            given: Instant::now(),
        }
    }

    /// With the work that a browser's script does.
    fn worked(mut self) -> Self {
        let proves = |n: &u64| {
            let hash = Sha256::digest(format!("{}.{n}", self.seal).as_bytes());
            u32::from_be_bytes(hash[..4].try_into().unwrap()).leading_zeros() >= 17
        };
        self.work = (0..).find(proves).unwrap().to_string();
        self
    }

    fn wait(self, seconds: u64) -> Self {
        let until = self.given + Duration::from_secs(seconds + 1);
        std::thread::sleep(until.saturating_duration_since(Instant::now()));
        self
    }

    fn fields(&self, text: &str) -> Vec<(&'static str, String)> {
        vec![
            ("code", self.code.clone()),
            ("issued", self.issued.clone()),
            ("seal", self.seal.clone()),
            ("work", self.work.clone()),
            ("subject", "general".to_owned()),
            ("by", "张三丰".to_owned()),
            ("homepage", String::new()),
            ("text", text.to_owned()),
        ]
    }

    fn send(&self, text: &str) -> Got {
        post(&self.url, &self.fields(text), &[])
    }
}

/// Enrols the intake, and begins a transaction.
fn office() -> Office {
    let office = Office::opened();
    let origin = "sanzi.example.org/donglang";
    let new = ["key", "new", "--origin", origin, "--member", "jiedai"];
    let into = ["--out", "jiedai.key", "--passphrase-file", "pass"];
    office.ok(&[&new[..], &into].concat());
    let shown = office.ok(&["key", "show", "jiedai.key.pub", "--json"]);
    let enrolment = json!({ "enrolment": {
        "key": shown.json()["vkey"], "member": "jiedai", "name": "接待*", "roles": ["intake"],
    }});
    event(
        &office,
        "data",
        "member_enrolled",
        &[],
        &["chen", "liang"],
        enrolment,
    );
    office.carry_out("data", &steps()[0], "first.json");
    office
}

/// Lets the server have the intake's key, whose passphrase is not the log key's.
fn give_key(office: &Office) {
    std::fs::copy(
        office.path("pass"),
        office.path("data/donglang/intake.passphrase"),
    )
    .unwrap();
    for end in ["", ".pub"] {
        let to = office.path(&format!("data/donglang/intake.key{end}"));
        std::fs::copy(office.path(&format!("jiedai.key{end}")), to).unwrap();
    }
}

/// Records, co-signs and submits an event.
fn event(office: &Office, ledger: &str, kind: &str, place: &[&str], signers: &[&str], body: Value) {
    office.write("body.json", &body.to_string());
    let draft = office.fresh_draft();
    let (first, others) = signers.split_first().unwrap();
    let key = office.key(first);
    let with = [
        "record",
        kind,
        "--ledger",
        ledger,
        "--key",
        &key,
        "--from",
        "body.json",
    ];
    let rest = ["--passphrase-file", "pass", "--out", &draft];
    office.ok(&[&with[..], &rest, place].concat());
    for other in others {
        let key = office.key(other);
        office.ok(&[
            "cosign",
            &draft,
            "--key",
            &key,
            "--ledger",
            ledger,
            "--passphrase-file",
            "pass",
            "--yes",
        ]);
    }
    let by = signers.last().unwrap();
    assert_eq!(office.submit(ledger, by, &draft).code, 0);
}

/// The newest entry of the log.
fn newest(ledger: &str) -> (u64, Vec<u8>) {
    let described: Value =
        serde_json::from_slice(&get(&format!("{ledger}/ledger.json")).body).unwrap();
    let index = described["size"].as_u64().unwrap() - 1;
    (index, get(&format!("{ledger}/e/{index}/raw")).body)
}

/// The id of the concern in a receipt's link.
fn id_of(receipt: &str) -> String {
    let rest = receipt.split("/c/").nth(1).unwrap();
    rest.split('#').next().unwrap().to_owned()
}

#[test]
fn a_concern_is_filed_once_proven_answered_rated_and_hidden() {
    let office = office();
    give_key(&office);
    let (service, ledger) = office.serve();
    let form = Form::open(&ledger).worked();

    // What may not stand in the log comes back marked, and so does everything else that was written.
    let before = newest(&ledger).0;
    let back = form.send("找我 138 0013 8000，\u{202e}急");
    assert_eq!(back.status, 422);
    let page = back.text();
    assert!(
        page.contains("<mark>138 0013 8000</mark>") && page.contains("手机号码"),
        "{page}"
    );
    assert!(page.contains("U+202E"), "{page}");
    assert!(page.contains("\n找我 138 0013 8000，"), "{page}");
    assert!(page.contains("value=\"张三丰\"") && page.contains(&form.code));
    for (text, status) in [
        ("", 422),
        (&*"好".repeat(2001), 422),
        ("11010519491231002X", 422),
    ] {
        assert_eq!(form.send(text).status, status, "{text:.20}");
    }
    let foreign = post(
        &form.url,
        &form.fields(SAID),
        &[("sec-fetch-site", "cross-site")],
    );
    assert_eq!(foreign.status, 403);
    assert!(foreign.text().contains("塘埂谁来修？"));
    let mut trapped = form.fields(SAID);
    trapped[6].1 = "https://spam.example".to_owned();
    assert_eq!(post(&form.url, &trapped, &[]).status, 422);
    let mut forged = form.clone();
    forged.issued = "1".to_owned();
    assert_eq!(forged.send(SAID).status, 422);
    assert_eq!(newest(&ledger).0, before);

    // Filed, and sent again.
    let filed = form.wait(2).clone();
    let got = filed.send(SAID);
    assert_eq!(got.status, 201, "{}", got.text());
    let receipt = got.text();
    let code = filed.code.replace('-', "");
    assert!(receipt.contains(&format!("#{}", filed.code)));
    assert!(receipt.contains("<svg") && receipt.contains("&#60;script&#62;"));
    assert!(!receipt.contains("<script>alert"));
    let (index, bytes) = newest(&ledger);
    assert_eq!(index, before + 1);
    let again = filed.send("别的话");
    assert_eq!(again.status, 200);
    assert_eq!(id_of(&again.text()), id_of(&receipt));
    assert!(again.text().contains("塘埂谁来修？"));
    assert_eq!(newest(&ledger).0, index);

    // The entry: signed by the intake, the name masked, the words behind a commitment.
    let entry = LoggedEntry::parse(&bytes).unwrap();
    let signers = entry.signed.note().signatures();
    assert_eq!(signers.len(), 1);
    assert_eq!(signers[0].name(), "sanzi.example.org/donglang/jiedai");
    let Event::ConcernRaised(raised) = &entry.signed.statement().event else {
        panic!("{entry:?}");
    };
    assert_eq!(raised.by.as_ref().unwrap().as_str(), "张*");
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(!text.contains("塘埂") && !text.contains("三丰"));
    let id = id_of(&receipt);
    assert_eq!(
        entry.signed.statement().stream.to_string(),
        format!("concern/{id}")
    );
    let opened = get(&format!("{ledger}/c/{id}/text"));
    let opened: Value = serde_json::from_slice(&opened.body).unwrap();
    let one = &opened["texts"][0];
    let salt = BASE64
        .decode(one["salt"].as_str().unwrap().as_bytes())
        .unwrap();
    let salt = Salt::from_bytes(salt.try_into().unwrap());
    let said = one["text"].as_str().unwrap();
    assert_eq!(said, SAID);
    assert_eq!(
        Commitment::to(&salt, said.as_bytes()),
        *raised.words().unwrap()
    );

    // The receipt's two files, away from any server.
    let proof = get(&format!("{ledger}/proof/{index}")).body;
    std::fs::write(office.path("filed.tlog-proof"), proof).unwrap();
    std::fs::write(office.path("filed.entry"), &bytes).unwrap();
    let pins = "data/donglang/pins.json";
    let verify = [
        "verify",
        "--proof",
        "filed.tlog-proof",
        "--entry",
        "filed.entry",
        "--pins",
        pins,
    ];
    office.ok(&verify);

    // The pages show it, harmless and in green.
    for path in [
        format!("/c/{id}"),
        "/concerns".to_owned(),
        format!("/t/{TRANSACTION}"),
        String::new(),
    ] {
        let page = get(&format!("{ledger}{path}"));
        assert_eq!(page.status, 200, "{path}");
        let page = page.text();
        assert!(
            page.contains("塘埂谁来修？") && !page.contains("<script>alert"),
            "{path}"
        );
        assert!(
            page.contains("apple green") && page.contains("待答复") && page.contains("还剩"),
            "{path}"
        );
        assert!(
            !page.contains(&filed.code) && !page.contains(&code),
            "{path}"
        );
    }

    // Not to be rated before it is answered.
    let rate = format!("{ledger}/c/{id}/rate");
    let rating = |code: &str, comment: &str| {
        vec![
            ("code", code.to_owned()),
            ("stars", "4".to_owned()),
            ("comment", comment.to_owned()),
        ]
    };
    let early = post(&rate, &rating(&filed.code, ""), &[]);
    assert_eq!(early.status, 422);
    assert!(early.text().contains("还没有答复"), "{}", early.text());
    let place = ["--concern", &id];
    let answer = json!({ "also": [], "answer": "合同写明由承租人修。", "outcome": "explained", "transaction": TRANSACTION });
    event(
        &office,
        &ledger,
        "concern_answered",
        &place,
        &["zhao", "liang"],
        answer,
    );
    let page = get(&format!("{ledger}/c/{id}")).text();
    assert!(page.contains("合同写明由承租人修。") && page.contains("apple ripening"));

    // Rated by whoever holds the code, once.
    let other = Form::open(&ledger).code;
    for wrong in ["", "ABCD", &other] {
        let refused = post(&rate, &rating(wrong, "说清楚了"), &[]);
        assert_eq!(refused.status, 403, "{wrong}");
        assert!(refused.text().contains("说清楚了"));
    }
    assert_eq!(
        post(&rate, &rating(&filed.code, "打 13800138000"), &[]).status,
        422
    );
    let typed = filed.code.to_lowercase().replace('-', " ");
    let rated = post(&rate, &rating(&typed, "说清楚了"), &[]);
    assert_eq!(rated.status, 303, "{}", rated.text());
    assert!(rated.location.unwrap().ends_with("#rated"));
    let page = get(&format!("{ledger}/c/{id}")).text();
    assert!(
        page.contains("★★★★☆") && page.contains("说清楚了"),
        "{page}"
    );
    let twice = post(&rate, &rating(&filed.code, "又一次"), &[]);
    assert_eq!(twice.status, 422);
    assert!(twice.text().contains("只评价一次"));
    event(
        &office,
        &ledger,
        "concern_closed",
        &place,
        &["liang"],
        json!({ "reason": "已说明" }),
    );
    let page = get(&format!("{ledger}/c/{id}")).text();
    assert!(page.contains("apple red") && page.contains("已办结"));

    // Hidden: nobody is shown it, and everything still holds.
    event(
        &office,
        &ledger,
        "concern_hidden",
        &place,
        &["zhao", "liang"],
        json!({ "reason": "辱骂他人" }),
    );
    let withheld = get(&format!("{ledger}/c/{id}/text"));
    assert_eq!(withheld.status, 403);
    let problem: Value = serde_json::from_slice(&withheld.body).unwrap();
    assert_eq!(problem["type"], "urn:sanzi:concern_hidden");
    assert_eq!(problem["reason"], "辱骂他人");
    for path in [
        format!("/c/{id}"),
        "/concerns".to_owned(),
        format!("/t/{TRANSACTION}"),
    ] {
        let page = get(&format!("{ledger}{path}")).text();
        assert!(
            !page.contains("塘埂") && !page.contains("说清楚了"),
            "{path}"
        );
        assert!(
            page.contains("内容已屏蔽") && page.contains("辱骂他人"),
            "{path}"
        );
    }
    let again = filed.send("别的话").text();
    assert!(again.contains("内容已屏蔽") && !again.contains("塘埂"));
    service.stop();
    office.ok(&["audit", "data"]);
    office.ok(&verify);
}

/// The whole way in a browser: raised at a telephone, answered at the office, rated at a computer; and the
/// words that a server shows are those that were committed to, or are said not to be.
#[test]
fn a_resident_raises_and_rates_in_a_browser_and_sees_whose_words_are_shown() {
    if !browser::ready() {
        return;
    }
    let office = office();
    give_key(&office);
    let (_service, ledger) = office.serve();
    let folder = office.path("");
    let go = |part: &str| {
        let arguments = [&ledger, TRANSACTION, part];
        browser::drive("concern.mjs", &arguments, &folder);
    };
    go("raise");
    let raised = std::fs::read_to_string(folder.join("concern.json")).unwrap();
    let raised: Value = serde_json::from_str(&raised).unwrap();
    let id = raised["id"].as_str().unwrap();
    let answer = json!({ "also": [], "answer": "合同写明由承租人修。", "outcome": "explained", "transaction": TRANSACTION });
    event(
        &office,
        &ledger,
        "concern_answered",
        &["--concern", id],
        &["zhao", "liang"],
        answer,
    );
    go("rate");
    let (_, bytes) = newest(&ledger);
    let entry = LoggedEntry::parse(&bytes).unwrap();
    let Event::ConcernRated(rated) = &entry.signed.statement().event else {
        panic!("{entry:?}");
    };
    assert_eq!(rated.stars, 4);
    go("lie");
}

#[test]
fn without_a_script_it_takes_longer_and_a_flood_is_held_back() {
    let office = office();
    give_key(&office);
    let (_service, ledger) = office.serve();
    let forms: Vec<Form> = (0..5).map(|_| Form::open(&ledger)).collect();
    let early = forms[0].send(SAID);
    assert_eq!(early.status, 429);
    let wait: u64 = early.retry_after.as_deref().unwrap().parse().unwrap();
    assert!((15..=20).contains(&wait), "{wait}");
    assert!(early.text().contains("再等") && early.text().contains("塘埂谁来修？"));
    let wrong = Form {
        work: "1".to_owned(),
        ..forms[0].clone()
    };
    assert_eq!(wrong.send(SAID).status, 429);
    std::thread::sleep(Duration::from_secs(21));
    let statuses: Vec<u16> = forms.iter().map(|form| form.send(SAID).status).collect();
    assert_eq!(statuses, [201, 201, 201, 201, 429]);
    // Work still gets through, up to its own bound.
    let worked = Form::open(&ledger).worked().wait(2);
    assert_eq!(worked.send(SAID).status, 201);
    let none = get(&format!("{ledger}/t/2099-9/ask"));
    assert_eq!(none.status, 404);
}

#[test]
fn without_an_intake_the_page_says_where_to_turn() {
    let office = office();
    let (service, ledger) = office.serve();
    let url = format!("{ledger}/t/{TRANSACTION}/ask");
    let page = get(&url);
    assert_eq!(page.status, 200);
    let page = page.text();
    assert!(page.contains("没有开通网上提意见") && page.contains("街道三资办，荔湾区某路 1 号"));
    assert!(!page.contains("<textarea"));
    let sent = post(&url, &[("text", SAID.to_owned())], &[]);
    assert_eq!(sent.status, 422);
    assert!(sent.text().contains("塘埂谁来修？"));
    service.stop();
    // A key that is not on the roster takes in nothing either.
    give_key(&office);
    for end in ["", ".pub"] {
        std::fs::remove_file(office.path(&format!("data/donglang/intake.key{end}"))).unwrap();
    }
    let origin = "sanzi.example.org/donglang";
    let into = "data/donglang/intake.key";
    let new = [
        "key", "new", "--origin", origin, "--member", "nobody", "--out", into,
    ];
    office.ok(&[&new[..], &["--passphrase-file", "pass"]].concat());
    let (_service, ledger) = office.serve();
    let page = get(&format!("{ledger}/t/{TRANSACTION}/ask")).text();
    assert!(page.contains("没有开通网上提意见"));
}
