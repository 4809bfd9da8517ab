//! The negative list, findings and their answers, declarations, and the vote on a charter.

use ledger_core::admit::Entry;
use ledger_core::charter::VotingBody;
use ledger_core::refusal::Refusal;
use ledger_core::role::Role;
use ledger_core::step::Step;
use serde_json::{Value, json};

use crate::scene::{
    DEAL, ON, Scene, adoption, ballot, charter_with, document_of, erasure, event, member,
    private_document, rule, second_charter, signers_of,
};
use crate::{Row, changed};

/// A deal whose steps are changed as `change` says, up to and with `step`.
fn deal(step: Step, change: impl Fn(Step, &mut Value)) -> Result<Entry, Refusal> {
    let mut scene = Scene::founded();
    for earlier in Step::ALL.into_iter().take_while(|earlier| *earlier <= step) {
        scene.clock = scene.clock.max(scene.opens_at(DEAL).unwrap_or(scene.clock));
        let event = changed(&scene, earlier, |value| change(earlier, value));
        let recorded = scene.put(ON, event, signers_of(earlier));
        if earlier == step {
            return recorded;
        }
        recorded.unwrap();
        if earlier.publication_point().is_some() {
            for channel in crate::CHANNELS {
                scene.post(DEAL, channel).unwrap();
            }
        }
        scene.wait(3_600);
    }
    unreachable!()
}

fn list(limit: &str, text: &str, expected: &str, found: &str) -> Refusal {
    Refusal::NegativeList {
        limit: limit.parse().unwrap(),
        text: text.parse().unwrap(),
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}

pub(crate) fn limit_rows() -> Vec<Row> {
    let land = |step, value: &mut Value| match step {
        Step::AssetVerification => value["asset"]["kind"] = json!("resource"),
        Step::ProposalInitiation => value["category"] = json!("sale"),
        _ => {}
    };
    let sale = |fen: u64| {
        move |step, value: &mut Value| match step {
            Step::ProposalInitiation => value["category"] = json!("sale"),
            Step::PlanDrafting => value["reserve_price"]["fen"] = json!(fen),
            _ => {}
        }
    };
    let sale_at = |basis: &'static str, fen: u64| {
        move |step, value: &mut Value| {
            sale(fen)(step, value);
            if step == Step::PlanDrafting {
                value["reserve_price"]["basis"] = json!(basis);
            }
        }
    };
    let works = |step, value: &mut Value| {
        if step == Step::ProposalInitiation {
            value["category"] = json!("works");
        }
    };
    let longer = |field: &'static str, months: u32| {
        move |_, value: &mut Value| {
            if value.get(field).is_some() {
                value[field] = json!(months);
            }
        }
    };
    let till = |end: &'static str| {
        move |_, value: &mut Value| {
            if value.get("term_end").is_some() {
                value["term_end"] = json!(end);
            }
            if value.get("term_months").is_some() {
                value["term_months"] = json!(240);
            }
        }
    };
    let contract = |change: fn(&mut Value)| {
        deal(Step::ContractSigning, move |step, value| {
            if step == Step::ContractSigning {
                change(value);
            }
        })
    };
    let term = "租赁期限不得超过二十年";
    assert_eq!(
        rule(deal(Step::PlanDrafting, sale(117_000_000))),
        "admitted"
    );
    let in_all = deal(Step::PlanDrafting, sale_at("total", 585_000_000));
    assert_eq!(rule(in_all), "admitted");
    let twenty_years = till("2038-06-30");
    assert_eq!(rule(deal(Step::ContractSigning, twenty_years)), "admitted");
    vec![
        (
            "land is sold",
            deal(Step::ProposalInitiation, land),
            list(
                "no_land_sale",
                "集体土地等资源依法不得买卖，请改用出租、发包或出让使用权",
                "其他类别或方式 (another kind of dealing)",
                "资源、转让、公开竞价",
            ),
        ),
        (
            "sold for less than nine tenths of its valuation",
            deal(Step::PlanDrafting, sale(116_999_999)),
            list(
                "price_floor",
                "转让价低于评估价的百分之九十，须重新评估或重新表决",
                "≥ 1,300,000.00 元/年 × 90/100",
                "1,169,999.99 元/年",
            ),
        ),
        (
            "sold for less, by another basis",
            deal(Step::PlanDrafting, sale_at("total", 584_999_999)),
            list(
                "price_floor",
                "转让价低于评估价的百分之九十，须重新评估或重新表决",
                "≥ 1,300,000.00 元/年 × 90/100",
                "5,849,999.99 元",
            ),
        ),
        (
            "sold by a basis that compares with nothing",
            deal(Step::PlanDrafting, |step, value: &mut Value| {
                sale_at("per_mu", 900_000_000)(step, value);
                if step == Step::AssetVerification {
                    value["asset"].as_object_mut().unwrap().remove("area");
                }
            }),
            list(
                "price_floor",
                "转让价低于评估价的百分之九十，须重新评估或重新表决",
                "≥ 1,300,000.00 元/年 × 90/100，按同一计价方式 (by the same basis)",
                "9,000,000.00 元/亩",
            ),
        ),
        (
            "a term beyond twenty years expected",
            deal(
                Step::ProposalInitiation,
                longer("expected_term_months", 241),
            ),
            list(
                "lease_term",
                term,
                "≤ 240 个月 (months)",
                "241 个月 (months)",
            ),
        ),
        (
            "a term beyond twenty years planned",
            deal(Step::PlanDrafting, longer("term_months", 241)),
            list(
                "lease_term",
                term,
                "≤ 240 个月 (months)",
                "241 个月 (months)",
            ),
        ),
        (
            "a contract of twenty years and a day",
            deal(Step::ContractSigning, |step, value| {
                let fields = value.as_object_mut().unwrap();
                if step == Step::PlanDrafting {
                    fields.remove("term_months");
                }
                if step == Step::ContractSigning {
                    value["term_end"] = json!("2038-07-01");
                }
            }),
            list(
                "lease_term",
                term,
                "≤ 240 个月 (months)",
                "2018-07-01 – 2038-07-01",
            ),
        ),
        (
            "a contract a day longer than its plan",
            contract(|value| value["term_end"] = json!("2023-07-01")),
            Refusal::TermExceedsPlan {
                expected_months: 60,
                found: Some("2023-07-01".parse().unwrap()),
            },
        ),
        (
            "a contract without the term that its plan has",
            contract(|value| {
                let fields = value.as_object_mut().unwrap();
                fields.retain(|name, _| !name.starts_with("term_"));
            }),
            Refusal::TermExceedsPlan {
                expected_months: 60,
                found: None,
            },
        ),
        (
            "works without an agreement on integrity",
            deal(Step::ContractSigning, works),
            list(
                "integrity_first",
                "签合同前须先签廉洁协议",
                "integrity_agreed（廉洁协议）",
                "—",
            ),
        ),
        (
            "a correction that makes what follows too cheap",
            cheaper_after_all(),
            list(
                "price_floor",
                "转让价低于评估价的百分之九十，须重新评估或重新表决",
                "≥ 2,000,000.00 元/年 × 90/100",
                "1,300,000.00 元/年",
            ),
        ),
    ]
}

