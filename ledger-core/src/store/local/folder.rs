//! The data folder: its format, its lock, and the ledgers in it.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::anchor::Anchor;
use super::durable::{self, Durability};
use super::sled_folder::SledFolder;
use super::{LocalStore, private};
use crate::hash::Commitment;
use crate::store::{PrivateDocument, StoreError};

/// What a data folder's `FORMAT` says before its version.
const FORMAT: &str = "sanzi data folder";

/// The layout that this program writes.
///
/// Whoever raises it adds the step from the version before to [`LocalFolder::open`], carried out under the
/// lock and before anything else is read, and leaves the frozen folders in the tests as they are.
const VERSION: u32 = 1;

/// How to open a data folder.
#[derive(Debug, Clone, Default)]
pub struct LocalOptions {
    /// Where the anchors are. By default beside the data folder, in `<its name>.anchor`; better on
    /// another disk, and never in what is backed up and restored together with the data. Each data
    /// folder needs an anchor folder of its own.
    pub anchor_folder: Option<PathBuf>,
    /// Read only what has been published, take no lock and change nothing, also while another process
    /// writes. The index is empty and in memory: fill it with [`Store::index`](crate::store::Store::index).
    /// No anchor is needed then, but one that is there is heeded.
    pub read_only: bool,
    /// If a ledger's anchor is missing, take the published checkpoint in the data folder for the newest
    /// and make the anchor from it. Only for someone who knows that no newer one was ever signed.
    pub adopt_checkpoint: bool,
}

/// A data folder with any number of ledgers, locked for this process. (数据文件夹)
///
/// Close the ledgers first, then the folder; dropped instead, it loses nothing but the index, which has
/// to be fed again at the next opening.
#[derive(Debug)]
pub struct LocalFolder {
    shared: Arc<Shared>,
}

/// What the folder and its open ledgers have in common.
#[derive(Debug)]
pub(super) struct Shared {
    data: PathBuf,
    anchors: PathBuf,
    pub(super) options: LocalOptions,
    /// `None` if opened for reading only, or if sled cannot be had; the index is in memory then.
    pub(super) sled: Option<SledFolder>,
    /// Whether some ledger's index may be wrong, so that it must not be taken for clean.
    pub(super) index_in_doubt: AtomicBool,
    open: Mutex<BTreeSet<String>>,
    /// Declared last, for the locks have to be given up last.
    _locks: Vec<File>,
}

impl Shared {
    fn open_slugs(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn release(&self, slug: &str) {
        self.open_slugs().remove(slug);
    }

    pub(super) fn ledger_folder(&self, slug: &str) -> PathBuf {
        LocalFolder::ledger_folder(&self.data, slug)
    }

    pub(super) fn anchor_path(&self, slug: &str) -> PathBuf {
        LocalFolder::anchor_file(&self.anchors, slug)
    }
}

impl LocalFolder {
    /// Where the data folder `data` keeps the files of a ledger: in the folder's name a slash of the slug
    /// becomes `+`.
    #[must_use]
    pub fn ledger_folder(data: &Path, slug: &str) -> PathBuf {
        data.join(folder_name(slug))
    }

    /// The slug of the ledger whose folder, inside a data folder, has this name; `None` if no ledger's can.
    #[must_use]
    pub fn slug_of(name: &str) -> Option<String> {
        let valid = |part: &str| {
            let mut bytes = part.bytes();
            !part.is_empty()
                && bytes.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
        };
        let is_slug = name.len() <= 128 && name != "index" && name.split('+').all(valid);
        is_slug.then(|| name.replace('+', "/"))
    }

    /// Where the anchors of the data folder `data` are unless [`LocalOptions::anchor_folder`] says
    /// otherwise: beside it, in `<its name>.anchor`. `None` for a folder without a name, such as `/`.
    #[must_use]
    pub fn default_anchor_folder(data: &Path) -> Option<PathBuf> {
        let data = data
            .canonicalize()
            .or_else(|_| std::path::absolute(data))
            .ok()?;
        let mut name = data.file_name()?.to_owned();
        name.push(".anchor");
        Some(data.with_file_name(name))
    }

    /// Where the anchor of a ledger is inside an anchor folder.
    #[must_use]
    pub fn anchor_file(anchors: &Path, slug: &str) -> PathBuf {
        anchors.join(format!("{}.checkpoint", folder_name(slug)))
    }

