//! Contracts already in force, from a sheet: what each row becomes, for the page that signs them.
//!
//! Reads what is sent and keeps nothing: what is signed is handed in as any draft.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger_core::event::Event;
use ledger_core::name::StreamId;
use ledger_core::{Language, MemberId, TransactionId};
use serde::Serialize;
use utoipa::ToSchema;

use super::request::{answered, asking, no_view, working};
use super::standing::Standing;
use crate::api;
use crate::fault::in_language;
use crate::language::Asked;
use crate::problem::Problem;
use crate::served::{Served, Snapshot};
use crate::takeover::{
    FILE_LIMIT, Judge, Judged, Known, Outcome, Sheet, report, template_csv, template_xlsx,
};

/// A sheet, judged.
#[derive(Serialize, ToSchema)]
pub(crate) struct Read {
    /// What is to be said of the sheet as a whole.
    notes: Vec<String>,
    /// Whether the charter has the member who asks sign such records.
    mine: bool,
    /// What became of each row, in order.
    rows: Vec<ReadRow>,
}

/// A row, judged.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReadRow {
    /// Its number, as the spreadsheet shows it.
    number: u32,
    /// The contract's number, as far as there is one.
    contract: String,
    /// The asset, as far as it is named.
    asset: String,
    /// `ready`, `recorded`, `waiting` or `wrong`.
    outcome: &'static str,
    /// The transaction that it opens, or that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<String>,
    /// The exact text to sign, if it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<String>,
    /// What was understood or filled in.
    notes: Vec<String>,
    /// All that is wrong with it.
    faults: Vec<RowFault>,
}

/// Something wrong with a row.
#[derive(Serialize, ToSchema)]
pub(crate) struct RowFault {
    /// The cell, as `C5`; empty if it is the row as a whole.
    cell: String,
    /// The heading of its column.
    column: &'static str,
    /// What is wrong, and what would do.
    detail: String,
}

impl ReadRow {
    fn of(row: &Judged) -> Self {
        let (outcome, transaction) = match &row.outcome {
            Outcome::Ready(statement) => ("ready", transaction_of(&statement.stream)),
            Outcome::Recorded(id) => ("recorded", Some(id)),
            Outcome::Waiting(id) => ("waiting", Some(id)),
            Outcome::Wrong(_) => ("wrong", None),
        };
        let statement = match &row.outcome {
            Outcome::Ready(statement) => statement.to_text().ok(),
            _ => None,
        };
        let faults = match &row.outcome {
            Outcome::Wrong(faults) => faults.as_slice(),
            _ => &[],
        };
        Self {
            number: row.number,
            contract: row.contract.clone(),
            asset: row.asset.clone(),
            outcome,
            transaction: transaction.map(ToString::to_string),
            statement,
            notes: row.notes.clone(),
            faults: faults
                .iter()
                .map(|fault| RowFault {
                    cell: fault.cell.clone(),
                    column: fault.column,
                    detail: fault.said.clone(),
                })
                .collect(),
        }
    }
}

fn transaction_of(stream: &StreamId) -> Option<&TransactionId> {
    match stream {
        StreamId::Transaction(id) => Some(id),
        StreamId::Ledger | StreamId::Concern(_) => None,
    }
}

/// `POST /<slug>/desk/import`
#[utoipa::path(
    post,
    path = "/desk/import",
    summary = "Read a sheet of contracts made before the ledger",
    request_body(content = String, description = "CSV or XLSX, at most 8 MiB", content_type = "application/octet-stream"),
    responses((status = 200, description = "What each row becomes. Nothing is kept", body = Read, content_type = "application/json"))
)]
pub(crate) async fn read(
    State(ledger): State<Arc<Served>>,
    Asked(language): Asked,
    request: Request,
) -> Result<Response, Problem> {
    let sheet = judged(&ledger, language, request).await?;
    let read = Read {
        notes: sheet.notes,
        mine: sheet.mine,
        rows: sheet.rows.iter().map(ReadRow::of).collect(),
    };
    Ok(answered(StatusCode::OK, &read))
}

