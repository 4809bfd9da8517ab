//! A store in memory: for tests, for demonstrations, and for reading a ledger that came from elsewhere.
//!
//! Nothing survives it. It keeps the contract in the plainest way and so serves as the model against
//! which other stores are read.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{
    Batch, DocumentChanges, Erasure, MAX_CHECKPOINT_BYTES, PrivateDocument, Relation, Remedy,
    Store, StoreError, StreamKind, StreamRecord, Touch, check_touches, stated_tree, stored_hashes,
};
use crate::commitment::Salt;
use crate::hash::{Commitment, Digest, Hash};
use crate::name::StreamId;
use crate::tree::HashReader;

/// One ledger, kept in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    entries: Vec<Vec<u8>>,
    levels: Vec<Vec<Hash>>,
    published: Option<(u64, Vec<u8>)>,
    streams: BTreeMap<StreamId, StreamRecord>,
    indexed_size: u64,
    documents: BTreeMap<Digest, Vec<u8>>,
    documents_settled: u64,
    private: BTreeMap<Commitment, Result<PrivateDocument, Erasure>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn range(
        &self,
        what: &'static str,
        available: u64,
        start: u64,
        count: usize,
    ) -> Result<core::ops::Range<usize>, StoreError> {
        let end = start.checked_add(count as u64);
        match (usize::try_from(start), end.map(usize::try_from)) {
            (Ok(from), Some(Ok(to))) if to as u64 <= available => Ok(from..to),
            _ => Err(StoreError::OutOfRange {
                what,
                start,
                count: count as u64,
                size: available,
            }),
        }
    }

    fn record(&mut self, touches: &[Vec<Touch>]) {
        for of_entry in touches {
            for touch in of_entry {
                let record = self.streams.entry(touch.stream.clone()).or_default();
                match touch.relation {
                    Relation::Own => record.own.push(self.indexed_size),
                    Relation::Also => record.also.push(self.indexed_size),
                }
            }
            self.indexed_size += 1;
        }
    }
}

impl HashReader for MemoryStore {
    type Error = StoreError;

    fn read_hashes(&self, level: u8, start: u64, count: usize) -> Result<Vec<Hash>, StoreError> {
        let range = self.range("hashes", stored_hashes(self.size(), level), start, count)?;
        let hashes = self.levels.get(usize::from(level)).map(|l| l.get(range));
        Ok(hashes.flatten().unwrap_or_default().to_vec())
    }
}

impl Store for MemoryStore {
    fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    fn append(&mut self, expected_size: u64, batch: &Batch) -> Result<(), StoreError> {
        if expected_size != self.size() {
            return Err(StoreError::Conflict {
                expected: expected_size,
                found: self.size(),
            });
        }
        batch.check(self.size())?;
        if self.indexed_size != self.size() {
            return Err(StoreError::IndexBehind {
                indexed: self.indexed_size,
                size: self.size(),
            });
        }
        self.entries.extend_from_slice(&batch.entries);
        for (level, hash) in &batch.nodes {
            let level = usize::from(*level);
            if self.levels.len() <= level {
                self.levels.resize_with(level + 1, Vec::new);
            }
            self.levels[level].push(*hash);
        }
        self.record(&batch.touches);
        Ok(())
    }

    fn entries(&self, start: u64, count: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let range = self.range("entries", self.size(), start, count)?;
        let entries = self.entries[range].to_vec();
        let leaves = self.read_hashes(0, start, count)?;
        for ((index, entry), leaf) in (start..).zip(&entries).zip(leaves) {
            let found = Hash::leaf(entry);
            if found != leaf {
                return Err(StoreError::Corrupt {
                    file: PathBuf::from("memory"),
                    place: format!("entry {index}"),
                    expected: leaf.to_string(),
                    found: found.to_string(),
                    remedy: Remedy::Restore,
                });
            }
        }
        Ok(entries)
    }

