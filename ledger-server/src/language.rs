//! In which language a client is answered.
//!
//! Chinese, unless the client would rather have English. Knows `Accept-Language` of RFC 9110 as far as
//! these two need it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use ledger_core::language::Language;

/// The language that a request asks for: Chinese, unless English is weighted higher.
#[must_use]
pub fn asked(headers: &HeaderMap) -> Language {
    let ranges = headers
        .get_all(ACCEPT_LANGUAGE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let mut best = (0.0, Language::Zh);
    for range in ranges {
        let (tag, weight) = match range.split_once(';') {
            Some((tag, weight)) => (tag, weight_of(weight)),
            None => (range, 1.0),
        };
        let language = match tag.trim().split('-').next() {
            Some(primary) if primary.eq_ignore_ascii_case("zh") => Language::Zh,
            Some(primary) if primary.eq_ignore_ascii_case("en") => Language::En,
            _ => continue,
        };
        if weight > best.0 {
            best = (weight, language);
        }
    }
    best.1
}

fn weight_of(parameter: &str) -> f32 {
    let weight = parameter.trim().strip_prefix("q=");
    weight.and_then(|q| q.parse().ok()).unwrap_or(0.0)
}

/// The language asked for, as handlers take it.
pub(crate) struct Asked(pub(crate) Language);

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(asked(&parts.headers)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_must_be_preferred_to_be_chosen() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, value.parse().unwrap());
            asked(&headers)
        };
        assert_eq!(asked(&HeaderMap::new()), Language::Zh);
        for chinese in [
            "zh",
            "de",
            "zh-CN,en",
            "en;q=0.8, zh-TW;q=0.9",
            "en;q=x",
            "*",
            "english",
        ] {
            assert_eq!(of(chinese), Language::Zh, "{chinese}");
        }
        for english in ["en", "EN-gb", "de, en;q=0.3", "zh;q=0.5,en-US;q=0.7"] {
            assert_eq!(of(english), Language::En, "{english}");
        }
    }
}
