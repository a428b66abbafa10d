//! Promises: every severity has them, they fit together, and somebody can keep them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, Finding, In};
use crate::diagnostic::Level;
use crate::lookup::ALWAYS;
use crate::model::{Channel, Length, Rank, Role, Target, Targets, Window};

/// Roles that every incident needs; privacy only where personal data is concerned.
const NEEDED_ROLES: [Role; 4] = [Role::Commander, Role::Remediation, Role::Validation, Role::Publishing];

pub(super) fn check(check: &mut Check<'_>) {
    severities_have_targets(check);
    audiences_hear(check);
    stricter_is_not_looser(check);
    escalation_follows_acknowledgement(check);
    business_days_have_a_calendar(check);
    roles_have_owners(check);
}

fn severities_have_targets(check: &mut Check<'_>) {
    for severity in &check.policy.severities {
        let path = format!("targets/{}", severity.rank);
        let name = &severity.name;
        match check.policy.targets.get(&severity.rank) {
            None => {
                let span = check.places(In::Policy).definitions.get("targets").cloned();
                let finding = Finding {
                    level: if severity.rank == 1 { Level::Error } else { Level::Warning },
                    code: &problem::SEVERITY_WITHOUT_TARGETS,
                    message: format!("nothing is promised for {name}: its incidents run no clocks"),
                    hint: format!("add `{name}: {{acknowledge: …}}` under `targets`"),
                };
                check.report(In::Policy, span, finding);
            }
            Some(targets) if severity.rank == 1 && targets.acknowledge.is_none() => {
                let finding = Finding {
                    level: Level::Error,
                    code: &problem::ACKNOWLEDGE_MISSING,
                    message: format!("{name} promises no first response"),
                    hint: "add `acknowledge: 10m`".to_owned(),
                };
                check.at(In::Policy, &path, finding);
            }
            Some(_) => {}
        }
    }
}

fn audiences_hear(check: &mut Check<'_>) {
    for (id, audience) in &check.policy.audiences {
        if audience.channels.is_empty() && audience.surface.is_none() {
            let finding = Finding {
                level: Level::Error,
                code: &problem::AUDIENCE_UNREACHABLE,
                message: format!("nothing leads to the audience `{id}`"),
                hint: "give it `channels: […]` or `surface: status-page`".to_owned(),
            };
            check.at(In::Policy, &format!("audiences/{id}"), finding);
        }
        let by_mail = |channel: &&String| matches!(check.roster.channels.get(*channel), Some(Channel::Email(_)));
        let mail = audience.channels.iter().find(by_mail);
        if let (Some(channel), true) = (mail, audience.recipients.is_empty()) {
            let finding = Finding {
                level: Level::Error,
                code: &problem::AUDIENCE_UNREACHABLE,
                message: format!("the audience `{id}` hears by `{channel}`, which sends e-mail, but has no recipients"),
                hint: "give it `recipients: [name@example.com]`".to_owned(),
            };
            check.at(In::Policy, &format!("audiences/{id}"), finding);
        }
    }
}

/// One promise of a severity: its path, its words, and how long it takes.
struct Promise<'a> {
    path: String,
    words: String,
    target: Option<&'a Target>,
    /// Deliberately not required: looser than anything.
    none: bool,
}

