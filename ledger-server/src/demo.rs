//! The demonstration: a training copy of 东塱's year 2018, and a small ledger to practise on. (演示账本)
//!
//! Fifty completed transactions worth 1,300,000.00 yuan together are 东塱's figures; everything else is
//! invented and says so. It is built through the same door as any ledger: signed events, admitted one by
//! one under a simulated clock. The same seed gives the same bytes. Keys follow from the seed too, so
//! that such a ledger proves nothing about anybody: it is a training ledger.

mod agenda;
mod bidders;
mod build;
mod catalogue;
mod charters;
mod chronicle;
mod clock;
mod course;
mod dice;
mod fault;
mod folder;
mod founding;
mod guide;
mod papers;
mod people;
mod plan;
mod script;
mod tenure;
mod voices;

pub use build::build_year;
pub use fault::DemoError;
pub use folder::{Found, GUIDE, Made, find, make};
pub use founding::{PRACTICE_ORIGIN, YEAR_ORIGIN, build_practice};
pub use guide::{Sight, sights};
pub use plan::{YEAR_COMPLETED, YEAR_TOTAL_FEN};

/// The seed that is used unless another is given.
pub const DEFAULT_SEED: u64 = 2018;
