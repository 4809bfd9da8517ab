//! Keeps a static copy of a ledger: what any web server can serve as its whole read side. (镜像)
//!
//! ```text
//! <folder>/ledgers.json
//! <folder>/<slug>/checkpoint, ledger.json, tile/…, documents/<sha256>
//! <folder>/<slug>/documents.missing     documents that the source did not have, asked for again each time
//! ```
//!
//! Every tile is compared with the checkpoint that the pinned key signed, and that checkpoint has to
//! continue the copy's own; only then is it put in the place of the older one, last and as a whole. So
//! whoever reads the copy sees one state of it or the next. Private documents are no part of it. Whether
//! the entries keep the rules is for an audit of the copy.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ledger_core::Pins;
use ledger_core::checkpoint::{Checkpoint, SignedCheckpoint};
use ledger_core::event::{Event, LoggedEntry};
use ledger_core::hash::{Digest, Hash};
use ledger_core::source::Source as _;
use ledger_core::tile::{
    Tile, TileLevel, TileReadError, TileReader, encode_bundle, encode_hashes, tiles_between,
};
use ledger_core::tree::{HashReader as _, TreeError, prove_consistency, verify_consistency};
use serde_json::{Value, json};

use crate::keeping;
use crate::named::Named;
use crate::source_arg::OpenSource;
use crate::terminal::{Refused, Terminal};

/// The file with the digests of documents that the source did not have.
const MISSING: &str = "documents.missing";

/// What an update did.
#[derive(Debug)]
pub(crate) struct Copied {
    /// How many entries there were before, and are now.
    pub(crate) before: u64,
    pub(crate) size: u64,
    pub(crate) root: Hash,
    /// How many documents came, and how many the source does not have.
    pub(crate) documents: usize,
    pub(crate) missing: usize,
}

/// A folder of copies, locked for this process.
pub(crate) struct MirrorFolder {
    folder: PathBuf,
    terminal: Terminal,
    _lock: File,
}

impl MirrorFolder {
    /// Opens the folder, and makes it if it is missing.
    pub(crate) fn open(terminal: Terminal, folder: &Path) -> anyhow::Result<Self> {
        let opened = std::fs::create_dir_all(folder)
            .and_then(|()| File::create(folder.join(".lock")))
            .with_context(|| unwritable(terminal, folder))?;
        if opened.try_lock().is_err() {
            bail!(terminal.pick(
                format!("{} 正被另一个 sanzi 更新，请等它结束", folder.display()),
                format!(
                    "another sanzi is updating {}; wait for it to end",
                    folder.display()
                ),
            ));
        }
        Ok(Self {
            folder: folder.to_owned(),
            terminal,
            _lock: opened,
        })
    }

    /// Where the copy of a ledger is.
    pub(crate) fn ledger(&self, pins: &Pins) -> PathBuf {
        self.folder.join(pins.origin.slug())
    }

    /// Brings the copy of one ledger up to its source. Nothing that readers rely on is replaced unless all
    /// holds.
    pub(crate) fn update(&self, source: &OpenSource) -> anyhow::Result<Copied> {
        self.copy(source, true)
    }

    /// As [`MirrorFolder::update`], without the documents.
    pub(crate) fn update_entries(&self, source: &OpenSource) -> anyhow::Result<Copied> {
        self.copy(source, false)
    }

    fn copy(&self, source: &OpenSource, with_documents: bool) -> anyhow::Result<Copied> {
        let folder = self.ledger(&source.pins);
        let copy = Copy {
            folder: &folder,
            source,
            terminal: self.terminal,
            with_documents,
        };
        let copied = copy.update()?;
        self.list(&folder)?;
        Ok(copied)
    }

    /// Puts the copy's description into `ledgers.json`.
    fn list(&self, ledger: &Path) -> anyhow::Result<()> {
        let file = self.folder.join("ledgers.json");
        let mut description: Value =
            serde_json::from_slice(&std::fs::read(ledger.join("ledger.json"))?)?;
        if let Some(fields) = description.as_object_mut() {
            fields.remove("log_key");
            fields.remove("policy");
        }
        let listed: Vec<Value> = match std::fs::read(&file) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).with_context(|| file.display().to_string())?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let mut others: Vec<Value> = (listed.into_iter())
            .filter(|one| one["slug"] != description["slug"])
            .collect();
        others.push(description);
        others.sort_by_key(|one| one["slug"].to_string());
        keeping::put(
            self.terminal,
            &file,
            pretty(&json!(others)).as_bytes(),
            false,
        )
    }
}

/// One ledger's copy on its way.
struct Copy<'a> {
    folder: &'a Path,
    source: &'a OpenSource,
    terminal: Terminal,
    with_documents: bool,
}