    fn checkpoint(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.published.as_ref().map(|(_, bytes)| bytes.clone()))
    }

    fn published_size(&self) -> u64 {
        self.published.as_ref().map_or(0, |(size, _)| *size)
    }

    fn publish(&mut self, size: u64, checkpoint: &[u8]) -> Result<(), StoreError> {
        let malformed = |expected: String, found: String| StoreError::Malformed {
            what: "checkpoint",
            expected,
            found,
        };
        let stated = stated_tree(checkpoint);
        let Some((_, root)) = stated.filter(|(stated, _)| *stated == size) else {
            return Err(malformed(format!("size {size}"), format!("{stated:?}")));
        };
        if checkpoint.len() > MAX_CHECKPOINT_BYTES {
            return Err(malformed(
                format!("at most {MAX_CHECKPOINT_BYTES} bytes"),
                checkpoint.len().to_string(),
            ));
        }
        if size < self.published_size() {
            return Err(StoreError::Conflict {
                expected: size,
                found: self.published_size(),
            });
        }
        self.range("entries", self.size(), size, 0)?;
        let before = self.published.as_ref().and_then(|(_, c)| stated_tree(c));
        if let Some((_, standing)) = before.filter(|b| b.0 == size && b.1 != root) {
            return Err(malformed(format!("root {standing}"), root.to_string()));
        }
        self.published = Some((size, checkpoint.to_vec()));
        Ok(())
    }

    fn truncate_unpublished(&mut self, size: u64) -> Result<(), StoreError> {
        if size < self.published_size() {
            return Err(StoreError::Conflict {
                expected: size,
                found: self.published_size(),
            });
        }
        let kept = self.range("entries", self.size(), size, 0)?;
        self.entries.truncate(kept.start);
        for (level, hashes) in (0..).zip(&mut self.levels) {
            let kept = usize::try_from(stored_hashes(size, level)).unwrap_or(usize::MAX);
            hashes.truncate(kept);
        }
        if self.indexed_size > size {
            for record in self.streams.values_mut() {
                record.own.retain(|index| *index < size);
                record.also.retain(|index| *index < size);
            }
            self.streams
                .retain(|_, record| *record != StreamRecord::default());
            self.indexed_size = size;
        }
        Ok(())
    }

    fn stream(&self, stream: &StreamId) -> Result<Option<StreamRecord>, StoreError> {
        Ok(self.streams.get(stream).cloned())
    }

    fn streams(
        &self,
        kind: StreamKind,
        after: Option<&StreamId>,
        limit: usize,
    ) -> Result<Vec<StreamId>, StoreError> {
        Ok(self
            .streams
            .keys()
            .filter(|id| StreamKind::of(id) == kind && after.is_none_or(|after| *id > after))
            .take(limit)
            .cloned()
            .collect())
    }

    fn indexed_size(&self) -> u64 {
        self.indexed_size
    }

    fn index(&mut self, from: u64, touches: &[Vec<Touch>]) -> Result<(), StoreError> {
        if from != self.indexed_size {
            return Err(StoreError::Conflict {
                expected: from,
                found: self.indexed_size,
            });
        }
        self.range("entries", self.size(), from, touches.len())?;
        check_touches(touches)?;
        self.record(touches);
        Ok(())
    }

    fn reset_index(&mut self) -> Result<(), StoreError> {
        self.streams.clear();
        self.indexed_size = 0;
        Ok(())
    }

    fn put_document(&mut self, document: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(document);
        self.documents.insert(digest, document.to_vec());
        Ok(digest)
    }

    fn document(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.documents.get(digest).cloned())
    }

    fn erase_document(&mut self, digest: &Digest) -> Result<bool, StoreError> {
        Ok(self.documents.remove(digest).is_some())
    }

    fn put_private_document(
        &mut self,
        salt: &Salt,
        document: &[u8],
    ) -> Result<Commitment, StoreError> {
        let commitment = Commitment::to(salt, document);
        if self.private_document(&commitment)?.is_none() {
            let document = PrivateDocument {
                bytes: document.to_vec().into(),
                salt: salt.clone(),
            };
            self.private.insert(commitment, Ok(document));
        }
        Ok(commitment)
    }

    fn private_document(
        &self,
        commitment: &Commitment,
    ) -> Result<Option<PrivateDocument>, StoreError> {
        match self.private.get(commitment) {
            None => Ok(None),
            Some(Ok(document)) => Ok(Some(document.clone())),
            Some(Err(erasure)) => Err(StoreError::Erased {
                commitment: *commitment,
                erasure: Box::new(erasure.clone()),
            }),
        }
    }

    fn erase_private_document(
        &mut self,
        commitment: &Commitment,
        erasure: &Erasure,
    ) -> Result<bool, StoreError> {
        if self.private_document(commitment)?.is_none() {
            return Ok(false);
        }
        self.private.insert(*commitment, Err(erasure.clone()));
        Ok(true)
    }

    fn documents_settled(&self) -> u64 {
        self.documents_settled
    }

    fn settle_documents(
        &mut self,
        through: u64,
        changes: &DocumentChanges,
    ) -> Result<(), StoreError> {
        for (commitment, erasure) in &changes.erased {
            let place = self.private.entry(*commitment);
            let place = place.or_insert_with(|| Err(erasure.clone()));
            if place.is_ok() {
                *place = Err(erasure.clone());
            }
        }
        self.documents_settled = through;
        Ok(())
    }

    fn close(self) -> Result<(), StoreError> {
        Ok(())
    }
}
