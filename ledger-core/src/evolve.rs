//! What an admitted entry changes. (状态演进)
//!
//! Applies; does not decide, and cannot fail. Replaying a log runs this on every entry in turn.

use std::sync::Arc;

use crate::admit::Entry;
use crate::calendar::Span;
use crate::charter::Charter;
use crate::concern::Concerns;
use crate::event::{Event, Family, LedgerOpened};
use crate::name::{StreamId, TransactionId};
use crate::papers::Papers;
use crate::record::{BiddingOutcome, ChannelPosted};
use crate::recorded::{Noted, Recorded};
use crate::roster::Roster;
use crate::state::{AdoptedCharter, LedgerState, Loss, State};
use crate::step::Step;
use crate::transaction::{Awaiting, Gate, Passed, Phase, Posting, Transaction};

mod concerns;

pub(crate) use concerns::{answer_in, bear_on, evolve_concern};

/// Applies an admitted entry to the state before it. (应用条目)
pub fn evolve(state: &mut State, entry: &Entry) {
    match &entry.statement().stream {
        StreamId::Ledger => evolve_ledger(state, entry),
        StreamId::Transaction(id) => {
            if let Some(ledger) = &state.ledger {
                let after = evolve_transaction(ledger, id, state.transactions.remove(id), entry);
                state.transactions.insert(id.clone(), after);
            }
        }
        StreamId::Concern(_) => concerns::evolve_concerns(state, entry),
    }
    state.size = state.size.max(entry.index() + 1);
    state.last_received_at = state.last_received_at.max(Some(entry.received_at()));
}

fn evolve_ledger(state: &mut State, entry: &Entry) {
    let event = &entry.statement().event;
    if let Event::LedgerOpened(opened) = event {
        state.ledger = Some(open(opened, entry));
        return;
    }
    let Some(ledger) = state.ledger.as_mut() else {
        return;
    };
    let position = entry.index();
    match event {
        Event::MemberEnrolled(enrolled) => ledger.roster.enrol(&enrolled.enrolment, position),
        Event::RoleGranted(granted) => ledger.roster.grant(&granted.member, granted.role, position),
        Event::RoleEnded(ended) => ledger.roster.end(&ended.member, ended.role, position),
        Event::KeyRotated(rotated) => ledger
            .roster
            .rotate(&rotated.member, &rotated.key, position),
        Event::KeyCompromised(compromised) => {
            ledger.roster.compromise(
                &compromised.member,
                &compromised.key,
                compromised.since,
                position,
            );
        }
        Event::CharterAdopted(adopted) => ledger.charters.push(AdoptedCharter {
            applies_to_open: adopted.applies_to_open,
            charter: Arc::new(adopted.charter.clone()),
            from: position,
        }),
        Event::LossDeclared(declared) => {
            // Admitted, so its name is one.
            if let Ok(origin) = declared.log_key.name().parse() {
                ledger.log_origin = origin;
            }
            let recorded = recorded(ledger.charter_at(position), entry);
            ledger.losses.push(Loss {
                declared: (**declared).clone(),
                recorded,
            });
        }
        event => {
            let recorded = recorded(ledger.charter_at(position), entry);
            ledger.notes.push(Noted {
                event: event.clone(),
                recorded,
            });
        }
    }
    ledger.papers.note(entry.statement(), entry.index());
    ledger.head = entry.leaf();
}

fn open(opened: &LedgerOpened, entry: &Entry) -> LedgerState {
    let mut roster = Roster::default();
    for enrolment in &opened.members {
        roster.enrol(enrolment, entry.index());
    }
    let charter = Arc::new(opened.charter.clone());
    LedgerState {
        charters: vec![AdoptedCharter {
            applies_to_open: false,
            charter,
            from: entry.index(),
        }],
        collective: opened.collective.clone(),
        head: entry.leaf(),
        ledger_id: entry.leaf(),
        log_origin: opened.origin.clone(),
        losses: Vec::new(),
        notes: Vec::new(),
        opened_at: entry.received_at(),
        origin: opened.origin.clone(),
        papers: Papers::default(),
        roster,
        training: opened.training,
    }
}

