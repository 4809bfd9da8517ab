//! What waits for an answer, and what does not.

use ledger_core::concern::ConcernPhase;
use ledger_core::event::Event;
use ledger_core::refusal::Refusal;
use ledger_core::role::Role;
use ledger_core::step::{PublicationPoint, Step};
use ledger_core::transaction::Phase;
use serde_json::json;

use crate::scene::concerns::answered;
use crate::scene::{CHANNELS, DEAL, ON, Scene, adoption, event, rule, second_charter, signers_of};

fn returned(to: Step) -> Event {
    event(json!({"kind": "returned", "documents": [], "reason": "资料有误", "to": to}))
}

fn terminated() -> Event {
    event(json!({"kind": "terminated", "documents": [], "reason": "不再出租"}))
}

fn waived(from: Step, through: Step) -> Event {
    event(json!({
        "kind": "step_waived", "basis": "小额交易", "documents": [], "from": from, "through": through,
    }))
}

/// [`DEAL`] with the publication before the plan posted everywhere, its window just begun.
fn posted() -> Scene {
    let mut scene = Scene::published(PublicationPoint::PrePlan);
    for channel in CHANNELS {
        scene.post(DEAL, channel).unwrap();
    }
    scene
}

#[test]
fn a_concern_goes_through_its_life() {
    let mut scene = posted();
    let raised = scene.raise("y1", "pre_plan").unwrap();
    scene.raise("y2", "pre_plan").unwrap();
    assert_eq!(scene.concern("y1").phase, ConcernPhase::Raised);
    assert_eq!(scene.concern("y1").head, raised.leaf());
    let answer = scene.answer("y1", &["y2"]).unwrap();
    for y in ["y1", "y2"] {
        let answered = scene.concern(y).answered().unwrap();
        assert_eq!(answered.recorded.index, answer.index());
        assert_eq!(answered.recorded.signers.len(), 2);
        assert_eq!(answered.answer.of.as_str(), "y1");
    }
    // An answer stands in one stream: the heads of the others stay.
    assert_eq!(scene.concern("y1").head, answer.leaf());
    assert_ne!(scene.concern("y2").head, answer.leaf());
    scene.close("y2").unwrap();
    scene.rate("y2").unwrap();
    scene.rate("y1").unwrap();
    scene.close("y1").unwrap();
    for y in ["y1", "y2"] {
        let concern = scene.concern(y);
        assert_eq!(concern.rated.as_ref().unwrap().record.stars, 4);
        assert!(concern.closed().is_some() && concern.answered().is_some());
    }
    let kept = &scene.transaction(DEAL).unwrap().concerns;
    assert_eq!((kept.raised().len(), kept.unanswered().len()), (2, 0));
}

#[test]
fn only_the_answer_is_waited_for() {
    let mut scene = posted();
    scene.raise("y1", "pre_plan").unwrap();
    scene.clock = scene.opens_at(DEAL).unwrap();
    let next = Step::FeedbackAndValuation;
    assert_eq!(rule(scene.step(DEAL, next)), "concern_open");
    scene.answer("y1", &[]).unwrap();
    // Nobody has to be content, nor the concern settled.
    scene.step(DEAL, next).unwrap();
}

#[test]
fn the_window_is_open_first() {
    let mut scene = posted();
    scene.raise("y1", "pre_plan").unwrap();
    scene.clock = scene.opens_at(DEAL).unwrap().minus_seconds(1);
    let next = Step::FeedbackAndValuation;
    assert_eq!(rule(scene.step(DEAL, next)), "window_open");
}

#[test]
fn a_window_counts_to_its_last_second() {
    for (before, held) in [(1, "concern_open"), (0, "admitted")] {
        let mut scene = posted();
        let end = scene.opens_at(DEAL).unwrap();
        scene.clock = end.minus_seconds(before);
        scene.raise("y1", "pre_plan").unwrap();
        scene.clock = end;
        let next = scene.step(DEAL, Step::FeedbackAndValuation);
        assert_eq!(rule(next), held, "{before} s before the end");
    }
    for (before, held) in [(1, "concern_open"), (0, "admitted")] {
        let mut scene = Scene::before(Step::ResultAndObjection);
        scene.step(DEAL, Step::ResultAndObjection).unwrap();
        let end = scene.opens_at(DEAL).unwrap();
        scene.clock = end.minus_seconds(before);
        scene.raise("y1", "result").unwrap();
        scene.clock = end;
        let next = scene.step(DEAL, Step::ContractSigning);
        assert_eq!(rule(next), held, "{before} s before the end");
    }
}

