//! Every role tries everything at the staff desk, at every turn of a ledger in which all kinds of events
//! happen; and so do those who have no business there any more, and those who never had.
//!
//! Who may do what is read here once more, and naively: from the text of the charter and from the events so
//! far, not by the library that judges.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says how much it tried"
)]

#[path = "../../ledger-core/tests/scene/mod.rs"]
mod process;
mod scene;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::header::{ACCEPT, COOKIE};
use ledger_core::SigningKey;
use ledger_core::admit::Entry;
use ledger_core::charter::Charter;
use ledger_core::event::Event;
use ledger_core::ledger::Ledger;
use ledger_core::name::StreamId;
use ledger_core::step::Step;
use ledger_server::{DESK_FOLDER, Hosting, Ledgers, Options, Writer, app};
use process::Scene;
use scene::sitter::{Sitter, from_desk};
use scene::{Answer, SharedMemory, answer, at, submission};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

/// A desk at which the entries of a scene are recorded once more, one after the other.
struct Desk {
    clock: Arc<AtomicI64>,
    ledgers: Ledgers,
    router: Router,
    runtime: Runtime,
    _folder: tempfile::TempDir,
    _writer: Writer,
}

impl Desk {
    fn founded(founding: &Entry) -> Self {
        let store = SharedMemory::default();
        let received = founding.received_at().seconds_since(at(0));
        let clock = Arc::new(AtomicI64::new(i64::try_from(received).unwrap()));
        let (ledger, _) = Ledger::create(
            store.clone(),
            scene::key(None),
            &bytes_of(founding),
            founding.received_at(),
        )
        .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let hosting = Hosting {
            desk: Some(folder.path().join(DESK_FOLDER)),
            intake: None,
            ledger,
            policy: None,
            reopen: Box::new(move || Ledger::open(store.clone(), scene::key(None), &mut |_, _| {})),
            stop: Arc::default(),
        };
        let options = Options {
            clock: {
                let clock = Arc::clone(&clock);
                Arc::new(move || at(clock.load(Ordering::SeqCst)))
            },
            ..Options::default()
        };
        let (ledgers, writer) = Writer::start(vec![hosting], options).unwrap();
        Self {
            clock,
            router: app(ledgers.clone()),
            ledgers,
            runtime: Runtime::new().unwrap(),
            _folder: folder,
            _writer: writer,
        }
    }

    fn size(&self) -> u64 {
        self.ledgers.by_slug("donglang").unwrap().snapshot().size()
    }

    fn turn_to(&self, entry: &Entry) {
        let seconds = entry.received_at().seconds_since(at(0));
        let seconds = i64::try_from(seconds).unwrap();
        self.clock.store(seconds, Ordering::SeqCst);
    }

    fn raw(&self, index: u64) -> String {
        let request = axum::http::Request::get(format!("/donglang/e/{index}/raw"));
        let request = request.body(Body::empty()).unwrap();
        let answer = self.runtime.block_on(answer(self.router.clone(), request));
        answer.text().to_owned()
    }
}

fn bytes_of(entry: &Entry) -> Vec<u8> {
    entry.signed().note().to_bytes()
}

/// How many requests were made.
static TRIED: AtomicUsize = AtomicUsize::new(0);

/// Somebody with a key and a browser.
struct Person<'a> {
    sitter: Sitter<'a>,
    key: Arc<SigningKey>,
}

impl Person<'_> {
    fn post(&self, path: &str, body: &Value) -> Answer {
        TRIED.fetch_add(1, Ordering::Relaxed);
        self.sitter.post(path, body)
    }

    fn get(&self, path: &str) -> Answer {
        TRIED.fetch_add(1, Ordering::Relaxed);
        self.sitter.get(path)
    }

    fn page(&self, path: &str) -> Answer {
        TRIED.fetch_add(1, Ordering::Relaxed);
        let request = from_desk("GET", path).header(COOKIE, &self.sitter.cookie);
        let request = request.header(ACCEPT, "text/html");
        self.sitter.ask(request.body(Body::empty()).unwrap())
    }

    fn line(&self, text: &str) -> Value {
        json!({ "line": self.key.sign_note_text(text).to_string() })
    }

    fn note(&self, text: &str) -> Value {
        let note = process::note(text, std::slice::from_ref(&self.key));
        json!({ "note": String::from_utf8(note).unwrap() })
    }
}

