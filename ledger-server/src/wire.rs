//! The static files of a log: checkpoint, tiles and entry bundles. Follows C2SP tlog-tiles.
//!
//! What is beyond the published size is not there, whatever the store holds. Partial tiles are served
//! for every size up to the published one, for as long as the ledger exists.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use ledger_core::language::Language;
use ledger_core::ledger::LedgerError;
use ledger_core::store::stored_hashes;
use ledger_core::tile::{Tile, TileError, TileLevel, encode_bundle, encode_hashes};

use crate::language::Asked;
use crate::problem::Problem;
use crate::served::{Served, Snapshot};

/// The type of notes, proofs and checkpoints.
pub(crate) const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The type of tiles, bundles and documents.
pub(crate) const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// For what never changes.
pub(crate) const FOR_EVER: HeaderValue =
    HeaderValue::from_static("public, max-age=31536000, immutable");

/// For what changes with the next commit.
pub(crate) const BRIEFLY: HeaderValue = HeaderValue::from_static("public, max-age=2");

/// The two headers that every file has.
pub(crate) fn headers(kind: HeaderValue, cache: HeaderValue) -> [(HeaderName, HeaderValue); 2] {
    [(CONTENT_TYPE, kind), (CACHE_CONTROL, cache)]
}

/// `GET /<slug>/checkpoint`
#[utoipa::path(
    get,
    path = "/checkpoint",
    summary = "The newest checkpoint",
    responses((status = 200, description = "The signed tree head, with the cosignatures it has by now", body = String, content_type = "text/plain; charset=utf-8"))
)]
pub(crate) async fn checkpoint(State(ledger): State<Arc<Served>>) -> Response {
    let checkpoint = ledger.snapshot().checkpoint.to_bytes();
    (headers(TEXT, BRIEFLY), checkpoint).into_response()
}

/// `GET /<slug>/tile/entries/<N>[.p/<W>]`
#[utoipa::path(
    get,
    path = "/tile/entries/{*path}",
    summary = "Entries",
    params(("path" = String, Path, description = "`<N>`, or `<N>.p/<W>` with its stroke as it is, as tlog-tiles has it", example = "000", pattern = "^(x[0-9]{3}/)*[0-9]{3}(\\.p/[1-9][0-9]{0,2})?$")),
    responses((status = 200, description = "Up to 256 entries, each after its length in two bytes", body = Vec<u8>, content_type = "application/octet-stream"))
)]
pub(crate) async fn entries(
    ledger: State<Arc<Served>>,
    asked: Asked,
    uri: Uri,
) -> Result<Response, Problem> {
    tile(ledger, asked, uri).await
}

/// `GET /<slug>/tile/<L>/<N>[.p/<W>]`
#[utoipa::path(
    get,
    path = "/tile/{level}/{*path}",
    summary = "Hashes of the tree",
    params(("level" = u8, Path, description = "The level of the tile", example = 0, maximum = 63), ("path" = String, Path, description = "`<N>`, or `<N>.p/<W>` with its stroke as it is, as tlog-tiles has it", example = "000", pattern = "^(x[0-9]{3}/)*[0-9]{3}(\\.p/[1-9][0-9]{0,2})?$")),
    responses((status = 200, description = "Up to 256 hashes of 32 bytes each", body = Vec<u8>, content_type = "application/octet-stream"))
)]
pub(crate) async fn tile(
    State(ledger): State<Arc<Served>>,
    Asked(language): Asked,
    uri: Uri,
) -> Result<Response, Problem> {
    // The path as it was sent: another spelling of it, percent-encoded, is another path.
    let path = uri.path().trim_start_matches('/');
    let tile: Tile = path.parse().map_err(|_| Problem::not_found(language))?;
    let snapshot = ledger.snapshot();
    if !is_published(&tile, snapshot.size()) {
        return Err(beyond(&tile, snapshot.size(), language));
    }
    let bytes = reading(language, move || read_tile(&snapshot, &tile)).await?;
    Ok((headers(BYTES, FOR_EVER), bytes).into_response())
}

/// Runs a read that may wait for a disk where it holds up nobody.
pub(crate) async fn reading<T: Send + 'static>(
    language: Language,
    read: impl FnOnce() -> Result<T, LedgerError> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(read).await {
        Ok(read) => read.map_err(|error| Problem::of_read(&error, language)),
        Err(error) => {
            tracing::error!(%error, "a read broke off");
            Err(Problem::fault(language))
        }
    }
}

fn is_published(tile: &Tile, size: u64) -> bool {
    let items = stored_hashes(size, tile.level().number());
    tile.first() + u64::from(tile.width()) <= items
}

fn beyond(tile: &Tile, size: u64, language: Language) -> Problem {
    Problem::new(
        axum::http::StatusCode::NOT_FOUND,
        "no_tile",
        language.pick("没有这个瓦片", "no such tile"),
        language.pick(
            format!("已公布的账本有 {size} 条，还没有 {tile}。"),
            format!("The published log has {size} entries and no {tile} yet."),
        ),
    )
    .with("size", size)
}

fn read_tile(snapshot: &Snapshot, tile: &Tile) -> Result<Vec<u8>, LedgerError> {
    let count = usize::from(tile.width());
    let encoded = match tile.level() {
        TileLevel::Entries => encode_bundle(&snapshot.reader.entries(tile.first(), count)?),
        TileLevel::Hashes(level) => {
            encode_hashes(&snapshot.reader.read_hashes(level, tile.first(), count)?)
        }
    };
    encoded.map_err(|error: TileError| LedgerError::Entry {
        index: tile.first(),
        fault: error.to_string(),
    })
}
