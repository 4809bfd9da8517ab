//! A resident's concern through the real binary: raised at the intake, waited for, answered, rated,
//! settled; and what the commands tell of it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod office;

use office::{Office, Outcome, TRANSACTION, steps};
use serde_json::{Value, json};

/// Enrols the intake with a key of its own.
fn enrol_intake(office: &Office) {
    let key = [
        "key",
        "new",
        "--origin",
        "sanzi.example.org/donglang",
        "--member",
        "jiedai",
        "--out",
        "jiedai.key",
        "--passphrase-file",
        "pass",
    ];
    office.ok(&key);
    let shown = office
        .ok(&["key", "show", "jiedai.key.pub", "--json"])
        .json();
    let enrolment = json!({ "enrolment": {
        "key": shown["vkey"], "member": "jiedai", "name": "接待*", "roles": ["intake"],
    }});
    let made = event(
        office,
        "member_enrolled",
        &[],
        &["chen", "liang"],
        enrolment,
    );
    assert!(made.last().starts_with("已登记"), "{made:?}");
}

fn key(office: &Office, member: &str) -> String {
    match member {
        "jiedai" => "jiedai.key".to_owned(),
        member => office.key(member),
    }
}

/// The arguments that record an event; gives the draft's name, too.
fn record(
    office: &Office,
    kind: &str,
    place: &[&str],
    signer: &str,
    body: Value,
) -> (Vec<String>, String) {
    office.write("body.json", &body.to_string());
    let (draft, key) = (office.fresh_draft(), key(office, signer));
    let with = [
        "record",
        kind,
        "--ledger",
        "data",
        "--key",
        &key,
        "--from",
        "body.json",
        "--passphrase-file",
        "pass",
        "--out",
        &draft,
    ];
    let arguments = with.iter().chain(place).map(|one| (*one).to_owned());
    (arguments.collect(), draft.clone())
}

/// Records, co-signs and submits an event.
fn event(office: &Office, kind: &str, place: &[&str], signers: &[&str], body: Value) -> Outcome {
    let (arguments, draft) = record(office, kind, place, signers[0], body);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    office.ok(&arguments);
    for signer in &signers[1..] {
        let key = key(office, signer);
        office.ok(&[
            "cosign",
            &draft,
            "--key",
            &key,
            "--ledger",
            "data",
            "--passphrase-file",
            "pass",
            "--yes",
        ]);
    }
    office.ok(&["submit", &draft, "--to", "data"])
}

/// Records an event that the rules refuse.
fn refused(
    office: &Office,
    kind: &str,
    place: &[&str],
    signer: &str,
    body: Value,
    complaint: &str,
) {
    let (arguments, draft) = record(office, kind, place, signer, body);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    office.fails(&arguments, 1, complaint);
    assert!(!office.path(&draft).exists());
}

fn tasks(office: &Office) -> Vec<Value> {
    let status = office.ok(&["status", "data", "--json"]).json();
    status["tasks"].as_array().unwrap().clone()
}

const ON: [&str; 2] = ["--transaction", TRANSACTION];

/// The first concern, whose id was made up.
const FIRST: [&str; 2] = ["--concern", "2026-001-y1"];

fn raised(subject: &str) -> Value {
    json!({ "subject": subject, "text": "底价是不是偏低" })
}

fn answered(also: &[&str]) -> Value {
    json!({ "also": also, "answer": "底价依据评估报告", "outcome": "explained" })
}

#[test]
fn a_concern_is_raised_waited_for_answered_rated_and_settled() {
    let office = Office::opened();
    let steps = steps();
    enrol_intake(&office);
    refused(
        &office,
        "concern_raised",
        &ON,
        "jiedai",
        raised("general"),
        "还没有任何记录",
    );
    for deed in &steps[..3] {
        office.carry_out("data", deed, &office.fresh_draft());
    }
    refused(
        &office,
        "concern_raised",
        &ON,
        "jiedai",
        raised("pre_plan"),
        "意见对象尚未公开",
    );
    office.carry_out("data", &steps[3], &office.fresh_draft());
    refused(
        &office,
        "concern_raised",
        &ON,
        "zhao",
        raised("pre_plan"),
        "没有可签的岗位",
    );
    event(
        &office,
        "concern_raised",
        &ON,
        &["jiedai"],
        raised("pre_plan"),
    );
    let named = [&ON[..], &["--concern", "grid-7"]].concat();
    event(
        &office,
        "concern_raised",
        &named,
        &["jiedai"],
        raised("general"),
    );
    refused(
        &office,
        "concern_raised",
        &named,
        "jiedai",
        raised("general"),
        "意见编号已用过",
    );
    fill_in_a_form(&office);
    office.post_everywhere("data", &[]);
    office.wait_for_window();

    what_waits_is_told(&office);
    let (arguments, _) = next(&office);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    office.fails(&arguments, 1, "2026-001-y1");

    let rated = json!({ "comment": "还行", "stars": 4 });
    let settled = json!({ "reason": "提出人无异议" });
    refused(
        &office,
        "concern_rated",
        &FIRST,
        "jiedai",
        rated.clone(),
        "意见尚未答复",
    );
    refused(
        &office,
        "concern_closed",
        &FIRST,
        "liang",
        settled.clone(),
        "意见尚未答复",
    );
    refused(
        &office,
        "concern_answered",
        &FIRST,
        "jiedai",
        answered(&[]),
        "没有可签的岗位",
    );
    event(
        &office,
        "concern_answered",
        &FIRST,
        &["zhao", "liang"],
        answered(&["grid-7"]),
    );
    refused(
        &office,
        "concern_answered",
        &FIRST,
        "zhao",
        answered(&[]),
        "意见已答复过",
    );
    office.carry_out("data", &steps[4], &office.fresh_draft());
    event(&office, "concern_rated", &FIRST, &["jiedai"], rated.clone());
    refused(
        &office,
        "concern_rated",
        &FIRST,
        "jiedai",
        rated,
        "意见已评价过",
    );
    event(
        &office,
        "concern_closed",
        &FIRST,
        &["liang"],
        settled.clone(),
    );
    refused(
        &office,
        "concern_closed",
        &FIRST,
        "liang",
        settled,
        "意见已办结",
    );

    what_came_of_it_is_shown(&office);
    let held = office.ok(&["audit", "data", "--index"]);
    assert!(held.last().starts_with("核对通过"), "{held:?}");
}

