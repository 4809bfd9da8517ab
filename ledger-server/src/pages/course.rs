//! A transaction's course, entry by entry: what was recorded, by whom, in time or late, and what of it
//! still stands.

use std::collections::BTreeMap;

use ledger_core::admit::Entry;
use ledger_core::event::{Event, Statement};
use ledger_core::language::Language;
use ledger_core::name::StreamId;
use ledger_core::record::Corrected;
use ledger_core::reread::Reread;
use ledger_core::state::{LedgerState, State};
use ledger_core::transaction::Transaction;
use ledger_core::{LogTime, MemberId, Role, Step, TransactionId};

use super::facts::{Facts, Line, Part, moment};
use super::{NoPage, Scene};
use crate::agenda::{self, What};
use crate::catalogue::{read, replay};
use crate::timeline;

/// What was recorded, as a page shows it.
pub(super) struct Happening {
    pub(super) index: u64,
    pub(super) title: String,
    pub(super) at: Part,
    pub(super) received: Part,
    pub(super) recorded_late: bool,
    pub(super) signers: Vec<Signer>,
    pub(super) lines: Vec<Line>,
    /// The entries that corrected it.
    pub(super) corrected_by: Vec<u64>,
    /// The entry by which it no longer stands.
    pub(super) set_aside_by: Option<u64>,
    /// By when it was to be done, and whether it was.
    pub(super) due: Option<(String, bool)>,
}

impl Happening {
    /// Whether there is anything above the names: not where the step's heading says it already.
    pub(super) fn has_heading(&self) -> bool {
        let changed = self.set_aside_by.is_some() || !self.corrected_by.is_empty();
        !self.title.is_empty() || changed || self.recorded_late
    }
}

/// Who signed, as what.
pub(super) struct Signer {
    pub(super) name: Part,
    pub(super) roles: String,
    /// Whether the key had been declared compromised by then.
    pub(super) in_doubt: bool,
}

/// When a step could be done, by when it was to be, and when it was.
pub(super) struct Timing {
    pub(super) step: Step,
    pub(super) from: LogTime,
    pub(super) deadline: Option<LogTime>,
    pub(super) done: Option<LogTime>,
}

/// An entry as it was read.
struct Seen {
    entry: Entry,
    signers: Vec<(MemberId, Vec<Role>)>,
    recorded_late: bool,
    deadline: Option<(LogTime, bool)>,
    possible_from: Option<LogTime>,
}

/// A transaction's whole course.
pub(super) struct Course {
    seen: Vec<Seen>,
    pub(super) state: State,
    id: Option<TransactionId>,
    corrections: BTreeMap<u64, Vec<(u64, Corrected)>>,
    set_aside: BTreeMap<u64, u64>,
    /// What every entry that bears on it is, ascending.
    pub(super) entries: Vec<u64>,
}

impl Course {
    /// Reads a transaction back; `None` if there is none by that name.
    pub(super) fn of(scene: &Scene, id: &TransactionId) -> Result<Option<Self>, NoPage> {
        let catalogue = &scene.ledger.catalogue;
        let entries = catalogue.bearing_on(&scene.snapshot, id)?;
        if entries.is_empty() {
            return Ok(None);
        }
        let mut seen = Vec::with_capacity(entries.len());
        let mut before: Option<Transaction> = None;
        let state = replay(&scene.snapshot, &entries, &mut |entry, state| {
            seen.push(Seen::of(entry, state, before.as_ref()));
            before = state.transaction(id).cloned();
        })?;
        let mut course = Self {
            seen,
            state,
            id: Some(id.clone()),
            corrections: BTreeMap::new(),
            set_aside: BTreeMap::new(),
            entries,
        };
        course.note_changes();
        Ok(Some(course))
    }

    /// The transaction as it stands.
    pub(super) fn transaction(&self) -> Option<&Transaction> {
        self.state.transaction(self.id.as_ref()?)
    }

    /// An entry of the ledger's own stream.
    pub(super) fn of_ledger(scene: &Scene, index: u64) -> Result<Self, NoPage> {
        let ledger = &*scene.snapshot.state;
        let mut scratch = Reread::under(ledger);
        let read = read(&scene.snapshot, &[index])?;
        let entries = read
            .into_iter()
            .map(|(index, logged)| scratch.feed(index, logged));
        let state = Reread::under(ledger).into_state(index + 1);
        Ok(Self {
            seen: entries
                .map(|entry| Seen::of(&entry, &state, None))
                .collect(),
            state: State::new(),
            id: None,
            corrections: BTreeMap::new(),
            set_aside: BTreeMap::new(),
            entries: vec![index],
        })
    }

