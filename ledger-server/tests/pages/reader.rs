//! What a reader needs whoever they are: no script, links that lead somewhere, their language, large letters, a kind answer.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use axum::http::header::{ACCEPT, ACCEPT_LANGUAGE, COOKIE, IF_NONE_MATCH};

use crate::{all_pages, values, year};

#[test]
fn every_page_is_whole_without_a_script_and_loads_nothing_of_others() {
    let year = year();
    for path in all_pages().into_iter().chain(["/".to_owned()]) {
        let answer = year.get(&path);
        let html = answer.text();
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "public, max-age=2");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"),
            "{policy}"
        );
        assert!(
            html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"),
            "{path}"
        );
        assert!(html.contains("<html lang=\"zh-CN\">"), "{path}");
        assert_eq!(html.matches("<h1>").count(), 1, "{path}");
        assert!(
            !html.contains("style=\"") && !html.contains("onclick"),
            "{path}"
        );
        for script in html.split("<script").skip(1) {
            let own = [" src=\"/assets/page-", " src=\"/assets/form-"];
            assert!(own.iter().any(|own| script.starts_with(own)), "{path}");
        }
        if path.starts_with("/donglang/") && !path.ends_with("/charts") {
            assert!(
                html.contains("尚未在您的手机上核对") && html.contains("sanzi verify"),
                "{path}"
            );
        }
        let ids: Vec<String> = values(html, "id");
        assert_eq!(
            ids.len(),
            ids.iter().collect::<BTreeSet<_>>().len(),
            "{path}: {ids:?}"
        );
    }
}

#[test]
fn every_link_leads_somewhere() {
    let year = year();
    let mut links = BTreeSet::new();
    for path in all_pages() {
        for link in values(&year.page(&path), "href") {
            let link = link.split('#').next().unwrap().to_owned();
            let other_view = link.contains("lang=") || link.contains("large=");
            // Concerns are raised on a page of their own; most documents are not kept here.
            let elsewhere =
                link.ends_with("/ask") || link.contains("/documents/") || link.contains("/proof/");
            if !link.is_empty() && link != "data:," && !other_view && !elsewhere {
                assert!(link.starts_with('/'), "{path}: {link}");
                links.insert(link);
            }
        }
    }
    assert!(links.len() > 200);
    for link in links {
        assert_eq!(year.get(&link).status.as_u16(), 200, "{link}");
    }
}

#[test]
fn the_language_follows_the_reader_and_is_kept() {
    let year = year();
    let request = Request::get("/donglang")
        .header(ACCEPT_LANGUAGE, "en")
        .body(Body::empty());
    let answer = year.ask(request.unwrap());
    assert!(answer.text().contains("<html lang=\"en\">"));
    assert!(answer.header("vary").contains("accept-language"));
    for path in all_pages().iter().step_by(17) {
        let html = year.page(&format!("{path}?lang=en&large=1"));
        assert!(
            html.contains("<html lang=\"en\" class=\"large\">"),
            "{path}"
        );
        let own = values(&html, "href");
        let own = own
            .iter()
            .filter(|link| link.starts_with("/donglang") && !link.contains("/proof/"));
        for link in own.filter(|link| !link.contains("feed.atom")) {
            let kept = link.contains("lang=") || link.starts_with('#');
            assert!(kept, "{path}: {link}");
        }
        // No sentence of the other language but what the record itself says.
        assert!(
            !html.contains("尚未在您的手机上核对")
                && html.contains("Not checked on your telephone yet")
                || path.ends_with("charts")
        );
    }
}

#[test]
fn large_letters_are_remembered() {
    let year = year();
    let answer = year.get("/donglang?large=1");
    assert!(answer.header("set-cookie").starts_with("large=1;"));
    let again = Request::get("/donglang")
        .header(COOKIE, "large=1")
        .body(Body::empty())
        .unwrap();
    assert!(year.ask(again).text().contains("class=\"large\""));
    let smaller = Request::get("/donglang?large=0")
        .header(COOKIE, "large=1")
        .body(Body::empty())
        .unwrap();
    let smaller = year.ask(smaller);
    assert!(
        !smaller.text().contains("class=\"large\"")
            && smaller.header("set-cookie").contains("Max-Age=0")
    );
}

#[test]
fn a_reader_who_has_the_page_is_not_sent_it_again() {
    let year = year();
    let first = year.get("/donglang/charter");
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("W/\""));
    let again = Request::get("/donglang/charter")
        .header(IF_NONE_MATCH, &tag)
        .body(Body::empty());
    let again = year.ask(again.unwrap());
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    let other = Request::get("/donglang/charter?lang=en")
        .header(IF_NONE_MATCH, &tag)
        .body(Body::empty());
    assert_eq!(year.ask(other.unwrap()).status.as_u16(), 200);
}

#[test]
fn what_is_not_there_is_said_kindly_in_both_languages() {
    let year = year();
    let paths = [
        "/donglang/t/1999-001",
        "/donglang/t/%3Cscript%3E",
        "/donglang/d/1999-001/plan",
        "/donglang/d/2018-001/nowhere",
        "/donglang/e/999999",
        "/donglang/e/-1",
        "/donglang/c/none",
    ];
    for path in paths {
        let answer = year.get(path);
        assert_eq!(answer.status.as_u16(), 404, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(
            answer.text().contains("没有您要的内容") && !answer.text().contains("<script>"),
            "{path}"
        );
        let english = year.get(&format!("{path}?lang=en"));
        assert!(english.text().contains("There is nothing here"), "{path}");
    }
    let person = Request::get("/nowhere")
        .header(ACCEPT, "text/html,*/*;q=0.8")
        .body(Body::empty());
    let person = year.ask(person.unwrap());
    assert_eq!(person.status.as_u16(), 404);
    assert!(person.text().contains("没有您要的内容"));
    year.get("/nowhere").problem(404, "not_found");
}

#[test]
fn an_address_that_begins_with_another_site_makes_no_link_to_it() {
    let request = Request::get("//evil.example/t").header(ACCEPT, "text/html");
    let answer = year().ask(request.body(Body::empty()).unwrap());
    assert_eq!(answer.status.as_u16(), 404);
    for link in values(answer.text(), "href") {
        assert!(!link.starts_with("//"), "{link}");
    }
}
