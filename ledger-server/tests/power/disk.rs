//! A disk as POSIX promises it and no better: what a power loss may leave of the calls before it.
//!
//! Data and length of a file are certain once `fsync` or `fdatasync` of that file, begun after the write, is done.
//! A name (made, renamed, removed) is certain once its own folder was synced, not with the file; of a rename from
//! one folder to another each half with its folder. Whatever is not certain may be there or not, each call by
//! itself, in any choice; a write also in part, by sectors, with or without the length that it gives the file, and
//! zeros where it is longer than what was written. After a sync that failed, what it was to write is never written,
//! whatever a later sync says (as Linux does it): only writing it once more helps. Two writes to the same bytes do not change places: a disk's
//! cache gives its newest. Most file systems do better; nothing here relies on that.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::trace::Act;

/// What is whole or not there at all, in bytes: a sector of an old disk.
pub(crate) const SECTOR: usize = 512;

/// A whole disk: what is in each file, or `None` for a folder.
pub(crate) type Files = BTreeMap<PathBuf, Option<Vec<u8>>>;

type Id = usize;

#[derive(Debug, Clone)]
enum Node {
    File(Vec<u8>),
    Folder(BTreeMap<String, Id>),
}

/// A change that is not certain yet.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// When its call was done.
    done: usize,
    /// The file, or the folder.
    pub(crate) node: Id,
    /// The call; both halves of a rename are one.
    pub(crate) call: usize,
    /// Whether a sync of it has failed.
    doomed: bool,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Write {
        at: usize,
        bytes: Vec<u8>,
    },
    Length(usize),
    Names {
        removed: Option<String>,
        set: Option<(String, Id)>,
    },
}

impl Change {
    /// The number of sectors that a write touches; `None` for anything else.
    pub(crate) fn sectors(&self) -> Option<usize> {
        match &self.kind {
            Kind::Write { at, bytes } => Some((at + bytes.len()).div_ceil(SECTOR) - at / SECTOR),
            _ => None,
        }
    }
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    Lost,
    Kept,
    /// Of a write: which of its sectors are there, and whether the file has its length all the same.
    Torn {
        sectors: Vec<bool>,
        grown: bool,
    },
}

/// The disk, and what has been asked of it.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    /// As everybody sees it while there is power.
    seen: Vec<Node>,
    /// What is certainly there without.
    certain: Vec<Node>,
    pending: Vec<Change>,
}

const ROOT: Id = 0;

impl Disk {
    /// One on which all of this is certain.
    pub(crate) fn holding(files: &Files) -> Self {
        let mut disk = Self {
            seen: vec![Node::Folder(BTreeMap::new())],
            certain: Vec::new(),
            pending: Vec::new(),
        };
        for (path, content) in files {
            let node = match content {
                Some(bytes) => Node::File(bytes.clone()),
                None => Node::Folder(BTreeMap::new()),
            };
            let (parent, name) = disk.parent(path).unwrap();
            disk.seen.push(node);
            let id = disk.seen.len() - 1;
            disk.folder(parent).insert(name, id);
        }
        disk.certain = disk.seen.clone();
        disk
    }

    fn folder(&mut self, id: Id) -> &mut BTreeMap<String, Id> {
        match &mut self.seen[id] {
            Node::Folder(names) => names,
            Node::File(_) => panic!("{id} is no folder"),
        }
    }

    fn find(&self, path: &Path) -> Option<Id> {
        let mut at = ROOT;
        for part in path {
            let Node::Folder(names) = &self.seen[at] else {
                return None;
            };
            at = *names.get(part.to_str().unwrap())?;
        }
        Some(at)
    }

    fn parent(&self, path: &Path) -> Option<(Id, String)> {
        let name = path.file_name()?.to_str()?.to_owned();
        Some((self.find(path.parent()?)?, name))
    }

    /// What a file holds, as everybody sees it.
    pub(crate) fn content(&self, path: &Path) -> Option<&[u8]> {
        match &self.seen[self.find(path)?] {
            Node::File(bytes) => Some(bytes),
            Node::Folder(_) => None,
        }
    }

