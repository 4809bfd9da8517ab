//! A house with a data folder whose ledger grows, and the binary to work on it.

use std::path::{Path, PathBuf};
use std::process::Command;

use ledger_core::hash::{Digest, Hash};
use ledger_core::store::Store as _;
use ledger_core::store::local::{LocalFolder, LocalOptions};
use serde_json::{Value, json};

use crate::scene::folder::{DataFolder, ledger_of};
use crate::scene::{NOW, ORIGIN, VERIFIERS, at, key, signed, verification};
use crate::year::{self, Outcome};

/// The document that every event names.
const REGISTER: &str = "资产台账";

pub(crate) struct House {
    data: DataFolder,
    pub(crate) id: Hash,
}

impl House {
    /// With a ledger of one entry, and its pins.
    pub(crate) fn new() -> Self {
        let data = DataFolder::new();
        let folder = data.open();
        let (ledger, _) = ledger_of(&folder);
        let id = ledger.state().unwrap().ledger_id;
        let mut store = ledger.into_store();
        store.put_document(REGISTER.as_bytes()).unwrap();
        store.close().unwrap();
        folder.close().unwrap();
        let pins = json!({ "ledger_id": id, "log_key": key(None).verifier(), "origin": ORIGIN });
        data.file("pins.json", &pins.to_string());
        std::fs::write(data.path().join("donglang/pins.json"), pins.to_string()).unwrap();
        Self { data, id }
    }

    pub(crate) fn data(&self) -> &DataFolder {
        &self.data
    }

    /// The folder in which everything is.
    pub(crate) fn home(&self) -> PathBuf {
        self.data.path().parent().unwrap().to_owned()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home().join(name)
    }

    /// A signed event that opens the transaction of this number.
    pub(crate) fn note(&self, number: usize) -> Vec<u8> {
        let stream = format!("transaction/2018-{number}");
        let register = Digest::of(REGISTER.as_bytes()).to_string();
        let body = verification()
            .to_string()
            .replace(&"5f".repeat(32), &register);
        let body = serde_json::from_str(&body).unwrap();
        signed(&stream, self.id, at(NOW), body, &VERIFIERS)
    }

    /// Opens transactions of these numbers in the ledger of a data folder that nobody serves.
    pub(crate) fn grow(&self, data: &str, numbers: std::ops::Range<usize>) {
        let folder = LocalFolder::open(self.path(data), LocalOptions::default()).unwrap();
        let (mut ledger, _) = ledger_of(&folder);
        let notes: Vec<Vec<u8>> = numbers.map(|number| self.note(number)).collect();
        for answer in ledger.append_many(&notes, at(NOW)).unwrap() {
            assert!(answer.unwrap().added);
        }
        ledger.into_store().close().unwrap();
        folder.close().unwrap();
    }

    /// Copies a folder over another, as a file manager would.
    pub(crate) fn copy(&self, from: &str, to: &str) {
        let _ = std::fs::remove_dir_all(self.path(to));
        let mut copying = Command::new("cp");
        let done = copying
            .arg("-a")
            .arg(self.path(from))
            .arg(self.path(to))
            .status();
        assert!(done.unwrap().success());
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        year::sanzi(&self.home(), arguments)
    }

    /// Runs a command that has to end with this code; what it said on both outputs.
    pub(crate) fn ends(&self, code: i32, arguments: &[&str]) -> String {
        let outcome = self.run(arguments);
        let said = format!("{}{}", String::from_utf8_lossy(&outcome.out), outcome.err);
        assert_eq!(outcome.code, Some(code), "{arguments:?}: {said}");
        said
    }

    /// As [`House::ends`]; the last line is JSON.
    pub(crate) fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let outcome = self.run(arguments);
        let text = String::from_utf8(outcome.out).unwrap();
        assert_eq!(
            outcome.code,
            Some(code),
            "{arguments:?}: {text}{}",
            outcome.err
        );
        serde_json::from_str(text.trim_end().lines().last().unwrap()).unwrap()
    }

    /// What an audit says of a source, by the pins.
    pub(crate) fn audit(&self, source: &str) -> Value {
        self.json(0, &["audit", source, "--pins", "pins.json", "--json"])
    }

    /// Writes a member's key as a file, and the passphrase that opens it.
    pub(crate) fn seal_key(&self, member: &str) {
        let mut seed = [7; 32];
        seed[..member.len()].copy_from_slice(member.as_bytes());
        let sealed = ledger_core::keyfile::seal(&seed, "passphrase").unwrap();
        let public = format!("{}\n", key(Some(member)).verifier());
        for (name, text) in [
            (format!("{member}.key"), sealed.as_str()),
            (format!("{member}.key.pub"), public.as_str()),
            ("passphrase".to_owned(), "passphrase\n"),
        ] {
            self.data.file(&name, text);
        }
    }

    /// Inverts a bit of a file.
    pub(crate) fn flip(&self, file: &str, at: usize) {
        flip(&self.path(file), at);
    }
}

fn flip(file: &Path, at: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[at] ^= 1;
    std::fs::write(file, bytes).unwrap();
}
