//! The supervisors' figures against a recount: the log up to a period's end is replayed from its beginning,
//! and everything is counted from the state, step by step.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::event::{Event, LoggedEntry};
use ledger_core::flags::{self, Severity};
use ledger_core::reread::Reread;
use ledger_core::state::{LedgerState, State};
use ledger_core::time::Date;
use ledger_core::transaction::{Phase, Transaction};
use ledger_core::{LogTime, TransactionId};
use serde_json::{Value, json};

use crate::{plain, values, year};

/// China's clocks, in minutes ahead of UTC.
const OFFSET: i32 = 480;

/// Until when a step is to be recorded, if the charter sets a time.
fn deadline(ledger: &LedgerState, size: u64, transaction: &Transaction) -> Option<LogTime> {
    let Phase::Awaiting(awaiting) = &transaction.phase else {
        return None;
    };
    let charter = ledger.charter_of(transaction.begun_at, size);
    let calendar = ledger.calendar_at(size);
    let (from, _) = awaiting.gate.opens_at(calendar).ok()?;
    let within = charter.steps.of(awaiting.step).within.as_ref()?;
    Some(calendar.deadline(from, within.span).at)
}

/// What is counted from one day, as in `2018-03-01`, to before another.
#[derive(Default)]
struct Recount {
    begun: u32,
    completed: u32,
    terminated: u32,
    in_time: u32,
    late: u32,
    untimed: u32,
    raised: u32,
    answered: u32,
    entries: u32,
    late_steps: Vec<u64>,
}

fn recount(from: Date, to: Date) -> (Recount, State, LogTime) {
    let (from, end) = (from.at_midnight(OFFSET), to.at_midnight(OFFSET));
    // Signatures were verified when the year was built.
    let mut replay = Reread::new();
    let mut counted = Recount::default();
    let mut completed: BTreeSet<TransactionId> = BTreeSet::new();
    for (index, bytes) in (0..).zip(&year().entries) {
        let logged = LoggedEntry::parse(bytes).unwrap();
        let received = logged.received_at;
        if received >= end {
            break;
        }
        let statement = logged.signed.statement();
        let before = replay.state();
        let stands = before.transaction_of(&statement.stream);
        let was_over = stands.is_some_and(|one| matches!(one.phase, Phase::Terminated { .. }));
        let due = stands.zip(before.ledger());
        let due = due.and_then(|(one, ledger)| deadline(ledger, before.size(), one));
        // Whether it came past its time; none if none was set.
        let late = due.map(|due| due <= received);
        let entry = replay.feed(index, logged);
        let after = replay.state().transaction_of(&entry.statement().stream);
        let now_complete = after.filter(|one| matches!(one.phase, Phase::Completed(_)));
        let first = now_complete.is_some_and(|one| completed.insert(one.id.clone()));
        if received < from {
            continue;
        }
        counted.entries += 1;
        counted.completed += u32::from(first);
        let over = after.is_some_and(|one| matches!(one.phase, Phase::Terminated { .. }));
        counted.terminated += u32::from(over && !was_over);
        counted.begun += u32::from(after.is_some_and(|one| one.begun_at == entry.index()));
        match &entry.statement().event {
            Event::ConcernRaised(_) => counted.raised += 1,
            Event::ConcernAnswered(answered) => {
                counted.answered += 1 + u32::try_from(answered.also.len()).unwrap();
            }
            event if event.step().is_some() => match late {
                None => counted.untimed += 1,
                Some(false) => counted.in_time += 1,
                Some(true) => {
                    counted.late += 1;
                    counted.late_steps.push(entry.index());
                }
            },
            _ => {}
        }
    }
    (counted, replay.state().clone(), end.minus_seconds(1))
}

