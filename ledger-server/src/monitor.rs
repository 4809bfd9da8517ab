//! Watches ledgers from outside: several sources and witnesses of each, again and again. (监督)
//!
//! ```text
//! <data>/memory.json                   what was told, and what is still to be told
//! <data>/ledgers/<SHA-256 of origin>/  pins.json, and a copy of the entries that was checked
//! <data>/evidence/<kind>-<id>/         what proves a finding
//! <data>/outbox/<receiver>/            findings on their way
//! <data>/findings.jsonl                every finding, a line each
//! ```
//!
//! Believes no source: what counts is the pinned key, the tree, the rules, and what was seen before.
//! Losing power at any moment loses no finding; it may be told twice then, under the same id.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use ledger_core::hash::Digest;
use ledger_core::policy::Policy;
use ledger_core::source::Source as _;
use ledger_core::{LogTime, Origin, Pins};
use serde_json::json;

pub(crate) mod book;
pub(crate) mod finding;
mod memory;
pub(crate) mod outbox;
mod overdue;
mod pace;
pub(crate) mod showing;
pub(crate) mod split;
pub(crate) mod target;
mod watch;

use finding::{Finding, Kind, Scope};
pub(crate) use memory::Standings;
use memory::{Look, Memory};
use showing::{Followed, Showing, Window};
pub(crate) use watch::Rules;
use watch::{Shown, Watch, condition, unreachable};

use crate::moment;
use crate::source_arg::{self, OpenSource};
use crate::terminal::Terminal;
use crate::url_source::UrlSource;

/// Whom to ask.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) sources: Vec<String>,
    /// Witnesses that are told about if they do not answer.
    pub(crate) witnesses: Vec<String>,
    /// What is known of the ledgers beforehand; if empty, what their sources say first is taken.
    pub(crate) pins: Vec<Pins>,
}

/// A monitor's folder, locked for this process.
pub(crate) struct Monitor {
    terminal: Terminal,
    data: PathBuf,
    asked: Asked,
    rules: Rules,
    memory: Memory,
    watches: BTreeMap<Origin, Watch>,
    window: Window,
    _lock: File,
}

/// A source that answered, or did not.
struct Answered {
    place: String,
    answer: anyhow::Result<(OpenSource, anyhow::Result<Vec<u8>>)>,
}

impl Monitor {
    /// Opens the folder, and makes it if it is missing. What was told of sources that are not asked any
    /// more is forgotten.
    pub(crate) fn open(
        terminal: Terminal,
        data: &Path,
        asked: Asked,
        rules: Rules,
    ) -> anyhow::Result<Self> {
        let mut monitor = Self::locked(terminal, data)?;
        let followed = (asked.sources.iter()).chain(&asked.witnesses).cloned();
        let of_policies = rules.policies.iter().flat_map(|policy| policy.witnesses());
        let of_policies = of_policies.filter_map(|witness| witness.url().map(str::to_owned));
        let followed = followed.chain(of_policies).collect();
        monitor.memory.keep_sources(&followed);
        (monitor.asked, monitor.rules) = (asked, rules);
        Ok(monitor)
    }

    /// Opens the folder as it is, to ask nobody.
    pub(crate) fn locked(terminal: Terminal, data: &Path) -> anyhow::Result<Self> {
        let locked = std::fs::create_dir_all(data)
            .and_then(|()| File::create(data.join(".lock")))
            .with_context(|| data.display().to_string())?;
        if locked.try_lock().is_err() {
            bail!(terminal.pick(
                format!(
                    "{} 正被另一个 sanzi monitor 使用；请先停掉它，或换一个 --data",
                    data.display()
                ),
                format!(
                    "another sanzi monitor uses {}; stop it first, or take another --data",
                    data.display()
                ),
            ));
        }
        Ok(Self {
            terminal,
            data: data.to_owned(),
            asked: Asked::default(),
            rules: Rules::default(),
            memory: Memory::read(terminal, &data.join("memory.json"))?,
            watches: BTreeMap::new(),
            window: Window::default(),
            _lock: locked,
        })
    }

    /// Forgets a finding that a person has dealt with.
    pub(crate) fn acknowledge(&mut self, id: &str) -> anyhow::Result<bool> {
        let known = self.memory.forget(id);
        self.save()?;
        Ok(known)
    }

    /// What has been told and is still so.
    pub(crate) fn told(&self) -> impl Iterator<Item = &Finding> {
        self.memory.told()
    }

    /// How many sources are asked.
    pub(crate) fn sources(&self) -> usize {
        self.asked.sources.len()
    }

