//! What a ledger needs of the place that keeps it: the contract of every store. (存储契约)
//!
//! A store keeps, for one ledger, the entries, the hashes of their tree, the newest published
//! checkpoint, an index from streams to entries, documents by their digest, and private ones by their
//! commitment, apart from the others. The log is the truth:
//! index and hashes follow from the entries and may be thrown away and made again. [`Store::append`] is
//! a compare-and-swap on the size, durable when it returns. No entry and no document leaves a store
//! without having been checked against its hash.
//!
//! A store deliberately does not know what an entry says, who signed it, or whether a checkpoint's
//! signature is right: the ledger above decides what is appended and published. It reads no clock.
//! The calls block, and nothing in the contract is a file, so that a database can stand behind it with
//! one transaction for each append.
//!
//! Stores share no code but this contract and the [conformance] suite, which all of them must pass.
//! Hashes and bundles are those of C2SP tlog-tiles, checkpoints those of C2SP tlog-checkpoint.

use std::collections::BTreeSet;

use crate::commitment::Salt;
use crate::hash::{Commitment, Digest, Hash};
use crate::name::StreamId;
use crate::tree::HashReader;

pub mod conformance;
mod copying;
mod fault;
#[cfg(feature = "local")]
pub mod local;
pub mod memory;
mod private;

pub use copying::copy_digested;
pub use fault::{Remedy, StoreError};
pub use private::{DocumentChanges, Erasure, PrivateDocument};

/// The longest entry, in bytes: what a length prefix of 16 bits can say.
pub const MAX_ENTRY_BYTES: usize = 65_535;

/// The longest checkpoint with its signatures that a store has to take, in bytes.
pub const MAX_CHECKPOINT_BYTES: usize = 60 * 1024;

/// How an entry bears on a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// The entry is one of the stream's own.
    Own,
    /// The entry stands in another stream, and changes this one's state.
    Also,
}

/// One line of the index: an entry bears on this stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    /// The stream.
    pub stream: StreamId,
    /// How the entry bears on it.
    pub relation: Relation,
}

/// The entries that bear on one stream, as indices into the log, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamRecord {
    /// The stream's own entries.
    pub own: Vec<u64>,
    /// Entries of other streams that change this one's state.
    pub also: Vec<u64>,
}

/// The three kinds of stream, in the order in which [`StreamId`]s sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamKind {
    /// The ledger's own stream; there is at most one.
    Ledger,
    /// Transactions.
    Transaction,
    /// Concerns.
    Concern,
}

impl StreamKind {
    /// The kind of this stream.
    #[must_use]
    pub const fn of(stream: &StreamId) -> Self {
        match stream {
            StreamId::Ledger => Self::Ledger,
            StreamId::Transaction(_) => Self::Transaction,
            StreamId::Concern(_) => Self::Concern,
        }
    }
}

/// What one append adds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// The entries, verbatim; each of 1 to [`MAX_ENTRY_BYTES`] bytes.
    pub entries: Vec<Vec<u8>>,
    /// The hashes that these entries complete, as level and hash: for each entry in turn its leaf hash
    /// (level 0), then level by level the hash of every tile that it filled.
    pub nodes: Vec<(u8, Hash)>,
    /// For each entry, the streams it bears on; no stream twice for one entry.
    pub touches: Vec<Vec<Touch>>,
}

