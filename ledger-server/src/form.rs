//! Asks for an event field by field, by the shape that the schema gives.
//!
//! Every answer is read and judged at once, as [`crate::typed`] does.

use std::path::Path;

use anyhow::Context as _;
use ledger_core::Language;
use ledger_core::charter::Charter;
use ledger_core::privacy::Kind;
use serde_json::{Map, Value, json};

use crate::fault;
use crate::key_file;
use crate::masking;
use crate::shape::{Field, Shape, Unit, Variant};
use crate::terminal::{Refused, Terminal};
use crate::typed::{self, Part};

/// A form for one kind of event.
pub(crate) struct Form<'a> {
    pub(crate) terminal: Terminal,
    pub(crate) kind: &'a str,
    /// Minutes east of UTC in which times are typed.
    pub(crate) offset_minutes: i32,
    /// What there is to choose from, by field: channels, dues, steps.
    pub(crate) choices: Vec<(&'a str, Vec<(String, String)>)>,
}

impl Form<'_> {
    /// Asks for all fields that `body` does not hold yet.
    pub(crate) fn fill(
        &self,
        fields: &[Field],
        body: &mut Map<String, Value>,
    ) -> anyhow::Result<()> {
        let missing: Vec<&Field> = fields
            .iter()
            .filter(|field| !body.contains_key(&field.name))
            .collect();
        for (number, field) in (1..).zip(&missing) {
            self.terminal
                .advise(format!("[{number}/{}]", missing.len()));
            if let Some(value) = self.field(&[], field)? {
                body.insert(field.name.clone(), value);
            }
        }
        Ok(())
    }

    fn field(&self, path: &[Part<'_>], field: &Field) -> anyhow::Result<Option<Value>> {
        let mut path = path.to_vec();
        path.push(Part::Field(&field.name));
        let label = field.label.pick(self.terminal.language);
        let explanation = field.explanation.pick(self.terminal.language);
        if !explanation.is_empty() {
            self.terminal.advise(format!("  · {explanation}"));
        }
        if !field.optional {
            return self.value(&path, label, &field.shape, false);
        }
        let nested = matches!(field.shape, Shape::Object(_) | Shape::List(_));
        let question = self.terminal.pick(
            format!("要填「{label}」吗？"),
            format!("is there a value for “{label}”?"),
        );
        if nested && !self.terminal.confirm(&question)? {
            return Ok(None);
        }
        self.value(&path, label, &field.shape, !nested)
    }

    fn value(
        &self,
        path: &[Part<'_>],
        label: &str,
        shape: &Shape,
        optional: bool,
    ) -> anyhow::Result<Option<Value>> {
        match shape {
            Shape::Object(fields) => {
                self.terminal
                    .advise(format!("{label}{}", self.terminal.pick("：", ":")));
                let mut object = Map::new();
                for field in fields {
                    if let Some(value) = self.field(path, field)? {
                        object.insert(field.name.clone(), value);
                    }
                }
                Ok(Some(Value::Object(object)))
            }
            Shape::Choice { tag, variants } => {
                self.choice(path, label, tag.as_deref(), variants).map(Some)
            }
            Shape::List(of) => self.list(path, label, of).map(Some),
            Shape::Boolean => {
                let yes = self
                    .terminal
                    .confirm(&format!("{label}{}", self.terminal.pick("？", "?")))?;
                Ok(Some(Value::Bool(yes)))
            }
            Shape::Charter => self.charter(label).map(Some),
            // Documents are asked for by path, elsewhere.
            Shape::Document => Ok(None),
            Shape::Any => self.any(label).map(Some),
            Shape::Money | Shape::Integer(_) | Shape::Text(_) => {
                self.scalar(path, label, shape, optional)
            }
        }
    }

    fn choice(
        &self,
        path: &[Part<'_>],
        label: &str,
        tag: Option<&str>,
        variants: &[Variant],
    ) -> anyhow::Result<Value> {
        let listed = self
            .choices
            .iter()
            .find(|(field, _)| matches!(path.last(), Some(Part::Field(name)) if name == field));
        let may = |variant: &&Variant| {
            listed.is_none_or(|(_, allowed)| allowed.iter().any(|(id, _)| *id == variant.id))
        };
        let variants: Vec<&Variant> = variants.iter().filter(may).collect();
        let names: Vec<String> = variants
            .iter()
            .map(|variant| variant.label.pick(self.terminal.language).to_owned())
            .collect();
        let question = format!(
            "{label}{}",
            self.terminal.pick("（请选一项）：", " (one of):")
        );
        let variant = variants[self.terminal.choose(&question, &names)?];
        let Some(tag) = tag else {
            return Ok(Value::String(variant.id.clone()));
        };
        let mut path = path.to_vec();
        path.push(Part::Variant(tag, &variant.id));
        let mut object = Map::from_iter([(tag.to_owned(), json!(variant.id))]);
        for field in &variant.fields {
            if let Some(value) = self.field(&path, field)? {
                object.insert(field.name.clone(), value);
            }
        }
        Ok(Value::Object(object))
    }

    fn list(&self, path: &[Part<'_>], label: &str, of: &Shape) -> anyhow::Result<Value> {
        let mut path = path.to_vec();
        path.push(Part::Item);
        let mut items = Vec::new();
        if matches!(of, Shape::Document) {
            return Ok(Value::Array(items));
        }
        loop {
            let number = items.len() + 1;
            let label = format!("{label} {number}");
            let scalar = matches!(of, Shape::Money | Shape::Integer(_) | Shape::Text(_));
            if let Some(chosen) = self.listed(&path, &label, &items)? {
                match chosen {
                    Some(value) => items.push(value),
                    None => return Ok(Value::Array(items)),
                }
                continue;
            }
            if !scalar {
                let question = match number {
                    1 => self
                        .terminal
                        .pick(format!("要填「{label}」吗？"), format!("is there {label}?")),
                    _ => self.terminal.pick(
                        format!("再加一个（{label}）吗？"),
                        format!("one more ({label})?"),
                    ),
                };
                if !self.terminal.confirm(&question)? {
                    return Ok(Value::Array(items));
                }
            }
            match self.value(&path, &label, of, scalar)? {
                Some(value) => items.push(value),
                None => return Ok(Value::Array(items)),
            }
        }
    }

    fn scalar(
        &self,
        path: &[Part<'_>],
        label: &str,
        shape: &Shape,
        optional: bool,
    ) -> anyhow::Result<Option<Value>> {
        if let Some(chosen) = self.listed(path, label, &[])? {
            return Ok(chosen);
        }
        let hint = typed::hint(self.terminal.language, shape);
        let skip = if optional {
            self.terminal.pick("，回车跳过", ", Enter to skip")
        } else {
            ""
        };
        let question = self.terminal.pick(
            format!("{label}（{hint}{skip}）："),
            format!("{label} ({hint}{skip}): "),
        );
        let field = typed::field_of(path);
        loop {
            let unfit = |said: String, answer: &str| {
                typed::unfit(self.terminal.language, &said, shape, answer)
            };
            let value = self.terminal.ask_until(&question, |answer| {
                if answer.is_empty() && optional {
                    return Ok(None);
                }
                let read = self.read(shape, answer);
                let value = read.map_err(|said| unfit(said, answer))?;
                let judged = typed::judge(self.kind, path, &value);
                judged.map_err(|said| unfit(said, answer))?;
                if let (Shape::Text(_), Some(text)) = (shape, value.as_str()) {
                    let found = field.search(text);
                    let number = found.filter(|found| found.kind != Kind::PersonalName);
                    number.map_or(Ok(()), |found| {
                        Err(masking::number_in_words(self.terminal.language, found))
                    })?;
                }
                Ok(Some(value))
            })?;
            let Some(Value::String(text)) = &value else {
                return Ok(value);
            };
            match masking::offer(self.terminal, field, text)? {
                Some(text) => return Ok(Some(Value::String(text))),
                None => continue,
            }
        }
    }

    /// Offers the labels there are for this field, where they are known; in a list, those that were
    /// not taken yet, until none is wanted.
    fn listed(
        &self,
        path: &[Part<'_>],
        label: &str,
        taken: &[Value],
    ) -> anyhow::Result<Option<Option<Value>>> {
        let (name, in_list) = match path {
            [.., Part::Field(name), Part::Item] => (name, true),
            [.., Part::Field(name)] => (name, false),
            _ => return Ok(None),
        };
        let Some((_, choices)) = self.choices.iter().find(|(field, _)| field == name) else {
            return Ok(None);
        };
        let is_left = |(id, _): &&(String, String)| !taken.iter().any(|value| value == id);
        let left: Vec<&(String, String)> = choices.iter().filter(is_left).collect();
        let mut names: Vec<String> = left
            .iter()
            .map(|(id, name)| match name.contains(id.as_str()) {
                true => name.clone(),
                false => self
                    .terminal
                    .pick(format!("{name}（{id}）"), format!("{name} ({id})")),
            })
            .collect();
        if in_list {
            names.insert(
                0,
                self.terminal
                    .pick("没有（别的）了", "none, or no more")
                    .to_owned(),
            );
        }
        let question = format!(
            "{label}{}",
            self.terminal.pick("（请选一项）：", " (one of):")
        );
        let place = self.terminal.choose(&question, &names)?;
        let place = if in_list {
            place.checked_sub(1)
        } else {
            Some(place)
        };
        let chosen = place.and_then(|place| left.get(place));
        Ok(Some(chosen.map(|(id, _)| Value::String(id.clone()))))
    }

    fn read(&self, shape: &Shape, answer: &str) -> Result<Value, String> {
        match shape {
            Shape::Text(kind) if kind == "VerifierKey" && Path::new(answer).is_file() => {
                let key = key_file::read_public(self.terminal, Path::new(answer));
                key.map(|key| json!(key))
                    .map_err(|fault| format!("{fault:#}"))
            }
            // Asked for as the log holds them.
            Shape::Integer(Unit::BasisPoints) => self.read(&Shape::Integer(Unit::Plain), answer),
            _ => typed::scalar(self.terminal.language, self.offset_minutes, shape, answer),
        }
    }

    /// Asks for one field, wherever it stands: `names` lead to it.
    pub(crate) fn one(
        &self,
        names: &[String],
        label: &str,
        shape: &Shape,
    ) -> anyhow::Result<Value> {
        let path: Vec<Part<'_>> = names.iter().map(|name| Part::Field(name)).collect();
        Ok(self.value(&path, label, shape, false)?.unwrap_or_default())
    }

    fn any(&self, label: &str) -> anyhow::Result<Value> {
        let question = self
            .terminal
            .pick(format!("{label}（JSON）："), format!("{label} (JSON): "));
        self.terminal.ask_until(&question, |answer| {
            serde_json::from_str(answer).map_err(|fault| fault.to_string())
        })
    }

    fn charter(&self, label: &str) -> anyhow::Result<Value> {
        let question = self.terminal.pick(
            format!("{label}（章程文件的路径）："),
            format!("{label} (path of the charter's file): "),
        );
        self.terminal.ask_until(&question, |answer| {
            read_charter(self.terminal, Path::new(answer))
                .map_err(|error| fault::told(&error, self.terminal.language))
        })
    }
}

/// Reads and checks a charter's file, and gives it as JSON.
pub(crate) fn read_charter(terminal: Terminal, file: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| {
        terminal.pick(
            format!("读不到章程文件 {}", file.display()),
            format!("cannot read the charter {}", file.display()),
        )
    })?;
    let charter = Charter::parse(&text).map_err(|error| {
        let said = |language| fault::in_language(&error.fault, language);
        Refused(terminal.pick(
            format!(
                "{}：章程 {}：{}",
                file.display(),
                error.path,
                said(Language::Zh)
            ),
            format!(
                "{}: charter, at {}: {}",
                file.display(),
                error.path,
                said(Language::En)
            ),
        ))
    })?;
    Ok(serde_json::to_value(charter)?)
}
