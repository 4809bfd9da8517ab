//! A village collective's transactions as an append-only, signed event log with three publication points.

pub mod admit;
pub mod authenticate;
pub mod calendar;
pub mod canonical;
pub mod charter;
pub mod disclosure;
pub mod event;
pub mod evolve;
pub mod hash;
pub mod identifier;
pub mod key;
pub mod money;
pub mod name;
pub mod note;
pub mod record;
pub mod refusal;
pub mod role;
pub mod roster;
pub mod signing;
pub mod state;
pub mod step;
pub mod store;
pub mod text;
pub mod time;
pub mod transaction;
pub mod tree;
