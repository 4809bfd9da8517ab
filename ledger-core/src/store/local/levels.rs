//! The tree's hashes, one file a level, and a check of every hash that leaves them.
//!
//! A full tile is checked against the hash of the level above, which is its root; checked tiles are kept
//! for a while. The tiles at the right edge have no such hash yet: they are kept in memory, and checked
//! when the ledger is opened. What damage to one file changes is thereby found; that all of it belongs
//! to the published root is checked at opening.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::durable;
use super::records::Records;
use crate::hash::Hash;
use crate::store::{Remedy, StoreError, stored_hashes};
use crate::tree::HashReader;

/// Hashes in a full tile.
const TILE: u64 = 256;
/// Checked tiles kept in memory, 8 KiB each.
const KEPT_TILES: usize = 512;
/// Levels 0 to 7 cover every size below 2^64.
const LEVELS: u8 = 8;

type Tile = Arc<[Hash]>;

#[derive(Debug)]
pub(super) struct Levels {
    folder: PathBuf,
    writable: bool,
    levels: Vec<Level>,
    checked: Mutex<HashMap<(u8, u64), Tile>>,
}

#[derive(Debug)]
struct Level {
    records: Records<32>,
    edge: Vec<Hash>,
}

/// The root of a full tile.
fn tile_root(tile: &[Hash]) -> Hash {
    let mut hashes = tile.to_vec();
    while hashes.len() > 1 {
        let pairs = hashes.chunks(2);
        hashes = pairs
            .map(|pair| match pair {
                [left, right] => Hash::node(left, right),
                _ => pair[0],
            })
            .collect();
    }
    hashes.first().copied().unwrap_or_else(Hash::empty_root)
}

impl Levels {
    /// Opens the level files.
    pub(super) fn open(folder: PathBuf, writable: bool) -> Result<Self, StoreError> {
        if writable {
            durable::create_folder(&folder)?;
        }
        let mut levels = Self {
            folder,
            writable,
            levels: Vec::new(),
            checked: Mutex::default(),
        };
        // A level that is missing below one that is there has to be made anew, and so has that one.
        let highest = (0..LEVELS).rfind(|level| levels.path(*level).exists());
        for _ in 0..highest.map_or(0, |level| level + 1) {
            levels.add_level()?;
        }
        Ok(levels)
    }

    fn path(&self, level: u8) -> PathBuf {
        self.folder.join(level.to_string())
    }

    fn add_level(&mut self) -> Result<(), StoreError> {
        let path = self.folder.join(self.levels.len().to_string());
        self.levels.push(Level {
            records: Records::open(path, self.writable)?,
            edge: Vec::new(),
        });
        Ok(())
    }

    /// Whether all hashes of a tree of `size` entries are there.
    pub(super) fn covers(&self, size: u64) -> bool {
        (0..LEVELS).all(|level| self.stored(level) >= stored_hashes(size, level))
    }

    /// Forgets what a tree of `size` entries does not have, and reads its right edge, unchecked.
    pub(super) fn cut(&mut self, size: u64) -> Result<(), StoreError> {
        for (number, level) in (0..).zip(&mut self.levels) {
            let len = stored_hashes(size, number);
            level.records.cut(len);
            let width = len % TILE;
            let edge = level.records.read(len - width, width as usize)?;
            level.edge = edge.into_iter().map(Hash::from_bytes).collect();
        }
        self.kept().clear();
        Ok(())
    }

    /// Checks the right edge of levels 1 and up against the tiles below it.
    pub(super) fn check_edge(&self) -> Result<(), StoreError> {
        for (number, level) in (0..LEVELS).zip(&self.levels).skip(1) {
            let start = level.records.len() - level.edge.len() as u64;
            for (index, hash) in (start..).zip(&level.edge) {
                let below = self.raw(number - 1, index * TILE, TILE as usize)?;
                let found = tile_root(&below);
                if found != *hash {
                    return Err(self.corrupt(number, index, *hash, found));
                }
            }
        }
        Ok(())
    }

    /// The leaf hashes of the incomplete tile at level 0.
    pub(super) fn leaf_edge(&self) -> &[Hash] {
        self.levels.first().map_or(&[], |l| &l.edge)
    }

    /// Adds hashes in the order in which they were completed.
    pub(super) fn push(&mut self, nodes: &[(u8, Hash)]) -> Result<(), StoreError> {
        for (number, hash) in nodes {
            while self.levels.len() <= usize::from(*number) {
                self.add_level()?;
            }
            let level = &mut self.levels[usize::from(*number)];
            if level.edge.len() as u64 == TILE {
                level.edge.clear();
            }
            level.records.push(*hash.as_bytes());
            level.edge.push(*hash);
        }
        Ok(())
    }

