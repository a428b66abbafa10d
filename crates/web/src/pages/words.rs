//! Plain words for durations, counts, clocks, roles and states. One place, so that pages agree.

use calendar::Duration;
pub(crate) use lab::clock;
use policy::model::{Length, Milestone, Role};
use wcore::incident::Status;

/// A length in its two largest units: `4m 12s`, `2h 05m`, `3d 4h`. The script uses the same form.
pub(crate) fn short(length: Duration) -> String {
    let seconds = length.as_secs().unsigned_abs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, seconds / 3_600, seconds / 60) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {:02}s", seconds % 60),
        (0, _, _) => format!("{hours}h {minutes:02}m"),
        _ => format!("{days}d {hours}h"),
    }
}

/// A length in minutes at the finest: for what only grows.
pub(crate) fn coarse(length: Duration) -> String {
    let minutes = length.as_secs().unsigned_abs() / 60;
    match minutes {
        0 => "<1m".to_owned(),
        1..60 => format!("{minutes}m"),
        _ => short(length),
    }
}

/// A length as a policy would write it: `10 min`, `4 h`, `1 h 30 min`. From ten minutes on seconds do not matter.
pub(crate) fn plain(length: Duration) -> String {
    let exact = length.as_secs().unsigned_abs();
    let seconds = if exact < 590 { exact } else { (exact + 30) / 60 * 60 };
    let parts = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let words: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).take(2).map(|(n, unit)| format!("{n} {unit}")).collect();
    if words.is_empty() { "0 min".to_owned() } else { words.join(" ") }
}

/// A length of open time, whose days are not those of the sun: `50 h`.
pub(crate) fn hours(length: Duration) -> String {
    match length.as_secs().unsigned_abs() {
        seconds @ 86_400.. => format!("{} h", seconds / 3_600),
        _ => plain(length),
    }
}

/// A promised length: `30 min`, `5 business days`.
pub(crate) fn length(length: Length) -> String {
    match length {
        Length::Time(time) => plain(time),
        Length::BusinessDays(days) => count(u64::from(days), "business day", "business days"),
    }
}

/// `1 signal`, `2 signals`.
pub(crate) fn count(n: u64, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// A status as a heading would say it.
pub(crate) fn status(status: Status) -> &'static str {
    match status {
        Status::Triggered => "Triggered",
        Status::Acknowledged => "Acknowledged",
        Status::Contained => "Contained",
        Status::Mitigated => "Mitigated",
        Status::Validated => "Validated",
        Status::Resolved => "Resolved",
        Status::Closed => "Reviewed",
    }
}

/// A role and what it answers for.
pub(crate) fn role(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Commander => ("Commander", "leads the response"),
        Role::Remediation => ("Remediation", "fixes it"),
        Role::Validation => ("Validation", "proves that it is fixed"),
        Role::Publishing => ("Publishing", "tells people"),
        Role::Privacy => ("Privacy", "decides on personal data"),
    }
}

/// A milestone within a sentence: `until mitigated`.
pub(crate) fn milestone(milestone: Milestone) -> &'static str {
    match milestone {
        Milestone::Acknowledged => "acknowledged",
        Milestone::Contained => "contained",
        Milestone::Mitigated => "mitigated",
        Milestone::Validated => "validated",
        Milestone::Resolved => "resolved",
    }
}

/// `ana, ben and mara`.
pub(crate) fn list(words: &[String]) -> String {
    match words {
        [] => "nobody".to_owned(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// Up to two initials of a name.
pub(crate) fn initials(name: &str) -> String {
    let mut letters = name.split_whitespace().filter_map(|word| word.chars().next());
    let first = letters.next();
    first.into_iter().chain(letters.next_back()).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read_well() {
        let shown = |secs: i64| (short(Duration::from_secs(secs)), plain(Duration::from_secs(secs)));
        for (secs, ticking, written) in [
            (0, "0s", "0 min"),
            (9, "9s", "9 s"),
            (252, "4m 12s", "4 min 12 s"),
            (600, "10m 00s", "10 min"),
            (1_799, "29m 59s", "30 min"),
            (-7_500, "2h 05m", "2 h 5 min"),
            (273_600, "3d 4h", "3 d 4 h"),
        ] {
            assert_eq!(shown(secs), (ticking.to_owned(), written.to_owned()), "{secs} s");
        }
    }

    #[test]
    fn what_only_grows_is_told_in_minutes() {
        let shown = [0, 59, 60, 2_159, 3_600, 90_000].map(|secs| coarse(Duration::from_secs(secs)));
        assert_eq!(shown, ["<1m", "<1m", "1m", "35m", "1h 00m", "1d 1h"]);
    }

    #[test]
    fn lists_and_initials_read_well() {
        let names = |names: &[&str]| list(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(names(&[]), "nobody");
        assert_eq!(names(&["ana"]), "ana");
        assert_eq!(names(&["ana", "ben", "mara"]), "ana, ben and mara");
        assert_eq!(initials("Ana María Ruiz"), "AR");
        assert_eq!(initials("tom"), "T");
        assert_eq!(initials(""), "");
    }
}
