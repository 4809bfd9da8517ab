//! A file of records of one fixed length, with a tail that is still in memory.
//!
//! Used for what follows from the entries (offsets, hashes), so nothing here is synced unless asked.
//! Opened for reading only, the tail simply stays in memory.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use super::durable;
use crate::store::StoreError;

#[derive(Debug)]
pub(super) struct Records<const N: usize> {
    path: PathBuf,
    file: Option<File>,
    file_bytes: u64,
    stored: u64,
    pending: Vec<[u8; N]>,
}

impl<const N: usize> Records<N> {
    /// Opens the file, and makes it if `writable`. A missing file that may not be made is empty.
    pub(super) fn open(path: PathBuf, writable: bool) -> Result<Self, StoreError> {
        let file = durable::open(&path, writable)?;
        let file_bytes = match &file {
            Some(file) => file
                .metadata()
                .map_err(|error| StoreError::io("measure", &path, error))?
                .len(),
            None => 0,
        };
        Ok(Self {
            path,
            file,
            file_bytes,
            stored: file_bytes / N as u64,
            pending: Vec::new(),
        })
    }

    pub(super) fn len(&self) -> u64 {
        self.stored + self.pending.len() as u64
    }

    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Forgets the records from `len` on. The file keeps them until the next [`Self::flush`].
    pub(super) fn cut(&mut self, len: u64) {
        self.stored = self.stored.min(len);
        let pending = usize::try_from(len - self.stored).unwrap_or(usize::MAX);
        self.pending.truncate(pending);
    }

    pub(super) fn push(&mut self, record: [u8; N]) {
        self.pending.push(record);
    }

    /// Reads exactly `count` records.
    pub(super) fn read(&self, start: u64, count: usize) -> Result<Vec<[u8; N]>, StoreError> {
        let end = start.saturating_add(count as u64);
        if end > self.len() {
            return Err(StoreError::OutOfRange {
                what: "records",
                start,
                count: count as u64,
                size: self.len(),
            });
        }
        let from_file = usize::try_from(self.stored.saturating_sub(start)).unwrap_or(usize::MAX);
        let from_file = from_file.min(count);
        let mut records = self.read_file(start, from_file)?;
        let skipped = usize::try_from(start.saturating_sub(self.stored)).unwrap_or(usize::MAX);
        let rest = self.pending.iter().skip(skipped);
        records.extend(rest.take(count - from_file));
        Ok(records)
    }

    /// Reads exactly `count` records from the file, also those that were cut.
    pub(super) fn read_file(&self, start: u64, count: usize) -> Result<Vec<[u8; N]>, StoreError> {
        let mut bytes = vec![0; count * N];
        if let (Some(file), false) = (&self.file, bytes.is_empty()) {
            file.read_exact_at(&mut bytes, start * N as u64)
                .map_err(|error| StoreError::io("read", &self.path, error))?;
        }
        let (records, _) = bytes.as_chunks::<N>();
        Ok(records.to_vec())
    }

    /// Writes the tail that is in memory, without syncing.
    pub(super) fn flush(&mut self) -> Result<(), StoreError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let end = self.len() * N as u64;
        let mut written = Ok(());
        if self.file_bytes > end {
            written = file.set_len(end);
        }
        written
            .and_then(|()| file.write_all_at(self.pending.as_flattened(), self.stored * N as u64))
            .map_err(|error| StoreError::io("write", &self.path, error))?;
        self.file_bytes = end;
        self.stored = self.len();
        self.pending.clear();
        Ok(())
    }

    pub(super) fn sync(&self) -> Result<(), StoreError> {
        match &self.file {
            Some(file) => file
                .sync_data()
                .map_err(|error| StoreError::io("sync", &self.path, error)),
            None => Ok(()),
        }
    }
}
