//! Documents of a ledger under the codes of the official `documentType` codelist.

use ledger_core::record::DocumentRef;
use ledger_core::{Origin, PublicationPoint, Step};

use super::model::Document;

/// The code for a document: by its kind in the ready charter, or by the step for a collective's own kind.
fn code_of(step: Option<Step>, kind: &str) -> &'static str {
    match kind {
        "asset_register" | "ownership" | "current_contract" => "assetAndLiabilityAssessment",
        "area_survey" => "technicalSpecifications",
        "proposal_form" | "council_minutes" => "needsAssessment",
        "feedback_reply" | "notice" | "attendance" | "tally" | "minutes" => "hearingNotice",
        "valuation" => "marketStudies",
        "contract_draft" => "contractDraft",
        "listing" => "tenderNotice",
        "bidding_rules" => "biddingDocuments",
        "qualification" | "deposits" => "bidders",
        "relations" => "conflictOfInterest",
        "bid_record" => "evaluationReports",
        "confirmation" | "result_notice" => "awardNotice",
        "contract" => "contractSigned",
        "performance_bond" => "contractGuarantees",
        "handover" => "completionCertificate",
        "vouchers" | "deposit_refunds" => "financialProgressReport",
        _ => step.map_or("contractAnnexe", code_of_step),
    }
}

fn code_of_step(step: Step) -> &'static str {
    match step {
        Step::AssetVerification => "assetAndLiabilityAssessment",
        Step::ProposalInitiation => "needsAssessment",
        Step::PublishPrePlan => "plannedProcurementNotice",
        Step::FeedbackAndValuation => "marketStudies",
        Step::MemberVote => "hearingNotice",
        Step::PartyReview | Step::PlanDrafting | Step::PublishPlan | Step::StreetReview => {
            "procurementPlan"
        }
        Step::ListingNotice => "tenderNotice",
        Step::BidderQualification => "bidders",
        Step::Bidding => "evaluationReports",
        Step::ResultAndObjection => "awardNotice",
        Step::ContractSigning => "contractAnnexe",
        Step::HandoverAndReceipt => "completionCertificate",
        Step::PublishCompletion => "contractSummary",
    }
}

/// A document that an event names; `None` if not everybody may read it.
pub(super) fn document(
    origin: &Origin,
    step: Option<Step>,
    document: &DocumentRef,
    date_published: &str,
) -> Option<Document> {
    let DocumentRef::Public {
        kind,
        sha256,
        title,
        ..
    } = document
    else {
        return None;
    };
    Some(Document {
        // One file may be named as two documents.
        id: format!("{kind}-{sha256}"),
        document_type: code_of(step, kind.as_str()),
        title: title.to_string(),
        url: address(origin, &sha256.to_string()),
        date_published: date_published.to_owned(),
        language: "zh",
    })
}

/// What was published at a publication point.
pub(super) fn disclosure(
    origin: &Origin,
    point: PublicationPoint,
    digest: &str,
    date_published: &str,
) -> Document {
    let step = point.step();
    Document {
        id: format!("disclosure-{digest}"),
        document_type: code_of_step(step),
        title: step.zh().to_owned(),
        url: address(origin, digest),
        date_published: date_published.to_owned(),
        language: "zh",
    }
}

/// Where a ledger's server gives out a document.
fn address(origin: &Origin, digest: &str) -> String {
    format!("https://{origin}/documents/{digest}")
}
