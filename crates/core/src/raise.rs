//! What firings and declarations do: open, attach, reopen, raise, clear.

use calendar::Instant;
use policy::model::Rank;
use problem::Problem;
use serde::{Deserialize, Serialize};

use crate::command::MAX_AHEAD;
use crate::draft::{Context, Decided, Draft};
use crate::event::{Actor, Attached, Event, Opened};
use crate::incident::Incident;
use crate::trigger::{Firing, Sign, default_key};

/// Class of a declaration by someone who is not sure.
pub const UNSURE: &str = "unsure";

/// Longest title, in characters: one line on a phone, twice.
pub const MAX_TITLE: usize = 140;

/// A person says that something is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// One line for people.
    pub title: String,
    /// A class of the policy, or `unsure`.
    #[serde(default = "unsure")]
    pub class: String,
    /// Name or rank; the class's default, else the most severe.
    #[serde(default)]
    pub severity: Option<String>,
    /// A service of the policy.
    #[serde(default)]
    pub service: Option<String>,
    /// When customers were first affected.
    #[serde(default)]
    pub impact_started_at: Option<Instant>,
}

fn unsure() -> String {
    UNSURE.to_owned()
}

/// A declaration whose names the policy knows.
#[derive(Clone, Debug)]
pub struct Declared {
    opened: Opened,
}

/// What firings of one batch mean for one incident.
#[derive(Clone, Debug)]
pub struct Raised {
    /// The firings, at most one per trigger.
    pub firings: Vec<Firing>,
    /// Alerts that now fire.
    pub alerts: Vec<String>,
}

impl Raised {
    /// Takes another firing for the same incident in.
    pub fn absorb(&mut self, firing: Firing, alert: Option<&str>) {
        self.take(Sign::Gathered(Box::new(firing)), alert);
    }

    /// The same, of what is not spelt out yet.
    pub fn take(&mut self, sign: Sign<'_>, alert: Option<&str>) {
        if let Some(alert) = alert.or(sign.alert())
            && !self.alerts.iter().any(|known| known == alert)
        {
            self.alerts.push(alert.to_owned());
        }
        match self.firings.iter_mut().find(|firing| firing.decision.trigger == sign.trigger()) {
            Some(known) => sign.join(&mut known.decision),
            None => self.firings.push(sign.into_firing()),
        }
    }
}

/// Opens an incident for firings that belong to none.
pub fn open(no: u64, raised: &Raised, ctx: &Context<'_>) -> Option<Decided> {
    let first = raised.firings.iter().min_by_key(|firing| firing.severity)?;
    let opened = Opened {
        no,
        title: title(ctx, &first.class, &first.service),
        class: first.class.clone(),
        severity: first.severity,
        service: first.service.clone(),
        key: first.key.clone(),
        restricted: ctx.policy.class(&first.class).is_some_and(|class| class.restricted),
        impact_started_at: Some(first.decision.first_at),
        policy: ctx.policy.id.clone(),
        roster: ctx.roster.id.clone(),
        decision: Some(first.decision.clone()),
        alerts: raised.alerts.clone(),
    };
    let mut draft = begin(opened, ctx);
    for firing in raised.firings.iter().filter(|firing| firing.decision.trigger != first.decision.trigger) {
        let decision = firing.decision.clone();
        draft.emit(Event::Attached(Box::new(Attached { decision, alerts: Vec::new() })));
    }
    Some(draft.finish())
}

/// Takes firings into an incident: attaches, and raises its severity or reopens it where they ask for it.
pub fn attach(state: &Incident, raised: &Raised, ctx: &Context<'_>) -> Decided {
    let mut draft = Draft::new(state.clone(), ctx);
    for (i, firing) in raised.firings.iter().enumerate() {
        let alerts = if i == 0 { raised.alerts.clone() } else { Vec::new() };
        draft.emit(Event::Attached(Box::new(Attached { decision: firing.decision.clone(), alerts })));
    }
    let strictest = raised.firings.iter().min_by_key(|firing| firing.severity);
    if let Some(firing) = strictest {
        let trigger = &firing.decision.trigger;
        if !draft.state.status().is_open() {
            draft.reopen(format!("trigger {trigger} fired again"));
        }
        if firing.severity < draft.state.severity {
            draft.change_severity(firing.severity, format!("trigger {trigger} fired"));
        }
    }
    for firing in &raised.firings {
        draft.break_hold(&firing.decision);
    }
    draft.finish()
}

/// Whether a firing belongs to that incident, rather than opening another.
pub fn takes_in(state: &Incident, ctx: &Context<'_>) -> bool {
    state.resolved_at.is_none_or(|at| ctx.now <= at + ctx.policy.reopen_within && state.reviewed.is_none())
}

