//! SOURCE on the command line: a data folder, a static mirror's folder, or a ledger's URL.
//!
//! Opens for reading only and finds the pins, with where they came from. Believes nothing: what is
//! read goes through [`mod@ledger_core::audit`].

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context as _, bail};
use ledger_core::admit::Entry;
use ledger_core::audit::{Fault, Report};
use ledger_core::hash::Digest;
use ledger_core::policy::Policy;
use ledger_core::source::{FolderSource, Source, SourceError, StoreSource};
use ledger_core::state::State;
use ledger_core::store::local::{LocalFolder, LocalOptions, LocalStore};
use ledger_core::store::{StoreError, copy_digested};
use ledger_core::tile::{Tile, TileSource};
use ledger_core::{Expected, Pins};
use serde::Deserialize;

use crate::inspect::Raw;
use crate::raw_folder::RawFolder;
use crate::terminal::{Refused, Terminal};
use crate::url_source::UrlSource;

/// A ledger that can be read.
pub(crate) struct OpenSource {
    pub(crate) kind: SourceKind,
    pub(crate) pins: Pins,
    /// Whether the pins came from the source itself, so that they prove inner consistency only.
    pub(crate) self_pinned: bool,
    /// As the person named it.
    pub(crate) place: String,
    /// The checkpoint that was read first: a source is looked at as it was then.
    checkpoint: OnceLock<Vec<u8>>,
    terminal: Terminal,
}

/// What kind of source it is.
pub(crate) enum SourceKind {
    /// A ledger in a data folder, and its own folder there.
    Data(Box<LocalStore>, PathBuf),
    /// A ledger in a data folder that the store cannot open for its damage.
    Damaged(RawFolder),
    /// A folder with the static files.
    Mirror(FolderSource, PathBuf),
    /// A server.
    Url(UrlSource),
}

/// A ledger in a data folder.
#[derive(Debug, Clone)]
pub(crate) struct DataPlace {
    pub(crate) data: PathBuf,
    pub(crate) slug: Option<String>,
}

/// What a server says of a ledger, as far as it is needed here.
#[derive(Deserialize)]
struct LedgerJson {
    ledger_id: ledger_core::hash::Hash,
    log_key: ledger_core::VerifierKey,
    origin: ledger_core::Origin,
}

/// Whether a source is a URL.
pub(crate) fn is_url(source: &str) -> bool {
    source.starts_with("http://") || source.starts_with("https://")
}

/// Splits `DIR#slug`; a ledger's own folder inside a data folder will do, too.
pub(crate) fn data_place(source: &str) -> Option<DataPlace> {
    let (path, slug) = match source.rsplit_once('#') {
        Some((path, slug)) if !Path::new(source).exists() => (path, Some(slug.to_owned())),
        _ => (source, None),
    };
    let path = Path::new(path);
    if path.join("FORMAT").is_file() {
        return Some(DataPlace {
            data: path.to_owned(),
            slug,
        });
    }
    let parent = path.canonicalize().ok()?.parent()?.to_owned();
    let slug = LocalFolder::slug_of(path.canonicalize().ok()?.file_name()?.to_str()?)?;
    let inside = path.join("entries").is_file() && parent.join("FORMAT").is_file();
    inside.then_some(DataPlace {
        data: parent,
        slug: Some(slug),
    })
}

impl DataPlace {
    /// The ledger's slug: the one named, or the only one there is.
    pub(crate) fn slug(&self, terminal: Terminal, folder: &LocalFolder) -> anyhow::Result<String> {
        let slugs = folder.slugs()?;
        match (&self.slug, slugs.as_slice()) {
            (Some(slug), _) if slugs.contains(slug) => Ok(slug.clone()),
            (None, [slug]) => Ok(slug.clone()),
            (None, []) => bail!(terminal.pick(
                format!("{} 里还没有账本；请先建账：sanzi init", self.data.display()),
                format!(
                    "no ledger in {} yet; open one first: sanzi init",
                    self.data.display()
                ),
            )),
            (wanted, _) => bail!(terminal.pick(
                format!(
                    "{} 里有账本：{}；请指明是哪一个，如 {}#{}{}",
                    self.data.display(),
                    slugs.join("、"),
                    self.data.display(),
                    slugs.first().map_or("", |slug| slug.as_ref()),
                    wanted.as_deref().map_or_else(String::new, |slug| format!("（现为 {slug}）")),
                ),
                format!(
                    "{} holds the ledgers {}; write {}#ledger (found {})",
                    self.data.display(),
                    slugs.join(", "),
                    self.data.display(),
                    wanted.as_deref().unwrap_or("none named"),
                ),
            )),
        }
    }

