//! Raising a concern: the form, what is wrong with what was written, and the receipt.
//!
//! Works without a script. Whatever keeps a concern from being filed, the form comes back with all that
//! was written in it. The form's code makes the concern's id, so that a form that is sent twice files one.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, HOST, ORIGIN, RETRY_AFTER};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger_core::PublicationPoint;
use ledger_core::name::{ConcernId, TransactionId};
use ledger_core::record::ConcernSubject;

use super::course::Course;
use super::facts::Part;
use super::receipt::Receipt;
use super::shell::Shell;
use super::told::{Told, busy, early, flood, refused, stale, told_of};
use super::visit::{Visit, clock};
use super::voice::subject_en;
use super::{NoPage, Scene, page};
use crate::api::{body, client};
use crate::client::Client;
use crate::intake::words::{self, LONGEST, LONGEST_NAME};
use crate::intake::{
    Code, Filing, Intake, NotYet, Ticket, WAIT_WITHOUT_WORK, WORK_BITS, proves_work,
};
use crate::served::Served;

/// The longest form: every character of the longest text takes nine bytes, and people paste more.
pub(crate) const FORM_LIMIT: usize = 512 * 1024;

/// How long filing may take.
const FILING_TIME: Duration = Duration::from_secs(20);

#[derive(Template)]
#[template(path = "pages/ask.html")]
struct Form {
    s: Shell,
    id: String,
    name: Part,
    /// What it may be about: id, name, whether it is chosen.
    subjects: Vec<(&'static str, &'static str, bool)>,
    written: Written,
    ticket: Option<TicketFields>,
    told: Told,
    /// Where the newest disclosure says that comments go.
    comments_to: Option<Part>,
    longest: usize,
    longest_name: usize,
    wait: u64,
    work_bits: u32,
}

struct TicketFields {
    code: String,
    issued: u64,
    seal: String,
}

/// What somebody wrote into the form.
#[derive(Clone, Default)]
pub(super) struct Written {
    subject: String,
    by: String,
    text: String,
    code: String,
    issued: u64,
    seal: String,
    work: String,
    /// A field that people do not see.
    trap: String,
}

/// What became of a form.
enum Outcome {
    Filed {
        code: Code,
        id: ConcernId,
        is_new: bool,
    },
    Back {
        status: StatusCode,
        written: Box<Written>,
        told: Told,
        keep: bool,
    },
}

/// `GET /<slug>/t/<id>/ask`
#[utoipa::path(
    get,
    path = "/t/{transaction}/ask",
    summary = "The form to raise a concern",
    params(("transaction" = String, Path, description = "The transaction's id")),
    responses(
        (status = 200, description = "The form to raise a concern", body = String, content_type = "text/html; charset=utf-8"),
        (status = 404, description = "No such transaction", body = String, content_type = "text/html; charset=utf-8"),
    )
)]
pub(crate) async fn form(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    Path(id): Path<String>,
) -> Response {
    let shown = page(ledger, visit, move |scene| {
        let id: TransactionId = id.parse().map_err(|_| NoPage::Missing)?;
        Form::of(scene, &id, Written::default(), Told::default(), false)
    });
    private(shown.await)
}

