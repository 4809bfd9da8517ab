//! Documents over HTTP: handing them in and having them, in parts, never whole in memory. (材料的上传与下载)
//!
//! Public ones anybody may have, once an entry names them. Private ones are given to whoever may read
//! them, by a request signed with their key, and nobody else learns whether there is one. What is handed
//! in ahead of its entry waits, and each member may have only so much waiting.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{OriginalUri, Path, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, LOCATION,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use ledger_core::event::LoggedEntry;
use ledger_core::hash::{Commitment, Digest, DigestBuilder};
use ledger_core::language::Language;
use ledger_core::ledger::LedgerError;
use ledger_core::name::MemberId;
use ledger_core::record::DocumentRef;
use ledger_core::role::Role;
use ledger_core::store::StoreError;
use ledger_core::store::local::{DocumentName, Incoming};
use tokio::sync::mpsc;
use tokio_util::io::ReaderStream;
use tower::ServiceExt as _;
use tower_http::services::ServeFile;

use crate::language::Asked;
use crate::problem::Problem;
use crate::served::{Served, Snapshot};
use crate::server::Arrived;
use crate::signature::{self, SignatureError, Site, content_digest};
use crate::wire::{BYTES, FOR_EVER, headers, reading};

mod counter;

pub(crate) use counter::Counter;
pub use counter::DocumentLimits;

/// How long the next part of a document may take to arrive.
const PART_TIME: Duration = Duration::from_secs(10);

/// How many parts may wait for the disk.
const PARTS: usize = 4;

impl Served {
    /// Drops documents that have waited too long for their entry; says how many. Those of drafts that wait
    /// for signatures wait on. May wait for a disk.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be removed.
    pub fn expire_documents(&self) -> Result<usize, StoreError> {
        let Some(documents) = self.snapshot().reader.documents() else {
            return Ok(0);
        };
        let now = SystemTime::now();
        documents.renew(&self.desk.documents(), now)?;
        let oldest = now.checked_sub(self.counter.limits.waiting_for);
        oldest.map_or(Ok(0), |oldest| documents.expire(oldest))
    }
}

/// The member that signed a request, who holds some role.
fn member(
    ledger: &Served,
    snapshot: &Snapshot,
    request: &Request,
    language: Language,
) -> Result<(MemberId, Option<String>), Problem> {
    let uri = request.extensions().get::<OriginalUri>();
    let uri = uri.map_or(request.uri(), |uri| &uri.0);
    let has_body = request.method() == axum::http::Method::PUT;
    let (state, position) = (&*snapshot.state, snapshot.size());
    let asked = (request.method(), uri, request.headers());
    let arrived = request.extensions().get::<Arrived>();
    let site = Site {
        names: &ledger.counter.site_names,
        origin: &state.origin,
        arrived: arrived.map(|arrived| arrived.0),
    };
    let seen = (&site, &ledger.counter.used);
    let signed = signature::verify(asked, has_body, (state, position), seen);
    let (id, digest) = signed.map_err(|error| unsigned(&error, language))?;
    let member = state.roster.member(&id);
    let mut roles = member.into_iter().flat_map(|of| of.roles_at(position));
    if roles.any(|role| role != Role::Intake) {
        return Ok((id, digest));
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "no_role",
        language.pick("没有岗位", "no role"),
        language.pick(
            format!("{id} 现在没有岗位，不能存取材料。"),
            format!("{id} holds no role now, and so neither hands in nor reads documents."),
        ),
    ))
}

