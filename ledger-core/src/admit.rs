//! The decision: admit an authentic event, or refuse it. (准入)
//!
//! Pure: no I/O, no clock, no randomness. The auditor, the server and an embedding program run
//! exactly this, so they cannot disagree. Rules run in the order of [`Refusal`]'s variants.

use crate::authenticate::AuthenticEvent;
use crate::calendar::CalendarError;
use crate::charter::{Charter, SigningRule};
use crate::event::{self, Event, Family, LoggedEntry, SignedEvent, Statement};
use crate::hash::Hash;
use crate::name::{MemberId, StreamId, TransactionId};
use crate::privacy::{self, FoundIn};
use crate::record::Record;
use crate::refusal::Refusal;
use crate::signing;
use crate::state::{LedgerState, State};
use crate::time::{Date, LogTime};
use crate::transaction::{Phase, Transaction};

mod concerns;
mod contract;
mod detours;
mod ledger_events;
mod limits;
mod loss;
mod oversight;
mod steps;

pub(crate) use loss::check_saved;

use detours::check_waiver;

/// An event that the rules admit, at its place in the log. (已准入条目)
///
/// Only [`admit`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    bytes: Vec<u8>,
    index: u64,
    leaf: Hash,
    received_at: LogTime,
    signed: SignedEvent,
    signers: Vec<MemberId>,
}

impl Entry {
    fn new(index: u64, received_at: LogTime, signed: SignedEvent, signers: Vec<MemberId>) -> Self {
        let bytes = event::entry_bytes(received_at, &signed);
        let leaf = Hash::leaf(&bytes);
        Self {
            bytes,
            index,
            leaf,
            received_at,
            signed,
            signers,
        }
    }

    /// An entry that this program admitted before, read back from its own store and checked there
    /// against its leaf hash.
    pub(crate) fn reread(ledger: Option<&LedgerState>, index: u64, logged: LoggedEntry) -> Self {
        let LoggedEntry {
            received_at,
            signed,
        } = logged;
        let origin = match (ledger, &signed.statement().event) {
            (Some(ledger), _) => Some(&ledger.origin),
            (None, Event::LedgerOpened(opened)) => Some(&opened.origin),
            (None, _) => None,
        };
        let member = |name: &str| crate::authenticate::member_in_name(origin?, name);
        let signers = signed
            .note()
            .signatures()
            .iter()
            .filter_map(|line| member(line.name()))
            .collect();
        Self::new(index, received_at, signed, signers)
    }

    /// The bytes that stand in the log.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its place in the log.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The hash of its bytes as a leaf.
    #[must_use]
    pub fn leaf(&self) -> Hash {
        self.leaf
    }

    /// When the log received it.
    #[must_use]
    pub fn received_at(&self) -> LogTime {
        self.received_at
    }

    /// The event as it was signed.
    #[must_use]
    pub fn signed(&self) -> &SignedEvent {
        &self.signed
    }

    /// What was signed.
    #[must_use]
    pub fn statement(&self) -> &Statement {
        self.signed.statement()
    }

    /// Who signed it.
    #[must_use]
    pub fn signers(&self) -> &[MemberId] {
        &self.signers
    }
}

/// Admits an authentic event, or refuses it. (准入)
///
/// `now` is the log's clock; an entry is never received before the one that stands before it. The
/// working set must hold every stream that the event bears on: see [`crate::state::touches`].
///
/// # Errors
/// The first rule that is broken, in the order of [`Refusal`].
pub fn admit(state: &State, event: AuthenticEvent, now: LogTime) -> Result<Entry, Refusal> {
    let received_at = state.last_received_at().map_or(now, |last| last.max(now));
    // Signatures may have been verified a while ago; authority counts at this position.
    event.check_keys(state)?;
    let signed = event.signed();
    judge(
        state,
        signed.statement(),
        signed.private(),
        event.signers(),
        received_at,
    )?;
    let (signed, signers) = event.into_parts();
    Ok(Entry::new(state.size(), received_at, signed, signers))
}

