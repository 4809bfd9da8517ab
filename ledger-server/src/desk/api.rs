//! The desk's requests: signing in and out, who sits there, and rehearsing a draft.
//!
//! Handlers only: they read a request, ask, and write the answer.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use ledger_core::authenticate::member_in_name;
use ledger_core::hash::Digest;
use ledger_core::key::VerifierKey;
use ledger_core::name::{ConcernId, StreamId};
use ledger_core::state::touches;
use ledger_core::{Language, LogTime, MemberId, Role, TransactionId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::challenge::NotTaken;
use super::refused::{misplaced, refused};
use super::request::{answered, asking, host, json, no_view, own_site, sitting, working};
use super::session::{Sitting, cookie};
use super::standing::{About, Standing};
use crate::client::Client;
use crate::drafting::{Drafting, Fault};
use crate::language::Asked;
use crate::problem::Problem;
use crate::served::{Served, Snapshot};
use crate::server::Arrived;
use crate::signature::Site;
use crate::signers::Seat;
use crate::words;

/// Seconds since 1970, by the writer's clock.
fn seconds(ledger: &Served) -> u64 {
    (ledger.clock)().seconds_since(LogTime::MIN)
}

/// A text to sign.
#[derive(Serialize, ToSchema)]
pub(crate) struct Challenged {
    /// Good once, for two minutes, at this host.
    challenge: String,
}

/// `POST /<slug>/desk/challenge`
#[utoipa::path(
    post,
    path = "/desk/challenge",
    summary = "A text to sign in with",
    responses((status = 200, description = "Sign exactly this text, if it names the host that you asked", body = Challenged, content_type = "application/json"))
)]
pub(crate) async fn challenge(
    State(ledger): State<Arc<Served>>,
    Asked(language): Asked,
    request: Request,
) -> Result<Response, Problem> {
    own_site(&request, language)?;
    let host = own_host(&ledger, &request, language)?;
    let origin = ledger.snapshot().state.origin.clone();
    let text = ledger
        .desk
        .challenges
        .draw(&origin, &host, seconds(&ledger));
    let challenge = text.map_err(|_| Problem::fault(language))?;
    Ok(answered(StatusCode::OK, &Challenged { challenge }))
}

/// The host that was asked, if it is this site's.
fn own_host(ledger: &Served, request: &Request, language: Language) -> Result<String, Problem> {
    let snapshot = ledger.snapshot();
    let arrived = request.extensions().get::<Arrived>();
    let site = Site {
        names: &ledger.counter.site_names,
        origin: &snapshot.state.origin,
        arrived: arrived.map(|arrived| arrived.0),
    };
    let host = host(request.headers()).unwrap_or_default();
    match site.check(host) {
        Ok(()) => Ok(host.to_owned()),
        Err(error) => Err(Problem::new(
            StatusCode::FORBIDDEN,
            "unknown_host",
            language.pick("不是本站的网址", "not an address of this site"),
            language.pick(
                format!("{error}。请用本站的网址登录；如果这就是本站的网址，请管理人员把它写进 site-names。"),
                format!("{error}. Sign in at this site's own address; if that is what you did, have the operator add it to site-names."),
            ),
        )),
    }
}

/// Who signs in, and by what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// The member's verifier key, as signed-note has it.
    key: String,
    /// The text that was signed.
    challenge: String,
    /// The bare Ed25519 signature over its bytes, in base64.
    signature: String,
}

/// `POST /<slug>/desk/session`
#[utoipa::path(
    post,
    path = "/desk/session",
    summary = "Sign in",
    request_body(content = SignIn, content_type = "application/json"),
    responses((status = 204, description = "Signed in: the cookie says so from now on"))
)]
pub(crate) async fn sign_in(
    State(ledger): State<Arc<Served>>,
    Asked(language): Asked,
    request: Request,
) -> Result<Response, Problem> {
    own_site(&request, language)?;
    let host = own_host(&ledger, &request, language)?;
    let is_secure = is_secure(&request);
    let given: SignIn = json(request, language).await?;
    let snapshot = ledger.snapshot();
    let now = seconds(&ledger);
    let challenges = &ledger.desk.challenges;
    challenges
        .check(&given.challenge, &snapshot.state.origin, &host, now)
        .map_err(|error| not_taken(error, language))?;
    let sitting = signer(&snapshot, &given).ok_or_else(|| not_let_in(language))?;
    challenges
        .use_up(&sitting.member, &given.challenge, now)
        .map_err(|error| not_taken(error, language))?;
    let token = ledger.desk.sessions.begin(&sitting, Instant::now());
    let token = token.map_err(|_| Problem::fault(language))?;
    tracing::info!(slug = ledger.slug(), member = %sitting.member, "signed in at the desk");
    Ok(with_cookie(&ledger, Some(&token), is_secure))
}

