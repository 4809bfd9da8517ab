//! The anchor: the newest checkpoint ever published, kept apart from the data. (锚点)
//!
//! It catches what the data folder cannot know of itself: that it was lost in part, or is an old backup.
//!
//! The file has two slots of [`SLOT_BYTES`], written in turn, in place, and synced with one `fdatasync`:
//!
//! ```text
//! 16  "sanzi-anchor-v1\n"
//!  8  sequence, big endian: the valid slot with the greater one is the newest
//!  8  size that the checkpoint states
//!  4  length of the checkpoint
//!  …  checkpoint, verbatim
//! 32  SHA-256 of all of the slot before it
//! ```
//!
//! A write goes only to the slot that is not the newest valid one, so a write that a power loss tears
//! leaves the newest of before. An opening writes the newest slot's own bytes over it and syncs, because
//! after a failed sync it may have been read from memory only. A slot is never read without its digest.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::durable::{self, Durability};
use crate::hash::{Digest, Hash};
use crate::store::{MAX_CHECKPOINT_BYTES, Remedy, StoreError, stated_tree};

const MAGIC: &[u8; 16] = b"sanzi-anchor-v1\n";
const SLOT_BYTES: usize = 64 * 1024;
const HEAD_BYTES: usize = 36;
const DIGEST_BYTES: usize = 32;

/// A checkpoint that was published, with what it states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Published {
    pub(super) size: u64,
    pub(super) root: Hash,
    pub(super) checkpoint: Vec<u8>,
}

impl Published {
    /// `None` if the bytes state no tree.
    pub(super) fn new(checkpoint: Vec<u8>) -> Option<Self> {
        let (size, root) = stated_tree(&checkpoint)?;
        Some(Self {
            size,
            root,
            checkpoint,
        })
    }
}

#[derive(Debug)]
struct Slot {
    sequence: u64,
    published: Option<Published>,
}

impl Slot {
    fn to_bytes(&self) -> Vec<u8> {
        let checkpoint = self.published.as_ref().map_or(&[][..], |p| &p.checkpoint);
        let size = self.published.as_ref().map_or(0, |p| p.size);
        let mut bytes = Vec::with_capacity(HEAD_BYTES + checkpoint.len() + DIGEST_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&size.to_be_bytes());
        bytes.extend_from_slice(&u32::try_from(checkpoint.len()).unwrap_or(0).to_be_bytes());
        bytes.extend_from_slice(checkpoint);
        let digest = Digest::of(&bytes);
        bytes.extend_from_slice(digest.as_bytes());
        bytes
    }

    /// `None` unless the bytes start with exactly what [`Self::to_bytes`] would write.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let sequence = u64::from_be_bytes(bytes.get(16..24)?.try_into().ok()?);
        let length = u32::from_be_bytes(bytes.get(32..36)?.try_into().ok()?) as usize;
        if length > MAX_CHECKPOINT_BYTES {
            return None;
        }
        let checkpoint = bytes.get(HEAD_BYTES..HEAD_BYTES + length)?;
        let published = match checkpoint {
            [] => None,
            _ => Some(Published::new(checkpoint.to_vec())?),
        };
        let slot = Self {
            sequence,
            published,
        };
        bytes.starts_with(&slot.to_bytes()).then_some(slot)
    }
}

/// The open anchor of one ledger.
#[derive(Debug)]
pub(super) struct Anchor {
    path: PathBuf,
    file: File,
    newest: Slot,
    position: usize,
    in_doubt: bool,
}

impl Anchor {
    /// Makes the file, with what has been published so far.
    pub(super) fn create(path: &Path, published: Option<Published>) -> Result<Self, StoreError> {
        let first = Slot {
            sequence: 0,
            published,
        };
        let mut bytes = first.to_bytes();
        bytes.resize(2 * SLOT_BYTES, 0);
        durable::replace(path, &bytes, Durability::Synced)?;
        Self::open(path, true)?.ok_or_else(|| StoreError::AnchorMissing {
            path: path.to_owned(),
        })
    }

    /// Opens the file; `None` if there is none. Nothing is written.
    pub(super) fn open(path: &Path, writable: bool) -> Result<Option<Self>, StoreError> {
        let Some(bytes) = durable::read(path)? else {
            return Ok(None);
        };
        let file = File::options()
            .read(true)
            .write(writable)
            .open(path)
            .map_err(|error| StoreError::io("open", path, error))?;
        let slots = [0, 1].map(|n| Slot::parse(bytes.get(n * SLOT_BYTES..).unwrap_or_default()));
        let in_doubt = slots.iter().any(Option::is_none);
        let (position, newest) = match slots {
            [Some(a), Some(b)] if a.sequence < b.sequence => (1, b),
            [Some(a), _] => (0, a),
            [None, Some(b)] => (1, b),
            [None, None] => {
                return Err(StoreError::Corrupt {
                    file: path.to_owned(),
                    place: "both slots".to_owned(),
                    expected: "a slot with its digest".to_owned(),
                    found: "none".to_owned(),
                    remedy: Remedy::Restore,
                });
            }
        };
        Ok(Some(Self {
            path: path.to_owned(),
            file,
            newest,
            position,
            in_doubt,
        }))
    }

    /// The newest published checkpoint.
    pub(super) fn published(&self) -> Option<&Published> {
        self.newest.published.as_ref()
    }

    /// Whether one slot is not valid: torn while the other was the newest, never written, or damaged
    /// and then possibly the newer one.
    pub(super) fn in_doubt(&self) -> bool {
        self.in_doubt
    }

    /// Writes the newest slot over itself, so that it is certainly on the disk.
    pub(super) fn settle(&mut self) -> Result<(), StoreError> {
        self.write(self.position, &self.newest)
    }

    /// Makes this the newest published checkpoint. One `fdatasync`; on the disk when it returns.
    pub(super) fn advance(&mut self, published: Published) -> Result<(), StoreError> {
        let slot = Slot {
            sequence: self.newest.sequence.saturating_add(1),
            published: Some(published),
        };
        let position = 1 - self.position;
        self.write(position, &slot)?;
        self.newest = slot;
        self.position = position;
        Ok(())
    }

    fn write(&self, position: usize, slot: &Slot) -> Result<(), StoreError> {
        let offset = (position * SLOT_BYTES) as u64;
        self.file
            .write_all_at(&slot.to_bytes(), offset)
            .and_then(|()| self.file.sync_data())
            .map_err(|error| StoreError::io("write", &self.path, error))
    }
}
