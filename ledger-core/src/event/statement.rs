//! Statements, signed events and entries: the one way from bytes to an event, and back.

use core::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Event, EventError};
use crate::canonical::{self, CanonicalError};
use crate::hash::Hash;
use crate::key::SigningKey;
use crate::name::StreamId;
use crate::note::{Note, NoteError};
use crate::privacy::{self, FoundIn};
use crate::time::{LogTime, StatedTime};

/// The longest statement, in bytes, its newline included: 48 KiB.
pub const STATEMENT_LIMIT: usize = 48 * 1024;

/// The longest entry, in bytes: what a bundle's two-byte length can say.
pub const ENTRY_LIMIT: usize = 65_535;

/// The longest signed event, in bytes: the time of receipt and its newline come before it in an entry.
pub const NOTE_LIMIT: usize = ENTRY_LIMIT - "2018-03-02T01:31:02Z\n".len();

/// Version of the statement's form: 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Version(u8);

/// What signers sign: an event, when they say it happened, and its place in the ledger. (陈述)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Statement {
    /// When it happened, as the signers say.
    pub at: StatedTime,
    /// What happened.
    pub event: Event,
    /// The leaf hash of the last entry in the same stream; for the first entry of a stream the
    /// ledger id; for entry 0 sixty-four zeros.
    pub prev: Hash,
    /// The stream it belongs to.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub stream: StreamId,
    #[cfg_attr(feature = "schema", schemars(with = "u8"))]
    v: Version,
}

/// The statement as JSON, before its event is read by kind; its members in the order of their names.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RawStatement {
    at: StatedTime,
    event: Value,
    prev: Hash,
    stream: StreamId,
    v: u8,
}

impl Statement {
    /// A statement of the current version.
    #[must_use]
    pub fn new(stream: StreamId, prev: Hash, at: StatedTime, event: Event) -> Self {
        Self {
            at,
            event,
            prev,
            stream,
            v: Version(1),
        }
    }

    /// The text that is signed: canonical JSON and a newline.
    ///
    /// # Errors
    /// If it is longer than [`STATEMENT_LIMIT`], or holds what canonical JSON may not.
    pub fn to_text(&self) -> Result<String, ParseError> {
        let mut bytes = canonical::to_vec(self)?;
        bytes.push(b'\n');
        if bytes.len() > STATEMENT_LIMIT {
            return Err(ParseError::TooLarge {
                limit: STATEMENT_LIMIT,
                found: bytes.len(),
            });
        }
        let text =
            String::from_utf8(bytes).map_err(|_| ParseError::NotCanonical { position: 0 })?;
        canonical::check_text(text.trim_end_matches('\n'))?;
        Ok(text)
    }

    /// Signs the statement with these keys: the bytes to submit.
    ///
    /// # Errors
    /// As [`Statement::to_text`]; or if two keys have the same name.
    pub fn sign<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a SigningKey>,
    ) -> Result<Vec<u8>, ParseError> {
        let text = self.to_text()?;
        let mut lines: Vec<_> = keys
            .into_iter()
            .map(|key| key.sign_note_text(&text))
            .collect();
        lines.sort_by(|one, other| one.name().cmp(other.name()));
        let bytes = Note::new(text, lines)?.to_bytes();
        SignedEvent::parse(&bytes)?;
        Ok(bytes)
    }

    /// Reads a statement from its text.
    ///
    /// # Errors
    /// If the text is not the canonical encoding of a statement of version 1.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Self::read(text).map(|(statement, _)| statement)
    }

    /// As [`Statement::parse`], with the event as the JSON that it was read from.
    fn read(text: &str) -> Result<(Self, Value), ParseError> {
        if text.len() > STATEMENT_LIMIT {
            return Err(ParseError::TooLarge {
                limit: STATEMENT_LIMIT,
                found: text.len(),
            });
        }
        let line = text.strip_suffix('\n').ok_or(ParseError::NotCanonical {
            position: text.len(),
        })?;
        canonical::check_text(line)?;
        // Keeping track of the path costs as much as reading: only where something is wrong.
        let mut raw: RawStatement = match serde_json::from_str(line) {
            Ok(raw) => raw,
            Err(_) => {
                let mut json = serde_json::Deserializer::from_str(line);
                serde_path_to_error::deserialize(&mut json).map_err(|e| EventError {
                    path: e.path().to_string(),
                    fault: e.inner().to_string(),
                })?
            }
        };
        if raw.v != 1 {
            return Err(ParseError::Version { found: raw.v });
        }
        let event = Event::read(&mut raw.event)?;
        // What was read is encoded as it was read, and is the value that the event is: so the text is the
        // event's one encoding. Where that is not so at once, the encoding itself says what differs.
        let is_canonical = canonical::is_encoded_as(&raw, &raw.event, line)
            && serde_json::to_value(&event).is_ok_and(|value| value == raw.event);
        let statement = Self::new(raw.stream, raw.prev, raw.at, event);
        if !is_canonical {
            let canonical = canonical::to_vec(&statement)?;
            if canonical != line.as_bytes() {
                let same = canonical.iter().zip(line.bytes());
                let position = same.take_while(|(a, b)| **a == *b).count();
                return Err(ParseError::NotCanonical { position });
            }
        }
        Ok((statement, raw.event))
    }
}

