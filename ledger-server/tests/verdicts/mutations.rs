//! Every kind of event once, each of its members bent in several ways: both verifiers refuse the same.
//!
//! What is written here is written as text and signed as text: no type stands between, so that a statement
//! can be bent in ways that no honest program could write.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE64;
use ledger_core::authenticate::authenticate;
use ledger_core::canonical;
use ledger_core::event::{Event, SignedEvent, Statement};
use ledger_core::evolve::evolve;
use ledger_core::state::State;
use ledger_core::time::LogTime;
use serde_json::{Value, json};

use crate::ask;
use crate::scene::{Scene, kinds, note};

/// One event in place of one that was admitted, and what the Rust rules say of it.
struct Mutant {
    after: usize,
    entry: Vec<u8>,
    name: String,
    verdict: &'static str,
}

/// The members of a value, as JSON Pointers: of lists the first item and the last.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (key, inner) in members {
                places(inner, &format!("{at}/{key}"), found);
            }
        }
        Value::Array(items) => {
            let last = items.len().saturating_sub(1);
            for place in BTreeSet::from([0, last]) {
                if let Some(inner) = items.get(place) {
                    places(inner, &format!("{at}/{place}"), found);
                }
            }
        }
        _ => {}
    }
}

/// Of places that are alike — the third basis of a charter, the tenth signing rule — two are enough.
fn two_of_each(places: Vec<String>) -> Vec<String> {
    let mut seen = BTreeMap::<String, usize>::new();
    let alike = |place: &String| {
        let names: Vec<&str> = (place.split('/').rev())
            .filter(|name| !name.bytes().all(|byte| byte.is_ascii_digit()))
            .take(2)
            .collect();
        let count = seen.entry(names.join("/")).or_default();
        *count += 1;
        *count <= 2
    };
    places
        .into_iter()
        .filter({
            let mut alike = alike;
            move |place| alike(place)
        })
        .collect()
}

/// What may be put in the place of a value.
fn bent(value: &Value) -> Vec<(&'static str, Value)> {
    match value {
        Value::String(text) => bent_text(text),
        Value::Number(_) => vec![
            ("0", json!(0)),
            ("-1", json!(-1)),
            ("256", json!(256)),
            ("2^32 - 1", json!(u32::MAX)),
            ("2^32", json!(1_u64 << 32)),
            ("2^53 - 1", json!(9_007_199_254_740_991_u64)),
            ("2^53", json!(9_007_199_254_740_992_u64)),
            ("its text", json!(value.to_string())),
            ("in a list", json!([value])),
            ("true", json!(true)),
        ],
        Value::Bool(is) => vec![
            ("its contrary", json!(!is)),
            ("its text", json!(is.to_string())),
            ("1", json!(1)),
        ],
        Value::Array(items) => {
            let mut ways = vec![
                ("empty", json!([])),
                ("an object", json!({})),
                ("a text", json!("x")),
                (
                    "one more that is a number",
                    json!([&items[..], &[json!(1)]].concat()),
                ),
                (
                    "one more that is a text",
                    json!([&items[..], &[json!("x")]].concat()),
                ),
            ];
            if let Some(first) = items.first() {
                ways.push((
                    "the first again",
                    json!([&items[..], std::slice::from_ref(first)].concat()),
                ));
                let mut turned = items.clone();
                turned.reverse();
                ways.push(("reversed", json!(turned)));
            }
            ways
        }
        Value::Object(members) => {
            let mut ways = vec![
                ("empty", json!({})),
                ("a text", json!("x")),
                (
                    "its values as a list",
                    json!(members.values().collect::<Vec<_>>()),
                ),
            ];
            let mut more = members.clone();
            more.insert("zz_unknown".to_owned(), json!("x"));
            ways.push(("one more member", Value::Object(more)));
            let mut named = members.clone();
            named.insert("__proto__".to_owned(), json!({"a": 1}));
            ways.push(("a member with a hostile name", Value::Object(named)));
            for key in members.keys() {
                let mut less = members.clone();
                less.remove(key);
                ways.push(("a member less", Value::Object(less)));
            }
            ways
        }
        Value::Null => Vec::new(),
    }
}

