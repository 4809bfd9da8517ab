//! Recording: what can be recorded, and a form for each kind of event.
//!
//! A form is made from the shape of its event, under the charter that governs it, with what the ledger knows
//! already. Which of it is possible, and what a body may say, [`crate::drafting`] and the core decide; the
//! script in `web/src/desk/form.ts` knows no rule.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{self, Path};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use ledger_core::event::{Event, Home};
use ledger_core::language::Language;
use ledger_core::name::{ConcernId, StreamId};
use ledger_core::state::State;
use ledger_core::transaction::Phase;
use ledger_core::{Step, TransactionId};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::shell::Shell;
use super::super::visit::Visit;
use super::super::{NoPage, Scene, collective};
use crate::agenda;
use crate::desk::{request, standing};
use crate::drafting::{Drafting, Misplaced, kinds};
use crate::served::Served;
use crate::shape::{self, Leaf, Shape};

mod answered;
mod carried;
pub(super) mod charter;
mod choose;
mod control;
mod offered;
mod paper;
mod source;

use carried::Carried;
use control::{Control, Drawn, Item, Maker};
use paper::{Reader, Slot};
use source::Sources;

/// What the server fills in, so that nobody is asked for it.
const GIVEN: [&str; 3] = ["disclosure", "transaction", "documents"];

/// The routes of forms.
pub(super) fn of_ledger() -> OpenApiRouter<Arc<Served>> {
    OpenApiRouter::new()
        .routes(routes!(choose::choose))
        .routes(routes!(form))
        .routes(routes!(charter::charter))
        .merge(bodied())
}

/// The routes that take a form's content.
fn bodied() -> OpenApiRouter<Arc<Served>> {
    OpenApiRouter::new()
        .routes(routes!(answered::typed))
        .routes(routes!(charter::sheet))
        .routes(routes!(charter::proposed_page))
        .layer(extract::DefaultBodyLimit::max(request::LIMIT))
}

/// What an event is about, as an address or a request says it.
#[derive(Clone, Default)]
struct About {
    transaction: Option<TransactionId>,
    concern: Option<ConcernId>,
}

impl About {
    fn of(visit: &Visit) -> Result<Self, NoPage> {
        Self::named(visit.value("transaction"), visit.value("concern"))
    }

    fn named(transaction: Option<&str>, concern: Option<&str>) -> Result<Self, NoPage> {
        let transaction = transaction.map(str::parse).transpose();
        let concern = concern.map(str::parse).transpose();
        Ok(Self {
            transaction: transaction.map_err(|_| NoPage::Missing)?,
            concern: concern.map_err(|_| NoPage::Missing)?,
        })
    }

    fn with<'a>(&'a self, kind: &'a str) -> standing::About<'a> {
        standing::About {
            kind,
            transaction: self.transaction.as_ref(),
            concern: self.concern.as_ref(),
        }
    }

    /// The transaction, and the concern in it, read back; the ledger alone if neither is named.
    fn state(&self, scene: &Scene) -> Result<State, NoPage> {
        let streams = self.with("").streams();
        Ok(scene.ledger.catalogue.standing(&scene.snapshot, &streams)?)
    }

    /// The stream of an event of a kind.
    fn stream(&self, scene: &Scene, kind: &str, state: &State) -> Result<StreamId, Misplaced> {
        self.with(kind).stream(&scene.ledger.catalogue, state)
    }

    /// As part of an address.
    fn query(&self) -> String {
        match (&self.transaction, &self.concern) {
            (_, Some(id)) => format!("?concern={id}"),
            (Some(id), None) => format!("?transaction={id}"),
            (None, None) => String::new(),
        }
    }
}

/// A form.
#[derive(Template)]
#[template(path = "pages/desk/record.html")]
struct Form {
    s: Shell,
    kind: String,
    title: String,
    transaction: String,
    concern: String,
    member: String,
    /// What the transaction is about, and what the concern says.
    subject: String,
    said: String,
    /// What the charter says the step consists of, and what that rests on.
    content: String,
    basis: Vec<String>,
    signs: Vec<(String, String)>,
    time: String,
    /// Why it cannot be recorded now.
    not_now: Option<String>,
    /// Where the same step waits already, drafted.
    drafted: Option<String>,
    items: Vec<Item>,
    takes_documents: bool,
    slots: Vec<Slot>,
    readers: Vec<Reader>,
    largest_mib: u64,
    largest: u64,
    /// Whether a form of the whole cannot be shown yet: first something is chosen.
    choose: Option<Vec<(String, String)>>,
    publishes: bool,
}

