//! What a valid policy and roster say, after parsing: the shapes that the core reads.
//!
//! References are resolved as far as one document can; `check` proves the rest.

use std::collections::BTreeMap;

use calendar::{Calendar, Duration, Schedule};
use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::mapping::DeclaredSource;
use crate::playbook::Playbooks;
use crate::statement::Statement;

/// Severity as an ordinal: 1 is the most severe.
pub type Rank = u8;

/// What is promised. Pinned per incident by its version.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Name of this version: the first 12 hexadecimal digits of the document's SHA-256.
    pub id: String,
    /// Who promises.
    pub organization: String,
    /// Severities, most severe first.
    pub severities: Vec<Severity>,
    /// Services by id.
    pub services: BTreeMap<String, Service>,
    /// Metrics by id.
    pub metrics: BTreeMap<String, Metric>,
    /// Declared webhooks by name.
    pub sources: BTreeMap<String, DeclaredSource>,
    /// Heartbeats by name; each also stands among the triggers.
    pub heartbeats: BTreeMap<String, Heartbeat>,
    /// Triggers in document order; those of heartbeats last.
    pub triggers: Vec<Trigger>,
    /// Audiences by id.
    pub audiences: BTreeMap<String, Audience>,
    /// Targets by severity rank.
    pub targets: BTreeMap<Rank, Targets>,
    /// Classes by id.
    pub classes: BTreeMap<String, Class>,
    /// Playbooks by id: those of the program, and the policy's own in their place or beside them.
    pub playbooks: Playbooks,
    /// Role rules that hold where a class says nothing else.
    pub roles: BTreeMap<Role, RoleRule>,
    /// Escalations by name; `default` always exists.
    pub escalation: BTreeMap<String, Vec<Step>>,
    /// Holding statements, approved in advance, by class and language.
    pub statements: BTreeMap<String, BTreeMap<String, Statement>>,
    /// Whose zone and public holidays count for the latest lawful instants of statutory clocks.
    pub statutory_calendar: Option<String>,
    /// The weekly review.
    pub review: Option<Review>,
    /// A firing within this time after resolution reopens instead of opening anew.
    pub reopen_within: Duration,
    /// When a clock warns, as fractions of its target in percent, ascending.
    pub warn_at_percent: Vec<u8>,
}

/// One severity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Severity {
    /// 1 is the most severe.
    pub rank: Rank,
    /// The team's own name, such as `SEV-1` or `critical`.
    pub name: String,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Name for people.
    pub name: String,
    /// Component of the status page.
    pub component: Option<String>,
}

/// How a metric is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Where it comes from, for people.
    pub from: Option<String>,
    /// Whether higher values are better.
    pub higher_is_better: Option<bool>,
    /// A value below it (or above, where lower is better) is bad.
    pub bad_below: Option<f64>,
    /// A value above it is bad.
    pub bad_above: Option<f64>,
    /// Kind of unit of evidence.
    pub unit: Option<String>,
}

/// A job that says regularly that it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// How often it comes.
    pub every: Duration,
    /// How much later it may come.
    pub grace: Duration,
    /// The service that it belongs to.
    pub service: String,
}

impl Heartbeat {
    /// The metric of a heartbeat's signals, which is also the id of its trigger.
    pub fn metric(name: &str) -> String {
        format!("heartbeat.{name}")
    }
}

/// A rule that turns signals into an incident.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// Its id, unique in the policy.
    pub id: String,
    /// Whether it raises or only records what it would have raised.
    pub mode: Mode,
    /// What it looks at.
    pub kind: TriggerKind,
    /// What it raises.
    pub raise: Raise,
}

/// Whether a trigger raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It raises incidents.
    Active,
    /// It records what it would have raised.
    Observe,
}

/// What a trigger looks at.
#[derive(Clone, Debug)]
pub enum TriggerKind {
    /// One signal is enough.
    When(Condition),
    /// So many matching signals, or distinct units, within a time.
    Count {
        /// Which signals count.
        when: Condition,
        /// Count distinct units of evidence rather than signals.
        distinct_units: bool,
        /// Fires at this many.
        at_least: u32,
        /// Length of the sliding window.
        within: Duration,
    },
    /// A metric of a service that stays away for too long.
    Absence {
        /// The metric.
        metric: String,
        /// The service.
        service: String,
        /// It must come at least so often.
        within: Duration,
    },
    /// The bad share of a stream, by a mixture Shiryaev–Roberts e-detector.
    Rate {
        /// The metric; its entry under `metrics` says what is bad.
        metric: String,
        /// Tolerated bad share, 0 to 1.
        tolerated: f64,
        /// Budget of false pages per week.
        false_pages_per_week: f64,
        /// Streams are kept apart by these fields (`service` or a label's name).
        by: Vec<String>,
    },
}

