//! `sanzi submit`: hands a signed draft to a ledger, and keeps its receipt.
//!
//! The receipt is verified against the pins before it is believed. Submitting again is harmless: a
//! statement that stands is given its receipt once more.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::data;
use super::help::Text;
use crate::draft::{self, Draft, Papers};
use crate::handing_in;
use crate::key_file;
use crate::moment;
use crate::signed_url::SignedUrl;
use crate::source_arg;
use crate::terminal::{Refused, Terminal};
use crate::url_source::{UrlSource, bundle_of};
use anyhow::{Context as _, bail};
use ledger_core::event::LoggedEntry;
use ledger_core::hash::Hash;
use ledger_core::proof::Proof;
use ledger_core::store::local::{LocalFolder, LocalOptions, LocalStore};
use ledger_core::store::{Store as _, StoreError};
use ledger_core::tile::{TileSource as _, parse_bundle};
use ledger_core::{AppendError, Language, Ledger, Pins, SigningKey};
use ledger_server::{STOP_FILE, SigningStop};
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi submit 2026-001-asset_verification.draft --to data\n  $ sanzi submit 2026-001-asset_verification.draft --to https://sanzi.example.org/donglang --key chen.key --pins pins.json"
)]
pub(crate) struct Submit {
    draft: PathBuf,
    #[arg(long, value_name = "DATA|URL")]
    to: String,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    log_passphrase_file: Option<PathBuf>,
    #[arg(long, value_name = "FILE", conflicts_with = "without_documents")]
    key: Option<PathBuf>,
    #[arg(long, value_name = "FILE", requires = "key")]
    passphrase_file: Option<PathBuf>,
    #[arg(long)]
    without_documents: bool,
    #[arg(long, value_name = "DIR", env = "SANZI_ANCHOR", hide_env_values = true)]
    anchor: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

/// What came back: the entry as it stands, and its proof.
struct Recorded {
    added: bool,
    entry: Vec<u8>,
    proof: Proof,
    /// Documents that the ledger keeps now, and those that are not at hand.
    documents: usize,
    missing: Vec<String>,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "submit",
        zh: "提交签齐的草稿，取回并核对回执",
        en: "Submit a signed draft; fetch and verify its receipt",
    },
    Text {
        of: "submit.draft",
        zh: "草稿文件",
        en: "The draft",
    },
    Text {
        of: "submit.to",
        zh: "提交到：数据文件夹（服务没有运行时）或账本网址",
        en: "Where to: a data folder (while no server runs on it) or a ledger's URL",
    },
    Text {
        of: "submit.pins",
        zh: "信任锚文件，用来核对回执",
        en: "The pins to verify the receipt by",
    },
    Text {
        of: "submit.log_passphrase_file",
        zh: "日志钥匙的口令文件；也可用环境变量 SANZI_LOG_PASSPHRASE",
        en: "The log key's passphrase; or set SANZI_LOG_PASSPHRASE",
    },
    Text {
        of: "submit.key",
        zh: "提交到网址时，用哪把成员钥匙先上传草稿旁的材料",
        en: "For a URL: the member's key with which the draft's documents are handed in first",
    },
    Text {
        of: "submit.passphrase_file",
        zh: "上述钥匙的口令写在这个文件的第一行",
        en: "A file whose first line is that key's passphrase",
    },
    Text {
        of: "submit.without_documents",
        zh: "只提交条目，材料以后再交（sanzi document put 或 add）",
        en: "Submit the entry alone; its documents are handed in later, by sanzi document put or add",
    },
    Text {
        of: "submit.anchor",
        zh: "数据文件夹的锚点文件夹，同 serve 的 --anchor",
        en: "The folder of a data folder's anchors, as for serve",
    },
    Text {
        of: "submit.json",
        zh: "以 JSON 输出",
        en: "Print JSON",
    },
];

