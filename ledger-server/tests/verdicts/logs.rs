//! Whole logs in folders: what holds, and every way of tampering with what is served.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use ledger_core::audit::{FaultKind, Report};
use ledger_core::checkpoint::{Checkpoint, SignedCheckpoint};
use ledger_core::cosignature::Cosigner;
use ledger_core::event::{LoggedEntry, SignedEvent, Statement, entry_bytes};
use ledger_core::hash::Hash;
use ledger_core::key::SigningKey;
use ledger_core::policy::Policy;
use ledger_core::source::{FolderSource, StoreSource};
use ledger_core::store::{Batch, Relation, Touch};
use ledger_core::tile::{TileSource as _, tiles_of};
use ledger_core::time::LogTime;
use ledger_core::tree::Frontier;
use ledger_core::{Expected, MemoryStore, Pins, Step, Store as _, StreamId, audit};
use serde_json::{Value, json};

use crate::ask;
use crate::scene::{ORIGIN, Scene};

/// A log to be published, and what a verifier knows of it.
struct Log {
    entries: Vec<Vec<u8>>,
    /// Who signs its checkpoint.
    key: SigningKey,
    pins: Pins,
    policy: Option<String>,
    /// A checkpoint that was seen before.
    before: Option<Vec<u8>>,
    /// Lines of witnesses.
    cosigners: Vec<Cosigner>,
}

fn log_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[99; 32]).unwrap()
}

fn bytes_of(scene: &Scene) -> Vec<Vec<u8>> {
    let entries = scene.entries.iter();
    entries.map(|entry| entry.bytes().to_vec()).collect()
}

/// The log of a whole transaction and the beginnings of others, 300 entries: there is a full tile.
fn whole() -> Log {
    static ENTRIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
        let mut scene = Scene::completed();
        for number in scene.entries.len()..300 {
            scene.wait(60);
            scene
                .step(&format!("more-{number}"), Step::AssetVerification)
                .unwrap();
        }
        bytes_of(&scene)
    });
    Log::of(ENTRIES.clone())
}

impl Log {
    fn of(entries: Vec<Vec<u8>>) -> Self {
        let pins = Pins {
            ledger_id: Hash::leaf(&entries[0]),
            log_key: log_key().verifier().clone(),
            origin: ORIGIN.parse().unwrap(),
        };
        Self {
            entries,
            key: log_key(),
            pins,
            policy: None,
            before: None,
            cosigners: Vec::new(),
        }
    }

    fn store(&self) -> MemoryStore {
        let mut store = MemoryStore::new();
        let (mut frontier, mut batch) = (Frontier::new(), Batch::default());
        for bytes in &self.entries {
            batch.nodes.extend(frontier.push(Hash::leaf(bytes)));
            batch.entries.push(bytes.clone());
            batch.touches.push(vec![Touch {
                stream: StreamId::Ledger,
                relation: Relation::Own,
            }]);
        }
        store.append(0, &batch).unwrap();
        let root = frontier.root();
        let head = Checkpoint::new(self.key.name(), frontier.size(), root).unwrap();
        let mut signed = head.sign(&self.key).unwrap();
        for cosigner in &self.cosigners {
            let line = cosigner.cosign(&head, 1_600_000_000).unwrap();
            signed = ledger_core::cosignature::attach(signed, cosigner.verifier(), line).unwrap();
        }
        store.publish(frontier.size(), &signed.to_bytes()).unwrap();
        store
    }

    /// The checkpoint of the first entries, as somebody saw it.
    fn seen_at(&self, size: usize) -> Vec<u8> {
        let mut frontier = Frontier::new();
        for bytes in &self.entries[..size] {
            let _ = frontier.push(Hash::leaf(bytes));
        }
        let head = Checkpoint::new(ORIGIN, frontier.size(), frontier.root()).unwrap();
        head.sign(&self.key).unwrap().to_bytes()
    }

