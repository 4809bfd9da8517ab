//! Frozen bytes: the entries of a small ledger as version 1 of the format wrote them. They may never
//! change: what stands in somebody's log must be written, read and judged so for ever.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use ledger_core::admit::{Entry, admit};
use ledger_core::authenticate::authenticate;
use ledger_core::charter::Charter;
use ledger_core::commitment::Salt;
use ledger_core::event::LoggedEntry;
use ledger_core::evolve::evolve;
use ledger_core::hash::{self, Commitment, Hash};
use ledger_core::state::State;
use ledger_core::step::Step;
use ledger_core::transaction::Phase;
use ledger_core::tree::Frontier;
use scene::{CHANNELS, DEAL, Scene, enrolment, key};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What was frozen: the entries, the tree over them, and how many there are.
struct Frozen {
    entries: String,
    tree: Value,
    count: usize,
}

/// Straight through four steps, and a transaction with every detour.
static FROZEN: LazyLock<[Frozen; 2]> = LazyLock::new(|| {
    if std::env::var_os("UPDATE").is_some() {
        freeze();
    }
    [("entries", "tree", 10), ("detours", "detours_tree", 32)].map(|(entries, tree, count)| {
        Frozen {
            entries: read(&format!("{entries}.txt")),
            tree: serde_json::from_str(&read(&format!("{tree}.json"))).unwrap(),
            count,
        }
    })
});

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/format_v1")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

/// The charter of those ledgers: a copy, so that the one that ships with the library may change.
fn charter() -> Charter {
    Charter::parse(&read("charter.json")).unwrap()
}

/// A founding, an enrolment, steps 1 to 4 of one transaction, and the four postings.
fn ledger() -> Vec<Entry> {
    let founders: [(&str, &[&str]); 8] = [
        ("chen", &["chair"]),
        ("deng", &["asset_manager"]),
        ("he", &["accountant"]),
        ("huang", &["supervisor"]),
        ("li", &["first_secretary"]),
        ("wu", &["disclosure_officer"]),
        ("xu", &["party_secretary"]),
        ("zhou", &["council_member"]),
    ];
    let mut scene = Scene::found(&charter(), false, &founders);
    scene.wait(600);
    let roles = ["cashier", "attestor"];
    let enrolment = enrolment(&key("lin", 1), "lin", &roles);
    let enrolled = json!({"kind": "member_enrolled", "enrolment": enrolment});
    scene.change(enrolled).unwrap();
    scene.wait(3_000);
    for step in &Step::ALL[..4] {
        scene.pass(DEAL, *step);
    }
    scene.entries
}

/// A small deal with four steps left out, a correction of what was disclosed, a return, and the end.
fn detours() -> Vec<Entry> {
    let mut scene = Scene::found_under(&charter(), false);
    let small = |value: &mut Value| value["method"] = json!("small_value");
    scene.pass(DEAL, Step::AssetVerification);
    scene.pass_with(DEAL, Step::ProposalInitiation, small);
    scene.pass(DEAL, Step::PartyReview);
    scene.pass(DEAL, Step::PublishPrePlan);
    scene.pass(DEAL, Step::FeedbackAndValuation);
    scene.pass_with(DEAL, Step::PlanDrafting, |value| {
        small(value);
        value["reserve_price"] = json!({"basis": "total", "fen": 4_800_000});
    });
    scene.go_on_to(DEAL, Step::StreetReview);
    scene
        .waive(DEAL, Step::StreetReview, Step::Bidding)
        .unwrap();
    scene
        .correct(DEAL, Step::PartyReview, "/met_on", json!("2018-03-25"))
        .unwrap();
    scene.go_on_to(DEAL, Step::ResultAndObjection);
    scene.pass(DEAL, Step::ResultAndObjection);
    scene.go_back(DEAL, Step::ResultAndObjection).unwrap();
    scene.terminate(DEAL).unwrap();
    scene.entries
}

