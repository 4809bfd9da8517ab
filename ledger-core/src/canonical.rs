//! Canonical JSON: the only definition of the bytes that are signed and digested.
//!
//! RFC 8785 (JCS), narrowed: the only numbers are integers that every JSON implementation holds
//! exactly, there is no null, and text that is shown to people hides nothing. Reading means
//! re-encoding and comparing, so that a value has one encoding. Knows nothing of what the values mean.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter};

/// The largest integer, and the negated smallest: 2^53 − 1, as far as every JSON reader is exact.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// A value has no canonical form, or bytes are not in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CanonicalError {
    /// An integer is too large to be exact everywhere.
    #[error("整数应在 ±(2^53 − 1) 之内，实为 {found} (expected |n| ≤ 2^53 − 1, found {found})")]
    Integer {
        /// The number, in decimal.
        found: String,
    },
    /// A number is not an integer.
    #[error("数应为整数，实为 {found} (expected an integer, found {found})")]
    Fraction {
        /// The number, in decimal.
        found: String,
    },
    /// A value is null.
    #[error("不允许 null (found null, where a value or nothing is expected)")]
    Null,
    /// The value could not be encoded, as with a key that occurs twice.
    #[error("无法编码 (cannot be encoded): {0}")]
    Encode(String),
    /// The bytes are not UTF-8.
    #[error("第 {at} 字节起不是 UTF-8 (not UTF-8 from byte {at})")]
    Utf8 {
        /// The place of the first byte that is not.
        at: usize,
    },
    /// The bytes are not the JSON that is expected.
    #[error("{path}: {message}")]
    Json {
        /// The path of the member that is wrong.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// The bytes say the same as the canonical ones, but are not the same.
    #[error("第 {at} 字节起不是规范编码 (not the canonical encoding from byte {at})")]
    NotCanonical {
        /// The place of the first byte that differs.
        at: usize,
    },
    /// A character could hide or reorder what people read.
    #[error("第 {at} 字节处有不允许的字符 U+{found:04X} (character not allowed at byte {at})")]
    Character {
        /// The place of its first byte.
        at: usize,
        /// The character's code point.
        found: u32,
    },
    /// An escape stands for a control character.
    #[error("第 {at} 字节处有不允许的转义 \\{found} (escape not allowed at byte {at})")]
    Escape {
        /// The place of its backslash.
        at: usize,
        /// The character after the backslash.
        found: char,
    },
}

/// Encodes a value canonically.
///
/// # Errors
/// [`CanonicalError::Integer`], [`CanonicalError::Fraction`] or [`CanonicalError::Null`] if the value
/// holds one; [`CanonicalError::Encode`] if it has a key twice or a key that is not text.
///
/// Source: RFC 8785.
pub fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, CanonicalError> {
    // The canonicalizer rounds large integers without a word, so they are looked for first.
    let mut check = serde_json::Serializer::with_formatter(io::sink(), Narrow);
    value.serialize(&mut check).map_err(encode_error)?;
    serde_json_canonicalizer::to_vec(value).map_err(encode_error)
}

/// Whether a value is written as this text, and the text is canonical; `inner` is the part of it whose
/// members may come in any order, as in JSON that was read. What is not found to be so may be canonical all the same:
/// [`to_vec`] decides.
pub(crate) fn is_encoded_as<T: Serialize>(value: &T, inner: &Value, text: &str) -> bool {
    let mut rest = text.as_bytes();
    let mut compared = serde_json::Serializer::with_formatter(Compared(&mut rest), Narrow);
    let same = value.serialize(&mut compared).is_ok();
    same && rest.is_empty() && ascends(inner)
}

/// Whether the members of every object ascend by their names, as UTF-16 counts.
fn ascends(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(ascends),
        Value::Object(members) => {
            let in_order = members
                .keys()
                .is_sorted_by(|one, next| one.encode_utf16().lt(next.encode_utf16()));
            in_order && members.values().all(ascends)
        }
        _ => true,
    }
}

/// Compares what is written with what is expected, and fails at the first difference.
struct Compared<'a, 'b>(&'a mut &'b [u8]);

