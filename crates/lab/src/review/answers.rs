//! How fast people answered after hours.

use calendar::{Duration, Instant, Weekday, Zone};

use super::history::History;
use super::{AfterHours, LateAnswer, Question};

/// Local hours at which the office opens and closes.
const OFFICE_HOURS: std::ops::Range<i8> = 9..18;

/// Every incident opened after hours, with its answer.
pub(super) fn after_hours<'h>(question: &Question<'_>, opened: impl Iterator<Item = &'h History>) -> AfterHours {
    let outside = opened.filter(|history| is_outside(history.state.opened_at, question.zone));
    let answers: Vec<LateAnswer> = outside.map(|history| answer(question, history)).collect();
    let mut times: Vec<Duration> = answers.iter().filter_map(|answer| Some(answer.answered.as_ref()?.1)).collect();
    times.sort_unstable();
    // Of an even number the later of the middle ones: never rosier than it was.
    AfterHours { median: times.get(times.len() / 2).copied(), longest: times.last().copied(), answers }
}

fn answer(question: &Question<'_>, history: &History) -> LateAnswer {
    let state = &history.state;
    let name = |id: &String| question.roster.people.get(id).map_or(id, |person| &person.name).clone();
    let answered = state.acknowledged.as_ref().map(|act| (name(&act.by), act.at.since(state.opened_at)));
    LateAnswer {
        incident: state.no,
        severity: question.policy.severity_name(state.severity).to_owned(),
        opened_at: state.opened_at,
        answered,
    }
}

fn is_outside(at: Instant, zone: &Zone) -> bool {
    let local = zone.local(at);
    matches!(local.weekday(), Weekday::Saturday | Weekday::Sunday) || !OFFICE_HOURS.contains(&local.hour())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_hours_are_local_and_include_weekends() {
        let zone = Zone::new("Europe/Berlin").unwrap();
        for (at, outside) in [
            ("2026-11-23T07:59:59Z", true),
            ("2026-11-23T08:00:00Z", false),
            ("2026-11-23T16:59:59Z", false),
            ("2026-11-23T17:00:00Z", true),
            ("2026-11-21T11:00:00Z", true),
            ("2026-11-22T11:00:00Z", true),
            // Summer time: an hour earlier in UTC.
            ("2026-07-06T07:00:00Z", false),
        ] {
            assert_eq!(is_outside(Instant::parse(at).unwrap(), &zone), outside, "{at}");
        }
    }
}
