//! An outsider's audit: what holds is said to hold, and each way of cheating is found at its place.
#![cfg(feature = "local")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use std::path::Path;

use ledger_core::audit::{Fault, FaultKind, Report, audit_index};
use ledger_core::checkpoint::Checkpoint;
use ledger_core::event::{Event, LoggedEntry, Statement, entry_bytes};
use ledger_core::hash::Hash;
use ledger_core::policy::Policy;
use ledger_core::source::{FolderSource, StoreSource};
use ledger_core::store::{Batch, Relation, Touch};
use ledger_core::tile::{Tile, TileSource, tiles_of};
use ledger_core::tree::Frontier;
use ledger_core::{
    Expected, Language, MemoryStore, Pins, Refusal, SignedEvent, SigningKey, Step, Store, StreamId,
    audit,
};
use scene::{DEAL, ORIGIN, Scene};
use tempfile::TempDir;

fn log_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[99; 32]).unwrap()
}

fn entries() -> Vec<Vec<u8>> {
    Scene::completed()
        .entries
        .iter()
        .map(|entry| entry.bytes().to_vec())
        .collect()
}

/// A log of these bytes, signed by this key: what an operator who checks nothing could publish.
fn published(entries: &[Vec<u8>], key: &SigningKey) -> MemoryStore {
    let mut store = MemoryStore::new();
    let (mut frontier, mut batch) = (Frontier::new(), Batch::default());
    for bytes in entries {
        batch.nodes.extend(frontier.push(Hash::leaf(bytes)));
        batch.entries.push(bytes.clone());
        batch.touches.push(vec![Touch {
            stream: StreamId::Ledger,
            relation: Relation::Own,
        }]);
    }
    store.append(0, &batch).unwrap();
    let checkpoint = Checkpoint::new(key.name(), frontier.size(), frontier.root())
        .unwrap()
        .sign(key)
        .unwrap();
    store
        .publish(frontier.size(), &checkpoint.to_bytes())
        .unwrap();
    store
}

fn pins() -> Pins {
    let ledger_id = Hash::leaf(&entries()[0]);
    Pins {
        ledger_id,
        log_key: log_key().verifier().clone(),
        origin: ORIGIN.parse().unwrap(),
    }
}

fn report_with(store: &MemoryStore, pins: &Pins, policy: Option<&Policy>) -> Report {
    audit(
        &StoreSource(store),
        Expected { pins, policy },
        &mut |_, _, _| {},
    )
    .unwrap()
}

#[track_caller]
fn fault(entries: &[Vec<u8>]) -> Fault {
    let report = report_with(&published(entries, &log_key()), &pins(), None);
    let fault = report.fault.expect("cheating was not found");
    assert!(!fault.kind.meaning(Language::Zh).is_empty() && fault.kind.to_string().contains(' '));
    fault
}

/// Entry `index` with its statement changed and signed again by the same members' keys, or by thieves'.
fn resigned(index: usize, change: impl FnOnce(&mut Statement), signers: &[&str]) -> Vec<u8> {
    let scene = Scene::founded();
    let logged = LoggedEntry::parse(&entries()[index]).unwrap();
    let mut statement = logged.signed.statement().clone();
    change(&mut statement);
    let signed = SignedEvent::parse(&scene.sign(&statement, signers)).unwrap();
    entry_bytes(logged.received_at, &signed)
}

#[test]
fn what_holds_is_said_to_hold() {
    let entries = entries();
    let store = published(&entries, &log_key());
    let mut seen = 0;
    let report = audit(
        &StoreSource(&store),
        Expected {
            pins: &pins(),
            policy: None,
        },
        &mut |entry, state, size| {
            assert_eq!(
                (entry.index(), state.size(), size),
                (seen, seen + 1, entries.len() as u64)
            );
            seen += 1;
        },
    )
    .unwrap();
    assert!(report.holds());
    assert_eq!(
        (report.checked, report.size, report.completed()),
        (seen, seen, 1)
    );
    let lines = |bytes: &Vec<u8>| {
        LoggedEntry::parse(bytes)
            .unwrap()
            .signed
            .note()
            .signatures()
            .len() as u64
    };
    assert_eq!(report.signatures, entries.iter().map(lines).sum::<u64>());
    assert_eq!(report.state, Scene::completed().state);
}

