//! `sanzi witness`: each status of tlog-witness from a real process, and what it keeps.

use ledger_core::checkpoint::{Checkpoint, SignedCheckpoint};
use ledger_core::cosignature;
use ledger_core::hash::{Digest, Hash};
use ledger_core::key::SigningKey;
use ledger_core::name::StreamId;
use ledger_core::note::Note;
use ledger_core::store::memory::MemoryStore;
use ledger_core::store::{Batch, Relation, Store as _, Touch};
use ledger_core::tree::{self, Frontier};
use ledger_core::witness::{AddCheckpoint, read_answer};

use crate::process::{Process, WitnessSite, get, post, said, sanzi};

const ORIGIN: &str = "log.example/one";

fn log(seed: u8) -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[seed; 32]).unwrap()
}

/// A log's tree; from the fork on, its entries are others.
fn tree(size: u64, fork: u64) -> MemoryStore {
    let mut store = MemoryStore::new();
    let (mut frontier, mut batch) = (Frontier::new(), Batch::default());
    for index in 0..size {
        let entry = format!("{index} {}", index >= fork).into_bytes();
        batch.nodes.extend(frontier.push(Hash::leaf(&entry)));
        batch.entries.push(entry);
        batch.touches.push(vec![Touch {
            relation: Relation::Own,
            stream: StreamId::Ledger,
        }]);
    }
    store.append(0, &batch).unwrap();
    store
}

fn checkpoint(tree: &MemoryStore, size: u64) -> Checkpoint {
    Checkpoint::new(ORIGIN, size, tree::root(tree, size).unwrap()).unwrap()
}

fn request_by(key: &SigningKey, tree: &MemoryStore, old: u64, new: u64) -> Vec<u8> {
    let proof = tree::prove_consistency(tree, old, new).unwrap();
    let signed = checkpoint(tree, new).sign(key).unwrap();
    AddCheckpoint::new(old, proof, &signed).unwrap().to_bytes()
}

fn request(tree: &MemoryStore, old: u64, new: u64) -> Vec<u8> {
    request_by(&log(1), tree, old, new)
}

fn add(witness: &Process, request: &[u8]) -> (u16, String) {
    let answer = post(&format!("{}/add-checkpoint", witness.url), request);
    let kind = match answer.status {
        200 => "text/plain; charset=utf-8",
        409 => "text/x.tlog.size",
        _ => "application/problem+json",
    };
    assert_eq!(answer.kind, kind, "{}", answer.body);
    (answer.status, answer.body)
}

#[test]
fn each_status_comes_from_a_real_process() {
    let (one, two) = (log(1), log(2));
    let site = WitnessSite::new("w.example", &[one.verifier(), two.verifier()]);
    let witness = site.start();
    let (grown, fork) = (tree(20, u64::MAX), tree(20, 3));
    let shown = format!(
        "{}/{}/checkpoint",
        witness.url,
        Digest::of(ORIGIN.as_bytes())
    );
    assert_eq!(get(&shown).status, 404);
    assert!(get(&format!("{}/", witness.url)).body.contains("尚未见证"));

    let (status, answer) = add(&witness, &request(&grown, 0, 8));
    assert_eq!(status, 200);
    let eight = checkpoint(&grown, 8);
    let line = read_answer(answer.as_bytes(), site.key(), &eight).unwrap();
    let time = cosignature::verify(site.key(), &eight, &line).unwrap();
    assert!(time > 1_700_000_000);

    let bad = |from: &str, to: &str| {
        let text = String::from_utf8(request(&grown, 8, 20)).unwrap();
        add(&witness, text.replacen(from, to, 1).as_bytes()).0
    };
    assert_eq!(add(&witness, b"").0, 400);
    assert_eq!(bad("old 8\n", "old 08\n"), 400);
    assert_eq!(bad("old 8\n", "old 21\n"), 400);
    assert_eq!(bad("\n20\n", "\n21\n"), 403);
    assert_eq!(bad(ORIGIN, "log.example/two"), 404);
    assert_eq!(add(&witness, &request_by(&log(3), &grown, 8, 20)).0, 403);
    for old in [0, 7, 9] {
        let conflict = (409, "8\n".to_owned());
        assert_eq!(add(&witness, &request(&grown, old, 20)), conflict);
    }
    assert_eq!(add(&witness, &request(&fork, 8, 20)).0, 422);
    assert_eq!(add(&witness, &request(&fork, 8, 8)).0, 422);
    let huge = vec![b'a'; 300_000];
    assert_eq!(add(&witness, &huge).0, 413);
    assert_eq!(get(&format!("{}/add-checkpoint", witness.url)).status, 405);
    assert_eq!(get(&format!("{}/nothing", witness.url)).status, 404);
    let subtree = post(&format!("{}/sign-subtree", witness.url), b"");
    assert_eq!(subtree.status, 404);

    // The same again, then on, by the other of the log's keys.
    assert_eq!(add(&witness, &request(&grown, 8, 8)).0, 200);
    assert_eq!(add(&witness, &request_by(&two, &grown, 8, 20)).0, 200);
    let kept = get(&shown);
    assert_eq!(
        (kept.status, &*kept.kind),
        (200, "text/plain; charset=utf-8")
    );
    let note = Note::parse(kept.body.as_bytes()).unwrap();
    assert_eq!(note.signatures().len(), 2);
    let signed = SignedCheckpoint::open(kept.body.as_bytes(), two.verifier()).unwrap();
    assert_eq!(signed.checkpoint(), &checkpoint(&grown, 20));
    assert_eq!(get(&format!("{}/healthz", witness.url)).body, "ok\n");

    // What it cannot keep it does not cosign.
    let folder = site
        .path("data")
        .join(Digest::of(ORIGIN.as_bytes()).to_string());
    let aside = site.path("aside");
    std::fs::rename(&folder, &aside).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    assert_eq!(add(&witness, &request(&grown, 20, 20)).0, 503);
    std::fs::remove_file(&folder).unwrap();
    std::fs::rename(&aside, &folder).unwrap();
    assert_eq!(get(&shown), kept);

    // Killed, it remembers what it cosigned.
    drop(witness);
    let witness = site.start();
    assert_eq!(get(&shown), kept);
    assert_eq!(
        add(&witness, &request(&grown, 0, 8)),
        (409, "20\n".to_owned())
    );
    assert_eq!(add(&witness, &request(&fork, 20, 20)).0, 422);
    assert_eq!(witness.stop(), Some(0));
}

