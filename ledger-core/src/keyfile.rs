//! Key files: a private key under a passphrase. (密钥文件)
//!
//! Encrypted PKCS#8 in PEM (`ENCRYPTED PRIVATE KEY`), PBES2 with scrypt and AES-256-CBC, holding an Ed25519
//! key: the same file for this library, a browser and `openssl pkey`. Does not know whose key it is, nor
//! where the file lies. Follows RFC 5958, RFC 8018, RFC 7914 and RFC 8410.
//!
//! The format has no integrity of its own: a damaged file can open to another key. Compare the public key
//! with the one that is expected, as [`open_for`] does.
//!
//! This is the one module of the library that asks the system for random numbers.

use aes::Aes256;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use pkcs8::der::asn1::{OctetString, OctetStringRef};
use pkcs8::der::{self, Decode as _, Encode as _, ErrorKind, Tag, pem::LineEnding};
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::{self, Kdf, ScryptParams};
use pkcs8::{
    AlgorithmIdentifierRef, EncryptedPrivateKeyInfoOwned, ObjectIdentifier, PrivateKeyInfoRef,
    SecretDocument,
};
use zeroize::Zeroizing;

use crate::key::{KeyError, SigningKey, VerifierKey};

const LABEL: &str = "ENCRYPTED PRIVATE KEY";
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// scrypt's N, r and p for new files. OpenSSL refuses to spend more memory than 32 MiB, so that more work is
/// bought with p.
const COST: (u64, u16, u16) = (1 << 14, 8, 5);

/// The most memory that opening a file may take, in bytes.
const MAX_MEMORY_BYTES: u64 = 256 << 20;

/// The most work that opening a file may take: N · r · p.
const MAX_WORK: u64 = 1 << 24;

/// A key file could not be made or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The passphrase is empty.
    #[error("口令不能为空 (the passphrase must not be empty)")]
    Empty,
    /// The text is not PEM.
    #[error("不是完整的 PEM 文件，可能已损坏 (not a whole PEM file, perhaps damaged): {problem}")]
    Pem {
        /// What is wrong with it.
        problem: String,
    },
    /// The PEM file holds something else than an encrypted private key.
    #[error("应为 {LABEL}，实为 {found} (expected {LABEL}, found {found})")]
    Label {
        /// What it says it holds.
        found: String,
    },
    /// The content is damaged before any passphrase is tried.
    #[error(
        "密钥文件已损坏，与口令无关 (the key file is damaged, whatever the passphrase): {problem}"
    )]
    Damaged {
        /// What is wrong with it.
        problem: String,
    },
    /// The key is encrypted in a way that is not supported.
    #[error(
        "加密方式应为 scrypt 加 AES-256-CBC，实为 {found} (expected scrypt with AES-256-CBC, found {found}); openssl pkcs8 -topk8 -scrypt -v2 aes-256-cbc"
    )]
    Encryption {
        /// The method that was found.
        found: String,
    },
    /// Opening the file would take more memory or time than is allowed.
    #[error("scrypt 参数超出限度 (scrypt parameters beyond the limit): N {n}, r {r}, p {p}")]
    Cost {
        /// scrypt's N, the cost.
        n: u64,
        /// scrypt's r, the block size.
        r: u16,
        /// scrypt's p, the parallelization.
        p: u16,
    },
    /// The passphrase does not open the file. Damage to the encrypted part cannot be told from this.
    #[error("口令不对，或加密部分已损坏 (wrong passphrase, or the encrypted part is damaged)")]
    Passphrase,
    /// The passphrase is right, and the key is not an Ed25519 key.
    #[error("应为 Ed25519 密钥，实为 {found} (expected an Ed25519 key, found {found})")]
    NotEd25519 {
        /// The algorithm that was found.
        found: String,
    },
    /// The passphrase opens the file, and the key in it is not the one that was expected.
    #[error(
        "文件中的密钥应为 {expected}，实为 {found} (expected the key {expected}, found {found})"
    )]
    OtherKey {
        /// The key that was expected, in text form.
        expected: String,
        /// The key that was found, in text form under the same name.
        found: String,
    },
    /// The system gave no random numbers.
    #[error("系统未能提供随机数 (the system gave no random numbers): {problem}")]
    Random {
        /// What went wrong.
        problem: String,
    },
    /// The key could not be written.
    #[error("无法写出密钥 (the key could not be encoded): {problem}")]
    Encode {
        /// What went wrong.
        problem: String,
    },
}

