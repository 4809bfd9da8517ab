//! An outsider's replay of a whole log. (审计)
//!
//! Trusts nothing but what it was given to pin. Every entry is checked against the signed tree, its
//! signatures against the roster as it stood, and the event against the rules, with the very functions
//! that admitted it. The first fault is reported with its place and what it means.

use core::ops::ControlFlow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::admit::{self, Entry};
use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::event::{LoggedEntry, ParseError};
use crate::evolve::evolve;
use crate::hash::Hash;
use crate::key::VerifierKey;
use crate::language::Language;
use crate::name::{Origin, StreamId};
use crate::policy::{Policy, PolicyError};
use crate::refusal::Refusal;
use crate::source::Source;
use crate::state::{State, touches};
use crate::store::{Store, StoreError, StreamRecord};
use crate::tile::{Tile, TileLevel, TileReadError, TileReader};
use crate::time::LogTime;
use crate::transaction::Phase;
use crate::tree::{Frontier, HashReader};

mod ahead;

use ahead::Looked;

/// What a verifier knows of a ledger beforehand, and believes. (信任锚)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// The ledger id: the leaf hash of entry 0.
    pub ledger_id: Hash,
    /// The key that signs checkpoints, in vkey form.
    pub log_key: VerifierKey,
    /// The name of the log.
    pub origin: Origin,
}

/// What is wrong with a log. (问题)
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultKind {
    /// The checkpoint is not one, or the pinned key did not sign it.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint does not satisfy the witness policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Another ledger than the pinned one.
    #[error("账本编号应为 {expected}，实为 {found} (expected ledger id {expected}, found {found})")]
    LedgerId {
        /// The pinned id.
        expected: Hash,
        /// The leaf hash of entry 0.
        found: Hash,
    },
    /// Another log than the pinned one.
    #[error("日志名应为 {expected}，实为 {found} (expected origin {expected}, found {found})")]
    Origin {
        /// The pinned name.
        expected: String,
        /// The name found.
        found: String,
    },
    /// Tiles do not make up the signed tree.
    #[error("{0}")]
    Tree(String),
    /// An entry's bytes are not those that the signed tree holds.
    #[error(
        "条目内容与签署的树不符：应为 {expected}，实为 {found} (not the entry in the signed tree)"
    )]
    Altered {
        /// The leaf hash in the signed tree.
        expected: Hash,
        /// The leaf hash of the bytes.
        found: Hash,
    },
    /// An entry is not one.
    #[error(transparent)]
    Form(#[from] ParseError),
    /// The log's clock went back.
    #[error("收到时间 {found} 早于上一条 {previous} (received earlier than the entry before)")]
    Clock {
        /// When the entry before was received.
        previous: LogTime,
        /// When this one says it was.
        found: LogTime,
    },
    /// An entry breaks a rule.
    #[error(transparent)]
    Rule(#[from] Refusal),
    /// The log is empty.
    #[error("日志是空的，没有第 0 条 (the log is empty: there is no entry 0)")]
    Empty,
    /// A store's index says other than the log.
    #[error("索引与日志不符：{stream} (the index differs from the log at {stream})")]
    Index {
        /// The stream.
        stream: StreamId,
    },
}

impl FaultKind {
    /// What it means for somebody who relies on the log.
    #[must_use]
    pub fn meaning(&self, language: Language) -> &'static str {
        let (zh, en) = match self {
            Self::Checkpoint(_) => (
                "账本的签名对不上：这不是所信任的那个账本签出的，或被改过。",
                "The checkpoint is not signed by the log you pinned, or was altered.",
            ),
            Self::Policy(_) => (
                "见证不足：规定的见证机构没有都签过，运营者可能给不同的人看不同的账。",
                "Too few witnesses signed: the operator could be showing different people different logs.",
            ),
            Self::LedgerId { .. } | Self::Origin { .. } => (
                "这是另一个账本，不是所信任的那个；可能有人推倒重来。",
                "This is another ledger than the one you pinned; somebody may have started afresh.",
            ),
            Self::Tree(_) | Self::Altered { .. } => (
                "存储的内容与账本签过的不一样：签出以后被改、被删或损坏。",
                "What is stored is not what the log signed: it was altered, removed or damaged afterwards.",
            ),
            Self::Form(_) | Self::Clock { .. } => (
                "账本收进了不合格式或时间倒退的条目：运营者的软件没有照规则办。",
                "The log took in what is not a well-formed entry in order of time: its operator broke the rules.",
            ),
            Self::Rule(_) => (
                "账本收进了违反规则的条目：运营者没有照章程办，或伪造了记录。",
                "The log took in an event that the rules refuse: its operator broke them, or forged a record.",
            ),
            Self::Empty => ("还没有任何记录。", "Nothing has been recorded."),
            Self::Index { .. } => (
                "日志完好，但查询用的索引不对；重建索引即可，记录没有丢。",
                "The log is whole but the index is wrong; rebuild the index, no record is lost.",
            ),
        };
        language.pick(zh, en)
    }
}

