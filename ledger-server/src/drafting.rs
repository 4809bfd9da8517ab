//! What a draft is made of, whoever makes it: what nobody needs to be asked, the choices there are, the
//! statement, and the rules run ahead of time. (起草)
//!
//! The command line and the staff desk draft by this, so that neither knows a rule that the other does
//! not. Reads no clock and no log: the ledger as it stands and the moment are passed in. Knows nothing of
//! terminals, pages or requests, nor of who holds which key.

use ledger_core::admit;
use ledger_core::charter::Charter;
use ledger_core::concern::Concern;
use ledger_core::contract::DueState;
use ledger_core::disclosure::Disclosure;
use ledger_core::event::{Event, EventError, Family, Statement};
use ledger_core::hash::Digest;
use ledger_core::money::Fen;
use ledger_core::name::StreamId;
use ledger_core::record::Direction;
use ledger_core::signing;
use ledger_core::state::{LedgerState, State};
use ledger_core::transaction::{Phase, Publishing};
use ledger_core::{Language, LogTime, MemberId, Refusal, StatedTime, Step, TransactionId};
use serde_json::{Map, Value, json};

use crate::moment;
use crate::shape::{self, Shape};
use crate::signers::{self, Seat};
use crate::tenure;

mod fault;
mod papers;
mod place;

pub(crate) use fault::Fault;
pub(crate) use papers::is_personal;
pub(crate) use place::{Misplaced, check_place, stream_of};

/// The kinds of event that are drafted. The founding is recorded by `init`, a loss by `recover`.
pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
    let kinds = Event::KINDS.iter().copied();
    kinds.filter(|kind| !["ledger_opened", "loss_declared"].contains(kind))
}

/// A field, and what can be chosen for it: each with its name for people, which may be empty.
pub(crate) type Choices<'a> = (&'a str, Vec<(String, String)>);

/// A statement that is to be signed, and the disclosure that goes with it if it is a publication.
pub(crate) struct Drafted {
    pub(crate) statement: Statement,
    /// The disclosure's canonical JSON.
    pub(crate) disclosure: Option<Vec<u8>>,
}

/// What becomes of a statement if everybody signs it.
pub(crate) struct Tried {
    /// Who would sign.
    pub(crate) seats: Vec<Seat>,
    /// Whether whoever drafts it is one of them.
    pub(crate) mine: bool,
    /// What the rules say of it.
    pub(crate) verdict: Result<(), Fault>,
}

/// The ledger as it stands, and who is about to sign.
pub(crate) struct Drafting<'a> {
    pub(crate) charter: &'a Charter,
    pub(crate) kind: &'a str,
    pub(crate) language: Language,
    pub(crate) ledger: &'a LedgerState,
    pub(crate) signer: MemberId,
    pub(crate) state: &'a State,
    pub(crate) stream: StreamId,
    /// The transaction that was named: what a new concern is about.
    pub(crate) transaction: Option<&'a TransactionId>,
}

impl<'a> Drafting<'a> {
    /// Of an event of this kind in a stream, under the charter that governs it; `None` before the
    /// ledger is opened.
    pub(crate) fn of(
        kind: &'a str,
        stream: StreamId,
        transaction: Option<&'a TransactionId>,
        state: &'a State,
        (signer, language): (MemberId, Language),
    ) -> Option<Self> {
        Some(Self {
            charter: state.charter_of(&stream)?,
            kind,
            language,
            ledger: state.ledger()?,
            signer,
            state,
            stream,
            transaction,
        })
    }

    /// What can be known before a single question is asked: whether it is this step's turn.
    pub(crate) fn check_turn(&self) -> Result<(), Fault> {
        if self.kind == "channel_posted" && self.publishing().is_none() {
            return Err(Refusal::NothingToPost.into());
        }
        self.check_concern()?;
        self.check_contract()?;
        let StreamId::Transaction(id) = &self.stream else {
            return Ok(());
        };
        let transaction = self.state.transaction(id);
        let ended = transaction.is_some_and(|t| matches!(t.phase, Phase::Terminated { .. }));
        let family = Event::family_of(self.kind);
        if ended && matches!(family, Some(Family::Step | Family::Detour)) {
            return Err(Refusal::TransactionTerminated.into());
        }
        let step = self.kind.parse::<Step>();
        let takes_steps = step.is_ok() || matches!(self.kind, "returned" | "step_waived");
        let taken = transaction.filter(|transaction| transaction.takeover.is_some());
        if let Some(taken) = taken.filter(|_| takes_steps) {
            let taken_over_by = taken.begun_at;
            return Err(Refusal::NoSteps { taken_over_by }.into());
        }
        let Ok(step) = step else {
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
            Some(expected) if expected != step => {
                let found = step;
                Err(Refusal::OutOfOrder { expected, found }.into())
            }
            _ => Ok(()),
        }
    }

