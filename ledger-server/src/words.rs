//! Events in words, for people who sign or read them.
//!
//! Rendered from the event as it was parsed from its canonical bytes, by the shape that the schema
//! gives: nothing that is signed is left out. Names of members, channels and documents come from the
//! ledger where one is at hand.

use ledger_core::calendar::Span;
use ledger_core::charter::Charter;
use ledger_core::event::{Event, Statement};
use ledger_core::money::{Area, Fen, Price};
use ledger_core::name::Label as ChannelId;
use ledger_core::record::{Corrected, DocumentRef};
use ledger_core::state::{LedgerState, State};
use ledger_core::transaction::Transaction;
use ledger_core::{Language, MemberId, Role, StatedTime, StreamId, VerifierKey};
use serde_json::Value;

use crate::key_file::{fingerprint, grouped};
use crate::moment;
use crate::shape::{self, Field, Leaf, Shape, Unit};

/// What renders: a language, and what is known of the ledger.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a> {
    pub(crate) language: Language,
    pub(crate) ledger: Option<&'a LedgerState>,
    pub(crate) charter: Option<&'a Charter>,
    /// The transaction that the event belongs to, as it stands before the event: what a correction
    /// refers to.
    pub(crate) transaction: Option<&'a Transaction>,
}

/// A line of a rendering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) depth: usize,
    pub(crate) label: String,
    /// Empty for a heading.
    pub(crate) value: String,
}

impl<'a> Words<'a> {
    /// With what a ledger says of names, if one is at hand, and no more.
    pub(crate) fn plain(language: Language, ledger: Option<&'a LedgerState>) -> Self {
        Self {
            language,
            ledger,
            charter: None,
            transaction: None,
        }
    }

    /// As the ledger stands, by the charter in force.
    pub(crate) fn of_ledger(language: Language, state: &'a State) -> Self {
        let ledger = state.ledger();
        Self {
            charter: ledger.map(|ledger| &**ledger.charter_at(state.size())),
            ..Self::plain(language, ledger)
        }
    }
}

