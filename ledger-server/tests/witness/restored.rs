//! A server put back to an older state, its anchor too: what a witness has seen keeps it from forking.

use std::path::Path;
use std::process::Command;

use ledger_core::hash::Hash;
use ledger_core::store::Store as _;

use crate::process::{Answer, Process, WitnessSite, get, post, said, sanzi, serve, wait_until};
use crate::scene::folder::{DataFolder, ledger_of};
use crate::scene::{NOW, VERIFIERS, at, key, signed, verification};

fn copy(from: &Path, to: &Path) {
    for name in ["data", "data.anchor"] {
        let _ = std::fs::remove_dir_all(to.join(name));
        let mut copying = Command::new("cp");
        let done = copying.arg("-a").arg(from.join(name)).arg(to).status();
        assert!(done.unwrap().success());
    }
}

fn submit(ledger: &Process, id: Hash, number: &str) -> Answer {
    let stream = format!("transaction/{number}");
    let note = signed(&stream, id, at(NOW), verification(), &VERIFIERS);
    post(&format!("{}/donglang/events", ledger.url), &note)
}

fn health(ledger: &Process) -> Answer {
    get(&format!("{}/healthz", ledger.url))
}

#[test]
fn an_old_backup_signs_nothing_and_a_fork_is_stopped() {
    let data = DataFolder::new();
    let home = data.path().parent().unwrap().to_owned();
    let id = {
        let folder = data.open();
        let (ledger, _) = ledger_of(&folder);
        let id = ledger.state().unwrap().ledger_id;
        ledger.into_store().close().unwrap();
        folder.close().unwrap();
        id
    };
    let office = WitnessSite::new("office.example", &[key(None).verifier()]);
    let policy = format!("{}quorum office\n", office.line("office"));
    std::fs::write(data.path().join("donglang/policy"), policy).unwrap();
    let backup = tempfile::tempdir().unwrap();
    copy(&home, backup.path());

    let witness = office.start();
    let ledger = serve(&data);
    assert_eq!(submit(&ledger, id, "2018-001").status, 201);
    let checkpoint = |ledger: &Process| get(&format!("{}/donglang/checkpoint", ledger.url)).body;
    let described = get(&format!("{}/donglang/ledger.json", ledger.url)).body;
    let log_line = format!(
        "\"policy\": \"log {}\\nwitness office",
        key(None).verifier()
    );
    assert!(described.contains(&log_line), "{described}");
    wait_until("cosigned", || {
        checkpoint(&ledger).contains("\n— office.example ")
    });
    let seen = checkpoint(&ledger);
    assert!(seen.contains("\n2\n"), "{seen}");
    assert_eq!(ledger.stop(), Some(0));

    // The old backup: it knows nothing of what is missing, the witness does.
    copy(backup.path(), &home);
    let ledger = serve(&data);
    let answer = health(&ledger);
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(
        answer.body.contains("urn:sanzi:signing_stopped"),
        "{}",
        answer.body
    );
    assert!(
        answer.body.contains("见过 2 条，本账本只有 1 条"),
        "{}",
        answer.body
    );
    // What the log's own key signed is the evidence.
    let signed = seen.split("\n\n").next().unwrap().replace('\n', "\\n");
    assert!(answer.body.contains(&signed), "{}", answer.body);
    let refused = submit(&ledger, id, "2018-002");
    assert_eq!(refused.status, 503);
    assert!(
        refused.body.contains("urn:sanzi:signing_stopped"),
        "{}",
        refused.body
    );
    assert!(checkpoint(&ledger).contains("\n1\n"));
    assert_eq!(ledger.stop(), Some(0));
    assert_eq!(witness.stop(), Some(0));

    // Without the witness it still remembers.
    let ledger = serve(&data);
    assert_eq!(submit(&ledger, id, "2018-002").status, 503);
    assert_eq!(ledger.stop(), Some(0));

    // An operator who waves it through forks, and is stopped as soon as the witness is there.
    std::fs::remove_file(data.path().join("donglang/signing-stopped")).unwrap();
    let ledger = serve(&data);
    for number in ["2018-002", "2018-003"] {
        assert_eq!(submit(&ledger, id, number).status, 201);
    }
    let _witness = office.start();
    wait_until("the fork is seen", || health(&ledger).status == 503);
    let answer = health(&ledger);
    assert!(answer.body.contains("不是同一部历史"), "{}", answer.body);
    assert!(answer.body.contains(&signed), "{}", answer.body);
    assert_eq!(submit(&ledger, id, "2018-004").status, 503);
    let standing = checkpoint(&ledger);
    assert!(standing.contains("\n3\n") && !standing.contains("office.example"));
}

#[test]
fn a_stop_is_lifted_when_what_the_witness_saw_is_there_again() {
    let data = DataFolder::new();
    let home = data.path().parent().unwrap().to_owned();
    let folder = data.open();
    let (ledger, _) = ledger_of(&folder);
    let id = ledger.state().unwrap().ledger_id;
    ledger.into_store().close().unwrap();
    folder.close().unwrap();
    let pins = serde_json::json!({
        "ledger_id": id, "log_key": key(None).verifier(), "origin": crate::scene::ORIGIN });
    std::fs::write(data.path().join("donglang/pins.json"), pins.to_string()).unwrap();
    let office = WitnessSite::new("office.example", &[key(None).verifier()]);
    let policy = format!("{}quorum office\n", office.line("office"));
    std::fs::write(data.path().join("donglang/policy"), policy).unwrap();
    let (backup, newest) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    copy(&home, backup.path());
    let _witness = office.start();
    let ledger = serve(&data);
    assert_eq!(submit(&ledger, id, "2018-001").status, 201);
    let checkpoint = || std::fs::read_to_string(data.path().join("donglang/checkpoint"));
    wait_until("cosigned", || {
        checkpoint().unwrap().contains("office.example")
    });
    assert_eq!(ledger.stop(), Some(0));
    copy(&home, newest.path());
    copy(backup.path(), &home);
    let ledger = serve(&data);
    assert_eq!(health(&ledger).status, 503);
    assert_eq!(ledger.stop(), Some(0));

    let recover = |more: &[&str]| {
        let mut command = sanzi(&["recover", "--data"]);
        command.arg(data.path()).args(more);
        said(command)
    };
    let (code, text) = recover(&[]);
    assert!(code == Some(1) && text.contains("见证方叫停"), "{text}");
    let (code, text) = recover(&["--repair"]);
    assert!(code == Some(1) && text.contains("停签的原因还在"), "{text}");
    let held = newest.path().join("data");
    let (code, text) = recover(&["--from", held.to_str().unwrap()]);
    assert!(code == Some(0) && text.contains("停签解除"), "{text}");
    let ledger = serve(&data);
    assert_eq!(health(&ledger).status, 200);
    assert_eq!(submit(&ledger, id, "2018-002").status, 201);
    wait_until("cosigned again", || {
        let text = checkpoint().unwrap();
        text.contains("\n3\n") && text.contains("office.example")
    });
}
