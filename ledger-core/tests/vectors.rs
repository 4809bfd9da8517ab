//! Published test vectors, with their sources and licences in `tests/vectors`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use data_encoding::BASE64;
use ledger_core::hash::{Digest, Hash};
use ledger_core::tree::{verify_consistency, verify_inclusion};
use serde::Deserialize;

#[derive(Deserialize)]
struct TreeCases {
    inclusion: Vec<Inclusion>,
    consistency: Vec<Consistency>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inclusion {
    name: String,
    leaf_idx: u64,
    tree_size: u64,
    root: String,
    leaf_hash: String,
    proof: Vec<String>,
    want_err: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Consistency {
    name: String,
    size1: u64,
    size2: u64,
    root1: String,
    root2: String,
    proof: Vec<String>,
    want_err: bool,
}

/// A hash as the cases write it; see the README there. `None` is a wrong length.
fn hash(text: &str) -> Option<Hash> {
    let bytes = BASE64.decode(text.as_bytes()).unwrap();
    match bytes.len() {
        0 => None,
        32 => Hash::from_base64(text),
        _ => Some(Hash::from_bytes(*Digest::of(&bytes).as_bytes())),
    }
}

fn hashes(texts: &[String]) -> Option<Vec<Hash>> {
    texts.iter().map(|text| hash(text)).collect()
}

fn accepts_inclusion(case: &Inclusion) -> Option<bool> {
    let (leaf, root, proof) = (
        hash(&case.leaf_hash)?,
        hash(&case.root)?,
        hashes(&case.proof)?,
    );
    Some(verify_inclusion(case.leaf_idx, case.tree_size, &leaf, &root, &proof).is_ok())
}

fn accepts_consistency(case: &Consistency) -> Option<bool> {
    let (old, new, proof) = (hash(&case.root1)?, hash(&case.root2)?, hashes(&case.proof)?);
    Some(verify_consistency(case.size1, case.size2, &old, &new, &proof).is_ok())
}

#[test]
fn rfc6962_proof_cases() {
    let cases: TreeCases =
        serde_json::from_str(include_str!("vectors/rfc6962/cases.json")).unwrap();
    assert_eq!((cases.inclusion.len(), cases.consistency.len()), (98, 98));
    let mut parsed = 0;
    for case in &cases.inclusion {
        let verdict = accepts_inclusion(case);
        parsed += usize::from(verdict.is_some());
        assert_eq!(verdict.unwrap_or(false), !case.want_err, "{}", case.name);
    }
    for case in &cases.consistency {
        let verdict = accepts_consistency(case);
        parsed += usize::from(verdict.is_some());
        assert_eq!(verdict.unwrap_or(false), !case.want_err, "{}", case.name);
    }
    assert_eq!(
        parsed, 167,
        "cases without a wrong length, which reach the verifier"
    );
}
