//! Who sends a request: HTTP message signatures (RFC 9421) by the keys of members. (请求签名)
//!
//! One form, so that there is one text for each request: the covered components are `@method`,
//! `@authority`, `@path` and `@query`, and with a body `content-digest` (RFC 9530); the parameters
//! `created`, `expires`, `nonce`, `alg="ed25519"` and `keyid`, the key's name, in this order. What was
//! received has to be what comes of writing again what was parsed from it. A signature is good for a few
//! minutes, once, and only at the site that it was made for: another could send it on. Knows nothing of what is asked for, or of who may have it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::header::{HOST, HeaderMap};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Method, Uri};
use httpsig::prelude::message_component::{HttpMessageComponent, HttpMessageComponentId};
use httpsig::prelude::{
    AlgorithmName, HttpSigError, HttpSigResult, HttpSignatureBase, HttpSignatureHeaders,
    HttpSignatureParams,
};
use ledger_core::authenticate::member_in_name;
use ledger_core::key::{SigningKey, VerifierKey};
use ledger_core::name::{MemberId, Origin};
use ledger_core::state::LedgerState;

/// For how long a signature may be good, in seconds.
pub(crate) const SIGNATURE_SECONDS: u64 = 300;

/// How far a signer's clock may be ahead, in seconds.
const AHEAD_SECONDS: u64 = 60;

/// How many signatures of one key are remembered until they expire; who comes beyond that is told to wait,
/// and nobody else is.
const REMEMBERED: usize = 4096;

/// The longest header that is looked at, in bytes.
const HEADER_LIMIT: usize = 2048;

/// How many characters a nonce may have.
const NONCE_LENGTHS: std::ops::RangeInclusive<usize> = 16..=64;

/// The header with the components and parameters.
pub const SIGNATURE_INPUT: &str = "signature-input";

/// The header with the signature.
pub const SIGNATURE: &str = "signature";

/// The header with the digest of the body: RFC 9530.
pub const CONTENT_DIGEST: &str = "content-digest";

/// Why a request is not taken for a member's. (签名不成立)
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// It is not signed.
    #[error("没有签名 (not signed)")]
    Missing,
    /// The headers are not of the one form.
    #[error("签名头的写法不对：{fault} (malformed: {fault})")]
    Malformed {
        /// What is wrong.
        fault: String,
    },
    /// It has expired, is not yet good, or would be good for too long.
    #[error(
        "签名的时间不在允许的范围内：现在 {now}，签名自 {created} 到 {expires} (not good at {now}: created {created}, expires {expires})"
    )]
    Time {
        /// The server's time, in seconds since 1970.
        now: u64,
        /// When it says that it was made.
        created: u64,
        /// Until when it says that it is good.
        expires: u64,
    },
    /// The key is not the active one of a member, or the signature is not its.
    #[error("签名与名册上现用的钥匙不符 (not by a key that is active on the roster)")]
    Untrue,
    /// It was signed for another site, which may have sent it on.
    #[error(
        "签名是给 {found} 的，本站是 {} (signed for {found}, and this is {})",
        expected.join("、"), expected.join(", ")
    )]
    Elsewhere {
        /// The names that this site has for sure.
        expected: Vec<String>,
        /// The host that was signed.
        found: String,
    },
    /// This very signature has come before.
    #[error("这个签名用过了 (this signature has been used)")]
    Replayed,
    /// Too many signatures are remembered.
    #[error("签名请求过多 (too many signed requests)")]
    Busy,
}

fn malformed(fault: impl Into<String>) -> SignatureError {
    SignatureError::Malformed {
        fault: fault.into(),
    }
}

impl From<HttpSigError> for SignatureError {
    fn from(error: HttpSigError) -> Self {
        malformed(error.to_string())
    }
}

/// What of a request is signed. (签名覆盖的内容)
#[derive(Debug, Clone)]
pub struct SignedParts<'a> {
    /// Its method, in capitals.
    pub method: &'a str,
    /// Host and port, as the `Host` header says.
    pub authority: &'a str,
    /// The path, as it is sent.
    pub path: &'a str,
    /// The query, without its question mark.
    pub query: Option<&'a str>,
    /// The `Content-Digest` header, if the request has a body.
    pub content_digest: Option<&'a str>,
}