/// The member whose key signed the challenge.
fn signer(snapshot: &Snapshot, given: &SignIn) -> Option<Sitting> {
    let key: VerifierKey = given.key.parse().ok()?;
    let member = member_in_name(&snapshot.state.origin, key.name())?;
    let sitting = Sitting::of(snapshot, &member, &key)?;
    let signature = BASE64.decode(given.signature.as_bytes()).ok()?;
    let verified = key.verify(given.challenge.as_bytes(), &signature);
    verified.is_ok().then_some(sitting)
}

/// Whether the browser came by HTTPS, as far as this server, a trusted proxy or the browser itself says.
fn is_secure(request: &Request) -> bool {
    let client = request.extensions().get::<Client>();
    let origin = request.headers().get(axum::http::header::ORIGIN);
    let is_https = origin.is_some_and(|origin| origin.as_bytes().starts_with(b"https://"));
    is_https || client.is_some_and(|client| client.is_secure)
}

fn with_cookie(ledger: &Served, token: Option<&str>, is_secure: bool) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let cookie = cookie(ledger.slug(), token, is_secure);
    let headers = response.headers_mut();
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        headers.insert(SET_COOKIE, cookie);
    }
    let no_store = HeaderValue::from_static("no-store");
    headers.insert(axum::http::header::CACHE_CONTROL, no_store);
    response
}

fn not_let_in(language: Language) -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "not_let_in",
        language.pick("不能登录", "not let in"),
        language.pick(
            "这把钥匙不是名册上现任人员现用的钥匙，或签名不成立。请核对是哪个账本、哪把钥匙；刚换过钥匙的用新钥匙，离任的不能再登录。",
            "This is not the key in use of anybody in office on the roster, or the signature is not true. Check which ledger and which key; after a rotation use the new one, and who has left office is not let in.",
        ),
    )
}

fn not_taken(error: NotTaken, language: Language) -> Problem {
    let (status, rule, zh, en) = match error {
        NotTaken::Stale => (
            StatusCode::FORBIDDEN,
            "challenge_stale",
            "登录口令不是本站刚给的，或已超过两分钟。请再点一次登录。",
            "The challenge is not one that this site gave within two minutes. Sign in once more.",
        ),
        NotTaken::Used => (
            StatusCode::FORBIDDEN,
            "challenge_used",
            "这个登录口令用过了。请再点一次登录。",
            "The challenge has been used. Sign in once more.",
        ),
        NotTaken::Busy => (
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "这把钥匙登录得太频繁，请两分钟后再试。",
            "This key has signed in too often. Try again in two minutes.",
        ),
    };
    let title = language.pick("没有登录成功", "not signed in");
    let problem = Problem::new(status, rule, title, language.pick(zh, en));
    match error {
        NotTaken::Busy => problem.retry_after(120),
        NotTaken::Stale | NotTaken::Used => problem,
    }
}

/// `DELETE /<slug>/desk/session`
#[utoipa::path(
    delete,
    path = "/desk/session",
    summary = "Sign out",
    responses((status = 204, description = "Nobody is signed in by this browser any more"))
)]
pub(crate) async fn sign_out(
    State(ledger): State<Arc<Served>>,
    Asked(language): Asked,
    request: Request,
) -> Result<Response, Problem> {
    own_site(&request, language)?;
    ledger
        .desk
        .sessions
        .sign_out(ledger.slug(), request.headers());
    Ok(with_cookie(&ledger, None, is_secure(&request)))
}

/// Who sits at the desk.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    #[schema(value_type = String)]
    member: MemberId,
    /// As the roster has it.
    name: String,
    #[schema(value_type = Vec<String>)]
    roles: Vec<Role>,
    /// The verifier key in use, as signed-note has it.
    key: String,
    /// The name under which the ledger was founded: the first part of its members' key names.
    origin: String,
    /// The hash of entry 0.
    ledger_id: String,
    /// Whether it is for practice only.
    training: bool,
}

/// `GET /<slug>/desk/me`
#[utoipa::path(
    get,
    path = "/desk/me",
    summary = "Who is signed in",
    responses((status = 200, description = "The member, by the newest entry", body = Me, content_type = "application/json"))
)]
pub(crate) async fn me(
    State(ledger): State<Arc<Served>>,
    Asked(language): Asked,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let snapshot = ledger.snapshot();
    let sitting = sitting(&ledger, &snapshot, &headers, language)?;
    let state = &snapshot.state;
    Ok(answered(
        StatusCode::OK,
        &Me {
            name: name_of(&snapshot, &sitting.member),
            key: sitting.key.to_string(),
            member: sitting.member,
            roles: sitting.roles,
            origin: state.origin.to_string(),
            ledger_id: state.ledger_id.to_string(),
            training: state.training,
        },
    ))
}

/// What a member is called.
pub(crate) fn name_of(snapshot: &Snapshot, member: &MemberId) -> String {
    let held = snapshot.state.roster.member(member);
    held.map_or_else(|| member.to_string(), |held| held.name.to_string())
}

