//! `sanzi document`: the documents of a ledger: hand in, fetch, look up, read, erase.
//!
//! `put` and `get` go by a server, `add` and `show` by the data folder itself. Private documents are for
//! those whose roles the entry names, shown by a key that the roster knows: the same rule in both places.
//! Whoever can read the data folder's files can read the documents. An erasure is an event like others:
//! it is drafted here, signed by those whom the charter names, and submitted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use ledger_core::admit::Entry;
use ledger_core::event::Event;
use ledger_core::hash::{Commitment, Digest};
use ledger_core::name::StreamId;
use ledger_core::privacy;
use ledger_core::record::DocumentRef;
use ledger_core::state::{LedgerState, State};
use ledger_core::store::local::{LocalFolder, LocalOptions, LocalStore};
use ledger_core::store::{Store as _, StoreError};
use ledger_core::text::Paragraph;
use ledger_core::{Language, MemberId, Role};
use serde_json::json;

use super::help::Text;
use super::record::{Record, signer};
use super::submit;
use crate::draft::Draft;
use crate::key_file;
use crate::source_arg::{self, DataPlace, SourceKind};
use crate::terminal::{Refused, Terminal};

mod remote;

#[derive(Debug, clap::Args)]
pub(crate) struct Document {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Add(Add),
    Put(remote::Put),
    Get(remote::Get),
    List(List),
    Show(Show),
    Erase(Erase),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "  $ sanzi document add 2026-001-bidder_qualification.draft --to data")]
struct Add {
    draft: PathBuf,
    #[arg(long, value_name = "DATA")]
    to: String,
    #[arg(long, value_name = "DIR", env = "SANZI_ANCHOR", hide_env_values = true)]
    anchor: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "  $ sanzi document list data")]
