//! Keys for signing and verifying notes. (密钥)
//!
//! The verification rule is the same for everybody: the public key is canonical, not of small order
//! and torsion-free, which is checked once, when a [`VerifierKey`] is made; each signature then passes
//! `verify_strict`. Knows nothing of whose key it is or what it may sign. Follows C2SP signed-note,
//! with Ed25519 as in RFC 8032.

use core::fmt;
use core::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::note::{SignatureLine, check_key_name};

mod windows;

/// What a key signs, and how: the byte that signed-note assigns. (签名算法)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Algorithm {
    /// Ed25519 over a note's text.
    Ed25519 = 0x01,
    /// Ed25519 over a checkpoint with a time, as witnesses cosign.
    CosignatureV1 = 0x04,
}

impl Algorithm {
    /// The byte that names it.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }
}

impl TryFrom<u8> for Algorithm {
    type Error = KeyError;

    fn try_from(found: u8) -> Result<Self, KeyError> {
        match found {
            0x01 => Ok(Self::Ed25519),
            0x04 => Ok(Self::CosignatureV1),
            _ => Err(KeyError::Algorithm { found }),
        }
    }
}

/// A key is not fit for use, or a signature is not true.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text has not the form of a verifier key.
    #[error(
        "验证密钥应为“名称+编号+base64”，实为 {found:?} (expected a verifier key: name+id+base64)"
    )]
    Text {
        /// The text, cut to a length that fits a message.
        found: String,
    },
    /// The name cannot be a key's.
    #[error(
        "密钥名不可为空，不可含空白或加号，实为 {found:?} (expected a key name without spaces and plus)"
    )]
    Name {
        /// The name, cut to a length that fits a message.
        found: String,
    },
    /// The algorithm is not known here.
    #[error(
        "签名算法应为 0x01 或 0x04，实为 {found:#04x} (expected algorithm 0x01 or 0x04, found {found:#04x})"
    )]
    Algorithm {
        /// Its byte.
        found: u8,
    },
    /// The key is for something else.
    #[error(
        "此密钥的算法应为 {expected:?}，实为 {found:?} (expected a key for {expected:?}, found one for {found:?})"
    )]
    Purpose {
        /// The algorithm that is needed.
        expected: Algorithm,
        /// The key's.
        found: Algorithm,
    },
    /// The key id does not follow from name and key.
    #[error("密钥编号应为 {expected}，实为 {found} (expected key id {expected}, found {found})")]
    Id {
        /// The id that follows, in hex.
        expected: String,
        /// The id that was given.
        found: String,
    },
    /// The public key is not a point of the curve.
    #[error("公钥不是曲线上的点 (the public key is not a point of the curve)")]
    NotAPoint,
    /// The public key is a second encoding of its point.
    #[error("公钥不是规范编码 (the public key is not canonically encoded)")]
    NotCanonical,
    /// The public key is a point of small order: it would accept signatures that nobody made.
    #[error("公钥为小阶点 (the public key is of small order)")]
    SmallOrder,
    /// The public key has a torsion component: verifiers could disagree about its signatures.
    #[error("公钥含扭分量 (the public key is not torsion-free)")]
    Torsion,
    /// The signature line is by another key.
    #[error(
        "签名行应出自 {expected}，实出自 {found} (expected a signature by {expected}, found one by {found})"
    )]
    OtherKey {
        /// Name and id of the key.
        expected: String,
        /// Name and id in the line.
        found: String,
    },
    /// The signature has the wrong length.
    #[error(
        "签名应为 {expected} 字节，实为 {found} (expected a signature of {expected} bytes, found {found})"
    )]
    Length {
        /// The length in bytes that the algorithm has.
        expected: usize,
        /// The length in bytes that was found.
        found: usize,
    },
    /// The signature is not this key's over this message.
    #[error("签名无效 (the signature is not valid)")]
    Signature,
}

/// A public key with its name, fit for use. (验证密钥)
///
/// Text form: `<name>+<id in hex>+<base64 of algorithm and key>`, as in signed-note.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("format" = "verifier-key")))]
pub struct VerifierKey {
    name: Box<str>,
    algorithm: Algorithm,
    id: [u8; 4],
    /// Holds the decompressed point, so that it is computed once.
    key: VerifyingKey,
}

impl VerifierKey {
    /// Enrols a public key, given in the encoding of RFC 8032.
    ///
    /// # Errors
    /// [`KeyError::Name`] for a name that no key can have; [`KeyError::NotAPoint`],
    /// [`KeyError::NotCanonical`], [`KeyError::SmallOrder`] or [`KeyError::Torsion`] for an unfit key.
    pub fn new(name: &str, algorithm: Algorithm, public: &[u8; 32]) -> Result<Self, KeyError> {
        check_name(name)?;
        let key = VerifyingKey::from_bytes(public).map_err(|_| KeyError::NotAPoint)?;
        let point = key.to_edwards();
        if point.compress().as_bytes() != public {
            return Err(KeyError::NotCanonical);
        }
        if point.is_small_order() {
            return Err(KeyError::SmallOrder);
        }
        if !point.is_torsion_free() {
            return Err(KeyError::Torsion);
        }
        Ok(Self::of_checked(name, algorithm, key))
    }