/// `GET /<slug>/desk/record/<kind>`: the form of one kind of event.
#[utoipa::path(
    get,
    path = "/desk/record/{kind}",
    summary = "The form of one kind of event",
    params(
        ("kind" = String, Path, description = "The kind of event"),
    ),
    responses(
        (status = 200, description = "The form", body = String, content_type = "text/html; charset=utf-8"),
        (status = 303, description = "The form is a page of its own"),
        (status = 401, description = "Nobody is signed in", body = String, content_type = "text/html; charset=utf-8"),
        (status = 404, description = "No such kind, transaction or concern", body = String, content_type = "text/html; charset=utf-8"),
    )
)]
pub(crate) async fn form(
    extract::State(ledger): extract::State<Arc<Served>>,
    visit: Visit,
    headers: HeaderMap,
    kind: Result<Path<String>, PathRejection>,
) -> Response {
    let is_charter = matches!(&kind, Ok(Path(kind)) if kind == charter::KIND);
    if is_charter && crate::desk::Sitting::at(&ledger, &ledger.snapshot(), &headers).is_some() {
        // Its form is the charter's sheet.
        let to = format!("/{}/desk/charter", ledger.slug());
        return Redirect::to(&visit.link_with(&to)).into_response();
    }
    super::signed_in(ledger, visit, &headers, move |scene, sitting| {
        let Path(kind) = kind.map_err(|_| NoPage::Missing)?;
        let kind = kinds()
            .find(|known| *known == kind)
            .ok_or(NoPage::Missing)?;
        let about = About::of(&scene.visit)?;
        let state = about.state(scene)?;
        // Asked for without what it belongs to: that is chosen first.
        let Ok(stream) = about.stream(scene, kind, &state) else {
            return choose::Page::of(scene, &sitting.member, Some(kind), &About::default());
        };
        let who = (sitting.member.clone(), scene.visit.language);
        let transaction = about.transaction.as_ref();
        let drafting =
            Drafting::of(kind, stream, transaction, &state, who).ok_or(NoPage::Missing)?;
        Ok(Form::of(scene, &drafting, &about)?.render()?)
    })
    .await
}

impl Form {
    fn of(scene: &Scene, drafting: &Drafting<'_>, about: &About) -> Result<Self, NoPage> {
        let (l, kind) = (scene.visit.language, drafting.kind);
        let [zh, en] = Event::names_of(kind).ok_or(NoPage::Missing)?;
        let name = l.pick(zh, en);
        let number = kind.parse::<Step>().map(|step| step.number());
        let title = match number {
            Ok(number) => l.pick(
                format!("第 {number} 环节　{name}"),
                format!("Step {number}: {name}"),
            ),
            Err(_) => name.to_owned(),
        };
        let transaction = drafting.state.transaction_of(&drafting.stream);
        let sources = Sources {
            l,
            charter: drafting.charter,
            kind,
            category: transaction.and_then(ledger_core::transaction::Transaction::category),
        };
        let (items, choose) = items(scene, drafting, &sources, about)?;
        let rule = kind
            .parse::<Step>()
            .ok()
            .map(|step| drafting.charter.steps.of(step));
        let mut s = super::shell(scene, "record", ("办理登记", "Record"))?;
        s.title.clone_from(&title);
        let largest = scene.ledger.counter.limits.document_bytes;
        let concern = about
            .concern
            .as_ref()
            .and_then(|id| drafting.state.concern(id));
        Ok(Self {
            s,
            kind: kind.to_owned(),
            title,
            transaction: about
                .transaction
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            concern: about
                .concern
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            member: drafting.signer.to_string(),
            subject: subject(drafting),
            said: concern
                .map(|concern| concern.raised.text.to_string())
                .unwrap_or_default(),
            content: rule
                .map(|rule| rule.content.to_string())
                .unwrap_or_default(),
            basis: sources.of_step(),
            signs: signs(drafting),
            time: time(scene, drafting),
            not_now: not_now(scene, drafting),
            drafted: drafted(scene, drafting, about)?,
            items,
            takes_documents: paper::are_taken(kind),
            slots: paper::slots(drafting),
            readers: paper::readers(drafting),
            largest_mib: largest >> 20,
            largest,
            choose,
            publishes: rule.is_some_and(|_| kind.starts_with("publish_")),
        })
    }

