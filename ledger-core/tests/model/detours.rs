//! The naive rules of waivers, returns, corrections and the end, and attempts at them.

use ledger_core::event::Event;
use ledger_core::step::Step;
use serde_json::{Value, json};

use super::course::{Standing, amended, place_of};
use super::moves::Detour;
use super::rules::{Model, STEPS, list, str_of};
use super::world::World;
use crate::scene::event;

/// Fields and values that a correction may set; the last word says whether the value is well-formed.
const FIELDS: [(&str, &str, &str, bool); 24] = [
    (
        "asset_verification",
        "/asset/name",
        "\"东街二号仓库\"",
        true,
    ),
    ("asset_verification", "/asset/area/value", "\"3.6\"", true),
    ("asset_verification", "/asset/area/value", "3", false),
    (
        "asset_verification",
        "/asset/current_contract",
        "\"旧约\"",
        true,
    ),
    ("proposal_initiation", "/category", "\"contracting\"", true),
    ("proposal_initiation", "/category", "\"gift\"", false),
    ("proposal_initiation", "/method", "\"small_value\"", true),
    ("party_review", "/met_on", "\"2018-03-20\"", true),
    ("party_review", "/met_on", "\"昨天\"", false),
    ("feedback_and_valuation", "/opinions_answered", "1", true),
    ("feedback_and_valuation", "/opinions_answered", "9", true),
    ("feedback_and_valuation", "/documents", "[]", true),
    ("plan_drafting", "/reserve_price/fen", "120000000", true),
    ("plan_drafting", "/rent_free_months", "61", true),
    ("plan_drafting", "/method", "\"small_value\"", true),
    ("member_vote", "/for", "226", true),
    ("member_vote", "/members", "338", true),
    ("member_vote", "/eligible", "290", true),
    ("street_review", "/platform_level", "\"district\"", true),
    (
        "listing_notice",
        "/listing_number",
        "\"荔资交 2018-032\"",
        true,
    ),
    ("bidding", "/outcome/winner", "\"王*\"", true),
    (
        "bidding",
        "/outcome",
        "{\"reason\":\"无效\",\"result\":\"failed\"}",
        true,
    ),
    ("contract_signing", "/parties", "[\"张*\"]", true),
    (
        "handover_and_receipt",
        "/handed_over_on",
        "\"2018-03-01\"",
        true,
    ),
];

impl Model {
    /// The step that a correction may name.
    pub(crate) fn correctable(&self, stream: &str, correction: &Value) -> Option<Standing> {
        let mut all = self.standing(stream).into_iter();
        all.find(|one| {
            let published = STEPS[one.place].starts_with("publish_");
            correction["entry"] == one.index && !published && !one.is_waived()
        })
    }

    /// Why nobody can sign it, if so.
    pub(crate) fn unsignable(&self, stream: &str, event: &Value) -> Option<Value> {
        if self.correctable(stream, event).is_some() {
            return None;
        }
        let nothing = || json!({"rule": "nothing_to_correct", "found": event["entry"]});
        Some(self.unbegun(stream).unwrap_or_else(nothing))
    }

    fn unbegun(&self, stream: &str) -> Option<Value> {
        if !self.facts.iter().any(|fact| fact.stream == stream) {
            let id = &stream["transaction/".len()..];
            return Some(json!({"rule": "not_begun", "found": id}));
        }
        self.is_terminated(stream)
            .then(|| json!({"rule": "transaction_terminated"}))
    }

    pub(crate) fn detour_rules(&self, stream: &str, event: &Value, received: i64) -> Vec<Value> {
        if let Some(broken) = self.unbegun(stream) {
            return vec![broken];
        }
        let kind = str_of(&event["kind"]);
        if kind == "corrected" {
            return self.correction_rules(stream, event);
        }
        if kind == "step_waived" {
            let broken = self.turn_rule(stream, str_of(&event["from"]), received);
            if !broken.is_empty() {
                return broken;
            }
            return self.waiver_rules(stream, event);
        }
        if self.was_completed(stream) {
            return vec![json!({"rule": "transaction_completed"})];
        }
        let mut broken = Vec::new();
        if kind == "returned" {
            let standing = self.standing(stream);
            let (to, latest) = (place_of(&event["to"]), standing.last());
            if latest.is_none_or(|latest| latest.place < to) {
                let latest = latest.map(|latest| STEPS[latest.place]);
                broken.push(
                    json!({"rule": "return_not_back", "expected": latest, "found": event["to"]}),
                );
            }
            if Self::bidding_failed(&standing) && ![0, 1, 2, 3, 4, 5, 9].contains(&to) {
                broken.push(json!({"rule": "return_after_failure", "found": event["to"]}));
            }
        }
        broken
    }

