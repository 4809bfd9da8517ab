//! Events as lines on a page, each value bound to the entry and the place that it was taken from.
//!
//! What stands in an entry carries `data-entry`, `data-at` and `data-as`, so that the browser can put its
//! own rendering of the verified bytes in its place (the table of forms: `web/README.md`). What follows
//! from the record but stands in no entry carries `data-fact`. A field that was corrected is bound to the
//! entry that corrected it, and what it was before stands beside it.

use ledger_core::charter::Charter;
use ledger_core::event::Event;
use ledger_core::money::{Area, Fen, PriceBasis};
use ledger_core::record::Corrected;
use ledger_core::state::LedgerState;
use ledger_core::time::Date;
use ledger_core::{Language, LogTime, MemberId, StatedTime};
use serde_json::Value;

use crate::key_file::grouped;
use crate::shape::{self, Leaf, Shape, Unit};

/// Minutes east of UTC at which all moments are shown: all of China.
const SHOWN_AT: i32 = 480;

/// A piece of a line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Part {
    pub(crate) text: String,
    /// The entry that it stands in; it follows from the record, or says nothing, if there is none.
    pub(crate) entry: Option<u64>,
    /// Where in the entry.
    pub(crate) at: String,
    /// In which form it is shown.
    pub(crate) form: &'static str,
    /// Whether it follows from the record.
    pub(crate) derived: bool,
    /// Where it leads.
    pub(crate) href: String,
}

impl Part {
    /// Says nothing of its own.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// Follows from the record.
    pub(crate) fn derived(text: impl Into<String>) -> Self {
        Self {
            derived: true,
            ..Self::plain(text)
        }
    }

    /// Leads elsewhere.
    pub(crate) fn link(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self {
            href: href.into(),
            ..Self::plain(text)
        }
    }

    /// Stands in an entry.
    pub(crate) fn fact(
        entry: u64,
        at: impl Into<String>,
        form: &'static str,
        text: impl Into<String>,
    ) -> Self {
        Self {
            entry: Some(entry),
            at: at.into(),
            form,
            ..Self::plain(text)
        }
    }
}

/// A line: what it is called, and what it says.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) depth: usize,
    pub(crate) label: String,
    /// None for a heading.
    pub(crate) parts: Vec<Part>,
    /// What it said before it was corrected, and where that was done.
    pub(crate) was: Option<Was>,
}

/// What a field said before.
#[derive(Debug, Clone)]
pub(crate) struct Was {
    pub(crate) by: u64,
    pub(crate) parts: Vec<Part>,
}

/// An amount as the pages show it.
pub(crate) fn yuan(l: Language, fen: Fen) -> String {
    l.pick(format!("{fen} 元"), format!("¥{fen}"))
}

/// A moment as the pages show it, to the minute.
pub(crate) fn moment(time: LogTime) -> String {
    time.display_at(SHOWN_AT)
}

/// The day of a moment.
pub(crate) fn day(time: LogTime) -> Date {
    time.date_at(SHOWN_AT)
}

/// Renders what stands in one entry.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) l: Language,
    pub(crate) entry: u64,
    pub(crate) ledger: &'a LedgerState,
    pub(crate) charter: &'a Charter,
    /// Where the ledger's pages are, as in `/donglang`.
    pub(crate) base: &'a str,
    /// What has corrected it since, oldest first.
    pub(crate) corrections: &'a [(u64, Corrected)],
    /// What it said when it was recorded, if it was corrected since.
    pub(crate) original: Option<&'a Value>,
}

impl<'a> Facts<'a> {
    /// Everything in an event.
    pub(crate) fn event(&self, event: &Event) -> Vec<Line> {
        let mut lines = Vec::new();
        if let (Some(shape), Ok(value)) = (shape::known(event.kind()), serde_json::to_value(event))
        {
            self.value(&mut lines, 0, "", "", shape, &value);
        }
        lines
    }

