//! Who signs: every step by every member and every set of members, at every place of the process.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use ledger_core::admit::decide;
use ledger_core::event::Event;
use ledger_core::name::MemberId;
use ledger_core::refusal::Refusal;
use ledger_core::role::Role;
use ledger_core::step::{PublicationPoint, Step};
use scene::{
    CHANNELS, DEAL, MEMBERS, ON, Scene, compromised, default_charter, event, holder_of, member,
    signers_of,
};
use serde_json::json;

/// What the rules say of an event that these members would sign.
fn decided(scene: &Scene, event: Event, signers: &[&str]) -> Result<(), Refusal> {
    let mut signers: Vec<MemberId> = signers.iter().map(|id| member(id)).collect();
    signers.sort();
    let statement = scene.statement(ON, event);
    decide(&scene.state, &statement, &signers, scene.clock)
}

fn role_of(member: &str) -> Role {
    let (_, role) = MEMBERS.iter().find(|(id, _)| *id == member).unwrap();
    role.parse().unwrap()
}

/// The roles of a step, by the specification's table: those that must sign, and all.
fn roles_of(step: Step) -> (Vec<Role>, Vec<Role>) {
    let required: Vec<Role> = signers_of(step).iter().map(|id| role_of(id)).collect();
    let mut all = required.clone();
    if step == Step::Bidding {
        all.push(Role::Attestor);
    }
    (required, all)
}

