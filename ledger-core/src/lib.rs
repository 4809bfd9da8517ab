//! A village collective's transactions as an append-only, signed event log with three publication points.

pub mod hash;
pub mod name;
pub mod store;
pub mod tree;
