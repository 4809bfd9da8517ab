//! What keeps a ledger over the years: fsck, mirrors, backups, recovery, all by the real binary.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../scene/mod.rs"]
mod scene;
#[path = "../year/mod.rs"]
mod year;

mod backup;
#[cfg(feature = "s3")]
mod bucket;
mod fsck;
mod house;
mod loss;
mod mirror;
mod recover;
mod site;
