//! A draft: a signed event on its way from signer to signer, and the documents that go with it.
//!
//! `DRAFT` is the signed note itself, byte for byte what will be submitted; `DRAFT.documents/` holds
//! the documents by their digests, `DRAFT.tlog-proof` and `DRAFT.entry` the receipt. `DRAFT.private/`
//! holds the private documents by their commitments, each behind its salt, for its owner only, until
//! the ledger's keeper has them.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ledger_core::commitment::Salt;
use ledger_core::event::SignedEvent;
use ledger_core::hash::{Commitment, Digest};
use ledger_core::record::DocumentRef;
use ledger_core::store::PrivateDocument;
use zeroize::Zeroizing;

use crate::keeping::sync_folder;
use crate::key_file;
use crate::terminal::Terminal;

/// What private documents lie in, beside the draft.
const PRIVATE: &str = "private";

/// A draft that has been read.
pub(crate) struct Draft {
    pub(crate) bytes: Vec<u8>,
    pub(crate) path: PathBuf,
    pub(crate) signed: SignedEvent,
}

/// Documents that go with a draft.
#[derive(Default)]
pub(crate) struct Papers {
    pub(crate) public: Vec<Vec<u8>>,
    pub(crate) private: Vec<PrivateDocument>,
    /// Public ones that the draft has not, by name.
    pub(crate) missing: Vec<String>,
    /// Private ones that the draft has not, with their names.
    pub(crate) missing_private: Vec<(Commitment, String)>,
}

/// The name of a file that belongs to the draft.
pub(crate) fn companion(draft: &Path, ending: &str) -> PathBuf {
    let mut name = draft.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

impl Draft {
    pub(crate) fn read(terminal: Terminal, path: &Path) -> anyhow::Result<Self> {
        let bytes = std::fs::read(path).with_context(|| {
            terminal.pick(
                format!("读不到草稿 {}", path.display()),
                format!("cannot read the draft {}", path.display()),
            )
        })?;
        let signed = SignedEvent::parse(&bytes).with_context(|| {
            terminal.pick(
                format!(
                    "{} 不是完好的草稿（可能被编辑过；草稿不能手改，请重新登记）",
                    path.display()
                ),
                format!(
                    "{} is no whole draft (drafts must not be edited; record it again)",
                    path.display()
                ),
            )
        })?;
        Ok(Self {
            bytes,
            path: path.to_owned(),
            signed,
        })
    }

    /// The documents that the event names: those that the draft has, and those that it has not.
    pub(crate) fn documents(&self, terminal: Terminal) -> anyhow::Result<Papers> {
        let event = &self.signed.statement().event;
        let mut papers = Papers::default();
        for document in event.documents() {
            match document {
                DocumentRef::Public { sha256, title, .. } => {
                    self.find(terminal, sha256, title.as_str(), &mut papers)?;
                }
                DocumentRef::Private {
                    commitment, title, ..
                } => match self.find_private(terminal, commitment, title.as_str())? {
                    Some(found) => papers.private.push(found),
                    None => papers
                        .missing_private
                        .push((*commitment, title.to_string())),
                },
            }
        }
        if let Some(publication) = event.publication() {
            let title = terminal.pick("公开内容", "the disclosure");
            self.find(terminal, &publication.disclosure, title, &mut papers)?;
        }
        Ok(papers)
    }

    fn find(
        &self,
        terminal: Terminal,
        digest: &Digest,
        title: &str,
        papers: &mut Papers,
    ) -> anyhow::Result<()> {
        let path = companion(&self.path, "documents").join(digest.to_string());
        match std::fs::read(&path) {
            Ok(bytes) if Digest::of(&bytes) == *digest => papers.public.push(bytes),
            Ok(_) => bail!(terminal.pick(
                format!("材料「{title}」的内容变了：{} 与所签的摘要不符。请放回原文件。", path.display()),
                format!("the document “{title}” has changed: {} has not the signed digest. Put the original back.", path.display()),
            )),
            Err(_) => papers.missing.push(format!("{title} ({digest})")),
        }
        Ok(())
    }

    fn find_private(
        &self,
        terminal: Terminal,
        commitment: &Commitment,
        title: &str,
    ) -> anyhow::Result<Option<PrivateDocument>> {
        let path = companion(&self.path, PRIVATE).join(commitment.to_string());
        let Ok(bytes) = std::fs::read(&path).map(Zeroizing::new) else {
            return Ok(None);
        };
        let parts = bytes.split_first_chunk::<{ Salt::LENGTH }>();
        let document = parts.map(|(salt, bytes)| PrivateDocument {
            bytes: Zeroizing::new(bytes.to_vec()),
            salt: Salt::from_bytes(*salt),
        });
        match document {
            Some(found) if commitment.open(&found.salt, &found.bytes).is_ok() => Ok(Some(found)),
            _ => bail!(terminal.pick(
                format!("不公开材料「{title}」的内容变了：{} 与所签的承诺不符。请放回原文件。", path.display()),
                format!("the private document “{title}” has changed: {} does not open the signed commitment. Put the original back.", path.display()),
            )),
        }
    }

    /// Takes away the draft's copies of private documents, once the ledger's keeper has them: a copy left
    /// behind would outlive their erasure. Says whether there were any.
    pub(crate) fn drop_private(&self, terminal: Terminal) -> anyhow::Result<bool> {
        let folder = companion(&self.path, PRIVATE);
        if !folder.is_dir() {
            return Ok(false);
        }
        std::fs::remove_dir_all(&folder).with_context(|| {
            terminal.pick(
                format!("不公开材料已交存，但草稿旁的副本删不掉，请自行删除：{}", folder.display()),
                format!("the private documents are kept, but the draft's copies could not be deleted; delete them: {}", folder.display()),
            )
        })?;
        Ok(true)
    }
}

/// Replaces a file, or makes it: whole or not at all, and on the disk when it returns.
pub(crate) fn replace(terminal: Terminal, path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(".sanzi-")
            .tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::Permissions::from_mode(0o644);
            file.as_file().set_permissions(mode)?;
        }
        file.persist(path)?;
        sync_folder(folder)
    };
    write().with_context(|| {
        terminal.pick(
            format!(
                "写不了 {}；请检查文件夹是否存在、是否有写入权限",
                path.display()
            ),
            format!(
                "cannot write {}; check that the folder is there and may be written to",
                path.display()
            ),
        )
    })
}

