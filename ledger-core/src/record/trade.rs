//! What steps 9 to 15 record: from the street office's review to the handover.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Conclusion, DocumentRef, Inconsistency, Record, inconsistent, unfit_deed};
use crate::category::labelled;
use crate::money::{Fen, Price};
use crate::text::{Line, Paragraph};
use crate::time::{Date, StatedTime};

labelled! {
    /// On which platform it is traded. (平台层级)
    PlatformLevel {
        /// 村(社)级
        Village = "village", "村(社)级平台";
        /// 街道(镇)级
        Street = "street", "街道(镇)级平台";
        /// 区(县)级
        District = "district", "区(县)级平台";
        /// 市级
        City = "city", "市级平台";
    }
}

step_record! {
    /// Step 9: the street office's review. (街道审查与定级)
    StreetReview {
        /// What it concluded. (审查意见)
        conclusion: Conclusion,
        /// On which platform it is to be traded. (平台层级：定在哪一级平台交易)
        platform_level: PlatformLevel,
    }
}

step_record! {
    /// Step 10: the listing. (发布交易公告)
    ListingNotice {
        /// The least rise between bids, in fen, where there is one. (加价幅度：每次至少加多少，不用竞价的跳过)
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bid_increment_fen: Option<Fen>,
        /// When it closes. (截止时间：报名或竞价截止)
        closes_at: StatedTime,
        /// How the bidding is prolonged. (延时规则：临近截止有人出价怎样延时)
        extension_rule: Line,
        /// Its number. (公告编号)
        listing_number: Line,
        /// When it opens. (开始时间)
        opens_at: StatedTime,
    }
    check |record| {
        if record.closes_at.instant() <= record.opens_at.instant() {
            return inconsistent("closes_at", format!("> {}", record.opens_at), record.closes_at.to_string());
        }
        None
    }
}

/// One who applied to bid. (报名人)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Applicant {
    /// Whether admitted. (是否合格)
    pub admitted: bool,
    /// The deposit paid, in fen. (保证金：实交数)
    pub deposit_fen: Fen,
    /// The name, masked for a natural person. (名称：自然人写成“张*”)
    pub name: Line,
    /// Why, if refused. (不合格原因：合格的跳过)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Line>,
}

step_record! {
    /// Step 11: who may bid. (报名与资格审核)
    BidderQualification {
        /// All who applied. (报名人)
        applicants: Vec<Applicant>,
    }
    check |record| {
        let silent = record.applicants.iter().find(|applicant| !applicant.admitted && applicant.reason.is_none());
        silent.and_then(|applicant| {
            inconsistent("applicants.reason", "不合格须写原因 (a refusal needs its reason)", applicant.name.as_str())
        })
    }
}

/// How the bidding ended. (竞价结果)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum BiddingOutcome {
    /// Somebody won. (成交)
    Won {
        /// The winning price. (成交价)
        price: Price,
        /// The winner, masked for a natural person. (成交人：自然人写成“张*”)
        winner: Line,
    },
    /// Nobody won. (流拍 / 失败)
    Failed {
        /// Why. (原因)
        reason: Line,
    },
}

step_record! {
    /// Step 12: the bidding. (竞价 / 评审)
    Bidding {
        /// How many bidders took part. (竞买人数)
        bidders: u32,
        /// How many bids were made. (出价次数)
        bids: u32,
        /// When it was held. (竞价时间)
        held_at: StatedTime,
        /// How it ended. (结果)
        outcome: BiddingOutcome,
        /// Which round it was. (轮次：第一次填 1)
        round: u32,
    }
    days |record| vec![("held_at", record.held_at.instant().date_at(record.held_at.offset_minutes()))];
    check |record| {
        let won = matches!(record.outcome, BiddingOutcome::Won { .. });
        if won && (record.bids == 0 || record.bidders == 0) {
            return inconsistent("bids", "成交至少有一人一次出价 (a winner needs a bid)", record.bids.to_string());
        }
        if record.round == 0 {
            return inconsistent("round", "≥ 1", "0");
        }
        None
    }
}

step_record! {
    /// Step 13: the result, and how to object. (结果公示与异议)
    ResultAndObjection {
        /// Where the result was posted. (公示位置：网址或公示栏位置)
        notice: Line,
        /// Where to object. (异议联系：到哪里、向谁提异议)
        objections_to: Paragraph,
    }
}

step_record! {
    /// Step 14: the contract. (签约备案)
    ContractSigning {
        /// What the contract is worth in all, in fen. (合同总额：整个期限的总金额)
        amount_fen: Fen,
        /// Its number. (合同编号)
        contract_number: Line,
        /// The parties, masked for natural persons. (合同双方：甲乙双方，自然人写成“张*”)
        parties: Vec<Line>,
        /// The performance bond, in fen. (履约保证金：没有填 0)
        performance_bond_fen: Fen,
        /// The day on which it was signed. (签订日期)
        signed_on: Date,
        /// The last day of the term, where there is one. (期限止)
        #[serde(default, skip_serializing_if = "Option::is_none")]
        term_end: Option<Date>,
        /// The first day of the term, where there is one. (期限起)
        #[serde(default, skip_serializing_if = "Option::is_none")]
        term_start: Option<Date>,
    }
    days |record| vec![("signed_on", record.signed_on)];
    check |record| unfit_deed(&record.parties, record.term_start, record.term_end)
}

/// Money that came in. (到账)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReceivedAmount {
    /// How much, in fen. (金额)
    pub amount_fen: Fen,
    /// On which day. (到账日期)
    pub received_on: Date,
    /// The number of its voucher. (票据号)
    pub voucher: Line,
}

/// A voucher's number without white space: `粤财 001` and `粤财001` are one.
pub(crate) fn voucher_key(voucher: &Line) -> String {
    let visible = |c: &char| !c.is_whitespace();
    voucher.as_str().chars().filter(visible).collect()
}

step_record! {
    /// Step 15: what was handed over and what was paid. (交付与款项核对)
    HandoverAndReceipt {
        /// Deposits paid back, in fen. (退还保证金：退给未中选人的总额，没有填 0)
        deposits_refunded_fen: Fen,
        /// The day of the handover. (交付日期)
        handed_over_on: Date,
        /// The amounts that came in. (到账明细)
        received: Vec<ReceivedAmount>,
    }
    days |record| {
        let received = record.received.iter().map(|amount| ("received.received_on", amount.received_on));
        received.chain([("handed_over_on", record.handed_over_on)]).collect()
    };
    check |record| {
        let mut seen = BTreeSet::new();
        let mut vouchers = record.received.iter().map(|amount| &amount.voucher);
        let twice = vouchers.find(|voucher| !seen.insert(voucher_key(voucher)))?;
        inconsistent("received.voucher", "每张一次 (each once)", twice.as_str())
    }
}