    /// Takes a call as it was done; `begun` and `done` are the times of its two ends.
    pub(crate) fn take(&mut self, begun: usize, done: usize, act: &Act) {
        match act {
            Act::Create { path, truncate } => match self.find(path) {
                Some(file) if *truncate => self.change(done, file, Kind::Length(0)),
                Some(_) => {}
                None => self.make(done, path, Node::File(Vec::new())),
            },
            Act::MakeFolder { path } => self.make(done, path, Node::Folder(BTreeMap::new())),
            Act::Write { path, at, bytes } => {
                let file = self.find(path).unwrap();
                let (at, bytes) = (usize::try_from(*at).unwrap(), bytes.clone());
                self.change(done, file, Kind::Write { at, bytes });
            }
            Act::Truncate { path, length } => {
                let file = self.find(path).unwrap();
                self.change(done, file, Kind::Length(usize::try_from(*length).unwrap()));
            }
            Act::Rename { from, to } => self.rename(done, from, to),
            Act::Unlink { path } => {
                let (parent, name) = self.parent(path).unwrap();
                let removed = Some(name);
                self.change(done, parent, Kind::Names { removed, set: None });
            }
            Act::Sync { path } => {
                if let Some(node) = self.find(path) {
                    self.sync(begun, node);
                }
            }
            Act::SyncFailed { path } => {
                let node = self.find(path);
                for change in &mut self.pending {
                    change.doomed |= Some(change.node) == node && change.sectors().is_some();
                }
            }
            Act::Send { .. } | Act::Exit { .. } => {}
        }
    }

    fn make(&mut self, done: usize, path: &Path, node: Node) {
        let (parent, name) = self.parent(path).unwrap();
        let empty = match node {
            Node::File(_) => Node::File(Vec::new()),
            Node::Folder(_) => Node::Folder(BTreeMap::new()),
        };
        self.seen.push(node);
        self.certain.push(empty);
        let set = Some((name, self.seen.len() - 1));
        self.change(done, parent, Kind::Names { removed: None, set });
    }

    fn rename(&mut self, done: usize, from: &Path, to: &Path) {
        let moved = self.find(from).unwrap();
        let ((old, old_name), (new, new_name)) =
            (self.parent(from).unwrap(), self.parent(to).unwrap());
        let (removed, set) = (Some(old_name), Some((new_name, moved)));
        if old == new {
            return self.change(done, old, Kind::Names { removed, set });
        }
        self.change(done, new, Kind::Names { removed: None, set });
        self.change(done, old, Kind::Names { removed, set: None });
    }

    fn change(&mut self, done: usize, node: Id, kind: Kind) {
        carry_out(&mut self.seen[node], &kind, &Fate::Kept);
        self.pending.push(Change {
            done,
            node,
            call: done,
            doomed: false,
            kind,
        });
    }

    fn sync(&mut self, begun: usize, node: Id) {
        let certain = &mut self.certain;
        self.pending.retain(|change| {
            let covered = change.node == node && change.done < begun;
            if covered && !change.doomed {
                carry_out(&mut certain[node], &change.kind, &Fate::Kept);
            }
            !covered
        });
    }

    /// What is not certain, in the order in which it was done.
    pub(crate) fn pending(&self) -> &[Change] {
        &self.pending
    }

    /// The disk as everybody sees it.
    pub(crate) fn files(&self) -> Files {
        let mut files = Files::new();
        collect(&self.seen, ROOT, Path::new(""), &mut files);
        files
    }

    /// The disk after a power loss that did this to each pending change.
    pub(crate) fn after(&self, fate: impl Fn(usize, &Change) -> Fate) -> Files {
        let mut nodes = self.certain.clone();
        for (number, change) in self.pending.iter().enumerate() {
            carry_out(&mut nodes[change.node], &change.kind, &fate(number, change));
        }
        let mut files = Files::new();
        collect(&nodes, ROOT, Path::new(""), &mut files);
        files
    }
}