/// Every subset of some members.
fn subsets<'a>(of: &'a [&'a str]) -> impl Iterator<Item = Vec<&'a str>> {
    (0..1_u32 << of.len()).map(|set| {
        let chosen = |place: &usize| set >> place & 1 == 1;
        (0..of.len())
            .filter(chosen)
            .map(|place| of[place])
            .collect()
    })
}

#[test]
fn one_member_alone_is_never_enough() {
    for step in Step::ALL {
        let scene = Scene::before(step);
        let (required, all) = roles_of(step);
        for (alone, _) in MEMBERS {
            let role = role_of(alone);
            let expected = if all.contains(&role) {
                let missing = required.iter().copied().filter(|needed| *needed != role);
                Refusal::MissingRoles {
                    missing_roles: missing.collect(),
                }
            } else {
                Refusal::SignerWithoutRole {
                    member: member(alone),
                    expected: all.clone(),
                }
            };
            let found = decided(&scene, scene.event_of(DEAL, step), &[alone]);
            assert_eq!(found, Err(expected), "{step} by {alone}");
        }
    }
}

#[test]
fn no_required_role_can_be_left_out() {
    for step in Step::ALL {
        let mut scene = Scene::before(step);
        let (required, _) = roles_of(step);
        for signers in subsets(signers_of(step)) {
            let event = scene.event_of(DEAL, step);
            let signed: Vec<Role> = signers.iter().map(|id| role_of(id)).collect();
            let missing_roles: Vec<Role> = required
                .iter()
                .copied()
                .filter(|role| !signed.contains(role))
                .collect();
            let expected = if missing_roles.is_empty() {
                Ok(())
            } else {
                Err(Refusal::MissingRoles { missing_roles })
            };
            assert_eq!(decided(&scene, event.clone(), &signers), expected, "{step}");
            // Through the public door, with signatures, where one role is missing.
            if signers.len() + 1 == required.len() && !signers.is_empty() {
                let found = scene.put(ON, event, &signers).map(|_| ());
                assert_eq!(found, expected, "{step}");
            }
        }
        assert!(scene.step(DEAL, step).is_ok());
    }
}

#[test]
fn every_other_member_is_one_too_many() {
    for step in Step::ALL {
        let scene = Scene::before(step);
        let (_, all) = roles_of(step);
        for (extra, _) in MEMBERS {
            if signers_of(step).contains(&extra) {
                continue;
            }
            let mut signers = signers_of(step).to_vec();
            signers.push(extra);
            let expected = if all.contains(&role_of(extra)) {
                Ok(())
            } else {
                Err(Refusal::SignerWithoutRole {
                    member: member(extra),
                    expected: all.clone(),
                })
            };
            let found = decided(&scene, scene.event_of(DEAL, step), &signers);
            assert_eq!(found, expected, "{step} with {extra}");
        }
    }
}

/// Rightly signed, every step is refused everywhere but at its own place.
#[test]
fn a_step_stands_at_one_place_only() {
    let mut places: Vec<(Option<Step>, Scene)> = Step::ALL
        .into_iter()
        .map(|step| (Some(step), Scene::before(step)))
        .collect();
    places.push((None, Scene::completed()));
    for (turn, scene) in &places {
        for step in Step::ALL {
            let event = scene.event_of(DEAL, step);
            let expected = match *turn {
                None => Err(Refusal::TransactionCompleted),
                Some(turn) if turn == step => Ok(()),
                Some(expected) => Err(Refusal::OutOfOrder {
                    expected,
                    found: step,
                }),
            };
            assert_eq!(
                decided(scene, event, signers_of(step)),
                expected,
                "{turn:?}"
            );
        }
    }
}

#[test]
fn nothing_but_postings_follows_a_publication() {
    for point in PublicationPoint::ALL {
        let mut scene = Scene::published(point);
        for (place, channel) in CHANNELS.into_iter().enumerate() {
            let mut missing = CHANNELS[place..].to_vec();
            missing.sort_unstable();
            for step in Step::ALL.into_iter().filter(|step| *step != point.step()) {
                let event = scene.event_of(DEAL, step);
                let found = decided(&scene, event, signers_of(step)).unwrap_err();
                let next = point.step().next();
                if next.is_none() || next == Some(step) {
                    let missing = missing.iter().map(|id| id.parse().unwrap()).collect();
                    assert_eq!(found, Refusal::ChannelMissing { point, missing });
                } else {
                    assert_eq!(found.rule(), "out_of_order");
                }
            }
            scene.post(DEAL, channel).unwrap();
        }
    }
}

#[test]
fn the_first_secretary_signs_where_there_is_one() {
    let step = Step::PartyReview;
    let ended =
        json!({"kind": "role_ended", "member": "li", "reason": "期满", "role": "first_secretary"});
    let granted = json!({"kind": "role_granted", "member": "ye", "role": "first_secretary"});
    let needed = Err(Refusal::MissingRoles {
        missing_roles: vec![Role::FirstSecretary],
    });
    let mut scene = Scene::before(step);
    let by = |scene: &Scene, signers: &[&str]| decided(scene, scene.event_of(DEAL, step), signers);
    assert_eq!(by(&scene, &["xu"]), needed);
    scene.change(ended).unwrap();
    assert_eq!(by(&scene, &["xu"]), Ok(()));
    assert_eq!(
        by(&scene, &["li", "xu"]),
        Err(Refusal::SignerWithoutRole {
            member: member("li"),
            expected: vec![Role::PartySecretary],
        })
    );
    scene.change(granted).unwrap();
    assert_eq!(by(&scene, &["xu"]), needed);
    assert_eq!(by(&scene, &["xu", "ye"]), Ok(()));
    // Whose key does not count cannot sign, and so is not waited for.
    scene.change(compromised("ye", scene.clock)).unwrap();
    assert_eq!(by(&scene, &["xu"]), Ok(()));
}

/// Members of many roles, so that who fills which is a question.
const CROWDED: [(&str, &[&str]); 8] = [
    (
        "an",
        &[
            "chair",
            "council_member",
            "asset_manager",
            "disclosure_officer",
        ],
    ),
    (
        "bao",
        &["council_member", "accountant", "legal_counsel", "attestor"],
    ),
    ("cai", &["supervisor", "scrutineer", "street_office"]),
    (
        "du",
        &[
            "supervisor",
            "attestor",
            "assembly_chair",
            "party_secretary",
            "first_secretary",
        ],
    ),
    ("e", &["accountant", "asset_manager", "street_reviewer"]),
    (
        "fan",
        &[
            "trading_service",
            "cashier",
            "disclosure_officer",
            "party_secretary",
        ],
    ),
    ("gao", &["trading_checker", "street_office", "chair"]),
    ("hu", &["trading_service", "council_member", "scrutineer"]),
];

/// Whether every signer can be given one role that it holds, so that all that must sign are filled:
/// by trying everything.
fn fits(signers: &[&str], required: &[Role], optional: &[Role]) -> bool {
    let Some((first, rest)) = signers.split_first() else {
        return required.is_empty();
    };
    let holds = |role: &Role| {
        let (_, roles) = CROWDED.iter().find(|(id, _)| id == first).unwrap();
        roles.contains(&role.id())
    };
    let without = |roles: &[Role], role: Role| -> Vec<Role> {
        roles
            .iter()
            .copied()
            .filter(|other| *other != role)
            .collect()
    };
    let must = required.iter().filter(|role| holds(role));
    let may = optional.iter().filter(|role| holds(role));
    must.clone()
        .any(|role| fits(rest, &without(required, *role), optional))
        || may
            .clone()
            .any(|role| fits(rest, required, &without(optional, *role)))
}

#[test]
fn one_person_fills_one_role() {
    let scene = Scene::found(&default_charter(), false, &CROWDED);
    let everyone: Vec<&str> = CROWDED.iter().map(|(id, _)| *id).collect();
    let mut met = std::collections::BTreeMap::new();
    for step in Step::ALL {
        let (required, all) = roles_of(step);
        let optional = &all[required.len()..];
        for signers in subsets(&everyone).filter(|signers| !signers.is_empty()) {
            let found = decided(&scene, scene.event_of(DEAL, step), &signers);
            let rule = found.as_ref().map_or_else(Refusal::rule, |()| "admitted");
            let of_signers = [
                "signer_without_role",
                "missing_roles",
                "one_person_two_roles",
            ];
            let refused = of_signers.contains(&rule);
            let fit = fits(&signers, &required, optional);
            assert_eq!(fit, !refused, "{step} by {signers:?}: {found:?}");
            *met.entry(rule).or_insert(0) += 1;
        }
    }
    let met: Vec<&str> = met.into_keys().collect();
    assert_eq!(
        met,
        [
            "admitted",
            "missing_roles",
            "one_person_two_roles",
            "out_of_order",
            "signer_without_role"
        ]
    );
}

#[test]
fn postings_and_changes_have_their_signers() {
    let scene = Scene::published(PublicationPoint::PrePlan);
    for (alone, _) in MEMBERS {
        let found = decided(&scene, scene.posting_of(DEAL, "wechat"), &[alone]);
        assert_eq!(found.is_ok(), alone == holder_of("disclosure_officer"));
        let grant = event(json!({"kind": "role_granted", "member": "su", "role": "scrutineer"}));
        let statement = scene.statement("ledger", grant);
        for (other, _) in MEMBERS.iter().filter(|(other, _)| *other > alone) {
            let signers = [member(alone), member(other)];
            let found = decide(&scene.state, &statement, &signers, scene.clock);
            assert_eq!(found.is_ok(), (alone, *other) == ("chen", "huang"));
        }
        let found = decide(&scene.state, &statement, &[member(alone)], scene.clock);
        assert!(found.is_err());
    }
}
