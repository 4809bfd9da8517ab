//! Publishing: the disclosure as residents will see it, made from the record, before it is signed; after
//! that, where it is still to be posted. (公开张贴)
//!
//! What is shown ahead is composed by the very function that the rules hold the signed digest against.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ledger_core::dealing::Dealing;
use ledger_core::event::{Event, Statement};
use ledger_core::name::{Label, StreamId};
use ledger_core::record::Publication;
use ledger_core::transaction::{Phase, Publishing, Transaction};
use ledger_core::{LogTime, MemberId, PublicationPoint, Step, TransactionId};
use serde_json::{Map, Value, json};

use super::super::course::Course;
use super::super::disclosure::{Disclosed, Found};
use super::super::facts::moment;
use super::super::shell::Shell;
use super::super::visit::Visit;
use super::super::{NoPage, Scene, collective};
use super::SOON_SECONDS;
use crate::agenda::{self, Task, What};
use crate::catalogue::read;
use crate::desk::api::name_of;
use crate::desk::cosign::{NotDone, Table};
use crate::desk::draft::{Draft, DraftId};
use crate::drafting::{Drafting, Fault};
use crate::served::Served;
use crate::signers::Seat;

/// How many transactions are listed.
const LISTED: usize = 100;

#[derive(Template)]
#[template(path = "pages/desk/publish.html")]
struct Page {
    s: Shell,
    id: String,
    name: String,
    /// Whose page it is.
    member: String,
    ahead: Option<Ahead>,
    posting: Option<Posting>,
    /// What was published, with where that is shown.
    earlier: Vec<(&'static str, String)>,
    /// What the transaction waits for, where that is no publication.
    next: String,
}

/// What would be published next.
struct Ahead {
    kind: &'static str,
    step: &'static str,
    summary: String,
    comments_to: String,
    /// Both, as the script sends them to be rehearsed.
    body: String,
    /// What residents will see; not before there is something to say.
    shown: Option<Disclosed>,
    sha256: String,
    /// Why it cannot be signed now.
    refused: Option<String>,
    overdue: bool,
    soon: bool,
    time: String,
    /// Who signs: role and name.
    seats: Vec<(&'static str, String)>,
    /// Whether whoever looks is one of them.
    mine: bool,
    /// The draft that waits already.
    draft: Option<String>,
    /// Whether this is what a draft says, and not what is typed here.
    of_draft: bool,
    /// The form in which everything can be chosen.
    form: String,
}

/// What is published and not posted everywhere yet.
struct Posting {
    step: &'static str,
    shown: Disclosed,
    channels: Vec<Channel>,
    left: usize,
    published: String,
    /// Until when it would be open if all was posted now.
    if_now: String,
    deadline: String,
    overdue: bool,
    soon: bool,
}

/// A channel on which it is posted.
struct Channel {
    id: String,
    name: String,
    /// Where and when it was posted, and the entry.
    posted: Option<(String, String, u64)>,
    /// The draft of its posting that waits.
    draft: Option<String>,
    form: String,
}

#[derive(Template)]
#[template(path = "pages/desk/publications.html")]
struct Choose {
    s: Shell,
    now: Vec<Item>,
    later: Vec<Item>,
}

/// A transaction that is to be published, or posted.
struct Item {
    to: String,
    id: String,
    name: String,
    what: String,
    time: String,
    overdue: bool,
}

/// `GET /<slug>/desk/publish`: what is to be published, and where it is still to be posted.
#[utoipa::path(
    get,
    path = "/desk/publish",
    summary = "What is to be published or posted",
    responses(
        (status = 200, description = "What is to be published or posted", body = String, content_type = "text/html; charset=utf-8"),
        (status = 401, description = "Nobody is signed in", body = String, content_type = "text/html; charset=utf-8"),
        (status = 404, description = "No such transaction", body = String, content_type = "text/html; charset=utf-8"),
    )
)]
pub(crate) async fn publish(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    headers: HeaderMap,
) -> Response {
    super::signed_in(ledger, visit, &headers, |scene, sitting| {
        let named = scene.visit.value("transaction").map(str::parse).transpose();
        match named.map_err(|_| NoPage::Missing)? {
            Some(id) => Ok(Page::of(scene, &sitting.member, id)?.render()?),
            None => Ok(Choose::of(scene)?.render()?),
        }
    })
    .await
}

