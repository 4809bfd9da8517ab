//! Bodies of the events in the ledger's own stream: founding, roster, charter.

use serde::{Deserialize, Serialize};

use crate::charter::{Charter, VotingBody};
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
