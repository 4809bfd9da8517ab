//! Windows and deadlines: how long a span lasts from a moment, by a charter's own calendar.
//!
//! Which weekdays are off and which weekends are worked is data: the State Council's yearly
//! notices, as a charter holds them. Knows nothing of what a window is for, and reads no clock.
//!
//! Counting follows 民法典, articles 200 to 203: the day on which a span starts does not count,
//! and a span of days ends at 24:00 of its last day, local time. Two points are choices, which
//! article 204 leaves to an agreement such as the charter: natural days run through holidays even
//! where the last one is off, and hours, minutes and seconds run from the very moment.

mod notice;
mod span;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::time::{Date, LogTime, Year};

pub use notice::{NoticeError, YearNotice};
pub use span::{Span, SpanError, SpanUnit};

/// A calendar did not have its form, or cannot say when a window ends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalendarError {
    /// Working days of a year for which the calendar holds no notice.
    #[error(
        "expected the State Council's holiday notice for {year} in the charter's calendar, found \
         none: adopt a charter that holds it (章程的节假日历缺少国务院办公厅 {year} 年放假安排通知:\
         请先修订章程，加入该年通知，再计算工作日)"
    )]
    YearMissing {
        /// The year whose notice is needed.
        year: Year,
    },
    /// The window would end after the year 9999.
    #[error(
        "expected a window that ends by the year 9999, found {found} (期限超出 9999 年：{found})"
    )]
    OutOfRange {
        /// Where the window starts and how long it is.
        found: String,
    },
    /// An offset that no place on earth has.
    #[error(
        "expected an offset of -840 to 840 minutes from UTC, found {found} (时区偏移应为 -840 至 840 分钟，实为 {found})"
    )]
    Offset {
        /// The offset that was found, in minutes.
        found: i32,
    },
    /// A day that is named twice: both off and worked, or by two notices.
    #[error(
        "expected a day that is named once, either off or worked, found {date} twice \
         (同一天只能列出一次，或放假或上班：{date} 出现两次)"
    )]
    NamedTwice {
        /// The day that was found.
        date: Date,
    },
    /// A notice that cannot be.
    #[error(transparent)]
    Notice(#[from] NoticeError),
    /// The calendar that ships with the library cannot be read.
    #[error("expected the library's own calendar, found {found} (无法读取内置节假日历：{found})")]
    Unreadable {
        /// What the reader says.
        found: String,
    },
}

/// A charter's calendar: where its clock stands, and the notices it knows. (节假日历)
///
/// In JSON `{"utc_offset_minutes":480,"years":{"2018":{"off":[…],"source":"…","work":[…]}}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "CalendarFields", try_from = "CalendarFields")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Calendar {
    utc_offset_minutes: i32,
    years: BTreeMap<Year, YearNotice>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Calendar"))]
struct CalendarFields {
    /// How far east of UTC its days begin, in minutes. (时区：日界比世界时早几分钟，全国都是 480)
    #[cfg_attr(feature = "schema", schemars(range(min = -840, max = 840)))]
    utc_offset_minutes: i32,
    /// The notices, by year. (各年放假安排：按国务院办公厅每年的通知)
    years: BTreeMap<Year, YearNotice>,
}

impl From<Calendar> for CalendarFields {
    fn from(calendar: Calendar) -> Self {
        Self {
            utc_offset_minutes: calendar.utc_offset_minutes,
            years: calendar.years,
        }
    }
}

impl TryFrom<CalendarFields> for Calendar {
    type Error = CalendarError;
    fn try_from(fields: CalendarFields) -> Result<Self, CalendarError> {
        Self::new(fields.utc_offset_minutes, fields.years)
    }
}

/// The end of a window, and whether it may still move. (截止时间)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// The first second after the window.
    pub at: LogTime,
    /// A notice is missing: Monday to Friday were counted for it, and the end may move once it is
    /// there. (暂定)
    pub provisional: bool,
}

/// How much of a window is left. (剩余时间)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLeft {
    /// Whole units: days after today, hours, minutes and seconds rounded up. Zero days means that
    /// the window ends today.
    pub length: u32,
    /// The unit.
    pub unit: SpanUnit,
    /// A notice is missing, and Monday to Friday were counted for it. (暂定)
    pub provisional: bool,
}

impl TimeLeft {
    /// In Chinese: `还剩 3 个工作日`, `今天截止`, and `(暂定)` where a notice is missing.
    #[must_use]
    pub fn label_zh(&self) -> String {
        let provisional = if self.provisional { "(暂定)" } else { "" };
        match self.length {
            0 => format!("今天截止{provisional}"),
            length => format!("还剩 {length} {}{provisional}", self.unit.label_zh()),
        }
    }

