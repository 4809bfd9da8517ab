//! The staff desk: where members of a ledger draft, sign and co-sign from a browser. (工作台)
//!
//! Whoever sits at it has signed a challenge with the key that the roster has as theirs; no key and no
//! password is ever here. What is drafted is judged by the rules of the log ([`crate::drafting`]) and enters
//! it through the writer like any other submission: the desk has no way of its own. Knows nothing of pages.

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use ledger_core::store::StoreError;
use ledger_core::store::local::DocumentName;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::assets;
use crate::catalogue::NoView;
use crate::served::Served;
use crate::takeover::FILE_LIMIT;

pub(crate) mod api;
mod challenge;
pub(crate) mod cosign;
pub(crate) mod draft;
pub(crate) mod drafts;
mod enrolling;
pub(crate) mod enrolment;
mod importing;
pub(crate) mod inbox;
mod papers;
mod refused;
pub(crate) mod request;
pub(crate) mod session;
pub(crate) mod standing;

use challenge::Challenges;
use cosign::NotDone;
use draft::Draft;
use enrolment::Enrolments;
use inbox::Inbox;
use session::Sessions;
pub(crate) use session::Sitting;

/// The folder of a ledger's drafts, below the ledger's own. (草稿文件夹)
pub const DESK_FOLDER: &str = "desk";

/// The folder of those who ask to be enrolled, below that.
const ENROLMENTS_FOLDER: &str = "enrolments";

/// What a server holds of one ledger's desk.
pub(crate) struct Desk {
    challenges: Challenges,
    /// As the inbox.
    enrolments: Option<Enrolments>,
    /// `None` where there is no folder to keep drafts in.
    inbox: Option<Inbox>,
    sessions: Sessions,
}

/// A desk cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeskError {
    /// The drafts cannot be read.
    #[error(transparent)]
    Drafts(#[from] StoreError),
    /// The system gives no random numbers.
    #[error("没有随机数 (no randomness): {0}")]
    Random(#[from] getrandom::Error),
}

impl Desk {
    /// A desk at which nobody sits, with the drafts kept in this folder.
    pub(crate) fn open(folder: Option<PathBuf>) -> Result<Self, DeskError> {
        Ok(Self {
            challenges: Challenges::new()?,
            enrolments: folder
                .as_ref()
                .map(|folder| Enrolments::open(folder.join(ENROLMENTS_FOLDER)))
                .transpose()?,
            inbox: folder.map(Inbox::open).transpose()?,
            sessions: Sessions::default(),
        })
    }
}

impl Desk {
    /// The drafts; `None` where there is no folder to keep them in.
    pub(crate) fn inbox(&self) -> Option<&Inbox> {
        self.inbox.as_ref()
    }

    /// The documents that drafts name which wait for signatures.
    pub(crate) fn documents(&self) -> Vec<DocumentName> {
        let waiting = |inbox: &Inbox| inbox.all(|draft| draft.ended.is_none());
        let drafts = self.inbox.as_ref().map(waiting).unwrap_or_default();
        drafts.iter().flat_map(Draft::documents).collect()
    }
}

impl Served {
    /// Sees to the drafts of its desk: what has waited too long ends, and what all have signed enters the
    /// log. (工作台的例行事务)
    pub async fn tend_desk(self: &Arc<Self>) {
        match cosign::tend(self).await {
            Ok(()) | Err(NotDone::View(NoView::Behind { .. })) => {}
            Err(error) => {
                tracing::warn!(slug = self.slug(), ?error, "the desk could not be seen to");
            }
        }
    }
}

/// The routes of a ledger's desk for scripts.
pub(crate) fn of_ledger() -> OpenApiRouter<Arc<Served>> {
    // Where there are pages, the inbox is one: it answers scripts with the list.
    let list = if assets::HAS_PAGES {
        OpenApiRouter::new()
    } else {
        OpenApiRouter::new().routes(routes!(drafts::list))
    };
    list.routes(routes!(api::challenge))
        .routes(routes!(api::sign_in, api::sign_out))
        .routes(routes!(api::me))
        .routes(routes!(api::rehearse))
        .routes(routes!(drafts::begin))
        .routes(routes!(drafts::one))
        .routes(routes!(drafts::withdraw))
        .routes(routes!(drafts::sign))
        .routes(routes!(drafts::rebase))
        .routes(routes!(enrolling::ask))
        .routes(routes!(enrolling::find))
        .layer(DefaultBodyLimit::max(request::LIMIT))
        .routes(routes!(importing::csv_template))
        .routes(routes!(importing::xlsx_template))
        .merge(sheets())
        .routes(routes!(papers::public))
        .routes(routes!(papers::private))
}

/// Sheets are larger than anything else that is sent to the desk as a whole.
fn sheets() -> OpenApiRouter<Arc<Served>> {
    OpenApiRouter::new()
        .routes(routes!(importing::read))
        .routes(routes!(importing::told))
        .layer(DefaultBodyLimit::max(FILE_LIMIT))
}