    /// The folder of a ledger.
    pub(crate) fn ledger_folder(&self, slug: &str) -> PathBuf {
        LocalFolder::ledger_folder(&self.data, slug)
    }
}

/// The ledgers that a source means, each as a source of its own: a data folder without `#slug` means
/// all it has, or the one that the pins are of, and so do a folder of mirrors and a site's own address.
pub(crate) fn each(
    terminal: Terminal,
    source: &str,
    pins: Option<&Path>,
) -> anyhow::Result<Vec<String>> {
    let place = data_place(source).filter(|place| !is_url(source) && place.slug.is_none());
    let list = Path::new(source).join("ledgers.json");
    let (slugs, separator) = match place {
        Some(place) => {
            let folder = LocalFolder::open(&place.data, read_only()).map_err(damage)?;
            (folder.slugs()?, '#')
        }
        None if is_url(source) => match site(terminal, source)? {
            Some(slugs) => (slugs, '/'),
            None => return Ok(vec![source.to_owned()]),
        },
        None if list.is_file() => {
            let bytes = std::fs::read(&list).with_context(|| list.display().to_string())?;
            (listed(terminal, &list.display().to_string(), &bytes)?, '/')
        }
        None => return Ok(vec![source.to_owned()]),
    };
    let pinned = pins.map(|file| read_pins(terminal, file)).transpose()?;
    let pinned = pinned.as_ref().map(|pins| pins.origin.slug());
    let wanted = |slug: &&String| pinned.is_none_or(|pinned| pinned == *slug);
    let named = slugs
        .iter()
        .filter(wanted)
        .map(|slug| format!("{}{separator}{slug}", source.trim_end_matches('/')));
    let named: Vec<String> = named.collect();
    match (slugs.len(), named.is_empty()) {
        (0 | 1, _) if separator == '#' => Ok(vec![source.to_owned()]),
        (_, true) if separator == '/' => bail!(terminal.pick(
            format!(
                "{source} 里没有这个账本（信任锚：{}）；有：{}",
                pinned.unwrap_or("无"),
                slugs.join("、")
            ),
            format!(
                "{source} has no such ledger (pins: {}); it has: {}",
                pinned.unwrap_or("none"),
                slugs.join(", ")
            ),
        )),
        (_, true) => Ok(vec![source.to_owned()]),
        _ => Ok(named),
    }
}

/// The slugs of a site whose own address this is; `None` if it is a ledger's.
fn site(terminal: Terminal, url: &str) -> anyhow::Result<Option<Vec<String>>> {
    let source = UrlSource::new(terminal, url);
    if source.get_if_there("ledger.json")?.is_some() {
        return Ok(None);
    }
    let list = source.get_if_there("ledgers.json")?;
    let listed = list.map(|bytes| listed(terminal, &format!("{url}/ledgers.json"), &bytes));
    listed.transpose()
}

/// The slugs that a `ledgers.json` lists.
fn listed(terminal: Terminal, place: &str, bytes: &[u8]) -> anyhow::Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Listed {
        slug: String,
    }
    let listed: Vec<Listed> = serde_json::from_slice(bytes).with_context(|| {
        terminal.pick(
            format!("{place} 看不懂"),
            format!("cannot make sense of {place}"),
        )
    })?;
    let slugs = listed.into_iter().map(|one| one.slug);
    // What the file says becomes part of a path.
    Ok(slugs
        .filter(|slug| LocalFolder::slug_of(&slug.replace('/', "+")).is_some())
        .collect())
}

fn read_only() -> LocalOptions {
    LocalOptions {
        read_only: true,
        ..LocalOptions::default()
    }
}

