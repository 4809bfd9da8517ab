//! Who holds entries and checkpoints of a ledger, and a store filled from all of them together.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ledger_core::Pins;
use ledger_core::checkpoint::SignedCheckpoint;
use ledger_core::ledger::{Rebuild, RebuildError};
use ledger_core::source::Source as _;
use ledger_core::store::local::LocalStore;
use ledger_core::tile::{Tile, TileError, TileLevel, TileSource as _, parse_bundle};

use super::{building, receipts};
use crate::exchange::lines::Reader;
use crate::raw_folder::RawFolder;
use crate::source_arg::{self, OpenSource};
use crate::terminal::{Refused, Terminal};
use crate::url_source::bundle_of;

/// A checkpoint that the log's key signed, and who has it.
#[derive(Clone)]
pub(super) struct Candidate {
    pub(super) checkpoint: SignedCheckpoint,
    pub(super) of: String,
}

impl Candidate {
    pub(super) fn size(&self) -> u64 {
        self.checkpoint.checkpoint().size()
    }
}

/// Somebody's entries, not to be believed.
struct Holder {
    entries: Entries,
    /// The bundle that was read last.
    recent: Option<(u64, Vec<Vec<u8>>)>,
    size: u64,
}

enum Entries {
    Lines(Vec<Vec<u8>>),
    Own(RawFolder),
    /// Here and there one, each proven by its receipt.
    Receipts(BTreeMap<u64, Vec<u8>>),
    Source(Box<OpenSource>),
}

/// Everybody who holds something.
pub(super) struct Holders {
    pub(super) candidates: Vec<Candidate>,
    holders: Vec<Holder>,
}

impl Holders {
    /// Opens the sources, and the ledger's own folder as the last of them.
    pub(super) fn gather(
        terminal: Terminal,
        pins: &Pins,
        from: &[String],
        own: &Path,
    ) -> anyhow::Result<Self> {
        let mut all = Self {
            candidates: Vec::new(),
            holders: Vec::new(),
        };
        for place in from {
            let receipts = receipts::found(terminal, place)?;
            if !receipts.is_empty() {
                all.take_receipts(terminal, pins, &receipts)?;
                continue;
            }
            let is_file = Path::new(place).is_file();
            if is_file && all.take_checkpoint(pins, place)? {
                continue;
            }
            let (entries, checkpoint) = match is_file {
                true => lines(terminal, place)?,
                false => source(terminal, pins, place)?,
            };
            let opened = SignedCheckpoint::open(&checkpoint, &pins.log_key)
                .ok()
                .filter(|one| one.checkpoint().origin() == pins.origin.as_str());
            let Some(opened) = opened else {
                bail!(Refused(terminal.pick(
                    format!("{place} 不是这个账本的：检查点不是它的日志钥匙签的"),
                    format!(
                        "{place} is not of this ledger: its checkpoint is not by the log's key"
                    ),
                )));
            };
            let size = match &entries {
                Entries::Lines(lines) => lines.len() as u64,
                _ => opened.checkpoint().size(),
            };
            all.add(Some(opened), place);
            all.holders.push(Holder {
                entries,
                recent: None,
                size,
            });
        }
        let raw = RawFolder::new(own.to_owned());
        let checkpoint = raw.checkpoint().unwrap_or_default();
        let checkpoint = SignedCheckpoint::open(&checkpoint, &pins.log_key).ok();
        all.add(checkpoint, terminal.pick("本文件夹", "the folder itself"));
        let mut own = Holder {
            entries: Entries::Own(raw),
            recent: None,
            size: u64::MAX,
        };
        own.size = own.count();
        all.holders.push(own);
        // The one that reaches farthest is asked first.
        all.holders
            .sort_by_key(|holder| std::cmp::Reverse(holder.size));
        Ok(all)
    }

    /// Adds a checkpoint that somebody has.
    pub(super) fn add(&mut self, checkpoint: Option<SignedCheckpoint>, of: &str) {
        self.candidates
            .extend(checkpoint.map(|checkpoint| Candidate {
                checkpoint,
                of: of.to_owned(),
            }));
    }

    /// Takes entries out of receipts; each shows a checkpoint, too.
    fn take_receipts(
        &mut self,
        terminal: Terminal,
        pins: &Pins,
        files: &[PathBuf],
    ) -> anyhow::Result<()> {
        let mut entries = BTreeMap::new();
        for file in files {
            let (index, entry, checkpoint) = receipts::read(terminal, pins, file)?;
            entries.extend(entry.map(|entry| (index, entry)));
            self.add(Some(checkpoint), &file.display().to_string());
        }
        let size = entries.last_key_value().map_or(0, |(last, _)| last + 1);
        self.holders.push(Holder {
            entries: Entries::Receipts(entries),
            recent: None,
            size,
        });
        Ok(())
    }