/// Who holds which roles and which key, by the events so far.
#[derive(Default)]
struct Office {
    keys: BTreeMap<String, String>,
    roles: BTreeMap<String, BTreeSet<String>>,
}

impl Office {
    fn text(value: &Value) -> String {
        value.as_str().unwrap().to_owned()
    }

    fn enrol(&mut self, enrolment: &Value) {
        let member = Self::text(&enrolment["member"]);
        let roles = enrolment["roles"].as_array().unwrap();
        self.roles
            .insert(member.clone(), roles.iter().map(Self::text).collect());
        self.keys.insert(member, Self::text(&enrolment["key"]));
    }

    fn read(&mut self, event: &Value) {
        let member = event["member"].as_str().unwrap_or_default().to_owned();
        match event["kind"].as_str().unwrap() {
            "ledger_opened" => event["members"]
                .as_array()
                .unwrap()
                .iter()
                .for_each(|member| self.enrol(member)),
            "member_enrolled" => self.enrol(&event["enrolment"]),
            "role_granted" => {
                let role = Self::text(&event["role"]);
                self.roles.entry(member).or_default().insert(role);
            }
            "role_ended" => {
                let role = event["role"].as_str().unwrap();
                self.roles.entry(member).or_default().remove(role);
            }
            "key_rotated" => {
                self.keys.insert(member, Self::text(&event["key"]));
            }
            "key_compromised"
                if self.keys.get(&member) == event["key"].as_str().map(str::to_owned).as_ref() =>
            {
                self.keys.remove(&member);
            }
            _ => {}
        }
    }

    /// Who may sit at the desk: a key in use, and an office of people.
    fn present(&self) -> BTreeMap<String, String> {
        let is_staff = |member: &String| self.roles[member].iter().any(|role| role != "intake");
        let present = self.keys.iter().filter(|(member, _)| is_staff(member));
        present
            .map(|(member, key)| (member.clone(), key.clone()))
            .collect()
    }

    fn holds(&self, member: &str, roles: &[String]) -> bool {
        roles.iter().any(|role| self.roles[member].contains(role))
    }
}

/// The roles that must sign an event, and those that may, as the charter's text says.
fn roles_for(charter: &Value, event: &Value, all: &[Entry]) -> (Vec<String>, Vec<String>) {
    let kind = event["kind"].as_str().unwrap();
    let rule = match kind {
        "charter_adopted" => &charter["charter_changes"],
        "member_enrolled" | "role_granted" | "role_ended" | "key_rotated" | "key_compromised" => {
            &charter["roster_changes"]
        }
        "channel_posted" => &charter["postings"],
        "relative_declared" => return (Vec::new(), Vec::new()),
        "corrected" => {
            let entry = usize::try_from(event["entry"].as_u64().unwrap()).unwrap();
            return roles_for(charter, &value_of(&all[entry]), all);
        }
        step if !charter["steps"][step].is_null() => &charter["steps"][step]["signing"],
        other => &charter["signing"][other],
    };
    let (mut must, mut may) = (vec![Office::text(&rule["answers"])], Vec::new());
    for cosigner in rule["cosigns"].as_array().unwrap() {
        // Everybody is appointed here.
        let list = if cosigner["when"] == "optional" {
            &mut may
        } else {
            &mut must
        };
        list.push(Office::text(&cosigner["role"]));
    }
    (must, may)
}

fn value_of(entry: &Entry) -> Value {
    serde_json::to_value(&entry.statement().event).unwrap()
}

/// What a form would send for an entry.
fn rehearsal(entry: &Entry) -> Value {
    let mut body: Map<String, Value> = value_of(entry).as_object().unwrap().clone();
    let kind = body.remove("kind").unwrap();
    let mut asked = json!({
        "kind": kind, "at": entry.statement().at.to_string(),
    });
    match &entry.statement().stream {
        StreamId::Ledger => {}
        StreamId::Transaction(id) => asked["transaction"] = json!(id),
        StreamId::Concern(_) if kind == "concern_raised" => {
            asked["transaction"] = body["transaction"].clone();
        }
        StreamId::Concern(id) => asked["concern"] = json!(id),
    }
    asked["body"] = Value::Object(body);
    asked
}

