//! `explain`: why an incident is what it is, from its journal; what a signal would do, from a policy.

use std::path::Path;
use std::sync::Arc;

use calendar::Instant;
use engine::{StoredEntry, View};
use policy::model::Mode;
use wcore::decision::{Decision, SignalRef};
use wcore::event::Event;
use wcore::trigger::{Detectors, Observed, Triggers};

use crate::check::Document;
use crate::cli::ExplainArgs;
use crate::client::Client;
use crate::exit::{Ended, Exit, explain};
use crate::{audit, signal};

pub(crate) async fn run(args: &ExplainArgs) -> anyhow::Result<Exit> {
    match (&args.incident, &args.signal) {
        (Some(id), _) => match &args.data {
            Some(data) => from_data(id, data, args.json),
            None => from_server(id, args).await,
        },
        (None, Some(file)) => what_if(file, args),
        (None, None) => Err(Ended::with(Exit::Usage, "name an incident, or a file with --signal")),
    }
}

fn number(id: &str) -> anyhow::Result<u64> {
    let digits = id.strip_prefix("INC-").or_else(|| id.strip_prefix("inc-")).unwrap_or(id);
    digits.parse().map_err(|_| Ended::with(Exit::Usage, format!("`{id}` is no incident's id, such as INC-7")))
}

fn from_data(id: &str, data: &Path, json: bool) -> anyhow::Result<Exit> {
    let no = number(id)?;
    let view = View::new(audit::reader(data)?);
    let timeline = view.timeline(no).map_err(|problem| explain(&problem))?;
    if timeline.is_empty() {
        return Err(Ended::with(Exit::Failure, format!("INC-{no} does not exist in {}", data.display())));
    }
    if json {
        let decisions: Vec<&Decision> = decisions(&timeline).into_iter().map(|(_, decision)| decision).collect();
        println!("{:#}", serde_json::json!({"id": format!("INC-{no}"), "decisions": decisions}));
        return Ok(Exit::Ok);
    }
    let policy = Pinned::of(&view, &timeline)?;
    let incident = view.incident(no).map_err(|problem| explain(&problem))?;
    if let Some(incident) = incident {
        let severity = policy.severity(incident.severity);
        println!("INC-{no}  {}  ({}, {severity})", incident.title, incident.status().word());
        println!("class {}, service {}, policy {}\n", incident.class, incident.service, incident.policy);
    }
    for stored in &timeline {
        for event in &stored.entry.events {
            tell(stored, event, &view, &policy)?;
        }
    }
    Ok(Exit::Ok)
}

/// The policy that an incident is pinned to, for its words.
struct Pinned(Option<Arc<policy::model::Policy>>);

impl Pinned {
    fn of(view: &View, timeline: &[StoredEntry]) -> anyhow::Result<Pinned> {
        let opened = timeline.iter().flat_map(|stored| &stored.entry.events).find_map(|event| match event {
            Event::Opened(opened) => Some(opened.policy.as_str()),
            _ => None,
        });
        let Some(id) = opened else { return Ok(Pinned(None)) };
        Ok(Pinned(view.policy(id).map_err(|problem| explain(&problem))?))
    }

    /// A severity as the policy names it; its rank where that policy is no longer stored.
    fn severity(&self, rank: policy::model::Rank) -> String {
        let named = self.0.as_ref().map(|policy| policy.severity_name(rank).to_owned());
        named.unwrap_or_else(|| format!("severity {rank}"))
    }
}

fn decisions(timeline: &[StoredEntry]) -> Vec<(Instant, &Decision)> {
    let events = timeline.iter().flat_map(|stored| stored.entry.events.iter().map(|event| (stored.entry.at, event)));
    events
        .filter_map(|(at, event)| match event {
            Event::Opened(opened) => opened.decision.as_ref().map(|decision| (at, decision)),
            Event::Attached(attached) => Some((at, &attached.decision)),
            _ => None,
        })
        .collect()
}

