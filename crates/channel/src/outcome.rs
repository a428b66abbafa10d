//! What became of one attempt to deliver one message.
//!
//! An outcome decides nothing: the schedule of [`crate::retry`] and the outbox do.

use calendar::Duration;

/// The result of one attempt. Reasons name hosts, never whole URLs, secrets or answers' bodies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The other side has it.
    Delivered {
        /// How much that says about the person behind the channel.
        receipt: Receipt,
    },
    /// It did not work now and may work later.
    Retry {
        /// The pause that the receiver asked for, if it did.
        after: Option<Duration>,
        /// What happened, for people.
        reason: String,
    },
    /// Trying again with the same configuration is pointless.
    Refused {
        /// What happened, for people.
        reason: String,
        /// The receiver said that it is gone for good (410): switch the channel off.
        disable: bool,
    },
}

/// The strongest proof of arrival that a channel can give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Receipt {
    /// Handed over without an answer.
    None,
    /// A relay or a program took it; a person may not have seen it.
    Accepted,
    /// It lies where the person looks.
    Delivered,
}

impl Outcome {
    /// A refusal that leaves the channel switched on.
    pub(crate) fn refused(reason: impl ToString) -> Outcome {
        Outcome::Refused { reason: reason.to_string(), disable: false }
    }

    /// A failure that may pass, without a pause asked for.
    pub(crate) fn retry(reason: impl Into<String>) -> Outcome {
        Outcome::Retry { after: None, reason: reason.into() }
    }
}
