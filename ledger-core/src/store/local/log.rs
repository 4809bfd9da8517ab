//! The log of one ledger: entries, their offsets and the hashes of their tree.
//!
//! `entries` is nothing but the entries, each after its length in 16 bits, big endian: any full bundle of
//! tlog-tiles is a range of its bytes. `offsets` has for each entry where it ends, 64 bits, big endian.
//! Only `entries` is synced before an append returns; the others follow from it, and [`super::recover`]
//! makes good what a crash loses of them. Knows nothing of checkpoints.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::levels::Levels;
use super::records::Records;
use super::settled::Settled;
use crate::hash::Hash;
use crate::store::{Batch, MAX_ENTRY_BYTES, Remedy, StoreError};
use crate::tree::Frontier;

/// After so many entries what follows from them is synced, so that an opening after a crash has no more
/// than these to check.
const SETTLE_EVERY: u64 = 65_536;

/// The bytes before each entry.
pub(super) const PREFIX_BYTES: u64 = 2;

#[derive(Debug)]
pub(super) struct Log {
    pub(super) folder: PathBuf,
    pub(super) entries_path: PathBuf,
    /// `None` only when opened for reading and missing, which is an empty log.
    pub(super) entries: Option<File>,
    /// Syncing happens outside this lock, so that readers do not wait for the disk.
    pub(super) view: RwLock<View>,
}

/// What readers go by.
#[derive(Debug)]
pub(super) struct View {
    pub(super) size: u64,
    /// Bytes of the entries.
    pub(super) end: u64,
    pub(super) offsets: Records<8>,
    pub(super) levels: Levels,
    pub(super) frontier: Frontier,
    pub(super) settled: Settled,
}

impl View {
    /// Where the entry `index` starts, as far as `offsets` is right.
    pub(super) fn start_of(&self, index: u64) -> Result<u64, StoreError> {
        match index.checked_sub(1) {
            None => Ok(0),
            Some(before) => {
                let ends = self.offsets.read(before, 1)?;
                Ok(ends.first().map_or(0, |end| u64::from_be_bytes(*end)))
            }
        }
    }

    /// Adds what follows from entries that are on the disk.
    fn add(&mut self, batch: &Batch, frontier: Frontier) -> Result<(), StoreError> {
        let mut end = self.end;
        for entry in &batch.entries {
            end += PREFIX_BYTES + entry.len() as u64;
            self.offsets.push(end.to_be_bytes());
        }
        self.levels.push(&batch.nodes)?;
        self.offsets.flush()?;
        self.levels.flush()?;
        self.end = end;
        self.size = frontier.size();
        self.frontier = frontier;
        Ok(())
    }
}

