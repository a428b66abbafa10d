//! `explain`: why an incident is what it is, from its journal; what a signal would do, from a policy.

mod story;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use calendar::Instant;
use engine::View;
use policy::model::{Mode, Policy, Rank};
use serde_json::{Value, json};
use wcore::Signal;
use wcore::decision::SignalRef;
use wcore::event::Entry;
use wcore::trigger::{Detectors, Firing, Observed, Triggers};

use self::story::{Surroundings, story};
use crate::check::Document;
use crate::cli::ExplainArgs;
use crate::client::Client;
use crate::exit::{Ended, Exit, explain};
use crate::{audit, signal};

/// Entries of a timeline asked for at once.
const PAGE: u32 = 200;

pub(crate) async fn run(args: &ExplainArgs) -> anyhow::Result<Exit> {
    match (&args.incident, &args.signal) {
        (Some(id), _) => match &args.data {
            Some(data) => from_data(number(id)?, data, args.json),
            None => from_server(number(id)?, args).await,
        },
        (None, Some(file)) => what_if(file, args),
        (None, None) => Err(Ended::with(Exit::Usage, "name an incident, or a file with --signal")),
    }
}

fn number(id: &str) -> anyhow::Result<u64> {
    let digits = id.strip_prefix("INC-").or_else(|| id.strip_prefix("inc-")).unwrap_or(id);
    digits.parse().map_err(|_| Ended::with(Exit::Usage, format!("`{id}` is no incident's id, such as INC-7")))
}

fn from_data(no: u64, data: &Path, json: bool) -> anyhow::Result<Exit> {
    let view = View::new(audit::reader(data)?);
    let explained = |problem: problem::Problem| explain(&problem);
    let timeline = view.timeline(no).map_err(explained)?;
    if timeline.is_empty() {
        return Err(Ended::with(Exit::Failure, format!("INC-{no} does not exist in {}", data.display())));
    }
    if json {
        println!("{:#}", web::decisions(no, &timeline));
        return Ok(Exit::Ok);
    }
    let pruned = engine::retention::reach(&view).map_err(explained)?.signals;
    let incident = view.incident(no).map_err(explained)?;
    let policy = incident.as_ref().map(|incident| view.policy(&incident.policy)).transpose().map_err(explained)?;
    let stored = Stored { view: &view, policy: policy.flatten(), pruned };
    if let Some(incident) = incident {
        let severity = stored.severity(incident.severity);
        println!("INC-{no}  {}  ({}, {severity})", incident.title, incident.status().word());
        println!("class {}, service {}, policy {}\n", incident.class, incident.service, incident.policy);
    }
    let entries: Vec<Entry> = timeline.into_iter().map(|stored| stored.entry).collect();
    print!("{}", story(&entries, &stored)?);
    Ok(Exit::Ok)
}

/// What a data directory knows besides the events.
struct Stored<'a> {
    view: &'a View,
    /// The policy that the incident is pinned to, for its words; none where it is no longer stored.
    policy: Option<Arc<Policy>>,
    /// The position up to which retention took signals away.
    pruned: u64,
}

impl Surroundings for Stored<'_> {
    fn severity(&self, rank: Rank) -> String {
        let named = self.policy.as_ref().map(|policy| policy.severity_name(rank).to_owned());
        named.unwrap_or_else(|| format!("severity {rank}"))
    }

    fn signal(&self, place: SignalRef) -> anyhow::Result<String> {
        let block = self.view.block(place.position).map_err(|problem| explain(&problem))?;
        let found = block.into_iter().find(|stored| stored.place() == place);
        Ok(match found {
            Some(stored) => signal_words(&stored.signal),
            None if place.position <= self.pruned => "(pruned by retention)".to_owned(),
            None => "(no longer stored)".to_owned(),
        })
    }
}

