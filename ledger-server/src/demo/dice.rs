//! Chance from a seed: the same seed and the same label give the same throws. (确定的随机)
//!
//! ChaCha8, keyed by SHA-256 of seed and label, so that what is drawn for one transaction does not
//! depend on what is drawn for another. Secret keys are derived by the same hash under labels of their
//! own: fit for a demonstration, whose seed anyone may know, and for nothing else.

use ledger_core::hash::Digest;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// The 32 bytes that belong to a seed and a label.
pub(crate) fn derive(seed: u64, label: &str) -> [u8; 32] {
    let mut bytes = b"sanzi demonstration, version 1\0".to_vec();
    bytes.extend_from_slice(&seed.to_be_bytes());
    bytes.extend_from_slice(label.as_bytes());
    *Digest::of(&bytes).as_bytes()
}

/// A source of chance.
#[derive(Debug, Clone)]
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64, label: &str) -> Self {
        Self(ChaCha8Rng::from_seed(derive(seed, label)))
    }

    /// A number below `sides`; 0 if there are none. The bias of the remainder is of no account here.
    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        self.0.next_u64() % sides.max(1)
    }

    /// A number from `least` to `most`.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    /// A count from `least` to `most`.
    pub(crate) fn count(&mut self, least: u32, most: u32) -> u32 {
        u32::try_from(self.between(least.into(), most.into())).unwrap_or(most)
    }

    /// Whether something happens that happens `percent` times in a hundred.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// The place of one of `length` things.
    pub(crate) fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// One of these texts; empty if there are none.
    pub(crate) fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let place = self.place(of.len());
        of.get(place).copied().unwrap_or_default()
    }

    /// Puts these in another order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = usize::try_from(self.below(last as u64 + 1)).unwrap_or(last);
            items.swap(last, other);
        }
    }
}
