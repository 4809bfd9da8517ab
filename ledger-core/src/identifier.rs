//! The unified social credit code, by which China knows an organisation.
//!
//! Knows nothing of registers: a valid code may have been given to nobody. Follows GB 32100-2015
//! for the eighteen characters and their check character, and GB 11714-1997 for the check
//! character of the organisation code inside it.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text is no unified social credit code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CreditCodeError {
    /// Not eighteen characters.
    #[error(
        "unified social credit code: expected 18 characters, found {found} (统一社会信用代码应为 18 位，实为 {found} 位)"
    )]
    Length {
        /// How many characters there are.
        found: usize,
    },
    /// A character that cannot stand at its place.
    #[error(
        "unified social credit code: expected {expected} at place {place}, found {found:?} (统一社会信用代码第 {place} 位应为 {expected}，实为 {found:?})"
    )]
    Character {
        /// The place, counted from 1.
        place: usize,
        /// What may stand there.
        expected: &'static str,
        /// What stands there.
        found: char,
    },
    /// The check character of the organisation code, at place 17, is another.
    #[error(
        "unified social credit code: expected check character {expected:?} at place 17 (GB 11714), found {found:?} (统一社会信用代码第 17 位校验码应为 {expected:?}，实为 {found:?})"
    )]
    OrganisationCheck {
        /// What the eight characters before it require.
        expected: char,
        /// What stands there.
        found: char,
    },
    /// The check character of the whole, at place 18, is another.
    #[error(
        "unified social credit code: expected check character {expected:?} at place 18 (GB 32100), found {found:?} (统一社会信用代码第 18 位校验码应为 {expected:?}，实为 {found:?})"
    )]
    Check {
        /// What the seventeen characters before it require.
        expected: char,
        /// What stands there.
        found: char,
    },
}

/// The characters of a code in the order of their values: no I, O, S, V, Z.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// The weights of the organisation code's first eight characters.
const ORGANISATION_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// What kind of rural collective an agricultural code names, by its second character. (集体经济组织类别)
///
/// Source: GB 32100-2015 and its amendment, department `N` (农业).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuralCollective {
    /// `N1`: of a villagers' group, in Guangdong a 经济社. (组级集体经济组织)
    Group,
    /// `N2`: of a village, in Guangdong a 经济联社. (村级集体经济组织)
    Village,
    /// `N3`: of a township, in Guangdong a 经济联合总社. (乡镇级集体经济组织)
    Township,
    /// `N9`: another body that the agricultural department registers. (其他)
    Other,
}

impl RuralCollective {
    /// The Chinese name.
    #[must_use]
    pub const fn label_zh(self) -> &'static str {
        match self {
            Self::Group => "组级集体经济组织",
            Self::Village => "村级集体经济组织",
            Self::Township => "乡镇级集体经济组织",
            Self::Other => "农业农村部门登记的其他组织",
        }
    }

    /// The English name.
    #[must_use]
    pub const fn label_en(self) -> &'static str {
        match self {
            Self::Group => "collective of a villagers' group",
            Self::Village => "collective of a village",
            Self::Township => "collective of a township",
            Self::Other => "other body registered by the agricultural department",
        }
    }
}

/// A unified social credit code whose two check characters are right. (统一社会信用代码)
///
/// Text form: eighteen characters, capital letters, as in `N1440606766567748T`.
///
/// Source: GB 32100-2015; GB 11714-1997.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("format" = "credit-code", "pattern" = "^[0-9A-Y]{2}[0-9]{6}[0-9A-Y]{8}[0-9X][0-9A-Y]$")))]
pub struct CreditCode(#[cfg_attr(feature = "schema", schemars(with = "String"))] [u8; 18]);

impl CreditCode {
    /// The six digits of the division whose office registered it, by GB/T 2260. (登记管理机关行政区划码)
    #[must_use]
    pub fn division(&self) -> String {
        self.0[2..8].iter().map(|byte| char::from(*byte)).collect()
    }

    /// The kind of rural collective; `None` if another department registered it.
    #[must_use]
    pub const fn rural_collective(&self) -> Option<RuralCollective> {
        match (self.0[0], self.0[1]) {
            (b'N', b'1') => Some(RuralCollective::Group),
            (b'N', b'2') => Some(RuralCollective::Village),
            (b'N', b'3') => Some(RuralCollective::Township),
            (b'N', b'9') => Some(RuralCollective::Other),
            _ => None,
        }
    }

    /// Whether the agricultural department registered it as a rural collective: `N1`, `N2`, `N3`
    /// or `N9`.
    #[must_use]
    pub const fn is_rural_collective(&self) -> bool {
        self.rural_collective().is_some()
    }
}

fn characters(text: &str) -> Result<[u8; 18], CreditCodeError> {
    let mut bytes = [0; 18];
    let found = text.chars().count();
    if found != bytes.len() {
        return Err(CreditCodeError::Length { found });
    }
    for (index, (byte, character)) in bytes.iter_mut().zip(text.chars()).enumerate() {
        let (expected, allowed) = match index {
            2..8 => ("0-9", character.is_ascii_digit()),
            16 => ("0-9 X", character.is_ascii_digit() || character == 'X'),
            _ => (
                "0-9 A-Z without I O S V Z",
                ALPHABET
                    .iter()
                    .any(|allowed| char::from(*allowed) == character),
            ),
        };
        let place = index + 1;
        *byte =
            u8::try_from(character)
                .ok()
                .filter(|_| allowed)
                .ok_or(CreditCodeError::Character {
                    place,
                    expected,
                    found: character,
                })?;
    }
    Ok(bytes)
}

/// The check character of an organisation code: places 9 to 16, modulo 11.
fn organisation_check(code: &[u8; 18]) -> u8 {
    // A letter's value is its place in A-Z after the ten digits, gaps or not.
    let value = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        _ => u32::from(byte.saturating_sub(b'A')) + 10,
    };
    let sum: u32 = ORGANISATION_WEIGHTS
        .iter()
        .zip(&code[8..16])
        .map(|(weight, byte)| weight * value(*byte))
        .sum();
    b"0X987654321"[sum as usize % 11]
}

