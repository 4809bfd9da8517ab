//! An example of every kind of event that the desk records, and of which stream of the demonstration.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ledger_core::charter::Charter;
use serde_json::{Value, json};

/// What the demonstration's chair can record as it stands, in order.
pub(crate) const POSSIBLE: &[&str] = &[
    "contract_amended",
    "contract_renewed",
    "contract_taken_over",
    "contract_terminated",
    "integrity_agreed",
    "meeting_held",
    "opinion_given",
    "period_attested",
    "relative_declared",
    "returned",
    "role_granted",
    "terminated",
];

/// What the server fills in.
pub(crate) fn given(kind: &str) -> Vec<(&'static str, Value)> {
    let documents = ("documents", json!([]));
    match kind {
        "member_enrolled" | "role_granted" | "role_ended" | "key_rotated" | "key_compromised"
        | "charter_adopted" => Vec::new(),
        "publish_pre_plan" | "publish_plan" | "publish_completion" | "channel_posted" => {
            vec![("disclosure", json!("0".repeat(64))), documents]
        }
        "concern_raised" | "concern_answered" => {
            vec![("transaction", json!("2018-052")), documents]
        }
        _ => vec![documents],
    }
}

fn form(query: &str, event: Value) -> Value {
    json!({"query": query, "event": event})
}

/// `@first` stands for what the page offers first.
pub(crate) fn examples() -> Vec<Value> {
    let mut all = steps();
    all.extend(detours());
    all.extend(contracts());
    all.extend(others());
    let charter = Charter::parse(Charter::default_text()).unwrap();
    let ballot = json!({
        "abstain": 0, "against": 1, "body": "assembly", "eligible": 30, "for": 28, "held_on": "2026-01-05",
        "members": 30, "present": 29,
    });
    let adopted = json!({
        "kind": "charter_adopted", "applies_to_open": false, "charter": charter, "reason": "增加渠道",
        "vote": ballot,
    });
    all.push(form("", adopted));
    all
}

/// The sixteen steps.
fn steps() -> Vec<Value> {
    vec![
        form(
            "?transaction=2027-001",
            json!({"kind": "asset_verification", "asset": {"name": "12 号商铺", "kind": "asset", "location": "东塱大街 12 号", "ownership": "集体所有", "area": {"value": "86.5", "unit": "square_metre"}, "current_use": "空置", "book_value_fen": 32000000}, "summary": "已核实"}),
        ),
        form(
            "?transaction=2027-001",
            json!({"kind": "proposal_initiation", "category": "lease", "method": "open_bidding", "reason": "到期重新出租", "expected_term_months": 36, "summary": "拟出租"}),
        ),
        form(
            "?transaction=2027-001",
            json!({"kind": "party_review", "met_on": "2026-01-05", "conclusion": {"verdict": "agreed_with_conditions", "conditions": "先公开"}, "summary": "同意"}),
        ),
        form(
            "?transaction=2027-001",
            json!({"kind": "publish_pre_plan", "channels": ["platform", "newsletter", "wechat", "notice_board"], "comments_to": "村委会意见箱", "summary": "公开"}),
        ),
        form(
            "?transaction=2027-001",
            json!({"kind": "publish_plan", "channels": ["platform", "newsletter", "wechat", "notice_board"], "comments_to": "村委会意见箱", "summary": "公开"}),
        ),
        form(
            "?transaction=2027-001",
            json!({"kind": "publish_completion", "channels": ["platform", "newsletter", "wechat", "notice_board"], "comments_to": "村委会意见箱", "summary": "公开"}),
        ),
        form(
            "?transaction=2027-001",
            json!({"kind": "feedback_and_valuation", "consulted_from": "2026-01-06", "consulted_until": "2026-01-12", "opinions_received": 3, "opinions_answered": 3, "valuation_method": "inquiry", "valuer": "三家中介询价", "price_basis": "同街三处成交价", "reserve_price": {"basis": "per_year", "fen": 12000000}, "summary": "估价"}),
        ),
        form(
            "?transaction=2027-001",
            json!({"kind": "plan_drafting", "method": "open_bidding", "reserve_price": {"basis": "per_year", "fen": 12000000}, "term_months": 36, "rent_free_months": 1, "escalation": {"every_months": 12, "rate_basis_points": 350}, "deposit_fen": 2000000, "eligibility": "依法登记的个人或单位", "summary": "方案"}),
        ),
        form(
            "?transaction=2027-001",
            json!({"kind": "member_vote", "body": "representatives", "members": 30, "eligible": 30, "present": 27, "for": 25, "against": 1, "abstain": 1, "notified_on": "2026-01-13", "held_on": "2026-01-26", "summary": "表决"}),
        ),
        form(
            "?transaction=2027-001",
            json!({"kind": "street_review", "conclusion": {"verdict": "agreed"}, "platform_level": "street", "summary": "审查"}),
        ),
        form(
            "?transaction=2027-001",
            json!({"kind": "listing_notice", "listing_number": "LW-2026-001", "opens_at": "2026-02-01T09:00:00+08:00", "closes_at": "2026-02-10T17:00:00+08:00", "bid_increment_fen": 50000, "extension_rule": "顺延五分钟", "summary": "公告"}),
        ),
        form(
            "?transaction=2027-001",
            json!({"kind": "bidder_qualification", "applicants": [{"name": "周*", "admitted": true, "deposit_fen": 2000000}, {"name": "吴*", "admitted": false, "deposit_fen": 0, "reason": "未交保证金"}], "summary": "审核"}),
        ),
        form(
            "?transaction=2027-001",
            json!({"kind": "bidding", "round": 1, "held_at": "2026-02-11T10:00:00+08:00", "bidders": 2, "bids": 5, "outcome": {"result": "won", "winner": "周*", "price": {"basis": "per_year", "fen": 13000050}}, "summary": "竞价"}),
        ),
        form(
            "?transaction=2027-001",
            json!({"kind": "result_and_objection", "notice": "街道平台网站", "objections_to": "街道三资办", "summary": "公示"}),
        ),
        form(
            "?transaction=2027-001",
            json!({"kind": "contract_signing", "contract_number": "DL-2026-001", "parties": ["东塱经济联社", "周*"], "amount_fen": 39000000, "signed_on": "2026-02-20", "term_start": "2026-03-01", "term_end": "2029-02-28", "performance_bond_fen": 2000000, "summary": "签约"}),
        ),
        form(
            "?transaction=2027-001",
            json!({"kind": "handover_and_receipt", "handed_over_on": "2026-03-01", "deposits_refunded_fen": 0, "received": [{"amount_fen": 13000000, "received_on": "2026-02-25", "voucher": "0001234"}, {"amount_fen": 1, "received_on": "2026-02-26", "voucher": "0001235"}], "summary": "交付"}),
        ),
    ]
}

