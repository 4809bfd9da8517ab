//! A disclosure as a sheet of paper for the notice board: composed again from the record, never written.
//!
//! The command line makes one file of it, the pages serve it; both show the same. The digest of what is
//! composed is held against the signed one before anything is shown. Knows no source and no terminal.

use std::collections::BTreeMap;

use askama::Template;
use data_encoding::BASE64URL_NOPAD;
use ledger_core::admit::Entry;
use ledger_core::calendar::{Calendar, SpanUnit};
use ledger_core::disclosure::{DisclosedDetour, Disclosure};
use ledger_core::event::Event;
use ledger_core::hash::Digest;
use ledger_core::record::Publication;
use ledger_core::state::{LedgerState, State};
use ledger_core::transaction::Transaction;
use ledger_core::{Language, MemberId, PublicationPoint, StatedTime, StreamId, TransactionId};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

use crate::key_file::grouped;
use crate::moment;
use crate::words::{Row, Words, words_for};

/// The sheet's style: inside the file that the command line makes, an asset of the pages.
const STYLE: &str = include_str!("../web/src/entry/notice.css");

/// The sheet.
#[derive(Template)]
#[template(path = "notice.html")]
pub(crate) struct Sheet {
    pub(crate) lang: &'static str,
    /// Where its style is served; inside the sheet if it is to be a file of its own.
    pub(crate) style_at: Option<&'static str>,
    style: &'static str,
    pub(crate) title: String,
    transaction: String,
    pub(crate) collective: String,
    pub(crate) summary: String,
    training: bool,
    training_mark: &'static str,
    training_note: &'static str,
    window_title: &'static str,
    pub(crate) window: String,
    pub(crate) channels: String,
    comments_title: &'static str,
    pub(crate) comments: String,
    pub(crate) reports: String,
    detours_title: &'static str,
    detours: Vec<Facts>,
    facts_title: &'static str,
    pub(crate) steps: Vec<Facts>,
    /// How the facts stand on paper, so that they fit one sheet.
    dense: &'static str,
    /// How many characters of each are printed.
    most: usize,
    cut: bool,
    cut_note: &'static str,
    pub(crate) qr: String,
    scan_title: &'static str,
    scan: &'static str,
    pub(crate) digest: String,
    pub(crate) url: String,
}

impl Row {
    /// What it says without the digest below, which the sheet's own digest covers; and of a document only
    /// its title.
    fn said(&self) -> &str {
        let digest = |rest: &str| rest.chars().all(|c| c.is_ascii_hexdigit() || c == ' ');
        match self.value.split_once("\nSHA-256 ") {
            Some((said, rest)) if digest(rest) => {
                let title = said.rfind(['（', '(']).map(|end| said[..end].trim_end());
                title.filter(|title| !title.is_empty()).unwrap_or(said)
            }
            _ => &self.value,
        }
    }

    /// Its first `most` characters, what only a screen shows, and whether paper leaves out some of what it
    /// says.
    fn printed(&self, most: usize) -> (&str, &str, bool) {
        let said = self.said();
        match said.char_indices().nth(most) {
            Some((end, _)) => (&self.value[..end], &self.value[end..], true),
            None => (said, &self.value[said.len()..], false),
        }
    }
}

/// A step as the sheet shows it.
pub(crate) struct Facts {
    pub(crate) title: String,
    pub(crate) rows: Vec<Row>,
}

/// What was published, composed again.
pub(crate) struct Published {
    /// In words as of the time, by entry.
    detours: BTreeMap<u64, Vec<Row>>,
    pub(crate) disclosure: Disclosure,
    /// The entry that published it.
    pub(crate) index: u64,
    pub(crate) signed: Digest,
}

impl Published {
    /// Whether what was composed is what was signed: the digest found, if it is not.
    pub(crate) fn differs(&self) -> Option<String> {
        match self.disclosure.digest() {
            Ok(found) if found == self.signed => None,
            Ok(found) => Some(found.to_string()),
            Err(error) => Some(error.to_string()),
        }
    }
}

/// Gathers a publication from the entries of the log, in order: the last one made at its point.
pub(crate) struct Gathering {
    before: Option<Transaction>,
    detours: BTreeMap<u64, Vec<Row>>,
    id: TransactionId,
    language: Language,
    point: PublicationPoint,
    published: Option<Published>,
}

