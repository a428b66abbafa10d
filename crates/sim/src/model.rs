//! The naive model: incidents folded once more, from the journal's JSON, with nothing of the core.
//!
//! It knows only what the invariants speak about, and is as simple as it can be.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::documents::KNOWN;
use crate::plan::SECOND;
use crate::text::{instant, length};

/// An invariant does not hold: its name, and what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The invariant.
    pub invariant: &'static str,
    /// What was seen.
    pub detail: String,
}

/// Judges that an invariant does not hold.
pub(crate) fn violated<T>(invariant: &'static str, detail: impl Into<String>) -> Result<T, Violation> {
    Err(Violation { invariant, detail: detail.into() })
}

/// The end of time in the journal: an open pause ends there.
const NEVER: &str = "9998-12-31T00:00:00Z";
/// The longest silence that the documents allow before an unacknowledged SEV-1 pages again.
const LONGEST_SILENCE: i64 = 10 * 60 * SECOND;

/// One promise.
#[derive(Clone, Debug, Default)]
struct Clock {
    due: Option<i64>,
    /// Pauses as the model saw them begin and end.
    pauses: Vec<(i64, Option<i64>)>,
    breached: bool,
    ended: bool,
    warned: BTreeSet<u64>,
}

/// One incident.
#[derive(Clone, Debug, Default)]
pub(crate) struct Incident {
    pub(crate) severity: u64,
    pub(crate) acknowledged: bool,
    pub(crate) open: bool,
    clocks: BTreeMap<String, Clock>,
    /// When the escalation goes on.
    next_page: Option<i64>,
    /// Until when the page of a step waits for a receipt.
    receipt_due: Option<i64>,
    /// Since when it is silent, or was raised.
    silent_since: i64,
    fixer: Option<String>,
    mitigated_by: Option<String>,
    /// Audiences of messages, and whether a person published them.
    updates: BTreeMap<u64, (String, bool)>,
}

/// All incidents.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) incidents: BTreeMap<u64, Incident>,
    /// Versions of the documents by the policy's id, and which one is in force.
    pub(crate) policies: BTreeMap<String, usize>,
}

impl Model {
    /// Takes one row of the journal in, or says what is wrong with it.
    pub(crate) fn entry(&mut self, no: u64, entry: &Value) -> Result<(), Violation> {
        let at = time(&entry["at"])?;
        let by_person = entry["by"]["person"].is_string();
        let none = Vec::new();
        let events = entry["events"].as_array().unwrap_or(&none);
        let acknowledged_before = self.incidents.get(&no).is_some_and(|incident| incident.acknowledged);
        for event in events {
            let Some((kind, body)) = name(event) else { return violated("readable", event.to_string()) };
            if kind == "opened" {
                self.open(no, body, at, events)?;
            }
            let Some(incident) = self.incidents.get_mut(&no) else {
                return violated("opened first", format!("INC-{no}: {kind}"));
            };
            let context = Context { no, at, by_person, events, acknowledged_before };
            incident.event(kind, body, &context)?;
        }
        Ok(())
    }

    fn open(&mut self, no: u64, body: &Value, at: i64, events: &[Value]) -> Result<(), Violation> {
        let severity = body["severity"].as_u64().unwrap_or(0);
        let version = body["policy"].as_str().and_then(|id| self.policies.get(id)).copied().unwrap_or(0);
        let minutes = [KNOWN[version].acknowledge_min, 20, 60];
        let minutes = minutes[usize::try_from(severity.clamp(1, 3) - 1).unwrap_or(0)];
        let promised = events.iter().filter_map(|event| event.get("clock_started")).any(|clock| {
            clock["id"]["kind"] == "acknowledge"
                && clock["due_at"].as_str().and_then(instant) == Some(at + minutes * 60 * SECOND)
        });
        // Several triggers at once raise it in the same entry: then the target is the stricter one's.
        let raised = events.iter().any(|event| event.get("severity_changed").is_some());
        if !promised && !raised {
            return violated(
                "no clock is lost",
                format!("INC-{no} opened without `acknowledge` due after {minutes} min"),
            );
        }
        if self.incidents.contains_key(&no) {
            return violated("opened once", format!("INC-{no}"));
        }
        let incident = Incident { severity, open: true, silent_since: at, ..Incident::default() };
        self.incidents.insert(no, incident);
        Ok(())
    }