    /// Writes the static files, and what the verifier knows.
    fn write(&self, folder: &Path) {
        let store = self.store();
        let source = StoreSource(&store);
        let size = store.size();
        let checkpoint = store.checkpoint().unwrap().unwrap();
        for tile in tiles_of(size) {
            let path = folder.join(tile.to_string());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, source.fetch(&tile).unwrap()).unwrap();
        }
        fs::write(folder.join("checkpoint"), checkpoint).unwrap();
        fs::write(folder.join("pins.json"), json!(self.pins).to_string()).unwrap();
        if let Some(policy) = &self.policy {
            fs::write(folder.join("policy"), policy).unwrap();
        }
        if let Some(before) = &self.before {
            fs::write(folder.join("before"), before).unwrap();
        }
    }
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    let at = at.min(bytes.len() - 1);
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// An entry received at another time.
fn received(bytes: &[u8], at: &str) -> Vec<u8> {
    let logged = LoggedEntry::parse(bytes).unwrap();
    entry_bytes(at.parse::<LogTime>().unwrap(), &logged.signed)
}

/// An entry whose statement is changed and signed again.
fn resigned(bytes: &[u8], change: impl FnOnce(&mut Statement), signers: &[&str]) -> Vec<u8> {
    let logged = LoggedEntry::parse(bytes).unwrap();
    let mut statement = logged.signed.statement().clone();
    change(&mut statement);
    let scene = Scene::founded();
    let signed = SignedEvent::parse(&scene.sign(&statement, signers)).unwrap();
    entry_bytes(logged.received_at, &signed)
}

/// An entry with some of its text replaced, signed again by nobody.
fn rewritten(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1).into_bytes()
}

/// Signs the text of an entry, as it stands, with these members' keys.
fn text_signed(bytes: &[u8], signers: &[&str]) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (received, rest) = text.split_once('\n').unwrap();
    let (statement, _) = rest.split_once("\n\n").unwrap();
    let scene = Scene::founded();
    let note = crate::scene::note(&format!("{statement}\n"), &scene.keys_of(signers));
    [format!("{received}\n").into_bytes(), note].concat()
}

/// What is done to a log: before it is published, and to the files.
type Tamper = (&'static str, &'static str, fn(&mut Log), fn(&Path));

fn nothing(_: &mut Log) {}

fn no_files(_: &Path) {}

fn witness(seed: u8) -> Cosigner {
    Cosigner::from_seed(&format!("witness.example/w{seed}"), &[seed; 32]).unwrap()
}

fn policy(cosigners: &[Cosigner], quorum: &str) -> String {
    let lines = cosigners.iter().enumerate();
    let lines = lines.map(|(place, one)| format!("witness w{place} {}\n", one.verifier()));
    format!("{}{quorum}", lines.collect::<String>())
}

