//! A collective's page: what is open for comment, what waits for whom, and its transactions to search.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use ledger_core::category::Category;
use ledger_core::language::Language;
use ledger_core::money::Fen;
use ledger_core::state::LedgerState;
use ledger_core::totals::{Side, Totals};
use ledger_core::{LogTime, Step};
use memchr::memmem::Finder;

use super::facts::{Part, moment, yuan};
use super::shell::Shell;
use super::visit::Visit;
use super::voice::{ConcernRow, Said};
use super::{NoPage, Scene, page};
use crate::agenda::{Task, What};
use crate::catalogue::{Standing, Summary, View, Voiced};
use crate::served::Served;

/// How many transactions a page lists.
const PAGE: usize = 20;

/// How many tasks and concerns are listed; of the others, the number is told.
const FIRST: usize = 8;

#[derive(Template)]
#[template(path = "pages/collective.html")]
struct Collective {
    s: Shell,
    all: usize,
    completed: usize,
    under_way: usize,
    taken_over: usize,
    terminated: usize,
    open: Vec<Open>,
    concerns: Vec<ConcernRow>,
    more_concerns: usize,
    tasks: Vec<TaskRow>,
    more_tasks: usize,
    income: Vec<Amount>,
    spending: Vec<Amount>,
    filter: Filter,
    found: usize,
    rows: Vec<Row>,
    pages: Pages,
}

/// What is being made public.
struct Open {
    id: String,
    name: String,
    step: &'static str,
    /// The last moment; none while it is still being posted.
    until: Option<String>,
    href: String,
}

struct TaskRow {
    id: String,
    name: String,
    /// None where it is about the whole transaction.
    step: Option<(u8, &'static str)>,
    what: String,
    roles: Vec<(String, String)>,
    overdue: bool,
    time: String,
}

struct Amount {
    label: String,
    contracts: u64,
    contracted: String,
    received: String,
    paid: String,
}

struct Row {
    id: String,
    name: Part,
    location: String,
    category: &'static str,
    amount: Option<Part>,
    state: String,
    shape: &'static str,
    begun: String,
    last: String,
    unanswered: usize,
}

/// Where in a list one is.
pub(super) struct Pages {
    pub(super) number: usize,
    pub(super) count: usize,
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
}

impl Pages {
    /// The page that is asked for, and the places of its items.
    pub(super) fn of(visit: &Visit, items: usize) -> (Self, std::ops::Range<usize>) {
        let count = items.div_ceil(PAGE).max(1);
        let asked = visit.value("page").and_then(|page| page.parse().ok());
        let number = asked.unwrap_or(1).clamp(1, count);
        let to = |number: usize| {
            let number = number.to_string();
            visit.here_with("page", Some(&number)) + "#list"
        };
        let pages = Self {
            number,
            count,
            previous: (number > 1).then(|| to(number - 1)),
            next: (number < count).then(|| to(number + 1)),
        };
        let start = (number - 1) * PAGE;
        (pages, start..items.min(start + PAGE))
    }
}

/// What is searched for, as it was typed.
struct Filter {
    text: String,
    category: String,
    step: String,
    month: String,
    from: String,
    to: String,
    /// What cannot be read.
    wrong: Vec<String>,
    words: Vec<Finder<'static>>,
    least: Option<Fen>,
    most: Option<Fen>,
    is_set: bool,
    categories: Vec<(&'static str, String)>,
    steps: Vec<(String, String)>,
}

impl Filter {
    fn of(visit: &Visit) -> Self {
        let l = visit.language;
        let text = |name| visit.value(name).unwrap_or_default().to_owned();
        let mut wrong = Vec::new();
        let mut amount = |name: &str| {
            let typed = visit.value(name)?;
            let read = Fen::from_yuan(typed).ok();
            if read.is_none() {
                let found: String = typed.chars().take(40).collect();
                wrong.push(l.pick(
                    format!("金额应为数字，如 12000 或 12000.50，您填的是“{found}”；没有按它筛选。"),
                    format!("An amount is a number, as 12000 or 12000.50; “{found}” is none, and was left out."),
                ));
            }
            read
        };
        let (least, most) = (amount("from"), amount("to"));
        let month = text("month");
        let well_formed = |month: &str| {
            let parts = month.split_once('-');
            parts.is_some_and(|(year, month)| {
                year.len() == 4
                    && year.parse::<u16>().is_ok()
                    && month.len() == 2
                    && month
                        .parse::<u8>()
                        .is_ok_and(|month| (1..=12).contains(&month))
            })
        };
        if !month.is_empty() && !well_formed(&month) {
            wrong.push(l.pick(
                format!("月份应写成 2018-03，您填的是“{month}”；没有按它筛选。"),
                format!("A month is written 2018-03; “{month}” is none, and was left out."),
            ));
        }
        let names = ["q", "category", "step", "month", "from", "to"];
        Self {
            text: text("q"),
            category: text("category"),
            step: text("step"),
            month: Some(month)
                .filter(|month| well_formed(month))
                .unwrap_or_default(),
            from: text("from"),
            to: text("to"),
            wrong,
            words: text("q")
                .to_lowercase()
                .split_whitespace()
                .map(|word| Finder::new(word).into_owned())
                .collect(),
            least,
            most,
            is_set: names.into_iter().any(|name| visit.value(name).is_some()),
            categories: Category::ALL
                .iter()
                .map(|c| (c.id(), category(l, *c).to_owned()))
                .collect(),
            steps: steps(l),
        }
    }