    /// A field as HTML.
    fn drawn<'a>(&self, item: &'a Item) -> Drawn<'a> {
        Drawn::of(item)
    }
}

/// The draft of the same step that waits to be signed.
fn drafted(
    scene: &Scene,
    drafting: &Drafting<'_>,
    about: &About,
) -> Result<Option<String>, NoPage> {
    let kind = drafting.kind;
    if kind.parse::<Step>().is_err() {
        return Ok(None);
    }
    let drafts = super::inbox::waiting(scene, &drafting.signer)?.unwrap_or_default();
    let draft = choose::draft_of(&drafts, kind, about);
    Ok(draft.map(|draft| super::to(scene, &format!("/desk/drafts/{}", draft.id))))
}

/// What the transaction is about.
fn subject(drafting: &Drafting<'_>) -> String {
    let transaction = drafting.state.transaction_of(&drafting.stream);
    transaction.map_or_else(String::new, super::subject)
}

/// The roles that sign, each with who holds it.
fn signs(drafting: &Drafting<'_>) -> Vec<(String, String)> {
    let (l, ledger) = (drafting.language, drafting.ledger);
    let position = drafting.state.size();
    let Some(rule) = drafting.signing() else {
        return Vec::new();
    };
    let (required, optional) = ledger_core::signing::roles_of(rule, &ledger.roster, position);
    let optional = optional.into_iter().map(|role| (role, true));
    let all = required
        .into_iter()
        .map(|role| (role, false))
        .chain(optional);
    all.map(|(role, may)| {
        let holders = ledger.roster.holders(role, position);
        let names = holders.filter_map(|id| ledger.roster.member(id));
        let names: Vec<String> = names.map(|member| member.name.to_string()).collect();
        let name = l.pick(role.zh(), role.en());
        let name = match may {
            true => l.pick(format!("{name}（可选）"), format!("{name} (may)")),
            false => name.to_owned(),
        };
        (name, names.join(l.pick("、", ", ")))
    })
    .collect()
}

/// By when a step is to be done.
fn time(scene: &Scene, drafting: &Drafting<'_>) -> String {
    let transaction = drafting.state.transaction_of(&drafting.stream);
    let Some(transaction) = transaction else {
        return String::new();
    };
    let now = scene.visit.now;
    let task = agenda::task(drafting.ledger, drafting.state.size(), transaction, now);
    if drafting.kind != task.step.id() {
        return String::new();
    }
    collective::time(scene.visit.language, &task, now)
}

/// Why an event of this kind cannot be recorded now.
fn not_now(scene: &Scene, drafting: &Drafting<'_>) -> Option<String> {
    let l = drafting.language;
    if let Err(fault) = drafting.check_turn() {
        return Some(fault.detail(drafting.kind, l));
    }
    let transaction = drafting.state.transaction_of(&drafting.stream)?;
    let task = agenda::task(
        drafting.ledger,
        drafting.state.size(),
        transaction,
        scene.visit.now,
    );
    let waits = matches!(
        task.what,
        agenda::What::Record { waiting: true, .. }
            | agenda::What::Held(_)
            | agenda::What::CalendarMissing(_)
            | agenda::What::Answer(_)
    );
    let Ok(step) = drafting.kind.parse::<Step>() else {
        return None;
    };
    let is_turn = match &transaction.phase {
        Phase::Awaiting(awaiting) => awaiting.step == step && !waits,
        // Nothing goes on before it is posted everywhere, after a failed bidding, or in the end.
        _ => false,
    };
    (!is_turn).then(|| match &transaction.phase {
        Phase::Completed(_) | Phase::Terminated { .. } => l
            .pick("这笔交易已经办完", "this transaction is over")
            .to_owned(),
        _ => collective::what(l, &task),
    })
}

/// The form's fields; or what has to be chosen first, each with its address.
type Fields = (Vec<Item>, Option<Vec<(String, String)>>);

