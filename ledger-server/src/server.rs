//! A router on a socket, encrypted or not, until it is told to stop.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::middleware::AddExtension;
use axum::{Extension, Router};
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use ledger_core::store::StoreError;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::{Layer as _, Service as _};

use crate::client::{OverTls, Proxies};
use crate::share::{Share, Shares};
use crate::tls::Tls;
use crate::writer::Writer;

/// How long a request's head may take to arrive, from when it could; and, before the first, a handshake.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// What a client is told that speaks plain HTTP where TLS is expected.
const NOT_ENCRYPTED: &[u8] = "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n\r\n\
    这个端口只接受加密连接，请把网址开头改成 https:// 再试。\nThis port takes HTTPS only: use https:// in the address.\n"
    .as_bytes();

/// How long a connection may be used before its client has to make a new one.
const CONNECTION_TIME: Duration = Duration::from_secs(300);

/// How long an answer may then still take.
const LAST_ANSWER_TIME: Duration = Duration::from_secs(30);

/// How many connections a server takes.
///
/// Who comes beyond that is not answered: an answer would take what there is too little of.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Connections {
    /// All together.
    pub total: usize,
    /// Of one address that is no trusted proxy.
    pub per_address: usize,
    /// Whose connections are those of many clients, so that only the total holds for them.
    pub proxies: Proxies,
    /// The certificate under which all are encrypted; by default none is.
    pub tls: Option<Arc<Tls>>,
}

impl Default for Connections {
    /// 768 together and 256 of one address: fewer than a process may commonly have files.
    fn default() -> Self {
        Self {
            total: 768,
            per_address: 256,
            proxies: Proxies::default(),
            tls: None,
        }
    }
}

/// How long open requests may take to finish.
const REQUESTS_TIME: Duration = Duration::from_secs(2);

/// How long the writer may then take to finish what waits and to close.
const CLOSING_TIME: Duration = Duration::from_millis(2500);

/// Serving ended otherwise than it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The socket failed.
    #[error("网络出错：{0} (the socket failed)")]
    Socket(#[from] std::io::Error),
    /// A store could not be closed cleanly.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The writer did not finish in time; what was acknowledged stands.
    #[error(
        "停止超时：未能在限时内写完并关闭，已发回执的条目不受影响 (stopping took too long; what was acknowledged stands)"
    )]
    TooLong,
}

/// Serves until `shutdown`; then takes no more, finishes what was accepted, and closes the stores, within
/// five seconds.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    listener: TcpListener,
    router: Router,
    writer: Writer,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let connections = Connections::default();
    connections.serve(listener, router, writer, shutdown).await
}

impl Connections {
    /// As [`serve`], with these limits.
    ///
    /// # Errors
    /// [`ServeError`].
    pub async fn serve(
        &self,
        listener: TcpListener,
        router: Router,
        writer: Writer,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        self.serve_router(listener, router, shutdown).await;
        match timeout(CLOSING_TIME, writer.stop()).await {
            Ok(closed) => closed?,
            Err(_) => return Err(ServeError::TooLong),
        }
        Ok(())
    }

    /// As [`serve_router`], with these limits.
    pub async fn serve_router(
        &self,
        listener: TcpListener,
        router: Router,
        shutdown: impl Future<Output = ()>,
    ) {
        let (stop, stopped) = watch::channel(());
        let mut tasks = JoinSet::new();
        tokio::select! {
            () = self.accept(listener, router, stopped, &mut tasks) => {}
            () = shutdown => {}
        }
        drop(stop);
        // A client that does not finish in time is left behind.
        let _ = timeout(REQUESTS_TIME, async {
            while tasks.join_next().await.is_some() {}
        })
        .await;
    }

    /// Takes connections for ever, each as a task of its own.
    async fn accept(
        &self,
        mut listener: TcpListener,
        router: Router,
        stopped: watch::Receiver<()>,
        tasks: &mut JoinSet<()>,
    ) {
        let shares = Shares::new(self.per_address);
        let router = match &self.tls {
            Some(_) => router.layer(Extension(OverTls)),
            None => router,
        };
        let mut services = router.into_make_service_with_connect_info::<SocketAddr>();
        loop {
            let (socket, peer) = axum::serve::Listener::accept(&mut listener).await;
            while tasks.try_join_next().is_some() {}
            if tasks.len() >= self.total {
                continue;
            }
            let share = shares.take(peer.ip());
            if share.is_none() && !self.proxies.trusts(peer.ip()) {
                continue;
            }
            let Ok(service) = services.call(peer).await;
            // Who has gone already has no address; nothing is asked of it, then.
            let Ok(at) = socket.local_addr() else {
                continue;
            };
            let service = Extension(Arrived(at.ip())).layer(service);
            let conversation = Conversation {
                service: TowerToHyperService::new(service),
                stopped: stopped.clone(),
                _share: share,
            };
            // An answer is small and complete: it need not wait for more to send.
            let _ = socket.set_nodelay(true);
            match &self.tls {
                Some(tls) => tasks.spawn(conversation.encrypted(socket, tls.config())),
                None => tasks.spawn(conversation.over(socket)),
            };
        }
    }
}

/// Serves a router that has no writer until `shutdown`; then takes no more, and gives open requests two
/// seconds to finish.
pub async fn serve_router(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) {
    let connections = Connections::default();
    connections.serve_router(listener, router, shutdown).await;
}

/// In the extensions of every request that came by a socket: at which of this machine's addresses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrived(pub(crate) IpAddr);

/// What answers the requests of one connection.
type Answering = AddExtension<AddExtension<Router, ConnectInfo<SocketAddr>>, Arrived>;

/// One client, who is answered until it leaves, stalls, has been there long enough, or all have to go.
struct Conversation {
    service: TowerToHyperService<Answering>,
    stopped: watch::Receiver<()>,
    _share: Option<Share>,
}

impl Conversation {
    /// Agrees on encryption first, for which there is no more time than for a head.
    async fn encrypted(mut self, socket: TcpStream, config: Arc<ServerConfig>) {
        let agreed = tokio::select! {
            agreed = timeout(HEAD_TIME, agree(socket, config)) => agreed,
            _ = self.stopped.changed() => return,
        };
        match agreed {
            Ok(Ok(stream)) => self.over(stream).await,
            Ok(Err(error)) => tracing::debug!(%error, "no encryption was agreed on"),
            Err(_) => tracing::debug!("a handshake took too long"),
        }
    }

    async fn over(mut self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let connection = Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .serve_connection(TokioIo::new(stream), self.service);
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            _ = connection.as_mut() => return,
            _ = self.stopped.changed() => {}
            () = sleep(CONNECTION_TIME) => {}
        }
        connection.as_mut().graceful_shutdown();
        let _ = timeout(LAST_ANSWER_TIME, connection).await;
    }
}

/// The handshake. Who speaks plain HTTP is told in plain HTTP.
async fn agree(
    mut socket: TcpStream,
    config: Arc<ServerConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    let mut first = [0];
    if socket.peek(&mut first).await? == 1 && first[0].is_ascii_uppercase() {
        socket.write_all(NOT_ENCRYPTED).await?;
        socket.shutdown().await?;
        // Until the client has closed: a reset could take the answer from it.
        tokio::io::copy(&mut socket, &mut tokio::io::sink()).await?;
        return Err(io::Error::other("plain HTTP"));
    }
    TlsAcceptor::from(config).accept(socket).await
}
