//! When a transaction's steps happen and are recorded: windows waited for, meetings kept. (日程)
//!
//! Knows charter and calendar, and nothing of what a step says. The windows counted here decide when
//! the demonstration submits; whether they have run, the ledger decides.

use ledger_core::charter::Charter;
use ledger_core::step::{PublicationPoint, Step};
use ledger_core::time::{Date, LogTime, StatedTime};

use super::clock::{Clock, Workday};
use super::dice::Dice;
use super::fault::DemoError;

/// What happens. (事项)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A step is done.
    Step(Step),
    /// A disclosure is posted on the charter's channel of that place.
    Post(PublicationPoint, usize),
}

/// Something that happens, and when it is recorded. (一项)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Act {
    /// What.
    pub(crate) what: What,
    /// When, as the signers say.
    pub(crate) at: StatedTime,
    /// The day on which it is recorded.
    pub(crate) recorded_on: Workday,
}

/// How far a transaction goes within the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The last step that is done.
    pub(crate) last: Step,
    /// On how many channels the last step is posted, if not on all of them.
    pub(crate) posted: Option<usize>,
}

/// A transaction's year. (日程)
#[derive(Debug, Clone)]
pub(crate) struct Agenda {
    /// What happens, in order.
    pub(crate) acts: Vec<Act>,
    /// The last day of the consultation.
    pub(crate) consulted_until: Date,
    /// When the listing closes.
    pub(crate) closes_at: StatedTime,
    /// When notice of the vote was given.
    pub(crate) notified_on: Date,
}

impl Agenda {
    /// The day on which a step is done; the year's last if it is not.
    pub(crate) fn date(&self, step: Step, clock: &Clock) -> Date {
        let done = |act: &&Act| act.what == What::Step(step);
        let act = self.acts.iter().find(done).or(self.acts.last());
        act.map_or(Date::MAX, |act| clock.date_of(act.at.instant()))
    }
}

/// What agendas are made from.
pub(crate) struct Scheduler<'a> {
    pub(crate) charter: &'a Charter,
    pub(crate) clock: &'a Clock,
    /// The days on which the members meet.
    pub(crate) meetings: Vec<Workday>,
}

/// The days on which the members meet: twice a month. (成员大会与代表大会会期)
pub(crate) fn meetings(clock: &Clock) -> Result<Vec<Workday>, DemoError> {
    let mut days = Vec::new();
    for month in 1..=12 {
        for day in [10, 24] {
            days.push(clock.from(Date::new(2018, month, day)?));
        }
    }
    Ok(days)
}

/// The most working days that are let pass before a step, beyond the least there must be.
const fn pause(step: Step) -> u64 {
    match step {
        Step::ProposalInitiation | Step::PartyReview | Step::PublishCompletion => 2,
        Step::PublishPrePlan | Step::PublishPlan | Step::ListingNotice => 1,
        Step::BidderQualification | Step::Bidding | Step::ResultAndObjection => 1,
        Step::FeedbackAndValuation | Step::PlanDrafting | Step::HandoverAndReceipt => 3,
        Step::StreetReview | Step::ContractSigning => 4,
        Step::AssetVerification | Step::MemberVote => 0,
    }
}

/// How often in a hundred a step is recorded some days late. (补录)
const LATE_PERCENT: u64 = 2;

impl Scheduler<'_> {
    /// The agenda of a transaction that begins on `start`; `None` if it does not end within the year.
    pub(crate) fn agenda(
        &self,
        start: Workday,
        extent: Extent,
        dice: &mut Dice,
    ) -> Result<Option<Agenda>, DemoError> {
        let midnight = self.clock.at_hour(Date::new(2018, 12, 31)?, 17)?;
        let mut course = Course {
            scheduler: self,
            earliest: start,
            agenda: Agenda {
                acts: Vec::new(),
                consulted_until: self.clock.date_of(midnight.instant()),
                closes_at: midnight,
                notified_on: self.clock.date_of(midnight.instant()),
            },
        };
        for step in Step::ALL.into_iter().filter(|step| *step <= extent.last) {
            let posted = extent.posted.filter(|_| step == extent.last);
            if course.step(step, posted, dice)?.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(course.agenda))
    }
}

