//! What each of the sixteen steps records. (各环节的记录内容)
//!
//! Bodies of step events: typed, parsed once. Checks that a record can make on its own stand here
//! ([`Record::inconsistency`]); checks against charter and history are in [`crate::admit`].

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::category::labelled;
pub use crate::category::{AssetKind, Category, Method};
use crate::charter::VotingBody;
use crate::hash::{Commitment, Digest};
use crate::money::{Area, Fen, Price};
use crate::name::Label;
use crate::role::Role;
use crate::text::{Line, Paragraph};
use crate::time::Date;

/// A document named by an event. (材料)
///
/// Its bytes are kept outside the log; its digest, or a commitment to it, is what was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "access", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum DocumentRef {
    /// Anyone may read it.
    Public {
        /// Which of the charter's documents it is. (材料种类)
        kind: Label,
        /// The SHA-256 of its bytes. (内容摘要)
        sha256: Digest,
        /// Its length in bytes. (字节数)
        size_bytes: u32,
        /// Its name for people. (名称)
        title: Line,
    },
    /// Only some may read it; whoever reads the log knows no more than that it exists. (不公开)
    ///
    /// Its length is left out: it would stay when the document is erased, and narrow down what it was.
    Private {
        /// The salted commitment to its bytes: see [`crate::commitment`]. (承诺)
        commitment: Commitment,
        /// Which of the charter's documents it is. (材料种类)
        kind: Label,
        /// Whoever holds one of these roles may read it. (可查阅的岗位)
        readers: BTreeSet<Role>,
        /// Its name for people, which is public. (名称)
        title: Line,
    },
}

impl DocumentRef {
    /// Which of the charter's documents it is.
    #[must_use]
    pub fn kind(&self) -> &Label {
        match self {
            Self::Public { kind, .. } | Self::Private { kind, .. } => kind,
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn title(&self) -> &Line {
        match self {
            Self::Public { title, .. } | Self::Private { title, .. } => title,
        }
    }
}

/// The kind of the private document that holds a resident's own words. (意见原文)
pub const CONCERN_TEXT: &str = "concern_text";

/// A record whose own parts contradict each other. (记录自相矛盾)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inconsistency {
    /// The field.
    pub field: &'static str,
    /// What would be accepted.
    pub expected: String,
    /// What was found.
    pub found: String,
}

fn inconsistent(
    field: &'static str,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> Option<Inconsistency> {
    Some(Inconsistency {
        field,
        expected: expected.into(),
        found: found.into(),
    })
}

/// What a contract's parties and its term must be.
fn unfit_deed(parties: &[Line], start: Option<Date>, end: Option<Date>) -> Option<Inconsistency> {
    if parties.len() < 2 {
        let found = parties.len().to_string();
        return inconsistent("parties", "至少两方 (at least two)", found);
    }
    match (start, end) {
        (Some(start), Some(end)) if end < start => {
            inconsistent("term_end", format!("≥ {start}"), end.to_string())
        }
        (Some(_), None) => {
            inconsistent("term_end", "与 term_start 同时填写 (both or neither)", "—")
        }
        (None, Some(_)) => {
            inconsistent("term_start", "与 term_end 同时填写 (both or neither)", "—")
        }
        _ => None,
    }
}

/// What the bodies of all events have in common that record something done.
pub trait Record {
    /// What was done, in one paragraph. (摘要)
    fn summary(&self) -> &Paragraph;
    /// The documents that go with it. (材料)
    fn documents(&self) -> &[DocumentRef];
    /// The days on which it says that something happened, by field: none may lie in the future.
    fn days(&self) -> Vec<(&'static str, Date)> {
        Vec::new()
    }
    /// The first contradiction between its own fields, if there is one.
    fn inconsistency(&self) -> Option<Inconsistency> {
        None
    }
}

/// The body of an event: its fields, the one that tells in a paragraph what it is about, and its
/// documents, which all have.
macro_rules! record {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* } tells $told:ident; $(days $days:expr;)? $(check $check:expr)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            /// The documents that go with it. (材料)
            pub documents: Vec<DocumentRef>,
        }

        impl Record for $name {
            fn summary(&self) -> &Paragraph {
                &self.$told
            }
            fn documents(&self) -> &[DocumentRef] {
                &self.documents
            }
            $(fn days(&self) -> Vec<(&'static str, Date)> {
                let days: fn(&Self) -> Vec<(&'static str, Date)> = $days;
                days(self)
            })?
            $(fn inconsistency(&self) -> Option<Inconsistency> {
                let check: fn(&Self) -> Option<Inconsistency> = $check;
                check(self)
            })?
        }
    };
}