/// The same decision on a statement that nobody has signed yet: what an office sees while it fills
/// in a form. `signers` are those who would sign.
///
/// # Errors
/// As [`admit`].
pub fn decide(
    state: &State,
    statement: &Statement,
    signers: &[MemberId],
    received_at: LogTime,
) -> Result<(), Refusal> {
    let private = privacy::search("event", &statement.event);
    judge(state, statement, private.as_ref(), signers, received_at)
}

/// The decision; `private` is the first private thing in any text of the event.
fn judge(
    state: &State,
    statement: &Statement,
    private: Option<&FoundIn>,
    signers: &[MemberId],
    received_at: LogTime,
) -> Result<(), Refusal> {
    let Some(ledger) = state.ledger() else {
        return ledger_events::found(statement, private, signers, received_at);
    };
    let case = Case {
        ledger,
        position: state.size(),
        received_at,
        signers,
        state,
        statement,
    };
    if matches!(statement.event, Event::LedgerOpened(_)) {
        return Err(Refusal::AlreadyOpened);
    }
    case.check_stream()?;
    case.check_place()?;
    check_privacy(private)?;
    case.check_signers()?;
    match &statement.stream {
        StreamId::Transaction(id) => case.transaction_event(id),
        StreamId::Ledger => case.ledger_event(),
        StreamId::Concern(id) => case.concern_event(id),
    }
}

/// One event before the rules.
struct Case<'a> {
    ledger: &'a LedgerState,
    position: u64,
    received_at: LogTime,
    signers: &'a [MemberId],
    state: &'a State,
    statement: &'a Statement,
}

