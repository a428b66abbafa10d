//! The HTTP client that every channel over HTTP shares, and the addresses that it may call.
//!
//! No redirects, no proxy from the environment, no repetition, and no way inside unless the
//! channel allows it. Proxies are left out because they would resolve names past the guard.
//! What an answer means is for each channel to say.

use std::error::Error as _;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use problem::Problem;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Response, Url};
use url::Host;

use crate::resolver::Guarded;
use crate::{Outcome, address};

/// From the first byte of the exchange to the last; the specification of Standard Webhooks
/// suggests 15 to 30 s, and a page must have failed before the next contact is tried.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(15);
/// Resolving, connecting and the TLS handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer's body may take, once its head is there.
const BODY_TIMEOUT: Duration = Duration::from_secs(1);
/// How much of an answer's body is read, in bytes.
const BODY_BYTES_MAX: usize = 4 * 1024;
/// Idle connections are closed before common servers do so at 60 s.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
/// Idle connections that are kept for one host: as many as the outbox has attempts under way there,
/// or a burst would connect anew for most of its pages.
const IDLE_PER_HOST_MAX: usize = 64;
/// The longest URL, in bytes.
const URL_BYTES_MAX: usize = 2_048;

/// How long an exchange may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Resolving, connecting and the TLS handshake.
    pub connect: Duration,
    /// Everything.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts { connect: CONNECT_TIMEOUT, total: TOTAL_TIMEOUT }
    }
}

/// The program's HTTP client failed to start.
#[derive(Debug, thiserror::Error)]
#[error("failed to set up the HTTP client of the channels")]
pub struct StartFault(#[from] reqwest::Error);

/// A receiver's URL, checked as far as that is possible without the network.
#[derive(Clone)]
pub(crate) struct Endpoint {
    url: Url,
    host: String,
    allow_internal: bool,
}

/// An answer's head, and its body if that ended soon.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    /// `None`: it was too long, too slow, or broke off.
    pub(crate) body: Option<Vec<u8>>,
}

/// The client; its clones share their connections.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    // Two pools, so that no channel ever reuses a connection inside that only another may make.
    guarded: Client,
    unguarded: Client,
    timeouts: Timeouts,
    has_trust_roots: bool,
}

impl Endpoint {
    /// A receiver outside; an address inside is refused here if it is literal, otherwise when sending.
    pub(crate) fn parse(url: &str) -> Result<Endpoint, Problem> {
        let endpoint = Endpoint::parse_internal(url)?;
        endpoint.check_literal_address()?;
        Ok(Endpoint { allow_internal: false, ..endpoint })
    }

    /// A receiver that may lie inside: for a channel with `allow_internal: true`.
    pub(crate) fn parse_internal(url: &str) -> Result<Endpoint, Problem> {
        if url.len() > URL_BYTES_MAX {
            return Err(invalid(format!("it has {} bytes, the limit is {URL_BYTES_MAX}", url.len())));
        }
        let url = Url::parse(url).map_err(|error| invalid(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid(format!("its scheme is `{}`, only http and https can be used", url.scheme())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("it carries a user name or a password"));
        }
        let host = url.host_str().ok_or_else(|| invalid("it has no host"))?.to_owned();
        Ok(Endpoint { host, allow_internal: true, url })
    }

    /// For channels whose URL is itself the credential.
    pub(crate) fn require_https(self) -> Result<Endpoint, Problem> {
        if self.is_https() { Ok(self) } else { Err(invalid("its scheme is `http`, which would show the URL's secret")) }
    }

    /// The host, which may be shown; the whole URL may not.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// An address written into the URL never reaches the resolver, so it is checked here.
    fn check_literal_address(&self) -> Result<(), Problem> {
        let literal = match self.url.host() {
            Some(Host::Ipv4(v4)) => IpAddr::V4(v4),
            Some(Host::Ipv6(v6)) => IpAddr::V6(v6),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        address::check_all(&self.host, [literal])
    }
}

/// Details never quote the URL: its path or query may be a credential.
fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(&problem::CHANNEL_URL_INVALID, detail)
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("host", &self.host)
            .field("allow_internal", &self.allow_internal)
            .finish_non_exhaustive()
    }
}

impl Http {
    /// A client with these timeouts.
    pub(crate) fn new(timeouts: Timeouts) -> Result<Http, StartFault> {
        // An error means that the program has chosen a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Without CA certificates on the machine a client cannot be built at all. Receivers
        // over plain http must work there too, so such a client trusts nobody instead.
        let has_trust_roots = builder(timeouts).build().is_ok();
        let base = || {
            let builder = builder(timeouts);
            if has_trust_roots { builder } else { builder.tls_certs_only([]) }
        };
        Ok(Http {
            guarded: base().dns_resolver(Guarded).build()?,
            unguarded: base().build()?,
            timeouts,
            has_trust_roots,
        })
    }

    /// Whether any https receiver can be verified.
    pub(crate) fn has_trust_roots(&self) -> bool {
        self.has_trust_roots
    }

    /// Posts JSON once. Without an answer, what that means is the outcome.
    pub(crate) async fn post(
        &self,
        endpoint: &Endpoint,
        headers: &[(&'static str, &str)],
        json: Vec<u8>,
    ) -> Result<Answer, Outcome> {
        if endpoint.is_https() && !self.has_trust_roots {
            return Err(Outcome::refused(Problem::new(&problem::TRUST_ROOTS_MISSING, endpoint.host())));
        }
        let client = if endpoint.allow_internal { &self.unguarded } else { &self.guarded };
        let mut request = client.post(endpoint.url.clone()).header(CONTENT_TYPE, "application/json").body(json);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.map_err(|error| self.failure(&error))?;
        let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let (status, retry_after) = (response.status().as_u16(), header.map(str::to_owned));
        Ok(Answer { status, retry_after, body: body(response).await })
    }

    /// What it means that no answer came.
    fn failure(&self, error: &reqwest::Error) -> Outcome {
        if let Some(problem) = causes(error).find_map(|cause| cause.downcast_ref::<Problem>()) {
            return Outcome::refused(problem);
        }
        if error.is_builder() {
            return Outcome::refused("the message's id cannot be an HTTP header");
        }
        // Only the innermost cause is shown: the outer ones repeat the URL.
        let cause = causes(error).last().map_or_else(String::new, ToString::to_string);
        let Timeouts { connect, total } = self.timeouts;
        Outcome::retry(match (error.is_connect(), error.is_timeout()) {
            (true, true) => format!("no connection within {connect:?}"),
            (true, false) => format!("no connection: {cause}"),
            (false, true) => format!("no answer within {total:?}"),
            (false, false) => format!("the exchange broke off: {cause}"),
        })
    }
}

/// What both pools share.
fn builder(timeouts: Timeouts) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("Watchbell/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.total)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
}

/// Reads a short body to its end, so that the connection can be used again. A longer or slower
/// one is dropped together with its connection.
async fn body(mut response: Response) -> Option<Vec<u8>> {
    let read = async {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.ok()? {
            if body.len() + chunk.len() > BODY_BYTES_MAX {
                return None;
            }
            body.extend_from_slice(&chunk);
        }
        Some(body)
    };
    tokio::time::timeout(BODY_TIMEOUT, read).await.ok().flatten()
}

/// The chain of causes below `error`.
fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |cause| (*cause).source())
}
