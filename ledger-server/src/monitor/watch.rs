//! One ledger under watch: the copy that was checked, and what a look at its sources shows. (监督一本账)
//!
//! Every checkpoint has to be the pinned key's, and has to continue, or be continued by, the copy's own.
//! What is new is copied, tile by tile under its checkpoint, and replayed from the copy with all rules.
//! Knows no clock, and nothing of how findings are told.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::bail;
use ledger_core::audit::FaultKind;
use ledger_core::checkpoint::SignedCheckpoint;
use ledger_core::hash::Digest;
use ledger_core::policy::{Policy, PolicyError, PolicyVerdict};
use ledger_core::source::FolderSource;
use ledger_core::tile::{TileReadError, TileReader};
use ledger_core::tree::TreeError;
use ledger_core::{LogTime, Pins};
use serde_json::json;

use super::book::{Book, locked};
use super::finding::{Finding, Kind, Scope};
use super::memory::{Ledger, Look, Memory, SourceSeen};
use super::overdue;
use super::split::{PINS, Split};
use crate::fault;
use crate::keeping;
use crate::mirror::Mirrors;
use crate::source_arg::OpenSource;
use crate::terminal::{Refused, Terminal};

mod told;

pub(super) use told::{condition, unreachable};

/// What is told, and when.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    pub(crate) policies: Vec<Policy>,
    /// For how long a source or a witness may be behind, or a source not answer.
    pub(crate) grace_seconds: u64,
    pub(crate) silent_after_seconds: Option<u64>,
    /// Whether a source that does not answer is told at once.
    pub(crate) once: bool,
    /// Whether what supervisors ask for is kept.
    pub(crate) supervised: bool,
}

/// What somebody showed when asked.
pub(crate) struct Shown {
    pub(crate) place: String,
    /// Where entries can be had; a witness has none.
    pub(crate) source: Option<OpenSource>,
    pub(crate) checkpoint: anyhow::Result<Vec<u8>>,
}

/// A checkpoint by the ledger's key, and who showed it.
struct Seen {
    place: String,
    source: Option<OpenSource>,
    signed: SignedCheckpoint,
}

impl Seen {
    fn size(&self) -> u64 {
        self.signed.checkpoint().size()
    }
}

/// How it went to take in what a source has more.
enum Advance {
    Taken,
    Split(Box<Split>),
    Content(String),
    Unread(anyhow::Error),
}

/// The folder of its copy.
const MIRROR: &str = "mirror";

/// A ledger under watch.
pub(crate) struct Watch {
    terminal: Terminal,
    pins: Pins,
    folder: PathBuf,
    mirror: Mirrors,
    book: Arc<Mutex<Book>>,
    /// How many entries have been replayed.
    replayed: u64,
    /// The first entry that does not hold.
    broken: Option<(u64, FaultKind)>,
    /// When a source last answered with a checkpoint of the ledger's key, and the copy was compared.
    compared_at: Option<LogTime>,
}

impl Watch {
    /// The folder of a ledger in the monitor's.
    pub(crate) fn folder(data: &Path, pins: &Pins) -> PathBuf {
        let name = Digest::of(pins.origin.as_str().as_bytes()).to_string();
        data.join("ledgers").join(name)
    }

    /// Opens a ledger's folder; what was pinned is written there the first time.
    pub(crate) fn open(
        terminal: Terminal,
        data: &Path,
        pins: &Pins,
        rules: &Rules,
    ) -> anyhow::Result<Self> {
        let folder = Self::folder(data, pins);
        let mirror = Mirrors::in_folder(terminal, &folder.join(MIRROR))?;
        let bytes = serde_json::to_vec_pretty(pins)?;
        keeping::put(terminal, &folder.join(PINS), &bytes, false)?;
        Ok(Self {
            terminal,
            pins: pins.clone(),
            folder,
            mirror,
            book: Arc::new(Mutex::new(Book::new(rules.supervised))),
            replayed: 0,
            broken: None,
            compared_at: None,
        })
    }

    /// Where its copy is.
    fn copy(&self) -> PathBuf {
        self.folder.join(MIRROR).join(self.pins.origin.slug())
    }

    pub(crate) fn pins(&self) -> &Pins {
        &self.pins
    }

    pub(crate) fn book(&self) -> &Arc<Mutex<Book>> {
        &self.book
    }