fn promises(targets: &Targets) -> Vec<Promise<'_>> {
    let promise =
        |path: &str, target| Promise { path: path.to_owned(), words: format!("`{path}`"), target, none: false };
    let mut promises = vec![
        promise("acknowledge", targets.acknowledge.as_ref()),
        promise("accept", targets.accept.as_ref()),
        promise("confirm", targets.confirm.as_ref()),
        promise("escalate_after", targets.escalate_after.as_ref()),
        promise("contain", targets.contain.as_ref()),
        promise("mitigate", targets.mitigate.as_ref()),
        promise("validate", targets.validate.as_ref()),
        promise("resolve", targets.resolve.as_ref()),
        promise("review", targets.review.as_ref()),
    ];
    for (audience, window) in &targets.updates {
        let path = format!("updates/{audience}");
        let words = |what: &str| format!("{what} to {audience}");
        let one = |what, target| Promise { path: path.clone(), words: words(what), target, none: false };
        match window {
            Window::None => promises.push(Promise { none: true, ..one("the first notice", None) }),
            Window::Decide { .. } => {}
            Window::Notices { first, every, closing, .. } => promises.extend([
                one("the first notice", first.as_ref()),
                one("the cadence", every.as_ref()),
                one("the closing notice", closing.as_ref()),
            ]),
        }
    }
    promises
}

/// Each severity against the next less severe one that has targets.
fn stricter_is_not_looser(check: &mut Check<'_>) {
    let ranks: Vec<(&Rank, &Targets)> = check.policy.targets.iter().collect();
    for pair in ranks.windows(2) {
        let [(rank, stricter), (next, milder)] = pair else { continue };
        let milder = promises(milder);
        for promise in promises(stricter) {
            let looser = milder.iter().any(|other| other.words == promise.words && is_looser(&promise, other));
            if !looser {
                continue;
            }
            let (name, next_name) = (check.policy.severity_name(**rank), check.policy.severity_name(**next));
            let finding = Finding {
                level: Level::Warning,
                code: &problem::STRICTER_IS_LOOSER,
                message: format!("{name} allows more time for {} than {next_name}", promise.words),
                hint: "a more severe incident should never be slower; change one of the two".to_owned(),
            };
            check.at(In::Policy, &format!("targets/{rank}/{}", promise.path), finding);
            check.relate(In::Policy, &format!("targets/{next}/{}", promise.path), "stricter here");
        }
    }
}

fn is_looser(stricter: &Promise<'_>, milder: &Promise<'_>) -> bool {
    match (stricter.target, milder.target) {
        (None, Some(_)) => stricter.none,
        (Some(left), Some(right)) if left.calendar == right.calendar => match (left.length, right.length) {
            (Length::Time(left), Length::Time(right)) => left > right,
            (Length::BusinessDays(left), Length::BusinessDays(right)) => left > right,
            _ => false,
        },
        _ => false,
    }
}

/// `escalate_after` and `acknowledge` of each severity, and of each class at the severities it is raised at.
fn escalation_follows_acknowledgement(check: &mut Check<'_>) {
    let mut pairs: BTreeMap<String, Targets> = BTreeMap::new();
    for (rank, targets) in &check.policy.targets {
        pairs.insert(format!("targets/{rank}"), targets.clone());
    }
    for (id, class) in &check.policy.classes {
        let raised = check.policy.triggers.iter().filter(|trigger| trigger.raise.class == *id);
        let ranks: BTreeSet<Rank> =
            raised.map(|trigger| trigger.raise.severity).chain(class.default_severity).collect();
        for rank in ranks.into_iter().filter(|_| class.targets.escalate_after.is_some()) {
            pairs.insert(format!("classes/{id}"), check.policy.targets(id, rank));
        }
    }
    for (path, targets) in pairs {
        let (Some(acknowledge), Some(escalate)) = (&targets.acknowledge, &targets.escalate_after) else { continue };
        if let (Length::Time(acknowledge), Length::Time(escalate)) = (acknowledge.length, escalate.length)
            && escalate < acknowledge
        {
            let finding = Finding {
                level: Level::Warning,
                code: &problem::ESCALATES_TOO_SOON,
                message: "the second line is paged before the first one is late".to_owned(),
                hint: "let `escalate_after` be at least as long as `acknowledge`".to_owned(),
            };
            check.at(In::Policy, &format!("{path}/escalate_after"), finding);
        }
    }
}

