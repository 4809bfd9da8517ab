//! Pages of the staff desk: made here, brought to life by `web/src/desk`.
//!
//! A page of the desk is kept nowhere, and its script runs under a policy of its own. The pages of keys and
//! enrolment need no session: who has no key yet comes there first.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use ledger_core::dealing::Dealing;
use ledger_core::transaction::Transaction;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::shell::Shell;
use super::visit::Visit;
use super::{NoPage, Scene};
use crate::desk::Sitting;
use crate::served::Served;

mod import;
mod inbox;
mod mine;
mod publish;
mod record;

/// What a page of the desk may load: as the others, and nothing may be made into markup but by the one
/// function of the script that reads this site's own pages.
const DESK_ONLY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
     connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types sanzi-desk";

/// How many seconds before its end something ends soon: a day.
const SOON_SECONDS: u64 = 86_400;

/// The routes of the desk's pages.
pub(super) fn of_ledger() -> OpenApiRouter<Arc<Served>> {
    OpenApiRouter::new()
        .routes(routes!(keys))
        .routes(routes!(enrol))
        .routes(routes!(mine::mine))
        .routes(routes!(import::import))
        .routes(routes!(inbox::list))
        .routes(routes!(inbox::one))
        .routes(routes!(publish::publish))
        .merge(record::of_ledger())
}

#[derive(Template)]
#[template(path = "pages/desk/keys.html")]
struct Keys {
    s: Shell,
}

#[derive(Template)]
#[template(path = "pages/desk/enrol.html")]
struct Enrol {
    s: Shell,
}

#[derive(Template)]
#[template(path = "pages/desk/sign_in.html")]
struct SignIn {
    s: Shell,
}

/// `GET /<slug>/desk/keys`: the keys that this browser keeps.
#[utoipa::path(
    get,
    path = "/desk/keys",
    summary = "The keys that this browser keeps",
    responses((status = 200, description = "The keys that this browser keeps", body = String, content_type = "text/html; charset=utf-8"))
)]
pub(crate) async fn keys(State(ledger): State<Arc<Served>>, visit: Visit) -> Response {
    page(ledger, visit, |scene| {
        let s = shell(scene, "keys", ("我的钥匙", "My keys"))?;
        Ok(Keys { s }.render()?)
    })
    .await
}

/// `GET /<slug>/desk/enrol`: a key and a code for a new member, and the code's way into the roster.
#[utoipa::path(
    get,
    path = "/desk/enrol",
    summary = "A new member's key and code",
    responses((status = 200, description = "A new member's key and code", body = String, content_type = "text/html; charset=utf-8"))
)]
pub(crate) async fn enrol(State(ledger): State<Arc<Served>>, visit: Visit) -> Response {
    page(ledger, visit, |scene| {
        let s = shell(scene, "enrol", ("新成员", "New member"))?;
        Ok(Enrol { s }.render()?)
    })
    .await
}

/// The page for whoever has not signed in, or no longer may: status 401.
pub(crate) async fn sign_in(ledger: Arc<Served>, visit: Visit) -> Response {
    let mut response = page(ledger, visit, |scene| {
        let s = shell(scene, "sign_in", ("登录工作台", "Sign in to the desk"))?;
        Ok(SignIn { s }.render()?)
    })
    .await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::UNAUTHORIZED;
    }
    response
}

/// Makes a page for whoever is signed in, counting from the log's clock unless another day was chosen; for
/// anybody else the page to sign in at.
async fn signed_in(
    ledger: Arc<Served>,
    mut visit: Visit,
    headers: &HeaderMap,
    make: impl FnOnce(&Scene, &Sitting) -> Result<String, NoPage> + Send + 'static,
) -> Response {
    let Some(sitting) = Sitting::at(&ledger, &ledger.snapshot(), headers) else {
        return sign_in(ledger, visit).await;
    };
    if visit.as_of.is_none() {
        visit.now = (ledger.clock)();
    }
    page(ledger, visit, move |scene| make(scene, &sitting)).await
}

/// An address of the ledger, which may have parameters of its own, with what was chosen.
fn to(scene: &Scene, path: &str) -> String {
    scene.visit.link_with(&format!("{}{path}", scene.base()))
}

/// What a transaction is about; nothing while that is not said.
fn subject(transaction: &Transaction) -> String {
    let dealing = Dealing::of(transaction);
    let thing = dealing.thing();
    thing.map_or_else(String::new, |thing| thing.name.to_string())
}

/// What a page of the desk shares with all others; `view` is its name in `web/src/desk`.
pub(super) fn shell(
    scene: &Scene,
    view: &'static str,
    (zh, en): (&'static str, &'static str),
) -> Result<Shell, NoPage> {
    let title = scene.visit.language.pick(zh, en);
    Ok(scene.shell("desk", title, &[])?.for_desk(view))
}

/// Makes a page of the desk: kept by nobody, under the desk's policy.
pub(super) async fn page(
    ledger: Arc<Served>,
    visit: Visit,
    make: impl FnOnce(&Scene) -> Result<String, NoPage> + Send + 'static,
) -> Response {
    let mut response = super::page(ledger, visit, make).await;
    let headers = response.headers_mut();
    headers.remove(ETAG);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(DESK_ONLY));
    response
}
