//! What requests for documents are held to, and what a ledger keeps in mind of them. (材料请求的台账)
//!
//! Knows nothing of HTTP.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ledger_core::hash::{Commitment, Digest};
use ledger_core::name::MemberId;
use ledger_core::store::StoreError;
use ledger_core::store::local::LocalDocuments;

use crate::served::PublishedReader;
use crate::signature::Used;

/// For how long a public document that was read through and found whole is given without reading all of it
/// first: asking costs nothing, and reading much.
const FOUND_WHOLE: Duration = Duration::from_secs(60);

/// How many entries are looked at together.
const LOOKED_AT: usize = 1024;

/// What documents are held to. (材料的限额)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentLimits {
    /// The longest document, in bytes.
    pub document_bytes: u64,
    /// What one member may have waiting for its entry, in bytes.
    pub waiting_per_member: u64,
    /// What all may have waiting together, in bytes.
    pub waiting: u64,
    /// How long a document waits for its entry.
    pub waiting_for: Duration,
}

impl Default for DocumentLimits {
    /// 64 MiB; 256 MiB and 1 GiB waiting; 72 hours.
    fn default() -> Self {
        Self {
            document_bytes: 64 << 20,
            waiting_per_member: 256 << 20,
            waiting: 1 << 30,
            waiting_for: Duration::from_secs(72 * 3600),
        }
    }
}

/// What a ledger keeps in mind of the requests for its documents.
#[derive(Debug)]
pub(crate) struct Counter {
    arriving: Mutex<BTreeMap<MemberId, u64>>,
    /// Which entry was the first to name a private document, where that has been looked up.
    first: Mutex<BTreeMap<Commitment, u64>>,
    pub(crate) limits: DocumentLimits,
    pub(crate) site_names: Arc<[String]>,
    pub(super) used: Used,
    /// Held while a public document is read through: one at a time.
    reading: Mutex<()>,
    /// When public documents were last found whole.
    whole: Mutex<BTreeMap<Digest, Instant>>,
}

impl Counter {
    pub(crate) fn new(limits: DocumentLimits, site_names: Arc<[String]>) -> Self {
        Self {
            arriving: Mutex::default(),
            first: Mutex::default(),
            limits,
            site_names,
            used: Used::new(),
            reading: Mutex::default(),
            whole: Mutex::default(),
        }
    }
}

/// Room for a document that is arriving, given back when it has.
pub(super) struct Room<'a> {
    bytes: u64,
    counter: &'a Counter,
    member: MemberId,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        let arriving = self.counter.arriving.lock();
        let mut arriving = arriving.unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = arriving.get_mut(&self.member) {
            *bytes = bytes.saturating_sub(self.bytes);
        }
    }
}

impl Counter {
    /// Takes room for a document, if the member has so much left; otherwise what the limit is.
    pub(super) fn room(
        &self,
        documents: &LocalDocuments,
        member: &MemberId,
        bytes: u64,
    ) -> Result<Result<Room<'_>, u64>, StoreError> {
        let arriving = self.arriving.lock();
        let mut arriving = arriving.unwrap_or_else(PoisonError::into_inner);
        let (own, all) = documents.waiting(member)?;
        let mine = arriving.get(member).copied().unwrap_or_default();
        let everybody: u64 = arriving.values().sum();
        let limits = &self.limits;
        for (waits, limit) in [
            (own.saturating_add(mine), limits.waiting_per_member),
            (all.saturating_add(everybody), limits.waiting),
        ] {
            if waits.saturating_add(bytes) > limit {
                return Ok(Err(limit));
            }
        }
        *arriving.entry(member.clone()).or_default() += bytes;
        Ok(Ok(Room {
            bytes,
            counter: self,
            member: member.clone(),
        }))
    }
}

impl Counter {
    /// The file of a public document, which was found whole now or lately. May wait for a disk.
    pub(super) fn public(
        &self,
        documents: &LocalDocuments,
        digest: &Digest,
    ) -> Result<Option<PathBuf>, StoreError> {
        let whole = || self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = |at: &Instant| at.elapsed() < FOUND_WHOLE;
        if whole().get(digest).is_some_and(lately) {
            return Ok(documents.public_unread(digest));
        }
        if documents.public_unread(digest).is_none() {
            return Ok(None);
        }
        let _one = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if whole().get(digest).is_some_and(lately) {
            return Ok(documents.public_unread(digest));
        }
        let found = documents.public(digest)?;
        let mut whole = whole();
        whole.retain(|_, at| lately(at));
        if found.is_some() {
            whole.insert(*digest, Instant::now());
        }
        drop(whole);
        Ok(found)
    }

    /// The first entry that names a private document; `last` is one that does. Looked up, all entries
    /// before that are read; it may wait for a disk.
    ///
    /// Each reference has a commitment of its own, so only the first one's signers knew the document: who
    /// copies a commitment into a later entry, with other readers, opens nothing by it.
    pub(super) fn first_naming(
        &self,
        reader: &dyn PublishedReader,
        commitment: &Commitment,
        last: u64,
    ) -> Result<u64, StoreError> {
        let known = || self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = known().get(commitment) {
            return Ok(*first);
        }
        let hex = commitment.to_string();
        let (mut first, mut start) = (last, 0);
        while start < first {
            let count = usize::try_from(last - start).unwrap_or(LOOKED_AT);
            let count = count.min(LOOKED_AT);
            let entries = reader.entries(start, count)?;
            let names = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).contains(&hex);
            let mut naming = (start..).zip(&entries).filter(|(_, bytes)| names(bytes));
            first = naming.next().map_or(first, |(index, _)| index);
            start += count as u64;
        }
        known().insert(*commitment, first);
        Ok(first)
    }
}
