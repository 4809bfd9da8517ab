//! TLS of a listener: a certificate and its key, from two files that may be replaced at any time. (加密连接)
//!
//! Who renews a certificate replaces the files; connections that are open keep what they began with, and
//! new ones get the new. A pair that does not belong together, or is not valid now, is never put in force
//! while a better one is held. TLS 1.2 and 1.3 with the ring provider; HTTP/1.1 is the only protocol
//! offered. Knows nothing of requests, and does not find out by itself when to look.

use std::fmt::Display;
use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{InconsistentKeys, ServerConfig};
use x509_parser::parse_x509_certificate;
use zeroize::Zeroizing;

/// The longest file that is read: chains are a few kilobytes.
const FILE_BYTES: u64 = 1 << 20;

/// A certificate should be renewed when this part of its life is left.
const LAST_PART: i64 = 6;

/// Or when this many seconds are left, if that is less: three weeks.
const LAST_SECONDS: i64 = 21 * 86_400;

/// Permission bits of those who are neither owner nor group.
const OTHERS: u32 = 0o007;

/// Where a certificate and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate and those that lead from it to a root, in PEM.
    pub cert: PathBuf,
    /// Its private key, in PEM, not encrypted.
    pub key: PathBuf,
}

/// A certificate and key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{setting} 的 {} 读不到 ({setting}: {} cannot be read)", file.display(), file.display())]
    Unreadable {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        fault: io::Error,
    },
    /// A file is none of its kind.
    #[error(
        "{setting} 的 {} 应为 {}，实为 {found} ({setting}: expected {} in {}, found {found})",
        file.display(), expected.0, expected.1, file.display()
    )]
    Kind {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        file: PathBuf,
        /// What should be in it, in Chinese and English.
        expected: (&'static str, &'static str),
        /// What kinds of PEM blocks are in it, or how long it is.
        found: String,
    },
    /// A file is of its kind but damaged, or of a sort that is not supported.
    #[error(
        "{setting} 的 {} 读不懂：{fault}；应为 {} ({setting}: {} cannot be understood, {fault}; expected {})",
        file.display(), expected.0, file.display(), expected.1
    )]
    Malformed {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        file: PathBuf,
        /// What should be in it, in Chinese and English.
        expected: (&'static str, &'static str),
        /// What is wrong with it.
        fault: String,
    },
    /// The key is another certificate's.
    #[error(
        "--tls-key 的 {} 不是 --tls-cert 的 {} 里第一张证书的私钥；应为同一次签发的一对 (--tls-key: the key in {} is not that of the first certificate in {} of --tls-cert; expected a pair that was issued together)",
        files.key.display(), files.cert.display(), files.key.display(), files.cert.display()
    )]
    Mismatch {
        /// The files.
        files: TlsFiles,
    },
    /// The certificate is not valid now.
    #[error(
        "{} 里的证书现在无效：有效期为 {not_before} 至 {not_after}，请核对时钟和证书 (the certificate in {} is not valid now, but from {not_before} to {not_after}; check the clock and the certificate)",
        file.display(), file.display()
    )]
    NotValid {
        /// The file.
        file: PathBuf,
        /// Its first moment.
        not_before: String,
        /// Its last moment.
        not_after: String,
    },
}

const CERT: &str = "--tls-cert";
const KEY: &str = "--tls-key";
const A_CERT: (&str, &str) = (
    "PEM 格式的证书链，本机证书在前（如 fullchain.pem）",
    "a certificate chain in PEM, the server's own first (as fullchain.pem)",
);
const A_KEY: (&str, &str) = (
    "PEM 格式、未加密的私钥（如 privkey.pem）",
    "an unencrypted private key in PEM (as privkey.pem)",
);

/// What tells one state of a file from another, without reading it.
type Stamp = [Option<(u64, u64, u64, [i64; 4])>; 2];

/// A pair that can be used.
struct Pair {
    config: Arc<ServerConfig>,
    not_after: i64,
    not_before: i64,
    key_mode: u32,
}

