//! What pages list: each transaction and concern in a few words, kept up with the log. (目录)
//!
//! A page that lists must not replay: this does it once, in the background at first, and after that only
//! for what is new. What it keeps of a transaction is short; whole ones are held only while they are open,
//! and read back by their entries otherwise. Derived from the log alone, and thrown away with the process.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ledger_core::event::{Event, LoggedEntry};
use ledger_core::hash::Hash;
use ledger_core::ledger::LedgerError;
use ledger_core::name::{ConcernId, StreamId};
use ledger_core::reread::Reread;
use ledger_core::state::{State, touches};
use ledger_core::totals::{By, Totals, merged};
use ledger_core::{LogTime, MemberId, Step, TransactionId};

use crate::agenda::{self, Task};
use crate::overview::{Lists, Overview, Period, Record};
use crate::served::Snapshot;

mod summary;

pub(crate) use summary::{BEGINNING, Standing, Summary, Voiced};

/// How many entries one turn takes; between turns others may look.
const TURN: u64 = 256;

/// How many new entries a request waits for; more are read in the background, and it is told so.
const AT_ONCE: u64 = 8192;

/// How many transactions are held whole before closed ones are let go.
const HELD: usize = 1024;

/// How old a view may be where making one takes long.
const OLD: Duration = Duration::from_secs(2);

/// From how many transactions on making a view takes long.
const MANY: usize = 1000;

/// A ledger in a few words, as its pages list it.
#[derive(Default)]
pub(crate) struct Catalogue {
    /// Whether a thread reads the log.
    reading: Mutex<bool>,
    register: Mutex<Register>,
    view: Mutex<Option<Arc<View>>>,
}

/// A publication, as a feed tells of it.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    pub(crate) index: u64,
    pub(crate) received_at: LogTime,
    pub(crate) step: Step,
    pub(crate) transaction: TransactionId,
}

/// How many publications are kept for feeds.
const FED: usize = 30;

/// Why there is no view.
#[derive(Debug)]
pub(crate) enum NoView {
    /// The log is still being read.
    Behind { done: u64, all: u64 },
    /// It cannot be read.
    Failed(LedgerError),
}

impl From<LedgerError> for NoView {
    fn from(error: LedgerError) -> Self {
        Self::Failed(error)
    }
}

/// What there is to list, at a size of the log and a moment.
pub(crate) struct View {
    made: Instant,
    pub(crate) now: LogTime,
    size: u64,
    /// Those with the newest entries first.
    pub(crate) transactions: Vec<Arc<Summary>>,
    /// Where each of them is.
    places: HashMap<TransactionId, usize>,
    /// Overdue first, then by deadline; those that wait for nothing last, newest first.
    pub(crate) concerns: Vec<Arc<Voiced>>,
    /// What waits for somebody, overdue first.
    pub(crate) tasks: Vec<Task>,
    pub(crate) by_month: Option<Totals>,
    pub(crate) by_category: Option<Totals>,
    /// Who was enrolled with the founding, in the order of that entry, and when it was received.
    pub(crate) founding: (Arc<[MemberId]>, LogTime),
    /// The entries of the ledger's own stream.
    pub(crate) ledger: Vec<u64>,
    /// The newest publications, the newest first.
    pub(crate) publications: Vec<Published>,
    /// By publication step and month: how many publications came in time, and how many late.
    pub(crate) punctual: BTreeMap<(Step, String), (u32, u32)>,
}

impl View {
    /// What is known of a transaction.
    pub(crate) fn transaction(&self, id: &TransactionId) -> Option<&Arc<Summary>> {
        self.transactions.get(*self.places.get(id)?)
    }
}

impl Catalogue {
    /// What there is to list now.
    pub(crate) fn view(
        self: &Arc<Self>,
        snapshot: &Arc<Snapshot>,
        now: LogTime,
    ) -> Result<Arc<View>, NoView> {
        if let Some(view) = &*locked(&self.view)
            && view.serves(snapshot.size(), now)
        {
            return Ok(Arc::clone(view));
        }
        self.follow(snapshot)?;
        let register = locked(&self.register);
        let view = Arc::new(register.view(snapshot, now));
        drop(register);
        *locked(&self.view) = Some(Arc::clone(&view));
        Ok(view)
    }

