//! Key files: sealed here and opened by OpenSSL, and the other way round.

#![cfg(feature = "keyfile")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking and says why it was skipped"
)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use ledger_core::key::{Algorithm, SigningKey, VerifierKey};
use ledger_core::keyfile::{KeyFileError, generate_seed, open, open_for, seal};

const SEED: [u8; 32] = *b"0123456789abcdef0123456789abcdef";
const PASSPHRASE: &str = "correct horse 电池 staple";

/// Runs `openssl` with this input; `None` if it is not installed, which CI does not allow.
fn openssl(arguments: &[&str], input: &str) -> Option<Result<String, String>> {
    let child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) if std::env::var("CI").is_ok_and(|ci| ci == "true") => {
            panic!("openssl is needed in CI: {error}")
        }
        Err(error) => {
            eprintln!("skipped: no openssl here ({error})");
            return None;
        }
    };
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Some(match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(text(output.stderr)),
    })
}

fn pass() -> String {
    format!("pass:{PASSPHRASE}")
}

#[test]
fn what_is_sealed_opens_with_the_passphrase_alone() {
    let pem = seal(&SEED, PASSPHRASE).unwrap();
    assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    assert!(pem.ends_with("-----END ENCRYPTED PRIVATE KEY-----\n"));
    assert_eq!(*open(&pem, PASSPHRASE).unwrap(), SEED);
    assert_eq!(*open(&pem.replace('\n', "\r\n"), PASSPHRASE).unwrap(), SEED);
    for wrong in ["", "correct horse 电池 stapl", "correct horse 电池 staple "] {
        assert_eq!(open(&pem, wrong), Err(KeyFileError::Passphrase));
    }
    assert_ne!(
        seal(&SEED, PASSPHRASE).unwrap(),
        pem,
        "salt and IV are new each time"
    );
    assert_eq!(seal(&SEED, ""), Err(KeyFileError::Empty));
    assert_ne!(generate_seed().unwrap(), generate_seed().unwrap());
}

#[test]
fn another_key_in_the_file_is_noticed() {
    let pem = seal(&SEED, PASSPHRASE).unwrap();
    let key = SigningKey::from_seed("a.example/b", &SEED).unwrap();
    assert_eq!(*open_for(&pem, PASSPHRASE, key.verifier()).unwrap(), SEED);
    let witness = VerifierKey::new("w", Algorithm::CosignatureV1, key.verifier().public_key());
    assert_eq!(
        *open_for(&pem, PASSPHRASE, &witness.unwrap()).unwrap(),
        SEED
    );
    let other = SigningKey::from_seed("a.example/b", &[1; 32]).unwrap();
    let refused = open_for(&pem, PASSPHRASE, other.verifier());
    assert!(matches!(refused, Err(KeyFileError::OtherKey { .. })));
}

#[test]
fn openssl_opens_what_is_sealed_here() {
    let pem = seal(&SEED, PASSPHRASE).unwrap();
    let Some(text) = openssl(&["pkey", "-passin", &pass(), "-noout", "-text"], &pem) else {
        return;
    };
    let text: String = text.unwrap().split_whitespace().collect();
    assert!(
        text.starts_with("ED25519Private-Key:priv:30:31:32:33:"),
        "{text}"
    );
    let public = *SigningKey::from_seed("a", &SEED)
        .unwrap()
        .verifier()
        .public_key();
    let public: Vec<_> = public.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(
        text.ends_with(&format!("pub:{}", public.join(":"))),
        "{text}"
    );
    assert!(
        openssl(&["pkey", "-passin", "pass:wrong", "-noout"], &pem)
            .unwrap()
            .is_err()
    );
}

#[test]
fn what_openssl_seals_opens_here() {
    let Some(plain) = openssl(&["genpkey", "-algorithm", "ed25519"], "") else {
        return;
    };
    let plain = plain.unwrap();
    let refused = open(&plain, PASSPHRASE);
    let found = "PRIVATE KEY".to_owned();
    assert_eq!(refused, Err(KeyFileError::Label { found }));

    let pass = pass();
    let pkcs8 = |more: &[&str], input: &str| {
        let arguments = [&["pkcs8", "-topk8", "-passout", &pass][..], more].concat();
        openssl(&arguments, input).unwrap().unwrap()
    };
    let sealed = pkcs8(&["-scrypt", "-v2", "aes-256-cbc"], &plain);
    let seed = open(&sealed, PASSPHRASE).unwrap();
    assert_eq!(open(&sealed, "wrong"), Err(KeyFileError::Passphrase));
    // The same key again, through our own file and back.
    let ours = seal(&seed, PASSPHRASE).unwrap();
    let back = openssl(&["pkey", "-passin", &pass], &ours)
        .unwrap()
        .unwrap();
    assert_eq!(back, plain);

    let costlier = pkcs8(
        &[
            "-scrypt",
            "-scrypt_N",
            "1024",
            "-scrypt_r",
            "4",
            "-scrypt_p",
            "3",
            "-v2",
            "aes-256-cbc",
        ],
        &plain,
    );
    assert_eq!(open(&costlier, PASSPHRASE).unwrap(), seed);
    for other in [
        &["-v2", "aes-256-cbc"][..],
        &["-scrypt", "-v2", "aes-128-cbc"],
        &["-v1", "PBE-SHA1-3DES"],
    ] {
        let refused = open(&pkcs8(other, &plain), PASSPHRASE);
        assert!(
            matches!(refused, Err(KeyFileError::Encryption { .. })),
            "{other:?}: {refused:?}"
        );
    }
    let curve = openssl(&["genpkey", "-algorithm", "x25519"], "")
        .unwrap()
        .unwrap();
    let refused = open(
        &pkcs8(&["-scrypt", "-v2", "aes-256-cbc"], &curve),
        PASSPHRASE,
    );
    let found = "1.3.101.110".to_owned();
    assert_eq!(refused, Err(KeyFileError::NotEd25519 { found }));
}

