//! The contract: with whom, for how long, and whether the others have their deposits back.

use crate::money::Fen;
use crate::record::{Category, Direction};
use crate::time::Date;

use super::words::yuan;
use super::{Case, Flag, FlagRule, Rule, Severity};

pub(super) const RULES: &[Rule] = &[
    winner_not_in_contract,
    amount_off_price,
    term_too_long,
    deposit_kept,
    rent_overdue,
];

fn winner_not_in_contract(case: &Case<'_>) -> Option<Flag> {
    let (contract, bidding) = (case.dealing.contract?, case.dealing.bidding?);
    let (_, winner) = case.dealing.won()?;
    let parties = &contract.record.parties;
    if parties.contains(winner) {
        return None;
    }
    let names: Vec<&str> = parties.iter().map(|party| party.as_str()).collect();
    Some(case.flag(
        FlagRule::WinnerNotInContract,
        [bidding.recorded.index, contract.recorded.index],
        format!("成交人是{winner}，合同写的是{}；请核对签约的是不是成交人，名称写法是否一致。", names.join("、")),
        format!("The winner is {winner}, the contract names {}; please check that they are the same, and written alike.", names.join(", ")),
    ))
}

/// What the contract comes to against the winning price over its term: less than that without the months
/// free of rent, or, where money is spent, more. Where it rises over the term, it may come to more.
fn amount_off_price(case: &Case<'_>) -> Option<Flag> {
    let (contract, bidding) = (case.dealing.contract?, case.dealing.bidding?);
    let (price, _) = case.dealing.won()?;
    let plan = case.dealing.plan.map(|plan| plan.record);
    let free = plan.map_or(0, |plan| plan.rent_free_months);
    let months = case.dealing.term_months();
    let whole = u128::from(price.total(case.dealing.area(), months)?.get());
    let amount = u128::from(contract.record.amount_fen.get());
    let spending = case.dealing.is_spending();
    let expected = match months.filter(|months| *months > 0 && !spending) {
        Some(months) => whole * u128::from(months.saturating_sub(free)) / u128::from(months),
        None => whole,
    };
    let is_off = if spending {
        amount > expected
    } else {
        amount < expected
    };
    if !is_off {
        return None;
    }
    let (ours, theirs) = (yuan(amount), yuan(expected));
    let (zh, en) = match spending {
        true => ("多", "more"),
        false => ("少", "less"),
    };
    Some(case.flag(
        FlagRule::AmountOffPrice,
        [bidding.recorded.index, contract.recorded.index],
        format!("合同额 {ours} 元，比按成交价算出的 {theirs} 元{zh}；请核对合同是不是按成交价签的。"),
        format!("The contract comes to {ours} yuan, {en} than the {theirs} that the winning price gives; please check that it was signed at that price."),
    ))
}

/// How long a dealing runs, as far as the record says.
enum Term {
    Days(Date, Date),
    Months(u32),
}

impl Term {
    fn is_over(&self, months: u32) -> bool {
        match self {
            Self::Days(start, end) => start.plus_months(months).is_some_and(|over| *end >= over),
            Self::Months(term) => *term > months,
        }
    }
}

fn term_too_long(case: &Case<'_>) -> Option<Flag> {
    let signed = case.transaction.contract.as_ref().and_then(|contract| {
        let term = contract.term()?;
        Some((Term::Days(term.start, term.end), contract.entry))
    });
    let planned = || {
        let plan = case.dealing.plan?;
        Some((Term::Months(plan.record.term_months?), plan.recorded.index))
    };
    let (term, index) = signed.or_else(planned)?;
    let (lease, any) = (&case.limits().lease_term_months, &case.limits().term_months);
    let is_lease = case.transaction.category() == Some(Category::Lease);
    let (limit, severity) = if is_lease && term.is_over(lease.number) {
        (lease, Severity::High)
    } else if term.is_over(any.number) {
        (any, Severity::Medium)
    } else {
        return None;
    };
    let months = limit.number;
    let (zh, en) = match term {
        Term::Days(start, end) => (
            format!("合同期限 {start} 至 {end}"),
            format!("The contract runs from {start} to {end}"),
        ),
        Term::Months(term) => (
            format!("方案期限 {term} 个月"),
            format!("The plan's term is {term} months"),
        ),
    };
    let flag = case.flag(
        FlagRule::TermTooLong,
        [index],
        format!("{zh}，超过 {months} 个月；请核对长期限的理由，以及超出部分是否有效。"),
        format!("{en}, more than {months} months; please check why it is so long, and whether all of it holds."),
    );
    Some(flag.by(&limit.basis).weighing(severity))
}

