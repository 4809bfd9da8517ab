//! Opening a log: the way back after a crash is the only way in.
//!
//! Up to the settled mark the files are taken as they are, if their lengths fit. From there on the
//! entries are read, and offsets and hashes are made from them again. What comes out has to reach the
//! number of entries that the anchor and the mark know of, and has to have the published root; only then
//! is anything written: a torn tail is copied aside and cut off, entries that were never published are
//! written and synced once more (after a failed sync they may have been read from memory only), and the
//! rest is written and settled.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::RwLock;

use super::anchor::Published;
use super::bearing_a_full_disk;
use super::durable;
use super::levels::{Levels, Unchecked};
use super::log::{Log, PREFIX_BYTES, View, copy, load_frontier, move_aside};
use super::records::Records;
use super::settled::{self, Settled};
use crate::hash::Hash;
use crate::store::{MAX_ENTRY_BYTES, Remedy, StoreError};
use crate::tree::{self, TreeError};

/// So many entries are made good in memory before a part of it is written, when all of a large ledger
/// has to be made anew. (Offsets and hashes only, which follow from the entries.)
const PENDING_LIMIT: usize = 1 << 20;

/// How much of the entries is read at once.
const PIECE_BYTES: usize = 1 << 20;

/// What the opening is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// The newest published checkpoint, and the file that it was found in.
    pub(super) published: Option<&'a Published>,
    pub(super) witness: &'a Path,
    pub(super) writable: bool,
}

impl Wanted<'_> {
    fn published_size(&self) -> u64 {
        self.published.map_or(0, |p| p.size)
    }
}

/// Opens the log in `folder`, and makes good what a crash left. For reading only, the log ends with the
/// published size and no file is changed.
pub(super) fn open(folder: &Path, wanted: Wanted<'_>) -> Result<Log, StoreError> {
    let settled = Settled::read(folder)?;
    let entries_path = folder.join("entries");
    let entries = durable::open(&entries_path, wanted.writable)?;
    let length = match &entries {
        Some(file) => file
            .metadata()
            .map_err(|error| StoreError::io("measure", &entries_path, error))?
            .len(),
        None => 0,
    };
    let offsets = Records::open(folder.join("offsets"), wanted.writable)?;
    let levels = Levels::open(folder.join("tree"), wanted.writable)?;
    let mut opening = Opening {
        folder: folder.to_owned(),
        entries_path,
        entries,
        length,
        wanted,
        floor: wanted.published_size(),
        witness: wanted.witness.to_owned(),
        mark_is_stale: false,
        view: View {
            size: 0,
            end: 0,
            offsets,
            levels,
            frontier: tree::Frontier::new(),
            settled,
        },
    };
    if settled.size > opening.floor && wanted.writable {
        opening.floor = settled.size;
        opening.witness = folder.join(settled::NAME);
    }
    opening.take_settled()?;
    opening.check_edge()?;
    opening.scan()?;
    opening.check_reach()?;
    opening.check_root()?;
    opening.finish()
}

struct Opening<'a> {
    folder: PathBuf,
    entries_path: PathBuf,
    entries: Option<File>,
    length: u64,
    wanted: Wanted<'a>,
    /// The number of entries that are known to have existed, and what says so.
    floor: u64,
    witness: PathBuf,
    /// Whether the mark on the disk vouches for more than is there.
    mark_is_stale: bool,
    view: View,
}