/// Their sender says that alerts have ended: evidence, and the end only where the class says so and
/// the service is in use. Where it is `quiet`, contained or switched off, no traffic is no recovery.
pub fn clear(state: &Incident, alerts: &[String], quiet: bool, ctx: &Context<'_>) -> Decided {
    let firing =
        |key: &&String| state.sources.alerts.get(*key).is_some_and(|state| *state == crate::signal::AlertState::Firing);
    let cleared: Vec<String> = alerts.iter().filter(firing).cloned().collect();
    let mut draft = Draft::new(state.clone(), ctx);
    if !cleared.is_empty() {
        let count = u32::try_from(cleared.len()).unwrap_or(u32::MAX);
        let left = draft.state.firing().saturating_sub(count);
        draft.emit(Event::SourceCleared { alerts: cleared, firing: left });
        let on_clear = ctx.policy.class(&state.class).is_some_and(|class| class.resolve_on_clear);
        if on_clear && !quiet && left == 0 && draft.state.status().is_open() {
            draft.close(true);
        }
    }
    draft.finish()
}

/// Checks a declaration against the policy.
pub fn declare(declaration: &Declaration, ctx: &Context<'_>) -> Result<Declared, Problem> {
    let title = declaration.title.trim();
    let length = title.chars().count();
    if length == 0 || length > MAX_TITLE {
        let detail = format!("`title` has {length} characters; 1 to {MAX_TITLE} are allowed");
        return Err(Problem::new(&problem::TEXT_INVALID, detail));
    }
    let class = ctx.policy.class(&declaration.class);
    if class.is_none() && declaration.class != UNSURE {
        return Err(unknown("class", &declaration.class, ctx.policy.classes.keys()));
    }
    let service = match &declaration.service {
        Some(service) if ctx.policy.services.contains_key(service) => service.clone(),
        Some(service) => return Err(unknown("service", service, ctx.policy.services.keys())),
        None => only_service(ctx).unwrap_or(UNSURE).to_owned(),
    };
    let severity = severity(declaration, class.and_then(|class| class.default_severity), ctx)?;
    if let Some(at) = declaration.impact_started_at
        && at > ctx.now + MAX_AHEAD
    {
        let detail = format!("`impact_started_at` is {at}, after the journal's {}", ctx.now);
        return Err(Problem::new(&problem::TIME_INVALID, detail));
    }
    Ok(Declared {
        opened: Opened {
            no: 0,
            title: title.to_owned(),
            class: declaration.class.clone(),
            severity,
            key: default_key(&declaration.class, &service),
            service,
            restricted: class.is_some_and(|class| class.restricted),
            impact_started_at: declaration.impact_started_at,
            policy: ctx.policy.id.clone(),
            roster: ctx.roster.id.clone(),
            decision: None,
            alerts: Vec::new(),
        },
    })
}

impl Declared {
    /// The key under which an open incident would take it in.
    pub fn key(&self) -> &str {
        &self.opened.key
    }

    /// Opens an incident.
    pub fn open(mut self, no: u64, ctx: &Context<'_>) -> Decided {
        self.opened.no = no;
        begin(self.opened, ctx).finish()
    }

    /// Joins an open incident of the same class and service: a note, and its severity if higher.
    pub fn join(self, state: &Incident, by: &Actor, ctx: &Context<'_>) -> Decided {
        let mut draft = Draft::new(state.clone(), ctx);
        let who = match by {
            Actor::Person(name) | Actor::Machine(name) => name.as_str(),
            Actor::Watchbell => "Watchbell",
        };
        draft.emit(Event::Noted { text: format!("Declared again by {who}: {}", self.opened.title) });
        if self.opened.severity < draft.state.severity {
            draft.change_severity(self.opened.severity, format!("declared again by {who}"));
        }
        draft.finish()
    }
}

fn begin<'a>(opened: Opened, ctx: &'a Context<'a>) -> Draft<'a> {
    let mut draft = Draft::open(opened, ctx);
    draft.assign_roles();
    draft.start_response_clocks();
    draft.start_escalation();
    draft
}

/// The service of a declaration that names none, if the policy leaves no choice. To guess would
/// blame a component in public.
fn only_service<'a>(ctx: &Context<'a>) -> Option<&'a str> {
    let mut services = ctx.policy.services.keys();
    let first = services.next()?;
    services.next().is_none().then_some(first.as_str())
}

fn title(ctx: &Context<'_>, class: &str, service: &str) -> String {
    let class = ctx.policy.class(class).map_or(class, |class| class.name.as_str());
    let service = ctx.policy.services.get(service).map_or(service, |service| service.name.as_str());
    let title = format!("{class}: {service}");
    title.chars().take(MAX_TITLE).collect()
}

fn severity(declaration: &Declaration, default: Option<Rank>, ctx: &Context<'_>) -> Result<Rank, Problem> {
    let names = || ctx.policy.severities.iter().map(|severity| &severity.name);
    match &declaration.severity {
        Some(name) => ctx.policy.rank_of(name).ok_or_else(|| unknown("severity", name, names())),
        // In doubt the higher severity: it can be lowered later.
        None => Ok(default.or_else(|| ctx.policy.severities.first().map(|s| s.rank)).unwrap_or(1)),
    }
}

fn unknown<'a>(field: &str, value: &str, known: impl Iterator<Item = &'a String>) -> Problem {
    let known: Vec<&str> = known.map(String::as_str).take(30).collect();
    let value: String = value.chars().take(64).collect();
    let detail = format!("`{field}` is `{value}`; the policy has {}", known.join(", "));
    Problem::new(&problem::NAME_UNKNOWN, detail)
}
