//! Witnessing: what a witness must have checked before it cosigns a log's checkpoint. (见证)
//!
//! Both ends of C2SP tlog-witness `add-checkpoint`: a witness parses a request, authenticates it by the
//! log's keys, compares it with what it holds, and only then can cosign it; a log makes the request and
//! reads the answer. Knows neither HTTP nor files nor a clock: the time is passed in, what is held is
//! passed in, and that what [`Cosigned`] holds is on a disk before the answer leaves is the caller's duty.
//!
//! ```text
//! bytes ─parse→ AddCheckpoint ─authenticate(keys)→ AuthenticRequest ─continues(held)→ Consistent
//!       ─cosign(key, time)→ Cosigned ─(kept durably)→ answer
//! ```

use core::fmt;

use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::cosignature::{self, CosignatureError, Cosigner};
use crate::hash::Hash;
use crate::key::VerifierKey;
use crate::note::{Note, NoteError, SignatureLine, parse_signature_lines};
use crate::tree::{self, ProofError, parse_size};

/// The largest request that is read, in bytes.
pub const MAX_REQUEST_BYTES: usize = 256 * 1024;

/// The most hashes that a request's consistency proof may have.
pub const MAX_HASHES: usize = 63;

/// Bytes are not an `add-checkpoint` request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The request is too large.
    #[error(
        "请求应不超过 {MAX_REQUEST_BYTES} 字节，实为 {found} (request too large: {found} bytes)"
    )]
    Bytes {
        /// Its size in bytes.
        found: usize,
    },
    /// No empty line stands between proof and checkpoint.
    #[error("缺少证明与检查点之间的空行 (expected an empty line between proof and checkpoint)")]
    Separator,
    /// A line has not its form.
    #[error("第 {line} 行应为 {expected}，实为 {found:?} (line {line}: expected {expected})")]
    Line {
        /// The line's number, from 1.
        line: usize,
        /// The form that was expected.
        expected: &'static str,
        /// The line, cut to a length that fits a message.
        found: String,
    },
    /// There are more hashes than any proof needs.
    #[error(
        "证明应不超过 {MAX_HASHES} 个哈希，实有 {found} 个 (expected at most {MAX_HASHES} hashes, found {found})"
    )]
    Hashes {
        /// How many.
        found: usize,
    },
    /// The checkpoint is not one.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

impl From<NoteError> for RequestError {
    fn from(error: NoteError) -> Self {
        Self::Checkpoint(error.into())
    }
}

/// A witness does not cosign. [`Rejection::status`] is what it answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// Not a request.
    #[error(transparent)]
    Malformed(#[from] RequestError),
    /// The witness does not know the log.
    #[error(
        "本见证方没有登记日志 {origin:?}；请其运营者登记日志公钥 (this witness does not know the log {origin:?})"
    )]
    UnknownLog {
        /// The checkpoint's origin.
        origin: String,
    },
    /// No key of the log has signed, or a line that names one of them is not true.
    #[error(transparent)]
    Signature(CheckpointError),
    /// The checkpoint is older than what the request starts from.
    #[error(
        "旧大小 {old} 应不超过检查点的大小 {size} (expected an old size of at most {size}, found {old})"
    )]
    OldSize {
        /// The old size.
        old: u64,
        /// The checkpoint's size.
        size: u64,
    },
    /// The witness holds another size than the request starts from.
    #[error("旧大小应为 {held}，实为 {found} (expected the old size {held}, found {found})")]
    Conflict {
        /// The size that it last cosigned; 0 if none.
        held: u64,
        /// The old size of the request.
        found: u64,
    },
    /// An empty tree has another root than the empty tree's.
    #[error("空树的树根不对 (expected the root of the empty tree, found {found})")]
    EmptyRoot {
        /// The root that is claimed.
        found: Hash,
    },
    /// Nothing is to be proved of an empty older tree.
    #[error(
        "旧大小为 0 时不应有证明，实有 {found} 个哈希 (expected no proof from size 0, found {found} hashes)"
    )]
    NeedlessProof {
        /// How many hashes there are.
        found: usize,
    },
    /// The log does not continue what the witness holds.
    #[error("与已见证的检查点不连续 (not consistent with what was cosigned before): {0}")]
    Inconsistent(ProofError),
}