/// One run: a desk, the log that is to come about at it, and who is there.
struct Run<'a> {
    charter: Value,
    desk: &'a Desk,
    entries: &'a [Entry],
    office: Office,
    /// Who may sit there, by member.
    present: BTreeMap<String, Person<'a>>,
    /// Who may not, or not any more, each with the cookie of before.
    absent: Vec<(String, Person<'a>)>,
}

impl<'a> Run<'a> {
    fn new(desk: &'a Desk, entries: &'a [Entry]) -> Self {
        let nobody = |key: SigningKey| Person {
            sitter: Sitter::nobody(&desk.runtime, &desk.router),
            key: Arc::new(key),
        };
        let name = format!("{}/stranger", process::ORIGIN);
        let impostor = format!("{}/chen", process::ORIGIN);
        let stranger = nobody(SigningKey::from_seed(&name, &[1; 32]).unwrap());
        let impostor = nobody(SigningKey::from_seed(&impostor, &[9; 32]).unwrap());
        let mut office = Office::default();
        office.read(&value_of(&entries[0]));
        let mut run = Self {
            charter: serde_json::from_str(Charter::default_text()).unwrap(),
            desk,
            entries,
            office,
            present: BTreeMap::new(),
            absent: vec![
                ("stranger".to_owned(), stranger),
                ("impostor".to_owned(), impostor),
            ],
        };
        run.seat();
        run
    }

    /// Lets in who may come in by now, and sends out who may not stay.
    fn seat(&mut self) {
        let may = self.office.present();
        let there: Vec<String> = self.present.keys().cloned().collect();
        for member in there {
            let key = self.present[&member].key.verifier().to_string();
            if may.get(&member) != Some(&key) {
                let person = self.present.remove(&member).unwrap();
                // The old cookie is worth nothing, and the old key opens nothing.
                person.get("/me").problem(401, "signed_out");
                self.absent.push((member, person));
            }
        }
        for (member, key) in may {
            if self.present.contains_key(&member) {
                continue;
            }
            let keys = (1..=2).map(|generation| process::key(&member, generation));
            let key = keys
                .into_iter()
                .find(|own| own.verifier().to_string() == key)
                .unwrap();
            let mut sitter = Sitter::nobody(&self.desk.runtime, &self.desk.router);
            assert_eq!(sitter.sign_in(&key).status.as_u16(), 204, "{member}");
            self.present.insert(member, Person { sitter, key });
        }
        for (_, person) in &mut self.absent {
            let cookie = person.sitter.cookie.clone();
            let refused = person.sitter.sign_in(&person.key);
            refused.problem(403, "not_let_in");
            person.sitter.cookie = cookie;
        }
    }

    /// Whose signature the charter takes below an entry.
    fn takes(&self, event: &Value, member: &str) -> bool {
        if event["kind"] == "relative_declared" {
            return event["member"] == member;
        }
        let (must, may) = roles_for(&self.charter, event, self.entries);
        self.office.holds(member, &[must, may].concat())
    }

    /// Everybody tries everything with the entry that is next; then it is recorded by those who must.
    fn turn(&mut self, index: usize) {
        let entry = &self.entries[index];
        self.desk.turn_to(entry);
        let event = value_of(entry);
        let text = entry.statement().to_text().unwrap();
        let kind = event["kind"].as_str().unwrap().to_owned();
        let is_own = kind == "relative_declared";
        self.rehearse(entry, &event, &text);
        for (member, person) in &self.present {
            if !self.takes(&event, member) {
                let answer = person.post("/drafts", &person.note(&text));
                assert_eq!(
                    answer.status.as_u16(),
                    if is_own { 422 } else { 403 },
                    "{kind} {member}: {}",
                    answer.text()
                );
            }
        }
        if is_own {
            return self.declare(index, &event, &text);
        }
        let mut present = self.present.iter();
        let author = present.find(|(member, _)| !self.takes(&event, member));
        let (author, begins) = author.unwrap();
        let author = author.clone();
        let begun = begins.post("/drafts", &json!({ "statement": text }));
        assert_eq!(
            begun.status.as_u16(),
            201,
            "{kind} {author}: {}",
            begun.text()
        );
        let id = begun.json()["id"].as_str().unwrap().to_owned();
        self.strangers(&id, &text);
        self.others(&event, (&id, &author), &text);
        self.record(index, &event, (&id, &author), &text);
    }

