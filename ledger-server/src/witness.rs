//! A witness for other people's logs: `add-checkpoint`, and what it last cosigned of each. (见证服务)
//!
//! A request is a straight line: parse, find the log's keys, verify, compare with what is kept, cosign,
//! keep, answer. The decision is [`ledger_core::witness`]'s, what is kept is in a [`WitnessFolder`]; here
//! is only their order, and HTTP. Follows C2SP tlog-witness; signs no subtrees.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use ledger_core::cosignature::{CosignatureError, Cosigner};
use ledger_core::hash::Digest;
use ledger_core::key::VerifierKey;
use ledger_core::language::Language;
use ledger_core::ledger::LedgerError;
use ledger_core::policy::Policy;
use ledger_core::store::StoreError;
use ledger_core::store::local::WitnessFolder;
use ledger_core::time::LogTime;
use ledger_core::witness::{AddCheckpoint, Cosigned, MAX_REQUEST_BYTES, Rejection, RereadError};

use crate::api::{body, client};
use crate::app::with_common;
use crate::front::FrontOptions;
use crate::language::Asked;
use crate::pages;
use crate::problem::Problem;
use crate::share::Shares;
use crate::wire::{BRIEFLY, TEXT, headers};

/// How many requests one address may have in work.
const REQUESTS_PER_ADDRESS: usize = 64;

/// How often a request is decided anew because another one was faster.
const ATTEMPTS: usize = 16;

/// A witness does not answer as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// The request is refused.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The folder cannot be read or written; nothing was cosigned.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is kept of a log is not what this witness cosigned.
    #[error(
        "{} 不是本见证方见证过的内容，已停止见证该日志：{fault} (this is not what this witness cosigned; it cosigns nothing of that log): {fault}",
        file.display()
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        fault: RereadError,
    },
    /// The cosignature could not be made.
    #[error(transparent)]
    Cosignature(#[from] CosignatureError),
    /// Other requests for the same log were always faster.
    #[error("同一日志的请求过多 (too many requests for this log at once)")]
    Busy,
}

/// What a witness is: its key, the logs it knows, and what it has cosigned. (见证方)
pub struct WitnessService {
    clock: Arc<dyn Fn() -> LogTime + Send + Sync>,
    folder: WitnessFolder,
    key: Cosigner,
    /// By origin.
    logs: BTreeMap<String, Vec<VerifierKey>>,
    /// Origins by their SHA-256 in hexadecimal digits.
    origins: BTreeMap<String, String>,
    shares: Arc<Shares>,
}

impl WitnessService {
    /// A witness of the logs of a policy. What is kept of them is read, so that damage shows at once.
    ///
    /// # Errors
    /// [`WitnessError::Store`] or [`WitnessError::Damaged`].
    pub fn new(
        key: Cosigner,
        policy: &Policy,
        folder: WitnessFolder,
        clock: Arc<dyn Fn() -> LogTime + Send + Sync>,
    ) -> Result<Self, WitnessError> {
        let mut logs: BTreeMap<String, Vec<VerifierKey>> = BTreeMap::new();
        for log in policy.logs() {
            let origin = log.key().name().to_owned();
            logs.entry(origin).or_default().push(log.key().clone());
        }
        let named = |origin: &String| (Digest::of(origin.as_bytes()).to_string(), origin.clone());
        let service = Self {
            clock,
            folder,
            key,
            origins: logs.keys().map(named).collect(),
            logs,
            shares: Shares::new(REQUESTS_PER_ADDRESS),
        };
        for origin in service.logs.keys() {
            service.held(origin)?;
        }
        Ok(service)
    }

    /// The key that verifies its cosignatures.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        self.key.verifier()
    }

    /// The logs it knows, ascending by origin, each with the size it last cosigned.
    ///
    /// # Errors
    /// As [`WitnessService::new`].
    pub fn logs(&self) -> Result<Vec<(&str, Option<u64>)>, WitnessError> {
        let sized = self.logs.keys().map(|origin| {
            let held = self.held(origin)?.map(|(_, held)| held.checkpoint().size());
            Ok((origin.as_str(), held))
        });
        sized.collect()
    }

    /// Answers an `add-checkpoint` request. What it returns is on the disk. Waits for a disk.
    ///
    /// # Errors
    /// [`WitnessError`]: nothing was cosigned.
    ///
    /// Source: C2SP tlog-witness.
    pub fn add_checkpoint(&self, bytes: &[u8]) -> Result<Cosigned, WitnessError> {
        let request = AddCheckpoint::parse(bytes).map_err(Rejection::from)?;
        let origin = request.origin().to_owned();
        let keys = self.logs.get(&origin).map_or(&[][..], Vec::as_slice);
        let request = request.authenticate(keys)?;
        for _ in 0..ATTEMPTS {
            let held = self.held(&origin)?;
            let before = held.as_ref().map(|(_, held)| held.checkpoint());
            let consistent = request.clone().continues(before)?;
            let now = u64::try_from((self.clock)().unix()).unwrap_or(0);
            let cosigned = consistent.cosign(&self.key, now)?;
            let kept = held.as_ref().map(|(bytes, _)| bytes.as_slice());
            if self.folder.swap(&origin, kept, &cosigned.to_bytes())? {
                return Ok(cosigned);
            }
        }
        Err(WitnessError::Busy)
    }

    /// What is kept of a log: its bytes, and what they say.
    fn held(&self, origin: &str) -> Result<Option<(Vec<u8>, Cosigned)>, WitnessError> {
        let Some(bytes) = self.folder.read(origin)? else {
            return Ok(None);
        };
        let damaged = |fault| WitnessError::Damaged {
            file: self.folder.file(origin),
            fault,
        };
        let held = Cosigned::reread(&bytes, self.verifier()).map_err(damaged)?;
        if held.checkpoint().origin() != origin {
            let expected = self.verifier().to_string();
            return Err(damaged(RereadError::NotOurs { expected }));
        }
        Ok(Some((bytes, held)))
    }
}

