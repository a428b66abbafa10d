//! What one policy promises otherwise than another, in words that a support lead reads.
//!
//! Both are said as statements, one per subject, and the statements are compared. What is too long
//! for a line, such as approved words, is only named: the text shows it.

use std::collections::{BTreeMap, BTreeSet};

use policy::model::{
    Audience, Class, Length, Metric, Mode, Party, Policy, Raise, Role, RoleRule, Roster, Step, Target, Targets,
    Trigger, TriggerKind, Window,
};
use serde::Serialize;
use wcore::clock::ClockKind;

use crate::words;

/// Said of what is too long to repeat.
const IN_THE_TEXT: &str = "as written";
/// Parts of a share that are compared: a millionth decides nothing.
const SHARE_PARTS: f64 = 1e6;

/// Whether a change promises more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is promised, or something is noticed sooner.
    Tighter,
    /// Less is.
    Looser,
    /// Neither, or both.
    Other,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it is about, such as `SEV-1: acknowledge`.
    pub what: String,
    /// What was said; nothing where it is new.
    pub from: Option<String>,
    /// What is said; nothing where it is gone.
    pub to: Option<String>,
    /// Whether it promises more.
    pub direction: Direction,
}

impl Change {
    /// As one line: `SEV-1: acknowledge: 10 min → 8 min (tighter)`.
    pub fn line(&self) -> String {
        let mark = match self.direction {
            Direction::Tighter => " (tighter)",
            Direction::Looser => " (looser)",
            Direction::Other => "",
        };
        let what = &self.what;
        match (&self.from, &self.to) {
            (Some(from), Some(to)) if from == to => format!("{what}: changed, {to}{mark}"),
            (Some(from), Some(to)) => format!("{what}: {from} → {to}{mark}"),
            (None, Some(to)) => format!("{what}: added, {to}{mark}"),
            (Some(from), None) => format!("{what}: removed, was {from}{mark}"),
            (None, None) => what.clone(),
        }
    }
}

/// A number of which less is stricter, and in which unit; two units cannot be compared.
type Measure = Option<(String, i64)>;

/// What is said about one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    words: String,
    measures: Vec<Measure>,
    /// What the words leave out or what has no order.
    rest: String,
}

/// Statements by subject; the number puts them in the order of a document.
type Statements = BTreeMap<(u8, String), Said>;

/// What `after` says otherwise than `before`.
pub fn changes(before: &Policy, after: &Policy) -> Vec<Change> {
    compare(&statements(before), &statements(after))
}

/// The same of rosters. Addresses are not repeated.
pub fn roster_changes(before: &Roster, after: &Roster) -> Vec<Change> {
    compare(&roster_statements(before), &roster_statements(after))
}

/// Triggers that forget what they counted, because their clause changed or they are gone.
pub fn resets(before: &Policy, after: &Policy) -> Vec<String> {
    let clause = |policy: &Policy, trigger: &Trigger| looks_at(policy, trigger).0;
    let remembers = before.triggers.iter().filter(|trigger| !matches!(trigger.kind, TriggerKind::When(_)));
    let kept = |old: &Trigger| {
        let now = after.triggers.iter().find(|new| new.id == old.id);
        now.is_some_and(|new| clause(after, new) == clause(before, old))
    };
    remembers.filter(|trigger| !kept(trigger)).map(|trigger| trigger.id.clone()).collect()
}

/// What targets promise for a clock; nothing where they are silent, or where another rule sets the time.
pub fn promised(targets: &Targets, clock: &ClockKind) -> Option<Target> {
    let window = |audience: &String| targets.updates.get(audience);
    match clock {
        ClockKind::Acknowledge => targets.acknowledge.clone(),
        ClockKind::Accept(_) => targets.accept.clone(),
        ClockKind::Confirm => targets.confirm.clone(),
        ClockKind::Contain => targets.contain.clone(),
        ClockKind::Mitigate => targets.mitigate.clone(),
        ClockKind::Validate => targets.validate.clone(),
        ClockKind::Resolve => targets.resolve.clone(),
        ClockKind::Review => targets.review.clone(),
        ClockKind::Statutory(_) => None,
        ClockKind::Decide(audience) => match window(audience)? {
            Window::Decide { within, .. } => Some(within.clone()),
            Window::None | Window::Notices { .. } => None,
        },
        ClockKind::Notify(audience) | ClockKind::Update(audience) | ClockKind::Closing(audience) => {
            let Window::Notices { first, every, closing, .. } = window(audience)? else { return None };
            let target = match clock {
                ClockKind::Notify(_) => first,
                ClockKind::Update(_) => every,
                _ => closing,
            };
            target.clone()
        }
    }
}

