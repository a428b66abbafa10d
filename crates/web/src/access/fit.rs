//! Compares what the policy asks of people with what their accounts allow.
//!
//! The policy names who owns a role, approves words and is paged; an account says what its person
//! may do here. Where the second does not reach the first, somebody is refused at night. Nothing is
//! changed: the differences are told, in sentences.

use std::collections::BTreeMap;

use calendar::{Duration, Instant};
use policy::model::{Party, Policy, Role as Duty, Roster, Window};
use wcore::raise::UNSURE;

use super::role::Role;

/// Shifts are looked at so far ahead: whoever is on call comes round.
const AHEAD: Duration = Duration::from_hours(12 * 7 * 24);

/// The policy and the accounts beside each other.
pub struct Fit<'a> {
    /// What is promised.
    pub policy: &'a Policy,
    /// Who there is.
    pub roster: &'a Roster,
    /// Roles of accounts, by person.
    pub accounts: &'a BTreeMap<String, Role>,
    /// From when on shifts are looked at.
    pub now: Instant,
}

/// What somebody is needed for.
#[derive(Clone, Debug)]
struct Need {
    role: Role,
    why: String,
}

impl Fit<'_> {
    /// Who may do less than the policy asks of them: one sentence a person, by id.
    pub fn lacks(&self) -> BTreeMap<String, String> {
        let needs = self.needs();
        let lack = |(person, need): (String, Need)| {
            let Need { role, why } = need;
            let says = match self.accounts.get(&person) {
                Some(has) if *has >= role => return None,
                Some(has) => {
                    format!("{person} {why}, but their account is only {}: that asks for {}", has.word(), role.word())
                }
                None => format!("{person} {why}, but has no account: they can only acknowledge by the link of a mail"),
            };
            Some((person, says))
        };
        needs.into_iter().filter_map(lack).collect()
    }

    /// The most that is asked of each person, and for what.
    fn needs(&self) -> BTreeMap<String, Need> {
        let mut needs = BTreeMap::new();
        for duty in Duty::ALL {
            if let Some(rule) = self.policy.roles.get(&duty) {
                self.ask(&mut needs, &rule.owner, duty_of("owner", duty, None));
                self.ask(&mut needs, &rule.backup, duty_of("backup", duty, None));
            }
        }
        for (id, class) in &self.policy.classes {
            for (duty, rule) in &class.roles {
                self.ask(&mut needs, &rule.owner, duty_of("owner", *duty, Some(id)));
                self.ask(&mut needs, &rule.backup, duty_of("backup", *duty, Some(id)));
            }
        }
        for id in self.policy.classes.keys().map(String::as_str).chain([UNSURE]) {
            self.approvals(&mut needs, id);
        }
        for (name, steps) in &self.policy.escalation {
            for step in steps {
                let why = format!("is paged by the escalation {name}");
                self.ask(&mut needs, &step.page, Need { role: Role::Responder, why });
            }
        }
        needs
    }

    /// Who approves words about incidents of a class.
    fn approvals(&self, needs: &mut BTreeMap<String, Need>, class: &str) {
        for severity in &self.policy.severities {
            for (audience, window) in &self.policy.targets(class, severity.rank).updates {
                let Window::Notices { approval: Some(duty), .. } = window else { continue };
                let Some(rule) = self.policy.role(class, *duty) else { continue };
                let why = format!("approves words to {audience} as {} in class {class}", duty.word());
                self.ask(needs, &rule.owner, Need { role: Role::Publisher, why });
            }
        }
    }

    fn ask(&self, needs: &mut BTreeMap<String, Need>, parties: &[Party], need: Need) {
        for person in parties.iter().flat_map(|party| self.people(party)) {
            let known = needs.get(&person).is_some_and(|known| known.role >= need.role);
            if !known {
                needs.insert(person, need.clone());
            }
        }
    }

    /// Everybody whom a party may mean in the weeks to come.
    fn people(&self, party: &Party) -> Vec<String> {
        let Party::Schedule(id) = party else { return self.roster.resolve(party, self.now) };
        let Some(schedule) = self.roster.schedules.get(id) else { return Vec::new() };
        let shifts = schedule.shifts(self.now, self.now + AHEAD);
        let mut people: Vec<String> = shifts.into_iter().map(|shift| shift.person).collect();
        people.sort_unstable();
        people.dedup();
        people
    }
}

fn duty_of(what: &str, duty: Duty, class: Option<&str>) -> Need {
    let role = if duty == Duty::Publishing { Role::Publisher } else { Role::Responder };
    let class = class.map_or_else(String::new, |class| format!(" in class {class}"));
    Need { role, why: format!("is {what} of {}{class}", duty.word()) }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn who_may_do_less_than_is_asked_of_them_is_named() {
        let text = |name, text| policy::Source { name, text };
        let loaded = policy::load(
            text(
                "policy",
                "version: 1\nseverities: [{rank: 1, name: SEV-1}]\naudiences: {customers: {surface: status-page}}\n\
                 targets: {SEV-1: {acknowledge: 10m, updates: {customers: {first: 30m, approval: privacy}}}}\n\
                 classes: {leak: {roles: {publishing: {owner: dana}}}}\n\
                 roles: {commander: {owner: schedule/calls, backup: fay}, privacy: {owner: eve}}\n\
                 escalation: {default: [{page: schedule/calls, wait: 10m}, {page: fallback, repeat: until acknowledged}]}\n",
            ),
            text(
                "roster",
                "people:\n  ana: {name: Ana, contacts: [{inbox: ana}]}\n  ben: {name: Ben, contacts: [{inbox: ben}]}\n  dana: {name: Dana}\n  eve: {name: Eve}\n  fay: {name: Fay, contacts: [{inbox: fay}]}\n  \
                 gus: {name: Gus}\n\
                 schedules: {calls: {time_zone: Europe/Berlin, layers: [{rotation: {every: 1 week, handoff: \"Mon 09:00\"}, \
                 people: [ana, ben]}]}}\nfallback: [fay]\n",
            ),
        );
        let (policy, roster) = loaded.policy.zip(loaded.roster).unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
        let role = |(person, role): (&str, Role)| (person.to_owned(), role);
        let accounts =
            [("ana", Role::Responder), ("dana", Role::Viewer), ("eve", Role::Responder), ("gus", Role::Viewer)];
        let accounts: BTreeMap<String, Role> = accounts.into_iter().map(role).collect();
        let now = Instant::parse("2026-11-23T09:00:00Z").unwrap();
        let fit = Fit { policy: &policy, roster: &roster, accounts: &accounts, now };
        let lacks: Vec<String> = fit.lacks().into_values().collect();
        expect![[r#"
            ben is owner of commander, but has no account: they can only acknowledge by the link of a mail
            dana is owner of publishing in class leak, but their account is only viewer: that asks for publisher
            eve approves words to customers as privacy in class leak, but their account is only responder: that asks for publisher
            fay is backup of commander, but has no account: they can only acknowledge by the link of a mail"#]].assert_eq(&lacks.join("\n"));
        let all = roster.people.keys().map(|person| (person.clone(), Role::Publisher)).collect();
        assert!(Fit { accounts: &all, ..fit }.lacks().is_empty());
    }
}
