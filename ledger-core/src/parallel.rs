//! Work done ahead of its turn on other threads, and taken in order. (提前并行)
//!
//! Knows nothing of what is done. Without the feature `local` there are no threads, and all of it happens in
//! the caller's.

use core::num::NonZero;
use core::ops::{ControlFlow, Range};
use std::sync::LazyLock;
use std::sync::mpsc::sync_channel;
use std::thread::{self, Builder};

/// How many threads can run at a time.
pub(crate) fn cores() -> u64 {
    // Asked once: Linux reads several files to answer.
    static CORES: LazyLock<u64> = LazyLock::new(|| {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        u64::try_from(cores).unwrap_or(1)
    });
    if cfg!(feature = "local") { *CORES } else { 1 }
}

/// Makes what belongs to each number on so many threads, each at most two ahead of its turn, while the
/// caller's takes them in order, until it breaks off.
pub(crate) fn in_order<T: Send, R>(
    numbers: Range<u64>,
    threads: u64,
    make: impl Fn(u64) -> T + Sync,
    mut take: impl FnMut(u64, T) -> ControlFlow<R>,
) -> ControlFlow<R> {
    let make = &make;
    let stride = threads.max(1);
    thread::scope(|scope| {
        let lanes: Vec<_> = (0..threads)
            .map(|lane| {
                let mut own = (numbers.start + lane..numbers.end).step_by(stride as usize);
                let (sender, receiver) = sync_channel(1);
                // Where there is no thread to be had the channel is closed, and it is done below.
                let _ = Builder::new().spawn_scoped(scope, move || {
                    own.try_for_each(|number| sender.send(make(number)))
                });
                receiver
            })
            .collect();
        for number in numbers.clone() {
            let lane = lanes.get(((number - numbers.start) % stride) as usize);
            let made = lane.and_then(|lane| lane.recv().ok());
            take(number, made.unwrap_or_else(|| make(number)))?;
        }
        ControlFlow::Continue(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_taken_in_order_whatever_the_threads() {
        for threads in [0, 1, 2, 7] {
            let mut taken = Vec::new();
            let ended = in_order(
                3..100,
                threads,
                |n| n * n,
                |n, square| {
                    taken.push((n, square));
                    match n {
                        90 => ControlFlow::Break("enough"),
                        _ => ControlFlow::Continue(()),
                    }
                },
            );
            assert_eq!(ended, ControlFlow::Break("enough"));
            assert!(
                taken.iter().copied().eq((3..=90).map(|n| (n, n * n))),
                "{threads}"
            );
        }
    }
}
