//! The listener: connections, their limits, and an orderly end.
//!
//! HTTP/1.1 without TLS: a proxy in front speaks the rest.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// How long the head of a request may take to arrive. It also ends connections that idle so long.
const HEADER_TIME_MAX: Duration = Duration::from_secs(60);
/// Largest head of a request, in bytes: cookies and long URLs included.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Connections at once; the next ones wait in the system's queue.
const CONNECTIONS_MAX: usize = 4_096;
/// How long requests may go on after the end was asked for. Streams of events end at once.
const GRACE: Duration = Duration::from_secs(10);
/// Pause after the system refused a connection, usually for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Tells answers that last when the server wants to end. Requests of `serve` carry it.
#[derive(Clone, Debug)]
pub(crate) struct Closing(watch::Receiver<()>);

impl Closing {
    /// Waits for the end.
    pub(crate) async fn wait(&mut self) {
        // Nothing is ever sent: the channel closes.
        while self.0.changed().await.is_ok() {}
    }
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(IpAddr);

impl Peer {
    /// Who sent a request. A proxy on this machine names its sender last in `X-Forwarded-For`;
    /// from elsewhere that header is only what somebody claims.
    pub(crate) fn sender(self, headers: &HeaderMap) -> Option<IpAddr> {
        if !self.0.is_loopback() {
            return Some(self.0);
        }
        let forwarded = headers.get_all("x-forwarded-for").into_iter().next_back();
        let last = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        Some(last.unwrap_or(self.0))
    }
}

/// Answers on `listener` until `stop` is ready, then lets what is under way finish.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) -> io::Result<()> {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME_MAX).max_buf_size(HEAD_BYTES_MAX);
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let (open, closing) = watch::channel(());
    let router = router.layer(Extension(Closing(closing)));
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            let place = Arc::clone(&room).acquire_owned().await.map_err(io::Error::other)?;
            Ok::<_, io::Error>((place, listener.accept().await?))
        };
        let (place, (stream, address)) = tokio::select! {
            () = &mut stop => break,
            accepted = accepted => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(error = %error, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        // Answers are small and complete: waiting to fill a packet only delays them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(error = %error, "a connection keeps its delay");
        }
        let (peer, inner) = (Peer(address.ip()), TowerToHyperService::new(router.clone()));
        let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(peer);
            inner.call(request)
        });
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // Broken connections are the client's affair: its requests were answered or not begun.
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    drop(open);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were closed while requests were under way");
    }
    Ok(())
}