fn compare(before: &Statements, after: &Statements) -> Vec<Change> {
    let subjects: BTreeSet<&(u8, String)> = before.keys().chain(after.keys()).collect();
    let change = |subject: &(u8, String)| {
        let (from, to) = (before.get(subject), after.get(subject));
        let words = |said: Option<&Said>| said.map(|said| said.words.clone());
        let differs = from != to;
        differs.then(|| Change {
            what: subject.1.clone(),
            from: words(from),
            to: words(to),
            direction: direction(from, to),
        })
    };
    subjects.into_iter().filter_map(change).collect()
}

fn direction(from: Option<&Said>, to: Option<&Said>) -> Direction {
    let promises = |said: &Said| said.measures.iter().any(Option::is_some);
    let (from, to) = match (from, to) {
        (None, Some(to)) if promises(to) => return Direction::Tighter,
        (Some(from), None) if promises(from) => return Direction::Looser,
        (Some(from), Some(to)) => (from, to),
        _ => return Direction::Other,
    };
    if from.rest != to.rest || from.measures.len() != to.measures.len() {
        return Direction::Other;
    }
    let steps: BTreeSet<i8> = from.measures.iter().zip(&to.measures).map(step).collect();
    match (steps.contains(&UNCLEAR), steps.contains(&LESS), steps.contains(&MORE)) {
        (false, true, false) => Direction::Tighter,
        (false, false, true) => Direction::Looser,
        _ => Direction::Other,
    }
}

/// A measure became smaller, or one is there now.
const LESS: i8 = -1;
/// It became larger, or is gone.
const MORE: i8 = 1;
/// It is in another unit.
const UNCLEAR: i8 = 2;

fn step((from, to): (&Measure, &Measure)) -> i8 {
    match (from, to) {
        (None, None) => 0,
        (None, Some(_)) => LESS,
        (Some(_), None) => MORE,
        (Some((unit, _)), Some((other, _))) if unit != other => UNCLEAR,
        (Some((_, from)), Some((_, to))) => match to.cmp(from) {
            std::cmp::Ordering::Less => LESS,
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Greater => MORE,
        },
    }
}

fn statements(policy: &Policy) -> Statements {
    let mut all = Statements::new();
    let mut say = |place: u8, what: String, said: Said| drop(all.insert((place, what), said));
    say(0, "organization".to_owned(), plain(&policy.organization));
    for severity in &policy.severities {
        say(1, format!("severity {}", severity.rank), plain(&severity.name));
    }
    for (rank, targets) in &policy.targets {
        let name = policy.severities.iter().find(|severity| severity.rank == *rank).map_or("", |s| &s.name);
        promises(name, targets).into_iter().for_each(|(what, said)| say(2, what, said));
    }
    for (id, class) in &policy.classes {
        say(3, format!("class {id}"), class_words(class));
        promises(&format!("class {id}"), &class.targets).into_iter().for_each(|(what, said)| say(3, what, said));
        for (role, rule) in &class.roles {
            say(3, format!("class {id}: {role}"), role_words(rule));
        }
    }
    for trigger in &policy.triggers {
        say(4, format!("trigger {}", trigger.id), trigger_words(policy, trigger));
    }
    for (id, audience) in &policy.audiences {
        say(5, format!("audience {id}"), audience_words(audience));
    }
    for (role, rule) in &policy.roles {
        say(6, format!("role {role}"), role_words(rule));
    }
    for (name, steps) in &policy.escalation {
        say(7, format!("escalation {name}"), steps_words(steps));
    }
    for (id, service) in &policy.services {
        say(8, format!("service {id}"), written(&service.name, service));
    }
    for (id, metric) in &policy.metrics {
        say(9, format!("metric {id}"), plain(&metric_words(metric)));
    }
    for (name, source) in &policy.sources {
        say(9, format!("source {name}"), written(IN_THE_TEXT, source));
    }
    for (class, languages) in &policy.statements {
        for (language, statement) in languages {
            say(10, format!("holding statement for {class} in {language}"), written(IN_THE_TEXT, statement));
        }
    }
    for (what, said) in habits(policy) {
        say(11, what.to_owned(), said);
    }
    all
}

/// What holds for all incidents.
fn habits(policy: &Policy) -> Vec<(&'static str, Said)> {
    let warnings: Vec<String> = policy.warn_at_percent.iter().map(|percent| format!("{percent} %")).collect();
    let mut all = vec![
        ("reopen within", plain(&words::length(Length::Time(policy.reopen_within)))),
        ("warnings at", plain(&warnings.join(", "))),
    ];
    all.extend(policy.review.as_ref().map(|r| ("weekly review", plain(&format!("{} ({})", r.on, r.calendar)))));
    let calendar = policy.statutory_calendar.as_ref();
    all.extend(calendar.map(|calendar| ("calendar of statutory clocks", plain(calendar))));
    all
}

