//! The private documents that the entries of one stream name, and which of them are erased. (不公开材料登记)
//!
//! Kept by every stream's state, so that an erasure can be judged where the document was named. Knows
//! commitments only: neither documents nor salts, nor where they are.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::event::{Event, Statement};
use crate::hash::Commitment;
use crate::record::DocumentRef;

/// A private document as its stream knows it. (不公开材料)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Paper {
    /// The entry that says it is erased, if one does. (销毁条目)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_by: Option<u64>,
    /// The entry that first named it. (登记条目)
    pub named_by: u64,
}

/// The private documents of a stream, by commitment. (不公开材料登记)
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Papers(BTreeMap<Commitment, Paper>);

impl Papers {
    /// Whether no entry named any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&Commitment, &Paper)> {
        self.0.iter()
    }

    /// The document with this commitment; `None` if no entry of the stream named it.
    #[must_use]
    pub fn of(&self, commitment: &Commitment) -> Option<&Paper> {
        self.0.get(commitment)
    }

    /// Takes note of what an entry of the stream names and erases.
    pub(crate) fn note(&mut self, statement: &Statement, index: u64) {
        let event = &statement.event;
        for document in event.documents() {
            if let DocumentRef::Private { commitment, .. } = document {
                self.0.entry(*commitment).or_insert(Paper {
                    erased_by: None,
                    named_by: index,
                });
            }
        }
        if let Event::DocumentErased(erased) = event
            && let Some(paper) = self.0.get_mut(&erased.commitment)
        {
            paper.erased_by.get_or_insert(index);
        }
    }
}
