//! The demonstration on disk: two ledgers, their log keys and pins, and everybody's key files. (演示数据文件夹)
//!
//! ```text
//! <data>/donglang/, <data>/practice/   the ledgers, with log.key, log.passphrase, intake.key and pins.json
//! <data>/keys/<member>.key, .key.pub   for donglang; the same keys for practice in keys/practice/
//! <data>/keys/passphrase.txt           the one passphrase of them all
//! <data>/guide.txt                     where to find what, in both languages
//! <data>/demo.building                 there until the build is finished
//! ```
//!
//! Only a build that was interrupted is ever removed, and anchors of demonstrations whose data is gone.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use ledger_core::audit::{Expected, Pins, Report, audit};
use ledger_core::event::Event;
use ledger_core::keyfile::{self, KeyFileError};
use ledger_core::ledger::Ledger;
use ledger_core::name::Origin;
use ledger_core::source::StoreSource;
use ledger_core::step::Step;
use ledger_core::store::Store;
use ledger_core::store::local::{LocalFolder, LocalOptions};
use ledger_core::transaction::Phase;

use super::build::build_year;
use super::fault::DemoError;
use super::founding::{PRACTICE_ORIGIN, YEAR_ORIGIN, build_practice};
use super::guide::{Sight, sights};
use super::people::{INTAKE, Keyring, PEOPLE, log_secret, member_secret};

const BUILDING: &str = "demo.building";

/// The file that says where to find what. (看点)
pub const GUIDE: &str = "guide.txt";

/// The passphrase of every key file of the demonstration.
const PASSPHRASE: &str = "sanzi-demo";

const WARNING: &str = "这些钥匙由公开的种子推出，口令写在旁边，任何人都能得到：只供演示和练习，切勿用于真实账本。\n\
    These keys follow from a public seed and their passphrase lies beside them: for demonstration only.\n";

const GUIDE_HEAD: &str = "演示账本 donglang 看点：交易编号、看什么。除“50 宗、1,300,000.00 元”外均为示例。\n\
    查看：sanzi show <本文件夹>#donglang --transaction <编号>；意见和账本自身用 --stream，如 --stream ledger。\n\
    风险提示：sanzi flags <本文件夹>#donglang --at 2018-12-31。\n\
    What to look at in the demonstration ledger donglang. Illustrative but for its two totals.\n\
    To see one: sanzi show <this folder>#donglang --transaction <id>; concerns and the ledger itself by --stream.\n\
    Red flags: sanzi flags <this folder>#donglang --at 2018-12-31.\n\n";

/// What a folder holds already. (现有内容)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing: a demonstration can be built.
    Nothing,
    /// A build that did not come to its end.
    Unfinished,
    /// A data folder: it is to be opened, not built.
    Ledgers,
}

/// A demonstration that has been built. (建成的演示)
#[derive(Debug)]
pub struct Made {
    /// What an outsider's audit of the year's ledger found.
    pub year: Report,
    /// What an outsider's audit of the ledger to practise on found.
    pub practice: Report,
    /// What there is to see.
    pub sights: Vec<Sight>,
    /// What the contracts of completed transactions are worth together, in fen.
    pub total_fen: u64,
}

/// Looks what there is at `data`.
///
/// # Errors
/// [`DemoError::NotEmpty`] if it holds what is no data folder.
pub fn find(data: &Path) -> Result<Found, DemoError> {
    if data.join(BUILDING).exists() {
        return Ok(Found::Unfinished);
    }
    if data.join("FORMAT").exists() {
        return Ok(Found::Ledgers);
    }
    let names = match fs::read_dir(data) {
        Ok(names) => names,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(file(data, error)),
    };
    for name in names {
        let name = name.map_err(|error| file(data, error))?.file_name();
        if name != "LOCK" && name != "lost+found" {
            let path = data.to_owned();
            return Err(DemoError::NotEmpty { path });
        }
    }
    Ok(Found::Nothing)
}

