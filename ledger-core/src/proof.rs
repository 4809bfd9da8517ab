//! Proofs of logging that need no connection: receipts. (回执)
//!
//! An index, an inclusion proof and the checkpoint it leads to, in one text. Knows nothing of entries: who
//! verifies brings the leaf hash. Follows C2SP tlog-proof v1.

use core::fmt::{self, Write as _};

use data_encoding::BASE64;

use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::hash::Hash;
use crate::key::VerifierKey;
use crate::note::{MAX_NOTE_BYTES, Note, NoteError};
use crate::policy::{Policy, PolicyError, PolicyVerdict};
use crate::tree::{self, MAX_SIZE, parse_size};

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The largest proof that is read, in bytes: a note and as much again.
pub const MAX_PROOF_BYTES: usize = 2 * MAX_NOTE_BYTES;

/// The most hashes an inclusion proof can have.
pub const MAX_HASHES: usize = 63;

/// Bytes are not a proof of logging, or do not prove it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogProofError {
    /// The proof is too large.
    #[error("回执应不超过 {MAX_PROOF_BYTES} 字节，实为 {found} (proof too large: {found} bytes)")]
    Bytes {
        /// Its size in bytes.
        found: usize,
    },
    /// A line has not its form.
    #[error("回执第 {line} 行应为 {expected}，实为 {found:?} (line {line}: expected {expected})")]
    Line {
        /// The line's number, from 1.
        line: usize,
        /// The form that was expected.
        expected: &'static str,
        /// The line, cut to a length that fits a message.
        found: String,
    },
    /// No empty line stands between proof and checkpoint.
    #[error("缺少证明与检查点之间的空行 (expected an empty line between proof and checkpoint)")]
    Separator,
    /// There are more hashes than any tree needs.
    #[error(
        "证明应不超过 {MAX_HASHES} 个哈希，实有 {found} 个 (expected at most {MAX_HASHES} hashes, found {found})"
    )]
    Hashes {
        /// How many.
        found: usize,
    },
    /// The index is beyond any tree.
    #[error(
        "序号应不超过 {MAX_SIZE}，实为 {found} (expected an index of at most {MAX_SIZE}, found {found})"
    )]
    Index {
        /// The index.
        found: u64,
    },
    /// The extra data are empty, and should be left out.
    #[error("附加数据不应为空 (expected extra data that are not empty)")]
    Extra,
    /// The checkpoint is not one, or the log did not sign it.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The policy does not accept the checkpoint.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The leaf is not there in the tree.
    #[error(transparent)]
    Inclusion(#[from] tree::ProofError),
}

impl From<NoteError> for LogProofError {
    fn from(error: NoteError) -> Self {
        Self::Checkpoint(error.into())
    }
}

/// A proof that some entry is in a log, well formed but not verified. (回执)
///
/// Text form: tlog-proof v1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    extra: Option<Vec<u8>>,
    index: u64,
    hashes: Vec<Hash>,
    checkpoint: Note,
}

impl Proof {
    /// Puts a proof together. `hashes` is what [`tree::prove_inclusion`] gave for this checkpoint's size.
    ///
    /// # Errors
    /// [`LogProofError::Index`], [`LogProofError::Hashes`] beyond the limits.
    pub fn new(
        index: u64,
        hashes: Vec<Hash>,
        checkpoint: &SignedCheckpoint,
    ) -> Result<Self, LogProofError> {
        if index > MAX_SIZE {
            return Err(LogProofError::Index { found: index });
        }
        let proof = Self {
            extra: None,
            index,
            hashes,
            checkpoint: checkpoint.note().clone(),
        };
        proof.check_hashes()?;
        Ok(proof)
    }

    /// The proof with extra data, which nothing authenticates.
    ///
    /// # Errors
    /// [`LogProofError::Extra`] if they are empty, [`LogProofError::Bytes`] beyond [`MAX_NOTE_BYTES`] / 2.
    pub fn with_extra(self, extra: Vec<u8>) -> Result<Self, LogProofError> {
        if extra.is_empty() {
            return Err(LogProofError::Extra);
        }
        if extra.len() > MAX_NOTE_BYTES / 2 {
            return Err(LogProofError::Bytes { found: extra.len() });
        }
        let extra = Some(extra);
        Ok(Self { extra, ..self })
    }

