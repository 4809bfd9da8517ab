//! Builds the year: signs what the plan says and appends it, day by day. (逐日登记)
//!
//! One commit for each day on which something happens. Nothing is admitted here; what the ledger
//! refuses ends the build.

use std::collections::BTreeSet;

use ledger_core::event::{Event, KeyRotated, MemberEnrolled, SignedEvent, Statement, entry_bytes};
use ledger_core::hash::{Digest, Hash};
use ledger_core::ledger::{AppendError, Ledger};
use ledger_core::name::{Origin, StreamId, TransactionId};
use ledger_core::record::Publication;
use ledger_core::step::PublicationPoint;
use ledger_core::store::Store;
use ledger_core::time::{Date, LogTime, StatedTime};

use super::agenda::{Act, What};
use super::clock::Workday;
use super::fault::DemoError;
use super::founding::{YEAR_ORIGIN, founding, year_charter};
use super::papers::Papers;
use super::people::{JOINS_LATER, Keyring, PEOPLE, Person, ROTATES, signers};
use super::plan::{Deal, Plan};
use super::script::{COLLECTIVE, Script};

/// Builds the year 2018 from `seed` in an empty store: the same seed gives the same bytes.
///
/// `progress` is told days done and days in all.
///
/// # Errors
/// [`DemoError`], if the store fails, or if a seed gives a year that does not work out.
pub fn build_year<S: Store>(
    store: S,
    seed: u64,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Ledger<S>, DemoError> {
    let plan = Plan::new(seed)?;
    let origin: Origin = YEAR_ORIGIN.parse()?;
    let keyring = Keyring::at_new_year(seed, &origin)?;
    let founders = &PEOPLE[..PEOPLE.len() - 1];
    let now = recorded(&plan, Workday(0))?;
    let at = plan.clock.stated(now.minus_seconds(3_600))?;
    let about = (COLLECTIVE, year_charter()?);
    let note = founding(&keyring, &origin, about, founders, at)?;
    let log_key = Keyring::new(seed, &origin)?.into_log();
    let (ledger, _) =
        Ledger::create(store, log_key, &note, now).map_err(|fault| refused("founding", fault))?;
    let mut year = Year {
        plan: &plan,
        script: Script {
            plan: &plan,
            papers: Papers::default(),
        },
        keyring,
        kept: BTreeSet::new(),
        ledger,
    };
    let days = plan.clock.len();
    for day in 1..days {
        year.day(Workday(day))?;
        progress(day as u64 + 1, days as u64);
    }
    Ok(year.ledger)
}

fn recorded(plan: &Plan, day: Workday) -> Result<LogTime, DemoError> {
    let moment = plan.clock.recorded(day);
    moment.ok_or(DemoError::YearTooShort { name: "2018" })
}

fn refused(what: impl Into<String>, fault: AppendError) -> DemoError {
    let fault = Box::new(fault);
    DemoError::Refused {
        what: what.into(),
        fault,
    }
}

/// The event that makes a publication.
pub(crate) fn point_event(point: PublicationPoint, publication: Publication) -> Event {
    match point {
        PublicationPoint::PrePlan => Event::PublishPrePlan(publication),
        PublicationPoint::Plan => Event::PublishPlan(publication),
        PublicationPoint::Completion => Event::PublishCompletion(publication),
    }
}

/// The year in the making.
struct Year<'a, S> {
    plan: &'a Plan,
    script: Script<'a>,
    keyring: Keyring,
    /// Papers that are kept already.
    kept: BTreeSet<Digest>,
    ledger: Ledger<S>,
}

/// What is appended in one commit, and the head of each stream as it grows.
struct Day {
    now: LogTime,
    notes: Vec<Vec<u8>>,
    what: Vec<String>,
}