/// Builds the demonstration in a folder that [`find`] said is empty or unfinished, and audits it.
///
/// `progress` is told days done and days in all.
///
/// # Errors
/// [`DemoError`]; what was built by then is removed by the next attempt.
pub fn make(data: &Path, seed: u64, progress: &mut dyn FnMut(u64, u64)) -> Result<Made, DemoError> {
    if find(data)? == Found::Unfinished {
        remove_unfinished(data)?;
    }
    remove_orphaned_anchors(data)?;
    let folder = LocalFolder::open(data, LocalOptions::default())?;
    write(&data.join(BUILDING), b"", 0o644)?;
    let (year, practice): (Origin, Origin) = (YEAR_ORIGIN.parse()?, PRACTICE_ORIGIN.parse()?);
    let mut secrets = vec![log_secret(seed, &year), log_secret(seed, &practice)];
    secrets.extend(PEOPLE.iter().map(|person| member_secret(seed, person.id)));
    let (made, sealed) = std::thread::scope(|scope| {
        // Sealing is slow by design, and building waits for the disk: they share the time.
        let sealing = seal_on(scope, &secrets);
        let made = build(&folder, seed, progress);
        let mut sealed = Vec::new();
        for part in sealing {
            sealed.push(part.join().unwrap_or(Err(KeyFileError::Empty))?);
        }
        Ok::<_, DemoError>((made?, sealed))
    })?;
    let sealed: Vec<String> = sealed.into_iter().flatten().collect();
    write_keys(data, seed, &sealed)?;
    for (origin, report) in [(&year, &made.year), (&practice, &made.practice)] {
        let pins = pins(seed, origin, report)?;
        let json = serde_json::to_vec(&pins).unwrap_or_default();
        write(&data.join(origin.slug()).join("pins.json"), &json, 0o644)?;
    }
    write(&data.join(GUIDE), guide(&made.sights).as_bytes(), 0o644)?;
    folder.close()?;
    fs::remove_file(data.join(BUILDING)).map_err(|error| file(data, error))?;
    Ok(made)
}

type Sealing<'scope> = std::thread::ScopedJoinHandle<'scope, Result<Vec<String>, KeyFileError>>;

/// Seals the secrets on as many threads as there are processors, two at least; the parts are in order.
fn seal_on<'scope>(
    scope: &'scope std::thread::Scope<'scope, '_>,
    secrets: &'scope [[u8; 32]],
) -> Vec<Sealing<'scope>> {
    let threads = std::thread::available_parallelism().map_or(2, |count| count.get().max(2));
    let part = secrets.len().div_ceil(threads).max(1);
    let seal = |secret: &[u8; 32]| keyfile::seal(secret, PASSPHRASE);
    let parts = secrets.chunks(part);
    parts
        .map(|part| scope.spawn(move || part.iter().map(seal).collect()))
        .collect()
}

