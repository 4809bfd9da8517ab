//! Who signs an event, who has, and who is still to sign.
//!
//! [`ledger_core::signing`] says which rule holds for which event, and judges. What is here
//! looks ahead: it finds persons with whom the rule could be met.

use std::collections::BTreeSet;

use ledger_core::charter::SigningRule;
use ledger_core::roster::Roster;
use ledger_core::signing::roles_of;
use ledger_core::{MemberId, Role};

/// A role in one event and who fills it, or could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) role: Role,
    pub(crate) member: MemberId,
    /// Whether that member has signed, rather than could.
    pub(crate) signed: bool,
}

/// Seats the members who have signed and finds, for every role that is left, somebody who could sign:
/// `None` if there is no way to fill all roles that must sign with different persons.
pub(crate) fn seats(
    signed: &[MemberId],
    rule: &SigningRule,
    roster: &Roster,
    position: u64,
) -> Option<Vec<Seat>> {
    let (required, optional) = roles_of(rule, roster, position);
    let mut seating = Seating {
        required: required.len(),
        roles: required.into_iter().chain(optional).collect(),
        roster,
        position,
        seats: Vec::new(),
    };
    seating.fill(signed).then_some(seating.seats)
}

/// A search for a seating, one seat after the other.
struct Seating<'a> {
    /// How many of the roles must sign: these come first.
    required: usize,
    roles: Vec<Role>,
    roster: &'a Roster,
    position: u64,
    seats: Vec<Seat>,
}

impl Seating<'_> {
    fn fill(&mut self, signed: &[MemberId]) -> bool {
        let taken: BTreeSet<Role> = self.seats.iter().map(|seat| seat.role).collect();
        let free = |role: &&Role| !taken.contains(*role);
        if let Some((member, rest)) = signed.split_first() {
            let held = self.roster.member(member);
            let holds = |role: &&Role| held.is_some_and(|held| held.holds(**role, self.position));
            let roles: Vec<Role> = self
                .roles
                .iter()
                .filter(free)
                .filter(holds)
                .copied()
                .collect();
            return roles
                .into_iter()
                .any(|role| self.attempt(role, member.clone(), true, rest));
        }
        let Some(role) = self.roles[..self.required].iter().find(free).copied() else {
            return true;
        };
        let seated = |member: &&MemberId| self.seats.iter().any(|seat| seat.member == **member);
        let holders: Vec<MemberId> = self
            .roster
            .holders(role, self.position)
            .filter(|member| !seated(member))
            .cloned()
            .collect();
        holders
            .into_iter()
            .any(|member| self.attempt(role, member, false, &[]))
    }

    fn attempt(&mut self, role: Role, member: MemberId, signed: bool, rest: &[MemberId]) -> bool {
        self.seats.push(Seat {
            role,
            member,
            signed,
        });
        let found = self.fill(rest);
        if !found {
            self.seats.pop();
        }
        found
    }
}