    fn waiver_rules(&self, stream: &str, event: &Value) -> Vec<Value> {
        let (from, through) = (place_of(&event["from"]), place_of(&event["through"]));
        if through < from {
            return vec![json!({"rule": "inconsistent", "field": "through"})];
        }
        let charter = self.charter(Some(stream), self.facts.len());
        let standing: Vec<Value> = self
            .standing(stream)
            .into_iter()
            .map(|one| one.event)
            .collect();
        if is_waivable(charter, &standing, from, through) {
            return vec![];
        }
        vec![json!({"rule": "waiver_not_allowed", "found": [event["from"], event["through"]]})]
    }

    fn correction_rules(&self, stream: &str, event: &Value) -> Vec<Value> {
        let standing = self.standing(stream);
        let unfit = || vec![json!({"rule": "correction_unfit"})];
        let target = self.correctable(stream, event).unwrap();
        let field = (STEPS[target.place], str_of(&event["field"]));
        let formed = |(kind, path, value, formed): &(&str, &str, &str, bool)| {
            let value: Value = serde_json::from_str(value).unwrap();
            (*kind, *path) == field && event.get("value") == Some(&value) && *formed
        };
        let known = FIELDS.iter().any(formed)
            || field.1.is_empty()
            || field.1 == "/summary" && event.get("value").is_some()
            || field.1 == "/asset/current_contract" && event.get("value").is_none();
        let Some(after) = amended(&target.event, event).filter(|_| known) else {
            return unfit();
        };
        if after == target.event {
            return unfit();
        }
        let charter = self.charter(Some(stream), target.index);
        let mut broken = self.record_rules(stream, &after, charter);
        let result = |of: &Value| of["outcome"]["result"].clone();
        let without_summary = |of: &Value| {
            let mut of = of.clone();
            of["summary"] = json!("");
            of
        };
        let voted = standing
            .iter()
            .any(|one| one.place == 6 && !one.is_waived());
        let voted = voted && !self.was_completed(stream);
        let replaced = match target.place {
            1 => voted && after["category"] != target.event["category"],
            5 => voted && without_summary(&after) != without_summary(&target.event),
            _ => false,
        };
        let mut events: Vec<Value> = Vec::new();
        for one in &standing {
            let this = one.index == target.index;
            events.push(if this {
                after.clone()
            } else {
                one.event.clone()
            });
        }
        let waivers = standing.iter().filter(|one| one.is_waived());
        let lost = waivers.into_iter().any(|one| {
            let charter = self.charter(Some(stream), one.index);
            let of = |field: &str| place_of(&one.event[field]);
            !is_waivable(charter, &events, of("from"), of("through"))
        });
        if result(&after) != result(&target.event) || replaced || lost {
            broken.extend(unfit());
        }
        broken
    }
}

/// Whether a charter lets these steps be left out in a dealing with these records.
fn is_waivable(charter: &Value, standing: &[Value], from: usize, through: usize) -> bool {
    let of = |kind: &str| standing.iter().find(|event| event["kind"] == kind);
    let (proposal, plan) = (of("proposal_initiation"), of("plan_drafting"));
    let category = proposal.map_or(&Value::Null, |proposal| &proposal["category"]);
    let method = plan
        .or(proposal)
        .map_or(&Value::Null, |event| &event["method"]);
    let priced = plan.or(of("feedback_and_valuation"));
    let term = match (plan, proposal) {
        (Some(plan), _) => plan["term_months"].as_u64(),
        (None, Some(proposal)) => proposal["expected_term_months"].as_u64(),
        _ => None,
    };
    let twelfths = priced.and_then(|event| {
        let price = &event["reserve_price"];
        let fen = price["fen"].as_u64()?;
        match str_of(&price["basis"]) {
            "total" => Some(fen * 12),
            "per_month" => Some(fen * 12 * term?),
            "per_year" => Some(fen * term?),
            _ => None,
        }
    });
    list(&charter["waivers"]).iter().any(|waiver| {
        let named = |list_of: &str, value: &Value| {
            let names = list(&waiver[list_of]);
            names.is_empty() || names.contains(value)
        };
        let small = waiver["at_most_fen"].as_u64();
        let small = small.is_none_or(|most| twelfths.is_some_and(|worth| worth <= most * 12));
        let steps = list(&waiver["steps"]);
        let covered = (from..=through).all(|place| steps.contains(&json!(STEPS[place])));
        named("categories", category) && named("methods", method) && small && covered
    })
}