    /// The newest checkpoint that an anchor file holds, verbatim; `None` if there is no file, or nothing
    /// has been published. Takes no lock: another process may be writing.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if neither of its slots is whole; otherwise if it cannot be read.
    pub fn anchored(file: &Path) -> Result<Option<Vec<u8>>, StoreError> {
        let anchor = Anchor::open(file, false)?;
        let published = anchor.as_ref().and_then(Anchor::published);
        Ok(published.map(|published| published.checkpoint.clone()))
    }

    /// Reads a private document kept in a ledger's own folder, or in a copy of it, as
    /// [`Store::private_document`](crate::store::Store::private_document) does. Opens no store.
    ///
    /// # Errors
    /// [`StoreError::Erased`]; [`StoreError::Corrupt`] if salt and document do not open the commitment.
    pub fn private_document_in(
        ledger_folder: &Path,
        commitment: &Commitment,
    ) -> Result<Option<PrivateDocument>, StoreError> {
        private::read(ledger_folder, commitment)
    }

    /// Opens the folder, and makes it and its anchor folder if they are missing.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process has it; [`StoreError::TooOld`] or
    /// [`StoreError::TooNew`] if it is of another version; [`StoreError::Format`] if it is of another
    /// format, or holds files and is no data folder.
    pub fn open(path: impl AsRef<Path>, options: LocalOptions) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let writable = !options.read_only;
        let formatted = check_format(path, FORMAT, VERSION, writable)?;
        if writable {
            durable::create_folder(path)?;
        }
        let data = path
            .canonicalize()
            .map_err(|error| StoreError::io("open", path, error))?;
        let anchors = anchor_folder(&data, &options)?;
        let mut locks = Vec::new();
        let mut sled = None;
        if writable {
            locks.push(lock(&data)?);
            durable::create_folder(&anchors)?;
            locks.push(lock(&anchors)?);
            if !formatted {
                write_format(&data, FORMAT, VERSION)?;
            }
            settle_names(&data)?;
            settle_names(&anchors)?;
            // Without it the index is kept in memory: a full disk is no reason to show nothing.
            sled = SledFolder::open(&data).ok();
        }
        Ok(Self {
            shared: Arc::new(Shared {
                data,
                anchors,
                options,
                sled,
                index_in_doubt: AtomicBool::new(false),
                open: Mutex::default(),
                _locks: locks,
            }),
        })
    }

    /// The ledgers of this folder, ascending: those with data, and those of which only an anchor is left.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn slugs(&self) -> Result<Vec<String>, StoreError> {
        let shared = &self.shared;
        let mut slugs = BTreeSet::new();
        for name in names(&shared.data)? {
            if shared.data.join(&name).join("entries").is_file() {
                slugs.extend(Self::slug_of(&name));
            }
        }
        if shared.anchors.is_dir() {
            for name in names(&shared.anchors)? {
                slugs.extend(name.strip_suffix(".checkpoint").and_then(Self::slug_of));
            }
        }
        Ok(slugs.into_iter().collect())
    }

    /// Opens a ledger, and makes it if there is none.
    ///
    /// The slug is what [`Origin::slug`](crate::name::Origin::slug) gives: parts of `[a-z0-9-]`,
    /// separated by slashes; `index` is taken by the folder itself. In the name of the ledger's folder a
    /// slash becomes `+`.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] for another slug; [`StoreError::AlreadyOpen`];
    /// [`StoreError::NoLedger`] when opened for reading only and there is none; [`StoreError::Behind`],
    /// [`StoreError::Corrupt`] or [`StoreError::AnchorMissing`] if its files cannot be taken for the
    /// whole ledger.
    pub fn ledger(&self, slug: &str) -> Result<LocalStore, StoreError> {
        let name = folder_name(slug);
        if Self::slug_of(&name).as_deref() != Some(slug) {
            return Err(StoreError::Malformed {
                what: "slug",
                expected: "parts of a-z 0-9 - separated by /, at most 128 bytes, not `index`"
                    .to_owned(),
                found: slug.chars().take(160).collect(),
            });
        }
        if !self.shared.open_slugs().insert(slug.to_owned()) {
            return Err(StoreError::AlreadyOpen {
                slug: slug.to_owned(),
            });
        }
        let opened = LocalStore::open(Arc::clone(&self.shared), slug);
        if opened.is_err() {
            self.shared.release(slug);
        }
        opened
    }

    /// Stops cleanly: the index is synced and will be believed at the next opening.
    ///
    /// # Errors
    /// [`StoreError::StillOpen`] while a ledger is open; or if the index cannot be synced, which costs
    /// no more than feeding it again.
    pub fn close(self) -> Result<(), StoreError> {
        let shared = Arc::try_unwrap(self.shared).map_err(|_| StoreError::StillOpen)?;
        match shared.sled {
            Some(sled) if !shared.index_in_doubt.load(Ordering::SeqCst) => sled.close(),
            _ => Ok(()),
        }
    }
}

