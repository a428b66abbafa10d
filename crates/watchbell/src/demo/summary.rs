//! What the demonstration came to, read from its journal.

use std::fmt;
use std::path::{Path, PathBuf};

use engine::Engine;
use journal::{DeliveryFilter, IncidentFilter};
use wcore::Incident;
use wcore::clock::Clock;

use crate::exit::explain;

/// Deliveries counted at most: the demonstration sends some dozens.
const MOST: u32 = 10_000;

pub(super) struct Summary {
    folder: PathBuf,
    incidents: Vec<Incident>,
    severities: Vec<String>,
    pages: usize,
    people: Vec<String>,
}

impl Summary {
    pub(super) async fn gather(engine: &Engine, folder: &Path) -> anyhow::Result<Summary> {
        let read = engine.read(|view| {
            let incidents = view.incidents(&IncidentFilter::default(), 100)?;
            let deliveries = view.deliveries(&DeliveryFilter::default(), MOST)?;
            Ok((incidents, deliveries))
        });
        let (mut incidents, deliveries) = read.await.map_err(|problem| explain(&problem))?;
        incidents.reverse();
        let rules = engine.rules();
        let severities = incidents.iter().map(|i| rules.policy.severity_name(i.severity).to_owned()).collect();
        let mut people: Vec<String> = deliveries.iter().map(|delivery| delivery.person.clone()).collect();
        people.sort();
        people.dedup();
        Ok(Summary { folder: folder.to_owned(), incidents, severities, pages: deliveries.len(), people })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nWhat happened")?;
        for (incident, severity) in self.incidents.iter().zip(&self.severities) {
            writeln!(f, "  INC-{} {severity} {} ({})", incident.no, incident.title, incident.status().word())?;
            let names = |keep: fn(&&Clock) -> bool| {
                let names: Vec<String> = incident.clocks.iter().filter(keep).map(|c| c.id.to_string()).collect();
                if names.is_empty() { "none".to_owned() } else { names.join(", ") }
            };
            writeln!(f, "    met     {}", names(|c| c.met_at.is_some() && c.breached_at.is_none()))?;
            writeln!(f, "    missed  {}", names(|c| c.breached_at.is_some()))?;
            writeln!(f, "    running {}", names(|c| c.is_open()))?;
        }
        writeln!(f, "  {} pages and notices to {}", self.pages, self.people.join(", "))?;
        let folder = self.folder.display();
        writeln!(f, "\nIts journal is in {folder}")?;
        writeln!(f, "  watchbell audit verify --data {folder}")?;
        writeln!(f, "  watchbell explain INC-1 --data {folder}")
    }
}
