//! The accept loop. Every connection has a place among so many, a time for its handshake and headers, and is cut when
//! it takes nothing for too long.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::access::caller::Peer;
use crate::settings::Limits;

/// 128 requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 128;
/// 100 ms of rest when the system cannot give another connection, as when it is out of file descriptors.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// What every connection is served with.
pub(crate) struct Connections {
    pub(crate) router: Router,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) limits: Limits,
    /// Places for connections at once.
    pub(crate) places: Arc<Semaphore>,
}

/// Serves connections until `going_down` is true; then lets requests end, within the time for that.
pub(crate) async fn serve(listener: TcpListener, with: Connections, mut going_down: watch::Receiver<bool>) {
    let (limits, places) = (with.limits, with.places.clone());
    let with = Arc::new(with);
    let (graceful, mut tasks) = (GracefulShutdown::new(), JoinSet::new());
    loop {
        let place = tokio::select! {
            _ = going_down.wait_for(|down| *down) => break,
            place = places.clone().acquire_owned() => place.expect("it is never closed"),
        };
        let accepted = tokio::select! {
            _ = going_down.wait_for(|down| *down) => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                let (with, watcher) = (with.clone(), graceful.watcher());
                tasks.spawn(async move {
                    connection(stream, address, &with, watcher).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
        while tasks.try_join_next().is_some() {}
    }
    drop(listener);
    if tokio::time::timeout(limits.shutdown_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests that did not end in time are cut off");
    }
    tasks.shutdown().await;
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    with: &Connections,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    // A client that reads nothing holds a place and memory: it is cut. Reading has time-outs of its own.
    stream.set_write_timeout(Some(with.limits.body_timeout));
    let Some(tls) = &with.tls else {
        return requests(Box::pin(stream), Peer { address, is_tls: false }, with, watcher).await;
    };
    match tokio::time::timeout(with.limits.header_timeout, tls.accept(Box::pin(stream))).await {
        Ok(Ok(stream)) => requests(stream, Peer { address, is_tls: true }, with, watcher).await,
        Ok(Err(error)) => tracing::debug!(%error, %address, "a TLS handshake failed"),
        Err(_) => tracing::debug!(%address, "a TLS handshake took too long"),
    }
}

async fn requests<S>(
    stream: S,
    peer: Peer,
    with: &Connections,
    watcher: hyper_util::server::graceful::Watcher,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let router = with.router.clone();
    let begins = Arc::new(AtomicBool::new(false));
    let has_begun = begins.clone();
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        begins.store(true, Ordering::Relaxed);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        router.clone().oneshot(request)
    });
    let limits = &with.limits;
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.header_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(limits.body_timeout)
        .keep_alive_timeout(limits.header_timeout);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    // hyper's own time for headers begins when it knows which HTTP is spoken, which whoever says nothing never tells.
    let is_silent = async {
        tokio::time::sleep(limits.header_timeout).await;
        if has_begun.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        ended = watcher.watch(connection.into_owned()) => if let Err(error) = ended {
            tracing::debug!(%error, address = %peer.address, "a connection ended early");
        },
        () = is_silent => tracing::debug!(address = %peer.address, "a connection brought no request in time"),
    }
}
