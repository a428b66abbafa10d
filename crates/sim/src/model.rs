//! The naive model: incidents folded once more, from the journal's JSON, with nothing of the core.
//!
//! It knows only what the invariants speak about, and is as simple as it can be. Reading order:
//! here what an incident is and what must hold whenever the engine rests, then `clocks`, `duties`
//! (roles and proof), `steps` (of checklists), `words`, and `firing` (what signals must have raised).

mod clocks;
mod duties;
mod firing;
mod steps;
mod words;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::documents::KNOWN;
use crate::plan::SECOND;
use crate::text::instant;
use clocks::Clock;
use duties::Duties;
pub(crate) use firing::{Expected, Firings};
use words::Words;

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

/// The longest silence that the documents allow before an unacknowledged SEV-1 pages again.
const LONGEST_SILENCE: i64 = 10 * 60 * SECOND;

/// Without a receipt for a step the next one is paged within this time.
const RECEIPT_WITHIN: i64 = 120 * SECOND;

/// One incident.
#[derive(Clone, Debug, Default)]
pub(crate) struct Incident {
    no: u64,
    pub(crate) class: String,
    pub(crate) service: String,
    restricted: bool,
    /// Version of the documents that it is pinned to.
    version: usize,
    pub(crate) severity: u64,
    acknowledged: bool,
    open: bool,
    paused: bool,
    clocks: BTreeMap<String, Clock>,
    /// When the escalation goes on.
    next_page: Option<i64>,
    /// Until when the page of a step waits for a receipt.
    receipt_due: Option<i64>,
    /// Since when it is silent, or was raised.
    silent_since: i64,
    pub(crate) duties: Duties,
    pub(crate) words: Words,
    steps: steps::Steps,
    /// Up to then nothing has to be written about it.
    rests_until: i64,
}

/// All incidents.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) incidents: BTreeMap<u64, Incident>,
}

/// Where an event stands.
struct Context<'a> {
    at: i64,
    by_person: bool,
    events: &'a [Value],
    acknowledged_before: bool,
}

impl Model {
    /// Takes one row of the journal in, or says what is wrong with it.
    pub(crate) fn entry(&mut self, no: u64, entry: &Value) -> Result<(), Violation> {
        let events = entry["events"].as_array().map(Vec::as_slice).unwrap_or_default();
        let context = Context {
            at: time(&entry["at"])?,
            by_person: entry["by"]["person"].is_string(),
            events,
            acknowledged_before: self.incidents.get(&no).is_some_and(|incident| incident.acknowledged),
        };
        if let Some(opened) = events.first().and_then(|event| event.get("opened")) {
            if self.incidents.contains_key(&no) {
                return violated("opened once", format!("INC-{no}"));
            }
            self.incidents.insert(no, Incident::open(no, opened, &context)?);
        }
        let Some(incident) = self.incidents.get_mut(&no) else {
            return violated("opened first", format!("INC-{no}"));
        };
        for event in events {
            let Some((kind, body)) = name(event) else { return violated("readable", event.to_string()) };
            incident.event(kind, body, &context)?;
        }
        incident.after(&context)
    }

    /// What must hold whenever the engine has nothing left to do, at its own time `now`.
    pub(crate) fn at_rest(&self, now: i64) -> Result<(), Violation> {
        self.incidents.values().filter(|incident| incident.rests_until < now).try_for_each(|found| found.judge(now))
    }
}

impl Incident {
    fn open(no: u64, body: &Value, context: &Context<'_>) -> Result<Incident, Violation> {
        let word = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
        let version = crate::documents::version_of(body["policy"].as_str().unwrap_or_default());
        let incident = Incident {
            no,
            class: word("class"),
            service: word("service"),
            restricted: body["restricted"] == true,
            version: version.unwrap_or(0),
            severity: body["severity"].as_u64().unwrap_or(0),
            open: true,
            silent_since: context.at,
            duties: Duties::since(context.at),
            ..Incident::default()
        };
        let minutes = incident.acknowledge_min();
        let promised = context.events.iter().filter_map(|event| event.get("clock_started")).any(|clock| {
            clock["id"]["kind"] == "acknowledge"
                && clock["due_at"].as_str().and_then(instant) == Some(context.at + minutes * 60 * SECOND)
        });
        // Several triggers at once raise it in the same entry: then the target is the stricter one's.
        let raised = context.events.iter().any(|event| event.get("severity_changed").is_some());
        if !promised && !raised {
            let detail = format!("INC-{no} opened without `acknowledge` due after {minutes} min");
            return violated("no clock is lost", detail);
        }
        Ok(incident)
    }

    /// The target of an acknowledgement under its policy and severity, in minutes.
    fn acknowledge_min(&self) -> i64 {
        match self.severity {
            1 => KNOWN[self.version].acknowledge_min,
            2 => 20,
            _ => 60,
        }
    }

