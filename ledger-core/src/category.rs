//! What kinds of assets, dealings and ways of dealing there are. (类别与方式)
//!
//! Names only; which of them a collective allows is the charter's.

use serde::{Deserialize, Serialize};

macro_rules! labelled {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $id:literal, $zh:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $id)] $variant,)* }

        impl $name {
            /// Every value there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name used in the log.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// The Chinese name.
            #[must_use]
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh,)* }
            }
        }
    };
}
pub(crate) use labelled;

labelled! {
    /// Which of the three 资 an asset is. (三资类别)
    AssetKind {
        /// Money. (资金)
        Fund = "fund", "资金";
        /// Buildings, shops, equipment. (资产)
        Asset = "asset", "资产";
        /// Land, water, woods. (资源)
        Resource = "resource", "资源";
    }
}

labelled! {
    /// What kind of dealing it is. (交易类别)
    Category {
        /// 出租
        Lease = "lease", "出租";
        /// 发包
        Contracting = "contracting", "发包";
        /// 转让
        Sale = "sale", "转让";
        /// 出让
        Grant = "grant", "出让";
        /// 折价入股
        EquityContribution = "equity_contribution", "折价入股";
        /// 合作建设
        Cooperation = "cooperation", "合作建设";
        /// 工程建设
        Works = "works", "工程建设";
        /// 采购
        Procurement = "procurement", "采购";
        /// 资金使用
        FundUse = "fund_use", "资金使用";
        /// 对外投资
        Investment = "investment", "对外投资";
        /// 报废处置
        Disposal = "disposal", "报废处置";
    }
}

impl Category {
    /// Whether the asset comes back when the contract is over: it was let for a time, not sold, built
    /// or bought.
    #[must_use]
    pub const fn gives_back(self) -> bool {
        matches!(
            self,
            Self::Lease | Self::Contracting | Self::Grant | Self::Cooperation
        )
    }
}

labelled! {
    /// How the other party is found. (交易方式)
    Method {
        /// 公开竞价
        OpenBidding = "open_bidding", "公开竞价";
        /// 招标
        Tender = "tender", "招标";
        /// 公开协商
        OpenNegotiation = "open_negotiation", "公开协商";
        /// 磋商
        Consultation = "consultation", "磋商";
        /// 续约
        Renewal = "renewal", "续约";
        /// 小额交易
        SmallValue = "small_value", "小额交易";
    }
}

impl Category {
    /// Whether money flows out of the collective: then a reserve price is a ceiling, not a floor. (支出类)
    #[must_use]
    pub const fn is_spending(self) -> bool {
        matches!(
            self,
            Self::Works | Self::Procurement | Self::FundUse | Self::Investment
        )
    }
}