    /// How many entries were replayed and hold, and when the copy was last compared with a source.
    pub(crate) fn checked(&self) -> (u64, Option<LogTime>) {
        (self.replayed, self.compared_at)
    }

    /// Compares what everybody shows with what was seen before, and replays what is new.
    ///
    /// # Errors
    /// If the monitor's own folder cannot be read or written.
    pub(crate) fn look(
        &mut self,
        shown: Vec<Shown>,
        memory: &mut Memory,
        rules: &Rules,
        now: LogTime,
    ) -> anyhow::Result<Look> {
        let mut look = Look::default();
        let mut seen = self.open_all(shown, rules, &mut look);
        seen.sort_by_key(|one| std::cmp::Reverse(one.size()));
        let mut split = Vec::new();
        for one in &seen {
            let kept = self.kept()?;
            let has = kept.as_ref().map_or(0, |kept| kept.checkpoint().size());
            let Some(source) = one.source.as_ref().filter(|_| one.size() > has) else {
                continue;
            };
            match self.advance(one, source, kept.as_ref()) {
                Advance::Taken => {}
                Advance::Split(found) => {
                    split.push(one.place.clone());
                    look.conditions.push(self.split_view(&one.place, &found)?);
                }
                Advance::Content(why) => {
                    let condition = self.bad_content(one, &why);
                    look.conditions.push(condition);
                }
                Advance::Unread(error) => {
                    look.looked_at.remove(&Scope::Source(one.place.clone()));
                    let condition = unreachable(self.terminal, &one.place, &error, rules);
                    look.conditions.push(condition);
                }
            }
        }
        let Some(kept) = self.kept()? else {
            return Ok(look);
        };
        self.compare(&seen, &mut split, &kept, memory, rules, &mut look)?;
        if seen.iter().any(|one| one.source.is_some()) {
            self.compared_at = Some(now);
        }
        self.replay_new(&kept, &mut look)?;
        self.remember(&kept, memory, now);
        self.witnesses(&seen, &kept, rules, &mut look);
        // Whom nobody could ask was not silent.
        if seen.iter().any(|one| one.source.is_some()) {
            look.looked_at.insert(Scope::Ledger);
            self.silence(&kept, memory, rules, now, &mut look);
        }
        if self.broken.is_none() {
            look.looked_at.insert(Scope::Record);
            let overdue = overdue::conditions(self.terminal, locked(&self.book).state(), now);
            look.conditions.extend(overdue);
            look.conditions.extend(self.losses());
        }
        Ok(look)
    }

    /// The checkpoint of the copy, which was verified when it was taken.
    fn kept(&self) -> anyhow::Result<Option<SignedCheckpoint>> {
        let file = self.copy().join("checkpoint");
        let bytes = match std::fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        match SignedCheckpoint::open(&bytes, &self.pins.log_key) {
            Ok(kept) => Ok(Some(kept)),
            Err(error) => Err(self.damaged(&error.to_string())),
        }
    }

    fn damaged(&self, why: &str) -> anyhow::Error {
        let folder = self.folder.display();
        anyhow::anyhow!(self.terminal.pick(
            format!("监督程序自己的副本 {folder} 损坏：{why}。请检查磁盘，恢复这个文件夹，或换一个 --data 重新开始"),
            format!("the monitor's own copy in {folder} is damaged: {why}. Check the disk, restore the folder, or begin anew with another --data"),
        ))
    }

    /// The checkpoints that the ledger's key signed.
    fn open_all(&self, shown: Vec<Shown>, rules: &Rules, look: &mut Look) -> Vec<Seen> {
        let mut seen = Vec::new();
        for Shown {
            place,
            source,
            checkpoint,
        } in shown
        {
            let bytes = match checkpoint {
                Ok(bytes) => bytes,
                Err(error) => {
                    let condition = unreachable(self.terminal, &place, &error, rules);
                    look.conditions.push(condition);
                    continue;
                }
            };
            look.looked_at.insert(Scope::Source(place.clone()));
            match SignedCheckpoint::open(&bytes, &self.pins.log_key) {
                Ok(signed) => seen.push(Seen {
                    place,
                    source,
                    signed,
                }),
                Err(error) => {
                    let why = fault::in_language(&error.to_string(), self.terminal.language);
                    let condition = self.bad_checkpoint(&place, &why, bytes);
                    look.conditions.push(condition);
                }
            }
        }
        seen
    }