impl Words<'_> {
    /// How far east of UTC the charter's days begin and end, in minutes.
    pub(crate) fn utc_offset_minutes(&self) -> i32 {
        let charter = self.charter.map(|charter| &charter.calendar);
        charter.map_or(moment::CHINA_OFFSET_MINUTES, |calendar| {
            calendar.utc_offset_minutes()
        })
    }

    /// A statement: stream, kind, time, and everything in the event.
    pub(crate) fn statement(&self, statement: &Statement) -> Vec<Row> {
        let l = self.language;
        let stream = match &statement.stream {
            StreamId::Ledger => l
                .pick(
                    "账本本身（名册、章程）",
                    "the ledger itself (roster, charter)",
                )
                .to_owned(),
            StreamId::Transaction(id) => l.pick(format!("交易 {id}"), format!("transaction {id}")),
            StreamId::Concern(id) => l.pick(format!("群众意见 {id}"), format!("concern {id}")),
        };
        let mut rows = Vec::new();
        let mut row = |label: &str, value: String| {
            rows.push(Row {
                depth: 0,
                label: label.to_owned(),
                value,
            });
        };
        row(l.pick("属于", "in"), stream);
        row(l.pick("事项", "event"), self.title(&statement.event));
        row(
            l.pick("发生时间", "happened at"),
            moment::stated(statement.at),
        );
        rows.extend(self.event(&statement.event));
        rows
    }

    /// What kind of event it is, with the number of its step.
    pub(crate) fn title(&self, event: &Event) -> String {
        let name = self.language.pick(event.zh(), event.en());
        match event.step() {
            Some(view) => {
                let number = view.step.number();
                self.language.pick(
                    format!("第 {number} 环节 {name}"),
                    format!("step {number}, {name}"),
                )
            }
            None => name.to_owned(),
        }
    }

    /// Everything in an event.
    pub(crate) fn event(&self, event: &Event) -> Vec<Row> {
        let mut rows = Vec::new();
        if let Event::Corrected(corrected) = event {
            return self.correction(corrected);
        }
        if let (Some(shape), Ok(value)) = (shape::known(event.kind()), serde_json::to_value(event))
        {
            self.value(&mut rows, 0, "", shape, &value);
        }
        rows
    }

    /// A field of an event with its value, in one line.
    pub(crate) fn leaf(&self, leaf: &Leaf) -> String {
        let mut rows = Vec::new();
        let name = leaf.name(self.language);
        match &leaf.value {
            Some(value) => self.value(&mut rows, 0, &name, &leaf.shape, value),
            None => return format!("{name}（—）"),
        }
        let values: Vec<&str> = rows.iter().map(|row| row.value.as_str()).collect();
        format!("{name}（{}）", values.join(" "))
    }

    /// A correction: which field of which event, by their names, its value before and the new one.
    fn correction(&self, corrected: &Corrected) -> Vec<Row> {
        let l = self.language;
        let mut rows = Vec::new();
        let original = self
            .transaction
            .and_then(|transaction| transaction.correctable(corrected.entry));
        let what = original.map(|event| self.title(event)).unwrap_or_default();
        rows.push(Row {
            depth: 0,
            label: l.pick("更正", "corrects").to_owned(),
            value: l.pick(
                format!("第 {} 条 {what}", corrected.entry),
                format!("entry {} {what}", corrected.entry),
            ),
        });
        let leaf = original.and_then(|event| Leaf::at(event, corrected.field.as_str()));
        let field = leaf.as_ref().map_or(String::new(), |leaf| leaf.name(l));
        rows.push(Row {
            depth: 0,
            label: l.pick("字段", "field").to_owned(),
            value: format!("{field} {}", corrected.field).trim().to_owned(),
        });
        let shape = leaf.as_ref().map_or(&Shape::Any, |leaf| &leaf.shape);
        let none = || Value::String(l.pick("（不填）", "(left out)").to_owned());
        if let Some(leaf) = &leaf {
            let value = leaf.value.clone().unwrap_or_else(none);
            self.value(&mut rows, 0, l.pick("原值", "value before"), shape, &value);
        }
        let value = corrected.value.clone().unwrap_or_else(none);
        self.value(&mut rows, 0, l.pick("改为", "becomes"), shape, &value);
        rows.push(Row {
            depth: 0,
            label: l.pick("原因", "reason").to_owned(),
            value: corrected.reason.to_string(),
        });
        let documents = serde_json::to_value(&corrected.documents).unwrap_or_default();
        self.list(
            &mut rows,
            0,
            l.pick("材料", "documents"),
            &Shape::Document,
            &documents,
        );
        rows
    }

    /// A member by name and id.
    pub(crate) fn member(&self, id: &MemberId) -> String {
        match self.ledger.and_then(|ledger| ledger.roster.member(id)) {
            Some(member) => self.language.pick(
                format!("{}（{id}）", member.name),
                format!("{} ({id})", member.name),
            ),
            None => id.to_string(),
        }
    }

    /// A role by name.
    pub(crate) fn role(&self, role: Role) -> &'static str {
        self.language.pick(role.zh(), role.en())
    }

    /// A channel by name.
    pub(crate) fn channel(&self, id: &ChannelId) -> String {
        let channel = self.charter.and_then(|charter| charter.channel(id));
        match channel {
            Some(channel) => format!("{} ({id})", channel.name),
            None => id.to_string(),
        }
    }

    fn fields(&self, rows: &mut Vec<Row>, depth: usize, fields: &[Field], value: &Value) {
        for field in fields {
            if let Some(inner) = value.get(&field.name) {
                self.value(
                    rows,
                    depth,
                    field.label.pick(self.language),
                    &field.shape,
                    inner,
                );
            }
        }
    }

    /// A value, as far as its shape goes.
    pub(crate) fn rows(&self, shape: &Shape, value: &Value) -> Vec<Row> {
        let mut rows = Vec::new();
        self.value(&mut rows, 0, "", shape, value);
        rows
    }

    fn value(&self, rows: &mut Vec<Row>, depth: usize, label: &str, shape: &Shape, value: &Value) {
        let mut row = |text: String| {
            rows.push(Row {
                depth,
                label: label.to_owned(),
                value: text,
            });
        };
        if let Some(text) = self.measure(shape, value) {
            return row(text);
        }
        match shape {
            Shape::Object(fields) => {
                let inner = if label.is_empty() { depth } else { depth + 1 };
                if inner > depth {
                    row(String::new());
                }
                self.fields(rows, inner, fields, value);
            }
            Shape::Choice { tag, variants } => {
                let id = tag.as_ref().map_or(value, |tag| &value[tag]);
                let Some(variant) = variants.iter().find(|variant| *id == *variant.id) else {
                    return row(id.to_string());
                };
                row(variant.label.pick(self.language).to_owned());
                self.fields(rows, depth + 1, &variant.fields, value);
            }
            Shape::List(of) => self.list(rows, depth, label, of, value),
            Shape::Document => row(self.document(value)),
            Shape::Charter => row(self.charter_title(value)),
            Shape::Boolean => row(self.language.pick(["是", "否"], ["yes", "no"])
                [usize::from(value != true)]
            .to_owned()),
            Shape::Money => row(self.money(value)),
            Shape::Integer(unit) => row(self.number(*unit, value)),
            Shape::Text(kind) => row(self.text(label, kind, value)),
            Shape::Any => row(match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            }),
        }
    }

    fn list(&self, rows: &mut Vec<Row>, depth: usize, label: &str, of: &Shape, value: &Value) {
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        if items.is_empty() {
            let none = self.language.pick("无", "none").to_owned();
            rows.push(Row {
                depth,
                label: label.to_owned(),
                value: none,
            });
            return;
        }
        for (number, item) in (1..).zip(items) {
            self.value(rows, depth, &format!("{label} {number}"), of, item);
        }
    }

    /// A price, an area or a length of time: an object that reads as one thing.
    pub(crate) fn measure(&self, shape: &Shape, value: &Value) -> Option<String> {
        if !matches!(shape, Shape::Object(_)) {
            return None;
        }
        if let Ok(price) = serde_json::from_value::<Price>(value.clone()) {
            return Some(self.language.pick(
                price.to_string(),
                format!("{} yuan {}", price.fen, price.basis.label_en()),
            ));
        }
        if let Ok(span) = serde_json::from_value::<Span>(value.clone()) {
            return Some(self.language.pick(span.label_zh(), span.label_en()));
        }
        let area: Area = serde_json::from_value(value.clone()).ok()?;
        let unit = self
            .language
            .pick(area.unit.label_zh(), area.unit.label_en());
        Some(format!("{} {unit}", area.value))
    }

    fn number(&self, unit: Unit, value: &Value) -> String {
        match (unit, value.as_u64()) {
            (Unit::Months, _) => self
                .language
                .pick(format!("{value} 个月"), format!("{value} months")),
            (Unit::BasisPoints, Some(points)) => format!("{}.{:02}%", points / 100, points % 100),
            _ => value.to_string(),
        }
    }

    fn money(&self, value: &Value) -> String {
        match serde_json::from_value::<Fen>(value.clone()) {
            Ok(fen) => self
                .language
                .pick(format!("{fen} 元"), format!("{fen} yuan")),
            Err(_) => value.to_string(),
        }
    }

    fn text(&self, label: &str, kind: &str, value: &Value) -> String {
        let text = value.as_str().unwrap_or_default();
        match kind {
            "StatedTime" => text
                .parse::<StatedTime>()
                .map_or_else(|_| text.to_owned(), moment::stated),
            "Digest" => grouped(text),
            "MemberId" => text
                .parse()
                .map_or_else(|_| text.to_owned(), |id| self.member(&id)),
            "VerifierKey" => match text.parse::<VerifierKey>() {
                Ok(key) => format!(
                    "{text}\n{}{}",
                    self.language.pick("指纹：", "fingerprint: "),
                    fingerprint(&key)
                ),
                Err(_) => text.to_owned(),
            },
            "Label" if label.contains("渠道") || label.starts_with("channel") => text
                .parse()
                .map_or_else(|_| text.to_owned(), |id| self.channel(&id)),
            _ => text.to_owned(),
        }
    }

    fn document(&self, value: &Value) -> String {
        match serde_json::from_value::<DocumentRef>(value.clone()) {
            Ok(DocumentRef::Public {
                kind,
                sha256,
                size_bytes,
                title,
            }) => self.language.pick(
                format!(
                    "{title}（{kind}），{size_bytes} 字节，公开\nSHA-256 {}",
                    grouped(&sha256.to_string())
                ),
                format!(
                    "{title} ({kind}), {size_bytes} bytes, public\nSHA-256 {}",
                    grouped(&sha256.to_string())
                ),
            ),
            Ok(DocumentRef::Private {
                commitment,
                kind,
                readers,
                title,
            }) => {
                let readers: Vec<&str> = readers.iter().map(|role| self.role(*role)).collect();
                let commitment = grouped(&commitment.to_string());
                self.language.pick(
                    format!(
                        "{title}（{kind}），不公开，可查阅：{}\n承诺 {commitment}",
                        readers.join("、")
                    ),
                    format!(
                        "{title} ({kind}), private, to be read by: {}\ncommitment {commitment}",
                        readers.join(", ")
                    ),
                )
            }
            _ => value.to_string(),
        }
    }

    fn charter_title(&self, value: &Value) -> String {
        let title = value["title"].as_str().unwrap_or_default();
        let version = &value["version"];
        let digest = ledger_core::canonical::to_vec(value)
            .map(|bytes| ledger_core::hash::Digest::of(&bytes).to_string())
            .unwrap_or_default();
        self.language.pick(
            format!(
                "《{title}》第 {version} 版\n全文摘要 SHA-256 {}",
                grouped(&digest)
            ),
            format!(
                "“{title}”, version {version}\nSHA-256 of the whole {}",
                grouped(&digest)
            ),
        )
    }
}

/// What is known for rendering a statement.
pub(crate) fn words_for<'a>(
    language: Language,
    state: &'a State,
    statement: &Statement,
) -> Words<'a> {
    let ledger = state.ledger();
    let charter = state.charter_of(&statement.stream).map(AsRef::as_ref);
    Words {
        language,
        ledger,
        charter,
        transaction: state.transaction_of(&statement.stream),
    }
}

/// The rows as lines for a terminal.
pub(crate) fn lines(rows: &[Row], language: Language) -> Vec<String> {
    let colon = language.pick("：", ": ");
    let mut all = Vec::new();
    for row in rows {
        let indent = "  ".repeat(row.depth + 1);
        let mut parts = row.value.lines();
        let first = parts.next().unwrap_or_default();
        all.push(
            format!("{indent}{}{colon}{first}", row.label)
                .trim_end()
                .to_owned(),
        );
        all.extend(parts.map(|part| format!("{indent}    {part}")));
    }
    all
}
