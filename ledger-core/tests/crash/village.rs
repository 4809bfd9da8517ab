//! The ledger that the tests damage.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use ledger_core::hash::{Digest, Hash};
use ledger_core::store::local::{LocalFolder, LocalOptions, LocalStore};
use ledger_core::store::{Batch, Relation, Store as _, StoreError, Touch};
use ledger_core::tree::{self, Frontier, HashReader as _};
use tempfile::TempDir;

pub(crate) const SLUG: &str = "village";

/// A place with a data folder and its anchors.
pub(crate) struct Place(pub(crate) TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// A file of the ledger; `anchor` stands for the one that is elsewhere.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        match name {
            "anchor" => self.0.path().join("data.anchor/village.checkpoint"),
            _ => self.data().join(SLUG).join(name),
        }
    }

    pub(crate) fn open(&self) -> Result<LocalStore, StoreError> {
        self.open_with(LocalOptions::default())
    }

    pub(crate) fn open_with(&self, options: LocalOptions) -> Result<LocalStore, StoreError> {
        LocalFolder::open(self.data(), options)?.ledger(SLUG)
    }

    pub(crate) fn read(&self) -> Result<LocalStore, StoreError> {
        self.open_with(LocalOptions {
            read_only: true,
            ..LocalOptions::default()
        })
    }

    /// What is there now, as a kill would leave it.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        copy_folder(self.0.path(), copy.0.path());
        copy
    }

    /// Puts the data folder of another place here, and leaves the anchors.
    pub(crate) fn restore_data(&self, backup: &Self) {
        fs::remove_dir_all(self.data()).unwrap();
        copy_folder(&backup.data(), &self.data());
    }

    /// The digests of the ledger's files and its anchor.
    pub(crate) fn digests(&self) -> Vec<(PathBuf, Digest)> {
        let mut digests = Vec::new();
        list(&self.data().join(SLUG), &mut digests);
        list(&self.0.path().join("data.anchor"), &mut digests);
        digests.sort();
        digests
    }
}

fn list(folder: &Path, digests: &mut Vec<(PathBuf, Digest)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => list(&path, digests),
            false => digests.push((path.clone(), Digest::of(&fs::read(&path).unwrap()))),
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

pub(crate) fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}{}", ".".repeat(index as usize % 3)).into_bytes()
}

pub(crate) fn touches(index: u64) -> Vec<Touch> {
    let stream = match index % 4 {
        0 => "ledger".to_owned(),
        _ => format!("transaction/{}", index % 6),
    };
    vec![Touch {
        stream: stream.parse().unwrap(),
        relation: Relation::Own,
    }]
}

pub(crate) fn append(store: &mut LocalStore, count: u64) -> Result<(), StoreError> {
    let size = store.size();
    let mut frontier = Frontier::load(store, size).unwrap();
    let mut batch = Batch::default();
    for index in size..size + count {
        batch.entries.push(entry(index));
        batch.nodes.extend(frontier.push(Hash::leaf(&entry(index))));
        batch.touches.push(touches(index));
    }
    store.append(size, &batch)
}

pub(crate) fn checkpoint(store: &LocalStore, size: u64) -> Vec<u8> {
    let root = tree::root(store, size).unwrap().to_base64();
    format!("village.example/log\n{size}\n{root}\n\n— village.example/log AAAA\n").into_bytes()
}

pub(crate) fn publish(store: &mut LocalStore) -> Result<(), StoreError> {
    let size = store.size();
    let checkpoint = checkpoint(store, size);
    store.publish(size, &checkpoint)
}

pub(crate) fn catch_up(store: &mut LocalStore) {
    let lists: Vec<_> = (store.indexed_size()..store.size()).map(touches).collect();
    store.index(store.indexed_size(), &lists).unwrap();
}

/// A closed ledger with that many entries, all of them published.
pub(crate) fn closed(size: u64) -> Place {
    let place = Place::new();
    let folder = LocalFolder::open(place.data(), LocalOptions::default()).unwrap();
    let mut store = folder.ledger(SLUG).unwrap();
    append(&mut store, size).unwrap();
    publish(&mut store).unwrap();
    store.close().unwrap();
    folder.close().unwrap();
    place
}

/// Reads everything; whatever is given out has to be what was put in. Says whether all of it was.
pub(crate) fn reads_right_or_not_at_all(store: &LocalStore) -> bool {
    let mut whole = true;
    let mut frontier = Frontier::new();
    let mut levels: Vec<Vec<Hash>> = vec![Vec::new(); 3];
    for index in 0..store.size() {
        whole &= right_or_corrupt(store.entry(index), &entry(index));
        for (level, hash) in frontier.push(Hash::leaf(&entry(index))) {
            levels[usize::from(level)].push(hash);
        }
    }
    for (level, hashes) in (0..).zip(levels) {
        for (tile, hashes) in (0..).zip(hashes.chunks(256)) {
            let found = store.read_hashes(level, tile * 256, hashes.len());
            whole &= right_or_corrupt(found, hashes);
        }
    }
    whole
}

fn right_or_corrupt<T: PartialEq + Debug>(found: Result<Vec<T>, StoreError>, right: &[T]) -> bool {
    match found {
        Ok(found) => assert_eq!(found, right),
        Err(StoreError::Corrupt { .. }) => return false,
        Err(other) => panic!("{other}"),
    }
    true
}

pub(crate) fn is_whole(store: &LocalStore, size: u64) {
    assert_eq!(store.size(), size);
    assert!(reads_right_or_not_at_all(store));
}
