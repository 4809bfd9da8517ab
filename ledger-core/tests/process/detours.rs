//! Waivers, returns, corrections, the end: what is refused, and what a transaction comes back from.

use ledger_core::disclosure::Disclosure;
use ledger_core::language::Language;
use ledger_core::refusal::Refusal;
use ledger_core::role::Role;
use ledger_core::step::{PublicationPoint, Step};
use ledger_core::transaction::Phase;
use serde_json::{Value, json};

use crate::Row;
use crate::scene::detours::correction;
use crate::scene::{
    CHANNELS, DEAL, ON, Scene, adoption, charter_with, document_of, event, member, second_charter,
    signers_of,
};

use Step::{
    AssetVerification, BidderQualification, Bidding, ContractSigning, FeedbackAndValuation,
    HandoverAndReceipt, ListingNotice, MemberVote, PartyReview, PlanDrafting, ProposalInitiation,
    PublishCompletion, PublishPlan, PublishPrePlan, ResultAndObjection, StreetReview,
};

fn failed() -> Scene {
    let mut scene = Scene::before(Bidding);
    scene.fail(DEAL);
    scene
}

fn turn(scene: &Scene) -> Option<Step> {
    scene.transaction(DEAL).unwrap().current_step()
}

fn standing(scene: &Scene) -> Vec<Step> {
    let passed = &scene.transaction(DEAL).unwrap().passed;
    passed.iter().map(|passed| passed.step).collect()
}

fn stale(scene: &Scene) -> Vec<PublicationPoint> {
    let redo = scene.transaction(DEAL).unwrap().redo.as_ref();
    redo.map_or_else(Vec::new, |redo| redo.stale().iter().copied().collect())
}

fn is_completed(scene: &Scene) -> bool {
    matches!(scene.transaction(DEAL).unwrap().phase, Phase::Completed(_))
}

pub(crate) fn waiver_rows() -> Vec<Row> {
    let not_allowed = |expected: &[Step], found: [Step; 2]| Refusal::WaiverNotAllowed {
        expected: expected.to_vec(),
        found: found.to_vec(),
    };
    let small = [StreetReview, ListingNotice, BidderQualification, Bidding];
    // Below the limit for a month, far above it for the term.
    let price = json!({"basis": "per_month", "fen": 4_999_999});
    let mut dear = Scene::small_at(price, StreetReview);
    let mut early = Scene::small(PublishPlan);
    early.pass(DEAL, PublishPlan);
    let opens = early.opens_at(DEAL).unwrap();
    let mut stale = Scene::small(StreetReview);
    stale
        .correct(DEAL, PartyReview, "/summary", json!("党组织同意。"))
        .unwrap();
    let backwards = Refusal::Inconsistent {
        field: "through",
        expected: format!("≥ {Bidding}"),
        found: ListingNotice.id().to_owned(),
    };
    let early_charter = charter_with(|value| {
        value["waivers"][0]["steps"] = json!(["feedback_and_valuation"]);
        value["waivers"][0]["at_most_fen"] = Value::Null;
        value["waivers"][0]
            .as_object_mut()
            .unwrap()
            .remove("at_most_fen");
    });
    let mut another = Scene::found_under(&early_charter, false);
    another.pass(DEAL, AssetVerification);
    another.pass_with(DEAL, ProposalInitiation, |value| {
        value["method"] = json!("small_value");
    });
    another.go_on_to(DEAL, FeedbackAndValuation);
    another
        .waive(DEAL, FeedbackAndValuation, FeedbackAndValuation)
        .unwrap();
    vec![
        (
            "a waiver in a dealing of another kind",
            Scene::before(StreetReview).waive(DEAL, StreetReview, Bidding),
            not_allowed(&[], [StreetReview, Bidding]),
        ),
        (
            "a waiver of more than the charter lets be left out",
            Scene::small(StreetReview).waive(DEAL, StreetReview, ResultAndObjection),
            not_allowed(&small, [StreetReview, ResultAndObjection]),
        ),
        (
            "a waiver across a publication",
            Scene::small(MemberVote).waive(DEAL, MemberVote, StreetReview),
            not_allowed(&small, [MemberVote, StreetReview]),
        ),
        (
            "a waiver in a dealing that is not small over its term",
            dear.waive(DEAL, StreetReview, Bidding),
            not_allowed(&[], [StreetReview, Bidding]),
        ),
        (
            "a waiver of a publication that must be made again",
            stale.waive(DEAL, PublishPrePlan, PublishPrePlan),
            not_allowed(&small, [PublishPrePlan, PublishPrePlan]),
        ),
        (
            "a waiver while a publication must be made again",
            stale.waive(DEAL, StreetReview, Bidding),
            Refusal::OutOfOrder {
                expected: PublishPrePlan,
                found: StreetReview,
            },
        ),
        (
            "a waiver before its turn",
            Scene::small(MemberVote).waive(DEAL, StreetReview, Bidding),
            Refusal::OutOfOrder {
                expected: MemberVote,
                found: StreetReview,
            },
        ),
        (
            "a waiver within a window",
            early.waive(DEAL, StreetReview, Bidding),
            Refusal::WindowOpen {
                step: PublishPlan,
                acceptable_from: opens,
            },
        ),
        (
            "a waiver that runs backwards",
            {
                let mut scene = Scene::small(StreetReview);
                scene.waive(DEAL, StreetReview, StreetReview).unwrap();
                scene
                    .waive(DEAL, ListingNotice, BidderQualification)
                    .unwrap();
                scene.waive(DEAL, Bidding, ListingNotice)
            },
            backwards,
        ),
        (
            "a waiver after a failed bidding",
            failed().waive(DEAL, ResultAndObjection, ResultAndObjection),
            Refusal::BiddingFailed,
        ),
        (
            "a waiver after completion",
            Scene::completed().waive(DEAL, StreetReview, Bidding),
            Refusal::TransactionCompleted,
        ),
        (
            "a waiver of a transaction that nobody began",
            Scene::founded().waive(DEAL, AssetVerification, AssetVerification),
            Refusal::NotBegun {
                found: DEAL.parse().unwrap(),
            },
        ),
        (
            "a plan that takes away the ground from a waiver",
            another.step(DEAL, PlanDrafting),
            not_allowed(&[], [FeedbackAndValuation, FeedbackAndValuation]),
        ),
    ]
}

