//! Requests to a witness: whatever is accepted is written back byte for byte, and no bytes get past a
//! key that did not sign. A witness's answers are read, too.

#![no_main]

use std::sync::LazyLock;

use ledger_core::checkpoint::Checkpoint;
use ledger_core::hash::Hash;
use ledger_core::key::VerifierKey;
use ledger_core::witness::{AddCheckpoint, Cosigned, read_answer, read_held_size};
use libfuzzer_sys::fuzz_target;

const LOG: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const WITNESS: &str =
    "witness.example.com/w1+9ed3c472+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

/// Enrolled once: that takes longer than reading a request.
static KEYS: LazyLock<[VerifierKey; 2]> = LazyLock::new(|| {
    [LOG, WITNESS].map(|text| match text.parse() {
        Ok(key) => key,
        Err(error) => panic!("{text}: {error}"),
    })
});

fuzz_target!(|bytes: &[u8]| {
    let [log, witness] = &*KEYS;
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_bytes(), bytes);
        assert!(
            request.authenticate(std::slice::from_ref(log)).is_err(),
            "nobody has this key"
        );
    }
    if let Some(size) = read_held_size(bytes) {
        assert_eq!(format!("{size}\n").as_bytes(), bytes);
    }
    if let Ok(checkpoint) = Checkpoint::new("example.com/foo", 1, Hash::ZERO) {
        assert!(read_answer(bytes, witness, &checkpoint).is_err());
    }
    assert!(Cosigned::reread(bytes, witness).is_err());
});
