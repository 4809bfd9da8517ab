//! Bodies of the events in the ledger's own stream: founding, roster, charter.

use serde::{Deserialize, Serialize};

use crate::charter::{Charter, VotingBody};
use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::hash::Hash;
use crate::identifier::CreditCode;
use crate::key::VerifierKey;
use crate::name::{MemberId, Origin};
use crate::role::Role;
use crate::roster::Enrolment;
use crate::text::{Line, Paragraph};
use crate::time::{Date, LogTime};

/// The collective that owns the assets. (农村集体经济组织)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Collective {
    /// Its unified social credit code. (统一社会信用代码)
    pub credit_code: CreditCode,
    /// Its full name. (名称)
    pub name: Line,
    /// Where it is: province, city, district, street. (所在地)
    pub region: Line,
    /// Where misuse can be reported: an office's telephone or address. (监督举报方式)
    pub reports_to: Line,
}

/// Entry 0: a ledger begins. (建账)
///
/// Signed by every founding member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LedgerOpened {
    /// The first charter. (章程)
    pub charter: Charter,
    /// Whose ledger it is. (集体经济组织)
    pub collective: Collective,
    /// The first roster. (成员名册)
    pub members: Vec<Enrolment>,
    /// The name of the log. (日志名)
    pub origin: Origin,
    /// Whether this is a training ledger, which every page says. (演示账本)
    pub training: bool,
}

/// A member enters the roster. (成员入册)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MemberEnrolled {
    /// The member, its key and roles. (入册成员)
    pub enrolment: Enrolment,
}

/// A member takes on a role. (任职)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RoleGranted {
    /// Who. (成员代号)
    pub member: MemberId,
    /// Which role. (岗位)
    pub role: Role,
}

/// A member lays down a role. (离任)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RoleEnded {
    /// Who. (成员代号)
    pub member: MemberId,
    /// Why. (原因)
    pub reason: Paragraph,
    /// Which role. (岗位)
    pub role: Role,
}

/// A member's key is replaced. (换钥)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeyRotated {
    /// The new key. (公钥)
    pub key: VerifierKey,
    /// Whose. (成员代号)
    pub member: MemberId,
}

/// A member's key may be in other hands: it counts no more, and what it signed since is marked. (钥匙失控)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeyCompromised {
    /// Which key: the present one, or one that was replaced. (公钥)
    pub key: VerifierKey,
    /// Whose. (成员代号)
    pub member: MemberId,
    /// What happened. (原因)
    pub reason: Paragraph,
    /// Since when, by the log's clock. (自何时起)
    pub since: LogTime,
}

/// How a body voted. (表决结果)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ballot {
    /// How many abstained. (弃权)
    pub abstain: u32,
    /// How many voted against. (反对)
    pub against: u32,
    /// Who decided. (表决主体)
    pub body: VotingBody,
    /// How many have a vote. (应到：有表决权的人数)
    pub eligible: u32,
    /// How many voted for. (赞成)
    pub r#for: u32,
    /// The day of the meeting. (会议日期)
    pub held_on: Date,
    /// How many belong to the body. (全体)
    pub members: u32,
    /// How many took part. (实到：等于赞成、反对、弃权之和)
    pub present: u32,
}

/// A new charter is adopted. (章程修订)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CharterAdopted {
    /// Whether it also governs transactions under way; otherwise these finish under their own.
    /// (是否也适用于进行中的交易)
    pub applies_to_open: bool,
    /// The charter, whole. (章程)
    pub charter: Charter,
    /// Why. (原因)
    pub reason: Paragraph,
    /// How it was voted, where the charter in force asks for a vote. (表决：现行章程要求表决时填写)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vote: Option<Ballot>,
}

/// The log that entries were lost of, and the newest that it is known to have signed. (丢了条目的日志)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LostLog {
    /// Its key, named by its origin. (原日志公钥)
    pub log_key: VerifierKey,
    /// The root that it signed last, as far as is known. (原日志最后签署的树根)
    pub root: Hash,
    /// Its signature on that checkpoint, as on the line of the note. (原日志对该检查点的签名)
    pub signature: Line,
    /// How many entries it had then. (原日志最后签署的条数)
    pub size: u64,
}

impl LostLog {
    /// What the log is known to have signed last.
    #[must_use]
    pub fn of(checkpoint: &SignedCheckpoint, log_key: &VerifierKey) -> Option<Self> {
        let lines = checkpoint.note().signatures();
        let line = lines.iter().find(|line| log_key.is_named_by(line))?;
        let (line, stated) = (line.to_string(), checkpoint.checkpoint());
        let (_, signature) = line.rsplit_once(' ')?;
        Some(Self {
            log_key: log_key.clone(),
            root: *stated.root(),
            signature: signature.parse().ok()?,
            size: stated.size(),
        })
    }

    /// The checkpoint, with its signature verified.
    ///
    /// # Errors
    /// [`CheckpointError`], if the key did not sign it.
    pub fn checkpoint(&self) -> Result<SignedCheckpoint, CheckpointError> {
        let origin = self.log_key.name();
        let stated = Checkpoint::new(origin, self.size, self.root)?;
        let note = format!("{stated}\n\u{2014} {origin} {}\n", self.signature);
        SignedCheckpoint::open(note.as_bytes(), &self.log_key)
    }
}

/// The entries that could be saved: all that stand before the declaration. (保住的条目)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SavedEntries {
    /// The root of their tree. (保住部分的树根)
    pub root: Hash,
    /// How many they are. (保住的条数)
    pub size: u64,
}

/// Acknowledged entries are gone for good: the ledger goes on in a log of another name and key, and says
/// so. (丢失声明)
///
/// The new log begins with the entries that could be saved, byte for byte, and this is the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LossDeclared {
    /// The key of the log that goes on, named by its origin. (新日志公钥)
    pub log_key: VerifierKey,
    /// The log that entries were lost of. (原日志)
    pub lost: LostLog,
    /// What happened, and where was looked. (原因：怎么丢的，找过哪里)
    pub reason: Paragraph,
    /// What could be saved. (保住的部分)
    pub saved: SavedEntries,
}

/// What everybody is to know of a declared loss at first sight. (丢失公示)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LossNotice {
    /// The entry that declares it.
    pub entry: u64,
    /// The first entry that is gone.
    pub first: u64,
    /// The last entry that is known to have been.
    pub last: u64,
    /// The name of the log that they were in.
    pub origin: String,
}

impl LossDeclared {
    /// In short; `entry` is its own place.
    #[must_use]
    pub fn notice(&self, entry: u64) -> LossNotice {
        LossNotice {
            entry,
            first: self.saved.size,
            last: self.lost.size.saturating_sub(1),
            origin: self.lost.log_key.name().to_owned(),
        }
    }
}
