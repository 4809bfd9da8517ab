//! The description for programs against the routes that there really are.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use scene::{Answer, Site, submission};
use serde_json::{Map, Value};

/// A part of a path, and two that may stand in its place.
type Sample = (&'static str, &'static str, &'static str);

/// What may stand in place of a parameter: something that is there, and something that is not.
const SAMPLES: [Sample; 12] = [
    ("{slug}", "donglang", "donglang"),
    ("{index}", "1", "77"),
    ("{transaction}", "2018-001", "2018-999"),
    ("{concern}", "y1", "y9"),
    ("{point}", "plan", "nowhere"),
    ("{sha256}", "00", "ff"),
    ("{commitment}", "00", "ff"),
    ("{draft}", "00", "ff"),
    ("{code}", "00", "ff"),
    (
        "tile/entries/{path}",
        "tile/entries/000.p/2",
        "tile/entries/x",
    ),
    ("{level}", "0", "9"),
    ("{path}", "000.p/2", "099"),
];

fn paths(document: &Value) -> &Map<String, Value> {
    document["paths"].as_object().unwrap()
}

fn filled(path: &str, with: fn(&Sample) -> &'static str) -> String {
    let fill = |path: String, sample: &Sample| path.replace(sample.0, with(sample));
    SAMPLES.iter().fold(path.to_owned(), fill)
}

/// An answer is as the operation says: one of its statuses and types, or else a problem.
fn is_described(operation: &Value, answer: &Answer) -> bool {
    let responses = &operation["responses"];
    let stated = &responses[answer.status.as_str()];
    let response = if stated.is_null() {
        &responses["default"]
    } else {
        stated
    };
    let kinds = response["content"].as_object().unwrap();
    kinds.contains_key(answer.header("content-type"))
}

fn ask(site: &Site, method: &str, path: &str) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = request.header(CONTENT_TYPE, "text/plain");
    site.ask(request.body(Body::empty()).unwrap())
}

#[test]
fn it_is_openapi_3_1_and_names_every_route() {
    let site = Site::new();
    let answer = site.get("/openapi.json");
    assert_eq!(answer.header("content-type"), "application/json");
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    let described: BTreeSet<&str> = paths(&document).keys().map(String::as_str).collect();
    let expected = BTreeSet::from([
        "/",
        "/api",
        "/healthz",
        "/ledgers.json",
        "/openapi.json",
        "/overview",
        "/overview.csv",
        "/overview.json",
        "/readyz",
        "/{slug}/",
        "/{slug}/c/{concern}",
        "/{slug}/c/{concern}/rate",
        "/{slug}/c/{concern}/text",
        "/{slug}/charter",
        "/{slug}/charts",
        "/{slug}/checkpoint",
        "/{slug}/concerns",
        "/{slug}/d/{transaction}/{point}",
        "/{slug}/d/{transaction}/{point}/print",
        "/{slug}/desk",
        "/{slug}/desk/challenge",
        "/{slug}/desk/charter",
        "/{slug}/desk/charter/proposed",
        "/{slug}/desk/charter/sheet",
        "/{slug}/desk/documents/{sha256}",
        "/{slug}/desk/drafts",
        "/{slug}/desk/drafts/{draft}",
        "/{slug}/desk/drafts/{draft}/json",
        "/{slug}/desk/drafts/{draft}/rebase",
        "/{slug}/desk/drafts/{draft}/signatures",
        "/{slug}/desk/enrol",
        "/{slug}/desk/enrolments",
        "/{slug}/desk/enrolments/{code}",
        "/{slug}/desk/import",
        "/{slug}/desk/import/report",
        "/{slug}/desk/import/template.csv",
        "/{slug}/desk/import/template.xlsx",
        "/{slug}/desk/keys",
        "/{slug}/desk/me",
        "/{slug}/desk/private/{commitment}",
        "/{slug}/desk/publish",
        "/{slug}/desk/record",
        "/{slug}/desk/record/{kind}",
        "/{slug}/desk/rehearse",
        "/{slug}/desk/session",
        "/{slug}/desk/typed",
        "/{slug}/documents/{sha256}",
        "/{slug}/e/{index}",
        "/{slug}/e/{index}/raw",
        "/{slug}/events",
        "/{slug}/feed.atom",
        "/{slug}/ledger.json",
        "/{slug}/private/{commitment}",
        "/{slug}/proof/{index}",
        "/{slug}/roster",
        "/{slug}/t/{transaction}",
        "/{slug}/t/{transaction}/ask",
        "/{slug}/tile/entries/{path}",
        "/{slug}/tile/{level}/{path}",
    ]);
    assert_eq!(described, expected);
}