fn items(
    scene: &Scene,
    drafting: &Drafting<'_>,
    sources: &Sources<'_>,
    about: &About,
) -> Result<Fields, NoPage> {
    let Some(Shape::Object(mut fields)) = shape::of_event(drafting.kind) else {
        return Err(NoPage::Missing);
    };
    let carried = Carried::of(drafting).preset(drafting);
    let source = |path: &str| sources.at(path);
    let mut maker = Maker {
        l: drafting.language,
        offset_minutes: drafting.charter.calendar.utc_offset_minutes(),
        choices: offered::choices(drafting),
        carried: &carried,
        source: &source,
        given: &GIVEN,
        many: control::MANY,
    };
    if drafting.kind != "corrected" {
        return Ok((maker.items(&fields), None));
    }
    let chosen = match correction(scene, drafting, about)? {
        Correction::Choose(options) => return Ok((Vec::new(), Some(options))),
        Correction::Of(chosen) => chosen,
    };
    fields.retain(|field| !["entry", "field", "value"].contains(&field.name.as_str()));
    let reason = maker.items(&fields);
    let standing = Carried::of_value(chosen.leaf.value.clone(), chosen.from.clone());
    maker.carried = &standing;
    let value = shape::Field {
        name: "value".to_owned(),
        label: shape::Label {
            zh: format!("正确的值：{}", chosen.leaf.name(Language::Zh)),
            en: format!("right value: {}", chosen.leaf.name(Language::En)),
        },
        explanation: shape::Label {
            zh: String::new(),
            en: String::new(),
        },
        optional: chosen.leaf.optional,
        shape: chosen.leaf.shape.clone(),
    };
    let value = maker.item("", &value, None);
    let mut all = chosen.items;
    all.push(value);
    all.extend(reason);
    Ok((all, None))
}

/// What is chosen of a correction: entry and field.
enum Correction {
    Choose(Vec<(String, String)>),
    Of(Box<Chosen>),
}

struct Chosen {
    items: Vec<Item>,
    leaf: Leaf,
    from: String,
}

fn correction(scene: &Scene, drafting: &Drafting<'_>, about: &About) -> Result<Correction, NoPage> {
    let l = drafting.language;
    let transaction = drafting.state.transaction_of(&drafting.stream);
    let transaction = transaction.ok_or(NoPage::Missing)?;
    let to = |more: String| {
        let path = format!(
            "{}/desk/record/corrected{}{more}",
            scene.base(),
            about.query()
        );
        scene.visit.link_with(&path)
    };
    let entry = scene
        .visit
        .value("entry")
        .and_then(|entry| entry.parse::<u64>().ok());
    let original = entry.and_then(|entry| Some((entry, transaction.correctable(entry)?)));
    let Some((entry, original)) = original else {
        let all = transaction.correctables();
        let options = all.map(|(entry, event)| {
            let name = l.pick(event.zh(), event.en());
            let name = l.pick(
                format!("{name}（第 {entry} 条）"),
                format!("{name} (entry {entry})"),
            );
            (name, to(format!("&entry={entry}")))
        });
        return Ok(Correction::Choose(options.collect()));
    };
    let leaf = scene
        .visit
        .value("field")
        .and_then(|field| Leaf::at(original, field));
    let words = crate::words::Words {
        language: l,
        ledger: Some(drafting.ledger),
        charter: Some(drafting.charter),
        transaction: None,
    };
    let Some(leaf) = leaf else {
        let options = Leaf::all(original).into_iter().map(|leaf| {
            let field = serde_urlencoded::to_string([("field", &leaf.pointer)]).unwrap_or_default();
            (words.leaf(&leaf), to(format!("&entry={entry}&{field}")))
        });
        return Ok(Correction::Choose(options.collect()));
    };
    let fixed = |name: &str, label: (&str, &str), json: Value, said: String| Item {
        l,
        id: format!("f-{name}"),
        name: name.to_owned(),
        label: l.pick(label.0, label.1).to_owned(),
        why: String::new(),
        source: String::new(),
        carried: String::new(),
        optional: false,
        control: Control::Fixed(json.to_string(), said),
    };
    let name = l.pick(original.zh(), original.en());
    let items = vec![
        fixed(
            "entry",
            ("更正哪条记录：", "record: "),
            json!(entry),
            l.pick(
                format!("{name}（第 {entry} 条）"),
                format!("{name} (entry {entry})"),
            ),
        ),
        fixed(
            "field",
            ("字段：", "field: "),
            json!(leaf.pointer),
            words.leaf(&leaf),
        ),
    ];
    let from = l.pick(
        format!("现在登记的值（第 {entry} 条），请改成正确的"),
        format!("as it stands now (entry {entry}); make it right"),
    );
    Ok(Correction::Of(Box::new(Chosen { items, leaf, from })))
}

/// Whether events of a kind belong to a transaction.
fn is_of_transaction(kind: &str) -> bool {
    matches!(
        Event::home_of(kind),
        Some(Home::Transaction | Home::LedgerOrTransaction)
    )
}
