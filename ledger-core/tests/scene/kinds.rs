//! Two ledgers in which every kind of event is admitted once.

use ledger_core::step::Step;
use serde_json::{Value, json};

use super::{
    DEAL, ON, Scene, adoption, compromised, document_of, enrolment, erasure, event, key,
    private_document, second_charter, signers_of,
};

fn put(scene: &mut Scene, on: &str, value: Value, by: &[&str]) {
    let kind = value["kind"].clone();
    scene
        .put(on, event(value), by)
        .unwrap_or_else(|refusal| panic!("{kind}: {refusal}"));
}

/// Roster, charter and what is noted beside them.
fn the_ledger(scene: &mut Scene) {
    let fresh = key("fresh", 1);
    let enrolled = enrolment(&fresh, "fresh", &["attestor"]);
    let changes = [
        json!({"kind": "member_enrolled", "enrolment": enrolled}),
        json!({"kind": "role_granted", "member": "fresh", "role": "legal_counsel"}),
        json!({"kind": "role_ended", "member": "fresh", "reason": "离任", "role": "attestor"}),
        json!({"kind": "key_rotated", "key": key("fresh", 2).verifier(), "member": "fresh"}),
        compromised("fresh", scene.clock),
        adoption(&second_charter(|_| {}), false),
        json!({
            "kind": "meeting_held", "attendance": {"called": 7, "present": 6}, "body": "理事会第三次会议",
            "documents": [document_of("minutes")], "held_on": "2018-03-26", "summary": "研究出租事宜",
        }),
    ];
    for change in changes {
        put(scene, "ledger", change, &["chen", "huang"]);
    }
    let attested = json!({
        "kind": "period_attested", "documents": [], "from": "2018-01-01", "statement": "本季度收支均已登记",
        "until": "2018-03-26",
    });
    put(scene, "ledger", attested, &["chen", "huang", "zhou"]);
    let declared = json!({
        "kind": "relative_declared", "documents": [], "member": "zhou", "name": "周*商行", "relation": "兄弟",
        "summary": "兄弟经营商行",
    });
    put(scene, "ledger", declared, &["zhou"]);
}

/// What is noted beside a transaction's steps.
fn the_lookers_on(scene: &mut Scene) {
    let opinion = json!({
        "kind": "opinion_given", "by": "某律师事务所", "documents": [document_of("opinion")], "field": "legal",
        "given_on": "2018-03-26", "summary": "合同草案合法",
    });
    put(scene, ON, opinion, &["zhou", "huang"]);
    let agreed = json!({
        "kind": "integrity_agreed", "documents": [], "parties": ["东塱经济联社（测试）", "张*"],
        "signed_on": "2018-03-26", "summary": "不送礼、不收礼",
    });
    put(scene, ON, agreed, &["chen", "huang"]);
    let finding = json!({
        "kind": "finding_raised", "answer_by": "2018-12-31", "documents": [], "finding": "面积不符",
        "stops": true,
    });
    put(scene, ON, finding, &["jiedao"]);
    let entry = scene.entries.last().unwrap().index();
    let answer =
        json!({"kind": "finding_answered", "answer": "已复测", "documents": [], "entry": entry});
    put(scene, ON, answer, &["chen", "huang"]);
    let told = json!({
        "kind": "meeting_held", "attendance": {"called": 3, "present": 3}, "body": "谈话",
        "documents": [private_document("7a")], "held_on": "2018-03-26", "summary": "谈话笔录不公开",
    });
    put(scene, ON, told, &["chen", "huang"]);
    put(scene, ON, erasure("7a"), &["chen", "huang"]);
}

