//! Checkpoints: a log's signed statement of its size and root. (检查点)
//!
//! Knows nothing of how a tree came to its root, nor of witnesses, whose lines it keeps as they are.
//! Follows C2SP tlog-checkpoint. A ledger's own checkpoints never carry extension lines; they are read
//! for the sake of other logs, which this library may witness.

use core::fmt;
use core::str::FromStr;

use crate::hash::Hash;
use crate::key::{Algorithm, KeyError, SigningKey, VerifierKey};
use crate::note::{Note, NoteError, SignatureLine};
use crate::tree::{MAX_SIZE, parse_size};

/// Bytes are not a checkpoint, or not one that the key signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The bytes are not a signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text has not the lines of a checkpoint.
    #[error(
        "检查点应为三行：日志名、大小、树根 (expected lines for origin, size and root, each with a newline)"
    )]
    Lines,
    /// The origin is empty or has control characters.
    #[error(
        "日志名不合规，实为 {found:?} (expected an origin of at least one character, none of them control)"
    )]
    Name {
        /// The origin.
        found: String,
    },
    /// The size has not the form of one.
    #[error(
        "大小应为不超过 {MAX_SIZE} 的十进制数，实为 {found:?} (expected a tree size in decimal)"
    )]
    Size {
        /// What stands in its place.
        found: String,
    },
    /// The root has not the form of one.
    #[error("树根应为 32 字节的 base64，实为 {found:?} (expected a root of 32 bytes in base64)")]
    Root {
        /// What stands in its place.
        found: String,
    },
    /// An empty tree has another root than the empty tree's.
    #[error("空树的树根不对 (expected the root of the empty tree, found {found})")]
    EmptyRoot {
        /// The root that is claimed.
        found: Hash,
    },
    /// There are extension lines.
    #[error("检查点不应有扩展行，实有 {found} 行 (expected no extension lines, found {found})")]
    Extension {
        /// How many.
        found: usize,
    },
    /// The checkpoint is of another log than the key.
    #[error(
        "应为日志 {expected} 的检查点，实为 {found} (expected a checkpoint of {expected}, found one of {found})"
    )]
    Origin {
        /// The key's name.
        expected: String,
        /// The checkpoint's origin.
        found: String,
    },
    /// No line is by the log's key.
    #[error("没有 {expected} 的签名 (expected a signature by {expected}, found none)")]
    Unsigned {
        /// The key, in text form.
        expected: String,
    },
    /// The log's key did not make the line that names it.
    #[error(transparent)]
    Signature(#[from] KeyError),
}

/// What a checkpoint says: so many entries, under this root. (检查点)
///
/// Text form: the note text, three lines with a newline each, and extension lines if another log has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: Box<str>,
    size: u64,
    root: Hash,
    extension: Vec<String>,
}

impl Checkpoint {
    /// States a log's size and root.
    ///
    /// # Errors
    /// [`CheckpointError::Name`] for an origin that does not fit on a line, [`CheckpointError::Size`] above
    /// [`MAX_SIZE`], [`CheckpointError::EmptyRoot`] for a wrong root of an empty tree.
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, CheckpointError> {
        check_line(origin)?;
        if size > MAX_SIZE {
            let found = size.to_string();
            return Err(CheckpointError::Size { found });
        }
        let checkpoint = Self {
            origin: origin.into(),
            size,
            root,
            extension: Vec::new(),
        };
        checkpoint.check_empty()?;
        Ok(checkpoint)
    }

    /// The name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many entries the log has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree of these entries.
    #[must_use]
    pub fn root(&self) -> &Hash {
        &self.root
    }

    /// The extension lines, without their newlines; a ledger's own checkpoint has none.
    #[must_use]
    pub fn extension(&self) -> &[String] {
        &self.extension
    }

    /// Signs with the log's key, whose name must be the origin.
    ///
    /// # Errors
    /// [`CheckpointError::Origin`] if the key is another log's; [`CheckpointError::Extension`] if there are
    /// extension lines.
    pub fn sign(&self, key: &SigningKey) -> Result<SignedCheckpoint, CheckpointError> {
        self.check_extension()?;
        self.check_origin(key.verifier())?;
        let text = self.to_string();
        let line = key.sign_note_text(&text);
        let note = Note::new(text, vec![line])?;
        let checkpoint = self.clone();
        Ok(SignedCheckpoint { note, checkpoint })
    }

    fn check_origin(&self, key: &VerifierKey) -> Result<(), CheckpointError> {
        if self.origin() != key.name() {
            return Err(CheckpointError::Origin {
                expected: key.name().to_owned(),
                found: self.origin().to_owned(),
            });
        }
        Ok(())
    }

    fn check_extension(&self) -> Result<(), CheckpointError> {
        match self.extension.len() {
            0 => Ok(()),
            found => Err(CheckpointError::Extension { found }),
        }
    }