/// Makes a new seed from the system's random numbers, wiped from memory when dropped.
///
/// # Errors
/// [`KeyFileError::Random`] if the system gives none.
pub fn generate_seed() -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let mut seed = Zeroizing::new([0; 32]);
    fill(&mut seed[..])?;
    Ok(seed)
}

/// Seals a seed under a passphrase, whose UTF-8 bytes are used as they are, and returns the file's text.
///
/// Takes a few tenths of a second and 16 MiB, and so does every guess at the passphrase.
///
/// # Errors
/// [`KeyFileError::Empty`] without a passphrase, [`KeyFileError::Random`] if the system gives no random
/// numbers.
pub fn seal(seed: &[u8; 32], passphrase: &str) -> Result<String, KeyFileError> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    fill(&mut salt)?;
    fill(&mut iv)?;
    seal_with(seed, passphrase, &salt, iv)
}

/// Opens a key file and returns the seed, wiped from memory when dropped.
///
/// # Errors
/// [`KeyFileError::Passphrase`] if the passphrase is wrong, which damage to the encrypted part can also look
/// like; the other variants of [`KeyFileError`] if the file is at fault.
pub fn open(pem: &str, passphrase: &str) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let (label, document) = SecretDocument::from_pem(pem).map_err(|error| KeyFileError::Pem {
        problem: error.to_string(),
    })?;
    if label != LABEL {
        let found = label.to_owned();
        return Err(KeyFileError::Label { found });
    }
    let sealed =
        EncryptedPrivateKeyInfoOwned::from_der(document.as_bytes()).map_err(undecodable)?;
    let (kdf, iv) = encryption(&sealed.encryption_algorithm)?;
    let mut buffer = Zeroizing::new(sealed.encrypted_data.as_bytes().to_vec());
    if buffer.is_empty() || !buffer.len().is_multiple_of(16) {
        return Err(damaged("encrypted data is not whole blocks"));
    }
    let key = derive(passphrase, kdf)?;
    let plain = cbc::Decryptor::<Aes256>::new((&*key).into(), iv.into())
        .decrypt_padded::<Pkcs7>(&mut buffer)
        .map_err(|_| KeyFileError::Passphrase)?;
    read_private_key(plain)
}

/// As [`open`], and makes sure that the seed is that of the expected key.
///
/// # Errors
/// As [`open`]; [`KeyFileError::OtherKey`] if the file holds another key.
pub fn open_for(
    pem: &str,
    passphrase: &str,
    expected: &VerifierKey,
) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let seed = open(pem, passphrase)?;
    let found = public_key(expected, &seed).map_err(damaged)?;
    if found != *expected {
        return Err(KeyFileError::OtherKey {
            expected: expected.to_string(),
            found: found.to_string(),
        });
    }
    Ok(seed)
}

/// The public key of a seed, under the name and algorithm of another.
fn public_key(like: &VerifierKey, seed: &[u8; 32]) -> Result<VerifierKey, KeyError> {
    SigningKey::for_algorithm(like.name(), like.algorithm(), seed).map(|key| key.verifier().clone())
}

fn seal_with(
    seed: &[u8; 32],
    passphrase: &str,
    salt: &[u8],
    iv: [u8; 16],
) -> Result<String, KeyFileError> {
    if passphrase.is_empty() {
        return Err(KeyFileError::Empty);
    }
    let (cost_parameter, block_size, parallelization) = COST;
    let kdf = ScryptParams {
        salt: salt.try_into().map_err(encode)?,
        cost_parameter,
        block_size,
        parallelization,
        key_length: None,
    };
    let key = derive(passphrase, &kdf)?;
    let plain = write_private_key(seed)?;
    let sealed = cbc::Encryptor::<Aes256>::new((&*key).into(), (&iv).into())
        .encrypt_padded_vec::<Pkcs7>(plain.as_bytes());
    let encryption = pbes2::EncryptionScheme::Aes256Cbc { iv };
    let kdf = kdf.into();
    let info = EncryptedPrivateKeyInfoOwned {
        encryption_algorithm: EncryptionScheme::Pbes2(pbes2::Parameters { kdf, encryption }),
        encrypted_data: OctetString::new(sealed).map_err(encode)?,
    };
    let document = SecretDocument::encode_msg(&info).map_err(encode)?;
    let pem = document.to_pem(LABEL, LineEnding::LF).map_err(encode)?;
    Ok(pem.to_string())
}

