//! A data folder as the first version of the program left it, kept for ever: it must always be found again,
//! whole, and with the same root; and one of a version that is not known must always be left alone.
//!
//! `frozen/v1` was made by [`freeze`] (`FREEZE=1 cargo test --test frozen`), which may be run again only as
//! long as nobody has used the format. There is no index in it, for that is disposable.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

use ledger_core::commitment::Salt;
use ledger_core::hash::{Commitment, Digest, Hash};
use ledger_core::keyfile;
use ledger_core::ledger::Ledger;
use ledger_core::store::local::{LocalFolder, LocalOptions};
use ledger_core::store::{Erasure, Store as _, StoreError};
use scene::folder::{PASSPHRASE, ledger_of};
use scene::{NOW, ORIGIN, VERIFIERS, at, founding, key, signed, verification};
use serde_json::{Value, json};

/// The root of the tree of its five entries.
const ROOT: &str = "67ae1b035c43ea48ce0612e62724c71086ddbca94d22b3df8efb7274ddfedaac";

const ENTRIES: u64 = 5;

const REGISTER: &str = "资产台账";
const PRIVATE: &str = "只给该看的人看的材料";
const ERASED: &str = "已经销毁的材料";

fn frozen() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frozen/v1")
}

fn salt(of: u8) -> Salt {
    Salt::from_bytes([of; 32])
}

/// Opens the transaction of this number.
fn note(id: Hash, number: u64) -> Vec<u8> {
    let register = Digest::of(REGISTER.as_bytes()).to_string();
    let body = verification().to_string();
    let body = serde_json::from_str(&body.replace(&"5f".repeat(32), &register)).unwrap();
    let stream = format!("transaction/2018-{number}");
    signed(&stream, id, at(NOW), body, &VERIFIERS)
}

/// Makes what is kept.
fn freeze(place: &Path) {
    let folder = LocalFolder::open(place.join("data"), LocalOptions::default()).unwrap();
    let store = folder.ledger("donglang").unwrap();
    let (mut ledger, receipt) = Ledger::create(store, key(None), &founding(), at(NOW)).unwrap();
    let id = receipt.leaf;
    for number in 1..ENTRIES {
        ledger.append(&note(id, number), at(NOW)).unwrap();
    }
    let mut store = ledger.into_store();
    store.put_document(REGISTER.as_bytes()).unwrap();
    let kept = store.put_private_document(&salt(1), PRIVATE.as_bytes());
    kept.unwrap();
    let erased = store.put_private_document(&salt(2), ERASED.as_bytes());
    let erasure = Erasure {
        at: at(NOW),
        by: vec!["chen".parse().unwrap()],
        entry: 0,
        reason: "所依据的档案已超过保存期限".parse().unwrap(),
    };
    assert!(
        store
            .erase_private_document(&erased.unwrap(), &erasure)
            .unwrap()
    );
    store.close().unwrap();
    folder.close().unwrap();
    let own = place.join("data/donglang");
    fs::write(
        own.join("log.key"),
        keyfile::seal(&[7; 32], PASSPHRASE).unwrap(),
    )
    .unwrap();
    let pins = json!({ "ledger_id": id, "log_key": key(None).verifier(), "origin": ORIGIN });
    fs::write(own.join("pins.json"), format!("{pins}\n")).unwrap();
    fs::remove_dir_all(place.join("data/index")).unwrap();
    fs::remove_file(place.join("data/index.clean")).unwrap();
}

/// A copy of it to work on; gone when dropped.
fn copy() -> tempfile::TempDir {
    static MADE_ANEW: Once = Once::new();
    let kept = tempfile::tempdir().unwrap();
    if std::env::var_os("FREEZE").is_some() {
        MADE_ANEW.call_once(|| {
            let place = frozen();
            let _ = fs::remove_dir_all(&place);
            fs::create_dir_all(&place).unwrap();
            freeze(&place);
        });
    }
    let mut copying = Command::new("cp");
    let copying = copying.arg("-r").arg(frozen().join(".")).arg(kept.path());
    assert!(copying.status().unwrap().success());
    kept
}

/// Runs the binary in a folder; it has to end with this code. What it said, on both outputs.
fn sanzi(place: &Path, code: i32, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sanzi"));
    command.current_dir(place).args(arguments);
    command.env("SANZI_LOG_PASSPHRASE", PASSPHRASE);
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    said
}

/// Every file of a folder but locks, with its length and digest.
fn content(folder: &Path) -> BTreeMap<PathBuf, (usize, Digest)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(content(&path));
        } else if !path.ends_with("LOCK") {
            let bytes = fs::read(&path).unwrap();
            found.insert(path, (bytes.len(), Digest::of(&bytes)));
        }
    }
    found
}