impl World {
    /// What somebody tries.
    pub(crate) fn detour_of(&self, deal: &str, detour: &Detour) -> Event {
        let step = |of: u8| Step::ALL[usize::from(of) % 16].id();
        let value = match *detour {
            Detour::Waive(from, through) => {
                let turn = self.scene.transaction(deal).and_then(|t| t.current_step());
                let from = turn.filter(|_| from > 15).map_or(step(from), Step::id);
                json!({"kind": "step_waived", "basis": "章程", "from": from, "through": step(through)})
            }
            Detour::Return(to) => json!({"kind": "returned", "reason": "重办", "to": step(to)}),
            Detour::Correct(which, field) => self.correction_of(deal, which, field),
            Detour::Terminate => json!({"kind": "terminated", "reason": "不办了"}),
        };
        let mut value = value;
        value["documents"] = json!([]);
        event(value)
    }

    /// A correction of an entry: of one that stands, or of any; of one of its fields, or of none.
    fn correction_of(&self, deal: &str, which: u8, field: u8) -> Value {
        let which = usize::from(which);
        let stream = format!("transaction/{deal}");
        let standing = self.model.standing(&stream);
        let entry = match standing.len() {
            0 => which,
            _ if which < 16 => which,
            count => standing[which % count].index,
        };
        let mut value = json!({"kind": "corrected", "entry": entry, "reason": "有误"});
        let Some(fact) = self.model.facts.get(entry) else {
            value["field"] = json!("/summary");
            return value;
        };
        let record = &fact.said["event"];
        let fitting: Vec<_> = FIELDS
            .iter()
            .filter(|(kind, ..)| record["kind"] == *kind)
            .collect();
        let field = usize::from(field);
        match field % 8 {
            0 => {
                (value["field"], value["value"]) = (json!("/summary"), json!(format!("改 {field}")))
            }
            1 => (value["field"], value["value"]) = (json!("/nonsense"), json!(field)),
            2 => value["field"] = json!("/asset/current_contract"),
            3 => {
                let mut whole = record.clone();
                whole.as_object_mut().unwrap().remove("kind");
                whole["summary"] = json!(format!("全改 {field}"));
                (value["field"], value["value"]) = (json!(""), whole);
            }
            _ if fitting.is_empty() => value["field"] = json!("/nothing/at/all"),
            _ => {
                let (_, path, new, _) = fitting[field / 8 % fitting.len()];
                value["field"] = json!(path);
                value["value"] = serde_json::from_str(new).unwrap();
            }
        }
        value
    }

    /// What both say of where a transaction stands.
    pub(crate) fn check_course(&self, deal: &str) {
        let stream = format!("transaction/{deal}");
        let transaction = self.scene.transaction(deal).unwrap();
        assert_eq!(
            transaction.current_step().map(Step::id),
            self.model.turn(&stream)
        );
        let standing = self.model.standing(&stream);
        let found: Vec<_> = transaction
            .passed
            .iter()
            .map(|p| (p.step.id(), p.recorded.index))
            .collect();
        let index = |one: &Standing| u64::try_from(one.index).unwrap();
        let expected: Vec<_> = standing
            .iter()
            .map(|one| (STEPS[one.place], index(one)))
            .collect();
        assert_eq!(found, expected);
        for (passed, one) in transaction.passed.iter().zip(&standing) {
            assert_eq!(json!(passed.event), one.event);
            assert_eq!(json!(passed.corrected_by), json!(one.corrected_by));
        }
        let stale = transaction.redo.iter().flat_map(|redo| redo.stale());
        let stale: Vec<&str> = stale.map(|point| point.step().id()).collect();
        if self.model.is_terminated(&stream) {
            assert_eq!(stale, Vec::<&str>::new());
        } else {
            // One that stands and is being posted again is no longer missing, but still stale.
            let missing: Vec<&str> = stale
                .into_iter()
                .filter(|id| !expected.iter().any(|(step, _)| step == id))
                .collect();
            assert_eq!(missing, self.model.stale(&stream));
            assert_eq!(
                transaction.was_completed(),
                self.model.was_completed(&stream)
            );
        }
        for noted in &transaction.detours {
            let index = usize::try_from(noted.recorded.index).unwrap();
            assert_eq!(json!(noted.event), *self.model.event(index));
            assert_eq!(noted.recorded.recorded_late, self.model.is_late(index));
        }
    }
}