impl SignedParts<'_> {
    fn components(&self) -> HttpSigResult<Vec<HttpMessageComponent>> {
        let query = format!("?{}", self.query.unwrap_or_default());
        let mut values = vec![
            ("@method", self.method.to_owned()),
            ("@authority", self.authority.to_owned()),
            ("@path", self.path.to_owned()),
            ("@query", query),
        ];
        values.extend(
            self.content_digest
                .map(|digest| (CONTENT_DIGEST, digest.to_owned())),
        );
        values
            .into_iter()
            .map(|(name, value)| {
                let id = HttpMessageComponentId::try_from(name)?;
                HttpMessageComponent::try_from((&id, [value].as_slice()))
            })
            .collect()
    }
}

/// A member's key, as the library asks for it.
struct Signer<'a>(&'a SigningKey);

impl httpsig::prelude::SigningKey for Signer<'_> {
    fn sign(&self, data: &[u8]) -> HttpSigResult<Vec<u8>> {
        let base = std::str::from_utf8(data)
            .map_err(|error| HttpSigError::BuildSignatureBaseError(error.to_string()))?;
        Ok(self.0.sign_request(base).to_vec())
    }

    fn key_id(&self) -> String {
        self.0.name().to_owned()
    }

    fn alg(&self) -> AlgorithmName {
        AlgorithmName::Ed25519
    }
}

/// The same, to verify by the one rule of this format.
struct Verifier<'a>(&'a VerifierKey);

impl httpsig::prelude::VerifyingKey for Verifier<'_> {
    fn verify(&self, data: &[u8], signature: &[u8]) -> HttpSigResult<()> {
        let verified = self.0.verify(data, signature);
        verified.map_err(|error| HttpSigError::InvalidSignature(error.to_string()))
    }

    fn key_id(&self) -> String {
        self.0.name().to_owned()
    }

    fn alg(&self) -> AlgorithmName {
        AlgorithmName::Ed25519
    }
}

/// Signs a request, from `created` on, in seconds since 1970: the values of the headers
/// [`SIGNATURE_INPUT`] and [`SIGNATURE`]. The nonce has 16 to 64 letters, digits, `-` or `_` and is used once.
///
/// # Errors
/// [`SignatureError::Malformed`] for parts that no request can have.
pub fn sign_request(
    parts: &SignedParts<'_>,
    key: &SigningKey,
    created: u64,
    nonce: &str,
) -> Result<(String, String), SignatureError> {
    let components = parts.components()?;
    let params = HttpSignatureParams {
        created: Some(created),
        expires: Some(created + SIGNATURE_SECONDS),
        nonce: Some(nonce.to_owned()),
        alg: Some(AlgorithmName::Ed25519.to_string()),
        keyid: Some(key.name().to_owned()),
        tag: None,
        covered_components: components.iter().map(|one| one.id.clone()).collect(),
    };
    let base = HttpSignatureBase::try_new(&components, &params)?;
    let headers = base.build_signature_headers(&Signer(key), None)?;
    Ok((
        headers.signature_input_header_value(),
        headers.signature_header_value(),
    ))
}

/// The value of a header that is there once.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, SignatureError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) if value.len() <= HEADER_LIMIT => {
            let text = value.to_str();
            text.map(Some).map_err(|_| malformed(name))
        }
        _ => Err(malformed(name)),
    }
}

/// The names of this site, so that what was signed for another is not answered here. (本站名称)
#[derive(Debug)]
pub(crate) struct Site<'a> {
    /// As the operator gave them.
    pub(crate) names: &'a [String],
    /// The ledger's, which has its domain.
    pub(crate) origin: &'a Origin,
    /// Where the connection arrived, if there is one.
    pub(crate) arrived: Option<IpAddr>,
}

