//! Answers that the rules once got wrong: each stands for a fault that was found from outside.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use ledger_core::admit::{admit, decide};
use ledger_core::authenticate::authenticate;
use ledger_core::charter::Charter;
use ledger_core::event::{ParseError, SignedEvent};
use ledger_core::hash::Hash;
use ledger_core::refusal::Refusal;
use ledger_core::role::Role;
use ledger_core::step::{PublicationPoint, Step};
use ledger_core::time::StatedTime;
use scene::{
    CHANNELS, DEAL, ON, Scene, adoption, charter_with, compromised, default_charter, enrolment,
    event, founding, key, member, note, rule, second_charter, signers_of, time, training_charter,
};
use serde_json::json;

fn with_radio(required: bool) -> Charter {
    second_charter(|value| {
        let radio = json!({"id": "radio", "name": "村广播", "required": required});
        value["channels"].as_array_mut().unwrap().push(radio);
    })
}

#[test]
fn a_channel_that_the_publication_does_not_name_is_unknown_not_posted() {
    let mut scene = Scene::found_under(&with_radio(false), false);
    scene.walk_to(DEAL, Step::PublishPrePlan);
    scene.step(DEAL, Step::PublishPrePlan).unwrap();
    assert_eq!(rule(scene.post(DEAL, "radio")), "unknown_channel");
}

#[test]
fn a_charter_that_drops_a_channel_leaves_no_publication_stuck() {
    let mut scene = Scene::published(PublicationPoint::PrePlan);
    let without = second_charter(|value| {
        let channels = value["channels"].as_array_mut().unwrap();
        channels.retain(|channel| channel["id"] != "wechat");
    });
    scene.change(adoption(&without, true)).unwrap();
    for channel in CHANNELS {
        if channel != "wechat" {
            scene.post(DEAL, channel).unwrap();
        }
    }
    let stuck = rule(scene.post(DEAL, "wechat"));
    scene.clock = time("2018-12-03T02:00:00Z");
    let next = rule(scene.step(DEAL, Step::FeedbackAndValuation));
    assert_eq!(
        next, "admitted",
        "posting on the channel that was dropped: {stuck}"
    );
}

#[test]
fn a_publication_again_is_not_told_to_wait_for_itself() {
    for point in PublicationPoint::ALL {
        let mut scene = Scene::published(point);
        let refusal = scene.step(DEAL, point.step()).unwrap_err();
        if let Refusal::OutOfOrder { expected, found } = refusal {
            assert_ne!(expected, found);
        }
    }
}

#[test]
fn a_change_of_the_roster_belongs_in_the_ledgers_stream() {
    let mut scene = Scene::founded();
    let granted = json!({"kind": "role_granted", "member": "zhou", "role": "chair"});
    let wrong = Refusal::WrongStream {
        expected: "ledger",
        found: "concern/7".to_owned(),
    };
    assert_eq!(
        scene.put("concern/7", event(granted), &["chen", "huang"]),
        Err(wrong)
    );
}

#[test]
fn the_last_version_of_a_charter_is_no_panic() {
    let last = charter_with(|value| value["version"] = json!(u32::MAX));
    let mut scene = Scene::found_under(&last, false);
    assert_eq!(
        rule(scene.change(adoption(&last, false))),
        "charter_version"
    );
}

/// Authority counts at the position at which the event is admitted, not where it was verified.
#[test]
fn a_key_that_ended_after_verification_does_not_count() {
    let step = Step::ProposalInitiation;
    for change in [
        compromised("zhou", time("2018-03-26T01:00:00Z")),
        json!({"kind": "key_rotated", "key": key("zhou", 2).verifier(), "member": "zhou"}),
    ] {
        let mut scene = Scene::before(step);
        let statement = scene.statement(ON, scene.event_of(DEAL, step));
        let signed = SignedEvent::parse(&scene.sign(&statement, signers_of(step))).unwrap();
        let authentic = authenticate(&scene.state, signed).unwrap();
        scene.change(change).unwrap();
        let inactive = Refusal::InactiveKey {
            member: member("zhou"),
        };
        let found = admit(&scene.state, authentic, scene.clock).map(|entry| entry.index());
        assert_eq!(found, Err(inactive));
    }
}

#[test]
fn one_person_named_twice_is_one_person() {
    let mut scene = Scene::before(Step::ProposalInitiation);
    let granted = json!({"kind": "role_granted", "member": "chen", "role": "council_member"});
    scene.change(granted).unwrap();
    let statement = scene.statement(ON, scene.event_of(DEAL, Step::ProposalInitiation));
    let twice = [member("chen"), member("chen")];
    assert!(decide(&scene.state, &statement, &twice, scene.clock).is_err());
}

