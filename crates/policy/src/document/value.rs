//! Texts of documents to values: durations, percentages, budgets, days, times.
//!
//! Every error reads `message; hint`.

use calendar::{Date, Duration, Time, Weekday, Window};

use super::reader::shortened;
use crate::model::Length;

/// Longest promise, in days: calendars look no further ahead.
const MAX_DAYS: i64 = 400;

const MINUTE_SECONDS: i64 = 60;
const HOUR_SECONDS: i64 = 60 * MINUTE_SECONDS;
const DAY_SECONDS: i64 = 24 * HOUR_SECONDS;
const WEEK_SECONDS: i64 = 7 * DAY_SECONDS;

/// Every spelling of a unit, and its length in seconds.
const UNITS: &[(&[&str], i64)] = &[
    (&["s", "sec", "second", "seconds"], 1),
    (&["m", "min", "minute", "minutes"], MINUTE_SECONDS),
    (&["h", "hour", "hours"], HOUR_SECONDS),
    (&["d", "day", "days"], DAY_SECONDS),
    (&["w", "week", "weeks"], WEEK_SECONDS),
];

/// `10m`, `2h 30m`, `1 week`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let bad = || format!("`{}` is not a duration; write such as 90s, 10m, 2h 30m, 1 day, 1 week", shortened(text));
    let mut rest = text.trim();
    let mut seconds: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(|| match rest == text.trim() {
            true => format!("`{}` has no unit; write {rest}m for minutes, {rest}h for hours", shortened(text)),
            false => bad(),
        })?;
        let amount: i64 = rest[..digits].parse().map_err(|_| bad())?;
        let after = rest[digits..].trim_start();
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let unit = UNITS.iter().find(|(names, _)| names.contains(&&after[..letters])).ok_or_else(bad)?.1;
        seconds = amount.checked_mul(unit).and_then(|part| seconds.checked_add(part)).ok_or_else(bad)?;
        rest = after[letters..].trim_start();
    }
    match seconds {
        0 if text.trim().is_empty() => Err(bad()),
        0 => Err(format!("`{}` is no time at all; write at least 1s", shortened(text))),
        _ if seconds > MAX_DAYS * DAY_SECONDS => {
            Err(format!("`{}` is too long; at most {MAX_DAYS} days can be promised", shortened(text)))
        }
        _ => Ok(Duration::from_secs(seconds)),
    }
}

/// A duration, or `5 business days`.
pub(super) fn length(text: &str) -> Result<Length, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [days, "business", "day" | "days"] => match days.parse::<u32>() {
            Ok(days) if (1..=MAX_DAYS).contains(&i64::from(days)) => Ok(Length::BusinessDays(days)),
            _ => Err(format!("`{}` is not a number of business days; write 1 to {MAX_DAYS}", shortened(days))),
        },
        _ => duration(text).map(Length::Time),
    }
}

/// `5%` as 5.
pub(super) fn percentage(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    match number {
        Some(percent) if percent > 0.0 && percent < 100.0 => Ok(percent),
        _ => {
            let bare = text.trim().parse::<u8>().ok().filter(|number| (1..100).contains(number));
            let example = bare.unwrap_or(5);
            Err(format!("`{}` is not a percentage between 0% and 100%; write such as {example}%", shortened(text)))
        }
    }
}

/// A whole percentage, `80%` as 80.
pub(super) fn whole_percentage(text: &str) -> Result<u8, String> {
    let percent = percentage(text)?;
    if percent.fract() == 0.0 && percent >= 1.0 {
        // In 1..=99 by the checks above.
        Ok(percent as u8)
    } else {
        Err(format!("`{}` is not a whole percentage; write such as 80%", shortened(text)))
    }
}

/// `1 per 10 weeks`, in events per week.
pub(super) fn per_week(text: &str) -> Result<f64, String> {
    let bad = || format!("`{}` is not a budget; write such as 1 per 10 weeks, or 2 per day", shortened(text));
    let (count, time) = text.split_once(" per ").ok_or_else(bad)?;
    let count: u32 = count.trim().parse().map_err(|_| bad())?;
    let time = time.trim();
    let time = if time.starts_with(|c: char| c.is_ascii_digit()) { time.to_owned() } else { format!("1 {time}") };
    let seconds = duration(&time).map_err(|_| bad())?.as_secs();
    if count == 0 {
        return Err(bad());
    }
    Ok(f64::from(count) * WEEK_SECONDS as f64 / seconds as f64)
}

/// A finite number.
pub(super) fn number(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|number| number.is_finite())
        .ok_or_else(|| format!("`{}` is not a number; write such as 0.5", shortened(text)))
}

/// A whole number within a range.
pub(super) fn integer(text: &str, range: std::ops::RangeInclusive<u32>) -> Result<u32, String> {
    text.parse::<u32>()
        .ok()
        .filter(|number| range.contains(number))
        .ok_or_else(|| format!("`{}` is not a whole number from {} to {}", shortened(text), range.start(), range.end()))
}

const WEEKDAYS: [(&str, &str, Weekday); 7] = [
    ("mon", "monday", Weekday::Monday),
    ("tue", "tuesday", Weekday::Tuesday),
    ("wed", "wednesday", Weekday::Wednesday),
    ("thu", "thursday", Weekday::Thursday),
    ("fri", "friday", Weekday::Friday),
    ("sat", "saturday", Weekday::Saturday),
    ("sun", "sunday", Weekday::Sunday),
];

