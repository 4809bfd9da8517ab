//! The ledger's own stream: founding, roster, charter.

use ledger_core::key::{Algorithm, SigningKey, VerifierKey};
use ledger_core::refusal::Refusal;
use ledger_core::role::Role;
use serde_json::{Value, json};

use crate::Row;
use crate::scene::{
    ORIGIN, Scene, adoption, charter_with, compromised, default_charter, enrolment, event,
    founding, key, member, training_charter,
};

pub(crate) fn roster_rows() -> Vec<Row> {
    let change = |value: Value| Scene::founded().change(value);
    let unknown = || Refusal::UnknownMember {
        found: member("nobody"),
    };
    let granted =
        |id: &str, role: &str| json!({"kind": "role_granted", "member": id, "role": role});
    let ended = |id: &str, role: &str| json!({"kind": "role_ended", "member": id, "reason": "离任", "role": role});
    let rotated = |id: &str, new: &SigningKey| json!({"kind": "key_rotated", "key": new.verifier(), "member": id});
    let enrolled = |enrolment: Value| json!({"kind": "member_enrolled", "enrolment": enrolment});
    let excluded = |id: &str, one, other| Refusal::RolesExcluded {
        member: member(id),
        roles: vec![one, other],
    };
    let fresh = key("fresh", 1);
    let same = |name: &str, as_: &str| {
        let mut seed = [1; 32];
        seed[..name.len()].copy_from_slice(name.as_bytes());
        SigningKey::from_seed(&format!("{ORIGIN}/{as_}"), &seed).unwrap()
    };
    let mut old = Scene::founded();
    old.change(rotated("zhou", &key("zhou", 2))).unwrap();
    let witness = VerifierKey::new(
        fresh.name(),
        Algorithm::CosignatureV1,
        fresh.verifier().public_key(),
    )
    .unwrap();
    let mut cosigner = enrolment(&fresh, "fresh", &[]);
    cosigner["key"] = json!(witness);
    let name = |found: String| Refusal::KeyName {
        expected: format!("{ORIGIN}/fresh"),
        found,
    };
    let now = Scene::founded().clock;
    let later = Refusal::CompromisedLater {
        expected: now,
        found: now.plus_seconds(1),
    };
    let unstaffed = |role| Refusal::Unstaffed {
        missing_roles: vec![role],
    };
    let in_use = || Refusal::KeyInUse {
        member: member("zhou"),
    };
    vec![
        (
            "a role for a stranger",
            change(granted("nobody", "chair")),
            unknown(),
        ),
        (
            "a stranger's role ended",
            change(ended("nobody", "chair")),
            unknown(),
        ),
        (
            "a stranger's key",
            change(rotated("nobody", &key("nobody", 2))),
            unknown(),
        ),
        (
            "a stranger's key compromised",
            change(compromised("nobody", now)),
            unknown(),
        ),
        (
            "enrolled again",
            change(enrolled(enrolment(&key("zhou", 2), "zhou", &[]))),
            Refusal::MemberExists {
                found: member("zhou"),
            },
        ),
        (
            "another's key",
            change(enrolled(enrolment(&same("zhou", "fresh"), "fresh", &[]))),
            in_use(),
        ),
        (
            "the same key again",
            change(rotated("zhou", &key("zhou", 1))),
            in_use(),
        ),
        (
            "an old key again",
            old.change(rotated("zhou", &key("zhou", 1))),
            in_use(),
        ),
        (
            "a key of another name",
            change(enrolled(enrolment(&key("other", 1), "fresh", &[]))),
            name(key("other", 1).verifier().to_string()),
        ),
        (
            "a witness's key",
            change(enrolled(cosigner)),
            name(witness.to_string()),
        ),
        (
            "a role twice",
            change(enrolled(enrolment(
                &fresh,
                "fresh",
                &["attestor", "attestor"],
            ))),
            Refusal::RoleHeld {
                member: member("fresh"),
                role: Role::Attestor,
            },
        ),
        (
            "a role that is held",
            change(granted("zhou", "council_member")),
            Refusal::RoleHeld {
                member: member("zhou"),
                role: Role::CouncilMember,
            },
        ),
        (
            "a role that is not held",
            change(ended("zhou", "chair")),
            Refusal::RoleNotHeld {
                member: member("zhou"),
                role: Role::Chair,
            },
        ),
        (
            "a supervisor in the council",
            change(granted("huang", "council_member")),
            excluded("huang", Role::Supervisor, Role::CouncilMember),
        ),
        (
            "an accountant as supervisor",
            change(granted("he", "supervisor")),
            excluded("he", Role::Supervisor, Role::Accountant),
        ),
        (
            "a cashier as supervisor",
            change(granted("lin", "supervisor")),
            excluded("lin", Role::Supervisor, Role::Cashier),
        ),
        (
            "a chair as supervisor",
            change(granted("chen", "supervisor")),
            excluded("chen", Role::Supervisor, Role::Chair),
        ),
        (
            "intake and more",
            change(granted("intake", "attestor")),
            excluded("intake", Role::Intake, Role::Attestor),
        ),
        (
            "more and intake",
            change(granted("su", "intake")),
            excluded("su", Role::Intake, Role::Attestor),
        ),
        (
            "enrolled in roles that exclude each other",
            change(enrolled(enrolment(
                &fresh,
                "fresh",
                &["cashier", "accountant"],
            ))),
            excluded("fresh", Role::Accountant, Role::Cashier),
        ),
        (
            "the only chair leaves",
            change(ended("chen", "chair")),
            unstaffed(Role::Chair),
        ),
        (
            "the only supervisor's key",
            change(compromised("huang", now)),
            unstaffed(Role::Supervisor),
        ),
        (
            "compromised in the future",
            change(compromised("zhou", now.plus_seconds(1))),
            later,
        ),
    ]
}

