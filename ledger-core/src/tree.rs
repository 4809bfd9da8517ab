//! The Merkle tree of RFC 6962 over stored tile hashes.
//!
//! Roots, proofs and the growing right edge, as pure functions of a [`HashReader`]. Knows nothing of
//! entries, of where hashes are kept, or of who signed a root. Follows RFC 6962, section 2.1, with the
//! stored levels of C2SP tlog-tiles; verification is the iterative form of RFC 9162, section 2.1.3.
//!
//! Sizes are counts of entries and go up to [`MAX_SIZE`].

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::hash::Hash;

/// The largest tree: 2^63 − 1 entries, so that a size also fits other programs' signed integers.
pub const MAX_SIZE: u64 = (1 << 63) - 1;

/// Reads a size or an index in the one decimal form that all tlog formats write: no sign, no leading
/// zeroes, at most [`MAX_SIZE`].
#[must_use]
pub fn parse_size(text: &str) -> Option<u64> {
    let size: u64 = text.parse().ok()?;
    (size <= MAX_SIZE && size.to_string() == text).then_some(size)
}

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

impl<R: HashReader + ?Sized> HashReader for &R {
    type Error = R::Error;

    fn read_hashes(&self, level: u8, start: u64, count: usize) -> Result<Vec<Hash>, R::Error> {
        (**self).read_hashes(level, start, count)
    }
}

/// A root or a proof could not be computed from stored hashes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError<E> {
    /// The reader failed.
    #[error("stored hashes could not be read (读不到已存的树哈希)")]
    Read(#[source] E),
    /// The reader broke its promise on how many hashes it returns.
    #[error("expected {expected} hashes of level {level} from index {start}, found {found}")]
    Count {
        /// The level that was read.
        level: u8,
        /// The index of the first hash.
        start: u64,
        /// How many hashes were asked for.
        expected: usize,
        /// How many came.
        found: usize,
    },
    /// The tree asked about is larger than any tree may be.
    #[error("expected a tree of at most {MAX_SIZE} entries, found size {found}")]
    Size {
        /// The size that was asked for.
        found: u64,
    },
    /// The entry asked about is not in the tree.
    #[error("expected an index below the tree's size {size}, found {index}")]
    Index {
        /// The index that was asked for.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The older tree is larger than the newer one.
    #[error("expected an older tree of at most {new} entries, found {old}")]
    Order {
        /// The older tree's size.
        old: u64,
        /// The newer tree's size.
        new: u64,
    },
}

/// A proof does not prove what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The entry cannot be in a tree of that size.
    #[error(
        "序号应小于树的大小 {size}，实为 {index} (expected an index below {size}, found {index})"
    )]
    Index {
        /// The index that is claimed.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// Nothing can be proved about an empty older tree: every tree continues it.
    #[error("旧树为空，无从证明 (expected an older tree that is not empty)")]
    EmptyTree,
    /// The older tree is larger than the newer one.
    #[error(
        "旧树应不超过 {new} 条，实为 {old} 条 (expected an older tree of at most {new} entries, found {old})"
    )]
    Order {
        /// The older tree's size.
        old: u64,
        /// The newer tree's size.
        new: u64,
    },
    /// The proof has the wrong number of hashes for these sizes.
    #[error(
        "证明应有 {expected} 个哈希，实有 {found} 个 (expected {expected} hashes, found {found})"
    )]
    Length {
        /// How many hashes such a proof has.
        expected: usize,
        /// How many this one has.
        found: usize,
    },
    /// The proof leads to another root.
    #[error("证明得出的树根与声明的不符 (expected root {expected}, found {found})")]
    Root {
        /// The root that is claimed.
        expected: Hash,
        /// The root that the proof leads to.
        found: Hash,
    },
}

/// The right edge of a growing tree: what is needed to append and to know the root. (右缘)
///
/// Holds one hash for each complete subtree in the tree's decomposition, at most 63.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// Roots of the complete subtrees, largest first; their heights are the set bits of `size`.
    subtrees: Vec<Hash>,
}

impl Frontier {
    /// The edge of the empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the edge of the tree of the first `size` entries.
    ///
    /// # Errors
    /// [`TreeError::Size`] above [`MAX_SIZE`]; otherwise as the reader fails.
    pub fn load<R: HashReader>(reader: &R, size: u64) -> Result<Self, TreeError<R::Error>> {
        check_size(size)?;
        let subtrees = complete_subtrees(reader, 0, size)?;
        Ok(Self { size, subtrees })
    }

    /// Appends a leaf and returns the hashes that the stored tiles gain by it, with their levels,
    /// level 0 (the leaf itself) first.
    pub fn push(&mut self, leaf: Hash) -> Vec<(u8, Hash)> {
        let mut gained = vec![(0, leaf)];
        let mut hash = leaf;
        let merges = self.size.trailing_ones() as usize;
        let keep = self.subtrees.len().saturating_sub(merges);
        for (height, left) in (1_u8..).zip(self.subtrees.drain(keep..).rev()) {
            hash = Hash::node(&left, &hash);
            if height.is_multiple_of(8) {
                gained.push((height / 8, hash));
            }
        }
        self.subtrees.push(hash);
        self.size += 1;
        gained
    }

    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The tree's root.
    #[must_use]
    pub fn root(&self) -> Hash {
        join(&self.subtrees)
    }
}

