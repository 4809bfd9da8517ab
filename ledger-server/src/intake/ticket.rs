//! What holds a flood back without asking anybody's name: a ticket in every form, work, and a wait.
//!
//! A form carries a fresh code, the time at which it was made, and the server's seal over both. A browser
//! that runs scripts proves some work on the seal; one that does not waits longer, and has less. Each
//! ticket is good for one concern only, for the concern's id follows from its code. Seals last as long
//! as this process: after a restart a form is answered with a new ticket, and nothing that was written
//! in it is lost.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::Code;

/// How many leading zero bits the hash of seal and nonce has: 131,072 attempts in the middle.
pub(crate) const WORK_BITS: u32 = 17;

/// How old a ticket is before it is taken with work, in seconds: nobody writes faster.
pub(crate) const WAIT_WITH_WORK: u64 = 2;

/// How old without, in seconds.
pub(crate) const WAIT_WITHOUT_WORK: u64 = 20;

/// How long a ticket is good, in seconds.
const LIFE: u64 = 12 * 3600;

/// Makes tickets and knows them again.
pub(crate) struct Mint([u8; 32]);

/// What a form carries.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    pub(crate) code: Code,
    /// When it was made, in seconds since 1970.
    pub(crate) issued: u64,
    pub(crate) seal: String,
}

/// Why a ticket is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotYet {
    /// It is not this server's, or too old.
    Stale,
    /// So many more seconds.
    Wait(u64),
}

impl Mint {
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        Ok(Self(secret))
    }

    /// A new ticket for a concern about something.
    pub(crate) fn ticket(&self, about: &str, now: u64) -> Result<Ticket, getrandom::Error> {
        let code = Code::draw()?;
        Ok(Ticket {
            seal: self.seal(about, &code, now),
            code,
            issued: now,
        })
    }

    fn mac(&self, about: &str, code: &Code, issued: u64) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(format!("sanzi/ticket/v1\n{about}\n{code}\n{issued}").as_bytes());
        Some(mac)
    }

    fn seal(&self, about: &str, code: &Code, issued: u64) -> String {
        // A key of any length will do for HMAC.
        let mac = self.mac(about, code, issued);
        mac.map_or_else(String::new, |mac| {
            HEXLOWER.encode(&mac.finalize().into_bytes())
        })
    }

    /// Whether a ticket is this server's and old enough; `worked` says whether work was proven on it.
    pub(crate) fn check(
        &self,
        about: &str,
        ticket: &Ticket,
        now: u64,
        worked: bool,
    ) -> Result<(), NotYet> {
        let mac = self.mac(about, &ticket.code, ticket.issued);
        let seal = HEXLOWER.decode(ticket.seal.as_bytes());
        let is_ours = mac.is_some_and(|mac| seal.is_ok_and(|seal| mac.verify_slice(&seal).is_ok()));
        let age = now.saturating_sub(ticket.issued);
        if !is_ours || age > LIFE {
            return Err(NotYet::Stale);
        }
        let wait = if worked {
            WAIT_WITH_WORK
        } else {
            WAIT_WITHOUT_WORK
        };
        match wait.saturating_sub(age) {
            0 => Ok(()),
            left => Err(NotYet::Wait(left)),
        }
    }
}

/// Whether a nonce proves work on a seal: SHA-256 of `<seal>.<nonce>` begins with [`WORK_BITS`] zeros.
pub(crate) fn proves_work(seal: &str, nonce: &str) -> bool {
    let is_number = !nonce.is_empty() && nonce.len() <= 16;
    if !is_number || !nonce.bytes().all(|c| c.is_ascii_digit()) {
        return false;
    }
    let hash = Sha256::digest(format!("{seal}.{nonce}").as_bytes());
    let head = hash.first_chunk::<4>().copied().unwrap_or([0xff; 4]);
    u32::from_be_bytes(head).leading_zeros() >= WORK_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_taken_once_it_is_old_enough_and_only_where_it_was_given() {
        let mint = Mint::new().unwrap();
        let ticket = mint.ticket("donglang/2018-001", 1000).unwrap();
        let check =
            |about: &str, ticket: &Ticket, now, worked| mint.check(about, ticket, now, worked);
        let here = "donglang/2018-001";
        assert_eq!(check(here, &ticket, 1001, true), Err(NotYet::Wait(1)));
        assert_eq!(check(here, &ticket, 1002, true), Ok(()));
        assert_eq!(check(here, &ticket, 1002, false), Err(NotYet::Wait(18)));
        assert_eq!(check(here, &ticket, 1020, false), Ok(()));
        assert_eq!(check(here, &ticket, 1000 + LIFE, false), Ok(()));
        let stale = Err(NotYet::Stale);
        assert_eq!(check(here, &ticket, 1001 + LIFE, true), stale);
        assert_eq!(check("donglang/2018-002", &ticket, 1100, true), stale);
        let backdated = Ticket {
            issued: 900,
            ..ticket.clone()
        };
        assert_eq!(check(here, &backdated, 1002, true), stale);
        let other = Ticket {
            code: Code::draw().unwrap(),
            ..ticket.clone()
        };
        assert_eq!(check(here, &other, 1100, true), stale);
        let elsewhere = Mint::new().unwrap();
        assert_eq!(elsewhere.check(here, &ticket, 1100, true), stale);
    }

    #[test]
    fn work_is_proven_on_one_seal() {
        let found = (0_u64..).find(|n| proves_work("seal", &n.to_string()));
        let nonce = found.unwrap().to_string();
        assert!(!proves_work("other", &nonce));
        for wrong in ["", "-1", "1.0", "00000000000000000", "x"] {
            assert!(!proves_work("seal", wrong), "{wrong}");
        }
    }
}