    fn check_empty(&self) -> Result<(), CheckpointError> {
        if self.size == 0 && self.root != Hash::empty_root() {
            return Err(CheckpointError::EmptyRoot { found: self.root });
        }
        Ok(())
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}\n{}\n{}",
            self.origin,
            self.size,
            self.root.to_base64()
        )?;
        let mut lines = self.extension.iter();
        lines.try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Reads a note's text as a checkpoint, with extension lines if it has them.
impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text
            .strip_suffix('\n')
            .ok_or(CheckpointError::Lines)?
            .split('\n');
        let mut next = || lines.next().ok_or(CheckpointError::Lines);
        let (origin, size, root) = (next()?, next()?, next()?);
        check_line(origin)?;
        let extension: Vec<String> = lines.map(str::to_owned).collect();
        if extension.iter().any(String::is_empty) {
            return Err(CheckpointError::Lines);
        }
        Ok(Self {
            origin: origin.into(),
            size: parse_size(size).ok_or_else(|| CheckpointError::Size { found: cut(size) })?,
            root: Hash::from_base64(root)
                .ok_or_else(|| CheckpointError::Root { found: cut(root) })?,
            extension,
        })
    }
}

/// A checkpoint that its log has signed, with all the lines below it. (已签检查点)
///
/// The log's signature has been verified; other lines, as those of witnesses, have not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    note: Note,
    checkpoint: Checkpoint,
}

impl SignedCheckpoint {
    /// Reads a ledger's checkpoint and verifies the log's signature.
    ///
    /// # Errors
    /// The variant of [`CheckpointError`] that says what is wrong; [`CheckpointError::Extension`] if there
    /// are extension lines.
    ///
    /// Source: C2SP tlog-checkpoint.
    pub fn open(bytes: &[u8], log: &VerifierKey) -> Result<Self, CheckpointError> {
        Self::open_note(Note::parse(bytes)?, log)
    }

    /// As [`SignedCheckpoint::open`], for a note that has been parsed.
    ///
    /// # Errors
    /// As [`SignedCheckpoint::open`].
    pub fn open_note(note: Note, log: &VerifierKey) -> Result<Self, CheckpointError> {
        let signed = Self::open_foreign(note, log)?;
        signed.checkpoint.check_extension()?;
        signed.checkpoint.check_empty()?;
        Ok(signed)
    }

    /// Opens the checkpoint of any log, which may have extension lines, as a witness must.
    ///
    /// The root of an empty tree is not checked: a witness answers that in a way of its own.
    ///
    /// # Errors
    /// The variant of [`CheckpointError`] that says what is wrong.
    pub fn open_foreign(note: Note, log: &VerifierKey) -> Result<Self, CheckpointError> {
        let checkpoint: Checkpoint = note.text().parse()?;
        checkpoint.check_origin(log)?;
        log.check_purpose(Algorithm::Ed25519)?;
        let mut lines = note.signatures().iter();
        let mut signed = false;
        // Every line that names the key must be true, not only one of them.
        lines.try_for_each(|line| {
            if !log.is_named_by(line) {
                return Ok(());
            }
            signed = true;
            log.verify_line(note.text(), line)
        })?;
        if !signed {
            let expected = log.to_string();
            return Err(CheckpointError::Unsigned { expected });
        }
        Ok(Self { note, checkpoint })
    }

    /// The note, with the signatures of the log and of everybody else.
    #[must_use]
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// What it says.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The bytes, as published.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.note.to_bytes()
    }

    /// Puts a line in the place of the one by the same key, or at the end.
    pub(crate) fn with_line(self, line: SignatureLine) -> Result<Self, NoteError> {
        let same = |old: &SignatureLine| old.name() == line.name() && old.key_id() == line.key_id();
        let mut lines = self.note.signatures().to_vec();
        lines.retain(|old| !same(old));
        lines.push(line);
        let note = Note::new(self.note.text().to_owned(), lines)?;
        let checkpoint = self.checkpoint;
        Ok(Self { note, checkpoint })
    }
}

fn check_line(origin: &str) -> Result<(), CheckpointError> {
    if origin.is_empty() || origin.chars().any(char::is_control) {
        let found = cut(origin);
        return Err(CheckpointError::Name { found });
    }
    Ok(())
}