/// `POST /<slug>/desk/import/report`
#[utoipa::path(
    post,
    path = "/desk/import/report",
    summary = "What became of each row of a sheet, as CSV",
    request_body(content = String, description = "CSV or XLSX, at most 8 MiB", content_type = "application/octet-stream"),
    responses((status = 200, description = "A row for each fault, and one for each row without", body = String, content_type = "text/csv; charset=utf-8"))
)]
pub(crate) async fn told(
    State(ledger): State<Arc<Served>>,
    Asked(language): Asked,
    request: Request,
) -> Result<Response, Problem> {
    let sheet = judged(&ledger, language, request).await?;
    let bytes = report(&sheet).map_err(|_| Problem::fault(language))?;
    Ok(file(bytes, CSV, "attachment; filename=\"report.csv\""))
}

const CSV: &str = "text/csv; charset=utf-8";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

fn file(bytes: Vec<u8>, kind: &'static str, name: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_DISPOSITION, HeaderValue::from_static(name)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::OK, headers, bytes).into_response()
}

/// `GET /<slug>/desk/import/template.csv`
#[utoipa::path(
    get,
    path = "/desk/import/template.csv",
    summary = "The sheet to fill in, as CSV",
    responses((status = 200, description = "The headings and an example", body = String, content_type = "text/csv; charset=utf-8"))
)]
pub(crate) async fn csv_template(Asked(language): Asked) -> Result<Response, Problem> {
    let bytes = template_csv().map_err(|_| Problem::fault(language))?;
    Ok(file(bytes, CSV, "attachment; filename=\"contracts.csv\""))
}

/// `GET /<slug>/desk/import/template.xlsx`
#[utoipa::path(
    get,
    path = "/desk/import/template.xlsx",
    summary = "The sheet to fill in, as XLSX",
    responses((status = 200, description = "The headings, an example, and what each column wants", body = String, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))
)]
pub(crate) async fn xlsx_template(Asked(language): Asked) -> Result<Response, Problem> {
    let bytes = template_xlsx().map_err(|_| Problem::fault(language))?;
    Ok(file(bytes, XLSX, "attachment; filename=\"contracts.xlsx\""))
}

async fn judged(
    ledger: &Arc<Served>,
    language: Language,
    request: Request,
) -> Result<Sheet, Problem> {
    let sitting = asking(ledger, &request, language)?;
    let snapshot = ledger.snapshot();
    let body: Bytes = api::body(request, FILE_LIMIT, language).await?;
    let ledger = Arc::clone(ledger);
    working(language, move || {
        sheet(&ledger, &snapshot, sitting.member, language, &body)
    })
    .await
}

fn sheet(
    ledger: &Served,
    snapshot: &Arc<Snapshot>,
    signer: MemberId,
    language: Language,
    bytes: &[u8],
) -> Result<Sheet, Problem> {
    let standing = Standing::of(ledger, snapshot, &[]).map_err(|e| no_view(e, language))?;
    let judge = Judge {
        known: &known(ledger, snapshot, standing.now, language)?,
        language,
        now: standing.now,
        signer,
        state: &standing.state,
    };
    Sheet::read(bytes, &judge).map_err(|error| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "no_sheet",
            language.pick("读不出这张表", "not a sheet that can be read"),
            in_language(&error.to_string(), language),
        )
    })
}

/// The contracts that are recorded, and those of which a draft waits.
fn known(
    ledger: &Served,
    snapshot: &Arc<Snapshot>,
    now: ledger_core::LogTime,
    language: Language,
) -> Result<Known, Problem> {
    let view = ledger.catalogue.view(snapshot, now);
    let view = view.map_err(|error| no_view(error, language))?;
    let mut known = Known::default();
    for summary in &view.transactions {
        known.add(&summary.id, summary.contract_number.as_deref());
    }
    let is_one = |event: &Event| matches!(event, Event::ContractTakenOver(_));
    let drafts = ledger
        .desk
        .inbox()
        .map(|inbox| inbox.all(|draft| draft.ended.is_none() && is_one(&draft.statement.event)));
    let drafts = drafts.unwrap_or_default();
    let streams = drafts.iter().map(|draft| &draft.statement.stream);
    let waiting: BTreeSet<TransactionId> = streams.filter_map(transaction_of).cloned().collect();
    known.waiting = waiting;
    Ok(known)
}
