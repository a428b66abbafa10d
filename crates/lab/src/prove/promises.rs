//! Promises: a stricter severity never has a looser target, for any class and any audience.
//!
//! Lengths on one calendar are compared as they are. On different calendars the deadlines are:
//! they are linear between the edges of the calendars, so that looking there decides.

use std::collections::BTreeMap;

use calendar::{Calendar, Duration, Instant};
use policy::model::{Length, Rank, Target, Targets, Window};

use super::{Case, Guarantee, Witness, guarantee, say};
use crate::words;

/// What daylight saving may take from a number of days.
const CHANGES_OF_A_YEAR: Duration = Duration::from_hours(2);

/// Comparisons made already: most classes leave most targets as their severities say.
type Orders = BTreeMap<[String; 2], Order>;

/// One promise and what it says; `None`: it says nothing.
struct Promise {
    words: String,
    target: Option<Target>,
}

/// Every promise of both severities holds at least as tight at the stricter one.
pub(super) fn ordered(case: &Case<'_>) -> Guarantee {
    let ranks: Vec<Rank> = case.policy.targets.keys().copied().collect();
    let mut pairs = 0;
    let mut orders = Orders::new();
    let mut witnesses: Vec<Witness> = Vec::new();
    let refined = case.policy.classes.keys().map(|id| (format!("“{}” at ", case.class_name(id)), id.as_str()));
    // No class has the empty name: it stands for what a severity says by itself.
    for (prefix, class) in [(String::new(), "")].into_iter().chain(refined) {
        for (i, rank) in ranks.iter().enumerate() {
            for next in &ranks[i + 1..] {
                let (strict, mild) =
                    (promises(&case.policy.targets(class, *rank)), promises(&case.policy.targets(class, *next)));
                for mild in mild {
                    let Some(strict) = strict.iter().find(|one| one.words == mild.words) else { continue };
                    pairs += 1;
                    let names = (case.policy.severity_name(*rank), case.policy.severity_name(*next));
                    let found = compare(case, (strict, &mild), names, &mut orders);
                    // What a severity says by itself is not told again for each of its classes.
                    let known = |found: &Witness| witnesses.iter().any(|one| one.text == found.text);
                    if let Some(found) = found.filter(|found| !known(found)) {
                        witnesses.push(Witness { text: format!("{prefix}{}", found.text), ..found });
                    }
                }
            }
        }
    }
    let examined = format!("{pairs} pairs of promises, of every class and audience");
    guarantee("stricter-not-looser", "A stricter severity never has a looser target", examined, witnesses)
}

fn promises(targets: &Targets) -> Vec<Promise> {
    let plain = [
        ("the first response", &targets.acknowledge),
        ("accepting a role", &targets.accept),
        ("confirming", &targets.confirm),
        ("escalating", &targets.escalate_after),
        ("containing", &targets.contain),
        ("mitigating", &targets.mitigate),
        ("validating", &targets.validate),
        ("resolving", &targets.resolve),
        ("the review", &targets.review),
    ];
    let plain = plain.map(|(words, target)| Promise { words: words.to_owned(), target: target.clone() });
    let mut promises: Vec<Promise> = plain.into_iter().collect();
    for (audience, window) in &targets.updates {
        let (first, every, closing) = match window {
            // Whether an audience is told at all is another kind of promise.
            Window::Decide { .. } => continue,
            Window::None => (&None, &None, &None),
            Window::Notices { first, every, closing, .. } => (first, every, closing),
        };
        let named = [("the first notice", first), ("the next update", every), ("the closing notice", closing)];
        // Who hears regularly until the end needs no closing notice besides.
        let needed = named.into_iter().filter(|(_, target)| target.is_some() || every.is_none());
        promises.extend(
            needed.map(|(what, target)| Promise { words: format!("{what} to {audience}"), target: target.clone() }),
        );
    }
    promises
}