/// A sale whose valuation is corrected upwards once the plan stands.
fn cheaper_after_all() -> Result<Entry, Refusal> {
    let mut scene = Scene::founded();
    for step in Step::ALL
        .into_iter()
        .take_while(|step| *step <= Step::PlanDrafting)
    {
        scene.clock = scene.clock.max(scene.opens_at(DEAL).unwrap_or(scene.clock));
        let event = changed(&scene, step, |value| {
            if step == Step::ProposalInitiation {
                value["category"] = json!("sale");
            }
        });
        scene.put(ON, event, signers_of(step)).unwrap();
        if step.publication_point().is_some() {
            for channel in crate::CHANNELS {
                scene.post(DEAL, channel).unwrap();
            }
        }
    }
    let valued = scene
        .transaction(DEAL)
        .unwrap()
        .record(Step::FeedbackAndValuation);
    let corrected = json!({
        "kind": "corrected", "documents": [], "entry": valued.unwrap().recorded.index,
        "field": "/reserve_price/fen", "reason": "漏了一间", "value": 200_000_000,
    });
    scene.put(ON, event(corrected), signers_of(Step::FeedbackAndValuation))
}

fn finding(answer_by: &str, stops: bool) -> Value {
    json!({
        "kind": "finding_raised", "answer_by": answer_by, "documents": [],
        "finding": "现场面积与台账不符", "stops": stops,
    })
}

fn answer(entry: u64) -> Value {
    json!({
        "kind": "finding_answered", "answer": "已复测，台账已改", "documents": [document_of("photo")],
        "entry": entry,
    })
}

