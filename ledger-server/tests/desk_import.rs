//! Contracts of before the ledger, from a sheet, at the staff desk: over HTTP, up to the public page.
#![cfg(feature = "pages")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::{ACCEPT, CONTENT_TYPE, COOKIE};
use ledger_core::event::Statement;
use ledger_core::store::local::LocalFolder;
use ledger_server::{DESK_FOLDER, Hosting, Ledgers, Options, Writer, app};
use scene::folder::{DataFolder, hosting, ledger_of};
use scene::sitter::{DESK_HOST, Sitter, from_desk};
use scene::{Answer, NOW, answer, at, key};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// A served data folder with a desk.
struct Office {
    _data: DataFolder,
    _open: (Writer, LocalFolder),
    _ledgers: Ledgers,
    router: Router,
    runtime: Runtime,
}

impl Office {
    fn new() -> Self {
        let data = DataFolder::new();
        let local = data.open();
        let hosting = Hosting {
            desk: Some(data.path().join("donglang").join(DESK_FOLDER)),
            ..hosting(ledger_of(&local).0)
        };
        let options = Options {
            clock: Arc::new(|| at(NOW)),
            ..Options::default()
        };
        let (ledgers, writer) = Writer::start(vec![hosting], options).unwrap();
        Self {
            _data: data,
            _open: (writer, local),
            router: app(ledgers.clone()),
            _ledgers: ledgers,
            runtime: Runtime::new().unwrap(),
        }
    }

    fn sitter(&self, member: &str) -> Sitter<'_> {
        Sitter::member(&self.runtime, &self.router, member)
    }

    /// A page or a file, as anybody asks for it.
    fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("accept-language", "zh-CN");
        let request = request
            .header("host", DESK_HOST)
            .header(ACCEPT, "text/html");
        let request = request.body(Body::empty()).unwrap();
        self.runtime.block_on(answer(self.router.clone(), request))
    }
}

/// Sends a file as the page does.
fn send(sitter: &Sitter<'_>, path: &str, bytes: &[u8]) -> Answer {
    let mut request = from_desk("POST", path).header(COOKIE, &sitter.cookie);
    let headers = request.headers_mut().unwrap();
    headers.insert(CONTENT_TYPE, "application/octet-stream".parse().unwrap());
    headers.insert("accept-language", "zh-CN".parse().unwrap());
    sitter.ask(request.body(Body::from(bytes.to_vec())).unwrap())
}

fn read(sitter: &Sitter<'_>, bytes: &[u8]) -> Value {
    let answer = send(sitter, "/import", bytes);
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
    answer.json()
}

fn outcomes(read: &Value) -> Vec<&str> {
    let rows = read["rows"].as_array().unwrap().iter();
    rows.map(|row| row["outcome"].as_str().unwrap()).collect()
}

#[test]
fn a_sheet_is_read_signed_cosigned_and_never_recorded_twice() {
    let office = Office::new();
    let template = office.get("/donglang/desk/import/template.csv");
    assert_eq!(template.status.as_u16(), 200);
    assert!(
        template
            .header("content-disposition")
            .contains("contracts.csv")
    );
    let xlsx = office.get("/donglang/desk/import/template.xlsx").body;
    assert!(xlsx.starts_with(b"PK"));
    let he = office.sitter("he");
    let found = read(&he, &xlsx);
    assert_eq!(outcomes(&found), ["ready"]);
    assert_eq!(found["mine"], true);
    let more = "租 9,x,资产,y,,,z,w,,出租,,张三,,1,,,,2018-03-27,2018-01-01,2019-12-31,不清楚,,";
    let sheet = [&template.body[..], more.as_bytes()].concat();
    let found = read(&he, &sheet);
    assert_eq!(outcomes(&found), ["ready", "wrong"]);
    let fault = &found["rows"][1]["faults"][0];
    assert_eq!(
        (&fault["cell"], &fault["column"]),
        (&json!("R3"), &json!("签订日期"))
    );
    let text = found["rows"][0]["statement"].as_str().unwrap().to_owned();
    let note = Statement::parse(&text)
        .unwrap()
        .sign([&key(Some("he"))])
        .unwrap();
    let begun = he.post(
        "/drafts",
        &json!({"note": String::from_utf8(note).unwrap()}),
    );
    assert_eq!(begun.status.as_u16(), 201, "{}", begun.text());
    let draft = begun.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(outcomes(&read(&he, &sheet)), ["waiting", "wrong"]);
    for (member, state) in [("chen", "waiting"), ("huang", "entered")] {
        let line = key(Some(member)).sign_note_text(&text).to_string();
        let path = format!("/drafts/{draft}/signatures");
        let signed = office.sitter(member).post(&path, &json!({"line": line}));
        assert_eq!(signed.json()["state"], state, "{}", signed.text());
    }
    let found = read(&he, &sheet);
    assert_eq!(outcomes(&found), ["recorded", "wrong"]);
    let report = send(&he, "/import/report", &sheet);
    assert!(report.text().contains("账本里已有") && report.text().contains("R3"));
    let id = found["rows"][0]["transaction"].as_str().unwrap();
    let page = office.get(&format!("/donglang/t/{id}"));
    for said in [
        "开账之前签的合同",
        "补录",
        "西街仓库",
        "1,200,000.00",
        "开账前的合同",
    ] {
        assert!(page.text().contains(said), "{said}: {}", page.text());
    }
    assert!(!page.text().contains("十六个环节</h2>"));
    let list = office.get("/donglang?step=taken_over");
    assert!(list.text().contains("西街仓库") && list.text().contains("存量合同，补录"));
    let under_way = office.get("/donglang?step=open");
    assert!(!under_way.text().contains("西街仓库"));
}

#[test]
fn who_may_not_and_what_is_no_sheet() {
    let office = Office::new();
    let nobody = Sitter::nobody(&office.runtime, &office.router);
    send(&nobody, "/import", b"x").problem(401, "signed_out");
    let he = office.sitter("he");
    let elsewhere = Request::post("/donglang/desk/import").header(COOKIE, &he.cookie);
    let elsewhere = elsewhere
        .header("host", DESK_HOST)
        .header("origin", "https://evil.example");
    he.ask(elsewhere.body(Body::from("x")).unwrap())
        .problem(403, "another_site");
    send(&he, "/import", b"a,b\r\n1,2\r\n").problem(422, "no_sheet");
    send(&he, "/import", &vec![b'a'; (8 << 20) + 1]).problem(413, "too_large");
    // Who has no seat sees what it is, and is told.
    let deng = office.sitter("deng");
    let template = office.get("/donglang/desk/import/template.csv").body;
    assert_eq!(read(&deng, &template)["mine"], false);
    let page = office.get("/donglang/desk/import");
    assert_eq!(page.status.as_u16(), 401);
    let mut request = from_desk("GET", "/import").header(COOKIE, &he.cookie);
    let headers = request.headers_mut().unwrap();
    headers.insert("accept-language", "zh-CN".parse().unwrap());
    let page = he.ask(request.body(Body::empty()).unwrap());
    assert_eq!(page.status.as_u16(), 200);
    assert!(page.text().contains("2018-03-26"), "{}", page.text());
}
