//! Disclosures: what is published at a publication point. (公开内容)
//!
//! A disclosure is composed from the record, not written: the same steps give the same bytes, so
//! anyone can compose it again and compare its digest with the one that was signed. What the
//! publisher adds is a summary, the way to comment, and documents. Knows nothing of how it is shown.

use serde::Serialize;

use crate::calendar::Span;
use crate::canonical::{self, CanonicalError};
use crate::charter::Charter;
use crate::event::Event;
use crate::hash::{Digest, Hash};
use crate::name::{Label, MemberId, Origin, TransactionId};
use crate::record::{DocumentRef, Publication};
use crate::recorded::Noted;
use crate::state::LedgerState;
use crate::step::{PublicationPoint, Step};
use crate::text::{Line, Paragraph};
use crate::time::{LogTime, StatedTime};
use crate::transaction::{Passed, Transaction};

/// A step as a disclosure shows it. (已办环节)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DisclosedStep {
    /// When it happened, as the signers say.
    pub at: StatedTime,
    /// Its entry.
    pub index: u64,
    /// When the log received it.
    pub received_at: LogTime,
    /// The entries that corrected it since.
    pub corrected_by: Vec<u64>,
    /// What was recorded, as corrected; a waiver, if the step was left out.
    pub record: Event,
    /// Whether it was recorded late. (补录)
    pub recorded_late: bool,
    /// Who signed it.
    pub signers: Vec<MemberId>,
    /// The step.
    pub step: Step,
}

impl From<&Passed> for DisclosedStep {
    fn from(passed: &Passed) -> Self {
        Self {
            at: passed.recorded.at,
            index: passed.recorded.index,
            received_at: passed.recorded.received_at,
            corrected_by: passed.corrected_by.clone(),
            record: passed.event.clone(),
            recorded_late: passed.recorded.recorded_late,
            signers: passed.recorded.signers.clone(),
            step: passed.step,
        }
    }
}

/// A waiver, a return or a correction as a disclosure shows it. (变更经过)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DisclosedDetour {
    /// When it happened, as the signers say.
    pub at: StatedTime,
    /// Its entry.
    pub index: u64,
    /// When the log received it.
    pub received_at: LogTime,
    /// What was recorded.
    pub record: Event,
    /// Whether it was recorded late. (补录)
    pub recorded_late: bool,
    /// Who signed it.
    pub signers: Vec<MemberId>,
}

impl From<&Noted> for DisclosedDetour {
    fn from(noted: &Noted) -> Self {
        Self {
            at: noted.recorded.at,
            index: noted.recorded.index,
            received_at: noted.recorded.received_at,
            record: noted.event.clone(),
            recorded_late: noted.recorded.recorded_late,
            signers: noted.recorded.signers.clone(),
        }
    }
}

/// A channel as a disclosure names it. (公开渠道)
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DisclosedChannel {
    /// Its name in events.
    pub id: Label,
    /// Its name for people.
    pub name: Line,
}

/// What is published at a publication point. (公开内容)
///
/// Text form: canonical JSON; its SHA-256 is what a publication signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Disclosure {
    /// Where it is posted.
    pub channels: Vec<DisclosedChannel>,
    /// The number of the charter that governs it.
    pub charter_version: u32,
    /// Whose transaction it is.
    pub collective: Line,
    /// How residents can comment. (意见渠道)
    pub comments_to: Paragraph,
    /// Waivers, returns and corrections so far, in order. (变更经过)
    pub detours: Vec<DisclosedDetour>,
    /// The documents that go with it.
    pub documents: Vec<DocumentRef>,
    /// The leaf hash of the entry that it follows in its stream.
    pub follows: Hash,
    /// The ledger id.
    pub ledger: Hash,
    /// How long it stays open, once it is posted everywhere. (公开期)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_for: Option<Span>,
    /// The name of the log.
    pub origin: Origin,
    /// Which publication.
    pub point: PublicationPoint,
    /// Where misuse can be reported.
    pub reports_to: Line,
    /// The steps that stand before it, without earlier publications.
    pub steps: Vec<DisclosedStep>,
    /// What is published, in one paragraph.
    pub summary: Paragraph,
    /// Whether this is a training ledger. (演示账本)
    pub training: bool,
    /// The transaction.
    pub transaction: TransactionId,
    /// Version of this form: 1.
    pub v: u8,
}

impl Disclosure {
    /// Composes the disclosure of `transaction`, as it stands, at `point`. The digest in
    /// `publication` is not looked at.
    #[must_use]
    pub fn compose(
        ledger: &LedgerState,
        charter: &Charter,
        transaction: &Transaction,
        point: PublicationPoint,
        publication: &Publication,
    ) -> Self {
        let channel = |id: &Label| {
            Some(DisclosedChannel {
                id: id.clone(),
                name: charter.channel(id)?.name.clone(),
            })
        };
        let shown = transaction.passed.iter().filter(|passed| {
            passed.step.publication_point().is_none() && passed.step < point.step()
        });
        Self {
            channels: publication.channels.iter().filter_map(channel).collect(),
            charter_version: charter.version,
            collective: ledger.collective.name.clone(),
            comments_to: publication.comments_to.clone(),
            detours: transaction
                .detours
                .iter()
                .map(DisclosedDetour::from)
                .collect(),
            documents: publication.documents.clone(),
            follows: transaction.head,
            ledger: ledger.ledger_id,
            open_for: charter
                .steps
                .of(point.step())
                .open_for
                .as_ref()
                .map(|rule| rule.span),
            origin: ledger.origin.clone(),
            point,
            reports_to: ledger.collective.reports_to.clone(),
            steps: shown.map(DisclosedStep::from).collect(),
            summary: publication.summary.clone(),
            training: ledger.training,
            transaction: transaction.id.clone(),
            v: 1,
        }
    }

    /// Its canonical bytes: what is kept as a document and shown.
    ///
    /// # Errors
    /// None for a disclosure composed from admitted steps.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::to_vec(self)
    }

    /// The digest that a publication signs.
    ///
    /// # Errors
    /// As [`Disclosure::to_bytes`].
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        self.to_bytes().map(|bytes| Digest::of(&bytes))
    }
}
