//! What people type, made into an event's body by the library's own parsers. (填写的内容)
//!
//! Amounts come in yuan, rises in per cent, times in the ledger's own zone. Every answer is judged at once by
//! the library's parser: an event that holds this one answer and nothing else must fail for what is missing,
//! and for nothing more. Knows neither the ledger nor its rules: what a whole event may say, `admit` decides.

use ledger_core::Language;
use ledger_core::charter::Charter;
use ledger_core::event::Event;
use ledger_core::money::Fen;
use ledger_core::privacy::{self, Kind};
use serde_json::{Map, Value, json};

use crate::charter_sheet;
use crate::fault;
use crate::masking;
use crate::moment;
use crate::shape::{self, Field, Shape, Unit, Variant};

/// Where an answer stands in its event.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part<'a> {
    Field(&'a str),
    Item,
    Variant(&'a str, &'a str),
}

/// Something that cannot stand as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfit {
    /// Where, as in `asset.area.value` or `received[1].voucher`.
    pub(crate) field: String,
    pub(crate) said: String,
    /// What could stand there instead.
    pub(crate) instead: Option<String>,
}

/// What became of a form.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// The body as far as it could be read.
    pub(crate) body: Map<String, Value>,
    pub(crate) faults: Vec<Unfit>,
    /// What has to be filled in still.
    pub(crate) missing: Vec<String>,
    /// Amounts as they were understood, by field: a zero too many is seen.
    pub(crate) amounts: Vec<(String, Fen)>,
}

/// Reads the form of one kind of event.
pub(crate) struct Reader<'a> {
    pub(crate) language: Language,
    pub(crate) kind: &'a str,
    /// Minutes east of UTC in which times are typed.
    pub(crate) offset_minutes: i32,
    /// What the server fills in by itself.
    pub(crate) given: &'a [&'a str],
}

