//! Promises in the words of an escalation matrix: `10 min`, `1 business day`, `Every 30 min until mitigation`.
//!
//! Pages have their own, shorter words for time that ticks.

use calendar::Duration;
use policy::model::{Length, Milestone, Party, Precondition, Target, Window};
use wcore::clock::ClockKind;

/// Minutes below which a length is said in minutes alone: `90 min` reads better than `1 h 30 min`.
const MINUTES_BELOW: u64 = 120;

/// Hours below which a length is said in hours: `24 h` and `36 h` are how promises are written.
const HOURS_BELOW: u64 = 72;

/// What a clock asks for, as a button would say it.
pub fn clock(kind: &ClockKind) -> String {
    match kind {
        ClockKind::Acknowledge => "Acknowledge".to_owned(),
        ClockKind::Accept(role) => format!("Accept {role}"),
        ClockKind::Confirm => "Confirm or refute".to_owned(),
        ClockKind::Contain => "Contain".to_owned(),
        ClockKind::Notify(audience) => format!("Tell {audience}"),
        ClockKind::Update(audience) => format!("Update {audience}"),
        ClockKind::Closing(audience) => format!("Close with {audience}"),
        ClockKind::Decide(audience) => format!("Decide on {audience}"),
        ClockKind::Mitigate => "Mitigate".to_owned(),
        ClockKind::Validate => "Validate".to_owned(),
        ClockKind::Resolve => "Resolve".to_owned(),
        ClockKind::Review => "Review".to_owned(),
        ClockKind::Statutory(name) => format!("Notice {name}"),
    }
}

/// A length: `45 s`, `60 min`, `4 h`, `3 days`, `5 business days`.
pub fn length(length: Length) -> String {
    match length {
        Length::Time(time) => time_words(time),
        Length::BusinessDays(1) => "1 business day".to_owned(),
        Length::BusinessDays(days) => format!("{days} business days"),
    }
}

/// A length with its calendar, unless that never closes: `1 business day (support-hours)`.
pub fn target(target: &Target) -> String {
    let words = length(target.length);
    if target.calendar == policy::ALWAYS { words } else { format!("{words} ({})", target.calendar) }
}

/// When an audience hears, in each of its shapes.
pub fn window(window: Option<&Window>) -> String {
    match window {
        None | Some(Window::None) => "Not required".to_owned(),
        Some(Window::Decide { within, by }) => format!("If {by} decides so, within {}", target(within)),
        Some(Window::Notices { first, every, until, closing, only_if, .. }) => {
            let mut words = notices(first.as_ref(), every.as_ref(), *until);
            match only_if {
                Some(Precondition::ImpactSustained) => words += " if impact sustained",
                None => {}
            }
            if let Some(closing) = closing {
                let end = if words.is_empty() { "Closing notice within " } else { "; closing notice within " };
                words += &format!("{end}{}", target(closing));
            }
            if words.is_empty() { "Not required".to_owned() } else { words }
        }
    }
}

fn notices(first: Option<&Target>, every: Option<&Target>, until: Milestone) -> String {
    let cadence = every.map(|every| format!("every {} until {}", target(every), noun(until)));
    match (first, every, cadence) {
        (Some(first), Some(every), Some(cadence)) if first == every => capitalised(&cadence),
        (Some(first), _, Some(cadence)) => format!("Within {}, then {cadence}", target(first)),
        (Some(first), _, None) => format!("Within {}", target(first)),
        (None, _, Some(cadence)) => capitalised(&cadence),
        (None, _, None) => String::new(),
    }
}

/// A milestone as what people wait for.
fn noun(milestone: Milestone) -> &'static str {
    match milestone {
        Milestone::Acknowledged => "acknowledgement",
        Milestone::Contained => "containment",
        Milestone::Mitigated => "mitigation",
        Milestone::Validated => "validation",
        Milestone::Resolved => "resolution",
    }
}

/// Whom a policy names: a person, a schedule, or the fallback.
pub(crate) fn party(party: &Party) -> String {
    match party {
        Party::Person(person) => person.clone(),
        Party::Schedule(schedule) => format!("whoever is on call in {schedule}"),
        Party::Fallback => "the fallback".to_owned(),
    }
}

/// Elapsed time in its largest whole unit, with the rest in the next.
pub(crate) fn time_words(time: Duration) -> String {
    let seconds = time.as_secs().unsigned_abs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    if minutes == 0 {
        return format!("{seconds} s");
    }
    let (large, small) = if minutes < MINUTES_BELOW {
        (format!("{minutes} min"), (seconds % 60, "s"))
    } else if hours < HOURS_BELOW {
        (format!("{hours} h"), (minutes % 60, "min"))
    } else {
        (format!("{days} days"), (hours % 24, "h"))
    };
    let (rest, unit) = small;
    if rest == 0 { large } else { format!("{large} {rest} {unit}") }
}

/// With its first letter in upper case.
pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{Source, load, starter};

    /// A window as a policy writes it.
    fn written(window: &str) -> Window {
        let text = starter::POLICY.replace("updates: {customers: none}", &format!("updates: {{customers: {window}}}"));
        let roster = Source { name: "roster.yaml", text: starter::ROSTER };
        let loaded = load(Source { name: "policy.yaml", text: &text }, roster);
        let policy = loaded.policy.unwrap_or_else(|| panic!("{window}: {:#?}", loaded.diagnostics));
        policy.classes["cost_anomaly"].targets.updates["customers"].clone()
    }

    #[test]
    fn lengths_read_as_promises_are_written() {
        for (seconds, words) in [
            (0, "0 s"),
            (45, "45 s"),
            (90, "1 min 30 s"),
            (600, "10 min"),
            (5_400, "90 min"),
            (7_200, "2 h"),
            (9_000, "2 h 30 min"),
            (86_400, "24 h"),
            (259_200, "3 days"),
            (270_000, "3 days 3 h"),
        ] {
            assert_eq!(length(Length::Time(Duration::from_secs(seconds))), words);
        }
        assert_eq!(length(Length::BusinessDays(5)), "5 business days");
    }

    #[test]
    fn every_shape_of_a_window_has_its_words() {
        for (shape, words) in [
            ("none", "Not required"),
            ("{first: 60m}", "Within 60 min"),
            ("{first: 30m, every: 30m, until: mitigated}", "Every 30 min until mitigation"),
            ("{every: 30m, until: resolved}", "Every 30 min until resolution"),
            ("{first: 15m, every: 30m, until: contained}", "Within 15 min, then every 30 min until containment"),
            (
                "{first: 60m, closing: {within: 1 business day, calendar: support-hours}}",
                "Within 60 min; closing notice within 1 business day (support-hours)",
            ),
            ("{first: 90m, if: impact sustained}", "Within 90 min if impact sustained"),
            ("{decide: 4h, by: publishing}", "If publishing decides so, within 4 h"),
        ] {
            assert_eq!(window(Some(&written(shape))), words);
        }
        assert_eq!(window(None), "Not required");
    }
}
