//! `sanzi config`: checks a file of settings, or shows one to start from.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use ledger_core::language::Language;

use super::help::Text;
use super::say;
use super::settings::Settings;

/// Every setting, with a word on each.
pub(crate) const EXAMPLE: &str = include_str!("../../sanzi.example.toml");

/// Checks settings, or shows an example.
#[derive(Debug, clap::Args)]
pub(crate) struct Config {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Check {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    Example,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "config",
        zh: "核对 sanzi serve 的设置文件，或给出样例",
        en: "Check the settings of sanzi serve, or show an example",
    },
    Text {
        of: "config.check",
        zh: "核对设置文件；写错了就指出文件、行和应有的写法",
        en: "Check a file of settings; a mistake is told with file, line and what was expected",
    },
    Text {
        of: "config.check.file",
        zh: "设置文件（TOML）",
        en: "The file (TOML)",
    },
    Text {
        of: "config.example",
        zh: "显示样例，其中有全部设置",
        en: "Show an example with every setting",
    },
];

impl Config {
    /// Carries out the subcommand.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        match self.what {
            What::Check { file } => {
                let settings = Settings::read(&file, language)?;
                settings.data(language)?;
                settings.tls_files(language)?;
                let file = file.display();
                say(&language.pick(format!("{file}：写法正确"), format!("{file}: well-formed")));
            }
            What::Example => EXAMPLE.lines().for_each(say),
        }
        Ok(ExitCode::SUCCESS)
    }
}
