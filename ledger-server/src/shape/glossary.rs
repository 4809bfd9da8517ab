//! The words for codes that the pages' script shows: `web/src/page/words.json`, made from the types.
//!
//! Beside it `web/src/desk/fields.json`, what the desk's script calls the fields of every kind of event.
//! `UPDATE=1 cargo test -p ledger-server --all-features glossary` writes both anew.

use std::collections::BTreeMap;
use std::path::Path;

use ledger_core::money::{AreaUnit, PriceBasis};
use ledger_core::{Event, Role, Step};
use serde_json::{Value, json};

use super::{Field, Label, Shape, Unit, of_event};

/// For a code, its words in each language: several where it means different things in different fields.
type Glossary = BTreeMap<String, [Vec<String>; 2]>;

fn add(glossary: &mut Glossary, code: &str, zh: &str, en: &str) {
    let words = glossary.entry(code.to_owned()).or_default();
    for (known, word) in words.iter_mut().zip([zh, en]) {
        if !word.is_empty() && !known.iter().any(|other| other == word) {
            known.push(word.to_owned());
        }
    }
}

fn walk(glossary: &mut Glossary, shape: &Shape) {
    match shape {
        Shape::Object(fields) => fields.iter().for_each(|field| walk(glossary, &field.shape)),
        Shape::List(of) => walk(glossary, of),
        Shape::Choice { variants, .. } => {
            for variant in variants {
                let label = &variant.label;
                add(glossary, &variant.id, &label.zh, &label.en);
                variant
                    .fields
                    .iter()
                    .for_each(|field| walk(glossary, &field.shape));
            }
        }
        _ => {}
    }
}

fn glossary() -> Glossary {
    let mut glossary = Glossary::new();
    for kind in Event::KINDS {
        let [zh, en] = Event::names_of(kind).unwrap();
        add(&mut glossary, kind, zh, en);
        walk(&mut glossary, &of_event(kind).unwrap());
    }
    for step in Step::ALL {
        add(&mut glossary, step.id(), step.zh(), step.en());
    }
    for role in Role::ALL {
        add(&mut glossary, role.id(), role.zh(), role.en());
    }
    for unit in AreaUnit::ALL {
        let code = serde_json::to_value(unit).unwrap();
        let (zh, en) = (unit.label_zh(), unit.label_en());
        add(&mut glossary, code.as_str().unwrap(), zh, en);
    }
    for basis in PriceBasis::ALL {
        let code = serde_json::to_value(basis).unwrap();
        let (zh, en) = (basis.label_zh(), basis.label_en());
        add(&mut glossary, code.as_str().unwrap(), zh, en);
    }
    glossary
}

#[test]
fn the_scripts_words_are_those_of_the_types() {
    let table: BTreeMap<String, Value> = glossary()
        .into_iter()
        .map(|(code, [zh, en])| (code, json!({ "en": en, "zh": zh })))
        .collect();
    let table = serde_json::to_string_pretty(&table).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/src/page/words.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), table);
}

fn label_json(label: &Label) -> Value {
    json!({ "en": label.en, "zh": label.zh })
}

fn fields_json(fields: &[Field]) -> Value {
    let field = |field: &Field| {
        json!({
            "name": field.name,
            "label": label_json(&field.label),
            "shape": shape_json(&field.shape),
        })
    };
    fields.iter().map(field).collect()
}

/// A shape as the script reads it: a word, or an object with what it holds.
fn shape_json(shape: &Shape) -> Value {
    match shape {
        Shape::Object(fields) => json!({ "object": fields_json(fields) }),
        Shape::List(of) => json!({ "list": shape_json(of) }),
        Shape::Choice { tag, variants } => {
            let variants: BTreeMap<&str, Value> = variants
                .iter()
                .map(|variant| {
                    let fields = fields_json(&variant.fields);
                    let label = label_json(&variant.label);
                    (
                        variant.id.as_str(),
                        json!({ "fields": fields, "label": label }),
                    )
                })
                .collect();
            match tag {
                Some(tag) => json!({ "tag": tag, "variants": variants }),
                None => json!({ "variants": variants }),
            }
        }
        Shape::Text(of) => json!({ "text": of }),
        Shape::Integer(Unit::Plain) => json!("number"),
        Shape::Integer(Unit::Months) => json!("months"),
        Shape::Integer(Unit::BasisPoints) => json!("basis_points"),
        Shape::Money => json!("money"),
        Shape::Boolean => json!("boolean"),
        Shape::Document => json!("document"),
        Shape::Charter => json!("charter"),
        Shape::Any => json!("any"),
    }
}

/// What the desk's script shows of an event before it is signed: `web/src/desk/fields.json`.
#[test]
fn the_desks_fields_are_those_of_the_types() {
    let table: BTreeMap<&str, Value> = Event::KINDS
        .iter()
        .map(|kind| match of_event(kind).unwrap() {
            Shape::Object(fields) => (*kind, fields_json(&fields)),
            other => panic!("{kind}: {other:?}"),
        })
        .collect();
    let table = serde_json::to_string(&table).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/src/desk/fields.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), table);
}
