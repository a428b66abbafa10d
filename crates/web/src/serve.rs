//! The listener: connections, their limits, and an orderly end.
//!
//! HTTP/1.1 without TLS: a proxy in front speaks the rest.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::access::{InFlight, network};
use crate::patience::Patient;

/// How long the head of a request may take to arrive. It also ends connections that idle so long.
const HEADER_TIME_MAX: Duration = Duration::from_secs(60);
/// Largest head of a request, in bytes: cookies and long URLs included.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Connections at once; the next ones wait in the system's queue.
const CONNECTIONS_MAX: usize = 4_096;
/// Connections at once of one network but this machine's own, where a proxy may stand: it takes
/// several to fill the room.
const PEER_CONNECTIONS_MAX: usize = CONNECTIONS_MAX / 4;
/// How long a client may read nothing while an answer waits for it. Streams of events write more
/// often than that, so that it holds for them, too.
const WRITE_TIME_MAX: Duration = Duration::from_secs(30);
/// How long requests may go on after the end was asked for. Streams of events end at once.
const GRACE: Duration = Duration::from_secs(10);
/// Pause after the system refused a connection, usually for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What one listener grants its clients.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a client may read nothing while an answer waits for it.
    pub write_time_max: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { write_time_max: WRITE_TIME_MAX }
    }
}

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

/// Where a request comes from, as far as that is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender(pub(crate) Option<IpAddr>);

impl Sender {
    /// Of a request with these marks and headers.
    pub(crate) fn of(extensions: &Extensions, headers: &HeaderMap) -> Sender {
        Sender(extensions.get::<Peer>().and_then(|peer| peer.sender(headers)))
    }
}

impl<S: Sync> FromRequestParts<S> for Sender {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Sender, Infallible> {
        Ok(Sender::of(&parts.extensions, &parts.headers))
    }
}

/// Answers on `listener` until `stop` is ready, then lets what is under way finish.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) -> io::Result<()> {
    serve_within(Limits::default(), listener, router, stop).await
}

/// The same, within other limits.
pub async fn serve_within(
    limits: Limits,
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME_MAX).max_buf_size(HEAD_BYTES_MAX);
    let (room, peers) = (Arc::new(Semaphore::new(CONNECTIONS_MAX)), Arc::new(InFlight::default()));
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
        let max = peer_connections_max(address.ip());
        let Some(slot) = peers.enter(&network(address.ip()).to_string(), max) else {
            tracing::debug!(peer.connections = max, "a peer has too many connections; the next was closed");
            continue;
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
        let io = TokioIo::new(Patient::new(stream, limits.write_time_max));
        let connection = graceful.watch(builder.serve_connection(io, service));
        tokio::spawn(async move {
            // Broken connections are the client's affair: its requests were answered or not begun.
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "a connection ended early");
            }
            drop((place, slot));
        });
    }
    drop(listener);
    drop(open);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were closed while requests were under way");
    }
    Ok(())
}

/// How many connections that address may have: a proxy on this machine brings everybody's.
fn peer_connections_max(address: IpAddr) -> usize {
    if address.to_canonical().is_loopback() { CONNECTIONS_MAX } else { PEER_CONNECTIONS_MAX }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_get_a_part_of_the_room_and_this_machine_all_of_it() {
        for (address, wanted) in [
            ("127.0.0.1", CONNECTIONS_MAX),
            ("::1", CONNECTIONS_MAX),
            ("::ffff:127.0.0.1", CONNECTIONS_MAX),
            ("192.0.2.1", PEER_CONNECTIONS_MAX),
            ("10.0.0.1", PEER_CONNECTIONS_MAX),
            ("2001:db8::1", PEER_CONNECTIONS_MAX),
        ] {
            assert_eq!(peer_connections_max(address.parse().unwrap()), wanted, "{address}");
        }
    }
}
