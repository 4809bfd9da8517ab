//! `sanzi verify`: one receipt, a whole ledger, or evidence of a split view.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use ledger_core::Language;
use ledger_core::event::LoggedEntry;
use ledger_core::hash::Hash;
use ledger_core::proof::Proof;
use ledger_core::tile::{TileSource as _, parse_bundle};
use serde_json::json;

use super::audit;
use super::help::Text;
use crate::moment;
use crate::monitor::split;
use crate::source_arg;
use crate::terminal::{Refused, Terminal};
use crate::url_source::bundle_of;
use crate::words::{self, Words};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi verify data\n  $ sanzi verify --proof 3.tlog-proof --entry 3.entry --pins pins.json\n  $ sanzi verify https://sanzi.example.org/donglang --proof 3.tlog-proof --entry-index 3"
)]
pub(crate) struct Verify {
    source: Option<String>,
    #[arg(long, value_name = "FILE")]
    proof: Option<PathBuf>,
    #[arg(
        long,
        value_name = "FILE",
        requires = "proof",
        conflicts_with = "entry_index"
    )]
    entry: Option<PathBuf>,
    #[arg(long, value_name = "N", requires = "proof")]
    entry_index: Option<u64>,
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = ["source", "proof", "policy", "json"]
    )]
    evidence: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "verify",
        zh: "核对一张回执；只给账本时核对整个账本",
        en: "Verify one receipt; given only a ledger, check all of it",
    },
    Text {
        of: "verify.source",
        zh: "账本：数据文件夹、镜像文件夹或网址；离线核对回执时可不给",
        en: "The ledger: data folder, mirror's folder or URL; not needed for a receipt with --entry and --pins",
    },
    Text {
        of: "verify.proof",
        zh: "回执文件",
        en: "The receipt",
    },
    Text {
        of: "verify.entry",
        zh: "记录原文",
        en: "The entry's bytes",
    },
    Text {
        of: "verify.entry_index",
        zh: "从账本取第几条（从 0 起）",
        en: "Take this entry from the ledger",
    },
    Text {
        of: "verify.evidence",
        zh: "核对账本分叉的证据（sanzi monitor 存下的文件夹）",
        en: "Check evidence of a split view, a folder kept by sanzi monitor",
    },
    Text {
        of: "verify.pins",
        zh: "信任锚文件",
        en: "The pins: what you know of the ledger beforehand",
    },
    Text {
        of: "verify.policy",
        zh: "见证规则文件（tlog-policy），须满足",
        en: "A tlog-policy that the witnesses must satisfy",
    },
    Text {
        of: "verify.json",
        zh: "以 JSON 输出",
        en: "Print JSON",
    },
];

