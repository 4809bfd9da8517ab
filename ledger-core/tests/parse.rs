//! What is not the one canonical text of a signed event, and how each fault is named.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use ledger_core::authenticate::authenticate;
use ledger_core::canonical::CanonicalError;
use ledger_core::event::{
    ENTRY_LIMIT, LoggedEntry, ParseError, STATEMENT_LIMIT, SignedEvent, Statement, entry_bytes,
};
use ledger_core::key::SigningKey;
use ledger_core::note::{Note, NoteError};
use ledger_core::refusal::Refusal;
use ledger_core::step::Step;
use scene::{DEAL, ON, Scene, event, key, note, signers_of};
use serde_json::{Value, json};

/// The text of a step's statement, as it should be.
fn text_of(step: Step) -> String {
    let scene = Scene::before(step);
    let statement = scene.statement(ON, scene.event_of(DEAL, step));
    statement.to_text().unwrap()
}

/// Signs a text as it is, and reads the note.
fn read(text: &str) -> Result<SignedEvent, ParseError> {
    SignedEvent::parse(&note(text, &[key("zhou", 1)]))
}

/// Replaces what must be there once.
fn replaced(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    text.replacen(from, to, 1)
}

/// What is said of the proposal's text after a replacement.
fn proposal(from: &str, to: &str) -> ParseError {
    let text = replaced(&text_of(Step::ProposalInitiation), from, to);
    read(&text).expect_err(to)
}

fn place(text: &str, of: &str) -> usize {
    text.find(of).unwrap()
}

#[test]
fn a_statement_as_it_should_be_is_read() {
    for step in Step::ALL {
        let text = text_of(step);
        let signed = read(&text).unwrap();
        assert_eq!(signed.note().text(), text);
        assert_eq!(signed.statement().to_text().unwrap(), text);
        assert_eq!(Statement::parse(&text).as_ref(), Ok(signed.statement()));
    }
}

#[test]
fn another_encoding_of_the_same_is_not_canonical() {
    let text = text_of(Step::ProposalInitiation);
    let at = |of: &str, more: usize| ParseError::NotCanonical {
        position: place(&text, of) + more,
    };
    let twice = replaced(&text, "{\"at\"", "{\"v\":1,\"at\"");
    assert!(
        matches!(read(&twice), Err(ParseError::Event(fault)) if fault.fault.contains("duplicate field `v`"))
    );
    let first = replaced(&text, ",\"v\":1}", "}").replacen('{', "{\"v\":1,", 1);
    assert_eq!(read(&first), Err(ParseError::NotCanonical { position: 2 }));
    for (from, to, expected) in [
        // Order and repetition of keys.
        (
            "\"category\":\"lease\"",
            "\"category\":\"lease\",\"category\":\"lease\"",
            at("\"category\":\"lease\"", 20),
        ),
        (
            "\"category\":\"lease\"",
            "\"category\":\"sale\",\"category\":\"lease\"",
            at("\"category\":\"lease\"", 12),
        ),
        // White space.
        ("\"v\":1", "\"v\": 1", at("\"v\":1", 4)),
        ("\"v\":1}", "\"v\":1} ", at("\"v\":1}", 6)),
        (
            "{\"at\"",
            " {\"at\"",
            ParseError::NotCanonical { position: 0 },
        ),
        ("\"v\":1}", "\"v\":1}{}", at("\"v\":1}", 6)),
        // A member that is there without a value.
        (
            "\"expected_term_months\":60",
            "\"expected_term_months\":null",
            at("\"expected_term_months\":60", 1),
        ),
    ] {
        assert_eq!(proposal(from, to), expected, "{to}");
    }
}

