//! Proof that one log key signed two histories, for anybody to check who has the key. (分叉证据)
//!
//! Two signed checkpoints, and a consistency proof (RFC 6962) from the tree that the newer one's first
//! entries make up. The proof fixes that tree's root; the older checkpoint has another. So no tree
//! continues the one and the other, whatever anybody says afterwards.

use std::path::Path;

use anyhow::{Context as _, bail};
use ledger_core::checkpoint::SignedCheckpoint;
use ledger_core::hash::Hash;
use ledger_core::tree::{self, HashReader, TreeError, prove_consistency, verify_consistency};
use ledger_core::{Pins, VerifierKey};
use serde::{Deserialize, Serialize};

use crate::source_arg;
use crate::terminal::{Refused, Terminal};

/// The names of the files.
const OLDER: &str = "older.checkpoint";
const NEWER: &str = "newer.checkpoint";
const PROOF: &str = "proof.json";
const README: &str = "README.txt";
/// Beside the two notes, what was pinned.
pub(crate) const PINS: &str = "pins.json";

/// The part of the evidence that ties the two checkpoints together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SplitProof {
    /// The hashes of the consistency proof, in base64.
    consistency: Vec<String>,
    log_key: VerifierKey,
    newer_size: u64,
    older_size: u64,
    /// The root of the newer tree's first `older_size` entries.
    root_in_newer: Hash,
}

/// Two checkpoints that one key signed, neither of which continues the other.
#[derive(Debug, Clone)]
pub(crate) struct Split {
    older: SignedCheckpoint,
    newer: SignedCheckpoint,
    proof: SplitProof,
}

impl Split {
    /// Compares two checkpoints, by the tree of the newer one; `None` if it continues the older one.
    pub(crate) fn between<R: HashReader>(
        older: &SignedCheckpoint,
        newer: &SignedCheckpoint,
        log_key: &VerifierKey,
        reader: &R,
    ) -> Result<Option<Self>, TreeError<R::Error>> {
        let (old, new) = (older.checkpoint(), newer.checkpoint());
        let root_in_newer = if old.size() == new.size() {
            *new.root()
        } else {
            tree::root(reader, old.size())?
        };
        if root_in_newer == *old.root() {
            return Ok(None);
        }
        let proof = prove_consistency(reader, old.size(), new.size())?;
        Ok(Some(Self {
            older: older.clone(),
            newer: newer.clone(),
            proof: SplitProof {
                consistency: proof.iter().map(Hash::to_base64).collect(),
                log_key: log_key.clone(),
                newer_size: new.size(),
                older_size: old.size(),
                root_in_newer,
            },
        }))
    }

