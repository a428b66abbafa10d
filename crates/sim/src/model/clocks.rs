//! Clocks as the model sees them: started once, breached once, ended once, due when they must be.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Context, Incident, Violation, time, violated};
use crate::plan::SECOND;
use crate::text::{instant, length};

/// The end of time in the journal: an open pause ends there.
const NEVER: &str = "9998-12-31T00:00:00Z";
/// The strict reading of GDPR, article 33(1): so long after awareness.
const LAW: i64 = 72 * 3_600 * SECOND;

/// One promise.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    pub(super) due: Option<i64>,
    /// A pause of the work stops it.
    pausable: bool,
    /// Pauses as the model saw them begin and end.
    pauses: Vec<(i64, Option<i64>)>,
    breached: bool,
    ended: bool,
    warned: BTreeSet<u64>,
}

impl Clock {
    /// It has neither ended nor been missed.
    pub(super) fn runs(&self) -> bool {
        !self.ended && !self.breached
    }
}

impl Incident {
    /// Whether a clock of that kind, as the journal writes it, has not ended.
    pub(super) fn has_open_clock(&self, kind: &str) -> bool {
        let name = |name: &str| name.split_once('#').is_some_and(|(found, _)| found == kind);
        self.clocks.iter().any(|(found, clock)| !clock.ended && name(found))
    }

    pub(super) fn pause(&mut self, begins: bool, at: i64) {
        self.paused = begins;
        for clock in self.clocks.values_mut().filter(|clock| clock.pausable && clock.runs()) {
            if begins {
                clock.pauses.push((at, None));
            } else {
                clock.pauses.iter_mut().filter(|(_, end)| end.is_none()).for_each(|pause| pause.1 = Some(at));
            }
        }
    }