/// Opens a source for looking over its files as they are; the pins are found as in [`open`]. Gives also
/// the slug, for a ledger in a data folder.
pub(crate) fn open_raw(
    terminal: Terminal,
    source: &str,
    pins: Option<&Path>,
) -> anyhow::Result<(Raw, Pins, Option<DataPlace>)> {
    if is_url(source) {
        let url = UrlSource::new(terminal, source);
        let pins = raw_pins(terminal, pins, || {
            described(terminal, &url.get("ledger.json")?)
        })?;
        return Ok((Raw::Url(url), pins, None));
    }
    if let Some(mut place) = data_place(source) {
        let folder = LocalFolder::open(&place.data, read_only()).map_err(damage)?;
        let slug = place.slug(terminal, &folder)?;
        let own = place.ledger_folder(&slug);
        place.slug = Some(slug);
        let offered = || read_pins(terminal, &own.join("pins.json"));
        let pins = raw_pins(terminal, pins, offered)?;
        return Ok((Raw::Data(RawFolder::new(own)), pins, Some(place)));
    }
    let path = PathBuf::from(source);
    let pins = raw_pins(terminal, pins, || mirrored_pins(terminal, &path))?;
    Ok((Raw::Mirror(path), pins, None))
}

fn raw_pins(
    terminal: Terminal,
    given: Option<&Path>,
    offered: impl FnOnce() -> anyhow::Result<Pins>,
) -> anyhow::Result<Pins> {
    given.map_or_else(offered, |file| read_pins(terminal, file))
}

/// Opens a source. Without `pins`, those that the source itself offers are taken.
pub(crate) fn open(
    terminal: Terminal,
    source: &str,
    pins: Option<&Path>,
) -> anyhow::Result<OpenSource> {
    open_by(terminal, source, pins, UrlSource::new)
}

/// As [`open`], with another way to speak to servers.
pub(crate) fn open_by(
    terminal: Terminal,
    source: &str,
    pins: Option<&Path>,
    speak: fn(Terminal, &str) -> UrlSource,
) -> anyhow::Result<OpenSource> {
    let meant = each(terminal, source, pins)?;
    let source = match meant.as_slice() {
        [only] => only,
        // A data folder says so itself.
        several if data_place(source).is_none() => bail!(terminal.pick(
            format!(
                "{source} 里有 {} 个账本，请指明一个：{}",
                several.len(),
                several.join("、")
            ),
            format!(
                "{source} has {} ledgers; name one: {}",
                several.len(),
                several.join(", ")
            ),
        )),
        _ => source,
    };
    let kind = open_kind(terminal, source, speak)?;
    let self_pinned = pins.is_none();
    let pins = match pins {
        Some(file) => read_pins(terminal, file)?,
        None => offered_pins(terminal, &kind)?,
    };
    Ok(OpenSource {
        kind,
        pins,
        self_pinned,
        place: source.to_owned(),
        checkpoint: OnceLock::new(),
        terminal,
    })
}

fn open_kind(
    terminal: Terminal,
    source: &str,
    speak: fn(Terminal, &str) -> UrlSource,
) -> anyhow::Result<SourceKind> {
    if is_url(source) {
        return Ok(SourceKind::Url(speak(terminal, source)));
    }
    if let Some(place) = data_place(source) {
        let folder = LocalFolder::open(&place.data, read_only()).map_err(damage)?;
        let slug = place.slug(terminal, &folder)?;
        let own = place.ledger_folder(&slug);
        return match folder.ledger(&slug) {
            Ok(store) => Ok(SourceKind::Data(Box::new(store), own)),
            Err(error @ StoreError::Corrupt { .. }) => {
                terminal.advise(error.to_string());
                Ok(SourceKind::Damaged(RawFolder::new(own)))
            }
            Err(error) => Err(damage(error)),
        };
    }
    let path = Path::new(source);
    if path.join("checkpoint").is_file() {
        return Ok(SourceKind::Mirror(FolderSource::new(path), path.to_owned()));
    }
    bail!(terminal.pick(
        format!("{source} 不是账本：应为数据文件夹（内有 FORMAT）、镜像文件夹（内有 checkpoint）或 http(s) 地址"),
        format!("{source} is no ledger: expected a data folder (with FORMAT), a mirror's folder (with checkpoint) or an http(s) URL"),
    ))
}

/// Damage is an answer, not a failure to look.
fn damage(error: StoreError) -> anyhow::Error {
    match error {
        StoreError::Corrupt { .. } | StoreError::Behind { .. } => Refused(error.to_string()).into(),
        other => other.into(),
    }
}

