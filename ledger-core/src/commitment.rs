//! Commitments to private documents: what the log holds of a document that not everybody may read.
//!
//! ```text
//! commitment = SHA-256( "sanzi/private-document/v1" ‖ 0x0A ‖ salt ‖ SHA-256(document) )
//! ```
//!
//! Twenty-five bytes of ASCII and a newline, 32 bytes of salt, 32 bytes of digest: 90 in all, each part of
//! fixed length, so that no two pairs of salt and document give the same bytes. They begin with a letter,
//! as no leaf (0x00), no node (0x01), no canonical JSON (`{`) and no entry (a digit) does, so that nothing
//! else that is hashed here can pass for one.
//!
//! The document goes in by its digest and not whole: a reader who was shown salt and digest can check
//! which file it is without the file, and a large document is hashed once, whatever its salts. It *binds*,
//! for SHA-256 has no known collisions, and it *hides*, for nobody guesses 32 random bytes; when salt and
//! document are erased, even somebody who guesses the document cannot tell. Every reference has a salt of
//! its own, so that the same document named twice is not seen to be the same.
//!
//! Reads no randomness: the salt comes from the caller, who must draw it anew from the operating system
//! for each reference.

use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::hash::{Commitment, Digest};

/// What is hashed first, so that nothing else can pass for a commitment.
const DOMAIN: &[u8] = b"sanzi/private-document/v1\n";

/// The 32 random bytes that hide a private document; as secret as the document. (盐)
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Salt([u8; 32]);

impl Salt {
    /// How many bytes it has.
    pub const LENGTH: usize = 32;

    /// Takes 32 bytes that were drawn at random for this one reference.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for keeping them beside the document.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl core::fmt::Debug for Salt {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Salt(…)")
    }
}

/// Salt or document are not those that were committed to. (承诺不符)
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "与承诺不符：应为 {expected}，由盐和文件算得 {found}；文件或盐不是当初那一份 (the commitment is {expected}, salt and document give {found}: one of them is not the original)"
)]
pub struct CommitmentError {
    /// The commitment in the log.
    pub expected: Commitment,
    /// What salt and document give.
    pub found: Commitment,
}

impl Commitment {
    /// Commits to a document.
    #[must_use]
    pub fn to(salt: &Salt, document: &[u8]) -> Self {
        Self::to_digest(salt, &Digest::of(document))
    }

    /// Commits to the document that has this digest.
    #[must_use]
    pub fn to_digest(salt: &Salt, digest: &Digest) -> Self {
        let hash = Sha256::new()
            .chain_update(DOMAIN)
            .chain_update(salt.0)
            .chain_update(digest.as_bytes())
            .finalize();
        Self::from_bytes(hash.into())
    }

    /// Opens the commitment: checks that it was made to this document with this salt.
    ///
    /// # Errors
    /// [`CommitmentError`] if it was not.
    pub fn open(&self, salt: &Salt, document: &[u8]) -> Result<(), CommitmentError> {
        let found = Self::to(salt, document);
        if found == *self {
            return Ok(());
        }
        Err(CommitmentError {
            expected: *self,
            found,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn salt(byte: u8) -> Salt {
        Salt::from_bytes([byte; 32])
    }

    #[test]
    fn only_its_own_salt_and_document_open_it() {
        let commitment = Commitment::to(&salt(1), b"document");
        assert_eq!(commitment.open(&salt(1), b"document"), Ok(()));
        for (other, document) in [
            (salt(2), &b"document"[..]),
            (salt(1), b"documenu"),
            (salt(1), b""),
        ] {
            let found = Commitment::to(&other, document);
            let expected = commitment;
            assert_eq!(
                commitment.open(&other, document),
                Err(CommitmentError { expected, found })
            );
        }
        assert_ne!(commitment.as_bytes(), Digest::of(b"document").as_bytes());
        let text = format!("{:?}", salt(0x5a));
        assert!(!text.contains("5a") && !text.contains("90"), "{text}");
    }
}
