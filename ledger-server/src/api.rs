//! Submitting events, and what else programs ask of a ledger: receipts, descriptions.
//!
//! Handlers only: they read a request, ask, and write the answer. They know no rule.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{ConnectInfo, FromRequest, Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger_core::event::{LossNotice, NOTE_LIMIT};
use ledger_core::language::Language;
use ledger_core::ledger::{LedgerError, Receipt};
use ledger_core::state::Loss;
use ledger_core::tree::parse_size;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::client::Client;
use crate::language::Asked;
use crate::problem::Problem;
use crate::served::{Ledgers, Served};
use crate::wire::{self, BRIEFLY, TEXT, headers, reading};

/// How long a submission may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

/// How long a submission may wait for its receipt.
const ANSWER_TIME: Duration = Duration::from_secs(30);

/// `POST /<slug>/events`
#[utoipa::path(
    post,
    path = "/events",
    summary = "Submit a signed event",
    request_body(content = String, description = "The signed event", content_type = "text/plain; charset=utf-8"),
    responses(
        (status = 201, description = "Admitted, durable and in a published checkpoint: the receipt, a tlog-proof", body = String, content_type = "text/plain; charset=utf-8", headers(("location" = String, description = "Where a newer receipt is had"))),
        (status = 200, description = "This statement stands already: its receipt", body = String, content_type = "text/plain; charset=utf-8", headers(("location" = String, description = "Where a newer receipt is had"))),
    )
)]
pub(crate) async fn submit(
    State(ledger): State<Arc<Served>>,
    Asked(language): Asked,
    request: Request,
) -> Result<Response, Problem> {
    check_type(request.headers(), language)?;
    let address = client(&request);
    let _share = (ledger.queue.shares().take(address))
        .ok_or_else(|| Problem::too_many(ledger.queue.shares().limit(), language))?;
    let note = body(request, NOTE_LIMIT, language).await?;
    let receipt = tokio::time::timeout(ANSWER_TIME, ledger.submit(note)).await;
    let receipt = receipt.map_err(|_| Problem::no_answer(language))?;
    let receipt = receipt.map_err(|error| Problem::of_submission(&error, language))?;
    Ok(answer(&ledger, &receipt))
}

/// Only plain text in UTF-8 is a note.
fn check_type(headers: &HeaderMap, language: Language) -> Result<(), Problem> {
    let stated = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let stated = String::from_utf8_lossy(stated.unwrap_or_default());
    let mut parts = stated.split(';').map(str::trim);
    let is_text = parts
        .next()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("text/plain"));
    let is_utf8 = |parameter: &str| match parameter.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
            value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    };
    if is_text && parts.all(is_utf8) {
        return Ok(());
    }
    let found: String = stated.chars().take(160).collect();
    Err(Problem::wrong_type(&found, language))
}

/// Who sent it, through whatever trusted proxies.
pub(crate) fn client(request: &Request) -> IpAddr {
    let client = request.extensions().get::<Client>();
    client.map_or_else(|| peer(request), |client| client.address)
}

/// Whose socket it came from. Without a socket all come from one place.
pub(crate) fn peer(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip())
}

/// The body, if it arrives in time. A layer of the route holds it to the limit, which is in bytes.
pub(crate) async fn body(
    request: Request,
    limit: usize,
    language: Language,
) -> Result<Bytes, Problem> {
    let read = tokio::time::timeout(BODY_TIME, Bytes::from_request(request, &()));
    match read.await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Err(Problem::too_large(limit, None, language))
        }
        Ok(Err(_)) | Err(_) => Err(Problem::too_slow(language)),
    }
}

/// 201 for a new entry and 200 for one that stood; either way the receipt, and where a newer one is.
fn answer(ledger: &Served, receipt: &Receipt) -> Response {
    let status = if receipt.added {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let location = format!("/{}/proof/{}", ledger.slug(), receipt.index);
    let headers = [
        (CONTENT_TYPE, TEXT),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let mut response = (status, headers, receipt.proof.to_bytes()).into_response();
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// `GET /<slug>/proof/<index>`
#[utoipa::path(
    get,
    path = "/proof/{index}",
    summary = "A receipt",
    params(("index" = u64, Path, description = "The entry, counted from 0", example = 0)),
    responses((status = 200, description = "A receipt of that entry under the newest checkpoint", body = String, content_type = "text/plain; charset=utf-8"))
)]
pub(crate) async fn proof(
    State(ledger): State<Arc<Served>>,
    Asked(language): Asked,
    index: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let index = index.ok().and_then(|Path(index)| parse_size(&index));
    let index = index.ok_or_else(|| Problem::not_found(language))?;
    let snapshot = ledger.snapshot();
    let proof = reading(language, move || snapshot.proof(index)).await?;
    Ok((headers(TEXT, BRIEFLY), proof.to_bytes()).into_response())
}

/// One ledger in `/ledgers.json`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Listed {
    /// The path under which it is served.
    slug: String,
    /// The name of the log, under which checkpoints are signed.
    origin: String,
    /// The hash of entry 0.
    ledger_id: String,
    /// The collective's name.
    name: String,
    /// How many entries are published.
    size: u64,
    /// Whether it is for practice only.
    training: bool,
}

