//! `sanzi recover`: explains, repairs from what others hold, and never makes a fork.

use std::fs;

use crate::house::House;

const RECOVER: [&str; 3] = ["recover", "--data", "data"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&RECOVER[..], more].concat()
}

/// A house of six entries, whose data folder was put back to an old state of four.
pub(crate) fn stale() -> House {
    let house = House::new();
    house.grow("data", 0..1);
    house.copy("data", "older");
    house.grow("data", 1..3);
    house.ends(0, &["backup", "--data", "data", "--to", "kept", "--keys"]);
    house.copy("data", "old");
    house.grow("data", 3..5);
    house.ends(0, &["mirror", "data", "--to", "mirror"]);
    let export = [
        "export",
        "data",
        "--format",
        "jsonl",
        "--output",
        "entries.jsonl",
    ];
    house.ends(0, &export);
    house.copy("data", "newest");
    house.copy("old", "data");
    house
}

fn refused(house: &House) {
    let serve = ["serve", "--data", "data", "--listen", "127.0.0.1:0"];
    let said = house.ends(2, &serve);
    assert!(said.contains("账本落后"), "{said}");
}

#[test]
fn a_sound_ledger_is_left_alone() {
    let house = House::new();
    let said = house.ends(0, &RECOVER);
    assert!(said.contains("可以签署"), "{said}");
    let said = house.json(0, &with(&["--repair", "--json"]));
    assert_eq!((&said["signs"], &said["size"]), (&true.into(), &1.into()));
    assert!(!house.path("data/donglang.replaced-1").exists());
}

#[test]
fn a_stale_restore_is_refused_and_completed_by_whoever_has_more() {
    for from in ["mirror", "mirror/donglang", "entries.jsonl", "newest"] {
        let house = stale();
        refused(&house);
        let said = house.ends(1, &RECOVER);
        assert!(
            said.contains("6 条") && said.contains("旧备份") && said.contains("--from"),
            "{said}"
        );
        let said = house.ends(1, &[&["--lang", "en"], &RECOVER[..]].concat());
        assert!(said.contains("an old backup was put back"), "{said}");
        let said = house.json(0, &with(&["--from", from, "--json"]));
        assert_eq!(
            (&said["signs"], &said["size"]),
            (&true.into(), &6.into()),
            "{from}"
        );
        let newest = fs::read(house.path("newest/donglang/entries")).unwrap();
        assert_eq!(
            fs::read(house.path("data/donglang/entries")).unwrap(),
            newest
        );
        assert!(house.path("data/donglang.replaced-1/entries").exists());
        house.ends(0, &["fsck", "data"]);
        house.ends(0, &["fsck", "data", "--index"]);
        // It signs on, with the key that was there.
        house.grow("data", 7..9);
        assert_eq!(house.audit("data")["size"], 8);
        house.ends(0, &["mirror", "data", "--to", "mirror"]);
    }
}

#[test]
fn receipts_with_their_entries_complete_a_backup() {
    let house = stale();
    fs::create_dir(house.path("drawer")).unwrap();
    let keep = |index: &str, place: &str| {
        let (proof, entry) = (format!("{place}.tlog-proof"), format!("{place}.entry"));
        let arguments = [
            "proof",
            "newest",
            index,
            "--out",
            &proof,
            "--entry-out",
            &entry,
        ];
        house.ends(0, &arguments);
    };
    keep("4", "drawer/chen");
    keep("5", "deng");
    let receipt = with(&["--from", "deng.tlog-proof"]);
    let said = house.ends(1, &receipt);
    assert!(said.contains("还缺第 4 至 5 条"), "{said}");
    // An entry that was touched is worth nothing, whatever the receipt says.
    house.flip("drawer/chen.entry", 300);
    let both = [&receipt[..], &["--from", "drawer", "--json"]].concat();
    let said = house.ends(1, &both);
    assert!(said.contains("不是这个账本的回执"), "{said}");
    house.flip("drawer/chen.entry", 300);
    let said = house.json(0, &both);
    assert_eq!((&said["signs"], &said["size"]), (&true.into(), &6.into()));
    let newest = fs::read(house.path("newest/donglang/entries")).unwrap();
    assert_eq!(
        fs::read(house.path("data/donglang/entries")).unwrap(),
        newest
    );
    house.grow("data", 7..8);
}

#[test]
fn a_checkpoint_alone_is_not_gone_behind() {
    let house = stale();
    fs::remove_dir_all(house.path("data")).unwrap();
    fs::remove_dir_all(house.path("data.anchor")).unwrap();
    let restore = ["restore", "kept", "--data", "data", "--adopt-checkpoint"];
    house.ends(0, &restore);
    house.flip("data/donglang/tree/0", 1);
    fs::copy(house.path("newest/donglang/checkpoint"), house.path("seen")).unwrap();
    let said = house.ends(1, &with(&["--from", "seen"]));
    assert!(said.contains("还缺第 4 至 5 条"), "{said}");
    house.ends(0, &with(&["--from", "seen", "--from", "mirror"]));
    assert_eq!(house.audit("data")["size"], 6);
}

