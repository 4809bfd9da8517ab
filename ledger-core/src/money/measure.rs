//! Decimals and areas, exactly.
//!
//! Areas in different units compare as fractions, because 1 亩 is 2000/3 ㎡ and no decimal says that.

use core::cmp::Ordering;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// A decimal was not in its form, or too large.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// The text is no canonical decimal.
    #[error(
        "expected a decimal of at most 12 digits before and 6 after the point, without needless zeros, as in 12.5, found {found:?} (小数格式不对：整数部分最多 12 位、小数部分最多 6 位、没有多余的零，如 12.5，实为 {found:?})"
    )]
    Decimal {
        /// The text that was found, cut to a length that fits a message.
        found: String,
    },
}

/// Digits and nothing else, at least one: the standard parser would take a sign too.
pub(super) fn read_digits(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// A number from 0 with at most 12 digits before and 6 after the point. (小数)
///
/// Text form, also in JSON: no needless zero, as in `0`, `12.5`, `0.333333`; so equal numbers have
/// equal texts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("pattern" = "^(0|[1-9][0-9]{0,11})([.][0-9]{0,5}[1-9])?$")))]
pub struct Decimal {
    millionths: u64,
}

/// Millionths in one.
const ONE: u64 = 1_000_000;

impl Decimal {
    /// Nothing.
    pub const ZERO: Self = Self { millionths: 0 };

    /// The number of millionths, below 10^18.
    #[must_use]
    pub const fn millionths(self) -> u64 {
        self.millionths
    }

    /// The sum of both; `None` at 10^12 and above.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let millionths = self.millionths.checked_add(other.millionths)?;
        (millionths < ONE.pow(3)).then_some(Self { millionths })
    }
}

fn read_decimal(text: &str) -> Option<Decimal> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.len() > 12 || fraction.len() > 6 {
        return None;
    }
    let whole = read_digits(whole)?;
    let fraction = match fraction {
        "" => 0,
        digits => read_digits(&format!("{digits:0<6}"))?,
    };
    Some(Decimal {
        millionths: whole * ONE + fraction,
    })
}

impl FromStr for Decimal {
    type Err = MeasureError;
    fn from_str(text: &str) -> Result<Self, MeasureError> {
        read_decimal(text)
            .filter(|decimal| decimal.to_string() == text)
            .ok_or_else(|| MeasureError::Decimal {
                found: text.chars().take(80).collect(),
            })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.millionths / ONE, self.millionths % ONE);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let digits = format!("{fraction:06}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decimal({self})")
    }
}

impl From<Decimal> for String {
    fn from(value: Decimal) -> String {
        value.to_string()
    }
}

impl TryFrom<String> for Decimal {
    type Error = MeasureError;
    fn try_from(text: String) -> Result<Self, MeasureError> {
        text.parse()
    }
}

/// A unit of area. (面积单位)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum AreaUnit {
    /// 2000/3 square metres. (亩)
    Mu,
    /// One square metre. (平方米)
    SquareMetre,
    /// 10,000 square metres. (公顷)
    Hectare,
}

impl AreaUnit {
    /// Every unit, in the order in which a form offers them.
    pub const ALL: [Self; 3] = [Self::Mu, Self::SquareMetre, Self::Hectare];

    /// The Chinese name.
    #[must_use]
    pub const fn label_zh(self) -> &'static str {
        match self {
            Self::Mu => "亩",
            Self::SquareMetre => "平方米",
            Self::Hectare => "公顷",
        }
    }

    /// The English name.
    #[must_use]
    pub const fn label_en(self) -> &'static str {
        match self {
            Self::Mu => "mu",
            Self::SquareMetre => "square metres",
            Self::Hectare => "hectares",
        }
    }

    /// Thirds of a square metre in one unit: the largest measure that divides every unit.
    const fn thirds_of_square_metre(self) -> u128 {
        match self {
            Self::Mu => 2_000,
            Self::SquareMetre => 3,
            Self::Hectare => 30_000,
        }
    }
}

/// An area as it was measured: a number and its unit. (面积)
///
/// In JSON `{"unit":"mu","value":"3.5"}`. Two areas are equal if both were written alike;
/// [`Area::compare`] compares what they measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Area {
    /// How many units. (数量)
    pub value: Decimal,
    /// The unit. (单位)
    pub unit: AreaUnit,
}