/// The certificate and key in force. (证书)
pub struct Tls {
    config: RwLock<Arc<ServerConfig>>,
    files: TlsFiles,
    held: Mutex<Held>,
}

/// What is known of the pair in force, and of the last attempt to replace it.
struct Held {
    is_open_to_others: bool,
    not_after: i64,
    not_before: i64,
    /// Of the files when they were last read.
    stamp: Stamp,
    /// Whether what was last read was refused.
    refused: bool,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Tls")
            .field("files", &self.files)
            .finish()
    }
}

impl Tls {
    /// Reads a certificate and its key. One that is not valid by the clock is taken, as there is none
    /// better: [`Tls::is_valid`] tells. May wait for a disk.
    ///
    /// # Errors
    /// [`TlsError`] other than [`TlsError::NotValid`].
    pub fn open(files: TlsFiles) -> Result<Self, TlsError> {
        let stamp = stamp(&files);
        let pair = read(&files)?;
        let held = Held {
            is_open_to_others: pair.key_mode & OTHERS != 0,
            not_after: pair.not_after,
            not_before: pair.not_before,
            stamp,
            refused: false,
        };
        Ok(Self {
            config: RwLock::new(pair.config),
            files,
            held: Mutex::new(held),
        })
    }

    /// Where they come from.
    #[must_use]
    pub fn files(&self) -> &TlsFiles {
        &self.files
    }

    /// Puts what is in the files in force for new connections if they have changed since they were last
    /// read, or if `always`: whether it did. `now` is in Unix seconds. May wait for a disk.
    ///
    /// # Errors
    /// [`TlsError`]: what was in force stays so, and the files are read again the next time.
    pub fn reload(&self, now: i64, always: bool) -> Result<bool, TlsError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = stamp(&self.files);
        if stamp == held.stamp && !held.refused && !always {
            return Ok(false);
        }
        held.stamp = stamp;
        held.refused = true;
        let pair = read(&self.files)?;
        let is_better = !valid(held.not_before, held.not_after, now);
        if !valid(pair.not_before, pair.not_after, now) && !is_better {
            return Err(TlsError::NotValid {
                file: self.files.cert.clone(),
                not_before: day(pair.not_before),
                not_after: day(pair.not_after),
            });
        }
        let mut config = self.config.write().unwrap_or_else(PoisonError::into_inner);
        *config = pair.config;
        held.is_open_to_others = pair.key_mode & OTHERS != 0;
        held.not_after = pair.not_after;
        held.not_before = pair.not_before;
        held.refused = false;
        Ok(true)
    }

    /// What a new connection begins with.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        let config = self.config.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&config)
    }

    /// The last second, in Unix time, at which the certificate in force is valid.
    #[must_use]
    pub fn not_after(&self) -> i64 {
        self.held().not_after
    }

    /// The same as a moment in UTC, for people.
    #[must_use]
    pub fn ends(&self) -> String {
        day(self.not_after())
    }

    /// Whether the certificate in force is valid now.
    #[must_use]
    pub fn is_valid(&self, now: i64) -> bool {
        let held = self.held();
        valid(held.not_before, held.not_after, now)
    }

    /// Whether it should have been renewed by now: a sixth of its life is left, or three weeks.
    #[must_use]
    pub fn ends_soon(&self, now: i64) -> bool {
        let held = self.held();
        let life = held.not_after.saturating_sub(held.not_before);
        held.not_after.saturating_sub(now) < (life / LAST_PART).min(LAST_SECONDS)
    }

    /// Whether what is in the files now was refused.
    #[must_use]
    pub fn is_refusing(&self) -> bool {
        self.held().refused
    }

    /// Whether everybody on this machine could read the key.
    #[must_use]
    pub fn key_is_open_to_others(&self) -> bool {
        self.held().is_open_to_others
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn valid(not_before: i64, not_after: i64, now: i64) -> bool {
    (not_before..=not_after).contains(&now)
}

/// A moment in UTC; the number itself if it is out of any calendar.
fn day(unix: i64) -> String {
    jiff::Timestamp::from_second(unix)
        .map_or_else(|_| unix.to_string(), |moment| moment.to_string())
}

fn stamp(files: &TlsFiles) -> Stamp {
    // In-place writes change the times, replaced files and links the numbers.
    let of = |metadata: Metadata| {
        let times = [
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ctime(),
            metadata.ctime_nsec(),
        ];
        (metadata.dev(), metadata.ino(), metadata.len(), times)
    };
    [&files.cert, &files.key].map(|file| std::fs::metadata(file).ok().map(of))
}

/// A file's bytes, and its permission bits.
fn bytes(setting: &'static str, path: &Path) -> Result<(Zeroizing<Vec<u8>>, u32), TlsError> {
    let read = || {
        let file = File::open(path)?;
        let mode = file.metadata()?.mode();
        let mut bytes = Zeroizing::new(Vec::new());
        file.take(FILE_BYTES).read_to_end(&mut bytes)?;
        Ok((bytes, mode))
    };
    read().map_err(|fault| TlsError::Unreadable {
        setting,
        file: path.to_owned(),
        fault,
    })
}

/// Which PEM blocks a file has, by their labels, which are no secret.
fn blocks(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let begins = |line: &str| {
        let label = line.trim().strip_prefix("-----BEGIN ")?;
        Some(label.trim_end_matches('-').chars().take(40).collect())
    };
    let found: Vec<String> = text.lines().filter_map(begins).take(5).collect();
    match found.as_slice() {
        [] => format!("{} bytes", bytes.len()),
        found => found.join(", "),
    }
}

fn read(files: &TlsFiles) -> Result<Pair, TlsError> {
    let (chain, not_before, not_after) = chain(&files.cert)?;
    let (key, key_mode) = key(&files.key)?;
    let provider = Arc::new(ring::default_provider());
    let malformed = |error: rustls::Error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::Mismatch {
            files: files.clone(),
        },
        rustls::Error::InvalidCertificate(_) => malformed(CERT, &files.cert, A_CERT, &error),
        error => malformed(KEY, &files.key, A_KEY, &error),
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(malformed)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(malformed)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Pair {
        config: Arc::new(config),
        not_after,
        not_before,
        key_mode,
    })
}

