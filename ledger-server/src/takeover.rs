//! Contracts already in force, read from the collective's own sheet. (存量合同导入)
//!
//! A sheet becomes rows, a row an event as a form would make it: by the parsers of [`crate::typed`] and the
//! rules that the log applies, all rows and all faults at once. Nothing is stored or signed here, and the
//! sheet's bytes are hostile until they are read. Knows neither pages nor terminals.

mod columns;
mod reading;
mod report;
mod row;
mod table;
mod template;
#[cfg(test)]
mod tests;

pub(crate) use report::{report, result};
pub(crate) use row::{Judge, Judged, Known, Outcome, Sheet};
pub(crate) use table::FILE_LIMIT;
pub(crate) use template::{template_csv, template_xlsx};

/// The kind of event that a row becomes.
pub(crate) const KIND: &str = "contract_taken_over";
