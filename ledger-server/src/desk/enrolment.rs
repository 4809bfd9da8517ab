//! Who asks to be enrolled: a name, a key, and the code by which founders know both again. (登记码)
//!
//! The code is a hash of what is asked, so that a server that gave founders another key than the one the
//! newcomer made would have to find one with the same code. The newcomer reads it to a founder; it opens
//! nothing, and says nothing that the roster will not. Kept in files, bounded, for seven days.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use data_encoding::{BASE64, Encoding, Specification};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ledger_core::hash::Digest;
use ledger_core::key::{Algorithm, VerifierKey};
use ledger_core::name::Origin;
use ledger_core::store::StoreError;
use ledger_core::text::Line;
use ledger_core::{LogTime, MemberId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::inbox::names;
use crate::keeping::{self, UNFINISHED};
use crate::share::network;

/// What is signed first, so that it can be nothing else.
const DOMAIN: &str = "sanzi-desk-enrolment-v1";

/// How many may ask at a time.
const ASKING: usize = 100;

/// How long it is kept, in seconds.
const LIFE_SECONDS: u64 = 7 * 86_400;

/// How many one address may send at once, and then in an hour.
const AT_ONCE: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// How many bytes of the hash the code has: 80 bits.
const CODE_BYTES: usize = 10;

/// Crockford's base 32: no letter that looks like another, whatever case it is typed in.
static CROCKFORD: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut form = Specification::new();
    form.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    form.translate.from.push_str("abcdefghjkmnpqrstvwxyzIiLlOo");
    form.translate.to.push_str("ABCDEFGHJKMNPQRSTVWXYZ111100");
    form.encoding().ok()
});

/// What somebody asks to be enrolled as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = EnrolmentAsked)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// What they are called.
    #[schema(value_type = String)]
    pub(crate) name: Line,
    /// The member id that they would have.
    #[schema(value_type = String)]
    pub(crate) member: MemberId,
    /// Their verifier key, as signed-note has it.
    pub(crate) public_key: String,
    /// The bare Ed25519 signature over the enrolment text, in base64.
    pub(crate) proof: String,
}

/// As it is written.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    asked: Asked,
    at: LogTime,
    v: u8,
}

/// Why somebody's asking is not taken.
#[derive(Debug)]
pub(crate) enum NotTaken {
    /// The key is none, or not of that name.
    Key,
    /// The proof is not the key's, over what is asked.
    Proof,
    /// Too many ask at the moment, or this address too often.
    TooMany,
    /// It cannot be kept.
    Store(StoreError),
}

/// Those of one ledger who ask to be enrolled.
pub(crate) struct Enrolments {
    asking: Mutex<BTreeMap<String, Kept>>,
    folder: PathBuf,
    limit: DefaultKeyedRateLimiter<IpAddr>,
}

impl Asked {
    /// What the newcomer's key signs.
    fn text(&self, origin: &Origin) -> String {
        let (member, name, key) = (&self.member, &self.name, &self.public_key);
        format!("{DOMAIN}\n{origin}\n{member}\n{name}\n{key}\n")
    }

    fn check(&self, origin: &Origin) -> Result<(), NotTaken> {
        let key: VerifierKey = self.public_key.parse().map_err(|_| NotTaken::Key)?;
        let is_named = key.name() == origin.key_name(&self.member);
        let is_plain = key.algorithm() == Algorithm::Ed25519 && key.to_string() == self.public_key;
        if !is_named || !is_plain {
            return Err(NotTaken::Key);
        }
        let proof = BASE64.decode(self.proof.as_bytes());
        let proof = proof.map_err(|_| NotTaken::Proof)?;
        let verified = key.verify(self.text(origin).as_bytes(), &proof);
        verified.map_err(|_| NotTaken::Proof)
    }

    /// The code, in groups of four.
    fn code(&self, origin: &Origin) -> String {
        let digest = Digest::of(self.text(origin).as_bytes());
        let code = CROCKFORD
            .as_ref()
            .map(|form| form.encode(&digest.as_bytes()[..CODE_BYTES]));
        let code = code.unwrap_or_default();
        let groups: Vec<&str> = code
            .as_bytes()
            .chunks(4)
            .filter_map(|four| std::str::from_utf8(four).ok())
            .collect();
        groups.join("-")
    }
}

/// A code as somebody typed it: case, spaces and hyphens do not count, and what looks alike is alike.
fn typed(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    let form = CROCKFORD.as_ref()?;
    let bytes = form.decode(plain.as_bytes()).ok()?;
    let code = (bytes.len() == CODE_BYTES).then(|| form.encode(&bytes))?;
    let groups: Vec<&str> = code
        .as_bytes()
        .chunks(4)
        .filter_map(|four| std::str::from_utf8(four).ok())
        .collect();
    Some(groups.join("-"))
}

impl Enrolments {
    /// Those kept in this folder, which need not be there yet.
    pub(super) fn open(folder: PathBuf) -> Result<Self, StoreError> {
        let mut asking = BTreeMap::new();
        for path in names(&folder)? {
            let file = path.file_name().unwrap_or_default();
            if file.to_string_lossy().starts_with(UNFINISHED) {
                // Whoever asked was never told a code.
                let _ = fs::remove_file(&path);
                continue;
            }
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let bytes = fs::read(&path).map_err(|error| StoreError::io("read", &path, error))?;
            match serde_json::from_slice::<Kept>(&bytes) {
                Ok(kept) if kept.v == 1 => {
                    asking.insert(name, kept);
                }
                _ => tracing::error!(path = %path.display(), "an enrolment cannot be read"),
            }
        }
        let hour = Duration::from_secs(3600);
        let quota = Quota::with_period(hour / AT_ONCE.get()).unwrap_or(Quota::per_hour(AT_ONCE));
        Ok(Self {
            asking: Mutex::new(asking),
            folder,
            limit: RateLimiter::keyed(quota.allow_burst(AT_ONCE)),
        })
    }

