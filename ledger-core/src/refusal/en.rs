//! What each refusal says in English: expected, found, and the way out.

use super::{Refusal, body, labels, list, roles, step, steps};
use crate::language::Language;
use crate::step::Step;

impl Refusal {
    pub(super) fn detail_en(&self) -> String {
        let l = Language::En;
        match self {
            Self::UnknownKey { found } => format!("The roster has no such key of {found}. Enrol the member or rotate the key first, then sign again."),
            Self::InactiveKey { member } => format!("This key of {member} is not active now. Sign again with the current key."),
            Self::InvalidSignature { found } => format!("The signature of {found} does not fit the text: one of them was altered. Sign the original text again."),
            Self::NotOpened => "This ledger has no entry 0. Open it first (sanzi init).".to_owned(),
            Self::AlreadyOpened => "This ledger was opened before and cannot be opened twice.".to_owned(),
            Self::WrongStream { expected, found } => format!("This kind of event belongs in {expected}; it names {found}."),
            Self::StalePrev { expected, .. } => format!("The stream has moved since this was drafted; its head is {expected}. Draft it again on that prev and have everyone sign again."),
            Self::FutureTime { found, acceptable_from } => format!("The stated time {found} lies in the future; acceptable from {acceptable_from}. Check this computer's clock."),
            Self::SignerWithoutRole { member, expected } => format!("No role of this event is left for {member}, who holds none of them or comes second: {}. Remove the signature, or grant the role first.", roles(expected, l)),
            Self::FounderUnsigned { missing } => format!("Every founding member signs the founding; still missing: {}.", list(missing, ToString::to_string, l)),
            Self::MissingRoles { missing_roles } => format!("Still to sign: {}. Have them co-sign, then submit again.", roles(missing_roles, l)),
            Self::OnePersonTwoRoles { roles: two } => format!("One person cannot fill two roles in one event: {}. Different persons must sign.", roles(two, l)),
            Self::TransactionCompleted => "All sixteen steps are done; no further step can be recorded.".to_owned(),
            Self::TransactionTerminated => "This transaction was broken off for good. Begin a new one to deal again.".to_owned(),
            Self::NotBegun { found } => format!("Nothing has been recorded of {found}. Check the transaction's id; a new one begins with the asset."),
            Self::OutOfOrder { expected, found } => format!("It is the turn of {}; found {}. Complete the earlier steps first.", step(*expected, l), step(*found, l)),
            Self::ChannelMissing { point, missing } => format!("The publication of {} has not been posted on: {}. Post it there and record each posting first.", step(point.step(), l), labels(missing, l)),
            Self::WindowOpen { step: at, acceptable_from } => format!("The window of {} is still open; the next step is acceptable from {acceptable_from}.", step(*at, l)),
            Self::CalendarMissing { year } => format!("The charter has no holiday calendar for {year}, so working days cannot be counted. Amend the charter with the State Council's notice for that year."),
            Self::BiddingFailed => "The bidding failed, so there is no result to publish; return to the listing or to the plan.".to_owned(),
            Self::NothingToPost => "No publication is waiting to be posted. Check the transaction and its step.".to_owned(),
            Self::UnknownChannel { expected, found } => format!("There is no channel {found}; one of: {}.", labels(expected, l)),
            Self::AlreadyPosted { found, missing } => format!("Channel {found} was recorded before; still missing: {}.", labels(missing, l)),
            Self::ChannelsIncomplete { missing } => format!("Channels that the charter requires are left out: {}.", labels(missing, l)),
            Self::DisclosureMismatch { expected, found } => format!("The disclosure composed from the record has digest {expected}; {found} was signed. Compose it again with the software; do not edit it."),
            Self::DocumentMissing { missing } => format!("Documents missing: {}. Attach them and sign again.", labels(missing, l)),
            Self::Inconsistent { field, expected, found } => format!("Field {field}: expected {expected}, found {found}. Correct it and sign again."),
            Self::FutureDate { field, expected, found } => format!("{field} says {found}, which has not come; not later than {expected}. Record it once it has happened."),
            Self::WaiverNotAllowed { expected, found } if expected.is_empty() => format!("The charter lets no step be left out in a dealing like this; found {}. Do the step as usual.", steps(found, l)),
            Self::WaiverNotAllowed { expected, found } => format!("Not everything from {} may be left out; in a dealing like this it may be: {}. Do the others as usual.", steps(found, l), steps(expected, l)),
            Self::ReturnNotBack { expected, found } => format!("Cannot go back to {}: it was not done. At most back to {}.", step(*found, l), expected.map_or_else(|| "nothing yet".to_owned(), |s| step(s, l))),
            Self::ReturnAfterFailure { found } => format!("After a failed bidding not back to {}: to {} on the same terms, or to {} or before, and to a new vote, if price or terms change.", step(*found, l), step(Step::ListingNotice, l), step(Step::PlanDrafting, l)),
            Self::NothingToCorrect { found } => format!("Entry {found} is no record of this transaction that stands and can be corrected. To change what a disclosure says, correct the step that it shows; to undo a waiver or a return, go back once more."),
            Self::CorrectionUnfit { field, found } => format!("The correction does not fit {field}: {found}. Check the field and the value."),
            Self::NegativeList { limit, text, expected, found } => format!("Negative list, {limit}: {text}. Expected {expected}, found {found}. Change the plan; the list itself changes only with the charter."),
            Self::FindingOpen { found } => format!("Findings of the street office stop the transaction until they are answered: entry {}. Record the answer first.", list(found, ToString::to_string, l)),
            Self::UnknownFinding { found } => format!("Entry {found} is no finding recorded here. Check the entry and the transaction."),
            Self::FindingSettled { found, settled_by } => format!("Finding {found} was answered by entry {settled_by}; to add to it, the street office raises another."),
            Self::NotForSelf { expected, found } => format!("A declaration is signed by {expected} alone; it was signed by: {}.", list(found, ToString::to_string, l)),
            Self::AdoptionUnvoted { expected } => format!("The charter in force asks for a vote on the next one, by: {}. State the result in vote.", list(expected, |b| body(*b, l).to_owned(), l)),
            Self::WrongBody { expected, found } => format!("The {} cannot decide a plan; it must be: {}.", body(*found, l), list(expected, |b| body(*b, l).to_owned(), l)),
            Self::QuorumNotReached { expected, found } => format!("At least {expected} must take part; {found} did. Convene again as the law says."),
            Self::VoteNotPassed { expected, found } => format!("At least {expected} votes in favour are needed; there were {found}. The plan has not passed."),
            Self::UnknownMember { found } => format!("The roster has no {found}. Check the member id."),
            Self::MemberExists { found } => format!("{found} is on the roster. Grant a role or rotate the key instead."),
            Self::KeyInUse { member } => format!("This key is or was {member}'s; everyone needs a key of their own."),
            Self::KeyName { expected, found } => format!("The key must be an Ed25519 signing key named {expected}; found {found}. Make one with sanzi key new."),
            Self::ForeignKey { member, found } => format!("{member} never had this key: {found}. Check the roster."),
            Self::RoleHeld { member, role } => format!("{member} already is {}.", role.en()),
            Self::RoleNotHeld { member, role } => format!("{member} is not {} now.", role.en()),
            Self::RolesExcluded { member, roles: two } => format!("{member} must not hold together: {}. End one of them first.", roles(two, l)),
            Self::Unstaffed { missing_roles } => format!("Nobody would hold: {}; roster and charter could never be changed again. Appoint somebody first.", roles(missing_roles, l)),
            Self::TrainingOnly { field } => format!("A real ledger counts in days or working days; the charter's {field} is shorter. Change the charter, or open a training ledger."),
            Self::CharterVersion { expected, found } => format!("The new charter's version must be at least {expected}; found {found}."),
            Self::CompromisedLater { expected, found } => format!("The time must not be later than {expected}; found {found}."),
        }
    }
}
