//! Stores side by side with [`MemoryStore`], through long sequences of calls and through reopening.

use super::{Failure, Maker, append, checkpoint, same, touches_of_entry};
use crate::hash::Hash;
use crate::name::StreamId;
use crate::store::memory::MemoryStore;
use crate::store::{Store, StreamKind, StreamRecord, stored_hashes};
use crate::tree::{self, Frontier};

/// All streams with their records.
pub(super) fn streams_of<S: Store>(store: &S) -> Result<Vec<(StreamId, StreamRecord)>, Failure> {
    let mut all = Vec::new();
    for kind in [
        StreamKind::Ledger,
        StreamKind::Transaction,
        StreamKind::Concern,
    ] {
        let listed = store.streams(kind, None, usize::MAX)?;
        let mut paged: Vec<StreamId> = Vec::new();
        loop {
            let page = store.streams(kind, paged.last(), 50)?;
            if page.is_empty() {
                break;
            }
            paged.extend(page);
            same(
                "pages are no longer than all",
                &true,
                &(paged.len() <= listed.len()),
            )?;
        }
        same("pages join to the list", &listed, &paged)?;
        for stream in listed {
            let record = store.stream(&stream)?.unwrap_or_default();
            all.push((stream, record));
        }
    }
    Ok(all)
}

/// Feeds the index with what it lacks, as a ledger does after opening.
pub(super) fn catch_up<S: Store>(store: &mut S) -> Result<(), Failure> {
    while store.indexed_size() < store.size() {
        let from = store.indexed_size();
        let count = usize::try_from(store.size() - from).map_or(100, |rest| rest.min(100));
        let entries = store.entries(from, count)?;
        let lists: Vec<_> = entries
            .iter()
            .map(|entry| touches_of_entry(entry))
            .collect::<Result<_, _>>()?;
        store.index(from, &lists)?;
    }
    Ok(())
}

/// Checks that two stores say the same of everything.
fn equal<A: Store, B: Store>(expected: &A, found: &B) -> Result<(), Failure> {
    let size = expected.size();
    same("size", &size, &found.size())?;
    same("published", &expected.checkpoint()?, &found.checkpoint()?)?;
    let (a, b) = (expected.published_size(), found.published_size());
    same("published size", &a, &b)?;
    let count = usize::try_from(size).unwrap_or(usize::MAX);
    let (a, b) = (expected.entries(0, count)?, found.entries(0, count)?);
    same("entries", &a, &b)?;
    for level in 0..8 {
        let count = usize::try_from(stored_hashes(size, level)).unwrap_or(usize::MAX);
        let a = expected.read_hashes(level, 0, count)?;
        let b = found.read_hashes(level, 0, count)?;
        same("hashes", &a, &b)?;
    }
    let (a, b) = (expected.indexed_size(), found.indexed_size());
    same("indexed size", &a, &b)?;
    same("streams", &streams_of(expected)?, &streams_of(found)?)
}

pub(super) fn survives_reopening<M: Maker>(maker: &mut M) -> Result<(), Failure> {
    let mut model = MemoryStore::new();
    let mut store = maker.make();
    let mut frontier = Frontier::new();
    let mut seed = 0;
    let mut documents = Vec::new();
    for step in [0, 1, 2, 253, 1, 300, 5] {
        let before = frontier.clone();
        append(&mut model, &mut before.clone(), seed..seed + step)?;
        append(&mut store, &mut frontier, seed..seed + step)?;
        seed += step;
        documents.push(store.put_document(&seed.to_be_bytes())?);
        // Every other time the newest entries are left unpublished.
        if step % 2 == 1 {
            let bytes = checkpoint(seed, &frontier.root(), "AAAA", 0);
            model.publish(seed, &bytes)?;
            store.publish(seed, &bytes)?;
        }
        let Some(reopened) = maker.reopen(store) else {
            return Ok(());
        };
        store = reopened;
        catch_up(&mut store)?;
        equal(&model, &store)?;
        for digest in &documents {
            let found = store.document(digest)?.is_some();
            same("documents survive", &true, &found)?;
        }
    }
    Ok(())
}

/// A sequence of numbers that looks like chance and is the same every time (xorshift).
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

pub(super) fn behaves_as_in_memory<M: Maker>(maker: &mut M) -> Result<(), Failure> {
    for start in [1, 2, 3] {
        let mut sequence = Sequence(start);
        let mut model = MemoryStore::new();
        let mut store = maker.make();
        for round in 0..60 {
            step(&mut sequence, &mut model, &mut store)?;
            if round % 9 == 8 {
                match maker.reopen(store) {
                    Some(reopened) => store = reopened,
                    None => break,
                }
            }
            catch_up(&mut store)?;
            catch_up(&mut model)?;
            equal(&model, &store)?;
        }
    }
    Ok(())
}

/// Does the same to both stores.
fn step<A: Store, B: Store>(
    sequence: &mut Sequence,
    model: &mut A,
    store: &mut B,
) -> Result<(), Failure> {
    let size = model.size();
    let between = |sequence: &mut Sequence| {
        let published = model.published_size();
        published + sequence.below(size - published + 1)
    };
    match sequence.below(10) {
        0..=5 => {
            let length = [1, 2, 30, 256, 400][sequence.below(5) as usize];
            let seed = sequence.below(1 << 40);
            let frontier = Frontier::load(model, size).unwrap_or_default();
            append(model, &mut frontier.clone(), seed..seed + length)?;
            append(store, &mut frontier.clone(), seed..seed + length)
        }
        6 | 7 => {
            let at = between(sequence);
            let root = tree::root(model, at).unwrap_or(Hash::ZERO);
            let bytes = checkpoint(at, &root, "AAAA", sequence.below(3000) as usize);
            model.publish(at, &bytes)?;
            Ok(store.publish(at, &bytes)?)
        }
        8 => {
            let at = between(sequence);
            model.truncate_unpublished(at)?;
            Ok(store.truncate_unpublished(at)?)
        }
        _ => {
            model.reset_index()?;
            Ok(store.reset_index()?)
        }
    }
}