impl Choose {
    fn of(scene: &Scene) -> Result<Self, NoPage> {
        let l = scene.visit.language;
        let view = scene.view()?;
        let (mut now, mut later) = (Vec::new(), Vec::new());
        for task in &view.tasks {
            let is_later = match task.what {
                What::Post(_) => false,
                What::Record { waiting, .. } if publishes(task) => waiting,
                What::Held(_) | What::CalendarMissing(_) if publishes(task) => true,
                _ => continue,
            };
            let list = if is_later { &mut later } else { &mut now };
            if list.len() >= LISTED {
                continue;
            }
            let step = l.pick(task.step.zh(), task.step.en());
            let summary = view.transaction(&task.transaction);
            list.push(Item {
                to: super::to(
                    scene,
                    &format!("/desk/publish?transaction={}", task.transaction),
                ),
                id: task.transaction.to_string(),
                name: summary.map_or_else(String::new, |summary| summary.name.clone()),
                what: format!("{step}{}{}", l.pick("：", ": "), collective::what(l, task)),
                time: collective::time(l, task, scene.visit.now),
                overdue: task.overdue,
            });
        }
        let s = super::shell(scene, "publications", ("公开张贴", "Publish and post"))?;
        Ok(Self { s, now, later })
    }
}

fn publishes(task: &Task) -> bool {
    task.step.publication_point().is_some()
}

impl Page {
    fn of(scene: &Scene, member: &MemberId, id: TransactionId) -> Result<Self, NoPage> {
        let l = scene.visit.language;
        let course = Course::of(scene, &id)?.ok_or(NoPage::Missing)?;
        let transaction = course.transaction().ok_or(NoPage::Missing)?.clone();
        let ledger = &*scene.snapshot.state;
        let task = agenda::task(ledger, scene.snapshot.size(), &transaction, scene.visit.now);
        let drafts = Drafts::of(scene, &id)?;
        let earlier = earlier(scene, &transaction);
        let mut ahead = None;
        let mut posting = None;
        match (&transaction.phase, task.step.publication_point()) {
            (Phase::Publishing(publishing), _) => {
                posting = Some(Posting::of(scene, &course, publishing, &drafts)?);
            }
            (Phase::Awaiting(_), Some(point)) => {
                ahead = Some(Ahead::of(scene, member, course, (&task, point), &drafts)?);
            }
            _ => {}
        }
        let mut s = super::shell(scene, "publish", ("公开张贴", "Publish and post"))?;
        s.transaction = id.to_string();
        let step = l.pick(task.step.zh(), task.step.en());
        Ok(Self {
            s,
            name: super::subject(&transaction),
            member: member.to_string(),
            id: id.to_string(),
            ahead,
            posting,
            earlier,
            next: match task.what {
                What::Nothing => String::new(),
                _ => format!("{step}{}{}", l.pick("：", ": "), collective::what(l, &task)),
            },
        })
    }
}

/// The publications that stand, each with where it is shown.
fn earlier(scene: &Scene, transaction: &Transaction) -> Vec<(&'static str, String)> {
    let l = scene.visit.language;
    let shown = |passed: &ledger_core::transaction::Passed| {
        let point = passed
            .step
            .publication_point()
            .filter(|_| !passed.is_waived())?;
        let path = format!("/d/{}/{point}", transaction.id);
        Some((
            l.pick(passed.step.zh(), passed.step.en()),
            super::to(scene, &path),
        ))
    };
    transaction.passed.iter().filter_map(shown).collect()
}

/// The drafts that wait and have to do with publishing a transaction.
struct Drafts {
    /// By channel.
    postings: BTreeMap<Label, DraftId>,
    /// By kind of event.
    publications: BTreeMap<&'static str, DraftId>,
    /// The statement of the one that was asked for.
    asked: Option<Statement>,
}

impl Drafts {
    fn of(scene: &Scene, id: &TransactionId) -> Result<Self, NoPage> {
        let stream = StreamId::Transaction(id.clone());
        let mut drafts = Self {
            postings: BTreeMap::new(),
            publications: BTreeMap::new(),
            asked: None,
        };
        let table = match Table::of(&scene.ledger) {
            Err(NotDone::NoInbox) => return Ok(drafts),
            table => table?,
        };
        let ours = |draft: &Draft| draft.ended.is_none() && draft.statement.stream == stream;
        let asked = scene.visit.value("draft");
        for draft in table.inbox().all(ours) {
            match &draft.statement.event {
                Event::ChannelPosted(posted) => {
                    drafts.postings.insert(posted.channel.clone(), draft.id);
                }
                event if event.publication().is_some() => {
                    drafts.publications.insert(event.kind(), draft.id.clone());
                    if asked == Some(draft.id.as_str()) {
                        drafts.asked = Some(draft.statement);
                    }
                }
                _ => {}
            }
        }
        Ok(drafts)
    }
}

