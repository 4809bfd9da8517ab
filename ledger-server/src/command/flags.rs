//! `sanzi flags`: what in the record is worth a look.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use ledger_core::flags::{self, Flag, RiskGrade, Severity};
use ledger_core::state::State;
use ledger_core::time::Date;
use ledger_core::{Language, LogTime, TransactionId};
use serde_json::{Value, json};

use super::help::Text;
use crate::moment;
use crate::source_arg;
use crate::table::{Side, Table};
use crate::terminal::Terminal;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi flags data\n  $ sanzi flags data 2026-001\n  $ sanzi flags https://sanzi.example.org/donglang --at 2026-12-31 --json"
)]
pub(crate) struct Flags {
    source: String,
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
        of: "flags",
        zh: "风险提示：记录里有哪些地方值得核对（不是结论）",
        en: "Red flags: what in the record is worth a look (never a verdict)",
    },
    Text {
        of: "flags.source",
        zh: "账本：数据文件夹、镜像文件夹或网址",
        en: "The ledger: data folder, mirror's folder or URL",
    },
    Text {
        of: "flags.transaction",
        zh: "只看这一笔交易",
        en: "This transaction only",
    },
    Text {
        of: "flags.at",
        zh: "以这一天（或时刻）为准计算逾期，如 2026-12-31；默认为现在",
        en: "Count what is overdue as of this day or time, as in 2026-12-31; now by default",
    },
    Text {
        of: "flags.pins",
        zh: "信任锚文件",
        en: "The pins to verify the ledger by",
    },
    Text {
        of: "flags.json",
        zh: "以 JSON 输出",
        en: "Print JSON",
    },
];

/// The flags of a ledger, and the grade of each of its transactions.
pub(crate) struct Findings {
    pub(crate) flags: Vec<Flag>,
    pub(crate) now: LogTime,
    /// The places of each transaction's flags.
    of: BTreeMap<TransactionId, Vec<usize>>,
}

impl Findings {
    /// All flags of a ledger, as of `now`.
    pub(crate) fn of(state: &State, now: LogTime) -> Self {
        let ledger = state.ledger();
        let flags = ledger.map(|ledger| flags::of_ledger(ledger, state.transactions(), now));
        let flags = flags.unwrap_or_default();
        let mut of: BTreeMap<TransactionId, Vec<usize>> = BTreeMap::new();
        for (place, flag) in flags.iter().enumerate() {
            for id in &flag.transactions {
                of.entry(id.clone()).or_default().push(place);
            }
        }
        Self { flags, now, of }
    }

    /// Those about one transaction.
    pub(crate) fn about(&self, id: &TransactionId) -> impl Iterator<Item = &Flag> {
        let places = self.of.get(id).into_iter().flatten();
        places.filter_map(|place| self.flags.get(*place))
    }

    /// A transaction's grade.
    pub(crate) fn grade(&self, id: &TransactionId) -> RiskGrade {
        flags::grade(self.about(id))
    }

    /// A transaction's grade and flags in one line, as `show` and `status` give it.
    pub(crate) fn line(&self, id: &TransactionId, language: Language) -> String {
        let grade = self.grade(id);
        let names: Vec<&str> = self
            .about(id)
            .map(|flag| language.pick(flag.rule.zh(), flag.rule.en()))
            .collect();
        let names = match names.is_empty() {
            true => language.pick("无提示", "no flags").to_owned(),
            false => names.join(language.pick("、", "; ")),
        };
        language.pick(
            format!("风险等级 {}：{names}", grade.zh()),
            format!("risk grade {}: {names}", grade.en()),
        )
    }
}

