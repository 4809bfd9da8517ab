//! Looks over everything that a place keeps of a ledger, byte by byte, and names what is wrong. (体检)
//!
//! Opens no store and changes nothing, so that it can be used on damaged data and beside a server that
//! writes. Leaf hashes are taken from the entries and from the tiles; the set that leads to the signed
//! root is proven, and everything else is compared with it. Knows no rule of the ledger: whether the
//! entries were rightly admitted is for an audit.

use std::path::{Path, PathBuf};

use ledger_core::Pins;
use ledger_core::checkpoint::SignedCheckpoint;
use ledger_core::hash::{Digest, Hash};
use ledger_core::policy::Policy;
use ledger_core::store::local::LocalFolder;
use ledger_core::store::{StoreError, copy_digested, stated_tree};
use ledger_core::tile::{Tile, TileLevel, parse_hashes, tiles_of};
use ledger_core::tree::Frontier;

use crate::desk::DESK_FOLDER;
use crate::desk::draft::Draft;
use crate::named::Named;
use crate::raw_folder::RawFolder;
use crate::terminal::Terminal;
use crate::url_source::{UrlSource, bundle_of};

mod leaves;
mod mirrored;
mod witnesses;

use self::leaves::Leaves;

/// Where the ledger is kept, read as it is.
pub(crate) enum Raw {
    /// A ledger's own folder in a data folder.
    Data(RawFolder),
    /// A folder with the static files: a mirror, or a backup.
    Mirror(PathBuf),
    /// A server.
    Url(UrlSource),
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grade {
    /// Something is there, and is not what was signed.
    Bad,
    /// Something is not there that has to be.
    Missing,
    /// Something is left over, not yet there, or made again by itself: no harm.
    Partial,
}

/// One thing that was found.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) grade: Grade,
    /// The file.
    pub(crate) place: String,
    pub(crate) said: String,
}

/// What was looked at and found.
#[derive(Debug, Default)]
pub(crate) struct Inspection {
    /// Of the newest checkpoint.
    pub(crate) size: u64,
    pub(crate) root: Option<Hash>,
    /// How many public documents are named, and how many private ones were compared.
    pub(crate) documents: usize,
    pub(crate) private: usize,
    pub(crate) findings: Vec<Finding>,
    /// Whose cosignatures there are, where a policy says whose there should be.
    pub(crate) witnessed: Option<Witnessed>,
}

/// Cosignatures counted against a policy.
#[derive(Debug)]
pub(crate) struct Witnessed {
    pub(crate) by: Vec<String>,
    pub(crate) enough: bool,
    /// How many witnesses the policy names.
    pub(crate) of: usize,
}

impl Inspection {
    /// Whether nothing is bad or missing.
    pub(crate) fn holds(&self) -> bool {
        self.of(Grade::Bad).count() + self.of(Grade::Missing).count() == 0
    }

    /// The findings of a grade.
    pub(crate) fn of(&self, grade: Grade) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |finding| finding.grade == grade)
    }
}

impl Raw {
    /// A file's bytes; `None` if it is not there.
    pub(crate) fn read(&self, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
        match self {
            Self::Data(raw) => if_there(std::fs::read(raw.folder().join(name))),
            Self::Mirror(folder) => if_there(std::fs::read(folder.join(name))),
            Self::Url(url) => url.get_if_there(name),
        }
    }

    /// The digest of a file, which may be long; `None` if it is not there.
    fn digest(&self, name: &str) -> anyhow::Result<Option<Digest>> {
        let folder = match self {
            Self::Data(raw) => raw.folder(),
            Self::Mirror(folder) => folder,
            Self::Url(url) => return url.copy_if_there(name, &mut std::io::sink()),
        };
        let opened = std::fs::File::open(folder.join(name));
        let digest = opened.and_then(|mut file| copy_digested(&mut file, &mut std::io::sink()));
        Ok(if_there(digest)?.map(|(digest, _)| digest))
    }

    /// A tile's bytes, possibly more or fewer than it should have; `None` if there are none.
    pub(crate) fn tile(&self, tile: &Tile) -> anyhow::Result<Option<Vec<u8>>> {
        let found = match self {
            Self::Data(raw) => if_there(raw.fetch(tile))?,
            Self::Mirror(_) | Self::Url(_) => match self.read(&tile.to_string())? {
                None if tile.is_partial() => self.read(&tile.full().to_string())?,
                found => found,
            },
        };
        Ok(found.filter(|bytes| !bytes.is_empty()))
    }

    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Data(raw) => Some(raw.folder()),
            Self::Mirror(folder) => Some(folder),
            Self::Url(_) => None,
        }
    }
}

