//! The naive rules of what is recorded: documents, figures, disclosures, votes, roster and charter.

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::course::{is_detour, place_of};
use super::days::{end_of, seconds, text};
use super::rules::{Model, STEPS, can_fill, list, public_key, str_of};

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

impl Model {
    /// All that is wrong with a step's record.
    pub(crate) fn record_rules(&self, stream: &str, event: &Value, charter: &Value) -> Vec<Value> {
        let mut broken = Vec::new();
        let kind = str_of(&event["kind"]);
        let attached: Vec<&Value> = list(&event["documents"])
            .iter()
            .map(|one| &one["kind"])
            .collect();
        let needed = list(&charter["steps"][kind]["documents"]).iter();
        let missing: Vec<&Value> = needed
            .filter(|one| one["required"] == true && !attached.contains(&&one["kind"]))
            .map(|one| &one["kind"])
            .collect();
        if !missing.is_empty() {
            broken.push(json!({"rule": "document_missing", "missing": missing}));
        }
        broken.extend(
            contradictions(event)
                .into_iter()
                .map(|field| json!({"rule": "inconsistent", "field": field})),
        );
        if kind.starts_with("publish_") {
            broken.extend(self.publication_rules(stream, event, charter));
        }
        if kind == "member_vote" {
            broken.extend(vote_rules(event, charter));
        }
        broken
    }

    fn publication_rules(&self, stream: &str, event: &Value, charter: &Value) -> Vec<Value> {
        let mut broken = Vec::new();
        let named = list(&event["channels"]);
        let known = list(&charter["channels"]);
        if let Some(found) = named
            .iter()
            .find(|id| !known.iter().any(|one| one["id"] == **id))
        {
            broken.push(json!({"rule": "unknown_channel", "found": found}));
        }
        let left_out: Vec<&Value> = known
            .iter()
            .filter(|one| one["required"] == true && !named.contains(&one["id"]))
            .map(|one| &one["id"])
            .collect();
        if !left_out.is_empty() {
            broken.push(json!({"rule": "channels_incomplete", "missing": left_out}));
        }
        let digest = self.disclosure(stream, event, charter);
        if event["disclosure"] != digest {
            broken.push(json!({"rule": "disclosure_mismatch", "expected": digest, "found": event["disclosure"]}));
        }
        broken
    }

    /// The digest of the disclosure, composed from the list.
    fn disclosure(&self, stream: &str, event: &Value, charter: &Value) -> String {
        let opened = &self.facts[0].said["event"];
        let kind = str_of(&event["kind"]);
        let named = |id: &Value| {
            let known = list(&charter["channels"])
                .iter()
                .find(|one| one["id"] == *id)?;
            Some(json!({"id": id, "name": known["name"]}))
        };
        let mut composed = json!({
            "channels": list(&event["channels"]).iter().filter_map(named).collect::<Vec<_>>(),
            "charter_version": charter["version"],
            "collective": opened["collective"]["name"],
            "comments_to": event["comments_to"],
            "detours": self.disclosed_detours(stream),
            "documents": event["documents"],
            "follows": self.head(stream),
            "ledger": self.facts[0].leaf,
            "origin": opened["origin"],
            "point": kind["publish_".len()..],
            "reports_to": opened["collective"]["reports_to"],
            "steps": self.disclosed_steps(stream, place_of(&event["kind"])),
            "summary": event["summary"],
            "training": opened["training"],
            "transaction": stream["transaction/".len()..],
            "v": 1,
        });
        let window = &charter["steps"][kind]["open_for"]["span"];
        if !window.is_null() {
            composed["open_for"] = window.clone();
        }
        // Keys of an object are kept sorted, and nothing in these texts is escaped in two ways.
        HEXLOWER.encode(&Sha256::digest(composed.to_string()))
    }

    /// Who signed an entry, when, and what it says.
    fn noted(&self, index: usize, record: &Value) -> Value {
        let fact = &self.facts[index];
        let names = fact
            .signers
            .iter()
            .map(|one| one.vkey.split('+').next().unwrap());
        let signers: Vec<&str> = names.map(|name| name.rsplit('/').next().unwrap()).collect();
        json!({
            "at": fact.said["at"],
            "index": index,
            "received_at": text(fact.received),
            "record": record,
            "recorded_late": self.is_late(index),
            "signers": signers,
        })
    }

    fn disclosed_steps(&self, stream: &str, point: usize) -> Vec<Value> {
        let mut shown = Vec::new();
        for one in self.standing(stream) {
            if one.place < point && !STEPS[one.place].starts_with("publish_") {
                let mut noted = self.noted(one.index, &one.event);
                noted["corrected_by"] = json!(one.corrected_by);
                noted["step"] = json!(STEPS[one.place]);
                shown.push(noted);
            }
        }
        shown
    }

    fn disclosed_detours(&self, stream: &str) -> Vec<Value> {
        let facts = self.facts.iter().enumerate();
        let detours = facts.filter(|(_, fact)| {
            fact.stream == stream && is_detour(str_of(&fact.said["event"]["kind"]))
        });
        let noted = detours.map(|(index, fact)| self.noted(index, &fact.said["event"]));
        noted.collect()
    }

