//! Who signs an event, who has, and who is still to sign.
//!
//! The charter says which rule holds for which event; [`ledger_core::signing`] judges. What is here
//! looks ahead: it finds persons with whom the rule could be met.

use std::collections::BTreeSet;
use std::sync::Arc;

use ledger_core::charter::{Charter, SigningRule};
use ledger_core::event::Event;
use ledger_core::roster::Roster;
use ledger_core::signing::roles_of;
use ledger_core::state::{LedgerState, State};
use ledger_core::{MemberId, Role, StreamId};

/// The charter that governs a stream at the end of the log.
pub(crate) fn charter_of<'a>(
    state: &State,
    ledger: &'a LedgerState,
    stream: &StreamId,
) -> &'a Arc<Charter> {
    let position = state.size();
    match stream {
        StreamId::Transaction(id) => {
            let begun_at = state.transaction(id).map_or(position, |t| t.begun_at);
            ledger.charter_of(begun_at, position)
        }
        _ => ledger.charter_at(position),
    }
}

/// The rule by which an event is signed; `None` for the founding, which every founder signs.
pub(crate) fn rule_of<'a>(charter: &'a Charter, event: &Event) -> Option<&'a SigningRule> {
    match event {
        Event::LedgerOpened(_) => None,
        Event::CharterAdopted(_) => Some(&charter.charter_changes),
        Event::ChannelPosted(_) => Some(&charter.postings),
        event => Some(match event.step() {
            Some(view) => &charter.steps.of(view.step).signing,
            None => &charter.roster_changes,
        }),
    }
}

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
