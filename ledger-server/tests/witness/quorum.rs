//! The street office and any two of five grid envoys: some down, some coming back, restarts in between.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use ledger_core::checkpoint::SignedCheckpoint;
use ledger_core::hash::Hash;
use ledger_core::policy::Policy;
use ledger_core::proof::Proof;
use ledger_server::ask_witnesses;

use crate::process::{Process, WitnessSite, get, post, said, sanzi, serve, wait_until};
use crate::scene::folder::DataFolder;
use crate::scene::{NOW, ORIGIN, Site, VERIFIERS, at, key, signed, verification};

fn checkpoint(ledger: &Process) -> SignedCheckpoint {
    let body = get(&format!("{}/donglang/checkpoint", ledger.url)).body;
    SignedCheckpoint::open(body.as_bytes(), key(None).verifier()).unwrap()
}

/// How many have signed the served checkpoint, the log itself among them.
fn signatures(ledger: &Process) -> usize {
    checkpoint(ledger).note().signatures().len()
}

#[test]
fn a_quorum_of_groups_is_reached_lost_and_reached_again() {
    let log_key = key(None).verifier().clone();
    let site = |name: &str| WitnessSite::new(&format!("{name}.example"), &[&log_key]);
    let office = site("office");
    let envoys = ["e1", "e2", "e3", "e4", "e5"].map(site);
    let mut text = format!("log {log_key}\n{}", office.line("office"));
    for (number, envoy) in (1..).zip(&envoys) {
        text += &envoy.line(&format!("e{number}"));
    }
    text += "group envoys 2 e1 e2 e3 e4 e5\ngroup both all office envoys\nquorum both\n";
    let policy: Policy = text.parse().unwrap();
    let data = DataFolder::new();
    std::fs::write(data.path().join("donglang/policy"), &text).unwrap();
    let file = data.file("policy", &text);
    let file = file.to_str().unwrap();

    let (first, second) = (office.start(), envoys[0].start());
    let ledger = serve(&data);
    let source = format!("{}/donglang", ledger.url);
    let verified = |source: &str| said(sanzi(&["verify", source, "--policy", file]));
    wait_until("two cosign", || signatures(&ledger) == 3);
    let (code, words) = verified(&source);
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("见证"), "{words}");
    let described = get(&format!("{source}/ledger.json")).body;
    assert!(
        described.contains("group envoys 2 e1 e2 e3 e4 e5"),
        "{described}"
    );

    // One that was down from the beginning comes.
    let third = envoys[1].start();
    wait_until("three cosign", || signatures(&ledger) == 4);
    let (code, words) = verified(&source);
    assert_eq!(code, Some(0), "{words}");
    for name in ["office", "e1", "e2"] {
        assert!(words.contains(name), "{words}");
    }
    let receipt = get(&format!("{source}/proof/0")).body;
    let receipt = Proof::parse(receipt.as_bytes()).unwrap();
    let id = described.split("\"ledger_id\": \"").nth(1).unwrap();
    let id: Hash = id[..64].parse().unwrap();
    assert!(receipt.verify_with(&id, &policy).is_ok());

    // Without any witness: what was cosigned is still served after a restart, and events are admitted.
    let cosigned = checkpoint(&ledger);
    for process in [ledger, first, second, third] {
        assert_eq!(process.stop(), Some(0));
    }
    let pins = data.file(
        "pins.json",
        &format!("{{\"ledger_id\":\"{id}\",\"log_key\":\"{log_key}\",\"origin\":\"{ORIGIN}\"}}"),
    );
    let pins = pins.to_str().unwrap();
    let mut whole = sanzi(&["verify", "--policy", file, "--pins", pins]);
    whole.arg(data.path());
    let (code, words) = said(whole);
    assert_eq!(code, Some(0), "{words}");
    let ledger = serve(&data);
    assert_eq!(checkpoint(&ledger), cosigned);
    let source = format!("{}/donglang", ledger.url);
    let out = data.file("receipt", "");
    let out = out.to_str().unwrap();
    let proof = |source: &str| {
        said(sanzi(&[
            "proof", source, "0", "--policy", file, "--out", out,
        ]))
    };
    let (code, words) = proof(&source);
    assert_eq!(code, Some(0), "{words}");
    let entry = data.file("entry", "");
    let entry = entry.to_str().unwrap();
    let mut export = sanzi(&["proof", &source, "0", "--entry-out", entry]);
    assert!(export.output().unwrap().status.success());
    let (code, words) = said(sanzi(&[
        "verify", "--proof", out, "--entry", entry, "--pins", pins, "--policy", file,
    ]));
    assert!(code == Some(0) && words.contains("见证达到门槛"), "{words}");

    let started = Instant::now();
    let note = signed(
        "transaction/2018-001",
        id,
        at(NOW),
        verification(),
        &VERIFIERS,
    );
    let answer = post(&format!("{source}/events"), &note);
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(signatures(&ledger), 1);
    let (code, words) = proof(&source);
    assert!(code == Some(1) && words.contains("未达门槛"), "{words}");

    // Other witnesses than before are enough, whatever they have seen of the log.
    let _running = [office.start(), envoys[1].start(), envoys[4].start()];
    wait_until("three cosign again", || signatures(&ledger) == 4);
    assert_eq!(verified(&source).0, Some(0));
    assert_eq!(get(&format!("{}/healthz", ledger.url)).body, "ok\n");
    assert_eq!(ledger.stop(), Some(0));
}

#[test]
fn a_policy_that_cannot_be_right_keeps_the_server_from_starting() {
    let data = DataFolder::new();
    let other = ledger_core::key::SigningKey::from_seed("log.example/other", &[3; 32]).unwrap();
    let witness = WitnessSite::new("office.example", &[key(None).verifier()]);
    for (text, zh, en) in [
        ("quorum\n".to_owned(), "写法不对", "malformed"),
        (
            format!("log {}\nquorum none\n", other.verifier()),
            "没有本账本的公钥",
            "has this ledger's key",
        ),
        (
            format!(
                "{}quorum none\n",
                witness.line("office").replace("http:", "ftp:")
            ),
            "应为 http(s)",
            "expected a URL",
        ),
    ] {
        std::fs::write(data.path().join("donglang/policy"), text).unwrap();
        for (language, words) in [("zh", zh), ("en", en)] {
            let mut command = sanzi(&["serve", "--listen", "127.0.0.1:0", "--lang", language]);
            command.arg("--data").arg(data.path());
            command.env("SANZI_LOG_PASSPHRASE", crate::scene::folder::PASSPHRASE);
            let (code, said) = said(command);
            assert_eq!(code, Some(2), "{said}");
            assert!(said.contains(words), "{said}");
        }
    }
}

#[test]
fn a_full_disk_delays_a_cosignature_and_costs_nothing_else() {
    let office = WitnessSite::new("office.example", &[key(None).verifier()]);
    let _running = office.start();
    let site = Site::witnessed(&format!("{}quorum office\n", office.line("office")));
    let cosigned = || site.checkpoint().note().signatures().len() == 2;
    site.store.full.store(true, Ordering::SeqCst);
    let _asking = {
        let _runtime = site.runtime.enter();
        ask_witnesses(&site.ledgers)
    };
    wait_until("the disk is full", || {
        site.get("/healthz").status.as_u16() == 503
    });
    assert!(!cosigned());
    // Nobody submits anything: the witness's line alone is the way back.
    site.store.full.store(false, Ordering::SeqCst);
    wait_until("it goes on", cosigned);
    assert_eq!(site.get("/healthz").text(), "ok\n");
    assert_eq!(site.submit(site.opening("2018-001")).status.as_u16(), 201);
}
