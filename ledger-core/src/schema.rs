//! JSON Schemas of what people and other programs write and read: charter, statement, disclosure.
//!
//! Generated from the types, so that they cannot differ from what is parsed. The files in `schema/`
//! are these, kept for readers without Rust.

use schemars::{JsonSchema, schema_for};
use serde_json::Value;

use crate::charter::Charter;
use crate::disclosure::Disclosure;
use crate::event::Statement;

/// The schemas by the names of their files.
#[must_use]
pub fn all() -> [(&'static str, Value); 3] {
    [
        ("charter.schema.json", of::<Charter>()),
        ("disclosure.schema.json", of::<Disclosure>()),
        ("statement.schema.json", of::<Statement>()),
    ]
}

/// The schema of a type.
#[must_use]
pub fn of<T: JsonSchema>() -> Value {
    let mut schema = schema_for!(T).to_value();
    drop_null(&mut schema);
    bound_integers(&mut schema);
    schema
}

/// Says in numbers how far an integer goes; `format` alone is a name that few validators know.
fn bound_integers(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(bound_integers),
        Value::Object(members) => {
            members.values_mut().for_each(bound_integers);
            let most: u64 = match members.get("format").and_then(Value::as_str) {
                Some("uint32") => u32::MAX.into(),
                // What canonical JSON holds: 2^53 - 1.
                Some("uint64") => 9_007_199_254_740_991,
                _ => return,
            };
            members.entry("maximum").or_insert_with(|| most.into());
        }
        _ => {}
    }
}

/// What is optional is left out, never null: see [`crate::canonical`].
fn drop_null(schema: &mut Value) {
    let is_null =
        |value: &Value| value == "null" || value.get("type").is_some_and(|kind| kind == "null");
    match schema {
        Value::Array(items) => {
            items.retain(|item| !is_null(item));
            items.iter_mut().for_each(drop_null);
        }
        Value::Object(members) => members.values_mut().for_each(drop_null),
        _ => {}
    }
}
