//! Dealings looked at together: the same asset, the same counterparty, one party's share of a year.
//!
//! One pass fills the maps, and each group is gone through once in the order of its days.

use std::collections::BTreeMap;

use crate::charter::FlagThresholds;
use crate::contract::Stage;
use crate::dealing::Dealing;
use crate::money::{Fen, Price};
use crate::state::LedgerState;
use crate::text::Line;
use crate::time::{Date, LogTime};

use super::words::{masked_note, percent, price_en, yuan};
use super::{Flag, FlagRule};

/// A dealing that has come to a contract.
#[derive(Clone, Copy)]
struct Signed<'a> {
    dealing: &'a Dealing<'a>,
    amount: Fen,
    index: u64,
    on: Date,
}

/// What dealings are grouped by.
type Asset<'a> = (&'a Line, &'a Line);
type Party<'a> = (bool, &'a Line);

#[derive(Default)]
struct Groups<'a> {
    by_asset: BTreeMap<Asset<'a>, Vec<&'a Dealing<'a>>>,
    by_party: BTreeMap<Party<'a>, Vec<Signed<'a>>>,
    by_year: BTreeMap<(u16, bool), Year<'a>>,
}

#[derive(Default)]
struct Year<'a> {
    contracts: u32,
    // 2^53 a contract: no number of contracts comes near the end.
    total_fen: u128,
    by_party: BTreeMap<&'a Line, Vec<Signed<'a>>>,
}

pub(super) fn flags<'a>(
    ledger: &'a LedgerState,
    dealings: &'a [Dealing<'a>],
    now: LogTime,
    flags: &mut Vec<Flag>,
) {
    let mut groups = Groups::default();
    for dealing in dealings {
        groups.take(dealing, &ledger.collective.name);
    }
    let limits = &ledger.charter_at(u64::MAX).flags;
    for (asset, group) in &groups.by_asset {
        of_asset(ledger, now, (asset.0, group), flags);
        let signed: Vec<Signed<'_>> = group.iter().filter_map(|d| signed(d)).collect();
        for spending in [false, true] {
            let mut side = signed.clone();
            side.retain(|signed| signed.dealing.is_spending() == spending);
            flags.extend(splitting(limits, Same::Asset(asset.0), side));
        }
    }
    for ((_, party), group) in &groups.by_party {
        // Dealings in one asset have their own flag.
        let first = group.first().and_then(|signed| asset_of(signed.dealing));
        let one_asset = group.iter().all(|signed| asset_of(signed.dealing) == first);
        if !one_asset || first.is_none() {
            flags.extend(splitting(limits, Same::Party(party), group.clone()));
        }
    }
    for ((year, spending), group) in &groups.by_year {
        winner_share(limits, *year, *spending, group, flags);
    }
}

fn asset_of<'a>(dealing: &'a Dealing<'a>) -> Option<Asset<'a>> {
    dealing.thing().map(|asset| (&asset.name, &asset.location))
}

fn signed<'a>(dealing: &'a Dealing<'a>) -> Option<Signed<'a>> {
    let contract = dealing.standing_contract()?;
    Some(Signed {
        dealing,
        amount: contract.record.amount_fen,
        index: contract.recorded.index,
        on: contract.record.signed_on,
    })
}

impl<'a> Groups<'a> {
    fn take(&mut self, dealing: &'a Dealing<'a>, collective: &Line) {
        if let Some(asset) = asset_of(dealing) {
            self.by_asset.entry(asset).or_default().push(dealing);
        }
        let (Some(signed), Some(party)) = (signed(dealing), dealing.counterparty(collective))
        else {
            return;
        };
        let spending = dealing.is_spending();
        self.by_party
            .entry((spending, party))
            .or_default()
            .push(signed);
        let year = self
            .by_year
            .entry((signed.on.year(), spending))
            .or_default();
        year.contracts = year.contracts.saturating_add(1);
        year.total_fen += u128::from(signed.amount.get());
        year.by_party.entry(party).or_default().push(signed);
    }
}

