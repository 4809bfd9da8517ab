//! The Merkle tree of RFC 6962 over stored tile hashes.

use crate::hash::Hash;

/// Reads the hashes of complete subtrees, as the tiles of tlog-tiles store them.
///
/// Level 0 holds leaf hashes; the hash `i` of level `L` is the Merkle tree hash of the 256^L entries
/// that start at `i · 256^L`. Only complete subtrees are stored.
pub trait HashReader {
    /// What can go wrong in reading.
    type Error;

    /// Reads `count` consecutive hashes of `level`, starting at index `start`. Returns exactly `count`.
    ///
    /// # Errors
    /// If a hash is not there or cannot be read.
    fn read_hashes(&self, level: u8, start: u64, count: usize) -> Result<Vec<Hash>, Self::Error>;
}
