//! The decision: admit an authentic event, or refuse it. (准入)
//!
//! Pure: no I/O, no clock, no randomness. The auditor, the server and an embedding program run
//! exactly this, so they cannot disagree. Rules run in the order of [`Refusal`]'s variants.

use std::collections::BTreeSet;

use crate::authenticate::AuthenticEvent;
use crate::calendar::CalendarError;
use crate::charter::Charter;
use crate::disclosure::Disclosure;
use crate::event::{self, Event, LoggedEntry, SignedEvent, Statement, StepView};
use crate::hash::{Digest, Hash};
use crate::name::{Label, MemberId, StreamId, TransactionId};
use crate::privacy;
use crate::record::{ChannelPosted, MemberVote, Publication};
use crate::refusal::Refusal;
use crate::signing;
use crate::state::{LedgerState, State};
use crate::step::{PublicationPoint, Step};
use crate::time::LogTime;
use crate::transaction::{Phase, Transaction};

mod ledger_events;

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
    decide(
        state,
        event.signed().statement(),
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
    let Some(ledger) = state.ledger() else {
        return ledger_events::found(statement, signers, received_at);
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
    check_privacy(&statement.event)?;
    match (&statement.stream, &statement.event, statement.event.step()) {
        (StreamId::Transaction(id), Event::ChannelPosted(posted), _) => case.posting(id, posted),
        (StreamId::Transaction(id), _, Some(view)) => case.step(id, view),
        _ => case.ledger_event(),
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
        let of_transaction = self.statement.event.is_of_transaction();
        match &self.statement.stream {
            StreamId::Transaction(_) if of_transaction => Ok(()),
            StreamId::Ledger if !of_transaction => Ok(()),
            other => {
                let expected = if of_transaction {
                    "transaction/<id>"
                } else {
                    "ledger"
                };
                Err(Refusal::WrongStream {
                    expected,
                    found: other.to_string(),
                })
            }
        }
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
        let rule = signing::rule_of(self.charter(), &self.statement.event);
        let rule = rule.ok_or(Refusal::AlreadyOpened)?;
        signing::assign(self.signers, rule, &self.ledger.roster, self.position).map(|_| ())
    }

    fn transaction(&self, id: &TransactionId) -> Option<&Transaction> {
        self.state.transaction(id)
    }

    /// Rules of a step: order, gate, signers, documents, and what its record must satisfy.
    fn step(&self, id: &TransactionId, view: StepView<'_>) -> Result<(), Refusal> {
        let charter = self.charter();
        self.check_signers()?;
        self.check_turn(id, view.step)?;
        if let Some(publication) = self.statement.event.publication() {
            check_channels(charter, publication)?;
        }
        if let (Some(point), Some(publication)) = (
            view.step.publication_point(),
            self.statement.event.publication(),
        ) {
            self.check_disclosure(id, point, publication)?;
        }
        let attached: BTreeSet<&Label> = view
            .record
            .documents()
            .iter()
            .map(|document| document.kind())
            .collect();
        let rules = &charter.steps.of(view.step).documents;
        let needed = rules
            .iter()
            .filter(|document| document.required)
            .map(|document| &document.kind);
        let missing: Vec<Label> = needed
            .filter(|kind| !attached.contains(kind))
            .cloned()
            .collect();
        if !missing.is_empty() {
            return Err(Refusal::DocumentMissing { missing });
        }
        if let Some(fault) = view.record.inconsistency() {
            return Err(Refusal::Inconsistent {
                field: fault.field,
                expected: fault.expected,
                found: fault.found,
            });
        }
        let today = self
            .ledger
            .calendar_at(self.position)
            .date_of(self.received_at);
        let late = view.record.days().into_iter().find(|(_, day)| *day > today);
        if let Some((field, found)) = late {
            return Err(Refusal::FutureDate {
                field,
                expected: today,
                found,
            });
        }
        match &self.statement.event {
            Event::MemberVote(vote) => check_vote(charter, vote),
            _ => Ok(()),
        }
    }

    /// Rule 1: a step only after the one before it, and after its publication's window.
    fn check_turn(&self, id: &TransactionId, step: Step) -> Result<(), Refusal> {
        let Some(transaction) = self.transaction(id) else {
            if step == Step::AssetVerification {
                return Ok(());
            }
            return Err(Refusal::OutOfOrder {
                expected: Step::AssetVerification,
                found: step,
            });
        };
        let awaiting = match &transaction.phase {
            Phase::Awaiting(awaiting) => awaiting,
            Phase::Completed(_) => return Err(Refusal::TransactionCompleted),
            Phase::BiddingFailed { .. } => return Err(Refusal::BiddingFailed),
            Phase::Publishing(publishing) => {
                let published = publishing.point().step();
                let turn_of_another = published.next().is_some_and(|next| step != next);
                if turn_of_another && step != published {
                    return Err(Refusal::OutOfOrder {
                        expected: published,
                        found: step,
                    });
                }
                let missing = publishing.outstanding().iter().cloned().collect();
                return Err(Refusal::ChannelMissing {
                    point: publishing.point(),
                    missing,
                });
            }
        };
        if awaiting.step != step {
            return Err(Refusal::OutOfOrder {
                expected: awaiting.step,
                found: step,
            });
        }
        let calendar = self.ledger.calendar_at(self.position);
        let (opens_at, window_of) = awaiting.gate.opens_at(calendar).map_err(calendar_missing)?;
        match window_of {
            Some(step) if self.received_at < opens_at => Err(Refusal::WindowOpen {
                step,
                acceptable_from: opens_at,
            }),
            _ => Ok(()),
        }
    }

    /// A posting on a channel that the publication named, once, of what was published.
    fn posting(&self, id: &TransactionId, posted: &ChannelPosted) -> Result<(), Refusal> {
        self.check_signers()?;
        let Some(transaction) = self.transaction(id) else {
            return Err(Refusal::NothingToPost);
        };
        let Phase::Publishing(publishing) = &transaction.phase else {
            return Err(Refusal::NothingToPost);
        };
        let (found, expected) = (&posted.channel, publishing.disclosure());
        let missing = || publishing.outstanding().iter().cloned().collect();
        if transaction
            .postings_of(publishing.point())
            .contains_key(found)
        {
            return Err(Refusal::AlreadyPosted {
                found: found.clone(),
                missing: missing(),
            });
        }
        if !publishing.outstanding().contains(found) {
            return Err(Refusal::UnknownChannel {
                expected: missing(),
                found: found.clone(),
            });
        }
        if posted.disclosure != *expected {
            return Err(Refusal::DisclosureMismatch {
                expected: *expected,
                found: posted.disclosure,
            });
        }
        Ok(())
    }

    /// What is published must be what the record says.
    fn check_disclosure(
        &self,
        id: &TransactionId,
        point: PublicationPoint,
        publication: &Publication,
    ) -> Result<(), Refusal> {
        // A publication is never a first step: its turn has been checked.
        let Some(transaction) = self.transaction(id) else {
            return Err(Refusal::OutOfOrder {
                expected: Step::AssetVerification,
                found: point.step(),
            });
        };
        let charter = self.charter();
        let composed = Disclosure::compose(self.ledger, charter, transaction, point, publication);
        let found = publication.disclosure;
        match composed.digest() {
            Ok(expected) if expected == found => Ok(()),
            Ok(expected) => Err(Refusal::DisclosureMismatch { expected, found }),
            // What cannot be encoded has no digest, and matches none, not even this one.
            Err(_) => Err(Refusal::DisclosureMismatch {
                expected: Digest::from_bytes([0; 32]),
                found,
            }),
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
fn check_privacy(event: &Event) -> Result<(), Refusal> {
    let Some(privacy::FoundIn { field, found }) = privacy::search("event", event) else {
        return Ok(());
    };
    Err(Refusal::PrivateData {
        field,
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

fn check_channels(charter: &Charter, publication: &Publication) -> Result<(), Refusal> {
    if let Some(found) = publication
        .channels
        .iter()
        .find(|id| charter.channel(id).is_none())
    {
        let expected = charter
            .channels
            .iter()
            .map(|channel| channel.id.clone())
            .collect();
        return Err(Refusal::UnknownChannel {
            expected,
            found: found.clone(),
        });
    }
    let missing: Vec<Label> = charter
        .required_channels()
        .filter(|id| !publication.channels.contains(id))
        .cloned()
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Refusal::ChannelsIncomplete { missing })
    }
}

/// Rule 3. Source: 农村集体经济组织法, articles 27, 28 and 31, as the charter's denominators say.
fn check_vote(charter: &Charter, vote: &MemberVote) -> Result<(), Refusal> {
    let Some(rule) = charter
        .voting
        .get(&vote.body)
        .filter(|rule| rule.may_decide_plan)
    else {
        let may = charter
            .voting
            .iter()
            .filter(|(_, rule)| rule.may_decide_plan);
        return Err(Refusal::WrongBody {
            expected: may.map(|(body, _)| *body).collect(),
            found: vote.body,
        });
    };
    let whole = |of| match of {
        crate::charter::Denominator::Members => vote.members,
        crate::charter::Denominator::Eligible => vote.eligible,
        crate::charter::Denominator::Present => vote.present,
    };
    let base = whole(rule.participation.of);
    if !rule.participation.is_met(vote.present, base) {
        return Err(Refusal::QuorumNotReached {
            expected: rule.participation.least(base),
            found: vote.present,
        });
    }
    let base = whole(rule.approval.of);
    if base == 0 || !rule.approval.is_met(vote.r#for, base) {
        return Err(Refusal::VoteNotPassed {
            expected: rule.approval.least(base),
            found: vote.r#for,
        });
    }
    Ok(())
}
