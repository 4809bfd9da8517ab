//! Errors as HTTP says them: problem details of RFC 9457, in the client's language.
//!
//! The one place where an error of the core becomes a status. `type` is `urn:sanzi:<rule>`, stable;
//! a refusal's own fields stand beside it. What went wrong inside the server is logged, not told.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, VARY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger_core::event::{NOTE_LIMIT, ParseError};
use ledger_core::language::Language;
use ledger_core::ledger::{AppendError, LedgerError};
use ledger_core::note::NoteError;
use ledger_core::refusal::{Class, Refusal};
use ledger_core::store::StoreError;
use ledger_core::witness::Rejection;
use serde_json::{Map, Value, json};

use crate::queue::SubmitError;
use crate::request_id;

/// An error as a client is told it. (问题)
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    rule: &'static str,
    title: String,
    detail: String,
    members: Map<String, Value>,
    retry_after_seconds: Option<u32>,
}

impl Problem {
    /// A problem with this status, the name of its rule, and what it is in a few words and in full.
    #[must_use]
    pub fn new(
        status: StatusCode,
        rule: &'static str,
        title: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            rule,
            title: title.into(),
            detail: detail.into(),
            members: Map::new(),
            retry_after_seconds: None,
        }
    }

    /// With a member of its own, as `expected` or `found`.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// With the time after which to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// The same with another status, and told in other words.
    pub(crate) fn restated(self, status: StatusCode, detail: String) -> Self {
        Self {
            status,
            detail,
            ..self
        }
    }

    /// Nothing is there: 404.
    #[must_use]
    pub fn not_found(language: Language) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            language.pick("没有这个地址", "not found"),
            language.pick(
                "这里没有您要的内容。请核对地址；本站的账本见 /ledgers.json。",
                "There is nothing here. Check the address; the ledgers of this site are in /ledgers.json.",
            ),
        )
    }

    /// There, but not to be used so: 405.
    #[must_use]
    pub fn method_not_allowed(language: Language) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            language.pick("不支持这种请求", "method not allowed"),
            language.pick(
                "这个地址不接受这种请求方法；可用的方法见 Allow。",
                "This address does not take that method; Allow names those that it takes.",
            ),
        )
    }

    /// More than a body may have: 413.
    #[must_use]
    pub fn too_large(limit_bytes: usize, found: Option<usize>, language: Language) -> Self {
        let problem = Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            language.pick("内容过长", "too large"),
            language.pick(
                format!("最多 {limit_bytes} 字节。请缩短文字，或把材料作为附件登记其摘要。"),
                format!(
                    "At most {limit_bytes} bytes. Shorten the text, or attach material by its digest."
                ),
            ),
        )
        .with("expected", limit_bytes);
        match found {
            Some(found) => problem.with("found", found),
            None => problem,
        }
    }

    /// Not a signed note by its type: 415.
    #[must_use]
    pub fn wrong_type(found: &str, language: Language) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "wrong_content_type",
            language.pick("内容类型不对", "wrong content type"),
            language.pick(
                "请以 Content-Type: text/plain; charset=utf-8 提交签名文书原文。",
                "Submit the signed note as it is, with Content-Type: text/plain; charset=utf-8.",
            ),
        )
        .with("expected", "text/plain; charset=utf-8")
        .with("found", found)
    }

    /// Too many from one address: 429.
    #[must_use]
    pub fn too_many(limit: usize, language: Language) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many",
            language.pick("提交过多", "too many"),
            language.pick(
                format!("同一地址最多有 {limit} 份提交同时等候。请稍后原样重发。"),
                format!(
                    "One address may have {limit} submissions waiting. Send the same again later."
                ),
            ),
        )
        .with("expected", limit)
        .retry_after(1)
    }

    /// Requests that come too fast from one address: 429.
    #[must_use]
    pub fn too_often(per_second: u32, language: Language) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_often",
            language.pick("请求过频", "too often"),
            language.pick(
                format!("同一地址每秒最多 {per_second} 次请求。请稍后重试。"),
                format!("One address may send {per_second} requests a second. Try again later."),
            ),
        )
        .with("expected", per_second)
        .retry_after(1)
    }

    /// A submission whose answer does not come: 503. It may yet be recorded.
    #[must_use]
    pub fn no_answer(language: Language) -> Self {
        unavailable(
            "no_answer",
            language.pick("写入迟迟没有完成", "writing takes too long"),
            5,
            language,
        )
    }

    /// A body that did not arrive: 408.
    #[must_use]
    pub fn too_slow(language: Language) -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "too_slow",
            language.pick("内容未收全", "body incomplete"),
            language.pick(
                "没有在规定时间内收到完整内容，什么也没有登记。请原样重发。",
                "The body did not arrive in time; nothing was recorded. Send the same again.",
            ),
        )
    }

    /// The server's own fault, which its operator finds in the log: 500.
    #[must_use]
    pub fn fault(language: Language) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "fault",
            language.pick("服务器出错", "server fault"),
            language.pick(
                "存储的数据读不出，或没有通过校验，因此不予提供。请联系管理员，或用镜像查阅。",
                "Stored data could not be read or did not pass its check, and so is not given out. Tell the operator, or use a mirror.",
            ),
        )
    }

    /// What a submission is answered with if it was not admitted.
    #[must_use]
    pub fn of_submission(error: &SubmitError, language: Language) -> Self {
        match error {
            SubmitError::Rejected(error) => match &**error {
                AppendError::Parse(error) => Self::of_parse(error, language),
                AppendError::Refused(refusal) => Self::of_refusal(refusal, language),
                AppendError::Ledger(error) => Self::of_write(error, language),
                _ => Self::fault(language),
            },
            SubmitError::Unavailable(error) => Self::of_write(error, language),
            SubmitError::QueueFull => unavailable(
                "queue_full",
                language.pick("排队已满", "queue full"),
                1,
                language,
            ),
            SubmitError::Stopped(_) => Self::stopped(language),
            SubmitError::Closing => unavailable(
                "closing",
                language.pick("服务正在停止", "shutting down"),
                10,
                language,
            ),
        }
    }

    /// What a rule answers: 403, 409 or 422.
    #[must_use]
    pub fn of_refusal(refusal: &Refusal, language: Language) -> Self {
        let status = match refusal.class() {
            Class::Authority => StatusCode::FORBIDDEN,
            Class::Conflict => StatusCode::CONFLICT,
            Class::Rule => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let mut problem = Self::new(
            status,
            refusal.rule(),
            refusal.title(language),
            refusal.detail(language),
        );
        if let Ok(Value::Object(mut members)) = serde_json::to_value(refusal) {
            // The tag is in `type` already.
            members.remove("rule");
            problem.members = members;
        }
        problem
    }

    /// Bytes that are not a signed event: 400, or 413 if there are too many of them.
    #[must_use]
    pub fn of_parse(error: &ParseError, language: Language) -> Self {
        let malformed = |rule, zh: &str, en: &str| {
            Self::new(
                StatusCode::BAD_REQUEST,
                rule,
                language.pick(zh, en),
                error.to_string(),
            )
        };
        match error {
            ParseError::TooLarge { limit, found } => {
                Self::too_large(*limit, Some(*found), language)
            }
            ParseError::Note(NoteError::Size { found }) => {
                Self::too_large(NOTE_LIMIT, Some(*found), language)
            }
            ParseError::Note(_) => {
                malformed("malformed_note", "签名文书格式不对", "malformed note")
            }
            ParseError::Canonical(_) => malformed(
                "forbidden_content",
                "含不允许的字符或数字",
                "forbidden content",
            ),
            ParseError::Event(fault) => {
                malformed("malformed_event", "事件字段不对", "malformed event")
                    .with("path", fault.path.as_str())
            }
            ParseError::Version { found } => {
                malformed("unknown_version", "版本不认识", "unknown version")
                    .with("expected", 1)
                    .with("found", *found)
            }
            ParseError::NotCanonical { position } => {
                malformed("not_canonical", "不是规范编码", "not canonical")
                    .with("position", *position)
            }
            ParseError::SignatureOrder { found } => malformed(
                "signature_order",
                "签名行次序不对",
                "signature lines out of order",
            )
            .with("found", found.as_str()),
            ParseError::SignatureForm { name } => {
                malformed("signature_form", "签名长度不对", "malformed signature")
                    .with("found", name.as_str())
            }
            _ => malformed("malformed", "格式不对", "malformed"),
        }
    }

    /// A ledger that cannot be written now: 503.
    #[must_use]
    pub fn of_write(error: &LedgerError, language: Language) -> Self {
        let rule = write_fault(error);
        match rule {
            "disk_full" => {
                let title = language.pick("磁盘已满", "disk full");
                unavailable(rule, title, 60, language)
            }
            _ => unavailable(
                rule,
                language.pick("现在不能登记", "cannot write now"),
                5,
                language,
            ),
        }
    }

    /// A ledger that does not sign any more until somebody has looked: 503.
    #[must_use]
    pub fn stopped(language: Language) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "signing_stopped",
            language.pick("账本已停止签署", "signing has stopped"),
            language.pick(
                "见证方看到的账本与本账本不一致，查明之前不再登记，什么也没有登记。已登记的照常可查。请联系账本管理员，原因见 /healthz。",
                "A witness has seen another history than this ledger's; nothing is recorded until that is cleared up. What is recorded can be read as ever. Tell the operator; /healthz has the reason.",
            ),
        )
        .retry_after(3600)
    }

    /// A request that a witness does not cosign: the status of tlog-witness.
    #[must_use]
    pub fn of_rejection(rejection: &Rejection, language: Language) -> Self {
        let (rule, zh, en) = match rejection {
            Rejection::Malformed(_) => ("malformed_request", "请求格式不对", "malformed request"),
            Rejection::UnknownLog { .. } => ("unknown_log", "没有登记这个日志", "unknown log"),
            Rejection::Signature(_) => ("log_signature", "日志签名不成立", "log signature"),
            Rejection::OldSize { .. } => ("old_size", "旧大小超过检查点", "old size too large"),
            Rejection::Conflict { .. } => ("conflict", "旧大小不是最新的", "another size is held"),
            Rejection::EmptyRoot { .. } => ("empty_root", "空树的树根不对", "wrong empty root"),
            Rejection::NeedlessProof { .. } => ("needless_proof", "证明多余", "needless proof"),
            Rejection::Inconsistent(_) => ("inconsistent", "与已见证的不连续", "inconsistent"),
            _ => ("not_cosigned", "不予见证", "not cosigned"),
        };
        let status = StatusCode::from_u16(rejection.status());
        let status = status.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
        Self::new(status, rule, language.pick(zh, en), rejection.to_string())
    }

    /// What a reader is answered with if the ledger has not what it asks for, or cannot be read.
    #[must_use]
    pub fn of_read(error: &LedgerError, language: Language) -> Self {
        if let LedgerError::NoEntry { index, size } = error {
            return Self::new(
                StatusCode::NOT_FOUND,
                "no_entry",
                language.pick("没有这一条", "no such entry"),
                language.pick(
                    format!("没有第 {index} 条，现有 {size} 条（从 0 数起）。"),
                    format!("There is no entry {index}; there are {size}, counted from 0."),
                ),
            )
            .with("found", *index)
            .with("size", *size);
        }
        tracing::error!(%error, "stored data could not be read");
        Self::fault(language)
    }

    /// The body: problem details in JSON, with the id of the request that is being answered.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut body = self.members.clone();
        body.insert("type".to_owned(), json!(format!("urn:sanzi:{}", self.rule)));
        body.insert("title".to_owned(), json!(self.title));
        body.insert("status".to_owned(), json!(self.status.as_u16()));
        body.insert("detail".to_owned(), json!(self.detail));
        if let Some(id) = request_id::current() {
            body.insert("request_id".to_owned(), json!(id));
        }
        Value::Object(body)
    }
}

/// The rule's name for a ledger that cannot be written.
pub(crate) fn write_fault(error: &LedgerError) -> &'static str {
    match error {
        LedgerError::Store(StoreError::Full { .. }) => "disk_full",
        _ => "cannot_write",
    }
}

fn unavailable(rule: &'static str, title: &str, seconds: u32, language: Language) -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        rule,
        title,
        language.pick(
            "本次没有得到回执。请稍后原样重发：同一内容最多登记一次。",
            "There is no receipt this time. Send the same bytes again later: nothing is ever recorded twice.",
        ),
    )
    .retry_after(seconds)
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.to_json().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(VARY, HeaderValue::from_static("accept-language"));
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