/// What the intake is asked: what it is about, what is said, and who says it, if they wish.
fn fill_in_a_form(office: &Office) {
    let record = [
        "record",
        "concern_raised",
        "--ledger",
        "data",
        "--key",
        "jiedai.key",
    ];
    let with = ["--passphrase-file", "pass", "--out", "asked.draft"];
    let made = office.run_with(&[&record[..], &ON, &with].concat(), "5\n噪音大\n张*\n");
    assert_eq!(made.code, 0, "{made:?}");
    for part in [
        "群众意见 2026-001-y3",
        "意见对象：其他",
        "意见内容：噪音大",
        "提出人：张*",
    ] {
        assert!(made.out.contains(part), "{part}: {made:?}");
    }
}

/// The step that would follow the publication.
fn next(office: &Office) -> (Vec<String>, String) {
    let draft = office.fresh_draft();
    (office.record("data", &steps()[4], &draft), draft)
}

fn what_waits_is_told(office: &Office) {
    let tasks = tasks(office);
    assert_eq!(tasks.len(), 2, "{tasks:?}");
    let of = |what: &str| tasks.iter().find(|task| task["what"] == what).unwrap();
    assert_eq!(of("answer_concerns_first")["number"], 5);
    let answer = of("answer_concerns");
    assert_eq!(answer["roles"][0]["role"], "council_member");
    assert_eq!(answer["roles"][1]["members"], json!(["liang"]));
    let waiting = answer["concerns"].as_array().unwrap();
    let told: Vec<_> = waiting
        .iter()
        .map(|one| (&one["concern"], &one["subject"], &one["holds"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("2026-001-y1"), &json!("pre_plan"), &json!(true)),
            (&json!("grid-7"), &json!("general"), &json!(false)),
        ]
    );
    assert_eq!(answer["deadline"], waiting[0]["deadline"]);
    let said = office.ok(&["status", "data"]).out;
    for part in [
        "2 条群众意见待答复",
        "意见 2026-001-y1（方案生成前公开）最迟",
        "答复前不得办理下一环节",
        "还不能办理：公开期内有 1 条群众意见待答复",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let shown = office
        .ok(&["show", "data", "--transaction", TRANSACTION])
        .out;
    assert!(shown.contains("群众意见 2 条，其中待答复 2 条"), "{shown}");
}

fn what_came_of_it_is_shown(office: &Office) {
    let one = office.ok(&["show", "data", "concern/2026-001-y1"]);
    for part in [
        "底价是不是偏低",
        "处理结果：解释说明",
        "；已在第",
        "满意度 4/5",
        "共 4 条记录",
    ] {
        assert!(one.out.contains(part), "{part}: {one:?}");
    }
    // The answer to the other stands in the first one's stream, and is shown with both.
    let other = office
        .ok(&["show", "data", "--stream", "concern/grid-7", "--json"])
        .json();
    let kinds: Vec<&Value> = other["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["statement"]["event"]["kind"])
        .collect();
    assert_eq!(kinds, ["concern_raised", "concern_answered"]);
    let shown = office
        .ok(&["show", "data", "--transaction", TRANSACTION, "--json"])
        .json();
    let concerns = shown["concerns"].as_array().unwrap();
    let told: Vec<_> = concerns
        .iter()
        .map(|one| (&one["concern"], &one["state"], &one["overdue"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("2026-001-y1"), &json!("closed"), &json!(false)),
            (&json!("grid-7"), &json!("answered"), &json!(false)),
        ]
    );
    assert_eq!(concerns[0]["stars"], 4);
    let tasks = tasks(office);
    assert_eq!((tasks.len(), &tasks[0]["number"]), (1, &json!(6)));
}

#[test]
fn a_concern_says_where_it_belongs() {
    let office = Office::opened();
    let raise = |arguments: &[&str], complaint: &str| {
        let key = office.key("zhao");
        let with = [
            "--ledger",
            "data",
            "--key",
            &key,
            "--passphrase-file",
            "pass",
        ];
        office.fails(&[&["record"], arguments, &with].concat(), 2, complaint);
    };
    raise(&["concern_raised"], "--transaction");
    raise(&["concern_raised", "--concern", "y1"], "--transaction");
    raise(
        &["concern_answered", "--transaction", TRANSACTION],
        "--concern",
    );
    raise(&["role_granted", "--concern", "y1"], "去掉 --concern");
    let on = [
        "asset_verification",
        "--transaction",
        TRANSACTION,
        "--concern",
        "y1",
    ];
    raise(&on, "去掉 --concern");
}
