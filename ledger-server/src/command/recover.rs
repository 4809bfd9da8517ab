//! `sanzi recover`: says why a ledger is not signed on, and repairs it from what others hold.
//!
//! Entries are taken from wherever they are to be had, each admitted anew, up to the newest checkpoint that
//! the log's own key is known to have signed: the anchor's, a mirror's, or the one that a witness showed.
//! Nothing is signed here. What stood before is moved aside, never deleted.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use ledger_core::checkpoint::SignedCheckpoint;
use ledger_core::store::local::{LocalFolder, LocalOptions, LocalStore};
use ledger_core::store::{Store as _, StoreError};
use ledger_core::{Language, Origin, Pins, tree};
use ledger_server::STOP_FILE;
use serde_json::json;

use self::holders::{Candidate, Holders};
use super::building;
use super::fsck::anchors_of;
use super::help::Text;
use crate::inspect::{self, Grade, Raw};
use crate::raw_folder::RawFolder;
use crate::source_arg;
use crate::terminal::{Refused, Terminal};

mod holders;
mod loss;
mod receipts;
mod stopped;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi recover --data data\n  $ sanzi recover --data data --from https://mirror.example.org/donglang --from entries.jsonl"
)]
pub(crate) struct Recover {
    #[arg(long, value_name = "DIR[#LEDGER]")]
    data: String,
    #[arg(long, value_name = "SOURCE")]
    from: Vec<String>,
    #[arg(long)]
    repair: bool,
    #[arg(long, value_name = "DIR", conflicts_with = "repair")]
    declare_loss: Option<PathBuf>,
    #[arg(long, value_name = "TEXT", requires = "declare_loss")]
    reason: Option<String>,
    #[arg(long, value_name = "ORIGIN", requires = "declare_loss")]
    origin: Option<Origin>,
    #[arg(long, value_name = "FILE", requires = "declare_loss")]
    key: Option<PathBuf>,
    #[arg(long, value_name = "FILE", requires = "declare_loss")]
    passphrase_file: Option<PathBuf>,
    #[arg(long, value_name = "FILE", requires = "declare_loss")]
    log_passphrase_file: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    #[arg(long, value_name = "DIR", env = "SANZI_ANCHOR", hide_env_values = true)]
    anchor: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "recover",
        zh: "说明账本为什么不签了，并用镜像、备份或别人手里的条目修复；不签任何东西",
        en: "Explain why a ledger is not signed on, and repair it from mirrors, backups or entries held by anyone; signs nothing",
    },
    Text {
        of: "recover.data",
        zh: "数据文件夹（修复时服务须停）；有几个账本时写成 文件夹#账本",
        en: "The data folder (no server may run on it for a repair); FOLDER#ledger if it has several",
    },
    Text {
        of: "recover.from",
        zh: "从哪里补：镜像、备份、网址、别的数据文件夹、导出的 .jsonl、回执（.tlog-proof，旁边有 .entry）或放回执的文件夹、检查点文件；可多次给出",
        en: "Where to take entries from: mirror, backup, URL, another data folder, an exported .jsonl, receipts (.tlog-proof with .entry beside, or a folder of them), or a checkpoint's file; may be given often",
    },
    Text {
        of: "recover.repair",
        zh: "没有别的来源也修复：只用本文件夹里的条目",
        en: "Repair without another source: by the folder's own entries",
    },
    Text {
        of: "recover.declare_loss",
        zh: "确实找不回来时，公开声明丢失，在新日志里接着记；文件夹放声明草稿和新日志的钥匙",
        en: "Where entries cannot be had any more: declare the loss openly and go on in a new log; the folder takes the draft and the new log's key",
    },
    Text {
        of: "recover.reason",
        zh: "丢失的原因：怎么丢的，找过哪里",
        en: "Why they are lost: what happened, and where was looked",
    },
    Text {
        of: "recover.origin",
        zh: "新日志名；默认在原名后加 -2",
        en: "The new log's name; by default the old one with -2",
    },
    Text {
        of: "recover.key",
        zh: "声明的第一个签署人的钥匙文件",
        en: "The key file of the first who signs the declaration",
    },
    Text {
        of: "recover.passphrase_file",
        zh: "口令写在这个文件的第一行",
        en: "A file whose first line is the passphrase",
    },
    Text {
        of: "recover.log_passphrase_file",
        zh: "新日志钥匙的口令文件；也可用环境变量 SANZI_LOG_PASSPHRASE",
        en: "A file with the new log key's passphrase; or SANZI_LOG_PASSPHRASE in the environment",
    },
    Text {
        of: "recover.pins",
        zh: "信任锚文件；默认用账本文件夹里的 pins.json",
        en: "The pins; by default pins.json in the ledger's folder",
    },
    Text {
        of: "recover.anchor",
        zh: "锚点文件夹，同 serve 的 --anchor",
        en: "The folder of the anchors, as for serve",
    },
    Text {
        of: "recover.json",
        zh: "以 JSON 输出结果",
        en: "Print the result as JSON",
    },
];

