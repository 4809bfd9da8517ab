//! `sanzi status`: who must do what by when.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use ledger_core::state::State;
use ledger_core::transaction::Phase;
use ledger_core::{Language, LogTime, StreamId, TransactionId};
use serde_json::{Value, json};

use super::flags::{Findings, as_of};
use super::help::Text;
use crate::agenda::{self, Task, Waiting, What};
use crate::concerns;
use crate::losses;
use crate::moment;
use crate::source_arg;
use crate::tenure::{self, Watched};
use crate::terminal::Terminal;
use crate::words::Words;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi status data\n  $ sanzi status https://sanzi.example.org/donglang --transaction 2026-001"
)]
pub(crate) struct Status {
    source: String,
    #[arg(long, value_name = "ID")]
    transaction: Option<TransactionId>,
    #[arg(long, value_name = "DATE")]
    at: Option<String>,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "status",
        zh: "谁在什么时候之前要办什么；逾期的在前",
        en: "Who must do what by when, overdue first",
    },
    Text {
        of: "status.source",
        zh: "账本：数据文件夹、镜像文件夹或网址",
        en: "The ledger: data folder, mirror's folder or URL",
    },
    Text {
        of: "status.transaction",
        zh: "只看这一笔交易",
        en: "This transaction only",
    },
    Text {
        of: "status.at",
        zh: "以这一天（或时刻）为准计算到期和逾期，如 2026-12-31；默认为现在",
        en: "Count what is due and overdue as of this day or time, as in 2026-12-31; now by default",
    },
    Text {
        of: "status.pins",
        zh: "信任锚文件",
        en: "The pins to verify the ledger by",
    },
    Text {
        of: "status.json",
        zh: "以 JSON 输出",
        en: "Print JSON",
    },
];

impl Status {
    /// Says what is to be done.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        let source = source_arg::open(terminal, &self.source, self.pins.as_deref())?;
        let report = source.replay(&mut |_, _, _| {})?;
        let now = as_of(terminal, self.at.as_deref(), &report.state)?;
        let mut tasks = agenda::tasks(&report.state, now);
        if let Some(id) = &self.transaction {
            if report.state.transaction(id).is_none() {
                bail!(terminal.pick(
                    format!("账本里没有交易 {id}"),
                    format!("there is no transaction {id}")
                ));
            }
            tasks.retain(|task| task.transaction == *id);
        }
        let findings = Findings::of(&report.state, now);
        let today = moment::today(&report.state, now);
        let mut watch = tenure::watch(&report.state, today);
        let only = self.transaction.as_ref();
        watch.retain(|watched| only.is_none_or(|id| watched.transaction == id));
        if self.json {
            let graded = |task: &Task| {
                let mut value = as_json(task);
                value["grade"] = json!(findings.grade(&task.transaction));
                value
            };
            let tasks: Vec<Value> = tasks.iter().map(graded).collect();
            let contracts: Vec<Value> = watch.iter().map(Watched::to_json).collect();
            terminal.say(json!({ "now": now, "tasks": tasks, "contracts": contracts }).to_string());
            return Ok(ExitCode::SUCCESS);
        }
        let said = Said {
            terminal,
            source: &self.source,
        };
        say(said, &report.state, &findings, &tasks, &watch, only);
        Ok(ExitCode::SUCCESS)
    }
}

fn as_json(task: &Task) -> Value {
    let (what, possible_from, channels) = match &task.what {
        What::Record {
            possible_from,
            waiting,
        } => (
            if *waiting { "wait" } else { "record" },
            Some(*possible_from),
            None,
        ),
        What::CalendarMissing(_) => ("calendar_missing", None, None),
        What::Post(channels) => ("post", None, Some(channels)),
        What::Return => ("return", None, None),
        What::Answer(_) => ("answer_finding", None, None),
        What::AnswerConcerns(_) => ("answer_concerns", None, None),
        What::Held(_) => ("answer_concerns_first", None, None),
        What::Nothing => ("nothing", None, None),
    };
    let roles: Vec<Value> = task
        .roles
        .iter()
        .map(|(role, members)| json!({ "role": role, "members": members }))
        .collect();
    let mut value = json!({
        "transaction": task.transaction, "step": task.step, "number": task.step.number(),
        "what": what, "roles": roles, "overdue": task.overdue, "again": task.again,
    });
    if let Some(object) = value.as_object_mut() {
        if let Some(from) = possible_from {
            object.insert("possible_from".to_owned(), json!(from));
        }
        if let Some(channels) = channels {
            object.insert("outstanding".to_owned(), json!(channels));
        }
        if let What::AnswerConcerns(waiting) = &task.what {
            object.insert("concerns".to_owned(), concerns::waiting_json(waiting));
        }
        if let Some(deadline) = task.deadline {
            object.insert("deadline".to_owned(), json!(deadline.at));
            object.insert("provisional".to_owned(), json!(deadline.provisional));
        }
    }
    value
}

