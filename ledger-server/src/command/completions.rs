//! `sanzi completions`: what a shell needs to complete commands.

use std::process::ExitCode;

use clap_complete::Shell;
use ledger_core::Language;

use super::help::Text;
use crate::terminal::Terminal;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi completions bash > ~/.local/share/bash-completion/completions/sanzi"
)]
pub(crate) struct Completions {
    shell: Shell,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "completions",
        zh: "打印命令行补全脚本",
        en: "Print a shell's completion script",
    },
    Text {
        of: "completions.shell",
        zh: "用哪种 shell",
        en: "For which shell",
    },
];

impl Completions {
    /// Prints a completion script.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let mut script = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut super::localised(language),
            "sanzi",
            &mut script,
        );
        Terminal::new(language).say_bytes(&script);
        Ok(ExitCode::SUCCESS)
    }
}
