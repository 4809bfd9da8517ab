//! `sanzi show`: an entry, a transaction or the ledger's own stream, in words.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use ledger_core::concern::Concern;
use ledger_core::name::{ConcernId, StreamId};
use ledger_core::state::{State, touches};
use ledger_core::transaction::Transaction;
use ledger_core::{Language, LogTime, TransactionId};
use serde_json::{Value, json};

use super::flags::{Findings, as_of};
use super::help::Text;
use crate::concerns;
use crate::moment;
use crate::source_arg;
use crate::tenure;
use crate::terminal::Terminal;
use crate::timeline::{self, Shown};

#[derive(Debug, clap::Args)]
#[command(override_usage = "sanzi show [OPTIONS] <SOURCE> <INDEX|STREAM|--transaction <ID>>")]
#[command(
    after_help = "  $ sanzi show data 3\n  $ sanzi show data --transaction 2026-001\n  $ sanzi show data --transaction 2026-001 --brief\n  $ sanzi show data ledger\n  $ sanzi show data concern/2026-001-y1"
)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["what", "transaction", "stream"]))]
pub(crate) struct Show {
    source: String,
    what: Option<Which>,
    #[arg(long, value_name = "ID")]
    transaction: Option<TransactionId>,
    #[arg(long, value_name = "STREAM")]
    stream: Option<StreamId>,
    #[arg(long, value_name = "DATE")]
    at: Option<String>,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long)]
    brief: bool,
    #[arg(long)]
    json: bool,
}

/// An entry by its index, or a stream by its name.
#[derive(Debug, Clone)]
enum Which {
    Entry(u64),
    Stream(StreamId),
}

impl std::str::FromStr for Which {
    type Err = ledger_core::name::NameError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(index) => Ok(Self::Entry(index)),
            Err(_) => text.parse().map(Self::Stream),
        }
    }
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "show",
        zh: "用文字显示一条记录、一笔交易的全过程、一条群众意见或名册章程变动",
        en: "Show an entry, a transaction's whole course, a concern, or the changes of roster and charter",
    },
    Text {
        of: "show.source",
        zh: "账本：数据文件夹、镜像文件夹或网址",
        en: "The ledger: data folder, mirror's folder or URL",
    },
    Text {
        of: "show.what",
        zh: "第几条（从 0 起），或事件流：ledger、transaction/编号、concern/编号",
        en: "Which entry, from 0; or a stream: ledger, transaction/ID or concern/ID",
    },
    Text {
        of: "show.transaction",
        zh: "交易编号",
        en: "A transaction's id",
    },
    Text {
        of: "show.stream",
        zh: "事件流：ledger、transaction/编号或 concern/编号",
        en: "A stream: ledger, transaction/ID or concern/ID",
    },
    Text {
        of: "show.at",
        zh: "以这一天（或时刻）为准计算到期和逾期，如 2026-12-31；默认为现在",
        en: "Count what is due and overdue as of this day or time, as in 2026-12-31; now by default",
    },
    Text {
        of: "show.pins",
        zh: "信任锚文件",
        en: "The pins to verify the ledger by",
    },
    Text {
        of: "show.brief",
        zh: "每条记录只显示一行",
        en: "One line for each entry",
    },
    Text {
        of: "show.json",
        zh: "以 JSON 输出",
        en: "Print JSON",
    },
];

impl Show {
    /// The entry or the stream that is asked for.
    fn wanted(&self) -> (Option<u64>, Option<StreamId>) {
        match (&self.what, &self.transaction, &self.stream) {
            (Some(Which::Entry(index)), _, _) => (Some(*index), None),
            (Some(Which::Stream(stream)), _, _) => (None, Some(stream.clone())),
            (None, Some(id), _) => (None, Some(StreamId::Transaction(id.clone()))),
            (None, None, stream) => (None, stream.clone()),
        }
    }