    pub(super) fn flush(&mut self) -> Result<(), StoreError> {
        self.levels.iter_mut().try_for_each(|l| l.records.flush())
    }

    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.levels.iter().try_for_each(|l| l.records.sync())?;
        durable::sync_folder(&self.folder)
    }

    /// Reads hashes without checking them: for what is itself a check.
    pub(super) fn raw(&self, level: u8, start: u64, count: usize) -> Result<Vec<Hash>, StoreError> {
        let Some(stored) = self.levels.get(usize::from(level)) else {
            return self.nothing(level, start, count);
        };
        let hashes = stored.records.read(start, count)?;
        Ok(hashes.into_iter().map(Hash::from_bytes).collect())
    }

    /// Reads what the file has, also what was cut; less than `count` if the file is shorter.
    pub(super) fn leaves_on_disk(&self, start: u64, count: usize) -> Vec<Hash> {
        let hashes = self
            .levels
            .first()
            .map(|l| l.records.read_file(start, count));
        let hashes = hashes.and_then(Result::ok).unwrap_or_default();
        hashes.into_iter().map(Hash::from_bytes).collect()
    }

    /// Reads hashes of a tree of `size` entries, each checked.
    pub(super) fn read(
        &self,
        size: u64,
        level: u8,
        start: u64,
        count: usize,
    ) -> Result<Vec<Hash>, StoreError> {
        let available = stored_hashes(size, level);
        let end = start.saturating_add(count as u64);
        if end > available {
            return Err(StoreError::OutOfRange {
                what: "hashes",
                start,
                count: count as u64,
                size: available,
            });
        }
        let mut hashes = Vec::with_capacity(count);
        let mut next = start;
        while next < end {
            let tile = next / TILE;
            let stop = end.min((tile + 1) * TILE);
            let within = |index: u64| (index - tile * TILE) as usize;
            let part = within(next)..within(stop);
            let found = match self.full_tile(level, tile)? {
                Some(full) => full
                    .get(part.clone())
                    .map(|part| hashes.extend_from_slice(part)),
                None => {
                    let edge = self.edge(level, tile).get(part.clone());
                    edge.map(|part| hashes.extend_from_slice(part))
                }
            };
            if found.is_none() {
                return self.nothing(level, next, part.len());
            }
            next = stop;
        }
        Ok(hashes)
    }

    fn stored(&self, level: u8) -> u64 {
        let level = self.levels.get(usize::from(level));
        level.map_or(0, |l| l.records.len())
    }

    /// The hashes of a tile at the right edge; none if it is not there.
    fn edge(&self, level: u8, tile: u64) -> &[Hash] {
        let edge = self.levels.get(usize::from(level)).map(|l| &l.edge[..]);
        let edge = edge.unwrap_or_default();
        let at_edge = self.stored(level) - edge.len() as u64 == tile * TILE;
        if at_edge { edge } else { &[] }
    }

    /// A tile that has a hash above it, checked against that; `None` if it has none.
    fn full_tile(&self, level: u8, tile: u64) -> Result<Option<Tile>, StoreError> {
        if self.stored(level + 1) <= tile {
            return Ok(None);
        }
        if let Some(kept) = self.kept().get(&(level, tile)) {
            return Ok(Some(kept.clone()));
        }
        let hashes: Tile = self.raw(level, tile * TILE, TILE as usize)?.into();
        let root = self.raw(level + 1, tile, 1)?.first().copied();
        let found = tile_root(&hashes);
        if root != Some(found) {
            return Err(self.corrupt(level + 1, tile, root.unwrap_or(Hash::ZERO), found));
        }
        let mut kept = self.kept();
        if kept.len() >= KEPT_TILES {
            kept.clear();
        }
        kept.insert((level, tile), hashes.clone());
        Ok(Some(hashes))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<(u8, u64), Tile>> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn nothing(&self, level: u8, start: u64, count: usize) -> Result<Vec<Hash>, StoreError> {
        if count == 0 {
            return Ok(Vec::new());
        }
        Err(StoreError::OutOfRange {
            what: "hashes",
            start,
            count: count as u64,
            size: self.stored(level),
        })
    }

    fn corrupt(&self, level: u8, index: u64, expected: Hash, found: Hash) -> StoreError {
        StoreError::Corrupt {
            file: self.path(level),
            place: format!("hash {index}, or the tile {index} of the level below"),
            expected: expected.to_string(),
            found: found.to_string(),
            remedy: Remedy::Rebuild,
        }
    }
}

/// Hashes as the files have them, for loading the edge of a tree before it is checked.
pub(super) struct Unchecked<'a>(pub(super) &'a Levels);

impl HashReader for Unchecked<'_> {
    type Error = StoreError;

    fn read_hashes(&self, level: u8, start: u64, count: usize) -> Result<Vec<Hash>, StoreError> {
        self.0.raw(level, start, count)
    }
}
