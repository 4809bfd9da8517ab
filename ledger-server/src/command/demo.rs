//! `sanzi demo`: builds the demonstration in an empty folder, audits it, and serves it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use ledger_core::audit::Report;
use ledger_core::language::Language;
use ledger_core::money::Fen;
use ledger_core::store::local::LocalOptions;
use ledger_core::transaction::{Phase, Transaction};
use ledger_server::demo::{self, DEFAULT_SEED, Found, Made, Sight};

use super::help::Text;
use super::settings::{LogFormat, Settings};
use super::{complain, data, say, serve};

/// The exit code when what was built does not hold.
const DOES_NOT_HOLD: u8 = 1;

/// Builds the demonstration and serves it.
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    #[arg(long, value_name = "DIR", default_value = "sanzi-demo")]
    data: PathBuf,
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    #[arg(long)]
    no_serve: bool,
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SEED)]
    seed: u64,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "demo",
        zh: "建一个演示账本（2018 年 50 宗交易）和一个练习账本，审计后对外提供",
        en: "Build a demonstration ledger (the year 2018, 50 transactions) and one to practise on, audit and serve them",
    },
    Text {
        of: "demo.data",
        zh: "数据文件夹；空的就新建演示，已有账本就直接打开",
        en: "The data folder: built if it is empty, opened if it holds ledgers",
    },
    Text {
        of: "demo.listen",
        zh: "监听的地址和端口",
        en: "Address and port to listen on",
    },
    Text {
        of: "demo.no_serve",
        zh: "只建账、审计，不对外提供",
        en: "Only build and audit, do not serve",
    },
    Text {
        of: "demo.seed",
        zh: "种子；同一种子得到逐字节相同的账本",
        en: "The seed: the same one gives the same ledger, byte for byte",
    },
];

impl Demo {
    /// Builds, audits and serves.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        if !self.no_serve {
            // Better said now than after the build.
            drop(
                TcpListener::bind(self.listen)
                    .map_err(|error| serve::unbound(error, self.listen, language))?,
            );
        }
        let found = demo::find(&self.data)
            .with_context(|| language.pick("演示没有建", "the demonstration was not built"))?;
        let holds = match found {
            Found::Ledgers => {
                say(&language.pick(
                    format!(
                        "{} 里已有账本，不再新建（演示的看点在其中的 guide.txt）。",
                        self.data.display()
                    ),
                    format!(
                        "{} holds ledgers already; nothing is built (where to find what in the demonstration: guide.txt in it).",
                        self.data.display()
                    ),
                ));
                true
            }
            Found::Nothing | Found::Unfinished => self.build(language)?,
        };
        if !holds {
            return Ok(ExitCode::from(DOES_NOT_HOLD));
        }
        if self.no_serve {
            return Ok(ExitCode::SUCCESS);
        }
        serve::start_logging(LogFormat::default());
        let opened = data::open(&self.data, LocalOptions::default(), None, language)?;
        // Ledgers that were there already may be others than the demonstration's.
        if self.data.join("keys").join("passphrase.txt").is_file() {
            advise(&self.data, self.listen, language);
        }
        let settings = Settings {
            data: Some(self.data),
            listen: Some(self.listen),
            // To be shown and tried, not to be held against a crowd.
            requests_per_second: Some(0),
            ..Settings::default()
        };
        serve::serve(opened, &settings, None, language)
    }

    /// Builds and audits; says whether what was built holds.
    fn build(&self, language: Language) -> anyhow::Result<bool> {
        complain(&language.pick(
            format!(
                "在 {} 建演示账本：东塱 2018 年，除“50 宗、1,300,000.00 元”外均为示例（种子 {}）",
                self.data.display(),
                self.seed
            ),
            format!(
                "building the demonstration in {}: 2018, illustrative but for its two totals, 50 transactions and 1,300,000.00 yuan (seed {})",
                self.data.display(),
                self.seed
            ),
        ));
        let begun = Instant::now();
        let bar = progress_bar(language);
        let made = demo::make(&self.data, self.seed, &mut |done, all| {
            bar.set_length(all);
            bar.set_position(done);
        });
        bar.finish_and_clear();
        let made =
            made.with_context(|| language.pick("演示没有建成", "the demonstration was not built"))?;
        summarise(&made, begun.elapsed(), language);
        guide(&made.sights, &self.data, language);
        Ok(made.year.holds() && made.practice.holds())
    }
}

