//! The desk's requests about drafts: beginning, listing, signing, moving on, taking back.
//!
//! Handlers only: [`super::cosign`] does what they ask.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State as Of};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ledger_core::event::Event;
use ledger_core::name::StreamId;
use ledger_core::state::LedgerState;
use ledger_core::{Language, LogTime, MemberId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::api::{SeatShown, name_of, shown};
use super::cosign::{self, Given, NotDone, State, Table, at_table};
use super::draft::{Draft, DraftId, Ended, Rebased};
use super::refused::not_done;
use super::request::{answered, asking, json, sitting};
use super::standing::Standing;
use crate::catalogue::{NoView, read};
use crate::language::Asked;
use crate::problem::Problem;
use crate::served::Served;
use crate::words::{self, Row, Words};

/// Somebody, by id and by name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DraftPerson)]
pub(crate) struct Person {
    #[schema(value_type = String)]
    pub(crate) member: MemberId,
    pub(crate) name: String,
}

/// A draft in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = DraftListed)]
pub(crate) struct Listed {
    pub(crate) id: String,
    /// `waiting`, `entered`, `withdrawn` or `expired`.
    pub(crate) state: &'static str,
    /// Its entry, once it stands in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) withdrawn_by: Option<Person>,
    /// Why it was taken back, if that was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// The kind of event, as `member_vote`.
    pub(crate) kind: &'static str,
    /// What that is called.
    pub(crate) title: String,
    /// What it says first, in a few words.
    pub(crate) gist: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) transaction: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) concern: Option<String>,
    /// Who began it.
    pub(crate) author: Person,
    /// When.
    #[schema(value_type = String)]
    pub(crate) begun_at: LogTime,
    /// Until when it waits.
    #[schema(value_type = String)]
    pub(crate) expires_at: LogTime,
    /// Who has signed, and who could fill the roles that are left.
    pub(crate) seats: Vec<SeatShown>,
    /// Whether it waits for whoever asks.
    pub(crate) mine: bool,
    /// Whether something has entered its stream since: it has to be put behind that first.
    pub(crate) stale: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rebased: Option<Rebased>,
}

/// What entered the stream of a draft since it was begun.
#[derive(Serialize, ToSchema)]
#[schema(as = DraftChange)]
pub(crate) struct Change {
    /// The entry.
    pub(crate) entry: u64,
    /// What it is.
    pub(crate) title: String,
    /// What it says, in words.
    pub(crate) lines: Vec<String>,
}

/// A draft, whole.
#[derive(Serialize, ToSchema)]
#[schema(as = DraftShown)]
pub(crate) struct Shown {
    #[serde(flatten)]
    pub(crate) listed: Listed,
    /// The exact text to sign.
    pub(crate) statement: String,
    /// That with the signatures so far; none while nobody has signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
    /// What it says, in words.
    pub(crate) lines: Vec<String>,
    /// The same, for a page.
    #[serde(skip)]
    pub(crate) rows: Vec<Row>,
    /// What would be published with it, as canonical JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) disclosure: Option<String>,
    /// The documents that it names and that are not here yet, by their titles.
    pub(crate) missing_documents: Vec<String>,
    /// What entered its stream since it was begun.
    pub(crate) changed: Vec<Change>,
}

impl Listed {
    fn of(
        table: &Table<'_>,
        draft: &Draft,
        member: &MemberId,
        l: Language,
    ) -> Result<Self, NotDone> {
        let snapshot = table.snapshot();
        let person = |member: &MemberId| Person {
            name: name_of(snapshot, member),
            member: member.clone(),
        };
        let is_waiting = draft.ended.is_none();
        let (mut transaction, mut concern) = (None, None);
        match &draft.statement.stream {
            StreamId::Ledger => {}
            StreamId::Transaction(id) => transaction = Some(id.to_string()),
            StreamId::Concern(id) => concern = Some(id.to_string()),
        }
        let (state, index, withdrawn) = match &draft.ended {
            None => ("waiting", None, None),
            Some(Ended::Entered { index }) => ("entered", Some(*index), None),
            Some(Ended::Withdrawn { by, reason }) => {
                ("withdrawn", None, Some((by, reason.clone())))
            }
            Some(Ended::Expired) => ("expired", None, None),
        };
        let event = &draft.statement.event;
        let draft = &table.counting(draft.clone())?;
        let (seats, may_sign) = table.seating(draft, member)?;
        Ok(Self {
            id: draft.id.as_str().to_owned(),
            state,
            index,
            withdrawn_by: withdrawn.as_ref().map(|(by, _)| person(by)),
            reason: withdrawn.and_then(|(_, reason)| reason),
            kind: event.kind(),
            title: title(event, l),
            gist: gist(event, &snapshot.state, l),
            transaction,
            concern,
            author: person(&draft.author),
            begun_at: draft.begun_at,
            expires_at: draft.expires_at(),
            seats: shown(snapshot, seats, &draft.signers()),
            mine: is_waiting && may_sign,
            stale: is_waiting && table.is_stale(draft)?,
            rebased: draft.rebased.clone(),
        })
    }

