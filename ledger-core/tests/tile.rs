//! Tiles: their paths, their contents, and an outsider's reader that believes only a root.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::hash::Hash;
use ledger_core::tile::{
    MAX_ENTRY_BYTES, Tile, TileError, TileLevel, TileReadError, TileReader, TileSource,
    encode_bundle, encode_hashes, parse_bundle, parse_hashes, tiles_between, tiles_of,
};
use ledger_core::tree::{
    Frontier, HashReader, MAX_SIZE, TreeError, prove_consistency, prove_inclusion, root,
    verify_consistency, verify_inclusion,
};
use proptest::prelude::*;

#[test]
fn paths_have_one_form() {
    for (path, level, index, width) in [
        ("tile/0/000", TileLevel::Hashes(0), 0, 256),
        (
            "tile/0/x001/x234/067.p/8",
            TileLevel::Hashes(0),
            1_234_067,
            8,
        ),
        ("tile/63/999.p/255", TileLevel::Hashes(63), 999, 255),
        ("tile/entries/x001/000", TileLevel::Entries, 1000, 256),
        (
            "tile/1/x036/x028/x797/x018/x963/967",
            TileLevel::Hashes(1),
            MAX_SIZE >> 8,
            256,
        ),
    ] {
        let tile = Tile::new(level, index, width).unwrap();
        assert_eq!(tile.to_string(), path);
        assert_eq!(path.parse(), Ok(tile));
    }
    for bad in [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/0/x1/000",
        "tile/0/x001/+00",
        "tile/00/000",
        "tile/+1/000",
        "tile/-1/000",
        "tile/64/000",
        "tile/256/000",
        "tile/Entries/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/08",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/8/",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/000.p/8.p/8",
        "tile/0/x036/x028/x797/x018/x963/968",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
    ] {
        let found = bad.to_owned();
        assert_eq!(bad.parse::<Tile>(), Err(TileError::Path { found }));
    }
    assert!(Tile::new(TileLevel::Hashes(64), 0, 1).is_err());
    assert!(Tile::new(TileLevel::Entries, 0, 0).is_err());
    assert!(Tile::new(TileLevel::Entries, 0, 257).is_err());
    assert!(Tile::new(TileLevel::Entries, MAX_SIZE, 1).is_err());
}

