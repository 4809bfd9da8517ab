//! What every request passes before it is answered: who sends it, its id, how often it may come.
//!
//! The id goes out with the answer, stands in problems and in the log. A request that comes in with a
//! well-formed `x-request-id` keeps it, so that a proxy's log and this one's can be laid side by side.
//! Headers and queries are never logged: they may hold what is secret. Knows nothing of ledgers.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, LOCATION, RETRY_AFTER,
    STRICT_TRANSPORT_SECURITY,
};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ledger_core::language::Language;
use tracing::Instrument as _;

use crate::api::peer;
use crate::client::{OverTls, Proxies};
use crate::language::asked;
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::request_id::{self, CURRENT, REQUEST_ID};
use crate::share::network;

/// A browser that came by HTTPS shall do so for a year.
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Headers of answers that pages of other sites may read.
pub(crate) const EXPOSED: [HeaderName; 3] = [LOCATION, RETRY_AFTER, REQUEST_ID];

/// After how many requests addresses that have not come lately are forgotten.
const FORGET_EVERY: u32 = 4096;

/// How often one address may come. (请求频率)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests per second, in the long run.
    pub per_second: NonZeroU32,
    /// Requests at once, after a pause.
    pub burst: NonZeroU32,
}

/// What a server holds requests to, whatever they ask for.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct FrontOptions {
    /// Whose word on a request's origin is believed; by default nobody's.
    pub proxies: Proxies,
    /// How often one address may come; by default as often as it likes.
    pub rate: Option<Rate>,
    /// What it counts.
    pub metrics: Arc<Metrics>,
}

/// The state of the front.
pub(crate) struct Front {
    metrics: Arc<Metrics>,
    proxies: Proxies,
    rate: Option<(Rate, DefaultKeyedRateLimiter<IpAddr>)>,
    seen: AtomicU32,
}

impl Front {
    pub(crate) fn new(options: FrontOptions) -> Arc<Self> {
        let limiter = |rate: Rate| {
            let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
            (rate, RateLimiter::keyed(quota))
        };
        Arc::new(Self {
            metrics: options.metrics,
            proxies: options.proxies,
            rate: options.rate.map(limiter),
            seen: AtomicU32::new(0),
        })
    }

    /// The rate that this address exceeds; `None` if it may come.
    fn exceeded(&self, address: IpAddr) -> Option<Rate> {
        let (rate, limiter) = self.rate.as_ref()?;
        if self
            .seen
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(FORGET_EVERY)
        {
            limiter.retain_recent();
        }
        limiter.check_key(&network(address)).err().map(|_| *rate)
    }
}

/// Lets a request in, and puts on its answer what all answers have.
pub(crate) async fn pass(
    State(front): State<Arc<Front>>,
    mut request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let over_tls = request.extensions().get::<OverTls>().is_some();
    let client = (front.proxies).client(peer(&request), over_tls, request.headers());
    let id = request_id::of(request.headers());
    let method = request.method().clone();
    let span = tracing::info_span!(
        "request",
        id,
        %method,
        path = request.uri().path(),
        address = %client.address,
    );
    let route = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(client);
    let answer = async {
        let language = asked(request.headers());
        let mut response = match front.exceeded(client.address) {
            Some(rate) => too_often(rate, language),
            None => next.run(request).await,
        };
        finish(&mut response, client.is_secure);
        let route = route.as_ref().map_or("", MatchedPath::as_str);
        let took = begun.elapsed();
        let status = response.status();
        front.metrics.answered(&method, route, status, took);
        let (status, micros) = (status.as_u16(), took.as_micros());
        if response.status().is_server_error() {
            tracing::warn!(status, route, micros, "answered");
        } else {
            tracing::debug!(status, route, micros, "answered");
        }
        response
    };
    CURRENT.scope(id, answer.instrument(span)).await
}

/// A refusal that pages of other sites can read, as they can every answer.
fn too_often(rate: Rate, language: Language) -> Response {
    let mut response = Problem::too_often(rate.per_second.get(), language).into_response();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let exposed = EXPOSED.map(|name| name.to_string()).join(",");
    if let Ok(exposed) = HeaderValue::try_from(exposed) {
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    response
}

fn finish(response: &mut Response, is_secure: bool) {
    let headers = response.headers_mut();
    if let Some(id) = request_id::current().and_then(|id| HeaderValue::try_from(id).ok()) {
        headers.insert(REQUEST_ID, id);
    }
    if is_secure {
        headers.insert(STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
    }
}
