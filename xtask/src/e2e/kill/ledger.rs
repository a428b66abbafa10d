//! What a server said, and the comparison with what it says after its death.
//!
//! Said is: an answered signal, an answered command, and an incident with its clocks as it was
//! read. None of it may be taken back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::super::documents;
use crate::http::Api;

/// A clock as it was read last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::e2e) struct Clock {
    started_at: String,
    due_at: Option<String>,
    state: String,
    missed: bool,
}

/// Clocks by id.
type Clocks = BTreeMap<String, Clock>;

/// What one server said between start and death.
#[derive(Default)]
pub(in crate::e2e) struct Said {
    /// Ids of answered signals.
    pub(in crate::e2e) signals: BTreeSet<String>,
    /// Incidents whose acknowledgement was answered.
    pub(in crate::e2e) acknowledged: BTreeSet<String>,
    /// Incidents whose declaration was answered.
    pub(in crate::e2e) declared: BTreeSet<String>,
    /// Incidents that were read.
    pub(in crate::e2e) incidents: BTreeMap<String, Clocks>,
}

impl Said {
    /// Enters an incident as it was read.
    pub(in crate::e2e) fn see(&mut self, incident: &Value) -> Result<()> {
        let id = incident["id"].as_str().with_context(|| format!("an incident without id: {incident}"))?;
        let clocks = incident["clocks"].as_array().with_context(|| format!("{id} has no `clocks`"))?;
        let read = clocks.iter().map(|clock| {
            let text = |name: &str| clock[name].as_str().map(str::to_owned);
            let missing = || format!("{id} has a clock without id, state or start: {clock}");
            let read = Clock {
                started_at: text("started_at").with_context(missing)?,
                due_at: text("due_at"),
                state: text("state").with_context(missing)?,
                missed: !clock["breached_at"].is_null(),
            };
            Ok((text("id").with_context(missing)?, read))
        });
        self.incidents.insert(id.to_owned(), read.collect::<Result<Clocks>>()?);
        Ok(())
    }
}

/// Everything said so far, over all deaths.
#[derive(Default)]
pub(in crate::e2e) struct Ledger {
    said: Said,
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} signals, {} commands, {} clocks", self.signals(), self.commands(), self.clocks())
    }
}

impl Ledger {
    /// Answered signals.
    pub(in crate::e2e) fn signals(&self) -> usize {
        self.said.signals.len()
    }

    /// Answered commands.
    pub(in crate::e2e) fn commands(&self) -> usize {
        self.said.acknowledged.len() + self.said.declared.len()
    }

    /// Incidents that were read.
    pub(in crate::e2e) fn incidents(&self) -> usize {
        self.said.incidents.len()
    }

    /// Clocks that were read.
    pub(in crate::e2e) fn clocks(&self) -> usize {
        self.said.incidents.values().map(BTreeMap::len).sum()
    }

    /// Clocks among them that were missed.
    pub(in crate::e2e) fn missed(&self) -> usize {
        self.said.incidents.values().flat_map(BTreeMap::values).filter(|clock| clock.missed).count()
    }

    /// Enters what a server said until it died.
    pub(in crate::e2e) fn enter(&mut self, said: Said) {
        self.said.signals.extend(said.signals);
        self.said.acknowledged.extend(said.acknowledged);
        self.said.declared.extend(said.declared);
        self.said.incidents.extend(said.incidents);
    }

    /// Holds everything said against the server that runs now, and enters what that one says.
    pub(in crate::e2e) async fn compare(&mut self, api: &Api) -> Result<()> {
        self.compare_signals(api).await?;
        let mut now = Said::default();
        for incident in api.list("/api/v1/incidents", "incidents").await? {
            now.see(&incident)?;
            let id = incident["id"].as_str().unwrap_or_default();
            let is_acknowledged = incident["status"] != "triggered";
            ensure!(
                is_acknowledged || !self.said.acknowledged.contains(id),
                "{id} was acknowledged and is not: {incident}"
            );
        }
        for id in self.said.declared.iter().chain(&self.said.acknowledged) {
            ensure!(now.incidents.contains_key(id), "{id} was declared or acknowledged, and is gone");
        }
        for (id, before) in &self.said.incidents {
            let after = now.incidents.get(id).with_context(|| format!("{id} was read, and is gone"))?;
            compare_clocks(api, id, before, after).await?;
        }
        self.said.incidents = now.incidents;
        Ok(())
    }

    async fn compare_signals(&self, api: &Api) -> Result<()> {
        let mut stored = BTreeSet::new();
        for row in api.list("/api/v1/signals", "signals").await? {
            let id = row["external_id"].as_str().with_context(|| format!("a signal without `external_id`: {row}"))?;
            ensure!(stored.insert(id.to_owned()), "the signal {id} is stored twice");
        }
        let lost: Vec<&String> = self.said.signals.difference(&stored).collect();
        ensure!(lost.is_empty(), "{} answered signals are gone, such as {}", lost.len(), lost[0]);
        Ok(())
    }
}

/// Every clock is there, with its instants; where something changed, the timeline says why.
async fn compare_clocks(api: &Api, id: &str, before: &Clocks, after: &Clocks) -> Result<()> {
    if before == after {
        return Ok(());
    }
    let told = told(api, id).await?;
    for (name, was) in before {
        let is = after.get(name).with_context(|| format!("{id}: the clock {name} is gone"))?;
        ensure!(is.started_at == was.started_at, "{id}: {name} started at {}, now {}", was.started_at, is.started_at);
        let has = |kinds: &[&str]| kinds.iter().any(|kind| told.contains(&(name.clone(), (*kind).to_owned())));
        ensure!(
            is.due_at == was.due_at || has(&["clock_retimed"]),
            "{id}: {name} was due {:?}, now {:?}",
            was.due_at,
            is.due_at
        );
        ensure!(is.missed || !was.missed, "{id}: {name} was missed, and now it was not");
        let explained = ["clock_met", "clock_ended", "clock_breached", "clock_warned", "clock_retimed"];
        ensure!(
            is.state == was.state || has(&explained),
            "{id}: {name} went from {} to {} without an event",
            was.state,
            is.state
        );
    }
    Ok(())
}

/// The clocks of an incident that its timeline speaks of, and how. A miss must be told once.
async fn told(api: &Api, id: &str) -> Result<BTreeSet<(String, String)>> {
    let mut told = BTreeSet::new();
    for entry in documents::timeline(api, id).await? {
        for (kind, content) in documents::events(&entry) {
            let clock = if kind == "clock_retimed" { &content["clock"]["id"] } else { &content["clock"] };
            if clock.is_null() {
                continue;
            }
            let fresh = told.insert((documents::clock_name(clock)?, kind.clone()));
            if kind == "clock_breached" && !fresh {
                bail!("{id}: the miss of {clock} was recorded twice");
            }
        }
    }
    Ok(told)
}