/// Makes certain the names in a folder, and its own. Whoever made them may have been killed before it had
/// synced them: everybody sees them then, and after a power loss nobody.
fn settle_names(folder: &Path) -> Result<(), StoreError> {
    durable::sync_folder(folder)?;
    match folder.parent().map_or(Ok(()), durable::sync_folder) {
        // Whoever may not read the folder above has not made this one, either.
        Err(StoreError::Denied { .. }) => Ok(()),
        settled => settled,
    }
}

fn folder_name(slug: &str) -> String {
    slug.replace('/', "+")
}

fn names(folder: &Path) -> Result<Vec<String>, StoreError> {
    let read = || -> std::io::Result<Vec<String>> {
        let entries = std::fs::read_dir(folder)?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect()
    };
    read().map_err(|error| StoreError::io("list", folder, error))
}

/// Whether the folder says that it is of this format and version. One that is missing or empty may become
/// one.
pub(super) fn check_format(
    folder: &Path,
    format: &str,
    version: u32,
    writable: bool,
) -> Result<bool, StoreError> {
    let path = folder.join("FORMAT");
    let found = match durable::read(&path)? {
        Some(bytes) => match version_in(&bytes, format) {
            Some(found) if found == version => return Ok(true),
            Some(found) if found > version => {
                return Err(StoreError::TooNew {
                    path,
                    found,
                    newest: version,
                });
            }
            Some(found) => {
                return Err(StoreError::TooOld {
                    path,
                    found,
                    oldest: version,
                });
            }
            None => String::from_utf8_lossy(&bytes).chars().take(80).collect(),
        },
        None => {
            let ours = ["LOCK", "FORMAT.new", "lost+found"];
            let empty = !folder.exists() || names(folder)?.iter().all(|n| ours.contains(&&**n));
            if empty && writable {
                return Ok(false);
            }
            "no such file 没有该文件".to_owned()
        }
    };
    Err(StoreError::Format {
        path,
        expected: format!("{format} {version}"),
        found,
    })
}

/// The version that a `FORMAT` of this kind states, in the one way of writing it.
fn version_in(bytes: &[u8], format: &str) -> Option<u32> {
    let text = core::str::from_utf8(bytes).ok()?;
    let version = text.strip_prefix(format)?.strip_prefix(' ')?;
    let version: u32 = version.strip_suffix('\n')?.parse().ok()?;
    (format!("{format} {version}\n") == text).then_some(version)
}

/// Writes the `FORMAT` of a new folder.
pub(super) fn write_format(folder: &Path, format: &str, version: u32) -> Result<(), StoreError> {
    let text = format!("{format} {version}\n");
    let path = folder.join("FORMAT");
    durable::replace(&path, text.as_bytes(), Durability::Synced)
}

fn anchor_folder(data: &Path, options: &LocalOptions) -> Result<PathBuf, StoreError> {
    if let Some(folder) = &options.anchor_folder {
        return Ok(folder.clone());
    }
    LocalFolder::default_anchor_folder(data).ok_or_else(|| StoreError::Malformed {
        what: "data folder",
        expected: "a folder that has a name, or an anchor folder of its own".to_owned(),
        found: data.display().to_string(),
    })
}

/// Locks the folder for this process, until the file is dropped.
pub(super) fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("LOCK");
    let file = durable::open(&path, true)?.ok_or_else(|| StoreError::Locked {
        path: folder.to_owned(),
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked {
            path: folder.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(StoreError::io("lock", path, error)),
    }
}