impl Verify {
    /// Verifies a receipt or a ledger.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        let (pins, policy) = (self.pins.as_deref(), self.policy.as_deref());
        if let Some(folder) = &self.evidence {
            split::check(terminal, folder, pins)?;
            return Ok(ExitCode::SUCCESS);
        }
        let Some(proof) = &self.proof else {
            let Some(source) = &self.source else {
                bail!(terminal.pick(
                    "请给出账本，或用 --proof 给出回执",
                    "give a ledger, or a receipt by --proof"
                ));
            };
            return audit::audit(terminal, source, pins, policy, self.json);
        };
        let bytes = std::fs::read(proof).with_context(|| {
            terminal.pick(
                format!("读不到回执 {}", proof.display()),
                format!("cannot read the receipt {}", proof.display()),
            )
        })?;
        self.receipt(terminal, &bytes)
    }

    fn receipt(&self, terminal: Terminal, bytes: &[u8]) -> anyhow::Result<ExitCode> {
        let source = match &self.source {
            Some(source) => Some(source_arg::open(terminal, source, self.pins.as_deref())?),
            None => None,
        };
        let pins = match (&source, &self.pins) {
            (Some(source), _) => source.pins.clone(),
            (None, Some(file)) => source_arg::read_pins(terminal, file)?,
            (None, None) => bail!(terminal.pick(
                "没有账本时，要用 --pins 给出信任锚",
                "without a ledger, the pins must be given by --pins",
            )),
        };
        let refused = |fault: String| {
            Refused(terminal.pick(
                format!("回执不成立：{fault}"),
                format!("the receipt does not hold: {fault}"),
            ))
        };
        let proof = Proof::parse(bytes).map_err(|fault| refused(fault.to_string()))?;
        let entry = match (&self.entry, self.entry_index, &source) {
            (Some(file), _, _) => {
                std::fs::read(file).with_context(|| file.display().to_string())?
            }
            (None, Some(index), Some(source)) => fetch(source, index)?,
            _ => bail!(terminal.pick(
                "还要记录原文：用 --entry 文件，或给出账本和 --entry-index",
                "the entry is needed, too: --entry FILE, or a ledger and --entry-index",
            )),
        };
        let leaf = Hash::leaf(&entry);
        let held = proof
            .verify(&leaf, &pins.log_key)
            .map_err(|fault| refused(fault.to_string()))?;
        if held.checkpoint().origin() != pins.origin.as_str() {
            bail!(refused(format!(
                "{} ≠ {}",
                held.checkpoint().origin(),
                pins.origin
            )));
        }
        if proof.index() == 0 && leaf != pins.ledger_id {
            bail!(refused(format!("{leaf} ≠ {}", pins.ledger_id)));
        }
        let mut witnesses = Vec::new();
        if let Some(file) = &self.policy {
            let policy = audit::read_policy(terminal, file)?;
            let verdict = audit::enforce(&policy, &held, &pins.log_key)
                .map_err(|fault| refused(fault.to_string()))?;
            if !self.json {
                terminal.say(audit::witnessed(terminal, &verdict));
            }
            witnesses.extend(verdict.cosigned.into_iter().map(|one| one.witness));
        }
        self.say(
            terminal,
            &proof,
            &entry,
            held.checkpoint().size(),
            &witnesses,
        );
        if let Some(source) = source.filter(|source| source.self_pinned) {
            source.warn_self_pinned();
        }
        Ok(ExitCode::SUCCESS)
    }

    fn say(
        &self,
        terminal: Terminal,
        proof: &Proof,
        entry: &[u8],
        size: u64,
        witnesses: &[String],
    ) {
        let index = proof.index();
        if self.json {
            terminal.say(
                json!({
                    "holds": true, "index": index, "size": size, "leaf": Hash::leaf(entry),
                    "witnesses": witnesses,
                })
                .to_string(),
            );
            return;
        }
        if let Ok(logged) = LoggedEntry::parse(entry) {
            let words = Words::plain(terminal.language, None);
            for line in words::lines(
                &words.statement(logged.signed.statement()),
                terminal.language,
            ) {
                terminal.say(line);
            }
            let received = moment::logged(logged.received_at, moment::CHINA_OFFSET_MINUTES);
            terminal.say(terminal.pick(
                format!("  登记时间：{received}"),
                format!("  received at: {received}"),
            ));
        }
        terminal.say(terminal.pick(
            "回执证明这条记录在账本里、没有被改；签署人是否有权，要核对整个账本（sanzi audit）。",
            "A receipt proves that the entry is in the log, unaltered; whether its signers had the right is for an audit (sanzi audit).",
        ));
        terminal.say(terminal.pick(
            format!("回执成立：第 {index} 条，在 {size} 条的账本里。"),
            format!("the receipt holds: entry {index} in a log of {size}."),
        ));
    }
}

fn fetch(source: &source_arg::OpenSource, index: u64) -> anyhow::Result<Vec<u8>> {
    use ledger_core::source::Source as _;
    let checkpoint = ledger_core::checkpoint::SignedCheckpoint::open(
        &source.checkpoint()?,
        &source.pins.log_key,
    )?;
    let size = checkpoint.checkpoint().size();
    if index >= size {
        bail!("{index} ≥ {size}");
    }
    let bundle = source.fetch(&bundle_of(index, size)?)?;
    let entries = parse_bundle(&bundle)?;
    let place = usize::try_from(index % 256)?;
    Ok(entries
        .get(place)
        .map(|entry| entry.to_vec())
        .unwrap_or_default())
}
