//! Who signs in the demonstration, and with which keys. (演示名册)
//!
//! Names are masked and invented. Keys follow from the seed, so that the same seed gives the same log:
//! anyone can make them, which is why such a ledger must be a training ledger.

use std::collections::BTreeMap;

use ledger_core::charter::{SigningRule, When};
use ledger_core::key::SigningKey;
use ledger_core::name::{MemberId, Origin};
use ledger_core::role::Role::{self, *};
use ledger_core::roster::Enrolment;

use super::dice::derive;
use super::fault::DemoError;

/// One who signs. (成员)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Person {
    /// The short name, also of the key file.
    pub(crate) id: &'static str,
    /// The name shown to people, masked.
    pub(crate) name: &'static str,
    /// The roles held.
    pub(crate) roles: &'static [Role],
}

const fn person(id: &'static str, name: &'static str, roles: &'static [Role]) -> Person {
    Person { id, name, roles }
}

/// Everybody; the last one joins during the year.
#[rustfmt::skip]
pub(crate) const PEOPLE: [Person; 16] = [
    person("chen", "陈*（理事长）", &[Chair, CouncilMember]),
    person("li", "李*（理事）", &[CouncilMember]),
    person("liang", "梁*（监事）", &[Supervisor]),
    person("he", "何*（会计）", &[Accountant]),
    person("feng", "冯*（出纳）", &[Cashier]),
    person("huang", "黄*（资产管理员）", &[AssetManager]),
    person("zhong", "钟*（党组织书记、大会主持人）", &[PartySecretary, AssemblyChair]),
    person("su", "苏*（信息公开员）", &[DisclosureOfficer]),
    person("luo", "罗*（法律顾问）", &[LegalCounsel]),
    person("mai", "麦*（监票人、网格廉洁使者）", &[Scrutineer, Attestor]),
    person("zhou", "周*（街道经办）", &[StreetOffice]),
    person("tan", "谭*（街道复核）", &[StreetReviewer]),
    person("xie", "谢*（交易服务经办）", &[TradingService]),
    person("deng", "邓*（交易服务复核）", &[TradingChecker]),
    person("yijian", "联社意见受理台", &[Intake]),
    JOINS_LATER,
];

/// Who signs for residents; the server holds this key.
pub(crate) const INTAKE: &str = "yijian";

/// The second supervisor, who joins in spring.
pub(crate) const JOINS_LATER: Person = person("wu", "吴*（监事）", &[Supervisor]);

/// The one whose key is replaced in summer.
pub(crate) const ROTATES: &str = "xie";

/// The council member who declares a relative.
pub(crate) const DECLARES: &str = "li";

/// The keys of one ledger's members, and of its log.
#[derive(Debug)]
pub(crate) struct Keyring {
    log: SigningKey,
    members: BTreeMap<&'static str, SigningKey>,
    origin: Origin,
    seed: u64,
}

/// The secret that stands in a member's key file: the same in both ledgers of the demonstration.
pub(crate) fn member_secret(seed: u64, id: &str) -> [u8; 32] {
    derive(seed, &format!("member/{id}"))
}

/// The secret of a log.
pub(crate) fn log_secret(seed: u64, origin: &Origin) -> [u8; 32] {
    derive(seed, &format!("log/{origin}"))
}

impl Keyring {
    /// The keys as they are in the key files.
    pub(crate) fn new(seed: u64, origin: &Origin) -> Result<Self, DemoError> {
        let mut members = BTreeMap::new();
        for person in &PEOPLE {
            let name = origin.key_name(&person.id.parse()?);
            let key = SigningKey::from_seed(&name, &member_secret(seed, person.id))?;
            members.insert(person.id, key);
        }
        Ok(Self {
            log: SigningKey::from_seed(origin.as_str(), &log_secret(seed, origin))?,
            members,
            origin: origin.clone(),
            seed,
        })
    }

