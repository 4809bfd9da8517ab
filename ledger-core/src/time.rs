//! Moments and days: the log's own clock, what signers state, and civil dates.
//!
//! Every text form is strict: what is accepted is written back byte for byte. Knows nothing of
//! working days or windows, and reads no clock. Follows RFC 3339, cut down to whole seconds,
//! capital `T` and `Z`, and the years 1970 to 9999. Leap seconds are refused: the log counts as
//! POSIX time does.

use core::fmt;
use core::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::{self, DateTime};
use jiff::fmt::temporal::{Pieces, PiecesOffset};
use serde::{Deserialize, Serialize};

/// A moment, a date or a year was not in its form, or not within the years 1970 to 9999.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// The text is not in the one form that is accepted, or names no moment that exists.
    #[error(
        "{what}: expected {expected}, found {found:?} (时间或日期格式不对：应为 {expected}，实为 {found:?})"
    )]
    Form {
        /// What was being read.
        what: &'static str,
        /// The form that was expected.
        expected: &'static str,
        /// The text that was found, cut to a length that fits a message.
        found: String,
    },
    /// A number of seconds, or a year, month and day, outside what can be written.
    #[error("{what}: expected {expected}, found {found} (超出范围：应为 {expected}，实为 {found})")]
    OutOfRange {
        /// What was being made.
        what: &'static str,
        /// The range that was expected.
        expected: &'static str,
        /// The value that was found.
        found: String,
    },
}

fn form(what: &'static str, expected: &'static str, text: &str) -> TimeError {
    TimeError::Form {
        what,
        expected,
        found: text.chars().take(80).collect(),
    }
}

/// The first year that can be written.
const FIRST_YEAR: i16 = 1970;

/// 1970-01-01T00:00:00.
const EPOCH: DateTime = civil::datetime(FIRST_YEAR, 1, 1, 0, 0, 0, 0);

/// The civil time at `seconds` after the epoch; held at the ends of jiff's range.
fn civil_at(seconds: i64) -> DateTime {
    EPOCH.saturating_add(SignedDuration::from_secs(seconds))
}

/// Seconds from the epoch to a civil time.
fn seconds_at(civil: DateTime) -> i64 {
    civil.duration_since(EPOCH).as_secs()
}

macro_rules! text_form {
    ($name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = TimeError;
            fn try_from(text: String) -> Result<Self, TimeError> {
                text.parse()
            }
        }
    };
}

mod date;

pub use date::{Date, Weekday, Year};

/// A moment by the log's clock: UTC, whole seconds, 1970 to 9999. (日志时间)
///
/// Text form: `2018-03-02T01:31:02Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("format" = "date-time", "pattern" = "[0-9]Z$")))]
pub struct LogTime(i64);

text_form!(LogTime);

impl LogTime {
    /// 1970-01-01T00:00:00Z, the first moment that can be written.
    pub const MIN: Self = Self(0);

    /// 9999-12-31T23:59:59Z, the last moment that can be written.
    pub const MAX: Self = Self(253_402_300_799);

    /// The moment `seconds` after 1970-01-01T00:00:00Z, as POSIX counts them.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] before 1970 or after 9999.
    pub fn from_unix(seconds: i64) -> Result<Self, TimeError> {
        if (Self::MIN.0..=Self::MAX.0).contains(&seconds) {
            return Ok(Self(seconds));
        }
        Err(TimeError::OutOfRange {
            what: "unix seconds",
            expected: "0 to 253402300799",
            found: seconds.to_string(),
        })
    }

    /// Seconds since 1970-01-01T00:00:00Z, as POSIX counts them. Never negative.
    #[must_use]
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// This moment and `seconds` more; `None` after the year 9999.
    #[must_use]
    pub fn checked_plus_seconds(self, seconds: u64) -> Option<Self> {
        let sum = self.0.checked_add_unsigned(seconds)?;
        Self::from_unix(sum).ok()
    }

    /// This moment and `seconds` more, or [`LogTime::MAX`] if that is after the year 9999.
    #[must_use]
    pub fn plus_seconds(self, seconds: u64) -> Self {
        self.checked_plus_seconds(seconds).unwrap_or(Self::MAX)
    }

    /// This moment less `seconds`, or [`LogTime::MIN`] if that is before 1970.
    #[must_use]
    pub fn minus_seconds(self, seconds: u64) -> Self {
        Self(self.0.saturating_sub_unsigned(seconds).max(Self::MIN.0))
    }

