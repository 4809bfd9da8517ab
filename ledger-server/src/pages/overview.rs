//! The supervisors' desk: all ledgers side by side, and what to look into in each. (监督台)
//!
//! Shown by a server for its own ledgers, and by a monitor for those that it follows, from what it has
//! checked itself. Rows and figures are in [`board`]; here they are gathered and put into words.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::{IntoResponse, Redirect, Response};
use ledger_core::LogTime;
use ledger_core::language::Language;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::visit::{Visit, clock};
use super::{facts, missing, shown};
use crate::catalogue::NoView;
use crate::monitor::book::locked;
use crate::monitor::finding::{Finding, Kind};
use crate::monitor::showing::{Followed, Window};
use crate::overview::{Lists, Period};
use crate::problem::Problem;
use crate::served::{Ledgers, Served};
use crate::source_arg::is_url;
use crate::wire::{BRIEFLY, headers};

mod board;
mod detail;
mod sheet;
mod table;

use board::{Board, Column, Row, is_grave};

/// Whose ledgers are shown.
#[derive(Clone)]
pub(crate) enum Overseen {
    /// A server's own.
    Server(Ledgers),
    /// Those that a monitor follows.
    Monitor(Window),
}

/// The routes of the supervisors' desk.
pub(crate) fn of_site() -> OpenApiRouter<Overseen> {
    OpenApiRouter::new()
        .routes(routes!(overview))
        .routes(routes!(json))
        .routes(routes!(csv))
}

/// What is asked for, and what there is.
struct Asked {
    board: Board,
    /// What was typed that cannot be read.
    wrong: Option<String>,
    /// One ledger, with what was late in it.
    one: Option<(usize, Lists)>,
    /// All regions, also of the ledgers that are filtered out.
    regions: BTreeSet<String>,
    column: Column,
    reverse: bool,
}

/// There is no such ledger.
struct NoLedger;

impl Asked {
    fn of(overseen: &Overseen, visit: &Visit) -> Result<Self, NoLedger> {
        let now = clock();
        let today = facts::day(visit.now);
        let [_, _, (_, year), _] = Period::around(today);
        let typed = visit.value("period");
        let read = typed.map(|typed| Period::read(typed, today).map_err(|_| typed));
        let (period, wrong) = match read {
            None => (year, None),
            Some(Ok(period)) => (period, None),
            Some(Err(typed)) => (year, Some(not_read(visit.language, typed))),
        };
        let mut board = overseen.board(period, now);
        let regions = board.rows.iter().map(|row| row.region.clone()).collect();
        let column = visit.value("sort").and_then(Column::read);
        let column = column.unwrap_or(Column::Urgency);
        let reverse = visit.value("order") == Some("reverse");
        board.sort(column, reverse);
        let mut one = None;
        if let Some(origin) = visit.value("ledger") {
            let found = board.rows.iter().position(|row| row.origin == origin);
            let place = found.ok_or(NoLedger)?;
            one = Some((place, overseen.late_in(origin, period)));
        } else {
            let words = visit.value("q").unwrap_or_default();
            let region = visit.value("region");
            let takes =
                |row: &Row| row.mentions(words) && region.is_none_or(|region| row.region == region);
            board.rows.retain(takes);
        }
        Ok(Self {
            board,
            wrong,
            one,
            regions,
            column,
            reverse,
        })
    }
}

fn not_read(l: Language, typed: &str) -> String {
    let typed: String = typed.chars().take(40).collect();
    l.pick(
        format!("期间应写成 2026-09（月）、2026-Q3（季）、2026（年）或 all（全部），您填的是“{typed}”；下面按本年列出。"),
        format!("A period is written 2026-09, 2026-Q3, 2026 or all; “{typed}” is none. This year is shown."),
    )
}