fn by_severity(state: &State, at: LogTime) -> BTreeMap<&'static str, usize> {
    let flags = flags::of_ledger(state.ledger().unwrap(), state.transactions(), at);
    let of = |severity| {
        flags
            .iter()
            .filter(|flag| flag.severity == severity)
            .count()
    };
    BTreeMap::from([
        ("high", of(Severity::High)),
        ("medium", of(Severity::Medium)),
        ("low", of(Severity::Low)),
    ])
}

fn is_open(transaction: &Transaction) -> bool {
    let over = matches!(
        transaction.phase,
        Phase::Completed(_) | Phase::Terminated { .. }
    );
    !over
}

fn check(period: &str, from: &str, to: &str) -> u32 {
    let answer = year().get(&format!("/overview.json?period={period}"));
    let shown = answer.json()["ledgers"][0].clone();
    let (counted, state, at) = recount(from.parse().unwrap(), to.parse().unwrap());
    let done = &shown["period"];
    let expected =
        json!({"in_time": counted.in_time, "late": counted.late, "untimed": counted.untimed});
    assert_eq!(done["steps_recorded"], expected, "{period}");
    for (name, number) in [
        ("begun", counted.begun),
        ("completed", counted.completed),
        ("terminated", counted.terminated),
        ("concerns_raised", counted.raised),
        ("entries", counted.entries),
    ] {
        assert_eq!(done[name], number, "{period} {name}");
    }
    let answered = ["concerns_answered_in_time", "concerns_answered_late"];
    let answered = answered.map(|name| done[name].as_u64().unwrap());
    assert_eq!(
        answered.iter().sum::<u64>(),
        u64::from(counted.answered),
        "{period}"
    );

    let (ledger, as_of) = (state.ledger().unwrap(), &shown["as_of"]);
    let overdue = state.transactions().filter(|one| {
        let due = deadline(ledger, state.size(), one);
        is_open(one) && due.is_some_and(|due| due <= at)
    });
    let unanswered = state.concerns().filter(|one| one.answered().is_none());
    let calendar = ledger.calendar_at(state.size());
    let (late, open): (Vec<_>, Vec<_>) =
        unanswered.partition(|one| one.deadline(calendar).at <= at);
    for (name, number) in [
        (
            "under_way",
            state.transactions().filter(|one| is_open(one)).count(),
        ),
        ("overdue", overdue.count()),
        ("concerns", late.len() + open.len()),
        ("concerns_overdue", late.len()),
        ("size", usize::try_from(state.size()).unwrap()),
    ] {
        assert_eq!(as_of[name], number, "{period} {name}");
    }
    assert_eq!(as_of["flags"], json!(by_severity(&state, at)), "{period}");
    assert_eq!(as_of["at"], json!(at), "{period}");
    assert_eq!(
        as_of["last_at"],
        json!(state.last_received_at()),
        "{period}"
    );

    // The lists hold what is counted.
    let origin = shown["origin"].as_str().unwrap();
    let one = year().get(&format!("/overview.json?period={period}&ledger={origin}"));
    let one = one.json();
    let steps = one["ledger"]["late"]["steps"].as_array().unwrap();
    let listed = steps
        .iter()
        .rev()
        .map(|step| step["entry"].as_u64().unwrap());
    assert_eq!(listed.collect::<Vec<_>>(), counted.late_steps, "{period}");
    let flags = one["ledger"]["as_of"]["flags"].as_array().unwrap();
    assert!(flags.iter().all(|flag| flag["events"][0].is_u64()));
    counted.in_time + counted.late + counted.untimed
}

#[test]
fn every_period_of_a_year_is_as_a_recount_of_the_log_up_to_its_end() {
    let mut steps = 0;
    for month in 1..=12 {
        let to = match month {
            12 => "2019-01-01".to_owned(),
            _ => format!("2018-{:02}-01", month + 1),
        };
        let period = format!("2018-{month:02}");
        steps += check(&period, &format!("{period}-01"), &to);
    }
    assert_eq!(check("2018", "2018-01-01", "2019-01-01"), steps);
    assert!(steps > 500, "{steps}");
    check("2018-Q2", "2018-04-01", "2018-07-01");
    // Nothing was received then, but deadlines went by.
    check("2019-07", "2019-07-01", "2019-08-01");
    // Before there was a ledger.
    let before = year().get("/overview.json?period=2016-01").json();
    let before = &before["ledgers"][0];
    assert_eq!(before["period"]["entries"], 0);
    assert_eq!(before["as_of"]["at"], Value::Null);
}