    /// All drafts of a ledger, the oldest first. May wait for a disk.
    pub(crate) fn all(
        table: &Table<'_>,
        member: &MemberId,
        l: Language,
    ) -> Result<Vec<Self>, NotDone> {
        Self::those(table, member, l, |_| true)
    }

    /// Those drafts of a ledger that this is true of, the oldest first. May wait for a disk.
    pub(crate) fn those(
        table: &Table<'_>,
        member: &MemberId,
        l: Language,
        of: impl Fn(&Draft) -> bool,
    ) -> Result<Vec<Self>, NotDone> {
        let drafts = table.inbox().all(of);
        let listed = drafts.iter().map(|draft| Self::of(table, draft, member, l));
        listed.collect()
    }
}

/// How many fields of an event say what it is about.
const FIRST_FIELDS: usize = 2;

/// How long that may be, in characters.
const GIST: usize = 80;

fn gist(event: &Event, ledger: &LedgerState, language: Language) -> String {
    let rows = Words::plain(language, Some(ledger)).event(event);
    let said = rows.iter().filter(|row| !row.value.is_empty());
    let colon = language.pick("：", ": ");
    let said = said.map(|row| format!("{}{colon}{}", row.label, row.value));
    let first: Vec<String> = said.take(FIRST_FIELDS).collect();
    let whole = first.join(language.pick("；", "; ")).replace('\n', " ");
    let mut short: String = whole.chars().take(GIST).collect();
    if short.len() < whole.len() {
        short.push('…');
    }
    short
}

fn title(event: &Event, language: Language) -> String {
    Words::plain(language, None).title(event)
}

impl Shown {
    /// A draft. May wait for a disk.
    pub(crate) fn of(
        table: &Table<'_>,
        id: &DraftId,
        member: &MemberId,
        l: Language,
    ) -> Result<Self, NotDone> {
        let draft = table.inbox().draft(id).ok_or(NotDone::Unknown)?;
        let draft = table.counting(draft)?;
        let statement = &draft.statement;
        let standing = Standing::under(table.ledger(), table.snapshot(), statement)?;
        let rows = words::words_for(l, &standing.state, statement).statement(statement);
        let note = draft.note().and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(Self {
            listed: Listed::of(table, &draft, member, l)?,
            lines: words::lines(&rows, l),
            rows,
            changed: changed(table, &draft, l)?,
            missing_documents: missing(table, &draft)?,
            note,
            disclosure: draft.disclosure.clone(),
            statement: draft.text.clone(),
        })
    }
}

/// What entered the stream of a draft since it was begun, and not by itself.
fn changed(table: &Table<'_>, draft: &Draft, l: Language) -> Result<Vec<Change>, NotDone> {
    let since = draft.since();
    let own = match draft.ended {
        Some(Ended::Entered { index }) => Some(index),
        _ => None,
    };
    let (ledger, snapshot) = (table.ledger(), table.snapshot());
    let entries = ledger
        .catalogue
        .entries(snapshot, &draft.statement.stream)?;
    let is_new = |index: &u64| *index >= since && own.is_none_or(|own| *index < own);
    let new: Vec<u64> = entries.into_iter().filter(is_new).collect();
    let mut changes = Vec::new();
    for (entry, logged) in read(snapshot, &new).map_err(NoView::from)? {
        let event = &logged.signed.statement().event;
        let words = Words::plain(l, Some(&snapshot.state));
        changes.push(Change {
            entry,
            title: title(event, l),
            lines: words::lines(&words.statement(logged.signed.statement()), l),
        });
    }
    Ok(changes)
}

/// The titles of documents that are named and not here.
fn missing(table: &Table<'_>, draft: &Draft) -> Result<Vec<String>, NotDone> {
    let Some(documents) = table.snapshot().reader.documents() else {
        return Ok(Vec::new());
    };
    let mut missing = Vec::new();
    for document in draft.statement.event.documents() {
        if !documents.is_here(&document.into())? {
            missing.push(document.title().to_string());
        }
    }
    Ok(missing)
}

