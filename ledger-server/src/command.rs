//! The command line: which commands there are, in which language they speak, and how they end.
//!
//! A command is a module with a struct of its arguments, a `run`, and `TEXTS` with the help of each in
//! both languages. It ends with 0 if all is well, 1 if something does not hold or was refused, and 2 if
//! it could not be done.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use ledger_core::language::Language;

mod audit;
mod backup;
mod building;
mod charter;
mod completions;
mod config;
pub(crate) mod cosign;
mod data;
mod demo;
mod document;
mod export;
mod flags;
mod fsck;
mod health;
mod help;
mod import;
mod init;
mod key;
mod manual;
mod mirror;
mod monitor;
mod notice;
mod proof;
mod record;
mod recover;
mod reload;
mod restore;
mod schema;
mod serve;
mod settings;
mod show;
mod status;
mod submit;
mod takeover;
mod totals;
mod verify;
mod witness;

use help::Text;

use crate::fault;
use crate::terminal::{Refused, visible};

/// The exit code of a command whose answer is no.
const REFUSED: u8 = 1;

/// The exit code of a command that could not be carried out.
const NOT_DONE: u8 = 2;

macro_rules! commands {
    ($($module:ident::$name:ident,)*) => {
        #[derive(Debug, Subcommand)]
        enum Command {
            $($name($module::$name),)*
        }

        impl Command {
            fn run(self, language: Language) -> anyhow::Result<ExitCode> {
                match self {
                    $(Self::$name(command) => command.run(language),)*
                }
            }
        }

        /// All texts of the help.
        const TEXTS: &[&[Text]] =
            &[GENERAL, $($module::TEXTS),*, settings::TEXTS, monitor::settings::TEXTS];
    };
}

// One line for each command.
commands! {
    audit::Audit,
    backup::Backup,
    charter::Charter,
    completions::Completions,
    config::Config,
    cosign::Cosign,
    demo::Demo,
    document::Document,
    export::Export,
    import::Import,
    flags::Flags,
    fsck::Fsck,
    health::Health,
    init::Init,
    key::Key,
    manual::Manual,
    mirror::Mirror,
    monitor::Monitor,
    notice::Notice,
    proof::Proof,
    record::Record,
    recover::Recover,
    restore::Restore,
    schema::Schema,
    serve::Serve,
    show::Show,
    status::Status,
    submit::Submit,
    takeover::Takeover,
    totals::Totals,
    verify::Verify,
    witness::Witness,
}

const GENERAL: &[Text] = &[
    Text {
        of: "",
        zh: "三资账：村集体三资交易的公开、可核对的账本",
        en: "Sanzi Ledger: public, verifiable ledgers of village collectives' transactions",
    },
    Text {
        of: "lang",
        zh: "显示语言：zh 或 en；默认按系统语言",
        en: "Language, zh or en; by default the system's",
    },
];

#[derive(Debug, Parser)]
#[command(
    name = "sanzi",
    version,
    subcommand_required = true,
    arg_required_else_help = true
)]
struct Arguments {
    #[arg(long, global = true, value_name = "zh|en", value_parser = help::parse_language)]
    lang: Option<Language>,
    #[command(subcommand)]
    command: Command,
}

/// The command line with its texts in one language.
fn localised(language: Language) -> clap::Command {
    help::localised(Arguments::command(), TEXTS, language)
}

/// Reads the arguments, the program's name first, and carries out what they say.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let language = help::language_of(&arguments);
    let command = localised(language);
    let parsed = command
        .try_get_matches_from(arguments)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return help::usage(&error, language),
    };
    match parsed.command.run(parsed.lang.unwrap_or(language)) {
        Ok(code) => code,
        Err(error) => {
            complain(&described(&error, language));
            ExitCode::from(if error.is::<Refused>() {
                REFUSED
            } else {
                NOT_DONE
            })
        }
    }
}

/// An error and what led to it, in one line.
fn described(error: &anyhow::Error, language: Language) -> String {
    format!(
        "{}{}",
        language.pick("错误：", "error: "),
        fault::told(error, language)
    )
}

/// Prints a line of the answer. That nobody reads it is no error.
fn say(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{}", visible(line));
}

/// Prints a line that is not part of the answer.
fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", visible(line));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_argument_has_help_in_both_languages() {
        fn check(command: &clap::Command, path: &str) {
            let text = |of: &str| TEXTS.iter().copied().flatten().find(|text| text.of == of);
            let here = text(path).unwrap_or_else(|| panic!("no text for command `{path}`"));
            assert!(
                !here.zh.is_empty() && here.en.is_ascii() && !here.zh.is_ascii(),
                "{path}"
            );
            for argument in command.get_arguments() {
                if argument.is_global_set() && !path.is_empty() {
                    continue;
                }
                let of = help::join(path, argument.get_id().as_str());
                let here = text(&of).unwrap_or_else(|| panic!("no text for argument `{of}`"));
                assert!(!here.zh.is_ascii() && here.en.is_ascii(), "{of}");
            }
            for sub in command.get_subcommands() {
                check(sub, &help::join(path, sub.get_name()));
            }
        }
        check(&Arguments::command(), "");
        Arguments::command().debug_assert();
    }

    #[test]
    fn no_text_is_left_over_or_given_twice() {
        fn names(command: &clap::Command, path: &str, to: &mut Vec<String>) {
            to.push(path.to_owned());
            for argument in command.get_arguments() {
                to.push(help::join(path, argument.get_id().as_str()));
            }
            for sub in command.get_subcommands() {
                names(sub, &help::join(path, sub.get_name()), to);
            }
        }
        let mut known = Vec::new();
        names(&Arguments::command(), "", &mut known);
        let mut seen = std::collections::BTreeSet::new();
        for text in TEXTS.iter().copied().flatten() {
            assert!(
                known.iter().any(|name| name == text.of),
                "{} names nothing",
                text.of
            );
            assert!(seen.insert(text.of), "{} is given twice", text.of);
        }
    }

    #[test]
    fn help_is_in_the_language_asked_for() {
        let of = |language, arguments: &[&str]| {
            let command = help::localised(Arguments::command(), TEXTS, language);
            let error = command.try_get_matches_from(arguments).unwrap_err();
            error.to_string()
        };
        let zh = of(Language::Zh, &["sanzi", "serve", "--help"]);
        assert!(zh.contains("用法：") && zh.contains("选项"), "{zh}");
        assert!(
            !zh.contains("Usage") && !zh.contains("Options") && !zh.contains("Print help"),
            "{zh}"
        );
        let en = of(Language::En, &["sanzi", "serve", "--help"]);
        assert!(en.contains("Usage:") && en.is_ascii(), "{en}");
        let top = of(Language::Zh, &["sanzi", "--help"]);
        assert!(top.contains("命令") && !top.contains("Commands"), "{top}");
    }
}
