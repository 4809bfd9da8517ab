//! Single events at every place of a transaction: both verifiers admit the same, and refuse by the same rule.

use data_encoding::BASE64;
use ledger_core::authenticate::authenticate;
use ledger_core::event::{Event, SignedEvent, entry_bytes};
use ledger_core::step::{PublicationPoint, Step};
use serde_json::{Value, json};

use crate::ask;
use crate::scene::{CHANNELS, DEAL, MEMBERS, ON, ORIGIN, Scene, event, signers_of};

/// One more entry after those of a scene, and what the Rust rules say of it.
struct Case {
    after: usize,
    entry: Vec<u8>,
    name: String,
    verdict: &'static str,
}

/// Collects cases on the way through one transaction.
#[derive(Default)]
struct Cases(Vec<Case>);

impl Cases {
    fn add(&mut self, scene: &Scene, name: String, on: &str, event: Event, signers: &[&str]) {
        let statement = scene.statement(on, event);
        let signed = SignedEvent::parse(&scene.sign(&statement, signers)).unwrap();
        let entry = entry_bytes(scene.clock, &signed);
        let admitted = authenticate(&scene.state, signed)
            .and_then(|event| ledger_core::admit::admit(&scene.state, event, scene.clock));
        self.0.push(Case {
            after: scene.entries.len(),
            entry,
            name,
            verdict: admitted.map_or_else(|refusal| refusal.rule(), |_| "holds"),
        });
    }

    /// Every step's event, whosever turn it is.
    fn steps(&mut self, scene: &Scene, place: &str) {
        for step in Step::ALL {
            let name = format!("{place}: {step}");
            let event = scene.event_of(DEAL, step);
            self.add(scene, name, ON, event, signers_of(step));
        }
    }

    /// The step whose turn it is, signed by others than those who must.
    fn signers(&mut self, scene: &Scene, step: Step) {
        let event = || scene.event_of(DEAL, step);
        let signers = signers_of(step);
        for absent in signers {
            let left: Vec<&str> = signers
                .iter()
                .copied()
                .filter(|one| one != absent)
                .collect();
            self.add(
                scene,
                format!("{step} without {absent}"),
                ON,
                event(),
                &left,
            );
        }
        for (member, _) in MEMBERS {
            if !signers.contains(&member) {
                let more = [signers, &[member]].concat();
                self.add(scene, format!("{step} with {member}"), ON, event(), &more);
            }
        }
        // Any few people, by a sequence that is always the same.
        let mut sequence = u64::from(step.number());
        for _ in 0..6 {
            let drawn: Vec<&str> = MEMBERS
                .iter()
                .filter(|_| {
                    sequence = sequence
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    sequence >> 62 == 0
                })
                .map(|(member, _)| *member)
                .collect();
            if !drawn.is_empty() {
                self.add(scene, format!("{step} by {drawn:?}"), ON, event(), &drawn);
            }
        }
    }

    /// The step whose turn it is, around the end of the window before it.
    fn times(&mut self, scene: &Scene, step: Step) {
        let Some(opens_at) = scene.opens_at(DEAL) else {
            return;
        };
        for (name, clock) in [
            ("a second early", opens_at.minus_seconds(1)),
            ("a day early", opens_at.minus_seconds(86_400)),
            ("on time", opens_at),
            ("years late", opens_at.plus_seconds(86_400 * 900)),
        ] {
            let mut then = scene.clone();
            if then
                .state
                .last_received_at()
                .is_some_and(|last| clock < last)
            {
                continue;
            }
            then.clock = clock;
            let event = then.event_of(DEAL, step);
            self.add(&then, format!("{step} {name}"), ON, event, signers_of(step));
        }
    }

