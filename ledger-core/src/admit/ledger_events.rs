//! Rules of the ledger's own stream: founding, roster, charter.

use std::collections::BTreeSet;

use super::{Case, check_privacy, check_time};
use crate::charter::{Charter, SigningRule};
use crate::event::{
    CharterAdopted, Event, KeyCompromised, KeyRotated, RoleEnded, RoleGranted, Statement,
};
use crate::hash::Hash;
use crate::key::{Algorithm, VerifierKey};
use crate::name::{MemberId, Origin, StreamId};
use crate::privacy::FoundIn;
use crate::refusal::Refusal;
use crate::role::Role;
use crate::roster::{Enrolment, Member, Roster};
use crate::time::LogTime;

/// Entry 0: a whole charter and a first roster, signed by every founding member. (建账)
pub(super) fn found(
    statement: &Statement,
    private: Option<&FoundIn>,
    signers: &[MemberId],
    received_at: LogTime,
) -> Result<(), Refusal> {
    let Event::LedgerOpened(opened) = &statement.event else {
        return Err(Refusal::NotOpened);
    };
    if statement.stream != StreamId::Ledger {
        return Err(Refusal::WrongStream {
            expected: "ledger",
            found: statement.stream.to_string(),
        });
    }
    if statement.prev != Hash::ZERO {
        return Err(Refusal::StalePrev {
            expected: Hash::ZERO,
            found: statement.prev,
        });
    }
    check_time(&opened.charter, statement, received_at)?;
    check_privacy(private)?;
    let mut roster = Roster::default();
    for enrolment in &opened.members {
        check_enrolment(&opened.charter, &opened.origin, &roster, enrolment)?;
        roster.enrol(enrolment, 0);
    }
    let absent = opened
        .members
        .iter()
        .map(|founder| &founder.member)
        .filter(|founder| !signers.contains(founder));
    let missing: Vec<MemberId> = absent.cloned().collect();
    if !missing.is_empty() {
        return Err(Refusal::FounderUnsigned { missing });
    }
    check_staffed(&opened.charter, &roster, 1)?;
    check_charter(&opened.charter, opened.training)
}

impl Case<'_> {
    /// Rules of an event on the ledger's stream after entry 0.
    pub(super) fn ledger_event(&self) -> Result<(), Refusal> {
        let charter = self.charter();
        if let Some(record) = self.statement.event.record() {
            self.check_record(record)?;
            return self.noted(&self.ledger.notes);
        }
        match &self.statement.event {
            Event::MemberEnrolled(enrolled) => check_enrolment(
                charter,
                &self.ledger.origin,
                &self.ledger.roster,
                &enrolled.enrolment,
            ),
            Event::RoleGranted(granted) => self.role_granted(charter, granted),
            Event::RoleEnded(ended) => self.role_ended(charter, ended),
            Event::KeyRotated(rotated) => self.key_rotated(rotated),
            Event::KeyCompromised(compromised) => self.key_compromised(charter, compromised),
            Event::CharterAdopted(adopted) => self.charter_adopted(charter, adopted),
            Event::LossDeclared(declared) => self.loss_declared(declared),
            // Others belong elsewhere, which has been checked.
            _ => Err(Refusal::AlreadyOpened),
        }
    }

    fn member(&self, id: &MemberId) -> Result<&Member, Refusal> {
        self.ledger
            .roster
            .member(id)
            .ok_or_else(|| Refusal::UnknownMember { found: id.clone() })
    }

    /// The position from which the event counts: right after itself.
    fn after(&self) -> u64 {
        self.position + 1
    }

    fn role_granted(&self, charter: &Charter, granted: &RoleGranted) -> Result<(), Refusal> {
        let member = self.member(&granted.member)?;
        if member.holds(granted.role, self.position) {
            return Err(Refusal::RoleHeld {
                member: granted.member.clone(),
                role: granted.role,
            });
        }
        let held: Vec<Role> = member
            .roles_at(self.position)
            .chain([granted.role])
            .collect();
        check_exclusions(charter, &granted.member, &held)?;
        // A role that signs if it is held may have to sign from now on.
        let mut roster = self.ledger.roster.clone();
        roster.grant(&granted.member, granted.role, self.position);
        check_staffed(charter, &roster, self.after())
    }

    fn role_ended(&self, charter: &Charter, ended: &RoleEnded) -> Result<(), Refusal> {
        if !self.member(&ended.member)?.holds(ended.role, self.position) {
            return Err(Refusal::RoleNotHeld {
                member: ended.member.clone(),
                role: ended.role,
            });
        }
        let mut roster = self.ledger.roster.clone();
        roster.end(&ended.member, ended.role, self.position);
        check_staffed(charter, &roster, self.after())
    }

    fn key_rotated(&self, rotated: &KeyRotated) -> Result<(), Refusal> {
        self.member(&rotated.member)?;
        check_key(
            &self.ledger.origin,
            &self.ledger.roster,
            &rotated.member,
            &rotated.key,
        )
    }

    fn key_compromised(
        &self,
        charter: &Charter,
        compromised: &KeyCompromised,
    ) -> Result<(), Refusal> {
        let keys = &self.member(&compromised.member)?.keys;
        let Some(held) = keys.iter().find(|held| held.key == compromised.key) else {
            let (member, found) = (compromised.member.clone(), compromised.key.to_string());
            return Err(Refusal::ForeignKey { member, found });
        };
        // Declared again, it can only reach further back.
        let latest = held
            .compromised_since
            .map_or(self.received_at, |before| before.minus_seconds(1));
        if compromised.since > latest {
            return Err(Refusal::CompromisedLater {
                expected: latest,
                found: compromised.since,
            });
        }
        let mut roster = self.ledger.roster.clone();
        roster.compromise(
            &compromised.member,
            &compromised.key,
            compromised.since,
            self.position,
        );
        check_staffed(charter, &roster, self.after())
    }

    fn charter_adopted(&self, charter: &Charter, adopted: &CharterAdopted) -> Result<(), Refusal> {
        let new = &adopted.charter;
        self.check_adoption(charter, adopted)?;
        for (id, member) in self.ledger.roster.members() {
            let held: Vec<Role> = member.roles_at(self.position).collect();
            check_exclusions(new, id, &held)?;
        }
        check_staffed(new, &self.ledger.roster, self.after())?;
        check_charter(new, self.ledger.training)?;
        if new.version <= charter.version {
            return Err(Refusal::CharterVersion {
                expected: charter.version.saturating_add(1),
                found: new.version,
            });
        }
        Ok(())
    }
}