/// Reads a file of pins.
pub(crate) fn read_pins(terminal: Terminal, file: &Path) -> anyhow::Result<Pins> {
    let text = std::fs::read(file).with_context(|| {
        terminal.pick(
            format!("读不到信任锚文件 {}", file.display()),
            format!("cannot read the pins {}", file.display()),
        )
    })?;
    serde_json::from_slice(&text).with_context(|| {
        terminal.pick(
            format!(
                "{} 不是信任锚文件（应含 ledger_id、log_key、origin）",
                file.display()
            ),
            format!(
                "{} holds no pins (expected ledger_id, log_key, origin)",
                file.display()
            ),
        )
    })
}

fn offered_pins(terminal: Terminal, kind: &SourceKind) -> anyhow::Result<Pins> {
    match kind {
        SourceKind::Data(_, folder) => read_pins(terminal, &folder.join("pins.json")),
        SourceKind::Damaged(raw) => read_pins(terminal, &raw.folder().join("pins.json")),
        SourceKind::Mirror(_, folder) => mirrored_pins(terminal, folder),
        SourceKind::Url(url) => described(terminal, &url.get("ledger.json")?),
    }
}

/// The pins that a mirror's folder offers.
fn mirrored_pins(terminal: Terminal, folder: &Path) -> anyhow::Result<Pins> {
    let pins = folder.join("pins.json");
    if pins.is_file() {
        return read_pins(terminal, &pins);
    }
    let bytes = std::fs::read(folder.join("ledger.json")).with_context(|| {
        terminal.pick(
            format!(
                "{} 里没有 pins.json 或 ledger.json；请用 --pins 指定信任锚文件",
                folder.display()
            ),
            format!(
                "{} has neither pins.json nor ledger.json; give --pins",
                folder.display()
            ),
        )
    })?;
    described(terminal, &bytes)
}

/// The pins that a server's description holds.
fn described(terminal: Terminal, bytes: &[u8]) -> anyhow::Result<Pins> {
    let LedgerJson {
        ledger_id,
        log_key,
        origin,
    } = serde_json::from_slice(bytes).with_context(|| {
        terminal.pick(
            "ledger.json 看不懂；请用 --pins 指定信任锚文件",
            "cannot make sense of ledger.json; give --pins",
        )
    })?;
    Ok(Pins {
        ledger_id,
        log_key,
        origin,
    })
}

impl OpenSource {
    /// Replays the whole ledger, with a progress bar. What could not be read because it is damaged is
    /// reported as [`Refused`].
    pub(crate) fn audit(
        &self,
        policy: Option<&Policy>,
        visit: &mut dyn FnMut(&Entry, &State, u64),
    ) -> anyhow::Result<Report> {
        let bar = self
            .terminal
            .progress(self.terminal.pick("核对", "checking"));
        let expected = Expected {
            pins: &self.pins,
            policy,
        };
        let mut watched = |entry: &Entry, state: &State, size: u64| {
            if entry.index().is_multiple_of(256) {
                bar.set_length(size);
                bar.set_position(entry.index());
            }
            visit(entry, state, size);
        };
        let report = ledger_core::audit(self, expected, &mut watched);
        bar.finish_and_clear();
        report
    }

    /// As [`OpenSource::audit`], for commands that go on from a ledger that holds.
    pub(crate) fn replay(
        &self,
        visit: &mut dyn FnMut(&Entry, &State, u64),
    ) -> anyhow::Result<Report> {
        let report = self.audit(None, visit)?;
        if let Some(fault) = &report.fault {
            bail!(Refused(fault_in_words(self.terminal, fault)));
        }
        if self.self_pinned {
            self.warn_self_pinned();
        }
        Ok(report)
    }

    /// Says what pins from the source itself are worth.
    pub(crate) fn warn_self_pinned(&self) {
        self.terminal.advise(self.terminal.pick(
            format!("注意：没有用 --pins，信任锚取自 {} 本身，只能证明账本前后一致，不能证明它就是那个账本。", self.place),
            format!("note: without --pins the pins came from {} itself: they prove inner consistency, not that this is the right ledger.", self.place),
        ));
    }
}