#[test]
fn a_lying_operator_is_caught_at_the_entry() {
    let good = entries();
    let with = |index: usize, bytes: Vec<u8>| {
        let mut entries = good.clone();
        entries[index] = bytes;
        fault(&entries)
    };
    let place = |fault: Fault, index: u64, rule: &str| match &fault.kind {
        FaultKind::Rule(refusal) => assert_eq!((fault.index, refusal.rule()), (Some(index), rule)),
        other => panic!("{other:?} instead of {rule}"),
    };

    let mut dropped = good.clone();
    dropped.remove(5);
    place(fault(&dropped), 5, "stale_prev");
    let mut swapped = good.clone();
    swapped.swap(6, 7);
    assert!(matches!(fault(&swapped).index, Some(6 | 7)));
    let mut doubled = good.clone();
    doubled.insert(4, good[3].clone());
    place(fault(&doubled), 4, "stale_prev");

    let text = String::from_utf8(good[3].clone()).unwrap();
    place(
        with(
            3,
            text.replace(r#""summary":""#, r#""summary":"改"#)
                .into_bytes(),
        ),
        3,
        "invalid_signature",
    );
    place(with(3, resigned(3, |_| {}, &["xu"])), 3, "missing_roles");
    place(
        with(3, resigned(3, |_| {}, &["li", "zhou"])),
        3,
        "signer_without_role",
    );
    place(
        with(
            3,
            resigned(
                3,
                |s| s.stream = "transaction/2018-018".parse().unwrap(),
                &["li", "xu"],
            ),
        ),
        3,
        "stale_prev",
    );
    place(
        with(
            3,
            resigned(
                3,
                |s| s.at = "2019-01-01T00:00:00+08:00".parse().unwrap(),
                &["li", "xu"],
            ),
        ),
        3,
        "future_time",
    );

    let early = |bytes: &Vec<u8>| {
        let logged = LoggedEntry::parse(bytes).unwrap();
        entry_bytes("2018-03-26T01:00:00Z".parse().unwrap(), &logged.signed)
    };
    let back = with(5, early(&good[5]));
    assert!(matches!(
        back,
        Fault {
            index: Some(5),
            kind: FaultKind::Clock { .. }
        }
    ));
    // A window that the log's clock says was not waited for: postings are 5 to 8, step 5 follows as 9.
    let hurried: Vec<_> = good
        .iter()
        .enumerate()
        .map(|(i, bytes)| {
            let logged = LoggedEntry::parse(bytes).unwrap();
            let at = logged
                .received_at
                .min(LoggedEntry::parse(&good[8]).unwrap().received_at);
            if i >= 9 {
                entry_bytes(at, &logged.signed)
            } else {
                bytes.clone()
            }
        })
        .collect();
    assert!(matches!(
        fault(&hurried),
        Fault {
            index: Some(9),
            kind: FaultKind::Rule(Refusal::FutureTime { .. } | Refusal::WindowOpen { .. })
        }
    ));
    let Event::PublishPrePlan(mut publication) = LoggedEntry::parse(&good[4])
        .unwrap()
        .signed
        .statement()
        .event
        .clone()
    else {
        panic!()
    };
    publication.disclosure = "00".repeat(32).parse().unwrap();
    let changed = resigned(
        4,
        |s| s.event = Event::PublishPrePlan(publication),
        &["wu", "chen", "huang"],
    );
    place(with(4, changed), 4, "disclosure_mismatch");
    assert!(matches!(
        with(7, b"nonsense".to_vec()),
        Fault {
            index: Some(7),
            kind: FaultKind::Form(_)
        }
    ));
}

#[test]
fn another_ledger_or_another_key_is_not_the_pinned_one() {
    let store = published(&entries(), &log_key());
    let impostor = SigningKey::from_seed(ORIGIN, &[98; 32]).unwrap();
    let report = report_with(&published(&entries(), &impostor), &pins(), None);
    assert!(matches!(
        report.fault,
        Some(Fault {
            index: None,
            kind: FaultKind::Checkpoint(_)
        })
    ));
    let elsewhere = Pins {
        ledger_id: Hash::ZERO,
        ..pins()
    };
    let report = report_with(&store, &elsewhere, None);
    assert!(matches!(
        report.fault,
        Some(Fault {
            index: Some(0),
            kind: FaultKind::LedgerId { .. }
        })
    ));
    let unwitnessed: Policy = format!(
        "witness w {}\nquorum w\n",
        ledger_core::cosignature::Cosigner::from_seed("witness.example", &[5; 32])
            .unwrap()
            .verifier()
    )
    .parse()
    .unwrap();
    let report = report_with(&store, &pins(), Some(&unwitnessed));
    assert!(matches!(
        report.fault,
        Some(Fault {
            index: None,
            kind: FaultKind::Policy(_)
        })
    ));
}

/// Writes the static files that a mirror would hold.
fn mirror(store: &MemoryStore, folder: &Path) {
    for tile in tiles_of(store.size()) {
        let path = folder.join(tile.to_string());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, StoreSource(store).fetch(&tile).unwrap()).unwrap();
    }
    std::fs::write(
        folder.join("checkpoint"),
        store.checkpoint().unwrap().unwrap(),
    )
    .unwrap();
}

