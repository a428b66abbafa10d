//! Every promise on every kind of calendar: warned, met before its deadline, met at the very
//! instant of it, met one microsecond later and therefore missed, and missed for good.
//!
//! A case is one promise in one season with one outcome. The instants of a season were worked out
//! by hand; its comment says how. `desk` is open 01:00–04:00 and 13:00–17:00 in Berlin, and closed
//! on 2026-11-25.

use calendar::{Duration, Instant};
use policy::model::{Milestone, Precondition, Role, Target, Targets, Window};
use wcore::Command;
use wcore::clock::Clock;
use wcore::event::Fact;

use crate::support::{World, always, at, bare, evidence, notices, on, once, roster};

/// One stretch of time in which a promise runs.
struct Season {
    name: &'static str,
    calendar: &'static str,
    start: &'static str,
    target: &'static str,
    warned_at: &'static str,
    due_at: &'static str,
}

const SEASONS: [Season; 10] = [
    Season {
        name: "around the clock",
        calendar: "always",
        start: "2026-11-23T10:00:00Z",
        target: "30m",
        warned_at: "2026-11-23T10:24:00Z",
        due_at: "2026-11-23T10:30:00Z",
    },
    // Clocks go forward at 01:00Z: an hour is an hour.
    Season {
        name: "around the clock, spring",
        calendar: "always",
        start: "2027-03-28T00:30:00Z",
        target: "1h",
        warned_at: "2027-03-28T01:18:00Z",
        due_at: "2027-03-28T01:30:00Z",
    },
    // Clocks go back at 01:00Z: the same.
    Season {
        name: "around the clock, autumn",
        calendar: "always",
        start: "2026-10-25T00:30:00Z",
        target: "1h",
        warned_at: "2026-10-25T01:18:00Z",
        due_at: "2026-10-25T01:30:00Z",
    },
    // 03:30 to 04:00 is half an hour, the other half begins at 13:00, which is 12:00Z.
    Season {
        name: "desk, over the gap of a day",
        calendar: "desk",
        start: "2026-11-23T02:30:00Z",
        target: "1h",
        warned_at: "2026-11-23T12:18:00Z",
        due_at: "2026-11-23T12:30:00Z",
    },
    // All of 13:00 to 17:00: due at the closing instant, not at the next opening.
    Season {
        name: "desk, due at closing time",
        calendar: "desk",
        start: "2026-11-23T12:00:00Z",
        target: "4h",
        warned_at: "2026-11-23T15:12:00Z",
        due_at: "2026-11-23T16:00:00Z",
    },
    // 08:00 is closed: it counts from 13:00, which is 12:00Z.
    Season {
        name: "desk, begun while closed",
        calendar: "desk",
        start: "2026-11-23T07:00:00Z",
        target: "1h",
        warned_at: "2026-11-23T12:48:00Z",
        due_at: "2026-11-23T13:00:00Z",
    },
    // Tuesday 16:30 to 17:00 is half an hour; Wednesday is the holiday; Thursday opens at 00:00Z,
    // where 66 of 96 minutes are left until the warning and 90 of 120 until the deadline.
    Season {
        name: "desk, over the holiday",
        calendar: "desk",
        start: "2026-11-24T15:30:00Z",
        target: "2h",
        warned_at: "2026-11-26T01:06:00Z",
        due_at: "2026-11-26T01:30:00Z",
    },
    // 01:00 to 04:00 has two hours, 00:00Z to 02:00Z: 90 minutes are left of it, and 30 more come
    // from 13:00 summer time, 11:00Z. The warning is at 96 minutes.
    Season {
        name: "desk, spring",
        calendar: "desk",
        start: "2027-03-28T00:30:00Z",
        target: "2h",
        warned_at: "2027-03-28T11:06:00Z",
        due_at: "2027-03-28T11:30:00Z",
    },
    // 01:00 to 04:00 has four hours, 23:00Z to 03:00Z: 3 h 30 min are left of it, and 30 more come
    // from 13:00 winter time, 12:00Z. The warning is at 3 h 12 min.
    Season {
        name: "desk, autumn",
        calendar: "desk",
        start: "2026-10-24T23:30:00Z",
        target: "4h",
        warned_at: "2026-10-25T02:42:00Z",
        due_at: "2026-10-25T12:30:00Z",
    },
    // Saturday 16:30 summer time is 14:30Z; the desk closes at 15:00Z. Sunday's first window has
    // four hours from 23:00Z: the warning is at 3 h 12 min, the deadline at 4 h.
    Season {
        name: "desk, into autumn",
        calendar: "desk",
        start: "2026-10-24T14:30:00Z",
        target: "4h",
        warned_at: "2026-10-25T01:42:00Z",
        due_at: "2026-10-25T02:30:00Z",
    },
];

