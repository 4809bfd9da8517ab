//! The rules once more, naively: a flat list of all that was admitted, scanned anew for every
//! question. Written from the text of the specification; knows JSON, and nothing of the library.

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::course::is_detour;
use super::days::{end_of, seconds, text};

pub(crate) const STEPS: [&str; 16] = [
    "asset_verification",
    "proposal_initiation",
    "party_review",
    "publish_pre_plan",
    "feedback_and_valuation",
    "plan_drafting",
    "member_vote",
    "publish_plan",
    "street_review",
    "listing_notice",
    "bidder_qualification",
    "bidding",
    "result_and_objection",
    "contract_signing",
    "handover_and_receipt",
    "publish_completion",
];

/// One line below a statement.
#[derive(Debug, Clone)]
pub(crate) struct Signer {
    /// The key it names, in the form of signed-note.
    pub(crate) vkey: String,
    /// Whether that key signed this very text.
    pub(crate) genuine: bool,
}

impl Signer {
    fn name(&self) -> &str {
        self.vkey.split('+').next().unwrap()
    }
}

/// One entry.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    pub(crate) received: i64,
    pub(crate) leaf: String,
    pub(crate) said: Value,
    pub(crate) signers: Vec<Signer>,
    pub(crate) stream: String,
}

/// All entries, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    pub(crate) facts: Vec<Fact>,
}