#[test]
fn a_wrong_field_is_named() {
    let months = "\"expected_term_months\":60";
    let with = |number: &str| format!("\"expected_term_months\":{number}");
    for (from, to, path) in [
        (months, with("60.0"), "event.expected_term_months"),
        (months, with("6e1"), "event.expected_term_months"),
        (months, with("-0"), "event.expected_term_months"),
        (months, with("-1"), "event.expected_term_months"),
        (months, with("4294967296"), "event.expected_term_months"),
        (
            months,
            with("18446744073709551616"),
            "event.expected_term_months",
        ),
        (months, with("\"60\""), "event.expected_term_months"),
        (
            "\"reason\":\"原合同到期\"",
            "\"reason\":null".into(),
            "event.reason",
        ),
        (
            "\"reason\":\"原合同到期\"",
            "\"reason\":\"\"".into(),
            "event.reason",
        ),
        (
            "\"reason\":\"原合同到期\"",
            "\"reason\":\" a\"".into(),
            "event.reason",
        ),
        (
            "\"category\":\"lease\"",
            "\"category\":\"gift\"".into(),
            "event.category",
        ),
        (
            "\"category\":",
            "\"colour\":1,\"category\":".into(),
            "event.colour",
        ),
        (
            "\"kind\":\"proposal_initiation\"",
            "\"kind\":\"proposal\"".into(),
            "event.kind",
        ),
        (
            "\"kind\":\"proposal_initiation\"",
            "\"kind\":7".into(),
            "event.kind",
        ),
        (
            "\"kind\":\"proposal_initiation\",",
            String::new(),
            "event.kind",
        ),
        ("\"prev\":", "\"note\":1,\"prev\":".into(), "note"),
        (
            "\"stream\":\"transaction/2018-017\"",
            "\"stream\":\"transaction/-1\"".into(),
            "stream",
        ),
        (
            "\"stream\":\"transaction/2018-017\"",
            "\"stream\":\"Ledger\"".into(),
            "stream",
        ),
        ("+08:00\"", ".5+08:00\"".into(), "at"),
        ("+08:00\"", "+0800\"".into(), "at"),
        ("+08:00\"", "+24:00\"".into(), "at"),
        ("+08:00\"", "\"".into(), "at"),
        ("+08:00\"", "z\"".into(), "at"),
        ("2018-03-26T", "2018-02-29T".into(), "at"),
        ("\"at\":\"2018-03-26T", "\"at\":\"2018-03-26 ".into(), "at"),
        ("\"v\":1", "\"v\":\"1\"".into(), "v"),
        ("\"v\":1", "\"v\":1.0".into(), "v"),
        ("\"v\":1", "\"v\":256".into(), "v"),
        ("\"v\":1", "\"v\":-1".into(), "v"),
    ] {
        let found = proposal(from, &to);
        let ParseError::Event(fault) = &found else {
            panic!("{to}: {found:?}")
        };
        assert_eq!(fault.path, path, "{to}: {fault}");
    }
    for prev in ["\"prev\":\"A", "\"prev\":\"", "\"prev\":\"0"] {
        let text = text_of(Step::ProposalInitiation);
        let start = place(&text, "\"prev\":\"");
        let cut = if prev.ends_with('0') { 8 } else { 9 };
        let text = format!("{}{prev}{}", &text[..start], &text[start + cut..]);
        assert!(matches!(read(&text), Err(ParseError::Event(fault)) if fault.path == "prev"));
    }
}