fn cut(text: &str) -> String {
    text.chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "example.com/behind-the-sofa";
    const TEXT: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(NAME, &[seed; 32]).unwrap()
    }

    fn note(text: &str, key: &SigningKey) -> Note {
        Note::new(text.to_owned(), vec![key.sign_note_text(text)]).unwrap()
    }

    #[test]
    fn the_text_has_one_form() {
        let checkpoint: Checkpoint = TEXT.parse().unwrap();
        assert_eq!(checkpoint.origin(), NAME);
        assert_eq!(checkpoint.size(), 20_852_163);
        assert_eq!(checkpoint.to_string(), TEXT);
        let extended: Checkpoint = format!("{TEXT}one\ntwo\n").parse().unwrap();
        assert_eq!(extended.extension(), ["one", "two"]);
        assert_eq!(extended.to_string(), format!("{TEXT}one\ntwo\n"));
        let parse = |text: &str| text.parse::<Checkpoint>().unwrap_err();
        assert_eq!(parse(""), CheckpointError::Lines);
        assert_eq!(parse(TEXT.trim_end()), CheckpointError::Lines);
        assert_eq!(parse(&format!("{TEXT}\n")), CheckpointError::Lines);
        assert_eq!(
            parse(&format!("{TEXT}one\n\ntwo\n")),
            CheckpointError::Lines
        );
        assert_eq!(parse("a\n1\n"), CheckpointError::Lines);
        assert!(matches!(
            parse(&TEXT.replace(NAME, "")),
            CheckpointError::Name { .. }
        ));
        assert!(matches!(
            parse(&TEXT.replace("20852163", "020852163")),
            CheckpointError::Size { .. }
        ));
        assert!(matches!(
            parse(&TEXT.replace("q2I=", "q2J=")),
            CheckpointError::Root { .. }
        ));
        assert!(matches!(
            parse(&TEXT.replace("CsUY", "")),
            CheckpointError::Root { .. }
        ));
    }

    #[test]
    fn only_the_logs_own_signature_opens_it() {
        let checkpoint: Checkpoint = TEXT.parse().unwrap();
        let signed = checkpoint.sign(&key(1)).unwrap();
        let bytes = signed.to_bytes();
        assert_eq!(
            SignedCheckpoint::open(&bytes, key(1).verifier()).as_ref(),
            Ok(&signed)
        );
        assert!(matches!(
            SignedCheckpoint::open(&bytes, key(2).verifier()),
            Err(CheckpointError::Unsigned { .. })
        ));
        let other = SigningKey::from_seed("example.com/other", &[1; 32]).unwrap();
        assert!(matches!(
            checkpoint.sign(&other),
            Err(CheckpointError::Origin { .. })
        ));
        assert!(matches!(
            SignedCheckpoint::open(&bytes, other.verifier()),
            Err(CheckpointError::Origin { .. })
        ));
        let altered = String::from_utf8(bytes)
            .unwrap()
            .replace("20852163", "20852164");
        assert_eq!(
            SignedCheckpoint::open(altered.as_bytes(), key(1).verifier()),
            Err(CheckpointError::Signature(KeyError::Signature))
        );
    }

    #[test]
    fn every_line_of_the_log_must_be_true() {
        let (first, second) = (note(TEXT, &key(1)), key(1).sign_note_text("another\n"));
        let both = first.clone().with_signature(second).unwrap();
        assert_eq!(
            SignedCheckpoint::open_note(both, key(1).verifier()),
            Err(CheckpointError::Signature(KeyError::Signature))
        );
        // A stranger's line is kept and means nothing.
        let stranger = first
            .with_signature(key(2).sign_note_text("another\n"))
            .unwrap();
        let signed = SignedCheckpoint::open_note(stranger.clone(), key(1).verifier()).unwrap();
        assert_eq!(signed.note(), &stranger);
    }

    #[test]
    fn extension_lines_are_for_other_logs() {
        let note = note(&format!("{TEXT}more\n"), &key(1));
        assert!(SignedCheckpoint::open_foreign(note.clone(), key(1).verifier()).is_ok());
        assert_eq!(
            SignedCheckpoint::open_note(note, key(1).verifier()),
            Err(CheckpointError::Extension { found: 1 })
        );
        let extended: Checkpoint = format!("{TEXT}more\n").parse().unwrap();
        assert_eq!(
            extended.sign(&key(1)),
            Err(CheckpointError::Extension { found: 1 })
        );
    }

    #[test]
    fn an_empty_tree_has_the_empty_root() {
        let (new, empty) = (Checkpoint::new, Hash::empty_root());
        assert!(new(NAME, 0, empty).is_ok());
        assert_eq!(
            new(NAME, 0, Hash::ZERO),
            Err(CheckpointError::EmptyRoot { found: Hash::ZERO })
        );
        assert!(matches!(
            new("", 0, empty),
            Err(CheckpointError::Name { .. })
        ));
        assert!(matches!(
            new("a\nb", 0, empty),
            Err(CheckpointError::Name { .. })
        ));
        assert!(matches!(
            new(NAME, MAX_SIZE + 1, empty),
            Err(CheckpointError::Size { .. })
        ));
        let false_root = note(&format!("{NAME}\n0\n{}\n", Hash::ZERO.to_base64()), &key(1));
        assert_eq!(
            SignedCheckpoint::open_note(false_root, key(1).verifier()),
            Err(CheckpointError::EmptyRoot { found: Hash::ZERO })
        );
    }
}
