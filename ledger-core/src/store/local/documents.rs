//! Documents by their digest, one file each: `documents/<sha256>`.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::durable::{self, Durability};
use crate::hash::Digest;
use crate::store::{Remedy, StoreError, copy_digested};

pub(super) fn path(folder: &Path, digest: &Digest) -> PathBuf {
    folder.join("documents").join(digest.to_string())
}

/// Keeps the document: two syncs, of the file and of its name.
pub(super) fn put(folder: &Path, document: &[u8]) -> Result<Digest, StoreError> {
    let digest = Digest::of(document);
    let path = path(folder, &digest);
    match durable::read(&path)? {
        Some(kept) if kept == document => {}
        _ => durable::replace(&path, document, Durability::Synced)?,
    }
    Ok(digest)
}

/// Reads the document, checked against its digest.
pub(super) fn read(folder: &Path, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
    let path = path(folder, digest);
    let Some(document) = durable::read(&path)? else {
        return Ok(None);
    };
    let found = Digest::of(&document);
    if found != *digest {
        return Err(StoreError::Corrupt {
            file: path,
            place: format!("{} bytes", document.len()),
            expected: format!("digest {digest}"),
            found: found.to_string(),
            remedy: Remedy::Restore,
        });
    }
    Ok(Some(document))
}

/// The file of a document, once it has been read in parts and has its digest; `None` if it is not kept.
pub(super) fn checked(folder: &Path, digest: &Digest) -> Result<Option<PathBuf>, StoreError> {
    let path = path(folder, digest);
    let Some(mut file) = durable::open(&path, false)? else {
        return Ok(None);
    };
    let (found, length) = copy_digested(&mut file, &mut io::sink())
        .map_err(|error| StoreError::io("read", &path, error))?;
    if found == *digest {
        return Ok(Some(path));
    }
    Err(StoreError::Corrupt {
        file: path,
        place: format!("{length} bytes"),
        expected: format!("digest {digest}"),
        found: found.to_string(),
        remedy: Remedy::Restore,
    })
}

/// Erases the document; says whether it was there.
pub(super) fn erase(folder: &Path, digest: &Digest) -> Result<bool, StoreError> {
    let path = path(folder, digest);
    match fs::remove_file(&path) {
        Ok(()) => durable::sync_folder(&folder.join("documents")).map(|()| true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::io("erase", path, error)),
    }
}
