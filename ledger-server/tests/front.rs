//! What every request passes: whose it is, its id, how often it may come, and what all answers have.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use std::net::SocketAddr;
use std::num::NonZeroU32;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use ledger_server::{FrontOptions, Proxies, Rate, ReadyLimits, app_behind};
use scene::{Answer, Site, answer};

fn router(site: &Site, rate: Option<u32>) -> Router {
    let once = |per_second| Rate {
        per_second: NonZeroU32::new(per_second).unwrap(),
        burst: NonZeroU32::new(2).unwrap(),
    };
    let mut options = FrontOptions::default();
    options.proxies = Proxies {
        trusted: vec!["10.0.0.0/8".parse().unwrap()],
        ..Proxies::default()
    };
    options.rate = rate.map(once);
    app_behind(site.ledgers.clone(), options, ReadyLimits::default())
}

fn get(site: &Site, router: &Router, peer: &str, headers: &[(&str, &str)], path: &str) -> Answer {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::empty()).unwrap();
    let peer: SocketAddr = format!("{peer}:4711").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    site.runtime.block_on(answer(router.clone(), request))
}

#[test]
fn who_comes_too_often_is_told_when_to_come_again_and_others_are_answered() {
    let site = Site::new();
    let router = router(&site, Some(1));
    let of = |peer: &str, forwarded: &str| {
        let headers = [("x-forwarded-for", forwarded), ("accept-language", "en")];
        get(&site, &router, peer, &headers, "/donglang/checkpoint")
    };
    // A client cannot make itself another by a header.
    for number in 0..2 {
        let answer = of("192.0.2.1", &format!("198.51.100.{number}"));
        assert_eq!(answer.status.as_u16(), 200);
    }
    let refused = of("192.0.2.1", "198.51.100.7");
    let problem = refused.problem(429, "too_often");
    assert_eq!(problem["expected"], 1);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.header("access-control-allow-origin"), "*");
    assert_eq!(of("192.0.2.2", "192.0.2.1").status.as_u16(), 200);
    // Behind a trusted proxy every client has a measure of its own.
    for client in ["198.51.100.1", "198.51.100.2", "198.51.100.3"] {
        assert_eq!(of("10.0.0.1", client).status.as_u16(), 200, "{client}");
    }
    assert_eq!(of("10.0.0.1", "198.51.100.3").status.as_u16(), 200);
    assert_eq!(of("10.0.0.1", "198.51.100.3").status.as_u16(), 429);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(of("192.0.2.1", "").status.as_u16(), 200);
}

#[test]
fn a_request_keeps_its_id_if_that_can_stand_in_a_log() {
    let site = Site::new();
    let router = router(&site, None);
    let of = |id: &str, path: &str| {
        let headers = [("x-request-id", id)];
        get(&site, &router, "192.0.2.1", &headers, path)
    };
    let kept = of("proxy-1.a_B", "/nowhere");
    assert_eq!(kept.header("x-request-id"), "proxy-1.a_B");
    assert_eq!(kept.problem(404, "not_found")["request_id"], "proxy-1.a_B");
    let mut seen = std::collections::BTreeSet::new();
    for unfit in ["", "a b", "x\"y", "a=b", &"x".repeat(65)] {
        let answer = of(unfit, "/donglang/events");
        let id = answer.header("x-request-id").to_owned();
        assert_eq!(id.len(), 32, "{unfit:?}");
        assert_eq!(answer.problem(405, "method_not_allowed")["request_id"], *id);
        assert!(seen.insert(id));
    }
}

#[test]
fn every_answer_has_the_security_headers() {
    let site = Site::new();
    let router = router(&site, None);
    let of = |peer: &str, path: &str| {
        let headers = [
            ("x-forwarded-for", "192.0.2.9"),
            ("x-forwarded-proto", "https"),
        ];
        get(&site, &router, peer, &headers, path)
    };
    for path in [
        "/",
        "/ledgers.json",
        "/donglang/checkpoint",
        "/healthz",
        "/nowhere",
    ] {
        let answer = of("10.0.0.1", path);
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        let https_only = answer.header("strict-transport-security");
        assert_eq!(https_only, "max-age=31536000", "{path}");
        // Without HTTPS, or on the word of just anybody, a browser is not told so.
        let plain = of("192.0.2.9", path);
        assert!(!plain.headers.contains_key("strict-transport-security"));
    }
}

#[test]
fn what_browsers_ask_beforehand_counts_as_any_request() {
    let site = Site::new();
    let router = router(&site, Some(1));
    let beforehand = |peer: &str| {
        let mut request = Request::options("/donglang/events")
            .header("origin", "https://village.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type")
            .body(Body::empty())
            .unwrap();
        let peer: SocketAddr = format!("{peer}:4711").parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        site.runtime.block_on(answer(router.clone(), request))
    };
    let allowed = beforehand("192.0.2.1");
    assert_eq!(allowed.status.as_u16(), 200);
    assert_eq!(allowed.header("access-control-allow-origin"), "*");
    assert!(
        allowed
            .header("access-control-allow-methods")
            .contains("POST")
    );
    assert!(
        allowed
            .header("access-control-allow-headers")
            .contains("content-type")
    );
    assert_eq!(allowed.header("x-request-id").len(), 32);
    assert_eq!(beforehand("192.0.2.1").status.as_u16(), 200);
    let refused = beforehand("192.0.2.1");
    assert_eq!(refused.header("retry-after"), "1");
    refused.problem(429, "too_often");
    // It counts in the same measure.
    let headers = [("accept-language", "en")];
    let after = get(&site, &router, "192.0.2.1", &headers, "/healthz");
    let exposed = after.header("access-control-expose-headers");
    assert!(
        exposed.contains("retry-after") && exposed.contains("x-request-id"),
        "{exposed}"
    );
    after.problem(429, "too_often");
    assert_eq!(beforehand("192.0.2.2").status.as_u16(), 200);
}
