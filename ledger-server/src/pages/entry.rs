//! One entry: in words, and as the very bytes that stand in the log.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use ledger_core::event::Event;
use ledger_core::hash::Hash;
use ledger_core::name::StreamId;
use ledger_core::tree::parse_size;

use super::course::{Course, Happening};
use super::facts::Part;
use super::shell::Shell;
use super::visit::Visit;
use super::{NoPage, Scene, page};
use crate::catalogue::read;
use crate::documents::as_attachment;
use crate::key_file::grouped;
use crate::problem::Problem;
use crate::served::Served;
use crate::wire::{BYTES, FOR_EVER, headers, reading};

#[derive(Template)]
#[template(path = "pages/entry.html")]
struct Page {
    s: Shell,
    index: u64,
    happening: Happening,
    transaction: Option<String>,
    concern: Option<String>,
    leaf: Part,
    prev: Part,
    keys: Vec<String>,
    raw: String,
    before: Option<u64>,
    after: Option<u64>,
    /// Whether it takes over a contract of before the ledger.
    is_takeover: bool,
}

/// `GET /<slug>/e/<index>`: an entry, in words and in bytes.
#[utoipa::path(
    get,
    path = "/e/{index}",
    summary = "An entry, in words and in bytes",
    params(("index" = u64, Path, description = "The entry, counted from 0")),
    responses(
        (status = 200, description = "An entry, in words and in bytes", body = String, content_type = "text/html; charset=utf-8"),
        (status = 404, description = "No such entry", body = String, content_type = "text/html; charset=utf-8"),
    )
)]
pub(crate) async fn entry(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    Path(index): Path<String>,
) -> Response {
    page(ledger, visit, move |scene| {
        let index = parse_size(&index).ok_or(NoPage::Missing)?;
        Ok(Page::of(scene, index)?.render()?)
    })
    .await
}

/// The course that an entry belongs to.
pub(super) fn course_of(scene: &Scene, stream: &StreamId, index: u64) -> Result<Course, NoPage> {
    let transaction = match stream {
        StreamId::Ledger => return Course::of_ledger(scene, index),
        StreamId::Transaction(id) => id.clone(),
        StreamId::Concern(id) => {
            let view = scene.view()?;
            let mut concerns = view.concerns.iter();
            let concern = concerns.find(|concern| concern.id == *id);
            concern.ok_or(NoPage::Missing)?.transaction.clone()
        }
    };
    Course::of(scene, &transaction)?.ok_or(NoPage::Missing)
}

impl Page {
    fn of(scene: &Scene, index: u64) -> Result<Self, NoPage> {
        let l = scene.visit.language;
        let size = scene.snapshot.size();
        if index >= size {
            return Err(NoPage::Missing);
        }
        let bytes = scene
            .snapshot
            .reader
            .entries(index, 1)
            .map_err(ledger_core::ledger::LedgerError::from)?;
        let bytes = bytes.into_iter().next().ok_or(NoPage::Missing)?;
        let logged = read(&scene.snapshot, &[index])?
            .pop()
            .ok_or(NoPage::Missing)?
            .1;
        let statement = logged.signed.statement();
        let course = course_of(scene, &statement.stream, index)?;
        let mut happenings = course.of_stream(scene, &statement.stream, |other, _| other == index);
        let happening = happenings.pop().ok_or(NoPage::Missing)?;
        let title = l.pick(
            format!("第 {index} 条 {}", happening.title),
            format!("Entry {index}: {}", happening.title),
        );
        let mut s = scene.shell("entry", title, &course.entries)?;
        let (mut transaction, mut concern) = (None, None);
        match &statement.stream {
            StreamId::Ledger => {}
            StreamId::Transaction(id) => {
                s.transaction = id.to_string();
                transaction = Some(id.to_string());
            }
            StreamId::Concern(id) => concern = Some(id.to_string()),
        }
        let leaf = grouped(&Hash::leaf(&bytes).to_string());
        let signatures = logged.signed.note().signatures();
        Ok(Self {
            s,
            index,
            happening,
            transaction,
            concern,
            leaf: Part::fact(index, "/leaf", "hash", leaf),
            prev: Part::fact(index, "/prev", "hash", grouped(&statement.prev.to_string())),
            keys: signatures
                .iter()
                .map(|line| line.name().to_owned())
                .collect(),
            raw: String::from_utf8_lossy(&bytes).into_owned(),
            before: index.checked_sub(1),
            after: Some(index + 1).filter(|next| *next < size),
            is_takeover: matches!(statement.event, Event::ContractTakenOver(_)),
        })
    }
}

/// `GET /<slug>/e/<index>/raw`: an entry's bytes, to keep.
#[utoipa::path(
    get,
    path = "/e/{index}/raw",
    summary = "An entry's bytes",
    params(("index" = u64, Path, description = "The entry, counted from 0")),
    responses((status = 200, description = "The entry's bytes", body = Vec<u8>, content_type = "application/octet-stream"))
)]
pub(crate) async fn raw(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    Path(index): Path<String>,
) -> Result<Response, Problem> {
    let l = visit.language;
    let snapshot = ledger.snapshot();
    let index = parse_size(&index).filter(|index| *index < snapshot.size());
    let index = index.ok_or_else(|| Problem::not_found(l))?;
    let read = move || Ok(snapshot.reader.entries(index, 1)?);
    let bytes = reading(l, read).await?.pop();
    let bytes = bytes.ok_or_else(|| Problem::not_found(l))?;
    let mut response = (headers(BYTES, FOR_EVER), bytes).into_response();
    as_attachment(
        response.headers_mut(),
        &format!("{}-{index}.entry", ledger.slug()),
    );
    Ok(response)
}
