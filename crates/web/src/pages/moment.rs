//! Instants on a page: `<time>` in UTC, which the script turns into the reader's zone.
//!
//! Countdowns carry the deadline; the script ticks them with the server's clock. Without the
//! script they stand as absolute times. The server alone judges what is missed.

use calendar::{Duration, Instant};
use maud::{Markup, html};

use super::words;

/// An instant, with its date unless it is today.
pub(crate) fn at(instant: Instant, now: Instant) -> Markup {
    let stamp = instant.timestamp();
    let same_day = stamp.strftime("%F").to_string() == now.timestamp().strftime("%F").to_string();
    let shown = stamp.strftime(if same_day { "%H:%M UTC" } else { "%-d %b %H:%M UTC" });
    html! { time datetime=(machine(instant)) { (shown) } }
}

/// An instant to the second: for records.
pub(crate) fn exact(instant: Instant) -> Markup {
    let shown = instant.timestamp().strftime("%-d %b %Y %H:%M:%S UTC");
    html! { time.exact datetime=(machine(instant)) data-exact { (shown) } }
}

/// How long ago, ticking.
pub(crate) fn age(since: Instant, now: Instant) -> Markup {
    html! { wb-age since=(millis(since)) { (words::coarse(now.since(since).max(Duration::ZERO))) } }
}

/// Time left until a deadline, ticking; counts up with `+` once it is missed.
pub(crate) fn countdown(due: Instant, now: Instant) -> Markup {
    let word = if due < now { "since " } else { "due " };
    html! { wb-countdown due=(millis(due)) { (word) (at(due, now)) } }
}

/// Milliseconds since the epoch, as the script counts.
pub(crate) fn millis(instant: Instant) -> i64 {
    instant.as_micros().div_euclid(1_000)
}

/// RFC 3339 to the second.
pub(crate) fn machine(instant: Instant) -> String {
    instant.timestamp().strftime("%FT%H:%M:%SZ").to_string()
}