fn unsigned(error: &SignatureError, language: Language) -> Problem {
    let (rule, zh, en) = match error {
        SignatureError::Missing => ("signature_required", "须签名", "signature required"),
        SignatureError::Time { .. } => ("signature_time", "签名已过时", "signature not good now"),
        SignatureError::Replayed => ("signature_replayed", "签名用过了", "signature used before"),
        SignatureError::Elsewhere { .. } => (
            "signature_elsewhere",
            "签名是给别处的",
            "signed for another site",
        ),
        SignatureError::Untrue => ("signature_untrue", "签名不成立", "signature does not hold"),
        SignatureError::Busy => ("too_many", "请求过多", "too many"),
        _ => ("signature_malformed", "签名写法不对", "malformed signature"),
    };
    let status = match error {
        SignatureError::Malformed { .. } => StatusCode::BAD_REQUEST,
        SignatureError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNAUTHORIZED,
    };
    let problem = match error {
        SignatureError::Elsewhere { .. } => Problem::new(
            status,
            rule,
            language.pick(zh, en),
            language.pick(
                format!("{error}。请用本站的网址；如果这就是本站的网址，请管理人员把它写进 site-names。"),
                format!("{error}. Use this site's own address; if that is what you did, have the operator add it to site-names."),
            ),
        ),
        _ => Problem::new(
        status,
        rule,
        language.pick(zh, en),
        language.pick(
            format!("请用成员的钥匙按 RFC 9421 签名（sanzi document put / get 会签），并核对电脑时钟。{error}"),
            format!("Sign the request with a member's key by RFC 9421, as sanzi document put and get do, and check the clock. {error}"),
        ),
    ),
    };
    match error {
        SignatureError::Busy => problem.retry_after(60),
        SignatureError::Elsewhere { expected, found } => problem
            .with("expected", expected.clone())
            .with("found", found.as_str()),
        SignatureError::Time {
            now,
            created,
            expires,
        } => problem
            .with("now", *now)
            .with("created", *created)
            .with("expires", *expires),
        _ => problem,
    }
}

/// The entry that the query names: `entry=<index>`, or nothing.
fn entry_of(request: &Request, language: Language) -> Result<Option<u64>, Problem> {
    let Some(query) = request.uri().query().filter(|query| !query.is_empty()) else {
        return Ok(None);
    };
    let index = query.strip_prefix("entry=");
    let index = index.and_then(ledger_core::tree::parse_size);
    index.map(Some).ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "malformed_query",
            language.pick("查询部分写法不对", "malformed query"),
            language.pick(
                "问号后面只能是 entry=条目号。",
                "The query may only be entry=<index>.",
            ),
        )
        .with("expected", "entry=<index>")
    })
}

/// The documents that an entry names, a disclosure among them; none if it is not published.
async fn named_by(
    snapshot: &Arc<Snapshot>,
    index: u64,
    language: Language,
) -> Result<Vec<(DocumentName, Vec<Role>)>, Problem> {
    if index >= snapshot.size() {
        return Ok(Vec::new());
    }
    let of = Arc::clone(snapshot);
    let read = move || of.reader.entries(index, 1).map_err(LedgerError::from);
    let found = reading(language, read).await?;
    let entry = found.first().map(|bytes| LoggedEntry::parse(bytes));
    let Some(Ok(entry)) = entry else {
        return Err(Problem::fault(language));
    };
    let event = &entry.signed.statement().event;
    let name = |document: &DocumentRef| {
        let readers = match document {
            DocumentRef::Public { .. } => Vec::new(),
            DocumentRef::Private { readers, .. } => readers.iter().copied().collect(),
        };
        (DocumentName::from(document), readers)
    };
    let mut all: Vec<_> = event.documents().iter().map(name).collect();
    let disclosed = event.publication();
    all.extend(disclosed.map(|one| (DocumentName::Public(one.disclosure), Vec::new())));
    Ok(all)
}

/// `GET /<slug>/documents/<sha256>`
///
/// A document is somebody else's: it is given as bytes to keep, never shown on this site.
#[utoipa::path(
    get,
    path = "/documents/{sha256}",
    summary = "A public document",
    params(("sha256" = String, Path, description = "Its digest, 64 hexadecimal digits")),
    responses(
        (status = 200, description = "A public document that an entry names", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The part that was asked for by `Range`", body = Vec<u8>, content_type = "application/octet-stream"),
    )
)]
pub(crate) async fn public(
    State(ledger): State<Arc<Served>>,
    Asked(language): Asked,
    digest: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let digest: Digest = name(digest, language)?;
    let snapshot = ledger.snapshot();
    let mut response = match snapshot.reader.documents() {
        Some(documents) => {
            let of = Arc::clone(&ledger);
            let found = move || {
                of.counter
                    .public(&documents, &digest)
                    .map_err(LedgerError::from)
            };
            let file = reading(language, found).await?;
            let file = file.ok_or_else(|| Problem::not_found(language))?;
            let kind = "application/octet-stream".parse();
            let kind = kind.map_err(|_| Problem::fault(language))?;
            let served = ServeFile::new_with_mime(file, &kind).oneshot(request).await;
            let mut served = served.map_err(|_| Problem::fault(language))?.map(Body::new);
            if served.status().is_success() {
                served.headers_mut().insert(CACHE_CONTROL, FOR_EVER);
            }
            served.into_response()
        }
        None => {
            let read = move || snapshot.reader.document(&digest).map_err(LedgerError::from);
            let bytes = reading(language, read).await?;
            let bytes = bytes.ok_or_else(|| Problem::not_found(language))?;
            (headers(BYTES, FOR_EVER), bytes).into_response()
        }
    };
    as_attachment(response.headers_mut(), &digest.to_string());
    Ok(response)
}

