//! Published test vectors, with their sources and licences in `tests/vectors`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use data_encoding::{BASE64, HEXLOWER};
use ledger_core::hash::{Digest, Hash};
use ledger_core::key::{Algorithm, KeyError, VerifierKey};
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wycheproof {
    test_groups: Vec<WycheproofGroup>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WycheproofGroup {
    public_key: WycheproofKey,
    tests: Vec<WycheproofTest>,
}

#[derive(Deserialize)]
struct WycheproofKey {
    pk: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WycheproofTest {
    tc_id: u32,
    msg: String,
    sig: String,
    result: String,
}

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

/// Enrols the key and verifies, as anybody who uses the library does.
fn verdict(public: &str, message: &str, signature: &str) -> Result<(), KeyError> {
    let public: [u8; 32] = hex(public).try_into().unwrap();
    VerifierKey::new("vector", Algorithm::Ed25519, &public)?.verify(&hex(message), &hex(signature))
}

#[test]
fn wycheproof_signatures() {
    let cases: Wycheproof =
        serde_json::from_str(include_str!("vectors/ed25519/wycheproof.json")).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in &cases.test_groups {
        for test in &group.tests {
            let found = verdict(&group.public_key.pk, &test.msg, &test.sig);
            match test.result.as_str() {
                "valid" => {
                    valid += 1;
                    assert_eq!(found, Ok(()), "{}", test.tc_id);
                }
                "invalid" => {
                    invalid += 1;
                    // The keys themselves are fit: it is the signature that is refused.
                    let expected =
                        matches!(found, Err(KeyError::Signature | KeyError::Length { .. }));
                    assert!(expected, "{}: {found:?}", test.tc_id);
                }
                other => panic!("{other}"),
            }
        }
    }
    assert_eq!((valid, invalid), (88, 63));
}

#[derive(Deserialize)]
struct Speccheck {
    message: String,
    pub_key: String,
    signature: String,
}

#[test]
fn speccheck_edge_cases() {
    let cases: Vec<Speccheck> =
        serde_json::from_str(include_str!("vectors/ed25519/speccheck.json")).unwrap();
    let expected = [
        KeyError::SmallOrder,
        KeyError::SmallOrder,
        KeyError::Torsion,
        KeyError::Torsion,
        KeyError::Torsion,
        KeyError::Torsion,
        KeyError::Signature, // S is not below the group's order
        KeyError::Signature, // likewise, by more
        KeyError::Torsion,
        KeyError::Torsion,
        KeyError::NotCanonical,
        KeyError::NotCanonical,
    ];
    assert_eq!(cases.len(), expected.len());
    for (number, (case, expected)) in cases.iter().zip(expected).enumerate() {
        let found = verdict(&case.pub_key, &case.message, &case.signature);
        assert_eq!(found, Err(expected), "case {number}");

        // Without the rule for keys, the strict verifier accepts case 3 alone.
        let public: [u8; 32] = hex(&case.pub_key).try_into().unwrap();
        let signature: [u8; 64] = hex(&case.signature).try_into().unwrap();
        let strict = ed25519_dalek::VerifyingKey::from_bytes(&public)
            .unwrap()
            .verify_strict(&hex(&case.message), &signature.into());
        assert_eq!(strict.is_ok(), number == 3, "case {number}");
    }
}
