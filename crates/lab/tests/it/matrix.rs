//! The matrix of the starter's policy, and each of its cells held against the engine's core.

use calendar::{Calendar, Duration, Instant};
use expect_test::expect;
use lab::{Matrix, matrix};
use wcore::clock::ClockKind;
use wcore::event::{Actor, Event};
use wcore::raise::{self, Declaration};
use wcore::{Command, Context, decide};

use crate::day;

fn lines(matrix: &Matrix) -> String {
    let row = |row: &lab::Row| {
        [
            &row.incident_type,
            &row.severity,
            &row.first_response,
            &row.escalation_after,
            &row.owner,
            &row.executives,
            &row.customers,
        ]
        .map(String::as_str)
        .join(" | ")
    };
    let rows = matrix.rows.iter().map(|r| format!("{} | {}\n", r.no, row(r)));
    let checks = matrix.summary.readiness.checks.iter();
    let checks = checks.map(|c| format!("{} {}: {}\n", c.tier.word(), c.rule, if c.holds { "yes" } else { "no" }));
    let counts = matrix.summary.severities.iter().map(|count| format!("{} {}\n", count.name, count.rows));
    let tail = format!(
        "{:?}\n{} executive paths, {:?}\n",
        matrix.scope, matrix.summary.executive_paths, matrix.summary.readiness.tier
    );
    rows.chain(counts).chain(checks).collect::<String>() + &tail
}