impl<S: Store> Year<'_, S> {
    /// Records what a day brings.
    fn day(&mut self, day: Workday) -> Result<(), DemoError> {
        let mut today = Day {
            now: recorded(self.plan, day)?,
            notes: Vec::new(),
            what: Vec::new(),
        };
        let plan = self.plan;
        let of_today = |deal: &&Deal| deal.agenda.acts.iter().any(|act| act.recorded_on == day);
        for deal in plan.deals.iter().filter(of_today) {
            self.deal(deal, day, &mut today)?;
        }
        self.roster_changes(day, &mut today)?;
        for (digest, paper) in self.script.papers.take() {
            if self.kept.insert(digest) {
                self.ledger.store_mut().put_document(&paper)?;
            }
        }
        let answers = self.ledger.append_many(&today.notes, today.now)?;
        for (answer, what) in answers.into_iter().zip(today.what) {
            answer.map_err(|fault| refused(what, fault))?;
        }
        Ok(())
    }

    /// Signs what a day brings to one transaction.
    fn deal(&mut self, deal: &Deal, day: Workday, today: &mut Day) -> Result<(), DemoError> {
        let id: TransactionId = format!("2018-{:03}", deal.number).parse()?;
        let stream = StreamId::Transaction(id.clone());
        let (mut head, mut disclosure) = match self.ledger.transaction(&id)? {
            None => (self.ledger.state()?.ledger_id, None),
            Some(transaction) => {
                let published = match &transaction.phase {
                    ledger_core::transaction::Phase::Publishing(publishing) => {
                        Some(*publishing.disclosure())
                    }
                    _ => None,
                };
                (transaction.head, published)
            }
        };
        let present = self.present(day);
        let acts = deal.agenda.acts.iter().filter(|act| act.recorded_on == day);
        for act in acts {
            let event = self.event(deal, &id, act, &mut disclosure)?;
            let rule = match act.what {
                What::Step(step) => &self.plan.charter.steps.of(step).signing,
                What::Post(..) => &self.plan.charter.postings,
            };
            let ids = signers(rule, present, deal.number, deal.number.is_multiple_of(3))?;
            head = self.sign((stream.clone(), head, act.at, event), &ids, today)?;
        }
        Ok(())
    }

    fn event(
        &mut self,
        deal: &Deal,
        id: &TransactionId,
        act: &Act,
        disclosure: &mut Option<Digest>,
    ) -> Result<Event, DemoError> {
        match act.what {
            What::Step(step) => match step.publication_point() {
                None => self.script.step(deal, step),
                Some(point) => {
                    let event = self.publication(deal, id, point)?;
                    *disclosure = event
                        .publication()
                        .map(|publication| publication.disclosure);
                    Ok(event)
                }
            },
            What::Post(point, place) => {
                let channel = &self.plan.charter.channels[place];
                let digest = disclosure.unwrap_or(Digest::from_bytes([0; 32]));
                let posted = self.script.posting(deal, point, channel, digest)?;
                Ok(Event::ChannelPosted(posted))
            }
        }
    }

    /// Composes a publication from what the ledger holds.
    fn publication(
        &mut self,
        deal: &Deal,
        id: &TransactionId,
        point: PublicationPoint,
    ) -> Result<Event, DemoError> {
        let mut publication = self.script.publication(deal, point)?;
        if let Some(composed) = self.ledger.compose(id, point, &publication)? {
            publication.disclosure = composed.digest()?;
        }
        Ok(point_event(point, publication))
    }

    /// Signs an event for today's commit; gives the leaf hash that its entry will have.
    fn sign(
        &self,
        (stream, prev, at, event): (StreamId, Hash, StatedTime, Event),
        ids: &[&str],
        today: &mut Day,
    ) -> Result<Hash, DemoError> {
        today.what.push(format!("{stream} {}", event.kind()));
        let statement = Statement::new(stream, prev, at, event);
        let note = statement.sign(self.keyring.all(ids)?)?;
        let leaf = Hash::leaf(&entry_bytes(today.now, &SignedEvent::parse(&note)?));
        today.notes.push(note);
        Ok(leaf)
    }

    /// Those on the roster on that day.
    fn present(&self, day: Workday) -> &'static [Person] {
        let joined = self.joins_on().is_ok_and(|joins_on| joins_on < day);
        let everybody: &'static [Person] = &PEOPLE;
        if joined {
            everybody
        } else {
            &everybody[..everybody.len() - 1]
        }
    }

    fn joins_on(&self) -> Result<Workday, DemoError> {
        Ok(self.plan.clock.from(Date::new(2018, 4, 12)?))
    }

    /// A second supervisor joins in spring; one key is replaced in summer.
    fn roster_changes(&mut self, day: Workday, today: &mut Day) -> Result<(), DemoError> {
        let rotates = day == self.plan.clock.from(Date::new(2018, 7, 11)?);
        let event = if day == self.joins_on()? {
            let enrolment = self.keyring.enrolment(&JOINS_LATER)?;
            Event::MemberEnrolled(MemberEnrolled { enrolment })
        } else if rotates {
            let origin: Origin = YEAR_ORIGIN.parse()?;
            let key = Keyring::new(self.plan.seed, &origin)?;
            let key = key.of(ROTATES)?.verifier().clone();
            let member = ROTATES.parse()?;
            Event::KeyRotated(KeyRotated { key, member })
        } else {
            return Ok(());
        };
        let rule = &self.plan.charter.roster_changes;
        let ids = signers(rule, self.present(day), 0, false)?;
        let (head, at) = (self.ledger.state()?.head, today.now.minus_seconds(600));
        let at = self.plan.clock.stated(at)?;
        self.sign((StreamId::Ledger, head, at, event), &ids, today)?;
        if rotates {
            self.keyring.rotate()?;
        }
        Ok(())
    }
}
