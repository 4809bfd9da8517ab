//! A form's controls, from the shape of what they ask for: one for each field, down to the last.
//!
//! A control says by `data-name` and `data-value` what `web/src/desk/form.ts` collects from it, so that the
//! script knows no kind of event. Values stand in it as people write them; [`crate::typed`] reads them back.

use askama::Template;
use ledger_core::Language;
use ledger_core::StatedTime;
use ledger_core::money::Fen;
use serde_json::{Map, Value};

use super::carried::Carried;
use crate::drafting::Choices;
use crate::shape::{self, Field, Shape, Unit, Variant};

/// What stands for the place of a row that is not there yet; the script puts a number in.
const PLACE: &str = "__N__";

/// Up to how many options are shown side by side, rather than as a list that opens.
pub(super) const MANY: usize = 6;

/// One field of a form.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) l: Language,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) label: String,
    /// What it means, and what to write.
    pub(super) why: String,
    /// Which rule asks for it, or judges it.
    pub(super) source: String,
    /// Where its value was taken from, if it was.
    pub(super) carried: String,
    pub(super) optional: bool,
    pub(super) control: Control,
}

/// How a field is filled in.
#[derive(Clone)]
pub(super) enum Control {
    /// Fields of its own.
    Group(Vec<Item>),
    /// Any number of the same.
    Rows {
        rows: Vec<Item>,
        /// What is added.
        blank: Box<Item>,
    },
    /// One of several; `tag` names the field that says which, if they have fields of their own.
    Choice {
        tag: String,
        options: Vec<Choosable>,
        many: bool,
    },
    /// Some of several.
    Checks(Vec<Choosable>),
    /// A line or a paragraph, a number, an amount, a day or a moment.
    Text(Input),
    YesNo(Option<bool>),
    /// What is settled already, as JSON, and in words.
    Fixed(String, String),
}

/// Something to choose.
#[derive(Clone)]
pub(super) struct Choosable {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) chosen: bool,
    pub(super) fields: Vec<Item>,
}

/// What is typed.
#[derive(Clone, Default)]
pub(super) struct Input {
    /// The input's type in HTML; empty for a text of several lines.
    pub(super) form: &'static str,
    /// Which keys a telephone shows.
    pub(super) keys: &'static str,
    pub(super) unit: &'static str,
    pub(super) value: String,
    /// As in an example.
    pub(super) like: &'static str,
}

/// What there is to choose from, if that is known: each with its name for people.
type Listed<'a> = Option<&'a [(String, String)]>;

/// Makes the controls of one form.
pub(super) struct Maker<'a> {
    pub(super) l: Language,
    pub(super) offset_minutes: i32,
    pub(super) choices: Vec<Choices<'a>>,
    pub(super) carried: &'a Carried,
    pub(super) source: &'a dyn Fn(&str) -> String,
    /// What the server fills in by itself.
    pub(super) given: &'a [&'a str],
    /// Up to how many options are shown side by side: [`MANY`], or fewer where there are many fields.
    pub(super) many: usize,
}

