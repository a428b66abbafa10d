//! Pairs that must load: the published example, and the starter.

use calendar::{Duration, Instant};
use policy::condition::{Fields, FlagField, NumberField, TextField};
use policy::model::{
    Channel, Contact, FromEnv, KeyPart, Length, Milestone, Mode, Party, Policy, Precondition, Role, Roster, Target,
    TriggerKind, Window,
};
use policy::{Level, Source, load, render};

use crate::common;

/// The pair without its diagnostics below errors, which are shown by `found`.
fn valid(policy: &str, roster: &str) -> (Policy, Roster, String) {
    let sources = [Source { name: "policy.yaml", text: policy }, Source { name: "roster.yaml", text: roster }];
    let loaded = load(sources[0], sources[1]);
    let found: Vec<String> = loaded
        .diagnostics
        .iter()
        .map(|found| format!("{} {}: {}\n", found.severity.word(), found.code.id, found.message))
        .collect();
    let shown = render(&loaded.diagnostics, &sources, false);
    assert!(loaded.diagnostics.iter().all(|found| found.severity != Level::Error), "{shown}");
    (loaded.policy.expect("no errors"), loaded.roster.expect("no errors"), found.concat())
}

fn example() -> (Policy, Roster, String) {
    valid(include_str!("pairs/policy.yaml"), include_str!("pairs/roster.yaml"))
}

fn time(text_minutes: i64, calendar: &str) -> Option<Target> {
    Some(Target { length: Length::Time(Duration::from_mins(text_minutes)), calendar: calendar.to_owned() })
}

fn person(id: &str) -> Party {
    Party::Person(id.to_owned())
}

fn schedule(id: &str) -> Party {
    Party::Schedule(id.to_owned())
}

