//! What a receiver's HTTP answer means, by Standard Webhooks 1.0.0.
//!
//! Pure: status and `Retry-After` in, outcome out. The body of an answer never matters.

use calendar::{Duration, Instant};

use crate::{Outcome, Receipt};

/// A longer pause asked for is cut to this: a receiver must not put itself out of reach for days.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

/// Judges an answer that arrived at `now`.
pub(crate) fn judge(status: u16, retry_after: Option<&str>, now: Instant) -> Outcome {
    match status {
        200..=299 => Outcome::Delivered { receipt: Receipt::Accepted },
        300..=399 => Outcome::refused(format!(
            "the receiver answered {status}, a redirect, which is never followed; give the channel the final URL"
        )),
        410 => {
            Outcome::Refused { reason: "the receiver answered 410: it is gone and wants no more".into(), disable: true }
        }
        // Timed out while reading, too early, overloaded: the request itself was not judged.
        408 | 425 | 429 | 500..=599 => Outcome::Retry {
            after: retry_after.and_then(|text| pause(text, now)),
            reason: format!("the receiver answered {status}"),
        },
        400..=499 => Outcome::refused(format!("the receiver answered {status}")),
        _ => Outcome::retry(format!("the receiver answered {status}, which is no HTTP result")),
    }
}

/// Reads `Retry-After`: seconds, or an HTTP date of the form in use since 1995.
fn pause(text: &str, now: Instant) -> Option<Duration> {
    let text = text.trim();
    let pause = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Too many digits for an integer are a very long pause.
        text.parse::<i64>().map_or(RETRY_AFTER_MAX, Duration::from_secs)
    } else {
        let date = jiff::fmt::rfc2822::parse(text).ok()?;
        Instant::from(date.timestamp()).since(now)
    };
    Some(pause.clamp(Duration::ZERO, RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_one_meaning() {
        let now = Instant::parse("2026-11-27T14:00:00Z").unwrap();
        let table = "
            200 delivered | 202 delivered | 204 delivered | 301 refused | 302 refused | 304 refused | 308 refused
            400 refused | 401 refused | 403 refused | 404 refused | 409 refused | 422 refused
            408 retry | 410 disable | 425 retry | 429 retry | 499 refused | 500 retry | 502 retry | 503 retry
            504 retry | 599 retry | 101 retry | 600 retry";
        for cell in table.split(['|', '\n']).map(str::trim).filter(|cell| !cell.is_empty()) {
            let (status, wanted) = cell.split_once(' ').unwrap();
            let found = match judge(status.parse().unwrap(), None, now) {
                Outcome::Delivered { receipt: Receipt::Accepted } => "delivered",
                Outcome::Refused { disable: true, .. } => "disable",
                Outcome::Refused { .. } => "refused",
                Outcome::Retry { after: None, .. } => "retry",
                other => panic!("{other:?}"),
            };
            assert_eq!(found, wanted, "{status}");
        }
    }

    #[test]
    fn retry_after_is_read_and_capped() {
        let now = Instant::parse("2026-11-27T14:00:00Z").unwrap();
        for (text, wanted) in [
            ("0", Some(0)),
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("86400", Some(3600)),
            ("99999999999999999999999", Some(3600)),
            ("Fri, 27 Nov 2026 14:00:30 GMT", Some(30)),
            ("Fri, 27 Nov 2026 13:00:00 GMT", Some(0)),
            ("Sat, 28 Nov 2026 14:00:00 GMT", Some(3600)),
            ("", None),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
        ] {
            let outcome = judge(503, Some(text), now);
            let reason = "the receiver answered 503".to_owned();
            assert_eq!(outcome, Outcome::Retry { after: wanted.map(Duration::from_secs), reason }, "`{text}`");
        }
    }
}
