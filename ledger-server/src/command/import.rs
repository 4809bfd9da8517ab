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
use ledger_core::store::local::{LocalFolder, LocalOptions};
use ledger_core::store::{Store as _, StoreError};
use ledger_core::{Language, Pins, SigningKey, keyfile};
use serde_json::json;

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
    #[arg(long, value_name = "DIR")]
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
        check_vacant(terminal, &self.data)?;
        let mut reader = Reader::new(BufReader::new(file))
            .map_err(|error| at_line(terminal, &self.file, 1, error))?;
        let pins = self.pinned(terminal, reader.header())?;
        let key = self.opened_key(terminal, &pins)?;
        let anchors = self.anchors(terminal, &pins, key.is_some())?;
        let place = beside(terminal, &self.data)?;
        let built = self.build(terminal, &mut reader, &pins, place.path())?;
        let data = place.path().join("data");
        self.furnish(terminal, &data, &pins, key.as_ref())?;
        let signs = key.is_some();
        settle(terminal, &data, &anchors, &pins, &built, signs)?;
        move_in(terminal, &data, &self.data)?;
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

    /// The anchor folder that the data folder will have. To sign on, a newest checkpoint must be known.
    fn anchors(&self, terminal: Terminal, pins: &Pins, signs: bool) -> anyhow::Result<Anchors> {
        let folder = match &self.anchor {
            Some(folder) => folder.clone(),
            None => LocalFolder::default_anchor_folder(&self.data).with_context(|| {
                terminal.pick(
                    format!("{} 旁边放不了锚点；请用 --anchor 指定", self.data.display()),
                    format!(
                        "no anchors can lie beside {}; give --anchor",
                        self.data.display()
                    ),
                )
            })?,
        };
        let there = LocalFolder::anchor_file(&folder, pins.origin.slug()).is_file();
        if signs && !there && !self.adopt_checkpoint {
            bail!(Refused(terminal.pick(
                format!(
                    "{} 里没有这个账本的锚点，无从知道导出之后是否又签过检查点；从旧检查点接着签会使账本分叉。\n  请用 --anchor 指出原来的锚点；确知没有更新的检查点时用 --adopt-checkpoint；只供核对则不要给 --log-key",
                    folder.display(),
                ),
                format!(
                    "no anchor of this ledger is in {}: whether checkpoints were signed after the export is not known, and signing on from an old one forks the ledger.\n  Name the old anchors with --anchor; or, if you know that there is none newer, --adopt-checkpoint; or, only to verify, leave --log-key out",
                    folder.display(),
                ),
            )));
        }
        Ok(Anchors { folder, there })
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

/// The anchor folder of the new data folder, and whether it knows this ledger already.
struct Anchors {
    folder: PathBuf,
    there: bool,
}

/// Refuses a target that holds something.
fn check_vacant(terminal: Terminal, data: &Path) -> anyhow::Result<()> {
    let vacant = match std::fs::read_dir(data) {
        Ok(mut names) => names.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => {
            return Err(error).with_context(|| {
                terminal.pick(
                    format!("{} 不能用作数据文件夹", data.display()),
                    format!("{} cannot be a data folder", data.display()),
                )
            });
        }
    };
    if vacant {
        return Ok(());
    }
    bail!(terminal.pick(
        format!("{} 不是空的，不会覆盖；请换一个文件夹", data.display()),
        format!(
            "{} is not empty and is not overwritten; choose another folder",
            data.display()
        ),
    ))
}

/// A folder to build in, on the same disk as the target. It is gone with what is left in it.
fn beside(terminal: Terminal, data: &Path) -> anyhow::Result<tempfile::TempDir> {
    let parent = parent(data);
    tempfile::Builder::new()
        .prefix(".sanzi-import-")
        .tempdir_in(parent)
        .with_context(|| {
            terminal.pick(
                format!(
                    "写不了 {}；请检查文件夹是否存在、是否有写入权限",
                    parent.display()
                ),
                format!(
                    "cannot write in {}; check that the folder is there and may be written to",
                    parent.display()
                ),
            )
        })
}

fn parent(data: &Path) -> &Path {
    match data.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Holds what was built against the anchor: nothing older than it, and no other log, may be signed on
/// or pass for the ledger. Makes an anchor only for a folder that is to sign.
fn settle(
    terminal: Terminal,
    data: &Path,
    anchors: &Anchors,
    pins: &Pins,
    built: &Built,
    signs: bool,
) -> anyhow::Result<()> {
    if !signs && !anchors.there {
        return Ok(());
    }
    let options = LocalOptions {
        anchor_folder: Some(anchors.folder.clone()),
        adopt_checkpoint: signs,
        ..LocalOptions::default()
    };
    let folder = LocalFolder::open(data, options)?;
    let opened = folder.ledger(pins.origin.slug());
    let mut store = opened.map_err(|error| forks(terminal, &anchors.folder, error))?;
    // An anchor of before may be older than what its own log has signed since.
    store.publish(built.entries, built.header.checkpoint.as_bytes())?;
    store.close()?;
    folder.close()?;
    Ok(())
}

/// What it means that the anchor and the entries do not fit.
fn forks(terminal: Terminal, anchors: &Path, error: StoreError) -> anyhow::Error {
    let said = match &error {
        StoreError::Behind { expected, found, .. } => terminal.pick(
            format!("锚点（{}）已到 {expected} 条，导出只有 {found} 条：导出后账本又签过，从这里接着签会分叉。请用更新的导出", anchors.display()),
            format!("the anchor in {} is of {expected} entries, the export of {found}: the log was signed since, and going on from here would fork it. Take a newer export", anchors.display()),
        ),
        StoreError::Corrupt { .. } => terminal.pick(
            format!("锚点（{}）签过的树与导出的不同：同一把钥匙签出了两个账本，请保存两份并查明", anchors.display()),
            format!("the tree signed by the anchor in {} is not that of the export: one key has signed two logs; keep both and find out why", anchors.display()),
        ),
        _ => return error.into(),
    };
    Refused(format!("{said}\n  {error}")).into()
}

fn move_in(terminal: Terminal, built: &Path, data: &Path) -> anyhow::Result<()> {
    let moved = std::fs::rename(built, data).and_then(|()| File::open(parent(data))?.sync_all());
    moved.with_context(|| {
        terminal.pick(
            format!("写不了 {}", data.display()),
            format!("cannot write {}", data.display()),
        )
    })
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