pub(crate) fn return_rows() -> Vec<Row> {
    let not_back = |expected, found| Refusal::ReturnNotBack { expected, found };
    let after_failure = |found| Refusal::ReturnAfterFailure { found };
    let mut again = Scene::completed();
    again
        .correct(DEAL, HandoverAndReceipt, "/summary", json!("已交接。"))
        .unwrap();
    let one = event(json!({
        "kind": "returned", "documents": [], "reason": "须重办", "to": "party_review",
    }));
    vec![
        (
            "a return to the step whose turn it is",
            Scene::before(MemberVote).go_back(DEAL, MemberVote),
            not_back(Some(PlanDrafting), MemberVote),
        ),
        (
            "a return to a later step",
            Scene::before(MemberVote).go_back(DEAL, Bidding),
            not_back(Some(PlanDrafting), Bidding),
        ),
        (
            "a return after a failed bidding to a later step",
            failed().go_back(DEAL, ResultAndObjection),
            not_back(Some(Bidding), ResultAndObjection),
        ),
        (
            "a return after a failed bidding to the bidding",
            failed().go_back(DEAL, Bidding),
            after_failure(Bidding),
        ),
        (
            "a return after a failed bidding to the vote alone",
            failed().go_back(DEAL, MemberVote),
            after_failure(MemberVote),
        ),
        (
            "a return after completion",
            Scene::completed().go_back(DEAL, Bidding),
            Refusal::TransactionCompleted,
        ),
        (
            "a return after completion, while a correction is published",
            again.go_back(DEAL, Bidding),
            Refusal::TransactionCompleted,
        ),
        (
            "a return of a transaction that nobody began",
            Scene::founded().go_back(DEAL, AssetVerification),
            Refusal::NotBegun {
                found: DEAL.parse().unwrap(),
            },
        ),
        (
            "a return without the supervisor",
            Scene::before(MemberVote).put(ON, one, &["chen"]),
            Refusal::MissingRoles {
                missing_roles: vec![Role::Supervisor],
            },
        ),
    ]
}

/// A correction at the first moment of `at`.
fn corrected(
    at: Step,
    step: Step,
    field: &str,
    value: Value,
) -> Result<ledger_core::admit::Entry, Refusal> {
    Scene::before(at).correct(DEAL, step, field, value)
}