    fn takes(&self, summary: &Summary) -> bool {
        let in_category = || {
            summary
                .category
                .is_some_and(|category| category.id() == self.category)
        };
        let amount = summary.amount;
        (self.category.is_empty() || in_category())
            && (self.step.is_empty() || self.is_at(summary))
            && (self.month.is_empty() || summary.runs_in(&self.month))
            && self
                .least
                .is_none_or(|least| amount.is_some_and(|amount| amount >= least))
            && self
                .most
                .is_none_or(|most| amount.is_some_and(|amount| amount <= most))
            && summary.mentions(&self.words)
    }

    fn is_at(&self, summary: &Summary) -> bool {
        match self.step.as_str() {
            "open" => !summary.standing.is_closed(),
            "completed" => summary.standing == Standing::Completed,
            "taken_over" => summary.standing == Standing::TakenOver,
            "terminated" => summary.standing == Standing::Terminated,
            number => summary
                .step
                .is_some_and(|step| step.number().to_string() == number),
        }
    }
}

fn steps(l: Language) -> Vec<(String, String)> {
    let groups = [
        ("open", "在办（全部）", "under way (all)"),
        ("completed", "已完成", "completed"),
        ("taken_over", "存量合同", "of before the ledger"),
        ("terminated", "已终止", "broken off"),
    ];
    let groups = groups.map(|(id, zh, en)| (id.to_owned(), l.pick(zh, en).to_owned()));
    let step = |step: Step| {
        let number = step.number();
        (
            number.to_string(),
            format!("{number} {}", l.pick(step.zh(), step.en())),
        )
    };
    groups
        .into_iter()
        .chain(Step::ALL.into_iter().map(step))
        .collect()
}

/// A category by name.
pub(super) fn category(l: Language, category: Category) -> &'static str {
    match l {
        Language::Zh => category.zh(),
        Language::En => match category {
            Category::EquityContribution => "equity contribution",
            Category::FundUse => "use of funds",
            other => other.id(),
        },
    }
}

/// `GET /<slug>`: the collective's page.
#[utoipa::path(
    get,
    path = "/",
    summary = "The collective: what is open, what waits, its transactions",
    responses(
        (status = 200, description = "The collective: what is open, what waits, its transactions", body = String, content_type = "text/html; charset=utf-8"),
    )
)]
pub(crate) async fn collective(State(ledger): State<Arc<Served>>, visit: Visit) -> Response {
    page(ledger, visit, |scene| Ok(Collective::of(scene)?.render()?)).await
}

/// `GET /<slug>/`: the same.
pub(crate) async fn with_slash(ledger: State<Arc<Served>>, visit: Visit) -> Response {
    collective(ledger, visit).await
}

impl Collective {
    /// The sums, income and spending apart.
    fn sides(&self) -> [(&str, &[Amount]); 2] {
        let income = self.s.t("收入类", "Dealings that bring money in");
        let spending = self.s.t("支出类", "Dealings that spend money");
        [(income, &self.income), (spending, &self.spending)]
    }

