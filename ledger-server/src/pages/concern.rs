//! Residents' concerns: all of them, and each with its course; and rating the answer to one.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use ledger_core::concern::Concern;
use ledger_core::hash::{Commitment, Hash};
use ledger_core::ledger::LedgerError;
use ledger_core::name::{ConcernId, StreamId, TransactionId};
use ledger_core::record::Outcome;
use serde_json::{Value, json};

use super::ask::{FORM_LIMIT, is_own_site, private};
use super::collective::Pages;
use super::course::{Course, Happening};
use super::facts::Part;
use super::shell::Shell;
use super::told::{Told, busy, refused, told_of};
use super::visit::{Visit, clock};
use super::voice::{ConcernRow, Said};
use super::{NoPage, Scene, page};
use crate::api::body;
use crate::catalogue::Voiced;
use crate::intake::words::{self, LONGEST_COMMENT};
use crate::intake::{Code, Words, words_of};
use crate::problem::Problem;
use crate::served::{Served, Snapshot};
use crate::wire::{headers, reading};

/// How often a rating is signed anew because something else came first.
const ATTEMPTS: usize = 3;

#[derive(Template)]
#[template(path = "pages/concerns.html")]
struct List {
    s: Shell,
    all: usize,
    waiting: usize,
    overdue: usize,
    rows: Vec<ConcernRow>,
    pages: Pages,
}

#[derive(Template)]
#[template(path = "pages/concern.html")]
struct Page {
    s: Shell,
    row: ConcernRow,
    answer: Option<AnswerShown>,
    rated: Option<RatedShown>,
    may_rate: bool,
    rating: Rating,
    told: Told,
    /// Stars, and what they mean.
    scale: [(u8, &'static str); 5],
    longest: usize,
    happenings: Vec<Happening>,
}

struct AnswerShown {
    text: Part,
    outcome: &'static str,
}

struct RatedShown {
    stars: u8,
    drawn: String,
    said: Option<Said>,
}

/// What somebody wrote into the form that rates an answer.
#[derive(Clone, Default)]
struct Rating {
    code: String,
    stars: u8,
    comment: String,
}

/// `GET /<slug>/concerns`: all concerns, those that wait first.
#[utoipa::path(
    get,
    path = "/concerns",
    summary = "All concerns, those that wait for an answer first",
    responses((status = 200, description = "All concerns, those that wait for an answer first", body = String, content_type = "text/html; charset=utf-8"))
)]
pub(crate) async fn concerns(State(ledger): State<Arc<Served>>, visit: Visit) -> Response {
    page(ledger, visit, |scene| Ok(List::of(scene)?.render()?)).await
}

/// `GET /<slug>/c/<id>`: one concern.
#[utoipa::path(
    get,
    path = "/c/{concern}",
    summary = "A concern, its answer and what came of it",
    params(("concern" = String, Path, description = "The concern's id")),
    responses(
        (status = 200, description = "A concern, its answer and what came of it", body = String, content_type = "text/html; charset=utf-8"),
        (status = 404, description = "No such concern", body = String, content_type = "text/html; charset=utf-8"),
    )
)]
pub(crate) async fn concern(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    page(ledger, visit, move |scene| {
        let id: ConcernId = id.parse().map_err(|_| NoPage::Missing)?;
        Ok(Page::of(scene, &id, Rating::default(), Told::default())?.render()?)
    })
    .await
}

/// `GET /<slug>/c/<id>/text`: what the resident said, with the salts that open the commitments to it.
#[utoipa::path(
    get,
    path = "/c/{concern}/text",
    summary = "The words of a concern, with what opens their commitments",
    params(("concern" = String, Path, description = "The concern's id")),
    responses((status = 200, description = "The words beside the entries of the concern, each with commitment and salt; none where they stand in the entries", body = Value, content_type = "application/json"))
)]
pub(crate) async fn text(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let l = visit.language;
    let id: ConcernId = id.parse().map_err(|_| Problem::not_found(l))?;
    let snapshot = ledger.snapshot();
    let scene = Scene {
        ledger,
        snapshot,
        visit,
    };
    let found = tokio::task::spawn_blocking(move || {
        let known = Known::of(&scene, &id)?;
        let concern = known.concern(&id)?;
        opened(&scene.snapshot, concern)
    });
    let found = found.await.map_err(|_| Problem::fault(l))?;
    let value = found.map_err(|no_page| match no_page {
        NoPage::Missing => Problem::not_found(l),
        NoPage::Unread(error) => Problem::of_read(&error, l),
        NoPage::Behind { .. } => Problem::no_answer(l),
        NoPage::Fault => Problem::fault(l),
    })?;
    let value = match value {
        Ok(value) => value,
        Err((entry, reason)) => return Err(hidden(entry, &reason, l)),
    };
    let kind = HeaderValue::from_static("application/json");
    // What is hidden tomorrow is in nobody's cache.
    let no_store = HeaderValue::from_static("no-store");
    Ok((headers(kind, no_store), value.to_string()).into_response())
}

