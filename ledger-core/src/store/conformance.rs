//! The suite that every store passes: what the [contract](super::Store) promises, call by call.
//!
//! For the tests of whoever writes a store. It asks nothing of a store but the contract, knows no store,
//! and never panics: it says what was expected and what was found. What only a store's own kind of
//! damage can show (torn files, lost connections) is for that store's own tests.

use core::fmt::Debug;

use super::{
    Batch, MAX_CHECKPOINT_BYTES, MAX_ENTRY_BYTES, Relation, Store, StoreError, Touch, stored_hashes,
};
use crate::hash::{Digest, Hash};
use crate::name::StreamId;
use crate::tree::{self, Frontier};

/// Checks that the call is refused with this error, or returns the failure.
macro_rules! refused {
    ($rule:literal, $call:expr, $($variant:tt)+) => {
        refused($rule, $call, stringify!($($variant)+), |e| matches!(e, StoreError::$($variant)+))?
    };
}

mod against_memory;
mod index;
mod private;

/// Makes the stores for the suite, which uses one at a time.
pub trait Maker {
    /// The kind of store.
    type Store: Store;

    /// Makes an empty store, apart from all made before.
    fn make(&mut self) -> Self::Store;

    /// Ends this store, cleanly or not, and opens the same one again; `None` if nothing survives it.
    fn reopen(&mut self, store: Self::Store) -> Option<Self::Store> {
        drop(store);
        None
    }
}

impl<S: Store, F: FnMut() -> S> Maker for F {
    type Store = S;

    fn make(&mut self) -> S {
        self()
    }
}

