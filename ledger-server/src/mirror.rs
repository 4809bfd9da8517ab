//! Keeps a static copy of a ledger: what any web server can serve as its whole read side. (镜像)
//!
//! ```text
//! <place>/ledgers.json
//! <place>/<slug>/checkpoint, ledger.json, tile/…, documents/<sha256>
//! <place>/<slug>/documents.missing     documents that the source did not have, asked for again each time
//! ```
//!
//! Every tile is compared with the checkpoint that the pinned key signed, and that checkpoint has to
//! continue the copy's own; only then is it put in the place of the older one, last and as a whole. So
//! whoever reads the copy sees one state of it or the next. Private documents are no part of it. Whether
//! the entries keep the rules is for an audit of the copy.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, bail};
use ledger_core::checkpoint::{Checkpoint, SignedCheckpoint};
use ledger_core::cosignature;
use ledger_core::event::{Event, LoggedEntry};
use ledger_core::hash::{Digest, Hash};
use ledger_core::policy::Policy;
use ledger_core::source::Source as _;
use ledger_core::store::stored_hashes;
use ledger_core::tile::{
    Tile, TileLevel, TileReadError, TileReader, encode_bundle, encode_hashes, tiles_between,
};
use ledger_core::tree::{HashReader as _, TreeError, prove_consistency, verify_consistency};
use serde_json::{Value, json};

use crate::named::Named;
use crate::source_arg::OpenSource;
use crate::terminal::{Refused, Terminal};

#[cfg(feature = "s3")]
mod bucket;
mod place;

use self::place::{Place, Seen};

/// From how many new tiles on a bucket is asked first what it has.
const MANY: usize = 8;

/// The file with the digests of documents that the source did not have.
const MISSING: &str = "documents.missing";

/// What an update did.
#[derive(Debug)]
pub(crate) struct Copied {
    /// How many entries there were before, and are now.
    pub(crate) before: u64,
    pub(crate) size: u64,
    pub(crate) root: Hash,
    /// How many documents came, and how many the source does not have.
    pub(crate) documents: usize,
    pub(crate) missing: usize,
}

/// A place of copies: a folder, locked for this process, or a bucket.
pub(crate) struct Mirrors {
    place: Place,
    terminal: Terminal,
}

impl Mirrors {
    /// Opens a folder, and makes it if it is missing, or a bucket (`s3://…`).
    pub(crate) fn open(terminal: Terminal, place: &str) -> anyhow::Result<Self> {
        let place = Place::open(terminal, place)?;
        Ok(Self { place, terminal })
    }

    /// Opens a folder, whatever its name, and makes it if it is missing.
    pub(crate) fn in_folder(terminal: Terminal, folder: &Path) -> anyhow::Result<Self> {
        let place = Place::folder(terminal, folder)?;
        Ok(Self { place, terminal })
    }

    /// Brings the copy of one ledger up to its source. Nothing that readers rely on is replaced unless all
    /// holds.
    pub(crate) fn update(&self, source: &OpenSource) -> anyhow::Result<Copied> {
        self.copy(source, true)
    }

    /// As [`Mirrors::update`], without the documents.
    pub(crate) fn update_entries(&self, source: &OpenSource) -> anyhow::Result<Copied> {
        self.copy(source, false)
    }

    fn copy(&self, source: &OpenSource, with_documents: bool) -> anyhow::Result<Copied> {
        let copy = Copy {
            place: &self.place,
            source,
            terminal: self.terminal,
            with_documents,
        };
        let (copied, description) = copy.update()?;
        self.list(description)?;
        Ok(copied)
    }

    /// Puts a copy's description into `ledgers.json`.
    fn list(&self, mut description: Value) -> anyhow::Result<()> {
        const NAME: &str = "ledgers.json";
        if let Some(fields) = description.as_object_mut() {
            fields.retain(|field, _| !["log_key", "losses", "policy"].contains(&field.as_str()));
        }
        let seen = self.place.read(NAME)?;
        let listed: Vec<Value> = match &seen.bytes {
            Some(bytes) => serde_json::from_slice(bytes).with_context(|| self.place.shown(NAME))?,
            None => Vec::new(),
        };
        let mut others: Vec<Value> = (listed.into_iter())
            .filter(|one| one["slug"] != description["slug"])
            .collect();
        others.push(description);
        others.sort_by_key(|one| one["slug"].to_string());
        let bytes = pretty(&json!(others));
        (self.place).replace(self.terminal, NAME, seen, bytes.as_bytes())
    }
}

