//! What a store keeps of a document that not everybody may read: its bytes with their salt, or the note
//! that they were erased.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::commitment::Salt;
use crate::hash::{Commitment, Digest};
use crate::name::MemberId;
use crate::text::Paragraph;
use crate::time::LogTime;

/// A private document with the salt that opens its commitment. (不公开材料)
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateDocument {
    /// Its bytes.
    pub bytes: Zeroizing<Vec<u8>>,
    /// The salt that its commitment was made with.
    pub salt: Salt,
}

impl core::fmt::Debug for PrivateDocument {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PrivateDocument({} bytes)", self.bytes.len())
    }
}

/// That a private document was erased: all that is left of it outside the log. (销毁记录)
///
/// It says nothing of the document. Whoever writes the reason must not write it there either.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erasure {
    /// When.
    pub at: LogTime,
    /// Who signed that it be done, in the order of their ids.
    pub by: Vec<MemberId>,
    /// The entry that says so. (销毁条目)
    pub entry: u64,
    /// Why.
    pub reason: Paragraph,
}

impl Erasure {
    /// Who signed, as a list for people.
    #[must_use]
    pub fn signers(&self) -> String {
        let ids: Vec<&str> = self.by.iter().map(MemberId::as_str).collect();
        ids.join("、")
    }
}

/// What entries say of documents, gathered for [`Store::settle_documents`](super::Store::settle_documents).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentChanges {
    /// Private documents that are erased.
    pub erased: Vec<(Commitment, Erasure)>,
    /// Private documents that entries name.
    pub private: Vec<Commitment>,
    /// Public documents that entries name.
    pub public: Vec<Digest>,
}

impl DocumentChanges {
    /// Whether there is nothing to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.erased.is_empty() && self.private.is_empty() && self.public.is_empty()
    }
}
