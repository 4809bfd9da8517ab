//! A transaction as an OCDS release: everything that is known of it, at one moment.
//!
//! The mapping is laid down in docs/ocds.md. Reads the state, and of the contract's life the events.

use ledger_core::event::Event;
use ledger_core::money::{AreaUnit, PriceBasis};
use ledger_core::record::{BiddingOutcome, Category, DocumentRef, Method};
use ledger_core::state::LedgerState;
use ledger_core::time::Date;
use ledger_core::transaction::{Passed, Phase, Transaction};
use ledger_core::{LogTime, StatedTime, Step};

use super::model::{
    Document, Item, Milestone, Number, Period, Planning, Release, Tender, Unit, cny,
};
use super::papers;
use crate::exchange::TRAINING;

/// A transaction, and what else the mapping needs to know.
pub(super) struct Mapping<'a> {
    pub(super) ledger: &'a LedgerState,
    pub(super) ocid: &'a str,
    pub(super) offset_minutes: i32,
    pub(super) transaction: &'a Transaction,
}

/// The record of a step, if it stands and was not left out.
macro_rules! record {
    ($mapping:expr, $kind:ident) => {
        match $mapping
            .transaction
            .record(Step::$kind)
            .map(|passed| (&passed.recorded, &passed.event))
        {
            Some((recorded, Event::$kind(record))) => Some((recorded, record)),
            _ => None,
        }
    };
}

mod contracts;
mod parties;

/// The milestone that a step is: in which part of a release, and of which type.
const MILESTONES: [(Step, Section, &str); 10] = [
    (Step::AssetVerification, Section::Planning, "preProcurement"),
    (Step::PartyReview, Section::Planning, "approval"),
    (Step::PublishPrePlan, Section::Planning, "engagement"),
    (Step::FeedbackAndValuation, Section::Planning, "assessment"),
    (Step::MemberVote, Section::Planning, "approval"),
    (Step::PublishPlan, Section::Planning, "engagement"),
    (Step::StreetReview, Section::Planning, "approval"),
    (Step::ResultAndObjection, Section::Tender, "engagement"),
    (
        Step::HandoverAndReceipt,
        Section::Implementation,
        "delivery",
    ),
    (
        Step::PublishCompletion,
        Section::Implementation,
        "reporting",
    ),
];

/// A part of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Planning,
    Tender,
    Award,
    Contract,
    Implementation,
}

/// In which part the documents of a step stand.
fn section_of(step: Step) -> Section {
    match step {
        Step::ListingNotice | Step::BidderQualification => Section::Tender,
        Step::Bidding | Step::ResultAndObjection => Section::Award,
        Step::ContractSigning => Section::Contract,
        Step::HandoverAndReceipt | Step::PublishCompletion => Section::Implementation,
        _ => Section::Planning,
    }
}