/// One ledger's copy on its way.
struct Copy<'a> {
    place: &'a Place,
    source: &'a OpenSource,
    terminal: Terminal,
    with_documents: bool,
}

impl Copy<'_> {
    /// Brings the copy up to date; what was done, and the copy's description.
    fn update(&self) -> anyhow::Result<(Copied, Value)> {
        let (seen, before) = self.standing()?;
        let signed = self.offered()?;
        let new = signed.checkpoint();
        let (size, root) = (new.size(), *new.root());
        let reader = TileReader::new(self.source, size, &root).map_err(|e| self.unread(e))?;
        let old = before.as_ref().map(SignedCheckpoint::checkpoint);
        if let Some(old) = old {
            continues(self.terminal, old, new, &reader)?;
        }
        let old_size = old.map_or(0, Checkpoint::size);
        let mut named = self.wanted()?;
        let mut losses = self.known_losses()?;
        if tiles_between(old_size, size).nth(MANY).is_some() {
            self.place.expect_many(&self.named("tile"))?;
        }
        for tile in tiles_between(old_size, size) {
            let bytes = match tile.level() {
                TileLevel::Entries => {
                    let entries = reader.entries(tile.index()).map_err(|e| self.unread(e))?;
                    self.check_first(&tile, &entries)?;
                    entries.iter().for_each(|entry| named.add(entry));
                    losses.extend(losses_in(tile.first(), &entries));
                    encode_bundle(&entries)?
                }
                TileLevel::Hashes(level) => {
                    let width = usize::from(tile.width());
                    let hashes = reader.read_hashes(level, tile.first(), width);
                    encode_hashes(&hashes.map_err(|e| self.unread(e))?)?
                }
            };
            self.write(&tile.to_string(), &bytes)?;
        }
        let (documents, missing) = match self.with_documents {
            true => self.documents(&named.public)?,
            false => (0, 0),
        };
        let first = reader.entries(0).map_err(|e| self.unread(e))?;
        let known = self.known_policies()?;
        let description = self.describe(&first, size, losses.into_values().collect())?;
        self.place.settle()?;
        let best = match before {
            Some(before) => with_cosignatures(&before, signed, &known),
            None => signed,
        };
        let name = self.named("checkpoint");
        (self.place).replace(self.terminal, &name, seen, &best.to_bytes())?;
        self.drop_partial(old_size, size)?;
        let copied = Copied {
            before: old_size,
            size,
            root,
            documents,
            missing,
        };
        Ok((copied, description))
    }

    /// A file of this ledger's.
    fn named(&self, name: &str) -> String {
        format!("{}/{name}", self.source.pins.origin.slug())
    }

    /// The checkpoint of the copy as it stands, if there is one.
    fn standing(&self) -> anyhow::Result<(Seen, Option<SignedCheckpoint>)> {
        let name = self.named("checkpoint");
        let seen = self.place.read(&name)?;
        let Some(bytes) = &seen.bytes else {
            return Ok((seen, None));
        };
        let opened = SignedCheckpoint::open(bytes, &self.source.pins.log_key);
        let ours = opened.ok().filter(|checkpoint| {
            checkpoint.checkpoint().origin() == self.source.pins.origin.as_str()
        });
        if ours.is_none() {
            let shown = self.place.shown(&name);
            bail!(Refused(self.terminal.pick(
                format!("{shown} 是另一个账本的镜像，或检查点已损坏；没有改动"),
                format!("{shown} is of another ledger, or damaged; nothing was changed"),
            )));
        }
        Ok((seen, ours))
    }

    /// The losses that the copy tells of, by the entries that declare them.
    fn known_losses(&self) -> anyhow::Result<BTreeMap<u64, Value>> {
        let own = self.place.read(&self.named("ledger.json"))?.bytes;
        let own: Value = serde_json::from_slice(&own.unwrap_or_default()).unwrap_or_default();
        let told = own["losses"].as_array().cloned().unwrap_or_default();
        let by_entry = |loss: Value| Some((loss["entry"].as_u64()?, loss));
        Ok(told.into_iter().filter_map(by_entry).collect())
    }

    /// What source and copy say of the witnesses: by them a line that the copy has is worth keeping.
    fn known_policies(&self) -> anyhow::Result<Vec<Policy>> {
        let stated = self.source.stated_policy()?;
        let own = self.place.read(&self.named("ledger.json"))?.bytes;
        let own: Value = serde_json::from_slice(&own.unwrap_or_default()).unwrap_or_default();
        let texts = stated.as_deref().into_iter().chain(own["policy"].as_str());
        Ok(texts
            .filter_map(|text| Policy::parse(text.as_bytes()).ok())
            .collect())
    }

    /// The source's checkpoint, signed by the pinned key.
    fn offered(&self) -> anyhow::Result<SignedCheckpoint> {
        let pins = &self.source.pins;
        let opened = SignedCheckpoint::open(&self.source.checkpoint()?, &pins.log_key);
        let fault = match opened {
            Ok(opened) if opened.checkpoint().origin() != pins.origin.as_str() => {
                format!("{} ≠ {}", opened.checkpoint().origin(), pins.origin)
            }
            Ok(opened) if opened.checkpoint().size() == 0 => "0".to_owned(),
            Ok(opened) => return Ok(opened),
            Err(error) => error.to_string(),
        };
        bail!(Refused(self.terminal.pick(
            format!("{} 的检查点不成立：{fault}", self.source.place),
            format!(
                "the checkpoint of {} does not hold: {fault}",
                self.source.place
            ),
        )))
    }

    /// A tile that is not the signed tree's is an answer; one that could not be had is not.
    fn unread(&self, error: TileReadError<anyhow::Error>) -> anyhow::Error {
        unread(self.terminal, error)
    }

    fn check_first(&self, tile: &Tile, entries: &[Vec<u8>]) -> anyhow::Result<()> {
        let leaf = entries.first().map(|entry| Hash::leaf(entry));
        let expected = self.source.pins.ledger_id;
        match leaf {
            Some(leaf) if tile.index() == 0 && leaf != expected => {
                bail!(Refused(self.terminal.pick(
                    format!("第 0 条不是所信任的账本：应为 {expected}，实为 {leaf}"),
                    format!(
                        "entry 0 is not the pinned ledger's: expected {expected}, found {leaf}"
                    ),
                )))
            }
            _ => Ok(()),
        }
    }

    /// The documents that were wanted before and did not come.
    fn wanted(&self) -> anyhow::Result<Named> {
        let mut named = Named::default();
        let list = self.place.read(&self.named(MISSING))?.bytes;
        let text = String::from_utf8_lossy(list.as_deref().unwrap_or_default()).into_owned();
        let digests = text.lines().filter_map(|line| line.parse::<Digest>().ok());
        named.public.extend(digests);
        Ok(named)
    }

    /// Fetches documents; how many came, and how many the source does not have.
    fn documents(&self, wanted: &BTreeSet<Digest>) -> anyhow::Result<(usize, usize)> {
        let (mut came, mut missing) = (0, String::new());
        let mut missed = 0;
        for digest in wanted {
            let name = format!("documents/{digest}");
            let name = self.named(&name);
            if self.place.holds(&name, digest)? {
                continue;
            }
            let fetch = |to: &mut dyn Write| self.source.copy_document(digest, to);
            match self.place.receive(self.terminal, &name, fetch)? {
                Some(found) if found == *digest => {
                    came += 1;
                }
                _ => {
                    missing.push_str(&format!("{digest}\n"));
                    missed += 1;
                }
            }
        }
        self.write(MISSING, missing.as_bytes())?;
        Ok((came, missed))
    }

    /// Writes `ledger.json`, in the words of entry 0 and of the pins.
    fn describe(&self, first: &[Vec<u8>], size: u64, losses: Vec<Value>) -> anyhow::Result<Value> {
        let opening = first.first().map(|entry| LoggedEntry::parse(entry));
        let Some(Ok(entry)) = opening else {
            bail!("entry 0");
        };
        let Event::LedgerOpened(opened) = &entry.signed.statement().event else {
            bail!("entry 0: {}", entry.signed.statement().event.kind());
        };
        let pins = &self.source.pins;
        let none = format!("log {}\nquorum none\n", pins.log_key);
        let policy = self.source.stated_policy()?.unwrap_or(none);
        let mut description = json!({
            "slug": pins.origin.slug(), "origin": pins.origin, "ledger_id": pins.ledger_id,
            "name": opened.collective.name, "size": size, "training": opened.training,
            "log_key": pins.log_key, "policy": policy,
        });
        if !losses.is_empty() {
            description["losses"] = losses.into();
        }
        self.write("ledger.json", pretty(&description).as_bytes())?;
        Ok(description)
    }

    /// Drops partial tiles whose full ones are there now.
    fn drop_partial(&self, old: u64, new: u64) -> anyhow::Result<()> {
        for tile in tiles_between(old, new).filter(|tile| !tile.is_partial()) {
            // The older checkpoint's own; those that an update left that broke off do no harm.
            if tile.first() < stored_hashes(old, tile.level().number()) {
                self.place.drop_below(&self.named(&format!("{tile}.p")))?;
            }
        }
        Ok(())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        self.place.put(self.terminal, &self.named(name), bytes)
    }
}