fn bent_text(text: &str) -> Vec<(&'static str, Value)> {
    let mut ways = vec![
        ("empty", json!("")),
        ("a number", json!(1)),
        ("in a list", json!([text])),
        ("as a key", json!({text: "x"})),
        ("another word", json!("zz-unknown")),
        ("a word with a capital", json!(text.to_uppercase())),
        ("one character more", json!(format!("{text}0"))),
        ("a space before", json!(format!(" {text}"))),
        ("a wide space after", json!(format!("{text}\u{3000}"))),
        ("200 characters", json!("字".repeat(200))),
        ("201 characters", json!("字".repeat(201))),
        ("2000 characters", json!("字".repeat(2000))),
        ("2001 characters", json!("字".repeat(2001))),
        ("200 characters of two units", json!("𠀀".repeat(200))),
        ("64 capitals", json!("A".repeat(64))),
        ("65 letters", json!("a".repeat(65))),
        ("a control character", json!(format!("{text}\u{7}"))),
        ("a mark of direction", json!(format!("{text}\u{202e}x"))),
        ("a joiner of no width", json!(format!("{text}\u{200b}"))),
    ];
    if text.len() == 10 && text.as_bytes()[4] == b'-' {
        let days = [
            "2018-02-30",
            "1969-12-31",
            "1970-01-01",
            "9999-12-31",
            "2019-02-29",
            "2018-2-03",
            "+018-01-01",
        ];
        ways.extend(days.into_iter().map(|day| (day, json!(day))));
    }
    if text.len() > 15 && text.as_bytes()[10] == b'T' {
        let moments = [
            "2018-03-26T09:00:00Z",
            "2018-03-26T09:00:00+08:00",
            "2018-03-26T24:00:00Z",
            "2018-03-26T09:00:60Z",
            "2018-03-26T09:00:00.0Z",
            "2018-03-26T09:00:00-00:00",
            "2018-03-26T09:00:00+24:00",
            "2018-03-26t09:00:00z",
            "2018-03-26 09:00:00Z",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+00:01",
        ];
        ways.extend(moments.into_iter().map(|moment| (moment, json!(moment))));
    }
    if text.len() == 18 && text.starts_with("N1") {
        let codes = [
            "N1440606766567748A",
            "N1440606766567741T",
            "91440300708461136T",
            "N144060676656774８T",
        ];
        ways.extend(codes.into_iter().map(|code| (code, json!(code))));
    }
    if text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        let numbers = [
            "0",
            "00",
            "1.",
            ".5",
            "1.50",
            "0.333333",
            "0.3333333",
            "999999999999",
            "1000000000000",
            "-1",
            "1e3",
        ];
        ways.extend(numbers.into_iter().map(|number| (number, json!(number))));
    }
    if text.starts_with('/') {
        let long = format!("/{}", "字".repeat(67));
        ways.push(("201 bytes", json!(long)));
        let paths = [
            "/kind",
            "/kind/x",
            "/kindred",
            "asset",
            "/~2",
            "/asset/name/",
        ];
        ways.extend(paths.into_iter().map(|path| (path, json!(path))));
    }
    ways
}

/// The text of a statement, signed by those who signed it before it was bent.
fn signed(scene: &Scene, statement: &Value, signers: &[&str], lines: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8(canonical::to_vec(statement).ok()?).ok()? + "\n";
    // Where the form decides, nobody looks at the signatures: those of the original will do.
    if Statement::parse(&text).is_err() {
        return Some([text.as_bytes(), lines].concat());
    }
    Some(note(&text, &scene.keys_of(signers)))
}

fn verdict(state: &State, bytes: &[u8], at: LogTime) -> &'static str {
    let Ok(signed) = SignedEvent::parse(bytes) else {
        return "form";
    };
    let admitted =
        authenticate(state, signed).and_then(|event| ledger_core::admit::admit(state, event, at));
    admitted.map_or_else(|refusal| refusal.rule(), |_| "holds")
}

