//! Flipped bits: found or harmless, and never given out.

use std::fs;

use ledger_core::hash::Digest;
use ledger_core::store::{Store as _, StoreError};
use ledger_core::tree::HashReader as _;

use crate::village::{Place, append, closed, is_whole, publish, reads_right_or_not_at_all};

fn flip(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    flipped[at] ^= 1 << (at % 8);
    flipped
}

/// Opens and reads; nothing wrong may come out. Says whether the damage was noticed.
fn noticed(place: &Place, writing: bool, checkpoint: &[u8]) -> bool {
    let opened = match writing {
        true => place.open(),
        false => place.read(),
    };
    let Ok(store) = opened else {
        return true;
    };
    if let Some(found) = store.checkpoint().unwrap() {
        assert_eq!(found, checkpoint);
    }
    assert!(store.size() <= 300);
    !reads_right_or_not_at_all(&store)
}

fn flipped_in(name: &str, every: usize, writing: bool) -> usize {
    let place = closed(300);
    let checkpoint = fs::read(place.file("checkpoint")).unwrap();
    let bytes = fs::read(place.file(name)).unwrap();
    let mut found = 0;
    for at in (0..bytes.len()).step_by(every) {
        let damaged = match writing {
            true => &place.copy(),
            false => &place,
        };
        fs::write(damaged.file(name), flip(&bytes, at)).unwrap();
        found += usize::from(noticed(damaged, writing, &checkpoint));
    }
    found
}

#[test]
fn in_the_entries() {
    let place = closed(300);
    let bytes = fs::metadata(place.file("entries")).unwrap().len() as usize;
    assert_eq!(flipped_in("entries", 7, false), bytes.div_ceil(7));
    assert_eq!(flipped_in("entries", 101, true), bytes.div_ceil(101));
}

#[test]
fn in_the_hashes() {
    assert_eq!(flipped_in("tree/0", 7, false), (300 * 32_usize).div_ceil(7));
    assert_eq!(flipped_in("tree/1", 1, false), 32);
    assert_eq!(
        flipped_in("tree/0", 301, true),
        (300 * 32_usize).div_ceil(301)
    );
}

#[test]
fn in_the_offsets() {
    // The last offset disagrees with the settled mark, and then all of them are made anew.
    assert_eq!(flipped_in("offsets", 7, false), (299 * 8_usize).div_ceil(7));
    assert_eq!(
        flipped_in("offsets", 97, true),
        (299 * 8_usize).div_ceil(97)
    );
}

#[test]
fn in_what_is_kept_twice_or_follows() {
    assert_eq!(flipped_in("settled", 1, false), 0);
    assert_eq!(flipped_in("settled", 10, true), 0);
    assert_eq!(flipped_in("checkpoint", 1, false), 0);
    assert_eq!(flipped_in("checkpoint", 10, true), 0);
    assert_eq!(flipped_in("anchor", 1999, false), 0);
}

/// Without an anchor to go by, a reader has only the checkpoint, whose signature is for others to judge.
#[test]
fn in_a_checkpoint_that_stands_alone() {
    let place = closed(300);
    fs::remove_file(place.file("anchor")).unwrap();
    let bytes = fs::read(place.file("checkpoint")).unwrap();
    let body = bytes.windows(2).position(|w| w == b"\n\n").unwrap();
    let size_at = bytes.iter().position(|b| *b == b'\n').unwrap();
    for at in size_at..body {
        fs::write(place.file("checkpoint"), flip(&bytes, at)).unwrap();
        match place.read() {
            Err(StoreError::Corrupt { .. } | StoreError::Behind { .. }) => {}
            Ok(store) => assert_eq!((store.size(), store.checkpoint().unwrap()), (0, None)),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn in_documents() {
    let place = Place::new();
    let mut store = place.open().unwrap();
    let digest = store.put_document(b"minutes").unwrap();
    let path = place.file("documents").join(digest.to_string());
    for at in 0..7 {
        fs::write(&path, flip(b"minutes", at)).unwrap();
        let error = store.document(&digest).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    }
    store.put_document(b"minutes").unwrap();
    assert_eq!(store.document(&digest).unwrap().unwrap(), b"minutes");
    assert_eq!(digest, Digest::of(b"minutes"));
}

/// Hashes made anew from damaged entries do not have the published root.
#[test]
fn in_entries_whose_hashes_are_gone() {
    let place = closed(300);
    let bytes = fs::read(place.file("entries")).unwrap();
    fs::write(place.file("entries"), flip(&bytes, 1004)).unwrap();
    fs::remove_dir_all(place.file("tree")).unwrap();
    let error = place.open().unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}

/// Damage that happens while the store is open is found when the bytes are read.
#[test]
fn in_an_open_store() {
    let place = Place::new();
    let mut store = place.open().unwrap();
    append(&mut store, 700).unwrap();
    publish(&mut store).unwrap();
    is_whole(&store, 700);
    let bytes = fs::read(place.file("entries")).unwrap();
    fs::write(place.file("entries"), flip(&bytes, 3)).unwrap();
    assert!(!reads_right_or_not_at_all(&store));
    fs::write(place.file("entries"), &bytes).unwrap();
    is_whole(&store, 700);
    drop(store);
    let store = place.open().unwrap();
    let bytes = fs::read(place.file("tree/0")).unwrap();
    fs::write(place.file("tree/0"), flip(&bytes, 300 * 32)).unwrap();
    let error = store.read_hashes(0, 256, 1).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(store.read_hashes(0, 0, 256).is_ok());
    let error = store.entry(300).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}

/// What was settled but never published is not under the published root, and is checked all the same.
#[test]
fn in_what_is_settled_and_not_published() {
    let place = Place::new();
    let mut store = place.open().unwrap();
    append(&mut store, 10).unwrap();
    publish(&mut store).unwrap();
    append(&mut store, 290).unwrap();
    store.close().unwrap();
    for (name, range) in [("tree/0", 256 * 32..300 * 32), ("tree/1", 0..32)] {
        let bytes = fs::read(place.file(name)).unwrap();
        for at in range.step_by(11) {
            let damaged = place.copy();
            fs::write(damaged.file(name), flip(&bytes, at)).unwrap();
            let error = damaged.open().unwrap_err();
            assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
        }
    }
}