impl Gathering {
    pub(crate) fn new(language: Language, id: TransactionId, point: PublicationPoint) -> Self {
        Self {
            before: None,
            detours: BTreeMap::new(),
            id,
            language,
            point,
            published: None,
        }
    }

    /// Takes an entry, with the state after it.
    pub(crate) fn see(&mut self, entry: &Entry, state: &State) {
        let event = &entry.statement().event;
        let here = event
            .step()
            .is_some_and(|view| view.step == self.point.step());
        let transaction = state.transaction(&self.id);
        let ours = transaction.is_some_and(|t| t.head == entry.leaf());
        if let (true, true, Some(publication), Some(before), Some(ledger)) = (
            here,
            ours,
            event.publication(),
            &self.before,
            state.ledger(),
        ) {
            let charter = ledger.charter_of(before.begun_at, entry.index());
            self.published = Some(Published {
                detours: self.detours.clone(),
                disclosure: Disclosure::compose(ledger, charter, before, self.point, publication),
                index: entry.index(),
                signed: publication.disclosure,
            });
        }
        if ours && is_detour(event) {
            let words = Words {
                transaction: self.before.as_ref(),
                ..words_for(self.language, state, entry.statement())
            };
            self.detours.insert(entry.index(), words.event(event));
        }
        self.before = transaction.cloned();
    }

    /// What would be published by this, were it the next entry.
    pub(crate) fn ahead(self, state: &State, publication: &Publication) -> Option<Published> {
        let (ledger, before) = (state.ledger()?, self.before?);
        let charter = ledger.charter_of(before.begun_at, state.size());
        let disclosure = Disclosure::compose(ledger, charter, &before, self.point, publication);
        Some(Published {
            detours: self.detours,
            index: state.size(),
            signed: disclosure.digest().ok()?,
            disclosure,
        })
    }

    /// What was published, if anything was.
    pub(crate) fn finish(self) -> Option<Published> {
        self.published
    }
}

/// What the QR code holds. `base` is the site's address, or a ledger's on it; by default that of the log's
/// name.
pub(crate) fn url(
    ledger: &LedgerState,
    base: Option<&str>,
    (transaction, point): (&TransactionId, PublicationPoint),
    digest: &Digest,
) -> String {
    let (domain, slug) = ledger
        .log_origin
        .as_str()
        .split_once('/')
        .unwrap_or_default();
    let base = match base {
        Some(base) => base.trim_end_matches('/').to_owned(),
        None => format!("https://{domain}"),
    };
    let base = base.strip_suffix(&format!("/{slug}")).unwrap_or(&base);
    let fragment = BASE64URL_NOPAD.encode(digest.as_bytes());
    format!("{base}/{slug}/d/{transaction}/{point}#{fragment}")
}

/// Composes the sheet. `state` is the newest.
pub(crate) fn sheet(
    l: Language,
    state: &State,
    transaction: &Transaction,
    published: &Published,
    base: Option<&str>,
) -> Option<Sheet> {
    let (ledger, disclosure) = (state.ledger()?, &published.disclosure);
    let stream = StreamId::Transaction(transaction.id.clone());
    let words = Words {
        language: l,
        ledger: Some(ledger),
        charter: state.charter_of(&stream).map(AsRef::as_ref),
        transaction: Some(transaction),
    };
    let about = (&transaction.id, disclosure.point);
    let url = url(ledger, base, about, &published.signed);
    let channels: Vec<&str> = disclosure
        .channels
        .iter()
        .map(|channel| channel.name.as_str())
        .collect();
    let channels = channels.join(l.pick("、", ", "));
    let step = disclosure.point.step();
    let id = &transaction.id;
    let (detours, steps) = (detours(&words, published), facts(&words, disclosure));
    let above = [
        disclosure.summary.as_str(),
        disclosure.comments_to.as_str(),
        disclosure.reports_to.as_str(),
        &channels,
    ];
    let fit = Fit::of(&above, || detours.iter().chain(&steps));
    Some(Sheet {
        lang: l.pick("zh-CN", "en"),
        style_at: None,
        style: STYLE,
        title: l.pick(step.zh(), step.en()).to_owned(),
        transaction: l.pick(format!("交易 {id}"), format!("transaction {id}")),
        collective: disclosure.collective.to_string(),
        summary: disclosure.summary.to_string(),
        training: disclosure.training,
        training_mark: l.pick("演示账本", "TRAINING"),
        training_note: l.pick("演示账本：内容仅供练习，没有效力", "Training ledger: for practice only, without effect"),
        window_title: l.pick("公开期", "Open for inspection"),
        window: window(l, ledger.calendar_at(state.size()), transaction, disclosure),
        channels: l.pick(format!("公开渠道：{channels}"), format!("Posted on: {channels}")),
        comments_title: l.pick("怎样提意见", "How to comment"),
        comments: disclosure.comments_to.to_string(),
        reports: l.pick(format!("监督举报：{}", disclosure.reports_to), format!("To report misuse: {}", disclosure.reports_to)),
        detours_title: l.pick("变更经过", "What was changed on the way"),
        detours,
        facts_title: l.pick("公开事项", "What is published"),
        steps,
        dense: fit.dense,
        most: fit.most,
        cut: fit.most < usize::MAX,
        cut_note: l.pick(
            "一张纸印不下全部内容：以“…”结尾的，全文见扫码页面。",
            "Not all of it fits one sheet: what ends in … stands whole on the page behind the code.",
        ),
        qr: qr(&url)?,
        scan_title: l.pick("扫码核对", "Scan to verify"),
        scan: l.pick(
            "用手机扫码，可核对本页与账本所记是否一致。内容摘要（SHA-256），可逐组比对：",
            "The page behind the code says whether this sheet is what the ledger holds. Digest (SHA-256):",
        ),
        digest: grouped(&published.signed.to_string()),
        url,
    })
}

