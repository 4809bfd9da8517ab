//! `verify_strict` with the multiples of a key computed beforehand, for keys that sign often. (预计算验签)
//!
//! The verdict is always that of ed25519-dalek's `verify_strict`, which remains the rule and is what
//! verifies by any other key. It accepts when s is below the group's order, A and R are points, neither
//! of small order, and \[s\]B − \[k\]A has the bytes of R. Here \[s\]B − \[k\]A comes first: where its bytes
//! are those of R, R is that point, and where they differ both refuse, whatever R is. Each signature is
//! verified for itself, never a batch; all of it is public, so that it may take time by what it is.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use curve25519_dalek::EdwardsPoint;
use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha512};

/// How many keys have their multiples kept: 640 KiB each.
const KEPT: usize = 64;

/// How many signatures of a key are verified before its multiples are computed, which takes as long as
/// 20 verifications: a row of keys too many for the places costs little more than none.
const WORTH_IT: u32 = 128;

/// How many keys are counted at a time.
const COUNTED: usize = 4096;

/// Verifies a signature with the verdict of `verify_strict`.
pub(super) fn verify(key: &VerifyingKey, message: &[u8], signature: &Signature) -> bool {
    match familiar(key) {
        Some(own) => own.verify(message, signature),
        None => key.verify_strict(message, signature).is_ok(),
    }
}

/// The multiples of a point, in windows of eight bits: j · 256^i · point, for j from 1 to 128.
struct Multiples(Vec<[EdwardsPoint; 128]>);

impl Multiples {
    fn of(point: EdwardsPoint) -> Self {
        let mut unit = point;
        let window = |_| {
            let mut last = EdwardsPoint::identity();
            let row: [_; 128] = core::array::from_fn(|_| {
                last += unit;
                last
            });
            unit = last + last;
            row
        };
        Self((0..32).map(window).collect())
    }

    /// The sum, and the product of the scalar and this point.
    fn add_product(&self, mut sum: EdwardsPoint, scalar: &Scalar) -> EdwardsPoint {
        for (row, digit) in self.0.iter().zip(signed_digits(scalar)) {
            let size = usize::from(digit.unsigned_abs());
            match digit {
                0 => {}
                1.. => sum += &row[size - 1],
                _ => sum -= &row[size - 1],
            }
        }
        sum
    }
}

/// A scalar to the base 256, lowest first, with digits from −127 to 128: half as many multiples to keep.
/// Scalars are below 2^253, so the highest carries nothing.
fn signed_digits(scalar: &Scalar) -> [i16; 32] {
    let mut carry = 0;
    scalar.as_bytes().map(|byte| {
        let digit = i16::from(byte) + carry;
        carry = i16::from(digit > 128);
        digit - 256 * carry
    })
}

/// The multiples of a fit key, negated.
struct Windows {
    key: [u8; 32],
    negated: Multiples,
}

impl Windows {
    /// `None` for a key of small order, by which `verify_strict` accepts nothing.
    fn of(key: &VerifyingKey) -> Option<Self> {
        (!key.is_weak()).then(|| Self {
            key: key.to_bytes(),
            negated: Multiples::of(-key.to_edwards()),
        })
    }

    fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        static BASE: LazyLock<Multiples> = LazyLock::new(|| Multiples::of(ED25519_BASEPOINT_POINT));
        let s = Scalar::from_canonical_bytes(*signature.s_bytes());
        let Some(s) = Option::<Scalar>::from(s) else {
            return false;
        };
        let hash = Sha512::new()
            .chain_update(signature.r_bytes())
            .chain_update(self.key)
            .chain_update(message)
            .finalize();
        let k = Scalar::from_bytes_mod_order_wide(&hash.into());
        let expected = BASE.add_product(EdwardsPoint::identity(), &s);
        let expected = self.negated.add_product(expected, &k);
        expected.compress().as_bytes() == signature.r_bytes() && !expected.is_small_order()
    }
}

/// Which keys sign often.
#[derive(Default)]
struct Keys {
    /// Signatures seen of keys whose multiples are not kept.
    seen: BTreeMap<[u8; 32], u32>,
    /// The multiples, and when they were last used.
    kept: BTreeMap<[u8; 32], (Arc<Windows>, u64)>,
    uses: u64,
}

impl Keys {
    /// The key's multiples if they are kept, and whether it is time to compute them.
    fn look_up(&mut self, key: &[u8; 32]) -> (Option<Arc<Windows>>, bool) {
        self.uses += 1;
        if let Some((windows, used)) = self.kept.get_mut(key) {
            *used = self.uses;
            return (Some(Arc::clone(windows)), false);
        }
        if self.seen.len() >= COUNTED && !self.seen.contains_key(key) {
            self.seen.clear();
        }
        let seen = self.seen.entry(*key).or_default();
        *seen = seen.saturating_add(1);
        (None, *seen == WORTH_IT)
    }

    fn keep(&mut self, windows: &Arc<Windows>) {
        self.seen.remove(&windows.key);
        if self.kept.len() >= KEPT {
            let oldest = self.kept.iter().min_by_key(|(_, (_, used))| *used);
            let oldest = oldest.map(|(key, _)| *key);
            oldest.and_then(|key| self.kept.remove(&key));
        }
        let entry = (Arc::clone(windows), self.uses);
        self.kept.insert(windows.key, entry);
    }
}

/// The multiples of a key that signs often.
fn familiar(key: &VerifyingKey) -> Option<Arc<Windows>> {
    static KEYS: LazyLock<Mutex<Keys>> = LazyLock::new(Mutex::default);
    let keys = || -> MutexGuard<'_, Keys> { KEYS.lock().unwrap_or_else(PoisonError::into_inner) };
    let (kept, due) = keys().look_up(key.as_bytes());
    if !due {
        return kept;
    }
    let windows = Arc::new(Windows::of(key)?);
    keys().keep(&windows);
    Some(windows)
}

#[cfg(test)]
mod tests;