impl Opening<'_> {
    /// Takes the files as they are up to the mark, if they can be; otherwise everything is made anew.
    /// For reading only, the log ends with what is published.
    fn take_settled(&mut self) -> Result<(), StoreError> {
        let settled = self.view.settled;
        let fits = settled.bytes <= self.length
            && self.view.offsets.len() >= settled.size
            && self.view.levels.covers(settled.size)
            && self.view.start_of(settled.size)? == settled.bytes;
        let published = self.wanted.published_size();
        let mut taken = settled;
        if !fits {
            taken = Settled::default();
            self.mark_is_stale = settled != taken;
        } else if !self.wanted.writable && settled.size > published {
            taken.size = published;
            taken.bytes = self.view.start_of(published)?;
        }
        self.view.settled = taken;
        self.view.size = taken.size;
        self.view.end = taken.bytes;
        self.view.offsets.cut(taken.size);
        self.view.levels.cut(taken.size)?;
        self.view.frontier = load_frontier(&self.view.levels, taken.size)?;
        Ok(())
    }

    /// Checks the incomplete tiles, which no stored hash vouches for, and the places of their entries.
    fn check_edge(&self) -> Result<(), StoreError> {
        let leaves = self.view.levels.leaf_edge();
        let first = self.view.size - leaves.len() as u64;
        let mut position = self.view.start_of(first)?;
        for (index, leaf) in (first..).zip(leaves) {
            let entry = self.entry_at(position)?.unwrap_or_default();
            let found = Hash::leaf(&entry);
            if found != *leaf {
                return Err(self.corrupt_entry(index, position, leaf, &found));
            }
            position += PREFIX_BYTES + entry.len() as u64;
            let stated = self.view.start_of(index + 1)?;
            if stated != position {
                return Err(StoreError::Corrupt {
                    file: self.folder.join("offsets"),
                    place: format!("entry {index}"),
                    expected: position.to_string(),
                    found: stated.to_string(),
                    remedy: Remedy::Rebuild,
                });
            }
        }
        self.view.levels.check_edge()
    }

    /// Reads the entry that starts at `position`; `None` if none does.
    fn entry_at(&self, position: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let bytes = self.piece(position, PREFIX_BYTES as usize + MAX_ENTRY_BYTES)?;
        Ok(next_entry(&bytes).map(<[u8]>::to_vec))
    }

    /// Reads at most `limit` bytes of the entries, less only at the end.
    fn piece(&self, position: u64, limit: usize) -> Result<Vec<u8>, StoreError> {
        let available = self.length.saturating_sub(position);
        let mut bytes = vec![0; usize::try_from(available).map_or(limit, |a| a.min(limit))];
        if let (Some(file), false) = (&self.entries, bytes.is_empty()) {
            file.read_exact_at(&mut bytes, position)
                .map_err(|error| StoreError::io("read", &self.entries_path, error))?;
        }
        Ok(bytes)
    }

    /// Reads the entries after the mark, to the end or to what is no entry.
    fn scan(&mut self) -> Result<(), StoreError> {
        let mut carried = Vec::new();
        loop {
            let piece = self.piece(self.view.end + carried.len() as u64, PIECE_BYTES)?;
            if piece.is_empty() {
                return Ok(());
            }
            carried.extend_from_slice(&piece);
            let mut rest = &carried[..];
            while let Some(entry) = next_entry(rest) {
                if !self.wanted.writable && self.view.size >= self.wanted.published_size() {
                    return Ok(());
                }
                self.take(entry)?;
                rest = &rest[PREFIX_BYTES as usize + entry.len()..];
            }
            if rest.starts_with(&[0, 0]) {
                return Ok(());
            }
            let used = carried.len() - rest.len();
            carried.drain(..used);
        }
    }

    fn take(&mut self, entry: &[u8]) -> Result<(), StoreError> {
        let view = &mut self.view;
        let gained = view.frontier.push(Hash::leaf(entry));
        view.levels.push(&gained)?;
        view.end += PREFIX_BYTES + entry.len() as u64;
        view.offsets.push(view.end.to_be_bytes());
        view.size += 1;
        if view.size == self.wanted.published_size() {
            let root = view.frontier.root();
            self.compare_root(root)?;
        }
        if self.wanted.writable && self.view.offsets.pending() >= PENDING_LIMIT {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes offsets and hashes that were made anew. A mark that vouches for what was there before has
    /// to go first.
    fn flush(&mut self) -> Result<(), StoreError> {
        if self.mark_is_stale {
            Settled::default().write(&self.folder)?;
            self.mark_is_stale = false;
        }
        self.view.offsets.flush()?;
        self.view.levels.flush()
    }

    fn check_reach(&self) -> Result<(), StoreError> {
        if self.view.size >= self.floor {
            return Ok(());
        }
        if self.view.end == self.length {
            return Err(StoreError::Behind {
                file: self.entries_path.clone(),
                witness: self.witness.clone(),
                expected: self.floor,
                found: self.view.size,
            });
        }
        Err(StoreError::Corrupt {
            file: self.entries_path.clone(),
            place: format!("entry {} at byte {}", self.view.size, self.view.end),
            expected: format!("{} entries, as {} says", self.floor, self.witness.display()),
            found: format!("no whole entry in {} bytes", self.length - self.view.end),
            remedy: Remedy::Restore,
        })
    }

    /// Checks the published root, unless the scan came past it and has done so.
    fn check_root(&self) -> Result<(), StoreError> {
        let size = self.wanted.published_size();
        if self.wanted.published.is_none() || (size > self.view.settled.size && size > 0) {
            return Ok(());
        }
        match tree::root(&Unchecked(&self.view.levels), size) {
            Ok(root) => self.compare_root(root),
            Err(TreeError::Read(error)) => Err(error),
            Err(other) => Err(StoreError::Backend {
                what: "tree",
                message: other.to_string(),
            }),
        }
    }

    fn compare_root(&self, found: Hash) -> Result<(), StoreError> {
        let Some(published) = self.wanted.published.filter(|p| p.root != found) else {
            return Ok(());
        };
        if let Some(error) = self.first_difference() {
            return Err(error);
        }
        Err(StoreError::Corrupt {
            file: self.folder.clone(),
            place: format!("the tree of the first {} entries", published.size),
            expected: format!("root {}, as published", published.root),
            found: found.to_string(),
            remedy: Remedy::Restore,
        })
    }

    /// The first published entry after the mark whose hash is not the one in the file of hashes.
    fn first_difference(&self) -> Option<StoreError> {
        let first = self.view.settled.size;
        let mut index = first;
        while index < self.view.size {
            let count = usize::try_from(self.view.size - index).map_or(4096, |c| c.min(4096));
            let made = self.view.levels.raw(0, index, count).ok()?;
            let stored = self.view.levels.leaves_on_disk(index, count);
            for (found, expected) in made.iter().zip(&stored) {
                if found != expected {
                    let position = self.view.start_of(index).unwrap_or(0);
                    return Some(self.corrupt_entry(index, position, expected, found));
                }
                index += 1;
            }
            if stored.len() < count {
                return None;
            }
        }
        None
    }

    fn corrupt_entry(
        &self,
        index: u64,
        position: u64,
        expected: &Hash,
        found: &Hash,
    ) -> StoreError {
        StoreError::Corrupt {
            file: self.entries_path.clone(),
            place: format!("entry {index} at byte {position}, or its hash in `tree/0`"),
            expected: format!("leaf hash {expected}"),
            found: found.to_string(),
            remedy: Remedy::Restore,
        }
    }

    fn finish(mut self) -> Result<Log, StoreError> {
        let mut made_anew = self.view.settled.size != self.view.size;
        if let (Some(file), true) = (&self.entries, self.wanted.writable) {
            if self.view.end < self.length {
                move_aside(&self.folder, file, self.view.end, self.length)?;
                file.set_len(self.view.end)
                    .and_then(|()| file.sync_data())
                    .map_err(|error| StoreError::io("truncate", &self.entries_path, error))?;
                made_anew = true;
            }
            let sure = self.wanted.published_size().max(self.view.settled.size);
            let start = self.view.start_of(sure)?;
            if start < self.view.end {
                rewrite(file, start, self.view.end)
                    .map_err(|error| StoreError::io("write", &self.entries_path, error))?;
            }
        }
        let mut written = true;
        if self.wanted.writable {
            match self.flush() {
                // What follows from the entries may stay in memory, unless a mark vouches for it.
                Err(StoreError::Full { .. }) if !self.mark_is_stale => written = false,
                flushed => flushed?,
            }
        }
        let log = Log {
            folder: self.folder,
            entries_path: self.entries_path,
            entries: self.entries,
            view: RwLock::new(self.view),
        };
        if made_anew && written && self.wanted.writable {
            bearing_a_full_disk(log.settle())?;
        }
        Ok(log)
    }
}

/// Writes the file's own bytes once more, and syncs them.
fn rewrite(file: &File, start: u64, end: u64) -> std::io::Result<()> {
    copy(file, start, end, |bytes, position| {
        file.write_all_at(bytes, position)
    })?;
    file.sync_data()
}

/// The entry at the start of the bytes, if all of it is there.
fn next_entry(bytes: &[u8]) -> Option<&[u8]> {
    let length = u16::from_be_bytes(bytes.get(..2)?.try_into().ok()?);
    if length == 0 {
        return None;
    }
    bytes.get(2..2 + usize::from(length))
}
