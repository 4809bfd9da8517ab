//! What a crash leaves at the end of the entries.

use std::fs;

use ledger_core::store::{Store as _, StoreError};

use crate::village::{Place, append, catch_up, closed, entry, is_whole, publish, touches};

/// Bytes of the first entries with their prefixes.
fn bytes(size: u64) -> u64 {
    (0..size).map(|index| 2 + entry(index).len() as u64).sum()
}

fn cut(place: &Place, name: &str, length: u64) {
    let file = fs::File::options()
        .write(true)
        .open(place.file(name))
        .unwrap();
    file.set_len(length).unwrap();
}

/// Ten entries published, three more appended, then killed.
fn killed() -> Place {
    let place = Place::new();
    let mut store = place.open().unwrap();
    append(&mut store, 10).unwrap();
    publish(&mut store).unwrap();
    append(&mut store, 3).unwrap();
    place.copy()
}

#[test]
fn nothing_is_lost_by_a_kill() {
    let place = Place::new();
    for round in 1..=6 {
        let mut store = place.open().unwrap();
        is_whole(&store, (round - 1) * 100);
        assert_eq!(store.published_size(), (round - 1) / 2 * 200);
        assert_eq!(store.indexed_size(), 0);
        catch_up(&mut store);
        append(&mut store, 99).unwrap();
        append(&mut store, 1).unwrap();
        if round % 2 == 0 {
            publish(&mut store).unwrap();
        }
        is_whole(&store, round * 100);
        is_whole(&place.copy().open().unwrap(), round * 100);
    }
}

#[test]
fn a_torn_commit_loses_only_what_is_not_published() {
    let killed = killed();
    let whole = fs::read(killed.file("entries")).unwrap();
    for length in bytes(10)..=bytes(13) {
        let place = killed.copy();
        cut(&place, "entries", length);
        let kept = (10..=13).rfind(|size| bytes(*size) <= length).unwrap();
        let mut store = place.open().unwrap();
        is_whole(&store, kept);
        assert_eq!(
            fs::metadata(place.file("entries")).unwrap().len(),
            bytes(kept)
        );
        let torn = fs::read(place.file("entries.torn-0")).unwrap_or_default();
        assert_eq!(torn, whole[bytes(kept) as usize..length as usize]);
        catch_up(&mut store);
        append(&mut store, 5).unwrap();
        publish(&mut store).unwrap();
        drop(store);
        is_whole(&place.open().unwrap(), kept + 5);
    }
}

#[test]
fn a_tail_that_is_no_entry_is_set_aside() {
    for tail in [&[0; 5000][..], &[0], &[0, 9, 1], &[0xff; 40_000]] {
        let place = killed();
        let mut entries = fs::read(place.file("entries")).unwrap();
        entries.extend_from_slice(tail);
        fs::write(place.file("entries"), &entries).unwrap();
        is_whole(&place.open().unwrap(), 13);
        assert_eq!(fs::read(place.file("entries.torn-0")).unwrap(), tail);
        is_whole(&place.open().unwrap(), 13);
        assert!(!place.file("entries.torn-1").exists());
    }
}

#[test]
fn published_entries_are_never_cut() {
    let clean = closed(10);
    for source in [&killed(), &clean] {
        let place = source.copy();
        let whole = fs::read(place.file("entries")).unwrap();
        for length in 0..bytes(10) {
            cut(&place, "entries", length);
            let before = place.digests();
            let boundary = (0..10).find(|size| bytes(*size) == length);
            for opened in [place.open(), place.read()] {
                match (opened.unwrap_err(), boundary) {
                    (
                        StoreError::Behind {
                            expected, found, ..
                        },
                        Some(size),
                    ) => {
                        assert_eq!(found, size);
                        assert!((10..=13).contains(&expected));
                    }
                    (StoreError::Corrupt { file, .. }, None) => {
                        assert_eq!(file.file_name().unwrap(), "entries");
                    }
                    (other, _) => panic!("{length}: {other}"),
                }
            }
            assert_eq!(place.digests(), before);
            fs::write(place.file("entries"), &whole).unwrap();
        }
    }
}

