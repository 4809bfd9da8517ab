//! Why a draft is not taken, as a client is told it: with the field at fault, if it is one.

use axum::http::StatusCode;
use ledger_core::Language;
use ledger_core::ledger::LedgerError;
use ledger_core::refusal::Class;

use super::cosign::NotDone;
use super::draft::Ended;
use super::request::no_view;
use crate::drafting::{Fault, Misplaced};
use crate::fault::in_language;
use crate::problem::Problem;
use crate::shape;

/// A draft that is at fault, or that a rule refuses: 422, or 403 where it is for others to sign.
pub(super) fn refused(fault: &Fault, kind: &str, language: Language) -> Problem {
    let mut problem = match fault {
        Fault::Refused(refusal) => {
            let status = match refusal.class() {
                Class::Authority => StatusCode::FORBIDDEN,
                Class::Conflict | Class::Rule => StatusCode::UNPROCESSABLE_ENTITY,
            };
            Problem::of_refusal(refusal, language).restated(status, fault.detail(kind, language))
        }
        _ => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            fault.rule(),
            fault.title(language),
            fault.detail(kind, language),
        ),
    };
    if let Some(field) = fault.field() {
        if let Some(name) = shape::name_of(kind, &field, language) {
            problem = problem.with("field_name", name);
        }
        problem = problem.with("field", field);
    }
    problem
}

/// It was not said, or said wrongly, where the event belongs.
pub(super) fn misplaced(place: Misplaced, language: Language) -> Problem {
    let (field, zh, en) = match place {
        Misplaced::NoConcern => (
            "concern",
            "这一项属于某条群众意见，请先选是哪一条。",
            "This belongs to a concern: choose which.",
        ),
        Misplaced::NoTransaction => (
            "transaction",
            "这一项属于某笔交易，请先选交易，或给新交易一个编号（如 2026-001）。",
            "This belongs to a transaction: choose one, or give a new one an id, as in 2026-001.",
        ),
        Misplaced::ConcernNamed => (
            "concern",
            "这一项不是群众意见的事项，请不要选意见。",
            "This is no event of a concern: name none.",
        ),
        Misplaced::TransactionNamed => (
            "transaction",
            "这一项是账本本身的事项，不属于任何交易，请不要选交易。",
            "This belongs to the ledger itself: name no transaction.",
        ),
    };
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "misplaced",
        language.pick("归属不对", "in the wrong place"),
        language.pick(zh, en),
    )
    .with("field", field)
}

/// Not exactly one of a note and a statement.
pub(super) fn one_of_two(language: Language) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "malformed_json",
        language.pick("请求内容有误", "malformed request"),
        language.pick(
            "请给 note（已签名的文书）或 statement（请别人签的陈述），两者给一个。",
            "Give one of note, a signed note, and statement, which others are to sign.",
        ),
    )
}

/// What somebody asked for was not done with a draft.
pub(super) fn not_done(error: NotDone, language: Language) -> Problem {
    let problem = |status, rule, title: (&str, &str), detail: (&str, &str)| {
        let (title, detail) = (
            language.pick(title.0, title.1),
            language.pick(detail.0, detail.1),
        );
        Problem::new(status, rule, title, detail)
    };
    match error {
        NotDone::View(error) => no_view(error, language),
        NotDone::Refused { fault, kind } => match &fault {
            // Not a rule of the desk: the stream has moved.
            Fault::Refused(refusal) if refusal.class() == Class::Conflict => {
                Problem::of_refusal(refusal, language)
            }
            _ => refused(&fault, kind, language),
        },
        NotDone::Malformed(error) => Problem::of_parse(&error, language),
        NotDone::Store(error) => Problem::of_write(&LedgerError::Store(error), language),
        NotDone::Ended(ended) => over(&ended, language),
        NotDone::TooMany(too_many) => problem(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_drafts",
            ("待签草稿太多", "too many drafts"),
            (
                "待签的草稿已到上限。请先签完或撤回一些，再起草新的；填写的内容不会丢。",
                "As many drafts wait as may. Sign or take back some, then begin this one; nothing that was filled in is lost.",
            ),
        )
        .with("expected", too_many.limit),
        NotDone::Line(error) => problem(
            StatusCode::BAD_REQUEST,
            "malformed_signature",
            ("签名行格式不对", "malformed signature line"),
            ("", ""),
        )
        .restated(StatusCode::BAD_REQUEST, in_language(&error.to_string(), language)),
        error => other(&error, language),
    }
}

