//! What a monitor finds.

use std::fs;

use ledger_core::checkpoint::{Checkpoint, SignedCheckpoint};
use ledger_core::hash::Hash;
use ledger_core::tile::{encode_bundle, encode_hashes};
use ledger_core::tree::{Frontier, verify_consistency};
use serde_json::{Value, json};

use crate::house::House;
use crate::office::{Receiver, Running, free_address, kinds, once, serve, wait_until};
use crate::scene::{NOW, ORIGIN, VERIFIERS, at, founding, key, signed, verification};

const PINS: [&str; 2] = ["--pins", "pins.json"];

fn with<'a>(sources: &[&'a str]) -> Vec<&'a str> {
    [sources, &PINS].concat()
}

fn submit(url: &str, note: &[u8]) {
    let sent = ureq::post(format!("{url}/events")).header("content-type", "text/plain");
    assert_eq!(sent.send(note).unwrap().status(), 201);
}

fn message<'a>(findings: &'a [Value], kind: &str) -> &'a str {
    let found = findings.iter().find(|finding| finding["type"] == kind);
    found.unwrap()["message"].as_str().unwrap()
}

#[test]
fn a_served_ledger_is_followed_and_what_is_overdue_is_told_once_until_it_is_settled() {
    let house = House::new();
    let listen = free_address();
    let server = serve(&house, "data", &listen);
    let url = format!("http://{listen}/donglang");
    assert_eq!(once(&house, &with(&[&url])), (0, vec![]));
    drop(server);
    house.grow("data", 1..2);
    let _server = serve(&house, "data", &listen);
    let (code, found) = once(&house, &with(&[&url]));
    assert_eq!((code, kinds(&found)), (3, vec!["overdue found".to_owned()]));
    let finding = &found[0];
    assert_eq!(finding["ledger"], ORIGIN);
    assert_eq!(finding["severity"], "warning");
    assert_eq!(finding["details"]["transaction"], "2018-1");
    assert!(finding["at"].as_str().unwrap().ends_with('Z'));
    let said = finding["message"].as_str().unwrap();
    assert!(said.contains("第 2 环节“提出交易意向”逾期"), "{said}");
    // Told once; it still counts.
    assert_eq!(once(&house, &with(&[&url])), (3, vec![]));

    let proposal: Hash = {
        let entry = fs::read(house.path("data/donglang/entries")).unwrap();
        let length = usize::from(u16::from_be_bytes([entry[0], entry[1]]));
        Hash::leaf(&entry[length + 4..])
    };
    let ended = json!({ "kind": "terminated", "reason": "不再办理", "documents": [] });
    let note = signed(
        "transaction/2018-1",
        proposal,
        at(NOW),
        ended,
        &["chen", "huang"],
    );
    submit(&url, &note);
    let (code, found) = once(&house, &with(&[&url]));
    assert_eq!(
        (code, kinds(&found)),
        (0, vec!["overdue settled".to_owned()])
    );
    assert_ne!(found[0]["id"], finding["id"]);
    assert_eq!(found[0]["subject"], finding["subject"]);
    // What was found is all there, and the copy is as good as the ledger.
    let all = fs::read_to_string(house.path("watch/findings.jsonl")).unwrap();
    assert_eq!(all.lines().count(), 2);
    let copies = fs::read_dir(house.path("watch/ledgers")).unwrap();
    let copy = copies.map(|one| one.unwrap().path()).next().unwrap();
    let copy = copy.join("mirror/donglang");
    assert_eq!(house.audit(copy.to_str().unwrap())["size"], 3);
}

