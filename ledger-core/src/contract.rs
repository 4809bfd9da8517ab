//! A contract's life after it was signed: what falls due, what is paid, how it changes and ends. (合同履行)
//!
//! The state of one contract is a fold of events: [`Contract::fold`] makes it anew from all that stand,
//! [`Contract::check`] says whether one more fits, and noting it cannot fail. Pure: figures that depend
//! on a day are functions of that day. Nothing is removed: what was cancelled, or corrected to nothing,
//! stays and says so. Knows nothing of signers, charters or limits.
//!
//! What step 15 records as received settles no due, for it names none: a rent schedule lists what is
//! still to be paid then. Its vouchers count, so that no receipt is used twice.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::event::Event;
use crate::money::Fen;
use crate::name::Label;
use crate::record::{
    AccountKind, AssetReturned, ContractAmended, ContractRenewed, ContractSigning,
    ContractTakenOver, ContractTerminated, Direction, Due, HandoverAndReceipt, PaymentDue,
    PaymentMade, PaymentReceived, voucher_key,
};
use crate::recorded::{Noted, Recorded};
use crate::refusal::Refusal;
use crate::text::Line;
use crate::time::Date;

mod check;
mod schedule;

pub use schedule::{RentSchedule, ScheduleError};

/// From which day to which a contract binds, both included. (期限)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Term {
    /// The first day. (期限起)
    pub start: Date,
    /// The last day. (期限止)
    pub end: Date,
}

impl Term {
    fn of(start: Option<Date>, end: Option<Date>) -> Option<Self> {
        let (start, end) = start.zip(end)?;
        Some(Self { start, end })
    }
}

/// What was signed, at step 14 or before there was a ledger. (合同文本要点)
#[derive(Debug, Clone, Copy)]
pub struct Deed<'a> {
    /// What it is worth in all. (合同总额)
    pub amount_fen: Fen,
    /// Its number. (合同编号)
    pub number: &'a Line,
    /// The parties. (合同双方)
    pub parties: &'a [Line],
    /// The performance bond. (履约保证金)
    pub performance_bond_fen: Fen,
    /// The day on which it was signed. (签订日期)
    pub signed_on: Date,
    /// Its term, if it has one. (期限)
    pub term: Option<Term>,
}

impl<'a> From<&'a ContractSigning> for Deed<'a> {
    fn from(signing: &'a ContractSigning) -> Self {
        Self {
            amount_fen: signing.amount_fen,
            number: &signing.contract_number,
            parties: &signing.parties,
            performance_bond_fen: signing.performance_bond_fen,
            signed_on: signing.signed_on,
            term: Term::of(signing.term_start, signing.term_end),
        }
    }
}

impl<'a> From<&'a ContractTakenOver> for Deed<'a> {
    fn from(taken: &'a ContractTakenOver) -> Self {
        Self {
            amount_fen: taken.amount_fen,
            number: &taken.contract_number,
            parties: &taken.parties,
            performance_bond_fen: taken.performance_bond_fen,
            signed_on: taken.signed_on,
            term: Term::of(taken.term_start, taken.term_end),
        }
    }
}

/// An amount that falls due, and what became of it. (应收应付款)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DueState {
    /// The amount, its day and its name.
    #[serde(flatten)]
    pub due: Due,
    /// The entry that registered it.
    pub entry: u64,
    /// How much of it was paid. (已付)
    pub paid_fen: Fen,
    /// The entry by which the rest no longer falls due. (取消)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancelled_by: Option<u64>,
}

impl DueState {
    /// What is still to be paid of it; nothing once it was cancelled. (未付)
    #[must_use]
    pub fn outstanding_fen(&self) -> Fen {
        match self.cancelled_by {
            Some(_) => Fen::ZERO,
            None => self
                .due
                .amount_fen
                .checked_sub(self.paid_fen)
                .unwrap_or(Fen::ZERO),
        }
    }

    /// Whether something of it is still to be paid after its day: the day itself is in time. (逾期)
    #[must_use]
    pub fn is_overdue(&self, on: Date) -> bool {
        self.due.due_on < on && self.outstanding_fen() > Fen::ZERO
    }
}

/// A payment that came in or went out. (收付款)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Payment {
    /// To what kind of account, if it went out. (账户性质)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountKind>,
    /// How much; nothing if it was corrected to be none. (金额)
    pub amount_fen: Fen,
    /// Who paid, or was paid. (对方)
    pub counterparty: Line,
    /// Which way. (收付方向)
    pub direction: Direction,
    /// The entry that recorded it.
    pub entry: u64,
    /// On which day. (日期)
    pub on: Date,
    /// What of it went to which due, in order. (冲抵)
    pub settles: Vec<(Label, Fen)>,
    /// The number of its voucher. (票据号)
    pub voucher: Line,
}

