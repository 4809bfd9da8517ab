//! Every store keeps the contract.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use ledger_core::store::conformance;
use ledger_core::store::memory::MemoryStore;

#[test]
fn memory() {
    conformance::run(&mut MemoryStore::new).unwrap();
}

#[cfg(feature = "local")]
mod local {
    use super::*;
    use ledger_core::store::Store as _;
    use ledger_core::store::conformance::Maker;
    use ledger_core::store::local::{LocalFolder, LocalOptions, LocalStore};
    use tempfile::TempDir;

    struct Local {
        cleanly: bool,
        place: TempDir,
        folder: Option<LocalFolder>,
    }

    impl Local {
        fn new(cleanly: bool) -> Self {
            Self {
                cleanly,
                place: TempDir::new().unwrap(),
                folder: None,
            }
        }

        fn open(&mut self) -> LocalStore {
            let data = self.place.path().join("data");
            let folder = LocalFolder::open(data, LocalOptions::default()).unwrap();
            self.folder.insert(folder).ledger("village").unwrap()
        }
    }

    impl Maker for Local {
        type Store = LocalStore;

        fn make(&mut self) -> LocalStore {
            self.folder = None;
            self.place = TempDir::new().unwrap();
            self.open()
        }

        fn reopen(&mut self, store: LocalStore) -> Option<LocalStore> {
            let indexed_size = store.indexed_size();
            let folder = self.folder.take().unwrap();
            if self.cleanly {
                store.close().unwrap();
                folder.close().unwrap();
            } else {
                drop(store);
                drop(folder);
            }
            let store = self.open();
            let expected = if self.cleanly { indexed_size } else { 0 };
            assert_eq!(store.indexed_size(), expected);
            Some(store)
        }
    }

    #[test]
    fn after_clean_stops() {
        conformance::run(&mut Local::new(true)).unwrap();
    }

    #[test]
    fn after_other_stops() {
        conformance::run(&mut Local::new(false)).unwrap();
    }
}
