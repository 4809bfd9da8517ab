//! The demonstration's data folder, built once for a test program by the real binary.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test uses a part; a test fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// How a command ended and what it said.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

/// Runs the binary in a folder.
pub(crate) fn sanzi(folder: &Path, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sanzi"));
    command.current_dir(folder).args(arguments);
    for variable in ["LANG", "LC_ALL", "LC_MESSAGES", "SANZI_LOG_PASSPHRASE"] {
        command.env_remove(variable);
    }
    let output = command.output().unwrap();
    Outcome {
        code: output.status.code(),
        out: output.stdout,
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs the binary, which has to succeed.
pub(crate) fn ok(folder: &Path, arguments: &[&str]) -> Outcome {
    let outcome = sanzi(folder, arguments);
    assert_eq!(outcome.code, Some(0), "{arguments:?}: {}", outcome.err);
    outcome
}

/// Runs the binary, which has to end with this code and complain of this.
pub(crate) fn fails(folder: &Path, arguments: &[&str], code: i32, complaint: &str) {
    let Outcome {
        code: found, err, ..
    } = sanzi(folder, arguments);
    assert_eq!(found, Some(code), "{arguments:?}: {err}");
    assert!(err.contains(complaint), "{arguments:?}: {complaint}: {err}");
}

/// The folder with the demonstration in `data`; what is written here is gone with the next run.
pub(crate) fn year(name: &str) -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        std::fs::create_dir_all(&folder).unwrap();
        ok(&folder, &["demo", "--data", "data", "--no-serve"]);
        folder
    })
}
