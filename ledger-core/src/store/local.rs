//! The store of the embedded ledger: plain files, and sled for the index. (本地存储)
//!
//! ```text
//! <data>/FORMAT                  the version of this layout
//! <data>/LOCK                    held by the process that writes
//! <data>/<slug>/entries          each entry after its length in 16 bits, big endian
//! <data>/<slug>/offsets          where each entry ends, 64 bits, big endian
//! <data>/<slug>/tree/<level>     hashes, 32 bytes each: tile n is the bytes from 8192 · n of its level
//! <data>/<slug>/checkpoint       the newest published checkpoint, verbatim
//! <data>/<slug>/settled          up to where offsets and tree are certainly on the disk
//! <data>/<slug>/documents/<hex>  documents by their SHA-256
//! <data>/<slug>/private/<hex>    private documents by their commitment, for the owner only
//! <data>/<slug>/erased           private documents that entries say are erased, a line of JSON each
//! <data>/<slug>/documents.settled  up to where entries have been gone through for documents
//! <data>/<slug>/uploads/<member>/  documents that wait for their entry
//! <data>/<slug>/entries.torn-<n> bytes that an opening or a ledger cut off, kept for inspection
//! <data>/index/, index.clean     sled, disposable, and the digests of its files after a clean stop
//! <anchors>/<slug>.checkpoint    the newest published checkpoint again, in two slots
//! ```
//!
//! **Order of a commit.** An append writes `entries` and syncs it with one `fdatasync`; then it writes
//! offsets, hashes and index, none of them synced. A publication writes one slot of the anchor and syncs
//! it with one `fdatasync`; then it replaces `checkpoint`, not synced, for the anchor has the same bytes
//! and an opening puts them back. Every 65,536 entries, and at a clean stop, offsets and hashes are
//! synced and the mark `settled` moves forward.
//!
//! **After a failure** of any write or sync, the store takes no more writes until it is opened again:
//! what a disk holds after a failed sync is not known, and what memory shows is not what it holds.
//!
//! **Opening** after a clean stop reads no entries but those of the last, incomplete tile. After another
//! stop it reads the entries from `settled` on and the index is empty. Either way the tree has to give
//! the published root. Entries that were never published are kept if they are whole; the ledger above
//! judges them and drops them with [`Store::truncate_unpublished`].
//!
//! **Needs** a file system on which `fdatasync` and `fsync` mean what POSIX says, and Unix.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};

use self::anchor::{Anchor, Published};
use self::durable::Durability;
use self::folder::Shared;
use self::index::{Index, Reach};
use self::log::Log;
use super::{
    Batch, DocumentChanges, Erasure, MAX_CHECKPOINT_BYTES, PrivateDocument, Store, StoreError,
    StreamKind, StreamRecord, Touch, check_touches,
};
use crate::commitment::Salt;
use crate::hash::{Commitment, Digest, Hash};
use crate::name::StreamId;
use crate::tree::HashReader;

mod anchor;
mod documents;
mod durable;
mod folder;
mod index;
mod levels;
mod log;
mod private;
mod reader;
mod records;
mod recover;
mod settled;
mod settlement;
mod sled_folder;
mod uploads;
mod witnessed;

pub use self::folder::{LocalFolder, LocalOptions};
pub use self::reader::LocalReader;
pub use self::uploads::{DocumentName, Incoming, LocalDocuments};
pub use self::witnessed::WitnessFolder;

/// After how many entries the mark of [`Store::documents_settled`] moves, if nothing was done before.
const MARK_EVERY: u64 = 4096;

/// One ledger in a [`LocalFolder`].
#[derive(Debug)]
pub struct LocalStore {
    slug: String,
    folder: PathBuf,
    log: Arc<Log>,
    /// `None` if opened for reading only.
    anchor: Option<Anchor>,
    published: Arc<RwLock<Option<Published>>>,
    index: Index,
    indexed_size: u64,
    failed: Option<String>,
    gate: uploads::Gate,
    /// How far the entries have been gone through for documents, and how far the mark says.
    settled: u64,
    marked: u64,
    shared: Arc<Shared>,
}

impl Drop for LocalStore {
    fn drop(&mut self) {
        self.shared.release(&self.slug);
    }
}