/// What a trigger raises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raise {
    /// Class of the incident.
    pub class: String,
    /// Its severity.
    pub severity: Rank,
    /// What makes two firings the same incident. Default: class and service.
    pub key: Vec<KeyPart>,
}

/// A part of an incident's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPart {
    /// The class raised.
    Class,
    /// The signal's service.
    Service,
    /// The signal's metric.
    Metric,
    /// The signal's source.
    Source,
    /// A label of the signal, by name.
    Label(String),
}

/// A keyed list of recipients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    /// Channels by name; may be empty where a surface is declared.
    pub channels: Vec<String>,
    /// `status-page`, where its updates appear in public.
    pub surface: Option<String>,
    /// Calendar on which its windows run; `always` is built in.
    pub calendar: String,
    /// Language tag of its updates.
    pub language: Option<String>,
    /// Region, for people.
    pub region: Option<String>,
    /// E-mail addresses of its recipients, for its channels of type `email`.
    pub recipients: Vec<String>,
    /// Whether an author may approve their own words to it, where its window says nothing.
    pub own_approval: Option<bool>,
}

/// A length of time that is promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// So much open time.
    Time(Duration),
    /// The same local time so many business days later.
    BusinessDays(u32),
}

/// A length on a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// How long.
    pub length: Length,
    /// On which calendar; `always` is built in.
    pub calendar: String,
}

/// What is promised, for one severity or refined by one class. `None`: says nothing.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// First response: a person acknowledges.
    pub acknowledge: Option<Target>,
    /// Each role is accepted by its owner.
    pub accept: Option<Target>,
    /// Suspected becomes confirmed or refuted.
    pub confirm: Option<Target>,
    /// First page to a person outside the first step, from opening.
    pub escalate_after: Option<Target>,
    /// Customers are no longer harmed.
    pub contain: Option<Target>,
    /// The cause no longer acts.
    pub mitigate: Option<Target>,
    /// Proof that it is fixed.
    pub validate: Option<Target>,
    /// How long a passed validation must stand, without a bad signal, before anyone may resolve.
    pub hold: Option<Target>,
    /// All done.
    pub resolve: Option<Target>,
    /// The review is held, from resolution.
    pub review: Option<Target>,
    /// Words to each audience.
    pub updates: BTreeMap<String, Window>,
}

/// When an audience hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Window {
    /// Not required.
    None,
    /// A first notice, then a cadence until a milestone, then a closing notice.
    Notices {
        /// First notice, from opening.
        first: Option<Target>,
        /// Cadence, after the first notice.
        every: Option<Target>,
        /// The milestone that ends the cadence.
        until: Milestone,
        /// Closing notice, from that milestone.
        closing: Option<Target>,
        /// Only if this still holds when the first notice is due.
        only_if: Option<Precondition>,
        /// Role whose approval a message needs.
        approval: Option<Role>,
        /// Whether that role's holder may approve their own words.
        own_approval: Option<bool>,
    },
    /// A role decides within a time whether this audience is told at all.
    Decide {
        /// Within which time, from opening.
        within: Target,
        /// Who decides.
        by: Role,
    },
}

/// A condition on a communication window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precondition {
    /// Neither contained nor mitigated when the notice is due: else the clock is cancelled.
    ImpactSustained,
}

/// A stage that an incident reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Milestone {
    /// A person took it.
    Acknowledged,
    /// Customers are no longer harmed.
    Contained,
    /// The cause no longer acts.
    Mitigated,
    /// Proven to be fixed.
    Validated,
    /// All done.
    Resolved,
}

