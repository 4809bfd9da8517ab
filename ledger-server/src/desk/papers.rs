//! The desk's requests about documents: handed in by whoever sits there, until an entry names them.
//!
//! As [`crate::documents`] takes them from programs, but that the session says who it is. What comes is
//! checked against its name; a private document is its salt, 32 bytes, and what follows.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use ledger_core::store::local::DocumentName;

use super::request::asking;
use crate::documents::{name, take};
use crate::language::Asked;
use crate::problem::Problem;
use crate::served::Served;

/// `PUT /<slug>/desk/documents/<sha256>`
#[utoipa::path(
    put,
    path = "/desk/documents/{sha256}",
    summary = "Hand in a public document at the desk",
    params(("sha256" = String, Path, description = "Its digest, 64 hexadecimal digits")),
    request_body(content = Vec<u8>, description = "The document", content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "It is in its place"),
        (status = 202, description = "It waits for an entry that names it"),
    )
)]
pub(crate) async fn public(
    State(ledger): State<Arc<Served>>,
    Asked(language): Asked,
    digest: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let sitting = asking(&ledger, &request, language)?;
    let name = DocumentName::Public(name(digest, language)?);
    take(&ledger, (sitting.member, None), name, request, language).await
}

/// `PUT /<slug>/desk/private/<commitment>`
#[utoipa::path(
    put,
    path = "/desk/private/{commitment}",
    summary = "Hand in a private document at the desk",
    params(("commitment" = String, Path, description = "Its commitment, 64 hexadecimal digits")),
    request_body(content = Vec<u8>, description = "The salt, 32 bytes, and the document", content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "It is in its place"),
        (status = 202, description = "It waits for an entry that names it"),
    )
)]
pub(crate) async fn private(
    State(ledger): State<Arc<Served>>,
    Asked(language): Asked,
    commitment: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let sitting = asking(&ledger, &request, language)?;
    let name = DocumentName::Private(name(commitment, language)?);
    take(&ledger, (sitting.member, None), name, request, language).await
}