/// The deposits of all who applied but the winner; `None` if nobody won or nobody applied.
fn others_deposits(case: &Case<'_>) -> Option<Fen> {
    let (_, winner) = case.dealing.won()?;
    let applicants = &case.dealing.applicants?.record.applicants;
    // One applicant of the winner's name is the winner; a second of that name is not.
    let won = applicants
        .iter()
        .position(|applicant| applicant.name == *winner);
    let others = applicants
        .iter()
        .enumerate()
        .filter(|(place, _)| Some(*place) != won);
    others
        .map(|(_, applicant)| applicant.deposit_fen)
        .try_fold(Fen::ZERO, Fen::checked_add)
}

fn deposit_kept(case: &Case<'_>) -> Option<Flag> {
    let contract = case.dealing.contract?;
    let owed = others_deposits(case)?;
    let calendar = case.calendar();
    let signed = contract.record.signed_on;
    let limit = &case.limits().deposit_refund;
    let from = signed.at_midnight(calendar.utc_offset_minutes());
    if case.now < calendar.deadline(from, limit.span).at {
        return None;
    }
    let handover = case.dealing.handover;
    let refunded = handover.map_or(Fen::ZERO, |held| held.record.deposits_refunded_fen);
    let left = owed
        .checked_sub(refunded)
        .filter(|left| *left > Fen::ZERO)?;
    let events = [case.dealing.applicants]
        .into_iter()
        .flatten()
        .map(|held| held.recorded.index);
    let events = events
        .chain([contract.recorded.index])
        .chain(handover.map(|held| held.recorded.index));
    let (span_zh, span_en) = (limit.span.label_zh(), limit.span.label_en());
    let flag = case.flag(
        FlagRule::DepositKept,
        events,
        format!("未中选人交的保证金共 {owed} 元，合同 {signed} 签订，{span_zh}已过，记录里退还 {refunded} 元，还差 {left} 元；请核对是否已退、票据在哪里。"),
        format!("Those who did not win deposited {owed} yuan; {span_en} after the contract of {signed} the record shows {refunded} refunded, {left} short. Please check the vouchers."),
    );
    Some(flag.by(&limit.basis))
}

/// What should have come in, and did not within the days that the charter gives it.
fn rent_overdue(case: &Case<'_>) -> Option<Flag> {
    let contract = case.transaction.contract.as_ref()?;
    let (calendar, limit) = (case.calendar(), &case.limits().rent);
    let today = case.date(case.now);
    let mut late = contract.overdue(Direction::Incoming, today);
    late.retain(|due| {
        let from = due.due.due_on.at_midnight(calendar.utc_offset_minutes());
        case.now >= calendar.deadline(from, limit.span).at
    });
    let first = late.first()?;
    let (count, since, what) = (late.len(), first.due.due_on, &first.due.purpose);
    let days = since.days_until(today);
    let sum = late
        .iter()
        .map(|due| u128::from(due.outstanding_fen().get()))
        .sum();
    let sum = yuan(sum);
    let flag = case.flag(
        FlagRule::RentOverdue,
        late.iter().map(|due| due.entry).chain([contract.entry]),
        format!("应收款有 {count} 笔过了期没有收齐，共 {sum} 元，最早的是“{what}”，{since} 到期，已过 {days} 天；请核对有没有收、有没有催、有没有批准缓交。"),
        format!("{count} amounts that fell due are not received in full, {sum} yuan in all; the earliest, {what}, fell due on {since}, {days} days ago. Please check whether it came, was asked for, or was put off."),
    );
    Some(flag.by(&limit.basis))
}
