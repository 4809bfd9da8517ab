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
    /// Why this number.
    pub basis: Basis,
    /// The number, in the unit that the field's name says.
    pub number: u32,
}

/// When a price is too close to the reserve for so many bidders. (贴近底价)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CloseToReserve {
    /// Why these numbers.
    pub basis: Basis,
    /// From how many bidders on.
    pub bidders: u32,
    /// How close, in hundredths of a per cent of the reserve price.
    pub within_basis_points: u32,
}

/// When dealings that are small each are looked at together. (化整为零)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Splitting {
    /// Why these numbers.
    pub basis: Basis,
    /// What each stays below and all together reach, in fen.
    pub amount_fen: Fen,
    /// Within how many days of each other they are signed.
    pub within_days: u32,
}

/// When one counterparty has a large part of a year's contracts. (集中度)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WinnerShare {
    /// Why these numbers.
    pub basis: Basis,
    /// From which share of the year's contracted amounts on, in hundredths of a per cent.
    pub basis_points: u32,
    /// In years with at least so many contracts: of a few, one is always a large part.
    pub contracts: u32,
}

/// From where on the record is flagged. (风险提示阈值)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FlagThresholds {
    /// When a price is too close to the reserve for so many bidders.
    pub close_to_reserve: CloseToReserve,
    /// How long after the contract is signed the others' deposits should be back.
    pub deposit_refund: TimeRule,
    /// How long after a term's end its renewal, return or next dealing may stay unrecorded.
    pub expiry: TimeRule,
    /// The longest term of a lease, in months.
    pub lease_term_months: NumberRule,
    /// The fewest bidders of an open bidding.
    pub least_bidders: NumberRule,
    /// The fewest bidders of a tender.
    pub least_tenderers: NumberRule,
    /// Within how long a publication should be on all its channels.
    pub posting: TimeRule,
    /// How long after its day a payment may stay unrecorded.
    pub rent: TimeRule,
    /// How many rounds of bidding one vote covers.
    pub rounds_per_vote: NumberRule,
    /// When dealings that are small each are looked at together.
    pub splitting: Splitting,
    /// The longest term of any dealing, in months.
    pub term_months: NumberRule,
    /// When one counterparty has a large part of a year's contracts.
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
