//! Cosignatures: a witness's word that a log, as it saw it, only ever grew. (见证签名)
//!
//! Makes and verifies them; what a witness must have checked before is the witness's affair, and how
//! many are needed is for [`crate::policy`]. Follows C2SP tlog-cosignature, the Ed25519 form.

use core::fmt;

use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::key::{Algorithm, KeyError, SigningKey, VerifierKey};
use crate::note::{NoteError, SignatureLine};

/// The latest time a cosignature may carry, in seconds since 1970: 2^63 − 1.
pub const MAX_TIME_SECONDS: u64 = (1 << 63) - 1;

/// A line is not a true cosignature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CosignatureError {
    /// The line has the wrong length.
    #[error(
        "见证签名应为 {expected} 字节，实为 {found} (expected a cosignature of {expected} bytes, found {found})"
    )]
    Length {
        /// The length in bytes of time and signature.
        expected: usize,
        /// The length in bytes that was found.
        found: usize,
    },
    /// The time is beyond what the format allows.
    #[error("见证时间超出范围，实为 {found} (expected a time of 1 to 2^63 − 1, found {found})")]
    Time {
        /// The time in seconds.
        found: u64,
    },
    /// The key is not a witness's, is another one, or did not make the line.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The line does not fit below the checkpoint.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// A witness's private key; wiped from memory when dropped. (见证密钥)
///
/// It signs nothing but checkpoints, and no other key signs what it signs.
pub struct Cosigner(SigningKey);

impl Cosigner {
    /// Makes the key that follows from a 32-byte seed, the private key of RFC 8032.
    ///
    /// # Errors
    /// [`KeyError::Name`] for a name that no key can have.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        SigningKey::for_algorithm(name, Algorithm::CosignatureV1, seed).map(Self)
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        self.0.verifier()
    }

    /// Cosigns a checkpoint as of a time, in seconds since 1970.
    ///
    /// # Errors
    /// [`CosignatureError::Time`] unless the time is 1 to [`MAX_TIME_SECONDS`].
    pub fn cosign(
        &self,
        checkpoint: &Checkpoint,
        time_seconds: u64,
    ) -> Result<SignatureLine, CosignatureError> {
        check_time(time_seconds)?;
        let signature = self
            .0
            .sign_bytes(message(checkpoint, time_seconds).as_bytes());
        let bytes = [&time_seconds.to_be_bytes()[..], &signature].concat();
        let key = self.verifier();
        Ok(SignatureLine::of_checked(key.name(), key.id(), bytes))
    }
}

impl fmt::Debug for Cosigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cosigner({})", self.verifier())
    }
}

/// Verifies a witness's line below a checkpoint and returns its time, in seconds since 1970.
///
/// # Errors
/// [`CosignatureError::Key`] if the key is not for cosignatures, is not named by the line, or did not make
/// it; [`CosignatureError::Length`] or [`CosignatureError::Time`] if the line has not its form.
///
/// Source: C2SP tlog-cosignature.
pub fn verify(
    witness: &VerifierKey,
    checkpoint: &Checkpoint,
    line: &SignatureLine,
) -> Result<u64, CosignatureError> {
    witness.expect(Algorithm::CosignatureV1, line)?;
    let bytes = line.signature();
    let length = || CosignatureError::Length {
        expected: 72,
        found: bytes.len(),
    };
    let (time, signature) = bytes.split_first_chunk().ok_or_else(length)?;
    if signature.len() != 64 {
        return Err(length());
    }
    let time_seconds = u64::from_be_bytes(*time);
    check_time(time_seconds)?;
    witness.verify(message(checkpoint, time_seconds).as_bytes(), signature)?;
    Ok(time_seconds)
}

/// Puts a witness's line below a signed checkpoint, in the place of an older one by the same witness.
///
/// # Errors
/// As [`verify`]; [`CosignatureError::Note`] if the note would become too large.
pub fn attach(
    signed: SignedCheckpoint,
    witness: &VerifierKey,
    line: SignatureLine,
) -> Result<SignedCheckpoint, CosignatureError> {
    verify(witness, signed.checkpoint(), &line)?;
    Ok(signed.with_line(line)?)
}

fn message(checkpoint: &Checkpoint, time_seconds: u64) -> String {
    format!("cosignature/v1\ntime {time_seconds}\n{checkpoint}")
}

