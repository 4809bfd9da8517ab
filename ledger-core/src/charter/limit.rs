//! What a charter forbids or bounds, as data. (负面清单)

use serde::{Deserialize, Serialize};

use super::Basis;
use crate::category::{AssetKind, Category, Method};
use crate::name::Label;
use crate::text::Line;

/// One line of the negative list. (负面清单条目)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Limit {
    /// Why. (依据)
    pub basis: Basis,
    /// Its name, shown in the refusal. (代号：记录里用的短名，小写字母、数字、_)
    pub id: Label,
    /// What it forbids. (禁止内容)
    pub rule: LimitRule,
    /// What people read when it refuses something. (提示文字：不让办的时候大家看到的话)
    pub text: Line,
}

/// What a line of the negative list forbids. An empty list of kinds means all of them. (禁止内容)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "limit", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum LimitRule {
    /// This combination of asset, dealing and way of dealing. (禁止的组合)
    Forbidden {
        /// For these kinds of asset. (资产类型：一个都不选就是全部)
        asset_kinds: Vec<AssetKind>,
        /// For dealings of these kinds. (适用类别：一个都不选就是全部)
        categories: Vec<Category>,
        /// For these ways of dealing. (适用方式：一个都不选就是全部)
        methods: Vec<Method>,
    },
    /// A price below a share of the valuation; above it, where money is spent. (价格比例)
    PriceShare {
        /// For dealings of these kinds. (适用类别：一个都不选就是全部)
        categories: Vec<Category>,
        /// The lower part of the fraction. (分母)
        denominator: u32,
        /// The upper part of the fraction. (分子)
        numerator: u32,
    },
    /// A longer term than this. (期限上限)
    TermCap {
        /// The longest term, in months. (最长期限)
        at_most_months: u32,
        /// For dealings of these kinds. (适用类别：一个都不选就是全部)
        categories: Vec<Category>,
    },
    /// A payment to anything but an account of an organisation. (须付对公账户)
    CorporateAccount {
        /// For dealings of these kinds. (适用类别：一个都不选就是全部)
        categories: Vec<Category>,
    },
    /// A contract without an agreement on integrity before it. (须先签廉洁协议)
    IntegrityAgreement {
        /// For dealings of these kinds. (适用类别：一个都不选就是全部)
        categories: Vec<Category>,
    },
}

impl LimitRule {
    /// The kinds of dealing that it is about; all, if there is none.
    #[must_use]
    pub fn categories(&self) -> &[Category] {
        match self {
            Self::Forbidden { categories, .. }
            | Self::PriceShare { categories, .. }
            | Self::TermCap { categories, .. }
            | Self::CorporateAccount { categories }
            | Self::IntegrityAgreement { categories } => categories,
        }
    }
}