fn build(
    folder: &LocalFolder,
    seed: u64,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Made, DemoError> {
    let origin: Origin = YEAR_ORIGIN.parse()?;
    let year = audited(build_year(folder.ledger(origin.slug())?, seed, progress)?)?;
    let origin: Origin = PRACTICE_ORIGIN.parse()?;
    let practice = audited(build_practice(folder.ledger(origin.slug())?, seed)?)?;
    let total_fen = total_fen(&year);
    Ok(Made {
        year,
        practice,
        sights: sights(seed)?,
        total_fen,
    })
}

/// Audits a ledger as an outsider does, from what its store holds.
fn audited<S: Store + Sync>(ledger: Ledger<S>) -> Result<Report, DemoError> {
    let state = ledger.state()?;
    let pins = Pins {
        ledger_id: state.ledger_id,
        log_key: ledger.log_key().clone(),
        origin: state.origin.clone(),
    };
    let expected = Expected {
        pins: &pins,
        policy: None,
    };
    Ok(audit(
        &StoreSource(ledger.store()),
        expected,
        &mut |_, _, _| {},
    )?)
}

/// What the contracts of completed transactions are worth together, in fen.
fn total_fen(report: &Report) -> u64 {
    let completed = report.state.transactions();
    let completed =
        completed.filter(|transaction| matches!(transaction.phase, Phase::Completed(_)));
    let signed = completed.filter_map(|transaction| transaction.record(Step::ContractSigning));
    let worth = |event: &Event| match event {
        Event::ContractSigning(contract) => contract.amount_fen.get(),
        _ => 0,
    };
    signed.map(|passed| worth(&passed.event)).sum()
}

fn pins(seed: u64, origin: &Origin, report: &Report) -> Result<Pins, DemoError> {
    let ledger = report
        .state
        .ledger()
        .ok_or(ledger_core::ledger::LedgerError::Empty)?;
    Ok(Pins {
        ledger_id: ledger.ledger_id,
        log_key: Keyring::new(seed, origin)?.log().verifier().clone(),
        origin: origin.clone(),
    })
}

/// Writes the sealed keys: the logs' first, then the members' in the order of the roster.
fn write_keys(data: &Path, seed: u64, sealed: &[String]) -> Result<(), DemoError> {
    let keys = data.join("keys");
    fs::create_dir_all(keys.join("practice")).map_err(|error| file(&keys, error))?;
    let (logs, members) = sealed.split_at(2.min(sealed.len()));
    for (origin, pem) in [YEAR_ORIGIN, PRACTICE_ORIGIN].into_iter().zip(logs) {
        let origin: Origin = origin.parse()?;
        let folder = data.join(origin.slug());
        write(&folder.join("log.key"), pem.as_bytes(), 0o600)?;
        write(&folder.join("log.passphrase"), PASSPHRASE.as_bytes(), 0o600)?;
        let intake = PEOPLE.iter().position(|person| person.id == INTAKE);
        if let Some(pem) = intake.and_then(|place| members.get(place)) {
            let public = format!("{}\n", Keyring::new(seed, &origin)?.of(INTAKE)?.verifier());
            write(&folder.join("intake.key"), pem.as_bytes(), 0o600)?;
            write(&folder.join("intake.key.pub"), public.as_bytes(), 0o644)?;
        }
    }
    for (origin, folder) in [
        (YEAR_ORIGIN, keys.clone()),
        (PRACTICE_ORIGIN, keys.join("practice")),
    ] {
        let keyring = Keyring::new(seed, &origin.parse()?)?;
        for (person, pem) in PEOPLE.iter().zip(members) {
            let name = format!("{}.key", person.id);
            let public = format!("{}\n", keyring.of(person.id)?.verifier());
            write(&folder.join(&name), pem.as_bytes(), 0o600)?;
            write(
                &folder.join(format!("{name}.pub")),
                public.as_bytes(),
                0o644,
            )?;
        }
    }
    write(
        &keys.join("passphrase.txt"),
        format!("{PASSPHRASE}\n").as_bytes(),
        0o600,
    )?;
    write(&keys.join("README.txt"), WARNING.as_bytes(), 0o644)
}

/// What there is to see, a line each.
fn guide(sights: &[Sight]) -> String {
    let lines = sights.iter().map(|sight| {
        let Sight { zh, en, .. } = sight;
        format!("{}\t{zh} ({en})\n", sight.places())
    });
    let lines: String = lines.collect();
    format!("{GUIDE_HEAD}{lines}")
}

/// Removes what an interrupted build left; by their names, for nothing else is this program's to remove.
fn remove_unfinished(data: &Path) -> Result<(), DemoError> {
    // Whoever builds here now holds the lock, and is told apart from whoever did not finish.
    LocalFolder::open(data, LocalOptions::default())?.close()?;
    for name in ["donglang", "practice", "keys", "index"] {
        remove(fs::remove_dir_all(data.join(name)), data)?;
    }
    for name in ["index.clean", "FORMAT", GUIDE, BUILDING, "LOCK"] {
        remove(fs::remove_file(data.join(name)), data)?;
    }
    match LocalFolder::default_anchor_folder(data) {
        Some(anchors) => remove(fs::remove_dir_all(anchors), data),
        None => Ok(()),
    }
}

/// Removes the anchors of a demonstration whose data folder was removed. Anchors of other ledgers stay:
/// opening will refuse, and say why.
fn remove_orphaned_anchors(data: &Path) -> Result<(), DemoError> {
    let Some(anchors) = LocalFolder::default_anchor_folder(data).filter(|anchors| anchors.is_dir())
    else {
        return Ok(());
    };
    let ours = |path: PathBuf| {
        let origin = match path.file_name().and_then(|name| name.to_str()) {
            Some("LOCK") => return true,
            Some("donglang.checkpoint") => YEAR_ORIGIN,
            Some("practice.checkpoint") => PRACTICE_ORIGIN,
            _ => return false,
        };
        let origin = format!("{origin}\n").into_bytes();
        let bytes = fs::read(path).unwrap_or_default();
        bytes.windows(origin.len()).any(|window| window == origin)
    };
    for entry in fs::read_dir(&anchors).map_err(|error| file(&anchors, error))? {
        if !ours(entry.map_err(|error| file(&anchors, error))?.path()) {
            return Ok(());
        }
    }
    remove(fs::remove_dir_all(&anchors), &anchors)
}

fn remove(removed: std::io::Result<()>, path: &Path) -> Result<(), DemoError> {
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(file(path, error)),
        _ => Ok(()),
    }
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), DemoError> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(mode);
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| file(path, error))
}

