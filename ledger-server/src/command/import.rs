//! `sanzi import`: builds a data folder from raw entries, replaying every one of them.
//!
//! Everything is built in a folder beside the target and moved there when all of it holds. Without the
//! log's key the result can be read and verified and nothing else: no anchor is made for it, so that a
//! server refuses to write to it. With the key, what is taken for the newest checkpoint has to be so by
//! an anchor of before, or by the word of who imports.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use ledger_core::ledger::{Rebuild, RebuildError};
use ledger_core::store::Store as _;
use ledger_core::store::local::{LocalFolder, LocalOptions};
use ledger_core::{Language, Pins, SigningKey, keyfile};
use serde_json::json;

use super::building::{self, Wanted};
use super::data;
use super::help::Text;
use crate::exchange::lines::{Header, LineError, Reader};
use crate::key_file;
use crate::source_arg;
use crate::terminal::{Refused, Terminal};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi import entries.jsonl --data copy --pins pins.json\n  $ sanzi import entries.jsonl --data data --pins pins.json --log-key log.key --anchor /mnt/other/anchors"
)]
pub(crate) struct Import {
    file: PathBuf,
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    log_key: Option<PathBuf>,
    #[arg(long, value_name = "FILE", requires = "log_key")]
    log_passphrase_file: Option<PathBuf>,
    #[arg(long, value_name = "DIR", env = "SANZI_ANCHOR", hide_env_values = true)]
    anchor: Option<PathBuf>,
    #[arg(long, requires = "log_key")]
    adopt_checkpoint: bool,
    #[arg(long)]
    json: bool,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "import",
        zh: "由导出的逐条原文重建账本，逐条核对",
        en: "Build a ledger again from exported entries, checking each of them",
    },
    Text {
        of: "import.file",
        zh: "sanzi export --format jsonl 写出的文件",
        en: "What sanzi export --format jsonl wrote",
    },
    Text {
        of: "import.data",
        zh: "要建的数据文件夹：还没有，或是空的",
        en: "The data folder to make: missing, or empty",
    },
    Text {
        of: "import.pins",
        zh: "信任锚文件",
        en: "The pins: what you know of the ledger beforehand",
    },
    Text {
        of: "import.log_key",
        zh: "日志钥匙，以后还要在这里记账时才给；不给则只能读、只能核对",
        en: "The log's key, only if events are to be recorded here; without it the copy can be read and verified",
    },
    Text {
        of: "import.log_passphrase_file",
        zh: "存有日志钥匙口令的文件；也可用环境变量 SANZI_LOG_PASSPHRASE",
        en: "File with the passphrase of the log key; or set SANZI_LOG_PASSPHRASE",
    },
    Text {
        of: "import.anchor",
        zh: "锚点文件夹，同 serve 的 --anchor",
        en: "The folder of the anchors, as for serve",
    },
    Text {
        of: "import.adopt_checkpoint",
        zh: "没有锚点时，以导出的检查点为最新；只有确知没有更新的检查点时才可用",
        en: "Where there is no anchor, take the exported checkpoint for the newest; only if you know that it is",
    },
    Text {
        of: "import.json",
        zh: "以 JSON 输出结果",
        en: "Print the result as JSON",
    },
];

/// What was built.
struct Built {
    entries: u64,
    header: Header,
}

