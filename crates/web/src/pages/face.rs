//! How a clock looks at an instant: its state, its chip on the board, its bar.
//!
//! States differ by mark, word and pattern, never by colour alone. It judges nothing: whether
//! a deadline is missed was decided in the core.

use calendar::{Duration, Instant};
use maud::{Markup, html};
use wcore::Incident;
use wcore::clock::{Clock, ClockKind, Ending};

use super::glyph::{self, Mark};
use super::{moment, words};

/// What a reader sees of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Face {
    /// Its deadline passed and it is still not done.
    Missed,
    /// A warning was given.
    AtRisk,
    /// It runs.
    Running,
    /// It stands still.
    Paused,
    /// Kept in time.
    Met,
    /// Done, but after its deadline.
    MetLate,
    /// No longer applies.
    Cancelled,
    /// Let go by a person.
    Waived,
    /// Another clock took its place.
    Superseded,
    /// It ran by mistake: the fact that it hung on was corrected.
    Corrected,
}

impl Face {
    /// The face of a clock now.
    pub(crate) fn of(clock: &Clock, now: Instant) -> Face {
        match &clock.ending {
            None if clock.breached_at.is_some() => Face::Missed,
            None if clock.is_paused() => Face::Paused,
            None if clock.warnings.iter().any(|w| w.fired_at.is_some() || w.at <= now) => Face::AtRisk,
            None => Face::Running,
            Some(Ending::Met) if clock.breached_at.is_some() => Face::MetLate,
            Some(Ending::Met) => Face::Met,
            Some(Ending::Cancelled { .. }) => Face::Cancelled,
            Some(Ending::Waived { .. }) => Face::Waived,
            Some(Ending::Superseded { .. }) => Face::Superseded,
            Some(Ending::Corrected { .. }) => Face::Corrected,
        }
    }

    /// Its word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Face::Missed => "missed",
            Face::AtRisk => "at risk",
            Face::Running => "running",
            Face::Paused => "paused",
            Face::Met => "met",
            Face::MetLate => "met late",
            Face::Cancelled => "not required",
            Face::Waived => "waived",
            Face::Superseded => "replaced",
            Face::Corrected => "corrected",
        }
    }

    /// Its class in the style sheet.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Face::Missed => "is-missed",
            Face::AtRisk => "is-risk",
            Face::Running => "is-running",
            Face::Paused => "is-paused",
            Face::Met => "is-met",
            Face::MetLate => "is-late",
            Face::Cancelled | Face::Waived | Face::Superseded | Face::Corrected => "is-off",
        }
    }

    /// Its mark.
    pub(crate) fn mark(self) -> Mark {
        match self {
            Face::Missed | Face::MetLate => Mark::Missed,
            Face::AtRisk => Mark::Alert,
            Face::Running => Mark::Dial,
            Face::Paused => Mark::Paused,
            Face::Met => Mark::Check,
            Face::Cancelled | Face::Waived | Face::Superseded | Face::Corrected => Mark::Dash,
        }
    }
}

/// Share of its time that is left, in percent of the way from start to deadline.
pub(crate) fn percent_left(clock: &Clock, now: Instant) -> i64 {
    let Some(due) = clock.due_at else { return 100 };
    let whole = due.since(clock.started_at).as_millis().max(1);
    let left = due.since(now).as_millis() * 100 / whole;
    i64::try_from(left.clamp(0, 100)).unwrap_or(0)
}

/// A bar that empties. The script goes on from `start` and `due`.
pub(crate) fn bar(clock: &Clock, face: Face, now: Instant) -> Markup {
    let left = match face {
        Face::Met | Face::MetLate => 100,
        Face::Missed => 0,
        Face::Cancelled | Face::Waived | Face::Superseded | Face::Corrected => 0,
        Face::Running | Face::AtRisk | Face::Paused => percent_left(clock, now),
    };
    let ticking = matches!(face, Face::Running | Face::AtRisk);
    let (start, due) = (ticking.then_some(clock.started_at), clock.due_at.filter(|_| ticking));
    html! {
        svg.bar aria-hidden="true" focusable="false" data-start=[start.map(moment::millis)] data-due=[due.map(moment::millis)] {
            rect.fill width={ (left) "%" } height="100%" fill=[(face == Face::AtRisk).then_some("url(#hatch)")] {}
        }
    }
}