    /// For keys made from a seed, which are fit by construction.
    fn of_checked(name: &str, algorithm: Algorithm, key: VerifyingKey) -> Self {
        let hash = Sha256::new()
            .chain_update(name)
            .chain_update([b'\n', algorithm.byte()])
            .chain_update(key.as_bytes())
            .finalize();
        let id = [hash[0], hash[1], hash[2], hash[3]];
        let name = name.into();
        Self {
            name,
            algorithm,
            id,
            key,
        }
    }

    /// The key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the key signs, and how.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key's id: the first four bytes of a hash of name, algorithm and public key.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The public key in the encoding of RFC 8032.
    #[must_use]
    pub fn public_key(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Whether a line says, by name and id, that this key made it.
    #[must_use]
    pub fn is_named_by(&self, line: &SignatureLine) -> bool {
        line.name() == self.name() && line.key_id() == self.id
    }

    /// Verifies a bare Ed25519 signature over a message, by the one rule.
    ///
    /// # Errors
    /// [`KeyError::Length`] unless the signature has 64 bytes, [`KeyError::Signature`] if it is not true.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), KeyError> {
        let bytes: &[u8; 64] = signature.try_into().map_err(|_| KeyError::Length {
            expected: 64,
            found: signature.len(),
        })?;
        match windows::verify(&self.key, message, &Signature::from_bytes(bytes)) {
            true => Ok(()),
            false => Err(KeyError::Signature),
        }
    }

    /// Verifies a line below a note's text.
    ///
    /// # Errors
    /// [`KeyError::Purpose`] unless this is a key for note texts, [`KeyError::OtherKey`] if the line names
    /// another; otherwise as [`VerifierKey::verify`].
    pub fn verify_line(&self, text: &str, line: &SignatureLine) -> Result<(), KeyError> {
        self.expect(Algorithm::Ed25519, line)?;
        self.verify(text.as_bytes(), line.signature())
    }

    /// Checks that this key is for `expected` and that the line names it.
    pub(crate) fn expect(&self, expected: Algorithm, line: &SignatureLine) -> Result<(), KeyError> {
        self.check_purpose(expected)?;
        if !self.is_named_by(line) {
            return Err(KeyError::OtherKey {
                expected: format!("{}+{}", self.name, HEXLOWER.encode(&self.id)),
                found: format!("{}+{}", line.name(), HEXLOWER.encode(&line.key_id())),
            });
        }
        Ok(())
    }

    /// Checks that this key is for `expected`.
    pub(crate) fn check_purpose(&self, expected: Algorithm) -> Result<(), KeyError> {
        let found = self.algorithm;
        if found != expected {
            return Err(KeyError::Purpose { expected, found });
        }
        Ok(())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = HEXLOWER.encode(&self.id);
        let bytes = [&[self.algorithm.byte()], &self.public_key()[..]].concat();
        write!(f, "{}+{id}+{}", self.name, BASE64.encode(&bytes))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let error = || KeyError::Text { found: cut(text) };
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(found), Some(encoded)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(error());
        };
        check_name(name)?;
        let id: [u8; 4] = HEXLOWER
            .decode(found.as_bytes())
            .ok()
            .and_then(|id| id.try_into().ok())
            .ok_or_else(error)?;
        let bytes = BASE64.decode(encoded.as_bytes()).map_err(|_| error())?;
        let (algorithm, public) = bytes.split_first().ok_or_else(error)?;
        let algorithm = Algorithm::try_from(*algorithm)?;
        let key = Self::new(name, algorithm, public.try_into().map_err(|_| error())?)?;
        if key.id != id {
            return Err(KeyError::Id {
                expected: HEXLOWER.encode(&key.id),
                found: found.to_owned(),
            });
        }
        // The decoder also reads several padded encodings one after another.
        if key.to_string() != text {
            return Err(error());
        }
        Ok(key)
    }
}

impl From<VerifierKey> for String {
    fn from(key: VerifierKey) -> String {
        key.to_string()
    }
}

impl TryFrom<String> for VerifierKey {
    type Error = KeyError;
    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

/// A private key that signs the text of notes; wiped from memory when dropped. (签名密钥)
///
/// To cosign checkpoints there is [`crate::cosignature::Cosigner`].
pub struct SigningKey {
    key: ed25519_dalek::SigningKey,
    verifier: VerifierKey,
}

impl SigningKey {
    /// Makes the key that follows from a 32-byte seed, the private key of RFC 8032.
    ///
    /// # Errors
    /// [`KeyError::Name`] for a name that no key can have.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        Self::for_algorithm(name, Algorithm::Ed25519, seed)
    }

    pub(crate) fn for_algorithm(
        name: &str,
        algorithm: Algorithm,
        seed: &[u8; 32],
    ) -> Result<Self, KeyError> {
        check_name(name)?;
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let verifier = VerifierKey::of_checked(name, algorithm, key.verifying_key());
        Ok(Self { key, verifier })
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.verifier.name()
    }

