//! The page of all ledgers: a row each on a wide screen or on paper, a card each on a telephone.

use std::collections::BTreeSet;

use askama::Template;
use ledger_core::flags::Severity;
use ledger_core::language::Language;

use super::Asked;
use super::board::{Board, Column, Row, is_grave};
use crate::monitor::finding::Finding;
use crate::overview::{Counts, Overview, Period, Timed};
use crate::pages::facts::{day, moment};
use crate::pages::shell::Shell;
use crate::pages::visit::Visit;

#[derive(Template)]
#[template(path = "pages/overview.html")]
pub(super) struct Page {
    s: Shell,
    head: Head,
    found: Vec<Found>,
    columns: Vec<Heading>,
    rows: Vec<Line>,
    total: Line,
    regions: BTreeSet<String>,
    region: String,
    q: String,
    is_filtered: bool,
    all: String,
    meanings: Vec<Meaning>,
}

/// What the two pages begin with: the period, and whose figures these are.
pub(super) struct Head {
    pub(super) period: String,
    /// Until when figures are counted.
    pub(super) as_of: String,
    /// Whether it is over, so that its figures stay as they are.
    pub(super) is_over: bool,
    /// The address under which it is always this period.
    pub(super) lasting: String,
    pub(super) wrong: Option<String>,
    /// Names, addresses, and whether it is the one that is shown.
    pub(super) periods: Vec<(String, String, bool)>,
    pub(super) earlier: Option<String>,
    pub(super) later: Option<String>,
    /// Of a monitor: when it last looked.
    pub(super) looked: Option<String>,
    pub(super) is_monitor: bool,
    pub(super) csv: String,
    pub(super) json: String,
}

/// Something that a monitor found.
pub(super) struct Found {
    pub(super) headline: String,
    pub(super) message: String,
    pub(super) since: String,
    pub(super) is_grave: bool,
}

struct Heading {
    title: &'static str,
    href: String,
    /// What `aria-sort` says.
    order: &'static str,
    sign: &'static str,
}

/// A ledger's figures, in words.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) place: String,
    pub(super) training: bool,
    pub(super) detail: String,
    /// How far it has been read, if that is not all.
    pub(super) reading: Option<(u64, u64)>,
    pub(super) is_known: bool,
    pub(super) under_way: usize,
    pub(super) begun: u32,
    pub(super) completed: u32,
    pub(super) terminated: u32,
    pub(super) rate: Option<String>,
    pub(super) steps: Timed,
    pub(super) overdue: usize,
    pub(super) concerns: usize,
    pub(super) concerns_overdue: usize,
    pub(super) answered_in_time: u32,
    pub(super) answered_late: u32,
    pub(super) flags: Option<[usize; 3]>,
    pub(super) late: u32,
    pub(super) last: String,
    pub(super) checked: String,
    /// Titles of what was found, and whether it is grave.
    pub(super) found: Vec<(&'static str, bool)>,
}

/// How a figure is counted.
struct Meaning {
    title: &'static str,
    text: &'static str,
}

/// A rate in per cent with one decimal, which is cut off: 99.9 % is never shown as all.
pub(super) fn per_cent(timed: Timed) -> Option<String> {
    let rate = timed.per_mille()?;
    Some(match rate {
        1000 => "100%".to_owned(),
        rate => format!("{}.{}%", rate / 10, rate % 10),
    })
}