#[test]
fn a_tree_has_the_tiles_of_the_specification() {
    assert_eq!(tiles_of(0).count(), 0);
    let all: Vec<Tile> = tiles_of(70_000).collect();
    let of = |level, partial| {
        let at = move |tile: &&Tile| tile.level() == level && tile.is_partial() == partial;
        all.iter()
            .filter(at)
            .map(Tile::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(of(TileLevel::Hashes(0), false).len(), 273);
    assert_eq!(of(TileLevel::Hashes(0), true), ["tile/0/273.p/112"]);
    assert_eq!(of(TileLevel::Hashes(1), false), ["tile/1/000"]);
    assert_eq!(of(TileLevel::Hashes(1), true), ["tile/1/001.p/17"]);
    assert_eq!(of(TileLevel::Hashes(2), true), ["tile/2/000.p/1"]);
    assert_eq!(of(TileLevel::Entries, true), ["tile/entries/273.p/112"]);
    assert_eq!(all.len(), 2 * 274 + 2 + 1);
    let paths: Vec<_> = tiles_of(256).map(|tile| tile.to_string()).collect();
    assert_eq!(paths, ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
}

proptest! {
    #[test]
    fn what_is_between_two_sizes_is_what_one_lacks(a in 0..70_000_u64, b in 0..70_000_u64) {
        let (old, new) = (a.min(b), a.max(b));
        let before: BTreeSet<Tile> = tiles_of(old).collect();
        let after: BTreeSet<Tile> = tiles_of(new).collect();
        let between: Vec<Tile> = tiles_between(old, new).collect();
        prop_assert_eq!(between.len(), after.difference(&before).count());
        prop_assert!(between.iter().all(|tile| after.contains(tile) && !before.contains(tile)));
        prop_assert_eq!(tiles_between(new, old).count(), 0);
    }

    #[test]
    fn bundles_read_back(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..256)) {
        let bundle = encode_bundle(&entries).unwrap();
        prop_assert_eq!(parse_bundle(&bundle).unwrap(), entries);
    }

    #[test]
    fn what_is_read_as_a_bundle_has_one_encoding(bytes: Vec<u8>) {
        if let Ok(entries) = parse_bundle(&bytes) {
            prop_assert_eq!(encode_bundle(&entries).unwrap(), bytes);
        }
    }

    #[test]
    fn what_is_read_as_a_path_has_one_form(path in "tile/([0-9]{1,2}|entries)(/x?[0-9]{3}){1,3}(\\.p/[0-9]{1,3})?") {
        if let Ok(tile) = path.parse::<Tile>() {
            prop_assert_eq!(tile.to_string(), path);
        }
    }
}

#[test]
fn broken_contents_are_refused() {
    assert_eq!(encode_bundle(&[&b"ab"[..], b""]).unwrap(), b"\0\x02ab\0\0");
    assert_eq!(parse_bundle(b""), Err(TileError::Width { found: 0 }));
    assert_eq!(parse_bundle(b"\0\x02ab\0"), Err(TileError::Torn { at: 4 }));
    assert_eq!(
        parse_bundle(b"\0\x02ab\0\x01"),
        Err(TileError::Torn { at: 4 })
    );
    assert_eq!(
        parse_bundle(&[0; 514]),
        Err(TileError::Width { found: 257 })
    );
    assert_eq!(parse_bundle(&[0; 512]).unwrap().len(), 256);
    let long = vec![0; MAX_ENTRY_BYTES + 1];
    assert_eq!(
        encode_bundle(&[&long[1..]]).unwrap().len(),
        MAX_ENTRY_BYTES + 2
    );
    assert_eq!(
        encode_bundle(&[&long]),
        Err(TileError::Entry { found: 65_536 })
    );
    assert_eq!(
        encode_bundle(&[[]; 257]),
        Err(TileError::Width { found: 257 })
    );
    assert_eq!(parse_hashes(&[0; 63]), Err(TileError::Torn { at: 32 }));
    assert_eq!(parse_hashes(&[]), Err(TileError::Width { found: 0 }));
    assert_eq!(
        parse_hashes(&[0; 257 * 32]),
        Err(TileError::Width { found: 257 })
    );
    let hashes = vec![Hash::leaf(b"a"), Hash::leaf(b"b")];
    assert_eq!(parse_hashes(&encode_hashes(&hashes).unwrap()), Ok(hashes));
    assert!(encode_hashes(&[]).is_err());
}

/// A log's files in memory.
#[derive(Clone)]
struct Files(BTreeMap<String, Vec<u8>>);

impl TileSource for Files {
    type Error = String;

    fn fetch(&self, tile: &Tile) -> Result<Vec<u8>, String> {
        let path = tile.to_string();
        let file = self
            .0
            .get(&path)
            .or_else(|| self.0.get(&tile.full().to_string()));
        file.cloned().ok_or(path)
    }
}

fn entry(index: usize) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

fn files(size: usize) -> (Files, Hash) {
    let (mut frontier, mut levels) = (Frontier::new(), vec![Vec::new(); 8]);
    for index in 0..size {
        for (level, hash) in frontier.push(Hash::leaf(&entry(index))) {
            levels[usize::from(level)].push(hash);
        }
    }
    let file = |tile: Tile| {
        let first = usize::try_from(tile.first()).unwrap();
        let range = first..first + usize::from(tile.width());
        let bytes = match tile.level() {
            TileLevel::Entries => encode_bundle(&range.map(entry).collect::<Vec<_>>()),
            TileLevel::Hashes(level) => encode_hashes(&levels[usize::from(level)][range]),
        };
        (tile.to_string(), bytes.unwrap())
    };
    (
        Files(tiles_of(size as u64).map(file).collect()),
        frontier.root(),
    )
}

#[test]
fn an_outsider_reads_entries_and_proofs() {
    for size in [0, 1, 255, 256, 257, 600, 65_536, 66_000] {
        let (files, head) = files(size);
        let n = size as u64;
        let reader = TileReader::new(&files, n, &head).unwrap();
        assert_eq!((reader.size(), root(&reader, n)), (n, Ok(head)));
        for index in [0, size / 2, size.saturating_sub(1)] {
            if index < size {
                let (bundle, place) = (index / 256, index % 256);
                assert_eq!(reader.entries(bundle as u64).unwrap()[place], entry(index));
                let proof = prove_inclusion(&reader, index as u64, n).unwrap();
                let leaf = Hash::leaf(&entry(index));
                assert_eq!(
                    verify_inclusion(index as u64, n, &leaf, &head, &proof),
                    Ok(())
                );
                let old = index as u64 + 1;
                let proof = prove_consistency(&reader, old, n).unwrap();
                let old_root = root(&reader, old).unwrap();
                assert_eq!(verify_consistency(old, n, &old_root, &head, &proof), Ok(()));
            }
        }
        let bundles = n.div_ceil(256);
        assert!(matches!(
            reader.entries(bundles),
            Err(TileReadError::OutOfTree { .. })
        ));
        assert!(matches!(
            root(&reader, n + 1),
            Err(TreeError::Read(TileReadError::OutOfTree { .. }))
        ));
        assert!(reader.read_hashes(9, 0, 1).is_err());
        assert!(reader.read_hashes(0, u64::MAX, 1).is_err());
        assert!(reader.entries(u64::MAX).is_err());
    }
}

#[test]
fn any_flipped_bit_is_noticed() {
    let (files, head) = files(66_000);
    let all = |files: &Files| {
        let reader = TileReader::new(files, 66_000, &head).map_err(|error| format!("{error:?}"))?;
        for bundle in [0, 128, 256, 257] {
            reader
                .entries(bundle)
                .map_err(|error| format!("{error:?}"))?;
        }
        Ok::<(), String>(())
    };
    assert_eq!(all(&files), Ok(()));
    for path in [
        "tile/entries/000",
        "tile/entries/257.p/208",
        "tile/0/000",
        "tile/0/128",
        "tile/0/257.p/208",
        "tile/1/000",
        "tile/1/001.p/1",
        "tile/2/000.p/1",
    ] {
        let length = files.0[path].len();
        for place in [0, length / 2, length - 1] {
            let mut damaged = files.clone();
            damaged.0.get_mut(path).unwrap()[place] ^= 0x10;
            assert!(all(&damaged).is_err(), "{path} at {place}");
        }
        let mut damaged = files.clone();
        damaged.0.get_mut(path).unwrap().pop();
        assert!(all(&damaged).is_err(), "{path} cut");
        damaged.0.remove(path);
        assert!(all(&damaged).is_err(), "{path} missing");
    }
}

#[test]
fn a_full_tile_stands_in_for_a_partial_one() {
    let (grown, _) = files(512);
    let (small, head) = files(300);
    let mut served = grown;
    served.0.retain(|path, _| !path.contains(".p/"));
    served.0.extend(
        small
            .0
            .into_iter()
            .filter(|(path, _)| path.starts_with("tile/1/")),
    );
    let reader = TileReader::new(&served, 300, &head).unwrap();
    assert_eq!(reader.entries(1).unwrap().len(), 44);
    let narrow: Vec<u8> = served.0["tile/0/001"][..32 * 43].to_vec();
    served.0.insert("tile/0/001.p/44".into(), narrow);
    let refused = TileReader::new(&served, 300, &head).map(drop);
    assert!(matches!(
        refused,
        Err(TileReadError::Width { found: 43, .. })
    ));
    assert!(matches!(
        TileReader::new(&served, u64::MAX, &head).map(drop),
        Err(TileReadError::OutOfTree { .. })
    ));
}
