//! Documents on their way in and out, in parts, from any thread: [`LocalDocuments`].
//!
//! What is handed in ahead of its entry waits in `uploads/<member>/`, a public document under its digest,
//! a private one under its commitment with the ending `.private`, in the form that it will have; when the
//! entry stands, the store moves it into its place ([`take_in`]). A file gets its name only once all of it
//! is there, has the digest or opens the commitment, and is on the disk. Reads no clock: from when on an
//! upload is too old, the caller says.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::{documents, durable, private};
use crate::commitment::Salt;
use crate::hash::{Commitment, Digest, DigestBuilder};
use crate::name::MemberId;
use crate::record::DocumentRef;
use crate::store::{DocumentChanges, StoreError};

const FOLDER: &str = "uploads";

/// The ending of what is not whole yet.
const UNFINISHED: &str = "part";

/// What makes the names of unfinished files differ.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Held while a document takes its place or is erased: what is erased does not slip back in. Holds what
/// is on its way, by the number of its unfinished file, and whether an entry has named it meanwhile.
pub(super) type Gate = Arc<Mutex<BTreeMap<u64, (DocumentName, bool)>>>;

/// By what a document is named. (材料名)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentName {
    /// By its digest: anyone may read it.
    Public(Digest),
    /// By a commitment to it: only some may read it.
    Private(Commitment),
}

impl From<&DocumentRef> for DocumentName {
    fn from(document: &DocumentRef) -> Self {
        match document {
            DocumentRef::Public { sha256, .. } => Self::Public(*sha256),
            DocumentRef::Private { commitment, .. } => Self::Private(*commitment),
        }
    }
}

impl DocumentName {
    fn file_name(&self) -> String {
        match self {
            Self::Public(digest) => digest.to_string(),
            Self::Private(commitment) => format!("{commitment}.private"),
        }
    }

    /// Where it is kept once its entry stands.
    fn place(&self, folder: &Path) -> PathBuf {
        match self {
            Self::Public(digest) => documents::path(folder, digest),
            Self::Private(commitment) => private::path(folder, commitment),
        }
    }
}

/// The documents of one ledger, to be read and handed in by parts. Cheap to clone; any thread may use it
/// while the [`LocalStore`](super::LocalStore) appends. Who may do so is for the caller to judge.
#[derive(Debug, Clone)]
pub struct LocalDocuments {
    folder: PathBuf,
    gate: Gate,
}

impl LocalDocuments {
    pub(super) fn new(folder: PathBuf, gate: Gate) -> Self {
        Self { folder, gate }
    }

    /// The file of a public document, after all of it has been found to have its digest; `None` if no
    /// entry names it or it is not kept.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it has another digest.
    pub fn public(&self, digest: &Digest) -> Result<Option<PathBuf>, StoreError> {
        documents::checked(&self.folder, digest)
    }

    /// The file of a public document, not read: for who has lately had it from [`LocalDocuments::public`].
    /// `None` if it is not kept.
    #[must_use]
    pub fn public_unread(&self, digest: &Digest) -> Option<PathBuf> {
        let path = documents::path(&self.folder, digest);
        path.is_file().then_some(path)
    }

    /// A private document, after all of it has been found to open its commitment: the file, which stands
    /// at its salt, and how many bytes salt and document have. `None` if it is not kept.
    ///
    /// # Errors
    /// [`StoreError::Erased`]; [`StoreError::Corrupt`] if it does not open its commitment.
    pub fn private(&self, commitment: &Commitment) -> Result<Option<(File, u64)>, StoreError> {
        private::open_document(&self.folder, commitment)
    }