fn roster_statements(roster: &Roster) -> Statements {
    let mut all = Statements::new();
    for (id, person) in &roster.people {
        let channels: Vec<&str> = person.contacts.iter().map(|contact| contact.channel.as_str()).collect();
        let words = format!("{}, by {}", person.name, listed(&channels));
        all.insert((0, format!("person {id}")), written(&words, person));
    }
    for (id, schedule) in &roster.schedules {
        all.insert((1, format!("schedule {id}")), written(IN_THE_TEXT, schedule));
    }
    all.insert((2, "fallback".to_owned()), plain(&roster.fallback.join(", ")));
    for (id, calendar) in &roster.calendars {
        all.insert((3, format!("calendar {id}")), written(IN_THE_TEXT, calendar));
    }
    for (id, channel) in &roster.channels {
        all.insert((4, format!("channel {id}")), written(IN_THE_TEXT, channel));
    }
    all
}

fn promises(of: &str, targets: &Targets) -> Vec<(String, Said)> {
    let clocks = [
        ("acknowledge", &targets.acknowledge),
        ("accept a role", &targets.accept),
        ("confirm", &targets.confirm),
        ("escalate after", &targets.escalate_after),
        ("contain", &targets.contain),
        ("mitigate", &targets.mitigate),
        ("validate", &targets.validate),
        ("resolve", &targets.resolve),
        ("review", &targets.review),
    ];
    let promise = |(clock, target): (&str, &Option<Target>)| {
        let target = target.as_ref()?;
        Some((
            format!("{of}: {clock}"),
            Said { measures: vec![measure(Some(target))], ..plain(&words::target(target)) },
        ))
    };
    let mut all: Vec<(String, Said)> = clocks.into_iter().filter_map(promise).collect();
    if let Some(hold) = &targets.hold {
        // A longer proof is the stricter one.
        let longer = measure(Some(hold)).map(|(unit, length)| (unit, -length));
        all.push((
            format!("{of}: hold before resolving"),
            Said { measures: vec![longer], ..plain(&words::target(hold)) },
        ));
    }
    let windows = targets.updates.iter();
    all.extend(windows.map(|(audience, window)| (format!("{of}: tell {audience}"), window_words(window))));
    all
}

fn window_words(window: &Window) -> Said {
    let said = words::window(Some(window));
    match window {
        Window::None => Said { words: said, measures: vec![None; 3], rest: String::new() },
        Window::Decide { within, by } => {
            Said { words: said, measures: vec![measure(Some(within))], rest: format!("decided by {by}") }
        }
        Window::Notices { first, every, until, closing, only_if, approval, own_approval } => {
            let approved = approval.map(|role| format!("; approved by {role}")).unwrap_or_default();
            let own = match own_approval {
                Some(true) => ", also their own words",
                Some(false) => ", never their own words",
                None => "",
            };
            let measures = [first, every, closing].map(|target| measure(target.as_ref())).to_vec();
            let rest = format!("{approved}{own}{until:?}{only_if:?}");
            Said { words: format!("{said}{approved}{own}"), measures, rest }
        }
    }
}

fn measure(target: Option<&Target>) -> Measure {
    let target = target?;
    let (unit, length) = match target.length {
        Length::Time(time) => ("time", time.as_secs()),
        Length::BusinessDays(days) => ("days", i64::from(days)),
    };
    Some((format!("{unit} on {}", target.calendar), length))
}

fn trigger_words(policy: &Policy, trigger: &Trigger) -> Said {
    let (clause, measures, kind) = looks_at(policy, trigger);
    let mode = match trigger.mode {
        Mode::Active => "",
        Mode::Observe => ", observing only",
    };
    let Raise { class, severity, key } = &trigger.raise;
    let name = policy.severities.iter().find(|known| known.rank == *severity).map_or("", |known| &known.name);
    let raises = format!("raises {class} as {name}{mode}");
    Said { words: format!("{clause}, {raises}"), measures, rest: format!("{kind}{raises}{key:?}") }
}