/// How a draft stands.
#[derive(Serialize, ToSchema)]
#[schema(as = DraftStands)]
pub(crate) struct Stands {
    id: String,
    /// `waiting` for others; `entered`; `held`: all have signed, and it is tried again by itself; `moved`:
    /// something came before it, and everybody signs anew; `stuck`: it no longer fits what came before it.
    state: &'static str,
    /// Its entry, once it stands in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    /// Why it is held or stuck: a problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    problem: Option<Value>,
}

impl Stands {
    fn of(id: &DraftId, kind: &'static str, state: State, l: Language) -> Self {
        let refused = |fault| super::refused::refused(&fault, kind, l).to_json();
        let (state, index, problem) = match state {
            State::Waiting => ("waiting", None, None),
            State::Entered(index) => ("entered", Some(index), None),
            State::Held(error) => (
                "held",
                None,
                Some(Problem::of_submission(&error, l).to_json()),
            ),
            State::Refused(fault) => ("held", None, Some(refused(fault))),
            State::Moved => ("moved", None, None),
            State::Stuck(fault) => ("stuck", None, Some(refused(fault))),
        };
        Self {
            id: id.as_str().to_owned(),
            state,
            index,
            problem,
        }
    }
}

/// Lets a draft enter the log if it can, and says how it stands.
async fn stands(ledger: &Arc<Served>, id: &DraftId, l: Language) -> Result<Stands, NotDone> {
    let inbox = ledger.desk.inbox().ok_or(NotDone::NoInbox)?;
    let draft = inbox.draft(id).ok_or(NotDone::Unknown)?;
    let state = cosign::enter(ledger, id).await?;
    Ok(Stands::of(id, draft.statement.event.kind(), state, l))
}

/// The name of a draft in an address, whatever stands there.
type Named = Result<Path<String>, PathRejection>;

fn id_in(path: Named, language: Language) -> Result<DraftId, Problem> {
    let id = path.ok().and_then(|Path(id)| id.parse().ok());
    id.ok_or_else(|| not_done(NotDone::Unknown, language))
}

/// What a draft is begun with: one of the two.
#[derive(Deserialize, ToSchema)]
#[schema(as = DraftBegin)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    /// The signed note, with its author's signature at least.
    #[serde(default)]
    note: Option<String>,
    /// A statement that others are to sign.
    #[serde(default)]
    statement: Option<String>,
}

/// `POST /<slug>/desk/drafts`
#[utoipa::path(
    post,
    path = "/desk/drafts",
    summary = "Begin a draft",
    request_body(content = Begin, content_type = "application/json"),
    responses(
        (status = 201, description = "It is kept, and has entered the log if nobody else has to sign", body = Stands, content_type = "application/json"),
        (status = 200, description = "This statement has been begun before", body = Stands, content_type = "application/json"),
    )
)]
pub(crate) async fn begin(
    Of(ledger): Of<Arc<Served>>,
    Asked(language): Asked,
    request: Request,
) -> Result<Response, Problem> {
    let sitting = asking(&ledger, &request, language)?;
    let begin: Begin = json(request, language).await?;
    let given = match (begin.note, begin.statement) {
        (Some(note), None) => Given::Note(note),
        (None, Some(text)) => Given::Statement(text),
        _ => return Err(super::refused::one_of_two(language)),
    };
    let told = |error| not_done(error, language);
    let begun = at_table(&ledger, move |table| table.begin(&sitting, &given)).await;
    let (id, is_new) = begun.map_err(told)?;
    let stands = stands(&ledger, &id, language).await.map_err(told)?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(answered(status, &stands))
}

/// `GET /<slug>/desk/drafts`
#[utoipa::path(
    get,
    path = "/desk/drafts",
    summary = "The drafts of the ledger",
    responses((status = 200, description = "Those that wait and those that ended lately, the oldest first", body = Vec<Listed>, content_type = "application/json"))
)]
pub(crate) async fn list(
    Of(ledger): Of<Arc<Served>>,
    Asked(language): Asked,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sitting = sitting(&ledger, &ledger.snapshot(), &headers, language)?;
    let listed = at_table(&ledger, move |table| {
        Listed::all(table, &sitting.member, language)
    });
    let listed = listed.await.map_err(|error| not_done(error, language))?;
    Ok(answered(StatusCode::OK, &listed))
}

/// `GET /<slug>/desk/drafts/<id>/json`
#[utoipa::path(
    get,
    path = "/desk/drafts/{draft}/json",
    summary = "A draft for scripts",
    params(("draft" = String, Path, description = "The draft's id, 32 hexadecimal digits")),
    responses((status = 200, description = "What it says, who has signed and who is missing", body = Shown, content_type = "application/json"))
)]
pub(crate) async fn one(
    Of(ledger): Of<Arc<Served>>,
    Asked(language): Asked,
    id: Named,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sitting = sitting(&ledger, &ledger.snapshot(), &headers, language)?;
    let id = id_in(id, language)?;
    let shown = at_table(&ledger, move |table| {
        Shown::of(table, &id, &sitting.member, language)
    });
    let shown = shown.await.map_err(|error| not_done(error, language))?;
    Ok(answered(StatusCode::OK, &shown))
}