/// Every way in which a log is told to be another than it was, with the verdict that both must reach.
const TAMPERS: &[Tamper] = &[
    ("as it is", "holds", nothing, no_files),
    (
        "grown since it was seen",
        "holds",
        |log| log.before = Some(log.seen_at(256)),
        no_files,
    ),
    (
        "grown from one entry",
        "holds",
        |log| log.before = Some(log.seen_at(1)),
        no_files,
    ),
    ("a flipped byte in an entry", "altered", nothing, |folder| {
        flip(&folder.join("tile/entries/000"), 9_000);
    }),
    (
        "a flipped byte in the last bundle",
        "altered",
        nothing,
        |folder| {
            flip(&folder.join("tile/entries/001.p/44"), 900);
        },
    ),
    ("a flipped byte in a full tile", "tree", nothing, |folder| {
        flip(&folder.join("tile/0/000"), 40);
    }),
    (
        "a flipped byte in the right edge",
        "tree",
        nothing,
        |folder| {
            flip(&folder.join("tile/0/001.p/44"), 40);
        },
    ),
    (
        "a flipped byte in a level above",
        "tree",
        nothing,
        |folder| {
            flip(&folder.join("tile/1/000.p/1"), 3);
        },
    ),
    ("a shortened tile", "tree", nothing, |folder| {
        fs::write(folder.join("tile/0/001.p/44"), [7; 32 * 43]).unwrap();
    }),
    (
        "a missing tile",
        "could not be checked",
        nothing,
        |folder| {
            fs::remove_file(folder.join("tile/0/000")).unwrap();
        },
    ),
    (
        "a missing bundle",
        "could not be checked",
        nothing,
        |folder| {
            fs::remove_file(folder.join("tile/entries/000")).unwrap();
        },
    ),
    (
        "a flipped byte in the checkpoint's signature",
        "checkpoint",
        nothing,
        |folder| {
            let path = folder.join("checkpoint");
            let length = fs::read(&path).unwrap().len();
            flip(&path, length - 20);
        },
    ),
    (
        "another size in the checkpoint",
        "checkpoint",
        nothing,
        |folder| {
            let path = folder.join("checkpoint");
            let text = fs::read_to_string(&path).unwrap();
            fs::write(path, text.replacen("\n300\n", "\n299\n", 1)).unwrap();
        },
    ),
    ("an extension line", "checkpoint", nothing, |folder| {
        let path = folder.join("checkpoint");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, text.replacen("\n\n", "\nmore\n\n", 1)).unwrap();
    }),
    (
        "another log's key",
        "checkpoint",
        |log| {
            log.key = SigningKey::from_seed(ORIGIN, &[98; 32]).unwrap();
        },
        no_files,
    ),
    (
        "another log's name",
        "checkpoint",
        |log| {
            log.key = SigningKey::from_seed("sanzi.example.org/other", &[99; 32]).unwrap();
        },
        no_files,
    ),
    (
        "a pinned name that the key has not",
        "origin",
        |log| {
            log.pins.origin = "sanzi.example.org/other".parse().unwrap();
        },
        no_files,
    ),
    (
        "another ledger id",
        "ledger_id",
        |log| log.pins.ledger_id = Hash::leaf(b"other"),
        no_files,
    ),
    (
        "rolled back",
        "rollback",
        |log| {
            log.before = Some(log.seen_at(300));
            log.entries.truncate(280);
        },
        no_files,
    ),
    (
        "another history than was seen",
        "consistency",
        |log| {
            log.before = Some(log.seen_at(298));
            let last = log.entries.len();
            log.entries[297] = received(&log.entries[297], "2018-12-01T00:00:00Z");
            log.entries.truncate(298);
            assert_eq!(last, 300);
        },
        no_files,
    ),
];

