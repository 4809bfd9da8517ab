//! Who waits for an answer of the writer, and since when.
//!
//! Counts and clocks only: knows nothing of what is waited for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Everybody who waits, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    inner: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    next: u64,
    since: BTreeMap<u64, Instant>,
}

/// One who waits, until this is dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    number: u64,
    of: Arc<Waiting>,
}

impl Waiting {
    /// One more waits from now on.
    pub(crate) fn enter(self: &Arc<Self>) -> Ticket {
        let mut line = self.lock();
        let number = line.next;
        line.next += 1;
        line.since.insert(number, Instant::now());
        Ticket {
            number,
            of: Arc::clone(self),
        }
    }

    /// How many wait.
    pub(crate) fn count(&self) -> usize {
        self.lock().since.len()
    }

    /// How long the first of them has waited; nothing if nobody does.
    pub(crate) fn longest(&self) -> Duration {
        let line = self.lock();
        let first = line.since.first_key_value();
        first.map_or(Duration::ZERO, |(_, since)| since.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.of.lock().since.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_who_still_waits_has_waited_longest() {
        let waiting = Arc::new(Waiting::default());
        assert_eq!((waiting.count(), waiting.longest()), (0, Duration::ZERO));
        let first = waiting.enter();
        std::thread::sleep(Duration::from_millis(30));
        let _second = waiting.enter();
        assert_eq!(waiting.count(), 2);
        assert!(waiting.longest() >= Duration::from_millis(30));
        drop(first);
        assert!(waiting.longest() < Duration::from_millis(30));
        assert_eq!(waiting.count(), 1);
    }
}
