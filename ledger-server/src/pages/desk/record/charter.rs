//! The charter's sheet: every value of the charter in force to be changed, what changes, and the clear sheet as
//! it would hang there. (章程修订)
//!
//! The sheet is the form of `charter_adopted`, made from the charter's shape like any other form: what is typed
//! goes through [`super::answered`], what it would change is told by [`crate::amendment`].

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ledger_core::Language;
use ledger_core::charter::{Charter, CharterError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::charter::{ClearSheet, Row};
use super::super::super::shell::Shell;
use super::super::super::visit::Visit;
use super::super::super::{NoPage, Scene};
use super::carried::Carried;
use super::control::{Control, Drawn, Item, Maker, typed_as};
use super::source::Sources;
use super::{About, GIVEN, not_now, signs};
use crate::amendment::Amendment;
use crate::charter_sheet;
use crate::desk::request;
use crate::drafting::Drafting;
use crate::problem::Problem;
use crate::served::Served;
use crate::shape::{self, Shape};
use crate::typed;

/// The kind of event.
pub(super) const KIND: &str = "charter_adopted";

#[derive(Template)]
#[template(path = "pages/desk/charter.html")]
struct Page {
    s: Shell,
    kind: &'static str,
    transaction: &'static str,
    concern: &'static str,
    member: String,
    largest: u64,
    publishes: bool,
    /// The version in force, and the entry that adopted it.
    version: u32,
    from: u64,
    signs: Vec<(String, String)>,
    not_now: Option<String>,
    /// Title and version.
    head: Vec<Item>,
    steps: Vec<(Row, Item)>,
    parts: Vec<Item>,
    /// How it is adopted.
    adopted: Vec<Item>,
}

/// `GET /<slug>/desk/charter`: the charter in force as a sheet to be changed.
#[utoipa::path(
    get,
    path = "/desk/charter",
    summary = "The charter in force as a sheet to be changed",
    responses(
        (status = 200, description = "The charter in force as a sheet to be changed", body = String, content_type = "text/html; charset=utf-8"),
        (status = 401, description = "Nobody is signed in", body = String, content_type = "text/html; charset=utf-8"),
    )
)]
pub(crate) async fn charter(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    headers: HeaderMap,
) -> Response {
    super::super::signed_in(ledger, visit, &headers, |scene, sitting| {
        let about = About::default();
        let state = about.state(scene)?;
        let stream = about.stream(scene, KIND, &state);
        let stream = stream.map_err(|_| NoPage::Missing)?;
        let who = (sitting.member.clone(), scene.visit.language);
        let drafting = Drafting::of(KIND, stream, None, &state, who).ok_or(NoPage::Missing)?;
        Ok(Page::of(scene, &drafting)?.render()?)
    })
    .await
}

impl Page {
    fn of(scene: &Scene, drafting: &Drafting<'_>) -> Result<Self, NoPage> {
        let in_force = drafting.ledger.charters.last().ok_or(NoPage::Missing)?;
        let title = ("修订章程（明白纸和规则）", "Amend the charter");
        let mut adopted = items(drafting)?;
        let of_charter = taken(&mut adopted, "charter");
        let mut parts = of_charter.ok_or(NoPage::Fault)?;
        let steps = taken(&mut parts, "steps").ok_or(NoPage::Fault)?;
        let head = ["title", "version"];
        let (head, parts) = parts
            .into_iter()
            .partition(|item| head.contains(&item.name.as_str()));
        let rows = ClearSheet::of(scene, &in_force.charter, None).rows;
        Ok(Self {
            s: super::super::shell(scene, "charter", title)?,
            kind: KIND,
            transaction: "",
            concern: "",
            member: drafting.signer.to_string(),
            largest: scene.ledger.counter.limits.document_bytes,
            publishes: false,
            version: in_force.charter.version,
            from: in_force.from,
            signs: signs(drafting),
            not_now: not_now(scene, drafting),
            head,
            steps: rows.into_iter().zip(steps).collect(),
            parts,
            adopted,
        })
    }

