//! `sanzi show`: an entry, a transaction or the ledger's own stream, in words.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use ledger_core::name::StreamId;
use ledger_core::{Language, TransactionId};
use serde_json::{Value, json};

use super::flags::Findings;
use super::help::Text;
use crate::moment;
use crate::source_arg;
use crate::terminal::Terminal;
use crate::timeline::{self, Shown};

#[derive(Debug, clap::Args)]
#[command(
    override_usage = "sanzi show [OPTIONS] <SOURCE> <INDEX|--transaction <ID>|--stream <STREAM>>"
)]
#[command(
    after_help = "  $ sanzi show data 3\n  $ sanzi show data --transaction 2026-001\n  $ sanzi show data --stream ledger"
)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["index", "transaction", "stream"]))]
pub(crate) struct Show {
    source: String,
    index: Option<u64>,
    #[arg(long, value_name = "ID")]
    transaction: Option<TransactionId>,
    #[arg(long, value_name = "STREAM")]
    stream: Option<StreamId>,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "show",
        zh: "用文字显示一条记录、一笔交易的全过程或名册章程变动",
        en: "Show an entry, a transaction's whole course, or the changes of roster and charter",
    },
    Text {
        of: "show.source",
        zh: "账本：数据文件夹、镜像文件夹或网址",
        en: "The ledger: data folder, mirror's folder or URL",
    },
    Text {
        of: "show.index",
        zh: "第几条（从 0 起）",
        en: "Which entry, from 0",
    },
    Text {
        of: "show.transaction",
        zh: "交易编号",
        en: "A transaction's id",
    },
    Text {
        of: "show.stream",
        zh: "事件流：ledger 或 transaction/编号",
        en: "A stream: ledger or transaction/ID",
    },
    Text {
        of: "show.pins",
        zh: "信任锚文件",
        en: "The pins to verify the ledger by",
    },
    Text {
        of: "show.json",
        zh: "以 JSON 输出",
        en: "Print JSON",
    },
];

impl Show {
    /// Shows entries.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        let source = source_arg::open(terminal, &self.source, self.pins.as_deref())?;
        let stream = match (&self.transaction, &self.stream) {
            (Some(id), _) => Some(StreamId::Transaction(id.clone())),
            (None, stream) => stream.clone(),
        };
        let mut shown: Vec<Shown> = Vec::new();
        let report = source.replay(&mut |entry, state, _| {
            let wanted = self.index == Some(entry.index())
                || stream.as_ref() == Some(&entry.statement().stream);
            if wanted {
                shown.push(Shown::new(language, entry, state));
            }
        })?;
        if shown.is_empty() {
            bail!(terminal.pick(
                format!("账本里没有所指的记录；共 {} 条，从 0 数起", report.size),
                format!(
                    "there is no such entry; the ledger has {}, counted from 0",
                    report.size
                ),
            ));
        }
        if self.json {
            let entries: Vec<Value> = shown.iter().map(Shown::to_json).collect();
            let mut value = json!({ "entries": entries });
            if let Some(StreamId::Transaction(id)) = &stream {
                let findings = Findings::of(&report.state, moment::now()?);
                let flags: Vec<_> = findings.about(id).collect();
                value["grade"] = json!(findings.grade(id));
                value["flags"] = json!(flags);
            }
            terminal.say(value.to_string());
            return Ok(ExitCode::SUCCESS);
        }
        for entry in &shown {
            let training = if entry.training {
                terminal.pick("【演示账本】", "[TRAINING] ")
            } else {
                ""
            };
            let point =
                timeline::step_of(&entry.statement).and_then(|step| step.publication_point());
            let star = if point.is_some() { " ★" } else { "" };
            terminal.say(terminal.pick(
                format!("{training}第 {} 条{star}", entry.index),
                format!("{training}entry {}{star}", entry.index),
            ));
            for line in &entry.lines {
                terminal.say(line);
            }
        }
        if let Some(StreamId::Transaction(id)) = &stream {
            let findings = Findings::of(&report.state, moment::now()?);
            terminal.say(findings.line(id, language));
        }
        terminal.say(terminal.pick(
            format!("共 {} 条记录，全部核对成立。", shown.len()),
            format!("{} entries, all of them hold.", shown.len()),
        ));
        Ok(ExitCode::SUCCESS)
    }
}
