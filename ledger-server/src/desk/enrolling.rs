//! The desk's requests about newcomers: asking to be enrolled, and finding what a code stands for.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ledger_core::Language;
use ledger_core::ledger::LedgerError;
use serde::Serialize;
use utoipa::ToSchema;

use super::cosign::NotDone;
use super::enrolment::{Asked as Enrolment, NotTaken};
use super::refused::not_done;
use super::request::{answered, json, own_site, sitting, working};
use crate::api::client;
use crate::language::Asked;
use crate::problem::Problem;
use crate::served::Served;

/// What a newcomer reads to a founder.
#[derive(Serialize, ToSchema)]
pub(crate) struct Coded {
    /// 80 bits of the hash of what is asked, in Crockford's base 32.
    code: String,
}

/// `POST /<slug>/desk/enrolments`
#[utoipa::path(
    post,
    path = "/desk/enrolments",
    summary = "Ask to be enrolled",
    request_body(content = Enrolment, content_type = "application/json"),
    responses((status = 201, description = "The code by which members of the ledger find it, for seven days", body = Coded, content_type = "application/json"))
)]
pub(crate) async fn ask(
    State(ledger): State<Arc<Served>>,
    Asked(language): Asked,
    request: Request,
) -> Result<Response, Problem> {
    own_site(&request, language)?;
    let from = client(&request);
    let asked: Enrolment = json(request, language).await?;
    let code = working(language, move || {
        let enrolments = ledger.desk.enrolments.as_ref();
        let enrolments = enrolments.ok_or_else(|| not_done(NotDone::NoInbox, language))?;
        let origin = &ledger.snapshot().state.origin;
        let code = enrolments.ask(origin, asked, from, (ledger.clock)());
        code.map_err(|error| not_taken(error, language))
    });
    Ok(answered(StatusCode::CREATED, &Coded { code: code.await? }))
}

fn not_taken(error: NotTaken, language: Language) -> Problem {
    let (status, rule, zh, en) = match error {
        NotTaken::Store(error) => return Problem::of_write(&LedgerError::Store(error), language),
        NotTaken::Key => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "enrolment_key",
            "钥匙不是这个账本、这个成员代号的签名钥匙。请核对代号，重新建一把。",
            "The key is none of this ledger and member id. Check the id and create one anew.",
        ),
        NotTaken::Proof => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "enrolment_proof",
            "证明不成立：它应由这把钥匙对账本、代号、姓名和公钥签名。请重新申请一次。",
            "The proof is not true: the key signs ledger, id, name and key. Ask once more.",
        ),
        NotTaken::TooMany => (
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_enrolments",
            "申请太多，暂时不收。请过一小时再试，或请管理人员看看。",
            "Too many ask. Try again in an hour, or tell the operator.",
        ),
    };
    let title = language.pick("申请没有收下", "not taken");
    let problem = Problem::new(status, rule, title, language.pick(zh, en));
    match error {
        NotTaken::TooMany => problem.retry_after(3600),
        _ => problem,
    }
}

/// `GET /<slug>/desk/enrolments/<code>`
#[utoipa::path(
    get,
    path = "/desk/enrolments/{code}",
    summary = "Who asks to be enrolled by a code",
    params(("code" = String, Path, description = "The code, however it is typed")),
    responses((status = 200, description = "What was asked: whoever enrols by it computes the code again", body = Enrolment, content_type = "application/json"))
)]
pub(crate) async fn find(
    State(ledger): State<Arc<Served>>,
    Asked(language): Asked,
    code: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    sitting(&ledger, &ledger.snapshot(), &headers, language)?;
    let enrolments = ledger.desk.enrolments.as_ref();
    let found = code.ok().zip(enrolments);
    let found = found.and_then(|(Path(code), enrolments)| enrolments.find(&code, (ledger.clock)()));
    let found = found.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "no_enrolment",
            language.pick("没有这个登记码", "no such code"),
            language.pick(
                "没有人用这个登记码申请，或已超过七天。请核对每一位，或请对方重新申请。",
                "Nobody asks by this code, or not within seven days. Check every character, or have them ask again.",
            ),
        )
    })?;
    Ok(answered(StatusCode::OK, &found))
}
