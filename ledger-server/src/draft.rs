//! A draft: a signed event on its way from signer to signer, and the documents that go with it.
//!
//! `DRAFT` is the signed note itself, byte for byte what will be submitted; `DRAFT.documents/` holds
//! the documents by their digests, `DRAFT.tlog-proof` and `DRAFT.entry` the receipt.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ledger_core::event::SignedEvent;
use ledger_core::hash::Digest;
use ledger_core::record::DocumentRef;

use crate::terminal::Terminal;

/// A draft that has been read.
pub(crate) struct Draft {
    pub(crate) bytes: Vec<u8>,
    pub(crate) path: PathBuf,
    pub(crate) signed: SignedEvent,
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

    /// The documents that the event names and the draft has, and those that it has not.
    pub(crate) fn documents(
        &self,
        terminal: Terminal,
    ) -> anyhow::Result<(Vec<Vec<u8>>, Vec<String>)> {
        let folder = companion(&self.path, "documents");
        let event = &self.signed.statement().event;
        let mut wanted: Vec<(Digest, String)> = Vec::new();
        for document in event.documents() {
            let DocumentRef::Public { sha256, title, .. } = document;
            wanted.push((*sha256, title.to_string()));
        }
        if let Some(publication) = event.publication() {
            let title = terminal.pick("公开内容", "the disclosure");
            wanted.push((publication.disclosure, title.to_owned()));
        }
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for (digest, title) in wanted {
            let path = folder.join(digest.to_string());
            match std::fs::read(&path) {
                Ok(bytes) if Digest::of(&bytes) == digest => found.push(bytes),
                Ok(_) => bail!(terminal.pick(
                    format!("材料「{title}」的内容变了：{} 与所签的摘要不符。请放回原文件。", path.display()),
                    format!("the document “{title}” has changed: {} has not the signed digest. Put the original back.", path.display()),
                )),
                Err(_) => missing.push(format!("{title} ({digest})")),
            }
        }
        Ok((found, missing))
    }
}

/// Replaces a file, or makes it: whole or not at all.
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
        Ok(())
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

/// Writes a new draft and its documents; leaves nothing behind if it fails.
pub(crate) fn write_new(
    terminal: Terminal,
    path: &Path,
    note: &[u8],
    documents: &[Vec<u8>],
) -> anyhow::Result<()> {
    let folder = companion(path, "documents");
    if path.exists() || folder.exists() {
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
        if !documents.is_empty() {
            std::fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        }
        for document in documents {
            replace(
                terminal,
                &folder.join(Digest::of(document).to_string()),
                document,
            )?;
        }
        replace(terminal, path, note)
    };
    write().inspect_err(|_| {
        // The folder was not there before, so all of it is ours.
        let _ = std::fs::remove_dir_all(&folder);
    })
}
