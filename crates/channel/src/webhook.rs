//! Signed Standard Webhooks over kept-alive connections.
//!
//! One `POST`, no redirects, no proxy from the environment, and no way inside unless the
//! channel allows it. Proxies are left out because they would resolve names past the guard.

use std::error::Error as _;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use calendar::Instant;
use problem::Problem;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Response, Url};
use url::Host;

use crate::resolver::Guarded;
use crate::signing::SigningKeys;
use crate::{Message, Outcome, Receipt, Secret, address, answer};

/// From the first byte of the exchange to the last; the specification suggests 15 to 30 s, and
/// a page must have failed before the next contact is tried.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(15);
/// Resolving, connecting and the TLS handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer's body may take. It is read only to keep the connection usable.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);
/// How much of an answer's body is read, in bytes.
const DRAIN_BYTES_MAX: usize = 4 * 1024;
/// Idle connections are closed before common servers do so at 60 s.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
/// Idle connections that are kept for one host.
const IDLE_PER_HOST_MAX: usize = 8;
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

/// Where one channel's messages go, checked as far as that is possible without the network.
#[derive(Clone)]
pub struct WebhookTarget {
    url: Url,
    host: String,
    keys: SigningKeys,
    allow_internal: bool,
}

/// The program's HTTP client failed to start.
#[derive(Debug, thiserror::Error)]
#[error("failed to set up the webhook client")]
pub struct StartFault(#[from] reqwest::Error);

/// The sender of webhooks; one for the whole program, since it holds the connections.
#[derive(Clone, Debug)]
pub struct Webhook {
    // Two pools, so that no channel ever reuses a connection inside that only another may make.
    guarded: Client,
    unguarded: Client,
    timeouts: Timeouts,
    has_trust_roots: bool,
}

impl WebhookTarget {
    /// A target outside; an address inside is refused here if it is literal, otherwise when sending.
    pub fn parse(url: &str, secret: &Secret) -> Result<WebhookTarget, Problem> {
        let target = WebhookTarget::parse_internal(url, secret)?;
        target.check_literal_address()?;
        Ok(WebhookTarget { allow_internal: false, ..target })
    }

    /// A target that may lie inside: for a channel with `allow_internal: true`.
    pub fn parse_internal(url: &str, secret: &Secret) -> Result<WebhookTarget, Problem> {
        // Details never quote the URL: its path or query may be a credential.
        let invalid = |detail: String| Problem::new(&problem::CHANNEL_URL_INVALID, detail);
        if url.len() > URL_BYTES_MAX {
            return Err(invalid(format!("it has {} bytes, the limit is {URL_BYTES_MAX}", url.len())));
        }
        let url = Url::parse(url).map_err(|error| invalid(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid(format!("its scheme is `{}`, only http and https can be used", url.scheme())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("it carries a user name or a password".into()));
        }
        let host = url.host_str().ok_or_else(|| invalid("it has no host".into()))?.to_owned();
        Ok(WebhookTarget { host, keys: SigningKeys::parse(secret)?, allow_internal: true, url })
    }

    /// The host, which may be shown; the whole URL may not.
    pub fn host(&self) -> &str {
        &self.host
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

impl fmt::Debug for WebhookTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookTarget")
            .field("host", &self.host)
            .field("allow_internal", &self.allow_internal)
            .finish_non_exhaustive()
    }
}

impl Webhook {
    /// The receiver's program took it; whether a person saw it is not known.
    pub const RECEIPT: Receipt = Receipt::Accepted;

    /// A sender with the usual timeouts.
    pub fn new() -> Result<Webhook, StartFault> {
        Webhook::with_timeouts(Timeouts::default())
    }

    /// A sender with other timeouts.
    pub fn with_timeouts(timeouts: Timeouts) -> Result<Webhook, StartFault> {
        // An error means that the program has chosen a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Without CA certificates on the machine a client cannot be built at all. Receivers
        // over plain http must work there too, so such a client trusts nobody instead.
        let has_trust_roots = builder(timeouts).build().is_ok();
        let base = || {
            let builder = builder(timeouts);
            if has_trust_roots { builder } else { builder.tls_certs_only([]) }
        };
        Ok(Webhook {
            guarded: base().dns_resolver(Guarded).build()?,
            unguarded: base().build()?,
            timeouts,
            has_trust_roots,
        })
    }

    /// Whether any https receiver can be verified; for the checks at start.
    pub fn has_trust_roots(&self) -> bool {
        self.has_trust_roots
    }

    /// Makes one attempt. `now` is the attempt's instant, and is what gets signed.
    pub async fn send(&self, target: &WebhookTarget, message: &Message, now: Instant) -> Outcome {
        if target.url.scheme() == "https" && !self.has_trust_roots {
            return Outcome::refused(Problem::new(&problem::TRUST_ROOTS_MISSING, target.host()));
        }
        let body = match message.bytes() {
            Ok(body) => body,
            Err(problem) => return Outcome::refused(problem),
        };
        let timestamp_s = now.as_micros().div_euclid(1_000_000);
        let client = if target.allow_internal { &self.unguarded } else { &self.guarded };
        let request = client
            .post(target.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", timestamp_s)
            .header("webhook-signature", target.keys.sign(&message.id, timestamp_s, &body))
            .body(body);
        match request.send().await {
            Ok(response) => {
                let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                let outcome = answer::judge(response.status().as_u16(), header, now);
                drain(response).await;
                outcome
            }
            Err(error) => self.failure(&error),
        }
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
/// one is dropped together with its connection; the outcome is known already.
async fn drain(mut response: Response) {
    let read = async {
        let mut seen = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            seen += chunk.len();
            if seen > DRAIN_BYTES_MAX {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, read).await;
}

/// The chain of causes below `error`.
fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |cause| (*cause).source())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    #[test]
    fn urls_are_checked_before_anything_is_sent() {
        let long = format!("https://pager.example/{}", "x".repeat(URL_BYTES_MAX));
        for (url, wanted) in [
            ("https://pager.example/hook?key=hunter2", ""),
            ("http://pager.example:8080", ""),
            ("https://8.8.8.8/hook", ""),
            ("https://[2606:4700::1111]/", ""),
            ("pager.example/hook", "channel-url-invalid"),
            ("ftp://pager.example/", "channel-url-invalid"),
            ("file:///etc/passwd", "channel-url-invalid"),
            ("https://ana:hunter2@pager.example/", "channel-url-invalid"),
            ("https://hunter2@pager.example/", "channel-url-invalid"),
            ("https://", "channel-url-invalid"),
            (&long, "channel-url-invalid"),
            ("http://127.0.0.1/", "address-forbidden"),
            ("http://2130706433/", "address-forbidden"),
            ("http://0x7f.1/", "address-forbidden"),
            ("http://0177.0.0.1/", "address-forbidden"),
            ("http://127.1:8080/", "address-forbidden"),
            ("http://169.254.169.254/latest/meta-data", "address-forbidden"),
            ("http://[::1]/", "address-forbidden"),
            ("http://[::ffff:10.0.0.1]/", "address-forbidden"),
            ("http://[64:ff9b::a00:1]/", "address-forbidden"),
        ] {
            let parsed = WebhookTarget::parse(url, &Secret::new(SECRET));
            let found = parsed.as_ref().map_or_else(|problem| problem.code.id, |_| "");
            assert_eq!(found, wanted, "{url}");
            assert!(!parsed.is_err_and(|problem| problem.detail.contains("hunter2")), "{url}");
        }
    }

    #[test]
    fn allowing_internal_allows_addresses_but_not_odd_urls() {
        let secret = Secret::new(SECRET);
        assert_eq!(WebhookTarget::parse_internal("http://127.0.0.1:9/", &secret).unwrap().host(), "127.0.0.1");
        let hidden = WebhookTarget::parse("https://pager.example/hunter2", &secret).unwrap();
        assert!(!format!("{hidden:?}").contains("hunter2"), "{hidden:?}");
        assert!(WebhookTarget::parse_internal("http://a:b@127.0.0.1:9/", &secret).is_err());
        assert!(WebhookTarget::parse_internal("http://127.0.0.1:9/", &Secret::new("short")).is_err());
    }
}