    /// What one signs alone waits for nobody.
    fn declare(&mut self, index: usize, event: &Value, text: &str) {
        for person in self.present.values() {
            let waiting = person.post("/drafts", &json!({ "statement": text }));
            waiting.problem(422, "not_for_self");
        }
        let person = &self.present[event["member"].as_str().unwrap()];
        let entered = person.post("/drafts", &person.note(text));
        assert_eq!(entered.status.as_u16(), 201, "{}", entered.text());
        assert_eq!(entered.json()["index"], index);
        let note = String::from_utf8(bytes_of(&self.entries[index])).unwrap();
        assert!(self.desk.raw(index as u64).contains(&note));
    }

    fn rehearse(&self, entry: &Entry, event: &Value, text: &str) {
        let kind = event["kind"].as_str().unwrap();
        let asked = rehearsal(entry);
        for (member, person) in &self.present {
            let answer = person.post("/rehearse", &asked);
            if kind == "relative_declared" && event["member"] != member.as_str() {
                answer.problem(422, "not_for_self");
                continue;
            }
            assert_eq!(
                answer.status.as_u16(),
                200,
                "{kind} {member}: {}",
                answer.text()
            );
            let rehearsed = answer.json();
            assert_eq!(
                rehearsed["mine"],
                self.takes(event, member),
                "{kind} {member}"
            );
            if kind != "concern_raised" {
                assert_eq!(rehearsed["statement"], text, "{kind}");
            }
            let (must, may) = roles_for(&self.charter, event, self.entries);
            for seat in rehearsed["seats"].as_array().unwrap() {
                let role = Office::text(&seat["role"]);
                assert!(must.contains(&role) || may.contains(&role), "{kind} {role}");
                assert!(self.office.holds(seat["member"].as_str().unwrap(), &[role]));
            }
        }
    }

    /// Those without a session get nothing and do nothing, whatever cookie they still have.
    fn strangers(&self, id: &str, text: &str) {
        let nothing = json!({});
        for (name, person) in &self.absent {
            let digest = "5".repeat(64);
            let signatures = format!("/drafts/{id}/signatures");
            let asked: [(&str, String, Value); 9] = [
                ("POST", "/rehearse".to_owned(), nothing.clone()),
                ("POST", "/typed".to_owned(), nothing.clone()),
                ("POST", "/drafts".to_owned(), person.note(text)),
                ("POST", "/drafts".to_owned(), json!({ "statement": text })),
                ("POST", signatures, person.line(text)),
                ("POST", format!("/drafts/{id}/rebase"), nothing.clone()),
                ("DELETE", format!("/drafts/{id}"), nothing.clone()),
                ("PUT", format!("/documents/{digest}"), nothing.clone()),
                ("PUT", format!("/private/{digest}"), nothing.clone()),
            ];
            for (method, path, body) in asked {
                TRIED.fetch_add(1, Ordering::Relaxed);
                let answer = person.sitter.send(method, &path, &body);
                assert_eq!(answer.status.as_u16(), 401, "{name} {method} {path}");
                answer.problem(401, "signed_out");
            }
            for path in [
                "/me",
                "/drafts",
                &format!("/drafts/{id}/json"),
                "/enrolments/AAAA",
            ] {
                person.get(path).problem(401, "signed_out");
            }
        }
    }

