//! Trust policies: their text, and what they make of checkpoints.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use ledger_core::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use ledger_core::cosignature::{Cosigner, attach};
use ledger_core::hash::Hash;
use ledger_core::key::{KeyError, SigningKey};
use ledger_core::policy::{Policy, PolicyError};

const ORIGIN: &str = "sanzi.example.org/donglang";

fn log(seed: u8) -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[seed; 32]).unwrap()
}

fn witness(number: u8) -> Cosigner {
    Cosigner::from_seed(&format!("w{number}.example"), &[100 + number; 32]).unwrap()
}

/// Defines the witnesses W1 to W6, after a line for the log.
fn witnesses() -> String {
    let mut text = format!(
        "log {} https://sanzi.example.org/donglang/\n",
        log(1).verifier()
    );
    for number in 1..=6 {
        text += &format!("witness W{number} {}\n", witness(number).verifier());
    }
    text
}

fn policy(rest: &str) -> Policy {
    format!("{}{rest}", witnesses()).parse().unwrap()
}

fn refused(rest: &str) -> PolicyError {
    format!("{}{rest}", witnesses())
        .parse::<Policy>()
        .unwrap_err()
}

fn checkpoint(key: &SigningKey, cosigners: &[u8]) -> SignedCheckpoint {
    let checkpoint = Checkpoint::new(ORIGIN, 7, Hash::ZERO).unwrap();
    let mut signed = checkpoint.sign(key).unwrap();
    for number in cosigners {
        let key = witness(*number);
        let line = key.cosign(&checkpoint, 1000 + u64::from(*number)).unwrap();
        signed = attach(signed, key.verifier(), line).unwrap();
    }
    signed
}

const NESTED: &str =
    "group X 2 W1 W2 W3\ngroup Y any W4 W5\ngroup X-and-Y all X Y\nquorum X-and-Y\n";

#[test]
fn the_text_reads_back() {
    let nested = policy(NESTED);
    assert_eq!(nested.to_string(), format!("{}{NESTED}", witnesses()));
    assert_eq!(nested.to_string().parse().as_ref(), Ok(&nested));
    assert_eq!(
        nested.logs()[0].url(),
        Some("https://sanzi.example.org/donglang/")
    );
    assert_eq!(nested.logs()[0].key(), log(1).verifier());
    assert_eq!(
        (nested.witnesses().len(), nested.quorum()),
        (6, Some("X-and-Y"))
    );
    assert_eq!(nested.witnesses()[0].name(), "W1");
    assert_eq!(nested.witnesses()[0].url(), None);

    let loose = "\n  # 注释\n\t group X\t2 W1  W2 W3 \ngroup Y 1 W4 W5\ngroup X-and-Y 2 X Y\n \t \nquorum  X-and-Y\n";
    assert_eq!(policy(loose), nested);
    let mut opaque = nested.to_string().into_bytes();
    opaque.extend_from_slice(b" # \xff\xfe\n");
    assert_eq!(Policy::parse(&opaque).as_ref(), Ok(&nested));
    assert_eq!("quorum none\n".parse(), Ok(Policy::default()));
    assert_eq!(
        policy("group 街道 all W1\nquorum 街道\n").quorum(),
        Some("街道")
    );
    let json = serde_json::to_string(&nested).unwrap();
    assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), nested);
}

#[test]
fn each_broken_line_is_named() {
    let line = |rest: &str| matches!(refused(rest), PolicyError::Line { line: 8, .. });
    for rest in [
        "quorum",
        "quorum none",
        "quorum W1 W2\n",
        "quorum\n",
        "group X all\n",
        "group X\n",
        "log\n",
        "witness W7\n",
        "unknown W1\n",
        "quorum W1\r\n",
        "quorum W1\x7f\n",
        "quorum W1\0\n",
        "Quorum W1\n",
        "quorum W1 # why\n",
    ] {
        assert!(line(rest), "{rest:?}: {:?}", refused(rest));
    }
    assert!(matches!(
        Policy::parse(b"quorum \xff\n"),
        Err(PolicyError::Line { line: 1, .. })
    ));
    assert_eq!("".parse::<Policy>(), Err(PolicyError::NoQuorum));
    assert_eq!(
        Policy::parse(&vec![b'\n'; 1_000_001]),
        Err(PolicyError::Bytes { found: 1_000_001 })
    );

    let undefined = |found: &str| PolicyError::Undefined {
        line: 8,
        found: found.into(),
    };
    assert_eq!(refused("quorum W7\n"), undefined("W7"));
    assert_eq!(refused("group X all W1 W7\n"), undefined("W7"));
    assert_eq!(refused("group X all X\n"), undefined("X"));
    assert_eq!(refused("group X all none\n"), undefined("none"));

    let twice = |line, found: &str| PolicyError::Twice {
        line,
        found: found.into(),
    };
    assert_eq!(refused("group W1 all W2\n"), twice(8, "W1"));
    assert_eq!(refused("group none all W2\n"), twice(8, "none"));
    assert_eq!(refused("group X all W1 W1\n"), twice(8, "W1"));
    assert_eq!(
        refused("group X all W1\ngroup Y all X W1\n"),
        twice(9, "W1")
    );
    assert_eq!(refused("quorum W1\nquorum none\n"), twice(9, "quorum"));

    for found in ["0", "3", "01", "+1", "-1", "ALL", "18446744073709551617"] {
        let rest = format!("group X {found} W1 W2\n");
        let found = found.to_owned();
        assert_eq!(
            refused(&rest),
            PolicyError::Threshold {
                line: 8,
                members: 2,
                found
            }
        );
    }
}

