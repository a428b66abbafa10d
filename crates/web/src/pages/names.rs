//! What people call things: names of the active policy and roster instead of ids.
//!
//! An id that is no longer declared is shown as it is: history outlives the roster.

use std::sync::Arc;

use policy::model::{Party, Policy, Rank, Roster};
use wcore::event::Actor;

/// The documents that give names.
#[derive(Clone)]
pub(crate) struct Names {
    /// The active policy.
    pub(crate) policy: Arc<Policy>,
    /// The roster in force.
    pub(crate) roster: Arc<Roster>,
}

impl Names {
    pub(crate) fn person<'a>(&'a self, id: &'a str) -> &'a str {
        self.roster.people.get(id).map_or(id, |person| &person.name)
    }

    pub(crate) fn severity(&self, rank: Rank) -> String {
        self.policy.severity(rank).map_or_else(|| format!("severity {rank}"), |severity| severity.name.clone())
    }

    pub(crate) fn class<'a>(&'a self, id: &'a str) -> &'a str {
        match self.policy.class(id) {
            Some(class) if !class.name.is_empty() => &class.name,
            _ if id == wcore::raise::UNSURE => "not sure yet",
            _ => id,
        }
    }

    pub(crate) fn service<'a>(&'a self, id: &'a str) -> &'a str {
        self.policy.services.get(id).map_or(id, |service| &service.name)
    }

    pub(crate) fn actor<'a>(&'a self, actor: &'a Actor) -> &'a str {
        match actor {
            Actor::Person(id) => self.person(id),
            Actor::Machine(name) => name,
            Actor::Watchbell => "Watchbell",
        }
    }

    /// A party in words, such as `Ana Ruiz` or `on call: ai-oncall`.
    pub(crate) fn party(&self, party: &Party) -> String {
        match party {
            Party::Person(id) => self.person(id).to_owned(),
            Party::Schedule(id) => format!("on call: {id}"),
            Party::Fallback => "the fallback list".to_owned(),
        }
    }
}
