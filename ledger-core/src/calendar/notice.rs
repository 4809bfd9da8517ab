//! One year of the State Council's arrangement of holidays.
//!
//! Knows nothing of other years, nor of counting.
//!
//! A notice lists the days that its text names: every day off in the ranges it gives, weekends
//! among them, but not the ordinary weekend that "与周末连休" (joined to the weekend) only refers to.

use serde::{Deserialize, Serialize};

use crate::time::{Date, Year};

/// A notice cannot be one of that year.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoticeError {
    /// A notice without its number, or with one too long to be one.
    #[error(
        "expected the number of the notice for {year}, 1 to 200 bytes, found {found} bytes ({year} 年通知应写明文号，1 至 200 字节，实为 {found} 字节)"
    )]
    Source {
        /// The year of the notice.
        year: Year,
        /// How many bytes it has.
        found: usize,
    },
    /// A day in a notice where it cannot be.
    #[error(
        "{date} in the notice for {year}: expected {expected} ({year} 年通知中的 {date}:{expected_zh})"
    )]
    Day {
        /// The year of the notice.
        year: Year,
        /// The day that was found.
        date: Date,
        /// What was expected of it.
        expected: &'static str,
        /// The same in Chinese.
        expected_zh: &'static str,
    },
}

/// What the State Council's notice says of one year. (放假安排通知)
///
/// Days are ascending. They lie in the notice's year, or in the last four days of the year before,
/// where the notices put the weekend that New Year's Day is joined to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct YearNotice {
    /// The number of the notice, as in `国办发明电〔2017〕12号`. (文号：如 国办发明电〔2017〕12号)
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    pub source: String,
    /// The days off that it names, weekends among them. (放假：通知写明的放假日，周末在内，从早到晚)
    pub off: Vec<Date>,
    /// The Saturdays and Sundays that are worked. (上班：要上班的周六、周日，从早到晚)
    pub work: Vec<Date>,
}

impl YearNotice {
    /// Checks the notice as that of `year`.
    ///
    /// # Errors
    /// [`NoticeError::Source`] without a number; [`NoticeError::Day`] for a day outside the year,
    /// out of order, twice, or worked but no Saturday or Sunday.
    pub fn check(&self, year: Year) -> Result<(), NoticeError> {
        let found = self.source.len();
        if found == 0 || found > 200 {
            return Err(NoticeError::Source { year, found });
        }
        let wrong = |date, expected, expected_zh| NoticeError::Day {
            year,
            date,
            expected,
            expected_zh,
        };
        for days in [&self.off, &self.work] {
            for date in days {
                let before = date.year() + 1 == year.number() && is_turn_of_year(*date);
                if date.year() != year.number() && !before {
                    return Err(wrong(
                        *date,
                        "a day of that year, or 28 to 31 December of the year before",
                        "应为当年日期，或上一年 12 月 28 日至 31 日",
                    ));
                }
            }
            if let Some(pair) = days.windows(2).find(|pair| pair[0] >= pair[1]) {
                return Err(wrong(
                    pair[1],
                    "days in ascending order, each once",
                    "日期应按先后排列，且不重复",
                ));
            }
        }
        match self.work.iter().find(|date| !date.weekday().is_weekend()) {
            Some(date) => Err(wrong(
                *date,
                "a Saturday or Sunday among the days worked",
                "调休上班日应为周六或周日",
            )),
            None => Ok(()),
        }
    }

    /// Whether the notice names that day as one off.
    pub(super) fn is_off(&self, date: Date) -> bool {
        self.off.binary_search(&date).is_ok()
    }

    /// Whether the notice names that day as one worked.
    pub(super) fn is_worked(&self, date: Date) -> bool {
        self.work.binary_search(&date).is_ok()
    }
}

/// 28 to 31 December: the days that the next year's notice may name.
///
/// The earliest it can reach is the Sunday before a New Year's Day on a Thursday.
pub(super) fn is_turn_of_year(date: Date) -> bool {
    date.month() == 12 && date.day() >= 28
}