impl LocalStore {
    fn open(shared: Arc<Shared>, slug: &str) -> Result<Self, StoreError> {
        let folder = shared.ledger_folder(slug);
        let anchor_path = shared.anchor_path(slug);
        let writable = !shared.options.read_only;
        if writable {
            durable::create_folder(&folder)?;
            durable::create_folder(&folder.join("documents"))?;
            private::open(&folder)?;
            settlement::enforce(&folder)?;
            uploads::open(&folder)?;
        } else if !folder.join("entries").exists() && !anchor_path.exists() {
            return Err(StoreError::NoLedger {
                slug: slug.to_owned(),
            });
        }
        let anchor = Anchor::open(&anchor_path, writable)?;
        let copy_path = folder.join("checkpoint");
        let copy = durable::read(&copy_path)?;
        if anchor.is_none() && writable && !shared.options.adopt_checkpoint {
            let entries = std::fs::metadata(folder.join("entries"));
            if copy.is_some() || entries.is_ok_and(|file| file.len() > 0) {
                return Err(StoreError::AnchorMissing { path: anchor_path });
            }
        }
        let anchored = anchor.as_ref().and_then(Anchor::published).cloned();
        let trusted = anchor.as_ref().is_some_and(|a| !a.in_doubt());
        let (published, witness) = match copy.clone().and_then(Published::new) {
            Some(copy) if !trusted && copy.size > anchored.as_ref().map_or(0, |p| p.size) => {
                (Some(copy), copy_path.clone())
            }
            _ => (anchored.clone(), anchor_path.clone()),
        };
        let wanted = recover::Wanted {
            published: published.as_ref(),
            witness: &witness,
            writable,
        };
        let log = recover::open(&folder, wanted)?;
        let mut store = Self {
            slug: slug.to_owned(),
            folder,
            log: Arc::new(log),
            anchor,
            published: Arc::new(RwLock::new(published.clone())),
            index: Index::Memory(Default::default()),
            indexed_size: 0,
            failed: None,
            gate: uploads::Gate::default(),
            settled: 0,
            marked: 0,
            shared,
        };
        if writable {
            durable::sync_folder(&store.folder)?;
            store.settle_anchor(&anchor_path, anchored, published, copy)?;
            store.open_index()?;
            store.settled = settlement::mark(&store.folder, store.published_size())?;
            store.marked = store.settled;
        }
        Ok(store)
    }

    /// Brings anchor and published file to what was found to be the newest.
    fn settle_anchor(
        &mut self,
        path: &std::path::Path,
        anchored: Option<Published>,
        published: Option<Published>,
        copy: Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        match &mut self.anchor {
            None => self.anchor = Some(Anchor::create(path, published.clone())?),
            Some(anchor) => {
                anchor.settle()?;
                if let Some(newer) = published.clone().filter(|_| published != anchored) {
                    anchor.advance(newer)?;
                }
            }
        }
        let newest = published.map(|p| p.checkpoint);
        match newest {
            Some(newest) if copy.as_ref() != Some(&newest) => {
                bearing_a_full_disk(self.write_copy(&newest))
            }
            _ => Ok(()),
        }
    }

    fn write_copy(&self, checkpoint: &[u8]) -> Result<(), StoreError> {
        let path = self.folder.join("checkpoint");
        durable::replace(&path, checkpoint, Durability::Lazy)
    }

    /// Takes the index if it reaches into this log, and no other; empties it otherwise. One that cannot
    /// be had, as after sled met a full disk, is kept in memory until the folder is opened again.
    fn open_index(&mut self) -> Result<(), StoreError> {
        let Some(sled) = &self.shared.sled else {
            return Ok(());
        };
        let Ok((index, reach)) = self.doubting(Index::open(sled.db(), &self.slug)) else {
            return Ok(());
        };
        self.index = index;
        match reach {
            None => Ok(()),
            Some(reach) if reach.size <= self.size() && self.reach(reach.size)? == reach => {
                self.indexed_size = reach.size;
                Ok(())
            }
            Some(_) => {
                let cleared = self.index.clear();
                if self.doubting(cleared).is_err() {
                    self.index = Index::Memory(Default::default());
                }
                Ok(())
            }
        }
    }

    fn reach(&self, size: u64) -> Result<Reach, StoreError> {
        let view = self.log.view();
        let root = log::load_frontier(&view.levels, size)?.root();
        Ok(Reach { size, root })
    }

    /// A handle that reads what is published, from any thread, without waiting for a sync.
    #[must_use]
    pub fn reader(&self) -> LocalReader {
        LocalReader::new(
            self.folder.clone(),
            Arc::clone(&self.log),
            Arc::clone(&self.published),
            Arc::clone(&self.gate),
        )
    }

    fn writable(&self) -> Result<(), StoreError> {
        if self.shared.options.read_only {
            return Err(StoreError::ReadOnly);
        }
        match &self.failed {
            None => Ok(()),
            Some(reason) => Err(StoreError::Failed {
                reason: reason.clone(),
            }),
        }
    }