impl Rejection {
    /// The HTTP status that tlog-witness gives it: 400, 403, 404, 409 or 422.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::OldSize { .. } => 400,
            Self::Signature(_) => 403,
            Self::UnknownLog { .. } => 404,
            Self::Conflict { .. } => 409,
            Self::EmptyRoot { .. } | Self::NeedlessProof { .. } | Self::Inconsistent(_) => 422,
        }
    }
}

/// A request to cosign a checkpoint, well formed but not verified. (见证请求)
///
/// Text form: the body of `add-checkpoint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    old_size: u64,
    hashes: Vec<Hash>,
    note: Note,
    checkpoint: Checkpoint,
}

impl AddCheckpoint {
    /// Asks for a cosignature. `hashes` is what [`tree::prove_consistency`] gave from `old_size` to this
    /// checkpoint's size.
    ///
    /// # Errors
    /// [`RequestError::Hashes`] if there are more than [`MAX_HASHES`].
    pub fn new(
        old_size: u64,
        hashes: Vec<Hash>,
        checkpoint: &SignedCheckpoint,
    ) -> Result<Self, RequestError> {
        check_hashes(hashes.len())?;
        Ok(Self {
            old_size,
            hashes,
            note: checkpoint.note().clone(),
            checkpoint: checkpoint.checkpoint().clone(),
        })
    }

    /// Reads a request.
    ///
    /// # Errors
    /// The variant of [`RequestError`] that says what is not as tlog-witness has it.
    ///
    /// Source: C2SP tlog-witness.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        if bytes.len() > MAX_REQUEST_BYTES {
            return Err(RequestError::Bytes { found: bytes.len() });
        }
        let text = str::from_utf8(bytes).map_err(|error| NoteError::Utf8 {
            at: error.valid_up_to(),
        })?;
        let (head, note) = text.split_once("\n\n").ok_or(RequestError::Separator)?;
        let mut lines = head.split('\n');
        let first = lines.next().unwrap_or_default();
        let old_size = (first.strip_prefix("old ").and_then(parse_size))
            .ok_or_else(|| line_error(1, "`old ` and a decimal number", first))?;
        let hashes: Vec<Hash> = (2..)
            .zip(lines)
            .map(|(number, line)| {
                Hash::from_base64(line)
                    .ok_or_else(|| line_error(number, "32 bytes in base64", line))
            })
            .collect::<Result<_, _>>()?;
        check_hashes(hashes.len())?;
        let note = Note::parse(note.as_bytes())?;
        let checkpoint = note.text().parse()?;
        Ok(Self {
            old_size,
            hashes,
            note,
            checkpoint,
        })
    }

    /// The name of the log, as the request has it.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.checkpoint.origin()
    }

    /// The size that the proof starts from.
    #[must_use]
    pub fn old_size(&self) -> u64 {
        self.old_size
    }

    /// The request's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }

    /// Verifies the log's signatures by the keys that are trusted for this origin. Lines by other keys
    /// mean nothing.
    ///
    /// # Errors
    /// [`Rejection::UnknownLog`] if there are no keys; [`Rejection::Signature`] if none of them signed,
    /// or one of them did not make a line that names it; [`Rejection::OldSize`].
    pub fn authenticate(self, keys: &[VerifierKey]) -> Result<AuthenticRequest, Rejection> {
        if keys.is_empty() {
            let origin = self.origin().to_owned();
            return Err(Rejection::UnknownLog { origin });
        }
        let mut lines: Vec<SignatureLine> = Vec::new();
        for key in keys {
            let mut named = self.note.signatures().iter();
            if let Some(line) = named.find(|line| key.is_named_by(line)) {
                SignedCheckpoint::open_foreign(self.note.clone(), key)
                    .map_err(Rejection::Signature)?;
                lines.push(line.clone());
            }
        }
        if lines.is_empty() {
            let keys: Vec<String> = keys.iter().map(VerifierKey::to_string).collect();
            let expected = keys.join(" / ");
            return Err(Rejection::Signature(CheckpointError::Unsigned { expected }));
        }
        let (old, size) = (self.old_size, self.checkpoint.size());
        if old > size {
            return Err(Rejection::OldSize { old, size });
        }
        let request = self;
        Ok(AuthenticRequest { request, lines })
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        for hash in &self.hashes {
            writeln!(f, "{}", hash.to_base64())?;
        }
        write!(f, "\n{}", self.note)
    }
}