pub(crate) fn correction_rows() -> Vec<Row> {
    let nothing = |found| Refusal::NothingToCorrect { found };
    let mut rows: Vec<Row> = Vec::new();
    let entry = |scene: &mut Scene, entry: u64, signers: &[&str]| {
        scene.put(
            ON,
            correction(entry, "/summary", Some(json!("改。"))),
            signers,
        )
    };
    let mut scene = Scene::before(MemberVote);
    let published = scene.entry_of(DEAL, PublishPrePlan);
    rows.push((
        "a correction of a publication",
        entry(&mut scene, published, signers_of(PublishPrePlan)),
        nothing(published),
    ));
    rows.push((
        "a correction of a posting",
        entry(&mut scene, published + 1, &["wu"]),
        nothing(published + 1),
    ));
    rows.push((
        "a correction of the founding",
        entry(&mut scene, 0, &["chen", "huang"]),
        nothing(0),
    ));
    rows.push((
        "a correction of an entry that has not come",
        entry(&mut scene, 9_999, &["chen", "huang"]),
        nothing(9_999),
    ));
    let aside = scene.entry_of(DEAL, PlanDrafting);
    scene.go_back(DEAL, PlanDrafting).unwrap();
    rows.push((
        "a correction of what was set aside",
        entry(&mut scene, aside, signers_of(PlanDrafting)),
        nothing(aside),
    ));
    let mut waived = Scene::small(StreetReview);
    let index = waived.waive(DEAL, StreetReview, Bidding).unwrap().index();
    rows.push((
        "a correction of a waiver",
        entry(&mut waived, index, &["chen", "huang"]),
        nothing(index),
    ));
    let mut other = Scene::before(MemberVote);
    let of_deal = other.entry_of(DEAL, PartyReview);
    other.step("other", AssetVerification).unwrap();
    rows.push((
        "a correction of another transaction's entry",
        other.put(
            "transaction/other",
            correction(of_deal, "/summary", Some(json!("改。"))),
            signers_of(PartyReview),
        ),
        nothing(of_deal),
    ));
    rows.push((
        "a correction in a transaction that nobody began",
        entry(&mut Scene::founded(), 1, &["chen", "huang"]),
        Refusal::NotBegun {
            found: DEAL.parse().unwrap(),
        },
    ));
    let mut scene = Scene::before(MemberVote);
    let review = scene.entry_of(DEAL, PartyReview);
    rows.push((
        "a correction by somebody else",
        entry(&mut scene, review, &["chen", "huang"]),
        Refusal::SignerWithoutRole {
            member: member("chen"),
            expected: vec![Role::PartySecretary, Role::FirstSecretary],
        },
    ));
    rows.push((
        "a correction by only one of those who signed",
        entry(&mut scene, review, &["xu"]),
        Refusal::MissingRoles {
            missing_roles: vec![Role::FirstSecretary],
        },
    ));
    let mut two = Scene::before(MemberVote);
    let first = two.statement(ON, correction(review, "/summary", Some(json!("甲。"))));
    let second = two.statement(ON, correction(review, "/met_on", Some(json!("2018-03-25"))));
    two.present(&first, signers_of(PartyReview)).unwrap();
    let head = two.state.head(&crate::scene::stream(ON)).unwrap();
    rows.push((
        "two corrections at once: the second",
        two.present(&second, signers_of(PartyReview)),
        Refusal::StalePrev {
            expected: head,
            found: second.prev,
        },
    ));
    rows.extend(unfit_rows());
    rows
}

