//! What entries have said of documents, as far as it was carried out: the list of what is erased, and up
//! to where the log has been gone through.
//!
//! `erased` has a line of JSON for each private document that an entry says is erased. An opening makes
//! all of it true again, so that a file that was copied back from an older backup does not stay.
//! `documents.settled` is a number in decimal; if it is missing, the log is gone through from its start.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::durable::{self, Durability};
use super::private;
use crate::hash::Commitment;
use crate::store::{Erasure, Remedy, StoreError};

const LIST: &str = "erased";
const MARK: &str = "documents.settled";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    commitment: Commitment,
    erasure: Erasure,
}

/// How far the log has been gone through, in a log of `size` entries.
pub(super) fn mark(folder: &Path, size: u64) -> Result<u64, StoreError> {
    let found = durable::read(&folder.join(MARK))?;
    let text = String::from_utf8(found.unwrap_or_default()).unwrap_or_default();
    let mark: u64 = text.trim().parse().unwrap_or(0);
    // A mark of a longer log is none of this one's.
    Ok(if mark <= size { mark } else { 0 })
}

/// Moves the mark. It may lag behind after a power loss: going through entries twice changes nothing.
pub(super) fn set_mark(folder: &Path, mark: u64) -> Result<(), StoreError> {
    let text = format!("{mark}\n");
    durable::replace(&folder.join(MARK), text.as_bytes(), Durability::Lazy)
}

fn list(folder: &Path) -> Result<Vec<Line>, StoreError> {
    let path = folder.join(LIST);
    let found = durable::read(&path)?.unwrap_or_default();
    let lines = found
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    lines
        .map(|line| {
            serde_json::from_slice(line).map_err(|error| StoreError::Corrupt {
                file: path.clone(),
                place: "erased documents 销毁清单".to_owned(),
                expected: "a line of JSON for each".to_owned(),
                found: error.to_string(),
                remedy: Remedy::Restore,
            })
        })
        .collect()
}

/// Makes sure that everything on the list is erased.
pub(super) fn enforce(folder: &Path) -> Result<(), StoreError> {
    for line in list(folder)? {
        private::settle(folder, &line.commitment, &line.erasure)?;
    }
    Ok(())
}

/// Erases documents. The list comes first: from then on, every opening sees to it.
pub(super) fn erase(folder: &Path, erased: &[(Commitment, Erasure)]) -> Result<(), StoreError> {
    let before = list(folder)?;
    let is_known = |one: &Commitment| before.iter().any(|line| line.commitment == *one);
    let new = erased.iter().filter(|(one, _)| !is_known(one));
    let new: Vec<Line> = new
        .map(|(commitment, erasure)| Line {
            commitment: *commitment,
            erasure: erasure.clone(),
        })
        .collect();
    if !new.is_empty() {
        let mut text = Vec::new();
        for line in before.iter().chain(&new) {
            let json = serde_json::to_vec(line).map_err(|error| StoreError::Malformed {
                what: "erasure",
                expected: "JSON".to_owned(),
                found: error.to_string(),
            })?;
            text.extend(json);
            text.push(b'\n');
        }
        durable::replace(&folder.join(LIST), &text, Durability::Synced)?;
    }
    for (commitment, erasure) in erased {
        private::settle(folder, commitment, erasure)?;
    }
    Ok(())
}