/// Its clause, the numbers in it, and the clause without them.
fn looks_at(policy: &Policy, trigger: &Trigger) -> (String, Vec<Measure>, String) {
    match &trigger.kind {
        TriggerKind::When(when) => (format!("`{}`", when.source), Vec::new(), when.source.clone()),
        TriggerKind::Count { when, distinct_units, at_least, within } => {
            let what = if *distinct_units { "distinct units" } else { "signals" };
            let within = words::length(Length::Time(*within));
            let clause = format!("at least {at_least} {what} within {within} of `{}`", when.source);
            let measures = vec![Some(("count".to_owned(), i64::from(*at_least)))];
            (clause, measures, format!("{what} {within} {}", when.source))
        }
        TriggerKind::Absence { metric, service, within } => {
            let clause = format!("no `{metric}` of {service} for {}", words::length(Length::Time(*within)));
            (clause, vec![Some(("time".to_owned(), within.as_secs()))], format!("{metric} {service}"))
        }
        TriggerKind::Rate { metric, tolerated, false_pages_per_week, by } => {
            let bound = policy.metrics.get(metric).map(metric_words).unwrap_or_default();
            let by = listed(&by.iter().map(String::as_str).collect::<Vec<_>>());
            let kind = format!("{metric} ({bound}) by {by}, {false_pages_per_week} false pages per week");
            // A share lies between 0 and 1, so that its parts fit.
            let parts = (tolerated * SHARE_PARTS).round() as i64;
            let clause = format!("more than {} % bad of {kind}", tolerated * 100.0);
            (clause, vec![Some(("share".to_owned(), parts))], kind)
        }
    }
}

fn class_words(class: &Class) -> Said {
    let mut parts = vec![class.name.clone()];
    parts.extend(class.playbook.as_ref().map(|id| format!("playbook {id}")));
    parts.extend(class.escalation.as_ref().map(|name| format!("escalation {name}")));
    parts.extend(class.default_severity.map(|rank| format!("severity {rank} where none is named")));
    parts.extend(class.restricted.then(|| "restricted".to_owned()));
    parts.extend(class.resolve_on_clear.then(|| "resolved by the sender's all-clear".to_owned()));
    parts.extend(class.statutory.iter().map(|id| format!("statutory {id}")));
    plain(&parts.join(", "))
}

fn audience_words(audience: &Audience) -> Said {
    let mut ways: Vec<&str> = audience.channels.iter().map(String::as_str).collect();
    ways.extend(audience.surface.as_deref());
    let words = format!("by {}, on {}, {} recipients", listed(&ways), audience.calendar, audience.recipients.len());
    written(&words, audience)
}

fn role_words(rule: &RoleRule) -> Said {
    let mut words = format!("owner {}", parties(&rule.owner));
    if !rule.backup.is_empty() {
        words += &format!(", backup {}", parties(&rule.backup));
    }
    words += &rule.not.map(|role: Role| format!(", never who has {role}")).unwrap_or_default();
    plain(&words)
}

fn steps_words(steps: &[Step]) -> Said {
    let words = |(number, step): (usize, &Step)| {
        let wait = words::length(Length::Time(step.wait));
        let repeat = if step.repeat_until_acknowledged { ", again and again" } else { "" };
        format!("{number}. {} for {wait}{repeat}", parties(&step.page))
    };
    let said: Vec<String> = (1..).zip(steps).map(words).collect();
    let rest: Vec<String> =
        steps.iter().map(|step| format!("{} {}", parties(&step.page), step.repeat_until_acknowledged)).collect();
    let measures = steps.iter().map(|step| Some(("time".to_owned(), step.wait.as_secs()))).collect();
    Said { words: said.join("; "), measures, rest: rest.join(";") }
}

fn metric_words(metric: &Metric) -> String {
    let mut parts = Vec::new();
    parts.extend(metric.bad_below.map(|bound| format!("bad below {bound}")));
    parts.extend(metric.bad_above.map(|bound| format!("bad above {bound}")));
    parts
        .extend(metric.higher_is_better.map(|higher| format!("{} is better", if higher { "higher" } else { "lower" })));
    parts.extend(metric.unit.as_ref().map(|unit| format!("per {unit}")));
    parts.extend(metric.from.as_ref().map(|from| format!("from {from}")));
    parts.join(", ")
}