/// The parameters of the one method of encryption that is supported.
fn encryption(scheme: &EncryptionScheme) -> Result<(&ScryptParams, &[u8; 16]), KeyFileError> {
    let found = match scheme {
        EncryptionScheme::Pbes2(parameters) => match (&parameters.kdf, &parameters.encryption) {
            (Kdf::Scrypt(kdf), pbes2::EncryptionScheme::Aes256Cbc { iv }) => return Ok((kdf, iv)),
            (kdf, cipher) => format!("{} / {}", kdf.oid(), cipher.oid()),
        },
        other => other.oid().to_string(),
    };
    Err(KeyFileError::Encryption { found })
}

/// The key that follows from a passphrase, after a look at what deriving it costs.
fn derive(passphrase: &str, kdf: &ScryptParams) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let (n, r, p) = (kdf.cost_parameter, kdf.block_size, kdf.parallelization);
    let work = |factors: [u64; 3]| {
        let product = factors.iter().try_fold(1_u64, |a, b| a.checked_mul(*b));
        product.filter(|product| *product > 0)
    };
    let memory = work([128, n, r.into()]).is_some_and(|bytes| bytes <= MAX_MEMORY_BYTES);
    let time = work([n, r.into(), p.into()]).is_some_and(|work| work <= MAX_WORK);
    if !memory || !time {
        return Err(KeyFileError::Cost { n, r, p });
    }
    if kdf.key_length.is_some_and(|length| length != 32) {
        return Err(damaged("key length is not that of AES-256"));
    }
    if n < 2 || !n.is_power_of_two() {
        return Err(damaged("scrypt's N is not a power of two"));
    }
    // N is at most 2^21, so that its logarithm fits.
    let parameters = scrypt::Params::new(n.ilog2() as u8, r.into(), p.into()).map_err(damaged)?;
    let mut key = Zeroizing::new([0; 32]);
    let salt = kdf.salt.as_bytes();
    scrypt::scrypt(passphrase.as_bytes(), salt, &parameters, &mut key[..]).map_err(damaged)?;
    Ok(key)
}

fn write_private_key(seed: &[u8; 32]) -> Result<SecretDocument, KeyFileError> {
    let inner = OctetStringRef::new(seed).and_then(|inner| inner.to_der());
    let inner = Zeroizing::new(inner.map_err(encode)?);
    let algorithm = AlgorithmIdentifierRef {
        oid: ED25519,
        parameters: None,
    };
    let inner = OctetStringRef::new(&inner).map_err(encode)?;
    SecretDocument::encode_msg(&PrivateKeyInfoRef::new(algorithm, inner)).map_err(encode)
}

/// Reads what was decrypted. What is not a private key at all was decrypted with a wrong key.
fn read_private_key(plain: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let info = PrivateKeyInfoRef::from_der(plain).map_err(|_| KeyFileError::Passphrase)?;
    if info.algorithm.oid != ED25519 {
        let found = info.algorithm.oid.to_string();
        return Err(KeyFileError::NotEd25519 { found });
    }
    let inner = <&OctetStringRef>::from_der(info.private_key.as_bytes()).map_err(damaged)?;
    let seed: &[u8; 32] = inner.as_bytes().try_into().map_err(damaged)?;
    Ok(Zeroizing::new(*seed))
}

fn fill(bytes: &mut [u8]) -> Result<(), KeyFileError> {
    getrandom::fill(bytes).map_err(|error| KeyFileError::Random {
        problem: error.to_string(),
    })
}

/// Tells a method of encryption that the decoder does not know from damage.
fn undecodable(error: der::Error) -> KeyFileError {
    match error.kind() {
        ErrorKind::OidUnknown { oid } => KeyFileError::Encryption {
            found: oid.to_string(),
        },
        ErrorKind::Value {
            tag: Tag::ObjectIdentifier,
        } => KeyFileError::Encryption {
            found: "?".to_owned(),
        },
        _ => damaged(error),
    }
}

fn damaged(problem: impl ToString) -> KeyFileError {
    let problem = problem.to_string();
    KeyFileError::Damaged { problem }
}

fn encode(problem: impl ToString) -> KeyFileError {
    let problem = problem.to_string();
    KeyFileError::Encode { problem }
}
