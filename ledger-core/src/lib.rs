//! A village collective's transactions as an append-only, signed event log with three publication points.

pub mod calendar;
pub mod canonical;
pub mod checkpoint;
pub mod cosignature;
pub mod hash;
pub mod identifier;
pub mod key;
pub mod money;
pub mod name;
pub mod note;
pub mod time;
pub mod tree;
