//! `sanzi backup`: copies all ledgers of a data folder, also while a server writes to it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use ledger_core::Language;
use serde_json::json;

use super::help::Text;
use crate::keeping;
use crate::mirror::Mirrors;
use crate::source_arg::{self, SourceKind};
use crate::terminal::{Refused, Terminal};

/// What the file `BACKUP` says. A folder without it is no backup, and none is made of one.
const FORM: &str = "sanzi backup 1\n";

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi backup --data data --to /mnt/usb/sanzi\n  $ sanzi restore /mnt/usb/sanzi --data data2"
)]
pub(crate) struct Backup {
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    #[arg(long)]
    keys: bool,
    #[arg(long)]
    json: bool,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "backup",
        zh: "备份数据文件夹里的所有账本，服务不用停；再备份只写新的",
        en: "Back up all ledgers of a data folder, also while a server writes; the next one writes only what is new",
    },
    Text {
        of: "backup.data",
        zh: "数据文件夹（可以正在使用）",
        en: "The data folder (may be in use)",
    },
    Text {
        of: "backup.to",
        zh: "备份文件夹：还没有、空的，或以前的备份；含不公开材料，不要对外提供",
        en: "The backup's folder: missing, empty, or an earlier backup; it holds private documents, serve it to nobody",
    },
    Text {
        of: "backup.keys",
        zh: "连日志钥匙（仍加密）一起备份；口令从不在内",
        en: "With the logs' keys, encrypted as they are; never with their passphrases",
    },
    Text {
        of: "backup.json",
        zh: "以 JSON 输出，每个账本一行",
        en: "Print JSON, a line for each ledger",
    },
];

impl Backup {
    /// Backs up every ledger, each up to the checkpoint that is published when its turn comes.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        let data = self.data.to_string_lossy().into_owned();
        if source_arg::data_place(&data).is_none() {
            bail!(terminal.pick(
                format!("{data} 不是数据文件夹（应有 FORMAT）"),
                format!("{data} is no data folder (expected FORMAT)"),
            ));
        }
        self.check_target(terminal)?;
        let folder = Mirrors::in_folder(terminal, &self.to)?;
        keeping::put(terminal, &self.to.join("BACKUP"), FORM.as_bytes(), false)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&self.to, std::fs::Permissions::from_mode(0o700))?;
        }
        let mut damaged = Vec::new();
        for ledger in source_arg::each(terminal, &data, None)? {
            let source = source_arg::open(terminal, &ledger, None)?;
            let own = match &source.kind {
                SourceKind::Data(_, own) => own.clone(),
                SourceKind::Damaged(raw) => raw.folder().to_owned(),
                SourceKind::Mirror(..) | SourceKind::Url(_) => continue,
            };
            let copy = self.to.join(source.pins.origin.slug());
            let drafts = keeping::copy_waiting(terminal, &own, &copy)?;
            let copied = folder.update(&source)?;
            let kept = keeping::copy(terminal, &own, &copy, self.keys)?;
            let (origin, size) = (&source.pins.origin, copied.size);
            if self.json {
                terminal.say(
                    json!({
                        "origin": origin, "before": copied.before, "size": size,
                        "root": copied.root, "documents": kept.documents,
                        "private_documents": kept.private, "drafts": drafts, "damaged": kept.damaged,
                        "documents_missing": copied.missing, "keys": self.keys,
                    })
                    .to_string(),
                );
            } else {
                terminal.say(terminal.pick(
                    format!(
                        "{origin}：{size} 条，材料 {} 份，不公开材料 {} 份，待签草稿 {drafts} 份，树根 {}",
                        kept.documents, kept.private, copied.root
                    ),
                    format!(
                        "{origin}: {size} entries, {} documents, {} private ones, {drafts} drafts, root {}",
                        kept.documents, kept.private, copied.root
                    ),
                ));
            }
            damaged.extend(kept.damaged);
        }
        self.conclude(terminal, &damaged)
    }

    fn check_target(&self, terminal: Terminal) -> anyhow::Result<()> {
        let says = std::fs::read_to_string(self.to.join("BACKUP"));
        let vacant =
            || std::fs::read_dir(&self.to).map_or(true, |mut names| names.next().is_none());
        if says.as_deref().is_ok_and(|says| says == FORM) || (says.is_err() && vacant()) {
            return Ok(());
        }
        bail!(terminal.pick(
            format!("{} 里有别的东西，不是备份；镜像文件夹不能用来备份，那样会把不公开材料公开出去", self.to.display()),
            format!("{} holds something else than a backup; a mirror's folder must not take one, for private documents would be served with it", self.to.display()),
        ))
    }

    fn conclude(&self, terminal: Terminal, damaged: &[String]) -> anyhow::Result<ExitCode> {
        if !damaged.is_empty() {
            let list = damaged.join(terminal.pick("、", ", "));
            return Err(Refused(terminal.pick(
                format!("账本已备份，但这些材料已损坏，没有收入：{list}"),
                format!("the ledgers are backed up, but these documents are damaged and are not in it: {list}"),
            )))
            .context(terminal.pick("备份不全", "the backup is not complete"));
        }
        if !self.json {
            terminal.say(terminal.pick(
                format!("备份完成：{}。锚点不在备份里，也不要放进去；恢复用 sanzi restore。", self.to.display()),
                format!("backed up to {}. The anchors are not in it, and must never be; restore with sanzi restore.", self.to.display()),
            ));
        }
        Ok(ExitCode::SUCCESS)
    }
}
