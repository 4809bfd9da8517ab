//! Text that people write into a ledger: bounded, one line, free of characters that hide or reorder.
//!
//! Knows nothing of JSON; the list of characters is that of [`crate::canonical`].

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::canonical::hides;

/// A text did not have its form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// Nothing was written.
    #[error("文字不能为空；请填写内容 (the text is empty; write something)")]
    Empty,
    /// More characters than fit.
    #[error("文字最多 {max} 个字符，现有 {found} 个 (at most {max} characters, found {found})")]
    TooLong {
        /// The most that fit.
        max: usize,
        /// How many there are.
        found: usize,
    },
    /// White space at either end.
    #[error("文字首尾不能有空格 (no white space at either end)")]
    Padded,
    /// A character that is not allowed in signed text.
    #[error(
        "第 {position} 个字符 U+{code:04X} 不允许（控制符或改变文字方向的符号） (character {position}, U+{code:04X}, is a control or bidirectional character)"
    )]
    Forbidden {
        /// Its place, counted in characters from 1.
        position: usize,
        /// Its code point.
        code: u32,
    },
}

fn check(text: &str, max: usize) -> Result<(), TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if let Some((position, c)) = text.chars().enumerate().find(|(_, c)| hides(*c)) {
        return Err(TextError::Forbidden {
            position: position + 1,
            code: c as u32,
        });
    }
    let found = text.chars().count();
    if found > max {
        return Err(TextError::TooLong { max, found });
    }
    if text.trim() != text {
        return Err(TextError::Padded);
    }
    Ok(())
}

/// One line of text of 1 to `MAX` characters, not padded with white space. (文字)
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Text<const MAX: usize>(Box<str>);

#[cfg(feature = "schema")]
impl<const MAX: usize> schemars::JsonSchema for Text<MAX> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Text{MAX}").into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": format!("One line of text of 1 to {MAX} characters, not padded with white space. (文字)"),
            "maxLength": MAX,
            "minLength": 1,
            "pattern": r"^\S(.*\S)?$",
            "type": "string",
        })
    }
}

/// A short text, such as a name or a number: at most 200 characters. (短文字)
pub type Line = Text<200>;

/// A longer text, such as a reason: at most 2,000 characters, still one paragraph. (一段文字)
pub type Paragraph = Text<2000>;

impl<const MAX: usize> Text<MAX> {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> FromStr for Text<MAX> {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        check(text, MAX).map(|()| Self(text.into()))
    }
}

impl<const MAX: usize> TryFrom<String> for Text<MAX> {
    type Error = TextError;
    fn try_from(text: String) -> Result<Self, TextError> {
        text.parse()
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(value: Text<MAX>) -> String {
        value.0.into()
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_one_bounded_visible_line() {
        assert!("东塱村 12 号商铺".parse::<Line>().is_ok());
        assert_eq!("".parse::<Line>(), Err(TextError::Empty));
        assert_eq!(" a".parse::<Line>(), Err(TextError::Padded));
        assert_eq!(
            "好".repeat(201).parse::<Line>(),
            Err(TextError::TooLong {
                max: 200,
                found: 201
            })
        );
        for hidden in [
            "a\nb",
            "a\u{202E}b",
            "a\u{0}b",
            "a\u{85}b",
            "a\u{2066}b",
            "a\u{FEFF}b",
            "a\u{FFFE}b",
        ] {
            assert!(
                matches!(
                    hidden.parse::<Line>(),
                    Err(TextError::Forbidden { position: 2, .. })
                ),
                "{hidden:?}"
            );
        }
    }
}
