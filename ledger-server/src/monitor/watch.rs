//! One ledger under watch: the copy that was checked, and what a look at its sources shows. (监督一本账)
//!
//! Every checkpoint has to be the pinned key's, and has to continue, or be continued by, the copy's own.
//! What is new is copied, tile by tile under its checkpoint, and replayed from the copy with all rules.
//! Knows no clock, and nothing of how findings are told.

use std::path::{Path, PathBuf};

use anyhow::bail;
use ledger_core::audit::{FaultKind, Replay};
use ledger_core::checkpoint::SignedCheckpoint;
use ledger_core::event::Event;
use ledger_core::hash::Digest;
use ledger_core::policy::{Policy, PolicyError, PolicyVerdict};
use ledger_core::proof::Proof;
use ledger_core::source::{FolderSource, SourceError};
use ledger_core::tile::{TileReadError, TileReader};
use ledger_core::tree::{TreeError, prove_inclusion};
use ledger_core::{LogTime, Pins};
use serde_json::{Value, json};

use super::finding::{Condition, Finding, Kind, Scope};
use super::memory::{Ledger, Look, Memory, SourceSeen};
use super::overdue;
use super::split::{PINS, Split};
use crate::fault;
use crate::keeping;
use crate::mirror::MirrorFolder;
use crate::source_arg::OpenSource;
use crate::terminal::{Refused, Terminal};

/// How much is kept of what claims to be a checkpoint, in bytes.
const EVIDENCE_BYTES: usize = 16 * 1024;

/// What is told, and when.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    pub(crate) policies: Vec<Policy>,
    /// For how long a source or a witness may be behind, or a source not answer.
    pub(crate) grace_seconds: u64,
    pub(crate) silent_after_seconds: Option<u64>,
    /// Whether a source that does not answer is told at once.
    pub(crate) once: bool,
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

/// A ledger under watch.
pub(crate) struct Watch {
    terminal: Terminal,
    pins: Pins,
    folder: PathBuf,
    mirror: MirrorFolder,
    replay: Replay,
    /// How many entries have been replayed.
    replayed: u64,
    /// The first entry that does not hold.
    broken: Option<(u64, FaultKind)>,
}

impl Watch {
    /// The folder of a ledger in the monitor's.
    pub(crate) fn folder(data: &Path, pins: &Pins) -> PathBuf {
        let name = Digest::of(pins.origin.as_str().as_bytes()).to_string();
        data.join("ledgers").join(name)
    }

    /// Opens a ledger's folder; what was pinned is written there the first time.
    pub(crate) fn open(terminal: Terminal, data: &Path, pins: &Pins) -> anyhow::Result<Self> {
        let folder = Self::folder(data, pins);
        let mirror = MirrorFolder::open(terminal, &folder.join("mirror"))?;
        let bytes = serde_json::to_vec_pretty(pins)?;
        keeping::put(terminal, &folder.join(PINS), &bytes, false)?;
        Ok(Self {
            terminal,
            pins: pins.clone(),
            folder,
            mirror,
            replay: Replay::new(),
            replayed: 0,
            broken: None,
        })
    }