#[test]
fn a_founder_who_did_not_sign_is_named() {
    let mut scene = Scene::empty();
    scene.keys = Scene::founded().keys;
    let members: [(&str, &[&str]); 3] = [
        ("chen", &["chair"]),
        ("huang", &["supervisor"]),
        ("zhou", &[]),
    ];
    let founding = event(founding(&default_charter(), false, &members));
    let refusal = scene
        .put("ledger", founding, &["chen", "huang"])
        .unwrap_err();
    let nobody = Refusal::MissingRoles {
        missing_roles: Vec::new(),
    };
    assert_ne!(refusal, nobody);
}

#[test]
fn the_roles_that_one_person_cannot_fill_are_those_named() {
    let mut scene = Scene::before(Step::AssetVerification);
    let granted = json!({"kind": "role_granted", "member": "he", "role": "asset_manager"});
    scene.change(granted).unwrap();
    let event = scene.event_of(DEAL, Step::AssetVerification);
    // The supervisor is there; too few persons are there for the other two.
    let roles = vec![Role::AssetManager, Role::Accountant];
    let refusal = Refusal::OnePersonTwoRoles { roles };
    assert_eq!(scene.put(ON, event, &["he", "huang"]), Err(refusal));
}

#[test]
fn a_vote_of_nobody_needs_somebody() {
    let mut scene = Scene::before(Step::MemberVote);
    let mut value = serde_json::to_value(scene.event_of(DEAL, Step::MemberVote)).unwrap();
    for field in [
        "abstain", "against", "eligible", "for", "members", "present",
    ] {
        value[field] = json!(0);
    }
    let refusal = scene
        .put(ON, event(value), signers_of(Step::MemberVote))
        .unwrap_err();
    match refusal {
        Refusal::VoteNotPassed { expected, found }
        | Refusal::QuorumNotReached { expected, found } => {
            assert!(expected > found, "expected {expected}, found {found}");
        }
        other => assert_eq!(other.rule(), "inconsistent"),
    }
}

#[test]
fn a_missing_field_has_a_path() {
    let scene = Scene::before(Step::ProposalInitiation);
    let statement = scene.statement(ON, scene.event_of(DEAL, Step::ProposalInitiation));
    let text = statement
        .to_text()
        .unwrap()
        .replace("\"category\":\"lease\",", "");
    let fault = SignedEvent::parse(&note(&text, &[key("zhou", 1)])).unwrap_err();
    let ParseError::Event(fault) = fault else {
        panic!("{fault:?}")
    };
    assert!(!fault.path.ends_with('.'), "{}", fault.path);
}

/// A charter may let clocks be far ahead; what is said to be acceptable then must be.
#[test]
fn what_is_acceptable_from_a_moment_is_acceptable_then() {
    let charter = charter_with(|value| {
        value["clocks"]["ahead"]["span"] = json!({"length": 24, "unit": "hours"});
    });
    let step = Step::AssetVerification;
    let mut scene = Scene::found_under(&charter, false);
    scene.clock = time("2018-03-26T04:00:00Z");
    let mut statement = scene.statement(ON, scene.event_of(DEAL, step));
    statement.at = StatedTime::new(time("2018-03-28T22:00:00Z"), 480).unwrap();
    let refusal = scene.present(&statement, signers_of(step)).unwrap_err();
    let Refusal::FutureTime {
        acceptable_from, ..
    } = refusal
    else {
        panic!("{refusal:?}")
    };
    scene.clock = acceptable_from;
    assert_eq!(
        rule(scene.present(&statement, signers_of(step))),
        "admitted",
        "{acceptable_from}"
    );
}

/// What a rotated key signed since it was in other hands is marked too.
#[test]
fn a_key_that_was_rotated_can_still_be_declared_compromised() {
    let mut scene = Scene::founded();
    let since = scene.clock;
    let rotated =
        json!({"kind": "key_rotated", "key": key("chen", 2).verifier(), "member": "chen"});
    scene.change(rotated).unwrap();
    scene.keys.insert("chen".to_owned(), key("chen", 2));
    let declared = rule(scene.change(compromised("chen", since)));
    let ledger = scene.state.ledger().unwrap();
    let chen = ledger.roster.member(&member("chen")).unwrap();
    assert_eq!(chen.keys[0].compromised_since, Some(since), "{declared}");
}

