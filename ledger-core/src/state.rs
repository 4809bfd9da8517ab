//! What a ledger knows at a position of its log: collective, roster, charters, transactions. (账本状态)
//!
//! The state is a working set. It holds the ledger's own state whole, and of transactions and concerns
//! those that somebody put there: who calls [`crate::admit::admit`] first sees to it that every stream the event
//! bears on ([`touches`]) is in. An auditor keeps all of them, a server those in use.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use crate::calendar::Calendar;
use crate::charter::Charter;
use crate::concern::Concern;
use crate::event::{Collective, Event, LossDeclared, LossNotice, Statement};
use crate::hash::Hash;
use crate::name::{ConcernId, Origin, StreamId, TransactionId};
use crate::papers::Papers;
use crate::recorded::{Noted, Recorded};
use crate::roster::Roster;
use crate::time::LogTime;
use crate::transaction::Transaction;

/// A charter and from where on it counts. (章程版本)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdoptedCharter {
    /// Whether it also governs transactions that had begun before.
    pub applies_to_open: bool,
    /// The charter.
    pub charter: Arc<Charter>,
    /// The entry that adopted it.
    pub from: u64,
}

/// A loss that was declared. (丢失)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// What was declared.
    pub declared: LossDeclared,
    /// When and by whom.
    pub recorded: Recorded,
}

impl Loss {
    /// In short.
    #[must_use]
    pub fn notice(&self) -> LossNotice {
        self.declared.notice(self.recorded.index)
    }
}

/// The ledger's own state: what its `ledger` stream says. (账本本身的状态)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerState {
    /// All charters, oldest first; never empty.
    pub charters: Vec<AdoptedCharter>,
    /// Whose ledger it is.
    pub collective: Collective,
    /// The leaf hash of the last entry of the `ledger` stream.
    pub head: Hash,
    /// The leaf hash of entry 0.
    pub ledger_id: Hash,
    /// The name of the log in which it stands: that of the founding, until a loss was declared.
    pub log_origin: Origin,
    /// The losses that were declared, oldest first.
    pub losses: Vec<Loss>,
    /// Meetings, findings and their answers, attestations and declarations, in order.
    pub notes: Vec<Noted>,
    /// When the log received entry 0. (开账)
    pub opened_at: LogTime,
    /// The name under which it was founded: the first part of its members' key names, for good.
    pub origin: Origin,
    /// The private documents that its own stream names.
    #[serde(skip_serializing_if = "Papers::is_empty")]
    pub papers: Papers,
    /// Who holds which role with which key.
    pub roster: Roster,
    /// Whether this is a training ledger. (演示账本)
    pub training: bool,
}

impl LedgerState {
    /// The charter that governs new dealings at `position`.
    #[must_use]
    pub fn charter_at(&self, position: u64) -> &Arc<Charter> {
        self.pick(|adopted| adopted.from < position)
    }

    /// The charter that governs, at `position`, a transaction that began at `begun_at`: the one that
    /// was in force then, or a later one that says it applies to open transactions.
    #[must_use]
    pub fn charter_of(&self, begun_at: u64, position: u64) -> &Arc<Charter> {
        self.pick(|adopted| {
            adopted.from < begun_at || adopted.applies_to_open && adopted.from < position
        })
    }

    /// The calendar at `position`: always the newest charter's, for holidays are the State's, not the
    /// collective's.
    #[must_use]
    pub fn calendar_at(&self, position: u64) -> &Calendar {
        &self.charter_at(position).calendar
    }

    fn pick(&self, counts: impl Fn(&AdoptedCharter) -> bool) -> &Arc<Charter> {
        let newest = self.charters.iter().rev().find(|adopted| counts(adopted));
        &newest.unwrap_or(&self.charters[0]).charter
    }
}

/// What a ledger knows at a position of its log. (账本状态)
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct State {
    pub(crate) concerns: BTreeMap<ConcernId, Concern>,
    pub(crate) last_received_at: Option<LogTime>,
    pub(crate) ledger: Option<LedgerState>,
    pub(crate) size: u64,
    pub(crate) transactions: BTreeMap<TransactionId, Transaction>,
}

