//! The shape of an event, read from its JSON Schema: what a form asks and what a rendering shows.
//!
//! The library derives the schema from its own types, so a new kind of event is asked for and shown
//! without a change here. The Chinese terms are those in parentheses in the schema's descriptions.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ledger_core::charter::Charter;
use ledger_core::{Event, Language};
use serde_json::Value;

mod order;

use order::{CHARTER_ORDER, ORDER};

/// A value's shape.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// Named fields.
    Object(Vec<Field>),
    /// One of several; `tag` is the field that says which, if the variants are objects.
    Choice {
        tag: Option<String>,
        variants: Vec<Variant>,
    },
    /// Any number of the same.
    List(Box<Shape>),
    /// A text with a form of its own, by the name of its type in the schema.
    Text(String),
    /// A whole number, of what.
    Integer(Unit),
    /// A sum in fen, asked and shown in yuan.
    Money,
    /// Yes or no.
    Boolean,
    /// A document kept outside the log.
    Document,
    /// A whole charter.
    Charter,
    /// Anything: a value whose shape is that of another field.
    Any,
}

/// What a whole number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Plain,
    Months,
    /// Hundredths of a per cent.
    BasisPoints,
}

/// A field of an object.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) label: Label,
    /// What it means, or what to write, where the name alone does not tell.
    pub(crate) explanation: Label,
    pub(crate) optional: bool,
    pub(crate) shape: Shape,
}

/// One of several.
#[derive(Debug, Clone)]
pub(crate) struct Variant {
    pub(crate) id: String,
    pub(crate) label: Label,
    pub(crate) fields: Vec<Field>,
}

/// A name for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) zh: String,
    pub(crate) en: String,
}

impl Label {
    pub(crate) fn pick(&self, language: Language) -> &str {
        language.pick(&self.zh, &self.en)
    }
}

/// A field of an event that can be corrected on its own, wherever it stands within objects.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    /// Its JSON Pointer.
    pub(crate) pointer: String,
    /// The names on the way to it, its own last.
    pub(crate) names: Vec<String>,
    /// Their labels.
    pub(crate) labels: Vec<Label>,
    pub(crate) shape: Shape,
    /// Its value; `None` if it is left out.
    pub(crate) value: Option<Value>,
    pub(crate) optional: bool,
}

impl Leaf {
    /// All fields of an event that can be corrected, documents apart.
    pub(crate) fn all(event: &Event) -> Vec<Self> {
        let (Some(Shape::Object(fields)), Ok(value)) =
            (of_event(event.kind()), serde_json::to_value(event))
        else {
            return Vec::new();
        };
        let mut leaves = Vec::new();
        collect(&fields, &value, &[], &mut leaves);
        leaves
    }

    /// The field at a JSON Pointer.
    pub(crate) fn at(event: &Event, pointer: &str) -> Option<Self> {
        let mut leaves = Self::all(event).into_iter();
        leaves.find(|leaf| leaf.pointer == pointer)
    }

    /// Its name for people.
    pub(crate) fn name(&self, language: Language) -> String {
        let labels: Vec<&str> = self
            .labels
            .iter()
            .map(|label| label.pick(language))
            .collect();
        labels.join(language.pick("·", ", "))
    }
}

fn collect(fields: &[Field], value: &Value, above: &[&Field], leaves: &mut Vec<Leaf>) {
    for field in fields {
        let held = value.get(&field.name);
        let path = [above, &[field]].concat();
        match (&field.shape, held) {
            (Shape::List(of), _) if matches!(**of, Shape::Document) => {}
            (Shape::Object(inner), Some(held)) => collect(inner, held, &path, leaves),
            _ => leaves.push(Leaf {
                pointer: path
                    .iter()
                    .map(|field| format!("/{}", field.name))
                    .collect(),
                names: path.iter().map(|field| field.name.clone()).collect(),
                labels: path.iter().map(|field| field.label.clone()).collect(),
                shape: field.shape.clone(),
                value: held.cloned(),
                optional: field.optional,
            }),
        }
    }
}

/// The shapes of all kinds of event: the schema is derived once, for a page shows many events.
static SHAPES: LazyLock<BTreeMap<String, Shape>> = LazyLock::new(|| {
    let root = schemars::schema_for!(Event).to_value();
    let schema = Schema {
        root: &root,
        order: ORDER,
    };
    let variants = root["oneOf"].as_array().map(Vec::as_slice);
    let shape = |variant: &Value| {
        let kind = variant["properties"]["kind"]["const"].as_str()?;
        let mut fields = schema.fields(variant);
        fields.retain(|field| field.name != "kind");
        Some((kind.to_owned(), Shape::Object(fields)))
    };
    let all = variants.unwrap_or_default().iter();
    all.filter_map(shape).collect()
});

