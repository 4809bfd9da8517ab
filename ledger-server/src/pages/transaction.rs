//! A transaction's page: the sixteen steps as they went, and what belongs to them.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use ledger_core::charter::Charter;
use ledger_core::dealing::Dealing;
use ledger_core::event::{Event, Family};
use ledger_core::flags::{self, Flag, FlagRule};
use ledger_core::language::Language;
use ledger_core::transaction::{Phase, Transaction};
use ledger_core::{LogTime, Step, TransactionId};

use super::collective::{category, late, time, what};
use super::course::{Course, Happening, Timing};
use super::drawing::{self, Span};
use super::facts::{Part, day, moment, yuan};
use super::shell::Shell;
use super::visit::Visit;
use super::voice::{ConcernRow, Said};
use super::{NoPage, Scene, page};
use crate::agenda::{self, Task};
use crate::catalogue::{Voiced, replay};
use crate::served::Served;
use crate::tenure;

/// With how many others a transaction is looked at together.
const TOGETHER: usize = 40;

#[derive(Template)]
#[template(path = "pages/transaction.html")]
struct Page {
    s: Shell,
    id: String,
    name: Part,
    location: Part,
    category: &'static str,
    amount: Option<Part>,
    counterparty: Option<String>,
    /// How far it has come: a sentence, and a shape for it.
    state: String,
    shape: &'static str,
    task: Option<TaskNow>,
    ended: Vec<Happening>,
    /// The record of a contract of before the ledger, which has no steps.
    taken: Vec<Happening>,
    steps: Vec<StepRow>,
    other: Vec<Happening>,
    contract: Vec<String>,
    life: Vec<Happening>,
    concerns: Vec<ConcernRow>,
    flags: Vec<FlagRow>,
    plan: Option<String>,
    timings: Vec<TimingRow>,
}

/// What is to be done now.
struct TaskNow {
    what: String,
    time: String,
    overdue: bool,
    roles: Vec<(String, String)>,
}

/// One of the sixteen steps.
struct StepRow {
    number: u8,
    name: &'static str,
    /// Where it is published, if it is a publication that was made.
    published_at: Option<String>,
    is_publication: bool,
    shape: &'static str,
    state: String,
    /// Who answers for it, and by when it is to be done, before it was.
    expected: String,
    happenings: Vec<Happening>,
    postings: Vec<Happening>,
}

struct FlagRow {
    rule: &'static str,
    severity: &'static str,
    sentence: String,
    source: String,
    entries: Vec<u64>,
}

struct TimingRow {
    step: String,
    from: String,
    deadline: String,
    done: String,
    late: String,
}

/// `GET /<slug>/t/<transaction>`: the sixteen steps of a transaction.
#[utoipa::path(
    get,
    path = "/t/{transaction}",
    summary = "The sixteen steps of a transaction",
    params(("transaction" = String, Path, description = "The transaction's id")),
    responses(
        (status = 200, description = "The sixteen steps of a transaction", body = String, content_type = "text/html; charset=utf-8"),
        (status = 404, description = "No such transaction", body = String, content_type = "text/html; charset=utf-8"),
    )
)]
pub(crate) async fn transaction(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    page(ledger, visit, move |scene| {
        let id: TransactionId = id.parse().map_err(|_| NoPage::Missing)?;
        let course = Course::of(scene, &id)?.ok_or(NoPage::Missing)?;
        let transaction = course.transaction().ok_or(NoPage::Missing)?;
        Ok(Page::of(scene, &course, transaction)?.render()?)
    })
    .await
}

