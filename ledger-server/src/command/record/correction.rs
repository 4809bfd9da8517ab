//! A correction, asked for by the names of events and fields rather than by numbers and pointers.

use anyhow::bail;
use ledger_core::event::Event;
use serde_json::{Map, Value, json};

use super::Desk;
use crate::form::Form;
use crate::shape::Leaf;
use crate::terminal::Refused;
use crate::words::Words;

impl Desk<'_> {
    /// Asks which event, which field and what its right value is, as far as `body` does not say.
    pub(super) fn ask_correction(&self, body: &mut Map<String, Value>) -> anyhow::Result<()> {
        let Some(original) = self.corrected_event(body)? else {
            return Ok(());
        };
        if body.contains_key("field") {
            return Ok(());
        }
        let leaves = Leaf::all(&original);
        let words = Words {
            language: self.terminal.language,
            ledger: Some(self.drafting.ledger),
            charter: Some(self.drafting.charter),
            transaction: None,
        };
        let names: Vec<String> = leaves.iter().map(|leaf| words.leaf(leaf)).collect();
        let question = self.terminal.pick(
            "更正哪个字段（请选一项）：",
            "which field is to be corrected (one of):",
        );
        let Some(leaf) = leaves.get(self.terminal.choose(question, &names)?) else {
            return Ok(());
        };
        body.insert("field".to_owned(), json!(leaf.pointer));
        let drop = self.terminal.pick(
            "这个字段其实不适用、应当去掉吗？",
            "does this field not apply, and is to be left out?",
        );
        if leaf.optional && leaf.value.is_some() && self.terminal.confirm(drop)? {
            return Ok(());
        }
        let form = Form {
            terminal: self.terminal,
            kind: original.kind(),
            offset_minutes: self.drafting.charter.calendar.utc_offset_minutes(),
            choices: Vec::new(),
        };
        let label = self.terminal.pick("正确的值：", "right value: ").to_owned()
            + &leaf.name(self.terminal.language);
        let value = form.one(&leaf.names, &label, &leaf.shape)?;
        body.insert("value".to_owned(), value);
        Ok(())
    }

    /// The event that is to be corrected: the one that `body` names, or one that is chosen.
    fn corrected_event(&self, body: &mut Map<String, Value>) -> anyhow::Result<Option<Event>> {
        let Some(transaction) = self.drafting.state.transaction_of(&self.drafting.stream) else {
            return Ok(None);
        };
        if let Some(entry) = body.get("entry").and_then(Value::as_u64) {
            return Ok(transaction.correctable(entry).cloned());
        }
        let events: Vec<(u64, &Event)> = transaction.correctables().collect();
        if events.is_empty() {
            bail!(Refused(
                self.terminal
                    .pick(
                        "这笔交易还没有可以更正的记录。",
                        "nothing in this transaction can be corrected yet.",
                    )
                    .to_owned()
            ));
        }
        let names: Vec<String> = events
            .iter()
            .map(|(entry, event)| {
                let (zh, en) = (event.zh(), event.en());
                self.terminal.pick(
                    format!("{zh}（第 {entry} 条）"),
                    format!("{en} (entry {entry})"),
                )
            })
            .collect();
        let question = self
            .terminal
            .pick("更正哪条记录（请选一项）：", "which record (one of):");
        let chosen = events.get(self.terminal.choose(question, &names)?);
        Ok(chosen.map(|(entry, event)| {
            body.insert("entry".to_owned(), json!(entry));
            (*event).clone()
        }))
    }
}
