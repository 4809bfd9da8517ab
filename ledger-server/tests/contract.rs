//! What a clerk does with a contract after it was signed, through the real binary: a rent schedule in one
//! line, a payment chosen from a list, arrears told, a voucher twice, an early end, the asset's return.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod office;

use ledger_core::LogTime;
use ledger_core::time::Date;
use office::{Deed, Office, Outcome, TRANSACTION, steps};
use serde_json::{Value, json};

/// Today by the clock of this machine, in China.
fn today() -> Date {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    LogTime::from_unix(since.try_into().unwrap())
        .unwrap()
        .date_at(480)
}

fn deed(kind: &'static str, signers: &'static [&'static str], body: Value) -> Deed {
    Deed {
        kind,
        signers,
        body,
        documents: &[],
    }
}

/// An office whose transaction has a contract that runs out in sixty days.
fn signed() -> Office {
    let office = Office::opened();
    for mut deed in steps().into_iter().take(14) {
        if deed.kind == "contract_signing" {
            deed.body["term_end"] = json!(today().plus_days(60).unwrap());
        }
        office.carry_out("data", &deed, &office.fresh_draft());
        let publishes = deed.kind.starts_with("publish_");
        if publishes {
            office.post_everywhere("data", &[]);
        }
        if publishes || ["listing_notice", "result_and_objection"].contains(&deed.kind) {
            office.wait_for_window();
        }
    }
    office
}

/// Records by answering questions.
fn answer(office: &Office, kind: &str, draft: &str, more: &[&str], input: &str) -> Outcome {
    let key = office.key("he");
    let record = [
        "record",
        kind,
        "--ledger",
        "data",
        "--transaction",
        TRANSACTION,
    ];
    let with = ["--key", &key, "--passphrase-file", "pass", "--out", draft];
    office.run_with(&[&record[..], &with, more].concat(), input)
}

fn cosign_and_submit(office: &Office, draft: &str, signer: &str) {
    let key = office.key(signer);
    let cosign = ["cosign", draft, "--key", &key, "--ledger", "data"];
    office.ok(&[&cosign[..], &["--passphrase-file", "pass", "--yes"]].concat());
    office.ok(&["submit", draft, "--to", "data"]);
}

fn refused(office: &Office, deed: &Deed, complaint: &str) {
    let draft = office.fresh_draft();
    let arguments = office.record("data", deed, &draft);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    office.fails(&arguments, 1, complaint);
    assert!(!office.path(&draft).exists());
}

fn payment(due: &str, fen: u64, voucher: &str) -> Deed {
    let body = json!({
        "amount_fen": fen, "dues": [due], "payer": "周*", "received_on": "2026-03-05",
        "summary": "收租金", "voucher": voucher,
    });
    deed("payment_received", &["he", "qian"], body)
}

#[test]
fn a_contract_is_carried_out() {
    let office = signed();
    a_schedule_is_registered(&office);
    a_rent_is_received(&office);
    arrears_are_told(&office);
    refused(
        &office,
        &payment("rent_2026_06", 100, "000 2001"),
        "票据已登记过",
    );
    refused(
        &office,
        &payment("rent_2026_09", 9_000_000, "0002002"),
        "超过未付金额",
    );
    refused(
        &office,
        &payment("rent_1999_01", 1, "0002002"),
        "没有这笔款项",
    );
    let back = json!({
        "condition": "完好", "performance_bond_refunded_fen": 2_000_000, "returned_on": today(),
    });
    let back = deed("asset_returned", &["zhao", "he", "liang"], back);
    refused(&office, &back, "合同仍在履行");
    let end = json!({ "cancels": ["rent_2028_12"], "ended_on": today(), "reason": "承租人退租" });
    let end = deed("contract_terminated", &["chen", "liang", "jie"], end);
    office.carry_out("data", &end, &office.fresh_draft());
    let due = json!({
        "amount_fen": 1, "direction": "incoming", "due_on": "2027-01-01", "id": "more", "purpose": "租金",
    });
    let due = deed(
        "payment_due",
        &["he", "liang"],
        json!({ "dues": [due], "summary": "补登" }),
    );
    refused(&office, &due, "合同已结束");
    office.carry_out(
        "data",
        &payment("rent_2026_06", 100, "0002003"),
        &office.fresh_draft(),
    );
    office.carry_out("data", &back, &office.fresh_draft());
    let shown = office.ok(&["show", "data", "--transaction", TRANSACTION]);
    assert!(
        shown.out.contains(&format!("已收回：{}", today())),
        "{shown:?}"
    );
    let audit = office.ok(&["audit", "data"]);
    assert!(audit.last().starts_with("核对通过"), "{audit:?}");
}

fn a_schedule_is_registered(office: &Office) {
    let draft = office.fresh_draft();
    let schedule = |text: &'static str| ["--rent-schedule", text];
    let bad = answer(
        office,
        "payment_due",
        &draft,
        &schedule("2026-03-01,12,3"),
        "",
    );
    assert_eq!(bad.code, 2, "{bad:?}");
    assert!(bad.err.contains("首期到期日,期数"), "{bad:?}");
    let other = answer(
        office,
        "payment_received",
        &draft,
        &schedule("2026-03-01,12,3,32500"),
        "",
    );
    assert!(
        other.code == 2 && other.err.contains("只用于 payment_due"),
        "{other:?}"
    );
    let none = answer(
        office,
        "payment_due",
        &draft,
        &schedule("2026-03-01,0,3,32500"),
        "",
    );
    assert!(
        none.code == 1 && none.err.contains("应为 1 至 600"),
        "{none:?}"
    );
    let made = answer(
        office,
        "payment_due",
        &draft,
        &schedule("2026-03-01,12,3,32500"),
        "合同第四条\n",
    );
    assert_eq!(made.code, 0, "{made:?}");
    // By the plan: three per cent more every year, the first month free.
    assert!(
        made.err.contains("每 12 个月递增 3.00%，免租 1 个月"),
        "{made:?}"
    );
    for amount in ["21,666.67", "32,500.00", "33,475.00", "34,479.25"] {
        assert!(made.out.contains(amount), "{amount}: {made:?}");
    }
    cosign_and_submit(office, &draft, "liang");
}

fn a_rent_is_received(office: &Office) {
    let draft = office.fresh_draft();
    // The amount; the first due of the list, and no other; when, who, the voucher, in a word.
    let made = answer(
        office,
        "payment_received",
        &draft,
        &[],
        "20000\n2\n1\n2026-03-05\n周*\n0002001\n收租金\n",
    );
    assert_eq!(made.code, 0, "{made:?}");
    assert!(
        made.err
            .contains("2026-03-01 2026年3月至5月租金（rent_2026_03）未付 21,666.67 元"),
        "{made:?}"
    );
    cosign_and_submit(office, &draft, "qian");
}

fn arrears_are_told(office: &Office) {
    let shown = office.ok(&["show", "data", "--transaction", TRANSACTION]);
    for said in [
        "合同 DL-2026-001（截至",
        "还有 60 天",
        "【逾期】应收",
        "2026-03-01 2026年3月至5月租金（rent_2026_03）未付 1,666.67 元（应付 21,666.67，已付 20,000.00）",
        "2026-03-05 收 20,000.00 元，周*，票据 0002001，冲抵 rent_2026_03",
    ] {
        assert!(shown.out.contains(said), "{said}: {}", shown.out);
    }
    let status = office.ok(&["status", "data"]);
    assert!(
        status.out.contains("交易 2026-001：合同 DL-2026-001"),
        "{status:?}"
    );
    assert!(
        status.out.contains("【逾期】应收") && status.out.contains("还有 60 天"),
        "{status:?}"
    );
    let english = office.ok(&["status", "data", "--lang", "en"]);
    assert!(english.out.contains("[OVERDUE] incoming"), "{english:?}");
    let json = office.ok(&["status", "data", "--json"]).json();
    let incoming = &json["contracts"][0]["incoming"];
    assert_eq!(incoming["overdue"][0], "rent_2026_03");
    assert_eq!(incoming["paid_fen"], 2_000_000);
    let json = office
        .ok(&["show", "data", "--transaction", TRANSACTION, "--json"])
        .json();
    assert_eq!(json["contract"]["stage"]["stage"], "running");
}
