//! What falls due under a contract once it is signed, and the days on which it is paid. (合同履行计划)
//!
//! Rents are paid by the quarter in advance, the first with the handover; what is bought or built is
//! paid after it was handed over. What falls due after the year is registered and not paid in it.

use ledger_core::contract::RentSchedule;
use ledger_core::money::{Fen, PriceBasis};
use ledger_core::record::{Category, Direction, Due, Escalation};
use ledger_core::time::Date;

use super::agenda::{Act, Agenda, Scheduler};
use super::catalogue::Item;
use super::clock::Workday;
use super::course::What;
use super::dice::Dice;
use super::fault::DemoError;

/// Of every hundred of a contract for works, what is kept back for a year. (质保金)
const WARRANTY_PERCENT: u64 = 3;

/// How long after the handover the collective pays.
const PAID_AFTER_DAYS: u32 = 30;

/// The term of a contract: whole months from the first of the month after it was signed.
pub(crate) fn term(signed_on: Date, months: u32) -> Option<(Date, Date)> {
    if months == 0 {
        return None;
    }
    let first = Date::new(signed_on.year(), signed_on.month(), 1).ok()?;
    let start = first.plus_months(1)?;
    let end = start.plus_months(months)?.minus_days(1)?;
    Some((start, end))
}

/// What is still to be paid when the asset has been handed over. `won_fen` is the price of a unit,
/// `amount_fen` what the contract is worth.
pub(crate) fn dues(
    item: &Item,
    (won_fen, amount_fen): (u64, u64),
    (signed_on, handed_over_on): (Date, Date),
) -> Result<Vec<Due>, DemoError> {
    if item.is_spending() {
        return spent(item, amount_fen, handed_over_on);
    }
    // How many prices make a rent, and how many months it is for.
    let (prices, every_months) = match item.basis {
        PriceBasis::PerMonth => (3, 3),
        PriceBasis::PerYear => (1, 12),
        _ => return Ok(Vec::new()),
    };
    let Some((first_due, _)) = term(signed_on, item.months) else {
        return Ok(Vec::new());
    };
    let escalation = (item.rise_basis_points > 0).then_some(Escalation {
        every_months: 12,
        rate_basis_points: item.rise_basis_points,
    });
    let schedule = RentSchedule {
        amount_fen: Fen::new(won_fen * prices)?,
        count: item.months / every_months,
        escalation,
        every_months,
        first_due,
        rent_free_months: 0,
    };
    let mut dues = schedule.dues()?;
    // The first was paid with the handover.
    dues.drain(..dues.len().min(1));
    if item.category == Category::Contracting {
        for due in &mut dues {
            due.purpose = due.purpose.as_str().replace("租金", "承包款").parse()?;
        }
    }
    Ok(dues)
}

fn spent(item: &Item, amount_fen: u64, handed_over_on: Date) -> Result<Vec<Due>, DemoError> {
    let due = |id: &str, purpose: &str, fen: u64, on: Option<Date>| -> Result<Due, DemoError> {
        Ok(Due {
            amount_fen: Fen::new(fen)?,
            direction: Direction::Outgoing,
            due_on: on.unwrap_or(Date::MAX),
            id: id.parse()?,
            purpose: purpose.parse()?,
        })
    };
    let soon = handed_over_on.plus_days(PAID_AFTER_DAYS);
    if item.category != Category::Works {
        return Ok(vec![due("payment", "合同价款", amount_fen, soon)?]);
    }
    let kept = amount_fen * WARRANTY_PERCENT / 100;
    Ok(vec![
        due("works", "工程款", amount_fen - kept, soon)?,
        due("warranty", "质保金", kept, handed_over_on.plus_months(12))?,
    ])
}

impl Scheduler<'_> {
    /// Adds to an agenda when the dues are registered and paid, as far as the year goes.
    pub(crate) fn pay(
        &self,
        agenda: &mut Agenda,
        (item, dues): (&Item, &[Due]),
        dice: &mut Dice,
    ) -> Result<(), DemoError> {
        let Some(last) = agenda.acts.last().map(|act| act.recorded_on) else {
            return Ok(());
        };
        let registered_on = last.plus(dice.between(1, 3));
        if dues.is_empty() || self.clock.date(registered_on).is_none() {
            return Ok(());
        }
        let mut acts = vec![(What::PaymentDue, registered_on)];
        let last = Workday(self.clock.len().saturating_sub(1));
        let of_the_year =
            |due: &Due| due.due_on.year() == self.clock.date(last).map_or(0, Date::year);
        for (place, due) in dues.iter().enumerate().filter(|(_, due)| of_the_year(due)) {
            // What falls due on the last days, on which nobody works, is paid before them.
            let due_on = self.clock.from(due.due_on).min(last);
            let early = dice.place(3);
            let on = Workday(due_on.0.saturating_sub(early)).max(registered_on.plus(1));
            if self.clock.date(on).is_none() {
                continue;
            }
            let what = match due.direction {
                Direction::Incoming => What::PaymentReceived(place),
                Direction::Outgoing => What::PaymentMade(place),
            };
            acts.push((what, on));
        }
        // Who is in arrears has not paid what fell due last.
        if item.in_arrears {
            acts.truncate(acts.len().saturating_sub(1).max(1));
        }
        for (what, on) in acts {
            let Some(moment) = self.clock.office(on, dice) else {
                continue;
            };
            agenda.acts.push(Act {
                what,
                at: self.clock.stated(moment)?,
                recorded_on: on,
                notified_on: None,
                open_until: None,
            });
        }
        Ok(())
    }
}