pub(crate) fn finding_rows() -> Vec<Row> {
    let step = Step::ProposalInitiation;
    let mut stopped = Scene::before(step);
    let on =
        |scene: &mut Scene, on: &str, value: Value, by: &[&str]| scene.put(on, event(value), by);
    let raised = on(&mut stopped, ON, finding("2018-04-10", true), &["jiedao"]).unwrap();
    let found = raised.index();
    let mut answered = stopped.clone();
    let settled_by = on(&mut answered, ON, answer(found), &["chen", "huang"])
        .unwrap()
        .index();
    assert_eq!(rule(answered.clone().step(DEAL, step)), "admitted");
    let mut told = Scene::before(step);
    on(&mut told, ON, finding("2018-04-10", false), &["jiedao"]).unwrap();
    assert_eq!(rule(told.step(DEAL, step)), "admitted");
    let mut fresh = Scene::before(step);
    let today = fresh.clock.date_at(480);
    let late = today.minus_days(1).unwrap().to_string();
    vec![
        (
            "a step while a finding stops it",
            stopped.clone().step(DEAL, step),
            Refusal::FindingOpen { found: vec![found] },
        ),
        (
            "an answer to what was never found",
            on(&mut fresh, ON, answer(found), &["chen", "huang"]),
            Refusal::UnknownFinding { found },
        ),
        (
            "an answer in another stream",
            on(&mut stopped, "ledger", answer(found), &["chen", "huang"]),
            Refusal::UnknownFinding { found },
        ),
        (
            "a second answer",
            on(&mut answered, ON, answer(found), &["chen", "huang"]),
            Refusal::FindingSettled { found, settled_by },
        ),
        (
            "a finding to be answered yesterday",
            on(&mut fresh, ON, finding(&late, true), &["jiedao"]),
            Refusal::Inconsistent {
                field: "answer_by",
                expected: format!("≥ {today}"),
                found: late.clone(),
            },
        ),
        (
            "a finding about no transaction that stops one",
            on(
                &mut fresh,
                "ledger",
                finding("2018-04-10", true),
                &["jiedao"],
            ),
            Refusal::Inconsistent {
                field: "stops",
                expected: "false：不针对某笔交易的问题没有可暂停的环节 (no transaction to stop)"
                    .to_owned(),
                found: "true".to_owned(),
            },
        ),
        (
            "a finding by the council itself",
            on(&mut fresh, ON, finding("2018-04-10", true), &["zhou"]),
            Refusal::SignerWithoutRole {
                member: member("zhou"),
                expected: vec![Role::StreetOffice, Role::StreetReviewer],
            },
        ),
    ]
}

pub(crate) fn ledger_rows() -> Vec<Row> {
    let relative = || {
        event(json!({
            "kind": "relative_declared", "documents": [], "member": "zhou", "name": "周*商行",
            "relation": "兄弟", "summary": "兄弟经营商行",
        }))
    };
    let declared = |by: &[&str]| Scene::founded().put("ledger", relative(), by);
    assert_eq!(rule(declared(&["zhou"])), "admitted");
    let mut retired = Scene::founded();
    let ended =
        json!({"kind": "role_ended", "member": "zhou", "reason": "换届", "role": "council_member"});
    retired.change(ended).unwrap();
    let retired = retired.put("ledger", relative(), &["zhou"]);
    let intake = json!({
        "kind": "relative_declared", "documents": [], "member": "intake", "name": "周*",
        "relation": "本人", "summary": "无",
    });
    let second = second_charter(|_| {});
    let adopt = |change: fn(&mut Value)| {
        let mut value = adoption(&second, false);
        change(&mut value);
        Scene::founded().change(value)
    };
    let unvoted = |value: &mut Value| {
        value.as_object_mut().unwrap().remove("vote");
    };
    let by_council = |value: &mut Value| value["vote"]["body"] = json!("council");
    let lost = |value: &mut Value| {
        (value["vote"]["for"], value["vote"]["against"]) = (json!(199), json!(41));
    };
    let misadded = |value: &mut Value| value["vote"]["against"] = json!(21);
    let tomorrow = |value: &mut Value| value["vote"]["held_on"] = json!("2018-03-27");
    let mut free = Scene::found_under(
        &charter_with(|value| value["adoption"]["bodies"] = json!([])),
        false,
    );
    let mut unasked = adoption(&second, false);
    unvoted(&mut unasked);
    assert_eq!(rule(free.change(unasked)), "admitted");
    assert_eq!(ballot()["for"], 220);
    vec![
        (
            "declared by another",
            declared(&["chen"]),
            Refusal::NotForSelf {
                expected: member("zhou"),
                found: vec![member("chen")],
            },
        ),
        (
            "declared with another",
            declared(&["chen", "zhou"]),
            Refusal::NotForSelf {
                expected: member("zhou"),
                found: vec![member("chen"), member("zhou")],
            },
        ),
        (
            "declared with the intake key",
            Scene::founded().put("ledger", event(intake), &["intake"]),
            Refusal::SignerWithoutRole {
                member: member("intake"),
                expected: Vec::new(),
            },
        ),
        (
            "declared by somebody who signs nothing any more",
            retired,
            Refusal::SignerWithoutRole {
                member: member("zhou"),
                expected: Vec::new(),
            },
        ),
        (
            "a charter without its vote",
            adopt(unvoted),
            Refusal::AdoptionUnvoted {
                expected: vec![VotingBody::Assembly],
            },
        ),
        (
            "a charter voted by the council",
            adopt(by_council),
            Refusal::WrongBody {
                expected: vec![VotingBody::Assembly],
                found: VotingBody::Council,
            },
        ),
        (
            "a charter voted down",
            adopt(lost),
            Refusal::VoteNotPassed {
                expected: 200,
                found: 199,
            },
        ),
        (
            "a vote on a charter that does not add up",
            adopt(misadded),
            Refusal::Inconsistent {
                field: "present",
                expected: "赞成+反对+弃权 (for + against + abstain) = 241".to_owned(),
                found: "240".to_owned(),
            },
        ),
        (
            "a vote on a charter that has not been held",
            adopt(tomorrow),
            Refusal::FutureDate {
                field: "vote.held_on",
                expected: "2018-03-26".parse().unwrap(),
                found: "2018-03-27".parse().unwrap(),
            },
        ),
    ]
}

