//! The second movement of `sanzi init`: checks what was prepared, signs it, and opens the ledger.

use std::path::Path;

use anyhow::{Context as _, bail};
use ledger_core::admit;
use ledger_core::charter::Charter;
use ledger_core::event::{Event, LedgerOpened, Statement};
use ledger_core::hash::Hash;
use ledger_core::keyfile;
use ledger_core::name::StreamId;
use ledger_core::role::Role;
use ledger_core::roster::Enrolment;
use ledger_core::signing::unfillable;
use ledger_core::state::State;
use ledger_core::store::Store as _;
use ledger_core::store::local::LocalFolder;
use ledger_core::{Ledger, LogTime, MemberId, Pins, Receipt, SigningKey, StatedTime, Step};
use serde_json::json;
use zeroize::Zeroizing;

use super::{Answers, Founding, Init};
use crate::command::charter;
use crate::draft;
use crate::key_file;
use crate::moment;
use crate::terminal::{Refused, Terminal};

/// The environment variable with the log key's passphrase.
const PASSPHRASE_VARIABLE: &str = "SANZI_LOG_PASSPHRASE";

/// Everything that is checked and ready to be written.
struct Ready {
    founding: Vec<u8>,
    log_passphrase: Zeroizing<String>,
    /// Whether the passphrase was made up here and must be kept beside the key.
    keep_passphrase: bool,
    log_sealed: String,
    log_seed: Zeroizing<[u8; 32]>,
    origin: String,
    now: LogTime,
    slug: String,
    statement: Statement,
}

pub(super) fn run(
    terminal: Terminal,
    init: &Init,
    founding: &Founding,
    keys: Option<Vec<SigningKey>>,
) -> anyhow::Result<()> {
    let ready = ready(terminal, init, founding, keys)?;
    let folder = LocalFolder::ledger_folder(&init.dir, &ready.slug);
    let anchors = init.anchor.clone();
    let anchor = anchors
        .or_else(|| LocalFolder::default_anchor_folder(&init.dir))
        .map(|anchors| LocalFolder::anchor_file(&anchors, &ready.slug));
    check_new(terminal, &init.dir, &ready.slug)?;
    let pins = write(terminal, init, &ready, &folder).inspect_err(|_| {
        // None of it was there when this began, and nobody has been given it.
        let _ = std::fs::remove_dir_all(&folder);
        let _ = anchor.map(std::fs::remove_file);
    })?;
    report(terminal, init, founding, &ready, &folder, &pins);
    Ok(())
}

/// Refuses to open a ledger where there is one.
pub(super) fn check_new(terminal: Terminal, data: &Path, slug: &str) -> anyhow::Result<()> {
    let folder = LocalFolder::ledger_folder(data, slug);
    if folder.exists() {
        bail!(terminal.pick(
            format!("{} 已经有了：这个账本可能建过了。请核对日志名，或换一个数据文件夹", folder.display()),
            format!("{} is there already: the ledger may have been opened before. Check the origin, or take another data folder", folder.display()),
        ));
    }
    Ok(())
}

/// The founding event, as the rules admit it.
pub(super) fn founding(
    terminal: Terminal,
    answers: &Answers,
    charter: Charter,
    keys: &[&SigningKey],
    now: LogTime,
) -> anyhow::Result<Statement> {
    let at = StatedTime::new(now, charter.calendar.utc_offset_minutes())?;
    let enrol = |(founder, key): (&super::Founder, &&SigningKey)| Enrolment {
        key: key.verifier().clone(),
        member: founder.member.clone(),
        name: founder.name.clone(),
        roles: founder.roles.clone(),
    };
    let opened = LedgerOpened {
        charter,
        collective: answers.collective.clone(),
        members: answers.members.iter().zip(keys).map(enrol).collect(),
        origin: answers.origin.clone(),
        training: answers.training,
    };
    let event = Event::LedgerOpened(Box::new(opened));
    let statement = Statement::new(StreamId::Ledger, Hash::ZERO, at, event);
    let signers: Vec<MemberId> = answers.members.iter().map(|f| f.member.clone()).collect();
    let l = terminal.language;
    admit::decide(&State::new(), &statement, &signers, now).map_err(|refusal| {
        Refused(l.pick(
            format!(
                "建账不成，什么都没有写：{}。{}",
                refusal.title(l),
                refusal.detail(l)
            ),
            format!(
                "not opened, nothing was written: {}. {}",
                refusal.title(l),
                refusal.detail(l)
            ),
        ))
    })?;
    Ok(statement)
}

