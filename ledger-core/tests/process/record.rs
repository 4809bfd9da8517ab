//! What a step records: documents, figures that add up, votes.

use ledger_core::admit::Entry;
use ledger_core::charter::VotingBody;
use ledger_core::refusal::Refusal;
use ledger_core::step::Step;
use serde_json::{Value, json};

use crate::scene::{DEAL, ON, Scene, document_of, signers_of};
use crate::{Row, labels, step_with};

pub(crate) fn record_rows() -> Vec<Row> {
    let date = |field: &'static str, value: &'static str| {
        move |json: &mut Value| json[field] = json!(value)
    };
    let number =
        |field: &'static str, value: u64| move |json: &mut Value| json[field] = json!(value);
    let step = Step::PublishPrePlan;
    let mut scene = Scene::before(step);
    let mut body = scene.body_of(DEAL, step);
    body["channels"] = json!(["platform", "newsletter", "wechat", "notice_board", "wechat"]);
    let twice = scene.put(ON, scene.composed(DEAL, step, body), signers_of(step));
    let documents = |value: &mut Value| value["documents"] = json!([document_of("minutes")]);
    let opinions = step_with(Step::FeedbackAndValuation, number("opinions_answered", 3));
    let consulted = step_with(
        Step::FeedbackAndValuation,
        date("consulted_until", "2018-03-26"),
    );
    let free = step_with(Step::PlanDrafting, number("rent_free_months", 61));
    let closes = date("closes_at", "2018-05-01T09:00:00+08:00");
    let silent = |value: &mut Value| {
        value["applicants"][1]
            .as_object_mut()
            .unwrap()
            .remove("reason");
    };
    let one = |value: &mut Value| value["parties"] = json!(["张*"]);
    let endless = |value: &mut Value| {
        value.as_object_mut().unwrap().remove("term_end");
    };
    let beginless = |value: &mut Value| {
        value.as_object_mut().unwrap().remove("term_start");
    };
    let term_end = date("term_end", "2018-06-30");
    vec![
        (
            "a vote that has not been held",
            step_with(Step::MemberVote, date("held_on", "2018-04-21")),
            Refusal::FutureDate {
                field: "held_on",
                expected: "2018-04-03".parse().unwrap(),
                found: "2018-04-21".parse().unwrap(),
            },
        ),
        (
            "money that has not come in",
            step_with(Step::HandoverAndReceipt, |value: &mut Value| {
                value["received"][0]["received_on"] = json!("2019-01-01");
            }),
            Refusal::FutureDate {
                field: "received.received_on",
                expected: "2018-04-28".parse().unwrap(),
                found: "2019-01-01".parse().unwrap(),
            },
        ),
        (
            "one voucher for two amounts that came in",
            step_with(Step::HandoverAndReceipt, |value: &mut Value| {
                let mut again = value["received"][0].clone();
                again["voucher"] = json!("粤财001");
                value["received"].as_array_mut().unwrap().push(again);
            }),
            inconsistent("received.voucher", "每张一次 (each once)", "粤财001"),
        ),
        (
            "documents missing",
            step_with(Step::MemberVote, documents),
            Refusal::DocumentMissing {
                missing: labels(&["notice", "attendance", "tally"]),
            },
        ),
        (
            "a channel named twice",
            twice,
            inconsistent("channels", "每个渠道一次 (each channel once)", "wechat"),
        ),
        (
            "more answers than opinions",
            opinions,
            inconsistent("opinions_answered", "≤ 2", "3"),
        ),
        (
            "a consultation that ends first",
            consulted,
            inconsistent("consulted_until", "≥ 2018-03-27", "2018-03-26"),
        ),
        (
            "free of rent beyond the term",
            free,
            inconsistent("rent_free_months", "≤ 60", "61"),
        ),
        (
            "votes that do not add up",
            step_with(Step::MemberVote, number("for", 224)),
            inconsistent(
                "present",
                "赞成+反对+弃权 (for + against + abstain) = 239",
                "240",
            ),
        ),
        (
            "more present than may vote",
            step_with(Step::MemberVote, number("eligible", 239)),
            inconsistent("present", "≤ 239 (eligible)", "240"),
        ),
        (
            "more with a vote than members",
            step_with(Step::MemberVote, number("members", 279)),
            inconsistent("eligible", "≤ 279 (members)", "280"),
        ),
        (
            "notice after the meeting",
            step_with(Step::MemberVote, date("notified_on", "2018-04-11")),
            inconsistent("notified_on", "≤ 2018-04-03", "2018-04-11"),
        ),
        (
            "a listing that closes as it opens",
            step_with(Step::ListingNotice, closes),
            inconsistent(
                "closes_at",
                "> 2018-05-01T09:00:00+08:00",
                "2018-05-01T09:00:00+08:00",
            ),
        ),
        (
            "refused without a reason",
            step_with(Step::BidderQualification, silent),
            inconsistent(
                "applicants.reason",
                "不合格须写原因 (a refusal needs its reason)",
                "李*",
            ),
        ),
        (
            "won without a bid",
            step_with(Step::Bidding, number("bids", 0)),
            inconsistent("bids", "成交至少有一人一次出价 (a winner needs a bid)", "0"),
        ),
        (
            "round zero",
            step_with(Step::Bidding, number("round", 0)),
            inconsistent("round", "≥ 1", "0"),
        ),
        (
            "a contract with oneself",
            step_with(Step::ContractSigning, one),
            inconsistent("parties", "至少两方 (at least two)", "1"),
        ),
        (
            "a term that ends first",
            step_with(Step::ContractSigning, term_end),
            inconsistent("term_end", "≥ 2018-07-01", "2018-06-30"),
        ),
        (
            "a term without end",
            step_with(Step::ContractSigning, endless),
            inconsistent("term_end", "与 term_start 同时填写 (both or neither)", "—"),
        ),
        (
            "a term without beginning",
            step_with(Step::ContractSigning, beginless),
            inconsistent("term_start", "与 term_end 同时填写 (both or neither)", "—"),
        ),
    ]
}

