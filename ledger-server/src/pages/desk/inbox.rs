//! The inbox: the drafts that wait for signatures, and one of them whole. (待签箱)
//!
//! What a draft says stands here in the server's words, for a start; what is signed the browser shows from
//! the exact bytes. Knows no rule: who may do what [`crate::desk`] has found out.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger_core::{Event, MemberId};

use super::super::facts::moment;
use super::super::shell::Shell;
use super::super::visit::Visit;
use super::super::{NoPage, Scene};
use super::record::charter::Proposal;
use crate::catalogue::View;
use crate::desk::cosign::{NotDone, Table};
use crate::desk::draft::{Draft, DraftId, Ended};
use crate::desk::drafts::{self, Listed, Shown};
use crate::language::Asked;
use crate::served::Served;
use crate::takeover::KIND;

/// How many that are over are listed, the newest first.
const OVER: usize = 20;

#[derive(Template)]
#[template(path = "pages/desk/drafts.html")]
struct Inbox {
    s: Shell,
    /// How many of these are contracts of before the ledger, which are signed together.
    batch: usize,
    mine: Vec<Card>,
    others: Vec<Card>,
    over: Vec<Card>,
}

#[derive(Template)]
#[template(path = "pages/desk/draft.html")]
struct One {
    s: Shell,
    card: Card,
    shown: Shown,
    /// Whether whoever looks may take it back.
    is_theirs: bool,
    /// Where its disclosure is shown as residents will see it.
    preview: Option<String>,
    /// What it changes, if it is a charter.
    proposal: Option<Proposal>,
}

/// A draft in a list.
pub(super) struct Card {
    pub(super) to: String,
    pub(super) title: String,
    /// What it says first.
    pub(super) gist: String,
    /// The transaction or the concern; empty for the ledger itself.
    pub(super) about: String,
    /// What that is about.
    pub(super) of: String,
    pub(super) author: String,
    pub(super) begun: String,
    /// Until when it waits.
    pub(super) expires: String,
    /// Who has signed.
    pub(super) signed: String,
    /// Who has not.
    pub(super) missing: String,
    pub(super) state: &'static str,
    pub(super) index: Option<u64>,
    pub(super) stale: bool,
    pub(super) reason: String,
    /// Whether those who had signed are asked again.
    pub(super) again: bool,
}

impl From<NotDone> for NoPage {
    fn from(error: NotDone) -> Self {
        match error {
            NotDone::View(no_view) => no_view.into(),
            NotDone::Unknown | NotDone::NoInbox => Self::Missing,
            error => {
                tracing::error!(?error, "the drafts cannot be shown");
                Self::Fault
            }
        }
    }
}

/// The drafts that wait; `None` where this server keeps none. May wait for a disk.
pub(super) fn waiting(scene: &Scene, member: &MemberId) -> Result<Option<Vec<Listed>>, NoPage> {
    let table = match Table::of(&scene.ledger) {
        Err(NotDone::NoInbox) => return Ok(None),
        table => table?,
    };
    let language = scene.visit.language;
    let waiting = Listed::those(&table, member, language, |draft| draft.ended.is_none());
    Ok(Some(waiting?))
}

impl Card {
    pub(super) fn of(scene: &Scene, view: &View, draft: &Listed) -> Self {
        let l = scene.visit.language;
        let people = |signed| -> Vec<String> {
            let seats = draft.seats.iter().filter(|seat| seat.signed == signed);
            let named = seats.map(|seat| (l.pick(seat.role.zh(), seat.role.en()), &seat.name));
            named.map(|(role, name)| format!("{role} {name}")).collect()
        };
        let separator = l.pick("、", ", ");
        let transaction = draft.transaction.as_ref().and_then(|id| id.parse().ok());
        let summary = transaction.and_then(|id| view.transaction(&id));
        let until = moment(draft.expires_at);
        let withdrawn = draft.withdrawn_by.as_ref().map(|by| match &draft.reason {
            Some(reason) => format!("{}{}{reason}", by.name, l.pick("：", ": ")),
            None => by.name.clone(),
        });
        Self {
            to: super::to(scene, &format!("/desk/drafts/{}", draft.id)),
            title: draft.title.clone(),
            gist: draft.gist.clone(),
            about: draft
                .transaction
                .clone()
                .or_else(|| draft.concern.clone())
                .unwrap_or_default(),
            of: summary.map_or_else(String::new, |summary| summary.name.clone()),
            author: draft.author.name.clone(),
            begun: moment(draft.begun_at),
            expires: l.pick(
                format!("{until} 前签齐有效"),
                format!("waits until {until}"),
            ),
            signed: people(true).join(separator),
            missing: people(false).join(separator),
            state: draft.state,
            index: draft.index,
            stale: draft.stale,
            reason: withdrawn.unwrap_or_default(),
            again: draft.rebased.is_some(),
        }
    }
}

/// Whether a browser asks for a page.
fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter();
    accepted
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/html"))
}

