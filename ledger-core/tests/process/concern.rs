//! Concerns: what they are about, that each is answered once, and what waits for the answer.

use ledger_core::name::ConcernId;
use ledger_core::record::ConcernSubject;
use ledger_core::refusal::Refusal;
use ledger_core::role::Role;
use ledger_core::step::{PublicationPoint, Step};

use crate::Row;
use crate::scene::concerns::{ANSWER, answered, raised};
use crate::scene::{DEAL, Scene, member};

fn id(text: &str) -> ConcernId {
    text.parse().unwrap()
}

pub(crate) fn concern_rows() -> Vec<Row> {
    [
        raising_rows(),
        answering_rows(),
        gate_rows(),
        hiding_rows(),
        intake_rows(),
    ]
    .concat()
}

fn raising_rows() -> Vec<Row> {
    let mut scene = Scene::before(Step::PublishPrePlan);
    scene.raise("y1", "general").unwrap();
    let too_early = |step, found| Refusal::ConcernTooEarly {
        expected: step,
        found,
    };
    let mut unheard = Scene::founded();
    let mut bidding = Scene::before(Step::ResultAndObjection);
    let mut handed_over = Scene::before(Step::PublishCompletion);
    vec![
        (
            "a concern about nothing that has begun",
            unheard.raise("y1", "general"),
            Refusal::NotBegun {
                found: DEAL.parse().unwrap(),
            },
        ),
        (
            "an id twice",
            scene.raise("y1", "general"),
            Refusal::ConcernExists { found: id("y1") },
        ),
        (
            "a concern about a publication to come",
            scene.raise("y2", "pre_plan"),
            too_early(Step::PublishPrePlan, ConcernSubject::PrePlan),
        ),
        (
            "a concern about a plan to come",
            scene.raise("y2", "plan"),
            too_early(Step::PublishPlan, ConcernSubject::Plan),
        ),
        (
            "an objection before there is a result",
            bidding.raise("y2", "result"),
            too_early(Step::ResultAndObjection, ConcernSubject::Result),
        ),
        (
            "a concern about a completion to come",
            handed_over.raise("y2", "completion"),
            too_early(Step::PublishCompletion, ConcernSubject::Completion),
        ),
    ]
}

fn answering_rows() -> Vec<Row> {
    let mut scene = Scene::before(Step::PublishPrePlan);
    scene.pass("other", Step::AssetVerification);
    for y in ["y1", "y2", "y3"] {
        scene.raise(y, "general").unwrap();
    }
    let foreign = raised("other", "general");
    scene.put("concern/z1", foreign, &["intake"]).unwrap();
    let unanswered = |y| Refusal::ConcernUnanswered { found: id(y) };
    let of_another = |concern, expected: &str, found: &str| Refusal::ConcernOfAnother {
        concern: id(concern),
        expected: expected.parse().unwrap(),
        found: found.parse().unwrap(),
    };
    let mut rows = vec![
        ("closed unanswered", scene.close("y1"), unanswered("y1")),
        ("rated unanswered", scene.rate("y1"), unanswered("y1")),
        (
            "an answer to nothing",
            scene.answer("y9", &[]),
            Refusal::ConcernUnknown { found: id("y9") },
        ),
        (
            "an answer to nothing beside",
            scene.answer("y1", &["y2", "y9"]),
            Refusal::ConcernUnknown { found: id("y9") },
        ),
        (
            "nothing rated",
            scene.rate("y9"),
            Refusal::ConcernUnknown { found: id("y9") },
        ),
        (
            "an answer that names another transaction",
            scene.put("concern/y1", answered("other", &[]), ANSWER),
            of_another("y1", DEAL, "other"),
        ),
        (
            "an answer across transactions",
            scene.answer("y1", &["y2", "z1"]),
            of_another("z1", "other", DEAL),
        ),
        (
            "an answer to itself beside",
            scene.answer("y1", &["y2", "y1"]),
            Refusal::Inconsistent {
                field: "also",
                expected: "其他意见 (other concerns)".to_owned(),
                found: "y1".to_owned(),
            },
        ),
        (
            "an answer to one twice",
            scene.answer("y1", &["y2", "y2"]),
            Refusal::Inconsistent {
                field: "also",
                expected: "每条一次 (each concern once)".to_owned(),
                found: "y2".to_owned(),
            },
        ),
    ];
    let first = scene.answer("y1", &["y2"]).unwrap().index();
    let again = |y| Refusal::ConcernAnsweredBefore {
        found: id(y),
        answered_by: first,
    };
    rows.push(("answered twice", scene.answer("y1", &[]), again("y1")));
    rows.push(("answered beside", scene.answer("y2", &[]), again("y2")));
    rows.push(("one of several", scene.answer("y3", &["y2"]), again("y2")));
    let rated_by = scene.rate("y2").unwrap().index();
    rows.push((
        "rated twice",
        scene.rate("y2"),
        Refusal::ConcernRatedBefore {
            found: id("y2"),
            rated_by,
        },
    ));
    let closed_by = scene.close("y1").unwrap().index();
    rows.push((
        "closed twice",
        scene.close("y1"),
        Refusal::ConcernClosedBefore {
            found: id("y1"),
            closed_by,
        },
    ));
    scene.answer("y3", &[]).unwrap();
    rows
}

