//! Calendars: one that is accepted round-trips, and every window of it has an end or a reason.
//!
//! Three lines: the start in unix seconds, a span, a calendar.

#![no_main]

use ledger_core::calendar::{Calendar, Span};
use ledger_core::time::LogTime;
use libfuzzer_sys::fuzz_target;

fn read(text: &str) -> Option<(LogTime, Span, Calendar)> {
    let mut lines = text.splitn(3, '\n');
    let start = LogTime::from_unix(lines.next()?.parse().ok()?).ok()?;
    let span = serde_json::from_str(lines.next()?).ok()?;
    let calendar = serde_json::from_str(lines.next()?).ok()?;
    Some((start, span, calendar))
}

fuzz_target!(|text: &str| {
    let Some((start, span, calendar)) = read(text) else {
        return;
    };
    let json = serde_json::to_string(&calendar).unwrap_or_default();
    assert_eq!(serde_json::from_str(&json).ok(), Some(calendar.clone()));
    let deadline = calendar.deadline(start, span);
    assert!(deadline.at >= start);
    match calendar.end_of(start, span) {
        Ok(end) => assert_eq!((end, false), (deadline.at, deadline.provisional)),
        Err(_) => assert!(deadline.provisional),
    }
});
