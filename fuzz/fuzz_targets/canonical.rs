//! Canonical JSON: the bytes that are accepted are the bytes that are written.

#![no_main]

use ledger_core::canonical;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = canonical::from_slice::<Value>(bytes) {
        assert_eq!(canonical::to_vec(&value).ok().as_deref(), Some(bytes));
    }
});
