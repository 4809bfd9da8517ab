//! Figures as sentences show them, in both languages.

use crate::money::{Fen, Price};
use crate::text::Line;

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Sentence {
    pub(super) zh: String,
    pub(super) en: String,
}

/// Hundredths of a per cent: `5.6%`, `2%`.
pub(super) fn percent(basis_points: u64) -> String {
    let (whole, rest) = (basis_points / 100, basis_points % 100);
    match (rest, rest % 10) {
        (0, _) => format!("{whole}%"),
        (_, 0) => format!("{whole}.{}%", rest / 10),
        _ => format!("{whole}.{rest:02}%"),
    }
}

/// A sum of fen in yuan, however large.
pub(super) fn yuan(fen: u128) -> String {
    let shown = u64::try_from(fen).ok().and_then(|fen| Fen::new(fen).ok());
    shown.map_or_else(|| format!("> {}", Fen::MAX), |fen| fen.to_string())
}

/// A price in English: `1,300,000.00 yuan per year`.
pub(super) fn price_en(price: &Price) -> String {
    format!("{} yuan {}", price.fen, price.basis.label_en())
}

/// Whether a name is masked, so that two people may share it.
pub(super) fn is_masked(name: &Line) -> bool {
    name.as_str().contains(['*', '＊'])
}

/// What is added where dealings are taken together by a masked name.
pub(super) fn masked_note(name: &Line) -> Sentence {
    if is_masked(name) {
        return Sentence {
            zh: "名称已打码，也可能不是同一方。".to_owned(),
            en: " The name is masked: they may not be the same party.".to_owned(),
        };
    }
    Sentence {
        zh: String::new(),
        en: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn per_cents_have_no_needless_zero() {
        for (points, text) in [
            (0, "0%"),
            (5, "0.05%"),
            (50, "0.5%"),
            (200, "2%"),
            (560, "5.6%"),
            (10_001, "100.01%"),
        ] {
            assert_eq!(percent(points), text);
        }
    }
}
