//! What those who look on have recorded, and what is still to be answered. (监督事项)
//!
//! Computed from the events that were noted; keeps nothing of its own.

use crate::event::Event;
use crate::record::FindingRaised;
use crate::recorded::{Noted, Recorded};
use crate::time::Date;

/// A finding of the street office, and its answer if there is one. (街道发现的问题)
#[derive(Debug, Clone, Copy)]
pub struct Finding<'a> {
    /// When and where it was answered.
    pub answered: Option<&'a Recorded>,
    /// What was found.
    pub raised: &'a FindingRaised,
    /// When and where it was raised.
    pub recorded: &'a Recorded,
}

impl Finding<'_> {
    /// Whether it was not answered by the end of its last day, seen on the day `today`.
    #[must_use]
    pub fn is_overdue(&self, today: Date) -> bool {
        self.answered.is_none() && self.raised.answer_by < today
    }
}

/// The findings among these events, in order.
pub fn findings(notes: &[Noted]) -> impl Iterator<Item = Finding<'_>> {
    notes.iter().filter_map(|noted| {
        let Event::FindingRaised(raised) = &noted.event else {
            return None;
        };
        let answers = |other: &&Noted| {
            matches!(&other.event, Event::FindingAnswered(answer) if answer.entry == noted.recorded.index)
        };
        Some(Finding {
            answered: notes.iter().find(answers).map(|answer| &answer.recorded),
            raised,
            recorded: &noted.recorded,
        })
    })
}
