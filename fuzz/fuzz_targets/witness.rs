//! Requests to a witness: whatever is accepted is written back byte for byte, and no bytes get past a
//! key that did not sign. A witness's answers are read, too.

#![no_main]

use ledger_core::checkpoint::Checkpoint;
use ledger_core::hash::Hash;
use ledger_core::key::VerifierKey;
use ledger_core::witness::{AddCheckpoint, Cosigned, read_answer, read_held_size};
use libfuzzer_sys::fuzz_target;

const LOG: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const WITNESS: &str =
    "witness.example.com/w1+9ed3c472+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

fuzz_target!(|bytes: &[u8]| {
    let (Ok(log), Ok(witness)) = (LOG.parse::<VerifierKey>(), WITNESS.parse::<VerifierKey>())
    else {
        panic!("the keys are well formed");
    };
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_bytes(), bytes);
        assert!(request.authenticate(&[log]).is_err(), "nobody has this key");
    }
    if let Some(size) = read_held_size(bytes) {
        assert_eq!(format!("{size}\n").as_bytes(), bytes);
    }
    if let Ok(checkpoint) = Checkpoint::new("example.com/foo", 1, Hash::ZERO) {
        assert!(read_answer(bytes, &witness, &checkpoint).is_err());
    }
    assert!(Cosigned::reread(bytes, &witness).is_err());
});