/// `POST /<slug>/t/<id>/ask`
#[utoipa::path(
    post,
    path = "/t/{transaction}/ask",
    summary = "Raise a concern",
    params(("transaction" = String, Path, description = "The transaction's id")),
    request_body(content = String, description = "The form's fields: subject, by, text, code, issued, seal, work", content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 201, description = "Filed: the receipt", body = String, content_type = "text/html; charset=utf-8"),
        (status = 200, description = "This form was filed before: its receipt", body = String, content_type = "text/html; charset=utf-8"),
        (status = 403, description = "Sent from another site", body = String, content_type = "text/html; charset=utf-8"),
        (status = 404, description = "No such transaction", body = String, content_type = "text/html; charset=utf-8"),
        (status = 422, description = "Not filed: the form again, with what is wrong", body = String, content_type = "text/html; charset=utf-8"),
        (status = 429, description = "Too early or too often: the form again", body = String, content_type = "text/html; charset=utf-8"),
        (status = 503, description = "Cannot be written now: the form again", body = String, content_type = "text/html; charset=utf-8"),
    )
)]
pub(crate) async fn raise(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let l = visit.language;
    let own_site = is_own_site(request.headers());
    let base = base_of(&request);
    let address = client(&request);
    let fields = match body(request, FORM_LIMIT, l).await {
        Ok(bytes) => Written::parse(&bytes),
        Err(problem) => return problem.into_response(),
    };
    let Ok(transaction) = id.parse::<TransactionId>() else {
        return page(ledger, visit, |_| Err(NoPage::Missing)).await;
    };
    let outcome = if own_site {
        let desk = Desk {
            ledger: &ledger,
            visit: &visit,
            transaction: &transaction,
        };
        desk.file(fields, address).await
    } else {
        Outcome::Back {
            status: StatusCode::FORBIDDEN,
            written: Box::new(fields),
            told: Told::of(l.pick(
                "这份表不是从本站的网页提交的，没有收下。请核对内容，再按一次“提交”。",
                "This form was not sent from a page of this site, and was not filed. Check it and submit it again.",
            )),
            keep: false,
        }
    };
    answer(ledger, visit, transaction, outcome, base).await
}

async fn answer(
    ledger: Arc<Served>,
    visit: Visit,
    transaction: TransactionId,
    outcome: Outcome,
    base: Option<String>,
) -> Response {
    let (status, retry_after) = match &outcome {
        Outcome::Filed { is_new: true, .. } => (StatusCode::CREATED, None),
        Outcome::Filed { .. } => (StatusCode::OK, None),
        Outcome::Back { status, told, .. } => (*status, told.retry_after),
    };
    let made = page(ledger, visit, move |scene| match outcome {
        Outcome::Filed { code, id, is_new } => Receipt::of(scene, &code, &id, is_new, base),
        Outcome::Back {
            written,
            told,
            keep,
            ..
        } => Form::of(scene, &transaction, *written, told, keep),
    });
    let mut response = private(made.await);
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Nobody's cache keeps what somebody wrote.
pub(super) fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.remove(axum::http::header::ETAG);
    response
}

/// Whether a form was sent from a page of this site, as far as the browser tells. Old ones do not tell.
pub(super) fn is_own_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match text(ORIGIN.as_str()) {
        // A page that names no referrer has no origin either.
        None | Some("null") => true,
        Some(origin) => {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            authority.is_some() && authority == text(HOST.as_str())
        }
    }
}

/// The address of this site, as the request has it.
pub(super) fn base_of(request: &Request) -> Option<String> {
    let host = request.headers().get(HOST)?.to_str().ok()?;
    let host: Authority = host.parse().ok()?;
    let client = request.extensions().get::<Client>();
    let scheme = match client {
        Some(client) if client.is_secure => "https",
        _ => "http",
    };
    Some(format!("{scheme}://{host}"))
}

impl Written {
    /// Reads a form; what it does not know it leaves.
    fn parse(bytes: &[u8]) -> Self {
        let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(bytes).unwrap_or_default();
        let mut written = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "subject" => written.subject = value,
                "by" => written.by = words::plain(&value).replace('\n', " "),
                "text" => written.text = words::plain(&value),
                "code" => written.code = value,
                "issued" => written.issued = value.parse().unwrap_or_default(),
                "seal" => written.seal = value,
                "work" => written.work = value,
                "homepage" => written.trap = value,
                _ => {}
            }
        }
        written
    }
}

/// Where a form is judged and filed.
struct Desk<'a> {
    ledger: &'a Arc<Served>,
    visit: &'a Visit,
    transaction: &'a TransactionId,
}