impl Submit {
    /// Submits a draft.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        let draft = Draft::read(terminal, &self.draft)?;
        let (recorded, pins) = if source_arg::is_url(&self.to) {
            self.to_url(terminal, &draft)?
        } else {
            self.to_folder(terminal, &draft)?
        };
        verify(terminal, &draft, &recorded, &pins)?;
        if recorded.documents > 0 && recorded.missing.is_empty() && draft.drop_private(terminal)? {
            terminal.advise(terminal.pick(
                "不公开材料已由账本保管，草稿旁的副本已删除。",
                "the ledger keeps the private documents; the draft's copies were deleted.",
            ));
        }
        let proof_file = draft::companion(&self.draft, "tlog-proof");
        draft::replace(terminal, &proof_file, &recorded.proof.to_bytes())?;
        draft::replace(
            terminal,
            &draft::companion(&self.draft, "entry"),
            &recorded.entry,
        )?;
        self.say(terminal, &recorded, &proof_file);
        Ok(ExitCode::SUCCESS)
    }

    fn to_folder(&self, terminal: Terminal, draft: &Draft) -> anyhow::Result<(Recorded, Pins)> {
        let Some(place) = source_arg::data_place(&self.to) else {
            bail!(terminal.pick(
                format!(
                    "{} 不是数据文件夹（里面应有 FORMAT），也不是 http(s) 网址",
                    self.to
                ),
                format!(
                    "{} is neither a data folder (with FORMAT) nor an http(s) URL",
                    self.to
                ),
            ));
        };
        let options = LocalOptions {
            anchor_folder: self.anchor.clone(),
            ..LocalOptions::default()
        };
        let folder = LocalFolder::open(&place.data, options).map_err(|error| {
            let advice = matches!(error, StoreError::Locked { .. }).then(|| {
                terminal.pick(
                "什么都没有登记。服务正在用这个数据文件夹，请把 --to 换成账本的网址",
                "Nothing was recorded. A server is using this data folder: give its URL to --to",
            )
            });
            match advice {
                Some(advice) => anyhow::Error::new(error).context(advice),
                None => error.into(),
            }
        })?;
        let slug = place.slug(terminal, &folder)?;
        let pins_file = place.ledger_folder(&slug).join("pins.json");
        let pins = source_arg::read_pins(terminal, self.pins.as_deref().unwrap_or(&pins_file))?;
        check_signing(terminal, &place.ledger_folder(&slug))?;
        let log_key = self.log_key(terminal, &place.ledger_folder(&slug), &pins)?;
        let recorded = append(terminal, &folder, &slug, log_key, draft)?;
        // Stopped cleanly, so that the next opening need not look for a crash.
        folder.close()?;
        Ok((recorded?, pins))
    }

    fn log_key(
        &self,
        terminal: Terminal,
        folder: &Path,
        pins: &Pins,
    ) -> anyhow::Result<SigningKey> {
        let given = data::given_passphrase(self.log_passphrase_file.as_deref(), terminal.language)?;
        let seed = data::log_seed(folder, given.as_ref(), terminal.language)?;
        Ok(SigningKey::from_seed(pins.origin.as_str(), &seed)?)
    }

    fn to_url(&self, terminal: Terminal, draft: &Draft) -> anyhow::Result<(Recorded, Pins)> {
        let source = source_arg::open(terminal, &self.to, self.pins.as_deref())?;
        let (documents, mut missing) = self.hand_in(terminal, draft, &source.pins)?;
        let url = UrlSource::new(terminal, &self.to);
        let answer = url.post("events", &draft.bytes).with_context(|| {
            terminal.pick(
                "不知道是否已登记；恢复后请原样再提交一次，不会重复",
                "it is not known whether it was recorded; submit the same draft again, it will not be doubled",
            )
        })?;
        if !matches!(answer.status, 200 | 201) {
            return Err(problem(terminal, answer.status, &answer.body));
        }
        let proof = Proof::parse(&answer.body)?;
        let signed = ledger_core::checkpoint::SignedCheckpoint::open_note(
            proof.checkpoint().clone(),
            &source.pins.log_key,
        )?;
        let size = signed.checkpoint().size();
        if proof.index() >= size {
            bail!(Refused(terminal.pick(
                "回执不成立：序号超出了账本。".to_owned(),
                "the receipt does not hold: its index is beyond the log.".to_owned(),
            )));
        }
        let bundle = url.fetch(&bundle_of(proof.index(), size)?)?;
        let entries = parse_bundle(&bundle)?;
        let place = usize::try_from(proof.index() % 256)?;
        let entry = entries
            .get(place)
            .map(|entry| entry.to_vec())
            .unwrap_or_default();
        if source.self_pinned {
            source.warn_self_pinned();
        }
        if documents == 0 {
            for kind in ["documents", "private"] {
                let folder = draft::companion(&draft.path, kind);
                missing.extend(folder.is_dir().then(|| folder.display().to_string()));
            }
        }
        let recorded = Recorded {
            added: answer.status == 201,
            entry,
            proof,
            documents,
            missing,
        };
        Ok((recorded, source.pins))
    }

    /// Hands in the documents beside the draft before its event, so that no entry stands for which nobody
    /// has them; says how many, and which are not at hand.
    fn hand_in(
        &self,
        terminal: Terminal,
        draft: &Draft,
        pins: &Pins,
    ) -> anyhow::Result<(usize, Vec<String>)> {
        let (at_hand, missing) = handing_in::of(terminal, draft);
        if self.without_documents || at_hand.is_empty() {
            return Ok((0, missing));
        }
        let Some(path) = &self.key else {
            bail!(terminal.pick(
                format!("没有提交：草稿旁有 {} 份材料，要先上传，再提交条目。请加 --key 成员钥匙文件；材料另交的，请加 --without-documents。", at_hand.len()),
                format!("not submitted: {} documents lie beside the draft and are handed in before the entry. Give --key with a member's key file; or --without-documents to hand them in later.", at_hand.len()),
            ));
        };
        let key = key_file::unlock(terminal, path, self.passphrase_file.as_deref())?;
        if ledger_core::authenticate::member_in_name(&pins.origin, key.name()).is_none() {
            bail!(terminal.pick(
                format!("没有提交：钥匙叫 {}，不属于这个账本", key.name()),
                format!(
                    "not submitted: the key is named {} and belongs to another ledger",
                    key.name()
                ),
            ));
        }
        let server = SignedUrl::new(terminal, &self.to, Some(&key));
        for document in &at_hand {
            document.put(terminal, &server, None)?;
        }
        Ok((at_hand.len(), missing))
    }

    fn say(&self, terminal: Terminal, recorded: &Recorded, proof_file: &Path) {
        let index = recorded.proof.index();
        if self.json {
            terminal.say(json!({
                "added": recorded.added, "index": index, "leaf": Hash::leaf(&recorded.entry),
                "receipt": proof_file, "documents": recorded.documents, "missing": recorded.missing,
            }).to_string());
            return;
        }
        if recorded.documents > 0 {
            terminal.say(terminal.pick(
                format!("材料 {} 份已存入账本。", recorded.documents),
                format!("{} documents are kept by the ledger.", recorded.documents),
            ));
        }
        if !recorded.missing.is_empty() {
            terminal.say(terminal.pick(
                format!("材料还没有交：{}。请连同草稿交给服务器的管理人员，由他用 sanzi document add 存入，或自己用 sanzi document put 上传（账本里已有摘要或承诺，内容改不了）。", recorded.missing.join("、")),
                format!("documents not handed in yet: {}. Give them with the draft to the server's operator, who keeps them by sanzi document add, or hand them in by sanzi document put (digests and commitments are on record).", recorded.missing.join(", ")),
            ));
        }
        terminal.say(terminal.pick(
            format!("回执已核对，存为 {}。", proof_file.display()),
            format!(
                "the receipt was verified and kept as {}.",
                proof_file.display()
            ),
        ));
        terminal.say(match recorded.added {
            true => terminal.pick(
                format!("已登记，第 {index} 条。"),
                format!("recorded as entry {index}."),
            ),
            false => terminal.pick(
                format!("早已登记，第 {index} 条；没有重复。"),
                format!("recorded before, as entry {index}; nothing was doubled."),
            ),
        });
    }
}

