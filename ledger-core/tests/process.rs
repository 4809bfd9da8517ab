//! The process as a table: a row for every step, at its right moment, and a row for every refusal.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "process/authority.rs"]
mod authority;
#[path = "process/concern.rs"]
mod concern;
#[path = "process/contract.rs"]
mod contract;
#[path = "process/detours.rs"]
mod detours;
#[path = "process/kinds.rs"]
mod kinds;
#[path = "process/ledger.rs"]
mod ledger;
#[path = "process/loss.rs"]
mod loss;
#[path = "process/order.rs"]
mod order;
#[path = "process/oversight.rs"]
mod oversight;
#[path = "process/privacy.rs"]
mod privacy;
#[path = "process/record.rs"]
mod record;
mod scene;
#[path = "process/takeover.rs"]
mod takeover;

use std::collections::BTreeSet;

use ledger_core::admit::Entry;
use ledger_core::language::Language;
use ledger_core::name::Label;
use ledger_core::refusal::{Class, Refusal};
use ledger_core::role::Role;
use ledger_core::step::Step;
use ledger_core::time::{LogTime, StatedTime};
use ledger_core::transaction::Phase;
use scene::{CHANNELS, DEAL, MEMBERS, ON, SIGNERS, Scene, default_charter, event, signers_of};
use serde_json::Value;

/// When each step is received, when its last posting is, and from when the next step is admitted: by
/// hand from the notices of 2018, in which 5 to 7 April and 29 April to 1 May are off, and 8 and 28
/// April are worked.
const JOURNEY: [(&str, Option<&str>, Option<&str>); 16] = [
    ("2018-03-26T10:00:00+08:00", None, None),
    ("2018-03-27T10:00:00+08:00", None, None),
    ("2018-03-28T10:00:00+08:00", None, None),
    (
        "2018-03-30T09:00:00+08:00",
        Some("2018-03-30T23:59:59+08:00"),
        Some("2018-04-10T00:00:00+08:00"),
    ),
    ("2018-04-10T00:00:00+08:00", None, None),
    ("2018-04-11T09:00:00+08:00", None, None),
    ("2018-04-20T09:00:00+08:00", None, None),
    (
        "2018-04-23T09:00:00+08:00",
        Some("2018-04-24T00:00:00+08:00"),
        Some("2018-05-03T00:00:00+08:00"),
    ),
    ("2018-05-03T00:00:00+08:00", None, None),
    (
        "2018-05-07T09:00:00+08:00",
        None,
        Some("2018-05-15T00:00:00+08:00"),
    ),
    ("2018-05-15T00:00:00+08:00", None, None),
    ("2018-05-21T10:00:00+08:00", None, None),
    (
        "2018-05-22T09:00:00+08:00",
        None,
        Some("2018-05-30T00:00:00+08:00"),
    ),
    ("2018-05-30T00:00:00+08:00", None, None),
    ("2018-06-04T09:00:00+08:00", None, None),
    (
        "2018-06-05T09:00:00+08:00",
        Some("2018-06-05T10:00:00+08:00"),
        None,
    ),
];

fn local(text: &str) -> LogTime {
    text.parse::<StatedTime>().unwrap().instant()
}

#[test]
fn sixteen_steps_are_admitted_in_order_at_their_right_moments() {
    let mut scene = Scene::founded();
    for (step, (at, posted, opens)) in Step::ALL.into_iter().zip(JOURNEY) {
        scene.clock = local(at);
        let entry = scene.step(DEAL, step).unwrap();
        assert_eq!(entry.received_at(), local(at), "{step}");
        assert_eq!(entry.index(), scene.state.size() - 1);
        let signers: BTreeSet<&str> = entry.signers().iter().map(|id| id.as_str()).collect();
        assert_eq!(signers, signers_of(step).iter().copied().collect());
        let passed = scene.transaction(DEAL).unwrap().record(step).unwrap();
        assert!(!passed.recorded.recorded_late);
        assert_eq!(&passed.event, &entry.statement().event);
        assert_eq!(step.publication_point().is_some(), posted.is_some());
        for channel in posted.map_or(&[][..], |_| &CHANNELS) {
            if *channel == "notice_board" {
                scene.clock = local(posted.unwrap());
            }
            scene.post(DEAL, channel).unwrap();
        }
        let Some(next) = step.next() else { break };
        let Some(opens) = opens else { continue };
        scene.clock = local(opens).minus_seconds(1);
        assert_eq!(
            scene.step(DEAL, next),
            Err(Refusal::WindowOpen {
                step,
                acceptable_from: local(opens)
            })
        );
    }
    let transaction = scene.transaction(DEAL).unwrap();
    assert!(matches!(&transaction.phase, Phase::Completed(disclosed)
        if disclosed.posted_at() == local("2018-06-05T10:00:00+08:00")));
    assert_eq!(transaction.postings.len(), 12);
    assert_eq!(transaction.current_step(), None);
}

