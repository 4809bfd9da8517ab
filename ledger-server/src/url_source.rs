//! A ledger behind a URL, read as an outsider reads it.
//!
//! Every answer has a time limit and a size limit, and what failed for a moment is tried again. Nothing
//! that comes back is believed here.

use std::io::{Read as _, Write};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use ledger_core::hash::Digest;
use ledger_core::source::Source;
use ledger_core::store::copy_digested;
use ledger_core::tile::{Tile, TileLevel, TileSource};
use ureq::http::Response;
use ureq::{Agent, Body};

use crate::fault;
use crate::terminal::Terminal;

/// The most that one answer may hold, in bytes: a full bundle of the longest entries, and some.
const LIMIT: u64 = 20 * 1024 * 1024;

/// The longest document, in bytes: what an entry can state.
const DOCUMENT_LIMIT: u64 = u32::MAX as u64;

/// How long a document may take to arrive.
const DOCUMENT_TIME: Duration = Duration::from_secs(1800);

/// How often something is tried before it is given up.
const ATTEMPTS: u32 = 5;

/// How often by [`UrlSource::watched`].
const WATCHED_ATTEMPTS: u32 = 2;

/// For how long in all, so that who answers slowly enough cannot hold up the others for ever.
const WATCHED_FOR: Duration = Duration::from_secs(30 * 60);

/// A ledger's address, as in `https://sanzi.example.org/donglang`.
#[derive(Debug, Clone)]
pub(crate) struct UrlSource {
    agent: Agent,
    base: String,
    terminal: Terminal,
    attempts: u32,
    /// When nothing more is asked of it.
    until: Option<Instant>,
}

