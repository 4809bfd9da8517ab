//! Tiles and entry bundles: a log as static files. (瓦片文件)
//!
//! Paths, encodings, and an outsider's reader that believes nothing but a root. Does not know where the
//! files are. Follows C2SP tlog-tiles.

use core::fmt;
use core::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::hash::Hash;
use crate::tree::{self, HashReader, MAX_SIZE, TreeError};

/// How many hashes a full tile has, and how many entries a full bundle.
pub const FULL_WIDTH: u16 = 256;

/// The longest entry a bundle can hold, in bytes.
pub const MAX_ENTRY_BYTES: usize = 65_535;

/// The most levels of tiles that a tree of [`MAX_SIZE`] entries has.
const LEVELS: u8 = 8;

/// A tile's path or content has not its form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TileError {
    /// The text is not the path of a tile.
    #[error("瓦片路径应如 tile/0/x001/234.p/8，实为 {found:?} (expected a path of tlog-tiles)")]
    Path {
        /// The text, cut to a length that fits a message.
        found: String,
    },
    /// The level, index or width is beyond what a tile can have.
    #[error(
        "没有层 {level}、序号 {index}、宽 {width} 的瓦片 (no tile has level {level}, index {index}, width {width})"
    )]
    Bounds {
        /// The level; 0 for entries.
        level: u8,
        /// The index.
        index: u64,
        /// The width.
        width: u16,
    },
    /// An entry is too long for a bundle.
    #[error("记录应不超过 {MAX_ENTRY_BYTES} 字节，实为 {found} (entry too long: {found} bytes)")]
    Entry {
        /// Its length in bytes.
        found: usize,
    },
    /// A tile or bundle holds nothing, or too much.
    #[error(
        "应有 1 至 {FULL_WIDTH} 项，实有 {found} (expected 1 to {FULL_WIDTH} items, found {found})"
    )]
    Width {
        /// How many items it holds.
        found: usize,
    },
    /// The content ends within an item.
    #[error("内容在第 {at} 字节处残缺 (cut off within the item at byte {at})")]
    Torn {
        /// Where the item begins.
        at: usize,
    },
}

/// What a tile holds. (瓦片层)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileLevel {
    /// Hashes of complete subtrees of 256^level entries; level 0 holds leaf hashes. At most 63.
    Hashes(u8),
    /// The entries themselves.
    Entries,
}

impl TileLevel {
    /// The level in the tree: 0 for entries, as for leaf hashes.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Hashes(level) => level,
            Self::Entries => 0,
        }
    }
}

/// Names a tile: so many items of a level, in a row. (瓦片)
///
/// Text form: the path of tlog-tiles, as in `tile/0/x001/x234/067.p/8` or `tile/entries/000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: TileLevel,
    index: u64,
    width: u16,
}

impl Tile {
    /// Names the tile whose first item is item `256 · index` of its level, and which has `width` items.
    ///
    /// # Errors
    /// [`TileError::Bounds`] unless the level is at most 63, the width 1 to 256, and every item's number at
    /// most [`MAX_SIZE`].
    pub fn new(level: TileLevel, index: u64, width: u16) -> Result<Self, TileError> {
        let level_fits = level.number() <= 63;
        if !level_fits || !(1..=FULL_WIDTH).contains(&width) || index > MAX_SIZE >> 8 {
            let level = level.number();
            return Err(TileError::Bounds {
                level,
                index,
                width,
            });
        }
        Ok(Self {
            level,
            index,
            width,
        })
    }

    /// What it holds.
    #[must_use]
    pub fn level(&self) -> TileLevel {
        self.level
    }

    /// Its index within the level.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many items it has, 1 to 256.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }

    /// The number of its first item within the level.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.index << 8
    }

    /// Whether it may still grow.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.width < FULL_WIDTH
    }

    /// The full tile at its place.
    #[must_use]
    pub fn full(&self) -> Self {
        let width = FULL_WIDTH;
        Self { width, ..*self }
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            TileLevel::Hashes(level) => write!(f, "tile/{level}/")?,
            TileLevel::Entries => f.write_str("tile/entries/")?,
        }
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for (place, group) in groups.iter().enumerate().rev() {
            if place > 0 {
                write!(f, "x{group:03}/")?;
            } else {
                write!(f, "{group:03}")?;
            }
        }
        if self.is_partial() {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

impl FromStr for Tile {
    type Err = TileError;

    fn from_str(text: &str) -> Result<Self, TileError> {
        // Read loosely, then written out again and compared.
        parse_path(text)
            .filter(|tile| tile.to_string() == text)
            .ok_or_else(|| TileError::Path {
                found: text.chars().take(160).collect(),
            })
    }
}

fn parse_path(text: &str) -> Option<Tile> {
    let (level, rest) = text.strip_prefix("tile/")?.split_once('/')?;
    let level = match level {
        "entries" => TileLevel::Entries,
        number => TileLevel::Hashes(number.parse().ok()?),
    };
    let (path, width) = match rest.split_once(".p/") {
        Some((path, width)) => (path, width.parse().ok()?),
        None => (rest, FULL_WIDTH),
    };
    let index = path.split('/').try_fold(0_u64, |index, group| {
        let group = group.strip_prefix('x').unwrap_or(group);
        let group: u64 = group.parse().ok()?;
        index.checked_mul(1000)?.checked_add(group)
    })?;
    Tile::new(level, index, width).ok()
}

/// All tiles of a tree: full ones and, where the tree ends, partial ones.
///
/// `size` is in entries and taken as at most [`MAX_SIZE`].
pub fn tiles_of(size: u64) -> impl Iterator<Item = Tile> {
    tiles_between(0, size)
}

/// The tiles that a tree has and did not have, or not so wide, when it was smaller.
///
/// Entries come first, then hashes, lowest level first. Sizes are in entries, taken as at most [`MAX_SIZE`].
pub fn tiles_between(old: u64, new: u64) -> impl Iterator<Item = Tile> {
    let hashes = (0..LEVELS).map(TileLevel::Hashes);
    core::iter::once(TileLevel::Entries)
        .chain(hashes)
        .flat_map(move |level| {
            let shift = 8 * u32::from(level.number());
            let (before, now) = (old.min(MAX_SIZE) >> shift, new.min(MAX_SIZE) >> shift);
            let full = (before >> 8..now >> 8).map(move |index| (index, FULL_WIDTH));
            // The remainder of a division by 256 always fits.
            let partial = (now > before && now % 256 > 0).then_some((now >> 8, (now % 256) as u16));
            full.chain(partial).map(move |(index, width)| Tile {
                level,
                index,
                width,
            })
        })
}

/// Encodes entries as a bundle: each with its length in two bytes, big-endian, before it.
///
/// # Errors
/// [`TileError::Width`] unless there are 1 to 256, [`TileError::Entry`] if one is too long.
pub fn encode_bundle<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, TileError> {
    check_width(entries.len())?;
    let mut bundle = Vec::new();
    for entry in entries {
        let entry = entry.as_ref();
        let length: u16 = entry
            .len()
            .try_into()
            .map_err(|_| TileError::Entry { found: entry.len() })?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Ok(bundle)
}

/// Decodes a bundle into its entries.
///
/// # Errors
/// [`TileError::Torn`] if it ends within an entry, [`TileError::Width`] unless there are 1 to 256.
pub fn parse_bundle(bytes: &[u8]) -> Result<Vec<&[u8]>, TileError> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let torn = TileError::Torn { at };
        let Some((length, after)) = rest.split_first_chunk() else {
            return Err(torn);
        };
        let length = usize::from(u16::from_be_bytes(*length));
        let Some((entry, after)) = after.split_at_checked(length) else {
            return Err(torn);
        };
        entries.push(entry);
        check_width(entries.len())?;
        rest = after;
    }
    check_width(entries.len())?;
    Ok(entries)
}

/// Encodes hashes as a tile: one after the other.
///
/// # Errors
/// [`TileError::Width`] unless there are 1 to 256.
pub fn encode_hashes(hashes: &[Hash]) -> Result<Vec<u8>, TileError> {
    check_width(hashes.len())?;
    Ok(hashes.iter().flat_map(|hash| *hash.as_bytes()).collect())
}

/// Decodes a tile into its hashes.
///
/// # Errors
/// [`TileError::Torn`] if it ends within a hash, [`TileError::Width`] unless there are 1 to 256.
pub fn parse_hashes(bytes: &[u8]) -> Result<Vec<Hash>, TileError> {
    let (chunks, rest) = bytes.as_chunks();
    if !rest.is_empty() {
        let at = bytes.len() - rest.len();
        return Err(TileError::Torn { at });
    }
    check_width(chunks.len())?;
    Ok(chunks
        .iter()
        .map(|chunk| Hash::from_bytes(*chunk))
        .collect())
}

fn check_width(found: usize) -> Result<(), TileError> {
    if (1..=usize::from(FULL_WIDTH)).contains(&found) {
        return Ok(());
    }
    Err(TileError::Width { found })
}

/// Where an outsider gets a log's files: a folder, a server. Nothing it returns is believed.
pub trait TileSource {
    /// What can go wrong in fetching.
    type Error;