/// The first thing that is wrong with a log, and where. (首个问题)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The entry, where the fault is in one.
    pub index: Option<u64>,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What an audit found. (审计结果)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The first fault; `None` if all holds.
    pub fault: Option<Fault>,
    /// How many entries hold, from the first on.
    pub checked: u64,
    /// How many signatures were verified in them.
    pub signatures: u64,
    /// The size that the checkpoint states.
    pub size: u64,
    /// The root that the checkpoint states.
    pub root: Hash,
    /// The state after the entries that hold.
    pub state: State,
    /// The names of the witnesses of the policy that signed the checkpoint.
    pub witnesses: Vec<String>,
}

impl Report {
    /// Whether all holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.fault.is_none()
    }

    /// How many transactions are complete.
    #[must_use]
    pub fn completed(&self) -> usize {
        self.state
            .transactions()
            .filter(|t| matches!(t.phase, Phase::Completed(_)))
            .count()
    }
}

/// Replays entries one by one: the part of an audit that needs no signed tree. (重放)
#[derive(Debug, Default)]
pub struct Replay {
    frontier: Frontier,
    signatures: u64,
    state: State,
}

impl Replay {
    /// Before entry 0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The state after the entries so far.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Replays the next entry.
    ///
    /// # Errors
    /// [`FaultKind`], if it does not hold here; the state is then as before.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Entry, FaultKind> {
        self.take(Looked::at(self.state.ledger(), self.state.size(), bytes)?)
    }

    fn take(&mut self, looked: Looked) -> Result<Entry, FaultKind> {
        let Looked { received_at, early } = looked;
        let last = self.state.last_received_at();
        if let Some(previous) = last.filter(|previous| *previous > received_at) {
            let found = received_at;
            return Err(FaultKind::Clock { previous, found });
        }
        let authentic = early.authentic(&self.state)?;
        let signatures = authentic.signers().len() as u64;
        let entry = admit::admit(&self.state, authentic, received_at)?;
        admit::check_saved(&entry.statement().event, || self.frontier.root())?;
        evolve(&mut self.state, &entry);
        self.frontier.push(entry.leaf());
        self.signatures += signatures;
        Ok(entry)
    }
}

/// What an audit is given beforehand.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The ledger that this must be.
    pub pins: &'a Pins,
    /// The witnesses that must have signed the checkpoint.
    pub policy: Option<&'a Policy>,
}

/// Audits a whole log. `visit` sees every entry that holds, with the state after it; it is also where
/// progress can be shown. What comes next is fetched, read and verified on other threads meanwhile.
///
/// # Errors
/// The source's own error, if something could not be fetched: then nothing has been decided.
pub fn audit<S>(
    source: &S,
    expected: Expected<'_>,
    visit: &mut dyn FnMut(&Entry, &State, u64),
) -> Result<Report, S::Error>
where
    S: Source + Sync,
    S::Error: Send,
{
    let mut report = Report {
        fault: None,
        checked: 0,
        signatures: 0,
        size: 0,
        root: Hash::empty_root(),
        state: State::new(),
        witnesses: Vec::new(),
    };
    match open_checkpoint(&source.checkpoint()?, expected) {
        Ok((checkpoint, witnesses)) => {
            (report.size, report.root) = (
                checkpoint.checkpoint().size(),
                *checkpoint.checkpoint().root(),
            );
            report.witnesses = witnesses;
        }
        Err(kind) => {
            report.fault = Some(Fault { index: None, kind });
            return Ok(report);
        }
    }
    let mut replay = Replay::new();
    report.fault = match TileReader::new(source, report.size, &report.root) {
        Ok(reader) => replay_tree(source, &reader, expected.pins, &mut replay, visit)?,
        // Something is not what was signed; where, the entries themselves may tell.
        Err(error) => {
            let kind = FaultKind::Tree(fetched(error)?);
            let found = replay_unproven(source, report.size, &mut replay)?;
            Some(found.unwrap_or(Fault { index: None, kind }))
        }
    };
    (report.checked, report.signatures) = (replay.state.size(), replay.signatures);
    report.state = replay.state;
    Ok(report)
}