    /// Reads a proof. The checkpoint in it must be well formed; nothing is verified.
    ///
    /// # Errors
    /// The variant of [`LogProofError`] that says what is not as tlog-proof has it.
    ///
    /// Source: C2SP tlog-proof.
    pub fn parse(bytes: &[u8]) -> Result<Self, LogProofError> {
        if bytes.len() > MAX_PROOF_BYTES {
            return Err(LogProofError::Bytes { found: bytes.len() });
        }
        let text = str::from_utf8(bytes).map_err(|error| NoteError::Utf8 {
            at: error.valid_up_to(),
        })?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(LogProofError::Separator)?;
        let mut lines = (1..).zip(head.split('\n')).peekable();
        read(lines.next(), HEADER, |line| (line == HEADER).then_some(()))?;
        let extra = lines.next_if(|(_, line)| line.starts_with("extra "));
        let extra = extra
            .map(|line| read(Some(line), "`extra ` and base64", parse_extra))
            .transpose()?;
        let index = read(lines.next(), "`index ` and a decimal number", |line| {
            parse_size(line.strip_prefix("index ")?)
        })?;
        let hashes: Vec<Hash> = lines
            .map(|line| read(Some(line), "32 bytes in base64", Hash::from_base64))
            .collect::<Result<_, _>>()?;
        let checkpoint = Note::parse(checkpoint.as_bytes())?;
        let _: Checkpoint = checkpoint.text().parse()?;
        let proof = Self {
            extra,
            index,
            hashes,
            checkpoint,
        };
        proof.check_hashes()?;
        Ok(proof)
    }

    /// Verifies that the log has the leaf, whatever witnesses say.
    ///
    /// # Errors
    /// [`LogProofError::Checkpoint`] if the log did not sign the checkpoint, [`LogProofError::Inclusion`] if
    /// the leaf is not there.
    pub fn verify(
        &self,
        leaf: &Hash,
        log: &VerifierKey,
    ) -> Result<SignedCheckpoint, LogProofError> {
        let signed = SignedCheckpoint::open_note(self.checkpoint.clone(), log)?;
        self.verify_inclusion(leaf, signed.checkpoint())?;
        Ok(signed)
    }

    /// Verifies that a log of the policy has the leaf, and that enough witnesses saw the checkpoint.
    ///
    /// # Errors
    /// [`LogProofError::Policy`] if the policy does not accept the checkpoint, also for want of witnesses;
    /// [`LogProofError::Inclusion`] if the leaf is not there.
    pub fn verify_with(
        &self,
        leaf: &Hash,
        policy: &Policy,
    ) -> Result<PolicyVerdict, LogProofError> {
        let verdict = policy.check_note(self.checkpoint.clone())?;
        verdict.clone().accept()?;
        self.verify_inclusion(leaf, verdict.checkpoint.checkpoint())?;
        Ok(verdict)
    }

    fn verify_inclusion(&self, leaf: &Hash, head: &Checkpoint) -> Result<(), tree::ProofError> {
        tree::verify_inclusion(self.index, head.size(), leaf, head.root(), &self.hashes)
    }

    fn check_hashes(&self) -> Result<(), LogProofError> {
        let found = self.hashes.len();
        if found > MAX_HASHES {
            return Err(LogProofError::Hashes { found });
        }
        Ok(())
    }

    /// The extra data, which nothing authenticates.
    #[must_use]
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// The entry's index in the log, from 0.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The inclusion proof, from the leaf's sibling to the root's child.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The checkpoint's note, not verified.
    #[must_use]
    pub fn checkpoint(&self) -> &Note {
        &self.checkpoint
    }