#[test]
fn of_requests_at_once_one_is_cosigned() {
    let one = log(1);
    let site = WitnessSite::new("w.example", &[one.verifier()]);
    let witness = site.start();
    let grown = tree(40, u64::MAX);
    let requests: Vec<_> = (1..=32).map(|size| request(&grown, 0, size)).collect();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let asked = requests
            .iter()
            .map(|request| scope.spawn(|| add(&witness, request).0));
        let asked: Vec<_> = asked.collect();
        asked.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let won: Vec<_> = (1..)
        .zip(&statuses)
        .filter(|(_, status)| **status == 200)
        .collect();
    let [(size, _)] = won[..] else {
        panic!("{statuses:?}");
    };
    assert!(statuses.iter().all(|status| matches!(status, 200 | 409)));
    let (status, held) = add(&witness, &request(&grown, 0, 40));
    assert_eq!((status, held), (409, format!("{size}\n")));
}

#[test]
fn what_keeps_it_from_witnessing_is_said_in_both_languages() {
    let one = log(1);
    let site = WitnessSite::new("w.example", &[one.verifier()]);
    let fails = |zh: &str, en: &str| {
        for (language, text) in [("zh", zh), ("en", en)] {
            let mut command = site.command();
            command.args(["--lang", language]);
            let (code, said) = said(command);
            assert_eq!(code, Some(2), "{said}");
            assert!(said.contains(text), "{said}");
        }
    };
    let running = site.start();
    fails("已有另一个见证服务", "another witness is using");
    assert_eq!(add(&running, &request(&tree(5, 9), 0, 5)).0, 200);
    assert_eq!(running.stop(), Some(0));

    let write = |name: &str, text: &str| std::fs::write(site.path(name), text).unwrap();
    let (policy, public) = (site.path("policy"), site.path("key.pub"));
    let (policy, public) = [policy, public]
        .map(|file| std::fs::read_to_string(file).unwrap())
        .into();
    write("policy", "quorum none\n");
    fails("没有账本可见证", "nothing to witness");
    write("policy", "log x\nquorum none\n");
    fails("第 1 行", "line 1");
    write("policy", &policy);
    write("passphrase", "wrong");
    fails("口令", "passphrase");
    write("passphrase", crate::scene::folder::PASSPHRASE);
    write("key.pub", &format!("{}\n", one.verifier()));
    fails("不是见证钥匙", "no witness's key");
    write("key.pub", &public);

    // A damaged memory is not taken for none.
    let name = Digest::of(ORIGIN.as_bytes()).to_string();
    let file = site.path("data").join(name).join("checkpoint");
    let kept = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, kept.replace("\n5\n", "\n4\n")).unwrap();
    fails("见证文件夹", "the witness's folder");
    std::fs::write(&file, kept).unwrap();
    assert_eq!(site.start().stop(), Some(0));
}

#[test]
fn a_witness_key_is_made_and_is_for_nothing_else() {
    let kept = tempfile::tempdir().unwrap();
    let (key, pass) = (kept.path().join("w.key"), kept.path().join("pass"));
    std::fs::write(&pass, "correct horse\n").unwrap();
    let run = |arguments: &[&str]| {
        let mut command = sanzi(arguments);
        command.arg("--passphrase-file").arg(&pass);
        said(command)
    };
    let file = key.to_str().unwrap();
    let made = run(&[
        "key",
        "new",
        "--witness",
        "jiedao.example.org",
        "--out",
        file,
    ]);
    assert_eq!(made.0, Some(0), "{}", made.1);
    let public = std::fs::read_to_string(kept.path().join("w.key.pub")).unwrap();
    let public: ledger_core::key::VerifierKey = public.trim_end().parse().unwrap();
    assert_eq!(public.algorithm().byte(), 0x04);
    let shown = run(&["key", "show", file]);
    assert!(
        shown.0 == Some(0) && shown.1.contains(&public.to_string()),
        "{shown:?}"
    );
    let mixed = run(&[
        "key",
        "new",
        "--witness",
        "a",
        "--member",
        "b",
        "--out",
        "c",
    ]);
    assert_eq!(mixed.0, Some(2));
    let neither = run(&["key", "new", "--out", "c"]);
    assert_eq!(neither.0, Some(2));
}
