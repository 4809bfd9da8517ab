//! How fast messages may leave, and how long to wait after a failure. (发送节奏)
//!
//! Pure: moments are passed in, in milliseconds since 1970.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// How many messages a receiver takes in a span of time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) messages: usize,
    pub(crate) window: Duration,
}

/// When the last messages left.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Pace {
    /// When each attempt ended, or, of one that was never seen to end, began.
    attempts: VecDeque<u64>,
    /// Whether the last attempt was seen to end.
    ended: bool,
}

impl Pace {
    /// As left by a process that was stopped: an attempt that it did not see the end of may have
    /// arrived as late as now.
    pub(crate) fn resumed(mut self, now: u64) -> Self {
        if !self.ended {
            self.end(now);
        }
        self
    }

    /// How long to wait before the next message.
    ///
    /// A receiver sees a message at some moment between the attempt's beginning and its end; counted
    /// from the end, no window of the receiver's clock holds more than the limit. From half the limit
    /// on messages are spaced, so that what is found meanwhile is merged into one.
    pub(crate) fn wait(&mut self, limit: Limit, now: u64) -> Duration {
        let window = milliseconds(limit.window);
        // A clock that was put back must not stop the sending.
        for attempt in &mut self.attempts {
            *attempt = (*attempt).min(now);
        }
        while self.attempts.front().is_some_and(|at| at + window <= now) {
            self.attempts.pop_front();
        }
        let full = match self.attempts.len().checked_sub(limit.messages) {
            Some(over) => self.attempts.get(over).map_or(0, |at| at + window - now),
            None => 0,
        };
        let spacing = window / limit.messages.max(1) as u64 * 2;
        let spaced = match self.attempts.back() {
            Some(last) if self.attempts.len() * 2 >= limit.messages => {
                (last + spacing).saturating_sub(now)
            }
            _ => 0,
        };
        Duration::from_millis(full.max(spaced))
    }

    /// An attempt begins.
    pub(crate) fn begin(&mut self, now: u64) {
        self.attempts.push_back(now);
        self.ended = false;
    }

    /// The attempt has ended, well or badly.
    pub(crate) fn end(&mut self, now: u64) {
        if let Some(last) = self.attempts.back_mut() {
            *last = now.max(*last);
        }
        self.ended = true;
    }
}

/// How long to wait after so many failures in a row: a second, and twice as long each time.
pub(crate) fn pause(failures: u32) -> Duration {
    let doubled = 1_u64
        .checked_shl(failures.saturating_sub(1))
        .unwrap_or(u64::MAX);
    Duration::from_secs(doubled.max(1)).min(LONGEST_PAUSE)
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROBOT: Limit = Limit {
        messages: 20,
        window: Duration::from_secs(60),
    };

    #[test]
    fn a_few_leave_at_once_and_then_they_are_spaced() {
        let mut pace = Pace::default();
        let mut now = 1_000_000;
        let mut waits = Vec::new();
        for _ in 0..14 {
            let wait = pace.wait(ROBOT, now);
            waits.push(wait.as_secs());
            now += wait.as_millis() as u64;
            pace.begin(now);
            pace.end(now);
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 6, 6, 6]);
    }

    #[test]
    fn pauses_grow_and_end_somewhere() {
        let seconds: Vec<u64> = (0..12).map(|n| pause(n).as_secs()).collect();
        assert_eq!(seconds, [1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(pause(u32::MAX).as_secs(), 300);
    }

    #[test]
    fn a_clock_that_went_back_holds_up_nothing_for_long() {
        let mut pace = Pace::default();
        for _ in 0..20 {
            pace.begin(9_000_000);
        }
        assert!(pace.wait(ROBOT, 1_000) <= ROBOT.window);
    }

    proptest! {
        /// Whenever something arrives between an attempt's beginning and end, whenever the process is
        /// killed and starts again, no minute of the receiver's sees more than twenty.
        #[test]
        fn no_window_of_the_receiver_sees_too_many(
            sends in prop::collection::vec((0_u64..4_000, 0_u64..3_000, 0_u64..=100, any::<bool>()), 1..120)
        ) {
            let mut pace = Pace::default();
            let mut now = 5_000_000;
            let mut arrivals = Vec::new();
            for (idle, takes, arrives, killed) in sends {
                now += idle;
                now += pace.wait(ROBOT, now).as_millis() as u64;
                prop_assert_eq!(pace.wait(ROBOT, now), Duration::ZERO);
                pace.begin(now);
                arrivals.push(now + takes * arrives / 100);
                now += takes;
                if killed {
                    let kept = serde_json::to_string(&pace).unwrap();
                    pace = serde_json::from_str::<Pace>(&kept).unwrap().resumed(now);
                } else {
                    pace.end(now);
                }
            }
            for (first, at) in arrivals.iter().enumerate() {
                let seen = arrivals[first..].iter().filter(|other| **other < at + 60_000).count();
                prop_assert!(seen <= 20, "{seen}");
            }
        }
    }
}
