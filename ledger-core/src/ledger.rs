//! A ledger: the shell that runs the line from bytes to a published entry, and owns the store. (账本)
//!
//! Parse, authenticate, admit, append durably, integrate into the tree, sign, publish: in this order,
//! for one event or many. Reads no clock: the caller passes the time. Deliberately blocking; a server
//! puts a thread around it.

use std::collections::HashMap;

use crate::admit::{self, Entry};
use crate::authenticate::{Early, authenticate};
use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::concern::Concern;
use crate::cosignature;
use crate::event::{Event, LoggedEntry, ParseError, SignedEvent, Statement};
use crate::evolve::{answer_in, bear_on, evolve, evolve_concern, evolve_transaction};
use crate::hash::Hash;
use crate::key::{SigningKey, VerifierKey};
use crate::name::{ConcernId, StreamId, TransactionId};
use crate::note::SignatureLine;
use crate::proof::{LogProofError, Proof};
use crate::refusal::Refusal;
use crate::state::{LedgerState, State, touches};
use crate::store::{
    Batch, DocumentChanges, MAX_CHECKPOINT_BYTES, Relation, Store, StoreError, Touch,
};
use crate::time::LogTime;
use crate::transaction::Transaction;
use crate::tree::{self, Frontier, Prover, TreeError};

mod ahead;
mod documents;
mod read;
mod rebuild;

use ahead::Ahead;

pub use ahead::Submission;
pub use rebuild::{Rebuild, RebuildError};

/// How many transactions, and how many concerns, the working set keeps before it is emptied and filled
/// anew on demand.
const WORKING_SET: usize = 4096;

/// How many entries are read at a time while an index is made again.
const CHUNK: usize = 1024;

/// A ledger cannot be opened, read or written. (账本故障)
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stored tree failed.
    #[error(transparent)]
    Tree(#[from] TreeError<StoreError>),
    /// The checkpoint could not be read or signed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The proof could not be made.
    #[error(transparent)]
    Proof(#[from] LogProofError),
    /// An entry in the store is not one that this program admits.
    #[error(
        "第 {index} 条不成立：{fault}；请停止使用这个数据文件夹，用 sanzi audit 检查 (entry {index} does not hold: {fault})"
    )]
    Entry {
        /// Its place.
        index: u64,
        /// What is wrong with it.
        fault: String,
    },
    /// The store is empty: entry 0 comes first.
    #[error("数据文件夹里还没有账本；请先建账：sanzi init (no ledger here yet: open one first)")]
    Empty,
    /// The store holds a ledger already.
    #[error("这里已有账本，不能再建 (there is a ledger here already)")]
    NotEmpty,
    /// The log key's name is not the ledger's origin.
    #[error(
        "日志钥匙应名为 {expected}，实为 {found} (the log key must be named {expected}, found {found})"
    )]
    WrongKey {
        /// The ledger's origin.
        expected: String,
        /// The name of the key.
        found: String,
    },
    /// The published root is not that of the stored entries.
    #[error(
        "已公布的树根与存储的条目不符，存储损坏或被改；请用 sanzi audit 检查 (the published root is not that of the stored entries)"
    )]
    RootMismatch,
    /// An earlier write failed; the ledger must be opened again.
    #[error("先前写入失败，请重新打开账本 (an earlier write failed; open the ledger again)")]
    Failed,
    /// The ledger was opened so that nothing is signed.
    #[error("账本已停止签署，什么也没有登记 (this ledger does not sign; nothing was recorded)")]
    Unsigning,
    /// No such entry.
    #[error("没有第 {index} 条，共 {size} 条 (no entry {index}; there are {size})")]
    NoEntry {
        /// What was asked for.
        index: u64,
        /// How many there are.
        size: u64,
    },
}

/// An event was not appended. (未登记)
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// Not a well-formed, canonical signed event.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// A rule refuses it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The ledger failed; nothing was admitted.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Proof that an event stands in the log. (回执)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Whether this submission added the entry, rather than finding it there. (新登记)
    pub added: bool,
    /// The entry's place.
    pub index: u64,
    /// The entry's leaf hash.
    pub leaf: Hash,
    /// The proof under the newest checkpoint.
    pub proof: Proof,
}

/// A ledger on a store. (账本)
#[derive(Debug)]
pub struct Ledger<S> {
    checkpoint: SignedCheckpoint,
    failed: bool,
    frontier: Frontier,
    log_key: SigningKey,
    /// Whether it may sign; otherwise it can only be read.
    signs: bool,
    state: State,
    store: S,
}