/// The fields of a charter, as its sheet asks for them and a comparison names them.
static CHARTER: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let root = schemars::schema_for!(Charter).to_value();
    let schema = Schema {
        root: &root,
        order: CHARTER_ORDER,
    };
    schema.fields(&root)
});

/// The fields of a charter. Its tables with fixed keys are objects here; what it holds by year is a list,
/// each with its year: see [`crate::charter_sheet`].
pub(crate) fn of_charter() -> &'static [Field] {
    &CHARTER
}

/// The shape of a kind of event; `None` if there is no such kind.
pub(crate) fn of_event(kind: &str) -> Option<Shape> {
    known(kind).cloned()
}

/// As [`of_event`], to be looked at only.
pub(crate) fn known(kind: &str) -> Option<&'static Shape> {
    SHAPES.get(kind)
}

/// All kinds of event with their Chinese names.
pub(crate) fn kinds() -> Vec<(String, String)> {
    let root = schemars::schema_for!(Event).to_value();
    let variants = root["oneOf"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let kind = |variant: &Value| {
        let id = variant["properties"]["kind"]["const"].as_str()?;
        Some((id.to_owned(), variant["description"].as_str()?.to_owned()))
    };
    variants.iter().filter_map(kind).collect()
}

struct Schema<'a> {
    root: &'a Value,
    /// The order of fields: what is not in it comes last, by name.
    order: &'static [&'static str],
}

impl Schema<'_> {
    fn resolve<'b>(&'b self, schema: &'b Value) -> (Option<&'b str>, &'b Value) {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
            return (None, schema);
        };
        let name = reference.rsplit('/').next().unwrap_or(reference);
        (Some(name), &self.root["$defs"][name])
    }

    fn fields(&self, object: &Value) -> Vec<Field> {
        let required: Vec<&str> = object["required"]
            .as_array()
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let Some(properties) = object["properties"].as_object() else {
            return Vec::new();
        };
        let mut fields: Vec<Field> = properties
            .iter()
            .map(|(name, schema)| Field {
                name: name.clone(),
                label: self.label(name, schema),
                explanation: explanation(schema),
                optional: !required.contains(&name.as_str()),
                shape: match self.shape(schema) {
                    Shape::Integer(_) => Shape::Integer(unit_of(name)),
                    shape => shape,
                },
            })
            .collect();
        let rank = |field: &Field| {
            self.order
                .iter()
                .position(|name| *name == field.name)
                .unwrap_or(self.order.len())
        };
        fields.sort_by_key(rank);
        fields
    }

    fn shape(&self, schema: &Value) -> Shape {
        let (name, schema) = self.resolve(schema);
        match name {
            Some("Fen") => return Shape::Money,
            Some("Charter") => return Shape::Charter,
            Some("DocumentRef") => return Shape::Document,
            _ => {}
        }
        if let Some(inner) = nullable(schema) {
            return self.shape(inner);
        }
        if let Some(variants) = schema.get("oneOf").and_then(Value::as_array) {
            return self.choice(variants);
        }
        match kind_of(schema) {
            "object" if schema.get("propertyNames").is_some() => Shape::Object(self.keyed(schema)),
            "object" if schema.get("patternProperties").is_some() => self.by_year(schema),
            "object" => Shape::Object(self.fields(schema)),
            "array" => Shape::List(Box::new(self.shape(&schema["items"]))),
            "integer" => Shape::Integer(Unit::Plain),
            "boolean" => Shape::Boolean,
            "" if schema.get("enum").is_none() => Shape::Any,
            _ => match schema.get("enum").and_then(Value::as_array) {
                Some(values) => Shape::Choice {
                    tag: None,
                    variants: values.iter().filter_map(Value::as_str).map(plain).collect(),
                },
                None => Shape::Text(name.unwrap_or("Text").to_owned()),
            },
        }
    }

    /// The fields of a table whose keys are known: one for each key.
    fn keyed(&self, table: &Value) -> Vec<Field> {
        let required = table["required"].as_array();
        let required = |key: &str| required.is_some_and(|keys| keys.iter().any(|name| name == key));
        let Shape::Choice { variants, .. } = self.shape(&table["propertyNames"]) else {
            return Vec::new();
        };
        let field = |key: Variant| Field {
            // Kinds of event have names of their own.
            label: match Event::names_of(&key.id) {
                Some([zh, en]) if key.label.zh.is_ascii() => label(zh, en),
                _ => key.label,
            },
            explanation: label("", ""),
            optional: !required(&key.id),
            shape: self.shape(&table["additionalProperties"]),
            name: key.id,
        };
        variants.into_iter().map(field).collect()
    }

    /// A table by year, as a list.
    fn by_year(&self, table: &Value) -> Shape {
        let patterns = table["patternProperties"].as_object();
        let of = patterns.and_then(|patterns| patterns.values().next());
        let mut fields = vec![Field {
            name: "year".to_owned(),
            label: label("年份", "year"),
            explanation: label("如 2027", "as in 2027"),
            optional: false,
            shape: Shape::Text("Year".to_owned()),
        }];
        fields.extend(
            of.map(|of| self.fields(self.resolve(of).1))
                .unwrap_or_default(),
        );
        Shape::List(Box::new(Shape::Object(fields)))
    }

    fn choice(&self, variants: &[Value]) -> Shape {
        let mut tag = None;
        let mut all = Vec::new();
        for variant in variants {
            if let Some(id) = variant.get("const").and_then(Value::as_str) {
                all.push(Variant {
                    id: id.to_owned(),
                    label: label_of(id, variant),
                    fields: Vec::new(),
                });
            } else if let Some(values) = variant.get("enum").and_then(Value::as_array) {
                all.extend(values.iter().filter_map(Value::as_str).map(plain));
            } else if let Some((name, id)) = tag_of(variant) {
                let mut fields = self.fields(variant);
                fields.retain(|field| field.name != name);
                all.push(Variant {
                    id: id.to_owned(),
                    label: label_of(id, variant),
                    fields,
                });
                tag = Some(name.to_owned());
            }
        }
        Shape::Choice { tag, variants: all }
    }

    fn label(&self, name: &str, schema: &Value) -> Label {
        let en = name.trim_end_matches("_fen").replace('_', " ");
        let described = schema["description"].as_str().and_then(term);
        let inner = nullable(schema).unwrap_or(schema);
        let (_, resolved) = self.resolve(inner);
        let zh = described
            .or_else(|| resolved["description"].as_str().and_then(term))
            .unwrap_or(name);
        Label {
            zh: zh.to_owned(),
            en,
        }
    }
}