    fn of(scene: &Scene) -> Result<Self, NoPage> {
        let view = scene.view()?;
        let (l, now) = (scene.visit.language, scene.visit.now);
        let filter = Filter::of(&scene.visit);
        let found: Vec<&Arc<Summary>> = view
            .transactions
            .iter()
            .filter(|summary| filter.takes(summary))
            .collect();
        let (pages, places) = Pages::of(&scene.visit, found.len());
        let listed = &found[places];
        let shown = listed
            .iter()
            .flat_map(|s| s.named_in.into_iter().chain(s.priced_in));
        let mut shown: BTreeSet<u64> = shown.collect();
        let waiting: Vec<&Arc<Voiced>> = view
            .concerns
            .iter()
            .filter(|concern| concern.answered_in.is_none())
            .collect();
        shown.extend(waiting.iter().take(FIRST).map(|concern| concern.index));
        let shown: Vec<u64> = shown.into_iter().collect();
        let of = |standing| {
            let all = view.transactions.iter();
            all.filter(|summary| summary.standing == standing).count()
        };
        let state = &scene.snapshot.state;
        let tasks: Vec<TaskRow> = view
            .tasks
            .iter()
            .take(FIRST)
            .map(|task| TaskRow::of(l, state, &view, task, now))
            .collect();
        let name = state.collective.name.to_string();
        Ok(Self {
            s: scene.shell("ledger", name, &shown)?,
            all: view.transactions.len(),
            completed: of(Standing::Completed),
            under_way: of(Standing::UnderWay) + of(Standing::Failed),
            taken_over: of(Standing::TakenOver),
            terminated: of(Standing::Terminated),
            open: open(scene, &view, now),
            concerns: waiting
                .iter()
                .take(FIRST)
                .map(|c| ConcernRow::of(scene, c))
                .collect(),
            more_concerns: waiting.len().saturating_sub(FIRST),
            more_tasks: view.tasks.len().saturating_sub(FIRST),
            tasks,
            income: amounts(l, view.by_category.as_ref(), |totals| &totals.income),
            spending: amounts(l, view.by_category.as_ref(), |totals| &totals.spending),
            found: found.len(),
            rows: listed.iter().map(|summary| Row::of(l, summary)).collect(),
            filter,
            pages,
        })
    }
}

fn open(scene: &Scene, view: &View, now: LogTime) -> Vec<Open> {
    let l = scene.visit.language;
    let one = |summary: &Arc<Summary>| {
        let (step, until) = summary.open?;
        let href = match step.publication_point() {
            Some(point) => format!("/d/{}/{point}", summary.id),
            None => format!("/t/{}", summary.id),
        };
        until.is_none_or(|until| until > now).then(|| Open {
            id: summary.id.to_string(),
            name: summary.name.clone(),
            step: l.pick(step.zh(), step.en()),
            until: until.map(|until| moment(until.minus_seconds(1))),
            href,
        })
    };
    view.transactions.iter().filter_map(one).collect()
}

fn amounts(l: Language, totals: Option<&Totals>, side: fn(&Totals) -> &Side) -> Vec<Amount> {
    let Some(totals) = totals else {
        return Vec::new();
    };
    let side = side(totals);
    let amount = |label: String, amounts: &ledger_core::totals::Amounts| Amount {
        label,
        contracts: amounts.contracts,
        contracted: yuan(l, amounts.contracted_fen),
        received: yuan(l, amounts.received_fen),
        paid: yuan(l, amounts.paid_fen),
    };
    let rows = side
        .rows
        .iter()
        .map(|row| amount(row.group.label(l), &row.amounts));
    let total = amount(l.pick("合计", "All").to_owned(), &side.total);
    rows.chain([total]).collect()
}

impl TaskRow {
    fn of(l: Language, state: &LedgerState, view: &View, task: &Task, now: LogTime) -> Self {
        let names = |ids: &[ledger_core::MemberId]| {
            let name = |id| {
                state
                    .roster
                    .member(id)
                    .map(|member| member.name.to_string())
            };
            let names: Vec<String> = ids.iter().filter_map(name).collect();
            match names.is_empty() {
                true => l.pick("（无人任职）", "(nobody)").to_owned(),
                false => names.join(l.pick("、", ", ")),
            }
        };
        let roles = task.roles.iter();
        let summary = view.transaction(&task.transaction);
        Self {
            id: task.transaction.to_string(),
            name: summary
                .map(|summary| summary.name.clone())
                .unwrap_or_default(),
            step: match task.what {
                What::AnswerConcerns(_) => None,
                _ => Some((task.step.number(), l.pick(task.step.zh(), task.step.en()))),
            },
            what: what(l, task),
            roles: roles
                .map(|(role, ids)| (l.pick(role.zh(), role.en()).to_owned(), names(ids)))
                .collect(),
            overdue: task.overdue,
            time: time(l, task, now),
        }
    }
}