impl Page {
    fn of(scene: &Scene, course: &Course, transaction: &Transaction) -> Result<Self, NoPage> {
        let (l, now) = (scene.visit.language, scene.visit.now);
        let ledger = &*scene.snapshot.state;
        let position = scene.snapshot.size();
        let calendar = ledger.calendar_at(position);
        let charter = ledger.charter_of(transaction.begun_at, position);
        let dealing = Dealing::of(transaction);
        let task = agenda::task(ledger, position, transaction, now);
        let taken = transaction.takeover.is_some();
        let steps = Step::ALL.into_iter().filter(|_| !taken);
        let steps = steps
            .map(|step| StepRow::of(scene, course, transaction, (step, &task), charter))
            .collect();
        let is_other = |index: u64, event: &Event| {
            let elsewhere = matches!(event, Event::StepWaived(_) | Event::Terminated(_));
            let of_step = course.step_of(index, event).is_some();
            !elsewhere
                && !of_step
                && event.family() != Family::Contract
                && !corrects_contract(course, event)
        };
        let is_takeover = |event: &Event| matches!(event, Event::ContractTakenOver(_));
        let of_contract = |_: u64, event: &Event| {
            !is_takeover(event) && event.family() == Family::Contract
                || corrects_contract(course, event)
        };
        let timings = course.timings();
        let as_of = calendar.date_of(now);
        let title = match dealing.thing() {
            Some(asset) => format!("{} {}", transaction.id, asset.name),
            None => transaction.id.to_string(),
        };
        let mut s = scene.shell("transaction", title, &course.entries)?;
        s.transaction = transaction.id.to_string();
        let (shape, state) = state(l, transaction);
        Ok(Self {
            s,
            id: transaction.id.to_string(),
            name: of_asset(&dealing, "name"),
            location: of_asset(&dealing, "location"),
            category: transaction
                .category()
                .map_or("", |found| category(l, found)),
            amount: amount(l, course, transaction),
            counterparty: dealing
                .counterparty(&ledger.collective.name)
                .map(ToString::to_string),
            state,
            shape,
            task: TaskNow::of(scene, &task, now),
            ended: course.happenings(scene, |_, event| matches!(event, Event::Terminated(_))),
            taken: course.happenings(scene, |_, event| is_takeover(event)),
            steps,
            other: course.happenings(scene, is_other),
            contract: tenure::lines(l, transaction, as_of),
            life: course.happenings(scene, of_contract),
            concerns: concerns(scene, course),
            flags: flagged(scene, transaction, now)?,
            plan: plan(l, &timings, now),
            timings: timings
                .iter()
                .map(|timing| TimingRow::of(l, timing))
                .collect(),
        })
    }
}

/// Whether a correction is of the contract's life.
fn corrects_contract(course: &Course, event: &Event) -> bool {
    match event {
        Event::Corrected(corrected) => course
            .entry(corrected.entry)
            .is_some_and(|entry| entry.statement().event.family() == Family::Contract),
        _ => false,
    }
}

/// How far it has come: a shape for it, and a sentence.
fn state(l: Language, transaction: &Transaction) -> (&'static str, String) {
    match &transaction.phase {
        Phase::Completed(_) => (
            "done",
            l.pick("十六个环节已全部办完", "all sixteen steps are done")
                .to_owned(),
        ),
        Phase::TakenOver { .. } => (
            "taken",
            l.pick(
                "存量合同：开账前就有，事后补录",
                "made before the ledger, recorded late",
            )
            .to_owned(),
        ),
        Phase::Terminated { .. } => ("ended", l.pick("已终止", "broken off").to_owned()),
        Phase::BiddingFailed { .. } => (
            "failed",
            l.pick("竞价未成交", "the bidding failed").to_owned(),
        ),
        Phase::Awaiting(_) | Phase::Publishing(_) => {
            let step = transaction
                .current_step()
                .unwrap_or(Step::PublishCompletion);
            let number = step.number();
            (
                "open",
                l.pick(
                    format!("办到第 {number} 环节：{}", step.zh()),
                    format!("at step {number}: {}", step.en()),
                ),
            )
        }
    }
}

fn of_asset(dealing: &Dealing<'_>, field: &str) -> Part {
    let verified = dealing.asset.map(|held| held.recorded);
    let taken = dealing.taken_over.map(|held| held.recorded);
    let (Some(asset), Some(recorded)) = (dealing.thing(), taken.or(verified)) else {
        return Part::default();
    };
    let text = if field == "name" {
        &asset.name
    } else {
        &asset.location
    };
    let index = recorded.index;
    let transaction = dealing.transaction;
    let corrected = match &transaction.takeover {
        Some(taken) => Some(&taken.corrected_by),
        None => transaction
            .record(Step::AssetVerification)
            .map(|passed| &passed.corrected_by),
    };
    if corrected.is_some_and(|by| !by.is_empty()) {
        return Part::derived(text.to_string());
    }
    Part::fact(
        index,
        format!("/event/asset/{field}"),
        "text",
        text.to_string(),
    )
}

fn amount(l: Language, course: &Course, transaction: &Transaction) -> Option<Part> {
    let contract = transaction.contract.as_ref()?;
    let shown = yuan(l, contract.amount_fen);
    let signed = course
        .entry(contract.entry)
        .map(|entry| &entry.statement().event);
    let signed = signed.and_then(|event| match event {
        Event::ContractSigning(signed) => Some(signed.amount_fen),
        Event::ContractTakenOver(taken) => Some(taken.amount_fen),
        _ => None,
    });
    Some(match signed == Some(contract.amount_fen) {
        true => Part::fact(contract.entry, "/event/amount_fen", "money", shown),
        false => Part::derived(shown),
    })
}

