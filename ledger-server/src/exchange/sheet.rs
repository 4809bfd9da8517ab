//! Sheets for Excel and WPS: CSV in UTF-8 with a byte order mark, lines ending in CRLF. (表格)
//!
//! A cell that a spreadsheet would take for a formula is made a text with an apostrophe before it
//! (OWASP, *CSV Injection*), and so is a number that is a name, whose zeros or last digits would be
//! lost. Amounts are in yuan, days and times as ISO 8601 writes them, so that sheets can reckon with them.

use std::borrow::Cow;
use std::io::Write;

use ledger_core::admit::Entry;
use ledger_core::contract::Deed;
use ledger_core::dealing::Dealing;
use ledger_core::event::Event;
use ledger_core::money::{Fen, Price};
use ledger_core::record::{BiddingOutcome, Direction};
use ledger_core::recorded::Recorded;
use ledger_core::state::{LedgerState, State};
use ledger_core::text::Line;
use ledger_core::transaction::{Phase, Transaction};
use ledger_core::{Language, Step};

use super::{Form, TRAINING};
use crate::moment;
use crate::timeline;
use crate::words::words_for;

/// What spreadsheets know UTF-8 by.
pub(crate) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The longest text of a cell, in characters; spreadsheets cut at 32,767.
const TEXT_LIMIT: usize = 2_000;

/// The most digits that a spreadsheet shows as they are.
const DIGITS_LIMIT: usize = 11;

const EVENT_COLUMNS: [&str; 11] = [
    "账本",
    "序号",
    "登记时间",
    "发生时间",
    "事件流",
    "环节",
    "事项",
    "摘要",
    "签署",
    "补录",
    "叶哈希",
];

const TRANSACTION_COLUMNS: [&str; 28] = [
    "账本",
    "交易编号",
    "标的",
    "三资类别",
    "坐落",
    "交易类别",
    "交易方式",
    "底价（元）",
    "底价计价方式",
    "成交价（元）",
    "成交价计价方式",
    "对方",
    "合同编号",
    "合同总额（元）",
    "签订日期",
    "期限（月）",
    "期限起",
    "期限止",
    "到账（元）",
    "已付（元）",
    "当前环节",
    "环节名称",
    "状态",
    "补录次数",
    "开始时间",
    "最近登记时间",
    "首条序号",
    "末条序号",
];

/// A text as a cell: never a formula, and never a number that is a name.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let altered = digits && (text.len() > DIGITS_LIMIT || text.len() > 1 && text.starts_with('0'));
    if formula || altered {
        return Cow::Owned(format!("'{text}"));
    }
    Cow::Borrowed(text)
}

/// A sum in yuan, without separators.
fn yuan(fen: Fen) -> String {
    format!("{}.{:02}", fen.get() / 100, fen.get() % 100)
}

fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(TEXT_LIMIT).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// A row that is being filled, cell by cell.
#[derive(Default)]
pub(crate) struct Cells(Vec<String>);

impl Cells {
    pub(crate) fn text(&mut self, cell: &str) -> &mut Self {
        self.0.push(text(cell).into_owned());
        self
    }

    pub(crate) fn maybe(&mut self, cell: Option<impl AsRef<str>>) -> &mut Self {
        self.text(cell.as_ref().map_or("", AsRef::as_ref))
    }

    /// A number, a date, a time: what a sheet may reckon with.
    pub(crate) fn plain(&mut self, cell: Option<impl ToString>) -> &mut Self {
        self.0
            .push(cell.map_or_else(String::new, |cell| cell.to_string()));
        self
    }

    fn price(&mut self, price: Option<&Price>) -> &mut Self {
        self.plain(price.map(|price| yuan(price.fen)))
            .maybe(price.map(|price| price.basis.label_zh()))
    }
}

/// A sheet that is being written.
pub(crate) struct Sheet<W: Write>(csv::Writer<W>);

impl<W: Write> Sheet<W> {
    /// Begins it with these columns.
    pub(crate) fn new(mut out: W, columns: &[&str]) -> anyhow::Result<Self> {
        out.write_all(BYTE_ORDER_MARK)?;
        let mut sheet = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(out);
        sheet.write_record(columns)?;
        Ok(Self(sheet))
    }

    pub(crate) fn row(&mut self, row: &Cells) -> anyhow::Result<()> {
        Ok(self.0.write_record(&row.0)?)
    }

    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        Ok(self.0.flush()?)
    }
}