#[test]
fn a_concern_between_publication_and_postings_counts() {
    let mut scene = Scene::published(PublicationPoint::PrePlan);
    scene.raise("y1", "pre_plan").unwrap();
    for channel in CHANNELS {
        scene.post(DEAL, channel).unwrap();
    }
    scene.clock = scene.opens_at(DEAL).unwrap();
    let next = scene.step(DEAL, Step::FeedbackAndValuation);
    assert_eq!(rule(next), "concern_open");
}

#[test]
fn what_is_raised_in_general_or_on_completion_holds_nothing_up() {
    let mut scene = posted();
    scene.raise("y1", "general").unwrap();
    scene.pass(DEAL, Step::FeedbackAndValuation);

    let mut scene = Scene::published(PublicationPoint::Completion);
    scene.raise("y1", "completion").unwrap();
    for channel in CHANNELS {
        scene.post(DEAL, channel).unwrap();
    }
    let transaction = scene.transaction(DEAL).unwrap();
    assert!(matches!(transaction.phase, Phase::Completed(_)));
    assert_eq!(transaction.concerns.unanswered().len(), 1);
}

#[test]
fn after_the_end_concerns_are_raised_and_answered_still() {
    let mut ended = posted();
    ended.put(ON, terminated(), &["chen", "huang"]).unwrap();
    let mut completed = Scene::completed();
    for scene in [&mut ended, &mut completed] {
        for (y, subject) in [("y1", "general"), ("y2", "pre_plan")] {
            scene.raise(y, subject).unwrap();
        }
        scene.answer("y1", &["y2"]).unwrap();
        scene.rate("y2").unwrap();
        scene.close("y2").unwrap();
    }
    completed.raise("y3", "result").unwrap();
    completed.raise("y4", "completion").unwrap();
}

#[test]
fn postings_returns_corrections_and_the_end_do_not_wait() {
    let mut scene = Scene::published(PublicationPoint::PrePlan);
    scene.raise("y1", "pre_plan").unwrap();
    for channel in CHANNELS {
        scene.post(DEAL, channel).unwrap();
    }
    scene.clock = scene.opens_at(DEAL).unwrap();
    let entry = scene.transaction(DEAL).unwrap().passed[1].recorded.index;
    let correction = event(json!({
        "kind": "corrected", "documents": [], "entry": entry, "field": "/expected_term_months",
        "reason": "笔误", "value": 48,
    }));
    for (event, signers) in [
        (correction, signers_of(Step::ProposalInitiation)),
        (returned(Step::PartyReview), &["chen", "huang"][..]),
        (terminated(), &["chen", "huang"]),
    ] {
        let mut scene = scene.clone();
        assert_eq!(rule(scene.put(ON, event, signers)), "admitted");
    }
}

/// What was raised before, while, and after a publication was set aside and made again.
#[test]
fn a_publication_made_again_waits_for_all_that_was_raised() {
    for when in ["before", "aside", "again"] {
        let mut scene = posted();
        let raise = |scene: &mut Scene, now| {
            if now == when {
                scene.raise("y1", "pre_plan").unwrap();
            }
        };
        raise(&mut scene, "before");
        scene
            .put(ON, returned(Step::PartyReview), &["chen", "huang"])
            .unwrap();
        raise(&mut scene, "aside");
        // What comes up to the publication is no step that follows it.
        scene.pass(DEAL, Step::PartyReview);
        scene.pass(DEAL, Step::PublishPrePlan);
        raise(&mut scene, "again");
        scene.clock = scene.opens_at(DEAL).unwrap();
        let next = Step::FeedbackAndValuation;
        assert_eq!(rule(scene.step(DEAL, next)), "concern_open", "{when}");
        scene.answer("y1", &[]).unwrap();
        scene.step(DEAL, next).unwrap();
    }
}