    /// Takes a file that is nothing but a checkpoint of this log; whether it is one.
    fn take_checkpoint(&mut self, pins: &Pins, place: &str) -> anyhow::Result<bool> {
        let bytes = std::fs::read(place)?;
        let opened = SignedCheckpoint::open(&bytes, &pins.log_key);
        let opened = opened
            .ok()
            .filter(|one| one.checkpoint().origin() == pins.origin.as_str());
        let is_one = opened.is_some();
        self.add(opened, place);
        Ok(is_one)
    }

    /// How many entries somebody has, from the first on.
    pub(super) fn held(&self) -> u64 {
        let whole = |holder: &&Holder| !matches!(holder.entries, Entries::Receipts(_));
        let sizes = self.holders.iter().filter(whole).map(|holder| holder.size);
        let mut held = sizes.max().unwrap_or(0);
        while self.holders.iter().any(|holder| holder.has(held)) {
            held += 1;
        }
        held
    }

    /// The newest checkpoint that anybody has.
    pub(super) fn newest_known(&self) -> Option<&Candidate> {
        self.candidates.iter().max_by_key(|one| one.size())
    }

    /// Takes what entries there are, from the first on, as far as anybody has one that holds.
    pub(super) fn save<'a>(
        &mut self,
        terminal: Terminal,
        pins: &'a Pins,
        store: LocalStore,
    ) -> anyhow::Result<Rebuild<'a, LocalStore>> {
        let mut rebuild = Rebuild::saving(store, pins)?;
        loop {
            let index = rebuild.size();
            let mut taken = false;
            for holder in &mut self.holders {
                let Some(entry) = holder.entry(index) else {
                    continue;
                };
                match rebuild.feed(&entry) {
                    Ok(_) => taken = true,
                    Err(error @ RebuildError::Store(_)) => return Err(error.into()),
                    Err(_) => continue,
                }
                break;
            }
            if !taken {
                return Ok(rebuild);
            }
            let here = self
                .candidates
                .iter()
                .filter(|one| one.size() == rebuild.size());
            for other in here {
                let (expected, found) = (*other.checkpoint.checkpoint().root(), rebuild.root());
                if expected != found {
                    bail!(Refused(terminal.pick(
                        format!("找到的前 {} 条不是{}的检查点所签的；没有改动任何东西。请去掉有问题的来源再试", other.size(), other.of),
                        format!("the first {} entries found are not those that the checkpoint of {} is of; nothing was changed. Leave out the source that is at fault", other.size(), other.of),
                    )));
                }
            }
        }
    }

    /// The size of the newest checkpoint added so far.
    pub(super) fn newest(&self) -> u64 {
        let sizes = self.candidates.iter().map(Candidate::size);
        sizes.max().unwrap_or(0)
    }

    /// Two trees of one size by one key are a fork; there is nothing to repair then.
    pub(super) fn check_one_history(&self, terminal: Terminal) -> anyhow::Result<()> {
        for (number, one) in self.candidates.iter().enumerate() {
            let other = self.candidates.iter().skip(number + 1).find(|other| {
                let (a, b) = (one.checkpoint.checkpoint(), other.checkpoint.checkpoint());
                a.size() == b.size() && a.root() != b.root()
            });
            if let Some(other) = other {
                bail!(Refused(terminal.pick(
                    format!("分叉：{}和{}各有一份同一把钥匙签的 {} 条检查点，树根不同。没有改动任何东西；请保存两份作为证据，查明之前不要签。", one.of, other.of, one.size()),
                    format!("a fork: {} and {} each have a checkpoint of {} entries by the same key, with different roots. Nothing was changed; keep both as evidence, and sign nothing before it is explained.", one.of, other.of, one.size()),
                )));
            }
        }
        Ok(())
    }

    /// Fills an empty store up to a checkpoint: each entry from the first who has one that holds.
    pub(super) fn fill(
        &mut self,
        terminal: Terminal,
        pins: &Pins,
        target: &Candidate,
        store: LocalStore,
    ) -> anyhow::Result<LocalStore> {
        let refused = |error| building::does_not_hold(terminal, &target.of, error);
        let bar = terminal.progress(terminal.pick("重建", "building"));
        bar.set_length(target.size());
        let checkpoint = target.checkpoint.to_bytes();
        let mut rebuild = Rebuild::new(store, pins, &checkpoint).map_err(refused)?;
        for index in 0..target.size() {
            let mut fault = None;
            let mut taken = false;
            for holder in &mut self.holders {
                let Some(entry) = holder.entry(index) else {
                    continue;
                };
                match rebuild.feed(&entry) {
                    Ok(_) => {
                        taken = true;
                        break;
                    }
                    Err(error @ RebuildError::Store(_)) => return Err(refused(error)),
                    Err(error) => fault = Some(error),
                }
            }
            match (taken, fault) {
                (true, _) => {}
                (false, Some(fault)) => return Err(refused(fault)),
                (false, None) => bail!(Refused(terminal.pick(
                    format!("第 {index} 条谁都没有；没有改动任何东西。请再找一个来源（--from）"),
                    format!("nobody has entry {index}; nothing was changed. Find another source (--from)"),
                ))),
            }
            if index.is_multiple_of(256) {
                bar.set_position(index);
            }
        }
        let store = rebuild.finish().map_err(refused)?;
        bar.finish_and_clear();
        Ok(store)
    }
}

