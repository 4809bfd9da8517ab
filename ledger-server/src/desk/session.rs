//! Who sits at the desk: sessions that a signature began and that the roster ends. (会话)
//!
//! A browser holds a random token in a cookie; here is only its hash, in memory, so that a restart ends
//! every session. A session lasts as long as the key that began it is its member's and the member holds a
//! role, by the newest entry that is published; beyond that, twelve hours, or thirty minutes without a
//! request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use data_encoding::BASE64URL_NOPAD;
use ledger_core::key::VerifierKey;
use ledger_core::{MemberId, Role};
use sha2::{Digest as _, Sha256};

use crate::served::{Served, Snapshot};

/// How long a session lasts.
const LIFE: Duration = Duration::from_secs(12 * 3600);

/// How long without a request.
const IDLE: Duration = Duration::from_secs(30 * 60);

/// How many sessions one member may have at a time; the one unused longest makes room.
const PER_MEMBER: usize = 16;

/// The hash of a token.
type Hashed = [u8; 32];

struct Session {
    begun: Instant,
    key: VerifierKey,
    member: MemberId,
    used: Instant,
}

impl Session {
    fn has_ended(&self, now: Instant) -> bool {
        now.duration_since(self.begun) >= LIFE || now.duration_since(self.used) >= IDLE
    }
}

/// The sessions of one ledger. Bounded, for its members are.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<Hashed, Session>>);

/// A member at the desk, by the newest entry.
#[derive(Debug, Clone)]
pub(crate) struct Sitting {
    pub(crate) key: VerifierKey,
    pub(crate) member: MemberId,
    pub(crate) roles: Vec<Role>,
}

impl Sitting {
    /// The member whose active key this is, if it holds a role of people.
    pub(super) fn of(snapshot: &Snapshot, member: &MemberId, key: &VerifierKey) -> Option<Self> {
        let position = snapshot.size();
        let held = snapshot.state.roster.member(member)?;
        if held.key_at(position) != Some(key) {
            return None;
        }
        let roles: Vec<Role> = held.roles_at(position).collect();
        // The intake is a program.
        let is_staff = roles.iter().any(|role| *role != Role::Intake);
        is_staff.then(|| Self {
            key: key.clone(),
            member: member.clone(),
            roles,
        })
    }

    /// Who sits there by the cookie of a request; `None` if nobody does any more.
    pub(crate) fn at(ledger: &Served, snapshot: &Snapshot, headers: &HeaderMap) -> Option<Self> {
        let token = token(headers, &cookie_name(ledger.slug()))?;
        let sessions = &ledger.desk.sessions;
        let (member, key) = sessions.touch(&hashed(&token), Instant::now())?;
        let sitting = Self::of(snapshot, &member, &key);
        if sitting.is_none() {
            sessions.end(&hashed(&token));
        }
        sitting
    }
}

impl Sessions {
    /// Begins a session; gives its token.
    pub(super) fn begin(
        &self,
        sitting: &Sitting,
        now: Instant,
    ) -> Result<String, getrandom::Error> {
        let mut token = [0; 32];
        getrandom::fill(&mut token)?;
        let token = BASE64URL_NOPAD.encode(&token);
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| !session.has_ended(now));
        let own = |session: &&Session| session.member == sitting.member;
        if sessions.values().filter(own).count() >= PER_MEMBER {
            let oldest = sessions.iter().filter(|(_, session)| own(session));
            let oldest = oldest.min_by_key(|(_, session)| session.used);
            if let Some(oldest) = oldest.map(|(hash, _)| *hash) {
                sessions.remove(&oldest);
            }
        }
        let session = Session {
            begun: now,
            key: sitting.key.clone(),
            member: sitting.member.clone(),
            used: now,
        };
        sessions.insert(hashed(&token), session);
        Ok(token)
    }

    fn touch(&self, hash: &Hashed, now: Instant) -> Option<(MemberId, VerifierKey)> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get_mut(hash)?;
        if session.has_ended(now) {
            sessions.remove(hash);
            return None;
        }
        session.used = now;
        Some((session.member.clone(), session.key.clone()))
    }

    fn end(&self, hash: &Hashed) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.remove(hash);
    }

    /// Ends the session of a request.
    pub(super) fn sign_out(&self, slug: &str, headers: &HeaderMap) {
        if let Some(token) = token(headers, &cookie_name(slug)) {
            self.end(&hashed(&token));
        }
    }
}