    /// Members sign, and take back, only what the charter has them sign, and nobody signs for another.
    fn others(&self, event: &Value, (id, author): (&str, &str), text: &str) {
        let kind = &event["kind"];
        let path = format!("/drafts/{id}/signatures");
        let everybody: Vec<&Person<'_>> = self.present.values().collect();
        for (place, (member, person)) in self.present.iter().enumerate() {
            let is_taken = self.takes(event, member);
            let shown = person.get(&format!("/drafts/{id}/json")).json();
            assert_eq!(shown["mine"], is_taken, "{kind} {member}: {shown}");
            assert_eq!(shown["statement"], text);
            let other = everybody[(place + 1) % everybody.len()];
            person
                .post(&path, &other.line(text))
                .problem(403, "not_own_signature");
            if place % 4 == 0 {
                let rebased = person.post(&format!("/drafts/{id}/rebase"), &json!({}));
                assert_eq!(rebased.status.as_u16(), 200, "{}", rebased.text());
            }
            if is_taken {
                continue;
            }
            for answer in [
                person.post(&path, &person.line(text)),
                // By the other way in, too.
                person.post("/drafts", &person.note(text)),
            ] {
                assert_eq!(
                    answer.status.as_u16(),
                    403,
                    "{kind} {member}: {}",
                    answer.text()
                );
            }
            if member != author {
                let back = person
                    .sitter
                    .send("DELETE", &format!("/drafts/{id}"), &json!({}));
                back.problem(403, "not_your_draft");
            }
        }
        let absent: Vec<&Person<'_>> = self.absent.iter().map(|(_, person)| person).collect();
        for person in absent {
            let line = person.line(text);
            let answer = self.present["zhou"].post(&path, &line);
            answer.problem(403, "not_own_signature");
        }
    }

    fn record(&mut self, index: usize, event: &Value, (id, author): (&str, &str), text: &str) {
        let (entry, kind) = (&self.entries[index], &event["kind"]);
        let (_, may) = roles_for(&self.charter, event, self.entries);
        let mut signers: Vec<String> = entry.signers().iter().map(ToString::to_string).collect();
        // Who need not sign comes first: the entry does not wait for them.
        signers.sort_by_key(|member| !self.office.holds(member, &may));
        let path = format!("/drafts/{id}/signatures");
        let last = signers.len() - 1;
        for (place, member) in signers.iter().enumerate() {
            let Some(person) = self.present.get(member) else {
                // Programs do not sit at the desk: what they sign comes by their own way.
                let note = submission(bytes_of(entry));
                let router = self.desk.router.clone();
                let answer = self.desk.runtime.block_on(answer(router, note));
                assert_eq!(answer.status.as_u16(), 201, "{kind}: {}", answer.text());
                continue;
            };
            assert_eq!(self.desk.size(), index as u64);
            let answer = person.post(&path, &person.line(text));
            assert_eq!(
                answer.status.as_u16(),
                200,
                "{kind} {member}: {}",
                answer.text()
            );
            let state = if place == last { "entered" } else { "waiting" };
            assert_eq!(
                answer.json()["state"],
                state,
                "{kind} {member}: {}",
                answer.text()
            );
        }
        assert_eq!(self.desk.size(), index as u64 + 1, "{kind}");
        // With exactly the signatures that it has elsewhere, and no other.
        let note = String::from_utf8(bytes_of(entry)).unwrap();
        let raw = self.desk.raw(index as u64);
        assert!(raw.contains(&note), "{kind}: {raw}");
        assert_eq!(raw.matches("\n— ").count(), signers.len(), "{kind}: {raw}");
        let begins = &self.present[author];
        let back = begins
            .sitter
            .send("DELETE", &format!("/drafts/{id}"), &json!({}));
        back.problem(410, "draft_entered");
        self.office.read(event);
        self.seat();
    }

    /// No step is taken but the one whose turn it is, whoever asks.
    fn out_of_turn(&self, index: usize, steps: &[usize]) {
        let awaited = value_of(&self.entries[index])["kind"].clone();
        for (place, step) in steps.iter().enumerate() {
            let entry = &self.entries[*step];
            if value_of(entry)["kind"] == awaited {
                continue;
            }
            let everybody: Vec<&Person<'_>> = self.present.values().collect();
            let person = everybody[(index + place) % everybody.len()];
            let answer = person.post("/rehearse", &rehearsal(entry));
            answer.problem(422, "out_of_order");
        }
    }