/// The losses that entries declare, the first of which stands at `first`.
fn losses_in(first: u64, entries: &[Vec<u8>]) -> impl Iterator<Item = (u64, Value)> {
    let declared = |(index, bytes): (u64, &Vec<u8>)| {
        let entry = LoggedEntry::parse(bytes).ok()?;
        match &entry.signed.statement().event {
            Event::LossDeclared(declared) => Some((index, json!(declared.notice(index)))),
            _ => None,
        }
    };
    (first..).zip(entries).filter_map(declared)
}

/// A checkpoint with the cosignatures that an older copy of the same has, and it has not, or only older
/// ones: of two sources one may lag behind the other. Only lines that are true are kept.
fn with_cosignatures(
    standing: &SignedCheckpoint,
    offered: SignedCheckpoint,
    policies: &[Policy],
) -> SignedCheckpoint {
    if standing.checkpoint() != offered.checkpoint() {
        return offered;
    }
    let mut best = offered;
    for witness in policies.iter().flat_map(Policy::witnesses) {
        let key = witness.key();
        let newest = |signed: &SignedCheckpoint| {
            let lines = signed.note().signatures().iter();
            let true_ones = lines
                .filter(|line| key.is_named_by(line))
                .filter_map(|line| {
                    let time = cosignature::verify(key, signed.checkpoint(), line).ok()?;
                    Some((time, line.clone()))
                });
            true_ones.max_by_key(|(time, _)| *time)
        };
        let Some((time, line)) = newest(standing) else {
            continue;
        };
        if newest(&best).is_none_or(|(there, _)| there < time) {
            best = cosignature::attach(best.clone(), key, line).unwrap_or(best);
        }
    }
    best
}

