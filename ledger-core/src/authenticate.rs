//! Who signed: from a signed event to an authentic one. (验签)
//!
//! Every signature line must be by a member's key that is active at this position of the log, and
//! must verify. Knows nothing of which roles an event needs; that is [`crate::admit`]'s.

use crate::event::{Event, SignedEvent};
use crate::key::{Algorithm, VerifierKey};
use crate::name::{MemberId, Origin};
use crate::note::SignatureLine;
use crate::refusal::Refusal;
use crate::state::{LedgerState, State};

/// A signed event every signature of which has been verified. (已验签事件)
///
/// Only [`authenticate`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticEvent {
    /// The keys that verified the lines, one for each.
    keys: Vec<VerifierKey>,
    signed: SignedEvent,
    signers: Vec<MemberId>,
}

impl AuthenticEvent {
    /// The event as it was signed.
    #[must_use]
    pub fn signed(&self) -> &SignedEvent {
        &self.signed
    }

    /// Who signed it, in the order of the signature lines.
    #[must_use]
    pub fn signers(&self) -> &[MemberId] {
        &self.signers
    }

    /// Whether the keys that verified the signatures still count at the state's position.
    pub(crate) fn check_keys(&self, state: &State) -> Result<(), Refusal> {
        let Some(ledger) = state.ledger() else {
            return Ok(());
        };
        for (member, key) in self.signers.iter().zip(&self.keys) {
            let present = ledger
                .roster
                .member(member)
                .and_then(|m| m.key_at(state.size()));
            if present != Some(key) {
                return Err(Refusal::InactiveKey {
                    member: member.clone(),
                });
            }
        }
        Ok(())
    }

    pub(crate) fn into_parts(self) -> (SignedEvent, Vec<MemberId>) {
        (self.signed, self.signers)
    }
}

/// Verifies every signature of an event against the roster as it stands. (验签)
///
/// # Errors
/// [`Refusal::UnknownKey`], [`Refusal::InactiveKey`] or [`Refusal::InvalidSignature`], naming the
/// line; [`Refusal::NotOpened`] for anything but a founding before entry 0.
pub fn authenticate(state: &State, signed: SignedEvent) -> Result<AuthenticEvent, Refusal> {
    let (keys, signers) = verify(state.ledger(), state.size(), &signed)?;
    Ok(AuthenticEvent {
        keys,
        signed,
        signers,
    })
}

/// An event looked at before its turn: a signature is true or not whatever comes before it, and whose key
/// counts is asked again at the turn. So the verdict is that of [`authenticate`] then.
#[derive(Debug)]
pub(crate) enum Early {
    /// Its signatures are true.
    Authentic(Box<AuthenticEvent>),
    /// By the ledger as it stood, somebody's signature does not count.
    Doubtful(Box<SignedEvent>),
}

impl Early {
    /// Looks at an event by a ledger as it stood after `size` entries.
    pub(crate) fn of(ledger: Option<&LedgerState>, size: u64, signed: SignedEvent) -> Self {
        match verify(ledger, size, &signed) {
            Ok((keys, signers)) => Self::Authentic(Box::new(AuthenticEvent {
                keys,
                signed,
                signers,
            })),
            Err(_) => Self::Doubtful(Box::new(signed)),
        }
    }

    /// The event as it was signed.
    pub(crate) fn signed(&self) -> &SignedEvent {
        match self {
            Self::Authentic(authentic) => authentic.signed(),
            Self::Doubtful(signed) => signed,
        }
    }

    /// The authentic event by the state at its turn.
    pub(crate) fn authentic(self, state: &State) -> Result<AuthenticEvent, Refusal> {
        match self {
            Self::Authentic(authentic) if authentic.check_keys(state).is_ok() => Ok(*authentic),
            Self::Authentic(authentic) => authenticate(state, authentic.into_parts().0),
            Self::Doubtful(signed) => authenticate(state, *signed),
        }
    }
}

/// The keys that verify the lines, one for each, and whose they are.
fn verify(
    ledger: Option<&LedgerState>,
    size: u64,
    signed: &SignedEvent,
) -> Result<(Vec<VerifierKey>, Vec<MemberId>), Refusal> {
    let text = signed.note().text();
    let lines = signed.note().signatures().len();
    let (mut signers, mut keys) = (Vec::with_capacity(lines), Vec::with_capacity(lines));
    for line in signed.note().signatures() {
        let (member, key) = match (ledger, &signed.statement().event) {
            (Some(ledger), _) => rostered_key(ledger, size, line)?,
            (None, Event::LedgerOpened(opened)) => {
                let founder = opened
                    .members
                    .iter()
                    .find(|enrolment| enrolment.key.is_named_by(line));
                let founder = founder.ok_or_else(|| unknown(line))?;
                (founder.member.clone(), &founder.key)
            }
            (None, _) => return Err(Refusal::NotOpened),
        };
        if key.algorithm() != Algorithm::Ed25519 || key.verify_line(text, line).is_err() {
            return Err(Refusal::InvalidSignature {
                found: line.name().to_owned(),
            });
        }
        signers.push(member);
        keys.push(key.clone());
    }
    Ok((keys, signers))
}

fn rostered_key<'a>(
    ledger: &'a LedgerState,
    position: u64,
    line: &SignatureLine,
) -> Result<(MemberId, &'a VerifierKey), Refusal> {
    let id = member_in_name(&ledger.origin, line.name()).ok_or_else(|| unknown(line))?;
    let member = ledger.roster.member(&id).ok_or_else(|| unknown(line))?;
    if let Some(key) = member.key_at(position).filter(|key| key.is_named_by(line)) {
        return Ok((id, key));
    }
    if member.keys.iter().any(|held| held.key.is_named_by(line)) {
        return Err(Refusal::InactiveKey { member: id });
    }
    Err(unknown(line))
}

/// The member that a key's name names, if the key belongs to this origin.
#[must_use]
pub fn member_in_name(origin: &Origin, name: &str) -> Option<MemberId> {
    name.strip_prefix(origin.as_str())?
        .strip_prefix('/')?
        .parse()
        .ok()
}

fn unknown(line: &SignatureLine) -> Refusal {
    Refusal::UnknownKey {
        found: line.name().to_owned(),
    }
}