impl Batch {
    /// Checks that entries, hashes and touches fit each other in a log that now has `size` entries.
    ///
    /// Leaf hashes are recomputed; hashes of higher levels are only checked for being there.
    ///
    /// # Errors
    /// [`StoreError::Malformed`], naming what does not fit.
    pub fn check(&self, size: u64) -> Result<(), StoreError> {
        let malformed = |what, expected: String, found: String| StoreError::Malformed {
            what,
            expected,
            found,
        };
        if self.touches.len() != self.entries.len() {
            return Err(malformed(
                "touches of a batch",
                format!("one list for each of {} entries", self.entries.len()),
                self.touches.len().to_string(),
            ));
        }
        check_touches(&self.touches)?;
        let mut nodes = self.nodes.iter();
        for (index, entry) in (size..).zip(&self.entries) {
            if entry.is_empty() || entry.len() > MAX_ENTRY_BYTES {
                return Err(malformed(
                    "length of an entry",
                    format!("1 to {MAX_ENTRY_BYTES} bytes"),
                    entry.len().to_string(),
                ));
            }
            let leaf = Hash::leaf(entry);
            if nodes.next() != Some(&(0, leaf)) {
                return Err(malformed(
                    "hashes of a batch",
                    format!("leaf hash {leaf} of entry {index}"),
                    "another hash, or none".to_owned(),
                ));
            }
            for level in 1..=tiles_filled_by(index) {
                let found = nodes.next().map(|(level, _)| *level);
                if found != Some(level) {
                    return Err(malformed(
                        "hashes of a batch",
                        format!("a hash of level {level}, for entry {index} fills a tile"),
                        format!("{found:?}"),
                    ));
                }
            }
        }
        match nodes.next() {
            None => Ok(()),
            Some(_) => Err(malformed(
                "hashes of a batch",
                "no more than its entries complete".to_owned(),
                format!("{} hashes", self.nodes.len()),
            )),
        }
    }
}

/// Checks that no entry names a stream twice.
///
/// # Errors
/// [`StoreError::Malformed`], naming the stream.
pub fn check_touches(touches: &[Vec<Touch>]) -> Result<(), StoreError> {
    for of_entry in touches {
        let mut seen = BTreeSet::new();
        if let Some(touch) = of_entry.iter().find(|touch| !seen.insert(&touch.stream)) {
            return Err(StoreError::Malformed {
                what: "touches of an entry",
                expected: "each stream once".to_owned(),
                found: format!("{} twice", touch.stream),
            });
        }
    }
    Ok(())
}

/// How many levels of tiles are filled by the entry at `index`: the highest level at which it
/// completes a hash.
#[must_use]
pub const fn tiles_filled_by(index: u64) -> u8 {
    let mut level = 0;
    let mut rest = index;
    while level < 7 && rest & 0xff == 0xff {
        level += 1;
        rest >>= 8;
    }
    level
}

/// How many hashes of `level` a tree of `size` entries has: the complete subtrees of 256^level entries.
#[must_use]
pub const fn stored_hashes(size: u64, level: u8) -> u64 {
    if level >= 8 { 0 } else { size >> (8 * level) }
}

/// Reads size and root from the text of a checkpoint, without judging its signatures.
///
/// `None` if it is not three lines of origin, decimal size without leading zeros, and base64 hash.
/// Source: C2SP tlog-checkpoint.
#[must_use]
pub fn stated_tree(checkpoint: &[u8]) -> Option<(u64, Hash)> {
    let text = core::str::from_utf8(checkpoint).ok()?;
    let mut lines = text.split_inclusive('\n').map(|l| l.strip_suffix('\n'));
    let _origin = lines.next()??;
    let size_text = lines.next()??;
    let size: u64 = size_text.parse().ok()?;
    let root = Hash::from_base64(lines.next()??)?;
    (size.to_string() == size_text).then_some((size, root))
}

/// Keeps one ledger. (账本存储)
///
/// What this page says of each call, [`conformance`] checks. After a call has failed in writing
/// (anything but [`Conflict`], [`Malformed`], [`OutOfRange`], [`IndexBehind`], [`Erased`] and
/// [`ReadOnly`], which change nothing), every later writing call returns [`StoreError::Failed`] until the store has been
/// opened again, because nobody can then say what the disk holds.
///
/// [`Conflict`]: StoreError::Conflict
/// [`Malformed`]: StoreError::Malformed
/// [`OutOfRange`]: StoreError::OutOfRange
/// [`IndexBehind`]: StoreError::IndexBehind
/// [`Erased`]: StoreError::Erased
/// [`ReadOnly`]: StoreError::ReadOnly
///
/// Reading hashes through [`HashReader`] gives what the entries have completed: `stored_hashes(size,
/// level)` hashes of each level.
pub trait Store: HashReader<Error = StoreError> {
    /// The number of entries that are durable.
    fn size(&self) -> u64;

