//! SHA-256 in its three uses here: RFC 6962 leaves, RFC 6962 nodes, and digests of documents.
//!
//! Knows nothing of trees or entries. Follows RFC 6962, section 2.1, for the two prefixes.

use core::fmt;
use core::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The text was not the 64 lower-case hexadecimal digits of a SHA-256 value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 64 lower-case hexadecimal digits (64 位小写十六进制), found {found:?}")]
pub struct HashError {
    /// The text that was found, cut to a length that fits a message.
    pub found: String,
}

fn parse_hex(text: &str) -> Result<[u8; 32], HashError> {
    let error = || HashError {
        found: text.chars().take(80).collect(),
    };
    let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| error())?;
    bytes.try_into().map_err(|_| error())
}

macro_rules! sha256_value {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[cfg_attr(feature = "schema", schemars(extend("pattern" = "^[0-9a-f]{64}$")))]
        pub struct $name([u8; 32]);

        impl $name {
            /// Takes 32 bytes that are already a SHA-256 value.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&HEXLOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = HashError;
            fn from_str(text: &str) -> Result<Self, HashError> {
                parse_hex(text).map(Self)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = HashError;
            fn try_from(text: String) -> Result<Self, HashError> {
                text.parse()
            }
        }
    };
}

sha256_value! {
    /// A hash in the log's Merkle tree: of a leaf, or of a node. (树哈希)
    ///
    /// Text form: 64 lower-case hexadecimal digits.
    Hash
}

sha256_value! {
    /// The plain SHA-256 of a document or a disclosure. (文件摘要)
    ///
    /// Text form: 64 lower-case hexadecimal digits.
    Digest
}

sha256_value! {
    /// A salted commitment to a private document. (不公开材料的承诺)
    ///
    /// It is opened by salt and document together, and says nothing once both are erased. How it is
    /// made: [`crate::commitment`].
    ///
    /// Text form: 64 lower-case hexadecimal digits.
    Commitment
}

/// The digest of a document that comes in parts. (分段摘要)
#[derive(Debug, Clone, Default)]
pub struct DigestBuilder(Sha256);

impl DigestBuilder {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all that it was given.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl Hash {
    /// Sixty-four zeros: the `prev` of entry 0.
    pub const ZERO: Self = Self([0; 32]);

    /// The leaf hash of an entry: SHA-256(0x00 ‖ entry).
    #[must_use]
    pub fn leaf(entry: &[u8]) -> Self {
        Self(
            Sha256::new()
                .chain_update([0x00])
                .chain_update(entry)
                .finalize()
                .into(),
        )
    }

    /// The hash of a node: SHA-256(0x01 ‖ left ‖ right).
    #[must_use]
    pub fn node(left: &Self, right: &Self) -> Self {
        Self(
            Sha256::new()
                .chain_update([0x01])
                .chain_update(left.0)
                .chain_update(right.0)
                .finalize()
                .into(),
        )
    }

    /// The root of the empty tree: SHA-256 of nothing.
    #[must_use]
    pub fn empty_root() -> Self {
        Self(Sha256::digest([]).into())
    }

    /// Standard base64 with padding, as checkpoints and proofs write hashes.
    #[must_use]
    pub fn to_base64(&self) -> String {
        BASE64.encode(&self.0)
    }

    /// Reads standard base64 with padding; `None` unless it is the one encoding of 32 bytes.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        let bytes = BASE64.decode(text.as_bytes()).ok()?;
        let hash = Self(bytes.try_into().ok()?);
        // The decoder also reads several padded encodings one after another.
        (hash.to_base64() == text).then_some(hash)
    }
}

impl Digest {
    /// SHA-256 of the document's bytes.
    #[must_use]
    pub fn of(document: &[u8]) -> Self {
        Self(Sha256::digest(document).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_lower_case_and_exact() {
        let hash = Hash::leaf(b"");
        assert_eq!(
            hash.to_string(),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert!(hash.to_string().to_uppercase().parse::<Hash>().is_err());
        assert!(hash.to_string()[1..].parse::<Hash>().is_err());
    }

    #[test]
    fn base64_is_the_one_encoding() {
        let hash = Hash::leaf(b"");
        let text = hash.to_base64();
        assert_eq!(Hash::from_base64(&text), Some(hash));
        for bad in [
            text.trim_end_matches('=').to_owned(),
            format!("{text}="),
            format!("AAA={}", &text[..40]),
            format!("{}AAA=", &text[..39].replace('=', "A")),
            text.replace('=', "\n"),
        ] {
            assert_eq!(Hash::from_base64(&bad), None, "{bad}");
        }
    }
}
