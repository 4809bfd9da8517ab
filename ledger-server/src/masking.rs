//! Names of natural persons where they are typed: the mask is offered before anything is written.

use ledger_core::Language;
use ledger_core::privacy::{Field, Found, Kind, mask_name};

use crate::terminal::Terminal;

/// What is wrong with an answer that holds a number of a person.
pub(crate) fn number_in_words(language: Language, found: Found) -> String {
    let (from, until) = (found.start + 1, found.end);
    language.pick(
        format!("第 {from} 至 {until} 个字符像是{}；账本是公开的，请删去。须留底的放在不公开材料里；若是编号，请在前面写明“编号”", found.kind.zh()),
        format!("characters {from} to {until} look like a {}; the log is public, leave it out. What must be kept goes into a private document; if it is a serial number, say so before it (编号)", found.kind.en()),
    )
}

/// The text with every natural person's name in it masked.
pub(crate) fn masked(field: Field, text: &str) -> String {
    let mut masked = text.to_owned();
    while let Some(found) = field
        .search(&masked)
        .filter(|found| found.kind == Kind::PersonalName)
    {
        let characters: Vec<char> = masked.chars().collect();
        let (before, rest) = characters.split_at(found.start.min(characters.len()));
        let (name, after) = rest.split_at((found.end - found.start).min(rest.len()));
        let name = mask_name(&name.iter().collect::<String>());
        let whole = before.iter().copied().chain(name.chars());
        let whole: String = whole.chain(after.iter().copied()).collect();
        if whole == masked {
            break;
        }
        masked = whole;
    }
    masked
}

/// The text as it may stand in the field: itself, or with its names masked if whoever typed it agrees.
/// `None` if it has to be typed again.
pub(crate) fn offer(
    terminal: Terminal,
    field: Field,
    text: &str,
) -> anyhow::Result<Option<String>> {
    let masked = masked(field, text);
    if masked == text {
        return Ok(Some(masked));
    }
    let question = terminal.pick(
        format!("  「{text}」像是自然人的姓名，公开账本里写成「{masked}」。回车照此写；若是单位，输入 n 后重填全称："),
        format!("  “{text}” looks like a natural person's name; the public log says “{masked}”. Enter to write that; for an organisation type n and give its full name: "),
    );
    let answer = terminal.ask(&question)?;
    let agreed = matches!(
        answer.to_lowercase().as_str(),
        "" | "y" | "yes" | "是" | "确认"
    );
    Ok(agreed.then_some(masked))
}
