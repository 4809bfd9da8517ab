//! Serves the ledgers of village collectives over HTTP, so that anyone can verify them.
//!
//! [`app`] makes a router that needs no socket; [`serve`] puts one under it. [`Writer`] is the one
//! thread that owns the ledgers and writes; everything that reads goes by the snapshots that it
//! publishes. No rule of the ledger is known here: those are `ledger_core`'s.

mod api;
mod app;
mod client;
pub mod demo;
mod front;
mod language;
mod metrics;
mod openapi;
mod pages;
mod problem;
mod queue;
mod ready;
mod reference;
mod request_id;
mod served;
mod server;
mod share;
mod stop;
mod tls;
mod waiting;
mod wire;
mod witness;
mod witnessing;
mod writer;

pub use app::{app, app_behind};
pub use client::{Proxies, ProxyHeader};
pub use front::{FrontOptions, Rate};
pub use language::asked;
pub use metrics::{Metrics, metrics_app};
pub use problem::Problem;
pub use queue::SubmitError;
pub use ready::ReadyLimits;
pub use served::{Ledgers, PublishedReader, Served, ServedStore, Snapshot};
pub use server::{Connections, ServeError, serve, serve_router};
pub use stop::{STOP_FILE, SigningStop};
pub use tls::{Tls, TlsError, TlsFiles};
pub use witness::{WitnessError, WitnessService, witness_app};
pub use witnessing::{Asking, ask_witnesses};
pub use writer::{Hosting, Options, Reopen, StartError, Writer};