fn open_checkpoint(
    bytes: &[u8],
    expected: Expected<'_>,
) -> Result<(SignedCheckpoint, Vec<String>), FaultKind> {
    let checkpoint = SignedCheckpoint::open(bytes, &expected.pins.log_key)?;
    let found = checkpoint.checkpoint().origin();
    if found != expected.pins.origin.as_str() {
        let expected = expected.pins.origin.to_string();
        return Err(FaultKind::Origin {
            expected,
            found: found.to_owned(),
        });
    }
    let Some(policy) = expected.policy else {
        return Ok((checkpoint, Vec::new()));
    };
    let verdict = policy.check_log(bytes, &expected.pins.log_key)?;
    let witnesses = verdict
        .cosigned
        .iter()
        .map(|cosigned| cosigned.witness.clone())
        .collect();
    verdict.accept()?;
    Ok((checkpoint, witnesses))
}

/// Replays every entry under the signed tree.
fn replay_tree<S>(
    source: &S,
    reader: &TileReader<&S>,
    pins: &Pins,
    replay: &mut Replay,
    visit: &mut dyn FnMut(&Entry, &State, u64),
) -> Result<Option<Fault>, S::Error>
where
    S: Source + Sync,
    S::Error: Send,
{
    let size = reader.size();
    if size == 0 {
        return Ok(Some(Fault {
            index: None,
            kind: FaultKind::Empty,
        }));
    }
    let broken = ahead::replay(reader, replay, |replay, bundle, looked| {
        let entries = match looked {
            Ok(entries) => entries,
            Err(error) => return ControlFlow::Break(Broken::Bundle(bundle, error)),
        };
        for (index, entry) in (bundle * 256..).zip(entries) {
            let entry = entry.map_err(FaultKind::from);
            let entry = entry.and_then(|entry| replay.take(entry));
            let entry = entry.and_then(|entry| is_pinned(entry, pins));
            match entry {
                Ok(entry) => visit(&entry, &replay.state, size),
                Err(kind) => {
                    let index = Some(index);
                    return ControlFlow::Break(Broken::Entry(Fault { index, kind }));
                }
            }
        }
        ControlFlow::Continue(())
    });
    match broken {
        ControlFlow::Break(Broken::Entry(fault)) => Ok(Some(fault)),
        ControlFlow::Break(Broken::Bundle(bundle, error)) => {
            locate(source, reader, bundle, error).map(Some)
        }
        ControlFlow::Continue(()) => {
            let fault = check_log(replay.state(), pins).err();
            Ok(fault.map(|kind| Fault { index: None, kind }))
        }
    }
}

/// Where a replay breaks off.
enum Broken<E> {
    /// An entry does not hold.
    Entry(Fault),
    /// A bundle could not be had, or is not the tree's.
    Bundle(u64, TileReadError<E>),
}

/// Entry 0 is the pinned ledger's.
fn is_pinned(entry: Entry, pins: &Pins) -> Result<Entry, FaultKind> {
    if entry.index() > 0 || entry.leaf() == pins.ledger_id {
        return Ok(entry);
    }
    Err(FaultKind::LedgerId {
        expected: pins.ledger_id,
        found: entry.leaf(),
    })
}

/// The log's name is that of the ledger's founding, or of the last loss that it declares.
pub(crate) fn check_log(state: &State, pins: &Pins) -> Result<(), FaultKind> {
    let origin = state.ledger().map(|ledger| &ledger.log_origin);
    if origin == Some(&pins.origin) {
        return Ok(());
    }
    Err(FaultKind::Origin {
        expected: pins.origin.to_string(),
        found: origin.map_or_else(String::new, Origin::to_string),
    })
}

