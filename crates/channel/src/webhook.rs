//! Signed Standard Webhooks over kept-alive connections.
//!
//! One `POST` by the guarded client of [`crate::http`], signed with the attempt's own instant.

use std::fmt;

use calendar::Instant;
use problem::Problem;

use crate::http::{Endpoint, Http};
use crate::signing::SigningKeys;
use crate::{Message, Outcome, Receipt, Secret, answer};

pub use crate::http::{StartFault, Timeouts};

/// Where one channel's messages go, checked as far as that is possible without the network.
#[derive(Clone)]
pub struct WebhookTarget {
    endpoint: Endpoint,
    keys: SigningKeys,
}

/// The sender of webhooks; one for the whole program, since it holds the connections.
#[derive(Clone, Debug)]
pub struct Webhook {
    http: Http,
}

impl WebhookTarget {
    /// A target outside; an address inside is refused here if it is literal, otherwise when sending.
    pub fn parse(url: &str, secret: &Secret) -> Result<WebhookTarget, Problem> {
        Ok(WebhookTarget { endpoint: Endpoint::parse(url)?, keys: SigningKeys::parse(secret)? })
    }

    /// A target that may lie inside: for a channel with `allow_internal: true`.
    pub fn parse_internal(url: &str, secret: &Secret) -> Result<WebhookTarget, Problem> {
        Ok(WebhookTarget { endpoint: Endpoint::parse_internal(url)?, keys: SigningKeys::parse(secret)? })
    }

    /// The host, which may be shown; the whole URL may not.
    pub fn host(&self) -> &str {
        self.endpoint.host()
    }
}

impl fmt::Debug for WebhookTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookTarget").field("endpoint", &self.endpoint).finish_non_exhaustive()
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
        Http::new(timeouts).map(Webhook::over)
    }

    /// A sender that shares its connections with other channels.
    pub(crate) fn over(http: Http) -> Webhook {
        Webhook { http }
    }

    /// Whether any https receiver can be verified; for the checks at start.
    pub fn has_trust_roots(&self) -> bool {
        self.http.has_trust_roots()
    }

    /// Makes one attempt. `now` is the attempt's instant, and is what gets signed.
    pub async fn send(&self, target: &WebhookTarget, message: &Message, now: Instant) -> Outcome {
        let body = match message.bytes() {
            Ok(body) => body,
            Err(problem) => return Outcome::refused(problem),
        };
        let timestamp_s = now.as_micros().div_euclid(1_000_000);
        let headers = [
            ("webhook-id", message.id.as_str()),
            ("webhook-timestamp", &timestamp_s.to_string()),
            ("webhook-signature", &target.keys.sign(&message.id, timestamp_s, &body)),
        ];
        match self.http.post(&target.endpoint, &headers, body).await {
            Ok(answer) => answer::judge(answer.status, answer.retry_after.as_deref(), now),
            Err(outcome) => outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    #[test]
    fn urls_are_checked_before_anything_is_sent() {
        let long = format!("https://pager.example/{}", "x".repeat(2_048));
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