    /// In English: `3 working days left`, `ends today`, and `(provisional)`.
    #[must_use]
    pub fn label_en(&self) -> String {
        let provisional = if self.provisional {
            " (provisional)"
        } else {
            ""
        };
        match self.length {
            0 => format!("ends today{provisional}"),
            length => format!("{} left{provisional}", self.unit.counted_en(length)),
        }
    }
}

/// What the calendar says of one day.
struct Day {
    works: bool,
    /// The year whose notice would have to say so.
    missing: Option<Year>,
}

impl Calendar {
    /// A calendar of those notices on clocks `utc_offset_minutes` east of UTC.
    ///
    /// # Errors
    /// [`CalendarError::Offset`], [`CalendarError::Notice`] or [`CalendarError::NamedTwice`].
    pub fn new(
        utc_offset_minutes: i32,
        years: BTreeMap<Year, YearNotice>,
    ) -> Result<Self, CalendarError> {
        if utc_offset_minutes.unsigned_abs() > 14 * 60 {
            return Err(CalendarError::Offset {
                found: utc_offset_minutes,
            });
        }
        let mut seen = BTreeSet::new();
        for (year, notice) in &years {
            notice.check(*year)?;
            for date in notice.off.iter().chain(&notice.work) {
                if !seen.insert(*date) {
                    return Err(CalendarError::NamedTwice { date: *date });
                }
            }
        }
        Ok(Self {
            utc_offset_minutes,
            years,
        })
    }

    /// Beijing time and the State Council's notices that ship with the library: 2018, 2019, 2025
    /// and 2026.
    ///
    /// # Errors
    /// [`CalendarError::Unreadable`], though never in a build whose tests passed: the notices are
    /// read from an asset by the same rules as any charter's.
    ///
    /// Source: the numbers in each [`YearNotice::source`].
    pub fn state_council() -> Result<Self, CalendarError> {
        serde_json::from_str(include_str!("../assets/holidays.json")).map_err(|error| {
            CalendarError::Unreadable {
                found: error.to_string(),
            }
        })
    }

    /// This calendar with one more notice, or with that year's notice replaced.
    ///
    /// # Errors
    /// As [`Calendar::new`].
    pub fn with_notice(mut self, year: Year, notice: YearNotice) -> Result<Self, CalendarError> {
        self.years.insert(year, notice);
        Self::new(self.utc_offset_minutes, self.years)
    }

    /// Minutes by which local clocks are east of UTC: 480 in Beijing.
    #[must_use]
    pub const fn utc_offset_minutes(&self) -> i32 {
        self.utc_offset_minutes
    }

    /// The notices, by year.
    #[must_use]
    pub const fn years(&self) -> &BTreeMap<Year, YearNotice> {
        &self.years
    }

    /// The local day at that moment.
    #[must_use]
    pub fn date_of(&self, time: LogTime) -> Date {
        time.date_at(self.utc_offset_minutes)
    }

    /// Whether offices work on that day.
    ///
    /// # Errors
    /// [`CalendarError::YearMissing`] if the notice that decides is not there. The last four days
    /// of December need the next year's notice too.
    pub fn is_working_day(&self, date: Date) -> Result<bool, CalendarError> {
        let day = self.day(date);
        match day.missing {
            Some(year) => Err(CalendarError::YearMissing { year }),
            None => Ok(day.works),
        }
    }

    /// The first second after a window of `span` that starts at `start`.
    ///
    /// A window in days does not count the local day of `start`, and ends at 24:00 of its last day:
    /// 00:00 of the next. A window of length zero ends at `start`.
    ///
    /// # Errors
    /// [`CalendarError::YearMissing`] if working days reach a year without a notice;
    /// [`CalendarError::OutOfRange`] if the end is after the year 9999.
    ///
    /// Source: 民法典, articles 200 to 204.
    pub fn end_of(&self, start: LogTime, span: Span) -> Result<LogTime, CalendarError> {
        let (end, missing) = self
            .walk(start, span)
            .ok_or_else(|| CalendarError::OutOfRange {
                found: format!("{start} + {}", span.label_en()),
            })?;
        match missing {
            Some(year) => Err(CalendarError::YearMissing { year }),
            None => Ok(end),
        }
    }

