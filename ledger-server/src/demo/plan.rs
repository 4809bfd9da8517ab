//! What happens in the demonstration year: pure data, from charter and seed. (演示年度计划)
//!
//! Fifty transactions that are completed in 2018 and are worth 1,300,000.00 yuan together, the two
//! figures that are 东塱's; one that is broken off; and three that are under way at its end. All else
//! is invented.

use std::collections::BTreeSet;

use ledger_core::charter::Charter;
use ledger_core::money::PriceBasis;
use ledger_core::name::TransactionId;
use ledger_core::record::Due;
use ledger_core::step::Step;
use ledger_core::time::Date;

use super::agenda::{Act, Agenda, Extent, Scheduler, meetings};
use super::bidders::{self, Ballot, Bidder};
use super::catalogue::{BROKEN_OFF, COMPLETED, FAVOURED, Item, LOTUS_POND, RELATIVE, UNDER_WAY};
use super::charters::Charters;
use super::chronicle::{Own, chronicle};
use super::clock::{Clock, Workday};
use super::course::{Contest, Course, What, route};
use super::dice::Dice;
use super::fault::DemoError;
use super::founding::year_charter;
use super::tenure::dues;
use super::voices::{Voice, voices};

/// What the completed transactions of the year are worth together, in fen. (年度成交总额)
///
/// Source: the 荔湾 article on 东塱经济联社, as is their number.
pub const YEAR_TOTAL_FEN: u64 = 130_000_000;

/// How many transactions are completed. (年度成交宗数)
pub const YEAR_COMPLETED: usize = COMPLETED.len();

/// The place, among those that begin one after the other, of what is to be owed by the end of the year.
const EARLY: usize = 3;

/// Prices and sums of a transaction, in fen. (价格)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terms {
    /// The reserve price of a unit: the least, or where the collective pays, the most.
    pub(crate) reserve_fen: u64,
    /// The winning price of a unit.
    pub(crate) won_fen: u64,
    /// What the contract is worth.
    pub(crate) amount_fen: u64,
    /// What every bidder deposits.
    pub(crate) deposit_fen: u64,
}

/// One transaction of the year. (演示交易)
#[derive(Debug, Clone)]
pub(crate) struct Deal {
    /// Its number within the year, from 1.
    pub(crate) number: usize,
    pub(crate) item: &'static Item,
    pub(crate) terms: Terms,
    /// The winner first.
    pub(crate) bidders: Vec<Bidder>,
    pub(crate) bids: u32,
    pub(crate) ballot: Ballot,
    pub(crate) opinions: u32,
    /// What falls due under the contract after the handover.
    pub(crate) dues: Vec<Due>,
    pub(crate) agenda: Agenda,
}

/// A transaction at one of its acts: what is written then knows what came before. (某一时刻的交易)
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) deal: &'a Deal,
    /// What is being done.
    pub(crate) act: &'a Act,
}

impl core::ops::Deref for Scene<'_> {
    type Target = Deal;
    fn deref(&self) -> &Deal {
        self.deal
    }
}

impl<'a> Scene<'a> {
    /// What has been done by now of this kind, this act included, the last first.
    fn past(&self, what: What) -> impl Iterator<Item = &'a Act> {
        let (acts, now) = (self.deal.agenda.acts.iter(), self.act.at.instant());
        acts.rev()
            .filter(move |act| act.what == what && act.at.instant() <= now)
    }

    /// A step, when it was last done by now; this act, if it was not.
    pub(crate) fn last(&self, step: Step) -> &'a Act {
        self.past(What::Step(step)).next().unwrap_or(self.act)
    }

    /// How often a step has been done by now.
    pub(crate) fn times(&self, step: Step) -> u32 {
        u32::try_from(self.past(What::Step(step)).count()).unwrap_or(u32::MAX)
    }

    /// The day on which a step was last done.
    pub(crate) fn date(&self, step: Step, clock: &Clock) -> Date {
        clock.date_of(self.last(step).at.instant())
    }

    /// Whether what is done now fails, and is done again later.
    pub(crate) fn fails(&self) -> bool {
        self.item.course == Course::Relisted
            && !self.past(What::Returned(Step::ListingNotice)).any(|_| true)
    }
}

/// The year. (演示年度计划)
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) charters: Charters,
    /// What happens to the ledger itself.
    pub(crate) chronicle: Vec<(Workday, Own)>,
    pub(crate) clock: Clock,
    pub(crate) deals: Vec<Deal>,
    /// What residents ask.
    pub(crate) voices: Vec<Voice>,
    pub(crate) seed: u64,
}

