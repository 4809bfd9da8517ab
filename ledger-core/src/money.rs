//! Sums of money, prices and areas, exactly: integers and decimal text, never floating point.
//!
//! Knows nothing of currencies other than the renminbi, of taxes, or of rounding: what cannot be
//! said exactly is refused.

mod measure;

use core::cmp::Ordering;
use core::fmt;

use serde::{Deserialize, Serialize};

pub use measure::{Area, AreaUnit, Decimal, MeasureError, SquareMetres};

/// A sum was not in its form, or too large.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// More than 2^53−1 分.
    #[error(
        "expected at most 9007199254740991 fen, found {found} (金额超出上限：最多 9007199254740991 分，实为 {found})"
    )]
    FenTooLarge {
        /// The number of 分 that was found.
        found: u64,
    },
    /// The text is no amount in yuan.
    #[error(
        "expected yuan with at most 2 decimals and at most 90071992547409.91, as in 1,300,000.00, found {found:?} (金额格式不对：应为元、最多两位小数，如 1,300,000.00，实为 {found:?})"
    )]
    Yuan {
        /// The text that was found, cut to a length that fits a message.
        found: String,
    },
}

/// A sum of money in 分, 0 to 2^53−1. (金额)
///
/// An integer in JSON. Shown in yuan with thousands separators: `1,300,000.00`.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(into = "u64", try_from = "u64")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("maximum" = 9_007_199_254_740_991_u64)))]
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
            .ok_or_else(|| MoneyError::Yuan {
                found: text.chars().take(80).collect(),
            })
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
        Some((whole, fraction)) => (whole, measure::read_digits(fraction)?),
        None => (text, 0),
    };
    let fen = match text.len() - whole.len() {
        0 => 0,
        2 => fraction * 10,
        3 => fraction,
        _ => return None,
    };
    let yuan = measure::read_digits(&whole.replace(',', ""))?;
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
    /// One square metre for one month. (每平方米每月)
    PerSqmMonth,
    /// One 亩 for one year. (每亩每年)
    PerMuYear,
}

impl PriceBasis {
    /// Every basis, in the order in which a form offers them.
    pub const ALL: [Self; 7] = [
        Self::Total,
        Self::PerMonth,
        Self::PerYear,
        Self::PerMu,
        Self::PerSquareMetre,
        Self::PerSqmMonth,
        Self::PerMuYear,
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
            Self::PerSqmMonth => "元/㎡/月",
            Self::PerMuYear => "元/亩/年",
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
            Self::PerSqmMonth => "每平方米每月",
            Self::PerMuYear => "每亩每年",
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
            Self::PerSqmMonth => "per square metre per month",
            Self::PerMuYear => "per mu per year",
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
    /// The sum, in 分. (金额)
    pub fen: Fen,
    /// What the sum is for. (计价方式)
    pub basis: PriceBasis,
}

impl Price {
    /// Which of two prices is the higher, exactly; `None` where their bases do not convert.
    ///
    /// Months convert to years, 亩 to square metres; a total converts to nothing, nor does a price
    /// for an area alone to one for an area and a time.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        self.compare_share(other, 1, 1)
    }