    /// As [`Calendar::end_of`], but always an answer: a year without a notice is counted as plain
    /// Mondays to Fridays, and the deadline is provisional.
    ///
    /// An end after the year 9999 is [`LogTime::MAX`], and provisional too.
    #[must_use]
    pub fn deadline(&self, start: LogTime, span: Span) -> Deadline {
        match self.walk(start, span) {
            Some((at, missing)) => Deadline {
                at,
                provisional: missing.is_some(),
            },
            None => Deadline {
                at: LogTime::MAX,
                provisional: true,
            },
        }
    }

    /// What is left at `now` of a window that ends before `end`; `None` once it is over.
    ///
    /// Days are those after today up to the window's last day.
    #[must_use]
    pub fn time_left(&self, now: LogTime, end: LogTime, unit: SpanUnit) -> Option<TimeLeft> {
        if now >= end {
            return None;
        }
        let today = self.date_of(now);
        let last = self.date_of(end.minus_seconds(1));
        let (length, provisional) = match (unit.seconds(), unit) {
            (Some(seconds), _) => (end.seconds_since(now).div_ceil(seconds), false),
            (None, SpanUnit::WorkingDays) => self.working_days(today, last),
            (None, _) => (today.days_until(last).unsigned_abs(), false),
        };
        Some(TimeLeft {
            length: u32::try_from(length).unwrap_or(u32::MAX),
            unit,
            provisional,
        })
    }

    /// How many working days lie after `from`, up to and with `to`; zero if `to` is not later.
    ///
    /// # Errors
    /// [`CalendarError::YearMissing`] if they reach a year without a notice.
    pub fn working_days_between(&self, from: Date, to: Date) -> Result<u64, CalendarError> {
        let mut count = 0;
        for date in days_after(from).take_while(|date| *date <= to) {
            count += u64::from(self.is_working_day(date)?);
        }
        Ok(count)
    }

    /// As [`Calendar::working_days_between`], with whether a notice was missing.
    fn working_days(&self, from: Date, to: Date) -> (u64, bool) {
        let mut count = 0;
        let mut provisional = false;
        for date in days_after(from).take_while(|date| *date <= to) {
            let day = self.day(date);
            count += u64::from(day.works);
            provisional |= day.missing.is_some();
        }
        (count, provisional)
    }

    /// The end of the window and the first year whose notice was missed; `None` after 9999.
    fn walk(&self, start: LogTime, span: Span) -> Option<(LogTime, Option<Year>)> {
        let length = span.length();
        if length == 0 {
            return Some((start, None));
        }
        if let Some(seconds) = span.unit().seconds() {
            let end = start.checked_plus_seconds(u64::from(length) * seconds)?;
            return Some((end, None));
        }
        let first = self.date_of(start);
        let (last, missing) = match span.unit() {
            SpanUnit::WorkingDays => self.walk_working_days(first, length)?,
            _ => (first.plus_days(length)?, None),
        };
        let end = last.plus_days(1)?.at_midnight(self.utc_offset_minutes);
        Some((end, missing))
    }

    fn walk_working_days(&self, first: Date, length: u32) -> Option<(Date, Option<Year>)> {
        let mut missing = None;
        let mut left = length;
        for date in days_after(first) {
            let day = self.day(date);
            missing = missing.or(day.missing);
            left -= u32::from(day.works);
            if left == 0 {
                return Some((date, missing));
            }
        }
        None
    }

    fn day(&self, date: Date) -> Day {
        let this = Year::of(date);
        let next = Year::new(date.year() + 1)
            .ok()
            .filter(|_| notice::is_turn_of_year(date));
        let needed = || [Some(this), next].into_iter().flatten();
        let notices = || needed().filter_map(|year| self.years.get(&year));
        let off = notices().any(|notice| notice.is_off(date));
        let work = notices().any(|notice| notice.is_worked(date));
        let missing = needed()
            .find(|year| !self.years.contains_key(year))
            .filter(|_| !off && !work);
        Day {
            works: work || (!off && !date.weekday().is_weekend()),
            missing,
        }
    }
}