fn last_json(said: &str) -> Value {
    let line = said.lines().rfind(|line| line.starts_with('{'));
    serde_json::from_str(line.unwrap()).unwrap()
}

#[test]
fn it_is_read_as_it_always_was() {
    let place = copy();
    let before = content(place.path());
    let size: usize = before.values().map(|(length, _)| length).sum();
    assert!(size < 200_000, "{size}");
    let pins = "data/donglang/pins.json";
    let said = last_json(&sanzi(
        place.path(),
        0,
        &["audit", "data", "--pins", pins, "--json"],
    ));
    assert_eq!(
        (&said["root"], &said["size"]),
        (&json!(ROOT), &json!(ENTRIES)),
        "{said}"
    );
    sanzi(place.path(), 0, &["fsck", "data"]);
    sanzi(place.path(), 0, &["recover", "--data", "data"]);
    assert_eq!(content(place.path()), before);
}

#[test]
fn it_is_written_on_as_if_it_were_new() {
    let place = copy();
    let open = || LocalFolder::open(place.path().join("data"), LocalOptions::default()).unwrap();
    // First without an index, then with the one that the first left.
    for (round, indexed) in [(ENTRIES, ENTRIES), (ENTRIES + 1, 0)] {
        let folder = open();
        let (mut ledger, made) = ledger_of(&folder);
        assert_eq!((ledger.size(), made), (round, indexed));
        let id = ledger.state().unwrap().ledger_id;
        if round == ENTRIES {
            assert_eq!(ledger.checkpoint().checkpoint().root().to_string(), ROOT);
        }
        // What stands is found again, and what is new is added.
        assert!(!ledger.append(&note(id, 2), at(NOW)).unwrap().added);
        assert!(ledger.append(&note(id, round), at(NOW)).unwrap().added);
        let store = ledger.into_store();
        let register = store.document(&Digest::of(REGISTER.as_bytes()));
        assert_eq!(register.unwrap().unwrap(), REGISTER.as_bytes());
        let private = Commitment::to(&salt(1), PRIVATE.as_bytes());
        let private = store.private_document(&private).unwrap().unwrap();
        assert_eq!(&private.bytes[..], PRIVATE.as_bytes());
        let erased = store.private_document(&Commitment::to(&salt(2), ERASED.as_bytes()));
        assert!(matches!(erased, Err(StoreError::Erased { .. })));
        store.close().unwrap();
        folder.close().unwrap();
    }
    sanzi(place.path(), 0, &["fsck", "data", "--index"]);
    let pins = "data/donglang/pins.json";
    let said = last_json(&sanzi(
        place.path(),
        0,
        &["audit", "data", "--pins", pins, "--json"],
    ));
    assert_eq!(said["size"], ENTRIES + 2);
}

#[test]
fn another_version_is_left_alone_and_told_apart() {
    let cases: [(&str, &str, &str); 9] = [
        ("sanzi data folder 2\n", "升级", "Upgrade sanzi"),
        ("sanzi data folder 4294967295\n", "升级", "Upgrade sanzi"),
        ("sanzi data folder 0\n", "太旧", "too old"),
        ("sanzi data folder 01\n", "格式不认识", "unknown format"),
        ("sanzi data folder +1\n", "格式不认识", "unknown format"),
        ("sanzi data folder 1", "格式不认识", "unknown format"),
        (
            "sanzi data folder 99999999999\n",
            "格式不认识",
            "unknown format",
        ),
        ("sanzi witness folder 1\n", "格式不认识", "unknown format"),
        ("", "格式不认识", "unknown format"),
    ];
    let place = copy();
    for (marker, zh, en) in cases {
        fs::write(place.path().join("data/FORMAT"), marker).unwrap();
        let before = content(place.path());
        let commands: [&[&str]; 6] = [
            &["serve", "--data", "data", "--listen", "127.0.0.1:0"],
            &["audit", "data"],
            &["fsck", "data"],
            &["status", "data"],
            &["backup", "--data", "data", "--to", "backup"],
            &["recover", "--data", "data", "--repair"],
        ];
        for command in commands {
            for (language, words) in [("zh", zh), ("en", en)] {
                let arguments = [command, &["--lang", language]].concat();
                let said = sanzi(place.path(), 2, &arguments);
                assert!(said.contains(words), "{marker:?}: {said}");
                if let Some(version) = marker.strip_prefix("sanzi data folder ") {
                    assert!(said.contains(version.trim_end()), "{said}");
                }
            }
        }
        let _ = fs::remove_dir_all(place.path().join("backup"));
        assert_eq!(content(place.path()), before, "{marker:?}");
    }
}
