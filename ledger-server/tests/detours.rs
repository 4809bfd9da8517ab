//! What a clerk does when a transaction leaves the straight way, through the real binary: a finding and
//! its answer, a correction of what was published, a return, a waiver that is refused, an end.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod office;

use office::{Deed, Office, TRANSACTION, steps};
use serde_json::{Value, json};

fn noted(kind: &'static str, signers: &'static [&'static str], body: Value) -> Deed {
    Deed {
        kind,
        signers,
        body,
        documents: &[],
    }
}

fn task(office: &Office) -> Value {
    office.ok(&["status", "data", "--json"]).json()["tasks"][0].clone()
}

/// The entry in which a step stands.
fn entry_of(office: &Office, kind: &str) -> u64 {
    let shown = office.ok(&["show", "data", "--transaction", TRANSACTION, "--json"]);
    let entries = shown.json()["entries"].as_array().unwrap().clone();
    let stands = |entry: &&Value| {
        entry["statement"]["event"]["kind"] == kind && entry.get("set_aside_by").is_none()
    };
    entries.iter().rev().find(stands).unwrap()["index"]
        .as_u64()
        .unwrap()
}

/// Records a deed that the rules refuse; gives what was said.
fn refused(office: &Office, deed: &Deed, complaint: &str) {
    let draft = office.fresh_draft();
    let arguments = office.record("data", deed, &draft);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    office.fails(&arguments, 1, complaint);
    assert!(!office.path(&draft).exists());
}

fn publish(office: &Office, deed: &Deed) {
    office.carry_out("data", deed, &office.fresh_draft());
    office.post_everywhere("data", &[]);
    office.wait_for_window();
}

#[test]
fn a_transaction_goes_astray_and_comes_back() {
    let office = Office::opened();
    let steps = steps();
    let carry_out = |deed: &Deed| office.carry_out("data", deed, &office.fresh_draft());
    carry_out(&steps[0]);
    carry_out(&steps[1]);
    a_finding_stops_it(&office, &steps[2]);
    carry_out(&steps[2]);
    publish(&office, &steps[3]);
    carry_out(&steps[4]);

    correct_what_was_published(&office, &steps[3]);
    carry_out(&steps[5]);
    go_back(&office);
    carry_out(&steps[4]);

    let waived = json!({ "basis": "小额", "from": "plan_drafting", "through": "member_vote" });
    refused(
        &office,
        &noted("step_waived", &["chen", "liang"], waived),
        "不得豁免",
    );
    let ahead = json!({ "reason": "想跳过", "to": "bidding" });
    refused(
        &office,
        &noted("returned", &["chen", "liang"], ahead),
        "只能退回已办环节",
    );

    let end = noted(
        "terminated",
        &["chen", "liang"],
        json!({ "reason": "成员反对出租" }),
    );
    carry_out(&end);
    refused(&office, &steps[5], "交易已终止");
    // Nobody is asked for documents and answers that could not be taken.
    let key = office.key("zhao");
    let late = [
        "record",
        "plan_drafting",
        "--ledger",
        "data",
        "--transaction",
        TRANSACTION,
    ];
    let late = [&late[..], &["--key", &key, "--passphrase-file", "pass"]].concat();
    office.fails(&late, 1, "交易已终止");
    let status = office.ok(&["status", "data", "--transaction", TRANSACTION]);
    assert_eq!(
        status.last(),
        format!("交易 {TRANSACTION} 已终止，没有待办。")
    );
    assert!(office.ok(&["audit", "data"]).last().starts_with("核对通过"));
}

fn a_finding_stops_it(office: &Office, next: &Deed) {
    let finding = json!({ "answer_by": "2099-12-31", "finding": "面积与台账不符", "stops": true });
    office.carry_out(
        "data",
        &noted("finding_raised", &["jie"], finding),
        &office.fresh_draft(),
    );
    let stopped = task(office);
    assert_eq!(
        (&stopped["what"], &stopped["roles"][0]["role"]),
        (&json!("answer_finding"), &json!("chair"))
    );
    refused(office, next, "街道问题未答复");
    let entry = entry_of(office, "finding_raised");
    let answer = json!({ "answer": "已复测", "entry": entry });
    let answered = noted("finding_answered", &["chen", "liang"], answer);
    office.carry_out("data", &answered, &office.fresh_draft());
    refused(office, &answered, "问题已答复");
}

/// The asset's name was wrong, and had been published: a clerk corrects it by choosing from lists.
fn correct_what_was_published(office: &Office, publication: &Deed) {
    let verified = entry_of(office, "asset_verification");
    let draft = office.fresh_draft();
    let key = office.key("zhao");
    let ask = |input: &str| {
        let record = [
            "record",
            "corrected",
            "--ledger",
            "data",
            "--transaction",
            TRANSACTION,
        ];
        let with = ["--key", &key, "--passphrase-file", "pass", "--out", &draft];
        office.run_with(&[&record[..], &with].concat(), input)
    };
    // Which field comes where in the list is read off the list itself.
    let listed = ask("1\n");
    let place = listed
        .err
        .lines()
        .find(|line| line.contains("标的·名称"))
        .and_then(|line| line.trim().split(['.', ' ', ')', '．']).next())
        .unwrap_or_else(|| panic!("{listed:?}"))
        .to_owned();
    let made = ask(&format!("1\n{place}\n东街旧仓库\n台账名称写错\n"));
    assert_eq!(made.code, 0, "{made:?}");
    assert!(
        made.out
            .contains(&format!("第 {verified} 条 第 1 环节 资产核实")),
        "{made:?}"
    );
    assert!(made.out.contains("改为：东街旧仓库"), "{made:?}");
    for signer in ["he", "liang"] {
        let cosign = [
            "cosign",
            &draft,
            "--key",
            &office.key(signer),
            "--ledger",
            "data",
        ];
        office.ok(&[&cosign[..], &["--passphrase-file", "pass", "--yes"]].concat());
    }
    office.ok(&["submit", &draft, "--to", "data"]);

    let again = task(office);
    assert_eq!(
        (&again["number"], &again["again"]),
        (&json!(4), &json!(true)),
        "{again}"
    );
    let told = office.ok(&["status", "data"]);
    assert!(told.out.contains("须重新公开后才能继续"), "{told:?}");
    let shown = office.ok(&["show", "data", "--transaction", TRANSACTION]);
    assert!(
        shown.out.contains("【已更正】") && shown.out.contains("【已作废】"),
        "{shown:?}"
    );
    publish(office, publication);
    let on = task(office);
    assert_eq!(
        (&on["number"], &on["again"]),
        (&json!(6), &json!(false)),
        "{on}"
    );
    let notice = office.ok(&["notice", "data", TRANSACTION, "pre_plan"]);
    assert!(notice.out.contains("东街旧仓库"), "{notice:?}");
    // The sheet and the record say what was changed, and what stood there before.
    let course = office.ok(&["show", "data", "--transaction", TRANSACTION]);
    assert!(course.out.contains("原值：12 号商铺"), "{course:?}");
    for part in ["变更经过", "原值", "12 号商铺", "以上为更正后的内容"] {
        assert!(notice.out.contains(part), "{part}: {notice:?}");
    }
}

fn go_back(office: &Office) {
    let draft = office.fresh_draft();
    let (chair, supervisor) = (office.key("chen"), office.key("liang"));
    let pass = ["--passphrase-file", "pass"];
    let record = [
        "record",
        "returned",
        "--ledger",
        "data",
        "--transaction",
        TRANSACTION,
        "--key",
        &chair,
        "--out",
        &draft,
    ];
    let asked = office.run_with(&[&record[..], &pass].concat(), "5\n询价须重做\n");
    assert_eq!(asked.code, 0, "{asked:?}");
    // Only steps that were done are offered.
    let offered = |step: &str| asked.err.contains(step);
    assert!(offered("编制交易方案") && !offered("民主表决"), "{asked:?}");
    let cosign = [
        "cosign",
        &draft,
        "--key",
        &supervisor,
        "--ledger",
        "data",
        "--yes",
    ];
    office.ok(&[&cosign[..], &pass].concat());
    office.ok(&["submit", &draft, "--to", "data"]);
    assert_eq!(task(office)["number"], 5);
    let shown = office.ok(&["show", "data", "--transaction", TRANSACTION, "--json"]);
    let entries = shown.json()["entries"].as_array().unwrap().clone();
    let aside = entries
        .iter()
        .filter(|entry| entry.get("set_aside_by").is_some());
    // The first publication, and the valuation and the plan.
    assert_eq!(aside.count(), 3);
}
