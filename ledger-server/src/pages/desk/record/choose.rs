//! What can be recorded: what the signed-in member is to do first, then what else is possible.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ledger_core::event::{Event, Family};
use ledger_core::language::Language;
use ledger_core::{MemberId, Step, TransactionId};

use super::super::super::shell::Shell;
use super::super::super::visit::Visit;
use super::super::super::{NoPage, Scene, collective};
use super::super::inbox;
use super::{About, is_of_transaction, kinds, not_now};
use crate::agenda::{Task, What};
use crate::catalogue::View;
use crate::desk::drafts::Listed;
use crate::drafting::Drafting;
use crate::served::Served;
use crate::takeover::KIND;

/// How many transactions are listed; the others are reached by their number.
const LISTED: usize = 40;

#[derive(Template)]
#[template(path = "pages/desk/choose.html")]
pub(super) struct Page {
    s: Shell,
    /// The kind that was chosen, if it still needs to be said of which transaction.
    kind: Option<(String, &'static str)>,
    transaction: Option<(String, String)>,
    mine: Vec<Choice>,
    others: Vec<Choice>,
    /// What is possible in the transaction, or in the ledger, by sort.
    possible: Vec<(&'static str, Vec<Choice>)>,
    /// What is not possible now, and why.
    impossible: Vec<Choice>,
    /// Whether a new transaction can begin here.
    begins: bool,
    /// Whether a contract of before the ledger can be recorded here.
    takes_over: bool,
    next_id: String,
    known: Vec<(String, String)>,
}

/// Something to record.
pub(super) struct Choice {
    to: String,
    name: String,
    /// Of which transaction.
    of: String,
    note: String,
    overdue: bool,
}

/// `GET /<slug>/desk/record`: what can be recorded now.
#[utoipa::path(
    get,
    path = "/desk/record",
    summary = "What can be recorded now",
    responses(
        (status = 200, description = "What can be recorded now", body = String, content_type = "text/html; charset=utf-8"),
        (status = 401, description = "Nobody is signed in", body = String, content_type = "text/html; charset=utf-8"),
        (status = 404, description = "No such transaction", body = String, content_type = "text/html; charset=utf-8"),
    )
)]
pub(crate) async fn choose(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    headers: HeaderMap,
) -> Response {
    super::super::signed_in(ledger, visit, &headers, |scene, sitting| {
        let about = About::of(&scene.visit)?;
        Page::of(scene, &sitting.member, None, &about)
    })
    .await
}

impl Page {
    /// The page as HTML.
    pub(super) fn of(
        scene: &Scene,
        member: &MemberId,
        kind: Option<&'static str>,
        about: &About,
    ) -> Result<String, NoPage> {
        let l = scene.visit.language;
        let view = scene.view()?;
        let state = about.state(scene)?;
        let transaction = about.transaction.as_ref();
        if transaction.is_some_and(|id| state.transaction(id).is_none()) {
            return Err(NoPage::Missing);
        }
        let (mut possible, mut impossible) = (Vec::new(), Vec::new());
        for (sort, families) in sorts(l) {
            let mut choices = Vec::new();
            let of_sort = kinds().filter(|kind| of_sort(kind, families, transaction.is_some()));
            for kind in of_sort.filter(|_| kind.is_none()) {
                let Ok(stream) = about.stream(scene, kind, &state) else {
                    continue;
                };
                let who = (member.clone(), l);
                let Some(drafting) = Drafting::of(kind, stream, transaction, &state, who) else {
                    continue;
                };
                let choice = Choice::of(scene, kind, about);
                match not_now(scene, &drafting).or_else(|| nothing_to_choose(&drafting)) {
                    None => choices.push(choice),
                    Some(why) => impossible.push(Choice {
                        note: why,
                        ..choice
                    }),
                }
            }
            if !choices.is_empty() {
                possible.push((sort, choices));
            }
        }
        let drafts = inbox::waiting(scene, member)?.unwrap_or_default();
        let (mine, others) = tasks(scene, member, (&view, &drafts), (kind, transaction));
        let page = Self {
            s: super::super::shell(scene, "record", ("办理登记", "Record"))?,
            kind: kind.and_then(|kind| Some((kind.to_owned(), names(l, kind)?))),
            transaction: transaction.map(|id| (id.to_string(), name(&view, id))),
            mine,
            others,
            possible,
            impossible,
            begins: kind.map_or(transaction.is_none(), |kind| kind == "asset_verification"),
            takes_over: kind.map_or(transaction.is_none(), |kind| kind == KIND),
            next_id: next_id(&view, scene),
            known: known(&view),
        };
        Ok(page.render()?)
    }
}