fn hidden(entry: u64, reason: &str, l: ledger_core::Language) -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "concern_hidden",
        l.pick("意见内容已屏蔽", "the words are hidden"),
        l.pick(
            format!("第 {entry} 条屏蔽了这条意见的内容，理由见 reason；承诺仍在账本里，有权查阅的岗位用 sanzi document get 查阅。"),
            format!("Entry {entry} hid what was said, for the reason given; the commitment stays in the log, and those who may read it do so by sanzi document get."),
        ),
    )
    .with("entry", entry)
    .with("reason", reason)
}

/// The words of a concern as JSON, or by which entry and why they are hidden.
fn opened(snapshot: &Snapshot, concern: &Concern) -> Result<Result<Value, (u64, String)>, NoPage> {
    if let Some(hidden) = &concern.hidden {
        let reason = hidden.record.reason.to_string();
        return Ok(Err((hidden.recorded.index, reason)));
    }
    let documents = snapshot.reader.documents();
    let mut texts = Vec::new();
    for (entry, commitment) in beside(concern) {
        let words = words_of(documents.as_ref(), commitment).map_err(LedgerError::from)?;
        let mut one = json!({ "commitment": commitment, "entry": entry });
        match words {
            Words::Open { salt, text } => {
                one["salt"] = BASE64.encode(salt.as_bytes()).into();
                one["text"] = text.into();
            }
            Words::Erased(by) => one["erased_by"] = by.into(),
            Words::Missing => {}
        }
        texts.push(one);
    }
    Ok(Ok(json!({ "concern": concern.id, "texts": texts })))
}

/// The commitments to what a resident said beside the entries, each with its entry.
fn beside(concern: &Concern) -> impl Iterator<Item = (u64, &Commitment)> {
    let raised = concern.raised.words();
    let raised = raised.map(|words| (concern.recorded.index, words));
    let rated = concern.rated.as_ref();
    let rated = rated.and_then(|rated| Some((rated.recorded.index, rated.record.words()?)));
    raised.into_iter().chain(rated)
}

/// `POST /<slug>/c/<id>/rate`
#[utoipa::path(
    post,
    path = "/c/{concern}/rate",
    summary = "Rate the answer to a concern",
    params(("concern" = String, Path, description = "The concern's id")),
    request_body(content = String, description = "The form's fields: code, stars, comment", content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "Rated: the concern's page"),
        (status = 403, description = "Sent from another site, or not the code of this concern", body = String, content_type = "text/html; charset=utf-8"),
        (status = 404, description = "No such concern", body = String, content_type = "text/html; charset=utf-8"),
        (status = 422, description = "Not rated: the form again, with what is wrong", body = String, content_type = "text/html; charset=utf-8"),
        (status = 503, description = "Cannot be written now: the form again", body = String, content_type = "text/html; charset=utf-8"),
    )
)]
pub(crate) async fn rate(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let l = visit.language;
    let own_site = is_own_site(request.headers());
    let rating = match body(request, FORM_LIMIT, l).await {
        Ok(bytes) => Rating::parse(&bytes),
        Err(problem) => return problem.into_response(),
    };
    let Ok(id) = id.parse::<ConcernId>() else {
        return page(ledger, visit, |_| Err(NoPage::Missing)).await;
    };
    let (status, told) = match judged(&rating, &id, own_site, l) {
        Some(refused) => refused,
        None => match record(&ledger, &visit, &id, &rating).await {
            Ok(()) => return done(&visit, ledger.slug(), &id),
            Err(refused) => refused,
        },
    };
    let made = page(ledger, visit, move |scene| {
        Ok(Page::of(scene, &id, rating, told)?.render()?)
    });
    let mut response = private(made.await);
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    response
}

fn done(visit: &Visit, slug: &str, id: &ConcernId) -> Response {
    let to = visit.link(&format!("/{slug}/c/{id}#rated"));
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(to) = HeaderValue::try_from(to) {
        headers.insert(LOCATION, to);
    }
    response
}

