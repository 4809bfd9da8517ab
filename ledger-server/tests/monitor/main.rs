//! `sanzi monitor`, by the real binary: what it finds, how it tells it, and what is left after a kill.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test uses a part of what it shares; a test fails by panicking"
)]

#[path = "../browser/mod.rs"]
#[cfg(feature = "pages")]
mod browser;
#[path = "../keep/house.rs"]
mod house;
#[path = "../scene/mod.rs"]
mod scene;
#[path = "../year/mod.rs"]
mod year;

#[cfg(feature = "pages")]
mod desk;
mod findings;
mod office;
mod sending;