/// What a kind is called.
fn names(l: Language, kind: &str) -> Option<&'static str> {
    let [zh, en] = Event::names_of(kind)?;
    Some(l.pick(zh, en))
}

/// The sorts of events, in the order in which they are needed.
fn sorts(l: Language) -> [(&'static str, &'static [Family]); 5] {
    [
        (
            l.pick("环节与张贴", "Steps and postings"),
            &[Family::Step, Family::Posting],
        ),
        (
            l.pick(
                "豁免、退回、更正、终止",
                "Waivers, returns, corrections, the end",
            ),
            &[Family::Detour],
        ),
        (
            l.pick("合同与收付款", "Contract and payments"),
            &[Family::Contract],
        ),
        (
            l.pick("会议、意见、监督", "Meetings, opinions, oversight"),
            &[Family::Oversight, Family::Concern],
        ),
        (
            l.pick("名册与章程", "Roster and charter"),
            &[Family::Ledger],
        ),
    ]
}

fn of_sort(kind: &str, families: &[Family], has_transaction: bool) -> bool {
    let family = Event::family_of(kind);
    let of_concern = matches!(family, Some(Family::Concern));
    let fits = match has_transaction {
        // What is said to a concern begins at the concern.
        true => is_of_transaction(kind) || kind == "concern_raised" || kind == "document_erased",
        false => {
            !is_of_transaction(kind) && !of_concern
                || kind == "meeting_held"
                || kind == "finding_raised"
                || kind == "finding_answered"
        }
    };
    fits && family.is_some_and(|family| families.contains(&family))
}

/// Whether a form would ask to choose from nothing.
fn nothing_to_choose(drafting: &Drafting<'_>) -> Option<String> {
    let l = drafting.language;
    let none = match drafting.kind {
        "finding_answered" => super::offered::open_findings(drafting)
            .is_empty()
            .then(|| l.pick("没有待答复的问题", "no finding waits for an answer")),
        "document_erased" => super::offered::private_documents(drafting)
            .is_empty()
            .then(|| l.pick("没有不公开的材料", "there are no private documents")),
        "returned" | "step_waived" => {
            let steps = drafting.choices();
            let found = steps
                .iter()
                .any(|(field, of)| ["to", "through"].contains(field) && !of.is_empty());
            (!found).then(|| {
                l.pick(
                    "现在没有可以退回或豁免的环节",
                    "no step can be gone back to or left out now",
                )
            })
        }
        "corrected" => {
            let transaction = drafting.state.transaction_of(&drafting.stream);
            let found = transaction.is_some_and(|of| of.correctables().next().is_some());
            (!found).then(|| l.pick("还没有可以更正的记录", "nothing can be corrected yet"))
        }
        "terminated" => {
            let ended = drafting
                .state
                .transaction_of(&drafting.stream)
                .is_none_or(|of| of.current_step().is_none() && of.contract.is_none());
            ended.then(|| l.pick("交易已经结束", "the transaction is over"))
        }
        _ => None,
    };
    none.map(str::to_owned)
}

impl Choice {
    fn of(scene: &Scene, kind: &str, about: &About) -> Self {
        let l = scene.visit.language;
        let [zh, en] = Event::names_of(kind).unwrap_or_default();
        let publishes = kind == "channel_posted"
            || kind
                .parse::<Step>()
                .is_ok_and(|step| step.publication_point().is_some());
        // Publishing and the charter have pages of their own.
        let path = match &about.transaction {
            Some(_) if publishes => "publish".to_owned(),
            _ if kind == super::charter::KIND => "charter".to_owned(),
            _ => format!("record/{kind}"),
        };
        let path = format!("{}/desk/{path}{}", scene.base(), about.query());
        Self {
            to: scene.visit.link_with(&path),
            name: l.pick(zh, en).to_owned(),
            of: String::new(),
            note: String::new(),
            overdue: false,
        }
    }

    /// What has been drafted is not drafted once more: it leads to the draft.
    fn drafted(self, scene: &Scene, draft: &Listed) -> Self {
        let l = scene.visit.language;
        let note = if draft.mine {
            l.pick("已起草，等您签名", "drafted: to be signed by you")
        } else {
            l.pick("已起草，等会签", "drafted, to be co-signed")
        };
        Self {
            to: super::super::to(scene, &format!("/desk/drafts/{}", draft.id)),
            note: note.to_owned(),
            ..self
        }
    }
}