/// The root of the tree of the first `size` entries.
///
/// # Errors
/// [`TreeError::Size`] above [`MAX_SIZE`]; otherwise as the reader fails.
pub fn root<R: HashReader>(reader: &R, size: u64) -> Result<Hash, TreeError<R::Error>> {
    check_size(size)?;
    subtree_hash(reader, 0, size)
}

/// Proves that the entry `index` is in the tree of the first `size` entries.
///
/// The hashes go from the leaf's sibling up to the root's child.
///
/// # Errors
/// [`TreeError::Index`] unless `index < size`, [`TreeError::Size`] above [`MAX_SIZE`]; otherwise as the
/// reader fails.
///
/// Source: RFC 6962, section 2.1.1.
pub fn prove_inclusion<R: HashReader>(
    reader: &R,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, TreeError<R::Error>> {
    Prover::new(reader, size)?.prove_inclusion(index)
}

/// Proves that entries are in one tree, and computes only once what their proofs share.
#[derive(Debug)]
pub struct Prover<'a, R> {
    reader: &'a R,
    size: u64,
    /// The hashes of ranges of entries, by their beginning and end.
    known: BTreeMap<(u64, u64), Hash>,
}

impl<'a, R: HashReader> Prover<'a, R> {
    /// For the tree of the first `size` entries.
    ///
    /// # Errors
    /// [`TreeError::Size`] above [`MAX_SIZE`].
    pub fn new(reader: &'a R, size: u64) -> Result<Self, TreeError<R::Error>> {
        check_size(size)?;
        let known = BTreeMap::new();
        Ok(Self {
            reader,
            size,
            known,
        })
    }

    /// As [`prove_inclusion`], in this tree.
    ///
    /// # Errors
    /// As [`prove_inclusion`].
    pub fn prove_inclusion(&mut self, index: u64) -> Result<Vec<Hash>, TreeError<R::Error>> {
        let size = self.size;
        if index >= size {
            return Err(TreeError::Index { index, size });
        }
        let mut proof = Vec::new();
        let (mut start, mut end) = (0, size);
        while end - start > 1 {
            let middle = start + split(end - start);
            if index < middle {
                proof.push(self.hash(middle, end)?);
                end = middle;
            } else {
                proof.push(self.hash(start, middle)?);
                start = middle;
            }
        }
        proof.reverse();
        Ok(proof)
    }

    fn hash(&mut self, start: u64, end: u64) -> Result<Hash, TreeError<R::Error>> {
        match self.known.entry((start, end)) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(vacant) => Ok(*vacant.insert(subtree_hash(self.reader, start, end)?)),
        }
    }
}

/// Proves that the tree of the first `new` entries continues the tree of the first `old`.
///
/// The proof is empty if `old` is 0 or equals `new`.
///
/// # Errors
/// [`TreeError::Order`] unless `old ≤ new`, [`TreeError::Size`] above [`MAX_SIZE`]; otherwise as the
/// reader fails.
///
/// Source: RFC 6962, section 2.1.2.
pub fn prove_consistency<R: HashReader>(
    reader: &R,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, TreeError<R::Error>> {
    check_size(new)?;
    if old > new {
        return Err(TreeError::Order { old, new });
    }
    let mut proof = Vec::new();
    if old == 0 || old == new {
        return Ok(proof);
    }
    let (mut start, mut end) = (0, new);
    while end != old {
        let middle = start + split(end - start);
        if old <= middle {
            proof.push(subtree_hash(reader, middle, end)?);
            end = middle;
        } else {
            proof.push(subtree_hash(reader, start, middle)?);
            start = middle;
        }
    }
    if start > 0 {
        proof.push(subtree_hash(reader, start, end)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Verifies that the leaf is entry `index` of the tree with `size` entries and that root.
///
/// # Errors
/// The first of [`ProofError::Index`], [`ProofError::Length`], [`ProofError::Root`] that applies.
///
/// Source: RFC 9162, section 2.1.3.2.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: &Hash,
    root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Index { index, size });
    }
    let path = Path::new(index, size);
    check_length(path.inner + path.border, proof)?;
    let (inner, border) = proof.split_at(path.inner);
    check_root(root, fold_left(fold(*leaf, inner, index), border))
}

/// Verifies that the tree with `new` entries continues the tree with `old` entries.
///
/// An empty older tree is refused: every tree continues it, so that nothing would be verified.
///
/// # Errors
/// The first of [`ProofError::Order`], [`ProofError::EmptyTree`], [`ProofError::Length`],
/// [`ProofError::Root`] that applies.
///
/// Source: RFC 9162, section 2.1.4.2.
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: &Hash,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Order { old, new });
    }
    if old == 0 {
        return Err(ProofError::EmptyTree);
    }
    if old == new {
        check_length(0, proof)?;
        return check_root(new_root, *old_root);
    }
    // The proof is the path of the last old subtree; if that subtree is the whole old tree, its hash
    // is the old root and the proof leaves it out.
    let height = old.trailing_zeros();
    let path = Path::new((old - 1) >> height, ((new - 1) >> height) + 1);
    let omitted = old.is_power_of_two();
    check_length(path.inner + path.border + usize::from(!omitted), proof)?;
    let (seed, rest) = match proof.split_first() {
        Some((first, rest)) if !omitted => (*first, rest),
        _ => (*old_root, proof),
    };
    let (inner, border) = rest.split_at(path.inner);
    let turns = (old - 1) >> height;
    check_root(old_root, fold_left(fold_old(seed, inner, turns), border))?;
    check_root(new_root, fold_left(fold(seed, inner, turns), border))
}

