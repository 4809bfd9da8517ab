//! What was published at a publication point: as a page that can be checked, and as a sheet to print.
//!
//! The code on a printed notice leads to the first; its fragment, the digest, never reaches the server.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use ledger_core::disclosure::Disclosure;
use ledger_core::language::Language;
use ledger_core::record::Publication;
use ledger_core::transaction::Transaction;
use ledger_core::{PublicationPoint, TransactionId};

use super::course::{Course, title};
use super::facts::{Line, Part, moment};
use super::shell::Shell;
use super::visit::Visit;
use super::{NoPage, Scene, page};
use crate::assets;
use crate::catalogue::replay;
use crate::key_file::grouped;
use crate::notice::{self, Gathering, Published, Sheet};
use crate::served::Served;

#[derive(Template)]
#[template(path = "pages/disclosure.html")]
struct Page {
    s: Shell,
    d: Disclosed,
}

/// A disclosure as people read it: one that was published, or one that would be.
pub(super) struct Disclosed {
    pub(super) id: String,
    pub(super) point: PublicationPoint,
    pub(super) step: &'static str,
    pub(super) summary: Part,
    pub(super) window: String,
    pub(super) channels: Vec<Posted>,
    pub(super) comments_to: Part,
    pub(super) reports_to: Part,
    pub(super) digest: Part,
    /// What was composed, where it is not what was signed.
    pub(super) differs: Option<String>,
    pub(super) steps: Vec<Section>,
    pub(super) detours: Vec<Section>,
    pub(super) newsletter: String,
    pub(super) url: String,
    pub(super) qr: String,
    /// Whether it stands in the log.
    pub(super) is_published: bool,
}

/// A channel, and where and when it was posted there.
pub(super) struct Posted {
    pub(super) name: String,
    pub(super) location: Option<Part>,
    pub(super) at: Option<Part>,
}

pub(super) struct Section {
    pub(super) title: String,
    pub(super) index: u64,
    pub(super) at: Part,
    pub(super) recorded_late: bool,
    pub(super) signers: String,
    pub(super) lines: Vec<Line>,
}

/// A publication, the transaction, and its course.
pub(super) struct Found {
    course: Course,
    published: Published,
    /// Whether it stands in the log.
    is_published: bool,
}

impl Found {
    /// What would be published now by this event.
    pub(super) fn ahead(
        scene: &Scene,
        course: Course,
        (id, point): (&TransactionId, PublicationPoint),
        publication: &Publication,
    ) -> Result<Self, NoPage> {
        let mut gathering = Gathering::new(scene.visit.language, id.clone(), point);
        replay(&scene.snapshot, &course.entries, &mut |entry, state| {
            gathering.see(entry, state);
        })?;
        let published = gathering.ahead(&course.state, publication);
        Ok(Self {
            published: published.ok_or(NoPage::Fault)?,
            course,
            is_published: false,
        })
    }

    pub(super) fn of(
        scene: &Scene,
        id: &TransactionId,
        point: PublicationPoint,
    ) -> Result<Self, NoPage> {
        let course = Course::of(scene, id)?.ok_or(NoPage::Missing)?;
        let mut gathering = Gathering::new(scene.visit.language, id.clone(), point);
        replay(&scene.snapshot, &course.entries, &mut |entry, state| {
            gathering.see(entry, state);
        })?;
        let published = gathering.finish().ok_or(NoPage::Missing)?;
        Ok(Self {
            course,
            published,
            is_published: true,
        })
    }

    pub(super) fn disclosure(&self) -> &Disclosure {
        &self.published.disclosure
    }

    fn sheet(&self, scene: &Scene, transaction: &Transaction) -> Result<Sheet, NoPage> {
        let (l, state) = (scene.visit.language, &self.course.state);
        notice::sheet(l, state, transaction, &self.published, None).ok_or(NoPage::Fault)
    }
}

fn parsed(id: &str, point: &str) -> Result<(TransactionId, PublicationPoint), NoPage> {
    let id = id.parse().map_err(|_| NoPage::Missing)?;
    let point = point.parse().map_err(|_| NoPage::Missing)?;
    Ok((id, point))
}

/// `GET /<slug>/d/<transaction>/<point>`: a disclosure as it was published.
#[utoipa::path(
    get,
    path = "/d/{transaction}/{point}",
    summary = "A disclosure as it was published",
    params(("transaction" = String, Path, description = "The transaction's id"), ("point" = String, Path, description = "`pre_plan`, `plan` or `completion`")),
    responses(
        (status = 200, description = "A disclosure as it was published", body = String, content_type = "text/html; charset=utf-8"),
        (status = 404, description = "Not published", body = String, content_type = "text/html; charset=utf-8"),
    )
)]
pub(crate) async fn disclosure(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    Path((id, point)): Path<(String, String)>,
) -> Response {
    page(ledger, visit, move |scene| {
        let (id, point) = parsed(&id, &point)?;
        let found = Found::of(scene, &id, point)?;
        let d = Disclosed::of(scene, &found)?;
        let title = format!("{} {}", d.step, d.id);
        let mut s = scene.shell("disclosure", title, &found.course.entries)?;
        s.transaction.clone_from(&d.id);
        s.point = d.point.to_string();
        Ok(Page { s, d }.render()?)
    })
    .await
}

