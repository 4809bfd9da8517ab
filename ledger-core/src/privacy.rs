//! What must never stand in a public log: numbers and names of natural persons. (个人信息)
//!
//! The log is public and cannot forget, so the rule runs before anything is written: every text of an
//! event, whatever its kind, is searched for identity-card, mobile and bank-card numbers
//! ([`number_in`]), and the fields that name a party or a person for names that are not masked
//! ([`name_in`]). What is found is told by its kind and place and never repeated.
//!
//! Texts are found by walking the event's JSON, not its types, so a new kind of event is covered
//! without a line here. Knows nothing of events, and of fields only their names: see [`Field`].
//! A search finds what has the form of such a number; it cannot know whose it is, and what is written
//! in words, cut into several fields or shown on a photograph passes.
//!
//! Source: 个人信息保护法, articles 6, 28 and 29; GB 11643-1999 for the number of a resident.

use serde::Serialize;
use serde_json::Value;

mod name;
mod number;

pub use name::{is_organisation, mask_name, name_in};
pub use number::number_in;

/// What kind of private data it is. (个人信息种类)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The number of a resident identity card, of 18 or 15 digits. (居民身份证号码)
    IdentityCard,
    /// The number of a bank card. (银行卡号)
    BankCard,
    /// A mobile telephone number of the mainland. (手机号码)
    MobileNumber,
    /// A natural person's name that is not masked. (未打码的姓名)
    PersonalName,
}

impl Kind {
    /// The Chinese name.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::IdentityCard => "居民身份证号码",
            Self::BankCard => "银行卡号",
            Self::MobileNumber => "手机号码",
            Self::PersonalName => "自然人的姓名",
        }
    }

    /// The English name.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::IdentityCard => "identity-card number",
            Self::BankCard => "bank-card number",
            Self::MobileNumber => "mobile telephone number",
            Self::PersonalName => "natural person's name",
        }
    }
}

/// Something private in a text: what kind, and where; never what. (所见个人信息)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// What kind it is.
    pub kind: Kind,
    /// Its first character, counted from 0.
    pub start: usize,
    /// The character after its last.
    pub end: usize,
}

/// Something private in a structured value. (字段中的个人信息)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundIn {
    /// The field, as in `event.applicants[0].name`.
    pub field: String,
    /// What it is, and where in the field's text.
    pub found: Found,
}

/// What the name of a field says of the text in it.
///
/// Two kinds of field are not free text, and only for them is less, or more, looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Anything else.
    Free,
    /// A number that an office gave: of a contract, a listing, a voucher. An eleven-digit serial and a
    /// mobile number look the same, and one serial in ten passes a card's check digit: only
    /// identity-card numbers, which carry a birth date and a check digit, are looked for.
    Serial,
    /// A party or a person: names are looked for as well.
    Party,
    /// A credit code, whose type checks both its check digits and whose organisation is no person. One
    /// all of digits may pass for something else.
    CreditCode,
}

/// Fields that hold the name of a party or of a person themselves.
const PARTIES: [&str; 23] = [
    "attendee",
    "attendees",
    "bidder",
    "buyer",
    "by",
    "contractor",
    "counterparties",
    "counterparty",
    "current_contract",
    "lessee",
    "partner",
    "partners",
    "parties",
    "party",
    "payee",
    "payer",
    "relative",
    "relatives",
    "seller",
    "tenant",
    "transferee",
    "valuer",
    "winner",
];

/// Whose field `name` is a person's or a party's: also that of an event itself, which declares somebody.
/// An asset, a channel and a collective have names, too.
const NAMED: [&str; 6] = [
    "applicant",
    "applicants",
    "enrolment",
    "event",
    "member",
    "members",
];

impl Field {
    /// What a field of this name, in an object that stands in the field `parent`, holds.
    #[must_use]
    pub fn of(parent: &str, name: &str) -> Self {
        match name {
            "credit_code" => Self::CreditCode,
            "voucher" | "vouchers" => Self::Serial,
            _ if name.ends_with("_number") || name.ends_with("_numbers") => Self::Serial,
            "name" if NAMED.contains(&parent) || PARTIES.contains(&parent) => Self::Party,
            _ if PARTIES.contains(&name) => Self::Party,
            _ => Self::Free,
        }
    }

    /// The first private thing in the text of such a field.
    #[must_use]
    pub fn search(self, text: &str) -> Option<Found> {
        match self {
            Self::CreditCode => None,
            Self::Serial => number::identity_card_in(text),
            Self::Party => number_in(text).or_else(|| name_in(text)),
            Self::Free => number_in(text),
        }
    }
}

/// The first private thing in any text of `value`, keys of objects included. `root` begins the path.
///
/// What cannot be made JSON holds no text.
#[must_use]
pub fn search(root: &str, value: &impl Serialize) -> Option<FoundIn> {
    search_json(root, &serde_json::to_value(value).ok()?)
}

/// As [`search`], in what is JSON already.
#[must_use]
pub fn search_json(root: &str, value: &Value) -> Option<FoundIn> {
    walk(value, &mut root.to_owned(), "", root)
}