#[test]
fn two_histories_by_one_key_are_caught_and_the_evidence_is_good_for_anybody() {
    let house = House::new();
    house.grow("data", 0..3);
    house.copy("data", "fork");
    house.copy("data.anchor", "fork.anchor");
    house.grow("data", 3..6);
    house.grow("fork", 10..20);
    let (true_at, false_at) = (free_address(), free_address());
    let _servers = [
        serve(&house, "data", &true_at),
        serve(&house, "fork", &false_at),
    ];
    let here = format!("http://{true_at}/donglang");
    let there = format!("http://{false_at}/donglang");
    once(&house, &with(&[&here]));

    let (code, found) = once(&house, &with(&[&here, &there]));
    assert_eq!(
        (code, kinds(&found)),
        (1, vec!["split_view found".to_owned()])
    );
    assert_eq!(
        (&found[0]["source"], &found[0]["severity"]),
        (&json!(there), &json!("critical"))
    );
    let evidence = format!("watch/{}", found[0]["evidence"].as_str().unwrap());

    // By our own hand, with nothing but the log's key.
    let read = |name: &str| fs::read(house.path(&evidence).join(name)).unwrap();
    let log = key(None);
    let open = |name| SignedCheckpoint::open(&read(name), log.verifier()).unwrap();
    let (older, newer) = (open("older.checkpoint"), open("newer.checkpoint"));
    let proof: Value = serde_json::from_slice(&read("proof.json")).unwrap();
    let hashes = proof["consistency"].as_array().unwrap().iter();
    let hashes: Vec<Hash> = hashes
        .map(|hash| Hash::from_base64(hash.as_str().unwrap()).unwrap())
        .collect();
    let begins: Hash = proof["root_in_newer"].as_str().unwrap().parse().unwrap();
    let (old, new) = (older.checkpoint(), newer.checkpoint());
    assert_eq!((old.size(), new.size()), (7, 14));
    verify_consistency(7, 14, &begins, new.root(), &hashes).unwrap();
    assert_ne!(begins, *old.root());

    // By the command that the README names, and not when anything of it was changed.
    let check = ["verify", "--evidence", &evidence, "--pins", "pins.json"];
    assert!(house.ends(0, &check).contains("证据成立"));
    let altered = read("proof.json");
    let honest = String::from_utf8(altered.clone()).unwrap();
    let lie = honest.replace(&begins.to_string(), &old.root().to_string());
    fs::write(house.path(&evidence).join("proof.json"), lie).unwrap();
    assert!(house.ends(1, &check).contains("证据不成立"));
    fs::write(house.path(&evidence).join("proof.json"), altered).unwrap();
    let swapped = read("older.checkpoint");
    fs::write(
        house.path(&evidence).join("older.checkpoint"),
        read("newer.checkpoint"),
    )
    .unwrap();
    house.ends(1, &check);
    fs::write(house.path(&evidence).join("older.checkpoint"), swapped).unwrap();
    house.ends(0, &check);

    // It is told once, and stays so even when the source is gone; a person may acknowledge it.
    assert_eq!(once(&house, &with(&[&here, &there])), (1, vec![]));
    assert_eq!(once(&house, &with(&[&here])), (1, vec![]));
    let id = found[0]["id"].as_str().unwrap();
    house.ends(
        2,
        &["monitor", "--data", "watch", "--acknowledge", "00000000"],
    );
    house.ends(
        0,
        &["monitor", "--data", "watch", "--acknowledge", &id[..8]],
    );
    assert_eq!(once(&house, &with(&[&here])).0, 3);
    assert_eq!(
        kinds(&once(&house, &with(&[&here, &there])).1),
        ["split_view found"]
    );
}

#[test]
fn the_shorter_of_two_histories_is_as_much_a_split_view() {
    let house = House::new();
    house.grow("data", 0..3);
    house.copy("data", "fork");
    house.copy("data.anchor", "fork.anchor");
    house.copy("data", "same");
    house.copy("data.anchor", "same.anchor");
    house.grow("data", 3..8);
    house.grow("fork", 10..12);
    house.grow("same", 30..35);
    for other in ["fork", "same"] {
        let _ = fs::remove_dir_all(house.path("watch"));
        let (code, found) = once(&house, &with(&["data", other]));
        assert_eq!(code, 1);
        let split: Vec<&Value> = found
            .iter()
            .filter(|one| one["type"] == "split_view")
            .collect();
        assert_eq!(split.len(), 1, "{found:?}");
        let evidence = format!("watch/{}", split[0]["evidence"].as_str().unwrap());
        house.ends(0, &["verify", "--evidence", &evidence]);
        // As people read it.
        for (language, words) in [("zh", "任何人都可核对"), ("en", "anybody can check it")] {
            let _ = fs::remove_dir_all(house.path("watch"));
            let said = house.ends(
                1,
                &[
                    "--lang", language, "monitor", "data", other, "--data", "watch", "--once",
                ],
            );
            let command = "sanzi verify --evidence watch/evidence/split-view-";
            assert!(said.contains(words) && said.contains(command), "{said}");
        }
    }
}

