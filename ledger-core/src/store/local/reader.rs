//! Reading a ledger that another thread is writing.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use super::anchor::Published;
use super::documents;
use super::log::Log;
use super::uploads::{Gate, LocalDocuments};
use crate::hash::{Digest, Hash};
use crate::store::{StoreError, stored_hashes};
use crate::tree::HashReader;

/// Reads what is published of one ledger: a handle that any thread may clone and use while the
/// [`LocalStore`](super::LocalStore) appends. It never waits for a sync, and sees each publication once
/// it is complete.
#[derive(Debug, Clone)]
pub struct LocalReader {
    folder: PathBuf,
    log: Arc<Log>,
    published: Arc<RwLock<Option<Published>>>,
    gate: Gate,
}

impl LocalReader {
    pub(super) fn new(
        folder: PathBuf,
        log: Arc<Log>,
        published: Arc<RwLock<Option<Published>>>,
        gate: Gate,
    ) -> Self {
        Self {
            folder,
            log,
            published,
            gate,
        }
    }

    /// The newest published checkpoint and the size that it states; `None` if there is none.
    #[must_use]
    pub fn checkpoint(&self) -> Option<(u64, Vec<u8>)> {
        let published = self.published.read();
        let published = published.unwrap_or_else(PoisonError::into_inner);
        published.as_ref().map(|p| (p.size, p.checkpoint.clone()))
    }

    fn published_size(&self) -> u64 {
        let published = self.published.read();
        let published = published.unwrap_or_else(PoisonError::into_inner);
        published.as_ref().map_or(0, |p| p.size)
    }

    /// Reads exactly `count` published entries, each checked against its leaf hash.
    ///
    /// # Errors
    /// [`StoreError::OutOfRange`] if not all of them are published; [`StoreError::Corrupt`] if one does
    /// not have its leaf hash.
    pub fn entries(&self, start: u64, count: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        self.check_range("entries", self.published_size(), start, count)?;
        self.log.entries(start, count)
    }

    /// Reads a document, checked against its digest; `None` if it is not kept.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if what is kept has another digest.
    pub fn document(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        documents::read(&self.folder, digest)
    }

    /// Documents to be read and handed in by parts, private ones too: who may, the caller judges.
    #[must_use]
    pub fn documents(&self) -> LocalDocuments {
        LocalDocuments::new(self.folder.clone(), Arc::clone(&self.gate))
    }

    fn check_range(
        &self,
        what: &'static str,
        size: u64,
        start: u64,
        count: usize,
    ) -> Result<(), StoreError> {
        if start.saturating_add(count as u64) <= size {
            return Ok(());
        }
        Err(StoreError::OutOfRange {
            what,
            start,
            count: count as u64,
            size,
        })
    }
}

impl HashReader for LocalReader {
    type Error = StoreError;

    fn read_hashes(&self, level: u8, start: u64, count: usize) -> Result<Vec<Hash>, StoreError> {
        let available = stored_hashes(self.published_size(), level);
        self.check_range("hashes", available, start, count)?;
        let view = self.log.view();
        view.levels.read(view.size, level, start, count)
    }
}
