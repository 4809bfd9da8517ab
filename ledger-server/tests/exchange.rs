//! `sanzi export` and `sanzi import`: the same log comes back, and nothing else passes for it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod office;
mod year;

use std::fs;
use std::path::Path;

use office::{Office, steps};
use serde_json::{Value, json};
use tempfile::TempDir;
use year::{fails, ok, sanzi};

const SOURCE: &str = "data#donglang";

fn folder() -> &'static Path {
    year::year("exchange")
}

/// The year's entries as JSON Lines, exported once.
fn lines() -> Vec<String> {
    static LINES: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    let exported = LINES.get_or_init(|| {
        let said = ok(folder(), &["export", SOURCE, "--format", "jsonl"]).out;
        let text = String::from_utf8(said).unwrap();
        text.lines().map(str::to_owned).collect()
    });
    exported.clone()
}

fn pins() -> String {
    let pins = folder().join("data/donglang/pins.json");
    pins.to_str().unwrap().to_owned()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn raw_entries_come_back_as_the_same_log() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("entries.jsonl");
    let file = file.to_str().unwrap();
    let export = ["export", SOURCE, "--format", "jsonl", "--output", file];
    let said = ok(folder(), &export);
    let said = String::from_utf8(said.out).unwrap();
    assert!(said.contains("全部核对成立"), "{said}");

    let imported = ok(
        place.path(),
        &[
            "import",
            file,
            "--data",
            "copy",
            "--pins",
            &pins(),
            "--json",
        ],
    );
    let imported: Value = serde_json::from_slice(&imported.out).unwrap();
    let audit = |folder: &Path, source: &str| -> Value {
        let report = ok(folder, &["audit", source, "--pins", &pins(), "--json"]);
        serde_json::from_slice(&report.out).unwrap()
    };
    let (before, after) = (audit(folder(), SOURCE), audit(place.path(), "copy"));
    assert_eq!(before, after);
    assert_eq!(imported["root"], before["root"]);
    assert_eq!(
        (&imported["signs"], &imported["training"]),
        (&json!(false), &json!(true))
    );
    for name in ["entries", "checkpoint", "offsets", "tree/0", "tree/1"] {
        let read = |data: &Path| fs::read(data.join("donglang").join(name)).unwrap();
        assert!(
            read(&folder().join("data")) == read(&place.path().join("copy")),
            "{name}"
        );
    }
    let again = ok(place.path(), &["export", "copy", "--format", "jsonl"]);
    assert!(again.out == fs::read(file).unwrap());
    // Without the log's key there is no anchor, and no server writes here.
    assert_eq!(names(place.path()), ["copy", "entries.jsonl"]);
    fails(
        place.path(),
        &["serve", "--data", "copy", "--listen", "127.0.0.1:0"],
        2,
        "锚点",
    );
    // The index that came with it is that of the log.
    let index = ["audit", "copy", "--index", "--anchor", "elsewhere"];
    let said = sanzi(place.path(), &index);
    assert_ne!(said.code, Some(1), "{}", said.err);
}

#[test]
fn a_file_says_what_it_is_of() {
    let lines = lines();
    let header: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(header["form"], "sanzi entries 1");
    assert_eq!(header["size"], json!(lines.len() - 1));
    assert_eq!(header["training"], true);
    let pinned: Value = serde_json::from_slice(&fs::read(pins()).unwrap()).unwrap();
    for name in ["ledger_id", "log_key", "origin"] {
        assert_eq!(header[name], pinned[name]);
    }
    let checkpoint = fs::read_to_string(folder().join("data/donglang/checkpoint")).unwrap();
    assert_eq!(header["checkpoint"], json!(checkpoint));
    let first: Value = serde_json::from_str(&lines[1]).unwrap();
    assert_eq!(
        (&first["index"], &first["leaf"]),
        (&json!(0), &pinned["ledger_id"])
    );
}

/// A change to the lines of a file.
type Change = fn(&mut Vec<String>);

fn changed(line: &mut String, change: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_str(line).unwrap();
    change(&mut value);
    *line = value.to_string();
}

/// Rewrites the entry on a line, and its leaf hash with it.
fn forged(line: &mut String, from: &str, to: &str) {
    changed(line, |value| {
        let entry = value["entry"].as_str().unwrap().to_owned();
        assert!(entry.contains(from));
        let entry = entry.replacen(from, to, 1);
        value["leaf"] = json!(ledger_core::hash::Hash::leaf(entry.as_bytes()));
        value["entry"] = json!(entry);
    });
}

