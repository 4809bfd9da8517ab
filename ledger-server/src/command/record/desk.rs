//! Where a draft is made at a terminal: who signs, what is asked, and what is said to a refusal.

use anyhow::bail;
use ledger_core::charter::{Cosigner, When};
use ledger_core::state::LedgerState;
use ledger_core::{MemberId, Refusal, SigningKey, Step};
use serde_json::{Map, Value};

use crate::drafting::{Drafted, Drafting, Fault};
use crate::fault;
use crate::form::Form;
use crate::moment;
use crate::shape::{self, Shape};
use crate::terminal::{Refused, Terminal};

/// A draft in the making, and the person at the keyboard.
pub(super) struct Desk<'a> {
    pub(super) terminal: Terminal,
    pub(super) drafting: Drafting<'a>,
}

/// A refusal that names a field, so that it can be asked for again.
#[derive(Debug)]
pub(super) struct FieldAtFault {
    pub(super) field: String,
    pub(super) said: String,
}

impl std::fmt::Display for FieldAtFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.said)
    }
}

impl std::error::Error for FieldAtFault {}

/// Whose key it is, by the roster.
pub(crate) fn signer(
    terminal: Terminal,
    ledger: &LedgerState,
    position: u64,
    key: &SigningKey,
) -> anyhow::Result<MemberId> {
    let member = ledger_core::authenticate::member_in_name(&ledger.origin, key.name());
    let Some(member) = member else {
        bail!(Refused(terminal.pick(
            format!(
                "这把钥匙叫 {}，不属于账本 {}；请换用本账本的钥匙",
                key.name(),
                ledger.origin
            ),
            format!(
                "this key is named {} and belongs to another ledger than {}",
                key.name(),
                ledger.origin
            ),
        )));
    };
    let active = ledger
        .roster
        .member(&member)
        .and_then(|held| held.key_at(position));
    if active != Some(key.verifier()) {
        bail!(Refused(terminal.pick(
            format!("名册上 {member} 现在用的不是这把钥匙（或名册上没有 {member}）；请核对钥匙文件，或先登记换钥"),
            format!("this is not the key that {member} uses now (or the roster has no {member}); check the key file, or rotate the key first"),
        )));
    }
    Ok(member)
}

impl Desk<'_> {
    /// What can be known before a single question is asked: whether it is this step's turn.
    pub(super) fn check_turn(&self) -> anyhow::Result<()> {
        let turn = self.drafting.check_turn();
        turn.map_err(|fault| self.refused(&fault))
    }

    /// Says which step it is, what the charter says it consists of, and who signs it.
    pub(super) fn introduce(&self) {
        let (t, l) = (self.terminal, self.terminal.language);
        let Ok(step) = self.drafting.kind.parse::<Step>() else {
            return;
        };
        let rule = self.drafting.charter.steps.of(step);
        let cosigner = |cosigner: &Cosigner| {
            let when = match cosigner.when {
                When::Always => "",
                When::IfAppointed => t.pick("（设有时）", " (if appointed)"),
                When::Optional => t.pick("（可选）", " (optional)"),
            };
            format!("{}{when}", l.pick(cosigner.role.zh(), cosigner.role.en()))
        };
        let cosigns: Vec<String> = rule.signing.cosigns.iter().map(cosigner).collect();
        let cosigns = match cosigns.as_slice() {
            [] => t.pick("无", "nobody").to_owned(),
            _ => cosigns.join(t.pick("、", ", ")),
        };
        let (number, answers) = (step.number(), rule.signing.answers);
        t.advise(t.pick(
            format!(
                "第 {number} 环节 {}：{}\n  负责：{}；会签：{cosigns}",
                step.zh(),
                rule.content,
                answers.zh()
            ),
            format!(
                "step {number}, {}: {}\n  answers for it: {}; co-signs: {cosigns}",
                step.en(),
                rule.content,
                answers.en()
            ),
        ));
    }

    /// Asks for what `body` does not hold yet.
    pub(super) fn ask(&self, body: &mut Map<String, Value>) -> anyhow::Result<()> {
        let kind = self.drafting.kind;
        let Some(Shape::Object(mut fields)) = shape::of_event(kind) else {
            return Ok(());
        };
        self.drafting.preset(body);
        if kind == "corrected" {
            self.ask_correction(body)?;
            fields.retain(|field| !["entry", "field", "value"].contains(&field.name.as_str()));
        }
        let form = Form {
            terminal: self.terminal,
            kind,
            offset_minutes: self.drafting.charter.calendar.utc_offset_minutes(),
            choices: self.drafting.choices(),
        };
        form.fill(&fields, body)
    }

    /// The statement with the disclosure that goes with a publication, if the rules let it stand.
    pub(super) fn make(
        &self,
        body: Map<String, Value>,
        at: Option<&str>,
    ) -> anyhow::Result<Drafted> {
        let now = moment::now()?;
        let drafted = self.drafting.statement(body, at, now);
        let drafted = drafted.map_err(|fault| self.refused(&fault))?;
        let signed = std::slice::from_ref(&self.drafting.signer);
        let rehearsed = self.drafting.rehearse(&drafted.statement, signed, now);
        rehearsed.map_err(|fault| self.refused(&fault))?;
        Ok(drafted)
    }

    fn refused(&self, fault: &Fault) -> anyhow::Error {
        let said = self.in_words(fault);
        match (fault, fault.field()) {
            (Fault::Refused(_), Some(field)) => FieldAtFault { field, said }.into(),
            _ => Refused(said).into(),
        }
    }

    fn in_words(&self, fault: &Fault) -> String {
        let l = self.terminal.language;
        let (title, detail) = (fault.title(l), fault.detail(self.drafting.kind, l));
        match fault {
            Fault::Malformed(error) => {
                let said = fault::in_language(&error.fault, l);
                let path = &error.path;
                l.pick(
                    format!("内容有误，什么都没有写。字段 {path}：{said}"),
                    format!("the content is at fault, nothing was written. Field {path}: {said}"),
                )
            }
            Fault::Refused(refusal) if !matches!(**refusal, Refusal::MissingRoles { .. }) => l
                .pick(
                    format!("没有写草稿，规则不允许：{title}。{detail}"),
                    format!("no draft was written, a rule refuses it: {title}. {detail}"),
                ),
            Fault::Refused(_) => l.pick(
                format!("没有写草稿：{detail}"),
                format!("no draft was written: {detail}"),
            ),
            _ => detail,
        }
    }
}