/// The events of a scene of these kinds, bent at every place.
fn mutants(scene: &Scene, kinds: &mut BTreeSet<&'static str>) -> Vec<Mutant> {
    let mut state = State::new();
    let mut all = Vec::new();
    for entry in &scene.entries {
        let kind = entry.statement().event.kind();
        if kinds.remove(kind) {
            let signers: Vec<&str> = entry.signers().iter().map(|id| id.as_str()).collect();
            let original: Value = serde_json::to_value(entry.statement()).unwrap();
            let text = String::from_utf8(entry.bytes().to_vec()).unwrap();
            let lines = text.as_bytes()[text.find("\n\n").unwrap() + 1..].to_vec();
            let mut found = Vec::new();
            places(&original["event"], "/event", &mut found);
            let at = entry.received_at();
            // A charter is bent in the founding.
            let again =
                |place: &String| kind == "charter_adopted" && place.starts_with("/event/charter/");
            found.retain(|place| !again(place));
            for place in two_of_each(found) {
                let value = original.pointer(&place).unwrap();
                for (way, new) in bent(value) {
                    let mut statement = original.clone();
                    *statement.pointer_mut(&place).unwrap() = new;
                    if statement == original {
                        continue;
                    }
                    let Some(bytes) = signed(scene, &statement, &signers, &lines) else {
                        continue;
                    };
                    all.push(Mutant {
                        after: entry.index() as usize,
                        entry: [format!("{at}\n").as_bytes(), &bytes].concat(),
                        name: format!("{kind}{}: {way}", place.strip_prefix("/event").unwrap()),
                        verdict: verdict(&state, &bytes, at),
                    });
                }
            }
        }
        evolve(&mut state, entry);
    }
    all
}

/// Refusals by rules that the browser says it does not judge: see `texts.limits` of its verdict.
const NOT_JUDGED: [&str; 6] = [
    "date_outside_contract",
    "due_exists",
    "negative_list",
    "payment_exceeds_due",
    "term_exceeds_plan",
    "unknown_due",
];

#[test]
fn both_verifiers_judge_every_bent_member_alike() {
    let [small, scene] = kinds::every_kind();
    // The fewest founders, for each signs anew what is bent.
    let few: [(&str, &[&str]); 2] = [("chen", &["chair"]), ("huang", &["supervisor"])];
    let founded = Scene::found(&crate::scene::default_charter(), false, &few);
    let mut kinds: BTreeSet<&'static str> = Event::KINDS.iter().copied().collect();
    let mut differ = Vec::new();
    let mut verdicts = BTreeMap::<&str, usize>::new();
    for scene in [&founded, &scene, &small] {
        let mutants = mutants(scene, &mut kinds);
        let entries: Vec<String> = (scene.entries.iter())
            .map(|entry| BASE64.encode(entry.bytes()))
            .collect();
        let asked: Vec<Value> = (mutants.iter())
            .map(|mutant| json!({"after": mutant.after, "entry": BASE64.encode(&mutant.entry)}))
            .collect();
        for mutant in &mutants {
            *verdicts.entry(mutant.verdict).or_default() += 1;
        }
        let input = json!({"entries": entries, "cases": asked});
        let Some(answers) = ask::<&str>("events", &[], &input) else {
            return;
        };
        assert_eq!(answers.len(), mutants.len());
        for (mutant, answer) in mutants.iter().zip(&answers) {
            let second = answer["rule"].as_str().or(answer["kind"].as_str());
            let second = second.unwrap_or_else(|| answer["verdict"].as_str().unwrap());
            // What a contract comes to is among them: the sum of its dues, too.
            let sum =
                mutant.verdict == "inconsistent" && mutant.name.starts_with("payment_due/dues");
            let unjudged = sum || NOT_JUDGED.contains(&mutant.verdict);
            let unjudged = unjudged && second == "holds";
            if second != mutant.verdict && !unjudged {
                differ.push(format!("{}: {} / {answer}", mutant.name, mutant.verdict));
            }
        }
    }
    assert!(kinds.is_empty(), "never bent: {kinds:?}");
    assert!(
        verdicts["form"] > 3_000 && verdicts["holds"] > 100,
        "{verdicts:?}"
    );
    assert!(
        differ.is_empty(),
        "{} of {} differ:\n{}",
        differ.len(),
        verdicts.values().sum::<usize>(),
        differ[..differ.len().min(300)].join("\n")
    );
}
