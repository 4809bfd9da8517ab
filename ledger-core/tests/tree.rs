//! The Merkle tree against RFC 6962's own recursive definitions, and at its limits.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::LazyLock;

use proptest::prelude::*;

use ledger_core::hash::Hash;
use ledger_core::tree::{
    Frontier, HashReader, MAX_SIZE, Prover, TreeError, parse_size, prove_consistency,
    prove_inclusion, root, verify_consistency, verify_inclusion,
};

struct Stored(Vec<Vec<Hash>>);

impl HashReader for Stored {
    type Error = String;

    fn read_hashes(&self, level: u8, start: u64, count: usize) -> Result<Vec<Hash>, String> {
        let from = usize::try_from(start).unwrap();
        let hashes = self.0.get(usize::from(level));
        let hashes = hashes.and_then(|hashes| hashes.get(from..from + count));
        Ok(hashes.ok_or(format!("{level} {start} {count}"))?.to_vec())
    }
}

fn leaf(index: usize) -> Hash {
    Hash::leaf(&index.to_be_bytes())
}

fn leaves(size: usize) -> Vec<Hash> {
    (0..size).map(leaf).collect()
}

fn stored(leaves: &[Hash]) -> (Stored, Frontier) {
    let (mut levels, mut frontier) = (vec![Vec::new(); 8], Frontier::new());
    for leaf in leaves {
        for (level, hash) in frontier.push(*leaf) {
            levels[usize::from(level)].push(hash);
        }
    }
    (Stored(levels), frontier)
}

const SIZE: usize = 1100;
static STORED: LazyLock<Stored> = LazyLock::new(|| stored(&leaves(SIZE)).0);

/// MTH, PATH and SUBPROOF of RFC 6962, as their definitions say it.
fn naive_root(d: &[Hash]) -> Hash {
    match d.len() {
        0 => Hash::empty_root(),
        1 => d[0],
        n => {
            let (left, right) = d.split_at(naive_split(n));
            Hash::node(&naive_root(left), &naive_root(right))
        }
    }
}