/// The file's DER, and a PEM file of other DER.
fn der(pem: &str) -> Vec<u8> {
    let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    data_encoding::BASE64.decode(lines.as_bytes()).unwrap()
}

fn pem(der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(|line| str::from_utf8(line).unwrap())
        .collect();
    let label = "ENCRYPTED PRIVATE KEY";
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

#[test]
fn damage_is_told_from_a_wrong_passphrase_where_it_can_be() {
    let sealed = seal(&SEED, PASSPHRASE).unwrap();
    let whole = der(&sealed);
    assert_eq!(pem(&whole), sealed);
    for text in [
        "",
        "text",
        &sealed[1..],
        &sealed[..sealed.len() - 30],
        &sealed.replace("\nM", "\n*"),
    ] {
        assert!(
            matches!(open(text, PASSPHRASE), Err(KeyFileError::Pem { .. })),
            "{text}"
        );
    }
    // The encrypted part is the last 64 bytes; what is cut or missing before it needs no passphrase.
    for cut in [0, 1, 20, whole.len() - 64, whole.len() - 1] {
        let refused = open(&pem(&whole[..cut]), PASSPHRASE);
        assert!(
            matches!(
                refused,
                Err(KeyFileError::Damaged { .. } | KeyFileError::Pem { .. })
            ),
            "{cut}: {refused:?}"
        );
    }
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        open(&pem(&bytes), PASSPHRASE)
    };
    assert_eq!(flipped(whole.len() - 1), Err(KeyFileError::Passphrase));
    assert_eq!(flipped(whole.len() - 64), Err(KeyFileError::Passphrase));
    // A flip between them changes the key: only a look at the public key shows it.
    let key = SigningKey::from_seed("a", &SEED).unwrap();
    let mut bytes = whole.clone();
    bytes[whole.len() - 40] ^= 1;
    assert_ne!(*open(&pem(&bytes), PASSPHRASE).unwrap(), SEED);
    let refused = open_for(&pem(&bytes), PASSPHRASE, key.verifier());
    assert!(matches!(refused, Err(KeyFileError::OtherKey { .. })));
}

#[test]
fn a_file_cannot_demand_endless_work() {
    let whole = der(&seal(&SEED, PASSPHRASE).unwrap());
    // N = 2^14 is written as INTEGER 02 02 40 00, then r = 8 and p = 5.
    let n = whole
        .windows(10)
        .position(|window| window == [2, 2, 0x40, 0, 2, 1, 8, 2, 1, 5])
        .unwrap();
    let with = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[n + at] = byte;
        open(&pem(&bytes), PASSPHRASE)
    };
    // A negative number, an N that is no power of two, too long an r, none at all.
    assert!(matches!(with(2, 0x80), Err(KeyFileError::Damaged { .. })));
    assert!(matches!(with(3, 1), Err(KeyFileError::Damaged { .. })));
    assert_eq!(
        with(6, 0),
        Err(KeyFileError::Cost {
            n: 1 << 14,
            r: 0,
            p: 5
        })
    );
    assert_eq!(
        with(9, 0),
        Err(KeyFileError::Cost {
            n: 1 << 14,
            r: 8,
            p: 0
        })
    );
    // N = 2^22 takes a byte more, here and in the lengths of all that contains it.
    let mut bytes = whole.clone();
    bytes.splice(n..n + 4, [2, 3, 0x40, 0, 0]);
    let mut at = 0;
    while at < n {
        match bytes[at] {
            0x30 if bytes[at + 1] == 0x81 => (bytes[at + 2], at) = (bytes[at + 2] + 1, at + 3),
            0x30 => (bytes[at + 1], at) = (bytes[at + 1] + 1, at + 2),
            _ => at += 2 + usize::from(bytes[at + 1]),
        }
    }
    assert_eq!(
        open(&pem(&bytes), PASSPHRASE),
        Err(KeyFileError::Cost {
            n: 1 << 22,
            r: 8,
            p: 5
        })
    );
}
