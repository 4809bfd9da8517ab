//! Concerns in a ledger: loaded when they are needed, replayed by an auditor, found again after a crash.

use std::path::Path;

use ledger_core::audit::audit_index;
use ledger_core::event::{Event, LoggedEntry};
use ledger_core::hash::Hash;
use ledger_core::record::ConcernSubject;
use ledger_core::source::StoreSource;
use ledger_core::state::State;
use ledger_core::store::local::{LocalFolder, LocalOptions, LocalStore};
use ledger_core::store::{Batch, Relation, Store, Touch};
use ledger_core::tree::Frontier;
use ledger_core::{
    AppendError, Expected, Ledger, LogTime, MemoryStore, Pins, Refusal, SigningKey, Step, StreamId,
    audit,
};
use tempfile::TempDir;

use crate::scene::concerns::{ANSWER, answered, raised};
use crate::scene::{CHANNELS, DEAL, ON, ORIGIN, Scene, member, signers_of, stream};

fn log_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[99; 32]).unwrap()
}

fn note(bytes: &[u8]) -> Vec<u8> {
    LoggedEntry::parse(bytes).unwrap().signed.note().to_bytes()
}

fn create<S: Store>(store: S, scene: &Scene) -> Ledger<S> {
    let founding = &scene.entries[0];
    let note = note(founding.bytes());
    Ledger::create(store, log_key(), &note, founding.received_at())
        .unwrap()
        .0
}

/// A ledger with the scene's entries, one call for each moment.
fn fill<S: Store>(store: S, scene: &Scene) -> Ledger<S> {
    let mut ledger = create(store, scene);
    let rest: Vec<(Vec<u8>, LogTime)> = scene.entries[1..]
        .iter()
        .map(|entry| (note(entry.bytes()), entry.received_at()))
        .collect();
    for run in rest.chunk_by(|one, other| one.1 == other.1) {
        let notes: Vec<&[u8]> = run.iter().map(|(note, _)| note.as_slice()).collect();
        for answer in ledger.append_many(&notes, run[0].1).unwrap() {
            assert!(answer.unwrap().added);
        }
    }
    ledger
}

fn open<S: Store + Sync>(store: S) -> Ledger<S> {
    Ledger::open(store, log_key(), &mut |_, _| {}).unwrap()
}

/// What an auditor has seen at the end.
fn audited<S: Store + Sync>(store: &S) -> State {
    let pins = Pins {
        ledger_id: Hash::leaf(&store.entry(0).unwrap()),
        log_key: log_key().verifier().clone(),
        origin: ORIGIN.parse().unwrap(),
    };
    let expected = Expected {
        pins: &pins,
        policy: None,
    };
    let report = audit(&StoreSource(store), expected, &mut |_, _, _| {}).unwrap();
    assert_eq!(report.fault, None);
    report.state
}

/// What a ledger loads is what a replay of everything gives.
#[track_caller]
fn agrees<S: Store>(ledger: &Ledger<S>, state: &State) {
    for transaction in state.transactions() {
        let found = ledger.transaction(&transaction.id).unwrap();
        assert_eq!(found.as_ref(), Some(transaction));
    }
    for concern in state.concerns() {
        let found = ledger.concern(&concern.id).unwrap();
        assert_eq!(found.as_ref(), Some(concern));
    }
    assert_eq!(audit_index(ledger.store()).unwrap(), None);
}

/// A transaction with concerns in every state, some answered from another's stream.
fn eventful() -> Scene {
    let mut scene = Scene::published(ledger_core::step::PublicationPoint::PrePlan);
    scene.raise("y1", "pre_plan").unwrap();
    for channel in CHANNELS {
        scene.post(DEAL, channel).unwrap();
    }
    scene.raise("y2", "pre_plan").unwrap();
    scene.raise("y3", "general").unwrap();
    scene.answer("y2", &["y1"]).unwrap();
    scene.rate("y1").unwrap();
    scene.close("y1").unwrap();
    scene.close("y2").unwrap();
    scene.clock = scene.opens_at(DEAL).unwrap();
    scene.raise("y4", "pre_plan").unwrap();
    scene.step(DEAL, Step::FeedbackAndValuation).unwrap();
    scene.answer("y4", &["y3"]).unwrap();
    scene.raise("y5", "pre_plan").unwrap();
    scene
}

#[test]
fn what_is_loaded_on_demand_is_what_a_replay_of_everything_gives() {
    let scene = eventful();
    let mut ledger = create(MemoryStore::new(), &scene);
    for entry in &scene.entries[1..] {
        // Nothing is in the working set but what this entry brings there.
        ledger = open(ledger.into_store());
        let bytes = note(entry.bytes());
        assert!(ledger.append(&bytes, entry.received_at()).unwrap().added);
    }
    assert_eq!(audited(ledger.store()), scene.state);
    agrees(&ledger, &scene.state);
    agrees(&open(ledger.into_store()), &scene.state);
}

