//! Free text: what is found lies in the text, says no more than it must, and is gone once it is cut out;
//! masking twice is masking once.

#![no_main]

use ledger_core::privacy::{Field, Found, mask_name, name_in, number_in};
use libfuzzer_sys::fuzz_target;

fn without(text: &str, found: Found) -> String {
    let before = text.chars().take(found.start);
    let after = text.chars().skip(found.end);
    // What stood on both sides must not join.
    before.chain(['，']).chain(after).collect()
}

fuzz_target!(|text: &str| {
    let masked = mask_name(text);
    assert_eq!(mask_name(&masked), masked);
    for search in [number_in, name_in] {
        let (mut left, mut rounds) = (text.to_owned(), 0);
        while let Some(found) = search(&left) {
            assert!(found.start < found.end && found.end <= left.chars().count());
            left = without(&left, found);
            rounds += 1;
            assert!(rounds <= text.chars().count());
        }
    }
    for field in [Field::Free, Field::Serial, Field::Party, Field::CreditCode] {
        let found = field.search(text);
        assert!(found.is_none() || field != Field::CreditCode);
    }
});