/// One ledger that is looked after.
struct Patient<'a> {
    anchors: PathBuf,
    data: PathBuf,
    own: PathBuf,
    pins: &'a Pins,
    slug: String,
    terminal: Terminal,
}

/// What was found before anything was done.
struct Diagnosis {
    /// Newest of the folder's own checkpoint and the anchor's.
    size: u64,
    sound: bool,
    stopped: Option<stopped::Stopped>,
}

impl Recover {
    /// Explains, and repairs if told to.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        let (raw, pins, place) = source_arg::open_raw(terminal, &self.data, self.pins.as_deref())?;
        let (Raw::Data(raw), Some(place)) = (raw, place) else {
            bail!(terminal.pick(
                format!("{} 不是数据文件夹（应有 FORMAT）", self.data),
                format!("{} is no data folder (expected FORMAT)", self.data),
            ));
        };
        let Some(anchors) = anchors_of(&place.data, self.anchor.as_deref()) else {
            bail!(terminal.pick(
                "请用 --anchor 指出锚点文件夹",
                "name the anchors with --anchor"
            ));
        };
        let patient = Patient {
            anchors,
            own: raw.folder().to_owned(),
            slug: place.slug.unwrap_or_else(|| pins.origin.slug().to_owned()),
            data: place.data,
            pins: &pins,
            terminal,
        };
        let found = patient.diagnose()?;
        if found.sound && found.stopped.is_none() {
            return Ok(self.conclude(terminal, true, found.size));
        }
        if let Some(folder) = &self.declare_loss {
            return match patient.declare_loss(&self, folder)? {
                loss::Stage::Drafted => Ok(ExitCode::SUCCESS),
                loss::Stage::Declared(size) => {
                    patient.say_declared(folder, size)?;
                    Ok(self.conclude(terminal, true, size))
                }
            };
        }
        if self.from.is_empty() && !self.repair {
            terminal.say(terminal.pick(
                "怎么办：停掉服务，用 sanzi recover --data … --from 镜像、备份、网址或导出文件（可多个）补齐；\n  只是哈希或位置文件坏了，用 --repair 由本文件夹的条目重建。不要删锚点，也不要删 signing-stopped。",
                "What to do: stop the server, and complete the ledger by sanzi recover --data ... --from a mirror, backup, URL or exported file (any number);\n  where only hashes or places are damaged, --repair makes them again from the folder's own entries. Delete neither the anchor nor signing-stopped.",
            ));
            return Ok(self.conclude(terminal, false, found.size));
        }
        let size = patient.repair(&self.from, &found)?;
        Ok(self.conclude(terminal, patient.diagnose_quietly()?, size))
    }

    fn conclude(&self, terminal: Terminal, signs: bool, size: u64) -> ExitCode {
        if self.json {
            terminal.say(json!({ "signs": signs, "size": size }).to_string());
        } else if signs {
            terminal.say(terminal.pick(
                format!("账本完好，共 {size} 条，可以签署。"),
                format!("the ledger is sound, with {size} entries, and can be signed on."),
            ));
        } else {
            terminal.say(terminal.pick(
                "账本现在不能签署；原因见上。",
                "the ledger cannot be signed on now; the reasons are above.",
            ));
        }
        ExitCode::from(u8::from(!signs))
    }
}

