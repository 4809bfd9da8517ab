//! `sanzi mirror`: follows its source, and takes neither a rollback nor a fork for progress.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use ledger_core::Store as _;
use ledger_core::cosignature::Cosigner;

use crate::house::House;
use crate::scene::folder::{PASSPHRASE, ledger_of};

fn checkpoint(house: &House, mirror: &str) -> Vec<u8> {
    fs::read(house.path(mirror).join("donglang/checkpoint")).unwrap()
}

#[test]
fn a_mirror_is_the_same_ledger_and_takes_only_what_is_new() {
    let house = House::new();
    house.grow("data", 0..260);
    let mirror = ["mirror", "data", "--to", "copy", "--json"];
    let first = house.json(0, &mirror);
    assert_eq!((&first["before"], &first["size"]), (&0.into(), &261.into()));
    assert_eq!(house.audit("data"), house.audit("copy/donglang"));
    assert_eq!(house.audit("data"), house.audit("copy"));
    let full = house.path("copy/donglang/tile/entries/000");
    let written = fs::metadata(&full).unwrap().modified().unwrap();

    house.grow("data", 260..270);
    let second = house.json(0, &mirror);
    assert_eq!(
        (&second["before"], &second["size"]),
        (&261.into(), &271.into())
    );
    assert_eq!(fs::metadata(&full).unwrap().modified().unwrap(), written);
    assert_eq!(house.audit("data"), house.audit("copy"));
    let described = fs::read(house.path("copy/donglang/ledger.json")).unwrap();
    let described: serde_json::Value = serde_json::from_slice(&described).unwrap();
    assert_eq!(
        (&described["size"], &described["slug"]),
        (&271.into(), &"donglang".into())
    );
    // A mirror of the mirror is as good.
    house.ends(0, &["mirror", "copy/donglang", "--to", "second"]);
    assert_eq!(checkpoint(&house, "second"), checkpoint(&house, "copy"));
    house.ends(0, &["fsck", "second"]);
}

#[test]
fn a_source_that_went_back_or_forked_changes_nothing() {
    let house = House::new();
    house.grow("data", 0..3);
    house.copy("data", "old");
    house.copy("data", "fork");
    house.copy("data.anchor", "fork.anchor");
    house.copy("data", "same");
    house.copy("data.anchor", "same.anchor");
    house.grow("data", 3..6);
    house.grow("fork", 10..20);
    house.grow("same", 30..33);
    house.ends(0, &["mirror", "data", "--to", "copy"]);
    let before = checkpoint(&house, "copy");
    for (source, complaint) in [("old", "退回去了"), ("fork", "分叉了"), ("same", "分叉了")]
    {
        let said = house.ends(1, &["mirror", source, "--to", "copy"]);
        assert!(said.contains(complaint), "{source}: {said}");
        assert_eq!(checkpoint(&house, "copy"), before);
        house.ends(0, &["fsck", "copy"]);
    }
    let said = house.ends(1, &["--lang", "en", "mirror", "fork", "--to", "copy"]);
    assert!(said.contains("the ledger has forked"), "{said}");
    // What does not hold is not taken at all.
    house.flip("data/donglang/entries", 1000);
    house.ends(1, &["mirror", "data", "--to", "fresh"]);
    assert!(!house.path("fresh/donglang/checkpoint").exists());
}

#[test]
fn a_server_is_followed_until_it_shows_another_history() {
    let house = House::new();
    house.grow("data", 0..3);
    house.copy("data", "fork");
    house.copy("data.anchor", "fork.anchor");
    house.grow("fork", 10..20);
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = address.local_addr().unwrap().to_string();
    drop(address);
    let serve = |data: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sanzi"));
        command.args(["serve", "--listen", &listen, "--data"]);
        command
            .arg(house.path(data))
            .env("SANZI_LOG_PASSPHRASE", PASSPHRASE);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let serving = lines
            .map(Result::unwrap)
            .find(|line| line.contains(&listen));
        assert!(serving.is_some());
        child
    };
    let mut first = serve("data");
    let url = format!("http://{listen}/donglang");
    let mut follow = Command::new(env!("CARGO_BIN_EXE_sanzi"));
    follow.current_dir(house.home());
    follow.args([
        "mirror",
        &url,
        "--to",
        "copy",
        "--follow",
        "1",
        "--json",
        "--pins",
        "pins.json",
    ]);
    let follow = follow.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut follow = follow.spawn().unwrap();
    let mut lines = BufReader::new(follow.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    assert!(line.contains("\"size\":4"), "{line}");
    let note = house.note(50);
    let sent = ureq::post(format!("{url}/events")).header("content-type", "text/plain");
    assert_eq!(sent.send(&note[..]).unwrap().status(), 201);
    let line = lines.next().unwrap().unwrap();
    assert!(
        line.contains("\"before\":4") && line.contains("\"size\":5"),
        "{line}"
    );
    let before = checkpoint(&house, "copy");
    let _ = first.kill();
    let _ = first.wait();
    let mut second = serve("fork");
    let code = follow.wait().unwrap().code();
    let _ = second.kill();
    let _ = second.wait();
    assert_eq!(code, Some(1));
    assert_eq!(checkpoint(&house, "copy"), before);
}

