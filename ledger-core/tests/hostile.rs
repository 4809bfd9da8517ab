//! Text from strangers: whatever is accepted after a change has one encoding, and nothing panics.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ledger_core::checkpoint::{Checkpoint, SignedCheckpoint};
use ledger_core::cosignature::{Cosigner, attach};
use ledger_core::hash::Hash;
use ledger_core::key::{SigningKey, VerifierKey};
use ledger_core::note::Note;
use ledger_core::policy::Policy;
use ledger_core::proof::Proof;
use proptest::prelude::*;

const LEAF: &[u8] = b"leaf";

fn log() -> SigningKey {
    SigningKey::from_seed("example.com/log", &[1; 32]).unwrap()
}

fn witness() -> Cosigner {
    Cosigner::from_seed("w.example", &[2; 32]).unwrap()
}

fn signed() -> SignedCheckpoint {
    let checkpoint = Checkpoint::new("example.com/log", 1, Hash::leaf(LEAF)).unwrap();
    let line = witness().cosign(&checkpoint, 1000).unwrap();
    attach(checkpoint.sign(&log()).unwrap(), witness().verifier(), line).unwrap()
}

fn proof() -> String {
    let proof = Proof::new(0, vec![], &signed()).unwrap();
    proof.with_extra(b"extra".to_vec()).unwrap().to_string()
}

fn policy() -> String {
    let (log, witness) = (log(), witness());
    format!(
        "log {}\nwitness W {}\ngroup G all W\nquorum G\n",
        log.verifier(),
        witness.verifier()
    )
}

/// Replaces, inserts or removes a few bytes.
fn changed(text: String) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        any::<u8>(),
        Just(b'\n'),
        Just(b' '),
        Just(b'='),
        Just(b'0'),
        Just(b'+')
    ];
    let change = (any::<prop::sample::Index>(), 0..3_u8, byte);
    prop::collection::vec(change, 1..4).prop_map(move |changes| {
        let mut bytes = text.clone().into_bytes();
        for (at, kind, byte) in changes {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn notes_and_checkpoints(bytes in changed(signed().note().to_string())) {
        if let Ok(note) = Note::parse(&bytes) {
            prop_assert_eq!(&note.to_bytes(), &bytes);
            if let Ok(checkpoint) = note.text().parse::<Checkpoint>() {
                prop_assert_eq!(checkpoint.to_string(), note.text());
            }
        }
        // What opens may have lost or changed the witness's line, but says the same.
        if let Ok(opened) = SignedCheckpoint::open(&bytes, log().verifier()) {
            prop_assert!(opened.checkpoint() == signed().checkpoint());
            prop_assert_eq!(opened.to_bytes(), bytes);
        }
    }

    #[test]
    fn proofs(bytes in changed(proof())) {
        if let Ok(proof) = Proof::parse(&bytes) {
            prop_assert_eq!(&proof.to_bytes(), &bytes);
            let policy: Policy = policy().parse().unwrap();
            if let Ok(verdict) = proof.verify_with(&Hash::leaf(LEAF), &policy) {
                prop_assert_eq!(proof.index(), 0);
                prop_assert!(verdict.checkpoint.checkpoint() == signed().checkpoint());
                prop_assert!(verdict.quorum_met);
            }
        }
    }

    #[test]
    fn policies(bytes in changed(policy())) {
        if let Ok(policy) = Policy::parse(&bytes) {
            prop_assert_eq!(Policy::parse(policy.to_string().as_bytes()), Ok(policy));
        }
    }

    #[test]
    fn verifier_keys(bytes in changed(log().verifier().to_string())) {
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(key) = text.parse::<VerifierKey>() {
            prop_assert_eq!(key.to_string(), text);
        }
    }
}