fn if_there<T>(read: std::io::Result<T>) -> anyhow::Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Looks over one ledger. `anchor` is its anchor's file, for a data folder; `policy` whose cosignatures
/// there have to be.
pub(crate) fn inspect(
    terminal: Terminal,
    raw: &Raw,
    pins: &Pins,
    anchor: Option<&Path>,
    policy: Option<&Policy>,
) -> anyhow::Result<Inspection> {
    let mut look = Look {
        found: Inspection::default(),
        pins,
        raw,
        terminal,
    };
    let Some(checkpoint) = look.newest(anchor)? else {
        return Ok(look.found);
    };
    let size = checkpoint.checkpoint().size();
    (look.found.size, look.found.root) = (size, Some(*checkpoint.checkpoint().root()));
    look.witnesses(&checkpoint, policy)?;
    let mut named = Named::default();
    if let Some(leaves) = look.leaves(size, checkpoint.checkpoint().root(), &mut named)? {
        look.tiles(size, &leaves)?;
        look.offsets(&leaves)?;
        look.left_over(size, &leaves)?;
    }
    look.documents(&named)?;
    look.drafts()?;
    Ok(look.found)
}

struct Look<'a> {
    found: Inspection,
    pins: &'a Pins,
    raw: &'a Raw,
    terminal: Terminal,
}