pub(crate) fn name<T: std::str::FromStr>(
    text: Result<Path<String>, PathRejection>,
    language: Language,
) -> Result<T, Problem> {
    let name = text.ok().and_then(|Path(text)| text.parse().ok());
    name.ok_or_else(|| Problem::not_found(language))
}

pub(crate) fn as_attachment(headers: &mut HeaderMap, name: &str) {
    let disposition = format!("attachment; filename=\"{name}\"");
    if let Ok(disposition) = HeaderValue::try_from(disposition) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'"),
    );
}

/// `GET /<slug>/private/<commitment>?entry=<index>`
///
/// Who is not entitled is answered as if there were nothing.
#[utoipa::path(
    get,
    path = "/private/{commitment}",
    summary = "A private document, for those who may read it",
    params(
        ("commitment" = String, Path, description = "Its commitment, 64 hexadecimal digits"),
        ("entry" = u64, Query, description = "The entry that names it"),
        ("signature-input" = String, Header, description = "RFC 9421, by the key of a member who holds one of its readers' roles"),
        ("signature" = String, Header, description = "The signature of RFC 9421"),
    ),
    responses((status = 200, description = "Its salt, 32 bytes, and the document", body = Vec<u8>, content_type = "application/octet-stream"))
)]
pub(crate) async fn private(
    State(ledger): State<Arc<Served>>,
    Asked(language): Asked,
    commitment: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let snapshot = ledger.snapshot();
    let (member, _) = member(&ledger, &snapshot, &request, language)?;
    let commitment: Commitment = name(commitment, language)?;
    let wanted = DocumentName::Private(commitment);
    let entry = entry_of(&request, language)?;
    let named = match entry {
        Some(index) => named_by(&snapshot, index, language).await?,
        None => Vec::new(),
    };
    let (roster, position) = (&snapshot.state.roster, snapshot.size());
    let entitled = |(name, readers): &(DocumentName, Vec<Role>)| {
        *name == wanted && roster.holds_any(&member, readers, position)
    };
    let is_entitled = match entry {
        Some(index) if named.iter().any(entitled) => {
            let (of, on) = (Arc::clone(&ledger), Arc::clone(&snapshot));
            let first = move || of.counter.first_naming(&*on.reader, &commitment, index);
            reading(language, move || Ok(first()?)).await? == index
        }
        _ => false,
    };
    let documents = snapshot.reader.documents().filter(|_| is_entitled);
    let documents = documents.ok_or_else(|| Problem::not_found(language))?;
    let opened = tokio::task::spawn_blocking(move || documents.private(&commitment)).await;
    let opened = opened.map_err(|_| Problem::fault(language))?;
    let opened = opened.map_err(|error| not_given(error, language))?;
    let (file, length) = opened.ok_or_else(|| never_here(language))?;
    tracing::info!(%member, %commitment, "private document read");
    let stream = ReaderStream::with_capacity(tokio::fs::File::from_std(file), 64 * 1024);
    let kept = headers(BYTES, signature::NOT_KEPT);
    let mut response = (kept, Body::from_stream(stream)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    as_attachment(headers, &commitment.to_string());
    Ok(response)
}

fn never_here(language: Language) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "document_not_kept",
        language.pick("材料没有存入", "document not handed in"),
        language.pick(
            "账本登记了这份材料，但内容从未存入（不是销毁）。请经办人用 sanzi document put 补交。",
            "The ledger names this document, but it was never handed in (it was not erased). Its clerk can do so by sanzi document put.",
        ),
    )
}

