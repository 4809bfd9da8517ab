//! What a witness has cosigned: one file for each log, compared and replaced as a whole. (见证记录)
//!
//! ```text
//! <data>/FORMAT                      the version of this layout
//! <data>/LOCK                        held by the process that witnesses
//! <data>/<SHA-256 of the origin>/checkpoint
//! ```
//!
//! The paths are those of tlog-witness's monitoring prefix, so that any web server can serve the folder.
//! Knows nothing of what the files hold: whether to believe them is for [`crate::witness`].

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::durable::{self, Durability};
use super::folder;
use crate::hash::Digest;
use crate::store::StoreError;

/// What a witness's `FORMAT` says before its version, and the version.
const FORMAT: &str = "sanzi witness folder";
const VERSION: u32 = 1;

/// A witness's memory, locked for this process. (见证文件夹)
///
/// It must never be put back to an older state, as by restoring a backup: a witness that forgot what it
/// cosigned can be led to cosign a fork. A witness that lost its memory takes a new key.
#[derive(Debug)]
pub struct WitnessFolder {
    folder: PathBuf,
    /// Held from comparing to replacing.
    swapping: Mutex<()>,
    _lock: File,
}

impl WitnessFolder {
    /// Opens the folder, and makes it if it is missing.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process has it; [`StoreError::TooOld`] or
    /// [`StoreError::TooNew`] if it is of another version; [`StoreError::Format`] if it is of another
    /// format, or holds files and is no witness's folder.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let formatted = folder::check_format(path, FORMAT, VERSION, true)?;
        durable::create_folder(path)?;
        let folder = path
            .canonicalize()
            .map_err(|error| StoreError::io("open", path, error))?;
        let lock = folder::lock(&folder)?;
        if !formatted {
            folder::write_format(&folder, FORMAT, VERSION)?;
        }
        // A log's folder may have been made just before a kill.
        durable::sync_folder(&folder)?;
        Ok(Self {
            folder,
            swapping: Mutex::new(()),
            _lock: lock,
        })
    }

    /// The file of the log with this origin.
    #[must_use]
    pub fn file(&self, origin: &str) -> PathBuf {
        let name = Digest::of(origin.as_bytes()).to_string();
        self.folder.join(name).join("checkpoint")
    }

    /// What is kept of the log; `None` if nothing was ever kept.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(&self, origin: &str) -> Result<Option<Vec<u8>>, StoreError> {
        durable::read(&self.file(origin))
    }

    /// Keeps `new` in the place of `expected`, on the disk when it returns; `false` if something else
    /// than `expected` is kept, and then nothing was changed.
    ///
    /// # Errors
    /// If it cannot be read or written: then either of the two is kept, whole.
    pub fn swap(
        &self,
        origin: &str,
        expected: Option<&[u8]>,
        new: &[u8],
    ) -> Result<bool, StoreError> {
        let _alone = self.swapping.lock().unwrap_or_else(PoisonError::into_inner);
        if self.read(origin)?.as_deref() != expected {
            return Ok(false);
        }
        let file = self.file(origin);
        durable::create_folder(file.parent().unwrap_or(&self.folder))?;
        durable::replace(&file, new, Durability::Synced)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "sanzi.example.org/donglang";

    #[test]
    fn only_what_is_there_is_replaced() {
        let kept = tempfile::tempdir().unwrap();
        let path = kept.path().join("witness");
        let folder = WitnessFolder::open(&path).unwrap();
        assert_eq!(folder.read(ORIGIN).unwrap(), None);
        assert!(!folder.swap(ORIGIN, Some(b"a"), b"b").unwrap());
        assert!(folder.swap(ORIGIN, None, b"a").unwrap());
        assert!(!folder.swap(ORIGIN, None, b"b").unwrap());
        assert!(folder.swap(ORIGIN, Some(b"a"), b"b").unwrap());
        assert_eq!(folder.read("another").unwrap(), None);
        drop(folder);
        let folder = WitnessFolder::open(&path).unwrap();
        assert_eq!(folder.read(ORIGIN).unwrap().as_deref(), Some(&b"b"[..]));
    }

    #[test]
    fn of_those_who_swap_at_once_one_succeeds() {
        let kept = tempfile::tempdir().unwrap();
        let folder = WitnessFolder::open(kept.path()).unwrap();
        let won: usize = std::thread::scope(|scope| {
            let one = |number: u8| {
                let folder = &folder;
                scope.spawn(move || usize::from(folder.swap(ORIGIN, None, &[number]).unwrap()))
            };
            let all: Vec<_> = (0..8).map(one).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(won, 1);
    }

    #[test]
    fn the_folder_is_nobody_elses() {
        let kept = tempfile::tempdir().unwrap();
        let folder = WitnessFolder::open(kept.path()).unwrap();
        let again = WitnessFolder::open(kept.path());
        assert!(matches!(again, Err(StoreError::Locked { .. })));
        drop(folder);
        let data = super::super::LocalFolder::open(kept.path(), Default::default());
        assert!(matches!(data, Err(StoreError::Format { .. })));
        let other = tempfile::tempdir().unwrap();
        std::fs::write(other.path().join("letter.txt"), "hello").unwrap();
        let strange = WitnessFolder::open(other.path());
        assert!(matches!(strange, Err(StoreError::Format { .. })));
    }
}
