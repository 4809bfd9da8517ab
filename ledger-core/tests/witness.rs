//! Witnessing: each answer of tlog-witness, hostile requests, and that no fork is ever cosigned.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::convert::Infallible;

use ledger_core::checkpoint::{Checkpoint, SignedCheckpoint};
use ledger_core::cosignature::{Cosigner, attach};
use ledger_core::hash::Hash;
use ledger_core::key::{SigningKey, VerifierKey};
use ledger_core::tree::{self, Frontier, HashReader};
use ledger_core::witness::{
    AddCheckpoint, Cosigned, MAX_HASHES, MAX_REQUEST_BYTES, Rejection, RequestError, read_answer,
    read_held_size,
};
use proptest::prelude::*;

const ORIGIN: &str = "sanzi.example.org/donglang";
const TIME: u64 = 1_522_026_000;

/// The request that tlog-witness shows.
const EXAMPLE: &str = "old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
";

/// A tree with its stored levels.
#[derive(Clone, Default)]
struct Tree {
    frontier: Frontier,
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// A history: from the fork on, entries differ.
    fn new(size: u64, fork: u64) -> Self {
        let mut tree = Self::default();
        for index in 0..size {
            let entry = format!("{index} {}", index >= fork);
            for (level, hash) in tree.frontier.push(Hash::leaf(entry.as_bytes())) {
                let level = usize::from(level);
                tree.levels
                    .resize(tree.levels.len().max(level + 1), Vec::new());
                tree.levels[level].push(hash);
            }
        }
        tree
    }

    fn checkpoint(&self, size: u64) -> Checkpoint {
        Checkpoint::new(ORIGIN, size, tree::root(self, size).unwrap()).unwrap()
    }

    fn proof(&self, old: u64, new: u64) -> Vec<Hash> {
        tree::prove_consistency(self, old, new).unwrap()
    }

    /// An honest request.
    fn request(&self, old: u64, new: u64) -> AddCheckpoint {
        let signed = self.checkpoint(new).sign(&log(1)).unwrap();
        AddCheckpoint::new(old, self.proof(old, new), &signed).unwrap()
    }
}

impl HashReader for Tree {
    type Error = Infallible;

    fn read_hashes(&self, level: u8, start: u64, count: usize) -> Result<Vec<Hash>, Infallible> {
        let start = usize::try_from(start).unwrap();
        Ok(self.levels[usize::from(level)][start..start + count].to_vec())
    }
}

fn log(seed: u8) -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[seed; 32]).unwrap()
}

fn keys(seeds: &[u8]) -> Vec<VerifierKey> {
    let of = |seed: &u8| log(*seed).verifier().clone();
    seeds.iter().map(of).collect()
}

fn witness() -> Cosigner {
    Cosigner::from_seed("witness.example/w1", &[77; 32]).unwrap()
}

/// The whole of what a witness does with a request.
fn ask(
    bytes: &[u8],
    keys: &[VerifierKey],
    held: Option<&Checkpoint>,
) -> Result<Cosigned, Rejection> {
    let request = AddCheckpoint::parse(bytes)?.authenticate(keys)?;
    Ok(request.continues(held)?.cosign(&witness(), TIME).unwrap())
}

fn status(bytes: &[u8], held: Option<&Checkpoint>) -> u16 {
    ask(bytes, &keys(&[1]), held).map_or_else(|rejection| rejection.status(), |_| 200)
}

#[test]
fn the_request_of_the_specification_is_read_and_written() {
    let request = AddCheckpoint::parse(EXAMPLE.as_bytes()).unwrap();
    assert_eq!(request.origin(), "example.com/behind-the-sofa");
    assert_eq!(request.old_size(), 20_852_014);
    assert_eq!(request.to_string(), EXAMPLE);
    assert!(matches!(
        request.authenticate(&[]),
        Err(Rejection::UnknownLog { origin }) if origin == "example.com/behind-the-sofa"
    ));
}

