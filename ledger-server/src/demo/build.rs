//! Builds the year: signs what the plan says and appends it, day by day. (逐日登记)
//!
//! One commit for each day on which something happens. Nothing is admitted here; what the ledger
//! refuses ends the build.

use std::collections::BTreeSet;

use ledger_core::event::{Event, SignedEvent, Statement, entry_bytes};
use ledger_core::hash::{Digest, Hash};
use ledger_core::ledger::{AppendError, Ledger};
use ledger_core::name::{ConcernId, Origin, StreamId, TransactionId};
use ledger_core::record::Publication;
use ledger_core::signing::rule_of;
use ledger_core::step::PublicationPoint;
use ledger_core::store::Store;
use ledger_core::time::{LogTime, StatedTime};
use ledger_core::transaction::{Phase, Transaction};

use super::chronicle::{Own, joins_on};
use super::clock::Workday;
use super::course::What;
use super::fault::DemoError;
use super::founding::{YEAR_ORIGIN, founding};
use super::papers::Papers;
use super::people::{DECLARES, Keyring, PEOPLE, Person, signers};
use super::plan::{Deal, Plan, Scene};
use super::script::{COLLECTIVE, Script, voiced};

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
    let about = (COLLECTIVE, plan.charters.first.clone());
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
        self.voices(day, &mut today)?;
        self.own_affairs(day, &mut today)?;
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
        let id = deal.id()?;
        let stream = StreamId::Transaction(id.clone());
        let before = self.ledger.transaction(&id)?;
        let (mut head, mut disclosure) = match &before {
            None => (self.ledger.state()?.ledger_id, None),
            Some(transaction) => (transaction.head, published(transaction)),
        };
        let present = self.present(day)?;
        let charter = self.plan.charter_of(deal);
        let acts = deal.agenda.acts.iter().filter(|act| act.recorded_on == day);
        for act in acts {
            let scene = Scene { deal, act };
            let event = self.event(scene, (&id, before.as_ref()), &mut disclosure)?;
            let rule = rule_of(charter, &event, before.as_ref());
            let rule = rule.ok_or(DemoError::NoSigner { role: event.zh() })?;
            let ids = signers(rule, present, deal.number, deal.number.is_multiple_of(3))?;
            head = self.sign((stream.clone(), head, act.at, event), &ids, today)?;
        }
        Ok(())
    }

    /// What an act records. `before` is the transaction as it stood in the morning.
    fn event(
        &mut self,
        scene: Scene<'_>,
        (id, before): (&TransactionId, Option<&Transaction>),
        disclosure: &mut Option<Digest>,
    ) -> Result<Event, DemoError> {
        match scene.act.what {
            What::Step(step) => match step.publication_point() {
                None => self.script.step(scene, step),
                Some(point) => {
                    let event = self.publication(scene, id, point)?;
                    *disclosure = event
                        .publication()
                        .map(|publication| publication.disclosure);
                    Ok(event)
                }
            },
            What::Post(point, place) => {
                let channel = &self.plan.charter_of(scene.deal).channels[place];
                let digest = disclosure.unwrap_or(Digest::from_bytes([0; 32]));
                let posted = self.script.posting(scene, point, channel, digest)?;
                Ok(Event::ChannelPosted(posted))
            }
            other => {
                let nothing = DemoError::NotBegun {
                    what: format!("{id} {other:?}"),
                };
                let event = before.map(|before| self.script.beside(scene, before));
                event.transpose()?.flatten().ok_or(nothing)
            }
        }
    }

    /// Composes a publication from what the ledger holds.
    fn publication(
        &mut self,
        scene: Scene<'_>,
        id: &TransactionId,
        point: PublicationPoint,
    ) -> Result<Event, DemoError> {
        let mut publication = self.script.publication(scene, point)?;
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
    fn present(&self, day: Workday) -> Result<&'static [Person], DemoError> {
        let everybody: &'static [Person] = &PEOPLE;
        Ok(if joins_on(&self.plan.clock)? < day {
            everybody
        } else {
            &everybody[..everybody.len() - 1]
        })
    }

    /// Signs what residents ask on a day, and what they are answered.
    fn voices(&mut self, day: Workday, today: &mut Day) -> Result<(), DemoError> {
        let plan = self.plan;
        for voice in &plan.voices {
            let id: ConcernId = voice.concern.id.parse()?;
            for (said, at, on) in &voice.acts {
                let event = voiced(voice, *said)?.filter(|_| *on == day);
                let Some(event) = event else {
                    continue;
                };
                let before = self.ledger.concern(&id)?;
                let head = match before {
                    Some(concern) => concern.head,
                    None => self.ledger.state()?.ledger_id,
                };
                let rule = rule_of(&plan.charters.first, &event, None);
                let rule = rule.ok_or(DemoError::NoSigner { role: event.zh() })?;
                let ids = signers(rule, self.present(day)?, voice.about, false)?;
                let stream = StreamId::Concern(id.clone());
                self.sign((stream, head, *at, event), &ids, today)?;
            }
        }
        Ok(())
    }

    /// Records what a day brings to the ledger itself.
    fn own_affairs(&mut self, day: Workday, today: &mut Day) -> Result<(), DemoError> {
        let mut head = self.ledger.state()?.head;
        let plan = self.plan;
        let origin: Origin = YEAR_ORIGIN.parse()?;
        let at = plan.clock.stated(today.now.minus_seconds(600))?;
        let date = plan.clock.date_of(today.now);
        for (_, own) in plan.chronicle.iter().filter(|(on, _)| *on == day) {
            let keys = Keyring::new(plan.seed, &origin)?;
            let event = self.script.own(*own, date, &keys)?;
            let ids = match rule_of(&plan.charters.first, &event, None) {
                Some(rule) => signers(rule, self.present(day)?, 0, false)?,
                None => vec![DECLARES],
            };
            head = self.sign((StreamId::Ledger, head, at, event), &ids, today)?;
            if *own == Own::KeyRotated {
                self.keyring.rotate()?;
            }
        }
        Ok(())
    }
}

/// What is being published, if a publication waits for its postings.
fn published(transaction: &Transaction) -> Option<Digest> {
    match &transaction.phase {
        Phase::Publishing(publishing) => Some(*publishing.disclosure()),
        _ => None,
    }
}
