//! Sums of money, prices and areas, exactly: integers and decimal text, never floating point.
//!
//! Knows nothing of currencies other than the renminbi, of taxes, or of rounding: what cannot be
//! said exactly is refused. Areas in different units compare exactly, because 1 亩 is 2000/3 ㎡.

use core::cmp::Ordering;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// A sum, a decimal or an area was not in its form, or too large.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// More than 2^53−1 分.
    #[error(
        "expected at most 9007199254740991 fen, found {found} (金额超出上限:最多 9007199254740991 分,实为 {found})"
    )]
    FenTooLarge {
        /// The number of 分 that was found.
        found: u64,
    },
    /// The text is no amount in yuan.
    #[error(
        "expected yuan with at most 2 decimals and at most 90071992547409.91, as in 1,300,000.00, found {found:?} (金额格式不对:应为元、最多两位小数,如 1,300,000.00,实为 {found:?})"
    )]
    Yuan {
        /// The text that was found, cut to a length that fits a message.
        found: String,
    },
    /// The text is no canonical decimal.
    #[error(
        "expected a decimal of at most 12 digits before and 6 after the point, without needless zeros, as in 12.5, found {found:?} (小数格式不对:整数部分最多 12 位、小数部分最多 6 位、没有多余的零,如 12.5,实为 {found:?})"
    )]
    Decimal {
        /// The text that was found, cut to a length that fits a message.
        found: String,
    },
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

/// A sum of money in 分, 0 to 2^53−1. (金额)
///
/// An integer in JSON. Shown in yuan with thousands separators: `1,300,000.00`.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(into = "u64", try_from = "u64")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fen(u64);

impl Fen {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// 2^53−1 分: the largest integer that every JSON reader keeps exactly.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// Takes a number of 分.
    ///
    /// # Errors
    /// [`MoneyError::FenTooLarge`] above 2^53−1.
    pub const fn new(fen: u64) -> Result<Self, MoneyError> {
        if fen <= Self::MAX.0 {
            return Ok(Self(fen));
        }
        Err(MoneyError::FenTooLarge { found: fen })
    }

    /// The number of 分.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Reads yuan as people write them: `1300000`, `1,300,000.00`, `1300000.5`.
    ///
    /// Commas stand between groups of three digits everywhere or nowhere; no sign, no space.
    ///
    /// # Errors
    /// [`MoneyError::Yuan`] for any other text, more than two decimals, or more than [`Fen::MAX`].
    pub fn from_yuan(text: &str) -> Result<Self, MoneyError> {
        read_yuan(text)
            .and_then(|fen| Self::new(fen).ok())
            .ok_or_else(|| MoneyError::Yuan { found: cut(text) })
    }

    /// The sum of both; `None` above [`Fen::MAX`].
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Self::new(self.0.checked_add(other.0)?).ok()
    }

    /// This less the other; `None` below zero.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

fn read_yuan(text: &str) -> Option<u64> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, read_digits(fraction)?),
        None => (text, 0),
    };
    let fen = match text.len() - whole.len() {
        0 => 0,
        2 => fraction * 10,
        3 => fraction,
        _ => return None,
    };
    let yuan = read_digits(&whole.replace(',', ""))?;
    if whole != yuan.to_string() && whole != grouped(yuan) {
        return None;
    }
    yuan.checked_mul(100)?.checked_add(fen)
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Digits and nothing else, at least one: the standard parser would take a sign too.
fn read_digits(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{:02}", grouped(self.0 / 100), self.0 % 100))
    }
}

impl From<Fen> for u64 {
    fn from(value: Fen) -> u64 {
        value.0
    }
}

impl TryFrom<u64> for Fen {
    type Error = MoneyError;
    fn try_from(fen: u64) -> Result<Self, MoneyError> {
        Self::new(fen)
    }
}

/// What a price is for. (计价方式)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum PriceBasis {
    /// Everything, once. (总价)
    Total,
    /// One month. (每月)
    PerMonth,
    /// One year. (每年)
    PerYear,
    /// One 亩. (每亩)
    PerMu,
    /// One square metre. (每平方米)
    PerSquareMetre,
}

impl PriceBasis {
    /// Every basis, in the order in which a form offers them.
    pub const ALL: [Self; 5] = [
        Self::Total,
        Self::PerMonth,
        Self::PerYear,
        Self::PerMu,
        Self::PerSquareMetre,
    ];

    /// What follows the number in Chinese: `元/年`; `元` for a total.
    #[must_use]
    pub const fn unit_zh(self) -> &'static str {
        match self {
            Self::Total => "元",
            Self::PerMonth => "元/月",
            Self::PerYear => "元/年",
            Self::PerMu => "元/亩",
            Self::PerSquareMetre => "元/平方米",
        }
    }

    /// The name in Chinese: `总价`, `每年`.
    #[must_use]
    pub const fn label_zh(self) -> &'static str {
        match self {
            Self::Total => "总价",
            Self::PerMonth => "每月",
            Self::PerYear => "每年",
            Self::PerMu => "每亩",
            Self::PerSquareMetre => "每平方米",
        }
    }

    /// The name in English: `total`, `per year`.
    #[must_use]
    pub const fn label_en(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::PerMonth => "per month",
            Self::PerYear => "per year",
            Self::PerMu => "per mu",
            Self::PerSquareMetre => "per square metre",
        }
    }
}

impl fmt::Display for PriceBasis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label_en())
    }
}

