//! Streams, their pages, and the index that is emptied and fed again.

use std::collections::BTreeMap;

use super::against_memory::streams_of;
use super::{Failure, append_until, batch, filled, refused, same, stream, touches};
use crate::name::StreamId;
use crate::store::{Relation, Store, StoreError, StreamKind, StreamRecord};
use crate::tree::Frontier;

pub(super) fn finds_streams<S: Store>(store: &mut S) -> Result<(), Failure> {
    let mut frontier = Frontier::new();
    let mut expected: BTreeMap<StreamId, StreamRecord> = Default::default();
    for seed in 0..2000_u64 {
        for touch in touches(seed)? {
            let record = expected.entry(touch.stream).or_default();
            match touch.relation {
                Relation::Own => record.own.push(seed),
                Relation::Also => record.also.push(seed),
            }
        }
    }
    for end in [1, 2, 700, 701, 2000] {
        append_until(store, &mut frontier, end)?;
    }
    for (stream, record) in expected {
        let found = store.stream(&stream)?;
        same("a stream's entries are found", &Some(record), &found)?;
    }
    for name in ["transaction/t", "transaction/t999", "concern/t1"] {
        same("no other stream is", &None, &store.stream(&stream(name)?)?)?;
    }
    Ok(())
}

pub(super) fn lists_streams_by_pages<S: Store>(store: &mut S) -> Result<(), Failure> {
    filled(store, 200)?;
    let mut all = Vec::new();
    for seed in 0..200 {
        all.extend(touches(seed)?.into_iter().map(|touch| touch.stream));
    }
    all.sort();
    all.dedup();
    for kind in [
        StreamKind::Ledger,
        StreamKind::Transaction,
        StreamKind::Concern,
    ] {
        let of_kind = |id: &&StreamId| StreamKind::of(id) == kind;
        let expected: Vec<_> = all.iter().filter(of_kind).cloned().collect();
        let found = store.streams(kind, None, 1000)?;
        same("streams are listed in order", &expected, &found)?;
        let mut paged: Vec<StreamId> = Vec::new();
        loop {
            let page = store.streams(kind, paged.last(), 3)?;
            if page.is_empty() {
                break;
            }
            same("a page is as long as asked", &true, &(page.len() <= 3))?;
            paged.extend(page);
        }
        same("pages join to the list", &expected, &paged)?;
        same(
            "no limit, no streams",
            &Vec::new(),
            &store.streams(kind, None, 0)?,
        )?;
        for after in ["ledger", "transaction/t2", "transaction/t3x", "concern/c4"] {
            let after = stream(after)?;
            let expected: Vec<_> = expected.iter().filter(|id| **id > after).cloned().collect();
            let found = store.streams(kind, Some(&after), 1000)?;
            same("a page starts after any name", &expected, &found)?;
        }
    }
    Ok(())
}

pub(super) fn indexes_anew<S: Store>(store: &mut S) -> Result<(), Failure> {
    let mut frontier = filled(store, 500)?;
    let before = streams_of(store)?;
    store.reset_index()?;
    same("an emptied index holds nothing", &0, &store.indexed_size())?;
    let none = streams_of(store)?;
    same("and no stream", &Vec::new(), &none)?;
    let next = batch(&mut frontier, [500])?;
    refused!(
        "an append ahead of the index is refused",
        store.append(500, &next),
        IndexBehind {
            indexed: 0,
            size: 500
        }
    );
    let lists: Vec<_> = (0..501).map(touches).collect::<Result<_, _>>()?;
    refused!(
        "the index starts where it ends",
        store.index(1, &lists[1..2]),
        Conflict { found: 0, .. }
    );
    refused!(
        "the index does not go past the log",
        store.index(0, &lists),
        OutOfRange { .. }
    );
    let twice = [vec![lists[0][0].clone(), lists[0][0].clone()]];
    refused!(
        "no stream twice in one entry",
        store.index(0, &twice),
        Malformed { .. }
    );
    store.index(0, &lists[..1])?;
    store.index(1, &lists[1..300])?;
    store.index(300, &[])?;
    same("the index is part of the way", &300, &store.indexed_size())?;
    store.index(300, &lists[300..500])?;
    let after = streams_of(store)?;
    same("the index is as it was", &before, &after)?;
    Ok(store.append(500, &next)?)
}
