//! Whether a folder that was found after a fault still holds what somebody relies on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use ledger_core::event::LoggedEntry;
use ledger_core::hash::{Digest, Hash};
use ledger_core::ledger::Ledger;
use ledger_core::name::StreamId;
use ledger_core::state::touches;
use ledger_core::store::local::{DocumentName, LocalFolder, LocalOptions, LocalStore};
use ledger_core::store::{Store as _, StoreError, stated_tree};
use ledger_core::time::LogTime;
use ledger_core::tree;
use ledger_server::{STOP_FILE, SigningStop};

use crate::disk::Files;
use crate::scene::key;
use crate::session::{scratch, write_files};
use crate::told::Debt;
use crate::village::{Village, document, name_of};

/// How long an opening may take.
pub(crate) const OPENING: Duration = Duration::from_secs(2);

/// Says what is wrong unless it is so.
fn so(holds: bool, wrong: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(wrong()) }
}

fn system_time() -> LogTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    LogTime::from_unix(i64::try_from(since.unwrap().as_secs()).unwrap()).unwrap()
}

/// As [`check`], on a copy of a disk; also where it panics. A busy machine may be slow once, not three times.
pub(crate) fn check_copy(
    village: &Village,
    files: &Files,
    debts: &[Debt],
    goes_on: bool,
) -> Result<Duration, String> {
    let once = || {
        let folder = scratch();
        write_files(files, folder.path());
        let checked = catch_unwind(AssertUnwindSafe(|| {
            check(village, folder.path(), debts, goes_on)
        }));
        checked.unwrap_or_else(|_| Err("it panicked".to_owned()))
    };
    let is_slow = |took: &Result<Duration, String>| took.as_ref().is_ok_and(|took| *took > OPENING);
    let mut tries = std::iter::repeat_with(once);
    let found = tries.by_ref().take(3).find(|took| !is_slow(took));
    found.unwrap_or_else(|| Err(format!("opening took more than {OPENING:?}")))
}

/// Opens the data folder in `home` as a server would, and holds it against the debts; gives how long the opening
/// took. If it is to be gone on with, it is then written to, closed, and opened once more.
pub(crate) fn check(
    village: &Village,
    home: &Path,
    debts: &[Debt],
    goes_on: bool,
) -> Result<Duration, String> {
    let anchor = LocalFolder::anchor_file(&home.join("data.anchor"), "donglang");
    let anchored = LocalFolder::anchored(&anchor).map_err(|error| format!("anchor: {error}"))?;
    let anchored = anchored
        .and_then(|bytes| stated_tree(&bytes))
        .map_or(0, |(size, _)| size);
    for debt in debts {
        if let Debt::Checkpoint { size, .. } = debt {
            so(*size <= anchored, || {
                format!("a checkpoint of {size} is out, the anchor knows of {anchored}")
            })?;
        }
    }
    let begun = Instant::now();
    let (folder, ledger) = open(home)?;
    let took = begun.elapsed();
    let entries = entries(&ledger)?;
    owed(village, home, &ledger, &entries, debts)?;
    index(&ledger, &entries)?;
    if goes_on && stop(home).reason().is_none() {
        go_on(village, home, (folder, ledger), &entries)?;
    }
    Ok(took)
}

/// Whether what came back takes another entry, and a clean stop is one.
fn go_on(
    village: &Village,
    home: &Path,
    (folder, mut ledger): (LocalFolder, Ledger<LocalStore>),
    entries: &[Vec<u8>],
) -> Result<(), String> {
    let note = village.note(900_000);
    let receipt = ledger.append(&note, system_time());
    let index = receipt.map_err(|error| format!("append: {error}"))?.index;
    let size = ledger.size();
    ledger
        .into_store()
        .close()
        .map_err(|error| format!("close: {error}"))?;
    folder.close().map_err(|error| format!("close: {error}"))?;
    let (folder, again) = open(home)?;
    so(again.size() == size && index < size, || {
        format!("{} of {size} after a clean stop", again.size())
    })?;
    let found = self::entries(&again)?;
    so(found.starts_with(entries), || {
        "other entries after a clean stop".to_owned()
    })?;
    drop((again, folder));
    Ok(())
}

fn open(home: &Path) -> Result<(LocalFolder, Ledger<LocalStore>), String> {
    let folder = loop {
        match LocalFolder::open(home.join("data"), LocalOptions::default()) {
            // Another test's thread starts a process, which for a moment has the files that were just closed.
            Err(StoreError::Locked { .. }) => std::thread::yield_now(),
            opened => break opened.map_err(|error| format!("folder: {error}"))?,
        }
    };
    let store = folder.ledger("donglang");
    let store = store.map_err(|error| format!("store: {error}"))?;
    let ledger = Ledger::open(store, key(None), &mut |_, _| {});
    Ok((folder, ledger.map_err(|error| format!("ledger: {error}"))?))
}

