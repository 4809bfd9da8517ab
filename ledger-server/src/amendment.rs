//! What one charter changes against another: every value that differs, in words. (章程对照)
//!
//! Walks both by the shape that the schema gives, so that a new field of a charter is compared without a line
//! here. Items of a list are known by their names, so that one put between others is one change. Knows nothing
//! of ledgers, and does not judge.

use ledger_core::charter::Charter;
use ledger_core::{Language, Step};
use serde::Serialize;
use serde_json::Value;

use crate::charter_sheet;
use crate::shape::{self, Field, Shape};
use crate::words::Words;

/// A value that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    /// Where, as in `steps.bidding.signing.cosigns[0].role`; the place in the newer one, unless it is gone.
    pub(crate) path: String,
    /// The step, or the part of the charter.
    pub(crate) part: String,
    /// Which value of it.
    pub(crate) name: String,
    /// What stood there; nothing, if it is added.
    pub(crate) from: Option<String>,
    /// What stands there now; nothing, if it is gone.
    pub(crate) to: Option<String>,
}

/// Two charters side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Amendment {
    /// Title and version of the older.
    pub(crate) before: (String, u32),
    /// Title and version of the newer.
    pub(crate) after: (String, u32),
    /// All that differs but the version, in the order of the sheet.
    pub(crate) changes: Vec<Change>,
}

impl Amendment {
    /// What `after` changes against `before`.
    pub(crate) fn between(language: Language, before: &Charter, after: &Charter) -> Self {
        let json = |charter: &Charter| {
            charter_sheet::rows(serde_json::to_value(charter).unwrap_or_default())
        };
        Self {
            before: (before.title.to_string(), before.version),
            after: (after.title.to_string(), after.version),
            changes: changes(language, &json(before), &json(after)),
        }
    }
}

/// All that differs between two charters as rows.
fn changes(language: Language, before: &Value, after: &Value) -> Vec<Change> {
    let mut found = Found {
        words: Words::plain(language, None),
        changes: Vec::new(),
    };
    let fields = shape::of_charter();
    let fields = fields.iter().filter(|field| field.name != "version");
    found.fields(&Place::default(), fields, before, after);
    found.changes
}

/// How many items of a list are shown whole, rather than only those that differ.
const SHORT: usize = 8;

/// The fields that tell one item of a list from the others.
const KEYS: [&str; 5] = ["year", "id", "kind", "role", "one"];

/// The fields by which people know an item.
const NAMES: [&str; 7] = ["title", "name", "year", "role", "one", "text", "source"];

/// The most characters of a name.
const LONGEST: usize = 24;

/// Where a value stands.
#[derive(Clone, Default)]
struct Place {
    path: String,
    names: Vec<String>,
}

impl Place {
    fn below(&self, field: &str, name: String) -> Self {
        let path = match self.path.as_str() {
            "" => field.to_owned(),
            path => format!("{path}.{field}"),
        };
        let names = [self.names.as_slice(), &[name]].concat();
        Self { path, names }
    }

    /// An item of the list that stands here.
    fn item(&self, place: usize, called: &str) -> Self {
        let mut names = self.names.clone();
        if let Some(last) = names.last_mut() {
            *last = format!("{last}「{called}」");
        }
        Self {
            path: format!("{}[{place}]", self.path),
            names,
        }
    }
}

struct Found<'a> {
    words: Words<'a>,
    changes: Vec<Change>,
}