struct List {
    data: String,
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi document show 4774bc5f --data data --key liang.key --out copy.pdf"
)]
struct Show {
    commitment: String,
    #[arg(long, value_name = "DATA")]
    data: String,
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi document erase 4774bc5f --ledger https://sanzi.example.org/donglang --key liang.key --reason 保管期满"
)]
struct Erase {
    commitment: String,
    #[arg(long, value_name = "SOURCE")]
    ledger: String,
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[arg(long, value_name = "DRAFT")]
    out: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

#[rustfmt::skip]
pub(crate) const TEXTS: &[Text] = &[
    Text { of: "document", zh: "材料的存入和下载，不公开材料的查阅和销毁", en: "Hand in and fetch documents; look up and erase private ones" },
    Text { of: "document.add", zh: "把草稿旁的材料存入账本（条目须已登记）", en: "Keep the documents that lie beside a draft (whose entry stands)" },
    Text { of: "document.add.draft", zh: "已登记的草稿文件", en: "The draft, which has been submitted" },
    Text { of: "document.add.to", zh: "账本的数据文件夹（服务须停）", en: "The ledger's data folder (no server may run on it)" },
    Text { of: "document.add.anchor", zh: "锚点文件夹，同 serve 的 --anchor", en: "The folder of the anchors, as for serve" },
    Text { of: "document.list", zh: "列出不公开材料及其状态", en: "List the private documents and what became of them" },
    Text { of: "document.list.data", zh: "账本：数据文件夹、镜像文件夹或网址", en: "The ledger: data folder, mirror's folder or URL" },
    Text { of: "document.list.json", zh: "以 JSON 输出", en: "Print JSON" },
    Text { of: "document.show", zh: "查阅一份不公开材料：须由可查阅的岗位持钥匙", en: "Read a private document, with the key of a role that may" },
    Text { of: "document.show.commitment", zh: "承诺（可只写开头几位）", en: "Its commitment, or the beginning of it" },
    Text { of: "document.show.data", zh: "账本的数据文件夹", en: "The ledger's data folder" },
    Text { of: "document.show.key", zh: "查阅人的钥匙文件", en: "The reader's key file" },
    Text { of: "document.show.out", zh: "存到哪个文件（只有本人可读，不覆盖）", en: "Where it goes: a new file, for its owner only" },
    Text { of: "document.show.passphrase_file", zh: "口令写在这个文件的第一行", en: "A file whose first line is the passphrase" },
    Text { of: "document.put", zh: "把材料上传到服务器（分段，不受内存限制）", en: "Hand in documents to a server, in parts" },
    Text { of: "document.put.path", zh: "草稿（上传它旁边的材料），或一份公开材料的文件", en: "A draft, for the documents beside it; or the file of a public document" },
    Text { of: "document.put.to", zh: "账本的网址", en: "The ledger's URL" },
    Text { of: "document.put.key", zh: "现任成员的钥匙文件", en: "The key file of an active member" },
    Text { of: "document.put.pins", zh: "信任锚文件", en: "The pins to verify the ledger by" },
    Text { of: "document.put.passphrase_file", zh: "口令写在这个文件的第一行", en: "A file whose first line is the passphrase" },
    Text { of: "document.get", zh: "从服务器下载一份材料并核对；不公开的须由可查阅的岗位持钥匙", en: "Fetch a document from a server and check it; a private one with the key of a role that may read it" },
    Text { of: "document.get.name", zh: "公开材料的摘要，或不公开材料的承诺（可只写开头几位）", en: "The digest of a public document, or the commitment to a private one; the beginning will do" },
    Text { of: "document.get.from", zh: "账本的网址", en: "The ledger's URL" },
    Text { of: "document.get.key", zh: "查阅人的钥匙文件；公开材料不用", en: "The reader's key file; not for public documents" },
    Text { of: "document.get.out", zh: "存到哪个文件（只有本人可读，不覆盖）", en: "Where it goes: a new file, for its owner only" },
    Text { of: "document.get.pins", zh: "信任锚文件", en: "The pins to verify the ledger by" },
    Text { of: "document.get.passphrase_file", zh: "口令写在这个文件的第一行", en: "A file whose first line is the passphrase" },
    Text { of: "document.erase", zh: "拟写销毁一份不公开材料的草稿：签齐提交后，内容和盐都删掉，证明仍有效", en: "Draft the erasure of a private document: once submitted, document and salt are gone and every proof stays valid" },
    Text { of: "document.erase.commitment", zh: "承诺（可只写开头几位）", en: "Its commitment, or the beginning of it" },
    Text { of: "document.erase.ledger", zh: "账本：数据文件夹、镜像文件夹或网址", en: "The ledger: data folder, mirror's folder or URL" },
    Text { of: "document.erase.key", zh: "第一个签署人的钥匙文件（默认章程：理事长和监事都须签）", en: "The first signer's key file; by the default charter chair and supervisor both sign" },
    Text { of: "document.erase.reason", zh: "理由，写进账本，公开；不要写材料内容", en: "Why; it stands in the public log, so say nothing of the content" },
    Text { of: "document.erase.out", zh: "草稿写到哪；默认按交易和事项取名", en: "Where the draft goes; by default named after transaction and kind" },
    Text { of: "document.erase.pins", zh: "信任锚文件", en: "The pins to verify the ledger by" },
    Text { of: "document.erase.passphrase_file", zh: "口令写在这个文件的第一行", en: "A file whose first line is the passphrase" },
];

impl Document {
    /// Does what is asked with private documents.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        match self.action {
            Action::Add(add) => add.run(terminal),
            Action::Put(put) => put.run(terminal),
            Action::Get(get) => get.run(terminal),
            Action::List(list) => list.run(terminal),
            Action::Show(show) => show.run(terminal),
            Action::Erase(erase) => erase.run(terminal),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A private document as an entry names it.
struct Named {
    erased_by: Option<u64>,
    index: u64,
    kind: String,
    readers: Vec<Role>,
    stream: StreamId,
    title: String,
}

/// What the ledger says of its documents, and the store that keeps them, if it is at hand.
struct Shelf {
    named: BTreeMap<Commitment, Named>,
    /// Public documents and disclosures, with the entry that names each first.
    public: BTreeMap<Digest, u64>,
    /// Where the draft stands that was asked for.
    stands: Option<u64>,
    state: State,
    store: Option<Box<LocalStore>>,
}

impl Shelf {
    fn open(
        terminal: Terminal,
        place: &str,
        pins: Option<&Path>,
        wanted: Option<&Draft>,
    ) -> anyhow::Result<Self> {
        let source = source_arg::open(terminal, place, pins)?;
        let (mut named, mut public) = (BTreeMap::new(), BTreeMap::new());
        let mut stands = None;
        let report = source.audit(None, &mut |entry, _, _| {
            let is_it = wanted
                .is_some_and(|draft| draft.signed.note().text() == entry.signed().note().text());
            stands = stands.or(is_it.then_some(entry.index()));
            shelve(entry, &mut named, &mut public);
        })?;
        if let Some(fault) = &report.fault {
            bail!(Refused(source_arg::fault_in_words(terminal, fault)));
        }
        let store = match source.kind {
            SourceKind::Data(store, _) => Some(store),
            _ => None,
        };
        Ok(Self {
            named,
            public,
            stands,
            state: report.state,
            store,
        })
    }

