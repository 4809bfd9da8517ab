//! The documents of an event: found by path, hashed, and named as the charter names them. A private one
//! is committed to with a salt drawn for this one reference.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, bail};
use ledger_core::charter::DocumentRule;
use ledger_core::commitment::Salt;
use ledger_core::hash::{Commitment, Digest};
use ledger_core::store::PrivateDocument;
use ledger_core::{Role, Step, keyfile};
use serde_json::{Map, Value, json};

use super::Desk;
use crate::draft::Papers;
use crate::drafting::is_personal;
use crate::key_file::grouped;
use crate::terminal::Refused;

/// The longest document that is taken, in bytes: what a notice board's reader will wait for.
const LIMIT: u64 = 64 * 1024 * 1024;

/// What the command line says of documents.
pub(super) struct Given<'a> {
    /// Public ones, as `kind=path`.
    pub(super) public: &'a [String],
    /// Private ones.
    pub(super) private: &'a [String],
    /// Who may read the private ones; empty for those who sign the event, and the supervisors.
    pub(super) readers: &'a [Role],
    /// Whether to ask for those that the charter lists and that were not given.
    pub(super) ask: bool,
}

/// Documents that will go beside the draft.
pub(super) struct Attachments<'a> {
    pub(super) papers: Papers,
    desk: &'a Desk<'a>,
    readers: BTreeSet<Role>,
    rules: &'a [DocumentRule],
    step: Option<Step>,
}

impl<'a> Attachments<'a> {
    /// Takes the documents given, asks for those that the charter lists, and names all in `body`.
    pub(super) fn collect(
        desk: &'a Desk<'a>,
        kind: &str,
        given: &Given<'_>,
        body: &mut Map<String, Value>,
    ) -> anyhow::Result<Papers> {
        let step = kind.parse::<Step>().ok();
        let rules: &[DocumentRule] = match step {
            Some(step) => &desk.drafting.charter.steps.of(step).documents,
            None => &[],
        };
        let mut all = Self {
            papers: Papers::default(),
            desk,
            readers: match given.readers {
                [] => desk.drafting.usual_readers(),
                given => given.iter().copied().collect(),
            },
            rules,
            step,
        };
        let mut named = Vec::new();
        let public = given.public.iter().map(|text| (text, false));
        for (text, private) in public.chain(given.private.iter().map(|text| (text, true))) {
            named.push(all.given(text, private)?);
        }
        let missing = |rule: &&DocumentRule| {
            !named
                .iter()
                .any(|named| named["kind"] == rule.kind.as_str())
        };
        let listed: Vec<&DocumentRule> = all.rules.iter().filter(missing).collect();
        for rule in listed.into_iter().filter(|_| given.ask) {
            if let Some(path) = ask_path(desk, rule)? {
                let private = all.ask_private(rule)?;
                let (kind, title) = (rule.kind.as_str(), Some(rule.title.as_str()));
                named.push(all.take(kind, title, Path::new(&path), private)?);
            }
        }
        if !named.is_empty() {
            let documents = body.entry("documents").or_insert_with(|| json!([]));
            if let Value::Array(documents) = documents {
                documents.extend(named);
            }
        }
        Ok(all.papers)
    }

    /// A document that the command line names.
    fn given(&mut self, text: &str, private: bool) -> anyhow::Result<Value> {
        let terminal = self.desk.terminal;
        let Some((kind, path)) = text.split_once('=') else {
            bail!(terminal.pick(
                format!("--document 应写成 种类=路径，现为 {text}"),
                format!("--document takes kind=path, found {text}"),
            ));
        };
        let rule = self.rules.iter().find(|rule| rule.kind.as_str() == kind);
        if rule.is_none() && !self.rules.is_empty() {
            let known: Vec<_> = self
                .rules
                .iter()
                .map(|r| format!("{}（{}）", r.kind, r.title))
                .collect();
            bail!(Refused(terminal.pick(
                format!("这个环节没有材料 {kind}；章程列的是：{}", known.join("、")),
                format!(
                    "this step has no document {kind}; the charter lists: {}",
                    known.join(", ")
                ),
            )));
        }
        let title = rule.map(|rule| rule.title.as_str());
        self.take(kind, title, Path::new(path), private)
    }

