//! One draft: a statement that waits for signatures, as it is kept and as it went. (待签草稿)
//!
//! A file of its own, replaced as a whole. The statement is kept as the exact text that is signed, and the
//! signatures as the very lines that will stand below it: what was signed is never made again from parts.

use std::str::FromStr;

use data_encoding::HEXLOWER;
use ledger_core::event::{ParseError, SignedEvent, Statement};
use ledger_core::hash::Digest;
use ledger_core::note::{Note, SignatureLine};
use ledger_core::store::local::DocumentName;
use ledger_core::{LogTime, MemberId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How long a draft waits for its signatures, in seconds: 14 days since it was begun.
pub(crate) const LIFE_SECONDS: u64 = 14 * 86_400;

/// How many bytes of a digest name a draft.
const ID_BYTES: usize = 16;

/// The name of a draft: the beginning of the digest of what it first said, and so hard to guess, though
/// nothing depends on that.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct DraftId(String);

impl DraftId {
    fn of(text: &str) -> Self {
        let digest = Digest::of(text.as_bytes());
        Self(HEXLOWER.encode(&digest.as_bytes()[..ID_BYTES]))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Not the name of a draft.
#[derive(Debug, thiserror::Error)]
#[error(
    "草稿编号应为 32 个十六进制小写字符 (a draft is named by 32 lower-case hexadecimal digits)"
)]
pub(crate) struct NotAnId;

impl FromStr for DraftId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 2 * ID_BYTES && text.bytes().all(is_hex) {
            return Ok(Self(text.to_owned()));
        }
        Err(NotAnId)
    }
}

impl TryFrom<String> for DraftId {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

impl From<DraftId> for String {
    fn from(id: DraftId) -> Self {
        id.0
    }
}

/// How a draft ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "state")]
pub(crate) enum Ended {
    /// It stands in the log.
    Entered {
        /// Its entry.
        index: u64,
    },
    /// Nobody wants it any more.
    Withdrawn {
        /// Who took it back.
        #[schema(value_type = String)]
        by: MemberId,
        /// Why, if that was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// It waited too long.
    Expired,
}

/// That a draft was put behind what had entered its stream meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rebased {
    /// When.
    #[schema(value_type = String)]
    pub(crate) at: LogTime,
    /// Who had signed what it said before, and is asked again.
    #[schema(value_type = Vec<String>)]
    pub(crate) asked_again: Vec<MemberId>,
    /// How many entries the log had when it was first drafted: what is newer, nobody knew then.
    pub(crate) since: u64,
}

/// A draft.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) id: DraftId,
    pub(crate) author: MemberId,
    pub(crate) begun_at: LogTime,
    /// How many entries the log had when the statement was made.
    pub(crate) size: u64,
    pub(crate) statement: Statement,
    /// The statement's exact text.
    pub(crate) text: String,
    /// The lines below it, by member, in the order of the lines' names.
    pub(crate) signatures: Vec<(MemberId, SignatureLine)>,
    /// What is published with it, as canonical JSON.
    pub(crate) disclosure: Option<String>,
    pub(crate) rebased: Option<Rebased>,
    pub(crate) ended: Option<Ended>,
}

/// A draft as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    author: MemberId,
    begun_at: LogTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disclosure: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<Ended>,
    id: DraftId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rebased: Option<Rebased>,
    signatures: Vec<(MemberId, String)>,
    size: u64,
    statement: String,
    v: u8,
}

/// A file is no draft.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoDraft {
    /// Not the JSON of a draft.
    #[error("不是草稿文件 (no draft): {0}")]
    Json(#[from] serde_json::Error),
    /// Its statement is none.
    #[error(transparent)]
    Statement(#[from] ParseError),
    /// One of its lines is none.
    #[error(transparent)]
    Line(#[from] ledger_core::note::NoteError),
    /// Another version.
    #[error("只认得第 1 版草稿，实为第 {0} 版 (only version 1 is known, found {0})")]
    Version(u8),
}

impl Draft {
    /// A new draft of this statement, which nobody has signed.
    pub(crate) fn new(
        author: MemberId,
        (begun_at, size): (LogTime, u64),
        statement: Statement,
        disclosure: Option<String>,
    ) -> Result<Self, ParseError> {
        let text = statement.to_text()?;
        Ok(Self {
            id: DraftId::of(&text),
            author,
            begun_at,
            size,
            statement,
            text,
            signatures: Vec::new(),
            disclosure,
            rebased: None,
            ended: None,
        })
    }

    /// Who has signed.
    pub(crate) fn signers(&self) -> Vec<MemberId> {
        self.signatures
            .iter()
            .map(|(member, _)| member.clone())
            .collect()
    }

    /// Puts a line below the statement, in its place.
    pub(crate) fn add(&mut self, member: MemberId, line: SignatureLine) {
        self.signatures.push((member, line));
        self.signatures
            .sort_by(|one, other| one.1.name().cmp(other.1.name()));
    }

    /// What would be submitted: the text with its lines; `None` while nobody has signed.
    pub(crate) fn note(&self) -> Option<Vec<u8>> {
        let lines = self.signatures.iter().map(|(_, line)| line.clone());
        let note = Note::new(self.text.clone(), lines.collect()).ok()?;
        let bytes = note.to_bytes();
        SignedEvent::parse(&bytes).is_ok().then_some(bytes)
    }

    /// How many entries the log had when it was first drafted.
    pub(crate) fn since(&self) -> u64 {
        let rebased = self.rebased.as_ref();
        rebased.map_or(self.size, |rebased| rebased.since)
    }

    /// Until when it waits.
    pub(crate) fn expires_at(&self) -> LogTime {
        self.begun_at.plus_seconds(LIFE_SECONDS)
    }

    /// The documents that it names.
    pub(crate) fn documents(&self) -> Vec<DocumentName> {
        let documents = self.statement.event.documents();
        documents.iter().map(DocumentName::from).collect()
    }

    /// As it is written.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let line = |(member, line): &(MemberId, SignatureLine)| (member.clone(), line.to_string());
        let written = Written {
            author: self.author.clone(),
            begun_at: self.begun_at,
            disclosure: self.disclosure.clone(),
            ended: self.ended.clone(),
            id: self.id.clone(),
            rebased: self.rebased.clone(),
            signatures: self.signatures.iter().map(line).collect(),
            size: self.size,
            statement: self.text.clone(),
            v: 1,
        };
        serde_json::to_vec(&written).unwrap_or_default()
    }

    /// Reads what was written.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, NoDraft> {
        let written: Written = serde_json::from_slice(bytes)?;
        if written.v != 1 {
            return Err(NoDraft::Version(written.v));
        }
        let line = |(member, line): (MemberId, String)| {
            Ok::<_, ledger_core::note::NoteError>((member, line.parse()?))
        };
        let signatures = written.signatures.into_iter().map(line);
        Ok(Self {
            id: written.id,
            author: written.author,
            begun_at: written.begun_at,
            size: written.size,
            statement: Statement::parse(&written.statement)?,
            text: written.statement,
            signatures: signatures.collect::<Result<_, _>>()?,
            disclosure: written.disclosure,
            rebased: written.rebased,
            ended: written.ended,
        })
    }
}
