//! What is kept beside a ledger's entries: documents, private documents, pins, policy, keys. (附件)
//!
//! Copied from one folder of a ledger to another, each compared with its digest or commitment on the way.
//! Knows nothing of where the two folders are.

use std::fs::{self, DirBuilder, File};
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use ledger_core::hash::{Commitment, Digest};
use ledger_core::store::StoreError;
use ledger_core::store::local::LocalFolder;
use tempfile::NamedTempFile;

use crate::terminal::Terminal;

/// The files that hold the log's key. Its passphrase is never among them.
const KEYS: &[&str] = &["log.key", "log.key.pub"];

/// The folders that only their owner may enter.
const CLOSED: &[&str] = &["private", "desk", "enrolments"];

/// How the name of a file begins that is not whole yet.
pub(crate) const UNFINISHED: &str = ".new-";

/// How many there were, and what could not be taken for its damage.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) documents: u64,
    pub(crate) private: u64,
    pub(crate) damaged: Vec<String>,
}

/// Copies everything but the entries; the log's key only if asked for.
pub(crate) fn copy(terminal: Terminal, from: &Path, to: &Path, keys: bool) -> anyhow::Result<Kept> {
    let mut kept = Kept::default();
    for name in names(&from.join("documents"))? {
        let Ok(digest) = name.parse::<Digest>() else {
            continue;
        };
        let bytes = fs::read(from.join("documents").join(&name))?;
        if Digest::of(&bytes) == digest {
            put(terminal, &to.join("documents").join(&name), &bytes, false)?;
            kept.documents += 1;
        } else {
            kept.damaged.push(format!("documents/{name}"));
        }
    }
    for name in names(&from.join("private"))? {
        let Ok(commitment) = name.parse::<Commitment>() else {
            continue;
        };
        let there = LocalFolder::private_document_in(to, &commitment);
        match LocalFolder::private_document_in(from, &commitment) {
            Ok(None) => {}
            // And what is erased there does not come back from an older copy.
            Ok(Some(_)) if matches!(there, Err(StoreError::Erased { .. })) => {}
            // What was erased is erased in the copy, too.
            Ok(Some(_)) | Err(StoreError::Erased { .. }) => {
                let bytes = zeroize::Zeroizing::new(fs::read(from.join("private").join(&name))?);
                put(terminal, &to.join("private").join(&name), &bytes, true)?;
                kept.private += 1;
            }
            Err(StoreError::Corrupt { .. }) => kept.damaged.push(format!("private/{name}")),
            Err(error) => return Err(error.into()),
        }
    }
    let keys = if keys { KEYS } else { &[] };
    for (name, private) in [("pins.json", false), ("policy", false)]
        .into_iter()
        .chain(keys.iter().map(|name| (*name, true)))
    {
        if let Ok(bytes) = fs::read(from.join(name)) {
            put(terminal, &to.join(name), &bytes, private)?;
        }
    }
    Ok(kept)
}

/// What waits in a ledger's folder and is not in its log: drafts, those who ask to be enrolled, and
/// documents that no entry names yet.
const WAITING: &[&str] = &["desk", "desk/enrolments", "uploads"];

/// Makes what waits in one folder of a ledger what waits in another, too: what no longer waits goes from
/// there. Says how many drafts there are. To be called before the entries are copied: a draft that enters
/// the log meanwhile is found in it, and one that is said to have entered is in it.
pub(crate) fn copy_waiting(terminal: Terminal, from: &Path, to: &Path) -> anyhow::Result<u64> {
    for name in WAITING {
        copy_folder(terminal, &from.join(name), &to.join(name))?;
    }
    for member in names(&from.join("uploads"))?
        .iter()
        .chain(&names(&to.join("uploads"))?)
    {
        let place = Path::new("uploads").join(member);
        copy_folder(terminal, &from.join(&place), &to.join(&place))?;
    }
    let drafts = names(&to.join("desk"))?;
    let drafts = drafts.iter().filter(|name| name.ends_with(".json"));
    Ok(drafts.count() as u64)
}

fn copy_folder(terminal: Terminal, from: &Path, to: &Path) -> anyhow::Result<()> {
    let is_whole = |name: &&String| !name.starts_with(UNFINISHED) && !name.ends_with(".part");
    let there = names(from)?;
    for name in there.iter().filter(is_whole) {
        let (file, copy) = (from.join(name), to.join(name));
        if !file.is_file() {
            continue;
        }
        // One that is gone meanwhile has entered the log, or was given up.
        let Ok(bytes) = fs::read(&file).map(zeroize::Zeroizing::new) else {
            continue;
        };
        let made = crate::draft::private_folder(to);
        made.with_context(|| unwritable(terminal, to))?;
        put(terminal, &copy, &bytes, true)?;
    }
    for name in names(to)? {
        let copy = to.join(&name);
        if copy.is_file() && !from.join(&name).is_file() {
            fs::remove_file(&copy).with_context(|| unwritable(terminal, &copy))?;
        }
    }
    Ok(())
}

fn names(folder: &Path) -> anyhow::Result<Vec<String>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder)?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect()
}

/// Puts a file in place, whole and on the disk, unless it is there already; for the owner only if it is
/// private.
pub(crate) fn put(
    terminal: Terminal,
    file: &Path,
    bytes: &[u8],
    private: bool,
) -> anyhow::Result<()> {
    if fs::read(file).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    write(file, bytes, private).with_context(|| unwritable(terminal, file))
}

/// Writes a file, whole and on the disk when it returns, or leaves what was there; for the owner only if it
/// is private, and so the folder, if it has to be made.
pub(crate) fn write(file: &Path, bytes: &[u8], private: bool) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    if private && CLOSED.iter().any(|name| folder.ends_with(name)) {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    let is_new = !folder.is_dir();
    builder.create(folder)?;
    if let (true, Some(parent)) = (is_new, folder.parent()) {
        File::open(parent)?.sync_all()?;
    }
    // A temporary file is its owner's only.
    let mut new = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempfile_in(folder)?;
    new.write_all(bytes)?;
    #[cfg(unix)]
    if !private {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::Permissions::from_mode(0o644);
        new.as_file().set_permissions(mode)?;
    }
    new.as_file().sync_all()?;
    new.persist(file)?;
    sync_folder(folder)
}

/// Puts the names in a folder on the disk: a file that was synced is not found again without its name.
pub(crate) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    let here = folder.as_os_str().is_empty();
    File::open(if here { Path::new(".") } else { folder })?.sync_all()
}

/// A new file in the folder where another is to be: its owner's only until it is settled.
pub(crate) fn new_beside(terminal: Terminal, file: &Path) -> anyhow::Result<NamedTempFile> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let made = fs::create_dir_all(folder).and_then(|()| {
        tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(folder)
    });
    made.with_context(|| unwritable(terminal, file))
}

/// Puts a new file in its place, whole and on the disk, for anybody to read.
pub(crate) fn settle(terminal: Terminal, new: NamedTempFile, file: &Path) -> anyhow::Result<()> {
    let settled = || -> std::io::Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::Permissions::from_mode(0o644);
            new.as_file().set_permissions(mode)?;
        }
        new.as_file().sync_all()?;
        new.persist(file)?;
        File::open(file.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    settled().with_context(|| unwritable(terminal, file))
}

/// Says that a file cannot be written.
pub(crate) fn unwritable(terminal: Terminal, file: &Path) -> String {
    terminal.pick(
        format!("写不了 {}；请检查磁盘和权限", file.display()),
        format!(
            "cannot write {}; check the disk and the permissions",
            file.display()
        ),
    )
}