fn label(zh: &str, en: &str) -> Label {
    Label {
        zh: zh.to_owned(),
        en: en.to_owned(),
    }
}

/// The library names units last.
fn unit_of(name: &str) -> Unit {
    match name {
        _ if name.ends_with("_months") => Unit::Months,
        _ if name.ends_with("basis_points") => Unit::BasisPoints,
        _ => Unit::Plain,
    }
}

/// What a field of an event is called, by the names that lead to it, as in `event.asset.name`.
pub(crate) fn name_of(kind: &str, path: &str, language: Language) -> Option<String> {
    let (called, _) = at(kind, path, language)?;
    Some(called)
}

/// What the field at a path is called, and its shape.
pub(crate) fn at(kind: &str, path: &str, language: Language) -> Option<(String, Shape)> {
    let mut shape = of_event(kind)?;
    let mut called: Vec<String> = Vec::new();
    for name in path.trim_start_matches("event.").split('.') {
        let (name, place) = name.split_once('[').unwrap_or((name, ""));
        let field = within(shape).into_iter().find(|field| field.name == name)?;
        let label = field.label.pick(language);
        shape = match (place.trim_end_matches(']').parse::<usize>(), field.shape) {
            (Ok(place), Shape::List(of)) => {
                called.push(format!("{label} {}", place + 1));
                *of
            }
            (_, shape) => {
                called.push(label.to_owned());
                shape
            }
        };
    }
    Some((called.join("·"), shape))
}

/// The fields that may stand in a value.
fn within(shape: Shape) -> Vec<Field> {
    match shape {
        Shape::Object(fields) => fields,
        Shape::Charter => of_charter().to_vec(),
        Shape::Choice { variants, .. } => {
            let fields = variants.into_iter().flat_map(|variant| variant.fields);
            fields.collect()
        }
        _ => Vec::new(),
    }
}

