//! My desk: what waits for the member who sits at it, most urgent first. (我的工作台)
//!
//! From the catalogue's cached view and the inbox alone: what it costs follows what is open, never the
//! length of the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ledger_core::{Language, LogTime, MemberId, Role, Step};

use super::super::facts::moment;
use super::super::shell::Shell;
use super::super::visit::Visit;
use super::super::{NoPage, Scene, collective};
use super::SOON_SECONDS;
use super::inbox::{self, Card};
use crate::agenda::{Task, Waiting, What};
use crate::catalogue::View;
use crate::desk::api::name_of;
use crate::desk::drafts::Listed;
use crate::desk::session::Sitting;
use crate::served::Served;

/// How many of each sort are shown until all are asked for.
const FIRST: usize = 30;

/// How many concerns of one transaction are listed one by one.
const CONCERNS: usize = 5;

/// How many days before its end something ends soon.
const SOON_DAYS: u32 = 1;

#[derive(Template)]
#[template(path = "pages/desk/mine.html")]
struct Mine {
    s: Shell,
    name: String,
    roles: String,
    /// Drafts that wait for the member's signature; `None` where this server keeps none.
    to_sign: Option<Vec<Card>>,
    /// What the member begins.
    due: List,
    /// Concerns that the member answers.
    concerns: List,
    /// What the member waits for, and from whom.
    waits: List,
    /// Publications that are open: until when.
    windows: List,
    /// This page with everything on it.
    all: String,
}

/// Some of a sort, and how many more there are.
#[derive(Default)]
struct List {
    items: Vec<Item>,
    more: usize,
}

impl List {
    fn count(&self) -> usize {
        self.items.len() + self.more
    }

    fn overdue(&self) -> usize {
        self.items.iter().filter(|item| item.overdue).count()
    }

    fn cut(&mut self, first: usize) {
        self.more = self.items.len().saturating_sub(first);
        self.items.truncate(first);
    }
}

/// Something in a list.
struct Item {
    /// The form, the draft or the page where it is seen to.
    to: String,
    name: String,
    transaction: String,
    /// What the transaction is about.
    of: String,
    /// How it stands.
    note: String,
    /// By when, and what is left.
    time: String,
    /// Whose turn it is, where it is somebody else's.
    from: String,
    overdue: bool,
    /// Whether its time is nearly over.
    soon: bool,
    /// Until when, for the order.
    until: LogTime,
}

impl Item {
    /// Whether it is no page of the desk: the key would not be unlocked there.
    fn is_away(&self) -> bool {
        !self.to.contains("/desk/")
    }
}

/// `GET /<slug>/desk`: what waits for whoever is signed in.
#[utoipa::path(
    get,
    path = "/desk",
    summary = "What waits for whoever is signed in",
    responses(
        (status = 200, description = "What waits for whoever is signed in", body = String, content_type = "text/html; charset=utf-8"),
        (status = 401, description = "Nobody is signed in", body = String, content_type = "text/html; charset=utf-8"),
    )
)]
pub(crate) async fn mine(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    headers: HeaderMap,
) -> Response {
    super::signed_in(ledger, visit, &headers, |scene, sitting| {
        Ok(Mine::of(scene, sitting)?.render()?)
    })
    .await
}

impl Mine {
    fn of(scene: &Scene, sitting: &Sitting) -> Result<Self, NoPage> {
        let l = scene.visit.language;
        let view = scene.view()?;
        let drafts = inbox::waiting(scene, &sitting.member)?;
        let of = Gathering::new(scene, &view, sitting, drafts.as_deref().unwrap_or_default());
        let (mut due, mut concerns, mut waits, mut windows) = of.lists();
        windows.items.sort_by_key(|item| item.until);
        let first = match scene.visit.value("all") {
            Some(_) => usize::MAX,
            None => FIRST,
        };
        for list in [&mut due, &mut concerns, &mut waits, &mut windows] {
            list.cut(first);
        }
        let roles = sitting.roles.iter().map(|role| role_name(l, *role));
        let roles: Vec<&str> = roles.collect();
        let cards = |drafts: &Vec<Listed>| {
            let mine = drafts.iter().filter(|draft| draft.mine);
            mine.map(|draft| Card::of(scene, &view, draft)).collect()
        };
        Ok(Self {
            s: super::shell(scene, "mine", ("我的工作台", "My desk"))?,
            name: name_of(&scene.snapshot, &sitting.member),
            roles: roles.join(l.pick("、", ", ")),
            to_sign: drafts.as_ref().map(cards),
            due,
            concerns,
            waits,
            windows,
            all: scene.visit.here_with("all", Some("1")),
        })
    }
}

impl Mine {
    fn signs(&self) -> usize {
        self.to_sign.as_ref().map_or(0, Vec::len)
    }
}

fn role_name(l: Language, role: Role) -> &'static str {
    l.pick(role.zh(), role.en())
}

