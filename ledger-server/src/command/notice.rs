//! `sanzi notice`: a disclosure as a sheet of paper for the notice board.
//!
//! Composed again from the ledger and compared with the digest that was signed: what is printed is what
//! was published. One file, without scripts; the QR code leads to the page that verifies it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use askama::Template;
use data_encoding::BASE64URL_NOPAD;
use ledger_core::calendar::{Calendar, SpanUnit};
use ledger_core::disclosure::{DisclosedDetour, Disclosure};
use ledger_core::event::Event;
use ledger_core::hash::Digest;
use ledger_core::state::{LedgerState, State};
use ledger_core::transaction::Transaction;
use ledger_core::{Language, MemberId, PublicationPoint, StatedTime, TransactionId};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

use super::cosign::words_for;
use super::help::Text;
use crate::draft;
use crate::key_file::grouped;
use crate::moment;
use crate::source_arg;
use crate::terminal::{Refused, Terminal};
use crate::words::{Row, Words};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi notice data 2026-001 pre_plan --base-url https://sanzi.example.org --out notice.html"
)]
pub(crate) struct Notice {
    source: String,
    transaction: TransactionId,
    point: PublicationPoint,
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct Page {
    lang: &'static str,
    title: String,
    transaction: String,
    collective: String,
    summary: String,
    training: bool,
    training_mark: &'static str,
    training_note: &'static str,
    window_title: &'static str,
    window: String,
    channels: String,
    comments_title: &'static str,
    comments: String,
    reports: String,
    detours_title: &'static str,
    detours: Vec<Facts>,
    facts_title: &'static str,
    steps: Vec<Facts>,
    qr: String,
    scan_title: &'static str,
    scan: &'static str,
    digest: String,
    url: String,
}

/// A step as the page shows it.
struct Facts {
    title: String,
    rows: Vec<Row>,
}

/// What was published, composed again.
struct Published {
    /// In words as of the time, by entry.
    detours: BTreeMap<u64, Vec<Row>>,
    disclosure: Disclosure,
    signed: Digest,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "notice",
        zh: "打印公开栏用的公开内容（A4，带二维码）",
        en: "Print a disclosure for the notice board (A4, with a QR code)",
    },
    Text {
        of: "notice.source",
        zh: "账本：数据文件夹、镜像文件夹或网址",
        en: "The ledger: data folder, mirror's folder or URL",
    },
    Text {
        of: "notice.transaction",
        zh: "交易编号",
        en: "The transaction's id",
    },
    Text {
        of: "notice.point",
        zh: "公开节点：pre_plan（方案生成前）、plan（方案生成后）、completion（交易完成后）",
        en: "Which publication: pre_plan, plan or completion",
    },
    Text {
        of: "notice.base_url",
        zh: "网站地址；默认 https://账本域名",
        en: "The site's address; by default https:// and the ledger's domain",
    },
    Text {
        of: "notice.out",
        zh: "写到哪个文件；默认显示出来",
        en: "Where the page goes; by default it is printed",
    },
    Text {
        of: "notice.pins",
        zh: "信任锚文件",
        en: "The pins to verify the ledger by",
    },
];