/// How the facts of a publication stand on one sheet of A4: in rows; where they are too many for that as
/// running text; and where even that is too long, cut, and said to be.
struct Fit {
    dense: &'static str,
    most: usize,
}

impl Fit {
    /// Lines of the smallest letters that two columns hold below what stands above them, when that is short.
    const LINES: usize = 96;

    /// How many wide letters fit such a line.
    const LINE: usize = 34;

    fn of<'a, I: Iterator<Item = &'a Facts>>(above: &[&str], facts: impl Fn() -> I) -> Self {
        // A line above takes as much room as two in each of both columns; so much is always there.
        let large: usize = above.iter().map(|text| width(text) / 42).sum();
        let room = Self::LINES.saturating_sub(4 * large);
        let rows: usize = facts().map(|facts| lines_of_rows(&facts.rows) + 1).sum();
        if rows <= room {
            return Self {
                dense: "",
                most: usize::MAX,
            };
        }
        let lines = |most: usize| -> usize {
            let of = |facts: &Facts| {
                let text: usize = (facts.rows.iter())
                    .map(|row| width(&row.label) + width(row.printed(most).0) + 3)
                    .sum();
                2 + text / Self::LINE
            };
            facts().map(of).sum()
        };
        let most = [usize::MAX, 120, 60, 40, 20];
        let most = most.into_iter().find(|most| lines(*most) <= room);
        Self {
            dense: "dense",
            most: most.unwrap_or(20),
        }
    }
}

fn lines_of_rows(rows: &[Row]) -> usize {
    rows.iter().map(|row| 1 + width(row.said()) / 23).sum()
}

/// How wide a text is, in wide letters: others are half as wide.
fn width(text: &str) -> usize {
    text.chars()
        .map(|c| 1 + usize::from(!c.is_ascii()))
        .sum::<usize>()
        .div_ceil(2)
}

fn facts(words: &Words<'_>, disclosure: &Disclosure) -> Vec<Facts> {
    let l = words.language;
    let of = |step: &ledger_core::disclosure::DisclosedStep| {
        if matches!(step.record, Event::StepWaived(_)) {
            return Facts {
                title: l.pick(
                    format!("第 {} 环节 {}", step.step.number(), step.step.zh()),
                    format!("step {}, {}", step.step.number(), step.step.en()),
                ),
                rows: vec![row(
                    l.pick("免办", "waived"),
                    l.pick(
                        format!("依章程豁免，见“变更经过”（第 {} 条）", step.index),
                        format!("under the charter, see the changes (entry {})", step.index),
                    ),
                )],
            };
        }
        let mut rows = words.event(&step.record);
        if !step.corrected_by.is_empty() {
            let by: Vec<String> = step.corrected_by.iter().map(u64::to_string).collect();
            rows.push(row(
                l.pick("更正", "corrected"),
                l.pick(
                    format!(
                        "以上为更正后的内容，见“变更经过”（第 {} 条）",
                        by.join("、")
                    ),
                    format!(
                        "this is what it says as corrected, see the changes (entry {})",
                        by.join(", ")
                    ),
                ),
            ));
        }
        rows.extend(signed(words, step.at, step.recorded_late, &step.signers));
        Facts {
            title: words.title(&step.record),
            rows,
        }
    };
    disclosure.steps.iter().map(of).collect()
}

