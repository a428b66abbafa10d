//! The policy in words: what is promised at each severity, what raises it, whom it pages.
//!
//! Read only. It shows the active version; incidents keep the version that they opened under.

use calendar::Instant;
use maud::{Markup, html};
use policy::model::{Class, Milestone, Mode, Role, Target, Targets, Trigger, TriggerKind, Window};

use super::frame::{Page, Scene, Section, page};
use super::names::Names;
use super::{glyph, moment, words};

/// The page.
pub(crate) fn policy(scene: &Scene, lacks: &[String], since: Option<Instant>) -> Markup {
    let names = &scene.names;
    let main = html! {
        header.page-head {
            h1 { "Policy" @if !names.policy.organization.is_empty() { span.dim { " of " (names.policy.organization) } } }
            p.lead { "What is promised, what raises an incident, and who is woken. Version " code { (names.policy.id) } "." }
            @if let Some(since) = since { p.dim { "Policy and roster came into force " (moment::at(since, scene.now)) "." } }
        }
        p { a.button href="/policy/proof" { "What it guarantees, and where not" } }
        (on_call(scene))
        (severities(names))
        (triggers(names))
        (classes(names))
        (roles(names))
        (lacking(lacks))
        (escalation(names))
    };
    let frame = Page { title: "Policy", section: Section::Policy, live: None, summary: String::new(), wall: false };
    page(scene, &frame, main)
}

fn on_call(scene: &Scene) -> Markup {
    let roster = &scene.names.roster;
    let fallback: Vec<String> = roster.fallback.iter().map(|id| scene.names.person(id).to_owned()).collect();
    html! {
        section aria-labelledby="oncall" {
            h2 #oncall { "On call now" }
            ul.on-call {
                @for (id, schedule) in &roster.schedules { (watch(id, schedule, scene)) }
                li { p.dim { "When nobody else answers" } p { strong { (words::list(&fallback)) } } }
            }
        }
    }
}

fn watch(id: &str, schedule: &calendar::Schedule, scene: &Scene) -> Markup {
    let people: Vec<String> = schedule.on_call(scene.now).iter().map(|id| scene.names.person(id).to_owned()).collect();
    let until: Option<Instant> = schedule.next_handoff(scene.now);
    html! {
        li.is-vacant[people.is_empty()] {
            p.dim { (id) }
            p { strong { (words::list(&people)) } }
            @if let Some(until) = until { p.dim { "until " (moment::at(until, scene.now)) } }
        }
    }
}

fn severities(names: &Names) -> Markup {
    html! {
        section aria-labelledby="promises" {
            h2 #promises { "What is promised" }
            div.promises {
                @for severity in &names.policy.severities {
                    section.card.{ "is-sev-" (severity.rank.min(4)) } aria-label=(severity.name) {
                        h3 { (glyph::severity_badge(severity.rank, &severity.name)) }
                        @match names.policy.targets.get(&severity.rank) {
                            Some(targets) => (promises(targets)),
                            None => p.dim { "Nothing is promised at this severity." },
                        }
                    }
                }
            }
        }
    }
}

/// Targets as pairs of a duty and its time.
fn promises(targets: &Targets) -> Markup {
    let response = [
        ("Acknowledge", &targets.acknowledge),
        ("Accept a role", &targets.accept),
        ("Escalate after", &targets.escalate_after),
        ("Confirm or refute", &targets.confirm),
        ("Contain", &targets.contain),
        ("Mitigate", &targets.mitigate),
        ("Validate", &targets.validate),
        ("Resolve", &targets.resolve),
        ("Review", &targets.review),
    ];
    html! {
        dl.pairs {
            @for (duty, target) in response.into_iter().filter_map(|(duty, target)| Some((duty, target.as_ref()?))) {
                div { dt { (duty) } dd { "within " strong { (within(target)) } } }
            }
            @for (audience, window) in &targets.updates {
                div { dt { "Tell " (audience) } dd { (window_words(window)) } }
            }
        }
    }
}

fn within(target: &Target) -> String {
    let length = words::length(target.length);
    if target.calendar == policy::ALWAYS { length } else { format!("{length} of {}", target.calendar) }
}

/// A communication window as a sentence.
fn window_words(window: &Window) -> String {
    match window {
        Window::None => "not required".to_owned(),
        Window::Decide { within: target, by } => {
            format!("only if {by} decides so, within {}", within(target))
        }
        Window::Notices { first, every, until, closing, only_if, approval, .. } => {
            let mut parts = Vec::new();
            parts.extend(first.as_ref().map(|target| format!("first within {}", within(target))));
            parts.extend(every.as_ref().map(|target| cadence(target, *until)));
            parts.extend(closing.as_ref().map(|target| format!("closing within {}", within(target))));
            parts.extend(only_if.map(|_| "only while customers are affected".to_owned()));
            parts.extend(approval.map(|role| format!("published by {role}")));
            parts.join(", ")
        }
    }
}

fn cadence(target: &Target, until: Milestone) -> String {
    format!("then every {} until {}", within(target), words::milestone(until))
}

