//! `sanzi export`: a ledger as raw entries, as sheets, or as OCDS.
//!
//! What is exported has been audited: entries are written as the audit admits them, into a file of its
//! own that takes its name, or goes to standard output, when the whole ledger holds.

use std::io::{BufReader, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use ledger_core::Language;
use ledger_core::audit::Report;
use ledger_core::source::Source as _;
use tempfile::NamedTempFile;

use super::help::Text;
use crate::exchange::Form;
use crate::exchange::lines::Lines;
use crate::exchange::ocds::{Ocds, OcidPrefix, Package};
use crate::exchange::sheet::{Events, Transactions};
use crate::source_arg::{self, OpenSource};
use crate::terminal::{Refused, Terminal};

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON Lines of raw entries.
    Jsonl,
    /// CSV for Excel and WPS.
    Csv,
    /// Open Contracting Data Standard 1.1.
    Ocds,
}

/// Which sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Table {
    /// One row for each transaction.
    Transactions,
    /// One row for each entry.
    Events,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi export data --format jsonl --output entries.jsonl\n  $ sanzi export data --format csv --table events --output events.csv\n  $ sanzi export https://sanzi.example.org/donglang --pins pins.json --format ocds --package records --output ocds.json"
)]
pub(crate) struct Export {
    source: String,
    #[arg(long, value_name = "jsonl|csv|ocds", hide_possible_values = true)]
    format: Format,
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[arg(long, value_name = "transactions|events", hide_possible_values = true)]
    table: Option<Table>,
    #[arg(long, value_name = "releases|records", hide_possible_values = true)]
    package: Option<Package>,
    #[arg(long, value_name = "ocds-xxxxxx")]
    ocid_prefix: Option<OcidPrefix>,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long)]
    despite_faults: bool,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "export",
        zh: "导出账本：逐条原文、表格或开放合同数据（OCDS），先核对再写出",
        en: "Export a ledger, having checked it: raw entries, sheets, or open contracting data (OCDS)",
    },
    Text {
        of: "export.source",
        zh: "账本：数据文件夹、镜像文件夹或网址",
        en: "The ledger: data folder, mirror's folder or URL",
    },
    Text {
        of: "export.format",
        zh: "格式：jsonl 逐条原文（可用 import 还原），csv 表格（Excel、WPS），ocds 开放合同数据",
        en: "jsonl: raw entries, for import; csv: sheets for Excel and WPS; ocds: open contracting data",
    },
    Text {
        of: "export.output",
        zh: "写到哪个文件（已有则整个替换）；不给则写到标准输出",
        en: "The file to write, replaced as a whole; otherwise standard output",
    },
    Text {
        of: "export.table",
        zh: "csv 的哪张表：transactions 交易（默认）或 events 事件",
        en: "Which sheet, for csv: transactions (default) or events",
    },
    Text {
        of: "export.package",
        zh: "ocds 的哪种包：releases 发布（默认）或 records 记录",
        en: "Which package, for ocds: releases (default) or records",
    },
    Text {
        of: "export.ocid_prefix",
        zh: "向 OCDS 登记的前缀；默认 ocds-000000 只是占位，不能对外发布",
        en: "The prefix registered with OCDS; the default ocds-000000 is a placeholder and not for publication",
    },
    Text {
        of: "export.pins",
        zh: "信任锚文件",
        en: "The pins to verify the ledger by",
    },
    Text {
        of: "export.despite_faults",
        zh: "核对不通过时，仍写出问题之前成立的部分",
        en: "If the ledger does not hold, write what holds before the fault all the same",
    },
];