impl TaskNow {
    fn of(scene: &Scene, task: &Task, now: LogTime) -> Option<Self> {
        if matches!(task.what, agenda::What::Nothing) {
            return None;
        }
        let l = scene.visit.language;
        let roster = &scene.snapshot.state.roster;
        let names = |ids: &[ledger_core::MemberId]| {
            let names = ids.iter().filter_map(|id| roster.member(id));
            let names: Vec<String> = names.map(|member| member.name.to_string()).collect();
            names.join(l.pick("、", ", "))
        };
        let roles = task.roles.iter();
        Some(Self {
            what: what(l, task),
            time: time(l, task, now),
            overdue: task.overdue,
            roles: roles
                .map(|(role, ids)| (l.pick(role.zh(), role.en()).to_owned(), names(ids)))
                .collect(),
        })
    }
}

impl StepRow {
    fn of(
        scene: &Scene,
        course: &Course,
        transaction: &Transaction,
        (step, task): (Step, &Task),
        charter: &Charter,
    ) -> Self {
        let l = scene.visit.language;
        let passed = transaction.record(step);
        let mut happenings = course.happenings(scene, |index, event| match event {
            Event::StepWaived(waived) => waived.from == step,
            Event::ChannelPosted(_) => false,
            event => course.step_of(index, event) == Some(step),
        });
        for happening in &mut happenings {
            let event = course
                .entry(happening.index)
                .map(|entry| &entry.statement().event);
            if event.is_some_and(|event| event.step().is_some_and(|view| view.step == step)) {
                // The step's own heading says it.
                happening.title.clear();
            }
        }
        let postings = course.happenings(scene, |index, event| {
            matches!(event, Event::ChannelPosted(_)) && course.step_of(index, event) == Some(step)
        });
        let is_current =
            !matches!(task.what, agenda::What::Nothing) && transaction.current_step() == Some(step);
        let done = passed.and_then(|passed| {
            let index = passed.recorded.index;
            happenings.iter().find(|happening| happening.index == index)
        });
        let was_late = done.is_some_and(|done| done.due.as_ref().is_some_and(|(_, late)| *late));
        let (shape, state) = match (passed, is_current) {
            (Some(passed), _) if passed.is_waived() => {
                ("waived", l.pick("依章程免办", "waived under the charter"))
            }
            (Some(_), _) if was_late => ("late", l.pick("已办，超过时限", "done, late")),
            (Some(_), _) if done.is_some_and(|done| done.due.is_some()) => {
                ("done", l.pick("已办，按时", "done in time"))
            }
            (Some(_), _) => ("done", l.pick("已办", "done")),
            (None, true) if task.overdue => {
                ("overdue", l.pick("正在办，已逾期", "under way, overdue"))
            }
            (None, true) => ("open", l.pick("正在办", "under way")),
            (None, false) if happenings.is_empty() => ("todo", l.pick("未办", "not yet")),
            (None, false) => ("again", l.pick("须重办", "to be done again")),
        };
        let point = step.publication_point();
        let published = point.filter(|_| passed.is_some());
        Self {
            number: step.number(),
            name: l.pick(step.zh(), step.en()),
            published_at: published.map(|point| format!("/d/{}/{point}", transaction.id)),
            is_publication: point.is_some(),
            shape,
            state: state.to_owned(),
            expected: match passed {
                Some(passed) => match &passed.event {
                    Event::StepWaived(waived) if waived.from != step => {
                        let from = waived.from.number();
                        l.pick(format!("见第 {from} 环节"), format!("see step {from}"))
                    }
                    _ => String::new(),
                },
                None => expected(l, charter, step),
            },
            happenings,
            postings,
        }
    }
}

/// Who answers for a step, and within how long.
fn expected(l: Language, charter: &Charter, step: Step) -> String {
    let rule = charter.steps.of(step);
    let role = l.pick(rule.signing.answers.zh(), rule.signing.answers.en());
    match &rule.within {
        Some(within) => {
            let span = l.pick(within.span.label_zh(), within.span.label_en());
            l.pick(
                format!("由{role}办理，时限 {span}"),
                format!("by the {role}, within {span}"),
            )
        }
        None => l.pick(format!("由{role}办理"), format!("by the {role}")),
    }
}

