//! A power loss after `sanzi init`: who has been told that a ledger is open has it, and its keys.

use std::path::Path;
use std::process::{Command, Stdio};

use ledger_core::store::Store as _;
use ledger_core::store::local::{LocalFolder, LocalOptions};

use crate::calls::{recorded, strace_works};
use crate::disk::{Disk, Fate, Files};
use crate::office;
use crate::session::{files_in, scratch, write_files};
use crate::trace::{self, Act};
use crate::village::dressed;

/// The files that nobody can make again.
fn irreplaceable(files: &Files) -> Vec<&Path> {
    let wanted = |path: &&Path| {
        path.starts_with("data/founding")
            || ["log.key", "log.passphrase", "pins.json"]
                .iter()
                .any(|name| path.ends_with(Path::new("data/donglang").join(name)))
    };
    let paths = files.iter().filter(|(_, content)| content.is_some());
    paths
        .map(|(path, _)| path.as_path())
        .filter(wanted)
        .collect()
}

#[test]
fn a_power_loss_after_a_founding_leaves_the_ledger_and_every_key() {
    if !strace_works() {
        return;
    }
    let kept = tempfile::tempdir().unwrap();
    let home = kept.path().join("home");
    std::fs::create_dir(&home).unwrap();
    for (name, text) in [
        ("answers.json", office::answers().to_string()),
        ("pass", "correct horse battery\n".to_owned()),
    ] {
        std::fs::write(home.join(name), text).unwrap();
    }
    let before = files_in(&home);
    let named = |name: &str| home.join(name).to_str().unwrap().to_owned();
    let arguments = [
        "init".to_owned(),
        named("data"),
        "--from".to_owned(),
        named("answers.json"),
        "--passphrase-file".to_owned(),
        named("pass"),
        "--yes".to_owned(),
    ];
    let file = kept.path().join("trace");
    let mut command = recorded(&file, None, &arguments);
    let output = dressed(&mut command)
        .env_remove("SANZI_LOG_PASSPHRASE")
        .stdin(Stdio::null())
        .output();
    let output = output.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    let text = std::fs::read_to_string(&file).unwrap();
    let mut disk = Disk::holding(&before);
    let calls = trace::read(&text, &home);
    assert!(matches!(
        calls.last().map(|call| &call.act),
        Some(Act::Exit { code: 0 })
    ));
    for (place, call) in calls.iter().enumerate() {
        disk.take(call.begun, call.done, &call.act);
        if place.is_multiple_of(8) {
            // Nobody has been told anything: it opens, or says why not.
            let _ = opened(&disk.after(|_, _| Fate::Lost));
        }
    }
    assert_eq!(disk.files(), files_in(&home));
    let (left, whole) = (disk.after(|_, _| Fate::Lost), disk.files());
    let lost: Vec<&Path> = irreplaceable(&whole)
        .into_iter()
        .filter(|path| left.get(*path) != whole.get(*path))
        .collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert_eq!(opened(&left).unwrap(), 1);

    let folder = scratch();
    write_files(&left, folder.path());
    let data = folder.path().join("data");
    let mut audit = Command::new(env!("CARGO_BIN_EXE_sanzi"));
    audit
        .arg("audit")
        .arg(&data)
        .arg("--pins")
        .arg(data.join("donglang/pins.json"));
    let audit = dressed(&mut audit).output().unwrap();
    assert!(
        audit.status.success(),
        "{}",
        String::from_utf8_lossy(&audit.stderr)
    );
}

/// The number of entries in a disk's ledger.
fn opened(files: &Files) -> Result<u64, String> {
    let home = scratch();
    write_files(files, home.path());
    let folder = LocalFolder::open(home.path().join("data"), LocalOptions::default());
    let folder = folder.map_err(|error| error.to_string())?;
    let store = folder
        .ledger("donglang")
        .map_err(|error| error.to_string())?;
    Ok(store.size())
}