impl Found<'_> {
    fn l(&self) -> Language {
        self.words.language
    }

    fn note(&mut self, at: &Place, from: Option<String>, to: Option<String>) {
        let of_step = at.path.strip_prefix("steps.").map(|rest| {
            let id = rest.split('.').next().unwrap_or_default();
            id.parse::<Step>().ok()
        });
        // Of a step the step is the part, and the table of steps goes without saying.
        let (part, names) = match (of_step.flatten(), at.names.as_slice()) {
            (Some(step), [_, _, names @ ..]) => {
                let (l, number) = (self.l(), step.number());
                let part = l.pick(
                    format!("第 {number} 环节 {}", step.zh()),
                    format!("step {number}, {}", step.en()),
                );
                (part, names)
            }
            (_, [part, names @ ..]) => (part.clone(), names),
            (_, []) => (String::new(), [].as_slice()),
        };
        self.changes.push(Change {
            path: at.path.clone(),
            part,
            name: names.join(self.l().pick("·", ", ")),
            from,
            to,
        });
    }

    fn fields<'f>(
        &mut self,
        at: &Place,
        fields: impl Iterator<Item = &'f Field>,
        before: &Value,
        after: &Value,
    ) {
        for field in fields {
            let (was, is) = (before.get(&field.name), after.get(&field.name));
            let place = at.below(&field.name, field.label.pick(self.l()).to_owned());
            match field.name.as_str() {
                // A fraction reads as one.
                "numerator" => self.share(at, before, after),
                "denominator" => {}
                _ => self.value(&place, &field.shape, was, is),
            }
        }
    }

    fn share(&mut self, at: &Place, before: &Value, after: &Value) {
        let share = |of: &Value| format!("{}/{}", of["numerator"], of["denominator"]);
        let (was, is) = (share(before), share(after));
        if was != is {
            let name = self.l().pick("比例", "share").to_owned();
            self.note(&at.below("numerator", name), Some(was), Some(is));
        }
    }

    fn value(&mut self, at: &Place, shape: &Shape, before: Option<&Value>, after: Option<&Value>) {
        if before == after {
            return;
        }
        match (shape, before, after) {
            (Shape::Object(fields), Some(was), Some(is)) if !self.is_one(shape, was, is) => {
                self.fields(at, fields.iter(), was, is);
            }
            (
                Shape::Choice {
                    tag: Some(tag),
                    variants,
                },
                Some(was),
                Some(is),
            ) if was[tag] == is[tag] => {
                let variant = variants.iter().find(|variant| is[tag] == *variant.id);
                let fields = variant.map(|variant| variant.fields.as_slice());
                self.fields(at, fields.unwrap_or_default().iter(), was, is);
            }
            (Shape::List(of), Some(Value::Array(was)), Some(Value::Array(is))) => match **of {
                Shape::Object(_) => self.list(at, of, was, is),
                _ => self.plain_list(at, of, was, is),
            },
            _ => {
                let said = |value: Option<&Value>| value.map(|value| self.said(shape, value));
                let (from, to) = (said(before), said(after));
                self.note(at, from, to);
            }
        }
    }

    /// Whether an object reads as one thing, on both sides: a length of time.
    fn is_one(&self, shape: &Shape, before: &Value, after: &Value) -> bool {
        let is_one = |value| self.words.measure(shape, value).is_some();
        is_one(before) && is_one(after)
    }

    /// A value in words, whole.
    fn said(&self, shape: &Shape, value: &Value) -> String {
        let (colon, stop) = self.l().pick(("：", "；"), (": ", "; "));
        let rows = self.words.rows(shape, value);
        let rows = rows.into_iter().filter(|row| !row.value.is_empty());
        let said = rows.map(|row| match row.label.as_str() {
            "" => row.value,
            label => format!("{label}{colon}{}", row.value),
        });
        said.collect::<Vec<_>>().join(stop)
    }

    /// A list of words, numbers or days: whole if it is short.
    fn plain_list(&mut self, at: &Place, of: &Shape, before: &[Value], after: &[Value]) {
        let l = self.l();
        let all = |items: &[Value]| match items {
            [] => l.pick("（一个都没有）", "(none)").to_owned(),
            items => self.listed(of, items.iter()),
        };
        let lacks = |items: &[Value], others: &[Value]| -> Vec<Value> {
            let mut left = others.to_vec();
            let gone = items.iter().filter(|item| {
                let there = left.iter().position(|other| other == *item);
                there.map(|place| left.swap_remove(place)).is_none()
            });
            gone.cloned().collect()
        };
        let (gone, come) = (lacks(before, after), lacks(after, before));
        let is_short = before.len().max(after.len()) <= SHORT;
        if is_short || gone.is_empty() && come.is_empty() {
            let (from, to) = (all(before), all(after));
            return self.note(at, Some(from), Some(to));
        }
        let those = |items: &[Value]| (!items.is_empty()).then(|| self.listed(of, items.iter()));
        let (from, to) = (those(&gone), those(&come));
        self.note(at, from, to);
    }

    fn listed<'v>(&self, of: &Shape, items: impl Iterator<Item = &'v Value>) -> String {
        let said: Vec<String> = items.map(|item| self.said(of, item)).collect();
        said.join(self.l().pick("、", ", "))
    }

    /// A list of items that have fields.
    fn list(&mut self, at: &Place, of: &Shape, before: &[Value], after: &[Value]) {
        let pairs = pairs(before, after);
        for (was, is) in &pairs {
            let item = |items: &'_ [Value], place: &Option<usize>| {
                place.and_then(|place| items.get(place)).cloned()
            };
            let (old, new) = (item(before, was), item(after, is));
            let Some(place) = is.or(*was) else {
                continue;
            };
            let known = old.as_ref().or(new.as_ref());
            let called = known.map(|item| self.called(of, item, place));
            let at = at.item(place, &called.unwrap_or_default());
            self.value(&at, of, old.as_ref(), new.as_ref());
        }
        let kept: Vec<(usize, usize)> = pairs
            .into_iter()
            .filter_map(|(was, is)| Some((was?, is?)))
            .collect();
        if !kept.is_sorted_by_key(|(was, _)| *was) {
            let names = |items: &[Value]| {
                let named = items.iter().enumerate();
                let named = named.map(|(place, item)| self.called(of, item, place));
                let named: Vec<String> = named.collect();
                Some(named.join(self.l().pick("、", ", ")))
            };
            let (from, to) = (names(before), names(after));
            let order = self.l().pick("次序", "order").to_owned();
            let mut place = at.clone();
            place.names.push(order);
            self.note(&place, from, to);
        }
    }

    /// What people call an item of a list.
    fn called(&self, of: &Shape, item: &Value, place: usize) -> String {
        let Shape::Object(fields) = of else {
            return (place + 1).to_string();
        };
        let value = |name: &str| {
            let field = fields.iter().find(|field| field.name == name)?;
            let said = self.said(&field.shape, item.get(name)?);
            (!said.is_empty()).then_some(said)
        };
        let name = NAMES.iter().find_map(|name| value(name));
        let name = match (item.get("one"), name, value("other")) {
            (Some(_), Some(one), Some(other)) => Some(
                self.l()
                    .pick(format!("{one}与{other}"), format!("{one} and {other}")),
            ),
            (_, name, _) => name,
        };
        let name = name.unwrap_or_else(|| (place + 1).to_string());
        match name.chars().count() > LONGEST {
            true => name.chars().take(LONGEST).chain(['…']).collect(),
            false => name,
        }
    }
}

