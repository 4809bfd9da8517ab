//! Signed notes and the checkpoints in them: whatever is accepted is written back byte for byte.

#![no_main]

use ledger_core::checkpoint::Checkpoint;
use ledger_core::note::Note;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_bytes(), bytes);
        if let Ok(checkpoint) = note.text().parse::<Checkpoint>() {
            assert_eq!(checkpoint.to_string(), note.text());
        }
        let again = Note::new(note.text().to_owned(), note.signatures().to_vec());
        assert_eq!(again.ok().as_ref(), Some(&note));
    }
});