impl Look<'_> {
    fn note(&mut self, grade: Grade, place: impl Into<String>, zh: String, en: String) {
        self.found.findings.push(Finding {
            grade,
            place: place.into(),
            said: self.terminal.pick(zh, en),
        });
    }

    /// The newest checkpoint that the log's key signed: the file's, or the anchor's.
    fn newest(&mut self, anchor: Option<&Path>) -> anyhow::Result<Option<SignedCheckpoint>> {
        let own = self.raw.read("checkpoint")?;
        if own.is_none() {
            self.note(
                Grade::Missing,
                "checkpoint",
                "没有检查点".into(),
                "no checkpoint".into(),
            );
        }
        let own = own.and_then(|bytes| self.open("checkpoint", &bytes));
        let Some(file) = anchor else { return Ok(own) };
        let place = file.display().to_string();
        let anchored = match LocalFolder::anchored(file) {
            Ok(Some(bytes)) => self.open(&place, &bytes),
            Ok(None) => {
                let signs = self.raw.read("log.key")?.is_some();
                if signs && !file.exists() {
                    let zh = "找不到锚点：无从知道是不是最新".to_owned();
                    let en = "no anchor: whether this is the newest is not known".to_owned();
                    self.note(Grade::Missing, place, zh, en);
                }
                None
            }
            Err(error @ StoreError::Corrupt { .. }) => {
                self.note(Grade::Bad, place, error.to_string(), error.to_string());
                None
            }
            Err(error) => return Err(error.into()),
        };
        Ok(self.newer(own, anchored, file))
    }

    fn newer(
        &mut self,
        own: Option<SignedCheckpoint>,
        anchored: Option<SignedCheckpoint>,
        file: &Path,
    ) -> Option<SignedCheckpoint> {
        let (own, anchored) = match (own, anchored) {
            (Some(own), Some(anchored)) => (own, anchored),
            (own, anchored) => return own.or(anchored),
        };
        let (a, b) = (own.checkpoint(), anchored.checkpoint());
        if b.size() < a.size() || (a.size() == b.size() && a.root() != b.root()) {
            let zh = format!(
                "锚点（{} 条）不是这个检查点（{} 条）的锚点",
                b.size(),
                a.size()
            );
            let en = format!(
                "the anchor ({} entries) is not that of the checkpoint ({})",
                b.size(),
                a.size()
            );
            self.note(Grade::Bad, file.display().to_string(), zh, en);
            return Some(own);
        }
        Some(anchored)
    }

    /// A checkpoint, if the pinned key signed it for the pinned origin.
    fn open(&mut self, place: &str, bytes: &[u8]) -> Option<SignedCheckpoint> {
        let opened = SignedCheckpoint::open(bytes, &self.pins.log_key);
        let fault = match opened {
            Ok(opened) if opened.checkpoint().origin() == self.pins.origin.as_str() => {
                return Some(opened);
            }
            Ok(opened) => format!("{} ≠ {}", opened.checkpoint().origin(), self.pins.origin),
            Err(error) => error.to_string(),
        };
        let stated = stated_tree(bytes).map_or(0, |(size, _)| size);
        let zh = format!("检查点（自称 {stated} 条）不成立：{fault}");
        let en = format!("the checkpoint (which states {stated} entries) does not hold: {fault}");
        self.note(Grade::Bad, place, zh, en);
        None
    }

    /// Compares every tile of hashes with what the entries come to.
    fn tiles(&mut self, size: u64, leaves: &Leaves) -> anyhow::Result<()> {
        let hashes = |tile: &Tile| matches!(tile.level(), TileLevel::Hashes(_));
        for tile in tiles_of(size).filter(hashes) {
            let Some(expected) = leaves.tile(&tile) else {
                continue;
            };
            let found = self.raw.tile(&tile)?.unwrap_or_default();
            let width = usize::from(tile.width());
            let whole = found.len() == 32 * width || found.len() == 32 * 256;
            let parsed = parse_hashes(&found).unwrap_or_default();
            let place = tile.to_string();
            if found.is_empty() && !matches!(self.raw, Raw::Data(_)) {
                let (zh, en) = ("没有这个瓦片".into(), "the tile is not there".into());
                self.note(Grade::Missing, place, zh, en);
            } else if matches!(self.raw, Raw::Data(_))
                && found.len() < 32 * width
                && expected.starts_with(&parsed)
            {
                let zh = format!(
                    "只有 {} 个哈希（应有 {width}），下次打开时由条目补齐",
                    parsed.len()
                );
                let en = format!(
                    "{} hashes of {width}; made again from the entries at the next opening",
                    parsed.len()
                );
                self.note(Grade::Partial, place, zh, en);
            } else if !whole || parsed.get(..width) != Some(expected) {
                let zh = "哈希与条目不符；可由条目重算（sanzi recover 或重新镜像）".into();
                let en = "the hashes are not those of the entries; they can be made again (sanzi recover, or mirror anew)".into();
                self.note(Grade::Bad, place, zh, en);
            }
        }
        Ok(())
    }

    /// Compares where entries end with what `offsets` says.
    fn offsets(&mut self, leaves: &Leaves) -> anyhow::Result<()> {
        let Raw::Data(_) = self.raw else {
            return Ok(());
        };
        let bytes = self.raw.read("offsets")?.unwrap_or_default();
        let (stated, _) = bytes.as_chunks::<8>();
        let wrong = (stated.iter())
            .zip(leaves.ends())
            .position(|(stated, end)| u64::from_be_bytes(*stated) != *end);
        if let Some(index) = wrong {
            let zh = format!("第 {index} 条的位置不对；可由条目重算");
            let en =
                format!("the place of entry {index} is wrong; it can be made again from entries");
            self.note(Grade::Bad, "offsets", zh, en);
        } else if stated.len() < leaves.ends().len() {
            let zh = "不全，下次打开时由条目补齐".into();
            let en = "short; made again from the entries at the next opening".into();
            self.note(Grade::Partial, "offsets", zh, en);
        }
        Ok(())
    }

    /// Checks documents by their digests, and private ones by their commitments where they are kept.
    /// Drafts at the staff desk, which a server would leave out without a word to those who wait.
    fn drafts(&mut self) -> anyhow::Result<()> {
        let Some(folder) = self.raw.folder().map(|folder| folder.join(DESK_FOLDER)) else {
            return Ok(());
        };
        let Some(entries) = if_there(std::fs::read_dir(&folder))? else {
            return Ok(());
        };
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let Some(id) = name.strip_suffix(".json") else {
                continue;
            };
            let Some(bytes) = if_there(std::fs::read(&path))? else {
                continue;
            };
            if !Draft::parse(&bytes).is_ok_and(|draft| draft.id.as_str() == id) {
                let zh = "待签草稿读不出：服务器不会列出它，请从备份恢复或移走".into();
                let en = "a draft cannot be read: no server lists it; restore it from a backup, or move it away".into();
                self.note(Grade::Bad, format!("{DESK_FOLDER}/{name}"), zh, en);
            }
        }
        Ok(())
    }

    fn documents(&mut self, named: &Named) -> anyhow::Result<()> {
        self.found.documents = named.public.len();
        for digest in &named.public {
            let place = format!("documents/{digest}");
            match self.raw.digest(&place)? {
                None => {
                    let zh = "账本点名的材料不在".into();
                    let en = "a document that the ledger names is not there".into();
                    self.note(Grade::Missing, place, zh, en);
                }
                Some(found) if found != *digest => {
                    let zh = format!("材料被改过或已损坏：实为 {found}");
                    let en = format!("the document is altered or damaged: found {found}");
                    self.note(Grade::Bad, place, zh, en);
                }
                Some(_) => {}
            }
        }
        let Some(folder) = self
            .raw
            .folder()
            .filter(|folder| folder.join("private").is_dir())
        else {
            return Ok(());
        };
        for commitment in &named.private {
            let place = format!("private/{commitment}");
            match LocalFolder::private_document_in(folder, commitment) {
                Ok(Some(_)) | Err(StoreError::Erased { .. }) => self.found.private += 1,
                Ok(None) => {
                    let zh = "不公开材料没有交来，也没有销毁记录".into();
                    let en = "the private document was never handed in here, nor erased".into();
                    self.note(Grade::Missing, place, zh, en);
                }
                Err(error @ StoreError::Corrupt { .. }) => {
                    self.note(Grade::Bad, place, error.to_string(), error.to_string());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
