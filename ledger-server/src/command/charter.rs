//! `sanzi charter`: prints the default charter to edit, checks an edited one, and tells what it changes.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use ledger_core::{Language, charter};

use super::help::Text;
use crate::amendment::Amendment;
use crate::fault;
use crate::source_arg;
use crate::terminal::{Refused, Terminal};

#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "  $ sanzi charter > charter.json\n  $ sanzi charter check charter.json\n  $ sanzi charter diff charter.json --of https://sanzi.example.org/donglang"
)]
pub(crate) struct Charter {
    #[arg(long)]
    training: bool,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Check(Check),
    Diff(Diff),
}

#[derive(Debug, clap::Args)]
struct Check {
    file: PathBuf,
    #[arg(long)]
    training: bool,
}

#[derive(Debug, clap::Args)]
struct Diff {
    file: PathBuf,
    #[arg(conflicts_with = "of")]
    against: Option<PathBuf>,
    #[arg(long, value_name = "SOURCE")]
    of: Option<String>,
    #[arg(long, value_name = "FILE", requires = "of")]
    pins: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "charter",
        zh: "打印默认章程供修改，或检查改好的章程",
        en: "Print the default charter to edit, or check an edited one",
    },
    Text {
        of: "charter.training",
        zh: "演示用：公开期 10 秒，办理时限 1 小时",
        en: "For training: windows of 10 seconds, deadlines of 1 hour",
    },
    Text {
        of: "charter.check",
        zh: "检查改好的章程，指出有误的字段",
        en: "Check an edited charter and name the field at fault",
    },
    Text {
        of: "charter.check.file",
        zh: "章程文件",
        en: "The charter's file",
    },
    Text {
        of: "charter.check.training",
        zh: "按演示账本检查：允许以秒、分、小时计",
        en: "Check for a training ledger: seconds, minutes and hours are allowed",
    },
    Text {
        of: "charter.diff",
        zh: "逐项列出一份章程改了什么；不写跟哪份比，就跟默认章程比",
        en: "Tell what a charter changes, value by value: against the default charter, unless another is named",
    },
    Text {
        of: "charter.diff.file",
        zh: "改好的章程文件",
        en: "The changed charter's file",
    },
    Text {
        of: "charter.diff.against",
        zh: "原来的章程文件",
        en: "The file of the charter that it is compared with",
    },
    Text {
        of: "charter.diff.of",
        zh: "跟这个账本的现行章程比：数据文件夹、镜像文件夹或网址",
        en: "Compare with the charter in force of this ledger: data folder, mirror's folder or URL",
    },
    Text {
        of: "charter.diff.pins",
        zh: "信任锚文件",
        en: "The pins to verify the ledger by",
    },
    Text {
        of: "charter.diff.json",
        zh: "以 JSON 输出",
        en: "Print JSON",
    },
];

impl Charter {
    /// Prints or checks a charter.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        match self.action {
            Some(Action::Check(args)) => check(terminal, args)?,
            Some(Action::Diff(args)) => diff(terminal, &args)?,
            None if self.training => terminal.say(training_text()?.trim_end()),
            None => terminal.say(charter::Charter::default_text().trim_end()),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn text_of(terminal: Terminal, file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| {
        terminal.pick(
            format!("读不到章程文件 {}", file.display()),
            format!("cannot read the charter {}", file.display()),
        )
    })
}

fn diff(terminal: Terminal, args: &Diff) -> anyhow::Result<()> {
    // For which kind of ledger it is, is not asked here.
    let read = |file: &Path| parse(terminal, &text_of(terminal, file)?, true);
    let after = read(&args.file)?;
    let before = match (&args.of, &args.against) {
        (Some(source), _) => {
            let source = source_arg::open(terminal, source, args.pins.as_deref())?;
            let state = source.replay(&mut |_, _, _| {})?.state;
            let ledger = state.ledger().map(|ledger| ledger.charter_at(state.size()));
            let unopened = || {
                terminal.pick(
                    "账本还是空的，没有章程",
                    "the ledger is empty and has no charter",
                )
            };
            charter::Charter::clone(ledger.with_context(unopened)?)
        }
        (None, Some(file)) => read(file)?,
        (None, None) => charter::Charter::parse(charter::Charter::default_text())?,
    };
    let amendment = Amendment::between(terminal.language, &before, &after);
    if args.json {
        terminal.say(serde_json::to_string(&amendment)?);
        return Ok(());
    }
    let l = terminal.language;
    let none = l.pick("（没有）", "(none)");
    for change in &amendment.changes {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| none.to_owned());
        let place = match change.name.as_str() {
            "" => change.part.clone(),
            name => format!("{}{}{name}", change.part, l.pick("　", " / ")),
        };
        let (colon, from, to) = (l.pick("：", ": "), value(&change.from), value(&change.to));
        terminal.say(format!("{place}{colon}{from} → {to}"));
    }
    let ((_, was), (_, is), count) = (&amendment.before, &amendment.after, amendment.changes.len());
    terminal.say(match count {
        0 => l.pick(
            format!("第 {was} 版 → 第 {is} 版：除版本号外没有改动。"),
            format!("Version {was} → {is}: nothing is changed but the version."),
        ),
        count => l.pick(
            format!("第 {was} 版 → 第 {is} 版：改动 {count} 处。"),
            format!("Version {was} → {is}: {count} changed."),
        ),
    });
    Ok(())
}