/// The events that say why: what opened it, what was added, what changed its severity.
fn tell(stored: &StoredEntry, event: &Event, view: &View, policy: &Pinned) -> anyhow::Result<()> {
    let at = stored.entry.at;
    match event {
        Event::Opened(opened) => match &opened.decision {
            Some(decision) => {
                let severity = policy.severity(opened.severity);
                println!("{at}  opened by trigger `{}` as {severity}", decision.trigger);
                show(decision, view)?;
            }
            None => println!("{at}  declared by {:?}", stored.entry.by),
        },
        Event::Attached(attached) => {
            let decision = &attached.decision;
            println!("{at}  {} more by trigger `{}`", decision.count, decision.trigger);
            show(decision, view)?;
        }
        Event::SeverityChanged { from, to, reason } => {
            println!("{at}  {} → {}: {reason}", policy.severity(*from), policy.severity(*to));
        }
        Event::SourceCleared { alerts, firing } => {
            println!("{at}  source cleared {} alerts, {firing} still fire", alerts.len());
        }
        _ => {}
    }
    Ok(())
}

fn show(decision: &Decision, view: &View) -> anyhow::Result<()> {
    println!("    because {}", decision.statement);
    println!("    clause  {}", decision.clause.trim());
    println!("    policy  {}", decision.policy);
    let pruned = engine::retention::reach(view).map_err(|problem| explain(&problem))?.signals;
    for place in &decision.signals {
        match find(*place, view)? {
            Some(text) => println!("    signal  {}#{}  {text}", place.position, place.index),
            None if place.position <= pruned => {
                println!("    signal  {}#{}  (pruned by retention)", place.position, place.index);
            }
            None => println!("    signal  {}#{}  (no longer stored)", place.position, place.index),
        }
    }
    Ok(())
}

fn find(place: SignalRef, view: &View) -> anyhow::Result<Option<String>> {
    let after = place.position.saturating_sub(1);
    let signals = view.signals(after, 1).map_err(|problem| explain(&problem))?;
    let found = signals.into_iter().find(|s| s.position == place.position && s.index == place.index);
    Ok(found.map(|stored| {
        let signal = stored.signal;
        let value = signal.value.map(|value| format!(" = {value}")).unwrap_or_default();
        let label = signal.label.map(|label| format!(" [{label}]")).unwrap_or_default();
        let unit = signal.unit.map(|unit| format!(" {} {}", unit.kind, unit.id)).unwrap_or_default();
        format!("{}: {} on {}{value}{label}{unit}", signal.source, signal.metric, signal.service)
    }))
}

async fn from_server(id: &str, args: &ExplainArgs) -> anyhow::Result<Exit> {
    let no = number(id)?;
    let client = Client::from_env(&args.server.server)?;
    let decision = client.get(&format!("/api/v1/incidents/INC-{no}/decision")).await?;
    println!("{decision:#}");
    Ok(Exit::Ok)
}

/// What one signal would do under a policy, with nothing remembered from before.
fn what_if(file: &Path, args: &ExplainArgs) -> anyhow::Result<Exit> {
    let (policy, roster) = (Document::read(&args.policy)?, Document::read(&args.roster)?);
    let loaded = policy::load(policy.source(), roster.source());
    let Some(policy_model) = loaded.policy else {
        eprint!("{}", policy::render(&loaded.diagnostics, &[policy.source(), roster.source()], false));
        return Ok(Exit::Failure);
    };
    let policy = Arc::new(policy_model);
    let bytes = signal::read(file)?;
    let now = Instant::from(jiff::Timestamp::now());
    let signals = intake::native::read(&bytes, now).map_err(|problem| explain(&problem))?;
    let triggers = Triggers::new(&policy);
    let mut detectors = Detectors::default();
    for (index, read) in (0..).zip(signals) {
        let signal = read.map_err(|rejected| explain(&rejected.problem))?;
        let observed = Observed { signal: &signal, place: SignalRef { position: 0, index }, now };
        let firings = triggers.observe(&policy, &mut detectors, observed);
        println!("signal {index}: {} on {}", signal.metric, signal.service);
        if firings.is_empty() {
            println!("  no trigger fires; it is stored, and counts towards those that look at many");
        }
        for firing in firings {
            let verb = if firing.mode == Mode::Active { "raises" } else { "would raise (observing)" };
            let severity = policy.severity_name(firing.severity);
            println!(
                "  `{}` {verb} {severity} {}: {}",
                firing.decision.trigger, firing.class, firing.decision.statement
            );
            println!("    clause {}", firing.decision.clause.trim());
        }
    }
    Ok(Exit::Ok)
}
