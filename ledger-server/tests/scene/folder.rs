//! A data folder with one ledger, as `sanzi` finds it on a disk.

use std::path::PathBuf;

use ledger_core::keyfile;
use ledger_core::ledger::Ledger;
use ledger_core::store::Store as _;
use ledger_core::store::local::{LocalFolder, LocalOptions, LocalStore};
use ledger_server::Hosting;

use super::{NOW, at, founding, key};

/// What opens the log key of a [`DataFolder`].
pub(crate) const PASSPHRASE: &str = "村口的老榕树";

/// A data folder that is gone when this is dropped, with its anchors.
pub(crate) struct DataFolder {
    kept: tempfile::TempDir,
}

impl DataFolder {
    /// With a ledger of one entry, closed cleanly, and its log key, sealed.
    pub(crate) fn new() -> Self {
        let folder = Self {
            kept: tempfile::tempdir().unwrap(),
        };
        let local = folder.open();
        let store = local.ledger("donglang").unwrap();
        let (ledger, _) = Ledger::create(store, key(None), &founding(), at(NOW)).unwrap();
        ledger.into_store().close().unwrap();
        local.close().unwrap();
        let mut seed = [7; 32];
        let pem = keyfile::seal(&seed, PASSPHRASE).unwrap();
        seed.fill(0);
        std::fs::write(folder.path().join("donglang/log.key"), pem).unwrap();
        folder
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.kept.path().join("data")
    }

    /// A file beside the data folder with this text.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.kept.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn open(&self) -> LocalFolder {
        LocalFolder::open(self.path(), LocalOptions::default()).unwrap()
    }
}

/// The ledger of an open folder; tells how many entries had to be indexed again.
pub(crate) fn ledger_of(folder: &LocalFolder) -> (Ledger<LocalStore>, u64) {
    let mut indexed = 0;
    let store = folder.ledger("donglang").unwrap();
    let ledger = Ledger::open(store, key(None), &mut |done, _| indexed = done).unwrap();
    (ledger, indexed)
}

/// To be served, without a way back from failure.
pub(crate) fn hosting(ledger: Ledger<LocalStore>) -> Hosting<LocalStore> {
    Hosting {
        desk: None,
        intake: None,
        ledger,
        policy: None,
        reopen: Box::new(|| Err(ledger_core::ledger::LedgerError::Failed)),
        stop: std::sync::Arc::default(),
    }
}
