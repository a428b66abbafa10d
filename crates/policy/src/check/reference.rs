//! Every name that is used is defined somewhere.

use problem::Code;

use super::{Check, Finding, In};
use crate::diagnostic::Level;
use crate::document::{BUILT_IN_CHANNELS, Kind, MAX_DIAGNOSTICS, Reference};
use crate::lookup::ALWAYS;
use crate::playbook;
use crate::suggest;

/// Where a kind of thing is defined, and what to call it.
struct Home {
    document: In,
    section: &'static str,
    noun: &'static str,
    code: &'static Code,
    built_in: Vec<&'static str>,
}

fn home(kind: Kind) -> Home {
    let home = |document, section, noun, code| Home { document, section, noun, code, built_in: Vec::new() };
    match kind {
        Kind::Audience => home(In::Policy, "audiences", "audience", &problem::UNKNOWN_AUDIENCE),
        Kind::Class | Kind::StatedClass => home(In::Policy, "classes", "class", &problem::UNKNOWN_CLASS),
        Kind::Escalation => home(In::Policy, "escalation", "escalation", &problem::UNKNOWN_ESCALATION),
        Kind::Metric => home(In::Policy, "metrics", "metric", &problem::UNKNOWN_METRIC),
        Kind::Playbook => Home {
            built_in: playbook::DOCUMENTS.iter().map(|(id, _)| *id).collect(),
            ..home(In::Policy, "playbooks", "playbook", &problem::UNKNOWN_PLAYBOOK)
        },
        Kind::Person => home(In::Roster, "people", "person", &problem::UNKNOWN_PERSON),
        Kind::Schedule => home(In::Roster, "schedules", "schedule", &problem::UNKNOWN_SCHEDULE),
        Kind::Calendar => {
            Home { built_in: vec![ALWAYS], ..home(In::Roster, "calendars", "calendar", &problem::UNKNOWN_CALENDAR) }
        }
        Kind::Channel => Home {
            built_in: BUILT_IN_CHANNELS.to_vec(),
            ..home(In::Roster, "channels", "channel", &problem::CHANNEL_UNCONFIGURED)
        },
    }
}

pub(super) fn check(check: &mut Check<'_>) {
    for document in [In::Policy, In::Roster] {
        for reference in &check.places(document).references {
            one(check, document, reference);
        }
    }
}

fn one(check: &mut Check<'_>, document: In, reference: &Reference) {
    let Home { document: home_document, section, noun, code, built_in } = home(reference.kind);
    let name = reference.name.as_str();
    let places = check.places(home_document);
    let defined = !name.contains('/') && places.definitions.contains_key(&format!("{section}/{name}"));
    if defined || built_in.contains(&name) {
        return;
    }
    // Without anybody that has been reported, and every name would be another report.
    if reference.kind == Kind::Person && places.names(section).next().is_none() {
        return;
    }
    let names = || places.names(section).chain(built_in.iter().copied());
    // Comparing words costs most; beyond what is shown anyway it would only serve to exhaust the machine.
    let near = if check.found.len() < MAX_DIAGNOSTICS { suggest::nearest(name, names()) } else { None };
    let hint = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None if names().next().is_none() => format!("add it to the {}: {section}: {{{name}: …}}", home_document.noun()),
        None => format!("the {} defines {}", home_document.noun(), some_of(names())),
    };
    let finding = match reference.kind {
        // Raising a class that the policy says nothing else about is allowed, unless it looks like a slip.
        Kind::Class if near.is_none() => Finding {
            level: Level::Warning,
            code: &problem::CLASS_UNDECLARED,
            message: format!("the class `{name}` is raised but not declared"),
            hint: format!("add it, even if it is empty: classes: {{{name}: {{}}}}"),
        },
        Kind::Channel => Finding {
            level: Level::Warning,
            code,
            message: format!("the channel `{name}` is not configured, so nothing can be sent there"),
            hint: match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add it to the roster: channels: {{{name}: {{type: webhook, url_env: …}}}}"),
            },
        },
        // Nothing runs worse without it, and a policy of last year may name one that has gone since.
        Kind::Playbook => Finding {
            level: Level::Warning,
            code,
            message: format!("there is no playbook `{name}`, so nobody is led to it"),
            hint: match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add it to the policy: playbooks: {{{name}: …}}, or name one of `watchbell checklist`"),
            },
        },
        _ => Finding { level: Level::Error, code, message: format!("there is no {noun} `{name}`"), hint },
    };
    check.report(document, Some(reference.span.clone()), finding);
}

/// A few names, and that there are more.
fn some_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const MAX_SHOWN: usize = 12;
    let names: Vec<&str> = names.take(MAX_SHOWN + 1).collect();
    match names.len() {
        0..=MAX_SHOWN => names.join(", "),
        _ => format!("{}, …", names[..MAX_SHOWN].join(", ")),
    }
}

impl In {
    fn noun(self) -> &'static str {
        match self {
            In::Policy => "policy",
            In::Roster => "roster",
        }
    }
}
