//! `sanzi notice`: a disclosure as a sheet of paper for the notice board.
//!
//! Composed again from the ledger and compared with the digest that was signed: what is printed is what
//! was published. One file, without scripts; the QR code leads to the page that verifies it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use askama::Template as _;
use ledger_core::{Language, PublicationPoint, TransactionId};

use super::help::Text;
use crate::draft;
use crate::notice::{self, Gathering};
use crate::source_arg;
use crate::terminal::{Refused, Terminal};

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
        let mut gathering = Gathering::new(language, self.transaction.clone(), self.point);
        let report = source.replay(&mut |entry, state, _| gathering.see(entry, state))?;
        let (Some(published), Some(transaction)) = (
            gathering.finish(),
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
        if let Some(found) = published.differs() {
            bail!(Refused(terminal.pick(
                format!("公开内容与所签的摘要不符，没有打印：应为 {}，实为 {found}", published.signed),
                format!("the disclosure has not the signed digest, nothing was printed: expected {}, found {found}", published.signed),
            )));
        }
        let base = self.base_url.as_deref();
        let sheet = notice::sheet(language, &report.state, transaction, &published, base);
        let Some(sheet) = sheet else {
            bail!(terminal.pick(
                "网址太长，做不成二维码；请用 --base-url 换一个短的",
                "the address is too long for a QR code: give a shorter one by --base-url",
            ));
        };
        let html = sheet.render()?;
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
}