impl Payment {
    /// Whether it was corrected to be no payment at all: it stays in sight and counts for nothing.
    #[must_use]
    pub fn is_void(&self) -> bool {
        self.amount_fen == Fen::ZERO
    }
}

/// An event of the contract's life that stands, as corrected since. (合同事件)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The entries that corrected it.
    pub corrected_by: Vec<u64>,
    /// What was recorded, when and by whom.
    #[serde(flatten)]
    pub noted: Noted,
    /// The log's day when it was received: rules that ask for today ask for this one.
    pub received_on: Date,
}

/// How a contract stands on a day. (合同状态)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// It runs, or has not begun yet. (履行中)
    Running {
        /// Its last day, if it has a term.
        until: Option<Date>,
    },
    /// Its term is over, and there is neither a renewal nor a return of the asset. (到期未续未收)
    Expired {
        /// The last day of its term.
        since: Date,
    },
    /// It ended before its time; the asset has not been recorded as returned. (已提前终止)
    Ended {
        /// Its last day.
        on: Date,
    },
    /// The asset is back. (已收回)
    Returned {
        /// On which day.
        on: Date,
    },
}

impl Stage {
    /// The Chinese name.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Running { .. } => "履行中",
            Self::Expired { .. } => "到期未续未收",
            Self::Ended { .. } => "已提前终止",
            Self::Returned { .. } => "已收回",
        }
    }

    /// The English name.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::Running { .. } => "running",
            Self::Expired { .. } => "expired, neither renewed nor handed back",
            Self::Ended { .. } => "ended early",
            Self::Returned { .. } => "asset returned",
        }
    }
}

/// An event that does not fit the contract's life. (不合合同现状的事件)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// Its entry.
    pub entry: u64,
    /// Which rule it breaks.
    pub refusal: Refusal,
}

/// A contract and its life so far. (合同)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contract {
    /// What it is worth in all, as amended; of the present term once it was renewed. (合同总额)
    pub amount_fen: Fen,
    /// All amounts that ever fell due, by name. (应收应付款)
    pub dues: BTreeMap<Label, DueState>,
    /// Its last day, if it ended before its time, and the entry that says so. (提前终止)
    pub ended: Option<(Date, u64)>,
    /// The entry that signed it, step 14, or that took it over.
    pub entry: u64,
    /// The events of its life that stand, in order.
    pub events: Vec<Standing>,
    /// Its number; of the renewal once it was renewed. (合同编号)
    pub number: Line,
    /// The parties. (合同双方)
    pub parties: Vec<Line>,
    /// The payments, in the order of the log. (收付款)
    pub payments: Vec<Payment>,
    /// The performance bond, in fen. (履约保证金)
    pub performance_bond_fen: Fen,
    /// The day on which the asset came back, and the entry that says so. (收回)
    pub returned: Option<(Date, u64)>,
    /// The day on which it was signed. (签订日期)
    pub signed_on: Date,
    /// Its terms: the first as amended, then one for each renewal; empty if it has none. (期限)
    pub terms: Vec<Term>,
    /// Vouchers by their number without white space, with the entry that used each. (已用票据)
    vouchers: BTreeMap<String, u64>,
}

/// A contract that was set aside with its step. (已作废合同)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetAside {
    /// The entry that set it aside: a return to step 14 or before, or the transaction's end.
    pub by: u64,
    /// The contract as it stood.
    #[serde(flatten)]
    pub contract: Contract,
}