/// The signers of the specification's table are those of the charter that ships with the library.
#[test]
fn the_default_charter_has_the_signers_of_the_specification() {
    let charter = default_charter();
    let role = |member: &str| MEMBERS.iter().find(|(id, _)| *id == member).unwrap().1;
    for (step, signers) in Step::ALL.into_iter().zip(SIGNERS) {
        let rule = &charter.steps.of(step).signing;
        let found: Vec<&str> = std::iter::once(rule.answers)
            .chain(rule.cosigns.iter().map(|cosigner| cosigner.role))
            .filter(|role| *role != Role::Attestor)
            .map(Role::id)
            .collect();
        let expected: Vec<&str> = signers.iter().map(|member| role(member)).collect();
        assert_eq!(found, expected, "{step}");
    }
}

/// A case, what the rules answered, and what they should.
type Row = (&'static str, Result<Entry, Refusal>, Refusal);

fn labels(names: &[&str]) -> Vec<Label> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// The event of a step after a change of its JSON.
fn changed(
    scene: &Scene,
    step: Step,
    change: impl FnOnce(&mut Value),
) -> ledger_core::event::Event {
    let mut value = serde_json::to_value(scene.event_of(DEAL, step)).unwrap();
    change(&mut value);
    event(value)
}

fn step_with(step: Step, change: impl FnOnce(&mut Value)) -> Result<Entry, Refusal> {
    let mut scene = Scene::before(step);
    let event = changed(&scene, step, change);
    scene.put(ON, event, signers_of(step))
}

#[test]
fn every_refusal_is_reached_and_says_what_was_expected() {
    let tables = [
        authority::key_rows(),
        authority::place_rows(),
        authority::signer_rows(),
        authority::time_rows(),
        order::order_rows(),
        order::channel_rows(),
        privacy::rows(),
        record::record_rows(),
        contract::payment_rows(),
        contract::contract_rows(),
        contract::undoing_rows(),
        record::vote_rows(),
        detours::waiver_rows(),
        detours::return_rows(),
        detours::correction_rows(),
        detours::termination_rows(),
        concern::concern_rows(),
        ledger::roster_rows(),
        ledger::charter_rows(),
        loss::rows(),
        takeover::rows(),
        oversight::limit_rows(),
        oversight::finding_rows(),
        oversight::ledger_rows(),
        oversight::erasure_rows(),
    ];
    let mut reached = BTreeSet::new();
    for (case, found, expected) in tables.into_iter().flatten() {
        let found = found.expect_err(case);
        assert_eq!(found, expected, "{case}");
        check_form(&found);
        reached.insert(found.rule());
    }
    let all: BTreeSet<&str> = Refusal::RULES.iter().copied().collect();
    assert_eq!(reached, all);
}

/// What every refusal is on the wire: its rule's name, a class, and words in both languages.
fn check_form(refusal: &Refusal) {
    let rule = refusal.rule();
    assert_eq!(serde_json::to_value(refusal).unwrap()["rule"], rule);
    let authority = [
        "unknown_key",
        "inactive_key",
        "invalid_signature",
        "signer_without_role",
    ];
    let class = match rule {
        rule if authority.contains(&rule) => Class::Authority,
        "stale_prev" => Class::Conflict,
        _ => Class::Rule,
    };
    assert_eq!(refusal.class(), class, "{rule}");
    for language in [Language::Zh, Language::En] {
        assert!(!refusal.title(language).is_empty());
        assert!(refusal.detail(language).len() > 20, "{rule}");
    }
}

#[test]
fn a_clock_may_be_five_minutes_fast_and_a_late_event_is_marked() {
    let step = Step::AssetVerification;
    for (offset, admitted, late) in [
        (300, true, false),
        (301, false, false),
        (-72 * 3_600, true, false),
        (-72 * 3_600 - 1, true, true),
    ] {
        let mut scene = Scene::before(step);
        let mut statement = scene.statement(ON, scene.event_of(DEAL, step));
        let at = LogTime::from_unix(scene.clock.unix() + offset).unwrap();
        statement.at = at.into();
        assert_eq!(
            scene.present(&statement, signers_of(step)).is_ok(),
            admitted
        );
        if admitted {
            let passed = &scene.transaction(DEAL).unwrap().passed[0];
            assert_eq!(passed.recorded.recorded_late, late, "{offset}");
        }
    }
}

#[test]
fn the_logs_time_never_goes_back() {
    let mut scene = Scene::before(Step::ProposalInitiation);
    let last = scene.state.last_received_at().unwrap();
    scene.clock = last.minus_seconds(1_000);
    let entry = scene.step(DEAL, Step::ProposalInitiation).unwrap();
    assert_eq!(entry.received_at(), last);
}
