//! The negative list: what the charter forbids or bounds, checked at the door. (负面清单)
//!
//! An event answers for the facts that it brings; what it is measured by may stand in earlier ones.

use core::cmp::Ordering;

use crate::category::{AssetKind, Category, Method};
use crate::charter::{Charter, Limit, LimitRule};
use crate::event::Event;
use crate::money::{Price, PriceBasis};
use crate::record::{AccountKind, BiddingOutcome};
use crate::refusal::Refusal;
use crate::step::Step;
use crate::time::Date;
use crate::transaction::Transaction;

/// A fact is beyond a limit: what would do, and what was found.
struct Beyond {
    expected: String,
    found: String,
}

/// Checks an event against the negative list of the charter that governs it. `transaction` is as it
/// stands before the event.
pub(super) fn check(
    charter: &Charter,
    transaction: Option<&Transaction>,
    event: &Event,
) -> Result<(), Refusal> {
    let facts = Facts { event, transaction };
    for limit in &charter.limits {
        if !facts.is_of(limit.rule.categories()) {
            continue;
        }
        if let Some(beyond) = facts.beyond(limit) {
            return Err(Refusal::NegativeList {
                limit: limit.id.clone(),
                text: limit.text.clone(),
                expected: beyond.expected,
                found: beyond.found,
            });
        }
    }
    Ok(())
}

struct Facts<'a> {
    event: &'a Event,
    transaction: Option<&'a Transaction>,
}

