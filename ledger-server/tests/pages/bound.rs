//! Every value on a page is the one that its entry holds, and is text whatever it says.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::event::LoggedEntry;
use ledger_core::money::Fen;
use serde_json::{Value, json};

use crate::scene::{Site, at, signed, verification};
use crate::{all_pages, plain, values, year};

/// A value of an entry on a page.
#[derive(Debug)]
pub(crate) struct Fact {
    pub(crate) entry: u64,
    pub(crate) at: String,
    pub(crate) form: String,
    pub(crate) text: String,
}

pub(crate) fn facts(html: &str) -> Vec<Fact> {
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
        at(crate::scene::NOW),
        event,
        &crate::scene::VERIFIERS,
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
