//! The id of the request that is being answered, for whoever writes a part of its answer.
//!
//! Comes in as `x-request-id`, or is made here; knows nothing of what is asked.

use axum::http::{HeaderMap, HeaderName};
use data_encoding::HEXLOWER;

/// The header of a request's id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken over.
const ID_LIMIT: usize = 64;

tokio::task_local! {
    /// What [`current`] gives.
    pub(crate) static CURRENT: String;
}

/// The id of the request that is being answered; `None` outside of one.
pub(crate) fn current() -> Option<String> {
    CURRENT.try_with(String::clone).ok()
}

/// The id that a request came with, if it can stand in a log; otherwise a new one.
pub(crate) fn of(headers: &HeaderMap) -> String {
    given(headers).unwrap_or_else(made)
}

fn given(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_fit = (1..=ID_LIMIT).contains(&id.len()) && id.bytes().all(is_plain);
    is_fit.then(|| id.to_owned())
}

fn made() -> String {
    let mut bytes = [0; 16];
    // Without randomness requests share an id, which is no reason not to answer them.
    let _ = getrandom::fill(&mut bytes);
    HEXLOWER.encode(&bytes)
}