fn file(path: &Path, source: std::io::Error) -> DemoError {
    let path = path.to_owned();
    DemoError::File { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A data folder in which a build has come as far as the ledger to practise on.
    fn half_built() -> (tempfile::TempDir, PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        let folder = LocalFolder::open(&data, LocalOptions::default()).unwrap();
        write(&data.join(BUILDING), b"", 0o644).unwrap();
        let ledger = build_practice(folder.ledger("practice").unwrap(), 1).unwrap();
        drop(ledger);
        folder.close().unwrap();
        (place, data)
    }

    #[test]
    fn what_an_interrupted_build_left_makes_room_for_the_next() {
        let (place, data) = half_built();
        assert_eq!(find(&data).unwrap(), Found::Unfinished);
        remove_unfinished(&data).unwrap();
        assert_eq!(find(&data).unwrap(), Found::Nothing);
        let left: Vec<_> = fs::read_dir(place.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
    }

    #[test]
    fn a_build_that_is_under_way_is_not_removed() {
        let (_place, data) = half_built();
        let folder = LocalFolder::open(&data, LocalOptions::default()).unwrap();
        assert!(remove_unfinished(&data).is_err());
        folder.close().unwrap();
        assert!(data.join("practice").join("entries").exists());
    }

    #[test]
    fn only_anchors_of_demonstrations_are_removed() {
        let (_place, data) = half_built();
        fs::remove_dir_all(&data).unwrap();
        assert_eq!(find(&data).unwrap(), Found::Nothing);
        let anchors = LocalFolder::default_anchor_folder(&data).unwrap();
        let other = anchors.join("other.checkpoint");
        write(&other, b"sanzi.example.org/other\n", 0o644).unwrap();
        remove_orphaned_anchors(&data).unwrap();
        assert!(anchors.join("practice.checkpoint").exists());
        fs::remove_file(other).unwrap();
        remove_orphaned_anchors(&data).unwrap();
        assert!(!anchors.exists());
    }

    #[test]
    fn a_folder_of_something_else_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        write(&place.path().join("letter.txt"), b"x", 0o644).unwrap();
        assert!(matches!(
            find(place.path()),
            Err(DemoError::NotEmpty { .. })
        ));
    }
}
