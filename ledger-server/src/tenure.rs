//! A contract's state in words and figures, for a day that is given; and what in all contracts somebody
//! should look after: what is late, what runs out soon. (合同履行情况)

use ledger_core::category::Category;
use ledger_core::contract::{Contract, DueState, Payment, Stage};
use ledger_core::money::Fen;
use ledger_core::record::Direction;
use ledger_core::state::State;
use ledger_core::time::Date;
use ledger_core::transaction::Transaction;
use ledger_core::{Language, TransactionId};
use serde_json::{Value, json};

/// How many days before its last day a contract is told to run out: time enough for a new round of
/// all sixteen steps to begin.
const SOON_DAYS: i64 = 90;

/// How many late dues are named one by one; of the others, the number is told.
const NAMED: usize = 6;

/// A contract with dues that are late, or that runs out soon, or has run out.
pub(crate) struct Watched<'a> {
    pub(crate) transaction: &'a TransactionId,
    contract: &'a Contract,
    gives_back: bool,
    today: Date,
}

/// The contracts that somebody should look after: those with the most money late first, then those
/// that run out first.
pub(crate) fn watch(state: &State, today: Date) -> Vec<Watched<'_>> {
    let mut watched: Vec<Watched<'_>> = state
        .transactions()
        .filter_map(|transaction| {
            let watched = Watched {
                transaction: &transaction.id,
                contract: transaction.contract.as_ref()?,
                gives_back: transaction.category().is_none_or(Category::gives_back),
                today,
            };
            let late = Direction::ALL
                .iter()
                .any(|way| !watched.late(*way).is_empty());
            (late || watched.runs_out()).then_some(watched)
        })
        .collect();
    watched.sort_by_key(|watched| {
        let late = watched.contract.arrears_fen(Direction::Incoming, today);
        (std::cmp::Reverse(late), watched.contract.expiry())
    });
    watched
}

impl Watched<'_> {
    fn late(&self, direction: Direction) -> Vec<&DueState> {
        self.contract.overdue(direction, self.today)
    }

    /// Whether it has run out, or will within [`SOON_DAYS`], and the asset is to come back then.
    fn runs_out(&self) -> bool {
        if !self.gives_back {
            return false;
        }
        match self.contract.stage(self.today) {
            Stage::Expired { .. } => true,
            Stage::Running { until: Some(until) } => self.today.days_until(until) <= SOON_DAYS,
            _ => false,
        }
    }

    pub(crate) fn lines(&self, l: Language) -> Vec<String> {
        let mut lines = vec![l.pick(
            format!("交易 {}：合同 {}", self.transaction, self.contract.number),
            format!(
                "transaction {}: contract {}",
                self.transaction, self.contract.number
            ),
        )];
        for direction in Direction::ALL {
            lines.extend(late_lines(l, self.contract, *direction, self.today));
        }
        if self.runs_out() {
            let stage = stage(l, self.contract, self.gives_back, self.today);
            lines.push(format!("  {stage}"));
        }
        lines
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut value = json(self.contract, self.today);
        value["transaction"] = json!(self.transaction);
        value
    }
}

/// How a transaction's contract stands on a day, in words; nothing if there is none.
pub(crate) fn lines(l: Language, transaction: &Transaction, today: Date) -> Vec<String> {
    let Some(contract) = &transaction.contract else {
        return Vec::new();
    };
    let gives_back = transaction.category().is_none_or(Category::gives_back);
    let mut lines = vec![l.pick(
        format!("合同 {}（截至 {today}）", contract.number),
        format!("contract {} (as of {today})", contract.number),
    )];
    lines.push(format!("  {}", stage(l, contract, gives_back, today)));
    for direction in Direction::ALL {
        let dues = contract.dues_by_day(*direction);
        if dues.is_empty() {
            continue;
        }
        let all = dues.iter().filter(|due| due.cancelled_by.is_none()).count();
        let cancelled = dues.len() - all;
        let (paid, open) = (
            contract.paid_fen(*direction),
            contract.outstanding_fen(*direction),
        );
        lines.push(l.pick(
            format!(
                "  {}：{all} 笔，已付 {paid} 元，未付 {open} 元，取消 {cancelled} 笔",
                direction.zh()
            ),
            format!(
                "  {}: {all} dues, {paid} yuan paid, {open} to be paid, {cancelled} cancelled",
                direction.id()
            ),
        ));
        lines.extend(late_lines(l, contract, *direction, today));
        if let Some(next) = contract.next_due(*direction, today) {
            lines.push(l.pick(
                format!("  下一笔：{}", due(l, next)),
                format!("  next: {}", due(l, next)),
            ));
        }
    }
    lines.extend(contract.payments.iter().map(|paid| payment(l, paid)));
    lines
}