    /// An entry as it stands in the log.
    pub(super) fn entry(&self, index: u64) -> Option<&Entry> {
        let seen = self.seen.iter().find(|seen| seen.entry.index() == index)?;
        Some(&seen.entry)
    }

    fn note_changes(&mut self) {
        for seen in &self.seen {
            if let Event::Corrected(corrected) = &seen.entry.statement().event {
                let of = self.corrections.entry(corrected.entry).or_default();
                of.push((seen.entry.index(), corrected.clone()));
            }
        }
        let Some(transaction) = self.transaction() else {
            return;
        };
        let mut set_aside = BTreeMap::new();
        for gone in &transaction.superseded {
            set_aside.insert(gone.passed.recorded.index, gone.by);
        }
        for gone in &transaction.contracts_set_aside {
            set_aside.extend(gone.contract.entries().map(|entry| (entry, gone.by)));
        }
        self.set_aside = set_aside;
    }

    /// The entries of the transaction's own stream that are of interest here, as pages show them.
    pub(super) fn happenings(
        &self,
        scene: &Scene,
        wanted: impl Fn(u64, &Event) -> bool,
    ) -> Vec<Happening> {
        let own = self.id.clone().map(StreamId::Transaction);
        own.map_or_else(Vec::new, |own| self.of_stream(scene, &own, wanted))
    }

    /// The entries of a stream that are of interest here.
    pub(super) fn of_stream(
        &self,
        scene: &Scene,
        stream: &StreamId,
        wanted: impl Fn(u64, &Event) -> bool,
    ) -> Vec<Happening> {
        let of = |seen: &&Seen| {
            let Statement {
                event, stream: of, ..
            } = seen.entry.statement();
            of == stream && wanted(seen.entry.index(), event)
        };
        self.seen
            .iter()
            .filter(of)
            .map(|seen| self.happening(scene, seen))
            .collect()
    }

    fn happening(&self, scene: &Scene, seen: &Seen) -> Happening {
        let l = scene.visit.language;
        let ledger = &*scene.snapshot.state;
        let (entry, statement) = (&seen.entry, seen.entry.statement());
        let index = entry.index();
        let corrections = self
            .corrections
            .get(&index)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let original = serde_json::to_value(&statement.event).ok();
        let begun = self
            .transaction()
            .map_or(index, |transaction| transaction.begun_at);
        let base = scene.base();
        let facts = Facts {
            l,
            entry: index,
            ledger,
            charter: ledger.charter_of(begun, index),
            base: &base,
            corrections,
            original: original.as_ref(),
        };
        let lines = match &statement.event {
            Event::Corrected(corrected) => facts.correction(corrected, self.event(corrected.entry)),
            event => facts.event(self.as_it_stands(index).unwrap_or(event)),
        };
        Happening {
            index,
            title: title(l, &statement.event),
            at: Part::fact(index, "/at", "datetime", moment(statement.at.instant())),
            received: Part::fact(index, "/received", "datetime", moment(entry.received_at())),
            recorded_late: seen.recorded_late,
            signers: signers(&facts, ledger, seen),
            lines,
            corrected_by: corrections.iter().map(|(by, _)| *by).collect(),
            set_aside_by: self.set_aside.get(&index).copied(),
            due: seen
                .deadline
                .map(|(at, late)| (moment(at.minus_seconds(1)), late)),
        }
    }

    /// What a disclosure shows of an entry: as it was corrected by the entries that it names.
    pub(super) fn disclosed(
        &self,
        scene: &Scene,
        index: u64,
        record: &Event,
        corrected_by: &[u64],
    ) -> Vec<Line> {
        let ledger = &*scene.snapshot.state;
        let all = self
            .corrections
            .get(&index)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let corrections: Vec<(u64, Corrected)> = all
            .iter()
            .filter(|(by, _)| corrected_by.contains(by))
            .cloned()
            .collect();
        let original = self
            .event(index)
            .and_then(|event| serde_json::to_value(event).ok());
        let begun = self
            .transaction()
            .map_or(index, |transaction| transaction.begun_at);
        let base = scene.base();
        let facts = Facts {
            l: scene.visit.language,
            entry: index,
            ledger,
            charter: ledger.charter_of(begun, index),
            base: &base,
            corrections: &corrections,
            original: original.as_ref(),
        };
        match record {
            Event::Corrected(corrected) => facts.correction(corrected, self.event(corrected.entry)),
            event => facts.event(event),
        }
    }

