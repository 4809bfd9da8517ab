//! Key files on disk: `FILE`, encrypted PKCS#8, and `FILE.pub`, its verifier key.
//!
//! A key file does not say whose key it is; `FILE.pub` does, and so does the roster. Writes with mode
//! 0600 and never over a file that is there.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ledger_core::cosignature::Cosigner;
use ledger_core::key::Algorithm;
use ledger_core::keyfile::{self, KeyFileError};
use ledger_core::{SigningKey, VerifierKey};
use zeroize::Zeroizing;

use crate::keeping::sync_folder;
use crate::terminal::Terminal;

/// How often a person may mistype a passphrase before the command gives up.
const ATTEMPTS: usize = 3;

/// Where the verifier key of a key file stands.
pub(crate) fn public_file(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

/// Creates a file that is not there yet, readable by its owner only if `private`.
pub(crate) fn create_new(
    terminal: Terminal,
    path: &Path,
    bytes: &[u8],
    private: bool,
) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if private { 0o600 } else { 0o644 });
    }
    let written = options.open(path).and_then(|mut file: File| {
        file.write_all(bytes)?;
        file.sync_all()?;
        sync_folder(path.parent().unwrap_or(Path::new("")))
    });
    written.with_context(|| {
        terminal.pick(
            format!("写不了 {}（已有同名文件时不会覆盖）", path.display()),
            format!(
                "cannot write {} (a file that is there is never overwritten)",
                path.display()
            ),
        )
    })
}

/// Writes a new key as `file` and `file.pub`; leaves neither behind if one fails.
pub(crate) fn write_new(
    terminal: Terminal,
    file: &Path,
    key: &VerifierKey,
    sealed: &str,
) -> anyhow::Result<()> {
    let public = public_file(file);
    create_new(terminal, file, sealed.as_bytes(), true)?;
    create_new(terminal, &public, format!("{key}\n").as_bytes(), false).inspect_err(|_| {
        // Made by the line above, so it is ours to take back.
        let _ = std::fs::remove_file(file);
    })
}

/// The verifier key in `FILE.pub`, or in a file of that kind.
pub(crate) fn read_public(terminal: Terminal, file: &Path) -> anyhow::Result<VerifierKey> {
    let text = read_text(terminal, file)?;
    text.trim_end().parse().with_context(|| {
        terminal.pick(
            format!(
                "{} 里不是公钥（应为 名字+编号+base64 一行）",
                file.display()
            ),
            format!(
                "{} holds no verifier key (expected one line: name+id+base64)",
                file.display()
            ),
        )
    })
}

fn read_text(terminal: Terminal, file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| {
        terminal.pick(
            format!("读不到文件 {}", file.display()),
            format!("cannot read {}", file.display()),
        )
    })
}

/// Opens a key file whose `FILE.pub` says its name.
pub(crate) fn unlock(
    terminal: Terminal,
    file: &Path,
    passphrase_file: Option<&Path>,
) -> anyhow::Result<SigningKey> {
    let (public, seed) = unlock_for(terminal, file, passphrase_file, Algorithm::Ed25519)?;
    Ok(SigningKey::from_seed(public.name(), &seed)?)
}

/// As [`unlock`], for a witness's key.
pub(crate) fn unlock_cosigner(
    terminal: Terminal,
    file: &Path,
    passphrase_file: Option<&Path>,
) -> anyhow::Result<Cosigner> {
    let (public, seed) = unlock_for(terminal, file, passphrase_file, Algorithm::CosignatureV1)?;
    Ok(Cosigner::from_seed(public.name(), &seed)?)
}

/// Opens a key file, whatever it is for, and gives its public half.
pub(crate) fn unlock_public(
    terminal: Terminal,
    file: &Path,
    passphrase_file: Option<&Path>,
) -> anyhow::Result<VerifierKey> {
    let purpose = beside(terminal, file)?.algorithm();
    Ok(unlock_for(terminal, file, passphrase_file, purpose)?.0)
}

