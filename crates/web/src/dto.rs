//! An incident in the API, and its clocks: the shapes that others rely on.
//!
//! They say what the core's state says, in the API's words; nothing is decided here.

use std::collections::BTreeMap;

use calendar::Instant;
use policy::model::{Policy, Rank, Role};
use serde::Serialize;
use wcore::Incident;
use wcore::clock::{Clock, ClockKind, Ending};
use wcore::event::{Act, Fact, Update, Words};
use wcore::incident::{BreakGlass, Correction, Hold, Holder, Lowering, Pending};

use crate::checklist_dto::ChecklistDto;
use crate::id;

/// An incident.
#[derive(Debug, Serialize)]
pub(crate) struct IncidentDto<'a> {
    id: String,
    title: &'a str,
    class: &'a str,
    severity: SeverityDto,
    status: &'static str,
    service: &'a str,
    opened_at: Instant,
    impact_started_at: Option<Instant>,
    acknowledged: Option<&'a Act>,
    contained: Option<&'a Act>,
    mitigated: Option<&'a Act>,
    validated: Option<&'a Act>,
    resolved_at: Option<Instant>,
    reviewed: Option<&'a Act>,
    reopened: u32,
    drill: bool,
    restricted: bool,
    paused: Option<&'a str>,
    policy_version: &'a str,
    roles: BTreeMap<Role, HolderDto<'a>>,
    clocks: Vec<ClockDto<'a>>,
    facts: &'a BTreeMap<Fact, Act>,
    #[serde(skip_serializing_if = "<[Correction]>::is_empty")]
    corrections: &'a [Correction],
    #[serde(skip_serializing_if = "Option::is_none")]
    lowering: Option<LoweringDto<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    break_glass: Option<&'a BreakGlass>,
    signals: u64,
    alerts_firing: u32,
    updates: &'a [Update],
    pending: Vec<PendingDto<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<&'a Hold>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checklists: Vec<ChecklistDto<'a>>,
    decision: Option<DecisionDto<'a>>,
    timeline_url: String,
    url: String,
}

/// A severity by rank and by the team's name for it.
#[derive(Debug, Serialize)]
pub(crate) struct SeverityDto {
    rank: u8,
    name: String,
}

#[derive(Debug, Serialize)]
struct HolderDto<'a> {
    person: &'a str,
    state: &'static str,
    since: Instant,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    consulted: &'a [String],
}

/// Words that wait: for approval, or approved and for somebody who publishes them.
#[derive(Debug, Serialize)]
struct PendingDto<'a> {
    #[serde(flatten)]
    words: &'a Words,
    approved: Option<&'a Act>,
}

#[derive(Debug, Serialize)]
struct DecisionDto<'a> {
    trigger: &'a str,
    url: String,
}

/// A request for a lower severity.
#[derive(Debug, Serialize)]
struct LoweringDto<'a> {
    severity: SeverityDto,
    by: &'a str,
    reason: &'a str,
    until: Instant,
}