/// A fault, its place and its meaning, in words.
pub(crate) fn fault_in_words(terminal: Terminal, fault: &Fault) -> String {
    let place = match fault.index {
        Some(index) => terminal.pick(format!("第 {index} 条"), format!("entry {index}")),
        None => terminal
            .pick("账本整体", "the ledger as a whole")
            .to_owned(),
    };
    format!(
        "{}{place}\n  {}\n  {}",
        terminal.pick("问题所在：", "fault at: "),
        fault.kind,
        fault.kind.meaning(terminal.language),
    )
}

fn read_damage(error: SourceError) -> anyhow::Error {
    match error {
        SourceError::Store(error) => damage(error),
        other => other.into(),
    }
}

impl TileSource for OpenSource {
    type Error = anyhow::Error;

    fn fetch(&self, tile: &Tile) -> anyhow::Result<Vec<u8>> {
        match &self.kind {
            SourceKind::Data(store, folder) => match StoreSource(&**store).fetch(tile) {
                // The audit is to say which entry it is, and what that means.
                Err(SourceError::Store(StoreError::Corrupt { .. })) => {
                    Ok(RawFolder::new(folder.clone()).fetch(tile)?)
                }
                answer => answer.map_err(read_damage),
            },
            SourceKind::Damaged(raw) => Ok(raw.fetch(tile)?),
            SourceKind::Mirror(mirror, _) => mirror.fetch(tile).map_err(read_damage),
            SourceKind::Url(url) => url.fetch(tile),
        }
    }
}

impl OpenSource {
    fn read_checkpoint(&self) -> anyhow::Result<Vec<u8>> {
        match &self.kind {
            SourceKind::Data(store, _) => StoreSource(&**store).checkpoint().map_err(read_damage),
            SourceKind::Damaged(raw) => Ok(raw.checkpoint()?),
            SourceKind::Mirror(mirror, _) => mirror.checkpoint().map_err(read_damage),
            SourceKind::Url(url) => url.checkpoint(),
        }
    }
}

impl OpenSource {
    /// Copies a public document as the source has it, and gives the digest that it really has; `None` if
    /// it is not there.
    pub(crate) fn copy_document(
        &self,
        digest: &Digest,
        to: &mut dyn Write,
    ) -> anyhow::Result<Option<Digest>> {
        let name = format!("documents/{digest}");
        let folder = match &self.kind {
            SourceKind::Data(_, folder) | SourceKind::Mirror(_, folder) => folder,
            SourceKind::Damaged(raw) => raw.folder(),
            SourceKind::Url(url) => return url.copy_if_there(&name, to),
        };
        let path = folder.join(name);
        match File::open(&path) {
            Ok(mut file) => {
                let copied = copy_digested(&mut file, to);
                let (digest, _) = copied.with_context(|| path.display().to_string())?;
                Ok(Some(digest))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }

    /// Who must witness the ledger, as the source says, in the form of tlog-policy.
    pub(crate) fn stated_policy(&self) -> anyhow::Result<Option<String>> {
        if matches!(self.kind, SourceKind::Data(..) | SourceKind::Damaged(_)) {
            let policy = self.raw_file("policy")?;
            let policy = policy.and_then(|policy| String::from_utf8(policy).ok());
            return Ok(policy.map(|policy| self.with_log_line(policy)));
        }
        let described = self.raw_file("ledger.json")?.unwrap_or_default();
        let described: serde_json::Value = serde_json::from_slice(&described).unwrap_or_default();
        Ok(described["policy"].as_str().map(str::to_owned))
    }

    /// A server publishes a policy without a log line with the ledger's own.
    fn with_log_line(&self, policy: String) -> String {
        match policy.lines().any(|line| line.starts_with("log ")) {
            true => policy,
            false => format!("log {}\n{policy}", self.pins.log_key),
        }
    }

    fn raw_file(&self, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let folder = match &self.kind {
            SourceKind::Data(_, folder) | SourceKind::Mirror(_, folder) => folder,
            SourceKind::Damaged(raw) => raw.folder(),
            SourceKind::Url(url) => return url.get_if_there(name),
        };
        match std::fs::read(folder.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| folder.join(name).display().to_string()),
        }
    }
}

impl Source for OpenSource {
    fn checkpoint(&self) -> anyhow::Result<Vec<u8>> {
        if let Some(bytes) = self.checkpoint.get() {
            return Ok(bytes.clone());
        }
        let bytes = self.read_checkpoint()?;
        Ok(self.checkpoint.get_or_init(|| bytes).clone())
    }
}