    /// Every entry that bears on a transaction, and on the concerns about it, in the order of the log.
    pub(crate) fn bearing_on(
        self: &Arc<Self>,
        snapshot: &Arc<Snapshot>,
        id: &TransactionId,
    ) -> Result<Vec<u64>, NoView> {
        self.follow(snapshot)?;
        let register = locked(&self.register);
        Ok(register.bearing_on(id))
    }

    /// These streams as they stand in a snapshot, with the concerns about the transactions among them, and
    /// the transactions that the concerns among them are about.
    pub(crate) fn standing(
        self: &Arc<Self>,
        snapshot: &Arc<Snapshot>,
        streams: &[StreamId],
    ) -> Result<State, NoView> {
        self.follow(snapshot)?;
        let register = locked(&self.register);
        let mut entries: BTreeSet<u64> = BTreeSet::new();
        for stream in streams {
            let transaction = match stream {
                StreamId::Ledger => continue,
                StreamId::Transaction(id) => Some(id),
                StreamId::Concern(id) => register.concerns.get(id).map(|of| &of.transaction),
            };
            entries.extend(
                transaction
                    .map(|id| register.bearing_on(id))
                    .into_iter()
                    .flatten(),
            );
            entries.extend(register.streams.get(stream).into_iter().flatten());
        }
        drop(register);
        // The register may have read on beyond this snapshot.
        let entries: Vec<u64> = entries.range(..snapshot.size()).copied().collect();
        Ok(replay(snapshot, &entries, &mut |_, _| {})?)
    }

    /// The entries that bear on a stream in a snapshot, its own and others', in the order of the log.
    pub(crate) fn entries(
        self: &Arc<Self>,
        snapshot: &Arc<Snapshot>,
        stream: &StreamId,
    ) -> Result<Vec<u64>, NoView> {
        self.follow(snapshot)?;
        let mut entries = locked(&self.register).streams.get(stream).cloned();
        entries
            .iter_mut()
            .for_each(|all| all.retain(|index| *index < snapshot.size()));
        Ok(entries.unwrap_or_default())
    }

    /// The entry that began a stream; `None` if nothing stands in it.
    pub(crate) fn begun(
        self: &Arc<Self>,
        snapshot: &Arc<Snapshot>,
        stream: &StreamId,
    ) -> Result<Option<u64>, NoView> {
        self.follow(snapshot)?;
        let own = locked(&self.register).own.get(stream).copied();
        Ok(own
            .map(|(first, _)| first)
            .filter(|first| *first < snapshot.size()))
    }

    /// The head of a stream in a snapshot: what the next event's `prev` must be. May wait for a disk.
    pub(crate) fn head(
        self: &Arc<Self>,
        snapshot: &Arc<Snapshot>,
        stream: &StreamId,
    ) -> Result<Hash, NoView> {
        if *stream == StreamId::Ledger {
            return Ok(snapshot.state.head);
        }
        self.follow(snapshot)?;
        let own = locked(&self.register).own.get(stream).copied();
        let leaf = match own {
            None => None,
            Some((_, last)) if last < snapshot.size() => {
                let leaves = snapshot.reader.read_hashes(0, last, 1);
                leaves.map_err(LedgerError::from)?.first().copied()
            }
            // The register has read on beyond this snapshot.
            Some(_) => self
                .standing(snapshot, std::slice::from_ref(stream))?
                .head(stream),
        };
        Ok(leaf.unwrap_or(snapshot.state.ledger_id))
    }

