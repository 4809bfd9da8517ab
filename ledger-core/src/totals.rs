//! What was contracted, received and paid: by month, category, method and counterparty. (金额汇总)
//!
//! Contracted amounts and money that actually moved are kept apart, and so are income and spending:
//! nothing is ever added across them. A contract counts on the day on which it was signed, money on
//! the day on which it came or went. Exact in 分; a sum that would be more than [`Fen::MAX`] is an
//! error that names the transaction, never a wrong number. Knows no clock.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::category::{Category, Method};
use crate::contract::{Contract, Deed};
use crate::dealing::{Dealing, Held};
use crate::event::Event;
use crate::language::Language;
use crate::money::Fen;
use crate::name::TransactionId;
use crate::record::{Direction, HandoverAndReceipt};
use crate::recorded::Recorded;
use crate::state::LedgerState;
use crate::text::Line;
use crate::time::Date;
use crate::transaction::Transaction;

/// A total cannot be said. (汇总失败)
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TotalsError {
    /// More than can be written exactly.
    #[error(
        "汇总超出上限：加上交易 {transaction} 的 {found} 元后超过 90,071,992,547,409.91 元 (with the {found} yuan of transaction {transaction} a total is more than can be written)"
    )]
    TooLarge {
        /// What was to be added.
        found: Fen,
        /// Whose amount it is.
        transaction: TransactionId,
    },
}

/// What amounts are grouped by. (汇总方式)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The month of the day on which it happened. (按月)
    Month,
    /// The kind of dealing. (按类别)
    Category,
    /// How the other party was found. (按方式)
    Method,
    /// The other party. (按对方)
    Counterparty,
}

impl By {
    /// Every way, in the order in which they are offered.
    pub const ALL: [Self; 4] = [
        Self::Month,
        Self::Category,
        Self::Method,
        Self::Counterparty,
    ];

    /// The stable name.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Category => "category",
            Self::Method => "method",
            Self::Counterparty => "counterparty",
        }
    }

    /// The Chinese name.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Month => "月份",
            Self::Category => "类别",
            Self::Method => "方式",
            Self::Counterparty => "对方",
        }
    }
}

/// Of which group an amount is. (汇总项)
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// A month, as in `2018-03`.
    Month(String),
    /// A kind of dealing.
    Category(Category),
    /// A way of dealing.
    Method(Method),
    /// Another party, masked for a natural person: one name may be that of several.
    Counterparty(Line),
    /// The record does not say.
    Unknown,
}

impl Group {
    /// What people read.
    #[must_use]
    pub fn label(&self, language: Language) -> String {
        match self {
            Self::Month(month) => month.clone(),
            Self::Category(category) => language.pick(category.zh(), category.id()).to_owned(),
            Self::Method(method) => language.pick(method.zh(), method.id()).to_owned(),
            Self::Counterparty(name) => name.to_string(),
            Self::Unknown => language.pick("未登记", "not recorded").to_owned(),
        }
    }
}

/// Sums, each exact. (合计)
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Amounts {
    /// What the contracts are worth in all. (合同额)
    pub contracted_fen: Fen,
    /// How many contracts. (合同份数)
    pub contracts: u64,
    /// What came in, deposits and bonds included. (实收)
    pub received_fen: Fen,
    /// What was paid under contracts. (实付)
    pub paid_fen: Fen,
    /// Deposits and bonds paid back. (退还)
    pub refunded_fen: Fen,
}

impl Amounts {
    fn merge(&mut self, other: &Self) -> Option<()> {
        let pairs = [
            (&mut self.contracted_fen, other.contracted_fen),
            (&mut self.received_fen, other.received_fen),
            (&mut self.paid_fen, other.paid_fen),
            (&mut self.refunded_fen, other.refunded_fen),
        ];
        for (sum, more) in pairs {
            *sum = sum.checked_add(more)?;
        }
        self.contracts += other.contracts;
        Some(())
    }

    fn add(&mut self, posting: &Booked<'_>) -> Result<(), TotalsError> {
        let sum = match posting.what {
            What::Contracted => &mut self.contracted_fen,
            What::Moved(Flow::Received) => &mut self.received_fen,
            What::Moved(Flow::Paid) => &mut self.paid_fen,
            What::Moved(Flow::Refunded) => &mut self.refunded_fen,
        };
        *sum = sum
            .checked_add(posting.amount)
            .ok_or_else(|| TotalsError::TooLarge {
                found: posting.amount,
                transaction: posting.transaction.id.clone(),
            })?;
        self.contracts += u64::from(matches!(posting.what, What::Contracted));
        Ok(())
    }
}