#[test]
fn the_better_cosigned_of_two_equal_checkpoints_stands() {
    let house = House::new();
    house.grow("data", 0..2);
    let witness = Cosigner::from_seed("office.example", &[9; 32]).unwrap();
    let policy = format!("witness office {}\nquorum office\n", witness.verifier());
    fs::write(house.path("data/donglang/policy"), &policy).unwrap();
    house.data().file("policy", &policy);
    house.copy("data", "bare");
    house.copy("data.anchor", "bare.anchor");
    let folder = house.data().open();
    let (mut ledger, _) = ledger_of(&folder);
    let line = witness.cosign(ledger.checkpoint().checkpoint(), 1_522_026_001);
    let line = (witness.verifier().clone(), line.unwrap());
    assert_eq!(ledger.add_cosignatures([line]).unwrap(), 1);
    ledger.into_store().close().unwrap();
    folder.close().unwrap();

    house.ends(0, &["mirror", "bare", "--to", "copy"]);
    let few = house.json(0, &["fsck", "copy", "--json"]);
    let (of, enough) = (&few["ledgers"][0]["witnesses"], false);
    assert_eq!((&of["of"], &of["enough"]), (&1.into(), &enough.into()));
    let said = house.ends(1, &["fsck", "copy", "--policy", "policy"]);
    assert!(said.contains("见证还不够"), "{said}");
    house.ends(0, &["mirror", "data", "--to", "copy"]);
    let cosigned = checkpoint(&house, "copy");
    assert_eq!(cosigned, checkpoint(&house, "data"));
    // A source that lags behind takes no cosignature away.
    house.ends(0, &["mirror", "bare", "--to", "copy"]);
    assert_eq!(checkpoint(&house, "copy"), cosigned);
    let said = house.ends(0, &["fsck", "copy", "--policy", "policy"]);
    assert!(said.contains("1 个见证方中有 1 个签了"), "{said}");
    // A cosignature that is not true counts for nothing.
    let file = "copy/donglang/checkpoint";
    house.flip(file, cosigned.len() - 10);
    let said = house.ends(1, &["fsck", "copy"]);
    assert!(said.contains("office") && said.contains("不成立"), "{said}");
    let forged = checkpoint(&house, "copy");
    house.ends(0, &["mirror", "bare", "--to", "copy"]);
    assert_ne!(checkpoint(&house, "copy"), forged);
    house.ends(0, &["fsck", "copy"]);
}

#[test]
fn a_sites_own_address_means_its_ledgers() {
    let home = crate::year::year("keep");
    let both = ["mirror", "data", "--to", "both"];
    crate::year::ok(home, &both);
    let site = crate::site::Site::of(home.join("both"), |_| {});
    let root = site.url.as_str();
    for command in [&["fsck", root][..], &["audit", root]] {
        let said = crate::year::ok(home, command);
        let said = String::from_utf8(said.out).unwrap();
        for slug in ["donglang", "practice"] {
            assert!(said.contains(&format!("—— {root}/{slug}")), "{said}");
        }
    }
    crate::year::ok(home, &["mirror", root, "--to", "third"]);
    assert!(home.join("third/practice/checkpoint").exists());
    crate::year::fails(home, &["proof", root, "0"], 2, &format!("{root}/donglang"));
    // The one that the pins are of.
    let pins = ["audit", root, "--pins", "data/practice/pins.json"];
    let said = String::from_utf8(crate::year::ok(home, &pins).out).unwrap();
    assert!(!said.contains("donglang"), "{said}");
    let other = home.join("other.json");
    let text = fs::read_to_string(home.join("data/practice/pins.json")).unwrap();
    fs::write(other, text.replace("org/practice", "org/elsewhere")).unwrap();
    let said = crate::year::sanzi(home, &["audit", root, "--pins", "other.json"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
}