impl Contract {
    /// The contract as it was signed.
    #[must_use]
    pub fn signed<'a>(deed: impl Into<Deed<'a>>, entry: u64) -> Self {
        let deed = deed.into();
        Self {
            amount_fen: deed.amount_fen,
            dues: BTreeMap::new(),
            ended: None,
            entry,
            events: Vec::new(),
            number: deed.number.clone(),
            parties: deed.parties.to_vec(),
            payments: Vec::new(),
            performance_bond_fen: deed.performance_bond_fen,
            returned: None,
            signed_on: deed.signed_on,
            terms: deed.term.into_iter().collect(),
            vouchers: BTreeMap::new(),
        }
    }

    /// The contract after all that happened: its signing, what step 15 received, and its events.
    ///
    /// # Errors
    /// The first event that would not have been admitted after those before it.
    pub fn fold<'a>(
        signed: (impl Into<Deed<'a>>, u64),
        handover: Option<(&HandoverAndReceipt, u64)>,
        events: &[Standing],
    ) -> Result<Self, Unfit> {
        let mut contract = Self::signed(signed.0, signed.1);
        // What step 15 received is in no order with the others: its vouchers are taken first.
        if let Some((handover, entry)) = handover {
            contract
                .check_handover(handover)
                .map_err(|refusal| Unfit { entry, refusal })?;
            contract.note_handover(handover, entry);
        }
        for standing in events {
            let entry = standing.noted.recorded.index;
            contract
                .check(&standing.noted.event, standing.received_on)
                .map_err(|refusal| Unfit { entry, refusal })?;
            contract.note(standing.clone());
        }
        Ok(contract)
    }

    /// The term that binds now: the last one. (现行期限)
    #[must_use]
    pub fn term(&self) -> Option<Term> {
        self.terms.last().copied()
    }

    /// Its last day: of the term, or earlier if it ended before its time. (到期日)
    #[must_use]
    pub fn expiry(&self) -> Option<Date> {
        match self.ended {
            Some((on, _)) => Some(on),
            None => self.term().map(|term| term.end),
        }
    }

    /// How it stands on a day: the last day of its term still belongs to it.
    #[must_use]
    pub fn stage(&self, on: Date) -> Stage {
        if let Some((on, _)) = self.returned {
            return Stage::Returned { on };
        }
        if let Some((on, _)) = self.ended {
            return Stage::Ended { on };
        }
        match self.term() {
            Some(term) if term.end < on => Stage::Expired { since: term.end },
            term => Stage::Running {
                until: term.map(|term| term.end),
            },
        }
    }

    /// The dues of one direction, earliest first. (款项)
    pub fn dues_by_day(&self, direction: Direction) -> Vec<&DueState> {
        let mut dues: Vec<&DueState> = self
            .dues
            .values()
            .filter(|due| due.due.direction == direction)
            .collect();
        dues.sort_by_key(|due| due.due.due_on);
        dues
    }

    /// What is still to be paid in all, whenever it falls due. (未付合计)
    #[must_use]
    pub fn outstanding_fen(&self, direction: Direction) -> Fen {
        sum(self
            .dues
            .values()
            .filter(|due| due.due.direction == direction)
            .map(DueState::outstanding_fen))
    }

    /// What was paid in all. (已付合计)
    #[must_use]
    pub fn paid_fen(&self, direction: Direction) -> Fen {
        let paid = self.payments.iter().filter(|p| p.direction == direction);
        sum(paid.map(|payment| payment.amount_fen))
    }

    /// The dues that are late on a day, earliest first. (逾期款项)
    #[must_use]
    pub fn overdue(&self, direction: Direction, on: Date) -> Vec<&DueState> {
        let mut dues = self.dues_by_day(direction);
        dues.retain(|due| due.is_overdue(on));
        dues
    }

    /// What is late on a day, in all. (欠款)
    #[must_use]
    pub fn arrears_fen(&self, direction: Direction, on: Date) -> Fen {
        let late = self.overdue(direction, on);
        sum(late.into_iter().map(DueState::outstanding_fen))
    }

    /// The first due that is still to be paid and not late on a day. (下一期)
    #[must_use]
    pub fn next_due(&self, direction: Direction, on: Date) -> Option<&DueState> {
        let pending = |due: &&DueState| due.due.due_on >= on && due.outstanding_fen() > Fen::ZERO;
        self.dues_by_day(direction).into_iter().find(pending)
    }

    /// Whether payments stand on it, step 15's apart and those corrected to nothing.
    #[must_use]
    pub fn has_payments(&self) -> bool {
        self.payments.iter().any(|payment| !payment.is_void())
    }

    /// The event that an entry recorded, if it is one of this contract's life.
    #[must_use]
    pub fn event(&self, entry: u64) -> Option<&Event> {
        let found = |standing: &&Standing| standing.noted.recorded.index == entry;
        self.events.iter().find(found).map(|s| &s.noted.event)
    }

    /// The entries of its life, in order.
    pub fn entries(&self) -> impl Iterator<Item = u64> {
        self.events
            .iter()
            .map(|standing| standing.noted.recorded.index)
    }

    /// Takes note of what step 15 received.
    pub(crate) fn note_handover(&mut self, handover: &HandoverAndReceipt, entry: u64) {
        for amount in &handover.received {
            self.vouchers.insert(voucher_key(&amount.voucher), entry);
        }
    }

    /// Takes note of an event that fits.
    pub(crate) fn note(&mut self, standing: Standing) {
        let recorded = &standing.noted.recorded;
        match &standing.noted.event {
            Event::PaymentDue(due) => self.note_dues(due, recorded.index),
            Event::PaymentReceived(received) => self.note_payment(&received.into(), recorded),
            Event::PaymentMade(made) => self.note_payment(&made.into(), recorded),
            Event::ContractAmended(amended) => self.note_amendment(amended, recorded.index),
            Event::ContractRenewed(renewed) => self.note_renewal(renewed),
            Event::ContractTerminated(ended) => self.note_end(ended, recorded.index),
            Event::AssetReturned(returned) => self.note_return(returned, recorded.index),
            _ => return,
        }
        self.events.push(standing);
    }

    fn note_dues(&mut self, registered: &PaymentDue, entry: u64) {
        for due in &registered.dues {
            let state = DueState {
                due: due.clone(),
                entry,
                paid_fen: Fen::ZERO,
                cancelled_by: None,
            };
            self.dues.insert(due.id.clone(), state);
        }
    }

    fn note_payment(&mut self, money: &Money<'_>, recorded: &Recorded) {
        let settles = self.split(money);
        for (id, part) in &settles {
            if let Some(due) = self.dues.get_mut(id) {
                due.paid_fen = due.paid_fen.checked_add(*part).unwrap_or(Fen::MAX);
            }
        }
        if money.amount_fen > Fen::ZERO {
            let key = voucher_key(money.voucher);
            self.vouchers.insert(key, recorded.index);
        }
        self.payments.push(Payment {
            account: money.account,
            amount_fen: money.amount_fen,
            counterparty: money.counterparty.clone(),
            direction: money.direction,
            entry: recorded.index,
            on: money.on,
            settles,
            voucher: money.voucher.clone(),
        });
    }

    fn note_amendment(&mut self, amended: &ContractAmended, entry: u64) {
        self.amount_fen = amended.amount_fen.unwrap_or(self.amount_fen);
        if let (Some(end), Some(term)) = (amended.term_end, self.terms.last_mut()) {
            term.end = end;
        }
        self.cancel(&amended.cancels, entry);
    }

    fn note_renewal(&mut self, renewed: &ContractRenewed) {
        self.amount_fen = renewed.amount_fen;
        self.number = renewed.contract_number.clone();
        self.terms.push(Term {
            start: renewed.term_start,
            end: renewed.term_end,
        });
    }

    fn note_end(&mut self, ended: &ContractTerminated, entry: u64) {
        self.ended = Some((ended.ended_on, entry));
        self.cancel(&ended.cancels, entry);
    }

    fn note_return(&mut self, returned: &AssetReturned, entry: u64) {
        self.returned = Some((returned.returned_on, entry));
    }

    fn cancel(&mut self, ids: &[Label], entry: u64) {
        for id in ids {
            if let Some(due) = self.dues.get_mut(id) {
                due.cancelled_by = Some(entry);
            }
        }
    }

    /// What of a payment goes to which due, in the order in which it names them.
    fn split(&self, money: &Money<'_>) -> Vec<(Label, Fen)> {
        let mut left = money.amount_fen;
        let mut parts = Vec::new();
        for id in money.dues {
            let open = self
                .dues
                .get(id)
                .map_or(Fen::ZERO, DueState::outstanding_fen);
            let part = open.min(left);
            left = left.checked_sub(part).unwrap_or(Fen::ZERO);
            if part > Fen::ZERO {
                parts.push((id.clone(), part));
            }
        }
        parts
    }
}

