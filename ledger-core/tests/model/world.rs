//! The library and the naive rules side by side: every attempt is put to both.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger_core::admit::admit;
use ledger_core::authenticate::authenticate;
use ledger_core::charter::{Charter, SigningRule};
use ledger_core::event::{Event, SignedEvent, Statement};
use ledger_core::evolve::evolve;
use ledger_core::hash::Hash;
use ledger_core::key::{Algorithm, SigningKey, VerifierKey};
use ledger_core::name::MemberId;
use ledger_core::note::Note;
use ledger_core::refusal::Refusal;
use ledger_core::role::Role;
use ledger_core::signing;
use ledger_core::step::Step;
use ledger_core::time::LogTime;
use ledger_core::transaction::Phase;
use serde_json::{Value, json};

use super::days;
use super::moves::{Act, Change, Detour, Move, Spoil, Wait};
use super::rules::{Fact, Model, Signer, public_key};
use super::spoils::spoilt;
use crate::scene::{
    CHANNELS, DEAL, ORIGIN, Scene, adoption, charter_with, compromised, enrolment, event, key,
    stream,
};

const DEALS: [&str; 2] = [DEAL, "other"];

/// A ledger, what the naive rules know of it, and the keys in use.
pub(crate) struct World {
    pub(crate) scene: Scene,
    pub(crate) model: Model,
    generations: BTreeMap<String, u8>,
    submitted: Vec<(Vec<u8>, Vec<Signer>)>,
    /// Every note that was tried, with the clock's time.
    pub(crate) tried: Vec<(Vec<u8>, LogTime)>,
}

/// A statement that is about to be signed, and by whom.
struct Draft {
    statement: Statement,
    signers: Vec<String>,
}

impl World {
    /// Starts where [`super::moves::sequence`] says.
    pub(crate) fn at(start: usize) -> Self {
        let scene = match start {
            0 => Scene::training(),
            17 => Scene::completed(),
            18 => Scene::small(Step::StreetReview),
            place => Scene::before(Step::ALL[place - 1]),
        };
        let mut model = Model::default();
        for entry in &scene.entries {
            let text = core::str::from_utf8(entry.bytes()).unwrap();
            let (received, note) = text.split_once('\n').unwrap();
            let (said, lines) = note.split_once("\n\n").unwrap();
            let names = lines.lines().map(|line| line.split(' ').nth(1).unwrap());
            let signer = |name: &str| {
                let member = name.rsplit('/').next().unwrap();
                let vkey = scene.keys[member].verifier().to_string();
                Signer {
                    vkey,
                    genuine: true,
                }
            };
            let received = days::seconds(received);
            let leaf = Model::leaf(received, note.as_bytes());
            let said = serde_json::from_str(said).unwrap();
            model.learn(received, leaf, said, names.map(signer).collect());
        }
        Self {
            scene,
            model,
            generations: BTreeMap::new(),
            submitted: Vec::new(),
            tried: Vec::new(),
        }
    }

    fn pick(&self, who: u8) -> String {
        let members: Vec<&String> = self.scene.keys.keys().collect();
        members[usize::from(who) % members.len()].clone()
    }

    fn elapse(&mut self, wait: &Wait, deal: &str) {
        let clock = self.scene.clock;
        self.scene.clock = match *wait {
            Wait::Seconds(seconds) => clock.plus_seconds(seconds),
            Wait::Back(seconds) => clock.minus_seconds(seconds),
            Wait::Gate(more) => {
                let opens = self.scene.opens_at(deal).unwrap_or(clock).max(clock);
                LogTime::from_unix(opens.unix() + more).unwrap()
            }
        };
    }

