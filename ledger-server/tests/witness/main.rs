//! Witnesses in processes of their own: what they answer, and what the server makes of their answers.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../scene/mod.rs"]
mod scene;

mod liars;
mod process;
mod quorum;
mod reload;
mod restored;
mod service;
mod stopped;