impl Site<'_> {
    /// Whether a host, with or without a port, is this site: by one of its names, by the address at which
    /// the connection arrived, or from this very machine.
    pub(crate) fn check(&self, authority: &str) -> Result<(), SignatureError> {
        let authority: Authority = authority.parse().map_err(|_| malformed("host"))?;
        let host = authority.host().to_ascii_lowercase();
        let domain = self.origin.as_str().split('/').next().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let is_here = match bare.parse::<IpAddr>() {
            Ok(address) => {
                let address = address.to_canonical();
                let arrived = self.arrived.map(|arrived| arrived.to_canonical());
                address.is_loopback() || arrived == Some(address)
            }
            Err(_) => host == domain || host == "localhost",
        };
        let is_named = |name: &String| name.eq_ignore_ascii_case(bare);
        if is_here || self.names.iter().any(is_named) {
            return Ok(());
        }
        let names = std::iter::once(domain.to_owned()).chain(self.names.iter().cloned());
        Err(SignatureError::Elsewhere {
            expected: names.collect(),
            found: host,
        })
    }
}

/// Seconds since 1970, by the system's clock.
fn system_seconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// The signatures that were used and have not expired, so that none is used twice.
#[derive(Debug)]
pub(crate) struct Used {
    /// What was signed before is not known to be new.
    since: u64,
    /// Until when each nonce may come again, by key.
    until: Mutex<HashMap<String, HashMap<String, u64>>>,
}

impl Used {
    pub(crate) fn new() -> Self {
        Self {
            since: system_seconds(),
            until: Mutex::default(),
        }
    }

    fn note(&self, key: &str, nonce: String, until: u64, now: u64) -> Result<(), SignatureError> {
        let mut used = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let used = used.entry(key.to_owned()).or_default();
        if used.len() >= REMEMBERED {
            used.retain(|_, until| *until >= now);
        }
        if used.contains_key(&nonce) {
            return Err(SignatureError::Replayed);
        }
        if used.len() >= REMEMBERED {
            return Err(SignatureError::Busy);
        }
        used.insert(nonce, until);
        Ok(())
    }
}

/// The parameters of the one signature, all of which are there.
struct Given {
    created: u64,
    expires: u64,
    keyid: String,
    nonce: String,
}

fn given(params: &HttpSignatureParams) -> Result<Given, SignatureError> {
    let missing = |name: &str| malformed(name);
    if params.alg.as_deref() != Some(AlgorithmName::Ed25519.as_str()) {
        return Err(malformed("alg: ed25519"));
    }
    let nonce = params.nonce.clone().ok_or_else(|| missing("nonce"))?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !NONCE_LENGTHS.contains(&nonce.len()) || !nonce.chars().all(is_plain) {
        return Err(malformed("nonce: 16-64 [0-9A-Za-z_-]"));
    }
    Ok(Given {
        created: params.created.ok_or_else(|| missing("created"))?,
        expires: params.expires.ok_or_else(|| missing("expires"))?,
        keyid: params.keyid.clone().ok_or_else(|| missing("keyid"))?,
        nonce,
    })
}

