//! `sanzi proof`: the receipt of an entry, made from the ledger's tree.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{anyhow, bail};
use ledger_core::Language;
use ledger_core::checkpoint::SignedCheckpoint;
use ledger_core::proof::Proof as Receipt;
use ledger_core::source::Source as _;
use ledger_core::tile::TileReader;
use ledger_core::tree;

use super::audit;
use super::help::Text;
use crate::draft;
use crate::source_arg;
use crate::terminal::{Refused, Terminal};

#[derive(Debug, clap::Args)]
#[command(after_help = "  $ sanzi proof data 3 --out 3.tlog-proof --entry-out 3.entry")]
pub(crate) struct Proof {
    source: String,
    index: u64,
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    entry_out: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "proof",
        zh: "为一条记录开具回执（tlog-proof）",
        en: "Make an entry's receipt (tlog-proof)",
    },
    Text {
        of: "proof.source",
        zh: "账本：数据文件夹、镜像文件夹或网址",
        en: "The ledger: data folder, mirror's folder or URL",
    },
    Text {
        of: "proof.index",
        zh: "第几条（从 0 起）",
        en: "Which entry, from 0",
    },
    Text {
        of: "proof.out",
        zh: "回执写到哪；默认显示出来",
        en: "Where the receipt goes; by default it is printed",
    },
    Text {
        of: "proof.entry_out",
        zh: "把记录原文也写出来，供离线核对",
        en: "Where the entry's bytes go, for verifying offline",
    },
    Text {
        of: "proof.pins",
        zh: "信任锚文件",
        en: "The pins to verify the ledger by",
    },
    Text {
        of: "proof.policy",
        zh: "见证规则文件（tlog-policy）；见证未达门槛就不开回执",
        en: "A tlog-policy: no receipt unless the witnesses satisfy it",
    },
];

impl Proof {
    /// Makes a receipt.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        let source = source_arg::open(terminal, &self.source, self.pins.as_deref())?;
        let refused = |fault: String| {
            Refused(terminal.pick(
                format!("账本核对不通过，不能开具回执：{fault}"),
                format!("the ledger does not hold, no receipt can be made: {fault}"),
            ))
        };
        let signed = SignedCheckpoint::open(&source.checkpoint()?, &source.pins.log_key)
            .map_err(|fault| refused(fault.to_string()))?;
        if let Some(file) = &self.policy {
            let policy = audit::read_policy(terminal, file)?;
            let verdict = audit::enforce(&policy, &signed, &source.pins.log_key)
                .map_err(|fault| refused(fault.to_string()))?;
            terminal.advise(audit::witnessed(terminal, &verdict));
        }
        let (size, root) = (signed.checkpoint().size(), signed.checkpoint().root());
        if self.index >= size {
            bail!(terminal.pick(
                format!("没有第 {} 条，共 {size} 条，从 0 数起", self.index),
                format!(
                    "there is no entry {}; the ledger has {size}, counted from 0",
                    self.index
                ),
            ));
        }
        let reader =
            TileReader::new(&source, size, root).map_err(|fault| refused(format!("{fault}")))?;
        let hashes =
            tree::prove_inclusion(&reader, self.index, size).map_err(|fault| anyhow!("{fault}"))?;
        let proof = Receipt::new(self.index, hashes, &signed)?;
        let entries = reader
            .entries(self.index / 256)
            .map_err(|fault| refused(format!("{fault}")))?;
        let entry = entries
            .get(usize::try_from(self.index % 256)?)
            .ok_or_else(|| anyhow!("{}", self.index))?;
        proof.verify(&ledger_core::hash::Hash::leaf(entry), &source.pins.log_key)?;
        if let Some(file) = &self.entry_out {
            draft::replace(terminal, file, entry)?;
        }
        match &self.out {
            None => terminal.say_bytes(&proof.to_bytes()),
            Some(file) => {
                draft::replace(terminal, file, &proof.to_bytes())?;
                terminal.say(terminal.pick(
                    format!("第 {} 条的回执已写到 {}。", self.index, file.display()),
                    format!(
                        "the receipt of entry {} is in {}.",
                        self.index,
                        file.display()
                    ),
                ));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
