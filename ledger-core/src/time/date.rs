//! Civil days, weekdays and years.

use core::fmt;
use core::str::FromStr;

use jiff::ToSpan as _;
use jiff::civil;
use serde::{Deserialize, Serialize};

use super::{FIRST_YEAR, LogTime, TimeError, form, seconds_at};

/// A day of the week. (星期)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// Saturday or Sunday.
    #[must_use]
    pub const fn is_weekend(self) -> bool {
        matches!(self, Self::Saturday | Self::Sunday)
    }

    /// The Chinese name, as in `周六`.
    #[must_use]
    pub const fn label_zh(self) -> &'static str {
        match self {
            Self::Monday => "周一",
            Self::Tuesday => "周二",
            Self::Wednesday => "周三",
            Self::Thursday => "周四",
            Self::Friday => "周五",
            Self::Saturday => "周六",
            Self::Sunday => "周日",
        }
    }
}

/// A civil day, 1970-01-01 to 9999-12-31. (日期)
///
/// Text form: `2018-03-02`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("format" = "date", "pattern" = "^(19[7-9]|[2-9][0-9]{2})[0-9]-")))]
pub struct Date(#[cfg_attr(feature = "schema", schemars(with = "String"))] civil::Date);

text_form!(Date);

impl Date {
    /// 1970-01-01.
    pub const MIN: Self = Self(civil::date(FIRST_YEAR, 1, 1));

    /// 9999-12-31.
    pub const MAX: Self = Self(civil::Date::MAX);

    pub(super) fn held(date: civil::Date) -> Self {
        Self(date).max(Self::MIN)
    }

    /// The day of that year, month (1 to 12) and day (1 to 31).
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] if there is no such day, or the year is not within 1970 to 9999.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, TimeError> {
        let read = || {
            let year = i16::try_from(year)
                .ok()
                .filter(|year| *year >= FIRST_YEAR)?;
            civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
        };
        read().map(Self).ok_or_else(|| TimeError::OutOfRange {
            what: "date",
            expected: "a day that exists, 1970-01-01 to 9999-12-31",
            found: format!("{year}-{month:02}-{day:02}"),
        })
    }

    /// The year, 1970 to 9999.
    #[must_use]
    pub fn year(self) -> u16 {
        self.0.year().unsigned_abs()
    }

    /// The month, 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        self.0.month().unsigned_abs()
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub fn day(self) -> u8 {
        self.0.day().unsigned_abs()
    }

    /// The day of the week.
    #[must_use]
    pub fn weekday(self) -> Weekday {
        match self.0.weekday() {
            civil::Weekday::Monday => Weekday::Monday,
            civil::Weekday::Tuesday => Weekday::Tuesday,
            civil::Weekday::Wednesday => Weekday::Wednesday,
            civil::Weekday::Thursday => Weekday::Thursday,
            civil::Weekday::Friday => Weekday::Friday,
            civil::Weekday::Saturday => Weekday::Saturday,
            civil::Weekday::Sunday => Weekday::Sunday,
        }
    }

    /// The day `days` later; `None` after the year 9999.
    #[must_use]
    pub fn plus_days(self, days: u32) -> Option<Self> {
        let span = 0.days().try_days(days).ok()?;
        self.0.checked_add(span).ok().map(Self)
    }

    /// The same day `months` later, or the last of that month; `None` after the year 9999.
    #[must_use]
    pub fn plus_months(self, months: u32) -> Option<Self> {
        let span = 0.months().try_months(months).ok()?;
        self.0.checked_add(span).ok().map(Self)
    }

    /// The day `days` earlier; `None` before 1970.
    #[must_use]
    pub fn minus_days(self, days: u32) -> Option<Self> {
        let span = 0.days().try_days(days).ok()?;
        let date = self.0.checked_sub(span).ok().map(Self)?;
        (date >= Self::MIN).then_some(date)
    }

    /// Days from this day to `other`; negative if `other` is earlier.
    #[must_use]
    pub fn days_until(self, other: Self) -> i64 {
        other.0.duration_since(self.0).as_hours() / 24
    }

    /// The moment at which this day begins on clocks `offset_minutes` east of UTC.
    ///
    /// Held within [`LogTime::MIN`] and [`LogTime::MAX`] where the offset leads out of the years.
    #[must_use]
    pub fn at_midnight(self, offset_minutes: i32) -> LogTime {
        let local = seconds_at(self.0.to_datetime(civil::Time::midnight()));
        let utc = local.saturating_sub(i64::from(offset_minutes) * 60);
        LogTime(utc.clamp(LogTime::MIN.0, LogTime::MAX.0))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Date {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let date: Option<civil::Date> = text.parse().ok();
        date.map(Self)
            .filter(|date| *date >= Self::MIN && date.to_string() == text)
            .ok_or_else(|| {
                form(
                    "date",
                    "a day that exists, 1970 to 9999, as in 2018-03-02",
                    text,
                )
            })
    }
}

/// A calendar year, 1970 to 9999. (年份)
///
/// Text form: four digits. A string in JSON, because it keys objects.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("pattern" = "^(19[7-9]|[2-9][0-9]{2})[0-9]$")))]
pub struct Year(u16);

text_form!(Year);

impl Year {
    /// Takes a number from 1970 to 9999.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] for any other.
    pub fn new(year: u16) -> Result<Self, TimeError> {
        if (1970..=9999).contains(&year) {
            return Ok(Self(year));
        }
        Err(TimeError::OutOfRange {
            what: "year",
            expected: "1970 to 9999",
            found: year.to_string(),
        })
    }

    /// The year of that day.
    #[must_use]
    pub fn of(date: Date) -> Self {
        Self(date.year())
    }

    /// The year as a number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Year {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Year {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let year: Option<u16> = text.parse().ok();
        year.and_then(|year| Self::new(year).ok())
            .filter(|year| year.to_string() == text)
            .ok_or_else(|| form("year", "four digits, 1970 to 9999", text))
    }
}