#[test]
fn a_source_that_went_back_is_told_from_one_that_never_came_along() {
    let house = House::new();
    house.grow("data", 0..3);
    house.copy("data", "old");
    house.copy("data.anchor", "old.anchor");
    house.grow("data", 3..6);
    let listen = free_address();
    let url = format!("http://{listen}/donglang");
    let server = serve(&house, "data", &listen);
    once(&house, &with(&[&url]));
    drop(server);
    // The same entries, on another machine that has not heard of the newer ones.
    let server = serve(&house, "old", &listen);
    let arguments = [&with(&[&url, "old"])[..], &["--grace", "0"]].concat();
    let (code, found) = once(&house, &arguments);
    assert_eq!(
        (code, kinds(&found)),
        (
            1,
            vec!["rollback found".to_owned(), "behind found".to_owned()]
        )
    );
    assert!(message(&found, "rollback").contains("原来给出过 7 条，现在只有 4 条"));
    assert_eq!(found[1]["source"], "old");
    assert!(
        house
            .path("watch")
            .join(found[0]["evidence"].as_str().unwrap())
            .is_dir()
    );
    drop(server);
    let _server = serve(&house, "data", &listen);
    let (code, found) = once(&house, &arguments);
    assert_eq!(
        (code, kinds(&found)),
        (3, vec!["rollback settled".to_owned()])
    );
    // What is behind for a while is not told before its time.
    let _ = fs::remove_dir_all(house.path("watch"));
    let (_, found) = once(&house, &with(&[&url, "old"]));
    assert!(!kinds(&found).contains(&"behind found".to_owned()));
}

