//! Why a ledger no longer signs, told to everybody and kept for the next start.
//!
//! A checkpoint once signed cannot be taken back. So who sees that a witness holds more than the ledger,
//! or something else, ends the signing of that ledger until a person has looked. Reading goes on. Knows
//! nothing of witnesses and of how a ledger is repaired.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// The file in a ledger's folder that keeps the reason.
pub const STOP_FILE: &str = "signing-stopped";

/// Whether a ledger may sign. (停签)
#[derive(Debug, Default)]
pub struct SigningStop {
    file: Option<PathBuf>,
    reason: OnceLock<Arc<str>>,
}

impl SigningStop {
    /// Kept in this file, and in force if the file is there.
    ///
    /// # Errors
    /// If the file is there and cannot be read.
    pub fn kept_in(file: PathBuf) -> std::io::Result<Self> {
        let reason = OnceLock::new();
        match std::fs::read(&file) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                // An empty one stops, too.
                let _ = reason.set(Arc::from(format!("{} ({})", text.trim(), file.display())));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let file = Some(file);
        Ok(Self { file, reason })
    }

    /// Why the ledger does not sign; `None` while it does.
    #[must_use]
    pub fn reason(&self) -> Option<&Arc<str>> {
        self.reason.get()
    }

    /// Ends the signing. Only the first reason is kept. May write a file, and so wait for a disk.
    pub(crate) fn stop(&self, slug: &str, reason: &str) {
        if self.reason.set(Arc::from(reason)).is_err() {
            return;
        }
        tracing::error!(slug, reason, "signing stopped");
        let Some(path) = &self.file else { return };
        let written = File::create(path).and_then(|mut file| {
            writeln!(file, "{reason}")?;
            file.sync_all()?;
            // A new name is not on the disk before its folder is.
            path.parent()
                .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        });
        if let Err(error) = written {
            let file = path.display();
            tracing::error!(slug, %file, %error, "the reason could not be kept; a restart would sign again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_outlives_the_process_and_keeps_its_first_reason() {
        let kept = tempfile::tempdir().unwrap();
        let file = kept.path().join(STOP_FILE);
        let stop = SigningStop::kept_in(file.clone()).unwrap();
        assert_eq!(stop.reason(), None);
        stop.stop("donglang", "first");
        stop.stop("donglang", "second");
        assert_eq!(stop.reason().map(|reason| &**reason), Some("first"));
        let again = SigningStop::kept_in(file.clone()).unwrap();
        assert!(again.reason().unwrap().starts_with("first ("));
        std::fs::write(&file, "").unwrap();
        assert!(SigningStop::kept_in(file).unwrap().reason().is_some());
    }
}