#[test]
fn the_published_example_loads_without_errors() {
    let (_, _, found) = example();
    expect_test::expect![[r#"
        warning class-undeclared: the class `hallucinated_commitment` is raised but not declared
        warning class-undeclared: the class `quality_regression` is raised but not declared
        warning channel-unconfigured: the channel `chat` is not configured, so nothing can be sent there
        warning severity-without-targets: nothing is promised for SEV-2: its incidents run no clocks
        warning severity-without-targets: nothing is promised for SEV-3: its incidents run no clocks
        note class-without-trigger: no trigger raises `latency_degradation`: only people can declare it
        note class-without-trigger: no trigger raises `cost_anomaly`: only people can declare it
    "#]]
    .assert_eq(&found);
}

#[test]
fn the_starter_is_clean() {
    let (policy, roster, found) = valid(policy::starter::POLICY, policy::starter::ROSTER);
    assert_eq!(found, "");
    assert!(policy.classes.len() >= 15 && policy.triggers.len() >= 20);
    let now = Instant::parse("2026-11-27T03:00:00Z").unwrap();
    for (id, class) in &policy.classes {
        let rank = class.default_severity.expect(id);
        assert!(policy.targets(id, rank).acknowledge.is_some(), "{id}");
        for role in [Role::Commander, Role::Remediation, Role::Validation, Role::Publishing] {
            let rule = policy.role(id, role).expect(id);
            assert!(rule.owner.iter().any(|party| !roster.resolve(party, now).is_empty()), "{id} {role}");
        }
        assert!(!policy.steps(id).is_empty(), "{id}");
    }
}

#[test]
fn triggers_say_what_the_example_says() {
    let (policy, _, _) = example();
    let [when, count, rate] = policy.triggers.as_slice() else { panic!("three triggers") };
    assert!(matches!(&when.kind, TriggerKind::When(condition) if condition.source.contains("pii_leak")));
    assert_eq!((when.mode, when.raise.severity), (Mode::Active, 1));
    assert_eq!(when.raise.key, [KeyPart::Class, KeyPart::Service]);
    let TriggerKind::Count { distinct_units, at_least, within, .. } = &count.kind else { panic!("a count") };
    assert_eq!((*distinct_units, *at_least, *within), (true, 5, Duration::from_hours(24)));
    let TriggerKind::Rate { metric, tolerated, false_pages_per_week, by } = &rate.kind else { panic!("a rate") };
    assert_eq!((metric.as_str(), *tolerated, *false_pages_per_week), ("groundedness", 0.05, 0.1));
    assert_eq!((by.as_slice(), rate.mode), (["service".to_owned(), "channel".to_owned()].as_slice(), Mode::Observe));
}

#[test]
fn a_class_refines_the_targets_of_its_severity() {
    let (policy, _, _) = example();
    let general = policy.targets("hallucinated_commitment", 1);
    assert_eq!(general.contain, time(30, "always"));
    assert_eq!(general.escalate_after, time(20, "always"));
    assert_eq!(general.review, Some(Target { length: Length::BusinessDays(5), calendar: "support-hours".to_owned() }));
    assert_eq!(
        general.updates["customers"],
        Window::Notices {
            first: time(30, "always"),
            every: time(30, "always"),
            until: Milestone::Mitigated,
            closing: time(60, "always"),
            only_if: None,
            approval: Some(Role::Publishing),
            own_approval: None,
        }
    );
    let leak = policy.targets("pii_leak", 1);
    assert_eq!(
        (leak.contain, leak.escalate_after, leak.acknowledge),
        (time(15, "always"), time(15, "always"), time(10, "always"))
    );
    let within = Target { length: Length::Time(Duration::from_hours(4)), calendar: "always".to_owned() };
    assert_eq!(leak.updates["customers"], Window::Decide { within, by: Role::Privacy });
    assert!(leak.updates.contains_key("executives"));
    assert_eq!(policy.targets("cost_anomaly", 1).updates["customers"], Window::None);
    let slow = policy.targets("latency_degradation", 1);
    let Window::Notices { first, only_if, .. } = &slow.updates["customers"] else { panic!("notices") };
    assert_eq!((first, only_if), (&time(90, "always"), &Some(Precondition::ImpactSustained)));
    assert!(policy.targets("pii_leak", 2).acknowledge.is_none());
    assert_eq!(policy.class("pii_leak").unwrap().statutory, ["gdpr-33-1"]);
}

#[test]
fn a_hold_own_approval_and_holding_statements_are_read() {
    let policy = common::edited(common::POLICY, "escalate_after: 20m\n", "escalate_after: 20m\n    hold: 30m\n");
    let policy = common::edited(&policy, "approval: publishing}", "approval: publishing, own_approval: false}");
    let policy = common::edited(
        &policy,
        "{surface: status-page}",
        "{surface: status-page, language: de-AT, own_approval: true}",
    );
    let statements = "statements:\n  latency:\n    en: '{impact} until {next_update_at}'\n    \
                      de: '{impact} bis {next_update_at}'\nreview: {every";
    let policy = common::edited(&policy, "review: {every", statements);
    let (policy, _, _) = valid(&policy, common::ROSTER);
    let targets = policy.targets("pii_leak", 1);
    assert_eq!((targets.hold, policy.targets("pii_leak", 2).hold), (time(30, "always"), None));
    let Window::Notices { own_approval, .. } = &targets.updates["customers"] else { panic!("notices") };
    let audience = &policy.audiences["customers"];
    assert_eq!((*own_approval, audience.own_approval), (Some(false), Some(true)));
    let said = |class, language| policy.statement(class, language).map(policy::statement::Statement::template);
    for (language, wanted) in [
        (audience.language.as_deref(), "{impact} bis {next_update_at}"),
        (Some("fr"), "{impact} until {next_update_at}"),
        (None, "{impact} until {next_update_at}"),
    ] {
        assert_eq!(said("latency", language).as_deref(), Some(wanted), "{language:?}");
    }
    assert_eq!(said("pii_leak", None), None);
}

#[test]
fn roles_and_steps_say_what_the_example_says() {
    let (policy, roster, _) = example();
    let validation = policy.role("pii_leak", Role::Validation).unwrap();
    assert_eq!((validation.owner, validation.backup), (vec![person("mara")], vec![schedule("quality")]));
    assert_eq!(validation.not, Some(Role::Remediation));
    assert_eq!(policy.role("pii_leak", Role::Privacy).unwrap().owner, [person("mara")]);
    assert_eq!(policy.role("cost_anomaly", Role::Privacy), None);
    let steps = policy.steps("pii_leak");
    assert_eq!(steps.len(), 3);
    assert_eq!((steps[0].page.clone(), steps[0].wait), (vec![schedule("ai-oncall")], Duration::from_mins(10)));
    assert_eq!((steps[2].page.clone(), steps[2].repeat_until_acknowledged), (vec![Party::Fallback], true));
    assert_eq!(policy.reopen_within, Duration::from_hours(24));
    assert_eq!(policy.warn_at_percent, [80]);
    let at = |text| Instant::parse(text).unwrap();
    // Mondays 09:00 in Berlin are 08:00 in UTC in winter.
    let before = roster.resolve(&steps[0].page[0], at("2026-11-30T07:59:59Z"));
    let after = roster.resolve(&steps[0].page[0], at("2026-11-30T08:00:00Z"));
    assert_ne!(before, after);
    assert_eq!(roster.resolve(&Party::Fallback, at("2026-11-30T08:00:00Z")), ["ben", "mara"]);
}

#[test]
fn the_roster_says_what_the_example_says() {
    let (_, roster, _) = example();
    let contact = |channel: &str, to: &str| Contact { channel: channel.to_owned(), to: to.to_owned() };
    assert_eq!(roster.people["ana"].contacts, [contact("email", "ana@example.com"), contact("pager", "ana")]);
    let Channel::Webhook { url, secret_env, allow_internal } = &roster.channels["pager"] else {
        panic!("the pager is a webhook")
    };
    assert_eq!((url, *allow_internal), (&FromEnv::Variable("PAGER_URL".to_owned()), false));
    assert_eq!(secret_env.as_deref(), Some("PAGER_SECRET"));
    let office = roster.calendar("support-hours").unwrap();
    let open = |text| office.is_open(Instant::parse(text).unwrap());
    assert!(open("2026-11-27T07:00:00Z") && !open("2026-11-27T06:59:59Z") && !open("2026-11-28T12:00:00Z"));
    assert!(!open("2026-12-25T12:00:00Z"), "a holiday");
    assert!(roster.calendar("always").unwrap().is_always());
    assert_eq!(roster.id.len(), 12);
}

/// Signals as the starter's authors imagine them.
struct Signal(&'static str, Option<&'static str>, Option<f64>);

impl Fields for Signal {
    fn text(&self, field: TextField) -> Option<&str> {
        match field {
            TextField::Metric => Some(self.0),
            TextField::Label => self.1,
            _ => None,
        }
    }
    fn number(&self, _: NumberField) -> Option<f64> {
        self.2
    }
    fn flag(&self, _: FlagField) -> bool {
        false
    }
    fn label(&self, _: &str) -> Option<&str> {
        None
    }
}

#[test]
fn the_starter_raises_what_it_should() {
    let (policy, _, _) = valid(policy::starter::POLICY, policy::starter::ROSTER);
    for (signal, expected) in [
        (Signal("pii_leak", Some("confirmed"), None), vec!["pii-confirmed"]),
        (Signal("pii_leak", Some("suspected"), None), vec!["pii-suspected"]),
        (Signal("pii_leak", Some("refuted"), None), vec![]),
        (
            Signal("hallucinated_commitment", Some("confirmed"), None),
            vec!["commitment-confirmed", "commitment-repeated"],
        ),
        (Signal("tool_misuse", Some("unauthorised"), None), vec!["tool-misuse"]),
        (Signal("provider_error_share", None, Some(0.25)), vec!["provider-down"]),
        (Signal("provider_error_share", None, Some(0.1)), vec!["provider-degraded"]),
        (Signal("provider_error_share", None, Some(0.01)), vec![]),
        (Signal("latency_p95_seconds", None, Some(9.0)), vec!["answers-slow"]),
        (Signal("answer_quality", None, Some(0.9)), vec![]),
        (Signal("system_prompt_leak", None, None), vec!["system-prompt-leaked"]),
    ] {
        let fired: Vec<&str> = policy
            .triggers
            .iter()
            .filter(|trigger| match &trigger.kind {
                TriggerKind::When(when) | TriggerKind::Count { when, .. } => when.holds(&signal),
                TriggerKind::Rate { .. } | TriggerKind::Absence { .. } => false,
            })
            .map(|trigger| trigger.id.as_str())
            .collect();
        assert_eq!(fired, expected, "{} {:?} {:?}", signal.0, signal.1, signal.2);
    }
}

#[test]
fn channels_of_every_type_are_read() {
    let roster = format!(
        "{}\n{}",
        "people: {ana: {contacts: [{email: ana@example.com}, {chat: ana}]}}\nfallback: [ana]",
        "channels:\n  email: {type: email, host: mail.example.com, port: 2525, security: tls, from: W <w@example.com>, \
         user: w, password_env: MAIL_PASSWORD}\n  chat: {type: slack, url_env: CHAT_URL}\n"
    );
    let policy = "version: 1\nseverities: [{rank: 1, name: SEV-1}]\ntargets: {SEV-1: {acknowledge: 10m}}\n\
                  audiences: {staff: {channels: [email], recipients: [all@example.com]}}\n\
                  escalation: {default: [{page: ana}]}\n";
    let policy = Source { name: "policy.yaml", text: policy };
    let loaded = policy::load(policy, Source { name: "roster.yaml", text: &roster });
    let errors: Vec<_> = loaded.diagnostics.iter().filter(|d| d.severity == policy::Level::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let roster = loaded.roster.unwrap();
    let Channel::Email(server) = &roster.channels["email"] else { panic!("`email` sends e-mail") };
    assert_eq!((server.host.as_str(), server.port), ("mail.example.com", Some(2525)));
    assert_eq!(server.login, Some(("w".to_owned(), "MAIL_PASSWORD".to_owned())));
    assert!(matches!(&roster.channels["chat"], Channel::Slack { allow_internal: false, .. }));
    assert_eq!(loaded.policy.unwrap().audiences["staff"].recipients, ["all@example.com"]);
}

#[test]
fn every_playbook_that_a_class_of_the_starter_names_exists() {
    let starter = [("policy.yaml", policy::starter::POLICY), ("roster.yaml", policy::starter::ROSTER)];
    let [policy, roster] = starter.map(|(name, text)| policy::Source { name, text });
    let loaded = policy::load(policy, roster);
    let policy = loaded.policy.unwrap();
    for (id, class) in &policy.classes {
        assert!(class.playbook.is_some() && policy.playbook_of(id).is_some(), "{id}: {:?}", class.playbook);
    }
    // Every class of the catalogue of incidents, whatever a policy takes of it.
    for named in [
        "provider-failover",
        "ai-change-rollback",
        "hallucinated-policy",
        "unsafe-advice",
        "data-leak",
        "prompt-injection-response",
        "tool-kill-switch",
        "retrieval-rebuild",
        "handoff-recovery",
        "capacity-surge",
        "bias-review",
        "cost-containment",
        "ai-change-management",
        "ai-security-controls-review",
        "compliance-review",
        "fraud-response",
    ] {
        assert!(policy.playbook(named).is_some(), "{named}");
    }
}

#[test]
fn a_policy_adds_playbooks_and_replaces_those_that_come_with_the_program() {
    let own = "playbooks:\n  data-leak: {title: Ours, summary: Short., steps: [{do: Call Ines, role: privacy, within: 5m}]}\n  \
               handy: {title: Handy, summary: New., steps: [{do: Look, role: commander, within: 1h}], related: data-leak}\n\
               review: {every";
    let (loaded, shown) = common::loaded(&common::edited(common::POLICY, "review: {every", own), common::ROSTER);
    let policy = loaded.policy.unwrap_or_else(|| panic!("{shown}"));
    assert_eq!(policy.playbooks["data-leak"].title, "Ours");
    assert_eq!(policy.playbooks["handy"].steps[0].within, Duration::from_hours(1));
    assert_eq!(policy.playbooks.len(), policy::playbook::built_in().len() + 1);
}
