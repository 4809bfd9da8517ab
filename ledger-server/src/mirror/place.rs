//! Where copies are kept: a folder, or a bucket of an object store. (镜像位置)
//!
//! Files by name. What is replaced is replaced as a whole; the one file that readers go by, the checkpoint,
//! only if it is still the one that was seen. Knows nothing of what the files say.

use std::fs::File;
use std::io::{Write, sink};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ledger_core::hash::Digest;
use ledger_core::store::copy_digested;

#[cfg(feature = "s3")]
use super::bucket::Bucket;
use crate::keeping::{self, unwritable};
use crate::terminal::Terminal;

/// A place for copies.
pub(super) enum Place {
    /// A folder, locked for this process.
    Folder { path: PathBuf, _lock: File },
    /// A bucket.
    #[cfg(feature = "s3")]
    Bucket(Box<Bucket>),
}

/// A file as it was seen, so that it is replaced only if it has not changed since.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) bytes: Option<Vec<u8>>,
    /// The bucket's name for these bytes. A folder needs none: it is locked.
    #[cfg(feature = "s3")]
    pub(super) version: Option<object_store::UpdateVersion>,
}

impl Place {
    /// Opens a place, and makes a folder that is missing.
    pub(super) fn open(terminal: Terminal, place: &str) -> anyhow::Result<Self> {
        if !place.starts_with("s3://") {
            return Self::folder(terminal, Path::new(place));
        }
        #[cfg(feature = "s3")]
        return Ok(Self::Bucket(Box::new(Bucket::open(terminal, place)?)));
        #[cfg(not(feature = "s3"))]
        bail!(terminal.pick(
            format!("这个 sanzi 编译时没有带对象存储（cargo build --features s3），写不了 {place}"),
            format!("this sanzi was built without object stores (cargo build --features s3) and cannot write to {place}"),
        ))
    }

    /// Opens a folder, and makes it if it is missing.
    pub(super) fn folder(terminal: Terminal, folder: &Path) -> anyhow::Result<Self> {
        let lock = std::fs::create_dir_all(folder)
            .and_then(|()| File::create(folder.join(".lock")))
            .with_context(|| unwritable(terminal, folder))?;
        if lock.try_lock().is_err() {
            bail!(terminal.pick(
                format!("{} 正被另一个 sanzi 更新，请等它结束", folder.display()),
                format!(
                    "another sanzi is updating {}; wait for it to end",
                    folder.display()
                ),
            ));
        }
        Ok(Self::Folder {
            path: folder.to_owned(),
            _lock: lock,
        })
    }

    /// How a person names a file here.
    pub(super) fn shown(&self, name: &str) -> String {
        match self {
            Self::Folder { path: folder, .. } => folder.join(name).display().to_string(),
            #[cfg(feature = "s3")]
            Self::Bucket(bucket) => bucket.shown(name),
        }
    }

    /// A file's bytes; none if it is not there.
    pub(super) fn read(&self, name: &str) -> anyhow::Result<Seen> {
        match self {
            Self::Folder { path: folder, .. } => match std::fs::read(folder.join(name)) {
                Ok(bytes) => Ok(Seen {
                    bytes: Some(bytes),
                    ..Seen::default()
                }),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Seen::default()),
                Err(error) => Err(error).with_context(|| self.shown(name)),
            },
            #[cfg(feature = "s3")]
            Self::Bucket(bucket) => bucket.read(name),
        }
    }

    /// Whether a document is here, unspoilt.
    pub(super) fn holds(&self, name: &str, digest: &Digest) -> anyhow::Result<bool> {
        match self {
            Self::Folder { path: folder, .. } => {
                let there = File::open(folder.join(name));
                let found = there.and_then(|mut file| copy_digested(&mut file, &mut sink()));
                Ok(found.is_ok_and(|(found, _)| found == *digest))
            }
            #[cfg(feature = "s3")]
            Self::Bucket(bucket) => {
                let there = bucket.read(name)?.bytes;
                Ok(there.is_some_and(|bytes| Digest::of(&bytes) == *digest))
            }
        }
    }

    /// Takes a document in as it comes, and keeps it if it has the digest that its name ends in; gives the
    /// digest that it really has, or `None` if the source has no such document.
    pub(super) fn receive(
        &self,
        terminal: Terminal,
        name: &str,
        fetch: impl FnOnce(&mut dyn Write) -> anyhow::Result<Option<Digest>>,
    ) -> anyhow::Result<Option<Digest>> {
        let right =
            |found: &Option<Digest>| found.is_some_and(|found| name.ends_with(&found.to_string()));
        match self {
            Self::Folder { path: folder, .. } => {
                let path = folder.join(name);
                let mut new = keeping::new_beside(terminal, &path)?;
                let found = fetch(&mut new)?;
                if right(&found) {
                    keeping::settle(terminal, new, &path)?;
                }
                Ok(found)
            }
            #[cfg(feature = "s3")]
            Self::Bucket(bucket) => {
                let mut bytes = Vec::new();
                let found = fetch(&mut bytes)?;
                if right(&found) {
                    bucket.put(name, &bytes)?;
                }
                Ok(found)
            }
        }
    }

    /// Tells that many files follow below `name`, so that those that are there already can be left alone.
    #[cfg_attr(
        not(feature = "s3"),
        allow(unused_variables, reason = "a folder needs no telling")
    )]
    pub(super) fn expect_many(&self, name: &str) -> anyhow::Result<()> {
        match self {
            Self::Folder { .. } => Ok(()),
            #[cfg(feature = "s3")]
            Self::Bucket(bucket) => bucket.look_ahead(name),
        }
    }

    /// Puts a file, unless it is there with these bytes already. It is safe once [`Place::settle`] has
    /// returned.
    pub(super) fn put(&self, terminal: Terminal, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::Folder { path: folder, .. } => {
                keeping::put(terminal, &folder.join(name), bytes, false)
            }
            #[cfg(feature = "s3")]
            Self::Bucket(bucket) => bucket.put(name, bytes),
        }
    }

    /// Waits until all that was put is there for good.
    pub(super) fn settle(&self) -> anyhow::Result<()> {
        match self {
            Self::Folder { .. } => Ok(()),
            #[cfg(feature = "s3")]
            Self::Bucket(bucket) => bucket.settle(),
        }
    }

    /// Replaces a file as a whole, if it still is what was seen.
    pub(super) fn replace(
        &self,
        terminal: Terminal,
        name: &str,
        seen: Seen,
        bytes: &[u8],
    ) -> anyhow::Result<()> {
        if seen.bytes.as_deref() == Some(bytes) {
            return Ok(());
        }
        match self {
            Self::Folder { path: folder, .. } => {
                keeping::put(terminal, &folder.join(name), bytes, false)
            }
            #[cfg(feature = "s3")]
            Self::Bucket(bucket) => bucket.replace(name, seen.version, bytes),
        }
    }

    /// Drops all files of a folder.
    pub(super) fn drop_below(&self, name: &str) -> anyhow::Result<()> {
        match self {
            Self::Folder { path: folder, .. } => {
                let folder = folder.join(name);
                if folder.is_dir() {
                    std::fs::remove_dir_all(folder)?;
                }
                Ok(())
            }
            #[cfg(feature = "s3")]
            Self::Bucket(bucket) => bucket.drop_below(name),
        }
    }
}