impl Holder {
    /// Whether it has an entry at that place, good or bad, as far as can be told without reading.
    fn has(&self, index: u64) -> bool {
        match &self.entries {
            Entries::Receipts(entries) => entries.contains_key(&index),
            _ => index < self.size,
        }
    }

    /// An entry, if this one has it. What cannot be read is not there.
    fn entry(&mut self, index: u64) -> Option<Vec<u8>> {
        if index >= self.size {
            return None;
        }
        match &self.entries {
            Entries::Lines(lines) => return lines.get(usize::try_from(index).ok()?).cloned(),
            Entries::Receipts(entries) => return entries.get(&index).cloned(),
            Entries::Own(_) | Entries::Source(_) => {}
        }
        let bundle = index / 256;
        if self.recent.as_ref().is_none_or(|(held, _)| *held != bundle) {
            self.recent = Some((bundle, self.bundle(bundle)));
        }
        let (_, entries) = self.recent.as_ref()?;
        entries.get(usize::try_from(index % 256).ok()?).cloned()
    }

    fn bundle(&self, bundle: u64) -> Vec<Vec<u8>> {
        let bytes = match &self.entries {
            Entries::Lines(_) | Entries::Receipts(_) => None,
            Entries::Own(raw) => Tile::new(TileLevel::Entries, bundle, 256)
                .ok()
                .and_then(|tile| raw.fetch(&tile).ok()),
            Entries::Source(source) => bundle_of(bundle * 256, self.size)
                .and_then(|tile| source.fetch(&tile))
                .ok(),
        };
        let bytes = bytes.unwrap_or_default();
        let whole = match parse_bundle(&bytes) {
            Err(TileError::Torn { at }) => bytes.get(..at).unwrap_or_default(),
            _ => &bytes,
        };
        let entries = parse_bundle(whole).unwrap_or_default();
        entries.into_iter().map(<[u8]>::to_vec).collect()
    }

    /// How many whole entries the ledger's own folder has.
    fn count(&self) -> u64 {
        let widths = (0..).map(|bundle| self.bundle(bundle).len() as u64);
        let mut size = 0;
        for width in widths {
            size += width;
            if width < 256 {
                break;
            }
        }
        size
    }
}

fn source(terminal: Terminal, pins: &Pins, place: &str) -> anyhow::Result<(Entries, Vec<u8>)> {
    let meant = source_arg::each(terminal, place, None)?;
    let slug = pins.origin.slug();
    let ours = meant
        .iter()
        .find(|one| one.ends_with(&format!("#{slug}")) || one.ends_with(&format!("/{slug}")));
    let source = source_arg::open(terminal, ours.map_or(place, |one| one.as_str()), None)?;
    let checkpoint = source.checkpoint()?;
    Ok((Entries::Source(Box::new(source)), checkpoint))
}

fn lines(terminal: Terminal, place: &str) -> anyhow::Result<(Entries, Vec<u8>)> {
    let words = || {
        terminal.pick(
            format!("{place} 不是导出的条目（.jsonl）"),
            format!("{place} holds no exported entries (.jsonl)"),
        )
    };
    let file = File::open(place).with_context(words)?;
    let mut reader = Reader::new(BufReader::new(file)).with_context(words)?;
    let checkpoint = reader.header().checkpoint.clone().into_bytes();
    let mut entries = Vec::new();
    // What a cut file still has is worth having.
    while let Ok(Some(entry)) = reader.entry() {
        entries.push(entry.into_bytes());
    }
    Ok((Entries::Lines(entries), checkpoint))
}
