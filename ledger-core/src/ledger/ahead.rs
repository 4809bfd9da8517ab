//! Reads and verifies submissions ahead of their turn: where they arrive, or those of one call on all cores.
//!
//! A signature is true or not whatever comes before it; whose key counts is asked again at the event's
//! turn, and where the answer has changed, or the signature did not verify, it is verified then. So the
//! verdicts are those of one after the other. Without the feature `local` there are no threads, and all
//! of it happens in the caller's.

use std::borrow::Cow;
use std::num::NonZero;
use std::sync::LazyLock;
use std::thread::{self, Builder};

use crate::authenticate::{AuthenticEvent, authenticate, authenticate_early};
use crate::event::{ParseError, SignedEvent};
use crate::refusal::Refusal;
use crate::state::{LedgerState, State};

/// How many submissions are held parsed at a time, so that large ones do not fill the memory.
pub(super) const AT_ONCE: usize = 128;

/// How many submissions are worth a thread: it takes about as long to start as one to verify.
const WORTH_A_THREAD: usize = 4;

/// A well-formed submission, looked at before its turn.
#[derive(Debug)]
pub(super) enum Early {
    /// Its signatures are true.
    Authentic(Box<AuthenticEvent>),
    /// By the state as it stood, somebody's signature does not count.
    Doubtful(Box<SignedEvent>),
}

impl Early {
    fn look(ledger: Option<&LedgerState>, size: u64, note: &[u8]) -> Result<Self, ParseError> {
        let signed = SignedEvent::parse(note)?;
        Ok(match authenticate_early(ledger, size, signed) {
            Ok(authentic) => Self::Authentic(Box::new(authentic)),
            Err(signed) => Self::Doubtful(signed),
        })
    }

    /// The event as it was signed.
    pub(super) fn signed(&self) -> &SignedEvent {
        match self {
            Self::Authentic(authentic) => authentic.signed(),
            Self::Doubtful(signed) => signed,
        }
    }

    /// The authentic event by the state at its turn.
    pub(super) fn authentic(self, state: &State) -> Result<AuthenticEvent, Refusal> {
        match self {
            Self::Authentic(authentic) if authentic.check_keys(state).is_ok() => Ok(*authentic),
            Self::Authentic(authentic) => authenticate(state, authentic.into_parts().0),
            Self::Doubtful(signed) => authenticate(state, *signed),
        }
    }
}

/// A submission, read and verified before its turn or not yet. (提交)
///
/// Reading and verifying are most of the work, and need no more than the roster: whoever receives
/// submissions does that where they arrive, while the ledger syncs those before. What becomes of one is
/// the same either way, whatever enters the log in between.
#[derive(Debug)]
pub struct Submission<'a>(Looked<'a>);

#[derive(Debug)]
enum Looked<'a> {
    NotYet(Cow<'a, [u8]>),
    At(Result<Early, ParseError>),
}

impl<'a> Submission<'a> {
    /// A signed note as it came.
    pub fn new(note: impl Into<Cow<'a, [u8]>>) -> Self {
        Self(Looked::NotYet(note.into()))
    }

    /// Reads and verifies it now, by a ledger as it stood after `size` entries.
    #[must_use]
    pub fn looked_at(self, ledger: &LedgerState, size: u64) -> Self {
        Self(Looked::At(self.look(Some(ledger), size)))
    }

    fn look(self, ledger: Option<&LedgerState>, size: u64) -> Result<Early, ParseError> {
        match self.0 {
            Looked::NotYet(note) => Early::look(ledger, size, &note),
            Looked::At(early) => early,
        }
    }
}

/// Looks at all of these that have not been looked at, each for itself; gives them in their order.
pub(super) fn look(
    state: &State,
    submissions: Vec<Submission<'_>>,
) -> Vec<Result<Early, ParseError>> {
    let notes: Vec<&[u8]> = (submissions.iter())
        .filter_map(|submission| match &submission.0 {
            Looked::NotYet(note) => Some(&**note),
            Looked::At(_) => None,
        })
        .collect();
    let mut looked = look_at(state, &notes).into_iter();
    let early = |submission: Submission<'_>| match submission.0 {
        Looked::At(early) => early,
        not_yet => looked
            .next()
            .unwrap_or_else(|| Submission(not_yet).look(state.ledger(), state.size())),
    };
    submissions.into_iter().map(early).collect()
}

fn look_at(state: &State, notes: &[&[u8]]) -> Vec<Result<Early, ParseError>> {
    let look = |notes: &[&[u8]]| -> Vec<_> {
        let each = (notes.iter()).map(|note| Early::look(state.ledger(), state.size(), note));
        each.collect()
    };
    let threads = threads().min(notes.len() / WORTH_A_THREAD);
    if threads <= 1 {
        return look(notes);
    }
    let (own, others) = notes.split_at(notes.len().div_ceil(threads));
    thread::scope(|scope| {
        let others: Vec<_> = others
            .chunks(own.len())
            .map(|notes| {
                let spawned = Builder::new().spawn_scoped(scope, move || look(notes));
                (notes, spawned)
            })
            .collect();
        let mut looked = look(own);
        for (notes, spawned) in others {
            let done = spawned.ok().and_then(|thread| thread.join().ok());
            // Where there was no thread to be had, it is done here.
            looked.extend(done.unwrap_or_else(|| look(notes)));
        }
        looked
    })
}

fn threads() -> usize {
    // Asked once: Linux reads several files to answer.
    static CORES: LazyLock<usize> =
        LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get));
    if cfg!(feature = "local") { *CORES } else { 1 }
}