/// Clocks of one kind, as one chip: missed slots of a cadence are one thing to do.
pub(crate) struct Chip<'a> {
    /// The one that counts: of several missed ones the first.
    pub(crate) clock: &'a Clock,
    /// Its face.
    pub(crate) face: Face,
    /// Open clocks of the same duty, this one included.
    pub(crate) open: u64,
    /// Those of them that were missed.
    pub(crate) missed: u64,
}

/// The open promises of an incident, most urgent first.
pub(crate) fn chips(incident: &Incident, now: Instant) -> Vec<Chip<'_>> {
    let mut chips: Vec<Chip<'_>> = Vec::new();
    for clock in incident.clocks.iter().filter(|clock| clock.is_open()) {
        let face = Face::of(clock, now);
        let slot = chips.iter_mut().find(|chip| same_duty(&chip.clock.id.kind, &clock.id.kind));
        match slot {
            Some(chip) => {
                chip.open += 1;
                chip.missed += u64::from(face == Face::Missed);
                if urgency(clock, now) < urgency(chip.clock, now) {
                    (chip.clock, chip.face) = (clock, face);
                }
            }
            None => chips.push(Chip { clock, face, open: 1, missed: u64::from(face == Face::Missed) }),
        }
    }
    chips.sort_by_key(|chip| urgency(chip.clock, now));
    chips
}

/// A missed first notice and the updates after it are kept by the same message. Roles are many,
/// and each holder knows their own.
fn same_duty(a: &ClockKind, b: &ClockKind) -> bool {
    match (a, b) {
        (ClockKind::Accept(_), ClockKind::Accept(_)) => true,
        (ClockKind::Notify(a) | ClockKind::Update(a), ClockKind::Notify(b) | ClockKind::Update(b)) => a == b,
        (a, b) => a == b,
    }
}

/// Orders clocks: missed first, the longest first; then the least share of time left; paused last.
pub(crate) fn urgency(clock: &Clock, now: Instant) -> (u8, i64) {
    match Face::of(clock, now) {
        Face::Missed => (0, clock.breached_at.map_or(0, Instant::as_micros)),
        Face::AtRisk | Face::Running => (1, per_mille_left(clock, now)),
        Face::Paused => (2, 0),
        _ => (3, 0),
    }
}

fn per_mille_left(clock: &Clock, now: Instant) -> i64 {
    let Some(due) = clock.due_at else { return i64::MAX };
    let whole = due.since(clock.started_at).as_millis().max(1);
    i64::try_from(due.since(now).as_millis() * 1_000 / whole).unwrap_or(i64::MAX)
}

/// A chip: what, how long, and a bar.
pub(crate) fn chip(chip: &Chip<'_>, now: Instant) -> Markup {
    let Chip { clock, face, open, missed } = chip;
    let what = match &clock.id.kind {
        ClockKind::Accept(_) if *open > 1 => format!("Accept {open} roles"),
        kind => words::clock(kind),
    };
    html! {
        div.chip.(face.class()) {
            span.chip-what { (glyph::mark(face.mark())) span { (what) } }
            span.chip-time { (time_left(clock, *face, now)) @if *missed > 1 { " " span.times { "×" (missed) } } }
            (bar(clock, *face, now))
        }
    }
}

/// Time left, time over, or the word that stands for it.
pub(crate) fn time_left(clock: &Clock, face: Face, now: Instant) -> Markup {
    match (face, clock.due_at) {
        (Face::Missed, _) => html! {
            (moment::countdown(clock.breached_at.unwrap_or(now), now)) " " span.word { "missed" }
        },
        (Face::AtRisk | Face::Running, Some(due)) => moment::countdown(due, now),
        (Face::Met | Face::MetLate, _) => {
            let took = clock.met_at.map(|at| at.since(clock.started_at).max(Duration::ZERO));
            html! { (face.word()) @if let Some(took) = took { " in " (words::short(took)) } }
        }
        _ => html! { (face.word()) },
    }
}