/// The body of a step: a record with a summary.
macro_rules! step_record {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* } $(days $days:expr;)? $(check $check:expr)?) => {
        record! {
            $(#[$doc])*
            $name {
                $($(#[$field_doc])* $field: $type,)*
                /// What was done, in one paragraph. (摘要：一两句话说清办了什么，公开时先显示它)
                summary: Paragraph,
            }
            tells summary;
            $(days $days;)?
            $(check $check)?
        }
    };
}

/// The asset that is dealt in. (交易标的)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Asset {
    /// Its area, where it has one. (面积：没有面积的不填)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<Area>,
    /// Its value in the books, in fen. (账面价值：台账上的数，没有填 0)
    pub book_value_fen: Fen,
    /// The contract that binds it now, if any. (现有合同：合同编号或承租人，没有就跳过)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_contract: Option<Line>,
    /// What it is used for now. (现状用途：现在谁在用、作什么用)
    pub current_use: Line,
    /// Which of the three 资 it is. (类别：资金、资产还是资源)
    pub kind: AssetKind,
    /// Where it is. (坐落：写到门牌或四至)
    pub location: Line,
    /// What it is called. (名称：台账上的名称)
    pub name: Line,
    /// Whose it is, and by which title. (权属：归谁所有，凭什么证件)
    pub ownership: Line,
}

step_record! {
    /// Step 1: the asset, its title, area and present contract. (资产核实)
    AssetVerification {
        /// The asset. (标的)
        asset: Asset,
    }
}

mod concern;
mod contract;
mod detour;
mod oversight;
mod trade;

pub use concern::{
    ConcernAnswered, ConcernClosed, ConcernHidden, ConcernRaised, ConcernRated, ConcernSubject,
    Outcome,
};
pub use contract::{
    AccountKind, AssetReturned, ContractAmended, ContractRenewed, ContractTakenOver,
    ContractTerminated, Direction, Due, PaymentDue, PaymentMade, PaymentReceived,
};
pub use detour::{Corrected, FieldPath, Returned, StepWaived, Terminated};
pub use oversight::{
    Attendance, DocumentErased, FindingAnswered, FindingRaised, IntegrityAgreed, MeetingHeld,
    OpinionField, OpinionGiven, PeriodAttested, RelativeDeclared,
};
pub(crate) use trade::voucher_key;
pub use trade::{
    Applicant, BidderQualification, Bidding, BiddingOutcome, ContractSigning, HandoverAndReceipt,
    ListingNotice, PlatformLevel, ReceivedAmount, ResultAndObjection, StreetReview,
};

step_record! {
    /// Step 2: the intention to deal. (提出交易意向)
    ProposalInitiation {
        /// What kind of dealing. (类别：这笔交易属于哪一类)
        category: Category,
        /// The term expected, in months, where there is one. (预期期限：没有期限的跳过)
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expected_term_months: Option<u32>,
        /// How the other party is to be found. (拟用方式：打算怎样确定对方)
        method: Method,
        /// Why. (理由：为什么要办，成员会看到)
        reason: Paragraph,
    }
}

/// A body's answer. (结论)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Conclusion {
    /// Agreed. (同意)
    Agreed {},
    /// Agreed under conditions. (有条件同意)
    AgreedWithConditions {
        /// The conditions. (条件)
        conditions: Paragraph,
    },
}

step_record! {
    /// Step 3: the party organisation's study. (党组织研究)
    PartyReview {
        /// What it concluded. (结论)
        conclusion: Conclusion,
        /// The day of the meeting. (会议日期：会议纪要上的日期)
        met_on: Date,
    }
    days |record| vec![("met_on", record.met_on)];
}

/// What a publication says beside the facts that it is composed from. (公开内容的说明部分)
///
/// Shared by steps 4, 8 and 16. The facts themselves are not chosen by the publisher: see
/// [`crate::disclosure`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Publication {
    /// The channels on which it will be posted: at least those that the charter requires. (公开渠道)
    pub channels: Vec<Label>,
    /// How residents can comment. (意见渠道：成员到哪里、怎样提意见)
    pub comments_to: Paragraph,
    /// The digest of the disclosure composed from the record. (公开内容摘要)
    pub disclosure: Digest,
    /// The documents that go with it. (材料)
    pub documents: Vec<DocumentRef>,
    /// What is published, in one paragraph. (摘要：一两句话说清公开什么，放在最前面)
    pub summary: Paragraph,
}

impl Record for Publication {
    fn summary(&self) -> &Paragraph {
        &self.summary
    }
    fn documents(&self) -> &[DocumentRef] {
        &self.documents
    }
    fn inconsistency(&self) -> Option<Inconsistency> {
        let twice = self
            .channels
            .iter()
            .enumerate()
            .find(|(place, id)| self.channels[..*place].contains(id));
        let (_, id) = twice?;
        inconsistent("channels", "每个渠道一次 (each channel once)", id.as_str())
    }
}

labelled! {
    /// How the value was found. (估价方式)
    ValuationMethod {
        /// 评估
        Appraisal = "appraisal", "评估";
        /// 市场询价
        Inquiry = "inquiry", "市场询价";
        /// 比照同类
        Comparison = "comparison", "比照同类";
        /// 账面价值
        BookValue = "book_value", "账面价值";
    }
}