    /// Whether there is such a concern, before anybody is asked what is to be said to it.
    fn check_concern(&self) -> Result<(), Fault> {
        let StreamId::Concern(id) = &self.stream else {
            return Ok(());
        };
        let found = id.clone();
        match (self.state.concern(id), self.kind) {
            (_, "concern_raised")
            | (Some(_), "document_erased" | "concern_answered" | "concern_hidden") => Ok(()),
            (None, _) => Err(Refusal::ConcernUnknown { found }.into()),
            (Some(concern), _) if concern.answered().is_none() => {
                Err(Refusal::ConcernUnanswered { found }.into())
            }
            _ => Ok(()),
        }
    }

    /// Whether there is a contract, and something to be paid, before anybody is asked about a payment.
    fn check_contract(&self) -> Result<(), Fault> {
        let kind = self.kind;
        let Some(transaction) = self.state.transaction_of(&self.stream) else {
            return Ok(());
        };
        if kind == "contract_taken_over" {
            let found = transaction.id.clone();
            return Err(Refusal::TransactionExists { found }.into());
        }
        if Event::family_of(kind) == Some(Family::Contract) && transaction.contract.is_none() {
            return Err(Refusal::NoContract.into());
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
            return Err(Refusal::ContractEnded { entry, on }.into());
        }
        let pays = kind == "payment_received" || kind == "payment_made";
        let nothing_open = self.open_dues().is_some_and(|(_, open)| open.is_empty());
        if pays && nothing_open {
            return Err(Fault::NothingDue);
        }
        Ok(())
    }

