//! A clerk's whole work through the real binary: founding, sixteen steps, postings, notices, audits.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod code;
mod office;

use std::process::Command;

use office::{Office, TRANSACTION, copy, posting, steps};
use serde_json::Value;

/// The steps whose window the next one has to wait for, publications apart.
const WINDOWED: [&str; 2] = ["listing_notice", "result_and_objection"];

#[test]
fn a_transaction_walks_through_all_sixteen_steps() {
    let office = Office::opened();
    let (local, remote): (Vec<_>, Vec<_>) = (0..).zip(steps()).partition(|(place, _)| *place < 8);
    for (place, deed) in local {
        walk(&office, "data", place, &deed);
    }
    // From here on everything goes over HTTP.
    let (service, url) = office.serve();
    let unsigned = office.fresh_draft();
    let arguments = office.record(&url, &remote[0].1, &unsigned);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    office.ok(&arguments);
    let submit = ["submit", &unsigned, "--to", &url];
    office.fails(&submit, 2, "--key");
    let key = office.key("zhao");
    let with_key = ["--key", &key, "--passphrase-file", "pass"];
    office.fails(&[&submit[..], &with_key].concat(), 1, "缺少签署");
    for (place, deed) in remote {
        walk(&office, &url, place, &deed);
    }
    let draft = office.fresh_draft();
    let late = office.record("data", &posting("platform"), &draft);
    let late: Vec<&str> = late.iter().map(String::as_str).collect();
    office.fails(&late, 1, "没有待张贴的公开");

    everything_can_be_read(&office, &url);
    let held = office.ok(&["audit", &url, "--pins", "data/donglang/pins.json"]);
    assert!(held.last().starts_with("核对通过：29 条记录"), "{held:?}");
    assert!(!held.err.contains("信任锚取自"), "{held:?}");
    office.fails(&["submit", "0.draft", "--to", "data"], 2, "--to");
    let mirror = mirror(&office, &url);
    service.stop();
    everything_can_be_read(&office, &mirror);
    everything_can_be_read(&office, "data");
    let held = office.ok(&["audit", "data", "--index"]);
    assert!(!held.err.contains("不比对"), "{held:?}");
    office.fails(&["audit", &mirror, "--index"], 2, "只用于数据文件夹");
    notices(&office);
    receipts(&office);
    tampering_is_found(&office);
}

fn walk(office: &Office, ledger: &str, place: usize, deed: &office::Deed) {
    let status = office.ok(&["status", ledger, "--json"]).json();
    if place > 0 {
        assert_eq!(status["tasks"][0]["number"], place + 1, "{status}");
        assert_eq!(
            status["tasks"][0]["roles"][0]["members"][0], deed.signers[0],
            "{status}"
        );
    }
    let outcome = office.carry_out(ledger, deed, &office.fresh_draft());
    assert!(outcome.last().starts_with("已登记，第"), "{outcome:?}");
    if deed.kind.starts_with("publish_") {
        let status = office.ok(&["status", ledger, "--json"]).json();
        assert_eq!(
            status["tasks"][0]["outstanding"].as_array().unwrap().len(),
            4
        );
        office.post_everywhere(ledger, &[]);
    }
    if deed.kind.starts_with("publish_") && place < 15 || WINDOWED.contains(&deed.kind) {
        office.wait_for_window();
    }
}

fn everything_can_be_read(office: &Office, source: &str) {
    let status = office.ok(&["status", source]);
    assert_eq!(status.last(), "待办 0 项，其中逾期 0 项；已办结交易 1 笔。");
    let course = office.ok(&["show", source, "--transaction", TRANSACTION]);
    for said in [
        "第 7 环节 民主表决",
        "赞成：25",
        "130,000.00 元/年",
        "签署：liang*（liang） 作为监事",
        "【演示账本】",
        "★",
        "第 1 条",
    ] {
        assert!(course.out.contains(said), "{said}: {}", course.out);
    }
    let one = office.ok(&["show", source, "0", "--json"]).json();
    assert_eq!(
        one["entries"][0]["statement"]["event"]["kind"],
        "ledger_opened"
    );
    let stream = office.ok(&["show", source, "--stream", "ledger", "--lang", "en"]);
    assert!(
        stream.out.contains("ledger opened") && stream.last().starts_with("1 entries"),
        "{stream:?}"
    );
    office.fails(&["show", source, "99"], 2, "共 29 条");
}

/// Makes a static mirror of the ledger behind the URL.
fn mirror(office: &Office, url: &str) -> String {
    for name in [
        "checkpoint",
        "ledger.json",
        "tile/0/000.p/29",
        "tile/entries/000.p/29",
    ] {
        let file = office.path("mirror").join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let mut answer = ureq::get(format!("{url}/{name}")).call().unwrap();
        std::fs::write(file, answer.body_mut().read_to_vec().unwrap()).unwrap();
    }
    "mirror".to_owned()
}

fn notices(office: &Office) {
    for (point, facts) in [
        ("pre_plan", "12 号商铺"),
        ("plan", "赞成"),
        ("completion", "DL-2026-001"),
    ] {
        let base = "https://sanzi.example.org";
        office.ok(&[
            "notice",
            "data",
            TRANSACTION,
            point,
            "--base-url",
            base,
            "--out",
            "n.html",
        ]);
        let page = std::fs::read_to_string(office.path("n.html")).unwrap();
        let address = format!("https://sanzi.example.org/donglang/d/{TRANSACTION}/{point}#");
        for part in ["演示账本", facts, "<svg", &address, "意见箱", "街道三资办"] {
            assert!(page.contains(part), "{point}: {part}");
        }
        let read = code::code_in(&page);
        let whole = read.starts_with(&address) && read.len() == address.len() + 43;
        assert!(whole, "{read}");
        assert!(
            !page.contains("<script") && !page.contains("src="),
            "{point}"
        );
    }
    office.fails(&["notice", "data", "2026-999", "plan"], 2, "还没有");
}

