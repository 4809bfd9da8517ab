//! Contracts that were in force before the ledger, from a sheet into the log: through the real binary.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod office;

use office::Office;

/// The empty sheet as CSV, with these rows.
fn filled(office: &Office, name: &str, rows: &[(&str, &str)]) {
    office.ok(&["takeover", "--template", "空表.csv"]);
    let text = std::fs::read_to_string(office.path("空表.csv")).unwrap();
    std::fs::remove_file(office.path("空表.csv")).unwrap();
    let (heads, example) = text.trim_end().split_once("\r\n").unwrap();
    let mut sheet = format!("{heads}\r\n");
    for (number, other) in rows {
        let row = example.replace("东塱租 2015-03", number);
        sheet += &format!("{}\r\n", row.replace("李*", other));
    }
    let (bytes, _, faulty) = encoding_rs::GB18030.encode(sheet.trim_start_matches('\u{feff}'));
    assert!(!faulty);
    std::fs::write(office.path(name), bytes).unwrap();
}

fn drafts(office: &Office) -> Vec<String> {
    let folder = std::fs::read_dir(office.path("drafts")).unwrap();
    let names = folder.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".draft")).collect();
    names.sort();
    names.iter().map(|name| format!("drafts/{name}")).collect()
}

#[test]
fn a_sheet_of_old_contracts_enters_the_log_once() {
    let office = Office::opened();
    filled(
        &office,
        "合同.csv",
        &[("租 1", "李小明"), ("租 2", "王*"), ("租 2", "王*")],
    );
    let looked = office.run(&[
        "takeover",
        "合同.csv",
        "--ledger",
        "data",
        "--report",
        "问题.csv",
    ]);
    assert_eq!(looked.code, 1, "{looked:?}");
    assert!(
        looked.out.contains("共 3 行：可以登记 2，要改 1"),
        "{}",
        looked.out
    );
    assert!(
        looked.out.contains("李*") && looked.out.contains("A4 合同编号"),
        "{}",
        looked.out
    );
    let report = std::fs::read_to_string(office.path("问题.csv")).unwrap();
    assert!(
        report.starts_with('\u{feff}') && report.contains("与第 3 行是同一个合同编号"),
        "{report}"
    );
    let key = office.key("he");
    let drafting = [
        "takeover",
        "合同.csv",
        "--ledger",
        "data",
        "--key",
        &key,
        "--passphrase-file",
        "pass",
        "--out",
        "drafts",
    ];
    assert_eq!(office.run(&drafting).code, 1);
    let made = drafts(&office);
    assert_eq!(made.len(), 2);
    // Once more: what is drafted is left alone.
    assert!(office.run(&drafting).out.contains("起草 0 份"));
    for draft in &made {
        for member in ["chen", "liang"] {
            let key = office.key(member);
            office.ok(&[
                "cosign",
                draft,
                "--key",
                &key,
                "--passphrase-file",
                "pass",
                "--ledger",
                "data",
                "--yes",
            ]);
        }
        office.ok(&["submit", draft, "--to", "data"]);
    }
    let again = office.run(&drafting);
    assert!(
        again.out.contains("可以登记 0，要改 1，账本里已有 2"),
        "{}",
        again.out
    );
    let audited = office.ok(&["audit", "data"]);
    assert!(
        audited.last().starts_with("核对通过：3 条记录"),
        "{audited:?}"
    );
    let status = office.ok(&["status", "data", "--json"]).json();
    assert_eq!(status["tasks"].as_array().unwrap().len(), 0, "{status}");
    let id = made[0]
        .trim_start_matches("drafts/")
        .trim_end_matches("-contract_taken_over.draft");
    let shown = office.ok(&["show", "data", "--transaction", id]).out;
    assert!(
        shown.contains("存量合同登记") && shown.contains("补录"),
        "{shown}"
    );
    let flags = office.ok(&["flags", "data"]).out;
    assert!(flags.contains("开账前的合同"), "{flags}");
    let sheet = office.ok(&["export", "data", "--format", "csv"]).out;
    assert!(
        sheet.contains("存量合同") && sheet.contains("西街仓库"),
        "{sheet}"
    );
    // A step of it is none.
    office.write("step.json", &office::steps()[0].body.to_string());
    let key = office.key("zhao");
    let step = [
        "record",
        "asset_verification",
        "--ledger",
        "data",
        "--transaction",
        id,
        "--key",
        &key,
        "--from",
        "step.json",
        "--passphrase-file",
        "pass",
    ];
    office.fails(&step, 1, "存量合同");
}

#[test]
fn the_xlsx_template_is_read_back_and_nothing_is_overwritten() {
    let office = Office::opened();
    office.ok(&["takeover", "--template", "空表.xlsx"]);
    office.fails(&["takeover", "--template", "空表.xlsx"], 2, "不会覆盖");
    office.fails(&["takeover", "--template", "空表.ods"], 2, ".xlsx");
    let read = office.ok(&["takeover", "空表.xlsx", "--ledger", "data"]);
    assert!(read.out.contains("共 1 行：可以登记 1"), "{}", read.out);
    // A member without a seat drafts nothing.
    let key = office.key("qian");
    let drafting = [
        "takeover",
        "空表.xlsx",
        "--ledger",
        "data",
        "--key",
        &key,
        "--passphrase-file",
        "pass",
        "--out",
        "drafts",
    ];
    office.fails(&drafting, 2, "没有起草");
    office.write("坏.xlsx", "PK\u{3}\u{4}");
    office.fails(&["takeover", "坏.xlsx", "--ledger", "data"], 2, "文件损坏");
    assert!(!office.path("drafts").exists());
}
