//! The verdicts of the multiples against those of `verify_strict`: published vectors, and signatures made
//! and spoilt at random. `SANZI_SIGNATURES=1000000` makes as many as that.

use curve25519_dalek::constants::EIGHT_TORSION;
use data_encoding::HEXLOWER;
use serde_json::Value;

use super::*;

/// Numbers that look random and are the same each time.
struct Chance(u64);

impl Chance {
    fn bytes(&mut self) -> [u8; 64] {
        self.0 += 1;
        Sha512::digest(self.0.to_be_bytes()).into()
    }

    fn below(&mut self, limit: usize) -> usize {
        let bytes = self.bytes();
        usize::from(u16::from_be_bytes([bytes[0], bytes[1]])) % limit
    }

    fn scalar(&mut self) -> Scalar {
        Scalar::from_bytes_mod_order_wide(&self.bytes())
    }

    /// The identity more often than not.
    fn torsion(&mut self) -> EdwardsPoint {
        EIGHT_TORSION[self.below(16).saturating_sub(8)]
    }
}

/// Both verdicts, which have to be one.
fn verdict(key: &VerifyingKey, own: Option<&Windows>, message: &[u8], bytes: &[u8; 64]) -> bool {
    let signature = Signature::from_bytes(bytes);
    let strict = key.verify_strict(message, &signature).is_ok();
    let found = own.is_some_and(|own| own.verify(message, &signature));
    assert_eq!(found, strict, "{key:?} {message:?} {bytes:?}");
    assert_eq!(verify(key, message, &signature), strict);
    strict
}

#[test]
fn the_digits_are_the_scalar() {
    let mut chance = Chance(0);
    let near = [0_u64, 1, 127, 128, 129, 255, 256, u64::MAX].map(Scalar::from);
    let negated = near.map(|scalar| -scalar);
    let drawn = (0..1000).map(|_| chance.scalar());
    for scalar in near.into_iter().chain(negated).chain(drawn) {
        let digits = signed_digits(&scalar);
        assert!(digits.iter().all(|digit| (-127..=128).contains(digit)));
        let sum = digits.iter().rev().fold(Scalar::ZERO, |sum, digit| {
            let size = Scalar::from(digit.unsigned_abs());
            sum * Scalar::from(256_u64) + if *digit < 0 { -size } else { size }
        });
        assert_eq!(sum, scalar);
    }
}

