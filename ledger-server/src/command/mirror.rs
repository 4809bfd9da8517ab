//! `sanzi mirror`: keeps a static copy of a ledger that any web server can serve.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use ledger_core::Language;
use serde_json::json;

use super::help::Text;
use crate::mirror::Mirrors;
use crate::source_arg;
use crate::terminal::{Refused, Terminal};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi mirror https://sanzi.example.org/donglang --to /srv/mirror --pins pins.json --follow 60"
)]
pub(crate) struct Mirror {
    source: String,
    #[arg(long, value_name = "DIR|s3://BUCKET/PREFIX")]
    to: String,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    follow: Option<u32>,
    #[arg(long)]
    json: bool,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "mirror",
        zh: "镜像：保存一份静态副本，任何网站服务器都能拿来供人查阅；先核对再替换",
        en: "Keep a static copy that any web server can serve; verified before it is replaced",
    },
    Text {
        of: "mirror.source",
        zh: "账本：数据文件夹、另一个镜像或网址",
        en: "The ledger: data folder, another mirror or URL",
    },
    Text {
        of: "mirror.to",
        zh: "镜像文件夹，或对象存储的桶（s3://桶/前缀，地址和钥匙取自环境变量 AWS_…）；每个账本一个子文件夹，只取新的",
        en: "The mirror's folder, or a bucket of an S3-compatible store (endpoint and credentials from AWS_... in the environment); a folder for each ledger, only what is new is fetched",
    },
    Text {
        of: "mirror.pins",
        zh: "信任锚文件",
        en: "The pins: what you know of the ledger beforehand",
    },
    Text {
        of: "mirror.follow",
        zh: "每隔多少秒跟进一次，直到停下；发现回退或分叉即停，退出码 1",
        en: "Follow, looking every so many seconds; ends with 1 at a rollback or a fork",
    },
    Text {
        of: "mirror.json",
        zh: "以 JSON 输出，每次跟进一行",
        en: "Print JSON, a line for each update",
    },
];

impl Mirror {
    /// Updates the copy, once or again and again.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        let mirrors = Mirrors::open(terminal, &self.to)?;
        let mut first = true;
        loop {
            match (self.update(terminal, &mirrors, first), self.follow) {
                (Ok(()), None) => return Ok(ExitCode::SUCCESS),
                (Err(error), None) => return Err(error),
                (Err(error), _) if first || error.is::<Refused>() => return Err(error),
                // What cannot be reached may be reached the next time.
                (Err(error), _) => terminal.advise(format!("{error:#}")),
                (Ok(()), _) => {}
            }
            first = false;
            let seconds = self.follow.unwrap_or(1);
            std::thread::sleep(Duration::from_secs(u64::from(seconds)));
        }
    }

    fn update(&self, terminal: Terminal, mirrors: &Mirrors, first: bool) -> anyhow::Result<()> {
        for ledger in source_arg::each(terminal, &self.source, self.pins.as_deref())? {
            let source = source_arg::open(terminal, &ledger, self.pins.as_deref())?;
            if first && source.self_pinned {
                source.warn_self_pinned();
            }
            let done = mirrors.update(&source)?;
            let news = first || done.before < done.size || done.documents > 0;
            if self.json && news {
                terminal.say(
                    json!({
                        "origin": source.pins.origin, "before": done.before, "size": done.size,
                        "root": done.root, "documents": done.documents,
                        "documents_missing": done.missing,
                    })
                    .to_string(),
                );
            } else if news {
                let (origin, size) = (&source.pins.origin, done.size);
                let (before, missing) = (done.before, done.missing);
                terminal.say(terminal.pick(
                    format!("{origin}：{before} → {size} 条，新材料 {} 份，来源缺 {missing} 份；已核对，写入 {}", done.documents, self.to),
                    format!("{origin}: {before} -> {size} entries, {} new documents, {missing} not at the source; verified, in {}", done.documents, self.to),
                ));
            }
        }
        Ok(())
    }
}