/// A kind of incident.
#[derive(Clone, Debug, Default)]
pub struct Class {
    /// Name for people; the id where the policy gives none.
    pub name: String,
    /// Playbook's id.
    pub playbook: Option<String>,
    /// Only those involved may see its incidents.
    pub restricted: bool,
    /// A sender's all-clear resolves the incident.
    pub resolve_on_clear: bool,
    /// Severity of a declaration that names none.
    pub default_severity: Option<Rank>,
    /// Refinements of the severity's targets.
    pub targets: Targets,
    /// Refinements of the role rules.
    pub roles: BTreeMap<Role, RoleRule>,
    /// Escalation's name; `default` if none.
    pub escalation: Option<String>,
    /// Statutory clocks by id, each of them one that may be used.
    pub statutory: Vec<String>,
}

/// Who is accountable for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Leads the response.
    Commander,
    /// Fixes it.
    Remediation,
    /// Proves that it is fixed.
    Validation,
    /// Tells people.
    Publishing,
    /// Decides on personal data.
    Privacy,
}

impl Role {
    /// Every role, in the order in which people read them.
    pub const ALL: [Role; 5] = [Role::Commander, Role::Remediation, Role::Validation, Role::Publishing, Role::Privacy];

    /// Its word in documents, the API and the interface.
    pub fn word(self) -> &'static str {
        match self {
            Role::Commander => "commander",
            Role::Remediation => "remediation",
            Role::Validation => "validation",
            Role::Publishing => "publishing",
            Role::Privacy => "privacy",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// How a role is filled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleRule {
    /// The first is accountable, the others are consulted.
    pub owner: Vec<Party>,
    /// Takes over where the owner cannot.
    pub backup: Vec<Party>,
    /// Never the same person as this role's.
    pub not: Option<Role>,
}

/// A person, or whoever is on call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// A person by id.
    Person(String),
    /// Whoever is on call in that schedule.
    Schedule(String),
    /// The roster's fallback list.
    Fallback,
}

/// A step of an escalation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Whom to page.
    pub page: Vec<Party>,
    /// How long to wait for an acknowledgement before the next step.
    pub wait: Duration,
    /// Page this step again every `wait` until acknowledged.
    pub repeat_until_acknowledged: bool,
}

/// The weekly review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Such as `Mon 10:00`, on the calendar.
    pub on: String,
    /// Whose zone and hours.
    pub calendar: String,
}

/// Who and when. Live and effective-dated.
#[derive(Clone, Debug)]
pub struct Roster {
    /// Name of this version: the first 12 hexadecimal digits of the document's SHA-256.
    pub id: String,
    /// People by id.
    pub people: BTreeMap<String, Person>,
    /// Schedules by id.
    pub schedules: BTreeMap<String, Schedule>,
    /// Paged when nobody else answers; never empty.
    pub fallback: Vec<String>,
    /// Calendars by name; `always` is built in and not listed.
    pub calendars: BTreeMap<String, Calendar>,
    /// Channels by name.
    pub channels: BTreeMap<String, Channel>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Name for people.
    pub name: String,
    /// Ways to reach them, in order of preference.
    pub contacts: Vec<Contact>,
}

/// A way to reach a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Name of a channel of the roster, or a kind that needs none (`email`, `inbox`).
    pub channel: String,
    /// Address on that channel.
    pub to: String,
}

/// A configured channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Signed Standard Webhooks.
    Webhook {
        /// Environment variable that holds the URL, or the URL itself.
        url: FromEnv,
        /// Environment variable (or `…_FILE`) that holds the signing secret `whsec_…`.
        secret_env: Option<String>,
        /// The URL may lead to an internal address.
        allow_internal: bool,
    },
    /// E-mail through a mail server.
    Email(MailServer),
    /// An incoming webhook of Slack, or of a chat that understands the same.
    Slack {
        /// The URL is itself the secret.
        url: FromEnv,
        /// The URL may lead to an internal address.
        allow_internal: bool,
    },
}

/// How e-mail is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailServer {
    /// Name or address of the server.
    pub host: String,
    /// Its port, if not the usual one.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub security: MailSecurity,
    /// The sender, such as `Watchbell <watchbell@example.com>`.
    pub from: String,
    /// Account and the environment variable (or `…_FILE`) with its password.
    pub login: Option<(String, String)>,
    /// Unprotected connections may leave this machine.
    pub allow_plain: bool,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailSecurity {
    /// TLS from the first byte.
    Tls,
    /// Plain at first, then TLS.
    StartTls,
    /// Not at all.
    None,
}

/// A setting given in the document or taken from the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromEnv {
    /// As written.
    Value(String),
    /// Name of the variable; `NAME_FILE` names a file instead.
    Variable(String),
}