/// A concern on a publication that a correction sets aside later holds up where the transaction stood.
#[test]
fn a_publication_made_again_after_a_correction_is_waited_for_where_it_resumes() {
    let mut scene = Scene::before(Step::StreetReview);
    let entry = scene.transaction(DEAL).unwrap().passed[1].recorded.index;
    let correction = event(json!({
        "kind": "corrected", "documents": [], "entry": entry, "field": "/expected_term_months",
        "reason": "笔误", "value": 48,
    }));
    let signers = signers_of(Step::ProposalInitiation);
    scene.put(ON, correction, signers).unwrap();
    scene.pass(DEAL, Step::PublishPrePlan);
    scene.raise("y1", "pre_plan").unwrap();
    // The second publication follows the first: its window, and what was raised in it.
    assert_eq!(rule(scene.step(DEAL, Step::PublishPlan)), "window_open");
    scene.clock = scene.opens_at(DEAL).unwrap();
    assert_eq!(rule(scene.step(DEAL, Step::PublishPlan)), "concern_open");
    scene.answer("y1", &[]).unwrap();
    scene.pass(DEAL, Step::PublishPlan);
    // The first window is over: what comes now about it holds nothing up.
    scene.raise("y2", "pre_plan").unwrap();
    scene.raise("y3", "plan").unwrap();
    scene.clock = scene.opens_at(DEAL).unwrap();
    let Err(Refusal::ConcernOpen { step, .. }) = scene.step(DEAL, Step::StreetReview) else {
        panic!("nothing was waited for");
    };
    assert_eq!(step, Step::PublishPlan);
    scene.answer("y3", &[]).unwrap();
    scene.step(DEAL, Step::StreetReview).unwrap();
}

#[test]
fn a_waiver_waits_as_the_step_would() {
    let mut scene = Scene::founded();
    for step in Step::ALL.into_iter().take(8) {
        scene.clock = scene.clock.max(scene.opens_at(DEAL).unwrap_or(scene.clock));
        let mut value = scene.body_of(DEAL, step);
        if step == Step::ProposalInitiation || step == Step::PlanDrafting {
            value["method"] = json!("small_value");
        }
        if value.get("reserve_price").is_some() {
            value["reserve_price"] = json!({"basis": "per_year", "fen": 1_000_000});
        }
        let event = scene.composed(DEAL, step, value);
        scene.put(ON, event, signers_of(step)).unwrap();
        if step.publication_point().is_some() {
            for channel in CHANNELS {
                scene.post(DEAL, channel).unwrap();
            }
        }
    }
    scene.raise("y1", "plan").unwrap();
    scene.clock = scene.opens_at(DEAL).unwrap();
    let waiver = || waived(Step::StreetReview, Step::Bidding);
    let refused = scene.put(ON, waiver(), &["chen", "huang"]);
    assert_eq!(rule(refused), "concern_open");
    scene.answer("y1", &[]).unwrap();
    scene.put(ON, waiver(), &["chen", "huang"]).unwrap();
    // A step that was left out leaves nothing to object to.
    assert_eq!(rule(scene.raise("y2", "result")), "concern_too_early");
}

#[test]
fn the_time_to_answer_is_that_of_the_charter_under_which_it_was_raised() {
    let mut scene = posted();
    scene.raise("y1", "general").unwrap();
    let charter = second_charter(|value| {
        value["concerns"]["answer_within"]["span"] = json!({"length": 1, "unit": "days"});
        value["adoption"]["bodies"] = json!([]);
        value["signing"]["concern_answered"]["answers"] = json!("chair");
    });
    let y1 = scene.concern("y1");
    let calendar = scene
        .state
        .ledger()
        .unwrap()
        .calendar_at(scene.state.size());
    // Raised on Monday, 26 March 2018: from Tuesday to the end of Thursday.
    let deadline = y1.deadline(calendar);
    assert_eq!(deadline.at.to_string(), "2018-03-29T16:00:00Z");
    assert!(!deadline.provisional);
    assert!(!y1.is_overdue(calendar, deadline.at.minus_seconds(1)));
    assert!(y1.is_overdue(calendar, deadline.at));
    let kept = &scene.transaction(DEAL).unwrap().concerns.unanswered()[&y1.id];
    assert_eq!(kept.deadline(calendar), deadline);

    let mut value = crate::scene::adoption(&charter, false);
    value["vote"] = json!({
        "abstain": 0, "against": 0, "body": "assembly", "eligible": 280, "for": 240,
        "held_on": "2018-03-26", "members": 300, "present": 240,
    });
    scene.change(value).unwrap();
    scene.raise("y2", "general").unwrap();
    assert_eq!(scene.concern("y2").answer_within.length(), 1);
    // Each is answered as its own charter says, and settled late or not by its own.
    assert_eq!(rule(scene.answer("y2", &[])), "signer_without_role");
    let statement = scene.statement("concern/y2", answered(DEAL, &["y1"]));
    scene.wait(86_400 * 2);
    scene.present(&statement, &["chen", "huang"]).unwrap();
    let calendar = scene
        .state
        .ledger()
        .unwrap()
        .calendar_at(scene.state.size());
    assert!(scene.concern("y2").is_overdue(calendar, scene.clock));
    assert!(!scene.concern("y1").is_overdue(calendar, scene.clock));
}

