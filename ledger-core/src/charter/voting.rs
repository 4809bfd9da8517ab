//! Who votes, and what share decides. (表决规则)

use serde::{Deserialize, Serialize};

use super::{Basis, TimeRule};

/// Who decides. (表决主体)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum VotingBody {
    /// All members. (成员大会)
    Assembly,
    /// The representatives. (成员代表大会)
    Representatives,
    /// The council. (理事会)
    Council,
}

impl VotingBody {
    /// The name used in the charter and in the log.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Assembly => "assembly",
            Self::Representatives => "representatives",
            Self::Council => "council",
        }
    }
}

/// Of whom a share is counted. (计票基数)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Denominator {
    /// All who belong to the body. (全体)
    Members,
    /// Those of them with a vote: in an assembly, the members with full legal capacity. (应到)
    Eligible,
    /// Those who took part. (到会)
    Present,
}

/// A share that must be reached. (比例要求)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Threshold {
    /// Why this share. (依据)
    pub basis: Basis,
    /// The lower part of the fraction. (分母)
    pub denominator: u32,
    /// Whether exactly this share is too little: "more than half" rather than "two thirds or more".
    /// (须超过：刚好到这个比例不算，如“过半数”)
    pub more_than: bool,
    /// The upper part of the fraction. (分子)
    pub numerator: u32,
    /// Of whom. (以谁为基数)
    pub of: Denominator,
}

impl Threshold {
    /// Whether `count` of `whole` reaches this share.
    #[must_use]
    pub fn is_met(&self, count: u32, whole: u32) -> bool {
        let (have, need) = (
            u64::from(count) * u64::from(self.denominator),
            u64::from(whole) * u64::from(self.numerator),
        );
        if self.more_than {
            have > need
        } else {
            have >= need
        }
    }

    /// The smallest number of `whole` that reaches this share.
    #[must_use]
    pub fn least(&self, whole: u32) -> u32 {
        let need = u64::from(whole) * u64::from(self.numerator);
        let denominator = u64::from(self.denominator.max(1));
        let least = if self.more_than {
            need / denominator + 1
        } else {
            need.div_ceil(denominator)
        };
        u32::try_from(least).unwrap_or(u32::MAX)
    }
}

/// How a body decides. (表决规则)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VotingRule {
    /// The share that must approve. (赞成比例)
    pub approval: Threshold,
    /// Whether it may decide a plan in step 7. (可表决交易方案：第 7 环节可由它表决)
    pub may_decide_plan: bool,
    /// How long before the meeting notice must be given; shown and flagged, not a gate.
    /// (提前通知：会前多久通知；不足会提示，但不拦)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<TimeRule>,
    /// The share that must take part. (到会比例)
    pub participation: Threshold,
}
