//! `sanzi audit`: replays a whole ledger as an outsider and says whether all of it holds.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use ledger_core::audit::{Report, audit_index};
use ledger_core::checkpoint::SignedCheckpoint;
use ledger_core::policy::{Cosigned, Policy, PolicyError, PolicyVerdict};
use ledger_core::store::Store as _;
use ledger_core::store::local::{LocalFolder, LocalOptions};
use ledger_core::{Language, LogTime, VerifierKey};
use serde_json::{Value, json};

use super::help::Text;
use crate::losses;
use crate::moment;
use crate::source_arg::{self, OpenSource};
use crate::terminal::{Refused, Terminal};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi audit data\n  $ sanzi audit https://sanzi.example.org/donglang --pins pins.json"
)]
pub(crate) struct Audit {
    source: String,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[arg(long)]
    json: bool,
    #[arg(long)]
    index: bool,
    #[arg(long, value_name = "DIR", requires = "index")]
    anchor: Option<PathBuf>,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "audit",
        zh: "从头到尾核对整个账本",
        en: "Check a whole ledger from the first entry to the last",
    },
    Text {
        of: "audit.source",
        zh: "账本：数据文件夹、镜像文件夹或网址",
        en: "The ledger: data folder, mirror's folder or URL",
    },
    Text {
        of: "audit.pins",
        zh: "信任锚文件",
        en: "The pins: what you know of the ledger beforehand",
    },
    Text {
        of: "audit.policy",
        zh: "见证规则文件（tlog-policy），须满足",
        en: "A tlog-policy that the witnesses must satisfy",
    },
    Text {
        of: "audit.json",
        zh: "以 JSON 输出报告",
        en: "Print the report as JSON",
    },
    Text {
        of: "audit.index",
        zh: "另把数据文件夹的索引与日志逐条比对（文件夹不能正在使用）",
        en: "Compare a data folder's index with the log, too (the folder must not be in use)",
    },
    Text {
        of: "audit.anchor",
        zh: "锚点文件夹，同 serve 的 --anchor",
        en: "The folder of the anchors, as for serve",
    },
];

impl Audit {
    /// Audits a ledger.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        if self.index && !compare_index(terminal, &self.source, self.anchor, false)? {
            return Ok(ExitCode::from(1));
        }
        audit(
            terminal,
            &self.source,
            self.pins.as_deref(),
            self.policy.as_deref(),
            self.json,
        )
    }
}

/// Whether the index of a data folder says what the log says, for every ledger in it. The answer
/// goes to standard error if standard output is to stay `quiet`.
pub(super) fn compare_index(
    terminal: Terminal,
    source: &str,
    anchor_folder: Option<PathBuf>,
    quiet: bool,
) -> anyhow::Result<bool> {
    let place = source_arg::data_place(source).with_context(|| {
        terminal.pick(
            format!("--index 只用于数据文件夹；{source} 不是"),
            format!("--index is for data folders, which {source} is not"),
        )
    })?;
    let options = LocalOptions {
        anchor_folder,
        ..LocalOptions::default()
    };
    let folder = LocalFolder::open(&place.data, options)?;
    let mut holds = true;
    for slug in folder.slugs()? {
        let store = folder.ledger(&slug)?;
        if store.indexed_size() < store.size() {
            terminal.advise(terminal.pick(
                format!("账本 {slug} 上次没有正常停止，索引会在下次启动时重建，这次不比对。"),
                format!("ledger {slug} was not stopped cleanly; its index is made again at the next start and is not compared"),
            ));
        } else if let Some(fault) = audit_index(&store)? {
            let said = format!("{slug}：{fault} {}", fault.meaning(terminal.language));
            if quiet {
                terminal.advise(said);
            } else {
                terminal.say(said);
            }
            holds = false;
        }
        store.close()?;
    }
    folder.close()?;
    Ok(holds)
}

/// Reads a witness policy.
pub(super) fn read_policy(terminal: Terminal, file: &Path) -> anyhow::Result<Policy> {
    let text = std::fs::read(file).with_context(|| {
        terminal.pick(
            format!("读不到见证规则 {}", file.display()),
            format!("cannot read the policy {}", file.display()),
        )
    })?;
    Policy::parse(&text).with_context(|| file.display().to_string())
}

/// What a policy makes of a checkpoint, if enough witnesses have cosigned it.
pub(super) fn enforce(
    policy: &Policy,
    checkpoint: &SignedCheckpoint,
    log_key: &VerifierKey,
) -> Result<PolicyVerdict, PolicyError> {
    let verdict = policy.check_log(&checkpoint.to_bytes(), log_key)?;
    verdict.clone().accept()?;
    Ok(verdict)
}

/// Who has cosigned, and when.
pub(super) fn witnessed(terminal: Terminal, verdict: &PolicyVerdict) -> String {
    let one = |cosigned: &Cosigned| {
        let seconds = i64::try_from(cosigned.time_seconds).unwrap_or(i64::MAX);
        let time = LogTime::from_unix(seconds);
        let time = time.map(|time| moment::logged(time, moment::CHINA_OFFSET_MINUTES));
        match time {
            Ok(time) => format!("{} ({time})", cosigned.witness),
            Err(_) => cosigned.witness.clone(),
        }
    };
    let all: Vec<String> = verdict.cosigned.iter().map(one).collect();
    terminal.pick(
        format!("见证达到门槛：{}", all.join("、")),
        format!("the quorum is met by: {}", all.join(", ")),
    )
}

