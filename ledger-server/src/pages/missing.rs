//! What a reader is told who finds nothing: where to go from here, in plain words.

use askama::Template;
use axum::http::header::{ACCEPT, CACHE_CONTROL, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::shell::Shell;
use super::shown;
use super::visit::Visit;
use crate::assets;
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "pages/missing.html")]
struct Missing {
    s: Shell,
    /// How far the log has been read, if that is why.
    behind: Option<(u64, u64)>,
}

/// Whether it is a person who asks: browsers say that they take pages.
fn is_person(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter();
    let mut accepted = accepted.filter_map(|value| value.to_str().ok());
    accepted.any(|value| value.contains("text/html"))
}

/// There is nothing at that address: a page for people, a problem for programs.
pub(crate) fn nothing_here(headers: &HeaderMap, visit: &Visit) -> Response {
    if assets::HAS_PAGES && is_person(headers) {
        return page(visit);
    }
    Problem::not_found(visit.language).into_response()
}

/// There is no such page.
pub(super) fn page(visit: &Visit) -> Response {
    let title = visit.language.pick("没有找到", "Not found");
    told(visit, title, None, StatusCode::NOT_FOUND)
}

/// The log is still being read.
pub(super) fn behind(visit: &Visit, done: u64, all: u64) -> Response {
    let title = visit.language.pick("正在整理", "Being prepared");
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let mut response = told(visit, title, Some((done, all)), status);
    let seconds = HeaderValue::from_static("3");
    response.headers_mut().insert(RETRY_AFTER, seconds);
    response
}

fn told(visit: &Visit, title: &str, behind: Option<(u64, u64)>, status: StatusCode) -> Response {
    let s = Shell::bare(visit, "missing", title);
    let Ok(html) = (Missing { s, behind }).render() else {
        return Problem::fault(visit.language).into_response();
    };
    let mut response = shown(visit, html);
    *response.status_mut() = status;
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}
