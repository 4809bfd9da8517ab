//! `sanzi export --format csv`: sheets that a spreadsheet opens, adds up, and does not obey.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod office;
mod year;

use std::fs;
use std::path::Path;

use office::{Office, TRANSACTION, steps};
use serde_json::{Value, json};
use year::ok;

const SOURCE: &str = "data#donglang";

fn folder() -> &'static Path {
    year::year("sheets")
}

/// A sheet, read as a spreadsheet reads it: its header and its rows.
fn sheet(bytes: &[u8]) -> (Vec<String>, Vec<Vec<String>>) {
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap();
    let lines = text.split(|byte| *byte == b'\n');
    assert!(
        lines
            .clone()
            .all(|line| line.is_empty() || line.ends_with(b"\r"))
    );
    let mut reader = csv::Reader::from_reader(text);
    let header = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    let rows = reader
        .records()
        .map(|row| row.unwrap().iter().map(str::to_owned).collect());
    (header, rows.collect())
}

fn column(header: &[String], name: &str) -> usize {
    header.iter().position(|column| column == name).unwrap()
}

#[test]
fn the_sheet_of_transactions_adds_up() {
    let exported = ok(folder(), &["export", SOURCE, "--format", "csv"]).out;
    let (header, rows) = sheet(&exported);
    let of = |row: &Vec<String>, name: &str| row[column(&header, name)].clone();
    assert!(rows.iter().all(|row| row[0].starts_with("【演示账本】")));
    let done: Vec<_> = rows
        .iter()
        .filter(|row| of(row, "状态") == "已完成")
        .collect();
    assert_eq!(done.len(), 50);
    let fen = |text: String| -> u64 {
        let (yuan, rest) = text.split_once('.').unwrap();
        assert_eq!(rest.len(), 2);
        format!("{yuan}{rest}").parse().unwrap()
    };
    let total: u64 = done.iter().map(|row| fen(of(row, "合同总额（元）"))).sum();
    assert_eq!(total, 130_000_000);
    for row in done {
        let days = ["签订日期", "开始时间", "最近登记时间"].map(|name| of(row, name));
        assert!(
            days.iter()
                .all(|day| day[..10].parse::<ledger_core::time::Date>().is_ok()),
            "{days:?}"
        );
        assert!(!of(row, "对方").is_empty() && !of(row, "合同编号").is_empty());
    }
}

#[test]
fn the_sheet_of_events_has_every_entry() {
    let exported = ok(
        folder(),
        &["export", SOURCE, "--format", "csv", "--table", "events"],
    )
    .out;
    let (header, rows) = sheet(&exported);
    let lines = ok(folder(), &["export", SOURCE, "--format", "jsonl"]).out;
    let lines = String::from_utf8(lines).unwrap();
    let lines: Vec<&str> = lines.lines().skip(1).collect();
    assert_eq!(rows.len(), lines.len());
    let (index, kind, leaf) = (
        column(&header, "序号"),
        column(&header, "事项"),
        column(&header, "叶哈希"),
    );
    for (number, (row, line)) in rows.iter().zip(&lines).enumerate() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (&row[index], json!(row[leaf].trim_start_matches('\''))),
            (&number.to_string(), line["leaf"].clone())
        );
        assert!(!row[kind].is_empty() && !row[kind].is_ascii());
    }
    let late = column(&header, "补录");
    assert!(
        rows.iter().any(|row| row[late] == "补录") && rows.iter().any(|row| row[late].is_empty())
    );
}

#[test]
fn what_a_spreadsheet_would_obey_stays_text() {
    let office = Office::opened();
    let mut deed = steps().remove(0);
    deed.body["asset"]["name"] = json!("=HYPERLINK(\"http://x\")");
    deed.body["asset"]["location"] = json!("@东塱, \"12\" 号");
    deed.body["summary"] = json!("+1 核对");
    office.carry_out("data", &deed, "0.draft");
    let read = |table: &str| {
        let path = format!("{table}.csv");
        office.ok(&[
            "export", "data", "--format", "csv", "--table", table, "--output", &path,
        ]);
        sheet(&fs::read(office.path(&path)).unwrap())
    };
    let (header, rows) = read("transactions");
    let cell = |name: &str| rows[0][column(&header, name)].clone();
    assert_eq!(cell("交易编号"), TRANSACTION);
    assert_eq!(cell("标的"), "'=HYPERLINK(\"http://x\")");
    assert_eq!(cell("坐落"), "'@东塱, \"12\" 号");
    let (header, rows) = read("events");
    assert_eq!(rows[1][column(&header, "摘要")], "'+1 核对");
    let dangerous = |cell: &String| cell.starts_with(['=', '+', '-', '@']);
    assert!(!rows.iter().flatten().any(dangerous));
}