fn check(terminal: Terminal, args: Check) -> anyhow::Result<()> {
    let text = text_of(terminal, &args.file)?;
    let charter = parse(terminal, &text, args.training)?;
    terminal.say(terminal.pick(
        format!("章程可用：《{}》第 {} 版。", charter.title, charter.version),
        format!(
            "The charter holds: “{}”, version {}.",
            charter.title, charter.version
        ),
    ));
    Ok(())
}

/// Reads a charter for a real or a training ledger.
pub(crate) fn parse(
    terminal: Terminal,
    text: &str,
    training: bool,
) -> anyhow::Result<charter::Charter> {
    let charter = charter::Charter::parse(text).map_err(|error| {
        let said = fault::in_language(&error.fault, terminal.language);
        // The charter as a whole has no name.
        let (zh, en) = match error.path.as_str() {
            "" | "." => (String::new(), String::new()),
            path => (format!("字段 {path}："), format!("Field {path}: ")),
        };
        Refused(terminal.pick(
            format!("章程有误。{zh}{said}。请改好后再检查。"),
            format!("the charter is at fault. {en}{said}. Correct it and check again."),
        ))
    })?;
    match charter.training_rule() {
        Some(field) if !training => bail!(Refused(terminal.pick(
            format!("章程有误。字段 {field}：正式账本的时限须以工作日或日计，这里用了更短的单位。请改章程，或建演示账本（--training）。"),
            format!("the charter is at fault. Field {field}: a real ledger counts in days, this is shorter. Change it, or open a training ledger (--training)."),
        ))),
        _ => Ok(charter),
    }
}

/// The default charter with windows of ten seconds and deadlines of an hour, for people to edit.
pub(crate) fn training_text() -> anyhow::Result<String> {
    let text = charter::Charter::default_text();
    let charter = charter::Charter::parse(text)?;
    let quoted = serde_json::to_string(charter.title.as_str())?;
    let title = serde_json::to_string(&format!("演示：{}", charter.title))?;
    let mut text = text.replacen(&quoted, &title, 1);
    for (field, span) in [
        ("open_for", r#"{ "length": 10, "unit": "seconds" }"#),
        ("within", r#"{ "length": 1, "unit": "hours" }"#),
    ] {
        text = with_spans(&text, field, span);
    }
    charter::Charter::parse(&text)?;
    Ok(text)
}

/// Replaces the span in every field of this name; the text around it stays as people wrote it.
fn with_spans(text: &str, field: &str, span: &str) -> String {
    let key = format!("\"{field}\":");
    let mut parts = text.split(&key);
    let mut all = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        all.push_str(&key);
        let start = part
            .find("\"span\":")
            .map(|place| place + "\"span\":".len());
        let end = start.and_then(|start| Some(start + part[start..].find('}')? + 1));
        match (start, end) {
            (Some(start), Some(end)) => {
                all.push_str(&part[..start]);
                all.push(' ');
                all.push_str(span);
                all.push_str(&part[end..]);
            }
            _ => all.push_str(part),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::Step;

    #[test]
    fn a_training_charter_has_short_times_everywhere() {
        let charter = charter::Charter::parse(&training_text().unwrap()).unwrap();
        let default = charter::Charter::parse(charter::Charter::default_text()).unwrap();
        assert!(charter.title.as_str().contains("演示"));
        for step in Step::ALL {
            let (rule, was) = (charter.steps.of(step), default.steps.of(step));
            assert_eq!(rule.open_for.is_some(), was.open_for.is_some(), "{step}");
            if let Some(time) = &rule.open_for {
                assert_eq!(time.span.label_en(), "10 seconds", "{step}");
            }
            if let Some(time) = &rule.within {
                assert_eq!(time.span.label_en(), "1 hour", "{step}");
            }
            assert_eq!(rule.signing, was.signing);
        }
    }
}