fn check_charter(charter: &Charter, training: bool) -> Result<(), Refusal> {
    match charter.training_rule() {
        Some(field) if !training => Err(Refusal::TrainingOnly { field }),
        _ => Ok(()),
    }
}

fn check_enrolment(
    charter: &Charter,
    origin: &Origin,
    roster: &Roster,
    enrolment: &Enrolment,
) -> Result<(), Refusal> {
    if roster.member(&enrolment.member).is_some() {
        return Err(Refusal::MemberExists {
            found: enrolment.member.clone(),
        });
    }
    check_key(origin, roster, &enrolment.member, &enrolment.key)?;
    let mut seen = BTreeSet::new();
    if let Some(role) = enrolment.roles.iter().find(|role| !seen.insert(**role)) {
        return Err(Refusal::RoleHeld {
            member: enrolment.member.clone(),
            role: *role,
        });
    }
    check_exclusions(charter, &enrolment.member, &enrolment.roles)
}

fn check_key(
    origin: &Origin,
    roster: &Roster,
    member: &MemberId,
    key: &VerifierKey,
) -> Result<(), Refusal> {
    if let Some(owner) = roster.owner_of(key) {
        return Err(Refusal::KeyInUse {
            member: owner.clone(),
        });
    }
    let expected = origin.key_name(member);
    if key.name() != expected || key.algorithm() != Algorithm::Ed25519 {
        return Err(Refusal::KeyName {
            expected,
            found: key.to_string(),
        });
    }
    Ok(())
}

/// Rule 2. Source: 农村集体经济组织法, articles 32 and 34; the charter may add to them.
fn check_exclusions(charter: &Charter, member: &MemberId, held: &[Role]) -> Result<(), Refusal> {
    let both = |one: Role, other: Role| held.contains(&one) && held.contains(&other);
    let excluded = charter
        .exclusions
        .iter()
        .find(|exclusion| both(exclusion.one, exclusion.other));
    if let Some(exclusion) = excluded {
        let roles = vec![exclusion.one, exclusion.other];
        return Err(Refusal::RolesExcluded {
            member: member.clone(),
            roles,
        });
    }
    let other = held.iter().copied().find(|role| *role != Role::Intake);
    match other {
        Some(other) if held.contains(&Role::Intake) => Err(Refusal::RolesExcluded {
            member: member.clone(),
            roles: vec![Role::Intake, other],
        }),
        _ => Ok(()),
    }
}

/// Roster and charter can still be changed: every role that must sign such a change is held, and by
/// different persons.
fn check_staffed(charter: &Charter, roster: &Roster, position: u64) -> Result<(), Refusal> {
    for rule in [&charter.roster_changes, &charter.charter_changes] {
        let everyone: Vec<MemberId> = candidates(rule, roster, position);
        match crate::signing::unfillable(&everyone, rule, roster, position) {
            missing_roles if missing_roles.is_empty() => {}
            missing_roles => return Err(Refusal::Unstaffed { missing_roles }),
        }
    }
    Ok(())
}

fn candidates(rule: &SigningRule, roster: &Roster, position: u64) -> Vec<MemberId> {
    let roles = rule
        .cosigns
        .iter()
        .map(|cosigner| cosigner.role)
        .chain([rule.answers]);
    let holders = roles
        .flat_map(|role| roster.holders(role, position))
        .cloned();
    holders.collect::<BTreeSet<_>>().into_iter().collect()
}