/// Why a rating is not taken, as far as the form itself tells.
fn judged(
    rating: &Rating,
    id: &ConcernId,
    own_site: bool,
    l: ledger_core::Language,
) -> Option<(StatusCode, Told)> {
    if !own_site {
        return Some((StatusCode::FORBIDDEN, Told::of(l.pick(
            "这份评价不是从本站的网页提交的，没有收下。请再按一次“提交评价”。",
            "This rating was not sent from a page of this site, and was not taken. Submit it again.",
        ))));
    }
    let is_theirs = Code::typed(&rating.code).and_then(|code| code.id());
    if is_theirs.as_ref() != Some(id) {
        return Some((StatusCode::FORBIDDEN, Told::of(l.pick(
            "查询码不对，没有打分。请照回执重抄：16 个字母和数字，分四组；只能用这条意见自己的码。",
            "That is not this concern's code; nothing was rated. Copy it from the receipt: 16 letters and digits in four groups.",
        ))));
    }
    if !(1..=5).contains(&rating.stars) {
        let told = Told::of(l.pick("请选一个满意度。", "Choose how content you are."));
        return Some((StatusCode::UNPROCESSABLE_ENTITY, told));
    }
    if rating.comment.is_empty() {
        return None;
    }
    let unfit = words::judge(&rating.comment, LONGEST_COMMENT, l).err()?;
    Some((StatusCode::UNPROCESSABLE_ENTITY, told_of(unfit, l)))
}

/// Records a rating by whoever holds the code.
async fn record(
    ledger: &Arc<Served>,
    visit: &Visit,
    id: &ConcernId,
    rating: &Rating,
) -> Result<(), (StatusCode, Told)> {
    let l = visit.language;
    let unavailable = || (StatusCode::SERVICE_UNAVAILABLE, Told::of(busy(l)));
    let intake = ledger.intake.as_ref();
    let intake = intake.filter(|intake| intake.is_open(&ledger.snapshot()));
    let intake = intake.ok_or_else(unavailable)?;
    let comment = Some(rating.comment.clone()).filter(|comment| !comment.is_empty());
    let mut last = unavailable();
    for _ in 0..ATTEMPTS {
        let Some(head) = head_of(ledger, visit, id).await else {
            return Err(unavailable());
        };
        let said = (rating.stars, comment.clone());
        match intake.rate(ledger, (id.clone(), head), said, clock()).await {
            Ok(_) => return Ok(()),
            Err(error) => last = refused(&error, l),
        }
        if head_of(ledger, visit, id).await == Some(head) {
            break;
        }
    }
    Err(last)
}

/// The last entry of a concern's stream.
async fn head_of(ledger: &Arc<Served>, visit: &Visit, id: &ConcernId) -> Option<Hash> {
    let (ledger, visit, id) = (Arc::clone(ledger), visit.clone(), id.clone());
    let found = reading(visit.language, move || {
        let scene = Scene {
            snapshot: ledger.snapshot(),
            ledger,
            visit,
        };
        let known = Known::of(&scene, &id).ok();
        Ok(known.and_then(|known| known.concern(&id).ok().map(|concern| concern.head)))
    });
    found.await.ok().flatten()
}

impl Rating {
    fn parse(bytes: &[u8]) -> Self {
        let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(bytes).unwrap_or_default();
        let mut rating = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "code" => rating.code = value,
                "stars" => rating.stars = value.parse().unwrap_or_default(),
                "comment" => rating.comment = words::plain(&value),
                _ => {}
            }
        }
        rating
    }
}

/// The course of a concern's transaction, in which the concern stands.
struct Known {
    course: Course,
    transaction: TransactionId,
}

impl Known {
    fn of(scene: &Scene, id: &ConcernId) -> Result<Self, NoPage> {
        let view = scene.view()?;
        let known = view.concerns.iter().find(|concern| concern.id == *id);
        let transaction = known.ok_or(NoPage::Missing)?.transaction.clone();
        let course = Course::of(scene, &transaction)?.ok_or(NoPage::Missing)?;
        Ok(Self {
            course,
            transaction,
        })
    }

    fn concern(&self, id: &ConcernId) -> Result<&Concern, NoPage> {
        self.course.state.concern(id).ok_or(NoPage::Missing)
    }
}

/// What came of it, in English.
fn outcome_en(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Adopted => "adopted",
        Outcome::PartlyAdopted => "adopted in part",
        Outcome::Explained => "explained",
        Outcome::Declined => "not adopted",
    }
}

