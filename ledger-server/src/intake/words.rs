//! What a resident writes, as it may be kept: harmless, bounded, without anybody's numbers. (意见文字)
//!
//! What may not stay is told with its place, so that it can be marked in what was written.

use ledger_core::canonical::hides;
use ledger_core::language::Language;
use ledger_core::privacy::{is_organisation, mask_name, number_in};

/// The most characters of a concern.
pub(crate) const LONGEST: usize = 2000;

/// The most characters of what is said of an answer.
pub(crate) const LONGEST_COMMENT: usize = 300;

/// The most characters of a name.
pub(crate) const LONGEST_NAME: usize = 40;

/// A piece of a text that cannot be kept as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    /// What is wrong with it; nothing, for what stands between.
    pub(crate) fault: Option<String>,
}

/// Why a text cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unfit {
    Empty,
    TooLong {
        found: usize,
        most: usize,
    },
    /// With places that have to be changed.
    Marked(Vec<Piece>),
}

/// What was typed, with the line ends of a form made plain and no white space at its ends.
pub(crate) fn plain(typed: &str) -> String {
    let text = typed.replace("\r\n", "\n").replace('\r', "\n");
    text.replace('\t', " ").trim().to_owned()
}

/// Judges a text of at most `most` characters that [`plain`] has made plain.
pub(crate) fn judge(text: &str, most: usize, l: Language) -> Result<(), Unfit> {
    if text.is_empty() {
        return Err(Unfit::Empty);
    }
    let pieces = pieces(text, l);
    if pieces.iter().any(|piece| piece.fault.is_some()) {
        return Err(Unfit::Marked(pieces));
    }
    let found = text.chars().count();
    if found > most {
        return Err(Unfit::TooLong { found, most });
    }
    Ok(())
}

/// The text with every place marked that may not stay.
fn pieces(text: &str, l: Language) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest: Vec<char> = text.chars().collect();
    loop {
        let here: String = rest.iter().collect();
        let number = number_in(&here).map(|found| {
            let kind = l.pick(found.kind.zh(), found.kind.en());
            (found.start, found.end, kind.to_owned())
        });
        let hidden = rest.iter().position(|c| *c != '\n' && hides(*c)).map(|at| {
            let code = rest.get(at).map_or(0, |c| *c as u32);
            let what = l.pick("看不见的控制符", "invisible control character");
            (at, at + 1, format!("{what} U+{code:04X}"))
        });
        let first = [number, hidden].into_iter().flatten();
        let Some((start, end, fault)) = first.min_by_key(|found| found.0) else {
            break;
        };
        let after = rest.split_off(end.min(rest.len()));
        let marked: String = rest.split_off(start.min(rest.len())).into_iter().collect();
        let before: String = rest.into_iter().collect();
        pieces.push(Piece {
            text: before,
            fault: None,
        });
        pieces.push(Piece {
            // What cannot be seen is not shown either: it would hide or reorder the page.
            text: marked.chars().filter(|c| !hides(*c)).collect(),
            fault: Some(fault),
        });
        rest = after;
    }
    pieces.push(Piece {
        text: rest.into_iter().collect(),
        fault: None,
    });
    pieces.retain(|piece| !piece.text.is_empty() || piece.fault.is_some());
    pieces
}

/// A name as it stands in public: 张*. What is called like an organisation is masked as well, for nobody
/// can take back what stands in an entry.
pub(crate) fn masked(typed: &str) -> Option<String> {
    let name: String = typed.chars().filter(|c| !hides(*c)).collect();
    let name = name.trim();
    let first = name.chars().next()?;
    if !first.is_alphabetic() {
        return Some("*".to_owned());
    }
    if is_organisation(name) || name.contains(['（', '(', '*']) {
        return Some(format!("{first}*"));
    }
    Some(mask_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(text: &str) -> Vec<(String, bool)> {
        match judge(text, LONGEST, Language::Zh) {
            Err(Unfit::Marked(pieces)) => pieces
                .into_iter()
                .map(|piece| (piece.text, piece.fault.is_some()))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_place_that_may_not_stay_is_marked_and_the_rest_is_kept() {
        let found = marks("电话 13800138000，\u{202E}身份证\n11010519491231002X。");
        let expected = [
            ("电话 ", false),
            ("13800138000", true),
            ("，", false),
            ("", true),
            ("身份证\n", false),
            ("11010519491231002X", true),
            ("。", false),
        ];
        let expected: Vec<(String, bool)> = expected
            .iter()
            .map(|(text, marked)| ((*text).to_owned(), *marked))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_harmless_passes_on_several_lines() {
        let text = plain("第一行\r\n第二行\t共 3 亩，每亩 1200 元  \n");
        assert_eq!(text, "第一行\n第二行 共 3 亩，每亩 1200 元");
        assert_eq!(judge(&text, LONGEST, Language::Zh), Ok(()));
        assert_eq!(judge("", LONGEST, Language::Zh), Err(Unfit::Empty));
        let long = "好".repeat(301);
        let too_long = Unfit::TooLong {
            found: 301,
            most: 300,
        };
        assert_eq!(judge(&long, 300, Language::Zh), Err(too_long));
    }

    #[test]
    fn no_name_stands_in_public_whole() {
        for (typed, shown) in [
            ("张三", Some("张*")),
            ("欧阳明月", Some("欧阳*")),
            (" 李四（村民） ", Some("李*")),
            ("坏人公司", Some("坏*")),
            ("张*三丰", Some("张*")),
            ("13800138000", Some("*")),
            ("\u{202E}张三", Some("张*")),
            ("  ", None),
        ] {
            assert_eq!(masked(typed).as_deref(), shown, "{typed:?}");
        }
    }
}