/// What is to be done, in a sentence.
pub(super) fn what(l: Language, task: &Task) -> String {
    match &task.what {
        What::Record {
            possible_from,
            waiting: true,
        } => {
            let from = moment(*possible_from);
            l.pick(
                format!("公示期未满，{from} 起可以办理"),
                format!("the window is open; possible from {from}"),
            )
        }
        What::Record { .. } => l.pick("可以办理", "can be done now").to_owned(),
        What::CalendarMissing(_) => l
            .pick(
                "暂不能办理：还没有该年的放假通知",
                "not possible yet: the year's holidays are not known",
            )
            .to_owned(),
        What::Post(channels) => {
            let channels: Vec<&str> = channels
                .iter()
                .map(ledger_core::name::Label::as_str)
                .collect();
            let count = channels.len();
            l.pick(
                format!("还有 {count} 个公开渠道没有张贴登记"),
                format!("{count} channels are still to be posted on"),
            )
        }
        What::Return => l
            .pick(
                "竞价未成交，须退回重新公告或重做方案",
                "the bidding failed: back to the listing or the plan",
            )
            .to_owned(),
        What::Held(count) => l.pick(
            format!("公示期内有 {count} 条群众意见待答复，答复前不得办理"),
            format!("{count} concerns raised in the window are to be answered first"),
        ),
        What::AnswerConcerns(waiting) => {
            let count = waiting.len();
            l.pick(
                format!("{count} 条群众意见待答复"),
                format!("{count} concerns are to be answered"),
            )
        }
        What::Answer(_) => l
            .pick(
                "街道发现的问题待答复，答复前不得办理",
                "findings of the street office are to be answered first",
            )
            .to_owned(),
        What::Nothing => l.pick("没有待办", "nothing is to be done").to_owned(),
    }
}

/// By when, and how much is left or how late it is.
pub(super) fn time(l: Language, task: &Task, now: LogTime) -> String {
    let Some(deadline) = task.deadline else {
        return String::new();
    };
    let last = moment(deadline.at.minus_seconds(1));
    let left = match &task.left {
        Some(left) => l.pick(left.label_zh(), left.label_en()),
        None => late(l, now.seconds_since(deadline.at)),
    };
    l.pick(format!("最迟 {last}，{left}"), format!("by {last}, {left}"))
}

/// How late something is.
pub(super) fn late(l: Language, seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3600, seconds.div_ceil(60)) {
        (0, 0, minutes) => l.pick(
            format!("逾期 {minutes} 分钟"),
            format!("{minutes} minutes late"),
        ),
        (0, hours, _) => l.pick(format!("逾期 {hours} 小时"), format!("{hours} hours late")),
        (days, ..) => l.pick(format!("逾期 {days} 天"), format!("{days} days late")),
    }
}

impl Row {
    fn of(l: Language, summary: &Summary) -> Self {
        let name = match summary.name.is_empty() {
            true => summary.id.to_string(),
            false => summary.name.clone(),
        };
        let (shape, state) = match (summary.standing, summary.step) {
            (Standing::Completed, _) => ("done", l.pick("已完成", "completed").to_owned()),
            (Standing::TakenOver, _) => (
                "taken",
                l.pick("存量合同，补录", "made before the ledger, recorded late")
                    .to_owned(),
            ),
            (Standing::Terminated, _) => ("ended", l.pick("已终止", "broken off").to_owned()),
            (Standing::Failed, _) => ("failed", l.pick("竞价未成交", "bidding failed").to_owned()),
            (Standing::UnderWay, step) => {
                let step = step.unwrap_or(Step::PublishCompletion);
                let number = step.number();
                let words = l.pick(
                    format!("第 {number} 环节 {}", step.zh()),
                    format!("step {number}, {}", step.en()),
                );
                ("open", words)
            }
        };
        Self {
            id: summary.id.to_string(),
            name: match summary.named_in {
                Some(entry) => Part::fact(entry, "/event/asset/name", "text", name),
                None => Part::derived(name),
            },
            location: summary.location.clone(),
            category: summary.category.map_or("", |found| category(l, found)),
            amount: summary.amount.map(|amount| match summary.priced_in {
                Some(entry) => Part::fact(entry, "/event/amount_fen", "money", yuan(l, amount)),
                None => Part::derived(yuan(l, amount)),
            }),
            state,
            shape,
            begun: summary.begun_on.to_string(),
            last: summary.last_on.to_string(),
            unanswered: summary.unanswered,
        }
    }
}
