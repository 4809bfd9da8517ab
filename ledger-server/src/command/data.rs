//! Opening the ledgers of a data folder for writing: locks, log keys, progress.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use ledger_core::checkpoint::CheckpointError;
use ledger_core::event::{Event, LoggedEntry};
use ledger_core::key::{SigningKey, VerifierKey};
use ledger_core::keyfile::{self, KeyFileError};
use ledger_core::language::Language;
use ledger_core::ledger::{Ledger, LedgerError};
use ledger_core::policy::{Policy, Witness};
use ledger_core::store::local::{LocalFolder, LocalOptions, LocalStore};
use ledger_core::store::{Store as _, StoreError};
use ledger_server::{DESK_FOLDER, Hosting, STOP_FILE, SigningStop};
use zeroize::Zeroizing;

use super::complain;
use crate::key_file;
use crate::terminal::Terminal;

/// The environment variable that may hold the passphrase of log keys.
const PASSPHRASE_VARIABLE: &str = "SANZI_LOG_PASSPHRASE";

/// The file in a ledger's folder that says who must witness it, as tlog-policy.
const POLICY_FILE: &str = "policy";

/// The ledgers of a folder, open and locked for this process.
pub(crate) struct Opened {
    /// The folder, to be closed after its ledgers.
    pub(crate) folder: Arc<LocalFolder>,
    /// The ledgers, in the order of their slugs.
    pub(crate) ledgers: Vec<Hosting<LocalStore>>,
}

/// Opens every ledger of a folder that exists.
///
/// The passphrase of the log keys is that in `passphrase_file`, or in the environment, or in
/// `log.passphrase` beside the key.
pub(crate) fn open(
    data: &Path,
    options: LocalOptions,
    passphrase_file: Option<&Path>,
    language: Language,
) -> anyhow::Result<Opened> {
    let none = || {
        language.pick(
            format!(
                "{} 里没有账本。新建账本用 sanzi init，看演示用 sanzi demo",
                data.display()
            ),
            format!(
                "there is no ledger in {}. Make one with sanzi init, or see sanzi demo",
                data.display()
            ),
        )
    };
    // Opening would make a folder of it.
    let exists = data.join("FORMAT").try_exists();
    if !exists.with_context(|| unreadable(data, language))? {
        bail!(none());
    }
    let given = given_passphrase(passphrase_file, language)?;
    let folder =
        LocalFolder::open(data, options).map_err(|error| explained(error, data, language))?;
    let folder = Arc::new(folder);
    let slugs = folder.slugs()?;
    if slugs.is_empty() {
        bail!(none());
    }
    let mut ledgers = Vec::with_capacity(slugs.len());
    for slug in slugs {
        let opened = open_one(data, &folder, &slug, given.as_ref(), language);
        ledgers.push(opened.with_context(|| {
            language.pick(
                format!("账本 {slug} 打不开"),
                format!("ledger {slug} cannot be opened"),
            )
        })?);
    }
    Ok(Opened { folder, ledgers })
}

fn unreadable(path: &Path, language: Language) -> String {
    language.pick(
        format!("读不到 {}，请核对路径和权限", path.display()),
        format!(
            "cannot read {}; check the path and its permissions",
            path.display()
        ),
    )
}

/// Says what to do about a folder that cannot be had.
fn explained(error: StoreError, data: &Path, language: Language) -> anyhow::Error {
    let advice = match &error {
        StoreError::Locked { .. } => language.pick(
            "已有另一个 sanzi 在用这个数据文件夹；请先停掉它，或另选文件夹",
            "another sanzi is using this data folder; stop that one first, or choose another folder",
        ),
        StoreError::Denied { .. } => language.pick(
            "没有读写数据文件夹的权限；请以它的属主身份运行，或改正其权限",
            "no permission to read and write the data folder; run as its owner, or mend its permissions",
        ),
        _ => language.pick("数据文件夹打不开", "the data folder cannot be opened"),
    };
    anyhow::Error::new(error).context(format!("{advice} ({})", data.display()))
}