fn walk(value: &Value, path: &mut String, parent: &str, name: &str) -> Option<FoundIn> {
    let length = path.len();
    match value {
        Value::String(text) => Field::of(parent, name).search(text).map(|found| FoundIn {
            field: path.clone(),
            found,
        }),
        Value::Array(items) => items.iter().enumerate().find_map(|(place, item)| {
            path.push_str(&format!("[{place}]"));
            // An item is what its list's name says, and an object in it stands in the list.
            let found = walk(item, path, parent, name);
            path.truncate(length);
            found
        }),
        Value::Object(members) => members.iter().find_map(|(key, inner)| {
            path.push('.');
            path.push_str(key);
            let of_key = number_in(key).map(|found| FoundIn {
                field: path.clone(),
                found,
            });
            let (parent, name) = match members.get("field").and_then(Value::as_str) {
                // The new value of a field named beside it: what that field is, this is.
                Some(pointer) if key == "value" => names_in(pointer),
                _ => (name, key.as_str()),
            };
            let found = of_key.or_else(|| walk(inner, path, parent, name));
            path.truncate(length);
            found
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// The last two names in a JSON Pointer (RFC 6901), without the places in lists.
fn names_in(pointer: &str) -> (&str, &str) {
    let named = |part: &&str| !part.is_empty() && !part.bytes().all(|c| c.is_ascii_digit());
    let mut names = pointer.rsplit('/').filter(named);
    let name = names.next().unwrap_or_default();
    (names.next().unwrap_or_default(), name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(value: &Value) -> Option<(String, Kind, usize, usize)> {
        search("event", value)
            .map(|in_| (in_.field, in_.found.kind, in_.found.start, in_.found.end))
    }

    #[test]
    fn every_text_at_any_depth_is_searched_and_named_by_its_path() {
        let clean =
            json!({"kind": "x", "a": [{"b": "东塱村"}], "n": 13_800_138_000_u64, "t": true});
        assert_eq!(at(&clean), None);
        let deep = json!({"a": [{"b": ["无", "电话 13800138000"]}]});
        assert_eq!(
            at(&deep),
            Some(("event.a[0].b[1]".to_owned(), Kind::MobileNumber, 3, 14))
        );
        let key = json!({"a": {"13800138000": 1}});
        let found = at(&key).map(|(field, ..)| field);
        assert_eq!(found.as_deref(), Some("event.a.13800138000"));
        // The next field's path has nothing left of the one before.
        let second = json!({"a": {"b": ["一", "二"]}, "c": "13800138000"});
        assert_eq!(
            at(&second).map(|(field, ..)| field).as_deref(),
            Some("event.c")
        );
    }

    #[test]
    fn a_field_is_searched_for_what_its_name_allows() {
        let phone = "13800138000";
        let card = "6222020200112233440".to_owned();
        let identity = "11010519491231002X";
        for (value, found) in [
            (json!({"contract_number": phone}), None),
            (json!({"listing_number": card}), None),
            (json!({"received": [{"voucher": phone}]}), None),
            (json!({"voucher": identity}), Some(Kind::IdentityCard)),
            (json!({"credit_code": "914403001922038216"}), None),
            (json!({"summary": phone}), Some(Kind::MobileNumber)),
            (json!({"winner": phone}), Some(Kind::MobileNumber)),
            (json!({"winner": "张三"}), Some(Kind::PersonalName)),
            (
                json!({"applicants": [{"name": "张三"}]}),
                Some(Kind::PersonalName),
            ),
            (
                json!({"members": [{"name": "张三（理事长）"}]}),
                Some(Kind::PersonalName),
            ),
            (
                json!({"enrolment": {"name": "欧阳明月"}}),
                Some(Kind::PersonalName),
            ),
            (
                json!({"parties": ["东塱经济联社", "李四"]}),
                Some(Kind::PersonalName),
            ),
            (
                json!({"name": "张三", "relation": "兄弟"}),
                Some(Kind::PersonalName),
            ),
            (json!({"by": "李小龙"}), Some(Kind::PersonalName)),
            (json!({"by": "某律师事务所"}), None),
            (json!({"asset": {"name": "李庄"}}), None),
            (json!({"asset": {"name": "张三"}}), None),
            (json!({"charter": {"channels": [{"name": "公告"}]}}), None),
            (json!({"summary": "张三"}), None),
            (json!({"field": "/contract_number", "value": phone}), None),
            (json!({"field": "/asset/name", "value": "李庄"}), None),
            (
                json!({"field": "/parties/1", "value": "张三"}),
                Some(Kind::PersonalName),
            ),
            (
                json!({"field": "/applicants/0/name", "value": "张三"}),
                Some(Kind::PersonalName),
            ),
            (
                json!({"field": "/applicants/0", "value": {"name": "张三"}}),
                Some(Kind::PersonalName),
            ),
            (
                json!({"field": "/summary", "value": phone}),
                Some(Kind::MobileNumber),
            ),
        ] {
            assert_eq!(at(&value).map(|(_, kind, ..)| kind), found, "{value}");
        }
    }
}