#[test]
fn the_sheet_says_what_the_page_says() {
    let answer = year().get("/overview.csv?period=2018-06");
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert!(
        answer
            .header("content-disposition")
            .contains("overview-2018-06.csv")
    );
    let text = answer.text().strip_prefix('\u{feff}').unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let row = reader.records().next().unwrap().unwrap();
    let cell = |name: &str| {
        let place = header.iter().position(|column| column == name).unwrap();
        row[place].to_owned()
    };
    let shown = year().get("/overview.json?period=2018-06").json();
    let shown = &shown["ledgers"][0];
    for (name, value) in [
        ("在办交易", &shown["as_of"]["under_way"]),
        ("本期办结", &shown["period"]["completed"]),
        (
            "本期按时办理环节",
            &shown["period"]["steps_recorded"]["in_time"],
        ),
        ("逾期未办环节", &shown["as_of"]["overdue"]),
        ("重点提示", &shown["as_of"]["flags"]["high"]),
        ("本期补录", &shown["period"]["recorded_late"]),
    ] {
        assert_eq!(cell(name), value.to_string(), "{name}");
    }
    assert!(cell("账本").starts_with("【演示账本】"));
    let page = year().page("/overview?period=2018-06");
    let steps = &shown["period"]["steps_recorded"];
    let (in_time, late) = (
        steps["in_time"].as_u64().unwrap(),
        steps["late"].as_u64().unwrap(),
    );
    assert!(
        page.contains(&format!("{in_time}/{}", in_time + late)),
        "{page}"
    );

    let origin = shown["origin"].as_str().unwrap();
    let items = year().get(&format!("/overview.csv?period=2018&ledger={origin}"));
    let text = items.text().strip_prefix('\u{feff}').unwrap().to_owned();
    let rows: Vec<csv::StringRecord> = csv::Reader::from_reader(text.as_bytes())
        .records()
        .map(Result::unwrap)
        .collect();
    let dangerous = |cell: &str| cell.starts_with(['=', '+', '-', '@']);
    assert!(!rows.iter().any(|row| row.iter().any(dangerous)));
    assert!(rows.iter().any(|row| &row[1] == "风险提示"));
    assert!(
        rows.iter()
            .any(|row| &row[1] == "本期补录" && row[9].contains("/e/"))
    );
}

#[test]
fn a_ledgers_page_leads_to_where_things_stand() {
    let listed = values(&year().page("/overview?period=2018"), "href");
    let detail = listed.iter().find(|href| href.contains("ledger=")).unwrap();
    let page = year().page(&plain(detail));
    let mut kinds = BTreeSet::new();
    for href in values(&page, "href") {
        let path = href.split('#').next().unwrap();
        if !path.starts_with("/donglang/") {
            continue;
        }
        let kind = path.split('/').nth(2).unwrap().to_owned();
        // One of each kind is enough.
        if kinds.insert(kind) {
            year().page(path);
        }
    }
    assert!(kinds.contains("e") && kinds.contains("t"), "{kinds:?}");
    assert_eq!(year().get("/overview?ledger=nowhere").status.as_u16(), 404);
    for (asked, said) in [
        ("/overview?period=2018-13", "“2018-13”"),
        (
            "/overview?period=%3Cscript%3E&lang=en",
            "“&#60;script&#62;” is none",
        ),
    ] {
        assert!(year().page(asked).contains(said), "{asked}");
    }
    assert!(year().page("/").contains("/overview"));
}