step_record! {
    /// Step 5: what the members said, and what the thing is worth. (征求意见与底价评估)
    FeedbackAndValuation {
        /// The last day of the consultation. (征求意见截止)
        consulted_until: Date,
        /// The first day of the consultation. (征求意见开始)
        consulted_from: Date,
        /// How many opinions were answered. (已答复：已经答复的意见数)
        opinions_answered: u32,
        /// How many opinions came. (收到意见：收到的意见数，没有填 0)
        opinions_received: u32,
        /// On what the reserve price rests. (底价依据：怎样得出这个价)
        price_basis: Paragraph,
        /// The reserve price. (底价)
        reserve_price: Price,
        /// How the value was found. (估价方式)
        valuation_method: ValuationMethod,
        /// Who found it. (估价人：评估机构或询价人员)
        valuer: Line,
    }
    days |record| vec![("consulted_until", record.consulted_until)];
    check |record| {
        if record.consulted_until < record.consulted_from {
            let expected = format!("≥ {}", record.consulted_from);
            return inconsistent("consulted_until", expected, record.consulted_until.to_string());
        }
        if record.opinions_answered > record.opinions_received {
            let expected = format!("≤ {}", record.opinions_received);
            return inconsistent("opinions_answered", expected, record.opinions_answered.to_string());
        }
        None
    }
}

/// How the price rises over the term. (递增)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Escalation {
    /// Every how many months. (每隔月数)
    pub every_months: u32,
    /// By how much, in hundredths of a per cent. (万分之)
    pub rate_basis_points: u32,
}

step_record! {
    /// Step 6: the plan. (编制交易方案)
    PlanDrafting {
        /// The deposit that bidders pay, in fen. (保证金：报名时交的，不收填 0)
        deposit_fen: Fen,
        /// Who may bid. (资格条件：谁可以报名)
        eligibility: Paragraph,
        /// How the price rises. (递增：价格多久涨一次、涨多少)
        #[serde(default, skip_serializing_if = "Option::is_none")]
        escalation: Option<Escalation>,
        /// How the other party is found. (交易方式)
        method: Method,
        /// Months free of rent. (免租期：没有填 0)
        rent_free_months: u32,
        /// The reserve price. (底价)
        reserve_price: Price,
        /// The term in months, where there is one. (期限：没有期限的跳过)
        #[serde(default, skip_serializing_if = "Option::is_none")]
        term_months: Option<u32>,
    }
    check |record| match record.term_months {
        Some(term) if record.rent_free_months > term => {
            inconsistent("rent_free_months", format!("≤ {term}"), record.rent_free_months.to_string())
        }
        _ => None,
    }
}

step_record! {
    /// Step 7: the vote. (民主表决)
    MemberVote {
        /// How many abstained. (弃权)
        abstain: u32,
        /// How many voted against. (反对)
        against: u32,
        /// Who decided. (表决主体：成员大会还是成员代表大会)
        body: VotingBody,
        /// How many have a vote: in an assembly, members with full legal capacity. (应到：有表决权的人数；成员大会为有完全民事行为能力的成员数)
        eligible: u32,
        /// How many voted for. (赞成)
        r#for: u32,
        /// The day of the meeting. (会议日期)
        held_on: Date,
        /// How many belong to the body. (全体：全体成员数，或全体代表数)
        members: u32,
        /// The day on which notice was given. (通知日期：发出会议通知的日子)
        notified_on: Date,
        /// How many took part. (实到：实际到会人数，等于赞成、反对、弃权之和)
        present: u32,
    }
    days |record| vec![("held_on", record.held_on)];
    check |record| {
        let cast = [record.r#for, record.against, record.abstain];
        if let Some(fault) = tally(cast, record.present, record.eligible, record.members) {
            return Some(fault);
        }
        if record.notified_on > record.held_on {
            return inconsistent("notified_on", format!("≤ {}", record.held_on), record.notified_on.to_string());
        }
        None
    }
}

/// The first contradiction between the figures of a vote: for, against and abstaining, who took part,
/// who could, who belongs.
pub(crate) fn tally(
    cast: [u32; 3],
    present: u32,
    eligible: u32,
    members: u32,
) -> Option<Inconsistency> {
    if members == 0 {
        return inconsistent("members", "≥ 1", "0");
    }
    let cast = cast.map(u64::from).iter().sum::<u64>();
    if cast != u64::from(present) {
        let expected = format!("赞成+反对+弃权 (for + against + abstain) = {cast}");
        return inconsistent("present", expected, present.to_string());
    }
    if present > eligible {
        return inconsistent(
            "present",
            format!("≤ {eligible} (eligible)"),
            present.to_string(),
        );
    }
    if eligible > members {
        return inconsistent(
            "eligible",
            format!("≤ {members} (members)"),
            eligible.to_string(),
        );
    }
    None
}

/// A disclosure was posted on a channel. (渠道张贴)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChannelPosted {
    /// On which channel. (渠道)
    pub channel: Label,
    /// What was posted: the digest of the disclosure. (所张贴内容的摘要)
    pub disclosure: Digest,
    /// Proof of it, such as a photograph of the board. (凭证)
    pub documents: Vec<DocumentRef>,
    /// Where: an address, an issue number, a board. (位置：网址、期号或公示栏位置)
    pub location: Line,
}