/// Corrections that fit no field, or that would smuggle in what the rules refuse.
fn unfit_rows() -> Vec<Row> {
    let ahead = "2019-01-01".parse().unwrap();
    let today = Scene::before(PublishPlan).clock.date_at(480);
    let mut rows: Vec<Row> = vec![
        (
            "a vote corrected until it did not pass",
            corrected(
                PublishPlan,
                MemberVote,
                "",
                vote(|value| {
                    value["for"] = json!(199);
                    value["against"] = json!(36);
                }),
            ),
            Refusal::VoteNotPassed {
                expected: 200,
                found: 199,
            },
        ),
        (
            "votes that no longer add up",
            corrected(PublishPlan, MemberVote, "/for", json!(226)),
            Refusal::Inconsistent {
                field: "present",
                expected: "赞成+反对+弃权 (for + against + abstain) = 241".to_owned(),
                found: "240".to_owned(),
            },
        ),
        (
            "a meeting corrected into the future",
            corrected(PublishPlan, MemberVote, "/held_on", json!("2019-01-01")),
            Refusal::FutureDate {
                field: "held_on",
                expected: today,
                found: ahead,
            },
        ),
        (
            "documents corrected away",
            corrected(ListingNotice, StreetReview, "/documents", json!([])),
            Refusal::DocumentMissing {
                missing: crate::labels(&["review_opinion"]),
            },
        ),
    ];
    let unfit = |field: &str, result: Result<_, Refusal>| match result {
        Err(Refusal::CorrectionUnfit { field: found, .. }) => assert_eq!(found, field),
        other => panic!("{field}: {other:?}"),
    };
    let party = |field: &str, value| corrected(MemberVote, PartyReview, field, value);
    unfit("event.kind_of", party("/kind_of", json!("x")));
    unfit("event.met_on", party("/met_on", json!("昨天")));
    unfit("event.met_on", party("/met_on", json!("2018-03-26")));
    unfit("event.met_on.0", party("/met_on/0", json!("2")));
    unfit(
        "event.documents.01",
        party("/documents/01", document_of("minutes")),
    );
    unfit(
        "event.documents.+0",
        party("/documents/+0", document_of("minutes")),
    );
    unfit(
        "event.documents.-",
        party("/documents/-", document_of("minutes")),
    );
    unfit("event", party("", json!({"kind": "party_review"})));
    unfit("event", party("", json!(["2018-03-26"])));
    let area = corrected(
        MemberVote,
        AssetVerification,
        "/asset/area",
        json!({"unit": "mu", "value": 3}),
    );
    unfit("event.asset.area.value", area);
    let mut scene = Scene::before(MemberVote);
    let asset = scene.entry_of(DEAL, AssetVerification);
    let gone = correction(asset, "/asset/current_contract", None);
    unfit(
        "event.asset.current_contract",
        scene.put(ON, gone, signers_of(AssetVerification)),
    );
    let won = corrected(
        ResultAndObjection,
        Bidding,
        "/outcome",
        json!({"reason": "无效", "result": "failed"}),
    );
    unfit("event.outcome", won);
    for field in ["/reserve_price/fen", "/deposit_fen", "/term_months"] {
        let plan = corrected(PublishPlan, PlanDrafting, field, json!(59));
        unfit(&format!("event{}", field.replace('/', ".")), plan);
    }
    let mut scene = Scene::small(StreetReview);
    scene.waive(DEAL, StreetReview, Bidding).unwrap();
    let found = Refusal::CorrectionUnfit {
        field: "event.reserve_price.fen".to_owned(),
        found: "方案已经表决，除摘要外不能更正；请退回第 6 环节重新编制，再行表决 (the plan has been voted on, and all but its summary stands: go back to step 6 and vote again)".to_owned(),
    };
    // Each language says its own half.
    let [zh, en] = [Language::Zh, Language::En].map(|language| found.detail(language));
    assert!(zh.contains("重新编制") && !zh.contains("voted on"), "{zh}");
    assert!(en.contains("voted on") && en.is_ascii(), "{en}");
    rows.push((
        "a price raised after a waiver",
        scene.correct(DEAL, PlanDrafting, "/reserve_price/fen", json!(9_000_000)),
        found,
    ));
    let mut scene = Scene::before(PlanDrafting);
    scene.pass_with(DEAL, PlanDrafting, |value| {
        value["method"] = json!("renewal");
    });
    scene.go_on_to(DEAL, ListingNotice);
    scene.waive(DEAL, ListingNotice, Bidding).unwrap();
    // Before completion the vote stands in the way, after it the waiver does.
    unfit(
        "event.category",
        scene.correct(DEAL, ProposalInitiation, "/category", json!("contracting")),
    );
    scene.go_on_to(DEAL, PublishCompletion);
    scene.pass(DEAL, PublishCompletion);
    unfit(
        "event.category",
        scene.correct(DEAL, ProposalInitiation, "/category", json!("sale")),
    );
    scene
        .correct(DEAL, ProposalInitiation, "/category", json!("contracting"))
        .unwrap();
    rows
}

/// The vote of the scene, after a change, as a correction's whole value.
fn vote(change: impl FnOnce(&mut Value)) -> Value {
    let scene = Scene::before(PublishPlan);
    let record = scene.transaction(DEAL).unwrap().record(MemberVote).unwrap();
    let mut value = serde_json::to_value(&record.event).unwrap();
    value.as_object_mut().unwrap().remove("kind");
    change(&mut value);
    value
}

