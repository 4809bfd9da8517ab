//! What a monitor knows, for those who look at its page while it goes on. (监督页所示)

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use ledger_core::{LogTime, Origin};

use super::book::Book;
use super::finding::Finding;

/// A ledger that is followed.
#[derive(Clone)]
pub(crate) struct Followed {
    pub(crate) origin: Origin,
    /// The collective's name, if it is known.
    pub(crate) name: Option<String>,
    /// Its sources, as the operator wrote them.
    pub(crate) sources: Vec<String>,
    /// How many entries were replayed here and hold.
    pub(crate) checked: u64,
    /// When the copy was last compared with a source; none if that has not been since the start.
    pub(crate) compared_at: Option<LogTime>,
    /// None while no source has answered since the start.
    pub(crate) book: Option<Arc<Mutex<Book>>>,
}

/// What the last look left.
#[derive(Clone, Default)]
pub(crate) struct Showing {
    /// When it was; none before the first.
    pub(crate) looked_at: Option<LogTime>,
    pub(crate) ledgers: Vec<Followed>,
    /// What has been told and is still so.
    pub(crate) findings: Vec<Finding>,
}

/// The newest of them. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Window(Arc<RwLock<Arc<Showing>>>);

impl Window {
    pub(crate) fn look(&self) -> Arc<Showing> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn show(&self, showing: Showing) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(showing);
    }
}