/// A vote of `members`, `eligible`, `present` and those for; the rest against.
fn vote(body: &str, [members, eligible, present, r#for]: [u32; 4]) -> Result<Entry, Refusal> {
    step_with(Step::MemberVote, |value| {
        value["body"] = json!(body);
        value["members"] = json!(members);
        value["eligible"] = json!(eligible);
        value["present"] = json!(present);
        value["for"] = json!(r#for);
        value["against"] = json!(present - r#for);
        value["abstain"] = json!(0);
    })
}

#[test]
fn exactly_two_thirds_are_enough() {
    assert!(vote("assembly", [270, 270, 180, 180]).is_ok());
    assert!(vote("assembly", [271, 271, 181, 181]).is_ok());
    assert!(vote("assembly", [300, 270, 200, 200]).is_ok());
    assert!(vote("representatives", [30, 20, 20, 20]).is_ok());
    assert!(
        vote(
            "assembly",
            [u32::MAX, u32::MAX, 2_863_311_530, 2_863_311_530]
        )
        .is_ok()
    );
}

pub(crate) fn vote_rows() -> Vec<Row> {
    let quorum = |expected, found| Refusal::QuorumNotReached { expected, found };
    let votes = |expected, found| Refusal::VoteNotPassed { expected, found };
    let expected = vec![VotingBody::Assembly, VotingBody::Representatives];
    let found = VotingBody::Council;
    vec![
        (
            "a vote of the council",
            vote("council", [9, 9, 9, 9]),
            Refusal::WrongBody { expected, found },
        ),
        (
            "one less than 2/3 of those with a vote",
            vote("assembly", [270, 270, 179, 179]),
            quorum(180, 179),
        ),
        (
            "2/3 of an odd number is rounded up",
            vote("assembly", [271, 271, 180, 180]),
            quorum(181, 180),
        ),
        (
            "2/3 of all, not of those with a vote",
            vote("assembly", [300, 270, 199, 199]),
            votes(200, 199),
        ),
        (
            "2/3 of all, not of those present",
            vote("assembly", [300, 270, 270, 199]),
            votes(200, 199),
        ),
        (
            "representatives: 2/3 of all of them",
            vote("representatives", [30, 21, 19, 19]),
            quorum(20, 19),
        ),
        (
            "representatives: 2/3 of all approve",
            vote("representatives", [30, 30, 30, 19]),
            votes(20, 19),
        ),
    ]
}

fn inconsistent(field: &'static str, expected: &str, found: &str) -> Refusal {
    Refusal::Inconsistent {
        field,
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}
