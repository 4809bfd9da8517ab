//! What waits to be signed, of one ledger: kept in files, each replaced as a whole and on the disk before
//! anybody is told that it is kept. (待签箱)
//!
//! `desk/<id>.json` below the ledger's own folder, for the server's owner only. All of them are held in
//! memory, too, which is bounded: so many wait, so many of one member, and what has ended makes room.
//! Knows no rule: who may do what is asked before.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ledger_core::store::StoreError;
use ledger_core::{LogTime, MemberId};

use super::draft::{Draft, DraftId, Ended};
use crate::keeping::{self, UNFINISHED};

/// How many drafts may wait in one ledger.
pub(crate) const WAITING: usize = 500;

/// How many of one author.
pub(crate) const WAITING_PER_AUTHOR: usize = 100;

/// How many that have ended are remembered, so that a stale page is told what became of its draft.
const ENDED: usize = 500;

/// The drafts of one ledger.
pub(crate) struct Inbox {
    folder: PathBuf,
    drafts: Mutex<Drafts>,
    /// Held while a draft enters the log, or is taken back.
    pub(super) entering: tokio::sync::Mutex<()>,
}

/// All drafts, by their names.
pub(super) type Drafts = BTreeMap<DraftId, Draft>;

/// Too many wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany {
    pub(crate) limit: usize,
}

impl Inbox {
    /// The drafts kept in this folder, which need not be there yet. What is no draft is left alone, and
    /// said.
    pub(super) fn open(folder: PathBuf) -> Result<Self, StoreError> {
        let mut drafts = Drafts::new();
        if folder.is_dir() {
            // Whoever was killed may have named a draft and not have synced that.
            keeping::sync_folder(&folder)
                .map_err(|error| StoreError::io("sync folder", &folder, error))?;
        }
        for path in names(&folder)? {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if name.starts_with(UNFINISHED) {
                // Whoever was writing it was never told that it is kept.
                let _ = fs::remove_file(&path);
            }
            let Some(id) = name.strip_suffix(".json") else {
                continue;
            };
            let bytes = fs::read(&path).map_err(|error| StoreError::io("read", &path, error))?;
            match Draft::parse(&bytes) {
                Ok(draft) if draft.id.as_str() == id => {
                    drafts.insert(draft.id.clone(), draft);
                }
                Ok(_) => tracing::error!(path = %path.display(), "a draft under another's name"),
                Err(error) => {
                    tracing::error!(path = %path.display(), %error, "a draft cannot be read")
                }
            }
        }
        Ok(Self {
            folder,
            drafts: Mutex::new(drafts),
            entering: tokio::sync::Mutex::default(),
        })
    }

    /// All drafts, for as long as they are held.
    pub(super) fn lock(&self) -> MutexGuard<'_, Drafts> {
        // What is in memory is on the disk, whoever broke off.
        self.drafts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One of them.
    pub(crate) fn draft(&self, id: &DraftId) -> Option<Draft> {
        self.lock().get(id).cloned()
    }

    /// All of them that this is true of, the oldest first.
    pub(crate) fn all(&self, of: impl Fn(&Draft) -> bool) -> Vec<Draft> {
        let drafts = self.lock();
        let mut found: Vec<Draft> = drafts.values().filter(|draft| of(draft)).cloned().collect();
        found.sort_by(|one, other| (one.begun_at, &one.id).cmp(&(other.begun_at, &other.id)));
        found
    }

    /// Keeps a draft, new or changed: on the disk first.
    pub(super) fn keep(&self, drafts: &mut Drafts, draft: Draft) -> Result<(), StoreError> {
        let path = self.path(&draft.id);
        keeping::write(&path, &draft.to_bytes(), true)
            .map_err(|error| StoreError::io("write", &path, error))?;
        let has_ended = draft.ended.is_some();
        drafts.insert(draft.id.clone(), draft);
        if has_ended && self.forget_oldest(drafts).is_err() {
            tracing::warn!(path = %self.folder.display(), "a draft that is over could not be erased");
        }
        Ok(())
    }

