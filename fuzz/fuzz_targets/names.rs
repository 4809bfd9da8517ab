//! Names: whatever is accepted is written back byte for byte.

#![no_main]

use core::fmt::Display;
use core::str::FromStr;

use ledger_core::hash::{Digest, Hash};
use ledger_core::key::VerifierKey;
use ledger_core::name::{ConcernId, Label, MemberId, Origin, StreamId, TransactionId};
use ledger_core::note::SignatureLine;
use libfuzzer_sys::fuzz_target;

fn round_trip<T: FromStr + Display>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string(), text);
    }
}

fuzz_target!(|text: &str| {
    round_trip::<Origin>(text);
    round_trip::<MemberId>(text);
    round_trip::<TransactionId>(text);
    round_trip::<ConcernId>(text);
    round_trip::<Label>(text);
    round_trip::<StreamId>(text);
    round_trip::<Hash>(text);
    round_trip::<Digest>(text);
    round_trip::<VerifierKey>(text);
    round_trip::<SignatureLine>(text);
    if let Some(hash) = Hash::from_base64(text) {
        assert_eq!(hash.to_base64(), text);
    }
});