impl Head {
    pub(super) fn of(visit: &Visit, board: &Board, wrong: Option<String>) -> Self {
        let l = visit.language;
        let period = board.period;
        let to = |period: Period| visit.here_with("period", Some(&period.to_string()));
        let today = day(visit.now);
        let [month, quarter, year, all] = Period::around(today).map(|(_, period)| period);
        let choices = [
            (l.pick("本月", "This month"), month),
            (l.pick("本季度", "This quarter"), quarter),
            (l.pick("本年", "This year"), year),
            (l.pick("建账以来", "All"), all),
        ];
        let periods = choices.map(|(name, choice)| (name.to_owned(), to(choice), choice == period));
        let end = period.months().1.and_then(|last| last.end(480));
        let over = end.filter(|end| *end < board.now);
        let beside = |path: &str| {
            let here = visit.here_with("period", Some(&period.to_string()));
            let query = here.split_once('?').map_or("", |(_, query)| query);
            format!("{path}?{query}")
        };
        Self {
            period: period.label(l),
            as_of: moment(over.unwrap_or(board.now)),
            is_over: over.is_some(),
            lasting: to(period),
            wrong,
            periods: periods.into(),
            earlier: period.earlier().map(to),
            later: period.later().filter(|_| over.is_some()).map(to),
            looked: board.monitor.flatten().map(moment),
            is_monitor: board.monitor.is_some(),
            csv: beside("/overview.csv"),
            json: beside("/overview.json"),
        }
    }
}

impl Found {
    pub(super) fn of(l: Language, finding: &Finding) -> Self {
        Self {
            headline: finding.headline(l),
            message: finding.message.clone(),
            since: Finding::local(finding.since),
            is_grave: is_grave(finding),
        }
    }
}

impl Line {
    pub(super) fn of(visit: &Visit, board: &Board, row: &Row) -> Self {
        let l = visit.language;
        let empty = Overview::default();
        let Overview { counts, as_of } = row.overview.as_ref().unwrap_or(&empty);
        let flags = [Severity::High, Severity::Medium, Severity::Low];
        let flags = flags.map(|severity| as_of.flags_of(severity));
        let (read, all) = row.read;
        Self {
            place: row.region.clone(),
            training: row.training,
            detail: visit.here_with("ledger", Some(&row.origin)),
            reading: (read < all).then_some((read, all)),
            is_known: row.overview.is_some() && as_of.at.is_some(),
            under_way: as_of.under_way,
            overdue: as_of.overdue.len(),
            concerns: as_of.concerns.len(),
            concerns_overdue: as_of.overdue_concerns(),
            flags: match flags {
                [Some(high), Some(medium), Some(low)] => Some([high, medium, low]),
                _ => None,
            },
            last: as_of.last_at.map(moment).unwrap_or_default(),
            checked: checked(l, board, row),
            found: row.findings.iter().map(|one| found(l, one)).collect(),
            ..Self::counted(row.name.clone(), counts)
        }
    }

    fn counted(name: String, counts: &Counts) -> Self {
        let steps = counts.steps();
        Self {
            name,
            place: String::new(),
            training: false,
            detail: String::new(),
            reading: None,
            is_known: true,
            under_way: 0,
            begun: counts.begun,
            completed: counts.completed,
            terminated: counts.terminated,
            rate: per_cent(steps),
            steps,
            overdue: 0,
            concerns: 0,
            concerns_overdue: 0,
            answered_in_time: counts.concerns_answered_in_time,
            answered_late: counts.concerns_answered_late,
            flags: None,
            late: counts.recorded_late,
            last: String::new(),
            checked: String::new(),
            found: Vec::new(),
        }
    }

    /// All of them together. Flags are added up where all are known.
    fn total(l: Language, board: &Board, lines: &[Self]) -> Self {
        let mut counts = Counts::default();
        let known = board.rows.iter().filter_map(|row| row.overview.as_ref());
        known.for_each(|overview| counts.add(&overview.counts));
        let name = l.pick(
            format!("合计 {} 本", lines.len()),
            format!("All {}", lines.len()),
        );
        let sum = |of: fn(&Self) -> usize| lines.iter().map(of).sum::<usize>();
        let flags = lines.iter().try_fold([0; 3], |[high, medium, low], line| {
            let [more_high, more_medium, more_low] = line.flags?;
            Some([high + more_high, medium + more_medium, low + more_low])
        });
        Self {
            under_way: sum(|line| line.under_way),
            overdue: sum(|line| line.overdue),
            concerns: sum(|line| line.concerns),
            concerns_overdue: sum(|line| line.concerns_overdue),
            flags,
            ..Self::counted(name, &counts)
        }
    }