fn naive_split(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

fn naive_path(m: usize, d: &[Hash]) -> Vec<Hash> {
    if d.len() == 1 {
        return Vec::new();
    }
    let k = naive_split(d.len());
    if m < k {
        [naive_path(m, &d[..k]), vec![naive_root(&d[k..])]].concat()
    } else {
        [naive_path(m - k, &d[k..]), vec![naive_root(&d[..k])]].concat()
    }
}

fn naive_subproof(m: usize, d: &[Hash], whole: bool) -> Vec<Hash> {
    if m == d.len() {
        return if whole { vec![] } else { vec![naive_root(d)] };
    }
    let k = naive_split(d.len());
    if m <= k {
        let rest = naive_subproof(m, &d[..k], whole);
        [rest, vec![naive_root(&d[k..])]].concat()
    } else {
        let rest = naive_subproof(m - k, &d[k..], false);
        [rest, vec![naive_root(&d[..k])]].concat()
    }
}

fn sizes() -> impl Strategy<Value = (usize, usize)> {
    (1..=SIZE).prop_flat_map(|new| (1..=new, Just(new)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn agrees_with_the_definition((old, new) in sizes(), flip in any::<prop::sample::Index>()) {
        let d = leaves(new);
        let (m, n, index) = (old as u64, new as u64, old as u64 - 1);
        let (old_root, new_root) = (naive_root(&d[..old]), naive_root(&d));
        prop_assert_eq!(root(&*STORED, n), Ok(new_root));
        let loaded = Frontier::load(&*STORED, n).unwrap();
        prop_assert_eq!(&loaded, &stored(&d).1);
        prop_assert_eq!(loaded.root(), new_root);

        let mut path = prove_inclusion(&*STORED, index, n).unwrap();
        prop_assert_eq!(&path, &naive_path(old - 1, &d));
        prop_assert_eq!(verify_inclusion(index, n, &d[old - 1], &new_root, &path), Ok(()));
        let mut proof = prove_consistency(&*STORED, m, n).unwrap();
        prop_assert_eq!(&proof, &naive_subproof(old, &d, true));
        prop_assert_eq!(verify_consistency(m, n, &old_root, &new_root, &proof), Ok(()));

        for damaged in [&mut path, &mut proof] {
            if !damaged.is_empty() {
                let at = flip.index(damaged.len());
                damaged[at] = Hash::leaf(b"other");
            }
        }
        if new > 1 {
            prop_assert!(verify_inclusion(index, n, &d[old - 1], &new_root, &path).is_err());
        }
        if old < new {
            prop_assert!(verify_consistency(m, n, &old_root, &new_root, &proof).is_err());
        }
    }

    #[test]
    fn verification_never_panics(a: u64, b: u64, hashes in prop::collection::vec(any::<[u8; 32]>(), 0..70)) {
        let hashes: Vec<_> = hashes.into_iter().map(Hash::from_bytes).collect();
        let other = Hash::empty_root();
        prop_assert!(verify_inclusion(a, b, &other, &other, &hashes).is_err());
        prop_assert!(a == b || verify_consistency(a, b, &other, &other, &hashes).is_err());
    }
}

#[test]
fn one_prover_for_many_proves_each_as_the_definition_does() {
    for size in [1, 2, 7, 64, 255, 256, 257, 300] {
        let leaves = leaves(size);
        let mut prover = Prover::new(&*STORED, size as u64).unwrap();
        // Also those that came before, and one twice.
        for index in (0..size).rev().chain([size / 2]) {
            let found = prover.prove_inclusion(index as u64);
            assert_eq!(found, Ok(naive_path(index, &leaves)), "{index} of {size}");
        }
        let size = size as u64;
        let outside = prover.prove_inclusion(size);
        assert_eq!(outside, Err(TreeError::Index { index: size, size }));
    }
    assert!(matches!(
        Prover::new(&*STORED, MAX_SIZE + 1),
        Err(TreeError::Size { .. })
    ));
}

#[test]
fn stored_levels_are_those_of_tlog_tiles() {
    let d = leaves(70_000);
    let (stored, frontier) = stored(&d);
    let lengths: Vec<_> = stored.0.iter().map(Vec::len).collect();
    assert_eq!(lengths, [70_000, 273, 1, 0, 0, 0, 0, 0]);
    assert_eq!(stored.0[1][7], naive_root(&d[7 * 256..8 * 256]));
    assert_eq!(stored.0[2][0], naive_root(&d[..65_536]));
    assert_eq!(frontier.size(), 70_000);
    assert_eq!(frontier.root(), naive_root(&d));
    assert_eq!(Frontier::load(&stored, 70_000), Ok(frontier));
}

#[test]
fn what_is_out_of_range_is_refused() {
    let reader = &*STORED;
    assert_eq!(root(reader, 0), Ok(Hash::empty_root()));
    assert_eq!(prove_consistency(reader, 0, 5), Ok(vec![]));
    assert_eq!(
        prove_inclusion(reader, 5, 5),
        Err(TreeError::Index { index: 5, size: 5 })
    );
    assert_eq!(
        prove_consistency(reader, 6, 5),
        Err(TreeError::Order { old: 6, new: 5 })
    );
    assert!(matches!(
        root(reader, SIZE as u64 + 1),
        Err(TreeError::Read(_))
    ));
    assert_eq!(
        Frontier::load(reader, u64::MAX),
        Err(TreeError::Size { found: u64::MAX })
    );
}

#[test]
fn a_reader_that_returns_too_few_is_caught() {
    struct Short;
    impl HashReader for Short {
        type Error = std::convert::Infallible;
        fn read_hashes(&self, _: u8, _: u64, count: usize) -> Result<Vec<Hash>, Self::Error> {
            Ok(vec![Hash::ZERO; count - 1])
        }
    }
    let expected = TreeError::Count {
        level: 0,
        start: 0,
        expected: 4,
        found: 3,
    };
    assert_eq!(root(&Short, 4), Err(expected));
}

#[test]
fn sizes_have_one_decimal_form() {
    assert_eq!(parse_size("0"), Some(0));
    assert_eq!(parse_size("20852163"), Some(20_852_163));
    assert_eq!(parse_size("9223372036854775807"), Some(MAX_SIZE));
    for bad in [
        "",
        "00",
        "01",
        "+1",
        "-0",
        " 1",
        "1 ",
        "0x1",
        "1_0",
        "９",
        "9223372036854775808",
        "18446744073709551616",
    ] {
        assert_eq!(parse_size(bad), None, "{bad}");
    }
}