/// A corrected result lies open to objections again: one that is raised then is waited for.
#[test]
fn an_objection_in_a_window_that_runs_again_is_waited_for() {
    for (at, corrected) in [
        (Step::ContractSigning, Step::Bidding),
        (Step::HandoverAndReceipt, Step::ResultAndObjection),
    ] {
        let mut scene = Scene::before(at);
        let (field, value) = match corrected {
            Step::Bidding => ("/outcome/winner", "王*"),
            _ => ("/objections_to", "街道办二楼"),
        };
        scene.correct(DEAL, corrected, field, json!(value)).unwrap();
        let end = scene.opens_at(DEAL).unwrap();
        assert!(end > scene.clock);
        scene.clock = end.minus_seconds(1);
        scene.raise("y1", "result").unwrap();
        scene.clock = end;
        scene.raise("y2", "result").unwrap();
        let refused = scene.step(DEAL, at).unwrap_err();
        assert!(
            matches!(
                &refused,
                Refusal::ConcernOpen {
                    step: Step::ResultAndObjection,
                    count: 1,
                    ..
                }
            ),
            "{refused:?}"
        );
        scene.answer("y1", &[]).unwrap();
        scene.step(DEAL, at).unwrap();
    }
}

/// Who answers is said by the charter under which a concern was raised, and so is who is waited for.
#[test]
fn a_concern_is_answered_by_those_of_its_own_charter() {
    let mut scene = posted();
    scene.raise("y1", "pre_plan").unwrap();
    let later = second_charter(|value| {
        let rule = &mut value["signing"]["concern_answered"];
        rule["answers"] = json!("chair");
        rule["cosigns"] = json!([{"role": "supervisor", "when": "always"}]);
    });
    scene.change(adoption(&later, false)).unwrap();
    scene.clock = scene.opens_at(DEAL).unwrap();
    let refused = scene.step(DEAL, Step::FeedbackAndValuation).unwrap_err();
    let Refusal::ConcernOpen { answered_by, .. } = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(answered_by, [Role::CouncilMember, Role::Supervisor]);
    scene.answer("y1", &[]).unwrap();
    scene.step(DEAL, Step::FeedbackAndValuation).unwrap();
}

/// An answer for others is signed by all whom a newer charter asks to answer those.
#[test]
fn an_answer_reaches_no_concern_that_others_must_answer() {
    let mut scene = posted();
    scene.raise("y1", "pre_plan").unwrap();
    let later = second_charter(|value| {
        let cosigns = value["signing"]["concern_answered"]["cosigns"].as_array_mut();
        cosigns
            .unwrap()
            .push(json!({"role": "chair", "when": "always"}));
    });
    scene.change(adoption(&later, false)).unwrap();
    scene.raise("y2", "pre_plan").unwrap();
    assert_eq!(rule(scene.answer("y1", &["y2"])), "missing_roles");
    assert_eq!(rule(scene.answer("y2", &[])), "missing_roles");
    scene.answer("y1", &[]).unwrap();
    let answer = scene.put(
        "concern/y2",
        answered(DEAL, &[]),
        &["zhou", "huang", "chen"],
    );
    assert_eq!(rule(answer), "admitted");
}
