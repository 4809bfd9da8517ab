//! Proofs: whatever is accepted is written back byte for byte, and proves nothing of another leaf.

#![no_main]

use ledger_core::hash::Hash;
use ledger_core::policy::Policy;
use ledger_core::proof::Proof;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(proof) = Proof::parse(bytes) {
        assert_eq!(proof.to_bytes(), bytes);
        assert!(proof.verify_with(&Hash::ZERO, &Policy::default()).is_err());
    }
});