#[test]
fn an_unknown_field_is_named_however_deep() {
    for (step, from, to, path) in [
        (
            Step::AssetVerification,
            "\"book_value_fen\":250000000",
            "\"book_value_fen\":9007199254740992",
            "event.asset.book_value_fen",
        ),
        (
            Step::AssetVerification,
            "\"unit\":\"mu\"",
            "\"colour\":1,\"unit\":\"mu\"",
            "event.asset.area.colour",
        ),
        (
            Step::AssetVerification,
            "\"value\":\"3.5\"",
            "\"value\":\"3.50\"",
            "event.asset.area.value",
        ),
        (
            Step::AssetVerification,
            "\"value\":\"3.5\"",
            "\"value\":3.5",
            "event.asset.area.value",
        ),
        (
            Step::BidderQualification,
            "\"name\":\"李*\"",
            "\"colour\":1,\"name\":\"李*\"",
            "event.applicants[1].colour",
        ),
        (
            Step::PartyReview,
            "{\"verdict\":\"agreed\"}",
            "{\"conditions\":\"x\",\"verdict\":\"agreed\"}",
            "event.conclusion",
        ),
        (
            Step::PartyReview,
            "\"access\":\"public\",",
            "\"access\":\"public\",\"colour\":1,",
            "event.documents[0]",
        ),
        (
            Step::PartyReview,
            "\"met_on\":\"2018-03-26\"",
            "\"met_on\":\"2018-3-26\"",
            "event.met_on",
        ),
    ] {
        let text = replaced(&text_of(step), from, to);
        let found = read(&text).expect_err(to);
        let ParseError::Event(fault) = &found else {
            panic!("{to}: {found:?}")
        };
        assert!(fault.path.starts_with(path), "{to}: {fault}");
    }
    let text = text_of(Step::AssetVerification);
    let text = replaced(&text, "250000000", "9007199254740991");
    assert!(read(&text).is_ok());
}

#[test]
fn a_wrong_credit_code_is_named() {
    let scene = Scene::founded();
    let text = scene.entries[0].signed().note().text();
    for code in [
        "N1440606766567748U",
        "N1440606766567749T",
        "N144060676656774",
        "n1440606766567748t",
    ] {
        let text = replaced(text, "N1440606766567748T", code);
        let Err(ParseError::Event(fault)) = read(&text) else {
            panic!("{code}")
        };
        assert_eq!(fault.path, "event.collective.credit_code");
    }
}

#[test]
fn a_character_that_hides_is_refused_at_its_place() {
    let text = text_of(Step::ProposalInitiation);
    let start = place(&text, "原合同到期");
    for hidden in [
        '\u{7f}',
        '\u{85}',
        '\u{200e}',
        '\u{202e}',
        '\u{2028}',
        '\u{2066}',
        '\u{2069}',
        '\u{feff}',
        '\u{fffe}',
        '\u{10ffff}',
        '\u{61c}',
    ] {
        let fault = CanonicalError::Character {
            at: start,
            found: u32::from(hidden),
        };
        let found = proposal("原合同到期", &format!("{hidden}原合同到期"));
        assert_eq!(found, ParseError::Canonical(fault), "{hidden:?}");
    }
    for (escape, found) in [
        ("\\u000a", 'u'),
        ("\\n", 'n'),
        ("\\u0061", 'u'),
        ("\\/", '/'),
        ("\\ud800", 'u'),
        ("\\t", 't'),
    ] {
        let fault = CanonicalError::Escape { at: start, found };
        assert_eq!(proposal("原合同到期", escape), ParseError::Canonical(fault));
    }
    let fault = CanonicalError::Character {
        at: text.len() - 1,
        found: 10,
    };
    assert_eq!(
        read(&format!("{text}{text}")),
        Err(ParseError::Canonical(fault))
    );
    let fault = CanonicalError::Character {
        at: 0,
        found: 0xFEFF,
    };
    assert_eq!(
        read(&format!("\u{feff}{text}")),
        Err(ParseError::Canonical(fault))
    );
}

#[test]
fn only_version_one_is_read() {
    for found in [0, 2, 255] {
        let expected = ParseError::Version { found };
        assert_eq!(proposal("\"v\":1", &format!("\"v\":{found}")), expected);
    }
}