impl Export {
    /// Exports a ledger.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        self.check(terminal)?;
        let source = source_arg::open(terminal, &self.source, self.pins.as_deref())?;
        let mut file = self.file(terminal)?;
        let report = self.write(&source, &mut file)?;
        if source.self_pinned {
            source.warn_self_pinned();
        }
        if let Some(fault) = &report.fault {
            let said = source_arg::fault_in_words(terminal, fault);
            if !self.despite_faults || report.checked == 0 {
                bail!(Refused(terminal.pick(
                    format!("核对不通过，没有导出。\n{said}"),
                    format!("does not hold, and was not exported.\n{said}"),
                )));
            }
            terminal.advise(said);
        }
        self.deliver(terminal, file)?;
        self.report(terminal, &report);
        Ok(ExitCode::from(u8::from(!report.holds())))
    }

    /// Refuses what would have no effect.
    fn check(&self, terminal: Terminal) -> anyhow::Result<()> {
        let only = |argument: &str, format: &str| {
            terminal.pick(
                format!("{argument} 只用于 --format {format}"),
                format!("{argument} is for --format {format} only"),
            )
        };
        if self.table.is_some() && self.format != Format::Csv {
            bail!(only("--table", "csv"));
        }
        if self.package.is_some() && self.format != Format::Ocds {
            bail!(only("--package", "ocds"));
        }
        if self.ocid_prefix.is_some() && self.format != Format::Ocds {
            bail!(only("--ocid-prefix", "ocds"));
        }
        Ok(())
    }

    /// The file that takes the name of the output when it is whole.
    fn file(&self, terminal: Terminal) -> anyhow::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix(".sanzi-export-");
        let made = match &self.output {
            Some(output) if output.is_dir() => Err(std::io::ErrorKind::IsADirectory.into()),
            Some(output) => builder.tempfile_in(folder_of(output)),
            None => builder.tempfile(),
        };
        made.with_context(|| self.unwritable(terminal))
    }

    fn unwritable(&self, terminal: Terminal) -> String {
        let output = self.output.as_deref().map_or_else(
            || terminal.pick("临时文件", "a temporary file").to_owned(),
            |output| output.display().to_string(),
        );
        terminal.pick(
            format!("写不了 {output}；请检查文件夹是否存在、是否有写入权限"),
            format!("cannot write {output}; check that the folder is there and may be written to"),
        )
    }

    /// Audits the source and writes what holds.
    fn write(&self, source: &OpenSource, file: &mut NamedTempFile) -> anyhow::Result<Report> {
        let mut form = self.form(source, BufWriter::new(file.as_file()))?;
        let mut failed = None;
        let report = source.audit(None, &mut |entry, state, _| {
            if failed.is_none() {
                failed = form.entry(entry, state).err();
            }
        })?;
        match failed {
            Some(error) => Err(error),
            None => form.finish(&report.state).map(|()| report),
        }
    }

    fn form<'a>(
        &self,
        source: &OpenSource,
        out: BufWriter<&'a std::fs::File>,
    ) -> anyhow::Result<Box<dyn Form + 'a>> {
        Ok(match self.format {
            Format::Jsonl => Box::new(Lines {
                checkpoint: String::from_utf8_lossy(&source.checkpoint()?).into_owned(),
                pins: source.pins.clone(),
                out,
            }),
            Format::Csv if self.table == Some(Table::Events) => Box::new(Events::new(out)?),
            Format::Csv => Box::new(Transactions::new(out)?),
            Format::Ocds => {
                let package = self.package.unwrap_or(Package::Releases);
                Box::new(Ocds::new(out, package, self.prefix())?)
            }
        })
    }

    fn prefix(&self) -> OcidPrefix {
        self.ocid_prefix.clone().unwrap_or_default()
    }

    /// Lets the file take its name, or copies it to standard output.
    fn deliver(&self, terminal: Terminal, mut file: NamedTempFile) -> anyhow::Result<()> {
        let Some(output) = &self.output else {
            file.seek(SeekFrom::Start(0))?;
            let mut from = BufReader::new(file.as_file());
            let copied = std::io::copy(&mut from, &mut std::io::stdout().lock());
            return match copied {
                // Whoever closed the pipe does not want to read on.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
                copied => copied.map(|_| ()).context("stdout"),
            };
        };
        let deliver = || -> std::io::Result<()> {
            file.flush()?;
            file.as_file().sync_all()?;
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                let mode = std::fs::Permissions::from_mode(0o644);
                file.as_file().set_permissions(mode)?;
            }
            file.persist(output)?;
            Ok(())
        };
        deliver().with_context(|| self.unwritable(terminal))
    }

    /// Says what was written: beside standard output's own content, not in it.
    fn report(&self, terminal: Terminal, report: &Report) {
        if self.format == Format::Ocds && self.prefix().is_placeholder() {
            terminal.advise(terminal.pick(
                "注意：ocid 前缀 ocds-000000 只是占位，不能对外发布；请向 OCDS 登记前缀后用 --ocid-prefix 给出。",
                "note: the ocid prefix ocds-000000 is a placeholder and not for publication; register one and give it with --ocid-prefix.",
            ));
        }
        let Some(output) = self.output.as_deref().map(Path::display) else {
            return;
        };
        terminal.say(if report.holds() {
            terminal.pick(
                format!("已导出到 {output}：{} 条记录全部核对成立。", report.checked),
                format!("exported to {output}: all {} entries hold.", report.checked),
            )
        } else {
            terminal.pick(
                format!(
                    "已导出到 {output}：只含问题之前成立的 {} 条，共 {} 条。",
                    report.checked, report.size
                ),
                format!(
                    "exported to {output}: only the {} entries before the fault, of {}.",
                    report.checked, report.size
                ),
            )
        });
    }
}

fn folder_of(output: &Path) -> &Path {
    match output.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