    /// Seconds from `earlier` to this moment; zero if `earlier` is not earlier.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0 - earlier.0).unwrap_or(0)
    }

    /// The day that clocks `offset_minutes` east of UTC show at this moment.
    ///
    /// Held within [`Date::MIN`] and [`Date::MAX`] where the offset leads out of the years.
    #[must_use]
    pub fn date_at(self, offset_minutes: i32) -> Date {
        Date::held(civil_at(self.0.saturating_add(i64::from(offset_minutes) * 60)).date())
    }

    /// This moment as clocks `offset_minutes` east of UTC show it, for people: `2018-03-02 09:31`.
    #[must_use]
    pub fn display_at(self, offset_minutes: i32) -> String {
        let local = civil_at(self.0.saturating_add(i64::from(offset_minutes) * 60));
        let (hour, minute) = (local.hour(), local.minute());
        format!("{} {hour:02}:{minute:02}", local.date())
    }
}

impl fmt::Display for LogTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Z", civil_at(self.0))
    }
}

impl FromStr for LogTime {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let stated: Option<StatedTime> = text.parse().ok();
        match stated {
            Some(stated) if stated.offset == Offset::Utc => Ok(stated.instant),
            _ => Err(form(
                "log time",
                "UTC in whole seconds, 1970 to 9999, as in 2018-03-02T01:31:02Z",
                text,
            )),
        }
    }
}

/// How a stated time names its distance from UTC: `Z` and `+00:00` are two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Offset {
    Utc,
    Minutes(i16),
}

impl Offset {
    fn seconds(self) -> i64 {
        match self {
            Self::Utc => 0,
            Self::Minutes(minutes) => i64::from(minutes) * 60,
        }
    }
}

/// A moment as a signer states it: RFC 3339 with `Z` or a numeric offset, whole seconds. (所称时间)
///
/// Text form: `2018-03-02T09:30:00+08:00` or `2018-03-02T01:30:00Z`, kept as it was written. Two
/// that name one moment by different offsets are not equal; compare [`StatedTime::instant`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("format" = "date-time")))]
pub struct StatedTime {
    instant: LogTime,
    offset: Offset,
}

text_form!(StatedTime);

impl StatedTime {
    /// The moment it names, whatever the offset.
    #[must_use]
    pub const fn instant(self) -> LogTime {
        self.instant
    }

    /// Minutes east of UTC; 0 for `Z`.
    #[must_use]
    pub fn offset_minutes(self) -> i32 {
        match self.offset {
            Offset::Utc => 0,
            Offset::Minutes(minutes) => i32::from(minutes),
        }
    }

    /// States `instant` as clocks `offset_minutes` east of UTC show it, always with a numeric offset.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] if the offset is not within −1439 to 1439 minutes, or the local
    /// time is not within 1970 to 9999.
    pub fn new(instant: LogTime, offset_minutes: i32) -> Result<Self, TimeError> {
        let out_of_range = || TimeError::OutOfRange {
            what: "stated time",
            expected: "an offset of -1439 to 1439 minutes and a local year of 1970 to 9999",
            found: format!("{instant} at {offset_minutes} minutes"),
        };
        let minutes = i16::try_from(offset_minutes)
            .ok()
            .filter(|minutes| minutes.unsigned_abs() < 24 * 60)
            .ok_or_else(out_of_range)?;
        let offset = Offset::Minutes(minutes);
        LogTime::from_unix(instant.0 + offset.seconds()).map_err(|_| out_of_range())?;
        Ok(Self { instant, offset })
    }
}

impl From<LogTime> for StatedTime {
    /// States the moment in UTC, with `Z`.
    fn from(instant: LogTime) -> Self {
        Self {
            instant,
            offset: Offset::Utc,
        }
    }
}