#[test]
fn the_note_has_its_form() {
    let text = text_of(Step::ProposalInitiation);
    let line = text.trim_end();
    let parsed = Statement::parse(line);
    assert_eq!(
        parsed,
        Err(ParseError::NotCanonical {
            position: line.len()
        })
    );
    let bytes = note(&text, &[key("chen", 1), key("zhou", 1)]);
    let whole = String::from_utf8(bytes.clone()).unwrap();
    assert!(SignedEvent::parse(&bytes).is_ok());
    let refused = |text: &str| SignedEvent::parse(text.as_bytes()).unwrap_err();
    assert_eq!(refused(""), ParseError::Note(NoteError::Separator));
    assert_eq!(refused(&text), ParseError::Note(NoteError::Separator));
    assert_eq!(
        refused(&format!("{text}\n")),
        ParseError::Note(NoteError::Signatures { found: 0 })
    );
    assert!(matches!(
        refused(whole.trim_end()),
        ParseError::Note(NoteError::Line { .. })
    ));
    assert!(matches!(
        refused(&whole.replace('\n', "\r\n")),
        ParseError::Note(NoteError::Control { .. })
    ));
    assert!(matches!(
        refused(&format!("{whole}\n")),
        ParseError::Note(_)
    ));
    let (head, lines) = whole.split_once("\n\n").unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    let [chen, zhou] = lines[..] else { panic!() };
    let name = |member: &str| format!("{}/{member}", scene::ORIGIN);
    let order = |found| ParseError::SignatureOrder { found };
    assert_eq!(
        refused(&format!("{head}\n\n{zhou}\n{chen}\n")),
        order(name("chen"))
    );
    assert_eq!(
        refused(&format!("{head}\n\n{chen}\n{chen}\n{zhou}\n")),
        order(name("chen"))
    );
    let other = note(&text, &[key("chen", 1), key("chen", 2)]);
    assert_eq!(SignedEvent::parse(&other), Err(order(name("chen"))));
    for length in [0, 1, 63, 65, 72] {
        let mut lines = Note::parse(&bytes).unwrap().signatures().to_vec();
        let zhou = &lines[1];
        let signature = vec![1; length];
        let Ok(line) = ledger_core::note::SignatureLine::new(zhou.name(), zhou.key_id(), signature)
        else {
            assert_eq!(length, 0);
            continue;
        };
        lines[1] = line;
        let short = Note::new(text.clone(), lines).unwrap().to_bytes();
        let form = ParseError::SignatureForm { name: name("zhou") };
        assert_eq!(SignedEvent::parse(&short), Err(form));
    }
}

/// A qualification whose statement has so many bytes.
fn statement_of(length: usize) -> String {
    let step = Step::BidderQualification;
    let scene = Scene::before(step);
    let text = |names: &[usize]| {
        let applicants: Vec<Value> = names
            .iter()
            .map(|name| json!({"admitted": true, "deposit_fen": 0, "name": "x".repeat(*name)}))
            .collect();
        let mut value = scene.body_of(DEAL, step);
        value["applicants"] = json!(applicants);
        let statement = scene.statement(ON, event(value));
        String::from_utf8(serde_json_canonicalizer::to_vec(&statement).unwrap()).unwrap() + "\n"
    };
    let short = text(&[1]).len();
    let one_more = text(&[1, 1]).len() - short - 1;
    let fit = |name: &usize| (length - short) % (one_more + name) < 200;
    let name = (100..=200).find(fit).unwrap();
    let mut names = vec![name; (length - short) / (one_more + name)];
    names.push(1 + (length - short) % (one_more + name));
    text(&names)
}

