//! The simulated clock: the working days of 2018, and when things are done on them. (模拟时钟)
//!
//! Events happen in office hours, Beijing time; before the office closes, what happened that day is
//! recorded in one go. Which days are worked, the charter's calendar says.

use ledger_core::calendar::{Calendar, Span};
use ledger_core::time::{Date, LogTime, StatedTime};

use super::dice::Dice;
use super::fault::DemoError;

const MINUTE: u64 = 60;

/// The morning's office hours in which an event can happen, in minutes after midnight: 08:40 to 11:40.
const MORNING: (u64, u64) = (8 * 60 + 40, 11 * 60 + 40);

/// The afternoon's: 14:10 to 16:20.
const AFTERNOON: (u64, u64) = (14 * 60 + 10, 16 * 60 + 20);

/// When the day is recorded: 16:40 to 17:50.
const RECORDING: (u64, u64) = (16 * 60 + 40, 17 * 60 + 50);

/// A working day of the year, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Workday(pub(crate) usize);

impl Workday {
    /// So many working days later.
    pub(crate) fn plus(self, days: u64) -> Self {
        Self(
            self.0
                .saturating_add(usize::try_from(days).unwrap_or(usize::MAX)),
        )
    }
}

/// The year's working days.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    calendar: Calendar,
    days: Vec<Date>,
    seed: u64,
}

impl Clock {
    /// The working days of 2018 up to its last Friday.
    pub(crate) fn new(calendar: &Calendar, seed: u64) -> Result<Self, DemoError> {
        let (mut date, last) = (Date::new(2018, 1, 2)?, Date::new(2018, 12, 28)?);
        let mut days = Vec::new();
        while date <= last {
            if calendar.is_working_day(date)? {
                days.push(date);
            }
            date = date.plus_days(1).unwrap_or(Date::MAX);
        }
        let calendar = calendar.clone();
        Ok(Self {
            calendar,
            days,
            seed,
        })
    }

    /// Which day it is; `None` after the year's end.
    pub(crate) fn date(&self, day: Workday) -> Option<Date> {
        self.days.get(day.0).copied()
    }

    /// How many working days there are.
    pub(crate) fn len(&self) -> usize {
        self.days.len()
    }

    /// The first working day from `date` on.
    pub(crate) fn from(&self, date: Date) -> Workday {
        Workday(self.days.partition_point(|day| *day < date))
    }

    /// When that day is recorded.
    pub(crate) fn recorded(&self, day: Workday) -> Option<LogTime> {
        let date = self.date(day)?;
        let mut dice = Dice::new(self.seed, &format!("recording/{date}"));
        let seconds = dice.between(RECORDING.0 * MINUTE, RECORDING.1 * MINUTE);
        Some(self.midnight(date).plus_seconds(seconds))
    }

    /// A moment in that day's office hours.
    pub(crate) fn office(&self, day: Workday, dice: &mut Dice) -> Option<LogTime> {
        let date = self.date(day)?;
        let (from, to) = if dice.chance(55) { MORNING } else { AFTERNOON };
        let minutes = dice.between(from, to);
        Some(self.midnight(date).plus_seconds(minutes * MINUTE))
    }

    /// A moment in that morning, so that the day has room for what follows from it.
    pub(crate) fn morning(&self, day: Workday, dice: &mut Dice) -> Option<LogTime> {
        let date = self.date(day)?;
        let minutes = dice.between(MORNING.0, MORNING.1);
        Some(self.midnight(date).plus_seconds(minutes * MINUTE))
    }

    /// A moment of a day by the hour of its clock.
    pub(crate) fn at_hour(&self, date: Date, hour: u64) -> Result<StatedTime, DemoError> {
        self.stated(self.midnight(date).plus_seconds(hour * 60 * MINUTE))
    }

    /// A moment as the signers state it.
    pub(crate) fn stated(&self, moment: LogTime) -> Result<StatedTime, DemoError> {
        let offset = self.calendar.utc_offset_minutes();
        Ok(StatedTime::new(moment, offset)?)
    }

    /// The local day of a moment.
    pub(crate) fn date_of(&self, moment: LogTime) -> Date {
        self.calendar.date_of(moment)
    }

    /// The end of a window that runs from the recording of `day`.
    pub(crate) fn window_end(
        &self,
        day: Workday,
        span: Span,
    ) -> Result<Option<LogTime>, DemoError> {
        match self.recorded(day) {
            Some(since) => Ok(Some(self.calendar.end_of(since, span)?)),
            None => Ok(None),
        }
    }

    fn midnight(&self, date: Date) -> LogTime {
        date.at_midnight(self.calendar.utc_offset_minutes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_year_s_working_days() {
        let clock = Clock::new(&Calendar::state_council().unwrap(), 1).unwrap();
        let date = |month, day| Date::new(2018, month, day).unwrap();
        assert_eq!(clock.date(Workday(0)), Some(date(1, 2)));
        // Spring festival: off to 21 February; the Saturday after it is worked.
        assert_eq!(clock.date(clock.from(date(2, 15))), Some(date(2, 22)));
        assert_eq!(clock.date(clock.from(date(2, 24))), Some(date(2, 24)));
        assert_eq!(clock.date(Workday(clock.len() - 1)), Some(date(12, 28)));
        let recorded = clock.recorded(Workday(0)).unwrap();
        let recorded = recorded.display_at(480);
        assert!(("2018-01-02 16:40".."2018-01-02 17:51").contains(&recorded.as_str()));
    }
}
