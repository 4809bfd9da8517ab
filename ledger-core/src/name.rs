//! The names by which a ledger calls things: origins, members, streams and their identifiers.
//!
//! Every name is parsed once, here, and is valid from then on. Knows nothing of what it names.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// A name did not have its form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: expected {expected}, found {found:?}")]
pub struct NameError {
    /// Which kind of name.
    pub what: &'static str,
    /// The form that was expected.
    pub expected: &'static str,
    /// The text that was found, cut to a length that fits a message.
    pub found: String,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $expected:literal, $pattern:literal, $valid:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[cfg_attr(feature = "schema", schemars(extend("pattern" = $pattern)))]
        pub struct $name(Box<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                if $valid(text) {
                    return Ok(Self(text.into()));
                }
                Err(NameError { what: $what, expected: $expected, found: text.chars().take(160).collect() })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0.into()
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }
    };
}

name! {
    /// The name of a log and of its key: `<domain>/<slug>`, at most 128 bytes. (日志名)
    Origin, "origin", "a domain, a slash and a slug, of a-z 0-9 . - at most 128 bytes, as in sanzi.example.org/donglang", "^(?=.{3,128}$)[a-z0-9.-]+(/[a-z0-9-]+)+$", valid_origin
}

name! {
    /// A member of the roster, by the short name used in key names: `[a-z0-9][a-z0-9-]{0,31}`. (成员代号)
    MemberId, "member id", "1 to 32 of a-z 0-9 -, not starting with -", "^[a-z0-9][a-z0-9-]{0,31}$", valid_member
}

name! {
    /// A transaction, unique within its ledger: `[0-9A-Za-z][0-9A-Za-z-]{0,63}`. (交易编号)
    TransactionId, "transaction id", "1 to 64 of 0-9 A-Z a-z -, not starting with -", "^[0-9A-Za-z][0-9A-Za-z-]{0,63}$", valid_stream_id
}

name! {
    /// A concern, unique within its ledger: `[0-9A-Za-z][0-9A-Za-z-]{0,63}`. (意见编号)
    ConcernId, "concern id", "1 to 64 of 0-9 A-Z a-z -, not starting with -", "^[0-9A-Za-z][0-9A-Za-z-]{0,63}$", valid_stream_id
}

name! {
    /// A key of the charter's own tables (a channel, a kind of document): `[a-z][a-z0-9_]{0,47}`. (章程内代号)
    Label, "label", "1 to 48 of a-z 0-9 _, starting with a letter", "^[a-z][a-z0-9_]{0,47}$", valid_label
}

fn valid_origin(text: &str) -> bool {
    let Some((domain, slug)) = text.split_once('/') else {
        return false;
    };
    let lower = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    text.len() <= 128
        && !domain.is_empty()
        && domain.bytes().all(|c| lower(c) || c == b'.')
        && slug
            .split('/')
            .all(|part| !part.is_empty() && part.bytes().all(lower))
}

fn valid_member(text: &str) -> bool {
    text.len() <= 32
        && !text.starts_with('-')
        && !text.is_empty()
        && text
            .bytes()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
}

fn valid_stream_id(text: &str) -> bool {
    text.len() <= 64
        && !text.starts_with('-')
        && !text.is_empty()
        && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
}

fn valid_label(text: &str) -> bool {
    text.len() <= 48
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_')
}

impl Origin {
    /// What follows the domain: the path under which a server keeps the ledger.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, slug)| slug)
    }

    /// The name of a member's key in this ledger: `<origin>/<member>`.
    #[must_use]
    pub fn key_name(&self, member: &MemberId) -> String {
        format!("{self}/{member}")
    }
}

/// One of a ledger's streams: a chain of events, each naming the one before it. (事件流)
///
/// Text form: `ledger`, `transaction/<id>` or `concern/<id>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum StreamId {
    /// The ledger's own: founding, roster, charter.
    Ledger,
    /// One transaction and its contract's life.
    Transaction(TransactionId),
    /// One concern.
    Concern(ConcernId),
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ledger => f.write_str("ledger"),
            Self::Transaction(id) => write!(f, "transaction/{id}"),
            Self::Concern(id) => write!(f, "concern/{id}"),
        }
    }
}

impl FromStr for StreamId {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.split_once('/') {
            None if text == "ledger" => Ok(Self::Ledger),
            Some(("transaction", id)) => id.parse().map(Self::Transaction),
            Some(("concern", id)) => id.parse().map(Self::Concern),
            _ => Err(NameError {
                what: "stream",
                expected: "`ledger`, `transaction/<id>` or `concern/<id>`",
                found: text.chars().take(160).collect(),
            }),
        }
    }
}

impl From<StreamId> for String {
    fn from(value: StreamId) -> String {
        value.to_string()
    }
}

impl TryFrom<String> for StreamId {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_forms() {
        assert_eq!(
            "sanzi.example.org/donglang"
                .parse::<Origin>()
                .unwrap()
                .slug(),
            "donglang"
        );
        for bad in ["", "a", "/a", "a/", "A/b", "a/b//c", "a/b_c", "a b/c"] {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
        for bad in ["", "-a", "A", "a b", "张三"] {
            assert!(bad.parse::<MemberId>().is_err(), "{bad}");
        }
        for bad in [
            "ledger/",
            "transaction/",
            "transaction/-1",
            "transaction/a/b",
            "other/1",
            "",
        ] {
            assert!(bad.parse::<StreamId>().is_err(), "{bad}");
        }
        assert_eq!(
            "concern/7".parse::<StreamId>().unwrap().to_string(),
            "concern/7"
        );
    }
}
