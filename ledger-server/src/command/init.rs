//! `sanzi init`: from a collective's data to an open ledger.
//!
//! In two movements, so that people can edit the charter between them: the first asks, and writes the
//! charter, the answers and the founders' keys; the second (`--open`) checks all of it, signs, and
//! opens the ledger. What fails leaves nothing behind.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use ledger_core::charter::Charter;
use ledger_core::event::Collective;
use ledger_core::keyfile;
use ledger_core::store::local::{LocalFolder, LocalOptions};
use ledger_core::text::Line;
use ledger_core::{Language, MemberId, Origin, Role, SigningKey};
use serde::{Deserialize, Serialize};

use super::charter;
use super::help::Text;
use crate::draft;
use crate::keeping::sync_folder;
use crate::key_file;
use crate::moment;
use crate::terminal::{Refused, Terminal};

mod open;
mod questions;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "  $ sanzi init data\n  $ sanzi init data --open\n  $ sanzi init data --from founding.json --passphrase-file pass.txt --yes"
)]
pub(crate) struct Init {
    dir: PathBuf,
    #[arg(long)]
    open: bool,
    #[arg(long, conflicts_with = "open")]
    yes: bool,
    #[arg(long, value_name = "FILE", conflicts_with = "open")]
    from: Option<PathBuf>,
    #[arg(long, value_name = "FILE", conflicts_with = "open")]
    charter: Option<PathBuf>,
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    log_passphrase_file: Option<PathBuf>,
    #[arg(long, value_name = "DIR", env = "SANZI_ANCHOR", hide_env_values = true)]
    anchor: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

/// Everything that `init` asks, as `--from` takes it and `founding.json` keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answers {
    collective: Collective,
    members: Vec<Founder>,
    origin: Origin,
    #[serde(default)]
    training: bool,
}

/// A founding member.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Founder {
    member: MemberId,
    name: Line,
    roles: Vec<Role>,
}

/// The files of the first movement.
struct Founding {
    charter: PathBuf,
    answers: PathBuf,
    keys: PathBuf,
}

pub(crate) const TEXTS: &[Text] = &[
    Text {
        of: "init",
        zh: "新建账本",
        en: "Open a new ledger",
    },
    Text {
        of: "init.dir",
        zh: "数据文件夹（没有就新建）",
        en: "The data folder (made if it is not there)",
    },
    Text {
        of: "init.open",
        zh: "第二步：按改好的章程正式建账",
        en: "Second step: open the ledger under the edited charter",
    },
    Text {
        of: "init.yes",
        zh: "一步到位：不停下来改章程",
        en: "Go on to open the ledger at once",
    },
    Text {
        of: "init.from",
        zh: "所有回答（JSON），不再提问",
        en: "All answers (JSON), instead of questions",
    },
    Text {
        of: "init.charter",
        zh: "改好的章程，默认用随附的章程",
        en: "An edited charter; by default the one that ships",
    },
    Text {
        of: "init.keys",
        zh: "建账人钥匙放在哪，默认 DIR/founding/keys",
        en: "Where the founders' keys go; by default DIR/founding/keys",
    },
    Text {
        of: "init.passphrase_file",
        zh: "建账人钥匙的口令文件（全部同一口令）；不给就逐把问",
        en: "One passphrase for all founders' keys; asked for each without it",
    },
    Text {
        of: "init.log_passphrase_file",
        zh: "日志钥匙的口令文件；也可用环境变量 SANZI_LOG_PASSPHRASE",
        en: "The log key's passphrase; or set SANZI_LOG_PASSPHRASE",
    },
    Text {
        of: "init.anchor",
        zh: "锚点文件夹，应在另一块盘上，以后 serve 也要用它；默认在数据文件夹旁边",
        en: "Folder of the anchors, on another disk, for serve later on, too; by default beside the data folder",
    },
    Text {
        of: "init.json",
        zh: "以 JSON 输出结果",
        en: "Print the result as JSON",
    },
];

impl Founding {
    fn of(init: &Init) -> Self {
        let folder = init.dir.join("founding");
        Self {
            charter: folder.join("charter.json"),
            answers: folder.join("founding.json"),
            keys: init.keys.clone().unwrap_or_else(|| folder.join("keys")),
        }
    }