    /// Whether a document is to be private: as its kind suggests, unless somebody says otherwise.
    fn ask_private(&self, rule: &DocumentRule) -> anyhow::Result<bool> {
        let terminal = self.desk.terminal;
        let personal = self
            .step
            .is_some_and(|step| is_personal(step, rule.kind.as_str()));
        let usual = match personal {
            true => terminal.pick(
                "回车为不公开：这类材料常有个人信息",
                "Enter: private, for such papers often hold personal data",
            ),
            false => terminal.pick("回车为公开", "Enter: public"),
        };
        let question = terminal.pick(
            format!(
                "材料「{}」公开吗？输入 1 公开、2 不公开（{usual}）：",
                rule.title
            ),
            format!(
                "is the document “{}” public? 1 public, 2 private ({usual}): ",
                rule.title
            ),
        );
        terminal.ask_until(&question, |answer| match answer {
            "" => Ok(personal),
            "1" | "公开" | "public" => Ok(false),
            "2" | "不公开" | "private" => Ok(true),
            other => Err(terminal.pick(
                format!("请输入 1（公开）或 2（不公开），现为「{other}」"),
                format!("expected 1 (public) or 2 (private), found {other:?}"),
            )),
        })
    }

    fn take(
        &mut self,
        kind: &str,
        title: Option<&str>,
        path: &Path,
        private: bool,
    ) -> anyhow::Result<Value> {
        let terminal = self.desk.terminal;
        let unreadable = || {
            terminal.pick(
                format!("读不到材料文件 {}", path.display()),
                format!("cannot read the document {}", path.display()),
            )
        };
        let length = std::fs::metadata(path).with_context(unreadable)?.len();
        if length == 0 || length > LIMIT {
            bail!(terminal.pick(
                format!(
                    "材料 {} 有 {length} 字节；应在 1 到 {LIMIT} 字节之间",
                    path.display()
                ),
                format!(
                    "the document {} has {length} bytes; expected 1 to {LIMIT}",
                    path.display()
                ),
            ));
        }
        let bytes = std::fs::read(path).with_context(unreadable)?;
        if private {
            return self.take_private(kind, title, path, bytes);
        }
        let digest = Digest::of(&bytes);
        let title = title.map_or_else(|| kind.to_owned(), str::to_owned);
        terminal.advise(terminal.pick(
            format!(
                "  材料「{title}」：{}，{length} 字节，SHA-256 {}",
                path.display(),
                grouped(&digest.to_string())
            ),
            format!(
                "  document “{title}”: {}, {length} bytes, SHA-256 {}",
                path.display(),
                grouped(&digest.to_string())
            ),
        ));
        self.papers.public.push(bytes);
        Ok(
            json!({ "access": "public", "kind": kind, "title": title, "size_bytes": length, "sha256": digest }),
        )
    }

    /// Commits to a document with a salt of its own.
    fn take_private(
        &mut self,
        kind: &str,
        title: Option<&str>,
        path: &Path,
        bytes: Vec<u8>,
    ) -> anyhow::Result<Value> {
        let terminal = self.desk.terminal;
        let salt = Salt::from_bytes(*keyfile::generate_seed()?);
        let commitment = Commitment::to(&salt, &bytes);
        let title = title.unwrap_or(kind);
        let may_read: Vec<&str> = self
            .readers
            .iter()
            .map(|role| terminal.pick(role.zh(), role.en()))
            .collect();
        terminal.advise(terminal.pick(
            format!(
                "  不公开材料「{title}」：{}，只有{}可以查阅；账本里只写名称和承诺 {}",
                path.display(),
                may_read.join("、"),
                grouped(&commitment.to_string())
            ),
            format!(
                "  private document “{title}”: {}, to be read by {} only; the log has its title and the commitment {}",
                path.display(),
                may_read.join(", "),
                grouped(&commitment.to_string())
            ),
        ));
        self.papers.private.push(PrivateDocument {
            bytes: bytes.into(),
            salt,
        });
        Ok(json!({
            "access": "private", "commitment": commitment, "kind": kind, "readers": self.readers,
            "title": title,
        }))
    }
}

fn ask_path(desk: &Desk<'_>, rule: &DocumentRule) -> anyhow::Result<Option<String>> {
    let terminal = desk.terminal;
    let need = match rule.required {
        true => terminal.pick("必需", "required"),
        false => terminal.pick("可选，回车跳过", "optional, Enter to skip"),
    };
    let question = terminal.pick(
        format!("材料「{}」（{need}）的文件路径：", rule.title),
        format!("path of the document “{}” ({need}): ", rule.title),
    );
    let path = terminal.ask_until(&question, |answer| {
        match (answer.is_empty(), rule.required) {
            (true, false) => Ok(None),
            _ if Path::new(answer).is_file() => Ok(Some(answer.to_owned())),
            _ => Err(terminal.pick(
                format!("没有文件「{answer}」；请输入文件路径"),
                format!("there is no file {answer:?}; type its path"),
            )),
        }
    })?;
    Ok(path)
}