pub(crate) fn termination_rows() -> Vec<Row> {
    let over = || Refusal::TransactionTerminated;
    let mut scene = Scene::published(PublicationPoint::Plan);
    scene.post(DEAL, "wechat").unwrap();
    scene.terminate(DEAL).unwrap();
    let mut again = Scene::completed();
    again
        .correct(DEAL, HandoverAndReceipt, "/summary", json!("已交接。"))
        .unwrap();
    vec![
        (
            "a step after the end",
            scene.step(DEAL, StreetReview),
            over(),
        ),
        (
            "a posting after the end",
            scene.post(DEAL, "platform"),
            over(),
        ),
        (
            "a return after the end",
            scene.go_back(DEAL, PartyReview),
            over(),
        ),
        (
            "a waiver after the end",
            scene.waive(DEAL, StreetReview, Bidding),
            over(),
        ),
        ("an end after the end", scene.terminate(DEAL), over()),
        (
            "a correction after the end",
            scene.correct(DEAL, PartyReview, "/summary", json!("改。")),
            over(),
        ),
        (
            "a correction of nothing after the end",
            scene.put(
                ON,
                correction(0, "/summary", Some(json!("改。"))),
                &["chen"],
            ),
            over(),
        ),
        (
            "an end after completion",
            Scene::completed().terminate(DEAL),
            Refusal::TransactionCompleted,
        ),
        (
            "an end after completion, while a correction is published",
            again.terminate(DEAL),
            Refusal::TransactionCompleted,
        ),
        (
            "an end of a transaction that nobody began",
            Scene::founded().terminate(DEAL),
            Refusal::NotBegun {
                found: DEAL.parse().unwrap(),
            },
        ),
    ]
}

#[test]
fn a_failed_bidding_is_listed_again_and_won() {
    let mut scene = failed();
    let round = scene.entry_of(DEAL, Bidding);
    scene.go_back(DEAL, ListingNotice).unwrap();
    assert_eq!(turn(&scene), Some(ListingNotice));
    assert_eq!(standing(&scene), Step::ALL[..9]);
    let aside = &scene.transaction(DEAL).unwrap().superseded;
    assert_eq!(aside.len(), 3);
    assert_eq!(aside[2].passed.recorded.index, round);
    scene.go_on_to(DEAL, Bidding);
    scene.pass_with(DEAL, Bidding, |value| value["round"] = json!(2));
    scene.go_on_to(DEAL, PublishCompletion);
    scene.pass(DEAL, PublishCompletion);
    assert!(is_completed(&scene));
}

#[test]
fn a_lower_price_goes_back_to_the_plan_and_to_a_new_vote() {
    let mut scene = failed();
    scene.go_back(DEAL, PlanDrafting).unwrap();
    scene.pass_with(DEAL, PlanDrafting, |value| {
        value["reserve_price"]["fen"] = json!(100_000_000);
    });
    assert_eq!(turn(&scene), Some(MemberVote));
    scene.go_on_to(DEAL, PublishCompletion);
    scene.pass(DEAL, PublishCompletion);
    assert!(is_completed(&scene));
    let transaction = scene.transaction(DEAL).unwrap();
    assert_eq!(transaction.postings.len(), 16);
    assert_eq!(transaction.reserve_price().unwrap().fen.get(), 100_000_000);
}

#[test]
fn a_small_deal_leaves_four_steps_out() {
    let mut scene = Scene::small(StreetReview);
    scene.waive(DEAL, StreetReview, Bidding).unwrap();
    assert_eq!(turn(&scene), Some(ResultAndObjection));
    let transaction = scene.transaction(DEAL).unwrap();
    let waived: Vec<Step> = transaction
        .passed
        .iter()
        .filter(|p| p.is_waived())
        .map(|p| p.step)
        .collect();
    assert_eq!(
        waived,
        [StreetReview, ListingNotice, BidderQualification, Bidding]
    );
    // Back into what was left out: the rest is still left out.
    let mut back = scene.clone();
    back.go_back(DEAL, BidderQualification).unwrap();
    assert_eq!(turn(&back), Some(BidderQualification));
    back.waive(DEAL, BidderQualification, Bidding).unwrap();
    scene.go_on_to(DEAL, PublishCompletion);
    scene.pass(DEAL, PublishCompletion);
    assert!(is_completed(&scene));
}