/// Postings, and what happens beside the steps.
fn detours() -> Vec<Value> {
    vec![
        form(
            "?transaction=2018-053",
            json!({"kind": "channel_posted", "channel": "@first", "location": "村口公开栏"}),
        ),
        form(
            "?transaction=2027-001",
            json!({"kind": "step_waived", "from": "street_review", "through": "bidding", "basis": "小额"}),
        ),
        form(
            "?transaction=2018-052",
            json!({"kind": "returned", "to": "plan_drafting", "reason": "改方案"}),
        ),
        form(
            "?transaction=2018-004&entry=22&field=%2Fasset%2Fname",
            json!({"kind": "corrected", "entry": "@first", "field": "@first", "reason": "笔误", "value": "东塱市场 9 号水产档（旧）"}),
        ),
        form(
            "?transaction=2018-052",
            json!({"kind": "terminated", "reason": "不办了"}),
        ),
    ]
}

/// A contract's life.
fn contracts() -> Vec<Value> {
    vec![
        form(
            "?transaction=old-9",
            json!({"kind": "contract_taken_over", "asset": {"name": "西街仓库", "kind": "asset", "location": "东塱西街 3 号", "ownership": "集体所有", "area": {"value": "320", "unit": "square_metre"}, "current_use": "仓储", "book_value_fen": 0}, "contract_number": "东塱租 2015-03", "parties": ["东塱经济联社", "李*"], "category": "lease", "method": "open_negotiation", "basis": "会议记录存档", "price": {"basis": "per_year", "fen": 12000000}, "amount_fen": 120000000, "signed_on": "2015-06-01", "term_start": "2015-07-01", "term_end": "2025-06-30", "performance_bond_fen": 2000000, "summary": "西街仓库出租"}),
        ),
        form(
            "?transaction=2018-004",
            json!({"kind": "payment_due", "dues": [{"id": "rent_2020_01", "purpose": "2020年1月租金", "direction": "incoming", "due_on": "2020-01-01", "amount_fen": 240000}], "summary": "应收"}),
        ),
        form(
            "?transaction=2018-004",
            json!({"kind": "payment_received", "dues": ["rent_2018_11", "rent_2019_02"], "amount_fen": 480000, "payer": "盛*餐饮管理有限公司", "received_on": "2019-01-05", "voucher": "粤财 001", "summary": "收租"}),
        ),
        form(
            "?transaction=2027-001",
            json!({"kind": "payment_made", "dues": ["repair_1"], "amount_fen": 100, "payee": "某修缮有限公司", "paid_on": "2019-01-05", "voucher": "付 001", "account": "corporate", "summary": "维修"}),
        ),
        form(
            "?transaction=2018-004",
            json!({"kind": "contract_amended", "cancels": ["rent_2019_02"], "amount_fen": 760000000, "signed_on": "2019-01-05", "reason": "加租一间"}),
        ),
        form(
            "?transaction=2018-004",
            json!({"kind": "contract_renewed", "contract_number": "续 1", "amount_fen": 100, "signed_on": "2019-01-05", "term_start": "2023-07-01", "term_end": "2028-06-30", "reason": "续签"}),
        ),
        form(
            "?transaction=2018-004",
            json!({"kind": "contract_terminated", "cancels": [], "ended_on": "2019-01-05", "reason": "协商一致"}),
        ),
        form(
            "?transaction=2018-004",
            json!({"kind": "asset_returned", "condition": "完好", "performance_bond_refunded_fen": 0, "returned_on": "2019-01-05"}),
        ),
    ]
}