/// How a promise is made and kept. It runs from the season's start.
struct Promise {
    /// Name of its clock.
    clock: &'static str,
    /// What the policy promises, given the length and calendar.
    targets: fn(Target) -> Targets,
    /// What happens at the season's start, an hour after the opening; `None`: it opens then.
    begins: Option<fn(&mut World)>,
    /// The act that keeps it.
    kept: fn(&mut World),
}

fn customers(window: Window) -> Targets {
    Targets { updates: [("customers".to_owned(), window)].into(), ..Targets::default() }
}

fn informed(world: &mut World) {
    world.tells("tom", "customers", None);
}

fn proven(world: &mut World) {
    world.does("mara", Command::Validate { passed: true, evidence: evidence(world.now) });
}

fn resolved(world: &mut World) {
    proven(world);
    world.does("ana", Command::Resolve {});
}

const PROMISES: [Promise; 14] = [
    Promise {
        clock: "acknowledge",
        targets: |t| Targets { acknowledge: Some(t), ..Targets::default() },
        begins: None,
        kept: |world| world.ack("ana"),
    },
    Promise {
        clock: "accept:remediation",
        targets: |t| Targets { accept: Some(t), ..Targets::default() },
        begins: None,
        kept: |world| world.does("ana", Command::Accept { role: Role::Remediation }),
    },
    Promise {
        clock: "confirm",
        targets: |t| Targets { confirm: Some(t), ..Targets::default() },
        begins: None,
        kept: |world| {
            let note = "the transcript shows it".to_owned();
            world.does(
                "ana",
                Command::Fact { fact: Fact::ConfirmedAt, at: None, note, notice: None, corrects: None, sure: false },
            );
        },
    },
    Promise {
        clock: "contain",
        targets: |t| Targets { contain: Some(t), ..Targets::default() },
        begins: None,
        kept: |world| world.does("ana", Command::Contain { customers_see: "a person answers".to_owned() }),
    },
    Promise {
        clock: "mitigate",
        targets: |t| Targets { mitigate: Some(t), ..Targets::default() },
        begins: None,
        kept: |world| world.mitigates("ana"),
    },
    Promise {
        clock: "validate",
        targets: |t| Targets { validate: Some(t), ..Targets::default() },
        begins: None,
        kept: proven,
    },
    Promise {
        clock: "resolve",
        targets: |t| Targets { resolve: Some(t), ..Targets::default() },
        begins: None,
        kept: resolved,
    },
    Promise {
        clock: "review",
        targets: |t| Targets { review: Some(t), ..Targets::default() },
        begins: Some(resolved),
        kept: |world| {
            let (cause, action) = ("a prompt change".to_owned(), "a canary".to_owned());
            world.does("ana", Command::Review { cause, action, owner: None, due_at: None });
        },
    },
    // The window shapes: once, conditional, decide-by, a cadence with and without a first notice,
    // and the closing notice. (`none` promises nothing: see below.)
    Promise { clock: "notify:customers", targets: |t| customers(once(t)), begins: None, kept: informed },
    Promise { clock: "notify:customers", targets: |t| customers(conditional(t)), begins: None, kept: informed },
    Promise {
        clock: "decide:customers",
        targets: |t| customers(Window::Decide { within: t, by: Role::Privacy }),
        begins: None,
        kept: |world| {
            let (audience, reason) = ("customers".to_owned(), "nobody is affected".to_owned());
            world.does("mara", Command::Decide { audience, inform: false, reason });
        },
    },
    Promise {
        clock: "update:customers",
        targets: |t| customers(notices(None, Some(t), Milestone::Mitigated, None)),
        begins: None,
        kept: informed,
    },
    Promise {
        clock: "update:customers",
        targets: |t| customers(notices(Some(always("200h")), Some(t), Milestone::Mitigated, None)),
        begins: Some(informed),
        kept: informed,
    },
    Promise {
        clock: "closing:customers",
        targets: |t| customers(notices(Some(always("200h")), None, Milestone::Mitigated, Some(t))),
        begins: Some(|world| world.mitigates("ana")),
        kept: informed,
    },
];

fn conditional(first: Target) -> Window {
    Window::Notices {
        first: Some(first),
        every: None,
        until: Milestone::Resolved,
        closing: None,
        only_if: Some(Precondition::ImpactSustained),
        approval: None,
        own_approval: None,
    }
}

/// What happens, given the world at the season's start, and what the clock then says.
struct Outcome {
    name: &'static str,
    happens: fn(&mut World, &Season, &Promise),
    warned: bool,
    met: Option<Deadline>,
    missed: bool,
}

/// An instant relative to the season.
#[derive(Clone, Copy)]
enum Deadline {
    Warned,
    Due,
    JustAfter,
}

