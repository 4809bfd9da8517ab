//! Private documents, one file each: `private/<commitment>`, in a folder that only its owner may enter.
//!
//! The file is a first line that says what it is, and then either salt (32 bytes) and document, or the
//! record of the erasure as JSON. An erasure replaces the file as a whole, so that after a crash either
//! all of the document is there or nothing of it. What a disk, a file system's snapshot or a backup
//! still holds of a file that was replaced is beyond this program.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::durable::{self, Durability};
use crate::commitment::Salt;
use crate::hash::Commitment;
use crate::store::{Erasure, PrivateDocument, Remedy, StoreError, copy_digested};

/// The first line of a document that is kept; its salt follows.
pub(super) const KEPT: &[u8] = b"sanzi private document 1\n";
const ERASED: &[u8] = b"sanzi erased document 1\n";

/// What stands in the place of a private document.
enum Place {
    Empty,
    Kept(PrivateDocument),
    Erased(Box<Erasure>),
}

fn folder_in(folder: &Path) -> PathBuf {
    folder.join("private")
}

pub(super) fn path(folder: &Path, commitment: &Commitment) -> PathBuf {
    folder_in(folder).join(commitment.to_string())
}

/// Makes the folder, for its owner only, and clears away what a crash left half written.
pub(super) fn open(folder: &Path) -> Result<(), StoreError> {
    let private = folder_in(folder);
    let fault = |action, error| StoreError::io(action, &private, error);
    if !private.is_dir() {
        durable::create_folder(&private)?;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let owner_only = fs::Permissions::from_mode(0o700);
        fs::set_permissions(&private, owner_only).map_err(|error| fault("protect", error))?;
    }
    let mut cleared = false;
    for entry in fs::read_dir(&private).map_err(|error| fault("list", error))? {
        let path = entry.map_err(|error| fault("list", error))?.path();
        if path.extension().is_some_and(|extension| extension == "new") {
            fs::remove_file(&path).map_err(|error| StoreError::io("erase", path, error))?;
            cleared = true;
        }
    }
    if cleared {
        durable::sync_folder(&private)?;
    }
    Ok(())
}

fn look(folder: &Path, commitment: &Commitment) -> Result<Place, StoreError> {
    let path = path(folder, commitment);
    let Some(found) = durable::read(&path)?.map(Zeroizing::new) else {
        return Ok(Place::Empty);
    };
    let corrupt = |expected: &str, found: String| StoreError::Corrupt {
        file: path.clone(),
        place: "private document 不公开材料".to_owned(),
        expected: expected.to_owned(),
        found,
        remedy: Remedy::Restore,
    };
    if let Some(record) = found.strip_prefix(ERASED) {
        let erasure = serde_json::from_slice(record);
        let erasure = erasure.map_err(|error| corrupt("erasure record", error.to_string()))?;
        return Ok(Place::Erased(Box::new(erasure)));
    }
    let parts = found
        .strip_prefix(KEPT)
        .and_then(|rest| rest.split_first_chunk::<{ Salt::LENGTH }>());
    let Some((salt, bytes)) = parts else {
        return Err(corrupt(
            "salt and document",
            format!("{} bytes", found.len()),
        ));
    };
    let document = PrivateDocument {
        bytes: Zeroizing::new(bytes.to_vec()),
        salt: Salt::from_bytes(*salt),
    };
    match commitment.open(&document.salt, &document.bytes) {
        Ok(()) => Ok(Place::Kept(document)),
        Err(fault) => Err(corrupt(
            &fault.expected.to_string(),
            fault.found.to_string(),
        )),
    }
}

fn erased(commitment: &Commitment, erasure: Box<Erasure>) -> StoreError {
    StoreError::Erased {
        commitment: *commitment,
        erasure,
    }
}

/// Keeps the document: two syncs, of the file and of its name.
pub(super) fn put(folder: &Path, salt: &Salt, document: &[u8]) -> Result<Commitment, StoreError> {
    let commitment = Commitment::to(salt, document);
    match look(folder, &commitment) {
        Ok(Place::Kept(_)) => return Ok(commitment),
        Ok(Place::Erased(erasure)) => return Err(erased(&commitment, erasure)),
        // A damaged copy is mended.
        Ok(Place::Empty) | Err(StoreError::Corrupt { .. }) => {}
        Err(error) => return Err(error),
    }
    let whole = Zeroizing::new([KEPT, salt.as_bytes(), document].concat());
    durable::replace(&path(folder, &commitment), &whole, Durability::Synced)?;
    Ok(commitment)
}

