//! The heartbeat to an external dead-man's switch: one `POST` by the guarded client of
//! [`crate::http`], unsigned, since such services know their callers by the URL.
//!
//! It is never tried again: the next beat says more than a late one.

use calendar::Instant;
use problem::Problem;

use crate::http::{Endpoint, Http, StartFault, Timeouts};
use crate::{Outcome, Secret, answer};

/// Where the heartbeat goes. Its URL is itself a credential, and never shown.
#[derive(Clone, Debug)]
pub struct BeatTarget {
    endpoint: Endpoint,
}

/// The sender of the heartbeat, apart from that of messages, so that neither waits for the other.
#[derive(Clone, Debug)]
pub struct Beat {
    http: Http,
}

impl BeatTarget {
    /// A target outside, or also inside where that is allowed: as for webhooks.
    pub fn parse(url: &Secret, allow_internal: bool) -> Result<BeatTarget, Problem> {
        let parse = if allow_internal { Endpoint::parse_internal } else { Endpoint::parse };
        Ok(BeatTarget { endpoint: parse(url.expose())? })
    }

    /// The host, which may be shown; the whole URL may not.
    pub fn host(&self) -> &str {
        self.endpoint.host()
    }
}

impl Beat {
    /// A sender with the usual timeouts.
    pub fn new() -> Result<Beat, StartFault> {
        Ok(Beat { http: Http::new(Timeouts::default())? })
    }

    /// Makes one attempt at `now`. Any 2xx is well.
    pub async fn send(&self, target: &BeatTarget, json: Vec<u8>, now: Instant) -> Outcome {
        match self.http.post(&target.endpoint, &[], json).await {
            Ok(answer) => answer::judge(answer.status, answer.retry_after.as_deref(), now),
            Err(outcome) => outcome,
        }
    }
}