/// A request whose checkpoint a trusted key of the log has signed. (已验签的见证请求)
#[derive(Debug, Clone)]
pub struct AuthenticRequest {
    request: AddCheckpoint,
    /// The log's lines that have been verified.
    lines: Vec<SignatureLine>,
}

impl AuthenticRequest {
    /// Checks that the log continues what the witness last cosigned of it; `None` if it never did.
    ///
    /// # Errors
    /// The first of [`Rejection::Conflict`], [`Rejection::EmptyRoot`], [`Rejection::NeedlessProof`] and
    /// [`Rejection::Inconsistent`] that applies.
    pub fn continues(self, held: Option<&Checkpoint>) -> Result<Consistent, Rejection> {
        let AddCheckpoint {
            old_size: found,
            hashes,
            checkpoint: new,
            ..
        } = &self.request;
        let held_size = held.map_or(0, Checkpoint::size);
        if *found != held_size {
            return Err(Rejection::Conflict {
                held: held_size,
                found: *found,
            });
        }
        if new.size() == 0 && *new.root() != Hash::empty_root() {
            return Err(Rejection::EmptyRoot { found: *new.root() });
        }
        match held.filter(|held| held.size() > 0) {
            None if hashes.is_empty() => {}
            None => {
                let found = hashes.len();
                return Err(Rejection::NeedlessProof { found });
            }
            Some(held) => {
                tree::verify_consistency(held.size(), new.size(), held.root(), new.root(), hashes)
                    .map_err(Rejection::Inconsistent)?
            }
        }
        let checkpoint = self.request.checkpoint;
        let lines = self.lines;
        Ok(Consistent { checkpoint, lines })
    }
}

/// A checkpoint that may be cosigned: authentic, and a continuation of what was cosigned before. (可见证的检查点)
#[derive(Debug, Clone)]
pub struct Consistent {
    checkpoint: Checkpoint,
    lines: Vec<SignatureLine>,
}

impl Consistent {
    /// Cosigns as of a time, in seconds since 1970.
    ///
    /// # Errors
    /// [`CosignatureError::Time`] for a time that no cosignature can have; [`CosignatureError::Note`]
    /// if the lines do not fit below one note.
    pub fn cosign(self, key: &Cosigner, time_seconds: u64) -> Result<Cosigned, CosignatureError> {
        let line = key.cosign(&self.checkpoint, time_seconds)?;
        let mut lines = self.lines;
        lines.push(line.clone());
        Ok(Cosigned {
            note: Note::new(self.checkpoint.to_string(), lines)?,
            checkpoint: self.checkpoint,
            line,
            time_seconds,
        })
    }
}

/// A checkpoint with the signatures of its log and the witness's own. (已见证的检查点)
///
/// It must be kept durably before [`Cosigned::answer`] is given out. Text form: the note that a witness
/// serves to monitors, and that is its only memory of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    note: Note,
    checkpoint: Checkpoint,
    line: SignatureLine,
    time_seconds: u64,
}

