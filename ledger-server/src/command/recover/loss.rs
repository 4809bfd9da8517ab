//! Declares that entries are gone for good, and lets the ledger go on in a log of another name and key.
//!
//! Two runs of one command. The first drafts the declaration and makes the new log's key; the second, once
//! all have signed it, builds the new log: the entries that could be saved, byte for byte, and the
//! declaration as the next one. Nothing is ever signed again by the old log's key: whoever holds a
//! receipt or a checkpoint of what is gone can still show it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ledger_core::event::{Event, LossDeclared, LossNotice, LostLog, SavedEntries, Statement};
use ledger_core::keyfile;
use ledger_core::ledger::{AppendError, Rebuild};
use ledger_core::name::StreamId;
use ledger_core::refusal::Refusal;
use ledger_core::state::LedgerState;
use ledger_core::store::Store as _;
use ledger_core::store::local::{LocalFolder, LocalOptions, LocalStore};
use ledger_core::{Origin, Pins, SigningKey, StatedTime, VerifierKey};
use ledger_server::STOP_FILE;
use zeroize::Zeroizing;

use super::holders::Holders;
use super::{Patient, Recover, drop_private, link, stopped};
use crate::command::{building, data};
use crate::draft::{self, Draft, Papers};
use crate::keeping;
use crate::losses;
use crate::moment;
use crate::terminal::Refused;
use crate::{key_file, words};

/// The draft's name in the folder.
const DRAFT: &str = "loss.draft";

/// What belongs to the old log alone, and is not taken along.
const OLD: [&str; 11] = [
    "checkpoint",
    "entries",
    "log.key",
    "log.key.pub",
    "log.passphrase",
    "offsets",
    "pins.json",
    "policy",
    "settled",
    "tree",
    STOP_FILE,
];

/// Where the declaration stands.
pub(super) enum Stage {
    /// It is written, and has to be signed.
    Drafted,
    /// It is made; the new log has so many entries.
    Declared(u64),
}

