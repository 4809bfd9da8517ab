//! What all pages of a ledger share: head, banner, the place for the verdict, foot.

use ledger_core::PublicationPoint;
use ledger_core::event::LossNotice;
use ledger_core::language::Language;

use super::Scene;
use super::facts::moment;
use super::visit::Visit;
use crate::assets;

/// What all pages share.
pub(crate) struct Shell {
    pub(crate) visit: Visit,
    pub(crate) title: String,
    /// Which page it is, for the script.
    pub(crate) view: &'static str,
    pub(crate) slug: String,
    pub(crate) origin: String,
    pub(crate) ledger_id: String,
    pub(crate) log_key: String,
    pub(crate) collective: String,
    pub(crate) reports_to: String,
    pub(crate) training: bool,
    pub(crate) losses: Vec<LossNotice>,
    pub(crate) size: u64,
    pub(crate) transaction: String,
    pub(crate) point: String,
    /// The entries that the page shows, as a JSON array.
    pub(crate) entries: String,
    /// The entries of the ledger's own stream, as a JSON array.
    pub(crate) ledger_entries: String,
    pub(crate) style: &'static str,
    pub(crate) script: &'static str,
    /// The script of forms, where there is one on the page.
    pub(crate) forms: &'static str,
    /// The desk's view that brings the page to life, where it is one of the desk's.
    pub(crate) desk: &'static str,
}

impl Shell {
    /// Of a page outside of any ledger.
    pub(crate) fn bare(visit: &Visit, view: &'static str, title: impl Into<String>) -> Self {
        Self {
            visit: visit.clone(),
            title: title.into(),
            view,
            slug: String::new(),
            origin: String::new(),
            ledger_id: String::new(),
            log_key: String::new(),
            collective: String::new(),
            reports_to: String::new(),
            training: false,
            losses: Vec::new(),
            size: 0,
            transaction: String::new(),
            point: String::new(),
            entries: "[]".to_owned(),
            ledger_entries: "[]".to_owned(),
            style: assets::path("style.css"),
            script: "",
            forms: "",
            desk: "",
        }
    }

    /// Of a page of a ledger.
    pub(super) fn of(scene: &Scene, view: &'static str, title: String) -> Self {
        let state = &scene.snapshot.state;
        Self {
            slug: scene.ledger.slug().to_owned(),
            origin: state.log_origin.to_string(),
            ledger_id: state.ledger_id.to_string(),
            log_key: scene.ledger.log_key().to_string(),
            collective: state.collective.name.to_string(),
            reports_to: state.collective.reports_to.to_string(),
            training: state.training,
            losses: state.losses.iter().map(|loss| loss.notice()).collect(),
            size: scene.snapshot.size(),
            script: assets::path("page.js"),
            ..Self::bare(&scene.visit, view, title)
        }
    }

    /// With the entries that the page shows, and those of the ledger's own stream.
    pub(crate) fn showing(mut self, entries: &[u64], ledger: &[u64]) -> Self {
        self.entries = list(entries);
        self.ledger_entries = list(ledger);
        self
    }

    /// With the script of forms.
    pub(crate) fn with_forms(mut self) -> Self {
        self.forms = assets::path("form.js");
        self
    }

    /// As a page of the desk, brought to life by the view of that name in `web/src/desk`.
    pub(crate) fn for_desk(self, view: &'static str) -> Self {
        Self {
            desk: view,
            script: "",
            ..self
        }
    }

    pub(crate) fn desk_script(&self) -> &'static str {
        assets::path("desk.js")
    }

    pub(crate) fn desk_style(&self) -> &'static str {
        assets::path("desk.css")
    }

    /// One of two texts.
    pub(crate) fn t<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        self.visit.language.pick(zh, en)
    }

    pub(crate) fn lang(&self) -> &'static str {
        self.visit.language.pick("zh-CN", "en")
    }

    pub(crate) fn is_english(&self) -> bool {
        self.visit.language == Language::En
    }

    /// An address of this site, with what was chosen.
    pub(crate) fn link(&self, path: &str) -> String {
        self.visit.link(path)
    }

    /// An address of this ledger, with what was chosen.
    pub(crate) fn to(&self, path: &str) -> String {
        self.visit.link(&format!("/{}{path}", self.slug))
    }

    /// Something of this ledger by its id: `t` is a transaction, `c` a concern.
    pub(crate) fn at(&self, kind: &str, id: &str) -> String {
        self.to(&format!("/{kind}/{id}"))
    }

    /// An entry's page.
    pub(crate) fn entry(&self, index: &u64) -> String {
        self.to(&format!("/e/{index}"))
    }

    /// Where a concern about a transaction is raised.
    pub(crate) fn ask(&self, transaction: &str) -> String {
        self.to(&format!("/t/{transaction}/ask"))
    }

    /// Where the answer to a concern is rated.
    pub(crate) fn rate(&self, concern: &str) -> String {
        self.to(&format!("/c/{concern}/rate"))
    }

    /// A disclosure as a sheet.
    pub(crate) fn print(&self, transaction: &str, point: &PublicationPoint) -> String {
        self.to(&format!("/d/{transaction}/{point}/print"))
    }

    /// Another ledger.
    pub(crate) fn ledger(&self, slug: &str) -> String {
        self.visit.link(&format!("/{slug}"))
    }

    /// This page in the other language.
    pub(crate) fn other_language(&self) -> String {
        let other = self.visit.language.pick("en", "zh");
        self.visit.here_with("lang", Some(other))
    }

    /// This page with letters of the other size.
    pub(crate) fn other_size(&self) -> String {
        let other = if self.visit.large { "0" } else { "1" };
        self.visit.here_with("large", Some(other))
    }

    /// The day that deadlines are counted from, if not today.
    pub(crate) fn as_of(&self) -> Option<String> {
        self.visit.as_of.map(|_| moment(self.visit.now))
    }
}

/// Entries as a JSON array.
fn list(entries: &[u64]) -> String {
    serde_json::to_string(entries).unwrap_or_default()
}