fn open_one(
    data: &Path,
    folder: &Arc<LocalFolder>,
    slug: &str,
    given: Option<&Zeroizing<String>>,
    language: Language,
) -> anyhow::Result<Hosting<LocalStore>> {
    let store = folder.ledger(slug)?;
    let origin = origin_of(&store)?;
    let seed = log_seed(&LocalFolder::ledger_folder(data, slug), given, language)?;
    let bar = progress_bar(slug, language);
    let mut progress = |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let log_key = SigningKey::from_seed(&origin, &seed)?;
    let own_folder = LocalFolder::ledger_folder(data, slug);
    let policy = policy_in(&own_folder, log_key.verifier(), language)?;
    if let Some(policy) = &policy {
        note_unasked(policy, &own_folder, language);
    }
    let stop_file = own_folder.join(STOP_FILE);
    let stop = SigningStop::kept_in(stop_file.clone());
    let stop = stop.with_context(|| unreadable(&stop_file, language))?;
    let opened = match open_as_told(store, log_key, &stop, &mut progress) {
        // What had to be written first may be written by now, and then there is a ledger to show.
        Err(LedgerError::Store(StoreError::Full { .. })) => {
            let log_key = SigningKey::from_seed(&origin, &seed)?;
            open_as_told(folder.ledger(slug)?, log_key, &stop, &mut progress)
        }
        opened => opened,
    };
    let ledger = opened?;
    bar.finish_and_clear();
    let intake = intake_key(&own_folder, given, language)?;
    let (folder, slug, stop) = (Arc::clone(folder), slug.to_owned(), Arc::new(stop));
    let told = Arc::clone(&stop);
    let reopen = Box::new(move || {
        let log_key = SigningKey::from_seed(&origin, &seed).map_err(CheckpointError::from)?;
        open_as_told(folder.ledger(&slug)?, log_key, &told, &mut |_, _| {})
    });
    Ok(Hosting {
        desk: Some(own_folder.join(DESK_FOLDER)),
        intake,
        ledger,
        policy,
        reopen,
        stop,
    })
}

/// Opens a ledger, which signs what a crash left behind, unless its signing has been stopped.
fn open_as_told(
    store: LocalStore,
    log_key: SigningKey,
    stop: &SigningStop,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Ledger<LocalStore>, LedgerError> {
    match stop.reason() {
        None => Ledger::open(store, log_key, progress),
        Some(_) => Ledger::open_unsigning(store, log_key, progress),
    }
}

/// The ledger's witness policy, from the file in its own folder; `None` if it has none.
pub(super) fn policy_in(
    folder: &Path,
    log_key: &VerifierKey,
    language: Language,
) -> anyhow::Result<Option<Policy>> {
    let path = folder.join(POLICY_FILE);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| unreadable(&path, language)),
    };
    let policy = Policy::parse(&bytes).with_context(|| {
        language.pick(
            format!("见证规则 {} 写法不对", path.display()),
            format!("the witness policy {} is malformed", path.display()),
        )
    })?;
    let mut logs = policy.logs().iter();
    if !policy.logs().is_empty() && !logs.any(|log| log.key() == log_key) {
        bail!(language.pick(
            format!(
                "见证规则 {} 的 log 行里没有本账本的公钥：{log_key}",
                path.display()
            ),
            format!(
                "no line `log` of the witness policy {} has this ledger's key: {log_key}",
                path.display()
            ),
        ));
    }
    for witness in policy.witnesses() {
        check_url(witness, &path, language)?;
    }
    if policy.logs().is_empty() {
        // So that whoever takes the policy from `ledger.json` has all of it.
        return Ok(Some(format!("log {log_key}\n{policy}").parse()?));
    }
    Ok(Some(policy))
}

/// Tells of every witness that will not be asked for want of a URL.
pub(super) fn note_unasked(policy: &Policy, folder: &Path, language: Language) {
    let path = folder.join(POLICY_FILE);
    for witness in policy.witnesses().iter().filter(|one| one.url().is_none()) {
        let name = witness.name();
        complain(&language.pick(
            format!(
                "提醒：见证方 {name} 没有网址，不会去请它见证（{}）",
                path.display()
            ),
            format!(
                "note: the witness {name} has no URL and will not be asked ({})",
                path.display()
            ),
        ));
    }
}

/// Refuses a witness's URL that is none.
fn check_url(witness: &Witness, path: &Path, language: Language) -> anyhow::Result<()> {
    let name = witness.name();
    let Some(url) = witness.url() else {
        return Ok(());
    };
    let parsed: Result<ureq::http::Uri, _> = url.parse();
    let scheme = parsed.as_ref().ok().and_then(|url| url.scheme_str());
    if !matches!(scheme, Some("http" | "https")) {
        bail!(language.pick(
            format!(
                "见证方 {name} 的网址应为 http(s)://…，实为 {url:?}（{}）",
                path.display()
            ),
            format!(
                "expected a URL http(s)://... of the witness {name}, found {url:?} ({})",
                path.display()
            ),
        ));
    }
    Ok(())
}

/// The name of the log key: the newest checkpoint's, for a declared loss changes it; or else that of the
/// founding. A wrong one opens no checkpoint.
fn origin_of(store: &LocalStore) -> Result<String, LedgerError> {
    if store.size() == 0 {
        return Err(LedgerError::Empty);
    }
    let published = store.checkpoint()?.unwrap_or_default();
    let published = String::from_utf8_lossy(&published);
    if let Some((origin, _)) = published.split_once('\n') {
        return Ok(origin.to_owned());
    }
    let fault = |fault: String| LedgerError::Entry { index: 0, fault };
    let entry = LoggedEntry::parse(&store.entry(0)?).map_err(|error| fault(error.to_string()))?;
    match &entry.signed.statement().event {
        Event::LedgerOpened(opened) => Ok(opened.origin.to_string()),
        other => Err(fault(other.kind().to_owned())),
    }
}

