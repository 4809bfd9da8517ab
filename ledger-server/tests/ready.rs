//! When `/readyz` says that a server should get no requests, and what `/metrics` counts.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use ledger_server::{
    FrontOptions, Ledgers, Metrics, Options, ReadyLimits, SigningStop, Writer, app_behind,
    metrics_app,
};
use scene::folder::{DataFolder, hosting, ledger_of};
use scene::{Answer, Site, answer, submission};
use serde_json::{Value, json};

fn router(ledgers: &Ledgers, limits: ReadyLimits) -> Router {
    app_behind(ledgers.clone(), FrontOptions::default(), limits)
}

fn get(site: &Site, router: &Router, path: &str) -> Answer {
    let request = Request::get(path).body(Body::empty()).unwrap();
    site.runtime.block_on(answer(router.clone(), request))
}

/// What is named as a fault.
fn faults(site: &Site, router: &Router) -> Value {
    let answer = get(site, router, "/readyz");
    answer.problem(503, "not_ready")["faults"].clone()
}

fn is_ready(site: &Site, router: &Router) -> bool {
    let answer = get(site, router, "/readyz");
    answer.status.as_u16() == 200 && answer.text() == "ready\n"
}

#[test]
fn it_is_not_ready_while_a_submission_waits_too_long() {
    let site = Site::new();
    let mut limits = ReadyLimits::default();
    limits.longest_wait = Duration::from_millis(200);
    let router = router(&site.ledgers, limits);
    assert!(is_ready(&site, &router));
    let closed = site.gate.lock().unwrap();
    let note = site.opening("2018-001");
    let sent = site.runtime.spawn(answer(router.clone(), submission(note)));
    // One that waits is no fault yet.
    assert!(is_ready(&site, &router));
    std::thread::sleep(Duration::from_millis(400));
    let found = &faults(&site, &router)[0];
    assert_eq!(found["rule"], "checkpoint_late");
    assert_eq!(found["slug"], "donglang");
    drop(closed);
    let sent = site.runtime.block_on(sent).unwrap();
    assert_eq!(sent.status.as_u16(), 201);
    assert!(is_ready(&site, &router));
}

#[test]
fn it_is_not_ready_when_the_disk_is_nearly_full_or_gone() {
    let site = Site::new();
    let of = |folder: &Path, free_bytes| {
        let mut limits = ReadyLimits::default();
        limits.folder = Some(folder.to_owned());
        limits.free_bytes = free_bytes;
        router(&site.ledgers, limits)
    };
    let kept = tempfile::tempdir().unwrap();
    assert!(is_ready(&site, &of(kept.path(), 1)));
    let found = &faults(&site, &of(kept.path(), u64::MAX))[0];
    assert_eq!(found["rule"], "disk_nearly_full");
    assert!(found["found_bytes"].as_u64().unwrap() > 0);
    let gone = kept.path().join("gone");
    let found = faults(&site, &of(&gone, 1));
    assert_eq!(found, json!([{ "rule": "disk_unknown" }]));
}

#[test]
fn it_is_not_ready_when_a_ledger_cannot_be_written_or_does_not_sign() {
    let site = Site::new();
    let router_of_site = router(&site.ledgers, ReadyLimits::default());
    site.store.full.store(true, Ordering::SeqCst);
    site.submit(site.opening("2018-001"))
        .problem(503, "disk_full");
    let found = faults(&site, &router_of_site);
    assert_eq!(found, json!([{ "rule": "disk_full", "slug": "donglang" }]));

    let data = DataFolder::new();
    let folder = data.open();
    let mut stopped = hosting(ledger_of(&folder).0);
    let reason = data.file("stopped", "a witness holds more");
    stopped.stop = Arc::new(SigningStop::kept_in(reason).unwrap());
    let (ledgers, writer) = Writer::start(vec![stopped], Options::default()).unwrap();
    let found = faults(&site, &router(&ledgers, ReadyLimits::default()));
    assert_eq!(
        found,
        json!([{ "rule": "signing_stopped", "slug": "donglang" }])
    );
    site.runtime.block_on(writer.stop()).unwrap();
}

#[test]
fn metrics_count_answers_by_route_and_are_not_public() {
    let site = Site::new();
    let metrics = Arc::new(Metrics::default());
    let mut options = FrontOptions::default();
    options.metrics = Arc::clone(&metrics);
    let public = app_behind(site.ledgers.clone(), options, ReadyLimits::default());
    let kept = tempfile::tempdir().unwrap();
    let mut limits = ReadyLimits::default();
    limits.folder = Some(kept.path().to_owned());
    let private = metrics_app(site.ledgers.clone(), metrics, limits);
    for number in 0..3 {
        let note = site.opening(&format!("2018-{number}"));
        let sent = site
            .runtime
            .block_on(answer(public.clone(), submission(note)));
        assert_eq!(sent.status.as_u16(), 201);
    }
    let sent = site
        .runtime
        .block_on(answer(public.clone(), submission("x")));
    assert_eq!(sent.status.as_u16(), 400);
    // What a client makes up is no label.
    get(&site, &public, "/made/up/1");
    get(&site, &public, "/donglang/proof/2");
    get(&site, &public, "/metrics").problem(404, "not_found");

    let begun = Instant::now();
    let told = get(&site, &private, "/metrics");
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(
        told.header("content-type")
            .starts_with("application/openmetrics-text")
    );
    let text = told.text();
    for line in [
        r#"sanzi_answers_total{method="POST",route="/donglang/events",status="201"} 3"#,
        r#"sanzi_answers_total{method="POST",route="/donglang/events",status="400"} 1"#,
        r#"sanzi_answers_total{method="GET",route="/donglang/proof/{index}",status="200"} 1"#,
        r#"sanzi_answers_total{method="GET",route="",status="404"} 2"#,
        r#"sanzi_answer_seconds_count{route="/donglang/events"} 4"#,
        r#"sanzi_ledger_entries{slug="donglang"} 4"#,
        r#"sanzi_ledger_writable{slug="donglang"} 1"#,
        r#"sanzi_ledger_signing_stopped{slug="donglang"} 0"#,
        r#"sanzi_ledger_waiting{slug="donglang"} 0"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(!text.contains("made"), "{text}");
    let free = text
        .lines()
        .find(|line| line.starts_with("sanzi_disk_free_bytes "));
    assert!(!free.unwrap().ends_with(" 0"));
    assert!(text.ends_with("# EOF\n"));
}