/// Refuses a ledger whose signing has been stopped: an opening alone may sign what a crash left.
fn check_signing(terminal: Terminal, ledger_folder: &Path) -> anyhow::Result<()> {
    let file = ledger_folder.join(STOP_FILE);
    let stop = SigningStop::kept_in(file)?;
    match stop.reason() {
        None => Ok(()),
        Some(reason) => bail!(Refused(terminal.pick(
            format!("这个账本已停止签署，什么也没有登记：{reason}。请先用 sanzi recover --data 查明"),
            format!("this ledger has stopped signing, and nothing was recorded: {reason}. See sanzi recover --data first"),
        ))),
    }
}

/// Appends to a ledger in a data folder and keeps the documents; closes the ledger whatever the answer.
fn append(
    terminal: Terminal,
    folder: &LocalFolder,
    slug: &str,
    log_key: SigningKey,
    draft: &Draft,
) -> anyhow::Result<anyhow::Result<Recorded>> {
    let papers = draft.documents(terminal)?;
    let bar = terminal.progress(terminal.pick("打开账本", "opening"));
    let mut ledger = Ledger::open(folder.ledger(slug)?, log_key, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    let answer = match ledger.append(&draft.bytes, moment::now()?) {
        Ok(receipt) => {
            let (documents, missing) = keep(terminal, ledger.store_mut(), draft, &papers)?;
            Ok(Recorded {
                added: receipt.added,
                entry: ledger.store().entry(receipt.index)?,
                proof: receipt.proof,
                documents,
                missing,
            })
        }
        Err(error) => Err(not_appended(terminal, error)),
    };
    ledger.into_store().close()?;
    Ok(answer)
}

/// Keeps the documents of a draft whose event stands; says how many are kept now, and which are not at
/// hand. What has been erased meanwhile stays erased.
pub(crate) fn keep(
    terminal: Terminal,
    store: &mut LocalStore,
    draft: &Draft,
    papers: &Papers,
) -> anyhow::Result<(usize, Vec<String>)> {
    for document in &papers.public {
        store.put_document(document)?;
    }
    for document in &papers.private {
        match store.put_private_document(&document.salt, &document.bytes) {
            Err(error @ StoreError::Erased { .. }) => terminal.advise(error.to_string()),
            other => drop(other?),
        }
    }
    let mut missing = papers.missing.clone();
    for (commitment, title) in &papers.missing_private {
        match store.private_document(commitment) {
            Ok(Some(_)) | Err(StoreError::Erased { .. }) => {}
            Ok(None) => missing.push(title.clone()),
            Err(error) => return Err(error.into()),
        }
    }
    if draft.drop_private(terminal)? {
        terminal.advise(terminal.pick(
            "不公开材料已由账本保管，草稿旁的副本已删除。",
            "the ledger keeps the private documents; the draft's copies were deleted.",
        ));
    }
    Ok((papers.public.len() + papers.private.len(), missing))
}

/// Why nothing was appended, and what to do.
fn not_appended(terminal: Terminal, error: AppendError) -> anyhow::Error {
    let l = terminal.language;
    match error {
        AppendError::Refused(refusal) => Refused(l.pick(
            format!("没有登记，规则不允许：{}。{}", refusal.title(l), refusal.detail(l)),
            format!("not recorded, a rule refuses it: {}. {}", refusal.title(l), refusal.detail(l)),
        ))
        .into(),
        other @ AppendError::Ledger(_) => anyhow::Error::new(other).context(l.pick(
            "写入没有完成，不知道是否已登记；排除故障后请原样再提交一次，不会重复",
            "writing failed and it is not known whether it was recorded; submit the same draft again, it will not be doubled",
        )),
        other => anyhow::Error::new(other).context(l.pick("没有登记", "not recorded")),
    }
}

/// Whether the entry is ours and the pinned log holds it.
fn verify(
    terminal: Terminal,
    draft: &Draft,
    recorded: &Recorded,
    pins: &Pins,
) -> anyhow::Result<()> {
    let ours = LoggedEntry::parse(&recorded.entry)
        .is_ok_and(|entry| entry.signed.note().text() == draft.signed.note().text());
    let held = recorded
        .proof
        .verify(&Hash::leaf(&recorded.entry), &pins.log_key);
    let fault = match held {
        Ok(signed) if ours && signed.checkpoint().origin() == pins.origin.as_str() => return Ok(()),
        Ok(_) => terminal
            .pick(
                "条目不是所提交的内容",
                "the entry is not what was submitted",
            )
            .to_owned(),
        Err(fault) => fault.to_string(),
    };
    bail!(Refused(terminal.pick(
        format!("回执不成立，不要相信这次登记：{fault}。请核对网址和信任锚，并联系账本的管理人员。"),
        format!("the receipt does not hold; do not believe this was recorded: {fault}. Check URL and pins, and ask the ledger's operator."),
    )))
}

/// A server's refusal in words.
fn problem(terminal: Terminal, status: u16, body: &[u8]) -> anyhow::Error {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let (title, detail) = (text("title"), text("detail"));
    let said = if title.is_empty() {
        format!("HTTP {status}")
    } else {
        format!("{title}。{detail}")
    };
    match status {
        400..=499 if !matches!(status, 404 | 405 | 429) => {
            Refused(terminal.pick(format!("没有登记：{said}"), format!("not recorded: {said}")))
                .into()
        }
        _ => anyhow::anyhow!(terminal.pick(
            format!("没有登记：{said}。草稿没有动，稍后原样再提交即可。"),
            format!("not recorded: {said}. The draft is unchanged; submit it again later."),
        )),
    }
}