impl Cosigned {
    /// Reads back what this witness has kept: it is believed because its own cosignature holds.
    ///
    /// # Errors
    /// [`RereadError`] if the bytes are not what the witness's key cosigned.
    pub fn reread(bytes: &[u8], witness: &VerifierKey) -> Result<Self, RereadError> {
        let note = Note::parse(bytes).map_err(CheckpointError::from)?;
        let checkpoint: Checkpoint = note.text().parse()?;
        let mut lines = note.signatures().iter();
        let line = lines.find(|line| witness.is_named_by(line));
        let line = line.ok_or_else(|| RereadError::NotOurs {
            expected: witness.to_string(),
        })?;
        let line = line.clone();
        let time_seconds = cosignature::verify(witness, &checkpoint, &line)?;
        Ok(Self {
            note,
            checkpoint,
            line,
            time_seconds,
        })
    }

    /// What was cosigned.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// When, in seconds since 1970.
    #[must_use]
    pub fn time_seconds(&self) -> u64 {
        self.time_seconds
    }

    /// The whole, to be kept and to be served to monitors.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.note.to_bytes()
    }

    /// The body of the answer: the witness's line.
    #[must_use]
    pub fn answer(&self) -> String {
        format!("{}\n", self.line)
    }
}

/// What a witness kept is not what it cosigned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RereadError {
    /// Not a checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// No line is by the witness's key.
    #[error(
        "没有本见证方 {expected} 的签名；换了密钥就是另一个见证方，要用新的文件夹 (no cosignature by {expected}; a new key is a new witness and needs a folder of its own)"
    )]
    NotOurs {
        /// The key, in text form.
        expected: String,
    },
    /// The witness's line is not true.
    #[error(transparent)]
    Cosignature(#[from] CosignatureError),
}

/// A witness's answer holds no cosignature that its key made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The answer is not a sequence of signature lines.
    #[error("见证方的回答不是签名行 (the answer is not a sequence of signature lines): {0}")]
    Lines(#[from] NoteError),
    /// No line is by the key that is expected.
    #[error("回答里没有 {expected} 的签名 (no line of the answer is by {expected})")]
    NotThere {
        /// The key, in text form.
        expected: String,
    },
    /// A line that names the key is not true.
    #[error("见证签名无效 (the cosignature does not hold): {0}")]
    Cosignature(#[from] CosignatureError),
}

/// Reads a witness's answer: the line that its key made over this checkpoint, verified. Lines by other
/// keys are ignored.
///
/// # Errors
/// [`AnswerError`]; nothing in the answer is to be used then.
///
/// Source: C2SP tlog-witness.
pub fn read_answer(
    answer: &[u8],
    witness: &VerifierKey,
    checkpoint: &Checkpoint,
) -> Result<SignatureLine, AnswerError> {
    let text = str::from_utf8(answer).map_err(|error| NoteError::Utf8 {
        at: error.valid_up_to(),
    })?;
    let mut found = None;
    for line in parse_signature_lines(text)? {
        if witness.is_named_by(&line) {
            cosignature::verify(witness, checkpoint, &line)?;
            found = Some(line);
        }
    }
    found.ok_or_else(|| AnswerError::NotThere {
        expected: witness.to_string(),
    })
}

/// Reads the size in the answer 409: decimal and a newline. `None` if it is not that.
///
/// Source: C2SP tlog-witness.
#[must_use]
pub fn read_held_size(answer: &[u8]) -> Option<u64> {
    parse_size(str::from_utf8(answer).ok()?.strip_suffix('\n')?)
}

fn check_hashes(found: usize) -> Result<(), RequestError> {
    if found > MAX_HASHES {
        return Err(RequestError::Hashes { found });
    }
    Ok(())
}

fn line_error(line: usize, expected: &'static str, found: &str) -> RequestError {
    let found = found.chars().take(160).collect();
    RequestError::Line {
        line,
        expected,
        found,
    }
}