/// "Rules run in the order of the variants of `Refusal`": of two that are broken, the first.
#[test]
fn of_two_broken_rules_the_first_is_named() {
    let order = |rule: &str| {
        Refusal::RULES
            .iter()
            .position(|other| *other == rule)
            .unwrap()
    };
    let mut scene = Scene::before(Step::ProposalInitiation);
    let mut cases: Vec<(&str, &str, &str)> = Vec::new();
    let mut statement = scene.statement("ledger", scene.event_of(DEAL, Step::ProposalInitiation));
    statement.prev = Hash::ZERO;
    let found = rule(scene.present(&statement, signers_of(Step::ProposalInitiation)));
    cases.push((found, "wrong_stream", "stale_prev"));
    let mut publishing = Scene::before(Step::PublishPrePlan);
    let mut body = publishing.body_of(DEAL, Step::PublishPrePlan);
    body["channels"] = json!(["platform", "newsletter", "wechat", "notice_board", "wechat"]);
    let found = rule(publishing.put(ON, event(body), signers_of(Step::PublishPrePlan)));
    cases.push((found, "disclosure_mismatch", "inconsistent"));
    let mut key_of_zhou = enrolment(&key("fresh", 1), "fresh", &[]);
    key_of_zhou["key"] = json!(key("zhou", 1).verifier());
    let enrolled = json!({"kind": "member_enrolled", "enrolment": key_of_zhou});
    cases.push((
        rule(Scene::founded().change(enrolled)),
        "key_in_use",
        "key_name",
    ));
    let mut founders = Scene::empty();
    founders.keys = Scene::founded().keys;
    let members: [(&str, &[&str]); 1] = [("chen", &["chair"])];
    let opened = event(founding(&training_charter(), false, &members));
    cases.push((
        rule(founders.put("ledger", opened, &["chen"])),
        "unstaffed",
        "training_only",
    ));
    let mut scene = Scene::founded();
    let later = compromised("chen", scene.clock.plus_seconds(1));
    let found = rule(scene.change(later));
    cases.push((found, "compromised_later", "unstaffed"));
    let members: [(&str, &[&str]); 2] = [("chen", &["chair", "supervisor"]), ("huang", &[])];
    let opened = event(founding(&training_charter(), true, &members));
    let found = rule(founders.put("ledger", opened, &["chen"]));
    cases.push((found, "roles_excluded", "founder_unsigned"));
    let wrong: Vec<_> = cases
        .iter()
        .filter(|(found, first, second)| {
            assert!(order(first) < order(second));
            found != first
        })
        .collect();
    assert!(wrong.is_empty(), "(found, first, second): {wrong:?}");
}

/// A key signed nothing before it was there: the entry that rotates it in was signed by the old one.
#[test]
fn the_entry_that_rotates_a_key_was_signed_by_the_old_one() {
    let mut scene = Scene::founded();
    for value in [
        json!({"kind": "role_granted", "member": "zhou", "role": "chair"}),
        json!({"kind": "key_rotated", "key": key("zhou", 2).verifier(), "member": "zhou"}),
    ] {
        let signers: &[&str] = match value["kind"].as_str() {
            Some("key_rotated") => &["zhou", "huang"],
            _ => &["chen", "huang"],
        };
        scene.put("ledger", event(value), signers).unwrap();
    }
    let rotation = scene.entries[2].clone();
    assert_eq!(rotation.signers()[1], member("zhou"));
    scene.wait(60);
    let mut declared = compromised("zhou", rotation.received_at());
    declared["key"] = json!(key("zhou", 2).verifier());
    scene.change(declared).unwrap();
    let roster = &scene.state.ledger().unwrap().roster;
    let doubted = |index, received_at| roster.is_in_doubt(&member("zhou"), index, received_at);
    assert!(doubted(3, rotation.received_at()));
    assert!(!doubted(rotation.index(), rotation.received_at()));
}

#[test]
fn a_role_that_signs_if_it_is_held_locks_nobody_out() {
    let charter = charter_with(|value| {
        value["roster_changes"]["cosigns"] = json!([
            {"role": "supervisor", "when": "always"},
            {"role": "attestor", "when": "if_appointed"},
        ]);
    });
    let mut scene = Scene::found_under(&charter, false);
    let ended = json!({"kind": "role_ended", "member": "su", "reason": "离任", "role": "attestor"});
    let signers = ["chen", "huang", "su"];
    scene.put("ledger", event(ended), &signers).unwrap();
    // The only chair would have to sign twice from then on, also to lay the role down again.
    let granted = |member| json!({"kind": "role_granted", "member": member, "role": "attestor"});
    let missing_roles = vec![Role::Attestor];
    assert_eq!(
        scene.change(granted("chen")),
        Err(Refusal::Unstaffed { missing_roles })
    );
    scene.change(granted("zhou")).unwrap();
}
