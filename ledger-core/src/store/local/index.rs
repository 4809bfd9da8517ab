//! The index of one ledger: which entries bear on which stream.
//!
//! In sled, one tree a ledger, or in memory when the folder is opened for reading only. Disposable:
//! it is never synced, and whoever doubts it empties it and feeds it again from the entries. So what is
//! new may wait in memory until there is enough of it: a write to sled costs a third of a sync.
//!
//! Keys and values of the tree:
//!
//! ```text
//! m                             → size u64, root of the tree of that size (32 bytes)
//! h <kind> <id>                 → own u64, also u64, own indices past the last full chunk, also indices …
//! c <kind> <id> 0 <rel> <n u32> → the n-th full chunk of indices
//! ```
//!
//! Numbers are big endian, indices u64. There is no key for each entry: sled's memory and opening grow
//! with keys. A chunk is short because sled writes a value anew for each change and loses long ones.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::hash::Hash;
use crate::name::StreamId;
use crate::store::{Relation, StoreError, StreamKind, StreamRecord, Touch};

/// Indices in a full chunk.
const CHUNK: usize = 128;

/// Records that may wait in memory: few enough that writing them takes a few milliseconds.
const WAITING: usize = 256;

#[derive(Debug)]
pub(super) enum Index {
    Sled(Box<SledIndex>),
    Memory(BTreeMap<StreamId, StreamRecord>),
}

#[derive(Debug)]
pub(super) struct SledIndex {
    db: sled::Db,
    name: Box<str>,
    tree: sled::Tree,
    /// What the tree does not have yet, or has in an older form.
    heads: BTreeMap<StreamId, Head>,
    chunks: BTreeMap<Vec<u8>, Vec<u64>>,
}

/// How far the index in sled reaches, and in which log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach {
    pub(super) size: u64,
    /// The root of the log's tree of that size.
    pub(super) root: Hash,
}

impl Reach {
    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        bytes.extend_from_slice(self.root.as_bytes());
        bytes
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            size: u64::from_be_bytes(bytes.get(..8)?.try_into().ok()?),
            root: Hash::from_bytes(bytes.get(8..)?.try_into().ok()?),
        })
    }
}

/// Runs a call into sled, which panics on some damaged data.
pub(super) fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(broken(error.to_string())),
        Err(_) => Err(broken("panicked".to_owned())),
    }
}

fn broken(message: String) -> StoreError {
    StoreError::Backend {
        what: "index 索引",
        message,
    }
}

fn malformed() -> StoreError {
    broken("a record does not have its form".to_owned())
}

fn key(prefix: u8, stream: &StreamId) -> Vec<u8> {
    let (kind, id) = match stream {
        StreamId::Ledger => (0, ""),
        StreamId::Transaction(id) => (1, id.as_str()),
        StreamId::Concern(id) => (2, id.as_str()),
    };
    let mut key = vec![prefix, kind];
    key.extend_from_slice(id.as_bytes());
    key
}

fn stream_of(key: &[u8]) -> Result<StreamId, StoreError> {
    let id = key.get(2..).map(core::str::from_utf8);
    let (Some(kind), Some(Ok(id))) = (key.get(1), id) else {
        return Err(malformed());
    };
    let stream = match kind {
        0 if id.is_empty() => Some(StreamId::Ledger),
        1 => id.parse().ok().map(StreamId::Transaction),
        2 => id.parse().ok().map(StreamId::Concern),
        _ => None,
    };
    stream.ok_or_else(malformed)
}

fn chunk_key(stream: &StreamId, relation: Relation, number: usize) -> Vec<u8> {
    let mut key = key(b'c', stream);
    key.push(0);
    key.push(match relation {
        Relation::Own => 0,
        Relation::Also => 1,
    });
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

fn write_indices(bytes: &mut Vec<u8>, indices: &[u64]) {
    for index in indices {
        bytes.extend_from_slice(&index.to_be_bytes());
    }
}

fn read_indices(bytes: &[u8]) -> Result<Vec<u64>, StoreError> {
    let (indices, rest) = bytes.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(malformed());
    }
    Ok(indices.iter().map(|i| u64::from_be_bytes(*i)).collect())
}

