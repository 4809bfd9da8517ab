//! The pages for people, as a browser is given them: complete, bound to the entries, and harmless.
#![cfg(feature = "pages")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod code;
mod scene;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::{ACCEPT, ACCEPT_LANGUAGE, COOKIE, IF_NONE_MATCH};
use ledger_core::PublicationPoint;
use ledger_core::audit::Replay;
use ledger_core::category::Category;
use ledger_core::event::LoggedEntry;
use ledger_core::money::Fen;
use ledger_core::state::State;
use ledger_core::store::Store as _;
use ledger_core::totals::{By, totals};
use ledger_core::transaction::Phase;
use ledger_server::demo::{DEFAULT_SEED, build_year};
use ledger_server::{Hosting, Options, Writer, app};
use scene::{Answer, SharedMemory, Site, answer, at, signed, verification};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// The demonstration year behind a router.
struct Year {
    entries: Vec<Vec<u8>>,
    router: Router,
    runtime: Runtime,
    state: State,
    _writer: Writer,
}

fn year() -> &'static Year {
    static YEAR: OnceLock<Year> = OnceLock::new();
    YEAR.get_or_init(|| {
        let store = SharedMemory::default();
        let ledger = build_year(store.clone(), DEFAULT_SEED, &mut |_, _| {}).unwrap();
        let count = usize::try_from(store.size()).unwrap();
        let entries = store.entries(0, count).unwrap();
        let mut replay = Replay::new();
        for bytes in &entries {
            replay.feed(bytes).unwrap();
        }
        let hosting = Hosting {
            desk: None,
            intake: None,
            ledger,
            policy: None,
            reopen: Box::new(|| Err(ledger_core::ledger::LedgerError::Failed)),
            stop: std::sync::Arc::default(),
        };
        let (ledgers, writer) = Writer::start(vec![hosting], Options::default()).unwrap();
        Year {
            entries,
            router: app(ledgers),
            runtime: Runtime::new().unwrap(),
            state: replay.state().clone(),
            _writer: writer,
        }
    })
}

impl Year {
    fn ask(&self, request: Request<Body>) -> Answer {
        self.runtime.block_on(answer(self.router.clone(), request))
    }

    fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).unwrap())
    }

    fn page(&self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text());
        answer.text().to_owned()
    }
}

/// The values of an attribute, as they are meant.
fn values(html: &str, attribute: &str) -> Vec<String> {
    let start = format!(" {attribute}=\"");
    let parts = html.split(&start).skip(1);
    parts
        .map(|rest| plain(rest.split('"').next().unwrap()))
        .collect()
}

/// Text as it is read.
fn plain(html: &str) -> String {
    html.replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
}

/// A value of an entry on a page.
#[derive(Debug)]
struct Fact {
    entry: u64,
    at: String,
    form: String,
    text: String,
}

fn facts(html: &str) -> Vec<Fact> {
    let parts = html.split("data-entry=\"").skip(1);
    parts
        .map(|rest| {
            let mut quoted = rest.split('"');
            let entry = quoted.next().unwrap().parse().unwrap();
            assert_eq!(quoted.next().unwrap(), " data-at=");
            let at = plain(quoted.next().unwrap());
            assert_eq!(quoted.next().unwrap(), " data-as=");
            let form = quoted.next().unwrap().to_owned();
            let text = rest
                .split_once('>')
                .unwrap()
                .1
                .split("</bdi>")
                .next()
                .unwrap();
            Fact {
                entry,
                at,
                form,
                text: plain(text),
            }
        })
        .collect()
}

/// The paths to every page worth looking at: those of the ledger, and of each transaction.
fn all_pages() -> Vec<String> {
    let year = year();
    let mut paths: Vec<String> = [
        "",
        "/charter",
        "/roster",
        "/charts",
        "/concerns",
        "/e/0",
        "/e/1",
    ]
    .into_iter()
    .map(|path| format!("/donglang{path}"))
    .collect();
    for (place, transaction) in year.state.transactions().enumerate() {
        let id = &transaction.id;
        // All that went another way than straight on, and some of the others.
        let straight = transaction.detours.is_empty() && transaction.notes.is_empty();
        if straight && place % 6 > 0 {
            continue;
        }
        paths.push(format!("/donglang/t/{id}"));
        for point in PublicationPoint::ALL {
            if transaction.record(point.step()).is_some() {
                paths.push(format!("/donglang/d/{id}/{point}"));
            }
        }
    }
    let concerns = year.state.concerns();
    paths.extend(concerns.map(|concern| format!("/donglang/c/{}", concern.id)));
    let events = year.entries.len();
    paths.extend(
        (0..events)
            .step_by(90)
            .map(|index| format!("/donglang/e/{index}")),
    );
    paths
}

