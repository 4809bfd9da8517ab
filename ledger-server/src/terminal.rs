//! Talking with the person at the keyboard: questions, answers, passphrases, progress.
//!
//! Results go to standard output, questions and progress to standard error, so that a script can keep
//! them apart. Without a terminal, answers are read line by line from standard input. Knows nothing of
//! ledgers.

use std::borrow::Cow;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use ledger_core::Language;
use zeroize::Zeroizing;

/// The person at the keyboard, or a script in its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    pub(crate) language: Language,
}

impl Terminal {
    pub(crate) fn new(language: Language) -> Self {
        Self { language }
    }

    /// One of two texts.
    pub(crate) fn pick<T>(self, zh: T, en: T) -> T {
        self.language.pick(zh, en)
    }

    /// Prints a line of the result.
    pub(crate) fn say(self, text: impl AsRef<str>) {
        // Whoever closed the pipe does not want to read on.
        let _ = writeln!(io::stdout().lock(), "{}", visible(text.as_ref()));
    }

    /// Prints bytes of the result as they are.
    pub(crate) fn say_bytes(self, bytes: &[u8]) {
        let _ = io::stdout().lock().write_all(bytes);
    }

    /// Prints a line that is not part of the result: advice, warnings, progress.
    pub(crate) fn advise(self, text: impl AsRef<str>) {
        let _ = writeln!(io::stderr().lock(), "{}", visible(text.as_ref()));
    }

    /// Whether somebody can be asked again when an answer does not fit.
    pub(crate) fn is_interactive(self) -> bool {
        io::stdin().is_terminal()
    }

    /// Asks and returns the answer, without white space around it.
    pub(crate) fn ask(self, question: &str) -> anyhow::Result<String> {
        let mut err = io::stderr().lock();
        let _ = write!(err, "{}", visible(question));
        let _ = err.flush();
        drop(err);
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line);
        if read.context(self.pick("读不到输入", "cannot read the answer"))? == 0 {
            bail!(self.pick(
                format!("输入到头了，还没有回答：{question}"),
                format!("the input ended before this was answered: {question}"),
            ));
        }
        Ok(line.trim().to_owned())
    }

    /// Asks until the answer fits, telling what is wrong with it; a script gets one attempt.
    pub(crate) fn ask_until<T>(
        self,
        question: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> anyhow::Result<T> {
        loop {
            let answer = self.ask(question)?;
            match parse(&answer) {
                Ok(value) => return Ok(value),
                Err(fault) if self.is_interactive() => self.advise(format!("  ✗ {fault}")),
                Err(fault) => bail!("{}{answer}\n{fault}", question.trim_start()),
            }
        }
    }

    /// Asks for yes or no; no is the default.
    pub(crate) fn confirm(self, question: &str) -> anyhow::Result<bool> {
        let answer = self.ask(&format!("{question} (y/N) "))?;
        Ok(matches!(
            answer.to_lowercase().as_str(),
            "y" | "yes" | "是" | "确认"
        ))
    }

    /// Offers numbered choices and returns the place of the one taken; its name may be typed too.
    pub(crate) fn choose(self, question: &str, choices: &[String]) -> anyhow::Result<usize> {
        self.advise(question);
        for (number, choice) in (1..).zip(choices) {
            self.advise(format!("    {number}. {choice}"));
        }
        let prompt = self.pick("  请输入序号：", "  number: ");
        self.ask_until(prompt, |answer| {
            let numbered = answer.parse::<usize>().ok();
            let numbered = numbered.filter(|number| (1..=choices.len()).contains(number));
            let named = choices.iter().position(|choice| choice == answer);
            numbered.map(|number| number - 1).or(named).ok_or_else(|| {
                self.pick(
                    format!("请输入 1 到 {} 之间的序号，现为「{answer}」", choices.len()),
                    format!(
                        "expected a number from 1 to {}, found {answer:?}",
                        choices.len()
                    ),
                )
            })
        })
    }

    /// Asks for a passphrase without showing it.
    pub(crate) fn passphrase(self, question: &str) -> anyhow::Result<Zeroizing<String>> {
        if !self.is_interactive() {
            return self.ask(question).map(Zeroizing::new);
        }
        let answer = rpassword::prompt_password(question);
        Ok(Zeroizing::new(answer.with_context(|| {
            self.pick("读不到口令", "cannot read the passphrase")
        })?))
    }

    /// Asks for a new passphrase twice, or reads it from a file.
    pub(crate) fn new_passphrase(
        self,
        whose: &str,
        file: Option<&Path>,
    ) -> anyhow::Result<Zeroizing<String>> {
        if let Some(file) = file {
            return self.passphrase_in(file);
        }
        loop {
            let first = self.passphrase(&self.pick(
                format!("为{whose}设口令（至少 8 个字符，只有本人知道，忘了无法找回）："),
                format!(
                    "new passphrase for {whose} (8 characters or more; it cannot be recovered): "
                ),
            ))?;
            let fault = if first.chars().count() < 8 {
                self.pick(
                    "口令太短，至少 8 个字符。",
                    "too short: 8 characters or more.",
                )
            } else if *first != *self.passphrase(self.pick("再输一次：", "once more: "))? {
                self.pick("两次输入不一样。", "the two differ.")
            } else {
                return Ok(first);
            };
            if !self.is_interactive() {
                bail!(fault);
            }
            self.advise(fault);
        }
    }

    /// The passphrase in a file: its first line, without the newline.
    pub(crate) fn passphrase_in(self, file: &Path) -> anyhow::Result<Zeroizing<String>> {
        let text = std::fs::read_to_string(file).with_context(|| {
            self.pick(
                format!("读不到口令文件 {}", file.display()),
                format!("cannot read the passphrase file {}", file.display()),
            )
        })?;
        let text = Zeroizing::new(text);
        let line = text.lines().next().unwrap_or_default();
        if line.is_empty() {
            bail!(self.pick(
                format!("口令文件 {} 是空的；请在第一行写上口令", file.display()),
                format!(
                    "the passphrase file {} is empty; its first line must hold the passphrase",
                    file.display()
                ),
            ));
        }
        Ok(Zeroizing::new(line.to_owned()))
    }

    /// A progress bar on standard error, shown only to a terminal.
    pub(crate) fn progress(self, what: &str) -> ProgressBar {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len}") {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar
    }
}

/// Text as it may be shown: what a terminal would obey, or what would hide or reorder the rest, is
/// written out. What a server, a file or a person sent is shown beside our own words.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let hides = |c: char| !matches!(c, '\n' | '\t') && ledger_core::canonical::hides(c);
    if !text.contains(hides) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| match hides(c) {
        true => c.escape_unicode().to_string(),
        false => c.to_string(),
    };
    Cow::Owned(text.chars().map(shown).collect())
}

/// The answer to what was asked is no: a rule refuses it, or something does not hold. Exit code 1.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        for plain in ["", "第 3 条：成立。\n\tok", "<b>&\""] {
            assert_eq!(visible(plain), plain);
        }
        assert_eq!(
            visible("a\u{1b}[2Jb\u{9b}31mc\u{202e}d\re"),
            "a\\u{1b}[2Jb\\u{9b}31mc\\u{202e}d\\u{d}e"
        );
    }
}