fn to_draft(scene: &Scene, id: &DraftId) -> String {
    super::to(scene, &format!("/desk/drafts/{}", id.as_str()))
}

/// What the publisher says beside the facts.
struct Said {
    summary: String,
    comments_to: String,
}

impl Said {
    /// As a draft says it, as it was typed, or to begin with.
    fn of(
        scene: &Scene,
        transaction: &Transaction,
        point: PublicationPoint,
        drafted: Option<&Publication>,
    ) -> Result<Self, NoPage> {
        if let Some(publication) = drafted {
            return Ok(Self {
                summary: publication.summary.to_string(),
                comments_to: publication.comments_to.to_string(),
            });
        }
        Ok(Self {
            summary: given(scene, "summary").unwrap_or_else(|| summary(transaction, point)),
            comments_to: match given(scene, "comments_to") {
                Some(given) => given,
                None => comments_to(scene, transaction)?,
            },
        })
    }

    fn body(&self) -> Map<String, Value> {
        let fields = [
            ("comments_to", &self.comments_to),
            ("summary", &self.summary),
        ];
        let fields = fields.map(|(field, text)| (field.to_owned(), json!(text)));
        fields.into_iter().collect()
    }

    /// What would be signed; `None` while it is not said how to comment.
    fn statement(&self, drafting: &Drafting<'_>, now: LogTime) -> Result<Option<Statement>, Fault> {
        if self.comments_to.is_empty() {
            return Ok(None);
        }
        let drafted = drafting.statement(self.body(), None, now)?;
        Ok(Some(drafted.statement))
    }
}

impl Ahead {
    fn of(
        scene: &Scene,
        member: &MemberId,
        course: Course,
        (task, point): (&Task, PublicationPoint),
        drafts: &Drafts,
    ) -> Result<Self, NoPage> {
        let l = scene.visit.language;
        let transaction = course.transaction().ok_or(NoPage::Missing)?;
        let (id, kind) = (transaction.id.clone(), task.step.id());
        let asked = drafts.asked.as_ref();
        let drafted = asked.and_then(|asked| asked.event.publication());
        let said = Said::of(scene, transaction, point, drafted)?;
        let stream = StreamId::Transaction(id.clone());
        let signer = (member.clone(), l);
        let drafting = Drafting::of(kind, stream, None, &course.state, signer);
        let drafting = drafting.ok_or(NoPage::Fault)?;
        let stated = match asked {
            Some(asked) => Ok(Some(asked.clone())),
            None => said.statement(&drafting, scene.visit.now),
        };
        let (statement, malformed) = match stated {
            Ok(statement) => (statement, None),
            Err(fault) => (None, Some(fault)),
        };
        let tried = (statement.as_ref()).map(|of| drafting.tried(of, scene.visit.now));
        let (seats, mine, refused) = match tried {
            Some(tried) => (tried.seats, tried.mine, tried.verdict.err()),
            None => (Vec::new(), false, malformed),
        };
        let refused = refused.map(|fault| fault.detail(kind, l));
        let seat = |seat: &Seat| {
            let name = name_of(&scene.snapshot, &seat.member);
            (l.pick(seat.role.zh(), seat.role.en()), name)
        };
        let publication = statement.as_ref().and_then(|of| of.event.publication());
        let shown = match publication {
            Some(publication) => {
                let found = Found::ahead(scene, course, (&id, point), publication)?;
                Some(Disclosed::of(scene, &found)?)
            }
            None => None,
        };
        Ok(Self {
            kind,
            step: l.pick(task.step.zh(), task.step.en()),
            sha256: publication.map_or_else(String::new, |of| of.disclosure.to_string()),
            body: Value::Object(said.body()).to_string(),
            summary: said.summary,
            comments_to: said.comments_to,
            shown,
            refused,
            overdue: task.overdue,
            soon: task.left.is_some_and(|left| left.length <= 1),
            time: collective::time(l, task, scene.visit.now),
            seats: seats.iter().map(seat).collect(),
            mine,
            draft: drafts.publications.get(kind).map(|id| to_draft(scene, id)),
            of_draft: asked.is_some(),
            form: super::to(scene, &format!("/desk/record/{kind}?transaction={id}")),
        })
    }
}

