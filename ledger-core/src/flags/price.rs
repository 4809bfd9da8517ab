//! Whether the price holds against valuation and reserve, and whether enough bid for it.

use core::cmp::Ordering;

use crate::money::Price;
use crate::record::Method;

use super::words::{percent, price_en};
use super::{Case, Flag, FlagRule, Rule, Severity};

pub(super) const RULES: &[Rule] = &[price_below_valuation, close_to_reserve, few_bidders];

/// A price of the record: what it is called, and where it stands.
struct Named {
    price: Price,
    index: u64,
    zh: &'static str,
    en: &'static str,
}

fn valued(case: &Case<'_>) -> Option<Named> {
    let valuation = case.dealing.valuation?;
    Some(Named {
        price: valuation.record.reserve_price,
        index: valuation.recorded.index,
        zh: "评估底价",
        en: "valuation",
    })
}

fn planned(case: &Case<'_>) -> Option<Named> {
    let plan = case.dealing.plan?;
    let ceiling = case.dealing.is_spending();
    Some(Named {
        price: plan.record.reserve_price,
        index: plan.recorded.index,
        zh: if ceiling {
            "方案控制价"
        } else {
            "方案底价"
        },
        en: if ceiling {
            "plan's ceiling"
        } else {
            "plan's reserve"
        },
    })
}

fn won(case: &Case<'_>) -> Option<Named> {
    Some(Named {
        price: case.dealing.won()?.0,
        index: case.dealing.bidding?.recorded.index,
        zh: "成交价",
        en: "winning price",
    })
}

/// How two prices stand to each other: directly, or by what they come to over area and term.
fn difference(case: &Case<'_>, one: &Price, other: &Price) -> Option<(Ordering, u64)> {
    let whole = |price: &Price| -> Option<Price> {
        let fen = price.total(case.dealing.area(), case.dealing.term_months())?;
        let basis = crate::money::PriceBasis::Total;
        Some(Price { fen, basis })
    };
    let direct = one.difference(other);
    direct.or_else(|| whole(one)?.difference(&whole(other)?))
}

/// A flag, if `one` is worse for the collective than `other`.
fn worse(case: &Case<'_>, one: &Named, other: &Named) -> Option<Flag> {
    let spending = case.dealing.is_spending();
    let (ours, theirs) = (&one.price, &other.price);
    let events = [one.index, other.index];
    let Some((order, apart)) = difference(case, ours, theirs) else {
        let (ours_en, theirs_en) = (price_en(ours), price_en(theirs));
        let flag = case.flag(
            FlagRule::PriceBelowValuation,
            events,
            format!("{}是 {ours}，{}是 {theirs}，计价方式不同，记录里的面积和期限换算不了；请人工核对。", one.zh, other.zh),
            format!("The {} is {ours_en}, the {} {theirs_en}: they do not convert. Please check by hand.", one.en, other.en),
        );
        return Some(flag.weighing(Severity::Low));
    };
    let is_worse = match spending {
        true => order == Ordering::Greater,
        false => order == Ordering::Less,
    };
    if !is_worse {
        return None;
    }
    let by = percent(apart);
    let (zh, en) = match spending {
        true => ("高", "above"),
        false => ("低", "below"),
    };
    let (ours_en, theirs_en) = (price_en(ours), price_en(theirs));
    Some(case.flag(
        FlagRule::PriceBelowValuation,
        events,
        format!("{} {ours}，比{} {theirs} {zh} {by}；请核对定价的理由和依据。", one.zh, other.zh),
        format!("The {} of {ours_en} is {by} {en} the {} of {theirs_en}; please check the reasons given.", one.en, other.en),
    ))
}

/// The winning price against valuation and plan; before there is one, the plan against the valuation.
fn price_below_valuation(case: &Case<'_>) -> Option<Flag> {
    let (valued, planned, won) = (valued(case), planned(case), won(case));
    let check =
        |one: &Option<Named>, other: &Option<Named>| worse(case, one.as_ref()?, other.as_ref()?);
    let of_result = check(&won, &valued).or_else(|| check(&won, &planned));
    of_result.or_else(|| {
        let flag = check(&planned, &valued)?;
        let severity = flag.severity.min(Severity::Medium);
        Some(flag.weighing(severity))
    })
}

fn close_to_reserve(case: &Case<'_>) -> Option<Flag> {
    let limit = &case.limits().close_to_reserve;
    let bidders = case.dealing.bidding?.record.bidders;
    let (won, reserve) = (won(case)?, planned(case)?);
    let (order, apart) = difference(case, &won.price, &reserve.price)?;
    // What is worse than the reserve has a flag of its own.
    let is_worse = match case.dealing.is_spending() {
        true => order == Ordering::Greater,
        false => order == Ordering::Less,
    };
    if is_worse || bidders < limit.bidders || apart > u64::from(limit.within_basis_points) {
        return None;
    }
    let (by, within) = (
        percent(apart),
        percent(u64::from(limit.within_basis_points)),
    );
    let (ours, theirs) = (won.price, reserve.price);
    let (ours_en, theirs_en) = (price_en(&ours), price_en(&theirs));
    let flag = case.flag(
        FlagRule::CloseToReserve,
        [won.index, reserve.index],
        format!("{bidders} 人竞买，成交价 {ours} 与{} {theirs} 只差 {by}（关注线 {within}）；请看看出价记录。", reserve.zh),
        format!("{bidders} bid, yet {ours_en} is only {by} from the {} of {theirs_en} (flagged within {within}); please look at the bids.", reserve.en),
    );
    Some(flag.by(&limit.basis))
}

fn few_bidders(case: &Case<'_>) -> Option<Flag> {
    let limit = match case.transaction.method()? {
        Method::OpenBidding => &case.limits().least_bidders,
        Method::Tender => &case.limits().least_tenderers,
        Method::OpenNegotiation | Method::Consultation | Method::Renewal | Method::SmallValue => {
            return None;
        }
    };
    let bidding = case.dealing.bidding?;
    case.dealing.won()?;
    let (bidders, least) = (bidding.record.bidders, limit.number);
    if bidders >= least {
        return None;
    }
    let flag = case.flag(
        FlagRule::FewBidders,
        [bidding.recorded.index],
        format!("只有 {bidders} 人参与就成交，一般应不少于 {least} 人；请核对公告是否让人都看到、资格条件是否过窄。"),
        format!("It was won with {bidders} taking part, where {least} are expected; please check how widely it was announced and who was let in."),
    );
    Some(flag.by(&limit.basis))
}