/// What tells an item from the others; nothing, if nothing does.
fn key(item: &Value) -> Option<(&'static str, &Value, Option<&Value>)> {
    let name = KEYS.into_iter().find(|name| item.get(name).is_some())?;
    Some((name, &item[name], item.get("other")))
}

/// Whether two items are the same one.
type Alike = fn(&Value, &Value) -> bool;

/// Which item of one list is which of the other, in the order of the newer: those that are equal, then those of
/// one key, then those without any, in order. What is gone comes last.
fn pairs(before: &[Value], after: &[Value]) -> Vec<(Option<usize>, Option<usize>)> {
    let mut taken = vec![false; before.len()];
    let mut of: Vec<Option<usize>> = vec![None; after.len()];
    let alike: [Alike; 3] = [
        |was, is| was == is,
        |was, is| key(is).is_some() && key(was) == key(is),
        |was, is| key(was).is_none() && key(is).is_none(),
    ];
    for alike in alike {
        for (is, item) in after.iter().enumerate() {
            if of[is].is_some() {
                continue;
            }
            let free = |was: &usize| !taken[*was] && alike(&before[*was], item);
            if let Some(was) = (0..before.len()).find(free) {
                taken[was] = true;
                of[is] = Some(was);
            }
        }
    }
    let gone = (0..before.len()).filter(|was| !taken[*was]);
    let kept = of.iter().enumerate().map(|(is, was)| (*was, Some(is)));
    let gone: Vec<_> = gone.map(|was| (Some(was), None)).collect();
    kept.chain(gone).collect()
}

#[cfg(test)]
mod tests;
