//! The shell: append, retry, reopen, crash between writing and publishing, receipts, dry runs.
#![cfg(feature = "local")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use std::path::Path;

use ledger_core::cosignature::Cosigner;
use ledger_core::event::LoggedEntry;
use ledger_core::hash::Hash;
use ledger_core::ledger::LedgerError;
use ledger_core::store::local::{LocalFolder, LocalOptions, LocalStore};
use ledger_core::store::{Batch, Relation, Store, Touch};
use ledger_core::tree::Frontier;
use ledger_core::{AppendError, Ledger, LogTime, MemoryStore, Refusal, SigningKey, Step, StreamId};
use scene::{DEAL, ORIGIN, Scene, event, member};
use tempfile::TempDir;

fn log_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[99; 32]).unwrap()
}

/// What was submitted, and when: the notes of a whole transaction.
fn submissions() -> Vec<(Vec<u8>, LogTime)> {
    let note = |bytes: &[u8]| LoggedEntry::parse(bytes).unwrap().signed.note().to_bytes();
    Scene::completed()
        .entries
        .iter()
        .map(|entry| (note(entry.bytes()), entry.received_at()))
        .collect()
}

fn fill<S: Store>(store: S, submissions: &[(Vec<u8>, LogTime)]) -> Ledger<S> {
    let ((founding, at), rest) = submissions.split_first().unwrap();
    let (mut ledger, _) = Ledger::create(store, log_key(), founding, *at).unwrap();
    for (note, at) in rest {
        assert!(ledger.append(note, *at).unwrap().added);
    }
    ledger
}

fn open<S: Store>(store: S) -> Ledger<S> {
    Ledger::open(store, log_key(), &mut |_, _| {}).unwrap()
}

fn folder(path: &Path) -> LocalFolder {
    LocalFolder::open(path.join("data"), LocalOptions::default()).unwrap()
}

fn local(folder: &LocalFolder) -> LocalStore {
    folder.ledger("donglang").unwrap()
}

#[test]
fn one_by_one_and_all_at_once_end_in_the_same_tree() {
    let submissions = submissions();
    let single = fill(MemoryStore::new(), &submissions);
    let leaves = Scene::completed()
        .entries
        .iter()
        .map(|entry| entry.leaf())
        .collect::<Vec<_>>();
    let mut frontier = Frontier::new();
    for leaf in leaves {
        frontier.push(leaf);
    }
    assert_eq!(
        (single.size(), *single.checkpoint().checkpoint().root()),
        (frontier.size(), frontier.root())
    );

    // Everything received at one moment cannot pass the windows: each run of equal times is one call.
    let (mut many, _) = Ledger::create(
        MemoryStore::new(),
        log_key(),
        &submissions[0].0,
        submissions[0].1,
    )
    .unwrap();
    for run in submissions[1..].chunk_by(|one, other| one.1 == other.1) {
        let notes: Vec<&[u8]> = run.iter().map(|(note, _)| note.as_slice()).collect();
        let answers = many.append_many(&notes, run[0].1).unwrap();
        assert!(answers.iter().all(|answer| answer.as_ref().unwrap().added));
    }
    assert_eq!(many.checkpoint().to_bytes(), single.checkpoint().to_bytes());
}

#[test]
fn every_receipt_verifies_offline() {
    let ledger = fill(MemoryStore::new(), &submissions());
    for index in 0..ledger.size() {
        let receipt = ledger.receipt(index).unwrap();
        let bytes = ledger.store().entry(index).unwrap();
        receipt
            .proof
            .verify(&Hash::leaf(&bytes), ledger.log_key())
            .unwrap();
    }
    let size = ledger.size();
    assert!(matches!(
        ledger.receipt(size),
        Err(LedgerError::NoEntry { .. })
    ));
}