    /// How many bytes wait for their entry, whole, of this member and in all.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn waiting(&self, member: &MemberId) -> Result<(u64, u64), StoreError> {
        let (mut own, mut all) = (0, 0);
        let finished = |(path, _, _): &(PathBuf, u64, SystemTime)| !is_unfinished(path);
        for (path, length, _) in waiting(&self.folder)?.into_iter().filter(finished) {
            all += length;
            if path
                .parent()
                .is_some_and(|of| of.ends_with(member.as_str()))
            {
                own += length;
            }
        }
        Ok((own, all))
    }

    /// Drops what has waited for its entry since before `oldest`; says how many.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn expire(&self, oldest: SystemTime) -> Result<usize, StoreError> {
        let mut dropped = 0;
        for (path, _, modified) in waiting(&self.folder)? {
            if modified < oldest {
                remove(&path)?;
                dropped += 1;
            }
        }
        Ok(dropped)
    }

    /// Whether a document is there: in its place, or whole and waiting for its entry.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn is_here(&self, name: &DocumentName) -> Result<bool, StoreError> {
        Ok(name.place(&self.folder).exists() || !self.waiting_as(name)?.is_empty())
    }

    /// Lets what waits under these names wait on, as if it had come at `now`: somebody is still about to
    /// sign for it.
    ///
    /// # Errors
    /// If the files cannot be touched.
    pub fn renew(&self, names: &[DocumentName], now: SystemTime) -> Result<(), StoreError> {
        for name in names {
            for path in self.waiting_as(name)? {
                let touched = File::options().write(true).open(&path);
                let touched = touched.and_then(|file| file.set_modified(now));
                match touched {
                    // Its entry has come meanwhile.
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    touched => touched.map_err(|error| StoreError::io("touch", &path, error))?,
                }
            }
        }
        Ok(())
    }

    /// Drops what these members handed in under these names: no entry is to name it.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn discard(&self, names: &[DocumentName], of: &[MemberId]) -> Result<(), StoreError> {
        for member in of {
            let folder = self.folder.join(FOLDER).join(member.as_str());
            for name in names {
                let path = folder.join(name.file_name());
                if path.is_file() {
                    remove(&path)?;
                }
            }
        }
        Ok(())
    }

    /// The files that wait under a name, one of each member who handed it in.
    fn waiting_as(&self, name: &DocumentName) -> Result<Vec<PathBuf>, StoreError> {
        let file = name.file_name();
        let members = names(&self.folder.join(FOLDER))?;
        let of_members = members.into_iter().map(|member| member.join(&file));
        Ok(of_members.filter(|path| path.is_file()).collect())
    }

    /// Begins to take a document from a member. A private one comes as its salt, 32 bytes, and its bytes.
    ///
    /// # Errors
    /// [`StoreError::Full`] if the disk is; or if the folder cannot be written.
    pub fn receive(&self, member: &MemberId, name: DocumentName) -> Result<Incoming, StoreError> {
        let folder = self.folder.join(FOLDER).join(member.as_str());
        durable::create_folder(&folder)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let all = self.folder.join(FOLDER);
            let owner_only = fs::Permissions::from_mode(0o700);
            fs::set_permissions(&all, owner_only)
                .map_err(|error| StoreError::io("protect", &all, error))?;
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{number}.{UNFINISHED}"));
        let file =
            File::create_new(&path).map_err(|error| StoreError::io("create", &path, error))?;
        let arriving = self.gate.lock();
        let mut arriving = arriving.unwrap_or_else(PoisonError::into_inner);
        arriving.insert(number, (name, false));
        drop(arriving);
        let mut incoming = Incoming {
            digest: DigestBuilder::default(),
            documents: self.clone(),
            file,
            name,
            number,
            path,
            salt: Vec::new(),
        };
        if matches!(name, DocumentName::Private(_)) {
            incoming.put(private::KEPT)?;
        }
        Ok(incoming)
    }
}

/// A document that is being handed in. Dropped before it is finished, it leaves nothing behind. (接收中的材料)
#[derive(Debug)]
pub struct Incoming {
    digest: DigestBuilder,
    documents: LocalDocuments,
    file: File,
    name: DocumentName,
    number: u64,
    path: PathBuf,
    salt: Vec<u8>,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // Finished, it has another name by now.
        let _ = fs::remove_file(&self.path);
        let arriving = self.documents.gate.lock();
        let mut arriving = arriving.unwrap_or_else(PoisonError::into_inner);
        arriving.remove(&self.number);
    }
}