fn open(step: Step, found: &[&str], count: u64) -> Refusal {
    Refusal::ConcernOpen {
        step,
        found: found.iter().map(|y| id(y)).collect(),
        count,
        answered_by: vec![Role::CouncilMember, Role::Supervisor],
    }
}

fn gate_rows() -> Vec<Row> {
    let mut pre_plan = Scene::published(PublicationPoint::PrePlan);
    pre_plan.raise("y2", "pre_plan").unwrap();
    let mut plan = Scene::published(PublicationPoint::Plan);
    for y in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] {
        plan.raise(y, "plan").unwrap();
    }
    for scene in [&mut pre_plan, &mut plan] {
        for channel in crate::CHANNELS {
            scene.post(DEAL, channel).unwrap();
        }
        scene.raise("y1", scene_subject(scene)).unwrap();
        scene.clock = scene.opens_at(DEAL).unwrap();
    }
    let mut result = Scene::before(Step::ResultAndObjection);
    result.pass(DEAL, Step::ResultAndObjection);
    result.raise("y1", "result").unwrap();
    result.clock = result.opens_at(DEAL).unwrap();
    vec![
        (
            "a concern before the plan is open",
            pre_plan.step(DEAL, Step::FeedbackAndValuation),
            open(Step::PublishPrePlan, &["y2", "y1"], 2),
        ),
        (
            "many concerns about the plan are open",
            plan.step(DEAL, Step::StreetReview),
            open(
                Step::PublishPlan,
                &["a", "b", "c", "d", "e", "f", "g", "h"],
                11,
            ),
        ),
        (
            "an objection to the result is open",
            result.step(DEAL, Step::ContractSigning),
            open(Step::ResultAndObjection, &["y1"], 1),
        ),
    ]
}

fn scene_subject(scene: &Scene) -> &'static str {
    let plan = scene
        .transaction(DEAL)
        .unwrap()
        .record(Step::PublishPlan)
        .is_some();
    if plan { "plan" } else { "pre_plan" }
}

/// Words that stand beside the entry are hidden, once; words in the entry are not.
fn hiding_rows() -> Vec<Row> {
    let mut scene = Scene::before(Step::PublishPrePlan);
    scene.raise("y1", "general").unwrap();
    let beside = crate::scene::concerns::raised_beside(DEAL);
    scene.put("concern/y2", beside, &["intake"]).unwrap();
    let mut rows = vec![
        (
            "nothing hidden",
            scene.hide("y9"),
            Refusal::ConcernUnknown { found: id("y9") },
        ),
        (
            "words in the entry",
            scene.hide("y1"),
            Refusal::ConcernNotHideable { found: id("y1") },
        ),
        (
            "the disclosure officer hides alone",
            scene.put("concern/y2", crate::scene::concerns::hidden(), &["wu"]),
            Refusal::MissingRoles {
                missing_roles: vec![Role::Supervisor],
            },
        ),
    ];
    let hidden_by = scene.hide("y2").unwrap().index();
    let concern = scene.concern("y2");
    let hidden = concern.hidden.as_ref().unwrap();
    assert_eq!(hidden.recorded.index, hidden_by);
    assert_eq!(concern.recorded(hidden_by), Some(&hidden.recorded));
    rows.push((
        "hidden twice",
        scene.hide("y2"),
        Refusal::ConcernHiddenBefore {
            found: id("y2"),
            hidden_by,
        },
    ));
    // What is hidden is answered all the same.
    scene.answer("y2", &[]).unwrap();
    rows
}

/// The intake key raises and rates, and signs nothing else, not even beside others.
fn intake_rows() -> Vec<Row> {
    let mut scene = Scene::before(Step::PublishPrePlan);
    scene.raise("y1", "general").unwrap();
    let no_role = |who: &str, expected: &[Role]| Refusal::SignerWithoutRole {
        member: member(who),
        expected: expected.to_vec(),
    };
    let (council, supervisor) = (Role::CouncilMember, Role::Supervisor);
    let publication = scene.event_of(DEAL, Step::PublishPrePlan);
    let rows = vec![
        (
            "the intake answers",
            scene.put("concern/y1", answered(DEAL, &[]), &["intake"]),
            no_role("intake", &[council, supervisor]),
        ),
        (
            "the intake answers too",
            scene.put(
                "concern/y1",
                answered(DEAL, &[]),
                &["intake", "zhou", "huang"],
            ),
            no_role("intake", &[council, supervisor]),
        ),
        (
            "the intake closes",
            scene.put("concern/y1", crate::scene::concerns::closed(), &["intake"]),
            no_role("intake", &[supervisor]),
        ),
        (
            "the intake signs a step too",
            scene.put(crate::ON, publication, &["wu", "chen", "huang", "intake"]),
            no_role(
                "intake",
                &[Role::DisclosureOfficer, Role::Chair, supervisor],
            ),
        ),
        (
            "a council member raises",
            scene.put("concern/y2", raised(DEAL, "general"), &["zhou"]),
            no_role("zhou", &[Role::Intake]),
        ),
        (
            "the supervisor raises too",
            scene.put("concern/y2", raised(DEAL, "general"), &["huang", "intake"]),
            no_role("huang", &[Role::Intake]),
        ),
    ];
    scene.answer("y1", &[]).unwrap();
    rows
}
