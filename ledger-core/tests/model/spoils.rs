//! Ways in which a record can be wrong and still be well-formed.

use serde_json::{Value, json};

/// The record with one of its fields wrong, if there is a way for its kind.
pub(crate) fn spoilt(mut event: Value, which: u8) -> Value {
    let zero = json!("0".repeat(64));
    let ways: Vec<(&str, Value)> = match event["kind"].as_str().unwrap() {
        "publish_pre_plan" | "publish_plan" | "publish_completion" => vec![
            ("disclosure", zero),
            ("channels", json!(["platform", "wechat"])),
            (
                "channels",
                json!(["platform", "newsletter", "wechat", "notice_board", "pigeon"]),
            ),
            (
                "channels",
                json!(["platform", "newsletter", "wechat", "notice_board", "wechat"]),
            ),
            ("summary", json!("别的内容")),
            ("documents", json!([])),
        ],
        "channel_posted" => vec![
            ("location", json!("群主 13800138000")),
            ("disclosure", zero),
            ("channel", json!("pigeon")),
            ("channel", json!("radio")),
            ("channel", json!("platform")),
        ],
        "feedback_and_valuation" => vec![
            ("opinions_answered", json!(3)),
            ("consulted_until", json!("2018-01-01")),
            ("documents", json!([])),
        ],
        "plan_drafting" => vec![("rent_free_months", json!(61)), ("documents", json!([]))],
        "member_vote" => vec![
            ("body", json!("council")),
            ("body", json!("representatives")),
            ("against", json!(11)),
            ("eligible", json!(361)),
            ("members", json!(339)),
            ("members", json!(338)),
            ("members", json!(279)),
            ("notified_on", json!("2018-04-11")),
            ("documents", json!([])),
        ],
        "listing_notice" => vec![
            ("closes_at", event["opens_at"].clone()),
            ("documents", json!([])),
        ],
        "bidder_qualification" => {
            let silent = json!([{"admitted": false, "deposit_fen": 0, "name": "李*"}]);
            let named = json!([{"admitted": true, "deposit_fen": 0, "name": "李四"}]);
            vec![
                ("applicants", silent),
                ("applicants", named),
                ("documents", json!([])),
            ]
        }
        "bidding" => vec![
            ("bids", json!(0)),
            ("round", json!(0)),
            ("outcome", json!({"reason": "无人出价", "result": "failed"})),
        ],
        "contract_signing" => vec![
            ("parties", json!(["张*"])),
            ("term_end", json!("2018-06-30")),
        ],
        "asset_verification"
        | "proposal_initiation"
        | "party_review"
        | "street_review"
        | "result_and_objection"
        | "handover_and_receipt" => vec![
            ("documents", json!([])),
            ("summary", json!("电话 13800138000。")),
        ],
        _ => return event,
    };
    let (field, value) = &ways[usize::from(which) % ways.len()];
    event[*field] = value.clone();
    event
}
