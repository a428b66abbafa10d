//! What is public, as data: a page, its components, its incidents with their updates.
//!
//! Pure. Who reads it sees no more than strangers may.

use calendar::Instant;
use policy::model::Rank;
use wcore::incident::Status;

/// Everything public at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Board {
    /// Whose page it is.
    pub(crate) organization: String,
    /// Opaque id of the page.
    pub(crate) id: String,
    /// Where it is, such as `https://status.example.com`.
    pub(crate) url: String,
    /// The last change of anything on it.
    pub(crate) updated_at: Instant,
    /// Parts of the product that customers know, by name.
    pub(crate) components: Vec<Component>,
    /// Incidents with at least one public update, newest first.
    pub(crate) incidents: Vec<Incident>,
}

/// A part of the product that customers know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Component {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) state: State,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
}

/// How a component does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Operational,
    Degraded,
    PartialOutage,
    MajorOutage,
}

/// How bad an incident is for customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Impact {
    Minor,
    Major,
    Critical,
}

/// How far an incident is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Investigating,
    Identified,
    Monitoring,
    Resolved,
}

/// An incident as customers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Incident {
    pub(crate) id: String,
    /// The component, and how its first update began.
    pub(crate) name: String,
    pub(crate) phase: Phase,
    pub(crate) impact: Impact,
    /// The component's name, if its service has one.
    pub(crate) component: Option<String>,
    /// When customers were first told.
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
    pub(crate) monitoring_at: Option<Instant>,
    pub(crate) resolved_at: Option<Instant>,
    /// Newest first, at least one.
    pub(crate) updates: Vec<Update>,
}

/// What customers were told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Update {
    pub(crate) id: String,
    /// How far the incident was then.
    pub(crate) phase: Phase,
    pub(crate) text: String,
    pub(crate) at: Instant,
    pub(crate) next_update_at: Option<Instant>,
    /// Id and time of the update that it puts right.
    pub(crate) corrects: Option<(String, Instant)>,
    /// Id and time of the latest update that puts this one right.
    pub(crate) corrected: Option<(String, Instant)>,
}

impl Update {
    /// Its words where nothing else marks a correction.
    pub(crate) fn marked_text(&self) -> String {
        match self.corrects {
            Some(_) => format!("Correction: {}", self.text),
            None => self.text.clone(),
        }
    }
}

impl Board {
    /// Incidents that go on, newest first.
    pub(crate) fn unresolved(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.iter().filter(|incident| incident.phase != Phase::Resolved)
    }

    /// The worst of what goes on.
    pub(crate) fn impact(&self) -> Option<Impact> {
        self.unresolved().map(|incident| incident.impact).max()
    }

    /// The component of that name.
    pub(crate) fn component(&self, name: &str) -> Option<&Component> {
        self.components.iter().find(|component| component.name == name)
    }

    /// All of it in one sentence.
    pub(crate) fn description(&self) -> &'static str {
        match self.impact() {
            None => "All Systems Operational",
            Some(Impact::Minor) => "Partially Degraded Service",
            Some(Impact::Major) => "Partial System Outage",
            Some(Impact::Critical) => "Major Service Outage",
        }
    }
}

impl Phase {
    /// The public word for how far an incident is. What was validated is still watched.
    pub(crate) fn of(status: Status) -> Phase {
        match status {
            Status::Triggered | Status::Acknowledged => Phase::Investigating,
            Status::Contained => Phase::Identified,
            Status::Mitigated | Status::Validated => Phase::Monitoring,
            Status::Resolved | Status::Closed => Phase::Resolved,
        }
    }

    /// Its word in Statuspage's JSON.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Phase::Investigating => "investigating",
            Phase::Identified => "identified",
            Phase::Monitoring => "monitoring",
            Phase::Resolved => "resolved",
        }
    }

    /// Its word on the page.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Phase::Investigating => "Investigating",
            Phase::Identified => "Identified",
            Phase::Monitoring => "Monitoring",
            Phase::Resolved => "Resolved",
        }
    }
}

impl Impact {
    /// The most severe rank is critical, the next major, all others are minor.
    pub(crate) fn of(severity: Rank) -> Impact {
        match severity {
            0 | 1 => Impact::Critical,
            2 => Impact::Major,
            _ => Impact::Minor,
        }
    }

    /// Its word in Statuspage's JSON.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Impact::Minor => "minor",
            Impact::Major => "major",
            Impact::Critical => "critical",
        }
    }
}

impl State {
    /// How a component does that such an incident affects. While a fix is watched, it is degraded at most.
    pub(crate) fn under(incident: &Incident) -> State {
        match (incident.phase, incident.impact) {
            (Phase::Resolved, _) => State::Operational,
            (Phase::Monitoring, _) | (_, Impact::Minor) => State::Degraded,
            (_, Impact::Major) => State::PartialOutage,
            (_, Impact::Critical) => State::MajorOutage,
        }
    }

    /// Its word in Statuspage's JSON.
    pub(crate) fn word(self) -> &'static str {
        match self {
            State::Operational => "operational",
            State::Degraded => "degraded_performance",
            State::PartialOutage => "partial_outage",
            State::MajorOutage => "major_outage",
        }
    }

    /// Its words on the page.
    pub(crate) fn title(self) -> &'static str {
        match self {
            State::Operational => "Operational",
            State::Degraded => "Degraded",
            State::PartialOutage => "Partial outage",
            State::MajorOutage => "Major outage",
        }
    }
}
