//! The router: which path is answered by whom, and what all answers have in common.
//!
//! Needs no socket, so that a test can call it. Each ledger has its own routes under its slug; the
//! ledgers of a server are those it started with.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{
    ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use ledger_core::event::NOTE_LIMIT;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{Any, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use crate::front::{EXPOSED, Front, FrontOptions, pass};
use crate::language::Asked;
use crate::monitor::showing::Window;
use crate::pages::overview::{self, Overseen};
use crate::pages::{Visit, nothing_here};
use crate::problem::Problem;
use crate::ready::{Readiness, ReadyLimits};
use crate::served::{Ledgers, Served};
use crate::{api, assets, desk, documents, openapi, pages, ready, reference, signature, wire};

/// What is no page loads, runs and frames nothing.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";

/// Builds the router of these ledgers, which trusts no proxy and lets everybody come as often as they like.
pub fn app(ledgers: Ledgers) -> Router {
    app_behind(ledgers, FrontOptions::default(), ReadyLimits::default())
}

/// Builds the router of these ledgers.
pub fn app_behind(ledgers: Ledgers, options: FrontOptions, limits: ReadyLimits) -> Router {
    let readiness = Readiness {
        ledgers: ledgers.clone(),
        limits: Arc::new(limits),
    };
    let (mut router, site) = OpenApiRouter::new()
        .routes(routes!(pages::portal::index))
        .routes(routes!(api::health))
        .routes(routes!(api::ledgers))
        .with_state(ledgers.clone())
        .merge(
            OpenApiRouter::new()
                .routes(routes!(ready::ready))
                .with_state(readiness),
        )
        .merge(overseen(&ledgers))
        .split_for_parts();
    for ledger in ledgers.iter() {
        let path = format!("/{}", ledger.slug());
        let (of_ledger, _) = of_ledger().with_state(Arc::clone(ledger)).split_for_parts();
        router = router.nest(&path, of_ledger);
        if assets::HAS_PAGES {
            // To a browser it is another address than without the slash, to people the same.
            let with_slash = get(pages::with_slash).with_state(Arc::clone(ledger));
            router = router.route(&format!("{path}/"), with_slash);
            ledger.catalogue.read_on(&ledger.snapshot());
        }
    }
    let site = site.merge_from(openapi::own().into_openapi());
    let site = site.merge_from(reference::own().into_openapi());
    let example = ledgers.iter().next().map(|ledger| ledger.slug());
    let document = openapi::described(site, of_ledger().into_openapi(), example);
    let router = router
        .merge(openapi::served(&document))
        .merge(reference::served(&document))
        .merge(assets::served());
    with_common(router, options)
}

/// The supervisors' desk, unless a ledger has its address.
fn overseen(ledgers: &Ledgers) -> OpenApiRouter {
    if !assets::HAS_PAGES || ledgers.by_slug("overview").is_some() {
        return OpenApiRouter::new();
    }
    overview::of_site().with_state(Overseen::Server(ledgers.clone()))
}

/// Builds the router of a monitor's page, which shows what the monitor has checked.
pub(crate) fn monitor_app(window: Window) -> Router {
    let (router, _) = overview::of_site()
        .with_state(Overseen::Monitor(window))
        .split_for_parts();
    let router = router.route("/", get(overview::home));
    with_common(router.merge(assets::served()), FrontOptions::default())
}

/// The router with what all answers have in common, whoever gives them.
pub(crate) fn with_common(router: Router, options: FrontOptions) -> Router {
    router
        .fallback(async |headers: HeaderMap, visit: Visit| nothing_here(&headers, &visit))
        .method_not_allowed_fallback(async |Asked(language): Asked| {
            Problem::method_not_allowed(language)
        })
        // Below the front: it answers what browsers ask beforehand, which counts as any other request.
        .layer(cross_origin())
        // Below the others: who comes too often is answered with their headers, too.
        .layer(from_fn_with_state(Front::new(options), pass))
        .layer(SetResponseHeaderLayer::if_not_present(
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(NO_PAGE),
        ))
        .layer(always(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(always(REFERRER_POLICY, "no-referrer"))
}

fn of_ledger() -> OpenApiRouter<Arc<Served>> {
    // Hashes do not get smaller by compression; everything else does.
    let compressed = OpenApiRouter::new()
        .routes(routes!(api::ledger))
        .routes(routes!(wire::entries))
        .layer(CompressionLayer::new());
    let limit = DefaultBodyLimit::max(NOTE_LIMIT);
    let router = if assets::HAS_PAGES {
        pages::of_ledger()
    } else {
        OpenApiRouter::new()
    };
    router
        .routes(routes!(wire::checkpoint))
        .routes(routes!(documents::public, documents::put_public))
        .routes(routes!(documents::private, documents::put_private))
        .routes(routes!(api::submit).layer(limit))
        .routes(routes!(api::proof))
        .routes(routes!(wire::tile))
        .merge(desk::of_ledger())
        .merge(compressed)
}

fn always(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

/// Anyone's page may read a ledger and submit to it: what counts are signatures, not cookies.
fn cross_origin() -> CorsLayer {
    let of_signatures = signature::HEADERS.map(HeaderName::from_static);
    let allowed = [ACCEPT_LANGUAGE, CONTENT_TYPE]
        .into_iter()
        .chain(of_signatures);
    let allowed: Vec<HeaderName> = allowed.collect();
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT])
        .allow_headers(allowed)
        .expose_headers(EXPOSED)
}
