//! `sanzi recover --declare-loss`: what is gone is said openly, and nothing is signed twice.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use ledger_core::commitment::Salt;
use ledger_core::hash::Commitment;

use crate::house::House;
use crate::recover::stale;
use crate::scene::ORIGIN;

const NEW: &str = "sanzi.example.org/donglang-2";

const AGAIN: [&str; 5] = ["recover", "--data", "data", "--declare-loss", "loss"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&AGAIN[..], more].concat()
}

/// A house whose last two entries are lost, with the keys of chair and supervisor.
fn bereft() -> House {
    let house = stale();
    for member in ["chen", "huang", "deng"] {
        house.seal_key(member);
    }
    house
}

fn drafted(house: &House) {
    let draft = with(&[
        "--reason",
        "硬盘损坏，街道和居民手里都没有",
        "--key",
        "chen.key",
        "--passphrase-file",
        "passphrase",
    ]);
    let said = house.ends(0, &draft);
    assert!(
        said.contains("第 4 至 5 条已丢失") && said.contains("sanzi cosign loss/loss.draft"),
        "{said}"
    );
}

fn cosigned(house: &House, key: &str) {
    let cosign = [
        "cosign",
        "loss/loss.draft",
        "--key",
        key,
        "--passphrase-file",
        "passphrase",
        "--yes",
    ];
    house.ends(0, &cosign);
}

#[test]
fn what_is_gone_is_declared_and_the_ledger_goes_on() {
    let house = bereft();
    let said = house.ends(1, &["recover", "--data", "data", "--from", "kept"]);
    assert!(said.contains("--declare-loss"), "{said}");
    let said = house.ends(2, &AGAIN);
    assert!(
        said.contains("--reason") && said.contains("--key"),
        "{said}"
    );
    drafted(&house);
    // Nothing is changed by a draft, and nothing is declared before all have signed.
    let said = house.ends(1, &["recover", "--data", "data"]);
    assert!(said.contains("签过 6 条"), "{said}");
    let said = house.ends(1, &AGAIN);
    assert!(said.contains("缺少签署") && said.contains("监事"), "{said}");
    cosigned(&house, "huang.key");
    let said = house.ends(1, &with(&["--from", "mirror"]));
    assert!(said.contains("没有丢"), "{said}");
    assert!(house.path("data/donglang").exists() && !house.path("data/donglang-2").exists());

    let entries = fs::read(house.path("data/donglang/entries")).unwrap();
    let said = house.ends(0, &AGAIN);
    assert!(said.contains(NEW) && said.contains("新的信任锚"), "{said}");
    assert!(
        fs::read(house.path("data/donglang-2/entries"))
            .unwrap()
            .starts_with(&entries)
    );
    assert!(house.path("data/donglang.replaced-1/entries").exists());
    assert!(!house.path("data/donglang").exists());
    assert!(house.path("data.anchor/donglang.lost-1").exists());
    assert!(house.path("data.anchor/donglang-2.checkpoint").exists());
    assert!(house.path("data/donglang-2/documents").exists());
    let pins = "data/donglang-2/pins.json";
    let report = house.json(0, &["audit", "data", "--pins", pins, "--json"]);
    let lost = serde_json::json!([{"entry": 4, "first": 4, "last": 5, "origin": ORIGIN}]);
    assert_eq!((&report["size"], &report["losses"]), (&5.into(), &lost));
    assert_eq!(report["ledger_id"], house.id.to_string());
    let said = house.ends(0, &["--lang", "en", "audit", "data", "--pins", pins]);
    assert!(
        said.contains("[LOSS DECLARED] Entries 4 to 5 of the log"),
        "{said}"
    );
    let said = house.ends(0, &["status", "data"]);
    assert!(said.contains("丢失声明"), "{said}");
    // Who pinned the old log is not led to the new one unawares.
    house.ends(1, &["audit", "data", "--pins", "pins.json"]);
    house.ends(0, &["recover", "--data", "data"]);
    house.ends(0, &["fsck", "data"]);
    served(&house, &lost);
    house.ends(0, &["mirror", "data", "--to", "second"]);
    let described = fs::read(house.path("second/donglang-2/ledger.json")).unwrap();
    let described: serde_json::Value = serde_json::from_slice(&described).unwrap();
    assert_eq!(described["losses"], lost);
    house.ends(0, &["audit", "second", "--pins", pins]);
    house.ends(0, &["backup", "--data", "data", "--to", "again", "--keys"]);
    house.ends(
        0,
        &["restore", "again", "--data", "back", "--adopt-checkpoint"],
    );
    house.ends(
        0,
        &[
            "export",
            "data",
            "--format",
            "jsonl",
            "--output",
            "new.jsonl",
        ],
    );
    house.ends(
        0,
        &["import", "new.jsonl", "--data", "imported", "--pins", pins],
    );
}

