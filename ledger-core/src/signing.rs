//! Which signer fills which role: the rule "who". (谁来签)
//!
//! One person fills at most one role of an event, every role that must sign is filled, and nobody
//! signs without a role. The rule is the charter's; knows nothing of what a step records.

use crate::charter::{Charter, SigningRule, When};
use crate::event::Event;
use crate::name::MemberId;
use crate::refusal::Refusal;
use crate::role::Role;
use crate::roster::Roster;
use crate::transaction::Transaction;

/// The charter's rule for who signs this event. `transaction` is the one it belongs to, if it has
/// begun: a correction is signed as what it corrects.
///
/// `None` for the founding, which every founder signs; for a declaration, which who declares signs
/// alone; and for a correction of what cannot be corrected.
#[must_use]
pub fn rule_of<'a>(
    charter: &'a Charter,
    event: &Event,
    transaction: Option<&Transaction>,
) -> Option<&'a SigningRule> {
    match event {
        Event::LedgerOpened(_) | Event::RelativeDeclared(_) => None,
        Event::CharterAdopted(_) | Event::LossDeclared(_) => Some(&charter.charter_changes),
        Event::MemberEnrolled(_)
        | Event::RoleGranted(_)
        | Event::RoleEnded(_)
        | Event::KeyRotated(_)
        | Event::KeyCompromised(_) => Some(&charter.roster_changes),
        Event::ChannelPosted(_) => Some(&charter.postings),
        Event::Corrected(corrected) => {
            let original = transaction?.correctable(corrected.entry)?;
            rule_of(charter, original, None)
        }
        event => match event.step() {
            Some(view) => Some(&charter.steps.of(view.step).signing),
            None => charter.signing.of(event.kind()),
        },
    }
}

/// The roles that must sign at `position`, the one that answers first, and those that may.
#[must_use]
pub fn roles_of(rule: &SigningRule, roster: &Roster, position: u64) -> (Vec<Role>, Vec<Role>) {
    let (mut required, mut optional) = (vec![rule.answers], Vec::new());
    for cosigner in &rule.cosigns {
        match cosigner.when {
            When::Always => required.push(cosigner.role),
            When::IfAppointed if roster.is_appointed(cosigner.role, position) => {
                required.push(cosigner.role)
            }
            When::IfAppointed => {}
            When::Optional => optional.push(cosigner.role),
        }
    }
    (required, optional)
}

/// Gives every signer one role, so that all roles that must sign are filled. (岗位分派)
///
/// The answer lists, for each signer in the order of their ids, the role it fills.
///
/// # Errors
/// [`Refusal::SignerWithoutRole`], [`Refusal::MissingRoles`] or [`Refusal::OnePersonTwoRoles`].
pub fn assign(
    signers: &[MemberId],
    rule: &SigningRule,
    roster: &Roster,
    position: u64,
) -> Result<Vec<Role>, Refusal> {
    let (required, optional) = roles_of(rule, roster, position);
    let mut signers = signers.to_vec();
    signers.sort_unstable();
    signers.dedup();
    let all: Vec<Role> = required.iter().chain(&optional).copied().collect();
    let may = |signer: usize, role: usize| {
        roster
            .member(&signers[signer])
            .is_some_and(|member| member.holds(all[role], position))
    };
    for (place, member) in signers.iter().enumerate() {
        if !(0..all.len()).any(|role| may(place, role)) {
            return Err(Refusal::SignerWithoutRole {
                member: member.clone(),
                expected: all,
            });
        }
    }
    let held = |role: usize| (0..signers.len()).any(|signer| may(signer, role));
    let absent: Vec<Role> = (0..required.len())
        .filter(|role| !held(*role))
        .map(|role| all[role])
        .collect();
    if !absent.is_empty() {
        return Err(Refusal::MissingRoles {
            missing_roles: absent,
        });
    }
    let mut matching = Matching {
        of_role: vec![None; all.len()],
        of_signer: vec![None; signers.len()],
    };
    for role in 0..required.len() {
        if let Some(contested) = matching.fill(role, &may) {
            let roles = contested.into_iter().map(|role| all[role]).collect();
            return Err(Refusal::OnePersonTwoRoles { roles });
        }
    }
    for (place, member) in signers.iter().enumerate() {
        if !matching.place(place, &may) {
            return Err(Refusal::SignerWithoutRole {
                member: member.clone(),
                expected: all,
            });
        }
    }
    Ok(matching
        .of_signer
        .into_iter()
        .flatten()
        .map(|role| all[role])
        .collect())
}

/// The roles that must sign under `rule` and that `candidates` cannot all fill, one person each.
#[must_use]
pub fn unfillable(
    candidates: &[MemberId],
    rule: &SigningRule,
    roster: &Roster,
    position: u64,
) -> Vec<Role> {
    let (required, _) = roles_of(rule, roster, position);
    let may = |signer: usize, role: usize| {
        roster
            .member(&candidates[signer])
            .is_some_and(|member| member.holds(required[role], position))
    };
    let mut matching = Matching {
        of_role: vec![None; required.len()],
        of_signer: vec![None; candidates.len()],
    };
    (0..required.len())
        .filter(|role| matching.fill(*role, &may).is_some())
        .map(|role| required[role])
        .collect()
}

/// A matching between roles and signers, grown by augmenting paths: what is matched stays matched.
struct Matching {
    of_role: Vec<Option<usize>>,
    of_signer: Vec<Option<usize>>,
}

impl Matching {
    /// Fills a role. Otherwise answers the roles for which there is one person too few: this one, and
    /// those held by everybody who could have taken it.
    fn fill(&mut self, role: usize, may: &impl Fn(usize, usize) -> bool) -> Option<Vec<usize>> {
        let mut seen = vec![false; self.of_signer.len()];
        let flipped = |role, signer| may(signer, role);
        if augment(
            role,
            &mut self.of_role,
            &mut self.of_signer,
            &mut seen,
            &flipped,
        ) {
            return None;
        }
        let taken = self
            .of_signer
            .iter()
            .zip(seen)
            .filter_map(|(role, seen)| role.filter(|_| seen));
        let mut roles: Vec<usize> = taken.chain([role]).collect();
        roles.sort_unstable();
        Some(roles)
    }

    fn place(&mut self, signer: usize, may: &impl Fn(usize, usize) -> bool) -> bool {
        if self.of_signer[signer].is_some() {
            return true;
        }
        let mut seen = vec![false; self.of_role.len()];
        augment(
            signer,
            &mut self.of_signer,
            &mut self.of_role,
            &mut seen,
            may,
        )
    }
}

fn augment(
    from: usize,
    near: &mut [Option<usize>],
    far: &mut [Option<usize>],
    seen: &mut [bool],
    may: &dyn Fn(usize, usize) -> bool,
) -> bool {
    for to in 0..far.len() {
        if seen[to] || !may(from, to) {
            continue;
        }
        seen[to] = true;
        if far[to].is_none_or(|other| augment(other, near, far, seen, may)) {
            (near[from], far[to]) = (Some(to), Some(from));
            return true;
        }
    }
    false
}