    /// Whether an entry was received later than its charter's tolerance after it happened.
    pub(crate) fn is_late(&self, index: usize) -> bool {
        let fact = &self.facts[index];
        let charter = self.charter(Some(&fact.stream), index);
        let at = seconds(str_of(&fact.said["at"]));
        let late = &charter["clocks"]["late"]["span"];
        fact.received > end_of(&charter["calendar"], at, late).unwrap()
    }

    /// All that is wrong with a change of roster or charter.
    pub(crate) fn ledger_rules(&self, event: &Value, received: i64) -> Vec<Value> {
        let mut broken = Vec::new();
        let newest = self.charter(None, self.facts.len());
        let member = event["member"].as_str().unwrap_or_default();
        let kind = str_of(&event["kind"]);
        match kind {
            "member_enrolled" => return self.enrolment_rules(&event["enrolment"], newest),
            "charter_adopted" => return self.adoption_rules(&event["charter"], newest),
            _ if !self.members().iter().any(|id| id == member) => {
                return vec![json!({"rule": "unknown_member", "found": member})];
            }
            "key_rotated" => return self.key_rules(member, &event["key"]),
            "key_compromised" => broken.extend(self.compromise_rules(event, received)),
            _ => {}
        }
        let role = event["role"].as_str().unwrap_or_default();
        if kind == "role_granted" {
            if self.holds(member, role) {
                broken.push(json!({"rule": "role_held", "member": member, "role": role}));
            }
            let mut roles = self.roles(member);
            roles.push(role.to_owned());
            broken.extend(excluded(newest, member, &roles));
        }
        if kind == "role_ended" && !self.holds(member, role) {
            broken.push(json!({"rule": "role_not_held", "member": member, "role": role}));
        }
        let lost = match kind {
            "role_ended" => Some((member, Some(role))),
            "key_compromised" if self.active_key(member) == Some(&event["key"]) => {
                Some((member, None))
            }
            _ => None,
        };
        if lost.is_some() && !self.is_staffed(newest, lost) {
            broken.push(json!({"rule": "unstaffed"}));
        }
        broken
    }

    fn compromise_rules(&self, event: &Value, received: i64) -> Vec<Value> {
        let member = str_of(&event["member"]);
        let key = &event["key"];
        if !self.all_keys(member).contains(&key) {
            return vec![json!({"rule": "foreign_key", "member": member, "found": key})];
        }
        // Declared again, only if since an earlier time.
        let declared = self.facts.iter().map(|fact| &fact.said["event"]);
        let before = declared
            .filter(|one| one["kind"] == "key_compromised" && one["key"] == *key)
            .map(|one| seconds(str_of(&one["since"])) - 1);
        let latest = before.min().unwrap_or(received);
        if seconds(str_of(&event["since"])) <= latest {
            return vec![];
        }
        vec![
            json!({"rule": "compromised_later", "expected": text(latest), "found": event["since"]}),
        ]
    }

    fn key_rules(&self, member: &str, key: &Value) -> Vec<Value> {
        let mut broken = Vec::new();
        let origin = str_of(&self.facts[0].said["event"]["origin"]);
        let name = str_of(key).split('+').next().unwrap();
        let (algorithm, public) = public_key(key);
        if name != format!("{origin}/{member}") || algorithm != 1 {
            broken.push(json!({"rule": "key_name", "expected": format!("{origin}/{member}")}));
        }
        for owner in self.members() {
            if self
                .all_keys(&owner)
                .iter()
                .any(|held| public_key(held).1 == public)
            {
                broken.push(json!({"rule": "key_in_use", "member": owner}));
            }
        }
        broken
    }

    fn enrolment_rules(&self, enrolment: &Value, charter: &Value) -> Vec<Value> {
        let member = str_of(&enrolment["member"]);
        let mut broken = self.key_rules(member, &enrolment["key"]);
        if self.members().iter().any(|id| id == member) {
            broken.push(json!({"rule": "member_exists", "found": member}));
        }
        let roles: Vec<String> = list(&enrolment["roles"])
            .iter()
            .map(|role| str_of(role).to_owned())
            .collect();
        if roles
            .iter()
            .any(|role| roles.iter().filter(|other| *other == role).count() > 1)
        {
            broken.push(json!({"rule": "role_held", "member": member}));
        }
        broken.extend(excluded(charter, member, &roles));
        broken
    }

    fn adoption_rules(&self, new: &Value, newest: &Value) -> Vec<Value> {
        let mut broken = Vec::new();
        let version = number(&newest["version"]);
        if number(&new["version"]) <= version {
            broken.push(json!({"rule": "charter_version", "expected": version + 1}));
        }
        let training = self.facts[0].said["event"]["training"] == true;
        let short = |rule: &Value| {
            ["open_for", "within"].iter().any(|field| {
                let unit = rule[field]["span"]["unit"].as_str();
                unit.is_some_and(|unit| !["days", "working_days"].contains(&unit))
            })
        };
        if !training && STEPS.iter().any(|step| short(&new["steps"][step])) {
            broken.push(json!({"rule": "training_only"}));
        }
        for member in self.members() {
            broken.extend(excluded(new, &member, &self.roles(&member)));
        }
        if !self.is_staffed(new, None) {
            broken.push(json!({"rule": "unstaffed"}));
        }
        broken
    }