pub(crate) fn str_of(value: &Value) -> &str {
    value.as_str().unwrap()
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

pub(crate) fn is_step(kind: &str) -> bool {
    STEPS.contains(&kind)
}

/// The key itself, whatever its name, and the byte of its algorithm.
pub(crate) fn public_key(vkey: &Value) -> (u8, Vec<u8>) {
    let bytes = str_of(vkey).splitn(3, '+').nth(2).unwrap();
    let bytes = BASE64.decode(bytes.as_bytes()).unwrap();
    (bytes[0], bytes[1..].to_vec())
}

/// Whether every role can be given to somebody else of `people`.
pub(crate) fn can_fill(
    roles: &[&str],
    people: &[String],
    holds: &dyn Fn(&str, &str) -> bool,
) -> bool {
    let Some((role, rest)) = roles.split_first() else {
        return true;
    };
    people.iter().enumerate().any(|(place, person)| {
        let mut others = people.to_vec();
        others.remove(place);
        holds(person, role) && can_fill(rest, &others, holds)
    })
}

/// The private data that spoilt records hold: one number and one name, found by looking for them.
fn private_data(event: &Value) -> Option<Value> {
    let refused = |field: &str, expected: &str, kind: &str, from: usize, length: usize| {
        json!({
            "rule": "private_data", "field": field, "expected": expected, "found": kind,
            "from": from + 1, "until": from + length,
        })
    };
    let named = |(place, applicant): (usize, &Value)| {
        let field = format!("event.applicants[{place}].name");
        (applicant["name"] == "李四").then(|| refused(&field, "masked_name", "personal_name", 0, 2))
    };
    let applicants = event["applicants"].as_array().into_iter().flatten();
    let name = applicants.enumerate().find_map(named);
    name.or_else(|| {
        ["location", "summary"].iter().find_map(|field| {
            let text = event[*field].as_str()?;
            let from = text[..text.find("13800138000")?].chars().count();
            let field = format!("event.{field}");
            Some(refused(&field, "no_number", "mobile_number", from, 11))
        })
    })
}

impl Model {
    /// What an entry's hash is.
    pub(crate) fn leaf(received: i64, note: &[u8]) -> String {
        let entry = [&[0], text(received).as_bytes(), b"\n", note].concat();
        HEXLOWER.encode(&Sha256::digest(entry))
    }

    /// Takes note of what was admitted.
    pub(crate) fn learn(&mut self, received: i64, leaf: String, said: Value, signers: Vec<Signer>) {
        let stream = str_of(&said["stream"]).to_owned();
        self.facts.push(Fact {
            received,
            leaf,
            said,
            signers,
            stream,
        });
    }

    /// When an event that comes now is received.
    pub(crate) fn received(&self, now: i64) -> i64 {
        self.facts.last().map_or(now, |last| last.received.max(now))
    }

    fn opened(&self) -> &Value {
        &self.facts[0].said["event"]
    }

    fn of_stream<'a>(&'a self, stream: &'a str) -> impl Iterator<Item = (usize, &'a Fact)> {
        let of = move |(_, fact): &(usize, &Fact)| fact.stream == stream;
        self.facts.iter().enumerate().filter(of)
    }

    /// The leaf that the next event of a stream follows.
    pub(crate) fn head(&self, stream: &str) -> String {
        match (self.of_stream(stream).last(), self.facts.first()) {
            (Some((_, last)), _) => last.leaf.clone(),
            (None, Some(first)) => first.leaf.clone(),
            (None, None) => "0".repeat(64),
        }
    }

    fn changes(&self) -> impl Iterator<Item = (usize, &Value)> {
        let of_ledger = self.of_stream("ledger");
        of_ledger.map(|(index, fact)| (index, &fact.said["event"]))
    }

    fn changes_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (usize, &'a Value)> {
        self.changes()
            .filter(move |(_, event)| event["kind"] == kind)
    }

    fn enrolments(&self) -> Vec<&Value> {
        let mut all: Vec<&Value> = list(&self.opened()["members"]).iter().collect();
        all.extend(
            self.changes_of("member_enrolled")
                .map(|(_, event)| &event["enrolment"]),
        );
        all
    }

    pub(crate) fn members(&self) -> Vec<String> {
        let ids = self
            .enrolments()
            .into_iter()
            .map(|one| str_of(&one["member"]).to_owned());
        ids.collect()
    }

    /// All keys a member ever had, and the one that counts now.
    fn keys(&self, member: &str) -> (Vec<&Value>, Option<&Value>) {
        let enrolled = self.enrolments();
        let Some(first) = enrolled.iter().find(|one| one["member"] == member) else {
            return (Vec::new(), None);
        };
        let (mut all, mut active) = (vec![&first["key"]], Some(&first["key"]));
        for (_, event) in self
            .changes()
            .filter(|(_, event)| event["member"] == member)
        {
            match str_of(&event["kind"]) {
                "key_rotated" => {
                    all.push(&event["key"]);
                    active = Some(&event["key"]);
                }
                "key_compromised" if active == Some(&event["key"]) => active = None,
                _ => {}
            }
        }
        (all, active)
    }

    pub(crate) fn holds(&self, member: &str, role: &str) -> bool {
        let enrolled = self.enrolments();
        let first = enrolled.iter().find(|one| one["member"] == member);
        let mut held = first.is_some_and(|one| list(&one["roles"]).iter().any(|r| r == role));
        for (_, event) in self.changes() {
            if event["member"] == member && event["role"] == role {
                held = event["kind"] == "role_granted";
            }
        }
        held
    }

    pub(crate) fn roles(&self, member: &str) -> Vec<String> {
        let all = [
            "chair",
            "asset_manager",
            "accountant",
            "cashier",
            "supervisor",
            "council_member",
            "party_secretary",
            "first_secretary",
            "disclosure_officer",
            "legal_counsel",
            "assembly_chair",
            "scrutineer",
            "street_office",
            "street_reviewer",
            "trading_service",
            "trading_checker",
            "attestor",
            "intake",
        ];
        all.iter()
            .filter(|role| self.holds(member, role))
            .map(|role| (*role).to_owned())
            .collect()
    }

    /// The charter of new dealings, or of a stream that has begun.
    pub(crate) fn charter(&self, stream: Option<&str>, position: usize) -> &Value {
        let begun = stream.and_then(|stream| self.of_stream(stream).next());
        let begun = begun.map_or(position, |(index, _)| index);
        let mut charter = &self.opened()["charter"];
        for (index, event) in self.changes_of("charter_adopted") {
            if index < begun || index < position && event["applies_to_open"] == true {
                charter = &event["charter"];
            }
        }
        charter
    }

    /// The first rule that is broken, or those of which the first may be any; none if admitted. Each
    /// is what the refusal must say, as far as the specification tells it.
    pub(crate) fn judge(&self, said: &Value, signers: &[Signer], now: i64) -> Vec<Value> {
        let received = self.received(now);
        if self.facts.is_empty() {
            return vec![json!({"rule": "not_opened"})];
        }
        if let Some(broken) = signers.iter().find_map(|signer| self.key_rule(signer)) {
            return vec![broken];
        }
        let event = &said["event"];
        if event["kind"] == "ledger_opened" {
            return vec![json!({"rule": "already_opened"})];
        }
        let broken = self.place_rules(said, received);
        if !broken.is_empty() {
            return broken;
        }
        let stream = str_of(&said["stream"]);
        let people: Vec<String> = signers.iter().map(|s| member_of(s.name())).collect();
        let charter = self.charter(Some(stream), self.facts.len());
        let newest = self.charter(None, self.facts.len());
        let kind = str_of(&event["kind"]);
        let signing = match kind {
            "charter_adopted" => &newest["charter_changes"],
            "channel_posted" => &charter["postings"],
            step if is_step(step) => &charter["steps"][step]["signing"],
            "corrected" => match self.unsignable(stream, event) {
                Some(broken) => return vec![broken],
                None => {
                    let target = self.correctable(stream, event).unwrap();
                    &charter["steps"][STEPS[target.place]]["signing"]
                }
            },
            detour if is_detour(detour) => &charter["signing"][detour],
            _ => &newest["roster_changes"],
        };
        if let Some(broken) = self.signer_rule(&people, signing) {
            return vec![broken];
        }
        if kind == "channel_posted" {
            return self.posting_rules(stream, event);
        }
        if is_detour(kind) {
            return self.detour_rules(stream, event, received);
        }
        if !is_step(kind) {
            return self.ledger_rules(event, received);
        }
        let broken = self.turn_rule(stream, kind, received);
        if !broken.is_empty() {
            return broken;
        }
        self.record_rules(stream, event, charter)
    }

    fn key_rule(&self, signer: &Signer) -> Option<Value> {
        let name = signer.name();
        let found = json!({"rule": "unknown_key", "found": name});
        let origin = str_of(&self.opened()["origin"]);
        let Some(member) = name
            .strip_prefix(origin)
            .and_then(|rest| rest.strip_prefix('/'))
        else {
            return Some(found);
        };
        let (all, active) = self.keys(member);
        if !all.iter().any(|key| **key == signer.vkey) {
            return Some(found);
        }
        if active.is_none_or(|key| *key != signer.vkey) {
            return Some(json!({"rule": "inactive_key", "member": member}));
        }
        (!signer.genuine).then(|| json!({"rule": "invalid_signature", "found": name}))
    }

    fn place_rules(&self, said: &Value, received: i64) -> Vec<Value> {
        let mut broken = Vec::new();
        let kind = str_of(&said["event"]["kind"]);
        let stream = str_of(&said["stream"]);
        let belongs = is_step(kind) || is_detour(kind) || kind == "channel_posted";
        if stream.starts_with("transaction/") != belongs || stream.starts_with("concern/") {
            let kind = if belongs {
                "transaction/<id>"
            } else {
                "ledger"
            };
            broken.push(json!({"rule": "wrong_stream", "expected": kind, "found": stream}));
        }
        let head = self.head(stream);
        if said["prev"] != head {
            broken.push(json!({"rule": "stale_prev", "expected": head, "found": said["prev"]}));
        }
        let newest = self.charter(None, self.facts.len());
        let ahead = &newest["clocks"]["ahead"]["span"];
        let ahead = end_of(&newest["calendar"], received, ahead).unwrap() - received;
        let at = seconds(str_of(&said["at"]));
        if at > received + ahead {
            let from = text(at - ahead);
            broken
                .push(json!({"rule": "future_time", "found": said["at"], "acceptable_from": from}));
        }
        broken.extend(private_data(&said["event"]));
        broken
    }

    pub(crate) fn active_key(&self, member: &str) -> Option<&Value> {
        self.keys(member).1
    }

    pub(crate) fn all_keys(&self, member: &str) -> Vec<&Value> {
        self.keys(member).0
    }

    fn signer_rule(&self, people: &[String], rule: &Value) -> Option<Value> {
        let (mut required, mut optional) = (vec![str_of(&rule["answers"])], Vec::new());
        for cosigner in list(&rule["cosigns"]) {
            let role = str_of(&cosigner["role"]);
            let appointed = || {
                self.members()
                    .iter()
                    .any(|id| self.holds(id, role) && self.active_key(id).is_some())
            };
            match str_of(&cosigner["when"]) {
                "always" => required.push(role),
                "optional" => optional.push(role),
                _ if appointed() => required.push(role),
                _ => {}
            }
        }
        let all = [&required[..], &optional[..]].concat();
        let holds = |person: &str, role: &str| self.holds(person, role);
        for person in people {
            if !all.iter().any(|role| holds(person, role)) {
                return Some(
                    json!({"rule": "signer_without_role", "member": person, "expected": all}),
                );
            }
        }
        let nobody = |role: &&&str| !people.iter().any(|person| holds(person, role));
        let missing: Vec<&&str> = required.iter().filter(nobody).collect();
        if !missing.is_empty() {
            return Some(json!({"rule": "missing_roles", "missing_roles": missing}));
        }
        if !can_fill(&required, people, &holds) {
            return Some(json!({"rule": "one_person_two_roles"}));
        }
        // Everybody fills a role: the required ones and as many optional ones as are people left.
        let left = people.len().checked_sub(required.len());
        let fits = left.is_some_and(|left| {
            subsets(&optional).any(|extra| {
                extra.len() == left && can_fill(&[&required[..], &extra].concat(), people, &holds)
            })
        });
        (!fits).then(|| json!({"rule": "signer_without_role", "expected": all}))
    }
}

/// Every subset of some roles.
pub(crate) fn subsets<'a>(of: &'a [&'a str]) -> impl Iterator<Item = Vec<&'a str>> {
    (0..1_u32 << of.len()).map(|set| {
        let chosen = |place: &usize| set >> place & 1 == 1;
        (0..of.len())
            .filter(chosen)
            .map(|place| of[place])
            .collect()
    })
}

fn member_of(name: &str) -> String {
    name.rsplit('/').next().unwrap().to_owned()
}