/// Builds the router of a witness.
pub fn witness_app(service: Arc<WitnessService>) -> Router {
    let limit = DefaultBodyLimit::max(MAX_REQUEST_BYTES);
    let router = Router::new()
        .route("/", get(page))
        .route("/add-checkpoint", post(add_checkpoint).layer(limit))
        .route("/healthz", get(health))
        .route("/{origin}/checkpoint", get(checkpoint))
        .with_state(service);
    with_common(router, FrontOptions::default())
}

/// Runs what may wait for a disk where it holds up nobody.
async fn waiting<T: Send + 'static>(
    service: Arc<WitnessService>,
    work: impl FnOnce(&WitnessService) -> Result<T, WitnessError> + Send + 'static,
) -> Result<T, WitnessError> {
    let done = tokio::task::spawn_blocking(move || work(&service)).await;
    done.unwrap_or(Err(WitnessError::Busy))
}

/// `POST /add-checkpoint`
async fn add_checkpoint(
    State(service): State<Arc<WitnessService>>,
    Asked(language): Asked,
    request: Request,
) -> Result<Response, Problem> {
    let _share = (service.shares.take(client(&request)))
        .ok_or_else(|| Problem::too_many(service.shares.limit(), language))?;
    let bytes = body(request, MAX_REQUEST_BYTES, language).await?;
    let asked = bytes.clone();
    let answer = waiting(service, move |service| service.add_checkpoint(&bytes)).await;
    let no_store = HeaderValue::from_static("no-store");
    match answer {
        Ok(cosigned) => Ok((headers(TEXT, no_store), cosigned.answer()).into_response()),
        Err(WitnessError::Rejected(Rejection::Conflict { held, .. })) => {
            let kind = HeaderValue::from_static("text/x.tlog.size");
            let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, no_store)];
            Ok((StatusCode::CONFLICT, headers, format!("{held}\n")).into_response())
        }
        Err(WitnessError::Rejected(rejection)) => {
            if rejection.status() == 422 {
                // The log has signed it: this may be the proof that it shows different histories.
                let request = String::from_utf8_lossy(&asked);
                tracing::error!(%rejection, ?request, "not cosigned");
            }
            Err(Problem::of_rejection(&rejection, language))
        }
        Err(error) => Err(failed(error, language)),
    }
}

/// `GET /<origin hash>/checkpoint`
async fn checkpoint(
    State(service): State<Arc<WitnessService>>,
    Asked(language): Asked,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let origin = service.origins.get(&name).cloned();
    let origin = origin.ok_or_else(|| Problem::not_found(language))?;
    let held = waiting(service, move |service| service.held(&origin)).await;
    let held = held.map_err(|error| failed(error, language))?;
    let (bytes, _) = held.ok_or_else(|| Problem::not_found(language))?;
    Ok((headers(TEXT, BRIEFLY), bytes).into_response())
}

/// `GET /healthz`: whether what is kept of every log can be read and holds.
async fn health(State(service): State<Arc<WitnessService>>, Asked(language): Asked) -> Response {
    match waiting(service, |service| service.logs().map(|_| ())).await {
        Ok(()) => (headers(TEXT, HeaderValue::from_static("no-store")), "ok\n").into_response(),
        Err(error) => failed(error, language).into_response(),
    }
}

fn failed(error: WitnessError, language: Language) -> Problem {
    tracing::error!(%error, "the witness cannot cosign");
    match error {
        WitnessError::Store(error) => Problem::of_write(&LedgerError::Store(error), language),
        _ => Problem::of_write(&LedgerError::Failed, language),
    }
}

#[derive(Template)]
#[template(path = "witness.html")]
struct Page {
    name: String,
    key: String,
    logs: Vec<Row>,
}

struct Row {
    origin: String,
    hash: String,
    size: Option<u64>,
}

/// `GET /`: what this is, for people.
async fn page(State(service): State<Arc<WitnessService>>, Asked(language): Asked) -> Response {
    let made = waiting(service, |service| {
        let row = |(origin, size): (&str, Option<u64>)| Row {
            origin: origin.to_owned(),
            hash: Digest::of(origin.as_bytes()).to_string(),
            size,
        };
        Ok(Page {
            name: service.verifier().name().to_owned(),
            key: service.verifier().to_string(),
            logs: service.logs()?.into_iter().map(row).collect(),
        })
    });
    match made.await {
        Ok(page) => pages::plain(&page),
        Err(error) => failed(error, language).into_response(),
    }
}
