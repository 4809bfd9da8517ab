//! A village collective's transactions as an append-only, signed event log with three publication points.
//! (三资账)
//!
//! Bytes become an entry along one straight line, and nothing else makes one:
//!
//! ```text
//! bytes ─parse→ SignedEvent ─authenticate→ AuthenticEvent ─admit→ Entry | Refusal
//!       ─append→ durable ─push→ tree ─sign→ SignedCheckpoint ─publish→ receipt
//! ```
//!
//! The auditor runs the same functions as the server. Embedding takes about fifteen lines:
//!
//! ```
//! use ledger_core::{Charter, Event, Ledger, LogTime, MemoryStore, SigningKey, Statement, StreamId};
//! use ledger_core::event::LedgerOpened;
//! use ledger_core::hash::Hash;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let chair = SigningKey::from_seed("sanzi.example.org/donglang/chair", &[1; 32])?;
//! let supervisor = SigningKey::from_seed("sanzi.example.org/donglang/jian", &[2; 32])?;
//! let log_key = SigningKey::from_seed("sanzi.example.org/donglang", &[9; 32])?;
//! let opened: LedgerOpened = serde_json::from_value(serde_json::json!({
//!     "origin": "sanzi.example.org/donglang", "training": true,
//!     "collective": { "name": "东塱经济联社", "credit_code": "N1440606766567748T",
//!                     "region": "广东省广州市荔湾区", "reports_to": "街道三资办，荔湾区某路 1 号" },
//!     "charter": Charter::parse(Charter::default_text())?,
//!     "members": [
//!         { "member": "chair", "name": "陈*", "key": chair.verifier(), "roles": ["chair"] },
//!         { "member": "jian", "name": "梁*", "key": supervisor.verifier(), "roles": ["supervisor"] } ]
//! }))?;
//! let founding = Statement::new(StreamId::Ledger, Hash::ZERO, "2018-01-02T09:00:00+08:00".parse()?,
//!     Event::LedgerOpened(Box::new(opened))).sign([&chair, &supervisor])?;
//! let now: LogTime = "2018-01-02T01:00:05Z".parse()?;
//! let (ledger, receipt) = Ledger::create(MemoryStore::new(), log_key, &founding, now)?;
//! assert!(receipt.proof.verify(&receipt.leaf, ledger.log_key()).is_ok());
//! # Ok(())
//! # }
//! ```
//!
//! `examples/embed.rs` goes on from there: a step that the rules refuse, one that they admit, an
//! audit by somebody who trusts only the pinned keys.
//!
//! Features: `local` (default) is the embedded store, `keyfile` (default) reads and writes encrypted
//! key files, `schema` gives JSON Schemas. Without default features there is no file, thread, clock
//! or randomness: what a verifier embeds, also in wasm32.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod admit;
pub mod audit;
pub mod authenticate;
pub mod calendar;
pub mod canonical;
pub mod category;
pub mod charter;
pub mod checkpoint;
pub mod commitment;
pub mod concern;
pub mod contract;
pub mod cosignature;
pub mod dealing;
pub mod disclosure;
pub mod event;
pub mod evolve;
pub mod flags;
pub mod hash;
pub mod identifier;
pub mod key;
#[cfg(feature = "keyfile")]
pub mod keyfile;
pub mod language;
pub mod ledger;
pub mod money;
pub mod name;
pub mod note;
pub mod oversight;
pub mod papers;
mod parallel;
pub mod policy;
pub mod privacy;
pub mod proof;
pub mod record;
pub mod recorded;
pub mod refusal;
pub mod reread;
pub mod role;
pub mod roster;
#[cfg(feature = "schema")]
pub mod schema;
pub mod signing;
pub mod source;
pub mod state;
pub mod step;
pub mod store;
pub mod text;
pub mod tile;
pub mod time;
pub mod totals;
pub mod transaction;
pub mod tree;
pub mod witness;

pub use admit::Entry;
pub use audit::{Expected, Pins, audit};
pub use charter::Charter;
pub use event::{Event, SignedEvent, Statement};
pub use key::{SigningKey, VerifierKey};
pub use language::Language;
pub use ledger::{AppendError, Ledger, LedgerError, Receipt};
pub use name::{MemberId, Origin, StreamId, TransactionId};
pub use refusal::Refusal;
pub use role::Role;
pub use step::{PublicationPoint, Step};
pub use store::Store;
pub use store::memory::MemoryStore;
pub use time::{LogTime, StatedTime};
