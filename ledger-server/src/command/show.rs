//! `sanzi show`: an entry, a transaction or the ledger's own stream, in words.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use ledger_core::name::StreamId;
use ledger_core::state::State;
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
        let aside = Aside::of(&report.state);
        let findings = match &stream {
            Some(StreamId::Transaction(id)) => {
                Some((id, Findings::of(&report.state, moment::now()?)))
            }
            _ => None,
        };
        if self.json {
            let entries: Vec<Value> = shown.iter().map(|entry| aside.mark(entry)).collect();
            let mut value = json!({ "entries": entries });
            if let Some((id, findings)) = findings {
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
            aside.say(terminal, entry.index);
        }
        if let Some((id, findings)) = findings {
            terminal.say(findings.line(id, language));
        }
        terminal.say(terminal.pick(
            format!("共 {} 条记录，全部核对成立。", shown.len()),
            format!("{} entries, all of them hold.", shown.len()),
        ));
        Ok(ExitCode::SUCCESS)
    }
}

/// What no longer stands as it was recorded, by entry, and the entries that changed that.
struct Aside {
    corrected_by: BTreeMap<u64, Vec<u64>>,
    set_aside_by: BTreeMap<u64, u64>,
}

impl Aside {
    fn of(state: &State) -> Self {
        let mut aside = Self {
            corrected_by: BTreeMap::new(),
            set_aside_by: BTreeMap::new(),
        };
        for transaction in state.transactions() {
            for superseded in &transaction.superseded {
                let entry = superseded.passed.recorded.index;
                aside.set_aside_by.insert(entry, superseded.by);
            }
            let once = transaction.superseded.iter().map(|gone| &gone.passed);
            for passed in transaction.passed.iter().chain(once) {
                if !passed.corrected_by.is_empty() {
                    let entry = passed.recorded.index;
                    aside
                        .corrected_by
                        .insert(entry, passed.corrected_by.clone());
                }
            }
        }
        aside
    }

    fn say(&self, terminal: Terminal, entry: u64) {
        if let Some(by) = self.corrected_by.get(&entry) {
            let by: Vec<String> = by.iter().map(ToString::to_string).collect();
            terminal.say(terminal.pick(
                format!("  【已更正】见第 {} 条", by.join("、")),
                format!("  [CORRECTED] by entry {}", by.join(", ")),
            ));
        }
        if let Some(by) = self.set_aside_by.get(&entry) {
            terminal.say(terminal.pick(
                format!("  【已作废】自第 {by} 条起不再有效，须重新办理"),
                format!("  [SET ASIDE] no longer stands since entry {by}"),
            ));
        }
    }

    fn mark(&self, entry: &Shown) -> Value {
        let mut value = entry.to_json();
        if let Some(by) = self.corrected_by.get(&entry.index) {
            value["corrected_by"] = json!(by);
        }
        if let Some(by) = self.set_aside_by.get(&entry.index) {
            value["set_aside_by"] = json!(by);
        }
        value
    }
}
