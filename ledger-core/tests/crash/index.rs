//! The index: believed after a clean stop only, and thrown away rather than trusted.

use std::fs;
use std::path::{Path, PathBuf};

use ledger_core::hash::{Digest, Hash};
use ledger_core::name::StreamId;
use ledger_core::store::local::{LocalFolder, LocalOptions};
use ledger_core::store::{Batch, Store as _, StoreError, StreamKind};

use crate::village::{Place, SLUG, append, catch_up, closed, is_whole, publish, touches};

/// The opened index holds all of it or nothing, and after catching up it is right.
fn is_right_or_empty(place: &Place, size: u64) -> bool {
    let mut store = place.open().unwrap();
    let kept = store.indexed_size() == size;
    assert!(kept || store.indexed_size() == 0);
    catch_up(&mut store);
    let own = store.stream(&StreamId::Ledger).unwrap().unwrap().own;
    assert_eq!(own, (0..size).step_by(4).collect::<Vec<_>>());
    let transactions = store.streams(StreamKind::Transaction, None, 100).unwrap();
    assert_eq!(transactions.len(), 6);
    kept
}

#[test]
fn a_clean_stop_keeps_it() {
    assert!(is_right_or_empty(&closed(1000), 1000));
    let place = closed(1000);
    assert!(!place.data().join("index.broken-0").exists());
}

#[test]
fn any_other_stop_empties_it() {
    let place = closed(1000);
    // Opening removes the mark, also if nothing is written then.
    drop(place.open().unwrap());
    assert!(!is_right_or_empty(&place, 1000));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

#[test]
fn a_damaged_one_is_made_anew() {
    let clean = closed(100);
    let data = clean.data();
    for path in files(&data.join("index")) {
        let name = path.strip_prefix(&data).unwrap();
        let bytes = fs::read(&path).unwrap();
        let places = [0, bytes.len() / 3, bytes.len().saturating_sub(1)];
        for at in places.into_iter().filter(|at| *at < bytes.len()) {
            let place = clean.copy();
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            fs::write(place.data().join(name), &flipped).unwrap();
            assert!(!is_right_or_empty(&place, 100), "{name:?} {at}");
            let place = clean.copy();
            fs::write(place.data().join(name), &bytes[..at]).unwrap();
            assert!(!is_right_or_empty(&place, 100), "{name:?} {at}");
        }
        let place = clean.copy();
        fs::remove_file(place.data().join(name)).unwrap();
        assert!(!is_right_or_empty(&place, 100), "{name:?}");
    }
}

#[test]
fn a_missing_one_is_made_anew() {
    let place = closed(100);
    fs::remove_dir_all(place.data().join("index")).unwrap();
    assert!(!is_right_or_empty(&place, 100));
}

#[test]
fn left_over_snapshots_do_not_stand_in_the_way() {
    let place = closed(100);
    drop(place.open().unwrap());
    let snapshot = place.data().join("index/snap.0000000000000001.generating");
    fs::write(snapshot, b"part").unwrap();
    assert!(!is_right_or_empty(&place, 100));
}

/// Files that sled cannot open, listed as if a clean stop had left them.
#[test]
fn one_that_cannot_be_opened_is_set_aside() {
    let garbage: Vec<u8> = (0..600_000_u32)
        .map(|n| (n.wrapping_mul(n) >> 7) as u8)
        .collect();
    for name in ["db", "conf"] {
        let place = closed(100);
        let folder = place.data().join("index");
        fs::write(folder.join(name), &garbage).unwrap();
        let mut list = "sanzi index 1\n".to_owned();
        for path in files(&folder) {
            let bytes = fs::read(&path).unwrap();
            let name = path.strip_prefix(&folder).unwrap().display();
            list += &format!("{} {} {name}\n", Digest::of(&bytes), bytes.len());
        }
        fs::write(place.data().join("index.clean"), list).unwrap();
        assert!(!is_right_or_empty(&place, 100));
    }
}

/// The index of a log that has since been replaced by another one does not fit it, also if that one is
/// longer and has the same entries at the end.
#[test]
fn one_of_another_log_is_emptied() {
    let other = Place::new();
    let mut store = other.open().unwrap();
    let batch = Batch {
        entries: vec![b"other".to_vec()],
        nodes: vec![(0, Hash::leaf(b"other"))],
        touches: vec![touches(0)],
    };
    store.append(0, &batch).unwrap();
    append(&mut store, 119).unwrap();
    publish(&mut store).unwrap();
    store.close().unwrap();
    for (size, other) in [(90, closed(90)), (120, other)] {
        let place = closed(100);
        fs::remove_dir_all(place.data().join(SLUG)).unwrap();
        fs::remove_file(place.file("anchor")).unwrap();
        fs::rename(other.data().join(SLUG), place.data().join(SLUG)).unwrap();
        fs::rename(other.file("anchor"), place.file("anchor")).unwrap();
        assert!(!is_right_or_empty(&place, size));
    }
}

#[test]
fn a_ledger_cannot_grow_ahead_of_it() {
    let place = closed(100);
    drop(place.open().unwrap());
    let mut store = place.open().unwrap();
    let error = append(&mut store, 1).unwrap_err();
    assert!(matches!(
        error,
        StoreError::IndexBehind {
            indexed: 0,
            size: 100
        }
    ));
    catch_up(&mut store);
    append(&mut store, 1).unwrap();
    is_whole(&store, 101);
}

#[test]
fn ledgers_do_not_share_it() {
    let place = Place::new();
    let folder = LocalFolder::open(place.data(), LocalOptions::default()).unwrap();
    let mut one = folder.ledger(SLUG).unwrap();
    let mut two = folder.ledger("other").unwrap();
    append(&mut one, 5).unwrap();
    append(&mut two, 1).unwrap();
    one.reset_index().unwrap();
    assert_eq!(two.stream(&StreamId::Ledger).unwrap().unwrap().own, [0]);
    assert_eq!(one.stream(&StreamId::Ledger).unwrap(), None);
    assert!(matches!(folder.close(), Err(StoreError::StillOpen)));
}
