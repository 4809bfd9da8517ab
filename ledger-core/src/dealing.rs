//! What a transaction's record says, by name: asset, prices, bidding, contract, parties. (交易要素)
//!
//! Reads one [`Transaction`]; decides nothing, and knows neither charter nor clock. Only what stands
//! counts: not what was set aside, and corrected events as corrected.

use crate::contract::Deed;
use crate::event::Event;
use crate::money::{Area, Price};
use crate::record::{
    self, AssetVerification, BidderQualification, Bidding, BiddingOutcome, Category,
    ContractSigning, ContractTakenOver, FeedbackAndValuation, HandoverAndReceipt, MemberVote,
    PlanDrafting, ProposalInitiation, ResultAndObjection,
};
use crate::recorded::Recorded;
use crate::text::Line;
use crate::transaction::{Passed, Phase, Transaction};

/// A record and where it stands. (登记在案的内容)
#[derive(Debug)]
pub struct Held<'a, T> {
    /// What was recorded.
    pub record: &'a T,
    /// When, where in the log and by whom.
    pub recorded: &'a Recorded,
}

impl<T> Clone for Held<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Held<'_, T> {}

/// The records of a transaction, by what they are. (交易要素)
#[derive(Debug, Clone, Copy)]
pub struct Dealing<'a> {
    /// Whose records they are.
    pub transaction: &'a Transaction,
    /// Step 1.
    pub asset: Option<Held<'a, AssetVerification>>,
    /// Step 2.
    pub proposal: Option<Held<'a, ProposalInitiation>>,
    /// Step 5.
    pub valuation: Option<Held<'a, FeedbackAndValuation>>,
    /// Step 6.
    pub plan: Option<Held<'a, PlanDrafting>>,
    /// Step 7.
    pub vote: Option<Held<'a, MemberVote>>,
    /// Step 11.
    pub applicants: Option<Held<'a, BidderQualification>>,
    /// Step 12.
    pub bidding: Option<Held<'a, Bidding>>,
    /// Step 13.
    pub result: Option<Held<'a, ResultAndObjection>>,
    /// Step 14.
    pub contract: Option<Held<'a, ContractSigning>>,
    /// Step 15.
    pub handover: Option<Held<'a, HandoverAndReceipt>>,
    /// Its contract, if that was made before the ledger.
    pub taken_over: Option<Held<'a, ContractTakenOver>>,
}

impl<'a> Dealing<'a> {
    /// Reads a transaction's record, once through.
    #[must_use]
    pub fn of(transaction: &'a Transaction) -> Self {
        let mut dealing = Self {
            transaction,
            asset: None,
            proposal: None,
            valuation: None,
            plan: None,
            vote: None,
            applicants: None,
            bidding: None,
            result: None,
            contract: None,
            handover: None,
            taken_over: None,
        };
        if let (Some(record), Some(taken)) = (transaction.taken_over(), &transaction.takeover) {
            let recorded = &taken.noted.recorded;
            dealing.taken_over = Some(Held { record, recorded });
        }
        for passed in &transaction.passed {
            dealing.take(passed);
        }
        dealing
    }

    fn take(
        &mut self,
        Passed {
            event, recorded, ..
        }: &'a Passed,
    ) {
        match event {
            Event::AssetVerification(record) => self.asset = Some(Held { record, recorded }),
            Event::ProposalInitiation(record) => self.proposal = Some(Held { record, recorded }),
            Event::FeedbackAndValuation(record) => self.valuation = Some(Held { record, recorded }),
            Event::PlanDrafting(record) => self.plan = Some(Held { record, recorded }),
            Event::MemberVote(record) => self.vote = Some(Held { record, recorded }),
            Event::BidderQualification(record) => self.applicants = Some(Held { record, recorded }),
            Event::Bidding(record) => self.bidding = Some(Held { record, recorded }),
            Event::ResultAndObjection(record) => self.result = Some(Held { record, recorded }),
            Event::ContractSigning(record) => self.contract = Some(Held { record, recorded }),
            Event::HandoverAndReceipt(record) => self.handover = Some(Held { record, recorded }),
            _ => {}
        }
    }

    /// Whether the collective pays: then a reserve price is a ceiling, not a floor. (支出类)
    #[must_use]
    pub fn is_spending(&self) -> bool {
        let category = self.transaction.category();
        category.is_some_and(Category::is_spending)
    }

    /// The term in months: as the plan says, or before it the proposal.
    #[must_use]
    pub fn term_months(&self) -> Option<u32> {
        match self.plan {
            Some(plan) => plan.record.term_months,
            None => self.proposal?.record.expected_term_months,
        }
    }

    /// The area of the asset, where it has one.
    #[must_use]
    pub fn area(&self) -> Option<&'a Area> {
        self.thing()?.area.as_ref()
    }

    /// The asset that is dealt in.
    #[must_use]
    pub fn thing(&self) -> Option<&'a record::Asset> {
        match self.taken_over {
            Some(taken) => Some(&taken.record.asset),
            None => Some(&self.asset?.record.asset),
        }
    }

    /// The winning price and the winner, once somebody has won.
    #[must_use]
    pub fn won(&self) -> Option<(Price, &'a Line)> {
        match &self.bidding?.record.outcome {
            BiddingOutcome::Won { price, winner } => Some((*price, winner)),
            BiddingOutcome::Failed { .. } => None,
        }
    }

    /// The contract that the steps came to, unless the transaction was broken off after it.
    #[must_use]
    pub fn standing_contract(&self) -> Option<Held<'a, ContractSigning>> {
        self.contract.filter(|_| !self.is_broken_off())
    }

    /// What was signed and where that is recorded, at step 14 or before there was a ledger, unless the
    /// transaction was broken off after it.
    #[must_use]
    pub fn deed(&self) -> Option<(Deed<'a>, &'a Recorded)> {
        if self.is_broken_off() {
            return None;
        }
        self.signed()
    }

    fn signed(&self) -> Option<(Deed<'a>, &'a Recorded)> {
        match (self.taken_over, self.contract) {
            (Some(taken), _) => Some((taken.record.into(), taken.recorded)),
            (None, Some(signed)) => Some((signed.record.into(), signed.recorded)),
            (None, None) => None,
        }
    }

    fn is_broken_off(&self) -> bool {
        matches!(self.transaction.phase, Phase::Terminated { .. })
    }

    /// The other party: the winner, or the first party to the contract that is not `collective`.
    #[must_use]
    pub fn counterparty(&self, collective: &Line) -> Option<&'a Line> {
        let won = self.won().map(|(_, winner)| winner);
        won.or_else(|| {
            let mut parties = self.signed()?.0.parties.iter();
            parties.find(|party| *party != collective)
        })
    }
}