#[test]
fn what_nobody_has_is_told_as_lost_and_nothing_is_changed() {
    let house = stale();
    let anchor = fs::read(house.path("data.anchor/donglang.checkpoint")).unwrap();
    let entries = fs::read(house.path("data/donglang/entries")).unwrap();
    for more in [&["--repair"][..], &["--from", "kept"], &["--from", "old"]] {
        let said = house.ends(1, &with(more));
        assert!(
            said.contains("还缺第 4 至 5 条") && said.contains("声明丢失"),
            "{said}"
        );
    }
    assert_eq!(
        fs::read(house.path("data.anchor/donglang.checkpoint")).unwrap(),
        anchor
    );
    assert_eq!(
        fs::read(house.path("data/donglang/entries")).unwrap(),
        entries
    );
    refused(&house);
}

#[test]
fn a_checkpoint_that_anybody_has_is_not_gone_behind() {
    let house = stale();
    fs::remove_dir_all(house.path("data.anchor")).unwrap();
    let said = house.ends(1, &with(&["--from", "mirror"]));
    assert!(said.contains("无从知道最后签到哪里"), "{said}");
    fs::remove_dir_all(house.path("data")).unwrap();
    house.ends(
        0,
        &["restore", "kept", "--data", "data", "--adopt-checkpoint"],
    );
    house.flip("data/donglang/tree/0", 1);
    // The file was cut: its checkpoint is of six entries, one of which it has not.
    let lines = fs::read_to_string(house.path("entries.jsonl")).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    fs::write(house.path("cut.jsonl"), lines[..6].join("\n") + "\n").unwrap();
    let said = house.ends(1, &with(&["--from", "cut.jsonl"]));
    assert!(said.contains("还缺第 5 至 5 条"), "{said}");
}

#[test]
fn a_forked_source_repairs_nothing() {
    let house = stale();
    house.copy("old", "fork");
    fs::create_dir(house.path("fork.anchor")).unwrap();
    let adopt = ["restore", "kept", "--data", "again", "--adopt-checkpoint"];
    house.ends(0, &adopt);
    house.grow("again", 20..24);
    let said = house.ends(1, &with(&["--from", "again", "--from", "mirror"]));
    assert!(said.contains("分叉"), "{said}");
    let said = house.ends(1, &with(&["--from", "again"]));
    assert!(said.contains("分叉"), "{said}");
    assert!(!house.path("data/donglang.replaced-1").exists());
    refused(&house);
}

#[test]
fn damage_is_mended_from_a_mirror_and_hashes_from_the_entries() {
    let house = House::new();
    house.grow("data", 0..300);
    house.ends(0, &["mirror", "data", "--to", "mirror"]);
    house.grow("data", 300..310);
    let before = house.audit("data");
    // Entry 0 of the first tile; the mirror lacks the last ten, which the folder has.
    house.flip("data/donglang/entries", 60_000);
    let said = house.ends(1, &RECOVER);
    assert!(said.contains("坏：entries：第 "), "{said}");
    house.ends(1, &with(&["--repair"]));
    house.ends(0, &with(&["--from", "mirror"]));
    assert_eq!(house.audit("data"), before);
    for (file, at) in [("tree/0", 7), ("offsets", 47), ("tree/1", 3)] {
        house.flip(&format!("data/donglang/{file}"), at);
        house.ends(1, &RECOVER);
        house.ends(0, &with(&["--repair"]));
        house.ends(0, &["fsck", "data"]);
    }
    assert_eq!(house.audit("data"), before);
    house.grow("data", 310..311);
}

#[test]
fn a_witness_stop_goes_when_the_ledger_has_what_was_seen() {
    let house = stale();
    // The anchor is as old as the data: nothing but the witness knows.
    let seen = fs::read_to_string(house.path("newest/donglang/checkpoint")).unwrap();
    fs::remove_dir_all(house.path("data")).unwrap();
    fs::remove_dir_all(house.path("data.anchor")).unwrap();
    house.ends(
        0,
        &["restore", "kept", "--data", "data", "--adopt-checkpoint"],
    );
    let stop = house.path("data/donglang/signing-stopped");
    let reason = |seen: &str| {
        format!(
            "已停止签署 (signing stopped: the witness office has seen 6 entries, this ledger has 4)。\n{seen}\n"
        )
    };
    fs::write(&stop, reason(&seen)).unwrap();
    let said = house.ends(1, &RECOVER);
    assert!(
        said.contains("见证方叫停") && said.contains("6 entries"),
        "{said}"
    );
    let said = house.ends(1, &with(&["--repair"]));
    assert!(said.contains("停签的原因还在") && stop.exists(), "{said}");
    let said = house.ends(0, &with(&["--from", "mirror"]));
    assert!(said.contains("停签解除") && !stop.exists(), "{said}");
    assert_eq!(house.audit("data")["size"], 6);

    // What a person wrote, or a witness's word for another history, a program does not judge.
    fs::write(&stop, "查账\n").unwrap();
    house.ends(1, &with(&["--repair"]));
    assert!(stop.exists());
}
