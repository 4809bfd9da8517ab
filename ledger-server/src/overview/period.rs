//! Months, and what supervisors report on: a month, a quarter, a year, or all of it. (期间)

use std::fmt;
use std::str::FromStr;

use ledger_core::LogTime;
use ledger_core::language::Language;
use ledger_core::time::Date;

/// A month of a calendar year. (月份)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Month {
    year: u16,
    month: u8,
}

impl Month {
    pub(crate) fn of(day: Date) -> Self {
        let (year, month) = (day.year(), day.month());
        Self { year, month }
    }

    fn first_day(self) -> Option<Date> {
        Date::new(self.year, self.month, 1).ok()
    }

    /// The month after it; none after the last that there can be.
    pub(crate) fn next(self) -> Option<Self> {
        self.first_day()?.plus_months(1).map(Self::of)
    }

    fn previous(self) -> Option<Self> {
        self.first_day()?.minus_days(1).map(Self::of)
    }

    /// Its last second, where clocks are so many minutes ahead of UTC.
    pub(crate) fn end(self, offset_minutes: i32) -> Option<LogTime> {
        let next = self.next()?.first_day()?;
        Some(next.at_midnight(offset_minutes).minus_seconds(1))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// Neither a month, nor a quarter, nor a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoPeriod;

impl FromStr for Month {
    type Err = NoPeriod;

    fn from_str(text: &str) -> Result<Self, NoPeriod> {
        let first: Date = format!("{text}-01").parse().map_err(|_| NoPeriod)?;
        Ok(Self::of(first))
    }
}

/// What is reported on. (统计期间)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Period {
    Month(Month),
    /// The first month of the quarter.
    Quarter(Month),
    Year(u16),
    All,
}

impl Period {
    /// The month, quarter and year of a day, and everything.
    pub(crate) fn around(day: Date) -> [(&'static str, Self); 4] {
        let month = Month::of(day);
        let first = Month {
            month: (month.month - 1) / 3 * 3 + 1,
            ..month
        };
        [
            ("month", Self::Month(month)),
            ("quarter", Self::Quarter(first)),
            ("year", Self::Year(month.year)),
            ("all", Self::All),
        ]
    }

    /// Reads `month`, `quarter`, `year` or `all`, which are those of that day, or `2026-09`, `2026-Q3`,
    /// `2026`.
    pub(crate) fn read(text: &str, today: Date) -> Result<Self, NoPeriod> {
        let mut around = Self::around(today).into_iter();
        if let Some((_, period)) = around.find(|(name, _)| *name == text) {
            return Ok(period);
        }
        if let Some((year, quarter)) = text.split_once("-Q") {
            let first = match quarter {
                "1" => "01",
                "2" => "04",
                "3" => "07",
                "4" => "10",
                _ => return Err(NoPeriod),
            };
            return format!("{year}-{first}").parse().map(Self::Quarter);
        }
        match text.contains('-') {
            true => text.parse().map(Self::Month),
            false => format!("{text}-01")
                .parse()
                .map(|first: Month| Self::Year(first.year)),
        }
    }

    /// Its first and its last month; none where it is open.
    pub(crate) fn months(self) -> (Option<Month>, Option<Month>) {
        match self {
            Self::Month(month) => (Some(month), Some(month)),
            Self::Quarter(first) => {
                let last = first.next().and_then(Month::next);
                (Some(first), last)
            }
            Self::Year(year) => (
                Some(Month { year, month: 1 }),
                Some(Month { year, month: 12 }),
            ),
            Self::All => (None, None),
        }
    }

    pub(crate) fn holds(self, month: Month) -> bool {
        let (first, last) = self.months();
        first.is_none_or(|first| first <= month) && last.is_none_or(|last| month <= last)
    }

    /// The one before it, as long.
    pub(crate) fn earlier(self) -> Option<Self> {
        let before = self.months().0?.previous()?;
        self.like(before)
    }

    /// The one after it, as long.
    pub(crate) fn later(self) -> Option<Self> {
        let after = self.months().1?.next()?;
        self.like(after)
    }

    fn like(self, month: Month) -> Option<Self> {
        let around = Self::around(month.first_day()?);
        let [month, quarter, year, all] = around.map(|(_, period)| period);
        Some(match self {
            Self::Month(_) => month,
            Self::Quarter(_) => quarter,
            Self::Year(_) => year,
            Self::All => all,
        })
    }

    pub(crate) fn label(self, l: Language) -> String {
        match self {
            Self::Month(Month { year, month }) => {
                l.pick(format!("{year} 年 {month} 月"), self.to_string())
            }
            Self::Quarter(Month { year, month }) => {
                let quarter = month.div_ceil(3);
                l.pick(format!("{year} 年第 {quarter} 季度"), self.to_string())
            }
            Self::Year(year) => l.pick(format!("{year} 年"), self.to_string()),
            Self::All => l.pick("建账以来", "since the beginning").to_owned(),
        }
    }
}

/// As it is read.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Month(month) => month.fmt(f),
            Self::Quarter(Month { year, month }) => write!(f, "{year:04}-Q{}", month.div_ceil(3)),
            Self::Year(year) => write!(f, "{year:04}"),
            Self::All => f.write_str("all"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> Date {
        "2026-11-21".parse().unwrap()
    }

    #[test]
    fn periods_are_read_as_they_are_written() {
        for (typed, written, first, last) in [
            ("month", "2026-11", "2026-11", "2026-11"),
            ("quarter", "2026-Q4", "2026-10", "2026-12"),
            ("year", "2026", "2026-01", "2026-12"),
            ("2025-Q1", "2025-Q1", "2025-01", "2025-03"),
            ("2018-12", "2018-12", "2018-12", "2018-12"),
            ("2018", "2018", "2018-01", "2018-12"),
        ] {
            let period = Period::read(typed, today()).unwrap();
            assert_eq!(period.to_string(), written);
            assert_eq!(Period::read(written, today()), Ok(period));
            let (from, to) = period.months();
            assert_eq!(from.unwrap().to_string(), first);
            assert_eq!(to.unwrap().to_string(), last);
        }
        assert_eq!(Period::read("all", today()), Ok(Period::All));
        for wrong in ["", "2026-13", "2026-Q5", "26-01", "2026-1", "x", "-", "9"] {
            assert_eq!(Period::read(wrong, today()), Err(NoPeriod), "{wrong}");
        }
    }

    #[test]
    fn the_one_before_and_the_one_after_are_as_long() {
        for (period, earlier, later) in [
            ("2026-01", "2025-12", "2026-02"),
            ("2026-Q1", "2025-Q4", "2026-Q2"),
            ("2026", "2025", "2027"),
        ] {
            let period = Period::read(period, today()).unwrap();
            assert_eq!(period.earlier().unwrap().to_string(), earlier);
            assert_eq!(period.later().unwrap().to_string(), later);
        }
        assert_eq!(Period::All.earlier(), None);
    }

    #[test]
    fn a_month_ends_with_its_last_second() {
        let month: Month = "2018-12".parse().unwrap();
        assert_eq!(month.end(480).unwrap().to_string(), "2018-12-31T15:59:59Z");
    }
}
