//! Policies: one that is accepted is the same policy after it was written and read again.

#![no_main]

use ledger_core::policy::Policy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(policy) = Policy::parse(bytes) {
        assert_eq!(policy.to_string().parse(), Ok(policy));
    }
});