/// An exact number of square metres: a fraction in lowest terms. (平方米数)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SquareMetres {
    /// Above the line.
    pub numerator: u128,
    /// Below the line; never zero.
    pub denominator: u128,
}

impl Area {
    /// The area in square metres, exactly.
    #[must_use]
    pub fn square_metres(&self) -> SquareMetres {
        let numerator = self.thirds_of_millionths();
        let denominator = 3 * u128::from(ONE);
        let divisor = greatest_common_divisor(numerator, denominator);
        SquareMetres {
            numerator: numerator / divisor,
            denominator: denominator / divisor,
        }
    }

    /// Which of two areas is the larger, exactly, whatever their units.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        self.thirds_of_millionths()
            .cmp(&other.thirds_of_millionths())
    }

    /// Below 10^18 · 30,000, far from the end of `u128`.
    pub(super) fn thirds_of_millionths(&self) -> u128 {
        u128::from(self.value.millionths) * self.unit.thirds_of_square_metre()
    }
}

fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.value, self.unit.label_zh())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn area(value: &str, unit: AreaUnit) -> Area {
        Area {
            value: value.parse().unwrap(),
            unit,
        }
    }

    #[test]
    fn decimals_have_one_text() {
        for good in [
            "0",
            "0.1",
            "12.5",
            "0.000001",
            "999999999999.999999",
            "10",
            "100.01",
        ] {
            assert_eq!(good.parse::<Decimal>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            ".",
            "00",
            "01",
            "1.",
            ".1",
            "1.0",
            "1.50",
            "-1",
            "+1",
            "1e3",
            " 1",
            "1,000",
            "1000000000000",
            "0.0000001",
            "1.2.3",
            "0.0",
            "1.+5",
        ] {
            assert!(bad.parse::<Decimal>().is_err(), "{bad}");
        }
        let most: Decimal = "999999999999.999999".parse().unwrap();
        assert_eq!(most.checked_add("0.000001".parse().unwrap()), None);
        assert_eq!(most.checked_add(Decimal::ZERO), Some(most));
    }

    #[test]
    fn areas_compare_exactly_across_units() {
        let three_mu = area("3", AreaUnit::Mu);
        assert_eq!(
            three_mu.compare(&area("2000", AreaUnit::SquareMetre)),
            Ordering::Equal
        );
        assert_eq!(
            area("15", AreaUnit::Mu).compare(&area("1", AreaUnit::Hectare)),
            Ordering::Equal
        );
        let one = area("1", AreaUnit::Mu);
        assert_eq!(
            one.compare(&area("666.666666", AreaUnit::SquareMetre)),
            Ordering::Greater
        );
        assert_eq!(
            one.compare(&area("666.666667", AreaUnit::SquareMetre)),
            Ordering::Less
        );
        let exact = one.square_metres();
        assert_eq!((exact.numerator, exact.denominator), (2000, 3));
        let half = area("0.5", AreaUnit::SquareMetre).square_metres();
        assert_eq!((half.numerator, half.denominator), (1, 2));
        let nothing = area("0", AreaUnit::Mu).square_metres();
        assert_eq!((nothing.numerator, nothing.denominator), (0, 1));
        assert_eq!(three_mu.to_string(), "3 亩");
        let json = r#"{"value":"3.5","unit":"mu"}"#;
        let area: Area = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&area).unwrap(), json);
    }

    proptest! {
        #[test]
        fn decimals_round_trip(millionths in 0..10_u64.pow(18)) {
            let decimal = Decimal { millionths };
            prop_assert_eq!(decimal.to_string().parse(), Ok(decimal));
        }

        #[test]
        fn areas_compare_as_their_fractions(
            a in 0..10_u64.pow(18), b in 0..10_u64.pow(18), unit in 0..3_usize, other in 0..3_usize,
        ) {
            let left = Area { value: Decimal { millionths: a }, unit: AreaUnit::ALL[unit] };
            let right = Area { value: Decimal { millionths: b }, unit: AreaUnit::ALL[other] };
            let (l, r) = (left.square_metres(), right.square_metres());
            let crossed = (l.numerator * r.denominator).cmp(&(r.numerator * l.denominator));
            prop_assert_eq!(left.compare(&right), crossed);
            prop_assert_eq!(right.compare(&left), crossed.reverse());
        }
    }
}