    /// The ways off the straight path.
    fn detours(&mut self, scene: &Scene, place: &str) {
        for step in Step::ALL {
            let back =
                json!({"kind": "returned", "documents": [], "reason": "重办", "to": step.id()});
            self.add(
                scene,
                format!("{place}: back to {step}"),
                ON,
                event(back),
                &["chen", "huang"],
            );
            let waived = json!({
                "kind": "step_waived", "basis": "小额", "documents": [],
                "from": step.id(), "through": Step::Bidding.id(),
            });
            self.add(
                scene,
                format!("{place}: waive {step}"),
                ON,
                event(waived),
                &["chen", "huang"],
            );
        }
        let end = json!({"kind": "terminated", "documents": [], "reason": "不办了"});
        self.add(
            scene,
            format!("{place}: the end"),
            ON,
            event(end),
            &["chen", "huang"],
        );
        for entry in (0..scene.entries.len()).step_by(3) {
            for (field, value) in [("/summary", json!("改过的摘要。")), ("/kind_of", json!(1))]
            {
                let fixed = json!({
                    "kind": "corrected", "documents": [], "entry": entry, "field": field,
                    "reason": "写错", "value": value,
                });
                let step = scene.entries[entry]
                    .statement()
                    .event
                    .step()
                    .map(|view| view.step);
                let signers = step.map_or(&["chen", "huang"][..], signers_of);
                let name = format!("{place}: correct {field} of {entry}");
                self.add(scene, name, ON, event(fixed), signers);
            }
        }
    }

    /// Postings: on each channel, of something else, by somebody else.
    fn postings(&mut self, scene: &Scene, place: &str) {
        for channel in CHANNELS.into_iter().chain(["elsewhere"]) {
            let posting = scene.posting_of(DEAL, channel);
            self.add(
                scene,
                format!("{place}: post {channel}"),
                ON,
                posting,
                &["wu"],
            );
        }
        let mut other = serde_json::to_value(scene.posting_of(DEAL, "platform")).unwrap();
        other["disclosure"] = json!("ab".repeat(32));
        self.add(
            scene,
            format!("{place}: post another"),
            ON,
            event(other),
            &["wu"],
        );
        let posting = scene.posting_of(DEAL, "platform");
        self.add(
            scene,
            format!("{place}: chen posts"),
            ON,
            posting,
            &["chen"],
        );
    }

    /// Events of the ledger's own stream, and events in streams that are not theirs.
    fn ledger(&mut self, scene: &Scene, place: &str) {
        let new = crate::scene::key("new", 1);
        let both = ["chen", "huang"];
        let enrolled = |id: &str, key, roles: &[&str]| json!({"kind": "member_enrolled", "enrolment": crate::scene::enrolment(key, id, roles)});
        let rotated = |member: &str, key: &ledger_core::SigningKey| json!({"kind": "key_rotated", "key": key.verifier(), "member": member});
        let second = crate::scene::key("chen", 2);
        let since = scene.clock.minus_seconds(60);
        for (name, value) in [
            ("enrol", enrolled("new", &new, &["attestor"])),
            ("enrol again", enrolled("chen", &second, &[])),
            (
                "enrol another's key",
                enrolled("new", &crate::scene::key("chen", 1), &[]),
            ),
            (
                "enrol the supervisor as accountant",
                enrolled("new", &new, &["supervisor", "accountant"]),
            ),
            (
                "enrol the intake as chair",
                enrolled("new", &new, &["intake", "chair"]),
            ),
            (
                "grant",
                json!({"kind": "role_granted", "member": "su", "role": "legal_counsel"}),
            ),
            (
                "grant what is held",
                json!({"kind": "role_granted", "member": "su", "role": "attestor"}),
            ),
            (
                "grant what is excluded",
                json!({"kind": "role_granted", "member": "huang", "role": "cashier"}),
            ),
            (
                "grant to nobody",
                json!({"kind": "role_granted", "member": "nobody", "role": "cashier"}),
            ),
            (
                "end",
                json!({"kind": "role_ended", "member": "su", "reason": "期满", "role": "attestor"}),
            ),
            (
                "end what is not held",
                json!({"kind": "role_ended", "member": "su", "reason": "期满", "role": "chair"}),
            ),
            (
                "end the last chair",
                json!({"kind": "role_ended", "member": "chen", "reason": "期满", "role": "chair"}),
            ),
            ("rotate", rotated("chen", &second)),
            (
                "rotate to the same",
                rotated("chen", &crate::scene::key("chen", 1)),
            ),
            ("rotate to another's name", rotated("chen", &new)),
            ("compromise", crate::scene::compromised("su", since)),
            (
                "compromise later",
                crate::scene::compromised("su", scene.clock.plus_seconds(60)),
            ),
            (
                "compromise the chair",
                crate::scene::compromised("chen", since),
            ),
        ] {
            self.add(
                scene,
                format!("{place}: {name}"),
                "ledger",
                event(value.clone()),
                &both,
            );
            self.add(
                scene,
                format!("{place}: {name}, by one"),
                "ledger",
                event(value.clone()),
                &["chen"],
            );
            self.add(
                scene,
                format!("{place}: {name}, elsewhere"),
                ON,
                event(value),
                &both,
            );
        }
        let charter = crate::scene::second_charter(|_| {});
        let adopted = crate::scene::adoption(&charter, true);
        self.add(
            scene,
            format!("{place}: adopt"),
            "ledger",
            event(adopted.clone()),
            &both,
        );
        let mut unvoted = adopted.clone();
        unvoted.as_object_mut().unwrap().remove("vote");
        self.add(
            scene,
            format!("{place}: adopt unvoted"),
            "ledger",
            event(unvoted),
            &both,
        );
        let mut few = adopted;
        few["vote"]["for"] = json!(100);
        few["vote"]["against"] = json!(140);
        self.add(
            scene,
            format!("{place}: adopt outvoted"),
            "ledger",
            event(few),
            &both,
        );
        let again = crate::scene::adoption(&crate::scene::default_charter(), true);
        self.add(
            scene,
            format!("{place}: adopt the same"),
            "ledger",
            event(again),
            &both,
        );
    }