fn offset_of(ledger: &LedgerState, position: u64) -> i32 {
    ledger.calendar_at(position).utc_offset_minutes()
}

fn ledger_cell(ledger: &LedgerState) -> String {
    ledger_name(ledger.collective.name.as_str(), ledger.training)
}

/// A collective's name, marked if its ledger is for training.
pub(crate) fn ledger_name(name: &str, training: bool) -> String {
    let training = if training { TRAINING } else { "" };
    format!("{training}{name}")
}

/// The sheet of events: one row for each entry.
pub(crate) struct Events<W: Write>(Sheet<W>);

impl<W: Write> Events<W> {
    /// Begins the sheet.
    pub(crate) fn new(out: W) -> anyhow::Result<Self> {
        Sheet::new(out, &EVENT_COLUMNS).map(Self)
    }
}

impl<W: Write> Form for Events<W> {
    fn entry(&mut self, entry: &Entry, state: &State) -> anyhow::Result<()> {
        let Some(ledger) = state.ledger() else {
            return Ok(());
        };
        let statement = entry.statement();
        let words = words_for(Language::Zh, state, statement);
        let event = &statement.event;
        let step = event.step();
        let summary = match event.record() {
            Some(record) => record.summary().to_string(),
            None => {
                let rows = words.event(event);
                let told = rows.iter().filter(|row| !row.value.is_empty());
                let told =
                    told.map(|row| format!("{}：{}", row.label, row.value.replace('\n', " ")));
                told.collect::<Vec<_>>().join("；")
            }
        };
        let signers: Vec<String> = timeline::roles(entry, state)
            .iter()
            .map(|(member, roles)| {
                let roles: Vec<&str> = roles.iter().map(|role| role.zh()).collect();
                format!("{} {}", words.member(member), roles.join("、"))
            })
            .collect();
        let received = moment::logged(entry.received_at(), offset_of(ledger, entry.index() + 1));
        let late = if timeline::late(entry, state) {
            "补录"
        } else {
            ""
        };
        let mut row = Cells::default();
        row.text(&ledger_cell(ledger))
            .plain(Some(entry.index()))
            .plain(Some(received))
            .plain(Some(moment::stated(statement.at)))
            .text(&statement.stream.to_string())
            .plain(step.map(|view| view.step.number()))
            .text(event.zh())
            .text(&cut(&summary))
            .text(&signers.join("；"))
            .text(late)
            .text(&entry.leaf().to_string());
        self.0.row(&row)
    }

    fn finish(self: Box<Self>, _: &State) -> anyhow::Result<()> {
        self.0.finish()
    }
}

/// The sheet of transactions: one row for each, as it stands at the end.
pub(crate) struct Transactions<W: Write>(Sheet<W>);

impl<W: Write> Transactions<W> {
    /// Begins the sheet.
    pub(crate) fn new(out: W) -> anyhow::Result<Self> {
        Sheet::new(out, &TRANSACTION_COLUMNS).map(Self)
    }
}

impl<W: Write> Form for Transactions<W> {
    fn entry(&mut self, _: &Entry, _: &State) -> anyhow::Result<()> {
        Ok(())
    }

    fn finish(mut self: Box<Self>, state: &State) -> anyhow::Result<()> {
        if let Some(ledger) = state.ledger() {
            for transaction in state.transactions() {
                self.0.row(&transaction_row(ledger, transaction))?;
            }
        }
        self.0.finish()
    }
}

/// The record of a step of a transaction, if it stands.
macro_rules! record {
    ($transaction:expr, $kind:ident) => {
        match $transaction.record(Step::$kind).map(|passed| &passed.event) {
            Some(Event::$kind(record)) => Some(record),
            _ => None,
        }
    };
}

