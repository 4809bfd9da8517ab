//! `sanzi takeover`: contracts already in force, from the collective's sheet.
//!
//! Shows what each row becomes and all that is wrong; with a key, makes a draft of every row that is
//! right, signed by that key. A row that is recorded already is left alone, so the same sheet can be given
//! again.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use ledger_core::event::Statement;
use ledger_core::name::StreamId;
use ledger_core::signing;
use ledger_core::state::State;
use ledger_core::{Language, LogTime, MemberId};

use super::help::Text;
use super::record::signer;
use crate::draft::{self, Papers};
use crate::key_file;
use crate::moment;
use crate::source_arg;
use crate::takeover::{
    self, FILE_LIMIT, Judge, Judged, KIND, Known, Outcome, Sheet, report, result,
};
use crate::terminal::Terminal;

/// How many rows that are right are told one by one.
const TOLD: usize = 20;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi takeover --template 存量合同.xlsx\n  $ sanzi takeover 存量合同.xlsx --ledger data --report 问题.csv\n  $ sanzi takeover 存量合同.xlsx --ledger data --key he.key --out drafts\n  $ for d in drafts/*.draft; do sanzi cosign \"$d\" --key chen.key --ledger data; done"
)]
pub(crate) struct Takeover {
    #[arg(required_unless_present = "template")]
    file: Option<PathBuf>,
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    template: Option<PathBuf>,
    #[arg(long, value_name = "SOURCE", required_unless_present = "template")]
    ledger: Option<String>,
    #[arg(long, value_name = "FILE", requires = "out")]
    key: Option<PathBuf>,
    #[arg(long, value_name = "DIR", requires = "key")]
    out: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "takeover",
        zh: "存量合同：把开账前已有的合同从表格（CSV、XLSX）逐行核对，起草补录",
        en: "Contracts made before the ledger: check a sheet of them (CSV, XLSX) row by row, and draft their records",
    },
    Text {
        of: "takeover.file",
        zh: "填好的表：CSV（UTF-8 或 GB18030）或 XLSX",
        en: "The sheet: CSV in UTF-8 or GB18030, or XLSX",
    },
    Text {
        of: "takeover.template",
        zh: "写一张空表：文件名以 .csv 或 .xlsx 结尾",
        en: "Write an empty sheet; the name ends in .csv or .xlsx",
    },
    Text {
        of: "takeover.ledger",
        zh: "账本：数据文件夹、镜像文件夹或网址",
        en: "The ledger: data folder, mirror's folder or URL",
    },
    Text {
        of: "takeover.key",
        zh: "签署人的钥匙文件：给了就为每个没有问题的行起草并签第一个名",
        en: "The signer's key file: with it every row that is right becomes a draft, signed first",
    },
    Text {
        of: "takeover.out",
        zh: "草稿写到哪个文件夹；已有的草稿不覆盖",
        en: "The folder for the drafts; those that are there are not overwritten",
    },
    Text {
        of: "takeover.report",
        zh: "把每行的结果和问题写成 CSV",
        en: "Write what became of each row as CSV",
    },
    Text {
        of: "takeover.pins",
        zh: "信任锚文件",
        en: "The pins to verify the ledger by",
    },
    Text {
        of: "takeover.passphrase_file",
        zh: "口令写在这个文件的第一行",
        en: "A file whose first line is the passphrase",
    },
];

impl Takeover {
    /// Reads a sheet, or writes an empty one.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        if let Some(path) = &self.template {
            return template(terminal, path);
        }
        let (Some(file), Some(address)) = (&self.file, &self.ledger) else {
            bail!(terminal.pick("请给出表格和 --ledger", "give a sheet and --ledger"));
        };
        let bytes = read(terminal, file)?;
        let source = source_arg::open(terminal, address, self.pins.as_deref())?;
        let audited = source.replay(&mut |_, _, _| {})?;
        let state = &audited.state;
        let Some(ledger) = state.ledger() else {
            bail!(terminal.pick("账本是空的", "the ledger is empty"));
        };
        let key = self.key.as_deref();
        let key = key.map(|key| key_file::unlock(terminal, key, self.passphrase_file.as_deref()));
        let key = key.transpose()?;
        let signer = match &key {
            Some(key) => signer(terminal, ledger, state.size(), key)?,
            None => accountant(terminal, state)?,
        };
        let judge = Judge {
            known: &Known::of(state),
            language,
            now: moment::now()?.max(state.last_received_at().unwrap_or(LogTime::MIN)),
            signer,
            state,
        };
        let sheet = Sheet::read(&bytes, &judge)?;
        tell(terminal, &sheet);
        if let Some(path) = &self.report {
            draft::replace(terminal, path, &report(&sheet)?)?;
        }
        if let (Some(key), Some(out)) = (&key, &self.out) {
            if !sheet.mine {
                bail!(terminal.pick(
                    "章程没有让这把钥匙的主人签存量合同登记，没有起草",
                    "the charter does not have this key's owner sign such records: nothing was drafted",
                ));
            }
            draft_all(terminal, &sheet, key, out)?;
        }
        let wrong = sheet
            .rows
            .iter()
            .any(|row| matches!(row.outcome, Outcome::Wrong(_)));
        Ok(ExitCode::from(u8::from(wrong)))
    }
}

/// Whoever could sign first, for a look without a key.
fn accountant(terminal: Terminal, state: &State) -> anyhow::Result<MemberId> {
    let found = state.ledger().and_then(|ledger| {
        let rule = ledger.charter_at(state.size()).signing.of(KIND)?;
        let (required, _) = signing::roles_of(rule, &ledger.roster, state.size());
        let mut roles = required.iter();
        roles.find_map(|role| ledger.roster.holders(*role, state.size()).next().cloned())
    });
    found.with_context(|| {
        terminal.pick(
            "名册上没有人能签存量合同登记；请先办理任职",
            "nobody on the roster signs such records: grant the roles first",
        )
    })
}

fn read(terminal: Terminal, file: &Path) -> anyhow::Result<Vec<u8>> {
    use std::io::Read as _;
    let cannot = || {
        terminal.pick(
            format!("读不到 {}", file.display()),
            format!("cannot read {}", file.display()),
        )
    };
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).with_context(cannot)?;
    // One byte more than is read tells a file that is too long.
    let most = u64::try_from(FILE_LIMIT)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    opened
        .take(most)
        .read_to_end(&mut bytes)
        .with_context(cannot)?;
    Ok(bytes)
}

fn template(terminal: Terminal, path: &Path) -> anyhow::Result<ExitCode> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    let bytes = match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => takeover::template_csv()?,
        Some("xlsx") => takeover::template_xlsx()?,
        _ => bail!(terminal.pick(
            "文件名要以 .csv 或 .xlsx 结尾",
            "the name must end in .csv or .xlsx",
        )),
    };
    if path.exists() {
        bail!(terminal.pick(
            format!("{} 已经有了，不会覆盖", path.display()),
            format!("{} is there already and is not overwritten", path.display()),
        ));
    }
    draft::replace(terminal, path, &bytes)?;
    terminal.say(terminal.pick(
        format!(
            "空表写到 {}；填好后：sanzi takeover 文件 --ledger 账本",
            path.display()
        ),
        format!(
            "wrote {}; once filled in: sanzi takeover FILE --ledger SOURCE",
            path.display()
        ),
    ));
    Ok(ExitCode::SUCCESS)
}

fn tell(terminal: Terminal, sheet: &Sheet) {
    let l = terminal.language;
    for note in &sheet.notes {
        terminal.say(format!("! {note}"));
    }
    let mut ready = 0_usize;
    for row in &sheet.rows {
        let is_ready = matches!(row.outcome, Outcome::Ready(_));
        ready += usize::from(is_ready);
        if is_ready && ready > TOLD && row.notes.is_empty() {
            continue;
        }
        tell_row(terminal, row);
    }
    let count = |is: fn(&Outcome) -> bool| sheet.rows.iter().filter(|row| is(&row.outcome)).count();
    let wrong = count(|outcome| matches!(outcome, Outcome::Wrong(_)));
    let recorded = count(|outcome| matches!(outcome, Outcome::Recorded(_)));
    terminal.say(l.pick(
        format!(
            "共 {} 行：可以登记 {ready}，要改 {wrong}，账本里已有 {recorded}",
            sheet.rows.len()
        ),
        format!(
            "{} rows: {ready} can be recorded, {wrong} to be mended, {recorded} recorded already",
            sheet.rows.len()
        ),
    ));
}

fn tell_row(terminal: Terminal, row: &Judged) {
    let l = terminal.language;
    let id = match &row.outcome {
        Outcome::Ready(statement) => match &statement.stream {
            StreamId::Transaction(id) => format!(" → {id}"),
            _ => String::new(),
        },
        Outcome::Recorded(id) | Outcome::Waiting(id) => format!("（{id}）"),
        Outcome::Wrong(_) => String::new(),
    };
    let mark = match row.outcome {
        Outcome::Wrong(_) => "✗",
        _ => "✓",
    };
    terminal.say(l.pick(
        format!(
            "{mark} 第 {} 行 {} {}：{}{id}",
            row.number,
            row.contract,
            row.asset,
            result(&row.outcome, l)
        ),
        format!(
            "{mark} row {} {} {}: {}{id}",
            row.number,
            row.contract,
            row.asset,
            result(&row.outcome, l)
        ),
    ));
    if let Outcome::Wrong(faults) = &row.outcome {
        for fault in faults {
            let place = [fault.cell.as_str(), fault.column].join(" ");
            terminal.say(format!("    {} {}", place.trim(), fault.said));
        }
    }
    for note in &row.notes {
        terminal.say(format!("    · {note}"));
    }
}

/// A draft for every row that is right.
fn draft_all(
    terminal: Terminal,
    sheet: &Sheet,
    key: &ledger_core::SigningKey,
    out: &Path,
) -> anyhow::Result<()> {
    draft::private_folder(out)?;
    let (mut made, mut kept) = (0_usize, 0_usize);
    for row in &sheet.rows {
        let Outcome::Ready(statement) = &row.outcome else {
            continue;
        };
        let path = out.join(format!("{}-{KIND}.draft", id_of(statement)));
        if path.exists() {
            kept += 1;
            continue;
        }
        draft::write_new(terminal, &path, &statement.sign([key])?, &Papers::default())?;
        made += 1;
    }
    terminal.say(terminal.pick(
        format!("起草 {made} 份，签了第一个名，放在 {}；原有 {kept} 份没有动。下一步：sanzi cosign 逐份会签，再 sanzi submit 提交", out.display()),
        format!("{made} drafts, signed first, in {}; {kept} were there and left alone. Next: sanzi cosign each, then sanzi submit", out.display()),
    ));
    Ok(())
}

fn id_of(statement: &Statement) -> String {
    match &statement.stream {
        StreamId::Transaction(id) => id.to_string(),
        other => other.to_string().replace('/', "-"),
    }
}