/// Whether a checkpoint continues an older one, by tiles that have been checked against it.
pub(crate) fn continues(
    terminal: Terminal,
    old: &Checkpoint,
    new: &Checkpoint,
    reader: &TileReader<&OpenSource>,
) -> anyhow::Result<()> {
    let (was, is) = (old.size(), new.size());
    if is < was {
        bail!(Refused(terminal.pick(
            format!("来源退回去了：只有 {is} 条，镜像已有 {was} 条；可能恢复了旧备份，或来源自己落后。镜像没有改动"),
            format!("the source was rolled back: it has {is} entries, the copy {was}; it may have been restored from an old backup, or be behind itself. The copy is unchanged"),
        )));
    }
    let holds = match (was, was == is) {
        (0, _) => true,
        (_, true) => old.root() == new.root(),
        (_, false) => match prove_consistency(reader, was, is) {
            Ok(proof) => verify_consistency(was, is, old.root(), new.root(), &proof).is_ok(),
            Err(TreeError::Read(error)) => return Err(unread(terminal, error)),
            Err(_) => false,
        },
    };
    if holds {
        return Ok(());
    }
    bail!(Refused(terminal.pick(
        format!(
            "账本分叉了：同一把日志钥匙签过 {was} 条（树根 {}）和 {is} 条（树根 {}），后者不是前者的延续。请保存这两份检查点作为证据。镜像没有改动",
            old.root(), new.root()
        ),
        format!(
            "the ledger has forked: one log key signed {was} entries (root {}) and {is} entries (root {}), and the latter do not continue the former. Keep both checkpoints as evidence. The copy is unchanged",
            old.root(), new.root()
        ),
    )))
}

/// What it means that a tile could not be read, or is not the tree's.
pub(crate) fn unread(terminal: Terminal, error: TileReadError<anyhow::Error>) -> anyhow::Error {
    match error {
        TileReadError::Fetch { tile, source } => source.context(tile.to_string()),
        other => Refused(terminal.pick(
            format!("来源的内容与所签的检查点不符：{other}"),
            format!("the source does not hold what its checkpoint signed: {other}"),
        ))
        .into(),
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}