fn receipts(office: &Office) {
    let pins = "data/donglang/pins.json";
    office.ok(&[
        "proof",
        "data",
        "5",
        "--out",
        "5.proof",
        "--entry-out",
        "5.entry",
    ]);
    let held = office.ok(&[
        "verify", "--proof", "5.proof", "--entry", "5.entry", "--pins", pins,
    ]);
    assert!(held.last().starts_with("回执成立：第 5 条"), "{held:?}");
    office.ok(&["verify", "data", "--proof", "5.proof", "--entry-index", "5"]);
    office.fails(
        &["verify", "data", "--proof", "5.proof", "--entry-index", "6"],
        1,
        "回执不成立",
    );
    office.fails(
        &["verify", "--proof", "5.proof", "--entry", "5.entry"],
        2,
        "--pins",
    );
    office.fails(&["proof", "data", "29"], 2, "没有第 29 条");
    // What `submit` kept is a receipt like any other.
    office.ok(&[
        "verify",
        "--proof",
        "0.draft.tlog-proof",
        "--entry",
        "0.draft.entry",
        "--pins",
        pins,
    ]);
    let mut pins: Value =
        serde_json::from_slice(&std::fs::read(office.path(pins)).unwrap()).unwrap();
    pins["ledger_id"] = "0".repeat(64).into();
    office.write("other.json", &pins.to_string());
    let other = office.run(&["audit", "data", "--pins", "other.json"]);
    assert_eq!(other.code, 1, "{other:?}");
    assert!(
        other.out.contains("另一个账本") && other.last().contains("第 0 条"),
        "{other:?}"
    );
    // The founding is what the ledger id is the hash of: a receipt for another one is not of this ledger.
    office.ok(&[
        "proof",
        "data",
        "0",
        "--out",
        "0.proof",
        "--entry-out",
        "0.entry",
    ]);
    let receipt = [
        "verify", "--proof", "0.proof", "--entry", "0.entry", "--pins",
    ];
    office.ok(&[&receipt[..], &["data/donglang/pins.json"]].concat());
    office.fails(&[&receipt[..], &["other.json"]].concat(), 1, "回执不成立");
    let report = office
        .run(&["verify", "data", "--pins", "other.json", "--json"])
        .json();
    assert_eq!(
        (&report["holds"], &report["fault"]["index"]),
        (&false.into(), &0.into())
    );
}

fn tampering_is_found(office: &Office) {
    copy(&office.path("data"), &office.path("forged"));
    let entries = office.path("forged/donglang/entries");
    let mut bytes = std::fs::read(&entries).unwrap();
    let price = br#""fen":13000000"#;
    let place = bytes
        .windows(price.len())
        .position(|window| window == price)
        .unwrap();
    bytes[place + 6] = b'9';
    std::fs::write(&entries, bytes).unwrap();
    let forged = office.run(&["audit", "forged", "--pins", "data/donglang/pins.json"]);
    assert_eq!(forged.code, 1, "{forged:?}");
    let (_, fault) = forged.out.split_once("问题所在：").unwrap();
    let index: usize = fault.split(' ').nth(1).unwrap().parse().unwrap();
    let entry = office.ok(&["show", "data", &index.to_string()]);
    assert!(entry.out.contains("130,000.00 元/年"), "{index}: {entry:?}");
    assert!(
        forged.last().contains(&format!("问题在第 {index} 条")),
        "{forged:?}"
    );
    assert!(forged.out.contains("签出以后被改"), "{forged:?}");
    let report = office.run(&["audit", "forged", "--json"]).json();
    assert_eq!(
        (&report["holds"], &report["fault"]["index"]),
        (&false.into(), &index.into())
    );
    office.fails(&["status", "forged"], 1, "签出以后被改");
    // Entries that were cut off, too, are no failure to look.
    let file = std::fs::File::options().write(true).open(&entries).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    let cut = office.run(&["audit", "forged"]);
    assert_eq!(
        (cut.code, cut.last().starts_with("核对不通过")),
        (1, true),
        "{cut:?}"
    );
    office.fails(&["audit", "nowhere"], 2, "不能下结论");
    office.fails(&["audit", "http://127.0.0.1:1/donglang"], 2, "连不上");
}

#[test]
fn openssl_opens_the_key_files() {
    let office = Office::new();
    let origin = "sanzi.example.org/donglang";
    office.ok(&[
        "key",
        "new",
        "--origin",
        origin,
        "--member",
        "chen",
        "--out",
        "chen.key",
        "--passphrase-file",
        "pass",
    ]);
    let shown = office.ok(&["key", "show", "chen.key.pub", "--json"]).json();
    let opened = office
        .ok(&[
            "key",
            "show",
            "chen.key",
            "--passphrase-file",
            "pass",
            "--json",
        ])
        .json();
    assert_eq!(shown, opened);
    assert_eq!(shown["name"], "sanzi.example.org/donglang/chen");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(office.path("chen.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let Ok(openssl) = Command::new("openssl")
        .args([
            "pkey",
            "-in",
            "chen.key",
            "-passin",
            "file:pass",
            "-noout",
            "-text",
        ])
        .current_dir(office.folder.path())
        .output()
    else {
        eprintln!("skipped: no openssl on this machine");
        return;
    };
    let text = String::from_utf8(openssl.stdout).unwrap();
    assert!(text.contains("ED25519"), "{text}");
}