    pub(super) fn is_urgent(&self) -> bool {
        self.overdue + self.concerns_overdue > 0 || self.found.iter().any(|(_, grave)| *grave)
    }
}

fn found(l: Language, finding: &Finding) -> (&'static str, bool) {
    (finding.kind.title(l), is_grave(finding))
}

/// What was checked, and when; of a server, what it has published.
fn checked(l: Language, board: &Board, row: &Row) -> String {
    let read = row.read.0;
    if board.monitor.is_none() {
        return l.pick(format!("{read} 条"), format!("{read} entries"));
    }
    match row.compared_at {
        Some(at) => {
            let at = moment(at);
            l.pick(
                format!("{at} 核对到 {read} 条"),
                format!("{read} entries at {at}"),
            )
        }
        None if read > 0 => l.pick(
            format!("存有核对过的 {read} 条，启动后还没连上"),
            format!("{read} entries from before; not reached since the start"),
        ),
        None => l.pick("还没有核对", "not checked yet").to_owned(),
    }
}

impl Page {
    pub(super) fn of(visit: &Visit, asked: &Asked) -> Self {
        let (l, board) = (visit.language, &asked.board);
        let lines = board.rows.iter().map(|row| Line::of(visit, board, row));
        let lines: Vec<Line> = lines.collect();
        let text = |name| visit.value(name).unwrap_or_default().to_owned();
        Self {
            s: shell(visit, l.pick("监督台", "Supervisors’ desk")),
            head: Head::of(visit, board, asked.wrong.clone()),
            found: (board.findings.iter().map(|one| Found::of(l, one))).collect(),
            columns: headings(visit, asked),
            total: Line::total(l, board, &lines),
            rows: lines,
            regions: asked.regions.clone(),
            region: text("region"),
            q: text("q"),
            is_filtered: ["q", "region"]
                .into_iter()
                .any(|name| visit.value(name).is_some()),
            all: visit.link(&format!("/overview?period={}", board.period)),
            meanings: meanings(l),
        }
    }
}

/// Of a page of all ledgers: its figures have their own moment, which it tells.
pub(super) fn shell(visit: &Visit, title: &str) -> Shell {
    let mut visit = visit.clone();
    visit.as_of = None;
    Shell::bare(&visit, "overview", title)
}

fn headings(visit: &Visit, asked: &Asked) -> Vec<Heading> {
    let l = visit.language;
    let titles = [
        (Column::Name, "账本", "Ledger"),
        (Column::UnderWay, "在办", "Under way"),
        (Column::Completed, "本期办结", "Completed"),
        (Column::Rate, "按时率", "In time"),
        (Column::Overdue, "逾期环节", "Overdue steps"),
        (Column::Concerns, "群众意见", "Concerns"),
        (Column::Flags, "风险提示", "Red flags"),
        (Column::Late, "补录", "Recorded late"),
        (Column::Last, "最近记录", "Last entry"),
        (Column::Checked, "核对", "Checked"),
    ];
    let heading = |(column, zh, en): (Column, &'static str, &'static str)| {
        let is_sorted = asked.column == column;
        let reverse = is_sorted && !asked.reverse;
        let href = visit.here_with_all(&[
            ("sort", Some(column.id())),
            ("order", reverse.then_some("reverse")),
        ]);
        // The worst first is downwards, names are upwards.
        let upwards = asked.reverse != (column == Column::Name);
        let (order, sign) = match (is_sorted, upwards) {
            (false, _) => ("none", ""),
            (true, true) => ("ascending", " ▲"),
            (true, false) => ("descending", " ▼"),
        };
        Heading {
            title: l.pick(zh, en),
            href,
            order,
            sign,
        }
    };
    titles.into_iter().map(heading).collect()
}