/// Which member sent a request, by a key that is active at `position`.
///
/// `uri` is as it was sent. With `has_body`, the digest of the body is covered, and given back.
pub(crate) fn verify(
    (method, uri, headers): (&Method, &Uri, &HeaderMap),
    has_body: bool,
    (ledger, position): (&LedgerState, u64),
    (site, used): (&Site<'_>, &Used),
) -> Result<(MemberId, Option<String>), SignatureError> {
    let (Some(input), Some(signature)) = (one(headers, SIGNATURE_INPUT)?, one(headers, SIGNATURE)?)
    else {
        return Err(SignatureError::Missing);
    };
    let all = HttpSignatureHeaders::try_parse(signature, input)?;
    let mut all = all.values();
    let (Some(found), None) = (all.next(), all.next()) else {
        return Err(malformed("one signature"));
    };
    if found.signature_input_header_value() != input || found.signature_header_value() != signature
    {
        return Err(malformed(
            "created;expires;nonce;alg;keyid, in this order, and nothing else",
        ));
    }
    let digest = one(headers, CONTENT_DIGEST)?.filter(|_| has_body);
    if has_body && digest.is_none() {
        return Err(malformed(CONTENT_DIGEST));
    }
    let authority = one(headers, HOST.as_str())?.ok_or_else(|| malformed("host"))?;
    site.check(authority)?;
    let parts = SignedParts {
        method: method.as_str(),
        authority,
        path: uri.path(),
        query: uri.query(),
        content_digest: digest,
    };
    let components = parts.components()?;
    let params = found.signature_params();
    let covered = components.iter().map(|one| &one.id);
    if !covered.eq(&params.covered_components) {
        let names: Vec<String> = components.iter().map(|one| one.id.to_string()).collect();
        return Err(malformed(format!("({})", names.join(" "))));
    }
    let given = given(params)?;
    let now = system_seconds();
    let (created, expires) = (given.created, given.expires);
    let is_good = created >= used.since
        && created <= now.saturating_add(AHEAD_SECONDS)
        && expires >= now
        && expires <= created.saturating_add(SIGNATURE_SECONDS);
    if !is_good {
        return Err(SignatureError::Time {
            now,
            created,
            expires,
        });
    }
    let member = member_in_name(&ledger.origin, &given.keyid).ok_or(SignatureError::Untrue)?;
    let key = ledger.roster.member(&member);
    let key = key.and_then(|member| member.key_at(position));
    let key = key.ok_or(SignatureError::Untrue)?;
    let base = HttpSignatureBase::try_new(&components, params)?;
    base.verify_signature_headers(&Verifier(key), found)
        .map_err(|_| SignatureError::Untrue)?;
    used.note(&given.keyid, given.nonce, expires, now)?;
    Ok((member, digest.map(ToOwned::to_owned)))
}

/// The `Content-Digest` of a body with this SHA-256: RFC 9530.
#[must_use]
pub fn content_digest(sha256: &[u8; 32]) -> String {
    format!("sha-256=:{}:", data_encoding::BASE64.encode(sha256))
}

/// The headers that carry a signature, to be named in answers to browsers.
pub(crate) const HEADERS: [&str; 3] = [CONTENT_DIGEST, SIGNATURE, SIGNATURE_INPUT];

/// What a private answer says to caches.
pub(crate) const NOT_KEPT: HeaderValue = HeaderValue::from_static("private, no-store");

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_seed("sanzi.example.org/donglang/chen", &[7; 32]).unwrap()
    }

    #[test]
    fn the_base_is_that_of_the_specification() {
        let parts = SignedParts {
            method: "PUT",
            authority: "Sanzi.example.org",
            path: "/donglang/documents/00",
            query: None,
            content_digest: Some("sha-256=:AA==:"),
        };
        let (input, signature) =
            sign_request(&parts, &key(), 1_700_000_000, "n0123456789abcdef").unwrap();
        assert_eq!(
            input,
            "sig=(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\");created=1700000000;\
             expires=1700000300;nonce=\"n0123456789abcdef\";alg=\"ed25519\";\
             keyid=\"sanzi.example.org/donglang/chen\""
        );
        // RFC 9421, section 2.5, written out by hand.
        let params = input.strip_prefix("sig=").unwrap();
        let base = format!(
            "\"@method\": PUT\n\"@authority\": sanzi.example.org\n\"@path\": /donglang/documents/00\n\
             \"@query\": ?\n\"content-digest\": sha-256=:AA==:\n\"@signature-params\": {params}"
        );
        let bytes = signature
            .strip_prefix("sig=:")
            .and_then(|rest| rest.strip_suffix(':'));
        let bytes = data_encoding::BASE64
            .decode(bytes.unwrap().as_bytes())
            .unwrap();
        key().verifier().verify(base.as_bytes(), &bytes).unwrap();
    }

    #[test]
    fn a_signature_is_remembered_until_it_expires() {
        let used = Used::new();
        let note = |key, nonce: &str, until, now| used.note(key, nonce.to_owned(), until, now);
        assert_eq!(note("chen", "a", 10, 5), Ok(()));
        assert_eq!(note("chen", "a", 10, 5), Err(SignatureError::Replayed));
        for number in 1..REMEMBERED {
            note("chen", &number.to_string(), 20, 5).unwrap();
        }
        assert_eq!(note("chen", "b", 20, 9), Err(SignatureError::Busy));
        // Nobody keeps another from being answered.
        assert_eq!(note("li", "b", 20, 9), Ok(()));
        assert_eq!(note("chen", "b", 20, 11), Ok(()));
    }
}