    /// What supervisors ask of a period.
    pub(crate) fn overview(
        self: &Arc<Self>,
        snapshot: &Arc<Snapshot>,
        period: Period,
        now: LogTime,
    ) -> Result<Overview, NoView> {
        self.follow(snapshot)?;
        let mut register = locked(&self.register);
        let register = &mut *register;
        let (state, whole) = (register.read.state(), !register.lets_go);
        Ok(register.record.overview(period, state, whole, now))
    }

    /// What was late in a period, as far as the log has been read.
    pub(crate) fn late_in(&self, period: Period) -> Lists {
        locked(&self.register).record.lists(period)
    }

    /// Whether anything stands in a stream, as far as the log has been read.
    pub(crate) fn knows(&self, stream: &StreamId) -> bool {
        locked(&self.register).streams.contains_key(stream)
    }

    /// Reads on in the background, if somebody does not already.
    pub(crate) fn read_on(self: &Arc<Self>, snapshot: &Arc<Snapshot>) {
        let mut reading = locked(&self.reading);
        if *reading {
            return;
        }
        let (catalogue, snapshot) = (Arc::clone(self), Arc::clone(snapshot));
        let thread = std::thread::Builder::new().name("catalogue".to_owned());
        let spawned = thread.spawn(move || {
            while let Ok(true) = locked(&catalogue.register).turn(&snapshot) {
                // Who waits for the register gets it.
                std::thread::yield_now();
            }
            *locked(&catalogue.reading) = false;
        });
        *reading = spawned.is_ok();
    }

    fn follow(self: &Arc<Self>, snapshot: &Arc<Snapshot>) -> Result<(), NoView> {
        let done = locked(&self.register).size;
        if snapshot.size() > done + AT_ONCE {
            self.read_on(snapshot);
            let all = snapshot.size();
            return Err(NoView::Behind { done, all });
        }
        while locked(&self.register).turn(snapshot)? {}
        Ok(())
    }
}

impl View {
    fn serves(&self, size: u64, now: LogTime) -> bool {
        let same_minute = self.now.unix().div_euclid(60) == now.unix().div_euclid(60);
        let small = self.transactions.len() < MANY;
        same_minute && (self.size == size || !small && self.made.elapsed() < OLD)
    }
}

/// A reader that broke off has left what it had read so far, which is true.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is known of the log up to `size`.
#[derive(Default)]
struct Register {
    concerns: BTreeMap<ConcernId, Arc<Voiced>>,
    founding: Option<(Arc<[MemberId]>, LogTime)>,
    /// The first and the last entry of each stream's own.
    own: HashMap<StreamId, (u64, u64)>,
    publications: VecDeque<Published>,
    /// The ledger's own state, open transactions, and some others.
    read: Reread,
    /// What supervisors ask for.
    record: Record,
    /// Whether transactions have been let go.
    lets_go: bool,
    size: u64,
    streams: HashMap<StreamId, Vec<u64>>,
    transactions: BTreeMap<TransactionId, Arc<Summary>>,
}

impl Register {
    /// Takes the next entries; says whether there are more.
    fn turn(&mut self, snapshot: &Snapshot) -> Result<bool, LedgerError> {
        let left = snapshot.size().saturating_sub(self.size);
        if left == 0 {
            return Ok(false);
        }
        let count = usize::try_from(left.min(TURN)).unwrap_or(usize::MAX);
        let mut changed = BTreeSet::new();
        for bytes in snapshot.reader.entries(self.size, count)? {
            let logged = parsed(self.size, &bytes)?;
            self.take(snapshot, logged, &mut changed)?;
        }
        self.summarise(&changed);
        self.let_go();
        Ok(self.size < snapshot.size())
    }

