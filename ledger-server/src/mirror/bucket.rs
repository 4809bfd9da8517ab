//! Copies in a bucket of an S3-compatible object store. (对象存储)
//!
//! Endpoint, region and credentials come from the environment, as `object_store` reads them (`AWS_…`). Requests go
//! through this program's own HTTP client, so that there is one of them. Files are put several at a time;
//! the checkpoint by a conditional request, so that of two mirrors that write at once one is told.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, ClientOptions, ObjectStore as _, ObjectStoreExt as _, PutMode,
    PutOptions, RetryConfig, UpdateVersion,
};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use ureq::Agent;

use super::place::Seen;
use crate::terminal::Terminal;

/// How many requests are under way at once.
const AT_ONCE: usize = 8;

/// How long what never changes may be kept, and what changes with the next commit.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const BRIEFLY: &str = "public, max-age=2";

/// The most that is read of one object, in bytes.
const LIMIT: u64 = 64 * 1024 * 1024;

/// A bucket, or a part of one.
pub(super) struct Bucket {
    prefix: Path,
    runtime: Runtime,
    store: Arc<AmazonS3>,
    terminal: Terminal,
    /// As the person named it.
    url: String,
    /// What is there of the files that follow, with their lengths in bytes.
    ahead: RefCell<BTreeMap<String, u64>>,
    putting: RefCell<JoinSet<anyhow::Result<()>>>,
}

impl Bucket {
    /// Opens `s3://bucket/prefix`. Asks the store nothing yet.
    pub(super) fn open(terminal: Terminal, url: &str) -> anyhow::Result<Self> {
        let within = url.strip_prefix("s3://").unwrap_or_default();
        let within = within.trim_end_matches('/');
        let (bucket, prefix) = within.split_once('/').unwrap_or((within, ""));
        let unfit = || {
            terminal.pick(
                format!("{url} 不是对象存储的位置：应为 s3://桶/前缀"),
                format!("{url} is no place in an object store: expected s3://bucket/prefix"),
            )
        };
        if bucket.is_empty() {
            bail!(unfit());
        }
        let store = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_http_connector(Connector)
            .with_retry(RetryConfig {
                max_retries: 4,
                retry_timeout: Duration::from_secs(60),
                ..RetryConfig::default()
            })
            .build()
            .with_context(|| settings(terminal))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(2 * AT_ONCE)
            .enable_all()
            .build()?;
        Ok(Self {
            prefix: Path::parse(prefix).with_context(unfit)?,
            url: format!("s3://{within}"),
            runtime,
            store: Arc::new(store),
            terminal,
            ahead: RefCell::default(),
            putting: RefCell::default(),
        })
    }

    pub(super) fn shown(&self, name: &str) -> String {
        format!("{}/{name}", self.url)
    }

    fn path(&self, name: &str) -> Path {
        let parts = name.split('/').map(object_store::path::PathPart::from);
        self.prefix.parts().chain(parts).collect()
    }

    pub(super) fn read(&self, name: &str) -> anyhow::Result<Seen> {
        let path = self.path(name);
        let read = self.runtime.block_on(async {
            let found = self.store.get(&path).await?;
            let version = UpdateVersion {
                e_tag: found.meta.e_tag.clone(),
                version: found.meta.version.clone(),
            };
            Ok((found.bytes().await?, version))
        });
        match read {
            Ok((bytes, version)) => Ok(Seen {
                bytes: Some(bytes.to_vec()),
                version: Some(version),
            }),
            Err(object_store::Error::NotFound { .. }) => Ok(Seen::default()),
            Err(error) => Err(self.failed(name, error)),
        }
    }

    /// Asks which files there are below `name`: a copy that broke off goes on where it was.
    pub(super) fn look_ahead(&self, name: &str) -> anyhow::Result<()> {
        let path = self.path(name);
        let listed = self.store.list(Some(&path));
        let found: Result<Vec<_>, _> = self.runtime.block_on(listed.try_collect());
        let found = found.map_err(|error| self.failed(name, error))?;
        let known = found
            .into_iter()
            .map(|one| (one.location.to_string(), one.size));
        *self.ahead.borrow_mut() = known.collect();
        Ok(())
    }

    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.path(name);
        let there = self.ahead.borrow().get(path.as_ref()).copied();
        if there == Some(bytes.len() as u64) && self.read(name)?.bytes.as_deref() == Some(bytes) {
            return Ok(());
        }
        let (store, terminal) = (Arc::clone(&self.store), self.terminal);
        let (bytes, shown) = (bytes.to_vec(), self.shown(name));
        let options = options(name, PutMode::Overwrite);
        let putting = async move {
            let put = store.put_opts(&path, bytes.into(), options).await;
            put.map(|_| ())
                .map_err(|error| failed(terminal, &shown, error))
        };
        let mut all = self.putting.borrow_mut();
        let _inside = self.runtime.enter();
        while all.len() >= AT_ONCE {
            self.runtime.block_on(next(&mut all))?;
        }
        all.spawn(putting);
        Ok(())
    }

    pub(super) fn settle(&self) -> anyhow::Result<()> {
        let mut all = self.putting.borrow_mut();
        while !all.is_empty() {
            self.runtime.block_on(next(&mut all))?;
        }
        self.ahead.borrow_mut().clear();
        Ok(())
    }

    /// Replaces a file if it is still of this version, or still not there.
    pub(super) fn replace(
        &self,
        name: &str,
        version: Option<UpdateVersion>,
        bytes: &[u8],
    ) -> anyhow::Result<()> {
        let path = self.path(name);
        let mode = version.map_or(PutMode::Create, PutMode::Update);
        let put = self
            .store
            .put_opts(&path, bytes.to_vec().into(), options(name, mode));
        match self.runtime.block_on(put) {
            Ok(_) => Ok(()),
            Err(
                object_store::Error::Precondition { .. }
                | object_store::Error::AlreadyExists { .. }
                | object_store::Error::NotModified { .. },
            ) => bail!(self.terminal.pick(
                format!("{} 刚被另一个镜像程序更新，没有覆盖；请再运行一次", self.shown(name)),
                format!("{} was updated by another mirror just now and is not overwritten; run this again", self.shown(name)),
            )),
            Err(error) => Err(self.failed(name, error)),
        }
    }

    pub(super) fn drop_below(&self, name: &str) -> anyhow::Result<()> {
        let path = self.path(name);
        let dropped = self.runtime.block_on(async {
            let found: Vec<_> = self.store.list(Some(&path)).try_collect().await?;
            for one in found {
                self.store.delete(&one.location).await?;
            }
            Ok(())
        });
        dropped.map_err(|error: object_store::Error| self.failed(name, error))
    }

    fn failed(&self, name: &str, error: object_store::Error) -> anyhow::Error {
        failed(self.terminal, &self.shown(name), error)
    }
}

