//! The documents that lie beside a draft, handed in to a server in parts.

use std::fs::File;
use std::io::{Read as _, Seek as _, sink};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ledger_core::commitment::Salt;
use ledger_core::hash::{Commitment, Digest};
use ledger_core::record::DocumentRef;
use ledger_core::store::copy_digested;
use zeroize::Zeroizing;

use crate::draft::{Draft, companion};
use crate::signed_url::SignedUrl;
use crate::terminal::Terminal;

/// A document of a draft that is at hand.
pub(crate) struct AtHand {
    path: PathBuf,
    private: Option<Commitment>,
    public: Option<Digest>,
    title: String,
}

/// The documents that a draft's event names: those at hand, and the names of those that are not.
pub(crate) fn of(terminal: Terminal, draft: &Draft) -> (Vec<AtHand>, Vec<String>) {
    let event = &draft.signed.statement().event;
    let (mut at_hand, mut missing) = (Vec::new(), Vec::new());
    let mut look = |path: PathBuf, public, private, title: &str| {
        if path.is_file() {
            at_hand.push(AtHand {
                path,
                private,
                public,
                title: title.to_owned(),
            });
        } else {
            missing.push(title.to_owned());
        }
    };
    let beside = |kind: &str, name: String| companion(&draft.path, kind).join(name);
    for document in event.documents() {
        match document {
            DocumentRef::Public { sha256, title, .. } => {
                let path = beside("documents", sha256.to_string());
                look(path, Some(*sha256), None, title.as_str());
            }
            DocumentRef::Private {
                commitment, title, ..
            } => {
                let path = beside("private", commitment.to_string());
                look(path, None, Some(*commitment), title.as_str());
            }
        }
    }
    if let Some(publication) = event.publication() {
        let path = beside("documents", publication.disclosure.to_string());
        let title = terminal.pick("公开内容", "the disclosure");
        look(path, Some(publication.disclosure), None, title);
    }
    (at_hand, missing)
}

fn open(terminal: Terminal, path: &Path) -> anyhow::Result<File> {
    File::open(path).with_context(|| {
        terminal.pick(
            format!("读不到材料文件 {}", path.display()),
            format!("cannot read the document {}", path.display()),
        )
    })
}

/// Hands in one public file; says its digest and whether it is in its place.
pub(crate) fn put_file(
    terminal: Terminal,
    server: &SignedUrl<'_>,
    path: &Path,
    entry: impl FnOnce(&Digest) -> Option<u64>,
) -> anyhow::Result<(Digest, bool)> {
    let mut file = open(terminal, path)?;
    let (digest, length) = copy_digested(&mut file, &mut sink())?;
    file.rewind()?;
    let name = format!("documents/{digest}");
    let kept = server.put(&name, entry(&digest), (file, length), digest.as_bytes())?;
    Ok((digest, kept))
}

impl AtHand {
    /// Checks the document against what was signed, and hands it in.
    pub(crate) fn put(
        &self,
        terminal: Terminal,
        server: &SignedUrl<'_>,
        entry: Option<u64>,
    ) -> anyhow::Result<bool> {
        let mut file = open(terminal, &self.path)?;
        let mut salt = Zeroizing::new([0; Salt::LENGTH]);
        if self.private.is_some() {
            file.read_exact(&mut *salt)?;
        }
        let (digest, _) = copy_digested(&mut file, &mut sink())?;
        let is_it = match (&self.public, &self.private) {
            (Some(public), _) => digest == *public,
            (_, Some(private)) => {
                Commitment::to_digest(&Salt::from_bytes(*salt), &digest) == *private
            }
            _ => false,
        };
        if !is_it {
            bail!(terminal.pick(
                format!("材料「{}」的内容变了：{} 与所签的摘要或承诺不符。请放回原文件。", self.title, self.path.display()),
                format!("the document “{}” has changed: {} is not what was signed. Put the original back.", self.title, self.path.display()),
            ));
        }
        file.rewind()?;
        let (whole, length) = copy_digested(&mut file, &mut sink())?;
        file.rewind()?;
        let name = match (&self.public, &self.private) {
            (_, Some(private)) => format!("private/{private}"),
            _ => format!("documents/{digest}"),
        };
        server.put(&name, entry, (file, length), whole.as_bytes())
    }
}