    /// As [`Shelf::open`], of a data folder.
    fn of_folder(
        terminal: Terminal,
        data: &str,
        wanted: Option<&Draft>,
    ) -> anyhow::Result<(Self, Box<LocalStore>)> {
        let mut shelf = Self::open(terminal, data, None, wanted)?;
        match shelf.store.take() {
            Some(store) => Ok((shelf, store)),
            None => bail!(terminal.pick(
                format!(
                    "{data} 不是数据文件夹；要经服务器查阅或补交，请用 sanzi document get 或 put"
                ),
                format!("{data} is no data folder; by a server, use sanzi document get or put"),
            )),
        }
    }

    fn ledger(&self, terminal: Terminal) -> anyhow::Result<&LedgerState> {
        let ledger = self.state.ledger();
        ledger.with_context(|| terminal.pick("账本是空的", "the ledger is empty"))
    }

    /// The one document whose commitment begins so.
    fn find(&self, terminal: Terminal, beginning: &str) -> anyhow::Result<(Commitment, &Named)> {
        let beginning: String = beginning.chars().filter(|c| !c.is_whitespace()).collect();
        let mut fitting = self
            .named
            .iter()
            .filter(|(commitment, _)| commitment.to_string().starts_with(&beginning));
        match (beginning.is_empty(), fitting.next(), fitting.next()) {
            (false, Some((commitment, named)), None) => Ok((*commitment, named)),
            (false, Some(_), Some(_)) => bail!(terminal.pick(
                format!("以 {beginning} 开头的不止一份；请多写几位"),
                format!("more than one begins with {beginning}; give more of it"),
            )),
            _ => bail!(Refused(terminal.pick(
                format!(
                    "账本里没有登记过承诺 {beginning} 的不公开材料；请用 sanzi document list 查看"
                ),
                format!(
                    "the ledger names no private document {beginning}; see sanzi document list"
                ),
            ))),
        }
    }

