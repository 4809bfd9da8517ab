//! Entries: whatever is accepted is written back byte for byte.

#![no_main]

use ledger_core::event::{LoggedEntry, entry_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entry) = LoggedEntry::parse(bytes) {
        assert_eq!(entry_bytes(entry.received_at, &entry.signed), bytes);
    }
});
