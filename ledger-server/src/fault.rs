//! What went wrong, in the reader's language.
//!
//! Parsers say both languages at once, one in parentheses after the other; the system and the reader of
//! JSON say English only. Knows the forms of these texts, and not what they are about.

use std::io::{self, ErrorKind};

use ledger_core::Language;

/// An error and what led to it, each once, in one language.
pub(crate) fn told(error: &anyhow::Error, language: Language) -> String {
    let mut said: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = match cause.downcast_ref::<io::Error>() {
            Some(error) => system(error, language),
            None => match cause.downcast_ref::<ureq::Error>() {
                Some(error) => network(error, language),
                None => in_language(&cause.to_string(), language),
            },
        };
        // Transparent errors say the same as their source.
        if !said.contains(&text) {
            said.push(text);
        }
    }
    said.join(language.pick("：", ": "))
}

/// A fault's text in one language, as far as it has it.
pub(crate) fn in_language(text: &str, language: Language) -> String {
    // Where it is may stand before what it is, in either language.
    let chinese = text.find(han).unwrap_or_default();
    if let Some((place, said)) = text.split_at_checked(chinese)
        && place.ends_with(": ")
    {
        return format!("{place}{}", in_language(said, language));
    }
    // Or it stands before it in both.
    if let Some((place, said)) = text.split_once("): ")
        && let Some((zh, en)) = both(&format!("{place})"))
    {
        let place = language.pick(zh, en);
        let colon = language.pick("：", ": ");
        return format!("{place}{colon}{}", in_language(said, language));
    }
    if let Some((zh, en)) = both(text) {
        return in_language(language.pick(zh, en), language);
    }
    match language {
        Language::Zh => of_json(text).unwrap_or_else(|| text.to_owned()),
        _ => text.to_owned(),
    }
}

/// Whether there is a Chinese character in a text.
pub(crate) fn is_chinese(text: &str) -> bool {
    text.chars().any(han)
}

fn han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// The Chinese and the English of a text that says both: one in parentheses after the other, or after a
/// stroke.
fn both(text: &str) -> Option<(&str, &str)> {
    if let Some((zh, en)) = text.split_once(" / ")
        && text.starts_with(han)
        && en.starts_with(|c: char| c.is_ascii_lowercase())
    {
        return Some((zh, en));
    }
    let inner = text.strip_suffix(')')?;
    let mut depth = 0_u32;
    let start = inner
        .char_indices()
        .rev()
        .find_map(|(place, c)| match (c, depth) {
            (')', _) => {
                depth += 1;
                None
            }
            ('(', 0) => Some(place),
            ('(', _) => {
                depth -= 1;
                None
            }
            _ => None,
        })?;
    let (outer, inner) = (
        inner.get(..start)?.strip_suffix(' ')?,
        inner.get(start + 1..)?,
    );
    // Either may quote what was found, in any script: how it begins says which it is.
    if inner.starts_with(han) && !outer.starts_with(han) {
        Some((inner, outer))
    } else if is_chinese(outer) && !is_chinese(inner) {
        Some((outer, inner))
    } else {
        None
    }
}

/// What the reader of JSON complains of, in Chinese.
fn of_json(text: &str) -> Option<String> {
    let quoted = |text: &str| text.split('`').nth(1).map(str::to_owned);
    if text.starts_with("missing field `") {
        return quoted(text).map(|name| format!("缺少字段 {name}"));
    }
    let (what, expected) = text.split_once(", expected ").unwrap_or((text, ""));
    let takes: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let takes = match takes.as_slice() {
        [] => String::new(),
        _ => format!("；可用的有 {}", takes.join("、")),
    };
    if what.starts_with("unknown field `") {
        return quoted(what).map(|name| format!("没有字段 {name}{takes}"));
    }
    if what.starts_with("unknown variant `") {
        return quoted(what).map(|name| format!("不能取 {name}{takes}"));
    }
    let found = what.strip_prefix("invalid type: ")?;
    Some(format!("类型不对：应为 {expected}，实为 {found}"))
}

fn system(error: &io::Error, language: Language) -> String {
    let said = match error.kind() {
        ErrorKind::NotFound => "没有这个文件或文件夹",
        ErrorKind::PermissionDenied => "没有权限",
        ErrorKind::AlreadyExists => "已经有了",
        ErrorKind::IsADirectory => "这是文件夹，不是文件",
        ErrorKind::NotADirectory => "这是文件，不是文件夹",
        ErrorKind::StorageFull => "磁盘已满",
        ErrorKind::ReadOnlyFilesystem => "磁盘只读",
        ErrorKind::ConnectionRefused => "对方没有服务在听，或拒绝连接",
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::UnexpectedEof => {
            "对方中途断开"
        }
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "网络不通",
        ErrorKind::TimedOut => "等候超时",
        _ => return in_language(&error.to_string(), language),
    };
    language.pick(said.to_owned(), error.to_string())
}

/// What went wrong on the way to a server.
pub(crate) fn network(error: &ureq::Error, language: Language) -> String {
    let said = match error {
        ureq::Error::Io(error) => return system(error, language),
        ureq::Error::HostNotFound => "没有这个主机名，或域名查不到",
        ureq::Error::Timeout(_) => "等候超时",
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "对方的证书不可信，或加密连接没有建成",
        _ => return in_language(&error.to_string(), language),
    };
    language.pick(said.to_owned(), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_network_does_is_told_in_the_readers_language() {
        let refused = ureq::Error::Io(io::Error::from(ErrorKind::ConnectionRefused));
        let refused = anyhow::Error::new(refused).context("去 (to)");
        assert_eq!(
            told(&refused, Language::Zh),
            "去：对方没有服务在听，或拒绝连接"
        );
        assert_eq!(told(&refused, Language::En), "to: connection refused");
    }

    #[test]
    fn a_text_that_says_both_languages_is_told_in_one() {
        for (text, zh, en) in [
            (
                "3/2 不是可达到的比例 (not a share)",
                "3/2 不是可达到的比例",
                "not a share",
            ),
            (
                "date: found \"三月(初)\" (日期不对，实为 \"三月(初)\")",
                "日期不对，实为 \"三月(初)\"",
                "date: found \"三月(初)\"",
            ),
            ("已经销毁 / it was erased", "已经销毁", "it was erased"),
            ("竞价 / 评审", "竞价 / 评审", "竞价 / 评审"),
            (
                "a.jsonl, line 1: 应为表头 (expected a header)",
                "a.jsonl, line 1: 应为表头",
                "a.jsonl, line 1: expected a header",
            ),
            (
                "第 1 行 (line 1): 应为钥匙 (expected a key: name+id)",
                "第 1 行：应为钥匙",
                "line 1: expected a key: name+id",
            ),
            ("没有材料 selfie", "没有材料 selfie", "没有材料 selfie"),
            (
                "missing field `limits`",
                "缺少字段 limits",
                "missing field `limits`",
            ),
            (
                "unknown field `a`, expected `b` or `c`",
                "没有字段 a；可用的有 b、c",
                "unknown field `a`, expected `b` or `c`",
            ),
        ] {
            assert_eq!(in_language(text, Language::Zh), zh);
            assert_eq!(in_language(text, Language::En), en);
        }
    }

    #[test]
    fn the_system_says_in_chinese_what_is_not_there() {
        let error = anyhow::Error::new(io::Error::from(ErrorKind::NotFound)).context("读不到草稿");
        assert_eq!(
            told(&error, Language::Zh),
            "读不到草稿：没有这个文件或文件夹"
        );
    }
}
