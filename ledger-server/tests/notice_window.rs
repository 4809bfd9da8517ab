//! The window on the printed sheet is the one that the rules go by.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod office;

use office::{Office, TRANSACTION, steps};
use serde_json::{Value, json};

#[test]
fn the_window_is_printed_by_the_newest_calendar() {
    let office = Office::opened();
    let steps = steps();
    for (place, step) in steps[..4].iter().enumerate() {
        office.carry_out("data", step, &format!("{place}.draft"));
        if place == 2 {
            office.wait_for_window();
        }
    }
    office.post_everywhere("data", &[]);
    let sheet = || office.ok(&["notice", "data", TRANSACTION, "pre_plan"]).out;
    let before = sheet();

    // Holidays and the offset are the State's: they count for what is under way, too.
    let text = std::fs::read_to_string(office.path("charter.json")).unwrap();
    let mut charter: Value = serde_json::from_str(&text).unwrap();
    charter["version"] = json!(2);
    charter["calendar"]["utc_offset_minutes"] = json!(0);
    let vote = json!({
        "body": "assembly", "members": 300, "eligible": 280, "present": 240, "for": 220, "against": 20,
        "abstain": 0, "held_on": "2018-03-24",
    });
    let body =
        json!({ "applies_to_open": false, "charter": charter, "reason": "改时区", "vote": vote });
    office.write("body.json", &body.to_string());
    let (chair, supervisor) = (office.key("chen"), office.key("liang"));
    let pass = ["--passphrase-file", "pass"];
    let record = [
        "record",
        "charter_adopted",
        "--ledger",
        "data",
        "--from",
        "body.json",
        "--out",
        "c.draft",
        "--key",
        &chair,
    ];
    office.ok(&[&record[..], &pass].concat());
    let cosign = [
        "cosign",
        "c.draft",
        "--ledger",
        "data",
        "--yes",
        "--key",
        &supervisor,
    ];
    office.ok(&[&cosign[..], &pass].concat());
    office.ok(&["submit", "c.draft", "--to", "data"]);

    let window = |sheet: &str| {
        let after = sheet.split("<h2>公开期</h2>").nth(1).unwrap();
        after.lines().nth(1).unwrap().to_owned()
    };
    assert_ne!(window(&sheet()), window(&before), "{}", window(&before));
}
