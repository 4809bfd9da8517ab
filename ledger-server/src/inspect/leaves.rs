//! Which leaf hashes are the signed ones, and which entries and tiles are not theirs.

use ledger_core::tile::{TileError, parse_bundle};

use super::{
    Frontier, Grade, Hash, Look, Named, Raw, Tile, TileLevel, bundle_of, parse_hashes, tiles_of,
};

/// The proven leaf hashes, and the hashes that they complete.
pub(super) struct Leaves {
    /// By level.
    levels: Vec<Vec<Hash>>,
    /// Where each entry ends in a file of all of them, as far as the entries are whole.
    ends: Vec<u64>,
}

impl Leaves {
    fn new(leaves: impl Iterator<Item = Hash>) -> (Self, Hash) {
        let mut frontier = Frontier::new();
        let mut levels: Vec<Vec<Hash>> = Vec::new();
        for leaf in leaves {
            for (level, hash) in frontier.push(leaf) {
                let level = usize::from(level);
                if levels.len() <= level {
                    levels.resize(level + 1, Vec::new());
                }
                levels[level].push(hash);
            }
        }
        let ends = Vec::new();
        (Self { levels, ends }, frontier.root())
    }

    /// The hashes that a tile has to hold; `None` if the tree has no such tile.
    pub(super) fn tile(&self, tile: &Tile) -> Option<&[Hash]> {
        let first = usize::try_from(tile.first()).ok()?;
        let level = self.levels.get(usize::from(tile.level().number()))?;
        level.get(first..first + usize::from(tile.width()))
    }

    pub(super) fn ends(&self) -> &[u64] {
        &self.ends
    }
}

/// What there is of a bundle: the leaf hashes of its entries, and those that the tile says.
struct Bundle {
    entries: Vec<Hash>,
    /// The documents that each of them names.
    names: Vec<Named>,
    /// The lengths of the entries, with their prefix.
    lengths: Vec<u64>,
    stored: Vec<Hash>,
    tile: Tile,
}