impl Plan {
    /// Plans the year.
    pub(crate) fn new(seed: u64) -> Result<Self, DemoError> {
        let clock = Clock::new(&year_charter()?.calendar, seed)?;
        let charters = Charters::new(&clock)?;
        let scheduler = Scheduler {
            charters: &charters,
            clock: &clock,
            meetings: meetings(&clock)?,
        };
        let mut completed: Vec<&'static Item> = COMPLETED.iter().collect();
        Dice::new(seed, "order").shuffle(&mut completed);
        arrange(&mut completed);
        let prices = winning_prices(&completed, seed);
        let mut deals = Vec::new();
        let mut taken: BTreeSet<String> = [RELATIVE, FAVOURED].map(str::to_owned).into();
        for (place, (item, won_fen)) in completed.into_iter().zip(prices).enumerate() {
            let agenda = ended_agenda(&scheduler, item, place, seed)?;
            deals.push(deal(&scheduler, (item, won_fen), agenda, &mut taken, seed)?);
        }
        let agenda = ended_agenda(&scheduler, &BROKEN_OFF, YEAR_COMPLETED / 2, seed)?;
        let price = rounded(BROKEN_OFF.unit_yuan * 104);
        deals.push(deal(
            &scheduler,
            (&BROKEN_OFF, price),
            agenda,
            &mut taken,
            seed,
        )?);
        let ends = [
            (Step::BidderQualification, None),
            (Step::PublishPlan, Some(2)),
            (Step::ProposalInitiation, None),
        ];
        for (item, (last, posted)) in UNDER_WAY.iter().zip(ends) {
            let agenda = open_agenda(&scheduler, item, Extent { last, posted }, seed)?;
            let price = rounded(item.unit_yuan * 104);
            deals.push(deal(&scheduler, (item, price), agenda, &mut taken, seed)?);
        }
        deals.sort_by_key(|deal| {
            deal.agenda
                .acts
                .first()
                .map(|act| (act.recorded_on, act.at.instant()))
        });
        for (number, deal) in (1..).zip(&mut deals) {
            deal.number = number;
        }
        Ok(Self {
            chronicle: chronicle(&clock, &charters)?,
            voices: voices(asked_about(&deals)?, &clock, seed)?,
            charters,
            clock,
            deals,
            seed,
        })
    }
}

/// The two dealings that one party wins begin one after the other, and what is owed at the end of the
/// year begins early in it.
fn arrange(items: &mut Vec<&'static Item>) {
    if let Some(place) = items.iter().position(|item| item.in_arrears) {
        let item = items.remove(place);
        items.insert(EARLY, item);
    }
    let favoured = |item: &&Item| matches!(item.contest, Contest::WonBy(_));
    let (first, last) = (
        items.iter().position(favoured),
        items.iter().rposition(favoured),
    );
    if let (Some(first), Some(last)) = (first, last)
        && first < last
    {
        let item = items.remove(last);
        items.insert(first + 1, item);
    }
}

