//! The mark up to which everything that follows from the entries was checked and synced.
//!
//! Its claim stays true for ever, because the log only grows: it is moved forward now and then and at a
//! clean stop, and an opening looks only at what comes after it. Missing or damaged, it is taken for
//! zero. Four lines of text: form, entries, bytes of the file `entries`, and the SHA-256 of the first
//! three.

use std::path::Path;

use super::durable::{self, Durability};
use crate::hash::Digest;
use crate::store::StoreError;

const FORM: &str = "sanzi settled 1";

/// The file's name in the ledger's folder.
pub(super) const NAME: &str = "settled";

/// How far the ledger is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Settled {
    /// Entries.
    pub(super) size: u64,
    /// The bytes that they occupy in `entries`.
    pub(super) bytes: u64,
}

impl Settled {
    fn text(self) -> String {
        let claim = format!("{FORM}\n{}\n{}\n", self.size, self.bytes);
        format!("{claim}{}\n", Digest::of(claim.as_bytes()))
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let mut lines = core::str::from_utf8(text).ok()?.lines().skip(1);
        let settled = Self {
            size: lines.next()?.parse().ok()?,
            bytes: lines.next()?.parse().ok()?,
        };
        (settled.text().as_bytes() == text).then_some(settled)
    }

    pub(super) fn read(folder: &Path) -> Result<Self, StoreError> {
        let bytes = durable::read(&folder.join(NAME))?;
        Ok(bytes.and_then(|b| Self::parse(&b)).unwrap_or_default())
    }

    pub(super) fn write(self, folder: &Path) -> Result<(), StoreError> {
        let path = folder.join(NAME);
        durable::replace(&path, self.text().as_bytes(), Durability::Synced)
    }
}