#[test]
fn what_is_too_large_is_refused() {
    let most = statement_of(STATEMENT_LIMIT);
    assert_eq!(most.len(), 48 * 1024);
    assert_eq!(read(&most).unwrap().statement().to_text().unwrap(), most);
    let more = statement_of(STATEMENT_LIMIT + 1);
    let found = STATEMENT_LIMIT + 1;
    let limit = STATEMENT_LIMIT;
    assert_eq!(read(&more), Err(ParseError::TooLarge { limit, found }));
    let limit = 65_535 - "2018-03-26T01:00:00Z\n".len();
    let name = |more: usize| format!("n/{}", "x".repeat(more));
    let line_of = |name: &str| "—  \n".len() + 92 + name.len();
    let room = limit - most.len() - 1;
    let first = name(room % 10_000);
    for more in [0, 1] {
        let rest = room - line_of(&first);
        let last = name(rest - line_of(&name(0)) + more);
        let keys = [first.as_str(), last.as_str()]
            .map(|name| SigningKey::from_seed(name, &[1; 32]).unwrap().into());
        let bytes = note(&most, &keys);
        let found = bytes.len();
        assert_eq!(found, limit + more);
        match SignedEvent::parse(&bytes) {
            Ok(signed) => {
                let entry = entry_bytes(Scene::empty().clock, &signed);
                assert_eq!((more, entry.len()), (0, ENTRY_LIMIT));
            }
            error => assert_eq!(error, Err(ParseError::TooLarge { limit, found })),
        }
    }
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(matches!(proposal("\"lease\"", &deep), ParseError::Event(_)));
}

#[test]
fn an_entry_begins_with_the_time_of_receipt() {
    let scene = Scene::founded();
    let bytes = scene.entries[0].bytes();
    let logged = LoggedEntry::parse(bytes).unwrap();
    assert_eq!(logged.received_at, scene.clock);
    assert_eq!(&logged.signed, scene.entries[0].signed());
    let text = core::str::from_utf8(bytes).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    assert_eq!(first, "2018-03-26T01:00:00Z");
    for found in [
        "",
        "2018-03-26T01:00:00+00:00",
        "2018-03-26T09:00:00+08:00",
        "2018-03-26T01:00:00.0Z",
        "2018-03-26 01:00:00Z",
        " 2018-03-26T01:00:00Z",
        "2018-03-26T01:00:00z",
        "2018-03-26T01:00:60Z",
        "2018-03-26T24:00:00Z",
        "2018-02-30T01:00:00Z",
        "1969-12-31T23:59:59Z",
        "2018-03-26T01:00:00Z\r",
        "2018-03-26T01:00Z",
        "1522026000",
    ] {
        let entry = format!("{found}\n{rest}");
        let found = found.to_owned();
        let expected = ParseError::ReceivedTime { found };
        assert_eq!(LoggedEntry::parse(entry.as_bytes()), Err(expected));
    }
    assert!(matches!(
        LoggedEntry::parse(first.as_bytes()),
        Err(ParseError::Note(_))
    ));
    assert!(matches!(
        LoggedEntry::parse(b"\xff\n"),
        Err(ParseError::ReceivedTime { .. })
    ));
    let twice = format!("{first}\n{text}");
    assert!(LoggedEntry::parse(twice.as_bytes()).is_err());
}

#[test]
fn no_byte_of_a_signed_event_can_be_changed() {
    let step = Step::ProposalInitiation;
    let scene = Scene::before(step);
    let statement = scene.statement(ON, scene.event_of(DEAL, step));
    let bytes = scene.sign(&statement, signers_of(step));
    let line = statement.to_text().unwrap().len() + 1;
    let mut unread = 0;
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        match SignedEvent::parse(&changed) {
            Err(_) => unread += 1,
            Ok(signed) => {
                let refusal = authenticate(&scene.state, signed).unwrap_err();
                let rules = ["unknown_key", "invalid_signature"];
                assert!(rules.contains(&refusal.rule()), "{at}: {refusal:?}");
            }
        }
        changed[at] ^= 1;
        changed.truncate(at);
        // What is left is whole only where the last signature is cut away.
        let cut = SignedEvent::parse(&changed).map(|signed| signed.note().signatures().len());
        assert_eq!(cut.is_ok(), changed.ends_with(b"\n") && at > line, "{at}");
        assert!(cut.is_err() || cut == Ok(1));
    }
    assert!(unread > 300 && unread < bytes.len());
    let signed = SignedEvent::parse(&bytes).unwrap();
    let authentic: Result<_, Refusal> = authenticate(&scene.state, signed);
    assert_eq!(authentic.unwrap().signers().len(), 2);
}