impl Incoming {
    fn put(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let written = self.file.write_all(bytes);
        written.map_err(|error| StoreError::io("write", &self.path, error))
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`StoreError::Full`] if the disk is; or if they cannot be written.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.put(bytes)?;
        let missing = match self.name {
            DocumentName::Public(_) => 0,
            DocumentName::Private(_) => Salt::LENGTH - self.salt.len(),
        };
        let (salt, document) = bytes.split_at(missing.min(bytes.len()));
        self.salt.extend(salt);
        self.digest.update(document);
        Ok(())
    }

    /// Keeps the document if it is the one that was named: in its place if its entry stands, otherwise
    /// until it does. Says whether it is in its place.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] if it is another; [`StoreError::Erased`] if it was erased;
    /// [`StoreError::Full`] if the disk is; or if it cannot be written. Nothing is kept then.
    pub fn finish(self, stands: bool) -> Result<bool, StoreError> {
        self.check()?;
        let synced = self.file.sync_all();
        synced.map_err(|error| StoreError::io("sync", &self.path, error))?;
        let folder = &self.documents.folder;
        let gate = self.documents.gate.lock();
        let gate = gate.unwrap_or_else(PoisonError::into_inner);
        if let DocumentName::Private(commitment) = &self.name
            && private::is_erased(folder, commitment)?
        {
            return private::read(folder, commitment).map(|_| false);
        }
        let place = self.name.place(folder);
        // Who had begun before its entry was admitted could not know of it.
        let named = gate.get(&self.number).is_some_and(|(_, named)| *named);
        let stands = stands || named || place.exists();
        let waits = self.path.with_file_name(self.name.file_name());
        move_to(&self.path, if stands { &place } else { &waits })?;
        Ok(stands)
    }

    fn check(&self) -> Result<(), StoreError> {
        let digest = self.digest.clone().finish();
        let (expected, found) = match &self.name {
            DocumentName::Public(expected) => (expected.to_string(), Some(digest.to_string())),
            DocumentName::Private(expected) => {
                let salt = <[u8; Salt::LENGTH]>::try_from(self.salt.as_slice());
                let found =
                    salt.map(|salt| Commitment::to_digest(&Salt::from_bytes(salt), &digest));
                let found = found.ok().map(|found| found.to_string());
                (expected.to_string(), found)
            }
        };
        if found.as_ref() == Some(&expected) {
            return Ok(());
        }
        Err(StoreError::Malformed {
            what: "document 材料",
            expected,
            found: found.unwrap_or_else(|| "no salt 没有盐".to_owned()),
        })
    }
}

fn move_to(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(|error| StoreError::io("rename to", to, error))?;
    durable::sync_folder(to.parent().unwrap_or(Path::new("")))
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(StoreError::io("erase", path, error))
        }
        _ => Ok(()),
    }
}

/// The names in a folder; none if it is not there.
fn names(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let fault = |error| StoreError::io("list", folder, error);
    match fs::read_dir(folder) {
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.path()).map_err(fault))
            .collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(fault(error)),
    }
}

/// All files that wait, finished or not, with their lengths and when they were last written.
fn waiting(folder: &Path) -> Result<Vec<(PathBuf, u64, SystemTime)>, StoreError> {
    let mut all = Vec::new();
    for member in names(&folder.join(FOLDER))? {
        for path in names(&member)? {
            // One that is gone meanwhile has been finished, or given up.
            if let Ok(data) = fs::metadata(&path) {
                let modified = data.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                all.push((path, data.len(), modified));
            }
        }
    }
    Ok(all)
}

fn is_unfinished(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == UNFINISHED)
}

/// Clears away what a stop left unfinished, and makes certain where the rest is: whoever was killed may
/// have moved it and not have synced that. Where it went comes first, for it is not to be gone from both.
pub(super) fn open(folder: &Path) -> Result<(), StoreError> {
    durable::sync_folder(&folder.join("documents"))?;
    durable::sync_folder(&folder.join("private"))?;
    for (path, _, _) in waiting(folder)? {
        if is_unfinished(&path) {
            remove(&path)?;
        }
    }
    let uploads = folder.join(FOLDER);
    let members = names(&uploads)?;
    let waiting = uploads.is_dir().then_some(uploads);
    for folder in members.iter().chain(&waiting) {
        if folder.is_dir() {
            durable::sync_folder(folder)?;
        }
    }
    Ok(())
}

/// Moves what waits for these entries into its place, and lets what is still on its way go there; what is
/// erased goes. Says whether anything was there to do. The caller holds the gate.
pub(super) fn take_in(
    folder: &Path,
    arriving: &mut BTreeMap<u64, (DocumentName, bool)>,
    changes: &DocumentChanges,
) -> Result<bool, StoreError> {
    for (name, named) in arriving.values_mut() {
        *named |= match name {
            DocumentName::Public(digest) => changes.public.contains(digest),
            DocumentName::Private(commitment) => changes.private.contains(commitment),
        };
    }
    let members = names(&folder.join(FOLDER))?;
    if members.is_empty() {
        return Ok(false);
    }
    let mut moved = false;
    let public = changes.public.iter().copied().map(DocumentName::Public);
    let private = changes.private.iter().copied().map(DocumentName::Private);
    for name in public.chain(private) {
        let place = name.place(folder);
        for member in &members {
            let upload = member.join(name.file_name());
            if !upload.exists() {
                continue;
            }
            moved = true;
            match place.exists() {
                true => remove(&upload)?,
                false => move_to(&upload, &place)?,
            }
        }
    }
    for (commitment, _) in &changes.erased {
        let name = DocumentName::Private(*commitment).file_name();
        for member in &members {
            remove(&member.join(&name))?;
        }
    }
    Ok(moved)
}
