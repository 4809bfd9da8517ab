//! The staff desk: where members of a ledger draft, sign and co-sign from a browser. (办公台)
//!
//! Whoever sits at it has signed a challenge with the key that the roster has as theirs; no key and no
//! password is ever here. What is drafted is judged by the rules of the log ([`crate::drafting`]) and enters
//! it through the writer like any other submission: the desk has no way of its own. Knows nothing of pages.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::served::Served;

mod api;
mod challenge;
mod refused;
pub(crate) mod request;
mod session;
pub(crate) mod standing;

use challenge::Challenges;
use session::Sessions;
pub(crate) use session::Sitting;

/// What a server holds of one ledger's desk.
pub(crate) struct Desk {
    challenges: Challenges,
    sessions: Sessions,
}

impl Desk {
    /// A desk at which nobody sits.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        Ok(Self {
            challenges: Challenges::new()?,
            sessions: Sessions::default(),
        })
    }
}

/// The routes of a ledger's desk for scripts.
pub(crate) fn of_ledger() -> OpenApiRouter<Arc<Served>> {
    OpenApiRouter::new()
        .routes(routes!(api::challenge))
        .routes(routes!(api::sign_in, api::sign_out))
        .routes(routes!(api::me))
        .routes(routes!(api::rehearse))
        .layer(DefaultBodyLimit::max(request::LIMIT))
}