    /// A correction: which field of which event, its new value and the reason. `target` is what it corrects.
    pub(crate) fn correction(&self, corrected: &Corrected, target: Option<&Event>) -> Vec<Line> {
        let l = self.l;
        let mut lines = Vec::new();
        let mut line = |label: &str, parts| lines.push(plain_line(label, parts));
        let what = target
            .map(|event| l.pick(event.zh(), event.en()))
            .unwrap_or_default();
        line(
            l.pick("更正", "corrects"),
            vec![
                Part::plain(l.pick("第 ", "entry ")),
                self.fact("/entry", "number", corrected.entry.to_string()),
                Part::link(
                    l.pick(format!(" 条 {what}"), format!(" {what}")),
                    format!("{}/e/{}", self.base, corrected.entry),
                ),
            ],
        );
        let leaf = target.and_then(|event| Leaf::at(event, corrected.field.as_str()));
        let name = leaf.as_ref().map(|leaf| leaf.name(l)).unwrap_or_default();
        line(
            l.pick("字段", "field"),
            vec![
                Part::plain(format!("{name} ")),
                self.fact("/field", "text", corrected.field.to_string()),
            ],
        );
        let becomes = l.pick("改为", "becomes");
        match &corrected.value {
            None => line(becomes, vec![Part::plain(l.pick("（不填）", "(left out)"))]),
            Some(value) => {
                let shape = leaf.as_ref().map_or(&Shape::Any, |leaf| &leaf.shape);
                self.value(&mut lines, 0, becomes, "/value", shape, value);
            }
        }
        let reason = self.fact("/reason", "text", corrected.reason.to_string());
        lines.push(plain_line(l.pick("原因", "reason"), vec![reason]));
        let documents = serde_json::to_value(&corrected.documents).unwrap_or_default();
        let label = l.pick("材料", "documents");
        self.list(
            &mut lines,
            0,
            (label, "/documents"),
            &Shape::Document,
            &documents,
        );
        lines
    }

