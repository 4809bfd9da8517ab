//! Help and complaints about usage, in Chinese and in English.
//!
//! The derived command line knows no language. It is given its texts here, from the tables that stand
//! beside each command.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};
use ledger_core::language::Language;

use super::{NOT_DONE, complain, say};

/// What a command or an argument is for, in both languages.
pub(crate) struct Text {
    /// Which: the names on the way to it with dots between, as in `serve.listen`.
    pub(crate) of: &'static str,
    /// In Chinese.
    pub(crate) zh: &'static str,
    /// In English.
    pub(crate) en: &'static str,
}

const TEMPLATE_ZH: &str = "{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";

const EXIT_CODES_ZH: &str =
    "退出码：0 已办成，或核对通过；1 规则不允许，或核对不通过；2 没能办到（用法、读写、网络）";

const EXIT_CODES_EN: &str = "Exit codes: 0 done, or all holds; 1 a rule refuses it, or something does not hold; \
    2 it could not be done (usage, files, network)";

/// Reads the value of `--lang`.
pub(crate) fn parse_language(text: &str) -> Result<Language, String> {
    match text {
        "zh" => Ok(Language::Zh),
        "en" => Ok(Language::En),
        _ => Err("zh | en".to_owned()),
    }
}

/// The language to speak before the arguments have been read: that of `--lang`, or the system's.
pub(crate) fn language_of(arguments: &[OsString]) -> Language {
    let mut texts = arguments.iter().filter_map(|argument| argument.to_str());
    while let Some(text) = texts.next() {
        let stated = match text.strip_prefix("--lang") {
            Some("") => texts.next(),
            Some(value) => value.strip_prefix('='),
            None => continue,
        };
        if let Some(Ok(language)) = stated.map(parse_language) {
            return language;
        }
    }
    let locale = if cfg!(unix) {
        // What sys-locale makes of `C` is English, which nobody asked for.
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|value| !value.is_empty())
    } else {
        sys_locale::get_locale()
    };
    match locale {
        Some(locale) if locale.starts_with("en") => Language::En,
        _ => Language::Zh,
    }
}

/// The name of an argument or subcommand in the tables.
pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        return name.to_owned();
    }
    format!("{path}.{name}")
}

/// The command line with its texts in one language.
pub(crate) fn localised(command: Command, texts: &[&[Text]], language: Language) -> Command {
    let version = Arg::new("version")
        .short('V')
        .long("version")
        .action(ArgAction::Version)
        .help(language.pick("显示版本", "Print version"));
    let command = command
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .after_help(language.pick(EXIT_CODES_ZH, EXIT_CODES_EN))
        .arg(version);
    translated(command, "", texts, language)
}

fn translated(command: Command, path: &str, texts: &[&[Text]], language: Language) -> Command {
    let text = |of: &str| {
        let mut all = texts.iter().copied().flatten();
        let text = all.find(|text| text.of == of)?;
        Some(language.pick(text.zh, text.en))
    };
    let help = Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::Help)
        .help(language.pick("显示帮助", "Print help"));
    let mut place = 0;
    let mut command = command
        .disable_help_flag(true)
        .arg(help)
        .mut_args(|argument| {
            let of = join(path, argument.get_id().as_str());
            let help = text(&of).map(|text| with_default(&argument, text, language));
            let argument = match help {
                Some(help) => argument.help(help),
                None => argument,
            };
            let valued = argument.get_action().takes_values();
            let argument = argument.hide_default_value(valued);
            match (language, argument.is_positional()) {
                (Language::En, _) => argument,
                // Under a heading of their own they would be sorted by name.
                (Language::Zh, true) => {
                    place += 1;
                    argument.help_heading("参数").display_order(place)
                }
                (Language::Zh, false) => argument.help_heading("选项"),
            }
        });
    if let Some(about) = text(path) {
        command = command.about(about);
    }
    if language == Language::Zh {
        command = command
            .help_template(TEMPLATE_ZH)
            .subcommand_help_heading("命令")
            .subcommand_value_name("命令");
    }
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    for name in names {
        let path = join(path, &name);
        command = command.mut_subcommand(name, |sub| translated(sub, &path, texts, language));
    }
    command
}

fn with_default(argument: &Arg, text: &str, language: Language) -> String {
    let defaults: Vec<_> = argument
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy())
        .collect();
    if defaults.is_empty() || !argument.get_action().takes_values() {
        return text.to_owned();
    }
    let defaults = defaults.join(", ");
    language.pick(
        format!("{text}（默认 {defaults}）"),
        format!("{text} [default: {defaults}]"),
    )
}

/// Answers arguments that say nothing to do: with the help that was asked for, or with what is wrong.
pub(crate) fn usage(error: &clap::Error, language: Language) -> ExitCode {
    let text = error.render().to_string();
    match (error.kind(), language) {
        (ErrorKind::DisplayHelp | ErrorKind::DisplayVersion, _) => {
            say(text.trim_end());
            return ExitCode::SUCCESS;
        }
        (ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, _) | (_, Language::En) => {
            complain(text.trim_end());
        }
        (_, Language::Zh) => complain(&usage_zh(error)),
    }
    ExitCode::from(NOT_DONE)
}

fn usage_zh(error: &clap::Error) -> String {
    let of = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join("、"),
        _ => String::new(),
    };
    let argument = of(ContextKind::InvalidArg);
    let value = of(ContextKind::InvalidValue);
    let what = match error.kind() {
        ErrorKind::UnknownArgument => format!("不认识的参数 {argument}"),
        ErrorKind::InvalidSubcommand => {
            format!("没有命令 {}", of(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingRequiredArgument => format!("缺少参数 {argument}"),
        ErrorKind::MissingSubcommand => "缺少命令".to_owned(),
        ErrorKind::InvalidValue if value.is_empty() => format!("参数 {argument} 缺少取值"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            format!("参数 {argument} 不能取 {value:?}")
        }
        ErrorKind::ArgumentConflict => {
            format!("参数 {argument} 与 {} 不能同用", of(ContextKind::PriorArg))
        }
        _ => "写法不对".to_owned(),
    };
    format!("用法有误：{what}。用法见 sanzi --help，或在命令后加 --help")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lang_is_heard_wherever_it_stands() {
        let of = |arguments: &[&str]| {
            language_of(&arguments.iter().map(OsString::from).collect::<Vec<_>>())
        };
        assert_eq!(of(&["sanzi", "--lang", "en", "serve"]), Language::En);
        assert_eq!(of(&["sanzi", "serve", "--lang=en"]), Language::En);
        assert_eq!(of(&["sanzi", "serve", "--lang=zh"]), Language::Zh);
    }
}