/// A signature below a draft.
#[derive(Deserialize, ToSchema)]
#[schema(as = DraftSignature)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signature {
    /// The line, as signed-note has it: an em dash, the key's name, and base64.
    line: String,
}

/// `POST /<slug>/desk/drafts/<id>/signatures`
#[utoipa::path(
    post,
    path = "/desk/drafts/{draft}/signatures",
    summary = "Sign a draft",
    params(("draft" = String, Path, description = "The draft's id, 32 hexadecimal digits")),
    request_body(content = Signature, content_type = "application/json"),
    responses((status = 200, description = "The signature is kept; once all have signed, it stands in the log", body = Stands, content_type = "application/json"))
)]
pub(crate) async fn sign(
    Of(ledger): Of<Arc<Served>>,
    Asked(language): Asked,
    id: Named,
    request: Request,
) -> Result<Response, Problem> {
    let sitting = asking(&ledger, &request, language)?;
    let id = id_in(id, language)?;
    let given: Signature = json(request, language).await?;
    let told = |error| not_done(error, language);
    let inbox = ledger.desk.inbox().ok_or_else(|| told(NotDone::NoInbox))?;
    let draft = inbox.draft(&id).ok_or_else(|| told(NotDone::Unknown))?;
    let state = cosign::sign(&ledger, sitting, &id, given.line).await;
    let kind = draft.statement.event.kind();
    let stands = Stands::of(&id, kind, state.map_err(told)?, language);
    Ok(answered(StatusCode::OK, &stands))
}

/// `POST /<slug>/desk/drafts/<id>/rebase`
#[utoipa::path(
    post,
    path = "/desk/drafts/{draft}/rebase",
    summary = "Put a draft behind what came meanwhile",
    params(("draft" = String, Path, description = "The draft's id, 32 hexadecimal digits")),
    responses((status = 200, description = "What it says now: everybody signs anew. Unchanged if nothing came", body = Shown, content_type = "application/json"))
)]
pub(crate) async fn rebase(
    Of(ledger): Of<Arc<Served>>,
    Asked(language): Asked,
    id: Named,
    request: Request,
) -> Result<Response, Problem> {
    let sitting = asking(&ledger, &request, language)?;
    let id = id_in(id, language)?;
    let told = |error| not_done(error, language);
    // It may stand already.
    stands(&ledger, &id, language).await.map_err(told)?;
    let shown = at_table(&ledger, move |table| {
        match table.rebase(&id, &sitting.member) {
            Ok(()) | Err(NotDone::Ended(Ended::Entered { .. })) => {}
            Err(error) => return Err(error),
        }
        Shown::of(table, &id, &sitting.member, language)
    });
    Ok(answered(StatusCode::OK, &shown.await.map_err(told)?))
}

/// Why a draft is taken back.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = DraftWithdrawal)]
#[serde(deny_unknown_fields)]
pub(crate) struct Withdrawal {
    /// For the others to read; at most 200 characters.
    #[serde(default)]
    reason: Option<String>,
}

/// How long a reason may be, in characters.
const REASON: usize = 200;

/// `DELETE /<slug>/desk/drafts/<id>`
#[utoipa::path(
    delete,
    path = "/desk/drafts/{draft}",
    summary = "Take a draft back",
    params(("draft" = String, Path, description = "The draft's id, 32 hexadecimal digits")),
    request_body(content = Withdrawal, content_type = "application/json"),
    responses((status = 204, description = "Nobody is asked to sign it any more"))
)]
pub(crate) async fn withdraw(
    Of(ledger): Of<Arc<Served>>,
    Asked(language): Asked,
    id: Named,
    request: Request,
) -> Result<Response, Problem> {
    let sitting = asking(&ledger, &request, language)?;
    let id = id_in(id, language)?;
    let withdrawal: Withdrawal = json(request, language).await?;
    let reason = withdrawal
        .reason
        .map(|reason| reason.trim().chars().take(REASON).collect::<String>());
    let reason = reason.filter(|reason| !reason.is_empty());
    let withdrawn = cosign::withdraw(&ledger, &sitting, &id, reason).await;
    withdrawn.map_err(|error| not_done(error, language))?;
    Ok(super::request::done())
}