fn ready(
    terminal: Terminal,
    init: &Init,
    founding: &Founding,
    keys: Option<Vec<SigningKey>>,
) -> anyhow::Result<Ready> {
    let answers: Answers = super::read_answers(terminal, &founding.answers).with_context(|| {
        terminal.pick(
            format!("请先备料：sanzi init {}", init.dir.display()),
            format!("prepare it first: sanzi init {}", init.dir.display()),
        )
    })?;
    let text = std::fs::read_to_string(&founding.charter)
        .with_context(|| founding.charter.display().to_string())?;
    let charter = charter::parse(terminal, &text, answers.training)?;
    super::check(terminal, &answers, &charter)?;
    let unlock = |founder: &super::Founder| {
        let file = founding.key_of(&founder.member);
        key_file::unlock(terminal, &file, init.passphrase_file.as_deref())
    };
    let keys = match keys {
        Some(keys) => keys,
        None => answers
            .members
            .iter()
            .map(unlock)
            .collect::<Result<_, _>>()?,
    };
    let now = moment::now()?;
    let signing: Vec<&SigningKey> = keys.iter().collect();
    let statement = self::founding(terminal, &answers, charter, &signing, now)?;
    let founding = statement.sign(signing)?;
    let (log_passphrase, keep_passphrase) = log_passphrase(terminal, init, answers.training)?;
    let seed = keyfile::generate_seed()?;
    Ok(Ready {
        founding,
        log_sealed: keyfile::seal(&seed, &log_passphrase)?,
        log_seed: seed,
        origin: answers.origin.to_string(),
        log_passphrase,
        keep_passphrase,
        now,
        slug: answers.origin.slug().to_owned(),
        statement,
    })
}

/// The log key's passphrase, and whether it has to be kept beside the key.
fn log_passphrase(
    terminal: Terminal,
    init: &Init,
    training: bool,
) -> anyhow::Result<(Zeroizing<String>, bool)> {
    if let Some(file) = &init.log_passphrase_file {
        return Ok((terminal.passphrase_in(file)?, false));
    }
    match std::env::var(PASSPHRASE_VARIABLE) {
        Ok(passphrase) if !passphrase.is_empty() => Ok((Zeroizing::new(passphrase), false)),
        _ if training => {
            let random = keyfile::generate_seed()?;
            let text = data_encoding::BASE64URL_NOPAD.encode(&random[..]);
            Ok((Zeroizing::new(text), true))
        }
        _ => {
            let whose = terminal.pick(
                "日志钥匙（服务器启动时要用）",
                "the log key (the server needs it to start)",
            );
            Ok((terminal.new_passphrase(whose, None)?, false))
        }
    }
}

fn write(terminal: Terminal, init: &Init, ready: &Ready, folder: &Path) -> anyhow::Result<Pins> {
    let data = LocalFolder::open(&init.dir, init.options())?;
    let store = data.ledger(&ready.slug)?;
    let log_key = SigningKey::from_seed(&ready.origin, &ready.log_seed)?;
    let verifier = log_key.verifier().clone();
    key_file::write_new(
        terminal,
        &folder.join("log.key"),
        &verifier,
        &ready.log_sealed,
    )?;
    if ready.keep_passphrase {
        let line = format!("{}\n", *ready.log_passphrase);
        key_file::create_new(
            terminal,
            &folder.join("log.passphrase"),
            line.as_bytes(),
            true,
        )?;
    }
    let created: (Ledger<_>, Receipt) = Ledger::create(store, log_key, &ready.founding, ready.now)?;
    let (ledger, receipt) = created;
    let pins = Pins {
        ledger_id: receipt.leaf,
        log_key: verifier,
        origin: ledger.state()?.origin.clone(),
    };
    warn_unstaffed(terminal, &ledger)?;
    let mut json = serde_json::to_string_pretty(&pins)?;
    json.push('\n');
    draft::replace(terminal, &folder.join("pins.json"), json.as_bytes())?;
    draft::replace(
        terminal,
        &folder.join("founding.tlog-proof"),
        &receipt.proof.to_bytes(),
    )?;
    ledger.into_store().close()?;
    data.close()?;
    Ok(pins)
}