    pub(crate) fn pins(&self) -> &Pins {
        &self.pins
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
            let overdue = overdue::conditions(self.terminal, self.replay.state(), now);
            look.conditions.extend(overdue);
        }
        Ok(look)
    }

    /// The checkpoint of the copy, which was verified when it was taken.
    fn kept(&self) -> anyhow::Result<Option<SignedCheckpoint>> {
        let file = self.mirror.ledger(&self.pins).join("checkpoint");
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
        let copy = FolderSource::new(&self.mirror.ledger(&self.pins));
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
        let copy = FolderSource::new(&self.mirror.ledger(&self.pins));
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
        if let Some((index, fault)) = &self.broken {
            let condition = self.broken_rule(*index, fault, &reader, kept)?;
            look.conditions.push(condition);
        }
        Ok(())
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<(), FaultKind> {
        let entry = self.replay.feed(bytes)?;
        match &entry.statement().event {
            Event::LedgerOpened(opened) if opened.origin != self.pins.origin => {
                Err(FaultKind::Origin {
                    expected: self.pins.origin.to_string(),
                    found: opened.origin.to_string(),
                })
            }
            _ if entry.index() == 0 && entry.leaf() != self.pins.ledger_id => {
                Err(FaultKind::LedgerId {
                    expected: self.pins.ledger_id,
                    found: entry.leaf(),
                })
            }
            _ => Ok(()),
        }
    }

    fn remember(&self, kept: &SignedCheckpoint, memory: &mut Memory, now: LogTime) {
        let state = self.replay.state();
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

    fn split_view(&self, place: &str, split: &Split) -> anyhow::Result<Condition> {
        let details = split.details();
        let (old, new) = (&details["older_size"], &details["newer_size"]);
        let message = self.terminal.pick(
            format!("{place} 给出的账，与监督程序此前核对过的不是同一本：同一把日志钥匙签了两份互相矛盾的检查点（{old} 条与 {new} 条）。运营者可能给不同的人看不同的账。两份签名原件和证明已存入证据文件夹，请勿删除，并立即报告上级。"),
            format!("{place} shows another history than the one checked before: one log key signed two checkpoints ({old} and {new} entries) of which neither continues the other. The operator may be showing different people different ledgers. Both notes and the proof are kept as evidence; do not delete them, and report it."),
        );
        let mut condition = condition(
            Kind::SplitView,
            Scope::Source(place.to_owned()),
            message,
            details.clone(),
        );
        condition.evidence = split.files(&self.pins)?;
        Ok(condition)
    }

    fn bad_checkpoint(&self, place: &str, why: &str, bytes: Vec<u8>) -> Condition {
        let message = self.terminal.pick(
            format!("{place} 的检查点不成立：{why}。这不是所信任的那个账本签出的，或被改过；在查明之前不要采信这个来源。"),
            format!("the checkpoint of {place} does not hold: {why}. It is not by the log that was pinned, or was altered; do not rely on this source before it is explained."),
        );
        let scope = Scope::Source(place.to_owned());
        let mut condition = condition(Kind::BadCheckpoint, scope, message, Value::Null);
        let mut bytes = bytes;
        bytes.truncate(EVIDENCE_BYTES);
        condition.evidence = vec![("checkpoint", bytes)];
        condition.evidence.extend(self.pins_bytes());
        condition
    }

    fn pins_bytes(&self) -> Option<(&'static str, Vec<u8>)> {
        Some((PINS, serde_json::to_vec_pretty(&self.pins).ok()?))
    }

    fn bad_content(&self, one: &Seen, why: &str) -> Condition {
        let place = &one.place;
        let message = self.terminal.pick(
            format!("{place} 的内容与它签署的检查点不符：{why}。记录在签出以后被改、被删或损坏；监督程序没有采用。"),
            format!("the content of {place} is not what its checkpoint signs: {why}. It was altered, removed or damaged afterwards; nothing of it was taken."),
        );
        let mut condition = condition(
            Kind::BadContent,
            Scope::Source(place.clone()),
            message,
            json!({ "size": one.size() }),
        );
        condition.evidence = vec![("checkpoint", one.signed.to_bytes())];
        condition
    }

    fn rollback(&self, one: &Seen, before: u64, kept: &SignedCheckpoint) -> Condition {
        let (place, size) = (&one.place, one.size());
        let message = self.terminal.pick(
            format!("{place} 退回去了：原来给出过 {before} 条，现在只有 {size} 条。可能恢复了旧备份，也可能有人想抹掉后来的 {} 条。", before - size),
            format!("{place} was rolled back: it showed {before} entries before and {size} now. It may have been restored from an old backup, or somebody may want to be rid of the last {}.", before - size),
        );
        let mut condition = condition(
            Kind::Rollback,
            Scope::Source(place.clone()),
            message,
            json!({ "before": before, "size": size }),
        );
        condition.evidence = vec![
            ("before.checkpoint", kept.to_bytes()),
            ("now.checkpoint", one.signed.to_bytes()),
        ];
        condition
    }

    fn behind(&self, one: &Seen, has: u64, rules: &Rules) -> Condition {
        let (place, size) = (&one.place, one.size());
        let message = self.terminal.pick(
            format!("{place} 没有跟上：只有 {size} 条，别处已有 {has} 条；内容一致，但看这里的人看不到最新的记录。"),
            format!("{place} is behind: it has {size} entries, others have {has}. What it has is the same, but who reads there does not see the newest."),
        );
        let scope = Scope::Source(place.clone());
        let details = json!({ "size": size, "newest": has });
        Condition {
            patience_seconds: rules.grace_seconds,
            ..condition(Kind::Behind, scope, message, details)
        }
    }

    fn withheld(&self, witness: &Seen, has: u64, rules: &Rules) -> Condition {
        let (place, size) = (&witness.place, witness.size());
        let message = self.terminal.pick(
            format!("见证方 {place} 见过 {size} 条，而所有来源都只给出 {has} 条：后面的记录没有给人看，或账本退回去了。"),
            format!("the witness {place} has seen {size} entries, all sources show {has} only: the others are withheld, or the ledger was rolled back."),
        );
        let details = json!({ "size": has, "witnessed": size });
        let scope = Scope::Source(place.clone());
        Condition {
            patience_seconds: rules.grace_seconds,
            evidence: vec![("witnessed.checkpoint", witness.signed.to_bytes())],
            ..condition(Kind::Behind, scope, message, details)
        }
    }

    fn too_few(&self, verdict: &PolicyVerdict, size: u64, rules: &Rules) -> Condition {
        let names: Vec<&str> = verdict
            .cosigned
            .iter()
            .map(|c| c.witness.as_str())
            .collect();
        let quorum = verdict.quorum.as_deref().unwrap_or_default();
        let signed = names.join(self.terminal.pick("、", ", "));
        let message = self.terminal.pick(
            format!("第 {size} 条为止的检查点见证不足：规则要求 {quorum}，签了的有：{}。没有见证，就不能排除运营者给不同的人看不同的账。", if names.is_empty() { "无" } else { &signed }),
            format!("too few witnesses cosigned the checkpoint of {size} entries: the policy wants {quorum}, found: {}. Without them, different people could be shown different ledgers.", if names.is_empty() { "none" } else { &signed }),
        );
        let details = json!({ "quorum": quorum, "cosigned": names, "size": size });
        Condition {
            patience_seconds: rules.grace_seconds,
            ..condition(Kind::TooFewWitnesses, Scope::Witnesses, message, details)
        }
    }

    fn broken_rule(
        &self,
        index: u64,
        fault: &FaultKind,
        reader: &TileReader<&FolderSource>,
        kept: &SignedCheckpoint,
    ) -> anyhow::Result<Condition> {
        let l = self.terminal.language;
        let why = fault::in_language(&fault.to_string(), l);
        let meaning = fault.meaning(l);
        let message = self.terminal.pick(
            format!("第 {index} 条记录不合规则：{why}。{meaning}这一条及其签名证明已存入证据文件夹；它后面的记录不再按规则核对。"),
            format!("entry {index} breaks the rules: {why}. {meaning} It is kept as evidence with proof that the log signed it; what follows it is not held against the rules."),
        );
        let size = kept.checkpoint().size();
        let damaged = |error: String| self.damaged(&error);
        let entries = reader.entries(index / 256);
        let entries =
            entries.map_err(|error: TileReadError<SourceError>| damaged(error.to_string()))?;
        let entry = entries
            .into_iter()
            .nth(usize::try_from(index % 256).unwrap_or(0));
        let hashes = prove_inclusion(reader, index, size);
        let hashes = hashes.map_err(|error| damaged(error.to_string()))?;
        let proof = Proof::new(index, hashes, kept)?;
        let mut condition = condition(Kind::BrokenRule, Scope::Record, message, {
            let rule = match fault {
                FaultKind::Rule(refusal) => Some(refusal.rule()),
                _ => None,
            };
            json!({ "index": index, "rule": rule, "fault": fault.to_string() })
        });
        condition.subject = index.to_string();
        condition.evidence = vec![
            ("entry", entry.unwrap_or_default()),
            ("entry.tlog-proof", proof.to_bytes()),
            ("fault.txt", format!("{fault}\n{meaning}\n").into_bytes()),
            ("README.txt", README_BROKEN.as_bytes().to_vec()),
        ];
        condition.evidence.extend(self.pins_bytes());
        Ok(condition)
    }
}

const README_BROKEN: &str = "账本收进了不合规则的一条记录\n\n\
    entry 是这条记录的原文；entry.tlog-proof 证明它在账本签过的检查点之内；fault.txt 是违反的规则。\n\
    核对：sanzi verify --proof entry.tlog-proof --entry entry --pins 自己手里的信任锚文件\n\n\
    The ledger took in an entry that the rules refuse. entry: its bytes; entry.tlog-proof: that the\n\
    log signed it; fault.txt: the rule. Check: sanzi verify --proof entry.tlog-proof --entry entry --pins YOUR-PINS\n";

pub(super) fn condition(kind: Kind, scope: Scope, message: String, details: Value) -> Condition {
    Condition {
        kind,
        scope,
        subject: String::new(),
        message,
        details,
        evidence: Vec::new(),
        patience_seconds: 0,
    }
}

/// That a source cannot be read; told at once by who looks only once.
pub(super) fn unreachable(
    terminal: Terminal,
    place: &str,
    error: &anyhow::Error,
    rules: &Rules,
) -> Condition {
    let why = fault::told(error, terminal.language);
    let message = terminal.pick(
        format!("{place} 读不到，没能核对：{why}"),
        format!("{place} cannot be read and was not checked: {why}"),
    );
    let scope = Scope::Source(place.to_owned());
    Condition {
        patience_seconds: if rules.once { 0 } else { rules.grace_seconds },
        ..condition(Kind::Unreachable, scope, message, Value::Null)
    }
}