    /// Whether roster and charter can still be changed, each by different persons, once a member has
    /// lost a role, or its key and so every role.
    fn is_staffed(&self, charter: &Value, lost: Option<(&str, Option<&str>)>) -> bool {
        let mut people = self.members();
        people.retain(|id| self.active_key(id).is_some());
        let holds = |person: &str, role: &str| {
            let lost =
                lost.is_some_and(|(member, of)| member == person && of.is_none_or(|of| of == role));
            !lost && self.holds(person, role)
        };
        ["roster_changes", "charter_changes"].iter().all(|rule| {
            let rule = &charter[rule];
            let always = list(&rule["cosigns"])
                .iter()
                .filter(|one| one["when"] == "always");
            let mut roles = vec![str_of(&rule["answers"])];
            roles.extend(always.map(|one| str_of(&one["role"])));
            can_fill(&roles, &people, &holds)
        })
    }
}

/// The pairs of roles that one person would hold and must not.
fn excluded(charter: &Value, member: &str, roles: &[String]) -> Vec<Value> {
    let holds = |role: &Value| roles.iter().any(|held| role == &**held);
    let mut broken = Vec::new();
    for pair in list(&charter["exclusions"]) {
        if holds(&pair["one"]) && holds(&pair["other"]) {
            let roles = [&pair["one"], &pair["other"]];
            broken.push(json!({"rule": "roles_excluded", "member": member, "roles": roles}));
        }
    }
    // Whoever files residents' concerns does nothing else.
    if roles.iter().any(|role| role == "intake") && roles.iter().any(|role| role != "intake") {
        broken.push(json!({"rule": "roles_excluded", "member": member}));
    }
    broken
}

/// The fields that contradict another.
fn contradictions(event: &Value) -> Vec<&'static str> {
    let mut fields = Vec::new();
    let mut check = |holds: bool, field| {
        if !holds {
            fields.push(field);
        }
    };
    let day = |field: &str| str_of(&event[field]).to_owned();
    let count = |field: &str| number(&event[field]);
    match str_of(&event["kind"]) {
        "publish_pre_plan" | "publish_plan" | "publish_completion" => {
            let named = list(&event["channels"]);
            let once = |id: &Value| named.iter().filter(|other| *other == id).count() == 1;
            check(named.iter().all(once), "channels");
        }
        "feedback_and_valuation" => {
            check(
                day("consulted_from") <= day("consulted_until"),
                "consulted_until",
            );
            check(
                count("opinions_answered") <= count("opinions_received"),
                "opinions_answered",
            );
        }
        "plan_drafting" => check(
            count("rent_free_months") <= count("term_months"),
            "rent_free_months",
        ),
        "member_vote" => {
            let cast = count("for") + count("against") + count("abstain");
            check(
                cast == count("present") && count("present") <= count("eligible"),
                "present",
            );
            check(count("eligible") <= count("members"), "eligible");
            check(count("members") > 0, "members");
            check(day("notified_on") <= day("held_on"), "notified_on");
        }
        "listing_notice" => {
            check(
                seconds(&day("opens_at")) < seconds(&day("closes_at")),
                "closes_at",
            );
        }
        "bidder_qualification" => {
            let said = |one: &Value| one["admitted"] == true || one["reason"].is_string();
            check(
                list(&event["applicants"]).iter().all(said),
                "applicants.reason",
            );
        }
        "bidding" => {
            let won = event["outcome"]["result"] == "won";
            check(!won || count("bids") > 0 && count("bidders") > 0, "bids");
            check(count("round") > 0, "round");
        }
        "contract_signing" => {
            check(list(&event["parties"]).len() > 1, "parties");
            check(day("term_start") <= day("term_end"), "term_end");
        }
        _ => {}
    }
    fields
}

fn vote_rules(event: &Value, charter: &Value) -> Vec<Value> {
    let body = str_of(&event["body"]);
    let rule = &charter["voting"][body];
    if rule["may_decide_plan"] != true {
        return vec![json!({"rule": "wrong_body", "found": body})];
    }
    // By the specification: 2/3 of those with a vote, or of all representatives, take part; 2/3 of
    // all approve.
    let whole = match body {
        "assembly" => number(&event["eligible"]),
        _ => number(&event["members"]),
    };
    let mut broken = Vec::new();
    let (present, members) = (number(&event["present"]), number(&event["members"]));
    if present * 3 < whole * 2 {
        broken.push(json!({"rule": "quorum_not_reached", "found": present}));
    }
    let approving = number(&event["for"]);
    if approving * 3 < members * 2 {
        broken.push(json!({"rule": "vote_not_passed", "found": approving}));
    }
    broken
}
