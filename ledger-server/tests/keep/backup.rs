//! `sanzi backup` and `sanzi restore`: what comes back is the same ledger, and never an older one.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::house::House;
use crate::scene::folder::PASSPHRASE;

#[test]
fn a_backup_under_write_load_comes_back_with_an_equal_root() {
    let house = House::new();
    house.grow("data", 1000..1200);
    let mut command = Command::new(env!("CARGO_BIN_EXE_sanzi"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data", "data"]);
    let command = command
        .current_dir(house.home())
        .env("SANZI_LOG_PASSPHRASE", PASSPHRASE)
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
    let url = format!("http{url}/donglang/events");
    let done = AtomicBool::new(false);
    let (reports, written) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut number = 0;
            while !done.load(Ordering::Relaxed) {
                let note = house.note(number);
                let request = ureq::post(&url).header("content-type", "text/plain");
                assert_eq!(request.send(&note[..]).unwrap().status(), 201);
                number += 1;
            }
            number
        });
        let backup = [
            "backup", "--data", "data", "--to", "kept", "--keys", "--json",
        ];
        let reports = [(); 3].map(|()| house.json(0, &backup));
        house.json(0, &["fsck", "data", "--json"]);
        done.store(true, Ordering::Relaxed);
        (reports, writer.join().unwrap())
    });
    let kill = Command::new("kill").arg(server.id().to_string()).status();
    assert!(kill.unwrap().success() && server.wait().unwrap().success());
    let sizes = reports
        .each_ref()
        .map(|report| report["size"].as_u64().unwrap());
    assert!(
        sizes[0] < sizes[2] && sizes[2] <= 201 + written as u64,
        "{sizes:?}"
    );

    house.ends(0, &["fsck", "kept"]);
    // Somewhere else, where no anchor says that there was more.
    let restore = [
        "restore",
        "kept",
        "--data",
        "back",
        "--pins",
        "pins.json",
        "--json",
    ];
    let said = house.ends(1, &restore);
    assert!(
        said.contains("--adopt-checkpoint") && !house.path("back").exists(),
        "{said}"
    );
    let adopt = [&restore[..], &["--adopt-checkpoint"]].concat();
    let restored = house.json(0, &adopt);
    assert_eq!(
        (&restored["root"], &restored["signs"]),
        (&reports[2]["root"], &true.into())
    );
    let (backup, back) = (house.audit("kept"), house.audit("back"));
    assert_eq!(backup, back);
    assert_eq!(back["root"], reports[2]["root"]);
    house.ends(0, &["fsck", "back"]);
    house.grow("back", 5000..5001);
}

#[test]
fn a_stale_backup_is_refused_by_the_anchor() {
    let house = House::new();
    house.grow("data", 0..3);
    house.ends(0, &["backup", "--data", "data", "--to", "kept", "--keys"]);
    house.grow("data", 3..6);
    fs::remove_dir_all(house.path("data")).unwrap();
    let restore = ["restore", "kept", "--data", "data", "--pins", "pins.json"];
    let anchor = fs::read(house.path("data.anchor/donglang.checkpoint")).unwrap();
    for arguments in [
        &restore[..],
        &[&restore[..], &["--adopt-checkpoint"]].concat(),
    ] {
        let said = house.ends(1, arguments);
        assert!(said.contains("已到 7 条，这里只有 4 条"), "{said}");
        assert!(!house.path("data").exists());
    }
    assert_eq!(
        fs::read(house.path("data.anchor/donglang.checkpoint")).unwrap(),
        anchor
    );
}

#[test]
fn only_what_holds_is_restored() {
    let house = House::new();
    house.grow("data", 0..3);
    house.ends(0, &["backup", "--data", "data", "--to", "kept"]);
    let tile = "kept/donglang/tile/entries/000.p/4";
    house.flip(tile, 700);
    house.ends(
        1,
        &["restore", "kept", "--data", "back", "--pins", "pins.json"],
    );
    assert!(!house.path("back").exists());
    house.flip(tile, 700);
    house.ends(
        0,
        &["restore", "kept", "--data", "back", "--pins", "pins.json"],
    );
    assert_eq!(house.audit("back"), house.audit("data"));
    assert!(!house.path("back.anchor").exists() && !house.path("back/donglang/log.key").exists());
    house.ends(2, &["restore", "kept", "--data", "back"]);
}

#[test]
fn keys_come_only_if_asked_for_and_private_documents_stay_private() {
    let house = House::new();
    let own = house.path("data/donglang");
    fs::write(own.join("policy"), "quorum none\n").unwrap();
    fs::write(own.join("log.passphrase"), PASSPHRASE).unwrap();
    let salt = ledger_core::commitment::Salt::from_bytes([9; 32]);
    let kept = {
        use ledger_core::store::Store as _;
        let folder = house.data().open();
        let mut store = folder.ledger("donglang").unwrap();
        let kept = store
            .put_private_document(&salt, "身份证".as_bytes())
            .unwrap();
        store.put_document("公开".as_bytes()).unwrap();
        store.close().unwrap();
        folder.close().unwrap();
        kept
    };
    let backup = ["backup", "--data", "data", "--to", "kept", "--json"];
    let report = house.json(0, &backup);
    assert_eq!(
        (&report["documents"], &report["private_documents"]),
        (&2.into(), &1.into())
    );
    let there = |name: &str| house.path("kept/donglang").join(name).exists();
    assert!(there(&format!("private/{kept}")) && there("policy") && there("pins.json"));
    assert!(!there("log.key") && !there("log.passphrase"));
    house.ends(0, &[&backup[..], &["--keys"]].concat());
    assert!(there("log.key") && !there("log.passphrase"));
    let mode = |name: &str| fs::metadata(house.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("kept"), 0o700);
    assert_eq!(mode("kept/donglang/private"), 0o700);
    assert_eq!(mode("kept/donglang/log.key"), 0o600);
    house.ends(
        0,
        &["restore", "kept", "--data", "back", "--adopt-checkpoint"],
    );
    let private = format!("private/{kept}");
    let read = |folder: &str| fs::read(house.path(folder).join("donglang").join(&private)).unwrap();
    assert_eq!(read("back"), read("data"));
    // Nothing private gets into what a web server may serve.
    house.ends(0, &["mirror", "data", "--to", "public"]);
    assert!(!house.path("public/donglang/private").exists());
    let said = house.ends(2, &["backup", "--data", "data", "--to", "public"]);
    assert!(said.contains("不是备份"), "{said}");
    // No anchor is in a backup.
    assert!(!house.path("kept/donglang/anchor").exists() && !house.path("kept.anchor").exists());
}