/// What was typed to be shown ahead.
fn given(scene: &Scene, field: &str) -> Option<String> {
    scene.visit.value(field).map(str::to_owned)
}

/// What is published, said in the language of the ledger, to begin with.
fn summary(transaction: &Transaction, point: PublicationPoint) -> String {
    let dealing = Dealing::of(transaction);
    let step = point.step();
    let mut gone = transaction.superseded.iter().rev();
    let before = gone.find(|gone| gone.passed.step == step && !gone.passed.is_waived());
    if let Some(publication) = before.and_then(|gone| gone.passed.event.publication()) {
        return publication.summary.to_string();
    }
    let thing = dealing.thing();
    let (name, location) = match thing {
        Some(asset) => (asset.name.to_string(), asset.location.to_string()),
        None => (format!("交易 {}", transaction.id), String::new()),
    };
    let category = transaction
        .category()
        .map_or("交易", |category| category.zh());
    match point {
        PublicationPoint::PrePlan => format!(
            "拟办理{name}（{location}）的{category}。方案还没有定，现公开资产现状和理由，请成员提意见。"
        ),
        PublicationPoint::Plan => {
            format!("{name}的{category}方案已经定稿并经民主表决，现公开方案和表决结果。")
        }
        PublicationPoint::Completion => {
            format!("{name}的{category}已经办完，现公开成交结果、合同摘要和收款情况。")
        }
    }
}

/// How residents can comment: as the transaction's last publication said, or the ledger's.
fn comments_to(scene: &Scene, transaction: &Transaction) -> Result<String, NoPage> {
    let mut passed = transaction.passed.iter().rev();
    if let Some(before) = passed.find_map(|passed| passed.event.publication()) {
        return Ok(before.comments_to.to_string());
    }
    let view = scene.view()?;
    let newest = view.publications.first().map(|published| published.index);
    let newest = newest.filter(|index| *index < scene.snapshot.size());
    let Some(index) = newest else {
        return Ok(String::new());
    };
    let entries = read(&scene.snapshot, &[index])?;
    let publication = entries
        .first()
        .and_then(|(_, logged)| logged.signed.statement().event.publication());
    Ok(publication.map_or_else(String::new, |before| before.comments_to.to_string()))
}

impl Posting {
    fn of(
        scene: &Scene,
        course: &Course,
        publishing: &Publishing,
        drafts: &Drafts,
    ) -> Result<Self, NoPage> {
        let (l, now) = (scene.visit.language, scene.visit.now);
        let transaction = course.transaction().ok_or(NoPage::Missing)?;
        let point = publishing.point();
        let found = Found::of(scene, &transaction.id, point)?;
        let disclosure = found.disclosure();
        let postings = transaction.postings_of(point);
        let of_step = |timing: &super::super::course::Timing| timing.step == point.step();
        let deadline = course.timings().into_iter().find(of_step);
        let deadline = deadline.and_then(|timing| timing.deadline);
        let channels = disclosure.channels.iter().map(|channel| {
            let posting = postings
                .get(&channel.id)
                .filter(|_| !publishing.outstanding().contains(&channel.id));
            let path = format!("/desk/record/channel_posted?transaction={}", transaction.id);
            Channel {
                id: channel.id.to_string(),
                name: channel.name.to_string(),
                posted: posting.map(|posting| {
                    let recorded = &posting.recorded;
                    let at = moment(recorded.received_at);
                    (posting.location.to_string(), at, recorded.index)
                }),
                draft: drafts
                    .postings
                    .get(&channel.id)
                    .map(|id| to_draft(scene, id)),
                form: super::to(scene, &path),
            }
        });
        let calendar = scene.snapshot.state.calendar_at(scene.snapshot.size());
        let end = disclosure
            .open_for
            .and_then(|span| calendar.end_of(now, span).ok());
        let if_now = end.map(|end| moment(end.minus_seconds(1)));
        let is_soon = |deadline: LogTime| deadline.seconds_since(now) < SOON_SECONDS;
        let step: Step = point.step();
        Ok(Self {
            step: l.pick(step.zh(), step.en()),
            channels: channels.collect(),
            left: publishing.outstanding().len(),
            published: moment(publishing.published_at()),
            if_now: if_now.unwrap_or_default(),
            overdue: deadline.is_some_and(|deadline| deadline <= now),
            soon: deadline.is_some_and(is_soon),
            deadline: deadline
                .map(|deadline| moment(deadline.minus_seconds(1)))
                .unwrap_or_default(),
            shown: Disclosed::of(scene, &found)?,
        })
    }
}