/// The same with what is in the log, who signed what, and who witnessed it: a short log is enough.
const TAMPERS_WITHIN: &[Tamper] = &[
    (
        "enough witnesses",
        "holds",
        |log| {
            log.cosigners = vec![witness(1), witness(2)];
            log.policy = Some(policy(
                &[witness(1), witness(2), witness(3)],
                "group two 2 w0 w1 w2\nquorum two\n",
            ));
        },
        no_files,
    ),
    (
        "too few witnesses",
        "policy",
        |log| {
            log.cosigners = vec![witness(1)];
            log.policy = Some(policy(
                &[witness(1), witness(2)],
                "group both all w0 w1\nquorum both\n",
            ));
        },
        no_files,
    ),
    (
        "a witness's line that is not its own",
        "policy",
        |log| {
            log.cosigners = vec![witness(1)];
            log.policy = Some(policy(&[witness(1)], "quorum none\n"));
        },
        |folder| {
            let path = folder.join("checkpoint");
            let length = fs::read(&path).unwrap().len();
            let mut text = fs::read_to_string(&path).unwrap().into_bytes();
            let at = length - 40;
            text[at] = if text[at] == b'A' { b'B' } else { b'A' };
            fs::write(path, text).unwrap();
        },
    ),
    (
        "a policy that names another log",
        "policy",
        |log| {
            let other = SigningKey::from_seed(ORIGIN, &[98; 32]).unwrap();
            log.policy = Some(format!("log {}\nquorum none\n", other.verifier()));
        },
        no_files,
    ),
    (
        "a clock that went back",
        "clock",
        |log| {
            log.entries[7] = received(&log.entries[7], "2018-03-26T00:00:00Z");
        },
        no_files,
    ),
    (
        "a signature that is not its signer's",
        "invalid_signature",
        |log| {
            let text = String::from_utf8(log.entries[3].clone()).unwrap();
            log.entries[3] = rewritten(&log.entries[3], "环节已办", "环节已辦");
            assert!(text.contains("环节已办"));
        },
        no_files,
    ),
    (
        "signed with a key that is on no roster",
        "unknown_key",
        |log| {
            let scene = Scene::founded();
            let logged = LoggedEntry::parse(&log.entries[1]).unwrap();
            let text = logged.signed.statement().to_text().unwrap();
            let mut keys = scene.keys_of(&["he", "huang"]);
            keys.push(crate::scene::key("deng", 2));
            let signed = SignedEvent::parse(&crate::scene::note(&text, &keys)).unwrap();
            log.entries[1] = entry_bytes(logged.received_at, &signed);
        },
        no_files,
    ),
    (
        "a role that must sign is missing",
        "missing_roles",
        |log| {
            log.entries[1] = resigned(&log.entries[1], |_| {}, &["deng", "he"]);
        },
        no_files,
    ),
    (
        "somebody without a role signs",
        "signer_without_role",
        |log| {
            log.entries[1] = resigned(&log.entries[1], |_| {}, &["deng", "he", "huang", "li"]);
        },
        no_files,
    ),
    (
        "an entry left out",
        "stale_prev",
        |log| {
            log.entries.remove(2);
        },
        no_files,
    ),
    (
        "two entries in the other order",
        "stale_prev",
        |log| {
            let (one, other) = (log.entries[2].clone(), log.entries[3].clone());
            let time = |bytes: &[u8]| LoggedEntry::parse(bytes).unwrap().received_at.to_string();
            log.entries[2] = received(&other, &time(&one));
            log.entries[3] = received(&one, &time(&other));
        },
        no_files,
    ),
    (
        "a statement twice",
        "stale_prev",
        |log| {
            let again = received(&log.entries[2], "2018-12-01T00:00:00Z");
            log.entries.push(again);
        },
        no_files,
    ),
    (
        "a statement twice, signed by others",
        "stale_prev",
        |log| {
            let again = resigned(&log.entries[2], |_| {}, &["chen", "zhou"]);
            log.entries.push(received(&again, "2018-12-01T00:00:00Z"));
        },
        no_files,
    ),
    (
        "another ledger's entry",
        "stale_prev",
        |log| {
            log.entries[1] = resigned(
                &log.entries[1],
                |s| s.prev = Hash::leaf(b"other"),
                &["deng", "he", "huang"],
            );
        },
        no_files,
    ),
    (
        "spaces in the statement",
        "form",
        |log| {
            let spaced = rewritten(&log.entries[1], "{\"at\":", "{ \"at\":");
            log.entries[1] = text_signed(&spaced, &["deng", "he", "huang"]);
        },
        no_files,
    ),
    (
        "a key twice",
        "form",
        |log| {
            let twice = rewritten(&log.entries[1], ",\"v\":1}", ",\"v\":1,\"v\":1}");
            log.entries[1] = text_signed(&twice, &["deng", "he", "huang"]);
        },
        no_files,
    ),
    (
        "an unknown field",
        "form",
        |log| {
            let more = rewritten(&log.entries[1], "\"summary\":", "\"sum\":1,\"summary\":");
            log.entries[1] = text_signed(&more, &["deng", "he", "huang"]);
        },
        no_files,
    ),
    (
        "a number with a fraction",
        "form",
        |log| {
            let half = rewritten(&log.entries[1], "250000000", "250000000.0");
            log.entries[1] = text_signed(&half, &["deng", "he", "huang"]);
        },
        no_files,
    ),
    (
        "a number beyond 2^53",
        "form",
        |log| {
            let more = rewritten(&log.entries[1], "250000000", "9007199254740993");
            log.entries[1] = text_signed(&more, &["deng", "he", "huang"]);
        },
        no_files,
    ),
    (
        "null",
        "form",
        |log| {
            let null = rewritten(&log.entries[1], "250000000", "null");
            log.entries[1] = text_signed(&null, &["deng", "he", "huang"]);
        },
        no_files,
    ),
    (
        "a character that turns the text around",
        "form",
        |log| {
            let turned = rewritten(&log.entries[1], "东街仓库", "东街\u{202E}仓库");
            log.entries[1] = text_signed(&turned, &["deng", "he", "huang"]);
        },
        no_files,
    ),
    (
        "version 2",
        "form",
        |log| {
            let later = rewritten(&log.entries[1], "\"v\":1}", "\"v\":2}");
            log.entries[1] = text_signed(&later, &["deng", "he", "huang"]);
        },
        no_files,
    ),
    (
        "signature lines out of order",
        "form",
        |log| {
            let text = String::from_utf8(log.entries[1].clone()).unwrap();
            let (head, lines) = text.split_once("\n\n").unwrap();
            let mut lines: Vec<&str> = lines.lines().collect();
            lines.reverse();
            log.entries[1] = format!("{head}\n\n{}\n", lines.join("\n")).into_bytes();
        },
        no_files,
    ),
    (
        "a founder's key of small order",
        "form",
        |log| {
            let text = String::from_utf8(log.entries[0].clone()).unwrap();
            let at = text.find("/chen+").unwrap() + "/chen+".len();
            let id = &text[at..at + 8];
            let key = &text[at + 9..at + 9 + 44];
            let small = "AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
            let changed = text.replacen(&format!("{id}+{key}"), &format!("{id}+{small}"), 1);
            log.entries[0] = changed.into_bytes();
        },
        no_files,
    ),
    (
        "no founding",
        "not_opened",
        |log| {
            log.entries.remove(0);
        },
        no_files,
    ),
    (
        "a second founding",
        "already_opened",
        |log| {
            let founding = received(&log.entries[0], "2018-12-01T00:00:00Z");
            log.entries.push(founding);
        },
        no_files,
    ),
    (
        "a founder who has not signed",
        "founder_unsigned",
        |log| {
            let text = String::from_utf8(log.entries[0].clone()).unwrap();
            let kept = text
                .lines()
                .filter(|line| !line.contains("/xu "))
                .map(|line| format!("{line}\n"));
            log.entries[0] = kept.collect::<String>().into_bytes();
            log.pins.ledger_id = Hash::leaf(&log.entries[0]);
        },
        no_files,
    ),
];

