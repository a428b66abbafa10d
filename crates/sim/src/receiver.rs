//! Receivers of messages: what they answer, and after how long.

use channel::{Outcome, Receipt};

use crate::plan::{Fault, SECOND};
use crate::random::Random;

/// The answer to one attempt, and how long it takes.
pub(crate) fn answer(fault: Option<Fault>, random: &mut Random) -> (Outcome, i64) {
    let soon = random.range(20_000, 400_000);
    let retry = |reason: &str| Outcome::Retry { after: None, reason: reason.to_owned() };
    match fault {
        Some(Fault::Slow) => (delivered(), random.range(2, 14) * SECOND),
        Some(Fault::Failing) => (retry("503"), soon),
        Some(Fault::Gone) => (Outcome::Refused { reason: "410".to_owned(), disable: true }, soon),
        Some(Fault::LostReceipt) => (retry("timed out"), 15 * SECOND),
        _ => (delivered(), soon),
    }
}

fn delivered() -> Outcome {
    Outcome::Delivered { receipt: Receipt::Accepted }
}