impl Log {
    pub(super) fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn view_mut(&self) -> RwLockWriteGuard<'_, View> {
        self.view.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self) -> Result<&File, StoreError> {
        self.entries.as_ref().ok_or(StoreError::ReadOnly)
    }

    fn failed(&self, action: &'static str) -> impl FnOnce(std::io::Error) -> StoreError {
        let path = self.entries_path.clone();
        move |error| StoreError::io(action, path, error)
    }

    /// Checks that the hashes of a batch are those of its entries, and continue this tree; gives the
    /// edge of the tree after it.
    pub(super) fn check(&self, batch: &Batch) -> Result<Frontier, StoreError> {
        let view = self.view();
        batch.check(view.size)?;
        let mut frontier = view.frontier.clone();
        let leaves = batch.nodes.iter().filter(|(level, _)| *level == 0);
        let expected: Vec<_> = leaves.flat_map(|(_, leaf)| frontier.push(*leaf)).collect();
        let differs = expected.iter().zip(&batch.nodes).find(|(e, f)| e != f);
        match differs {
            None => Ok(frontier),
            Some((expected, found)) => Err(StoreError::Malformed {
                what: "hashes of a batch",
                expected: format!("{} at level {}", expected.1, expected.0),
                found: format!("{} at level {}", found.1, found.0),
            }),
        }
    }

    /// Appends a batch, with what [`Self::check`] gave for it. One `fdatasync`, of `entries`.
    pub(super) fn append(&self, batch: &Batch, frontier: Frontier) -> Result<(), StoreError> {
        let start = self.view().end;
        let bytes = batch.entries.iter().map(|e| e.len() + 2).sum();
        let mut buffer = Vec::with_capacity(bytes);
        for entry in &batch.entries {
            let length = u16::try_from(entry.len()).unwrap_or(u16::MAX);
            buffer.extend_from_slice(&length.to_be_bytes());
            buffer.extend_from_slice(entry);
        }
        let file = self.file()?;
        if let Err(error) = file.write_all_at(&buffer, start) {
            // A part of the batch would otherwise be taken for entries at the next opening. If this
            // fails too, it is, which the contract allows.
            let _ = file.set_len(start);
            return Err(self.failed("append to")(error));
        }
        file.sync_data().map_err(self.failed("sync"))?;
        let mut view = self.view_mut();
        view.add(batch, frontier)?;
        let due = view.size - view.settled.size >= SETTLE_EVERY;
        drop(view);
        if due { self.settle() } else { Ok(()) }
    }

    /// Syncs what follows from the entries and moves the mark forward.
    pub(super) fn settle(&self) -> Result<(), StoreError> {
        let mut pending = self.view_mut();
        pending.offsets.flush()?;
        pending.levels.flush()?;
        drop(pending);
        let view = self.view();
        let settled = Settled {
            size: view.size,
            bytes: view.end,
        };
        if settled == view.settled {
            return Ok(());
        }
        view.offsets.sync()?;
        view.levels.sync()?;
        settled.write(&self.folder)?;
        drop(view);
        self.view_mut().settled = settled;
        Ok(())
    }

    /// Drops the entries from `size` on, after copying them aside.
    pub(super) fn truncate(&self, size: u64) -> Result<(), StoreError> {
        let mut view = self.view_mut();
        if size == view.size {
            return Ok(());
        }
        let start = view.start_of(size)?;
        let file = self.file()?;
        move_aside(&self.folder, file, start, view.end)?;
        if view.settled.size > size {
            let settled = Settled { size, bytes: start };
            settled.write(&self.folder)?;
            view.settled = settled;
        }
        file.set_len(start)
            .and_then(|()| file.sync_data())
            .map_err(self.failed("truncate"))?;
        view.offsets.cut(size);
        view.levels.cut(size)?;
        view.offsets.flush()?;
        view.levels.flush()?;
        view.frontier = load_frontier(&view.levels, size)?;
        view.size = size;
        view.end = start;
        Ok(())
    }

    /// Reads entries, each checked against its leaf hash.
    pub(super) fn entries(&self, start: u64, count: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let view = self.view();
        let end = start.saturating_add(count as u64);
        if end > view.size {
            return Err(StoreError::OutOfRange {
                what: "entries",
                start,
                count: count as u64,
                size: view.size,
            });
        }
        let leaves = view.levels.raw(0, start, count)?;
        let from = view.start_of(start)?;
        let ends = view.offsets.read(start, count)?;
        drop(view);
        self.read_checked(start, from, &ends, &leaves)
    }

    fn read_checked(
        &self,
        first: u64,
        from: u64,
        ends: &[[u8; 8]],
        leaves: &[Hash],
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let lengths = self.lengths(first, from, ends)?;
        let mut bytes = vec![0; lengths.iter().map(|l| l + PREFIX_BYTES as usize).sum()];
        if let (Some(file), false) = (&self.entries, bytes.is_empty()) {
            let read = file.read_exact_at(&mut bytes, from);
            read.map_err(|error| self.unread(first, ends.len(), error))?;
        }
        let mut rest = &bytes[..];
        let mut entries = Vec::with_capacity(lengths.len());
        for ((index, length), leaf) in (first..).zip(lengths).zip(leaves) {
            let (prefix, tail) = rest.split_at(PREFIX_BYTES as usize);
            let (entry, tail) = tail.split_at(length);
            rest = tail;
            let found = Hash::leaf(entry);
            if usize::from(u16::from_be_bytes([prefix[0], prefix[1]])) != length || found != *leaf {
                return Err(self.corrupt_entry(index, leaf, &found));
            }
            entries.push(entry.to_vec());
        }
        Ok(entries)
    }

    /// The lengths of entries, from where they end.
    fn lengths(&self, first: u64, from: u64, ends: &[[u8; 8]]) -> Result<Vec<usize>, StoreError> {
        let mut position = from;
        let mut lengths = Vec::with_capacity(ends.len());
        for (index, end) in (first..).zip(ends) {
            let end = u64::from_be_bytes(*end);
            let span = end.checked_sub(position);
            let length = span.and_then(|span| span.checked_sub(PREFIX_BYTES));
            let length = length.and_then(|length| usize::try_from(length).ok());
            match length.filter(|length| (1..=MAX_ENTRY_BYTES).contains(length)) {
                Some(length) => lengths.push(length),
                None => {
                    return Err(StoreError::Corrupt {
                        file: self.folder.join("offsets"),
                        place: format!("entry {index}"),
                        expected: format!("3 to {} bytes after {position}", MAX_ENTRY_BYTES + 2),
                        found: end.to_string(),
                        remedy: Remedy::Rebuild,
                    });
                }
            }
            position = end;
        }
        Ok(lengths)
    }

    fn unread(&self, first: u64, count: usize, error: std::io::Error) -> StoreError {
        if error.kind() != std::io::ErrorKind::UnexpectedEof {
            return self.failed("read")(error);
        }
        StoreError::Corrupt {
            file: self.entries_path.clone(),
            place: format!("{count} entries from {first}, or their places in `offsets`"),
            expected: "bytes".to_owned(),
            found: "the end of the file".to_owned(),
            remedy: Remedy::Restore,
        }
    }

    pub(super) fn corrupt_entry(&self, index: u64, expected: &Hash, found: &Hash) -> StoreError {
        StoreError::Corrupt {
            file: self.entries_path.clone(),
            place: format!("entry {index}, or its place in `offsets`, or its hash in `tree/0`"),
            expected: format!("leaf hash {expected}"),
            found: found.to_string(),
            remedy: Remedy::Restore,
        }
    }
}