#[test]
fn the_same_statement_again_changes_nothing() {
    let submissions = submissions();
    let mut ledger = fill(MemoryStore::new(), &submissions);
    let (size, checkpoint) = (ledger.size(), ledger.checkpoint().to_bytes());
    let late = submissions.last().unwrap().1.plus_seconds(86_400);
    for (index, (note, _)) in (0..).zip(&submissions) {
        let again = ledger.append(note, late).unwrap();
        assert_eq!((again.added, again.index), (false, index));
    }
    // With other signatures, even too few of them: the entry that stands answers.
    let first_step = LoggedEntry::parse(&ledger.store().entry(1).unwrap()).unwrap();
    let scene = Scene::founded();
    let fewer = scene.sign(first_step.signed.statement(), &["he"]);
    assert_eq!(ledger.append(&fewer, late).unwrap().index, 1);
    assert_eq!(
        (ledger.size(), ledger.checkpoint().to_bytes()),
        (size, checkpoint)
    );
}

#[test]
fn in_one_call_each_event_has_its_own_answer() {
    let mut scene = Scene::founded();
    let founding = submissions().remove(0);
    let (mut ledger, _) =
        Ledger::create(MemoryStore::new(), log_key(), &founding.0, founding.1).unwrap();
    let opening = |scene: &Scene, id: &str| {
        scene.statement(
            &format!("transaction/{id}"),
            scene.event_of(id, Step::AssetVerification),
        )
    };
    let good = scene.sign(&opening(&scene, "a"), &["deng", "he", "huang"]);
    let short = scene.sign(&opening(&scene, "b"), &["deng"]);
    scene.submit(&good).unwrap();
    let next = scene.sign(
        &scene.statement(
            "transaction/a",
            scene.event_of("a", Step::ProposalInitiation),
        ),
        &["zhou", "chen"],
    );
    let answers = ledger
        .append_many(
            &[good.as_slice(), &short, b"nonsense", &next, &good],
            scene.clock,
        )
        .unwrap();
    let told: Vec<_> = answers
        .iter()
        .map(|answer| {
            answer
                .as_ref()
                .map(|receipt| (receipt.index, receipt.added))
        })
        .collect();
    assert!(matches!(told[0], Ok((1, true))));
    assert!(matches!(
        told[1],
        Err(AppendError::Refused(Refusal::MissingRoles { .. }))
    ));
    assert!(matches!(told[2], Err(AppendError::Parse(_))));
    assert!(matches!(told[3], Ok((2, true))));
    assert!(matches!(told[4], Ok((1, false))));
    assert_eq!(ledger.size(), 3);
}

/// Ten and more in one call, so that they are verified ahead and in several threads: what an earlier one
/// changes counts for those after it, whichever way it was verified before.
#[test]
fn keys_that_change_within_a_call_count_from_there_on() {
    let mut scene = Scene::founded();
    let founding = scene.entries[0].signed().note().to_bytes();
    let opening = |scene: &Scene, id: &str, signers: &[&str]| {
        let event = scene.event_of(id, Step::AssetVerification);
        let statement = scene.statement(&format!("transaction/{id}"), event);
        scene.sign(&statement, signers)
    };
    let signers = ["deng", "he", "huang"];
    let mut notes = vec![opening(&scene, "before", &signers)];
    let new = scene::key("deng", 2);
    let rotated = event(serde_json::json!({
        "kind": "key_rotated", "member": "deng", "key": new.verifier(),
    }));
    notes.push(scene.sign(&scene.statement("ledger", rotated), &["chen", "huang"]));
    for id in ["old-1", "old-2", "old-3", "old-4", "old-5"] {
        notes.push(opening(&scene, id, &signers));
    }
    scene.keys.insert("deng".to_owned(), new);
    for id in ["new-1", "new-2", "new-3", "new-4", "new-5"] {
        notes.push(opening(&scene, id, &signers));
    }
    let mut forged = notes.pop().unwrap();
    let place = forged.len() - 10;
    forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
    notes.push(forged);
    let (mut ledger, _) =
        Ledger::create(MemoryStore::new(), log_key(), &founding, scene.clock).unwrap();
    let answers = ledger.append_many(&notes, scene.clock).unwrap();
    let told: Vec<_> = answers
        .iter()
        .map(|answer| match answer {
            Ok(receipt) => format!("{}", receipt.index),
            Err(AppendError::Refused(refusal)) => refusal.rule().to_owned(),
            Err(other) => format!("{other:?}"),
        })
        .collect();
    let old = ["inactive_key"; 5];
    let expected = [
        &["1", "2"][..],
        &old,
        &["3", "4", "5", "6", "invalid_signature"],
    ]
    .concat();
    assert_eq!(told, expected);
    for receipt in answers.into_iter().flatten() {
        let bytes = ledger.store().entry(receipt.index).unwrap();
        assert_eq!(Hash::leaf(&bytes), receipt.leaf);
        receipt
            .proof
            .verify(&receipt.leaf, ledger.log_key())
            .unwrap();
    }
}