/// Reads the document, checked against its commitment.
pub(super) fn read(
    folder: &Path,
    commitment: &Commitment,
) -> Result<Option<PrivateDocument>, StoreError> {
    match look(folder, commitment)? {
        Place::Empty => Ok(None),
        Place::Kept(document) => Ok(Some(document)),
        Place::Erased(erasure) => Err(erased(commitment, erasure)),
    }
}

/// Sees to it that the record of the erasure stands where the document would, whether or not it was here.
pub(super) fn settle(
    folder: &Path,
    commitment: &Commitment,
    erasure: &Erasure,
) -> Result<(), StoreError> {
    // Only the beginning is read: an opening asks this of everything that was ever erased.
    if begins(&path(folder, commitment), ERASED)? {
        return Ok(());
    }
    write_record(folder, commitment, erasure)
}

/// Whether the document was erased.
pub(super) fn is_erased(folder: &Path, commitment: &Commitment) -> Result<bool, StoreError> {
    begins(&path(folder, commitment), ERASED)
}

fn begins(path: &Path, with: &[u8]) -> Result<bool, StoreError> {
    let Some(file) = durable::open(path, false)? else {
        return Ok(false);
    };
    let mut found = Vec::new();
    let read = file.take(with.len() as u64).read_to_end(&mut found);
    read.map_err(|error| StoreError::io("read", path, error))?;
    Ok(found == with)
}

fn write_record(
    folder: &Path,
    commitment: &Commitment,
    erasure: &Erasure,
) -> Result<(), StoreError> {
    let record = serde_json::to_vec(erasure).map_err(|error| StoreError::Malformed {
        what: "erasure",
        expected: "JSON".to_owned(),
        found: error.to_string(),
    })?;
    let whole = [ERASED, &record].concat();
    durable::replace(&path(folder, commitment), &whole, Durability::Synced)
}

/// Opens the document for reading it in parts: the file, which stands at the salt, and how many bytes
/// salt and document have. All of it is checked against the commitment before.
pub(super) fn open_document(
    folder: &Path,
    commitment: &Commitment,
) -> Result<Option<(File, u64)>, StoreError> {
    let path = path(folder, commitment);
    if is_erased(folder, commitment)? {
        return read(folder, commitment).map(|_| None);
    }
    let Some(mut file) = durable::open(&path, false)? else {
        return Ok(None);
    };
    let fault = |error| StoreError::io("read", &path, error);
    let mut head = [0; KEPT.len() + Salt::LENGTH];
    file.read_exact(&mut head).map_err(fault)?;
    let salt = head.last_chunk::<{ Salt::LENGTH }>().copied();
    let salt = Salt::from_bytes(salt.unwrap_or_default());
    let (digest, length) = copy_digested(&mut file, &mut std::io::sink()).map_err(fault)?;
    let found = Commitment::to_digest(&salt, &digest);
    if !head.starts_with(KEPT) || found != *commitment {
        return Err(StoreError::Corrupt {
            file: path.clone(),
            place: "private document 不公开材料".to_owned(),
            expected: commitment.to_string(),
            found: found.to_string(),
            remedy: Remedy::Restore,
        });
    }
    file.seek(SeekFrom::Start(KEPT.len() as u64))
        .map_err(fault)?;
    Ok(Some((file, length + Salt::LENGTH as u64)))
}

/// Puts the record of the erasure in the place of the document; says whether there was one.
pub(super) fn erase(
    folder: &Path,
    commitment: &Commitment,
    erasure: &Erasure,
) -> Result<bool, StoreError> {
    match look(folder, commitment) {
        Ok(Place::Empty) => return Ok(false),
        Ok(Place::Erased(before)) => return Err(erased(commitment, before)),
        // What is damaged may still hold what must go.
        Ok(Place::Kept(_)) | Err(StoreError::Corrupt { .. }) => {}
        Err(error) => return Err(error),
    }
    write_record(folder, commitment, erasure)?;
    Ok(true)
}
