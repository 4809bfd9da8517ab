//! `sanzi fsck`: bad, missing and partial are three things.

use std::fs;

use serde_json::Value;

use crate::house::House;

/// A house whose ledger has one full tile and one that is not, with a mirror of two ages.
fn house() -> House {
    let house = House::new();
    house.grow("data", 0..99);
    house.ends(0, &["mirror", "data", "--to", "mirror"]);
    house.copy("mirror", "young");
    house.grow("data", 99..299);
    house.ends(0, &["mirror", "data", "--to", "mirror"]);
    house
}

/// The places of a grade, each in one line with what is said of it.
fn said(report: &Value, grade: &str) -> Vec<String> {
    let list = report["ledgers"][0][grade].as_array().unwrap().iter();
    list.map(|one| {
        format!(
            "{}: {}",
            one["place"].as_str().unwrap(),
            one["detail"].as_str().unwrap()
        )
    })
    .collect()
}

fn look(house: &House, code: i32, source: &str) -> [Vec<String>; 3] {
    let report = house.json(code, &["fsck", source, "--pins", "pins.json", "--json"]);
    assert_eq!(report["holds"], code == 0, "{report}");
    ["bad", "missing", "partial"].map(|grade| said(&report, grade))
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn whole_folders_hold_and_their_index_too() {
    let house = house();
    for source in ["data", "mirror", "mirror/donglang", "young"] {
        assert_eq!(
            look(&house, 0, source),
            [none(), none(), none()],
            "{source}"
        );
    }
    house.ends(0, &["fsck", "data", "--index"]);
    let said = house.ends(0, &["--lang", "en", "fsck", "mirror"]);
    assert!(
        said.contains("300 entries") && said.contains("nothing is bad"),
        "{said}"
    );
    house.ends(2, &["fsck", "nowhere"]);
}

#[test]
fn a_flipped_byte_is_found_where_it_is() {
    let house = house();
    // Each file, the byte, what is said of it.
    let cases = [
        ("data", "donglang/entries", 60_000, "entries: 第 "),
        (
            "data",
            "donglang/tree/0",
            32 * 256 + 1,
            "tile/0/001.p/44: 哈希与条目不符",
        ),
        ("data", "donglang/tree/0", 7, "tile/0/000: 哈希与条目不符"),
        (
            "data",
            "donglang/tree/1",
            7,
            "tile/1/000.p/1: 哈希与条目不符",
        ),
        (
            "data",
            "donglang/offsets",
            8 * 5 + 7,
            "offsets: 第 5 条的位置不对",
        ),
        ("data", "donglang/checkpoint", 40, "checkpoint: 检查点"),
        (
            "mirror",
            "donglang/tile/0/000",
            7,
            "tile/0/000: 哈希与条目不符",
        ),
        (
            "mirror",
            "donglang/tile/entries/000",
            60_000,
            "tile/entries/000: 第 ",
        ),
        (
            "mirror",
            "donglang/tile/entries/001.p/44",
            500,
            "tile/entries/001.p/44: 第 256 条",
        ),
        (
            "mirror",
            "donglang/tile/1/000.p/1",
            7,
            "tile/1/000.p/1: 哈希与条目不符",
        ),
        ("mirror", "donglang/checkpoint", 40, "checkpoint: 检查点"),
    ];
    for (source, file, at, expected) in cases {
        let file = format!("{source}/{file}");
        house.flip(&file, at);
        let [bad, missing, _] = look(&house, 1, source);
        assert_eq!((bad.len(), missing), (1, none()), "{file}: {bad:?}");
        assert!(bad[0].starts_with(expected), "{file}: {bad:?}");
        house.flip(&file, at);
    }
    look(&house, 0, "data");
    look(&house, 0, "mirror");
}

#[test]
fn what_is_missing_is_not_bad() {
    let house = house();
    for tile in ["0/000", "1/000.p/1", "entries/000", "entries/001.p/44"] {
        let file = house.path(&format!("mirror/donglang/tile/{tile}"));
        let bytes = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        let [bad, missing, partial] = look(&house, 1, "mirror");
        assert_eq!((bad, partial), (none(), none()), "{tile}");
        assert_eq!(missing.len(), 1, "{tile}: {missing:?}");
        assert!(
            missing[0].starts_with(&format!("tile/{tile}: ")),
            "{missing:?}"
        );
        fs::write(&file, bytes).unwrap();
    }
    let entries = house.path("data/donglang/entries");
    let length = fs::metadata(&entries).unwrap().len();
    let file = fs::File::options().write(true).open(&entries).unwrap();
    file.set_len(length - 10).unwrap();
    let [bad, missing, _] = look(&house, 1, "data");
    assert_eq!(bad, none());
    assert!(missing[0].contains("缺第 299 至 299 条"), "{missing:?}");
    house.ends(1, &["audit", "data", "--pins", "pins.json"]);
}

#[test]
fn what_is_partial_is_no_harm() {
    let house = house();
    let tile = |name: &str| house.path(&format!("mirror/donglang/tile/{name}"));
    let young = |name: &str| house.path(&format!("young/donglang/tile/{name}"));
    // A partial tile beside the full one, as older software leaves it.
    for kind in ["0", "entries"] {
        let beside = tile(&format!("{kind}/000.p"));
        fs::create_dir(&beside).unwrap();
        let old = young(&format!("{kind}/000.p/100"));
        fs::copy(old, beside.join("100")).unwrap();
    }
    let [_, _, partial] = look(&house, 0, "mirror");
    assert_eq!(partial.len(), 2, "{partial:?}");
    assert!(
        partial[0].starts_with("tile/0/000.p/100: 整瓦片已在"),
        "{partial:?}"
    );
    // Wrong ones do harm.
    house.flip("mirror/donglang/tile/0/000.p/100", 5);
    let [bad, _, _] = look(&house, 1, "mirror");
    assert!(bad[0].starts_with("tile/0/000.p/100: "), "{bad:?}");

    // A mirror whose update broke off has tiles beyond its checkpoint.
    fs::copy(tile("entries/000"), young("entries/000")).unwrap();
    let [_, _, partial] = look(&house, 0, "young");
    assert!(
        partial[0].starts_with("tile/entries/000: 超出检查点"),
        "{partial:?}"
    );

    // Hashes that a crash lost are made again.
    let hashes = house.path("data/donglang/tree/0");
    let file = fs::File::options().write(true).open(&hashes).unwrap();
    file.set_len(32 * 280).unwrap();
    let [_, _, partial] = look(&house, 0, "data");
    assert!(
        partial[0].starts_with("tile/0/001.p/44: 只有 24 个"),
        "{partial:?}"
    );
}

#[test]
fn an_old_folder_is_behind_its_anchor() {
    let house = House::new();
    house.grow("data", 0..3);
    house.copy("data", "old");
    house.grow("data", 3..5);
    house.copy("old", "data");
    let [bad, missing, _] = look(&house, 1, "data");
    assert_eq!(bad, none());
    assert!(
        missing.iter().any(|one| one.contains("缺第 4 至 5 条")),
        "{missing:?}"
    );
}

#[test]
fn documents_are_compared_with_their_digests() {
    let folder = crate::year::year("keep");
    let document = fs::read_dir(folder.join("data/donglang/documents")).unwrap();
    let document = document.map(|one| one.unwrap().path()).min().unwrap();
    let name = document.file_name().unwrap().to_str().unwrap().to_owned();
    let bytes = fs::read(&document).unwrap();
    let look = |code: i32| {
        let arguments = ["fsck", "data#donglang", "--json"];
        let outcome = crate::year::sanzi(folder, &arguments);
        assert_eq!(outcome.code, Some(code), "{}", outcome.err);
        let report: Value = serde_json::from_slice(&outcome.out).unwrap();
        ["bad", "missing"].map(|grade| said(&report, grade))
    };
    assert_eq!(look(0), [none(), none()]);
    fs::write(&document, "另一份").unwrap();
    let [bad, missing] = look(1);
    assert!(missing.is_empty() && bad[0].contains(&name), "{bad:?}");
    fs::remove_file(&document).unwrap();
    let [bad, missing] = look(1);
    assert!(bad.is_empty() && missing[0].contains(&name), "{missing:?}");
    fs::write(&document, bytes).unwrap();
}