/// Whether a disclosure tells it among the changes on the way.
fn is_detour(event: &Event) -> bool {
    matches!(
        event,
        Event::Corrected(_) | Event::Returned(_) | Event::StepWaived(_)
    )
}

fn row(label: &str, value: String) -> Row {
    Row {
        depth: 0,
        label: label.to_owned(),
        value,
    }
}

/// When it happened and who signed it.
fn signed(words: &Words<'_>, at: StatedTime, recorded_late: bool, by: &[MemberId]) -> [Row; 2] {
    let l = words.language;
    let late = if recorded_late {
        l.pick("【补录】", " [RECORDED LATE]")
    } else {
        ""
    };
    let signers: Vec<String> = by.iter().map(|id| words.member(id)).collect();
    [
        row(
            l.pick("时间", "at"),
            format!("{}{late}", moment::stated(at)),
        ),
        row(
            l.pick("签署", "signed by"),
            signers.join(l.pick("、", ", ")),
        ),
    ]
}

/// Waivers, returns and corrections, each with its entry.
fn detours(words: &Words<'_>, published: &Published) -> Vec<Facts> {
    let l = words.language;
    let of = |detour: &DisclosedDetour| {
        let mut rows = match published.detours.get(&detour.index) {
            Some(rows) => rows.clone(),
            None => words.event(&detour.record),
        };
        rows.extend(signed(
            words,
            detour.at,
            detour.recorded_late,
            &detour.signers,
        ));
        let (name, index) = (words.title(&detour.record), detour.index);
        Facts {
            title: l.pick(
                format!("{name}（第 {index} 条）"),
                format!("{name} (entry {index})"),
            ),
            rows,
        }
    };
    published.disclosure.detours.iter().map(of).collect()
}

/// When the disclosure is open: by days once it is posted everywhere, by its length before. The
/// calendar is the newest charter's, as it is for the rules.
pub(crate) fn window(
    l: Language,
    calendar: &Calendar,
    transaction: &Transaction,
    disclosure: &Disclosure,
) -> String {
    let Some(span) = disclosure.open_for else {
        return l
            .pick(
                "长期公开，随时可以查阅。",
                "open to inspection at any time.",
            )
            .to_owned();
    };
    let length = l.pick(span.label_zh(), span.label_en());
    let is_in_days = matches!(span.unit(), SpanUnit::WorkingDays | SpanUnit::Days);
    let postings = transaction.postings_of(disclosure.point);
    let everywhere = disclosure
        .channels
        .iter()
        .all(|channel| postings.contains_key(&channel.id));
    let last_posting = postings
        .values()
        .map(|posting| posting.recorded.received_at)
        .max();
    let end = last_posting.filter(|_| everywhere).and_then(|posted| {
        let end = calendar.end_of(posted, span).ok()?;
        Some((posted, end))
    });
    let Some((posted, end)) = end else {
        let (zh, en) = if is_in_days {
            ("的次日起", "from the day after it has been posted")
        } else {
            ("时起", "from when it is posted")
        };
        return l.pick(
            format!("自所有渠道张贴齐并登记{zh}，公开 {length}。"),
            format!("{length}, {en} on every channel."),
        );
    };
    let offset = calendar.utc_offset_minutes();
    let (first, last) = if is_in_days {
        let first = calendar.date_of(posted).plus_days(1);
        let last = calendar.date_of(end.minus_seconds(1));
        (
            first.map(|day| day.to_string()).unwrap_or_default(),
            last.to_string(),
        )
    } else {
        (
            moment::logged(posted, offset),
            moment::logged(end.minus_seconds(1), offset),
        )
    };
    l.pick(
        format!("{first} 至 {last}（{length}）"),
        format!("{first} to {last} ({length})"),
    )
}

/// The code as an SVG element, with its quiet zone.
pub(crate) fn qr(url: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(url, EcLevel::M).ok()?;
    let svg = code.render::<svg::Color<'_>>().quiet_zone(true).build();
    let start = svg.find("<svg").unwrap_or_default();
    Some(svg[start..].replacen("<svg ", r#"<svg role="img" aria-label="QR" "#, 1))
}