impl fmt::Display for StatedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", civil_at(self.instant.0 + self.offset.seconds()))?;
        match self.offset {
            Offset::Utc => f.write_str("Z"),
            Offset::Minutes(minutes) => {
                let sign = if minutes < 0 { '-' } else { '+' };
                let minutes = minutes.unsigned_abs();
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

/// Reads what may or may not be in the strict form; the caller compares.
fn read_stated(text: &str) -> Option<StatedTime> {
    let pieces = Pieces::parse(text).ok()?;
    let offset = match pieces.offset()? {
        PiecesOffset::Zulu => Offset::Utc,
        PiecesOffset::Numeric(numeric) => {
            Offset::Minutes(i16::try_from(numeric.offset().seconds() / 60).ok()?)
        }
        _ => return None,
    };
    let local = seconds_at(pieces.date().to_datetime(pieces.time()?));
    LogTime::from_unix(local).ok()?;
    let instant = LogTime::from_unix(local - offset.seconds()).ok()?;
    match offset {
        Offset::Utc => Some(instant.into()),
        Offset::Minutes(minutes) => StatedTime::new(instant, minutes.into()).ok(),
    }
}

impl FromStr for StatedTime {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        read_stated(text)
            .filter(|stated| stated.to_string() == text)
            .ok_or_else(|| {
                form(
                    "stated time",
                    "RFC 3339 in whole seconds, 1970 to 9999, as in 2018-03-02T09:30:00+08:00",
                    text,
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn log_time_has_one_text() {
        let time: LogTime = "2018-03-02T01:31:02Z".parse().unwrap();
        assert_eq!(time.unix(), 1_519_954_262);
        assert_eq!(time.to_string(), "2018-03-02T01:31:02Z");
        for bad in [
            "2018-03-02t01:31:02Z",
            "2018-03-02T01:31:02z",
            "2018-03-02 01:31:02Z",
            "2018-03-02T01:31:02",
            "2018-03-02T01:31:02.0Z",
            "2018-03-02T01:31:02.5Z",
            "2018-03-02T01:31Z",
            "2018-03-02T01:31:02+00:00",
            "2018-03-02T01:31:02-00:00",
            "2018-03-02T09:31:02+08:00",
            "2016-12-31T23:59:60Z",
            "2018-02-29T00:00:00Z",
            "2018-03-02T24:00:00Z",
            "1969-12-31T23:59:59Z",
            "+002018-03-02T01:31:02Z",
            "+010000-01-01T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "2018-03-02T01:31:02Z[UTC]",
            "20180302T013102Z",
            " 2018-03-02T01:31:02Z",
            "2018-03-02T01:31:02Z\n",
            "2018-03-02",
            "",
        ] {
            let error = bad.parse::<LogTime>().unwrap_err();
            assert!(error.to_string().contains("2018-03-02T01:31:02Z"), "{bad}");
        }
    }

    #[test]
    fn the_ends_of_time_can_be_written() {
        for (text, time) in [
            ("1970-01-01T00:00:00Z", LogTime::MIN),
            ("9999-12-31T23:59:59Z", LogTime::MAX),
        ] {
            assert_eq!(text.parse(), Ok(time));
            assert_eq!(time.to_string(), text);
        }
        assert!(LogTime::from_unix(-1).is_err());
        assert!(LogTime::from_unix(LogTime::MAX.unix() + 1).is_err());
        assert_eq!(LogTime::MAX.checked_plus_seconds(1), None);
        assert_eq!(LogTime::MIN.plus_seconds(u64::MAX), LogTime::MAX);
        assert_eq!(LogTime::MAX.minus_seconds(u64::MAX), LogTime::MIN);
        assert_eq!(LogTime::MAX.date_at(480), Date::MAX);
        assert_eq!(LogTime::MIN.date_at(-480), Date::MIN);
        assert_eq!(Date::MIN.at_midnight(480), LogTime::MIN);
        assert_eq!(Date::MAX.plus_days(1), None);
        assert_eq!(Date::MIN.minus_days(1), None);
        assert_eq!(Date::MIN.plus_days(u32::MAX), None);
    }

    #[test]
    fn stated_time_keeps_its_offset() {
        let stated: StatedTime = "2018-03-02T09:31:02+08:00".parse().unwrap();
        assert_eq!(stated.instant().to_string(), "2018-03-02T01:31:02Z");
        assert_eq!(stated.offset_minutes(), 480);
        assert_eq!(stated.to_string(), "2018-03-02T09:31:02+08:00");
        for good in [
            "2018-03-02T01:31:02Z",
            "2018-03-02T01:31:02+00:00",
            "2018-03-01T22:01:02-03:30",
            "2018-03-02T01:31:02+23:59",
        ] {
            assert_eq!(good.parse::<StatedTime>().unwrap().to_string(), good);
        }
        for bad in [
            "2018-03-02T09:31:02-00:00",
            "2018-03-02T09:31:02+0800",
            "2018-03-02T09:31:02+08",
            "2018-03-02T09:31:02+08:00:00",
            "2018-03-02T09:31:02+08:00:30",
            "2018-03-02T09:31:02+24:00",
            "2018-03-02T09:31:02+08:60",
            "2018-03-02T09:31:02.000+08:00",
            "2018-03-02T09:31:60+08:00",
            "2018-03-02T09:31:02+08:00[Asia/Shanghai]",
            "2018-03-02T09:31:02",
            "1970-01-01T07:59:59+08:00",
            "1969-12-31T23:59:59-08:00",
            "9999-12-31T23:59:59-08:00",
        ] {
            assert!(bad.parse::<StatedTime>().is_err(), "{bad}");
        }
    }

    #[test]
    fn dates_have_one_text_and_count() {
        let date: Date = "2018-02-28".parse().unwrap();
        assert_eq!(date.plus_days(1).unwrap().to_string(), "2018-03-01");
        assert_eq!((date.year(), date.month(), date.day()), (2018, 2, 28));
        assert_eq!(date.weekday(), Weekday::Wednesday);
        assert_eq!(Date::new(2018, 2, 28), Ok(date));
        for bad in [
            "2018-02-29",
            "2018-2-28",
            "20180228",
            "1969-12-31",
            "2018-02-28T00:00:00",
        ] {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
        assert!(Date::new(2018, 2, 29).is_err());
        assert!(Date::new(1969, 12, 31).is_err());
        assert!(Date::new(40_000, 1, 1).is_err());
        for bad in ["1969", "018", "02018", "+2018", "10000", "2018 "] {
            assert!(bad.parse::<Year>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_day_turns_at_local_midnight() {
        let before: LogTime = "2018-03-01T15:59:59Z".parse().unwrap();
        assert_eq!(before.date_at(480).to_string(), "2018-03-01");
        assert_eq!(
            before.plus_seconds(1).date_at(480).to_string(),
            "2018-03-02"
        );
        assert_eq!(before.display_at(480), "2018-03-01 23:59");
        let second = Date::new(2018, 3, 2).unwrap();
        assert_eq!(second.at_midnight(480), before.plus_seconds(1));
        assert_eq!(before.seconds_since(before.plus_seconds(9)), 0);
        assert_eq!(before.plus_seconds(9).seconds_since(before), 9);
    }

    #[test]
    fn json_is_text() {
        let json = "\"2018-03-02T01:31:02Z\"";
        let time: LogTime = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&time).unwrap(), json);
        assert!(serde_json::from_str::<LogTime>("1519954262").is_err());
    }

    proptest! {
        #[test]
        fn every_moment_round_trips(seconds in 0..=LogTime::MAX.0, offset in -1439..=1439_i32) {
            let time = LogTime::from_unix(seconds).unwrap();
            prop_assert_eq!(time.to_string().parse(), Ok(time));
            if let Ok(stated) = StatedTime::new(time, offset) {
                prop_assert_eq!(stated.to_string().parse(), Ok(stated));
                prop_assert_eq!(stated.instant(), time);
            }
            let date = time.date_at(offset);
            prop_assert_eq!(date.to_string().parse(), Ok(date));
            let midnight = date.at_midnight(offset);
            prop_assert!(midnight <= time || midnight == LogTime::MIN);
            prop_assert!(time.seconds_since(midnight) < 86_400 || date == Date::MAX);
        }

        #[test]
        fn what_is_accepted_is_written_back(text in "[0-9+TZ:.tz -]{0,30}|[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](Z|[+-][0-2][0-9]:[0-6][0-9])") {
            if let Ok(stated) = text.parse::<StatedTime>() {
                prop_assert_eq!(stated.to_string(), text.clone());
            }
            if let Ok(time) = text.parse::<LogTime>() {
                prop_assert_eq!(time.to_string(), text);
            }
        }

        #[test]
        fn days_add_and_subtract(days in 0..2_900_000_u32, more in 0..5_000_u32) {
            if let Some(date) = Date::MIN.plus_days(days) {
                prop_assert_eq!(date.minus_days(days), Some(Date::MIN));
                prop_assert_eq!(Date::MIN.days_until(date), i64::from(days));
                if let Some(later) = date.plus_days(more) {
                    prop_assert_eq!(later.days_until(date), -i64::from(more));
                }
            }
        }
    }
}
