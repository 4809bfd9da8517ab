//! Where a transaction stands, naively: asked anew of the whole list each time. A step stands if nothing
//! that came after its last record undid it; a window counts until a later step was done after it.

use serde_json::{Value, json};

use super::days::{end_of, text};
use super::rules::{Fact, Model, STEPS, is_step, list, str_of};

/// A step that stands.
pub(crate) struct Standing {
    /// Its place, 0 to 15.
    pub(crate) place: usize,
    /// The entry that recorded it, or left it out.
    pub(crate) index: usize,
    /// What it says now.
    pub(crate) event: Value,
    pub(crate) corrected_by: Vec<usize>,
}

impl Standing {
    pub(crate) fn is_waived(&self) -> bool {
        self.event["kind"] == "step_waived"
    }
}

pub(crate) fn place_of(step: &Value) -> usize {
    STEPS.iter().position(|id| step == id).unwrap()
}

fn is_publication(place: usize) -> bool {
    STEPS[place].starts_with("publish_")
}

/// Whether an event records a step, or leaves it out.
fn does(event: &Value, place: usize) -> bool {
    let waives = event["kind"] == "step_waived"
        && (place_of(&event["from"])..=place_of(&event["through"])).contains(&place);
    waives || event["kind"] == STEPS[place]
}

/// The record with a field set, or taken away, or with all of them set.
pub(crate) fn amended(record: &Value, correction: &Value) -> Option<Value> {
    let mut after = record.clone();
    let (path, new) = (str_of(&correction["field"]), correction.get("value"));
    if path.is_empty() {
        after = new?.clone();
        after["kind"] = record["kind"].clone();
        return Some(after);
    }
    let mut names: Vec<&str> = path.split('/').skip(1).collect();
    let last = names.pop()?;
    let mut inside = &mut after;
    for name in names {
        inside = inside.get_mut(name)?;
    }
    let members = inside.as_object_mut()?;
    match new {
        Some(new) => members.insert(last.to_owned(), new.clone()),
        None => Some(members.remove(last)?),
    };
    Some(after)
}

impl Model {
    pub(crate) fn event(&self, index: usize) -> &Value {
        &self.facts[index].said["event"]
    }

