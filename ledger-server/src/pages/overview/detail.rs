//! The page of one ledger: what to look into, each with a link to where it stands in the log.

use std::collections::BTreeMap;

use askama::Template;
use ledger_core::flags::{Flag, Severity};
use ledger_core::language::Language;
use ledger_core::{Role, Step, StreamId};

use super::board::{Board, Row};
use super::table::{Found, Head, Line, per_cent, shell};
use crate::moment::stated;
use crate::overview::{Lists, Overview, Timed};
use crate::pages::collective::late;
use crate::pages::facts::moment;
use crate::pages::shell::Shell;
use crate::pages::visit::Visit;

#[derive(Template)]
#[template(path = "pages/overview_ledger.html")]
pub(super) struct Page {
    s: Shell,
    head: Head,
    found: Vec<Found>,
    line: Line,
    origin: String,
    home: Option<String>,
    back: String,
    steps: Vec<StepRow>,
    lists: Vec<List>,
}

/// How often a step was in time.
struct StepRow {
    name: String,
    rate: String,
    timed: Timed,
}

/// Things to look into, of one kind.
struct List {
    id: &'static str,
    title: &'static str,
    /// What is said if there are none.
    none: &'static str,
    /// None where they are not known.
    items: Option<Vec<Item>>,
}

struct Item {
    /// A short word in front, and whether it is grave.
    tag: Option<(String, bool)>,
    title: String,
    href: Option<String>,
    text: String,
    /// The entries it rests on, with their addresses.
    entries: Vec<(u64, Option<String>)>,
}

/// What items are made with.
struct Making<'a> {
    l: Language,
    visit: &'a Visit,
    row: &'a Row,
    is_monitor: bool,
}

impl Making<'_> {
    /// On this server links keep what the reader chose; another one has its own.
    fn link(&self, path: &str) -> Option<String> {
        let link = self.row.link(path)?;
        Some(match self.is_monitor {
            true => link,
            false => self.visit.link(&link),
        })
    }

    fn entry(&self, index: u64) -> (u64, Option<String>) {
        (index, self.link(&format!("/e/{index}")))
    }

    fn transaction(&self, id: &str) -> Option<String> {
        self.link(&format!("/t/{id}"))
    }

    fn step(&self, step: Step) -> String {
        let number = step.number();
        self.l.pick(
            format!("第 {number} 环节 {}", step.zh()),
            format!("step {number}, {}", step.en()),
        )
    }

    fn who(&self, role: Option<Role>, names: &[String]) -> String {
        let l = self.l;
        let role = role.map_or("", |role| l.pick(role.zh(), role.en()));
        match names.is_empty() {
            true => format!("{role}{}", l.pick("（无人任职）", " (nobody)")),
            false => format!("{role} {}", names.join(l.pick("、", ", "))),
        }
    }
}

impl Page {
    pub(super) fn of(
        visit: &Visit,
        board: &Board,
        row: &Row,
        lists: &Lists,
        wrong: Option<String>,
    ) -> Self {
        let l = visit.language;
        let making = Making {
            l,
            visit,
            row,
            is_monitor: board.monitor.is_some(),
        };
        let overview = row.overview.clone().unwrap_or_default();
        let back = visit.here_with("ledger", None);
        let title = l.pick(
            format!("{} · 监督台", row.name),
            format!("{} · Supervisors’ desk", row.name),
        );
        Self {
            s: shell(visit, &title),
            head: Head::of(visit, board, wrong),
            found: row.findings.iter().map(|one| Found::of(l, one)).collect(),
            line: Line::of(visit, board, row),
            origin: row.origin.clone(),
            home: making.link(""),
            back: format!("{back}#ledgers"),
            steps: step_rows(&making, &overview.counts.steps),
            lists: vec![
                overdue(&making, &overview),
                concerns(&making, &overview),
                flags(&making, &overview),
                late_steps(&making, lists),
                late_answers(&making, lists),
                late_entries(&making, lists),
            ],
        }
    }
}

fn step_rows(making: &Making<'_>, steps: &BTreeMap<Step, Timed>) -> Vec<StepRow> {
    let row = |(step, timed): (&Step, &Timed)| StepRow {
        name: making.step(*step),
        rate: per_cent(*timed).unwrap_or_else(|| "—".to_owned()),
        timed: *timed,
    };
    steps.iter().map(row).collect()
}

fn overdue(making: &Making<'_>, overview: &Overview) -> List {
    let l = making.l;
    let as_of = &overview.as_of;
    let items = as_of.overdue.iter().map(|step| {
        let by = moment(step.deadline.minus_seconds(1));
        let since = as_of.at.map(|at| late(l, at.seconds_since(step.deadline)));
        let who = making.who(step.role, &step.who);
        let since = since.unwrap_or_default();
        Item {
            tag: Some((since, true)),
            title: format!("{} {}", step.transaction, step.asset),
            href: making.transaction(step.transaction.as_str()),
            text: l.pick(
                format!("{}，最迟 {by}。该办：{who}", making.step(step.step)),
                format!("{}, due by {by}. To act: {who}", making.step(step.step)),
            ),
            entries: vec![making.entry(step.entry)],
        }
    });
    List {
        id: "overdue",
        title: l.pick("逾期未办的环节", "Overdue steps"),
        none: l.pick("没有逾期的环节。", "None."),
        items: Some(items.collect()),
    }
}