impl Look<'_> {
    /// The leaf hashes that lead to the signed root, if there are such; notes every entry that is not
    /// theirs.
    pub(super) fn leaves(
        &mut self,
        size: u64,
        root: &Hash,
        named: &mut Named,
    ) -> anyhow::Result<Option<Leaves>> {
        let mut bundles = Vec::new();
        for first in (0..size).step_by(256) {
            bundles.push(self.bundle(bundle_of(first, size)?)?);
        }
        let Some(mut leaves) = self.proven(size, root, &bundles)? else {
            self.unproven(&bundles, root);
            return Ok(None);
        };
        let mut end = 0;
        for bundle in &bundles {
            let right = self.compare(bundle, &leaves);
            // An altered entry may name what nobody ever had.
            let expected = leaves.tile(&bundle.tile).unwrap_or_default();
            let genuine = bundle.entries.iter().zip(expected).zip(&bundle.names);
            for (_, names) in genuine.filter(|((found, expected), _)| found == expected) {
                named.public.extend(&names.public);
                named.private.extend(&names.private);
            }
            if right && leaves.ends.len() as u64 == bundle.tile.first() {
                leaves.ends.extend(bundle.lengths.iter().map(|length| {
                    end += length;
                    end
                }));
            }
        }
        let first = leaves.levels.first().and_then(|level| level.first());
        if first.is_some_and(|leaf| *leaf != self.pins.ledger_id) {
            let zh = "第 0 条不是所信任的账本".into();
            let en = "entry 0 is not that of the pinned ledger".into();
            self.note(Grade::Bad, "tile/entries/000", zh, en);
        }
        Ok(Some(leaves))
    }

    fn bundle(&self, tile: Tile) -> anyhow::Result<Bundle> {
        let bytes = self.raw.tile(&tile)?.unwrap_or_default();
        let whole = match parse_bundle(&bytes) {
            Err(TileError::Torn { at }) => bytes.get(..at).unwrap_or_default(),
            _ => &bytes,
        };
        let entries = parse_bundle(whole).unwrap_or_default();
        let entries = entries.iter().take(usize::from(tile.width()));
        let leaf_tile = Tile::new(TileLevel::Hashes(0), tile.index(), tile.width())?;
        let stored = self.raw.tile(&leaf_tile)?.unwrap_or_default();
        let mut stored = parse_hashes(&stored).unwrap_or_default();
        stored.truncate(usize::from(tile.width()));
        Ok(Bundle {
            lengths: entries
                .clone()
                .map(|entry| entry.len() as u64 + 2)
                .collect(),
            names: entries.clone().map(|entry| Named::of(entry)).collect(),
            entries: entries.map(|entry| Hash::leaf(entry)).collect(),
            stored,
            tile,
        })
    }

    /// Tries for each bundle what fits the level above, then all entries, then all tiles.
    fn proven(&self, size: u64, root: &Hash, bundles: &[Bundle]) -> anyhow::Result<Option<Leaves>> {
        let mut above = Vec::new();
        for tile in tiles_of(size).filter(|tile| tile.level() == TileLevel::Hashes(1)) {
            let hashes = parse_hashes(&self.raw.tile(&tile)?.unwrap_or_default());
            let mut hashes = hashes.unwrap_or_default();
            hashes.resize(usize::from(tile.width()), Hash::ZERO);
            above.extend(hashes);
        }
        let fitting = |(bundle, number): (&'_ Bundle, usize)| {
            let width = usize::from(bundle.tile.width());
            let of_entries =
                above.get(number) == Some(&Leaves::new(bundle.entries.iter().copied()).1);
            let full = bundle.tile.is_partial() || above.get(number).is_none();
            match of_entries || (full && bundle.entries.len() == width) {
                true => bundle.entries.clone(),
                false if bundle.stored.len() == width => bundle.stored.clone(),
                false => bundle.entries.clone(),
            }
        };
        let numbered = || bundles.iter().zip(0_usize..);
        let candidates: [Vec<Hash>; 4] = [
            numbered().flat_map(fitting).collect(),
            numbered()
                .flat_map(|(bundle, _)| bundle.entries.clone())
                .collect(),
            numbered()
                .flat_map(|(bundle, _)| bundle.stored.clone())
                .collect(),
            numbered()
                .flat_map(|(bundle, number)| match bundle.tile.is_partial() {
                    true => bundle.stored.clone(),
                    false => fitting((bundle, number)),
                })
                .collect(),
        ];
        let whole = candidates
            .into_iter()
            .filter(|leaves| leaves.len() as u64 == size);
        let mut made = whole.map(|leaves| Leaves::new(leaves.into_iter()));
        Ok(made
            .find(|(_, found)| found == root)
            .map(|(leaves, _)| leaves))
    }

    /// Notes the entries of a bundle that are not those that were signed; whether there were none.
    fn compare(&mut self, bundle: &Bundle, leaves: &Leaves) -> bool {
        let expected = leaves.tile(&bundle.tile).unwrap_or_default();
        let place = self.place(&bundle.tile);
        let first = bundle.tile.first();
        let wrong = (first..)
            .zip(expected.iter().zip(&bundle.entries))
            .find(|(_, (expected, found))| expected != found);
        if let Some((index, (expected, found))) = wrong {
            let zh = format!("第 {index} 条被改过或已损坏：应为 {expected}，实为 {found}");
            let en =
                format!("entry {index} is altered or damaged: expected {expected}, found {found}");
            self.note(Grade::Bad, place, zh, en);
            return false;
        }
        let (width, there) = (expected.len(), bundle.entries.len());
        if there == width {
            return true;
        }
        let from = first + there as u64;
        let until = first + width as u64 - 1;
        let zh = format!("缺第 {from} 至 {until} 条");
        let en = format!("entries {from} to {until} are not there");
        self.note(Grade::Missing, place, zh, en);
        false
    }

    /// Says what can be said where neither entries nor tiles lead to the signed root.
    fn unproven(&mut self, bundles: &[Bundle], root: &Hash) {
        let before = self.found.findings.len();
        for bundle in bundles {
            let (width, place) = (usize::from(bundle.tile.width()), self.place(&bundle.tile));
            if bundle.entries.len() < width {
                let from = bundle.tile.first() + bundle.entries.len() as u64;
                let until = bundle.tile.first() + width as u64 - 1;
                let zh = format!("缺第 {from} 至 {until} 条，或已损坏");
                let en = format!("entries {from} to {until} are not there, or damaged");
                self.note(Grade::Missing, place, zh, en);
            } else if bundle.entries != bundle.stored {
                let zh = "条目与叶瓦片不符，两者之一已损坏".into();
                let en = "entries and leaf tile differ; one of them is damaged".into();
                self.note(Grade::Bad, place, zh, en);
            }
        }
        if self.found.findings.len() == before {
            let zh = format!("条目得不出所签的树根 {root}");
            let en = format!("the entries do not come to the signed root {root}");
            self.note(Grade::Bad, "checkpoint", zh, en);
        }
    }

    fn place(&self, tile: &Tile) -> String {
        match self.raw {
            Raw::Data(_) => "entries".to_owned(),
            Raw::Mirror(_) | Raw::Url(_) => tile.to_string(),
        }
    }
}