/// A static mirror of these entries, signed by the log's own key.
fn lying_mirror(house: &House, name: &str, entries: &[Vec<u8>]) {
    let mut frontier = Frontier::new();
    let leaves: Vec<Hash> = entries.iter().map(|entry| Hash::leaf(entry)).collect();
    for leaf in &leaves {
        frontier.push(*leaf);
    }
    let size = entries.len();
    let checkpoint = Checkpoint::new(ORIGIN, size as u64, frontier.root()).unwrap();
    let write = |file: &str, bytes: Vec<u8>| {
        let path = house.path(name).join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    write(
        &format!("tile/entries/000.p/{size}"),
        encode_bundle(entries).unwrap(),
    );
    write(
        &format!("tile/0/000.p/{size}"),
        encode_hashes(&leaves).unwrap(),
    );
    write(
        "checkpoint",
        checkpoint.sign(&key(None)).unwrap().to_bytes(),
    );
    let described =
        json!({ "origin": ORIGIN, "ledger_id": leaves[0], "log_key": key(None).verifier() });
    write("ledger.json", described.to_string().into_bytes());
}

fn entry(note: &[u8]) -> Vec<u8> {
    [format!("{}\n", at(NOW)).as_bytes(), note].concat()
}

#[test]
fn what_a_lying_operator_takes_in_is_found_with_proof_that_the_log_signed_it() {
    let house = House::new();
    let id = Hash::leaf(&entry(&founding()));
    let honest = signed(
        "transaction/2018-1",
        id,
        at(NOW),
        verification(),
        &VERIFIERS,
    );
    let unsigned = signed("transaction/2018-2", id, at(NOW), verification(), &["deng"]);
    let text = String::from_utf8(honest.clone()).unwrap();
    let cheaper = text.replace("250000000", "150000000").into_bytes();
    assert_ne!(cheaper, honest);
    let cases = [
        ("unsigned", unsigned, "missing_roles"),
        ("cheaper", cheaper, "signature"),
    ];
    for (name, lie, rule) in cases {
        let _ = fs::remove_dir_all(house.path("watch"));
        lying_mirror(
            &house,
            name,
            &[entry(&founding()), entry(&honest), entry(&lie)],
        );
        let (code, found) = once(&house, &[name]);
        assert_eq!(
            (code, kinds(&found)),
            (1, vec!["broken_rule found".to_owned()]),
            "{found:?}"
        );
        let details = &found[0]["details"];
        assert_eq!(details["index"], 2);
        assert!(
            details["rule"].as_str().unwrap().contains(rule),
            "{details}"
        );
        let evidence = format!("watch/{}", found[0]["evidence"].as_str().unwrap());
        assert_eq!(
            fs::read(house.path(&evidence).join("entry")).unwrap(),
            entry(&lie)
        );
        let file = |name: &str| format!("{evidence}/{name}");
        let pins = file("pins.json");
        house.ends(
            0,
            &[
                "verify",
                "--proof",
                &file("entry.tlog-proof"),
                "--entry",
                &file("entry"),
                "--pins",
                &pins,
            ],
        );
        // After a restart it is found again and not told again.
        assert_eq!(once(&house, &[name]), (1, vec![]));
    }
}

#[test]
fn what_the_checkpoint_does_not_sign_is_not_taken() {
    let house = House::new();
    house.grow("data", 0..3);
    house.ends(0, &["mirror", "data", "--to", "copy"]);
    house.grow("data", 3..5);
    house.ends(0, &["mirror", "data", "--to", "flipped"]);
    once(&house, &with(&["copy/donglang"]));
    let tile = "flipped/donglang/tile/entries/000.p/6";
    house.flip(tile, 4_000);
    let (code, found) = once(&house, &with(&["copy/donglang", "flipped/donglang"]));
    assert_eq!(
        (code, kinds(&found)),
        (1, vec!["bad_content found".to_owned()])
    );
    house.flip(tile, 4_000);
    house.flip("flipped/donglang/checkpoint", 60);
    let (code, found) = once(&house, &with(&["copy/donglang", "flipped/donglang"]));
    assert_eq!(code, 1);
    let kinds = kinds(&found);
    assert!(
        kinds.contains(&"bad_checkpoint found".to_owned()),
        "{kinds:?}"
    );
    assert!(
        kinds.contains(&"bad_content settled".to_owned()),
        "{kinds:?}"
    );
    house.flip("flipped/donglang/checkpoint", 60);
    // Another ledger under the same name is not this one.
    let mut other =
        serde_json::from_slice::<Value>(&fs::read(house.path("pins.json")).unwrap()).unwrap();
    other["ledger_id"] = json!("ab".repeat(32));
    fs::write(house.path("other.json"), other.to_string()).unwrap();
    let _ = fs::remove_dir_all(house.path("watch"));
    let (code, found) = once(&house, &["data", "--pins", "other.json"]);
    assert_eq!(code, 1);
    assert!(message(&found, "bad_checkpoint").contains("这是另一个账本"));
}

#[test]
fn a_key_of_another_name_is_not_taken_for_the_ledgers() {
    let house = House::new();
    lying_mirror(&house, "lie", &[entry(&founding())]);
    let described = json!({
        "origin": ORIGIN, "ledger_id": house.id, "log_key": key(Some("chen")).verifier(),
    });
    fs::write(house.path("lie/ledger.json"), described.to_string()).unwrap();
    let (code, found) = once(&house, &["lie"]);
    assert_eq!(
        (code, kinds(&found)),
        (1, vec!["bad_checkpoint found".to_owned()])
    );
    // It was not pinned: the true one is.
    let (code, found) = once(&house, &["data"]);
    assert_eq!((code, found), (0, vec![]));
}

#[test]
fn silence_is_told_when_asked_for_and_ends_with_the_next_entry() {
    let house = House::new();
    let arguments = [&with(&["data"])[..], &["--silent-after", "3600"]].concat();
    let (code, found) = once(&house, &arguments);
    assert_eq!((code, kinds(&found)), (3, vec!["silent found".to_owned()]));
    assert!(message(&found, "silent").contains("2018-03-26 09:00"));
    house.grow("data", 0..1);
    let (_, found) = once(&house, &arguments);
    assert!(
        kinds(&found).contains(&"silent settled".to_owned()),
        "{found:?}"
    );
}

#[test]
fn who_does_not_answer_was_not_checked_and_holds_up_nobody() {
    let house = House::new();
    let nobody = format!("http://{}/donglang", free_address());
    let (code, found) = once(&house, &with(&["data", &nobody]));
    assert_eq!(
        (code, kinds(&found)),
        (2, vec!["unreachable found".to_owned()])
    );
    assert_eq!(found[0]["source"], nobody);
    let (code, found) = once(&house, &with(&["data", &nobody, "data#nothing"]));
    assert_eq!((code, found.len()), (2, 1), "{found:?}");
    // One that never ends its answer does not hold up the end.
    let silent = Receiver::new(|_, _| None);
    let url = format!("http://{}/donglang", silent.address);
    let mut running = Running::monitor(&house, &with(&["data", &url]));
    wait_until("it is asked", || !silent.got().is_empty());
    let told = std::time::Instant::now();
    running.signal("-TERM");
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
    assert!(told.elapsed().as_secs() < 5);
}

#[test]
fn a_witness_that_has_seen_more_and_a_quorum_that_is_not_met_are_told() {
    let house = House::new();
    house.grow("data", 0..3);
    house.copy("data", "old");
    house.grow("data", 3..6);
    house.ends(0, &["mirror", "data", "--to", "new"]);
    let newer = fs::read_to_string(house.path("new/donglang/checkpoint")).unwrap();
    let witness = Receiver::new(move |_, asked| match asked.path.ends_with("/checkpoint") {
        true => Some((200, newer.clone())),
        false => Some((404, String::new())),
    });
    let url = format!("http://{}", witness.address);
    let arguments = [&with(&["old", "--witness", &url])[..], &["--grace", "0"]].concat();
    let (code, found) = once(&house, &arguments);
    assert_eq!(code, 3);
    assert!(message(&found, "behind").contains("见过 7 条，而所有来源都只给出 4 条"));
    let (_, found) = once(
        &house,
        &[&with(&["data", "--witness", &url])[..], &["--grace", "0"]].concat(),
    );
    assert!(
        kinds(&found).contains(&"behind settled".to_owned()),
        "{found:?}"
    );

    let cosigner = ledger_core::cosignature::Cosigner::from_seed("jiedao.example.org", &[3; 32]);
    let policy = format!(
        "witness jiedao {}\nquorum jiedao\n",
        cosigner.unwrap().verifier()
    );
    fs::write(house.path("policy"), policy).unwrap();
    let arguments = [
        &with(&["data", "--policy", "policy"])[..],
        &["--grace", "0"],
    ]
    .concat();
    let (code, found) = once(&house, &arguments);
    assert_eq!(code, 1);
    assert!(message(&found, "too_few_witnesses").contains("规则要求 jiedao，签了的有：无"));
}

#[test]
fn only_one_monitor_works_in_a_folder_and_it_starts_without_fetching_everything_again() {
    let house = House::new();
    house.grow("data", 0..300);
    let listen = free_address();
    let server = serve(&house, "data", &listen);
    let url = format!("http://{listen}/donglang");
    once(&house, &with(&[&url]));
    let silent = Receiver::new(|_, _| None);
    let other = format!("http://{}/donglang", silent.address);
    let running = Running::monitor(&house, &with(&[&url, &other]));
    wait_until("it is asked", || !silent.got().is_empty());
    let said = house.ends(2, &["monitor", "--data", "watch", "--once", &url]);
    assert!(said.contains("正被另一个"), "{said}");
    drop(running);
    // Of a ledger that has not grown the checkpoint is enough: whatever else is asked for is an error.
    drop(server);
    house.ends(0, &["mirror", "data", "--to", "copy"]);
    let checkpoint = fs::read_to_string(house.path("copy/donglang/checkpoint")).unwrap();
    let _frugal = Receiver::at(&listen, move |_, asked| match asked.path.as_str() {
        "/donglang/checkpoint" => Some((200, checkpoint.clone())),
        _ => Some((404, String::new())),
    });
    assert_eq!(once(&house, &with(&[&url])), (3, vec![]));
}