fn concerns(making: &Making<'_>, overview: &Overview) -> List {
    let l = making.l;
    let as_of = &overview.as_of;
    let items = as_of.concerns.iter().map(|open| {
        let by = moment(open.deadline.minus_seconds(1));
        let who = making.who(open.role, &open.who);
        let tag = match (open.overdue, as_of.at) {
            (true, Some(at)) => (late(l, at.seconds_since(open.deadline)), true),
            _ => (l.pick("未到期", "not due yet").to_owned(), false),
        };
        Item {
            tag: Some(tag),
            title: l.pick(format!("意见 {}", open.id), format!("concern {}", open.id)),
            href: making.link(&format!("/c/{}", open.id)),
            text: l.pick(
                format!("交易 {}，最迟 {by} 答复。该答：{who}", open.transaction),
                format!(
                    "transaction {}, due by {by}. To answer: {who}",
                    open.transaction
                ),
            ),
            entries: vec![making.entry(open.entry)],
        }
    });
    List {
        id: "concerns",
        title: l.pick("待答复的群众意见", "Concerns that wait for an answer"),
        none: l.pick("没有待答复的意见。", "None."),
        items: Some(items.collect()),
    }
}

fn flags(making: &Making<'_>, overview: &Overview) -> List {
    let l = making.l;
    let item = |flag: &Flag| {
        let source = format!("{}〔{:?}〕", flag.source, flag.mark);
        let first = flag.transactions.first();
        let about: Vec<&str> = flag.transactions.iter().map(|id| id.as_str()).collect();
        let high = flag.severity == Severity::High;
        let severity = l.pick(flag.severity.zh(), flag.severity.en());
        Item {
            tag: Some((severity.to_owned(), high)),
            title: format!(
                "{} {}",
                l.pick(flag.rule.zh(), flag.rule.en()),
                about.join(l.pick("、", ", "))
            ),
            href: first.and_then(|id| making.transaction(id.as_str())),
            text: l.pick(
                format!("{}依据：{source}", flag.sentence(l)),
                format!("{} Source: {source}", flag.sentence(l)),
            ),
            entries: flag
                .events
                .iter()
                .map(|index| making.entry(*index))
                .collect(),
        }
    };
    let flags = overview.as_of.flags.as_ref();
    List {
        id: "flags",
        title: l.pick("风险提示（不是结论）", "Red flags (no verdict)"),
        none: l.pick("没有提示。", "None."),
        items: flags.map(|flags| flags.iter().map(|flag| item(flag)).collect()),
    }
}

fn late_steps(making: &Making<'_>, lists: &Lists) -> List {
    let l = making.l;
    let items = lists.steps.iter().map(|one| {
        let (by, at) = (
            moment(one.deadline.minus_seconds(1)),
            moment(one.received_at),
        );
        Item {
            tag: None,
            title: format!("{} {}", one.transaction, making.step(one.step)),
            href: making.transaction(one.transaction.as_str()),
            text: l.pick(
                format!(
                    "最迟 {by}，账本收到于 {at}，{}",
                    late(l, one.received_at.seconds_since(one.deadline))
                ),
                format!(
                    "due by {by}, received {at}, {}",
                    late(l, one.received_at.seconds_since(one.deadline))
                ),
            ),
            entries: vec![making.entry(one.entry)],
        }
    });
    List {
        id: "late-steps",
        title: l.pick(
            "本期超时办理的环节",
            "Steps recorded past their time in the period",
        ),
        none: l.pick("没有。", "None."),
        items: Some(items.collect()),
    }
}

fn late_answers(making: &Making<'_>, lists: &Lists) -> List {
    let l = making.l;
    let items = lists.answers.iter().map(|one| {
        let (by, at) = (
            moment(one.deadline.minus_seconds(1)),
            moment(one.received_at),
        );
        Item {
            tag: None,
            title: l.pick(
                format!("意见 {}", one.concern),
                format!("concern {}", one.concern),
            ),
            href: making.link(&format!("/c/{}", one.concern)),
            text: l.pick(
                format!("交易 {}，最迟 {by}，答复于 {at}", one.transaction),
                format!(
                    "transaction {}, due by {by}, answered {at}",
                    one.transaction
                ),
            ),
            entries: vec![making.entry(one.entry)],
        }
    });
    List {
        id: "late-answers",
        title: l.pick(
            "本期超时答复的意见",
            "Concerns answered past their time in the period",
        ),
        none: l.pick("没有。", "None."),
        items: Some(items.collect()),
    }
}

fn late_entries(making: &Making<'_>, lists: &Lists) -> List {
    let l = making.l;
    let items = lists.entries.iter().map(|one| {
        let (at, received) = (stated(one.at), moment(one.received_at));
        let (about, href) = match &one.stream {
            StreamId::Transaction(id) => (id.to_string(), making.transaction(id.as_str())),
            StreamId::Concern(id) => (
                l.pick(format!("意见 {id}"), format!("concern {id}")),
                making.link(&format!("/c/{id}")),
            ),
            StreamId::Ledger => (l.pick("账本", "ledger").to_owned(), None),
        };
        Item {
            tag: None,
            title: format!("{about} {}", one.what(l)),
            href,
            text: l.pick(
                format!("事情发生于 {at}，账本收到于 {received}"),
                format!("happened at {at}, received {received}"),
            ),
            entries: vec![making.entry(one.entry)],
        }
    });
    List {
        id: "late-entries",
        title: l.pick("本期补录的记录", "Entries recorded late in the period"),
        none: l.pick("没有。", "None."),
        items: Some(items.collect()),
    }
}