    /// Every page, by everybody.
    fn pages(&self) {
        let kinds = Event::KINDS
            .iter()
            .map(|kind| format!("/record/{kind}?transaction={}", process::DEAL));
        let pages = ["", "/drafts", "/publish", "/record", "/charter", "/import"];
        let pages = pages.map(str::to_owned);
        for path in pages.into_iter().chain(kinds) {
            for (name, person) in &self.absent {
                let answer = person.page(&path);
                assert_eq!(answer.status.as_u16(), 401, "{name} {path}");
                assert!(!answer.text().contains("东街"), "{name} {path}");
            }
            for (member, person) in &self.present {
                let status = person.page(&path).status.as_u16();
                // The charter's form is a page of its own.
                let found = match path.starts_with("/record/charter_adopted") {
                    true => [303, 303],
                    false => [200, 404],
                };
                assert!(found.contains(&status), "{member} {path}: {status}");
            }
        }
        for (name, person) in &self.absent {
            // There a key is made first.
            for path in ["/keys", "/enrol"] {
                let answer = person.page(path);
                assert_eq!(answer.status.as_u16(), 200, "{name} {path}");
                assert!(!answer.text().contains("东街"), "{name} {path}");
            }
        }
    }
}

/// A founded ledger with three members more, who are not to stay.
fn with_passers_by() -> Scene {
    let mut scene = Scene::founded();
    for member in ["gone", "turned", "stolen"] {
        let key = process::key(member, 1);
        scene.keys.insert(member.to_owned(), Arc::clone(&key));
        let enrolment = process::enrolment(&key, member, &["attestor"]);
        let enrolled = json!({"kind": "member_enrolled", "enrolment": enrolment});
        scene.change(enrolled).unwrap();
    }
    let since = scene.clock;
    for change in [
        json!({"kind": "role_ended", "member": "gone", "reason": "离任", "role": "attestor"}),
        json!({"kind": "key_rotated", "key": process::key("turned", 2).verifier(), "member": "turned"}),
        process::compromised("stolen", since),
    ] {
        scene.change(change).unwrap();
    }
    scene
}

#[test]
fn everybody_tries_everything_at_every_turn_of_a_ledger() {
    let scene = process::kinds::every_kind_in(with_passers_by());
    let desk = Desk::founded(&scene.entries[0]);
    let is_step = |index: &usize| {
        let event = value_of(&scene.entries[*index]);
        event["kind"].as_str().unwrap().parse::<Step>().is_ok()
    };
    let steps: Vec<usize> = (1..scene.entries.len()).filter(is_step).collect();
    assert_eq!(steps.len(), 16);
    let mut run = Run::new(&desk, &scene.entries);
    for index in 1..scene.entries.len() {
        if steps.contains(&index) {
            desk.turn_to(&scene.entries[index]);
            run.out_of_turn(index, &steps);
        }
        run.turn(index);
    }
    run.pages();
    let (gone, tried) = (run.absent.len(), TRIED.load(Ordering::Relaxed));
    println!(
        "{} entries, {gone} who may not, {tried} requests",
        scene.entries.len()
    );
    assert!(gone >= 6 && tried > 10_000);
}

#[test]
fn what_takes_a_detour_is_tried_by_everybody_too() {
    let [small, _] = process::kinds::every_kind();
    let desk = Desk::founded(&small.entries[0]);
    let mut run = Run::new(&desk, &small.entries);
    let detours = ["step_waived", "returned", "terminated"];
    let mut met = BTreeSet::new();
    for index in 1..small.entries.len() {
        let kind = small.entries[index].statement().event.kind();
        if detours.contains(&kind) {
            met.insert(kind);
            run.turn(index);
            continue;
        }
        desk.turn_to(&small.entries[index]);
        let note = submission(bytes_of(&small.entries[index]));
        let router = desk.router.clone();
        let answer = desk.runtime.block_on(answer(router, note));
        assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    }
    assert_eq!(met.len(), detours.len());
}
