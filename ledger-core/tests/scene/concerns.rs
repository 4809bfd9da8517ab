//! Residents' concerns about a transaction: raised and rated through the intake, answered and closed.

use ledger_core::admit::Entry;
use ledger_core::concern::Concern;
use ledger_core::event::Event;
use ledger_core::refusal::Refusal;
use serde_json::json;

use super::{DEAL, Scene, event};

/// Who signs an answer.
pub(crate) const ANSWER: &[&str] = &["zhou", "huang"];

/// A concern about a transaction.
pub(crate) fn raised(transaction: &str, subject: &str) -> Event {
    event(json!({
        "kind": "concern_raised", "documents": [], "subject": subject, "text": "租金底价偏低",
        "transaction": transaction,
    }))
}

/// An answer that also answers others.
pub(crate) fn answered(transaction: &str, also: &[&str]) -> Event {
    event(json!({
        "kind": "concern_answered", "also": also, "answer": "底价依据评估报告", "documents": [],
        "outcome": "explained", "transaction": transaction,
    }))
}

/// The end of a concern.
pub(crate) fn closed() -> Event {
    event(json!({"kind": "concern_closed", "documents": [], "reason": "提出人无异议"}))
}

/// The digits of the commitment to the words of a concern.
pub(crate) const WORDS: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

/// A concern whose words are kept beside its entry.
pub(crate) fn raised_beside(transaction: &str) -> Event {
    event(json!({
        "kind": "concern_raised", "documents": [{
            "access": "private", "commitment": WORDS, "kind": "concern_text",
            "readers": ["street_office", "supervisor"], "title": "意见原文",
        }],
        "subject": "general", "text": "内容见意见原文", "transaction": transaction,
    }))
}

/// The words are hidden.
pub(crate) fn hidden() -> Event {
    event(json!({"kind": "concern_hidden", "documents": [], "reason": "辱骂他人"}))
}

/// A rating.
pub(crate) fn rated(stars: u8) -> Event {
    event(json!({"kind": "concern_rated", "comment": "答复及时", "documents": [], "stars": stars}))
}

impl Scene {
    /// Raises a concern about [`DEAL`], now.
    pub(crate) fn raise(&mut self, id: &str, subject: &str) -> Result<Entry, Refusal> {
        self.put(&format!("concern/{id}"), raised(DEAL, subject), &["intake"])
    }

    /// Answers a concern about [`DEAL`], and others with it.
    pub(crate) fn answer(&mut self, id: &str, also: &[&str]) -> Result<Entry, Refusal> {
        self.put(&format!("concern/{id}"), answered(DEAL, also), ANSWER)
    }

    /// Settles a concern.
    pub(crate) fn close(&mut self, id: &str) -> Result<Entry, Refusal> {
        self.put(&format!("concern/{id}"), closed(), &["huang"])
    }

    /// Hides the words of a concern.
    pub(crate) fn hide(&mut self, id: &str) -> Result<Entry, Refusal> {
        self.put(&format!("concern/{id}"), hidden(), &["wu", "huang"])
    }

    /// Rates an answer.
    pub(crate) fn rate(&mut self, id: &str) -> Result<Entry, Refusal> {
        self.put(&format!("concern/{id}"), rated(4), &["intake"])
    }

    /// A concern.
    pub(crate) fn concern(&self, id: &str) -> &Concern {
        self.state.concern(&id.parse().unwrap()).unwrap()
    }
}
