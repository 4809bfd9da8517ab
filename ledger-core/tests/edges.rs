//! Attempts at the rules from outside: replays, moved times, old keys, charters changed midway.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scene;

use ledger_core::refusal::Refusal;
use ledger_core::role::Role;
use ledger_core::step::{PublicationPoint, Step};
use scene::{
    CHANNELS, DEAL, ON, Scene, adoption, charter_with, compromised, enrolment, event, key, rule,
    second_charter, signers_of, time, training_charter,
};
use serde_json::json;

fn posted_everywhere(scene: &mut Scene) {
    for channel in CHANNELS {
        scene.post(DEAL, channel).unwrap();
    }
}

#[test]
fn an_event_counts_once_and_in_its_place() {
    let step = Step::ProposalInitiation;
    let mut scene = Scene::before(step);
    let statement = scene.statement(ON, scene.event_of(DEAL, step));
    let bytes = scene.sign(&statement, signers_of(step));
    // Another ledger of the same name, with the same members, opened a second later.
    let mut twin = Scene::empty();
    twin.wait(1);
    twin.keys = scene.keys.clone();
    let text = scene.entries[0].signed().statement().event.clone();
    let founders: Vec<String> = twin.keys.keys().cloned().collect();
    let founders: Vec<&str> = founders.iter().map(String::as_str).collect();
    twin.put("ledger", text, &founders).unwrap();
    let first = scene.entries[1].signed().note().to_bytes();
    let twin_id = twin.state.ledger().unwrap().ledger_id;
    let (expected, found) = (twin_id, scene.entries[0].leaf());
    assert_ne!(expected, found);
    assert_eq!(
        twin.submit(&first),
        Err(Refusal::StalePrev { expected, found })
    );

    let entry = scene.submit(&bytes).unwrap();
    let again = Refusal::StalePrev {
        expected: entry.leaf(),
        found: statement.prev,
    };
    assert_eq!(scene.submit(&bytes), Err(again));
    for (from, to) in [
        ("transaction/2018-017", "transaction/2018-018"),
        ("+08:00", "+08:01"),
        ("\"lease\"", "\"sale\""),
    ] {
        let moved = String::from_utf8(bytes.clone())
            .unwrap()
            .replacen(from, to, 1);
        assert_eq!(rule(scene.submit(moved.as_bytes())), "invalid_signature");
    }
    let mut before = Scene::before(step);
    before.submit(&bytes).unwrap();
    assert_eq!(before.state, scene.state);
}

#[test]
fn a_disclosure_is_of_one_point_one_transaction_and_one_place() {
    let point = Step::PublishPrePlan;
    let mut scene = Scene::before(point);
    // Another transaction that says the same.
    scene.walk_to("other", point);
    let own = scene.event_of(DEAL, point);
    let foreign = scene.event_of("other", point);
    assert_eq!(
        rule(scene.put(ON, foreign, signers_of(point))),
        "disclosure_mismatch"
    );
    scene.put(ON, own.clone(), signers_of(point)).unwrap();
    let posting = scene.posting_of(DEAL, "wechat");
    assert_eq!(
        rule(scene.put("transaction/other", posting.clone(), &["wu"])),
        "nothing_to_post"
    );
    scene.step("other", point).unwrap();
    assert_eq!(
        rule(scene.put("transaction/other", posting, &["wu"])),
        "disclosure_mismatch"
    );
    // What was published before the plan, published again after it.
    let mut later = Scene::before(Step::PublishPlan);
    let earlier = later
        .transaction(DEAL)
        .unwrap()
        .record(point)
        .unwrap()
        .event
        .clone();
    let mut value = serde_json::to_value(earlier).unwrap();
    value["kind"] = json!("publish_plan");
    assert_eq!(
        rule(later.put(ON, event(value), signers_of(Step::PublishPlan))),
        "disclosure_mismatch"
    );
}

#[test]
fn a_posting_counts_for_the_publication_that_waits() {
    let mut scene = Scene::published(PublicationPoint::Plan);
    let mut value = serde_json::to_value(scene.posting_of(DEAL, "wechat")).unwrap();
    let first = scene
        .transaction(DEAL)
        .unwrap()
        .record(Step::PublishPrePlan)
        .unwrap();
    let digest = first.event.publication().unwrap().disclosure;
    value["disclosure"] = json!(digest);
    assert_eq!(
        rule(scene.put(ON, event(value), &["wu"])),
        "disclosure_mismatch"
    );
}

