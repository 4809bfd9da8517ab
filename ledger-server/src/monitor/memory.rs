//! What a monitor remembers between two looks: what it told, and what it still has to tell. (监督记录)
//!
//! One file, replaced as a whole and synced. Findings go into it together with the fact that they were
//! made, so that neither can be lost without the other; from there they are handed on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ledger_core::hash::Digest;
use ledger_core::{LogTime, Origin};
use serde::{Deserialize, Serialize};

use super::finding::{Class, Condition, Finding, Kind, Scope, Severity, Standing};
use crate::keeping;
use crate::terminal::Terminal;

/// The version of the file's form.
const VERSION: u32 = 1;

/// How long an id is, in hexadecimal digits.
const ID_DIGITS: usize = 16;

/// What is remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Memory {
    version: u32,
    /// By origin.
    pub(crate) ledgers: BTreeMap<Origin, Ledger>,
    /// By place, as the operator wrote it; of a witness, followed by the origin.
    pub(crate) sources: BTreeMap<String, SourceSeen>,
    /// By ledger and subject.
    open: BTreeMap<String, Open>,
    /// What has been found and not been handed on.
    pub(crate) outgoing: Vec<Finding>,
}

/// What is remembered of a ledger, beside the copy of its entries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ledger {
    /// When it was last seen to grow.
    pub(crate) grown_at: LogTime,
    /// The collective's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// How many entries it had then.
    pub(crate) size: u64,
    /// Whether it is a training ledger.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub(crate) training: bool,
}

/// What is remembered of a source or a witness.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceSeen {
    /// The ledger that it has.
    pub(crate) origin: Origin,
    /// The most entries it ever showed.
    pub(crate) size: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    scope: Scope,
    since: LogTime,
    /// What was told of it; nothing while it has not been so for long enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told: Option<Finding>,
}

/// What one look at a ledger showed.
#[derive(Debug, Default)]
pub(crate) struct Look {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) looked_at: BTreeSet<Scope>,
}

/// How much is open, by class.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standings {
    pub(crate) integrity: usize,
    pub(crate) unchecked: usize,
    pub(crate) attention: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            version: VERSION,
            ledgers: BTreeMap::new(),
            sources: BTreeMap::new(),
            open: BTreeMap::new(),
            outgoing: Vec::new(),
        }
    }
}