/// The two parts of the way from a leaf to the root: below the tree's right border, and along it.
struct Path {
    inner: usize,
    border: usize,
}

impl Path {
    fn new(index: u64, size: u64) -> Self {
        let inner = u64::BITS - (index ^ (size - 1)).leading_zeros();
        let border = index.checked_shr(inner).unwrap_or(0).count_ones();
        Self {
            inner: inner as usize,
            border: border as usize,
        }
    }
}

/// Climbs from `seed`, on the side that each bit of `turns` says.
fn fold(seed: Hash, proof: &[Hash], turns: u64) -> Hash {
    proof.iter().enumerate().fold(seed, |hash, (level, other)| {
        if turns >> level & 1 == 0 {
            Hash::node(&hash, other)
        } else {
            Hash::node(other, &hash)
        }
    })
}

/// Climbs as [`fold`] does, but within the older tree, which has nothing to the right.
fn fold_old(seed: Hash, proof: &[Hash], turns: u64) -> Hash {
    let lefts = proof.iter().enumerate();
    let lefts = lefts.filter(|(level, _)| turns >> level & 1 == 1);
    lefts.fold(seed, |hash, (_, left)| Hash::node(left, &hash))
}

/// Climbs along the right border, where everything else is to the left.
fn fold_left(seed: Hash, proof: &[Hash]) -> Hash {
    proof
        .iter()
        .fold(seed, |hash, left| Hash::node(left, &hash))
}

fn check_size<E>(size: u64) -> Result<(), TreeError<E>> {
    if size > MAX_SIZE {
        return Err(TreeError::Size { found: size });
    }
    Ok(())
}

fn check_length(expected: usize, proof: &[Hash]) -> Result<(), ProofError> {
    let found = proof.len();
    if found != expected {
        return Err(ProofError::Length { expected, found });
    }
    Ok(())
}

fn check_root(expected: &Hash, found: Hash) -> Result<(), ProofError> {
    if found != *expected {
        return Err(ProofError::Root {
            expected: *expected,
            found,
        });
    }
    Ok(())
}

/// The largest power of two below `width`, which is at least 2.
fn split(width: u64) -> u64 {
    1 << (width - 1).ilog2()
}

/// The tree hash of the entries `start..end`, a range that RFC 6962's splits lead to: `start` is a
/// multiple of every subtree size in it.
fn subtree_hash<R: HashReader>(
    reader: &R,
    start: u64,
    end: u64,
) -> Result<Hash, TreeError<R::Error>> {
    complete_subtrees(reader, start, end).map(|subtrees| join(&subtrees))
}

/// The hashes of the complete subtrees that make up `start..end`, largest first.
fn complete_subtrees<R: HashReader>(
    reader: &R,
    start: u64,
    end: u64,
) -> Result<Vec<Hash>, TreeError<R::Error>> {
    let width = end - start;
    let mut at = start;
    let mut subtrees = Vec::new();
    for height in (0..u64::BITS).rev().filter(|bit| width >> bit & 1 == 1) {
        subtrees.push(complete_subtree(reader, at, height)?);
        at += 1 << height;
    }
    Ok(subtrees)
}

/// The hash of the 2^height entries from `start`, from the nearest stored level below.
fn complete_subtree<R: HashReader>(
    reader: &R,
    start: u64,
    height: u32,
) -> Result<Hash, TreeError<R::Error>> {
    // A height is below 64, so that the level is below 8.
    let level = (height / 8) as u8;
    let expected = 1_usize << (height % 8);
    let first = start >> (8 * u32::from(level));
    let mut hashes = reader
        .read_hashes(level, first, expected)
        .map_err(TreeError::Read)?;
    if hashes.len() != expected {
        return Err(TreeError::Count {
            level,
            start: first,
            expected,
            found: hashes.len(),
        });
    }
    while hashes.len() > 1 {
        hashes = hashes
            .chunks_exact(2)
            .map(|pair| Hash::node(&pair[0], &pair[1]))
            .collect();
    }
    Ok(join(&hashes))
}

/// Joins complete subtrees, largest first, to the hash of the tree that they make up.
fn join(subtrees: &[Hash]) -> Hash {
    let mut rest = subtrees.iter().rev();
    match rest.next() {
        Some(last) => rest.fold(*last, |hash, left| Hash::node(left, &hash)),
        None => Hash::empty_root(),
    }
}