/// `Mon` or `monday`.
pub(super) fn weekday(text: &str) -> Result<Weekday, String> {
    let lower = text.trim().to_ascii_lowercase();
    WEEKDAYS.iter().find(|(short, long, _)| lower == *short || lower == *long).map(|(_, _, day)| *day).ok_or_else(
        || format!("`{}` is not a day of the week; write mon, tue, wed, thu, fri, sat or sun", shortened(text)),
    )
}

/// `mon`, `mon-fri`, `sat,sun`: positions in the week, Monday 0, in the order written.
pub(super) fn weekdays(text: &str) -> Result<Vec<usize>, String> {
    let mut days = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let position = |day: Weekday| usize::from(day.to_monday_zero_offset().unsigned_abs());
        let (first, last) = (position(weekday(first)?), position(weekday(last)?));
        let length = (last + 7 - first) % 7;
        days.extend((0..=length).map(|offset| (first + offset) % 7));
    }
    Ok(days)
}

/// `09:00`.
pub(super) fn time(text: &str) -> Result<Time, String> {
    let bad = || format!("`{}` is not a time of day; write such as 09:00", shortened(text));
    let (hour, minute) = text.trim().split_once(':').ok_or_else(bad)?;
    let two_digits = |part: &str| {
        let digits = (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse::<i8>().ok()).flatten()
    };
    let (hour, minute) = (two_digits(hour).ok_or_else(bad)?, two_digits(minute).ok_or_else(bad)?);
    Time::new(hour, minute, 0, 0).map_err(|_| bad())
}

/// `Mon 09:00`, or `09:00` alone.
pub(super) fn handoff(text: &str) -> Result<(Option<Weekday>, Time), String> {
    match text.trim().split_once(' ') {
        Some((day, rest)) => Ok((Some(weekday(day)?), time(rest)?)),
        None => Ok((None, time(text)?)),
    }
}

/// `2026-12-25`.
pub(super) fn date(text: &str) -> Result<Date, String> {
    let bad = || format!("`{}` is not a date; write such as 2026-12-25", shortened(text));
    // jiff would also accept a time of day, which a date does not have.
    if text.len() != "2026-12-25".len() {
        return Err(bad());
    }
    text.parse().map_err(|_| bad())
}

/// `12-25`: month and day of every year.
pub(super) fn day_of_year(text: &str) -> Result<(i8, i8), String> {
    let bad = || format!("`{}` is not a day of the year; write such as 12-25", shortened(text));
    let (month, day) = text.trim().split_once('-').ok_or_else(bad)?;
    let (month, day) = (month.parse().map_err(|_| bad())?, day.parse().map_err(|_| bad())?);
    // 2024 is a leap year, so that 02-29 is a day.
    Date::new(2024, month, day).map(|_| (month, day)).map_err(|_| bad())
}

/// `09:00-17:00`.
pub(super) fn window(text: &str) -> Result<Window, String> {
    Window::parse(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, seconds) in [
            ("90s", Some(90)),
            ("10m", Some(600)),
            ("10 min", Some(600)),
            ("2h 30m", Some(9000)),
            ("2h30m", Some(9000)),
            ("1 week", Some(604_800)),
            ("2 days", Some(172_800)),
            ("400d", Some(34_560_000)),
            ("401d", None),
            ("0m", None),
            ("10", None),
            ("", None),
            ("m", None),
            ("-5m", None),
            ("1.5h", None),
            ("10 parsecs", None),
            ("10m 5", None),
            ("99999999999999999999m", None),
            ("9223372036854775807w", None),
        ] {
            assert_eq!(duration(text).ok().map(|d| d.as_secs()), seconds, "{text}");
        }
        assert_eq!(length("5 business days"), Ok(Length::BusinessDays(5)));
        assert!(length("0 business days").is_err());
    }

    #[test]
    fn shares_and_budgets() {
        assert_eq!(percentage("5%"), Ok(5.0));
        assert_eq!(percentage("0.5 %"), Ok(0.5));
        assert!(percentage("5").is_err() && percentage("100%").is_err() && percentage("NaN%").is_err());
        assert_eq!(whole_percentage("80%"), Ok(80));
        assert!(whole_percentage("0.5%").is_err());
        assert_eq!(per_week("1 per 10 weeks"), Ok(0.1));
        assert_eq!(per_week("2 per day"), Ok(14.0));
        assert!(per_week("0 per week").is_err() && per_week("often").is_err());
    }

    #[test]
    fn days_and_times() {
        assert_eq!(weekdays("mon-fri"), Ok(vec![0, 1, 2, 3, 4]));
        assert_eq!(weekdays("Fri-Mon"), Ok(vec![4, 5, 6, 0]));
        assert_eq!(weekdays("sat, sun"), Ok(vec![5, 6]));
        assert!(weekdays("mo").is_err());
        assert_eq!(handoff("Mon 09:00").map(|(day, _)| day), Ok(Some(Weekday::Monday)));
        assert_eq!(handoff("9:00").map(|(day, _)| day), Ok(None));
        assert!(handoff("Mon").is_err() && time("25:00").is_err());
        assert!(date("2026-02-29").is_err() && date("2026-12-25").is_ok() && date("2026-12-25T10").is_err());
        assert_eq!(day_of_year("02-29"), Ok((2, 29)));
        assert!(day_of_year("02-30").is_err());
    }
}