#[test]
fn reopening_finds_everything_again() {
    let temp = TempDir::new().unwrap();
    let submissions = submissions();
    let (before, after) = submissions.split_at(20);
    let data = folder(temp.path());
    let ledger = fill(local(&data), before);
    let checkpoint = ledger.checkpoint().to_bytes();
    ledger.into_store().close().unwrap();
    data.close().unwrap();

    // After a clean stop the index is there, after a drop it is fed again: both go on alike.
    let data = folder(temp.path());
    let store = local(&data);
    assert_eq!(store.indexed_size(), store.size());
    let mut ledger = open(store);
    assert_eq!(ledger.checkpoint().to_bytes(), checkpoint);
    for (note, at) in &after[..3] {
        ledger.append(note, *at).unwrap();
    }
    drop((ledger, data));

    let data = folder(temp.path());
    let mut ledger = open(local(&data));
    for (note, at) in &after[3..] {
        assert!(ledger.append(note, *at).unwrap().added);
    }
    let whole = fill(MemoryStore::new(), &submissions);
    assert_eq!(
        ledger.checkpoint().to_bytes(),
        whole.checkpoint().to_bytes()
    );
    assert_eq!(
        ledger.transaction(&DEAL.parse().unwrap()).unwrap(),
        whole.transaction(&DEAL.parse().unwrap()).unwrap()
    );
}

/// Appends entries to the store as a crash leaves them: written, and nobody told.
fn write_unpublished(store: &mut LocalStore, entries: &[Vec<u8>]) {
    let mut frontier = Frontier::load(&*store, store.size()).unwrap();
    let mut batch = Batch::default();
    for bytes in entries {
        batch.nodes.extend(frontier.push(Hash::leaf(bytes)));
        batch.entries.push(bytes.clone());
        let stream = StreamId::Transaction(DEAL.parse().unwrap());
        batch.touches.push(vec![Touch {
            stream,
            relation: Relation::Own,
        }]);
    }
    store.append(store.size(), &batch).unwrap();
}

#[test]
fn what_was_written_but_not_published_is_admitted_again_or_dropped() {
    let entries: Vec<Vec<u8>> = Scene::completed()
        .entries
        .iter()
        .map(|entry| entry.bytes().to_vec())
        .collect();
    let mut forged = entries[12].clone();
    let last = forged.len() - 10;
    forged[last] ^= 1;
    for (tail, kept) in [
        (vec![entries[10].clone(), entries[11].clone()], 12),
        (
            vec![entries[10].clone(), entries[11].clone(), forged.clone()],
            12,
        ),
        (vec![entries[11].clone()], 10),
        (vec![b"2018-03-26T01:00:00Z\nnonsense".to_vec()], 10),
    ] {
        let temp = TempDir::new().unwrap();
        let data = folder(temp.path());
        let mut store = fill(local(&data), &submissions()[..10]).into_store();
        write_unpublished(&mut store, &tail);
        drop((store, data));

        let data = folder(temp.path());
        let mut ledger = open(local(&data));
        assert_eq!(
            (
                ledger.size(),
                ledger.store().size(),
                ledger.store().indexed_size()
            ),
            (kept, kept, kept)
        );
        for (note, at) in &submissions()[kept as usize..] {
            assert!(ledger.append(note, *at).unwrap().added);
        }
        assert_eq!(ledger.size(), entries.len() as u64);
    }
}

