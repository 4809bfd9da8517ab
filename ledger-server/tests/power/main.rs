//! A real `sanzi serve` whose power is cut, whose disk fails, and which is killed: what was acknowledged stands.
//!
//! `trace` reads what strace wrote down of a run, `disk` makes of it the states in which a power loss may leave
//! a disk, `held` opens them and compares them with what clients had been told by then. What is promised, what
//! is not, and the long forms of these tests: `docs/reliability.md`.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says how much it tried"
)]

#[path = "../office/mod.rs"]
mod office;
#[path = "../scene/mod.rs"]
mod scene;

mod calls;
mod disk;
mod faults;
mod held;
mod init;
mod kills;
mod loss;
mod session;
mod told;
mod trace;
mod village;