/// A sum and what it is for. (价格)
///
/// In JSON `{"basis":"per_year","fen":130000000}`. Shown as `1,300,000.00 元/年`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Price {
    /// The sum, in 分.
    pub fen: Fen,
    /// What the sum is for.
    pub basis: PriceBasis,
}

impl Price {
    /// Which of two prices is the higher, exactly; `None` where their bases do not convert.
    ///
    /// Months convert to years, 亩 to square metres; a total converts to nothing.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        let (dimension, ours) = self.scaled();
        let (other_dimension, theirs) = other.scaled();
        (dimension == other_dimension).then(|| ours.cmp(&theirs))
    }

    /// The dimension of the basis, and the price in that dimension's smallest common unit.
    fn scaled(&self) -> (u8, u128) {
        let fen = u128::from(self.fen.0);
        match self.basis {
            PriceBasis::Total => (0, fen),
            PriceBasis::PerMonth => (1, fen * 12),
            PriceBasis::PerYear => (1, fen),
            PriceBasis::PerMu => (2, fen * 3),
            PriceBasis::PerSquareMetre => (2, fen * 2000),
        }
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.fen, self.basis.unit_zh())
    }
}

/// A number from 0 with at most 12 digits before and 6 after the point. (小数)
///
/// Text form, also in JSON: no needless zero, as in `0`, `12.5`, `0.333333`; so equal numbers have
/// equal texts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        read_decimal(text)
            .filter(|decimal| decimal.to_string() == text)
            .ok_or_else(|| MoneyError::Decimal { found: cut(text) })
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
    type Error = MoneyError;
    fn try_from(text: String) -> Result<Self, MoneyError> {
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
    /// How many units.
    pub value: Decimal,
    /// The unit.
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
    fn thirds_of_millionths(&self) -> u128 {
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
    fn yuan_are_read_exactly() {
        for (text, fen) in [
            ("1300000", 130_000_000),
            ("1,300,000.00", 130_000_000),
            ("1300000.5", 130_000_050),
            ("0", 0),
            ("0.01", 1),
            ("999", 99_900),
            ("1,000", 100_000),
            ("90071992547409.91", Fen::MAX.get()),
        ] {
            assert_eq!(Fen::from_yuan(text), Fen::new(fen), "{text}");
        }
        for bad in [
            "",
            ".",
            ".5",
            "5.",
            "1.234",
            "-1",
            "+1",
            "1 000",
            "1,00",
            "1000,000",
            ",100",
            "1,,000",
            "1,000,",
            "01",
            "00",
            "1e3",
            "¥1",
            "１",
            "0,100",
            "1.0,0",
            "1.+5",
            "1.2.3",
            "90071992547409.92",
            "184467440737095516.16",
            "99999999999999999999",
        ] {
            assert!(Fen::from_yuan(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn fen_are_bounded_and_shown_in_yuan() {
        assert_eq!(Fen::new(130_000_000).unwrap().to_string(), "1,300,000.00");
        assert_eq!(Fen::new(7).unwrap().to_string(), "0.07");
        assert_eq!(Fen::new(99_999).unwrap().to_string(), "999.99");
        assert_eq!(Fen::MAX.to_string(), "90,071,992,547,409.91");
        assert!(Fen::new(1 << 53).is_err());
        assert_eq!(Fen::MAX.checked_add(Fen(1)), None);
        assert_eq!(Fen::ZERO.checked_sub(Fen(1)), None);
        assert_eq!(Fen(5).checked_sub(Fen(3)), Some(Fen(2)));
        assert!(serde_json::from_str::<Fen>("9007199254740992").is_err());
        assert!(serde_json::from_str::<Fen>("-1").is_err());
        assert!(serde_json::from_str::<Fen>("1.0").is_err());
        assert_eq!(serde_json::from_str::<Fen>("17").unwrap(), Fen(17));
    }

    #[test]
    fn prices_compare_where_their_bases_convert() {
        let price = |fen, basis| Price {
            fen: Fen(fen),
            basis,
        };
        let monthly = price(100, PriceBasis::PerMonth);
        assert_eq!(
            monthly.compare(&price(1200, PriceBasis::PerYear)),
            Some(Ordering::Equal)
        );
        assert_eq!(
            monthly.compare(&price(1201, PriceBasis::PerYear)),
            Some(Ordering::Less)
        );
        assert_eq!(monthly.compare(&price(1, PriceBasis::Total)), None);
        let by_mu = price(2000, PriceBasis::PerMu);
        let by_metre = price(3, PriceBasis::PerSquareMetre);
        assert_eq!(by_mu.compare(&by_metre), Some(Ordering::Equal));
        assert_eq!(by_mu.compare(&monthly), None);
        assert_eq!(by_mu.to_string(), "20.00 元/亩");
        let json = r#"{"fen":130000000,"basis":"per_year"}"#;
        let price: Price = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&price).unwrap(), json);
        assert!(serde_json::from_str::<Price>(r#"{"fen":1,"basis":"total","x":1}"#).is_err());
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
        fn sums_round_trip_through_yuan(fen in 0..=Fen::MAX.get()) {
            let fen = Fen::new(fen).unwrap();
            prop_assert_eq!(Fen::from_yuan(&fen.to_string()), Ok(fen));
            prop_assert_eq!(Fen::from_yuan(&fen.to_string().replace(',', "")), Ok(fen));
        }

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
