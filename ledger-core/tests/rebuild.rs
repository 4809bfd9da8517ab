//! A store built again from its entries: the same log, or nothing published.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use ledger_core::audit::FaultKind;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::hash::Hash;
use ledger_core::ledger::{Rebuild, RebuildError};
use ledger_core::store::StreamKind;
use ledger_core::tree::Frontier;
use ledger_core::{Ledger, MemoryStore, Pins, SigningKey, Store as _};
use scene::{ORIGIN, Scene};

fn log_key(seed: u8) -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[seed; 32]).unwrap()
}

fn entries() -> Vec<Vec<u8>> {
    let completed = Scene::completed();
    let entries = completed.entries.iter();
    entries.map(|entry| entry.bytes().to_vec()).collect()
}

fn pins(entries: &[Vec<u8>]) -> Pins {
    Pins {
        ledger_id: Hash::leaf(&entries[0]),
        log_key: log_key(99).verifier().clone(),
        origin: ORIGIN.parse().unwrap(),
    }
}

fn signed(entries: &[Vec<u8>], key: &SigningKey) -> Vec<u8> {
    let mut frontier = Frontier::new();
    for entry in entries {
        frontier.push(Hash::leaf(entry));
    }
    let checkpoint = Checkpoint::new(key.name(), frontier.size(), frontier.root()).unwrap();
    checkpoint.sign(key).unwrap().to_bytes()
}

fn rebuilt(
    pins: &Pins,
    entries: &[Vec<u8>],
    checkpoint: &[u8],
) -> Result<MemoryStore, RebuildError> {
    let mut rebuild = Rebuild::new(MemoryStore::new(), pins, checkpoint)?;
    for entry in entries {
        rebuild.feed(entry)?;
    }
    rebuild.finish()
}

#[test]
fn the_same_log_comes_out_and_can_be_written_on() {
    let entries = entries();
    let (pins, checkpoint) = (pins(&entries), signed(&entries, &log_key(99)));
    let store = rebuilt(&pins, &entries, &checkpoint).unwrap();
    assert_eq!(store.entries(0, entries.len()).unwrap(), entries);
    assert_eq!(store.checkpoint().unwrap(), Some(checkpoint));
    assert_eq!(store.indexed_size(), store.size());
    let transactions = store.streams(StreamKind::Transaction, None, 9).unwrap();
    assert_eq!(transactions.len(), 1);
    let ledger = Ledger::open(store, log_key(99), &mut |_, _| {}).unwrap();
    assert_eq!(ledger.size(), entries.len() as u64);
}

#[test]
fn what_does_not_come_to_the_signed_checkpoint_is_refused() {
    let entries = entries();
    let (pins, checkpoint) = (pins(&entries), signed(&entries, &log_key(99)));
    let refused = |entries: &[Vec<u8>], checkpoint: &[u8]| {
        rebuilt(&pins, entries, checkpoint)
            .map(|store| store.size())
            .unwrap_err()
    };
    let fewer = &entries[..entries.len() - 1];
    assert!(
        matches!(refused(fewer, &checkpoint), RebuildError::Size { expected, found } if expected == found + 1)
    );
    let shorter = signed(fewer, &log_key(99));
    assert!(
        matches!(refused(&entries, &shorter), RebuildError::Size { expected, found } if expected + 1 == found)
    );

    let mut later = entries.clone();
    let last = String::from_utf8(later.pop().unwrap()).unwrap();
    let (received, rest) = last.split_once('\n').unwrap();
    let year: u32 = received[..4].parse().unwrap();
    later.push(format!("{}{}\n{rest}", year + 1, &received[4..]).into_bytes());
    match refused(&later, &checkpoint) {
        RebuildError::Root { expected, found } => assert_ne!(expected, found),
        other => panic!("{other:?}"),
    }

    let mut swapped = entries.clone();
    swapped.swap(1, 2);
    match refused(&swapped, &checkpoint) {
        RebuildError::Fault(fault) => assert_eq!(fault.index, Some(1)),
        other => panic!("{other:?}"),
    }
    match refused(&entries, &signed(&entries, &log_key(98))) {
        RebuildError::Fault(fault) => assert!(matches!(fault.kind, FaultKind::Checkpoint(_))),
        other => panic!("{other:?}"),
    }
    match refused(&[], &signed(&[], &log_key(99))) {
        RebuildError::Fault(fault) => assert_eq!(fault.kind, FaultKind::Empty),
        other => panic!("{other:?}"),
    }
}

#[test]
fn another_ledger_than_the_pinned_one_is_refused_at_entry_0() {
    let entries = entries();
    let checkpoint = signed(&entries, &log_key(99));
    let other = Pins {
        ledger_id: Hash::leaf(b"another"),
        ..pins(&entries)
    };
    match rebuilt(&other, &entries, &checkpoint).map(|store| store.size()) {
        Err(RebuildError::Fault(fault)) => {
            assert_eq!(fault.index, Some(0));
            assert!(matches!(fault.kind, FaultKind::LedgerId { .. }));
        }
        other => panic!("{other:?}"),
    }
    let renamed = Pins {
        origin: "sanzi.example.org/elsewhere".parse().unwrap(),
        ..pins(&entries)
    };
    assert!(matches!(
        rebuilt(&renamed, &entries, &checkpoint).map(|store| store.size()),
        Err(RebuildError::Fault(fault)) if matches!(fault.kind, FaultKind::Origin { .. })
    ));
}

#[test]
fn a_store_that_holds_something_is_not_built_over() {
    let entries = entries();
    let (pins, checkpoint) = (pins(&entries), signed(&entries, &log_key(99)));
    let store = rebuilt(&pins, &entries, &checkpoint).unwrap();
    let again = Rebuild::new(store, &pins, &checkpoint).map(|rebuild| rebuild.size());
    assert!(
        matches!(again, Err(RebuildError::NotEmpty { found }) if found == entries.len() as u64)
    );
}