/// How each figure is counted, and by whose rule.
const MEANINGS: [[&str; 4]; 9] = [
    [
        "在办、立项、办结、终止",
        "Under way, begun, completed, broken off",
        "在办：到截至时刻既没有全部办结也没有终止的交易，流拍待处理的、因更正须重新公开的也算。办结：期间内十六个环节第一次全部办完并公开完毕。依据：账本的十六环节与终止记录。",
        "Under way: neither complete nor broken off at that moment, failed biddings and what has to be disclosed again included. Completed: all sixteen steps done and disclosed for the first time in the period. By: the steps and endings in the record.",
    ],
    [
        "按时率",
        "In time",
        "期间内登记的环节中，按时的 ÷ 规定了时限的。时限和工作日历是各集体自己的章程（明白纸）定的，从可以办的那一刻起算；按时与否只看账本收到的时间，不看自己写的时间。退回重办的再算一次；没有规定时限的环节不算。百分数只舍不入。",
        "Of the steps recorded in the period for which the charter sets a time: those received in time. Times and working days are each collective’s charter’s, from when the step became possible; what counts is when the log received it. A step done again counts again. Rates are cut off, not rounded.",
    ],
    [
        "逾期环节",
        "Overdue steps",
        "到截至时刻，轮到办、已过章程规定时限、账本还没有收到的环节。写着该谁办：章程定的经办岗位和当时在任的人。",
        "Steps whose turn it is, whose time by the charter has passed, and which the log has not received. Who has to act: the role by the charter and those who held it then.",
    ],
    [
        "群众意见",
        "Concerns",
        "未答复：到截至时刻没有答复的；其中逾期：过了章程规定的答复期限。“按时答复”：期间内作出的答复中，没有过期限的 ÷ 全部。依据：章程 concerns.answer_within。",
        "Open: not answered at that moment; overdue: past the charter’s time. Answered in time: of the answers given in the period. By: the charter’s concerns.answer_within.",
    ],
    [
        "风险提示",
        "Red flags",
        "到截至时刻，从全部记录自动算出的提示，分重点、关注、一般。只说明哪里值得核对，不是结论。每条都写明依据（法条、公开规则或章程）。没有新记录时，现在的提示每十分钟算一次。一本账的交易超过一千宗时服务器不逐页计算，请用 sanzi flags 或监督程序。",
        "Computed from all of the record at that moment: look first, ask, note. They say what to look at, never that anything is wrong; each names its source. Where nothing is recorded, present flags are computed every ten minutes. A server does not compute them for ledgers of more than a thousand transactions: use sanzi flags, or a monitor.",
    ],
    [
        "补录",
        "Recorded late",
        "期间内收到、而事情发生后超过章程规定时间才登记的记录，账本永久标明。依据：章程 clocks.late。",
        "Entries received in the period, longer after what they record than the charter allows; the ledger marks them for good. By: the charter’s clocks.late.",
    ],
    [
        "截至时刻与月报",
        "The moment, and monthly reports",
        "过去的期间一律截至期间最后一秒，只算那时已收到的记录，所以什么时候打开都是同样的数字；没有过完的期间截至打开的时刻。月份按各账本日历的时区划分。",
        "A period that is over is counted to its last second, from what had been received by then: its figures are the same whenever they are looked at. A period that is not over is counted to now. Months are those of each ledger’s time zone.",
    ],
    [
        "最近记录",
        "Last entry",
        "到截至时刻，账本收到的最后一条记录的时间。很久没有记录，可能是没有业务，也可能是没有入账。",
        "When the log received its last entry before that moment. If that is long ago, nothing happened, or nothing was recorded.",
    ],
    [
        "核对",
        "Checked",
        "监督程序：本机逐条核对过签名和规则的条数，以及最近一次和账本比对的时间；红色是核对出的问题。服务器自己的页面只列已公布的条数，那是服务器自述，不能代替核对。",
        "Of a monitor: how many entries it has verified itself, and when it last compared them with a source; what it found is in red. A server’s own page only says how many it has published: that is its own word.",
    ],
];

fn meanings(l: Language) -> Vec<Meaning> {
    let meaning = |[title_zh, title_en, zh, en]: [&'static str; 4]| Meaning {
        title: l.pick(title_zh, title_en),
        text: l.pick(zh, en),
    };
    MEANINGS.into_iter().map(meaning).collect()
}