/// The store does not keep the contract.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// A call gave something else than the contract says.
    #[error("{rule}: expected {expected}, found {found}")]
    Broken {
        /// What the contract says.
        rule: &'static str,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// A call failed that may not.
    #[error("a call failed that may not: {0}")]
    Store(#[from] StoreError),
}

/// Runs the whole suite.
///
/// # Errors
/// The first promise that is not kept.
pub fn run<M: Maker>(maker: &mut M) -> Result<(), Failure> {
    starts_empty(&mut maker.make())?;
    appends(&mut maker.make())?;
    compares_the_size(&mut maker.make())?;
    refuses_malformed_batches(&mut maker.make())?;
    takes_the_shortest_and_the_longest(&mut maker.make())?;
    refuses_ranges(&mut maker.make())?;
    keeps_hashes(&mut maker.make())?;
    index::finds_streams(&mut maker.make())?;
    index::lists_streams_by_pages(&mut maker.make())?;
    index::indexes_anew(&mut maker.make())?;
    publishes(&mut maker.make())?;
    refuses_checkpoints(&mut maker.make())?;
    drops_what_is_not_published(&mut maker.make())?;
    keeps_documents(&mut maker.make())?;
    private::keeps_and_erases(&mut maker.make())?;
    private::survives_reopening(maker)?;
    maker.make().close()?;
    against_memory::survives_reopening(maker)?;
    against_memory::behaves_as_in_memory(maker)
}

fn same<T: PartialEq + Debug>(rule: &'static str, expected: &T, found: &T) -> Result<(), Failure> {
    if expected == found {
        return Ok(());
    }
    let short = |value: &T| format!("{value:?}").chars().take(300).collect();
    Err(Failure::Broken {
        rule,
        expected: short(expected),
        found: short(found),
    })
}

/// Checks that the call is refused in this way.
fn refused<T: Debug>(
    rule: &'static str,
    result: Result<T, StoreError>,
    expected: &'static str,
    matches: impl FnOnce(&StoreError) -> bool,
) -> Result<(), Failure> {
    match result {
        Err(error) if matches(&error) => Ok(()),
        other => Err(Failure::Broken {
            rule,
            expected: expected.to_owned(),
            found: format!("{other:?}").chars().take(300).collect(),
        }),
    }
}

fn stream(text: &str) -> Result<StreamId, Failure> {
    text.parse().map_err(|_| Failure::Broken {
        rule: "the suite's own names are valid",
        expected: "a stream".to_owned(),
        found: text.to_owned(),
    })
}

/// An entry made from a number, of a length that follows from it.
fn entry(seed: u64) -> Vec<u8> {
    let length = 8 + seed.wrapping_mul(0x9e37_79b9) % 90;
    let mut bytes = seed.to_be_bytes().to_vec();
    bytes.resize(usize::try_from(length).unwrap_or(8), b'.');
    bytes
}

/// The touches of the entry that is made from a number.
fn touches(seed: u64) -> Result<Vec<Touch>, Failure> {
    let touch = |name: &str, relation| {
        Ok::<_, Failure>(Touch {
            stream: stream(name)?,
            relation,
        })
    };
    let mut touches = match seed % 5 {
        0 => vec![touch("ledger", Relation::Own)?],
        1 | 2 => vec![touch(
            &format!("transaction/t{}", seed % 11),
            Relation::Own,
        )?],
        _ => vec![touch(&format!("concern/c{}", seed % 7), Relation::Own)?],
    };
    if seed.is_multiple_of(3) {
        let name = format!("transaction/t{}", seed % 13 + 20);
        touches.push(touch(&name, Relation::Also)?);
    }
    // Many streams, so that a store cannot keep all of them at hand.
    if seed.is_multiple_of(2) {
        let name = format!("concern/w{}", seed % 601);
        touches.push(touch(&name, Relation::Also)?);
    }
    Ok(touches)
}

fn touches_of_entry(entry: &[u8]) -> Result<Vec<Touch>, Failure> {
    let seed = entry.get(..8).and_then(|b| b.try_into().ok());
    touches(seed.map_or(0, u64::from_be_bytes))
}

/// The batch of the entries made from these numbers.
fn batch(frontier: &mut Frontier, seeds: impl IntoIterator<Item = u64>) -> Result<Batch, Failure> {
    let mut batch = Batch::default();
    for seed in seeds {
        let entry = entry(seed);
        batch.nodes.extend(frontier.push(Hash::leaf(&entry)));
        batch.touches.push(touches(seed)?);
        batch.entries.push(entry);
    }
    Ok(batch)
}

/// Appends the entries made from these numbers.
fn append<S: Store>(
    store: &mut S,
    frontier: &mut Frontier,
    seeds: impl IntoIterator<Item = u64>,
) -> Result<(), Failure> {
    let size = frontier.size();
    let batch = batch(frontier, seeds)?;
    Ok(store.append(size, &batch)?)
}

/// Appends entries whose numbers are their indices, until the log has `size`.
fn append_until<S: Store>(
    store: &mut S,
    frontier: &mut Frontier,
    size: u64,
) -> Result<(), Failure> {
    let start = frontier.size();
    append(store, frontier, start..size)
}

fn filled<S: Store>(store: &mut S, size: u64) -> Result<Frontier, Failure> {
    let mut frontier = Frontier::new();
    append_until(store, &mut frontier, size)?;
    Ok(frontier)
}

/// A checkpoint as far as a store looks at it, of at least `length` bytes.
fn checkpoint(size: u64, root: &Hash, signature: &str, length: usize) -> Vec<u8> {
    let mut text = format!(
        "conformance.example/log\n{size}\n{}\n\n— conformance.example/log {signature}\n",
        root.to_base64()
    );
    while text.len() < length {
        text.insert(text.len() - 1, 'A');
    }
    text.into_bytes()
}

fn starts_empty<S: Store>(store: &mut S) -> Result<(), Failure> {
    same("a new store has no entries", &0, &store.size())?;
    same("a new store's index is empty", &0, &store.indexed_size())?;
    same("a new store has no checkpoint", &None, &store.checkpoint()?)?;
    same("nothing is published of it", &0, &store.published_size())?;
    same(
        "no stream is known",
        &None,
        &store.stream(&StreamId::Ledger)?,
    )?;
    let nothing: Vec<Vec<u8>> = Vec::new();
    same("no entries can be read", &nothing, &store.entries(0, 0)?)?;
    refused!("there is no entry 0", store.entry(0), OutOfRange { .. });
    store.append(0, &Batch::default())?;
    same("an empty batch changes nothing", &0, &store.size())
}

fn appends<S: Store>(store: &mut S) -> Result<(), Failure> {
    let mut frontier = Frontier::new();
    for seeds in [0..1, 1..4, 4..5, 5..40] {
        append(store, &mut frontier, seeds.clone())?;
        same("size counts what is appended", &seeds.end, &store.size())?;
        same("and so does the index", &seeds.end, &store.indexed_size())?;
    }
    for seed in 0..40 {
        same("entries are verbatim", &entry(seed), &store.entry(seed)?)?;
    }
    let expected: Vec<_> = (3..33).map(entry).collect();
    same("a range is in order", &expected, &store.entries(3, 30)?)
}

fn compares_the_size<S: Store>(store: &mut S) -> Result<(), Failure> {
    let mut frontier = filled(store, 3)?;
    let next = batch(&mut frontier, [3])?;
    for wrong in [0, 2, 4, u64::MAX] {
        refused!(
            "an append by another size is refused",
            store.append(wrong, &next),
            Conflict { found: 3, .. }
        );
    }
    same("and changes nothing", &3, &store.size())?;
    store.append(3, &next)?;
    refused!(
        "the same append again is refused",
        store.append(3, &next),
        Conflict { found: 4, .. }
    );
    same("and adds nothing", &4, &store.size())
}

fn refuses_malformed_batches<S: Store>(store: &mut S) -> Result<(), Failure> {
    let frontier = filled(store, 255)?;
    let good = batch(&mut frontier.clone(), [255, 256])?;
    let mut bad = vec![good.clone(); 10];
    bad[0].touches.pop();
    bad[1].touches.push(Vec::new());
    bad[2].touches[0].push(touches(255)?[0].clone());
    bad[3].nodes.pop();
    bad[4].nodes.push((0, Hash::ZERO));
    bad[5].nodes[0].1 = Hash::ZERO;
    bad[6].nodes.swap(0, 1);
    bad[7].nodes.remove(1);
    bad[8].entries[1] = Vec::new();
    bad[8].nodes[2].1 = Hash::leaf(b"");
    bad[9].entries[1] = vec![0; MAX_ENTRY_BYTES + 1];
    bad[9].nodes[2].1 = Hash::leaf(&bad[9].entries[1]);
    for batch in &bad {
        refused!(
            "a batch that does not fit together is refused",
            store.append(255, batch),
            Malformed { .. }
        );
        same("and changes nothing", &255, &store.size())?;
        same("nor the index", &255, &store.indexed_size())?;
    }
    store.append(255, &good)?;
    same("the good one is taken", &257, &store.size())
}

fn takes_the_shortest_and_the_longest<S: Store>(store: &mut S) -> Result<(), Failure> {
    let mut frontier = Frontier::new();
    let entries = vec![vec![0], vec![0; MAX_ENTRY_BYTES], vec![0xff; 2]];
    let leaves = entries.iter().map(|e| Hash::leaf(e));
    let batch = Batch {
        nodes: leaves.flat_map(|leaf| frontier.push(leaf)).collect(),
        touches: vec![Vec::new(); 3],
        entries: entries.clone(),
    };
    store.append(0, &batch)?;
    same("entries of any length", &entries, &store.entries(0, 3)?)
}

fn refuses_ranges<S: Store>(store: &mut S) -> Result<(), Failure> {
    filled(store, 300)?;
    for (start, count) in [(300, 1), (0, 301), (299, 2), (u64::MAX, 1), (301, 0)] {
        refused!(
            "entries beyond the end are refused",
            store.entries(start, count),
            OutOfRange { .. }
        );
        refused!(
            "and so are hashes",
            store.read_hashes(0, start, count),
            OutOfRange { .. }
        );
    }
    for (level, start, count) in [(1, 1, 1), (1, 0, 2), (2, 0, 1), (8, 0, 1), (255, 0, 1)] {
        refused!(
            "hashes that are not complete are refused",
            store.read_hashes(level, start, count),
            OutOfRange { .. }
        );
    }
    Ok(())
}

fn keeps_hashes<S: Store>(store: &mut S) -> Result<(), Failure> {
    let mut frontier = Frontier::new();
    let mut roots = vec![(0, frontier.root())];
    let mut levels: Vec<Vec<Hash>> = vec![Vec::new(); 8];
    for end in [1, 2, 100, 255, 256, 257, 511, 512, 513, 900] {
        let next = batch(&mut frontier.clone(), frontier.size()..end)?;
        for (level, hash) in &next.nodes {
            levels[usize::from(*level)].push(*hash);
        }
        append_until(store, &mut frontier, end)?;
        roots.push((end, frontier.root()));
        for (level, expected) in (0..).zip(&levels) {
            let count = usize::try_from(stored_hashes(end, level)).unwrap_or(usize::MAX);
            same(
                "hashes are kept",
                expected,
                &store.read_hashes(level, 0, count)?,
            )?;
        }
    }
    let across = levels[0][250..530].to_vec();
    let found = store.read_hashes(0, 250, 280)?;
    same("hashes are read across tiles", &across, &found)?;
    for (size, root) in roots {
        let found = tree::root(store, size).ok();
        same("every root can be made from them", &Some(root), &found)?;
    }
    Ok(())
}

fn publishes<S: Store>(store: &mut S) -> Result<(), Failure> {
    let mut frontier = Frontier::new();
    let empty = checkpoint(0, &frontier.root(), "AAAA", 0);
    store.publish(0, &empty)?;
    same(
        "an empty log may be published",
        &Some(empty),
        &store.checkpoint()?,
    )?;
    for end in [1, 2, 7, 300] {
        append_until(store, &mut frontier, end)?;
        let first = checkpoint(end, &frontier.root(), "AAAA", 0);
        store.publish(end, &first)?;
        same(
            "what was published is given out",
            &Some(first),
            &store.checkpoint()?,
        )?;
        let more = checkpoint(end, &frontier.root(), "BBBB", MAX_CHECKPOINT_BYTES);
        store.publish(end, &more)?;
        let found = store.checkpoint()?;
        same("and may be given more signatures", &Some(more), &found)?;
        same("and its size is known", &end, &store.published_size())?;
    }
    append(store, &mut frontier, 300..310)?;
    let part = tree::root(store, 305).unwrap_or(Hash::ZERO);
    store.publish(305, &checkpoint(305, &part, "AAAA", 0))?;
    same(
        "a part of the log may be published",
        &305,
        &store.published_size(),
    )
}

fn refuses_checkpoints<S: Store>(store: &mut S) -> Result<(), Failure> {
    let frontier = filled(store, 5)?;
    let root = frontier.root();
    let good = checkpoint(5, &root, "AAAA", 0);
    store.publish(5, &good)?;
    let long = checkpoint(5, &root, "AAAA", MAX_CHECKPOINT_BYTES + 1);
    let other = checkpoint(5, &Hash::ZERO, "AAAA", 0);
    let cases: [(u64, &[u8]); 7] = [
        (4, &good),
        (6, &good),
        (5, b""),
        (5, b"a\n5\n"),
        (5, b"a\n05\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"),
        (5, &long),
        (5, &other),
    ];
    for (size, bytes) in cases {
        refused!(
            "a checkpoint that does not fit is refused",
            store.publish(size, bytes),
            Malformed { .. }
        );
    }
    refused!(
        "the published size does not go back",
        store.publish(4, &checkpoint(4, &root, "AAAA", 0)),
        Conflict {
            expected: 4,
            found: 5
        }
    );
    refused!(
        "nothing is published that is not there",
        store.publish(6, &checkpoint(6, &root, "AAAA", 0)),
        OutOfRange { .. }
    );
    same("and nothing has changed", &Some(good), &store.checkpoint()?)
}

fn drops_what_is_not_published<S: Store>(store: &mut S) -> Result<(), Failure> {
    let mut frontier = filled(store, 250)?;
    store.publish(250, &checkpoint(250, &frontier.root(), "AAAA", 0))?;
    let kept = frontier.clone();
    append(store, &mut frontier, 250..520)?;
    refused!(
        "what is published is not dropped",
        store.truncate_unpublished(249),
        Conflict { found: 250, .. }
    );
    refused!(
        "what is not there is not dropped",
        store.truncate_unpublished(521),
        OutOfRange { .. }
    );
    store.truncate_unpublished(520)?;
    same("dropping nothing changes nothing", &520, &store.size())?;
    store.truncate_unpublished(250)?;
    same("the rest is dropped", &250, &store.size())?;
    refused!("and cannot be read", store.entry(250), OutOfRange { .. });
    refused!(
        "nor its hashes",
        store.read_hashes(0, 250, 1),
        OutOfRange { .. }
    );
    against_memory::catch_up(store)?;
    let mut frontier = kept;
    append(store, &mut frontier, 1000..1300)?;
    same("others take its place", &entry(1299), &store.entry(549)?)?;
    let root = tree::root(store, 550).ok();
    same("with their tree", &Some(frontier.root()), &root)?;
    let record = store.stream(&StreamId::Ledger)?.unwrap_or_default();
    let own: Vec<u64> = (0..250)
        .chain(1000..1300)
        .zip(0..)
        .filter_map(|(seed, index)| (seed % 5 == 0).then_some(index))
        .collect();
    same("and their streams", &own, &record.own)
}

fn keeps_documents<S: Store>(store: &mut S) -> Result<(), Failure> {
    let long: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    for document in [&b""[..], b"one", &long] {
        let digest = store.put_document(document)?;
        same("kept under its digest", &Digest::of(document), &digest)?;
        same("a second time too", &digest, &store.put_document(document)?)?;
        let found = store.document(&digest)?;
        same("and read again", &Some(document.to_vec()), &found)?;
    }
    let digest = Digest::of(b"one");
    same(
        "a document is erased",
        &true,
        &store.erase_document(&digest)?,
    )?;
    same("and is gone", &None, &store.document(&digest)?)?;
    let again = store.erase_document(&digest)?;
    same("and cannot be erased again", &false, &again)?;
    same(
        "others stay",
        &Some(long.clone()),
        &store.document(&Digest::of(&long))?,
    )
}
