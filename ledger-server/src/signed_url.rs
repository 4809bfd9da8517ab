//! A server's documents, asked for and handed in with a member's key, in parts.
//!
//! Knows how a request is signed and sent; what comes back is believed by nobody here.

use std::io::Read;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;
use ledger_core::SigningKey;
use ledger_server::{
    CONTENT_DIGEST, SIGNATURE, SIGNATURE_INPUT, SignedParts, content_digest, sign_request,
};
use serde_json::Value;
use ureq::http::{Response, Uri};
use ureq::{Agent, Body, SendBody};

use crate::terminal::{Refused, Terminal};

/// The most of a problem that is read, in bytes.
const PROBLEM_LIMIT: u64 = 64 * 1024;

/// A ledger's address and the key of who uses it.
pub(crate) struct SignedUrl<'a> {
    agent: Agent,
    base: String,
    key: Option<&'a SigningKey>,
    terminal: Terminal,
}

impl<'a> SignedUrl<'a> {
    /// Without a key, only what anybody may have can be asked for.
    pub(crate) fn new(terminal: Terminal, base: &str, key: Option<&'a SigningKey>) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_recv_response(Some(Duration::from_secs(120)))
            .user_agent(concat!("sanzi/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: config.new_agent(),
            base: base.trim_end_matches('/').to_owned(),
            key,
            terminal,
        }
    }

    /// The headers of a signed request; none without a key.
    fn signed(
        &self,
        method: &str,
        url: &str,
        digest: Option<&str>,
    ) -> anyhow::Result<Vec<(&'static str, String)>> {
        let uri: Uri = url.parse().with_context(|| url.to_owned())?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let mut headers = vec![("host", authority.to_owned())];
        let Some(key) = self.key else {
            return Ok(headers);
        };
        let mut random = [0; 24];
        getrandom::fill(&mut random)?;
        let nonce = data_encoding::BASE64URL_NOPAD.encode(&random);
        let parts = SignedParts {
            method,
            authority,
            path: uri.path(),
            query: uri.query(),
            content_digest: digest,
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let (input, signature) = sign_request(&parts, key, now, &nonce)?;
        headers.push((SIGNATURE_INPUT, input));
        headers.push((SIGNATURE, signature));
        headers.extend(digest.map(|digest| (CONTENT_DIGEST, digest.to_owned())));
        Ok(headers)
    }

    fn url(&self, name: &str, entry: Option<u64>) -> String {
        let query = entry.map_or_else(String::new, |entry| format!("?entry={entry}"));
        format!("{}/{name}{query}", self.base)
    }

    /// Hands in a body of `length` bytes with this SHA-256; says whether it is in its place, and does not
    /// wait for its entry.
    pub(crate) fn put(
        &self,
        name: &str,
        entry: Option<u64>,
        (body, length): (impl Read, u64),
        sha256: &[u8; 32],
    ) -> anyhow::Result<bool> {
        let url = self.url(name, entry);
        let digest = content_digest(sha256);
        let mut request = self.agent.put(&url);
        for (header, value) in self.signed("PUT", &url, Some(&digest))? {
            request = request.header(header, value);
        }
        let bar = self.bar(self.terminal.pick("上传", "uploading"), length);
        let mut body = bar.wrap_read(body);
        let answer = request
            .header("accept-language", self.terminal.pick("zh", "en"))
            .header("content-type", "application/octet-stream")
            .header("content-length", length.to_string())
            .send(SendBody::from_reader(&mut body));
        bar.finish_and_clear();
        let answer = answer.with_context(|| {
            self.terminal.pick(
                format!("上传没有完成：{url}；服务器没有留下半截内容，请再来一次"),
                format!("the upload to {url} broke off; nothing half is kept, so do it again"),
            )
        })?;
        match answer.status().as_u16() {
            201 => Ok(true),
            202 => Ok(false),
            status => Err(self.problem(status, answer)),
        }
    }

    /// A document in parts, and its length if that is said.
    pub(crate) fn get(
        &self,
        name: &str,
        entry: Option<u64>,
    ) -> anyhow::Result<(impl Read + use<>, ProgressBar)> {
        let url = self.url(name, entry);
        let mut request = self.agent.get(&url);
        for (header, value) in self.signed("GET", &url, None)? {
            request = request.header(header, value);
        }
        let request = request.header("accept-language", self.terminal.pick("zh", "en"));
        let answer = request.call().with_context(|| {
            self.terminal.pick(
                format!("连不上 {url}；请检查网络和地址"),
                format!("cannot reach {url}; check network and address"),
            )
        })?;
        match answer.status().as_u16() {
            200 => {
                let length = answer.body().content_length().unwrap_or(0);
                let bar = self.bar(self.terminal.pick("下载", "downloading"), length);
                let body = answer.into_body().into_with_config().limit(u64::MAX);
                Ok((bar.wrap_read(body.reader()), bar))
            }
            status => Err(self.problem(status, answer)),
        }
    }

    fn bar(&self, what: &str, length: u64) -> ProgressBar {
        let bar = self.terminal.progress(what);
        bar.set_length(length);
        bar
    }

    /// What the server answered instead, in its words.
    fn problem(&self, status: u16, mut answer: Response<Body>) -> anyhow::Error {
        let reader = answer
            .body_mut()
            .with_config()
            .limit(PROBLEM_LIMIT)
            .reader();
        let value: Value = serde_json::from_reader(reader).unwrap_or_default();
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let said = match text("title") {
            title if title.is_empty() => format!("HTTP {status}"),
            title => self.terminal.pick(
                format!("{title}。{}", text("detail")),
                format!("{title}. {}", text("detail")),
            ),
        };
        match status {
            400..=499 if status != 429 => Refused(said).into(),
            _ => anyhow::anyhow!(said),
        }
    }
}

/// Says that a key is needed, unless there is one.
pub(crate) fn needs_key(
    terminal: Terminal,
    key: Option<&SigningKey>,
) -> anyhow::Result<&SigningKey> {
    match key {
        Some(key) => Ok(key),
        None => bail!(terminal.pick(
            "这要用成员的钥匙签名：请加 --key 钥匙文件",
            "this is signed with a member's key: give --key FILE",
        )),
    }
}