    /// Adds the batch, if the log has exactly `expected_size` entries. Durable when it returns.
    ///
    /// All of it or nothing for a caller that gets an answer. Where the answer is lost (a crash, or
    /// [`StoreError::Failed`] and the like), whole entries from the start of the batch may stand when
    /// the store is opened again. An empty batch changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the size is another, [`StoreError::Malformed`] as [`Batch::check`],
    /// [`StoreError::IndexBehind`] if entries before these are not in the index yet.
    fn append(&mut self, expected_size: u64, batch: &Batch) -> Result<(), StoreError>;

    /// Reads one entry, checked against its leaf hash.
    ///
    /// # Errors
    /// [`StoreError::OutOfRange`]; [`StoreError::Corrupt`] if it does not have its leaf hash.
    fn entry(&self, index: u64) -> Result<Vec<u8>, StoreError> {
        let mut entries = self.entries(index, 1)?;
        entries.pop().ok_or(StoreError::OutOfRange {
            what: "entries",
            start: index,
            count: 1,
            size: self.size(),
        })
    }

    /// Reads exactly `count` entries from `start` on, each checked against its leaf hash.
    ///
    /// # Errors
    /// [`StoreError::OutOfRange`] if not all of them exist; [`StoreError::Corrupt`] if one does not have
    /// its leaf hash.
    fn entries(&self, start: u64, count: usize) -> Result<Vec<Vec<u8>>, StoreError>;

    /// The newest published checkpoint with its signatures, as it was given to [`Store::publish`].
    ///
    /// # Errors
    /// If it cannot be read.
    fn checkpoint(&self) -> Result<Option<Vec<u8>>, StoreError>;

    /// The size that the newest published checkpoint states; 0 if there is none.
    fn published_size(&self) -> u64;

    /// Publishes a checkpoint: it is kept first where silent loss of the log would show, then given out.
    ///
    /// The same size may be published again with the same root (more cosignatures). Durable when it
    /// returns.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] if the checkpoint does not state `size`, states another root for the
    /// size that is published already, or is longer than [`MAX_CHECKPOINT_BYTES`];
    /// [`StoreError::Conflict`] if `size` is smaller than the published one;
    /// [`StoreError::OutOfRange`] if the log has fewer entries.
    fn publish(&mut self, size: u64, checkpoint: &[u8]) -> Result<(), StoreError>;

    /// Drops the entries from `size` on, none of which may have been published: what a ledger does with
    /// a tail that a crash left and that it cannot admit. A store may keep the bytes aside.
    ///
    /// The index afterwards holds at most `size` entries, and possibly fewer or none: see
    /// [`Store::indexed_size`].
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if `size` is smaller than the published one; [`StoreError::OutOfRange`]
    /// if the log has fewer entries.
    fn truncate_unpublished(&mut self, size: u64) -> Result<(), StoreError>;

    /// The entries that bear on a stream; `None` if no indexed entry does.
    ///
    /// Complete only while [`Store::indexed_size`] equals [`Store::size`].
    ///
    /// # Errors
    /// If the index cannot be read.
    fn stream(&self, stream: &StreamId) -> Result<Option<StreamRecord>, StoreError>;

    /// The streams of a kind that an indexed entry bears on, ascending, those after `after` only, at
    /// most `limit` of them.
    ///
    /// # Errors
    /// If the index cannot be read.
    fn streams(
        &self,
        kind: StreamKind,
        after: Option<&StreamId>,
        limit: usize,
    ) -> Result<Vec<StreamId>, StoreError>;