    /// Takes in what a source has more than the copy.
    fn advance(&self, one: &Seen, source: &OpenSource, kept: Option<&SignedCheckpoint>) -> Advance {
        let told = |error: String| fault::in_language(&error, self.terminal.language);
        let checkpoint = one.signed.checkpoint();
        let reader = match TileReader::new(source, checkpoint.size(), checkpoint.root()) {
            Ok(reader) => reader,
            Err(TileReadError::Fetch { source, .. }) => return Advance::Unread(source),
            Err(error) => return Advance::Content(told(error.to_string())),
        };
        if let Some(kept) = kept {
            match Split::between(kept, &one.signed, &self.pins.log_key, &reader) {
                Ok(None) => {}
                Ok(Some(split)) => return Advance::Split(Box::new(split)),
                Err(TreeError::Read(TileReadError::Fetch { source, .. })) => {
                    return Advance::Unread(source);
                }
                Err(TreeError::Read(error)) => return Advance::Content(told(error.to_string())),
                Err(error) => return Advance::Content(told(error.to_string())),
            }
        }
        match self.mirror.update_entries(source) {
            Ok(_) => Advance::Taken,
            Err(error) if error.is::<Refused>() => {
                Advance::Content(fault::told(&error, self.terminal.language))
            }
            Err(error) => Advance::Unread(error),
        }
    }

    /// Compares everybody with the copy, which is now as long as anything that could be had.
    fn compare(
        &self,
        seen: &[Seen],
        split: &mut Vec<String>,
        kept: &SignedCheckpoint,
        memory: &mut Memory,
        rules: &Rules,
        look: &mut Look,
    ) -> anyhow::Result<()> {
        let copy = FolderSource::new(&self.copy());
        let reader = self.own_reader(&copy, kept)?;
        let has = kept.checkpoint().size();
        for one in seen {
            if one.size() <= has && !split.contains(&one.place) {
                let found = Split::between(&one.signed, kept, &self.pins.log_key, &reader);
                match found {
                    Ok(None) => {}
                    Ok(Some(found)) => {
                        split.push(one.place.clone());
                        look.conditions.push(self.split_view(&one.place, &found)?);
                    }
                    Err(error) => return Err(self.damaged(&error.to_string())),
                }
            }
            if split.contains(&one.place) {
                continue;
            }
            let key = match one.source {
                Some(_) => one.place.clone(),
                None => format!("{} {}", one.place, self.pins.origin),
            };
            let before = memory.sources.get(&key).map_or(0, |seen| seen.size);
            if one.size() < before {
                look.conditions.push(self.rollback(one, before, kept));
            } else if one.size() < has {
                look.conditions.push(self.behind(one, has, rules));
            }
            let seen = SourceSeen {
                origin: self.pins.origin.clone(),
                size: before.max(one.size()),
            };
            memory.sources.insert(key, seen);
        }
        Ok(())
    }

