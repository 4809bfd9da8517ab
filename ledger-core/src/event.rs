//! Events and the statements that carry them: what is signed. (事件)
//!
//! `SignedEvent::parse` is the only way from bytes to an event. The bytes received must equal the
//! canonical encoding of what was parsed from them, so an event has exactly one text. Knows nothing
//! of who may sign what, or when. Follows C2SP signed-note and RFC 8785; see `FORMAT.md`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::name::StreamId;
use crate::record;
use crate::record::Record;
use crate::step::Step;

mod ledger;
mod statement;

pub use ledger::{
    Ballot, CharterAdopted, Collective, KeyCompromised, KeyRotated, LedgerOpened, LossDeclared,
    LossNotice, LostLog, MemberEnrolled, RoleEnded, RoleGranted, SavedEntries,
};
pub use statement::{
    ENTRY_LIMIT, LoggedEntry, NOTE_LIMIT, ParseError, STATEMENT_LIMIT, SignedEvent, Statement,
    entry_bytes,
};

/// In whose stream an event belongs. (所属事件流)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// The ledger's own.
    Ledger,
    /// A transaction's.
    Transaction,
    /// A concern's.
    Concern,
    /// The ledger's own or a transaction's, by what it is about.
    LedgerOrTransaction,
    /// The one in which what it is about stands.
    Any,
}

impl Home {
    /// Whether `stream` is such a stream.
    #[must_use]
    pub const fn takes(self, stream: &StreamId) -> bool {
        match stream {
            StreamId::Ledger => {
                matches!(self, Self::Ledger | Self::LedgerOrTransaction | Self::Any)
            }
            StreamId::Transaction(_) => {
                matches!(
                    self,
                    Self::Transaction | Self::LedgerOrTransaction | Self::Any
                )
            }
            StreamId::Concern(_) => matches!(self, Self::Concern | Self::Any),
        }
    }

    /// The form of such a stream's name.
    #[must_use]
    pub const fn form(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Transaction => "transaction/<id>",
            Self::Concern => "concern/<id>",
            Self::LedgerOrTransaction => "ledger, transaction/<id>",
            Self::Any => "ledger, transaction/<id>, concern/<id>",
        }
    }
}

/// What sort of event it is: which room of the rules judges it. (事件类属)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Founding, roster, charter. (名册与章程)
    Ledger,
    /// One of the sixteen steps. (环节)
    Step,
    /// A posting on a channel. (张贴)
    Posting,
    /// A waiver, a return, a correction, the end. (变更经过)
    Detour,
    /// What a contract lives through. (合同履行)
    Contract,
    /// What those who look on record. (监督事项)
    Oversight,
    /// A resident's concern. (群众意见)
    Concern,
}

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident($body:ty) in $home:ident of $family:ident = $kind:literal, $zh:literal, $en:literal;)*) => {
        /// What happened. (事件)
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(tag = "kind")]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum Event {
            $($(#[$doc])* #[serde(rename = $kind)] $variant($body),)*
        }

        impl Event {
            /// The names of all kinds of event.
            pub const KINDS: &'static [&'static str] = &[$($kind),*];

            /// The name of its kind.
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => $kind,)* }
            }

            /// The Chinese name of its kind.
            #[must_use]
            pub const fn zh(&self) -> &'static str {
                match self { $(Self::$variant(_) => $zh,)* }
            }

            /// The English name of its kind.
            #[must_use]
            pub const fn en(&self) -> &'static str {
                match self { $(Self::$variant(_) => $en,)* }
            }

            /// In whose stream it belongs.
            #[must_use]
            pub const fn home(&self) -> Home {
                match self { $(Self::$variant(_) => Home::$home,)* }
            }

            /// In whose stream events of a kind belong; `None` if there is no such kind.
            #[must_use]
            pub fn home_of(kind: &str) -> Option<Home> {
                match kind {
                    $($kind => Some(Home::$home),)*
                    _ => None,
                }
            }

            /// What sort of event it is.
            #[must_use]
            pub const fn family(&self) -> Family {
                match self { $(Self::$variant(_) => Family::$family,)* }
            }

            /// The Chinese and the English name of a kind; `None` if there is no such kind.
            #[must_use]
            pub fn names_of(kind: &str) -> Option<[&'static str; 2]> {
                match kind {
                    $($kind => Some([$zh, $en]),)*
                    _ => None,
                }
            }

            /// What sort of event those of a kind are; `None` if there is no such kind.
            #[must_use]
            pub fn family_of(kind: &str) -> Option<Family> {
                match kind {
                    $($kind => Some(Family::$family),)*
                    _ => None,
                }
            }

            /// Reads an event from JSON, `kind` included.
            ///
            /// # Errors
            /// [`EventError`] names the field that is unknown, missing or of the wrong form.
            pub fn from_value(mut value: Value) -> Result<Self, EventError> {
                Self::read(&mut value)
            }

            /// As [`Event::from_value`]; leaves the value as it was, unless there is an error.
            fn read(value: &mut Value) -> Result<Self, EventError> {
                let taken = value.as_object_mut().and_then(|map| map.remove_entry("kind"));
                let kind = taken.as_ref().and_then(|(_, kind)| kind.as_str());
                let event = match kind {
                    $(Some($kind) => body(value).map(Self::$variant),)*
                    _ => Err(EventError {
                        path: "event.kind".to_owned(),
                        fault: format!(
                            "没有这种事件；可用 (no such kind; one of): {}; found {}",
                            Self::KINDS.join(", "),
                            kind.map_or(Value::Null, Value::from)
                        ),
                    }),
                }?;
                if let (Some(map), Some((key, kind))) = (value.as_object_mut(), taken) {
                    map.insert(key, kind);
                }
                Ok(event)
            }
        }
    };
}