/// The end of one put; the first that failed ends the rest.
async fn next(all: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    match all.join_next().await {
        None => Ok(()),
        Some(ended) => ended.map_err(anyhow::Error::from)?,
    }
}

/// Type and life of a file, as a server says them (C2SP tlog-tiles).
fn options(name: &str, mode: PutMode) -> PutOptions {
    let file = name.rsplit('/').next().unwrap_or_default();
    let (kind, cache) = match file {
        "checkpoint" | "documents.missing" => ("text/plain; charset=utf-8", BRIEFLY),
        file if file.ends_with(".json") => ("application/json", BRIEFLY),
        _ => ("application/octet-stream", FOR_EVER),
    };
    let mut attributes = Attributes::from_iter([
        (Attribute::ContentType, kind),
        (Attribute::CacheControl, cache),
    ]);
    // Somebody else's file, given to keep, never shown on the site that serves it.
    if name.contains("/documents/") {
        let kept = format!("attachment; filename=\"{file}\"");
        attributes.insert(Attribute::ContentDisposition, kept.into());
    }
    PutOptions {
        attributes,
        mode,
        ..PutOptions::default()
    }
}

fn failed(terminal: Terminal, shown: &str, error: object_store::Error) -> anyhow::Error {
    // The library says each cause within the next one, and repeats the store's XML.
    let said = error.to_string();
    let (words, xml) = said.split_once("<?xml").unwrap_or((&said, ""));
    let (_, code) = xml.split_once("<Code>").unwrap_or_default();
    let code = code.split_once('<').map_or("", |(code, _)| code);
    anyhow!("{words}{code}")
        .context(settings(terminal))
        .context(terminal.pick(
            format!("对象存储没有照办：{shown}"),
            format!("the object store did not do it: {shown}"),
        ))
}

fn settings(terminal: Terminal) -> &'static str {
    terminal.pick(
        "请检查环境变量 AWS_ENDPOINT（地址）、AWS_REGION（区域）、AWS_ACCESS_KEY_ID 和 AWS_SECRET_ACCESS_KEY（钥匙），以及桶是否存在、能否写入",
        "check AWS_ENDPOINT, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, and that the bucket is there and may be written to",
    )
}

/// Makes [`Client`]s.
#[derive(Debug)]
struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .accept_encoding("")
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Ok(HttpClient::new(Client(config.new_agent())))
    }
}

/// The client that this program has, for the library that needs one.
#[derive(Debug)]
struct Client(Agent);

#[async_trait]
impl HttpService for Client {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let agent = self.0.clone();
        let (head, body) = request.into_parts();
        let body = http_body_util::BodyExt::collect(body).await?.to_bytes();
        let exchange = move || exchange(&agent, axum::http::Request::from_parts(head, body));
        let ended = tokio::task::spawn_blocking(exchange).await;
        ended.map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?
    }
}

fn exchange(
    agent: &Agent,
    request: axum::http::Request<axum::body::Bytes>,
) -> Result<HttpResponse, HttpError> {
    let (head, body) = request.into_parts();
    let answer = match body.is_empty() && head.method != axum::http::Method::PUT {
        true => agent.run(axum::http::Request::from_parts(head, ())),
        false => agent.run(axum::http::Request::from_parts(head, body.to_vec())),
    };
    let (head, mut body) = answer.map_err(of_client)?.into_parts();
    let mut bytes = Vec::new();
    let reader = body.with_config().limit(LIMIT).reader();
    let read = reader.take(LIMIT).read_to_end(&mut bytes);
    read.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error))?;
    Ok(HttpResponse::from_parts(head, bytes.into()))
}

/// What may be tried again, in the library's terms.
fn of_client(error: ureq::Error) -> HttpError {
    let kind = match &error {
        ureq::Error::Timeout(_) => HttpErrorKind::Timeout,
        ureq::Error::ConnectionFailed | ureq::Error::HostNotFound => HttpErrorKind::Connect,
        ureq::Error::Io(_) => HttpErrorKind::Interrupted,
        _ => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, error)
}