    fn event(&mut self, kind: &str, body: &Value, context: &Context<'_>) -> Result<(), Violation> {
        let Context { at, .. } = *context;
        match kind {
            "acknowledged" => {
                if !context.by_person {
                    return violated("only a person acknowledges", format!("INC-{}", self.no));
                }
                self.acknowledged = true;
            }
            "resolved" => self.open = false,
            "reopened" => (self.open, self.silent_since) = (true, at),
            "severity_changed" => (self.severity, self.silent_since) = (body["to"].as_u64().unwrap_or(0), at),
            "escalation_planned" => self.next_page = Some(time(&body["at"])?),
            "escalation_stopped" => (self.next_page, self.receipt_due) = (None, None),
            "receipt_awaited" => self.receipt_due = Some(time(&body["until"])?),
            "step_received" | "receipt_missing" => self.receipt_due = None,
            "page_requested" if body["reason"]["escalation"].is_object() => {
                if context.acknowledged_before || self.acknowledged {
                    return violated("nobody is paged after the acknowledgement", format!("INC-{}", self.no));
                }
                (self.silent_since, self.receipt_due) = (at, None);
            }
            "checklist" => self.followed(body, context)?,
            "paused" | "unpaused" => self.pause(kind == "paused", at),
            _ => {}
        }
        self.clock_event(kind, body, context)?;
        self.duty(kind, body, context)?;
        self.said(kind, body, context)
    }

    /// What must hold after every entry.
    fn after(&mut self, context: &Context<'_>) -> Result<(), Violation> {
        self.clocks_after()?;
        self.awaits_receipt(context)?;
        self.duties_after(context)?;
        let clocks = self.clocks.values().filter(|clock| clock.runs()).filter_map(|clock| clock.due);
        let unsent = self.words.unsent_until();
        // What speaks of the next page is judged at every rest while nobody has taken it.
        let page = self.must_speak().then_some(i64::MIN);
        let receipt = self.receipt_due.filter(|_| !self.acknowledged && self.open).map(|until| until - 1);
        self.rests_until = clocks.chain(unsent).chain(page).chain(receipt).min().unwrap_or(i64::MAX);
        Ok(())
    }

    fn judge(&self, now: i64) -> Result<(), Violation> {
        let overdue = |clock: &&Clock| clock.runs() && clock.due.is_some_and(|due| due < now);
        if let Some((name, clock)) = self.clocks.iter().find(|(_, clock)| overdue(clock)) {
            let late = (now - clock.due.unwrap_or(now)) as f64 / SECOND as f64;
            return violated("a breach is recorded at once", format!("INC-{} {name} is overdue by {late} s", self.no));
        }
        if self.words.unsent_until().is_some_and(|until| until < now) {
            return violated("approved words are not forgotten", format!("INC-{}", self.no));
        }
        let waits = !self.acknowledged && self.open;
        if waits && self.receipt_due.is_some_and(|until| until <= now) {
            return violated("without a receipt the next step is paged", format!("INC-{}: it is overdue", self.no));
        }
        if self.must_speak() { self.speaks(now) } else { Ok(()) }
    }

    /// A step that was just paged waits no longer for a receipt than it may, or is followed sooner.
    fn awaits_receipt(&self, context: &Context<'_>) -> Result<(), Violation> {
        let mut pages = context.events.iter().filter_map(|event| event.get("page_requested"));
        let paged = pages.rfind(|page| page["reason"]["escalation"].is_object());
        // Beyond the fallback stands nobody.
        let Some(page) = paged.filter(|page| page["parties"] != serde_json::json!(["fallback"])) else { return Ok(()) };
        let next = [self.receipt_due, self.next_page].into_iter().flatten().min();
        if self.acknowledged || !self.open || next.is_some_and(|next| next <= context.at + RECEIPT_WITHIN) {
            return Ok(());
        }
        violated("without a receipt the next step is paged", format!("INC-{}: nobody waits for {page}", self.no))
    }

    /// It is a SEV-1 that nobody has taken.
    fn must_speak(&self) -> bool {
        !self.acknowledged && self.open && self.severity == 1
    }

    /// An unacknowledged SEV-1 never falls silent.
    fn speaks(&self, now: i64) -> Result<(), Violation> {
        let silent = match self.next_page {
            Some(at) if at <= now => "a step is overdue".to_owned(),
            Some(at) if at - self.silent_since > LONGEST_SILENCE + SECOND => {
                format!("silent for {} s", (at - self.silent_since) / SECOND)
            }
            Some(_) => return Ok(()),
            None => "nothing further is planned".to_owned(),
        };
        violated("a SEV-1 never falls silent", format!("INC-{}: {silent}", self.no))
    }
}

/// An event's kind and content; an event without content is a word.
pub(crate) fn name(event: &Value) -> Option<(&str, &Value)> {
    match event {
        Value::String(kind) => Some((kind.as_str(), &Value::Null)),
        Value::Object(fields) => fields.iter().next().map(|(kind, body)| (kind.as_str(), body)),
        _ => None,
    }
}

fn time(value: &Value) -> Result<i64, Violation> {
    let Some(at) = value.as_str().and_then(instant) else {
        return violated("readable", format!("{value} is no instant"));
    };
    Ok(at)
}
