//! The supervisors' page of a monitor: two servers side by side, from what was checked here only.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::browser::{drive, ready};
use crate::house::House;
use crate::office::{Running, free_address, sanzi, serve, wait_until};
use crate::scene::ORIGIN;
use crate::year::year;

/// The name of the demonstration's second log.
const PRACTICE: &str = "sanzi.example.org/practice";

/// Serves the demonstration's ledgers, returns when it does.
fn practice(house: &House, listen: &str) -> Running {
    let data = year("supervised").join("data").display().to_string();
    let mut command = sanzi(house, &["serve", "--listen", listen, "--data", &data]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut running = Running(child.unwrap());
    let said = running.0.stdout.take().unwrap();
    let mut lines = BufReader::new(said).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("正在服务")));
    running
}

/// What is read at an address; nothing while nobody answers.
fn read(url: &str) -> Option<String> {
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .new_agent();
    let mut answer = agent.get(url).call().ok()?;
    answer.body_mut().read_to_string().ok()
}

fn json(url: &str) -> Value {
    read(url).map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
}

fn ledger<'a>(shown: &'a Value, origin: &str) -> &'a Value {
    let ledgers = shown["ledgers"].as_array();
    let mut found = ledgers.into_iter().flatten();
    found
        .find(|one| one["origin"] == origin)
        .unwrap_or(&Value::Null)
}

#[test]
fn two_servers_stand_side_by_side_and_a_rollback_is_on_top_of_what_was_checked() {
    let house = House::new();
    house.grow("data", 0..3);
    house.copy("data", "before");
    house.copy("data.anchor", "before.anchor");
    house.grow("data", 3..5);
    let small = free_address();
    let server = serve(&house, "data", &small);
    let large = free_address();
    let _large = practice(&house, &large);
    let at = free_address();
    let (one, other) = (
        format!("http://{small}/donglang"),
        format!("http://{large}/practice"),
    );
    let desk = Running::monitor(&house, &[&one, &other, "--listen", &at]);
    let page = |query: &str| format!("http://{at}/overview{query}");
    wait_until("both are checked", || {
        let shown = json(&page(".json?period=all"));
        let checked = |origin: &&str| ledger(&shown, origin)["compared_at"].is_string();
        [ORIGIN, PRACTICE].iter().all(checked)
    });
    // The monitor has the figures that the server has, of entries that it has checked.
    let here = json(&page(".json?period=all"));
    let there = json(&format!("http://{large}/overview.json?period=all"));
    assert_eq!(
        (&here["checked_here"], &there["checked_here"]),
        (&true.into(), &false.into())
    );
    let (mine, its) = (ledger(&here, PRACTICE), ledger(&there, PRACTICE));
    assert_eq!(mine["period"], its["period"]);
    assert_eq!(mine["as_of"]["size"], its["as_of"]["size"]);
    assert!(mine["period"]["entries"].as_u64().unwrap() > 0, "{mine}");
    assert_eq!(
        (&mine["home"], &its["home"]),
        (&other.as_str().into(), &"/practice".into())
    );
    assert!(its["compared_at"].is_null());
    let small_one = ledger(&here, ORIGIN);
    assert_eq!(small_one["read"], 6);
    assert_eq!(small_one["period"]["begun"], 5);
    assert_eq!(small_one["as_of"]["overdue"], 5);

    // The server goes back: that is on top, in red, and the figures stay what was checked.
    drop(server);
    let older = serve(&house, "before", &small);
    wait_until("the rollback is shown", || {
        let shown = json(&page(".json?period=all"));
        shown["findings"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["type"] == "rollback"))
    });
    let shown = read(&page("?period=all")).unwrap();
    assert!(shown.contains("账本退回"));
    assert!(!shown.contains("核对发现的问题：逾期"));
    let first = shown.split("<tbody>").nth(1).unwrap();
    assert!(
        first.split("</tr>").next().unwrap().contains("账本退回"),
        "the worst comes first"
    );
    let now = json(&page(".json?period=all"));
    assert_eq!(ledger(&now, ORIGIN)["read"], 6);
    let items = read(&page(&format!(".csv?period=all&ledger={ORIGIN}"))).unwrap();
    assert!(items.contains(&format!("{one}/t/2018-1")), "{items}");
    // The root leads there.
    assert!(read(&format!("http://{at}/")).unwrap().contains("<table"));
    if ready() {
        drive("overview.mjs", &[&format!("http://{at}")], &house.home());
    }
    // Begun again while the server is away, it shows what it has checked before.
    drop((desk, older));
    let at = free_address();
    let _desk = Running::monitor(&house, &[&one, &other, "--listen", &at]);
    let shown = || json(&format!("http://{at}/overview.json?period=all"));
    wait_until("what was checked is shown", || {
        ledger(&shown(), ORIGIN)["read"] == 6
    });
    let shown = shown();
    let small_one = ledger(&shown, ORIGIN);
    assert_eq!(small_one["as_of"]["overdue"], 5);
    assert!(small_one["compared_at"].is_null(), "{small_one}");
}