impl Case<'_> {
    fn check_stream(&self) -> Result<(), Refusal> {
        let (home, stream) = (self.statement.event.home(), &self.statement.stream);
        if home.takes(stream) {
            return Ok(());
        }
        Err(Refusal::WrongStream {
            expected: home.form(),
            found: stream.to_string(),
        })
    }

    /// Position and time: what every event must satisfy before anything else about it is looked at.
    fn check_place(&self) -> Result<(), Refusal> {
        let expected = self
            .state
            .head(&self.statement.stream)
            .unwrap_or(Hash::ZERO);
        if self.statement.prev != expected {
            return Err(Refusal::StalePrev {
                expected,
                found: self.statement.prev,
            });
        }
        check_time(
            self.ledger.charter_at(self.position),
            self.statement,
            self.received_at,
        )
    }

    /// The charter that governs the event.
    fn charter(&self) -> &Charter {
        let governing = self.state.charter_of(&self.statement.stream);
        governing.unwrap_or_else(|| self.ledger.charter_at(self.position))
    }

    fn check_signers(&self) -> Result<(), Refusal> {
        let transaction = self.state.transaction_of(&self.statement.stream);
        let event = &self.statement.event;
        let Some(rule) = signing::rule_of(self.charter(), event, transaction) else {
            // Nobody can sign a correction of nothing: it is refused for what it is.
            return match (event, &self.statement.stream) {
                (Event::Corrected(corrected), StreamId::Transaction(id)) => {
                    self.under_way(id)?;
                    Err(Refusal::NothingToCorrect {
                        found: corrected.entry,
                    })
                }
                _ => Ok(()),
            };
        };
        let (signers, roster) = (self.signers, &self.ledger.roster);
        signing::assign(signers, rule, roster, self.position)?;
        for other in self.rules_of_others() {
            if other != rule {
                signing::assign(signers, other, roster, self.position)?;
            }
        }
        Ok(())
    }

    /// The rules for who answers the other concerns that an answer is for: an older one may be answered
    /// as a newer one is, and not the other way round, or a new charter's signers could be left out.
    fn rules_of_others(&self) -> impl Iterator<Item = &SigningRule> {
        let (own, also) = match (&self.statement.stream, &self.statement.event) {
            (StreamId::Concern(own), Event::ConcernAnswered(answered)) => {
                (self.state.concern(own), answered.also.as_slice())
            }
            _ => (None, [].as_slice()),
        };
        let since = own.map_or(0, |own| own.recorded.index);
        let raised = also.iter().filter_map(|id| self.state.concern(id));
        let raised = raised.map(|concern| concern.recorded.index);
        raised
            .filter(move |at| *at > since)
            .filter_map(|raised_at| {
                let charter = self.ledger.charter_of(raised_at, self.position);
                charter.signing.of(self.statement.event.kind())
            })
    }

    /// Rules of an event in a transaction's stream.
    fn transaction_event(&self, id: &TransactionId) -> Result<(), Refusal> {
        let (event, transaction) = (&self.statement.event, self.state.transaction(id));
        if let Some(view) = event.step() {
            return self.step(transaction, view);
        }
        match event {
            Event::ChannelPosted(posted) => return self.posting(transaction, posted),
            Event::ContractTakenOver(taken) => return self.taken_over(transaction, taken),
            _ => {}
        }
        // Those who look on have their say about what was broken off, too.
        let transaction = match event.family() {
            Family::Oversight => self.begun(id)?,
            _ => self.under_way(id)?,
        };
        self.check_detour(transaction, event)?;
        if let Some(record) = event.record() {
            self.check_record(record)?;
        }
        match event {
            Event::StepWaived(waived) => check_waiver(self.charter(), transaction, waived),
            Event::Returned(returned) => self.returned(transaction, returned),
            Event::Corrected(corrected) => self.corrected(transaction, corrected),
            Event::Terminated(_) => self.check_undoing(transaction, None),
            _ if event.family() == Family::Contract => self.contract_event(transaction),
            _ => self.noted(&transaction.notes),
        }
    }

    /// A transaction that has begun.
    fn begun(&self, id: &TransactionId) -> Result<&Transaction, Refusal> {
        let begun = self.state.transaction(id);
        begun.ok_or_else(|| Refusal::NotBegun { found: id.clone() })
    }

    /// A transaction that has begun and was not broken off.
    fn under_way(&self, id: &TransactionId) -> Result<&Transaction, Refusal> {
        let transaction = self.begun(id)?;
        match transaction.phase {
            Phase::Terminated { .. } => Err(Refusal::TransactionTerminated),
            _ => Ok(transaction),
        }
    }

    /// What any record must satisfy: it does not contradict itself, and nothing in it is yet to come.
    fn check_record(&self, record: &dyn Record) -> Result<(), Refusal> {
        if let Some(fault) = record.inconsistency() {
            return Err(fault.into());
        }
        self.check_days(record.days())
    }

    /// The day on which the log receives it.
    fn today(&self) -> Date {
        let calendar = self.ledger.calendar_at(self.position);
        calendar.date_of(self.received_at)
    }

    fn check_days(&self, days: Vec<(&'static str, Date)>) -> Result<(), Refusal> {
        let today = self.today();
        match days.into_iter().find(|(_, day)| *day > today) {
            Some((field, found)) => Err(Refusal::FutureDate {
                field,
                expected: today,
                found,
            }),
            None => Ok(()),
        }
    }
}

/// Rule 8: nothing from the future.
fn check_time(
    charter: &Charter,
    statement: &Statement,
    received_at: LogTime,
) -> Result<(), Refusal> {
    let latest = charter
        .calendar
        .end_of(received_at, charter.clocks.ahead.span)
        .map_err(calendar_missing)?;
    if statement.at.instant() <= latest {
        return Ok(());
    }
    let ahead = latest.seconds_since(received_at);
    let acceptable_from = statement.at.instant().minus_seconds(ahead);
    Err(Refusal::FutureTime {
        found: statement.at,
        acceptable_from,
    })
}

/// Nothing private in any text, whatever the kind of event: what stands in the log stays there.
fn check_privacy(private: Option<&FoundIn>) -> Result<(), Refusal> {
    let Some(FoundIn { field, found }) = private else {
        return Ok(());
    };
    Err(Refusal::PrivateData {
        field: field.clone(),
        expected: match found.kind {
            privacy::Kind::PersonalName => "masked_name",
            _ => "no_number",
        },
        found: found.kind,
        from: found.start + 1,
        until: found.end,
    })
}

fn calendar_missing(error: CalendarError) -> Refusal {
    match error {
        CalendarError::YearMissing { year } => Refusal::CalendarMissing { year },
        other => Refusal::Inconsistent {
            field: "charter",
            expected: "≤ 9999".to_owned(),
            found: other.to_string(),
        },
    }
}