    /// A declared loss: as it must be, of nothing, without proof, to a log that was used before.
    fn losses(&mut self, scene: &Scene, place: &str) {
        use crate::scene::loss::{SUCCESSOR, declaration, log_key, lost};
        let true_one = declaration(scene);
        let size = scene.entries.len() as u64;
        let old = log_key(ORIGIN, 99);
        let mut forged = true_one["lost"].clone();
        forged["size"] = json!(size + 7);
        let cosigner = ledger_core::cosignature::Cosigner::from_seed(SUCCESSOR, &[98; 32]).unwrap();
        let members = ledger_core::SigningKey::from_seed(SUCCESSOR, &[98; 32]).unwrap();
        for (name, field, value) in [
            ("as it is", "reason", json!("硬盘损坏")),
            ("of nothing", "lost", json!(lost(&old, size))),
            (
                "of another log",
                "lost",
                json!(lost(&log_key(SUCCESSOR, 97), size + 2)),
            ),
            (
                "by another key",
                "lost",
                json!(lost(&log_key(ORIGIN, 97), size + 2)),
            ),
            ("without proof", "lost", forged),
            (
                "to the old name",
                "log_key",
                json!(log_key(ORIGIN, 98).verifier()),
            ),
            (
                "to the old key",
                "log_key",
                json!(log_key(SUCCESSOR, 99).verifier()),
            ),
            (
                "to no origin",
                "log_key",
                json!(log_key("donglang", 98).verifier()),
            ),
            ("to a cosigner", "log_key", json!(cosigner.verifier())),
            ("to a new log", "log_key", json!(members.verifier())),
            (
                "elsewhere",
                "saved",
                json!({"root": "09".repeat(32), "size": size + 1}),
            ),
        ] {
            let mut declared = true_one.clone();
            declared[field] = value;
            let name = format!("{place}: loss {name}");
            for signers in [&["chen", "huang"][..], &["chen"]] {
                self.add(
                    scene,
                    name.clone(),
                    "ledger",
                    event(declared.clone()),
                    signers,
                );
            }
            self.add(scene, name, ON, event(declared), &["chen", "huang"]);
        }
    }

    /// Concerns: raised, answered, closed and rated, in and out of turn.
    fn concerns(&mut self, scene: &Scene, place: &str) {
        for subject in ["pre_plan", "plan", "result", "completion", "general"] {
            let raised = json!({
                "kind": "concern_raised", "documents": [], "subject": subject, "text": "价格太低",
                "transaction": DEAL,
            });
            self.add(
                scene,
                format!("{place}: concern {subject}"),
                "concern/c1",
                event(raised.clone()),
                &["intake"],
            );
            self.add(
                scene,
                format!("{place}: concern {subject} by chen"),
                "concern/c1",
                event(raised),
                &["chen"],
            );
        }
        let elsewhere = json!({
            "kind": "concern_raised", "documents": [], "subject": "general", "text": "问", "transaction": "none",
        });
        self.add(
            scene,
            format!("{place}: concern of none"),
            "concern/c1",
            event(elsewhere),
            &["intake"],
        );
        let answered = json!({
            "kind": "concern_answered", "also": [], "answer": "答", "documents": [], "outcome": "explained",
            "transaction": DEAL,
        });
        self.add(
            scene,
            format!("{place}: answer nothing"),
            "concern/c1",
            event(answered),
            &["chen"],
        );
    }