impl Mapping<'_> {
    /// The release; `tag` and `id` say on which occasion.
    pub(super) fn release(&self, id: String, date: String, tag: Vec<&'static str>) -> Release {
        Release {
            ocid: self.ocid.to_owned(),
            id,
            date,
            tag,
            initiation_type: "tender",
            language: "zh",
            parties: self.parties(),
            buyer: self.spends().then(|| self.collective()),
            planning: self.planning(),
            tender: self.tender(),
            awards: self.awards(),
            contracts: self.contracts(),
        }
    }

    /// A moment of the log, in the charter's offset.
    pub(super) fn moment(&self, time: LogTime) -> String {
        StatedTime::new(time, self.offset_minutes)
            .map_or_else(|_| time.to_string(), |time| time.to_string())
    }

    fn day(&self, date: Date) -> String {
        self.moment(date.at_midnight(self.offset_minutes))
    }

    /// The last second of a day.
    fn end_of(&self, date: Date) -> String {
        let next = date.plus_days(1).unwrap_or(date);
        self.moment(next.at_midnight(self.offset_minutes).minus_seconds(1))
    }

    /// Whether the collective pays.
    fn spends(&self) -> bool {
        self.transaction
            .category()
            .is_some_and(|category| category.is_spending())
    }

    fn milestones(&self, section: Section) -> Vec<Milestone> {
        let mut milestones = Vec::new();
        for (step, _, r#type) in MILESTONES.iter().filter(|(_, of, _)| *of == section) {
            let Some(passed) = self.transaction.record(*step) else {
                continue;
            };
            let Some(record) = passed.event.record().filter(|_| !passed.is_waived()) else {
                continue;
            };
            milestones.push(Milestone {
                id: format!("entry-{}", passed.recorded.index),
                title: step.zh().to_owned(),
                r#type,
                description: record.summary().to_string(),
                code: step.id(),
                due_date: String::new(),
                date_met: passed.recorded.at.to_string(),
                status: "met",
            });
        }
        milestones
    }

    fn documents(&self, section: Section) -> Vec<Document> {
        let mut documents: Vec<Document> = Vec::new();
        let passed = self.transaction.passed.iter();
        for passed in passed.filter(|passed| section_of(passed.step) == section) {
            self.add_documents(&mut documents, passed);
        }
        documents
    }

    fn add_documents(&self, documents: &mut Vec<Document>, passed: &Passed) {
        let origin = &self.ledger.origin;
        let published = self.moment(passed.recorded.received_at);
        if let (Some(point), Some(publication)) =
            (passed.step.publication_point(), passed.event.publication())
        {
            let digest = publication.disclosure.to_string();
            documents.push(papers::disclosure(origin, point, &digest, &published));
        }
        let named = self.named(Some(passed.step), passed.event.documents(), &published);
        let known: Vec<String> = documents.iter().map(|d| d.id.clone()).collect();
        documents.extend(named.into_iter().filter(|d| !known.contains(&d.id)));
    }

    fn named(&self, step: Option<Step>, named: &[DocumentRef], date: &str) -> Vec<Document> {
        let origin = &self.ledger.origin;
        let named = named.iter();
        let mut documents: Vec<Document> = named
            .filter_map(|document| papers::document(origin, step, document, date))
            .collect();
        let mut seen = std::collections::BTreeSet::new();
        documents.retain(|document| seen.insert(document.id.clone()));
        documents
    }

    fn planning(&self) -> Planning {
        let proposal = record!(self, ProposalInitiation);
        Planning {
            rationale: proposal.map_or_else(String::new, |(_, p)| p.reason.to_string()),
            documents: self.documents(Section::Planning),
            milestones: self.milestones(Section::Planning),
        }
    }

    fn tender(&self) -> Tender {
        let asset = record!(self, AssetVerification).map(|(_, record)| &record.asset);
        let plan = record!(self, PlanDrafting).map(|(_, plan)| plan);
        let listing = record!(self, ListingNotice).map(|(_, listing)| listing);
        let reserve = self.transaction.reserve_price();
        let value = reserve.map(|price| cny(price.fen));
        let (value, min_value) = if self.spends() {
            (value, None)
        } else {
            (None, value)
        };
        let training = if self.ledger.training { TRAINING } else { "" };
        let method = self.transaction.method();
        let applicants = self.applicants();
        let tenderers = applicants.into_iter().filter(|(_, admitted)| *admitted);
        let bidders = record!(self, Bidding).map(|(_, bidding)| Number::count(bidding.bidders));
        Tender {
            id: self.ocid.to_owned(),
            title: asset.map_or_else(String::new, |asset| format!("{training}{}", asset.name)),
            description: self.tender_description(),
            status: self.tender_status(),
            procuring_entity: Some(self.collective()),
            items: self.items(),
            value,
            min_value,
            procurement_method: method.map_or("", procurement_method),
            procurement_method_details: method.map_or("", Method::zh).to_owned(),
            main_procurement_category: self.main_category(),
            tender_period: listing.map(|listing| Period {
                start_date: listing.opens_at.to_string(),
                end_date: listing.closes_at.to_string(),
            }),
            eligibility_criteria: plan.map_or_else(String::new, |p| p.eligibility.to_string()),
            number_of_tenderers: bidders,
            tenderers: tenderers.map(|(party, _)| party).collect(),
            documents: self.documents(Section::Tender),
            milestones: self.milestones(Section::Tender),
        }
    }

    /// What is proposed, and the reserve price with what it is for.
    fn tender_description(&self) -> String {
        let proposal = record!(self, ProposalInitiation).map(|(_, record)| record);
        let kind = proposal.map(|p| format!("{}：{}", p.category.zh(), p.summary));
        let word = if self.spends() {
            "最高限价"
        } else {
            "底价"
        };
        let reserve = self.transaction.reserve_price();
        let reserve = reserve.map(|price| format!("{word}：{price}。"));
        let parts: Vec<String> = kind.into_iter().chain(reserve).collect();
        parts.join(" ")
    }

    fn tender_status(&self) -> &'static str {
        let transaction = self.transaction;
        let stands = |step| transaction.record(step).is_some();
        let won = record!(self, Bidding)
            .is_some_and(|(_, bidding)| matches!(bidding.outcome, BiddingOutcome::Won { .. }));
        match &transaction.phase {
            Phase::Terminated { .. } if stands(Step::ContractSigning) => "complete",
            Phase::Terminated { .. } if stands(Step::ListingNotice) => "cancelled",
            Phase::Terminated { .. } => "withdrawn",
            _ if won || stands(Step::ContractSigning) => "complete",
            _ if transaction.bidding_failed() => "unsuccessful",
            _ if stands(Step::ListingNotice) => "active",
            _ if stands(Step::PublishPlan) => "planned",
            _ => "planning",
        }
    }

    fn main_category(&self) -> &'static str {
        match self.transaction.category() {
            Some(Category::Works) => "works",
            Some(Category::Procurement) => "goods",
            _ => "",
        }
    }

    /// The asset: how much of what the price is for, where the record says so exactly.
    fn items(&self) -> Vec<Item> {
        let Some((_, verification)) = record!(self, AssetVerification) else {
            return Vec::new();
        };
        let asset = &verification.asset;
        let price = self.transaction.reserve_price();
        let basis = price.map_or(PriceBasis::Total, |price| price.basis);
        let months = record!(self, PlanDrafting).and_then(|(_, plan)| plan.term_months);
        let area = |unit| {
            let area = asset.area.filter(|area| unit == area.unit);
            area.map(|area| Number::decimal(area.value))
        };
        let (quantity, name) = match basis {
            PriceBasis::Total => match asset.area {
                Some(area) => (Some(Number::decimal(area.value)), area.unit.label_zh()),
                None => (None, ""),
            },
            PriceBasis::PerMonth => (months.map(Number::count), "月"),
            PriceBasis::PerYear => {
                let years = months.filter(|months| months % 12 == 0);
                (years.map(|months| Number::count(months / 12)), "年")
            }
            // A product of area and time, which the record does not state.
            PriceBasis::PerSqmMonth => (None, "平方米·月"),
            PriceBasis::PerMuYear => (None, "亩·年"),
            PriceBasis::PerMu => (area(AreaUnit::Mu), AreaUnit::Mu.label_zh()),
            PriceBasis::PerSquareMetre => (
                area(AreaUnit::SquareMetre),
                AreaUnit::SquareMetre.label_zh(),
            ),
        };
        let price = price.filter(|price| price.basis != PriceBasis::Total);
        let unit = Unit {
            name: name.to_owned(),
            value: price.map(|price| cny(price.fen)),
        };
        vec![Item {
            id: "1".to_owned(),
            description: format!("{}（{}）", asset.name, asset.location),
            quantity,
            unit: Some(unit).filter(|unit| !unit.name.is_empty()),
        }]
    }
}

/// The closed codelist `method`.
fn procurement_method(method: Method) -> &'static str {
    match method {
        Method::OpenBidding | Method::Tender | Method::OpenNegotiation => "open",
        Method::Consultation => "limited",
        Method::Renewal | Method::SmallValue => "direct",
    }
}