/// Ways to spoil a signature, or its message.
fn spoil(chance: &mut Chance, message: &mut [u8], bytes: &mut [u8; 64]) {
    match chance.below(6) {
        0 => message[chance.below(message.len())] ^= 1 << chance.below(8),
        1 | 2 => bytes[chance.below(64)] ^= 1 << chance.below(8),
        // R of small order.
        3 => bytes[..32].copy_from_slice(EIGHT_TORSION[chance.below(8)].compress().as_bytes()),
        // s beyond the group's order: the same residue, written otherwise.
        4 => {
            let order = HEXLOWER.decode(ORDER.as_bytes()).unwrap();
            let mut carry = 0;
            for (byte, add) in bytes[32..].iter_mut().zip(order) {
                let sum = u16::from(*byte) + u16::from(add) + carry;
                (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
            }
        }
        // R anything, perhaps no point, perhaps not canonical.
        _ => {
            bytes[..32].fill([0, 0xff][chance.below(2)]);
            bytes[chance.below(32)] = chance.bytes()[0];
        }
    }
}

const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

#[test]
fn random_and_spoilt_signatures() {
    let count = std::env::var("SANZI_SIGNATURES").map_or(2_000, |count| count.parse().unwrap());
    let mut chance = Chance(1 << 32);
    let (mut accepted, mut refused) = (0, 0);
    // Enough of each key for its multiples to be kept.
    for number in 0..count / 200 {
        let secret = chance.scalar();
        // Every fourth key has perhaps a torsion component, which enrolment refuses.
        let torsion = if number % 4 == 3 {
            chance.torsion()
        } else {
            EIGHT_TORSION[0]
        };
        let key = VerifyingKey::from(EdwardsPoint::mul_base(&secret) + torsion);
        let own = Windows::of(&key);
        for _ in 0..200 {
            let mut message = chance.bytes()[..1 + chance.below(64)].to_vec();
            let nonce = chance.scalar();
            let r = (EdwardsPoint::mul_base(&nonce) + chance.torsion()).compress();
            let hash = Sha512::new()
                .chain_update(r.as_bytes())
                .chain_update(key.as_bytes())
                .chain_update(&message)
                .finalize();
            let s = nonce + Scalar::from_bytes_mod_order_wide(&hash.into()) * secret;
            let mut bytes = [0; 64];
            bytes[..32].copy_from_slice(r.as_bytes());
            bytes[32..].copy_from_slice(s.as_bytes());
            if chance.below(2) == 1 {
                spoil(&mut chance, &mut message, &mut bytes);
            }
            match verdict(&key, own.as_ref(), &message, &bytes) {
                true => accepted += 1,
                false => refused += 1,
            }
        }
    }
    assert!(
        accepted > count / 8 && refused > count / 8,
        "{accepted} accepted, {refused} refused"
    );
}

#[test]
fn keys_of_small_order() {
    let mut chance = Chance(2 << 32);
    for point in EIGHT_TORSION {
        let key = VerifyingKey::from(point);
        assert!(Windows::of(&key).is_none());
        for r in EIGHT_TORSION {
            let mut bytes = [0; 64];
            bytes[..32].copy_from_slice(r.compress().as_bytes());
            assert!(!verdict(&key, None, &chance.bytes(), &bytes));
        }
    }
}

/// Whether the vector is accepted; `None` if key or signature is not of the form of one.
fn of_vector(public: &Value, message: &Value, signature: &Value) -> Option<bool> {
    let hex = |value: &Value| HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap();
    let public: [u8; 32] = hex(public).try_into().ok()?;
    let signature: [u8; 64] = hex(signature).try_into().ok()?;
    let key = VerifyingKey::from_bytes(&public).ok()?;
    let own = Windows::of(&key);
    Some(verdict(&key, own.as_ref(), &hex(message), &signature))
}

#[test]
fn published_vectors() {
    let read = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    let cases = read(include_str!(
        "../../../tests/vectors/ed25519/wycheproof.json"
    ));
    let mut verdicts = Vec::new();
    for group in cases["testGroups"].as_array().unwrap() {
        for test in group["tests"].as_array().unwrap() {
            let found = of_vector(&group["publicKey"]["pk"], &test["msg"], &test["sig"]);
            assert_eq!(found.unwrap_or(false), test["result"] == "valid", "{test}");
            verdicts.extend(found);
        }
    }
    assert_eq!(
        (verdicts.len(), verdicts.iter().filter(|v| **v).count()),
        (139, 88)
    );
    let cases = read(include_str!(
        "../../../tests/vectors/ed25519/speccheck.json"
    ));
    let verdicts = cases.as_array().unwrap().iter();
    let verdicts: Vec<_> = verdicts
        .map(|case| of_vector(&case["pub_key"], &case["message"], &case["signature"]))
        .collect();
    let third = (0..12).map(|number| Some(number == 3));
    assert_eq!(verdicts, third.collect::<Vec<_>>());
}

#[test]
fn the_multiples_of_a_key_are_kept_once_it_signs_often() {
    let mut keys = Keys::default();
    let key = VerifyingKey::from(EdwardsPoint::mul_base(&Scalar::from(7_u64)));
    for _ in 1..WORTH_IT {
        assert!(matches!(keys.look_up(key.as_bytes()), (None, false)));
    }
    assert!(matches!(keys.look_up(key.as_bytes()), (None, true)));
    assert!(matches!(keys.look_up(key.as_bytes()), (None, false)));
    let windows = Arc::new(Windows::of(&key).unwrap());
    keys.keep(&windows);
    // Others take the places of those not used for longest.
    for number in 0..2 * KEPT {
        let found = keys.look_up(key.as_bytes()).0.unwrap();
        assert!(Arc::ptr_eq(&found, &windows));
        let mut other = [0; 32];
        other[0] = u8::try_from(number).unwrap();
        let negated = Multiples(Vec::new());
        keys.keep(&Arc::new(Windows {
            key: other,
            negated,
        }));
        assert!(keys.kept.len() <= KEPT);
    }
    for number in 0..u32::try_from(2 * COUNTED).unwrap() {
        let mut other = [1; 32];
        other[..4].copy_from_slice(&number.to_be_bytes());
        keys.look_up(&other);
        assert!(keys.seen.len() <= COUNTED);
    }
}
