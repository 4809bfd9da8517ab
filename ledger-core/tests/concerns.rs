//! Concerns and the transaction they are about: what holds it up, what does not, and that a flood of
//! them disturbs nobody's signatures.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "concerns/gate.rs"]
mod gate;
#[path = "concerns/kept.rs"]
mod kept;
mod scene;
