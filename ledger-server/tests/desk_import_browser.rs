//! Contracts of before the ledger at the staff desk, in real browsers, from a sheet made by a spreadsheet's
//! library to the log.
//!
//! The path is in `web/tests/import.mjs`. Without Chromium or what `npm ci` installs in `web` this says so and
//! passes, unless `CI` is set.
#![cfg(feature = "pages")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it leaves out"
)]

mod office;

use std::path::Path;
use std::process::Command;

use office::Office;
use rust_xlsxwriter::{Formula, Workbook};

fn missing() -> Option<&'static str> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/node_modules/playwright-core");
    let chromium = std::env::var_os("CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into());
    if !Path::new(&chromium).exists() {
        return Some("Chromium: install it, or name it in CHROMIUM");
    }
    (!web.exists()).then_some("playwright-core: run npm ci in ledger-server/web")
}

/// Three rows that are right, one of them with a name in full; one with a formula, one signed tomorrow.
fn sheet(office: &Office) {
    office.ok(&["takeover", "--template", "空表.csv"]);
    let template = std::fs::read_to_string(office.path("空表.csv")).unwrap();
    let mut lines = template.trim_start_matches('\u{feff}').lines();
    let (heads, example) = (lines.next().unwrap(), lines.next().unwrap());
    let place = |heading: &str| {
        let mut heads = heads.split(',');
        let found = heads.position(|head| head.trim_end_matches('*') == heading);
        u16::try_from(found.unwrap()).unwrap()
    };
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, heads.split(',')).unwrap();
    for row in 1..=5 {
        sheet.write_row(row, 0, example.split(',')).unwrap();
        let number = format!("租 {row}");
        sheet.write(row, place("合同编号"), number).unwrap();
    }
    sheet.write(1, place("对方"), "李小明").unwrap();
    let total = Formula::new("=1+1").set_result("2");
    sheet.write_formula(4, place("合同总额"), total).unwrap();
    sheet.write(5, place("签订日期"), "2099-01-01").unwrap();
    book.save(office.path("合同.xlsx")).unwrap();
}

#[test]
fn a_sheet_is_signed_in_one_turn_by_each() {
    if let Some(missing) = missing() {
        assert!(std::env::var_os("CI").is_none(), "missing: {missing}");
        eprintln!("SKIPPED: {missing}");
        return;
    }
    let office = Office::opened_with_windows(600);
    sheet(&office);
    let (service, url) = office.serve();
    let site = url.split("/donglang").next().unwrap();
    let mut node = Command::new("node");
    node.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("web/tests/import.mjs"));
    node.arg(site.trim_end_matches('/')).arg(office.path(""));
    assert!(node.status().unwrap().success(), "import.mjs: see above");
    drop(service);
    let audited = office.ok(&["audit", "data"]);
    assert!(
        audited.last().starts_with("核对通过：4 条记录"),
        "{audited:?}"
    );
}
