//! Pages for people: plain HTML without scripts.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{IntoResponse, Response};
use ledger_core::event::LossNotice;
use ledger_core::language::Language;

use crate::problem::Problem;
use crate::served::Ledgers;
use crate::wire::{BRIEFLY, headers};

/// Nothing is loaded, sent or framed.
const NOTHING_ELSE: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "index.html")]
struct Index {
    ledgers: Vec<Row>,
}

struct Row {
    slug: String,
    origin: String,
    name: String,
    ledger_id: String,
    size: u64,
    training: bool,
    losses: Vec<LossNotice>,
}

/// `GET /`: which ledgers there are, and where their files are.
#[utoipa::path(
    get,
    path = "/",
    summary = "The first page",
    responses((status = 200, description = "Which ledgers there are, for people", body = String, content_type = "text/html; charset=utf-8"))
)]
pub(crate) async fn index(State(ledgers): State<Ledgers>) -> Response {
    let row = |ledger: &std::sync::Arc<crate::served::Served>| {
        let snapshot = ledger.snapshot();
        Row {
            slug: ledger.slug().to_owned(),
            losses: (snapshot.state.losses.iter())
                .map(|loss| loss.notice())
                .collect(),
            origin: snapshot.state.log_origin.to_string(),
            name: snapshot.state.collective.name.to_string(),
            ledger_id: snapshot.state.ledger_id.to_string(),
            size: snapshot.size(),
            training: snapshot.state.training,
        }
    };
    let page = Index {
        ledgers: ledgers.iter().map(row).collect(),
    };
    plain(&page)
}

/// A page that loads, sends and frames nothing.
pub(crate) fn plain(page: &impl Template) -> Response {
    let Ok(html) = page.render() else {
        return Problem::fault(Language::Zh).into_response();
    };
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    let mut response = (headers(kind, BRIEFLY), html).into_response();
    response.headers_mut().insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(NOTHING_ELSE),
    );
    response
}