    /// An open clock stands still only while the incident is paused.
    pub(super) fn clocks_after(&self) -> Result<(), Violation> {
        let stands = self.clocks.iter().find(|(_, clock)| clock.runs() && clock.due.is_none());
        match stands {
            Some((name, clock)) if !self.paused || !clock.pausable => {
                violated("an open clock stands still only in a pause", format!("INC-{} {name}", self.no))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn clock_event(&mut self, kind: &str, body: &Value, context: &Context<'_>) -> Result<(), Violation> {
        let no = self.no;
        match kind {
            "clock_started" => {
                let name = clock_name(&body["id"]);
                if self.clocks.contains_key(&name) {
                    return violated("no clock is lost", format!("INC-{no} {name} started twice"));
                }
                let pausable = pausable(&body["id"]["kind"]);
                let clock = Clock { pauses: pauses(body), pausable, ..Clock::default() };
                self.clocks.insert(name.clone(), clock);
                return self.timed(&name, body);
            }
            "clock_retimed" => return self.retimed(body),
            "clock_warned" | "clock_breached" | "clock_met" | "clock_ended" => {}
            _ => return Ok(()),
        }
        let name = clock_name(&body["clock"]);
        let Some(clock) = self.clocks.get_mut(&name) else {
            return violated("no clock is lost", format!("INC-{no} {name}: {kind}, but it never started"));
        };
        match kind {
            "clock_warned" => {
                if !clock.warned.insert(body["percent"].as_u64().unwrap_or(0)) {
                    return violated("a warning is given once", format!("INC-{no} {name}"));
                }
            }
            "clock_breached" => {
                if std::mem::replace(&mut clock.breached, true) {
                    return violated("a breach is recorded once", format!("INC-{no} {name}"));
                }
                let due = body["due_at"].as_str().and_then(instant);
                if due != clock.due || clock.ended || due.is_none_or(|due| due >= context.at) {
                    return violated("a breach is at its due instant", format!("INC-{no} {name}"));
                }
            }
            _ => {
                if std::mem::replace(&mut clock.ended, true) {
                    return violated("a clock ends once", format!("INC-{no} {name}"));
                }
                let in_time = clock.due.is_none_or(|due| time(&body["at"]).is_ok_and(|at| at <= due));
                if kind == "clock_met" && !in_time && !clock.breached {
                    return violated("met late is breached", format!("INC-{no} {name}"));
                }
                if kind == "clock_met" {
                    self.informed(&body["clock"]["kind"], context)?;
                }
            }
        }
        Ok(())
    }

    fn retimed(&mut self, body: &Value) -> Result<(), Violation> {
        let (after, name) = (&body["clock"], clock_name(&body["clock"]["id"]));
        let (no, minutes) = (self.no, self.acknowledge_min());
        let Some(clock) = self.clocks.get_mut(&name) else {
            return violated("no clock is lost", format!("INC-{no} {name}: retimed, but it never started"));
        };
        if clock.breached != after["breached_at"].is_string() {
            return violated("a breach is never erased", format!("INC-{no} {name}"));
        }
        clock.ended = !after["ending"].is_null();
        let cause = body["cause"].as_str().unwrap_or_default();
        let target = after["target"].as_str().and_then(length);
        if cause == "severity" && after["id"]["kind"] == "acknowledge" && target != Some(minutes * 60 * SECOND) {
            return violated("targets are those of the pinned policy", format!("INC-{no} {name}: {}", after["target"]));
        }
        // The time between a fulfilment and its withdrawal is known to the entry only.
        if !matches!(cause, "pause" | "unpause") {
            clock.pauses = pauses(after);
        }
        let percents: Vec<u64> =
            after["warnings"].as_array().into_iter().flatten().filter_map(|w| w["percent"].as_u64()).collect();
        let fired = |percent: &u64| {
            let mut warnings = after["warnings"].as_array().into_iter().flatten();
            warnings.any(|warning| warning["percent"].as_u64() == Some(*percent) && !warning["fired_at"].is_null())
        };
        clock.warned.retain(|percent| !percents.contains(percent) || fired(percent));
        self.timed(&name, after)
    }

    /// On a clock that runs day and night, due is the start plus target, grace and pauses.
    fn timed(&mut self, name: &str, body: &Value) -> Result<(), Violation> {
        let (no, aware) = (self.no, self.duties.aware);
        let Some(clock) = self.clocks.get_mut(name) else { return Ok(()) };
        clock.due = body["due_at"].as_str().and_then(instant);
        if !clock.runs() {
            return Ok(());
        }
        let started = time(&body["started_at"])?;
        if !body["id"]["kind"]["statutory"].is_null() && (aware != Some(started) || clock.due != Some(started + LAW)) {
            return violated("the law's clock runs from the first awareness", format!("INC-{no} {name}"));
        }
        let parse = |field: &str| body[field].as_str().and_then(length).unwrap_or(0);
        let due = due(started, parse("target") + parse("grace"), &clock.pauses);
        if due != clock.due {
            let detail = format!("INC-{no} {name}: {due:?}, recorded {:?}", clock.due);
            return violated("due is start, target and pauses", detail);
        }
        Ok(())
    }
}

/// A length after a start, moved by the pauses that begin before it.
fn due(started: i64, length: i64, pauses: &[(i64, Option<i64>)]) -> Option<i64> {
    let mut due = Some(started + length);
    let mut pauses = pauses.to_vec();
    pauses.sort_unstable_by_key(|(from, _)| *from);
    let mut covered = started;
    for (from, to) in pauses {
        let from = from.max(covered);
        due = match (due, to) {
            (Some(due), _) if from >= due => Some(due),
            (Some(due), Some(to)) => Some(due + (to - from).max(0)),
            _ => None,
        };
        covered = to.map_or(covered, |to| to.max(covered));
    }
    due
}

fn pausable(kind: &Value) -> bool {
    let work = ["confirm", "contain", "mitigate", "validate", "resolve", "review"];
    kind.as_str().is_some_and(|kind| work.contains(&kind))
}

fn clock_name(id: &Value) -> String {
    format!("{}#{}", id["kind"], id["cycle"])
}

fn pauses(clock: &Value) -> Vec<(i64, Option<i64>)> {
    let list = clock["pauses"].as_array().into_iter().flatten();
    let pause = |pause: &Value| {
        let end = pause[1].as_str().filter(|end| *end != NEVER).and_then(instant);
        Some((instant(pause[0].as_str()?)?, end))
    };
    list.filter_map(pause).collect()
}