    /// Lets a failed write be the last one.
    fn finally<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result
            && !matches!(error, StoreError::Erased { .. })
        {
            self.failed = Some(error.to_string());
            self.shared.index_in_doubt.store(true, Ordering::SeqCst);
        }
        result
    }

    /// Lets an index that cannot be read be thrown away at the next opening.
    fn doubting<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if result.is_err() {
            self.shared.index_in_doubt.store(true, Ordering::SeqCst);
        }
        result
    }

    fn check_size(&self, size: u64) -> Result<(), StoreError> {
        if size < self.published_size() {
            return Err(StoreError::Conflict {
                expected: size,
                found: self.published_size(),
            });
        }
        if size > self.size() {
            return Err(StoreError::OutOfRange {
                what: "entries",
                start: size,
                count: 0,
                size: self.size(),
            });
        }
        Ok(())
    }

    /// Parses a checkpoint that may be published for `size`.
    fn publishable(&self, size: u64, checkpoint: &[u8]) -> Result<Published, StoreError> {
        let malformed = |expected: String, found: String| StoreError::Malformed {
            what: "checkpoint",
            expected,
            found,
        };
        if checkpoint.len() > MAX_CHECKPOINT_BYTES {
            return Err(malformed(
                format!("at most {MAX_CHECKPOINT_BYTES} bytes"),
                checkpoint.len().to_string(),
            ));
        }
        let Some(new) = Published::new(checkpoint.to_vec()).filter(|new| new.size == size) else {
            return Err(malformed(
                format!("origin, size {size}, root"),
                String::from_utf8_lossy(checkpoint)
                    .chars()
                    .take(160)
                    .collect(),
            ));
        };
        self.check_size(size)?;
        match self.published() {
            Some(standing) if standing.size == size && standing.root != new.root => Err(malformed(
                format!("root {}, as published", standing.root),
                new.root.to_string(),
            )),
            _ => Ok(new),
        }
    }

    fn published(&self) -> Option<Published> {
        let published = self.published.read();
        published.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn commit(&mut self, batch: &Batch, frontier: crate::tree::Frontier) -> Result<(), StoreError> {
        let from = self.indexed_size;
        self.log.append(batch, frontier)?;
        self.add_to_index(from, &batch.touches)
    }

    fn add_to_index(&mut self, from: u64, touches: &[Vec<Touch>]) -> Result<(), StoreError> {
        self.index.add(from, touches)?;
        self.indexed_size = from + touches.len() as u64;
        match self.index.is_full() {
            true => self.flush_index(),
            false => Ok(()),
        }
    }

    fn flush_index(&mut self) -> Result<(), StoreError> {
        let reach = self.reach(self.indexed_size)?;
        self.index.flush(reach)
    }

    fn put_published(&mut self, new: Published) -> Result<(), StoreError> {
        let anchor = self.anchor.as_mut().ok_or(StoreError::ReadOnly)?;
        anchor.advance(new.clone())?;
        self.write_copy(&new.checkpoint)?;
        *self
            .published
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(new);
        Ok(())
    }

    /// A handle that reads documents and takes them in, from any thread.
    #[must_use]
    pub fn documents(&self) -> LocalDocuments {
        LocalDocuments::new(self.folder.clone(), Arc::clone(&self.gate))
    }

    fn settle(&mut self, through: u64, changes: &DocumentChanges) -> Result<(), StoreError> {
        let mut done = false;
        if !changes.is_empty() {
            let gate = Arc::clone(&self.gate);
            let mut arriving = gate.lock().unwrap_or_else(PoisonError::into_inner);
            done = uploads::take_in(&self.folder, &mut arriving, changes)?;
            if !changes.erased.is_empty() {
                settlement::erase(&self.folder, &changes.erased)?;
                done = true;
            }
        }
        self.settled = through;
        if done || through.saturating_sub(self.marked) >= MARK_EVERY {
            self.mark_settled()?;
        }
        Ok(())
    }

    fn mark_settled(&mut self) -> Result<(), StoreError> {
        if self.marked != self.settled {
            settlement::set_mark(&self.folder, self.settled)?;
            self.marked = self.settled;
        }
        Ok(())
    }

    fn cut(&mut self, size: u64) -> Result<(), StoreError> {
        self.log.truncate(size)?;
        if self.indexed_size > size {
            self.indexed_size = 0;
            self.index.clear()?;
        }
        Ok(())
    }
}

/// Goes on where only what can be made again could not be written for want of room: what is recorded can
/// then at least be read.
fn bearing_a_full_disk(written: Result<(), StoreError>) -> Result<(), StoreError> {
    match written {
        Err(StoreError::Full { .. }) => Ok(()),
        other => other,
    }
}

impl HashReader for LocalStore {
    type Error = StoreError;