#[test]
fn an_honest_log_is_cosigned_at_every_size() {
    let tree = Tree::new(300, u64::MAX);
    for (old, new) in [
        (0, 0),
        (0, 1),
        (0, 300),
        (1, 1),
        (1, 2),
        (7, 256),
        (256, 257),
        (299, 300),
        (300, 300),
    ] {
        let held = (old > 0).then(|| tree.checkpoint(old));
        let request = tree.request(old, new).to_bytes();
        let cosigned = ask(&request, &keys(&[1]), held.as_ref()).unwrap();
        assert_eq!(cosigned.checkpoint(), &tree.checkpoint(new));
        assert_eq!(cosigned.time_seconds(), TIME);

        // What it keeps it believes again, and the log can add what it is answered.
        let key = witness().verifier().clone();
        assert_eq!(
            Cosigned::reread(&cosigned.to_bytes(), &key),
            Ok(cosigned.clone())
        );
        let line = read_answer(cosigned.answer().as_bytes(), &key, cosigned.checkpoint()).unwrap();
        let signed = tree.checkpoint(new).sign(&log(1)).unwrap();
        let merged = attach(signed, &key, line).unwrap();
        assert_eq!(merged.to_bytes(), cosigned.to_bytes());
    }
    // A tree that was witnessed while it was empty.
    let held = tree.checkpoint(0);
    assert_eq!(status(&tree.request(0, 5).to_bytes(), Some(&held)), 200);
}

#[test]
fn each_status_has_its_cause() {
    let (tree, fork) = (Tree::new(20, u64::MAX), Tree::new(20, 3));
    let held = tree.checkpoint(8);
    let held = Some(&held);
    let good = tree.request(8, 20).to_string();
    assert_eq!(status(good.as_bytes(), held), 200);

    assert_eq!(status(b"", held), 400);
    assert_eq!(
        status(good.replace("old 8", "old 21").as_bytes(), held),
        400
    );
    let stranger = ask(good.as_bytes(), &[], held).unwrap_err();
    assert_eq!(stranger.status(), 404);
    let other = ask(good.as_bytes(), &keys(&[2]), held).unwrap_err();
    assert_eq!(other.status(), 403);
    assert_eq!(
        status(good.replace("\n20\n", "\n21\n").as_bytes(), held),
        403
    );

    for (old, new, found) in [(7, 20, 7), (9, 20, 9), (0, 20, 0)] {
        let rejection = ask(&tree.request(old, new).to_bytes(), &keys(&[1]), held).unwrap_err();
        assert_eq!(rejection, Rejection::Conflict { held: 8, found });
        assert_eq!(rejection.status(), 409);
    }
    let first = ask(good.as_bytes(), &keys(&[1]), None).unwrap_err();
    assert_eq!(first, Rejection::Conflict { held: 0, found: 8 });

    // Another history, with its own proof, with the true one, and at the same size.
    assert_eq!(status(&fork.request(8, 20).to_bytes(), held), 422);
    let signed = fork.checkpoint(20).sign(&log(1)).unwrap();
    let mixed = AddCheckpoint::new(8, tree.proof(8, 20), &signed).unwrap();
    assert_eq!(status(&mixed.to_bytes(), held), 422);
    assert_eq!(status(&fork.request(8, 8).to_bytes(), held), 422);
    assert_eq!(status(&tree.request(8, 8).to_bytes(), held), 200);

    // A proof that is not needed, too long or too short.
    let signed = tree.checkpoint(20).sign(&log(1)).unwrap();
    let with = |old, hashes: Vec<Hash>| AddCheckpoint::new(old, hashes, &signed).unwrap();
    let needless = with(0, vec![Hash::ZERO]);
    assert_eq!(
        ask(&needless.to_bytes(), &keys(&[1]), None).unwrap_err(),
        Rejection::NeedlessProof { found: 1 }
    );
    let proof = tree.proof(8, 20);
    assert_eq!(
        status(
            &with(8, [&proof[..], &[Hash::ZERO]].concat()).to_bytes(),
            held
        ),
        422
    );
    assert_eq!(status(&with(8, proof[1..].to_vec()).to_bytes(), held), 422);
    let eight = tree.checkpoint(8).sign(&log(1)).unwrap();
    let padded = AddCheckpoint::new(8, vec![Hash::ZERO], &eight).unwrap();
    assert_eq!(status(&padded.to_bytes(), held), 422);
}

#[test]
fn an_empty_tree_has_one_root() {
    let text = format!("{ORIGIN}\n0\n{}\n", Hash::ZERO.to_base64());
    let line = log(1).sign_note_text(&text);
    let request = format!("old 0\n\n{text}\n{line}\n");
    assert_eq!(
        ask(request.as_bytes(), &keys(&[1]), None).unwrap_err(),
        Rejection::EmptyRoot { found: Hash::ZERO }
    );
}