fn not_given(error: StoreError, language: Language) -> Problem {
    match error {
        StoreError::Erased { erasure, .. } => Problem::new(
            StatusCode::GONE,
            "document_erased",
            language.pick("材料已销毁", "document erased"),
            language.pick(
                format!("这份不公开材料已由第 {} 条销毁，内容和盐都已删除；承诺和各项证明仍然有效。", erasure.entry),
                format!("This private document was erased by entry {}: document and salt are gone, the commitment and every proof still hold.", erasure.entry),
            ),
        )
        .with("entry", erasure.entry)
        .with("reason", erasure.reason.as_str()),
        StoreError::Malformed { expected, found, .. } => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "wrong_document",
            language.pick("材料不是这一份", "not that document"),
            language.pick(
                "收到的内容与地址里的摘要（或承诺）不符，没有存下。请核对是不是原文件。",
                "What came has not the digest (or does not open the commitment) in the address, and was not kept. Check that it is the original.",
            ),
        )
        .with("expected", expected)
        .with("found", found),
        other => {
            tracing::error!(error = %other, "a document cannot be kept or read");
            Problem::of_write(&LedgerError::Store(other), language)
        }
    }
}

/// `PUT /<slug>/documents/<sha256>`
#[utoipa::path(
    put,
    path = "/documents/{sha256}",
    summary = "Hand in a public document",
    params(
        ("sha256" = String, Path, description = "Its digest, 64 hexadecimal digits"),
        ("entry" = Option<u64>, Query, description = "The entry that names it, if there is one already"),
        ("content-digest" = String, Header, description = "RFC 9530, sha-256"),
        ("signature-input" = String, Header, description = "RFC 9421, by the key of an active member"),
        ("signature" = String, Header, description = "The signature of RFC 9421"),
    ),
    request_body(content = Vec<u8>, description = "The document", content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "It is in its place"),
        (status = 202, description = "It waits for an entry that names it"),
    )
)]
pub(crate) async fn put_public(
    ledger: State<Arc<Served>>,
    asked: Asked,
    digest: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let digest = name(digest, asked.0)?;
    hand_in(ledger, asked.0, DocumentName::Public(digest), request).await
}

/// `PUT /<slug>/private/<commitment>`
#[utoipa::path(
    put,
    path = "/private/{commitment}",
    summary = "Hand in a private document",
    params(
        ("commitment" = String, Path, description = "Its commitment, 64 hexadecimal digits"),
        ("entry" = Option<u64>, Query, description = "The entry that names it, if there is one already"),
        ("content-digest" = String, Header, description = "RFC 9530, sha-256 of the whole body"),
        ("signature-input" = String, Header, description = "RFC 9421, by the key of an active member"),
        ("signature" = String, Header, description = "The signature of RFC 9421"),
    ),
    request_body(content = Vec<u8>, description = "The salt, 32 bytes, and the document", content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "It is in its place"),
        (status = 202, description = "It waits for an entry that names it"),
    )
)]
pub(crate) async fn put_private(
    ledger: State<Arc<Served>>,
    asked: Asked,
    commitment: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let commitment = name(commitment, asked.0)?;
    hand_in(ledger, asked.0, DocumentName::Private(commitment), request).await
}

async fn hand_in(
    State(ledger): State<Arc<Served>>,
    language: Language,
    name: DocumentName,
    request: Request,
) -> Result<Response, Problem> {
    let snapshot = ledger.snapshot();
    let (member, digest) = member(&ledger, &snapshot, &request, language)?;
    let digest = Some(digest.unwrap_or_default());
    take(&ledger, (member, digest), name, request, language).await
}

/// Takes a document that a member hands in, who has been found to be one; the digest of the whole body is
/// what was signed, if a signature is how.
pub(crate) async fn take(
    ledger: &Served,
    (member, digest): (MemberId, Option<String>),
    name: DocumentName,
    request: Request,
    language: Language,
) -> Result<Response, Problem> {
    let snapshot = ledger.snapshot();
    let documents = snapshot.reader.documents();
    let documents = documents.ok_or_else(|| Problem::method_not_allowed(language))?;
    let length = length_of(request.headers(), ledger.counter.limits, language)?;
    let entry = entry_of(&request, language)?;
    let stands = match entry {
        Some(index) => {
            let named = named_by(&snapshot, index, language).await?;
            if !named.iter().any(|(one, _)| *one == name) {
                return Err(not_named(index, language));
            }
            true
        }
        None => false,
    };
    let room = ledger.counter.room(&documents, &member, length);
    let room = room.map_err(|error| not_given(error, language))?;
    let _room = room.map_err(|limit| no_room(limit, language))?;
    let of = member.clone();
    let begun = blocking(language, move || documents.receive(&of, name)).await?;
    let body = request.into_body().into_data_stream();
    let kept = receive(begun, body, digest, stands, language).await?;
    tracing::info!(%member, bytes = length, stands = kept, "document handed in");
    let status = if kept {
        StatusCode::CREATED
    } else {
        StatusCode::ACCEPTED
    };
    let mut response = (status, [(CACHE_CONTROL, signature::NOT_KEPT)]).into_response();
    if let DocumentName::Public(digest) = name {
        let location = format!("/{}/documents/{digest}", ledger.slug());
        if let Ok(location) = HeaderValue::try_from(location) {
            response.headers_mut().insert(LOCATION, location);
        }
    }
    Ok(response)
}