fn deal(
    scheduler: &Scheduler<'_>,
    (item, won_fen): (&'static Item, u64),
    mut agenda: Agenda,
    taken: &mut BTreeSet<String>,
    seed: u64,
) -> Result<Deal, DemoError> {
    let mut dice = Dice::new(seed, &format!("deal/{}", item.name));
    let bidders = bidders::applicants(item, taken, &mut dice);
    taken.extend(bidders.first().map(|winner| winner.name.clone()));
    let admitted = bidders
        .iter()
        .filter(|bidder| bidder.refused_for.is_none())
        .count();
    let terms = terms(item, won_fen, admitted, &mut dice);
    let on = |step| {
        let mut acts = agenda.acts.iter();
        let act = acts.find(|act| act.what == What::Step(step));
        act.map(|act| scheduler.clock.date_of(act.at.instant()))
    };
    let dates = on(Step::ContractSigning).zip(on(Step::HandoverAndReceipt));
    let dues = match dates.filter(|_| agenda.has(What::Step(Step::PublishCompletion))) {
        Some(dates) => dues(item, (terms.won_fen, terms.amount_fen), dates)?,
        None => Vec::new(),
    };
    scheduler.pay(
        &mut agenda,
        (item, &dues),
        &mut Dice::new(seed, &format!("pay/{}", item.name)),
    )?;
    Ok(Deal {
        number: 0,
        item,
        terms,
        bids: bidders::bids(item, u32::try_from(admitted).unwrap_or(1), &mut dice),
        bidders,
        ballot: bidders::ballot(Deal::is_for_assembly(&terms), &mut dice),
        opinions: dice.count(0, 12),
        dues,
        agenda,
    })
}

/// The two dealings that residents ask about: while its plan is open, and when its rent is owed.
fn asked_about(deals: &[Deal]) -> Result<[(usize, &Agenda); 2], DemoError> {
    let one = |name, about: fn(&Item) -> bool| {
        let deal = deals.iter().find(|deal| about(deal.item));
        let found = deal.map(|deal| (deal.number, &deal.agenda));
        found.ok_or(DemoError::YearTooShort { name })
    };
    Ok([
        one(LOTUS_POND, |item| item.name == LOTUS_POND)?,
        one("欠租", |item| item.in_arrears)?,
    ])
}

impl Plan {
    /// The charter that governs a transaction.
    pub(crate) fn charter_of(&self, deal: &Deal) -> &Charter {
        self.charters.of(deal.agenda.begun_on())
    }
}

impl Deal {
    /// Its id.
    pub(crate) fn id(&self) -> Result<TransactionId, DemoError> {
        transaction_id(self.number)
    }

    /// Whether all members vote, rather than their representatives.
    fn is_for_assembly(terms: &Terms) -> bool {
        terms.amount_fen >= 4_000_000
    }

    /// Whether all members vote on it, rather than their representatives.
    pub(crate) fn goes_to_assembly(&self) -> bool {
        Self::is_for_assembly(&self.terms)
    }

    /// Those who may bid, the winner first.
    pub(crate) fn admitted(&self) -> impl Iterator<Item = &Bidder> {
        self.bidders
            .iter()
            .filter(|bidder| bidder.refused_for.is_none())
    }
}

/// The id of the transaction of that number.
pub(crate) fn transaction_id(number: usize) -> Result<TransactionId, DemoError> {
    Ok(format!("2018-{number:03}").parse()?)
}

/// Rounds a unit price to what people ask: whole yuan below 500, tens of yuan above.
const fn rounded(fen: u64) -> u64 {
    let step = if fen < 50_000 { 100 } else { 1_000 };
    (fen + step / 2) / step * step
}

/// Winning prices that make the year's total exactly: varied, then scaled, and what rounding leaves over
/// is spread over the larger dealings with a price for the whole.
fn winning_prices(items: &[&'static Item], seed: u64) -> Vec<u64> {
    let mut dice = Dice::new(seed, "prices");
    let varied = items
        .iter()
        .map(|item| item.unit_yuan * dice.between(92, 112));
    let mut prices: Vec<u64> = varied.collect();
    let total = |prices: &[u64]| -> u64 {
        items
            .iter()
            .zip(prices)
            .map(|(item, price)| item.amount_fen(*price))
            .sum()
    };
    let before = total(&prices).max(1);
    for price in &mut prices {
        *price = rounded(*price * YEAR_TOTAL_FEN / before);
    }
    let mut left =
        i64::try_from(YEAR_TOTAL_FEN).unwrap_or(0) - i64::try_from(total(&prices)).unwrap_or(0);
    let takes_rest = |item: &Item| item.basis == PriceBasis::Total && item.unit_yuan >= 15_000;
    let mut takers =
        i64::try_from(items.iter().filter(|item| takes_rest(item)).count()).unwrap_or(1);
    for (item, price) in items.iter().zip(&mut prices) {
        if takes_rest(item) {
            // Tens of yuan for each, and the last one takes what is left.
            let share = if takers == 1 {
                left
            } else {
                left / takers / 1_000 * 1_000
            };
            *price = price.saturating_add_signed(share);
            (left, takers) = (left - share, takers - 1);
        }
    }
    prices
}

/// Reserve and deposit to a winning price: one bidder hardly moves it, many do.
fn terms(item: &Item, won_fen: u64, bidders: usize, dice: &mut Dice) -> Terms {
    let (least, most) = match (item.contest, bidders) {
        (Contest::Alone, _) => (0, 0),
        (Contest::Close, _) => (1, 1),
        (_, 0 | 1) => (0, 1),
        (_, 2..=4) => (0, 14),
        // With many bidders the price moves; where it does not, that is meant.
        _ => (4, 14),
    };
    let percent = dice.between(least, most);
    let reserve_fen = if item.is_spending() {
        rounded(won_fen * (100 + percent) / 100).max(won_fen)
    } else {
        rounded(won_fen * 100 / (100 + percent)).min(won_fen)
    };
    let amount_fen = item.amount_fen(won_fen);
    // A tenth of the whole, in hundreds of yuan.
    let deposit_fen = (amount_fen / 10 / 10_000).max(2) * 10_000;
    Terms {
        reserve_fen,
        won_fen,
        amount_fen,
        deposit_fen,
    }
}

/// The agenda of a transaction that comes to its end within the year.
fn ended_agenda(
    scheduler: &Scheduler<'_>,
    item: &'static Item,
    place: usize,
    seed: u64,
) -> Result<Agenda, DemoError> {
    let route = route(item.course, item.category);
    // Beginnings are spread over the first seven tenths of the year.
    let spread = scheduler.clock.len() * 7 / 10;
    let mut dice = Dice::new(seed, &format!("start/{}", item.name));
    let start = 1 + place * spread / YEAR_COMPLETED + dice.place(3);
    for start in (1..=start).rev().step_by(3) {
        let mut dice = Dice::new(seed, &format!("agenda/{}", item.name));
        if let Some(agenda) = scheduler.agenda(Workday(start), (&route, None), &mut dice)? {
            return Ok(agenda);
        }
    }
    Err(DemoError::YearTooShort { name: item.name })
}

/// The agenda of a transaction that has just come so far when the year ends.
fn open_agenda(
    scheduler: &Scheduler<'_>,
    item: &'static Item,
    extent: Extent,
    seed: u64,
) -> Result<Agenda, DemoError> {
    let mut route = route(item.course, item.category);
    let last = route
        .iter()
        .position(|what| *what == What::Step(extent.last));
    route.truncate(last.map_or(0, |last| last + 1));
    for start in (1..scheduler.clock.len()).rev() {
        let mut dice = Dice::new(seed, &format!("agenda/{}", item.name));
        if let Some(agenda) =
            scheduler.agenda(Workday(start), (&route, extent.posted), &mut dice)?
        {
            return Ok(agenda);
        }
    }
    Err(DemoError::YearTooShort { name: item.name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_seed_gives_fifty_worth_the_total() {
        for seed in [0, 1, 2018, u64::MAX] {
            let plan = Plan::new(seed).unwrap();
            let done = |deal: &&Deal| deal.agenda.has(What::Step(Step::PublishCompletion));
            let sum: u64 = plan
                .deals
                .iter()
                .filter(done)
                .map(|deal| deal.terms.amount_fen)
                .sum();
            assert_eq!(sum, YEAR_TOTAL_FEN, "seed {seed}");
            assert_eq!(plan.deals.iter().filter(done).count(), 50);
            assert_eq!(plan.deals.len(), 54);
        }
    }

    #[test]
    fn steps_are_recorded_on_later_and_later_days() {
        for deal in Plan::new(7).unwrap().deals {
            for pair in deal.agenda.acts.windows(2) {
                assert!(
                    pair[0].recorded_on <= pair[1].recorded_on,
                    "{}",
                    deal.item.name
                );
                assert!(
                    pair[0].at.instant() < pair[1].at.instant(),
                    "{}",
                    deal.item.name
                );
                if matches!(pair[1].what, What::Step(_)) {
                    assert!(
                        pair[0].recorded_on < pair[1].recorded_on,
                        "{}",
                        deal.item.name
                    );
                }
            }
        }
    }

    #[test]
    fn two_dealings_with_one_party_pass_together_what_none_passes_alone() {
        for seed in 0..20 {
            let plan = Plan::new(seed).unwrap();
            let favoured = |deal: &&Deal| matches!(deal.item.contest, Contest::WonBy(_));
            let (amounts, winners): (Vec<u64>, BTreeSet<&str>) = plan
                .deals
                .iter()
                .filter(favoured)
                .map(|deal| (deal.terms.amount_fen, deal.bidders[0].name.as_str()))
                .unzip();
            assert_eq!((amounts.len(), winners.len()), (2, 1));
            assert!(
                amounts.iter().all(|amount| *amount < 5_000_000),
                "{amounts:?}"
            );
            assert!(amounts.iter().sum::<u64>() >= 5_000_000, "{amounts:?}");
        }
    }

    #[test]
    fn the_winner_is_never_worse_than_the_reserve() {
        for deal in Plan::new(3).unwrap().deals {
            let Terms {
                reserve_fen,
                won_fen,
                ..
            } = deal.terms;
            let holds = if deal.item.is_spending() {
                won_fen <= reserve_fen
            } else {
                won_fen >= reserve_fen
            };
            assert!(holds, "{}: {reserve_fen} {won_fen}", deal.item.name);
        }
    }
}
