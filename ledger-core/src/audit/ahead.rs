//! Bundles of entries fetched, proven, read and verified ahead of their turn, on other threads.

use core::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use super::Replay;
use crate::authenticate::Early;
use crate::event::{LoggedEntry, ParseError};
use crate::parallel;
use crate::source::Source;
use crate::state::LedgerState;
use crate::tile::{TileReadError, TileReader};
use crate::time::LogTime;

/// How many bundles are fetched at a time, at least: a network makes one wait.
const AT_ONCE: u64 = 4;

/// An entry that was read, and whose signatures were verified, before its turn.
pub(super) struct Looked {
    pub(super) early: Early,
    pub(super) received_at: LogTime,
}

impl Looked {
    /// Looks at an entry by a ledger as it stood after `size` entries.
    pub(super) fn at(
        ledger: Option<&LedgerState>,
        size: u64,
        bytes: &[u8],
    ) -> Result<Self, ParseError> {
        let LoggedEntry {
            received_at,
            signed,
        } = LoggedEntry::parse(bytes)?;
        Ok(Self {
            early: Early::of(ledger, size, signed),
            received_at,
        })
    }
}

/// A bundle of the tree, each of its entries looked at; or why there is none.
pub(super) type Bundle<E> = Result<Vec<Result<Looked, ParseError>>, TileReadError<E>>;

/// Who may sign, as far as the replay has come.
type Signers = (Option<LedgerState>, u64);

/// Lets the replay take every bundle in its turn, until it breaks off.
pub(super) fn replay<S, B>(
    reader: &TileReader<&S>,
    replay: &mut Replay,
    mut take: impl FnMut(&mut Replay, u64, Bundle<S::Error>) -> ControlFlow<B>,
) -> ControlFlow<B>
where
    S: Source + Sync,
    S::Error: Send,
{
    let look = |bundle: u64, (ledger, size): &Signers| -> Bundle<S::Error> {
        let entries = reader.entries(bundle)?;
        let each = entries.iter();
        Ok(each
            .map(|bytes| Looked::at(ledger.as_ref(), *size, bytes))
            .collect())
    };
    // By the first bundle nobody may sign yet who could be known: the others know at least the founders.
    let founding = look(0, &(None, 0));
    take(replay, 0, founding)?;
    let now = |replay: &Replay| Arc::new((replay.state.ledger().cloned(), replay.state.size()));
    let signers = Mutex::new(now(replay));
    let newest = || signers.lock().unwrap_or_else(PoisonError::into_inner);
    let bundles = 1..reader.size().div_ceil(256);
    let threads = match parallel::cores() {
        1 => 0,
        cores => cores.max(AT_ONCE).min(bundles.end - 1),
    };
    parallel::in_order(
        bundles,
        threads,
        |bundle| {
            let signers = Arc::clone(&newest());
            look(bundle, &signers)
        },
        |bundle, looked| {
            take(replay, bundle, looked)?;
            let known = newest().0.as_ref().map(|ledger| ledger.head);
            if replay.state.ledger().map(|ledger| ledger.head) != known {
                *newest() = now(replay);
            }
            ControlFlow::Continue(())
        },
    )
}