    /// Reads evidence from a folder.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).with_context(|| path.display().to_string())
        };
        let proof: SplitProof = serde_json::from_slice(&read(PROOF)?).context(PROOF)?;
        let open = |name: &str| -> anyhow::Result<SignedCheckpoint> {
            SignedCheckpoint::open(&read(name)?, &proof.log_key).context(name.to_owned())
        };
        Ok(Self {
            older: open(OLDER)?,
            newer: open(NEWER)?,
            proof,
        })
    }

    /// Whether it proves what it says. The signatures were verified when it was opened.
    pub(crate) fn holds(&self) -> bool {
        let (old, new) = (self.older.checkpoint(), self.newer.checkpoint());
        let proof = &self.proof;
        let hashes: Option<Vec<Hash>> = (proof.consistency.iter())
            .map(|text| Hash::from_base64(text))
            .collect();
        let Some(hashes) = hashes else { return false };
        let sizes = (old.size(), new.size()) == (proof.older_size, proof.newer_size);
        let verified = verify_consistency(
            old.size(),
            new.size(),
            &proof.root_in_newer,
            new.root(),
            &hashes,
        );
        sizes
            && old.origin() == new.origin()
            && verified.is_ok()
            && proof.root_in_newer != *old.root()
    }

    /// The files of the evidence.
    pub(crate) fn files(&self, pins: &Pins) -> anyhow::Result<Vec<(&'static str, Vec<u8>)>> {
        Ok(vec![
            (OLDER, self.older.to_bytes()),
            (NEWER, self.newer.to_bytes()),
            (PROOF, serde_json::to_vec_pretty(&self.proof)?),
            (PINS, serde_json::to_vec_pretty(pins)?),
            (README, self.readme().into_bytes()),
        ])
    }

    /// Sizes and roots: of the older one, of the newer one, of the newer one's beginning.
    pub(crate) fn details(&self) -> serde_json::Value {
        let (old, new) = (self.older.checkpoint(), self.newer.checkpoint());
        serde_json::json!({
            "older_size": old.size(), "older_root": old.root(), "newer_size": new.size(),
            "newer_root": new.root(), "root_in_newer": self.proof.root_in_newer,
            "consistency": self.proof.consistency,
        })
    }

    fn readme(&self) -> String {
        let (old, new) = (self.older.checkpoint(), self.newer.checkpoint());
        format!(
            "账本分叉的证据\n\n\
             同一把日志钥匙签了两份检查点，各说各的账：\n\
             {OLDER}：{} 条，树根 {}\n\
             {NEWER}：{} 条，树根 {}；它的前 {} 条的树根是 {}\n\
             后者不是前者的延续，两份签名都是真的，签的人赖不掉。\n\
             核对：sanzi verify --evidence 本文件夹 --pins 自己手里的信任锚文件\n\n\
             Evidence of a split view\n\n\
             One log key signed both checkpoints. {PROOF} holds an RFC 6962 consistency proof from the\n\
             first {} entries of {NEWER} (root_in_newer) to its root; {OLDER} has another root at\n\
             that size. Check: sanzi verify --evidence FOLDER --pins YOUR-PINS\n\n\
             {}\n",
            old.size(),
            old.root(),
            new.size(),
            new.root(),
            old.size(),
            self.proof.root_in_newer,
            old.size(),
            self.proof.log_key,
        )
    }
}

/// Says whether a folder proves a split view; refuses if it does not.
pub(crate) fn check(terminal: Terminal, folder: &Path, pins: Option<&Path>) -> anyhow::Result<()> {
    let split = Split::read(folder).map_err(|error| match error.is::<std::io::Error>() {
        true => error,
        false => Refused(terminal.pick(
            format!(
                "这不是分叉的证据：{}",
                crate::fault::told(&error, terminal.language)
            ),
            format!("this is no evidence of a split view: {error:#}"),
        ))
        .into(),
    })?;
    if let Some(file) = pins {
        let pins = source_arg::read_pins(terminal, file)?;
        if pins.log_key != split.proof.log_key {
            bail!(Refused(terminal.pick(
                format!(
                    "证据里的日志钥匙不是信任锚里的那把：应为 {}，实为 {}",
                    pins.log_key, split.proof.log_key
                ),
                format!(
                    "the evidence is about another log key: expected {}, found {}",
                    pins.log_key, split.proof.log_key
                ),
            )));
        }
    }
    if !split.holds() {
        bail!(Refused(
            terminal
                .pick(
                    "证据不成立：两份检查点不矛盾，或证明被改过",
                    "the evidence does not hold: the checkpoints do not contradict each other, or the proof was altered",
                )
                .to_owned()
        ));
    }
    let (old, new) = (split.older.checkpoint(), split.newer.checkpoint());
    terminal.say(terminal.pick(
        format!("证据成立：{} 的日志钥匙签了两部不同的历史（{} 条与 {} 条），后者不是前者的延续。", old.origin(), old.size(), new.size()),
        format!("the evidence holds: the key of {} signed two histories ({} and {} entries), neither of which continues the other.", old.origin(), old.size(), new.size()),
    ));
    if pins.is_none() {
        terminal.advise(terminal.pick(
            "注意：没有用 --pins，只证明证据里的那把钥匙签了两次，不证明它是那个账本的钥匙。",
            "note: without --pins this is about the key in the evidence, whoever's it is.",
        ));
    }
    Ok(())
}
