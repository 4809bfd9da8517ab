//! One transaction, and one concern, as a list shows it.

use ledger_core::calendar::Deadline;
use ledger_core::category::Category;
use ledger_core::concern::Concern;
use ledger_core::dealing::Dealing;
use ledger_core::hash::Commitment;
use ledger_core::money::Fen;
use ledger_core::name::ConcernId;
use ledger_core::record::ConcernSubject;
use ledger_core::state::LedgerState;
use ledger_core::time::Date;
use ledger_core::totals::{By, Totals, totals};
use ledger_core::transaction::{Gate, Phase, Transaction};
use ledger_core::{LogTime, Step, TransactionId};
use memchr::memmem::Finder;

/// How far a transaction has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    UnderWay,
    Failed,
    Completed,
    /// A contract of before the ledger.
    TakenOver,
    Terminated,
}

impl Standing {
    pub(crate) fn is_closed(self) -> bool {
        matches!(self, Self::Completed | Self::TakenOver | Self::Terminated)
    }
}

/// A transaction in a few words.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) id: TransactionId,
    /// The asset's name; empty before step 1 has said it.
    pub(crate) name: String,
    /// The entry that says its name, unless that was corrected.
    pub(crate) named_in: Option<u64>,
    pub(crate) location: String,
    pub(crate) category: Option<Category>,
    pub(crate) standing: Standing,
    pub(crate) step: Option<Step>,
    pub(crate) begun_on: Date,
    pub(crate) last_on: Date,
    pub(crate) last_index: u64,
    /// What the contract is worth, once there is one.
    pub(crate) amount: Option<Fen>,
    /// The entry that says so, unless that was corrected or amended.
    pub(crate) priced_in: Option<u64>,
    pub(crate) counterparty: Option<String>,
    /// The number of its contract that stands.
    pub(crate) contract_number: Option<String>,
    /// All concerns about it.
    pub(crate) concerns: Vec<ConcernId>,
    pub(crate) unanswered: usize,
    /// What is being made public, until when; without an end while it is still being posted.
    pub(crate) open: Option<(Step, Option<LogTime>)>,
    pub(crate) by_month: Option<Totals>,
    pub(crate) by_category: Option<Totals>,
    pub(crate) spends: bool,
    /// What a search looks in, in lower case.
    text: String,
}

/// The month of a day, as in `2018-03`.
pub(crate) fn month(day: Date) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}

impl Summary {
    pub(crate) fn of(ledger: &LedgerState, transaction: &Transaction, last_index: u64) -> Self {
        let dealing = Dealing::of(transaction);
        let calendar = ledger.calendar_at(u64::MAX);
        let begun = transaction.recorded(transaction.begun_at);
        let last = transaction
            .recordings()
            .map(|recorded| recorded.received_at)
            .max();
        let day = |time: Option<LogTime>| calendar.date_of(time.unwrap_or(LogTime::MIN));
        let asset = dealing.thing();
        let counterparty = dealing
            .counterparty(&ledger.collective.name)
            .map(ToString::to_string);
        let deed = dealing.deed();
        let mut text = vec![transaction.id.to_string()];
        if let Some(asset) = asset {
            text.extend([
                asset.name.to_string(),
                asset.location.to_string(),
                asset.current_use.to_string(),
            ]);
        }
        if let Some(proposal) = dealing.proposal {
            text.extend([
                proposal.record.reason.to_string(),
                proposal.record.summary.to_string(),
            ]);
        }
        if let Some((deed, _)) = deed {
            text.push(deed.number.to_string());
        }
        if let Some(taken) = dealing.taken_over {
            text.push(taken.record.summary.to_string());
        }
        text.extend(counterparty.clone());
        let amount = deed.map(|(deed, _)| {
            let now = transaction
                .contract
                .as_ref()
                .map(|contract| contract.amount_fen);
            now.unwrap_or(deed.amount_fen)
        });
        let stands = |step| match &transaction.takeover {
            Some(taken) => taken
                .corrected_by
                .is_empty()
                .then_some(taken.noted.recorded.index),
            None => transaction
                .record(step)
                .filter(|passed| passed.corrected_by.is_empty())
                .map(|passed| passed.recorded.index),
        };
        let signed = deed.filter(|(deed, _)| Some(deed.amount_fen) == amount);
        let sums = |by| totals(ledger, [transaction], by).ok();
        Self {
            id: transaction.id.clone(),
            name: asset
                .map(|asset| asset.name.to_string())
                .unwrap_or_default(),
            named_in: asset.and_then(|_| stands(Step::AssetVerification)),
            location: asset
                .map(|asset| asset.location.to_string())
                .unwrap_or_default(),
            category: transaction.category(),
            standing: standing(transaction),
            step: transaction.current_step(),
            begun_on: day(begun.map(|recorded| recorded.received_at)),
            last_on: day(last),
            last_index,
            amount,
            priced_in: signed.and_then(|_| stands(Step::ContractSigning)),
            counterparty,
            contract_number: transaction
                .contract
                .as_ref()
                .map(|contract| contract.number.to_string()),
            concerns: transaction.concerns.raised().to_vec(),
            unanswered: transaction.concerns.unanswered().len(),
            open: open(ledger, transaction),
            by_month: sums(By::Month),
            by_category: sums(By::Category),
            spends: dealing.is_spending(),
            text: text.join("\n").to_lowercase(),
        }
    }