/// Whether nothing was typed: a group in which every field is empty was left out.
fn is_blank(typed: &Value) -> bool {
    match typed {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Object(fields) => fields.values().all(is_blank),
        Value::Array(items) => items.iter().all(is_blank),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What was typed, without space around it and with digits as a Chinese keyboard's full-width mode types
/// them made plain.
fn plain(text: &str) -> String {
    let narrow = |c: char| match c {
        '０'..='９' | '．' | '－' | '：' | '％' => {
            char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c)
        }
        '，' => ',',
        c => c,
    };
    text.trim().chars().map(narrow).collect()
}

impl Reader<'_> {
    /// Reads what was typed into these fields.
    pub(crate) fn read(&self, fields: &[Field], typed: &Map<String, Value>) -> Read {
        let mut read = Read::default();
        let fields: Vec<&Field> = fields
            .iter()
            .filter(|field| !self.given.contains(&field.name.as_str()))
            .collect();
        let body = self.object(&mut read, &[], "", &fields, typed);
        // What no field asks for is no answer: the parser names it.
        for (name, value) in typed {
            if !fields.iter().any(|field| field.name == *name) && !is_blank(value) {
                read.faults.push(Unfit {
                    field: name.clone(),
                    said: self
                        .language
                        .pick("这张表没有这个字段", "the form has no such field")
                        .to_owned(),
                    instead: None,
                });
            }
        }
        read.body = body;
        read
    }

    /// Reads one value that stands alone: what is right instead of a field of an earlier event.
    pub(crate) fn one(&self, names: &[String], shape: &Shape, typed: &Value) -> (Read, Value) {
        let mut read = Read::default();
        let path: Vec<Part<'_>> = names.iter().map(|name| Part::Field(name)).collect();
        let value = self.value(&mut read, &path, "value", shape, typed);
        (read, value.unwrap_or_default())
    }

    fn object(
        &self,
        read: &mut Read,
        path: &[Part<'_>],
        at: &str,
        fields: &[&Field],
        typed: &Map<String, Value>,
    ) -> Map<String, Value> {
        let mut object = Map::new();
        for field in fields {
            let typed = typed.get(&field.name).unwrap_or(&Value::Null);
            if field.optional && is_blank(typed) {
                continue;
            }
            let path = [path, &[Part::Field(&field.name)]].concat();
            let at = match at {
                "" => field.name.clone(),
                at => format!("{at}.{}", field.name),
            };
            if let Some(value) = self.value(read, &path, &at, &field.shape, typed) {
                object.insert(field.name.clone(), value);
            }
        }
        object
    }

    fn value(
        &self,
        read: &mut Read,
        path: &[Part<'_>],
        at: &str,
        shape: &Shape,
        typed: &Value,
    ) -> Option<Value> {
        let empty = Map::new();
        match shape {
            Shape::Object(fields) => {
                let fields: Vec<&Field> = fields.iter().collect();
                let typed = typed.as_object().unwrap_or(&empty);
                Some(Value::Object(self.object(read, path, at, &fields, typed)))
            }
            Shape::Choice { tag, variants } => {
                self.choice(read, path, at, (tag.as_deref(), variants), typed)
            }
            Shape::List(of) => Some(self.list(read, path, at, of, typed)),
            // Already as they stand: the browser hashed them.
            Shape::Document => Some(typed.clone()),
            _ if is_blank(typed) => {
                read.missing.push(at.to_owned());
                None
            }
            Shape::Boolean => match typed {
                Value::Bool(_) => Some(typed.clone()),
                _ => {
                    read.missing.push(at.to_owned());
                    None
                }
            },
            Shape::Charter => self.charter(read, path, at, typed),
            Shape::Any => Some(typed.clone()),
            Shape::Money | Shape::Integer(_) | Shape::Text(_) => {
                self.scalar(read, path, at, shape, typed)
            }
        }
    }

    fn choice(
        &self,
        read: &mut Read,
        path: &[Part<'_>],
        at: &str,
        (tag, variants): (Option<&str>, &[Variant]),
        typed: &Value,
    ) -> Option<Value> {
        let chosen = match (tag, typed) {
            (Some(tag), Value::Object(fields)) => fields.get(tag).and_then(Value::as_str),
            (_, typed) => typed.as_str(),
        };
        let chosen = chosen.map(str::trim).filter(|chosen| !chosen.is_empty());
        let Some(chosen) = chosen else {
            read.missing.push(at.to_owned());
            return None;
        };
        let Some(variant) = variants.iter().find(|variant| variant.id == chosen) else {
            let l = self.language;
            let known: Vec<&str> = variants
                .iter()
                .map(|variant| variant.label.pick(l))
                .collect();
            read.faults.push(Unfit {
                field: at.to_owned(),
                said: l.pick(
                    format!("请从这些里选一项：{}", known.join("、")),
                    format!("choose one of: {}", known.join(", ")),
                ),
                instead: None,
            });
            return None;
        };
        let Some(tag) = tag else {
            return Some(json!(variant.id));
        };
        let path = [path, &[Part::Variant(tag, &variant.id)]].concat();
        let fields: Vec<&Field> = variant.fields.iter().collect();
        let empty = Map::new();
        let typed = typed.as_object().unwrap_or(&empty);
        let mut object = self.object(read, &path, at, &fields, typed);
        object.insert(tag.to_owned(), json!(variant.id));
        Some(Value::Object(object))
    }

    fn list(
        &self,
        read: &mut Read,
        path: &[Part<'_>],
        at: &str,
        of: &Shape,
        typed: &Value,
    ) -> Value {
        let path = [path, &[Part::Item]].concat();
        // Days are typed one after the other.
        let days: Vec<Value> = match typed {
            Value::String(days) => days
                .split(|c: char| c.is_whitespace() || ",，、;；".contains(c))
                .filter(|day| !day.is_empty())
                .map(Value::from)
                .collect(),
            _ => Vec::new(),
        };
        let typed = typed.as_array().unwrap_or(&days);
        let mut items = Vec::new();
        for (place, item) in typed.iter().enumerate() {
            // A row that was added and not filled in.
            if !is_blank(item) {
                items.extend(self.value(read, &path, &format!("{at}[{place}]"), of, item));
            }
        }
        Value::Array(items)
    }

    fn scalar(
        &self,
        read: &mut Read,
        path: &[Part<'_>],
        at: &str,
        shape: &Shape,
        typed: &Value,
    ) -> Option<Value> {
        let answer = match typed {
            Value::String(text) => text.trim().to_owned(),
            other => other.to_string(),
        };
        let unfit = |said: String, instead| Unfit {
            field: at.to_owned(),
            said,
            instead,
        };
        let value =
            scalar(self.language, self.offset_minutes, shape, &answer).and_then(
                |value| match path {
                    // Judged as a whole.
                    [Part::Field("charter"), ..] => Ok(value),
                    _ => judge(self.kind, path, &value).map(|()| value),
                },
            );
        let value = match value {
            Ok(value) => value,
            Err(said) => {
                let said = self::unfit(self.language, &said, shape, &answer);
                read.faults.push(unfit(said, None));
                return None;
            }
        };
        if let (Shape::Money, Some(Ok(fen))) = (shape, value.as_u64().map(Fen::new)) {
            read.amounts.push((at.to_owned(), fen));
        }
        if let (Shape::Text(_), Some(text)) = (shape, value.as_str()) {
            let field = field_of(path);
            match field.search(text) {
                Some(found) if found.kind != Kind::PersonalName => {
                    let said = masking::number_in_words(self.language, found);
                    read.faults.push(unfit(said, None));
                    return None;
                }
                Some(_) => {
                    let masked = masking::masked(field, text);
                    let said = self.language.pick(
                        format!("像是自然人的姓名：公开账本里写成「{masked}」；若是单位，请写全称"),
                        format!("looks like a natural person's name: the public log says “{masked}”; for an organisation give its full name"),
                    );
                    if masked != text {
                        read.faults.push(unfit(said, Some(masked)));
                        return None;
                    }
                }
                None => {}
            }
        }
        Some(value)
    }

    /// A charter's sheet. Its parts have to fit together: once all is read it is judged as a whole.
    fn charter(
        &self,
        read: &mut Read,
        path: &[Part<'_>],
        at: &str,
        typed: &Value,
    ) -> Option<Value> {
        let l = self.language;
        let empty = Map::new();
        let wrong = (read.faults.len(), read.missing.len());
        let fields: Vec<&Field> = shape::of_charter().iter().collect();
        let typed = typed.as_object().unwrap_or(&empty);
        let rows = Value::Object(self.object(read, path, at, &fields, typed));
        if wrong != (read.faults.len(), read.missing.len()) {
            return None;
        }
        let mut unfit = |path: &str, said: String| {
            read.faults.push(Unfit {
                field: format!("{at}.{path}"),
                said,
                instead: None,
            });
        };
        let charter = match charter_sheet::charter(rows.clone()) {
            Ok(charter) => charter,
            Err(place) => {
                let said = l.pick("这一年已经有了", "this year is there already");
                unfit(&format!("calendar.years[{place}].year"), said.to_owned());
                return None;
            }
        };
        match Charter::parse(&charter.to_string()) {
            Ok(charter) => serde_json::to_value(charter).ok(),
            Err(error) => {
                let place = charter_sheet::path_in_rows(&error.path, &rows);
                unfit(&place, charter_fault(l, &place, &error.fault));
                None
            }
        }
    }
}

/// What is wrong with a charter at a place of its rows, in words.
pub(crate) fn charter_fault(language: Language, place: &str, fault: &str) -> String {
    let said = fault::in_language(fault, language);
    let found = shape::at("charter_adopted", &format!("charter.{place}"), language);
    let hint = found.map_or("", |(_, shape)| hint(language, &shape));
    // What the reader of JSON says of a number's type, nobody who fills in a sheet can use.
    match fault::is_chinese(fault) || hint.is_empty() || !fault.starts_with("invalid ") {
        true => said,
        false => language.pick(format!("应填：{hint}"), format!("expected: {hint}")),
    }
}

/// Reads one answer.
pub(crate) fn scalar(
    language: Language,
    offset_minutes: i32,
    shape: &Shape,
    answer: &str,
) -> Result<Value, String> {
    let number = plain(answer);
    match shape {
        Shape::Money => Fen::from_yuan(&number)
            .map(|fen| json!(fen))
            .map_err(|fault| fault.to_string()),
        // Per cents are read as yuan are, to two decimals: hundredths of a per cent.
        Shape::Integer(Unit::BasisPoints) => {
            let rate = number.trim_end_matches('%');
            Fen::from_yuan(rate)
                .map(|hundredths| json!(hundredths))
                .map_err(|_| {
                    language.pick(
                        format!("应为百分数，如 3 或 2.5，现为「{answer}」"),
                        format!("expected per cents, as in 3 or 2.5, found {answer:?}"),
                    )
                })
        }
        Shape::Integer(_) => number
            .parse::<i64>()
            .map(|number| json!(number))
            .map_err(|_| {
                language.pick(
                    format!("应为整数，如 12，现为「{answer}」"),
                    format!("expected a whole number, as in 12, found {answer:?}"),
                )
            }),
        Shape::Text(kind) => match kind.as_str() {
            "Date" => Ok(json!(moment::tidy_date(&number))),
            "Decimal" => Ok(json!(number)),
            "StatedTime" => moment::read_stated(&number, offset_minutes)
                .map(|time| json!(time))
                .map_err(|fault| fault.to_string()),
            "LogTime" => moment::read_stated(&number, offset_minutes)
                .map(|time| json!(time.instant()))
                .map_err(|fault| fault.to_string()),
            _ => Ok(json!(answer)),
        },
        _ => Ok(json!(answer)),
    }
}

/// Whether the library takes this answer at its place.
pub(crate) fn judge(kind: &str, path: &[Part<'_>], value: &Value) -> Result<(), String> {
    let mut value = value.clone();
    for part in path.iter().rev() {
        value = match (part, value) {
            (Part::Field(name), inner) => json!({ *name: inner }),
            (Part::Item, inner) => json!([inner]),
            (Part::Variant(tag, id), Value::Object(mut inner)) => {
                inner.insert((*tag).to_owned(), json!(id));
                Value::Object(inner)
            }
            (Part::Variant(..), other) => other,
        };
    }
    if let Value::Object(event) = &mut value {
        event.insert("kind".to_owned(), json!(kind));
    }
    match Event::from_value(value) {
        // Everything else is missing still, and that is all that may be wrong.
        Err(error) if !error.fault.starts_with("missing field") => Err(error.fault),
        _ => Ok(()),
    }
}

/// What the names on the way to an answer say of it.
pub(crate) fn field_of(path: &[Part<'_>]) -> privacy::Field {
    let mut names = path.iter().rev().filter_map(|part| match part {
        Part::Field(name) => Some(*name),
        _ => None,
    });
    let name = names.next().unwrap_or_default();
    privacy::Field::of(names.next().unwrap_or("event"), name)
}

/// What is wrong with an answer: as the parser says it, or by what was asked for where the parser has no
/// Chinese.
pub(crate) fn unfit(language: Language, said: &str, shape: &Shape, answer: &str) -> String {
    let said = fault::in_language(said, language);
    let told = !said.contains("应为 a ") && fault::is_chinese(&said.replace(answer, ""));
    match language {
        Language::Zh if !told => format!("应填：{}；现为「{answer}」", hint(language, shape)),
        _ => said,
    }
}

/// What to type, in a few words.
pub(crate) fn hint(language: Language, shape: &Shape) -> &'static str {
    let (zh, en) = match shape {
        Shape::Money => (
            "金额，单位元，如 1,300,000.00",
            "amount in yuan, as in 1,300,000.00",
        ),
        Shape::Integer(Unit::Months) => {
            ("整数，单位月，如 36", "a whole number of months, as in 36")
        }
        Shape::Integer(Unit::BasisPoints) => (
            "整数，单位万分之一，3% 填 300",
            "hundredths of a per cent: 300 for 3%",
        ),
        Shape::Integer(Unit::Plain) => ("整数", "a whole number"),
        Shape::Text(kind) => match kind.as_str() {
            "Date" => ("日期，如 2018-03-02", "a day, as in 2018-03-02"),
            "StatedTime" | "LogTime" => (
                "时间，如 2018-03-02 09:30",
                "a time, as in 2018-03-02 09:30",
            ),
            "Decimal" => ("数字，如 86.5", "a number, as in 86.5"),
            "MemberId" => (
                "代号，小写字母、数字、-，如 chen",
                "a short name of a-z 0-9 -, as in chen",
            ),
            "TransactionId" => (
                "编号，字母、数字、-，如 2026-001",
                "an id of letters, digits and -, as in 2026-001",
            ),
            "ConcernId" => (
                "意见编号，如 2026-001-y1",
                "a concern's id, as in 2026-001-y1",
            ),
            "Label" => (
                "代号，小写字母、数字、_，如 rent_2026_04",
                "a short name of a-z 0-9 _, as in rent_2026_04",
            ),
            "VerifierKey" => (
                "公钥一行，或 .pub 文件的路径",
                "a verifier key, or the path of a .pub file",
            ),
            "Digest" | "Commitment" => ("64 位十六进制摘要", "64 hexadecimal digits"),
            _ => ("文字，一段，不换行", "text, in one paragraph"),
        },
        _ => ("", ""),
    };
    language.pick(zh, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, typed: Value) -> Read {
        let Some(Shape::Object(fields)) = shape::of_event(kind) else {
            panic!("{kind}");
        };
        let reader = Reader {
            language: Language::Zh,
            kind,
            offset_minutes: 480,
            given: &["disclosure"],
        };
        reader.read(&fields, typed.as_object().unwrap())
    }

    #[test]
    fn what_people_type_becomes_what_the_log_holds() {
        let typed = json!({
            "deposit_fen": "５０，０００", "eligibility": " 有履约能力 ", "documents": [],
            "escalation": {"every_months": "36", "rate_basis_points": "5%"}, "method": "open_bidding",
            "rent_free_months": "2", "reserve_price": {"basis": "per_month", "fen": "1,300.5"},
            "summary": "方案", "term_months": "",
        });
        let Read {
            body,
            faults,
            missing,
            amounts,
        } = read("plan_drafting", typed);
        assert!(
            faults.is_empty() && missing.is_empty(),
            "{faults:?} {missing:?}"
        );
        let expected = json!({
            "deposit_fen": 5_000_000, "eligibility": "有履约能力", "documents": [],
            "escalation": {"every_months": 36, "rate_basis_points": 500}, "method": "open_bidding",
            "rent_free_months": 2, "reserve_price": {"basis": "per_month", "fen": 130_050},
            "summary": "方案",
        });
        assert_eq!(Value::Object(body), expected);
        let fields: Vec<&str> = amounts.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["reserve_price.fen", "deposit_fen"]);
    }

    #[test]
    fn all_that_is_wrong_and_all_that_is_missing_is_told_at_once() {
        let typed = json!({
            "documents": [], "handed_over_on": "2026-02-30", "summary": "身份证 11010519491231002X",
            "received": [
                {"amount_fen": "12.345", "received_on": "2026-03-01", "voucher": "1"},
                {"amount_fen": "", "received_on": "", "voucher": ""},
                {"amount_fen": "1", "received_on": "", "voucher": "2"},
            ],
        });
        let read = read("handover_and_receipt", typed);
        let mut at: Vec<&str> = read
            .faults
            .iter()
            .map(|fault| fault.field.as_str())
            .collect();
        at.sort_unstable();
        assert_eq!(at, ["handed_over_on", "received[0].amount_fen", "summary"]);
        let mut missing = read.missing.clone();
        missing.sort_unstable();
        assert_eq!(
            missing,
            ["deposits_refunded_fen", "received[2].received_on"]
        );
        for fault in &read.faults {
            assert!(fault::is_chinese(&fault.said), "{fault:?}");
        }
    }

    #[test]
    fn variants_hold_their_own_fields_and_names_are_masked() {
        let typed = |outcome: Value| {
            json!({
                "bidders": "2", "bids": "3", "documents": [], "held_at": "2026-03-02T09:30",
                "outcome": outcome, "round": "1", "summary": "竞价",
            })
        };
        let won =
            json!({"result": "won", "winner": "张三", "price": {"fen": "1", "basis": "total"}});
        let found = read("bidding", typed(won)).faults;
        assert_eq!(found[0].field, "outcome.winner");
        assert_eq!(found[0].instead.as_deref(), Some("张*"));
        // What belongs to the other variant is not taken along.
        let failed = json!({"result": "failed", "reason": "无人报名", "winner": "张*"});
        let body = read("bidding", typed(failed)).body;
        assert_eq!(
            body["outcome"],
            json!({"result": "failed", "reason": "无人报名"})
        );
        assert_eq!(body["held_at"], "2026-03-02T09:30:00+08:00");
        assert_eq!(
            read("bidding", typed(json!({"result": ""}))).missing,
            ["outcome"]
        );
        assert_eq!(
            read("bidding", typed(json!({"result": "x"}))).faults[0].field,
            "outcome"
        );
    }
}
