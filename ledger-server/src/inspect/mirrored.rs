//! Files of a mirror beyond those that its checkpoint needs: left over, ahead of it, or wrong.

use std::path::Path;

use ledger_core::store::stored_hashes;
use ledger_core::tile::{Tile, TileLevel, parse_bundle, parse_hashes};

use super::leaves::Leaves;
use super::{Grade, Hash, Look, Raw};

impl Look<'_> {
    /// Looks at every file below `tile` that has not been compared.
    pub(super) fn left_over(&mut self, size: u64, leaves: &Leaves) -> anyhow::Result<()> {
        let Raw::Mirror(folder) = self.raw else {
            return Ok(());
        };
        let mut files = Vec::new();
        below(&folder.join("tile"), "tile", &mut files)?;
        files.sort();
        for name in files {
            match name.parse::<Tile>() {
                Ok(tile) => self.extra(size, &tile, leaves)?,
                Err(_) => {
                    let (zh, en) = (
                        "不是瓦片，可以删掉".into(),
                        "no tile; may be deleted".into(),
                    );
                    self.note(Grade::Partial, name, zh, en);
                }
            }
        }
        Ok(())
    }

    fn extra(&mut self, size: u64, tile: &Tile, leaves: &Leaves) -> anyhow::Result<()> {
        let items = stored_hashes(size, tile.level().number());
        if tile.first() + u64::from(tile.width()) > items {
            let zh = "超出检查点：镜像正在更新，或上次更新没有做完".into();
            let en = "beyond the checkpoint: an update is under way, or broke off".into();
            self.note(Grade::Partial, tile.to_string(), zh, en);
            return Ok(());
        }
        if !tile.is_partial() {
            return Ok(());
        }
        let bytes = self.raw.read(&tile.to_string())?.unwrap_or_default();
        let found = match tile.level() {
            TileLevel::Hashes(_) => parse_hashes(&bytes).ok(),
            TileLevel::Entries => parse_bundle(&bytes)
                .ok()
                .map(|entries| entries.into_iter().map(Hash::leaf).collect()),
        };
        let grown = items > tile.first() + u64::from(tile.width());
        if grown && found.as_deref() != leaves.tile(tile) {
            let zh = "旧的部分瓦片与账本不符".into();
            let en = "an older partial tile is not that of the ledger".into();
            self.note(Grade::Bad, tile.to_string(), zh, en);
        } else if items >= tile.first() + 256 {
            let zh = "整瓦片已在，这个部分瓦片可以删掉".into();
            let en = "the full tile is there; this partial one may be deleted".into();
            self.note(Grade::Partial, tile.to_string(), zh, en);
        }
        Ok(())
    }
}

/// The names of all files below a folder, from `name` on.
fn below(folder: &Path, name: &str, files: &mut Vec<String>) -> std::io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            below(&entry.path(), &name, files)?;
        } else {
            files.push(name);
        }
    }
    Ok(())
}
