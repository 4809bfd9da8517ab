//! The data folder: format, lock, slugs, and reading while another writes.

use std::fs;
use std::io::ErrorKind;

use ledger_core::name::StreamId;
use ledger_core::store::local::{LocalFolder, LocalOptions};
use ledger_core::store::{Store as _, StoreError};
use ledger_core::tree::HashReader as _;

use crate::village::{Place, SLUG, append, catch_up, closed, is_whole, publish};

fn open(place: &Place) -> Result<LocalFolder, StoreError> {
    LocalFolder::open(place.data(), LocalOptions::default())
}

#[test]
fn only_one_opens_it_for_writing() {
    let place = Place::new();
    let folder = open(&place).unwrap();
    let error = open(&place).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }));
    let message = error.to_string();
    assert!(message.contains("另一个程序") && message.contains("another process"));
    // A ledger holds the lock as well.
    let store = folder.ledger(SLUG).unwrap();
    drop(folder);
    open(&place).unwrap_err();
    drop(store);
    open(&place).unwrap();
}

#[test]
fn no_two_data_folders_share_anchors() {
    let (one, two) = (Place::new(), Place::new());
    let options = LocalOptions {
        anchor_folder: Some(one.0.path().join("anchors")),
        ..LocalOptions::default()
    };
    let _folder = LocalFolder::open(one.data(), options.clone()).unwrap();
    let error = LocalFolder::open(two.data(), options).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }));
}

#[test]
fn another_format_is_refused() {
    let place = closed(1);
    fs::write(place.data().join("FORMAT"), "sanzi data folder 2\n").unwrap();
    for opened in [place.open(), place.read()] {
        let error = opened.unwrap_err();
        let told = matches!(
            error,
            StoreError::TooNew {
                found: 2,
                newest: 1,
                ..
            }
        );
        assert!(told, "{error}");
    }
    fs::write(place.data().join("FORMAT"), "sanzi data folder 0\n").unwrap();
    let error = open(&place).unwrap_err();
    assert!(
        matches!(error, StoreError::TooOld { found: 0, .. }),
        "{error}"
    );
    fs::remove_file(place.data().join("FORMAT")).unwrap();
    let error = open(&place).unwrap_err();
    assert!(matches!(error, StoreError::Format { .. }));
    let homework = Place::new();
    fs::create_dir(homework.data()).unwrap();
    fs::write(homework.data().join("essay.txt"), "").unwrap();
    let error = open(&homework).unwrap_err();
    assert!(matches!(error, StoreError::Format { .. }));
    assert_eq!(fs::read_dir(homework.data()).unwrap().count(), 1);
}

#[test]
fn slugs_have_their_form() {
    let place = Place::new();
    let folder = open(&place).unwrap();
    let long = "a".repeat(129);
    for bad in [
        "", "index", "..", "a//b", "/a", "a/", "A", "a.b", "a+b", "a_b", &long,
    ] {
        let error = folder.ledger(bad).unwrap_err();
        assert!(
            matches!(error, StoreError::Malformed { .. }),
            "{bad}: {error}"
        );
    }
    let one = folder.ledger("district/donglang").unwrap();
    let error = folder.ledger("district/donglang").unwrap_err();
    assert!(matches!(error, StoreError::AlreadyOpen { .. }));
    drop(one);
    drop(folder.ledger("district/donglang").unwrap());
    drop(folder.ledger("district").unwrap());
    assert_eq!(folder.slugs().unwrap(), ["district", "district/donglang"]);
    // A ledger whose data are gone is still known by its anchor.
    fs::remove_dir_all(place.data().join("district")).unwrap();
    assert_eq!(folder.slugs().unwrap(), ["district", "district/donglang"]);
}

#[test]
fn an_auditor_reads_what_is_published_while_another_writes() {
    let place = Place::new();
    let mut store = place.open().unwrap();
    append(&mut store, 300).unwrap();
    publish(&mut store).unwrap();
    let before = place.digests();
    append(&mut store, 300).unwrap();
    let mut reading = place.read().unwrap();
    is_whole(&reading, 300);
    assert_eq!(reading.checkpoint().unwrap(), store.checkpoint().unwrap());
    assert_eq!(reading.indexed_size(), 0);
    catch_up(&mut reading);
    let stream = StreamId::Ledger;
    let mut expected = store.stream(&stream).unwrap().unwrap();
    expected.own.retain(|index| *index < 300);
    assert_eq!(reading.stream(&stream).unwrap(), Some(expected));
    for error in [
        append(&mut reading, 1).unwrap_err(),
        reading.put_document(b"").unwrap_err(),
        reading.truncate_unpublished(300).unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::ReadOnly), "{error}");
    }
    reading.reset_index().unwrap();
    drop(reading);
    drop(store);
    assert_eq!(before.len(), place.digests().len());
    let error = place
        .open_with(LocalOptions {
            read_only: true,
            anchor_folder: Some(place.0.path().join("none")),
            ..LocalOptions::default()
        })
        .map(|store| store.size());
    assert_eq!(error.unwrap(), 300);
    let folder = LocalFolder::open(
        place.data(),
        LocalOptions {
            read_only: true,
            ..LocalOptions::default()
        },
    )
    .unwrap();
    let error = folder.ledger("other").unwrap_err();
    assert!(matches!(error, StoreError::NoLedger { .. }));
}

#[test]
fn readers_in_other_threads_see_publications() {
    let place = Place::new();
    let mut store = place.open().unwrap();
    let reader = store.reader();
    assert_eq!(reader.checkpoint(), None);
    std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut last = 0;
            while last < 600 {
                let (size, _) = reader.checkpoint().unwrap_or_default();
                assert!(size >= last);
                last = size;
                let count = usize::try_from(size).unwrap();
                let entries = reader.entries(0, count).unwrap();
                assert_eq!(entries.len(), count);
                assert_eq!(reader.read_hashes(0, 0, count).unwrap().len(), count);
                assert!(reader.entries(size, 100_000).is_err());
            }
        });
        for _ in 0..60 {
            append(&mut store, 10).unwrap();
            publish(&mut store).unwrap();
        }
        watching.join().unwrap();
    });
}

#[test]
fn the_operating_systems_errors_are_told_apart() {
    let error = |kind: ErrorKind| StoreError::io("write", "a/b", kind.into());
    let full = error(ErrorKind::StorageFull);
    assert!(matches!(full, StoreError::Full { .. }));
    assert!(full.to_string().contains("磁盘已满") && full.to_string().contains("a/b"));
    assert!(matches!(
        error(ErrorKind::PermissionDenied),
        StoreError::Denied { .. }
    ));
    assert!(matches!(error(ErrorKind::NotFound), StoreError::Io { .. }));
}