/// Oversight, concerns, roster.
fn others() -> Vec<Value> {
    vec![
        form(
            "?transaction=2018-052",
            json!({"kind": "opinion_given", "by": "某律师事务所", "field": "legal", "given_on": "2018-03-26", "summary": "合法"}),
        ),
        form(
            "?transaction=2018-052",
            json!({"kind": "integrity_agreed", "parties": ["东塱经济联社", "张*"], "signed_on": "2018-03-26", "summary": "不送礼"}),
        ),
        form(
            "",
            json!({"kind": "meeting_held", "attendance": {"called": 7, "present": 6}, "body": "理事会第三次会议", "held_on": "2018-03-26", "summary": "研究出租"}),
        ),
        form(
            "",
            json!({"kind": "finding_raised", "answer_by": "2028-12-31", "finding": "面积不符", "stops": true}),
        ),
        form(
            "",
            json!({"kind": "finding_answered", "entry": "@first", "answer": "已复测"}),
        ),
        form(
            "",
            json!({"kind": "period_attested", "from": "2018-01-01", "until": "2018-03-26", "statement": "均已登记"}),
        ),
        form(
            "",
            json!({"kind": "relative_declared", "member": "chen", "name": "周*商行", "relation": "兄弟", "summary": "兄弟经营"}),
        ),
        form(
            "",
            json!({"kind": "document_erased", "commitment": "@first", "reason": "保管期满"}),
        ),
        form(
            "",
            json!({"kind": "member_enrolled", "enrolment": {"member": "xin", "name": "新*", "key": "sanzi.example.org/donglang/chen+308ebad6+AfE8jiS9AU8DGLr7cou66eSlKr0HP+bzLwp5bn96hzH5", "roles": ["supervisor", "attestor"]}}),
        ),
        form(
            "",
            json!({"kind": "role_granted", "member": "chen", "role": "attestor"}),
        ),
        form(
            "",
            json!({"kind": "role_ended", "member": "chen", "role": "chair", "reason": "离任"}),
        ),
        form(
            "",
            json!({"kind": "key_rotated", "member": "chen", "key": "sanzi.example.org/donglang/chen+308ebad6+AfE8jiS9AU8DGLr7cou66eSlKr0HP+bzLwp5bn96hzH5"}),
        ),
        form(
            "",
            json!({"kind": "key_compromised", "member": "chen", "key": "@first", "since": "2018-03-26T01:00:00Z", "reason": "手机丢失"}),
        ),
        form(
            "?transaction=2018-052",
            json!({"kind": "concern_raised", "subject": "plan", "text": "底价太低", "by": "张*"}),
        ),
        form(
            "?concern=2018-YJ-02",
            json!({"kind": "concern_answered", "answer": "已催收", "outcome": "explained", "also": []}),
        ),
        form(
            "?concern=2018-YJ-01",
            json!({"kind": "concern_closed", "reason": "已办结"}),
        ),
        form(
            "?concern=2018-YJ-01",
            json!({"kind": "concern_hidden", "reason": "含他人隐私"}),
        ),
        form(
            "?concern=2018-YJ-01",
            json!({"kind": "concern_rated", "stars": 4, "comment": "满意"}),
        ),
    ]
}