impl AnswerShown {
    fn of(scene: &Scene, concern: &Concern) -> Option<Self> {
        let answered = concern.answered()?;
        let (text, outcome) = (answered.answer.answer.to_string(), answered.answer.outcome);
        let l = scene.visit.language;
        Some(Self {
            text: Part::fact(answered.recorded.index, "/event/answer", "text", text),
            outcome: l.pick(outcome.zh(), outcome_en(outcome)),
        })
    }
}

impl RatedShown {
    fn of(scene: &Scene, concern: &Concern) -> Option<Self> {
        let rated = concern.rated.as_ref()?;
        let stars = rated.record.stars;
        let full = usize::from(stars.min(5));
        let comment = rated.record.comment.to_string();
        let in_entry = Part::fact(rated.recorded.index, "/event/comment", "text", comment);
        let said = match rated.record.words() {
            None => Some(Said::InEntry(in_entry)),
            // That it is hidden is said above, with the concern.
            Some(_) if concern.hidden.is_some() => None,
            Some(words) => {
                let at = (rated.recorded.index, words);
                Some(Said::kept(scene, &concern.id, at, LONGEST_COMMENT))
            }
        };
        Some(Self {
            stars,
            drawn: "★".repeat(full) + &"☆".repeat(5 - full),
            said,
        })
    }
}

impl List {
    fn of(scene: &Scene) -> Result<Self, NoPage> {
        let view = scene.view()?;
        let (l, now) = (scene.visit.language, scene.visit.now);
        let (pages, places) = Pages::of(&scene.visit, view.concerns.len());
        let shown = &view.concerns[places];
        let waiting = view
            .concerns
            .iter()
            .filter(|concern| concern.answered_in.is_none());
        let mut indices: Vec<u64> = shown.iter().map(|concern| concern.index).collect();
        indices.sort_unstable();
        let title = l.pick("群众意见", "Concerns");
        Ok(Self {
            s: scene.shell("ledger", title, &indices)?,
            all: view.concerns.len(),
            waiting: waiting.clone().count(),
            overdue: waiting.filter(|concern| concern.is_overdue(now)).count(),
            rows: shown
                .iter()
                .map(|concern| ConcernRow::of(scene, concern))
                .collect(),
            pages,
        })
    }
}

impl Page {
    fn of(scene: &Scene, id: &ConcernId, rating: Rating, told: Told) -> Result<Self, NoPage> {
        let known = Known::of(scene, id)?;
        let concern = known.concern(id)?;
        let course = &known.course;
        let ledger = &*scene.snapshot.state;
        let voiced = Voiced::of(ledger, scene.snapshot.size(), concern);
        let own = StreamId::Concern(id.clone());
        let mut happenings = course.of_stream(scene, &own, |_, _| true);
        // One answer may cover many: then it stands in another's stream.
        if let Some(answered) = concern
            .answered()
            .filter(|answered| answered.answer.of != *id)
        {
            let theirs = StreamId::Concern(answered.answer.of.clone());
            let index = answered.recorded.index;
            happenings.extend(course.of_stream(scene, &theirs, |other, _| other == index));
            happenings.sort_by_key(|happening| happening.index);
        }
        let l = scene.visit.language;
        let title = l.pick(format!("群众意见 {id}"), format!("Concern {id}"));
        let mut s = scene.shell("concern", title, &course.entries)?;
        s.transaction = known.transaction.to_string();
        let intake = scene.ledger.intake.as_ref();
        let is_open = intake.is_some_and(|intake| intake.is_open(&scene.snapshot));
        let is_due = concern.answered().is_some() && concern.rated.is_none();
        Ok(Self {
            s: s.with_forms(),
            row: ConcernRow::with(scene, &voiced, usize::MAX),
            answer: AnswerShown::of(scene, concern),
            rated: RatedShown::of(scene, concern),
            // Where the words stand in the entry, an office took them down, and there is no code.
            may_rate: is_open && is_due && voiced.words.is_some(),
            rating,
            told,
            scale: [
                (5, l.pick("5 非常满意", "5 very content")),
                (4, l.pick("4 满意", "4 content")),
                (3, l.pick("3 一般", "3 so-so")),
                (2, l.pick("2 不满意", "2 not content")),
                (1, l.pick("1 很不满意", "1 not at all content")),
            ],
            longest: LONGEST_COMMENT,
            happenings,
        })
    }
}