    /// A field as HTML.
    fn drawn<'a>(&self, item: &'a Item) -> Drawn<'a> {
        Drawn::of(item)
    }
}

/// The controls of the whole event, the charter's with the values in force under the next version.
fn items(drafting: &Drafting<'_>) -> Result<Vec<Item>, NoPage> {
    let Some(Shape::Object(fields)) = shape::of_event(KIND) else {
        return Err(NoPage::Fault);
    };
    let carried = Carried::of_charter(proposed(drafting.charter, drafting.charter.version));
    let sources = Sources {
        l: drafting.language,
        charter: drafting.charter,
        kind: KIND,
        category: None,
    };
    // What is said of the event's fields is not said of the charter's own.
    let source = |path: &str| match path.starts_with("charter") {
        true => String::new(),
        false => sources.at(path),
    };
    let maker = Maker {
        l: drafting.language,
        offset_minutes: drafting.charter.calendar.utc_offset_minutes(),
        choices: Vec::new(),
        carried: &carried,
        source: &source,
        given: &GIVEN,
        many: 0,
    };
    Ok(maker.items(&fields))
}

/// A charter's rows, to follow the version that is in force.
fn proposed(charter: &Charter, in_force: u32) -> Value {
    let mut rows = charter_sheet::rows(serde_json::to_value(charter).unwrap_or_default());
    if let Some(version) = rows.get_mut("version") {
        *version = json!(in_force.saturating_add(1));
    }
    rows
}

/// Takes the fields of a group out of a list.
fn taken(items: &mut Vec<Item>, name: &str) -> Option<Vec<Item>> {
    let place = items.iter().position(|item| item.name == name)?;
    match items.remove(place).control {
        Control::Group(items) => Some(items),
        _ => None,
    }
}

/// Where the sheet is to be begun from.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Begin {
    /// The charter in force.
    InForce,
    /// The one that ships with the library.
    Default,
    /// A charter's file: its text.
    File(String),
}

/// `POST /<slug>/desk/charter/sheet`: a charter as the sheet's fields hold it.
#[utoipa::path(
    post,
    path = "/desk/charter/sheet",
    summary = "A charter as the fields of the sheet",
    request_body(content = String, description = "`in_force`, `default`, or `file` with the text of what `sanzi charter` prints", content_type = "application/json"),
    responses(
        (status = 200, description = "The fields as text", body = String, content_type = "application/json"),
        (status = 401, description = "Nobody is signed in", body = String, content_type = "application/problem+json"),
        (status = 422, description = "The charter is at fault: where, and what", body = String, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn sheet(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    request: Request,
) -> Result<Response, Problem> {
    let l = visit.language;
    request::asking(&ledger, &request, l)?;
    let begin: Begin = request::json(request, l).await?;
    let snapshot = ledger.snapshot();
    let in_force = snapshot.state.charter_at(snapshot.size());
    let read = |text: &str| Charter::parse(text).map_err(|error| at_fault(l, &error));
    let rows = match &begin {
        Begin::InForce => proposed(in_force, in_force.version),
        Begin::Default => proposed(&read(Charter::default_text())?, in_force.version),
        // Whoever has made a file has numbered it.
        Begin::File(text) => {
            charter_sheet::rows(serde_json::to_value(read(text)?).unwrap_or_default())
        }
    };
    let shape = Shape::Object(shape::of_charter().to_vec());
    let offset = in_force.calendar.utc_offset_minutes();
    let typed = typed_as(&shape, Some(&rows), offset);
    Ok(request::answered(
        StatusCode::OK,
        &json!({ "typed": typed }),
    ))
}

fn at_fault(l: Language, error: &CharterError) -> Problem {
    let path = error.path.as_str();
    let said = typed::charter_fault(l, path, &error.fault);
    let field = format!("charter.{path}");
    let named = shape::name_of(KIND, &field, l).unwrap_or_else(|| path.to_owned());
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "malformed_charter",
        l.pick("章程有误", "the charter is at fault"),
        l.pick(
            format!("「{named}」：{said}。请改好后再打开，表里的内容没有变。"),
            format!("{named}: {said}. Correct it and open it again; the sheet is as it was."),
        ),
    )
    .with("field", field)
}

/// A charter that somebody thinks of adopting.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proposed {
    /// Whether it would govern open transactions, too, once that is said.
    #[serde(default)]
    applies_to_open: Option<bool>,
    charter: Value,
}

