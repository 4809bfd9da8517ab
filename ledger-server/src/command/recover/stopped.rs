//! What the file says that a witness's stop left: the reason, and what the witness has seen.

use std::path::Path;

use ledger_core::Pins;
use ledger_core::checkpoint::SignedCheckpoint;

/// A stop, as far as a program can make sense of it.
pub(super) struct Stopped {
    /// How many entries the witness said that it has seen.
    pub(super) held: Option<u64>,
    /// The checkpoint that the witness showed, signed by this log's own key.
    pub(super) shown: Option<SignedCheckpoint>,
    pub(super) text: String,
}

/// Reads the file; `None` if there is none.
pub(super) fn read(file: &Path, pins: &Pins) -> std::io::Result<Option<Stopped>> {
    let text = match std::fs::read(file) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let held = text.split_once("has seen ").and_then(|(_, rest)| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    });
    // The note is the end of the text, from the line with the origin on.
    let shown = text.find(&format!("\n{}\n", pins.origin)).and_then(|at| {
        let note = text.get(at + 1..)?.trim_end().to_owned() + "\n";
        SignedCheckpoint::open(note.as_bytes(), &pins.log_key).ok()
    });
    Ok(Some(Stopped { held, shown, text }))
}
