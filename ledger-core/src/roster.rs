//! The roster: who holds which role with which key, from which event to which event. (成员名册)
//!
//! Authority counts at a position of the log, never by wall clock. Nothing is removed: what ended
//! keeps the position at which it ended, so that old signatures can be judged for ever.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::key::VerifierKey;
use crate::name::MemberId;
use crate::role::Role;
use crate::text::Line;
use crate::time::LogTime;

/// A stretch of the log: from the entry `from`, up to but not including the entry `until`. (生效区间)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tenure {
    /// The entry that began it.
    pub from: u64,
    /// The entry that ended it, if one did.
    pub until: Option<u64>,
}

impl Tenure {
    /// Whether an event at `position` falls within. The event that begins a tenure is itself outside.
    #[must_use]
    pub fn covers(&self, position: u64) -> bool {
        self.from < position && self.until.is_none_or(|until| position <= until)
    }
}

/// A key of a member and when it counted. (钥匙)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldKey {
    /// The verifier key.
    pub key: VerifierKey,
    /// When its signatures count.
    pub tenure: Tenure,
    /// Since when it may have been in other hands, if that was declared.
    pub compromised_since: Option<LogTime>,
}

/// A role of a member and when it was held. (任职)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct HeldRole {
    /// The role.
    pub role: Role,
    /// When it was held.
    pub tenure: Tenure,
}

/// A member of the roster, past and present. (成员)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// The name shown to people.
    pub name: Line,
    /// All keys, oldest first; at most one is active at any position.
    pub keys: Vec<HeldKey>,
    /// All roles ever held.
    pub roles: Vec<HeldRole>,
}

impl Member {
    /// The key whose signatures count at `position`.
    #[must_use]
    pub fn key_at(&self, position: u64) -> Option<&VerifierKey> {
        self.keys
            .iter()
            .find(|held| held.tenure.covers(position))
            .map(|held| &held.key)
    }

    /// Whether the member holds `role` at `position`.
    #[must_use]
    pub fn holds(&self, role: Role, position: u64) -> bool {
        self.roles
            .iter()
            .any(|held| held.role == role && held.tenure.covers(position))
    }

    /// The roles held at `position`.
    pub fn roles_at(&self, position: u64) -> impl Iterator<Item = Role> {
        self.roles
            .iter()
            .filter(move |held| held.tenure.covers(position))
            .map(|held| held.role)
    }
}

/// A member as it enters the roster. (入册)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Enrolment {
    /// The member's key, named `<origin>/<member>`. (公钥)
    pub key: VerifierKey,
    /// The short name used in key names. (成员代号)
    pub member: MemberId,
    /// The name shown to people. (名称)
    pub name: Line,
    /// The roles held from now on; may be empty. (岗位)
    pub roles: Vec<Role>,
}

/// Who holds which role with which key, past and present. (成员名册)
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Roster {
    members: BTreeMap<MemberId, Member>,
}

impl Roster {
    /// A member, past or present.
    #[must_use]
    pub fn member(&self, id: &MemberId) -> Option<&Member> {
        self.members.get(id)
    }

    /// All members, in the order of their ids.
    pub fn members(&self) -> impl Iterator<Item = (&MemberId, &Member)> {
        self.members.iter()
    }

    /// Whether a member holds one of these roles at `position`: what the readers of a private document
    /// must. (可否查阅)
    #[must_use]
    pub fn holds_any<'a>(
        &self,
        id: &MemberId,
        roles: impl IntoIterator<Item = &'a Role>,
        position: u64,
    ) -> bool {
        let member = self.members.get(id);
        let mut roles = roles.into_iter();
        member.is_some_and(|member| roles.any(|role| member.holds(*role, position)))
    }

    /// Whether anybody with an active key holds `role` at `position`.
    #[must_use]
    pub fn is_appointed(&self, role: Role, position: u64) -> bool {
        self.holders(role, position).next().is_some()
    }

    /// The members who hold `role`, and have an active key, at `position`.
    pub fn holders(&self, role: Role, position: u64) -> impl Iterator<Item = &MemberId> {
        self.members
            .iter()
            .filter(move |(_, member)| {
                member.holds(role, position) && member.key_at(position).is_some()
            })
            .map(|(id, _)| id)
    }

    /// Who uses this public key, in whatever name and at whatever time.
    #[must_use]
    pub fn owner_of(&self, key: &VerifierKey) -> Option<&MemberId> {
        let same = |member: &Member| {
            member
                .keys
                .iter()
                .any(|held| held.key.public_key() == key.public_key())
        };
        self.members
            .iter()
            .find(|(_, member)| same(member))
            .map(|(id, _)| id)
    }

    /// Whether what a member signed, at `position` and received then, is in doubt: its key was declared
    /// compromised since that time or an earlier one. What was signed before stays beyond doubt.
    #[must_use]
    pub fn is_in_doubt(&self, id: &MemberId, position: u64, received_at: LogTime) -> bool {
        // The founding is signed with the keys that it enrols.
        let signed_with = |held: &&HeldKey| held.tenure.covers(position) || position == 0;
        let member = self.members.get(id);
        let key = member.and_then(|member| member.keys.iter().find(signed_with));
        key.and_then(|held| held.compromised_since)
            .is_some_and(|since| since <= received_at)
    }

    pub(crate) fn enrol(&mut self, enrolment: &Enrolment, from: u64) {
        let tenure = Tenure { from, until: None };
        let member = Member {
            name: enrolment.name.clone(),
            keys: vec![HeldKey {
                key: enrolment.key.clone(),
                tenure,
                compromised_since: None,
            }],
            roles: enrolment
                .roles
                .iter()
                .map(|role| HeldRole {
                    role: *role,
                    tenure,
                })
                .collect(),
        };
        self.members.insert(enrolment.member.clone(), member);
    }

    pub(crate) fn grant(&mut self, id: &MemberId, role: Role, from: u64) {
        if let Some(member) = self.members.get_mut(id) {
            member.roles.push(HeldRole {
                role,
                tenure: Tenure { from, until: None },
            });
        }
    }

    pub(crate) fn end(&mut self, id: &MemberId, role: Role, until: u64) {
        let open = |held: &&mut HeldRole| held.role == role && held.tenure.until.is_none();
        if let Some(held) = self
            .members
            .get_mut(id)
            .and_then(|member| member.roles.iter_mut().find(open))
        {
            held.tenure.until = Some(until);
        }
    }

    pub(crate) fn rotate(&mut self, id: &MemberId, key: &VerifierKey, position: u64) {
        if let Some(member) = self.members.get_mut(id) {
            for held in member
                .keys
                .iter_mut()
                .filter(|held| held.tenure.until.is_none())
            {
                held.tenure.until = Some(position);
            }
            let tenure = Tenure {
                from: position,
                until: None,
            };
            member.keys.push(HeldKey {
                key: key.clone(),
                tenure,
                compromised_since: None,
            });
        }
    }

    pub(crate) fn compromise(
        &mut self,
        id: &MemberId,
        key: &VerifierKey,
        since: LogTime,
        position: u64,
    ) {
        let member = self.members.get_mut(id);
        if let Some(held) =
            member.and_then(|member| member.keys.iter_mut().find(|held| held.key == *key))
        {
            held.tenure.until.get_or_insert(position);
            let earlier = held
                .compromised_since
                .map_or(since, |before| before.min(since));
            held.compromised_since = Some(earlier);
        }
    }
}
