//! What a store keeps of a document that not everybody may read: its bytes with their salt, or the note
//! that they were erased.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::commitment::Salt;
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
    /// Who had it done.
    pub by: MemberId,
    /// Why.
    pub reason: Paragraph,
}
