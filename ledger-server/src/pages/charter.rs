//! The charter as a clear sheet: sixteen rows on one page, to be printed and hung up. (明白纸)

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use ledger_core::Step;
use ledger_core::charter::{Charter, When};
use ledger_core::language::Language;

use super::facts::Part;
use super::shell::Shell;
use super::visit::Visit;
use super::{NoPage, Scene, page};
use crate::served::Served;

#[derive(Template)]
#[template(path = "pages/charter.html")]
struct Page {
    s: Shell,
    sheet: ClearSheet,
    is_default: bool,
    from: u64,
    older: Vec<(u32, u64)>,
}

/// A charter as rows to be hung up.
pub(super) struct ClearSheet {
    pub(super) title: Part,
    pub(super) version: Part,
    pub(super) rows: Vec<Row>,
    pub(super) channels: Vec<(String, bool)>,
    pub(super) answer_within: String,
}

/// A step.
pub(super) struct Row {
    pub(super) id: &'static str,
    pub(super) number: u8,
    pub(super) name: &'static str,
    pub(super) is_publication: bool,
    pub(super) content: Part,
    pub(super) answers: Part,
    pub(super) holders: String,
    pub(super) cosigns: String,
    pub(super) documents: String,
    pub(super) time: String,
    pub(super) basis: String,
}

/// `GET /<slug>/charter`: the sixteen steps on one sheet.
#[utoipa::path(
    get,
    path = "/charter",
    summary = "The sixteen steps on one sheet",
    responses((status = 200, description = "The sixteen steps on one sheet", body = String, content_type = "text/html; charset=utf-8"))
)]
pub(crate) async fn charter(State(ledger): State<Arc<Served>>, visit: Visit) -> Response {
    page(ledger, visit, |scene| Ok(Page::of(scene)?.render()?)).await
}

impl Page {
    fn of(scene: &Scene) -> Result<Self, NoPage> {
        let l = scene.visit.language;
        let ledger = &*scene.snapshot.state;
        let adopted = ledger.charters.last().ok_or(NoPage::Missing)?;
        let (charter, from) = (&*adopted.charter, adopted.from);
        let title = l.pick("明白纸", "Clear sheet");
        let default = Charter::parse(Charter::default_text()).ok();
        let is_default = default.is_some_and(|default| default.steps == charter.steps);
        let older = ledger.charters.iter().rev().skip(1);
        Ok(Self {
            s: scene.shell("charter", title, &[from])?,
            sheet: ClearSheet::of(scene, charter, Some(from)),
            is_default,
            from,
            older: older
                .map(|adopted| (adopted.charter.version, adopted.from))
                .collect(),
        })
    }
}

/// What stands at a place of a charter: in the entry that adopted it, if it has been.
fn stands(from: Option<u64>, at: &str, form: &'static str, text: impl Into<String>) -> Part {
    match from {
        Some(from) => Part::fact(from, format!("/event/charter{at}"), form, text),
        None => Part::plain(text),
    }
}

impl ClearSheet {
    /// Of a charter that an entry adopted, or of one that nobody has adopted yet.
    pub(super) fn of(scene: &Scene, charter: &Charter, from: Option<u64>) -> Self {
        let l = scene.visit.language;
        let span = charter.concerns.answer_within.span;
        let version = charter.version.to_string();
        Self {
            title: stands(from, "/title", "text", charter.title.as_str()),
            version: stands(from, "/version", "number", version),
            rows: Step::ALL
                .map(|step| Row::of(scene, charter, from, step))
                .into_iter()
                .collect(),
            channels: charter
                .channels
                .iter()
                .map(|c| (c.name.to_string(), c.required))
                .collect(),
            answer_within: l.pick(span.label_zh(), span.label_en()),
        }
    }
}

impl Row {
    fn of(scene: &Scene, charter: &Charter, from: Option<u64>, step: Step) -> Self {
        let l = scene.visit.language;
        let rule = charter.steps.of(step);
        let roster = &scene.snapshot.state.roster;
        let holders = roster.holders(rule.signing.answers, scene.snapshot.size());
        let holders = holders.filter_map(|id| roster.member(id));
        let holders: Vec<String> = holders.map(|member| member.name.to_string()).collect();
        let at = format!("/steps/{}", step.id());
        let answers = rule.signing.answers;
        let required = rule.documents.iter().filter(|document| document.required);
        let documents: Vec<String> = required
            .map(|document| document.title.to_string())
            .collect();
        let bases: Vec<String> = rule
            .basis
            .iter()
            .map(|basis| format!("{} [{:?}]", basis.source, basis.mark))
            .collect();
        Self {
            id: step.id(),
            number: step.number(),
            name: l.pick(step.zh(), step.en()),
            is_publication: step.publication_point().is_some(),
            content: stands(
                from,
                &format!("{at}/content"),
                "text",
                rule.content.as_str(),
            ),
            answers: stands(
                from,
                &format!("{at}/signing/answers"),
                "word",
                l.pick(answers.zh(), answers.en()),
            ),
            holders: holders.join(l.pick("、", ", ")),
            cosigns: cosigns(l, &rule.signing.cosigns),
            documents: documents.join(l.pick("、", ", ")),
            time: time(l, charter, step),
            basis: bases.join(l.pick("；", "; ")),
        }
    }
}

fn cosigns(l: Language, cosigners: &[ledger_core::charter::Cosigner]) -> String {
    let one = |cosigner: &ledger_core::charter::Cosigner| {
        let role = l.pick(cosigner.role.zh(), cosigner.role.en());
        match cosigner.when {
            When::Always => role.to_owned(),
            When::IfAppointed => l.pick(
                format!("{role}（设有时）"),
                format!("{role} (if there is one)"),
            ),
            When::Optional => l.pick(format!("{role}（可选）"), format!("{role} (may)")),
        }
    };
    let all: Vec<String> = cosigners.iter().map(one).collect();
    all.join(l.pick("、", ", "))
}

fn time(l: Language, charter: &Charter, step: Step) -> String {
    let rule = charter.steps.of(step);
    let within = rule.within.as_ref().map(|rule| {
        let span = l.pick(rule.span.label_zh(), rule.span.label_en());
        l.pick(format!("{span}内办"), format!("within {span}"))
    });
    let open = rule.open_for.as_ref().map(|rule| {
        let span = l.pick(rule.span.label_zh(), rule.span.label_en());
        l.pick(format!("公示 {span}"), format!("open {span}"))
    });
    let all: Vec<String> = within.into_iter().chain(open).collect();
    all.join(l.pick("，", ", "))
}