/// What is done to a file, the line that is named, and what is said of it.
const TAMPERED: &[(&str, Change, usize, &str)] = &[
    (
        "an entry altered",
        |l| l[5] = l[5].replacen("T0", "T1", 1),
        6,
        "叶哈希不符",
    ),
    (
        "an entry forged with its leaf hash",
        |l| forged(&mut l[5], "summary\":\"", "summary\":\"不"),
        6,
        "签名",
    ),
    (
        "a leaf hash altered",
        |l| changed(&mut l[3], |v| v["leaf"] = json!("00".repeat(32))),
        4,
        "叶哈希不符",
    ),
    ("two lines swapped", |l| l.swap(4, 5), 5, "乱了次序"),
    (
        "two lines swapped and numbered anew",
        |l| {
            l.swap(1, 2);
            changed(&mut l[1], |v| v["index"] = json!(0));
            changed(&mut l[2], |v| v["index"] = json!(1));
        },
        2,
        "",
    ),
    ("a line left out", |l| drop(l.remove(7)), 8, "乱了次序"),
    ("a line twice", |l| l.insert(7, l[7].clone()), 9, "乱了次序"),
    (
        "cut in a line",
        |l| {
            l.truncate(4);
            l[3].truncate(40);
        },
        4,
        "读不懂",
    ),
    ("cut after a line", |l| l.truncate(4), 5, "文件不完整"),
    ("nothing but the header", |l| l.truncate(1), 2, "文件不完整"),
    ("an empty line", |l| l.insert(3, String::new()), 4, "读不懂"),
    (
        "a field that is not known",
        |l| changed(&mut l[2], |v| v["note"] = json!(1)),
        3,
        "读不懂",
    ),
    (
        "a field twice",
        |l| l[2] = l[2].replacen('{', "{\"index\":1,", 1),
        3,
        "读不懂",
    ),
    (
        "a line without end",
        |l| l[2] = format!("{{\"entry\":\"{}", "x".repeat(1 << 20)),
        3,
        "超过",
    ),
    (
        "another root",
        |l| changed(&mut l[0], |v| v["root"] = json!("00".repeat(32))),
        1,
        "检查点",
    ),
    (
        "another size",
        |l| changed(&mut l[0], |v| v["size"] = json!(7)),
        1,
        "检查点",
    ),
    (
        "a checkpoint of another size",
        |l| {
            changed(&mut l[0], |v| {
                let stated = v["checkpoint"].as_str().unwrap().to_owned();
                let size = v["size"].to_string();
                v["checkpoint"] = json!(stated.replacen(&format!("\n{size}\n"), "\n7\n", 1));
                v["size"] = json!(7);
            })
        },
        1,
        "签名",
    ),
    (
        "another ledger id",
        |l| changed(&mut l[0], |v| v["ledger_id"] = json!("00".repeat(32))),
        2,
        "账本编号",
    ),
    (
        "another origin",
        |l| {
            changed(&mut l[0], |v| {
                v["origin"] = json!("sanzi.example.org/other")
            })
        },
        1,
        "日志",
    ),
    (
        "another version",
        |l| changed(&mut l[0], |v| v["form"] = json!("sanzi entries 2")),
        1,
        "升级",
    ),
    ("no header", |l| drop(l.remove(0)), 1, "读不懂"),
    (
        "another kind of file",
        |l| *l = vec!["账本,序号".to_owned()],
        1,
        "读不懂",
    ),
    ("nothing", |l| l.clear(), 1, "读不懂"),
];

#[test]
fn a_file_that_was_tampered_with_is_refused_and_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    for (what, change, number, said) in TAMPERED {
        let mut lines = lines();
        change(&mut lines);
        let mut text = lines.join("\n");
        if !text.is_empty() {
            text.push('\n');
        }
        fs::write(place.path().join("entries.jsonl"), text).unwrap();
        let import = ["import", "entries.jsonl", "--data", "copy"];
        let outcome = sanzi(place.path(), &import);
        assert_eq!(outcome.code, Some(1), "{what}: {}", outcome.err);
        let place_said = format!("entries.jsonl 第 {number} 行");
        assert!(
            outcome.err.contains(&place_said) && outcome.err.contains(said),
            "{what}: {}",
            outcome.err
        );
        assert_eq!(names(place.path()), ["entries.jsonl"], "{what}");
    }
    // In English, too.
    let said = sanzi(
        place.path(),
        &["import", "entries.jsonl", "--data", "copy", "--lang", "en"],
    );
    assert!(said.err.contains("entries.jsonl, line 1: "), "{}", said.err);
}