/// The passphrase of log keys, from a file or the environment.
pub(crate) fn given_passphrase(
    file: Option<&Path>,
    language: Language,
) -> anyhow::Result<Option<Zeroizing<String>>> {
    if let Some(path) = file {
        return Ok(Some(read_passphrase(path, language)?));
    }
    Ok(std::env::var(PASSPHRASE_VARIABLE).ok().map(Zeroizing::new))
}

fn read_passphrase(path: &Path, language: Language) -> anyhow::Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(path).with_context(|| unreadable(path, language))?;
    let text = Zeroizing::new(text);
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    Ok(Zeroizing::new(line.to_owned()))
}

/// Opens the log key's file.
pub(crate) fn log_seed(
    folder: &Path,
    given: Option<&Zeroizing<String>>,
    language: Language,
) -> anyhow::Result<Zeroizing<[u8; 32]>> {
    let beside = folder.join("log.passphrase");
    let passphrase = match given {
        Some(given) => given.clone(),
        None if beside.is_file() => {
            complain(&language.pick(
                format!("提醒：日志钥匙的口令与钥匙放在一起（{}），只适合演示", beside.display()),
                format!(
                    "note: the log key's passphrase lies beside the key ({}), which suits demonstrations only",
                    beside.display()
                ),
            ));
            read_passphrase(&beside, language)?
        }
        None => bail!(language.pick(
            format!("需要日志钥匙的口令：用 --log-passphrase-file，或环境变量 {PASSPHRASE_VARIABLE}"),
            format!("the log key's passphrase is needed: use --log-passphrase-file, or {PASSPHRASE_VARIABLE}"),
        )),
    };
    let path = folder.join("log.key");
    let pem = std::fs::read_to_string(&path).with_context(|| unreadable(&path, language))?;
    keyfile::open(&pem, &passphrase).map_err(|error| {
        let advice = match &error {
            KeyFileError::Passphrase => language.pick(
                "日志钥匙的口令不对；请核对后重试",
                "the passphrase of the log key is wrong; check it and try again",
            ),
            _ => language.pick("日志钥匙读不了", "the log key cannot be read"),
        };
        anyhow::Error::new(error).context(format!("{advice} ({})", path.display()))
    })
}

/// The key that signs what residents say, if the ledger's folder holds one: `intake.key`, with `intake.key.pub`
/// beside it to say whose it is. Its passphrase is that in `intake.passphrase`, or that of the log key.
fn intake_key(
    folder: &Path,
    given: Option<&Zeroizing<String>>,
    language: Language,
) -> anyhow::Result<Option<SigningKey>> {
    let path = folder.join("intake.key");
    if !path.is_file() {
        return Ok(None);
    }
    let beside = ["intake.passphrase", "log.passphrase"].map(|name| folder.join(name));
    let [own, of_log] = &beside;
    let passphrase = match (own.is_file(), given, of_log.is_file()) {
        (true, _, _) => read_passphrase(own, language)?,
        (false, Some(given), _) => given.clone(),
        (false, None, true) => read_passphrase(of_log, language)?,
        (false, None, false) => bail!(language.pick(
            format!("需要意见受理钥匙的口令：写在 {}", own.display()),
            format!(
                "the intake key's passphrase is needed, in {}",
                own.display()
            ),
        )),
    };
    let pem = std::fs::read_to_string(&path).with_context(|| unreadable(&path, language))?;
    let public = key_file::read_public(Terminal::new(language), &key_file::public_file(&path))?;
    let seed = keyfile::open_for(&pem, &passphrase, &public).map_err(|error| {
        anyhow::Error::new(error).context(language.pick(
            format!("意见受理钥匙打不开（{}）；口令与日志钥匙不同时，写在 {}", path.display(), own.display()),
            format!("the intake key cannot be opened ({}); if its passphrase is not the log key's, put it into {}", path.display(), own.display()),
        ))
    })?;
    Ok(Some(SigningKey::from_seed(public.name(), &seed)?))
}

fn progress_bar(slug: &str, language: Language) -> ProgressBar {
    let bar = ProgressBar::no_length();
    let template = language.pick(
        "重建索引 {msg} {wide_bar} {pos}/{len}，还需 {eta}",
        "indexing {msg} {wide_bar} {pos}/{len}, {eta} left",
    );
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.with_message(slug.to_owned())
}
