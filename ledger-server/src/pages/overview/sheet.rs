//! The supervisors' figures as sheets for Excel and WPS. (监督表格)

use std::collections::BTreeMap;
use std::io::Write;

use ledger_core::flags::Severity;
use ledger_core::{Language, LogTime};

use super::board::{Board, Row};
use crate::exchange::sheet::{Cells, Sheet, ledger_name};
use crate::moment::{self, CHINA_OFFSET_MINUTES};
use crate::overview::{Lists, Overview};

const LEDGER_COLUMNS: [&str; 27] = [
    "账本",
    "地区",
    "日志名",
    "期间",
    "截至",
    "在办交易",
    "本期新立项",
    "本期办结",
    "本期终止",
    "本期按时办理环节",
    "本期超时办理环节",
    "本期未定时限环节",
    "按时率（%）",
    "逾期未办环节",
    "未答复意见",
    "其中逾期未答复",
    "本期收到意见",
    "本期按时答复意见",
    "本期超时答复意见",
    "重点提示",
    "关注提示",
    "一般提示",
    "本期补录",
    "本期记录",
    "最近记录时间",
    "核对到第几条",
    "核对时间与结论",
];

const ITEM_COLUMNS: [&str; 10] = [
    "账本",
    "类别",
    "程度",
    "交易或意见",
    "事项",
    "期限",
    "登记时间",
    "经办",
    "记录序号",
    "网址",
];

fn time(time: LogTime) -> String {
    moment::logged(time, CHINA_OFFSET_MINUTES)
}

/// One row for each ledger.
pub(crate) fn ledgers(board: &Board, out: impl Write) -> anyhow::Result<()> {
    let mut sheet = Sheet::new(out, &LEDGER_COLUMNS)?;
    for row in &board.rows {
        sheet.row(&ledger(board, row))?;
    }
    sheet.finish()
}

fn ledger(board: &Board, row: &Row) -> Cells {
    let empty = Overview::default();
    let known = row.overview.is_some();
    let Overview { counts, as_of } = row.overview.as_ref().unwrap_or(&empty);
    let steps = counts.steps();
    let rate = steps
        .per_mille()
        .map(|rate| format!("{}.{}", rate / 10, rate % 10));
    let flags = |severity| as_of.flags_of(severity);
    let mut cells = Cells::default();
    cells
        .text(&ledger_name(&row.name, row.training))
        .text(&row.region)
        .text(&row.origin)
        .text(&board.period.label(Language::Zh))
        .plain(as_of.at.map(time));
    let numbers = [
        as_of.under_way,
        counts.begun as usize,
        counts.completed as usize,
        counts.terminated as usize,
        steps.in_time as usize,
        steps.late as usize,
        steps.untimed as usize,
    ];
    for number in numbers {
        cells.plain(known.then_some(number));
    }
    cells.plain(rate);
    let numbers = [
        as_of.overdue.len(),
        as_of.concerns.len(),
        as_of.overdue_concerns(),
        counts.concerns_raised as usize,
        counts.concerns_answered_in_time as usize,
        counts.concerns_answered_late as usize,
    ];
    for number in numbers {
        cells.plain(known.then_some(number));
    }
    for severity in [Severity::High, Severity::Medium, Severity::Low] {
        cells.plain(flags(severity));
    }
    cells
        .plain(known.then_some(counts.recorded_late))
        .plain(known.then_some(counts.entries))
        .plain(as_of.last_at.map(time))
        .plain(known.then_some(row.read.0))
        .text(&checked(board, row));
    cells
}

/// Who checked it, when, and what was found.
fn checked(board: &Board, row: &Row) -> String {
    if board.monitor.is_none() {
        return "服务器自述，未经独立核对".to_owned();
    }
    let found: Vec<&str> = row
        .findings
        .iter()
        .map(|finding| finding.kind.title(Language::Zh))
        .collect();
    let when = match row.compared_at {
        Some(at) => format!("{} 核对", time(at)),
        None => "尚未核对".to_owned(),
    };
    match found.is_empty() {
        true => when,
        false => format!("{when}；{}", found.join("、")),
    }
}

