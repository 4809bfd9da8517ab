//! The receipt of a concern: its code, and the files that prove that it stands in the log.

use askama::Template;
use ledger_core::name::ConcernId;

use super::course::Course;
use super::facts::{Part, moment};
use super::shell::Shell;
use super::voice::{Said, subject_en};
use super::{NoPage, Scene};
use crate::catalogue::Voiced;
use crate::intake::Code;
use crate::notice::qr;

#[derive(Template)]
#[template(path = "pages/receipt.html")]
pub(super) struct Receipt {
    s: Shell,
    id: String,
    code: String,
    link: String,
    qr: Option<String>,
    index: u64,
    transaction: String,
    deadline: String,
    subject: &'static str,
    by: Option<Part>,
    said: Said,
    filed_at: String,
    is_new: bool,
}

impl Receipt {
    /// The page. `base` is the address of this site, as far as it is known.
    pub(super) fn of(
        scene: &Scene,
        code: &Code,
        id: &ConcernId,
        is_new: bool,
        base: Option<String>,
    ) -> Result<String, NoPage> {
        let l = scene.visit.language;
        let view = scene.view()?;
        let known = view.concerns.iter().find(|concern| concern.id == *id);
        let known = known.ok_or(NoPage::Missing)?;
        let course = Course::of(scene, &known.transaction)?.ok_or(NoPage::Missing)?;
        let concern = course.state.concern(id).ok_or(NoPage::Missing)?;
        let voiced = Voiced::of(&scene.snapshot.state, scene.snapshot.size(), concern);
        let base = base.unwrap_or_else(|| {
            let origin = scene.snapshot.state.origin.as_str();
            let domain = origin.split_once('/').map_or(origin, |(domain, _)| domain);
            format!("https://{domain}")
        });
        let link = format!("{base}/{}/c/{id}#{code}", scene.ledger.slug());
        let index = concern.recorded.index;
        let by = concern.raised.by.as_ref();
        let title = l.pick("已收到您的意见", "Your concern is filed");
        Ok(Self {
            s: scene.shell("receipt", title, &[index])?,
            id: id.to_string(),
            code: code.to_string(),
            qr: qr(&link),
            link,
            index,
            transaction: known.transaction.to_string(),
            deadline: moment(voiced.deadline.at.minus_seconds(1)),
            subject: l.pick(voiced.subject.zh(), subject_en(voiced.subject)),
            by: by.map(|by| Part::derived(by.to_string())),
            said: Said::of(scene, &voiced, usize::MAX),
            filed_at: moment(concern.recorded.received_at),
            is_new,
        }
        .render()?)
    }
}