#[test]
fn what_nobody_was_told_is_corrected_at_once() {
    let mut scene = Scene::before(PublishPrePlan);
    let before = scene.transaction(DEAL).unwrap().phase.clone();
    let entry = scene
        .correct(DEAL, AssetVerification, "/asset/area/value", json!("3.6"))
        .unwrap();
    let transaction = scene.transaction(DEAL).unwrap();
    assert_eq!((&transaction.phase, stale(&scene)), (&before, vec![]));
    let asset = &transaction.passed[0];
    assert_eq!(asset.corrected_by, [entry.index()]);
    let value = serde_json::to_value(&asset.event).unwrap();
    assert_eq!(
        value["asset"]["area"],
        json!({"unit": "mu", "value": "3.6"})
    );
    // Fields that do not apply are added and taken away.
    let field = "/asset/current_contract";
    scene
        .correct(DEAL, AssetVerification, field, json!("旧约"))
        .unwrap();
    let gone = correction(scene.entry_of(DEAL, AssetVerification), field, None);
    scene.put(ON, gone, signers_of(AssetVerification)).unwrap();
    assert_eq!(
        scene.transaction(DEAL).unwrap().passed[0]
            .corrected_by
            .len(),
        3
    );
    scene.go_on_to(DEAL, FeedbackAndValuation);
}

#[test]
fn figures_that_hang_together_are_corrected_together() {
    let mut scene = Scene::before(PublishPlan);
    let new = vote(|value| {
        value["for"] = json!(226);
        value["against"] = json!(9);
    });
    scene.correct(DEAL, MemberVote, "", new).unwrap();
    let record = scene.transaction(DEAL).unwrap().record(MemberVote).unwrap();
    assert_eq!(serde_json::to_value(&record.event).unwrap()["for"], 226);
}

/// Disclosed twice, corrected before the street's review: both are published again, each on all
/// channels and for its whole window, and then it goes on where it stood.
#[test]
fn what_was_disclosed_and_corrected_is_disclosed_again() {
    let mut scene = Scene::before(ListingNotice);
    scene
        .correct(DEAL, PartyReview, "/met_on", json!("2018-03-25"))
        .unwrap();
    assert_eq!(
        stale(&scene),
        [PublicationPoint::PrePlan, PublicationPoint::Plan]
    );
    assert_eq!(
        crate::scene::rule(scene.step(DEAL, ListingNotice)),
        "out_of_order"
    );
    for (step, next) in [(PublishPrePlan, PublishPlan), (PublishPlan, ListingNotice)] {
        let old = scene.transaction(DEAL).unwrap().superseded.len();
        assert_eq!((turn(&scene), old), (Some(step), 2));
        let event = scene.step(DEAL, step).unwrap();
        let publication = event.statement().event.publication().unwrap().clone();
        for channel in CHANNELS {
            assert_eq!(turn(&scene), Some(step));
            scene.wait(60);
            scene.post(DEAL, channel).unwrap();
        }
        let point = step.publication_point().unwrap();
        let transaction = scene.transaction(DEAL).unwrap();
        let postings = transaction.postings_of(point);
        assert_eq!(postings.len(), 4);
        assert!(
            postings
                .values()
                .all(|posting| posting.publication == event.index())
        );
        assert_eq!(turn(&scene), Some(next));
        let shown = Disclosure::compose(
            scene.state.ledger().unwrap(),
            scene.charter(DEAL),
            transaction,
            point,
            &publication,
        );
        assert_eq!(shown.steps[2].corrected_by.len(), 1);
        assert!(shown.steps.iter().all(|shown| shown.step < step));
        assert_eq!(shown.detours.len(), 1);
        let opens = scene.opens_at(DEAL).unwrap();
        scene.clock = opens.minus_seconds(1);
        let expected = Refusal::WindowOpen {
            step,
            acceptable_from: opens,
        };
        assert_eq!(scene.step(DEAL, next), Err(expected));
        scene.clock = opens;
    }
    assert_eq!(stale(&scene), []);
    assert_eq!(standing(&scene), Step::ALL[..9]);
    scene.go_on_to(DEAL, PublishCompletion);
    scene.pass(DEAL, PublishCompletion);
    assert!(is_completed(&scene));
}

#[test]
fn a_correction_after_completion_is_published_three_times_in_order() {
    let mut scene = Scene::completed();
    scene
        .correct(
            DEAL,
            AssetVerification,
            "/asset/name",
            json!("东街二号仓库"),
        )
        .unwrap();
    assert_eq!(stale(&scene), PublicationPoint::ALL);
    assert!(scene.transaction(DEAL).unwrap().was_completed());
    for point in PublicationPoint::ALL {
        assert_eq!(turn(&scene), Some(point.step()));
        scene.pass(DEAL, point.step());
    }
    assert!(is_completed(&scene));
    assert_eq!(scene.transaction(DEAL).unwrap().redo, None);
    assert_eq!(standing(&scene), Step::ALL);
}