    /// The ledgers, each with its name and size.
    pub(crate) fn ledgers(&self) -> impl Iterator<Item = (&Origin, Option<&str>, u64)> {
        let ledgers = self.memory.ledgers.iter();
        ledgers.map(|(origin, ledger)| (origin, ledger.name.as_deref(), ledger.size))
    }

    /// Looks at everything once. What is found is on the disk before it is handed on, and is handed on
    /// again the next time if that fails.
    ///
    /// # Errors
    /// If the monitor's own folder cannot be read or written, or what is handed on not be taken.
    pub(crate) fn look(
        &mut self,
        hand_on: &mut dyn FnMut(&[Finding]) -> anyhow::Result<()>,
    ) -> anyhow::Result<Standings> {
        // What was found before and could not be handed on, or not even be written down.
        self.save()?;
        self.hand_on(hand_on)?;
        let known: Vec<Origin> = self.watches.keys().cloned().collect();
        // Witnesses first: what they have seen, the sources must have by then.
        let mut shown = self.ask_witnesses(&known);
        let mut unknown = Look::default();
        for answered in self.ask_sources() {
            self.sort_in(answered, &mut shown, &mut unknown)?;
        }
        if self.rules.supervised {
            for origin in self.take_up()? {
                shown.entry(origin).or_default();
            }
        }
        let new = |origin: &&Origin| !known.contains(origin);
        let new: Vec<Origin> = self.watches.keys().filter(new).cloned().collect();
        for (origin, more) in self.ask_witnesses(&new) {
            shown.entry(origin).or_default().extend(more);
        }
        let now = moment::now()?;
        let evidence = self.data.join("evidence");
        (self.memory).take(self.terminal, None, unknown, now, &evidence)?;
        for (origin, shown) in shown {
            let Some(watch) = self.watches.get_mut(&origin) else {
                continue;
            };
            let look = watch.look(shown, &mut self.memory, &self.rules, now)?;
            let terminal = self.terminal;
            (self.memory).take(terminal, Some(&origin), look, now, &evidence)?;
        }
        self.save()?;
        self.show(now);
        self.hand_on(hand_on)?;
        Ok(self.memory.standings())
    }

    /// What it knows, for those who look at its page.
    pub(crate) fn window(&self) -> Window {
        self.window.clone()
    }

    fn show(&self, now: LogTime) {
        let mut origins: BTreeSet<&Origin> = self.watches.keys().collect();
        let asked = self.asked.sources.iter();
        let known = asked.filter_map(|place| Some((place, self.memory.sources.get(place)?)));
        let mut sources: BTreeMap<&Origin, Vec<String>> = BTreeMap::new();
        for (place, seen) in known {
            origins.insert(&seen.origin);
            sources.entry(&seen.origin).or_default().push(place.clone());
        }
        let followed = |origin: &Origin| {
            let watch = self.watches.get(origin);
            let (checked, compared_at) = watch.map_or((0, None), Watch::checked);
            let known = self.memory.ledgers.get(origin);
            Followed {
                origin: origin.clone(),
                name: known.and_then(|ledger| ledger.name.clone()),
                sources: sources.get(origin).cloned().unwrap_or_default(),
                checked,
                compared_at,
                book: watch.map(|watch| Arc::clone(watch.book())),
            }
        };
        self.window.show(Showing {
            looked_at: Some(now),
            ledgers: origins.into_iter().map(followed).collect(),
            findings: self.memory.told().cloned().collect(),
        });
    }

