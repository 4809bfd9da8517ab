//! Declarations of a loss: the old log's key signs what it is shown to have signed.

use ledger_core::checkpoint::Checkpoint;
use ledger_core::event::LostLog;
use ledger_core::hash::Hash;
use ledger_core::key::SigningKey;
use serde_json::{Value, json};

use super::{ORIGIN, Scene};

/// A log's key: one seed, one key.
pub(crate) fn log_key(origin: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(origin, &[seed; 32]).unwrap()
}

/// The name of the log that goes on.
pub(crate) const SUCCESSOR: &str = "sanzi.example.org/donglang-2";

/// A root that nobody can come to again.
const GONE: [u8; 32] = [7; 32];

/// What a log signed last: so many entries, of which this scene may have fewer.
pub(crate) fn lost(key: &SigningKey, size: u64) -> LostLog {
    let checkpoint = Checkpoint::new(key.name(), size, Hash::from_bytes(GONE)).unwrap();
    let signed = checkpoint.sign(key).unwrap();
    LostLog::of(&signed, key.verifier()).unwrap()
}

/// The declaration that all entries after those of the scene are lost, two in all.
pub(crate) fn declaration(scene: &Scene) -> Value {
    let mut frontier = ledger_core::tree::Frontier::new();
    for entry in &scene.entries {
        frontier.push(entry.leaf());
    }
    let old = log_key(ORIGIN, 99);
    json!({
        "kind": "loss_declared",
        "log_key": log_key(SUCCESSOR, 98).verifier(),
        "lost": lost(&old, frontier.size() + 2),
        "reason": "硬盘损坏，镜像和备份都没有",
        "saved": {"root": frontier.root(), "size": frontier.size()},
    })
}
