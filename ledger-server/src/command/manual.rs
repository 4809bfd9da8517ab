//! `sanzi manual`: writes the manual pages of every command, as `man` reads them.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use ledger_core::Language;

use super::help::Text;
use super::say;

#[derive(Debug, clap::Args)]
#[command(after_help = "  $ sanzi --lang en manual /usr/local/share/man/man1")]
pub(crate) struct Manual {
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "manual",
        zh: "把每个命令的手册页（man）写进一个文件夹",
        en: "Write the manual page of every command into a folder",
    },
    Text {
        of: "manual.folder",
        zh: "文件夹；没有就新建",
        en: "The folder; made if it is not there",
    },
];

impl Manual {
    /// Writes the pages in the language that was asked for.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let folder = self.folder.display();
        std::fs::create_dir_all(&self.folder)
            .and_then(|()| clap_mangen::generate_to(super::localised(language), &self.folder))
            .with_context(|| {
                language.pick(
                    format!("手册页写不进 {folder}"),
                    format!("the manual cannot be written to {folder}"),
                )
            })?;
        say(&language.pick(
            format!("手册页在 {folder}，用 man -l 查看"),
            format!("the manual pages are in {folder}; see them with man -l"),
        ));
        Ok(ExitCode::SUCCESS)
    }
}