impl io::Write for Compared<'_, '_> {
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        let rest = self.0.strip_prefix(written);
        *self.0 = rest.ok_or(io::ErrorKind::InvalidData)?;
        Ok(written.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Decodes a value from its canonical encoding, and from nothing else. See also [`check_text`].
///
/// # Errors
/// [`CanonicalError::Json`] if the bytes are not JSON of this type, [`CanonicalError::NotCanonical`] if
/// the value that they hold is encoded otherwise; or as [`to_vec`].
pub fn from_slice<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, CanonicalError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value: T =
        serde_path_to_error::deserialize(&mut json).map_err(|error| CanonicalError::Json {
            path: error.path().to_string(),
            message: error.inner().to_string(),
        })?;
    // What follows the value is not read here: it makes the bytes longer than the encoding.
    let canonical = to_vec(&value)?;
    if canonical == bytes {
        return Ok(value);
    }
    let same = canonical.iter().zip(bytes).take_while(|(a, b)| a == b);
    Err(CanonicalError::NotCanonical { at: same.count() })
}

/// Checks that canonical JSON hides nothing from the people who read it.
///
/// Refused are control characters (C0, DEL, C1), marks, embeddings, overrides and isolates of
/// direction, line and paragraph separators, the byte order mark and noncharacters. Works on the
/// encoded text: there, an escape other than `\"` and `\\` stands for a control character.
///
/// # Errors
/// [`CanonicalError::Character`] or [`CanonicalError::Escape`], with the place of the first.
pub fn check_text(json: &str) -> Result<(), CanonicalError> {
    let mut characters = json.char_indices();
    while let Some((at, character)) = characters.next() {
        if hides(character) {
            let found = u32::from(character);
            return Err(CanonicalError::Character { at, found });
        }
        if character == '\\' {
            match characters.next() {
                Some((_, '"' | '\\')) => {}
                Some((_, found)) => return Err(CanonicalError::Escape { at, found }),
                None => return Err(CanonicalError::Escape { at, found: ' ' }),
            }
        }
    }
    Ok(())
}

/// Whether a character could hide or reorder what people read.
#[must_use]
pub fn hides(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
        )
        || matches!(character, '\u{FDD0}'..='\u{FDEF}')
        || u32::from(character) & 0xFFFE == 0xFFFE
}

fn encode_error(error: serde_json::Error) -> CanonicalError {
    let text = error.to_string();
    let refused = io::Error::from(error).downcast::<CanonicalError>();
    refused.unwrap_or(CanonicalError::Encode(text))
}

/// Refuses what the narrowed JSON has no form for.
struct Narrow;

impl Narrow {
    fn integer(magnitude: u128, negative: bool) -> io::Result<()> {
        if magnitude <= u128::from(MAX_INTEGER) {
            return Ok(());
        }
        let sign = if negative { "-" } else { "" };
        let found = format!("{sign}{magnitude}");
        Err(io::Error::other(CanonicalError::Integer { found }))
    }

    fn fraction(found: String) -> io::Result<()> {
        Err(io::Error::other(CanonicalError::Fraction { found }))
    }
}