fn transaction_row(ledger: &LedgerState, transaction: &Transaction) -> Cells {
    let asset = Dealing::of(transaction).thing();
    let plan = record!(transaction, PlanDrafting);
    let contract = record!(transaction, ContractSigning).map(Deed::from);
    let contract = contract.or_else(|| transaction.taken_over().map(Deed::from));
    let term = contract.and_then(|contract| contract.term);
    let handover = record!(transaction, HandoverAndReceipt);
    let won = match record!(transaction, Bidding).map(|record| &record.outcome) {
        Some(BiddingOutcome::Won { price, winner }) => Some((price, winner)),
        _ => None,
    };
    let other = won.map(|(_, winner)| winner.to_string());
    let other = other.or_else(|| contract.map(|contract| others(ledger, contract.parties)));
    let first = handover.iter().flat_map(|handover| &handover.received);
    let first = first.map(|amount| amount.amount_fen);
    let received = sum(first.chain(payments(transaction, Direction::Incoming)));
    let paid = sum(payments(transaction, Direction::Outgoing));
    let mut row = Cells::default();
    row.text(&ledger_cell(ledger))
        .text(transaction.id.as_str())
        .maybe(asset.map(|asset| asset.name.as_str()))
        .maybe(asset.map(|asset| asset.kind.zh()))
        .maybe(asset.map(|asset| asset.location.as_str()))
        .maybe(transaction.category().map(|category| category.zh()))
        .maybe(transaction.method().map(|method| method.zh()))
        .price(transaction.reserve_price())
        .price(won.map(|(price, _)| price))
        .maybe(other)
        .maybe(contract.map(|contract| contract.number.as_str()))
        .plain(contract.map(|contract| yuan(contract.amount_fen)))
        .plain(contract.map(|contract| contract.signed_on))
        .plain(plan.and_then(|plan| plan.term_months))
        .plain(term.map(|term| term.start))
        .plain(term.map(|term| term.end))
        .plain(contract.and(received))
        .plain(contract.and(paid));
    standing(&mut row, ledger, transaction);
    row
}

/// What was paid under the contract that stands.
fn payments(transaction: &Transaction, way: Direction) -> impl Iterator<Item = Fen> {
    let payments = transaction.contract.iter().flat_map(|c| &c.payments);
    let payments = payments.filter(move |payment| payment.direction == way);
    payments.map(|payment| payment.amount_fen)
}

/// The sum of amounts in yuan; `None` if it is more than can be said.
fn sum(amounts: impl Iterator<Item = Fen>) -> Option<String> {
    let all = amounts.into_iter().try_fold(Fen::ZERO, Fen::checked_add);
    all.map(yuan)
}

/// Where a transaction stands, and when its entries came.
fn standing(row: &mut Cells, ledger: &LedgerState, transaction: &Transaction) {
    let all: Vec<&Recorded> = transaction.recordings().collect();
    let late = all.iter().filter(|recorded| recorded.recorded_late).count();
    let last = all.iter().max_by_key(|recorded| recorded.index);
    let first = all.iter().min_by_key(|recorded| recorded.index);
    let time = |recorded: &&Recorded| {
        moment::logged(recorded.received_at, offset_of(ledger, recorded.index))
    };
    let current = transaction.current_step();
    row.plain(current.map(Step::number))
        .maybe(current.map(Step::zh))
        .text(phase_zh(&transaction.phase))
        .plain(Some(late))
        .plain(first.map(time))
        .plain(last.map(time))
        .plain(Some(transaction.begun_at))
        .plain(last.map(|recorded| recorded.index));
}

fn others(ledger: &LedgerState, parties: &[Line]) -> String {
    let own = ledger.collective.name.as_str();
    let others = parties.iter().map(|party| party.as_str());
    let others: Vec<&str> = others.filter(|party| *party != own).collect();
    others.join("、")
}

fn phase_zh(phase: &Phase) -> &'static str {
    match phase {
        Phase::Awaiting(_) => "办理中",
        Phase::Publishing(_) => "待张贴",
        Phase::BiddingFailed { .. } => "流拍",
        Phase::Completed(_) => "已完成",
        Phase::TakenOver { .. } => "存量合同",
        Phase::Terminated { .. } => "已终止",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_obey_or_alter_is_a_text() {
        for formula in [
            "=1+1",
            "+86",
            "-3",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "＝1",
            "＋1",
            "－1",
            "＠x",
            "007",
            "202600000000000001",
        ] {
            assert_eq!(text(formula), format!("'{formula}"), "{formula}");
        }
        for plain in ["", "0", "张*", "2018-017", "a=b", "12345", " =1", "1.5"] {
            assert_eq!(text(plain), plain);
        }
    }

    #[test]
    fn amounts_are_in_yuan_with_two_decimals() {
        for (fen, said) in [(0, "0.00"), (7, "0.07"), (130_000_000, "1300000.00")] {
            assert_eq!(yuan(Fen::new(fen).unwrap()), said);
        }
    }
}