    /// As [`Keyring::new`], before the one key that is replaced was.
    pub(crate) fn at_new_year(seed: u64, origin: &Origin) -> Result<Self, DemoError> {
        let mut keyring = Self::new(seed, origin)?;
        let earlier = derive(seed, &format!("earlier member/{ROTATES}"));
        let name = origin.key_name(&ROTATES.parse()?);
        let key = SigningKey::from_seed(&name, &earlier)?;
        keyring.members.insert(ROTATES, key);
        Ok(keyring)
    }

    /// Puts the key of the key files in the place of the earlier one.
    pub(crate) fn rotate(&mut self) -> Result<(), DemoError> {
        *self = Self::new(self.seed, &self.origin)?;
        Ok(())
    }

    /// The log's key.
    pub(crate) fn log(&self) -> &SigningKey {
        &self.log
    }

    /// The log's key, for the ledger to keep.
    pub(crate) fn into_log(self) -> SigningKey {
        self.log
    }

    /// A member's key.
    pub(crate) fn of(&self, id: &str) -> Result<&SigningKey, DemoError> {
        let key = self.members.get(id);
        key.ok_or(DemoError::NoSigner { role: "member" })
    }

    /// The keys of several members.
    pub(crate) fn all(&self, ids: &[&str]) -> Result<Vec<&SigningKey>, DemoError> {
        ids.iter().map(|id| self.of(id)).collect()
    }

    /// A member as it enters the roster.
    pub(crate) fn enrolment(&self, person: &Person) -> Result<Enrolment, DemoError> {
        Ok(Enrolment {
            key: self.of(person.id)?.verifier().clone(),
            member: person.id.parse::<MemberId>()?,
            name: person.name.parse()?,
            roles: person.roles.to_vec(),
        })
    }
}

/// Who signs under `rule`, one person for each role: where several can, `turn` says whose turn it is.
pub(crate) fn signers(
    rule: &SigningRule,
    present: &[Person],
    turn: usize,
    with_optional: bool,
) -> Result<Vec<&'static str>, DemoError> {
    let holders = |role: Role| -> Vec<&Person> {
        let holds = |person: &&Person| person.roles.contains(&role);
        present.iter().filter(holds).collect()
    };
    let wanted = |when: When, role: Role| match when {
        When::Always => true,
        When::IfAppointed => !holders(role).is_empty(),
        When::Optional => with_optional && !holders(role).is_empty(),
    };
    let cosigns = rule.cosigns.iter();
    let mut roles: Vec<Role> = cosigns
        .filter(|cosigner| wanted(cosigner.when, cosigner.role))
        .map(|cosigner| cosigner.role)
        .chain([rule.answers])
        .collect();
    // Who can sign for few roles is placed first, so that nobody is left over.
    roles.sort_by_key(|role| holders(*role).len());
    let mut chosen: Vec<&'static str> = Vec::new();
    for role in roles {
        let free: Vec<&Person> = holders(role)
            .into_iter()
            .filter(|person| !chosen.contains(&person.id))
            .collect();
        let person = free.get(turn % free.len().max(1));
        chosen.push(person.ok_or(DemoError::NoSigner { role: role.zh() })?.id);
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::charter::Charter;
    use ledger_core::step::Step;

    #[test]
    fn every_step_of_the_default_charter_can_be_signed() {
        let charter = Charter::parse(Charter::default_text()).unwrap();
        for step in Step::ALL {
            for turn in 0..4 {
                let rule = &charter.steps.of(step).signing;
                let ids = signers(rule, &PEOPLE, turn, true).unwrap();
                let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
                assert_eq!(distinct.len(), ids.len(), "{step}");
            }
        }
    }

    #[test]
    fn keys_follow_from_seed_and_origin() {
        let origin: Origin = "sanzi.example.org/donglang".parse().unwrap();
        let key = |seed| {
            Keyring::new(seed, &origin)
                .unwrap()
                .log()
                .verifier()
                .to_string()
        };
        assert_eq!(key(1), key(1));
        assert_ne!(key(1), key(2));
        let other: Origin = "sanzi.example.org/practice".parse().unwrap();
        assert_ne!(log_secret(1, &origin), log_secret(1, &other));
    }
}