#[test]
fn the_starters_matrix() {
    expect![[r#"
        1 | Invented policy, price or refund | SEV-1 | 10 min | 20 min | Tom Haas | Yes, within 15 min | Every 30 min until mitigation; closing notice within 60 min
        2 | Personal or confidential data disclosed | SEV-1 | 10 min | 15 min | On call: ai-oncall | Yes, within 15 min | If privacy decides so, within 4 h
        3 | Prompt injection or jailbreak | SEV-1 | 10 min | 20 min | On call: ai-oncall | Yes, within 15 min | Every 30 min until mitigation; closing notice within 60 min
        4 | Model or provider outage | SEV-1 | 10 min | 25 min | On call: ai-oncall | Yes, within 15 min | Every 30 min until mitigation; closing notice within 60 min
        5 | System prompt or secret leaked | SEV-1 | 10 min | 20 min | On call: ai-oncall | Yes, within 15 min | Every 30 min until mitigation; closing notice within 60 min
        6 | Tool misuse, such as a wrong refund or account change | SEV-1 | 10 min | 15 min | On call: ai-oncall | Yes, within 15 min | Every 30 min until mitigation; closing notice within 60 min
        7 | Unsafe medical, legal or self-harm advice | SEV-1 | 10 min | 15 min | On call: ai-oncall | Yes, within 15 min | Every 30 min until mitigation; closing notice within 60 min
        8 | A guardrail was bypassed or fell silent | SEV-2 | 20 min | 45 min | On call: ai-oncall | No | Every 60 min until mitigation; closing notice within 2 h
        9 | Customers do not reach a human | SEV-2 | 20 min | 45 min | Tom Haas | No | Every 60 min until mitigation; closing notice within 2 h
        10 | Personal or confidential data disclosed | SEV-2 | 10 min | 15 min | On call: ai-oncall | No | If privacy decides so, within 4 h
        11 | Prompt injection or jailbreak | SEV-2 | 20 min | 45 min | On call: ai-oncall | No | Every 60 min until mitigation; closing notice within 2 h
        12 | Model or provider outage | SEV-2 | 20 min | 25 min | On call: ai-oncall | No | Every 60 min until mitigation; closing notice within 2 h
        13 | Answers got worse | SEV-2 | 20 min | 45 min | On call: ai-oncall | No | Every 60 min until mitigation; closing notice within 2 h
        14 | Offensive answers | SEV-2 | 20 min | 45 min | On call: ai-oncall | No | Every 60 min until mitigation; closing notice within 2 h
        15 | Not classified yet | SEV-2 | 20 min | 45 min | On call: ai-oncall | No | Every 60 min until mitigation; closing notice within 2 h
        16 | Spending out of hand | SEV-3 | 60 min | 1 business day (support-hours) | On call: ai-oncall | No | Not required
        17 | More hand-offs than people | SEV-3 | 60 min | 1 business day (support-hours) | Tom Haas | No | Not required
        18 | Slow answers | SEV-3 | 60 min | 1 business day (support-hours) | On call: ai-oncall | No | Within 90 min if impact sustained
        19 | Stale knowledge base or index | SEV-3 | 60 min | 1 business day (support-hours) | On call: ai-oncall | No | Not required
        20 | System prompt or secret leaked | SEV-3 | 60 min | 1 business day (support-hours) | On call: ai-oncall | No | Not required
        SEV-1 7
        SEV-2 8
        SEV-3 5
        Team Every row promises a first response: yes
        Team Every row pages a second step or a stand-in: yes
        Team Every row has an owner who leads: yes
        Enterprise Executives are told at the highest severity: yes
        Enterprise Words to customers are settled at the highest severity: yes
        Enterprise Whoever fixes it never signs off that it is fixed: yes
        Enterprise Misses are reviewed every week: yes
        Scope { services: ["Agent copilot", "Support assistant"], on_call: ["ai-oncall (Europe/Berlin)", "quality (Europe/Berlin)"], review: Some("Weekly, Mon 10:00 (support-hours)") }
        7 executive paths, Enterprise
    "#]].assert_eq(&lines(&matrix(&day::policy(), &day::roster())));
}

/// Incidents of the row's class and severity, opened by the core on an ordinary Tuesday morning.
#[test]
fn every_cell_is_what_the_core_does() {
    let (policy, roster) = (day::policy(), day::roster());
    let now = day::at("09:00");
    let ctx = Context { now, policy: &policy, roster: &roster };
    for row in matrix(&policy, &roster).rows {
        let declaration = Declaration {
            title: "Trial".to_owned(),
            class: row.class.clone(),
            severity: Some(row.severity.clone()),
            service: None,
            impact_started_at: None,
        };
        let opened = raise::declare(&declaration, &ctx).unwrap().open(1, &ctx);
        let due = |kind: ClockKind| opened.state.open_clocks(&kind).find_map(|clock| clock.due_at);
        let escalates = opened.events.iter().find_map(|event| match event {
            Event::EscalationPlanned { at, .. } => Some(*at),
            _ => None,
        });
        assert_eq!(due(ClockKind::Acknowledge), Some(instant(&row.first_response, now)), "{row:?}");
        assert_eq!(escalates, Some(instant(&row.escalation_after, now)), "{row:?}");
        let tells = |audience: &str| due(ClockKind::Notify(audience.to_owned()));
        match row.executives.strip_prefix("Yes, within ") {
            Some(within) => assert_eq!(tells("executives"), Some(instant(within, now)), "{row:?}"),
            None => assert_eq!((row.executives.as_str(), tells("executives")), ("No", None), "{row:?}"),
        }
        let first = row.customers.split([';', ',']).next().unwrap();
        match first.split_once(' ').unwrap() {
            ("Not", _) => assert_eq!(tells("customers"), None, "{row:?}"),
            ("If", words) => {
                let within = row.customers.rsplit_once("within ").unwrap().1;
                let decided = due(ClockKind::Decide("customers".to_owned()));
                assert_eq!((decided, tells("customers")), (Some(instant(within, now)), None), "{words}");
            }
            (_, words) => {
                let within = words.split(" until ").next().unwrap().split(" if ").next().unwrap();
                assert_eq!(tells("customers"), Some(instant(within, now)), "{row:?}");
            }
        }
        let leader = opened.state.roles.get(&policy::model::Role::Commander).unwrap().person.clone();
        let named = roster.people.values().find(|person| person.name == row.owner);
        let on_call = row.owner.strip_prefix("On call: ").map(|id| roster.schedules[id].on_call(now)[0].to_owned());
        assert_eq!(
            Some(roster.people[&leader].name.clone()),
            named.map(|p| p.name.clone()).or(on_call.map(|id| roster.people[&id].name.clone()))
        );
        // Whoever leads can say so.
        decide(&opened.state, &Command::Acknowledge {}, &Actor::Person(leader), &ctx).unwrap();
    }
}

/// When a cell's words are due, read as a person would.
fn instant(words: &str, from: Instant) -> Instant {
    let amount: i64 = words.split(' ').next().unwrap().parse().unwrap();
    if words.contains("business day") {
        let calendar: &Calendar = &day::roster().calendars["support-hours"];
        return calendar.business_days_after(from, u32::try_from(amount).unwrap()).unwrap();
    }
    let minutes = if words.contains(" h") { amount * 60 } else { amount };
    from + Duration::from_mins(minutes)
}

#[test]
fn a_policy_without_promises_says_so() {
    let mut policy = day::policy();
    policy.targets.clear();
    policy.triggers.clear();
    policy.roles.clear();
    policy.review = None;
    policy.classes.retain(|id, _| id == "unsure");
    for step in policy.escalation.values_mut() {
        step.truncate(1);
    }
    expect![[r#"
        1 | Not classified yet | SEV-2 | Not promised | Never; there is one step | Nobody | No | Not required
        SEV-1 0
        SEV-2 1
        SEV-3 0
        Team Every row promises a first response: no
        Team Every row pages a second step or a stand-in: no
        Team Every row has an owner who leads: no
        Enterprise Executives are told at the highest severity: no
        Enterprise Words to customers are settled at the highest severity: no
        Enterprise Whoever fixes it never signs off that it is fixed: no
        Enterprise Misses are reviewed every week: no
        Scope { services: ["Agent copilot", "Support assistant"], on_call: ["ai-oncall (Europe/Berlin)", "quality (Europe/Berlin)"], review: None }
        0 executive paths, Starting
    "#]].assert_eq(&lines(&matrix(&policy, &day::roster())));
}