/// Where to speak, and of which ledger.
#[derive(Clone, Copy)]
struct Said<'a> {
    terminal: Terminal,
    source: &'a str,
}

impl Said<'_> {
    /// The command that records something here.
    fn command(self, kind: &str, about: &str) -> String {
        let key = self.terminal.pick("钥匙文件", "KEYFILE");
        let source = self.source;
        format!("sanzi record {kind} --ledger '{source}' {about} --key {key}")
    }
}

fn say(
    said: Said<'_>,
    state: &State,
    findings: &Findings,
    tasks: &[Task],
    watch: &[Watched<'_>],
    only: Option<&TransactionId>,
) {
    let terminal = said.terminal;
    let words = Words::of_ledger(terminal.language, state);
    if let Some(ledger) = state.ledger() {
        let training = if ledger.training {
            terminal.pick("【演示账本】", "[TRAINING] ")
        } else {
            ""
        };
        terminal.say(format!("{training}{}", ledger.collective.name));
        losses::say(terminal, ledger);
    }
    let offset = words.utc_offset_minutes();
    for task in tasks {
        // Channels are named as by the charter that governs the transaction.
        let stream = StreamId::Transaction(task.transaction.clone());
        let charter = state.charter_of(&stream).map(AsRef::as_ref);
        say_task(said, &Words { charter, ..words }, task, offset);
        let line = findings.line(&task.transaction, terminal.language);
        terminal.say(format!("  {line}"));
    }
    if let (Some(id), true) = (only, tasks.is_empty()) {
        terminal.say(findings.line(id, terminal.language));
    }
    for line in watch
        .iter()
        .flat_map(|watched| watched.lines(terminal.language))
    {
        terminal.say(line);
    }
    let complete = state
        .transactions()
        .filter(|t| matches!(t.phase, Phase::Completed(_)))
        .count();
    let overdue = tasks.iter().filter(|task| task.overdue).count();
    let ended = state
        .transactions()
        .filter(|t| matches!(t.phase, Phase::Terminated { .. }))
        .count();
    let taken = state
        .transactions()
        .filter(|t| matches!(t.phase, Phase::TakenOver { .. }))
        .count();
    let taken = match taken {
        0 => String::new(),
        _ => terminal.pick(
            format!("，存量合同 {taken} 份"),
            format!(", {taken} contracts of before the ledger"),
        ),
    };
    let ended = match ended {
        0 => String::new(),
        _ => terminal.pick(
            format!("，终止 {ended} 笔"),
            format!(", {ended} broken off"),
        ),
    };
    let contracts = match watch.len() {
        0 => String::new(),
        count => terminal.pick(
            format!("；另有 {count} 份合同有逾期款项或将到期、已到期"),
            format!("; contracts with something late or running out: {count}"),
        ),
    };
    terminal.say(match only {
        Some(id) if tasks.is_empty() && terminated(state, id) => terminal.pick(
            format!("交易 {id} 已终止，没有待办。"),
            format!("transaction {id} was broken off; nothing is to be done."),
        ),
        Some(id) if tasks.is_empty() && taken_over(state, id) => terminal.pick(
            format!("交易 {id} 是开账前的合同，没有环节要办；收付款和到期见上。"),
            format!("transaction {id} is a contract of before the ledger: it has no steps."),
        ),
        Some(id) if tasks.is_empty() => terminal.pick(
            format!("交易 {id} 十六个环节全部办结，没有待办。"),
            format!("transaction {id} is complete; nothing is to be done."),
        ),
        _ => terminal.pick(
            format!(
                "待办 {} 项，其中逾期 {overdue} 项；已办结交易 {complete} 笔{taken}{ended}{contracts}。",
                tasks.len()
            ),
            format!(
                "{} to do, {overdue} of them overdue; {complete} transactions complete{taken}{ended}{contracts}.",
                tasks.len()
            ),
        ),
    });
}

fn taken_over(state: &State, id: &TransactionId) -> bool {
    let transaction = state.transaction(id);
    transaction.is_some_and(|t| matches!(t.phase, Phase::TakenOver { .. }))
}

fn terminated(state: &State, id: &TransactionId) -> bool {
    let transaction = state.transaction(id);
    transaction.is_some_and(|t| matches!(t.phase, Phase::Terminated { .. }))
}

fn say_task(said: Said<'_>, words: &Words<'_>, task: &Task, offset: i32) {
    let terminal = said.terminal;
    let in_transaction = format!("--transaction {}", task.transaction);
    let command = |kind: &str| said.command(kind, &in_transaction);
    let (number, name) = (
        task.step.number(),
        terminal.pick(task.step.zh(), task.step.en()),
    );
    let overdue = if task.overdue {
        terminal.pick("【逾期】", "[OVERDUE] ")
    } else {
        ""
    };
    if let What::AnswerConcerns(waiting) = &task.what {
        say_concerns(said, task, waiting, offset);
        return say_roles(terminal, words, task);
    }
    terminal.say(terminal.pick(
        format!(
            "{overdue}交易 {}：第 {number} 环节 {name}",
            task.transaction
        ),
        format!(
            "{overdue}transaction {}: step {number}, {name}",
            task.transaction
        ),
    ));
    let at = |time: LogTime| moment::logged(time, offset);
    if task.again {
        terminal.say(terminal.pick(
            "  公开过的内容有更正，须重新公开后才能继续",
            "  something published was corrected: it is published again before anything goes on",
        ));
    }
    terminal.say(match &task.what {
        What::Record { possible_from, waiting: true } => terminal.pick(
            format!("  公开期未满，{} 起可以办理", at(*possible_from)),
            format!("  the window is open; possible from {}", at(*possible_from)),
        ),
        What::Record { .. } => terminal.pick(
            format!("  现在可以办理：{}", command(task.step.id())),
            format!("  can be recorded now: {}", command(task.step.id())),
        ),
        What::CalendarMissing(why) => terminal.pick(format!("  还不能办理：{why}"), format!("  not possible yet: {why}")),
        What::Post(channels) => {
            let channels: Vec<String> = channels.iter().map(|id| words.channel(id)).collect();
            terminal.pick(
                format!("  待张贴：{}；贴好后逐个登记：{}", channels.join("、"), command("channel_posted")),
                format!("  to be posted: {}; then record each: {}", channels.join(", "), command("channel_posted")),
            )
        }
        What::Return => terminal.pick(
            format!("  竞价未成交：条件不变退回到第 10 环节再公告，改价或改条件退回到第 6 环节重新表决：{}", command("returned")),
            format!("  the bidding failed: go back to step 10 on the same terms, or to step 6 and a new vote: {}", command("returned")),
        ),
        What::Answer(entries) => {
            let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
            terminal.pick(
                format!("  街道发现的问题未答复（第 {} 条），答复前不得办理：{}", entries.join("、"), command("finding_answered")),
                format!("  findings of the street office to be answered first (entry {}): {}", entries.join(", "), command("finding_answered")),
            )
        }
        What::Held(count) => terminal.pick(
            format!("  还不能办理：公开期内有 {count} 条群众意见待答复"),
            format!("  not possible yet: {count} concerns raised in the window are unanswered"),
        ),
        What::AnswerConcerns(_) | What::Nothing => String::new(),
    });
    say_roles(terminal, words, task);
    if let Some(deadline) = task.deadline {
        let left = match &task.left {
            Some(left) => terminal.pick(left.label_zh(), left.label_en()),
            None => terminal.pick("已逾期", "overdue").to_owned(),
        };
        let last = at(deadline.at.minus_seconds(1));
        terminal.say(terminal.pick(
            format!("  最迟 {last}（{left}）"),
            format!("  by {last} ({left})"),
        ));
    }
}

fn say_concerns(said: Said<'_>, task: &Task, waiting: &[Waiting], offset: i32) {
    let terminal = said.terminal;
    let (count, transaction) = (waiting.len(), &task.transaction);
    let overdue = if task.overdue {
        terminal.pick("【逾期】", "[OVERDUE] ")
    } else {
        ""
    };
    let (about, more) = match waiting {
        [one] => (format!("--concern {}", one.id), ""),
        _ => (
            terminal
                .pick("--concern 意见编号", "--concern ID")
                .to_owned(),
            terminal.pick("，一次可答复多条", "; one answer may cover many"),
        ),
    };
    let command = said.command("concern_answered", &about);
    terminal.say(terminal.pick(
        format!("{overdue}交易 {transaction}：{count} 条群众意见待答复{more}：{command}"),
        format!(
            "{overdue}transaction {transaction}: {count} concerns to be answered{more}: {command}"
        ),
    ));
    for line in concerns::waiting(terminal.language, waiting, offset) {
        terminal.say(line);
    }
}

fn say_roles(terminal: Terminal, words: &Words<'_>, task: &Task) {
    for (place, (role, members)) in task.roles.iter().enumerate() {
        let what = if place == 0 {
            terminal.pick("经办", "answers")
        } else {
            terminal.pick("会签", "co-signs")
        };
        let names: Vec<String> = members.iter().map(|id| words.member(id)).collect();
        let names = if names.is_empty() {
            terminal.pick("（无人任职）", "(nobody)").to_owned()
        } else {
            names.join(terminal.pick("、", ", "))
        };
        terminal.say(format!(
            "  {what} {}{}{names}",
            words.role(*role),
            terminal.pick("：", ": ")
        ));
    }
}