/// A log that begins with what could be saved of another, which has signed two entries more.
fn successor(change: impl FnOnce(&mut Value)) -> Log {
    let mut scene = Scene::founded();
    let mut declared = crate::scene::loss::declaration(&scene);
    change(&mut declared);
    scene.wait(60);
    for (on, event, signers) in [
        (
            "ledger",
            crate::scene::event(declared),
            &["chen", "huang"][..],
        ),
        (
            crate::scene::ON,
            scene.event_of(crate::scene::DEAL, Step::AssetVerification),
            crate::scene::signers_of(Step::AssetVerification),
        ),
    ] {
        scene.put(on, event, signers).unwrap();
    }
    let mut log = Log::of(bytes_of(&scene));
    log.key = crate::scene::loss::log_key(crate::scene::loss::SUCCESSOR, 98);
    log.pins.log_key = log.key.verifier().clone();
    log.pins.origin = crate::scene::loss::SUCCESSOR.parse().unwrap();
    log
}

/// The old log's name and key over what the new one holds.
fn under_the_old_name(log: &mut Log) {
    log.key = log_key();
    log.pins.log_key = log.key.verifier().clone();
    log.pins.origin = ORIGIN.parse().unwrap();
}

#[test]
fn both_verifiers_judge_a_declared_loss_alike() {
    let folders = tempfile::tempdir().unwrap();
    let elsewhere = successor(|declared| declared["saved"]["root"] = json!("09".repeat(32)));
    let mut old = successor(|_| {});
    under_the_old_name(&mut old);
    let mut undeclared = successor(|_| {});
    undeclared.entries.truncate(1);
    let mut paths = Vec::new();
    let logs = [
        ("declared", "holds", successor(|_| {})),
        ("other entries than were saved", "loss_misplaced", elsewhere),
        ("under the old name", "origin", old),
        (
            "under a new name without a declaration",
            "origin",
            undeclared,
        ),
    ];
    for (number, (name, verdict, log)) in logs.iter().enumerate() {
        let folder = folders.path().join(number.to_string());
        fs::create_dir_all(&folder).unwrap();
        log.write(&folder);
        assert_eq!(rust_verdict(log, &folder).0, *verdict, "{name}");
        paths.push(folder);
    }
    let Some(answers) = ask("logs", &paths, &Value::Null) else {
        return;
    };
    for ((name, verdict, _), answer) in logs.iter().zip(&answers) {
        assert_eq!(second_verdict(answer).0, *verdict, "{name}: {answer}");
    }
}