/// An agenda in the making.
struct Course<'a> {
    scheduler: &'a Scheduler<'a>,
    /// The first day on which the next step can be recorded.
    earliest: Workday,
    agenda: Agenda,
}

impl Course<'_> {
    fn step(
        &mut self,
        step: Step,
        posted: Option<usize>,
        dice: &mut Dice,
    ) -> Result<Option<()>, DemoError> {
        let clock = self.scheduler.clock;
        let day = match step {
            Step::MemberVote => self.meeting(),
            _ => Some(self.earliest.plus(dice.below(pause(step) + 1))),
        };
        let Some(day) = day else {
            return Ok(None);
        };
        let is_publication = step.publication_point().is_some();
        let late = !is_publication && dice.chance(LATE_PERCENT);
        let recorded_on = if late {
            day.plus(dice.between(4, 7))
        } else {
            day
        };
        let moment = match step.publication_point() {
            Some(_) => clock.morning(day, dice),
            None => clock.office(day, dice),
        };
        let (Some(moment), Some(_)) = (moment, clock.date(recorded_on)) else {
            return Ok(None);
        };
        self.agenda.acts.push(Act {
            what: What::Step(step),
            at: clock.stated(moment)?,
            recorded_on,
        });
        let last = match step.publication_point() {
            Some(point) => self.post(point, (day, moment), posted, dice)?,
            None => Some(recorded_on),
        };
        match last {
            Some(last) => self.wait(step, last),
            None => Ok(None),
        }
    }

    /// The next meeting of which notice can still be given in time.
    fn meeting(&mut self) -> Option<Workday> {
        let clock = self.scheduler.clock;
        let notified_on = clock.date(self.earliest)?;
        self.agenda.notified_on = notified_on;
        let from = clock.from(notified_on.plus_days(11)?);
        let mut meetings = self.scheduler.meetings.iter();
        meetings.find(|day| **day >= from).copied()
    }

    /// Posts on the screens at once, on paper the same day or the next; gives the last day.
    fn post(
        &mut self,
        point: PublicationPoint,
        (day, moment): (Workday, LogTime),
        posted: Option<usize>,
        dice: &mut Dice,
    ) -> Result<Option<Workday>, DemoError> {
        let clock = self.scheduler.clock;
        let channels = self.scheduler.charter.channels.iter();
        let mut order: Vec<(usize, bool)> = channels
            .enumerate()
            .map(|(place, channel)| {
                let on_paper = matches!(channel.id.as_str(), "newsletter" | "notice_board");
                (place, on_paper)
            })
            .collect();
        order.sort_by_key(|(_, on_paper)| *on_paper);
        let next_day = dice.chance(40);
        let (mut last, mut at) = (day, moment);
        for (place, on_paper) in order.into_iter().take(posted.unwrap_or(usize::MAX)) {
            if on_paper && next_day && last == day {
                last = day.plus(1);
                match clock.morning(last, dice) {
                    Some(morning) => at = morning,
                    None => return Ok(None),
                }
            }
            at = at.plus_seconds(dice.between(10, 60) * 60);
            self.agenda.acts.push(Act {
                what: What::Post(point, place),
                at: clock.stated(at)?,
                recorded_on: last,
            });
        }
        Ok(Some(last))
    }

    /// Lets the window of a step run that was last recorded on `last`.
    fn wait(&mut self, step: Step, last: Workday) -> Result<Option<()>, DemoError> {
        let clock = self.scheduler.clock;
        self.earliest = last.plus(1);
        let Some(rule) = &self.scheduler.charter.steps.of(step).open_for else {
            return Ok(Some(()));
        };
        let Some(end) = clock.window_end(last, rule.span)? else {
            return Ok(None);
        };
        self.earliest = self.earliest.max(clock.from(clock.date_of(end)));
        let last_date = clock.date_of(end.minus_seconds(1));
        match step {
            Step::PublishPrePlan => self.agenda.consulted_until = last_date,
            Step::ListingNotice => self.agenda.closes_at = clock.at_hour(last_date, 17)?,
            _ => {}
        }
        Ok(Some(()))
    }
}