/// Says which steps nobody could sign with this roster: no reason not to begin, but a reason to know.
fn warn_unstaffed<S: ledger_core::Store>(
    terminal: Terminal,
    ledger: &Ledger<S>,
) -> anyhow::Result<()> {
    let state = ledger.state()?;
    let everyone: Vec<MemberId> = state.roster.members().map(|(id, _)| id.clone()).collect();
    for step in Step::ALL {
        let rule = &state.charter_at(1).steps.of(step).signing;
        for role in unfillable(&everyone, rule, &state.roster, 1) {
            terminal.advise(terminal.pick(
                format!("注意：第 {} 环节「{}」需要{}，目前人手不够，到时签不了；请先用 member_enrolled 或 role_granted 补上。", step.number(), step.zh(), role.zh()),
                format!("note: step {} ({}) needs a {}, and there is nobody free to sign as one; enrol or appoint somebody first.", step.number(), step.en(), role.en()),
            ));
        }
    }
    Ok(())
}

fn report(
    terminal: Terminal,
    init: &Init,
    founding: &Founding,
    ready: &Ready,
    folder: &Path,
    pins: &Pins,
) {
    let Event::LedgerOpened(opened) = &ready.statement.event else {
        return;
    };
    if init.json {
        terminal.say(
            json!({
                "ledger_id": pins.ledger_id, "log_key": pins.log_key, "origin": pins.origin,
                "slug": ready.slug, "pins": folder.join("pins.json"), "training": opened.training,
            })
            .to_string(),
        );
        return;
    }
    say_opened(terminal, init, ready, folder, pins);
    say_intake(terminal, opened, founding, folder);
    terminal.say(terminal.pick(
        format!("要紧：{} 里每把钥匙都要交给本人，然后从这台机器上删除。服务器不该留有任何成员的钥匙。", founding.keys.display()),
        format!("Important: hand every key in {} to its owner, then delete it here. A server must hold no member's key.", founding.keys.display()),
    ));
    terminal.say(terminal.pick(
        format!(
            "已建账：{}，{} 名建账人全部签署，记为第 0 条。",
            opened.collective.name,
            opened.members.len()
        ),
        format!(
            "Opened: the ledger of {}, signed by all {} founders, as entry 0.",
            opened.collective.name,
            opened.members.len()
        ),
    ));
}

/// Says how residents' concerns come to be taken in, if somebody holds that role.
fn say_intake(terminal: Terminal, opened: &LedgerOpened, founding: &Founding, folder: &Path) {
    let mut members = opened.members.iter();
    let Some(intake) = members.find(|member| member.roles.contains(&Role::Intake)) else {
        return;
    };
    let (from, to) = (founding.key_of(&intake.member), folder.join("intake.key"));
    terminal.say(terminal.pick(
        format!(
            "网上受理意见：把 {} 和同名的 .pub 放成 {}（口令写在旁边的 intake.passphrase），再启动服务。",
            from.display(),
            to.display()
        ),
        format!(
            "To take in concerns on the pages, put {} and its .pub in place as {} (its passphrase beside it, in intake.passphrase), and start the server.",
            from.display(),
            to.display()
        ),
    ));
}

/// Says what the new ledger is known by, and where it is.
fn say_opened(terminal: Terminal, init: &Init, ready: &Ready, folder: &Path, pins: &Pins) {
    if matches!(&ready.statement.event, Event::LedgerOpened(opened) if opened.training) {
        terminal.say(terminal.pick(
            "【演示账本】每一页、每份导出都会标明。",
            "[TRAINING LEDGER] Every page and export says so.",
        ));
    }
    let pins_file = folder.join("pins.json");
    terminal.say(terminal.pick(
        format!(
            "账本编号：{}\n日志公钥：{}\n信任锚：{}（请发给所有要核对账本的人）",
            pins.ledger_id,
            pins.log_key,
            pins_file.display()
        ),
        format!(
            "ledger id: {}\nlog key: {}\npins: {} (give it to everyone who verifies)",
            pins.ledger_id,
            pins.log_key,
            pins_file.display()
        ),
    ));
    terminal.say(terminal.pick(
        format!(
            "对外地址：https://{}（启动服务：sanzi serve --data {}）",
            pins.origin,
            init.dir.display()
        ),
        format!(
            "address: https://{} (start the server: sanzi serve --data {})",
            pins.origin,
            init.dir.display()
        ),
    ));
    if ready.keep_passphrase {
        let kept = folder.join("log.passphrase");
        terminal.say(terminal.pick(
            format!(
                "日志钥匙的口令写在 {}，仅供演示；正式账本请自己保管口令。",
                kept.display()
            ),
            format!(
                "the log key's passphrase is in {}: for training only.",
                kept.display()
            ),
        ));
    }
}