fn folder(path: &Path) -> LocalFolder {
    LocalFolder::open(path.join("data"), LocalOptions::default()).unwrap()
}

fn local(folder: &LocalFolder) -> LocalStore {
    folder.ledger("donglang").unwrap()
}

/// Written by a process that died before it published; its index is not believed.
fn write_unpublished(store: &mut LocalStore, entries: &[Vec<u8>]) {
    let mut frontier = Frontier::load(&*store, store.size()).unwrap();
    let mut batch = Batch::default();
    for bytes in entries {
        batch.nodes.extend(frontier.push(Hash::leaf(bytes)));
        batch.entries.push(bytes.clone());
        batch.touches.push(vec![Touch {
            stream: StreamId::Ledger,
            relation: Relation::Own,
        }]);
    }
    store.append(store.size(), &batch).unwrap();
}

#[test]
fn after_a_crash_at_any_entry_everything_is_there_again() {
    let whole = eventful();
    let first = whole
        .entries
        .iter()
        .position(|entry| matches!(entry.statement().event, Event::ConcernRaised(_)))
        .unwrap();
    for published in first..whole.entries.len() {
        let temp = TempDir::new().unwrap();
        let data = folder(temp.path());
        let mut begun = whole.clone();
        begun.entries.truncate(published);
        let mut store = fill(local(&data), &begun).into_store();
        let tail: Vec<Vec<u8>> = whole.entries[published..]
            .iter()
            .map(|entry| entry.bytes().to_vec())
            .collect();
        write_unpublished(&mut store, &tail);
        drop((store, data));

        let data = folder(temp.path());
        let ledger = open(local(&data));
        assert_eq!(ledger.size(), whole.entries.len() as u64, "{published}");
        agrees(&ledger, &whole.state);
        ledger.into_store().close().unwrap();
        data.close().unwrap();

        let data = folder(temp.path());
        agrees(&open(local(&data)), &whole.state);
    }
}

#[test]
fn a_dry_run_loads_all_that_an_answer_names() {
    let mut scene = eventful();
    scene.raise("y6", "general").unwrap();
    let ledger = open(fill(MemoryStore::new(), &scene).into_store());
    let signers: Vec<_> = ["huang", "zhou"].map(member).to_vec();
    let intake = [member("intake")];
    let cases = [
        ("concern/y5", answered(DEAL, &["y6"]), &signers[..]),
        ("concern/y5", answered(DEAL, &["y4"]), &signers),
        ("concern/y5", answered(DEAL, &["y9"]), &signers),
        ("concern/y5", answered("other", &[]), &signers),
        ("concern/y7", raised(DEAL, "pre_plan"), &intake),
        ("concern/y7", raised(DEAL, "plan"), &intake),
        ("concern/y5", raised(DEAL, "general"), &intake),
        ("concern/y7", raised("other", "general"), &intake),
    ];
    for (on, event, signers) in cases {
        let at = ledger_core::StatedTime::new(scene.clock, 480).unwrap();
        let statement = ledger.draft(stream(on), at, event.clone()).unwrap();
        assert_eq!(statement, scene.statement(on, event));
        let rehearsed = ledger.rehearse(&statement, signers, scene.clock).unwrap();
        let names: Vec<&str> = signers.iter().map(|id| id.as_str()).collect();
        let real = scene.clone().present(&statement, &names).map(|_| ());
        assert_eq!(rehearsed, real, "{on}");
    }
}

#[test]
fn the_same_concern_again_changes_nothing() {
    let scene = eventful();
    let mut ledger = fill(MemoryStore::new(), &scene);
    for (index, entry) in (0..).zip(&scene.entries) {
        let again = ledger.append(&note(entry.bytes()), scene.clock).unwrap();
        assert_eq!((again.added, again.index), (false, index));
    }
}

/// How many concerns are raised at once.
const FLOOD: usize = 10_000;

