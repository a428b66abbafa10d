//! Roles are given and accepted; duties that the policy keeps apart stay apart.

use calendar::Instant;
use policy::model::{Party, Role, RoleRule};
use problem::Problem;

use crate::clock::ClockKind;
use crate::draft::Draft;
use crate::event::{Actor, Event, PageReason};

pub(super) fn assign(draft: &mut Draft<'_>, by: &Actor, role: Role, person: &str) -> Result<(), Problem> {
    let act = draft.act(by)?;
    draft.must_be_open()?;
    if !draft.ctx.roster.people.contains_key(person) {
        let known: Vec<&str> = draft.ctx.roster.people.keys().map(String::as_str).take(20).collect();
        let detail = format!("`person` is `{person}`; the roster has {}", known.join(", "));
        return Err(Problem::new(&problem::NAME_UNKNOWN, detail));
    }
    draft.keep_apart(role, person)?;
    let same = draft.state.roles.get(&role).is_some_and(|holder| holder.person == person);
    if !same {
        draft.emit(Event::RoleAssigned { role, person: person.to_owned(), consulted: Vec::new() });
        draft.start_acceptance(role, draft.now());
    }
    if act.by == person {
        draft.take_role(role, person);
    } else if !same {
        draft.page(PageReason::Assigned { role }, vec![Party::Person(person.to_owned())]);
    }
    Ok(())
}

pub(super) fn accept(draft: &mut Draft<'_>, by: &Actor, role: Role) -> Result<(), Problem> {
    let act = draft.act(by)?;
    draft.must_be_open()?;
    match draft.state.roles.get(&role) {
        Some(holder) if holder.person == act.by => {
            draft.take_role(role, &act.by);
            Ok(())
        }
        Some(holder) => {
            let detail = format!("{role} is assigned to {}; have it assigned to you first", holder.person);
            Err(Problem::new(&problem::ROLE_REQUIRED, detail))
        }
        None => Err(Problem::new(&problem::ROLE_REQUIRED, format!("nobody holds {role}; assign it first"))),
    }
}

impl Draft<'_> {
    /// Fills every role that the policy names, from whoever is on call now.
    pub(crate) fn assign_roles(&mut self) {
        for role in Role::ALL {
            let Some(rule) = self.ctx.policy.role(&self.state.class, role) else { continue };
            match self.candidate(role, &rule) {
                Some((person, consulted)) => {
                    self.emit(Event::RoleAssigned { role, person, consulted });
                    self.start_acceptance(role, self.state.opened_at);
                }
                None => self.emit(Event::RoleVacant { role }),
            }
        }
    }

    /// The first owner, else backup, who may hold the role, and the joint owners.
    fn candidate(&self, role: Role, rule: &RoleRule) -> Option<(String, Vec<String>)> {
        let resolve = |parties: &[Party]| -> Vec<String> {
            let mut people = Vec::new();
            for person in parties.iter().flat_map(|party| self.ctx.roster.resolve(party, self.now())) {
                if !people.contains(&person) {
                    people.push(person);
                }
            }
            people
        };
        let owners = resolve(&rule.owner);
        let fits = |person: &&String| self.keep_apart(role, person).is_ok();
        let chosen = owners.iter().find(fits).cloned();
        let chosen = chosen.or_else(|| resolve(&rule.backup).iter().find(fits).cloned())?;
        let consulted = owners.into_iter().filter(|person| *person != chosen).collect();
        Some((chosen, consulted))
    }

    fn start_acceptance(&mut self, role: Role, from: Instant) {
        self.cancel(&ClockKind::Accept(role), "assigned anew");
        if let Some(target) = self.targets().accept {
            self.start(ClockKind::Accept(role), &target, from, None);
        }
    }

    /// Refuses a person for a role where a rule keeps that role apart from one they hold.
    pub(super) fn keep_apart(&self, role: Role, person: &str) -> Result<(), Problem> {
        for (other, holder) in &self.state.roles {
            let apart =
                |a: Role, b: Role| self.ctx.policy.role(&self.state.class, a).is_some_and(|rule| rule.not == Some(b));
            if holder.person == person && *other != role && (apart(role, *other) || apart(*other, role)) {
                let detail = format!("{person} holds {other} of INC-{}, which {role} must check", self.state.no);
                return Err(Problem::new(&problem::SEPARATION_OF_DUTIES, detail));
            }
        }
        Ok(())
    }
}
