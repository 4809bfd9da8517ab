//! A router on a socket, until it is told to stop.

use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt as _;
use ledger_core::store::StoreError;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::writer::Writer;

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
    let (stop, stopped) = oneshot::channel::<()>();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    // An answer is small and complete: it need not wait for more to send.
    let listener = listener.tap_io(|socket| {
        let _ = socket.set_nodelay(true);
    });
    let serving = axum::serve(listener, service)
        .with_graceful_shutdown(async {
            // Whether told or dropped, it is time.
            let _ = stopped.await;
        })
        .into_future();
    let mut serving = std::pin::pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = shutdown => {
            drop(stop);
            // A client that does not finish in time is left behind.
            timeout(REQUESTS_TIME, &mut serving).await.unwrap_or(Ok(()))
        }
    };
    match timeout(CLOSING_TIME, writer.stop()).await {
        Ok(closed) => closed?,
        Err(_) => return Err(ServeError::TooLong),
    }
    Ok(ended?)
}