/// A contract's life after all sixteen steps.
fn the_contract(scene: &mut Scene) {
    let due = |id: &str, direction: &str| json!({"amount_fen": 100, "direction": direction, "due_on": "2018-07-01", "id": id, "purpose": "租金"});
    let dues = json!({
        "kind": "payment_due", "documents": [], "summary": "按合同第三条",
        "dues": [due("rent_1", "incoming"), due("repair_1", "outgoing")],
    });
    put(scene, ON, dues, &["he", "huang"]);
    let today = scene.clock.date_at(480).to_string();
    let received = json!({
        "kind": "payment_received", "amount_fen": 100, "documents": [], "dues": ["rent_1"], "payer": "张*",
        "received_on": today, "summary": "首期租金", "voucher": "粤财 002",
    });
    put(scene, ON, received, &["he", "lin"]);
    let made = json!({
        "kind": "payment_made", "account": "corporate", "amount_fen": 100, "documents": [], "dues": ["repair_1"],
        "paid_on": today, "payee": "某修缮有限公司", "summary": "维修", "voucher": "付 001",
    });
    put(scene, ON, made, &["lin", "he", "chen", "huang"]);
    let amended = json!({
        "kind": "contract_amended", "amount_fen": 760_000_000, "cancels": [], "documents": [],
        "reason": "加租一间", "signed_on": today,
    });
    put(scene, ON, amended, &["chen", "huang", "jiedao"]);
    let renewed = json!({
        "kind": "contract_renewed", "amount_fen": 800_000_000, "contract_number": "东塱租 2018-03 续",
        "documents": [], "reason": "成员大会同意", "signed_on": today, "term_end": "2028-06-30",
        "term_start": "2023-07-01",
    });
    put(scene, ON, renewed, &["chen", "huang", "jiedao"]);
    let ended = json!({
        "kind": "contract_terminated", "cancels": [], "documents": [], "ended_on": today, "reason": "协商一致",
    });
    put(scene, ON, ended, &["chen", "huang", "jiedao"]);
    let back = json!({
        "kind": "asset_returned", "condition": "完好", "documents": [], "performance_bond_refunded_fen": 0,
        "returned_on": today,
    });
    put(scene, ON, back, &["deng", "he", "huang"]);
}

/// A deal of small value that leaves steps out, goes back and is broken off; and a ledger in which all
/// else happens.
pub(crate) fn every_kind() -> [Scene; 2] {
    let mut small = Scene::small(Step::StreetReview);
    small
        .waive(DEAL, Step::StreetReview, Step::Bidding)
        .unwrap();
    small.go_back(DEAL, Step::MemberVote).unwrap();
    small.terminate(DEAL).unwrap();
    let mut scene = every_kind_in(Scene::founded());
    let lost = super::loss::declaration(&scene);
    put(&mut scene, "ledger", lost, &["chen", "huang"]);
    [small, scene]
}

/// A ledger in which all but the detours of [`every_kind`] and a loss happen, from this founded one on.
pub(crate) fn every_kind_in(mut scene: Scene) -> Scene {
    the_ledger(&mut scene);
    scene.pass(DEAL, Step::AssetVerification);
    let signers = signers_of(Step::AssetVerification);
    let verified = scene.entry_of(DEAL, Step::AssetVerification);
    let corrected = json!({
        "kind": "corrected", "documents": [], "entry": verified, "field": "/asset/name", "reason": "笔误",
        "value": "东街旧仓库",
    });
    put(&mut scene, ON, corrected, signers);
    the_lookers_on(&mut scene);
    scene.take_over(|_| {}).unwrap();
    for step in Step::ALL.into_iter().skip(1) {
        scene.pass(DEAL, step);
    }
    scene.raise("y1", "general").unwrap();
    scene.answer("y1", &[]).unwrap();
    scene.rate("y1").unwrap();
    scene.close("y1").unwrap();
    let beside = super::concerns::raised_beside(DEAL);
    scene.put("concern/y2", beside, &["intake"]).unwrap();
    scene.hide("y2").unwrap();
    scene.answer("y2", &[]).unwrap();
    scene.clock = scene.clock.max("2018-07-02T02:00:00Z".parse().unwrap());
    the_contract(&mut scene);
    scene
}