/// The last second of the last day, and the first of the next, in Beijing; and a last posting that
/// falls on either side of midnight.
#[test]
fn windows_end_at_midnight_in_beijing() {
    for (posted, opens) in [
        ("2018-03-26T15:59:59Z", "2018-04-02T16:00:00Z"),
        ("2018-03-26T16:00:00Z", "2018-04-03T16:00:00Z"),
        // Friday night and Saturday morning: the same five days.
        ("2018-03-30T15:59:59Z", "2018-04-09T16:00:00Z"),
        ("2018-03-30T16:00:00Z", "2018-04-09T16:00:00Z"),
    ] {
        let mut scene = Scene::published(PublicationPoint::PrePlan);
        for channel in &CHANNELS[..3] {
            scene.post(DEAL, channel).unwrap();
        }
        scene.clock = time(posted);
        scene.post(DEAL, CHANNELS[3]).unwrap();
        scene.clock = time(opens).minus_seconds(1);
        let acceptable_from = time(opens);
        let step = Step::PublishPrePlan;
        let open = Refusal::WindowOpen {
            step,
            acceptable_from,
        };
        assert_eq!(scene.step(DEAL, Step::FeedbackAndValuation), Err(open));
        scene.clock = time(opens);
        assert!(scene.step(DEAL, Step::FeedbackAndValuation).is_ok());
    }
}

/// What the signers say moves no window: it runs by the log's clock.
#[test]
fn a_stated_time_opens_no_window() {
    let step = Step::FeedbackAndValuation;
    let mut scene = Scene::before(step);
    scene.clock = scene.clock.minus_seconds(1);
    let mut statement = scene.statement(ON, scene.event_of(DEAL, step));
    for at in [scene.clock.plus_seconds(300), time("1970-01-01T00:00:00Z")] {
        statement.at = at.into();
        assert_eq!(
            rule(scene.present(&statement, signers_of(step))),
            "window_open"
        );
    }
    scene.wait(1);
    assert_eq!(
        rule(scene.present(&statement, signers_of(step))),
        "admitted"
    );
    let passed = scene.transaction(DEAL).unwrap().record(step).unwrap();
    assert!(passed.recorded.recorded_late);
}

#[test]
fn keys_change_at_a_position_of_the_log() {
    let mut scene = Scene::before(Step::ProposalInitiation);
    let rotated =
        json!({"kind": "key_rotated", "key": key("chen", 2).verifier(), "member": "chen"});
    scene.change(rotated).unwrap();
    let granted = json!({"kind": "role_granted", "member": "su", "role": "scrutineer"});
    assert_eq!(rule(scene.change(granted.clone())), "inactive_key");
    scene.keys.insert("chen".to_owned(), key("chen", 2));
    assert_eq!(rule(scene.change(granted)), "admitted");
    assert_eq!(rule(scene.step(DEAL, Step::ProposalInitiation)), "admitted");
    // A compromised key counts no more, whenever it is said to have signed; a new one does.
    scene
        .change(compromised("xu", time("2018-01-01T00:00:00Z")))
        .unwrap();
    assert_eq!(rule(scene.step(DEAL, Step::PartyReview)), "inactive_key");
    let rotated = json!({"kind": "key_rotated", "key": key("xu", 2).verifier(), "member": "xu"});
    scene.change(rotated).unwrap();
    assert_eq!(rule(scene.step(DEAL, Step::PartyReview)), "inactive_key");
    scene.keys.insert("xu".to_owned(), key("xu", 2));
    assert_eq!(rule(scene.step(DEAL, Step::PartyReview)), "admitted");
}

#[test]
fn a_member_counts_from_the_entry_after_its_enrolment() {
    let mut scene = Scene::before(Step::ProposalInitiation);
    scene.keys.insert("fresh".to_owned(), key("fresh", 1));
    let roles = ["chair"];
    let enrolled = json!({"kind": "member_enrolled", "enrolment": enrolment(&key("fresh", 1), "fresh", &roles)});
    let own = event(enrolled.clone());
    assert_eq!(
        rule(scene.put("ledger", own, &["fresh", "huang"])),
        "unknown_key"
    );
    scene.change(enrolled).unwrap();
    let proposal = scene.event_of(DEAL, Step::ProposalInitiation);
    assert_eq!(
        rule(scene.put(ON, proposal, &["fresh", "zhou"])),
        "admitted"
    );
    let ended = json!({"kind": "role_ended", "member": "chen", "reason": "换届", "role": "chair"});
    // It ends itself with its own last signature; then it is over.
    assert_eq!(rule(scene.change(ended.clone())), "admitted");
    assert_eq!(rule(scene.change(ended)), "signer_without_role");
}

