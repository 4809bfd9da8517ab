//! Roles: in what capacity a member signs. (岗位)
//!
//! Knows nothing of who holds one; that is the roster's. Which role a step needs is the charter's.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::step::UnknownName;

macro_rules! roles {
    ($($(#[$doc:meta])* $variant:ident = $id:literal, $zh:literal, $en:literal;)*) => {
        /// In what capacity a member signs. (岗位)
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum Role {
            $($(#[$doc])* #[serde(rename = $id)] $variant,)*
        }

        impl Role {
            /// Every role there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

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

roles! {
    /// Keeps the register of assets. (资产管理员)
    AssetManager = "asset_manager", "资产管理员", "asset manager";
    /// Keeps the books. (会计)
    Accountant = "accountant", "会计", "accountant";
    /// Keeps the money. (出纳)
    Cashier = "cashier", "出纳", "cashier";
    /// Sits on the board of supervisors. (监事)
    Supervisor = "supervisor", "监事", "supervisor";
    /// Sits on the council. (理事会成员)
    CouncilMember = "council_member", "理事会成员", "council member";
    /// Heads the council. (理事长)
    Chair = "chair", "理事长", "chair";
    /// Heads the party organisation. (党组织书记)
    PartySecretary = "party_secretary", "党组织书记", "party secretary";
    /// Sent from above to the party organisation, in some villages. (第一书记)
    FirstSecretary = "first_secretary", "第一书记", "first secretary";
    /// Publishes, and answers for what is published. (信息公开员)
    DisclosureOfficer = "disclosure_officer", "信息公开员", "disclosure officer";
    /// Advises on law. (法律顾问)
    LegalCounsel = "legal_counsel", "法律顾问", "legal counsel";
    /// Chairs the assembly, or the assembly of representatives. (成员(代表)大会主持人)
    AssemblyChair = "assembly_chair", "成员(代表)大会主持人", "chair of the assembly";
    /// Counts the votes. (监票人)
    Scrutineer = "scrutineer", "监票人", "scrutineer";
    /// The street office's department for collective assets. (街道资产管理机构)
    StreetOffice = "street_office", "街道资产管理机构", "street office";
    /// The second pair of eyes at the street office. (街道复核人)
    StreetReviewer = "street_reviewer", "街道复核人", "street office's second reviewer";
    /// The trading service. (交易服务机构)
    TradingService = "trading_service", "交易服务机构", "trading service";
    /// The second pair of eyes at the trading service. (交易服务复核人)
    TradingChecker = "trading_checker", "交易服务复核人", "trading service's second checker";
    /// A person who was there and signs that. (网格廉洁使者)
    Attestor = "attestor", "网格廉洁使者", "attestor";
    /// Files residents' concerns on their behalf, and can do nothing else. (意见受理)
    Intake = "intake", "意见受理", "intake";
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Role {
    type Err = UnknownName;
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .iter()
            .copied()
            .find(|role| role.id() == text)
            .ok_or_else(|| UnknownName {
                what: "岗位",
                expected: Self::ALL
                    .iter()
                    .map(|role| role.id())
                    .collect::<Vec<_>>()
                    .join(", "),
                found: text.chars().take(80).collect(),
            })
    }
}