/// The check character of the whole: places 1 to 17, weights 3^i, modulo 31.
fn check(code: &[u8; 18]) -> u8 {
    let mut weight = 1;
    let mut sum = 0;
    for byte in &code[..17] {
        let value = ALPHABET
            .iter()
            .position(|letter| letter == byte)
            .unwrap_or(0);
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    ALPHABET[(31 - sum % 31) % 31]
}

impl FromStr for CreditCode {
    type Err = CreditCodeError;
    fn from_str(text: &str) -> Result<Self, CreditCodeError> {
        let code = characters(text)?;
        let expected = organisation_check(&code);
        if code[16] != expected {
            return Err(CreditCodeError::OrganisationCheck {
                expected: expected.into(),
                found: code[16].into(),
            });
        }
        let expected = check(&code);
        if code[17] != expected {
            return Err(CreditCodeError::Check {
                expected: expected.into(),
                found: code[17].into(),
            });
        }
        Ok(Self(code))
    }
}

impl fmt::Display for CreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| fmt::Write::write_char(f, char::from(*byte)))
    }
}

impl fmt::Debug for CreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CreditCode({self})")
    }
}

impl From<CreditCode> for String {
    fn from(value: CreditCode) -> String {
        value.to_string()
    }
}

impl TryFrom<String> for CreditCode {
    type Error = CreditCodeError;
    fn try_from(text: String) -> Result<Self, CreditCodeError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REAL: &str = "N1440606766567748T";

    #[test]
    fn published_codes_are_valid() {
        // Of a collective in Shunde; of companies, as their public filings show them.
        for (text, kind) in [
            (REAL, Some(RuralCollective::Group)),
            ("91440300708461136T", None),
            ("914403001922038216", None),
            ("91350100M000100Y43", None),
        ] {
            let code: CreditCode = text.parse().unwrap();
            assert_eq!(code.to_string(), text);
            assert_eq!(code.rural_collective(), kind);
        }
        let code: CreditCode = REAL.parse().unwrap();
        assert_eq!(code.division(), "440606");
        assert!(code.is_rural_collective());
    }

    #[test]
    fn errors_say_what_was_expected() {
        assert_eq!(
            "N1440606766567748A".parse::<CreditCode>(),
            Err(CreditCodeError::Check {
                expected: 'T',
                found: 'A'
            })
        );
        assert_eq!(
            "N1440606766567741T".parse::<CreditCode>(),
            Err(CreditCodeError::OrganisationCheck {
                expected: '8',
                found: '1'
            })
        );
        assert_eq!(
            "n1440606766567748T".parse::<CreditCode>(),
            Err(CreditCodeError::Character {
                place: 1,
                expected: "0-9 A-Z without I O S V Z",
                found: 'n',
            })
        );
        let message = "N14406067665677"
            .parse::<CreditCode>()
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("expected 18 characters, found 15"),
            "{message}"
        );
        assert!(message.contains("应为 18 位"), "{message}");
        for bad in [
            "",
            "N1440606766567748T ",
            "Ｎ1440606766567748T",
            "N144060676656774\u{0}T",
        ] {
            assert!(bad.parse::<CreditCode>().is_err(), "{bad}");
        }
    }

    fn letter() -> impl Strategy<Value = u8> {
        proptest::sample::select(ALPHABET.as_slice())
    }

    fn valid() -> impl Strategy<Value = String> {
        (
            proptest::array::uniform2(letter()),
            proptest::array::uniform6(b'0'..=b'9'),
            proptest::array::uniform8(letter()),
        )
            .prop_map(|(kind, division, organisation)| {
                let mut code = [b'0'; 18];
                code[..2].copy_from_slice(&kind);
                code[2..8].copy_from_slice(&division);
                code[8..16].copy_from_slice(&organisation);
                code[16] = organisation_check(&code);
                code[17] = check(&code);
                code.map(char::from).iter().collect()
            })
    }

    proptest! {
        #[test]
        fn every_change_of_one_character_is_found(text in valid()) {
            prop_assert!(text.parse::<CreditCode>().is_ok());
            for place in 0..18 {
                for other in b' '..=b'~' {
                    let mut changed = text.clone().into_bytes();
                    if changed[place] == other {
                        continue;
                    }
                    changed[place] = other;
                    let changed = String::from_utf8(changed).unwrap();
                    prop_assert!(changed.parse::<CreditCode>().is_err(), "{}", changed);
                }
            }
        }

        #[test]
        fn every_swap_of_two_neighbours_is_found(text in valid(), place in 0..17_usize) {
            let mut swapped = text.clone().into_bytes();
            swapped.swap(place, place + 1);
            let swapped = String::from_utf8(swapped).unwrap();
            prop_assert_eq!(swapped.parse::<CreditCode>().is_ok(), swapped == text);
        }
    }
}
