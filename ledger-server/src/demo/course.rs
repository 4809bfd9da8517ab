//! The ways of a transaction: straight on, or with a detour on the way. (办理经过)
//!
//! Says what is done and in which order; when, [`super::agenda`] says.

use ledger_core::record::Category;
use ledger_core::step::{PublicationPoint, Step};

/// How a transaction comes to its end. (经过)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    /// Through the sixteen steps, one after the other. (顺利)
    Straight,
    /// Nobody comes to the first bidding; it is listed once more, and won. (流拍后重新公告)
    Relisted,
    /// Steps 9 to 12 are waived, for its value is small. (小额豁免)
    Waived,
    /// The first plan is voted down; it goes back to step 6. (表决未通过，退回)
    Returned,
    /// The street office finds an area that is wrong; it is corrected and published again. (更正)
    Corrected,
    /// A law firm gives its opinion on the plan. (第三方意见)
    Advised,
    /// Broken off after the plan was published. (终止)
    Terminated,
}

/// How those who apply compare. (竞争情况)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contest {
    /// As chance has it.
    Usual,
    /// One bidder alone, at the reserve price. (一人参与，底价成交)
    Alone,
    /// Many bidders, and a price close to the reserve. (多人竞买，贴近底价)
    Close,
    /// Won by this party, which wins another one within weeks. (同一方接连中选)
    WonBy(&'static str),
    /// A signer's declared relative applies too, and is not admitted. (亲属回避)
    Recused(&'static str),
}

/// What happens. (事项)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A step is done.
    Step(Step),
    /// A disclosure is posted on the charter's channel of that place.
    Post(PublicationPoint, usize),
    /// Steps 9 to 12 are waived.
    StepWaived,
    /// It goes back to a step.
    Returned(Step),
    /// The area of the asset is corrected.
    Corrected,
    /// It is broken off.
    Terminated,
    /// The members meet and vote the plan down, which is no step.
    MeetingHeld,
    /// A third party gives its opinion.
    OpinionGiven,
    /// The parties agree on integrity.
    IntegrityAgreed,
    /// The street office finds something amiss.
    FindingRaised,
    /// That is answered.
    FindingAnswered,
    /// What falls due under the contract is registered.
    PaymentDue,
    /// The due of that place is received.
    PaymentReceived(usize),
    /// The due of that place is paid.
    PaymentMade(usize),
}

/// The first and the last step that a waiver leaves out.
pub(crate) const WAIVED: (Step, Step) = (Step::StreetReview, Step::Bidding);

fn steps(from: Step, through: Step) -> impl Iterator<Item = What> {
    let fits = move |step: &Step| (from..=through).contains(step);
    Step::ALL.into_iter().filter(fits).map(What::Step)
}

/// What is done in a dealing of that kind, in order; postings follow from publications.
pub(crate) fn route(course: Course, category: Category) -> Vec<What> {
    let (first, last) = (Step::AssetVerification, Step::PublishCompletion);
    let mut route: Vec<What> = match course {
        Course::Straight => steps(first, last).collect(),
        Course::Relisted => steps(first, Step::Bidding)
            .chain([What::Returned(Step::ListingNotice)])
            .chain(steps(Step::ListingNotice, last))
            .collect(),
        Course::Waived => steps(first, Step::PublishPlan)
            .chain([What::StepWaived])
            .chain(steps(Step::ResultAndObjection, last))
            .collect(),
        Course::Returned => steps(first, Step::PlanDrafting)
            .chain([What::MeetingHeld, What::Returned(Step::PlanDrafting)])
            .chain(steps(Step::PlanDrafting, last))
            .collect(),
        Course::Corrected => steps(first, Step::PublishPlan)
            .chain([
                What::FindingRaised,
                What::Corrected,
                What::FindingAnswered,
                What::Step(Step::PublishPrePlan),
                What::Step(Step::PublishPlan),
            ])
            .chain(steps(Step::StreetReview, last))
            .collect(),
        Course::Advised => steps(first, Step::PlanDrafting)
            .chain([What::OpinionGiven])
            .chain(steps(Step::MemberVote, last))
            .collect(),
        Course::Terminated => steps(first, Step::PublishPlan)
            .chain([What::Terminated])
            .collect(),
    };
    // The charter's negative list asks for it before the contract.
    let contract = |what: &What| *what == What::Step(Step::ContractSigning);
    if matches!(category, Category::Works | Category::Procurement)
        && let Some(place) = route.iter().position(contract)
    {
        route.insert(place, What::IntegrityAgreed);
    }
    route
}
