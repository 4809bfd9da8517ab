//! Why something was not done with a draft. Knows no words: those are told elsewhere.

use ledger_core::event::ParseError;
use ledger_core::note::NoteError;
use ledger_core::store::StoreError;

use crate::catalogue::NoView;
use crate::desk::draft::Ended;
use crate::desk::inbox::TooMany;
use crate::drafting::Fault;

/// Why something was not done with a draft. Nothing was changed, unless it says so.
#[derive(Debug)]
pub(crate) enum NotDone {
    /// The log cannot be read, or not yet.
    View(NoView),
    /// A rule refuses it.
    Refused { fault: Fault, kind: &'static str },
    /// Not a statement, or not one with signatures below it.
    Malformed(ParseError),
    /// It is recorded by the command line only.
    Elsewhere,
    /// What would be published is not what the statement says.
    OtherDisclosure,
    /// No draft by this name waits.
    Unknown,
    /// It has ended.
    Ended(Ended),
    /// Whoever asks is not among the signers, or the line is another's.
    NotOwn,
    /// The line is no signature of what the draft says now.
    Untrue,
    /// Not the form of a line.
    Line(NoteError),
    /// All roles that whoever asks could sign in have been signed in, or there is none.
    NoSeat,
    /// The stream has moved: the draft is to say something new, which nobody has signed.
    Moved,
    /// Who may neither sign it nor has begun it does not take it back.
    NotYours,
    /// Too many wait.
    TooMany(TooMany),
    /// It cannot be kept.
    Store(StoreError),
    /// This server keeps no drafts.
    NoInbox,
}

impl From<NoView> for NotDone {
    fn from(no_view: NoView) -> Self {
        Self::View(no_view)
    }
}

impl From<ParseError> for NotDone {
    fn from(error: ParseError) -> Self {
        Self::Malformed(error)
    }
}

impl From<StoreError> for NotDone {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
