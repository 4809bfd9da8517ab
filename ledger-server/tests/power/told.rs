//! What a service has told anybody by when, read from the bytes that it sent.

use std::collections::BTreeMap;

use ledger_core::hash::Hash;
use ledger_core::proof::Proof;
use ledger_core::store::stated_tree;
use serde_json::Value;

use crate::trace::{Act, Call};
use crate::village::Answer;

/// What somebody relies on from some moment on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Debt {
    /// A receipt for the event of this number.
    Receipt { number: usize, proof: Box<Proof> },
    /// A signed tree of this size.
    Checkpoint { size: u64, root: Hash },
    /// The document of this number is kept.
    Document { number: usize },
    /// This draft is kept.
    Draft { id: String },
    /// Nothing more is signed, by a service that starts anew neither.
    Stopped,
}

impl Debt {
    /// What a receipt for the event of this number owes.
    pub(crate) fn receipt(number: usize, answer: &Answer) -> Self {
        let proof = Box::new(Proof::parse(&answer.body).unwrap());
        Self::Receipt { number, proof }
    }
}

/// What is owed of an answer, by the name that its request was given.
fn of(answer: &Answer) -> Vec<Debt> {
    let name = answer.header("x-request-id").unwrap_or_default();
    let number = || name[1..].parse().unwrap();
    let mut debts = Vec::new();
    match (name.get(..1), answer.status) {
        (Some("e"), 200 | 201) => {
            let receipt = Debt::receipt(number(), answer);
            if let Debt::Receipt { proof, .. } = &receipt {
                debts.extend(checkpoint(proof.checkpoint().text().as_bytes()));
            }
            debts.push(receipt);
        }
        (Some("p"), 200..=202) => debts.push(Debt::Document { number: number() }),
        (Some("d"), 200 | 201) => {
            let stands: Value = serde_json::from_slice(&answer.body).unwrap();
            let id = stands["id"].as_str().unwrap().to_owned();
            debts.push(Debt::Draft { id });
        }
        (Some("s"), 503) => debts.push(Debt::Stopped),
        (Some("g"), 200) => debts.extend(checkpoint(&answer.body)),
        _ => {}
    }
    debts
}

/// The tree that a checkpoint states, if this is one.
pub(crate) fn checkpoint(bytes: &[u8]) -> Option<Debt> {
    let (size, root) = stated_tree(bytes)?;
    Some(Debt::Checkpoint { size, root })
}

/// All debts with their times: an answer counts from the moment when its first byte was given to the system.
pub(crate) fn debts(calls: &[Call]) -> Vec<(usize, Debt)> {
    let mut answers: BTreeMap<&str, (usize, Vec<u8>)> = BTreeMap::new();
    for call in calls {
        if let Act::Send { socket, bytes } = &call.act {
            let (_, all) = answers.entry(socket).or_insert((call.begun, Vec::new()));
            all.extend_from_slice(bytes);
        }
    }
    let mut debts = Vec::new();
    for (time, bytes) in answers.values() {
        if bytes.starts_with(b"HTTP/1.1 ") {
            let answer = Answer::parse(bytes).unwrap();
            debts.extend(of(&answer).into_iter().map(|debt| (*time, debt)));
        }
    }
    debts.sort_by_key(|(time, _)| *time);
    debts
}
