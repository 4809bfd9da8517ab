//! Where a draft is made: the ledger as it stands, the signer, and the rules run ahead of time.

use anyhow::bail;
use ledger_core::admit;
use ledger_core::charter::{Charter, Cosigner, When};
use ledger_core::concern::Concern;
use ledger_core::contract::DueState;
use ledger_core::disclosure::Disclosure;
use ledger_core::event::{Event, Family, Statement};
use ledger_core::hash::Digest;
use ledger_core::money::Fen;
use ledger_core::name::StreamId;
use ledger_core::record::Direction;
use ledger_core::signing;
use ledger_core::state::{LedgerState, State};
use ledger_core::transaction::Phase;
use ledger_core::{Language, MemberId, Refusal, SigningKey, StatedTime, Step, TransactionId};
use serde_json::{Map, Value, json};

use crate::fault;
use crate::form::Form;
use crate::moment;
use crate::shape::{self, Shape};
use crate::signers;
use crate::tenure;
use crate::terminal::{Refused, Terminal};

/// The ledger as it stands, and who is about to sign.
pub(super) struct Desk<'a> {
    pub(super) terminal: Terminal,
    pub(super) charter: &'a Charter,
    pub(super) kind: &'a str,
    pub(super) ledger: &'a LedgerState,
    pub(super) signer: MemberId,
    pub(super) state: &'a State,
    pub(super) stream: StreamId,
    /// The transaction that was named: what a new concern is about.
    pub(super) transaction: Option<&'a TransactionId>,
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
    pub(super) fn check_turn(&self, kind: &str) -> anyhow::Result<()> {
        if kind == "channel_posted" && self.publishing().is_none() {
            return Err(self.refused(&Refusal::NothingToPost));
        }
        self.check_concern(kind)?;
        self.check_contract(kind)?;
        let StreamId::Transaction(id) = &self.stream else {
            return Ok(());
        };
        let transaction = self.state.transaction(id);
        let ended = transaction.is_some_and(|t| matches!(t.phase, Phase::Terminated { .. }));
        let family = Event::family_of(kind);
        if ended && matches!(family, Some(Family::Step | Family::Detour)) {
            return Err(self.refused(&Refusal::TransactionTerminated));
        }
        let Ok(step) = kind.parse::<Step>() else {
            return Ok(());
        };
        let expected = match transaction {
            None => Some(Step::AssetVerification),
            Some(transaction) => match &transaction.phase {
                Phase::Awaiting(awaiting) => Some(awaiting.step),
                _ => None,
            },
        };
        match expected {
            Some(expected) if expected != step => Err(self.refused(&Refusal::OutOfOrder {
                expected,
                found: step,
            })),
            _ => Ok(()),
        }
    }

    /// Whether there is such a concern, before anybody is asked what is to be said to it.
    fn check_concern(&self, kind: &str) -> anyhow::Result<()> {
        let StreamId::Concern(id) = &self.stream else {
            return Ok(());
        };
        let found = id.clone();
        match self.state.concern(id) {
            _ if kind == "concern_raised" => Ok(()),
            Some(_) if kind == "document_erased" => Ok(()),
            None => Err(self.refused(&Refusal::ConcernUnknown { found })),
            Some(concern) if kind != "concern_answered" && concern.answered().is_none() => {
                Err(self.refused(&Refusal::ConcernUnanswered { found }))
            }
            _ => Ok(()),
        }
    }

    /// Whether there is a contract, and something to be paid, before anybody is asked about a payment.
    fn check_contract(&self, kind: &str) -> anyhow::Result<()> {
        let Some(transaction) = self.state.transaction_of(&self.stream) else {
            return Ok(());
        };
        if Event::family_of(kind) == Some(Family::Contract) && transaction.contract.is_none() {
            return Err(self.refused(&Refusal::NoContract));
        }
        let begins = [
            "contract_amended",
            "contract_renewed",
            "contract_terminated",
            "payment_due",
        ];
        let contract = transaction.contract.as_ref();
        let over = contract.and_then(|contract| contract.returned.or(contract.ended));
        if let Some((on, entry)) = over.filter(|_| begins.contains(&kind)) {
            return Err(self.refused(&Refusal::ContractEnded { entry, on }));
        }
        let pays = kind == "payment_received" || kind == "payment_made";
        if pays
            && self
                .open_dues(kind)
                .is_some_and(|(_, open)| open.is_empty())
        {
            bail!(Refused(self.terminal.pick(
                "现在没有未付的款项。请先登记应收应付（payment_due），再登记收付款。".to_owned(),
                "nothing is to be paid now: register a due first (payment_due).".to_owned(),
            )));
        }
        Ok(())
    }

    /// Says which step it is, what the charter says it consists of, and who signs it.
    pub(super) fn introduce(&self, kind: &str) {
        let (t, l) = (self.terminal, self.terminal.language);
        let Ok(step) = kind.parse::<Step>() else {
            return;
        };
        let rule = self.charter.steps.of(step);
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
    pub(super) fn ask(&self, kind: &str, body: &mut Map<String, Value>) -> anyhow::Result<()> {
        let Some(Shape::Object(fields)) = shape::of_event(kind) else {
            return Ok(());
        };
        let named = |id: &ledger_core::name::Label| {
            let name = self
                .charter
                .channel(id)
                .map(|channel| channel.name.to_string());
            (id.to_string(), name.unwrap_or_default())
        };
        let mut choices = Vec::new();
        if let Some(publishing) = self.publishing() {
            choices.push((
                "channel",
                publishing.outstanding().iter().map(named).collect(),
            ));
        }
        choices.extend(self.open_dues(kind));
        choices.extend(self.steps_to_choose(kind));
        self.preset(kind, body);
        if let (Some(step), "step_waived") = (self.awaited(), kind) {
            // Only the step whose turn it is can be the first one waived.
            body.entry("from").or_insert_with(|| json!(step));
        }
        let mut fields = fields;
        if kind == "corrected" {
            self.ask_correction(body)?;
            fields.retain(|field| !["entry", "field", "value"].contains(&field.name.as_str()));
        }
        let form = Form {
            terminal: self.terminal,
            kind,
            offset_minutes: self.charter.calendar.utc_offset_minutes(),
            choices,
        };
        form.fill(&fields, body)
    }

    /// The steps to which a transaction can go back, or up to which steps can be left out.
    fn steps_to_choose<'k>(&self, kind: &str) -> Option<(&'k str, Vec<(String, String)>)> {
        let transaction = self.state.transaction_of(&self.stream)?;
        let (field, steps): (_, Vec<Step>) = match kind {
            "returned" => {
                let may = |step: &Step| transaction.can_return_to(*step);
                let stand = transaction.passed.iter().map(|passed| passed.step);
                ("to", stand.filter(may).collect())
            }
            "step_waived" => {
                let from = self.awaited()?;
                let waivers = &self.charter.waivers;
                let waived = |step: &Step| waivers.iter().any(|w| w.steps.contains(step));
                let after = Step::ALL.into_iter().skip_while(|step| *step < from);
                ("through", after.take_while(waived).collect())
            }
            _ => return None,
        };
        let named = |step: Step| (step.id().to_owned(), String::new());
        (!steps.is_empty()).then(|| (field, steps.into_iter().map(named).collect()))
    }

    /// The dues that can be paid or cancelled now, the earliest first, by the field that names them.
    fn open_dues<'k>(&self, kind: &str) -> Option<(&'k str, Vec<(String, String)>)> {
        let (field, directions): (_, &[Direction]) = match kind {
            "payment_received" => ("dues", &[Direction::Incoming]),
            "payment_made" => ("dues", &[Direction::Outgoing]),
            "contract_amended" | "contract_terminated" => ("cancels", Direction::ALL),
            _ => return None,
        };
        let contract = self.state.transaction_of(&self.stream)?.contract.as_ref()?;
        let dues = directions.iter().flat_map(|way| contract.dues_by_day(*way));
        let open = dues.filter(|due| due.outstanding_fen() > Fen::ZERO);
        let named = |due: &DueState| {
            let name = tenure::due(self.terminal.language, due);
            (due.due.id.to_string(), name)
        };
        Some((field, open.map(named).collect()))
    }

    /// The step whose turn it is.
    fn awaited(&self) -> Option<Step> {
        match &self.state.transaction_of(&self.stream)?.phase {
            Phase::Awaiting(awaiting) => Some(awaiting.step),
            _ => None,
        }
    }

    fn publishing(&self) -> Option<&ledger_core::transaction::Publishing> {
        let StreamId::Transaction(id) = &self.stream else {
            return None;
        };
        match &self.state.transaction(id)?.phase {
            Phase::Publishing(publishing) => Some(publishing),
            _ => None,
        }
    }

    /// Fills in what nobody needs to be asked: digests, and the channels that the charter requires.
    fn preset(&self, kind: &str, body: &mut Map<String, Value>) {
        body.entry("documents").or_insert_with(|| json!([]));
        let publishes = kind
            .parse::<Step>()
            .is_ok_and(|step| step.publication_point().is_some());
        if publishes {
            let required: Vec<_> = self.charter.required_channels().collect();
            body.entry("channels").or_insert_with(|| json!(required));
            body.entry("disclosure")
                .or_insert_with(|| json!("0".repeat(64)));
        }
        if let (true, Some(publishing)) = (kind == "channel_posted", self.publishing()) {
            let digest = publishing.disclosure();
            body.entry("disclosure").or_insert_with(|| json!(digest));
        }
        if let Some(about) = self.about(kind) {
            body.entry("transaction").or_insert_with(|| json!(about));
        }
        let takes_documents = match shape::of_event(kind) {
            Some(Shape::Object(fields)) => fields.iter().any(|field| field.name == "documents"),
            _ => false,
        };
        if !takes_documents {
            body.remove("documents");
        }
    }

    /// The transaction that an event of a concern names.
    fn about(&self, kind: &str) -> Option<&TransactionId> {
        match (kind, &self.stream) {
            ("concern_raised", _) => self.transaction,
            ("concern_answered", StreamId::Concern(id)) => {
                let known = self.state.concern(id).map(Concern::transaction);
                self.transaction.or(known)
            }
            _ => None,
        }
    }

    /// The statement, and the disclosure that goes with a publication.
    pub(super) fn statement(
        &self,
        kind: &str,
        mut body: Map<String, Value>,
        at: Option<&str>,
    ) -> anyhow::Result<(Statement, Option<Vec<u8>>)> {
        self.preset(kind, &mut body);
        if kind == "concern_answered" {
            body.entry("also").or_insert_with(|| json!([]));
        }
        body.insert("kind".to_owned(), json!(kind));
        let mut event = self.event(body.clone())?;
        let mut disclosure = None;
        if let (Some(publication), StreamId::Transaction(id)) = (event.publication(), &self.stream)
            && let (Some(transaction), Some(view)) = (self.state.transaction(id), event.step())
            && let Some(point) = view.step.publication_point()
        {
            let composed =
                Disclosure::compose(self.ledger, self.charter, transaction, point, publication);
            let bytes = composed.to_bytes()?;
            body.insert("disclosure".to_owned(), json!(Digest::of(&bytes)));
            event = self.event(body)?;
            disclosure = Some(bytes);
        }
        let offset = self.charter.calendar.utc_offset_minutes();
        let at = match at {
            Some(text) => moment::read_stated(text, offset)?,
            None => StatedTime::new(moment::now()?, offset)?,
        };
        let prev = self
            .state
            .head(&self.stream)
            .unwrap_or(self.ledger.ledger_id);
        Ok((
            Statement::new(self.stream.clone(), prev, at, event),
            disclosure,
        ))
    }

    fn event(&self, body: Map<String, Value>) -> anyhow::Result<Event> {
        Event::from_value(Value::Object(body)).map_err(|fault| {
            anyhow::Error::new(Refused(self.terminal.pick(
                format!(
                    "内容有误，什么都没有写。字段 {}：{}",
                    fault.path,
                    fault::in_language(&fault.fault, Language::Zh)
                ),
                format!(
                    "the content is at fault, nothing was written. Field {}: {}",
                    fault.path,
                    fault::in_language(&fault.fault, Language::En)
                ),
            )))
        })
    }

    /// Runs the rules on the statement as if everybody had signed who could.
    pub(super) fn rehearse(&self, statement: &Statement) -> anyhow::Result<()> {
        let position = self.state.size();
        let now = moment::now()?;
        let received_at = self
            .state
            .last_received_at()
            .map_or(now, |last| last.max(now));
        let signed = std::slice::from_ref(&self.signer);
        let seats = signing::rule_of(
            self.charter,
            &statement.event,
            self.state.transaction_of(&self.stream),
        )
        .and_then(|rule| signers::seats(signed, rule, &self.ledger.roster, position));
        let all: Vec<MemberId> = match &seats {
            Some(seats) => seats.iter().map(|seat| seat.member.clone()).collect(),
            None => signed.to_vec(),
        };
        admit::decide(self.state, statement, &all, received_at).map_err(|refusal| match refusal {
            Refusal::Inconsistent { field, .. } => {
                let (field, said) = (field.to_owned(), self.in_words(&refusal));
                FieldAtFault { field, said }.into()
            }
            Refusal::PrivateData { ref field, .. } => {
                let field = field.trim_start_matches("event.").to_owned();
                let said = self.in_words(&refusal);
                FieldAtFault { field, said }.into()
            }
            Refusal::MissingRoles { ref missing_roles } => {
                let roles: Vec<_> = missing_roles.iter().map(|role| self.terminal.pick(role.zh(), role.en())).collect();
                Refused(self.terminal.pick(
                    format!("没有写草稿：这一项还须由{}签署，而名册上没有人能签。请先用 member_enrolled 或 role_granted 安排人选。", roles.join("、")),
                    format!("no draft was written: {} must sign too, and nobody on the roster can. Enrol or appoint somebody first.", roles.join(", ")),
                )).into()
            }
            refusal => self.refused(&refusal),
        })
    }

    /// A refusal in Chinese, with the field called as the form calls it.
    fn with_names(&self, refusal: &Refusal) -> String {
        let said = refusal.detail(Language::Zh);
        let path = match refusal {
            Refusal::Inconsistent { field, .. } => field.to_string(),
            Refusal::PrivateData { field, .. } => field.to_string(),
            _ => return said,
        };
        match shape::name_of(self.kind, &path, Language::Zh) {
            Some(name) => {
                let said = said.replacen(&path, &format!("「{name}」"), 1);
                said.replacen("」 第", "」第", 1)
            }
            None => said,
        }
    }

    fn refused(&self, refusal: &Refusal) -> anyhow::Error {
        Refused(self.in_words(refusal)).into()
    }

    fn in_words(&self, refusal: &Refusal) -> String {
        let l = self.terminal.language;
        l.pick(
            format!(
                "没有写草稿，规则不允许：{}。{}",
                refusal.title(l),
                self.with_names(refusal)
            ),
            format!(
                "no draft was written, a rule refuses it: {}. {}",
                refusal.title(l),
                refusal.detail(l)
            ),
        )
    }
}