/// What a charter would change, and how it would hang there.
#[derive(Template)]
#[template(path = "pages/desk/proposed.html")]
struct Seen {
    s: Shell,
    proposal: Proposal,
}

/// A charter that is not in force, beside the one that is, or was.
pub(in super::super) struct Proposal {
    pub(in super::super) amendment: Amendment,
    pub(in super::super) sheet: ClearSheet,
    /// Whether it governs open transactions, if that has been said.
    pub(in super::super) applies_to_open: Option<bool>,
    /// How many transactions are open.
    pub(in super::super) open: usize,
    /// The digest of the whole, as it is shown to who signs.
    pub(in super::super) digest: String,
}

impl Proposal {
    pub(in super::super) fn of(
        scene: &Scene,
        before: &Charter,
        after: &Charter,
        applies_to_open: Option<bool>,
    ) -> Result<Self, NoPage> {
        let view = scene.view()?;
        let all = view.transactions.iter();
        let whole = serde_json::to_value(after).ok();
        let bytes = whole.and_then(|whole| ledger_core::canonical::to_vec(&whole).ok());
        let digest = bytes.map(|bytes| ledger_core::hash::Digest::of(&bytes).to_string());
        Ok(Self {
            amendment: Amendment::between(scene.visit.language, before, after),
            sheet: ClearSheet::of(scene, after, None),
            applies_to_open,
            open: all.filter(|summary| !summary.standing.is_closed()).count(),
            digest: crate::key_file::grouped(&digest.unwrap_or_default()),
        })
    }
}

/// `POST /<slug>/desk/charter/proposed`: what a charter would change, and its clear sheet.
#[utoipa::path(
    post,
    path = "/desk/charter/proposed",
    summary = "What a charter would change, and its clear sheet",
    request_body(content = String, description = "`charter`, and `applies_to_open` if that has been said", content_type = "application/json"),
    responses(
        (status = 200, description = "Part of a page", body = String, content_type = "application/json"),
        (status = 401, description = "Nobody is signed in", body = String, content_type = "application/problem+json"),
        (status = 422, description = "The charter is at fault: where, and what", body = String, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn proposed_page(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    request: Request,
) -> Result<Response, Problem> {
    let l = visit.language;
    request::asking(&ledger, &request, l)?;
    let wanted: Proposed = request::json(request, l).await?;
    let charter = Charter::parse(&wanted.charter.to_string());
    let charter = charter.map_err(|error| at_fault(l, &error))?;
    let scene = Scene {
        snapshot: ledger.snapshot(),
        ledger,
        visit,
    };
    let page = request::working(l, move || {
        let seen = Seen::of(&scene, &charter, wanted.applies_to_open);
        seen.and_then(|seen| Ok(seen.render()?))
            .map_err(|no_page| no_page.into_problem(l))
    });
    let page = page.await?;
    Ok(request::answered(StatusCode::OK, &json!({ "page": page })))
}

impl Seen {
    fn of(scene: &Scene, charter: &Charter, applies: Option<bool>) -> Result<Self, NoPage> {
        let in_force = scene.snapshot.state.charter_at(scene.snapshot.size());
        Ok(Self {
            s: super::super::shell(scene, "charter", ("章程草稿", "Draft of a charter"))?,
            proposal: Proposal::of(scene, in_force, charter, applies)?,
        })
    }
}