    /// What can be chosen, by the field that it is for.
    pub(crate) fn choices(&self) -> Vec<Choices<'a>> {
        let named = |id: &ledger_core::name::Label| {
            let channel = self.charter.channel(id);
            let name = channel.map(|channel| channel.name.to_string());
            (id.to_string(), name.unwrap_or_default())
        };
        let mut choices = Vec::new();
        if let Some(publishing) = self.publishing() {
            let outstanding = publishing.outstanding();
            choices.push(("channel", outstanding.iter().map(named).collect()));
        }
        choices.extend(self.open_dues());
        choices.extend(self.steps_to_choose());
        choices
    }

    /// The steps to which a transaction can go back, or up to which steps can be left out.
    fn steps_to_choose(&self) -> Option<Choices<'a>> {
        let transaction = self.state.transaction_of(&self.stream)?;
        let (field, steps): (_, Vec<Step>) = match self.kind {
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
    fn open_dues(&self) -> Option<Choices<'a>> {
        let (field, directions): (_, &[Direction]) = match self.kind {
            "payment_received" => ("dues", &[Direction::Incoming]),
            "payment_made" => ("dues", &[Direction::Outgoing]),
            "contract_amended" | "contract_terminated" => ("cancels", Direction::ALL),
            _ => return None,
        };
        let contract = self.state.transaction_of(&self.stream)?.contract.as_ref()?;
        let dues = directions.iter().flat_map(|way| contract.dues_by_day(*way));
        let open = dues.filter(|due| due.outstanding_fen() > Fen::ZERO);
        let named = |due: &DueState| {
            let name = tenure::due(self.language, due);
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

    fn publishing(&self) -> Option<&'a Publishing> {
        match &self.state.transaction_of(&self.stream)?.phase {
            Phase::Publishing(publishing) => Some(publishing),
            _ => None,
        }
    }

    /// Fills in what nobody needs to be asked: digests, the channels that the charter requires, the first
    /// step that is left out.
    pub(crate) fn preset(&self, body: &mut Map<String, Value>) {
        let kind = self.kind;
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
        if let Some(about) = self.about() {
            body.entry("transaction").or_insert_with(|| json!(about));
        }
        if let (Some(step), "step_waived") = (self.awaited(), kind) {
            // Only the step whose turn it is can be the first one waived.
            body.entry("from").or_insert_with(|| json!(step));
        }
        let takes_documents = match shape::known(kind) {
            Some(Shape::Object(fields)) => fields.iter().any(|field| field.name == "documents"),
            _ => false,
        };
        if !takes_documents {
            body.remove("documents");
        }
    }

    /// The transaction that an event of a concern names.
    fn about(&self) -> Option<&TransactionId> {
        match (self.kind, &self.stream) {
            ("concern_raised", _) => self.transaction,
            ("concern_answered", StreamId::Concern(id)) => {
                let known = self.state.concern(id).map(Concern::transaction);
                self.transaction.or(known)
            }
            _ => None,
        }
    }

    /// The statement, and the disclosure that goes with a publication. What happened, happened `at`, as
    /// people write a moment; by default now.
    pub(crate) fn statement(
        &self,
        mut body: Map<String, Value>,
        at: Option<&str>,
        now: LogTime,
    ) -> Result<Drafted, Fault> {
        self.preset(&mut body);
        if self.kind == "concern_answered" {
            body.entry("also").or_insert_with(|| json!([]));
        }
        let offset = self.charter.calendar.utc_offset_minutes();
        let at = match at {
            Some(text) => moment::read_stated(text, offset),
            None => StatedTime::new(now, offset),
        };
        body.insert("kind".to_owned(), json!(self.kind));
        let event = Event::from_value(Value::Object(body))?;
        self.stated(event, at.map_err(Fault::Time)?)
    }

    /// An event as a statement at the head of its stream, with the disclosure composed anew if it is a
    /// publication.
    pub(crate) fn stated(&self, mut event: Event, at: StatedTime) -> Result<Drafted, Fault> {
        let disclosure = self.compose(&event)?;
        if let Some(bytes) = &disclosure {
            let mut body = serde_json::to_value(&event).map_err(|error| EventError {
                path: "event".to_owned(),
                fault: error.to_string(),
            })?;
            body["disclosure"] = json!(Digest::of(bytes));
            event = Event::from_value(body)?;
        }
        let head = self.state.head(&self.stream);
        let prev = head.unwrap_or(self.ledger.ledger_id);
        let statement = Statement::new(self.stream.clone(), prev, at, event);
        statement
            .to_text()
            .map_err(|error| Fault::Text(Box::new(error)))?;
        Ok(Drafted {
            statement,
            disclosure,
        })
    }

    /// The disclosure that a publication would publish now; `None` if the event is none.
    pub(crate) fn compose(&self, event: &Event) -> Result<Option<Vec<u8>>, Fault> {
        let point = event.step().and_then(|view| view.step.publication_point());
        let transaction = self.state.transaction_of(&self.stream);
        let (Some(publication), Some(point), Some(transaction)) =
            (event.publication(), point, transaction)
        else {
            return Ok(None);
        };
        let (ledger, charter) = (self.ledger, self.charter);
        let composed = Disclosure::compose(ledger, charter, transaction, point, publication);
        Ok(Some(composed.to_bytes()?))
    }

    /// Who has signed a statement, and who could fill the roles that are left: `None` if no rule says who
    /// signs, or there is no way to fill all roles.
    pub(crate) fn seats(&self, statement: &Statement, signed: &[MemberId]) -> Option<Vec<Seat>> {
        let transaction = self.state.transaction_of(&self.stream);
        let rule = signing::rule_of(self.charter, &statement.event, transaction)?;
        signers::seats(signed, rule, &self.ledger.roster, self.state.size())
    }

    /// Tries a statement as if the signer had signed, who has a seat or else only asks for it, and everybody
    /// else who could, were it received `now`.
    pub(crate) fn tried(&self, statement: &Statement, now: LogTime) -> Tried {
        let own = std::slice::from_ref(&self.signer);
        let (seats, mine) = match (self.seats(statement, own), self.seats(statement, &[])) {
            (None, Some(others)) => (others, false),
            (own, _) => (own.unwrap_or_default(), true),
        };
        let signed = if mine { own } else { &[] };
        Tried {
            seats,
            mine,
            verdict: self.rehearse(statement, signed, now),
        }
    }

    /// Runs the rules on the statement as if these had signed and everybody else who could, were it
    /// received `now`.
    pub(crate) fn rehearse(
        &self,
        statement: &Statement,
        signed: &[MemberId],
        now: LogTime,
    ) -> Result<(), Fault> {
        let all: Vec<MemberId> = match self.seats(statement, signed) {
            Some(seats) => seats.into_iter().map(|seat| seat.member).collect(),
            None => signed.to_vec(),
        };
        self.judge(statement, &all, now)
    }

    /// Runs the rules on the statement as signed by these members, were it received `now`.
    pub(crate) fn judge(
        &self,
        statement: &Statement,
        signers: &[MemberId],
        now: LogTime,
    ) -> Result<(), Fault> {
        let last = self.state.last_received_at();
        let received_at = last.map_or(now, |last| last.max(now));
        Ok(admit::decide(self.state, statement, signers, received_at)?)
    }
}