#[test]
fn what_follows_the_last_entry_and_a_false_claim_of_training_are_found_at_the_end() {
    let place = tempfile::tempdir().unwrap();
    let mut more = lines();
    more.push(more[1].clone());
    let mut real = lines();
    changed(&mut real[0], |value| value["training"] = json!(false));
    let last = lines().len() + 1;
    for (lines, said) in [
        (more, format!("第 {last} 行")),
        (real, "第 1 行：training".to_owned()),
    ] {
        fs::write(place.path().join("entries.jsonl"), lines.join("\n")).unwrap();
        fails(
            place.path(),
            &["import", "entries.jsonl", "--data", "copy"],
            1,
            &said,
        );
        assert_eq!(names(place.path()), ["entries.jsonl"]);
    }
}

#[test]
fn another_ledger_than_the_pinned_one_is_refused_at_once() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("entries.jsonl"), lines().join("\n")).unwrap();
    let practice = folder().join("data/practice/pins.json");
    let practice = practice.to_str().unwrap();
    let import = [
        "import",
        "entries.jsonl",
        "--data",
        "copy",
        "--pins",
        practice,
    ];
    fails(place.path(), &import, 1, "第 1 行：不是所信任的账本");
    assert_eq!(names(place.path()), ["entries.jsonl"]);
}

#[test]
fn a_folder_that_holds_something_is_not_imported_into() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("entries.jsonl"), lines().join("\n")).unwrap();
    fs::create_dir(place.path().join("full")).unwrap();
    fs::write(place.path().join("full/letter.txt"), "x").unwrap();
    for (data, said) in [
        ("full", "不是空的"),
        ("entries.jsonl", "不能用作数据文件夹"),
        ("no/where", "写不了"),
    ] {
        fails(
            place.path(),
            &["import", "entries.jsonl", "--data", data],
            2,
            said,
        );
    }
    assert_eq!(names(&place.path().join("full")), ["letter.txt"]);
    fails(
        place.path(),
        &["import", "missing.jsonl", "--data", "copy"],
        2,
        "读不到",
    );
    // An empty folder will do.
    fs::create_dir(place.path().join("empty")).unwrap();
    ok(
        place.path(),
        &["import", "entries.jsonl", "--data", "empty"],
    );
    assert!(place.path().join("empty/donglang/entries").is_file());
}

/// An office, and exports of its ledger with one entry and with two.
fn office() -> Office {
    let office = Office::opened();
    let export =
        |name: &str| ["export", "data", "--format", "jsonl", "--output", name].map(str::to_owned);
    let run = |name: &str| {
        let arguments = export(name);
        office.ok(&arguments.each_ref().map(String::as_str))
    };
    run("one.jsonl");
    office.carry_out("data", &steps()[0], "0.draft");
    run("two.jsonl");
    fs::write(
        office.path("passphrase"),
        fs::read(office.path("data/donglang/log.passphrase")).unwrap(),
    )
    .unwrap();
    office
}

/// Imports with the log's key.
fn with_key<'a>(file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec![
        "import",
        file,
        "--data",
        "new",
        "--log-key",
        "data/donglang/log.key",
        "--log-passphrase-file",
        "passphrase",
    ];
    arguments.extend(more);
    arguments
}

#[test]
fn with_the_log_s_key_a_log_goes_on_and_never_forks() {
    let office = office();
    let anchors = ["--anchor", "data.anchor"];
    // Whether one entry was the newest is not known without an anchor; with it, it is known not to be.
    office.fails(&with_key("two.jsonl", &[]), 1, "--adopt-checkpoint");
    office.fails(&with_key("one.jsonl", &anchors), 1, "会分叉");
    office.fails(
        &[
            "import",
            "one.jsonl",
            "--data",
            "new",
            "--anchor",
            "data.anchor",
        ],
        1,
        "会分叉",
    );
    let adopting = [anchors[0], anchors[1], "--adopt-checkpoint"];
    office.fails(&with_key("one.jsonl", &adopting), 1, "会分叉");
    assert!(!office.path("new").exists() && !office.path("new.anchor").exists());

    office.ok(&with_key("two.jsonl", &anchors));
    let key = fs::read(office.path("new/donglang/log.key")).unwrap();
    assert!(key == fs::read(office.path("data/donglang/log.key")).unwrap());
    assert!(!office.path("new.anchor").exists());
    fs::copy(
        office.path("passphrase"),
        office.path("new/donglang/log.passphrase"),
    )
    .unwrap();
    fs::rename(office.path("data/founding"), office.path("founding")).unwrap();
    fs::remove_dir_all(office.path("data")).unwrap();
    fs::create_dir(office.path("data")).unwrap();
    fs::rename(office.path("founding"), office.path("data/founding")).unwrap();
    fs::rename(office.path("data.anchor"), office.path("new.anchor")).unwrap();
    office.carry_out("new", &steps()[1], "1.draft");
    let audited = office.ok(&["audit", "new", "--json"]).json();
    assert_eq!(
        (&audited["holds"], &audited["size"]),
        (&json!(true), &json!(3))
    );
}

