//! Charters: one that is accepted is the same charter after it was written and read again.

#![no_main]

use ledger_core::charter::Charter;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(charter) = Charter::parse(text) {
        let json = serde_json::to_string(&charter).unwrap_or_default();
        assert_eq!(Charter::parse(&json), Ok(charter));
    }
});