impl Memory {
    /// Reads it; empty if there is none.
    pub(crate) fn read(terminal: Terminal, file: &Path) -> anyhow::Result<Self> {
        let bytes = match std::fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(error).with_context(|| file.display().to_string()),
        };
        let read: Self = serde_json::from_slice(&bytes).with_context(|| {
            terminal.pick(
                format!("{} 损坏，监督记录读不出来；没有改动。请恢复备份，或换一个 --data 重新开始", file.display()),
                format!("{} is damaged and nothing was changed; restore it, or begin anew with another --data", file.display()),
            )
        })?;
        if read.version != VERSION {
            bail!(terminal.pick(
                format!(
                    "{} 是第 {} 版，本程序只认第 {VERSION} 版",
                    file.display(),
                    read.version
                ),
                format!(
                    "{} has version {}, expected {VERSION}",
                    file.display(),
                    read.version
                ),
            ));
        }
        Ok(read)
    }

    /// Puts it on the disk.
    pub(crate) fn write(&self, terminal: Terminal, file: &Path) -> anyhow::Result<()> {
        keeping::put(terminal, file, &serde_json::to_vec(self)?, true)
    }

    /// Takes in what a look showed; what is new, and long enough so, is among the outgoing then.
    /// Evidence is written before, below `evidence`.
    pub(crate) fn take(
        &mut self,
        terminal: Terminal,
        origin: Option<&Origin>,
        look: Look,
        now: LogTime,
        evidence: &Path,
    ) -> anyhow::Result<()> {
        let whose = origin.map_or("", |origin| origin.as_str());
        let mut standing = BTreeSet::new();
        for condition in look.conditions {
            let key = format!("{whose} {}", subject(&condition));
            standing.insert(key.clone());
            let open = self.open.entry(key.clone()).or_insert_with(|| Open {
                scope: condition.scope.clone(),
                since: now,
                told: None,
            });
            let waited = now.seconds_since(open.since);
            if open.told.is_some() || waited < condition.patience_seconds {
                continue;
            }
            let since = open.since;
            let mut finding = self.found(origin, &condition, since, now);
            finding.evidence = keep(terminal, evidence, &finding, &condition)?;
            if let Some(open) = self.open.get_mut(&key) {
                open.told = Some(finding.clone());
            }
            self.outgoing.push(finding);
        }
        let over = |key: &String, open: &Open| {
            let ours = key.split_once(' ').is_some_and(|(of, _)| of == whose);
            let lasting = (open.told.as_ref()).is_some_and(|told| lasts(told.kind));
            ours && !standing.contains(key) && look.looked_at.contains(&open.scope) && !lasting
        };
        let settled: Vec<String> = (self.open.iter())
            .filter(|(key, open)| over(key, open))
            .map(|(key, _)| key.clone())
            .collect();
        for key in settled {
            let told = self.open.remove(&key).and_then(|open| open.told);
            self.outgoing
                .extend(told.map(|told| settle(terminal, told, now)));
        }
        Ok(())
    }

    fn found(
        &self,
        origin: Option<&Origin>,
        condition: &Condition,
        since: LogTime,
        now: LogTime,
    ) -> Finding {
        let subject = subject(condition);
        let known = origin.and_then(|origin| self.ledgers.get(origin));
        Finding {
            at: now,
            details: condition.details.clone(),
            evidence: None,
            id: id(&[
                origin.map_or("", |o| o.as_str()),
                &subject,
                &since.to_string(),
                "found",
            ]),
            ledger: origin.cloned(),
            message: condition.message.clone(),
            name: known.and_then(|ledger| ledger.name.clone()),
            severity: match condition.kind.class() {
                Class::Integrity => Severity::Critical,
                Class::Unchecked | Class::Attention => Severity::Warning,
            },
            since,
            source: condition.scope.source().map(str::to_owned),
            state: Standing::Found,
            subject,
            training: known.is_some_and(|ledger| ledger.training),
            times: 1,
            kind: condition.kind,
        }
    }

    /// How much has been told and is still so.
    pub(crate) fn standings(&self) -> Standings {
        let mut standings = Standings::default();
        for told in self.open.values().filter_map(|open| open.told.as_ref()) {
            match told.kind.class() {
                Class::Integrity => standings.integrity += 1,
                Class::Unchecked => standings.unchecked += 1,
                Class::Attention => standings.attention += 1,
            }
        }
        standings
    }

    /// What has been told and is still so.
    pub(crate) fn told(&self) -> impl Iterator<Item = &Finding> {
        self.open.values().filter_map(|open| open.told.as_ref())
    }

    /// Forgets what was told under this id; whether there was anything. If it is still so, it is told
    /// again.
    pub(crate) fn forget(&mut self, id: &str) -> bool {
        let before = self.open.len();
        self.open
            .retain(|_, open| open.told.as_ref().is_none_or(|told| told.id != id));
        before > self.open.len()
    }

    /// Drops what is about sources that are not followed any more.
    pub(crate) fn keep_sources(&mut self, followed: &BTreeSet<String>) {
        self.sources.retain(|place, _| {
            let witness = place.rsplit_once(' ').map_or("", |(url, _)| url);
            followed.contains(place) || followed.contains(witness)
        });
        self.open.retain(|_, open| {
            let lasting = (open.told.as_ref()).is_some_and(|told| lasts(told.kind));
            lasting
                || open
                    .scope
                    .source()
                    .is_none_or(|place| followed.contains(place))
        });
    }
}

/// Whether a kind of finding stays until a person has dealt with it, whatever is shown later.
fn lasts(kind: Kind) -> bool {
    matches!(kind, Kind::SplitView | Kind::BrokenRule)
}

/// What a condition is about, within its ledger.
fn subject(condition: &Condition) -> String {
    let place = condition.scope.source().unwrap_or("-");
    format!("{} {place} {}", condition.kind.id(), condition.subject)
}

fn settle(terminal: Terminal, told: Finding, now: LogTime) -> Finding {
    let began = Finding::local(told.at);
    let origin = told.ledger.as_ref().map_or("", |origin| origin.as_str());
    Finding {
        id: id(&[origin, &told.subject, &told.since.to_string(), "settled"]),
        at: now,
        severity: Severity::Info,
        state: Standing::Settled,
        message: terminal.pick(
            format!("{began} 报告的这一情况现已消除。原报告：{}", told.message),
            format!(
                "what was told at {began} is no longer so. It was: {}",
                told.message
            ),
        ),
        ..told
    }
}

fn id(parts: &[&str]) -> String {
    let digest = Digest::of(parts.join("\n").as_bytes()).to_string();
    digest.chars().take(ID_DIGITS).collect()
}

/// Keeps the evidence in a folder of its own; its name.
fn keep(
    terminal: Terminal,
    evidence: &Path,
    finding: &Finding,
    condition: &Condition,
) -> anyhow::Result<Option<String>> {
    if condition.evidence.is_empty() {
        return Ok(None);
    }
    let name = format!("{}-{}", finding.kind.id().replace('_', "-"), finding.id);
    let folder: PathBuf = evidence.join(&name);
    for (file, bytes) in &condition.evidence {
        keeping::put(terminal, &folder.join(file), bytes, false)?;
    }
    Ok(Some(format!("evidence/{name}")))
}