    /// Tries a move with both; gives the rule that refused it, or `admitted`.
    pub(crate) fn try_move(&mut self, attempt: &Move) -> &'static str {
        let deal = match attempt.act {
            Act::Next(deal)
            | Act::Step(deal, _)
            | Act::Post(deal, _)
            | Act::Detour(deal, _)
            | Act::Fail(deal) => DEALS[usize::from(deal)],
            _ => DEAL,
        };
        self.elapse(&attempt.wait, deal);
        let stream = format!("transaction/{deal}");
        let (on, happened) = match &attempt.act {
            Act::Next(_) => (stream.as_str(), self.next_of(deal)),
            Act::Step(_, step) => {
                let step = Step::ALL[usize::from(*step)];
                (stream.as_str(), self.scene.event_of(deal, step))
            }
            Act::Post(_, channel) => {
                let channels = [&CHANNELS[..], &["radio", "pigeon"]].concat();
                let channel = channels[usize::from(*channel)];
                (stream.as_str(), self.scene.posting_of(deal, channel))
            }
            Act::Change(change) => ("ledger", self.change(change)),
            Act::Reopen => ("ledger", self.scene.entries[0].statement().event.clone()),
            Act::Again(which) => return self.again(*which),
            Act::Detour(_, detour) => (stream.as_str(), self.detour_of(deal, detour)),
            Act::Fail(_) => (stream.as_str(), self.failure_of(deal)),
        };
        let spoil = attempt.spoil.as_ref();
        let draft = self.draft(on, spoilt_record(happened, spoil), spoil);
        let (note, signers) = self.signed(&draft, spoil);
        let rule = self.compare(&note, signers.clone());
        self.submitted.push((note, signers));
        rule
    }

    fn next_of(&self, deal: &str) -> Event {
        match self
            .scene
            .transaction(deal)
            .map(|transaction| &transaction.phase)
        {
            None => self.scene.event_of(deal, Step::AssetVerification),
            Some(Phase::Awaiting(awaiting)) => self.scene.event_of(deal, awaiting.step),
            Some(Phase::Publishing(publishing)) => {
                let channel = publishing.outstanding().first().unwrap();
                self.scene.posting_of(deal, channel.as_str())
            }
            Some(Phase::BiddingFailed { .. }) => self.detour_of(deal, &Detour::Return(9)),
            Some(Phase::Completed(_) | Phase::TakenOver { .. } | Phase::Terminated { .. }) => {
                self.scene.event_of(deal, Step::PublishCompletion)
            }
        }
    }

    /// What is next; if it is the bidding, one without a bid.
    fn failure_of(&self, deal: &str) -> Event {
        let mut value = serde_json::to_value(self.next_of(deal)).unwrap();
        if value["kind"] == "bidding" {
            value["outcome"] = json!({"reason": "无人出价", "result": "failed"});
        }
        event(value)
    }

    fn again(&mut self, which: u8) -> &'static str {
        if self.submitted.is_empty() {
            return "admitted";
        }
        let (note, signers) = self.submitted[usize::from(which) % self.submitted.len()].clone();
        self.compare(&note, signers)
    }

    /// The key of `member` that `kind` says; 0 is a new one.
    fn key_for(&self, member: &str, kind: u8) -> VerifierKey {
        let generation = self.generations.get(member).copied().unwrap_or(1);
        let seed = |of: &str, generation: u8| *key(of, generation).verifier().public_key();
        let own = format!("{ORIGIN}/{member}");
        let (name, algorithm, public) = match kind % 5 {
            0 => (own, Algorithm::Ed25519, seed(member, generation + 1)),
            1 => (own, Algorithm::Ed25519, seed(member, 1)),
            2 => (own, Algorithm::Ed25519, seed("zhou", 1)),
            3 => (
                format!("{ORIGIN}/zhou"),
                Algorithm::Ed25519,
                seed(member, generation + 1),
            ),
            _ => (own, Algorithm::CosignatureV1, seed(member, generation + 1)),
        };
        VerifierKey::new(&name, algorithm, &public).unwrap()
    }

    fn change(&self, change: &Change) -> Event {
        let role = |of: u8| Role::ALL[usize::from(of) % Role::ALL.len()].id();
        event(match change {
            Change::Grant(who, of) => {
                json!({"kind": "role_granted", "member": self.pick(*who), "role": role(*of)})
            }
            Change::End(who, of) => {
                let member = self.pick(*who);
                let roles = self.model.roles(&member);
                let own = roles.first().map_or("attestor", String::as_str);
                let role = of.map_or(own, role);
                json!({"kind": "role_ended", "member": member, "reason": "离任", "role": role})
            }
            Change::Rotate(who, kind) => {
                let member = if *who == 255 {
                    "stranger".to_owned()
                } else {
                    self.pick(*who)
                };
                json!({"kind": "key_rotated", "key": self.key_for(&member, *kind), "member": member})
            }
            Change::Compromise(who, which, since) => {
                let member = self.pick(*who);
                let since = LogTime::from_unix(self.scene.clock.unix() + since).unwrap();
                let mut declared = compromised(&member, since);
                declared["key"] = json!(match which {
                    0..3 => self.scene.keys[&member].verifier().clone(),
                    3 => self.key_for(&member, 1),
                    _ => self.key_for(&member, 2),
                });
                declared
            }
            Change::Enrol(who, kind, roles) => {
                let fresh = format!("fresh-{}", who % 8);
                let member = if *who < 32 { self.pick(*who) } else { fresh };
                let roles: Vec<&str> = roles.iter().map(|of| role(*of)).collect();
                let mut enrolment = enrolment(&key(&member, 1), &member, &roles);
                enrolment["key"] = json!(self.key_for(&member, *kind));
                json!({"kind": "member_enrolled", "enrolment": enrolment})
            }
            Change::Adopt(which, open) => adoption(&self.charter(*which), *open),
        })
    }

    /// A charter that differs a little from the one that ships with the library.
    fn charter(&self, which: u8) -> Charter {
        let newest = self
            .scene
            .state
            .ledger()
            .unwrap()
            .charter_at(self.scene.state.size());
        charter_with(|value| {
            value["version"] = json!(newest.version + u32::from(which % 8 != 7));
            let steps = &mut value["steps"];
            match which % 7 {
                0 => steps["member_vote"]["open_for"] = steps["listing_notice"]["open_for"].clone(),
                1 => steps["plan_drafting"]["documents"][0]["required"] = json!(false),
                2 => steps["bidding"]["signing"]["cosigns"][1]["when"] = json!("if_appointed"),
                3 => value["clocks"]["late"]["span"] = json!({"length": 1, "unit": "days"}),
                4 => value["channels"].as_array_mut().unwrap().push(
                    json!({"id": "radio", "name": "村广播", "required": which.is_multiple_of(2)}),
                ),
                5 => {
                    steps["publish_plan"]["open_for"]["span"] =
                        json!({"length": 3, "unit": "hours"})
                }
                _ => {
                    value["calendar"]["years"]["2020"] =
                        json!({"off": ["2020-01-01"], "source": "通知", "work": ["2020-01-19"]});
                }
            }
        })
    }

    /// Those who must sign, one person each, as far as there are any.
    fn signers_for(&self, rule: &SigningRule) -> Vec<String> {
        let roster = &self.scene.state.ledger().unwrap().roster;
        let position = self.scene.state.size();
        let (required, _) = signing::roles_of(rule, roster, position);
        let mut chosen: Vec<MemberId> = Vec::new();
        for role in required {
            let free = roster
                .holders(role, position)
                .find(|id| !chosen.contains(id))
                .cloned();
            chosen.extend(free);
        }
        chosen.iter().map(ToString::to_string).collect()
    }

    fn draft(&self, on: &str, happened: Event, spoil: Option<&Spoil>) -> Draft {
        let charter = match on.strip_prefix("transaction/") {
            Some(deal) => self.scene.charter(deal),
            None => self
                .scene
                .state
                .ledger()
                .unwrap()
                .charter_at(self.scene.state.size()),
        };
        let transaction = self.scene.state.transaction_of(&stream(on));
        let rule = signing::rule_of(charter, &happened, transaction).unwrap_or(&charter.postings);
        let mut signers = self.signers_for(rule);
        let mut statement = self.scene.statement(on, happened);
        match spoil {
            Some(Spoil::Without(who)) if signers.len() > 1 => {
                signers.remove(usize::from(*who) % signers.len());
            }
            Some(Spoil::With(who)) => signers.push(self.pick(*who)),
            Some(Spoil::Instead(one, other)) if !signers.is_empty() => {
                let place = usize::from(*one) % signers.len();
                signers[place] = self.pick(*other);
            }
            Some(Spoil::Stream(to)) => {
                let to = ["ledger", "concern/7", "transaction/other"][usize::from(*to)];
                statement.stream = stream(to);
            }
            Some(Spoil::Prev(to)) => {
                let head = |on: &str| self.scene.state.head(&stream(on)).unwrap();
                let entries = &self.scene.entries;
                let older = entries[entries.len() / 2].leaf();
                let first = entries[0].leaf();
                statement.prev = [Hash::ZERO, first, head("ledger"), older][usize::from(*to)];
            }
            Some(Spoil::At(seconds)) => {
                let at = LogTime::from_unix(self.scene.clock.unix() + seconds).unwrap();
                statement.at = at.into();
            }
            _ => {}
        }
        if signers.is_empty() {
            signers.push("chen".to_owned());
        }
        signers.sort();
        signers.dedup();
        Draft { statement, signers }
    }

    fn signed(&self, draft: &Draft, spoil: Option<&Spoil>) -> (Vec<u8>, Vec<Signer>) {
        let text = draft.statement.to_text().unwrap();
        let (mut lines, mut signers) = (Vec::new(), Vec::new());
        for (place, member) in draft.signers.iter().enumerate() {
            let chosen = |who: u8| usize::from(who) % draft.signers.len() == place;
            let mut signing: Arc<SigningKey> = Arc::clone(&self.scene.keys[member]);
            let mut genuine = true;
            match spoil {
                Some(Spoil::Key(who, old)) if chosen(*who) => {
                    signing = key(member, if *old { 1 } else { 200 });
                }
                Some(Spoil::Forged(who)) if chosen(*who) => genuine = false,
                _ => {}
            }
            let over = if genuine {
                text.clone()
            } else {
                format!(" {text}")
            };
            lines.push(signing.sign_note_text(&over));
            let vkey = signing.verifier().to_string();
            signers.push(Signer { vkey, genuine });
        }
        (Note::new(text, lines).unwrap().to_bytes(), signers)
    }

    /// Puts a signed event to the library and to the naive rules, which must agree.
    fn compare(&mut self, note: &[u8], signers: Vec<Signer>) -> &'static str {
        self.tried.push((note.to_vec(), self.scene.clock));
        let text = core::str::from_utf8(note).unwrap();
        let said: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        let expected = self.model.judge(&said, &signers, self.scene.clock.unix());
        let received = self.model.received(self.scene.clock.unix());
        let signed = SignedEvent::parse(note).unwrap();
        let state = &self.scene.state;
        let decided =
            authenticate(state, signed).and_then(|event| admit(state, event, self.scene.clock));
        let entry = match decided {
            Err(refusal) => return self.refused(&refusal, &expected, &said),
            Ok(entry) => entry,
        };
        assert_eq!(
            expected,
            Vec::<Value>::new(),
            "admitted against the rules: {said}\n{}",
            self.history()
        );
        let leaf = Model::leaf(received, note);
        assert_eq!(entry.leaf().to_string(), leaf);
        assert_eq!(entry.received_at().unix(), received);
        evolve(&mut self.scene.state, &entry);
        self.scene.entries.push(entry);
        self.model.learn(received, leaf, said, signers);
        self.learn();
        self.check_transaction();
        "admitted"
    }

    /// What was admitted, a line each.
    fn history(&self) -> String {
        let line = |(index, fact): (usize, &Fact)| {
            let event = &fact.said["event"];
            let told = ["kind", "to", "from", "through", "entry", "field", "channel"];
            let told = told.map(|field| event[field].to_string()).join(" ");
            format!("{index} {} {told}\n", fact.stream)
        };
        self.model.facts.iter().enumerate().map(line).collect()
    }

    fn refused(&self, refusal: &Refusal, expected: &[Value], said: &Value) -> &'static str {
        let found = serde_json::to_value(refusal).unwrap();
        let says = |expected: &Value| {
            let fields = expected.as_object().unwrap();
            fields.iter().all(|(name, value)| found[name] == *value)
        };
        // Of several broken rules, the one that comes first in the list of all.
        let place = |rule: &Value| Refusal::RULES.iter().position(|name| rule["rule"] == *name);
        let first = expected.iter().map(place).min().flatten();
        let agreed = expected.iter().any(says) && first == place(&found);
        assert!(
            agreed,
            "found {found}\nexpected one of {expected:?}\nof {said}\n{}",
            self.history()
        );
        refusal.rule()
    }

    /// Takes note of keys that the last entry brought.
    fn learn(&mut self) {
        let said = &self.model.facts.last().unwrap().said["event"];
        let (member, vkey) = match said["kind"].as_str() {
            Some("key_rotated") => (&said["member"], &said["key"]),
            Some("member_enrolled") => (&said["enrolment"]["member"], &said["enrolment"]["key"]),
            _ => return,
        };
        let member = member.as_str().unwrap().to_owned();
        let (_, public) = public_key(vkey);
        let generation = (1..=250)
            .find(|generation| key(&member, *generation).verifier().public_key()[..] == public)
            .unwrap();
        self.scene
            .keys
            .insert(member.clone(), key(&member, generation));
        self.generations.insert(member, generation);
    }

    /// What both say of the transaction that the last entry belongs to.
    fn check_transaction(&self) {
        let last = self.model.facts.last().unwrap();
        let on = last.said["stream"].as_str().unwrap();
        assert_eq!(
            self.scene.state.head(&stream(on)).unwrap().to_string(),
            last.leaf
        );
        let Some(deal) = on.strip_prefix("transaction/") else {
            return;
        };
        let transaction = self.scene.transaction(deal).unwrap();
        self.check_course(deal);
        let posted = transaction.postings.last().map(|posting| &posting.recorded);
        let passed = transaction.passed.last().map(|passed| &passed.recorded);
        for recorded in posted.into_iter().chain(passed) {
            let index = usize::try_from(recorded.index).unwrap();
            assert_eq!(recorded.recorded_late, self.model.is_late(index));
        }
    }

    /// What both say of every signature: whether its key was declared compromised since then or earlier.
    pub(crate) fn check_doubts(&self) {
        let roster = &self.scene.state.ledger().unwrap().roster;
        let declared = |vkey: &str, received: i64| {
            self.model.facts.iter().any(|fact| {
                let event = &fact.said["event"];
                event["kind"] == "key_compromised"
                    && event["key"] == vkey
                    && days::seconds(event["since"].as_str().unwrap()) <= received
            })
        };
        for (entry, fact) in self.scene.entries.iter().zip(&self.model.facts) {
            for (member, signer) in entry.signers().iter().zip(&fact.signers) {
                let doubt = roster.is_in_doubt(member, entry.index(), entry.received_at());
                assert_eq!(
                    doubt,
                    declared(&signer.vkey, fact.received),
                    "{}",
                    entry.index()
                );
            }
        }
    }

    /// What both say of every member and role.
    pub(crate) fn check_roster(&self) {
        let ledger = self.scene.state.ledger().unwrap();
        let position = self.scene.state.size();
        let members: Vec<String> = ledger
            .roster
            .members()
            .map(|(id, _)| id.to_string())
            .collect();
        let mut expected = self.model.members();
        expected.sort();
        assert_eq!(members, expected);
        for (id, member) in ledger.roster.members() {
            let active = member.key_at(position).map(ToString::to_string);
            let expected = self.model.active_key(id.as_str());
            assert_eq!(active.as_deref(), expected.and_then(Value::as_str));
            for role in Role::ALL {
                let expected = self.model.holds(id.as_str(), role.id());
                assert_eq!(member.holds(*role, position), expected, "{id} {role}");
            }
        }
    }
}

fn spoilt_record(happened: Event, spoil: Option<&Spoil>) -> Event {
    let Some(Spoil::Field(which)) = spoil else {
        return happened;
    };
    event(spoilt(serde_json::to_value(&happened).unwrap(), *which))
}
