//! `sanzi fsck`: looks over the files of a ledger and tells bad from missing from merely partial.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use ledger_core::Language;
use ledger_core::store::local::LocalFolder;
use serde_json::{Value, json};

use super::audit;
use super::help::Text;
use crate::inspect::{self, Finding, Grade, Inspection};
use crate::source_arg;
use crate::terminal::Terminal;

#[derive(Debug, clap::Args)]
#[command(after_help = "  $ sanzi fsck data\n  $ sanzi fsck /srv/mirror")]
pub(crate) struct Fsck {
    source: String,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long, value_name = "DIR", env = "SANZI_ANCHOR", hide_env_values = true)]
    anchor: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[arg(long)]
    index: bool,
    #[arg(long)]
    json: bool,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "fsck",
        zh: "体检：逐个文件查数据文件夹、镜像、备份或网址，分清坏的、缺的和只是不全的",
        en: "Look over the files of a data folder, mirror, backup or URL; tell bad from missing from partial",
    },
    Text {
        of: "fsck.source",
        zh: "账本：数据文件夹（可以正在使用）、镜像或备份的文件夹、网址",
        en: "The ledger: data folder (may be in use), folder of a mirror or backup, or URL",
    },
    Text {
        of: "fsck.pins",
        zh: "信任锚文件",
        en: "The pins: what you know of the ledger beforehand",
    },
    Text {
        of: "fsck.anchor",
        zh: "锚点文件夹，同 serve 的 --anchor",
        en: "The folder of the anchors, as for serve",
    },
    Text {
        of: "fsck.policy",
        zh: "见证规则文件（tlog-policy），须满足；不给则按账本自带的规则数一数",
        en: "A tlog-policy that the witnesses must satisfy; by default they are counted by the ledger's own",
    },
    Text {
        of: "fsck.index",
        zh: "另把索引与日志逐条比对（文件夹不能正在使用）",
        en: "Compare the index with the log, too (the folder must not be in use)",
    },
    Text {
        of: "fsck.json",
        zh: "以 JSON 输出报告",
        en: "Print the report as JSON",
    },
];

impl Fsck {
    /// Looks over a ledger, or all ledgers of a folder.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        let unchecked = terminal.pick("没有查成，不能下结论", "could not be checked");
        let ledgers = source_arg::each(terminal, &self.source, self.pins.as_deref());
        let mut reports = Vec::new();
        let mut holds = true;
        if self.index {
            let compared =
                audit::compare_index(terminal, &self.source, self.anchor.clone(), self.json);
            holds &= compared.context(unchecked)?;
        }
        for ledger in ledgers.context(unchecked)? {
            let found = self.look(terminal, &ledger).context(unchecked)?;
            holds &= found.holds();
            if !self.json {
                say(terminal, &ledger, &found);
            }
            reports.push(as_json(&ledger, &found));
        }
        if self.json {
            terminal.say(json!({ "holds": holds, "ledgers": reports }).to_string());
        } else {
            terminal.say(if holds {
                terminal.pick("体检通过：没有坏的，也没有缺的。", "holds: nothing is bad and nothing is missing.")
            } else {
                terminal.pick(
                    "体检不通过：见上。修复数据文件夹用 sanzi recover；镜像删掉坏文件后重新镜像。",
                    "does not hold: see above. A data folder is repaired by sanzi recover; a mirror by mirroring into an empty folder.",
                )
            });
        }
        Ok(ExitCode::from(u8::from(!holds)))
    }

    fn look(&self, terminal: Terminal, source: &str) -> anyhow::Result<Inspection> {
        let (raw, pins, place) = source_arg::open_raw(terminal, source, self.pins.as_deref())?;
        let anchor = place.and_then(|place| {
            let anchors = anchors_of(&place.data, self.anchor.as_deref())?;
            Some(LocalFolder::anchor_file(&anchors, &place.slug?))
        });
        let policy = self.policy.as_deref();
        let policy = policy.map(|file| audit::read_policy(terminal, file));
        let policy = policy.transpose()?;
        inspect::inspect(terminal, &raw, &pins, anchor.as_deref(), policy.as_ref())
    }
}

/// The folder of a data folder's anchors.
pub(super) fn anchors_of(data: &Path, given: Option<&Path>) -> Option<PathBuf> {
    given.map_or_else(
        || LocalFolder::default_anchor_folder(data),
        |given| Some(given.to_owned()),
    )
}

fn say(terminal: Terminal, ledger: &str, found: &Inspection) {
    terminal.say(format!("—— {ledger}"));
    for finding in &found.findings {
        let grade = match finding.grade {
            Grade::Bad => terminal.pick("坏", "bad"),
            Grade::Missing => terminal.pick("缺", "missing"),
            Grade::Partial => terminal.pick("不全，无妨", "partial, no harm"),
        };
        let colon = terminal.pick("：", ": ");
        terminal.say(format!(
            "  {grade}{colon}{}{colon}{}",
            finding.place, finding.said
        ));
    }
    if let Some(witnessed) = &found.witnessed {
        let (count, all) = (witnessed.by.len(), witnessed.of);
        let names = witnessed.by.join(terminal.pick("、", ", "));
        let enough = match witnessed.enough {
            true => terminal.pick("够了", "enough"),
            false => terminal.pick("还不够", "not enough"),
        };
        terminal.say(terminal.pick(
            format!("  见证：{all} 个见证方中有 {count} 个签了，{enough}：{names}"),
            format!("  witnesses: {count} of {all} have cosigned, {enough}: {names}"),
        ));
    }
    let [bad, missing, partial] =
        [Grade::Bad, Grade::Missing, Grade::Partial].map(|grade| found.of(grade).count());
    terminal.say(terminal.pick(
        format!(
            "  {} 条，公开材料 {} 份，查了不公开材料 {} 份；坏 {bad}，缺 {missing}，不全 {partial}",
            found.size, found.documents, found.private
        ),
        format!(
            "  {} entries, {} public documents, {} private ones compared; bad {bad}, missing {missing}, partial {partial}",
            found.size, found.documents, found.private
        ),
    ));
}

fn as_json(ledger: &str, found: &Inspection) -> Value {
    let list = |grade| -> Vec<Value> {
        let one = |finding: &Finding| json!({ "place": finding.place, "detail": finding.said });
        found.of(grade).map(one).collect()
    };
    json!({
        "source": ledger, "holds": found.holds(), "size": found.size, "root": found.root,
        "documents": found.documents, "private_documents": found.private,
        "witnesses": found.witnessed.as_ref().map(|witnessed| json!({
            "cosigned": witnessed.by, "enough": witnessed.enough, "of": witnessed.of,
        })),
        "bad": list(Grade::Bad), "missing": list(Grade::Missing), "partial": list(Grade::Partial),
    })
}