/// The text that a browser makes of a value in an entry.
fn rendered(value: &Value, form: &str) -> Option<String> {
    let grouped = |text: &str| {
        let parts: Vec<&str> = (0..text.len())
            .step_by(4)
            .map(|at| &text[at..text.len().min(at + 4)])
            .collect();
        parts.join(" ")
    };
    Some(match form {
        "text" | "date" => value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned),
        "number" => value.to_string(),
        "hash" => grouped(value.as_str()?),
        "money" => format!("{} 元", Fen::new(value.as_u64()?).ok()?),
        "datetime" => {
            let text = value.as_str()?;
            let time = text
                .parse::<ledger_core::StatedTime>()
                .map(|time| time.instant());
            let time = time
                .or_else(|_| text.parse::<ledger_core::LogTime>())
                .ok()?;
            time.display_at(480)
        }
        _ => return None,
    })
}

#[test]
fn every_value_on_every_page_is_the_one_that_its_entry_holds() {
    let year = year();
    let entries: Vec<Value> = year
        .entries
        .iter()
        .map(|bytes| {
            let logged = LoggedEntry::parse(bytes).unwrap();
            let mut value: Value = serde_json::from_str(logged.signed.note().text()).unwrap();
            value["received"] = json!(logged.received_at);
            value["leaf"] = json!(ledger_core::hash::Hash::leaf(bytes));
            let names = logged.signed.note().signatures().iter();
            let names = names.map(|line| line.name().rsplit('/').next().unwrap().to_owned());
            value["signers"] = names.collect();
            value
        })
        .collect();
    let roster = &year.state.ledger().unwrap().roster;
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for path in all_pages() {
        let html = year.page(&path);
        let listed = &values(&html, "data-entries")[0];
        let listed: BTreeSet<u64> = serde_json::from_str(listed).unwrap();
        let founding: Vec<u64> =
            serde_json::from_str(&values(&html, "data-ledger-entries")[0]).unwrap();
        for fact in facts(&html) {
            let known = listed.contains(&fact.entry) || founding.contains(&fact.entry);
            assert!(known, "{path}: {fact:?} is not among the page's entries");
            let entry = &entries[usize::try_from(fact.entry).unwrap()];
            let value = entry.pointer(&fact.at);
            let value = value.unwrap_or_else(|| panic!("{path}: {fact:?} is not there"));
            match fact.form.as_str() {
                "word" => assert!(
                    !fact.text.is_empty() && value.is_string() || value.is_boolean(),
                    "{path}: {fact:?}"
                ),
                "member" => {
                    let id = value.as_str().unwrap().parse().unwrap();
                    assert_eq!(
                        fact.text,
                        roster.member(&id).unwrap().name.as_str(),
                        "{path}"
                    );
                }
                form => assert_eq!(
                    Some(&fact.text),
                    rendered(value, form).as_ref(),
                    "{path}: {fact:?}"
                ),
            }
            *seen.entry(fact.form).or_default() += 1;
        }
    }
    for form in [
        "text", "date", "number", "hash", "money", "datetime", "word", "member",
    ] {
        assert!(
            seen.get(form).is_some_and(|count| *count > 50),
            "{form}: {seen:?}"
        );
    }
}

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
fn a_transaction_s_page_tells_its_course() {
    let year = year();
    for transaction in year.state.transactions() {
        let html = year.page(&format!("/donglang/t/{}", transaction.id));
        assert_eq!(
            html.matches("<li class=\"step ").count(),
            16,
            "{}",
            transaction.id
        );
        let shown: BTreeSet<String> = values(&html, "id")
            .into_iter()
            .filter(|id| id.starts_with('e'))
            .collect();
        for recorded in transaction.recordings() {
            assert!(
                shown.contains(&format!("e{}", recorded.index)),
                "{}: {}",
                transaction.id,
                recorded.index
            );
        }
        for superseded in &transaction.superseded {
            let article = html
                .split(&format!("id=\"e{}\"", superseded.passed.recorded.index))
                .nth(1)
                .unwrap();
            let article = article.split("</article>").next().unwrap();
            assert!(
                article.contains("已作废")
                    && article.contains(&format!("/donglang/e/{}\"", superseded.by))
            );
        }
        for passed in transaction
            .passed
            .iter()
            .filter(|passed| passed.recorded.recorded_late)
        {
            let article = html
                .split(&format!("id=\"e{}\"", passed.recorded.index))
                .nth(1)
                .unwrap();
            assert!(article.split("</article>").next().unwrap().contains("补录"));
        }
        for concern in transaction.concerns.raised() {
            let link = format!("href=\"/donglang/c/{concern}\"");
            assert_eq!(html.matches(&link).count(), 1, "{concern}");
        }
        let completed = matches!(transaction.phase, Phase::Completed(_));
        assert_eq!(html.contains("十六个环节已全部办完"), completed);
        assert!(html.contains(&format!("/donglang/t/{}/ask", transaction.id)));
    }
}