    /// Takes what somebody asks, and gives its code. May wait for a disk.
    pub(super) fn ask(
        &self,
        origin: &Origin,
        asked: Asked,
        from: IpAddr,
        now: LogTime,
    ) -> Result<String, NotTaken> {
        asked.check(origin)?;
        let code = asked.code(origin);
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if asking.contains_key(&code) {
            return Ok(code);
        }
        self.limit.retain_recent();
        if self.limit.check_key(&network(from)).is_err() {
            return Err(NotTaken::TooMany);
        }
        let is_old = |kept: &Kept| kept.at.plus_seconds(LIFE_SECONDS) <= now;
        let old: Vec<String> = asking
            .iter()
            .filter(|(_, kept)| is_old(kept))
            .map(|(code, _)| code.clone())
            .collect();
        for code in old {
            // One that stays on the disk is too old after the next start, too.
            let _ = fs::remove_file(self.path(&code));
            asking.remove(&code);
        }
        if asking.len() >= ASKING {
            return Err(NotTaken::TooMany);
        }
        let kept = Kept {
            asked,
            at: now,
            v: 1,
        };
        let bytes = serde_json::to_vec(&kept).unwrap_or_default();
        let path = self.path(&code);
        keeping::write(&path, &bytes, true)
            .map_err(|error| NotTaken::Store(StoreError::io("write", &path, error)))?;
        asking.insert(code.clone(), kept);
        Ok(code)
    }

    /// What was asked under a code, however it is typed.
    pub(super) fn find(&self, code: &str, now: LogTime) -> Option<Asked> {
        let code = typed(code)?;
        let asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = asking.get(&code)?;
        let is_good = now < kept.at.plus_seconds(LIFE_SECONDS);
        is_good.then(|| kept.asked.clone())
    }

    fn path(&self, code: &str) -> PathBuf {
        self.folder.join(format!("{code}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::SigningKey;

    fn asked(seed: u8) -> (Origin, Asked) {
        let origin: Origin = "sanzi.example.org/donglang".parse().unwrap();
        let key = SigningKey::from_seed("sanzi.example.org/donglang/wang", &[seed; 32]).unwrap();
        let mut asked = Asked {
            name: "王会计".parse().unwrap(),
            member: "wang".parse().unwrap(),
            public_key: key.verifier().to_string(),
            proof: String::new(),
        };
        asked.proof = BASE64.encode(&key.sign_request(&asked.text(&origin)));
        (origin, asked)
    }

    #[test]
    fn a_code_is_of_the_key_and_the_name_and_is_known_however_it_is_typed() {
        let (origin, first) = asked(1);
        let code = first.code(&origin);
        assert_eq!(code.len(), 19);
        assert_ne!(code, asked(2).1.code(&origin));
        for typing in [
            code.clone(),
            code.to_lowercase(),
            code.replace('-', " "),
            code.replace('1', "l").replace('0', "O"),
        ] {
            assert_eq!(typed(&typing).as_deref(), Some(code.as_str()), "{typing}");
        }
        for bad in ["", "ABCD", "UUUU-UUUU-UUUU-UUUU", "../../etc/passwd", "王"] {
            assert_eq!(typed(bad), None, "{bad}");
        }
        assert!(first.check(&origin).is_ok());
        let other: Origin = "sanzi.example.org/xilang".parse().unwrap();
        assert!(first.check(&other).is_err());
        let renamed = Asked {
            name: "李会计".parse().unwrap(),
            ..first.clone()
        };
        assert!(matches!(renamed.check(&origin), Err(NotTaken::Proof)));
        let swapped = Asked {
            public_key: asked(2).1.public_key,
            ..first
        };
        assert!(matches!(swapped.check(&origin), Err(NotTaken::Proof)));
    }

    #[test]
    fn so_many_ask_from_one_place_and_in_all_and_for_a_week() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("enrolments");
        let enrolments = Enrolments::open(path.clone()).unwrap();
        let now = LogTime::from_unix(1_522_026_000).unwrap();
        let from = |last: u8| IpAddr::from([10, 0, last, 1]);
        let ask = |seed, place| {
            let (origin, asked) = asked(seed);
            enrolments.ask(&origin, asked, from(place), now)
        };
        for seed in 0..10 {
            ask(seed, 0).unwrap();
        }
        assert!(matches!(ask(10, 0), Err(NotTaken::TooMany)));
        // The same again is no more than once.
        let code = ask(9, 0).unwrap();
        for seed in 10..100 {
            ask(seed, 1 + seed / 10).unwrap();
        }
        assert!(matches!(ask(100, 50), Err(NotTaken::TooMany)));
        let again = Enrolments::open(path).unwrap();
        assert_eq!(again.find(&code, now), Some(asked(9).1));
        let late = now.plus_seconds(LIFE_SECONDS);
        assert_eq!(again.find(&code, late), None);
        let (origin, newest) = asked(100);
        again.ask(&origin, newest, from(60), late).unwrap();
        assert_eq!(again.asking.lock().unwrap().len(), 1);
    }
}
