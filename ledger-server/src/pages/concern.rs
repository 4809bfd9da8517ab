//! Residents' concerns: all of them, and each with its course. Reading only.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use ledger_core::name::{ConcernId, StreamId};

use super::collective::{ConcernRow, Far, Pages};
use super::course::{Course, Happening};
use super::shell::Shell;
use super::visit::Visit;
use super::{NoPage, Scene, page};
use crate::catalogue::Voiced;
use crate::served::Served;

#[derive(Template)]
#[template(path = "pages/concerns.html")]
struct List {
    s: Shell,
    all: usize,
    waiting: usize,
    overdue: usize,
    rows: Vec<ConcernRow>,
    pages: Pages,
}

#[derive(Template)]
#[template(path = "pages/concern.html")]
struct Page {
    s: Shell,
    row: ConcernRow,
    happenings: Vec<Happening>,
}

/// `GET /<slug>/concerns`: all concerns, those that wait first.
#[utoipa::path(
    get,
    path = "/concerns",
    summary = "All concerns, those that wait for an answer first",
    responses((status = 200, description = "All concerns, those that wait for an answer first", body = String, content_type = "text/html; charset=utf-8"))
)]
pub(crate) async fn concerns(State(ledger): State<Arc<Served>>, visit: Visit) -> Response {
    page(ledger, visit, |scene| Ok(List::of(scene)?.render()?)).await
}

/// `GET /<slug>/c/<id>`: one concern.
#[utoipa::path(
    get,
    path = "/c/{concern}",
    summary = "A concern, its answer and what came of it",
    params(("concern" = String, Path, description = "The concern's id")),
    responses(
        (status = 200, description = "A concern, its answer and what came of it", body = String, content_type = "text/html; charset=utf-8"),
        (status = 404, description = "No such concern", body = String, content_type = "text/html; charset=utf-8"),
    )
)]
pub(crate) async fn concern(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    page(ledger, visit, move |scene| {
        let id: ConcernId = id.parse().map_err(|_| NoPage::Missing)?;
        Ok(Page::of(scene, &id)?.render()?)
    })
    .await
}

impl List {
    fn of(scene: &Scene) -> Result<Self, NoPage> {
        let view = scene.view()?;
        let (l, now) = (scene.visit.language, scene.visit.now);
        let (pages, places) = Pages::of(&scene.visit, view.concerns.len());
        let shown = &view.concerns[places];
        let waiting = view
            .concerns
            .iter()
            .filter(|concern| concern.answered_in.is_none());
        let mut indices: Vec<u64> = shown.iter().map(|concern| concern.index).collect();
        indices.sort_unstable();
        let title = l.pick("群众意见", "Concerns");
        Ok(Self {
            s: scene.shell("ledger", title, &indices)?,
            all: view.concerns.len(),
            waiting: waiting.clone().count(),
            overdue: waiting.filter(|concern| concern.is_overdue(now)).count(),
            rows: shown
                .iter()
                .map(|concern| ConcernRow::of(l, concern, now))
                .collect(),
            pages,
        })
    }
}

impl Page {
    fn of(scene: &Scene, id: &ConcernId) -> Result<Self, NoPage> {
        let view = scene.view()?;
        let known = view.concerns.iter().find(|concern| concern.id == *id);
        let transaction = known.ok_or(NoPage::Missing)?.transaction.clone();
        let course = Course::of(scene, &transaction)?.ok_or(NoPage::Missing)?;
        let concern = course.state.concern(id).ok_or(NoPage::Missing)?;
        let ledger = &*scene.snapshot.state;
        let voiced = Voiced::of(ledger, scene.snapshot.size(), concern);
        let own = StreamId::Concern(id.clone());
        let mut happenings = course.of_stream(scene, &own, |_, _| true);
        // One answer may cover many: then it stands in another's stream.
        if let Some(answered) = concern
            .answered()
            .filter(|answered| answered.answer.of != *id)
        {
            let theirs = StreamId::Concern(answered.answer.of.clone());
            let index = answered.recorded.index;
            happenings.extend(course.of_stream(scene, &theirs, |other, _| other == index));
            happenings.sort_by_key(|happening| happening.index);
        }
        let l = scene.visit.language;
        let title = l.pick(format!("群众意见 {id}"), format!("Concern {id}"));
        let mut s = scene.shell("concern", title, &course.entries)?;
        s.transaction = transaction.to_string();
        Ok(Self {
            s,
            row: ConcernRow::of(l, &voiced, scene.visit.now),
            happenings,
        })
    }
}

impl ConcernRow {
    pub(super) fn is_waiting(&self) -> bool {
        self.state == Far::Waiting
    }

    pub(super) fn is_settled(&self) -> bool {
        self.state == Far::Settled
    }
}
