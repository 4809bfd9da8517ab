//! What this machine can do at best.

use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use benches::{Village, cores, fsync, median, verify_strict};
use ledger_core::hash::Hash;
use serde::Serialize;

/// How many entries are committed at once.
pub(crate) const IN_FLIGHT: usize = 1024;

/// What this machine can do at best, each as the median of several.
#[derive(Serialize)]
pub(crate) struct Limits {
    pub(crate) cores: usize,
    /// ed25519-dalek's own, on one core.
    pub(crate) verify_strict: Duration,
    /// The hash of an entry of 1 KB as a leaf.
    pub(crate) leaf_hash: Duration,
    /// An append of 4 KiB and its sync.
    pub(crate) fsync: Duration,
    /// An entry in a plain file, one sync for [`IN_FLIGHT`] of them.
    pub(crate) plain_append: Duration,
}

impl Limits {
    pub(crate) fn measure(folder: &Path, village: &Village) -> Self {
        let entries = village.steps(0..IN_FLIGHT);
        let bytes: Vec<u8> = entries.concat();
        let each = u32::try_from(IN_FLIGHT).unwrap();
        let mut file = File::create(folder.join("plain")).unwrap();
        Self {
            cores: cores(),
            verify_strict: verify_strict(),
            leaf_hash: median(9, || {
                let begun = Instant::now();
                for entry in &entries {
                    black_box(Hash::leaf(entry));
                }
                begun.elapsed() / each
            }),
            fsync: fsync(folder),
            plain_append: median(31, || {
                let begun = Instant::now();
                file.write_all(&bytes).unwrap();
                file.sync_data().unwrap();
                begun.elapsed() / each
            }),
        }
    }

    /// L: how long a signature takes if all cores do nothing but verify.
    pub(crate) fn l(&self) -> Duration {
        self.verify_strict / u32::try_from(self.cores).unwrap()
    }
}