    /// A value of the entry: `at` is a pointer into the event.
    fn fact(&self, at: &str, form: &'static str, text: String) -> Part {
        let changed = self.corrections.iter().rev().find_map(|(by, corrected)| {
            let field = corrected.field.as_str();
            let rest = at.strip_prefix(field)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| (*by, format!("/event/value{rest}")))
        });
        match changed {
            Some((by, at)) => Part::fact(by, at, form, text),
            None => Part::fact(self.entry, format!("/event{at}"), form, text),
        }
    }

    fn value(
        &self,
        lines: &mut Vec<Line>,
        depth: usize,
        label: &str,
        at: &str,
        shape: &Shape,
        value: &Value,
    ) {
        let start = lines.len();
        self.as_recorded(lines, depth, (label, at), shape, value);
        // What reads as one thing may have been corrected in a part.
        let is_one = !at.is_empty() && lines.len() == start + 1;
        let concerns = |field: &str| {
            let rest = field.strip_prefix(at);
            rest.is_some_and(|rest| rest.is_empty() || is_one && rest.starts_with('/'))
        };
        let mut corrections = self.corrections.iter().rev();
        let corrected = corrections.find(|(_, c)| concerns(c.field.as_str()));
        let (Some((by, _)), Some(line)) = (corrected, lines.get_mut(start)) else {
            return;
        };
        let before = self.original.and_then(|original| original.pointer(at));
        let mut old = Vec::new();
        if let Some(before) = before {
            let bare = Self {
                corrections: &[],
                ..*self
            };
            bare.as_recorded(&mut old, 0, ("", at), shape, before);
        }
        line.was = Some(Was {
            by: *by,
            parts: old.into_iter().flat_map(|line| line.parts).collect(),
        });
    }

    fn as_recorded(
        &self,
        lines: &mut Vec<Line>,
        depth: usize,
        (label, at): (&str, &str),
        shape: &Shape,
        value: &Value,
    ) {
        let mut line = |parts| {
            lines.push(Line {
                depth,
                label: label.to_owned(),
                parts,
                was: None,
            });
        };
        if let Some(parts) = self.measure(at, shape, value) {
            return line(parts);
        }
        match shape {
            Shape::Object(fields) => {
                let inner = if label.is_empty() { depth } else { depth + 1 };
                if inner > depth {
                    line(Vec::new());
                }
                for field in fields {
                    if let Some(held) = value.get(&field.name) {
                        let at = format!("{at}/{}", field.name);
                        let label = field.label.pick(self.l);
                        self.value(lines, inner, label, &at, &field.shape, held);
                    }
                }
            }
            Shape::Choice { tag, variants } => {
                let (id, of) = match tag {
                    Some(tag) => (&value[tag], format!("{at}/{tag}")),
                    None => (value, at.to_owned()),
                };
                let Some(variant) = variants.iter().find(|variant| *id == *variant.id) else {
                    return line(vec![self.fact(&of, "text", id.to_string())]);
                };
                let word = variant.label.pick(self.l).to_owned();
                line(vec![self.fact(&of, "word", word)]);
                for field in &variant.fields {
                    if let Some(held) = value.get(&field.name) {
                        let at = format!("{at}/{}", field.name);
                        let label = field.label.pick(self.l);
                        self.value(lines, depth + 1, label, &at, &field.shape, held);
                    }
                }
            }
            Shape::List(of) => self.list(lines, depth, (label, at), of, value),
            Shape::Document => line(self.document(at, value)),
            Shape::Charter => line(self.charter(at, value)),
            Shape::Boolean => {
                let word = if *value == true {
                    ["是", "yes"]
                } else {
                    ["否", "no"]
                };
                line(vec![self.fact(
                    at,
                    "word",
                    self.l.pick(word[0], word[1]).to_owned(),
                )]);
            }
            Shape::Money => line(vec![self.money(at, value)]),
            Shape::Integer(unit) => line(self.number(at, *unit, value)),
            Shape::Text(kind) => line(self.text(at, label, kind, value)),
            Shape::Any => {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                let form = if value.is_number() { "number" } else { "text" };
                line(vec![self.fact(at, form, text)]);
            }
        }
    }

    fn list(
        &self,
        lines: &mut Vec<Line>,
        depth: usize,
        (label, at): (&str, &str),
        of: &Shape,
        value: &Value,
    ) {
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        for (place, item) in items.iter().enumerate() {
            let label = match items.len() {
                1 => label.to_owned(),
                _ => format!("{label} {}", place + 1),
            };
            self.value(lines, depth, &label, &format!("{at}/{place}"), of, item);
        }
    }

    /// A price or an area: an object that reads as one thing.
    fn measure(&self, at: &str, shape: &Shape, value: &Value) -> Option<Vec<Part>> {
        if !matches!(shape, Shape::Object(_)) {
            return None;
        }
        if let (Some(fen), Some(basis)) = (value.get("fen"), value.get("basis")) {
            let basis: PriceBasis = serde_json::from_value(basis.clone()).ok()?;
            let word = self.l.pick(basis.label_zh(), basis.label_en()).to_owned();
            return Some(vec![
                self.money(&format!("{at}/fen"), fen),
                Part::plain(" "),
                self.fact(&format!("{at}/basis"), "word", word),
            ]);
        }
        let area: Area = serde_json::from_value(value.clone()).ok()?;
        let unit = self.l.pick(area.unit.label_zh(), area.unit.label_en());
        Some(vec![
            self.fact(&format!("{at}/value"), "text", area.value.to_string()),
            Part::plain(" "),
            self.fact(&format!("{at}/unit"), "word", unit.to_owned()),
        ])
    }

    fn money(&self, at: &str, value: &Value) -> Part {
        match serde_json::from_value::<Fen>(value.clone()) {
            Ok(fen) => self.fact(at, "money", yuan(self.l, fen)),
            Err(_) => self.fact(at, "text", value.to_string()),
        }
    }

    fn number(&self, at: &str, unit: Unit, value: &Value) -> Vec<Part> {
        let number = self.fact(at, "number", value.to_string());
        match (unit, value.as_u64()) {
            (Unit::Months, _) => vec![number, Part::plain(self.l.pick(" 个月", " months"))],
            (Unit::BasisPoints, Some(points)) => vec![
                Part::derived(format!("{}.{:02}%", points / 100, points % 100)),
                Part::plain(self.l.pick("（万分之 ", " (")),
                number,
                Part::plain(self.l.pick("）", " basis points)")),
            ],
            _ => vec![number],
        }
    }

    fn text(&self, at: &str, label: &str, kind: &str, value: &Value) -> Vec<Part> {
        let text = value.as_str().unwrap_or_default().to_owned();
        let is_channel = label.contains("渠道") || label.starts_with("channel");
        vec![match kind {
            "Date" => self.fact(at, "date", text),
            "StatedTime" => {
                let shown = text
                    .parse::<StatedTime>()
                    .map(|time| moment(time.instant()));
                self.fact(at, "datetime", shown.unwrap_or(text))
            }
            "LogTime" => {
                let shown = text.parse::<LogTime>().map(moment);
                self.fact(at, "datetime", shown.unwrap_or(text))
            }
            "Digest" | "Hash" | "Commitment" => self.fact(at, "hash", grouped(&text)),
            "MemberId" => {
                let name = text.parse().ok().map(|id| self.name(&id));
                self.fact(at, "member", name.unwrap_or(text))
            }
            "Label" if is_channel => {
                let channel = text.parse().ok().and_then(|id| self.charter.channel(&id));
                let name = channel.map(|channel| format!("{} ", channel.name));
                let id = self.fact(at, "text", text);
                return name.map(Part::derived).into_iter().chain([id]).collect();
            }
            _ => self.fact(at, "text", text),
        }]
    }

    /// A member's name.
    pub(crate) fn name(&self, id: &MemberId) -> String {
        let member = self.ledger.roster.member(id);
        member.map_or_else(|| id.to_string(), |member| member.name.to_string())
    }

    fn document(&self, at: &str, value: &Value) -> Vec<Part> {
        let l = self.l;
        let field = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let mut parts = vec![self.fact(&format!("{at}/title"), "text", field("title"))];
        if value["access"] == "public" {
            let sha256 = field("sha256");
            let href = format!("{}/documents/{sha256}", self.base);
            parts.push(Part::plain(l.pick("，公开，", ", public, ")));
            let size = value["size_bytes"].to_string();
            parts.push(self.fact(&format!("{at}/size_bytes"), "number", size));
            parts.push(Part::plain(l.pick(" 字节，", " bytes, ")));
            parts.push(Part::link(l.pick("原件", "the file"), href));
            parts.push(Part::plain(l.pick("，SHA-256 ", ", SHA-256 ")));
            parts.push(self.fact(&format!("{at}/sha256"), "hash", grouped(&sha256)));
        } else {
            let readers = value["readers"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            parts.push(Part::plain(
                l.pick("，不公开，可查阅：", ", private, to be read by: "),
            ));
            for (place, reader) in readers.iter().enumerate() {
                if place > 0 {
                    parts.push(Part::plain(l.pick("、", ", ")));
                }
                let role = reader
                    .as_str()
                    .and_then(|id| id.parse::<ledger_core::Role>().ok());
                let word = role.map(|role| l.pick(role.zh(), role.en()).to_owned());
                let at = format!("{at}/readers/{place}");
                parts.push(self.fact(&at, "word", word.unwrap_or_default()));
            }
            parts.push(Part::plain(l.pick("，承诺 ", ", commitment ")));
            let commitment = grouped(&field("commitment"));
            parts.push(self.fact(&format!("{at}/commitment"), "hash", commitment));
        }
        parts
    }

    fn charter(&self, at: &str, value: &Value) -> Vec<Part> {
        let title = value["title"].as_str().unwrap_or_default().to_owned();
        let version = value["version"].to_string();
        vec![
            self.fact(&format!("{at}/title"), "text", title),
            Part::plain(self.l.pick("，第 ", ", version ")),
            self.fact(&format!("{at}/version"), "number", version),
            Part::plain(self.l.pick(" 版 ", " ")),
            Part::link(
                self.l.pick("明白纸", "clear sheet"),
                format!("{}/charter", self.base),
            ),
        ]
    }
}

fn plain_line(label: &str, parts: Vec<Part>) -> Line {
    Line {
        depth: 0,
        label: label.to_owned(),
        parts,
        was: None,
    }
}