    /// Whose key it is, if that member now holds one of these roles.
    fn authorised(
        &self,
        terminal: Terminal,
        key: &Path,
        passphrase_file: Option<&Path>,
        roles: &[Role],
    ) -> anyhow::Result<MemberId> {
        let ledger = self.ledger(terminal)?;
        let key = key_file::unlock(terminal, key, passphrase_file)?;
        let position = self.state.size();
        let id = signer(terminal, ledger, position, &key)?;
        if ledger.roster.holds_any(&id, roles, position) {
            return Ok(id);
        }
        Err(not_entitled(terminal, &id, roles))
    }
}

/// Whose roles are not among those that may.
fn not_entitled(terminal: Terminal, id: &MemberId, roles: &[Role]) -> anyhow::Error {
    let named = |role: &Role| terminal.pick(role.zh(), role.en());
    let names: Vec<&str> = roles.iter().map(named).collect();
    Refused(terminal.pick(
        format!(
            "{id} 现任的岗位不能办这件事；可以办的是：{}。什么都没有动。",
            names.join("、")
        ),
        format!(
            "{id} holds no role that may do this: {}. Nothing was touched.",
            names.join(", ")
        ),
    ))
    .into()
}

/// Notes the documents that an entry names, and the one that it erases.
fn shelve(
    entry: &Entry,
    named: &mut BTreeMap<Commitment, Named>,
    public: &mut BTreeMap<Digest, u64>,
) {
    let (event, index) = (&entry.statement().event, entry.index());
    for document in event.documents() {
        match document {
            DocumentRef::Public { sha256, .. } => {
                public.entry(*sha256).or_insert(index);
            }
            DocumentRef::Private {
                commitment,
                kind,
                readers,
                title,
            } => {
                named.entry(*commitment).or_insert_with(|| Named {
                    erased_by: None,
                    index,
                    kind: kind.to_string(),
                    readers: readers.iter().copied().collect(),
                    stream: entry.statement().stream.clone(),
                    title: title.to_string(),
                });
            }
        }
    }
    if let Some(publication) = event.publication() {
        public.entry(publication.disclosure).or_insert(index);
    }
    if let Event::DocumentErased(erased) = event
        && let Some(named) = named.get_mut(&erased.commitment)
    {
        named.erased_by.get_or_insert(index);
    }
}

/// Opens the ledger's store for writing, lets `work` use it, and closes it.
fn writing<T>(
    terminal: Terminal,
    data: &str,
    anchor_folder: Option<PathBuf>,
    work: impl FnOnce(&mut LocalStore) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let place: Option<DataPlace> = source_arg::data_place(data);
    let place = place.with_context(|| {
        terminal.pick(
            format!("{data} 不是数据文件夹（里面应有 FORMAT）"),
            format!("{data} is no data folder (with FORMAT)"),
        )
    })?;
    let options = LocalOptions {
        anchor_folder,
        ..LocalOptions::default()
    };
    let folder = LocalFolder::open(&place.data, options).map_err(|error| {
        let advice = matches!(error, StoreError::Locked { .. }).then(|| {
            terminal.pick(
                "什么都没有动。服务正在用这个数据文件夹，请先停下服务再办",
                "Nothing was touched. A server is using this data folder: stop it first",
            )
        });
        match advice {
            Some(advice) => anyhow::Error::new(error).context(advice),
            None => error.into(),
        }
    })?;
    let slug = place.slug(terminal, &folder)?;
    let mut store = folder.ledger(&slug)?;
    let done = work(&mut store);
    // Stopped cleanly whatever the answer, so that the next opening need not look for a crash. An index
    // that has not caught up is fed by the next one that opens the ledger.
    store.close()?;
    folder.close()?;
    done
}

/// An erased document is an answer, not a failure to look.
fn answered(error: StoreError) -> anyhow::Error {
    match error {
        StoreError::Erased { .. } => Refused(error.to_string()).into(),
        other => other.into(),
    }
}

impl Add {
    fn run(self, terminal: Terminal) -> anyhow::Result<()> {
        let draft = Draft::read(terminal, &self.draft)?;
        let papers = draft.documents(terminal)?;
        let (shelf, store) = Shelf::of_folder(terminal, &self.to, Some(&draft))?;
        // The folder is opened anew, for writing.
        drop(store);
        if shelf.stands.is_none() {
            bail!(Refused(terminal.pick(
                "这份草稿还没有登记在账本里，材料没有存入；请先 sanzi submit。".to_owned(),
                "this draft does not stand in the ledger yet, and its documents were not kept; submit it first.".to_owned(),
            )));
        }
        let (kept, missing) = writing(terminal, &self.to, self.anchor, |store| {
            submit::keep(terminal, store, &draft, &papers)
        })?;
        if !missing.is_empty() {
            terminal.say(terminal.pick(
                format!("还缺材料：{}。", missing.join("、")),
                format!("still missing: {}.", missing.join(", ")),
            ));
        }
        terminal.say(terminal.pick(
            format!("已存入材料 {kept} 份。"),
            format!("{kept} documents are kept now."),
        ));
        Ok(())
    }
}

/// What became of a private document, with a note.
fn status_of(
    terminal: Terminal,
    shelf: &Shelf,
    (commitment, named): (&Commitment, &Named),
) -> anyhow::Result<(&'static str, String)> {
    if let Some(entry) = named.erased_by {
        let note = terminal.pick(
            format!("承诺仍然有效；由第 {entry} 条销毁"),
            format!("the commitment stands; erased by entry {entry}"),
        );
        return Ok(("erased", note));
    }
    let Some(store) = &shelf.store else {
        return Ok(("named", String::new()));
    };
    Ok(match store.private_document(commitment) {
        Ok(Some(_)) => ("kept", String::new()),
        Ok(None) => ("never_here", String::new()),
        Err(StoreError::Erased { erasure, .. }) => ("erased", erasure.reason.to_string()),
        Err(error @ StoreError::Corrupt { .. }) => ("damaged", error.to_string()),
        Err(error) => return Err(error.into()),
    })
}

impl List {
    fn run(self, terminal: Terminal) -> anyhow::Result<()> {
        let shelf = Shelf::open(terminal, &self.data, None, None)?;
        let mut all = Vec::new();
        for (commitment, named) in &shelf.named {
            let (status, note) = status_of(terminal, &shelf, (commitment, named))?;
            all.push(json!({
                "commitment": commitment, "entry": named.index, "erased_by": named.erased_by,
                "kind": named.kind, "note": note, "readers": named.readers, "status": status,
                "title": named.title,
            }));
            if self.json {
                continue;
            }
            let said = match status {
                "kept" => terminal.pick("在库", "kept"),
                "erased" => terminal.pick("已销毁", "erased"),
                "damaged" => terminal.pick("已损坏", "damaged"),
                "named" => terminal.pick("已登记", "on record"),
                _ => terminal.pick("从未存入", "never handed in"),
            };
            terminal.say(terminal.pick(
                format!(
                    "{commitment}  第 {} 条  {}（{}）  {said} {note}",
                    named.index, named.title, named.kind
                ),
                format!(
                    "{commitment}  entry {}  {} ({})  {said} {note}",
                    named.index, named.title, named.kind
                ),
            ));
        }
        match self.json {
            true => terminal.say(json!({ "private": all }).to_string()),
            false => terminal.say(terminal.pick(
                format!("不公开材料 {} 份。", all.len()),
                format!("{} private documents.", all.len()),
            )),
        }
        Ok(())
    }
}

impl Show {
    fn run(self, terminal: Terminal) -> anyhow::Result<()> {
        let (shelf, store) = Shelf::of_folder(terminal, &self.data, None)?;
        let (commitment, named) = shelf.find(terminal, &self.commitment)?;
        let passphrase_file = self.passphrase_file.as_deref();
        shelf.authorised(terminal, &self.key, passphrase_file, &named.readers)?;
        let found = store.private_document(&commitment).map_err(answered)?;
        let Some(document) = found else {
            bail!(Refused(terminal.pick(
                format!("「{}」从未存入这个数据文件夹（不是销毁）。请向经办人要草稿和旁边的 .private 文件夹，用 sanzi document add 存入。", named.title),
                format!("“{}” was never handed in here (it was not erased). Ask the clerk for the draft with its .private folder, and keep it by sanzi document add.", named.title),
            )));
        };
        key_file::create_new(terminal, &self.out, &document.bytes, true)?;
        terminal.say(terminal.pick(
            format!(
                "「{}」与承诺相符，已存为 {}（只有本人可读）。用完请删除。",
                named.title,
                self.out.display()
            ),
            format!(
                "“{}” opens its commitment; kept as {}, for its owner only. Delete it after use.",
                named.title,
                self.out.display()
            ),
        ));
        Ok(())
    }
}

impl Erase {
    fn run(self, terminal: Terminal) -> anyhow::Result<()> {
        let pins = self.pins.as_deref();
        let shelf = Shelf::open(terminal, &self.ledger, pins, None)?;
        let (commitment, named) = shelf.find(terminal, &self.commitment)?;
        if let Some(entry) = named.erased_by {
            bail!(Refused(terminal.pick(
                format!("「{}」已经销毁（第 {entry} 条），不必再办。", named.title),
                format!("“{}” is erased already, by entry {entry}.", named.title),
            )));
        }
        let stream = named.stream.clone();
        let reason = self.reason(terminal)?;
        terminal.advise(terminal.pick(
            format!("拟销毁「{}」（第 {} 条，承诺 {commitment}）：提交以后内容和盐都会删掉，找不回来；账本和各项证明不受影响。旧备份里的副本须另行删除。", named.title, named.index),
            format!("drafting the erasure of “{}” (entry {}, commitment {commitment}): once submitted, document and salt are gone for good; log and proofs are not touched. Delete the copies in old backups, too.", named.title, named.index),
        ));
        drop(shelf);
        let body = json!({ "commitment": commitment, "documents": [], "reason": reason });
        let mut from = tempfile::NamedTempFile::new()?;
        serde_json::to_writer(&mut from, &body)?;
        Record::of(
            "document_erased",
            &stream,
            &self.ledger,
            &self.key,
            from.path(),
        )
        .with(self.out, self.pins, self.passphrase_file)
        .run(terminal.language)?;
        Ok(())
    }

    fn reason(&self, terminal: Terminal) -> anyhow::Result<Paragraph> {
        let parse = |text: &str| -> Result<Paragraph, String> {
            if let Some(found) = privacy::number_in(text) {
                return Err(terminal.pick(
                    format!("理由第 {} 至 {} 个字符像是{}；理由会留存，请不要写个人信息", found.start + 1, found.end, found.kind.zh()),
                    format!("characters {} to {} of the reason look like a {}; it is kept, so leave private data out", found.start + 1, found.end, found.kind.en()),
                ));
            }
            text.parse()
                .map_err(|fault: ledger_core::text::TextError| fault.to_string())
        };
        match &self.reason {
            Some(text) => parse(text).map_err(|fault| Refused(fault).into()),
            None => terminal.ask_until(
                terminal.pick(
                    "销毁的理由（会留存）：",
                    "why it is erased (this is kept): ",
                ),
                parse,
            ),
        }
    }
}