/// Names the first entry of a bundle whose bytes are not those of the tree.
fn locate<S: Source>(
    source: &S,
    reader: &TileReader<&S>,
    bundle: u64,
    error: TileReadError<S::Error>,
) -> Result<Fault, S::Error> {
    let unproven =
        matches!(&error, TileReadError::Unproven { tile } if tile.level() == TileLevel::Entries);
    let fallback = Fault {
        index: None,
        kind: FaultKind::Tree(fetched(error)?),
    };
    if !unproven {
        return Ok(fallback);
    }
    let first = bundle * 256;
    let width = (reader.size() - first).min(256);
    let entries = fetch_bundle(source, bundle, width)?.unwrap_or_default();
    let leaves = reader
        .read_hashes(0, first, width as usize)
        .unwrap_or_default();
    for ((index, bytes), expected) in (first..).zip(entries).zip(leaves) {
        let found = Hash::leaf(&bytes);
        if found != expected {
            return Ok(Fault {
                index: Some(index),
                kind: FaultKind::Altered { expected, found },
            });
        }
    }
    Ok(fallback)
}

/// Replays entries that the tree does not prove, to find where they stop making sense.
fn replay_unproven<S: Source>(
    source: &S,
    size: u64,
    replay: &mut Replay,
) -> Result<Option<Fault>, S::Error> {
    for bundle in 0..size.div_ceil(256) {
        let Some(entries) = fetch_bundle(source, bundle, (size - bundle * 256).min(256))? else {
            return Ok(None);
        };
        for (index, bytes) in (bundle * 256..).zip(entries) {
            if let Err(kind) = replay.feed(&bytes) {
                return Ok(Some(Fault {
                    index: Some(index),
                    kind,
                }));
            }
        }
    }
    Ok(None)
}

fn fetch_bundle<S: Source>(
    source: &S,
    bundle: u64,
    width: u64,
) -> Result<Option<Vec<Vec<u8>>>, S::Error> {
    let Ok(tile) = Tile::new(TileLevel::Entries, bundle, width as u16) else {
        return Ok(None);
    };
    let bytes = source.fetch(&tile)?;
    let entries = crate::tile::parse_bundle(&bytes).ok();
    Ok(entries.map(|entries| {
        entries
            .into_iter()
            .take(width as usize)
            .map(<[u8]>::to_vec)
            .collect()
    }))
}

/// Separates what could not be fetched from what is wrong.
fn fetched<E>(error: TileReadError<E>) -> Result<String, E> {
    match error {
        TileReadError::Fetch { source, .. } => Err(source),
        TileReadError::Form { tile, problem } => Ok(format!("{tile}: {problem}")),
        TileReadError::Width { tile, found } => Ok(format!("{tile}: {found}")),
        TileReadError::Unproven { tile } => Ok(format!(
            "{tile} 与树根不符 (does not belong to the signed tree)"
        )),
        TileReadError::Root { expected, found } => Ok(format!(
            "树根应为 {expected}，实为 {found} (expected root {expected}, found {found})"
        )),
        TileReadError::OutOfTree { size, .. } => Ok(size.to_string()),
    }
}

/// Compares a store's index with the log it indexes.
///
/// # Errors
/// If the store cannot be read. `Ok(Some(_))` names the first stream that differs.
pub fn audit_index<S: Store>(store: &S) -> Result<Option<FaultKind>, StoreError> {
    let mut records: BTreeMap<StreamId, StreamRecord> = BTreeMap::new();
    for index in 0..store.size() {
        // What is no entry belongs to no stream; the audit of the log itself reports it.
        let Ok(logged) = LoggedEntry::parse(&store.entry(index)?) else {
            continue;
        };
        let statement = logged.signed.statement();
        for stream in touches(statement) {
            let own = stream == statement.stream;
            let record = records.entry(stream).or_default();
            if own {
                record.own.push(index)
            } else {
                record.also.push(index)
            }
        }
    }
    for (stream, record) in records {
        if store.stream(&stream)? != Some(record) {
            return Ok(Some(FaultKind::Index { stream }));
        }
    }
    Ok(None)
}