impl Desk<'_> {
    async fn file(&self, written: Written, address: IpAddr) -> Outcome {
        let l = self.visit.language;
        let back = |status, told, keep| Outcome::Back {
            status,
            written: Box::new(written.clone()),
            told,
            keep,
        };
        let Some(intake) = self.intake() else {
            return back(StatusCode::UNPROCESSABLE_ENTITY, Told::default(), false);
        };
        let code = Code::typed(&written.code);
        let Some((code, id)) = code.and_then(|code| Some((code.clone(), code.id()?))) else {
            return back(StatusCode::UNPROCESSABLE_ENTITY, Told::of(stale(l)), false);
        };
        if self.stands(&id).await {
            return Outcome::Filed {
                code,
                id,
                is_new: false,
            };
        }
        if let Some(told) = unfit(&written, l) {
            return back(StatusCode::UNPROCESSABLE_ENTITY, told, true);
        }
        if let Err((status, told, keep)) = self.let_in(intake, &code, &written, address) {
            return back(status, told, keep);
        }
        let Some(_share) = self.ledger.queue.shares().take(address) else {
            return back(StatusCode::TOO_MANY_REQUESTS, Told::of(busy(l)), true);
        };
        let filing = Filing {
            transaction: self.transaction.clone(),
            subject: subject(&written.subject).unwrap_or(ConcernSubject::General),
            by: words::masked(&written.by),
            words: written.text.clone(),
        };
        let filed = intake.raise(self.ledger, id.clone(), filing, clock());
        match tokio::time::timeout(FILING_TIME, filed).await {
            Ok(Ok(_)) => Outcome::Filed {
                code,
                id,
                is_new: true,
            },
            Ok(Err(_)) if self.stands(&id).await => Outcome::Filed {
                code,
                id,
                is_new: false,
            },
            Ok(Err(error)) => {
                let (status, told) = refused(&error, l);
                back(status, told, true)
            }
            Err(_) => back(StatusCode::SERVICE_UNAVAILABLE, Told::of(busy(l)), true),
        }
    }

    /// Whether the form is let in now; otherwise what to say, and whether its ticket stays good.
    fn let_in(
        &self,
        intake: &Intake,
        code: &Code,
        written: &Written,
        address: IpAddr,
    ) -> Result<(), (StatusCode, Told, bool)> {
        let l = self.visit.language;
        let ticket = Ticket {
            code: code.clone(),
            issued: written.issued,
            seal: written.seal.clone(),
        };
        let worked = proves_work(&written.seal, &written.work);
        let about = about(self.ledger, self.transaction);
        let later = |seconds, fault| {
            let told = Told {
                retry_after: Some(seconds),
                ..Told::of(fault)
            };
            Err((StatusCode::TOO_MANY_REQUESTS, told, true))
        };
        match intake.check(&about, &ticket, clock(), worked) {
            Err(NotYet::Stale) => {
                Err((StatusCode::UNPROCESSABLE_ENTITY, Told::of(stale(l)), false))
            }
            Err(NotYet::Wait(seconds)) => later(seconds, early(l, seconds)),
            Ok(()) if intake.admits(address, worked) => Ok(()),
            Ok(()) => later(300, flood(l).to_owned()),
        }
    }

    fn intake(&self) -> Option<&Intake> {
        let snapshot = self.ledger.snapshot();
        self.ledger
            .intake
            .as_ref()
            .filter(|intake| intake.is_open(&snapshot))
    }

    /// Whether there is a concern by this id already.
    async fn stands(&self, id: &ConcernId) -> bool {
        let (ledger, id, now) = (Arc::clone(self.ledger), id.clone(), self.visit.now);
        let found = tokio::task::spawn_blocking(move || {
            let view = ledger.catalogue.view(&ledger.snapshot(), now).ok()?;
            view.concerns
                .iter()
                .any(|concern| concern.id == id)
                .then_some(())
        });
        matches!(found.await, Ok(Some(())))
    }
}

fn subject(id: &str) -> Option<ConcernSubject> {
    let mut all = ConcernSubject::ALL.iter().copied();
    all.find(|subject| subject.id() == id)
}

fn about(ledger: &Served, transaction: &TransactionId) -> String {
    format!("{}/{transaction}", ledger.slug())
}

