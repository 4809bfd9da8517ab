//! A village collective's transactions as an append-only, signed event log with three publication points.

pub mod canonical;
pub mod checkpoint;
pub mod cosignature;
pub mod hash;
pub mod key;
#[cfg(feature = "keyfile")]
pub mod keyfile;
pub mod name;
pub mod note;
pub mod policy;
pub mod proof;
pub mod tile;
pub mod tree;
