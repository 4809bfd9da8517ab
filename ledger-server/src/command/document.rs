//! `sanzi document`: the private documents of a ledger: hand in, look up, read, erase.
//!
//! Works on the data folder only. A server never gives a private document to anybody; whoever may read
//! one comes to the place where it is kept, with a key that the roster knows. That holds honest people
//! to the rule: who can read the data folder's files can read the documents.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use ledger_core::hash::Commitment;
use ledger_core::privacy;
use ledger_core::record::DocumentRef;
use ledger_core::state::{LedgerState, State};
use ledger_core::store::local::{LocalFolder, LocalOptions, LocalStore};
use ledger_core::store::{Erasure, Store as _, StoreError};
use ledger_core::text::Paragraph;
use ledger_core::{Language, MemberId, Role};
use serde_json::json;

use super::help::Text;
use super::record::signer;
use super::submit;
use crate::draft::Draft;
use crate::key_file;
use crate::moment;
use crate::source_arg::{self, DataPlace, SourceKind};
use crate::terminal::{Refused, Terminal};

/// Who may have a private document erased: those who answer for the record and for its supervision.
const ERASERS: [Role; 2] = [Role::Chair, Role::Supervisor];

#[derive(Debug, clap::Args)]
pub(crate) struct Document {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Add(Add),
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
    after_help = "  $ sanzi document erase 4774bc5f --data data --key liang.key --reason 保管期满"
)]
struct Erase {
    commitment: String,
    #[arg(long, value_name = "DATA")]
    data: String,
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[arg(long, value_name = "DIR", env = "SANZI_ANCHOR", hide_env_values = true)]
    anchor: Option<PathBuf>,
    #[arg(long)]
    yes: bool,
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

#[rustfmt::skip]
pub(crate) const TEXTS: &[Text] = &[
    Text { of: "document", zh: "材料的存入，不公开材料的查阅和销毁", en: "Hand in documents; look up and erase private ones" },
    Text { of: "document.add", zh: "把草稿旁的材料存入账本（条目须已登记）", en: "Keep the documents that lie beside a draft (whose entry stands)" },
    Text { of: "document.add.draft", zh: "已登记的草稿文件", en: "The draft, which has been submitted" },
    Text { of: "document.add.to", zh: "账本的数据文件夹（服务须停）", en: "The ledger's data folder (no server may run on it)" },
    Text { of: "document.add.anchor", zh: "锚点文件夹，同 serve 的 --anchor", en: "The folder of the anchors, as for serve" },
    Text { of: "document.list", zh: "列出不公开材料及其状态", en: "List the private documents and what became of them" },
    Text { of: "document.list.data", zh: "账本的数据文件夹", en: "The ledger's data folder" },
    Text { of: "document.list.json", zh: "以 JSON 输出", en: "Print JSON" },
    Text { of: "document.show", zh: "查阅一份不公开材料：须由可查阅的岗位持钥匙", en: "Read a private document, with the key of a role that may" },
    Text { of: "document.show.commitment", zh: "承诺（可只写开头几位）", en: "Its commitment, or the beginning of it" },
    Text { of: "document.show.data", zh: "账本的数据文件夹", en: "The ledger's data folder" },
    Text { of: "document.show.key", zh: "查阅人的钥匙文件", en: "The reader's key file" },
    Text { of: "document.show.out", zh: "存到哪个文件（只有本人可读，不覆盖）", en: "Where it goes: a new file, for its owner only" },
    Text { of: "document.show.passphrase_file", zh: "口令写在这个文件的第一行", en: "A file whose first line is the passphrase" },
    Text { of: "document.erase", zh: "销毁一份不公开材料：内容和盐都删掉，证明仍有效", en: "Erase a private document and its salt; every proof stays valid" },
    Text { of: "document.erase.commitment", zh: "承诺（可只写开头几位）", en: "Its commitment, or the beginning of it" },
    Text { of: "document.erase.data", zh: "账本的数据文件夹（服务须停）", en: "The ledger's data folder (no server may run on it)" },
    Text { of: "document.erase.key", zh: "理事长或监事的钥匙文件", en: "The chair's or a supervisor's key file" },
    Text { of: "document.erase.reason", zh: "理由，会留下记录", en: "Why; this is kept" },
    Text { of: "document.erase.anchor", zh: "锚点文件夹，同 serve 的 --anchor", en: "The folder of the anchors, as for serve" },
    Text { of: "document.erase.yes", zh: "不再询问", en: "Do not ask" },
    Text { of: "document.erase.passphrase_file", zh: "口令写在这个文件的第一行", en: "A file whose first line is the passphrase" },
];

impl Document {
    /// Does what is asked with private documents.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        match self.action {
            Action::Add(add) => add.run(terminal),
            Action::List(list) => list.run(terminal),
            Action::Show(show) => show.run(terminal),
            Action::Erase(erase) => erase.run(terminal),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A private document as an entry names it.
struct Named {
    index: u64,
    kind: String,
    readers: Vec<Role>,
    title: String,
}

/// What the ledger says of its private documents, and the store that keeps them, opened for reading.
struct Shelf {
    named: BTreeMap<Commitment, Named>,
    state: State,
    store: Box<LocalStore>,
}

impl Shelf {
    fn open(
        terminal: Terminal,
        data: &str,
        wanted: Option<&Draft>,
    ) -> anyhow::Result<(Self, bool)> {
        let source = source_arg::open(terminal, data, None)?;
        let mut named = BTreeMap::new();
        let mut stands = false;
        let report = source.audit(None, &mut |entry, _, _| {
            stands |= wanted
                .is_some_and(|draft| draft.signed.note().text() == entry.signed().note().text());
            for document in entry.statement().event.documents() {
                if let DocumentRef::Private {
                    commitment,
                    kind,
                    readers,
                    title,
                } = document
                {
                    let one = Named {
                        index: entry.index(),
                        kind: kind.to_string(),
                        readers: readers.iter().copied().collect(),
                        title: title.to_string(),
                    };
                    named.insert(*commitment, one);
                }
            }
        })?;
        if let Some(fault) = &report.fault {
            bail!(Refused(source_arg::fault_in_words(terminal, fault)));
        }
        match source.kind {
            SourceKind::Data(store, _) => Ok((Self { named, state: report.state, store }, stands)),
            _ => bail!(terminal.pick(
                format!("{data} 不是数据文件夹；不公开材料只在保管它的数据文件夹里，不经网络提供"),
                format!("{data} is no data folder: private documents are where they are kept, and are not served"),
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
        let member = ledger.roster.member(&id);
        let may =
            member.is_some_and(|member| roles.iter().any(|role| member.holds(*role, position)));
        if may {
            return Ok(id);
        }
        let named = |role: &Role| terminal.pick(role.zh(), role.en());
        let names: Vec<&str> = roles.iter().map(named).collect();
        bail!(Refused(terminal.pick(
            format!(
                "{id} 现任的岗位不能办这件事；可以办的是：{}。什么都没有动。",
                names.join("、")
            ),
            format!(
                "{id} holds no role that may do this: {}. Nothing was touched.",
                names.join(", ")
            ),
        )))
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
        let (_, stands) = Shelf::open(terminal, &self.to, Some(&draft))?;
        if !stands {
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

impl List {
    fn run(self, terminal: Terminal) -> anyhow::Result<()> {
        let (shelf, _) = Shelf::open(terminal, &self.data, None)?;
        let mut all = Vec::new();
        for (commitment, named) in &shelf.named {
            let (status, note) = match shelf.store.private_document(commitment) {
                Ok(Some(_)) => ("kept", String::new()),
                Ok(None) => ("never_here", String::new()),
                Err(StoreError::Erased { erasure, .. }) => (
                    "erased",
                    format!(
                        "{} {}：{}",
                        moment::logged(erasure.at, moment::CHINA_OFFSET_MINUTES),
                        erasure.by,
                        erasure.reason
                    ),
                ),
                Err(error @ StoreError::Corrupt { .. }) => ("damaged", error.to_string()),
                Err(error) => return Err(error.into()),
            };
            all.push(json!({
                "commitment": commitment, "entry": named.index, "kind": named.kind, "note": note,
                "readers": named.readers, "status": status, "title": named.title,
            }));
            if self.json {
                continue;
            }
            let said = match status {
                "kept" => terminal.pick("在库", "kept"),
                "erased" => terminal.pick("已销毁", "erased"),
                "damaged" => terminal.pick("已损坏", "damaged"),
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
        let (shelf, _) = Shelf::open(terminal, &self.data, None)?;
        let (commitment, named) = shelf.find(terminal, &self.commitment)?;
        let passphrase_file = self.passphrase_file.as_deref();
        shelf.authorised(terminal, &self.key, passphrase_file, &named.readers)?;
        let found = shelf
            .store
            .private_document(&commitment)
            .map_err(answered)?;
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
        let (shelf, _) = Shelf::open(terminal, &self.data, None)?;
        let (commitment, named) = shelf.find(terminal, &self.commitment)?;
        let found = shelf.store.private_document(&commitment);
        match found {
            Ok(None) => bail!(Refused(terminal.pick(
                format!("「{}」从未存入这个数据文件夹，没有可销毁的。", named.title),
                format!(
                    "“{}” was never handed in here; there is nothing to erase.",
                    named.title
                ),
            ))),
            Err(error @ StoreError::Erased { .. }) => return Err(answered(error)),
            // What is damaged can still be erased.
            Ok(Some(_)) | Err(StoreError::Corrupt { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let by = shelf.authorised(
            terminal,
            &self.key,
            self.passphrase_file.as_deref(),
            &ERASERS,
        )?;
        let reason = self.reason(terminal)?;
        terminal.advise(terminal.pick(
            format!("将销毁「{}」（第 {} 条，承诺 {commitment}）：内容和盐都会删掉，找不回来；账本和各项证明不受影响。备份里的副本须另行删除。", named.title, named.index),
            format!("about to erase “{}” (entry {}, commitment {commitment}): document and salt will be gone for good; log and proofs are not touched. Delete the copies in backups, too.", named.title, named.index),
        ));
        if !self.yes && !terminal.confirm(terminal.pick("确定销毁吗？", "erase it?"))? {
            bail!(Refused(
                terminal
                    .pick("没有销毁。", "nothing was erased.")
                    .to_owned()
            ));
        }
        let title = named.title.clone();
        // The folder is opened anew, for writing.
        drop(shelf);
        let erasure = Erasure {
            at: moment::now()?,
            by,
            reason,
        };
        let erased = writing(terminal, &self.data, self.anchor, |store| {
            store
                .erase_private_document(&commitment, &erasure)
                .map_err(answered)
        })?;
        if !erased {
            bail!(terminal.pick("没有可销毁的。", "there was nothing to erase."));
        }
        terminal.say(terminal.pick(
            format!("「{title}」已销毁，理由已留存。"),
            format!("“{title}” was erased; the reason is kept."),
        ));
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