    fn own_reader<'a>(
        &self,
        copy: &'a FolderSource,
        kept: &SignedCheckpoint,
    ) -> anyhow::Result<TileReader<&'a FolderSource>> {
        let checkpoint = kept.checkpoint();
        TileReader::new(copy, checkpoint.size(), checkpoint.root())
            .map_err(|error| self.damaged(&error.to_string()))
    }

    /// Replays the entries of the copy that have not been replayed yet.
    fn replay_new(&mut self, kept: &SignedCheckpoint, look: &mut Look) -> anyhow::Result<()> {
        let copy = FolderSource::new(&self.copy());
        let reader = self.own_reader(&copy, kept)?;
        let size = kept.checkpoint().size();
        while self.replayed < size && self.broken.is_none() {
            let bundle = self.replayed / 256;
            let entries = reader.entries(bundle);
            let entries = entries.map_err(|error| self.damaged(&error.to_string()))?;
            let from = usize::try_from(self.replayed % 256).unwrap_or(0);
            if entries.len() <= from {
                bail!(self.damaged("tile"));
            }
            for bytes in entries.iter().skip(from) {
                match self.feed(bytes) {
                    Ok(()) => self.replayed += 1,
                    Err(fault) => {
                        self.broken = Some((self.replayed, fault));
                        break;
                    }
                }
            }
        }
        if self.broken.is_none() {
            self.broken = self.check_origin().err();
        }
        if let Some((index, fault)) = &self.broken {
            let condition = self.broken_rule(*index, fault, &reader, kept)?;
            look.conditions.push(condition);
        }
        Ok(())
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<(), FaultKind> {
        let entry = locked(&self.book).feed(bytes)?;
        if entry.index() == 0 && entry.leaf() != self.pins.ledger_id {
            return Err(FaultKind::LedgerId {
                expected: self.pins.ledger_id,
                found: entry.leaf(),
            });
        }
        Ok(())
    }

    /// The log's name is that of the founding, or of the last loss that is declared.
    fn check_origin(&self) -> Result<(), (u64, FaultKind)> {
        let book = locked(&self.book);
        let Some(ledger) = book.state().ledger() else {
            return Ok(());
        };
        if ledger.log_origin == self.pins.origin {
            return Ok(());
        }
        let named_by = ledger.losses.last().map_or(0, |loss| loss.notice().entry);
        let fault = FaultKind::Origin {
            expected: self.pins.origin.to_string(),
            found: ledger.log_origin.to_string(),
        };
        Err((named_by, fault))
    }

    fn remember(&self, kept: &SignedCheckpoint, memory: &mut Memory, now: LogTime) {
        let book = locked(&self.book);
        let state = book.state();
        let name = state
            .ledger()
            .map(|ledger| ledger.collective.name.to_string());
        let size = kept.checkpoint().size();
        let last = state.last_received_at().unwrap_or(now).min(now);
        let known = memory.ledgers.entry(self.pins.origin.clone());
        let known = known.or_insert(Ledger {
            grown_at: last,
            name: None,
            size,
            training: false,
        });
        if size > known.size {
            (known.size, known.grown_at) = (size, now);
        }
        known.name = name.or(known.name.take());
        known.training |= state.ledger().is_some_and(|ledger| ledger.training);
    }

    /// Whether enough witnesses have cosigned, and whether one has seen more than all sources show.
    fn witnesses(&self, seen: &[Seen], kept: &SignedCheckpoint, rules: &Rules, look: &mut Look) {
        let size = kept.checkpoint().size();
        let newest: Vec<&Seen> = seen.iter().filter(|one| one.size() == size).collect();
        let mut met = None;
        for one in &newest {
            match self.verdict(one, rules) {
                None => {}
                Some(Ok(verdict)) if verdict.quorum_met => met = Some(None),
                Some(Ok(verdict)) => met = met.or(Some(Some(verdict))),
                Some(Err(error)) => {
                    let why = fault::in_language(&error.to_string(), self.terminal.language);
                    let bytes = one.signed.to_bytes();
                    look.conditions
                        .push(self.bad_checkpoint(&one.place, &why, bytes));
                }
            }
        }
        if let Some(unmet) = met {
            look.looked_at.insert(Scope::Witnesses);
            let unmet = unmet.map(|verdict| self.too_few(&verdict, size, rules));
            look.conditions.extend(unmet);
        }
        let ahead = seen.iter().filter(|one| one.source.is_none());
        if let Some(ahead) = ahead
            .filter(|one| one.size() > size)
            .max_by_key(|one| one.size())
        {
            look.conditions.push(self.withheld(ahead, size, rules));
        }
    }

    fn verdict(&self, one: &Seen, rules: &Rules) -> Option<Result<PolicyVerdict, PolicyError>> {
        let bytes = one.signed.to_bytes();
        (rules.policies.iter())
            .map(|policy| policy.check_log(&bytes, &self.pins.log_key))
            .find(|verdict| !matches!(verdict, Err(PolicyError::UnknownLog { .. })))
    }

    fn silence(
        &self,
        kept: &SignedCheckpoint,
        memory: &Memory,
        rules: &Rules,
        now: LogTime,
        look: &mut Look,
    ) {
        let (Some(after), Some(ledger)) = (
            rules.silent_after_seconds,
            memory.ledgers.get(&self.pins.origin),
        ) else {
            return;
        };
        if now.seconds_since(ledger.grown_at) < after {
            return;
        }
        let since = Finding::local(ledger.grown_at);
        let size = kept.checkpoint().size();
        let message = self.terminal.pick(
            format!("从 {since} 起没有任何新记录，现有 {size} 条。请向该集体了解：是确实没有新业务，还是没有及时入账。"),
            format!("nothing was added since {since}; there are {size} entries. Ask the collective whether nothing happened, or nothing was recorded."),
        );
        let details = json!({ "size": size, "grown_at": ledger.grown_at });
        look.conditions
            .push(condition(Kind::Silent, Scope::Ledger, message, details));
    }
}