/// Audits a source, all ledgers of it, and says what was found.
pub(super) fn audit(
    terminal: Terminal,
    source: &str,
    pins: Option<&Path>,
    policy: Option<&Path>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let unchecked = terminal.pick(
        "没有核对成，不能下结论",
        "could not be checked; nothing is decided",
    );
    let policy = policy.map(|file| read_policy(terminal, file)).transpose()?;
    let ledgers = source_arg::each(terminal, source, pins).context(unchecked)?;
    let mut reports = Vec::new();
    let mut failed = Vec::new();
    for ledger in &ledgers {
        if !json && ledgers.len() > 1 {
            terminal.say(format!("—— {ledger}"));
        }
        let report = audit_one(terminal, ledger, pins, policy.as_ref(), json).context(unchecked)?;
        if report["holds"] != true {
            failed.push(ledger.as_str());
        }
        reports.push(report);
    }
    let holds = failed.is_empty();
    match (json, ledgers.len()) {
        (true, 1) => reports
            .iter()
            .for_each(|report| terminal.say(report.to_string())),
        (true, _) => terminal.say(json!({ "holds": holds, "ledgers": reports }).to_string()),
        (false, 1) => {}
        (false, count) if holds => terminal.say(terminal.pick(
            format!("核对通过：{count} 个账本全部成立。"),
            format!("holds: all {count} ledgers."),
        )),
        (false, count) => terminal.say(terminal.pick(
            format!(
                "核对不通过：{count} 个账本中不成立的有 {}。",
                failed.join("、")
            ),
            format!("does not hold: of {count} ledgers, {}.", failed.join(", ")),
        )),
    }
    Ok(if holds {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

/// Audits one ledger; gives the report, having said it in words unless JSON is wanted.
fn audit_one(
    terminal: Terminal,
    source: &str,
    pins: Option<&Path>,
    policy: Option<&Policy>,
    json: bool,
) -> anyhow::Result<Value> {
    let looked = source_arg::open(terminal, source, pins)
        .and_then(|source| Ok((source.audit(policy, &mut |_, _, _| {})?, source)));
    match looked {
        Ok((report, source)) => {
            if !json {
                say(terminal, &report, &source);
            }
            Ok(as_json(terminal, &report, &source))
        }
        Err(error) if error.is::<Refused>() => {
            let said = format!("{error:#}");
            if !json {
                terminal.say(&said);
                terminal.say(terminal.pick(
                    "核对不通过：存储的内容已损坏或被改过。",
                    "does not hold: what is stored is damaged or was altered.",
                ));
            }
            Ok(json!({ "holds": false, "fault": { "detail": said } }))
        }
        Err(error) => Err(error),
    }
}

fn as_json(terminal: Terminal, report: &Report, source: &OpenSource) -> Value {
    let fault = report.fault.as_ref().map(|fault| {
        json!({
            "index": fault.index,
            "detail": fault.kind.to_string(),
            "meaning": fault.kind.meaning(terminal.language),
        })
    });
    json!({
        "holds": report.holds(), "fault": fault, "checked": report.checked,
        "signatures": report.signatures, "size": report.size, "root": report.root,
        "transactions": report.state.transactions().count(), "completed": report.completed(),
        "witnesses": report.witnesses, "origin": source.pins.origin,
        "ledger_id": source.pins.ledger_id, "log_key": source.pins.log_key,
        "pins_from_source": source.self_pinned,
        "losses": report.state.ledger().map_or_else(Vec::new, losses::notices),
        "training": report.state.ledger().is_some_and(|ledger| ledger.training),
    })
}

fn say(terminal: Terminal, report: &Report, source: &OpenSource) {
    if let Some(ledger) = report.state.ledger() {
        let training = if ledger.training {
            terminal.pick("【演示账本】", "[TRAINING] ")
        } else {
            ""
        };
        terminal.say(format!(
            "{training}{}（{}）",
            ledger.collective.name, ledger.log_origin
        ));
        losses::say(terminal, ledger);
    }
    terminal.say(terminal.pick(
        format!(
            "账本编号 {}\n树根 {}\n交易 {} 笔，其中 {} 笔办结",
            source.pins.ledger_id,
            report.root,
            report.state.transactions().count(),
            report.completed(),
        ),
        format!(
            "ledger id {}\nroot {}\n{} transactions, {} of them complete",
            source.pins.ledger_id,
            report.root,
            report.state.transactions().count(),
            report.completed(),
        ),
    ));
    if !report.witnesses.is_empty() {
        terminal.say(terminal.pick(
            format!("已见证：{}", report.witnesses.join("、")),
            format!("witnessed by: {}", report.witnesses.join(", ")),
        ));
    }
    if source.self_pinned {
        source.warn_self_pinned();
    }
    match &report.fault {
        None => terminal.say(terminal.pick(
            format!(
                "核对通过：{} 条记录、{} 个签名全部成立。",
                report.checked, report.signatures
            ),
            format!(
                "holds: all {} entries and {} signatures.",
                report.checked, report.signatures
            ),
        )),
        Some(fault) => {
            terminal.say(source_arg::fault_in_words(terminal, fault));
            let place = fault.index.map_or_else(
                || {
                    terminal
                        .pick("账本整体", "the ledger as a whole")
                        .to_owned()
                },
                |index| terminal.pick(format!("第 {index} 条"), format!("entry {index}")),
            );
            terminal.say(terminal.pick(
                format!(
                    "核对不通过：问题在{place}；前 {} 条成立，共 {} 条。",
                    report.checked, report.size
                ),
                format!(
                    "does not hold: the fault is at {place}; {} of {} entries hold before it.",
                    report.checked, report.size
                ),
            ));
        }
    }
}
