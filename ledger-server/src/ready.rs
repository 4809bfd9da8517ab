//! Whether a server should be sent requests: `/readyz`.
//!
//! Not if a ledger cannot be written, if submissions wait and no checkpoint comes, or before the disk is
//! full. An old checkpoint alone is no fault: a village may have nothing to record for weeks.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger_core::language::Language;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::language::Asked;
use crate::problem::{Problem, write_fault};
use crate::served::Ledgers;
use crate::wire::{TEXT, headers};

/// How long the disk may take to say how full it is.
const DISK_TIME: Duration = Duration::from_secs(2);

/// From when on a server is not ready.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReadyLimits {
    /// How long a submission may wait for the checkpoint that holds it.
    pub longest_wait: Duration,
    /// The folder whose disk must have room; by default none is looked at.
    pub folder: Option<PathBuf>,
    /// How many bytes must be free there.
    pub free_bytes: u64,
}

impl Default for ReadyLimits {
    /// Five seconds, and 256 MiB of whatever disk is named.
    fn default() -> Self {
        Self {
            longest_wait: Duration::from_secs(5),
            folder: None,
            free_bytes: 256 << 20,
        }
    }
}

/// What `/readyz` asks.
#[derive(Clone)]
pub(crate) struct Readiness {
    pub(crate) ledgers: Ledgers,
    pub(crate) limits: Arc<ReadyLimits>,
}

/// Bytes that this process may still write in a folder.
pub(crate) fn free_bytes(folder: &Path) -> std::io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

impl Readiness {
    /// What keeps the server from being ready.
    async fn faults(&self) -> Vec<Value> {
        let mut faults = Vec::new();
        for ledger in self.ledgers.iter() {
            let slug = ledger.slug();
            if ledger.stopped().is_some() {
                faults.push(json!({ "rule": "signing_stopped", "slug": slug }));
            } else if !ledger.is_writable() {
                let why = ledger.failing();
                let rule = why.map_or("cannot_write", |why| write_fault(&why));
                faults.push(json!({ "rule": rule, "slug": slug }));
                // Who sends nothing here before it is ready would wait for ever.
                ledger.queue.mend();
            }
            let found = ledger.queue.waiting().longest();
            if found > self.limits.longest_wait {
                faults.push(json!({
                    "rule": "checkpoint_late", "slug": slug,
                    "expected_seconds": self.limits.longest_wait.as_secs(),
                    "found_seconds": found.as_secs(),
                }));
            }
        }
        faults.extend(self.disk().await);
        faults
    }

    async fn disk(&self) -> Option<Value> {
        let folder = self.limits.folder.clone()?;
        let asked = tokio::task::spawn_blocking(move || free_bytes(&folder));
        let fault = match timeout(DISK_TIME, asked).await {
            Ok(Ok(Ok(found))) if found >= self.limits.free_bytes => return None,
            Ok(Ok(Ok(found))) => json!({
                "rule": "disk_nearly_full",
                "expected_bytes": self.limits.free_bytes,
                "found_bytes": found,
            }),
            _ => json!({ "rule": "disk_unknown" }),
        };
        Some(fault)
    }
}

/// `GET /readyz`
#[utoipa::path(
    get,
    path = "/readyz",
    summary = "Whether requests may be sent here",
    responses((status = 200, description = "They may", body = String, content_type = "text/plain; charset=utf-8"))
)]
pub(crate) async fn ready(State(asked): State<Readiness>, Asked(language): Asked) -> Response {
    let faults = asked.faults().await;
    if faults.is_empty() {
        let no_store = HeaderValue::from_static("no-store");
        return (headers(TEXT, no_store), "ready\n").into_response();
    }
    not_ready(faults, language).into_response()
}

fn not_ready(faults: Vec<Value>, language: Language) -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "not_ready",
        language.pick("暂不宜接收请求", "not ready"),
        language.pick(
            "原因见 faults：账本写不了、迟迟没有新检查点，或磁盘将满。查阅照常。",
            "See faults: a ledger cannot be written, a checkpoint is late, or the disk is nearly full. Reading goes on.",
        ),
    )
    .with("faults", faults)
    .retry_after(5)
}
