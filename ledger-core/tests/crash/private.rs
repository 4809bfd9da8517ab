//! Private documents after a crash at any moment, and after damage.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use ledger_core::commitment::Salt;
use ledger_core::hash::Commitment;
use ledger_core::store::{Erasure, Store as _, StoreError};
use ledger_core::time::LogTime;

use crate::village::{Place, closed};

const DOCUMENT: &[u8] = b"a copy of somebody's identity card";

fn salt() -> Salt {
    Salt::from_bytes([3; 32])
}

fn commitment() -> Commitment {
    Commitment::to(&salt(), DOCUMENT)
}

fn erasure() -> Erasure {
    Erasure {
        at: LogTime::MIN,
        by: vec!["liang".parse().unwrap()],
        entry: 7,
        reason: "期满".parse().unwrap(),
    }
}

fn file(place: &Place) -> std::path::PathBuf {
    place.file(&format!("private/{}", commitment()))
}

fn kept() -> Place {
    let place = closed(1);
    let mut store = place.open().unwrap();
    store.put_private_document(&salt(), DOCUMENT).unwrap();
    place
}

/// What a crash may leave of a file while another takes its place: the new one, of any length.
#[test]
fn a_crash_leaves_all_of_a_document_or_nothing() {
    let erased = kept().copy();
    let mut store = erased.open().unwrap();
    assert!(
        store
            .erase_private_document(&commitment(), &erasure())
            .unwrap()
    );
    drop(store);
    let tombstone = fs::read(file(&erased)).unwrap();
    let whole = fs::read(file(&kept())).unwrap();
    assert!(!tombstone.windows(8).any(|part| DOCUMENT.starts_with(part)));
    assert!(!tombstone.windows(8).any(|part| part == [3; 8]));
    for before in [None, Some(&whole)] {
        let new = before.map_or(&whole, |_| &tombstone);
        for length in [0, 1, 24, 25, 40, new.len()] {
            let place = kept();
            fs::remove_file(file(&place)).unwrap();
            if let Some(before) = before {
                fs::write(file(&place), before).unwrap();
            }
            let half = file(&place).with_extension("new");
            fs::write(&half, new.get(..length).unwrap_or(new)).unwrap();
            let mut store = place.open().unwrap();
            assert!(!half.exists(), "what was half written is cleared away");
            let found = store.private_document(&commitment()).unwrap();
            assert_eq!(found.is_some(), before.is_some());
            // And what was to be done can be done again.
            match before {
                None => drop(store.put_private_document(&salt(), DOCUMENT).unwrap()),
                Some(_) => assert!(
                    store
                        .erase_private_document(&commitment(), &erasure())
                        .unwrap()
                ),
            }
            drop(store);
            let bytes = fs::read(file(&place)).unwrap();
            assert_eq!(&bytes, new);
        }
    }
}

#[test]
fn a_damaged_private_document_is_told_mended_or_erased() {
    let whole = fs::read(file(&kept())).unwrap();
    let mut flipped = whole.clone();
    flipped[30] ^= 1;
    for damaged in [
        &flipped[..],
        &whole[..whole.len() - 1],
        &whole[..40],
        b"",
        b"sanzi erased document 1\n{}",
    ] {
        let place = kept();
        fs::write(file(&place), damaged).unwrap();
        let mut store = place.open().unwrap();
        let error = store.private_document(&commitment()).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
        let copy = place.copy();
        store.put_private_document(&salt(), DOCUMENT).unwrap();
        assert!(store.private_document(&commitment()).unwrap().is_some());
        let mut store = copy.open().unwrap();
        assert!(
            store
                .erase_private_document(&commitment(), &erasure())
                .unwrap()
        );
        let error = store.private_document(&commitment()).unwrap_err();
        assert!(matches!(error, StoreError::Erased { .. }), "{error}");
        assert!(store.put_document(b"and it goes on").is_ok());
    }
}

#[test]
fn only_the_owner_may_enter_and_only_a_writer_may_change() {
    let place = kept();
    let mode = fs::metadata(place.file("private"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    let mut reader = place.read().unwrap();
    assert!(reader.private_document(&commitment()).unwrap().is_some());
    for refused in [
        reader.put_private_document(&salt(), b"x").map(|_| true),
        reader.erase_private_document(&commitment(), &erasure()),
    ] {
        assert!(matches!(refused, Err(StoreError::ReadOnly)), "{refused:?}");
    }
}