#[test]
fn only_trusted_lines_count_and_only_true_ones_are_kept() {
    let tree = Tree::new(5, u64::MAX);
    let signed = tree.checkpoint(5).sign(&log(1)).unwrap();
    let text = signed.note().text().to_owned();
    let (second, foreign) = (log(2).sign_note_text(&text), log(3).sign_note_text("x\n"));
    let body = |lines: &str| format!("old 0\n\n{text}\n{lines}");
    let first = &signed.note().signatures()[0];

    // A stranger's false line is ignored; two trusted keys are both kept; a line twice is kept once.
    let request = body(&format!("{foreign}\n{second}\n{first}\n{first}\n"));
    let cosigned = ask(request.as_bytes(), &keys(&[1, 2]), None).unwrap();
    let kept = String::from_utf8(cosigned.to_bytes()).unwrap();
    assert_eq!(
        kept,
        format!("{text}\n{first}\n{second}\n{}", cosigned.answer())
    );
    // With only one of the keys known, the other's line is a stranger's.
    assert!(ask(request.as_bytes(), &keys(&[2]), None).is_ok());

    // A line that names a trusted key must be true, even beside a true one.
    for lines in [
        format!("{first}\n{}\n", log(2).sign_note_text("x\n")),
        format!("{first}\n{}\n", log(1).sign_note_text("x\n")),
        format!("{}\n", log(1).sign_note_text("x\n")),
    ] {
        let rejection = ask(body(&lines).as_bytes(), &keys(&[1, 2]), None).unwrap_err();
        assert_eq!(rejection.status(), 403, "{lines}");
    }
}

#[test]
fn extension_lines_of_other_logs_are_cosigned_with_the_rest() {
    let text = format!("{}more\n", Tree::new(1, 9).checkpoint(1));
    let request = format!("old 0\n\n{text}\n{}\n", log(1).sign_note_text(&text));
    let cosigned = ask(request.as_bytes(), &keys(&[1]), None).unwrap();
    assert_eq!(cosigned.checkpoint().extension(), ["more"]);
    assert!(Cosigned::reread(&cosigned.to_bytes(), witness().verifier()).is_ok());
}

#[test]
fn what_is_not_a_request_is_refused() {
    let good = Tree::new(3, 9).request(1, 3).to_string();
    let parse = |text: &str| AddCheckpoint::parse(text.as_bytes()).unwrap_err();
    for (from, to) in [
        ("old 1", "old 01"),
        ("old 1", "old +1"),
        ("old 1", "old -1"),
        ("old 1", "old  1"),
        ("old 1", "old 1 "),
        ("old 1", "Old 1"),
        ("old 1", "old"),
        ("old 1", "old 9223372036854775808"),
        ("old 1\n", "old 1\r\n"),
        ("old 1\n", "\nold 1\n"),
        ("old 1\n", "old 1\nAAAA\n"),
        ("old 1\n", "old 1\nold 1\n"),
    ] {
        let text = good.replacen(from, to, 1);
        assert!(matches!(parse(&text), RequestError::Line { .. }), "{text}");
    }
    assert_eq!(parse(&good.replace("\n\n", "\n")), RequestError::Separator);
    for (from, to) in [
        ("\n3\n", "\n03\n"),
        (ORIGIN, ""),
        ("— ", "- "),
        ("\n— ", "\n\n— "),
    ] {
        let text = good.replacen(from, to, 1);
        assert!(
            matches!(parse(&text), RequestError::Checkpoint(_)),
            "{text}"
        );
    }
    let hash = format!("{}\n", Hash::ZERO.to_base64());
    let long = good.replacen('\n', &format!("\n{}", hash.repeat(MAX_HASHES)), 1);
    assert!(matches!(parse(&long), RequestError::Hashes { found } if found > MAX_HASHES));
    let huge = vec![b'a'; MAX_REQUEST_BYTES + 1];
    assert!(matches!(
        AddCheckpoint::parse(&huge),
        Err(RequestError::Bytes { .. })
    ));
    assert!(AddCheckpoint::parse(&[b"old \xff".to_vec(), good.into()].concat()).is_err());
}