fn collect(nodes: &[Node], id: Id, path: &Path, files: &mut Files) {
    match &nodes[id] {
        Node::File(bytes) => drop(files.insert(path.to_owned(), Some(bytes.clone()))),
        Node::Folder(names) => {
            if id != ROOT {
                files.insert(path.to_owned(), None);
            }
            for (name, id) in names {
                collect(nodes, *id, &path.join(name), files);
            }
        }
    }
}

fn carry_out(node: &mut Node, kind: &Kind, fate: &Fate) {
    if *fate == Fate::Lost {
        return;
    }
    match (node, kind) {
        (Node::File(file), Kind::Length(length)) => file.resize(*length, 0),
        (Node::File(file), Kind::Write { at, bytes }) => match fate {
            Fate::Torn { sectors, grown } => tear(file, *at, bytes, sectors, *grown),
            _ => overwrite(file, *at, bytes),
        },
        (Node::Folder(names), Kind::Names { removed, set }) => {
            if let Some(name) = removed {
                names.remove(name);
            }
            if let Some((name, id)) = set {
                names.insert(name.clone(), *id);
            }
        }
        (node, kind) => panic!("{kind:?} of {node:?}"),
    }
}

fn overwrite(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}

fn tear(file: &mut Vec<u8>, at: usize, bytes: &[u8], sectors: &[bool], grown: bool) {
    let end = at + bytes.len();
    let first = at / SECTOR;
    for (number, kept) in (first..).zip(sectors) {
        let from = at.max(number * SECTOR);
        let to = end.min((number + 1) * SECTOR);
        if *kept {
            overwrite(file, from, &bytes[from - at..to - at]);
        }
    }
    if grown && file.len() < end {
        file.resize(end, 0);
    }
}

#[test]
fn only_what_was_synced_is_certain() {
    let mut disk = Disk::holding(&Files::from([(PathBuf::from("d"), None)]));
    let path = PathBuf::from("d/a");
    let acts = [
        Act::Create {
            path: path.clone(),
            truncate: true,
        },
        Act::Write {
            path: path.clone(),
            at: 0,
            bytes: vec![1; 600],
        },
    ];
    for (time, act) in acts.iter().enumerate() {
        disk.take(time, time, act);
    }
    let folder = (PathBuf::from("d"), None);
    let none = |_: usize, _: &Change| Fate::Lost;
    disk.take(5, 5, &Act::Sync { path: path.clone() });
    // Its bytes are on the disk, and nobody finds them.
    assert_eq!(disk.after(none), Files::from([folder.clone()]));
    disk.take(
        6,
        6,
        &Act::Sync {
            path: PathBuf::from("d"),
        },
    );
    let synced = Files::from([folder.clone(), (path.clone(), Some(vec![1; 600]))]);
    assert_eq!(disk.after(none), synced);

    let bytes = vec![2; 1000];
    disk.take(
        7,
        9,
        &Act::Write {
            path: path.clone(),
            at: 100,
            bytes,
        },
    );
    // A sync that began before the write was done says nothing of it.
    disk.take(8, 10, &Act::Sync { path: path.clone() });
    assert_eq!(disk.after(none), synced);
    let sectors = vec![false, true, false];
    let torn = disk.after(|_, _| Fate::Torn {
        sectors: sectors.clone(),
        grown: true,
    });
    let torn = torn[&path].as_ref().unwrap();
    assert_eq!(torn.len(), 1100);
    let parts = [(0..512, 1), (512..1024, 2), (1024..1100, 0)];
    for (range, value) in parts {
        assert!(torn[range].iter().all(|byte| *byte == value));
    }
    let to = PathBuf::from("b");
    disk.take(
        11,
        11,
        &Act::Rename {
            from: path.clone(),
            to: to.clone(),
        },
    );
    disk.take(
        12,
        12,
        &Act::Sync {
            path: PathBuf::new(),
        },
    );
    let both = disk.after(none);
    assert!(both.contains_key(&path) && both.contains_key(&to));
    disk.take(
        13,
        13,
        &Act::Sync {
            path: PathBuf::from("d"),
        },
    );
    assert!(!disk.after(none).contains_key(&path));
}