fn report_of(folder: &Path) -> Option<Report> {
    audit(
        &FolderSource::new(folder),
        Expected {
            pins: &pins(),
            policy: None,
        },
        &mut |_, _, _| {},
    )
    .ok()
}

#[test]
fn a_mirror_is_audited_as_well_and_damage_has_its_place() {
    let (good, temp) = (entries(), TempDir::new().unwrap());
    mirror(&published(&good, &log_key()), temp.path());
    assert!(report_of(temp.path()).unwrap().holds());

    let tiles: Vec<Tile> = tiles_of(good.len() as u64).collect();
    let bundle = temp.path().join(tiles[0].to_string());
    let leaves = temp.path().join(tiles[1].to_string());
    let offset = good[..6].iter().map(|entry| entry.len() + 2).sum::<usize>() + 60;
    flip(&bundle, offset);
    let report = report_of(temp.path()).unwrap();
    assert!(
        matches!(
            report.fault,
            Some(Fault {
                index: Some(6),
                kind: FaultKind::Altered { .. }
            })
        ),
        "{:?}",
        report.fault
    );
    flip(&bundle, offset);
    flip(&leaves, 32 * 6);
    assert!(matches!(
        report_of(temp.path()).unwrap().fault,
        Some(Fault {
            index: None,
            kind: FaultKind::Tree(_)
        })
    ));
    std::fs::remove_file(&leaves).unwrap();
    assert!(
        report_of(temp.path()).is_none(),
        "what is missing is not judged"
    );
}

fn flip(path: &Path, offset: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[offset] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn an_index_that_differs_from_the_log_is_named() {
    let store = published(&entries(), &log_key());
    // Everything was indexed under the ledger's stream.
    assert!(matches!(
        audit_index(&store).unwrap(),
        Some(FaultKind::Index {
            stream: StreamId::Ledger
        })
    ));
    let mut store = store;
    store.reset_index().unwrap();
    let ledger = ledger_core::Ledger::open(store, log_key(), &mut |_, _| {}).unwrap();
    assert_eq!(audit_index(ledger.store()).unwrap(), None);
    assert_eq!(
        ledger
            .transaction(&DEAL.parse().unwrap())
            .unwrap()
            .unwrap()
            .record(Step::Bidding)
            .map(|p| p.step),
        Some(Step::Bidding)
    );
}
