//! An Atom feed of what a collective publishes. Follows RFC 4287.

use std::sync::Arc;

use askama::filters::{Html, escape};
use atom_syndication::{
    ContentBuilder, Entry, EntryBuilder, Feed, FeedBuilder, LinkBuilder, Person, Text,
};
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::Response;
use ledger_core::LogTime;

use super::visit::Visit;
use super::{NoPage, Scene, page};
use crate::catalogue::{Published, read};
use crate::served::Served;

/// `GET /<slug>/feed.atom`: what was published last.
#[utoipa::path(
    get,
    path = "/feed.atom",
    summary = "What was published last (RFC 4287)",
    responses((status = 200, description = "What was published last (RFC 4287)", body = String, content_type = "application/atom+xml"))
)]
pub(crate) async fn feed(State(ledger): State<Arc<Served>>, visit: Visit) -> Response {
    let mut response = page(ledger, visit, |scene| Ok(of(scene)?.to_string())).await;
    if response.status().is_success() {
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/atom+xml");
        headers.insert(CONTENT_TYPE, kind);
        let nothing = HeaderValue::from_static("default-src 'none'");
        headers.insert(CONTENT_SECURITY_POLICY, nothing);
    }
    response
}

fn of(scene: &Scene) -> Result<Feed, NoPage> {
    let view = scene.view()?;
    let state = &scene.snapshot.state;
    let domain = state
        .log_origin
        .as_str()
        .split_once('/')
        .map_or("", |(domain, _)| domain);
    let base = format!("https://{domain}/{}", scene.ledger.slug());
    let l = scene.visit.language;
    let name = state.collective.name.to_string();
    let training = if state.training {
        l.pick("【演示账本】", "[TRAINING] ")
    } else {
        ""
    };
    let title = l.pick(
        format!("{training}{name} 三资公开"),
        format!("{training}{name}: disclosures"),
    );
    let entries: Result<Vec<Entry>, NoPage> = view
        .publications
        .iter()
        .map(|published| one(scene, &base, training, published))
        .collect();
    let newest = view
        .publications
        .first()
        .map(|published| published.received_at);
    let link = |rel: &str, href: &str| {
        LinkBuilder::default()
            .rel(rel.to_owned())
            .href(href.to_owned())
            .build()
    };
    Ok(FeedBuilder::default()
        .id(base.clone())
        .title(Text::plain(title))
        .updated(moment(newest.unwrap_or(view.founding.1)))
        .lang(Some(l.pick("zh-CN", "en").to_owned()))
        .author(Person {
            name,
            ..Person::default()
        })
        .link(link("self", &format!("{base}/feed.atom")))
        .link(link("alternate", &base))
        .entries(entries?)
        .build())
}

fn one(scene: &Scene, base: &str, training: &str, published: &Published) -> Result<Entry, NoPage> {
    let l = scene.visit.language;
    let read = read(&scene.snapshot, &[published.index])?.pop();
    let (_, logged) = read.ok_or(NoPage::Fault)?;
    let publication = logged.signed.statement().event.publication().cloned();
    let publication = publication.ok_or(NoPage::Fault)?;
    let point = published.step.publication_point().ok_or(NoPage::Fault)?;
    let step = l.pick(published.step.zh(), published.step.en());
    let address = format!("{base}/d/{}/{point}", published.transaction);
    let summary = publication.summary.to_string();
    let comments = publication.comments_to.to_string();
    let how = l.pick(
        format!("提意见：{comments}"),
        format!("To comment: {comments}"),
    );
    let safe =
        |text: &str| escape(text, Html).map_or_else(|_| String::new(), |safe| safe.to_string());
    let html = format!("<p>{}</p><p>{}</p>", safe(&summary), safe(&how));
    let mut content = ContentBuilder::default();
    content
        .content_type(Some("html".to_owned()))
        .value(Some(html));
    let updated = moment(published.received_at);
    Ok(EntryBuilder::default()
        .id(format!("{base}/e/{}", published.index))
        .title(Text::plain(format!(
            "{training}{step}：{}",
            published.transaction
        )))
        .updated(updated)
        .published(Some(updated))
        .link(
            LinkBuilder::default()
                .rel("alternate".to_owned())
                .href(address)
                .build(),
        )
        .summary(Some(Text::plain(summary)))
        .content(Some(content.build()))
        .build())
}

fn moment(time: LogTime) -> atom_syndication::FixedDateTime {
    // RFC 3339 both.
    time.to_string().parse().unwrap_or_default()
}