fn signal_words(signal: &Signal) -> String {
    let value = signal.value.map(|value| format!(" = {value}")).unwrap_or_default();
    let label = signal.label.as_ref().map(|label| format!(" [{label}]")).unwrap_or_default();
    let unit = signal.unit.as_ref().map(|unit| format!(" {} {}", unit.kind, unit.id)).unwrap_or_default();
    format!("{}: {} on {}{value}{label}{unit}", signal.source, signal.metric, signal.service)
}

async fn from_server(no: u64, args: &ExplainArgs) -> anyhow::Result<Exit> {
    let client = Client::from_env(&args.server.server)?;
    let incident = format!("/api/v1/incidents/INC-{no}");
    if args.json {
        println!("{:#}", client.get(&format!("{incident}/decision")).await?);
        return Ok(Exit::Ok);
    }
    let shown = client.get(&incident).await?;
    let word = |path: &str| shown.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let severity = word("/severity/name");
    println!("INC-{no}  {}  ({}, {severity})", word("/title"), word("/status"));
    println!("class {}, service {}, policy {}\n", word("/class"), word("/service"), word("/policy_version"));
    let entries = entries(&client, &incident).await?;
    let rank = shown["severity"]["rank"].as_u64();
    print!("{}", story(&entries, &Asked { rank, severity })?);
    Ok(Exit::Ok)
}

/// The whole timeline of an incident, page by page.
async fn entries(client: &Client, incident: &str) -> anyhow::Result<Vec<Entry>> {
    let (mut entries, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{incident}/timeline?limit={PAGE}{cursor}")).await?;
        let found: Vec<Entry> = serde_json::from_value(page["entries"].clone())
            .context("the server's timeline is not one that this version reads; update this program")?;
        entries.extend(found);
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(entries),
        }
    }
}

/// What a server told of an incident besides its events.
struct Asked {
    rank: Option<u64>,
    severity: String,
}

impl Surroundings for Asked {
    fn severity(&self, rank: Rank) -> String {
        if self.rank == Some(rank.into()) { self.severity.clone() } else { format!("severity {rank}") }
    }

    /// Signals are named only: `GET /api/v1/signals` has them.
    fn signal(&self, _: SignalRef) -> anyhow::Result<String> {
        Ok(String::new())
    }
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
    let mut told = Vec::new();
    for (index, read) in (0..).zip(signals) {
        let signal = read.map_err(|rejected| explain(&rejected.problem))?;
        let observed = Observed { signal: &signal, place: SignalRef { position: 0, index }, now };
        let firings = triggers.observe(&policy, &mut detectors, observed);
        let why_not = triggers.why_not(&policy, &signal);
        if args.json {
            told.push(json!({
                "metric": signal.metric,
                "service": signal.service,
                "not": why_not.iter().map(|(trigger, why)| json!({ "trigger": trigger, "why": why })).collect::<Vec<_>>(),
                "firings": firings.iter().map(|firing| firing_json(firing, &policy)).collect::<Vec<_>>(),
            }));
            continue;
        }
        println!("signal {index}: {} on {}", signal.metric, signal.service);
        if firings.is_empty() {
            println!("  no trigger fires; it is stored, and counts towards those that look at many");
        }
        for firing in &firings {
            let verb = if firing.mode == Mode::Active { "raises" } else { "would raise (observing)" };
            let severity = policy.severity_name(firing.severity);
            println!(
                "  `{}` {verb} {severity} {}: {}",
                firing.decision.trigger, firing.class, firing.decision.statement
            );
            println!("    clause {}", firing.decision.clause.trim());
        }
        for (trigger, why) in &why_not {
            println!("  not `{trigger}`: {why}");
        }
    }
    if args.json {
        println!("{:#}", json!({ "signals": told }));
    }
    Ok(Exit::Ok)
}

fn firing_json(firing: &Firing, policy: &Policy) -> Value {
    json!({
        "trigger": firing.decision.trigger,
        "observes": firing.mode == Mode::Observe,
        "class": firing.class,
        "severity": { "rank": firing.severity, "name": policy.severity_name(firing.severity) },
        "statement": firing.decision.statement,
        "clause": firing.decision.clause.trim(),
    })
}