/// What is listed, while it is gathered.
struct Gathering<'a> {
    scene: &'a Scene,
    view: &'a View,
    sitting: &'a Sitting,
    drafts: &'a [Listed],
    /// The drafts that wait, by what they are about and do.
    drafted: BTreeMap<(&'a str, &'static str), &'a Listed>,
    due: List,
    concerns: List,
    waits: List,
    windows: List,
}

impl<'a> Gathering<'a> {
    fn new(scene: &'a Scene, view: &'a View, sitting: &'a Sitting, drafts: &'a [Listed]) -> Self {
        let drafted = drafts.iter().filter_map(|draft| {
            let about = draft.transaction.as_deref().or(draft.concern.as_deref())?;
            Some(((about, draft.kind), draft))
        });
        Self {
            scene,
            view,
            sitting,
            drafts,
            drafted: drafted.collect(),
            due: List::default(),
            concerns: List::default(),
            waits: List::default(),
            windows: List::default(),
        }
    }

    /// What the member begins, the concerns, what others begin, and the windows.
    fn lists(mut self) -> (List, List, List, List) {
        for draft in self.drafts.iter().filter(|draft| !draft.mine) {
            self.take_draft(draft);
        }
        let view = self.view;
        for task in &view.tasks {
            self.take(task);
        }
        (self.due, self.concerns, self.waits, self.windows)
    }

    /// A draft that others have to sign, if the member has to do with it.
    fn take_draft(&mut self, draft: &Listed) {
        let own = &self.sitting.member;
        let mut seats = draft.seats.iter();
        let is_signer = seats.any(|seat| seat.signed && seat.member == *own);
        if draft.author.member != *own && !is_signer {
            return;
        }
        let card = Card::of(self.scene, self.view, draft);
        let stale = self.pick(
            "期间有新登记，要重新签",
            "something entered meanwhile: to be signed anew",
        );
        self.waits.items.push(Item {
            to: card.to,
            name: card.title,
            transaction: card.about,
            of: card.of,
            note: match draft.stale {
                true => stale.to_owned(),
                false => self
                    .pick("已起草，等会签", "drafted, to be co-signed")
                    .to_owned(),
            },
            time: card.expires,
            from: card.missing,
            overdue: false,
            soon: draft.stale,
            until: draft.expires_at,
        });
    }

    fn take(&mut self, task: &Task) {
        let own = &self.sitting.member;
        let begins = task.roles.first();
        let is_first = begins.is_some_and(|(_, held)| held.contains(own));
        let is_signer = task.roles.iter().any(|(_, held)| held.contains(own));
        // What has been drafted already is not drafted once more; of postings there are several.
        let about = (task.transaction.as_str(), kind(task));
        let is_drafted = !matches!(task.what, What::Post(_)) && self.drafted.contains_key(&about);
        match &task.what {
            What::Record {
                possible_from,
                waiting: true,
            } if is_signer => {
                let item = self.window(task, *possible_from, is_first);
                self.windows.items.push(item);
            }
            What::Record { waiting: true, .. } | What::Nothing => {}
            What::AnswerConcerns(waiting) if is_first => self.take_concerns(task, waiting),
            What::AnswerConcerns(_) => {}
            What::Held(_) if is_signer => {
                let whoever = self.pick("答复意见的人", "whoever answers the concerns");
                let from = whoever.to_owned();
                let item = Item {
                    from,
                    ..self.item(task)
                };
                self.waits.items.push(item);
            }
            What::Held(_) => {}
            _ if is_drafted || !is_signer => {}
            _ if is_first => {
                let item = self.item(task);
                self.due.items.push(item);
            }
            _ => {
                let from = begins.map(|(role, held)| self.person(*role, held));
                let from = from.unwrap_or_default();
                let item = Item {
                    from,
                    ..self.item(task)
                };
                self.waits.items.push(item);
            }
        }
    }

    fn take_concerns(&mut self, task: &Task, waiting: &[Waiting]) {
        for concern in waiting.iter().take(CONCERNS) {
            let item = self.concern(task, concern);
            self.concerns.items.push(item);
        }
        let rest = waiting.len().saturating_sub(CONCERNS);
        if rest > 0 {
            self.concerns.items.push(Item {
                to: self.to(&format!("/t/{}", task.transaction)),
                name: self.pick(
                    format!("这笔交易另有 {rest} 条意见"),
                    format!("{rest} more about this transaction"),
                ),
                note: String::new(),
                time: String::new(),
                overdue: false,
                ..self.item(task)
            });
        }
    }

    fn person(&self, role: Role, held: &[MemberId]) -> String {
        let l = self.scene.visit.language;
        let names = held
            .iter()
            .map(|member| name_of(&self.scene.snapshot, member));
        let names: Vec<String> = names.collect();
        let nobody = l.pick("（无人任职）", "(nobody)");
        match names.is_empty() {
            true => format!("{} {nobody}", role_name(l, role)),
            false => format!("{} {}", role_name(l, role), names.join(l.pick("、", ", "))),
        }
    }