impl Flags {
    /// Says what is worth a look.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        let source = source_arg::open(terminal, &self.source, self.pins.as_deref())?;
        let report = source.replay(&mut |_, _, _| {})?;
        let state = &report.state;
        let now = as_of(terminal, self.at.as_deref(), state)?;
        let findings = Findings::of(state, now);
        if let Some(id) = &self.transaction
            && state.transaction(id).is_none()
        {
            bail!(terminal.pick(
                format!("账本里没有交易 {id}"),
                format!("there is no transaction {id}")
            ));
        }
        let only = |id: &TransactionId| self.transaction.as_ref().is_none_or(|only| only == id);
        let transactions = state.transactions().map(|transaction| &transaction.id);
        let transactions: Vec<&TransactionId> = transactions.filter(|id| only(id)).collect();
        let shown: Vec<&Flag> = findings
            .flags
            .iter()
            .filter(|flag| flag.transactions.iter().any(only))
            .collect();
        if self.json {
            terminal.say(as_json(&findings, &transactions, &shown).to_string());
        } else {
            say(terminal, state, &findings, &transactions, &shown);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The moment that is counted from: a day, which counts as a whole, or a moment; now, if none is given.
pub(crate) fn as_of(
    terminal: Terminal,
    at: Option<&str>,
    state: &State,
) -> anyhow::Result<LogTime> {
    let Some(text) = at else {
        return moment::now();
    };
    let calendar = state.ledger().map(|ledger| ledger.calendar_at(u64::MAX));
    let offset = calendar.map_or(moment::CHINA_OFFSET_MINUTES, |c| c.utc_offset_minutes());
    if let Ok(date) = moment::tidy_date(text).parse::<Date>() {
        let next = date.plus_days(1).unwrap_or(Date::MAX);
        return Ok(next.at_midnight(offset).minus_seconds(1));
    }
    match moment::read_stated(text, offset) {
        Ok(time) => Ok(time.instant()),
        Err(_) => bail!(terminal.pick(
            format!("--at 应为日期或时刻，如 2026-12-31，实为「{text}」"),
            format!("--at: expected a day or a moment, as in 2026-12-31, found {text:?}"),
        )),
    }
}

fn as_json(findings: &Findings, transactions: &[&TransactionId], shown: &[&Flag]) -> Value {
    let grades: Vec<Value> = transactions
        .iter()
        .map(|id| {
            let flags = findings.about(id).count();
            json!({ "transaction": id, "grade": findings.grade(id), "flags": flags })
        })
        .collect();
    json!({ "now": findings.now, "grades": grades, "flags": shown })
}

fn say(
    terminal: Terminal,
    state: &State,
    findings: &Findings,
    transactions: &[&TransactionId],
    shown: &[&Flag],
) {
    if let Some(ledger) = state.ledger() {
        let training = match ledger.training {
            true => terminal.pick("【演示账本】", "[TRAINING] "),
            false => "",
        };
        terminal.say(format!("{training}{}", ledger.collective.name));
    }
    for line in grades(terminal, findings, transactions).lines() {
        terminal.say(line);
    }
    for flag in shown {
        say_flag(terminal, flag);
    }
    let count = |grade: RiskGrade| {
        let graded = transactions.iter();
        graded.filter(|id| findings.grade(id) == grade).count()
    };
    let [low, medium, high] = [RiskGrade::Low, RiskGrade::Medium, RiskGrade::High].map(count);
    terminal.say(terminal.pick(
        format!(
            "交易 {} 笔：风险等级高 {high}、中 {medium}、低 {low}；提示 {} 条。提示由记录自动算出，只说明哪里值得核对，不是结论。",
            transactions.len(),
            shown.len()
        ),
        format!(
            "{} transactions: {high} high, {medium} medium, {low} low; {} flags. Flags are computed from the record: they say what to look at, not that anything is wrong.",
            transactions.len(),
            shown.len()
        ),
    ));
}

/// The transactions that have flags, the highest grades first.
fn grades(terminal: Terminal, findings: &Findings, transactions: &[&TransactionId]) -> Table {
    let weights = [Severity::High, Severity::Medium, Severity::Low];
    let [high, medium, low] = weights.map(|severity| name_of(terminal, severity));
    let mut table = Table::new(&[
        (terminal.pick("交易", "transaction"), Side::Left),
        (terminal.pick("等级", "grade"), Side::Left),
        (high, Side::Right),
        (medium, Side::Right),
        (low, Side::Right),
    ]);
    let mut graded: Vec<(RiskGrade, &TransactionId)> = transactions
        .iter()
        .filter(|id| transactions.len() == 1 || findings.about(id).next().is_some())
        .map(|id| (findings.grade(id), *id))
        .collect();
    graded.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(other.1)));
    for (grade, id) in graded {
        let count = |severity: Severity| {
            let flags = findings.about(id);
            flags.filter(|flag| flag.severity == severity).count()
        };
        let counts = weights.map(|severity| count(severity).to_string());
        let grade = terminal.pick(grade.zh(), grade.en()).to_owned();
        table.row([id.to_string(), grade].into_iter().chain(counts));
    }
    table
}

fn name_of(terminal: Terminal, severity: Severity) -> &'static str {
    terminal.pick(severity.zh(), severity.en())
}

fn say_flag(terminal: Terminal, flag: &Flag) {
    let list = |items: Vec<String>| items.join(terminal.pick("、", ", "));
    let transactions = list(flag.transactions.iter().map(ToString::to_string).collect());
    let events = list(flag.events.iter().map(u64::to_string).collect());
    let severity = name_of(terminal, flag.severity);
    let mark = format!("{:?}", flag.mark);
    terminal.say(terminal.pick(
        format!("【{severity}】{}：交易 {transactions}", flag.rule.zh()),
        format!("[{severity}] {}: {transactions}", flag.rule.en()),
    ));
    terminal.say(format!("  {}", flag.sentence(terminal.language)));
    terminal.say(terminal.pick(
        format!("  记录：第 {events} 条；依据：{}〔{mark}〕", flag.source),
        format!("  entries {events}; source: {} [{mark}]", flag.source),
    ));
}