/// A transaction after `entry`, which stands in its stream. `before` is what it was, if it had begun.
pub(crate) fn evolve_transaction(
    ledger: &LedgerState,
    id: &TransactionId,
    before: Option<Transaction>,
    entry: &Entry,
) -> Transaction {
    let mut transaction = before.unwrap_or_else(|| begin(id, entry));
    let charter = ledger.charter_of(transaction.begun_at, entry.index());
    transaction.head = entry.leaf();
    transaction.papers.note(entry.statement(), entry.index());
    let event = &entry.statement().event;
    let recorded = recorded(charter, entry);
    if let Some(view) = event.step() {
        let phase = phase_after(charter, view.step, entry);
        let passed = Passed {
            step: view.step,
            event: event.clone(),
            corrected_by: Vec::new(),
            recorded,
        };
        transaction.pass(passed, phase);
        transaction.bind(event, entry.index());
        return transaction;
    }
    match (event, event.family()) {
        (Event::ContractTakenOver(_), _) => {
            let calendar = ledger.calendar_at(entry.index());
            transaction.take_over(event, recorded, calendar.date_of(entry.received_at()));
        }
        (Event::ChannelPosted(posted), _) => post(&mut transaction, posted, recorded),
        (_, Family::Detour) => detour(&mut transaction, charter, event, recorded),
        (_, Family::Contract) => {
            let calendar = ledger.calendar_at(entry.index());
            transaction.live(event, recorded, calendar.date_of(entry.received_at()));
        }
        _ => transaction.notes.push(Noted {
            event: event.clone(),
            recorded,
        }),
    }
    transaction
}

fn post(transaction: &mut Transaction, posted: &ChannelPosted, recorded: Recorded) {
    let Phase::Publishing(publishing) = &transaction.phase else {
        return;
    };
    let point = publishing.point();
    let Some(publication) = transaction.record(point.step()) else {
        return;
    };
    let received_at = recorded.received_at;
    transaction.postings.push(Posting {
        channel: posted.channel.clone(),
        location: posted.location.clone(),
        point,
        publication: publication.recorded.index,
        recorded,
    });
    transaction.post(&posted.channel, received_at);
}

fn detour(transaction: &mut Transaction, charter: &Charter, event: &Event, recorded: Recorded) {
    match event {
        Event::StepWaived(waived) => transaction.waive(waived, &recorded),
        Event::Returned(returned) => transaction.go_back(returned.to, &recorded),
        Event::Corrected(corrected) => {
            let window = |step| Some((step, charter.steps.of(step).open_for.as_ref()?.span));
            let windows: Vec<(Step, Span)> = Step::ALL.into_iter().filter_map(window).collect();
            transaction.correct(corrected, &recorded, &windows);
        }
        _ => {
            transaction.set_contract_aside(recorded.index);
            transaction.terminate(recorded.received_at);
        }
    }
    transaction.detours.push(Noted {
        event: event.clone(),
        recorded,
    });
}

fn begin(id: &TransactionId, entry: &Entry) -> Transaction {
    let gate = Gate::Ready {
        since: entry.received_at(),
    };
    Transaction {
        id: id.clone(),
        begun_at: entry.index(),
        concerns: Concerns::default(),
        contract: None,
        contracts_set_aside: Vec::new(),
        detours: Vec::new(),
        head: entry.leaf(),
        notes: Vec::new(),
        papers: Papers::default(),
        passed: Vec::new(),
        phase: Phase::Awaiting(Awaiting {
            gate,
            step: Step::AssetVerification,
        }),
        postings: Vec::new(),
        redo: None,
        superseded: Vec::new(),
        takeover: None,
    }
}

fn recorded(charter: &Charter, entry: &Entry) -> Recorded {
    let statement = entry.statement();
    let at = statement.at;
    // What a contract taken over tells of happened before there was a ledger, whenever it is told.
    let is_past = matches!(statement.event, Event::ContractTakenOver(_));
    let due = charter
        .calendar
        .deadline(at.instant(), charter.clocks.late.span)
        .at;
    Recorded {
        at,
        index: entry.index(),
        received_at: entry.received_at(),
        recorded_late: is_past || entry.received_at() > due,
        signers: entry.signers().to_vec(),
    }
}

fn phase_after(charter: &Charter, step: Step, entry: &Entry) -> Phase {
    let event = &entry.statement().event;
    let window = charter
        .steps
        .of(step)
        .open_for
        .as_ref()
        .map(|rule| rule.span);
    if let (Some(point), Some(publication)) = (step.publication_point(), event.publication()) {
        let channels = publication.channels.iter().cloned();
        return Transaction::phase_published(
            point,
            publication.disclosure,
            channels,
            entry.received_at(),
            window,
        );
    }
    if let Event::Bidding(bidding) = event
        && matches!(bidding.outcome, BiddingOutcome::Failed { .. })
    {
        return Phase::BiddingFailed {
            gates: Vec::new(),
            since: entry.received_at(),
        };
    }
    Transaction::phase_after(step, entry.received_at(), window)
}