impl Copy<'_> {
    fn update(&self) -> anyhow::Result<Copied> {
        let before = self.standing()?;
        let signed = self.offered()?;
        let new = signed.checkpoint();
        let (size, root) = (new.size(), *new.root());
        let reader = TileReader::new(self.source, size, &root).map_err(|e| self.unread(e))?;
        let old = before.as_ref().map(SignedCheckpoint::checkpoint);
        if let Some(old) = old {
            continues(self.terminal, old, new, &reader)?;
        }
        let old_size = old.map_or(0, Checkpoint::size);
        let mut named = self.wanted()?;
        for tile in tiles_between(old_size, size) {
            let bytes = match tile.level() {
                TileLevel::Entries => {
                    let entries = reader.entries(tile.index()).map_err(|e| self.unread(e))?;
                    self.check_first(&tile, &entries)?;
                    entries.iter().for_each(|entry| named.add(entry));
                    encode_bundle(&entries)?
                }
                TileLevel::Hashes(level) => {
                    let width = usize::from(tile.width());
                    let hashes = reader.read_hashes(level, tile.first(), width);
                    encode_hashes(&hashes.map_err(|e| self.unread(e))?)?
                }
            };
            self.write(&tile.to_string(), &bytes)?;
        }
        let (documents, missing) = match self.with_documents {
            true => self.documents(&named.public)?,
            false => (0, 0),
        };
        let first = reader.entries(0).map_err(|e| self.unread(e))?;
        self.describe(&first, size)?;
        self.write("checkpoint", &signed.to_bytes())?;
        self.drop_partial(old_size, size)?;
        Ok(Copied {
            before: old_size,
            size,
            root,
            documents,
            missing,
        })
    }

    /// The checkpoint of the copy as it stands, if there is one.
    fn standing(&self) -> anyhow::Result<Option<SignedCheckpoint>> {
        let file = self.folder.join("checkpoint");
        if !file.exists() {
            return Ok(None);
        }
        let opened = SignedCheckpoint::open(&std::fs::read(&file)?, &self.source.pins.log_key);
        let ours = opened.ok().filter(|checkpoint| {
            checkpoint.checkpoint().origin() == self.source.pins.origin.as_str()
        });
        if ours.is_none() {
            bail!(Refused(self.terminal.pick(
                format!(
                    "{} 是另一个账本的镜像，或检查点已损坏；没有改动",
                    self.folder.display()
                ),
                format!(
                    "{} mirrors another ledger, or its checkpoint is damaged; nothing was changed",
                    self.folder.display()
                ),
            )));
        }
        Ok(ours)
    }

    /// The source's checkpoint, signed by the pinned key.
    fn offered(&self) -> anyhow::Result<SignedCheckpoint> {
        let pins = &self.source.pins;
        let opened = SignedCheckpoint::open(&self.source.checkpoint()?, &pins.log_key);
        let fault = match opened {
            Ok(opened) if opened.checkpoint().origin() != pins.origin.as_str() => {
                format!("{} ≠ {}", opened.checkpoint().origin(), pins.origin)
            }
            Ok(opened) if opened.checkpoint().size() == 0 => "0".to_owned(),
            Ok(opened) => return Ok(opened),
            Err(error) => error.to_string(),
        };
        bail!(Refused(self.terminal.pick(
            format!("{} 的检查点不成立：{fault}", self.source.place),
            format!(
                "the checkpoint of {} does not hold: {fault}",
                self.source.place
            ),
        )))
    }

    /// A tile that is not the signed tree's is an answer; one that could not be had is not.
    fn unread(&self, error: TileReadError<anyhow::Error>) -> anyhow::Error {
        unread(self.terminal, error)
    }

    fn check_first(&self, tile: &Tile, entries: &[Vec<u8>]) -> anyhow::Result<()> {
        let leaf = entries.first().map(|entry| Hash::leaf(entry));
        let expected = self.source.pins.ledger_id;
        match leaf {
            Some(leaf) if tile.index() == 0 && leaf != expected => {
                bail!(Refused(self.terminal.pick(
                    format!("第 0 条不是所信任的账本：应为 {expected}，实为 {leaf}"),
                    format!(
                        "entry 0 is not the pinned ledger's: expected {expected}, found {leaf}"
                    ),
                )))
            }
            _ => Ok(()),
        }
    }

    /// The documents that were wanted before and did not come.
    fn wanted(&self) -> anyhow::Result<Named> {
        let mut named = Named::default();
        let file = self.folder.join(MISSING);
        if file.is_file() {
            let text = std::fs::read_to_string(file)?;
            let digests = text.lines().filter_map(|line| line.parse::<Digest>().ok());
            named.public.extend(digests);
        }
        Ok(named)
    }

    /// Fetches documents; how many came, and how many the source does not have.
    fn documents(&self, wanted: &BTreeSet<Digest>) -> anyhow::Result<(usize, usize)> {
        let (mut came, mut missing) = (0, String::new());
        let mut missed = 0;
        for digest in wanted {
            let name = format!("documents/{digest}");
            let there = std::fs::read(self.folder.join(&name));
            if there.is_ok_and(|bytes| Digest::of(&bytes) == *digest) {
                continue;
            }
            match self.source.document(digest)? {
                Some(bytes) if Digest::of(&bytes) == *digest => {
                    self.write(&name, &bytes)?;
                    came += 1;
                }
                _ => {
                    missing.push_str(&format!("{digest}\n"));
                    missed += 1;
                }
            }
        }
        self.write(MISSING, missing.as_bytes())?;
        Ok((came, missed))
    }

    /// Writes `ledger.json`, in the words of entry 0 and of the pins.
    fn describe(&self, first: &[Vec<u8>], size: u64) -> anyhow::Result<()> {
        let opening = first.first().map(|entry| LoggedEntry::parse(entry));
        let Some(Ok(entry)) = opening else {
            bail!("entry 0");
        };
        let Event::LedgerOpened(opened) = &entry.signed.statement().event else {
            bail!("entry 0: {}", entry.signed.statement().event.kind());
        };
        let pins = &self.source.pins;
        let none = format!("log {}\nquorum none\n", pins.log_key);
        let policy = self.source.stated_policy()?.unwrap_or(none);
        let description = json!({
            "slug": pins.origin.slug(), "origin": pins.origin, "ledger_id": pins.ledger_id,
            "name": opened.collective.name, "size": size, "training": opened.training,
            "log_key": pins.log_key, "policy": policy,
        });
        self.write("ledger.json", pretty(&description).as_bytes())
    }

    /// Drops partial tiles whose full ones are there.
    fn drop_partial(&self, old: u64, new: u64) -> anyhow::Result<()> {
        for tile in tiles_between(old, new).filter(|tile| !tile.is_partial()) {
            let partial = self.folder.join(format!("{tile}.p"));
            if partial.is_dir() {
                std::fs::remove_dir_all(partial)?;
            }
        }
        Ok(())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        keeping::put(self.terminal, &self.folder.join(name), bytes, false)
    }
}