/// A group and its sums. (汇总行)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Of which group.
    pub group: Group,
    /// Its sums.
    #[serde(flatten)]
    pub amounts: Amounts,
}

/// One side: dealings that bring money in, or those that spend it. (收入类或支出类)
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The groups, in order.
    pub rows: Vec<Row>,
    /// All of them together.
    pub total: Amounts,
}

/// Income and spending, kept apart by the kind of dealing. (金额汇总)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// What they are grouped by.
    pub by: By,
    /// Dealings that bring money in. (收入类)
    pub income: Side,
    /// Dealings that spend it. (支出类)
    pub spending: Side,
}

/// Which way money went. (资金流向)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// To the collective. (收)
    Received,
    /// From the collective, under a contract. (付)
    Paid,
    /// From the collective: a deposit or a bond goes back. (退)
    Refunded,
}

impl Flow {
    /// The Chinese name.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Received => "收",
            Self::Paid => "付",
            Self::Refunded => "退",
        }
    }

    /// The English name.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Paid => "paid",
            Self::Refunded => "refunded",
        }
    }
}

/// A single sum that moved. (逐笔收支)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// On which day.
    pub on: Date,
    /// Which way.
    pub flow: Flow,
    /// How much.
    pub amount_fen: Fen,
    /// The number of its voucher, where one is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voucher: Option<Line>,
    /// Under which transaction.
    pub transaction: TransactionId,
    /// With whom, as far as the record says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counterparty: Option<Line>,
    /// The kind of dealing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// The entry that records it.
    pub event: u64,
}

#[derive(Clone, Copy)]
enum What {
    Contracted,
    Moved(Flow),
}

/// An amount of the record, with all that it is grouped by.
struct Booked<'a> {
    what: What,
    amount: Fen,
    on: Date,
    voucher: Option<&'a Line>,
    counterparty: Option<&'a Line>,
    transaction: &'a Transaction,
    event: u64,
}

impl Booked<'_> {
    fn group(&self, by: By) -> Group {
        let (transaction, date) = (self.transaction, self.on);
        let group = match by {
            By::Month => Some(Group::Month(format!("{}-{:02}", date.year(), date.month()))),
            By::Category => transaction.category().map(Group::Category),
            By::Method => transaction.method().map(Group::Method),
            By::Counterparty => self.counterparty.cloned().map(Group::Counterparty),
        };
        group.unwrap_or(Group::Unknown)
    }

    fn is_spending(&self) -> bool {
        let category = self.transaction.category();
        category.is_some_and(Category::is_spending)
    }
}

/// The amounts of one transaction's record, as they are found.
struct Book<'a> {
    transaction: &'a Transaction,
    counterparty: Option<&'a Line>,
    all: Vec<Booked<'a>>,
}

impl<'a> Book<'a> {
    fn add(&mut self, what: What, amount: Fen, on: Date, event: u64) -> &mut Booked<'a> {
        self.all.push(Booked {
            what,
            amount,
            on,
            voucher: None,
            counterparty: self.counterparty,
            transaction: self.transaction,
            event,
        });
        let last = self.all.len() - 1;
        &mut self.all[last]
    }

    /// A contract and its renewals, each as amended, on the day on which it was signed.
    fn contracted(&mut self, (deed, recorded): (Deed<'a>, &Recorded), contract: &'a Contract) {
        let mut term = (deed.amount_fen, deed.signed_on, recorded.index);
        for standing in &contract.events {
            match &standing.noted.event {
                Event::ContractAmended(amended) => term.0 = amended.amount_fen.unwrap_or(term.0),
                Event::ContractRenewed(renewed) => {
                    self.add(What::Contracted, term.0, term.1, term.2);
                    let entry = standing.noted.recorded.index;
                    term = (renewed.amount_fen, renewed.signed_on, entry);
                }
                _ => {}
            }
        }
        self.add(What::Contracted, term.0, term.1, term.2);
    }

    /// What step 15 received and paid back.
    fn handed_over(&mut self, handover: Held<'a, HandoverAndReceipt>) {
        let (record, event) = (handover.record, handover.recorded.index);
        for received in &record.received {
            let (amount, on) = (received.amount_fen, received.received_on);
            let what = What::Moved(Flow::Received);
            self.add(what, amount, on, event).voucher = Some(&received.voucher);
        }
        let refunded = record.deposits_refunded_fen;
        if refunded > Fen::ZERO {
            let what = What::Moved(Flow::Refunded);
            let booked = self.add(what, refunded, record.handed_over_on, event);
            // They go back to those who did not win.
            booked.counterparty = None;
        }
    }

    /// What moved under a contract, also one that was set aside: money that came in did come in.
    fn moved(&mut self, contract: &'a Contract) {
        for payment in contract
            .payments
            .iter()
            .filter(|payment| !payment.is_void())
        {
            let flow = match payment.direction {
                Direction::Incoming => Flow::Received,
                Direction::Outgoing => Flow::Paid,
            };
            let (amount, on) = (payment.amount_fen, payment.on);
            let booked = self.add(What::Moved(flow), amount, on, payment.entry);
            booked.voucher = Some(&payment.voucher);
            booked.counterparty = Some(&payment.counterparty);
        }
        for standing in &contract.events {
            if let Event::AssetReturned(returned) = &standing.noted.event {
                let bond = returned.performance_bond_refunded_fen;
                let entry = standing.noted.recorded.index;
                if bond > Fen::ZERO {
                    let what = What::Moved(Flow::Refunded);
                    self.add(what, bond, returned.returned_on, entry);
                }
            }
        }
    }
}