/// What a server answered: the status and the body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl UrlSource {
    pub(crate) fn new(terminal: Terminal, base: &str) -> Self {
        Self::with(terminal, base, ATTEMPTS, 60, 10)
    }

    /// For who looks again soon and has others to look at: gives up early, and goes nowhere else than
    /// it was told.
    pub(crate) fn watched(terminal: Terminal, base: &str) -> Self {
        Self {
            until: Some(Instant::now() + WATCHED_FOR),
            ..Self::with(terminal, base, WATCHED_ATTEMPTS, 20, 0)
        }
    }

    fn with(terminal: Terminal, base: &str, attempts: u32, seconds: u64, redirects: u32) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(redirects)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_global(Some(Duration::from_secs(seconds)))
            .user_agent(concat!("sanzi/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: config.new_agent(),
            base: base.trim_end_matches('/').to_owned(),
            terminal,
            attempts,
            until: None,
        }
    }

    /// Fetches a file below the ledger's address.
    pub(crate) fn get(&self, name: &str) -> anyhow::Result<Vec<u8>> {
        let url = format!("{}/{name}", self.base);
        let answer = self.try_often(&url, || self.request(self.agent.get(&url).call()))?;
        self.accepted(&url, answer)
    }

    fn accepted(&self, url: &str, answer: Answer) -> anyhow::Result<Vec<u8>> {
        match answer.status {
            200 => Ok(answer.body),
            status => bail!(self.terminal.pick(
                format!("{url} 回答 {status}；请核对地址（应为 http(s)://主机/账本）"),
                format!("{url} answered {status}; check the address (http(s)://host/ledger)"),
            )),
        }
    }

    /// As [`UrlSource::get`]; `None` if the server says that there is no such file.
    pub(crate) fn get_if_there(&self, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let url = format!("{}/{name}", self.base);
        let answer = self.try_often(&url, || self.request(self.agent.get(&url).call()))?;
        match answer.status {
            404 | 410 => Ok(None),
            _ => self.accepted(&url, answer).map(Some),
        }
    }

    /// Sends a signed event; the same bytes again if the answer was lost on the way.
    pub(crate) fn post(&self, name: &str, body: &[u8]) -> anyhow::Result<Answer> {
        let url = format!("{}/{name}", self.base);
        self.try_often(&url, || {
            let request = self
                .agent
                .post(&url)
                .header("Content-Type", "text/plain; charset=utf-8")
                .header("Accept-Language", self.terminal.pick("zh", "en"));
            self.request(request.send(body))
        })
    }

    /// Copies a document in parts, and gives its digest; `None` if the server says that it is not there.
    pub(crate) fn copy_if_there(
        &self,
        name: &str,
        to: &mut dyn Write,
    ) -> anyhow::Result<Option<Digest>> {
        let url = format!("{}/{name}", self.base);
        let mut wait = Duration::from_millis(500);
        for number in 1..=ATTEMPTS {
            let request = self.agent.get(&url).config();
            let request = request
                .timeout_global(None)
                .timeout_recv_body(Some(DOCUMENT_TIME));
            let answer = request.build().call().with_context(|| url.clone())?;
            match answer.status().as_u16() {
                200 => {
                    let body = answer.into_body().into_with_config();
                    let mut body = body.limit(DOCUMENT_LIMIT).reader();
                    let copied = copy_digested(&mut body, to).with_context(|| url)?;
                    return Ok(Some(copied.0));
                }
                404 | 410 => return Ok(None),
                429 | 502..=504 if number < ATTEMPTS => std::thread::sleep(wait),
                status => {
                    self.accepted(
                        &url,
                        Answer {
                            status,
                            body: Vec::new(),
                        },
                    )?;
                }
            }
            wait *= 2;
        }
        bail!("{url}")
    }

    fn request(&self, answer: Result<Response<Body>, ureq::Error>) -> anyhow::Result<Answer> {
        let mut answer = answer?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        // The client's own limit counts what came over the wire: a little of it can unpack to a lot.
        let reader = answer.body_mut().with_config().limit(LIMIT).reader();
        reader.take(LIMIT + 1).read_to_end(&mut body)?;
        if body.len() as u64 > LIMIT {
            bail!(self.terminal.pick(
                format!("回答超过 {LIMIT} 字节"),
                format!("the answer is longer than {LIMIT} bytes"),
            ));
        }
        Ok(Answer { status, body })
    }

    fn try_often(
        &self,
        url: &str,
        attempt: impl Fn() -> anyhow::Result<Answer>,
    ) -> anyhow::Result<Answer> {
        if self.until.is_some_and(|until| until < Instant::now()) {
            bail!(self.terminal.pick(
                format!("{url} 太慢，这一遍不再等它"),
                format!("{url} is too slow to be waited for"),
            ));
        }
        let mut wait = Duration::from_millis(500);
        for number in 1.. {
            let fault = match attempt() {
                Ok(answer) if !matches!(answer.status, 429 | 502..=504) => return Ok(answer),
                Ok(answer) if number == self.attempts => return Ok(answer),
                Ok(answer) => anyhow!("HTTP {}", answer.status),
                Err(fault) if number == self.attempts => {
                    let attempts = self.attempts;
                    return Err(fault).with_context(|| {
                        self.terminal.pick(
                            format!("连不上 {url}，试了 {attempts} 次；请检查网络和地址"),
                            format!("cannot reach {url} in {attempts} attempts; check network and address"),
                        )
                    });
                }
                Err(fault) => fault,
            };
            let fault = fault::told(&fault, self.terminal.language);
            self.terminal.advise(self.terminal.pick(
                format!("暂时不成（{fault}），{} 毫秒后再试……", wait.as_millis()),
                format!(
                    "not yet ({fault}), trying again in {} ms …",
                    wait.as_millis()
                ),
            ));
            std::thread::sleep(wait);
            wait *= 2;
        }
        bail!("{url}")
    }
}

impl TileSource for UrlSource {
    type Error = anyhow::Error;

    fn fetch(&self, tile: &Tile) -> anyhow::Result<Vec<u8>> {
        match self.get(&tile.to_string()) {
            // A server may drop a partial tile once the full one is there.
            Err(_) if tile.is_partial() => self.get(&tile.full().to_string()),
            answer => answer,
        }
    }
}

impl Source for UrlSource {
    fn checkpoint(&self) -> anyhow::Result<Vec<u8>> {
        self.get("checkpoint")
    }
}

/// The bundle that holds an entry, as wide as a tree of `size` entries has it.
pub(crate) fn bundle_of(index: u64, size: u64) -> anyhow::Result<Tile> {
    let width = (size - index / 256 * 256).min(256);
    let width = u16::try_from(width).unwrap_or(256);
    Ok(Tile::new(TileLevel::Entries, index / 256, width)?)
}