#[test]
fn every_route_answers_as_described_and_to_no_other_method() {
    let site = Site::new();
    assert_eq!(site.submit(site.opening("2018-001")).status.as_u16(), 201);
    let document = site.get("/openapi.json").json();
    let two: [fn(&Sample) -> &'static str; 2] = [|sample| sample.1, |sample| sample.2];
    let mut good = 0;
    for (path, item) in paths(&document) {
        for method in ["get", "post", "put", "delete", "patch"] {
            let operation = &item[method];
            for with in two {
                let answer = ask(&site, &method.to_uppercase(), &filled(path, with));
                let status = answer.status.as_u16();
                if operation.is_null() {
                    assert_eq!(status, 405, "{method} {path}");
                    continue;
                }
                assert!(status != 405 && status < 500, "{method} {path}: {status}");
                assert!(
                    is_described(operation, &answer),
                    "{method} {path}: {status}"
                );
                good += usize::from(status == 200);
            }
        }
    }
    // All but the submission, the document, which is not kept, and the pages of a concern and a
    // publication, which nobody made; those without a parameter twice.
    assert_eq!(good, 5 + 2 * 22);
    let submit = &document["paths"]["/{slug}/events"]["post"];
    for status in [201, 200] {
        let path = "2018-002";
        let answer = site.ask(submission(site.opening(path)));
        assert_eq!(answer.status.as_u16(), status);
        assert!(is_described(submit, &answer));
    }
}

#[test]
fn its_references_and_parameters_are_declared() {
    fn references<'a>(value: &'a Value, to: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                to.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|value| references(value, to));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, to)),
            _ => {}
        }
    }
    let site = Site::new();
    let document = site.get("/openapi.json").json();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 10);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    for (path, item) in paths(&document) {
        let named: BTreeSet<&str> = path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split('}').next())
            .collect();
        let operations = ["get", "post", "put"].map(|method| &item[method]);
        for operation in operations.into_iter().filter(|one| !one.is_null()) {
            let lists = [&item["parameters"], &operation["parameters"]];
            let all = lists.into_iter().filter_map(Value::as_array).flatten();
            let (in_path, beside): (Vec<_>, Vec<_>) =
                all.partition(|parameter| parameter["in"] == "path");
            let declared: BTreeSet<&str> = in_path
                .into_iter()
                .map(|parameter| {
                    assert_eq!(parameter["required"], true, "{path}");
                    parameter["name"].as_str().unwrap()
                })
                .collect();
            assert_eq!(declared, named, "{path}");
            // Only what is signed has parameters beside the path.
            let names = beside.iter().map(|parameter| &parameter["name"]);
            let is_signed = names.clone().any(|name| name == "signature");
            assert_eq!(names.count() > 0, is_signed, "{path}");
        }
    }
}

/// Every text that people read.
fn texts<'a>(value: &'a Value, to: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if name == "description" || name == "summary" {
                    to.extend(value.as_str());
                }
                texts(value, to);
            }
        }
        Value::Array(items) => items.iter().for_each(|value| texts(value, to)),
        _ => {}
    }
}

#[test]
fn the_page_for_people_says_what_the_document_says_in_two_languages() {
    let site = Site::new();
    let document = site.get("/openapi.json").json();
    let (zh, en) = (site.get("/api?lang=zh"), site.get("/api?lang=en"));
    for answer in [&zh, &en] {
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-"),
            "{policy}"
        );
        assert!(
            !policy.contains("unsafe") && !policy.contains("script"),
            "{policy}"
        );
        let text = answer.text();
        for forbidden in ["<script", "style=", "<link", "<img", "@import"] {
            assert!(!text.contains(forbidden), "{forbidden}");
        }
        for (path, item) in paths(&document) {
            assert!(text.contains(&format!("<code>{path}</code>")), "{path}");
            let methods = ["get", "post", "put", "delete"];
            assert!(methods.iter().any(|method| item[method].is_object()));
        }
        assert!(text.contains("/donglang/proof/0\""));
        for rule in ledger_core::refusal::Refusal::RULES {
            assert!(text.contains(&format!("<code>{rule}</code>")), "{rule}");
        }
    }
    let [zh, en] = [zh, en].map(|answer| {
        let text = answer.text().replace("&#39;", "'");
        text.replace("&#60;", "<").replace("&#62;", ">")
    });
    let mut all = BTreeSet::new();
    texts(&document["paths"], &mut all);
    texts(&document["components"], &mut all);
    assert!(all.len() > 40);
    // Said once for all, at the top.
    all.retain(|text| !text.starts_with("A problem (RFC 9457)"));
    for text in all {
        let shown = text.replace('`', "");
        assert!(en.contains(&shown), "{text}");
        let is_foreign = !shown.starts_with("OpenAPI") && zh.contains(&shown);
        assert!(!is_foreign, "not in Chinese: {text}");
    }
    let english = ["accept-language", "en-GB,en"];
    let request = Request::get("/api").header(english[0], english[1]);
    let by_header = site.ask(request.body(Body::empty()).unwrap());
    assert!(by_header.text().contains("<html lang=\"en\">"));
    assert!(site.get("/api").text().contains("<html lang=\"zh-CN\">"));
}
