//! Entries that people kept with their receipts: `NAME.tlog-proof` with `NAME.entry` beside it, as `sanzi
//! submit` leaves them beside a draft. (回执里的条目)

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ledger_core::Pins;
use ledger_core::checkpoint::SignedCheckpoint;
use ledger_core::hash::Hash;
use ledger_core::proof::Proof;

use crate::terminal::{Refused, Terminal};

/// The ending of a receipt's name.
const ENDING: &str = "tlog-proof";

/// The receipts that a place means: the file itself, or those of a folder that is nothing else.
pub(super) fn found(terminal: Terminal, place: &str) -> anyhow::Result<Vec<PathBuf>> {
    let path = Path::new(place);
    let is_receipt = |path: &Path| path.extension().is_some_and(|ending| ending == ENDING);
    if path.is_file() {
        return Ok(Vec::from_iter(
            Some(path.to_owned()).filter(|path| is_receipt(path)),
        ));
    }
    let is_ledger = ["FORMAT", "checkpoint", "entries", "ledgers.json"]
        .iter()
        .any(|name| path.join(name).exists());
    if is_ledger || !path.is_dir() {
        return Ok(Vec::new());
    }
    let unreadable = || terminal.pick(format!("读不到 {place}"), format!("cannot read {place}"));
    let names = std::fs::read_dir(path).with_context(unreadable)?;
    let mut all = Vec::new();
    for name in names {
        let file = name.with_context(unreadable)?.path();
        all.extend(Some(file).filter(|file| is_receipt(file)));
    }
    all.sort();
    Ok(all)
}

/// Place, entry and checkpoint of a receipt. Without its entry a receipt still shows the checkpoint.
pub(super) fn read(
    terminal: Terminal,
    pins: &Pins,
    file: &Path,
) -> anyhow::Result<(u64, Option<Vec<u8>>, SignedCheckpoint)> {
    let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
    let proof = Proof::parse(&bytes).with_context(|| file.display().to_string())?;
    let foreign = |error: &dyn std::fmt::Display| {
        Refused(terminal.pick(
            format!("{} 不是这个账本的回执：{error}", file.display()),
            format!("{} is no receipt of this ledger: {error}", file.display()),
        ))
    };
    let checkpoint = SignedCheckpoint::open_note(proof.checkpoint().clone(), &pins.log_key);
    let checkpoint = checkpoint.map_err(|error| foreign(&error))?;
    let beside = file.with_extension("entry");
    let entry = match std::fs::read(&beside) {
        Ok(entry) => entry,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            terminal.advise(terminal.pick(
                format!(
                    "{} 旁边没有条目（应为 {}），只用它的检查点",
                    file.display(),
                    beside.display()
                ),
                format!(
                    "no entry beside {} (expected {}); only its checkpoint is of use",
                    file.display(),
                    beside.display()
                ),
            ));
            return Ok((proof.index(), None, checkpoint));
        }
        Err(error) => return Err(error).with_context(|| beside.display().to_string()),
    };
    if let Err(error) = proof.verify(&Hash::leaf(&entry), &pins.log_key) {
        bail!(foreign(&error));
    }
    Ok((proof.index(), Some(entry), checkpoint))
}
