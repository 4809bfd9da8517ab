//! A data folder built beside its place, held against the anchor, and moved in whole.
//!
//! What imports, restores and repairs have in common. Where the entries come from it does not know.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ledger_core::Pins;
use ledger_core::hash::Hash;
use ledger_core::ledger::{Rebuild, RebuildError};
use ledger_core::source::Source as _;
use ledger_core::store::local::{LocalFolder, LocalOptions, LocalStore};
use ledger_core::store::{Store as _, StoreError, stated_tree};
use ledger_core::tile::TileReader;

use crate::mirror::unread;
use crate::source_arg::OpenSource;
use crate::terminal::{Refused, Terminal};

/// Fills an empty store with a source's entries, each admitted anew, and publishes its checkpoint.
pub(super) fn refill(
    terminal: Terminal,
    source: &OpenSource,
    store: LocalStore,
) -> anyhow::Result<LocalStore> {
    let checkpoint = source.checkpoint()?;
    let refused = |error| does_not_hold(terminal, &source.place, error);
    let mut rebuild = Rebuild::new(store, &source.pins, &checkpoint).map_err(refused)?;
    let (size, root) = stated_tree(&checkpoint).unwrap_or((0, Hash::ZERO));
    let reader = TileReader::new(source, size, &root).map_err(|error| unread(terminal, error))?;
    let bar = terminal.progress(terminal.pick("重建", "building"));
    bar.set_length(size);
    for bundle in 0..size.div_ceil(256) {
        let entries = reader.entries(bundle);
        for entry in entries.map_err(|error| unread(terminal, error))? {
            rebuild.feed(&entry).map_err(refused)?;
        }
        bar.set_position(rebuild.size());
    }
    let store = rebuild.finish().map_err(refused)?;
    bar.finish_and_clear();
    Ok(store)
}

/// What it means that entries could not be taken.
pub(super) fn does_not_hold(terminal: Terminal, place: &str, error: RebuildError) -> anyhow::Error {
    let entry = match &error {
        RebuildError::Store(_) => return error.into(),
        RebuildError::Fault(fault) => fault.index.map_or_else(String::new, |index| {
            terminal.pick(format!("第 {index} 条"), format!(", entry {index}"))
        }),
        _ => String::new(),
    };
    Refused(terminal.pick(
        format!("{place} {entry}不成立：{error}"),
        format!("{place}{entry} does not hold: {error}"),
    ))
    .into()
}

/// What a person asked for: the folder to make, where its anchors are, and whether the checkpoint may be
/// taken for the newest where there is no anchor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) adopt: bool,
    pub(super) anchors: Option<&'a Path>,
    pub(super) data: &'a Path,
}

/// The anchor folder of the new data folder, and whether it knows this ledger already.
pub(super) struct Anchors {
    folder: PathBuf,
    there: bool,
}

/// The anchor folder that the data folder will have. To sign on, a newest checkpoint must be known.
pub(super) fn anchors(
    terminal: Terminal,
    wanted: Wanted<'_>,
    pins: &Pins,
    signs: bool,
) -> anyhow::Result<Anchors> {
    let folder = match wanted.anchors {
        Some(folder) => folder.to_owned(),
        None => LocalFolder::default_anchor_folder(wanted.data).with_context(|| {
            let data = wanted.data.display();
            terminal.pick(
                format!("{data} 旁边放不了锚点；请用 --anchor 指定"),
                format!("no anchors can lie beside {data}; give --anchor"),
            )
        })?,
    };
    let there = LocalFolder::anchor_file(&folder, pins.origin.slug()).is_file();
    if signs && !there && !wanted.adopt {
        bail!(Refused(terminal.pick(
            format!(
                "{} 里没有这个账本的锚点，无从知道此后是否又签过检查点；从旧检查点接着签会使账本分叉。\n  请用 --anchor 指出原来的锚点；确知没有更新的检查点时用 --adopt-checkpoint；只供核对则不要带日志钥匙",
                folder.display(),
            ),
            format!(
                "no anchor of this ledger is in {}: whether checkpoints were signed since is not known, and signing on from an old one forks the ledger.\n  Name the old anchors with --anchor; or, if you know that there is none newer, --adopt-checkpoint; or, only to verify, leave the log's key out",
                folder.display(),
            ),
        )));
    }
    Ok(Anchors { folder, there })
}