/// A draft to be rehearsed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rehearsal {
    /// The kind of event, as `member_vote`.
    kind: String,
    /// The transaction that it belongs to, or is about.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    transaction: Option<TransactionId>,
    /// The concern that it belongs to.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    concern: Option<ConcernId>,
    /// The event's fields, without those that follow from the ledger.
    #[schema(value_type = Object)]
    body: Map<String, Value>,
    /// When it happened, as people write it; by default now.
    #[serde(default)]
    at: Option<String>,
}

/// A role that signs a draft.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeatShown {
    #[schema(value_type = String)]
    pub(crate) role: Role,
    /// Who fills it, or could.
    #[schema(value_type = String)]
    pub(crate) member: MemberId,
    /// What that member is called.
    pub(crate) name: String,
    /// Whether that member has signed.
    pub(crate) signed: bool,
}

pub(super) fn shown(snapshot: &Snapshot, seats: Vec<Seat>, signed: &[MemberId]) -> Vec<SeatShown> {
    let show = |seat: Seat| SeatShown {
        name: name_of(snapshot, &seat.member),
        role: seat.role,
        signed: signed.contains(&seat.member),
        member: seat.member,
    };
    seats.into_iter().map(show).collect()
}

/// What would be signed.
#[derive(Serialize, ToSchema)]
pub(crate) struct Rehearsed {
    /// The exact text.
    statement: String,
    /// What it says, in words.
    lines: Vec<String>,
    /// Who signs it.
    seats: Vec<SeatShown>,
    /// Whether one of these is who asks.
    mine: bool,
    /// What would be published with it, as canonical JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    disclosure: Option<String>,
    /// The digest of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    disclosure_sha256: Option<Digest>,
}

/// `POST /<slug>/desk/rehearse`
#[utoipa::path(
    post,
    path = "/desk/rehearse",
    summary = "What a draft would say, and whether the rules would let it stand",
    request_body(content = Rehearsal, content_type = "application/json"),
    responses((status = 200, description = "The statement to sign. Nothing is kept", body = Rehearsed, content_type = "application/json"))
)]
pub(crate) async fn rehearse(
    State(ledger): State<Arc<Served>>,
    Asked(language): Asked,
    request: Request,
) -> Result<Response, Problem> {
    let sitting = asking(&ledger, &request, language)?;
    let snapshot = ledger.snapshot();
    let asked: Rehearsal = json(request, language).await?;
    let rehearsed = working(language, move || {
        asked.judged(&ledger, &snapshot, &sitting.member, language)
    });
    Ok(answered(StatusCode::OK, &rehearsed.await?))
}

impl Rehearsal {
    fn judged(
        self,
        ledger: &Served,
        snapshot: &Arc<Snapshot>,
        member: &MemberId,
        language: Language,
    ) -> Result<Rehearsed, Problem> {
        let behind = |error| no_view(error, language);
        let about = About {
            kind: &self.kind,
            transaction: self.transaction.as_ref(),
            concern: self.concern.as_ref(),
        };
        let standing = Standing::of(ledger, snapshot, &about.streams()).map_err(behind)?;
        let stream = about.stream(&ledger.catalogue, &standing.state);
        let stream = stream.map_err(|place| misplaced(place, language))?;
        let signer = (member.clone(), language);
        let (kind, transaction) = (self.kind.as_str(), self.transaction.as_ref());
        let drafting = Drafting::of(kind, stream, transaction, &standing.state, signer.clone());
        let drafting = drafting.ok_or_else(|| Problem::fault(language))?;
        let refused = |fault: Fault| refused(&fault, kind, language);
        drafting.check_turn().map_err(refused)?;
        let drafted = drafting.statement(self.body, self.at.as_deref(), standing.now);
        let drafted = drafted.map_err(refused)?;
        let statement = drafted.statement;
        // An answer may name concerns about other transactions, which are read then.
        let named = about.streams();
        let is_read = |stream: &StreamId| *stream == StreamId::Ledger || named.contains(stream);
        let mut standing = standing;
        if !touches(&statement).iter().all(is_read) {
            standing = Standing::under(ledger, snapshot, &statement).map_err(behind)?;
        }
        let stream = statement.stream.clone();
        let drafting = Drafting::of(kind, stream, transaction, &standing.state, signer);
        let drafting = drafting.ok_or_else(|| Problem::fault(language))?;
        let tried = drafting.tried(&statement, standing.now);
        tried.verdict.map_err(refused)?;
        let text = statement.to_text().map_err(|_| Problem::fault(language))?;
        let words = words::words_for(language, &standing.state, &statement);
        let disclosure = drafted.disclosure;
        Ok(Rehearsed {
            lines: words::lines(&words.statement(&statement), language),
            seats: shown(snapshot, tried.seats, &[]),
            mine: tried.mine,
            disclosure_sha256: disclosure.as_deref().map(Digest::of),
            disclosure: disclosure.and_then(|bytes| String::from_utf8(bytes).ok()),
            statement: text,
        })
    }
}
