//! Any letter to any channel with one call.
//!
//! Only a choice: each channel's file says what it does with a letter.

use calendar::Instant;

use crate::http::{Http, StartFault, Timeouts};
use crate::slack::Slack;
use crate::{EmailTarget, Letter, Outcome, Receipt, SlackTarget, Webhook, WebhookTarget};

/// Where one channel's letters go.
#[derive(Clone, Debug)]
pub enum Target {
    /// A program that checks our signature.
    Webhook(WebhookTarget),
    /// A mail server; the letter names the recipient.
    Email(EmailTarget),
    /// One channel of a chat.
    Slack(SlackTarget),
}

impl Target {
    /// The strongest proof of arrival that this channel can give.
    pub fn receipt(&self) -> Receipt {
        match self {
            Target::Webhook(_) => Webhook::RECEIPT,
            Target::Email(_) => EmailTarget::RECEIPT,
            Target::Slack(_) => Slack::RECEIPT,
        }
    }

    /// The other side's host, which may be shown.
    pub fn host(&self) -> &str {
        match self {
            Target::Webhook(target) => target.host(),
            Target::Email(target) => target.host(),
            Target::Slack(target) => target.host(),
        }
    }
}

/// The sender of everything; one for the whole program, since it holds the connections.
#[derive(Clone, Debug)]
pub struct Sender {
    webhook: Webhook,
    slack: Slack,
}

impl Sender {
    /// A sender with the usual timeouts.
    pub fn new() -> Result<Sender, StartFault> {
        Sender::with_timeouts(Timeouts::default())
    }

    /// A sender with other timeouts for the channels over HTTP; e-mail has its own per target.
    pub fn with_timeouts(timeouts: Timeouts) -> Result<Sender, StartFault> {
        let http = Http::new(timeouts)?;
        Ok(Sender { webhook: Webhook::over(http.clone()), slack: Slack::over(http) })
    }

    /// Whether any https receiver can be verified; for the checks at start.
    pub fn has_trust_roots(&self) -> bool {
        self.webhook.has_trust_roots()
    }

    /// Makes one attempt at `now`.
    pub async fn send(&self, target: &Target, letter: &Letter, now: Instant) -> Outcome {
        match target {
            Target::Webhook(target) => self.webhook.send(target, &letter.message(), now).await,
            Target::Email(target) => target.send(letter).await,
            Target::Slack(target) => self.slack.send(target, letter, now).await,
        }
    }
}