/// A meeting whose minutes are private.
pub(crate) fn minuted(digits: &str) -> Value {
    json!({
        "kind": "meeting_held", "attendance": {"called": 3, "present": 3}, "body": "谈话",
        "documents": [private_document(digits)], "held_on": "2018-03-26", "summary": "笔录不公开",
    })
}

pub(crate) fn erasure_rows() -> Vec<Row> {
    let by = &["chen", "huang"];
    let mut scene = Scene::before(Step::ProposalInitiation);
    let commitment = |digits: &str| digits.repeat(32).parse().unwrap();
    let put = |scene: &mut Scene, on: &str, value: Value| scene.put(on, event(value), by);
    put(&mut scene, ON, minuted("7a")).unwrap();
    put(&mut scene, "ledger", minuted("7b")).unwrap();
    // Also what is broken off, and in each kind of stream.
    let mut ended = scene.clone();
    ended.terminate(DEAL).unwrap();
    assert_eq!(rule(put(&mut ended, ON, erasure("7a"))), "admitted");
    assert_eq!(rule(put(&mut ended, "ledger", erasure("7b"))), "admitted");
    let mut concerned = scene.clone();
    let mut raised = serde_json::to_value(crate::scene::concerns::raised(DEAL, "general")).unwrap();
    raised["documents"] = json!([private_document("7c")]);
    let on = "concern/y1";
    concerned.put(on, event(raised), &["intake"]).unwrap();
    assert_eq!(rule(put(&mut concerned, on, erasure("7c"))), "admitted");
    let mut erased = scene.clone();
    let erased_by = put(&mut erased, ON, erasure("7a")).unwrap().index();
    let unknown = |digits| Refusal::UnknownDocument {
        found: commitment(digits),
    };
    vec![
        (
            "erasing what no entry names",
            put(&mut scene.clone(), ON, erasure("00")),
            unknown("00"),
        ),
        (
            "erasing a public document",
            put(&mut scene.clone(), ON, erasure("5f")),
            unknown("5f"),
        ),
        (
            "erasing in another stream",
            put(&mut scene.clone(), "ledger", erasure("7a")),
            unknown("7a"),
        ),
        (
            "erasing twice",
            put(&mut erased, ON, erasure("7a")),
            Refusal::DocumentErasedBefore {
                found: commitment("7a"),
                erased_by,
            },
        ),
        (
            "erasing by the chair alone",
            scene.clone().put(ON, event(erasure("7a")), &["chen"]),
            Refusal::MissingRoles {
                missing_roles: vec![Role::Supervisor],
            },
        ),
        (
            "erasing in a concern that was never raised",
            put(&mut scene, "concern/y9", erasure("7a")),
            Refusal::ConcernUnknown {
                found: "y9".parse().unwrap(),
            },
        ),
    ]
}