fn concerns(scene: &Scene, course: &Course) -> Vec<ConcernRow> {
    let ledger = &*scene.snapshot.state;
    let mut rows: Vec<Voiced> = course
        .state
        .concerns()
        .map(|concern| Voiced::of(ledger, scene.snapshot.size(), concern))
        .collect();
    rows.sort_by_key(|concern| (concern.answered_in.is_some(), concern.deadline.at));
    rows.iter()
        .map(|concern| ConcernRow::of(scene, concern))
        .collect()
}

/// What is worth a look in a transaction: on its own, and together with those of the same asset or party.
fn flagged(scene: &Scene, transaction: &Transaction, now: LogTime) -> Result<Vec<FlagRow>, NoPage> {
    let ledger = &*scene.snapshot.state;
    let view = scene.view()?;
    let mut states = Vec::new();
    if let Some(own) = view.transaction(&transaction.id) {
        let related = view.transactions.iter().filter(|other| {
            let same_asset = !own.name.is_empty()
                && (&other.name, &other.location) == (&own.name, &own.location);
            let same_party = own.counterparty.is_some()
                && other.counterparty == own.counterparty
                && other.spends == own.spends;
            other.id != own.id && (same_asset || same_party)
        });
        for other in related.take(TOGETHER) {
            let entries = scene
                .ledger
                .catalogue
                .bearing_on(&scene.snapshot, &other.id)?;
            states.push(replay(&scene.snapshot, &entries, &mut |_, _| {})?);
        }
    }
    let related = states.iter().flat_map(|state| state.transactions());
    let found = flags::of_ledger(ledger, related.chain([transaction]), now);
    let l = scene.visit.language;
    let about = |flag: &&Flag| {
        // A share of a year needs the whole year.
        flag.rule != FlagRule::WinnerShare && flag.transactions.contains(&transaction.id)
    };
    Ok(found
        .iter()
        .filter(about)
        .map(|flag| FlagRow::of(l, flag))
        .collect())
}

impl FlagRow {
    fn of(l: Language, flag: &Flag) -> Self {
        Self {
            rule: l.pick(flag.rule.zh(), flag.rule.en()),
            severity: l.pick(flag.severity.zh(), flag.severity.en()),
            sentence: flag.sentence(l).to_owned(),
            source: format!("{} [{:?}]", flag.source, flag.mark),
            entries: flag.events.clone(),
        }
    }
}

impl TimingRow {
    fn of(l: Language, timing: &Timing) -> Self {
        let number = timing.step.number();
        let over = timing
            .done
            .zip(timing.deadline)
            .filter(|(done, deadline)| done >= deadline);
        Self {
            step: format!("{number} {}", l.pick(timing.step.zh(), timing.step.en())),
            from: moment(timing.from),
            deadline: timing.deadline.map_or_else(
                || l.pick("不限", "no limit").to_owned(),
                |at| moment(at.minus_seconds(1)),
            ),
            done: timing.done.map(moment).unwrap_or_default(),
            late: match over {
                Some((done, deadline)) => late(l, done.seconds_since(deadline)),
                None => l.pick("按时", "in time").to_owned(),
            },
        }
    }
}

/// The plan against what was done, as a picture.
fn plan(l: Language, timings: &[Timing], now: LogTime) -> Option<String> {
    let first = timings.iter().map(|timing| timing.from).min()?;
    #[allow(clippy::cast_precision_loss, reason = "seconds of a few years")]
    let days = |time: LogTime| time.seconds_since(first) as f64 / 86_400.0;
    let row = |timing: &Timing| {
        let done = timing.done.unwrap_or(now);
        Span {
            label: timing.step.number().to_string(),
            planned: timing
                .deadline
                .map(|deadline| (days(timing.from), days(deadline))),
            done: Some((days(timing.from.min(done)), days(done))),
            late: timing.deadline.is_some_and(|deadline| done >= deadline),
        }
    };
    let rows: Vec<Span> = timings.iter().map(row).collect();
    let title = l.pick("各环节计划与实际", "Steps: planned and actual");
    let description = l.pick(
        "每行一个环节：空框是时限，实条是实际用时，打叉的是超时。数据见下表。",
        "A row for each step: the outline is the time it may take, the bar the time it took, a cross marks what was late. The figures are in the table.",
    );
    drawing::plan(title, description, &rows, &|at| {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "days of the chart, not negative"
        )]
        let seconds = (at.max(0.0) * 86_400.0) as u64;
        let text = day(first.plus_seconds(seconds)).to_string();
        text.get(2..).unwrap_or_default().to_owned()
    })
}