    fn take(
        &mut self,
        snapshot: &Snapshot,
        logged: LoggedEntry,
        changed: &mut BTreeSet<StreamId>,
    ) -> Result<(), LedgerError> {
        let index = self.size;
        let bears_on = touches(logged.signed.statement());
        for stream in &bears_on {
            self.hold(snapshot, stream)?;
        }
        if let Event::LedgerOpened(opened) = &logged.signed.statement().event {
            let members = opened
                .members
                .iter()
                .map(|enrolment| enrolment.member.clone());
            self.founding = Some((members.collect(), logged.received_at));
        }
        self.note_publication(&logged);
        let statement = logged.signed.statement();
        let own = statement.stream.clone();
        let state = self.read.state();
        let before = (self.record).before(state, !self.lets_go, statement, logged.received_at);
        let entry = self.read.feed(index, logged);
        self.record.take(before, &entry, self.read.state());
        let own = self.own.entry(own).or_insert((index, index));
        own.1 = index;
        for stream in bears_on {
            self.streams.entry(stream.clone()).or_default().push(index);
            changed.insert(stream);
        }
        self.size = index + 1;
        Ok(())
    }

    /// Reads a transaction or a concern back, if it was let go.
    fn hold(&mut self, snapshot: &Snapshot, stream: &StreamId) -> Result<(), LedgerError> {
        let state = self.read.state();
        let held = match stream {
            StreamId::Ledger => true,
            StreamId::Transaction(id) => state.transaction(id).is_some(),
            StreamId::Concern(id) => state.concern(id).is_some(),
        };
        if held {
            return Ok(());
        }
        let entries = match stream {
            StreamId::Transaction(id) => self.bearing_on(id),
            other => self.streams.get(other).cloned().unwrap_or_default(),
        };
        let Some(ledger) = self.read.state().ledger().filter(|_| !entries.is_empty()) else {
            return Ok(());
        };
        // Apart from the others, for an entry may bear on what is held already.
        let mut read_back = Reread::under(ledger);
        for (index, logged) in read(snapshot, &entries)? {
            read_back.feed(index, logged);
        }
        self.read.take_in(read_back);
        Ok(())
    }

    fn bearing_on(&self, id: &TransactionId) -> Vec<u64> {
        let own = StreamId::Transaction(id.clone());
        let mut entries = self.streams.get(&own).cloned().unwrap_or_default();
        if let Some(summary) = self.transactions.get(id) {
            let concerns = summary.concerns.iter().cloned().map(StreamId::Concern);
            let theirs = concerns.filter_map(|concern| self.streams.get(&concern));
            entries.extend(theirs.flatten());
            entries.sort_unstable();
            entries.dedup();
        }
        entries
    }

    /// Keeps a publication for the feed.
    fn note_publication(&mut self, logged: &LoggedEntry) {
        let statement = logged.signed.statement();
        let step = statement.event.step().map(|view| view.step);
        let state = self.read.state();
        let before = state.transaction_of(&statement.stream);
        let step = step.filter(|step| step.publication_point().is_some());
        let (Some(step), Some(before)) = (step, before) else {
            return;
        };
        self.publications.push_back(Published {
            index: self.size,
            received_at: logged.received_at,
            step,
            transaction: before.id.clone(),
        });
        if self.publications.len() > FED {
            self.publications.pop_front();
        }
    }

    fn summarise(&mut self, changed: &BTreeSet<StreamId>) {
        let state = self.read.state();
        let Some(ledger) = state.ledger() else {
            return;
        };
        for stream in changed {
            match stream {
                StreamId::Ledger => {}
                StreamId::Transaction(id) => {
                    let entries = self.streams.get(stream).map(Vec::as_slice);
                    let last = entries.and_then(<[u64]>::last).copied().unwrap_or_default();
                    if let Some(transaction) = state.transaction(id) {
                        let summary = Summary::of(ledger, transaction, last);
                        self.transactions.insert(id.clone(), Arc::new(summary));
                    }
                }
                StreamId::Concern(id) => {
                    if let Some(concern) = state.concern(id) {
                        let voiced = Voiced::of(ledger, state.size(), concern);
                        self.concerns.insert(id.clone(), Arc::new(voiced));
                    }
                }
            }
        }
    }

