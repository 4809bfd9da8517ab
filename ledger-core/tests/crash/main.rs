//! What the local store does after a crash, and with damaged files.
//!
//! A crash is played by copying the folder while the store is open: the copy has what the operating
//! system would have after a kill. Damage is done to a copy, file by file.
#![cfg(feature = "local")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod anchor;
mod damage;
mod folder;
mod index;
mod private;
mod tail;
mod village;