/// One row for each thing to look into in a ledger.
pub(crate) fn items(row: &Row, late: &Lists, out: impl Write) -> anyhow::Result<()> {
    let mut sheet = Sheet::new(out, &ITEM_COLUMNS)?;
    let name = ledger_name(&row.name, row.training);
    let link = |path: String| row.link(&path);
    let Some(Overview { as_of, .. }) = &row.overview else {
        return sheet.finish();
    };
    for step in &as_of.overdue {
        let role = step.role.map_or("", |role| role.zh());
        let mut cells = Cells::default();
        cells.text(&name).text("逾期未办环节").text("");
        cells.text(step.transaction.as_str());
        cells.text(&format!(
            "第 {} 环节 {}",
            step.step.number(),
            step.step.zh()
        ));
        cells.plain(Some(time(step.deadline))).text("");
        cells.text(&format!("{role} {}", step.who.join("、")));
        cells.plain(Some(step.entry));
        cells.maybe(link(format!("/t/{}", step.transaction)));
        sheet.row(&cells)?;
    }
    for open in &as_of.concerns {
        let role = open.role.map_or("", |role| role.zh());
        let mut cells = Cells::default();
        cells.text(&name).text("未答复意见");
        cells.text(if open.overdue { "逾期" } else { "" });
        cells.text(open.id.as_str());
        cells.text(&format!("交易 {}", open.transaction));
        cells.plain(Some(time(open.deadline))).text("");
        cells.text(&format!("{role} {}", open.who.join("、")));
        cells.plain(Some(open.entry));
        cells.maybe(link(format!("/c/{}", open.id)));
        sheet.row(&cells)?;
    }
    for flag in as_of.flags.iter().flatten() {
        let about: Vec<&str> = flag.transactions.iter().map(|id| id.as_str()).collect();
        let first = flag.events.first().copied();
        let mut cells = Cells::default();
        cells.text(&name).text("风险提示").text(flag.severity.zh());
        cells.text(&about.join("、"));
        let said = format!("{}：{}", flag.rule.zh(), flag.sentence(Language::Zh));
        cells.text(&said).text("").text("").text("");
        cells.plain(first);
        cells.maybe(first.and_then(|entry| link(format!("/e/{entry}"))));
        sheet.row(&cells)?;
    }
    for one in lates(late) {
        let mut cells = Cells::default();
        cells.text(&name).text(one.what).text("").text(&one.about);
        cells.text(&one.said).plain(one.deadline.map(time));
        cells.plain(Some(time(one.received_at))).text("");
        cells.plain(Some(one.entry));
        cells.maybe(link(format!("/e/{}", one.entry)));
        sheet.row(&cells)?;
    }
    sheet.finish()
}

/// Something that was late, whatever it is.
struct Late {
    what: &'static str,
    about: String,
    said: String,
    deadline: Option<LogTime>,
    received_at: LogTime,
    entry: u64,
}

/// In the order of the log, the newest first.
fn lates(late: &Lists) -> Vec<Late> {
    let steps = late.steps.iter().map(|step| Late {
        what: "本期超时办理环节",
        about: step.transaction.to_string(),
        said: format!("第 {} 环节 {}", step.step.number(), step.step.zh()),
        deadline: Some(step.deadline),
        received_at: step.received_at,
        entry: step.entry,
    });
    let answers = late.answers.iter().map(|answer| Late {
        what: "本期超时答复意见",
        about: answer.concern.to_string(),
        said: format!("交易 {}", answer.transaction),
        deadline: Some(answer.deadline),
        received_at: answer.received_at,
        entry: answer.entry,
    });
    let entries = late.entries.iter().map(|entered| Late {
        what: "本期补录",
        about: entered.stream.to_string(),
        said: format!(
            "{}，事情发生于 {}",
            entered.what(Language::Zh),
            moment::stated(entered.at)
        ),
        deadline: None,
        received_at: entered.received_at,
        entry: entered.entry,
    });
    let all = steps.chain(answers).chain(entries);
    let sorted: BTreeMap<(std::cmp::Reverse<u64>, &str, String), Late> = all
        .map(|one| {
            let key = (std::cmp::Reverse(one.entry), one.what, one.about.clone());
            (key, one)
        })
        .collect();
    sorted.into_values().collect()
}