/// What money that came in and money that went out have in common.
struct Money<'a> {
    account: Option<AccountKind>,
    amount_fen: Fen,
    counterparty: &'a Line,
    direction: Direction,
    dues: &'a [Label],
    on: Date,
    voucher: &'a Line,
}

impl<'a> From<&'a PaymentReceived> for Money<'a> {
    fn from(received: &'a PaymentReceived) -> Self {
        Self {
            account: None,
            amount_fen: received.amount_fen,
            counterparty: &received.payer,
            direction: Direction::Incoming,
            dues: &received.dues,
            on: received.received_on,
            voucher: &received.voucher,
        }
    }
}

impl<'a> From<&'a PaymentMade> for Money<'a> {
    fn from(made: &'a PaymentMade) -> Self {
        Self {
            account: Some(made.account),
            amount_fen: made.amount_fen,
            counterparty: &made.payee,
            direction: Direction::Outgoing,
            dues: &made.dues,
            on: made.paid_on,
            voucher: &made.voucher,
        }
    }
}

/// A sum; what all dues come to is held within [`Fen::MAX`] when they are registered.
fn sum(parts: impl Iterator<Item = Fen>) -> Fen {
    parts.fold(Fen::ZERO, |total, part| {
        total.checked_add(part).unwrap_or(Fen::MAX)
    })
}

#[cfg(test)]
mod tests;
