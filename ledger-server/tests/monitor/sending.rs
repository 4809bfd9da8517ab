//! How what was found reaches those who must know: whoever is down, whatever is killed.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::house::House;
use crate::office::{Got, Receiver, Running, free_address, once, sanzi, wait_until};

fn ok() -> Option<(u16, String)> {
    Some((200, r#"{"errcode":0,"errmsg":"ok"}"#.to_owned()))
}

/// The ids of the findings in these messages.
fn ids(got: &[Got]) -> BTreeSet<String> {
    let findings = |got: &Got| got.json()["findings"].as_array().unwrap().clone();
    let all = got.iter().flat_map(findings);
    all.map(|finding| finding["id"].as_str().unwrap().to_owned())
        .collect()
}

/// The ids of all that was ever found.
fn found(house: &House) -> BTreeSet<String> {
    let all = fs::read_to_string(house.path("watch/findings.jsonl")).unwrap_or_default();
    let id = |line: &str| {
        let finding: Value = serde_json::from_str(line).unwrap();
        finding["id"].as_str().unwrap().to_owned()
    };
    all.lines().map(id).collect()
}

/// Files below a folder that hold a text.
fn holding(house: &House, text: &str) -> Vec<String> {
    let mut command = std::process::Command::new("grep");
    let output = command
        .args(["-rl", text])
        .arg(house.path("watch"))
        .output();
    let output = String::from_utf8(output.unwrap().stdout).unwrap();
    output.lines().map(str::to_owned).collect()
}

#[test]
fn messages_are_signed_and_their_url_is_nowhere_to_be_seen() {
    let house = House::new();
    house.grow("data", 0..3);
    let receiver = Receiver::new(|_, _| ok());
    let url = format!("http://{}/hook?key=s-e-c-r-e-t\n", receiver.address);
    fs::write(house.path("url"), url).unwrap();
    fs::write(
        house.path("secret"),
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
    )
    .unwrap();
    let settings = "source = [\"data\"]\ndata = \"watch\"\npins = [\"pins.json\"]\nwebhook-file = \"url\"\nwebhook-secret-file = \"secret\"\n";
    fs::write(house.path("monitor.toml"), settings).unwrap();
    let output = sanzi(&house, &["monitor", "--config", "monitor.toml", "--once"]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(3));
    let got = receiver.got();
    assert_eq!(got.len(), 1, "{got:?}");
    assert_eq!(got[0].path, "/hook?key=s-e-c-r-e-t");
    assert_eq!(ids(&got), found(&house));
    assert_eq!(ids(&got).len(), 3);
    let secret = data_encoding::BASE64
        .decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        .unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
    let (id, time) = (
        got[0].header("webhook-id"),
        got[0].header("webhook-timestamp"),
    );
    mac.update(format!("{id}.{time}.{}", got[0].body).as_bytes());
    let expected = data_encoding::BASE64.encode(&mac.finalize().into_bytes());
    assert_eq!(got[0].header("webhook-signature"), format!("v1,{expected}"));
    assert_eq!(got[0].json()["message_id"], id);
    let said = [output.stdout, output.stderr].concat();
    assert!(!String::from_utf8(said).unwrap().contains("s-e-c-r-e-t"));
    assert_eq!(holding(&house, "s-e-c-r-e-t"), Vec::<String>::new());
    // Where it is written wrong, either.
    fs::write(house.path("wrong.toml"), "wecom = http://x/s-e-c-r-e-t\n").unwrap();
    let said = house.ends(2, &["monitor", "--config", "wrong.toml", "data"]);
    assert!(
        said.contains("wrong.toml:1") && !said.contains("s-e-c-r-e-t"),
        "{said}"
    );
    fs::write(house.path("wrong.toml"), "wecom = 5 # s-e-c-r-e-t\n").unwrap();
    let said = house.ends(2, &["monitor", "--config", "wrong.toml", "data"]);
    assert!(
        said.contains("wrong.toml:1") && !said.contains("s-e-c-r-e-t"),
        "{said}"
    );
    let said = house.ends(
        2,
        &["monitor", "data", "--data", "w", "--webhook", "s-e-c-r-e-t"],
    );
    assert!(!said.contains("s-e-c-r-e-t"), "{said}");
}

#[test]
fn what_was_being_sent_when_the_monitor_was_killed_arrives_under_the_same_id() {
    let house = House::new();
    house.grow("data", 0..5);
    let calls = Arc::new(AtomicUsize::new(0));
    let heard = Arc::clone(&calls);
    let receiver = Receiver::new(move |_, _| match heard.load(Ordering::SeqCst) {
        // The first message arrives, and its answer never does.
        0 => None,
        _ => match heard.fetch_add(1, Ordering::SeqCst) {
            1 => Some((503, String::new())),
            2 => Some((307, String::new())),
            _ => ok(),
        },
    });
    let hook = format!("http://{}/hook", receiver.address);
    let arguments = ["data", "--pins", "pins.json", "--webhook", &hook];
    let running = Running::monitor(&house, &arguments);
    wait_until("a message arrives", || !receiver.got().is_empty());
    running.signal("-KILL");
    drop(running);
    let before = receiver.got();
    assert_eq!(before.len(), 1);
    assert_eq!(ids(&before), found(&house));

    // More is found in the meantime; the receiver takes nothing at first, then everything.
    house.grow("data", 5..9);
    calls.store(1, Ordering::SeqCst);
    let running = Running::monitor(&house, &arguments);
    let taken = || -> Vec<Got> { receiver.got().into_iter().skip(3).collect() };
    wait_until("all arrives", || ids(&taken()).len() == 9);
    assert_eq!(ids(&taken()), found(&house));
    // The same bytes under the same id, as often as it takes; no redirect was followed.
    let got = receiver.got();
    for again in &got[..4] {
        assert_eq!(again.header("webhook-id"), got[0].header("webhook-id"));
        assert_eq!((&again.body, &again.path), (&got[0].body, &got[0].path));
    }
    running.signal("-TERM");
}

#[test]
fn a_receiver_whose_url_was_changed_is_told_what_the_old_one_never_took() {
    let house = House::new();
    house.grow("data", 0..3);
    let nobody = format!("http://{}/hook", free_address());
    let running = Running::monitor(&house, &["data", "--webhook", &nobody]);
    wait_until("all is found", || found(&house).len() == 3);
    running.signal("-KILL");
    drop(running);
    let receiver = Receiver::new(|_, _| ok());
    let hook = format!("http://{}/hook", receiver.address);
    assert_eq!(once(&house, &["data", "--webhook", &hook]).0, 3);
    assert_eq!(ids(&receiver.got()), found(&house));
    assert_eq!(fs::read_dir(house.path("watch/outbox")).unwrap().count(), 1);
}

#[test]
fn killed_again_and_again_it_loses_nothing() {
    let house = House::new();
    let receiver = Receiver::new(|number, _| match number % 3 {
        0 => Some((500, String::new())),
        _ => ok(),
    });
    let hook = format!("http://{}/hook", receiver.address);
    let arguments = ["data", "--pins", "pins.json", "--webhook", &hook];
    for round in 0..12_usize {
        house.grow("data", round * 3..round * 3 + 3);
        let running = Running::monitor(&house, &arguments);
        std::thread::sleep(Duration::from_millis(60 + 47 * round as u64));
        running.signal("-KILL");
    }
    let running = Running::monitor(&house, &arguments);
    let all = || {
        let findings = receiver.got().into_iter().flat_map(|got| {
            let findings = got.json()["findings"].as_array().unwrap().clone();
            findings
                .into_iter()
                .map(|one| one["subject"].as_str().unwrap().to_owned())
        });
        findings.collect::<BTreeSet<String>>().len()
    };
    wait_until("every transaction is told", || all() == 36);
    drop(running);
}

#[test]
fn a_robot_that_is_down_gets_everything_when_it_is_back_and_checking_goes_on() {
    let house = House::new();
    house.grow("data", 0..2);
    let at = free_address();
    let hook = format!("http://{at}/cgi-bin/webhook/send?key=k");
    let arguments = [
        "data",
        "--pins",
        "pins.json",
        "--wecom",
        &hook,
        "--wecom-format",
        "text",
    ];
    let _running = Running::monitor(&house, &arguments);
    wait_until("the first are found", || found(&house).len() == 2);
    house.grow("data", 2..30);
    wait_until("the others are found", || found(&house).len() == 30);
    let robot = Receiver::at(&at, |_, got| {
        let content = got.json()["text"]["content"].as_str().unwrap().len();
        assert!(content <= 2048);
        ok()
    });
    let told = || {
        let all = robot.got();
        let all = all
            .iter()
            .map(|got| got.json()["text"]["content"].as_str().unwrap().to_owned());
        all.collect::<Vec<String>>()
    };
    let transactions = |text: &str| {
        (0..30)
            .filter(|n| text.contains(&format!("2018-{n}：")))
            .count()
    };
    wait_until("all arrives", || transactions(&told().join("\n")) == 30);
    let messages = told();
    // Thirty findings in a few messages, not thirty.
    assert!(messages.len() < 20, "{}", messages.len());
    assert!(messages[0].starts_with("三资账监督："), "{}", messages[0]);
    assert!(
        messages[0].contains("逾期未办") && messages[0].contains("编号"),
        "{}",
        messages[0]
    );
}

#[test]
fn a_robot_that_says_too_often_is_left_alone_for_a_minute() {
    let house = House::new();
    house.grow("data", 0..1);
    let robot = Receiver::new(|_, _| {
        Some((
            200,
            r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#.to_owned(),
        ))
    });
    let hook = format!("http://{}/send?key=k", robot.address);
    let mut command = sanzi(
        &house,
        &["monitor", "data", "--data", "watch", "--wecom", &hook],
    );
    let mut child = command
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("it is asked", || !robot.got().is_empty());
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(robot.got().len(), 1);
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("45009") && said.contains("留在发件箱"),
        "{said}"
    );
    // What was not taken is still there for the next run.
    let (_, again) = once(&house, &["data"]);
    assert_eq!(again, Vec::<Value>::new());
    assert_eq!(
        holding(&house, "overdue - 2018-0").len(),
        3,
        "memory, journal, finding"
    );
}
