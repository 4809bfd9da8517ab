//! The scripts and styles of the pages, embedded: built from `web/` by `build.rs`.
//!
//! The path of an asset holds a hash of its bytes, so that it may be kept for ever and a new build is
//! never mixed with an old one. Without the feature `pages` there are none.

use axum::Router;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::wire::FOR_EVER;

/// A worker lives by the policy of its own file, not of its page: it may read this site's log, nothing else.
const WORKER_POLICY: &str = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'";

/// One file, in the encodings that browsers take.
struct Asset {
    name: &'static str,
    path: &'static str,
    plain: &'static [u8],
    gzip: &'static [u8],
    brotli: &'static [u8],
}

static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Whether the residents' pages are in this build.
pub(crate) const HAS_PAGES: bool = cfg!(feature = "pages");

/// Where an asset is served: `/assets/page-<hash>.js` for `page.js`. Empty if there is none by that name.
pub(crate) fn path(name: &str) -> &'static str {
    let found = ASSETS.iter().find(|asset| asset.name == name);
    found.map_or("", |asset| asset.path)
}

/// The routes of the assets.
pub(crate) fn served() -> Router {
    ASSETS.iter().fold(Router::new(), |router, asset| {
        router.route(
            asset.path,
            get(move |headers: HeaderMap| async move { answer(asset, &headers) }),
        )
    })
}

fn answer(asset: &Asset, headers: &HeaderMap) -> Response {
    let kind = match asset.name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        _ => "text/javascript; charset=utf-8",
    };
    let (encoding, bytes) = if accepts(headers, "br") {
        (Some("br"), asset.brotli)
    } else if accepts(headers, "gzip") {
        (Some("gzip"), asset.gzip)
    } else {
        (None, asset.plain)
    };
    let always = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CACHE_CONTROL, FOR_EVER),
        (VARY, HeaderValue::from_static("accept-encoding")),
        (
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(WORKER_POLICY),
        ),
    ];
    let mut response = (always, bytes).into_response();
    if let Some(encoding) = encoding {
        let encoding = HeaderValue::from_static(encoding);
        response.headers_mut().insert(CONTENT_ENCODING, encoding);
    }
    response
}

/// Whether a browser names an encoding and does not refuse it with a weight of 0.
fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let stated = headers.get_all(ACCEPT_ENCODING).iter();
    let stated = stated.filter_map(|value| value.to_str().ok());
    stated.flat_map(|value| value.split(',')).any(|part| {
        let (name, weight) = part.split_once(';').unwrap_or((part, "q=1"));
        let weight = weight.trim().strip_prefix("q=").map(str::parse::<f32>);
        name.trim().eq_ignore_ascii_case(encoding) && !matches!(weight, Some(Ok(0.0)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))])
    }

    #[test]
    fn an_encoding_is_taken_only_where_it_is_named_and_not_refused() {
        assert!(accepts(&asks("gzip, deflate, br;q=0.9"), "br"));
        assert!(accepts(&asks("GZIP"), "gzip"));
        assert!(!accepts(&asks("gzip, br;q=0"), "br"));
        assert!(!accepts(&asks("brotli"), "br"));
        assert!(!accepts(&HeaderMap::new(), "br"));
    }
}
