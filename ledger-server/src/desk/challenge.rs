//! What somebody signs to be let in: a text of this server's, good once and for two minutes. (登录口令)
//!
//! It begins with a line of its own, so that it can be no statement, checkpoint or signed request, and names
//! ledger and host, so that a site in between cannot pass it on: the browser signs only what names the host
//! that it asked. A seal makes it known again, so that nothing is kept of challenges nobody signs. Reads no
//! clock.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ledger_core::MemberId;
use ledger_core::name::Origin;
use sha2::Sha256;

/// What is signed first, so that it can be nothing else.
const DOMAIN: &str = "sanzi-desk-sign-in-v1";

/// How long a challenge is good, in seconds.
const LIFE: u64 = 120;

/// How many that one member used are remembered; beyond that, this member is told to wait, and nobody else.
const REMEMBERED: usize = 256;

/// How many bytes of a nonce are drawn; as many of the seal follow.
const HALF: usize = 16;

/// Why a challenge is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// It is not this server's, or too old.
    Stale,
    /// It has been used.
    Used,
    /// This member used too many lately.
    Busy,
}

/// Makes challenges, and knows them again.
pub(super) struct Challenges {
    secret: [u8; 32],
    /// Until when each that was used could come again, by who used it.
    used: Mutex<HashMap<MemberId, HashMap<String, u64>>>,
}

impl Challenges {
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        Ok(Self {
            secret,
            used: Mutex::default(),
        })
    }

    /// A new challenge of a ledger for who asked at this host, now, in seconds since 1970.
    pub(super) fn draw(
        &self,
        origin: &Origin,
        host: &str,
        now: u64,
    ) -> Result<String, getrandom::Error> {
        let mut nonce = [0; HALF];
        getrandom::fill(&mut nonce)?;
        Ok(self.text(origin, host, now, &nonce))
    }

    fn text(&self, origin: &Origin, host: &str, issued: u64, nonce: &[u8; HALF]) -> String {
        let said = format!(
            "{DOMAIN}\n{origin}\n{host}\n{issued}\n{}",
            HEXLOWER.encode(nonce)
        );
        // A key of any length will do for HMAC.
        let seal = Hmac::<Sha256>::new_from_slice(&self.secret).map(|mac| {
            let seal = mac.chain_update(said.as_bytes()).finalize().into_bytes();
            HEXLOWER.encode(&seal[..HALF])
        });
        format!("{said}{}\n", seal.unwrap_or_default())
    }

    /// Whether a challenge is this server's for this ledger and host, and still good. The comparison may
    /// take as long as it likes: the seal is no secret from whom it was given to, and good for one host.
    pub(super) fn check(
        &self,
        text: &str,
        origin: &Origin,
        host: &str,
        now: u64,
    ) -> Result<(), NotTaken> {
        let mut lines = text.lines().skip(3);
        let issued: Option<u64> = lines.next().and_then(|line| line.parse().ok());
        let nonce = lines
            .next()
            .and_then(|line| line.as_bytes().first_chunk::<{ 2 * HALF }>());
        let nonce = nonce.and_then(|nonce| HEXLOWER.decode(nonce).ok());
        let nonce = nonce.and_then(|nonce| <[u8; HALF]>::try_from(nonce).ok());
        let (Some(issued), Some(nonce)) = (issued, nonce) else {
            return Err(NotTaken::Stale);
        };
        let is_ours = self.text(origin, host, issued, &nonce) == text;
        let is_good = issued <= now && now - issued <= LIFE;
        if is_ours && is_good {
            return Ok(());
        }
        Err(NotTaken::Stale)
    }

    /// Uses a challenge up.
    pub(super) fn use_up(&self, member: &MemberId, text: &str, now: u64) -> Result<(), NotTaken> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.values().any(|used| used.get(text).is_some()) {
            return Err(NotTaken::Used);
        }
        let used = used.entry(member.clone()).or_default();
        used.retain(|_, until| *until >= now);
        if used.len() >= REMEMBERED {
            return Err(NotTaken::Busy);
        }
        used.insert(text.to_owned(), now + LIFE);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_good_once_here_and_for_two_minutes() {
        let challenges = Challenges::new().unwrap();
        let origin: Origin = "sanzi.example.org/donglang".parse().unwrap();
        let other: Origin = "sanzi.example.org/xilang".parse().unwrap();
        let text = challenges.draw(&origin, "a.example:1", 1000).unwrap();
        assert!(
            text.starts_with(
                "sanzi-desk-sign-in-v1\nsanzi.example.org/donglang\na.example:1\n1000\n"
            )
        );
        let check = |text: &str, origin, host, now| challenges.check(text, origin, host, now);
        assert_eq!(check(&text, &origin, "a.example:1", 1000), Ok(()));
        assert_eq!(check(&text, &origin, "a.example:1", 1120), Ok(()));
        for now in [999, 1121] {
            assert_eq!(
                check(&text, &origin, "a.example:1", now),
                Err(NotTaken::Stale)
            );
        }
        assert_eq!(
            check(&text, &other, "a.example:1", 1000),
            Err(NotTaken::Stale)
        );
        assert_eq!(
            check(&text, &origin, "b.example", 1000),
            Err(NotTaken::Stale)
        );
        let later = text.replace("\n1000\n", "\n1060\n");
        assert_eq!(
            check(&later, &origin, "a.example:1", 1100),
            Err(NotTaken::Stale)
        );
        let of_another = Challenges::new()
            .unwrap()
            .draw(&origin, "a.example:1", 1000)
            .unwrap();
        assert_eq!(
            check(&of_another, &origin, "a.example:1", 1000),
            Err(NotTaken::Stale)
        );
        for text in ["", "\n\n\n\n", "a\nb\nc\n1\nü"] {
            assert_eq!(
                check(text, &origin, "a.example:1", 1000),
                Err(NotTaken::Stale)
            );
        }
        let [chen, deng]: [MemberId; 2] = ["chen", "deng"].map(|id| id.parse().unwrap());
        assert_eq!(challenges.use_up(&chen, &text, 1001), Ok(()));
        for member in [&chen, &deng] {
            let again = challenges.use_up(member, &text, 1120);
            assert_eq!(again, Err(NotTaken::Used));
        }
        // Who signs in without end keeps nobody else from it.
        for number in 1..REMEMBERED {
            let text = number.to_string();
            assert_eq!(challenges.use_up(&chen, &text, 1001), Ok(()));
        }
        assert_eq!(challenges.use_up(&chen, "x", 1001), Err(NotTaken::Busy));
        assert_eq!(challenges.use_up(&deng, "x", 1001), Ok(()));
        assert_eq!(challenges.use_up(&chen, "y", 1122), Ok(()));
    }
}