/// Numbers of up to 32 bits are always within bounds, and keep the trait's own methods.
impl Formatter for Narrow {
    fn write_null<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        Err(io::Error::other(CanonicalError::Null))
    }

    fn write_i64<W: ?Sized + io::Write>(&mut self, to: &mut W, value: i64) -> io::Result<()> {
        Self::integer(value.unsigned_abs().into(), value < 0)?;
        CompactFormatter.write_i64(to, value)
    }

    fn write_u64<W: ?Sized + io::Write>(&mut self, to: &mut W, value: u64) -> io::Result<()> {
        Self::integer(value.into(), false)?;
        CompactFormatter.write_u64(to, value)
    }

    fn write_i128<W: ?Sized + io::Write>(&mut self, to: &mut W, value: i128) -> io::Result<()> {
        Self::integer(value.unsigned_abs(), value < 0)?;
        CompactFormatter.write_i128(to, value)
    }

    fn write_u128<W: ?Sized + io::Write>(&mut self, to: &mut W, value: u128) -> io::Result<()> {
        Self::integer(value, false)?;
        CompactFormatter.write_u128(to, value)
    }

    fn write_f32<W: ?Sized + io::Write>(&mut self, _: &mut W, value: f32) -> io::Result<()> {
        Self::fraction(value.to_string())
    }

    fn write_f64<W: ?Sized + io::Write>(&mut self, _: &mut W, value: f64) -> io::Result<()> {
        Self::fraction(value.to_string())
    }

    fn write_number_str<W: ?Sized + io::Write>(&mut self, _: &mut W, text: &str) -> io::Result<()> {
        Self::fraction(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn integers_are_exact_or_refused() {
        let most = i64::try_from(MAX_INTEGER).unwrap();
        assert_eq!(
            to_vec(&[most, -most]).unwrap(),
            b"[9007199254740991,-9007199254740991]"
        );
        for (value, found) in [
            (json!(most + 1), "9007199254740992"),
            (json!(-most - 1), "-9007199254740992"),
            (json!({"a": [u64::MAX]}), "18446744073709551615"),
            (json!(i64::MIN), "-9223372036854775808"),
        ] {
            let found = found.to_owned();
            assert_eq!(to_vec(&value), Err(CanonicalError::Integer { found }));
        }
        assert!(matches!(
            to_vec(&i128::MIN),
            Err(CanonicalError::Integer { .. })
        ));
        assert!(matches!(
            to_vec(&u128::MAX),
            Err(CanonicalError::Integer { .. })
        ));
        let key = BTreeMap::from([(MAX_INTEGER + 1, 1)]);
        assert!(matches!(to_vec(&key), Err(CanonicalError::Integer { .. })));
    }

    #[test]
    fn fractions_and_null_are_refused() {
        for value in [json!(1.5), json!(1.0), json!([-0.0])] {
            assert!(
                matches!(to_vec(&value), Err(CanonicalError::Fraction { .. })),
                "{value}"
            );
        }
        assert!(matches!(
            to_vec(&1.5_f32),
            Err(CanonicalError::Fraction { .. })
        ));
        assert_eq!(to_vec(&json!({"a": null})), Err(CanonicalError::Null));
        assert!(to_vec(&f64::NAN).is_err());
    }

    #[test]
    fn keys_are_sorted_by_utf16_and_occur_once() {
        let value = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7});
        let text = String::from_utf8(to_vec(&value).unwrap()).unwrap();
        // The order of the example in RFC 8785, section 3.2.3.
        assert_eq!(
            text,
            "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}"
        );

        struct Twice;
        impl Serialize for Twice {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map([("a", 1), ("a", 2)])
            }
        }
        assert!(matches!(to_vec(&Twice), Err(CanonicalError::Encode(_))));
    }

    #[test]
    fn only_the_canonical_bytes_are_read() {
        let read = from_slice::<BTreeMap<String, u64>>;
        assert_eq!(read(br#"{"a":1,"b":2}"#).unwrap().len(), 2);
        for (bytes, at) in [
            (r#"{"b":2,"a":1}"#, 2),
            (r#"{"a":1, "b":2}"#, 7),
            (r#" {"a":1}"#, 0),
            (r#"{"a":1} "#, 7),
            (r#"{"a":1}{"#, 7),
            (r#"{"a":1,"a":1}"#, 6),
            (r#"{"\u0061":1}"#, 2),
        ] {
            assert_eq!(
                read(bytes.as_bytes()),
                Err(CanonicalError::NotCanonical { at }),
                "{bytes}"
            );
        }
        for bytes in [
            &b"{\"a\":1.0}"[..],
            b"{\"a\":-0}",
            b"{\"a\":null}",
            b"{\"a\":1",
            b"",
            b"{\"\xff\":1}",
            b"{\"\\ud800\":1}",
        ] {
            assert!(
                matches!(read(bytes), Err(CanonicalError::Json { .. })),
                "{bytes:?}"
            );
        }
        assert!(matches!(
            read(br#"{"a":9007199254740992}"#),
            Err(CanonicalError::Integer { .. })
        ));
    }

    #[test]
    fn text_hides_nothing() {
        assert_eq!(check_text("{\"名\":\"a\\\\b\\\"c\\\\\"}"), Ok(()));
        for character in "\u{0}\u{1f}\n\u{7f}\u{80}\u{9f}\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}\u{feff}\u{2028}\u{2029}\u{fdd0}\u{fdef}\u{fffe}\u{ffff}\u{1fffe}\u{10ffff}".chars() {
            let found = u32::from(character);
            assert_eq!(check_text(&format!("\"村{character}\"")), Err(CanonicalError::Character { at: 4, found }));
        }
        for allowed in
            "\u{a0}\u{200b}\u{200d}\u{202f}\u{2065}\u{206a}\u{fdcf}\u{fdf0}\u{fffd}\u{1f600}"
                .chars()
        {
            assert_eq!(check_text(&format!("\"{allowed}\"")), Ok(()));
        }
        for (text, found) in [("\"\\n\"", 'n'), ("\"\\u0000\"", 'u'), ("\"\\", ' ')] {
            assert_eq!(
                check_text(text),
                Err(CanonicalError::Escape { at: 1, found })
            );
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let bound = i64::try_from(MAX_INTEGER).unwrap();
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (-bound..=bound).prop_map(Value::from),
            any::<String>().prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect()))
            ]
        })
    }

    proptest! {
        #[test]
        fn encoding_reads_back(value in values()) {
            let bytes = to_vec(&value).unwrap();
            prop_assert_eq!(from_slice::<Value>(&bytes), Ok(value));
        }

        #[test]
        fn what_is_found_canonical_at_once_is(value in values()) {
            let canonical = String::from_utf8(to_vec(&value).unwrap()).unwrap();
            let compact = serde_json::to_string(&value).unwrap();
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            let escaped = canonical.replace('a', "\\u0061");
            for text in [&canonical, &compact, &pretty, &escaped] {
                let Ok(read) = serde_json::from_str::<Value>(text) else {
                    continue;
                };
                prop_assert!(!is_encoded_as(&read, &read, text) || *text == canonical, "{text}");
            }
            // Names beyond the first plane sort otherwise in UTF-8: they are left to the encoder.
            if canonical.chars().all(|c| c < '\u{e000}') {
                prop_assert!(is_encoded_as(&value, &value, &canonical));
            }
        }
    }
}
