//! Where an outsider reads a whole log: a store, a folder of static files, a server. (外部来源)
//!
//! Nothing a source returns is believed; [`mod@crate::audit`] checks it. Sources that need a network are
//! the embedding program's.

#[cfg(feature = "local")]
use std::path::{Path, PathBuf};

use crate::hash::Hash;
use crate::store::{Store, StoreError};
use crate::tile::{self, Tile, TileError, TileLevel, TileSource};

/// A source of everything that an audit needs.
pub trait Source: TileSource {
    /// Fetches the newest checkpoint.
    ///
    /// # Errors
    /// If it is not there or cannot be fetched.
    fn checkpoint(&self) -> Result<Vec<u8>, Self::Error>;
}

impl<S: Source + ?Sized> Source for &S {
    fn checkpoint(&self) -> Result<Vec<u8>, S::Error> {
        (**self).checkpoint()
    }
}

/// A store, or a folder, could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store holds what cannot be a tile.
    #[error(transparent)]
    Tile(#[from] TileError),
    /// The store has published nothing.
    #[error("还没有检查点 (no checkpoint has been published)")]
    NoCheckpoint,
    /// A file could not be read.
    #[cfg(feature = "local")]
    #[error("读不到 {path}：{source} (cannot read {path})", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// A store, read as an outsider reads it.
#[derive(Debug)]
pub struct StoreSource<'a, S>(pub &'a S);

impl<S: Store> StoreSource<'_, S> {
    fn hashes(&self, level: u8, tile: &Tile) -> Result<Vec<Hash>, SourceError> {
        Ok(self
            .0
            .read_hashes(level, tile.first(), usize::from(tile.width()))?)
    }
}

impl<S: Store> TileSource for StoreSource<'_, S> {
    type Error = SourceError;

    fn fetch(&self, tile: &Tile) -> Result<Vec<u8>, SourceError> {
        match tile.level() {
            TileLevel::Hashes(level) => Ok(tile::encode_hashes(&self.hashes(level, tile)?)?),
            TileLevel::Entries => {
                let entries = self.0.entries(tile.first(), usize::from(tile.width()))?;
                Ok(tile::encode_bundle(&entries)?)
            }
        }
    }
}

impl<S: Store> Source for StoreSource<'_, S> {
    fn checkpoint(&self) -> Result<Vec<u8>, SourceError> {
        self.0.checkpoint()?.ok_or(SourceError::NoCheckpoint)
    }
}

/// A folder with the static files of tlog-tiles: a mirror.
#[cfg(feature = "local")]
#[derive(Debug, Clone)]
pub struct FolderSource(PathBuf);

#[cfg(feature = "local")]
impl FolderSource {
    /// The folder that holds `checkpoint` and `tile`.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, SourceError> {
        let path = self.0.join(name);
        std::fs::read(&path).map_err(|source| SourceError::File { path, source })
    }
}

#[cfg(feature = "local")]
impl TileSource for FolderSource {
    type Error = SourceError;

    fn fetch(&self, tile: &Tile) -> Result<Vec<u8>, SourceError> {
        match self.read(&tile.to_string()) {
            // A mirror may drop a partial tile once the full one is there.
            Err(_) if tile.is_partial() => self.read(&tile.full().to_string()),
            answer => answer,
        }
    }
}

#[cfg(feature = "local")]
impl Source for FolderSource {
    fn checkpoint(&self) -> Result<Vec<u8>, SourceError> {
        self.read("checkpoint")
    }
}