/// The verifier key that stands beside a key file.
fn beside(terminal: Terminal, file: &Path) -> anyhow::Result<VerifierKey> {
    read_public(terminal, &public_file(file)).with_context(|| {
        terminal.pick(
            "钥匙文件旁边要有同名的 .pub 文件，里面写着这是谁的钥匙；请一起放回来",
            "the .pub file must lie beside the key file: it says whose key it is",
        )
    })
}

fn unlock_for(
    terminal: Terminal,
    file: &Path,
    passphrase_file: Option<&Path>,
    purpose: Algorithm,
) -> anyhow::Result<(VerifierKey, Zeroizing<[u8; 32]>)> {
    let public = beside(terminal, file)?;
    if public.algorithm() != purpose {
        bail!(match purpose {
            Algorithm::CosignatureV1 => terminal.pick(
                format!(
                    "{} 不是见证钥匙；见证钥匙用 sanzi key new --witness 做",
                    file.display()
                ),
                format!(
                    "{} is no witness's key; make one with sanzi key new --witness",
                    file.display()
                ),
            ),
            _ => terminal.pick(
                format!("{} 是见证钥匙，只能用来见证，不能签事件", file.display()),
                format!(
                    "{} is a witness's key: it witnesses and signs nothing else",
                    file.display()
                ),
            ),
        });
    }
    let pem = read_text(terminal, file)?;
    let seed = attempt(terminal, file, passphrase_file, |passphrase| {
        keyfile::open_for(&pem, passphrase, &public)
    })?;
    Ok((public, seed))
}

/// Opens a key file without its `FILE.pub`.
pub(crate) fn unlock_seed(
    terminal: Terminal,
    file: &Path,
    passphrase_file: Option<&Path>,
) -> anyhow::Result<Zeroizing<[u8; 32]>> {
    let pem = read_text(terminal, file)?;
    attempt(terminal, file, passphrase_file, |passphrase| {
        keyfile::open(&pem, passphrase)
    })
}

fn attempt(
    terminal: Terminal,
    file: &Path,
    passphrase_file: Option<&Path>,
    open: impl Fn(&str) -> Result<Zeroizing<[u8; 32]>, KeyFileError>,
) -> anyhow::Result<Zeroizing<[u8; 32]>> {
    let question = terminal.pick(
        format!("钥匙 {} 的口令：", file.display()),
        format!("passphrase of {}: ", file.display()),
    );
    let attempts = if passphrase_file.is_none() && terminal.is_interactive() {
        ATTEMPTS
    } else {
        1
    };
    for attempt in 1..=attempts {
        let passphrase = match passphrase_file {
            Some(file) => terminal.passphrase_in(file)?,
            None => terminal.passphrase(&question)?,
        };
        match open(&passphrase) {
            Ok(seed) => return Ok(seed),
            Err(KeyFileError::Passphrase) if attempt < attempts => {
                terminal
                    .advise(terminal.pick("口令不对，请再试。", "wrong passphrase, try again."));
            }
            Err(fault @ (KeyFileError::Passphrase | KeyFileError::OtherKey { .. })) => {
                bail!(terminal.pick(
                    format!("打不开钥匙 {}：{fault}。什么都没有签，也没有写。请核对口令（大小写、输入法）后再来。", file.display()),
                    format!("cannot open the key {}: {fault}. Nothing was signed or written. Check the passphrase and try again.", file.display()),
                ));
            }
            Err(fault) => return Err(fault).with_context(|| file.display().to_string()),
        }
    }
    bail!(terminal.pick(
        "口令不对，什么都没有签。",
        "wrong passphrase; nothing was signed."
    ))
}

/// A public key in short groups, for reading aloud.
pub(crate) fn fingerprint(key: &VerifierKey) -> String {
    let digest = ledger_core::hash::Digest::of(key.public_key()).to_string();
    grouped(&digest[..32])
}

/// Hexadecimal digits in groups of four.
pub(crate) fn grouped(hex: &str) -> String {
    let mut text = String::with_capacity(hex.len() * 5 / 4);
    for (place, digit) in hex.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