#[test]
fn only_its_own_memory_is_believed() {
    let tree = Tree::new(5, u64::MAX);
    let kept = ask(&tree.request(0, 5).to_bytes(), &keys(&[1]), None).unwrap();
    let bytes = kept.to_bytes();
    let other = Cosigner::from_seed("witness.example/w1", &[78; 32]).unwrap();
    assert!(Cosigned::reread(&bytes, other.verifier()).is_err());
    let key = witness().verifier().clone();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        // The log's line is not its business: those bytes may differ.
        if let Ok(read) = Cosigned::reread(&damaged, &key) {
            assert_eq!(read.checkpoint(), kept.checkpoint(), "{at}");
        }
        assert!(Cosigned::reread(&bytes[..at], &key).is_err(), "{at}");
    }
}

#[test]
fn an_answer_counts_only_if_the_key_made_it() {
    let checkpoint = Tree::new(5, 9).checkpoint(5);
    let (key, other) = (
        witness(),
        Cosigner::from_seed("witness.example/w2", &[1; 32]).unwrap(),
    );
    let read = |answer: &str| read_answer(answer.as_bytes(), key.verifier(), &checkpoint);
    let line = key.cosign(&checkpoint, TIME).unwrap();
    let strange = other.cosign(&checkpoint, TIME).unwrap();
    assert_eq!(read(&format!("{strange}\n{line}\n")).as_ref(), Ok(&line));
    assert!(read(&format!("{strange}\n")).is_err());
    assert!(read(&line.to_string()).is_err());
    assert!(read("").is_err());
    assert!(read("<html>").is_err());
    let elsewhere = key.cosign(&Tree::new(5, 2).checkpoint(5), TIME).unwrap();
    assert!(read(&format!("{elsewhere}\n")).is_err());
    assert!(read(&format!("{line}\n{elsewhere}\n")).is_err());
    assert!(read_answer(b"\xff\n", key.verifier(), &checkpoint).is_err());

    for (answer, size) in [
        ("7\n", Some(7)),
        ("0\n", Some(0)),
        ("7", None),
        ("07\n", None),
        ("7\n\n", None),
        ("-7\n", None),
        ("", None),
    ] {
        assert_eq!(read_held_size(answer.as_bytes()), size, "{answer:?}");
    }
}

proptest! {
    /// Whatever is asked in whatever order, what was cosigned is one history that only grows.
    #[test]
    fn no_fork_and_no_rollback_is_ever_cosigned(
        fork in 0_u64..12,
        asked in proptest::collection::vec((0_u64..14, 0_u64..14, any::<bool>(), any::<bool>()), 1..40),
    ) {
        let trees = [Tree::new(14, u64::MAX), Tree::new(14, fork)];
        let mut held: Option<Checkpoint> = None;
        for (old, new, forked, follows) in asked {
            let old = if follows { held.as_ref().map_or(0, Checkpoint::size) } else { old };
            if old > new {
                continue;
            }
            let request = trees[usize::from(forked)].request(old, new);
            let held_size = held.as_ref().map_or(0, Checkpoint::size);
            let answer = ask(&request.to_bytes(), &keys(&[1]), held.as_ref());
            let same = held.as_ref().is_none_or(|held| {
                trees[usize::from(forked)].checkpoint(held.size()).root() == held.root()
            });
            match answer {
                Ok(cosigned) => {
                    prop_assert!(same && old == held_size && new >= held_size);
                    held = Some(cosigned.checkpoint().clone());
                }
                Err(Rejection::Conflict { held, found }) => {
                    prop_assert!(held == held_size && found == old && held != found);
                }
                Err(rejection) => prop_assert!(!same, "{rejection}"),
            }
        }
    }

    /// What is read is written back byte for byte.
    #[test]
    fn a_request_has_one_encoding(
        old in "(old )?[0-9]{0,3}",
        hashes in proptest::collection::vec("[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=", 0..3),
        blank in "\n{0,2}",
    ) {
        let note = SignedCheckpoint::to_bytes(&Tree::new(3, 9).checkpoint(3).sign(&log(1)).unwrap());
        let note = String::from_utf8(note).unwrap();
        let hashes: String = hashes.iter().map(|hash| format!("{hash}\n")).collect();
        let text = format!("{old}\n{hashes}{blank}{note}");
        if let Ok(request) = AddCheckpoint::parse(text.as_bytes()) {
            prop_assert_eq!(request.to_string(), text);
        }
    }
}