impl Maker<'_> {
    /// The controls of all fields but documents, which have a part of the form of their own.
    pub(super) fn items(&self, fields: &[Field]) -> Vec<Item> {
        let asked = |field: &&Field| {
            let documents =
                matches!(&field.shape, Shape::List(of) if matches!(**of, Shape::Document));
            !documents && !self.given.contains(&field.name.as_str())
        };
        let fields = fields.iter().filter(asked);
        fields.map(|field| self.item("", field, None)).collect()
    }

    /// The control of one field below a path, with a value or what was carried over for it.
    pub(super) fn item(&self, above: &str, field: &Field, value: Option<&Value>) -> Item {
        let path = match above {
            "" => field.name.clone(),
            above => format!("{above}.{}", field.name),
        };
        let carried = self.carried.at(&path);
        let value = value.or_else(|| carried.map(|(value, _)| value));
        Item {
            l: self.l,
            id: id_of(&path),
            name: field.name.clone(),
            label: match field.shape {
                // Asked for in per cent: see `written`.
                Shape::Integer(Unit::BasisPoints) if field.name == "rate_basis_points" => {
                    self.l.pick("每次涨多少", "rise").to_owned()
                }
                _ => field.label.pick(self.l).to_owned(),
            },
            why: field.explanation.pick(self.l).to_owned(),
            source: (self.source)(&path),
            carried: carried.map_or_else(String::new, |(_, from)| from.to_owned()),
            optional: field.optional,
            control: self.control(&path, &field.name, &field.shape, value),
        }
    }

    fn control(&self, path: &str, name: &str, shape: &Shape, value: Option<&Value>) -> Control {
        let listed = self.choices.iter().find(|(field, _)| *field == name);
        let listed = listed.map(|(_, choices)| choices.as_slice());
        match (shape, listed) {
            (Shape::Object(fields), _) => Control::Group(self.below(path, fields, value)),
            (Shape::Choice { tag, variants }, listed) => {
                self.choice(path, tag.as_deref(), variants, (listed, value))
            }
            (Shape::List(_), Some(choices)) => {
                let held = value.and_then(Value::as_array);
                let holds = |id: &str| held.is_some_and(|held| held.iter().any(|v| v == id));
                let option = |(id, label): &(String, String)| chosen(id, label, holds(id));
                Control::Checks(choices.iter().map(option).collect())
            }
            (Shape::List(of), None) => self.list(path, of, value),
            (Shape::Text(_) | Shape::Integer(_), Some(choices)) => {
                let held = value.map(plain);
                // The only one there is needs no choosing.
                let only = choices.len() == 1;
                let holds = |id: &str| only || held.as_deref() == Some(id);
                let option = |(id, label): &(String, String)| chosen(id, label, holds(id));
                Control::Choice {
                    tag: String::new(),
                    options: choices.iter().map(option).collect(),
                    many: choices.len() > self.many,
                }
            }
            (Shape::Boolean, _) => Control::YesNo(value.and_then(Value::as_bool)),
            (Shape::Charter, _) => Control::Group(self.below(path, shape::of_charter(), value)),
            (shape, _) => Control::Text(self.input(shape, value)),
        }
    }

    fn below(&self, path: &str, fields: &[Field], value: Option<&Value>) -> Vec<Item> {
        let held = |field: &Field| value.and_then(|value| value.get(&field.name));
        fields
            .iter()
            .map(|field| self.item(path, field, held(field)))
            .collect()
    }

    fn choice(
        &self,
        path: &str,
        tag: Option<&str>,
        variants: &[Variant],
        (listed, value): (Listed<'_>, Option<&Value>),
    ) -> Control {
        let may = |variant: &&Variant| {
            listed.is_none_or(|allowed| allowed.iter().any(|(id, _)| *id == variant.id))
        };
        let variants: Vec<&Variant> = variants.iter().filter(may).collect();
        let held = match tag {
            Some(tag) => value.and_then(|value| value.get(tag)),
            None => value,
        };
        let held = held.and_then(Value::as_str);
        let only = variants.len() == 1;
        let option = |variant: &&Variant| Choosable {
            fields: self.below(path, &variant.fields, value),
            ..chosen(
                &variant.id,
                variant.label.pick(self.l),
                only || held == Some(variant.id.as_str()),
            )
        };
        Control::Choice {
            tag: tag.unwrap_or_default().to_owned(),
            options: variants.iter().map(option).collect(),
            many: tag.is_none() && variants.len() > self.many,
        }
    }

    fn list(&self, path: &str, of: &Shape, value: Option<&Value>) -> Control {
        // Of what has a few fixed values, some are ticked.
        if let Shape::Choice {
            tag: None,
            variants,
        } = of
        {
            let held = value.and_then(Value::as_array);
            let holds = |id: &str| held.is_some_and(|held| held.iter().any(|v| v == id));
            let option = |v: &Variant| chosen(&v.id, v.label.pick(self.l), holds(&v.id));
            return Control::Checks(variants.iter().map(option).collect());
        }
        // Days are typed one after the other.
        if is_days(of) {
            return Control::Text(Input {
                value: typed_as(&Shape::List(Box::new(of.clone())), value, 0)
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
                ..Input::default()
            });
        }
        let row = |place: &str, value: Option<&Value>| {
            let path = format!("{path}[{place}]");
            Item {
                l: self.l,
                id: id_of(&path),
                name: String::new(),
                label: String::new(),
                why: String::new(),
                source: String::new(),
                carried: String::new(),
                optional: false,
                control: self.control(&path, "", of, value),
            }
        };
        let held = value.and_then(Value::as_array).map(Vec::as_slice);
        let held = held.unwrap_or_default().iter();
        let rows = held.enumerate();
        let rows: Vec<Item> = rows
            .map(|(place, value)| row(&place.to_string(), Some(value)))
            .collect();
        // A carried value for every new row has the path of the list's item.
        let every = self.carried.at(&format!("{path}[]"));
        let blank = Box::new(row(PLACE, every.map(|(value, _)| value)));
        Control::Rows { rows, blank }
    }

    fn input(&self, shape: &Shape, value: Option<&Value>) -> Input {
        let l = self.l;
        let text = |form, keys, unit, like| Input {
            form,
            keys,
            unit,
            like,
            value: value.map_or_else(String::new, |value| {
                written(shape, value, self.offset_minutes)
            }),
        };
        match shape {
            Shape::Money => text("text", "decimal", l.pick("元", "yuan"), "1,300,000.00"),
            Shape::Integer(Unit::Months) => text("text", "numeric", l.pick("个月", "months"), "36"),
            Shape::Integer(Unit::BasisPoints) => text("text", "decimal", "%", "3"),
            Shape::Integer(Unit::Plain) => text("text", "numeric", "", ""),
            Shape::Text(kind) => match kind.as_str() {
                "Date" => text("date", "", "", ""),
                "StatedTime" | "LogTime" => text("datetime-local", "", "", ""),
                "Decimal" => text("text", "decimal", "", "86.5"),
                "Text2000" => text("", "", "", ""),
                "MemberId" => text("text", "", "", "chen"),
                "Label" => text("text", "", "", "rent_2026_04"),
                _ => text("text", "", "", ""),
            },
            _ => text("", "", "", ""),
        }
    }
}