#[test]
fn a_lost_settled_entry_is_noticed() {
    let place = Place::new();
    let mut store = place.open().unwrap();
    append(&mut store, 10).unwrap();
    publish(&mut store).unwrap();
    append(&mut store, 3).unwrap();
    store.close().unwrap();
    cut(&place, "entries", bytes(12));
    let error = place.open().unwrap_err();
    let known = matches!(
        &error,
        StoreError::Behind { witness, expected: 13, found: 12, .. } if witness.ends_with("settled")
    );
    assert!(known, "{error}");
    // Whoever accepts the loss removes the mark.
    fs::remove_file(place.file("settled")).unwrap();
    is_whole(&place.open().unwrap(), 12);
}

#[test]
fn what_follows_from_the_entries_is_made_anew() {
    for source in [killed(), closed(600)] {
        let size = source.open().unwrap().size();
        for name in ["offsets", "tree/0", "tree/1", "settled"] {
            let length = fs::metadata(source.file(name)).map_or(0, |m| m.len());
            for kept in [
                None,
                Some(0),
                Some(length / 2),
                Some(length.saturating_sub(1)),
            ] {
                let place = source.copy();
                match kept {
                    _ if !place.file(name).exists() => continue,
                    None => fs::remove_file(place.file(name)).unwrap(),
                    Some(kept) => cut(&place, name, kept),
                }
                is_whole(
                    &place.read().unwrap(),
                    place.read().unwrap().published_size(),
                );
                is_whole(&place.open().unwrap(), size);
                is_whole(&place.open().unwrap(), size);
            }
        }
        let place = source.copy();
        fs::remove_dir_all(place.file("tree")).unwrap();
        is_whole(&place.open().unwrap(), size);
    }
}

/// After a power loss offsets and hashes may have their length and zeros in it.
#[test]
fn unsettled_offsets_and_hashes_are_not_believed() {
    let killed = killed();
    for name in ["offsets", "tree/0"] {
        let place = killed.copy();
        let length = fs::metadata(place.file(name)).unwrap().len() as usize;
        fs::write(place.file(name), vec![0; length]).unwrap();
        is_whole(&place.read().unwrap(), 10);
        is_whole(&place.open().unwrap(), 13);
    }
}

#[test]
fn a_ledger_may_drop_what_it_cannot_admit() {
    let place = killed();
    let mut store = place.open().unwrap();
    catch_up(&mut store);
    let error = store.truncate_unpublished(9).unwrap_err();
    assert!(matches!(error, StoreError::Conflict { found: 10, .. }));
    store.truncate_unpublished(11).unwrap();
    is_whole(&store, 11);
    let aside = fs::read(place.file("entries.torn-0")).unwrap();
    assert_eq!(aside.len() as u64, bytes(13) - bytes(11));
    drop(store);
    let mut store = place.open().unwrap();
    is_whole(&store, 11);
    let lists: Vec<_> = (0..11).map(touches).collect();
    store.index(0, &lists).unwrap();
}

#[test]
fn a_failed_write_is_the_last_one() {
    let place = Place::new();
    let mut store = place.open().unwrap();
    append(&mut store, 255).unwrap();
    publish(&mut store).unwrap();
    // The 256th entry needs a file for level 1, which cannot be made.
    fs::create_dir(place.file("tree/1")).unwrap();
    append(&mut store, 3).unwrap_err();
    assert_eq!(store.size(), 255);
    for error in [
        append(&mut store, 1).unwrap_err(),
        publish(&mut store).unwrap_err(),
        store.put_document(b"").unwrap_err(),
        store.truncate_unpublished(255).unwrap_err(),
        store.reset_index().unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Failed { .. }), "{error}");
    }
    is_whole(&store, 255);
    assert!(matches!(store.close(), Err(StoreError::Failed { .. })));
    fs::remove_dir(place.file("tree/1")).unwrap();
    // The entries had been synced: they stand, although nobody was told so.
    is_whole(&place.open().unwrap(), 258);
}

#[test]
fn a_publication_that_fails_may_stand() {
    let place = Place::new();
    let mut store = place.open().unwrap();
    append(&mut store, 2).unwrap();
    fs::create_dir(place.file("checkpoint.new")).unwrap();
    publish(&mut store).unwrap_err();
    assert_eq!(store.published_size(), 0);
    assert!(matches!(
        append(&mut store, 1),
        Err(StoreError::Failed { .. })
    ));
    drop(store);
    fs::remove_dir(place.file("checkpoint.new")).unwrap();
    assert_eq!(place.open().unwrap().published_size(), 2);
    assert!(place.file("checkpoint").exists());
}