    /// A window that runs, after which the member has a part.
    fn window(&self, task: &Task, until: LogTime, is_first: bool) -> Item {
        let step = self.step(task.step);
        let last = moment(until.minus_seconds(1));
        let begins = task.roles.first().filter(|_| !is_first);
        let from = begins.map(|(role, held)| self.person(*role, held));
        Item {
            to: self.to(&format!("/t/{}", task.transaction)),
            name: self.pick(format!("公开至 {last}"), format!("open until {last}")),
            note: self.pick(format!("期满后办：{step}"), format!("then: {step}")),
            time: String::new(),
            from: from.unwrap_or_default(),
            soon: until.seconds_since(self.scene.visit.now) < SOON_SECONDS,
            until,
            ..self.item(task)
        }
    }

    fn concern(&self, task: &Task, concern: &Waiting) -> Item {
        let (l, now) = (self.scene.visit.language, self.scene.visit.now);
        let id = concern.id.as_str();
        let drafted = self.drafted.get(&(id, "concern_answered"));
        let path = match drafted {
            Some(draft) => format!("/desk/drafts/{}", draft.id),
            None => format!("/desk/record/concern_answered?concern={id}"),
        };
        let mut voiced = self.view.concerns.iter();
        let voiced = voiced.find(|voiced| voiced.id == concern.id);
        let said = voiced.filter(|voiced| voiced.hidden.is_none() && !voiced.text.is_empty());
        let last = moment(concern.deadline.at.minus_seconds(1));
        let time = match concern.overdue {
            true => collective::late(l, now.seconds_since(concern.deadline.at)),
            false => l.pick(format!("最迟 {last}"), format!("by {last}")),
        };
        let note = match (drafted, concern.holds) {
            (Some(_), _) => l.pick("已起草，等会签", "drafted, to be co-signed"),
            (None, true) => l.pick(
                "不答复，后面的环节办不了",
                "nothing goes on before it is answered",
            ),
            (None, false) => "",
        };
        Item {
            to: self.to(&path),
            name: match said {
                Some(voiced) => voiced.text.clone(),
                None => l.pick(format!("群众意见 {id}"), format!("concern {id}")),
            },
            note: note.to_owned(),
            time,
            overdue: concern.overdue,
            soon: concern.deadline.at.seconds_since(now) < SOON_SECONDS,
            until: concern.deadline.at,
            ..self.item(task)
        }
    }

    fn item(&self, task: &Task) -> Item {
        let l = self.scene.visit.language;
        let summary = self.view.transaction(&task.transaction);
        let note = match &task.what {
            What::Record { .. } if task.again => l
                .pick("更正之后重新公开", "again, after a correction")
                .to_owned(),
            // That it can be done goes without saying here.
            What::Record { .. } => String::new(),
            _ => collective::what(l, task),
        };
        let left = task.left.as_ref();
        let now = self.scene.visit.now;
        let waits = task.published_at.map(|since| now.seconds_since(since));
        let days = waits.map_or(0, |seconds| seconds / SOON_SECONDS);
        Item {
            to: self.to(&form(task)),
            name: match &task.what {
                What::Return => l.pick("退回", "Go back").to_owned(),
                What::Answer(_) => l.pick("答复检查问题", "Answer a finding").to_owned(),
                What::Post(_) => l.pick("张贴并登记", "Post, and record it").to_owned(),
                _ => self.step(task.step),
            },
            transaction: task.transaction.to_string(),
            of: summary.map_or_else(String::new, |summary| summary.name.clone()),
            note,
            time: match days {
                0 => collective::time(l, task, now),
                days => l.pick(
                    format!("公开登记后已 {days} 天没有张贴齐，公开期还没开始算"),
                    format!("not posted everywhere for {days} days: the window has not begun"),
                ),
            },
            from: String::new(),
            overdue: task.overdue,
            soon: left.is_some_and(|left| left.length <= SOON_DAYS) || days > 0,
            until: task.deadline.map_or(LogTime::MAX, |deadline| deadline.at),
        }
    }

    fn step(&self, step: Step) -> String {
        let number = step.number();
        self.pick(
            format!("第 {number} 环节 {}", step.zh()),
            format!("Step {number}: {}", step.en()),
        )
    }

    fn to(&self, path: &str) -> String {
        super::to(self.scene, path)
    }

    fn pick<T>(&self, zh: T, en: T) -> T {
        self.scene.visit.language.pick(zh, en)
    }
}

/// Where a task is seen to.
fn form(task: &Task) -> String {
    let id = &task.transaction;
    let publishes = task.step.publication_point().is_some();
    match task.what {
        What::Post(_) => format!("/desk/publish?transaction={id}"),
        What::Record { .. } if publishes => format!("/desk/publish?transaction={id}"),
        What::Held(_) => format!("/t/{id}"),
        _ => format!("/desk/record/{}?transaction={id}", kind(task)),
    }
}

/// The kind of event that does a task.
fn kind(task: &Task) -> &'static str {
    match task.what {
        What::Post(_) => "channel_posted",
        What::Return => "returned",
        What::Answer(_) => "finding_answered",
        What::AnswerConcerns(_) => "concern_answered",
        What::Record { .. } | What::CalendarMissing(_) | What::Held(_) | What::Nothing => {
            task.step.id()
        }
    }
}
