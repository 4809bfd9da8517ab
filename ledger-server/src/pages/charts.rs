//! What people expect to see drawn: amounts by month, punctuality, what is overdue; each with its table.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use ledger_core::language::Language;
use ledger_core::money::Fen;
use ledger_core::totals::{Side, Totals};

use super::drawing::{self, Bar};
use super::facts::yuan;
use super::shell::Shell;
use super::visit::Visit;
use super::{NoPage, Scene, page};
use crate::catalogue::View;
use crate::served::Served;

/// How many months are shown.
const MONTHS: usize = 24;

#[derive(Template)]
#[template(path = "pages/charts.html")]
struct Page {
    s: Shell,
    charts: Vec<Chart>,
}

/// A chart with its table.
struct Chart {
    id: &'static str,
    title: String,
    svg: Option<String>,
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// `GET /<slug>/charts`: charts, each with its table.
#[utoipa::path(
    get,
    path = "/charts",
    summary = "Charts, each with its table",
    responses((status = 200, description = "Charts, each with its table", body = String, content_type = "text/html; charset=utf-8"))
)]
pub(crate) async fn charts(State(ledger): State<Arc<Served>>, visit: Visit) -> Response {
    page(ledger, visit, |scene| Ok(Page::of(scene)?.render()?)).await
}

impl Page {
    fn of(scene: &Scene) -> Result<Self, NoPage> {
        let l = scene.visit.language;
        let view = scene.view()?;
        let by_month = view.by_month.as_ref();
        let incomes = l.pick(
            "收入类合同额（按签约月份）",
            "Contracts that bring money in, by month of signing",
        );
        let spendings = l.pick(
            "支出类合同额（按签约月份）",
            "Contracts that spend money, by month of signing",
        );
        let title = l.pick("图表", "Charts");
        Ok(Self {
            s: scene.shell("ledger", title, &[])?,
            charts: vec![
                amounts(l, ("income", incomes), by_month, |totals| &totals.income),
                amounts(l, ("spending", spendings), by_month, |totals| {
                    &totals.spending
                }),
                punctual(l, &view),
                overdue(scene, &view),
            ],
        })
    }
}

fn amounts(
    l: Language,
    (id, title): (&'static str, &str),
    totals: Option<&Totals>,
    side: fn(&Totals) -> &Side,
) -> Chart {
    let rows = totals
        .map(|totals| side(totals).rows.as_slice())
        .unwrap_or_default();
    let rows = &rows[rows.len().saturating_sub(MONTHS)..];
    let bar = |row: &ledger_core::totals::Row| Bar {
        label: row.group.label(l),
        #[allow(clippy::cast_precision_loss, reason = "a length in a picture")]
        length: row.amounts.contracted_fen.get() as f64,
        value: rounded(l, row.amounts.contracted_fen),
    };
    let signed = rows.iter().filter(|row| row.amounts.contracts > 0);
    let bars: Vec<Bar> = signed.map(bar).collect();
    let description = l.pick(
        "每月一条，越长金额越大；准确金额见下表。",
        "A bar for each month, longer for more; the exact amounts are in the table.",
    );
    Chart {
        id,
        title: title.to_owned(),
        svg: drawing::bars(title, description, &bars),
        head: l.pick(
            vec!["月份", "合同份数", "合同额", "实收", "实付"],
            vec!["Month", "Contracts", "Contracted", "Received", "Paid"],
        ),
        rows: rows
            .iter()
            .map(|row| {
                let amounts = &row.amounts;
                vec![
                    row.group.label(l),
                    amounts.contracts.to_string(),
                    yuan(l, amounts.contracted_fen),
                    yuan(l, amounts.received_fen),
                    yuan(l, amounts.paid_fen),
                ]
            })
            .collect(),
    }
}

/// In a picture: 万元, or thousands of yuan.
fn rounded(l: Language, fen: Fen) -> String {
    let yuan = fen.get() / 100;
    match l {
        Language::Zh if yuan >= 10_000 => {
            format!("{}.{} 万元", yuan / 10_000, yuan % 10_000 / 1000)
        }
        Language::Zh => format!("{yuan} 元"),
        Language::En if yuan >= 1000 => format!("¥{},{:03}", yuan / 1000, yuan % 1000),
        Language::En => format!("¥{yuan}"),
    }
}

fn punctual(l: Language, view: &View) -> Chart {
    let mut months: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for ((_, month), (in_time, late)) in &view.punctual {
        let counted = months.entry(month).or_default();
        counted.0 += in_time;
        counted.1 += late;
    }
    let shown: Vec<(&str, (u32, u32))> = months.into_iter().collect();
    let shown = &shown[shown.len().saturating_sub(MONTHS)..];
    let rate = |(in_time, late): (u32, u32)| {
        f64::from(in_time) * 100.0 / f64::from((in_time + late).max(1))
    };
    let bars: Vec<Bar> = shown
        .iter()
        .map(|(month, counted)| Bar {
            label: (*month).to_owned(),
            length: rate(*counted),
            value: format!(
                "{:.0}%（{}/{}）",
                rate(*counted),
                counted.0,
                counted.0 + counted.1
            ),
        })
        .collect();
    let title = l.pick("公开按时率（按公开月份）", "Publications in time, by month");
    let description = l.pick(
        "每月一条：按时公开的次数占全部公开次数的百分比。",
        "A bar for each month: the share of its publications that came in time.",
    );
    Chart {
        id: "punctual",
        title: title.to_owned(),
        svg: drawing::bars(title, description, &bars),
        head: l.pick(
            vec!["月份", "按时", "超时", "按时率"],
            vec!["Month", "In time", "Late", "Share"],
        ),
        rows: shown
            .iter()
            .map(|(month, counted)| {
                vec![
                    (*month).to_owned(),
                    counted.0.to_string(),
                    counted.1.to_string(),
                    format!("{:.0}%", rate(*counted)),
                ]
            })
            .collect(),
    }
}

fn overdue(scene: &Scene, view: &View) -> Chart {
    let l = scene.visit.language;
    let ages = [
        (7, "7 天以内", "up to 7 days"),
        (30, "8–30 天", "8–30 days"),
        (90, "31–90 天", "31–90 days"),
        (u64::MAX, "90 天以上", "over 90 days"),
    ];
    let mut counts = [0_u32; 4];
    for task in view.tasks.iter().filter(|task| task.overdue) {
        let Some(deadline) = task.deadline else {
            continue;
        };
        let days = scene.visit.now.seconds_since(deadline.at).div_ceil(86_400);
        let place = ages.iter().position(|(most, ..)| days <= *most);
        if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
            *count += 1;
        }
    }
    let named = ages
        .iter()
        .zip(counts)
        .map(|((_, zh, en), count)| (l.pick(*zh, *en), count));
    let named: Vec<(&str, u32)> = named.collect();
    let bars: Vec<Bar> = named
        .iter()
        .map(|(label, count)| Bar {
            label: (*label).to_owned(),
            length: f64::from(*count),
            value: count.to_string(),
        })
        .collect();
    let title = l.pick("逾期事项（按逾期时间）", "What is overdue, by age");
    let description = l.pick(
        "每条是一段逾期时间，长度是逾期事项的数目。",
        "A bar for each range of ages, as long as there are things overdue.",
    );
    Chart {
        id: "overdue",
        title: title.to_owned(),
        svg: drawing::bars(title, description, &bars),
        head: l.pick(vec!["逾期时间", "事项数"], vec!["Age", "Tasks"]),
        rows: named
            .iter()
            .map(|(label, count)| vec![(*label).to_owned(), count.to_string()])
            .collect(),
    }
}