/// A clock.
#[derive(Debug, Serialize)]
pub(crate) struct ClockDto<'a> {
    id: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    state: &'static str,
    started_at: Instant,
    due_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_at: Option<Instant>,
    warned_at: Vec<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    met_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    breached_at: Option<Instant>,
    paused: bool,
    target: String,
    calendar: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    born_late: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> IncidentDto<'a> {
    /// As the API shows it; severities are named by `policy`.
    pub(crate) fn new(incident: &'a Incident, policy: &Policy, public_url: &str) -> IncidentDto<'a> {
        let id = id::incident(incident.no);
        let api = format!("{public_url}/api/v1/incidents/{id}");
        let passed = incident.validation.as_ref().filter(|validation| validation.passed);
        IncidentDto {
            title: &incident.title,
            class: &incident.class,
            severity: SeverityDto::new(incident, policy),
            status: incident.status().word(),
            service: &incident.service,
            opened_at: incident.opened_at,
            impact_started_at: incident.impact_started_at,
            acknowledged: incident.acknowledged.as_ref(),
            contained: incident.contained.as_ref().map(|(act, _)| act),
            mitigated: incident.mitigated.as_ref().map(|(act, _)| act),
            validated: passed.map(|validation| &validation.act),
            resolved_at: incident.resolved_at,
            reviewed: incident.reviewed.as_ref(),
            reopened: incident.reopened,
            drill: false,
            restricted: incident.restricted,
            paused: incident.paused.as_deref(),
            policy_version: &incident.policy,
            roles: incident.roles.iter().map(|(role, holder)| (*role, HolderDto::new(holder))).collect(),
            clocks: incident.clocks.iter().map(ClockDto::new).collect(),
            facts: &incident.facts,
            corrections: &incident.corrections,
            lowering: incident.lowering.as_ref().map(|asked| LoweringDto::new(asked, policy)),
            break_glass: incident.break_glass.as_ref(),
            signals: incident.sources.signals,
            alerts_firing: incident.firing(),
            updates: &incident.updates,
            pending: incident.pending.values().map(PendingDto::new).collect(),
            hold: incident.hold.as_ref(),
            checklists: incident.checklists.iter().map(|list| ChecklistDto::new(incident, list)).collect(),
            decision: incident
                .trigger
                .as_deref()
                .map(|trigger| DecisionDto { trigger, url: format!("{api}/decision") }),
            timeline_url: format!("{api}/timeline"),
            url: format!("{public_url}/incidents/{id}"),
            id,
        }
    }
}

impl SeverityDto {
    /// Of that incident, in the words of `policy`.
    pub(crate) fn new(incident: &Incident, policy: &Policy) -> SeverityDto {
        SeverityDto::of(incident.severity, policy)
    }

    fn of(rank: Rank, policy: &Policy) -> SeverityDto {
        SeverityDto { rank, name: policy.severity_name(rank).to_owned() }
    }
}

impl<'a> LoweringDto<'a> {
    fn new(asked: &'a Lowering, policy: &Policy) -> LoweringDto<'a> {
        let severity = SeverityDto::of(asked.to, policy);
        LoweringDto { severity, by: &asked.by, reason: &asked.reason, until: asked.until }
    }
}

impl<'a> PendingDto<'a> {
    fn new(pending: &'a Pending) -> PendingDto<'a> {
        PendingDto { words: &pending.words, approved: pending.approved.as_ref() }
    }
}

impl<'a> HolderDto<'a> {
    fn new(holder: &'a Holder) -> HolderDto<'a> {
        HolderDto {
            person: &holder.person,
            state: if holder.accepted { "accepted" } else { "assigned" },
            since: holder.since,
            consulted: &holder.consulted,
        }
    }
}

impl<'a> ClockDto<'a> {
    /// As the API shows it.
    pub(crate) fn new(clock: &'a Clock) -> ClockDto<'a> {
        ClockDto {
            id: clock.id.to_string(),
            kind: clock.id.kind.word(),
            audience: clock.id.kind.audience(),
            role: match &clock.id.kind {
                ClockKind::Accept(role) => Some(*role),
                _ => None,
            },
            state: state(clock),
            started_at: clock.started_at,
            due_at: clock.due_at,
            latest_at: clock.latest_at,
            warned_at: clock.warnings.iter().filter_map(|warning| warning.fired_at).collect(),
            met_at: clock.met_at,
            breached_at: clock.breached_at,
            paused: clock.is_paused(),
            target: format!("{:#}", clock.target),
            calendar: &clock.calendar,
            born_late: clock.born_late,
            reason: match &clock.ending {
                Some(
                    Ending::Cancelled { reason } | Ending::Waived { reason, .. } | Ending::Corrected { reason, .. },
                ) => Some(reason),
                _ => None,
            },
        }
    }
}

/// A clock's state in one word: how it ended, or how it runs.
fn state(clock: &Clock) -> &'static str {
    match &clock.ending {
        Some(Ending::Met) => "met",
        Some(Ending::Cancelled { .. }) => "cancelled",
        Some(Ending::Waived { .. }) => "waived",
        Some(Ending::Superseded { .. }) => "superseded",
        Some(Ending::Corrected { .. }) => "corrected",
        None if clock.breached_at.is_some() => "missed",
        None if clock.is_paused() => "paused",
        None => "running",
    }
}
