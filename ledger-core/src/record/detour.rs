//! What is recorded when a transaction leaves the straight way: a waiver, a return, a correction, an end.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{DocumentRef, Inconsistency, Record, inconsistent};
use crate::step::Step;
use crate::text::Paragraph;

record! {
    /// Steps are left out, as the charter allows for this kind of dealing. (环节豁免)
    StepWaived {
        /// On which rule of the charter it rests. (依据：章程里的哪一条豁免规定)
        basis: Paragraph,
        /// The first step left out: the one whose turn it is. (从哪个环节起：现在轮到的环节)
        from: Step,
        /// The last step left out; the same as the first, if it is only one. (到哪个环节止：只免一个就与上一项相同)
        through: Step,
    }
    tells basis;
    check |record| {
        if record.through < record.from {
            return inconsistent("through", format!("≥ {}", record.from), record.through.id());
        }
        None
    }
}

record! {
    /// The transaction goes back: this step and all after it are done again. (退回)
    Returned {
        /// Why. (原因：为什么退回，成员会看到)
        reason: Paragraph,
        /// To which step. (退回到：从哪个环节重新办)
        to: Step,
    }
    tells reason;
}

/// A field of an event, as a JSON Pointer (RFC 6901), as in `/asset/area/value`; empty, all of them.
/// (字段位置)
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("format" = "field-path", "maxLength" = 200, "pattern" = "^(?!/kind(/|$))(/|$)")))]
pub struct FieldPath(Box<str>);

impl FieldPath {
    /// The pointer.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `value` with this field set to `new`, or removed; `None` if there is no place for such a field.
    ///
    /// The last name may be new in its object: a field that is left out when it does not apply. The
    /// empty pointer is the whole record, but for its kind: for figures that must change together.
    #[must_use]
    pub fn set(&self, mut value: Value, new: Option<Value>) -> Option<Value> {
        let Some((parent, last)) = self.0.rsplit_once('/') else {
            let kind = value.as_object_mut()?.remove("kind")?;
            let Some(Value::Object(mut members)) = new else {
                return None;
            };
            let named = members.insert("kind".to_owned(), kind).is_some();
            return (!named).then_some(Value::Object(members));
        };
        match (value.pointer_mut(parent)?, new) {
            (Value::Object(members), new) => {
                let name = last.replace("~1", "/").replace("~0", "~");
                match new {
                    Some(new) => {
                        members.insert(name, new);
                    }
                    None => {
                        members.remove(&name)?;
                    }
                }
            }
            // Read as RFC 6901 says: `+1` and `01` are no places.
            (Value::Array(_), Some(new)) => *value.pointer_mut(&self.0)? = new,
            _ => return None,
        }
        Some(value)
    }
}

impl FromStr for FieldPath {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let fits = (text.is_empty() || text.starts_with('/'))
            && text.len() <= 200
            && !text.bytes().any(|byte| byte.is_ascii_control())
            && text != "/kind"
            && !text.starts_with("/kind/");
        if fits {
            return Ok(Self(text.into()));
        }
        Err(format!(
            "字段位置应为 JSON Pointer，如 /reserve_price/fen，实为 {:?} (expected a JSON Pointer)",
            text.chars().take(80).collect::<String>()
        ))
    }
}

impl TryFrom<String> for FieldPath {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<FieldPath> for String {
    fn from(path: FieldPath) -> String {
        path.0.into()
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

record! {
    /// A field of an earlier event was wrong. Nothing is edited: both stay visible. (更正)
    Corrected {
        /// The entry that is corrected: its number in the log. (更正第几条：原记录的条目号)
        entry: u64,
        /// Which field, as a JSON Pointer into the event. (字段：如 /reserve_price/fen；几个数须一起改的，留空并在下面写整条记录)
        field: FieldPath,
        /// Why. (原因：错在哪里，怎么发现的)
        reason: Paragraph,
        /// Its right value, whole; left out, the field is removed. (正确的值：按原字段的格式，该字段不适用时跳过)
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Value>,
    }
    tells reason;
}

record! {
    /// The transaction is broken off, for good. (终止)
    Terminated {
        /// Why. (原因：为什么不办了，成员会看到)
        reason: Paragraph,
    }
    tells reason;
}
