//! A rent schedule written out: the dues that a first day, a number, a step and a rise come to. (租金计划)
//!
//! A help for who drafts `payment_due`: what binds is the list that is signed, not the rule that made it.

use crate::money::Fen;
use crate::name::Label;
use crate::record::{Direction, Due, Escalation};
use crate::text::Line;
use crate::time::Date;

/// The rule of a rent schedule. (租金计划)
///
/// Rents are paid in advance: the rent that falls due on a day is for the months from that day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RentSchedule {
    /// The first rent, in fen. (首期租金)
    pub amount_fen: Fen,
    /// How many rents, those left out as free included. (期数)
    pub count: u32,
    /// How the rent rises, counted from the first day: a rent that begins on the day of a rise has
    /// risen. Each rise is rounded to a whole fen, half up. (递增)
    pub escalation: Option<Escalation>,
    /// Every how many months a rent falls due. (每几个月一期)
    pub every_months: u32,
    /// The day on which the first rent falls due. (首期到期日)
    pub first_due: Date,
    /// For how many months from the first day nothing is paid; a rent that is free in part is paid in
    /// part, by months, rounded to a whole fen, half up. (免租月数)
    pub rent_free_months: u32,
}

/// A rule that makes no schedule. (租金计划有误)
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// A number that is none, or too many.
    #[error("{field}：应为 1 至 {most}，实为 {found} (expected 1 to {most}, found {found})")]
    OutOfRange {
        /// Which number.
        field: &'static str,
        /// The most that is taken.
        most: u32,
        /// What was found.
        found: u32,
    },
    /// An amount above what the ledger can say, or a day after the year 9999.
    #[error(
        "第 {number} 期的金额或日期超出上限 (rent {number}: the amount or the day is beyond the limit)"
    )]
    TooFar {
        /// Which rent, from 1.
        number: u32,
    },
    /// Every rent is free.
    #[error("免租期覆盖了全部期数，没有应收租金 (all of it is free of rent)")]
    AllFree,
}

impl RentSchedule {
    /// The most rents one schedule may have: fifty years by the month.
    pub const MOST: u32 = 600;

    /// The dues, in order, named after the months in which they fall due: `rent_2018_03`.
    ///
    /// # Errors
    /// [`ScheduleError`] if a number is out of its range, or all of it is free of rent.
    pub fn dues(&self) -> Result<Vec<Due>, ScheduleError> {
        in_range("count", self.count)?;
        in_range("every_months", self.every_months)?;
        if let Some(escalation) = &self.escalation {
            in_range("escalation.every_months", escalation.every_months)?;
        }
        let mut dues = Vec::new();
        let (mut rent, mut rises) = (self.amount_fen, 0);
        for number in 0..self.count {
            let too_far = || ScheduleError::TooFar { number: number + 1 };
            // At most 600 × 600 months: far below the limit of u32.
            let months = number.saturating_mul(self.every_months);
            if let Some(escalation) = &self.escalation {
                for _ in rises..months / escalation.every_months {
                    rent = share(
                        rent,
                        10_000_u64.saturating_add(escalation.rate_basis_points.into()),
                        10_000,
                    )
                    .ok_or_else(too_far)?;
                }
                rises = months / escalation.every_months;
            }
            let free = self
                .rent_free_months
                .saturating_sub(months)
                .min(self.every_months);
            let (paid, every) = (self.every_months - free, self.every_months);
            let amount_fen = share(rent, paid.into(), every.into()).ok_or_else(too_far)?;
            if amount_fen > Fen::ZERO {
                let due_on = self.first_due.plus_months(months).ok_or_else(too_far)?;
                dues.push(self.due(due_on, amount_fen).ok_or_else(too_far)?);
            }
        }
        if dues.is_empty() {
            return Err(ScheduleError::AllFree);
        }
        Ok(dues)
    }

    fn due(&self, due_on: Date, amount_fen: Fen) -> Option<Due> {
        let id: Label = format!("rent_{}_{:02}", due_on.year(), due_on.month())
            .parse()
            .ok()?;
        let last = due_on.plus_months(self.every_months - 1)?;
        let from = format!("{}年{}月", due_on.year(), due_on.month());
        let purpose: Line = match self.every_months {
            1 => format!("{from}租金"),
            _ if last.year() == due_on.year() => format!("{from}至{}月租金", last.month()),
            _ => format!("{from}至{}年{}月租金", last.year(), last.month()),
        }
        .parse()
        .ok()?;
        Some(Due {
            amount_fen,
            direction: Direction::Incoming,
            due_on,
            id,
            purpose,
        })
    }
}

