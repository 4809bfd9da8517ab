//! Reads and verifies submissions ahead of their turn: where they arrive, or those of one call on all cores.
//!
//! What becomes of a submission is the same either way, whatever enters the log in between: see
//! [`Early`].

use core::ops::ControlFlow;
use std::borrow::Cow;

use crate::authenticate::Early;
use crate::event::{ParseError, SignedEvent};
use crate::parallel;
use crate::state::{LedgerState, State};

/// How few and how many submissions a thread looks at in one go: it takes about as long to start one as to
/// verify a few, and large ones must not fill the memory.
const AT_ONCE: (usize, usize) = (4, 64);

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

    /// What was found when it was looked at: before, or now.
    pub(super) fn look(self, ledger: Option<&LedgerState>, size: u64) -> Result<Early, ParseError> {
        match self.0 {
            Looked::NotYet(note) => look(ledger, size, &note),
            Looked::At(early) => early,
        }
    }
}

fn look(ledger: Option<&LedgerState>, size: u64, note: &[u8]) -> Result<Early, ParseError> {
    SignedEvent::parse(note).map(|signed| Early::of(ledger, size, signed))
}

/// Submissions of one call, to be taken in their order.
pub(super) struct Ahead<'a> {
    /// Who may sign as it stands, if other threads are to look.
    ledger: Option<LedgerState>,
    /// How many a thread looks at in one go.
    many: usize,
    size: u64,
    submissions: Vec<Submission<'a>>,
    threads: u64,
}

impl<'a> Ahead<'a> {
    pub(super) fn of(state: &State, submissions: Vec<Submission<'a>>) -> Self {
        let fresh = |submission: &&Submission<'_>| matches!(submission.0, Looked::NotYet(_));
        let fresh = submissions.iter().filter(fresh).count();
        let many = (fresh / 8).clamp(AT_ONCE.0, AT_ONCE.1);
        let threads = parallel::cores().min((fresh / many) as u64);
        Self {
            ledger: state.ledger().filter(|_| threads > 1).cloned(),
            many,
            size: state.size(),
            submissions,
            threads,
        }
    }

    /// Gives each to `take`; where there are many that nobody has looked at, other threads do, while
    /// `take` is busy with those before.
    pub(super) fn in_order(self, mut take: impl FnMut(Submission<'a>)) {
        let Some(ledger) = &self.ledger else {
            return self.submissions.into_iter().for_each(take);
        };
        let mut notes = Vec::new();
        let mut keep = |submission: Submission<'a>| match submission.0 {
            Looked::NotYet(note) => {
                notes.push(note);
                None
            }
            at => Some(Submission(at)),
        };
        let slots: Vec<_> = self.submissions.into_iter().map(&mut keep).collect();
        let mut slots = slots.into_iter();
        let parts: Vec<_> = notes.chunks(self.many).collect();
        let look = |part: u64| -> Vec<_> {
            let notes = parts[part as usize].iter();
            let looked = notes.map(|note| look(Some(ledger), self.size, note));
            looked.collect()
        };
        let all = 0..parts.len() as u64;
        let _: ControlFlow<()> = parallel::in_order(all, self.threads, look, |_, looked| {
            for early in looked {
                // First those that came looked at, up to where this one stood.
                slots.by_ref().map_while(|slot| slot).for_each(&mut take);
                take(Submission(Looked::At(early)));
            }
            ControlFlow::Continue(())
        });
        slots.flatten().for_each(take);
    }
}