fn hashed(token: &str) -> Hashed {
    Sha256::digest(token.as_bytes()).into()
}

fn cookie_name(slug: &str) -> String {
    format!("sanzi_desk_{slug}")
}

/// The cookie that gives a token to a browser, or, with none, takes it away.
pub(super) fn cookie(slug: &str, token: Option<&str>, is_secure: bool) -> String {
    let name = cookie_name(slug);
    let secure = if is_secure { "; Secure" } else { "" };
    let life = token.map_or(0, |_| LIFE.as_secs());
    let token = token.unwrap_or_default();
    format!("{name}={token}; Path=/{slug}/desk; Max-Age={life}; HttpOnly; SameSite=Strict{secure}")
}

/// The token in the cookie of that name, if there is one such cookie.
fn token(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter();
    let cookies = cookies.filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|value| value.split(';'));
    let mut found = pairs.filter_map(|pair| {
        let (given, token) = pair.trim().split_once('=')?;
        (given == name).then(|| token.to_owned())
    });
    // Two of the same name: one of them may be planted.
    found.next().filter(|_| found.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sitting() -> Sitting {
        let name = "sanzi.example.org/donglang/chen";
        let key = ledger_core::SigningKey::from_seed(name, &[7; 32]).unwrap();
        Sitting {
            key: key.verifier().clone(),
            member: "chen".parse().unwrap(),
            roles: vec![Role::Chair],
        }
    }

    #[test]
    fn a_session_ends_when_it_is_old_or_idle_or_one_too_many() {
        let (sessions, begun) = (Sessions::default(), Instant::now());
        let token = sessions.begin(&sitting(), begun).unwrap();
        let touch = |minutes: u64| {
            let at = begun + Duration::from_secs(minutes * 60);
            sessions.touch(&hashed(&token), at).is_some()
        };
        assert!((0..24).all(|time| touch(29 * time)));
        assert!((24..25).all(|time| touch(29 * time)));
        assert!(!touch(12 * 60));
        let token = sessions.begin(&sitting(), begun).unwrap();
        let idle = begun + IDLE;
        assert!(sessions.touch(&hashed(&token), idle).is_none());
        let first = sessions.begin(&sitting(), begun).unwrap();
        for later in 1..=16 {
            let at = begun + Duration::from_secs(later);
            sessions.begin(&sitting(), at).unwrap();
        }
        assert!(sessions.touch(&hashed(&first), begun).is_none());
        assert_eq!(sessions.0.lock().unwrap().len(), PER_MEMBER);
    }

    #[test]
    fn a_cookie_is_for_the_desk_of_its_ledger_only() {
        let cookie = cookie("donglang", Some("abc"), true);
        assert_eq!(
            cookie,
            "sanzi_desk_donglang=abc; Path=/donglang/desk; Max-Age=43200; HttpOnly; SameSite=Strict; Secure"
        );
        let of = |value: &'static str| {
            let headers = HeaderMap::from_iter([(COOKIE, value.parse().unwrap())]);
            token(&headers, "sanzi_desk_donglang")
        };
        assert_eq!(
            of("large=1; sanzi_desk_donglang=abc").as_deref(),
            Some("abc")
        );
        assert_eq!(of("sanzi_desk_donglang2=abc"), None);
        assert_eq!(of("sanzi_desk_donglang=abc; sanzi_desk_donglang=def"), None);
    }
}