/// The entries as they are kept for reading: each below a line with its place and length in bytes.
fn written(entries: &[Entry]) -> String {
    let head = |entry: &Entry| format!("=== {} {}\n", entry.index(), entry.bytes().len());
    let text = |entry: &Entry| core::str::from_utf8(entry.bytes()).unwrap().to_owned();
    entries
        .iter()
        .map(|entry| head(entry) + &text(entry))
        .collect()
}

/// The entries that were kept.
fn kept(frozen: &Frozen) -> Vec<&[u8]> {
    let mut rest = frozen.entries.as_str();
    let mut entries: Vec<&[u8]> = Vec::new();
    while let Some(numbers) = rest.strip_prefix("=== ") {
        let (numbers, after) = numbers.split_once('\n').unwrap();
        let (index, length) = numbers.split_once(' ').unwrap();
        assert_eq!(index, entries.len().to_string());
        let (entry, next) = after.split_at(length.parse().unwrap());
        entries.push(entry.as_bytes());
        rest = next;
    }
    assert_eq!(rest, "");
    entries
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// RFC 6962, section 2.1, with nothing of the library.
fn merkle_tree_hash(entries: &[&[u8]]) -> Vec<u8> {
    match entries {
        [] => Sha256::digest([]).to_vec(),
        [entry] => Sha256::digest([&[0], *entry].concat()).to_vec(),
        _ => {
            let split = entries.len().next_power_of_two() / 2;
            let (left, right) = entries.split_at(split);
            let (left, right) = (merkle_tree_hash(left), merkle_tree_hash(right));
            Sha256::digest([&[1], &left[..], &right].concat()).to_vec()
        }
    }
}

fn tree(entries: &[&[u8]]) -> Value {
    json!({
        "ledger_id": hex(&merkle_tree_hash(&entries[..1])),
        "root": hex(&merkle_tree_hash(entries)),
        "size": entries.len(),
    })
}

/// From what was said, by whom, and when, to the bytes: places, signatures and encoding made anew.
#[test]
fn the_same_events_give_the_same_bytes() {
    for frozen in &*FROZEN {
        let mut scene = Scene::empty();
        for bytes in kept(frozen) {
            let text = core::str::from_utf8(bytes).unwrap();
            let entry = made_anew(&mut scene, text);
            assert_eq!(core::str::from_utf8(entry.bytes()), Ok(text));
        }
        assert_eq!(written(&scene.entries), frozen.entries);
    }
}

fn made_anew(scene: &mut Scene, text: &str) -> Entry {
    let mut lines = text.lines();
    scene.clock = scene::time(lines.next().unwrap());
    let said: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    let names = lines.filter_map(|line| line.strip_prefix("— ")?.split(' ').next());
    let names: Vec<&str> = names.collect();
    let members: Vec<&str> = names
        .iter()
        .map(|name| name.rsplit('/').next().unwrap())
        .collect();
    for member in &members {
        scene.keys.insert((*member).to_owned(), key(member, 1));
    }
    let event = scene::event(said["event"].clone());
    let mut statement = scene.statement(said["stream"].as_str().unwrap(), event);
    statement.at = said["at"].as_str().unwrap().parse().unwrap();
    assert_eq!(names[0], format!("{}/{}", scene::ORIGIN, members[0]));
    scene.present(&statement, &members).unwrap()
}

/// The kept bytes, read, admitted and hashed.
fn replayed(frozen: &Frozen) -> State {
    let entries = kept(frozen);
    assert_eq!(entries.len(), frozen.count);
    let (mut state, mut frontier) = (State::new(), Frontier::new());
    for bytes in &entries {
        let logged = LoggedEntry::parse(bytes).unwrap();
        let now = logged.received_at;
        let authentic = authenticate(&state, logged.signed).unwrap();
        let entry = admit(&state, authentic, now).unwrap();
        assert_eq!(entry.bytes(), *bytes);
        frontier.push(Hash::leaf(bytes));
        evolve(&mut state, &entry);
    }
    assert_eq!(frozen.tree["root"], frontier.root().to_string());
    let ledger = state.ledger().unwrap();
    assert_eq!(frozen.tree["ledger_id"], ledger.ledger_id.to_string());
    assert_eq!(frozen.tree["size"], frontier.size());
    assert_eq!(frozen.tree, tree(&entries));
    state
}

#[test]
fn the_kept_bytes_are_read_admitted_and_hashed_as_they_were() {
    let [straight, detours] = &*FROZEN;
    let state = replayed(straight);
    let transaction = state.transaction(&DEAL.parse().unwrap()).unwrap();
    assert_eq!(transaction.current_step(), Some(Step::FeedbackAndValuation));
    assert_eq!(transaction.postings.len(), CHANNELS.len());

    let state = replayed(detours);
    let transaction = state.transaction(&DEAL.parse().unwrap()).unwrap();
    assert!(matches!(transaction.phase, Phase::Terminated { .. }));
    assert_eq!(transaction.passed.len(), 12);
    assert_eq!(transaction.superseded.len(), 3);
    let kinds = transaction.detours.iter().map(|noted| noted.event.kind());
    assert!(kinds.eq(["step_waived", "corrected", "returned", "terminated"]));
}

/// A flipped bit anywhere is another tree.
#[test]
fn the_root_stands_for_every_byte() {
    for frozen in &*FROZEN {
        let entries = kept(frozen);
        for place in 0..entries.len() {
            let mut changed = entries[place].to_vec();
            changed[place * 7] ^= 1;
            let mut entries = entries.clone();
            entries[place] = &changed;
            assert_ne!(frozen.tree["root"], tree(&entries)["root"]);
        }
    }
}

/// The worked example of FORMAT.md, computed with `sha256sum`.
#[test]
fn a_commitment_is_what_it_was() {
    let salt: Vec<u8> = (0..32).collect();
    let salt = Salt::from_bytes(salt.try_into().unwrap());
    let document = "示例：身份证复印件\n".as_bytes();
    let digest = "e1007162212ebc284381d4c17ecc5c4530535866d6710c419943fd746589a625";
    assert_eq!(hash::Digest::of(document).to_string(), digest);
    let commitment = Commitment::to(&salt, document);
    assert_eq!(
        commitment.to_string(),
        "4774bc5f847cf0c71dc2ab74cf1174cb85a90c788aa385f9c7599b1d589e4447"
    );
    assert!(commitment.open(&salt, document).is_ok());
}

/// The figure: a party review with two signers stays under 1.2 kB.
#[test]
fn a_party_review_is_small() {
    let entries = kept(&FROZEN[0]);
    let review = entries
        .iter()
        .find(|bytes| {
            let logged = LoggedEntry::parse(bytes).unwrap();
            logged.signed.statement().event.kind() == "party_review"
        })
        .unwrap();
    let signers = review
        .split(|byte| *byte == b'\n')
        .filter(|line| line.starts_with("—".as_bytes()));
    assert_eq!(signers.count(), 2);
    assert!(review.len() < 1_200, "{} bytes", review.len());
}

/// Writes the files: `UPDATE=1 cargo test -p ledger-core --test format_v1`. Only for a format that nobody
/// has used yet.
fn freeze() {
    let keep = |name: &str, text: String| std::fs::write(folder().join(name), text).unwrap();
    keep("charter.json", Charter::default_text().to_owned());
    for (entries, [text, root]) in [
        (ledger(), ["entries.txt", "tree.json"]),
        (detours(), ["detours.txt", "detours_tree.json"]),
    ] {
        keep(text, written(&entries));
        let bytes: Vec<&[u8]> = entries.iter().map(Entry::bytes).collect();
        let tree = serde_json::to_string_pretty(&tree(&bytes)).unwrap() + "\n";
        keep(root, tree);
    }
}