fn check_time(found: u64) -> Result<(), CosignatureError> {
    if (1..=MAX_TIME_SECONDS).contains(&found) {
        return Ok(());
    }
    Err(CosignatureError::Time { found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;

    const TIME: u64 = 1_679_315_147;

    fn witness(seed: u8) -> Cosigner {
        Cosigner::from_seed("witness.example/w1", &[seed; 32]).unwrap()
    }

    fn checkpoint(size: u64) -> Checkpoint {
        Checkpoint::new("example.com/behind-the-sofa", size, Hash::ZERO).unwrap()
    }

    #[test]
    fn the_message_is_the_specified_one() {
        let text =
            "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let checkpoint: Checkpoint = text.parse().unwrap();
        assert_eq!(
            message(&checkpoint, TIME),
            format!("cosignature/v1\ntime 1679315147\n{text}")
        );
        let more: Checkpoint = format!("{text}more\n").parse().unwrap();
        assert!(message(&more, TIME).ends_with("\nmore\n"));
    }

    #[test]
    fn what_is_cosigned_verifies() {
        let line = witness(1).cosign(&checkpoint(5), TIME).unwrap();
        assert_eq!(line.signature().len(), 72);
        assert_eq!(
            verify(witness(1).verifier(), &checkpoint(5), &line),
            Ok(TIME)
        );
        assert_eq!(
            verify(witness(1).verifier(), &checkpoint(6), &line),
            Err(CosignatureError::Key(KeyError::Signature))
        );
        assert!(matches!(
            verify(witness(2).verifier(), &checkpoint(5), &line),
            Err(CosignatureError::Key(KeyError::OtherKey { .. }))
        ));
        let log = SigningKey::from_seed("witness.example/w1", &[1; 32]).unwrap();
        assert!(matches!(
            verify(log.verifier(), &checkpoint(5), &line),
            Err(CosignatureError::Key(KeyError::Purpose { .. }))
        ));
    }

    #[test]
    fn a_changed_time_or_length_is_refused() {
        let key = witness(1);
        let line = key.cosign(&checkpoint(5), TIME).unwrap();
        let changed = |change: fn(&mut Vec<u8>)| {
            let mut bytes = line.signature().to_vec();
            change(&mut bytes);
            let line = SignatureLine::new(line.name(), line.key_id(), bytes).unwrap();
            verify(key.verifier(), &checkpoint(5), &line).unwrap_err()
        };
        assert_eq!(
            changed(|bytes| bytes[7] ^= 1),
            CosignatureError::Key(KeyError::Signature)
        );
        assert!(matches!(
            changed(|bytes| bytes[0] = 0x80),
            CosignatureError::Time { .. }
        ));
        assert_eq!(
            changed(|bytes| bytes[..8].fill(0)),
            CosignatureError::Time { found: 0 }
        );
        assert_eq!(
            changed(|bytes| bytes.truncate(71)),
            CosignatureError::Length {
                expected: 72,
                found: 71
            }
        );
        assert_eq!(
            changed(|bytes| bytes.truncate(4)),
            CosignatureError::Length {
                expected: 72,
                found: 4
            }
        );
        assert!(key.cosign(&checkpoint(5), 0).is_err());
        assert!(key.cosign(&checkpoint(5), MAX_TIME_SECONDS + 1).is_err());
    }

    #[test]
    fn a_newer_line_replaces_the_older() {
        let log = SigningKey::from_seed("example.com/behind-the-sofa", &[9; 32]).unwrap();
        let (first, second) = (witness(1), witness(2));
        let mut signed = checkpoint(5).sign(&log).unwrap();
        for (key, time) in [(&first, 1), (&second, 2), (&first, 3)] {
            let line = key.cosign(&checkpoint(5), time).unwrap();
            signed = attach(signed, key.verifier(), line).unwrap();
        }
        assert_eq!(signed.note().signatures().len(), 3);
        let last = &signed.note().signatures()[2];
        assert_eq!(verify(first.verifier(), signed.checkpoint(), last), Ok(3));
        assert!(SignedCheckpoint::open(&signed.to_bytes(), log.verifier()).is_ok());
        let other = first.cosign(&checkpoint(6), 4).unwrap();
        assert!(attach(signed, first.verifier(), other).is_err());
    }
}