    /// Lets go of what is closed, the longest untouched first, once much is held.
    fn let_go(&mut self) {
        let state = self.read.state();
        let settled: Vec<ConcernId> = state
            .concerns()
            .filter(|concern| concern.answered().is_some())
            .map(|concern| concern.id.clone())
            .collect();
        let too_many = state.transactions().count().saturating_sub(HELD);
        let mut closed: Vec<(u64, TransactionId)> = Vec::new();
        if too_many > 0 {
            closed = state
                .transactions()
                .filter_map(|transaction| self.transactions.get(&transaction.id))
                .filter(|summary| summary.standing.is_closed())
                .map(|summary| (summary.last_index, summary.id.clone()))
                .collect();
            closed.sort_unstable();
            closed.truncate(too_many + HELD / 4);
        }
        for id in settled {
            self.read.forget(&StreamId::Concern(id));
        }
        self.lets_go |= !closed.is_empty();
        for (_, id) in closed {
            self.read.forget(&StreamId::Transaction(id));
        }
    }

    fn view(&self, snapshot: &Snapshot, now: LogTime) -> View {
        let mut transactions: Vec<Arc<Summary>> = self.transactions.values().cloned().collect();
        transactions.sort_by_key(|summary| std::cmp::Reverse(summary.last_index));
        let mut concerns: Vec<Arc<Voiced>> = self.concerns.values().cloned().collect();
        concerns.sort_by_key(|concern| {
            let newest = u64::MAX - concern.index;
            match concern.answered_in {
                None => (false, concern.deadline.at, newest),
                Some(_) => (true, LogTime::MIN, newest),
            }
        });
        let places = transactions.iter().enumerate();
        let places = places.map(|(place, summary)| (summary.id.clone(), place));
        View {
            made: Instant::now(),
            places: places.collect(),
            now,
            size: snapshot.size(),
            tasks: agenda::tasks(self.read.state(), now),
            by_month: merged(
                By::Month,
                transactions.iter().filter_map(|s| s.by_month.as_ref()),
            ),
            by_category: merged(
                By::Category,
                transactions.iter().filter_map(|s| s.by_category.as_ref()),
            ),
            founding: self
                .founding
                .clone()
                .unwrap_or_else(|| (Arc::default(), LogTime::MIN)),
            ledger: self
                .streams
                .get(&StreamId::Ledger)
                .cloned()
                .unwrap_or_default(),
            publications: self.publications.iter().rev().cloned().collect(),
            punctual: self.record.punctual(),
            transactions,
            concerns,
        }
    }
}

fn parsed(index: u64, bytes: &[u8]) -> Result<LoggedEntry, LedgerError> {
    LoggedEntry::parse(bytes).map_err(|fault| LedgerError::Entry {
        index,
        fault: fault.to_string(),
    })
}

/// Reads these entries of the log, ascending.
pub(crate) fn read(
    snapshot: &Snapshot,
    entries: &[u64],
) -> Result<Vec<(u64, LoggedEntry)>, LedgerError> {
    let mut all = Vec::with_capacity(entries.len());
    let mut rest = entries;
    while let Some(first) = rest.first().copied() {
        // What follows one another is read at once.
        let run = (first..)
            .zip(rest)
            .take_while(|(expected, index)| expected == *index);
        let count = run.count();
        for (index, bytes) in (first..).zip(snapshot.reader.entries(first, count)?) {
            all.push((index, parsed(index, &bytes)?));
        }
        rest = &rest[count..];
    }
    Ok(all)
}

/// A transaction with its concerns as they stand, read back from its entries; `visit` sees each entry
/// with the state before and after it.
pub(crate) fn replay(
    snapshot: &Snapshot,
    entries: &[u64],
    visit: &mut dyn FnMut(&ledger_core::admit::Entry, &State),
) -> Result<State, LedgerError> {
    let mut read_back = Reread::under(&snapshot.state);
    for (index, logged) in read(snapshot, entries)? {
        let entry = read_back.feed(index, logged);
        visit(&entry, read_back.state());
    }
    Ok(read_back.into_state(snapshot.size()))
}
