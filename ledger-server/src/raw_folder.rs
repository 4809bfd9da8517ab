//! The files of a damaged ledger, read as they are.
//!
//! A store that finds damage stops there. An audit goes on: it takes the bytes as an outsider would get
//! them and says which entry is at fault. Nothing is checked here, and what is missing is left out.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ledger_core::tile::{Tile, TileLevel};

/// A ledger's own folder in a data folder.
#[derive(Debug)]
pub(crate) struct RawFolder {
    folder: PathBuf,
    /// Where bundles end that were read, by the number of the entry that follows.
    places: Mutex<BTreeMap<u64, u64>>,
}

impl RawFolder {
    pub(crate) fn new(folder: PathBuf) -> Self {
        let places = Mutex::default();
        Self { folder, places }
    }

    /// The ledger's own folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The bytes where the tile should be, possibly fewer.
    pub(crate) fn fetch(&self, tile: &Tile) -> io::Result<Vec<u8>> {
        match tile.level() {
            TileLevel::Hashes(level) => {
                let mut file = File::open(self.folder.join("tree").join(level.to_string()))?;
                file.seek(SeekFrom::Start(tile.first() * 32))?;
                let mut bytes = Vec::new();
                file.take(u64::from(tile.width()) * 32)
                    .read_to_end(&mut bytes)?;
                Ok(bytes)
            }
            TileLevel::Entries => self.entries(tile.first(), tile.width()),
        }
    }

    fn entries(&self, first: u64, width: u16) -> io::Result<Vec<u8>> {
        let file = File::open(self.folder.join("entries"))?;
        let places = || self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let nearest = places().range(..=first).next_back().map(|(k, v)| (*k, *v));
        let (mut index, mut start) = nearest.unwrap_or_default();
        let mut file = BufReader::new(file);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        while index < first + u64::from(width) {
            let entry = next(&mut file)?;
            if index < first {
                start += entry.len() as u64;
            } else {
                bytes.extend_from_slice(&entry);
            }
            if entry.is_empty() {
                return Ok(bytes);
            }
            index += 1;
        }
        let _ = places().insert(index, start + bytes.len() as u64);
        Ok(bytes)
    }

    /// The newest checkpoint.
    pub(crate) fn checkpoint(&self) -> io::Result<Vec<u8>> {
        std::fs::read(self.folder.join("checkpoint"))
    }
}

/// The next entry with its length, less at the end of the file.
fn next(file: &mut impl io::Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.by_ref().take(2).read_to_end(&mut bytes)?;
    if let [high, low] = bytes[..] {
        let length = u16::from_be_bytes([high, low]);
        file.take(u64::from(length)).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_their_lengths_and_never_beyond_the_end() {
        let kept = tempfile::tempdir().unwrap();
        let mut bytes: Vec<u8> = (0..300).flat_map(|n: u16| [0, 1, n as u8]).collect();
        bytes.extend([0, 9, b'c']);
        std::fs::write(kept.path().join("entries"), &bytes).unwrap();
        let raw = RawFolder::new(kept.path().to_owned());
        let tile = |index, width| Tile::new(TileLevel::Entries, index, width).unwrap();
        for _ in 0..2 {
            assert_eq!(raw.fetch(&tile(0, 256)).unwrap(), bytes[..768]);
            assert_eq!(raw.fetch(&tile(1, 10)).unwrap(), bytes[768..798]);
            assert_eq!(raw.fetch(&tile(1, 256)).unwrap(), bytes[768..]);
            assert!(raw.fetch(&tile(2, 1)).unwrap().is_empty());
        }
    }
}