/// `GET /<slug>/desk/drafts`: the inbox, or for scripts its list.
#[utoipa::path(
    get,
    path = "/desk/drafts",
    summary = "The drafts of the ledger",
    responses(
        (status = 200, description = "Those that wait and those that ended lately, the oldest first; to browsers as a page", content(
            (Vec<Listed> = "application/json"), (String = "text/html; charset=utf-8"),
        )),
    )
)]
pub(crate) async fn list(
    State(ledger): State<Arc<Served>>,
    asked: Asked,
    visit: Visit,
    headers: HeaderMap,
) -> Response {
    if !wants_page(&headers) {
        return drafts::list(State(ledger), asked, headers)
            .await
            .into_response();
    }
    super::signed_in(ledger, visit, &headers, |scene, sitting| {
        Ok(Inbox::of(scene, &sitting.member)?.render()?)
    })
    .await
}

impl Inbox {
    fn of(scene: &Scene, member: &MemberId) -> Result<Self, NoPage> {
        let view = scene.view()?;
        let table = Table::of(&scene.ledger)?;
        let all = Listed::all(&table, member, scene.visit.language)?;
        let cards = |of: &dyn Fn(&Listed) -> bool| -> Vec<Card> {
            let those = all.iter().filter(|draft| of(draft));
            those.map(|draft| Card::of(scene, &view, draft)).collect()
        };
        let mut over = cards(&|draft| draft.state != "waiting");
        over.reverse();
        over.truncate(OVER);
        Ok(Self {
            s: super::shell(scene, "drafts", ("待签箱", "Drafts to sign"))?,
            batch: all
                .iter()
                .filter(|draft| draft.mine && draft.kind == KIND)
                .count(),
            mine: cards(&|draft| draft.mine),
            others: cards(&|draft| draft.state == "waiting" && !draft.mine),
            over,
        })
    }
}

/// `GET /<slug>/desk/drafts/<id>`: a draft, whole.
#[utoipa::path(
    get,
    path = "/desk/drafts/{draft}",
    summary = "A draft, to be read and signed",
    params(("draft" = String, Path, description = "The draft's id, 32 hexadecimal digits")),
    responses(
        (status = 200, description = "A draft, to be read and signed", body = String, content_type = "text/html; charset=utf-8"),
        (status = 401, description = "Nobody is signed in", body = String, content_type = "text/html; charset=utf-8"),
        (status = 404, description = "No such draft", body = String, content_type = "text/html; charset=utf-8"),
    )
)]
pub(crate) async fn one(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let asked = visit.clone();
    let made = super::signed_in(
        Arc::clone(&ledger),
        visit,
        &headers,
        move |scene, sitting| {
            let id = id.ok().and_then(|Path(id)| id.parse::<DraftId>().ok());
            let id = id.ok_or(NoPage::Missing)?;
            Ok(One::of(scene, &id, &sitting.member)?.render()?)
        },
    );
    match made.await {
        missing if missing.status() == StatusCode::NOT_FOUND => gone(ledger, asked).await,
        response => response,
    }
}

#[derive(Template)]
#[template(path = "pages/desk/no_draft.html")]
struct Gone {
    s: Shell,
}

/// That there is no such draft, and what may have become of it: status 404.
async fn gone(ledger: Arc<Served>, visit: Visit) -> Response {
    let mut response = super::page(ledger, visit, |scene| {
        let s = super::shell(scene, "gone", ("没有这份草稿", "No such draft"))?;
        Ok(Gone { s }.render()?)
    })
    .await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

impl One {
    /// How many have signed.
    fn signed(&self) -> usize {
        let seats = self.shown.listed.seats.iter();
        seats.filter(|seat| seat.signed).count()
    }

    fn of(scene: &Scene, id: &DraftId, member: &MemberId) -> Result<Self, NoPage> {
        let l = scene.visit.language;
        let table = Table::of(&scene.ledger)?;
        let shown = Shown::of(&table, id, member, l)?;
        let draft = table.inbox().draft(id).ok_or(NoPage::Missing)?;
        let view = scene.view()?;
        let card = Card::of(scene, &view, &shown.listed);
        let mut s = super::shell(scene, "draft", ("草稿", "Draft"))?;
        s.title.clone_from(&card.title);
        let published = shown
            .disclosure
            .as_ref()
            .and(shown.listed.transaction.as_ref());
        let is_theirs = draft.author == *member || draft.signers().contains(member);
        Ok(Self {
            s,
            is_theirs: is_theirs || shown.listed.mine,
            preview: published.filter(|_| draft.ended.is_none()).map(|id| {
                super::to(
                    scene,
                    &format!("/desk/publish?transaction={id}&draft={}", draft.id.as_str()),
                )
            }),
            proposal: proposal(scene, &draft)?,
            card,
            shown,
        })
    }
}

/// A draft's charter beside the one in force; beside the one before it, once it is in force itself.
fn proposal(scene: &Scene, draft: &Draft) -> Result<Option<Proposal>, NoPage> {
    let Event::CharterAdopted(adopted) = &draft.statement.event else {
        return Ok(None);
    };
    let position = match draft.ended {
        Some(Ended::Entered { index }) => index,
        _ => scene.snapshot.size(),
    };
    let before = scene.snapshot.state.charter_at(position);
    let applies = Some(adopted.applies_to_open);
    Proposal::of(scene, before, &adopted.charter, applies).map(Some)
}