impl Overseen {
    fn board(&self, period: Period, now: LogTime) -> Board {
        match self {
            Self::Server(ledgers) => Board {
                period,
                now,
                monitor: None,
                rows: (ledgers.iter().map(|one| served(one, period, now))).collect(),
                findings: Vec::new(),
            },
            Self::Monitor(window) => {
                let showing = window.look();
                // What is overdue stands in the figures.
                let open = showing.findings.iter();
                let open = open.filter(|finding| finding.kind != Kind::Overdue);
                let mut findings: Vec<Finding> = open.cloned().collect();
                for finding in &mut findings {
                    name_ledger(finding, &showing.ledgers);
                }
                findings.sort_by_key(|finding| (!is_grave(finding), finding.since));
                let row = |one: &Followed| followed(one, &findings, period, now);
                Board {
                    period,
                    now,
                    monitor: Some(showing.looked_at),
                    rows: showing.ledgers.iter().map(row).collect(),
                    findings,
                }
            }
        }
    }

    fn late_in(&self, origin: &str, period: Period) -> Lists {
        match self {
            Self::Server(ledgers) => {
                let found = ledgers
                    .iter()
                    .find(|one| one.snapshot().state.log_origin.as_str() == origin);
                found.map(|one| one.catalogue.late_in(period))
            }
            Self::Monitor(window) => {
                let showing = window.look();
                let mut all = showing.ledgers.iter();
                let found = all.find(|one| one.origin.as_str() == origin);
                found
                    .and_then(|one| one.book.as_ref())
                    .map(|book| locked(book).late_in(period))
            }
        }
        .unwrap_or_default()
    }
}

fn served(ledger: &Served, period: Period, now: LogTime) -> Row {
    let snapshot = ledger.snapshot();
    let (state, size) = (&snapshot.state, snapshot.size());
    let (overview, read) = match ledger.catalogue.overview(&snapshot, period, now) {
        Ok(overview) => (Some(overview), size),
        Err(NoView::Behind { done, .. }) => (None, done),
        Err(NoView::Failed(error)) => {
            tracing::warn!(slug = ledger.slug(), %error, "a ledger cannot be read");
            (None, 0)
        }
    };
    Row {
        name: state.collective.name.to_string(),
        region: state.collective.region.to_string(),
        reports_to: state.collective.reports_to.to_string(),
        origin: state.log_origin.to_string(),
        training: state.training,
        home: Some(format!("/{}", ledger.slug())),
        read: (read, size),
        compared_at: None,
        overview,
        findings: Vec::new(),
    }
}

/// A source that cannot be reached is told by its address alone; people know it by its ledger.
fn name_ledger(finding: &mut Finding, ledgers: &[Followed]) {
    let Some(source) = finding.source.as_ref().filter(|_| finding.ledger.is_none()) else {
        return;
    };
    let mut whose = ledgers.iter();
    if let Some(one) = whose.find(|one| one.sources.contains(source)) {
        (finding.ledger, finding.name) = (Some(one.origin.clone()), one.name.clone());
    }
}

fn followed(one: &Followed, findings: &[Finding], period: Period, now: LogTime) -> Row {
    let about = findings.iter();
    let about = about.filter(|finding| finding.ledger.as_ref() == Some(&one.origin));
    let mut homes = one.sources.iter().filter(|place| is_url(place));
    let mut row = Row {
        name: one.name.clone().unwrap_or_else(|| one.origin.to_string()),
        region: String::new(),
        reports_to: String::new(),
        origin: one.origin.to_string(),
        training: false,
        home: homes.next().cloned(),
        read: (one.checked, one.checked),
        compared_at: one.compared_at,
        overview: None,
        findings: about.cloned().collect(),
    };
    let Some(book) = &one.book else {
        return row;
    };
    let mut book = locked(book);
    row.overview = book.overview(period, now);
    match book.state().ledger() {
        Some(ledger) => {
            row.name = ledger.collective.name.to_string();
            row.region = ledger.collective.region.to_string();
            row.reports_to = ledger.collective.reports_to.to_string();
            row.training = ledger.training;
        }
        None => row.overview = None,
    }
    row
}