    /// Whether this price is below, at or above `numerator / denominator` of another, exactly; `None`
    /// where their bases do not convert.
    #[must_use]
    pub fn compare_share(
        &self,
        other: &Self,
        numerator: u32,
        denominator: u32,
    ) -> Option<Ordering> {
        let (dimension, ours) = self.scaled();
        let (other_dimension, theirs) = other.scaled();
        (dimension == other_dimension)
            .then(|| (ours * u128::from(denominator)).cmp(&(theirs * u128::from(numerator))))
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
            PriceBasis::PerMuYear => (3, fen * 3),
            PriceBasis::PerSqmMonth => (3, fen * 12 * 2000),
        }
    }

    /// Which of the two is the higher, and how far apart they are in hundredths of a per cent of the
    /// other, rounded up. `None` where their bases do not convert.
    ///
    /// Any price is [`u64::MAX`] apart from a price of nothing, unless it is nothing too.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<(Ordering, u64)> {
        let (dimension, ours) = self.scaled();
        let (other_dimension, theirs) = other.scaled();
        if dimension != other_dimension {
            return None;
        }
        let apart = match (ours.abs_diff(theirs), theirs) {
            (0, _) => 0,
            (_, 0) => u64::MAX,
            (apart, _) => u64::try_from((apart * 10_000).div_ceil(theirs)).unwrap_or(u64::MAX),
        };
        Some((ours.cmp(&theirs), apart))
    }

    /// What this price comes to in all over an area and a number of months, without rises or months
    /// free of rent. (总价)
    ///
    /// `None` if it needs an area or a term that is not given, is no whole number of 分, or is more
    /// than [`Fen::MAX`].
    ///
    /// ```
    /// use ledger_core::money::{Area, Fen, Price};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let price: Price = serde_json::from_str(r#"{"basis":"per_sqm_month","fen":3500}"#)?;
    /// let area: Area = serde_json::from_str(r#"{"unit":"square_metre","value":"120.5"}"#)?;
    /// assert_eq!(price.total(Some(&area), Some(12)), Some(Fen::new(5_061_000)?));
    /// assert_eq!(price.total(Some(&area), None), None);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn total(&self, area: Option<&Area>, months: Option<u32>) -> Option<Fen> {
        let fen = u128::from(self.fen.0);
        let months = months.map(u128::from);
        let thirds = area.map(Area::thirds_of_millionths);
        // Thirds of millionths of a square metre, and months, in one unit that is priced.
        const SQUARE_METRE: u128 = 3_000_000;
        const MU: u128 = 2_000_000_000;
        let (units, in_one) = match self.basis {
            PriceBasis::Total => (1, 1),
            PriceBasis::PerMonth => (months?, 1),
            PriceBasis::PerYear => (months?, 12),
            PriceBasis::PerMu => (thirds?, MU),
            PriceBasis::PerSquareMetre => (thirds?, SQUARE_METRE),
            PriceBasis::PerSqmMonth => (thirds?.checked_mul(months?)?, SQUARE_METRE),
            PriceBasis::PerMuYear => (thirds?.checked_mul(months?)?, MU * 12),
        };
        let product = fen.checked_mul(units)?;
        let whole = product.is_multiple_of(in_one);
        let total = u64::try_from(product / in_one).ok()?;
        whole.then(|| Fen::new(total).ok()).flatten()
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.fen, self.basis.unit_zh())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        let let_by_metre = price(3, PriceBasis::PerSqmMonth);
        let let_by_mu = price(24_000, PriceBasis::PerMuYear);
        assert_eq!(let_by_metre.compare(&let_by_mu), Some(Ordering::Equal));
        assert_eq!(let_by_metre.compare(&by_metre), None);
        assert_eq!(let_by_metre.compare(&monthly), None);
        assert_eq!(let_by_mu.to_string(), "240.00 元/亩/年");
        let json = r#"{"fen":130000000,"basis":"per_year"}"#;
        let price: Price = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&price).unwrap(), json);
        assert!(serde_json::from_str::<Price>(r#"{"fen":1,"basis":"total","x":1}"#).is_err());
    }

    #[test]
    fn a_price_tells_how_far_it_is_from_another() {
        let price = |basis| {
            move |fen| Price {
                fen: Fen(fen),
                basis,
            }
        };
        let (yearly, total) = (price(PriceBasis::PerYear), price(PriceBasis::Total));
        let monthly = price(PriceBasis::PerMonth)(100);
        let most = Fen::MAX.get();
        for (ours, theirs, expected) in [
            (yearly(1_176), monthly, (Ordering::Less, 200)),
            (yearly(1_175), monthly, (Ordering::Less, 209)),
            (yearly(1_200), monthly, (Ordering::Equal, 0)),
            (yearly(1_201), monthly, (Ordering::Greater, 9)),
            (yearly(0), monthly, (Ordering::Less, 10_000)),
            (monthly, yearly(0), (Ordering::Greater, u64::MAX)),
            (yearly(0), yearly(0), (Ordering::Equal, 0)),
            (yearly(0), yearly(most), (Ordering::Less, 10_000)),
            (yearly(most), yearly(1), (Ordering::Greater, u64::MAX)),
        ] {
            assert_eq!(ours.difference(&theirs), Some(expected), "{ours} {theirs}");
        }
        assert_eq!(total(1).difference(&monthly), None);
    }

    #[test]
    fn a_total_is_exact_or_absent() {
        let area = |text: &str| -> Area { serde_json::from_str(text).unwrap() };
        let metres = area(r#"{"unit":"square_metre","value":"0.5"}"#);
        let mu = area(r#"{"unit":"mu","value":"3"}"#);
        let most = area(r#"{"unit":"hectare","value":"999999999999.999999"}"#);
        let total = |basis, fen, area: Option<&Area>, months| {
            let fen = Fen(fen);
            Price { fen, basis }
                .total(area, months)
                .map(|total| total.get())
        };
        for (basis, fen, area, months, expected) in [
            (PriceBasis::Total, 7, None, None, Some(7)),
            (PriceBasis::PerMonth, 7, None, Some(5), Some(35)),
            (PriceBasis::PerMonth, 7, None, None, None),
            (PriceBasis::PerYear, 12, None, Some(5), Some(5)),
            (PriceBasis::PerYear, 13, None, Some(5), None),
            (PriceBasis::PerMu, 7, Some(&mu), None, Some(21)),
            (PriceBasis::PerMu, 7, None, Some(1), None),
            (PriceBasis::PerSquareMetre, 3, Some(&mu), None, Some(6_000)),
            (PriceBasis::PerSquareMetre, 3, Some(&metres), None, None),
            (PriceBasis::PerSqmMonth, 4, Some(&metres), Some(3), Some(6)),
            (PriceBasis::PerMuYear, 8, Some(&mu), Some(6), Some(12)),
            (PriceBasis::PerMuYear, 8, Some(&mu), None, None),
            (
                PriceBasis::PerSqmMonth,
                Fen::MAX.get(),
                Some(&most),
                Some(u32::MAX),
                None,
            ),
            (
                PriceBasis::PerMonth,
                Fen::MAX.get(),
                None,
                Some(u32::MAX),
                None,
            ),
        ] {
            assert_eq!(total(basis, fen, area, months), expected, "{basis} {fen}");
        }
    }

    proptest! {
        #[test]
        fn sums_round_trip_through_yuan(fen in 0..=Fen::MAX.get()) {
            let fen = Fen::new(fen).unwrap();
            prop_assert_eq!(Fen::from_yuan(&fen.to_string()), Ok(fen));
            prop_assert_eq!(Fen::from_yuan(&fen.to_string().replace(',', "")), Ok(fen));
        }
    }
}