/// The days after that one, until the year 9999 ends.
fn days_after(date: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(date.plus_days(1), |date| date.plus_days(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn calendar() -> Calendar {
        Calendar::state_council().unwrap()
    }

    fn year(number: u16) -> Year {
        Year::new(number).unwrap()
    }

    fn only(number: u16) -> Calendar {
        let notice = calendar().years()[&year(number)].clone();
        Calendar::new(480, BTreeMap::from([(year(number), notice)])).unwrap()
    }

    fn time(text: &str) -> LogTime {
        text.parse().unwrap()
    }

    fn span(length: u32, unit: SpanUnit) -> Span {
        Span::new(length, unit).unwrap()
    }

    #[test]
    fn the_notices_are_the_state_councils() {
        let calendar = calendar();
        let sources: Vec<_> = calendar
            .years()
            .iter()
            .map(|(year, notice)| (year.number(), notice.source.as_str()))
            .collect();
        assert_eq!(
            sources,
            [
                (2018, "国办发明电〔2017〕12号"),
                (2019, "国办发明电〔2018〕15号、国办发明电〔2019〕3号"),
                (2025, "国办发明电〔2024〕12号"),
                (2026, "国办发明电〔2025〕7号"),
            ]
        );
        // 全国年节及纪念日放假办法: 11 days a year, 13 from 2025. A notice moves days, it gives none.
        for (number, statutory) in [(2018, 11), (2019, 11), (2025, 13), (2026, 13)] {
            let notice = &calendar.years()[&year(number)];
            let weekdays = notice
                .off
                .iter()
                .filter(|date| !date.weekday().is_weekend());
            assert_eq!(weekdays.count() - notice.work.len(), statutory, "{number}");
        }
    }

    #[test]
    fn windows_end_where_the_law_says() {
        use SpanUnit::{Days, Hours, Minutes, Seconds, WorkingDays};
        for (start, length, unit, end) in [
            // Friday before the Spring Festival: the Sunday is worked, the festival is not.
            (
                "2018-02-09T02:00:00Z",
                5,
                WorkingDays,
                "2018-02-22T16:00:00Z",
            ),
            // The day of the start does not count, however early or late in it.
            (
                "2018-03-01T16:00:00Z",
                1,
                WorkingDays,
                "2018-03-05T16:00:00Z",
            ),
            (
                "2018-03-02T15:59:59Z",
                1,
                WorkingDays,
                "2018-03-05T16:00:00Z",
            ),
            (
                "2018-03-01T15:59:59Z",
                1,
                WorkingDays,
                "2018-03-02T16:00:00Z",
            ),
            // Started on a day off.
            (
                "2018-10-03T00:00:00Z",
                1,
                WorkingDays,
                "2018-10-08T16:00:00Z",
            ),
            // Across the turn of the year, which the notice of 2019 arranges.
            (
                "2018-12-27T01:00:00Z",
                3,
                WorkingDays,
                "2019-01-02T16:00:00Z",
            ),
            // May Day as it was changed in March 2019.
            (
                "2019-04-26T01:00:00Z",
                5,
                WorkingDays,
                "2019-05-06T16:00:00Z",
            ),
            // Natural days run through everything.
            ("2018-02-09T02:00:00Z", 7, Days, "2018-02-16T16:00:00Z"),
            ("2018-02-27T02:00:00Z", 1, Days, "2018-02-28T16:00:00Z"),
            ("2021-12-30T02:00:00Z", 10, Days, "2022-01-09T16:00:00Z"),
            ("2018-02-09T02:00:00Z", 24, Hours, "2018-02-10T02:00:00Z"),
            ("2018-02-09T02:00:00Z", 90, Minutes, "2018-02-09T03:30:00Z"),
            ("2018-02-09T02:00:00Z", 61, Seconds, "2018-02-09T02:01:01Z"),
            (
                "2018-02-09T02:00:00Z",
                0,
                WorkingDays,
                "2018-02-09T02:00:00Z",
            ),
        ] {
            let span = span(length, unit);
            let found = calendar().end_of(time(start), span);
            assert_eq!(found, Ok(time(end)), "{start} + {}", span.label_en());
            let deadline = calendar().deadline(time(start), span);
            assert_eq!((deadline.at, deadline.provisional), (time(end), false));
        }
    }

    #[test]
    fn a_year_without_a_notice_is_refused_and_provisional() {
        let three = span(3, SpanUnit::WorkingDays);
        for (calendar, start, missing, provisional_end) in [
            (
                only(2018),
                "2018-12-27T01:00:00Z",
                2019,
                "2019-01-01T16:00:00Z",
            ),
            (
                only(2019),
                "2018-12-20T01:00:00Z",
                2018,
                "2018-12-25T16:00:00Z",
            ),
            (
                calendar(),
                "2026-12-25T01:00:00Z",
                2027,
                "2026-12-30T16:00:00Z",
            ),
            (
                calendar(),
                "2020-06-01T01:00:00Z",
                2020,
                "2020-06-04T16:00:00Z",
            ),
        ] {
            let year = year(missing);
            let refused = calendar.end_of(time(start), three);
            assert_eq!(refused, Err(CalendarError::YearMissing { year }), "{start}");
            let deadline = calendar.deadline(time(start), three);
            assert_eq!(deadline.at, time(provisional_end), "{start}");
            assert!(deadline.provisional);
        }
        let message = CalendarError::YearMissing { year: year(2027) }.to_string();
        assert!(message.contains("2027 年放假安排通知"), "{message}");
        // What a notice names is settled, whichever notice it is.
        let worked: Date = "2018-12-29".parse().unwrap();
        assert_eq!(only(2019).is_working_day(worked), Ok(true));
        // The last window that needs no notice of the next year.
        let start = time("2026-12-24T01:00:00Z");
        let one = span(1, SpanUnit::WorkingDays);
        assert_eq!(
            calendar().end_of(start, one),
            Ok(time("2026-12-25T16:00:00Z"))
        );
    }

    #[test]
    fn windows_after_the_last_year_are_refused() {
        let last = time("9999-12-30T02:00:00Z");
        for unit in [SpanUnit::Days, SpanUnit::WorkingDays, SpanUnit::Hours] {
            let long = span(100, unit);
            let refused = calendar().end_of(last, long);
            assert!(matches!(refused, Err(CalendarError::OutOfRange { .. })));
            let deadline = calendar().deadline(last, long);
            assert_eq!((deadline.at, deadline.provisional), (LogTime::MAX, true));
        }
    }

    #[test]
    fn what_is_left_is_said_in_words() {
        let calendar = calendar();
        let start = time("2018-02-09T02:00:00Z");
        let end = calendar
            .end_of(start, span(5, SpanUnit::WorkingDays))
            .unwrap();
        let left = |now: &str, unit| calendar.time_left(time(now), end, unit);
        let label = |now: &str, unit| left(now, unit).unwrap().label_zh();
        assert_eq!(
            label("2018-02-09T02:00:00Z", SpanUnit::WorkingDays),
            "还剩 5 个工作日"
        );
        assert_eq!(
            label("2018-02-14T02:00:00Z", SpanUnit::WorkingDays),
            "还剩 1 个工作日"
        );
        assert_eq!(label("2018-02-14T02:00:00Z", SpanUnit::Days), "还剩 8 天");
        assert_eq!(
            label("2018-02-22T15:59:59Z", SpanUnit::WorkingDays),
            "今天截止"
        );
        assert_eq!(
            label("2018-02-22T14:59:59Z", SpanUnit::Hours),
            "还剩 2 小时"
        );
        assert_eq!(left("2018-02-22T16:00:00Z", SpanUnit::Days), None);
        let one = left("2018-02-21T16:00:00Z", SpanUnit::WorkingDays).unwrap();
        assert_eq!(one.label_en(), "ends today");
        let far = calendar.time_left(
            time("2026-12-31T02:00:00Z"),
            time("2027-01-04T16:00:00Z"),
            SpanUnit::WorkingDays,
        );
        assert_eq!(far.unwrap().label_zh(), "还剩 2 个工作日(暂定)");
        assert_eq!(span(1, SpanUnit::WorkingDays).label_en(), "1 working day");
        assert_eq!(span(5, SpanUnit::Days).label_zh(), "5 天");
    }

    #[test]
    fn json_is_strict() {
        let json = r#"{"length":5,"unit":"working_days"}"#;
        let five: Span = serde_json::from_str(json).unwrap();
        assert_eq!(five, span(5, SpanUnit::WorkingDays));
        assert_eq!(serde_json::to_string(&five).unwrap(), json);
        for bad in [
            r#"{"length":-5,"unit":"days"}"#,
            r#"{"length":5,"unit":"weeks"}"#,
            r#"{"length":5,"unit":"days","x":1}"#,
            r#"{"length":36526,"unit":"days"}"#,
        ] {
            assert!(serde_json::from_str::<Span>(bad).is_err(), "{bad}");
        }
        let text = serde_json::to_string(&calendar()).unwrap();
        assert_eq!(serde_json::from_str::<Calendar>(&text).unwrap(), calendar());
    }

    #[test]
    fn a_calendar_inside_a_tagged_enum_is_read() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        enum Body {
            CharterAdopted { calendar: Calendar },
        }
        let body = Body::CharterAdopted {
            calendar: calendar(),
        };
        let canonical = serde_json_canonicalizer::to_vec(&body).unwrap();
        assert_eq!(serde_json::from_slice::<Body>(&canonical).unwrap(), body);
    }

    #[test]
    fn notices_are_checked() {
        for (years, found) in [
            (
                r#"{"2018":{"source":"s","off":["2018-01-01"],"work":[]}}"#,
                None,
            ),
            (
                r#"{"2018":{"source":"s","off":["2017-12-28"],"work":[]}}"#,
                None,
            ),
            (
                r#"{"2018":{"source":"s","off":["2017-12-27"],"work":[]}}"#,
                Some("2017-12-27"),
            ),
            (
                r#"{"2018":{"source":"s","off":["2019-01-01"],"work":[]}}"#,
                Some("2019-01-01"),
            ),
            (
                r#"{"2018":{"source":"s","off":["2018-02-02","2018-01-01"],"work":[]}}"#,
                Some("ascending"),
            ),
            (
                r#"{"2018":{"source":"s","off":["2018-01-01","2018-01-01"],"work":[]}}"#,
                Some("ascending"),
            ),
            (
                r#"{"2018":{"source":"s","off":["2018-01-06"],"work":["2018-01-06"]}}"#,
                Some("either off or worked"),
            ),
            (
                r#"{"2018":{"source":"s","off":["2018-12-30"],"work":[]},"2019":{"source":"s","off":[],"work":["2018-12-30"]}}"#,
                Some("either off or worked"),
            ),
            (
                r#"{"2018":{"source":"s","off":[],"work":["2018-01-05"]}}"#,
                Some("Saturday or Sunday"),
            ),
            (
                r#"{"2018":{"source":"","off":[],"work":[]}}"#,
                Some("1 to 200 bytes"),
            ),
            (
                r#"{"18":{"source":"s","off":[],"work":[]}}"#,
                Some("four digits"),
            ),
            (
                r#"{"2018":{"source":"s","off":[],"work":[],"x":1}}"#,
                Some("unknown field"),
            ),
        ] {
            let json = format!(r#"{{"utc_offset_minutes":480,"years":{years}}}"#);
            match (serde_json::from_str::<Calendar>(&json), found) {
                (Ok(_), None) => {}
                (Err(error), Some(found)) => {
                    assert!(error.to_string().contains(found), "{json}: {error}");
                }
                (result, _) => panic!("{json}: {result:?}"),
            }
        }
        let far = serde_json::from_str::<Calendar>(r#"{"utc_offset_minutes":841,"years":{}}"#);
        assert!(far.unwrap_err().to_string().contains("-840 to 840"));
        let first = YearNotice {
            source: "s".into(),
            off: vec!["2027-01-01".parse().unwrap()],
            work: vec![],
        };
        let more = calendar().with_notice(year(2027), first.clone()).unwrap();
        assert_eq!(more.years().len(), 5);
        assert!(calendar().with_notice(year(2028), first).is_err());
    }

    proptest! {
        #[test]
        fn a_window_holds_exactly_its_working_days(
            offset in 0..60_000_000_u64, length in 1..30_u32, early in any::<bool>(),
        ) {
            let calendar = calendar();
            let from = if early { "2018-01-01T00:00:00Z" } else { "2025-01-01T00:00:00Z" };
            let start = time(from).plus_seconds(offset);
            if let Ok(end) = calendar.end_of(start, span(length, SpanUnit::WorkingDays)) {
                let (first, after) = (calendar.date_of(start), calendar.date_of(end));
                let last = after.minus_days(1).unwrap();
                prop_assert_eq!(after.at_midnight(480), end);
                prop_assert!(calendar.is_working_day(last).unwrap());
                prop_assert_eq!(calendar.working_days_between(first, last), Ok(length.into()));
                let left = calendar.time_left(start, end, SpanUnit::WorkingDays).unwrap();
                prop_assert_eq!((left.length, left.provisional), (length, false));
            }
        }

        #[test]
        fn a_longer_window_never_ends_earlier(
            start in 0..=LogTime::MAX.unix(), length in 0..400_u32, unit in 0..5_usize,
        ) {
            use SpanUnit::{Days, Hours, Minutes, Seconds, WorkingDays};
            let unit = [WorkingDays, Days, Hours, Minutes, Seconds][unit];
            let start = LogTime::from_unix(start).unwrap();
            let shorter = calendar().deadline(start, span(length, unit));
            let longer = calendar().deadline(start, span(length + 1, unit));
            prop_assert!(start <= shorter.at && shorter.at <= longer.at);
        }
    }
}