/// Gathers, and makes an answer of it, where nobody else has to wait for that.
async fn gathered(
    overseen: Overseen,
    visit: Visit,
    make: impl FnOnce(Asked, &Visit) -> Option<Response> + Send + 'static,
) -> Response {
    let language = visit.language;
    let made = tokio::task::spawn_blocking(move || match Asked::of(&overseen, &visit) {
        Ok(asked) => make(asked, &visit),
        Err(NoLedger) => Some(missing::page(&visit)),
    });
    match made.await {
        Ok(Some(response)) => response,
        Ok(None) => Problem::fault(language).into_response(),
        Err(error) => {
            tracing::error!(%error, "the supervisors' desk broke off");
            Problem::fault(language).into_response()
        }
    }
}

/// `GET /overview`: all ledgers side by side, or one with what to look into.
#[utoipa::path(
    get,
    path = "/overview",
    summary = "The supervisors' desk: all ledgers side by side",
    responses((status = 200, description = "The supervisors' desk: all ledgers side by side", body = String, content_type = "text/html; charset=utf-8"))
)]
pub(crate) async fn overview(State(overseen): State<Overseen>, visit: Visit) -> Response {
    gathered(overseen, visit, |asked, visit| {
        let html = match &asked.one {
            Some((place, late)) => {
                let row = asked.board.rows.get(*place)?;
                detail::Page::of(visit, &asked.board, row, late, asked.wrong.clone()).render()
            }
            None => table::Page::of(visit, &asked).render(),
        };
        Some(shown(visit, html.ok()?))
    })
    .await
}

/// `GET /overview.json`: the same, for programs.
#[utoipa::path(
    get,
    path = "/overview.json",
    summary = "The supervisors' figures, for programs",
    responses((status = 200, description = "The supervisors' figures, for programs", body = serde_json::Value, content_type = "application/json"))
)]
pub(crate) async fn json(State(overseen): State<Overseen>, visit: Visit) -> Response {
    gathered(overseen, visit, |asked, _| {
        let one = asked.one.as_ref();
        let one = one.and_then(|(place, late)| Some((asked.board.rows.get(*place)?, late)));
        let value = asked.board.to_json(one);
        let kind = HeaderValue::from_static("application/json");
        Some((headers(kind, BRIEFLY), value.to_string()).into_response())
    })
    .await
}

/// `GET /overview.csv`: the same, as a sheet for Excel and WPS.
#[utoipa::path(
    get,
    path = "/overview.csv",
    summary = "The supervisors' figures, as a sheet",
    responses((status = 200, description = "The supervisors' figures, as a sheet", body = String, content_type = "text/csv; charset=utf-8"))
)]
pub(crate) async fn csv(State(overseen): State<Overseen>, visit: Visit) -> Response {
    gathered(overseen, visit, |asked, _| {
        let mut bytes = Vec::new();
        let period = asked.board.period;
        match &asked.one {
            Some((place, late)) => {
                sheet::items(asked.board.rows.get(*place)?, late, &mut bytes).ok()?;
            }
            None => sheet::ledgers(&asked.board, &mut bytes).ok()?,
        }
        let kind = HeaderValue::from_static("text/csv; charset=utf-8");
        let mut response = (headers(kind, BRIEFLY), bytes).into_response();
        let name = format!("attachment; filename=\"overview-{period}.csv\"");
        let name = HeaderValue::try_from(name).ok()?;
        response.headers_mut().insert(CONTENT_DISPOSITION, name);
        Some(response)
    })
    .await
}