    /// Shows entries.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        let source = source_arg::open(terminal, &self.source, self.pins.as_deref())?;
        let (index, stream) = self.wanted();
        let mut shown: Vec<Shown> = Vec::new();
        let mut before = State::default();
        let report = source.replay(&mut |entry, state, _| {
            let statement = entry.statement();
            let wanted = match &stream {
                // What answers a concern may stand in another's stream.
                Some(concern @ StreamId::Concern(_)) => touches(statement).contains(concern),
                Some(stream) => *stream == statement.stream,
                None => index == Some(entry.index()),
            };
            if wanted {
                let before = before.transaction_of(&statement.stream);
                shown.push(Shown::new(language, entry, state, before));
            }
            let next_wanted = index.is_some_and(|index| index == entry.index() + 1);
            if next_wanted || wanted && stream.is_some() {
                before = state.clone();
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
        for one in &mut shown {
            one.note_erasures(language, &report.state);
        }
        let aside = Aside::of(&report.state);
        let now = as_of(terminal, self.at.as_deref(), &report.state)?;
        let about = Concerns::of(&report.state, stream.as_ref(), now);
        let transaction = stream
            .as_ref()
            .and_then(|stream| report.state.transaction_of(stream));
        let contract = transaction.and_then(|transaction| transaction.contract.as_ref());
        let today = moment::today(&report.state, now);
        let flagged = transaction.map(|t| (&t.id, Findings::of(&report.state, now)));
        if self.json {
            let entries: Vec<Value> = shown.iter().map(|entry| aside.mark(entry)).collect();
            let mut said = json!({ "entries": entries });
            if let Some(concerns) = about.to_json() {
                said["concerns"] = concerns;
            }
            if let Some(contract) = contract {
                said["contract"] = tenure::json(contract, today);
            }
            if let Some((id, findings)) = flagged {
                said["grade"] = json!(findings.grade(id));
                said["flags"] = json!(findings.about(id).collect::<Vec<_>>());
            }
            terminal.say(said.to_string());
            return Ok(ExitCode::SUCCESS);
        }
        for entry in &shown {
            if self.brief {
                terminal.say(entry.brief(language) + &aside.briefly(terminal, entry.index));
                continue;
            }
            say_heading(terminal, entry);
            for line in &entry.lines {
                terminal.say(line);
            }
            aside.say(terminal, entry.index);
        }
        for line in about.lines(language) {
            terminal.say(line);
        }
        for line in transaction
            .into_iter()
            .flat_map(|t| tenure::lines(language, t, today))
        {
            terminal.say(line);
        }
        if let Some((id, findings)) = flagged {
            terminal.say(findings.line(id, language));
        }
        terminal.say(terminal.pick(
            format!("共 {} 条记录，全部核对成立。", shown.len()),
            format!("{} entries, all of them hold.", shown.len()),
        ));
        Ok(ExitCode::SUCCESS)
    }
}

/// Which entry it is.
fn say_heading(terminal: Terminal, entry: &Shown) {
    let training = if entry.training {
        terminal.pick("【演示账本】", "[TRAINING] ")
    } else {
        ""
    };
    let point = timeline::step_of(&entry.statement).and_then(|step| step.publication_point());
    let star = if point.is_some() { " ★" } else { "" };
    terminal.say(terminal.pick(
        format!("{training}第 {} 条{star}", entry.index),
        format!("{training}entry {}{star}", entry.index),
    ));
}

/// The concerns about the transaction that is shown, or the one concern.
struct Concerns<'a> {
    now: LogTime,
    only: Option<&'a ConcernId>,
    state: &'a State,
    transaction: Option<&'a Transaction>,
}

impl<'a> Concerns<'a> {
    fn of(state: &'a State, stream: Option<&'a StreamId>, now: LogTime) -> Self {
        let (only, transaction) = match stream {
            Some(StreamId::Transaction(id)) => (None, state.transaction(id)),
            Some(StreamId::Concern(id)) => {
                let concern = state.concern(id);
                let about = concern.and_then(|concern| state.transaction(concern.transaction()));
                (Some(id), about)
            }
            _ => (None, None),
        };
        Self {
            now,
            only,
            state,
            transaction,
        }
    }

    fn listed(&self) -> Vec<&'a Concern> {
        let about = |transaction| concerns::about(self.state, transaction);
        let mut listed = self.transaction.map(about).unwrap_or_default();
        listed.retain(|concern| self.only.is_none_or(|only| *only == concern.id));
        listed
    }

    fn lines(&self, language: Language) -> Vec<String> {
        let Some(transaction) = self.transaction else {
            return Vec::new();
        };
        concerns::lines(language, self.state, transaction, &self.listed(), self.now)
    }

    fn to_json(&self) -> Option<Value> {
        let transaction = self.transaction?;
        let one = |concern| concerns::to_json(self.state, transaction, concern, self.now);
        Some(self.listed().into_iter().map(one).collect())
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
            for gone in &transaction.contracts_set_aside {
                let entries = gone.contract.entries().map(|entry| (entry, gone.by));
                aside.set_aside_by.extend(entries);
            }
            let once = transaction.contracts_set_aside.iter().map(|c| &c.contract);
            for standing in transaction
                .contract
                .iter()
                .chain(once)
                .flat_map(|c| &c.events)
            {
                if !standing.corrected_by.is_empty() {
                    let entry = standing.noted.recorded.index;
                    aside
                        .corrected_by
                        .insert(entry, standing.corrected_by.clone());
                }
            }
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

    fn briefly(&self, terminal: Terminal, entry: u64) -> String {
        let corrected = self.corrected_by.get(&entry).and_then(|by| by.last());
        let corrected = corrected.map(|by| {
            terminal.pick(
                format!("【第 {by} 条更正】"),
                format!(" [CORRECTED by {by}]"),
            )
        });
        let gone = self.set_aside_by.get(&entry).map(|by| {
            terminal.pick(
                format!("【第 {by} 条起作废】"),
                format!(" [SET ASIDE by {by}]"),
            )
        });
        corrected.into_iter().chain(gone).collect()
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