    /// Of those that have ended, as many as are remembered stay.
    fn forget_oldest(&self, drafts: &mut Drafts) -> Result<(), StoreError> {
        let ended = drafts.values().filter(|draft| draft.ended.is_some());
        let mut ended: Vec<_> = ended
            .map(|draft| (draft.begun_at, draft.id.clone()))
            .collect();
        let over = ended.len().saturating_sub(ENDED);
        if over > 0 {
            ended.sort();
        }
        for (_, id) in ended.iter().take(over) {
            self.forget(drafts, id)?;
        }
        Ok(())
    }

    /// Whether one more of this author's may wait.
    pub(super) fn room(drafts: &Drafts, author: &MemberId) -> Result<(), TooMany> {
        let waiting = || drafts.values().filter(|draft| draft.ended.is_none());
        let own = waiting().filter(|draft| draft.author == *author).count();
        for (count, limit) in [(waiting().count(), WAITING), (own, WAITING_PER_AUTHOR)] {
            if count >= limit {
                return Err(TooMany { limit });
            }
        }
        Ok(())
    }

    /// Ends what has waited too long, and gives it; forgets what ended long ago. What ended at a time that
    /// has not come yet was ended by a clock that ran ahead: it waits again.
    pub(super) fn expire(&self, now: LogTime) -> Result<Vec<Draft>, StoreError> {
        let mut drafts = self.lock();
        let too_soon = |draft: &&Draft| draft.ended == Some(Ended::Expired) && draft.begun_at > now;
        let too_soon: Vec<Draft> = drafts.values().filter(too_soon).cloned().collect();
        for mut draft in too_soon {
            draft.ended = None;
            draft.begun_at = now;
            self.keep(&mut drafts, draft)?;
        }
        let is_old = |draft: &&Draft| draft.expires_at() <= now;
        let old: Vec<Draft> = drafts.values().filter(is_old).cloned().collect();
        let mut expired = Vec::new();
        for mut draft in old {
            if draft.ended.is_some() {
                self.forget(&mut drafts, &draft.id)?;
                continue;
            }
            draft.ended = Some(Ended::Expired);
            // Its end is told for as long again.
            draft.begun_at = now;
            self.keep(&mut drafts, draft.clone())?;
            expired.push(draft);
        }
        self.forget_oldest(&mut drafts)?;
        Ok(expired)
    }

    fn forget(&self, drafts: &mut Drafts, id: &DraftId) -> Result<(), StoreError> {
        let path = self.path(id);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(StoreError::io("erase", path, error));
            }
            _ => {}
        }
        drafts.remove(id);
        Ok(())
    }

    fn path(&self, id: &DraftId) -> PathBuf {
        self.folder.join(format!("{}.json", id.as_str()))
    }
}

/// What is in a folder; nothing if it is not there.
pub(super) fn names(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let fault = |error| StoreError::io("list", folder, error);
    match fs::read_dir(folder) {
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.path()).map_err(fault))
            .collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(fault(error)),
    }
}

#[cfg(test)]
mod tests {
    use ledger_core::StatedTime;
    use ledger_core::event::{Event, Statement};
    use ledger_core::hash::Hash;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_begun_and_taken_back_without_end_takes_no_more_room() {
        let folder = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(folder.path().join("desk")).unwrap();
        let now = LogTime::from_unix(1_522_026_000).unwrap();
        let by: MemberId = "deng".parse().unwrap();
        let granted = json!({"kind": "role_granted", "member": "he", "role": "cashier"});
        let granted = Event::from_value(granted).unwrap();
        for number in 0..ENDED as u64 + 9 {
            let at = StatedTime::new(now.plus_seconds(number), 480).unwrap();
            let statement =
                Statement::new("ledger".parse().unwrap(), Hash::ZERO, at, granted.clone());
            let made = (now.plus_seconds(number), 1);
            let mut draft = Draft::new(by.clone(), made, statement, None).unwrap();
            draft.ended = Some(Ended::Withdrawn {
                by: by.clone(),
                reason: None,
            });
            inbox.keep(&mut inbox.lock(), draft).unwrap();
        }
        assert_eq!(inbox.lock().len(), ENDED);
        assert_eq!(names(&inbox.folder).unwrap().len(), ENDED);
        let oldest = inbox.all(|_| true)[0].begun_at;
        assert_eq!(oldest, now.plus_seconds(9));
    }
}
