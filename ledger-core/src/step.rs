//! The sixteen steps and the three publication points, as one table. (十六环节与三个公开节点)
//!
//! Order and names are fixed by the type; everything else about a step — who answers for it, who
//! co-signs, documents, times — is the charter's. No published text lists 东塱's own sixteen steps:
//! this order and these names are a reconstruction from the rules named in the default charter.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! steps {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $id:literal, $zh:literal, $en:literal;)*) => {
        /// One of the sixteen steps of a transaction. (环节)
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[repr(u8)]
        pub enum Step {
            $($(#[$doc])* #[serde(rename = $id)] $variant = $number,)*
        }

        impl Step {
            /// All sixteen, in order.
            pub const ALL: [Self; 16] = [$(Self::$variant),*];

            /// The name used in the log, the charter and on the command line.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// The Chinese name.
            #[must_use]
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh,)* }
            }

            /// The English name.
            #[must_use]
            pub const fn en(self) -> &'static str {
                match self { $(Self::$variant => $en,)* }
            }
        }
    };
}

steps! {
    /// Step 1. (资产核实)
    AssetVerification = 1, "asset_verification", "资产核实", "Asset verification";
    /// Step 2. (提出交易意向)
    ProposalInitiation = 2, "proposal_initiation", "提出交易意向", "Proposal";
    /// Step 3. (党组织研究)
    PartyReview = 3, "party_review", "党组织研究", "Party review";
    /// Step 4, publication point one. (方案生成前公开)
    PublishPrePlan = 4, "publish_pre_plan", "方案生成前公开", "Publication before the plan";
    /// Step 5. (征求意见与底价评估)
    FeedbackAndValuation = 5, "feedback_and_valuation", "征求意见与底价评估", "Feedback and valuation";
    /// Step 6. (编制交易方案)
    PlanDrafting = 6, "plan_drafting", "编制交易方案", "Plan drafting";
    /// Step 7. (民主表决)
    MemberVote = 7, "member_vote", "民主表决", "Members' vote";
    /// Step 8, publication point two. (方案生成后公开)
    PublishPlan = 8, "publish_plan", "方案生成后公开", "Publication of the plan";
    /// Step 9. (街道审查与定级)
    StreetReview = 9, "street_review", "街道审查与定级", "Street office's review";
    /// Step 10. (发布交易公告)
    ListingNotice = 10, "listing_notice", "发布交易公告", "Listing notice";
    /// Step 11. (报名与资格审核)
    BidderQualification = 11, "bidder_qualification", "报名与资格审核", "Bidder qualification";
    /// Step 12. (竞价 / 评审)
    Bidding = 12, "bidding", "竞价 / 评审", "Bidding";
    /// Step 13. (结果公示与异议)
    ResultAndObjection = 13, "result_and_objection", "结果公示与异议", "Result and objections";
    /// Step 14. (签约备案)
    ContractSigning = 14, "contract_signing", "签约备案", "Contract signing";
    /// Step 15. (交付与款项核对)
    HandoverAndReceipt = 15, "handover_and_receipt", "交付与款项核对", "Handover and receipt";
    /// Step 16, publication point three. (交易完成公开与归档)
    PublishCompletion = 16, "publish_completion", "交易完成公开与归档", "Publication of completion";
}

impl Step {
    /// Its place, 1 to 16.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The step at a place, if `number` is 1 to 16.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// The step that follows, or `None` after the last.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::from_number(self.number() + 1)
    }

    /// Whether a charter may let it be left out at all: not the asset, the party's study, the plan, the
    /// contract, nor a publication.
    #[must_use]
    pub const fn may_be_waived(self) -> bool {
        !matches!(
            self,
            Self::AssetVerification
                | Self::PartyReview
                | Self::PublishPrePlan
                | Self::PlanDrafting
                | Self::PublishPlan
                | Self::ContractSigning
                | Self::PublishCompletion
        )
    }

    /// The publication point that this step is, if it is one.
    #[must_use]
    pub const fn publication_point(self) -> Option<PublicationPoint> {
        match self {
            Self::PublishPrePlan => Some(PublicationPoint::PrePlan),
            Self::PublishPlan => Some(PublicationPoint::Plan),
            Self::PublishCompletion => Some(PublicationPoint::Completion),
            _ => None,
        }
    }
}

/// No step or publication point has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "没有名为 {found:?} 的{what}；可用：{expected} (no {what} of that name; one of: {expected})"
)]
pub struct UnknownName {
    /// What was looked for.
    pub what: &'static str,
    /// The names there are.
    pub expected: String,
    /// The name that was found.
    pub found: String,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Step {
    type Err = UnknownName;
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|step| step.id() == text)
            .ok_or_else(|| UnknownName {
                what: "环节",
                expected: Self::ALL.map(Self::id).join(", "),
                found: text.chars().take(80).collect(),
            })
    }
}

/// One of the three moments at which a transaction is published. (公开节点)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum PublicationPoint {
    /// Before the plan is made: step 4. (方案生成前)
    PrePlan,
    /// After the plan is made: step 8. (方案生成后)
    Plan,
    /// After completion: step 16. (交易完成后)
    Completion,
}

impl PublicationPoint {
    /// All three, in order.
    pub const ALL: [Self; 3] = [Self::PrePlan, Self::Plan, Self::Completion];

    /// The step that makes this publication.
    #[must_use]
    pub const fn step(self) -> Step {
        match self {
            Self::PrePlan => Step::PublishPrePlan,
            Self::Plan => Step::PublishPlan,
            Self::Completion => Step::PublishCompletion,
        }
    }

    /// The name used in the log and in the address of a notice.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::PrePlan => "pre_plan",
            Self::Plan => "plan",
            Self::Completion => "completion",
        }
    }
}

impl fmt::Display for PublicationPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for PublicationPoint {
    type Err = UnknownName;
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|point| point.id() == text)
            .ok_or_else(|| UnknownName {
                what: "公开节点",
                expected: Self::ALL.map(Self::id).join(", "),
                found: text.chars().take(80).collect(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_round_trips() {
        for (place, step) in (1u8..).zip(Step::ALL) {
            assert_eq!(
                (step.number(), Step::from_number(place)),
                (place, Some(step))
            );
            assert_eq!(step.id().parse(), Ok(step));
            assert_eq!(serde_json::to_value(step).unwrap(), step.id());
        }
        assert_eq!((Step::from_number(0), Step::from_number(17)), (None, None));
        assert_eq!(
            PublicationPoint::ALL.map(|point| point.step().number()),
            [4, 8, 16]
        );
        assert!(
            PublicationPoint::ALL
                .iter()
                .all(|p| p.step().publication_point() == Some(*p))
        );
    }
}