fn triggers(names: &Names) -> Markup {
    html! {
        section aria-labelledby="triggers" {
            h2 #triggers { "What raises an incident" }
            @if names.policy.triggers.is_empty() { p.dim { "No trigger is set up: incidents are declared by people." } }
            ol.triggers { @for trigger in &names.policy.triggers { (trigger_row(trigger, names)) } }
        }
    }
}

fn trigger_row(trigger: &Trigger, names: &Names) -> Markup {
    let severity = names.severity(trigger.raise.severity);
    html! {
        li #{ "trigger-" (trigger.id) } {
            h3 { code { (trigger.id) } @if trigger.mode == Mode::Observe { span.tag { "only observes" } } }
            p { (kind_words(&trigger.kind)) }
            p.raises {
                "Raises " (glyph::severity_badge(trigger.raise.severity, &severity)) " " (names.class(&trigger.raise.class))
            }
        }
    }
}

fn kind_words(kind: &TriggerKind) -> Markup {
    match kind {
        TriggerKind::When(condition) => html! { "One signal is enough: " code.clause { (condition.source) } },
        TriggerKind::Count { when, distinct_units, at_least, within } => html! {
            (at_least) @if *distinct_units { " distinct units" } @else { " signals" } " within " (words::plain(*within)) ": "
            code.clause { (when.source) }
        },
        TriggerKind::Absence { metric, service, within } => html! {
            "No " code { (metric) } " from " (service) " within " (words::plain(*within))
        },
        TriggerKind::Rate { metric, tolerated, false_pages_per_week, by } => html! {
            "More than " (percent(*tolerated)) " of " code { (metric) } " bad, with at most " (false_pages_per_week)
            " false pages a week" @if !by.is_empty() { ", for each " (words::list(by)) }
        },
    }
}

fn percent(share: f64) -> String {
    format!("{} %", (share * 1_000.0).round() / 10.0)
}

fn classes(names: &Names) -> Markup {
    html! {
        @if !names.policy.classes.is_empty() {
            section aria-labelledby="classes" {
                h2 #classes { "Kinds of incident" }
                ul.classes { @for (id, class) in &names.policy.classes { (class_row(id, class, names)) } }
            }
        }
    }
}

fn class_row(id: &str, class: &Class, names: &Names) -> Markup {
    html! {
        li #{ "class-" (id) } {
            h3 {
                (names.class(id))
                @if class.restricted { span.tag { "restricted" } }
                @if class.resolve_on_clear { span.tag { "resolves when its alert clears" } }
            }
            @if let Some(playbook) = names.policy.playbook_of(id) {
                p.dim { "Playbook: " a href={ "/playbooks/" (playbook.id) } { (playbook.title) } }
            } @else if let Some(named) = &class.playbook { p.dim { "Playbook: " (named) } }
            @if has_targets(&class.targets) { (promises(&class.targets)) } @else { p.dim { "As its severity says." } }
            @for (role, rule) in &class.roles {
                p { (words::role(*role).0) ": " (parties(&rule.owner, names)) }
            }
        }
    }
}

fn has_targets(targets: &Targets) -> bool {
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
    } = targets;
    !updates.is_empty()
        || [acknowledge, accept, confirm, escalate_after, contain, mitigate, validate, hold, resolve, review]
            .into_iter()
            .any(Option::is_some)
}

fn roles(names: &Names) -> Markup {
    let rules = Role::ALL.into_iter().filter_map(|role| Some((role, names.policy.roles.get(&role)?)));
    html! {
        section aria-labelledby="roles" {
            h2 #roles { "Who answers for what" }
            dl.pairs {
                @for (role, rule) in rules {
                    div {
                        dt { (words::role(role).0) span.dim { ", " (words::role(role).1) } }
                        dd {
                            (parties(&rule.owner, names))
                            @if !rule.backup.is_empty() { span.dim { ", else " (parties(&rule.backup, names)) } }
                            @if let Some(other) = rule.not { span.dim { ", never who holds " (other) } }
                        }
                    }
                }
            }
        }
    }
}

/// Whose account allows less than the policy asks; for administrators.
fn lacking(lacks: &[String]) -> Markup {
    html! {
        @if !lacks.is_empty() {
            section aria-labelledby="lacks" {
                h2 #lacks { "Accounts that allow less than this asks" }
                @for one in lacks { div.caution { (glyph::mark(glyph::Mark::Alert)) div { p { (one) "." } } } }
                p.dim { "Give them a role with " code { "watchbell user create PERSON --role ROLE" } "." }
            }
        }
    }
}

fn parties(parties: &[policy::model::Party], names: &Names) -> String {
    words::list(&parties.iter().map(|party| names.party(party)).collect::<Vec<_>>())
}

fn escalation(names: &Names) -> Markup {
    html! {
        section aria-labelledby="escalation" {
            h2 #escalation { "Who is paged" }
            @for (name, steps) in &names.policy.escalation {
                h3 { @if name == "default" { "By default" } @else { (name) } }
                ol.steps {
                    @for step in steps {
                        li {
                            strong { (parties(&step.page, names)) }
                            @if step.repeat_until_acknowledged { ", again every " (words::plain(step.wait)) " until someone acknowledges" }
                            @else { ", then " (words::plain(step.wait)) " for an answer" }
                        }
                    }
                }
            }
        }
    }
}