    /// Signs a note's text, which should end in a newline to become a note.
    #[must_use]
    pub fn sign_note_text(&self, text: &str) -> SignatureLine {
        let signature = self.sign_bytes(text.as_bytes()).to_vec();
        SignatureLine::of_checked(self.name(), self.verifier.id, signature)
    }

    /// Signs the signature base of an HTTP request (RFC 9421). It begins with a quotation mark, as no
    /// note's text of this format does: neither signature can pass for the other.
    #[must_use]
    pub fn sign_request(&self, base: &str) -> [u8; 64] {
        self.sign_bytes(base.as_bytes())
    }

    pub(crate) fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.verifier)
    }
}

fn check_name(name: &str) -> Result<(), KeyError> {
    check_key_name(name).map_err(|_| KeyError::Name { found: cut(name) })
}

fn cut(text: &str) -> String {
    text.chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::Note;

    const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const NOTE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    #[test]
    fn a_key_has_one_text() {
        let key: VerifierKey = VKEY.parse().unwrap();
        let mut bytes = vec![key.algorithm() as u8];
        bytes.extend(key.public_key());
        // Twelve groups of which three are padded: 33 bytes as well.
        let padded: String = [&bytes[..2], &bytes[2..4], &bytes[4..6], &bytes[6..]]
            .map(|part| BASE64.encode(part))
            .concat();
        let text = format!("{}+{}+{padded}", key.name(), HEXLOWER.encode(&key.id()));
        assert!(matches!(
            text.parse::<VerifierKey>(),
            Err(KeyError::Text { .. })
        ));
    }

    #[test]
    fn the_example_of_signed_note_verifies() {
        let key: VerifierKey = VKEY.parse().unwrap();
        assert_eq!(key.to_string(), VKEY);
        assert_eq!(
            (key.name(), key.algorithm()),
            ("example.com/foo", Algorithm::Ed25519)
        );
        let note = Note::parse(NOTE.as_bytes()).unwrap();
        let line = &note.signatures()[0];
        assert!(key.is_named_by(line));
        assert_eq!(key.verify_line(note.text(), line), Ok(()));
        assert_eq!(
            key.verify_line("This is another message.\n", line),
            Err(KeyError::Signature)
        );
        let other =
            VerifierKey::new("example.com/bar", Algorithm::Ed25519, key.public_key()).unwrap();
        assert!(matches!(
            other.verify_line(note.text(), line),
            Err(KeyError::OtherKey { .. })
        ));
        let cosigner =
            VerifierKey::new(key.name(), Algorithm::CosignatureV1, key.public_key()).unwrap();
        assert_ne!(cosigner.id(), key.id());
        assert!(matches!(
            cosigner.verify_line(note.text(), line),
            Err(KeyError::Purpose { .. })
        ));
        assert_eq!(serde_json::to_value(&key).unwrap(), serde_json::json!(VKEY));
        assert_eq!(
            serde_json::from_value::<VerifierKey>(VKEY.into()).unwrap(),
            key
        );
    }

    #[test]
    fn what_is_not_a_verifier_key_is_refused() {
        let text = |text: String| matches!(text.parse::<VerifierKey>(), Err(KeyError::Text { .. }));
        assert!(text(String::new()));
        assert!(text(VKEY.replace("530d903a", "530D903A")));
        assert!(text(VKEY.replace("530d903a", "530d903")));
        assert!(text(VKEY.replace('+', " ")));
        assert!(text(format!("{VKEY}=")));
        assert!(text(VKEY[..VKEY.len() - 4].to_owned()));
        assert!(text("a+00000000+".to_owned()));
        let parse = |text: &str| text.parse::<VerifierKey>().unwrap_err();
        assert!(matches!(
            parse(&VKEY.replace("530d903a", "530d903b")),
            KeyError::Id { .. }
        ));
        assert!(matches!(
            parse(&VKEY.replace("com/foo", "com/fo o")),
            KeyError::Name { .. }
        ));
        assert!(matches!(
            parse(&VKEY.replace("+Ae", "+Be")),
            KeyError::Algorithm { found: 0x05 }
        ));
    }

    #[test]
    fn what_is_signed_verifies() {
        let key = SigningKey::from_seed("a.example/b", &[7; 32]).unwrap();
        let line = key.sign_note_text("text\n");
        assert_eq!(key.verifier().verify_line("text\n", &line), Ok(()));
        assert_eq!(
            key.verifier().to_string().parse().as_ref(),
            Ok(key.verifier())
        );
        assert!(!format!("{key:?}").contains(&HEXLOWER.encode(&[7; 32])));
        assert_eq!(
            key.verifier().verify(b"text\n", &line.signature()[1..]),
            Err(KeyError::Length {
                expected: 64,
                found: 63
            })
        );
        assert!(SigningKey::from_seed("a b", &[7; 32]).is_err());
    }
}