    /// What an entry recorded, as it was then.
    fn event(&self, index: u64) -> Option<&Event> {
        Some(&self.entry(index)?.statement().event)
    }

    /// What an entry recorded, as corrected since, if it was.
    fn as_it_stands(&self, index: u64) -> Option<&Event> {
        let transaction = self
            .transaction()
            .filter(|_| self.corrections.contains_key(&index))?;
        let gone = transaction.superseded.iter().map(|gone| &gone.passed);
        let mut steps = transaction.passed.iter().chain(gone);
        let step = steps.find(|passed| passed.recorded.index == index && !passed.is_waived());
        step.map(|passed| &passed.event)
            .or_else(|| transaction.contract.as_ref()?.event(index))
    }

    /// The step that an entry belongs to: it did it, posted it, corrected it or set it aside.
    pub(super) fn step_of(&self, index: u64, event: &Event) -> Option<Step> {
        if let Some(view) = event.step() {
            return Some(view.step);
        }
        match event {
            Event::ChannelPosted(_) => {
                let postings = &self.transaction()?.postings;
                let posting = postings
                    .iter()
                    .find(|posting| posting.recorded.index == index)?;
                Some(posting.point.step())
            }
            Event::Corrected(corrected) => {
                self.event(corrected.entry)?.step().map(|view| view.step)
            }
            Event::Returned(returned) => Some(returned.to),
            _ => None,
        }
    }

    /// When each step that stands could be done and was.
    pub(super) fn timings(&self) -> Vec<Timing> {
        let Some(transaction) = self.transaction() else {
            return Vec::new();
        };
        let timing = |seen: &Seen| {
            let step = seen.entry.statement().event.step()?.step;
            let passed = transaction.record(step)?;
            let stands = passed.recorded.index == seen.entry.index();
            stands.then(|| Timing {
                step,
                from: seen.possible_from.unwrap_or(seen.entry.received_at()),
                deadline: seen.deadline.map(|(at, _)| at),
                done: Some(seen.entry.received_at()),
            })
        };
        self.seen.iter().filter_map(timing).collect()
    }
}

impl Seen {
    fn of(entry: &Entry, state: &State, before: Option<&Transaction>) -> Self {
        let step = entry.statement().event.step().map(|view| view.step);
        let task = before.zip(state.ledger()).map(|(before, ledger)| {
            agenda::task(ledger, entry.index(), before, entry.received_at())
        });
        let task = task.filter(|task| Some(task.step) == step);
        let possible_from = task.as_ref().and_then(|task| match task.what {
            What::Record { possible_from, .. } => Some(possible_from),
            _ => None,
        });
        Self {
            entry: entry.clone(),
            signers: timeline::roles(entry, state),
            recorded_late: timeline::late(entry, state),
            deadline: task.and_then(|task| Some((task.deadline?.at, task.overdue))),
            possible_from,
        }
    }
}

fn signers(facts: &Facts<'_>, ledger: &LedgerState, seen: &Seen) -> Vec<Signer> {
    let l = facts.l;
    let entry = &seen.entry;
    let one = |(place, (id, roles)): (usize, &(MemberId, Vec<Role>))| {
        let at = format!("/signers/{place}");
        let roles: Vec<&str> = roles
            .iter()
            .map(|role| l.pick(role.zh(), role.en()))
            .collect();
        let doubt = ledger
            .roster
            .is_in_doubt(id, entry.index(), entry.received_at());
        Signer {
            name: Part::fact(entry.index(), at, "member", facts.name(id)),
            roles: roles.join(l.pick("、", ", ")),
            in_doubt: doubt,
        }
    };
    seen.signers.iter().enumerate().map(one).collect()
}

/// What kind of event it is, with the number of its step.
pub(super) fn title(l: Language, event: &Event) -> String {
    l.pick(event.zh(), event.en()).to_owned()
}