    fn hand_on(
        &mut self,
        hand_on: &mut dyn FnMut(&[Finding]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        if self.memory.outgoing.is_empty() {
            return Ok(());
        }
        self.note_down()?;
        hand_on(&self.memory.outgoing)?;
        self.memory.outgoing.clear();
        self.save()
    }

    /// Adds what was found to the file of everything that was ever found.
    fn note_down(&self) -> anyhow::Result<()> {
        let mut lines = String::new();
        for finding in &self.memory.outgoing {
            lines.push_str(&json!(finding).to_string());
            lines.push('\n');
        }
        let path = self.data.join("findings.jsonl");
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        file.write_all(lines.as_bytes())?;
        file.sync_all().with_context(|| path.display().to_string())
    }

    fn save(&self) -> anyhow::Result<()> {
        self.memory
            .write(self.terminal, &self.data.join("memory.json"))
    }

    /// Asks all sources at once; one that is slow holds up the others for as long as it may take.
    fn ask_sources(&self) -> Vec<Answered> {
        let terminal = self.terminal;
        std::thread::scope(|scope| {
            let asked: Vec<_> = (self.asked.sources.iter())
                .map(|place| {
                    let pins = self.pins_file(place);
                    let ask = move || ask(terminal, place, pins.as_deref());
                    (place, scope.spawn(ask))
                })
                .collect();
            let joined = asked.into_iter().map(|(place, thread)| Answered {
                place: place.clone(),
                answer: thread.join().unwrap_or_else(|_| bail!("{place}")),
            });
            joined.collect()
        })
    }

    /// Takes up the copies of ledgers none of whose sources has answered since the start, so that what was
    /// checked before can be shown.
    fn take_up(&mut self) -> anyhow::Result<Vec<Origin>> {
        let mut taken = Vec::new();
        for place in &self.asked.sources {
            let Some(file) = self.pins_file(place) else {
                continue;
            };
            let pins = source_arg::read_pins(self.terminal, &file)?;
            let given = self.asked.pins.is_empty() || self.asked.pins.contains(&pins);
            if given && !self.watches.contains_key(&pins.origin) {
                let watch = Watch::open(self.terminal, &self.data, &pins, &self.rules)?;
                taken.push(pins.origin.clone());
                self.watches.insert(pins.origin, watch);
            }
        }
        Ok(taken)
    }

    /// The pins of the ledger that a source is known to have.
    fn pins_file(&self, place: &str) -> Option<PathBuf> {
        let origin = &self.memory.sources.get(place)?.origin;
        let name = Digest::of(origin.as_str().as_bytes()).to_string();
        let file = self.data.join("ledgers").join(name).join(split::PINS);
        file.is_file().then_some(file)
    }

    /// Finds out which ledger a source has.
    fn sort_in(
        &mut self,
        answered: Answered,
        shown: &mut BTreeMap<Origin, Vec<Shown>>,
        unknown: &mut Look,
    ) -> anyhow::Result<()> {
        let Answered { place, answer } = answered;
        let (source, checkpoint) = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let condition = unreachable(self.terminal, &place, &error, &self.rules);
                unknown.conditions.push(condition);
                return Ok(());
            }
        };
        unknown.looked_at.insert(Scope::Source(place.clone()));
        if let Some(fault) = self.adopt(&source)? {
            let scope = Scope::Source(place);
            let bad = condition(Kind::BadCheckpoint, scope, fault, json!(source.pins));
            unknown.conditions.push(bad);
            return Ok(());
        }
        let origin = source.pins.origin.clone();
        shown.entry(origin).or_default().push(Shown {
            place,
            source: Some(source),
            checkpoint,
        });
        Ok(())
    }

    /// Takes a source's ledger under watch, if it is not yet; or says why it must not be.
    fn adopt(&mut self, source: &OpenSource) -> anyhow::Result<Option<String>> {
        let (found, terminal) = (&source.pins, self.terminal);
        let place = &source.place;
        let given = self
            .asked
            .pins
            .iter()
            .find(|pins| pins.origin == found.origin);
        if given.is_none() && !self.asked.pins.is_empty() {
            return Ok(Some(terminal.pick(
                format!("{place} 的账本 {} 不在给定的信任锚之列，没有采信。", found.origin),
                format!("{place} has the ledger {}, of which no pins were given; nothing of it is believed.", found.origin),
            )));
        }
        if found.log_key.name() != found.origin.as_str() {
            return Ok(Some(terminal.pick(
                format!("{place} 自称是账本 {}，日志公钥却是 {} 的，没有采信。", found.origin, found.log_key.name()),
                format!("{place} claims to have {}, but its key is that of {}; nothing of it is believed.", found.origin, found.log_key.name()),
            )));
        }
        if !self.watches.contains_key(&found.origin) {
            let file = Watch::folder(&self.data, found).join(split::PINS);
            let kept = match file.is_file() {
                true => Some(source_arg::read_pins(terminal, &file)?),
                false => None,
            };
            let pins = kept.as_ref().or(given).unwrap_or(found);
            if given.is_some_and(|given| given != pins) {
                bail!(terminal.pick(
                    format!("--pins 与 {} 里记下的不同；若账本确实换了，请换一个 --data", file.display()),
                    format!("--pins differ from those in {}; if the ledger really is another one, take another --data", file.display()),
                ));
            }
            if source.self_pinned && given.is_none() && kept.is_none() {
                source.warn_self_pinned();
            }
            let watch = Watch::open(terminal, &self.data, pins, &self.rules)?;
            self.warn_without_policy(pins);
            self.watches.insert(found.origin.clone(), watch);
        }
        let pins = self.watches.get(&found.origin).map(Watch::pins);
        Ok(match pins {
            Some(pins) if pins != found => Some(terminal.pick(
                format!("{place} 自称是账本 {}，但账本编号或日志公钥与信任锚不符：这是另一个账本，可能有人推倒重来。应为 {} / {}，实为 {} / {}。", found.origin, pins.ledger_id, pins.log_key, found.ledger_id, found.log_key),
                format!("{place} claims to have {}, but its id or key are not the pinned ones: it is another ledger, somebody may have started afresh. Expected {} / {}, found {} / {}.", found.origin, pins.ledger_id, pins.log_key, found.ledger_id, found.log_key),
            )),
            _ => None,
        })
    }

    /// A policy that is of other logs only says nothing of this one.
    fn warn_without_policy(&self, pins: &Pins) {
        let policies = &self.rules.policies;
        let of_it = |policy: &Policy| {
            let mut logs = policy.logs().iter();
            policy.logs().is_empty() || logs.any(|log| *log.key() == pins.log_key)
        };
        if !policies.is_empty() && !policies.iter().any(of_it) {
            self.terminal.advise(self.terminal.pick(
                format!("注意：给定的见证规则里没有 {} 的日志公钥，这个账本没有按见证规则核对", pins.origin),
                format!("note: the policies do not name the key of {}, so its witnesses are not checked", pins.origin),
            ));
        }
    }

    /// Asks all witnesses for what they have seen of these ledgers.
    fn ask_witnesses(&self, origins: &[Origin]) -> BTreeMap<Origin, Vec<Shown>> {
        let terminal = self.terminal;
        let mut urls: BTreeSet<(&str, bool)> = BTreeSet::new();
        urls.extend(self.asked.witnesses.iter().map(|url| (url.as_str(), true)));
        let of_policies = (self.rules.policies.iter()).flat_map(|policy| policy.witnesses());
        for url in of_policies.filter_map(|witness| witness.url()) {
            if !self.asked.witnesses.iter().any(|named| named == url) {
                urls.insert((url, false));
            }
        }
        std::thread::scope(|scope| {
            let mut asked = Vec::new();
            for origin in origins {
                for (url, named) in urls.iter().copied() {
                    let ask = move || ask_witness(terminal, url, origin, named);
                    asked.push((origin, url, scope.spawn(ask)));
                }
            }
            let mut shown: BTreeMap<Origin, Vec<Shown>> = BTreeMap::new();
            for (origin, url, thread) in asked {
                let answer = thread.join().unwrap_or_else(|_| bail!("{url}"));
                let Some(checkpoint) = answer.transpose() else {
                    continue;
                };
                shown.entry(origin.clone()).or_default().push(Shown {
                    place: url.to_owned(),
                    source: None,
                    checkpoint,
                });
            }
            shown
        })
    }
}