impl State {
    /// The state before entry 0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The ledger's own state, once it has been opened.
    #[must_use]
    pub fn ledger(&self) -> Option<&LedgerState> {
        self.ledger.as_ref()
    }

    /// How many entries it has seen: the index of the next one.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// When the last entry was received.
    #[must_use]
    pub fn last_received_at(&self) -> Option<LogTime> {
        self.last_received_at
    }

    /// A transaction, if it is in the working set.
    #[must_use]
    pub fn transaction(&self, id: &TransactionId) -> Option<&Transaction> {
        self.transactions.get(id)
    }

    /// A concern, if it is in the working set.
    #[must_use]
    pub fn concern(&self, id: &ConcernId) -> Option<&Concern> {
        self.concerns.get(id)
    }

    /// The concerns in the working set, by id.
    pub fn concerns(&self) -> impl Iterator<Item = &Concern> {
        self.concerns.values()
    }

    /// The transaction whose stream this is, if it is one and is in the working set.
    #[must_use]
    pub fn transaction_of(&self, stream: &StreamId) -> Option<&Transaction> {
        match stream {
            StreamId::Transaction(id) => self.transactions.get(id),
            StreamId::Ledger | StreamId::Concern(_) => None,
        }
    }

    /// The charter that governs the next event of a stream; `None` before the ledger is opened.
    ///
    /// A transaction or a concern that is not in the working set counts as one that has not begun. A
    /// concern is governed by the charter under which it was raised, as a transaction by its own.
    #[must_use]
    pub fn charter_of(&self, stream: &StreamId) -> Option<&Arc<Charter>> {
        let ledger = self.ledger.as_ref()?;
        let begun_at = match stream {
            StreamId::Ledger => None,
            StreamId::Transaction(id) => self.transaction(id).map(|found| found.begun_at),
            StreamId::Concern(id) => self.concern(id).map(|found| found.recorded.index),
        };
        Some(match begun_at {
            Some(begun_at) => ledger.charter_of(begun_at, self.size),
            None => ledger.charter_at(self.size),
        })
    }

    /// The transactions in the working set, by id.
    pub fn transactions(&self) -> impl Iterator<Item = &Transaction> {
        self.transactions.values()
    }

    /// The private documents that the entries of a stream name; `None` if it is not in the working set.
    #[must_use]
    pub fn papers(&self, stream: &StreamId) -> Option<&Papers> {
        match stream {
            StreamId::Ledger => self.ledger.as_ref().map(|ledger| &ledger.papers),
            StreamId::Transaction(id) => self.transaction(id).map(|found| &found.papers),
            StreamId::Concern(id) => self.concern(id).map(|found| &found.papers),
        }
    }

    /// The head of a stream: what the next event's `prev` must be.
    ///
    /// `None` before the ledger is opened, when it must be [`Hash::ZERO`].
    #[must_use]
    pub fn head(&self, stream: &StreamId) -> Option<Hash> {
        let ledger = self.ledger.as_ref()?;
        Some(match stream {
            StreamId::Ledger => ledger.head,
            StreamId::Transaction(id) => self
                .transactions
                .get(id)
                .map_or(ledger.ledger_id, |t| t.head),
            StreamId::Concern(id) => self
                .concerns
                .get(id)
                .map_or(ledger.ledger_id, |concern| concern.head),
        })
    }
}

/// The streams whose state an event bears on: its own first, each once.
///
/// A concern bears on the state of its transaction when it is raised and answered, and an answer on
/// every concern that it names.
#[must_use]
pub fn touches(statement: &Statement) -> Vec<StreamId> {
    let own = match &statement.event {
        Event::LedgerOpened(_) => StreamId::Ledger,
        _ => statement.stream.clone(),
    };
    let mut streams = vec![own];
    match &statement.event {
        Event::ConcernRaised(raised) => {
            streams.push(StreamId::Transaction(raised.transaction.clone()));
        }
        Event::ConcernAnswered(answered) => {
            streams.push(StreamId::Transaction(answered.transaction.clone()));
            streams.extend(answered.also.iter().cloned().map(StreamId::Concern));
        }
        _ => {}
    }
    let mut seen = BTreeSet::new();
    streams.retain(|stream| seen.insert(stream.clone()));
    streams
}