fn compare(
    case: &Case<'_>,
    (strict, mild): (&Promise, &Promise),
    names: (&str, &str),
    orders: &mut Orders,
) -> Option<Witness> {
    let (name, next) = names;
    let words = &strict.words;
    let mild_target = mild.target.as_ref()?;
    let looser = |strict: &Target| {
        format!("{name} allows {} for {words}, {next} only {}", words::target(strict), words::target(mild_target))
    };
    let Some(target) = &strict.target else {
        let within = words::target(mild_target);
        return Some(Witness::against(format!("{name} promises nothing for {words}, {next} promises {within}.")));
    };
    let pair = [target, mild_target].map(words::target);
    let order = orders.entry(pair).or_insert_with(|| order(case, target, mild_target));
    match order.clone() {
        Order::Tight => None,
        Order::Looser(None) => Some(Witness::against(format!("{}.", looser(target)))),
        Order::Looser(Some((at, due, other))) => {
            let zone = case.zone_of(&[target, mild_target]);
            let [at, due, other] = [at, due, other].map(|at| say::instant(at, &zone));
            Some(Witness::against(format!(
                "{}: opened {at}, it is due {due}, at {next} already {other}.",
                looser(target)
            )))
        }
        Order::Undecided => Some(Witness::undecided(format!("{}: which comes first was not decided.", looser(target)))),
    }
}

#[derive(Clone)]
enum Order {
    Tight,
    /// With an opening, and both deadlines, where the calendars differ.
    Looser(Option<(Instant, Instant, Instant)>),
    Undecided,
}

fn order(case: &Case<'_>, strict: &Target, mild: &Target) -> Order {
    let tight = |tight: bool| if tight { Order::Tight } else { Order::Looser(None) };
    if strict.calendar == mild.calendar {
        match (strict.length, mild.length) {
            (Length::Time(left), Length::Time(right)) => return tight(left <= right),
            (Length::BusinessDays(left), Length::BusinessDays(right)) => return tight(left <= right),
            _ => {}
        }
    }
    // Whatever the calendar, a deadline never comes before its length has passed.
    let least = match mild.length {
        Length::Time(time) => time,
        Length::BusinessDays(days) => Duration::from_hours(24 * i64::from(days)) - CHANGES_OF_A_YEAR,
    };
    if strict.calendar == policy::ALWAYS && matches!(strict.length, Length::Time(time) if time <= least) {
        return Order::Tight;
    }
    let (Some(ours), Some(theirs)) = (case.roster.calendar(&strict.calendar), case.roster.calendar(&mild.calendar))
    else {
        return Order::Undecided;
    };
    let mut openings = edges(case, ours, strict.length);
    openings.extend(edges(case, theirs, mild.length));
    let later = openings.into_iter().find_map(|at| {
        let due = wcore::deadline(ours, strict.length, at)?;
        let other = wcore::deadline(theirs, mild.length, at)?;
        (due > other).then_some((at, due, other))
    });
    match (later, strict.length, mild.length) {
        (Some(witness), _, _) => Order::Looser(Some(witness)),
        (None, Length::Time(_), Length::Time(_)) => Order::Tight,
        // Days jump at midnight too, which the edges do not show.
        _ => Order::Undecided,
    }
}

/// The openings at which a deadline on a calendar stops or begins to move along with the opening,
/// and the instants beside them.
fn edges(case: &Case<'_>, calendar: &Calendar, length: Length) -> Vec<Instant> {
    let tick = Duration::from_micros(1);
    let mut edges = vec![case.now];
    for (start, end) in calendar.open_periods_after(case.now).take_while(|(start, _)| *start < case.until) {
        for edge in [start, end] {
            edges.push(edge);
            if let Length::Time(time) = length {
                edges.extend(calendar.subtract(edge, time));
            }
        }
    }
    let around = edges.into_iter().flat_map(|edge| [edge - tick, edge, edge + tick]);
    around.filter(|at| (case.now..case.until).contains(at)).collect()
}
