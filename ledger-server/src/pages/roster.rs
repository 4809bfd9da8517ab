//! Who signs in which role, with which key.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use ledger_core::roster::{HeldKey, Member};
use ledger_core::{Language, MemberId};

use super::facts::{Part, moment};
use super::shell::Shell;
use super::visit::Visit;
use super::{NoPage, Scene, page};
use crate::key_file::fingerprint;
use crate::served::Served;

#[derive(Template)]
#[template(path = "pages/roster.html")]
struct Page {
    s: Shell,
    present: Vec<Row>,
    past: Vec<Row>,
    log_key: String,
}

struct Row {
    name: Part,
    id: String,
    roles: Vec<Held>,
    ended: Vec<Held>,
    keys: Vec<Key>,
}

struct Held {
    role: &'static str,
    from: u64,
    until: Option<u64>,
}

struct Key {
    fingerprint: String,
    whole: String,
    from: u64,
    until: Option<u64>,
    compromised: Option<String>,
}

/// `GET /<slug>/roster`: who signs in which role, with which key.
#[utoipa::path(
    get,
    path = "/roster",
    summary = "Who signs in which role, with which key",
    responses((status = 200, description = "Who signs in which role, with which key", body = String, content_type = "text/html; charset=utf-8"))
)]
pub(crate) async fn roster(State(ledger): State<Arc<Served>>, visit: Visit) -> Response {
    page(ledger, visit, |scene| Ok(Page::of(scene)?.render()?)).await
}

impl Page {
    fn groups(&self) -> [(&str, &[Row]); 2] {
        let present = self.s.t("现任", "In office");
        let past = self.s.t("已离任或无钥匙", "No longer, or without a key");
        [(present, &self.present), (past, &self.past)]
    }

    fn of(scene: &Scene) -> Result<Self, NoPage> {
        let l = scene.visit.language;
        let position = scene.snapshot.size();
        let view = scene.view()?;
        let founders = &view.founding.0;
        let mut shown: Vec<u64> = Vec::new();
        let (mut present, mut past) = (Vec::new(), Vec::new());
        for (id, member) in scene.snapshot.state.roster.members() {
            let row = Row::of(l, id, member, founders);
            shown.extend(row.name.entry);
            let holds_one = member.roles_at(position).next().is_some();
            if holds_one && member.key_at(position).is_some() {
                present.push(row);
            } else {
                past.push(row);
            }
        }
        shown.sort_unstable();
        shown.dedup();
        let title = l.pick("名册与钥匙", "Roster and keys");
        Ok(Self {
            s: scene.shell("roster", title, &shown)?,
            present,
            past,
            log_key: fingerprint(scene.ledger.log_key()),
        })
    }
}

impl Row {
    fn of(l: Language, id: &MemberId, member: &Member, founders: &[MemberId]) -> Self {
        let held = |open: bool| {
            let roles = member.roles.iter();
            let of = roles.filter(move |held| held.tenure.until.is_none() == open);
            of.map(|held| Held {
                role: l.pick(held.role.zh(), held.role.en()),
                from: held.tenure.from,
                until: held.tenure.until,
            })
            .collect()
        };
        let enrolled = member.keys.first().map(|held| held.tenure.from);
        let place = founders.iter().position(|founder| founder == id);
        let name = member.name.to_string();
        Self {
            name: match (enrolled, place) {
                (Some(0), Some(place)) => {
                    Part::fact(0, format!("/event/members/{place}/name"), "text", name)
                }
                (Some(entry), _) => Part::fact(entry, "/event/enrolment/name", "text", name),
                (None, _) => Part::derived(name),
            },
            id: id.to_string(),
            roles: held(true),
            ended: held(false),
            keys: member.keys.iter().map(Key::of).collect(),
        }
    }
}

impl Key {
    fn of(held: &HeldKey) -> Self {
        Self {
            fingerprint: fingerprint(&held.key),
            whole: held.key.to_string(),
            from: held.tenure.from,
            until: held.tenure.until,
            compromised: held.compromised_since.map(moment),
        }
    }
}