/// One relation's indices: how many there are, and those past the last full chunk.
#[derive(Debug, Default)]
struct Tail {
    total: usize,
    tail: Vec<u64>,
}

#[derive(Debug, Default)]
struct Head {
    own: Tail,
    also: Tail,
}

impl Head {
    fn parse(bytes: &[u8]) -> Result<Self, StoreError> {
        let numbers = read_indices(bytes)?;
        let (Some(own), Some(also), Some(rest)) =
            (numbers.first(), numbers.get(1), numbers.get(2..))
        else {
            return Err(malformed());
        };
        let total = |n: &u64| usize::try_from(*n).map_err(|_| malformed());
        let (own, also) = (total(own)?, total(also)?);
        if rest.len() != own % CHUNK + also % CHUNK {
            return Err(malformed());
        }
        let (own_tail, also_tail) = rest.split_at(own % CHUNK);
        let tail = |total, tail: &[u64]| Tail {
            total,
            tail: tail.to_vec(),
        };
        Ok(Self {
            own: tail(own, own_tail),
            also: tail(also, also_tail),
        })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_indices(&mut bytes, &[self.own.total as u64, self.also.total as u64]);
        write_indices(&mut bytes, &self.own.tail);
        write_indices(&mut bytes, &self.also.tail);
        bytes
    }
}

impl Index {
    /// Opens, or makes, the ledger's tree; says how far it reaches, if it holds anything.
    pub(super) fn open(db: &sled::Db, name: &str) -> Result<(Self, Option<Reach>), StoreError> {
        let tree = guarded(|| db.open_tree(name))?;
        let reach = match guarded(|| tree.get(b"m"))? {
            None => None,
            Some(value) => Some(Reach::parse(&value).ok_or_else(malformed)?),
        };
        let index = SledIndex {
            db: db.clone(),
            name: name.into(),
            tree,
            heads: BTreeMap::new(),
            chunks: BTreeMap::new(),
        };
        Ok((Self::Sled(Box::new(index)), reach))
    }

    /// Adds the touches of the entries from `from` on.
    ///
    /// After an error it may hold a part of them.
    pub(super) fn add(&mut self, from: u64, touches: &[Vec<Touch>]) -> Result<(), StoreError> {
        let lines = (from..)
            .zip(touches)
            .flat_map(|(index, of_entry)| of_entry.iter().map(move |touch| (index, touch)));
        match self {
            Self::Memory(streams) => {
                for (index, touch) in lines {
                    let record = streams.entry(touch.stream.clone()).or_default();
                    match touch.relation {
                        Relation::Own => record.own.push(index),
                        Relation::Also => record.also.push(index),
                    }
                }
                Ok(())
            }
            Self::Sled(index) => {
                for (at, touch) in lines {
                    index.add(at, touch)?;
                }
                Ok(())
            }
        }
    }

    /// Whether so much waits in memory that it should be given to sled.
    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::Memory(_) => false,
            Self::Sled(index) => index.heads.len() + index.chunks.len() > WAITING,
        }
    }

    pub(super) fn clear(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Memory(streams) => streams.clear(),
            Self::Sled(index) => {
                index.heads.clear();
                index.chunks.clear();
                let (db, name) = (&index.db, index.name.as_bytes());
                index.tree = guarded(|| {
                    db.drop_tree(name)?;
                    db.open_tree(name)
                })?;
            }
        }
        Ok(())
    }

    /// Gives sled what has waited in memory, all or none of it; the tree then reaches `reach`.
    pub(super) fn flush(&mut self, reach: Reach) -> Result<(), StoreError> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::Sled(index) => index.flush(reach),
        }
    }

    pub(super) fn stream(&self, stream: &StreamId) -> Result<Option<StreamRecord>, StoreError> {
        match self {
            Self::Memory(streams) => Ok(streams.get(stream).cloned()),
            Self::Sled(index) => index.stream(stream),
        }
    }

    pub(super) fn streams(
        &self,
        kind: StreamKind,
        after: Option<&StreamId>,
        limit: usize,
    ) -> Result<Vec<StreamId>, StoreError> {
        let listed =
            |id: &&StreamId| StreamKind::of(id) == kind && after.is_none_or(|after| *id > after);
        match self {
            Self::Memory(streams) => {
                let listed = streams.keys().filter(listed);
                Ok(listed.take(limit).cloned().collect())
            }
            Self::Sled(index) => {
                let mut streams = index.streams_in_tree(kind, after, limit)?;
                let waiting = index.heads.keys().filter(listed);
                streams.extend(waiting.take(limit).cloned());
                streams.sort();
                streams.dedup();
                streams.truncate(limit);
                Ok(streams)
            }
        }
    }
}

