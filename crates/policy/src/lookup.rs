//! Questions that the core asks a policy and a roster: class over severity, people for parties.

use std::sync::LazyLock;

use calendar::{Calendar, Instant};

use crate::model::{Class, Party, Policy, Rank, Role, RoleRule, Roster, Severity, Step, Targets};
use crate::statement::Statement;

/// Name of the built-in calendar, which never closes.
pub const ALWAYS: &str = "always";

/// Name of the built-in channel, which every person has and nobody configures.
pub const INBOX: &str = "inbox";

/// The language of last resort.
const ENGLISH: &str = "en";

static ALWAYS_OPEN: LazyLock<Calendar> = LazyLock::new(Calendar::always);

impl Policy {
    /// What is promised for a class at a severity: the class refines the severity.
    pub fn targets(&self, class: &str, severity: Rank) -> Targets {
        let mut merged = self.targets.get(&severity).cloned().unwrap_or_default();
        let Some(class) = self.class(class) else { return merged };
        let refined = class.targets.clone();
        let Targets {
            acknowledge,
            accept,
            confirm,
            escalate_after,
            contain,
            mitigate,
            validate,
            hold,
            resolve,
            review,
            updates,
        } = refined;
        for (slot, refinement) in [
            (&mut merged.acknowledge, acknowledge),
            (&mut merged.accept, accept),
            (&mut merged.confirm, confirm),
            (&mut merged.escalate_after, escalate_after),
            (&mut merged.contain, contain),
            (&mut merged.mitigate, mitigate),
            (&mut merged.validate, validate),
            (&mut merged.hold, hold),
            (&mut merged.resolve, resolve),
            (&mut merged.review, review),
        ] {
            if refinement.is_some() {
                *slot = refinement;
            }
        }
        merged.updates.extend(updates);
        merged
    }

    /// How a role is filled in a class: what the class leaves open, the policy's rule says.
    pub fn role(&self, class: &str, role: Role) -> Option<RoleRule> {
        let general = self.roles.get(&role);
        let Some(own) = self.class(class).and_then(|class| class.roles.get(&role)) else { return general.cloned() };
        let mut rule = own.clone();
        if let Some(general) = general {
            if rule.owner.is_empty() {
                rule.owner.clone_from(&general.owner);
            }
            if rule.backup.is_empty() {
                rule.backup.clone_from(&general.backup);
            }
            rule.not = rule.not.or(general.not);
        }
        Some(rule)
    }

    /// The escalation of a class.
    pub fn steps(&self, class: &str) -> &[Step] {
        let name = self.class(class).and_then(|class| class.escalation.as_deref()).unwrap_or("default");
        self.escalation.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The holding statement for a class in a language, else in its main language, else in English.
    pub fn statement(&self, class: &str, language: Option<&str>) -> Option<&Statement> {
        let known = self.statements.get(class)?;
        let language = language.unwrap_or(ENGLISH);
        let main = language.split('-').next().unwrap_or(language);
        [language, main, ENGLISH].into_iter().find_map(|language| known.get(language))
    }

    /// The class of that id.
    pub fn class(&self, id: &str) -> Option<&Class> {
        self.classes.get(id)
    }

    /// The severity of that rank.
    pub fn severity(&self, rank: Rank) -> Option<&Severity> {
        self.severities.iter().find(|severity| severity.rank == rank)
    }

    /// The team's name for a rank.
    pub fn severity_name(&self, rank: Rank) -> &str {
        self.severity(rank).map_or("unknown", |severity| &severity.name)
    }

    /// The rank of a severity given by name, in any case, or by number.
    pub fn rank_of(&self, name: &str) -> Option<Rank> {
        let by_name = |severity: &&Severity| {
            severity.name.eq_ignore_ascii_case(name) || name.parse::<Rank>().is_ok_and(|rank| rank == severity.rank)
        };
        self.severities.iter().find(by_name).map(|severity| severity.rank)
    }
}

impl Roster {
    /// The calendar of that name; `always` is built in.
    pub fn calendar(&self, name: &str) -> Option<&Calendar> {
        if name == ALWAYS { Some(&ALWAYS_OPEN) } else { self.calendars.get(name) }
    }

    /// The people behind a party at an instant; nobody where the roster knows no such name.
    pub fn resolve(&self, party: &Party, at: Instant) -> Vec<String> {
        let people: Vec<&str> = match party {
            Party::Person(id) => vec![id.as_str()],
            Party::Schedule(id) => self.schedules.get(id).map(|schedule| schedule.on_call(at)).unwrap_or_default(),
            Party::Fallback => self.fallback.iter().map(String::as_str).collect(),
        };
        people.into_iter().filter(|id| self.people.contains_key(*id)).map(str::to_owned).collect()
    }
}
