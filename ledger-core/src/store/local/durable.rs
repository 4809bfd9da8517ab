//! Writes that survive a power loss: folders whose entry is synced, files replaced as a whole.
//!
//! Knows nothing of what the files hold.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::store::StoreError;

/// Makes the folder and its parents, each synced into its parent.
pub(super) fn create_folder(path: &Path) -> Result<(), StoreError> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().unwrap_or(Path::new(""));
    create_folder(parent)?;
    match fs::create_dir(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(StoreError::io("create folder", path, error))
        }
        _ => sync_folder(parent),
    }
}

/// Makes the folder's list of names durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| StoreError::io("sync folder", path, error))
}

/// Whether a replaced file has to be on the disk before the call returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// The content and its name are synced.
    Synced,
    /// After a power loss the old, the new or no content may be there: only for what is kept elsewhere.
    Lazy,
}

/// Replaces the file: other processes see the old content or the new, never a part.
pub(super) fn replace(path: &Path, bytes: &[u8], durability: Durability) -> Result<(), StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let written = (|| {
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        match durability {
            Durability::Synced => file.sync_all(),
            Durability::Lazy => Ok(()),
        }
    })();
    written.map_err(|error| StoreError::io("write", &new, error))?;
    fs::rename(&new, path).map_err(|error| StoreError::io("rename to", path, error))?;
    match durability {
        Durability::Synced => sync_folder(path.parent().unwrap_or(Path::new(""))),
        Durability::Lazy => Ok(()),
    }
}

/// Reads the whole file; `None` if it is not there.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("read", path, error)),
    }
}

/// Opens a file for reading; also for writing, and makes it, if `writable`. `None` if it is not there.
pub(super) fn open(path: &Path, writable: bool) -> Result<Option<File>, StoreError> {
    let file = File::options()
        .read(true)
        .write(writable)
        .create(writable)
        .truncate(false)
        .open(path);
    match file {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("open", path, error)),
    }
}
