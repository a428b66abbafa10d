//! How tests write and show instants and clocks.

use calendar::Instant;
use wcore::clock::{Clock, Ending};

/// The day of the scenarios: a Monday, in winter time. Its instants are written as times of day.
const DAY: &str = "2026-11-23T";

/// `10:30`, `10:30:00.000001` on the day of the scenarios, or an RFC 3339 instant.
pub(crate) fn at(text: &str) -> Instant {
    let time = if text.len() == 5 { format!("{text}:00") } else { text.to_owned() };
    let whole = if text.contains('T') { time } else { format!("{DAY}{time}Z") };
    Instant::parse(&whole).unwrap()
}

/// The shortest text that [`at`] reads as that instant.
pub(crate) fn instant(at: Instant) -> String {
    let whole = at.to_string();
    let Some(time) = whole.strip_prefix(DAY) else { return whole };
    let time = time.trim_end_matches('Z');
    time.strip_suffix(":00").filter(|short| short.len() == 5).unwrap_or(time).to_owned()
}

/// What became of a clock: its ending, and whether it was missed, side by side.
pub(crate) fn clock(clock: &Clock) -> String {
    let mut parts = Vec::new();
    if clock.born_late {
        parts.push("born late".to_owned());
    }
    if let Some(missed) = clock.breached_at {
        parts.push(format!("missed at {}", instant(missed)));
    }
    match &clock.ending {
        Some(Ending::Met) => parts.push(format!("met at {}", clock.met_at.map(instant).unwrap())),
        Some(Ending::Cancelled { reason }) => parts.push(format!("cancelled: {reason}")),
        Some(Ending::Waived { by, reason }) => parts.push(format!("waived by {by}: {reason}")),
        Some(Ending::Superseded { by }) => parts.push(format!("superseded by {by}")),
        Some(Ending::Corrected { by, reason }) => parts.push(format!("corrected by {by}: {reason}")),
        None if clock.is_paused() => parts.push("paused".to_owned()),
        None if clock.breached_at.is_some() => {}
        None => parts.push(clock.due_at.map_or("never due".to_owned(), |due| format!("due {}", instant(due)))),
    }
    parts.join(", ")
}
