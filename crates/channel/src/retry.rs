//! When to try again: schedules as data, and one pure function over them.
//!
//! It starts nothing and waits for nothing; the outbox stores the instant that it returns.

use calendar::{Duration, Instant};

/// The largest part of a pause that jitter takes away or, from a pause asked for, adds.
/// A fifth is enough to spread the messages of one outage, and keeps each pause recognisable.
const JITTER: f64 = 0.2;

/// The pauses between attempts of one message, and when to give it up.
#[derive(Debug)]
pub struct Schedule {
    /// The longest pause before the first attempt, the second, and so on.
    pub pauses: &'static [Duration],
    /// The pause after all of them; `None` ends there.
    pub then: Option<Duration>,
    /// No attempt starts later than this after the message was created.
    pub expires_after: Duration,
    /// A receiver's `Retry-After` counts at most this much.
    pub retry_after_max: Duration,
}

/// For pages: dense where a restart or a failed route usually passes, and never sparser than the
/// rounds of an escalation.
pub const PAGES: Schedule = Schedule {
    pauses: &[
        Duration::ZERO,
        Duration::from_secs(5),  // a connection that was lost
        Duration::from_secs(15), // a process that restarts
        Duration::from_secs(30),
        Duration::from_mins(1), // by now the next contact is being tried as well
        Duration::from_mins(2),
        Duration::from_mins(5),
    ],
    then: Some(Duration::from_mins(5)),
    // By then the escalation has asked for newer pages; an old one only confuses.
    expires_after: Duration::from_hours(1),
    // A throttled pager is still the pager of somebody who sleeps.
    retry_after_max: Duration::from_mins(1),
};

/// For publications: dense like pages at first, since words to an audience are promised within
/// minutes too; then the schedule that Standard Webhooks 1.0.0 recommends, about three days long.
pub const PUBLICATIONS: Schedule = Schedule {
    pauses: &[
        Duration::ZERO,
        Duration::from_secs(5),
        Duration::from_secs(15),
        Duration::from_secs(30),
        Duration::from_mins(1),
        Duration::from_mins(2),
        Duration::from_mins(5),
        Duration::from_mins(30),
        Duration::from_hours(2),
        Duration::from_hours(5),
        Duration::from_hours(10),
        Duration::from_hours(14),
        Duration::from_hours(20),
        Duration::from_hours(24),
    ],
    then: None,
    // Longer than the sum of the pauses, so that every attempt happens.
    expires_after: Duration::from_hours(96),
    retry_after_max: Duration::from_hours(1),
};

/// Where a message stands.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// When it was created.
    pub created_at: Instant,
    /// Attempts made so far.
    pub attempts: u32,
    /// The pause that the last answer asked for.
    pub retry_after: Option<Duration>,
}

impl Schedule {
    /// The instant of the next attempt, or `None` when the message has expired: a dead letter.
    ///
    /// `jitter_fraction` lies within 0..=1 and comes from the caller, who has the random numbers.
    /// It only shortens a pause of the schedule, so that no attempt is later than promised,
    /// and only lengthens one that the receiver asked for.
    pub fn next_attempt(&self, standing: &Standing, now: Instant, jitter_fraction: f64) -> Option<Instant> {
        let index = usize::try_from(standing.attempts).unwrap_or(usize::MAX);
        let planned = self.pauses.get(index).copied().or(self.then)?;
        let jitter = JITTER * jitter_fraction.clamp(0.0, 1.0);
        let asked = standing.retry_after.unwrap_or(Duration::ZERO).min(self.retry_after_max);
        let pause = scaled(planned, 1.0 - jitter).max(scaled(asked, 1.0 + jitter));
        let at = now + pause;
        (at <= standing.created_at + self.expires_after).then_some(at)
    }
}

/// `duration` × `factor`, to the microsecond.
fn scaled(duration: Duration, factor: f64) -> Duration {
    let micros = duration.as_micros() as f64 * factor;
    // Exact and within range: the pauses are days and the factor is below two.
    Duration::from_micros(micros as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Instant = Instant::from_micros(1_795_788_000_000_000);

    /// Attempts of a message whose every attempt fails at once, in seconds after its creation.
    fn attempts(schedule: &Schedule, jitter: f64, retry_after: Option<Duration>) -> Vec<i64> {
        let mut standing = Standing { created_at: START, attempts: 0, retry_after: None };
        let mut now = START;
        let mut seconds = Vec::new();
        while let Some(at) = schedule.next_attempt(&standing, now, jitter) {
            now = at;
            standing.attempts += 1;
            standing.retry_after = retry_after;
            seconds.push(at.since(START).as_secs());
        }
        seconds
    }

    #[test]
    fn a_page_is_tried_densely_until_it_expires() {
        let plain = [0, 5, 20, 50, 110, 230, 530, 830, 1130, 1430, 1730, 2030, 2330, 2630, 2930, 3230, 3530];
        assert_eq!(attempts(&PAGES, 0.0, None), plain);
        assert_eq!(attempts(&PAGES, 1.0, None)[..6], [0, 4, 16, 40, 88, 184]);
    }

    #[test]
    fn a_publication_is_tried_densely_and_then_for_three_days() {
        let seconds = attempts(&PUBLICATIONS, 0.0, None);
        assert_eq!(seconds[..7], [0, 5, 20, 50, 110, 230, 530]);
        let hours: Vec<i64> = seconds[7..].iter().map(|seconds| seconds / 3600).collect();
        assert_eq!(hours, [0, 2, 7, 17, 31, 51, 75]);
    }

    #[test]
    fn a_pause_asked_for_is_the_least_and_is_capped() {
        assert_eq!(attempts(&PAGES, 0.0, Some(Duration::from_secs(20)))[..5], [0, 20, 40, 70, 130]);
        assert_eq!(attempts(&PAGES, 0.0, Some(Duration::from_hours(1)))[..4], [0, 60, 120, 180]);
        assert_eq!(attempts(&PAGES, 1.0, Some(Duration::from_secs(20)))[..2], [0, 24]);
    }

    #[test]
    fn the_last_attempt_may_fall_on_the_expiry_itself() {
        let at = |micros_late: i64| {
            let now = START + PAGES.expires_after - Duration::from_mins(5) + Duration::from_micros(micros_late);
            let standing = Standing { created_at: START, attempts: 99, retry_after: None };
            PAGES.next_attempt(&standing, now, 0.0)
        };
        assert_eq!(at(0), Some(START + PAGES.expires_after));
        assert_eq!(at(1), None);
    }

    #[test]
    fn a_fraction_out_of_range_is_clamped() {
        let standing = Standing { created_at: START, attempts: 1, retry_after: None };
        assert_eq!(PAGES.next_attempt(&standing, START, -3.0), Some(START + Duration::from_secs(5)));
        assert_eq!(PAGES.next_attempt(&standing, START, 9.0), Some(START + Duration::from_secs(4)));
    }
}