#[cfg(test)]
mod tests {
    use ledger_core::Language;
    use serde_json::Value;

    use super::*;

    fn terminal() -> Terminal {
        Terminal::new(Language::En)
    }

    fn condition(kind: Kind, scope: Scope, subject: &str, patience_seconds: u64) -> Condition {
        Condition {
            kind,
            scope,
            subject: subject.to_owned(),
            message: "m".to_owned(),
            details: Value::Null,
            evidence: Vec::new(),
            patience_seconds,
        }
    }

    struct Bench {
        memory: Memory,
        folder: tempfile::TempDir,
        now: LogTime,
    }

    impl Bench {
        fn new() -> Self {
            Self {
                memory: Memory::default(),
                folder: tempfile::tempdir().unwrap(),
                now: LogTime::from_unix(1_800_000_000).unwrap(),
            }
        }

        /// What is told after a look, some seconds later.
        fn look(
            &mut self,
            later: u64,
            conditions: Vec<Condition>,
            at: &[Scope],
        ) -> Vec<(Kind, Standing)> {
            self.now = self.now.plus_seconds(later);
            let look = Look {
                conditions,
                looked_at: at.iter().cloned().collect(),
            };
            let origin: Origin = "sanzi.example.org/donglang".parse().unwrap();
            let evidence = self.folder.path().join("evidence");
            self.memory
                .take(terminal(), Some(&origin), look, self.now, &evidence)
                .unwrap();
            let told = self.memory.outgoing.drain(..);
            told.map(|finding| (finding.kind, finding.state)).collect()
        }
    }

    #[test]
    fn what_lasts_long_enough_is_told_once_and_again_when_it_is_over() {
        let mut bench = Bench::new();
        let overdue = || condition(Kind::Overdue, Scope::Record, "2018-1 7", 0);
        let found = vec![(Kind::Overdue, Standing::Found)];
        assert_eq!(bench.look(0, vec![overdue()], &[Scope::Record]), found);
        assert_eq!(bench.look(60, vec![overdue()], &[Scope::Record]), []);
        // What was not looked at is not over.
        assert_eq!(bench.look(60, vec![], &[Scope::Ledger]), []);
        let settled = vec![(Kind::Overdue, Standing::Settled)];
        assert_eq!(bench.look(60, vec![], &[Scope::Record]), settled);
        assert_eq!(bench.look(60, vec![overdue()], &[Scope::Record]), found);
    }

    #[test]
    fn what_is_over_before_its_time_is_never_told() {
        let mut bench = Bench::new();
        let scope = Scope::Source("http://a".to_owned());
        let behind = || condition(Kind::Behind, scope.clone(), "", 600);
        let at = [scope.clone()];
        assert_eq!(bench.look(0, vec![behind()], &at), []);
        assert_eq!(bench.look(599, vec![behind()], &at), []);
        assert_eq!(bench.look(1, vec![], &at), []);
        assert_eq!(bench.look(0, vec![behind()], &at), []);
        assert_eq!(
            bench.look(600, vec![behind()], &at),
            [(Kind::Behind, Standing::Found)]
        );
    }

    #[test]
    fn a_split_view_stays_until_a_person_has_dealt_with_it() {
        let mut bench = Bench::new();
        let scope = Scope::Source("http://a".to_owned());
        let at = [scope.clone()];
        let mut split = condition(Kind::SplitView, scope, "", 0);
        split.evidence = vec![("older.note", b"x".to_vec())];
        assert_eq!(bench.look(0, vec![split], &at).len(), 1);
        assert_eq!(bench.look(9, vec![], &at), []);
        assert_eq!(bench.memory.standings().integrity, 1);
        let told = bench.memory.told().next().unwrap().clone();
        let note = bench
            .folder
            .path()
            .join(told.evidence.unwrap())
            .join("older.note");
        assert_eq!(std::fs::read(note).unwrap(), b"x");
        bench.memory.keep_sources(&BTreeSet::new());
        assert!(!bench.memory.forget("0"));
        assert!(bench.memory.forget(&told.id));
        assert_eq!(bench.memory.standings(), Standings::default());
    }

    #[test]
    fn what_was_found_survives_with_the_fact_that_it_was() {
        let mut bench = Bench::new();
        let file = bench.folder.path().join("memory.json");
        bench.look(0, vec![condition(Kind::Silent, Scope::Ledger, "", 0)], &[]);
        bench.memory.outgoing = bench.memory.told().cloned().collect();
        bench.memory.write(terminal(), &file).unwrap();
        assert_eq!(Memory::read(terminal(), &file).unwrap(), bench.memory);
        std::fs::write(&file, b"{}").unwrap();
        assert!(Memory::read(terminal(), &file).is_err());
        let none = bench.folder.path().join("none.json");
        assert_eq!(Memory::read(terminal(), &none).unwrap(), Memory::default());
    }
}
