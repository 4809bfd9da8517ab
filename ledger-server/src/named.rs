//! The documents that entries name, found wherever in an event they stand, corrections included.
//!
//! Walks the event's JSON, so that a new kind of event is covered without a line here. Whether the
//! documents are kept anywhere is for the caller to see.

use std::collections::BTreeSet;

use ledger_core::event::LoggedEntry;
use ledger_core::hash::{Commitment, Digest};
use serde_json::Value;

/// Documents named by the entries so far.
#[derive(Debug, Default)]
pub(crate) struct Named {
    pub(crate) private: BTreeSet<Commitment>,
    pub(crate) public: BTreeSet<Digest>,
}

impl Named {
    /// What one entry names.
    pub(crate) fn of(entry: &[u8]) -> Self {
        let mut named = Self::default();
        named.add(entry);
        named
    }

    /// Notes what an entry names. An entry that cannot be read names nothing.
    pub(crate) fn add(&mut self, entry: &[u8]) {
        let text = LoggedEntry::parse(entry).map(|entry| entry.signed.statement().to_text());
        if let Ok(Ok(text)) = text
            && let Ok(value) = serde_json::from_str(&text)
        {
            self.walk(&value);
        }
    }

    fn walk(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.walk(item)),
            Value::Object(fields) => {
                let field = |name: &str| fields.get(name).and_then(Value::as_str);
                match field("access") {
                    Some("public") => {
                        self.public
                            .extend(field("sha256").and_then(|hex| hex.parse::<Digest>().ok()));
                    }
                    Some("private") => {
                        self.private.extend(
                            field("commitment").and_then(|hex| hex.parse::<Commitment>().ok()),
                        );
                    }
                    _ => {}
                }
                fields.values().for_each(|field| self.walk(field));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_found_at_any_depth() {
        let hex = "e1007162212ebc284381d4c17ecc5c4530535866d6710c419943fd746589a625";
        let value = serde_json::json!({ "event": { "corrected": { "documents": [
            { "access": "public", "sha256": hex }, { "access": "private", "commitment": hex },
            { "access": "public", "sha256": "short" } ] } } });
        let mut named = Named::default();
        named.walk(&value);
        assert_eq!((named.public.len(), named.private.len()), (1, 1));
    }
}