/// The schema of the value that may be left out.
fn nullable(schema: &Value) -> Option<&Value> {
    let choices = schema.get("anyOf")?.as_array()?;
    choices.iter().find(|choice| choice["type"] != "null")
}

fn kind_of(schema: &Value) -> &str {
    match &schema["type"] {
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null")
            .unwrap_or_default(),
        kind => kind.as_str().unwrap_or_default(),
    }
}

fn tag_of(variant: &Value) -> Option<(&str, &str)> {
    variant["properties"]
        .as_object()?
        .iter()
        .find_map(|(name, schema)| Some((name.as_str(), schema.get("const")?.as_str()?)))
}

fn plain(id: &str) -> Variant {
    Variant {
        id: id.to_owned(),
        label: label_of(id, &Value::Null),
        fields: Vec::new(),
    }
}

fn label_of(id: &str, schema: &Value) -> Label {
    let description = schema["description"].as_str();
    let whole = description.filter(|text| !text.is_ascii() && !text.contains(". "));
    let zh = description.and_then(term).or(whole).unwrap_or(id);
    Label {
        zh: zh.to_owned(),
        en: id.replace('_', " "),
    }
}

/// The Chinese term in parentheses at the end of a description's first paragraph.
fn term(description: &str) -> Option<&str> {
    let first = description.split("\n\n").next().unwrap_or(description);
    let inner = first.trim_end().strip_suffix(')')?;
    // Terms may hold parentheses of their own, as in 村(社)级.
    let mut depth = 0_u32;
    let start = inner.char_indices().rev().find_map(|(place, c)| {
        match c {
            ')' => depth += 1,
            '(' if depth == 0 => return Some(place),
            '(' => depth -= 1,
            _ => {}
        }
        None
    })?;
    // What follows the colon explains the term.
    let term = inner[start + 1..].split('：').next().unwrap_or_default();
    (!term.is_ascii()).then_some(term)
}

/// What a field's description says beside its name: after the term's colon, and before the term.
fn explanation(schema: &Value) -> Label {
    let described = schema["description"].as_str().unwrap_or_default();
    let first = described
        .split("\n\n")
        .next()
        .unwrap_or_default()
        .trim_end();
    let zh = term(first).and_then(|term| first.split_once(&format!("({term}：")));
    let zh = zh
        .and_then(|(_, rest)| rest.strip_suffix(')'))
        .unwrap_or_default();
    let en = term(first).and_then(|term| first.rsplit_once(&format!("({term}")));
    let en = en.map_or(first, |(en, _)| en.trim_end());
    Label {
        zh: zh.to_owned(),
        en: en.replace('\n', " "),
    }
}

#[cfg(test)]
mod glossary;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(place: &str, shape: &Shape) {
        match shape {
            Shape::Object(fields) => {
                for field in fields {
                    let place = format!("{place}.{}", field.name);
                    assert!(!field.label.zh.is_ascii(), "{place}: {:?}", field.label);
                    check(&place, &field.shape);
                }
            }
            Shape::Choice { variants, .. } => {
                assert!(!variants.is_empty(), "{place}");
                for variant in variants {
                    let place = format!("{place}/{}", variant.id);
                    assert!(!variant.label.zh.is_ascii(), "{place}: {:?}", variant.label);
                    check(&place, &Shape::Object(variant.fields.clone()));
                }
            }
            Shape::List(of) => check(&format!("{place}[]"), of),
            _ => {}
        }
    }

    #[test]
    fn every_field_and_choice_of_every_event_has_a_chinese_name() {
        for kind in Event::KINDS {
            check(kind, &of_event(kind).unwrap());
        }
    }

    #[test]
    fn every_field_and_choice_of_a_charter_has_a_chinese_name() {
        check("charter", &Shape::Object(of_charter().to_vec()));
    }

    #[test]
    fn terms_are_found_at_the_end_of_the_first_paragraph() {
        assert_eq!(term("Why. (理由)"), Some("理由"));
        assert_eq!(
            term("A level. (村(社)级平台)\n\nMore. (又)"),
            Some("村(社)级平台")
        );
        assert_eq!(term("No term (here)"), None);
        assert_eq!(term("Whose. (权属：归谁所有)"), Some("权属"));
        let described =
            serde_json::json!({"description": "Whose it is. (权属：归谁(集体)所有)\n\nMore. (又)"});
        let Label { zh, en } = explanation(&described);
        assert_eq!(
            (zh.as_str(), en.as_str()),
            ("归谁(集体)所有", "Whose it is.")
        );
    }
}
