//! What a form says above itself when what was written in it was not taken: why, where, and what to do.
//!
//! Knows no form: raising a concern and rating its answer say the same.

use axum::http::StatusCode;
use ledger_core::ledger::AppendError;

use crate::intake::IntakeError;
use crate::intake::words::{Piece, Unfit};
use crate::queue::SubmitError;

/// What to say above the form.
#[derive(Clone, Default)]
pub(super) struct Told {
    pub(super) faults: Vec<String>,
    /// The text with what may not stay in it marked.
    pub(super) marked: Vec<Piece>,
    pub(super) retry_after: Option<u64>,
}

impl Told {
    pub(super) fn of(fault: impl Into<String>) -> Self {
        Self {
            faults: vec![fault.into()],
            ..Self::default()
        }
    }
}

/// Why a text is not taken, and where.
pub(super) fn told_of(unfit: Unfit, l: ledger_core::Language) -> Told {
    match unfit {
        Unfit::Empty => Told::of(l.pick("请写下您的意见。", "Write what you have to say.")),
        Unfit::TooLong { found, most } => Told::of(l.pick(
            format!("最多 {most} 个字，现有 {found} 个，请删短些；更长的可以分两次提。"),
            format!("At most {most} characters; found {found}. Shorten it, or raise two concerns."),
        )),
        Unfit::Marked(marked) => Told {
            marked,
            ..Told::of(l.pick(
                "账本是公开的，下面标出的地方不能写进去。请在文字里删掉或改掉这些地方，再提交；其他内容都还在。",
                "The ledger is public, and the places marked below may not stand in it. Take them out of the text and submit it again; the rest is kept.",
            ))
        },
    }
}

pub(super) fn stale(l: ledger_core::Language) -> &'static str {
    l.pick(
        "这张表放得太久，或者服务器重新启动过，没有提交。已换成新表，您写的都还在，请再按一次“提交”。",
        "This form is too old, or the server was restarted; it was not filed. Here is a new one with all that you wrote: submit it again.",
    )
}

pub(super) fn early(l: ledger_core::Language, seconds: u64) -> String {
    l.pick(
        format!("为防止机器刷屏，请再等 {seconds} 秒，然后再按一次“提交”。您写的都还在。"),
        format!("To hold programs back, wait {seconds} more seconds and submit again. All that you wrote is kept."),
    )
}

pub(super) fn flood(l: ledger_core::Language) -> &'static str {
    l.pick(
        "同一网络刚提交了很多条，请过几分钟再按“提交”，或到下面写的地方当面提。您写的都还在。",
        "Too much came from your network just now. Submit again in a few minutes, or turn to the office named below. All that you wrote is kept.",
    )
}

pub(super) fn busy(l: ledger_core::Language) -> &'static str {
    l.pick(
        "现在写不进账本，没有提交成。您写的都还在，请过一会儿再按“提交”；重复提交也只算一条。",
        "The ledger cannot be written now; nothing was filed. All that you wrote is kept: submit it again later. Sending it twice files it once.",
    )
}

/// What to say of a filing that failed, and with which status.
pub(super) fn refused(error: &IntakeError, l: ledger_core::Language) -> (StatusCode, Told) {
    if let IntakeError::Submit(SubmitError::Rejected(rejected)) = error
        && let AppendError::Refused(refusal) = &**rejected
    {
        let said = format!("{}：{}", refusal.title(l), refusal.detail(l));
        return (StatusCode::UNPROCESSABLE_ENTITY, Told::of(said));
    }
    tracing::warn!(%error, "a resident's form could not be filed");
    (StatusCode::SERVICE_UNAVAILABLE, Told::of(busy(l)))
}