/// What a draft has become.
fn over(ended: &Ended, language: Language) -> Problem {
    let (rule, zh, en) = match ended {
        Ended::Entered { .. } => (
            "draft_entered",
            "这份草稿已经登记入账，不用再签，也不能撤回；有错请用更正。",
            "This draft stands in the log: nobody needs to sign it, and it cannot be taken back. Correct it if it is wrong.",
        ),
        Ended::Withdrawn { .. } => (
            "draft_withdrawn",
            "这份草稿已被撤回，没有登记。需要的话请重新起草。",
            "This draft was taken back; nothing was recorded. Begin a new one if it is needed.",
        ),
        Ended::Expired => (
            "draft_expired",
            "这份草稿等了 14 天没有签齐，已经失效，没有登记。需要的话请重新起草。",
            "This draft waited for 14 days and was not signed by all; nothing was recorded. Begin a new one if it is needed.",
        ),
    };
    let title = language.pick("草稿已经了结", "the draft is over");
    let problem = Problem::new(StatusCode::GONE, rule, title, language.pick(zh, en));
    match ended {
        Ended::Entered { index } => problem.with("index", *index),
        _ => problem,
    }
}

fn other(error: &NotDone, language: Language) -> Problem {
    let (status, rule, zh, en) = match error {
        NotDone::Elsewhere => (
            StatusCode::FORBIDDEN,
            "not_at_the_desk",
            "建账和声明损失只能由管理人员用命令行办理。",
            "The founding and a loss are recorded by the operator at the command line only.",
        ),
        NotDone::OtherDisclosure => (
            StatusCode::CONFLICT,
            "disclosure_moved",
            "公开内容与现在的记录不一致（期间有新登记，或有人更正）。请重新核对一次再签。",
            "What would be published is not what the record says now. Check it once more, then sign.",
        ),
        NotDone::Unknown => (
            StatusCode::NOT_FOUND,
            "no_draft",
            "没有这份草稿。它可能早已登记、撤回或失效；请回到待签列表看看。",
            "There is no such draft. It may have been recorded, taken back or have expired long ago: look at the list.",
        ),
        NotDone::NotOwn => (
            StatusCode::FORBIDDEN,
            "not_own_signature",
            "只能用登录的这把钥匙签自己的名。请核对钥匙，或退出后用另一把登录。",
            "Only the key that signed in signs here. Check the key, or sign in with the other one.",
        ),
        NotDone::Untrue => (
            StatusCode::CONFLICT,
            "signature_of_another",
            "签名与草稿现在的内容不符：草稿可能刚排到新登记之后。请刷新，重新看过再签。",
            "The signature is not over what the draft says now, which may just have changed. Load it again, read it, then sign.",
        ),
        NotDone::NoSeat => (
            StatusCode::FORBIDDEN,
            "no_seat",
            "这份草稿不需要您签：您没有它要求的岗位，或该岗位已有人签过。",
            "This draft does not need your signature: you hold none of the roles that are left.",
        ),
        NotDone::Moved => (
            StatusCode::CONFLICT,
            "draft_moved",
            "您签名之前，同一事项里有了新登记，草稿已排到它后面，内容要重新确认。请刷新，看清变化后再签；其他人也会被请重新签。",
            "Something entered the same stream before you signed; the draft now stands behind it. Load it again, see what changed, then sign; the others are asked again, too.",
        ),
        NotDone::NotYours => (
            StatusCode::FORBIDDEN,
            "not_your_draft",
            "只有起草人和要签这份草稿的人才能撤回它。",
            "Only who began a draft, and those who sign it, can take it back.",
        ),
        _ => (
            StatusCode::SERVICE_UNAVAILABLE,
            "no_inbox",
            "这台服务器没有设待签箱，不能存草稿。请用命令行起草，或联系管理人员。",
            "This server keeps no drafts. Draft at the command line, or tell the operator.",
        ),
    };
    let title = language.pick("没有办成", "not done");
    Problem::new(status, rule, title, language.pick(zh, en))
}