#[test]
fn what_was_corrected_shows_both_values() {
    let year = year();
    let corrected = year.state.transactions().find(|transaction| {
        transaction
            .passed
            .iter()
            .any(|passed| !passed.corrected_by.is_empty())
    });
    let corrected = corrected.unwrap();
    let passed = corrected
        .passed
        .iter()
        .find(|passed| !passed.corrected_by.is_empty())
        .unwrap();
    let html = year.page(&format!("/donglang/t/{}", corrected.id));
    let article = html
        .split(&format!("id=\"e{}\"", passed.recorded.index))
        .nth(1)
        .unwrap();
    let article = article.split("</article>").next().unwrap();
    let by = passed.corrected_by[0];
    let facts = facts(article);
    assert!(
        facts
            .iter()
            .any(|fact| fact.entry == by && fact.at.starts_with("/event/value")),
        "{article}"
    );
    let was = article.split("<del>").nth(1).unwrap();
    assert!(
        was.contains(&format!("data-entry=\"{}\"", passed.recorded.index)),
        "{was}"
    );
}

#[test]
fn the_list_is_filtered_by_each_condition_and_says_what_it_cannot_read() {
    let year = year();
    let ids = |query: &str| {
        let mut found = BTreeSet::new();
        let mut next = Some(format!("/donglang?{query}"));
        while let Some(path) = next {
            let html = year.page(&path);
            let list = html.split("id=\"list\"").nth(1).unwrap();
            let rows = list.split("<bdi class=\"id\">").skip(1);
            found.extend(rows.map(|row| row.split('<').next().unwrap().to_owned()));
            let link = list.split("rel=\"next\" href=\"").nth(1);
            next = link.map(|link| plain(link.split('"').next().unwrap()));
        }
        found
    };
    let expected = |takes: &dyn Fn(&ledger_core::transaction::Transaction) -> bool| {
        let all = year
            .state
            .transactions()
            .filter(|transaction| takes(transaction));
        all.map(|transaction| transaction.id.to_string())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(ids(""), expected(&|_| true));
    assert_eq!(
        ids("category=lease"),
        expected(&|t| t.category() == Some(Category::Lease))
    );
    assert_eq!(
        ids("step=completed"),
        expected(&|t| matches!(t.phase, Phase::Completed(_)))
    );
    assert_eq!(
        ids("step=12"),
        expected(&|t| t.current_step().map(ledger_core::Step::number) == Some(12))
    );
    let amount = |t: &ledger_core::transaction::Transaction| {
        let standing = !matches!(t.phase, Phase::Terminated { .. });
        t.contract
            .as_ref()
            .filter(|_| standing)
            .map(|contract| contract.amount_fen.get())
    };
    assert_eq!(
        ids("from=20000&to=30%2C000"),
        expected(&|t| amount(t).is_some_and(|fen| (2_000_000..=3_000_000).contains(&fen)))
    );
    let one = year.state.transactions().nth(7).unwrap().id.to_string();
    assert_eq!(ids(&format!("q={one}")), BTreeSet::from([one.clone()]));
    assert!(ids("q=nothing-of-the-kind").is_empty());
    assert!(!ids("month=2018-06").is_empty() && ids("month=2031-01").is_empty());
    for (query, said) in [
        ("from=abc", "“abc”"),
        ("month=2018-13", "“2018-13”"),
        ("to=-5", "“-5”"),
    ] {
        let html = year.page(&format!("/donglang?{query}"));
        assert!(
            html.contains("role=\"alert\"") && html.contains(said),
            "{query}"
        );
        assert_eq!(ids(query), expected(&|_| true), "{query}");
    }
    // What was typed stays, and so does what was chosen.
    let html = year.page("/donglang?q=%22%3E%3Cscript%3E&lang=en");
    assert!(!html.contains("\"><script>") && html.contains("value=\"&#34;&#62;&#60;script&#62;\""));
    assert!(html.contains("name=\"lang\" value=\"en\""));
    assert_eq!(year.get("/donglang?page=99999").status.as_u16(), 200);
}

#[test]
fn sums_are_those_of_an_audit() {
    let year = year();
    let sums = totals(
        year.state.ledger().unwrap(),
        year.state.transactions(),
        By::Category,
    )
    .unwrap();
    let html = year.page("/donglang");
    for side in [&sums.income, &sums.spending] {
        for row in &side.rows {
            let amounts = &row.amounts;
            let cells = format!(
                "<td>{}</td><td>{} 元</td><td>{} 元</td><td>{} 元</td>",
                amounts.contracts, amounts.contracted_fen, amounts.received_fen, amounts.paid_fen
            );
            assert!(html.contains(&cells), "{cells}");
        }
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
fn the_printed_code_leads_to_the_page_of_what_was_signed() {
    let year = year();
    let transaction = year
        .state
        .transactions()
        .find(|t| matches!(t.phase, Phase::Completed(_)))
        .unwrap();
    for point in PublicationPoint::ALL {
        let path = format!("/donglang/d/{}/{point}", transaction.id);
        let answer = year.get(&format!("{path}/print"));
        let html = answer.text();
        let address = code::code_in(html);
        let origin = year
            .state
            .ledger()
            .unwrap()
            .origin
            .as_str()
            .split_once('/')
            .unwrap()
            .0;
        let start = format!("https://{origin}{path}#");
        assert!(address.starts_with(&start), "{address}");
        let publication = transaction
            .record(point.step())
            .unwrap()
            .event
            .publication()
            .unwrap();
        let digest = data_encoding::BASE64URL_NOPAD
            .decode(&address.as_bytes()[start.len()..])
            .unwrap();
        assert_eq!(digest, publication.disclosure.as_bytes());
        assert!(
            html.contains("rel=\"stylesheet\" href=\"/assets/notice-") && !html.contains("<style")
        );
        let page = year.page(&path);
        assert!(page.contains(&format!("{path}/print")) && page.contains("<textarea"));
        assert!(page.contains(publication.summary.as_str()));
        assert!(!page.contains("与签过名的摘要不符"));
    }
}

#[test]
fn the_feed_is_atom_and_tells_of_the_newest_publications() {
    let year = year();
    let answer = year.get("/donglang/feed.atom");
    assert_eq!(answer.header("content-type"), "application/atom+xml");
    let feed: atom_syndication::Feed = answer.text().parse().unwrap();
    assert_eq!(feed.entries().len(), 30);
    let first = &feed.entries()[0];
    assert!(first.links()[0].href().contains("/donglang/d/"));
    assert!(feed.updated() >= feed.entries()[29].updated());
    assert!(feed.title().as_str().contains("演示账本"));
}

#[test]
fn charts_have_a_name_and_a_table() {
    let html = year().page("/donglang/charts?at=2018-12-31");
    let charts = html.matches("<svg role=\"img\"").count();
    assert_eq!(charts, 4, "{html}");
    assert_eq!(html.matches("<desc>").count(), charts);
    assert_eq!(html.matches("<table").count(), charts);
    let sums = totals(
        year().state.ledger().unwrap(),
        year().state.transactions(),
        By::Month,
    )
    .unwrap();
    for row in &sums.income.rows {
        assert!(html.contains(&format!("<td>{} 元</td>", row.amounts.contracted_fen)));
    }
}

/// Text that would do harm if it were taken for anything but text.
const HOSTILE: &str =
    "\"><script>alert(1)</script><img src=x onerror=alert(1)>' style='x' {{7*7}} &lt;b&gt;";

#[test]
fn hostile_text_is_text() {
    let site = Site::new();
    let mut event = verification();
    let long = "长".repeat(60) + &"w".repeat(120);
    event["asset"]["name"] = json!(HOSTILE);
    event["asset"]["location"] = json!(long);
    event["asset"]["current_use"] = json!("javascript:alert(1)");
    event["summary"] = json!(HOSTILE);
    event["documents"][0]["title"] = json!(HOSTILE);
    let note = signed(
        "transaction/2018-001",
        site.ledger_id,
        at(scene::NOW),
        event,
        &scene::VERIFIERS,
    );
    let answer = site.submit(note);
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    let paths = [
        "/",
        "/donglang",
        "/donglang/",
        "/donglang/t/2018-001",
        "/donglang/e/1",
        "/donglang/charts",
        "/donglang/roster",
    ];
    for path in paths {
        let answer = site.get(path);
        assert_eq!(answer.status.as_u16(), 200, "{path}");
        let html = answer.text();
        assert!(
            !html.contains("<script>")
                && !html.contains("<img")
                && !html.contains("onerror=alert(1)>'"),
            "{path}"
        );
        assert!(!html.contains("href=\"javascript"), "{path}");
    }
    let page = site.get("/donglang/t/2018-001");
    let shown = facts(page.text())
        .into_iter()
        .filter(|fact| fact.text == HOSTILE)
        .count();
    assert!(shown >= 3, "{shown}");
    assert!(page.text().contains("<bdi"));
}

#[test]
fn a_page_follows_the_log_at_once() {
    let site = Site::new();
    assert_eq!(site.get("/donglang/t/2018-001").status.as_u16(), 404);
    assert!(
        site.get("/donglang")
            .text()
            .contains("<strong>0</strong> 宗交易")
    );
    assert_eq!(site.submit(site.opening("2018-001")).status.as_u16(), 201);
    assert_eq!(site.get("/donglang/t/2018-001").status.as_u16(), 200);
    assert!(
        site.get("/donglang")
            .text()
            .contains("<strong>1</strong> 宗交易")
    );
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
