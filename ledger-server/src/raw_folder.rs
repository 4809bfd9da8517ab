//! The files of a damaged ledger, read as they are.
//!
//! A store that finds damage stops there. An audit goes on: it takes the bytes as an outsider would get
//! them and says which entry is at fault. Nothing is checked here, and what is missing is left out.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use ledger_core::tile::{Tile, TileLevel};

/// A ledger's own folder in a data folder.
#[derive(Debug)]
pub(crate) struct RawFolder(pub(crate) PathBuf);

impl RawFolder {
    /// The bytes where the tile should be, possibly fewer.
    pub(crate) fn fetch(&self, tile: &Tile) -> io::Result<Vec<u8>> {
        match tile.level() {
            TileLevel::Hashes(level) => {
                let mut file = File::open(self.0.join("tree").join(level.to_string()))?;
                file.seek(SeekFrom::Start(tile.first() * 32))?;
                let mut bytes = Vec::new();
                file.take(u64::from(tile.width()) * 32)
                    .read_to_end(&mut bytes)?;
                Ok(bytes)
            }
            TileLevel::Entries => {
                let bytes = std::fs::read(self.0.join("entries"))?;
                let start = skip(&bytes, tile.first());
                let end = start + skip(&bytes[start..], u64::from(tile.width()));
                Ok(bytes[start..end].to_vec())
            }
        }
    }

    /// The newest checkpoint.
    pub(crate) fn checkpoint(&self) -> io::Result<Vec<u8>> {
        std::fs::read(self.0.join("checkpoint"))
    }
}

/// Where the entries after the first `count` begin; the end, if there are fewer.
fn skip(bytes: &[u8], count: u64) -> usize {
    let mut place = 0;
    for _ in 0..count {
        let Some(length) = bytes.get(place..place + 2) else {
            return bytes.len();
        };
        place += 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
    }
    place.min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_skipped_by_their_lengths_and_never_beyond_the_end() {
        let bytes = [0, 1, b'a', 0, 2, b'b', b'b', 0, 9, b'c'];
        for (count, place) in [(0, 0), (1, 3), (2, 7), (3, 10), (4, 10), (99, 10)] {
            assert_eq!(skip(&bytes, count), place, "{count}");
        }
        assert_eq!(skip(&[], 1), 0);
    }
}
