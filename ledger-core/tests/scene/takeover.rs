//! A contract that was in force before the ledger.

use ledger_core::admit::Entry;
use ledger_core::refusal::Refusal;
use serde_json::{Value, json};

use super::{Scene, event};

/// The transaction that it opens.
pub(crate) const OLD: &str = "old-1";

/// Its stream.
pub(crate) const ON_OLD: &str = "transaction/old-1";

/// Who signs it.
pub(crate) const TAKERS: &[&str] = &["he", "chen", "huang"];

/// A lease of 2015 for ten years.
pub(crate) fn body() -> Value {
    json!({
        "kind": "contract_taken_over", "amount_fen": 120_000_000, "asset": {
            "area": {"unit": "square_metre", "value": "320"}, "book_value_fen": 0, "current_use": "仓储",
            "kind": "asset", "location": "东塱西街 3 号", "name": "西街仓库", "ownership": "集体所有，有房产证",
        },
        "basis": "2015 年经成员代表会议讨论同意，会议记录存档", "category": "lease",
        "contract_number": "东塱租 2015-03", "documents": [], "method": "open_negotiation",
        "parties": ["东塱经济联社（测试）", "李*"], "performance_bond_fen": 2_000_000,
        "price": {"basis": "per_year", "fen": 12_000_000}, "signed_on": "2015-06-01",
        "summary": "西街仓库出租，期限十年", "term_end": "2025-06-30", "term_start": "2015-07-01",
    })
}

impl Scene {
    /// Takes a contract over, with something else in its record.
    pub(crate) fn take_over(&mut self, change: impl FnOnce(&mut Value)) -> Result<Entry, Refusal> {
        let mut value = body();
        change(&mut value);
        self.put(ON_OLD, event(value), TAKERS)
    }
}
