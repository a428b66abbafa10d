//! The one thread on which connections live, and how others wait for them.
//!
//! The journal is synchronous, the driver is not. So the sockets are served by a runtime of this thread's own,
//! and a caller waits for its answer by parking its thread: also one that belongs to another runtime may do so,
//! where that blocks nobody.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio_postgres::{Client, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use super::fault::Fault;
use crate::{Error, Result};

/// Beyond the driver's own limit on connecting, for every host that it may try.
const CONNECT_WITHIN: Duration = Duration::from_secs(20);

/// The thread; it ends, and with it every connection, when this is dropped.
pub(super) struct Driver {
    handle: Handle,
    _running: oneshot::Sender<()>,
}

impl Driver {
    pub(super) fn start() -> Result<Driver> {
        let start = || {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let handle = runtime.handle().clone();
            let (running, stopped) = oneshot::channel::<()>();
            thread::Builder::new().name("postgres".to_owned()).spawn(move || {
                // An error says that the sender is gone, which is the sign to end.
                let _ = runtime.block_on(stopped);
            })?;
            Ok(Driver { handle, _running: running })
        };
        start().map_err(|error: std::io::Error| Error::Disk { path: "postgres".into(), detail: error.to_string() })
    }

    /// A new connection.
    pub(super) fn connect(&self, address: &Address) -> Result<Client, Fault> {
        let (config, tls) = (address.config.clone(), address.tls.clone());
        let connecting = self.handle.spawn(async move {
            // The connection's own end tells nobody anything that its next use would not.
            match tls {
                None => {
                    let (client, connection) = config.connect(NoTls).await?;
                    tokio::spawn(connection);
                    Ok(client)
                }
                Some(tls) => {
                    let (client, connection) = config.connect(MakeRustlsConnect::new(tls)).await?;
                    tokio::spawn(connection);
                    Ok(client)
                }
            }
        });
        match wait(connecting, CONNECT_WITHIN) {
            Some(Ok(connected)) => connected.map_err(Fault::Sql),
            Some(Err(_)) | None => Err(Fault::Silent),
        }
    }
}

/// Waits for a future on this thread; none when it took longer than `limit`.
pub(super) fn wait<F: Future>(future: F, limit: Duration) -> Option<F::Output> {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let end = Instant::now() + limit;
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(left);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