#[test]
fn another_log_key_does_not_open_or_found_a_ledger() {
    let submissions = submissions();
    let other = || SigningKey::from_seed("sanzi.example.org/other", &[99; 32]).unwrap();
    let refused = Ledger::create(
        MemoryStore::new(),
        other(),
        &submissions[0].0,
        submissions[0].1,
    )
    .unwrap_err();
    assert!(matches!(
        refused,
        AppendError::Ledger(LedgerError::WrongKey { .. })
    ));
    let store = fill(MemoryStore::new(), &submissions[..5]).into_store();
    let impostor = SigningKey::from_seed(ORIGIN, &[98; 32]).unwrap();
    assert!(Ledger::open(store, impostor, &mut |_, _| {}).is_err());
    assert!(matches!(
        Ledger::open(MemoryStore::new(), log_key(), &mut |_, _| {}),
        Err(LedgerError::Empty)
    ));
}

#[test]
fn a_dry_run_answers_as_the_door_does() {
    let scene = Scene::founded();
    let founding = submissions().remove(0);
    let (mut ledger, _) =
        Ledger::create(MemoryStore::new(), log_key(), &founding.0, founding.1).unwrap();
    for step in [Step::AssetVerification, Step::PartyReview] {
        let statement = scene.statement("transaction/a", scene.event_of("a", step));
        for signers in [
            &["deng", "he", "huang"][..],
            &["deng", "he"],
            &["xu", "li"],
            &["zhou"],
        ] {
            let mut members: Vec<_> = signers.iter().map(|id| member(id)).collect();
            members.sort();
            let rehearsed = ledger.rehearse(&statement, &members, scene.clock).unwrap();
            let mut real = scene.clone();
            let answer = real.present(&statement, signers).map(|_| ());
            assert_eq!(rehearsed, answer, "{step} by {signers:?}");
        }
    }
    let granted =
        event(serde_json::json!({ "kind": "role_granted", "member": "su", "role": "cashier" }));
    let at = "2018-03-26T09:00:00+08:00".parse().unwrap();
    let drafted = ledger.draft(StreamId::Ledger, at, granted.clone()).unwrap();
    assert_eq!(drafted, scene.statement("ledger", granted));
    assert!(
        ledger
            .append(&scene.sign(&drafted, &["chen", "huang"]), scene.clock)
            .unwrap()
            .added
    );
}

#[test]
fn cosignatures_outlive_the_process_and_not_their_checkpoint() {
    let submissions = submissions();
    let kept = TempDir::new().unwrap();
    let witness = |seed| Cosigner::from_seed("witness.example/w1", &[seed; 32]).unwrap();
    let line = |ledger: &Ledger<LocalStore>, key: &Cosigner| {
        let line = key.cosign(ledger.checkpoint().checkpoint(), 5).unwrap();
        (key.verifier().clone(), line)
    };
    let data = folder(kept.path());
    let mut ledger = fill(local(&data), &submissions[..4]);
    let plain = ledger.checkpoint().clone();
    let (first, second) = (line(&ledger, &witness(1)), line(&ledger, &witness(2)));
    // A line that another key made counts for nothing, and harms nothing.
    let wrong = (witness(3).verifier().clone(), second.1.clone());
    assert_eq!(ledger.add_cosignatures([wrong.clone()]).unwrap(), 0);
    assert_eq!(ledger.checkpoint(), &plain);
    let held = ledger.add_cosignatures([first.clone(), wrong, second.clone()]);
    assert_eq!(held.unwrap(), 2);
    let receipt = ledger.receipt(2).unwrap();
    assert!(receipt.proof.to_string().contains("— witness.example/w1 "));
    let cosigned = ledger.checkpoint().clone();
    assert_eq!(cosigned.note().signatures().len(), 3);
    drop(ledger);

    // As after a crash: nothing was closed.
    drop(data);
    let data = folder(kept.path());
    let mut ledger = open(local(&data));
    assert_eq!(ledger.checkpoint(), &cosigned);
    let (note, at) = &submissions[4];
    assert!(ledger.append(note, *at).unwrap().added);
    assert_eq!(ledger.checkpoint().note().signatures().len(), 1);
    assert_eq!(ledger.add_cosignatures([first, second]).unwrap(), 0);
    assert_eq!(ledger.checkpoint().note().signatures().len(), 1);
}
