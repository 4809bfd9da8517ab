//! What was typed into a form, read: the event's body as far as it goes, and all that is wrong with it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use ledger_core::event::Event;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::super::visit::Visit;
use super::super::super::{NoPage, Scene};
use super::{About, GIVEN, kinds, source};
use crate::desk::request;
use crate::drafting::Drafting;
use crate::problem::Problem;
use crate::served::Served;
use crate::shape::{self, Leaf, Shape};
use crate::typed::{Read, Reader, Unfit};

/// A form as it stands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    kind: String,
    #[serde(default)]
    transaction: Option<String>,
    #[serde(default)]
    concern: Option<String>,
    typed: Map<String, Value>,
}

/// `POST /<slug>/desk/typed`: reads what was typed into a form.
#[utoipa::path(
    post,
    path = "/desk/typed",
    summary = "Read what was typed into a form",
    request_body(content = String, description = "`kind`, `transaction` or `concern`, and `typed`: the form's fields as text", content_type = "application/json"),
    responses(
        (status = 200, description = "The body as far as it could be read, the faults at their fields, what is missing, amounts as they were understood, and what votes need", body = String, content_type = "application/json"),
        (status = 400, description = "No form", body = String, content_type = "application/problem+json"),
        (status = 401, description = "Nobody is signed in", body = String, content_type = "application/problem+json"),
        (status = 404, description = "No such kind, transaction or concern", body = String, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn typed(
    State(ledger): State<Arc<Served>>,
    visit: Visit,
    request: Request,
) -> Result<Response, Problem> {
    let l = visit.language;
    let sitting = request::asking(&ledger, &request, l)?;
    let snapshot = ledger.snapshot();
    let typed: Typed = request::json(request, l).await?;
    let scene = Scene {
        snapshot,
        ledger,
        visit,
    };
    let read = request::working(l, move || {
        answer(&scene, sitting.member, &typed).map_err(|no_page| no_page.into_problem(l))
    });
    Ok(request::answered(StatusCode::OK, &read.await?))
}

fn answer(scene: &Scene, member: ledger_core::MemberId, typed: &Typed) -> Result<Value, NoPage> {
    let l = scene.visit.language;
    let named = kinds().find(|known| *known == typed.kind);
    let kind = named.ok_or(NoPage::Missing)?;
    let about = About::named(typed.transaction.as_deref(), typed.concern.as_deref())?;
    let state = about.state(scene)?;
    let stream = about
        .stream(scene, kind, &state)
        .map_err(|_| NoPage::Missing)?;
    let transaction = about.transaction.as_ref();
    let drafting = Drafting::of(kind, stream, transaction, &state, (member, l));
    let drafting = drafting.ok_or(NoPage::Missing)?;
    let mut read = read(&drafting, typed)?;
    if let Some(documents) = typed.typed.get("documents") {
        read.body.insert("documents".to_owned(), documents.clone());
    }
    let mut notes = Vec::new();
    let ballot = match kind {
        "member_vote" => Some((String::new(), Value::Object(read.body.clone()))),
        "charter_adopted" => read
            .body
            .get("vote")
            .map(|vote| ("vote.".to_owned(), vote.clone())),
        _ => None,
    };
    if let Some((above, ballot)) = ballot {
        let told = source::votes(l, drafting.charter, &ballot);
        notes.extend(
            told.into_iter()
                .map(|(field, said)| (format!("{above}{field}"), said)),
        );
    }
    for (field, fen) in &read.amounts {
        let tens_of_thousands = fen.get() / 1_000_000;
        if tens_of_thousands > 0 {
            let exact = fen.get() % 1_000_000 == 0;
            let about = if exact { "=" } else { "≈" };
            notes.push((
                field.clone(),
                l.pick(
                    format!("= {fen} 元（{about} {tens_of_thousands} 万元）"),
                    format!("= ¥{fen}"),
                ),
            ));
        }
    }
    let fault = |unfit: &Unfit| json!({"field": unfit.field, "detail": unfit.said, "instead": unfit.instead});
    let note = |(field, said): &(String, String)| json!({"field": field, "detail": said});
    Ok(json!({
        "body": read.body,
        "faults": read.faults.iter().map(fault).collect::<Vec<_>>(),
        "missing": read.missing.iter().map(|field| json!({
            "field": field,
            "name": shape::name_of(kind, field, l),
        })).collect::<Vec<_>>(),
        "notes": notes.iter().map(note).collect::<Vec<_>>(),
    }))
}

fn read(drafting: &Drafting<'_>, typed: &Typed) -> Result<Read, NoPage> {
    let kind = drafting.kind;
    let Some(Shape::Object(mut fields)) = shape::of_event(kind) else {
        return Err(NoPage::Missing);
    };
    let mut typed = typed.typed.clone();
    typed.remove("documents");
    let reader = Reader {
        language: drafting.language,
        kind,
        offset_minutes: drafting.charter.calendar.utc_offset_minutes(),
        given: &GIVEN,
    };
    if kind != "corrected" {
        return Ok(reader.read(&fields, &typed));
    }
    let value = typed.remove("value").unwrap_or_default();
    fields.retain(|field| field.name != "value");
    let mut read = reader.read(&fields, &typed);
    let transaction = drafting.state.transaction_of(&drafting.stream);
    let entry = read.body.get("entry").and_then(Value::as_u64);
    let original: Option<&Event> = entry.and_then(|entry| transaction?.correctable(entry));
    let field = read.body.get("field").and_then(Value::as_str);
    let leaf = original.and_then(|original| Leaf::at(original, field?));
    let (Some(original), Some(leaf)) = (original, leaf) else {
        return Ok(read);
    };
    let reader = Reader {
        kind: original.kind(),
        ..reader
    };
    // A field that may be left out is taken away by leaving it empty.
    let (of_value, value) = reader.one(&leaf.names, &leaf.shape, &value);
    let left_out = of_value.missing == ["value"] && leaf.optional;
    if !left_out {
        read.body.insert("value".to_owned(), value);
        read.faults.extend(of_value.faults);
        read.missing.extend(of_value.missing);
        read.amounts.extend(of_value.amounts);
    }
    Ok(read)
}
