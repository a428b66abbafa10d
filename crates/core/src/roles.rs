//! Who holds which role: filling, keeping apart, accepting, and what vacancy means.
//!
//! A role is never without a running clock until somebody has accepted it, held or vacant.

use calendar::Instant;
use policy::model::{Party, Role, RoleRule};
use problem::Problem;

use crate::clock::ClockKind;
use crate::draft::Draft;
use crate::event::{Event, PageReason};

impl Draft<'_> {
    /// Fills every role that the policy names, from whoever is on call now.
    pub(crate) fn assign_roles(&mut self) {
        for role in Role::ALL {
            let Some(rule) = self.ctx.policy.role(&self.state.class, role) else { continue };
            let owners = self.people(&rule.owner);
            let backups = self.people(&rule.backup);
            match owners.iter().chain(&backups).find(|person| self.keep_apart(role, person).is_ok()) {
                Some(person) => self.assign_role(role, person),
                None => self.emit(Event::RoleVacant { role }),
            }
            self.start_acceptance(role, self.state.opened_at, "assigned anew");
        }
    }

    /// Makes a person the holder of a role, who has yet to accept it.
    pub(crate) fn assign_role(&mut self, role: Role, person: &str) {
        let consulted = self.joint_owners(role, person);
        self.emit(Event::RoleAssigned { role, person: person.to_owned(), consulted });
    }

    /// Makes a person the accepted holder of a role, unless someone else has accepted it and does
    /// not ask them to take it over.
    pub(crate) fn take_role(&mut self, role: Role, person: &str) {
        let holder = self.state.roles.get(&role);
        if holder.is_some_and(|holder| holder.accepted && holder.person != person && !holder.is_offered_to(person)) {
            return;
        }
        if holder.is_none_or(|holder| holder.person != person) {
            self.assign_role(role, person);
        }
        if self.state.roles.get(&role).is_some_and(|holder| !holder.accepted) {
            self.emit(Event::RoleAccepted { role, person: person.to_owned() });
            self.meet(&ClockKind::Accept(role));
        }
    }

    /// Whoever does a role's work has thereby accepted it.
    pub(crate) fn accept_by_acting(&mut self, role: Role, person: &str) {
        let asked = |holder: &crate::incident::Holder| holder.person == person || holder.is_offered_to(person);
        if self.state.roles.get(&role).is_some_and(asked) && self.keep_apart(role, person).is_ok() {
            self.take_role(role, person);
        }
    }

    /// Gives a role that was declined to a backup who has not declined it too, else to nobody;
    /// whoever has to know is told.
    pub(crate) fn replace_holder(&mut self, role: Role) {
        let backups = self.people(&self.backups(role));
        let declined = |person: &String| self.state.declined.contains(&(role, person.clone()));
        let next = backups.iter().find(|person| !declined(person) && self.keep_apart(role, person).is_ok());
        let mut told = Vec::new();
        match next {
            Some(person) => {
                self.assign_role(role, person);
                self.page(PageReason::Assigned { role }, vec![Party::Person(person.clone())]);
            }
            None => {
                self.emit(Event::RoleVacant { role });
                told.extend(self.backups(role));
            }
        }
        self.start_acceptance(role, self.now(), "declined");
        told.extend(self.answering(Role::Commander));
        // Whoever was just asked to take it knows.
        told.retain(|party| next.is_none_or(|person| *party != Party::Person(person.clone())));
        if next.is_none() || !told.is_empty() {
            self.page(PageReason::Declined { role }, or_fallback(told));
        }
    }

    /// Runs the clock until somebody accepts a role, held by someone or by nobody.
    pub(crate) fn start_acceptance(&mut self, role: Role, from: Instant, instead: &str) {
        self.cancel(&ClockKind::Accept(role), instead);
        if let Some(target) = self.targets().accept {
            self.start(ClockKind::Accept(role), &target, from, None);
        }
    }

    /// Since when a role waits to be accepted; `None` where it does not.
    pub(crate) fn unaccepted_since(&self, role: Role) -> Option<Instant> {
        match self.state.roles.get(&role) {
            Some(holder) if holder.accepted => holder.offer.as_ref().map(|offer| offer.since),
            Some(holder) => Some(holder.since),
            None => self.state.vacant.get(&role).copied(),
        }
    }

    /// Refuses a person for a role where a rule keeps that role apart from one they hold.
    pub(crate) fn keep_apart(&self, role: Role, person: &str) -> Result<(), Problem> {
        for (other, holder) in &self.state.roles {
            let apart = |a: Role, b: Role| self.rule(a).is_some_and(|rule| rule.not == Some(b));
            if holder.person == person && *other != role && (apart(role, *other) || apart(*other, role)) {
                let detail = format!("{person} holds {other} of INC-{}, which {role} must check", self.state.no);
                return Err(Problem::new(&problem::SEPARATION_OF_DUTIES, detail));
            }
        }
        Ok(())
    }

    /// Who is asked to confirm what somebody asks for: whoever leads, and whoever answers for the
    /// proof with their backups, but not the one who asks.
    pub(crate) fn second_person(&self, asked_by: &str) -> Vec<Party> {
        let mut parties = self.answering(Role::Commander);
        parties.extend(self.answering(Role::Validation));
        parties.extend(self.backups(Role::Validation));
        parties.retain(|party| !matches!(party, Party::Person(person) if person == asked_by));
        or_fallback(parties)
    }

    /// Refuses a person whom the roster does not have.
    pub(crate) fn must_be_known(&self, person: &str) -> Result<(), Problem> {
        /// Names shown of a long roster.
        const MAX_SHOWN: usize = 20;
        if self.ctx.roster.people.contains_key(person) {
            return Ok(());
        }
        let known: Vec<&str> = self.ctx.roster.people.keys().map(String::as_str).take(MAX_SHOWN).collect();
        let detail = format!("`person` is `{person}`; the roster has {}", known.join(", "));
        Err(Problem::new(&problem::NAME_UNKNOWN, detail))
    }

    /// Joint owners of a role besides its holder: they stay consulted whoever holds it.
    fn joint_owners(&self, role: Role, person: &str) -> Vec<String> {
        let mut joint = self.state.roles.get(&role).map(|holder| holder.consulted.clone()).unwrap_or_default();
        let owners = self.rule(role).map(|rule| self.people(&rule.owner)).unwrap_or_default();
        if owners.len() > 1 {
            let missing: Vec<String> = owners.into_iter().filter(|owner| !joint.contains(owner)).collect();
            joint.extend(missing);
        }
        joint.retain(|other| other != person);
        joint
    }

    fn rule(&self, role: Role) -> Option<RoleRule> {
        self.ctx.policy.role(&self.state.class, role)
    }

    /// The people behind parties now, each once, in order.
    fn people(&self, parties: &[Party]) -> Vec<String> {
        let mut people = Vec::new();
        for person in parties.iter().flat_map(|party| self.ctx.roster.resolve(party, self.now())) {
            if !people.contains(&person) {
                people.push(person);
            }
        }
        people
    }
}

/// Where nobody is named, whoever is paged when nobody else answers.
pub(crate) fn or_fallback(parties: Vec<Party>) -> Vec<Party> {
    if parties.is_empty() { vec![Party::Fallback] } else { parties }
}