pub(crate) fn charter_rows() -> Vec<Row> {
    let adopt = |scene: &mut Scene, charter: &ledger_core::charter::Charter| {
        scene.change(adoption(charter, false))
    };
    let second = |change: fn(&mut Value)| {
        charter_with(|value| {
            value["version"] = json!(2);
            change(value);
        })
    };
    let short = second(|value| {
        value["steps"]["listing_notice"]["open_for"]["span"] =
            json!({"length": 24, "unit": "hours"});
    });
    let apart = second(|value| {
        let basis = json!({"mark": "D", "source": "自定"});
        let both = json!({"one": "asset_manager", "other": "attestor", "basis": basis});
        value["exclusions"].as_array_mut().unwrap().push(both);
    });
    let mut both = Scene::founded();
    both.change(json!({"kind": "role_granted", "member": "su", "role": "asset_manager"}))
        .unwrap();
    let staff = second(|value| value["charter_changes"]["answers"] = json!("street_reviewer"));
    let mut gone = Scene::founded();
    gone.change(json!({"kind": "role_ended", "member": "jiedao-2", "reason": "离任", "role": "street_reviewer"})).unwrap();
    let mut empty = Scene::empty();
    empty.keys = Scene::founded().keys;
    let members: [(&str, &[&str]); 2] = [("chen", &["chair"]), ("huang", &["supervisor"])];
    let founding = |charter, members: &[(&str, &[&str])]| event(founding(charter, false, members));
    let field = |name: &str| Refusal::TrainingOnly {
        field: format!("steps.{name}.open_for"),
    };
    let version = Refusal::CharterVersion {
        expected: 2,
        found: 1,
    };
    let open = |signers: &[&str], charter, members: &[(&str, &[&str])]| {
        empty
            .clone()
            .put("ledger", founding(charter, members), signers)
    };
    let default = default_charter();
    let unstaffed = |role| Refusal::Unstaffed {
        missing_roles: vec![role],
    };
    let stranger = Refusal::UnknownKey {
        found: format!("{ORIGIN}/zhou"),
    };
    vec![
        (
            "the same version",
            adopt(&mut Scene::founded(), &default),
            version,
        ),
        (
            "hours in a real ledger",
            adopt(&mut Scene::founded(), &short),
            field("listing_notice"),
        ),
        (
            "a charter that splits what somebody holds",
            adopt(&mut both, &apart),
            Refusal::RolesExcluded {
                member: member("su"),
                roles: vec![Role::AssetManager, Role::Attestor],
            },
        ),
        (
            "a charter that nobody could change",
            adopt(&mut gone, &staff),
            unstaffed(Role::StreetReviewer),
        ),
        (
            "a real ledger with minutes",
            open(&["chen", "huang"], &training_charter(), &members),
            field("publish_pre_plan"),
        ),
        (
            "a founder who did not sign",
            open(&["chen"], &default, &members),
            Refusal::FounderUnsigned {
                missing: vec![member("huang")],
            },
        ),
        (
            "a founding without a supervisor",
            open(&["chen"], &default, &members[..1]),
            unstaffed(Role::Supervisor),
        ),
        (
            "a founding signed by another",
            open(&["chen", "huang", "zhou"], &default, &members),
            stranger,
        ),
    ]
}
