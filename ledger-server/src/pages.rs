//! Pages for people: HTML made here, whole and readable without a script.
//!
//! A page is made from the newest snapshot and the ledger's [catalogue](crate::catalogue), where nothing
//! waits for a writer; what stands in an entry says so ([`facts`]), so that the browser can check it.
//! Chinese, or English if the reader would rather; the choice is kept in every link. Knows no rule.

use std::sync::Arc;

use askama::Template;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, SET_COOKIE, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger_core::hash::Digest;
use ledger_core::language::Language;
use ledger_core::ledger::LedgerError;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use crate::catalogue::NoView;
use crate::desk::request;
use crate::problem::Problem;
use crate::served::{Served, Snapshot};
use crate::wire::{BRIEFLY, headers};

mod ask;
mod charter;
mod charts;
mod collective;
mod concern;
mod course;
pub(crate) mod desk;
mod disclosure;
mod drawing;
mod entry;
mod facts;
mod feed;
mod missing;
pub(crate) mod overview;
pub(crate) mod portal;
mod receipt;
mod roster;
mod shell;
mod told;
mod transaction;
mod visit;
mod voice;

pub(crate) use collective::with_slash;
pub(crate) use missing::nothing_here;
pub(crate) use visit::Visit;

use shell::Shell;

/// What a page may load: this site's script, style and data, and pictures that it holds itself.
const OWN_ONLY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Nothing is loaded, sent or framed.
const NOTHING_ELSE: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The routes of a ledger's pages.
pub(crate) fn of_ledger() -> OpenApiRouter<Arc<Served>> {
    OpenApiRouter::new()
        .routes(routes!(collective::collective))
        .routes(routes!(transaction::transaction))
        .routes(routes!(charter::charter))
        .routes(routes!(charts::charts))
        .routes(routes!(concern::concerns))
        .routes(routes!(concern::concern))
        .routes(routes!(concern::text))
        .routes(routes!(concern::rate).layer(DefaultBodyLimit::max(ask::FORM_LIMIT)))
        .routes(routes!(ask::form, ask::raise).layer(DefaultBodyLimit::max(ask::FORM_LIMIT)))
        .routes(routes!(entry::raw))
        .routes(routes!(disclosure::disclosure))
        .routes(routes!(disclosure::print))
        .routes(routes!(entry::entry))
        .routes(routes!(feed::feed))
        .routes(routes!(roster::roster))
        .merge(desk::of_ledger())
        .layer(CompressionLayer::new())
}

/// Why there is no page.
enum NoPage {
    /// Nothing is there by that name.
    Missing,
    /// The log is still being read.
    Behind { done: u64, all: u64 },
    /// What is stored cannot be read.
    Unread(LedgerError),
    /// It could not be made.
    Fault,
}

impl From<LedgerError> for NoPage {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::NoEntry { .. } => Self::Missing,
            other => Self::Unread(other),
        }
    }
}

impl From<NoView> for NoPage {
    fn from(no_view: NoView) -> Self {
        match no_view {
            NoView::Behind { done, all } => Self::Behind { done, all },
            NoView::Failed(error) => error.into(),
        }
    }
}

impl From<askama::Error> for NoPage {
    fn from(_: askama::Error) -> Self {
        Self::Fault
    }
}

/// A ledger, as somebody looks at it.
struct Scene {
    ledger: Arc<Served>,
    snapshot: Arc<Snapshot>,
    visit: Visit,
}

impl Scene {
    /// What all pages of the ledger share; `entries` are those that this one shows.
    fn shell(
        &self,
        view: &'static str,
        title: impl Into<String>,
        entries: &[u64],
    ) -> Result<Shell, NoPage> {
        let ledger = self.view()?;
        Ok(Shell::of(self, view, title.into()).showing(entries, &ledger.ledger))
    }

    fn base(&self) -> String {
        format!("/{}", self.ledger.slug())
    }

    /// What there is to list.
    fn view(&self) -> Result<Arc<crate::catalogue::View>, NoPage> {
        Ok(self.ledger.catalogue.view(&self.snapshot, self.visit.now)?)
    }
}

/// Makes a page of a ledger where waiting for a disk holds up nobody.
async fn page(
    ledger: Arc<Served>,
    visit: Visit,
    make: impl FnOnce(&Scene) -> Result<String, NoPage> + Send + 'static,
) -> Response {
    let asked = visit.clone();
    let scene = Scene {
        snapshot: ledger.snapshot(),
        ledger,
        visit,
    };
    let made = tokio::task::spawn_blocking(move || make(&scene)).await;
    match made {
        Ok(Ok(html)) => shown(&asked, html),
        Ok(Err(no_page)) => no_page.into_response(&asked),
        Err(error) => {
            tracing::error!(%error, "a page broke off");
            NoPage::Fault.into_response(&asked)
        }
    }
}

impl NoPage {
    /// For a script.
    fn into_problem(self, l: Language) -> Problem {
        match self {
            Self::Missing => Problem::not_found(l),
            Self::Behind { done, all } => request::no_view(NoView::Behind { done, all }, l),
            Self::Unread(error) => Problem::of_read(&error, l),
            Self::Fault => Problem::fault(l),
        }
    }

    fn into_response(self, visit: &Visit) -> Response {
        match self {
            Self::Missing => missing::page(visit),
            Self::Behind { done, all } => missing::behind(visit, done, all),
            Self::Unread(error) => Problem::of_read(&error, visit.language).into_response(),
            Self::Fault => Problem::fault(visit.language).into_response(),
        }
    }
}

/// A page, unless the reader has it already.
fn shown(visit: &Visit, html: String) -> Response {
    let tag = format!("W/\"{}\"", &Digest::of(html.as_bytes()).to_string()[..32]);
    let mut response = if visit.has(&tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        html.into_response()
    };
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CACHE_CONTROL, BRIEFLY);
    headers.insert(VARY, HeaderValue::from_static("accept-language, cookie"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(OWN_ONLY));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    if let Some(cookie) = visit.cookie() {
        headers.insert(SET_COOKIE, HeaderValue::from_static(cookie));
    }
    response
}

/// Whether the request holds an answer with this tag.
fn holds(headers: &HeaderMap, tag: &str) -> bool {
    let held = headers.get_all(IF_NONE_MATCH).iter();
    let held = held.filter_map(|value| value.to_str().ok());
    held.flat_map(|value| value.split(','))
        .any(|held| held.trim() == tag)
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