    /// Fetches the file at the tile's path, decompressed. If a partial tile is not there any more, the full
    /// one may be returned in its place.
    ///
    /// # Errors
    /// If it is not there or cannot be fetched.
    fn fetch(&self, tile: &Tile) -> Result<Vec<u8>, Self::Error>;
}

impl<S: TileSource + ?Sized> TileSource for &S {
    type Error = S::Error;

    fn fetch(&self, tile: &Tile) -> Result<Vec<u8>, S::Error> {
        (**self).fetch(tile)
    }
}

/// Fetched tiles do not make up the tree they should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TileReadError<E> {
    /// A tile could not be fetched.
    #[error("取不到 {tile} (could not fetch {tile})")]
    Fetch {
        /// The tile.
        tile: Tile,
        /// Why not.
        source: E,
    },
    /// A tile has not the form of one.
    #[error("{tile}: {problem}")]
    Form {
        /// The tile.
        tile: Tile,
        /// What is wrong with it.
        problem: TileError,
    },
    /// A tile is neither as wide as asked for nor full.
    #[error("{tile} 有 {found} 项 ({tile} has {found} items)")]
    Width {
        /// The tile.
        tile: Tile,
        /// How many items it has.
        found: usize,
    },
    /// A tile is not the one that the tree has there.
    #[error("{tile} 与树根不符 ({tile} does not belong to the tree with this root)")]
    Unproven {
        /// The tile.
        tile: Tile,
    },
    /// The tiles at the tree's edge lead to another root.
    #[error("边缘瓦片得出的树根与检查点不符 (expected root {expected}, found {found})")]
    Root {
        /// The root that is believed.
        expected: Hash,
        /// The root that the tiles lead to.
        found: Hash,
    },
    /// The tree does not have what is asked for.
    #[error(
        "大小为 {size} 的树没有层 {level} 序号 {end} 之前的全部哈希 (a tree of {size} entries has not all of level {level} before {end})"
    )]
    OutOfTree {
        /// The tree's size in entries.
        size: u64,
        /// The level that was asked for.
        level: u8,
        /// The number after the last item that was asked for.
        end: u64,
    },
}

/// Reads a tree from fetched tiles, each checked against the tree's root before it is used. (外部读者)
///
/// Keeps the tiles at the tree's edge, and of each level the one that was read last.
#[derive(Debug)]
pub struct TileReader<S> {
    source: S,
    size: u64,
    /// The hashes of the partial tile of each level, by level; empty where the level ends with a full one.
    edge: Vec<Vec<Hash>>,
    recent: Mutex<Vec<Option<Held>>>,
}

/// A full tile that has been checked.
#[derive(Debug, Clone)]
struct Held {
    index: u64,
    hashes: Vec<Hash>,
}

impl<S: TileSource> TileReader<S> {
    /// Fetches the edge of the tree and checks that it leads to the root.
    ///
    /// # Errors
    /// [`TileReadError::Root`] if it does not; otherwise what is wrong with a tile.
    pub fn new(source: S, size: u64, root: &Hash) -> Result<Self, TileReadError<S::Error>> {
        if size > MAX_SIZE {
            let (level, end) = (0, size);
            return Err(TileReadError::OutOfTree { size, level, end });
        }
        let mut reader = Self {
            source,
            size,
            edge: vec![Vec::new(); usize::from(LEVELS)],
            recent: Mutex::new(vec![None; usize::from(LEVELS)]),
        };
        for level in 0..LEVELS {
            let items = reader.items(level);
            let width = (items % 256) as u16;
            if width > 0 {
                let tile = Tile {
                    level: TileLevel::Hashes(level),
                    index: items >> 8,
                    width,
                };
                reader.edge[usize::from(level)] = reader.fetch_hashes(tile)?;
            }
        }
        // Every hash of the edge goes into the root, so that its being right proves them all.
        match tree::root(&reader, size) {
            Ok(found) if found == *root => Ok(reader),
            Ok(found) => {
                let expected = *root;
                Err(TileReadError::Root { expected, found })
            }
            Err(TreeError::Read(error)) => Err(error),
            Err(_) => Err(reader.out_of_tree(0, size)),
        }
    }