impl<S: Store> Ledger<S> {
    /// Opens a new ledger with its founding event. (建账)
    ///
    /// # Errors
    /// [`LedgerError::NotEmpty`], [`LedgerError::WrongKey`]; or as [`Ledger::append`].
    pub fn create(
        store: S,
        log_key: SigningKey,
        founding: &[u8],
        now: LogTime,
    ) -> Result<(Self, Receipt), AppendError> {
        if store.size() > 0 {
            return Err(LedgerError::NotEmpty.into());
        }
        let signed = SignedEvent::parse(founding)?;
        if let Event::LedgerOpened(opened) = &signed.statement().event {
            check_key(opened.origin.as_str(), &log_key)?;
        }
        let checkpoint = sign(&log_key, 0, Hash::empty_root()).map_err(LedgerError::from)?;
        let mut ledger = Self {
            checkpoint,
            failed: false,
            frontier: Frontier::new(),
            log_key,
            signs: true,
            state: State::new(),
            store,
        };
        let receipt = ledger.append(founding, now)?;
        Ok((ledger, receipt))
    }

    /// Opens a ledger that exists. After a clean stop nothing is replayed but the ledger's own stream;
    /// otherwise the index is made again, and entries that were written but not yet published are
    /// admitted once more, or dropped. `progress` is told entries done and entries in all.
    ///
    /// # Errors
    /// [`LedgerError::Empty`], [`LedgerError::WrongKey`], [`LedgerError::RootMismatch`], or whatever
    /// the store finds.
    pub fn open(
        store: S,
        log_key: SigningKey,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, LedgerError> {
        let mut ledger = Self::open_published(store, log_key, progress)?;
        ledger.admit_tail(ledger.size())?;
        ledger.check_opened()?;
        ledger.settle_documents(&[])?;
        Ok(ledger)
    }

    /// Opens a ledger that must not sign, up to what is published, for reading. What was written but not
    /// published is left as it is, for an opening that may sign; every append is refused with
    /// [`LedgerError::Unsigning`]. (停签打开)
    ///
    /// # Errors
    /// As [`Ledger::open`]; [`LedgerError::Empty`] also if nothing was ever published.
    pub fn open_unsigning(
        store: S,
        log_key: SigningKey,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, LedgerError> {
        let mut ledger = Self::open_published(store, log_key, progress)?;
        ledger.signs = false;
        ledger.check_opened()?;
        ledger.settle_documents(&[])?;
        Ok(ledger)
    }

    /// The ledger as it was published.
    fn open_published(
        mut store: S,
        log_key: SigningKey,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, LedgerError> {
        let published = store.published_size();
        if store.size() == 0 {
            return Err(LedgerError::Empty);
        }
        let checkpoint = match store.checkpoint()? {
            Some(bytes) => SignedCheckpoint::open(&bytes, log_key.verifier())?,
            None => sign(&log_key, 0, Hash::empty_root())?,
        };
        if tree::root(&store, published)? != *checkpoint.checkpoint().root() {
            return Err(LedgerError::RootMismatch);
        }
        catch_up(&mut store, published, progress)?;
        let frontier = Frontier::load(&store, published)?;
        let mut ledger = Self {
            checkpoint,
            failed: false,
            frontier,
            log_key,
            signs: true,
            state: State::new(),
            store,
        };
        ledger.load_ledger_state(published)?;
        Ok(ledger)
    }

    /// Whether there is a ledger, and whether it is this key's.
    fn check_opened(&self) -> Result<(), LedgerError> {
        match self.state.ledger() {
            Some(state) => check_key(state.log_origin.as_str(), &self.log_key),
            None => Err(LedgerError::Empty),
        }
    }

    /// Whether it may be written.
    fn writable(&self) -> Result<(), LedgerError> {
        match (self.signs, self.failed) {
            (false, _) => Err(LedgerError::Unsigning),
            (true, true) => Err(LedgerError::Failed),
            (true, false) => Ok(()),
        }
    }

    /// Appends one event: verified, admitted, durable and in a published checkpoint when it returns.
    /// The same statement again changes nothing and gives the receipt of the entry that stands.
    ///
    /// # Errors
    /// [`AppendError`]; nothing was changed, unless the store failed in writing.
    pub fn append(&mut self, note: &[u8], now: LogTime) -> Result<Receipt, AppendError> {
        let mut answers = self.append_many(&[note], now)?;
        answers.pop().unwrap_or(Err(LedgerError::Failed.into()))
    }

    /// Appends many events with one durable commit and one checkpoint. Each has its own answer, in the
    /// order given; an event may follow another of the same call.
    ///
    /// # Errors
    /// [`LedgerError`] if the store failed: then none of them was acknowledged.
    pub fn append_many(
        &mut self,
        notes: &[impl AsRef<[u8]>],
        now: LogTime,
    ) -> Result<Vec<Result<Receipt, AppendError>>, LedgerError> {
        let notes = notes.iter().map(|note| Submission::new(note.as_ref()));
        self.append_submissions(notes.collect(), now)
    }

    /// As [`Ledger::append_many`], for submissions that may have been looked at before.
    ///
    /// # Errors
    /// [`LedgerError`] if the store failed: then none of them was acknowledged.
    pub fn append_submissions(
        &mut self,
        submissions: Vec<Submission<'_>>,
        now: LogTime,
    ) -> Result<Vec<Result<Receipt, AppendError>>, LedgerError> {
        self.writable()?;
        if self.state.transactions.len() > WORKING_SET {
            self.state.transactions.clear();
        }
        if self.state.concerns.len() > WORKING_SET {
            self.state.concerns.clear();
        }
        let first = self.store.size();
        let mut fresh: Vec<Entry> = Vec::new();
        let mut by_text: HashMap<String, u64> = HashMap::new();
        let mut answers: Vec<Result<(u64, bool), AppendError>> =
            Vec::with_capacity(submissions.len());
        Ahead::of(&self.state, submissions).in_order(|submission| {
            let early = submission.look(self.state.ledger(), self.state.size());
            answers.push(match early {
                Ok(early) => self.place(early, now, &mut by_text, &mut fresh),
                Err(error) => Err(error.into()),
            });
        });
        if !fresh.is_empty() {
            // Until the commit stands, the state is ahead of the log: a failure leaves it unusable.
            self.failed = true;
            self.commit(first, &fresh)?;
            self.failed = false;
        }
        let mut prover = Prover::new(&self.store, self.size())?;
        let receipt = |answer: Result<(u64, bool), AppendError>| {
            let (index, added) = answer?;
            Ok(Receipt {
                added,
                ..self.receipt_by(&mut prover, index)?
            })
        };
        Ok(answers.into_iter().map(receipt).collect())
    }

    /// Puts witnesses' lines below the newest checkpoint, and publishes it anew if any of them is true.
    /// Lines over an older checkpoint, as those that come late, are left out, and so is what no longer
    /// fits. Returns how many hold.
    ///
    /// # Errors
    /// [`LedgerError`] if the store failed.
    pub fn add_cosignatures(
        &mut self,
        lines: impl IntoIterator<Item = (VerifierKey, SignatureLine)>,
    ) -> Result<usize, LedgerError> {
        self.writable()?;
        let mut cosigned = self.checkpoint.clone();
        let mut held = 0;
        for (witness, line) in lines {
            match cosignature::attach(cosigned.clone(), &witness, line) {
                Ok(more) if more.to_bytes().len() <= MAX_CHECKPOINT_BYTES => {
                    cosigned = more;
                    held += 1;
                }
                Ok(_) | Err(_) => {}
            }
        }
        if held > 0 {
            self.failed = true;
            self.store.publish(self.size(), &cosigned.to_bytes())?;
            self.failed = false;
            self.checkpoint = cosigned;
        }
        Ok(held)
    }

    /// Finds or makes the place of one event: its index, and whether it is new.
    fn place(
        &mut self,
        early: Early,
        now: LogTime,
        by_text: &mut HashMap<String, u64>,
        fresh: &mut Vec<Entry>,
    ) -> Result<(u64, bool), AppendError> {
        let signed = early.signed();
        let text = signed.note().text();
        if let Some(index) = by_text.get(text) {
            return Ok((*index, false));
        }
        self.load(&signed.statement().stream, u64::MAX)?;
        if let Some(index) = self.standing(signed.statement(), text)? {
            return Ok((index, false));
        }
        let text = text.to_owned();
        let authentic = early.authentic(&self.state)?;
        if let Event::LossDeclared(_) = authentic.signed().statement().event {
            let found = self.log_key.name().to_owned();
            return Err(Refusal::LogGoesOn { found }.into());
        }
        // An answer may name thousands of concerns: not before it is known that members signed it.
        // The first is its own.
        for stream in touches(authentic.signed().statement()).iter().skip(1) {
            self.load(stream, u64::MAX)?;
        }
        let entry = admit::admit(&self.state, authentic, now)?;
        evolve(&mut self.state, &entry);
        by_text.insert(text, entry.index());
        let index = entry.index();
        fresh.push(entry);
        Ok((index, true))
    }

    /// The entry that already holds this very statement: it can only be the one that follows its own
    /// `prev` in its stream.
    fn standing(&self, statement: &Statement, text: &str) -> Result<Option<u64>, LedgerError> {
        if self.state.head(&statement.stream) == Some(statement.prev) {
            return Ok(None);
        }
        let own = self.stream(&statement.stream)?;
        let opens = match (&statement.stream, self.state.ledger()) {
            (StreamId::Ledger, _) => Hash::ZERO,
            (_, Some(ledger)) => ledger.ledger_id,
            (_, None) => return Ok(None),
        };
        let mut candidate = own.first().copied().filter(|_| statement.prev == opens);
        for pair in own.windows(2) {
            if self.leaf(pair[0])? == statement.prev {
                candidate = Some(pair[1]);
            }
        }
        let Some(index) = candidate else {
            return Ok(None);
        };
        let stands = self.entry(index)?.signed.note().text() == text;
        Ok(stands.then_some(index))
    }

    fn commit(&mut self, first: u64, fresh: &[Entry]) -> Result<(), LedgerError> {
        let mut batch = Batch::default();
        let mut frontier = self.frontier.clone();
        for entry in fresh {
            batch.nodes.extend(frontier.push(entry.leaf()));
            batch.entries.push(entry.bytes().to_vec());
            batch.touches.push(touches_of(entry.statement()));
        }
        self.store.append(first, &batch)?;
        let checkpoint = sign(&self.log_key, frontier.size(), frontier.root())?;
        self.store
            .publish(frontier.size(), &checkpoint.to_bytes())?;
        (self.frontier, self.checkpoint) = (frontier, checkpoint);
        self.settle_documents(fresh)
    }

    /// Lets the store do with documents what the entries say that stand now, the newest of them `fresh`.
    fn settle_documents(&mut self, fresh: &[Entry]) -> Result<(), LedgerError> {
        let Some(ledger) = self.state.ledger() else {
            return Ok(());
        };
        let size = self.frontier.size();
        documents::catch_up(&mut self.store, &ledger.origin, size - fresh.len() as u64)?;
        let mut changes = DocumentChanges::default();
        for entry in fresh {
            let (index, at) = (entry.index(), entry.received_at());
            documents::note(&mut changes, &ledger.origin, index, at, entry.signed());
        }
        Ok(self.store.settle_documents(size, &changes)?)
    }

    /// Brings a stream, as its entries before `below` left it, into the working set, if it is not there.
    fn load(&mut self, stream: &StreamId, below: u64) -> Result<(), LedgerError> {
        match stream {
            StreamId::Ledger => {}
            StreamId::Transaction(id) => {
                if !self.state.transactions.contains_key(id)
                    && let Some(transaction) = self.replay(id, below)?
                {
                    self.state.transactions.insert(id.clone(), transaction);
                }
            }
            StreamId::Concern(id) => {
                if !self.state.concerns.contains_key(id)
                    && let Some(concern) = self.replay_concern(id, below)?
                {
                    self.state.concerns.insert(id.clone(), concern);
                }
            }
        }
        Ok(())
    }

    fn replay(&self, id: &TransactionId, below: u64) -> Result<Option<Transaction>, LedgerError> {
        let stream = StreamId::Transaction(id.clone());
        let mut transaction = None;
        self.each(&stream, below, &mut |ledger, entry| {
            if entry.statement().stream == stream {
                transaction = Some(evolve_transaction(ledger, id, transaction.take(), entry));
            } else if let Some(transaction) = &mut transaction {
                bear_on(ledger, transaction, entry);
            }
        })?;
        Ok(transaction)
    }

    fn replay_concern(&self, id: &ConcernId, below: u64) -> Result<Option<Concern>, LedgerError> {
        let stream = StreamId::Concern(id.clone());
        let mut concern = None;
        self.each(&stream, below, &mut |ledger, entry| {
            let answer = answer_in(entry);
            concern = evolve_concern(ledger, id, concern.take(), entry, answer.as_ref());
        })?;
        Ok(concern)
    }

    /// Shows `visit` the entries below `below` that bear on a stream, its own and others', in the order
    /// of the log.
    fn each(
        &self,
        stream: &StreamId,
        below: u64,
        visit: &mut dyn FnMut(&LedgerState, &Entry),
    ) -> Result<(), LedgerError> {
        let (Some(ledger), Some(record)) = (self.state.ledger(), self.store.stream(stream)?) else {
            return Ok(());
        };
        let mut indices = record.own;
        indices.extend(record.also);
        indices.sort_unstable();
        for index in indices.into_iter().filter(|index| *index < below) {
            visit(
                ledger,
                &Entry::reread(Some(ledger), index, self.entry(index)?),
            );
        }
        Ok(())
    }

    /// Replays the ledger's own stream up to `size`.
    fn load_ledger_state(&mut self, size: u64) -> Result<(), LedgerError> {
        for index in self
            .stream(&StreamId::Ledger)?
            .into_iter()
            .filter(|index| *index < size)
        {
            let entry = Entry::reread(self.state.ledger(), index, self.entry(index)?);
            evolve(&mut self.state, &entry);
        }
        if let Some(last) = size.checked_sub(1) {
            self.state.last_received_at = Some(self.entry(last)?.received_at);
        }
        self.state.size = size;
        Ok(())
    }

    /// Admits once more what a crash left written but unpublished; drops it from the first entry on
    /// that does not hold, for nobody was told that it stands.
    fn admit_tail(&mut self, published: u64) -> Result<(), LedgerError> {
        let size = self.store.size();
        let mut fresh = Vec::new();
        for index in published..size {
            let bytes = self.store.entry(index)?;
            match self.readmit(&bytes)? {
                Some(entry) => fresh.push(entry),
                None => break,
            }
        }
        let kept = published + fresh.len() as u64;
        if kept < size {
            self.store.truncate_unpublished(kept)?;
        }
        catch_up(&mut self.store, published, &mut |_, _| {})?;
        if fresh.is_empty() {
            return Ok(());
        }
        let from = self.store.indexed_size().min(kept);
        let late = fresh
            .iter()
            .skip(usize::try_from(from - published).unwrap_or(usize::MAX));
        let touches: Vec<_> = late.map(|entry| touches_of(entry.statement())).collect();
        self.store.index(from, &touches)?;
        for entry in &fresh {
            self.frontier.push(entry.leaf());
        }
        let checkpoint = sign(&self.log_key, kept, self.frontier.root())?;
        self.store.publish(kept, &checkpoint.to_bytes())?;
        self.checkpoint = checkpoint;
        Ok(())
    }

    /// Admits an unpublished entry once more; `None` if it does not hold.
    fn readmit(&mut self, bytes: &[u8]) -> Result<Option<Entry>, LedgerError> {
        let Ok(logged) = LoggedEntry::parse(bytes) else {
            return Ok(None);
        };
        for stream in touches(logged.signed.statement()) {
            // What is not published is not in the state yet: the tail is admitted one by one.
            self.load(&stream, self.frontier.size())?;
        }
        let admitted = authenticate(&self.state, logged.signed)
            .and_then(|authentic| admit::admit(&self.state, authentic, logged.received_at));
        let Some(entry) = admitted.ok().filter(|entry| entry.bytes() == bytes) else {
            return Ok(None);
        };
        evolve(&mut self.state, &entry);
        Ok(Some(entry))
    }
}

fn touches_of(statement: &Statement) -> Vec<Touch> {
    let own = &statement.stream;
    let relation = |stream: &StreamId| {
        if stream == own {
            Relation::Own
        } else {
            Relation::Also
        }
    };
    let touch = |stream: StreamId| Touch {
        relation: relation(&stream),
        stream,
    };
    touches(statement).into_iter().map(touch).collect()
}

/// Brings a store's index forward to `size` from the entries themselves.
fn catch_up<S: Store>(
    store: &mut S,
    size: u64,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), LedgerError> {
    while store.indexed_size() < size {
        let from = store.indexed_size();
        let count = usize::try_from(size - from).unwrap_or(CHUNK).min(CHUNK);
        let mut touches = Vec::with_capacity(count);
        for (index, bytes) in (from..).zip(store.entries(from, count)?) {
            let entry = LoggedEntry::parse(&bytes);
            let entry = entry.map_err(|fault| LedgerError::Entry {
                index,
                fault: fault.to_string(),
            })?;
            touches.push(touches_of(entry.signed.statement()));
        }
        store.index(from, &touches)?;
        progress(store.indexed_size(), size);
    }
    Ok(())
}

fn sign(log_key: &SigningKey, size: u64, root: Hash) -> Result<SignedCheckpoint, CheckpointError> {
    Checkpoint::new(log_key.name(), size, root)?.sign(log_key)
}

fn check_key(origin: &str, log_key: &SigningKey) -> Result<(), LedgerError> {
    if log_key.name() == origin {
        return Ok(());
    }
    Err(LedgerError::WrongKey {
        expected: origin.to_owned(),
        found: log_key.name().to_owned(),
    })
}