impl Import {
    /// Builds the data folder.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        let file = File::open(&self.file).with_context(|| {
            terminal.pick(
                format!("读不到 {}", self.file.display()),
                format!("cannot read {}", self.file.display()),
            )
        })?;
        building::check_vacant(terminal, &self.data)?;
        let mut reader = Reader::new(BufReader::new(file))
            .map_err(|error| at_line(terminal, &self.file, 1, error))?;
        let pins = self.pinned(terminal, reader.header())?;
        let key = self.opened_key(terminal, &pins)?;
        let wanted = Wanted {
            adopt: self.adopt_checkpoint,
            anchors: self.anchor.as_deref(),
            data: &self.data,
        };
        let anchors = building::anchors(terminal, wanted, &pins, key.is_some())?;
        let place = building::beside(terminal, &self.data)?;
        let built = self.build(terminal, &mut reader, &pins, place.path())?;
        let data = place.path().join("data");
        self.furnish(terminal, &data, &pins, key.as_ref())?;
        let signs = key.is_some();
        let checkpoint = built.header.checkpoint.as_bytes();
        building::settle(terminal, &data, &anchors, &pins, checkpoint, signs)?;
        building::move_in(terminal, &data, &self.data)?;
        self.report(terminal, &built, signs);
        Ok(ExitCode::SUCCESS)
    }

    /// The pins given, which the file has to be of, or those that the file offers.
    fn pinned(&self, terminal: Terminal, header: &Header) -> anyhow::Result<Pins> {
        let offered = header.pins();
        let Some(file) = &self.pins else {
            terminal.advise(terminal.pick(
                "注意：没有用 --pins，信任锚取自文件本身，只能证明前后一致，不能证明它就是那个账本。",
                "note: without --pins the pins came from the file itself: they prove inner consistency, not that this is the right ledger.",
            ));
            return Ok(offered);
        };
        let pins = source_arg::read_pins(terminal, file)?;
        if pins == offered {
            return Ok(pins);
        }
        bail!(Refused(terminal.pick(
            format!(
                "{} 第 1 行：不是所信任的账本。应为 {} {}（{}），实为 {} {}（{}）",
                self.file.display(),
                pins.origin,
                pins.ledger_id,
                pins.log_key,
                offered.origin,
                offered.ledger_id,
                offered.log_key,
            ),
            format!(
                "{}, line 1: not the pinned ledger. Expected {} {} ({}), found {} {} ({})",
                self.file.display(),
                pins.origin,
                pins.ledger_id,
                pins.log_key,
                offered.origin,
                offered.ledger_id,
                offered.log_key,
            ),
        )))
    }

    /// The log's key file, if one was given and it is this log's.
    fn opened_key(&self, terminal: Terminal, pins: &Pins) -> anyhow::Result<Option<String>> {
        let Some(file) = &self.log_key else {
            return Ok(None);
        };
        let pem = std::fs::read_to_string(file).with_context(|| {
            terminal.pick(
                format!("读不到日志钥匙 {}", file.display()),
                format!("cannot read the log's key {}", file.display()),
            )
        })?;
        let given = data::given_passphrase(self.log_passphrase_file.as_deref(), terminal.language)?;
        let passphrase = match given {
            Some(passphrase) => passphrase,
            None => terminal
                .passphrase(terminal.pick("日志钥匙的口令：", "passphrase of the log's key: "))?,
        };
        let seed = keyfile::open(&pem, &passphrase).with_context(|| file.display().to_string())?;
        let key = SigningKey::from_seed(pins.origin.as_str(), &seed)?;
        if *key.verifier() != pins.log_key {
            bail!(Refused(terminal.pick(
                format!(
                    "{} 不是这个账本的日志钥匙：应为 {}，实为 {}",
                    file.display(),
                    pins.log_key,
                    key.verifier()
                ),
                format!(
                    "{} is not this log's key: expected {}, found {}",
                    file.display(),
                    pins.log_key,
                    key.verifier()
                ),
            )));
        }
        Ok(Some(pem))
    }

    fn build(
        &self,
        terminal: Terminal,
        reader: &mut Reader<BufReader<File>>,
        pins: &Pins,
        place: &Path,
    ) -> anyhow::Result<Built> {
        let header = reader.header().clone();
        let options = LocalOptions {
            anchor_folder: Some(place.join("anchors")),
            ..LocalOptions::default()
        };
        let folder = LocalFolder::open(place.join("data"), options)?;
        let store = folder.ledger(pins.origin.slug())?;
        let bar = terminal.progress(terminal.pick("导入", "importing"));
        bar.set_length(header.size);
        let refused = |number, error| refused(terminal, &self.file, number, error);
        let mut rebuild = Rebuild::new(store, pins, header.checkpoint.as_bytes())
            .map_err(|error| refused(1, error))?;
        while let Some(entry) = reader
            .entry()
            .map_err(|error| at_line(terminal, &self.file, reader.number(), error))?
        {
            rebuild
                .feed(entry.as_bytes())
                .map_err(|error| refused(reader.number(), error))?;
            if rebuild.size().is_multiple_of(256) {
                bar.set_position(rebuild.size());
            }
        }
        let entries = rebuild.size();
        let training = rebuild
            .state()
            .ledger()
            .is_some_and(|ledger| ledger.training);
        let store = rebuild.finish().map_err(|error| refused(1, error))?;
        bar.finish_and_clear();
        if training != header.training {
            bail!(Refused(terminal.pick(
                format!(
                    "{} 第 1 行：training 与第 0 条所说的不同",
                    self.file.display()
                ),
                format!(
                    "{}, line 1: training is not what entry 0 says",
                    self.file.display()
                ),
            )));
        }
        store.close()?;
        folder.close()?;
        Ok(Built { entries, header })
    }

    /// Puts beside the entries what a data folder has else.
    fn furnish(
        &self,
        terminal: Terminal,
        data: &Path,
        pins: &Pins,
        key: Option<&String>,
    ) -> anyhow::Result<()> {
        let folder = LocalFolder::ledger_folder(data, pins.origin.slug());
        let mut json = serde_json::to_string_pretty(pins)?;
        json.push('\n');
        key_file::create_new(terminal, &folder.join("pins.json"), json.as_bytes(), false)?;
        if let Some(pem) = key {
            key_file::write_new(terminal, &folder.join("log.key"), &pins.log_key, pem)?;
        }
        Ok(())
    }

    fn report(&self, terminal: Terminal, built: &Built, signs: bool) {
        let header = &built.header;
        if self.json {
            terminal.say(
                json!({
                    "data": self.data, "entries": built.entries, "ledger_id": header.ledger_id,
                    "origin": header.origin, "root": header.root, "signs": signs,
                    "size": header.size, "training": header.training,
                })
                .to_string(),
            );
            return;
        }
        if header.training {
            terminal.say(terminal.pick("【演示账本】", "[TRAINING LEDGER]"));
        }
        terminal.say(terminal.pick(
            format!("账本编号 {}\n树根 {}", header.ledger_id, header.root),
            format!("ledger id {}\nroot {}", header.ledger_id, header.root),
        ));
        terminal.say(if signs {
            terminal.pick(
                "日志钥匙已放入，可以接着记账（sanzi serve）。请确认原来的服务已经停用：两处同时签会使账本分叉。材料要另行拷贝（documents/）。",
                "The log's key is in place and recording can go on (sanzi serve). Make sure that the old server is out of use: two that sign fork the ledger. Documents are copied separately (documents/).",
            )
        } else {
            terminal.pick(
                "没有日志钥匙：可以读、可以核对、可以再导出，不能记账。材料要另行拷贝（documents/）。",
                "Without the log's key: it can be read, verified and exported, not written. Documents are copied separately (documents/).",
            )
        });
        terminal.say(terminal.pick(
            format!(
                "导入完成：{} 条全部成立，已写入 {}。",
                built.entries,
                self.data.display()
            ),
            format!(
                "imported: all {} entries hold, in {}.",
                built.entries,
                self.data.display()
            ),
        ));
    }
}

fn line_words(terminal: Terminal, file: &Path, number: u64) -> String {
    terminal.pick(
        format!("{} 第 {number} 行", file.display()),
        format!("{}, line {number}", file.display()),
    )
}

fn at_line(terminal: Terminal, file: &Path, number: u64, error: LineError) -> anyhow::Error {
    let place = line_words(terminal, file, number);
    match error {
        LineError::Read(error) => anyhow::Error::new(error).context(place),
        other => Refused(format!("{place}{}{other}", terminal.pick("：", ": "))).into(),
    }
}

fn refused(terminal: Terminal, file: &Path, number: u64, error: RebuildError) -> anyhow::Error {
    let colon = terminal.pick("：", ": ");
    let place = line_words(terminal, file, number);
    match error {
        RebuildError::Store(error) => error.into(),
        RebuildError::Fault(fault) => Refused(format!(
            "{place}{colon}{}\n  {}",
            fault.kind,
            fault.kind.meaning(terminal.language)
        ))
        .into(),
        other => Refused(format!("{place}{colon}{other}")).into(),
    }
}
