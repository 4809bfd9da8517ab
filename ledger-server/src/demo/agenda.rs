//! When a transaction's steps happen and are recorded: windows waited for, meetings kept. (日程)
//!
//! Knows charter and calendar, and nothing of what a step says. The windows counted here decide when
//! the demonstration submits; whether they have run, the ledger decides.

use ledger_core::step::{PublicationPoint, Step};
use ledger_core::time::{Date, LogTime, StatedTime};

use super::charters::Charters;
use super::clock::{Clock, Workday};
use super::course::What;
use super::dice::Dice;
use super::fault::DemoError;

/// Something that happens, and when it is recorded. (一项)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Act {
    /// What.
    pub(crate) what: What,
    /// When, as the signers say.
    pub(crate) at: StatedTime,
    /// The day on which it is recorded.
    pub(crate) recorded_on: Workday,
    /// When notice of it was given, if it is a meeting.
    pub(crate) notified_on: Option<Date>,
    /// The last day of the window that it opens.
    pub(crate) open_until: Option<Date>,
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
#[derive(Debug, Clone, Default)]
pub(crate) struct Agenda {
    /// What happens, in order.
    pub(crate) acts: Vec<Act>,
}

impl Agenda {
    /// The day on which the first of it is recorded.
    pub(crate) fn begun_on(&self) -> Option<Workday> {
        self.acts.first().map(|act| act.recorded_on)
    }

    /// Whether something happens.
    pub(crate) fn has(&self, what: What) -> bool {
        self.acts.iter().any(|act| act.what == what)
    }
}

/// What agendas are made from.
pub(crate) struct Scheduler<'a> {
    pub(crate) charters: &'a Charters,
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
    /// The agenda of a transaction that begins on `start` and goes that way; `None` if it does not end
    /// within the year. The last step is posted on so many channels, if not on all.
    pub(crate) fn agenda(
        &self,
        start: Workday,
        (route, posted): (&[What], Option<usize>),
        dice: &mut Dice,
    ) -> Result<Option<Agenda>, DemoError> {
        let mut draft = Draft {
            scheduler: self,
            earliest: start,
            agenda: Agenda::default(),
        };
        for (place, what) in route.iter().enumerate() {
            let posted = posted.filter(|_| place + 1 == route.len());
            let done = match what {
                What::Step(step) => draft.step(*step, posted, dice)?,
                other => draft.beside(*other, dice)?,
            };
            if done.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(draft.agenda))
    }
}

/// An agenda in the making.
struct Draft<'a> {
    scheduler: &'a Scheduler<'a>,
    /// The first day on which the next step can be recorded.
    earliest: Workday,
    agenda: Agenda,
}

impl Draft<'_> {
    fn step(
        &mut self,
        step: Step,
        posted: Option<usize>,
        dice: &mut Dice,
    ) -> Result<Option<()>, DemoError> {
        let clock = self.scheduler.clock;
        let (day, notified_on) = match step {
            Step::MemberVote => self.meeting().unzip(),
            _ => (Some(self.earliest.plus(dice.below(pause(step) + 1))), None),
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
        let place = self.agenda.acts.len();
        self.push(
            What::Step(step),
            clock.stated(moment)?,
            recorded_on,
            notified_on,
        );
        let last = match step.publication_point() {
            Some(point) => self.post(point, (day, moment), posted, dice)?,
            None => Some(recorded_on),
        };
        let Some(last) = last else {
            return Ok(None);
        };
        self.earliest = last.plus(1);
        self.wait(step, place, last)
    }

    /// What is no step: on a day of its own, recorded that day.
    fn beside(&mut self, what: What, dice: &mut Dice) -> Result<Option<()>, DemoError> {
        let clock = self.scheduler.clock;
        let (day, notified_on) = match what {
            What::MeetingHeld => self.meeting().unzip(),
            _ => (Some(self.earliest.plus(dice.below(2))), None),
        };
        let Some((day, moment)) = day.and_then(|day| Some((day, clock.office(day, dice)?))) else {
            return Ok(None);
        };
        self.push(what, clock.stated(moment)?, day, notified_on);
        self.earliest = day.plus(1);
        Ok(Some(()))
    }

    fn push(
        &mut self,
        what: What,
        at: StatedTime,
        recorded_on: Workday,
        notified_on: Option<Date>,
    ) {
        self.agenda.acts.push(Act {
            what,
            at,
            recorded_on,
            notified_on,
            open_until: None,
        });
    }

    /// The next meeting of which notice can still be given in time, and when it is given.
    fn meeting(&self) -> Option<(Workday, Date)> {
        let clock = self.scheduler.clock;
        let notified_on = clock.date(self.earliest)?;
        let from = clock.from(notified_on.plus_days(11)?);
        let mut meetings = self.scheduler.meetings.iter();
        Some((*meetings.find(|day| **day >= from)?, notified_on))
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
        let channels = self
            .scheduler
            .charters
            .of(self.agenda.begun_on())
            .channels
            .iter();
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
            self.push(What::Post(point, place), clock.stated(at)?, last, None);
        }
        Ok(Some(last))
    }

    /// Lets the window of a step run that was last recorded on `last`.
    fn wait(&mut self, step: Step, place: usize, last: Workday) -> Result<Option<()>, DemoError> {
        let clock = self.scheduler.clock;
        let charter = self.scheduler.charters.of(self.agenda.begun_on());
        let Some(rule) = &charter.steps.of(step).open_for else {
            return Ok(Some(()));
        };
        let Some(end) = clock.window_end(last, rule.span)? else {
            return Ok(None);
        };
        self.earliest = self.earliest.max(clock.from(clock.date_of(end)));
        if let Some(act) = self.agenda.acts.get_mut(place) {
            act.open_until = Some(clock.date_of(end.minus_seconds(1)));
        }
        Ok(Some(()))
    }
}