    /// Records that contradict themselves, or the charter.
    fn records(&mut self, scene: &Scene, step: Step) {
        let changes: &[(&str, Value)] = match step {
            Step::MemberVote => &[
                ("for", json!(100)),
                ("present", json!(100)),
                ("members", json!(200)),
                ("body", json!("council")),
                ("held_on", json!("2030-01-01")),
            ],
            Step::PartyReview => &[("met_on", json!("2030-01-01"))],
            Step::ContractSigning => &[("signed_on", json!("2030-01-01"))],
            _ => &[],
        };
        let body = scene.body_of(DEAL, step);
        for (field, value) in changes {
            let mut changed = body.clone();
            changed[*field] = value.clone();
            let event = scene.composed(DEAL, step, changed);
            self.add(
                scene,
                format!("{step} with {field} {value}"),
                ON,
                event,
                signers_of(step),
            );
        }
        let mut bare = body.clone();
        bare["documents"] = json!([]);
        let event_bare = scene.composed(DEAL, step, bare);
        self.add(
            scene,
            format!("{step} without documents"),
            ON,
            event_bare,
            signers_of(step),
        );
        if step.publication_point().is_some() {
            let mut other = serde_json::to_value(scene.event_of(DEAL, step)).unwrap();
            other["disclosure"] = json!("ab".repeat(32));
            self.add(
                scene,
                format!("{step} of another digest"),
                ON,
                event(other),
                signers_of(step),
            );
            let mut fewer = body;
            fewer["channels"] = json!(["platform"]);
            let fewer = scene.composed(DEAL, step, fewer);
            self.add(
                scene,
                format!("{step} on one channel"),
                ON,
                fewer,
                signers_of(step),
            );
        }
    }
}

fn collected() -> Cases {
    let mut cases = Cases::default();
    for step in Step::ALL {
        let scene = Scene::before(step);
        let place = format!("before {step}");
        cases.steps(&scene, &place);
        cases.signers(&scene, step);
        cases.times(&scene, step);
        cases.records(&scene, step);
        cases.detours(&scene, &place);
        cases.concerns(&scene, &place);
        cases.postings(&scene, &place);
    }
    for point in [
        PublicationPoint::PrePlan,
        PublicationPoint::Plan,
        PublicationPoint::Completion,
    ] {
        let scene = Scene::published(point);
        let place = format!("after {point:?}");
        cases.steps(&scene, &place);
        cases.postings(&scene, &place);
        cases.detours(&scene, &place);
        cases.concerns(&scene, &place);
    }
    let completed = Scene::completed();
    cases.steps(&completed, "completed");
    cases.detours(&completed, "completed");
    cases.concerns(&completed, "completed");
    cases.ledger(&completed, "completed");
    cases.ledger(&Scene::founded(), "founded");
    cases.losses(&Scene::founded(), "founded");
    cases.losses(&completed, "completed");
    cases.steps(&Scene::founded(), "founded");
    cases
}

#[test]
fn both_verifiers_judge_every_event_alike() {
    let cases = collected().0;
    let completed = Scene::completed();
    let entries: Vec<String> = (completed.entries.iter())
        .map(|entry| BASE64.encode(entry.bytes()))
        .collect();
    let asked: Vec<Value> = cases
        .iter()
        .map(|case| json!({"after": case.after, "entry": BASE64.encode(&case.entry)}))
        .collect();
    let rules: std::collections::BTreeSet<_> = cases.iter().map(|case| case.verdict).collect();
    assert!(rules.len() >= 30, "{rules:?}");
    let input = json!({"entries": entries, "cases": asked});
    let Some(answers) = ask::<&str>("events", &[], &input) else {
        return;
    };
    assert_eq!(answers.len(), cases.len());
    let differ: Vec<String> = cases
        .iter()
        .zip(&answers)
        .filter_map(|(case, answer)| {
            let second = answer["rule"].as_str().or(answer["kind"].as_str());
            let second = second.unwrap_or_else(|| answer["verdict"].as_str().unwrap());
            (second != case.verdict).then(|| format!("{}: {} / {answer}", case.name, case.verdict))
        })
        .collect();
    assert!(
        differ.is_empty(),
        "{} of {} differ:\n{}",
        differ.len(),
        cases.len(),
        differ[..differ.len().min(30)].join("\n")
    );
}