fn name_of(kind: &FaultKind) -> &'static str {
    match kind {
        FaultKind::Checkpoint(_) => "checkpoint",
        FaultKind::Policy(_) => "policy",
        FaultKind::LedgerId { .. } => "ledger_id",
        FaultKind::Origin { .. } => "origin",
        FaultKind::Tree(_) => "tree",
        FaultKind::Altered { .. } => "altered",
        FaultKind::Form(_) => "form",
        FaultKind::Clock { .. } => "clock",
        FaultKind::Rule(refusal) => refusal.rule(),
        FaultKind::Empty => "empty",
        _ => "index",
    }
}

/// What the Rust auditor says of a folder: the verdict's name, and the entry that it names.
fn rust_verdict(log: &Log, folder: &Path) -> (&'static str, Option<u64>) {
    let source = FolderSource::new(folder);
    let policy: Option<Policy> = log.policy.as_ref().map(|text| text.parse().unwrap());
    let expected = Expected {
        pins: &log.pins,
        policy: policy.as_ref(),
    };
    let Ok(report) = audit(&source, expected, &mut |_, _, _| {}) else {
        return ("could not be checked", None);
    };
    if let Some(fault) = &report.fault {
        return (name_of(&fault.kind), fault.index);
    }
    match &log.before {
        Some(before) => (continues(&report, &log.entries, before), None),
        None => ("holds", None),
    }
}

/// Whether a log that holds continues what was seen before.
fn continues(report: &Report, entries: &[Vec<u8>], before: &[u8]) -> &'static str {
    let seen = SignedCheckpoint::open(before, log_key().verifier()).unwrap();
    let seen = seen.checkpoint();
    if seen.size() > report.size {
        return "rollback";
    }
    let mut frontier = Frontier::new();
    for bytes in entries.iter().take(seen.size() as usize) {
        let _ = frontier.push(Hash::leaf(bytes));
    }
    match frontier.root() == *seen.root() {
        true => "holds",
        false => "consistency",
    }
}

/// What the second verifier says, in the same words.
fn second_verdict(answer: &Value) -> (String, Option<u64>) {
    let name = match answer["verdict"].as_str().unwrap() {
        "does not hold" => {
            let kind = answer["kind"].as_str().unwrap();
            answer["rule"].as_str().unwrap_or(kind)
        }
        verdict => verdict,
    };
    (name.to_owned(), answer["index"].as_u64())
}

#[test]
fn both_verifiers_reach_the_same_verdict_on_every_log() {
    let folders = tempfile::tempdir().unwrap();
    let (mut paths, mut expected): (Vec<PathBuf>, Vec<_>) = (Vec::new(), Vec::new());
    let long = TAMPERS.iter().map(|tamper| (tamper, 300));
    let short = TAMPERS_WITHIN.iter().map(|tamper| (tamper, 40));
    for (number, ((name, verdict, before, after), size)) in long.chain(short).enumerate() {
        let mut log = whole();
        log.entries.truncate(size);
        before(&mut log);
        let folder = folders.path().join(number.to_string());
        fs::create_dir_all(&folder).unwrap();
        log.write(&folder);
        after(&folder);
        let found = rust_verdict(&log, &folder);
        assert_eq!(found.0, *verdict, "{name}: {found:?}");
        paths.push(folder);
        expected.push((*name, found));
    }
    let Some(answers) = ask("logs", &paths, &Value::Null) else {
        return;
    };
    assert_eq!(answers.len(), expected.len());
    for ((name, (verdict, index)), answer) in expected.into_iter().zip(&answers) {
        let second = second_verdict(answer);
        assert_eq!(second.0, verdict, "{name}: {answer}");
        // Which entry: where both name one, it is the same.
        if let (Some(one), Some(other)) = (index, second.1) {
            assert_eq!(one, other, "{name}: {answer}");
        }
    }
}