impl SledIndex {
    fn add(&mut self, index: u64, touch: &Touch) -> Result<(), StoreError> {
        let head = match self.heads.entry(touch.stream.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => {
                let value = guarded(|| self.tree.get(key(b'h', &touch.stream)))?;
                vacant.insert(value.map_or(Ok(Head::default()), |v| Head::parse(&v))?)
            }
        };
        let indices = match touch.relation {
            Relation::Own => &mut head.own,
            Relation::Also => &mut head.also,
        };
        indices.tail.push(index);
        indices.total += 1;
        if indices.tail.len() == CHUNK {
            let number = indices.total / CHUNK - 1;
            let key = chunk_key(&touch.stream, touch.relation, number);
            self.chunks.insert(key, core::mem::take(&mut indices.tail));
        }
        Ok(())
    }

    fn flush(&mut self, reach: Reach) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for (key, indices) in &self.chunks {
            let mut chunk = Vec::new();
            write_indices(&mut chunk, indices);
            batch.insert(&key[..], chunk);
        }
        for (stream, head) in &self.heads {
            batch.insert(key(b'h', stream), head.to_bytes());
        }
        batch.insert(b"m", reach.to_bytes());
        guarded(|| self.tree.apply_batch(batch))?;
        self.heads.clear();
        self.chunks.clear();
        Ok(())
    }

    fn stream(&self, stream: &StreamId) -> Result<Option<StreamRecord>, StoreError> {
        let stored;
        let head = match self.heads.get(stream) {
            Some(head) => head,
            None => match guarded(|| self.tree.get(key(b'h', stream)))? {
                None => return Ok(None),
                Some(value) => {
                    stored = Head::parse(&value)?;
                    &stored
                }
            },
        };
        Ok(Some(StreamRecord {
            own: self.whole(stream, Relation::Own, &head.own)?,
            also: self.whole(stream, Relation::Also, &head.also)?,
        }))
    }

    fn whole(
        &self,
        stream: &StreamId,
        relation: Relation,
        tail: &Tail,
    ) -> Result<Vec<u64>, StoreError> {
        let mut indices = Vec::new();
        for number in 0..tail.total / CHUNK {
            let key = chunk_key(stream, relation, number);
            if let Some(chunk) = self.chunks.get(&key) {
                indices.extend(chunk);
                continue;
            }
            let value = guarded(|| self.tree.get(&key))?;
            let chunk = read_indices(&value.ok_or_else(malformed)?)?;
            if chunk.len() != CHUNK {
                return Err(malformed());
            }
            indices.extend(chunk);
        }
        indices.extend(&tail.tail);
        Ok(indices)
    }

    fn streams_in_tree(
        &self,
        kind: StreamKind,
        after: Option<&StreamId>,
        limit: usize,
    ) -> Result<Vec<StreamId>, StoreError> {
        let kind = match kind {
            StreamKind::Ledger => 0,
            StreamKind::Transaction => 1,
            StreamKind::Concern => 2,
        };
        let mut start = vec![b'h', kind];
        if let Some(after) = after {
            let mut next = key(b'h', after);
            next.push(0);
            start = start.max(next);
        }
        let end = vec![b'h', kind + 1];
        if start >= end {
            return Ok(Vec::new());
        }
        let keys: Vec<_> = guarded(|| {
            let keys = self.tree.range(start..end).keys();
            keys.take(limit).collect::<sled::Result<_>>()
        })?;
        keys.iter().map(|key| stream_of(key)).collect()
    }
}