/// `GET /<slug>/d/<transaction>/<point>/print`: the sheet for the notice board.
#[utoipa::path(
    get,
    path = "/d/{transaction}/{point}/print",
    summary = "A disclosure as an A4 sheet",
    params(("transaction" = String, Path, description = "The transaction's id"), ("point" = String, Path, description = "`pre_plan`, `plan` or `completion`")),
    responses(
        (status = 200, description = "A disclosure as an A4 sheet", body = String, content_type = "text/html; charset=utf-8"),
        (status = 404, description = "Not published", body = String, content_type = "text/html; charset=utf-8"),
    )
)]
pub(crate) async fn print(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    Path((id, point)): Path<(String, String)>,
) -> Response {
    page(ledger, visit, move |scene| {
        let (id, point) = parsed(&id, &point)?;
        let found = Found::of(scene, &id, point)?;
        if found.published.differs().is_some() {
            return Err(NoPage::Fault);
        }
        let transaction = found.course.transaction().ok_or(NoPage::Missing)?;
        let mut sheet = found.sheet(scene, transaction)?;
        sheet.style_at = Some(assets::path("notice.css"));
        Ok(sheet.render()?)
    })
    .await
}

impl Disclosed {
    pub(super) fn of(scene: &Scene, found: &Found) -> Result<Self, NoPage> {
        let l = scene.visit.language;
        let transaction = found.course.transaction().ok_or(NoPage::Missing)?;
        let Published {
            disclosure,
            index,
            signed,
            ..
        } = &found.published;
        let sheet = found.sheet(scene, transaction)?;
        let point = disclosure.point;
        let of_entry = |at: &str, form, text: String| match found.is_published {
            true => Part::fact(*index, format!("/event/{at}"), form, text),
            false => Part::derived(text),
        };
        let text = |at, text: &str| of_entry(at, "text", text.to_owned());
        let digest = grouped(&signed.to_string());
        Ok(Self {
            id: transaction.id.to_string(),
            point,
            step: l.pick(point.step().zh(), point.step().en()),
            summary: text("summary", disclosure.summary.as_str()),
            window: sheet.window.clone(),
            channels: channels(found, transaction),
            comments_to: text("comments_to", disclosure.comments_to.as_str()),
            reports_to: Part::fact(
                0,
                "/event/collective/reports_to",
                "text",
                disclosure.reports_to.as_str(),
            ),
            digest: of_entry("disclosure", "hash", digest),
            differs: found.published.differs(),
            steps: steps(scene, found),
            detours: detours(scene, found),
            newsletter: newsletter(l, &sheet),
            url: sheet.url.clone(),
            qr: sheet.qr,
            is_published: found.is_published,
        })
    }
}

fn channels(found: &Found, transaction: &Transaction) -> Vec<Posted> {
    let disclosure = &found.published.disclosure;
    let of = |channel: &ledger_core::disclosure::DisclosedChannel| {
        let mut postings = transaction.postings.iter().rev();
        let posting = postings.find(|posting| {
            posting.channel == channel.id && posting.publication == found.published.index
        });
        let recorded = posting.map(|posting| &posting.recorded);
        Posted {
            name: channel.name.to_string(),
            location: posting.map(|posting| {
                Part::fact(
                    posting.recorded.index,
                    "/event/location",
                    "text",
                    posting.location.as_str(),
                )
            }),
            at: recorded.map(|recorded| {
                Part::fact(
                    recorded.index,
                    "/received",
                    "datetime",
                    moment(recorded.received_at),
                )
            }),
        }
    };
    disclosure.channels.iter().map(of).collect()
}

fn names(scene: &Scene, signers: &[ledger_core::MemberId]) -> String {
    let roster = &scene.snapshot.state.roster;
    let name = |id| {
        roster
            .member(id)
            .map_or_else(String::new, |member| member.name.to_string())
    };
    let names: Vec<String> = signers.iter().map(name).collect();
    names.join(scene.visit.language.pick("、", ", "))
}

fn steps(scene: &Scene, found: &Found) -> Vec<Section> {
    let l = scene.visit.language;
    let of = |step: &ledger_core::disclosure::DisclosedStep| Section {
        title: l.pick(
            format!("第 {} 环节 {}", step.step.number(), step.step.zh()),
            format!("Step {}: {}", step.step.number(), step.step.en()),
        ),
        index: step.index,
        at: Part::fact(step.index, "/at", "datetime", moment(step.at.instant())),
        recorded_late: step.recorded_late,
        signers: names(scene, &step.signers),
        lines: found
            .course
            .disclosed(scene, step.index, &step.record, &step.corrected_by),
    };
    found.published.disclosure.steps.iter().map(of).collect()
}

fn detours(scene: &Scene, found: &Found) -> Vec<Section> {
    let of = |detour: &ledger_core::disclosure::DisclosedDetour| Section {
        title: title(scene.visit.language, &detour.record),
        index: detour.index,
        at: Part::fact(detour.index, "/at", "datetime", moment(detour.at.instant())),
        recorded_late: detour.recorded_late,
        signers: names(scene, &detour.signers),
        lines: found
            .course
            .disclosed(scene, detour.index, &detour.record, &[]),
    };
    found.published.disclosure.detours.iter().map(of).collect()
}

/// A few lines for a newsletter, to be copied.
fn newsletter(l: Language, sheet: &Sheet) -> String {
    let short: String = sheet.digest.chars().take(19).collect();
    let digest = l.pick(
        format!("内容摘要前 16 位：{short}"),
        format!("Digest, first 16 digits: {short}"),
    );
    [
        l.pick(
            format!("【{}】{}", sheet.title, sheet.collective),
            format!("{}: {}", sheet.title, sheet.collective),
        ),
        sheet.summary.clone(),
        l.pick(
            format!("公开期：{}", sheet.window),
            format!("Open for inspection: {}", sheet.window),
        ),
        l.pick(
            format!("提意见：{}", sheet.comments),
            format!("To comment: {}", sheet.comments),
        ),
        sheet.reports.clone(),
        l.pick(
            format!("扫码或打开核对：{}", sheet.url),
            format!("Verify it at {}", sheet.url),
        ),
        digest,
    ]
    .join("\n")
}