fn body<T: DeserializeOwned>(value: &Value) -> Result<T, EventError> {
    // Keeping track of the path costs as much as reading: only where something is wrong.
    if let Ok(body) = T::deserialize(value) {
        return Ok(body);
    }
    serde_path_to_error::deserialize(value).map_err(|e| {
        // The path of a field that is missing is that of the object it is missing from.
        let path = match e.path().to_string().as_str() {
            "." => "event".to_owned(),
            inner => format!("event.{inner}"),
        };
        EventError {
            path,
            fault: e.inner().to_string(),
        }
    })
}

events! {
    /// 建账
    LedgerOpened(Box<LedgerOpened>) in Ledger of Ledger = "ledger_opened", "建账", "ledger opened";
    /// 成员入册
    MemberEnrolled(MemberEnrolled) in Ledger of Ledger = "member_enrolled", "成员入册", "member enrolled";
    /// 任职
    RoleGranted(RoleGranted) in Ledger of Ledger = "role_granted", "任职", "role granted";
    /// 离任
    RoleEnded(RoleEnded) in Ledger of Ledger = "role_ended", "离任", "role ended";
    /// 换钥
    KeyRotated(KeyRotated) in Ledger of Ledger = "key_rotated", "更换钥匙", "key rotated";
    /// 钥匙失控
    KeyCompromised(KeyCompromised) in Ledger of Ledger = "key_compromised", "钥匙失控", "key compromised";
    /// 章程修订
    CharterAdopted(Box<CharterAdopted>) in Ledger of Ledger = "charter_adopted", "章程修订", "charter adopted";
    /// 丢失声明
    LossDeclared(Box<LossDeclared>) in Ledger of Ledger = "loss_declared", "丢失声明", "loss declared";
    /// 资产核实
    AssetVerification(record::AssetVerification) in Transaction of Step = "asset_verification", "资产核实", "asset verification";
    /// 提出交易意向
    ProposalInitiation(record::ProposalInitiation) in Transaction of Step = "proposal_initiation", "提出交易意向", "proposal";
    /// 党组织研究
    PartyReview(record::PartyReview) in Transaction of Step = "party_review", "党组织研究", "party review";
    /// 方案生成前公开
    PublishPrePlan(record::Publication) in Transaction of Step = "publish_pre_plan", "方案生成前公开", "publication before the plan";
    /// 征求意见与底价评估
    FeedbackAndValuation(record::FeedbackAndValuation) in Transaction of Step = "feedback_and_valuation", "征求意见与底价评估", "feedback and valuation";
    /// 编制交易方案
    PlanDrafting(record::PlanDrafting) in Transaction of Step = "plan_drafting", "编制交易方案", "plan drafting";
    /// 民主表决
    MemberVote(record::MemberVote) in Transaction of Step = "member_vote", "民主表决", "members' vote";
    /// 方案生成后公开
    PublishPlan(record::Publication) in Transaction of Step = "publish_plan", "方案生成后公开", "publication of the plan";
    /// 街道审查与定级
    StreetReview(record::StreetReview) in Transaction of Step = "street_review", "街道审查与定级", "street office's review";
    /// 发布交易公告
    ListingNotice(record::ListingNotice) in Transaction of Step = "listing_notice", "发布交易公告", "listing notice";
    /// 报名与资格审核
    BidderQualification(record::BidderQualification) in Transaction of Step = "bidder_qualification", "报名与资格审核", "bidder qualification";
    /// 竞价 / 评审
    Bidding(record::Bidding) in Transaction of Step = "bidding", "竞价 / 评审", "bidding";
    /// 结果公示与异议
    ResultAndObjection(record::ResultAndObjection) in Transaction of Step = "result_and_objection", "结果公示与异议", "result and objections";
    /// 签约备案
    ContractSigning(record::ContractSigning) in Transaction of Step = "contract_signing", "签约备案", "contract signing";
    /// 交付与款项核对
    HandoverAndReceipt(record::HandoverAndReceipt) in Transaction of Step = "handover_and_receipt", "交付与款项核对", "handover and receipt";
    /// 交易完成公开与归档
    PublishCompletion(record::Publication) in Transaction of Step = "publish_completion", "交易完成公开与归档", "publication of completion";
    /// 渠道张贴
    ChannelPosted(record::ChannelPosted) in Transaction of Posting = "channel_posted", "渠道张贴", "posted on a channel";
    /// 环节豁免
    StepWaived(record::StepWaived) in Transaction of Detour = "step_waived", "环节豁免", "step waived";
    /// 退回
    Returned(record::Returned) in Transaction of Detour = "returned", "退回", "returned";
    /// 更正
    Corrected(record::Corrected) in Transaction of Detour = "corrected", "更正", "corrected";
    /// 终止
    Terminated(record::Terminated) in Transaction of Detour = "terminated", "交易终止", "terminated";
    /// 存量合同登记
    ContractTakenOver(Box<record::ContractTakenOver>) in Transaction of Contract = "contract_taken_over", "存量合同登记", "contract taken over";
    /// 应收应付登记
    PaymentDue(record::PaymentDue) in Transaction of Contract = "payment_due", "应收应付登记", "payment due";
    /// 收款
    PaymentReceived(record::PaymentReceived) in Transaction of Contract = "payment_received", "收款", "payment received";
    /// 付款
    PaymentMade(record::PaymentMade) in Transaction of Contract = "payment_made", "付款", "payment made";
    /// 合同变更
    ContractAmended(record::ContractAmended) in Transaction of Contract = "contract_amended", "合同变更", "contract amended";
    /// 合同续签
    ContractRenewed(record::ContractRenewed) in Transaction of Contract = "contract_renewed", "合同续签", "contract renewed";
    /// 合同提前终止
    ContractTerminated(record::ContractTerminated) in Transaction of Contract = "contract_terminated", "合同提前终止", "contract terminated";
    /// 到期收回
    AssetReturned(record::AssetReturned) in Transaction of Contract = "asset_returned", "到期收回", "asset returned";
    /// 第三方意见
    OpinionGiven(record::OpinionGiven) in Transaction of Oversight = "opinion_given", "第三方意见", "third party's opinion";
    /// 廉洁协议
    IntegrityAgreed(record::IntegrityAgreed) in Transaction of Oversight = "integrity_agreed", "廉洁协议", "agreement on integrity";
    /// 会议
    MeetingHeld(record::MeetingHeld) in LedgerOrTransaction of Oversight = "meeting_held", "会议", "meeting";
    /// 街道发现问题
    FindingRaised(record::FindingRaised) in LedgerOrTransaction of Oversight = "finding_raised", "街道发现问题", "street office's finding";
    /// 整改答复
    FindingAnswered(record::FindingAnswered) in LedgerOrTransaction of Oversight = "finding_answered", "整改答复", "answer to a finding";
    /// 定期确认
    PeriodAttested(record::PeriodAttested) in Ledger of Oversight = "period_attested", "定期确认", "period attested";
    /// 亲属申报
    RelativeDeclared(record::RelativeDeclared) in Ledger of Oversight = "relative_declared", "亲属申报", "relative declared";
    /// 不公开材料销毁
    DocumentErased(record::DocumentErased) in Any of Oversight = "document_erased", "不公开材料销毁", "private document erased";
    /// 群众意见
    ConcernRaised(record::ConcernRaised) in Concern of Concern = "concern_raised", "群众意见", "concern raised";
    /// 意见答复
    ConcernAnswered(record::ConcernAnswered) in Concern of Concern = "concern_answered", "意见答复", "concern answered";
    /// 意见办结
    ConcernClosed(record::ConcernClosed) in Concern of Concern = "concern_closed", "意见办结", "concern closed";
    /// 意见屏蔽
    ConcernHidden(record::ConcernHidden) in Concern of Concern = "concern_hidden", "意见屏蔽", "concern hidden";
    /// 意见评价
    ConcernRated(record::ConcernRated) in Concern of Concern = "concern_rated", "意见评价", "concern rated";
}

