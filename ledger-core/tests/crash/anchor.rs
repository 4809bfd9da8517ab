//! The anchor: what it catches, and how it survives its own writes.

use std::fs;

use ledger_core::store::local::LocalOptions;
use ledger_core::store::{Store as _, StoreError};

use crate::village::{Place, append, catch_up, closed, is_whole, publish};

const SLOT: usize = 64 * 1024;

#[test]
fn an_old_backup_is_refused() {
    let place = closed(5);
    let backup = place.copy();
    let mut store = place.open().unwrap();
    catch_up(&mut store);
    append(&mut store, 5).unwrap();
    publish(&mut store).unwrap();
    store.close().unwrap();
    place.restore_data(&backup);
    for opened in [place.open(), place.read()] {
        let error = opened.unwrap_err();
        let known = matches!(
            &error,
            StoreError::Behind { witness, expected: 10, found: 5, .. }
                if witness.ends_with("village.checkpoint")
        );
        assert!(known, "{error}");
    }
    // So is one in which the ledger is missing altogether.
    fs::remove_dir_all(place.data().join("village")).unwrap();
    let error = place.open().unwrap_err();
    assert!(
        matches!(error, StoreError::Behind { found: 0, .. }),
        "{error}"
    );
}

#[test]
fn a_stale_checkpoint_is_replaced_by_the_anchored_one() {
    let place = closed(5);
    let stale = fs::read(place.file("checkpoint")).unwrap();
    let mut store = place.open().unwrap();
    catch_up(&mut store);
    append(&mut store, 5).unwrap();
    publish(&mut store).unwrap();
    let newest = store.checkpoint().unwrap().unwrap();
    drop(store);
    for content in [Some(&stale[..]), Some(b""), None] {
        match content {
            Some(content) => fs::write(place.file("checkpoint"), content).unwrap(),
            None => fs::remove_file(place.file("checkpoint")).unwrap(),
        }
        let reading = place.read().unwrap();
        assert_eq!(reading.checkpoint().unwrap().as_ref(), Some(&newest));
        let store = place.open().unwrap();
        assert_eq!(store.checkpoint().unwrap().as_ref(), Some(&newest));
        assert_eq!(fs::read(place.file("checkpoint")).unwrap(), newest);
    }
}

#[test]
fn a_missing_anchor_is_made_only_when_told_so() {
    let place = closed(5);
    fs::remove_file(place.file("anchor")).unwrap();
    let error = place.open().unwrap_err();
    assert!(matches!(error, StoreError::AnchorMissing { .. }), "{error}");
    is_whole(&place.read().unwrap(), 5);
    let adopting = LocalOptions {
        adopt_checkpoint: true,
        ..LocalOptions::default()
    };
    is_whole(&place.open_with(adopting).unwrap(), 5);
    assert_eq!(place.open().unwrap().published_size(), 5);
}

/// A slot that was being written holds any mixture of old and new; the other one stands.
#[test]
fn a_torn_write_leaves_the_publication_before() {
    let place = Place::new();
    let mut store = place.open().unwrap();
    for round in 1..=4 {
        append(&mut store, 1).unwrap();
        let before = fs::read(place.file("anchor")).unwrap();
        let old_copy = fs::read(place.file("checkpoint")).unwrap_or_default();
        publish(&mut store).unwrap();
        let after = fs::read(place.file("anchor")).unwrap();
        let copy = place.copy();
        fs::write(copy.file("checkpoint"), &old_copy).unwrap();
        let slot = (0..2)
            .find(|n| before[n * SLOT..(n + 1) * SLOT] != after[n * SLOT..(n + 1) * SLOT])
            .unwrap();
        let length = 300;
        for written in 0..length {
            let mut torn = before.clone();
            let range = slot * SLOT..slot * SLOT + written;
            torn[range.clone()].copy_from_slice(&after[range]);
            fs::write(copy.file("anchor"), &torn).unwrap();
            let found = copy.read().unwrap().published_size();
            let complete = torn == after;
            assert_eq!(found, if complete { round } else { round - 1 }, "{written}");
        }
    }
}

#[test]
fn a_damaged_newest_slot_is_made_good_from_the_published_file() {
    let mut place = closed(5);
    for slot in 0..2 {
        let anchor = fs::read(place.file("anchor")).unwrap();
        let damaged = place.copy();
        let mut bytes = anchor.clone();
        bytes[slot * SLOT + 20] ^= 4;
        fs::write(damaged.file("anchor"), &bytes).unwrap();
        assert_eq!(damaged.read().unwrap().published_size(), 5);
        let mut store = damaged.open().unwrap();
        assert_eq!(store.published_size(), 5);
        catch_up(&mut store);
        append(&mut store, 1).unwrap();
        publish(&mut store).unwrap();
        drop(store);
        fs::remove_file(damaged.file("checkpoint")).unwrap();
        assert_eq!(damaged.open().unwrap().published_size(), 6);
    }
    let mut bytes = fs::read(place.file("anchor")).unwrap();
    bytes[20] ^= 4;
    bytes[SLOT + 20] ^= 4;
    fs::write(place.file("anchor"), &bytes).unwrap();
    for opened in [place.open(), place.read()] {
        let error = opened.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    }
    place = closed(0);
    assert_eq!(place.open().unwrap().published_size(), 0);
}

#[test]
fn another_ledgers_data_do_not_have_the_anchored_root() {
    let place = closed(5);
    let other = Place::new();
    let mut store = other.open().unwrap();
    let root = ledger_core::hash::Hash::leaf(b"other");
    let batch = ledger_core::store::Batch {
        entries: vec![b"other".to_vec(); 1],
        nodes: vec![(0, root)],
        touches: vec![Vec::new()],
    };
    store.append(0, &batch).unwrap();
    append(&mut store, 5).unwrap();
    store.close().unwrap();
    fs::copy(other.file("entries"), place.file("entries")).unwrap();
    fs::remove_file(place.file("settled")).unwrap();
    for opened in [place.open(), place.read()] {
        let error = opened.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    }
}