#[test]
fn a_correction_while_a_publication_is_posted_sets_it_aside() {
    let mut scene = Scene::published(PublicationPoint::Plan);
    scene.post(DEAL, "wechat").unwrap();
    scene
        .correct(DEAL, FeedbackAndValuation, "/valuer", json!("另一评估公司"))
        .unwrap();
    assert_eq!(turn(&scene), Some(PublishPlan));
    assert_eq!(
        crate::scene::rule(scene.post(DEAL, "platform")),
        "nothing_to_post"
    );
    scene.step(DEAL, PublishPlan).unwrap();
    // The posting of what was set aside does not count.
    for channel in CHANNELS {
        assert_eq!(turn(&scene), Some(PublishPlan));
        scene.post(DEAL, channel).unwrap();
    }
    assert_eq!(turn(&scene), Some(StreetReview));
}

/// A later publication becomes stale while an earlier one is being posted again.
#[test]
fn a_publication_that_is_posted_stays_when_a_later_one_becomes_stale() {
    let mut scene = Scene::before(ListingNotice);
    scene
        .correct(DEAL, PartyReview, "/met_on", json!("2018-03-25"))
        .unwrap();
    scene.step(DEAL, PublishPrePlan).unwrap();
    scene.post(DEAL, "wechat").unwrap();
    scene
        .correct(DEAL, FeedbackAndValuation, "/valuer", json!("另一评估公司"))
        .unwrap();
    for channel in ["platform", "newsletter", "notice_board"] {
        scene.post(DEAL, channel).unwrap();
    }
    assert_eq!(turn(&scene), Some(PublishPlan));
    let publications = standing(&scene);
    assert_eq!(publications, [&Step::ALL[..7], &[StreetReview]].concat());
    // The same when a return leaves it standing.
    let mut scene = Scene::before(ListingNotice);
    scene
        .correct(DEAL, PartyReview, "/met_on", json!("2018-03-25"))
        .unwrap();
    scene.step(DEAL, PublishPrePlan).unwrap();
    scene.go_back(DEAL, MemberVote).unwrap();
    for channel in CHANNELS {
        assert_eq!(turn(&scene), Some(PublishPrePlan));
        scene.post(DEAL, channel).unwrap();
    }
    assert_eq!(turn(&scene), Some(MemberVote));
    assert_eq!(stale(&scene), []);
}

/// Going back does not shorten the window of what was published again.
#[test]
fn a_return_leaves_the_windows_before_it_open() {
    for bidding_fails in [false, true] {
        let mut scene = Scene::before(Bidding);
        if bidding_fails {
            scene.fail(DEAL);
        }
        scene
            .correct(DEAL, PartyReview, "/met_on", json!("2018-03-25"))
            .unwrap();
        scene.pass(DEAL, PublishPrePlan);
        scene.pass(DEAL, PublishPlan);
        assert_eq!(stale(&scene), []);
        scene.go_back(DEAL, ListingNotice).unwrap();
        let refused = scene.step(DEAL, ListingNotice);
        assert!(
            matches!(
                refused,
                Err(Refusal::WindowOpen {
                    step: PublishPlan,
                    ..
                })
            ),
            "{bidding_fails} {refused:?}"
        );
    }
}

/// A return while publications are stale leaves those before it stale, and forgets those after it.
#[test]
fn a_return_does_not_spare_a_publication() {
    for (to, left) in [
        (StreetReview, &PublicationPoint::ALL[..2]),
        (PublishPlan, &PublicationPoint::ALL[..1]),
        (PlanDrafting, &PublicationPoint::ALL[..1]),
        (PublishPrePlan, &[]),
        (AssetVerification, &[]),
    ] {
        let mut scene = Scene::before(ListingNotice);
        scene
            .correct(DEAL, PartyReview, "/met_on", json!("2018-03-25"))
            .unwrap();
        scene.go_back(DEAL, to).unwrap();
        assert_eq!(stale(&scene), left, "{to}");
        let first = left.first().map_or(to, |point| point.step());
        assert_eq!(turn(&scene), Some(first));
        scene.go_on_to(DEAL, ListingNotice);
        assert_eq!(standing(&scene), Step::ALL[..9]);
    }
}