/// Reads the edge of the tree from hashes that are checked otherwise.
pub(super) fn load_frontier(levels: &Levels, size: u64) -> Result<Frontier, StoreError> {
    Frontier::load(&super::levels::Unchecked(levels), size).map_err(|error| match error {
        crate::tree::TreeError::Read(error) => error,
        other => StoreError::Backend {
            what: "tree",
            message: other.to_string(),
        },
    })
}

/// Copies the bytes of `entries` from `start` to `end` to a new file `entries.torn-<n>`, synced.
pub(super) fn move_aside(
    folder: &Path,
    file: &File,
    start: u64,
    end: u64,
) -> Result<(), StoreError> {
    let (path, mut aside) = (0_u32..)
        .map(|number| folder.join(format!("entries.torn-{number}")))
        .find_map(|path| match File::create_new(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => None,
            Err(error) => Some(Err(StoreError::io("create", &path, error))),
            Ok(file) => Some(Ok((path, file))),
        })
        .unwrap_or(Err(StoreError::Failed {
            reason: "no free name for entries.torn".to_owned(),
        }))?;
    copy(file, start, end, |bytes, _| {
        std::io::Write::write_all(&mut aside, bytes)
    })
    .and_then(|()| aside.sync_all())
    .map_err(|error| StoreError::io("copy to", &path, error))?;
    super::durable::sync_folder(folder)
}

/// Hands the bytes of the file from `start` to `end` to `sink`, piece by piece, with where each starts.
pub(super) fn copy(
    file: &File,
    start: u64,
    end: u64,
    mut sink: impl FnMut(&[u8], u64) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 1 << 20];
    let mut position = start;
    while position < end {
        let length = usize::try_from(end - position).map_or(buffer.len(), |l| l.min(buffer.len()));
        file.read_exact_at(&mut buffer[..length], position)?;
        sink(&buffer[..length], position)?;
        position += length as u64;
    }
    Ok(())
}