    fn stream_until<'a>(
        &'a self,
        stream: &'a str,
        until: usize,
    ) -> impl DoubleEndedIterator<Item = (usize, &'a Fact)> {
        let facts = self.facts[..until].iter().enumerate();
        facts.filter(move |(_, fact)| fact.stream == stream)
    }

    /// The place of the step that an entry recorded.
    fn target(&self, correction: &Value) -> Option<usize> {
        let entry = usize::try_from(correction["entry"].as_u64()?).ok()?;
        let kind = &self.facts.get(entry)?.said["event"]["kind"];
        STEPS.iter().position(|id| kind == id)
    }

    /// The steps that stand after so many entries, in their order.
    fn standing_at(&self, stream: &str, until: usize) -> Vec<Standing> {
        let found = (0..STEPS.len()).filter_map(|place| {
            let mut all = self.stream_until(stream, until).rev();
            let (index, fact) = all.find(|(_, fact)| does(&fact.said["event"], place))?;
            let later: Vec<(usize, &Value)> = self
                .stream_until(stream, until)
                .filter(|(later, _)| *later > index)
                .map(|(later, fact)| (later, &fact.said["event"]))
                .collect();
            let undone = later.iter().any(|(_, event)| match str_of(&event["kind"]) {
                "returned" => place_of(&event["to"]) <= place,
                "corrected" => is_publication(place) && self.target(event) < Some(place),
                _ => false,
            });
            let mut event = fact.said["event"].clone();
            let mut corrected_by = Vec::new();
            for (later, correction) in later {
                if correction["kind"] == "corrected" && correction["entry"] == index {
                    event = amended(&event, correction).unwrap();
                    corrected_by.push(later);
                }
            }
            (!undone).then_some(Standing {
                place,
                index,
                event,
                corrected_by,
            })
        });
        found.collect()
    }

    /// The steps that stand, in their order.
    pub(crate) fn standing(&self, stream: &str) -> Vec<Standing> {
        self.standing_at(stream, self.facts.len())
    }

    /// Where a publication must still be posted, and the entry that posted it last.
    fn outstanding(
        &self,
        stream: &str,
        publication: usize,
        until: usize,
    ) -> (Vec<String>, Option<usize>) {
        let published = self.event(publication);
        let named = &published["channels"];
        let mut left: Vec<String> = list(named).iter().map(|id| str_of(id).to_owned()).collect();
        let mut last = None;
        for (index, fact) in self.stream_until(stream, until) {
            let event = &fact.said["event"];
            let posts = event["kind"] == "channel_posted";
            if posts && event["disclosure"] == published["disclosure"] {
                left.retain(|id| event["channel"] != **id);
                last = Some(index);
            }
        }
        left.sort();
        (left, last)
    }

    /// The publication that stands and is not posted everywhere.
    fn unposted(&self, stream: &str) -> Option<(Standing, Vec<String>)> {
        let mut all = self.standing(stream).into_iter();
        all.find_map(|one| {
            if !is_publication(one.place) {
                return None;
            }
            let (left, _) = self.outstanding(stream, one.index, self.facts.len());
            (!left.is_empty()).then_some((one, left))
        })
    }

    pub(crate) fn is_terminated(&self, stream: &str) -> bool {
        let mut all = self.stream_until(stream, self.facts.len());
        all.any(|(_, fact)| fact.said["event"]["kind"] == "terminated")
    }

    /// Whether there was a moment at which all steps stood and were posted.
    pub(crate) fn was_completed(&self, stream: &str) -> bool {
        (1..=self.facts.len()).any(|until| {
            let fact = &self.facts[until - 1];
            let posting = fact.stream == stream && fact.said["event"]["kind"] == "channel_posted";
            let standing = posting.then(|| self.standing_at(stream, until));
            standing.is_some_and(|standing| {
                standing.len() == STEPS.len()
                    && self
                        .outstanding(stream, standing[15].index, until)
                        .0
                        .is_empty()
            })
        })
    }

    pub(crate) fn bidding_failed(standing: &[Standing]) -> bool {
        standing
            .iter()
            .any(|one| one.place == 11 && one.event["outcome"]["result"] == "failed")
    }

    /// The step whose turn it is; `None` once all are done, or it was broken off.
    pub(crate) fn turn(&self, stream: &str) -> Option<&'static str> {
        if self.is_terminated(stream) {
            return None;
        }
        if let Some((publication, _)) = self.unposted(stream) {
            return Some(STEPS[publication.place]);
        }
        let standing = self.standing(stream);
        let stands = |place: usize| standing.iter().any(|one| one.place == place);
        let next = (0..STEPS.len()).find(|place| !stands(*place))?;
        let failed = next > 11 && Self::bidding_failed(&standing);
        Some(if failed { "bidding" } else { STEPS[next] })
    }

    /// The publications that were set aside by a correction, and not by a return after it.
    pub(crate) fn stale(&self, stream: &str) -> Vec<&'static str> {
        let standing = self.standing(stream);
        let stale = (0..STEPS.len()).filter(|place| {
            let all = self.stream_until(stream, self.facts.len());
            let events: Vec<&Value> = all.map(|(_, fact)| &fact.said["event"]).collect();
            let made = events.iter().rposition(|event| does(event, *place));
            let stands = standing.iter().any(|one| one.place == *place);
            let returned =
                |event: &&Value| event["kind"] == "returned" && place_of(&event["to"]) <= *place;
            made.is_some_and(|made| {
                is_publication(*place) && !stands && !events[made..].iter().any(returned)
            })
        });
        stale.map(|place| STEPS[place]).collect()
    }

    /// The windows that the next step waits for: whose, since which entry, for how long.
    fn windows(&self, stream: &str, next: usize) -> Vec<(usize, usize, Value)> {
        let span = |place: usize, at: usize| {
            self.charter(Some(stream), at)["steps"][STEPS[place]]["open_for"]["span"].clone()
        };
        let mut windows = Vec::new();
        for one in self.standing(stream) {
            if one.place >= next || one.is_waived() {
                continue;
            }
            let mut since = Vec::new();
            if is_publication(one.place) {
                let (_, last) = self.outstanding(stream, one.index, self.facts.len());
                since.push((last.unwrap(), span(one.place, one.index)));
            } else {
                since.push((one.index, span(one.place, one.index)));
                for (index, fact) in self.stream_until(stream, self.facts.len()) {
                    let event = &fact.said["event"];
                    if index < one.index || event["kind"] != "corrected" {
                        continue;
                    }
                    let from = self.target(event).unwrap();
                    if from <= one.place && !(from..one.place).any(is_publication) {
                        since.push((index, span(one.place, index)));
                    }
                }
            }
            let Some((since, span)) = since.into_iter().rfind(|(_, span)| !span.is_null()) else {
                continue;
            };
            let mut after = self.stream_until(stream, self.facts.len());
            let went_on = after.any(|(index, fact)| {
                let event = &fact.said["event"];
                index > since && (one.place + 1..STEPS.len()).any(|later| does(event, later))
            });
            if !went_on {
                windows.push((one.place, since, span));
            }
        }
        windows
    }

    pub(crate) fn turn_rule(&self, stream: &str, step: &str, received: i64) -> Vec<Value> {
        let order =
            |expected: &str| json!({"rule": "out_of_order", "expected": expected, "found": step});
        if self.is_terminated(stream) {
            return vec![json!({"rule": "transaction_terminated"})];
        }
        if let Some((publication, missing)) = self.unposted(stream) {
            let at = STEPS[publication.place];
            let point = at.strip_prefix("publish_").unwrap();
            let waits = json!({"rule": "channel_missing", "point": point, "missing": missing});
            return match STEPS.get(publication.place + 1) {
                Some(next) if step != *next && step != at => vec![order(at)],
                _ => vec![waits],
            };
        }
        let Some(turn) = self.turn(stream) else {
            return vec![json!({"rule": "transaction_completed"})];
        };
        let standing = self.standing(stream);
        if turn == "bidding" && Self::bidding_failed(&standing) {
            return vec![json!({"rule": "bidding_failed"})];
        }
        if step != turn {
            return vec![order(turn)];
        }
        let next = place_of(&json!(turn));
        let newest = self.charter(None, self.facts.len());
        let windows = self.windows(stream, next);
        let ends: Vec<(usize, Result<i64, String>)> = windows
            .into_iter()
            .map(|(place, since, span)| {
                let since = self.facts[since].received;
                (place, end_of(&newest["calendar"], since, &span))
            })
            .collect();
        let unknown = ends.iter().filter_map(|(_, end)| end.clone().err());
        let unknown: Vec<Value> = unknown
            .map(|year| json!({"rule": "calendar_missing", "year": year}))
            .collect();
        if !unknown.is_empty() {
            return unknown;
        }
        let last = ends.iter().filter_map(|(_, end)| end.clone().ok()).max();
        let open = ends.iter().filter(|(_, end)| {
            end.as_ref().ok() == last.as_ref() && last.is_some_and(|last| received < last)
        });
        let refusal = |(place, _): &(usize, _)| {
            let from = text(last.unwrap());
            json!({"rule": "window_open", "step": STEPS[*place], "acceptable_from": from})
        };
        open.map(refusal).collect()
    }

    pub(crate) fn posting_rules(&self, stream: &str, event: &Value) -> Vec<Value> {
        if self.is_terminated(stream) {
            return vec![json!({"rule": "transaction_terminated"})];
        }
        let Some((publication, left)) = self.unposted(stream) else {
            return vec![json!({"rule": "nothing_to_post"})];
        };
        let mut broken = Vec::new();
        let channel = &event["channel"];
        let named = list(&publication.event["channels"]).contains(channel);
        if !left.iter().any(|id| channel == &**id) {
            let rule = if named {
                "already_posted"
            } else {
                "unknown_channel"
            };
            broken.push(json!({"rule": rule, "found": channel}));
        }
        let digest = &publication.event["disclosure"];
        if event["disclosure"] != *digest {
            broken.push(json!({"rule": "disclosure_mismatch", "expected": digest, "found": event["disclosure"]}));
        }
        broken
    }
}

/// Whether an event leaves the straight way.
pub(crate) fn is_detour(kind: &str) -> bool {
    ["step_waived", "returned", "corrected", "terminated"].contains(&kind) && !is_step(kind)
}