    /// The size of the tree, in entries.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Fetches bundle `index` and checks every entry of it against its leaf hash.
    ///
    /// The last bundle has as many entries as the tree's size says.
    ///
    /// # Errors
    /// [`TileReadError::OutOfTree`] if the tree has no such bundle, [`TileReadError::Unproven`] if an entry is
    /// not the tree's; otherwise what is wrong with a tile.
    pub fn entries(&self, index: u64) -> Result<Vec<Vec<u8>>, TileReadError<S::Error>> {
        let width = match (self.size >> 8).cmp(&index) {
            core::cmp::Ordering::Greater => u64::from(FULL_WIDTH),
            core::cmp::Ordering::Equal => self.size % 256,
            core::cmp::Ordering::Less => 0,
        };
        if width == 0 {
            let end = index.saturating_mul(256).saturating_add(1);
            return Err(self.out_of_tree(0, end));
        }
        let tile = Tile {
            level: TileLevel::Entries,
            index,
            width: width as u16,
        };
        let bytes = self.fetch(&tile)?;
        let mut entries =
            parse_bundle(&bytes).map_err(|problem| TileReadError::Form { tile, problem })?;
        take_width(tile, &mut entries)?;
        let leaves = self.read_hashes(0, index << 8, entries.len())?;
        if entries
            .iter()
            .zip(&leaves)
            .any(|(entry, leaf)| Hash::leaf(entry) != *leaf)
        {
            return Err(TileReadError::Unproven { tile });
        }
        Ok(entries.into_iter().map(<[u8]>::to_vec).collect())
    }

    /// How many hashes the tree has on a level.
    fn items(&self, level: u8) -> u64 {
        self.size.checked_shr(8 * u32::from(level)).unwrap_or(0)
    }

    fn out_of_tree(&self, level: u8, end: u64) -> TileReadError<S::Error> {
        let size = self.size;
        TileReadError::OutOfTree { size, level, end }
    }

    fn fetch(&self, tile: &Tile) -> Result<Vec<u8>, TileReadError<S::Error>> {
        let tile = *tile;
        self.source
            .fetch(&tile)
            .map_err(|source| TileReadError::Fetch { tile, source })
    }

    fn fetch_hashes(&self, tile: Tile) -> Result<Vec<Hash>, TileReadError<S::Error>> {
        let bytes = self.fetch(&tile)?;
        let mut hashes =
            parse_hashes(&bytes).map_err(|problem| TileReadError::Form { tile, problem })?;
        take_width(tile, &mut hashes)?;
        Ok(hashes)
    }

    /// Fetches a full tile and checks it against its hash on the level above.
    fn full_tile(&self, level: u8, index: u64) -> Result<Vec<Hash>, TileReadError<S::Error>> {
        let tile = Tile {
            level: TileLevel::Hashes(level),
            index,
            width: FULL_WIDTH,
        };
        let hashes = self.fetch_hashes(tile)?;
        let mut frontier = tree::Frontier::new();
        for hash in &hashes {
            frontier.push(*hash);
        }
        if self.read_hashes(level + 1, index, 1)? != [frontier.root()] {
            return Err(TileReadError::Unproven { tile });
        }
        Ok(hashes)
    }

    fn recent(&self) -> MutexGuard<'_, Vec<Option<Held>>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends items `from..to` of tile `index` to `hashes`.
    fn read_tile(
        &self,
        (level, index): (u8, u64),
        range: core::ops::Range<usize>,
        hashes: &mut Vec<Hash>,
    ) -> Result<(), TileReadError<S::Error>> {
        let place = usize::from(level);
        if index == self.items(level) >> 8 {
            hashes.extend_from_slice(&self.edge[place][range]);
            return Ok(());
        }
        if let Some(held) = &self.recent()[place]
            && held.index == index
        {
            hashes.extend_from_slice(&held.hashes[range]);
            return Ok(());
        }
        let tile = self.full_tile(level, index)?;
        hashes.extend_from_slice(&tile[range]);
        self.recent()[place] = Some(Held {
            index,
            hashes: tile,
        });
        Ok(())
    }
}

impl<S: TileSource> HashReader for TileReader<S> {
    type Error = TileReadError<S::Error>;

    fn read_hashes(&self, level: u8, start: u64, count: usize) -> Result<Vec<Hash>, Self::Error> {
        let end = start.saturating_add(count as u64);
        if end > self.items(level) {
            return Err(self.out_of_tree(level, end));
        }
        let mut hashes = Vec::with_capacity(count);
        let mut at = start;
        while at < end {
            let index = at >> 8;
            let stop = end.min((index + 1) << 8);
            // Both are at most 256 from the tile's first item.
            let range = (at % 256) as usize..(stop - (index << 8)) as usize;
            self.read_tile((level, index), range, &mut hashes)?;
            at = stop;
        }
        Ok(hashes)
    }
}

/// Keeps of what was fetched what the tile should hold: all, or the first items of the full tile.
fn take_width<T, E>(tile: Tile, items: &mut Vec<T>) -> Result<(), TileReadError<E>> {
    let found = items.len();
    if found != usize::from(tile.width) && found != usize::from(FULL_WIDTH) {
        return Err(TileReadError::Width { tile, found });
    }
    items.truncate(usize::from(tile.width));
    Ok(())
}
