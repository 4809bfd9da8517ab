//! The documents of an event: found by path, hashed, and named as the charter names them.

use std::path::Path;

use anyhow::{Context as _, bail};
use ledger_core::Step;
use ledger_core::charter::DocumentRule;
use ledger_core::hash::Digest;
use serde_json::{Map, Value, json};

use super::Desk;
use crate::key_file::grouped;
use crate::terminal::Refused;

/// The longest document that is taken, in bytes: what a notice board's reader will wait for.
const LIMIT: u64 = 64 * 1024 * 1024;

/// Documents that will go beside the draft.
pub(super) struct Attachments {
    pub(super) bytes: Vec<Vec<u8>>,
}

impl Attachments {
    /// Takes the documents given, asks for those that the charter lists, and names all in `body`.
    pub(super) fn collect(
        desk: &Desk<'_>,
        kind: &str,
        given: &[String],
        ask: bool,
        body: &mut Map<String, Value>,
    ) -> anyhow::Result<Self> {
        let terminal = desk.terminal;
        let rules: &[DocumentRule] = match kind.parse::<Step>() {
            Ok(step) => &desk.charter.steps.of(step).documents,
            Err(_) => &[],
        };
        let mut all = Self { bytes: Vec::new() };
        let mut named = Vec::new();
        for text in given {
            let Some((kind, path)) = text.split_once('=') else {
                bail!(terminal.pick(
                    format!("--document 应写成 种类=路径，现为 {text}"),
                    format!("--document takes kind=path, found {text}"),
                ));
            };
            let rule = rules.iter().find(|rule| rule.kind.as_str() == kind);
            if rule.is_none() && !rules.is_empty() {
                let known: Vec<_> = rules
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
            named.push(all.take(
                desk,
                kind,
                rule.map(|rule| rule.title.as_str()),
                Path::new(path),
            )?);
        }
        let missing = |rule: &&DocumentRule| {
            !named
                .iter()
                .any(|named| named["kind"] == rule.kind.as_str())
        };
        let listed: Vec<&DocumentRule> = rules.iter().filter(missing).collect();
        for rule in listed.into_iter().filter(|_| ask) {
            if let Some(path) = ask_path(desk, rule)? {
                named.push(all.take(
                    desk,
                    rule.kind.as_str(),
                    Some(rule.title.as_str()),
                    Path::new(&path),
                )?);
            }
        }
        if !named.is_empty() {
            let documents = body.entry("documents").or_insert_with(|| json!([]));
            if let Value::Array(documents) = documents {
                documents.extend(named);
            }
        }
        Ok(all)
    }

    fn take(
        &mut self,
        desk: &Desk<'_>,
        kind: &str,
        title: Option<&str>,
        path: &Path,
    ) -> anyhow::Result<Value> {
        let terminal = desk.terminal;
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
        self.bytes.push(bytes);
        Ok(
            json!({ "access": "public", "kind": kind, "title": title, "size_bytes": length, "sha256": digest }),
        )
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
