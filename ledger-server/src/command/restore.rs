//! `sanzi restore`: builds a data folder from a backup, replaying every entry.
//!
//! Built beside the target, and moved there when all of it holds and nothing would go behind the anchor.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use ledger_core::Language;
use ledger_core::source::Source as _;
use ledger_core::store::Store as _;
use ledger_core::store::local::{LocalFolder, LocalOptions};
use ledger_core::store::stated_tree;
use serde_json::json;

use super::building::{self, Wanted};
use super::help::Text;
use crate::keeping;
use crate::source_arg::{self, OpenSource, SourceKind};
use crate::terminal::{Refused, Terminal};

#[derive(Debug, clap::Args)]
#[command(after_help = "  $ sanzi restore /mnt/usb/sanzi --data data --pins pins.json")]
pub(crate) struct Restore {
    folder: String,
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long, value_name = "DIR", env = "SANZI_ANCHOR", hide_env_values = true)]
    anchor: Option<PathBuf>,
    #[arg(long)]
    adopt_checkpoint: bool,
    #[arg(long)]
    json: bool,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "restore",
        zh: "由备份恢复数据文件夹：逐条核对，树根一致才算完成；不会退到锚点之前",
        en: "Restore a data folder from a backup: every entry and the root are checked; never goes behind an anchor",
    },
    Text {
        of: "restore.folder",
        zh: "备份（或镜像）的文件夹",
        en: "The folder of the backup, or of a mirror",
    },
    Text {
        of: "restore.data",
        zh: "要建的数据文件夹：还没有，或是空的",
        en: "The data folder to make: missing, or empty",
    },
    Text {
        of: "restore.pins",
        zh: "信任锚文件；给了就只恢复这个账本",
        en: "The pins; then only their ledger is restored",
    },
    Text {
        of: "restore.anchor",
        zh: "锚点文件夹，同 serve 的 --anchor",
        en: "The folder of the anchors, as for serve",
    },
    Text {
        of: "restore.adopt_checkpoint",
        zh: "没有锚点时，以备份的检查点为最新；只有确知没有更新的检查点时才可用",
        en: "Where there is no anchor, take the backup's checkpoint for the newest; only if you know that it is",
    },
    Text {
        of: "restore.json",
        zh: "以 JSON 输出，每个账本一行",
        en: "Print JSON, a line for each ledger",
    },
];

impl Restore {
    /// Restores every ledger of the backup.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        building::check_vacant(terminal, &self.data)?;
        let pins = self.pins.as_deref();
        let ledgers = source_arg::each(terminal, &self.folder, pins)?;
        let place = building::beside(terminal, &self.data)?;
        let data = place.path().join("data");
        let mut settled = Vec::new();
        for ledger in &ledgers {
            let source = source_arg::open(terminal, ledger, pins)?;
            if source.self_pinned {
                source.warn_self_pinned();
            }
            let signs = self.build(terminal, &source, &place)?;
            let wanted = Wanted {
                adopt: self.adopt_checkpoint,
                anchors: self.anchor.as_deref(),
                data: &self.data,
            };
            let anchors = building::anchors(terminal, wanted, &source.pins, signs)?;
            settled.push((source, anchors, signs));
        }
        for (source, anchors, signs) in &settled {
            let checkpoint = source.checkpoint()?;
            building::settle(terminal, &data, anchors, &source.pins, &checkpoint, *signs)?;
        }
        building::move_in(terminal, &data, &self.data)?;
        for (source, _, signs) in &settled {
            self.report(terminal, source, *signs)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Builds one ledger, with all that is kept beside it; whether the log's key was in the backup.
    fn build(
        &self,
        terminal: Terminal,
        source: &OpenSource,
        place: &tempfile::TempDir,
    ) -> anyhow::Result<bool> {
        let SourceKind::Mirror(_, from) = &source.kind else {
            bail!(terminal.pick(
                format!("{} 不是备份或镜像的文件夹", self.folder),
                format!("{} is no folder of a backup or mirror", self.folder),
            ));
        };
        let data = place.path().join("data");
        let options = LocalOptions {
            anchor_folder: Some(place.path().join("anchors")),
            ..LocalOptions::default()
        };
        let folder = LocalFolder::open(&data, options)?;
        let slug = source.pins.origin.slug();
        let store = building::refill(terminal, source, folder.ledger(slug)?)?;
        store.close()?;
        folder.close()?;
        let own = LocalFolder::ledger_folder(&data, slug);
        let kept = keeping::copy(terminal, from, &own, true)?;
        keeping::copy_waiting(terminal, from, &own)?;
        if !kept.damaged.is_empty() {
            let list = kept.damaged.join(terminal.pick("、", ", "));
            terminal.advise(terminal.pick(
                format!("注意：备份里这些材料已损坏，没有恢复：{list}"),
                format!(
                    "note: these documents are damaged in the backup and were not restored: {list}"
                ),
            ));
        }
        let mut pins = serde_json::to_string_pretty(&source.pins)?;
        pins.push('\n');
        keeping::put(terminal, &own.join("pins.json"), pins.as_bytes(), false)?;
        Ok(own.join("log.key").is_file())
    }

    fn report(&self, terminal: Terminal, source: &OpenSource, signs: bool) -> anyhow::Result<()> {
        let Some((size, root)) = stated_tree(&source.checkpoint()?) else {
            bail!(Refused(source.place.clone()));
        };
        let origin = &source.pins.origin;
        if self.json {
            let said = json!({ "origin": origin, "size": size, "root": root, "signs": signs });
            terminal.say(said.to_string());
            return Ok(());
        }
        terminal.say(terminal.pick(
            format!(
                "{origin}：{size} 条全部成立，树根 {root}，已恢复到 {}。",
                self.data.display()
            ),
            format!(
                "{origin}: all {size} entries hold, root {root}, restored to {}.",
                self.data.display()
            ),
        ));
        terminal.say(if signs {
            terminal.pick(
                "  可以接着记账（sanzi serve）。先确认原来的服务已经停用：两处同时签会使账本分叉。",
                "  Recording can go on (sanzi serve). First make sure that the old server is out of use: two that sign fork the ledger.",
            )
        } else {
            terminal.pick(
                "  没有日志钥匙：可以读、可以核对；要接着记账，把 log.key 放回该账本的文件夹，并用 --adopt-checkpoint 或原来的锚点启动。",
                "  Without the log's key it can be read and verified; to record, put log.key back into the ledger's folder and start with the old anchor, or --adopt-checkpoint.",
            )
        });
        Ok(())
    }
}
