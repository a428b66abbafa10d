//! Instants and stretches of time in words: `on Sunday 25 October 2026 from 02:00 to 03:00`.

use calendar::{DateTime, Instant, Weekday, Zone};

/// A stretch of time on the wall clocks of a zone, which it names.
pub(super) fn stretch((start, end): (Instant, Instant), zone: &Zone) -> String {
    let (from, to) = (zone.local(start), zone.local(end));
    let zone = zone.name();
    if from.date() == to.date() && to > from {
        return format!("on {} from {} to {} ({zone})", date(from), time(from), time(to));
    }
    format!("from {} {} to {} {} ({zone})", date(from), time(from), date(to), time(to))
}

/// An instant on the wall clocks of a zone.
pub(super) fn instant(at: Instant, zone: &Zone) -> String {
    let local = zone.local(at);
    format!("{} {} ({})", date(local), time(local), zone.name())
}

fn date(local: DateTime) -> String {
    let weekday = match local.weekday() {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    };
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let month = MONTHS[usize::from(local.month().unsigned_abs() - 1)];
    format!("{weekday} {} {month} {}", local.day(), local.year())
}

/// With seconds only where there are some.
fn time(local: DateTime) -> String {
    match local.second() {
        0 => format!("{:02}:{:02}", local.hour(), local.minute()),
        second => format!("{:02}:{:02}:{second:02}", local.hour(), local.minute()),
    }
}
