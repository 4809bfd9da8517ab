//! A village collective's transactions as an append-only, signed event log with three publication points.

pub mod canonical;
pub mod hash;
pub mod key;
pub mod name;
pub mod note;
pub mod tree;
