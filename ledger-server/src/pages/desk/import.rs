//! Where contracts made before the ledger are read from a sheet, looked at and signed.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::super::shell::Shell;
use super::super::visit::Visit;
use crate::desk::inbox::WAITING_PER_AUTHOR;
use crate::served::Served;
use crate::takeover::FILE_LIMIT;

#[derive(Template)]
#[template(path = "pages/desk/import.html")]
struct Page {
    s: Shell,
    /// The day on which the ledger was opened.
    opened: String,
    largest_mib: usize,
    largest: usize,
    /// How many can be signed at once.
    most: usize,
}

/// `GET /<slug>/desk/import`: contracts made before the ledger, from a sheet.
#[utoipa::path(
    get,
    path = "/desk/import",
    summary = "Contracts made before the ledger, from a sheet",
    responses(
        (status = 200, description = "Contracts made before the ledger, from a sheet", body = String, content_type = "text/html; charset=utf-8"),
        (status = 401, description = "Nobody is signed in", body = String, content_type = "text/html; charset=utf-8"),
    )
)]
pub(crate) async fn import(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    headers: HeaderMap,
) -> Response {
    super::signed_in(ledger, visit, &headers, |scene, _| {
        let state = &scene.snapshot.state;
        let calendar = state.calendar_at(scene.snapshot.size());
        let s = super::shell(
            scene,
            "import",
            ("导入存量合同", "Contracts of before the ledger"),
        )?;
        let page = Page {
            s,
            opened: calendar.date_of(state.opened_at).to_string(),
            largest_mib: FILE_LIMIT >> 20,
            largest: FILE_LIMIT,
            most: WAITING_PER_AUTHOR,
        };
        Ok(page.render()?)
    })
    .await
}
