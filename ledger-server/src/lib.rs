//! Serves the ledgers of village collectives over HTTP, so that anyone can verify them.
//!
//! [`app`] makes a router that needs no socket; [`serve`] puts one under it. [`Writer`] is the one
//! thread that owns the ledgers and writes; everything that reads goes by the snapshots that it
//! publishes. No rule of the ledger is known here: those are `ledger_core`'s. The command line
//! ([`command_line`]) is in this crate too: what says an event in words says it on a page and in a terminal.

// Commands name what they use of the service as any other program would.
extern crate self as ledger_server;

/// An event is many small strings: the system's allocator took a sixth of a receipt's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod agenda;
mod amendment;
mod api;
mod app;
mod assets;
mod catalogue;
mod charter_sheet;
mod client;
mod command;
mod concerns;
pub mod demo;
mod desk;
mod documents;
mod draft;
mod drafting;
mod exchange;
mod fault;
mod form;
mod front;
mod handing_in;
mod inspect;
mod intake;
mod keeping;
mod key_file;
mod language;
mod losses;
mod masking;
mod metrics;
mod mirror;
mod moment;
mod monitor;
mod named;
mod notice;
mod openapi;
mod overview;
mod pages;
mod problem;
mod queue;
mod raw_folder;
mod ready;
mod reference;
mod request_id;
mod served;
mod server;
mod shape;
mod share;
mod signature;
mod signed_url;
mod signers;
mod source_arg;
mod stop;
mod table;
mod takeover;
mod tenure;
mod terminal;
mod timeline;
mod tls;
mod typed;
mod url_source;
mod waiting;
mod wire;
mod witness;
mod witnessing;
mod words;
mod writer;

pub use app::{app, app_behind};
pub use client::{Proxies, ProxyHeader};
pub use command::main as command_line;
pub use desk::{DESK_FOLDER, DeskError};
pub use documents::DocumentLimits;
pub use front::{FrontOptions, Rate};
pub use language::asked;
pub use metrics::{Metrics, metrics_app};
pub use problem::Problem;
pub use queue::SubmitError;
pub use ready::ReadyLimits;
pub use served::{Ledgers, PublishedReader, Served, ServedStore, Snapshot};
pub use server::{Connections, ServeError, serve, serve_router};
pub use signature::{
    CONTENT_DIGEST, SIGNATURE, SIGNATURE_INPUT, SignatureError, SignedParts, content_digest,
    sign_request,
};
pub use stop::{STOP_FILE, SigningStop};
pub use tls::{Tls, TlsError, TlsFiles};
pub use witness::{WitnessError, WitnessService, witness_app};
pub use witnessing::{Asking, ask_witnesses};
pub use writer::{Hosting, Options, Reopen, StartError, Writer};
