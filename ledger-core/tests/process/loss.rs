//! Declared losses: only what was signed can have been lost, and no log is signed twice.

use ledger_core::audit::{FaultKind, Replay};
use ledger_core::checkpoint::Checkpoint;
use ledger_core::key::{Algorithm, VerifierKey};
use ledger_core::ledger::Rebuild;
use ledger_core::refusal::Refusal;
use ledger_core::store::StoreError;
use ledger_core::tree::Frontier;
use ledger_core::{AppendError, Ledger, MemoryStore, Pins, SigningKey, Step, Store as _};
use serde_json::{Value, json};

use crate::Row;
use crate::scene::loss::{SUCCESSOR, declaration, log_key, lost};
use crate::scene::{ORIGIN, Scene, erasure, event};

/// A declaration after one field was changed.
fn with(field: &str, value: Value) -> Result<ledger_core::admit::Entry, Refusal> {
    let mut scene = Scene::founded();
    let mut changed = declaration(&scene);
    *changed.pointer_mut(field).unwrap() = value;
    scene.change(changed)
}

fn unproven(found: impl ToString) -> Refusal {
    Refusal::LossUnproven {
        expected: ORIGIN.to_owned(),
        found: found.to_string(),
    }
}

pub(crate) fn rows() -> Vec<Row> {
    let (old, new) = (log_key(ORIGIN, 99), log_key(SUCCESSOR, 98));
    let misplaced = |expected: &str, found: &str| Refusal::LossMisplaced {
        expected: expected.to_owned(),
        found: found.to_owned(),
    };
    let used = |key: &VerifierKey| Refusal::LogNotNew {
        found: key.to_string(),
    };
    let cosigner = VerifierKey::new(
        SUCCESSOR,
        Algorithm::CosignatureV1,
        new.verifier().public_key(),
    );
    let cosigner = cosigner.unwrap();
    let same_key = log_key(SUCCESSOR, 99);
    let same_name = log_key(ORIGIN, 98);
    let no_origin = log_key("donglang", 98);
    let foreign = log_key("sanzi.example.org/elsewhere", 99);
    let forged = {
        let mut forged = json!(lost(&old, 3));
        forged["signature"] = json!(lost(&old, 4).signature);
        forged
    };
    let invalid = serde_json::from_value::<ledger_core::event::LostLog>(forged.clone()).unwrap();
    let invalid = invalid.checkpoint().unwrap_err();
    let nothing = |found| Refusal::NothingLost { expected: 2, found };
    let mut twice = Scene::founded();
    twice.change(declaration(&twice)).unwrap();
    let mut again = declaration(&twice);
    again["lost"] = json!(lost(&new, 4));
    again["log_key"] = json!(log_key("sanzi.example.org/donglang-3", 99).verifier());
    vec![
        (
            "a loss after more entries than were saved",
            with("/saved/size", json!(2)),
            misplaced("1", "2"),
        ),
        (
            "a loss before the last entry saved",
            with("/saved/size", json!(0)),
            misplaced("1", "0"),
        ),
        (
            "a loss of nothing",
            with("/lost", json!(lost(&old, 1))),
            nothing(1),
        ),
        (
            "a loss of another log's entries",
            with("/lost", json!(lost(&foreign, 3))),
            unproven(foreign.name()),
        ),
        (
            "a loss that a signature on something else shows",
            with("/lost", forged),
            unproven(invalid),
        ),
        (
            "a new log with the old name",
            with("/log_key", json!(same_name.verifier())),
            used(same_name.verifier()),
        ),
        (
            "a new log with the old key",
            with("/log_key", json!(same_key.verifier())),
            used(same_key.verifier()),
        ),
        (
            "a new log whose key is named by no origin",
            with("/log_key", json!(no_origin.verifier())),
            used(no_origin.verifier()),
        ),
        (
            "a new log whose key cosigns",
            with("/log_key", json!(cosigner)),
            used(&cosigner),
        ),
        (
            "a second loss, back to the first log's key",
            twice.change(again),
            used(log_key("sanzi.example.org/donglang-3", 99).verifier()),
        ),
        (
            "a loss declared in the log itself",
            declared_in_the_log(),
            Refusal::LogGoesOn {
                found: ORIGIN.to_owned(),
            },
        ),
        (
            "other entries than were saved",
            other_entries(),
            misplaced(&root(), &"09".repeat(32)),
        ),
        (
            "a loss without the supervisor",
            Scene::founded().put("ledger", event(declaration(&Scene::founded())), &["chen"]),
            Refusal::MissingRoles {
                missing_roles: vec![ledger_core::role::Role::Supervisor],
            },
        ),
    ]
}

fn root() -> String {
    declaration(&Scene::founded())["saved"]["root"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// What a log that is being signed on answers.
fn declared_in_the_log() -> Result<ledger_core::admit::Entry, Refusal> {
    let mut scene = Scene::founded();
    let founding = scene.entries[0].clone();
    let at = founding.received_at();
    let note = founding.signed().note().to_bytes();
    let (mut ledger, _) =
        Ledger::create(MemoryStore::new(), log_key(ORIGIN, 99), &note, at).unwrap();
    let declared = scene.change(declaration(&scene)).unwrap();
    match ledger.append(&declared.signed().note().to_bytes(), scene.clock) {
        Err(AppendError::Refused(refusal)) => Err(refusal),
        _ => Ok(declared),
    }
}

/// What a replay answers to a declaration of another root.
fn other_entries() -> Result<ledger_core::admit::Entry, Refusal> {
    let mut scene = Scene::founded();
    let mut other = declaration(&scene);
    other["saved"]["root"] = json!("09".repeat(32));
    let founding = scene.entries[0].bytes().to_vec();
    let declared = scene.change(other).unwrap();
    let mut replay = Replay::new();
    replay.feed(&founding).unwrap();
    match replay.feed(declared.bytes()) {
        Err(FaultKind::Rule(refusal)) => Err(refusal),
        _ => Ok(declared),
    }
}

fn saving<'a>(pins: &'a Pins, scene: &Scene) -> Rebuild<'a, MemoryStore> {
    let mut saved = Rebuild::saving(MemoryStore::new(), pins).unwrap();
    for entry in &scene.entries {
        saved.feed(entry.bytes()).unwrap();
    }
    saved
}

