//! What the server counts, for Prometheus: on a listener of its own, never on the public one.
//!
//! Labels are routes, methods, statuses and slugs, all few: no address, no id, nothing that a client can
//! make up. In the OpenMetrics text format.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::ready::{ReadyLimits, free_bytes};
use crate::served::{Ledgers, Served};
use crate::tls::Tls;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u32,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfRoute {
    route: String,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfLedger {
    slug: String,
}

/// What a server counts. (运行指标)
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    answers: Family<Answered, Counter>,
    seconds: Family<OfRoute, Histogram>,
    entries: Family<OfLedger, Gauge>,
    waiting: Family<OfLedger, Gauge>,
    writable: Family<OfLedger, Gauge>,
    stopped: Family<OfLedger, Gauge>,
    free: Gauge,
    certificate: Family<NoLabels, Gauge>,
    certificate_refused: Family<NoLabels, Gauge>,
}

/// Of what a server has once or not at all.
type NoLabels = [(&'static str, &'static str); 0];

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("sanzi");
        let answers = Family::default();
        registry.register("answers", "Requests that were answered", answers.clone());
        // From a millisecond to sixteen seconds.
        let buckets = || Histogram::new(exponential_buckets(0.001, 2.0, 15));
        let seconds = Family::new_with_constructor(buckets as fn() -> Histogram);
        let help = "Time from head to answer";
        registry.register_with_unit("answer", help, Unit::Seconds, seconds.clone());
        let mut of_ledger = |name: &str, help: &str| {
            let gauge = Family::<OfLedger, Gauge>::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let entries = of_ledger("ledger_entries", "Published entries");
        let waiting = of_ledger("ledger_waiting", "Submissions that wait for the writer");
        let writable = of_ledger("ledger_writable", "1 if the ledger can be written");
        let stopped = of_ledger("ledger_signing_stopped", "1 if signing was stopped");
        let free = Gauge::default();
        let help = "Room on the data folder's disk";
        registry.register_with_unit("disk_free", help, Unit::Bytes, free.clone());
        let certificate = Family::default();
        let help = "When the certificate of TLS ends, in Unix time";
        registry.register_with_unit(
            "certificate_not_after",
            help,
            Unit::Seconds,
            certificate.clone(),
        );
        let certificate_refused = Family::default();
        registry.register(
            "certificate_refused",
            "1 if the files hold a certificate that was not put in force",
            certificate_refused.clone(),
        );
        Self {
            registry,
            answers,
            seconds,
            entries,
            waiting,
            writable,
            stopped,
            free,
            certificate,
            certificate_refused,
        }
    }
}

impl Metrics {
    /// Counts an answer. A route is the pattern, not the path.
    pub(crate) fn answered(
        &self,
        method: &Method,
        route: &str,
        status: StatusCode,
        took: Duration,
    ) {
        let method = match *method {
            Method::GET => "GET",
            Method::HEAD => "HEAD",
            Method::OPTIONS => "OPTIONS",
            Method::POST => "POST",
            _ => "other",
        };
        let route = route.to_owned();
        let of = OfRoute {
            route: route.clone(),
        };
        self.seconds.get_or_create(&of).observe(took.as_secs_f64());
        let status = u32::from(status.as_u16());
        let of = Answered {
            method,
            route,
            status,
        };
        self.answers.get_or_create(&of).inc();
    }

    /// Notes which certificate is in force.
    pub fn has_certificate(&self, tls: &Tls) {
        self.certificate.get_or_create(&[]).set(tls.not_after());
        let refused = i64::from(tls.is_refusing());
        self.certificate_refused.get_or_create(&[]).set(refused);
    }

    fn look_at(&self, ledger: &Served) {
        let slug = ledger.slug().to_owned();
        let of = OfLedger { slug };
        let set = |family: &Family<OfLedger, Gauge>, value: u64| {
            let value = i64::try_from(value).unwrap_or(i64::MAX);
            family.get_or_create(&of).set(value);
        };
        set(&self.entries, ledger.snapshot().size());
        set(&self.waiting, ledger.queue.waiting().count() as u64);
        set(&self.writable, u64::from(ledger.is_writable()));
        set(&self.stopped, u64::from(ledger.stopped().is_some()));
    }
}

#[derive(Clone)]
struct Observed {
    ledgers: Ledgers,
    limits: Arc<ReadyLimits>,
    metrics: Arc<Metrics>,
}

/// The router of the private listener: `GET /metrics`.
pub fn metrics_app(ledgers: Ledgers, metrics: Arc<Metrics>, limits: ReadyLimits) -> Router {
    let limits = Arc::new(limits);
    Router::new()
        .route("/metrics", get(told))
        .with_state(Observed {
            ledgers,
            limits,
            metrics,
        })
}

async fn told(State(observed): State<Observed>) -> Response {
    let Observed {
        ledgers,
        limits,
        metrics,
    } = observed;
    let written = tokio::task::spawn_blocking(move || {
        for ledger in ledgers.iter() {
            metrics.look_at(ledger);
        }
        if let Some(Ok(free)) = limits.folder.as_deref().map(free_bytes) {
            metrics.free.set(i64::try_from(free).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        encode(&mut text, &metrics.registry).map(|()| text)
    });
    match written.await {
        Ok(Ok(text)) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