#[test]
fn a_flood_leaves_what_was_signed_valid_and_two_answers_end_it() {
    let mut scene = Scene::published(ledger_core::step::PublicationPoint::PrePlan);
    for channel in CHANNELS {
        scene.post(DEAL, channel).unwrap();
    }
    let temp = TempDir::new().unwrap();
    let data = folder(temp.path());
    let mut ledger = fill(local(&data), &scene);

    // What comes next is drafted and signed by all, before anybody says anything.
    let step = Step::FeedbackAndValuation;
    let next = scene.statement(ON, scene.event_of(DEAL, step));
    let signed = scene.sign(&next, signers_of(step));
    let head = ledger
        .transaction(&DEAL.parse().unwrap())
        .unwrap()
        .unwrap()
        .head;

    let ids: Vec<String> = (0..FLOOD).map(|n| format!("{n:04}")).collect();
    let notes: Vec<Vec<u8>> = ids
        .iter()
        .map(|id| {
            let statement = scene.statement(&format!("concern/{id}"), raised(DEAL, "pre_plan"));
            scene.sign(&statement, &["intake"])
        })
        .collect();
    for notes in notes.chunks(1_000) {
        let answers = ledger.append_many(notes, scene.clock).unwrap();
        assert!(answers.iter().all(|answer| answer.as_ref().unwrap().added));
    }
    let transaction = ledger.transaction(&DEAL.parse().unwrap()).unwrap().unwrap();
    assert_eq!(transaction.head, head);
    assert_eq!(transaction.concerns.raised().len(), FLOOD);
    let drafted = ledger.draft(stream(ON), next.at, next.event.clone());
    assert_eq!(drafted.unwrap(), next);

    scene.clock = scene.opens_at(DEAL).unwrap();
    let refused = ledger.append(&signed, scene.clock).unwrap_err();
    assert!(
        matches!(&refused, AppendError::Refused(Refusal::ConcernOpen { count, found, .. })
        if *count == FLOOD as u64 && found.len() == 8)
    );

    // An answer is a statement of at most 48 KiB.
    for ids in ids.chunks(6_000) {
        let also: Vec<&str> = ids[1..].iter().map(String::as_str).collect();
        let statement = scene.statement(&format!("concern/{}", ids[0]), answered(DEAL, &also));
        let mut statement = statement;
        let first = ids[0].parse().unwrap();
        statement.prev = ledger.concern(&first).unwrap().unwrap().head;
        let refused = ledger.append(&signed, scene.clock).unwrap_err();
        assert!(matches!(
            refused,
            AppendError::Refused(Refusal::ConcernOpen { .. })
        ));
        let answer = scene.sign(&statement, ANSWER);
        assert!(ledger.append(&answer, scene.clock).unwrap().added);
    }
    // The very bytes that were signed before.
    assert!(ledger.append(&signed, scene.clock).unwrap().added);

    drop((ledger, data));
    let data = folder(temp.path());
    let ledger = open(local(&data));
    let state = audited(ledger.store());
    let loaded = ledger.transaction(&DEAL.parse().unwrap()).unwrap();
    assert_eq!(loaded.as_ref(), state.transaction(&DEAL.parse().unwrap()));
    for concern in state.concerns().step_by(500) {
        assert_eq!(concern.raised.subject, ConcernSubject::PrePlan);
        assert!(concern.answered().is_some());
        assert_eq!(ledger.concern(&concern.id).unwrap().as_ref(), Some(concern));
    }
    assert_eq!(audit_index(ledger.store()).unwrap(), None);
}

/// Who has signed nothing makes nobody read what an answer names: there may be thousands of concerns.
#[test]
fn nothing_that_an_answer_names_is_read_before_its_signatures_hold() {
    let scene = eventful();
    let temp = TempDir::new().unwrap();
    let data = folder(temp.path());
    let store = fill(local(&data), &scene).into_store();
    let raised = scene.concern("y3").recorded.index;
    let bytes = store.entry(raised).unwrap();
    let mut ledger = open(store);
    // What was said is damaged, so that reading it is seen.
    let path = temp.path().join("data/donglang/entries");
    let mut entries = std::fs::read(&path).unwrap();
    let place = entries
        .windows(bytes.len())
        .position(|window| window == bytes);
    entries[place.unwrap() + bytes.len() - 2] ^= 1;
    std::fs::write(&path, entries).unwrap();
    let answer = scene.statement("concern/y5", answered(DEAL, &["y3"]));
    let forged = scene.sign(&scene.statement("concern/y5", answered(DEAL, &[])), ANSWER);
    let text = answer.to_text().unwrap();
    let lines = String::from_utf8(forged).unwrap();
    let (_, lines) = lines.split_once("\n\n").unwrap();
    let forged = format!("{text}\n{lines}");
    let refused = ledger.append(forged.as_bytes(), scene.clock);
    assert!(
        matches!(
            refused,
            Err(AppendError::Refused(Refusal::InvalidSignature { .. }))
        ),
        "{refused:?}"
    );
    let signed = scene.sign(&answer, ANSWER);
    let read = ledger.append(&signed, scene.clock);
    assert!(matches!(read, Err(AppendError::Ledger(_))), "{read:?}");
}

/// A window that runs again is kept nowhere but in what was recorded.
#[test]
fn a_window_that_runs_again_is_loaded_as_it_was_replayed() {
    let mut scene = Scene::before(Step::HandoverAndReceipt);
    let winner = serde_json::json!("王*");
    scene
        .correct(DEAL, Step::Bidding, "/outcome/winner", winner)
        .unwrap();
    scene.raise("y1", "result").unwrap();
    scene.clock = scene.opens_at(DEAL).unwrap();
    scene.raise("y2", "result").unwrap();
    let kept = scene.transaction(DEAL).unwrap().concerns.unanswered();
    let holds: Vec<bool> = kept.values().map(|concern| concern.holds).collect();
    assert_eq!(holds, [true, false]);
    let ledger = fill(MemoryStore::new(), &scene);
    assert_eq!(audited(ledger.store()), scene.state);
    agrees(&ledger, &scene.state);
    agrees(&open(ledger.into_store()), &scene.state);
}