/// The server says it to everybody, takes in again what was lost, and refuses a loss in a log that goes on.
fn served(house: &House, lost: &serde_json::Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sanzi"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data", "data"]);
    command
        .current_dir(house.home())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut server = command.spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let serving = lines
        .by_ref()
        .map(Result::unwrap)
        .find(|line| line.starts_with("正在"));
    let serving = serving.unwrap();
    let url = serving
        .split_once("http")
        .unwrap()
        .1
        .split_once("/ ")
        .unwrap()
        .0;
    let url = format!("http{url}");
    let get = |path: &str| {
        let mut answer = ureq::get(format!("{url}/{path}")).call().unwrap();
        answer.body_mut().read_to_string().unwrap()
    };
    let described: serde_json::Value =
        serde_json::from_str(&get("donglang-2/ledger.json")).unwrap();
    assert_eq!(
        (&described["losses"], &described["origin"]),
        (lost, &NEW.into())
    );
    let page = get("");
    // In the words of the residents' pages, or of a build without them.
    let told = [("有记录丢失", "4–5"), ("已丢失", "第 4 至 5 条")];
    let is_told = |(what, which): &(&str, &str)| page.contains(what) && page.contains(which);
    assert!(told.iter().any(is_told), "{page}");
    // Who watches the new log is told, and of nothing that does not hold.
    let new = format!("{url}/donglang-2");
    let pins = "data/donglang-2/pins.json";
    let watch = [
        "monitor", &new, "--pins", pins, "--data", "watch", "--once", "--json",
    ];
    let found = house.json(3, &watch);
    assert_eq!(
        (&found["type"], &found["details"]["first"]),
        (&"loss_declared".into(), &4.into())
    );
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let agent: ureq::Agent = config.build().into();
    let post = |note: &[u8]| {
        let request = agent.post(format!("{url}/donglang-2/events"));
        let mut answer = request
            .header("content-type", "text/plain")
            .send(note)
            .unwrap();
        (
            answer.status().as_u16(),
            answer.body_mut().read_to_string().unwrap(),
        )
    };
    // Transactions 3 and 4 were lost.
    let (status, said) = post(&house.note(3));
    assert_eq!(status, 201, "{said}");
    let declaration = fs::read(house.path("loss/loss.draft")).unwrap();
    assert_eq!(post(&declaration).0, 200);
    let kill = Command::new("kill").arg(server.id().to_string()).status();
    assert!(kill.unwrap().success() && server.wait().unwrap().success());
}

#[test]
fn only_who_must_sign_declares_a_loss_and_only_of_what_is_lost() {
    let house = bereft();
    drafted(&house);
    cosigned(&house, "deng.key");
    cosigned(&house, "huang.key");
    let said = house.ends(1, &AGAIN);
    assert!(said.contains("签署人无此岗位"), "{said}");
    fs::remove_dir_all(house.path("loss")).unwrap();
    // Of a sound ledger nothing is declared.
    house.copy("newest", "data");
    house.ends(0, &AGAIN);
    assert!(!house.path("loss").exists());
    house.copy("old", "data");
    drafted(&house);
    cosigned(&house, "huang.key");
    // Fewer entries than those for which they signed are not what they signed.
    fs::remove_dir_all(house.path("data")).unwrap();
    house.copy("older", "data");
    let said = house.ends(1, &AGAIN);
    assert!(said.contains("与保住的条目不符"), "{said}");
    assert!(house.path("data/donglang").exists());
}

#[test]
fn private_documents_do_not_stay_in_the_folder_of_before() {
    let house = bereft();
    let (salt, document) = (Salt::from_bytes([7; 32]), b"who signed the attendance list");
    let name = format!("private/{}", Commitment::to(&salt, document));
    let kept = [
        &b"sanzi private document 1\n"[..],
        salt.as_bytes(),
        document,
    ]
    .concat();
    fs::write(house.path("data/donglang").join(&name), &kept).unwrap();
    drafted(&house);
    cosigned(&house, "huang.key");
    house.ends(0, &AGAIN);
    assert_eq!(
        fs::read(house.path("data/donglang-2").join(&name)).unwrap(),
        kept
    );
    // What is erased from now on would otherwise still be there.
    assert!(!house.path("data/donglang.replaced-1").join(&name).exists());
}