fn business_days_have_a_calendar(check: &mut Check<'_>) {
    let by_severity = check.policy.targets.iter().map(|(rank, targets)| (format!("targets/{rank}"), targets));
    let by_class = check.policy.classes.iter().map(|(id, class)| (format!("classes/{id}"), &class.targets));
    let mut found = Vec::new();
    for (path, targets) in by_severity.chain(by_class) {
        for promise in promises(targets) {
            let without =
                |target: &&Target| matches!(target.length, Length::BusinessDays(_)) && target.calendar == ALWAYS;
            if promise.target.filter(without).is_some() {
                found.push(format!("{path}/{}", promise.path));
            }
        }
    }
    for path in found {
        let finding = Finding {
            level: Level::Warning,
            code: &problem::BUSINESS_DAYS_WITHOUT_CALENDAR,
            message: "without a calendar every day is a business day".to_owned(),
            hint: "write {within: 5 business days, calendar: <a calendar of the roster>}".to_owned(),
        };
        check.at(In::Policy, &path, finding);
    }
}

/// Needed roles should have owners; a role that a window relies on must have one.
fn roles_have_owners(check: &mut Check<'_>) {
    for role in NEEDED_ROLES {
        if check.policy.roles.get(&role).is_none_or(|rule| rule.owner.is_empty()) {
            let finding = Finding {
                level: Level::Warning,
                code: &problem::ROLE_WITHOUT_OWNER,
                message: format!("nobody owns the role `{role}`"),
                hint: format!("add `{role}: {{owner: …}}` under `roles`"),
            };
            let span = check.places(In::Policy).definitions.get("roles").cloned();
            check.report(In::Policy, span, finding);
        }
    }
    notices_have_an_owner(check);
    let mut found = BTreeSet::new();
    for (rank, targets) in &check.policy.targets {
        for (audience, window) in &targets.updates {
            let owned = |role| check.policy.roles.get(&role).is_some_and(|rule| !rule.owner.is_empty());
            found.extend(
                relied_on(window)
                    .filter(|role| !owned(*role))
                    .map(|r| (format!("targets/{rank}/updates/{audience}"), r)),
            );
        }
    }
    for (id, class) in &check.policy.classes {
        for (audience, window) in &class.targets.updates {
            let owned = |role| check.policy.role(id, role).is_some_and(|rule| !rule.owner.is_empty());
            found.extend(
                relied_on(window).filter(|role| !owned(*role)).map(|r| (format!("classes/{id}/updates/{audience}"), r)),
            );
        }
    }
    for (path, role) in found {
        let finding = Finding {
            level: Level::Error,
            code: &problem::ROLE_WITHOUT_OWNER,
            message: format!("this waits for the role `{role}`, which nobody owns"),
            hint: format!("add `{role}: {{owner: …}}` to the class's `roles`, or to the policy's"),
        };
        check.at(In::Policy, &path, finding);
    }
}

/// Statutory notices should be somebody's: without a privacy owner only the lead hears of them.
fn notices_have_an_owner(check: &mut Check<'_>) {
    let owned = |id: &str| check.policy.role(id, Role::Privacy).is_some_and(|rule| !rule.owner.is_empty());
    let classes = check.policy.classes.iter();
    let found: Vec<String> =
        classes.filter(|(id, class)| !class.statutory.is_empty() && !owned(id)).map(|(id, _)| id.clone()).collect();
    for id in found {
        let finding = Finding {
            level: Level::Warning,
            code: &problem::ROLE_WITHOUT_OWNER,
            message: format!("nobody owns the statutory notices of `{id}`: they are the role `privacy`'s"),
            hint: "add `privacy: {owner: …}` to the class's `roles`".to_owned(),
        };
        check.at(In::Policy, &format!("classes/{id}"), finding);
    }
}

/// The role without which a window cannot be kept.
fn relied_on(window: &Window) -> impl Iterator<Item = Role> {
    match window {
        Window::None => None,
        Window::Notices { approval, .. } => *approval,
        Window::Decide { by, .. } => Some(*by),
    }
    .into_iter()
}