/// The draft of this kind that waits, about the same.
pub(super) fn draft_of<'a>(drafts: &'a [Listed], kind: &str, about: &About) -> Option<&'a Listed> {
    let of = |draft: &&Listed| {
        let concern = about.concern.as_ref().map(ToString::to_string);
        let transaction = about.transaction.as_ref().map(ToString::to_string);
        let same = match concern {
            Some(_) => draft.concern == concern,
            None => draft.transaction == transaction && draft.concern.is_none(),
        };
        draft.kind == kind && same
    };
    drafts.iter().find(of)
}

/// What open transactions wait for: first what the member begins, or is to sign.
fn tasks(
    scene: &Scene,
    member: &MemberId,
    (view, drafts): (&View, &[Listed]),
    (kind, of): (Option<&str>, Option<&TransactionId>),
) -> (Vec<Choice>, Vec<Choice>) {
    let (mut mine, mut others) = (Vec::new(), Vec::new());
    let wanted = |task: &&Task| of.is_none_or(|of| task.transaction == *of);
    for task in view.tasks.iter().filter(wanted) {
        let begins = task.roles.first();
        let is_first = begins.is_some_and(|(_, held)| held.contains(member));
        for (choice, draft) in choices(scene, (view, drafts), task, kind) {
            let is_mine = draft.map_or(is_first, |draft| draft.mine);
            let list = if is_mine { &mut mine } else { &mut others };
            if list.len() < LISTED {
                list.push(choice);
            }
        }
    }
    (mine, others)
}

/// What a task leads to, each with its draft, if that waits already.
fn choices<'a>(
    scene: &Scene,
    (view, drafts): (&View, &'a [Listed]),
    task: &Task,
    wanted: Option<&str>,
) -> Vec<(Choice, Option<&'a Listed>)> {
    let l = scene.visit.language;
    let now = scene.visit.now;
    let of_transaction = About {
        transaction: Some(task.transaction.clone()),
        concern: None,
    };
    let of = match wanted {
        // Any transaction may be what the form belongs to.
        Some(kind) => vec![(kind, of_transaction)],
        None => match &task.what {
            What::Record { .. } | What::CalendarMissing(_) | What::Held(_) => {
                vec![(task.step.id(), of_transaction)]
            }
            What::Post(_) => vec![("channel_posted", of_transaction)],
            What::Return => vec![("returned", of_transaction)],
            What::Answer(_) => vec![("finding_answered", of_transaction)],
            What::AnswerConcerns(waiting) => {
                let about = |id: &ledger_core::name::ConcernId| About {
                    transaction: None,
                    concern: Some(id.clone()),
                };
                let all = waiting.iter().take(LISTED);
                all.map(|waiting| ("concern_answered", about(&waiting.id)))
                    .collect()
            }
            What::Nothing => Vec::new(),
        },
    };
    let time = collective::time(l, task, now);
    let what = collective::what(l, task);
    let choice = |(kind, about): (&str, About)| {
        let choice = Choice {
            of: format!("{} {}", task.transaction, name(view, &task.transaction)),
            note: [what.as_str(), time.as_str()]
                .join(l.pick("，", ", "))
                .trim_end_matches(['，', ',', ' '])
                .to_owned(),
            overdue: task.overdue,
            ..Choice::of(scene, kind, &about)
        };
        // Of postings there are several.
        let of_task = wanted.is_none() && kind != "channel_posted";
        let draft = of_task.then(|| draft_of(drafts, kind, &about)).flatten();
        match draft {
            Some(draft) => (choice.drafted(scene, draft), Some(draft)),
            None => (choice, None),
        }
    };
    of.into_iter().map(choice).collect()
}

fn name(view: &View, id: &TransactionId) -> String {
    view.transaction(id)
        .map(|summary| summary.name.clone())
        .unwrap_or_default()
}

/// The numbers of all transactions, each with what it is about.
fn known(view: &View) -> Vec<(String, String)> {
    let all = view.transactions.iter().take(200);
    all.map(|summary| (summary.id.to_string(), summary.name.clone()))
        .collect()
}

/// A number that no transaction has yet: this year's next.
fn next_id(view: &View, scene: &Scene) -> String {
    let today = scene
        .snapshot
        .state
        .calendar_at(scene.snapshot.size())
        .date_of(scene.visit.now);
    let year: String = today.to_string().chars().take(4).collect();
    let number = |summary: &Arc<crate::catalogue::Summary>| {
        let id = summary.id.to_string();
        let number = id.strip_prefix(&format!("{year}-"))?;
        number.parse::<u32>().ok()
    };
    let last = view
        .transactions
        .iter()
        .filter_map(number)
        .max()
        .unwrap_or(0);
    format!("{year}-{:03}", last + 1)
}