/// What is wrong with what was written, if anything is.
fn unfit(written: &Written, l: ledger_core::Language) -> Option<Told> {
    if !written.trap.is_empty() {
        return Some(Told::of(l.pick(
            "请把“不要填”那一栏清空再提交（那是用来识别机器的）。",
            "Leave the field “do not fill in” empty; it tells programs from people.",
        )));
    }
    if subject(&written.subject).is_none() {
        return Some(Told::of(
            l.pick("请选一项“关于什么”。", "Choose what it is about."),
        ));
    }
    let name = written.by.chars().count();
    if name > LONGEST_NAME {
        return Some(Told::of(l.pick(
            format!("署名最多 {LONGEST_NAME} 个字，现有 {name} 个。"),
            format!("A name has at most {LONGEST_NAME} characters; found {name}."),
        )));
    }
    let fault = words::judge(&written.text, LONGEST, l).err()?;
    Some(told_of(fault, l))
}

impl Form {
    fn of(
        scene: &Scene,
        id: &TransactionId,
        written: Written,
        told: Told,
        keep: bool,
    ) -> Result<String, NoPage> {
        let l = scene.visit.language;
        let course = Course::of(scene, id)?.ok_or(NoPage::Missing)?;
        let transaction = course.transaction().ok_or(NoPage::Missing)?;
        let subjects = ConcernSubject::ALL
            .iter()
            .copied()
            .filter(|subject| subject.step().is_none_or(|step| transaction.was_done(step)));
        // The newest publication is what most people have just read.
        let chosen = match written.subject.as_str() {
            "" => subjects.clone().rfind(|one| one.step().is_some()),
            chosen => subject(chosen),
        };
        let chosen = chosen.unwrap_or(ConcernSubject::General);
        let subjects = subjects
            .map(|one| (one.id(), l.pick(one.zh(), subject_en(one)), one == chosen))
            .collect();
        let view = scene.view()?;
        let summary = view.transaction(id);
        let name = summary.map_or_else(Part::default, |summary| match summary.named_in {
            Some(entry) => Part::fact(entry, "/event/asset/name", "text", summary.name.clone()),
            None => Part::derived(summary.name.clone()),
        });
        let comments_to = PublicationPoint::ALL.iter().rev().find_map(|point| {
            let passed = transaction.record(point.step())?;
            let to = passed.event.publication()?.comments_to.to_string();
            Some(Part::derived(to))
        });
        let title = l.pick(format!("提意见：{id}"), format!("Raise a concern: {id}"));
        let ticket = Self::ticket(scene, id, &written, keep)?;
        let mut s = scene.shell("ask", title, &course.entries)?;
        s.transaction = id.to_string();
        Ok(Self {
            s: s.with_forms(),
            id: id.to_string(),
            name,
            subjects,
            written,
            ticket,
            told,
            comments_to,
            longest: LONGEST,
            longest_name: LONGEST_NAME,
            wait: WAIT_WITHOUT_WORK,
            work_bits: WORK_BITS,
        }
        .render()?)
    }

    /// The ticket that came with the form, or a new one; none where nothing is taken in.
    fn ticket(
        scene: &Scene,
        id: &TransactionId,
        written: &Written,
        keep: bool,
    ) -> Result<Option<TicketFields>, NoPage> {
        let intake = scene.ledger.intake.as_ref();
        let Some(intake) = intake.filter(|intake| intake.is_open(&scene.snapshot)) else {
            return Ok(None);
        };
        if keep {
            return Ok(Some(TicketFields {
                code: written.code.clone(),
                issued: written.issued,
                seal: written.seal.clone(),
            }));
        }
        let ticket = intake.ticket(&about(&scene.ledger, id), clock());
        let ticket = ticket.map_err(|_| NoPage::Fault)?;
        Ok(Some(TicketFields {
            code: ticket.code.to_string(),
            issued: ticket.issued,
            seal: ticket.seal,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_taken_from_this_site_only() {
        let of = |headers: &[(&'static str, &'static str)]| {
            let pairs = headers.iter().map(|(name, value)| {
                (
                    axum::http::HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            });
            is_own_site(&pairs.collect())
        };
        assert!(of(&[]));
        assert!(of(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(of(&[
            ("origin", "http://a.example:1"),
            ("host", "a.example:1")
        ]));
        assert!(of(&[("origin", "null"), ("host", "a.example")]));
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://b.example"),
            ("origin", "a.example"),
        ] {
            assert!(!of(&[(name, value), ("host", "a.example")]), "{value}");
        }
    }
}
