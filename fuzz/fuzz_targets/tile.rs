//! Tiles: paths, bundles and hashes that are accepted are written back byte for byte.

#![no_main]

use ledger_core::tile::{Tile, encode_bundle, encode_hashes, parse_bundle, parse_hashes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(tile) = core::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.parse::<Tile>().ok())
    {
        assert_eq!(tile.to_string().as_bytes(), bytes);
    }
    if let Ok(entries) = parse_bundle(bytes) {
        assert_eq!(encode_bundle(&entries).ok().as_deref(), Some(bytes));
    }
    if let Ok(hashes) = parse_hashes(bytes) {
        assert_eq!(encode_hashes(&hashes).ok().as_deref(), Some(bytes));
    }
});