fn parties(parties: &[Party]) -> String {
    let word = |party: &Party| match party {
        Party::Person(id) => id.clone(),
        Party::Schedule(id) => format!("schedule/{id}"),
        Party::Fallback => "fallback".to_owned(),
    };
    let words: Vec<String> = parties.iter().map(word).collect();
    listed(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

fn listed(items: &[&str]) -> String {
    if items.is_empty() { "nobody".to_owned() } else { items.join(" and ") }
}

fn plain(words: &str) -> Said {
    Said { words: words.to_owned(), measures: Vec::new(), rest: String::new() }
}

/// What has more to it than its words say.
fn written(words: &str, whole: &impl std::fmt::Debug) -> Said {
    Said { words: words.to_owned(), measures: Vec::new(), rest: format!("{whole:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{Source, load, starter};

    fn loaded(policy: &str, roster: &str) -> (Policy, Roster) {
        let policy = Source { name: "policy.yaml", text: policy };
        let loaded = load(policy, Source { name: "roster.yaml", text: roster });
        loaded.policy.zip(loaded.roster).unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
    }

    fn lines(from: &str, to: &str) -> Vec<String> {
        assert!(starter::POLICY.contains(from), "{from} is not in the starter policy");
        let before = loaded(starter::POLICY, starter::ROSTER).0;
        let after = loaded(&starter::POLICY.replacen(from, to, 1), starter::ROSTER).0;
        changes(&before, &after).iter().map(Change::line).collect()
    }

    #[test]
    fn the_same_policy_has_no_changes() {
        let (policy, roster) = loaded(starter::POLICY, starter::ROSTER);
        assert_eq!(changes(&policy, &policy), []);
        assert_eq!(roster_changes(&roster, &roster), []);
        assert!(resets(&policy, &policy).is_empty());
    }

    #[test]
    fn a_comment_changes_no_promise() {
        assert!(lines("version: 1", "version: 1 # of the format").is_empty());
    }

    #[test]
    fn targets_say_which_way_they_moved() {
        for (from, to, wanted) in [
            ("acknowledge: 10m", "acknowledge: 8m", "SEV-1: acknowledge: 10 min → 8 min (tighter)"),
            ("acknowledge: 10m", "acknowledge: 12m", "SEV-1: acknowledge: 10 min → 12 min (looser)"),
        ] {
            assert_eq!(lines(from, to), [wanted]);
        }
    }

    #[test]
    fn every_kind_of_measure_has_its_direction() {
        let said = |measures: Vec<Measure>, rest: &str| Said { measures, rest: rest.to_owned(), ..plain("") };
        let time = |seconds| Some(("time".to_owned(), seconds));
        let days = |days| Some(("days".to_owned(), days));
        for (from, to, wanted) in [
            (vec![time(60)], vec![time(50)], Direction::Tighter),
            (vec![time(60)], vec![None], Direction::Looser),
            (vec![time(60), time(5)], vec![time(50), time(6)], Direction::Other),
            (vec![time(60), time(5)], vec![time(50), time(5)], Direction::Tighter),
            (vec![time(60)], vec![days(1)], Direction::Other),
            (vec![None], vec![days(1)], Direction::Tighter),
        ] {
            assert_eq!(
                direction(Some(&said(from.clone(), "")), Some(&said(to.clone(), ""))),
                wanted,
                "{from:?} {to:?}"
            );
            assert_eq!(direction(Some(&said(from, "a")), Some(&said(to, "b"))), Direction::Other);
        }
        assert_eq!(direction(None, Some(&said(vec![time(1)], ""))), Direction::Tighter);
        assert_eq!(direction(Some(&said(vec![time(1)], "")), None), Direction::Looser);
        assert_eq!(direction(None, Some(&plain("new"))), Direction::Other);
    }

    #[test]
    fn a_trigger_whose_clause_changes_starts_anew_and_others_go_on() {
        let before = loaded(starter::POLICY, starter::ROSTER).0;
        let mut after = before.clone();
        let mut counting = after.triggers.iter_mut().filter(|one| !matches!(one.kind, TriggerKind::When(_)));
        let changed = counting.next().expect("the starter policy counts");
        changed.raise.class = "cost_anomaly".to_owned();
        let id = changed.id.clone();
        assert!(resets(&before, &after).is_empty(), "what it raises is not its clause");
        after.triggers.retain(|trigger| trigger.id != id);
        assert_eq!(resets(&before, &after), std::slice::from_ref(&id));
        let gone = changes(&before, &after);
        assert!(gone[0].line().starts_with(&format!("trigger {id}: removed, was ")), "{gone:?}");
    }

    #[test]
    fn who_is_gone_from_a_roster_is_named_without_addresses() {
        let mut before = loaded(starter::POLICY, starter::ROSTER).1;
        let mut after = before.clone();
        let (id, _) = after.people.pop_first().unwrap();
        let person = before.people.get_mut(&id).unwrap();
        person.contacts[0].to = "+1 555 0100".to_owned();
        let start = format!("person {id}: removed, was {}, by ", person.name);
        let lines: Vec<String> = roster_changes(&before, &after).iter().map(Change::line).collect();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with(&start) && !lines[0].contains("555"), "{lines:?}");
    }
}