#[test]
fn a_key_is_taken_only_for_its_own_log_and_an_anchor_only_of_its_own_tree() {
    let (office, other) = (office(), office());
    let theirs = other.path("data/donglang/log.key");
    let passphrase = other.path("passphrase");
    let import = [
        "import",
        "two.jsonl",
        "--data",
        "new",
        "--adopt-checkpoint",
        "--log-key",
        theirs.to_str().unwrap(),
        "--log-passphrase-file",
        passphrase.to_str().unwrap(),
    ];
    office.fails(&import, 1, "不是这个账本的日志钥匙");
    let wrong = other.path("pass");
    let import = [
        "import",
        "two.jsonl",
        "--data",
        "new",
        "--adopt-checkpoint",
        "--log-key",
        "data/donglang/log.key",
        "--log-passphrase-file",
        wrong.to_str().unwrap(),
    ];
    office.fails(&import, 2, "log.key");
    let anchors = other.path("data.anchor");
    let import = with_key("two.jsonl", &["--anchor", anchors.to_str().unwrap()]);
    office.fails(&import, 1, "查明");
    assert!(!office.path("new").exists());
    // Where there is no anchor, it is taken at the word of who imports.
    office.ok(&with_key("two.jsonl", &["--adopt-checkpoint"]));
    assert!(office.path("new.anchor/donglang.checkpoint").is_file());
}

#[test]
fn wrong_input_is_refused_before_anything_is_written() {
    let place = tempfile::tempdir().unwrap();
    let data = folder().join(SOURCE);
    let data = data.to_str().unwrap();
    let cases: &[(&[&str], &str)] = &[
        (&["--format", "xlsx"], "xlsx"),
        (&[], "--format"),
        (&["--format", "csv", "--table", "people"], "people"),
        (
            &["--format", "jsonl", "--table", "events"],
            "--table 只用于",
        ),
        (
            &["--format", "csv", "--package", "records"],
            "--package 只用于",
        ),
        (
            &["--format", "csv", "--ocid-prefix", "ocds-000000"],
            "--ocid-prefix 只用于",
        ),
        (
            &["--format", "ocds", "--ocid-prefix", "ocds-1"],
            "ocds-xxxxxx",
        ),
        (&["--format", "jsonl", "--output", "no/where"], "写不了"),
        (&["--format", "jsonl", "--output", "."], "写不了"),
        (&["--format", "jsonl", "--pins", "no"], "读不到"),
    ];
    for (arguments, said) in cases {
        let all: Vec<&str> = ["export", data].iter().chain(*arguments).copied().collect();
        fails(place.path(), &all, 2, said);
        assert!(names(place.path()).is_empty());
    }
    fails(
        place.path(),
        &["export", "nowhere", "--format", "csv"],
        2,
        "不是账本",
    );
}

/// A copy of the year whose entry with this text is altered on the disk.
fn damaged(at: usize) -> TempDir {
    let place = tempfile::tempdir().unwrap();
    let (from, to) = (
        folder().join("data/donglang"),
        place.path().join("data/donglang"),
    );
    fs::create_dir_all(to.join("tree")).unwrap();
    for name in [
        "entries",
        "checkpoint",
        "offsets",
        "pins.json",
        "tree/0",
        "tree/1",
    ] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
    fs::copy(
        folder().join("data/FORMAT"),
        place.path().join("data/FORMAT"),
    )
    .unwrap();
    let mut bytes = fs::read(to.join("entries")).unwrap();
    let offsets = fs::read(to.join("offsets")).unwrap();
    let end = u64::from_be_bytes(offsets[at * 8..at * 8 + 8].try_into().unwrap());
    bytes[usize::try_from(end).unwrap() - 4] ^= 1;
    fs::write(to.join("entries"), bytes).unwrap();
    place
}

#[test]
fn a_ledger_that_does_not_hold_is_exported_only_on_demand_and_up_to_its_fault() {
    let place = damaged(300);
    let out = place.path().join("out.jsonl");
    let export = [
        "export",
        "data",
        "--format",
        "jsonl",
        "--output",
        "out.jsonl",
    ];
    fails(place.path(), &export, 1, "第 300 条");
    assert!(!out.exists());
    let mut despite = export.to_vec();
    despite.push("--despite-faults");
    fails(place.path(), &despite, 1, "第 300 条");
    // What a bundle of 256 holds is known only with all of it.
    assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), 257);
    // What is not whole passes for nothing.
    fails(
        place.path(),
        &["import", "out.jsonl", "--data", "copy"],
        1,
        "第 258 行",
    );
    assert_eq!(names(place.path()), ["data", "out.jsonl"]);
}