/// The winner is another: the window for objections runs again, also after the contract.
#[test]
fn a_corrected_result_lies_open_to_objections_again() {
    for at in [ContractSigning, HandoverAndReceipt] {
        let mut scene = Scene::before(at);
        scene
            .correct(DEAL, Bidding, "/outcome/winner", json!("王*"))
            .unwrap();
        let refused = scene.step(DEAL, at);
        assert!(
            matches!(
                refused,
                Err(Refusal::WindowOpen {
                    step: ResultAndObjection,
                    ..
                })
            ),
            "{at} {refused:?}"
        );
        scene.go_on_to(DEAL, PublishCompletion);
        scene.pass(DEAL, PublishCompletion);
        scene
            .correct(DEAL, Bidding, "/outcome/winner", json!("黄*"))
            .unwrap();
        let refused = scene.step(DEAL, PublishCompletion);
        assert!(matches!(
            refused,
            Err(Refusal::WindowOpen {
                step: ResultAndObjection,
                ..
            })
        ));
        scene.pass(DEAL, PublishCompletion);
        assert!(is_completed(&scene));
    }
    // A listing is open for its whole time as it was corrected; what both publications tell is not.
    let mut scene = Scene::before(BidderQualification);
    scene
        .correct(
            DEAL,
            ListingNotice,
            "/listing_number",
            json!("荔资交 2018-032"),
        )
        .unwrap();
    assert_eq!(
        crate::scene::rule(scene.step(DEAL, BidderQualification)),
        "window_open"
    );
}

/// A record is judged by the charter under which it was made, its correction's signers by today's.
#[test]
fn a_stricter_charter_does_not_stand_in_the_way_of_a_correction() {
    let mut scene = Scene::before(ListingNotice);
    let stricter = second_charter(|value| {
        let share = &mut value["voting"]["assembly"]["approval"];
        share["numerator"] = json!(99);
        share["denominator"] = json!(100);
    });
    scene.change(adoption(&stricter, true)).unwrap();
    scene
        .correct(DEAL, MemberVote, "/held_on", json!("2018-04-09"))
        .unwrap();
}

#[test]
fn a_transaction_ends_at_any_step() {
    for (number, step) in Step::ALL.into_iter().enumerate().skip(1) {
        let mut scene = Scene::before(step);
        scene.terminate(DEAL).unwrap();
        let transaction = scene.transaction(DEAL).unwrap();
        assert!(matches!(transaction.phase, Phase::Terminated { .. }));
        assert_eq!(
            (transaction.current_step(), transaction.passed.len()),
            (None, number)
        );
    }
    let mut scene = failed();
    scene
        .correct(DEAL, PartyReview, "/met_on", json!("2018-03-25"))
        .unwrap();
    scene.terminate(DEAL).unwrap();
    assert_eq!(stale(&scene), []);
}

#[test]
fn a_detour_recorded_late_says_so() {
    let mut scene = Scene::before(MemberVote);
    let said = event(json!({
        "kind": "returned", "documents": [], "reason": "须重办", "to": "plan_drafting",
    }));
    let mut statement = scene.statement(ON, said);
    statement.at = scene.clock.minus_seconds(72 * 3_600 + 1).into();
    scene.present(&statement, &["chen", "huang"]).unwrap();
    assert!(
        scene.transaction(DEAL).unwrap().detours[0]
            .recorded
            .recorded_late
    );
}

/// What waits for several windows is written and read by others: its form is held here.
#[test]
fn several_windows_have_a_form() {
    let mut scene = Scene::before(ContractSigning);
    scene
        .correct(DEAL, Bidding, "/outcome/winner", json!("王*"))
        .unwrap();
    let phase = serde_json::to_value(&scene.transaction(DEAL).unwrap().phase).unwrap();
    assert_eq!(phase["phase"], "awaiting");
    assert_eq!(phase["gate"]["gate"], "all");
    assert_eq!(phase["gate"]["gates"][0]["gate"], "window");
    assert_eq!(phase["gate"]["gates"][0]["step"], "result_and_objection");
}

/// What the members voted on is one kind of dealing: another kind goes back to them.
#[test]
fn the_kind_of_dealing_is_not_corrected_after_the_vote() {
    let mut scene = Scene::before(MemberVote);
    scene
        .correct(DEAL, ProposalInitiation, "/category", json!("contracting"))
        .unwrap();
    let mut scene = Scene::before(PublishPlan);
    let refused = scene.correct(DEAL, ProposalInitiation, "/category", json!("sale"));
    assert_eq!(crate::scene::rule(refused), "correction_unfit");
    let reason = scene.correct(DEAL, ProposalInitiation, "/reason", json!("合同期满"));
    assert_eq!(crate::scene::rule(reason), "admitted");
}