/// Makes a folder that only its owner can enter; its name is on the disk when it returns.
pub(crate) fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)?;
    sync_folder(path.parent().unwrap_or(Path::new("")))
}

/// Writes a new draft and its documents; leaves nothing behind if it fails.
pub(crate) fn write_new(
    terminal: Terminal,
    path: &Path,
    note: &[u8],
    papers: &Papers,
) -> anyhow::Result<()> {
    let folder = companion(path, "documents");
    let private = companion(path, PRIVATE);
    if path.exists() || folder.exists() || private.exists() {
        bail!(terminal.pick(
            format!(
                "草稿 {} 已经有了，不会覆盖；请先移走，或用 --out 换个名字",
                path.display()
            ),
            format!(
                "the draft {} is there already and is not overwritten; move it away or give --out",
                path.display()
            ),
        ));
    }
    let write = || -> anyhow::Result<()> {
        if !papers.public.is_empty() {
            let made = std::fs::create_dir(&folder);
            let made = made.and_then(|()| sync_folder(folder.parent().unwrap_or(Path::new(""))));
            made.with_context(|| folder.display().to_string())?;
        }
        if !papers.private.is_empty() {
            private_folder(&private).with_context(|| private.display().to_string())?;
        }
        for document in &papers.private {
            let commitment = Commitment::to(&document.salt, &document.bytes);
            let bytes = [document.salt.as_bytes(), &document.bytes[..]].concat();
            let file = private.join(commitment.to_string());
            key_file::create_new(terminal, &file, &Zeroizing::new(bytes), true)?;
        }
        for document in &papers.public {
            replace(
                terminal,
                &folder.join(Digest::of(document).to_string()),
                document,
            )?;
        }
        replace(terminal, path, note)
    };
    write().inspect_err(|_| {
        // The folders were not there before, so all of them is ours.
        let _ = std::fs::remove_dir_all(&folder);
        let _ = std::fs::remove_dir_all(&private);
    })
}