fn malformed(
    setting: &'static str,
    file: &Path,
    expected: (&'static str, &'static str),
    fault: &impl Display,
) -> TlsError {
    TlsError::Malformed {
        setting,
        file: file.to_owned(),
        expected,
        fault: fault.to_string(),
    }
}

type Chain = (Vec<CertificateDer<'static>>, i64, i64);

/// The certificates of a file, and when the first of them is valid.
fn chain(file: &Path) -> Result<Chain, TlsError> {
    let (bytes, _) = bytes(CERT, file)?;
    let chain: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(&bytes).collect();
    let chain = chain.map_err(|error| malformed(CERT, file, A_CERT, &error))?;
    let Some(first) = chain.first() else {
        return Err(TlsError::Kind {
            setting: CERT,
            file: file.to_owned(),
            expected: A_CERT,
            found: blocks(&bytes),
        });
    };
    for certificate in &chain {
        parse_x509_certificate(certificate)
            .map_err(|error| malformed(CERT, file, A_CERT, &error))?;
    }
    let (_, first) =
        parse_x509_certificate(first).map_err(|error| malformed(CERT, file, A_CERT, &error))?;
    let validity = first.validity();
    let (not_before, not_after) = (validity.not_before, validity.not_after);
    Ok((chain, not_before.timestamp(), not_after.timestamp()))
}

/// The key of a file, and the file's permission bits.
fn key(file: &Path) -> Result<(PrivateKeyDer<'static>, u32), TlsError> {
    let (bytes, mode) = bytes(KEY, file)?;
    match PrivateKeyDer::from_pem_slice(&bytes) {
        Ok(key) => Ok((key, mode)),
        Err(pem::Error::NoItemsFound) => Err(TlsError::Kind {
            setting: KEY,
            file: file.to_owned(),
            expected: A_KEY,
            found: blocks(&bytes),
        }),
        // What the reader quotes could be a part of the key.
        Err(_) => Err(malformed(KEY, file, A_KEY, &"PEM")),
    }
}
