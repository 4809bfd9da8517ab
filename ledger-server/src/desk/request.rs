//! What every request to the desk is held to, before anybody looks at what it asks for.
//!
//! A request that changes something comes from a page of this very site, with a body that no form of
//! another site can send; and with a session. Each answer says what was missing and what to do.

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger_core::Language;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::session::Sitting;
use crate::api;
use crate::catalogue::NoView;
use crate::client::Client;
use crate::fault::in_language;
use crate::problem::Problem;
use crate::served::{Served, Snapshot};

/// The longest body of the desk's own, in bytes: a statement as JSON with room for a charter.
pub(crate) const LIMIT: usize = 256 * 1024;

/// The host that a request was sent to, as its sender has it.
pub(crate) fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(HOST)?.to_str().ok()
}

/// Whether a page of this very site sent it, as every browser that can sign says.
pub(crate) fn own_site(request: &Request, language: Language) -> Result<(), Problem> {
    let client = request.extensions().get::<Client>();
    if is_own(
        request.headers(),
        client.is_some_and(|client| client.is_secure),
    ) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "another_site",
        language.pick("从别的网站提交的", "sent from another site"),
        language.pick(
            "工作台只接受从本站网页发出的操作，什么都没有改。请直接打开本站的工作台再做。",
            "The desk takes only what a page of this site sends; nothing was changed. Open this site's own desk and do it there.",
        ),
    ))
}

/// As the headers say; what came by HTTPS is sent by no page that did not.
fn is_own(headers: &HeaderMap, is_secure: bool) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let fetched = text("sec-fetch-site");
    let origin = text(ORIGIN.as_str()).map(|origin| {
        let (scheme, authority) = origin.split_once("://").unwrap_or_default();
        let is_web = scheme == "https" || (scheme == "http" && !is_secure);
        is_web && Some(authority) == host(headers)
    });
    match (fetched, origin) {
        (Some("same-origin"), None | Some(true)) | (None, Some(true)) => true,
        (Some(_), _) | (None, None | Some(false)) => false,
    }
}

/// Who sits there.
pub(crate) fn sitting(
    ledger: &Served,
    snapshot: &Snapshot,
    headers: &HeaderMap,
    language: Language,
) -> Result<Sitting, Problem> {
    Sitting::at(ledger, snapshot, headers).ok_or_else(|| signed_out(language))
}

/// A request of a member that changes something, from a page of this site.
pub(crate) fn asking(
    ledger: &Served,
    request: &Request,
    language: Language,
) -> Result<Sitting, Problem> {
    own_site(request, language)?;
    sitting(ledger, &ledger.snapshot(), request.headers(), language)
}

fn signed_out(language: Language) -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "signed_out",
        language.pick("没有登录", "signed out"),
        language.pick(
            "还没有登录，或登录已经结束（超时、退出、离任或换了钥匙）。请用现用的钥匙重新登录，填写的内容不会丢。",
            "Nobody is signed in here, or the session has ended (by time, signing out, end of office or another key). Sign in with the key in use; nothing that was filled in is lost.",
        ),
    )
}

/// The body, read from JSON.
pub(crate) async fn json<T: DeserializeOwned>(
    request: Request,
    language: Language,
) -> Result<T, Problem> {
    let stated = request.headers().get(CONTENT_TYPE);
    let stated = stated
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let kind = stated.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let found: String = stated.chars().take(160).collect();
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "wrong_content_type",
            language.pick("内容类型不对", "wrong content type"),
            language.pick(
                "请以 Content-Type: application/json 提交。",
                "Send it with Content-Type: application/json.",
            ),
        )
        .with("expected", "application/json")
        .with("found", found));
    }
    let body: Bytes = api::body(request, LIMIT, language).await?;
    let mut read = serde_json::Deserializer::from_slice(&body);
    serde_path_to_error::deserialize(&mut read).map_err(|error| {
        let said = in_language(&error.inner().to_string(), language);
        let path = error.path().to_string();
        Problem::new(
            StatusCode::BAD_REQUEST,
            "malformed_json",
            language.pick("请求内容有误", "malformed request"),
            language.pick(
                format!("请求里的 {path} 有误：{said}。请刷新网页后再试。"),
                format!(
                    "{path} of the request is at fault: {said}. Load the page again and retry."
                ),
            ),
        )
        .with("path", path)
    })
}

/// Works where waiting for a disk holds up nobody.
pub(crate) async fn working<T: Send + 'static>(
    language: Language,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        tracing::error!(%error, "the desk broke off");
        Err(Problem::fault(language))
    })
}

/// What is answered while the log is still being read, or cannot be.
pub(crate) fn no_view(no_view: NoView, language: Language) -> Problem {
    match no_view {
        NoView::Failed(error) => Problem::of_read(&error, language),
        NoView::Behind { done, all } => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "reading",
            language.pick("正在整理账本", "the ledger is being read"),
            language.pick(
                format!("服务器刚启动，正在通读账本（{done}/{all}）。请稍后再试，填写的内容不会丢。"),
                format!("The server has just started and reads the ledger ({done}/{all}). Try again in a moment; nothing that was filled in is lost."),
            ),
        )
        .with("done", done)
        .with("all", all)
        .retry_after(2),
    }
}

/// An answer in JSON that no cache keeps.
pub(crate) fn answered(status: StatusCode, value: &impl Serialize) -> Response {
    let body = serde_json::to_string(value).unwrap_or_default();
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, body).into_response()
}

/// An answer that says no more than that it is done.
pub(super) fn done() -> Response {
    let no_store = HeaderValue::from_static("no-store");
    (StatusCode::NO_CONTENT, [(CACHE_CONTROL, no_store)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_this_site_changes_anything() {
        let of = |headers: &[(&'static str, &'static str)]| {
            let pairs = headers.iter().map(|(name, value)| {
                (
                    axum::http::HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            });
            is_own(&pairs.collect(), false)
        };
        let host = ("host", "a.example:1");
        assert!(of(&[host, ("origin", "http://a.example:1")]));
        assert!(of(&[host, ("sec-fetch-site", "same-origin")]));
        for bad in [
            &[host][..],
            &[host, ("origin", "null")],
            &[host, ("origin", "http://a.example")],
            &[host, ("origin", "https://b.example:1")],
            &[host, ("sec-fetch-site", "none")],
            &[host, ("sec-fetch-site", "same-site")],
            &[
                host,
                ("sec-fetch-site", "cross-site"),
                ("origin", "http://a.example:1"),
            ],
            &[
                host,
                ("sec-fetch-site", "same-origin"),
                ("origin", "http://b.example"),
            ],
            &[("origin", "http://a.example:1")],
        ] {
            assert!(!of(bad), "{bad:?}");
        }
        // What came by HTTPS is not of a page that came without.
        let from = |origin: &'static str| {
            let headers = [(HOST, "a.example"), (ORIGIN, origin)];
            let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
            is_own(&HeaderMap::from_iter(headers), true)
        };
        assert!(from("https://a.example"));
        assert!(!from("http://a.example"));
    }
}