fn chosen(id: &str, label: &str, chosen: bool) -> Choosable {
    let label = if label.is_empty() { id } else { label };
    Choosable {
        id: id.to_owned(),
        label: label.to_owned(),
        chosen,
        fields: Vec::new(),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a list is one of days, which are typed into one field.
fn is_days(of: &Shape) -> bool {
    matches!(of, Shape::Text(kind) if kind == "Date")
}

/// A value as a form's controls hold it: what [`crate::typed`] reads back.
pub(super) fn typed_as(shape: &Shape, value: Option<&Value>, offset_minutes: i32) -> Value {
    let fields = |fields: &[Field]| -> Map<String, Value> {
        let held = |field: &Field| value.and_then(|value| value.get(&field.name));
        let typed = |field: &Field| typed_as(&field.shape, held(field), offset_minutes);
        fields
            .iter()
            .map(|field| (field.name.clone(), typed(field)))
            .collect()
    };
    match (shape, value) {
        (Shape::Object(of), _) => Value::Object(fields(of)),
        (
            Shape::Choice {
                tag: Some(tag),
                variants,
            },
            Some(held),
        ) => {
            let variant = variants.iter().find(|variant| held[tag] == *variant.id);
            let of = variant.map(|variant| variant.fields.as_slice());
            let mut typed = fields(of.unwrap_or_default());
            typed.insert(tag.clone(), held[tag].clone());
            Value::Object(typed)
        }
        (Shape::List(of), Some(Value::Array(items))) if is_days(of) => {
            let days: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            Value::from(days.join(" "))
        }
        (Shape::List(of), Some(Value::Array(items))) => {
            let item = |item| typed_as(of, Some(item), offset_minutes);
            items.iter().map(item).collect()
        }
        (Shape::Boolean, Some(held)) => held.clone(),
        (_, None) => Value::from(""),
        (shape, Some(held)) => Value::from(written(shape, held, offset_minutes)),
    }
}

/// A value of the log as people type it.
fn written(shape: &Shape, value: &Value, offset_minutes: i32) -> String {
    let text = plain(value);
    match shape {
        Shape::Money => value
            .as_u64()
            .and_then(|fen| Fen::new(fen).ok())
            .map_or(text, |fen| fen.to_string()),
        Shape::Integer(Unit::BasisPoints) => {
            let rate = value.as_u64().and_then(|points| Fen::new(points).ok());
            let rate = rate.map_or(text, |rate| rate.to_string());
            rate.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Shape::Text(kind) if kind == "StatedTime" || kind == "LogTime" => {
            let instant = text.parse::<StatedTime>().map(StatedTime::instant);
            let local = instant
                .ok()
                .and_then(|time| StatedTime::new(time, offset_minutes).ok());
            local.map_or(text, |time| time.to_string().chars().take(16).collect())
        }
        _ => text,
    }
}

fn id_of(path: &str) -> String {
    let plain = |c: char| match c {
        '.' | '[' => '-',
        c => c,
    };
    let path = path.chars().filter(|c| *c != ']').map(plain);
    format!("f-{}", path.collect::<String>())
}

/// A field as HTML.
#[derive(Template)]
#[template(path = "pages/desk/item.html")]
pub(super) struct Drawn<'a> {
    i: &'a Item,
    /// Which row it is, for people; 0 outside of lists.
    row: usize,
}

impl<'a> Drawn<'a> {
    pub(super) fn of(i: &'a Item) -> Self {
        Self { i, row: 0 }
    }

    fn inner(&self, i: &'a Item) -> Self {
        Self::of(i)
    }

    fn row(&self, i: &'a Item, row: &usize) -> Self {
        Self { i, row: *row }
    }

    fn blank(&self, i: &'a Item) -> Self {
        Self { i, row: 1 }
    }

    fn t<'b>(&self, zh: &'b str, en: &'b str) -> &'b str {
        self.i.l.pick(zh, en)
    }

    /// What describes the field to who hears it.
    fn described(&self) -> String {
        let Item {
            id,
            why,
            source,
            carried,
            ..
        } = self.i;
        let parts = [(why, "why"), (source, "source"), (carried, "carried")];
        let told = parts.iter().filter(|(text, _)| !text.is_empty());
        let mut ids: Vec<String> = told.map(|(_, end)| format!("{id}-{end}")).collect();
        ids.push(format!("{id}-fault"));
        ids.join(" ")
    }
}