    /// What must hold whenever the engine has nothing left to do, at its own time `now`.
    pub(crate) fn at_rest(&self, now: i64) -> Result<(), Violation> {
        for (no, incident) in &self.incidents {
            let overdue = |clock: &&Clock| !clock.ended && !clock.breached && clock.due.is_some_and(|due| due < now);
            if let Some((name, clock)) = incident.clocks.iter().find(|(_, clock)| overdue(clock)) {
                let late = (now - clock.due.unwrap_or(now)) as f64 / SECOND as f64;
                return violated("a breach is recorded at once", format!("INC-{no} {name} is overdue by {late} s"));
            }
            incident.speaks(*no, now)?;
        }
        Ok(())
    }
}

/// Where an event stands.
struct Context<'a> {
    no: u64,
    at: i64,
    by_person: bool,
    events: &'a [Value],
    acknowledged_before: bool,
}

impl Incident {
    /// An unacknowledged SEV-1 never falls silent.
    fn speaks(&self, no: u64, now: i64) -> Result<(), Violation> {
        if self.acknowledged || !self.open {
            return Ok(());
        }
        if self.receipt_due.is_some_and(|until| until <= now) {
            return violated("without a receipt the next step is paged", format!("INC-{no}: it is overdue"));
        }
        if self.severity != 1 {
            return Ok(());
        }
        match self.next_page {
            Some(at) if at <= now => violated("a SEV-1 never falls silent", format!("INC-{no}: a step is overdue")),
            Some(at) if at - self.silent_since > LONGEST_SILENCE + SECOND => violated(
                "a SEV-1 never falls silent",
                format!("INC-{no}: silent for {} s", (at - self.silent_since) / SECOND),
            ),
            Some(_) => Ok(()),
            None => violated("a SEV-1 never falls silent", format!("INC-{no}: nothing further is planned")),
        }
    }

    fn event(&mut self, kind: &str, body: &Value, context: &Context<'_>) -> Result<(), Violation> {
        let Context { no, at, .. } = *context;
        match kind {
            "acknowledged" => self.acknowledged = true,
            "resolved" => self.open = false,
            // What is withdrawn is no longer anybody's fix.
            "reopened" => (self.open, self.silent_since, self.mitigated_by) = (true, at, None),
            "severity_changed" => (self.severity, self.silent_since) = (body["to"].as_u64().unwrap_or(0), at),
            "escalation_planned" => self.next_page = Some(time(&body["at"])?),
            "escalation_stopped" => (self.next_page, self.receipt_due) = (None, None),
            "receipt_awaited" => self.receipt_due = Some(time(&body["until"])?),
            "step_received" | "receipt_missing" => self.receipt_due = None,
            "page_requested" if body["reason"]["escalation"].is_object() => {
                if context.acknowledged_before || self.acknowledged {
                    return violated("nobody is paged after the acknowledgement", format!("INC-{no}"));
                }
                (self.silent_since, self.receipt_due) = (at, None);
            }
            "role_assigned" if body["role"] == "remediation" => self.fixer = body["person"].as_str().map(str::to_owned),
            "role_vacant" if body["role"] == "remediation" => self.fixer = None,
            "mitigated" => self.mitigated_by = body["act"]["by"].as_str().map(str::to_owned),
            "validated" => {
                let by = body["act"]["by"].as_str().map(str::to_owned);
                if by == self.fixer || by == self.mitigated_by {
                    return violated("nobody proves the own fix", format!("INC-{no}: {by:?}"));
                }
                if body["passed"] == false {
                    self.mitigated_by = None;
                }
            }
            "hold_broken" => self.mitigated_by = None,
            "paused" => self.each_pausable(|clock| clock.pauses.push((at, None))),
            "unpaused" => self.each_pausable(|clock| {
                clock.pauses.iter_mut().filter(|(_, end)| end.is_none()).for_each(|pause| pause.1 = Some(at));
            }),
            "update_published" => {
                let audience = body["audience"].as_str().unwrap_or_default().to_owned();
                self.updates.insert(body["no"].as_u64().unwrap_or(0), (audience, context.by_person));
            }
            _ if kind.starts_with("clock_") => self.clock(kind, body, context)?,
            _ => {}
        }
        Ok(())
    }