/// `GET /` of a monitor: its only page.
pub(crate) async fn home(visit: Visit) -> Redirect {
    Redirect::temporary(&visit.link("/overview"))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use ledger_core::event::LoggedEntry;
    use ledger_core::reread::Reread;
    use ledger_core::store::Store as _;
    use ledger_core::store::memory::MemoryStore;

    use super::*;
    use crate::demo::{DEFAULT_SEED, build_year};
    use crate::overview::Record;

    const LEDGERS: usize = 20;

    fn resident_kib() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let digits = line.unwrap().split_whitespace().nth(1).unwrap();
        digits.parse().unwrap()
    }

    fn rows(books: &mut [(Reread, Record)], period: Period, now: LogTime) -> Vec<Row> {
        let row = |(number, (read, record)): (usize, &mut (Reread, Record))| Row {
            name: format!("第 {number} 经济联社"),
            region: String::new(),
            reports_to: String::new(),
            origin: format!("sanzi.example.org/l{number}"),
            training: true,
            home: Some(format!("/l{number}")),
            read: (read.state().size(), read.state().size()),
            compared_at: None,
            overview: Some(record.overview(period, read.state(), true, now)),
            findings: Vec::new(),
        };
        books.iter_mut().enumerate().map(row).collect()
    }

    /// `cargo test -p ledger-server --all-features --lib what_many_ledgers -- --ignored --nocapture`
    #[test]
    #[ignore = "measures"]
    #[allow(clippy::print_stdout, reason = "says what it measured")]
    fn what_many_ledgers_of_a_year_cost() {
        let store = MemoryStore::new();
        let ledger = build_year(store, DEFAULT_SEED, &mut |_, _| {}).unwrap();
        let store = ledger.into_store();
        let count = usize::try_from(store.size()).unwrap();
        let entries = store.entries(0, count).unwrap();
        let feed = |read: &mut Reread, record: &mut Record| {
            for (index, bytes) in (0..).zip(&entries) {
                let logged = LoggedEntry::parse(bytes).unwrap();
                let statement = logged.signed.statement();
                let before = record.before(read.state(), true, statement, logged.received_at);
                let entry = read.feed(index, logged);
                record.take(before, &entry, read.state());
            }
        };
        let mut books: Vec<(Reread, Record)> = Vec::new();
        let held = resident_kib();
        for _ in 0..LEDGERS {
            let mut one = (Reread::new(), Record::default());
            feed(&mut one.0, &mut one.1);
            // Without their states at first.
            books.push((Reread::new(), one.1));
        }
        let records = resident_kib();
        let begun = Instant::now();
        for (read, record) in &mut books {
            *record = Record::default();
            feed(read, record);
        }
        let each = books[0].0.state().transactions().count();
        println!("{LEDGERS} ledgers, each {each} transactions, {count} entries");
        println!("read again in {:?}", begun.elapsed());
        println!("records {} KiB, one state among them", records - held);
        println!("records and states {} KiB", resident_kib() - held);
        let uri = "/overview?period=all".parse().unwrap();
        let visit = Visit::of_address(&uri);
        for (what, later) in [
            ("first view", 0),
            ("again", 0),
            ("a minute later", 60),
            ("an hour later", 3600),
        ] {
            for period in [
                Period::All,
                Period::read("2018-06", facts::day(clock())).unwrap(),
            ] {
                let begun = Instant::now();
                let now = clock().plus_seconds(later);
                let rows = rows(&mut books, period, now);
                let gathered = begun.elapsed();
                let mut board = Board {
                    period,
                    now,
                    monitor: None,
                    rows,
                    findings: Vec::new(),
                };
                board.sort(Column::Urgency, false);
                let asked = Asked {
                    board,
                    wrong: None,
                    one: None,
                    regions: BTreeSet::new(),
                    column: Column::Urgency,
                    reverse: false,
                };
                let html = table::Page::of(&visit, &asked).render().unwrap();
                let (took, bytes) = (begun.elapsed(), html.len());
                println!("{what}, {period}: figures {gathered:?}, page {took:?}, {bytes} bytes");
            }
        }
    }
}
