//! The site's first page: which ledgers there are.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use ledger_core::event::LossNotice;

use super::shell::Shell;
use super::visit::Visit;
use super::{plain, shown};
use crate::assets;
use crate::problem::Problem;
use crate::served::{Ledgers, Served};

#[derive(Template)]
#[template(path = "index.html")]
struct Bare {
    ledgers: Vec<Row>,
}

#[derive(Template)]
#[template(path = "pages/portal.html")]
struct Portal {
    s: Shell,
    ledgers: Vec<Row>,
}

struct Row {
    slug: String,
    origin: String,
    name: String,
    region: String,
    ledger_id: String,
    size: u64,
    training: bool,
    losses: Vec<LossNotice>,
}

fn row(ledger: &Served) -> Row {
    let snapshot = ledger.snapshot();
    Row {
        slug: ledger.slug().to_owned(),
        origin: snapshot.state.log_origin.to_string(),
        name: snapshot.state.collective.name.to_string(),
        region: snapshot.state.collective.region.to_string(),
        ledger_id: snapshot.state.ledger_id.to_string(),
        size: snapshot.size(),
        training: snapshot.state.training,
        losses: (snapshot.state.losses.iter())
            .map(|loss| loss.notice())
            .collect(),
    }
}

/// `GET /`: which ledgers there are, and where their files are.
#[utoipa::path(
    get,
    path = "/",
    summary = "The first page",
    responses((status = 200, description = "Which ledgers there are, for people", body = String, content_type = "text/html; charset=utf-8"))
)]
pub(crate) async fn index(State(ledgers): State<Ledgers>, visit: Visit) -> Response {
    let ledgers = ledgers.iter().map(|ledger| row(ledger)).collect();
    if !assets::HAS_PAGES {
        return plain(&Bare { ledgers });
    }
    let title = visit.language.pick("三资账", "Sanzi Ledger");
    let s = Shell::bare(&visit, "portal", title);
    match (Portal { s, ledgers }).render() {
        Ok(html) => shown(&visit, html),
        Err(_) => Problem::fault(visit.language).into_response(),
    }
}