    /// The proof's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let checkpoint = self.checkpoint.text().len() + 256;
        let mut text = String::with_capacity(64 + 48 * self.hashes.len() + checkpoint);
        // Writing to a string cannot fail.
        let _ = write!(text, "{self}");
        text.into_bytes()
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64.encode_display(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", BASE64.encode_display(hash.as_bytes()))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

fn parse_extra(line: &str) -> Option<Vec<u8>> {
    let encoded = line.strip_prefix("extra ")?;
    let extra = BASE64.decode(encoded.as_bytes()).ok()?;
    (!extra.is_empty()).then_some(extra)
}

/// Reads one line of the head, which may be missing.
fn read<T>(
    line: Option<(usize, &str)>,
    expected: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, LogProofError> {
    let (line, text) = line.ok_or(LogProofError::Separator)?;
    parse(text).ok_or_else(|| LogProofError::Line {
        line,
        expected,
        found: text.chars().take(160).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosignature::{Cosigner, attach};
    use crate::key::SigningKey;
    use crate::tree::{Frontier, ProofError};

    fn log() -> SigningKey {
        SigningKey::from_seed("example.com/log", &[1; 32]).unwrap()
    }

    /// The proof of entry 1 in a tree of three.
    fn proof() -> (Hash, Proof) {
        let leaves: Vec<Hash> = (0..3_u8).map(|n| Hash::leaf(&[n])).collect();
        let mut frontier = Frontier::new();
        for leaf in &leaves {
            frontier.push(*leaf);
        }
        let checkpoint = Checkpoint::new("example.com/log", 3, frontier.root()).unwrap();
        let signed = checkpoint.sign(&log()).unwrap();
        let proof = Proof::new(1, vec![leaves[0], leaves[2]], &signed).unwrap();
        (leaves[1], proof)
    }

    #[test]
    fn a_proof_reads_back_and_verifies() {
        let (leaf, proof) = proof();
        let text = proof.to_string();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 1\n"));
        assert_eq!(Proof::parse(text.as_bytes()).as_ref(), Ok(&proof));
        let signed = proof.verify(&leaf, log().verifier()).unwrap();
        assert_eq!(signed.checkpoint().size(), 3);
        assert_eq!(signed.note(), proof.checkpoint());
        let extra = proof.with_extra(b"more".to_vec()).unwrap();
        assert!(extra.to_string().contains("\nextra bW9yZQ==\nindex 1\n"));
        assert_eq!(Proof::parse(&extra.to_bytes()).as_ref(), Ok(&extra));
        assert!(extra.verify(&leaf, log().verifier()).is_ok());
        assert_eq!(extra.with_extra(vec![]), Err(LogProofError::Extra));
    }

    #[test]
    fn another_leaf_index_or_log_is_refused() {
        let (leaf, proof) = proof();
        let key = log();
        let verify = |proof: &Proof, leaf| proof.verify(leaf, key.verifier()).unwrap_err();
        let root = |error| matches!(error, LogProofError::Inclusion(ProofError::Root { .. }));
        assert!(root(verify(&proof, &Hash::ZERO)));
        assert!(root(verify(
            &Proof {
                index: 0,
                ..proof.clone()
            },
            &leaf
        )));
        assert_eq!(
            verify(
                &Proof {
                    index: 3,
                    ..proof.clone()
                },
                &leaf
            ),
            LogProofError::Inclusion(ProofError::Index { index: 3, size: 3 })
        );
        let other = SigningKey::from_seed("example.com/log", &[2; 32]).unwrap();
        assert!(matches!(
            proof.verify(&leaf, other.verifier()),
            Err(LogProofError::Checkpoint(CheckpointError::Unsigned { .. }))
        ));
    }

    #[test]
    fn the_policy_decides_on_witnesses() {
        let (leaf, proof) = proof();
        let witness = Cosigner::from_seed("w.example", &[3; 32]).unwrap();
        let text = format!(
            "log {}\nwitness W {}\nquorum W\n",
            log().verifier(),
            witness.verifier()
        );
        let policy: Policy = text.parse().unwrap();
        assert!(matches!(
            proof.verify_with(&leaf, &policy),
            Err(LogProofError::Policy(PolicyError::Quorum { .. }))
        ));
        let signed = proof.verify(&leaf, log().verifier()).unwrap();
        let line = witness.cosign(signed.checkpoint(), 5).unwrap();
        let signed = attach(signed, witness.verifier(), line).unwrap();
        let seen = Proof::new(1, proof.hashes().to_vec(), &signed).unwrap();
        assert!(seen.verify_with(&leaf, &policy).unwrap().quorum_met);
        assert!(matches!(
            seen.verify_with(&Hash::ZERO, &policy),
            Err(LogProofError::Inclusion(_))
        ));
    }

    #[test]
    fn what_is_not_a_proof_is_refused() {
        let (_, proof) = proof();
        let text = proof.to_string();
        let parse = |text: &str| Proof::parse(text.as_bytes()).unwrap_err();
        let line = |from: &str, to: &str| match parse(&text.replacen(from, to, 1)) {
            LogProofError::Line { line, .. } => line,
            other => panic!("{other:?}"),
        };
        assert_eq!(line("@v1", "@v2"), 1);
        assert_eq!(line("index 1", "index 01"), 2);
        assert_eq!(line("index 1", "Index 1"), 2);
        assert_eq!(line("index 1", "extra \nindex 1"), 2);
        assert_eq!(line("index 1", "extra AB==\nindex 1"), 2);
        assert_eq!(line("index 1", "extra AA==\nextra AA==\nindex 1"), 3);
        assert_eq!(line("index 1\n", "index 1\nindex 1\n"), 3);
        assert_eq!(line("=\n", "\n"), 3);
        assert_eq!(line("=\n", "= \n"), 3);
        assert_eq!(parse(""), LogProofError::Separator);
        assert_eq!(
            parse("c2sp.org/tlog-proof@v1\n\n"),
            LogProofError::Separator
        );
        assert!(matches!(
            parse(&format!("\n{text}")),
            LogProofError::Line { line: 1, .. }
        ));
        assert!(matches!(
            parse(&format!("{text}\n")),
            LogProofError::Checkpoint(_)
        ));
        assert!(matches!(
            parse(text.trim_end()),
            LogProofError::Checkpoint(_)
        ));
        assert!(matches!(
            parse(&text.replace("\n3\n", "\n03\n")),
            LogProofError::Checkpoint(_)
        ));
        let hash = format!("{}\n", Hash::ZERO.to_base64());
        let long = text.replacen("index 1\n", &format!("index 1\n{}", hash.repeat(62)), 1);
        assert_eq!(parse(&long), LogProofError::Hashes { found: 64 });
        let huge = vec![b'a'; MAX_PROOF_BYTES + 1];
        assert!(matches!(
            Proof::parse(&huge),
            Err(LogProofError::Bytes { .. })
        ));
    }
}
