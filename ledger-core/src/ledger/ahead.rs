//! Reads and verifies the submissions of one call ahead of their turn, on all cores.
//!
//! A signature is true or not whatever comes before it; whose key counts is asked again at the event's
//! turn, and where the answer has changed, or the signature did not verify, it is verified then. So the
//! verdicts are those of one after the other. Without the feature `local` there are no threads, and all
//! of it happens in the caller's.

use std::num::NonZero;
use std::sync::LazyLock;
use std::thread::{self, Builder};

use crate::authenticate::{AuthenticEvent, authenticate, authenticate_early};
use crate::event::{ParseError, SignedEvent};
use crate::refusal::Refusal;
use crate::state::State;

/// How many submissions are held parsed at a time, so that large ones do not fill the memory.
pub(super) const AT_ONCE: usize = 128;

/// How many submissions are worth a thread: it takes about as long to start as one to verify.
const WORTH_A_THREAD: usize = 4;

/// A well-formed submission, looked at before its turn.
pub(super) enum Early {
    /// Its signatures are true.
    Authentic(Box<AuthenticEvent>),
    /// By the state as it stood, somebody's signature does not count.
    Doubtful(Box<SignedEvent>),
}

impl Early {
    fn look(state: &State, note: &[u8]) -> Result<Self, ParseError> {
        let signed = SignedEvent::parse(note)?;
        Ok(match authenticate_early(state, signed) {
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

/// Looks at all of these, each for itself, in the order given.
pub(super) fn look(state: &State, notes: &[&[u8]]) -> Vec<Result<Early, ParseError>> {
    let look = |notes: &[&[u8]]| -> Vec<_> {
        let each = notes.iter().map(|note| Early::look(state, note));
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