    fn read_hashes(&self, level: u8, start: u64, count: usize) -> Result<Vec<Hash>, StoreError> {
        let view = self.log.view();
        view.levels.read(view.size, level, start, count)
    }
}

impl Store for LocalStore {
    fn size(&self) -> u64 {
        self.log.view().size
    }

    fn append(&mut self, expected_size: u64, batch: &Batch) -> Result<(), StoreError> {
        self.writable()?;
        let size = self.size();
        if expected_size != size {
            return Err(StoreError::Conflict {
                expected: expected_size,
                found: size,
            });
        }
        let frontier = self.log.check(batch)?;
        if self.indexed_size != size {
            return Err(StoreError::IndexBehind {
                indexed: self.indexed_size,
                size,
            });
        }
        if batch.entries.is_empty() {
            return Ok(());
        }
        let done = self.commit(batch, frontier);
        self.finally(done)
    }

    fn entries(&self, start: u64, count: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        self.log.entries(start, count)
    }

    fn checkpoint(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.published().map(|p| p.checkpoint))
    }

    fn published_size(&self) -> u64 {
        let published = self.published.read();
        let published = published.unwrap_or_else(PoisonError::into_inner);
        published.as_ref().map_or(0, |p| p.size)
    }

    fn publish(&mut self, size: u64, checkpoint: &[u8]) -> Result<(), StoreError> {
        self.writable()?;
        let new = self.publishable(size, checkpoint)?;
        let done = self.put_published(new);
        self.finally(done)
    }

    fn truncate_unpublished(&mut self, size: u64) -> Result<(), StoreError> {
        self.writable()?;
        self.check_size(size)?;
        let done = self.cut(size);
        self.finally(done)
    }

    fn stream(&self, stream: &StreamId) -> Result<Option<StreamRecord>, StoreError> {
        self.doubting(self.index.stream(stream))
    }

    fn streams(
        &self,
        kind: StreamKind,
        after: Option<&StreamId>,
        limit: usize,
    ) -> Result<Vec<StreamId>, StoreError> {
        self.doubting(self.index.streams(kind, after, limit))
    }

    fn indexed_size(&self) -> u64 {
        self.indexed_size
    }

    fn index(&mut self, from: u64, touches: &[Vec<Touch>]) -> Result<(), StoreError> {
        if !self.shared.options.read_only {
            self.writable()?;
        }
        if from != self.indexed_size {
            return Err(StoreError::Conflict {
                expected: from,
                found: self.indexed_size,
            });
        }
        let end = from.saturating_add(touches.len() as u64);
        if end > self.size() {
            return Err(StoreError::OutOfRange {
                what: "entries",
                start: from,
                count: touches.len() as u64,
                size: self.size(),
            });
        }
        check_touches(touches)?;
        let done = self.add_to_index(from, touches);
        self.finally(done)
    }

    fn reset_index(&mut self) -> Result<(), StoreError> {
        if !self.shared.options.read_only {
            self.writable()?;
        }
        self.indexed_size = 0;
        let done = self.index.clear();
        self.finally(done)
    }

    fn put_document(&mut self, document: &[u8]) -> Result<Digest, StoreError> {
        self.writable()?;
        let done = documents::put(&self.folder, document);
        self.finally(done)
    }

    fn document(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        documents::read(&self.folder, digest)
    }

    fn erase_document(&mut self, digest: &Digest) -> Result<bool, StoreError> {
        self.writable()?;
        let done = documents::erase(&self.folder, digest);
        self.finally(done)
    }

    fn put_private_document(
        &mut self,
        salt: &Salt,
        document: &[u8],
    ) -> Result<Commitment, StoreError> {
        self.writable()?;
        let done = private::put(&self.folder, salt, document);
        self.finally(done)
    }

    fn private_document(
        &self,
        commitment: &Commitment,
    ) -> Result<Option<PrivateDocument>, StoreError> {
        private::read(&self.folder, commitment)
    }

    fn erase_private_document(
        &mut self,
        commitment: &Commitment,
        erasure: &Erasure,
    ) -> Result<bool, StoreError> {
        self.writable()?;
        let done = private::erase(&self.folder, commitment, erasure);
        self.finally(done)
    }

    fn documents_settled(&self) -> u64 {
        self.settled.min(self.size())
    }

    fn settle_documents(
        &mut self,
        through: u64,
        changes: &DocumentChanges,
    ) -> Result<(), StoreError> {
        self.writable()?;
        let done = self.settle(through, changes);
        self.finally(done)
    }

    fn close(mut self) -> Result<(), StoreError> {
        if self.shared.options.read_only {
            return Ok(());
        }
        self.writable()?;
        let done = self.flush_index();
        self.finally(done)?;
        self.mark_settled()?;
        self.log.settle()
    }
}
