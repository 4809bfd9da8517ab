//! What the events of concerns change: the concerns themselves, and the state of their transaction.

use std::sync::Arc;

use super::recorded;
use crate::admit::Entry;
use crate::concern::{Answer, Answered, Closed, Concern, ConcernPhase, Hidden, Rated, Unanswered};
use crate::event::Event;
use crate::name::{ConcernId, StreamId};
use crate::papers::Papers;
use crate::record::{ConcernRaised, ConcernSubject};
use crate::state::{LedgerState, State, touches};
use crate::step::Step;
use crate::transaction::Transaction;

/// Applies an entry of a concern's stream to every concern and the transaction that it bears on.
pub(super) fn evolve_concerns(state: &mut State, entry: &Entry) {
    let Some(ledger) = &state.ledger else {
        return;
    };
    let answer = answer_in(entry);
    for stream in touches(entry.statement()) {
        match stream {
            StreamId::Concern(id) => {
                let before = state.concerns.remove(&id);
                let after = evolve_concern(ledger, &id, before, entry, answer.as_ref());
                state.concerns.extend(after.map(|concern| (id, concern)));
            }
            StreamId::Transaction(id) => {
                if let Some(transaction) = state.transactions.get_mut(&id) {
                    bear_on(ledger, transaction, entry);
                }
            }
            StreamId::Ledger => {}
        }
    }
}

/// What an entry answers, once for all the concerns that it answers.
pub(crate) fn answer_in(entry: &Entry) -> Option<Arc<Answer>> {
    let statement = entry.statement();
    match (&statement.stream, &statement.event) {
        (StreamId::Concern(of), Event::ConcernAnswered(answered)) => Some(Arc::new(Answer {
            answer: answered.answer.clone(),
            documents: answered.documents.clone(),
            of: of.clone(),
            outcome: answered.outcome,
        })),
        _ => None,
    }
}

/// A concern after `entry`, which stands in its stream or answers it from another's. `before` is what
/// it was, if it had been raised; `answer` is what the entry answers.
pub(crate) fn evolve_concern(
    ledger: &LedgerState,
    id: &ConcernId,
    before: Option<Concern>,
    entry: &Entry,
    answer: Option<&Arc<Answer>>,
) -> Option<Concern> {
    let statement = entry.statement();
    let Some(mut concern) = before else {
        return match &statement.event {
            Event::ConcernRaised(raised) => Some(raise(ledger, id, raised, entry)),
            _ => None,
        };
    };
    // Each concern by its own charter, whoever's stream the answer stands in.
    let charter = ledger.charter_of(concern.recorded.index, entry.index());
    let recorded = recorded(charter, entry);
    match (&statement.event, answer) {
        (Event::ConcernAnswered(_), Some(answer)) => concern.answer(Answered {
            answer: Arc::clone(answer),
            recorded,
        }),
        (Event::ConcernClosed(closed), _) => concern.close(Closed {
            record: closed.clone(),
            recorded,
        }),
        (Event::ConcernHidden(hidden), _) => {
            concern.hidden = Some(Hidden {
                record: hidden.clone(),
                recorded,
            });
        }
        (Event::ConcernRated(rated), _) => {
            concern.rated = Some(Rated {
                record: rated.clone(),
                recorded,
            });
        }
        (Event::DocumentErased(_), _) => concern.erasures.push(recorded),
        _ => {}
    }
    if matches!(&statement.stream, StreamId::Concern(own) if own == id) {
        concern.head = entry.leaf();
        concern.papers.note(entry.statement(), entry.index());
    }
    Some(concern)
}

fn raise(ledger: &LedgerState, id: &ConcernId, raised: &ConcernRaised, entry: &Entry) -> Concern {
    let charter = ledger.charter_at(entry.index());
    let mut papers = Papers::default();
    papers.note(entry.statement(), entry.index());
    Concern {
        id: id.clone(),
        answer_within: charter.concerns.answer_within.span,
        erasures: Vec::new(),
        head: entry.leaf(),
        hidden: None,
        papers,
        phase: ConcernPhase::Raised,
        raised: raised.clone(),
        rated: None,
        recorded: recorded(charter, entry),
    }
}

/// What an entry of a concern's stream changes in the transaction that the concern is about; its head
/// stays, so that what its signers have signed stays valid.
pub(crate) fn bear_on(ledger: &LedgerState, transaction: &mut Transaction, entry: &Entry) {
    let statement = entry.statement();
    let StreamId::Concern(own) = &statement.stream else {
        return;
    };
    match &statement.event {
        Event::ConcernRaised(raised) => {
            let holds = raised
                .subject
                .gate()
                .is_some_and(|step| is_inside(ledger, transaction, step, entry));
            let charter = ledger.charter_at(entry.index());
            let concern = Unanswered {
                answer_within: charter.concerns.answer_within.span,
                holds,
                index: entry.index(),
                received_at: entry.received_at(),
                subject: raised.subject,
            };
            transaction.concerns.raise(own, concern);
        }
        Event::ConcernAnswered(answered) => {
            for id in std::iter::once(own).chain(&answered.also) {
                transaction.concerns.answer(id);
            }
        }
        _ => {}
    }
}

/// Whether an entry was received before the end of a step's window, as the calendar then was. The
/// window of a publication that is set aside has not ended: it is made again.
fn is_inside(ledger: &LedgerState, transaction: &Transaction, step: Step, entry: &Entry) -> bool {
    let Some(passed) = transaction.record(step) else {
        return true;
    };
    if passed.is_waived() {
        return false;
    }
    let calendar = ledger.calendar_at(entry.index());
    // Without a calendar nobody can say that the window has ended, and nothing follows it.
    let is_open = |since, span| {
        let end = calendar.end_of(since, span);
        end.map_or(true, |end| entry.received_at() < end)
    };
    if let Some((since, span)) = transaction.window_again(step) {
        return is_open(since, span);
    }
    let mut since = passed.recorded.received_at;
    if let (Some(point), Some(publication)) = (step.publication_point(), passed.event.publication())
    {
        let posted = transaction.postings_of(point);
        if publication
            .channels
            .iter()
            .any(|id| !posted.contains_key(id))
        {
            return true;
        }
        let times = posted.values().map(|posting| posting.recorded.received_at);
        since = times.max().unwrap_or(since);
    }
    let charter = ledger.charter_of(transaction.begun_at, passed.recorded.index);
    let span = charter
        .steps
        .of(step)
        .open_for
        .as_ref()
        .map(|rule| rule.span);
    span.is_some_and(|span| is_open(since, span))
}

impl ConcernSubject {
    /// The step that waits for the answer before anything follows it; nothing follows completion.
    fn gate(self) -> Option<Step> {
        self.step().filter(|step| step.next().is_some())
    }
}