impl Notice {
    /// Makes the page.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        let source = source_arg::open(terminal, &self.source, self.pins.as_deref())?;
        let mut before: Option<Transaction> = None;
        let mut published = None;
        let mut detours = BTreeMap::new();
        let report = source.replay(&mut |entry, state, _| {
            let event = &entry.statement().event;
            let here = event
                .step()
                .is_some_and(|view| view.step == self.point.step());
            let transaction = state.transaction(&self.transaction);
            let ours = transaction.is_some_and(|t| t.head == entry.leaf());
            if let (true, true, Some(publication), Some(before), Some(ledger)) =
                (here, ours, event.publication(), &before, state.ledger())
            {
                let charter = ledger.charter_of(before.begun_at, entry.index());
                let disclosure =
                    Disclosure::compose(ledger, charter, before, self.point, publication);
                published = Some(Published {
                    detours: detours.clone(),
                    disclosure,
                    signed: publication.disclosure,
                });
            }
            if ours && is_detour(event) {
                let words = Words {
                    transaction: before.as_ref(),
                    ..words_for(language, state, entry.statement())
                };
                detours.insert(entry.index(), words.event(event));
            }
            before = transaction.cloned();
        })?;
        let (Some(published), Some(ledger), Some(transaction)) = (
            published,
            report.state.ledger(),
            report.state.transaction(&self.transaction),
        ) else {
            bail!(terminal.pick(
                format!(
                    "交易 {} 还没有做「{}」，没有可打印的公开内容",
                    self.transaction,
                    self.point.step().zh()
                ),
                format!(
                    "transaction {} has not been published at {} yet",
                    self.transaction, self.point
                ),
            ));
        };
        let found = published.disclosure.digest()?;
        if found != published.signed {
            bail!(Refused(terminal.pick(
                format!("公开内容与所签的摘要不符，没有打印：应为 {}，实为 {found}", published.signed),
                format!("the disclosure has not the signed digest, nothing was printed: expected {}, found {found}", published.signed),
            )));
        }
        let page = self.page(terminal, &report.state, ledger, transaction, &published)?;
        let html = page.render()?;
        match &self.out {
            None => terminal.say(html.trim_end()),
            Some(file) => {
                draft::replace(terminal, file, html.as_bytes())?;
                terminal.say(terminal.pick(
                    format!(
                        "已核对并写到 {}，用浏览器打开后打印（A4）。",
                        file.display()
                    ),
                    format!(
                        "verified and written to {}: open it in a browser and print it (A4).",
                        file.display()
                    ),
                ));
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// What the QR code holds.
    fn url(&self, ledger: &LedgerState, digest: &Digest) -> String {
        let (domain, slug) = ledger
            .log_origin
            .as_str()
            .split_once('/')
            .unwrap_or_default();
        let base = match &self.base_url {
            Some(base) => base.trim_end_matches('/').to_owned(),
            None => format!("https://{domain}"),
        };
        let base = base.strip_suffix(&format!("/{slug}")).unwrap_or(&base);
        let fragment = BASE64URL_NOPAD.encode(digest.as_bytes());
        format!(
            "{base}/{slug}/d/{}/{}#{fragment}",
            self.transaction, self.point
        )
    }

    fn page(
        &self,
        terminal: Terminal,
        state: &State,
        ledger: &LedgerState,
        transaction: &Transaction,
        published: &Published,
    ) -> anyhow::Result<Page> {
        let disclosure = &published.disclosure;
        let stream = ledger_core::StreamId::Transaction(self.transaction.clone());
        let words = Words {
            language: terminal.language,
            ledger: Some(ledger),
            charter: state.charter_of(&stream).map(AsRef::as_ref),
            transaction: state.transaction_of(&stream),
        };
        let url = self.url(ledger, &published.signed);
        let channels: Vec<String> = disclosure
            .channels
            .iter()
            .map(|channel| channel.name.to_string())
            .collect();
        let channels = channels.join(terminal.pick("、", ", "));
        let step = self.point.step();
        Ok(Page {
            lang: terminal.pick("zh-Hans", "en"),
            title: terminal.pick(step.zh(), step.en()).to_owned(),
            transaction: terminal.pick(format!("交易 {}", self.transaction), format!("transaction {}", self.transaction)),
            collective: disclosure.collective.to_string(),
            summary: disclosure.summary.to_string(),
            training: disclosure.training,
            training_mark: terminal.pick("演示账本", "TRAINING"),
            training_note: terminal.pick("演示账本：内容仅供练习，没有效力", "Training ledger: for practice only, without effect"),
            window_title: terminal.pick("公开期", "Open for inspection"),
            window: window(terminal, ledger.calendar_at(state.size()), transaction, disclosure),
            channels: terminal.pick(format!("公开渠道：{channels}"), format!("Posted on: {channels}")),
            comments_title: terminal.pick("怎样提意见", "How to comment"),
            comments: disclosure.comments_to.to_string(),
            reports: terminal.pick(format!("监督举报：{}", disclosure.reports_to), format!("To report misuse: {}", disclosure.reports_to)),
            detours_title: terminal.pick("变更经过", "What was changed on the way"),
            detours: detours(&words, published),
            facts_title: terminal.pick("公开事项", "What is published"),
            steps: facts(&words, disclosure),
            qr: qr(&url)?,
            scan_title: terminal.pick("扫码核对", "Scan to verify"),
            scan: terminal.pick(
                "用手机扫码，可核对本页与账本所记是否一致。内容摘要（SHA-256），可逐组比对：",
                "The page behind the code says whether this sheet is what the ledger holds. Digest (SHA-256):",
            ),
            digest: grouped(&published.signed.to_string()),
            url,
        })
    }
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
fn window(
    terminal: Terminal,
    calendar: &Calendar,
    transaction: &Transaction,
    disclosure: &Disclosure,
) -> String {
    let Some(span) = disclosure.open_for else {
        return terminal
            .pick(
                "长期公开，随时可以查阅。",
                "open to inspection at any time.",
            )
            .to_owned();
    };
    let length = terminal.pick(span.label_zh(), span.label_en());
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
        return terminal.pick(
            format!("自所有渠道张贴齐并登记的次日起，公开 {length}。"),
            format!("{length}, from the day after it has been posted on every channel."),
        );
    };
    let offset = calendar.utc_offset_minutes();
    let (first, last) = if matches!(span.unit(), SpanUnit::WorkingDays | SpanUnit::Days) {
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
    terminal.pick(
        format!("{first} 至 {last}（{length}）"),
        format!("{first} to {last} ({length})"),
    )
}

/// The code as an SVG element, with its quiet zone.
fn qr(url: &str) -> anyhow::Result<String> {
    let code = QrCode::with_error_correction_level(url, EcLevel::M)?;
    let svg = code.render::<svg::Color<'_>>().quiet_zone(true).build();
    let start = svg.find("<svg").unwrap_or_default();
    Ok(svg[start..].replacen("<svg ", r#"<svg role="img" aria-label="QR" "#, 1))
}
