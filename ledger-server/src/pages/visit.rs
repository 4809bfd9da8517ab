//! Who looks, and how: language, size of the letters, the day that is counted from, and the filters.
//!
//! Whatever is chosen stays in every link of the page; large letters are remembered in a cookie, too.

use std::convert::Infallible;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::FromRequestParts;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use ledger_core::LogTime;
use ledger_core::language::Language;
use ledger_core::time::Date;

use crate::language::asked;

/// Remembers large letters for a year.
const LARGE: &str = "large=1; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly";

/// Forgets them.
const NOT_LARGE: &str = "large=0; Path=/; Max-Age=0; SameSite=Lax; HttpOnly";

/// A request for a page.
#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) language: Language,
    pub(crate) large: bool,
    /// The day that deadlines are counted from, if not today.
    pub(crate) as_of: Option<Date>,
    /// The moment that deadlines are counted from.
    pub(crate) now: LogTime,
    pub(crate) path: String,
    /// The parameters of the address, in order.
    query: Vec<(String, String)>,
    headers: HeaderMap,
}

impl Visit {
    fn new(uri: &Uri, headers: &HeaderMap) -> Self {
        let query = uri.query().unwrap_or_default();
        let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map(|parsed| parsed.0)
            .unwrap_or_else(|_| {
                tracing::debug!(query, "a query that cannot be read");
                Vec::new()
            });
        let mut visit = Self {
            language: asked(headers),
            large: false,
            as_of: None,
            now: clock(),
            path: own_path(uri.path()),
            query,
            headers: headers.clone(),
        };
        match visit.value("lang") {
            Some("en") => visit.language = Language::En,
            Some("zh") => visit.language = Language::Zh,
            _ => {}
        }
        visit.large = match visit.value("large") {
            Some(chosen) => chosen == "1",
            None => remembers_large(headers),
        };
        visit.as_of = visit.value("at").and_then(|day| day.parse().ok());
        if let Some(next) = visit.as_of.and_then(|day| day.plus_days(1)) {
            visit.now = next.at_midnight(480).minus_seconds(1);
        }
        visit
    }

    /// Somebody who asks for nothing but an address.
    #[cfg(test)]
    pub(crate) fn of_address(uri: &Uri) -> Self {
        Self::new(uri, &HeaderMap::new())
    }

    /// A parameter of the address; none if it is empty.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let mut found = self.query.iter().filter(|(key, _)| key == name);
        let (_, value) = found.next()?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// An address of this site with what was chosen.
    pub(crate) fn link(&self, path: &str) -> String {
        with(path, &self.chosen())
    }

    /// An address of this site that has parameters of its own, with what was chosen.
    pub(crate) fn link_with(&self, address: &str) -> String {
        match serde_urlencoded::to_string(self.chosen()) {
            Ok(chosen) if !chosen.is_empty() => {
                let between = if address.contains('?') { '&' } else { '?' };
                format!("{address}{between}{chosen}")
            }
            _ => address.to_owned(),
        }
    }

    /// This page, with one parameter changed; `None` takes it out.
    pub(crate) fn here_with(&self, name: &str, value: Option<&str>) -> String {
        self.here_with_all(&[(name, value)])
    }

    /// This page, with several parameters changed.
    pub(crate) fn here_with_all(&self, changes: &[(&str, Option<&str>)]) -> String {
        let changed = |key: &str| changes.iter().any(|(name, _)| *name == key);
        let kept = self.query.iter();
        let kept = kept.map(|(key, value)| (key.as_str(), value.as_str()));
        let mut query: Vec<(&str, &str)> = kept
            .filter(|(key, value)| !changed(key) && !value.is_empty())
            .collect();
        let new = changes.iter();
        query.extend(new.filter_map(|(name, value)| Some((*name, (*value)?))));
        with(&self.path, &query)
    }

    /// What a form has to keep beside its own fields.
    pub(crate) fn chosen(&self) -> Vec<(&str, &str)> {
        ["lang", "large", "at"]
            .into_iter()
            .filter_map(|name| Some((name, self.value(name)?)))
            .collect()
    }

    /// Which cookie to set.
    pub(super) fn cookie(&self) -> Option<&'static str> {
        match self.value("large")? {
            "1" => Some(LARGE),
            _ => Some(NOT_LARGE),
        }
    }

    /// Whether the reader holds an answer with this tag.
    pub(super) fn has(&self, tag: &str) -> bool {
        super::holds(&self.headers, tag)
    }
}

/// A path of this site. To a browser two slashes at the start of a link, or a backslash, begin another site.
fn own_path(path: &str) -> String {
    format!("/{}", path.trim_start_matches(['/', '\\']))
}

fn with(path: &str, query: &[(&str, &str)]) -> String {
    let (path, fragment) = match path.split_once('#') {
        Some((path, fragment)) => (path, format!("#{fragment}")),
        None => (path, String::new()),
    };
    match serde_urlencoded::to_string(query) {
        Ok(query) if !query.is_empty() => format!("{path}?{query}{fragment}"),
        _ => format!("{path}{fragment}"),
    }
}

fn remembers_large(headers: &HeaderMap) -> bool {
    let cookies = headers.get_all(COOKIE).iter();
    let cookies = cookies.filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|value| value.split(';'))
        .any(|cookie| cookie.trim() == "large=1")
}

/// The system's clock. Before 1970 it counts as 1970.
pub(super) fn clock() -> LogTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs());
    LogTime::MIN.plus_seconds(seconds)
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // What is nested has lost the start of its path.
        let whole = parts.extensions.get::<axum::extract::OriginalUri>();
        let uri = whole.map_or(&parts.uri, |whole| &whole.0);
        Ok(Self::new(uri, &parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(address: &str) -> Visit {
        Visit::of_address(&address.parse().unwrap())
    }

    #[test]
    fn what_was_chosen_stays_in_every_link() {
        let plain = visit("/donglang?q=%E4%BB%93");
        assert_eq!(plain.value("q"), Some("仓"));
        assert_eq!(plain.link("/donglang/charter"), "/donglang/charter");
        let chosen = visit("/donglang?lang=en&q=x&large=1&at=2018-12-31");
        let expected = "/donglang/e/1?lang=en&large=1&at=2018-12-31#raw";
        assert_eq!(chosen.link("/donglang/e/1#raw"), expected);
        assert_eq!(
            chosen.here_with("lang", Some("zh")),
            "/donglang?q=x&large=1&at=2018-12-31&lang=zh"
        );
        assert_eq!((chosen.language, chosen.large), (Language::En, true));
        assert_eq!(chosen.now.to_string(), "2018-12-31T15:59:59Z");
    }

    #[test]
    fn no_link_leads_to_another_site() {
        for address in ["//evil.example/t", "///evil.example/t", "/\\evil.example/t"] {
            let visit = visit(address);
            assert_eq!(
                visit.here_with("lang", Some("en")),
                "/evil.example/t?lang=en"
            );
        }
    }

    #[test]
    fn large_letters_are_remembered_until_they_are_given_up() {
        let cookies = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, value.parse().unwrap());
            headers
        };
        let with =
            |address: &str, value| Visit::new(&address.parse().unwrap(), &cookies(value)).large;
        assert!(with("/", "a=b; large=1"));
        assert!(!with("/?large=0", "large=1"));
        assert!(!with("/", "xlarge=1; large=10"));
    }
}