#[test]
fn a_charter_adopted_midway_governs_what_it_says_it_does() {
    let stricter = second_charter(|value| {
        let signing = &mut value["steps"]["feedback_and_valuation"]["signing"];
        signing["answers"] = json!("chair");
    });
    let step = Step::FeedbackAndValuation;
    for (applies_to_open, expected) in [(false, "admitted"), (true, "signer_without_role")] {
        let mut scene = Scene::before(step);
        scene.change(adoption(&stricter, applies_to_open)).unwrap();
        let event = scene.event_of(DEAL, step);
        assert_eq!(rule(scene.put(ON, event, signers_of(step))), expected);
    }
    // A transaction that begins later is under the new charter in both cases.
    for applies_to_open in [false, true] {
        let mut scene = Scene::founded();
        scene.change(adoption(&stricter, applies_to_open)).unwrap();
        scene.walk_to(DEAL, step);
        assert_eq!(rule(scene.step(DEAL, step)), "signer_without_role");
        let event = scene.event_of(DEAL, step);
        assert_eq!(
            rule(scene.put(ON, event, &["chen", "he", "huang"])),
            "admitted"
        );
    }
    // The newest of several that apply; one that does not apply is passed over.
    let mut scene = Scene::before(step);
    scene.change(adoption(&stricter, true)).unwrap();
    let third = charter_with(|value| value["version"] = json!(3));
    scene.change(adoption(&third, false)).unwrap();
    assert_eq!(rule(scene.step(DEAL, step)), "signer_without_role");
    let fourth = charter_with(|value| value["version"] = json!(4));
    scene.change(adoption(&fourth, true)).unwrap();
    assert_eq!(rule(scene.step(DEAL, step)), "admitted");
}

#[test]
fn a_notice_adopted_later_ends_a_window_that_waited_for_it() {
    let mut scene = Scene::before(Step::PublishPrePlan);
    scene.clock = time("2019-12-27T02:00:00Z");
    scene.step(DEAL, Step::PublishPrePlan).unwrap();
    posted_everywhere(&mut scene);
    scene.clock = time("2020-01-05T02:00:00Z");
    assert_eq!(
        rule(scene.step(DEAL, Step::FeedbackAndValuation)),
        "calendar_missing"
    );
    let charter = second_charter(|value| {
        value["calendar"]["years"]["2020"] = json!({
            "off": ["2020-01-01"], "source": "国办发明电〔2019〕16号", "work": ["2020-01-19"],
        });
    });
    scene.change(adoption(&charter, false)).unwrap();
    // 30 and 31 December, 2, 3 and 6 January.
    let open = Refusal::WindowOpen {
        step: Step::PublishPrePlan,
        acceptable_from: time("2020-01-06T16:00:00Z"),
    };
    assert_eq!(scene.step(DEAL, Step::FeedbackAndValuation), Err(open));
    scene.clock = time("2020-01-06T16:00:00Z");
    assert_eq!(
        rule(scene.step(DEAL, Step::FeedbackAndValuation)),
        "admitted"
    );
}

#[test]
fn a_training_ledger_walks_through_in_minutes() {
    let mut scene = Scene::training();
    let begun = scene.clock;
    for step in Step::ALL {
        scene.clock = scene.opens_at(DEAL).unwrap_or(scene.clock);
        scene.step(DEAL, step).unwrap();
        if step.publication_point().is_some() {
            posted_everywhere(&mut scene);
        }
    }
    assert_eq!(scene.clock.seconds_since(begun), 4 * 120);
    assert!(scene.state.ledger().unwrap().training);
    assert!(training_charter().training_rule().is_some());
}

/// Old signatures can be judged for ever: what counted at a position is known at any later one.
#[test]
fn the_roster_remembers_from_where_to_where() {
    let mut scene = Scene::founded();
    let role = Role::CouncilMember;
    let change = |kind: &str| json!({"kind": kind, "member": "su", "role": role});
    let granted = scene.change(change("role_granted")).unwrap().index();
    let rotated = json!({"kind": "key_rotated", "key": key("su", 2).verifier(), "member": "su"});
    let rotated = scene.change(rotated).unwrap().index();
    let mut end = change("role_ended");
    end["reason"] = json!("离任");
    let ended = scene.change(end).unwrap().index();
    let again = scene.change(change("role_granted")).unwrap().index();
    let roster = &scene.state.ledger().unwrap().roster;
    let su = roster.member(&scene::member("su")).unwrap();
    let held: Vec<bool> = (0..=again + 1).map(|at| su.holds(role, at)).collect();
    // Entry by entry: founding, granted, rotated, ended, granted again, and the next one.
    assert_eq!((granted, rotated, ended, again), (1, 2, 3, 4));
    assert_eq!(held, [false, false, true, true, false, true]);
    let keys: Vec<_> = (0..=again).map(|at| su.key_at(at).cloned()).collect();
    let (old, new) = (key("su", 1), key("su", 2));
    let [old, new] = [old.verifier(), new.verifier()].map(|key| Some(key.clone()));
    assert_eq!(keys, [None, old.clone(), old, new.clone(), new]);
}
