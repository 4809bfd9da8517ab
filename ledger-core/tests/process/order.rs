//! The order of steps, publications and their postings.

use ledger_core::hash::Digest;
use ledger_core::refusal::Refusal;
use ledger_core::step::{PublicationPoint, Step};
use serde_json::{Value, json};

use crate::scene::{CHANNELS, DEAL, ON, Scene, event, signers_of};
use crate::{Row, changed, labels, step_with};

pub(crate) fn order_rows() -> Vec<Row> {
    let out_of_order = |expected, found| Refusal::OutOfOrder { expected, found };
    let mut repeated = Scene::before(Step::ProposalInitiation);
    let mut waiting = Scene::published(PublicationPoint::PrePlan);
    waiting.post(DEAL, "wechat").unwrap();
    let missing = labels(&["newsletter", "notice_board", "platform"]);
    let not_posted = Refusal::ChannelMissing {
        point: PublicationPoint::PrePlan,
        missing: missing.clone(),
    };
    let mut last = Scene::published(PublicationPoint::Completion);
    let all = labels(&["newsletter", "notice_board", "platform", "wechat"]);
    let not_posted_last = Refusal::ChannelMissing {
        point: PublicationPoint::Completion,
        missing: all,
    };
    let mut failed = Scene::before(Step::Bidding);
    let failure = changed(&failed, Step::Bidding, |value| {
        value["outcome"] = json!({"reason": "无人出价", "result": "failed"});
        value["bids"] = json!(0);
    });
    failed.put(ON, failure, signers_of(Step::Bidding)).unwrap();
    let mut ahead = Scene::founded();
    let mut window = Scene::before(Step::FeedbackAndValuation);
    window.clock = window.clock.minus_seconds(1);
    let open = Refusal::WindowOpen {
        step: Step::PublishPrePlan,
        acceptable_from: window.clock.plus_seconds(1),
    };
    vec![
        (
            "a first step that is not the first",
            ahead.step(DEAL, Step::PartyReview),
            out_of_order(Step::AssetVerification, Step::PartyReview),
        ),
        (
            "a step left out",
            repeated.step(DEAL, Step::PartyReview),
            out_of_order(Step::ProposalInitiation, Step::PartyReview),
        ),
        (
            "a step again",
            repeated.step(DEAL, Step::AssetVerification),
            out_of_order(Step::ProposalInitiation, Step::AssetVerification),
        ),
        (
            "a later step before the postings",
            waiting.step(DEAL, Step::PlanDrafting),
            out_of_order(Step::PublishPrePlan, Step::PlanDrafting),
        ),
        (
            "the next step before the postings",
            waiting.step(DEAL, Step::FeedbackAndValuation),
            not_posted,
        ),
        (
            "any step before the last postings",
            last.step(DEAL, Step::Bidding),
            not_posted_last,
        ),
        (
            "a window's last second",
            window.step(DEAL, Step::FeedbackAndValuation),
            open,
        ),
        (
            "after a failed bidding",
            failed.step(DEAL, Step::ResultAndObjection),
            Refusal::BiddingFailed,
        ),
        (
            "after the last step",
            Scene::completed().step(DEAL, Step::PublishCompletion),
            Refusal::TransactionCompleted,
        ),
    ]
}

pub(crate) fn channel_rows() -> Vec<Row> {
    let point = PublicationPoint::PrePlan;
    let publish = Step::PublishPrePlan;
    let known = labels(&CHANNELS);
    let outstanding = labels(&["newsletter", "notice_board", "platform", "wechat"]);
    let mut other = Scene::published(point);
    let posted = other.posting_of(DEAL, "wechat");
    let mut twice = Scene::published(point);
    twice.post(DEAL, "wechat").unwrap();
    let already = Refusal::AlreadyPosted {
        found: "wechat".parse().unwrap(),
        missing: outstanding[..3].to_vec(),
    };
    let digest = |text: &str| text.parse::<Digest>().unwrap();
    let composed = Scene::before(publish).event_of(DEAL, publish);
    let expected = composed.publication().unwrap().disclosure;
    let zero = digest(&"0".repeat(64));
    let mut other_digest = Scene::published(point);
    let mut value = serde_json::to_value(other_digest.posting_of(DEAL, "wechat")).unwrap();
    value["disclosure"] = json!(zero);
    let named = |channels: &[&str]| {
        let mut scene = Scene::before(publish);
        let mut body = scene.body_of(DEAL, publish);
        body["channels"] = json!(channels);
        scene.put(ON, event(body), signers_of(publish))
    };
    vec![
        (
            "nothing to post yet",
            Scene::before(publish).post(DEAL, "wechat"),
            Refusal::NothingToPost,
        ),
        (
            "nothing to post any more",
            Scene::completed().post(DEAL, "wechat"),
            Refusal::NothingToPost,
        ),
        (
            "a posting of another transaction",
            other.put("transaction/other", posted, &["wu"]),
            Refusal::NothingToPost,
        ),
        (
            "a channel that nobody knows",
            other.post(DEAL, "radio"),
            Refusal::UnknownChannel {
                expected: outstanding,
                found: "radio".parse().unwrap(),
            },
        ),
        ("a channel again", twice.post(DEAL, "wechat"), already),
        (
            "a posting of another digest",
            other_digest.put(ON, event(value), &["wu"]),
            Refusal::DisclosureMismatch {
                expected,
                found: zero,
            },
        ),
        (
            "a publication on a channel that nobody knows",
            named(&["platform", "newsletter", "wechat", "notice_board", "radio"]),
            Refusal::UnknownChannel {
                expected: known,
                found: "radio".parse().unwrap(),
            },
        ),
        (
            "a publication without a channel",
            named(&["wechat", "platform"]),
            Refusal::ChannelsIncomplete {
                missing: labels(&["newsletter", "notice_board"]),
            },
        ),
        (
            "a publication with another digest",
            step_with(publish, |value| value["disclosure"] = json!(zero)),
            Refusal::DisclosureMismatch {
                expected,
                found: zero,
            },
        ),
        (
            "a summary changed after composing",
            step_with(publish, |value| value["summary"] = json!("x")),
            {
                let mut body = Scene::before(publish).body_of(DEAL, publish);
                body["summary"] = json!("x");
                let found = expected;
                Refusal::DisclosureMismatch {
                    expected: recomposed(&Scene::before(publish), &body),
                    found,
                }
            },
        ),
    ]
}

/// The digest of the disclosure with that publication's own words, by the library's own composition.
fn recomposed(scene: &Scene, body: &Value) -> Digest {
    let event = event(body.clone());
    let composed = ledger_core::disclosure::Disclosure::compose(
        scene.state.ledger().unwrap(),
        scene.charter(DEAL),
        scene.transaction(DEAL).unwrap(),
        PublicationPoint::PrePlan,
        event.publication().unwrap(),
    );
    Digest::of(&serde_json_canonicalizer::to_vec(&composed).unwrap())
}