/// All amounts of a transaction's record.
fn booked<'a>(ledger: &LedgerState, transaction: &'a Transaction) -> Vec<Booked<'a>> {
    let dealing = Dealing::of(transaction);
    let mut book = Book {
        transaction,
        counterparty: dealing.counterparty(&ledger.collective.name),
        all: Vec::new(),
    };
    let contract = transaction.contract.as_ref();
    if let (Some(signed), Some(contract)) = (dealing.deed(), contract) {
        book.contracted(signed, contract);
    }
    if let Some(handover) = dealing.handover {
        book.handed_over(handover);
    }
    let aside = transaction
        .contracts_set_aside
        .iter()
        .map(|aside| &aside.contract);
    for contract in contract.into_iter().chain(aside) {
        book.moved(contract);
    }
    book.all
}

/// Sums by groups, income and spending apart. (汇总)
///
/// # Errors
/// [`TotalsError::TooLarge`] if a sum is more than [`Fen::MAX`].
pub fn totals<'a>(
    ledger: &LedgerState,
    transactions: impl IntoIterator<Item = &'a Transaction>,
    by: By,
) -> Result<Totals, TotalsError> {
    let mut sides: [(BTreeMap<Group, Amounts>, Amounts); 2] = Default::default();
    for transaction in transactions {
        for booked in booked(ledger, transaction) {
            let [income, spending] = &mut sides;
            let (rows, total) = if booked.is_spending() {
                spending
            } else {
                income
            };
            rows.entry(booked.group(by)).or_default().add(&booked)?;
            total.add(&booked)?;
        }
    }
    Ok(together(by, sides))
}

/// Totals of several transactions as one: as [`totals`] of all of them gives. `None` if a sum is more than
/// [`Fen::MAX`]. (合并汇总)
#[must_use]
pub fn merged<'a>(by: By, parts: impl IntoIterator<Item = &'a Totals>) -> Option<Totals> {
    let mut sides: [(BTreeMap<Group, Amounts>, Amounts); 2] = Default::default();
    for part in parts {
        for (side, of) in sides.iter_mut().zip([&part.income, &part.spending]) {
            for row in &of.rows {
                side.0
                    .entry(row.group.clone())
                    .or_default()
                    .merge(&row.amounts)?;
            }
            side.1.merge(&of.total)?;
        }
    }
    Some(together(by, sides))
}

fn together(by: By, sides: [(BTreeMap<Group, Amounts>, Amounts); 2]) -> Totals {
    let [income, spending] = sides.map(|(rows, total)| Side {
        rows: rows
            .into_iter()
            .map(|(group, amounts)| Row { group, amounts })
            .collect(),
        total,
    });
    Totals {
        by,
        income,
        spending,
    }
}

/// Every sum that moved, in the order of the days, then of the log. (逐笔收支)
pub fn items<'a>(
    ledger: &LedgerState,
    transactions: impl IntoIterator<Item = &'a Transaction>,
) -> Vec<Item> {
    let mut items = Vec::new();
    for transaction in transactions {
        let moved = booked(ledger, transaction)
            .into_iter()
            .filter_map(|booked| {
                let What::Moved(flow) = booked.what else {
                    return None;
                };
                Some(Item {
                    on: booked.on,
                    flow,
                    amount_fen: booked.amount,
                    voucher: booked.voucher.cloned(),
                    transaction: transaction.id.clone(),
                    counterparty: booked.counterparty.cloned(),
                    category: transaction.category(),
                    event: booked.event,
                })
            });
        items.extend(moved);
    }
    items.sort_by_key(|item| (item.on, item.event));
    items
}