    fn key_of(&self, member: &MemberId) -> PathBuf {
        self.keys.join(format!("{member}.key"))
    }
}

/// A founder's key, in memory and sealed.
struct FoundersKey {
    key: SigningKey,
    sealed: String,
}

impl Init {
    /// Prepares a ledger, or opens the one that was prepared.
    pub(crate) fn run(self, language: Language) -> anyhow::Result<ExitCode> {
        let terminal = Terminal::new(language);
        let founding = Founding::of(&self);
        if self.open {
            open::run(terminal, &self, &founding, None)?;
            return Ok(ExitCode::SUCCESS);
        }
        let keys = self.prepare(terminal, &founding)?;
        if self.yes {
            open::run(terminal, &self, &founding, Some(keys))?;
        } else {
            self.say_next(terminal, &founding);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Asks, checks all of it, and only then writes.
    fn prepare(&self, terminal: Terminal, founding: &Founding) -> anyhow::Result<Vec<SigningKey>> {
        let folder = self.dir.join("founding");
        if folder.exists() {
            bail!(terminal.pick(
                format!("{} 已经有了。若要继续上次的建账：sanzi init {} --open；若要重来，请先把它移走", folder.display(), self.dir.display()),
                format!("{} is there already. To go on with it: sanzi init {} --open; to start afresh move it away first", folder.display(), self.dir.display()),
            ));
        }
        let answers = match &self.from {
            Some(file) => read_answers(terminal, file)?,
            None => questions::ask(terminal)?,
        };
        let text = match &self.charter {
            Some(file) => {
                std::fs::read_to_string(file).with_context(|| file.display().to_string())?
            }
            None if answers.training => charter::training_text()?,
            None => Charter::default_text().to_owned(),
        };
        let charter = charter::parse(terminal, &text, answers.training)?;
        check(terminal, &answers, &charter)?;
        open::check_new(terminal, &self.dir, answers.origin.slug())?;
        for founder in &answers.members {
            let file = founding.key_of(&founder.member);
            if file.exists() || key_file::public_file(&file).exists() {
                bail!(terminal.pick(
                    format!(
                        "{} 已经有了，钥匙不会覆盖；请先移走，或用 --keys 换个文件夹",
                        file.display()
                    ),
                    format!(
                        "{} is there already and is not overwritten; move it away or give --keys",
                        file.display()
                    ),
                ));
            }
        }
        let keys = self.make_keys(terminal, &answers)?;
        let signing: Vec<&SigningKey> = keys.iter().map(|made| &made.key).collect();
        open::founding(terminal, &answers, charter, &signing, moment::now()?)?;
        self.write(terminal, founding, &answers, &text, &keys)?;
        Ok(keys.into_iter().map(|made| made.key).collect())
    }

    fn make_keys(&self, terminal: Terminal, answers: &Answers) -> anyhow::Result<Vec<FoundersKey>> {
        let mut keys = Vec::new();
        for founder in &answers.members {
            let whose = terminal.pick(
                format!("{}（{}）", founder.name, founder.member),
                format!("{} ({})", founder.name, founder.member),
            );
            let passphrase = terminal.new_passphrase(&whose, self.passphrase_file.as_deref())?;
            let seed = keyfile::generate_seed()?;
            let key = SigningKey::from_seed(&answers.origin.key_name(&founder.member), &seed)?;
            let sealed = keyfile::seal(&seed, &passphrase)?;
            keys.push(FoundersKey { key, sealed });
        }
        Ok(keys)
    }

    /// Writes what was prepared; takes it all back if something cannot be written.
    fn write(
        &self,
        terminal: Terminal,
        founding: &Founding,
        answers: &Answers,
        charter: &str,
        keys: &[FoundersKey],
    ) -> anyhow::Result<()> {
        let folder = self.dir.join("founding");
        let (fresh, fresh_keys) = (!self.dir.exists(), !founding.keys.exists());
        let files = answers.members.iter().map(|f| founding.key_of(&f.member));
        let files: Vec<PathBuf> = files.collect();
        let write = || -> anyhow::Result<()> {
            // Only a folder that is one already may hold other files beside its ledgers.
            LocalFolder::open(&self.dir, self.options())?.close()?;
            let made = std::fs::create_dir(&folder).and_then(|()| sync_folder(&self.dir));
            made.with_context(|| folder.display().to_string())?;
            draft::private_folder(&founding.keys)
                .with_context(|| founding.keys.display().to_string())?;
            draft::replace(terminal, &founding.charter, charter.as_bytes())?;
            let mut json = serde_json::to_string_pretty(answers)?;
            json.push('\n');
            draft::replace(terminal, &founding.answers, json.as_bytes())?;
            for (file, made) in files.iter().zip(keys) {
                key_file::write_new(terminal, file, made.key.verifier(), &made.sealed)?;
            }
            Ok(())
        };
        write().inspect_err(|_| {
            // None of these was there when this began.
            for file in &files {
                let _ = std::fs::remove_file(file);
                let _ = std::fs::remove_file(key_file::public_file(file));
            }
            let _ = std::fs::remove_dir_all(&folder);
            if fresh_keys {
                let _ = std::fs::remove_dir(&founding.keys);
            }
            if fresh {
                let anchors = LocalFolder::default_anchor_folder(&self.dir);
                let _ = std::fs::remove_dir_all(&self.dir);
                // One that was named may have been there before.
                let anchors = anchors.filter(|_| self.anchor.is_none());
                let _ = anchors.map(std::fs::remove_dir_all);
            }
        })
    }

    fn options(&self) -> LocalOptions {
        LocalOptions {
            anchor_folder: self.anchor.clone(),
            ..LocalOptions::default()
        }
    }

    fn say_next(&self, terminal: Terminal, founding: &Founding) {
        terminal.say(terminal.pick(
            format!(
                "已备好，还没有建账。\n  章程：{}（请按本社实际修改，改完可用 sanzi charter check 检查）\n  回答：{}\n  建账人钥匙：{}",
                founding.charter.display(), founding.answers.display(), founding.keys.display(),
            ),
            format!(
                "Prepared; no ledger has been opened yet.\n  charter: {} (edit it, then: sanzi charter check)\n  answers: {}\n  founders' keys: {}",
                founding.charter.display(), founding.answers.display(), founding.keys.display(),
            ),
        ));
        terminal.say(terminal.pick(
            format!("下一步：sanzi init {} --open", self.dir.display()),
            format!("next: sanzi init {} --open", self.dir.display()),
        ));
    }
}

fn read_answers(terminal: Terminal, file: &Path) -> anyhow::Result<Answers> {
    let text = std::fs::read(file).with_context(|| {
        terminal.pick(
            format!("读不到 {}", file.display()),
            format!("cannot read {}", file.display()),
        )
    })?;
    serde_json::from_slice(&text).with_context(|| {
        terminal.pick(
            format!("{} 里的回答有误", file.display()),
            format!("the answers in {} are at fault", file.display()),
        )
    })
}

/// What can be known to be wrong before keys are made.
fn check(terminal: Terminal, answers: &Answers, charter: &Charter) -> anyhow::Result<()> {
    if answers.origin.slug() == "founding" {
        bail!(Refused(terminal.pick(
            "日志名的最后一段不能是 founding（建账文件夹用了这个名字）".to_owned(),
            "the origin must not end in /founding: that folder is taken".to_owned(),
        )));
    }
    let mut seen = std::collections::BTreeSet::new();
    for founder in &answers.members {
        if !seen.insert(&founder.member) {
            bail!(Refused(terminal.pick(
                format!("成员代号 {} 出现了两次", founder.member),
                format!("the member {} is listed twice", founder.member),
            )));
        }
        if let Some(fault) = excluded(terminal, charter, &founder.roles) {
            bail!(Refused(format!("{}：{fault}", founder.member)));
        }
    }
    Ok(())
}

/// Why these roles cannot be one person's, if they cannot.
fn excluded(terminal: Terminal, charter: &Charter, roles: &[Role]) -> Option<String> {
    let both = |one: Role, other: Role| roles.contains(&one) && roles.contains(&other);
    let exclusion = charter.exclusions.iter().find(|e| both(e.one, e.other))?;
    Some(terminal.pick(
        format!(
            "{}与{}不得由一人兼任（{}）",
            exclusion.one.zh(),
            exclusion.other.zh(),
            exclusion.basis.source
        ),
        format!(
            "{} and {} must not be one person ({})",
            exclusion.one.en(),
            exclusion.other.en(),
            exclusion.basis.source
        ),
    ))
}
