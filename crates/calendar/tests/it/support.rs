//! Short ways to write calendars and instants in tests.

use calendar::{Calendar, CalendarSpec, Date, Duration, Instant, Intervals, Window};
use serde_json::Value;

pub(crate) fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

pub(crate) fn date(text: &str) -> Date {
    text.parse().unwrap()
}

pub(crate) fn hours(texts: &[&str]) -> Vec<Window> {
    texts.iter().map(|text| Window::parse(text).unwrap()).collect()
}

pub(crate) fn minutes(count: i64) -> Duration {
    Duration::from_mins(count)
}

pub(crate) fn pauses(periods: &[(&str, &str)]) -> Intervals {
    let mut intervals = Intervals::new();
    for (start, end) in periods {
        intervals.add(at(start), if end.is_empty() { Instant::MAX } else { at(end) });
    }
    intervals
}

/// The same hours from Monday to Friday.
pub(crate) fn working_week(zone: &str, windows: &[&str]) -> CalendarSpec {
    let mut spec = CalendarSpec { time_zone: zone.to_owned(), ..CalendarSpec::default() };
    spec.weekly[..5].fill(hours(windows));
    spec
}

pub(crate) fn compiled(spec: &CalendarSpec) -> Calendar {
    Calendar::new(spec.clone()).unwrap()
}

/// Reads a vector's calendar.
pub(crate) fn calendar_of(value: &Value) -> Calendar {
    let mut spec = CalendarSpec { time_zone: text(&value["tz"]).to_owned(), ..CalendarSpec::default() };
    for (day, windows) in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().zip(&mut spec.weekly) {
        *windows = windows_of(&value["weekly"][day]);
    }
    spec.holidays = list(&value["holidays"]).map(|day| date(text(day))).collect();
    for day in list(&value["annual"]) {
        let (month, day) = text(day).split_once('-').unwrap();
        spec.annual.insert((month.parse().unwrap(), day.parse().unwrap()));
    }
    spec.dates = entries(&value["shifts"]).map(|(day, windows)| (date(day), windows_of(windows))).collect();
    spec.breaks = entries(&value["breaks"]).map(|(day, windows)| (date(day), windows_of(windows))).collect();
    Calendar::new(spec).unwrap()
}

fn windows_of(value: &Value) -> Vec<Window> {
    list(value).map(|edges| Window::parse(&format!("{}-{}", text(&edges[0]), text(&edges[1]))).unwrap()).collect()
}

pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

pub(crate) fn instant(value: &Value) -> Instant {
    at(text(value))
}