impl<'a> Facts<'a> {
    /// What is recorded of a step: by this event, or before it.
    fn at(&self, step: Step) -> Option<&'a Event> {
        if self.event.step().is_some_and(|view| view.step == step) {
            return Some(self.event);
        }
        self.transaction?.record(step).map(|passed| &passed.event)
    }

    fn category(&self) -> Option<Category> {
        match self.at(Step::ProposalInitiation)? {
            Event::ProposalInitiation(proposal) => Some(proposal.category),
            _ => None,
        }
    }

    fn asset_kind(&self) -> Option<AssetKind> {
        match self.at(Step::AssetVerification)? {
            Event::AssetVerification(verified) => Some(verified.asset.kind),
            _ => None,
        }
    }

    fn valuation(&self) -> Option<&'a Price> {
        match self.at(Step::FeedbackAndValuation)? {
            Event::FeedbackAndValuation(valued) => Some(&valued.reserve_price),
            _ => None,
        }
    }

    /// Whether the dealing is of one of these kinds; of any, if there is none.
    fn is_of(&self, categories: &[Category]) -> bool {
        categories.is_empty() || self.category().is_some_and(|c| categories.contains(&c))
    }

    fn beyond(&self, limit: &Limit) -> Option<Beyond> {
        match &limit.rule {
            LimitRule::Forbidden {
                asset_kinds,
                methods,
                ..
            } => self.forbidden(asset_kinds, methods),
            LimitRule::PriceShare {
                numerator,
                denominator,
                ..
            } => self.price_beyond(*numerator, *denominator),
            LimitRule::TermCap { at_most_months, .. } => self.term_beyond(*at_most_months),
            LimitRule::CorporateAccount { .. } => match self.event {
                Event::PaymentMade(made) if made.account != AccountKind::Corporate => {
                    Some(Beyond {
                        expected: AccountKind::Corporate.zh().to_owned(),
                        found: made.account.zh().to_owned(),
                    })
                }
                _ => None,
            },
            LimitRule::IntegrityAgreement { .. } => self.agreement_missing(),
        }
    }

    fn forbidden(&self, asset_kinds: &[AssetKind], methods: &[Method]) -> Option<Beyond> {
        let method = match self.event {
            Event::PlanDrafting(plan) => Some(plan.method),
            Event::ProposalInitiation(proposal) => Some(proposal.method),
            Event::AssetVerification(_) => None,
            _ => return None,
        };
        let kind = self.asset_kind();
        let hit = (asset_kinds.is_empty() || kind.is_some_and(|kind| asset_kinds.contains(&kind)))
            && (methods.is_empty() || method.is_some_and(|method| methods.contains(&method)));
        let named = [
            kind.map(AssetKind::zh),
            self.category().map(Category::zh),
            method.map(Method::zh),
        ];
        hit.then(|| Beyond {
            expected: "其他类别或方式 (another kind of dealing)".to_owned(),
            found: named.into_iter().flatten().collect::<Vec<_>>().join("、"),
        })
    }

    /// Where money comes in, a price may not fall below the share; where it is spent, not rise above it.
    fn price_beyond(&self, numerator: u32, denominator: u32) -> Option<Beyond> {
        let price = match self.event {
            Event::PlanDrafting(plan) => &plan.reserve_price,
            Event::Bidding(bidding) => match &bidding.outcome {
                BiddingOutcome::Won { price, .. } => price,
                BiddingOutcome::Failed { .. } => return None,
            },
            _ => return None,
        };
        let valuation = self.valuation()?;
        let (wrong, sign) = match self.category() {
            Some(category) if category.is_spending() => (Ordering::Greater, "≤"),
            _ => (Ordering::Less, "≥"),
        };
        let found = price
            .compare_share(valuation, numerator, denominator)
            .or_else(|| {
                let (ours, theirs) = (self.in_all(price)?, self.in_all(valuation)?);
                ours.compare_share(&theirs, numerator, denominator)
            });
        // What cannot be compared keeps to no limit: another basis is no way around it.
        let same = match found {
            Some(found) if found != wrong => return None,
            Some(_) => "",
            None => "，按同一计价方式 (by the same basis)",
        };
        Some(Beyond {
            expected: format!("{sign} {valuation} × {numerator}/{denominator}{same}"),
            found: price.to_string(),
        })
    }

    /// What a price comes to over the asset's area and the term, as far as they are recorded.
    fn in_all(&self, price: &Price) -> Option<Price> {
        let area = match self.at(Step::AssetVerification)? {
            Event::AssetVerification(verified) => verified.asset.area.as_ref(),
            _ => None,
        };
        let months = match self.event {
            Event::PlanDrafting(plan) => plan.term_months,
            _ => self.transaction?.term_months(),
        };
        let fen = price.total(area, months)?;
        let basis = PriceBasis::Total;
        Some(Price { fen, basis })
    }

    fn term_beyond(&self, at_most_months: u32) -> Option<Beyond> {
        let beyond = |found: String| Beyond {
            expected: format!("≤ {at_most_months} 个月 (months)"),
            found,
        };
        let longer = |months: Option<u32>| {
            months
                .filter(|months| *months > at_most_months)
                .map(|months| beyond(format!("{months} 个月 (months)")))
        };
        let past = |start: Date, end: Date| {
            let last = start.plus_months(at_most_months);
            last.filter(|last| end >= *last)
                .map(|_| beyond(format!("{start} – {end}")))
        };
        match self.event {
            Event::ProposalInitiation(proposal) => longer(proposal.expected_term_months),
            Event::PlanDrafting(plan) => longer(plan.term_months),
            Event::ContractSigning(contract) => past(contract.term_start?, contract.term_end?),
            Event::ContractRenewed(renewed) => past(renewed.term_start, renewed.term_end),
            // Each term has the cap for itself: the one that the amendment moves is the last to begin
            // before its new end.
            Event::ContractAmended(amended) => {
                let (end, contract) = (amended.term_end?, self.transaction?.contract.as_ref()?);
                let mut begun = contract.terms.iter().map(|term| term.start);
                past(begun.rfind(|start| *start <= end)?, end)
            }
            _ => None,
        }
    }

    fn agreement_missing(&self) -> Option<Beyond> {
        if !matches!(self.event, Event::ContractSigning(_)) {
            return None;
        }
        let agreed =
            |noted: &crate::recorded::Noted| matches!(noted.event, Event::IntegrityAgreed(_));
        let stands = self.transaction.is_some_and(|t| t.notes.iter().any(agreed));
        (!stands).then(|| Beyond {
            expected: "integrity_agreed（廉洁协议）".to_owned(),
            found: "—".to_owned(),
        })
    }
}
