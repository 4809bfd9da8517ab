//! A ledger whose signing was stopped, and what a crash left in it: nothing is signed before somebody has
//! looked, and nothing is lost by that.

use std::fs;
use std::process::Command;

use ledger_core::hash::Hash;
use ledger_core::store::Store as _;
use ledger_core::store::local::LocalFolder;
use serde_json::json;

use crate::process::{Process, get, post, said, sanzi, serve};
use crate::scene::folder::{DataFolder, PASSPHRASE, ledger_of};
use crate::scene::{NOW, ORIGIN, VERIFIERS, at, key, signed, verification};

fn note(id: Hash, number: &str) -> Vec<u8> {
    let stream = format!("transaction/{number}");
    signed(&stream, id, at(NOW), verification(), &VERIFIERS)
}

/// A ledger of one published entry, and a second one written after it and not published, as a crash leaves
/// it; and the ledger's id.
fn crashed() -> (DataFolder, Hash) {
    let data = DataFolder::new();
    let home = data.path().parent().unwrap().to_owned();
    let copy = |from: &str, to: &str| {
        let _ = fs::remove_dir_all(home.join(to));
        let mut copying = Command::new("cp");
        let done = copying.arg("-a").arg(home.join(from)).arg(home.join(to));
        assert!(done.status().unwrap().success());
    };
    copy("data", "published");
    copy("data.anchor", "published.anchor");
    let folder = data.open();
    let (mut ledger, _) = ledger_of(&folder);
    let id = ledger.state().unwrap().ledger_id;
    ledger.append(&note(id, "2018-001"), at(NOW)).unwrap();
    drop((ledger, folder));
    let written = fs::read(data.path().join("donglang/entries")).unwrap();
    copy("published", "data");
    copy("published.anchor", "data.anchor");
    fs::write(data.path().join("donglang/entries"), written).unwrap();
    (data, id)
}

/// How many entries the anchor knows to be signed.
fn anchored(data: &DataFolder) -> String {
    let anchors = LocalFolder::default_anchor_folder(&data.path()).unwrap();
    let file = LocalFolder::anchor_file(&anchors, "donglang");
    let checkpoint = LocalFolder::anchored(&file).unwrap().unwrap();
    let text = String::from_utf8(checkpoint).unwrap();
    text.lines().nth(1).unwrap().to_owned()
}

fn size(ledger: &Process) -> String {
    let checkpoint = get(&format!("{}/donglang/checkpoint", ledger.url)).body;
    checkpoint.lines().nth(1).unwrap().to_owned()
}

#[test]
fn what_a_crash_left_is_not_signed_while_the_signing_is_stopped() {
    let (data, id) = crashed();
    let stop = data.path().join("donglang/signing-stopped");
    fs::write(&stop, "a witness holds another history\n").unwrap();
    let length = || {
        let file = fs::metadata(data.path().join("donglang/entries"));
        file.unwrap().len()
    };
    let before = length();

    // Twice: the first stop must not make the second start sign.
    for _ in 0..2 {
        let ledger = serve(&data);
        assert_eq!(size(&ledger), "1");
        let answer = post(
            &format!("{}/donglang/events", ledger.url),
            &note(id, "2018-002"),
        );
        assert_eq!(answer.status, 503);
        assert!(answer.body.contains("urn:sanzi:signing_stopped"));
        let answer = get(&format!("{}/readyz", ledger.url));
        assert!(answer.body.contains("signing_stopped"), "{}", answer.body);
        assert_eq!(get(&format!("{}/donglang/proof/0", ledger.url)).status, 200);
        assert_eq!(get(&format!("{}/donglang/proof/1", ledger.url)).status, 404);
        assert_eq!(ledger.stop(), Some(0));
        assert_eq!((anchored(&data).as_str(), length()), ("1", before));
    }

    // Nor by who submits to the folder itself.
    let draft = data.path().with_file_name("two.draft");
    fs::write(&draft, note(id, "2018-002")).unwrap();
    let pins = json!({ "ledger_id": id, "log_key": key(None).verifier(), "origin": ORIGIN });
    fs::write(data.path().join("donglang/pins.json"), pins.to_string()).unwrap();
    for (language, words) in [("zh", "已停止签署"), ("en", "has stopped signing")] {
        let mut command = sanzi(&["submit", "--lang", language]);
        command.arg(&draft).arg("--to").arg(data.path());
        command.env("SANZI_LOG_PASSPHRASE", PASSPHRASE);
        let (code, text) = said(command);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains(words), "{text}");
    }
    assert_eq!((anchored(&data).as_str(), length()), ("1", before));

    // Once somebody has looked, it goes on where it was.
    fs::remove_file(stop).unwrap();
    let ledger = serve(&data);
    assert_eq!(size(&ledger), "2");
    let answer = post(
        &format!("{}/donglang/events", ledger.url),
        &note(id, "2018-001"),
    );
    assert_eq!(answer.status, 200);
    let answer = post(
        &format!("{}/donglang/events", ledger.url),
        &note(id, "2018-002"),
    );
    assert_eq!(answer.status, 201);
    assert_eq!(ledger.stop(), Some(0));
    let (ledger, _) = ledger_of(&data.open());
    assert_eq!(ledger.size(), 3);
    assert_eq!(ledger.store().size(), 3);
}
