//! From where on something in the record is shown as worth a look: the thresholds of the red flags.
//! (风险提示阈值)
//!
//! Numbers only, each with its basis; what is done with them is in [`crate::flags`].

use serde::{Deserialize, Serialize};

use super::{Basis, TimeRule};
use crate::calendar::Span;
use crate::money::Fen;

/// A number and its basis. (数量阈值)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NumberRule {
    /// Why this number. (依据)
    pub basis: Basis,
    /// The number, in the unit that the field's name says. (数值)
    pub number: u32,
}

/// When a price is too close to the reserve for so many bidders. (贴近底价)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CloseToReserve {
    /// Why these numbers. (依据)
    pub basis: Basis,
    /// From how many bidders on. (竞投人数：从几人起)
    pub bidders: u32,
    /// How close, in hundredths of a per cent of the reserve price.
    /// (贴近程度：成交价高出底价不到底价的百分之几)
    pub within_basis_points: u32,
}

/// When dealings that are small each are looked at together. (化整为零)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Splitting {
    /// Why these numbers. (依据)
    pub basis: Basis,
    /// What each stays below and all together reach, in fen. (金额：每笔都低于它，合计达到它)
    pub amount_fen: Fen,
    /// Within how many days of each other they are signed. (相隔天数：签约相隔不超过几天)
    pub within_days: u32,
}

/// When one counterparty has a large part of a year's contracts. (集中度)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WinnerShare {
    /// Why these numbers. (依据)
    pub basis: Basis,
    /// From which share of the year's contracted amounts on, in hundredths of a per cent.
    /// (占比：从全年合同金额的百分之几起)
    pub basis_points: u32,
    /// In years with at least so many contracts: of a few, one is always a large part.
    /// (合同数：全年至少有几份合同才算)
    pub contracts: u32,
}

/// From where on the record is flagged. (风险提示阈值)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FlagThresholds {
    /// When a price is too close to the reserve for so many bidders. (贴近底价)
    pub close_to_reserve: CloseToReserve,
    /// How long after the contract is signed the others' deposits should be back. (退还保证金：签约后多久内)
    pub deposit_refund: TimeRule,
    /// How long after a term's end its renewal, return or next dealing may stay unrecorded.
    /// (到期未处理：到期后多久还没有续约、收回或重新交易)
    pub expiry: TimeRule,
    /// The longest term of a lease, in months. (出租最长期限：单位月)
    pub lease_term_months: NumberRule,
    /// The fewest bidders of an open bidding. (竞价最少人数)
    pub least_bidders: NumberRule,
    /// The fewest bidders of a tender. (招标最少家数)
    pub least_tenderers: NumberRule,
    /// Within how long a publication should be on all its channels. (张贴时限：公开后多久内应在各渠道贴齐)
    pub posting: TimeRule,
    /// How long after its day a payment may stay unrecorded. (款项逾期：到期后多久还没有登记收付)
    pub rent: TimeRule,
    /// How many rounds of bidding one vote covers. (一次表决可竞价轮数)
    pub rounds_per_vote: NumberRule,
    /// When dealings that are small each are looked at together. (化整为零)
    pub splitting: Splitting,
    /// The longest term of any dealing, in months. (各类最长期限：单位月)
    pub term_months: NumberRule,
    /// When one counterparty has a large part of a year's contracts. (集中度)
    pub winner_share: WinnerShare,
}

impl FlagThresholds {
    /// The numbers that must not be zero, by field.
    pub(super) fn numbers(&self) -> [(&'static str, u32); 11] {
        [
            ("close_to_reserve.bidders", self.close_to_reserve.bidders),
            (
                "close_to_reserve.within_basis_points",
                self.close_to_reserve.within_basis_points,
            ),
            ("lease_term_months.number", self.lease_term_months.number),
            ("least_bidders.number", self.least_bidders.number),
            ("least_tenderers.number", self.least_tenderers.number),
            ("rounds_per_vote.number", self.rounds_per_vote.number),
            ("splitting.within_days", self.splitting.within_days),
            ("term_months.number", self.term_months.number),
            ("winner_share.basis_points", self.winner_share.basis_points),
            ("winner_share.contracts", self.winner_share.contracts),
            ("posting.span.length", self.posting.span.length()),
        ]
    }

    /// The shares, by field: in hundredths of a per cent, at most all.
    pub(super) fn shares(&self) -> [(&'static str, u32); 2] {
        [
            (
                "close_to_reserve.within_basis_points",
                self.close_to_reserve.within_basis_points,
            ),
            ("winner_share.basis_points", self.winner_share.basis_points),
        ]
    }

    /// The times that run from a day of the record, by field.
    pub(super) fn spans(&self) -> [(&'static str, Span); 3] {
        [
            ("deposit_refund", self.deposit_refund.span),
            ("expiry", self.expiry.span),
            ("rent", self.rent.span),
        ]
    }
}