    fn each_pausable(&mut self, change: impl Fn(&mut Clock)) {
        let work = ["confirm", "contain", "mitigate", "validate", "resolve", "review"];
        let pausable = |name: &str| work.iter().any(|kind| name.starts_with(&format!("\"{kind}\"")));
        let running = self.clocks.iter_mut().filter(|(name, clock)| pausable(name) && !clock.ended && !clock.breached);
        running.for_each(|(_, clock)| change(clock));
    }

    fn clock(&mut self, kind: &str, body: &Value, context: &Context<'_>) -> Result<(), Violation> {
        let no = context.no;
        match kind {
            "clock_started" => {
                let name = clock_name(&body["id"]);
                if self.clocks.contains_key(&name) {
                    return violated("no clock is lost", format!("INC-{no} {name} started twice"));
                }
                let clock = Clock { pauses: pauses(body), ..Clock::default() };
                self.clocks.insert(name.clone(), clock);
                return self.timed(&name, body, no);
            }
            "clock_retimed" => return self.retimed(body, no),
            _ => {}
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

    fn retimed(&mut self, body: &Value, no: u64) -> Result<(), Violation> {
        let (after, name) = (&body["clock"], clock_name(&body["clock"]["id"]));
        let Some(clock) = self.clocks.get_mut(&name) else {
            return violated("no clock is lost", format!("INC-{no} {name}: retimed, but it never started"));
        };
        if clock.breached != after["breached_at"].is_string() {
            return violated("a breach is never erased", format!("INC-{no} {name}"));
        }
        clock.ended = !after["ending"].is_null();
        // The time between a fulfilment and its withdrawal is known to the entry only.
        if !matches!(body["cause"].as_str(), Some("pause" | "unpause")) {
            clock.pauses = pauses(after);
        }
        let percents: Vec<u64> =
            after["warnings"].as_array().into_iter().flatten().filter_map(|w| w["percent"].as_u64()).collect();
        let fired = |percent: &u64| {
            let mut warnings = after["warnings"].as_array().into_iter().flatten();
            warnings.any(|warning| warning["percent"].as_u64() == Some(*percent) && !warning["fired_at"].is_null())
        };
        clock.warned.retain(|percent| !percents.contains(percent) || fired(percent));
        self.timed(&name, after, no)
    }

    /// On a clock that runs day and night, due is the start plus target, grace and pauses.
    fn timed(&mut self, name: &str, body: &Value, no: u64) -> Result<(), Violation> {
        let Some(clock) = self.clocks.get_mut(name) else { return Ok(()) };
        clock.due = body["due_at"].as_str().and_then(instant);
        if clock.breached || clock.ended {
            return Ok(());
        }
        let parse = |field: &str| body[field].as_str().and_then(length).unwrap_or(0);
        let mut due = Some(time(&body["started_at"])? + parse("target") + parse("grace"));
        let started = time(&body["started_at"])?;
        let mut pauses = clock.pauses.clone();
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
        if due != clock.due {
            return violated(
                "due is start, target and pauses",
                format!("INC-{no} {name}: {due:?}, recorded {:?}", clock.due),
            );
        }
        Ok(())
    }

    /// Whoever waits to hear has heard only when a person's words could be seen.
    fn informed(&self, kind: &Value, context: &Context<'_>) -> Result<(), Violation> {
        let audience = ["notify", "update", "closing"].iter().find_map(|word| kind[*word].as_str());
        let Some(audience) = audience else { return Ok(()) };
        let shown = context.events.iter().filter_map(|event| event.get("update_visible"));
        let mut words = shown.filter_map(|shown| self.updates.get(&shown["update"].as_u64()?));
        if words.any(|(to, by_person)| to == audience && *by_person) {
            return Ok(());
        }
        violated("only a person's visible words inform", format!("INC-{}: {audience}", context.no))
    }
}

/// An event's kind and content; an event without content is a word.
fn name(event: &Value) -> Option<(&str, &Value)> {
    match event {
        Value::String(kind) => Some((kind.as_str(), &Value::Null)),
        Value::Object(fields) => fields.iter().next().map(|(kind, body)| (kind.as_str(), body)),
        _ => None,
    }
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

fn time(value: &Value) -> Result<i64, Violation> {
    let Some(at) = value.as_str().and_then(instant) else {
        return violated("readable", format!("{value} is no instant"));
    };
    Ok(at)
}