    /// Whether every word of a search stands somewhere in what is known of it.
    pub(crate) fn mentions(&self, words: &[Finder<'_>]) -> bool {
        let text = self.text.as_bytes();
        words.iter().all(|word| word.find(text).is_some())
    }

    /// Whether it was under way in that month.
    pub(crate) fn runs_in(&self, wanted: &str) -> bool {
        month(self.begun_on).as_str() <= wanted && wanted <= month(self.last_on).as_str()
    }
}

fn standing(transaction: &Transaction) -> Standing {
    match &transaction.phase {
        Phase::Completed(_) => Standing::Completed,
        Phase::TakenOver { .. } => Standing::TakenOver,
        Phase::Terminated { .. } => Standing::Terminated,
        Phase::BiddingFailed { .. } => Standing::Failed,
        Phase::Awaiting(_) | Phase::Publishing(_) => Standing::UnderWay,
    }
}

/// What is being made public, and until when.
fn open(ledger: &LedgerState, transaction: &Transaction) -> Option<(Step, Option<LogTime>)> {
    let calendar = ledger.calendar_at(u64::MAX);
    let gate = match &transaction.phase {
        Phase::Publishing(publishing) => return Some((publishing.point().step(), None)),
        Phase::Awaiting(awaiting) => awaiting.gate.clone(),
        Phase::Completed(disclosed) => Gate::Disclosed(disclosed.clone()),
        Phase::BiddingFailed { .. } | Phase::TakenOver { .. } | Phase::Terminated { .. } => {
            return None;
        }
    };
    let (until, step) = gate.opens_at(calendar).ok()?;
    Some((step?, Some(until)))
}

/// A concern in a few words.
#[derive(Debug)]
pub(crate) struct Voiced {
    pub(crate) id: ConcernId,
    pub(crate) transaction: TransactionId,
    pub(crate) subject: ConcernSubject,
    /// The entry that raised it.
    pub(crate) index: u64,
    pub(crate) deadline: Deadline,
    pub(crate) answered_in: Option<u64>,
    pub(crate) answered_at: Option<LogTime>,
    pub(crate) is_closed: bool,
    pub(crate) stars: Option<u8>,
    /// What it says, or its beginning.
    pub(crate) text: String,
    /// Whether that is all of it.
    pub(crate) is_whole: bool,
    /// The commitment to the resident's own words, where they are kept beside the entry.
    pub(crate) words: Option<Commitment>,
    /// The entry by which these are hidden, and why.
    pub(crate) hidden: Option<(u64, String)>,
}

/// How much of a concern's text is kept for lists, in characters.
pub(crate) const BEGINNING: usize = 120;

impl Voiced {
    pub(crate) fn of(ledger: &LedgerState, position: u64, concern: &Concern) -> Self {
        let answered = concern.answered().map(|answered| &answered.recorded);
        let text = concern.raised.text.as_str();
        Self {
            id: concern.id.clone(),
            transaction: concern.transaction().clone(),
            subject: concern.raised.subject,
            index: concern.recorded.index,
            deadline: concern.deadline(ledger.calendar_at(position)),
            answered_in: answered.map(|recorded| recorded.index),
            answered_at: answered.map(|recorded| recorded.received_at),
            is_closed: concern.closed().is_some(),
            stars: concern.rated.as_ref().map(|rated| rated.record.stars),
            text: text.chars().take(BEGINNING).collect(),
            is_whole: text.chars().nth(BEGINNING).is_none(),
            words: concern.raised.words().copied(),
            hidden: concern
                .hidden
                .as_ref()
                .map(|hidden| (hidden.recorded.index, hidden.record.reason.to_string())),
        }
    }

    /// Whether its time has passed without an answer, or had when the answer came.
    pub(crate) fn is_overdue(&self, now: LogTime) -> bool {
        self.answered_at.unwrap_or(now) >= self.deadline.at
    }
}
