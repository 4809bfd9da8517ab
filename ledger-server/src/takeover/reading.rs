//! What the texts of a sheet mean: words, areas, sums, and the numbers by which contracts are told apart.

use data_encoding::BASE32_NOPAD;
use ledger_core::hash::Digest;
use ledger_core::money::{Area, Fen, Price};
use ledger_core::time::Date;
use ledger_core::{Language, TransactionId};
use serde_json::{Map, Value, json};

use super::KIND;
use crate::shape::{self, Field, Shape, Variant};

/// A contract's number without white space, and with the brackets and digits of one width: two that
/// differ in nothing else are one.
pub(super) fn number_key(number: &str) -> String {
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '【' | '〔' => '[',
        '】' | '〕' => ']',
        c => c,
    };
    let visible = number.chars().filter(|c| !c.is_whitespace());
    visible.map(narrow).collect::<String>().to_lowercase()
}

/// The transaction's number that follows from the contract's: the same contract gets the same.
pub(super) fn transaction_of(number: &str) -> Option<TransactionId> {
    let digest = Digest::of(format!("sanzi/taken-over/v1\n{}", number_key(number)).as_bytes());
    let short = BASE32_NOPAD.encode(digest.as_bytes().get(..8)?);
    format!("old-{}", short.to_lowercase()).parse().ok()
}

/// The shape of a field of the event, by its path.
fn shape_at<'a>(shape: &'a Shape, path: &str) -> Option<&'a Shape> {
    path.split('.').try_fold(shape, |shape, name| {
        let fields: &[Field] = match shape {
            Shape::Object(fields) => fields,
            _ => return None,
        };
        fields
            .iter()
            .find(|field| field.name == name)
            .map(|field| &field.shape)
    })
}

/// Other ways to write a word.
const ALSO: &[(&str, &str)] = &[
    ("平方", "平方米"),
    ("平米", "平方米"),
    ("㎡", "平方米"),
    ("m²", "平方米"),
    ("m2", "平方米"),
    ("元/年", "每年"),
    ("年", "每年"),
    ("元/月", "每月"),
    ("月", "每月"),
    ("元/亩/年", "每亩每年"),
    ("元/亩", "每亩"),
    ("元/平方米", "每平方米"),
    ("元/㎡/月", "每平方米每月"),
    ("元", "总价"),
];

fn variants(field: &str) -> &'static [Variant] {
    match shape::known(KIND).and_then(|shape| shape_at(shape, field)) {
        Some(Shape::Choice { variants, .. }) => variants,
        _ => &[],
    }
}

/// The name by which the log has a word of a sheet.
pub(super) fn word_of(field: &str, text: &str) -> Option<String> {
    let also = ALSO.iter().find(|(other, _)| *other == text);
    let text = also.map_or(text, |(_, word)| *word);
    let named = |variant: &&Variant| variant.id == text || variant.label.pick(Language::Zh) == text;
    variants(field)
        .iter()
        .find(named)
        .map(|variant| variant.id.clone())
}

/// The words that a column takes.
pub(super) fn words(field: &str) -> Vec<&'static str> {
    let variants = variants(field).iter();
    variants
        .map(|variant| variant.label.pick(Language::Zh))
        .collect()
}

/// Puts a text where it belongs in a form.
pub(super) fn put(typed: &mut Map<String, Value>, path: &str, text: &str) {
    match path.split_once('.') {
        None => {
            typed.insert(path.to_owned(), json!(text));
        }
        Some((outer, rest)) => {
            let inner = typed.entry(outer).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                put(inner, rest, text);
            }
        }
    }
}

/// An area that brings its unit along, as in `12.5亩`.
pub(super) fn area_of(text: &str) -> Option<(String, String)> {
    let end = text.find(|c: char| !matches!(c, '0'..='9' | '.' | ',' | ' '))?;
    let (number, unit) = text.split_at_checked(end)?;
    let unit = word_of("asset.area.unit", unit.trim())?;
    Some((number.replace([',', ' '], ""), unit))
}

/// A sum without what people write beside it.
pub(super) fn sum_of(text: &str) -> &str {
    text.trim_start_matches(['￥', '¥'])
        .trim_end_matches('元')
        .trim()
}

/// What a contract comes to by its price, area and term, where that is exact.
pub(super) fn worth(body: &Map<String, Value>) -> Option<Fen> {
    let price: Price = serde_json::from_value(body.get("price")?.clone()).ok()?;
    let area = body.get("asset").and_then(|asset| asset.get("area"));
    let area: Option<Area> = area.and_then(|area| serde_json::from_value(area.clone()).ok());
    let day = |field: &str| body.get(field)?.as_str()?.parse::<Date>().ok();
    let months = day("term_start")
        .zip(day("term_end"))
        .and_then(|(start, end)| months(start, end));
    price.total(area.as_ref(), months)
}

/// How many whole months a term has.
fn months(start: Date, end: Date) -> Option<u32> {
    let after = end.plus_days(1)?;
    let count = |day: Date| i64::from(day.year()) * 12 + i64::from(day.month());
    let months = u32::try_from(count(after) - count(start)).ok()?;
    (start.plus_months(months)? == after).then_some(months)
}