/// How a contract stands on a day, for programs.
pub(crate) fn json(contract: &Contract, today: Date) -> Value {
    let figures = |direction| {
        let names = |dues: Vec<&DueState>| {
            dues.into_iter()
                .map(|d| d.due.id.clone())
                .collect::<Vec<_>>()
        };
        json!({
            "arrears_fen": contract.arrears_fen(direction, today),
            "next": contract.next_due(direction, today),
            "outstanding_fen": contract.outstanding_fen(direction),
            "overdue": names(contract.overdue(direction, today)),
            "paid_fen": contract.paid_fen(direction),
        })
    };
    json!({
        "amount_fen": contract.amount_fen,
        "as_of": today,
        "expiry": contract.expiry(),
        "incoming": figures(Direction::Incoming),
        "number": contract.number,
        "outgoing": figures(Direction::Outgoing),
        "payments": contract.payments,
        "stage": contract.stage(today),
        "terms": contract.terms,
    })
}

fn stage(l: Language, contract: &Contract, gives_back: bool, today: Date) -> String {
    let found = contract.stage(today);
    let name = l.pick(found.zh(), found.en());
    match found {
        Stage::Running { until: None } => name.to_owned(),
        Stage::Running { until: Some(until) } => {
            let left = today.days_until(until);
            l.pick(
                format!("{name}，{until} 到期（还有 {left} 天）"),
                format!("{name} until {until} ({left} days left)"),
            )
        }
        Stage::Expired { since } if !gives_back => {
            l.pick(format!("期限已于 {since} 届满"), format!("its term ended on {since}"))
        }
        Stage::Expired { since } => l.pick(
            format!("【到期】{since} 已到期，既没有续签也没有收回：请登记续签（contract_renewed）或收回（asset_returned）"),
            format!("[EXPIRED] ended on {since}, neither renewed nor handed back: record a renewal (contract_renewed) or the return (asset_returned)"),
        ),
        Stage::Ended { on } | Stage::Returned { on } => format!("{name}{}{on}", l.pick("：", ": ")),
    }
}

fn late_lines(l: Language, contract: &Contract, direction: Direction, today: Date) -> Vec<String> {
    let late = contract.overdue(direction, today);
    if late.is_empty() {
        return Vec::new();
    }
    let total = contract.arrears_fen(direction, today);
    let mut lines = vec![l.pick(
        format!(
            "  【逾期】{} {} 笔，共 {total} 元",
            direction.zh(),
            late.len()
        ),
        format!(
            "  [OVERDUE] {}: {} dues, {total} yuan",
            direction.id(),
            late.len()
        ),
    )];
    for item in late.iter().take(NAMED) {
        let days = item.due.due_on.days_until(today);
        lines.push(l.pick(
            format!("    {}，逾期 {days} 天", due(l, item)),
            format!("    {}, {days} days late", due(l, item)),
        ));
    }
    if late.len() > NAMED {
        let rest = late.len() - NAMED;
        lines.push(l.pick(
            format!("    另有 {rest} 笔"),
            format!("    and {rest} more"),
        ));
    }
    lines
}

/// A due in a line: what for, by when, how much of it is still to be paid.
pub(crate) fn due(l: Language, state: &DueState) -> String {
    let (due, open) = (&state.due, state.outstanding_fen());
    let part = if state.paid_fen > Fen::ZERO {
        l.pick(
            format!("（应付 {}，已付 {}）", due.amount_fen, state.paid_fen),
            format!(" (of {}, {} paid)", due.amount_fen, state.paid_fen),
        )
    } else {
        String::new()
    };
    l.pick(
        format!(
            "{} {}（{}）未付 {open} 元{part}",
            due.due_on, due.purpose, due.id
        ),
        format!(
            "{} {} ({}): {open} yuan to be paid{part}",
            due.due_on, due.purpose, due.id
        ),
    )
}

fn payment(l: Language, payment: &Payment) -> String {
    let what = match payment.direction {
        Direction::Incoming => l.pick("收", "received"),
        Direction::Outgoing => l.pick("付", "paid"),
    };
    let settled: Vec<&str> = payment
        .settles
        .iter()
        .map(|(due, _)| due.as_str())
        .collect();
    let settled = match settled.as_slice() {
        [] => l.pick("已更正为无此款", "corrected to none").to_owned(),
        _ => settled.join(l.pick("、", ", ")),
    };
    l.pick(
        format!(
            "  {} {what} {} 元，{}，票据 {}，冲抵 {settled}（第 {} 条）",
            payment.on, payment.amount_fen, payment.counterparty, payment.voucher, payment.entry
        ),
        format!(
            "  {} {what} {} yuan, {}, voucher {}, for {settled} (entry {})",
            payment.on, payment.amount_fen, payment.counterparty, payment.voucher, payment.entry
        ),
    )
}
