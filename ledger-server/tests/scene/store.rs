//! A memory store that readers share with the writer, and that can be made to fail.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use ledger_core::commitment::Salt;
use ledger_core::hash::{Commitment, Digest, Hash};
use ledger_core::name::StreamId;
use ledger_core::store::memory::MemoryStore;
use ledger_core::store::{
    Batch, DocumentChanges, Erasure, PrivateDocument, Store, StoreError, StreamKind, StreamRecord,
    Touch,
};
use ledger_core::tree::HashReader;
use ledger_server::{PublishedReader, ServedStore};

/// One store in memory behind any number of handles.
#[derive(Clone, Default)]
pub(crate) struct SharedMemory {
    inner: Arc<RwLock<MemoryStore>>,
    /// Whether the disk is full.
    pub(crate) full: Arc<AtomicBool>,
    /// How many entries have been read.
    pub(crate) entries_read: Arc<AtomicU64>,
}

impl SharedMemory {
    fn read<T>(&self, read: impl FnOnce(&MemoryStore) -> T) -> T {
        read(&self.inner.read().unwrap())
    }

    fn write<T>(
        &self,
        write: impl FnOnce(&mut MemoryStore) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.full.load(Ordering::SeqCst) {
            let full = io::Error::from(io::ErrorKind::StorageFull);
            return Err(StoreError::io("write", "/secret/path", full));
        }
        write(&mut self.inner.write().unwrap())
    }
}

impl HashReader for SharedMemory {
    type Error = StoreError;

    fn read_hashes(&self, level: u8, start: u64, count: usize) -> Result<Vec<Hash>, StoreError> {
        self.read(|store| store.read_hashes(level, start, count))
    }
}

impl Store for SharedMemory {
    fn size(&self) -> u64 {
        self.read(MemoryStore::size)
    }

    fn append(&mut self, expected_size: u64, batch: &Batch) -> Result<(), StoreError> {
        self.write(|store| store.append(expected_size, batch))
    }

    fn entries(&self, start: u64, count: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let entries = self.read(|store| store.entries(start, count))?;
        let read = u64::try_from(entries.len()).unwrap();
        self.entries_read.fetch_add(read, Ordering::SeqCst);
        Ok(entries)
    }

    fn checkpoint(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(MemoryStore::checkpoint)
    }

    fn published_size(&self) -> u64 {
        self.read(MemoryStore::published_size)
    }

    fn publish(&mut self, size: u64, checkpoint: &[u8]) -> Result<(), StoreError> {
        self.write(|store| store.publish(size, checkpoint))
    }

    fn truncate_unpublished(&mut self, size: u64) -> Result<(), StoreError> {
        self.write(|store| store.truncate_unpublished(size))
    }

    fn stream(&self, stream: &StreamId) -> Result<Option<StreamRecord>, StoreError> {
        self.read(|store| store.stream(stream))
    }

    fn streams(
        &self,
        kind: StreamKind,
        after: Option<&StreamId>,
        limit: usize,
    ) -> Result<Vec<StreamId>, StoreError> {
        self.read(|store| store.streams(kind, after, limit))
    }

    fn indexed_size(&self) -> u64 {
        self.read(MemoryStore::indexed_size)
    }

    fn index(&mut self, from: u64, touches: &[Vec<Touch>]) -> Result<(), StoreError> {
        self.write(|store| store.index(from, touches))
    }

    fn reset_index(&mut self) -> Result<(), StoreError> {
        self.write(MemoryStore::reset_index)
    }

    fn put_document(&mut self, document: &[u8]) -> Result<Digest, StoreError> {
        self.write(|store| store.put_document(document))
    }

    fn document(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|store| store.document(digest))
    }

    fn erase_document(&mut self, digest: &Digest) -> Result<bool, StoreError> {
        self.write(|store| store.erase_document(digest))
    }

    fn put_private_document(
        &mut self,
        salt: &Salt,
        document: &[u8],
    ) -> Result<Commitment, StoreError> {
        self.write(|store| store.put_private_document(salt, document))
    }

    fn private_document(
        &self,
        commitment: &Commitment,
    ) -> Result<Option<PrivateDocument>, StoreError> {
        self.read(|store| store.private_document(commitment))
    }

    fn erase_private_document(
        &mut self,
        commitment: &Commitment,
        erasure: &Erasure,
    ) -> Result<bool, StoreError> {
        self.write(|store| store.erase_private_document(commitment, erasure))
    }

    fn documents_settled(&self) -> u64 {
        let settled = self.read(|store| Ok::<u64, StoreError>(store.documents_settled()));
        settled.unwrap_or_default()
    }

    fn settle_documents(
        &mut self,
        through: u64,
        changes: &DocumentChanges,
    ) -> Result<(), StoreError> {
        self.write(|store| store.settle_documents(through, changes))
    }

    fn close(self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl PublishedReader for SharedMemory {
    fn entries(&self, start: u64, count: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        Store::entries(self, start, count)
    }

    fn document(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        Store::document(self, digest)
    }
}

impl ServedStore for SharedMemory {
    fn reader(&self) -> Arc<dyn PublishedReader> {
        Arc::new(self.clone())
    }
}