#[test]
fn a_ledger_goes_on_in_a_new_log_and_its_members_sign_as_before() {
    let mut scene = Scene::founded();
    scene.pass(crate::DEAL, Step::AssetVerification);
    let new = log_key(SUCCESSOR, 98);
    let old = Pins {
        ledger_id: scene.entries[0].leaf(),
        log_key: log_key(ORIGIN, 99).verifier().clone(),
        origin: ORIGIN.parse().unwrap(),
    };
    let saved = saving(&old, &scene);
    let size = scene.entries.len() as u64;
    let declared = scene.change(declaration(&scene)).unwrap();
    let note = declared.signed().note().to_bytes();
    let wrong: SigningKey = log_key(SUCCESSOR, 97);
    assert!(matches!(
        saved.declare(&wrong, &note, scene.clock),
        Err(AppendError::Ledger(
            ledger_core::ledger::LedgerError::WrongKey { .. }
        ))
    ));
    let store = saved.succeed(&new, &note, scene.clock).unwrap();
    let mut ledger = Ledger::open(store, new, &mut |_, _| {}).unwrap();
    let state = ledger.state().unwrap();
    assert_eq!(
        (state.origin.as_str(), state.log_origin.as_str()),
        (ORIGIN, SUCCESSOR)
    );
    assert_eq!(state.ledger_id, old.ledger_id);
    let notice = state.losses[0].notice();
    assert_eq!(
        (notice.entry, notice.first, notice.last),
        (size, size, size + 1)
    );
    assert_eq!(notice.origin, ORIGIN);
    // The transaction goes on where it stood, with the keys that members always had.
    scene.pass(crate::DEAL, Step::ProposalInitiation);
    let next = scene.entries.last().unwrap();
    let note = next.signed().note().to_bytes();
    assert!(ledger.append(&note, next.received_at()).unwrap().added);
    // The old log's key opens nothing any more, and the new name is needed to verify.
    let source = ledger_core::source::StoreSource(ledger.store());
    let pins = |origin: &str, key: &SigningKey| Pins {
        log_key: key.verifier().clone(),
        origin: origin.parse().unwrap(),
        ..old.clone()
    };
    let audit = |pins: &Pins| {
        let expected = ledger_core::Expected { pins, policy: None };
        ledger_core::audit(&source, expected, &mut |_, _, _| {})
            .unwrap()
            .fault
    };
    assert_eq!(audit(&pins(SUCCESSOR, &log_key(SUCCESSOR, 98))), None);
    assert!(audit(&old).is_some());
}

#[test]
fn who_erased_a_document_after_a_loss_is_known_in_a_store_built_again() {
    let by = ["chen", "huang"];
    let mut scene = Scene::before(Step::ProposalInitiation);
    let minuted = event(crate::oversight::minuted("7a"));
    scene.put("ledger", minuted, &by).unwrap();
    scene.change(declaration(&scene)).unwrap();
    let erased = event(erasure("7a"));
    scene.put("ledger", erased, &by).unwrap();
    let new = log_key(SUCCESSOR, 98);
    let pins = Pins {
        ledger_id: scene.entries[0].leaf(),
        log_key: new.verifier().clone(),
        origin: SUCCESSOR.parse().unwrap(),
    };
    let mut frontier = Frontier::new();
    for entry in &scene.entries {
        frontier.push(entry.leaf());
    }
    let checkpoint = Checkpoint::new(new.name(), frontier.size(), frontier.root()).unwrap();
    let checkpoint = checkpoint.sign(&new).unwrap().to_bytes();
    let mut rebuild = Rebuild::new(MemoryStore::new(), &pins, &checkpoint).unwrap();
    for entry in &scene.entries {
        rebuild.feed(entry.bytes()).unwrap();
    }
    let store = rebuild.finish().unwrap();
    let commitment = "7a".repeat(32).parse().unwrap();
    let Err(StoreError::Erased { erasure, .. }) = store.private_document(&commitment) else {
        panic!("the document is not erased");
    };
    assert_eq!(erasure.by, by.map(|member| member.parse().unwrap()));
}

#[test]
fn a_log_under_another_name_without_a_declared_loss_is_another_ledger() {
    let scene = Scene::founded();
    let new = log_key(SUCCESSOR, 98);
    let checkpoint =
        ledger_core::checkpoint::Checkpoint::new(SUCCESSOR, 1, scene.entries[0].leaf());
    let checkpoint = checkpoint.unwrap().sign(&new).unwrap().to_bytes();
    let pins = Pins {
        ledger_id: scene.entries[0].leaf(),
        log_key: new.verifier().clone(),
        origin: SUCCESSOR.parse().unwrap(),
    };
    let store = MemoryStore::new();
    let mut rebuild = ledger_core::ledger::Rebuild::new(store, &pins, &checkpoint).unwrap();
    rebuild.feed(scene.entries[0].bytes()).unwrap();
    let refused = rebuild.finish().map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains(SUCCESSOR), "{refused}");
}