impl Patient<'_> {
    fn anchor_file(&self) -> PathBuf {
        LocalFolder::anchor_file(&self.anchors, &self.slug)
    }

    fn look(&self) -> anyhow::Result<inspect::Inspection> {
        let raw = Raw::Data(RawFolder::new(self.own.clone()));
        let mut found = inspect::inspect(
            self.terminal,
            &raw,
            self.pins,
            Some(&self.anchor_file()),
            None,
        )?;
        // Documents are not what a signature hangs on.
        found.findings.retain(|finding| {
            !finding.place.starts_with("documents/") && !finding.place.starts_with("private/")
        });
        Ok(found)
    }

    fn diagnose_quietly(&self) -> anyhow::Result<bool> {
        Ok(self.look()?.holds() && !self.own.join(STOP_FILE).exists())
    }

    /// Says in plain words what is wrong.
    fn diagnose(&self) -> anyhow::Result<Diagnosis> {
        let terminal = self.terminal;
        let found = self.look()?;
        for finding in found.of(Grade::Missing) {
            terminal.say(terminal.pick(
                format!("缺：{}：{}", finding.place, finding.said),
                format!("missing: {}: {}", finding.place, finding.said),
            ));
        }
        for finding in found.of(Grade::Bad) {
            terminal.say(terminal.pick(
                format!("坏：{}：{}", finding.place, finding.said),
                format!("bad: {}: {}", finding.place, finding.said),
            ));
        }
        if found
            .of(Grade::Missing)
            .any(|finding| finding.place == "entries")
        {
            terminal.say(terminal.pick(
                format!("原因：锚点记得签过 {} 条，这个文件夹没有那么多，多半是恢复了旧备份，或丢了数据。从这里接着签，同一个位置就会有两条不同的记录（分叉），所以不签。", found.size),
                format!("why: the anchor knows that {} entries were signed, and the folder has fewer: most likely an old backup was put back, or data were lost. Signing on would put two different entries in one place (a fork), so nothing is signed.", found.size),
            ));
        } else if !found.holds() {
            terminal.say(terminal.pick(
                "原因：存着的内容与签过的检查点对不上，在弄清之前不签。",
                "why: what is stored is not what was signed; nothing is signed before that is mended.",
            ));
        }
        let stopped = stopped::read(&self.own.join(STOP_FILE), self.pins)?;
        if let Some(stopped) = &stopped {
            terminal.say(terminal.pick(
                format!("原因：见证方叫停（{STOP_FILE}）：\n{}", stopped.text),
                format!("why: stopped by a witness ({STOP_FILE}):\n{}", stopped.text),
            ));
        }
        Ok(Diagnosis {
            size: found.size,
            sound: found.holds(),
            stopped,
        })
    }

    /// Brings the ledger to the newest checkpoint for which there are entries; its size then.
    fn repair(&self, from: &[String], found: &Diagnosis) -> anyhow::Result<u64> {
        let options = LocalOptions {
            anchor_folder: Some(self.anchors.clone()),
            ..LocalOptions::default()
        };
        // Locked from here on, so that no server starts in between.
        let folder = LocalFolder::open(&self.data, options)?;
        let mut holders = Holders::gather(self.terminal, self.pins, from, &self.own)?;
        holders.add(
            Some(self.anchored()?),
            self.terminal.pick("锚点", "the anchor"),
        );
        let floor = holders.newest();
        let shown = found
            .stopped
            .as_ref()
            .and_then(|stopped| stopped.shown.clone());
        holders.add(shown, self.terminal.pick("见证方", "the witness"));
        holders.check_one_history(self.terminal)?;
        let target = self.target(&holders, floor)?;
        let newer = target.size() > found.size || !found.sound;
        if newer {
            self.rebuild(&mut holders, &target)?;
        }
        let mut store = folder.ledger(&self.slug)?;
        if newer {
            store.publish(target.size(), &target.checkpoint.to_bytes())?;
        }
        self.resume(found, &store)?;
        let size = store.published_size();
        store.close()?;
        folder.close()?;
        Ok(size)
    }

    /// The anchor's checkpoint, without which nobody can say what was signed last.
    fn anchored(&self) -> anyhow::Result<SignedCheckpoint> {
        let file = self.anchor_file();
        let bytes = match LocalFolder::anchored(&file) {
            Ok(bytes) => bytes,
            Err(StoreError::Corrupt { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        if let Some(bytes) = bytes {
            return Ok(SignedCheckpoint::open(&bytes, &self.pins.log_key)?);
        }
        bail!(Refused(self.terminal.pick(
            format!("锚点 {} 不在，或已损坏：无从知道最后签到哪里，没有改动任何东西。先找回锚点（--anchor）；问过镜像和见证方、确知没有更新的检查点时，把坏锚点移开，用 serve --adopt-checkpoint 启动一次。", file.display()),
            format!("the anchor {} is missing or damaged: up to where the log was signed is not known, and nothing was changed. Find the anchor first (--anchor); if, having asked mirrors and witnesses, you know that there is no newer checkpoint, move the damaged one away and start once with serve --adopt-checkpoint.", file.display()),
        )))
    }

    /// The newest checkpoint for which somebody has all entries. Never one before `floor`, up to which
    /// the log is known to have been signed; what only a witness has seen keeps its stop in force.
    fn target(&self, holders: &Holders, floor: u64) -> anyhow::Result<Candidate> {
        let held = holders.held();
        let reachable = |candidate: &&Candidate| candidate.size() <= held;
        let newest = holders.candidates.iter().max_by_key(|one| one.size());
        let best = holders
            .candidates
            .iter()
            .filter(reachable)
            .max_by_key(|candidate| candidate.size());
        match (best, newest) {
            (Some(best), Some(newest)) if best.size() >= floor => {
                if newest.size() > best.size() {
                    self.terminal.advise(self.terminal.pick(
                        format!(
                            "注意：{}知道有 {} 条，手头只有 {} 条。",
                            newest.of,
                            newest.size(),
                            best.size()
                        ),
                        format!(
                            "note: {} knows of {} entries, and {} are at hand.",
                            newest.of,
                            newest.size(),
                            best.size()
                        ),
                    ));
                }
                Ok(best.clone())
            }
            _ => bail!(Refused(self.lost(held, floor))),
        }
    }

    /// What is lost, and how to say so openly.
    fn lost(&self, held: u64, floor: u64) -> String {
        let (first, last) = (held, floor.saturating_sub(1));
        self.terminal.pick(
            format!(
                "还缺第 {first} 至 {last} 条，给出的来源里都没有；没有改动任何东西。\n  先再找：镜像、别的备份、居民或街道下载过的副本、见证方，任何人手里的都行，真假由锚点里的检查点核对。\n  确实找不回来时，不要删锚点接着签，那就是分叉。应当公开声明丢失，在新日志里接着记：sanzi recover --data … --declare-loss 文件夹 --reason 原因 --key 签署人的钥匙。保住的 {held} 条原样带过去。"
            ),
            format!(
                "entries {first} to {last} are still missing, and no source given has them; nothing was changed.\n  Look further first: mirrors, other backups, copies that residents or the street office downloaded, witnesses. Anyone's will do: the anchor's checkpoint tells whether they are genuine.\n  If they cannot be had, do not delete the anchor and sign on: that is a fork. Declare the loss openly, and go on in a new log: sanzi recover --data ... --declare-loss DIR --reason WHY --key SIGNER. The {held} entries are taken along as they are."
            ),
        )
    }

    /// Builds the ledger beside its folder, compares it with every checkpoint known, and puts it in place.
    fn rebuild(&self, holders: &mut Holders, target: &Candidate) -> anyhow::Result<()> {
        let place = building::beside(self.terminal, &self.data)?;
        let options = LocalOptions {
            anchor_folder: Some(place.path().join("anchors")),
            ..LocalOptions::default()
        };
        let folder = LocalFolder::open(place.path().join("data"), options)?;
        let store = holders.fill(self.terminal, self.pins, target, folder.ledger(&self.slug)?)?;
        for candidate in &holders.candidates {
            self.check_contains(&store, candidate)?;
        }
        store.close()?;
        folder.close()?;
        let built = LocalFolder::ledger_folder(&place.path().join("data"), &self.slug);
        self.swap(&built)
    }

    /// A checkpoint of the same key that the ledger does not contain is a fork.
    fn check_contains(&self, store: &LocalStore, candidate: &Candidate) -> anyhow::Result<()> {
        if candidate.size() > store.size() || contains(store, &candidate.checkpoint)? {
            return Ok(());
        }
        bail!(Refused(self.terminal.pick(
            format!("分叉：{}有同一把钥匙签的 {} 条检查点，不在这部历史里。没有改动任何东西；请保存各方的检查点作为证据，查明之前不要签。", candidate.of, candidate.size()),
            format!("a fork: {} has a checkpoint of {} entries by the same key that is not part of this history. Nothing was changed; keep everybody's checkpoints as evidence, and sign nothing before it is explained.", candidate.of, candidate.size()),
        )))
    }

    /// Puts the built folder in the place of the ledger's, with all that was kept beside the entries.
    fn swap(&self, built: &Path) -> anyhow::Result<()> {
        let of_log = [
            "entries",
            "offsets",
            "tree",
            "checkpoint",
            "settled",
            "erased",
            "documents.settled",
        ];
        for entry in std::fs::read_dir(&self.own)? {
            let entry = entry?;
            let name = entry.file_name();
            if !of_log.iter().any(|one| name == *one) {
                link(&entry.path(), &built.join(&name))?;
            }
        }
        let aside = self.put_aside()?;
        std::fs::rename(built, &self.own)?;
        drop_private(&self.own, &aside)?;
        std::fs::File::open(&self.data)?.sync_all()?;
        self.say_aside(&aside);
        Ok(())
    }

    /// Moves the ledger's folder to a name of its own beside its place.
    fn put_aside(&self) -> anyhow::Result<PathBuf> {
        let aside = (1..)
            .map(|number| {
                let mut name = self.own.as_os_str().to_owned();
                name.push(format!(".replaced-{number}"));
                PathBuf::from(name)
            })
            .find(|path| !path.exists())
            .unwrap_or_default();
        std::fs::rename(&self.own, &aside)?;
        Ok(aside)
    }

    fn say_aside(&self, aside: &Path) {
        self.terminal.advise(self.terminal.pick(
            format!("原来的账本文件夹移到 {}，没有删除；不公开材料只留在现在的文件夹里。", aside.display()),
            format!(
                "the ledger's folder of before is in {}, nothing was deleted; private documents are in the new one only.",
                aside.display()
            ),
        ));
    }

    /// Takes a witness's stop away if the ledger now contains what the witness has seen.
    fn resume(&self, found: &Diagnosis, store: &LocalStore) -> anyhow::Result<()> {
        let Some(stopped) = &found.stopped else {
            return Ok(());
        };
        let gone = match &stopped.shown {
            Some(shown) => {
                shown.checkpoint().size() <= store.published_size() && contains(store, shown)?
            }
            None => stopped
                .held
                .is_some_and(|held| held <= store.published_size()),
        };
        if gone {
            std::fs::remove_file(self.own.join(STOP_FILE))?;
            std::fs::File::open(&self.own)?.sync_all()?;
            self.terminal.advise(self.terminal.pick(
                "见证方见过的都已在账本里，停签解除；启动时会再问见证方。",
                "the ledger now contains what the witness has seen, and the stop is lifted; the witness is asked again at the start.",
            ));
        } else {
            self.terminal.advise(self.terminal.pick(
                "停签的原因还在，没有解除：见证方见过的，这个账本还没有，或不是同一部历史。",
                "the reason of the stop is still there, and it stays: what the witness has seen is not in this ledger, or is another history.",
            ));
        }
        Ok(())
    }
}

/// Takes out of the folder of before the private documents that are in the ledger's own now, or in it are
/// erased: of what is erased later nothing is to be left. Nothing else there is deleted.
fn drop_private(own: &Path, aside: &Path) -> anyhow::Result<()> {
    let uploads = subfolders(&aside.join("uploads"))?.into_iter();
    let folders = uploads.map(|member| Path::new("uploads").join(member));
    for folder in folders.chain([PathBuf::from("private")]) {
        let (left, kept) = (aside.join(&folder), own.join(&folder));
        if !left.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&left)? {
            let entry = entry?;
            if kept.join(entry.file_name()).exists() {
                std::fs::remove_file(entry.path())?;
            }
        }
        std::fs::File::open(&left)?.sync_all()?;
    }
    Ok(())
}

/// The names in a folder; none if it is not there.
fn subfolders(folder: &Path) -> std::io::Result<Vec<std::ffi::OsString>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name())).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Whether the store's entries begin with those of a checkpoint.
fn contains(store: &LocalStore, checkpoint: &SignedCheckpoint) -> anyhow::Result<bool> {
    let stated = checkpoint.checkpoint();
    let root = tree::root(store, stated.size());
    root.map(|root| root == *stated.root())
        .map_err(|error| anyhow::anyhow!("{error}"))
}

/// Links a file, or a folder's files, to another place on the same disk; what is there stays.
fn link(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.is_dir() {
        return match std::fs::hard_link(from, to) {
            Err(_) if !to.exists() => std::fs::copy(from, to).map(|_| ()),
            _ => Ok(()),
        };
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        link(&entry.path(), &to.join(entry.file_name()))?;
    }
    std::fs::set_permissions(to, std::fs::metadata(from)?.permissions())
}