fn progress_bar(language: Language) -> ProgressBar {
    let bar = ProgressBar::no_length();
    let template = language.pick(
        "逐日登记 {wide_bar} {pos}/{len} 个工作日",
        "recording {wide_bar} {pos}/{len} working days",
    );
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn verdict(report: &Report, language: Language) -> String {
    match &report.fault {
        None => language.pick("成立", "holds").to_owned(),
        Some(fault) => {
            let place = fault
                .index
                .map(|index| index.to_string())
                .unwrap_or_default();
            format!(
                "{} {place}：{}。{}",
                language.pick("不成立，第", "does not hold, entry"),
                fault.kind,
                fault.kind.meaning(language)
            )
        }
    }
}

fn summarise(made: &Made, took: Duration, language: Language) {
    let (year, practice) = (&made.year, &made.practice);
    let all = year.state.transactions().count();
    let completed = year.completed();
    let ended = |transaction: &&Transaction| matches!(transaction.phase, Phase::Terminated { .. });
    let ended = year.state.transactions().filter(ended).count();
    let open = all.saturating_sub(completed + ended);
    let total = Fen::new(made.total_fen).unwrap_or_default();
    let (entries, signatures, root) = (year.checked, year.signatures, year.root);
    let (verdict, practised) = (verdict(year, language), verdict(practice, language));
    let took = took.as_secs_f64();
    say(&language.pick(
        format!(
            "演示账本 donglang：交易 {all} 宗，完成 {completed} 宗，终止 {ended} 宗，在办 {open} 宗；完成的合计 {total} 元\n\
             条目 {entries} 条，签名 {signatures} 个，树根 {root}\n\
             练习账本 practice：只有建账一条，公开期为数秒，可以走完 16 个环节\n\
             审计：donglang {verdict}；practice {practised}（用时 {took:.1} 秒）"
        ),
        format!(
            "demonstration ledger donglang: {all} transactions, {completed} completed, {ended} broken off, {open} under way; the completed are worth {total} yuan\n\
             {entries} entries, {signatures} signatures, root {root}\n\
             practice ledger practice: its founding only, windows of seconds, to walk all 16 steps\n\
             audit: donglang {verdict}; practice {practised} ({took:.1} s)"
        ),
    ));
}

/// Says where to find what.
fn guide(sights: &[Sight], data: &Path, language: Language) {
    let data = data.display();
    let file = demo::GUIDE;
    say(&language.pick(
        format!("看点（sanzi show {data}#donglang --transaction <编号>；也写在 {data}/{file}）："),
        format!(
            "worth a look (sanzi show {data}#donglang --transaction <id>; also in {data}/{file}):"
        ),
    ));
    for sight in sights {
        let text = language.pick(sight.zh, sight.en);
        say(&format!("  {:<26} {text}", sight.places()));
    }
    say(&language.pick(
        format!("风险提示一览：sanzi flags {data}#donglang --at 2018-12-31"),
        format!("all red flags: sanzi flags {data}#donglang --at 2018-12-31"),
    ));
}

/// Says what to try next.
fn advise(data: &Path, listen: SocketAddr, language: Language) {
    let data = data.display();
    let host = match listen.ip() {
        ip if ip.is_unspecified() => IpAddr::from(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    let at = SocketAddr::new(host, listen.port());
    say(&language.pick(
        format!(
            "接下来可以试（另开一个终端；用 cargo 时把 sanzi 换成 cargo run --release --）：\n  \
             浏览    http://{at}/\n  \
             核对    sanzi audit http://{at}/donglang --pins {data}/donglang/pins.json\n  \
             记一笔  sanzi record asset_verification --ledger http://{at}/practice --transaction 2026-001 --key {data}/keys/practice/huang.key --passphrase-file {data}/keys/passphrase.txt\n\
             钥匙在 {data}/keys/，由公开的种子推出，口令写在旁边：只供演示和练习，切勿用于真实账本。"
        ),
        format!(
            "to try next, in another terminal (with cargo, write cargo run --release -- for sanzi):\n  \
             browse  http://{at}/\n  \
             audit   sanzi audit http://{at}/donglang --pins {data}/donglang/pins.json\n  \
             record  sanzi record asset_verification --ledger http://{at}/practice --transaction 2026-001 --key {data}/keys/practice/huang.key --passphrase-file {data}/keys/passphrase.txt\n\
             The keys in {data}/keys/ follow from a public seed, their passphrase beside them: for demonstration only."
        ),
    ));
}