/// Refuses a target that holds something.
pub(super) fn check_vacant(terminal: Terminal, data: &Path) -> anyhow::Result<()> {
    let vacant = match std::fs::read_dir(data) {
        Ok(mut names) => names.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => {
            return Err(error).with_context(|| {
                terminal.pick(
                    format!("{} 不能用作数据文件夹", data.display()),
                    format!("{} cannot be a data folder", data.display()),
                )
            });
        }
    };
    if vacant {
        return Ok(());
    }
    bail!(terminal.pick(
        format!("{} 不是空的，不会覆盖；请换一个文件夹", data.display()),
        format!(
            "{} is not empty and is not overwritten; choose another folder",
            data.display()
        ),
    ))
}

/// A folder to build in, on the same disk as the target. It is gone with what is left in it.
pub(super) fn beside(terminal: Terminal, data: &Path) -> anyhow::Result<tempfile::TempDir> {
    let parent = parent(data);
    tempfile::Builder::new()
        .prefix(".sanzi-building-")
        .tempdir_in(parent)
        .with_context(|| {
            terminal.pick(
                format!(
                    "写不了 {}；请检查文件夹是否存在、是否有写入权限",
                    parent.display()
                ),
                format!(
                    "cannot write in {}; check that the folder is there and may be written to",
                    parent.display()
                ),
            )
        })
}

pub(super) fn parent(data: &Path) -> &Path {
    match data.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Holds what was built against the anchor: nothing older than it, and no other log, may be signed on
/// or pass for the ledger. Makes an anchor only for a folder that is to sign.
pub(super) fn settle(
    terminal: Terminal,
    data: &Path,
    anchors: &Anchors,
    pins: &Pins,
    checkpoint: &[u8],
    signs: bool,
) -> anyhow::Result<()> {
    if !signs && !anchors.there {
        return Ok(());
    }
    let options = LocalOptions {
        anchor_folder: Some(anchors.folder.clone()),
        adopt_checkpoint: signs,
        ..LocalOptions::default()
    };
    let folder = LocalFolder::open(data, options)?;
    let opened = folder.ledger(pins.origin.slug());
    let mut store = opened.map_err(|error| forks(terminal, &anchors.folder, error))?;
    // An anchor of before may be older than what its own log has signed since.
    store.publish(store.size(), checkpoint)?;
    store.close()?;
    folder.close()?;
    Ok(())
}

/// What it means that the anchor and the entries do not fit.
fn forks(terminal: Terminal, anchors: &Path, error: StoreError) -> anyhow::Error {
    let said = match &error {
        StoreError::Behind { expected, found, .. } => terminal.pick(
            format!("锚点（{}）已到 {expected} 条，这里只有 {found} 条：此后账本又签过，从这里接着签会分叉。请用更新的导出或备份，或用 sanzi recover 从镜像补齐", anchors.display()),
            format!("the anchor in {} is of {expected} entries, what is here of {found}: the log was signed since, and going on from here would fork it. Take a newer export or backup, or complete it from a mirror with sanzi recover", anchors.display()),
        ),
        StoreError::Corrupt { .. } => terminal.pick(
            format!("锚点（{}）签过的树与这里的不同：同一把钥匙签出了两个账本，请保存两份并查明", anchors.display()),
            format!("the tree signed by the anchor in {} is not the one here: one key has signed two logs; keep both and find out why", anchors.display()),
        ),
        _ => return error.into(),
    };
    Refused(format!("{said}\n  {error}")).into()
}

pub(super) fn move_in(terminal: Terminal, built: &Path, data: &Path) -> anyhow::Result<()> {
    let moved = std::fs::rename(built, data).and_then(|()| File::open(parent(data))?.sync_all());
    moved.with_context(|| {
        terminal.pick(
            format!("写不了 {}", data.display()),
            format!("cannot write {}", data.display()),
        )
    })
}