/// An event that records one of the sixteen steps, as the step and what all records share.
#[derive(Clone, Copy)]
pub struct StepView<'a> {
    /// The step.
    pub step: Step,
    /// Its record.
    pub record: &'a dyn Record,
}

impl Event {
    /// The step that this event records, if it records one.
    #[must_use]
    pub fn step(&self) -> Option<StepView<'_>> {
        let (step, record): (Step, &dyn Record) = match self {
            Self::AssetVerification(record) => (Step::AssetVerification, record),
            Self::ProposalInitiation(record) => (Step::ProposalInitiation, record),
            Self::PartyReview(record) => (Step::PartyReview, record),
            Self::PublishPrePlan(record) => (Step::PublishPrePlan, record),
            Self::FeedbackAndValuation(record) => (Step::FeedbackAndValuation, record),
            Self::PlanDrafting(record) => (Step::PlanDrafting, record),
            Self::MemberVote(record) => (Step::MemberVote, record),
            Self::PublishPlan(record) => (Step::PublishPlan, record),
            Self::StreetReview(record) => (Step::StreetReview, record),
            Self::ListingNotice(record) => (Step::ListingNotice, record),
            Self::BidderQualification(record) => (Step::BidderQualification, record),
            Self::Bidding(record) => (Step::Bidding, record),
            Self::ResultAndObjection(record) => (Step::ResultAndObjection, record),
            Self::ContractSigning(record) => (Step::ContractSigning, record),
            Self::HandoverAndReceipt(record) => (Step::HandoverAndReceipt, record),
            Self::PublishCompletion(record) => (Step::PublishCompletion, record),
            _ => return None,
        };
        Some(StepView { step, record })
    }

    /// Its body, if it records something done: all but what changes the ledger itself and postings.
    #[must_use]
    pub fn record(&self) -> Option<&dyn Record> {
        if let Some(view) = self.step() {
            return Some(view.record);
        }
        Some(match self {
            Self::StepWaived(record) => record,
            Self::Returned(record) => record,
            Self::Corrected(record) => record,
            Self::Terminated(record) => record,
            Self::ContractTakenOver(record) => &**record,
            Self::PaymentDue(record) => record,
            Self::PaymentReceived(record) => record,
            Self::PaymentMade(record) => record,
            Self::ContractAmended(record) => record,
            Self::ContractRenewed(record) => record,
            Self::ContractTerminated(record) => record,
            Self::AssetReturned(record) => record,
            Self::OpinionGiven(record) => record,
            Self::IntegrityAgreed(record) => record,
            Self::MeetingHeld(record) => record,
            Self::FindingRaised(record) => record,
            Self::FindingAnswered(record) => record,
            Self::PeriodAttested(record) => record,
            Self::RelativeDeclared(record) => record,
            Self::DocumentErased(record) => record,
            Self::ConcernRaised(record) => record,
            Self::ConcernAnswered(record) => record,
            Self::ConcernClosed(record) => record,
            Self::ConcernHidden(record) => record,
            Self::ConcernRated(record) => record,
            _ => return None,
        })
    }

    /// This event with one field corrected.
    ///
    /// # Errors
    /// [`EventError`] if there is no such field, or the value does not fit it.
    pub fn corrected(&self, correction: &record::Corrected) -> Result<Self, EventError> {
        let at = |fault: String| EventError {
            path: format!("event{}", correction.field.as_str().replace('/', ".")),
            fault,
        };
        let value = serde_json::to_value(self).map_err(|e| at(e.to_string()))?;
        let value = correction
            .field
            .set(value, correction.value.clone())
            .ok_or_else(|| at("没有这个字段 (there is no such field)".to_owned()))?;
        let corrected = Self::from_value(value)?;
        if corrected.kind() != self.kind() {
            return Err(at(
                "事件种类不能更正 (the kind of an event cannot be corrected)".to_owned(),
            ));
        }
        if corrected == *self {
            return Err(at("与原值相同 (that is its value already)".to_owned()));
        }
        Ok(corrected)
    }

    /// What the event publishes, if it is one of the three publications.
    #[must_use]
    pub fn publication(&self) -> Option<&record::Publication> {
        match self {
            Self::PublishPrePlan(record)
            | Self::PublishPlan(record)
            | Self::PublishCompletion(record) => Some(record),
            _ => None,
        }
    }

    /// The documents that the event names.
    #[must_use]
    pub fn documents(&self) -> &[record::DocumentRef] {
        match (self, self.record()) {
            (_, Some(record)) => record.documents(),
            (Self::ChannelPosted(posted), _) => &posted.documents,
            _ => &[],
        }
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A field of an event is unknown, missing, or not of its form. (字段有误)
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}：{fault}")]
pub struct EventError {
    /// The field, as in `event.asset.area.value`.
    pub path: String,
    /// What is wrong with it.
    pub fault: String,
}