    /// The number of entries, from the first on, that the index holds. Never more than [`Store::size`].
    ///
    /// It is smaller after a crash, or when the index was broken: then the caller reads the entries from
    /// here on and gives their touches to [`Store::index`].
    fn indexed_size(&self) -> u64;

    /// Brings the index forward by the touches of the entries from `from` on, one list for each entry.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if `from` is not [`Store::indexed_size`]; [`StoreError::OutOfRange`] if
    /// there are more lists than entries; [`StoreError::Malformed`] as [`check_touches`].
    fn index(&mut self, from: u64, touches: &[Vec<Touch>]) -> Result<(), StoreError>;

    /// Empties the index.
    ///
    /// # Errors
    /// If it cannot be written.
    fn reset_index(&mut self) -> Result<(), StoreError>;

    /// Keeps a document under its digest. Durable when it returns. Keeping it again changes nothing, or
    /// mends a damaged copy.
    ///
    /// # Errors
    /// If it cannot be written.
    fn put_document(&mut self, document: &[u8]) -> Result<Digest, StoreError>;

    /// Reads a document, checked against its digest; `None` if it is not kept.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if what is kept has another digest.
    fn document(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError>;

    /// Erases a document; says whether it was there. Its digest stays in the log.
    ///
    /// # Errors
    /// If it cannot be erased.
    fn erase_document(&mut self, digest: &Digest) -> Result<bool, StoreError>;

    /// Keeps a private document and its salt under their commitment, where no reader of the published
    /// log gets at it. Durable when it returns. Keeping it again changes nothing, or mends a damaged copy.
    ///
    /// # Errors
    /// [`StoreError::Erased`] if it was erased: what was erased does not come back. If it cannot be
    /// written.
    fn put_private_document(
        &mut self,
        salt: &Salt,
        document: &[u8],
    ) -> Result<Commitment, StoreError>;

    /// Reads a private document with its salt, checked against its commitment; `None` if it was never
    /// here. Who may ask is for the caller to judge: see [`crate::record::DocumentRef`].
    ///
    /// # Errors
    /// [`StoreError::Erased`]; [`StoreError::Corrupt`] if salt and document do not open the commitment.
    fn private_document(
        &self,
        commitment: &Commitment,
    ) -> Result<Option<PrivateDocument>, StoreError>;

    /// Erases a private document and its salt and keeps the record of it in their place; says whether
    /// there was one. All of it or nothing, whenever it is interrupted. The log and every proof stay
    /// valid: they hold the commitment only, which then nobody can open any more.
    ///
    /// # Errors
    /// [`StoreError::Erased`] if it was erased before; the first record stays. If it cannot be written.
    fn erase_private_document(
        &mut self,
        commitment: &Commitment,
        erasure: &Erasure,
    ) -> Result<bool, StoreError>;

    /// Up to where [`Store::settle_documents`] has certainly been told what the entries say; a caller goes
    /// on from there. Never more than [`Store::size`].
    fn documents_settled(&self) -> u64;

    /// Does with documents what the published entries before `through` say: what was handed in ahead of
    /// its entry takes its place, and what is erased is erased for good, also if it comes back by a copy
    /// of the store's files, or was never here. Doing it again changes nothing.
    ///
    /// # Errors
    /// If it cannot be written.
    fn settle_documents(
        &mut self,
        through: u64,
        changes: &DocumentChanges,
    ) -> Result<(), StoreError>;

    /// Stops cleanly, so that the next opening has nothing to make good.
    ///
    /// A store that is dropped instead loses nothing, and opens more slowly.
    ///
    /// # Errors
    /// If the last writes fail; nothing that was acknowledged is lost by that.
    fn close(self) -> Result<(), StoreError>
    where
        Self: Sized;
}