/// Bytes are not a well-formed, canonical signed event. (格式不符)
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Not a signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Holds what canonical JSON may not.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// A field of the event has not its form.
    #[error(transparent)]
    Event(#[from] EventError),
    /// Longer than allowed.
    #[error(
        "内容过长：最多 {limit} 字节，现有 {found} 字节 (at most {limit} bytes, found {found})"
    )]
    TooLarge {
        /// The most that fits, in bytes.
        limit: usize,
        /// How many there are.
        found: usize,
    },
    /// Another version of the form.
    #[error(
        "只认得第 1 版格式，收到第 {found} 版；请升级软件 (only version 1 is known, found {found}; upgrade)"
    )]
    Version {
        /// The version found.
        found: u8,
    },
    /// Well-formed JSON, but not in its canonical form.
    #[error(
        "不是规范编码，从第 {position} 个字节起不同（键序、重复的键、空格、数字写法） (not canonical from byte {position} on: order or repetition of keys, white space, form of numbers)"
    )]
    NotCanonical {
        /// The first byte that differs.
        position: usize,
    },
    /// Signature lines are not in ascending order of their names, each once.
    #[error(
        "签名行须按名字升序、每人一行：{found:?} (signature lines must ascend by name, each name once)"
    )]
    SignatureOrder {
        /// The name that is out of place.
        found: String,
    },
    /// A signature is not of the length of its algorithm.
    #[error("签名长度不对：{name} (the signature of {name} has the wrong length)")]
    SignatureForm {
        /// Whose signature.
        name: String,
    },
    /// The log's own first line is not a time.
    #[error(
        "条目首行应为收到时间，如 2018-03-02T01:31:02Z；实为 {found:?} (an entry begins with the time of receipt)"
    )]
    ReceivedTime {
        /// What was found.
        found: String,
    },
}

/// A well-formed, canonical signed event of which nothing has been verified. (未验证的签名事件)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedEvent {
    note: Note,
    private: Option<FoundIn>,
    statement: Statement,
}

impl SignedEvent {
    /// Reads a signed event.
    ///
    /// # Errors
    /// [`ParseError`], if the bytes are not one, or not in their one canonical form.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        if bytes.len() > NOTE_LIMIT {
            return Err(ParseError::TooLarge {
                limit: NOTE_LIMIT,
                found: bytes.len(),
            });
        }
        let note = Note::parse(bytes)?;
        let mut last: Option<&str> = None;
        for line in note.signatures() {
            if last.is_some_and(|last| last >= line.name()) {
                return Err(ParseError::SignatureOrder {
                    found: line.name().to_owned(),
                });
            }
            if line.signature().len() != 64 {
                return Err(ParseError::SignatureForm {
                    name: line.name().to_owned(),
                });
            }
            last = Some(line.name());
        }
        let (statement, event) = Statement::read(note.text())?;
        Ok(Self {
            note,
            private: privacy::search_json("event", &event),
            statement,
        })
    }

    /// The note: text and signature lines.
    #[must_use]
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// The first private thing in any text of the event, which no log may take.
    #[must_use]
    pub fn private(&self) -> Option<&FoundIn> {
        self.private.as_ref()
    }

    /// The statement.
    #[must_use]
    pub fn statement(&self) -> &Statement {
        &self.statement
    }
}

/// An entry as it stands in a log: when it was received, and the signed event, verbatim. (日志条目)
///
/// Of it nothing has been verified; [`crate::admit`] makes an [`crate::admit::Entry`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedEntry {
    /// When the log received it, by its own clock.
    pub received_at: LogTime,
    /// The signed event.
    pub signed: SignedEvent,
}

impl LoggedEntry {
    /// Reads an entry.
    ///
    /// # Errors
    /// [`ParseError`], if the bytes are not an entry of this version.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let split = bytes
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(bytes.len());
        let (head, rest) = bytes.split_at(split);
        let received_at = core::str::from_utf8(head)
            .ok()
            .and_then(|head| head.parse().ok());
        let found = || String::from_utf8_lossy(&head[..head.len().min(40)]).into_owned();
        let received_at = received_at.ok_or_else(|| ParseError::ReceivedTime { found: found() })?;
        let signed = SignedEvent::parse(rest.get(1..).unwrap_or_default())?;
        Ok(Self {
            received_at,
            signed,
        })
    }
}

/// The bytes of an entry: the time of receipt, a newline, the signed note.
#[must_use]
pub fn entry_bytes(received_at: LogTime, signed: &SignedEvent) -> Vec<u8> {
    let mut text = String::with_capacity(signed.note.text().len() + 256);
    // Writing to a string cannot fail.
    let _ = write!(text, "{received_at}\n{}", signed.note);
    text.into_bytes()
}