/// Opens a source and fetches its checkpoint.
fn ask(
    terminal: Terminal,
    place: &str,
    pins: Option<&Path>,
) -> anyhow::Result<(OpenSource, anyhow::Result<Vec<u8>>)> {
    let source = source_arg::open_by(terminal, place, pins, UrlSource::watched)?;
    let checkpoint = source.checkpoint();
    Ok((source, checkpoint))
}

/// What a witness has cosigned of a ledger; nothing, if one of a policy has not or does not tell.
fn ask_witness(
    terminal: Terminal,
    url: &str,
    origin: &Origin,
    named: bool,
) -> anyhow::Result<Option<Vec<u8>>> {
    let hash = Digest::of(origin.as_str().as_bytes());
    let name = format!("{hash}/checkpoint");
    let found = UrlSource::watched(terminal, url).get_if_there(&name)?;
    if found.is_none() && named {
        bail!(terminal.pick(
            format!("这个见证方没有 {origin} 的检查点"),
            format!("this witness has no checkpoint of {origin}"),
        ));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use ledger_core::Language;

    use super::*;

    #[test]
    fn what_could_not_be_handed_on_is_handed_on_the_next_time() {
        let kept = tempfile::tempdir().unwrap();
        let data = kept.path().join("watch");
        let terminal = Terminal::new(Language::En);
        let open = || {
            let asked = Asked {
                sources: vec![kept.path().join("nothing").display().to_string()],
                ..Asked::default()
            };
            let rules = Rules {
                once: true,
                ..Rules::default()
            };
            Monitor::open(terminal, &data, asked, rules).unwrap()
        };
        let mut first = Vec::new();
        let looked = open().look(&mut |findings| {
            first.extend(findings.to_vec());
            bail!("the disk is full")
        });
        assert!(looked.is_err());
        assert_eq!(first.len(), 1);
        for expected in [first, Vec::new()] {
            let mut again = Vec::new();
            let looked = open().look(&mut |findings| {
                again.extend(findings.to_vec());
                Ok(())
            });
            assert_eq!(looked.unwrap().unchecked, 1);
            assert_eq!(again, expected);
        }
    }
}