/// One ledger as `/<slug>/ledger.json` describes it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Described {
    #[serde(flatten)]
    listed: Listed,
    /// The key that signs its checkpoints, as signed-note has it.
    log_key: String,
    /// The losses that it declares, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    losses: Vec<Lost>,
    /// Which witnesses its checkpoints should have, as tlog-policy.
    policy: String,
}

/// A loss that a ledger declares.
#[derive(Serialize, ToSchema)]
pub(crate) struct Lost {
    /// The entry that declares it.
    entry: u64,
    /// The first entry that is gone.
    first: u64,
    /// The last entry that is known to have been.
    last: u64,
    /// The log that they were in.
    origin: String,
}

fn lost(loss: &Loss) -> Lost {
    let LossNotice {
        entry,
        first,
        last,
        origin,
    } = loss.notice();
    Lost {
        entry,
        first,
        last,
        origin,
    }
}

fn listed(ledger: &Served) -> Listed {
    let snapshot = ledger.snapshot();
    let state = &snapshot.state;
    Listed {
        slug: ledger.slug().to_owned(),
        origin: state.log_origin.to_string(),
        ledger_id: state.ledger_id.to_string(),
        name: state.collective.name.to_string(),
        size: snapshot.size(),
        training: state.training,
    }
}

/// `GET /ledgers.json`
#[utoipa::path(
    get,
    path = "/ledgers.json",
    summary = "The ledgers of this site",
    responses((status = 200, description = "All of them, in the order of their slugs", body = Vec<Listed>, content_type = "application/json"))
)]
pub(crate) async fn ledgers(State(ledgers): State<Ledgers>) -> Response {
    let listed: Vec<Listed> = ledgers.iter().map(|ledger| listed(ledger)).collect();
    as_json(&listed)
}

/// `GET /<slug>/ledger.json`
#[utoipa::path(
    get,
    path = "/ledger.json",
    summary = "What a verifier pins",
    responses((status = 200, description = "Origin, log key, ledger id and witness policy", body = Described, content_type = "application/json"))
)]
pub(crate) async fn ledger(State(ledger): State<Arc<Served>>) -> Response {
    as_json(&Described {
        listed: listed(&ledger),
        log_key: ledger.log_key().to_string(),
        losses: ledger.snapshot().state.losses.iter().map(lost).collect(),
        policy: ledger.policy().to_string(),
    })
}

fn as_json(value: &impl Serialize) -> Response {
    let body = serde_json::to_string_pretty(value).unwrap_or_default() + "\n";
    let kind = HeaderValue::from_static("application/json");
    (wire::headers(kind, BRIEFLY), Body::from(body)).into_response()
}

/// `GET /healthz`: whether every ledger can be read and written.
#[utoipa::path(
    get,
    path = "/healthz",
    summary = "Whether all is well",
    responses((status = 200, description = "Every ledger can be read and written", body = String, content_type = "text/plain; charset=utf-8"))
)]
pub(crate) async fn health(State(ledgers): State<Ledgers>, Asked(language): Asked) -> Response {
    let stopped: Vec<Value> = ledgers
        .iter()
        .filter_map(|ledger| Some((ledger.slug(), ledger.stopped()?)))
        .map(|(slug, reason)| json!({ "slug": slug, "reason": &**reason }))
        .collect();
    if !stopped.is_empty() {
        return Problem::stopped(language)
            .with("stopped", stopped)
            .into_response();
    }
    let failing: Vec<&str> = ledgers
        .iter()
        .filter(|ledger| !ledger.is_writable())
        .inspect(|ledger| ledger.queue.mend())
        .map(|ledger| ledger.slug())
        .collect();
    if failing.is_empty() {
        let no_store = HeaderValue::from_static("no-store");
        return (headers(TEXT, no_store), "ok\n").into_response();
    }
    let why = ledgers.iter().find_map(|ledger| ledger.failing());
    let why = why.as_deref().unwrap_or(&LedgerError::Failed);
    Problem::of_write(why, language)
        .with("failing", failing)
        .into_response()
}