const TICK: Duration = Duration::from_micros(1);

const OUTCOMES: [Outcome; 6] = [
    Outcome {
        name: "not yet warned",
        happens: |world, season, _| world.advance_to_instant(at(season.warned_at) - TICK),
        warned: false,
        met: None,
        missed: false,
    },
    Outcome {
        name: "warned",
        happens: |world, season, _| world.advance_to(season.warned_at),
        warned: true,
        met: None,
        missed: false,
    },
    Outcome {
        name: "met before",
        happens: |world, season, promise| {
            world.advance_to(season.warned_at);
            (promise.kept)(world);
            world.advance_to_instant(at(season.due_at) + TICK);
        },
        warned: true,
        met: Some(Deadline::Warned),
        missed: false,
    },
    Outcome {
        name: "met at the due instant",
        happens: |world, season, promise| {
            world.advance_to(season.due_at);
            (promise.kept)(world);
            world.advance_to_instant(at(season.due_at) + TICK);
        },
        warned: true,
        met: Some(Deadline::Due),
        missed: false,
    },
    // No clock fired in between: the act itself finds that it comes too late.
    Outcome {
        name: "met one microsecond late",
        happens: |world, season, promise| {
            world.advance_to(season.due_at);
            world.now = at(season.due_at) + TICK;
            (promise.kept)(world);
        },
        warned: true,
        met: Some(Deadline::JustAfter),
        missed: true,
    },
    Outcome {
        name: "missed",
        happens: |world, season, _| world.advance_to_instant(at(season.due_at) + TICK),
        warned: true,
        met: None,
        missed: true,
    },
];

/// The world at the start of a season in which nothing but the promise runs out.
fn begin(season: &Season, promise: &Promise) -> World {
    let mut policy = bare();
    let target = on(season.calendar, season.target);
    policy.targets.insert(1, (promise.targets)(target));
    let mut world = World::new(policy, roster());
    let start = at(season.start);
    match promise.begins {
        None => {
            world.now = start;
            world.declare("pii_leak", "SEV-1");
        }
        Some(begins) => {
            world.now = start - Duration::from_hours(1);
            world.declare("pii_leak", "SEV-1");
            world.advance_to_instant(start);
            begins(&mut world);
        }
    }
    world
}

/// Warned when, met when, missed when.
fn story(warned: Option<Instant>, met: Option<Instant>, missed: Option<Instant>) -> String {
    let part = |word: &str, at: Option<Instant>| at.map_or(format!("not {word}"), |at| format!("{word} at {at}"));
    [part("warned", warned), part("met", met), part("missed", missed)].join(", ")
}

fn told(clock: &Clock) -> String {
    story(clock.warnings.iter().find_map(|warning| warning.fired_at), clock.met_at, clock.breached_at)
}

fn expected(season: &Season, outcome: &Outcome) -> String {
    let met = outcome.met.map(|met| match met {
        Deadline::Warned => at(season.warned_at),
        Deadline::Due => at(season.due_at),
        Deadline::JustAfter => at(season.due_at) + TICK,
    });
    story(outcome.warned.then(|| at(season.warned_at)), met, outcome.missed.then(|| at(season.due_at)))
}

#[test]
fn every_promise_is_warned_met_and_missed_at_its_instant() {
    let mut cases = 0;
    let mut wrong = Vec::new();
    for season in &SEASONS {
        for promise in &PROMISES {
            for outcome in &OUTCOMES {
                cases += 1;
                let mut world = begin(season, promise);
                (outcome.happens)(&mut world, season, promise);
                let clock = world.incident().clocks.iter().find(|clock| clock.id.to_string() == promise.clock);
                let told = clock.map_or("no clock".to_owned(), told);
                let expected = expected(season, outcome);
                if told != expected {
                    let case = format!("{}, {}, {}", promise.clock, season.name, outcome.name);
                    wrong.push(format!("{case}:\n  expected {expected}\n  but was  {told}"));
                }
            }
        }
    }
    assert_eq!(cases, SEASONS.len() * PROMISES.len() * OUTCOMES.len());
    assert!(wrong.is_empty(), "{} of {cases} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_window_of_none_promises_nothing() {
    let mut policy = bare();
    policy.targets.insert(1, customers(once(always("30m"))));
    if let Some(class) = policy.classes.get_mut("pii_leak") {
        class.targets = customers(Window::None);
    }
    let mut world = World::new(policy, roster());
    world.declare("pii_leak", "SEV-1");
    assert!(world.incident().clocks.is_empty(), "{:?}", world.incident().clocks);
    // The audience may still be told.
    world.tells("tom", "customers", None);
    assert!(world.incident().clocks.is_empty(), "{:?}", world.incident().clocks);
}