/// What a group of dealings shares.
#[derive(Clone, Copy)]
enum Same<'a> {
    Asset(&'a Line),
    Party(&'a Line),
}

/// The stretch of days in which dealings that are small each come to most together.
fn splitting(limits: &FlagThresholds, same: Same<'_>, mut group: Vec<Signed<'_>>) -> Option<Flag> {
    let limit = &limits.splitting;
    group.retain(|signed| signed.amount < limit.amount_fen);
    group.sort_by_key(|signed| (signed.on, signed.index));
    let fen = |signed: &Signed<'_>| u128::from(signed.amount.get());
    let (mut first, mut sum) = (0, 0_u128);
    let mut most = (0_u128, 0..0);
    for (place, signed) in group.iter().enumerate() {
        sum += fen(signed);
        while let Some(earliest) = group.get(first)
            && earliest.on.days_until(signed.on) > i64::from(limit.within_days)
        {
            sum -= fen(earliest);
            first += 1;
        }
        if sum > most.0 {
            most = (sum, first..place + 1);
        }
    }
    let (sum, range) = most;
    let heaviest = group.get(range)?;
    if heaviest.len() < 2 || sum < u128::from(limit.amount_fen.get()) {
        return None;
    }
    let sum = yuan(sum);
    let (count, days, each) = (heaviest.len(), limit.within_days, limit.amount_fen);
    let (zh, en) = match same {
        Same::Asset(name) => (
            format!(
                "{days} 天内就“{name}”签了 {count} 份合同，每份不到 {each} 元，合计 {sum} 元；请核对为什么分开办。"
            ),
            format!(
                "Within {days} days {count} contracts were signed on {name}, each below {each} yuan, {sum} yuan together; please check why they are apart."
            ),
        ),
        Same::Party(name) => {
            let note = masked_note(name);
            (
                format!(
                    "{days} 天内与{name}签了 {count} 份合同，每份不到 {each} 元，合计 {sum} 元；请核对是不是同一件事分开办。{}",
                    note.zh
                ),
                format!(
                    "Within {days} days {count} contracts were signed with {name}, each below {each} yuan, {sum} yuan together; please check whether they are one matter.{}",
                    note.en
                ),
            )
        }
    };
    Some(joint(FlagRule::Splitting, heaviest, zh, en)?.by(&limit.basis))
}

/// A flag about several dealings.
fn joint(rule: FlagRule, group: &[Signed<'_>], zh: String, en: String) -> Option<Flag> {
    let first = group.first()?.dealing.transaction;
    let mut flag = Flag::new(rule, first, group.iter().map(|signed| signed.index), zh, en);
    flag.transactions = group
        .iter()
        .map(|signed| signed.dealing.transaction.id.clone())
        .collect();
    Some(flag)
}

fn winner_share(
    limits: &FlagThresholds,
    year: u16,
    spending: bool,
    group: &Year<'_>,
    flags: &mut Vec<Flag>,
) {
    let limit = &limits.winner_share;
    if group.contracts < limit.contracts {
        return;
    }
    for (party, signed) in &group.by_party {
        let sum: u128 = signed
            .iter()
            .map(|signed| u128::from(signed.amount.get()))
            .sum();
        let share = (sum * 10_000).checked_div(group.total_fen).unwrap_or(0);
        if signed.len() < 2 || share < u128::from(limit.basis_points) {
            continue;
        }
        let share = percent(u64::try_from(share).unwrap_or(10_000));
        let (count, sum, total) = (signed.len(), yuan(sum), yuan(group.total_fen));
        let side = if spending {
            ("支出", "spending")
        } else {
            ("收入", "income")
        };
        let note = masked_note(party);
        let flag = joint(
            FlagRule::WinnerShare,
            signed,
            format!(
                "{year} 年{party}签下 {count} 份{}合同，共 {sum} 元，占全年 {total} 元的 {share}；请看看各次竞争是否充分。{}",
                side.0, note.zh
            ),
            format!(
                "In {year} {party} signed {count} contracts of {}, {sum} yuan, {share} of the year's {total} yuan; please look at how they were won.{}",
                side.1, note.en
            ),
        );
        flags.extend(flag.map(|flag| flag.by(&limit.basis)));
    }
}

/// What the dealings in one asset say of each other, in the order in which they began.
fn of_asset(
    ledger: &LedgerState,
    now: LogTime,
    (name, group): (&Line, &[&Dealing<'_>]),
    flags: &mut Vec<Flag>,
) {
    let mut group = group.to_vec();
    group.retain(|dealing| !dealing.is_spending());
    group.sort_by_key(|dealing| dealing.transaction.begun_at);
    let mut before: Option<(Price, u64)> = None;
    for (place, dealing) in group.iter().enumerate() {
        if let (Some((price, _)), Some(bidding)) = (dealing.won(), dealing.bidding) {
            let here = (price, bidding.recorded.index);
            let flag = before.and_then(|before| below_previous(name, dealing, here, before));
            flags.extend(flag);
            before = Some(here);
        }
        let last = group.get(place + 1).is_none();
        flags.extend(last.then(|| expired(ledger, now, dealing)).flatten());
    }
}

fn below_previous(
    name: &Line,
    dealing: &Dealing<'_>,
    (price, index): (Price, u64),
    (previous, earlier): (Price, u64),
) -> Option<Flag> {
    let (order, apart) = price.difference(&previous)?;
    if order.is_ge() {
        return None;
    }
    let (by, ours, theirs) = (percent(apart), price_en(&price), price_en(&previous));
    Some(Flag::new(
        FlagRule::PriceBelowPrevious,
        dealing.transaction,
        [earlier, index],
        format!(
            "“{name}”这次成交 {price}，比上一次的 {previous}（第 {earlier} 条）低 {by}；请核对降价的理由。"
        ),
        format!(
            "{name} went for {ours}, {by} below the {theirs} of entry {earlier}; please check why it fell."
        ),
    ))
}

/// The last dealing in an asset, if its contract has run out or was ended, and nothing followed.
fn expired(ledger: &LedgerState, now: LogTime, dealing: &Dealing<'_>) -> Option<Flag> {
    let contract = dealing.transaction.contract.as_ref()?;
    let calendar = ledger.calendar_at(u64::MAX);
    let today = calendar.date_of(now);
    let (end, zh, en) = match contract.stage(today) {
        Stage::Expired { since } => (since, "到期", "ran out"),
        Stage::Ended { on } => (on, "提前终止", "was ended"),
        Stage::Running { .. } | Stage::Returned { .. } => return None,
    };
    let charter = ledger.charter_of(dealing.transaction.begun_at, u64::MAX);
    let limit = &charter.flags.expiry;
    let from = end.at_midnight(calendar.utc_offset_minutes());
    if now < calendar.deadline(from, limit.span).at {
        return None;
    }
    let (days, number) = (end.days_until(today), &contract.number);
    let ended = contract.ended.map(|(_, entry)| entry);
    let flag = Flag::new(
        FlagRule::Expired,
        dealing.transaction,
        ended.into_iter().chain([contract.entry]),
        format!(
            "合同 {number} 已于 {end} {zh}，到今天 {days} 天，记录里没有续签、收回或新的交易；请核对现在谁在使用、租金交到哪里。"
        ),
        format!(
            "Contract {number} {en} on {end}, {days} days ago, and the record shows no renewal, return or new dealing; please check who uses it now and who gets the rent."
        ),
    );
    Some(flag.by(&limit.basis))
}