async fn blocking<T: Send + 'static>(
    language: Language,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|_| Problem::fault(language))?;
    done.map_err(|error| not_given(error, language))
}

/// How long the body says it is, which it has to say.
fn length_of(
    headers: &HeaderMap,
    limits: DocumentLimits,
    language: Language,
) -> Result<u64, Problem> {
    let length = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok());
    let length: Option<u64> = length.and_then(|text| text.parse().ok());
    let Some(length) = length else {
        return Err(Problem::new(
            StatusCode::LENGTH_REQUIRED,
            "length_required",
            language.pick("须写明长度", "length required"),
            language.pick(
                "请用 Content-Length 写明材料的字节数。",
                "State the document's bytes in Content-Length.",
            ),
        ));
    };
    let limit = limits.document_bytes;
    if length <= limit {
        return Ok(length);
    }
    Err(Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "document_too_large",
        language.pick("材料太大", "document too large"),
        language.pick(
            format!("一份材料最多 {limit} 字节，这份有 {length} 字节。请压缩或拆分后重新登记，或请管理人员调高 document-mib。"),
            format!("A document has at most {limit} bytes; this one has {length}. Compress or split it and record it anew, or have the operator raise document-mib."),
        ),
    )
    .with("expected", limit)
    .with("found", length))
}

fn no_room(limit: u64, language: Language) -> Problem {
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too_much_waiting",
        language.pick("待登记的材料过多", "too much is waiting"),
        language.pick(
            format!("已交而还没有条目登记的材料最多 {limit} 字节。请先提交它们的条目，或等到期清除。"),
            format!("At most {limit} bytes may wait for their entries. Submit those first, or wait until they expire."),
        ),
    )
    .with("expected", limit)
    .retry_after(3600)
}

fn not_named(index: u64, language: Language) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "document_not_named",
        language.pick("条目没有登记这份材料", "not named by that entry"),
        language.pick(
            format!("第 {index} 条没有登记这份材料。请核对条目号和文件。"),
            format!("Entry {index} does not name this document. Check the entry and the file."),
        ),
    )
    .with("found", index)
}

/// A part of a body, or its end.
enum Part {
    Bytes(Bytes),
    End,
}

/// Takes a body, part by part. Whatever ends it early, nothing of it is kept.
async fn receive(
    mut incoming: Incoming,
    mut body: BodyDataStream,
    digest: Option<String>,
    stands: bool,
    language: Language,
) -> Result<bool, Problem> {
    let (to_disk, mut parts) = mpsc::channel(PARTS);
    let written = tokio::task::spawn_blocking(move || {
        let mut whole = DigestBuilder::default();
        while let Some(part) = parts.blocking_recv() {
            match part {
                Part::Bytes(bytes) => {
                    whole.update(&bytes);
                    incoming.take(&bytes)?;
                }
                Part::End => {
                    let found = content_digest(whole.finish().as_bytes());
                    return match digest {
                        Some(expected) if expected != found => Err(StoreError::Malformed {
                            what: "content-digest",
                            expected,
                            found,
                        }),
                        _ => incoming.finish(stands).map(Some),
                    };
                }
            }
        }
        Ok(None)
    });
    loop {
        let part = match tokio::time::timeout(PART_TIME, body.next()).await {
            Ok(None) => Part::End,
            Ok(Some(Ok(bytes))) => Part::Bytes(bytes),
            Ok(Some(Err(_))) | Err(_) => {
                drop(to_disk);
                // What was written is gone before the answer.
                let _ = written.await;
                return Err(Problem::too_slow(language));
            }
        };
        let is_end = matches!(part, Part::End);
        // Who no longer takes parts has failed, and says why.
        if to_disk.send(part).await.is_err() || is_end {
            break;
        }
    }
    drop(to_disk);
    let written = written.await.map_err(|_| Problem::fault(language))?;
    let kept = written.map_err(|error| not_given(error, language))?;
    kept.ok_or_else(|| Problem::too_slow(language))
}