/// Whether a checkpoint continues an older one, by tiles that have been checked against it.
pub(crate) fn continues(
    terminal: Terminal,
    old: &Checkpoint,
    new: &Checkpoint,
    reader: &TileReader<&OpenSource>,
) -> anyhow::Result<()> {
    let (was, is) = (old.size(), new.size());
    if is < was {
        bail!(Refused(terminal.pick(
            format!("来源退回去了：只有 {is} 条，镜像已有 {was} 条；可能恢复了旧备份，或来源自己落后。镜像没有改动"),
            format!("the source was rolled back: it has {is} entries, the copy {was}; it may have been restored from an old backup, or be behind itself. The copy is unchanged"),
        )));
    }
    let holds = match (was, was == is) {
        (0, _) => true,
        (_, true) => old.root() == new.root(),
        (_, false) => match prove_consistency(reader, was, is) {
            Ok(proof) => verify_consistency(was, is, old.root(), new.root(), &proof).is_ok(),
            Err(TreeError::Read(error)) => return Err(unread(terminal, error)),
            Err(_) => false,
        },
    };
    if holds {
        return Ok(());
    }
    bail!(Refused(terminal.pick(
        format!(
            "账本分叉了：同一把日志钥匙签过 {was} 条（树根 {}）和 {is} 条（树根 {}），后者不是前者的延续。请保存这两份检查点作为证据。镜像没有改动",
            old.root(), new.root()
        ),
        format!(
            "the ledger has forked: one log key signed {was} entries (root {}) and {is} entries (root {}), and the latter do not continue the former. Keep both checkpoints as evidence. The copy is unchanged",
            old.root(), new.root()
        ),
    )))
}

/// What it means that a tile could not be read, or is not the tree's.
pub(crate) fn unread(terminal: Terminal, error: TileReadError<anyhow::Error>) -> anyhow::Error {
    match error {
        TileReadError::Fetch { tile, source } => source.context(tile.to_string()),
        other => Refused(terminal.pick(
            format!("来源的内容与所签的检查点不符：{other}"),
            format!("the source does not hold what its checkpoint signed: {other}"),
        ))
        .into(),
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn unwritable(terminal: Terminal, path: &Path) -> String {
    terminal.pick(
        format!("写不了 {}；请检查磁盘和权限", path.display()),
        format!(
            "cannot write {}; check the disk and the permissions",
            path.display()
        ),
    )
}