#[test]
fn keys_are_of_the_right_kind_and_differ() {
    let key = |rest: String| match refused(&rest) {
        PolicyError::Key { line: 8, problem } => problem,
        other => panic!("{other:?}"),
    };
    let as_log = format!("log {}\n", witness(7).verifier());
    assert!(matches!(key(as_log), KeyError::Purpose { .. }));
    let as_witness = format!("witness W7 {}\n", log(7).verifier());
    assert!(matches!(key(as_witness), KeyError::Purpose { .. }));
    assert!(matches!(
        key("log example.com\n".into()),
        KeyError::Text { .. }
    ));
    // A key is the same under another name.
    let renamed = Cosigner::from_seed("other.example", &[101; 32]).unwrap();
    let again = refused(&format!("witness W7 {}\n", renamed.verifier()));
    assert!(matches!(again, PolicyError::Twice { line: 8, .. }));
    let renamed = SigningKey::from_seed("other.example", &[1; 32]).unwrap();
    let again = refused(&format!("log {}\n", renamed.verifier()));
    assert!(matches!(again, PolicyError::Twice { line: 8, .. }));
}

#[test]
fn the_quorum_decides() {
    let nested = policy(NESTED);
    for (cosigners, met) in [
        (&[][..], false),
        (&[1, 2], false),
        (&[4, 5], false),
        (&[1, 4], false),
        (&[1, 6, 4], false),
        (&[1, 3, 5], true),
        (&[1, 2, 3, 4, 5, 6], true),
    ] {
        let bytes = checkpoint(&log(1), cosigners).to_bytes();
        let verdict = nested.check(&bytes).unwrap();
        assert_eq!(&verdict.log, log(1).verifier());
        assert_eq!(verdict.quorum_met, met, "{cosigners:?}");
        let names: Vec<_> = verdict.cosigned.iter().map(|c| c.witness.clone()).collect();
        let mut sorted = cosigners.to_vec();
        sorted.sort_unstable();
        assert_eq!(
            names,
            sorted.iter().map(|n| format!("W{n}")).collect::<Vec<_>>()
        );
        let times = verdict.cosigned.iter().map(|c| c.time_seconds);
        assert!(times.eq(sorted.iter().map(|n| 1000 + u64::from(*n))));
        match verdict.accept() {
            Ok(signed) => assert!(met && signed.to_bytes() == bytes),
            Err(error) => assert!(!met && matches!(error, PolicyError::Quorum { .. })),
        }
    }
    let bytes = checkpoint(&log(1), &[]).to_bytes();
    assert!(
        policy("quorum none\n")
            .check(&bytes)
            .unwrap()
            .accept()
            .is_ok()
    );
    assert!(
        policy("quorum W1\n")
            .check(&bytes)
            .unwrap()
            .accept()
            .is_err()
    );
    assert!(nested.is_met_by(["W1", "W2", "W4"]));
    assert!(
        !nested.is_met_by(["X", "Y", "X-and-Y"]),
        "a group is not a witness"
    );
}

#[test]
fn strangers_are_ignored_and_forgers_are_not() {
    let nested = policy(NESTED);
    let stranger = checkpoint(&log(1), &[9]).to_bytes();
    assert_eq!(nested.check(&stranger).unwrap().cosigned, []);

    let other_log = checkpoint(&log(2), &[1, 2, 4]).to_bytes();
    let found = ORIGIN.to_owned();
    assert_eq!(
        nested.check(&other_log),
        Err(PolicyError::UnknownLog { found })
    );
    // A policy that names logs is of those; one that names none is of any.
    let found = ORIGIN.to_owned();
    assert_eq!(
        nested.check_log(&other_log, log(2).verifier()),
        Err(PolicyError::UnknownLog { found })
    );
    let (_, without_log) = witnesses()
        .split_once('\n')
        .map(|(l, rest)| (l.to_owned(), rest.to_owned()))
        .unwrap();
    let any: Policy = format!("{without_log}{NESTED}").parse().unwrap();
    let verdict = any.check_log(&other_log, log(2).verifier()).unwrap();
    assert!(verdict.quorum_met);

    let text = String::from_utf8(checkpoint(&log(1), &[1, 2, 4]).to_bytes()).unwrap();
    let moved = text.replace("\n7\n", "\n8\n");
    assert_eq!(
        nested.check(moved.as_bytes()),
        Err(PolicyError::Checkpoint(CheckpointError::Signature(
            KeyError::Signature
        )))
    );
    // A true checkpoint with a witness's line from another one.
    let other = Checkpoint::new(ORIGIN, 8, Hash::ZERO).unwrap();
    let line = witness(2).cosign(&other, 1002).unwrap();
    let note = checkpoint(&log(1), &[1])
        .note()
        .clone()
        .with_signature(line)
        .unwrap();
    let refused = nested.check(&note.to_bytes()).unwrap_err();
    assert!(matches!(refused, PolicyError::Cosignature { witness, .. } if witness == "W2"));
}