impl Patient<'_> {
    /// Drafts the declaration, or makes it if it is drafted and signed.
    pub(super) fn declare_loss(&self, asked: &Recover, folder: &Path) -> anyhow::Result<Stage> {
        let options = LocalOptions {
            anchor_folder: Some(self.anchors.clone()),
            adopt_checkpoint: true,
            ..LocalOptions::default()
        };
        // Locked from here on, so that no server starts in between.
        let data = LocalFolder::open(&self.data, options)?;
        let mut holders = Holders::gather(self.terminal, self.pins, &asked.from, &self.own)?;
        let anchor = self.terminal.pick("锚点", "the anchor");
        holders.add(Some(self.anchored()?), anchor);
        let stopped = stopped::read(&self.own.join(STOP_FILE), self.pins)?;
        let shown = stopped.and_then(|stopped| stopped.shown);
        holders.add(shown, self.terminal.pick("见证方", "the witness"));
        holders.check_one_history(self.terminal)?;

        let place = building::beside(self.terminal, &self.data)?;
        let built = place.path().join("data");
        let apart = LocalOptions {
            anchor_folder: Some(place.path().join("anchors")),
            ..LocalOptions::default()
        };
        let apart = LocalFolder::open(&built, apart)?;
        let draft = folder.join(DRAFT);
        let slug = match draft.is_file() {
            true => declared_in(&Draft::read(self.terminal, &draft)?)?
                .slug()
                .to_owned(),
            false => self.new_origin(asked)?.slug().to_owned(),
        };
        let saved = holders.save(self.terminal, self.pins, apart.ledger(&slug)?)?;
        let lost = self.check_lost(&holders, &saved)?;
        if !draft.is_file() {
            self.draft(asked, folder, &saved, lost)?;
            return Ok(Stage::Drafted);
        }
        let (size, log_key) = self.make(asked, folder, saved)?;
        apart.close()?;
        self.move_in(
            &data,
            &LocalFolder::ledger_folder(&built, &slug),
            &slug,
            &log_key,
            folder,
        )?;
        data.close()?;
        Ok(Stage::Declared(size))
    }

    /// What the old log is known to have signed last, if that is more than could be saved.
    fn check_lost(
        &self,
        holders: &Holders,
        saved: &Rebuild<'_, LocalStore>,
    ) -> anyhow::Result<LostLog> {
        let terminal = self.terminal;
        let Some(newest) = holders
            .newest_known()
            .filter(|one| one.size() > saved.size())
        else {
            bail!(Refused(terminal.pick(
                "没有丢：签过的条目都找得到，不需要声明。请用 sanzi recover --from … 或 --repair 修复".to_owned(),
                "nothing is lost: all entries that were signed can be had. Repair the ledger with sanzi recover --from ... or --repair".to_owned(),
            )));
        };
        if saved.size() == 0 {
            bail!(Refused(terminal.pick(
                "连第 0 条都没有保住，这个账本接不下去；请另建新账本（sanzi init）".to_owned(),
                "not even entry 0 could be saved, so this ledger cannot go on; open a new one (sanzi init)".to_owned(),
            )));
        }
        LostLog::of(&newest.checkpoint, &self.pins.log_key).context("log key")
    }

    /// The new log's name: the one asked for, or the old one's with a number.
    fn new_origin(&self, asked: &Recover) -> anyhow::Result<Origin> {
        if let Some(origin) = &asked.origin {
            return Ok(origin.clone());
        }
        let old = self.pins.origin.as_str();
        let numbered = old.rsplit_once('-').and_then(|(stem, number)| {
            let number: u32 = number.parse().ok().filter(|number| *number > 1)?;
            Some(format!("{stem}-{}", number + 1))
        });
        Ok(numbered.unwrap_or_else(|| format!("{old}-2")).parse()?)
    }

    /// Writes the draft, signed by the first who has to, and the new log's key.
    fn draft(
        &self,
        asked: &Recover,
        folder: &Path,
        saved: &Rebuild<'_, LocalStore>,
        lost: LostLog,
    ) -> anyhow::Result<()> {
        let terminal = self.terminal;
        let (Some(key), Some(reason)) = (&asked.key, &asked.reason) else {
            bail!(terminal.pick(
                "起草丢失声明须写明原因（--reason：怎么丢的、找过哪里），并由第一个签署人签名（--key 钥匙文件）",
                "to draft the declaration, say why (--reason: how they were lost, where was looked) and let the first signer sign (--key FILE)",
            ));
        };
        let Some(ledger) = saved.state().ledger() else {
            bail!(terminal.pick("没有第 0 条", "no entry 0"));
        };
        let origin = self.new_origin(asked)?;
        let signer = key_file::unlock(terminal, key, asked.passphrase_file.as_deref())?;
        draft::private_folder(folder).with_context(|| folder.display().to_string())?;
        let log_key = self.new_log_key(asked, folder, &origin, ledger.training)?;
        let now = moment::now()?;
        let calendar = ledger.calendar_at(saved.size());
        let declared = LossDeclared {
            log_key,
            lost,
            reason: reason.parse()?,
            saved: SavedEntries {
                root: saved.root(),
                size: saved.size(),
            },
        };
        let notice = declared.notice(saved.size());
        let at = StatedTime::new(now, calendar.utc_offset_minutes())?;
        let event = Event::LossDeclared(Box::new(declared));
        let statement = Statement::new(StreamId::Ledger, ledger.head, at, event);
        let note = statement.sign([&signer])?;
        draft::write_new(terminal, &folder.join(DRAFT), &note, &Papers::default())?;
        self.say_drafted(asked, folder, &notice, ledger, &statement);
        Ok(())
    }

    fn new_log_key(
        &self,
        asked: &Recover,
        folder: &Path,
        origin: &Origin,
        training: bool,
    ) -> anyhow::Result<VerifierKey> {
        let file = folder.join("log.key");
        let public = key_file::public_file(&file);
        if public.is_file() {
            let there = key_file::read_public(self.terminal, &public)?;
            if there.name() == origin.as_str() {
                return Ok(there);
            }
            bail!(self.terminal.pick(
                format!(
                    "{} 里已有 {} 的钥匙，不是 {origin} 的；请换一个文件夹",
                    folder.display(),
                    there.name()
                ),
                format!(
                    "{} holds a key of {}, not of {origin}; take another folder",
                    folder.display(),
                    there.name()
                ),
            ));
        }
        let given =
            data::given_passphrase(asked.log_passphrase_file.as_deref(), self.terminal.language)?;
        let passphrase = match given {
            Some(given) => given,
            None if training => {
                let random = keyfile::generate_seed()?;
                let text = data_encoding::BASE64URL_NOPAD.encode(&random[..]);
                let beside = folder.join("log.passphrase");
                let line = Zeroizing::new(format!("{text}\n"));
                key_file::create_new(self.terminal, &beside, line.as_bytes(), true)?;
                Zeroizing::new(text)
            }
            None => {
                let whose = self.terminal.pick("新日志钥匙", "the new log key");
                self.terminal.new_passphrase(whose, None)?
            }
        };
        let seed = keyfile::generate_seed()?;
        let key = SigningKey::from_seed(origin.as_str(), &seed)?
            .verifier()
            .clone();
        let sealed = keyfile::seal(&seed, &passphrase)?;
        key_file::write_new(self.terminal, &file, &key, &sealed)?;
        Ok(key)
    }

    fn say_drafted(
        &self,
        asked: &Recover,
        folder: &Path,
        notice: &LossNotice,
        ledger: &LedgerState,
        statement: &Statement,
    ) {
        let terminal = self.terminal;
        let (draft, language) = (folder.join(DRAFT), terminal.language);
        terminal.say(losses::in_words(terminal, notice));
        let words = words::Words {
            language,
            ledger: Some(ledger),
            charter: Some(ledger.charter_at(notice.entry)),
            transaction: None,
        };
        for line in words::lines(&words.statement(statement), language) {
            terminal.say(line);
        }
        let from: String = asked
            .from
            .iter()
            .map(|from| format!(" --from {from}"))
            .collect();
        let again = format!(
            "sanzi recover --data {}{from} --declare-loss {}",
            asked.data,
            folder.display()
        );
        terminal.say(terminal.pick(
            format!("已起草，还没有声明。请按章程修订的规矩签齐：sanzi cosign {} --key 钥匙文件\n签齐以后再运行：{again}", draft.display()),
            format!("drafted, not declared yet. All who sign changes of the charter sign it: sanzi cosign {} --key FILE\nThen run: {again}", draft.display()),
        ));
    }

    /// Puts the signed declaration behind what was saved; the new log's size and key.
    fn make(
        &self,
        asked: &Recover,
        folder: &Path,
        saved: Rebuild<'_, LocalStore>,
    ) -> anyhow::Result<(u64, VerifierKey)> {
        let (terminal, language) = (self.terminal, self.terminal.language);
        let draft = Draft::read(terminal, &folder.join(DRAFT))?;
        let origin = declared_in(&draft)?;
        let given = data::given_passphrase(asked.log_passphrase_file.as_deref(), language)?;
        let seed = data::log_seed(folder, given.as_ref(), language)?;
        let key = SigningKey::from_seed(origin.as_str(), &seed)?;
        let refused = |error: AppendError| match error {
            AppendError::Refused(refusal) => {
                let hint = match &refusal {
                    Refusal::MissingRoles { .. } => terminal.pick(
                        "签齐以后再运行一次（sanzi cosign）。",
                        " Run this again when all have signed (sanzi cosign).",
                    ),
                    _ => terminal.pick(
                        "要换人签或重写，先把草稿移走，再运行一次。",
                        " To sign it by others or write it anew, move the draft away and run this again.",
                    ),
                };
                let (title, detail) = (refusal.title(language), refusal.detail(language));
                Refused(terminal.pick(
                    format!("没有声明，什么都没有改动：{title}。{detail}{hint}"),
                    format!("not declared, nothing was changed: {title}. {detail}{hint}"),
                ))
                .into()
            }
            other => anyhow::Error::from(other),
        };
        let store = saved
            .succeed(&key, &draft.bytes, moment::now()?)
            .map_err(refused)?;
        let size = store.size();
        store.close()?;
        Ok((size, key.verifier().clone()))
    }

    /// Puts the new log into the data folder with all that was kept beside the old one, which goes aside.
    fn move_in(
        &self,
        data: &LocalFolder,
        built: &Path,
        slug: &str,
        log_key: &VerifierKey,
        folder: &Path,
    ) -> anyhow::Result<()> {
        let target = LocalFolder::ledger_folder(&self.data, slug);
        if target.exists() {
            bail!(self.terminal.pick(
                format!("{} 已经有了，不会覆盖；没有改动任何东西", target.display()),
                format!(
                    "{} is there already and is not overwritten; nothing was changed",
                    target.display()
                ),
            ));
        }
        for entry in std::fs::read_dir(&self.own)? {
            let entry = entry?;
            let name = entry.file_name();
            if !OLD.iter().any(|one| name == *one) {
                link(&entry.path(), &built.join(&name))?;
            }
        }
        self.carry_policy(built)?;
        let pins = Pins {
            ledger_id: self.pins.ledger_id,
            log_key: log_key.clone(),
            origin: log_key.name().parse()?,
        };
        let text = serde_json::to_string_pretty(&pins)? + "\n";
        keeping::put(
            self.terminal,
            &built.join("pins.json"),
            text.as_bytes(),
            false,
        )?;
        for name in ["log.key", "log.key.pub", "log.passphrase"] {
            if let Ok(bytes) = std::fs::read(folder.join(name)).map(Zeroizing::new) {
                keeping::put(
                    self.terminal,
                    &built.join(name),
                    &bytes,
                    name != "log.key.pub",
                )?;
            }
        }
        // Aside first: a data folder never has both, so no server ever signs for the old one again.
        let aside = self.put_aside()?;
        self.say_aside(&aside);
        building::move_in(self.terminal, built, &target)?;
        drop_private(&target, &aside)?;
        let mut store = data.ledger(slug)?;
        let checkpoint = store.checkpoint()?.unwrap_or_default();
        store.publish(store.size(), &checkpoint)?;
        store.close()?;
        self.put_anchor_aside()
    }

    /// Keeps the old log's anchor under a name by which no ledger is expected any more.
    fn put_anchor_aside(&self) -> anyhow::Result<()> {
        let named = |number: u32| self.anchors.join(format!("{}.lost-{number}", self.name()));
        let aside = (1..).map(named).find(|path| !path.exists());
        std::fs::rename(self.anchor_file(), aside.unwrap_or_default())?;
        std::fs::File::open(&self.anchors)?.sync_all()?;
        Ok(())
    }

    /// The ledger's name in the file system.
    fn name(&self) -> String {
        self.slug.replace('/', "+")
    }

    /// The witnesses stay the same; a line that names the old log's key does not.
    fn carry_policy(&self, built: &Path) -> anyhow::Result<()> {
        let policy = match std::fs::read_to_string(self.own.join("policy")) {
            Ok(policy) => policy,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let kept = policy.lines().filter(|line| !line.starts_with("log "));
        let kept: String = kept.map(|line| format!("{line}\n")).collect();
        keeping::put(self.terminal, &built.join("policy"), kept.as_bytes(), false)
    }

    /// Says what everybody has to know now.
    pub(super) fn say_declared(&self, folder: &Path, size: u64) -> anyhow::Result<()> {
        let terminal = self.terminal;
        let origin = declared_in(&Draft::read(terminal, &folder.join(DRAFT))?)?;
        let kept: PathBuf = LocalFolder::ledger_folder(&self.data, origin.slug());
        let pins = kept.join("pins.json");
        terminal.say(terminal.pick(
            format!(
                "丢失已公开声明：账本在新日志 {origin} 里接着记，共 {size} 条，最后一条就是声明。\n  1. 把新的信任锚 {} 发给所有核对账本的人，说明原委；旧的信任锚核对不了新日志。\n  2. 请各见证方把新日志的公钥加进规则；旧日志的公钥不要再用。\n  3. 旧日志的镜像请保留，不要删：它和回执能证明丢的是什么。\n  4. 谁手里还有丢失事项的签名草稿，请重新提交（sanzi submit）：只要前后还接得上，就按补录收进来。\n  5. 新日志钥匙已放进 {}；请把 {} 里的那份删掉。",
                pins.display(), kept.display(), folder.display()
            ),
            format!(
                "the loss is declared openly: the ledger goes on in the log {origin}, with {size} entries, the last of which is the declaration.\n  1. Give the new pins {} to everyone who verifies, and say why; the old pins do not verify the new log.\n  2. Ask every witness to add the new log's key to its policy, and use the old one no more.\n  3. Keep mirrors of the old log: with receipts they show what was lost.\n  4. Whoever still has signed drafts of what was lost submits them again (sanzi submit): where the streams still fit they are admitted, marked as recorded late.\n  5. The new log's key is in {}; delete the copy in {}.",
                pins.display(), kept.display(), folder.display()
            ),
        ));
        Ok(())
    }
}

/// The name of the log that a draft declares.
fn declared_in(draft: &Draft) -> anyhow::Result<Origin> {
    match &draft.signed.statement().event {
        Event::LossDeclared(declared) => Ok(declared.log_key.name().parse()?),
        other => bail!("{}: {}", draft.path.display(), other.kind()),
    }
}
