//! The folder `index/` that sled keeps for all ledgers: opened only if it is certainly what a clean stop
//! left, and thrown away otherwise.
//!
//! sled's own checks are not enough to go by: after a crash or with a damaged file it panics, refuses to
//! open, or silently holds less than it was given. So a clean stop writes down the digest of each of its
//! files in `index.clean`, beside the folder. An opening compares them, removes the list, and only then
//! lets sled touch the files. No list, or another one, means an empty index.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::durable::{self, Durability};
use super::index::guarded;
use crate::store::StoreError;

/// What sled may keep of its pages in memory, in bytes.
const CACHE_BYTES: u64 = 32 << 20;

/// The open sled of a data folder.
#[derive(Debug)]
pub(super) struct SledFolder {
    data: PathBuf,
    db: sled::Db,
}

impl SledFolder {
    /// Opens what a clean stop left, or an empty one.
    pub(super) fn open(data: &Path) -> Result<Self, StoreError> {
        let folder = data.join("index");
        let mark = data.join("index.clean");
        let clean = match durable::read(&mark)? {
            Some(list) => list_files(&folder).is_ok_and(|found| found.as_bytes() == list),
            None => false,
        };
        if mark.exists() {
            fs::remove_file(&mark).map_err(|error| StoreError::io("remove", &mark, error))?;
            durable::sync_folder(data)?;
        }
        if !clean {
            move_aside(data)?;
        }
        let db = match open_sled(&folder) {
            Ok(db) => db,
            Err(_) => {
                move_aside(data)?;
                open_sled(&folder)?
            }
        };
        remove_broken(data);
        Ok(Self {
            data: data.to_owned(),
            db,
        })
    }

    pub(super) fn db(&self) -> &sled::Db {
        &self.db
    }

    /// Closes sled, syncs its files, which it does not do itself, and lists them as clean.
    pub(super) fn close(self) -> Result<(), StoreError> {
        let Self { data, db } = self;
        guarded(|| db.flush())?;
        guarded(|| {
            drop(db);
            Ok(())
        })?;
        let folder = data.join("index");
        let list = list_files(&folder).map_err(|error| StoreError::io("sync", &folder, error))?;
        durable::sync_folder(&folder)?;
        durable::replace(
            &data.join("index.clean"),
            list.as_bytes(),
            Durability::Synced,
        )
    }
}

fn open_sled(folder: &Path) -> Result<sled::Db, StoreError> {
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(CACHE_BYTES)
        .flush_every_ms(None);
    guarded(|| config.open())
}

/// Syncs every file of the folder and lists them, each with digest, length and name.
fn list_files(folder: &Path) -> std::io::Result<String> {
    let mut paths = Vec::new();
    find_files(folder, &mut paths)?;
    paths.sort();
    let mut list = "sanzi index 1\n".to_owned();
    let mut buffer = vec![0; 1 << 18];
    for path in paths {
        let mut file = File::open(&path)?;
        file.sync_all()?;
        let mut digest = Sha256::new();
        let mut length = 0;
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            digest.update(&buffer[..read]);
            length += read as u64;
        }
        let name = path.strip_prefix(folder).unwrap_or(&path);
        let digest = HEXLOWER.encode(&digest.finalize());
        list.push_str(&format!("{digest} {length} {}\n", name.display()));
    }
    Ok(list)
}

fn find_files(folder: &Path, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            find_files(&entry.path(), paths)?;
        } else {
            paths.push(entry.path());
        }
    }
    Ok(())
}

/// Renames the folder out of the way: it may not be possible to delete all of it at once.
fn move_aside(data: &Path) -> Result<(), StoreError> {
    let folder = data.join("index");
    if !folder.exists() {
        return Ok(());
    }
    for number in 0_u32.. {
        let aside = data.join(format!("index.broken-{number}"));
        if aside.exists() {
            continue;
        }
        return fs::rename(&folder, &aside)
            .map_err(|error| StoreError::io("move aside", &folder, error));
    }
    Ok(())
}

/// Deletes what was moved aside; what cannot be deleted now is tried again next time.
fn remove_broken(data: &Path) {
    let Ok(names) = fs::read_dir(data) else {
        return;
    };
    for entry in names.filter_map(Result::ok) {
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("index.broken-") {
            let _ = match fs::remove_dir_all(entry.path()) {
                Err(error) if error.kind() == ErrorKind::NotADirectory => {
                    fs::remove_file(entry.path())
                }
                other => other,
            };
        }
    }
}