fn entries(ledger: &Ledger<LocalStore>) -> Result<Vec<Vec<u8>>, String> {
    let size = usize::try_from(ledger.size()).unwrap();
    ledger
        .store()
        .entries(0, size)
        .map_err(|error| format!("entries: {error}"))
}

fn owed(
    village: &Village,
    home: &Path,
    ledger: &Ledger<LocalStore>,
    entries: &[Vec<u8>],
    debts: &[Debt],
) -> Result<(), String> {
    let mut places = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let logged =
            LoggedEntry::parse(entry).map_err(|error| format!("entry {index}: {error}"))?;
        let text = logged.signed.note().text().to_owned();
        let before = places.insert(text, index);
        so(before.is_none(), || {
            format!("entries {before:?} and {index} say the same")
        })?;
    }
    let named: BTreeSet<usize> = debts.iter().filter_map(receipted).collect();
    for debt in debts {
        match debt {
            Debt::Receipt { number, proof } => {
                let index = usize::try_from(proof.index()).unwrap();
                let entry = entries.get(index);
                let entry =
                    entry.ok_or_else(|| format!("event {number} is lost, entry {index}"))?;
                let verified = proof.verify(&Hash::leaf(entry), key(None).verifier());
                verified.map_err(|error| format!("receipt of event {number}: {error}"))?;
                let note = String::from_utf8(village.note(*number)).unwrap();
                let is_there = places
                    .iter()
                    .any(|(text, at)| *at == index && note.starts_with(text));
                so(is_there, || format!("event {number} is not entry {index}"))?;
            }
            Debt::Checkpoint { size, root } => {
                let found = tree::root(ledger.store(), *size);
                let found = found.map_err(|error| format!("checkpoint of {size}: {error}"))?;
                so(found == *root, || {
                    format!("another root of {size} was signed")
                })?;
            }
            Debt::Document { number } => kept(ledger.store(), *number, named.contains(number))?,
            Debt::Draft { id } => {
                let file = home.join(format!("data/donglang/desk/{id}.json"));
                let bytes = fs::read(&file).map_err(|error| format!("draft {id}: {error}"))?;
                let draft: Result<serde_json::Value, _> = serde_json::from_slice(&bytes);
                draft.map_err(|error| format!("draft {id}: {error}"))?;
            }
            Debt::Stopped => {
                so(stop(home).reason().is_some(), || {
                    "it would sign again".to_owned()
                })?;
            }
        }
    }
    Ok(())
}

fn stop(home: &Path) -> SigningStop {
    SigningStop::kept_in(home.join("data/donglang").join(STOP_FILE)).unwrap()
}

fn receipted(debt: &Debt) -> Option<usize> {
    match debt {
        Debt::Receipt { number, .. } => Some(*number),
        _ => None,
    }
}

/// Whether a document is kept, and in its place if the entry that names it stands.
fn kept(store: &LocalStore, number: usize, stands: bool) -> Result<(), String> {
    let name = name_of(number);
    let fault = |error| format!("document {number}: {error}");
    let found = match &name {
        DocumentName::Public(digest) => store.document(digest).map_err(fault)?,
        DocumentName::Private(commitment) => {
            let found = store.private_document(commitment).map_err(fault)?;
            found.map(|found| found.bytes.to_vec())
        }
    };
    match found {
        Some(bytes) => so(bytes == document(number), || {
            format!("document {number} is another")
        }),
        None if stands => Err(format!("document {number} is not in its place")),
        None => {
            let is_here = store.documents().is_here(&name).map_err(fault)?;
            so(is_here, || format!("document {number} is lost"))
        }
    }
}

/// Whether the index says what follows from the entries.
fn index(ledger: &Ledger<LocalStore>, entries: &[Vec<u8>]) -> Result<(), String> {
    let store = ledger.store();
    so(store.indexed_size() == store.size(), || {
        "the index is behind".to_owned()
    })?;
    let mut own: BTreeMap<StreamId, Vec<u64>> = BTreeMap::new();
    for (index, entry) in (0..).zip(entries) {
        let statement = LoggedEntry::parse(entry)
            .unwrap()
            .signed
            .statement()
            .clone();
        let stream = touches(&statement).remove(0);
        own.entry(stream).or_default().push(index);
    }
    for (stream, expected) in own {
        let found = store
            .stream(&stream)
            .map_err(|error| format!("index: {error}"))?;
        let found = found.map(|record| record.own);
        so(found.as_ref() == Some(&expected), || {
            format!("the index has {found:?} of {stream}, not {expected:?}")
        })?;
    }
    Ok(())
}

/// The digests of the files below a folder, to compare two of them.
pub(crate) fn print(files: &Files) -> Digest {
    let mut all = Vec::new();
    for (path, content) in files {
        all.extend_from_slice(path.to_str().unwrap().as_bytes());
        all.push(u8::from(content.is_some()));
        let content = content.as_deref().unwrap_or_default();
        all.extend_from_slice(Digest::of(content).as_bytes());
    }
    Digest::of(&all)
}