fn in_range(field: &'static str, found: u32) -> Result<(), ScheduleError> {
    let most = RentSchedule::MOST;
    if (1..=most).contains(&found) {
        return Ok(());
    }
    Err(ScheduleError::OutOfRange { field, most, found })
}

/// `amount × part / whole`, rounded half up.
fn share(amount: Fen, part: u64, whole: u64) -> Option<Fen> {
    let (part, whole) = (u128::from(part), u128::from(whole));
    let exact = u128::from(amount.get()).checked_mul(part)?;
    let rounded = exact
        .checked_mul(2)?
        .checked_add(whole)?
        .checked_div(whole.checked_mul(2)?)?;
    Fen::new(u64::try_from(rounded).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule() -> RentSchedule {
        RentSchedule {
            amount_fen: Fen::new(100_001).unwrap(),
            count: 4,
            escalation: None,
            every_months: 1,
            first_due: "2018-01-31".parse().unwrap(),
            rent_free_months: 0,
        }
    }

    fn told(schedule: &RentSchedule) -> Vec<(String, u64)> {
        let dues = schedule.dues().unwrap();
        dues.iter()
            .map(|due| (due.due_on.to_string(), due.amount_fen.get()))
            .collect()
    }

    fn rows(rows: &[(&str, u64)]) -> Vec<(String, u64)> {
        rows.iter()
            .map(|(day, fen)| ((*day).to_owned(), *fen))
            .collect()
    }

    #[test]
    fn a_month_without_the_day_ends_earlier_and_the_next_one_does_not() {
        let expected = rows(&[
            ("2018-01-31", 100_001),
            ("2018-02-28", 100_001),
            ("2018-03-31", 100_001),
            ("2018-04-30", 100_001),
        ]);
        assert_eq!(told(&schedule()), expected);
        let dues = schedule().dues().unwrap();
        assert_eq!(dues[1].id.as_str(), "rent_2018_02");
        assert_eq!(dues[1].purpose.as_str(), "2018年2月租金");
        let quarterly = RentSchedule {
            every_months: 3,
            ..schedule()
        };
        let last = quarterly.dues().unwrap().pop().unwrap();
        assert_eq!(last.purpose.as_str(), "2018年10月至12月租金");
    }

    #[test]
    fn rises_compound_and_are_rounded_half_up() {
        let rising = RentSchedule {
            amount_fen: Fen::new(1_010).unwrap(),
            escalation: Some(Escalation {
                every_months: 12,
                rate_basis_points: 500,
            }),
            every_months: 6,
            first_due: "2018-07-01".parse().unwrap(),
            count: 5,
            ..schedule()
        };
        // 1010 × 1.05 = 1060.5; 1061 × 1.05 = 1114.05.
        let expected = rows(&[
            ("2018-07-01", 1_010),
            ("2019-01-01", 1_010),
            ("2019-07-01", 1_061),
            ("2020-01-01", 1_061),
            ("2020-07-01", 1_114),
        ]);
        assert_eq!(told(&rising), expected);
    }

    #[test]
    fn free_months_are_left_out_or_paid_in_part() {
        let free = RentSchedule {
            amount_fen: Fen::new(100).unwrap(),
            every_months: 3,
            rent_free_months: 4,
            ..schedule()
        };
        let expected = rows(&[("2018-04-30", 67), ("2018-07-31", 100), ("2018-10-31", 100)]);
        assert_eq!(told(&free), expected);
        let all = RentSchedule {
            rent_free_months: 12,
            ..free
        };
        assert_eq!(all.dues(), Err(ScheduleError::AllFree));
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        let none = RentSchedule {
            count: 0,
            ..schedule()
        };
        assert!(matches!(
            none.dues(),
            Err(ScheduleError::OutOfRange { field: "count", .. })
        ));
        let late = RentSchedule {
            first_due: "9999-11-01".parse().unwrap(),
            ..schedule()
        };
        assert_eq!(late.dues(), Err(ScheduleError::TooFar { number: 3 }));
        let dear = RentSchedule {
            amount_fen: Fen::MAX,
            escalation: Some(Escalation {
                every_months: 1,
                rate_basis_points: 1,
            }),
            ..schedule()
        };
        assert_eq!(dear.dues(), Err(ScheduleError::TooFar { number: 2 }));
    }
}
